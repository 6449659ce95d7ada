"""The servers that are measured side by side, and what they cost."""

import glob
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))

from lib.proc import Proc, free_port, wait_for          # noqa: E402
from lib.primaries import soa_serial                    # noqa: E402
from lib.understudy import ROOT, Understudy             # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
TOOLS = os.path.join(ROOT, "build", "release", "tests", "tools")


def tree(pid):
    """@pid and all its descendants."""
    kids, found, todo = {}, [], [pid]
    for t in os.listdir("/proc"):
        if t.isdigit():
            try:
                with open(f"/proc/{t}/stat") as f:
                    ppid = int(f.read().rsplit(")", 1)[1].split()[1])
                kids.setdefault(ppid, []).append(int(t))
            except (OSError, IndexError):
                pass
    while todo:
        p = todo.pop()
        found.append(p)
        todo += kids.get(p, [])
    return found


def cpu(pids):
    """(user, system) seconds so far of these processes."""
    user = system = 0
    for p in pids:
        try:
            with open(f"/proc/{p}/stat") as f:
                x = f.read().rsplit(")", 1)[1].split()
            user += int(x[11])
            system += int(x[12])
        except OSError:
            pass
    return user / TICK, system / TICK


def memory(pids):
    """MiB: proportional set size, with memfds counted once by their blocks."""
    kib, memfds = 0, {}
    for p in pids:
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                v = {x.split(":")[0]: int(x.split()[1]) for x in f
                     if x.rstrip().endswith("kB")}
            has_memfd = False
            for fd in os.listdir(f"/proc/{p}/fd"):
                link = f"/proc/{p}/fd/{fd}"
                if os.readlink(link).startswith("/memfd:"):
                    st = os.stat(link)
                    memfds[(st.st_dev, st.st_ino)] = st.st_blocks // 2
                    has_memfd = True
            kib += v["Pss"] - (v["Pss_Shmem"] if has_memfd else 0)
        except OSError:
            pass
    return (kib + sum(memfds.values())) / 1024


def pin(pids, core):
    for p in pids:
        subprocess.run(["taskset", "-a", "-p", "-c", str(core), str(p)],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Peer:
    def __init__(self, workdir, zones):
        """zones: list of (name, path)"""
        self.port = free_port()
        self.dir = os.path.join(workdir, f"{self.name}-{self.port}")
        os.makedirs(self.dir)
        self.zones = zones

    def start(self, ready, serial=1, timeout=600):
        self.configure()
        self.proc = Proc(self.argv(), os.path.join(self.dir, "log"),
                         cwd=self.dir)
        wait_for(f"{self.name} to serve {ready}", lambda: soa_serial(
            ready, self.port, timeout=0.5) == serial, timeout)
        return self

    def pids(self):
        return tree(self.proc.pid)

    def workers(self):
        return self.pids()

    def tcp_workers(self):
        return self.pids()

    def peak(self):
        """MiB: the sum of what each process had at most."""
        kib = 0
        for p in self.pids():
            with open(f"/proc/{p}/status") as f:
                kib += sum(int(x.split()[1]) for x in f
                           if x.startswith("VmHWM:"))
        return kib / 1024

    def database_mib(self):
        return None

    def stop(self):
        self.proc.stop(timeout=60)


class Knot(Peer):
    name = "knot"
    primary = None              # port of a primary: run as a secondary
    provide = False             # run as a primary that allows AXFR
    notify = None

    def configure(self):
        remote = acl = ""
        if self.primary:
            remote = f"remote:\n  - id: p\n    address: 127.0.0.1@{self.primary}\n"
            acl = "acl:\n  - id: a\n    address: 127.0.0.0/8\n    action: notify\n"
        if self.provide:
            acl = "acl:\n  - id: a\n    address: 127.0.0.0/8\n    action: transfer\n"
            if self.notify:
                remote = "remote:\n" + "".join(
                    f"  - id: n{i}\n    address: 127.0.0.1@{p}\n"
                    for i, p in enumerate(self.notify))
        with open(os.path.join(self.dir, "knot.conf"), "w") as f:
            f.write(f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.dir}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
    tcp-remote-io-timeout: 60000
database:
    storage: {self.dir}
    journal-db-max-size: 2G
    kasp-db-max-size: 50M
    timer-db-max-size: 100M
    catalog-db-max-size: 50M
{remote}{acl}template:
  - id: default
    semantic-checks: off
    zonefile-load: {"difference" if self.provide else "whole"}
    zonefile-sync: -1
    journal-content: {"changes" if self.provide else "none"}
zone:
""")
            for z, path in self.zones:
                f.write(f"  - domain: {z}\n")
                if path:
                    f.write(f"    file: {path}\n")
                if self.primary:
                    f.write("    master: p\n")
                if acl:
                    f.write("    acl: a\n")
                if self.provide and self.notify:
                    f.write("    notify: [" + ", ".join(
                        f"n{i}" for i in range(len(self.notify))) + "]\n")

    def argv(self):
        return ["knotd", "-c", os.path.join(self.dir, "knot.conf")]

    def control(self, *words):
        subprocess.run(["knotc", "-c", os.path.join(self.dir, "knot.conf"),
                        *words], check=True, stdout=subprocess.DEVNULL)


class Nsd(Peer):
    name = "nsd"
    primary = None
    provide = False

    def configure(self):
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
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: yes
  control-interface: "{self.dir}/ctl"
""")
            for z, path in self.zones:
                f.write(f'zone:\n  name: "{z}"\n')
                f.write(f'  zonefile: "{path or z + ".out"}"\n')
                if self.primary:
                    f.write(f"  request-xfr: 127.0.0.1@{self.primary} NOKEY\n"
                            "  allow-notify: 127.0.0.0/8 NOKEY\n")
                if self.provide:
                    f.write("  provide-xfr: 127.0.0.0/8 NOKEY\n")

    def argv(self):
        return ["nsd", "-d", "-c", os.path.join(self.dir, "nsd.conf")]


