"""unit: a unit file, and the walls of its service around a program.

What systemd does for the options that our units use, by the same system calls,
so that a test may run the daemons behind them where no systemd runs: user,
groups, capabilities, mount and user namespaces, credentials, the filter of
system calls, limits.  Not here: cgroups (IPAddressDeny=, TasksMax=).
"""
import ctypes
import grp
import os
import pwd
import re
import resource
import shutil
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWUTS = 0x20000, 0x10000000, 0x8000000, 0x4000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = \
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18


def yes(value):
    return value.lower() in ("yes", "true", "on", "1")


class Unit:
    """Options in order; a list for each, as systemd adds them up."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        self.options = {}
        text = open(path).read().replace("\\\n", " ")
        for line in text.splitlines():
            line = line.strip()
            if not line or line[0] in "#;[":
                continue
            key, value = line.split("=", 1)
            self.options.setdefault(key.strip(), []).append(value.strip())

    def all(self, key):
        return self.options.get(key, [])

    def get(self, key, default=""):
        return self.options.get(key, [default])[-1]

    def yes(self, key):
        return yes(self.get(key, "no"))


def expand(names, seen=None):
    """System calls of names and @groups, as this systemd knows them."""
    out = set()
    for n in names:
        if not n.startswith("@"):
            out.add(n)
            continue
        r = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", n],
                           capture_output=True, text=True)
        words = [w.strip() for w in r.stdout.splitlines()[1:]]
        out |= expand([w for w in words if w and not w.startswith("#")])
    return out


def allowed(unit):
    """What its SystemCallFilter= lets through, and what systemd always does."""
    out = set()
    for line in unit.all("SystemCallFilter"):
        if line.startswith("~"):
            out -= expand(line[1:].split())
        else:
            out |= expand(line.split())
    return out | expand(["@default"]) | {"execve", "exit", "exit_group", "rt_sigreturn"}


# ---- the filter, by libseccomp ----

class Arg(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


NE, LT, LE, EQ, GE, GT, MASKED_EQ = 1, 2, 3, 4, 5, 6, 7
ALLOW, EPERM, EAFNOSUPPORT = 0x7fff0000, 1, 97


def deny(errno):
    return 0x00050000 | errno


class Filter:
    def __init__(self, default):
        self.lib = ctypes.CDLL("libseccomp.so.2")
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.lib.seccomp_init.argtypes = [ctypes.c_uint32]
        self.lib.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Arg)]
        self.lib.seccomp_load.argtypes = [ctypes.c_void_p]
        self.lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
        self.ctx = self.lib.seccomp_init(default)
        self.lib.seccomp_attr_set(self.ctx, 3, 0)       # no_new_privs: ours to set

    def rule(self, action, name, *args):
        n = self.lib.seccomp_syscall_resolve_name(name.encode())
        if n < 0:
            return
        array = (Arg * max(len(args), 1))(*[Arg(*a) for a in args])
        self.lib.seccomp_rule_add_array(self.ctx, action, n, len(args), array)

    def load(self):
        if self.lib.seccomp_load(self.ctx) != 0:
            raise OSError("seccomp_load")


def filters(unit):
    """In systemd's order: each narrows, so the order does not matter."""
    out = []
    if unit.yes("MemoryDenyWriteExecute"):
        f = Filter(ALLOW)
        f.rule(deny(EPERM), "mmap", (2, MASKED_EQ, 6, 6))
        f.rule(deny(EPERM), "mprotect", (2, MASKED_EQ, 4, 4))
        f.rule(deny(EPERM), "pkey_mprotect", (2, MASKED_EQ, 4, 4))
        f.rule(deny(EPERM), "shmat", (2, MASKED_EQ, 0x8000, 0x8000))
        out.append(f)
    families = unit.all("RestrictAddressFamilies")
    if families:
        known = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
        good = {known[n] for line in families for n in line.split()}
        f = Filter(ALLOW)
        for family in range(0, 64):
            if family not in good:
                f.rule(deny(EAFNOSUPPORT), "socket", (0, EQ, family))
        out.append(f)
    f = Filter(ALLOW)
    if unit.yes("RestrictNamespaces"):
        for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
            f.rule(deny(EPERM), "clone", (0, MASKED_EQ, flag, flag))
        f.rule(deny(EPERM), "unshare")
        f.rule(deny(EPERM), "setns")
    if unit.yes("RestrictSUIDSGID"):
        for bit in (0o4000, 0o2000):
            f.rule(deny(EPERM), "chmod", (1, MASKED_EQ, bit, bit))
            f.rule(deny(EPERM), "fchmod", (1, MASKED_EQ, bit, bit))
            f.rule(deny(EPERM), "fchmodat", (2, MASKED_EQ, bit, bit))
    if unit.yes("LockPersonality"):
        f.rule(deny(EPERM), "personality", (0, NE, 0))
    if unit.yes("RestrictRealtime"):
        f.rule(deny(EPERM), "sched_setscheduler", (1, NE, 0))
    out.append(f)
    if unit.all("SystemCallFilter"):
        f = Filter(deny(EPERM))
        for name in allowed(unit):
            f.rule(ALLOW, name)
        out.append(f)
    return out


