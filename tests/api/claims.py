"""Claims: proofs, names, reserved names, the operator's word, the brake.

Sightings are put into the database as xferd writes them; that xferd does so is
shown by tests/claims, with a real tree of the DNS.
"""
import json

import apitest as t
from apitest import check, problem, pointers

POOL = """
  per_set = 2
  reserved = {"op-own.net"}
  nameserver "ns1.op.example.net" { addresses = {"192.0.2.53", "2001:db8::53"} stripe = 0 }
  nameserver "ns2.op.example.net" { addresses = {"192.0.2.54"} stripe = 1 }
  nameserver "ns3.op.example.net" { addresses = {"192.0.2.55"} stripe = 2 }
  nameserver "ns4.op.example.net" { addresses = {"192.0.2.56"} stripe = 3 }
"""
REASON = {"Understudy-Reason": "because"}


class World:
    """An apid that wants proofs, two tenants."""

    def __init__(self, ownership="proof"):
        self.db = t.Database()
        self.start(ownership)
        self.op = self.a.bootstrap()
        self.tenants, self.tokens = [], []
        for name in ("one", "two", "three"):
            r = self.operator("POST", "", {"name": name})
            self.tenants.append(r.json["id"])
            r = self.operator("POST", "/%s/tokens" % r.json["id"],
                              {"name": "first", "scopes": ["*"]})
            self.tokens.append(r.json["token"])

    def start(self, ownership, change=lambda s: s):
        self.a = t.Apid(self.db)
        with open(self.a.conf) as f:
            text = f.read()
        head, rest = text.split("nameservers {", 1)
        text = head.replace('ownership = "off"', 'ownership = "%s"' % ownership) + \
            "nameservers {" + POOL + rest[rest.index("}\n}") + 2:]
        with open(self.a.conf, "w") as f:
            f.write(change(text))
        self.a.start()

    def call(self, method, path, body=None, who=0, **kw):
        return self.a.call(method, path, body, self.tokens[who], **kw)

    def operator(self, method, path, body=None, base="/v1/operator/tenants"):
        return self.a.call(method, base + path, body, self.op, headers=REASON)

    def make(self, name, who=0):
        return self.call("POST", "/v1/zones", {"name": name, "primaries": [
            {"address": "192.0.2.1"}]}, who)

    def seen(self, zone, word, state=None, proof="delegation", **sighting):
        """As claim_apply leaves it."""
        s = dict({"parent": "example", "parents_known": True, "why": "", "servers": [
            {"address": "192.0.2.99", "verdict": "answered", "names": []}], "txt": []}, **sighting)
        self.db.sql("UPDATE claim SET seen = '%s', seen_at = now(), seen_since = now(), sighting ="
                    " '%s', check_at = now() + interval '1 hour'%s WHERE zone_id = '%s'" % (
                        word, json.dumps(s), ", proof = '%s', unproven_at = NULL, proven_at = now()"
                        % proof if state in ("active", "warned") else "", zone))
        if state:
            self.db.sql("UPDATE zone SET state = '%s' WHERE id = '%s'" % (state, zone))

    def stop(self):
        check("apid ends cleanly", self.a.stop() == 0, self.a.log_text()[-2000:])
        self.a.remove()
        self.db.stop()


def part_claims(outer):
    w = World()
    try:
        names(w)
        proofs(w)
        reserved(w)
        word(w)
        brake(w)
        batch(w)
    finally:
        w.stop()
    r = outer.call("GET", "/v1/zones/example.com/proof")
    check("where ownership is off, the proof says so", r.status == 200 and
          r.json["ownership"] == "off" and r.json["txt"] is None and r.json["advice"], r)
    r = outer.call("POST", "/v1/zones/example.com/proof")
    check("and nothing is looked for", problem(r, 409, "conflict"), r)
    r = outer.a.call("GET", "/v1/operator/nameservers", token=outer.op)
    check("the operator's pool is the configured one", r.status == 200 and
          [x["name"] for x in r.json["items"]] == ["ns1.example.net", "ns2.example.net"], r)
    refused()


def names(w):
    r = w.make("shop.example.com")
    z = r.json
    check("a new claim is pending and has names", r.status == 201 and z["state"] == "pending" and
          z["served"] == "no" and len(z["nameservers"]) == 2, r)
    other = w.make("shop.example.com", 1).json
    check("another's claim on the name has others", len(other["nameservers"]) == 2 and
          not set(other["nameservers"]) & set(z["nameservers"]), other)
    third = w.make("shop.example.com", 2).json
    check("the third has none", third["nameservers"] == [], third)
    r = w.call("GET", "/v1/zones/shop.example.com/proof", who=2)
    check("and is told to use the record", r.status == 200 and r.json["nameservers"] == [] and
          any("TXT" in s for s in r.json["advice"]), r)
    r = w.call("GET", "/v1/nameservers")
    mine = [x["name"] for x in r.json["nameservers"]]
    check("the account's name servers are its set", len(mine) == 2 and
          all(x["addresses"] for x in r.json["nameservers"]) and r.json["notify_targets"], r)
    check("which claims without conflicts get",
          w.make("plain.example.com").json["nameservers"] == mine, mine)
    r = w.operator("GET", "/nameservers", base="/v1/operator")
    check("the operator sees the pool", r.status == 200 and len(r.json["items"]) == 4 and
          sorted({x["set"] for x in r.json["items"]}) == [0, 1] and
          {x["name"]: x["addresses"] for x in r.json["items"]}["ns1.op.example.net"] ==
          ["192.0.2.53", "2001:db8::53"], r)
    check("and no tenant does", w.call("GET", "/v1/operator/nameservers").status == 403)
    w.zone, w.other = z, other


