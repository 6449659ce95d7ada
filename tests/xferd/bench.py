"""A database, an xferd and what a test needs to look at both."""

import base64
import ctypes
import ctypes.util
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import uuid

import dns.name
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.zone

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

from lib.proc import Proc, free_port, wait_for  # noqa: E402

VARIANT = os.environ.get("VARIANT", "release")
XFERD = os.path.join(ROOT, "build", VARIANT, "bin", "xferd")


def bytea(b):
    return "'\\x" + b.hex() + "'::bytea"


def quote(text):
    return "'" + text.replace("'", "''") + "'"


class Bench:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="us-xferd.")
        os.chmod(self.dir, 0o755)
        self.db = subprocess.run(
            [os.path.join(ROOT, "tests/lib/pgtemp"), "start"], check=True,
            stdout=subprocess.PIPE).stdout.decode().strip()
        self.notify_port = free_port()
        self.metrics_port = free_port()
        self.sodium = ctypes.CDLL(ctypes.util.find_library("sodium")
                                  or "libsodium.so.23")
        self.sodium.sodium_init()
        self.public = ctypes.create_string_buffer(32)
        secret = ctypes.create_string_buffer(32)
        self.sodium.crypto_box_keypair(self.public, secret)
        path = os.path.join(self.dir, "seal_secret")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write("understudy-seal-secret 1 " + secret.raw.hex() + "\n")
        self.seal = path
        self.procs = []
        self.tenant = self.new_tenant("demo")

    # -- database ---------------------------------------------------------

    def sql(self, text):
        r = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v",
             "ON_ERROR_STOP=1", "-d", self.db, "-c", text],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode:
            raise AssertionError(r.stderr.decode())
        return [line.split("\x1f") for line in
                r.stdout.decode().splitlines()]

    def value(self, text):
        rows = self.sql(text)
        return rows[0][0] if rows else None

    def pg(self, what):
        subprocess.run([os.path.join(ROOT, "tests/lib/pgtemp"), what,
                        self.db], check=True, stdout=subprocess.DEVNULL)

    def new_tenant(self, name):
        return self.value("INSERT INTO tenant (name) VALUES "
                          f"({quote(name)}) RETURNING id")

    def seal_box(self, tenant, key_id, secret_b64, algorithm="hmac-sha256"):
        """A secret as apid seals it: to xferd's public key."""
        plain = (uuid.UUID(tenant).bytes + uuid.UUID(key_id).bytes
                 + bytes([len(algorithm)]) + algorithm.encode()
                 + base64.b64decode(secret_b64))
        out = ctypes.create_string_buffer(len(plain) + 48)
        self.sodium.crypto_box_seal(out, plain, ctypes.c_ulonglong(
            len(plain)), self.public)
        return out.raw

    def new_key(self, name, secret_b64, algorithm="hmac-sha256",
                tenant=None):
        tenant = tenant or self.tenant
        key_id = str(uuid.uuid4())
        sealed = self.seal_box(tenant, key_id, secret_b64, algorithm)
        wire = dns.name.from_text(name).canonicalize().to_wire()
        self.sql("INSERT INTO tsig_key (id, tenant_id, name, name_wire, "
                 f"algorithm, sealed, fingerprint) VALUES ('{key_id}', "
                 f"'{tenant}', {quote(name.rstrip('.').lower())}, "
                 f"{bytea(wire)}, '{algorithm}', {bytea(sealed)}, "
                 "'fingerprint')")
        return key_id

    def new_primary(self, port, key=None, tenant=None, address="127.0.0.1"):
        tenant = tenant or self.tenant
        return self.value(
            "INSERT INTO primary_server (tenant_id, address, port, key_id) "
            f"VALUES ('{tenant}', '{address}', {port}, "
            + (f"'{key}'" if key else "NULL") + ") RETURNING id")

    def new_zone(self, name, primaries, tenant=None):
        tenant = tenant or self.tenant
        wire = dns.name.from_text(name).canonicalize().to_wire()
        zone = str(uuid.uuid4())
        lines = [f"INSERT INTO zone (id, tenant_id, name, apex, state) VALUES"
                 f" ('{zone}', '{tenant}', {quote(name)}, {bytea(wire)}, "
                 "'active')"]
        for i, p in enumerate(primaries):
            lines.append("INSERT INTO zone_primary (zone_id, tenant_id, "
                         f"ordinal, primary_id) VALUES ('{zone}', "
                         f"'{tenant}', {i}, '{p}')")
        self.sql("BEGIN; " + "; ".join(lines) + "; COMMIT")
        return zone

    def job(self, zone, kind, tenant=None):
        return self.value(
            "INSERT INTO job (tenant_id, zone_id, kind) VALUES ("
            f"'{tenant or self.tenant}', '{zone}', '{kind}') RETURNING id")

    def serial(self, zone):
        v = self.value("SELECT serial FROM zone_state WHERE zone_id = "
                       f"'{zone}'")
        return int(v) if v else None

    def generation(self, zone):
        return int(self.value("SELECT generation FROM zone_state WHERE "
                              f"zone_id = '{zone}'"))

    def wait_serial(self, zone, serial, timeout=20):
        wait_for(f"serial {serial} of {zone}; last attempts: "
                 + repr(self.attempts(zone)[-4:]),
                 lambda: self.serial(zone) == serial, timeout)

    def attempts(self, zone):
        return [dict(zip(("kind", "outcome", "reason", "message", "port",
                          "transport", "connect_ms"), r)) for r in self.sql(
            "SELECT kind, outcome, reason, message, primary_port, transport, "
            "connect_ms "
            f"FROM attempt WHERE zone_id = '{zone}' ORDER BY id")]

    def wait_attempt(self, zone, timeout=20, **want):
        def found():
            for a in self.attempts(zone):
                if all(a[k] == v for k, v in want.items()):
                    return a
        return wait_for(f"attempt {want}, have "
                        f"{self.attempts(zone)[-4:]}", found, timeout)

    def wait_idle(self, zone, timeout=20):
        wait_for("no lease", lambda: self.value(
            "SELECT lease_owner IS NULL FROM zone_timer WHERE zone_id = "
            f"'{zone}'") == "t", timeout)

    def due(self, zone):
        self.sql("UPDATE zone_timer SET due_at = now() WHERE zone_id = "
                 f"'{zone}'")

    # -- what is stored ---------------------------------------------------

    def stored(self, zone):
        """The live version as {(owner, type): (ttl, sorted rdata)}."""
        apex = bytes.fromhex(self.value(
            "SELECT encode(apex, 'hex') FROM zone_state WHERE zone_id = "
            f"'{zone}'"))
        records = {}
        rows = self.sql("SELECT encode(low_key, 'hex'), encode(high_key, "
                        "'hex'), encode(body, 'hex') FROM zone_page WHERE "
                        f"zone_id = '{zone}' AND to_generation IS NULL "
                        "ORDER BY low_key")
        before = None
        for low, high, body in rows:
            assert before is None or before == low, "a gap between pages"
            before = high
            for owner, rtype, ttl, rdata in page_records(
                    bytes.fromhex(body), apex):
                entry = records.setdefault((owner, rtype), (ttl, []))
                assert entry[0] == ttl or rtype == 46
                entry[1].append(rdata)
        assert before == "", "the last page has an end"
        return {k: (ttl, sorted(r)) for k, (ttl, r) in records.items()}

    def same_as(self, zone, name, port, keyring=None):
        """Is the stored version what an AXFR from there gives?"""
        want = axfr(name, port, keyring)
        have = self.stored(zone)
        want = {k: v[1] for k, v in want.items()}
        have = {k: v[1] for k, v in have.items()}
        assert have == want, (
            "missing %r, too many %r" % (
                [k for k in want if have.get(k) != want[k]][:5],
                [k for k in have if have[k] != want.get(k)][:5]))

    # -- xferd ------------------------------------------------------------

    def config(self, **more):
        sets = {
            "database.xferd": self.db.replace("user=postgres",
                                              "user=understudy_xferd"),
            "transfer.listen": f"127.0.0.1:{self.notify_port}",
            "transfer.metrics_listen": f"127.0.0.1:{self.metrics_port}",
            "transfer.relay_socket": os.path.join(self.dir, "notify.sock"),
            "transfer.seal_secret_file": self.seal,
            "transfer.allow_prefixes": "127.0.0.0/8",
            "transfer.allow_any_port": "yes",
            "transfer.refresh_min_s": "3600",
            "transfer.retry_min_s": "2", "transfer.retry_max_s": "2",
            "transfer.backoff_min_s": "1", "transfer.backoff_max_s": "2",
            "transfer.probe_timeout_ms": "200", "transfer.probe_tries": "2",
            "transfer.connect_timeout_ms": "1000",
            "transfer.first_timeout_ms": "1500",
            "transfer.idle_timeout_ms": "1500",
            "transfer.total_timeout_s": "10",
            "transfer.recheck_s": "1", "transfer.lease_s": "6",
            "transfer.breaker_s": "2", "transfer.poll_ms": "200",
            "log.level": "debug",
        }
        if os.geteuid() == 0:
            sets["transfer.child_user"] = "nobody"
        sets.update(more)
        return sets

    def start(self, name="xferd", **more):
        argv = [XFERD]
        for k, v in self.config(**more).items():
            argv += ["--set", f"{k}={v}"]
        p = Proc(argv, os.path.join(self.dir, name + ".log"))
        self.procs.append(p)
        wait_for("xferd to work", lambda: self.log(name).count(
            "xferd.working") > 0 or not p.alive(), 15)
        assert p.alive(), self.log(name)[-2000:]
        return p

    def log(self, name="xferd"):
        with open(os.path.join(self.dir, name + ".log"), errors="replace") \
                as f:
            return f.read()

    def children(self, p, role):
        pids = []
        for task in os.listdir(f"/proc/{p.pid}/task"):
            with open(f"/proc/{p.pid}/task/{task}/children") as f:
                pids += f.read().split()
        out = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if f"role={role}".encode() in f.read():
                        out.append(int(pid))
            except OSError:
                pass
        return out

    def metric(self, name):
        import urllib.request
        text = urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics",
            timeout=5).read().decode()
        for line in text.splitlines():
            if line.startswith(f"understudy_xferd_{name} "):
                return float(line.split()[-1])
        raise AssertionError("no metric " + name)

    def logs(self):
        return "\n".join(f"{f}:\n" + self.log(f[:-4])[-3000:]
                         for f in sorted(os.listdir(self.dir))
                         if f.endswith(".log"))

    def stop(self):
        for p in self.procs:
            p.stop()
        self.pg("stop")
        shutil.rmtree(self.dir, ignore_errors=True)


