"""machine: OPERATIONS.md on a machine of its own, command by command.

The machine is a root of its own (an overlay over this one that is thrown away),
with its own processes, mounts, network and PostgreSQL cluster.  What it lacks is
systemd: tests/deploy/systemctl starts the services from the installed unit
files, behind the walls that these ask for.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "api"))
from apitest import check  # noqa: E402
import apitest as t  # noqa: E402
import unit as u  # noqa: E402

SERVICES = ("understudy-dnsd.service", "understudy-xferd.service", "understudy-apid.service")
# What starts a service: mounts, namespaces, another user, the filter itself.
BEFORE = {"mount", "umount2", "setresuid", "setresgid", "setgroups", "capset", "seccomp", "execve",
          "unshare", "chown", "fchown", "chmod", "setuid", "setgid"}
KEY = "0jnu3SdsMvzzlmTDPYRceA=="


# ---- outside: make the machine, run the inside ----

SETUP = r"""
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 machine "$1"
mkdir "$1"/u "$1"/w "$1"/r "$1"/su "$1"/sw
mount -t overlay -o lowerdir=/,upperdir="$1"/u,workdir="$1"/w overlay "$1"/r
mkdir -p "$1"/r/src "$1"/r/old
mount -t overlay -o lowerdir="$2",upperdir="$1"/su,workdir="$1"/sw overlay "$1"/r/src
mount --rbind /dev "$1"/r/dev
mount -t proc proc "$1"/r/proc
mount -t sysfs -o ro sysfs "$1"/r/sys || mount --rbind /sys "$1"/r/sys
mount -t tmpfs -o mode=755 run "$1"/r/run
mount -t tmpfs -o mode=1777 tmp "$1"/r/tmp
ip link set lo up
for a in 192.0.2.53/32 198.51.100.53/32 203.0.113.9/32; do ip address add $a dev lo; done
cd "$1"/r
pivot_root . old
umount -l /old
exec /usr/bin/python3 /src/tests/deploy/machine.py inside
"""


def run():
    """In namespaces of its own; its tests are counted with ours."""
    probe = subprocess.run(["unshare", "-mnpf", "true"], capture_output=True)
    if os.geteuid() != 0 or probe.returncode:
        print("# machine: not run, it needs root and namespaces of its own")
        return
    import tempfile
    d = tempfile.mkdtemp(prefix="us-machine.")
    os.chmod(d, 0o755)
    env = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY")}
    env["MACHINE_VARIANT"] = t.VARIANT
    p = subprocess.Popen(["unshare", "-mnpf", "--kill-child=KILL", "bash", "-c", SETUP, "setup", d, ROOT],
                         stdout=subprocess.PIPE, text=True, env=env, stdin=subprocess.DEVNULL)
    last = ""
    try:
        for line in p.stdout:
            m = re.fullmatch(r"(\d+) passed, (\d+) failed\n", line)
            if m:
                t.passed += int(m.group(1))
                t.failed += int(m.group(2))
                last = line
            else:
                sys.stdout.write(line)
    finally:
        p.kill()
        p.wait()
        os.rmdir(d)
    if not last:
        check("the machine goes to its end", False, p.returncode)


# ---- inside ----

def sh(script, **kw):
    r = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True,
                       timeout=300, stdin=subprocess.DEVNULL, cwd="/src", **kw)
    return r


def must(script, **kw):
    r = sh(script, **kw)
    if r.returncode:
        raise RuntimeError("%s\n-> %d\n%s%s" % (script, r.returncode, r.stdout[-1500:], r.stderr[-3000:]))
    return r.stdout


def wait_for(what, good, seconds=60):
    end = time.monotonic() + seconds
    got = None
    while time.monotonic() < end:
        got = good()
        if got:
            check(what, True)
            if os.environ.get("V"):
                print("# after %.1f s" % (time.monotonic() - end + seconds))
            return got
        time.sleep(0.1)
    check(what, False, logs())
    return None


def logs(n=450):
    out = ""
    for s in SERVICES:
        try:
            out += "== %s\n%s\n" % (s, open("/run/unit/%s/log" % s, errors="replace").read()[-n:])
        except OSError:
            pass
    return out


def state(service):
    with open("/run/unit/%s/state.json" % service) as f:
        return json.load(f)


def prepare():
    """What a fresh Debian has and this copy of a used one lacks, and back."""
    os.environ.update(PATH="/usr/local/shim:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                      WERROR="1", VARIANT=os.environ.get("MACHINE_VARIANT", "release"),
                      LC_ALL="C.UTF-8", HOME="/root", PYTHONDONTWRITEBYTECODE="1")
    os.environ.pop("DESTDIR", None)
    os.makedirs("/usr/local/shim")
    for name in ("systemctl", "journalctl"):
        os.symlink("/src/tests/deploy/systemctl", "/usr/local/shim/" + name)
    must("rm -rf /etc/postgresql /var/lib/postgresql /var/run/postgresql /etc/understudy /var/lib/understudy; "
         "install -d -o postgres -g postgres /var/lib/postgresql /run/postgresql; "
         "install -d /etc/postgresql; "
         "pg_createcluster 15 main -- --no-sync >/dev/null; "
         "echo 'fsync = off' >>/etc/postgresql/15/main/postgresql.conf")


def steps():
    """The blocks marked sh of OPERATIONS.md, with the words before each."""
    with open("/src/docs/OPERATIONS.md") as f:
        text = f.read()
    out, title = [], ""
    for m in re.finditer(r"^\*\*([^*\n]+)\*\*|^## ([^\n]+)$|^```sh\n(.*?)^```$", text, re.M | re.S):
        if m.group(3) is None:
            title = m.group(1) or m.group(2)
        else:
            out.append((title, m.group(3)))
    return out


def follow():
    """Each block, as it stands; returns what the last one printed."""
    out = {}
    for title, block in steps():
        begin = time.monotonic()
        r = sh(block)
        if not check("OPERATIONS.md: " + title, r.returncode == 0,
                     block + "\n" + r.stdout[-800:] + r.stderr[-2500:] + logs()):
            raise RuntimeError("the next steps need this one")
        if os.environ.get("V"):
            print("# %s: %.1f s" % (title, time.monotonic() - begin))
        out[title] = r.stdout
    return out


# ---- a customer ----

NSD = """server:
	ip-address: 203.0.113.9
	username: ""
	zonesdir: "/run/nsd"
	pidfile: "/run/nsd/nsd.pid"
	database: ""
	xfrdfile: "/run/nsd/xfrd.state"
	zonelistfile: "/run/nsd/zone.list"
	server-count: 1