def proofs(w):
    z = w.zone
    base = "/v1/zones/shop.example.com/proof"
    r = w.call("GET", base)
    p = r.json
    check("the proof of a new claim", r.status == 200 and p["zone"] == "shop.example.com" and
          p["state"] == "pending" and p["proof"] == "none" and p["seen"] is None and
          p["nameservers"] == z["nameservers"] and p["lapses_at"] and p["next_check_at"] and
          p["txt"]["name"] == "_understudy-challenge.shop.example.com" and
          p["txt"]["value"].startswith("understudy-") and p["txt"]["good_until"] is None, r)
    check("its advice has both ways", any(z["nameservers"][0] in s for s in p["advice"]) and
          any(p["txt"]["value"] in s for s in p["advice"]), p["advice"])
    check("another tenant's record has another value",
          w.call("GET", base, who=1).json["txt"]["value"] != p["txt"]["value"])
    w.db.sql("UPDATE claim SET check_at = now() + interval '5 hours'")
    r = w.call("POST", base)
    check("a look is accepted", r.status == 202 and r.json["kind"] == "proof", r)
    check("and due at once", w.db.sql("SELECT count(*) FROM claim WHERE check_at <= now()") == "1")
    check("asking again is the same job", w.call("POST", base).json["id"] == r.json["id"])
    check("a body has nothing in it", w.call("POST", base, {"x": 1}).status == 422)
    for word in ("unknown", "partly", "mixed", "old", "ours", "elsewhere", "nothing"):
        w.seen(z["id"], word, why="one of 2 servers is silent" if word == "unknown" else "")
        r = w.call("GET", base)
        check("advice when " + word, r.json["seen"]["result"] == word and r.json["advice"] and
              r.json["seen"]["sighting"]["servers"][0]["verdict"] == "answered", r)
    w.seen(z["id"], "delegation", "active")
    r = w.call("GET", "/v1/zones/shop.example.com")
    check("a proven zone is active", r.json["state"] == "active", r)
    r = w.call("DELETE", "/v1/zones/shop.example.com")
    check("it is not deleted while delegated", problem(r, 409, "still-delegated"), r)
    r = w.call("DELETE", "/v1/zones/shop.example.com?force=maybe")
    check("force is true or false", r.status == 400, r)
    w.db.sql("UPDATE zone SET state = 'warned' WHERE id = '%s'" % z["id"])
    r = w.call("GET", base)
    check("a warned claim is told what to do", r.json["state"] == "warned" and
          "seven days" in r.json["advice"][0], r)
    r = w.call("DELETE", "/v1/zones/shop.example.com?force=true")
    check("unless forced", r.status == 204, r)
    check("its names are remembered", w.db.sql(
        "SELECT count(*) FROM claim_tombstone WHERE proven") == "1")
    r = w.make("shop.example.com")
    check("and given back to the same account", r.json["nameservers"] == z["nameservers"], r)
    check("a zone of nobody has no proof", w.call("GET", "/v1/zones/none.example/proof").status == 404)
    # -- a lapsed one waits again when it is asked for
    w.db.sql("UPDATE zone SET state = 'lapsed' WHERE id = '%s'" % w.other["id"])
    r = w.call("POST", base, who=1)
    check("a lapsed claim is opened by a look", r.status == 202 and
          w.call("GET", "/v1/zones/shop.example.com", who=1).json["state"] == "pending", r)


RESERVED = """com example test co.uk github.io org.au uk arpa in-addr.arpa 10.in-addr.arpa
5.10.in-addr.arpa 193.in-addr.arpa ip6.arpa 2.ip6.arpa a.d.f.ip6.arpa 8.e.f.ip6.arpa local
printer.local localhost a.localhost onion abc.onion internal corp.internal home.arpa x.home.arpa
invalid a.invalid alt x.alt ns1.op.example.net x.ns1.op.example.net op.example.net example.net
op-own.net www.op-own.net xn--p1ai""".split()
FREE = """a.com example.org a.co.uk b.test 2.0.193.in-addr.arpa 1.168.193.in-addr.arpa
8.b.d.0.5.0.0.2.ip6.arpa cust.op.example.net localhost.com xonion.net""".split()


