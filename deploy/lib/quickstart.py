"""Run Understudy on loopback: PostgreSQL, apid, xferd, dnsd, a demo primary.

deploy/quickstart has installed the packages and built the programs. This
part owns one state directory:

    DIR/quickstart.json     what outside tools read (0600)
    DIR/ctl.conf operator.conf   settings of understudyctl: tenant, operator (0600)
    DIR/state.json          how it was made, tokens (0600)
    DIR/bin/                copies of the programs: a process is ours when
                            its executable is here
    DIR/etc/                understudy.conf, credentials/
    DIR/pg/  DIR/run/       the private cluster; sockets
    DIR/lib/ DIR/log/       dnsd's snapshot; one log per program
    DIR/demo/               the demo's primary (NSD)

Running it again mends what is missing and leaves alone what works.
"""

import argparse
import base64
import contextlib
import ctypes
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ("apid", "xferd", "dnsd")
ROLES = ("understudy_apid_app", "understudy_apid_auth", "understudy_apid_operator",
         "understudy_xferd", "understudy_dnsd", "understudy_mon")
SUPERUSER = "postgres"
PGPORT = 5432
SERVICE_USER, WORKER_USER = "understudy", "understudy-dns"
DEMO_ZONE = "demo.example"
CTL_SETTINGS = (("ctl.conf", "tenant_token"), ("operator.conf", "operator_token"))
DEMO_USER = "demo@understudy.example"
UNIX_PATH_MAX = 107
READY_S = 60


class Broken(Exception):
    """A state that a person must look at; the text says what and what to do."""


def say(text=""):
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


# ---- processes ------------------------------------------------------------------

