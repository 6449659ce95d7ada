"""Policy, held versions, pins, differences: what apid makes of them.

That xferd does what is asked for here is shown by tests/gates.
"""
import apitest as t
from apitest import check, problem, pointers

NAME = "versions.test"


def records(serial, names, sig=b""):
    return [(NAME, 2, 3600, t.wire("ns1.example.net")),
            (NAME, 6, 3600, t.soa(serial))] + [
        (n + "." + NAME, 1, 60, bytes([192, 0, 2, i]))
        for n, i in sorted(names.items())]


def part_versions(w):
    z = w.zone(NAME)
    base = "/v1/zones/" + NAME
    check("the policy's defaults", z["policy"] == {
        "removed_percent_max": None, "removed_names_min": 10, "keep_ns": False,
        "keep_dnskey": False, "zonemd": "verify", "dnssec": "off", "trust_anchors": [],
        "signature_hours_min": 0, "held_expire": "renew"} and z["held"] is None and
        z["pinned"] is None and z["signed_until"] is None, z)
    anchor = "20326 8 2 " + "0123456789abcdef" * 4
    r = w.call("PATCH", base, {"policy": {"removed_percent_max": 30, "zonemd": "require",
                                          "trust_anchors": [anchor]}})
    p = r.json["policy"]
    check("some of it is changed", r.status == 200 and p["removed_percent_max"] == 30 and
          p["zonemd"] == "require" and p["trust_anchors"] == [anchor] and
          p["dnssec"] == "off", r)
    r = w.call("PATCH", base, {"policy": {"dnssec": "verify", "removed_percent_max": None,
                                          "held_expire": "count"}})
    p = r.json["policy"]
    check("the rest stays", p["removed_percent_max"] is None and p["zonemd"] == "require" and
          p["dnssec"] == "verify" and p["trust_anchors"] == [anchor] and
          p["held_expire"] == "count", r)
    check("and the zone is looked at again", w.db.sql(
        "SELECT count(*) FROM job WHERE kind = 'refresh' AND zone_id = '%s'" % z["id"]) == "1")
    for member, value in (("removed_percent_max", 100), ("removed_percent_max", -1),
                          ("zonemd", "maybe"), ("zonemd", ""), ("dnssec", "on"),
                          ("held_expire", "never"), ("signature_hours_min", 9000),
                          ("keep_ns", "yes"), ("unknown", 1), ("trust_anchors", ["x"]),
                          ("trust_anchors", [anchor] * 9), ("trust_anchors", [1]),
                          ("trust_anchors", ["99999 8 2 " + "ab" * 32])):
        r = w.call("PATCH", base, {"policy": {member: value}})
        check("policy %s=%r is refused" % (member, value), r.status == 422 and
              pointers(r)[0][0].startswith("/policy"), r)

    # -- what is held ---------------------------------------------------
    first = {"a": 1, "b": 2, "c": 3}
    t.publish(w.db, z["id"], w.tenants[0], NAME, 1, 10, [records(10, first)])
    w.db.sql("UPDATE zone_guard SET held_serial = 11, held_reason = 'held-removed',"
             " held_message = 'm', held_advice = 'a', held_facts = '{\"x\": 1}',"
             " held_at = now() WHERE zone_id = '%s'; UPDATE zone_timer SET primary_serial = 11,"
             " last_error = 'm; a' WHERE zone_id = '%s'" % (z["id"], z["id"]))
    d = w.call("GET", base).json
    check("a held version is shown", d["health"] == "held" and d["held"]["serial"] == 11 and
          d["held"]["reason"] == "held-removed" and d["held"]["facts"] == {"x": 1} and
          not d["held"]["accepted"], d)
    check("and found by health", [i["name"] for i in w.call(
        "GET", "/v1/zones?health=held").json["items"]].count(NAME) == 1)
    r = w.call("POST", base + "/accept", {"serial": 12})
    check("another serial is not accepted", problem(r, 409, "conflict"), r)
    r = w.call("POST", base + "/accept", {"serial": 11})
    check("it is accepted", r.status == 202 and r.json["kind"] == "accept", r)
    check("and marked", w.call("GET", base).json["held"]["accepted"])
    r = w.call("PATCH", base, {"policy": {"dnssec": "off"}})
    check("a changed policy forgets it", r.json["held"] is None, r)

    # -- runway ---------------------------------------------------------
    w.db.sql("UPDATE zone_state SET signed_until = now() + interval '1 day' WHERE zone_id = '%s'"
             % z["id"])
    d = w.call("GET", base).json
    check("signatures may end before EXPIRE", d["runs_out_at"] == d["signed_until"] and
          d["runs_out_at"] < d["expires_at"] and
          any("signatures ends" in n for n in d["notices"]), d)
    w.db.sql("UPDATE zone_state SET signed_until = now() + interval '1 year' WHERE zone_id = '%s'"
             % z["id"])
    d = w.call("GET", base).json
    check("or after it", d["runs_out_at"] == d["expires_at"] and d["notices"] == [], d)

    # -- differences ----------------------------------------------------
    second = {"a": 1, "b": 7, "d": 4}
    t.publish(w.db, z["id"], w.tenants[0], NAME, 2, 11, [records(11, second)])
    r = w.call("GET", base + "/versions/2/diff")
    got = {i["name"]: (i["change"], {x["type"]: x["change"] for x in i["types"]})
           for i in r.json["items"]}
    check("a difference", r.status == 200 and r.json["from"] == 1 and r.json["from_serial"] == 10 and
          got == {NAME: ("changed", {"SOA": "changed"}), "b." + NAME: ("changed", {"A": "changed"}),
                  "c." + NAME: ("removed", {"A": "removed"}),
                  "d." + NAME: ("added", {"A": "added"})}, r)
    r = w.call("GET", base + "/versions/1/diff?from=2")
    check("the other way round", [i["change"] for i in r.json["items"]] ==
          ["changed", "changed", "added", "removed"], r)
    r = w.call("GET", base + "/versions/1/diff")
    check("the first version is all new", r.json["from"] == 0 and
          {i["change"] for i in r.json["items"]} == {"added"} and len(r.json["items"]) == 4, r)
    r = w.call("GET", base + "/versions/2/diff?from=2")
    check("nothing differs from itself", r.json["items"] == [], r)
    names = {"n%03d" % i: i % 250 for i in range(300)}
    recs = records(12, names)
    t.publish(w.db, z["id"], w.tenants[0], NAME, 3, 12, [recs[:100], recs[100:200], recs[200:]])
    seen, cursor, rounds = [], "", 0
    while cursor is not None and rounds < 100:
        r = w.call("GET", base + "/versions/3/diff?limit=7" + ("&cursor=" + cursor if cursor else ""))
        seen += [i["name"] for i in r.json["items"]]
        cursor, rounds = r.json["next_cursor"], rounds + 1
    check("in pages, each name once", len(seen) == len(set(seen)) == 304, (len(seen), rounds))
    check("over changed boundaries", set(seen) == {NAME} | {x + "." + NAME for x in
          list(names) + ["a", "b", "d"]}, seen[:5])
    for path in ("/versions/9/diff", "/versions/x/diff", "/versions/-1/diff", "/versions/2/diff?from=9"):
        r = w.call("GET", base + path)
        check(path + " is not there", problem(r, 404, "not-found"), r)
    for q in ("from=x", "cursor=616263", "limit=0"):
        r = w.call("GET", base + "/versions/2/diff?" + q)
        check("diff?%s is refused" % q, problem(r, 400, "invalid-parameter"), r)

    # -- pins -----------------------------------------------------------
    r = w.call("POST", base + "/unpin")
    check("nothing to unpin", problem(r, 409, "conflict"), r)
    r = w.call("POST", base + "/versions/9/pin")
    check("a version that is not stored", problem(r, 404, "not-found"), r)
    r = w.call("POST", base + "/versions/1/pin", {"past_expire": "yes"})
    check("a wrong body", r.status == 422, r)
    r = w.call("POST", base + "/versions/1/pin", {"past_expire": True})
    check("a pin is a job", r.status == 202 and r.json["kind"] == "pin", r)
    d = w.call("GET", base).json
    check("and shown as wanted", d["pinned"]["generation"] == 1 and d["pinned"]["past_expire"] and
          not d["pinned"]["applied"] and d["expires_at"] is not None, d)
    w.db.sql("UPDATE zone_guard SET pin_applied = 1, pin_before = 3 WHERE zone_id = '%s'" % z["id"])
    d = w.call("GET", base).json
    check("one past EXPIRE does not expire", d["pinned"]["applied"] and d["expires_at"] is None and
          any("pinned" in n for n in d["notices"]), d)
    r = w.call("POST", base + "/versions/1/pin")
    check("the same with another past_expire", problem(r, 409, "conflict"), r)
    r = w.call("POST", base + "/versions/2/pin")
    check("another version instead", r.status == 202, r)
    r = w.call("POST", base + "/unpin")
    check("unpin is a job", r.status == 202 and r.json["kind"] == "unpin" and
          w.call("GET", base).json["pinned"] is None, r)
    reader = w.call("POST", "/v1/tokens", {"name": "r2", "scopes": ["zones:read"]}).json["token"]
    for path in ("/versions/1/pin", "/unpin", "/accept"):
        r = w.call("POST", base + path, token=reader)
        check("a reader may not " + path, problem(r, 403, "forbidden"), r)