# ---- namespaces ----

def mount(source, target, kind=None, flags=0, data=None):
    def b(x):
        return x.encode() if x else None
    if libc.mount(b(source), b(target), b(kind), flags, b(data)) != 0:
        raise OSError(ctypes.get_errno(), "mount %s on %s" % (source, target))


def mounts():
    with open("/proc/self/mountinfo") as f:
        return [re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1), 8)), line.split()[4]) for line in f]


def read_only_tree(keep):
    """ProtectSystem=strict."""
    for m in mounts():
        if m.split("/")[1] in ("dev", "proc", "sys"):
            continue
        try:
            mount(None, m, None, MS_REMOUNT | MS_BIND | MS_RDONLY)
        except OSError:
            if m == "/":
                raise
    for d in keep:
        mount(d, d, None, MS_BIND)
        mount(None, d, None, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV)


def namespaces(unit, writable, scratch):
    if libc.unshare(CLONE_NEWNS | (CLONE_NEWIPC if unit.yes("PrivateIPC") else 0) |
                    (CLONE_NEWUTS if unit.yes("ProtectHostname") else 0)) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    if unit.yes("PrivateDevices"):
        old = os.path.join(scratch, "dev")
        os.makedirs(old, exist_ok=True)
        mount("tmpfs", old, "tmpfs", MS_NOSUID, "mode=755")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            open(os.path.join(old, name), "w").close()
            mount("/dev/" + name, os.path.join(old, name), None, MS_BIND)
        os.mkdir(old + "/shm")
        mount("tmpfs", old + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
        mount(old, "/dev", None, MS_BIND | MS_REC)
    if unit.get("ProtectSystem") == "strict":
        read_only_tree(writable)
    if unit.yes("PrivateTmp"):
        for d in ("/tmp", "/var/tmp"):
            mount("tmpfs", d, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    if unit.yes("ProtectHome"):
        for d in ("/home", "/root"):
            mount("tmpfs", d, "tmpfs", MS_RDONLY, "mode=000")
    if unit.get("ProcSubset") == "pid" or unit.get("ProtectProc", "default") != "default":
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "hidepid=%s%s" % (unit.get("ProtectProc", "default"),
                                ",subset=pid" if unit.get("ProcSubset") == "pid" else ""))


def user_namespace(uid, gid):
    """PrivateUsers=: root, the service's user, and nobody else."""
    r, w = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.read(r, 1)
        try:
            for name, own in (("uid_map", uid), ("gid_map", gid)):
                with open("/proc/%d/%s" % (parent, name), "w") as f:
                    f.write("0 0 1\n%d %d 1\n" % (own, own))
        except OSError as e:
            os.write(2, ("user namespace: %s\n" % e).encode())
            os._exit(1)
        os._exit(0)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare user")
    os.write(w, b"x")
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError("user namespace")
    os.close(r)
    os.close(w)


# ---- one service ----

CAPS = {"CAP_NET_BIND_SERVICE": 10}
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def limit(unit, key, what):
    m = re.fullmatch(r"(\d+)([KMG]?)", unit.get(key, ""))
    if m:
        n = int(m.group(1)) * SIZES[m.group(2)]
        hard = resource.getrlimit(what)[1]  # a container may have no more
        if hard != resource.RLIM_INFINITY:
            n = min(n, hard)
        resource.setrlimit(what, (n, n))


def directories(unit, uid, gid):
    """RuntimeDirectory= and StateDirectory=; what stays writable."""
    out = []
    for key, base in (("RuntimeDirectory", "/run"), ("StateDirectory", "/var/lib")):
        for name in unit.get(key).split():
            path = os.path.join(base, name)
            parent = os.path.dirname(path)
            os.makedirs(parent, 0o755, exist_ok=True)
            os.makedirs(path, exist_ok=True)
            os.chown(path, uid, gid)
            os.chmod(path, int(unit.get(key + "Mode", "0755"), 8))
            out.append(path)
    return out


def credentials(unit, uid):
    out = os.path.join("/run/credentials", unit.name)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out, 0o700)
    for line in unit.all("LoadCredential"):
        name, path = line.split(":", 1)
        shutil.copyfile(path, os.path.join(out, name))
        os.chmod(os.path.join(out, name), 0o400)
        os.chown(os.path.join(out, name), uid, -1)
    os.chown(out, uid, -1)
    os.chmod(out, 0o500)
    return out