class Bind(Peer):
    name = "bind"
    primary = None

    def configure(self):
        with open(os.path.join(self.dir, "named.conf"), "w") as f:
            f.write(f"""options {{
    directory "{self.dir}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    recursion no;
    notify no;
    dnssec-validation no;
    minimal-responses no;
    min-refresh-time 1;
    transfers-in 100;
    transfers-per-ns 100;
    serial-query-rate 10000;
}};
controls {{ }};
""")
            for z, _ in self.zones:
                f.write(f'zone "{z}" {{ type secondary; file "{z}.db"; '
                        f"primaries {{ 127.0.0.1 port {self.primary}; }}; "
                        "allow-notify { 127.0.0.0/8; }; };\n")

    def argv(self):
        return ["named", "-g", "-n", "1", "-c",
                os.path.join(self.dir, "named.conf")]


def pg_bin(name):
    path = subprocess.run(["pg_config", "--bindir"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode().strip()
    for d in [path] + sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                             reverse=True):
        if os.path.exists(os.path.join(d, name)):
            return os.path.join(d, name)
    return name


class PowerDnsPg(Peer):
    """PowerDNS with its PostgreSQL backend, as a secondary."""

    name = "powerdns+postgresql"
    primary = None

    def psql(self, sql):
        return subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-d",
                               self.conninfo], input=sql.encode(), check=True,
                              stdout=subprocess.PIPE).stdout.decode().strip()

    def configure(self):
        temp = os.path.join(ROOT, "tests", "lib", "pgtemp")
        self.conninfo = subprocess.run(
            [temp, "start", "--bare"], check=True, stdout=subprocess.PIPE
        ).stdout.decode().strip()
        for schema in ("/usr/share/pdns-backend-pgsql/schema/"
                       "schema.pgsql.sql",
                       "/usr/share/doc/pdns-backend-pgsql/schema.pgsql.sql"):
            if os.path.exists(schema):
                with open(schema) as f:
                    self.psql(f.read())
                break
        for z, _ in self.zones:
            self.psql("insert into domains (name, master, type) values "
                      f"('{z}', '127.0.0.1:{self.primary}', 'SLAVE')")
        words = dict(x.split("=", 1) for x in self.conninfo.split())
        with open(os.path.join(self.dir, "pdns.conf"), "w") as f:
            f.write(f"""launch=gpgsql
gpgsql-host={words["host"]}
gpgsql-dbname={words["dbname"]}
gpgsql-user={words["user"]}
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.dir}
daemon=no
guardian=no
slave=yes
slave-cycle-interval=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
xfr-max-received-mbytes=0
""")

    def argv(self):
        return ["pdns_server", "--config-dir=" + self.dir]

    def database_mib(self):
        return int(self.psql("select pg_database_size(current_database())")
                   ) / 1048576

    def stop(self):
        super().stop()
        subprocess.run([os.path.join(ROOT, "tests", "lib", "pgtemp"), "stop",
                        self.conninfo], stdout=subprocess.DEVNULL)