def proc_start(pid):
    """The start time of a process, or None; with the pid it is an identity."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            rest = f.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if rest[0] in "ZX" else int(rest[19])


def proc_exe(pid):
    try:
        exe = os.readlink(f"/proc/{pid}/exe")
    except PermissionError:
        # A process that allows no dumps hides this even from its own user; what it
        # was started as is readable.
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return os.fsdecode(f.read().split(b"\0", 1)[0])
        except OSError:
            return ""
    except OSError:
        return ""
    return exe[:-len(" (deleted)")] if exe.endswith(" (deleted)") else exe


def all_pids():
    return [int(p) for p in os.listdir("/proc") if p.isdigit()]


def port_holder(kind, addr):
    """Pids that hold a port ("udp" or "tcp"), as far as we may see them."""
    inodes = set()
    host, port = addr
    for table in (kind, kind + "6"):
        try:
            with open("/proc/net/" + table) as f:
                next(f)
                for line in f:
                    w = line.split()
                    p = int(w[1].rsplit(":", 1)[1], 16)
                    if p == port and (kind == "udp" or w[3] == "0A"):
                        inodes.add(w[9])
        except (OSError, StopIteration):
            pass
    found = []
    for pid in all_pids():
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
                if m and m.group(1) in inodes:
                    found.append(pid)
                    break
        except OSError:
            continue
    return found


def port_free(kind, addr):
    host, port = addr
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    try:
        if kind == "tcp":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((host, port))
        return True
    except PermissionError:
        raise Broken(f"port {port} of {host} needs root; choose one above 1023")
    except OSError as e:
        if e.errno == 99:
            raise Broken(f"{host} is not an address of this machine")
        return False
    finally:
        s.close()


# ---- values -------------------------------------------------------------------------

def parse_addr(text):
    m = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})", text)
    if not m or int(m.group(3)) > 65535 or int(m.group(3)) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not ADDR:PORT")
    host = m.group(1) or m.group(2)
    try:
        socket.inet_pton(socket.AF_INET6 if m.group(1) else socket.AF_INET, host)
    except OSError:
        raise argparse.ArgumentTypeError(f"'{host}' is not an address")
    return host, int(m.group(3))


def show_addr(addr):
    return f"[{addr[0]}]:{addr[1]}" if ":" in addr[0] else f"{addr[0]}:{addr[1]}"


def write_file(path, text, mode=0o644, owner=None):
    tmp = path + ".new"
    data = text if isinstance(text, bytes) else text.encode()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(tmp)
    fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, data)
        os.fchmod(fd, mode)
        if owner is not None:
            os.fchown(fd, *owner)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.replace(tmp, path)


def read_json(path):
    try:
        with open(path) as f:
            return json.load(f)
    except FileNotFoundError:
        return {}
    except ValueError as e:
        raise Broken(f"{path} is not JSON ({e}); remove it, or the whole directory")


# ---- the installation -------------------------------------------------------------

class Quickstart:
    def __init__(self, opts):
        self.opts = opts
        self.asked = os.path.abspath(opts.state)
        self.is_root = os.geteuid() == 0
        self.dir = self.asked
        self.owner = self.worker = None
        self.children = {}
        self.started_postgres = False

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    # -- directory and users

    def reachable(self, path):
        """May the service user come here? Every folder above has o+x."""
        while path != "/":
            if os.path.isdir(path) and not os.stat(path).st_mode & stat.S_IXOTH:
                return False
            path = os.path.dirname(path)
        return True

    def users(self):
        if not self.is_root:
            me = pwd.getpwuid(os.geteuid())
            self.owner = self.worker = (os.geteuid(), os.getegid())
            self.names = {me.pw_name}
            return
        for name in (SERVICE_USER, WORKER_USER):
            try:
                pwd.getpwnam(name)
            except KeyError:
                r = subprocess.run(["useradd", "--system", "--user-group", "--no-create-home",
                                    "--home-dir", "/nonexistent", "--shell",
                                    "/usr/sbin/nologin", name],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True)
                try:
                    pwd.getpwnam(name)      # two at once: one of them made it
                except KeyError:
                    raise Broken(f"cannot create the user {name}: {r.stderr.strip()}")
        u, w = pwd.getpwnam(SERVICE_USER), pwd.getpwnam(WORKER_USER)
        self.owner, self.worker = (u.pw_uid, u.pw_gid), (w.pw_uid, w.pw_gid)
        self.names = {"root", SERVICE_USER}

    def locate(self):
        """self.dir: where the state really is."""
        os.makedirs(self.asked, mode=0o755, exist_ok=True)
        link = os.path.join(self.asked, "state-is-at")
        if os.path.islink(link):
            self.dir = os.readlink(link)
        elif self.is_root and not self.reachable(self.asked):
            # A clone below /root: the service users cannot come there.
            tag = hashlib.sha256(self.asked.encode()).hexdigest()[:12]
            self.dir = f"/var/lib/understudy-quickstart/{tag}"
            os.makedirs(self.dir, mode=0o755, exist_ok=True)
            os.chmod(os.path.dirname(self.dir), 0o755)
            os.symlink(self.dir, link)
            say(f"note: other users cannot reach {self.asked}; the state is kept in {self.dir}")

    def lock(self):
        self.lock_file = open(self.path(".lock"), "a")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Broken(f"another quickstart is at work in {self.dir}; "
                         "if it is a foreground one, stop it there (Ctrl-C)")

    def layout(self):
        st = os.stat(self.dir)
        if not self.is_root and st.st_uid != os.geteuid():
            raise Broken(f"{self.dir} belongs to user {st.st_uid}; choose another --state, "
                         "or run as that user")
        os.chmod(self.dir, 0o755)
        # Root writes into etc and log, so the service user must not own them.
        own = ("run", "lib", "demo")
        for name, mode in [("bin", 0o755), ("etc", 0o755),
                           ("etc/credentials", 0o755), ("run", 0o755), ("lib", 0o750),
                           ("log", 0o755), ("demo", 0o755)]:
            p = self.path(name)
            os.makedirs(p, exist_ok=True)
            os.chmod(p, mode)
            if self.is_root and name in own:
                os.chown(p, *self.owner)
        self.run_dir = self.path("run")
        # A Unix socket's path has 107 bytes at most.
        if len(self.path("run", "pg", f".s.PGSQL.{PGPORT}.lock")) > UNIX_PATH_MAX:
            tag = hashlib.sha256(self.dir.encode()).hexdigest()[:12]
            self.run_dir = f"/tmp/understudy-{tag}"
            os.makedirs(self.run_dir, mode=0o755, exist_ok=True)
            st = os.lstat(self.run_dir)
            if not stat.S_ISDIR(st.st_mode) or st.st_uid not in (os.geteuid(), self.owner[0]):
                raise Broken(f"{self.run_dir} is somebody else's; choose a shorter --state")
            if self.is_root:
                os.chown(self.run_dir, *self.owner)
        pg = os.path.join(self.run_dir, "pg")
        os.makedirs(pg, exist_ok=True)
        os.chmod(pg, 0o755)
        if self.is_root:
            os.chown(pg, *self.owner)

    def programs(self):
        build = os.path.join(ROOT, "build", os.environ.get("VARIANT", "release"), "bin")
        for p in PROGRAMS:
            src, dst = os.path.join(build, p), self.path("bin", p)
            if not os.path.exists(src):
                raise Broken(f"{src} is not built")
            with open(src, "rb") as f:
                data = f.read()
            if os.path.exists(dst):
                with open(dst, "rb") as f:
                    if f.read() == data:
                        continue
            write_file(dst, data, 0o755)

    def load_state(self):
        self.state = read_json(self.path("state.json"))

    def save_state(self):
        write_file(self.path("state.json"), json.dumps(self.state, indent=1), 0o600)

    # -- running things as the service user

    def as_user(self, owner=None):
        if not self.is_root:
            return {}
        uid, gid = owner or self.owner
        return {"user": uid, "group": gid, "extra_groups": []}

    def env(self):
        e = {k: v for k, v in os.environ.items()
             if not k.startswith("PG") and k not in ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY")}
        e["LC_ALL"] = "C.UTF-8"
        e["HOME"] = self.dir
        return e

    def call(self, argv, owner=None, check=True, **kw):
        r = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           cwd="/", env=self.env(), **self.as_user(owner), **kw)
        if check and r.returncode:
            raise Broken(f"{' '.join(argv)}\nended with code {r.returncode}:\n"
                         f"{(r.stdout + r.stderr).strip()[-3000:]}")
        return r

    # -- PostgreSQL

    def pg_bin(self, major=None):
        dirs = []
        base = "/usr/lib/postgresql"
        if os.path.isdir(base):
            dirs = [(int(d), f"{base}/{d}/bin") for d in os.listdir(base) if d.isdigit()
                    and os.path.exists(f"{base}/{d}/bin/initdb")]
        found = shutil.which("initdb")
        if found:
            m = re.search(r"(\d+)", subprocess.run([found, "--version"], capture_output=True,
                                                   text=True).stdout)
            if m:
                dirs.append((int(m.group(1)), os.path.dirname(found)))
        if major is not None:
            dirs = [d for d in dirs if d[0] == major]
        return max(dirs)[1] if dirs else None

    def pg_conninfo(self, user, db="understudy"):
        return f"host={self.run_dir}/pg port={PGPORT} dbname={db} user={user}"

    def pg_url(self):
        host = urllib.parse.quote(f"{self.run_dir}/pg", safe="")
        return f"postgresql://{SUPERUSER}@/understudy?host={host}&port={PGPORT}"

    def pg_pid(self):
        try:
            with open(self.path("pg", "postmaster.pid")) as f:
                lines = f.read().split("\n")
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        with contextlib.suppress(OSError):
            if proc_start(pid) and os.path.samefile(f"/proc/{pid}/cwd", self.path("pg")):
                return pid
        return None

    def postgres(self):
        data = self.path("pg")
        version = os.path.join(data, "PG_VERSION")
        if os.path.exists(version):
            with open(version) as f:
                major = int(f.read().strip())
            pgbin = self.pg_bin(major)
            if pgbin is None:
                raise Broken(f"{data} was made by PostgreSQL {major}, which is not installed "
                             f"any more; install postgresql-{major}, or remove {self.dir}")
        else:
            pgbin = self.pg_bin()
            if pgbin is None:
                raise Broken("no initdb here; install postgresql-15")
            if os.path.isdir(data) and os.listdir(data):
                raise Broken(f"{data} is not empty but no cluster; remove {self.dir}")
            self.initdb(pgbin, data)
        pid = self.pg_pid()
        if pid is None:
            self.clear_stale_postmaster(data)
            say("starting PostgreSQL")
            log = self.path("log", "postgres.log")
            with open(log, "ab") as f:
                if self.is_root:
                    os.fchown(f.fileno(), *self.owner)
            r = self.call([os.path.join(pgbin, "pg_ctl"), "-D", data, "-l", log, "-w", "-t",
                           "60", "-s", "start"], check=False)
            if r.returncode:
                tail = ""
                with contextlib.suppress(OSError), open(log) as f:
                    tail = f.read()[-2000:]
                raise Broken(f"PostgreSQL did not start:\n{r.stderr}{tail}")
            pid = self.pg_pid()
            self.started_postgres = True
        self.pids["postgres"] = pid
        r = self.psql("postgres", "SELECT 1 FROM pg_database WHERE datname = 'understudy'")
        if not r.strip():
            self.psql("postgres", "CREATE DATABASE understudy")
        r = subprocess.run([os.path.join(ROOT, "sql", "apply"), self.pg_conninfo(SUPERUSER)],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env=self.env())
        if r.returncode:
            raise Broken(f"sql/apply failed:\n{(r.stdout + r.stderr).strip()[-3000:]}")
        for line in r.stdout.splitlines():
            if line.startswith("applied"):
                say(f"  {line}")

    def clear_stale_postmaster(self, data):
        """A killed postmaster leaves its pid file, and backends for a moment.

        PostgreSQL looks after the file itself, but not when the pid is that of a
        zombie (containers without an init) or has been used again.
        """
        sock = os.path.join(self.run_dir, "pg", f".s.PGSQL.{PGPORT}")
        left = [f for f in (os.path.join(data, "postmaster.pid"), sock + ".lock", sock)
                if os.path.exists(f)]
        if not left:
            return

        def backends():
            found = []
            for p in all_pids():
                with contextlib.suppress(OSError):
                    if proc_start(p) and os.path.samefile(f"/proc/{p}/cwd", data):
                        found.append(p)
            return found
        end = time.monotonic() + 30
        while backends():
            if time.monotonic() > end:
                raise Broken(f"PostgreSQL's main process is gone, but these of its processes "
                             f"stay: {backends()}; end them first")
            time.sleep(0.05)
        for f in left:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f)

    def initdb(self, pgbin, data):
        say("making a private PostgreSQL cluster")
        tmp = data + ".new"
        shutil.rmtree(tmp, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(data)
        os.makedirs(tmp, mode=0o700)
        if self.is_root:
            os.chown(tmp, *self.owner)
        self.call([os.path.join(pgbin, "initdb"), "-D", tmp, "-U", SUPERUSER, "-A", "peer",
                   "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"])
        conf = f"""
