"""Tenants: operators inside of them, suspension, limits, their end."""
import concurrent.futures
import json

import apitest as t
from apitest import check, problem, pointers

WHY = {"Understudy-Reason": "ticket 4711: they asked"}
AT = "/v1/operator/tenants/"


class Tenant:
    def __init__(self, w, name, **limits):
        r = w.a.call("POST", "/v1/operator/tenants", {"name": name, "limits": limits}, w.op)
        self.id, self.w, self.path = r.json["id"], w, AT + r.json["id"]
        self.token = w.a.call("POST", self.path + "/tokens", {"name": "t"}, w.op).json["token"]

    def call(self, method, path, body=None, **kw):
        return self.w.a.call(method, path, body, kw.pop("token", self.token), **kw)

    def op(self, method, path, body=None, why=WHY, **kw):
        return self.w.a.call(method, self.path + path, body, self.w.op,
                             headers=dict(why or {}), **kw)

    def zone(self, name, **kw):
        return self.call("POST", "/v1/zones", {"name": name, "primaries": [
            {"address": "192.0.2.1"}]}, **kw)

    def audit(self, action):
        return self.call("GET", "/v1/audit?limit=500&action=" + action).json["items"]


def shown(w, zone_id):
    return w.db.sql("SELECT state FROM zone_state WHERE zone_id = '%s'" % zone_id)


def part_tenants(w):
    acting(w)
    suspension(w)
    limits(w)
    race(w)
    end(w)


def acting(w):
    a = Tenant(w, "inside")
    z = a.zone("inside.test").json
    r = a.op("GET", "/zones/inside.test", why=None)
    check("an operator reads inside of a tenant", r.status == 200 and r.json["id"] == z["id"], r)
    e = a.audit("operator.read")
    check("which the tenant sees", e and e[0]["object"] == "/zones/inside.test" and
          e[0]["actor"]["kind"] == "operator" and e[0]["reason"] is None, e)
    r = a.op("GET", "/zones?limit=1", why=WHY)
    e = a.audit("operator.read")
    check("with the reason, if there is one", e[0]["reason"] == WHY["Understudy-Reason"], e)
    for method, path, body in (("POST", "/zones", {"name": "x.test", "primaries": [
            {"address": "192.0.2.1"}]}), ("PATCH", "/zones/inside.test", {"policy": {}}),
            ("DELETE", "/zones/inside.test", None), ("POST", "/keys", {"name": "k"})):
        r = a.op(method, path, body, why=None)
        check("%s %s needs a reason" % (method, path), problem(r, 400, "reason-required"), r)
    for bad in ("", "  ", "x" * 600, "%zz", "%00"):
        r = a.op("POST", "/zones/inside.test/refresh", why={"Understudy-Reason": bad})
        check("a reason like %r" % bad[:5], problem(r, 400, "reason-required"), r)
    r = a.op("POST", "/zones", {"name": "made.test", "primaries": [{"address": "192.0.2.1"}]},
             why={"Understudy-Reason": "moved by M%C3%BCller"})
    check("with one it is done as the tenant", r.status == 201 and
          r.get("location") == a.path + "/zones/" + r.json["id"] and
          a.call("GET", "/v1/zones/made.test").status == 200, (r, r.headers))
    e = a.audit("zone.create")[0]
    check("and in the tenant's audit", e["object"] == "made.test" and e["reason"] ==
          "moved by M\u00fcller" and e["actor"]["kind"] == "operator" and e["after"], e)
    r = a.op("GET", "/zones?limit=1")
    check("the link to the next page stays inside", a.path in r.get("link"), r.headers)
    r = a.op("GET", "/tokens")
    token = r.json["items"][0]["id"]
    r = a.op("DELETE", "/tokens/" + token)
    check("tokens of tenants are revoked", r.status == 204 and
          a.call("GET", "/v1/zones").status == 401, r)
    a.token = w.a.call("POST", a.path + "/tokens", {"name": "t2"}, w.op).json["token"]
    for path in (AT + "x/zones", AT + t_nobody() + "/zones", AT + a.id + "/nothing"):
        r = w.a.call("GET", path, token=w.op)
        check(path + " is not there", problem(r, 404, "not-found"), r)
    r = a.op("POST", "/zones/inside.test/records", {})
    check("records are no operator's either", problem(r, 405, "read-only-secondary"), r)
    r = a.op("POST", "/zones/inside.test")
    check("wrong methods are told", problem(r, 405, "method-not-allowed") and
          "PATCH" in r.get("allow"), r.headers)
    for tenant_token in (a.token, w.T):
        for method, path, body in (("GET", "/zones", None), ("DELETE", "/zones/inside.test", None),
                                   ("POST", "/suspend", None), ("PATCH", "", {"name": "mine"})):
            r = w.a.call(method, a.path + path, body, tenant_token, headers=WHY)
            check("a tenant's token: %s %s" % (method, path), problem(r, 403, "forbidden"), r)
    n, before = 0, w.db.dump()
    for method, path, who, scope, body, query in t.routes():
        if who != "TENANT":
            continue
        full = a.path + path[3:].replace("{zone}", "inside.test").replace(
            "{generation}", "1").replace("{", "x").replace("}", "x")
        r = w.a.call(method, full, {} if body == "JSON" else None, w.T, headers=WHY)
        check("%s %s by a tenant" % (method, full[len(AT):]), problem(r, 403, "forbidden"), r)
        n += 1
    check("all of them, and no row changed", n > 30 and w.db.dump() == before, n)


