"""Terms that hold for every route: entity tags, Idempotency-Key, dry_run, rates, cursors."""
import concurrent.futures
import os
import subprocess
import uuid

import apitest as t
from apitest import check, problem


def part_quality(w):
    tags(w)
    conditions(w)
    lost_updates(w)
    once(w)
    once_at_a_time(w)
    dry(w)
    cursors(w)
    rates(w)


def tags(w):
    z = w.zone("tags.test")
    path = "/v1/zones/" + z["id"]
    for p in (path, "/v1/zones", "/v1/keys", "/v1/me", "/v1/nameservers", "/openapi.json", "/v1/primaries",
              "/v1/tokens", path + "/records", path + "/attempts"):
        token = None if p == "/openapi.json" else w.T
        r = w.call("GET", p, token=token)
        tag = r.get("etag")
        check("%s has a strong entity tag" % p, r.status == 200 and tag and tag[0] == tag[-1] == '"', r.headers)
        same = w.call("GET", p, token=token, headers={"If-None-Match": tag})
        # A token's last use is noted about once a minute.
        if p != "/v1/tokens":
            check("%s: 304 for who has it" % p, same.status == 304 and same.body == b"" and
                  same.get("etag") == tag and same.get("x-request-id"), (same, same.headers))
        other = w.call("GET", p, token=token, headers={"If-None-Match": '"x", W/"y"'})
        check("%s: 200 for who has another" % p, other.status == 200 and other.body, other)
    r = w.call("GET", path, headers={"If-None-Match": "W/%s" % w.call("GET", path).get("etag")})
    check("If-None-Match compares weakly", r.status == 304, r)
    r = w.call("HEAD", path, headers={"If-None-Match": "*"})
    check("HEAD and * as well", r.status == 304, r)
    for path in ("/healthz", "/readyz"):
        r = w.a.call("GET", path)
        check(path + " is never kept", r.get("etag") is None and r.get("cache-control") == "no-store", r.headers)
    r = w.call("POST", "/v1/keys", {"name": "tagged"})
    check("an answer with a secret is never kept", r.status == 201 and r.get("cache-control") == "no-store" and
          r.get("etag") is None, r.headers)
    for bad in ("x", '"a', "", '"a" "b"'):
        r = w.call("GET", "/v1/zones", headers={"If-None-Match": bad})
        check("If-None-Match: %r is refused" % bad, problem(r, 400, "bad-request"), r)


def conditions(w):
    z = w.zone("cond.test")
    p = w.call("POST", "/v1/primaries", {"name": "cond", "address": "192.0.2.90"}).json
    k = w.call("POST", "/v1/keys", {"name": "cond"}).json
    for path, change in (("/v1/zones/cond.test", {"accept_lower_serial": True}),
                         ("/v1/primaries/cond", {"port": 5353}), ("/v1/keys/cond", {"algorithm": "hmac-sha256",
                                                                                   "secret": "c2VjcmV0LXNlY3JldA=="})):
        tag = w.call("GET", path).get("etag")
        r = w.call("PATCH", path, change, headers={"If-Match": tag})
        check("%s: a change with the right tag" % path, r.status == 200 and r.get("etag") != tag, (r, r.headers))
        new = r.get("etag")
        before = w.db.dump()
        r = w.call("PATCH", path, change, headers={"If-Match": tag})
        check("%s: 412 with an old one" % path, problem(r, 412, "precondition-failed") and
              r.get("etag") == w.call("GET", path).get("etag"), (r, r.headers))
        r = w.call("DELETE", path, headers={"If-Match": tag})
        check("%s: not deleted with an old one" % path, problem(r, 412, "precondition-failed"), r)
        r = w.call("PATCH", path, change, headers={"If-Match": "W/" + new})
        check("%s: If-Match compares strongly" % path, problem(r, 412, "precondition-failed"), r)
        check("%s: nothing changed meanwhile" % path, w.db.dump() == before)
        r = w.call("PATCH", path, {}, headers={"If-Match": '"x", ' + new})
        check("%s: one of several" % path, r.status == 200, r)
    r = w.call("PATCH", "/v1/zones/none.test", {}, headers={"If-Match": "*"})
    check("If-Match on nothing is 404", problem(r, 404, "not-found"), r)
    # What happens by itself does not break a client's condition.
    tag = w.call("GET", "/v1/zones/cond.test").get("etag")
    w.db.sql("UPDATE zone_timer SET checked_at = now(), primary_serial = 7 WHERE zone_id = '%s'" % z["id"])
    r = w.call("GET", "/v1/zones/cond.test")
    check("a check of the primary makes another document", r.get("etag") != tag and
          w.call("GET", "/v1/zones/cond.test", headers={"If-None-Match": tag}).status == 200)
    r = w.call("PATCH", "/v1/zones/cond.test", {"accept_lower_serial": False}, headers={"If-Match": tag})
    check("and leaves a condition good", r.status == 200, r)
    tag = w.call("GET", "/v1/zones/cond.test").get("etag")
    check("a zone is deleted as last seen", w.call("DELETE", "/v1/zones/cond.test", headers={
        "If-Match": tag}).status == 204)
    check("objects of the test", p["id"] and k["id"])


