"""Real primaries from Debian: BIND, NSD, Knot, PowerDNS, on loopback.

One interface for all: start(), stop(), publish(zone, text), each changing a
zone the way its operators really do (rndc, nsd-control, knotc, pdnsutil).
"""

import os
import shutil
import sqlite3
import subprocess
import time

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from .proc import Proc, free_port, wait_for

KEY_NAME = "transfer-key."
KEY_SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
ANY_ADDRESS = "127.0.0.1"


def soa_serial(zone, port, address=ANY_ADDRESS, timeout=2.0):
    q = dns.message.make_query(zone, "SOA")
    try:
        r = dns.query.udp(q, address, port=port, timeout=timeout)
    except dns.exception.DNSException:
        return None
    for rrset in r.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


class Primary:
    """Common part.  zones: {name: text}; notify: list of (address, port)."""

    kind = "?"
    offers_ixfr = False

    def __init__(self, workdir, zones, notify=(), tsig=False, port=None,
                 allow=True):
        self.dir = os.path.join(workdir, f"{self.kind}-{free_port()}")
        os.makedirs(self.dir)
        self.zones = dict(zones)
        self.notify = list(notify)
        self.tsig = tsig
        self.allow = allow
        self.port = port or free_port()
        self.proc = None
        for name, text in self.zones.items():
            self.write(name, text)

    def path(self, name):
        return os.path.join(self.dir, name + ".zone")

    def write(self, name, text):
        self.zones[name] = text
        tmp = self.path(name) + ".new"
        with open(tmp, "w") as f:
            f.write(text)
        os.replace(tmp, self.path(name))
        now = time.time() + 1
        os.utime(self.path(name), (now, now))

    def start(self):
        self.configure()
        self.proc = Proc(self.argv(), os.path.join(self.dir, "log"),
                         cwd=self.dir)
        self.wait_up()
        return self

    def wait_up(self):
        for name in self.zones:
            try:
                wait_for(f"{self.kind} to serve {name}",
                         lambda: soa_serial(name, self.port, timeout=0.5)
                         is not None, 30)
            except AssertionError as e:
                raise AssertionError(f"{e}\n{self.proc.tail()}") from None

    def stop(self):
        if self.proc:
            self.proc.stop()
            self.proc = None

    def publish(self, name, text):
        """Change the zone and make the primary notice and NOTIFY."""
        self.write(name, text)
        self.reload(name)

    def run(self, *argv, check=True):
        r = subprocess.run(argv, cwd=self.dir, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=30)
        if check and r.returncode:
            raise AssertionError(
                f"{' '.join(argv)}: exit {r.returncode}: "
                + r.stdout.decode("utf-8", "replace"))
        return r.stdout.decode("utf-8", "replace")


class Bind(Primary):
    kind = "bind"
    offers_ixfr = True

    def configure_files(self):
        """A zone edited while named was down does not fit its journal."""
        for n in self.zones:
            if os.path.exists(self.path(n) + ".jnl"):
                os.unlink(self.path(n) + ".jnl")

    def configure(self):
        self.configure_files()
        self.ctl = free_port()
        key = (f'key "{KEY_NAME}" {{ algorithm hmac-sha256; '
               f'secret "{KEY_SECRET}"; }};')
        allow = f'key "{KEY_NAME}";' if self.tsig else "127.0.0.0/8;"
        if not self.allow:
            allow = "none;"
        k = f' key "{KEY_NAME}"' if self.tsig else ""
        also = "".join(f"{a} port {p}{k}; " for a, p in self.notify)
        zones = "".join(
            f'zone "{n}" {{ type primary; file "{self.path(n)}"; '
            f"ixfr-from-differences yes; check-names ignore; "
            f"check-mx ignore; check-integrity no; "
            f"notify {'explicit' if also else 'no'}; "
            f"also-notify {{ {also}}}; }};\n" for n in self.zones)
        with open(os.path.join(self.dir, "rndc.key"), "w") as f:
            f.write('key "rndc" { algorithm hmac-sha256; '
                    f'secret "{KEY_SECRET}"; }};\n'
                    f"options {{ default-key rndc; default-server 127.0.0.1; "
                    f"default-port {self.ctl}; }};\n")
        with open(os.path.join(self.dir, "named.conf"), "w") as f:
            f.write(f"""{key}
key "rndc" {{ algorithm hmac-sha256; secret "{KEY_SECRET}"; }};
controls {{ inet 127.0.0.1 port {self.ctl} allow {{ 127.0.0.1; }} keys {{ rndc; }}; }};
options {{ directory "{self.dir}"; listen-on port {self.port} {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }}; recursion no; allow-transfer {{ {allow} }};
 pid-file "{self.dir}/named.pid"; session-keyfile "{self.dir}/session.key";
 dnssec-validation no; notify-delay 0; startup-notify-rate 200;
 notify-rate 200; max-records-per-type 0; max-types-per-name 0; }};
{zones}""".replace(" max-records-per-type 0; max-types-per-name 0;",
                   " max-records-per-type 0; max-types-per-name 0;"
                   if self.has_type_limits() else ""))

    @staticmethod
    def has_type_limits():
        v = subprocess.run(["named", "-v"], stdout=subprocess.PIPE).stdout
        try:
            return int(v.split()[1].split(b".")[2].split(b"-")[0]) >= 28
        except (IndexError, ValueError):
            return False

    def argv(self):
        return ["named", "-g", "-n", "1", "-c",
                os.path.join(self.dir, "named.conf")]

    def reload(self, name):
        self.run("rndc", "-c", os.path.join(self.dir, "rndc.key"), "reload",
                 name)