def t_nobody():
    return "00000000-0000-4000-8000-000000000000"


def suspension(w):
    a = Tenant(w, "stopped")
    z, y = a.zone("stopped.test").json["id"], a.zone("other.stopped.test").json["id"]
    t.publish(w.db, z, a.id, "stopped.test", 1, 7, [[
        ("stopped.test", 2, 60, t.wire("ns1.example.net")),
        ("stopped.test", 6, 60, t.soa(7))]])
    r = a.op("POST", "/suspend", why=None)
    check("a stop needs a reason", problem(r, 400, "reason-required"), r)
    r = a.op("POST", "/suspend", why={"Understudy-Reason": "unpaid"})
    check("a tenant is suspended", r.status == 200 and r.json["suspended_reason"] == "unpaid" and
          r.json["suspended_at"], r)
    check("its zones are not served", shown(w, z) == "withdrawn" == shown(w, y))
    for path in ("/v1/zones", "/v1/zones/stopped.test", "/v1/audit", "/v1/limits"):
        check("it reads " + path, a.call("GET", path).status == 200)
    r = a.call("GET", "/v1/limits")
    check("and sees why", r.json["suspended"]["reason"] == "unpaid", r)
    for method, path, body in (("POST", "/v1/zones", {"name": "n.test", "primaries": [
            {"address": "192.0.2.1"}]}), ("PATCH", "/v1/zones/stopped.test", {}),
            ("DELETE", "/v1/zones/stopped.test", None), ("POST", "/v1/keys", {"name": "k"}),
            ("POST", "/v1/tokens", {"name": "k"}), ("POST", "/v1/zones/stopped.test/refresh", None)):
        r = a.call(method, path, body)
        check("%s %s: suspended" % (method, path), problem(r, 403, "suspended") and
              "operator" in r.json["detail"], r)
    r = a.op("POST", "/zones/stopped.test/refresh")
    check("the operator may still act inside", r.status == 202, r)
    r = a.op("POST", "/zones/other.stopped.test/suspend", why={"Understudy-Reason": "abuse"})
    check("a zone is suspended, too", r.status == 200 and r.json["suspended"], r)
    d = a.call("GET", "/v1/zones/other.stopped.test").json
    check("which its document says", d["suspended"]["reason"] == "abuse" and d["served"] == "no" and
          any("suspended" in n for n in d["notices"]), d)
    at = w.db.sql("SELECT suspended_at FROM tenant WHERE id = '%s'" % a.id)
    a.op("POST", "/suspend", why={"Understudy-Reason": "again"})
    check("twice is once", w.db.sql("SELECT suspended_at, suspended_reason FROM tenant WHERE "
                                    "id = '%s'" % a.id) == at + "|unpaid")
    r = a.op("POST", "/resume")
    check("resumed", r.status == 200 and r.json["suspended_at"] is None, r)
    check("what was live is live, the stopped zone is not", shown(w, z) == "live" and
          shown(w, y) == "withdrawn")
    check("and it changes things again", a.call("PATCH", "/v1/zones/stopped.test",
                                                {"accept_lower_serial": True}).status == 200)
    a.op("POST", "/zones/other.stopped.test/resume")
    check("the zone goes on", shown(w, y) == "empty" and a.call(
        "GET", "/v1/zones/other.stopped.test").json["suspended"] is None)
    e = [(x["action"], x["reason"]) for x in a.audit("tenant") + a.audit("zone")
         if x["action"].split(".")[1] in ("suspend", "resume")]
    check("all of it is in the tenant's audit", ("tenant.suspend", "unpaid") in e and
          ("zone.suspend", "abuse") in e and ("tenant.resume", WHY["Understudy-Reason"]) in e, e)
    r = a.op("POST", "/zones/%s/suspend" % w.call("GET", "/v1/zones?limit=1").json["items"][0]["id"])
    check("another tenant's zone is not found there", problem(r, 404, "not-found"), r)
    r = w.a.call("GET", "/v1/operator/tenants?suspended=true&limit=500", token=w.op)
    check("suspended ones are listed", all(x["suspended_at"] for x in r.json["items"]), r)
    r = w.a.call("GET", "/v1/operator/tenants?q=STOPP", token=w.op)
    check("tenants are found by a part of the name", [x["name"] for x in r.json["items"]] ==
          ["stopped"], r)
    r = w.a.call("GET", "/v1/operator/tenants?suspended=maybe", token=w.op)
    check("a wrong filter", problem(r, 400, "invalid-parameter"), r)