def lost_updates(w):
    """Many read, change, write at once: each change is made upon the one before it."""
    w.call("POST", "/v1/primaries", {"name": "count", "address": "192.0.2.91", "port": 1000})

    def raise_port(_):
        for n in range(200):
            r = w.call("GET", "/v1/primaries/count")
            p = w.call("PATCH", "/v1/primaries/count", {"port": r.json["port"] + 1},
                       headers={"If-Match": r.get("etag")})
            if p.status == 200:
                return n
            if p.status not in (412, 503):
                return p
        return "gave up"

    with concurrent.futures.ThreadPoolExecutor(6) as ex:
        ends = list(ex.map(raise_port, range(24)))
    port = w.call("GET", "/v1/primaries/count").json["port"]
    check("no update is lost", port == 1024 and all(isinstance(n, int) for n in ends), (port, ends))


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def once(w):
    h = key()
    body = {"name": "once.test", "primaries": [{"address": "192.0.2.1"}]}
    r = w.call("POST", "/v1/zones", body, headers=h)
    check("a zone with a key", r.status == 201 and r.get("idempotent-replayed") is None, r)
    before = w.db.dump()
    again = w.call("POST", "/v1/zones", body, headers=h)
    check("asking again gives the same answer", again.status == 201 and again.json == r.json and
          again.get("location") == r.get("location") and again.get("idempotent-replayed") == "true",
          (again, again.headers))
    check("and makes nothing", w.db.dump() == before)
    r = w.call("POST", "/v1/zones", dict(body, name="other.test"), headers=h)
    check("another body under the key is refused", problem(r, 422, "idempotency-key-reused"), r)
    r = w.call("POST", "/v1/zones?dry_run=true", dict(body, name="other.test"), headers=h)
    check("a dry run has no key", r.status == 200, r)
    r = w.call("POST", "/v1/primaries", {"address": "192.0.2.1"}, headers=h)
    check("another route under the key, too", problem(r, 422, "idempotency-key-reused"), r)
    r = w.call("POST", "/v1/zones", body, headers=h, token=w.U)
    check("another tenant has its own keys", r.status == 201 and r.get("idempotent-replayed") is None, r)
    # Secrets are in the first answer alone.
    for path, b, name in (("/v1/keys", {"name": "once"}, "secret"), ("/v1/tokens", {"name": "once"}, "token")):
        h = key()
        r = w.call("POST", path, b, headers=h)
        again = w.call("POST", path, b, headers=h)
        check("%s: the second answer has no %s" % (path, name), r.json[name] and again.status == 201 and
              again.json[name] is None and again.json["id"] == r.json["id"] and
              again.get("cache-control") == "no-store", again)
        check("%s: nor has the database" % path, r.json[name] not in w.db.sql(
            "SELECT string_agg(k::text, ' ') FROM idempotency_key k"))
    h = key()
    body = {"create": [{"name": "o%d.once.test" % i} for i in range(50)] + [{"name": "once.test"}],
            "primaries": [{"address": "192.0.2.1"}]}
    r = w.call("POST", "/v1/zones:batch", body, headers=h)
    again = w.call("POST", "/v1/zones:batch", body, headers=h)
    check("a batch, too", again.json == r.json and [i["status"] for i in again.json["items"]] ==
          [201] * 50 + [409], again)
    # What failed may be tried again under the same key.
    h = key()
    r = w.call("POST", "/v1/zones", {"name": "once.test", "primaries": [{"address": "192.0.2.1"}]}, headers=h)
    check("a conflict is not kept", problem(r, 409, "already-exists"), r)
    r = w.call("POST", "/v1/zones", {"name": "once2.test", "primaries": [{"address": "192.0.2.1"}]}, headers=h)
    check("the key is still free", r.status == 201, r)
    w.db.sql("UPDATE idempotency_key SET created_at = created_at - interval '25 hours' WHERE key = '%s'"
             % h["Idempotency-Key"])
    r = w.call("POST", "/v1/zones", {"name": "once3.test", "primaries": [{"address": "192.0.2.1"}]}, headers=h)
    check("after a day it is free again", r.status == 201 and r.get("idempotent-replayed") is None, r)
    h = key()
    r = w.a.call("POST", "/v1/operator/tenants", {"name": "once"}, w.op, headers=h)
    again = w.a.call("POST", "/v1/operator/tenants", {"name": "once"}, w.op, headers=h)
    check("an operator's request, too", r.status == 201 and again.json == r.json and
          again.get("idempotent-replayed") == "true", again)
    for bad in ("", "a b", "x" * 129, "\xe9"):
        r = w.call("POST", "/v1/zones", {}, headers={"Idempotency-Key": bad})
        check("the key %r is refused" % bad[:9], problem(r, 400, "bad-request"), r)
    # Bounded: by number and by age.
    w.db.sql("INSERT INTO idempotency_key (tenant_id, key, digest, status, body, created_at)"
             " SELECT '%s', 'fill' || n, '0123456789abcdef', 201, '{}', now() - (n > 300)::int * interval '2 days'"
             " FROM generate_series(1, 600) n" % w.tenants[1])
    w.db.sql("SELECT idempotency_prune('%s', 100, 1000000)" % w.tenants[1])
    n = w.db.sql("SELECT count(*) FROM idempotency_key WHERE tenant_id = '%s'" % w.tenants[1])
    check("the oldest go", n == "100", n)
    w.db.sql("SELECT idempotency_prune('%s', 100, 20)" % w.tenants[1])
    n = w.db.sql("SELECT count(*) FROM idempotency_key WHERE tenant_id = '%s'" % w.tenants[1])
    check("the largest go", n == "10", n)


