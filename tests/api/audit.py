"""The audit: what is written, what is masked, who reads it, how it is found."""
import json

import apitest as t
from apitest import check, problem


def entries(w, query="", token=None):
    r = w.call("GET", "/v1/audit?limit=500" + query, token=token or w.T)
    return r.json["items"] if r.status == 200 else []


def part_audit(w):
    secret = t.b64(b"canary-audit-secret-01-abcdefghij")
    key = w.call("POST", "/v1/keys", {"name": "audited.key", "secret": secret}).json
    w.call("PATCH", "/v1/keys/audited.key", {"name": "audited.two"})
    w.call("DELETE", "/v1/keys/audited.two")
    mine = [e for e in entries(w, "&action=key") if e["object"] in
            ("audited.key", "audited.two")]
    check("a key's life is in the audit", [e["action"] for e in mine] ==
          ["key.delete", "key.change", "key.create"], mine)
    gone, changed, made = mine
    check("made: nothing before, the document after", made["before"] is None and
          made["after"]["id"] == key["id"] and made["after"]["fingerprint"] ==
          key["fingerprint"], made)
    check("changed: both", changed["before"]["name"] == "audited.key" and
          changed["after"]["name"] == "audited.two", changed)
    check("gone: nothing after", gone["before"]["name"] == "audited.two" and
          gone["after"] is None, gone)
    check("who, from where, by which call", made["actor"]["kind"] in ("token", "user") and
          made["actor"]["label"] == "token:" + w.T[:13] and made["source"] == "127.0.0.1" and
          made["token"] and made["request_id"], made)
    check("no secret", secret not in json.dumps(mine) and
          "canary" not in w.db.sql("SELECT string_agg(a::text, '') FROM audit a"))

    w.zone("audited.test")
    w.call("PATCH", "/v1/zones/audited.test", {"accept_lower_serial": True})
    w.call("PATCH", "/v1/zones/audited.test", {"policy": {"keep_ns": True}})
    w.call("POST", "/v1/zones/audited.test/refresh")
    w.call("DELETE", "/v1/zones/audited.test")
    mine = entries(w, "&object=audited.test")
    check("a zone's life, found by its name", [e["action"] for e in mine] ==
          ["zone.delete", "zone.refresh", "zone.change", "zone.change", "zone.create"], mine)
    check("its policy before and after", mine[2]["before"]["policy"]["keep_ns"] is False and
          mine[2]["after"]["policy"]["keep_ns"] is True, mine[2])
    check("and its primaries", mine[4]["after"]["primaries"][0]["address"] == "192.0.2.1", mine[4])
    w.call("POST", "/v1/zones:batch", {"create": [{"name": "b%d.audited.test" % i} for i in range(3)],
                                       "primaries": [{"address": "192.0.2.1"}]})
    check("a batch is one row a zone", [len(entries(w, "&object=b%d.audited.test" % i))
                                        for i in range(3)] == [1, 1, 1])
    check("with what was made", entries(w, "&object=b0.audited.test")[0]["after"]["primaries"])
    dead = w.call("POST", "/v1/tokens", {"name": "short life"}).json
    w.call("DELETE", "/v1/tokens/" + dead["id"])
    r = w.call("POST", "/v1/tokens", {"name": "name " + dead["token"]})
    text = json.dumps(entries(w, "&action=token.create"))
    check("one of our tokens inside of a name keeps its prefix", r.status == 201 and
          dead["token"] not in text and "name " + dead["token"][:13] + "***" in text, text[:500])
    w.call("DELETE", "/v1/tokens/" + r.json["id"])
    e = entries(w, "&action=token.revoke")[0]
    check("a token's end", e["before"]["revoked"] is False and e["after"]["revoked"] is True, e)

    # ---- finding ----
    everything = entries(w)
    first = w.call("GET", "/v1/audit?limit=3")
    got, cursor, n = [], "", 0
    while cursor is not None and n < 500:
        r = w.call("GET", "/v1/audit?limit=7" + ("&cursor=" + cursor if cursor else ""))
        got += [x["id"] for x in r.json["items"]]
        cursor, n = r.json["next_cursor"], n + 1
    check("pages, newest first, each row once", len(got) == len(set(got)) and
          [int(x) for x in got] == sorted(map(int, got), reverse=True) and len(got) >= 15, len(got))
    check("a link to the next page", 'rel="next"' in (first.get("link") or ""), first.headers)
    at = everything[3]["at"]
    later = entries(w, "&since=" + at)
    check("since and until", all(x["at"] >= at for x in later) and later and
          all(x["at"] < at for x in entries(w, "&until=" + at)))
    check("by actor", len(entries(w, "&actor=token:" + w.T[:13])) == len(entries(
        w, "&actor=" + made["token"])) > 0)
    check("by nobody", entries(w, "&actor=nobody") == [] and entries(w, "&action=zon") == [])
    for q in ("since=yesterday", "until=1", "cursor=616263", "limit=0", "x=1"):
        r = w.call("GET", "/v1/audit?" + q)
        check("audit?%s is refused" % q, problem(r, 400, "invalid-parameter"), r)
    r = w.call("GET", "/v1/audit/export?action=zone")
    lines = [json.loads(x) for x in r.text.splitlines()]
    check("an export is lines of JSON", r.status == 200 and r.get("content-type") ==
          "application/x-ndjson" and all(x["action"].startswith("zone.") for x in lines) and
          len(lines) >= len(entries(w, "&action=zone")) > 0, r)
    w.db.sql("INSERT INTO audit (tenant_id, actor, action, object) SELECT '%s', 'x', 'bulk.row',"
             " n::text FROM generate_series(1, 2345) n" % w.tenants[0])
    r = w.call("GET", "/v1/audit/export?action=bulk.row")
    check("of any length", r.text.count("\n") == 2345 and len(set(r.text.splitlines())) == 2345)
    check("and an empty one", w.call("GET", "/v1/audit/export?action=none").text == "")

    # ---- who may ----
    theirs = w.call("GET", "/v1/audit?limit=500", token=w.U).json["items"]
    check("tenants see their own", not {x["id"] for x in theirs} & set(got))
    reader = w.call("POST", "/v1/tokens", {"name": "r", "scopes": ["zones:read"]}).json["token"]
    for path in ("/v1/audit", "/v1/audit/export"):
        r = w.call("GET", path, token=reader)
        check("needs its scope: " + path, problem(r, 403, "forbidden"), r)
    able = w.call("POST", "/v1/tokens", {"name": "a", "scopes": ["audit:read"]}).json["token"]
    check("which is enough", w.call("GET", "/v1/audit", token=able).status == 200)
    r = w.a.call("GET", "/v1/operator/audit?limit=500", token=w.op)
    tenants = {x["tenant"] for x in r.json["items"]}
    check("the operator sees all", r.status == 200 and w.tenants[0] in tenants, r)
    r = w.a.call("GET", "/v1/operator/audit?action=tenant.create", token=w.op)
    check("tenants being made, too", any(x["after"]["name"] == "acme" for x in r.json["items"]) and
          r.json["items"][0]["actor"]["kind"] == "operator", r)
    r = w.a.call("GET", "/v1/operator/audit?limit=500&tenant=" + w.tenants[1], token=w.op)
    check("or one tenant's", {x["tenant"] for x in r.json["items"]} == {w.tenants[1]}, r)
    r = w.a.call("GET", "/v1/operator/audit?tenant=x", token=w.op)
    check("a tenant's id", problem(r, 400, "invalid-parameter"), r)
    r = w.a.call("GET", "/v1/operator/audit/export?action=bulk", token=w.op)
    check("the operator exports", r.text.count("\n") == 2345, r.status)
    r = w.call("DELETE", "/v1/audit")
    check("nobody removes", problem(r, 405, "method-not-allowed"), r)