# Understudy quick start
listen_addresses = ''
port = {PGPORT}
unix_socket_directories = '{self.run_dir}/pg'
max_connections = 120
default_toast_compression = lz4
wal_compression = on
max_wal_size = '2GB'
jit = off
"""
        with open(os.path.join(tmp, "postgresql.conf"), "a") as f:
            f.write(conf)
        # Who may be which role: by the user on the other end of the socket.
        write_file(os.path.join(tmp, "pg_hba.conf"), "local all all peer map=understudy\n",
                   0o600, self.owner if self.is_root else None)
        names = sorted(self.names)
        lines = [f"understudy {n} {r}\n" for n in names for r in (SUPERUSER,) + ROLES]
        write_file(os.path.join(tmp, "pg_ident.conf"), "".join(lines), 0o600,
                   self.owner if self.is_root else None)
        os.rename(tmp, data)

    def psql(self, db, sql, user=SUPERUSER):
        r = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                            self.pg_conninfo(user, db), "-c", sql], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, env=self.env())
        if r.returncode:
            raise Broken(f"psql: {r.stderr.strip()}")
        return r.stdout

    # -- configuration and credentials

    def credentials(self):
        cred = self.path("etc", "credentials")
        owner = self.owner if self.is_root else None
        for name in ("token_pepper", "totp_key"):
            if not os.path.exists(os.path.join(cred, name)):
                write_file(os.path.join(cred, name), secrets.token_hex(32) + "\n", 0o600, owner)
        secret, public = os.path.join(cred, "seal_secret"), os.path.join(cred, "seal_public")
        if os.path.exists(secret) and os.path.exists(public):
            return
        if os.path.exists(secret) != os.path.exists(public):
            # Made in this order: a lone secret was never used.
            for p in (secret, public):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(p)
        sodium = ctypes.CDLL("libsodium.so.23")
        if sodium.sodium_init() < 0:
            raise Broken("libsodium does not start")
        pk, sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
        sodium.crypto_box_keypair(pk, sk)
        write_file(secret, f"understudy-seal-secret 1 {sk.raw.hex()}\n", 0o600, owner)
        write_file(public, f"understudy-seal-public 1 {pk.raw.hex()}\n", 0o644, owner)

    def move_path(self, value):
        """The installed places, in this state directory."""
        for old, new in (("/run/understudy", self.run_dir), ("/var/lib/understudy", self.path("lib")),
                         ("/etc/understudy", self.path("etc")),
                         ("/var/log/understudy", self.path("log"))):
            if value == old or value.startswith(old + "/"):
                return new + value[len(old):]
        return None

    def configure(self):
        o = self.opts
        base = ('nameservers {\n'
                f'\tnameserver "ns1.understudy.example" {{ addresses = {{"{show_addr(o.dns)}"}} stripe = 0 }}\n'
                f'\tnameserver "ns2.understudy.example" {{ addresses = {{"{show_addr(o.dns)}"}} stripe = 0 }}\n'
                '}\n')
        base_path = self.path("etc", "base.conf")
        write_file(base_path, base)
        xferd = self.path("bin", "xferd")
        defaults = self.call([xferd, "-c", base_path, "--dump-config"]).stdout
        sets, section, known = [], "", set()
        for line in defaults.splitlines():
            m = re.fullmatch(r"(\w+) \{", line)
            if m:
                section = m.group(1)
            m = re.fullmatch(r"\t(\w+) = (.*)", line)
            if not m:
                continue
            name, value = f"{section}.{m.group(1)}", m.group(2).strip('"')
            known.add(name)
            if section == "database" and "dbname=" in value:
                sets.append(f"{name}=host={self.run_dir}/pg port={PGPORT} {value}")
            elif self.move_path(value):
                sets.append(f"{name}={self.move_path(value)}")
        listen = "" if o.notify == o.dns else show_addr(o.notify or (o.dns[0], o.dns[1] + 1))
        mine = {
            "api.listen": show_addr(o.api),
            "api.plain": "yes",
            "api.metrics_listen": f"127.0.0.1:{o.metrics_base}",
            "transfer.listen": listen,
            "transfer.metrics_listen": f"127.0.0.1:{o.metrics_base + 1}",
            "transfer.allow_prefixes": "127.0.0.0/8,::1/128",
            "transfer.allow_any_port": "yes",
            "transfer.ownership": "off",
            "api.rate_per_minute": "0",
            "api.rate_anonymous_per_minute": "0",
            "dns.listen": show_addr(o.dns),
            "dns.metrics_listen": f"127.0.0.1:{o.metrics_base + 2}",
            "dns.udp_workers": str(o.workers),
            "dns.worker_user": WORKER_USER if self.is_root else "",
            "dns.feeder_user": SERVICE_USER if self.is_root else "",
            "nameservers.transfer_sources": "127.0.0.1,::1",
            "nameservers.notify_targets": show_addr(o.notify or o.dns),
        }
        sets += [f"{k}={v}" for k, v in mine.items() if k in known] + o.set
        argv = [xferd, "-c", base_path]
        for s in sets:
            argv += ["--set", s]
        r = self.call(argv + ["--dump-config"], check=False)
        if r.returncode:
            raise Broken(f"configuration: {r.stderr.strip()}")
        self.conf_path = self.path("etc", "understudy.conf")
        text = "# Written by deploy/quickstart; change it with --set.\n" + r.stdout
        old = None
        with contextlib.suppress(FileNotFoundError), open(self.conf_path) as f:
            old = f.read()
        self.conf_changed = old is not None and old != text
        write_file(self.conf_path, text, 0o644)
        # --set may have moved a listener: what is in force counts.
        def value(option):
            sec, name = option.split(".")
            body = re.search(rf"^{sec} \{{\n(.*?)^\}}", r.stdout, re.M | re.S).group(1)
            m = re.search(rf"^\t{name} = (.*)$", body, re.M)
            return re.findall(r'"([^"]*)"', m.group(1)) if m else []
        self.value = value

    # -- daemons

    def ours(self, program=None):
        """Pids that run a copy of ours, oldest first."""
        want = [self.path("bin", p) for p in ([program] if program else PROGRAMS)]
        found = [(proc_start(p), p) for p in all_pids() if proc_exe(p) in want]
        return [p for start, p in sorted((s, p) for s, p in found if s is not None)]

    def main_pid(self, program):
        """The live main process we started, or None."""
        known = self.state.get("pids", {}).get(program)
        if not known:
            return None
        pid, start = known
        if proc_start(pid) == start and proc_exe(pid) == self.path("bin", program):
            return pid
        return None

    def check_ports(self):
        o = self.opts
        wanted = [("dnsd", kind, a) for a in self.value("dns.listen") for kind in ("udp", "tcp")]
        wanted += [("xferd", kind, a) for a in self.value("transfer.listen")
                   for kind in ("udp", "tcp")]
        wanted += [("apid", "tcp", a) for a in self.value("api.listen")]
        for p, opt in (("apid", "api"), ("xferd", "transfer"), ("dnsd", "dns")):
            wanted += [(p, "tcp", a) for a in self.value(opt + ".metrics_listen") if a]
        seen = {}
        for program, kind, text in wanted:
            addr = parse_addr(text)
            if (kind, addr) in seen:
                raise Broken(f"{text} ({kind}) is asked for by {seen[kind, addr]} and {program}")
            seen[kind, addr] = program
            if self.main_pid(program) or port_free(kind, addr):
                continue
            holders = port_holder(kind, addr)
            left = set(self.ours(program))
            if left & set(holders) or (left and not holders):
                continue        # what a dead main process left; it takes over
            who = ", ".join(f"pid {p} ({proc_exe(p) or 'unknown'})" for p in holders) or \
                "a process we cannot see"
            raise Broken(f"port {text} ({kind}) that {program} needs is taken by {who}")

    def spawn(self, program):
        log = open(self.path("log", program + ".log"), "ab")
        if self.is_root:
            os.fchown(log.fileno(), *self.owner)
        r, w = os.pipe()
        argv = [self.path("bin", program), "-c", self.conf_path, "--ready-fd", str(w)]
        # dnsd's supervisor keeps root only to give its children their users.
        kw = {} if program == "dnsd" else self.as_user()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                             env=self.env(), pass_fds=[w], start_new_session=True, umask=0o022,
                             **kw)
        os.close(w)
        log.close()
        self.children[program] = p
        self.state.setdefault("pids", {})[program] = [p.pid, proc_start(p.pid)]
        self.save_state()
        end = time.monotonic() + READY_S
        os.set_blocking(r, False)
        with os.fdopen(r, "rb", buffering=0) as ready:
            while True:
                got = ready.read(1)
                if got == b"\n":
                    break
                if p.poll() is not None:
                    raise Broken(f"{program} ended with code {p.returncode} before it was ready:\n"
                                 + self.tail(program))
                if time.monotonic() > end:
                    raise Broken(f"{program} was not ready within {READY_S} s:\n"
                                 + self.tail(program))
                time.sleep(0.01)
        return p.pid

    def tail(self, program, n=2000):
        try:
            with open(self.path("log", program + ".log"), "rb") as f:
                f.seek(0, os.SEEK_END)
                f.seek(max(0, f.tell() - n))
                return f.read().decode("utf-8", "replace") + f"({self.path('log', program + '.log')})"
        except OSError:
            return "(no log)"

    def daemons(self):
        for program in PROGRAMS:
            pid = self.main_pid(program)
            if pid is None:
                if program != "dnsd":       # dnsd's workers may outlive it, others may not
                    self.end(self.ours(program), program)
                say(f"starting {program}")
                pid = self.spawn(program)
            self.pids[program] = pid

    def end(self, pids, what, timeout=15.0):
        """TERM, wait, KILL: exactly these pids, checked by start time."""
        starts = {p: proc_start(p) for p in pids}
        starts = {p: s for p, s in starts.items() if s is not None}
        for sig, limit in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
            for p, s in starts.items():
                if proc_start(p) == s:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(p, sig)
            end = time.monotonic() + limit
            while time.monotonic() < end:
                for c in list(self.children.values()):
                    c.poll()
                if not any(proc_start(p) == s for p, s in starts.items()):
                    return
                time.sleep(0.02)
            if sig == signal.SIGTERM:
                say(f"{what} did not end in {limit:.0f} s; killing it")

    # -- tokens

    def http(self, method, url, token=None, body=None, timeout=30):
        headers = {}
        data = None
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        req = urllib.request.Request(url, data=data, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(req, timeout=timeout) as r:
                text = r.read()
                return r.status, (json.loads(text) if text else None)
        except urllib.error.HTTPError as e:
            text = e.read().decode("utf-8", "replace")
            try:
                return e.code, json.loads(text)
            except ValueError:
                return e.code, text

    def api(self, method, path, token=None, body=None, timeout=30, want=(200, 201, 202)):
        try:
            status, reply = self.http(method, self.api_url + path, token, body, timeout)
        except OSError as e:
            raise Broken(f"{method} {path}: {e}")
        if status not in want:
            raise Broken(f"{method} {path}: {status} {json.dumps(reply)}")
        return status, reply

    def works(self, token):
        return bool(token) and self.http("GET", self.api_url + "/v1/me", token)[0] != 401

    def tenant_id(self):
        st = self.state
        if not st.get("tenant_id"):
            op = st["operator_token"]
            status, t = self.api("POST", "/v1/operator/tenants", op, {"name": "demo"},
                                 want=(200, 201, 409))
            if status == 409:
                _, tenants = self.api("GET", "/v1/operator/tenants?limit=100", op)
                t = next((x for x in tenants["items"] if x["name"] == "demo"), None)
                if t is None:
                    raise Broken("tenant demo exists but is not in the operator's list")
            st["tenant_id"] = t["id"]
            self.save_state()
        return st["tenant_id"]

    def tokens(self):
        st = self.state
        if not self.works(st.get("operator_token")):
            r = self.call([self.path("bin", "apid"), "-c", self.conf_path,
                           "--bootstrap-operator"])
            words = r.stdout.split()
            if not words:
                raise Broken("apid --bootstrap-operator printed no token")
            st["operator_token"] = words[-1]
            self.save_state()
        if not self.works(st.get("tenant_token")):
            op = st["operator_token"]
            _, t = self.api("POST", f"/v1/operator/tenants/{self.tenant_id()}/tokens", op,
                            {"name": "quickstart " + secrets.token_hex(3), "scopes": ["*"]})
            st["tenant_token"] = t["token"]
            self.save_state()

    def login_link(self):
        """A demo user, owner of tenant demo, and a link that signs them in, once."""
        op = self.state["operator_token"]
        self.api("POST", "/v1/operator/users", op, {
            "email": DEMO_USER, "name": "Demo", "tenant": self.tenant_id(), "role": "owner"},
            want=(201, 409))
        _, link = self.api("POST", "/v1/operator/links", op, {"email": DEMO_USER, "purpose": "login"})
        self.login_url = link["link"]

    # -- answering?

    def dns_answers(self, addr, timeout=1.0):
        """Any answer to any question will do: REFUSED is one, too."""
        ident = secrets.randbits(16)
        q = struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 0) + b"\0" + struct.pack("!HH", 6, 1)
        family = socket.AF_INET6 if ":" in addr[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            try:
                s.sendto(q, addr)
                r = s.recv(4096)
            except OSError:
                return False
        return len(r) >= 12 and struct.unpack("!H", r[:2])[0] == ident

    def wait(self, what, probe, timeout=READY_S):
        end = time.monotonic() + timeout
        while True:
            try:
                if probe():
                    return
            except OSError:
                pass
            for program, p in self.children.items():
                if p.poll() is not None and self.state["pids"].get(program, [0])[0] == p.pid:
                    raise Broken(f"{program} ended with code {p.returncode}:\n"
                                 + self.tail(program))
            if time.monotonic() > end:
                raise Broken(f"{what} does not answer after {timeout} s; see {self.path('log')}")
            time.sleep(0.05)

    def answering(self):
        self.api_url = "http://" + self.value("api.listen")[0]
        self.wait("apid", lambda: self.http("GET", self.api_url + "/readyz", timeout=2)[0] == 200)
        addr = parse_addr(self.value("dns.listen")[0])
        self.wait("dnsd", lambda: self.dns_answers(addr))

    def write_json(self):
        metrics = {}
        for program, section in (("apid", "api"), ("xferd", "transfer"), ("dnsd", "dns")):
            a = self.value(section + ".metrics_listen")
            if a and a[0]:
                metrics[program] = f"http://{a[0]}/metrics"
        dns = self.value("dns.listen")[0]
        notify = self.value("transfer.listen")
        info = {
            "api": self.api_url, "dns": dns,
            "notify": notify[0] if self.opts.notify and notify else dns,
            "operator_token": self.state["operator_token"], "tenant": "demo",
            "tenant_token": self.state["tenant_token"], "login_url": self.login_url,
            "database": self.pg_url(),
            "pids": {p: self.pids[p] for p in ("apid", "xferd", "dnsd", "postgres")},
            "metrics": metrics,
        }
        path = os.path.join(self.asked, "quickstart.json")
        write_file(path, json.dumps(info, indent=1) + "\n", 0o600)
        for name, token in CTL_SETTINGS:
            write_file(os.path.join(self.asked, name), "# settings of understudyctl\n"
                       f"url = {info['api']}\ntoken = {info[token]}\n", 0o600)

    # -- the demo

    def demo_pid(self):
        pid, start = self.state.get("pids", {}).get("nsd", (0, 0))
        return pid if pid and proc_start(pid) == start else None

    def demo_files(self, port):
        d = self.path("demo")
        owner = self.owner if self.is_root else None
        key = self.state.setdefault("demo_key", base64.b64encode(secrets.token_bytes(32)).decode())
        dns = self.value("dns.listen")[0].rsplit(":", 1)
        target = f"{dns[0].strip('[]')}@{dns[1]}"
        write_file(os.path.join(d, "nsd.conf"), f"""server:
	ip-address: 127.0.0.1@{port}
	username: ""
	zonesdir: "{d}"
	database: ""
	zonelistfile: "{d}/zone.list"
	xfrdfile: "{d}/xfrd.state"
	xfrdir: "{d}"
	pidfile: "{d}/nsd.pid"
	cookie-secret-file: "{d}/cookie.txt"
	server-count: 1
	verbosity: 1