def once_at_a_time(w):
    """Twenty of the same at once: one is made, all others say so."""
    h = key()
    body = {"create": [{"name": "c%d.same.test" % i} for i in range(300)],
            "primaries": [{"address": "192.0.2.1"}]}
    with concurrent.futures.ThreadPoolExecutor(10) as ex:
        rs = list(ex.map(lambda _: w.call("POST", "/v1/zones:batch", body, headers=h, timeout=60), range(20)))
    good = [r for r in rs if r.status == 200]
    check("all are answered with the first answer, or that it is being worked on", good and
          len({t.json.dumps(r.json) for r in good}) == 1 and all(i["status"] == 201 for i in good[0].json["items"]) and
          all(r.status == 200 or problem(r, 409, "in-progress") and r.get("retry-after") for r in rs) and
          sum(r.get("idempotent-replayed") is None for r in good) == 1, [r.status for r in rs])


def dry(w):
    w.zone("dry.test")
    w.call("POST", "/v1/primaries", {"name": "dry", "address": "192.0.2.95"})
    w.call("POST", "/v1/keys", {"name": "dry"})
    tables = "audit", "job", "idempotency_key", "token"
    count = "SELECT " + ", ".join("(SELECT count(*) FROM %s)" % x for x in tables)
    before, counted = w.db.dump(), w.db.sql(count)
    inline = {"name": "dry2.test", "primaries": [{"address": "192.0.2.96"}]}
    for method, path, body, has in (
            ("POST", "/v1/zones", inline, {"name": "dry2.test", "state": "active"}),
            ("PATCH", "/v1/zones/dry.test", {"accept_lower_serial": True}, {"accept_lower_serial": True}),
            ("DELETE", "/v1/zones/dry.test", None, {}),
            ("POST", "/v1/zones:batch", {"create": [inline]}, {}),
            ("POST", "/v1/keys", {"name": "dry2"}, {"name": "dry2", "secret": None}),
            ("PATCH", "/v1/keys/dry", {"name": "dry3"}, {"name": "dry3"}),
            ("DELETE", "/v1/keys/dry", None, {}),
            ("POST", "/v1/primaries", {"name": "dry2", "address": "192.0.2.97"}, {"name": "dry2"}),
            ("PATCH", "/v1/primaries/dry", {"port": 99}, {"port": 99}),
            ("DELETE", "/v1/primaries/dry", None, {}),
            ("POST", "/v1/tokens", {"name": "dry"}, {"name": "dry", "token": None})):
        r = w.call(method, path + "?dry_run=true", body, headers=key() if method == "POST" else {})
        check("%s %s as a dry run" % (method, path), r.status == 200 and r.json["dry_run"] is True and
              all(r.json[k] == v for k, v in has.items()) and r.get("location") is None, r)
    for method, path, body, status in (
            ("POST", "/v1/zones", dict(inline, name="dry.test"), 409), ("POST", "/v1/zones", {"name": "a..b"}, 422),
            ("DELETE", "/v1/zones/none.test", None, 404), ("PATCH", "/v1/primaries/dry", {"port": 0}, 422)):
        r = w.call(method, path + "?dry_run=true", body)
        check("%s %s fails as it would: %d" % (method, path, status), r.status == status and
              "dry_run" not in r.json, r)
    check("nothing was changed", w.db.dump() == before)
    check("nor audited", w.db.sql(count) == counted)
    r = w.call("POST", "/v1/zones?dry_run=yes", inline)
    check("dry_run is true or false", problem(r, 400, "invalid-parameter"), r)
    r = w.call("POST", "/v1/zones/dry.test/refresh?dry_run=true")
    check("not where it would mean nothing", problem(r, 400, "invalid-parameter"), r)
    r = w.call("POST", "/v1/zones?dry_run=false", inline)
    check("dry_run=false does it", r.status == 201, r)


