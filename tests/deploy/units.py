"""units: make install, and what systemd's own tools say of the units."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "api"))
from apitest import ROOT, VARIANT, check  # noqa: E402

EXPOSURE_MAX = 15       # of 100; systemd-analyze prints it as 1.5


def make(target, dest, *more):
    return subprocess.run(["make", "-s", "-C", ROOT, target, "DESTDIR=" + dest, "PREFIX=/usr",
                           "VARIANT=" + VARIANT, "WERROR=1", *more], capture_output=True, text=True)


def tree(d):
    out = {}
    for base, _, files in os.walk(d):
        for f in files:
            p = os.path.join(base, f)
            with open(p, "rb") as h:
                out[os.path.relpath(p, d)] = (os.stat(p).st_mode & 0o777, hash(h.read()))
    return out


def install(d):
    r = make("install", d)
    if not check("make install", r.returncode == 0, r.stdout + r.stderr):
        return False
    first = tree(d)
    wanted = ["usr/sbin/apid", "usr/sbin/xferd", "usr/sbin/dnsd", "usr/share/understudy/sql/apply",
              "usr/share/understudy/sql/roles.sql", "usr/share/understudy/create-database",
              "usr/share/understudy/make-credentials", "usr/share/understudy/backup",
              "usr/share/understudy/restore", "usr/share/doc/understudy/OPERATIONS.md",
              "usr/share/doc/understudy/LICENSE", "usr/share/doc/understudy/understudy.conf.example",
              "usr/lib/systemd/system/understudy.target", "usr/lib/systemd/system/understudy-dnsd.service",
              "usr/lib/sysusers.d/understudy.conf", "usr/lib/tmpfiles.d/understudy.conf",
              "etc/understudy/understudy.conf"]
    check("everything is there", not [w for w in wanted if w not in first], sorted(first))
    sql = {f for f in os.listdir(os.path.join(ROOT, "sql")) if re.match(r"\d{4}_", f)}
    check("every migration is there",
          sql == {os.path.basename(f) for f in first if re.search(r"/sql/\d{4}_", f)})
    check("credentials are closed", os.stat(d + "/etc/understudy/credentials").st_mode & 0o777 == 0o700)
    texts = [open(os.path.join(d, f), errors="replace").read() for f in first
             if "/systemd/" in f or "tmpfiles" in f or "sysusers" in f]
    check("no place is left to fill in", not any("@" in re.sub(r"@[a-z-]+(?=[ \n])", "", x) and
                                                 re.search(r"@\w+dir@", x) for x in texts))
    check("nothing installed knows where it was built",
          not any(ROOT in x or d in x for x in texts))
    conf = d + "/etc/understudy/understudy.conf"
    r = subprocess.run([d + "/usr/sbin/xferd", "-c", conf, "--check"], capture_output=True, text=True)
    check("the configuration that comes along is valid", r.returncode == 0, r.stderr)
    with open(conf, "a") as f:
        f.write("# mine\n")
    with open(d + "/etc/understudy/credentials/token_pepper", "w") as f:
        f.write("mine")
    r = make("install", d)
    again = tree(d)
    mine = {"etc/understudy/understudy.conf", "etc/understudy/credentials/token_pepper"}
    check("again changes nothing", r.returncode == 0 and
          {k: v for k, v in again.items() if k not in mine} ==
          {k: v for k, v in first.items() if k not in mine}, r.stderr)
    check("what is the operator's stays", open(conf).read().endswith("# mine\n") and
          open(d + "/etc/understudy/credentials/token_pepper").read() == "mine")
    return True


def uninstall(d):
    r = make("uninstall", d)
    left = set(tree(d))
    check("make uninstall leaves what is the operator's", r.returncode == 0 and
          left == {"etc/understudy/understudy.conf", "etc/understudy/credentials/token_pepper"},
          (r.stderr, left))


def rate(d):
    units = d + "/usr/lib/systemd/system"
    for daemon in ("dnsd", "xferd", "apid"):
        r = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                            "--threshold=%d" % EXPOSURE_MAX, "%s/understudy-%s.service" % (units, daemon)],
                           capture_output=True, text=True)
        line = (r.stdout.strip().splitlines() or [r.stderr])[-1]
        got = re.search(r"(\d+\.\d)", line)
        print("# understudy-%s.service: %s" % (daemon, got.group(1) if got else line))
        check("understudy-%s.service is exposed by at most 1.5" % daemon, r.returncode == 0, line)
    # Programs and users are not on this machine; all else must be known.
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"] +
                       [os.path.join(units, u) for u in sorted(os.listdir(units))],
                       capture_output=True, text=True)
    bad = [line for line in r.stderr.splitlines() if "understudy" in line and
           "is not executable" not in line and "not found" not in line]
    check("systemd understands every line", not bad, bad)
    r = subprocess.run(["systemd-sysusers", "--dry-run", d + "/usr/lib/sysusers.d/understudy.conf"],
                       capture_output=True, text=True)
    check("sysusers makes the users", r.returncode == 0, r.stderr)


def rules():
    """Every metric that an alarm asks for is one that a program has."""
    text = open(os.path.join(ROOT, "deploy", "prometheus-rules.yaml")).read()
    known = set()
    for prog, folder in (("apid", "api"), ("xferd", "xferd"), ("dnsd", "dnsd")):
        for name in re.findall(r"^COUNTER\((\w+),.*$", open(os.path.join(ROOT, folder, "counters.def")).read(), re.M):
            known |= {"understudy_%s_%s" % (prog, name), "understudy_%s_%s_total" % (prog, name)}
    for name in re.findall(r'gauge\(b, "(\w+)"', open(os.path.join(ROOT, "dnsd", "relay_role.c")).read()):
        known.add("understudy_dnsd_" + name)
    asked = set(re.findall(r"understudy_(?:apid|xferd|dnsd)_\w+", text))
    check("alarms ask for metrics that there are", asked and asked <= known, asked - known)


def run():
    d = tempfile.mkdtemp(prefix="us-install.")
    try:
        if install(d):
            rate(d)
            uninstall(d)
        rules()
    finally:
        shutil.rmtree(d)