def reserved(w):
    for name in RESERVED:
        r = w.make(name)
        check("%s is reserved" % name, problem(r, 403, "reserved-name") and
              pointers(r) == [("/name", "reserved")], r)
    r = w.make(".")
    check("the root is reserved", problem(r, 403, "reserved-name"), r)
    for name in FREE:
        check("%s is not reserved" % name, w.make(name).status == 201, name)
    base = "/%s/names" % w.tenants[0]
    check("no reason, no word", w.a.call(
        "POST", "/v1/operator/tenants" + base, {"name": "github.io"}, w.op).status == 400)
    r = w.operator("POST", base, {"name": "GitHub.io."})
    check("the operator allows a name", r.status == 201 and r.json["name"] == "github.io", r)
    check("a second time, too", w.operator("POST", base, {"name": "github.io"}).status == 201)
    check("a name is a name", w.operator("POST", base, {"name": "a..b"}).status == 422)
    r = w.operator("GET", base)
    check("what is allowed is listed", [x["name"] for x in r.json["items"]] == ["github.io"], r)
    check("to that tenant", w.make("github.io").status == 201)
    check("and no other", w.make("github.io", 1).status == 403)
    check("the word is taken back", w.operator("DELETE", base + "/github=2Eio").status in (204, 404))
    w.operator("DELETE", base + "/github.io")
    check("once", w.operator("DELETE", base + "/github.io").status == 404)


def word(w):
    z = w.make("word.example.com").json
    base = "/%s/zones/word.example.com/" % w.tenants[0]
    r = w.operator("POST", base + "activate")
    check("the operator's word serves a zone", r.status == 200 and r.json["state"] == "active" and
          r.json["proof"] == "operator" and r.json["nameservers"] == z["nameservers"], r)
    check("a second word changes nothing", w.operator("POST", base + "activate").status == 200)
    r = w.operator("POST", base + "release")
    check("what is served is not released", problem(r, 409, "conflict"), r)
    r = w.operator("POST", base + "deactivate")
    check("it is taken back", r.status == 200 and r.json["state"] == "suspended", r)
    r = w.operator("POST", base + "release")
    check("a suspended claim waits again", r.status == 200 and r.json["state"] == "pending", r)
    check("no reason, no word", w.a.call("POST", "/v1/operator/tenants" + base + "activate", None,
                                         w.op).status == 400)
    check("another tenant's zone is not there", w.operator(
        "POST", "/%s/zones/word.example.com/activate" % w.tenants[1]).status == 404)
    check("tenants have no such word", w.call(
        "POST", "/v1/operator/tenants" + base + "activate").status == 403)
    check("it is in the tenant's audit", w.db.sql(
        "SELECT count(*) FROM audit WHERE tenant_id = '%s' AND action IN ('zone.activate',"
        " 'zone.deactivate', 'zone.release') AND reason = 'because'" % w.tenants[0]) == "4")


def brake(w):
    z = w.make("brake.example.com").json
    w.db.sql("UPDATE zone SET state = 'warned' WHERE id = '%s'; UPDATE claim SET held_at = now(),"
             " proof = 'delegation' WHERE zone_id = '%s'" % (z["id"], z["id"]))
    r = w.operator("GET", "/brake", base="/v1/operator")
    check("what waits at the brake", r.status == 200 and r.json["held"] == 1 and
          r.json["limit_per_hour"] == 10 and r.json["items"][0]["zone"] == "brake.example.com", r)
    r = w.call("GET", "/v1/zones/brake.example.com/proof")
    check("its owner sees that it waits", r.json["held_at"] and
          any("operator" in s for s in r.json["advice"]), r)
    r = w.operator("POST", "/brake/release", base="/v1/operator")
    check("the operator releases it", r.status == 200 and r.json["released"] == 1, r)
    check("and it is looked at now", w.db.sql(
        "SELECT released AND check_at <= now() FROM claim WHERE zone_id = '%s'" % z["id"]) == "t")


def batch(w):
    r = w.call("POST", "/v1/zones:batch", {"create": [
        {"name": "b1.example.com"}, {"name": "co.uk"}, {"name": "b2.example.com"}],
        "primaries": [{"address": "192.0.2.1"}]})
    items = r.json["items"]
    check("a batch has claims, and refuses reserved names", [x["status"] for x in items] ==
          [201, 403, 201] and items[1]["problem"]["type"].endswith("reserved-name") and
          len(items[0]["zone"]["nameservers"]) == 2, r)


def refused():
    """Ownership off is for loopback alone."""
    db = t.Database()
    a = t.Apid(db)
    with open(a.conf) as f:
        text = f.read()
    with open(a.conf, "w") as f:
        f.write(text + '\ndns { listen = {"0.0.0.0:53"} }\n')
    try:
        a.start()
        check("ownership off is refused outside loopback", False)
    except RuntimeError as e:
        check("ownership off is refused outside loopback", "ownership.refused" in str(e), e)
    finally:
        a.stop()
        a.remove()
        db.stop()