# -- reading pages, independently of the C code ---------------------------

def key_owner(key, apex):
    """Owner key (tree byte, labels from the apex down) to a wire name."""
    labels = []
    i = 1
    label = bytearray()
    while i < len(key):
        c = key[i]
        if c == 0:
            labels.append(bytes(label))
            label = bytearray()
        elif c == 1:
            i += 1
            label.append(key[i] - 1)
        else:
            label.append(c)
        i += 1
    assert not label
    return b"".join(bytes([len(x)]) + x for x in reversed(labels)) + apex


def page_records(page, apex):
    magic, size, n_names, n_slots, n_records = struct.unpack_from(
        "<IIHHI", page)
    assert magic == 0x01475055 and size == len(page), "not a page"
    at = 16 + 4 * n_slots
    count = 0
    for i in range(n_names):
        off = 4 * struct.unpack_from("<H", page, at + 2 * i)[0]
        key_len, _, n_sets = struct.unpack_from("<HBB", page, off)
        key = page[off + 4:off + 4 + key_len]
        owner = key_owner(key, apex)
        pos = (off + 4 + key_len + 3) & ~3
        data = pos + 8 * n_sets
        for s in range(n_sets):
            _, n_rr, rr_len, sig_len = struct.unpack_from(
                "<HHHH", page, pos + 8 * s)
            end = data + rr_len + sig_len
            while data < end:
                c00c, rtype, rclass, ttl, rdlen = struct.unpack_from(
                    ">HHHIH", page, data)
                assert c00c == 0xc00c and rclass == 1
                yield owner, rtype, ttl, page[data + 12:data + 12 + rdlen]
                data += 12 + rdlen
                count += 1
    assert count == n_records, "the page's record count is wrong"


def axfr(name, port, keyring=None):
    """{(owner, type): (ttl, sorted rdata)} from a real primary."""
    out = {}
    soa = 0
    origin = dns.name.from_text(name)
    kw = {}
    if keyring:
        kw = {"keyring": dns.tsigkeyring.from_text(keyring)}
    for m in dns.query.xfr("127.0.0.1", name, port=port, relativize=False,
                           lifetime=60, **kw):
        for rrset in m.answer:
            for rd in rrset:
                if rrset.rdtype == dns.rdatatype.SOA:
                    soa += 1
                    if soa > 1:
                        continue
                owner = rrset.name.canonicalize().to_wire()
                entry = out.setdefault((owner, int(rrset.rdtype)),
                                       (rrset.ttl, []))
                entry[1].append(rd.to_wire())
    del origin
    return {k: (ttl, sorted(r)) for k, (ttl, r) in out.items()}