remote-control:
	control-enable: no
key:
	name: "transfer."
	algorithm: hmac-sha256
	secret: "%s"
zone:
	name: "example.org"
	zonefile: "zone"
	provide-xfr: 0.0.0.0/0 transfer.
	notify: 192.0.2.53 transfer.
	outgoing-interface: 203.0.113.9
"""
ZONE = """$ORIGIN example.org.
$TTL 300
@ SOA ns1.example.net. hostmaster %d 60 60 86400 60
@ NS ns1.example.net.
www A 203.0.113.%d
"""


class Primary:
    def __init__(self):
        os.makedirs("/run/nsd", exist_ok=True)
        with open("/run/nsd/nsd.conf", "w") as f:
            f.write(NSD % KEY)
        self.p = None

    def serve(self, serial):
        with open("/run/nsd/zone", "w") as f:
            f.write(ZONE % (serial, serial))
        if self.p:
            os.kill(int(open("/run/nsd/nsd.pid").read()), signal.SIGHUP)
            return
        self.p = subprocess.Popen(["nsd", "-d", "-c", "/run/nsd/nsd.conf"],
                                  stdout=open("/run/nsd/log", "ab"), stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL)

    def stop(self):
        if self.p:
            self.p.terminate()
            self.p.wait(20)
            self.p = None


def ask(address="192.0.2.53", tcp=False):
    """The address of www there; None without one."""
    import dns.message
    import dns.query
    q = dns.message.make_query("www.example.org", "A")
    try:
        r = (dns.query.tcp if tcp else dns.query.udp)(q, address, timeout=2)
        return r.answer[0][0].address if r.answer else None
    except Exception:                           # noqa: B902 - no answer is an answer here
        return None


def call(token, method, path, body=None):
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", 8053, timeout=30)
    h = {"Authorization": "Bearer " + token, "Understudy-Reason": "test"}
    if body is not None:
        h["Content-Type"] = "application/json"
    c.request(method, path, json.dumps(body) if body is not None else None, h)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, json.loads(data) if data else None


def customer(token, primary):
    """Registers a zone; nobody delegates it here, so it is let through by hand."""
    primary.serve(1)
    s, key = call(token, "POST", "/v1/keys", {"name": "transfer.", "algorithm": "hmac-sha256", "secret": KEY})
    check("a key", s == 201, key)
    s, zone = call(token, "POST", "/v1/zones", {"name": "example.org", "primaries": [
        {"address": "203.0.113.9", "port": 53, "key": key["id"]}]})
    check("a zone", s == 201, zone)
    psql("UPDATE zone SET state = 'active' WHERE name = 'example.org'")
    wait_for("the zone is served", lambda: ask() == "203.0.113.1")
    return zone["id"]


def psql(text):
    return must("cd / && setpriv --reuid postgres --regid postgres --clear-groups psql -XqAt "
                "-v ON_ERROR_STOP=1 -d understudy -c \"$SQL\"", env=dict(os.environ, SQL=text)).strip()


# ---- what is looked at ----

def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def walls():
    import pwd
    for service in SERVICES:
        s = status_of(state(service)["pid"])
        user = service[:-len(".service")]
        check(service + " runs as its user", set(s["Uid"].split()) == {str(pwd.getpwnam(user).pw_uid)}, s["Uid"])
        caps = 0x400 if "dnsd" in service else 0
        check(service + " has no capability but port 53",
              {int(s[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {caps}, s)
        check(service + " is behind a filter, without new privileges",
              s["Seccomp"] == "2" and s["NoNewPrivs"] == "1", s)
    workers = [p for p in os.listdir("/proc") if p.isdigit() and
               b"--role=udp" in open("/proc/%s/cmdline" % p, "rb").read()]
    caps = {status_of(int(p))["CapEff"] for p in workers}
    check("dnsd's workers have none at all", caps == {"0" * 16}, caps)
    mode = os.stat("/etc/understudy/credentials").st_mode & 0o777
    check("credentials are root's alone", mode == 0o700, oct(mode))
    wait_for("each service tells systemd that it lives",
             lambda: all(state(s).get("beats", 0) > 0 for s in SERVICES))


def reload_and_kill():
    for s in SERVICES:
        must("systemctl reload " + s)
    wait_for("each reloads at systemctl reload", lambda: all(state(s).get("reloads") for s in SERVICES))
    before = {p for p in os.listdir("/proc") if p.isdigit() and
              b"--role=udp" in open("/proc/%s/cmdline" % p, "rb").read()}
    old = state(SERVICES[0])["pid"]
    must("systemctl kill --signal=KILL --kill-who=main understudy-dnsd")
    good = []
    for _ in range(40):
        good.append(ask())
        time.sleep(0.02)
    check("answers go on when the supervisor is killed", set(good) == {"203.0.113.1"}, good)
    wait_for("the next supervisor is there", lambda: state(SERVICES[0])["state"] == "active" and
             state(SERVICES[0])["pid"] not in (0, old))
    wait_for("... and has taken over", lambda: re.search(r"hold.adopted descriptors=[1-9]", logs(100000)))
    check("its workers were there before", bool(before))


def notify(primary):
    primary.serve(2)
    wait_for("a NOTIFY on port 53 brings the change (dnsd to xferd, two users)",
             lambda: ask() == "203.0.113.2", 60)
    check("which xferd has judged", int(psql("SELECT count(*) FROM attempt WHERE kind = 'notify'")) > 0)
    check("over TCP, too", ask(tcp=True) == "203.0.113.2")
    check("on the other address, too", ask("198.51.100.53") == "203.0.113.2")
    for f in ("/var/lib/understudy", "/run/understudy/xferd"):
        check(f + " is closed to others", os.stat(f).st_mode & 0o007 == 0, oct(os.stat(f).st_mode))


def backup_and_restore(token, zone, primary):
    out = must("/usr/share/understudy/backup /var/backups/understudy").strip()
    check("a backup", os.path.exists(out + "/database.dump") and os.stat(out).st_mode & 0o077 == 0, out)
    generation = int(psql("SELECT generation FROM zone_state"))
    # After the backup: one more version, which the backup does not have.
    primary.serve(3)
    wait_for("a version after the backup", lambda: ask() == "203.0.113.3")
    primary.stop()
    must("systemctl stop understudy-apid understudy-xferd")
    secret = open("/etc/understudy/credentials/seal_secret").read()
    must("systemctl stop postgresql; rm -rf /etc/understudy; pg_dropcluster 15 main; "
         "pg_createcluster 15 main -- --no-sync >/dev/null; systemctl start postgresql")
    check("answers go on without any database", ask() == "203.0.113.3")
    # Not as the document says, and yet no outage.
    must("/usr/share/understudy/create-database")
    wait_for("an edge sees that this database is empty", lambda: "feed.empty" in logs(200000))
    check("and removes nothing", ask() == "203.0.113.3")
    r = sh("/usr/share/understudy/restore " + out)
    check("a backup comes back", r.returncode == 0, r.stdout + r.stderr)
    check("with the seal key", open("/etc/understudy/credentials/seal_secret").read() == secret)
    must("systemctl start understudy-xferd understudy-apid")
    wait_for("dnsd sees another history", lambda: "feed.history_changed" in logs(200000))
    wait_for("the edge reports again", lambda: psql("SELECT count(*) FROM edge") == "1")
    check("the database has the older version", int(psql("SELECT generation FROM zone_state")) == generation)
    time.sleep(1.5)
    check("it is not served: what is served never goes back", ask() == "203.0.113.3")
    wait_for("the edge says so", lambda: "older-than-served" in psql("SELECT exceptions FROM edge"))
    s, got = call(token, "GET", "/v1/zones/" + zone)
    check("tokens are good still", s == 200 and got["name"] == "example.org", got)
    primary.serve(4)
    wait_for("TSIG transfers work with the restored seal key", lambda: ask() == "203.0.113.4", 90)
    wait_for("and the exception is gone", lambda: psql("SELECT exceptions FROM edge") == "[]")
    s, got = call(token, "GET", "/v1/zones/%s/wait?serial=4&timeout=30" % zone)
    check("wait knows that it is served", s == 200 and got["reached"], got)
    stamps = psql("SELECT bool_and(stamp < pg_current_xact_id()) FROM zone_state")
    check("stamps are of this cluster", stamps == "t", stamps)
    r = sh("/usr/share/understudy/restore " + out)
    check("a database with tenants is not replaced unasked", r.returncode == 73 and "--replace" in r.stderr,
          r.stdout + r.stderr)
    must("mv /etc/understudy/credentials/seal_secret /tmp/kept")
    r = sh("/usr/share/understudy/make-credentials")
    check("a lost seal key is not replaced silently", r.returncode == 78 and "re-enter" in r.stderr, r.stderr)
    must("mv /tmp/kept /etc/understudy/credentials/seal_secret")


def calls_of(path):
    """Names of the system calls in a trace, with what came of them."""
    out = {}
    with open(path, errors="replace") as f:
        for line in f:
            m = re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)", line)
            if m:
                out.setdefault(m.group(1), line.rstrip()[:200])
    return out


def syscalls(token, zone, primary):
    """The same under a tracer: every call that a process makes is one that its
    unit lets through, or would fail in the same way without the filter."""
    must("systemctl stop understudy.target")
    open("/run/unit/trace", "w").close()
    must("systemctl start understudy.target")
    wait_for("traced: the zone is served again", lambda: ask() is not None, 90)
    primary.serve(5)
    wait_for("traced: a change arrives", lambda: ask() == "203.0.113.5", 90)
    check("traced: TCP", ask(tcp=True) == "203.0.113.5")
    check("traced: the API", call(token, "GET", "/v1/zones/" + zone)[0] == 200)
    for s in SERVICES:
        must("systemctl reload " + s)
    must("systemctl stop understudy.target")
    for s in SERVICES:
        used = calls_of("/run/unit/%s/trace" % s)
        # What unit.py does before the program is the program is not in it.
        allowed = u.allowed(u.Unit("/usr/lib/systemd/system/" + s))
        begun = BEFORE | allowed
        bad = {k: v for k, v in used.items() if k not in begun}
        print("# %s: %d different system calls of %d" % (s, len(set(used) & allowed), len(allowed)))
        check(s + ": no call outside its filter", len(used) > 30 and not bad, bad)
    os.unlink("/run/unit/trace")


def inside():
    primary = Primary()
    try:
        prepare()
        out = follow()
        token = re.search(r'"token": *"(us_[^"]+)"', out["6. The first operator and the first tenant."]).group(1)
        check("the documents of the programs are installed", os.path.exists("/usr/share/doc/understudy/API.md"))
        # 203.0.113.0/24 is for documents, and so is refused as a primary's.
        conf = open("/etc/understudy/understudy.conf").read()
        with open("/etc/understudy/understudy.conf", "w") as f:
            f.write(conf.replace('source_v4 = "192.0.2.53"', 'source_v4 = "192.0.2.53"\n'
                                 '\tallow_prefixes = {"203.0.113.0/24"}\n\trefresh_min_s = 1\n\tretry_min_s = 1\n'
                                 '\tbackoff_min_s = 1\n\tbackoff_max_s = 2'))
        must("systemctl restart understudy-xferd")
        zone = customer(token, primary)
        walls()
        reload_and_kill()
        notify(primary)
        backup_and_restore(token, zone, primary)
        syscalls(token, zone, primary)
        must("systemctl start understudy.target")
        must("systemctl stop understudy.target")
        check("everything stops", sh("systemctl is-active understudy-dnsd").returncode == 3)
        left = [open("/proc/%s/cmdline" % p).read() for p in os.listdir("/proc") if p.isdigit()]
        check("and leaves no process", not any("/sbin/dnsd" in c or "/sbin/xferd" in c or "/sbin/apid" in c
                                                for c in left), left)
        denied = [s for s in SERVICES if state(s).get("watchdog")]
        check("no watchdog was missed", not denied, denied)
    except Exception:                           # noqa: B902 - a part that breaks is one failure
        import traceback
        check("the machine works", False, traceback.format_exc() + logs())
    finally:
        primary.stop()
    print("%d passed, %d failed" % (t.passed, t.failed))


if __name__ == "__main__" and sys.argv[1:] == ["inside"]:
    inside()