def command(unit):
    return [w.replace("\\x20", " ") for w in re.findall(r'"[^"]*"|\S+', unit.get("ExecStart"))]


def become(unit, environment, before=()):
    """Does not return: this process becomes the service's.  @before: words
    before the command (a tracer); it is outside the filter then."""
    argv = [w.strip('"') for w in command(unit)]
    who = pwd.getpwnam(unit.get("User", "root"))
    gid = grp.getgrnam(unit.get("Group")).gr_gid if unit.get("Group") else who.pw_gid
    groups = [grp.getgrnam(n).gr_gid for n in unit.get("SupplementaryGroups").split()]
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8",
           "HOME": who.pw_dir, "USER": who.pw_name, "LOGNAME": who.pw_name, "SHELL": "/usr/sbin/nologin"}
    env.update(environment)
    writable = directories(unit, who.pw_uid, gid)
    if unit.all("LoadCredential"):
        env["CREDENTIALS_DIRECTORY"] = credentials(unit, who.pw_uid)
    limit(unit, "LimitNOFILE", resource.RLIMIT_NOFILE)
    limit(unit, "LimitCORE", resource.RLIMIT_CORE)
    limit(unit, "LimitMEMLOCK", resource.RLIMIT_MEMLOCK)
    scratch = "/run/unit/" + unit.name
    os.makedirs(scratch, exist_ok=True)
    namespaces(unit, writable, scratch)
    walls = filters(unit)               # asks systemd-analyze: before the user changes
    os.chdir("/")
    if unit.yes("PrivateUsers"):
        user_namespace(who.pw_uid, gid)
    bounding = {CAPS[c] for line in unit.all("CapabilityBoundingSet") for c in line.split()}
    ambient = {CAPS[c] for line in unit.all("AmbientCapabilities") for c in line.split()}
    libc.prctl(8, 1, 0, 0, 0)           # keep capabilities over setuid
    os.setgroups(groups if not unit.yes("PrivateUsers") else [])
    for cap in range(41):
        if cap not in bounding and libc.prctl(24, cap, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "bounding set")
    os.setresgid(gid, gid, gid)
    os.setresuid(who.pw_uid, who.pw_uid, who.pw_uid)
    mask = sum(1 << c for c in ambient)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(head, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    for cap in ambient:
        if libc.prctl(47, 2, cap, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "ambient")
    if unit.yes("NoNewPrivileges") and libc.prctl(38, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no new privileges")
    os.umask(int(unit.get("UMask", "0022"), 8))
    env["WATCHDOG_PID"] = str(os.getpid())
    exe = argv[0]
    for w in walls:
        w.load()
    os.execve(exe, argv, env)
