"""Checks, the setup guide, events and statistics: what apid makes of them.

What a check finds is shown by tests/diagnosis, with a running xferd.
"""
import json
import os
import re
import subprocess
import tempfile
import threading

import apitest as t
from apitest import check, problem, pointers

NAME = "checks.test"


def part_checks(w):
    z = w.call("POST", "/v1/zones", {"name": NAME, "primaries": [
        {"address": "192.0.2.71"}, {"address": "192.0.2.72"}]}).json
    base = "/v1/zones/" + NAME
    limits(w, z, base)
    preflights(w)
    reading(w, base)
    setup(w, z, base)
    events(w, z, base)


def forget(w):
    w.db.sql("DELETE FROM diagnosis; DELETE FROM diagnosis_destination")


def limits(w, z, base):
    forget(w)
    r = w.call("POST", base + "/check")
    check("a check is accepted", r.status == 202 and r.json["state"] == "queued" and
          r.json["kind"] == "check" and r.json["zone"] == z["id"] and r.json["steps"] == [] and
          r.get("location") == "/v1/checks/" + r.json["id"], r)
    again = w.call("POST", base + "/check")
    check("asking again returns the one under way", again.status == 202 and
          again.json["id"] == r.json["id"], again)
    jobs = w.db.sql("SELECT kind, payload->>'diagnosis' FROM job WHERE zone_id = '%s' AND "
                    "kind = 'check'" % z["id"])
    check("xferd has one job for it", jobs == "check|" + r.json["id"], jobs)
    w.db.sql("UPDATE diagnosis SET state = 'done', finished_at = now()")
    r = w.call("POST", base + "/check")
    check("the same destination waits", problem(r, 429, "too-many-requests") and
          "192.0.2.71" in r.json["detail"] and 1 <= int(r.get("retry-after")) <= 10, r)
    check("and nothing was stored", w.db.sql("SELECT count(*) FROM diagnosis") == "1")
    r = w.call("POST", "/v1/preflight", {"name": "a.test", "primaries": [
        {"address": "192.0.2.72"}]}, token=w.U)
    check("for other accounts, too", problem(r, 429, "too-many-requests") and
          "192.0.2.72" in r.json["detail"] and r.get("retry-after"), r)
    r = w.call("POST", "/v1/preflight", {"name": "a.test", "primaries": [
        {"address": "192.0.2.72", "port": 853}]}, token=w.U)
    check("another port is another destination", r.status == 202, r)
    w.db.sql("UPDATE diagnosis_destination SET at = at - interval '10 seconds'")
    r = w.call("POST", base + "/check")
    check("until ten seconds have passed", r.status == 202, r)
    w.db.sql("UPDATE diagnosis SET created_at = now() - interval '6 minutes' WHERE state = 'queued'")
    r = w.call("GET", "/v1/checks/" + r.json["id"])
    check("one that nobody works on is not waited for", r.json["state"] == "failed", r)

    forget(w)
    got = []
    def ask(i):
        got.append(w.call("POST", "/v1/preflight", {"name": "n%d.test" % i, "primaries": [
            {"address": "198.51.100.%d" % i}]}))
    threads = [threading.Thread(target=ask, args=(i + 1,)) for i in range(14)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    codes = sorted(r.status for r in got)
    check("ten a minute, also at once", codes == [202] * 10 + [429] * 4, codes)
    r = next(r for r in got if r.status == 429)
    check("which limit it was is said", "account" in r.json["detail"] and
          1 <= int(r.get("retry-after")) <= 60, r)
    r = w.call("POST", "/v1/preflight", {"name": "a.test", "primaries": [
        {"address": "198.51.100.200"}]}, token=w.U)
    check("another account is not limited by that", r.status == 202, r)
    w.db.sql("UPDATE diagnosis SET created_at = created_at - interval '1 minute'")
    r = w.call("POST", "/v1/preflight", {"name": "n.test", "primaries": [{"address": "198.51.100.99"}]})
    check("after a minute there is room again", r.status == 202, r)

    forget(w)
    w.db.sql("INSERT INTO diagnosis (tenant_id, kind, name, apex, primaries, created_at) SELECT '%s',"
             " 'preflight', 'x', '\\x00', '[]', now() - i * interval '1 hour' FROM generate_series(1, 120) i"
             % w.tenants[0])
    r = w.call("POST", "/v1/preflight", {"name": "n.test", "primaries": [{"address": "198.51.100.98"}]})
    check("the last hundred are kept", w.db.sql("SELECT count(*), min(created_at) > now() - "
          "interval '100 hours' FROM diagnosis") == "100|t")


def preflights(w):
    forget(w)
    key = w.call("POST", "/v1/keys", {"name": "checks-key"}).json
    prim = w.call("POST", "/v1/primaries", {"name": "checks", "address": "192.0.2.73"}).json
    before = w.db.sql("SELECT count(*) FROM zone; SELECT count(*) FROM primary_server")
    r = w.call("POST", "/v1/preflight", {"name": "New.Test.", "primaries": [
        {"address": "192.0.2.74", "port": 5353, "key": "checks-key"}, "checks",
        {"address": "2001:db8::7", "transport": "tls"}]})
    check("a preflight is accepted", r.status == 202 and r.json["kind"] == "preflight" and
          r.json["name"] == "new.test" and r.json["zone"] is None, r)
    check("nothing of the zone is stored", w.db.sql(
        "SELECT count(*) FROM zone; SELECT count(*) FROM primary_server") == before)
    told = json.loads(w.db.sql("SELECT primaries FROM diagnosis WHERE id = '%s'" % r.json["id"]))
    check("xferd is told whom to ask", told == [
        {"address": "192.0.2.74", "port": 5353, "transport": "tcp", "key": key["id"]},
        {"id": prim["id"]}, {"address": "2001:db8::7", "port": 853, "transport": "tls"}], told)
    ok = [{"address": "192.0.2.75"}]
    for what, body, where in (
            ("no name", {"primaries": ok}, "/name"),
            ("a bad name", {"name": "a..b", "primaries": ok}, "/name"),
            ("no primaries", {"name": "a.test"}, "/primaries"),
            ("an empty list", {"name": "a.test", "primaries": []}, "/primaries"),
            ("too many", {"name": "a.test", "primaries": ok * 9}, "/primaries"),
            ("a host name", {"name": "a.test", "primaries": [{"address": "ns.a.test"}]},
             "/primaries/0/address"),
            ("an unknown primary", {"name": "a.test", "primaries": ["nobody"]}, "/primaries/0"),
            ("an unknown key", {"name": "a.test", "primaries": [
                {"address": "192.0.2.75", "key": "nobody"}]}, "/primaries/0/key"),
            ("an unknown member", {"name": "a.test", "primaries": ok, "x": 1}, "/x")):
        r = w.call("POST", "/v1/preflight", body)
        check("preflight with %s" % what, r.status == 422 and pointers(r)[0][0] == where, r)
    r = w.a.call("POST", "/v1/preflight", {"name": "a.test", "primaries": ["checks"]}, token=w.U)
    check("another's primary is not found", r.status == 422 and
          pointers(r)[0] == ("/primaries/0", "not-found"), r)


def reading(w, base):
    forget(w)
    made = w.call("POST", base + "/check").json
    path = "/v1/checks/" + made["id"]
    r = w.call("GET", path)
    check("a check is read", r.status == 200 and r.json == made, r)
    check("not by others", problem(w.a.call("GET", path, token=w.U), 404, "not-found"))
    for bad in ("nothing", made["id"][:-1]):
        check("no such check", problem(w.call("GET", "/v1/checks/" + bad), 404, "not-found"))
    for bad in ("x", "301", "-1", ""):
        check("wait=%s" % bad, problem(w.call("GET", path + "?wait=" + bad), 400, "invalid-parameter"))
    step = {"id": "udp", "verdict": "pass", "evidence": {"text": "t"}, "advice": []}
    w.db.sql("UPDATE diagnosis SET state = 'running', steps = '[%s]' WHERE id = '%s'"
             % (json.dumps(step), made["id"]))
    r = w.call("GET", path)
    check("partial results are seen", r.json["state"] == "running" and r.json["steps"] == [step] and
          r.json["finished_at"] is None, r)
    got = []
    waiting = threading.Thread(target=lambda: got.append(w.call("GET", path + "?wait=30")))
    waiting.start()
    w.db.sql("UPDATE diagnosis SET state = 'done', finished_at = now() WHERE id = '%s'; "
             "SELECT pg_notify('understudy_edge', '')" % made["id"])
    waiting.join()
    check("waiting ends with the check", got[0].json["state"] == "done" and
          got[0].json["finished_at"], got[0])


def setup(w, z, base):
    r = w.call("GET", base + "/setup")
    s = r.json
    check("a setup guide", r.status == 200 and s["name"] == NAME and s["key"] is None and
          [c["server"] for c in s["configurations"]] ==
          ["bind", "nsd", "knot", "powerdns", "cpanel", "generic"], r)
    text = {c["server"]: c["text"] for c in s["configurations"]}
    sources = w.call("GET", "/v1/nameservers").json
    check("with our addresses", s["transfer_sources"] == sources["transfer_sources"] and
          s["notify_targets"] == sources["notify_targets"] and s["transfer_sources"] and
          all(a in text["bind"] and a in text["cpanel"] for a in s["transfer_sources"]), s)
    check("cPanel's is marked as not tested", "/etc/nameserverips" in text["cpanel"] and
          [c["tested"] for c in s["configurations"]] == [True] * 4 + [False] * 2)
    names = [n["name"] for n in s["registrar"]["nameservers"]]
    check("and what the registrar needs", names == w.call("GET", base).json["nameservers"] and
          s["registrar"]["records"] == "".join("%s. 86400 IN NS %s.\n" % (NAME, n) for n in names), s)
    k = w.call("POST", "/v1/keys", {"name": "setup-key", "algorithm": "hmac-sha512"}).json
    r = w.call("GET", base + "/setup?key=setup-key")
    text = {c["server"]: c["text"] for c in r.json["configurations"]}
    check("with a key, without its secret", r.json["key"]["name"] == "setup-key" and
          "algorithm hmac-sha512;" in text["bind"] and k["secret"] not in r.text and
          all(r.json["key"]["secret_placeholder"] in text[s] for s in ("bind", "nsd", "knot", "powerdns")), r)
    accepted(text, k["secret"])
    check("an unknown key", problem(w.call("GET", base + "/setup?key=nobody"), 400, "invalid-parameter"))
    check("another's key", problem(w.a.call("GET", base + "/setup?key=setup-key", token=w.U), 404, "not-found"))


def accepted(text, secret):
    """The servers' own checkers read what is there to copy."""
    with tempfile.TemporaryDirectory() as d:
        for server, argv in (("bind", ["named-checkconf"]), ("nsd", ["nsd-checkconf"]),
                             ("knot", [])):
            path = os.path.join(d, server)
            with open(path, "w") as f:
                f.write(text[server].replace("PUT-THE-SECRET-HERE", secret))
            if server == "knot":
                argv = ["knotc", "-c", path, "conf-check"]
            else:
                argv = argv + [path]
            r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            check("%s accepts its lines" % server, r.returncode == 0, r.stdout.decode())
            with open(path, "w") as f:
                f.write(text[server])
            r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            check("%s does not take the place holder for a secret" % server, r.returncode != 0)


def events(w, z, base):
    w.db.sql("INSERT INTO zone_event (zone_id, tenant_id, kind, message) SELECT '%s', '%s',"
             " 'kind-' || i %% 2, 'message ' || i FROM generate_series(1, 5) i" % (z["id"], w.tenants[0]))
    r = w.call("GET", "/v1/events?limit=3")
    check("all events", [e["message"] for e in r.json["items"]] == ["message 5", "message 4", "message 3"] and
          r.json["items"][0]["zone"] == {"id": z["id"], "name": NAME} and r.json["next_cursor"], r)
    r = w.call("GET", "/v1/events?limit=3&cursor=" + r.json["next_cursor"])
    check("the rest of them", [e["message"] for e in r.json["items"]][:2] == ["message 2", "message 1"], r)
    r = w.call("GET", "/v1/events?kind=kind-0")
    check("of a kind", [e["message"] for e in r.json["items"]] == ["message 4", "message 2"], r)
    check("not others'", w.a.call("GET", "/v1/events", token=w.U).json["items"] == [])
    w.db.sql("INSERT INTO edge (name, epoch, applied_xmin, counters) VALUES ('checks', 1, '3',"
             " '{\"busiest\": [{\"zone_id\": \"%s\", \"answers\": 12, \"nxdomain\": 3}]}')" % z["id"])
    r = w.call("GET", base + "/stats")
    check("statistics of a busy zone", r.status == 200 and r.json["answers"] == 12 and
          r.json["nxdomain"] == 3 and {e["name"]: e["answers"] for e in r.json["edges"]}["checks"] == 12, r)
    w.db.sql("DELETE FROM edge WHERE name = 'checks'")
    r = w.call("GET", base + "/stats")
    check("of a quiet one nothing is known", r.json["answers"] is None and
          re.search("not among", r.json["text"]), r)