class Echo(Peer):
    name = "floor"

    def start(self, ready=None, serial=1, timeout=10):
        self.proc = Proc([os.path.join(TOOLS, "echo"), "127.0.0.1",
                          str(self.port)], os.path.join(self.dir, "log"))
        return self


class Ours:
    """Understudy, fed by a real primary through the whole path."""

    name = "understudy"
    again = None                # a dnsd that dnsd_start() started

    def __init__(self, *options):
        self.u = Understudy(
            *options)
        self.port = self.u.dns_port

    def add(self, names, primary_port):
        p = self.u.api.post("/v1/primaries", {
            "name": f"bench-{primary_port}", "address": "127.0.0.1",
            "port": primary_port})
        for i in range(0, len(names), 1000):
            r = self.u.api.post("/v1/zones:batch", {
                "create": [{"name": n} for n in names[i:i + 1000]],
                "primaries": [p["id"]]}, timeout=300)
            bad = [x for x in r["items"] if x["status"] not in (200, 201)]
            if bad:
                raise AssertionError(bad[0])

    def main_pid(self):
        return self.again.pid if self.again else self.u.pids()["dnsd"]

    def role(self, name):
        return [p for p in tree(self.main_pid())
                if f"--role={name}" in self.u.cmdline(p)]

    def pids(self):
        return tree(self.main_pid())

    def workers(self):
        return self.role("udp")

    def tcp_workers(self):
        return self.role("tcp")

    def dnsd_stop(self):
        """dnsd stops and keeps its snapshot; how it was started is kept."""
        pid = self.main_pid()
        all_of_it = tree(pid)
        if not self.again:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                self.argv = [x.decode() for x in f.read().split(b"\0")[:-1]]
            if "--ready-fd" in self.argv:       # it was quickstart's
                at = self.argv.index("--ready-fd")
                del self.argv[at:at + 2]
            with open(f"/proc/{pid}/environ", "rb") as f:
                self.env = dict(x.decode().split("=", 1) for x in
                                f.read().split(b"\0") if b"=" in x)
            os.kill(pid, signal.SIGTERM)
        else:
            self.again.stop(timeout=60)
            self.again = None
        wait_for("dnsd to stop", lambda: not any(
            os.path.exists(f"/proc/{p}/fd/0") for p in all_of_it), 60)

    def dnsd_start(self, snapshot):
        """dnsd again, with its snapshot or from PostgreSQL alone."""
        if not snapshot:
            for where, _, files in os.walk(self.u.state):
                for f in files:
                    if f.endswith(".snapshot"):
                        os.unlink(os.path.join(where, f))
        self.again = Proc(self.argv, os.path.join(self.u.state, "again.log"),
                          env=self.env, cwd="/")

    def all_pids(self):
        p = self.u.pids()
        return [x for k in ("apid", "xferd", "dnsd") for x in tree(p[k])]

    def stop(self):
        if self.again:
            self.again.stop(timeout=60)
        self.u.stop()


def blast(port, path, count, core=1, seed=1, window=128, tool="blast"):
    out = subprocess.run(
        ["taskset", "-c", str(core), os.path.join(TOOLS, tool), "127.0.0.1",
         str(port), path, str(count), str(window), str(seed)],
        stdout=subprocess.PIPE, check=True, timeout=600).stdout.decode()
    return {k: float(v) for k, v in
            (x.split("=") for x in out.split())}
