"""The REST API under 200 keep-alive clients, beside PowerDNS's.

Each has the same zones in its PostgreSQL, none of which is transferred while
we measure.  wrk is the client, on the same two cores as everything else, so
the time of the processors a request is the figure to look at.  PowerDNS has no
pages of zones: its list is all of them, so it is asked with few clients.
"""

import json
import os
import re
import subprocess
import urllib.request

from servers import PowerDnsPg, cpu, tree
from measure import table
from lib.proc import Proc, free_port, wait_for
from lib.understudy import Understudy

CLIENTS, SECONDS = 200, 12


def name(i):
    return f"z{i:06d}.bench.test"


class Ours:
    name = "understudy"

    def __init__(self, n):
        self.u = Understudy("--set", "limits.zones_per_tenant=10000000",
                            "--set", "api.connections_max=2000",
                            "--set", "api.connections_per_ip_max=2000",
                            "--set", "api.rate_per_minute=0")
        self.u.sql("insert into primary_server (tenant_id, name, address) "
                   "select id, 'bench', '127.0.0.9' from tenant where name = "
                   "'demo'")
        self.u.sql(
            "insert into zone (tenant_id, name, apex, state) select t.id, n, "
            "decode('07', 'hex') || convert_to(split_part(n, '.', 1), "
            "'UTF8') || decode('0562656e6368047465737400', 'hex'), 'active' "
            "from tenant t, (select 'z' || lpad(i::text, 6, '0') || "
            f"'.bench.test' as n from generate_series(0, {n - 1}) i) z where "
            "t.name = 'demo'; insert into zone_primary (zone_id, tenant_id, "
            "ordinal, primary_id) select z.id, z.tenant_id, 0, p.id from "
            "zone z join primary_server p on p.tenant_id = z.tenant_id and "
            "p.name = 'bench'; update zone_timer set due_at = now() + "
            "interval '30 days', lease_owner = null, lease_until = null")
        self.u.sql("analyze")
        self.base = self.u.info["api"]
        self.header = "Authorization: Bearer " + self.u.info["tenant_token"]
        self.primary = self.u.api.get("/v1/primaries")["items"][0]["id"]

    def parts(self):
        p = self.u.pids()
        return {"daemon": tree(p["apid"]), "database": tree(p["postgres"])}

    def list(self):
        return "/v1/zones?limit=50"

    def zone(self):
        return "/v1/zones/%s"

    def new(self):
        return "/v1/zones", {"name": "%s", "primaries": [self.primary]}

    def stop(self):
        self.u.stop()


class PowerDns(PowerDnsPg):
    name = "powerdns"

    def __init__(self, work, n):
        super().__init__(work, [])
        self.n, self.web = n, free_port()

    def configure(self):
        super().configure()
        self.psql("insert into domains (name, type) select 'z' || "
                  "lpad(i::text, 6, '0') || '.bench.test', 'NATIVE' from "
                  f"generate_series(0, {self.n - 1}) i; analyze")
        with open(os.path.join(self.dir, "pdns.conf"), "a") as f:
            f.write(f"""webserver=yes
api=yes
api-key=bench
webserver-address=127.0.0.1
webserver-port={self.web}
webserver-allow-from=127.0.0.0/8
webserver-loglevel=none
slave-cycle-interval=86400
""")

    def start(self):
        self.configure()
        self.proc = Proc(self.argv(), os.path.join(self.dir, "log"),
                         cwd=self.dir)
        self.base = f"http://127.0.0.1:{self.web}"
        self.header = "X-API-Key: bench"
        wait_for("its API", lambda: get(self, self.zone() % name(0)), 120)
        return self

    def parts(self):
        backend = int(self.psql("select pg_backend_pid()"))
        with open(os.path.join(self.psql("show data_directory"),
                               "postmaster.pid")) as f:
            postmaster = int(f.readline())
        assert backend
        return {"daemon": self.pids(), "database": tree(postmaster)}

    def list(self):
        return "/api/v1/servers/localhost/zones?dnssec=false"

    def zone(self):
        return "/api/v1/servers/localhost/zones/%s.?rrsets=false"

    def new(self):
        return "/api/v1/servers/localhost/zones", {
            "name": "%s.", "kind": "Slave", "masters": ["127.0.0.9"]}


def get(s, path):
    key, value = s.header.split(": ", 1)
    return urllib.request.urlopen(urllib.request.Request(
        s.base + path, headers={key: value}), timeout=30).read()


def script(path, s, what, n, round_):
    """What wrk asks for, in Lua."""
    key, value = s.header.split(": ", 1)
    lines = [f'wrk.headers["{key}"] = "{value}"',
             'wrk.headers["Content-Type"] = "application/json"', "n = 0"]
    if what == "list":
        lines.append(f'request = function() return wrk.format("GET", '
                     f'"{s.list()}") end')
    elif what == "get":
        lines.append("request = function() n = (n + 7919) %% %d\n return "
                     'wrk.format("GET", string.format("%s", string.format('
                     '"z%%06d.bench.test", n))) end' % (n, s.zone()))
    else:
        where, body = s.new()
        text = json.dumps(body).replace('"', '\\"')
        lines.append('request = function() n = n + 1\n return wrk.format('
                     '"POST", "%s", nil, string.format("%s", "new%d-" .. n .. '
                     '".bench.test")) end' % (where, text, round_))
    lines.append('''done = function(summary, latency, requests)
 io.write(string.format("RESULT %d %d %d %.3f %.3f\\n", summary.requests,
  summary.duration, summary.errors.status + summary.errors.connect +
  summary.errors.read + summary.errors.write + summary.errors.timeout,
  latency:percentile(50) / 1000, latency:percentile(99) / 1000)) end''')
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")


def run(work, s, what, n, seconds, clients, round_):
    path = os.path.join(work, "wrk.lua")
    script(path, s, what, n, round_)
    parts = s.parts()
    before = {k: sum(cpu(v)) for k, v in parts.items()}
    out = subprocess.run(
        ["wrk", "-t", "1", "-c", str(clients), "-d", f"{seconds}s",
         "--timeout", "30s", "-s", path, s.base], stdout=subprocess.PIPE,
        check=True, timeout=seconds + 120).stdout.decode()
    after = {k: sum(cpu(v)) for k, v in parts.items()}
    m = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", out)
    requests, duration, errors = (int(x) for x in m.groups()[:3])
    each = {k: 1e6 * (after[k] - before[k]) / max(1, requests)
            for k in parts}
    return [s.name, what, clients, f"{1e6 * requests / duration:.0f}",
            m.group(4), m.group(5), f"{each['daemon']:.0f}",
            f"{each['database']:.0f}", errors]


def api(a, work):
    n = 10000 if a.quick else 100000
    seconds = 4 if a.quick else SECONDS
    ours, live, rows = Ours(n), [], []
    live.append(ours)
    try:
        live.append(PowerDns(work, n).start())
        for what in ("get", "create", "list"):
            for r in range(min(a.rounds, 3)):
                for s in live:
                    whole = what == "list" and s.name == "powerdns"
                    rows.append(run(work, s, what, n, seconds,
                                    4 if whole else CLIENTS, r))
        rows.sort(key=lambda r: (r[1], r[0]))
        table(f"REST API, {n} zones, keep-alive clients, {seconds} s each "
              "round", ["server", "call", "clients", "requests/s",
                        "p50 ms", "p99 ms", "daemon µs/request",
                        "PostgreSQL µs/request", "errors"], rows)
    finally:
        for s in live:
            s.stop()


PARTS = {"api": api}