MAKE = {"zones": lambda a, n: a.zone("l%d.limits.test" % n),
        "primaries": lambda a, n: a.call("POST", "/v1/primaries", {
            "name": "p%d" % n, "address": "192.0.2.%d" % (n + 20)}),
        "keys": lambda a, n: a.call("POST", "/v1/keys", {"name": "k%d" % n, "secret": "YWJj"}),
        "tokens": lambda a, n: a.call("POST", "/v1/tokens", {"name": "t%d" % n})}


def limits(w):
    a = Tenant(w, "limited")
    r = a.call("GET", "/v1/limits")
    check("limits are shown with what is used", r.json["tokens"] == {"limit": 1000, "used": 1} and
          r.json["zones"] == {"limit": 100000, "used": 0} and r.json["records"]["used"] == 0 and
          r.json["transfer_bytes"] == {"limit": 1 << 40, "used": 0} and
          r.json["suspended"] is None, r)
    for name, make in MAKE.items():
        used = a.call("GET", "/v1/limits").json[name]["used"]
        r = a.op("PATCH", "", {"limits": {name: used + 2}})
        check("the operator sets a limit of " + name, r.status == 200 and
              r.json["limits"][name] == used + 2, r)
        got = [make(a, i).status for i in range(4)]
        check("%s: below, at, above the limit" % name, got == [201, 201, 422, 422], got)
        r = make(a, 9)
        check("which is said", problem(r, 422, "limit-reached"), r)
        check("and counted", a.call("GET", "/v1/limits").json[name] == {
            "limit": used + 2, "used": used + 2})
        r = a.op("PATCH", "", {"limits": {name: None}})
        check("back to the configured one", name not in r.json["limits"] and
              make(a, 11).status == 201, r)
    r = a.op("PATCH", "", {"limits": {"zones": -1, "records": "x", "nothing": 1}, "name": ""})
    check("wrong limits are named", pointers(r) == [
        ("/limits/nothing", "unknown-key"), ("/limits/records", "type"),
        ("/limits/zones", "range"), ("/name", "length")], r)
    r = a.op("PATCH", "", {"name": "acme"})
    check("a name that is taken", problem(r, 409, "already-exists"), r)
    r = a.op("PATCH", "", {"name": "limited two"}, why=None)
    check("needs a reason", problem(r, 400, "reason-required"), r)
    r = a.op("PATCH", "", {"name": "limited two", "limits": {"keep_versions": 5}})
    check("a name and what is kept", r.json["name"] == "limited two" and
          r.json["limits"] == {"keep_versions": 5}, r)
    e = a.audit("tenant.change")[0]
    check("before and after", e["before"]["name"] == "limited" and
          e["after"]["limits"] == {"keep_versions": 5} and e["reason"], e)
    records(w, a)