remote-control:
	control-enable: yes
	control-interface: "{self.run_dir}/nsd.sock"
key:
	name: "demo-key"
	algorithm: hmac-sha256
	secret: "{key}"
zone:
	name: "{DEMO_ZONE}"
	zonefile: "{DEMO_ZONE}.zone"
	store-ixfr: yes
	create-ixfr: yes
	provide-xfr: 127.0.0.1 demo-key
	notify: {target} demo-key
""", 0o600, owner)
        zone = os.path.join(d, DEMO_ZONE + ".zone")
        if not os.path.exists(zone):
            write_file(zone, f"""$ORIGIN {DEMO_ZONE}.
$TTL 300
@	SOA	primary hostmaster 1 300 60 86400 60
	NS	ns1.understudy.example.
	NS	ns2.understudy.example.
	MX	10 mail
	TXT	"served by Understudy"
primary	A	127.0.0.1
www	A	192.0.2.80
	AAAA	2001:db8::80
mail	A	192.0.2.25
*.wild	A	192.0.2.99
alias	CNAME	www
""", 0o644, owner)
        return zone

    def demo(self):
        self.demo_primary()
        token = self.state["tenant_token"]
        port = self.state["demo_port"]
        if "demo_key_id" not in self.state:
            status, k = self.api("POST", "/v1/keys", token,
                                 {"name": "demo-key.", "algorithm": "hmac-sha256",
                                  "secret": self.state["demo_key"]}, want=(201, 409))
            if status == 201:
                self.state["demo_key_id"] = k["id"]
                self.save_state()
        status, z = self.api("GET", f"/v1/zones/{DEMO_ZONE}", token, want=(200, 404))
        if status == 404:
            body = {"name": DEMO_ZONE, "primaries": [
                {"address": "127.0.0.1", "port": port, "key": self.state.get("demo_key_id", "demo-key.")}]}
            say(f"registering {DEMO_ZONE} through the API")
            self.api("POST", "/v1/zones", token, body)
        serial = self.soa_serial(("127.0.0.1", port))
        say(f"waiting until serial {serial} is served")
        _, r = self.api("GET", f"/v1/zones/{DEMO_ZONE}/wait?serial={serial}&timeout=60&edges=live",
                        token, timeout=90)
        if not r["reached"]:
            _, att = self.api("GET", f"/v1/zones/{DEMO_ZONE}/attempts", token)
            raise Broken(f"{DEMO_ZONE} was not served within 60 s; attempts: "
                         f"{json.dumps(att.get('items', [])[:3])}")
        dns = parse_addr(self.value("dns.listen")[0])
        for title, addr in (("the primary (NSD)", ("127.0.0.1", port)), ("Understudy", dns)):
            say(f"\n$ dig @{addr[0]} -p {addr[1]} {DEMO_ZONE} SOA +noall +answer    # {title}")
            r = subprocess.run(["dig", f"@{addr[0]}", "-p", str(addr[1]), DEMO_ZONE, "SOA",
                                "+noall", "+answer", "+norec"], capture_output=True, text=True)
            say(r.stdout.strip() or r.stderr.strip())
        ours = self.soa_serial(dns)
        if ours != serial:
            raise Broken(f"the serials differ: primary {serial}, Understudy {ours}")
        say(f"\nthe serials are equal: {serial}")

    def soa_serial(self, addr):
        r = subprocess.run(["dig", f"@{addr[0]}", "-p", str(addr[1]), DEMO_ZONE, "SOA", "+short",
                            "+norec", "+tries=3", "+time=2"], capture_output=True, text=True)
        m = re.search(r"^\S+ \S+ (\d+) ", r.stdout, re.M)
        return int(m.group(1)) if m else None

    def demo_primary(self):
        nsd = shutil.which("nsd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not nsd:
            raise Broken("no nsd here for the demo; install it, or use --no-demo")
        if self.demo_pid():
            return
        port = self.state.get("demo_port") or self.opts.dns[1] + 10
        while port > 65535 or not (port_free("udp", ("127.0.0.1", port)) and
                                   port_free("tcp", ("127.0.0.1", port))):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
        if self.state.get("demo_port") not in (None, port):
            raise Broken(f"port {self.state['demo_port']} of the demo's primary is taken by "
                         f"another process; stop that, or remove {self.dir}")
        self.state["demo_port"] = port
        self.demo_files(port)
        say(f"starting NSD as primary of {DEMO_ZONE} on 127.0.0.1:{port}")
        log = open(self.path("log", "nsd.log"), "ab")
        p = subprocess.Popen([nsd, "-d", "-c", self.path("demo", "nsd.conf")],
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                             env=self.env(), start_new_session=True, **self.as_user())
        log.close()
        self.children["nsd"] = p
        self.state.setdefault("pids", {})["nsd"] = [p.pid, proc_start(p.pid)]
        self.save_state()
        self.wait("NSD", lambda: self.soa_serial(("127.0.0.1", port)) is not None, 20)

    def try_next(self):
        j = os.path.join(self.asked, "quickstart.json")
        dns = self.value("dns.listen")[0]
        host, port = dns.rsplit(":", 1)
        host = host.strip("[]")
        say(f"""