def cursors(w):
    """Pages neither repeat nor hide, whatever comes and goes between them."""
    for i in range(10, 40):
        w.zone("p%02d.pages.test" % i, token=w.U)
    r = w.call("GET", "/v1/zones?limit=7&q=pages.test", token=w.U)
    seen = [z["name"] for z in r.json["items"]]
    first = r.json["next_cursor"]
    cursor = first
    for n in range(20):
        if not cursor:
            break
        w.zone("a%02d.pages.test" % n, token=w.U)
        w.zone("p%02dx.pages.test" % (20 + n), token=w.U)
        w.call("DELETE", "/v1/zones/" + seen[n], token=w.U)
        link = r.get("link")
        check("Link names the next page", link == '</v1/zones?limit=7&q=pages.test&cursor=%s>; rel="next"' % cursor, link)
        r = w.call("GET", link[1:link.index(">")], token=w.U)
        seen += [z["name"] for z in r.json["items"]]
        cursor = r.json["next_cursor"]
    check("each once, in order", seen == sorted(set(seen)), seen)
    check("all that were there all the time", {"p%02d.pages.test" % i for i in range(10, 40)} <= set(seen), seen)
    up = [z["name"] for z in w.call("GET", "/v1/zones?limit=500&sort=name", token=w.U).json["items"]]
    down, link = [], "/v1/zones?sort=-name&limit=9"
    while link:
        r = w.call("GET", link, token=w.U)
        down += [z["name"] for z in r.json["items"]]
        link = r.get("link") and r.get("link")[1:r.get("link").index(">")]
    check("sort=-name is the other way round", len(up) > 30 and down == up[::-1], (len(up), len(down)))
    r = w.call("GET", "/v1/zones?sort=-name&cursor=" + first, token=w.U)
    check("a cursor of the other order is refused", problem(r, 400, "invalid-parameter"), r)
    r = w.call("GET", "/v1/zones?sort=health", token=w.U)
    check("other orders are refused", problem(r, 400, "invalid-parameter"), r)
    for what, path, token in (("a list of another kind", "/v1/keys?cursor=", w.U),
                              ("another tenant", "/v1/zones?cursor=", w.T)):
        r = w.call("GET", path + first, token=token)
        check("a cursor is of no use to " + what, problem(r, 400, "invalid-parameter"), r)
    for i in (0, 20, len(first) - 1):
        bad = first[:i] + ("0" if first[i] != "0" else "1") + first[i + 1:]
        r = w.call("GET", "/v1/zones?cursor=" + bad, token=w.U)
        check("a cursor with another digit %d is refused" % i, problem(r, 400, "invalid-parameter") and
              "cursor" in r.json["detail"], r)