def records(w, a):
    """The database's side of it; that xferd says so is shown in tests/xferd."""
    z = a.call("GET", "/v1/zones/l0.limits.test").json["id"]
    a.op("PATCH", "", {"limits": {"records": 3}})

    def publish(generation, n):
        recs = [("l0.limits.test", 2, 60, t.wire("ns%d.example.net" % i)) for i in range(n - 1)] + \
            [("l0.limits.test", 6, 60, t.soa(generation))]
        t.publish(w.db, z, a.id, "l0.limits.test", generation, generation, [recs])
    publish(1, 2)
    publish(2, 3)
    check("records: below and at the limit", a.call("GET", "/v1/limits").json["records"] ==
          {"limit": 3, "used": 3})
    try:
        publish(3, 4)
        check("records: above it", False)
    except RuntimeError as e:
        check("records: above it", "tenant_usage_records_max_ck" in str(e) or
              "3 records" in str(e), e)
    check("what was there stays", a.call("GET", "/v1/limits").json["records"]["used"] == 3)
    a.op("PATCH", "", {"limits": {"records": 1}})
    publish(3, 2)
    check("less is always possible", a.call("GET", "/v1/limits").json["records"] ==
          {"limit": 1, "used": 2})
    a.call("DELETE", "/v1/zones/l0.limits.test")
    check("a deleted zone counts no more",
          a.call("GET", "/v1/limits").json["records"]["used"] == 0)


def race(w):
    """Two at once for the last slot: one gets it."""
    a = Tenant(w, "racing")
    with concurrent.futures.ThreadPoolExecutor(8) as ex:
        for name, make in MAKE.items():
            for n in range(3):
                used = a.call("GET", "/v1/limits").json[name]["used"]
                a.op("PATCH", "", {"limits": {name: used + 1}})
                got = sorted(ex.map(lambda i: make(a, 100 + n * 10 + i).status, range(6)))
                check("%s: the last slot goes to one" % name, got == [201] + [422] * 5, got)
    used = a.call("GET", "/v1/limits").json["zones"]["used"]
    a.op("PATCH", "", {"limits": {"zones": used + 3}})
    with concurrent.futures.ThreadPoolExecutor(4) as ex:
        rs = list(ex.map(lambda i: a.call("POST", "/v1/zones:batch", {
            "create": [{"name": "b%d-%d.racing.test" % (i, k)} for k in range(3)],
            "primaries": [{"address": "192.0.2.1"}]}), range(4)))
    made = sum(x["status"] == 201 for r in rs for x in r.json["items"])
    check("batches, too", made == 3 and a.call("GET", "/v1/limits").json["zones"]["used"] ==
          used + 3, (made, rs))


def end(w):
    a = Tenant(w, "ending")
    z = a.zone("ending.test").json["id"]
    r = a.op("DELETE", "", why=None)
    check("an end needs a reason", problem(r, 400, "reason-required"), r)
    r = a.op("DELETE", "")
    check("a tenant with zones stays", problem(r, 409, "in-use") and "1 zones" in r.json["detail"], r)
    r = a.op("DELETE", "?force=perhaps")
    check("force is true or false", problem(r, 400, "invalid-parameter"), r)
    r = a.op("DELETE", "?force=true&dry_run=true")
    check("to see what would be", r.status < 300 and a.call("GET", "/v1/zones").status == 200, r)
    r = a.op("DELETE", "?force=true")
    check("unless forced", r.status == 204, r)
    check("its tokens are void", a.call("GET", "/v1/zones").status == 401)
    check("its zones go", shown(w, z) == "deleted")
    r = w.a.call("GET", a.path, token=w.op)
    check("it is not there", problem(r, 404, "not-found"), r)
    r = w.a.call("GET", a.path + "/zones", token=w.op)
    check("nor inside", problem(r, 404, "not-found"), r)
    b = Tenant(w, "ending")
    check("its name is free", b.id != a.id)
    check("the row goes with the last zone", w.db.sql(
        "SELECT count(*) FROM tenant WHERE id = '%s'" % a.id) == "1")
    w.db.sql("DELETE FROM zone WHERE tenant_id = '%s'" % a.id)
    check("now", w.db.sql("SELECT count(*) FROM tenant WHERE id = '%s'" % a.id) == "0")
    r = b.op("DELETE", "")
    check("one without zones goes at once", r.status == 204 and w.db.sql(
        "SELECT count(*) FROM tenant WHERE id = '%s'" % b.id) == "0", r)
    r = w.a.call("GET", "/v1/operator/audit?action=tenant.delete&tenant=" + a.id, token=w.op)
    check("the audit outlives it", r.json["items"][0]["before"]["name"] == "ending" and
          r.json["items"][0]["after"] is None and json.dumps(r.json).count(a.id) > 1, r)
