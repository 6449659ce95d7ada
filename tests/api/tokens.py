"""Tokens: zones, networks, expiry, idleness, makers, change, rotation."""
import re

import apitest as t
from apitest import check, problem, pointers
from tenants import Tenant, AT


def part_tokens(w):
    a = Tenant(w, "tokens")
    a.op("PATCH", "", {"limits": {"tokens": 100}})
    some_zones(w, a)
    bounds(w, a)
    makers(w, a)
    rotation(w, a)
    operators(w)


def make(a, status=201, token=None, **body):
    body.setdefault("name", "x")
    r = a.call("POST", "/v1/tokens", body, token=token or a.token)
    check("a token of %s" % sorted(body), r.status == status, r)
    return r.json


def some_zones(w, a):
    z = {n: a.zone(n + ".tokens.test").json["id"] for n in ("one", "two", "three")}
    for i in z.values():
        t.publish(w.db, i, a.id, "x.test", 1, 7, [[("x.test", 6, 60, t.soa(7))]])
    r = a.call("POST", "/v1/tokens", {"name": "z", "zones": ["one.tokens.test", "nothing.test", z["two"],
                                                             w.call("GET", "/v1/zones?limit=1").json["items"][0]["id"]]})
    check("zones that are not ours are named", pointers(r) == [
        ("/zones/1", "not-found"), ("/zones/3", "not-found")], r)
    r = a.call("POST", "/v1/tokens", {"name": "z", "zones": [1], "networks": ["192.0.2.1/24", "x", 5],
                                      "idle_days": 0})
    check("faults are named at once", pointers(r) == [
        ("/idle_days", "range"), ("/networks/0", "network"), ("/networks/1", "network"),
        ("/networks/2", "network"), ("/zones/0", "type")], r)
    d = make(a, zones=["one.tokens.test", z["two"]])
    check("its zones are shown by id", sorted(d["zones"]) == sorted([z["one"], z["two"]]), d)
    tok = d["token"]
    r = a.call("GET", "/v1/zones?limit=500", token=tok)
    check("the list has its zones only", sorted(x["name"] for x in r.json["items"]) ==
          ["one.tokens.test", "two.tokens.test"], r)
    n = 0
    for method, path, who, scope, body, query in t.routes():
        if "{zone}" not in path or who != "TENANT":
            continue
        for name in ("three.tokens.test", z["three"]):
            full = path.replace("{zone}", name).replace("{generation}", "1")
            full = re.sub(r"\{\w+\}", "1", full) + ("?timeout=0" if path.endswith("/wait") else "")
            r = a.call(method, full, {} if body == "JSON" else None, token=tok)
            check("%s %s: not for this token" % (method, full), problem(r, 404, "not-found"), r)
            n += 1
    check("every route of a zone", n >= 30, n)
    for path in ("", "/attempts", "/versions", "/events", "/records"):
        r = a.call("GET", "/v1/zones/one.tokens.test" + path, token=tok)
        check("its own zone%s" % path, r.status == 200, r)
    r = a.call("PATCH", "/v1/zones/one.tokens.test", {"accept_lower_serial": True}, token=tok)
    check("it changes its own zone", r.status == 200, r)
    for method, path, body in (("POST", "/v1/zones", {"name": "n.test", "primaries": [
            {"address": "192.0.2.1"}]}), ("POST", "/v1/zones:batch", {"create": []}),
            ("POST", "/v1/keys", {"name": "k"}), ("POST", "/v1/primaries", {"address": "192.0.2.1"}),
            ("GET", "/v1/tokens", None), ("POST", "/v1/tokens", {"name": "wide"}),
            ("GET", "/v1/audit", None), ("GET", "/v1/audit/export", None)):
        r = a.call(method, path, body, token=tok)
        check("%s %s is not about its zones" % (method, path), problem(r, 403, "forbidden"), r)
    for n in ("one", "three"):
        w.db.sql("INSERT INTO zone_event (tenant_id, zone_id, kind, message) VALUES ('%s', '%s', "
                 "'expired', 'x')" % (a.id, z[n]))
    r = a.call("GET", "/v1/events", token=tok)
    check("events of its zones only", [x["zone"]["name"] for x in r.json["items"]] ==
          ["one.tokens.test"] and len(a.call("GET", "/v1/events").json["items"]) == 2, r)
    for n, want, at in (("one", 200, "192.0.2.81"), ("three", 404, "192.0.2.82")):
        a.call("PATCH", "/v1/zones/%s.tokens.test" % n, {"primaries": [{"address": at}]})
        r = a.call("POST", "/v1/zones/%s.tokens.test/check" % n)
        r = a.call("GET", "/v1/checks/" + r.json["id"], token=tok)
        check("a check of %s: %d" % (n, want), r.status == want, r)
    a.call("DELETE", "/v1/zones/one.tokens.test")
    r = a.call("GET", "/v1/zones", token=tok)
    check("a zone that is gone is gone", [x["name"] for x in r.json["items"]] == ["two.tokens.test"], r)