class Nsd(Primary):
    kind = "nsd"
    offers_ixfr = True

    def configure(self):
        key = KEY_NAME.rstrip(".") if self.tsig else "NOKEY"
        n = "".join(f"  notify: {a}@{p} {key}\n" for a, p in self.notify)
        allow = f"  provide-xfr: 127.0.0.0/8 {key}\n" if self.allow else ""
        zones = "".join(
            f'zone:\n  name: "{z}"\n  zonefile: "{self.path(z)}"\n{allow}{n}'
            f"  store-ixfr: yes\n  create-ixfr: yes\n" for z in self.zones)
        with open(os.path.join(self.dir, "nsd.conf"), "w") as f:
            f.write(f"""server:
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
  verbosity: 2
  xfrd-reload-timeout: 0
remote-control:
  control-enable: yes
  control-interface: "{self.dir}/ctl"
key:
  name: "{KEY_NAME.rstrip('.')}"
  algorithm: hmac-sha256
  secret: "{KEY_SECRET}"
{zones}""")

    def argv(self):
        return ["nsd", "-d", "-c", os.path.join(self.dir, "nsd.conf")]

    def reload(self, name):
        self.run("nsd-control", "-c", os.path.join(self.dir, "nsd.conf"),
                 "reload", name)


class Knot(Primary):
    kind = "knot"
    offers_ixfr = True

    def configure(self):
        k = f"    key: {KEY_NAME}\n" if self.tsig else ""
        remotes = "".join(f"  - id: r{i}\n    address: {a}@{p}\n{k}"
                          for i, (a, p) in enumerate(self.notify))
        ids = ", ".join(f"r{i}" for i in range(len(self.notify)))
        acl = "acl:\n  - id: xfr\n    address: 127.0.0.0/8\n" \
              f"    action: {'transfer' if self.allow else 'notify'}\n{k}"
        notify = f"    notify: [{ids}]\n" if ids else ""
        zones = "".join(
            f"  - domain: {z}\n    file: {self.path(z)}\n    acl: xfr\n"
            f"    zonefile-load: difference\n    zonefile-sync: -1\n"
            f"    journal-content: changes\n    semantic-checks: off\n"
            + notify for z in self.zones)
        with open(os.path.join(self.dir, "knot.conf"), "w") as f:
            f.write(f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.dir}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {self.dir}
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
    catalog-db-max-size: 16M
log:
  - target: stderr
    any: info
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {KEY_SECRET}
{"remote:" if remotes else ""}
{remotes}{acl}zone:
{zones}""")

    def argv(self):
        return ["knotd", "-c", os.path.join(self.dir, "knot.conf")]

    def reload(self, name):
        self.run("knotc", "-c", os.path.join(self.dir, "knot.conf"),
                 "zone-reload", name)


class PowerDns(Primary):
    kind = "pdns"
    offers_ixfr = False         # answers IXFR with a full AXFR

    def configure(self):
        os.makedirs(os.path.join(self.dir, "sock"), exist_ok=True)
        db = os.path.join(self.dir, "pdns.sqlite3")
        also = ",".join(f"{a}:{p}" for a, p in self.notify)
        fresh = not os.path.exists(db)
        with open(os.path.join(self.dir, "pdns.conf"), "w") as f:
            f.write(f"""launch=gsqlite3
gsqlite3-database={db}
gsqlite3-dnssec=yes
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.dir}/sock
daemon=no
guardian=no
master=yes
disable-axfr={"no" if self.allow else "yes"}
allow-axfr-ips=127.0.0.0/8
only-notify=
also-notify={also}
slave-cycle-interval=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
send-signed-notify={"yes" if self.tsig else "no"}
default-soa-edit=
""")
        if not fresh:
            return
        schema = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql"
        if not os.path.exists(schema):
            schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
        con = sqlite3.connect(db)
        with open(schema) as f:
            con.executescript(f.read())
        con.close()
        for z in self.zones:
            self.load(z)
        if self.tsig:
            self.pdnsutil("import-tsig-key", KEY_NAME.rstrip("."),
                          "hmac-sha256", KEY_SECRET)
            for z in self.zones:
                self.pdnsutil("activate-tsig-key", z, KEY_NAME.rstrip("."),
                              "primary")

    def pdnsutil(self, *argv):
        return self.run("pdnsutil", "--config-dir=" + self.dir, *argv)

    def load(self, name):
        self.pdnsutil("load-zone", name, self.path(name))
        self.pdnsutil("set-kind", name, "master")
        if "RRSIG" in self.zones[name]:
            self.pdnsutil("set-presigned", name)

    def argv(self):
        return ["pdns_server", "--config-dir=" + self.dir]

    def reload(self, name):
        self.load(name)
        self.run("pdns_control", "--config-dir=" + self.dir, "purge",
                 name + "$", check=False)
        if self.notify:
            self.run("pdns_control", "--config-dir=" + self.dir, "notify",
                     name)


ALL = (Bind, Nsd, Knot, PowerDns)


def missing():
    need = ["named", "nsd", "knotd", "pdns_server", "pdnsutil", "rndc",
            "nsd-control", "knotc", "dnssec-signzone"]
    return [p for p in need if not shutil.which(p)]