Understudy is running.  API {self.api_url}, DNS {dns}; logs in {self.path('log')}
Tokens and addresses for tools: {j}

Try:
  export UNDERSTUDY_CONFIG={os.path.join(self.asked, 'ctl.conf')}    # operator.conf: the operator
  {os.path.join(ROOT, 'build', 'release', 'bin', 'understudyctl')} zone ls
  TOKEN=$(python3 -c 'import json; print(json.load(open("{j}"))["tenant_token"])')""")
        if not self.opts.no_demo:
            say(f"""  dig @{host} -p {port} www.{DEMO_ZONE}
  curl -s -H "Authorization: Bearer $TOKEN" {self.api_url}/v1/zones/{DEMO_ZONE}
  # change the zone at its primary (raise the serial), then watch it arrive:
  editor {self.path('demo', DEMO_ZONE + '.zone')}
  nsd-control -c {self.path('demo', 'nsd.conf')} reload {DEMO_ZONE}
  curl -s -H "Authorization: Bearer $TOKEN" '{self.api_url}/v1/zones/{DEMO_ZONE}/attempts'""")
        say(f"""  # a zone of your own server on this machine:
  curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
      -d '{{"name":"example.org","primaries":[{{"address":"127.0.0.1","port":5353}}]}}' {self.api_url}/v1/zones