def bounds(w, a):
    here = make(a, networks=["127.0.0.0/8", "2001:db8::/32"])
    check("networks are shown", here["networks"] == ["127.0.0.0/8", "2001:db8::/32"], here)
    check("and good from there", a.call("GET", "/v1/zones", token=here["token"]).status == 200)
    there = make(a, networks=["192.0.2.0/24"])
    r = a.call("GET", "/v1/zones", token=there["token"])
    check("from elsewhere 403 with the address", problem(r, 403, "forbidden") and
          "127.0.0.1" in r.json["detail"], r)
    used = w.db.sql("SELECT last_used_at IS NULL FROM token WHERE id = '%s'" % there["id"])
    check("which is no use of it", used == "t", used)
    r = a.call("GET", "/v1/tokens/" + here["id"])
    check("last use, from where", r.json["last_used_at"] and r.json["last_used_from"] == "127.0.0.1", r)
    child = make(a, token=here["token"])
    check("a child has its parent's networks", child["networks"] == here["networks"], child)
    make(a, token=here["token"], networks=["127.0.0.1/32"])
    r = a.call("POST", "/v1/tokens", {"name": "c", "networks": ["127.0.0.0/7"]}, token=here["token"])
    check("127.0.0.0/7 has bits behind the prefix", pointers(r) == [("/networks/0", "network")], r)
    r = a.call("POST", "/v1/tokens", {"name": "c", "networks": ["126.0.0.0/7"]}, token=here["token"])
    check("and none that are wider", pointers(r) == [("/networks", "wider")], r)
    soon = make(a, expires_at="2100-01-01T00:00:00Z")
    child = make(a, token=soon["token"])
    check("nor a longer life", child["expires_at"] == soon["expires_at"], child)
    r = a.call("POST", "/v1/tokens", {"name": "c", "expires_at": "2101-01-01T00:00:00Z"},
               token=soon["token"])
    check("which is said", pointers(r) == [("/expires_at", "wider")], r)
    r = a.call("PATCH", "/v1/tokens/" + soon["id"], {"expires_at": None}, token=soon["token"])
    check("nor by a change", pointers(r) == [("/expires_at", "wider")], r)
    r = a.call("PATCH", "/v1/tokens/" + soon["id"], {"name": "later", "expires_at": None,
                                                     "idle_days": 7, "networks": ["127.0.0.1/32"]})
    check("a token is changed", r.status == 200 and r.json["name"] == "later" and
          r.json["expires_at"] is None and r.json["idle_days"] == 7 and
          r.json["networks"] == ["127.0.0.1/32"], r)
    r = a.call("PATCH", "/v1/tokens/" + soon["id"], {"scopes": ["*"]})
    check("its scopes are not", pointers(r) == [("/scopes", "unknown-key")], r)
    r = a.call("PATCH", "/v1/tokens/" + soon["id"], {"networks": None})
    check("null takes a bound away", r.json["networks"] is None and r.json["idle_days"] == 7, r)
    e = a.audit("token.change")[0]
    check("before and after", e["before"]["networks"] == ["127.0.0.1/32"] and
          e["after"]["networks"] is None, e)
    w.db.sql("UPDATE token SET last_used_at = now() - interval '6 days 23 hours', created_at = "
             "'2020-01-01' WHERE id = '%s'" % soon["id"])
    check("used within its days", a.call("GET", "/v1/zones", token=soon["token"]).status == 200)
    w.db.sql("UPDATE token SET last_used_at = now() - interval '7 days 1 hour' "
             "WHERE id = '%s'" % soon["id"])
    check("idle for too long it is dead", a.call("GET", "/v1/zones", token=soon["token"]).status == 401)
    for method in ("GET", "PATCH", "DELETE"):
        r = w.call(method, "/v1/tokens/" + here["id"], {} if method == "PATCH" else None)
        check("%s of another tenant's" % method, problem(r, 404, "not-found"), r)


def makers(w, a):
    user = "5b1ad9c6-3f57-4d5e-9b5e-0d3c1a2f0001"
    w.db.sql("INSERT INTO user_account (id, email, password_hash) VALUES ('%s', "
             "'maker@example.net', repeat('x', 40)); INSERT INTO membership (tenant_id, user_id, "
             "role) VALUES ('%s', '%s', 'admin')" % (user, a.id, user))
    d = make(a)
    w.db.sql("UPDATE token SET maker_id = '%s' WHERE id = '%s'" % (user, d["id"]))
    d2 = a.call("GET", "/v1/tokens/" + d["id"]).json
    check("whose it is", d2["maker"] == {"id": user, "email": "maker@example.net"}, d2)

    def may():
        return [a.call(m, p, b, token=d["token"]).status for m, p, b in (
            ("GET", "/v1/zones", None), ("PATCH", "/v1/zones/two.tokens.test", {}),
            ("GET", "/v1/tokens", None))]
    check("it does what its maker may do", may() == [200, 200, 200], may())
    child = make(a, token=d["token"], scopes=["zones:read"])
    check("what it makes is its maker's, too", child["maker"]["id"] == user, child)
    w.db.sql("UPDATE membership SET role = 'editor'")
    check("today: an editor", may() == [200, 200, 403], may())
    w.db.sql("UPDATE membership SET role = 'viewer'")
    check("a viewer", may() == [200, 403, 403], may())
    w.db.sql("UPDATE user_account SET disabled_at = now() WHERE id = '%s'" % user)
    check("nothing while the person is disabled", may() == [401, 401, 401], may())
    w.db.sql("UPDATE user_account SET disabled_at = NULL WHERE id = '%s'" % user)
    check("but again afterwards", may()[0] == 200)
    w.db.sql("DELETE FROM membership WHERE user_id = '%s'" % user)
    check("gone with the membership", may() == [401, 401, 401] and
          a.call("GET", "/v1/zones", token=child["token"]).status == 401)
    w.db.sql("INSERT INTO membership (tenant_id, user_id, role) VALUES ('%s', '%s', 'owner')"
             % (a.id, user))
    check("and not back with it", may() == [401, 401, 401])
    w.db.sql("DELETE FROM user_account WHERE id = '%s'" % user)


