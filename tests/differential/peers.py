"""BIND, NSD, Knot and PowerDNS from Debian as secondaries of primary.py."""

import os
import sqlite3
import subprocess

from lib import primaries
from lib.primaries import soa_serial
from lib.proc import Proc, free_port


class Secondary:
    kind = "?"

    def __init__(self, workdir, apexes, primary):
        self.dir = os.path.join(workdir, self.kind)
        os.makedirs(self.dir)
        self.apexes = list(apexes)
        self.primary = primary
        self.port = free_port()
        self.proc = None

    @staticmethod
    def refuses(zone):
        """Is it known not to take this content?"""
        return False

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def start(self):
        self.configure()
        self.proc = Proc(self.argv(), os.path.join(self.dir, "log"),
                         cwd=self.dir)
        return self

    def missing(self):
        """The zones that are not served (yet)."""
        return [a for a in self.apexes
                if soa_serial(a, self.port, timeout=1) is None]

    def stop(self):
        if self.proc:
            self.proc.stop()
            self.proc = None


class Bind(Secondary):
    kind = "bind"

    def configure(self):
        limits = "max-records-per-type 0; max-types-per-name 0; " \
            if primaries.Bind.has_type_limits() else ""
        zones = "".join(
            f'zone "{a}" {{ type secondary; masterfile-format raw; '
            f"primaries {{ 127.0.0.1 port {self.primary}; }}; "
            f"request-ixfr no; notify no; check-names ignore; "
            f"zone-statistics none; }};\n" for a in self.apexes)
        self.write("named.conf", f"""controls {{ }};
options {{ directory "{self.dir}"; listen-on port {self.port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }}; recursion no; transfers-in 100;
 transfers-per-ns 50; serial-query-rate 500; minimal-responses no;
 pid-file "{self.dir}/named.pid"; session-keyfile "{self.dir}/session.key";
 dnssec-validation no; max-udp-size 4096; {limits}}};
{zones}""")

    def argv(self):
        return ["named", "-g", "-n", "1", "-c",
                os.path.join(self.dir, "named.conf")]


class Nsd(Secondary):
    kind = "nsd"

    def configure(self):
        zones = "".join(
            f'zone:\n  name: "{a}"\n  zonefile: ""\n'
            f"  request-xfr: AXFR 127.0.0.1@{self.primary} NOKEY\n"
            for a in self.apexes)
        self.write("nsd.conf", f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.dir}"
  database: ""
  pidfile: "{self.dir}/nsd.pid"
  xfrdfile: "{self.dir}/xfrd.state"
  xfrdir: "{self.dir}"
  zonelistfile: "{self.dir}/zone.list"
  cookie-secret-file: ""
  server-count: 1
  xfrd-reload-timeout: 0
  zonefiles-write: 0
  rrl-ratelimit: 0
  minimal-responses: no
  round-robin: no
  ipv4-edns-size: 4096
remote-control:
  control-enable: no
{zones}""")

    def argv(self):
        return ["nsd", "-d", "-c", os.path.join(self.dir, "nsd.conf")]


class Knot(Secondary):
    kind = "knot"

    @staticmethod
    def refuses(zone):
        """Names below a DNAME."""
        dnames = [n for n in zone.nodes if zone.get_rdataset(n, "DNAME")]
        return any(n != d and n.is_subdomain(d)
                   for d in dnames for n in zone.nodes)

    def configure(self):
        zones = "".join(
            f'  - domain: "{a}"\n    master: primary\n'
            f"    zonefile-sync: -1\n    zonefile-load: none\n"
            f"    journal-content: none\n    semantic-checks: off\n"
            for a in self.apexes)
        self.write("knot.conf", f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.dir}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 4096
database:
    storage: {self.dir}
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
    catalog-db-max-size: 16M
log:
  - target: stderr
    any: info
remote:
  - id: primary
    address: 127.0.0.1@{self.primary}
zone:
{zones}""")

    def argv(self):
        return ["knotd", "-c", os.path.join(self.dir, "knot.conf")]


class PowerDns(Secondary):
    kind = "pdns"

    @staticmethod
    def refuses(zone):
        """Empty rdata (4.7 cannot read that from a message)."""
        return any(rds.rdtype >= 65280 and any(not rd.data for rd in rds)
                   for node in zone.nodes.values() for rds in node.rdatasets)

    def configure(self):
        os.makedirs(os.path.join(self.dir, "sock"))
        db = os.path.join(self.dir, "pdns.sqlite3")
        schema = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql"
        if not os.path.exists(schema):
            schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
        con = sqlite3.connect(db)
        with open(schema) as f:
            con.executescript(f.read())
        con.executemany(
            "INSERT INTO domains (name, master, type) VALUES (?, ?, 'SLAVE')",
            [(a.rstrip(".").lower(), f"127.0.0.1:{self.primary}")
             for a in self.apexes])
        con.commit()
        con.execute("PRAGMA journal_mode=WAL")
        con.close()
        self.write("pdns.conf", f"""launch=gsqlite3
gsqlite3-database={db}
gsqlite3-dnssec=yes
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.dir}/sock
daemon=no
guardian=no
slave=yes
slave-cycle-interval=1
retrieval-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
max-nsec3-iterations=500
dname-processing=yes
expand-alias=no
edns-subnet-processing=no
udp-truncation-threshold=4096
""")

    def argv(self):
        return ["pdns_server", "--config-dir=" + self.dir]


ALL = (Bind, Nsd, Knot, PowerDns)


def versions():
    """What is compared with, for the reader of a report."""
    out = []
    for cmd in (["named", "-v"], ["nsd", "-v"], ["knotd", "-V"],
                ["pdns_server", "--version"]):
        p = subprocess.run(cmd, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        out.append(p.stdout.splitlines()[0] if p.stdout else cmd[0])
    return out