""")

    # -- commands

    def start(self):
        self.users()
        self.locate()
        self.lock()
        self.layout()
        self.load_state()
        self.pids = {}
        self.programs()
        self.credentials()
        self.configure()
        if self.conf_changed:
            live = [p for p in PROGRAMS if self.main_pid(p)]
            if live:
                say("the options changed: restarting " + ", ".join(live))
            self.stop_daemons()
        self.check_ports()
        self.postgres()
        self.daemons()
        self.answering()
        self.tokens()
        self.login_link()
        self.write_json()
        if not self.opts.no_demo:
            self.demo()
        if self.opts.background:
            self.try_next()
            return 0
        self.try_next()
        say("Ctrl-C ends all of it.")
        return self.supervise()

    def supervise(self):
        """Foreground: start again what ends, until INT or TERM."""
        stop = []
        for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(s, lambda *a: stop.append(a))
        again = {}
        while not stop:
            time.sleep(0.2)
            for p in PROGRAMS:
                if self.main_pid(p):
                    if p in self.children:
                        self.children[p].poll()
                    continue
                if p in self.children:
                    code = self.children[p].poll()
                    say(f"{p} ended (code {code}); last lines of its log:\n{self.tail(p, 600)}")
                n, since = again.get(p, (0, time.monotonic()))
                if time.monotonic() - since > 60:
                    n, since = 0, time.monotonic()
                if n >= 5:
                    say(f"{p} ended {n} times in a minute; giving up")
                    stop.append(p)
                    break
                again[p] = (n + 1, since)
                time.sleep(min(n, 5))
                try:
                    if p != "dnsd":
                        self.end(self.ours(p), p)
                    self.pids[p] = self.spawn(p)
                    self.write_json()
                except Broken as e:
                    say(str(e))
            if not stop and self.pg_pid() is None:
                say("PostgreSQL ended; starting it again")
                try:
                    self.postgres()
                    self.write_json()
                except Broken as e:
                    say(str(e))
                    time.sleep(2)
        say("\nstopping")
        self.stop_all()
        return 0

    def stop_daemons(self):
        for program in ("apid", "dnsd", "xferd"):
            main = self.main_pid(program)
            if main:
                self.end([main], program)
            self.end(self.ours(program), program)   # children that were left

    def undo(self):
        """A start that failed ends what it started, and nothing else."""
        for name, p in reversed(list(self.children.items())):
            self.end([p.pid], name)
        if self.started_postgres:
            self.stop_postgres()

    def stop_all(self):
        self.stop_daemons()
        pid = self.demo_pid()
        if pid:
            self.end([pid], "nsd")
        self.stop_postgres()
        self.state["pids"] = {}
        self.save_state()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.asked, "quickstart.json"))
        for name, _ in CTL_SETTINGS:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.asked, name))

    def stop_postgres(self):
        pid = self.pg_pid()
        if pid:
            # INT is PostgreSQL's fast shutdown.
            start = proc_start(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            end = time.monotonic() + 60
            while proc_start(pid) == start and time.monotonic() < end:
                time.sleep(0.02)
            if proc_start(pid) == start:
                say("PostgreSQL did not end in 60 s; killing it (immediate)")
                os.kill(pid, signal.SIGQUIT)

    def existing(self):
        link = os.path.join(self.asked, "state-is-at")
        if os.path.islink(link):
            self.dir = os.readlink(link)
        if not os.path.exists(self.path("state.json")) and not os.path.exists(self.path("pg")):
            return False
        self.load_state()
        return True

    def stop(self):
        if not self.existing():
            say(f"nothing was started in {self.asked}")
            return 0
        try:
            self.lock()
        except Broken:
            # A foreground quickstart, or one that starts, holds the lock.
            for pid in all_pids():
                with contextlib.suppress(OSError):
                    fds = os.listdir(f"/proc/{pid}/fd")
                    if pid != os.getpid() and any(
                            os.readlink(f"/proc/{pid}/fd/{f}") == self.path(".lock") for f in fds):
                        self.end([pid], "the foreground quickstart", 90.0)
            self.lock()
            self.load_state()
        self.stop_all()
        say("stopped")
        return 0

    def status(self):
        if not self.existing():
            say(f"nothing was started in {self.asked}")
            return 3
        bad = 0
        rows = [(p, self.main_pid(p)) for p in PROGRAMS] + [("postgres", self.pg_pid())]
        if "demo_port" in self.state:
            rows.append(("nsd", self.demo_pid()))
        for name, pid in rows:
            say(f"{name:9} {'pid ' + str(pid) if pid else 'not running'}")
            bad += pid is None and name != "nsd"
        info = read_json(os.path.join(self.asked, "quickstart.json"))
        if info and not bad:
            self.api_url = info["api"]
            status, _ = self.http("GET", self.api_url + "/readyz", timeout=5)
            dns = self.dns_answers(parse_addr(info["dns"]))
            say(f"api       {info['api']} {'ready' if status == 200 else status}")
            say(f"dns       {info['dns']} {'answers' if dns else 'does not answer'}")
            bad += status != 200 or not dns
        if bad:
            say("not all is running; run the quick start again to mend it")
        return 3 if bad else 0


def options(argv):
    p = argparse.ArgumentParser(
        prog="deploy/quickstart", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run Understudy on this machine: PostgreSQL, apid, xferd, dnsd, and a demo.",
        epilog="deploy/quickstart stop --state DIR     ends exactly what was started in DIR\n"
               "deploy/quickstart status --state DIR   0 when all answers, 3 otherwise\n\n"
               "Running it again in the same DIR mends what is missing. Removing DIR after a\n"
               "stop removes everything (and the folder that DIR/state-is-at names, if there is one).")
    p.add_argument("command", nargs="?", choices=["start", "stop", "status"], default="start",
                   help=argparse.SUPPRESS)
    p.add_argument("--state", metavar="DIR", default=os.path.join(ROOT, "var"),
                   help="everything is kept there (default: var/)")
    p.add_argument("--dns", metavar="ADDR:PORT", type=parse_addr, default=("127.0.0.1", 5300))
    p.add_argument("--api", metavar="ADDR:PORT", type=parse_addr, default=("127.0.0.1", 8053))
    p.add_argument("--notify", metavar="ADDR:PORT", type=parse_addr, default=None,
                   help="xferd's own NOTIFY listener (default: one port above --dns; "
                        "--dns takes NOTIFY, too)")
    p.add_argument("--metrics-base", metavar="PORT", type=int, default=9153,
                   help="metrics of apid, xferd and dnsd: PORT, PORT+1, PORT+2")
    p.add_argument("--workers", metavar="N", type=int, default=1, help="UDP workers")
    p.add_argument("--set", metavar="SECTION.OPTION=VALUE", action="append", default=[],
                   help="override any option of understudy.conf")
    p.add_argument("--no-demo", action="store_true", help="no demo primary and zone")
    p.add_argument("--background", action="store_true",
                   help="return when everything answers, leaving DIR/quickstart.json")
    o = p.parse_args(argv)
    if not 1 <= o.metrics_base <= 65533:
        p.error("--metrics-base is not a port")
    return o


def main(argv):
    o = options(argv)
    q = Quickstart(o)

    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return getattr(q, o.command)()
    except Broken as e:
        print(f"quickstart: {e}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("\nquickstart: interrupted", file=sys.stderr)
        code = 130
    if o.command == "start":
        for s in (signal.SIGINT, signal.SIGTERM):
            signal.signal(s, signal.SIG_IGN)
        q.undo()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