def rates(w):
    r = w.call("GET", "/v1/me")
    check("what may be sent is told", r.get("ratelimit-policy") == '"token";q=6000;w=60' and
          (r.get("ratelimit") or "").startswith('"token";r='), r.headers)
    r = w.call("GET", "/v1/zones/none.test")
    check("with errors, too", r.status == 404 and r.get("ratelimit"), r.headers)
    a = t.Apid(w.db, api="threads = 2 rate_per_minute = 20 rate_anonymous_per_minute = 5")
    subprocess.check_call(["cp", "-p", w.a.dir + "/pepper", a.dir + "/pepper"])
    a.start()
    try:
        rs = [a.call("GET", "/v1/me", token=w.T) for _ in range(30)]
        n = sum(r.status == 200 for r in rs)
        check("a token has its number of requests", 20 <= n < 30 and problem(rs[-1], 429, "rate-limited") and
              1 <= int(rs[-1].get("retry-after")) <= 60 and rs[-1].get("ratelimit").startswith('"token";r=0;') and
              [r.status for r in rs[:20]] == [200] * 20, [r.status for r in rs])
        r = a.call("GET", "/v1/me", token=w.U)
        check("another one its own", r.status == 200, r)
        rs = [a.call("GET", "/v1/me", token=other()) for _ in range(12)]
        check("guesses are held back by address", [r.status for r in rs[:5]] == [401] * 5 and
              problem(rs[-1], 429, "rate-limited") and rs[-1].get("ratelimit-policy") == '"address";q=5;w=60', [r.status for r in rs])
        check("a good token is not", a.call("GET", "/v1/me", token=w.U).status == 200)
        check("nor is a look whether it lives", all(a.call("GET", "/healthz").status == 200 for _ in range(30)))
    finally:
        a.stop()
        a.remove()


def other():
    """The right form and checksum, but nobody's."""
    from hashlib import blake2b
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    text = "us_t_" + "".join(alphabet[b & 31] for b in os.urandom(52))
    bits = int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big") >> (128 - 30)
    return text + "".join(alphabet[bits >> (25 - 5 * i) & 31] for i in range(6))