def rotation(w, a):
    old = make(a, scopes=["zones:read"], networks=["127.0.0.0/8"], idle_days=9,
               expires_at="2100-01-01T00:00:00Z")
    r = a.call("POST", "/v1/tokens/%s/rotate" % old["id"], {"overlap_hours": 2})
    new = r.json
    check("a new secret", r.status == 201 and new["token"] != old["token"] and
          new["id"] != old["id"], r)
    check("for the same", all(new[k] == old[k] for k in (
        "name", "scopes", "networks", "idle_days", "expires_at", "zones")), (old, new))
    check("both are good for a while", [a.call("GET", "/v1/zones", token=x["token"]).status
                                        for x in (old, new)] == [200, 200])
    w.db.sql("UPDATE token SET expires_at = expires_at - interval '2 hours' WHERE id = '%s'"
             % old["id"])
    check("then the new one", [a.call("GET", "/v1/zones", token=x["token"]).status
                               for x in (old, new)] == [401, 200])
    r = a.call("POST", "/v1/tokens/%s/rotate" % new["id"], {"overlap_hours": 0})
    check("or at once", r.status == 201 and a.call("GET", "/v1/zones", token=new["token"]).status == 401)
    r = a.call("POST", "/v1/tokens/%s/rotate" % new["id"])
    check("one that is void has no successor", problem(r, 404, "not-found"), r)
    r = a.call("POST", "/v1/tokens/%s/rotate" % new["id"], {"overlap_hours": 169})
    check("not for ever", r.status == 422, r)
    weak = make(a, scopes=["tokens:admin"])
    strong = make(a)
    r = a.call("POST", "/v1/tokens/%s/rotate" % strong["id"], token=weak["token"])
    check("nobody gets a secret that opens more than theirs", problem(r, 403, "forbidden"), r)
    r = a.call("POST", "/v1/tokens/%s/rotate" % weak["id"], token=weak["token"])
    check("their own they do", r.status == 201, r)
    near = make(a, networks=["127.0.0.0/8"])
    r = a.call("POST", "/v1/tokens/%s/rotate" % strong["id"], token=near["token"])
    check("nor one that is good from more places", problem(r, 403, "forbidden"), r)
    used = a.call("GET", "/v1/limits").json["tokens"]["used"]
    a.op("PATCH", "", {"limits": {"tokens": used}})
    r = a.call("POST", "/v1/tokens/%s/rotate" % strong["id"])
    check("two secrets are two tokens", problem(r, 422, "limit-reached"), r)
    check("which changes nothing", a.call("GET", "/v1/zones", token=strong["token"]).status == 200)
    r = a.call("POST", "/v1/tokens/%s/rotate" % strong["id"], {"overlap_hours": 0})
    check("one in the place of another", r.status == 201, r)
    e = a.audit("token.rotate")
    check("noted", e and e[0]["before"]["id"] == strong["id"], e)


def operators(w):
    new = w.a.bootstrap()
    r = w.a.call("GET", "/v1/operator/tokens?limit=500", token=w.op)
    mine = [x for x in r.json["items"] if x["prefix"] == new[:13]]
    check("the operator's own tokens", r.status == 200 and len(mine) == 1 and new not in r.text, r)
    r = w.a.call("DELETE", "/v1/operator/tokens/" + mine[0]["id"], token=w.op)
    check("are revoked", r.status == 204 and
          w.a.call("GET", "/v1/operator/tenants", token=new).status == 401, r)
    r = w.a.call("DELETE", "/v1/operator/tokens/" + mine[0]["id"], token=w.op)
    check("once", problem(r, 404, "not-found"), r)
    b = Tenant(w, "tokens two")
    theirs = w.a.call("GET", b.path + "/tokens", token=w.op).json["items"][0]["id"]
    r = w.a.call("DELETE", "/v1/operator/tokens/" + theirs, token=w.op)
    check("a tenant's is not among them", problem(r, 404, "not-found"), r)
    b.zone("op.tokens.test")
    r = w.a.call("POST", AT + b.id + "/tokens", {"name": "z", "zones": ["op.tokens.test"]}, w.op)
    check("the operator makes one for a zone", r.status == 201 and len(r.json["zones"]) == 1 and
          r.json["maker"] is None, r)
