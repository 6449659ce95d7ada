"""apitest: a real PostgreSQL, a real apid, and a client that hides nothing."""
import base64
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARIANT = os.environ.get("VARIANT", "release")
BUILD = os.path.join(ROOT, "build", VARIANT)
APID = os.path.join(BUILD, "bin", "apid")
MKPAGE = os.path.join(BUILD, "tests", "tools", "mkpage")
PGTEMP = os.path.join(ROOT, "tests", "lib", "pgtemp")
PROBLEM = "application/problem+json"
URN = "urn:understudy:problem:"

passed = failed = 0


def check(name, good, info=""):
    """One test."""
    global passed, failed
    if good:
        passed += 1
        if os.environ.get("V"):
            print("ok - " + name)
    else:
        failed += 1
        print("not ok - %s%s" % (name, "\n    " + str(info)[:1500] if info != "" else ""))
        sys.stdout.flush()
    return bool(good)


def build():
    """What the tests run, where make has not made it yet."""
    if not (os.path.exists(APID) and os.path.exists(MKPAGE)):
        subprocess.check_call(["make", "-s", "-C", ROOT, "VARIANT=" + VARIANT, "all",
                               os.path.relpath(MKPAGE, ROOT)])


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode("utf-8", "replace")
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def get(self, name):
        return self.headers.get(name.lower())

    def __repr__(self):
        return "%d %s" % (self.status, self.text[:900])


class Database:
    def __init__(self):
        self.conninfo = subprocess.check_output([PGTEMP, "start"], text=True).strip()
        self.host = self.conninfo.split()[0][len("host="):]

    def sql(self, text, role="postgres"):
        r = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
                            "host=%s dbname=understudy user=%s" % (self.host, role)],
                           input=text, capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError(r.stderr)
        return r.stdout.strip()

    def dump(self):
        """Every row of every table that a tenant's request may touch."""
        tables = ["tenant", "tsig_key", "primary_server", "zone", "zone_primary",
                  "zone_state", "zone_timer", "job", "zone_version", "attempt"]
        out = "".join(self.sql("SELECT '%s', t::text FROM %s t ORDER BY 2;" % (t, t))
                      for t in tables)
        # last_used_at moves with every request; the rest of a token must not.
        return out + self.sql("SELECT id, name, prefix, scopes, revoked_at FROM token "
                              "ORDER BY id")

    def kill(self):
        subprocess.check_call([PGTEMP, "kill", self.conninfo])

    def restart(self):
        subprocess.check_call([PGTEMP, "restart", self.conninfo])

    def stop(self):
        subprocess.call([PGTEMP, "stop", self.conninfo])


def free_port():
    """One of our block, below the clients' range, that nobody has now."""
    for _ in range(1000):
        port = random.randrange(27000, 28000)
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass
    raise RuntimeError("no free port")


class Apid:
    """One apid on a port of its own."""

    def __init__(self, db, api="", limits="", extra=""):
        self.port, self.metrics = free_port(), free_port()
        self.dir = tempfile.mkdtemp(prefix="us-api.")
        self.log = os.path.join(self.dir, "log")
        pepper, pub = self.dir + "/pepper", self.dir + "/seal_public"
        totp = self.dir + "/totp_key"
        self.secret_files = [pepper, totp]
        self.pepper, self.totp_key = "5ac31f9e" * 8, "6b27d403" * 8
        for path, text, mode in ((pepper, self.pepper + "\n", 0o600),
                                 (totp, self.totp_key + "\n", 0o600),
                                 (pub, "understudy-seal-public 1 " +
                                  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c\n",
                                  0o644)):
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, mode)
        db_line = 'host=%s dbname=understudy user=understudy_apid_' % db.host
        self.conf = self.dir + "/understudy.conf"
        with open(self.conf, "w") as f:
            f.write('''database {
  apid_app = "%sapp"
  apid_auth = "%sauth"
  apid_operator = "%soperator"
}
api {
  listen = "127.0.0.1:%d"
  metrics_listen = "127.0.0.1:%d"
  pepper_file = "%s"
  seal_public_file = "%s"
  totp_key_file = "%s"
  password_ops = 1
  password_memory_kib = 1024
  %s
}
transfer { ownership = "off" }
log { level = "debug" }
limits { %s }
nameservers {
  transfer_sources = {"192.0.2.10"}
  nameserver "ns1.example.net" { addresses = {"192.0.2.53", "2001:db8::53"} stripe = 0 }
  nameserver "ns2.example.net" { addresses = {"192.0.2.54"} stripe = 1 }
}
%s
''' % (db_line, db_line, db_line, self.port, self.metrics, pepper, pub, totp, api, limits, extra))
        self.process = None
        self.program = None             # another build than the usual one

    def start(self):
        self.process = subprocess.Popen([self.program or APID, "-c", self.conf], stderr=open(self.log, "ab"),
                                        stdin=subprocess.DEVNULL)
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError("apid ended: " + self.log_text())
            if "svc.ready" not in self.log_text():
                time.sleep(0.05)
                continue
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("apid does not listen: " + self.log_text())

    def bootstrap(self):
        return subprocess.check_output([APID, "-c", self.conf, "--bootstrap-operator"],
                                       text=True, stderr=subprocess.DEVNULL).strip()

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def stop(self):
        """End it as an operator does; returns the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "killed"
        self.process = None
        return code

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- requests ----

    def call(self, method, path, body=None, token=None, headers=None, raw=None, timeout=30):
        """One request on a connection of its own."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        h = dict(headers or {})
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None and "Content-Type" not in h:
            h["Content-Type"] = "application/json"
        if method in ("POST", "PATCH", "PUT") and data is None:
            data = b""
        if token:
            h["Authorization"] = "Bearer " + token
        try:
            c.request(method, path, data, h)
            r = c.getresponse()
            reply = Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            c.close()
        check_reply(method, path, reply)
        return reply

    def bytes(self, data, timeout=10, pause=0, shut=False):
        """Raw bytes in, everything that comes back out."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        out = b""
        try:
            parts = data if isinstance(data, list) else [data]
            try:
                for p in parts:
                    s.sendall(p)
                    time.sleep(pause)
                if shut:
                    s.shutdown(socket.SHUT_WR)
            except OSError:
                pass        # cut off; what was said before is still there
            while True:
                got = s.recv(65536)
                if not got:
                    break
                out += got
        except OSError as e:
            if isinstance(e, socket.timeout):
                out += b"<open>"
        finally:
            s.close()
        return out


SEEN = []          # every body that was ever sent to us, for the canaries


def good_cache(method, r):
    """Kept by nobody, or asked about each time by its entity tag."""
    cache = r.get("cache-control")
    if method in ("GET", "HEAD") and r.status in (200, 304) and r.get("etag"):
        return cache in ("private, no-cache", "public, no-cache") and "Authorization" in (r.get("vary") or "")
    return cache == "no-store"


def check_reply(method, path, r):
    """What holds for every reply of every route."""
    SEEN.append(r.text)
    import contract
    contract.seen(method, path, r)
    what = "%s %s (%d)" % (method, path[:60], r.status)
    if r.get("x-request-id") is None or r.get("x-content-type-options") != "nosniff" or \
            not good_cache(method, r) or \
            "default-src 'none'" not in (r.get("content-security-policy") or ""):
        check(what + " has its headers", False, r.headers)
    if r.status >= 400 and method != "HEAD":
        check_problem(what, r)


def check_problem(what, r):
    j = r.json
    good = (r.get("content-type") == PROBLEM and isinstance(j, dict) and
            str(j.get("type", "")).startswith(URN) and j.get("status") == r.status and
            j.get("title") and j.get("instance", "").startswith("/") and
            j.get("request_id") == r.get("x-request-id"))
    for e in (j or {}).get("errors", []):
        good = good and set(e) == {"pointer", "code", "message"} and \
            (e["pointer"] == "" or e["pointer"].startswith("/"))
    if not good:
        check(what + " is a problem document", False, (r.headers, r.text))


def problem(r, status, kind):
    return r.status == status and (r.json or {}).get("type") == URN + kind


def pointers(r):
    return sorted((e["pointer"], e["code"]) for e in (r.json or {}).get("errors", []))


def b64(data):
    return base64.b64encode(data).decode()


# ---- content, as xferd would store it ----

def wire(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def key_of(name, apex):
    labels = name[:-len(apex)].rstrip(".").split(".") if name != apex else []
    out = b"\0"
    for label in reversed([x for x in labels if x]):
        out += label.encode() + b"\0"
    return out


def make_page(records, apex):
    """records: (owner, type, ttl, rdata bytes), owners in canonical order."""
    lines = "".join("%s %d %d %s\n" % (key_of(o, apex).hex(), t, ttl, rd.hex() or "-")
                    for o, t, ttl, rd in records)
    r = subprocess.run([MKPAGE], input=lines, capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError("mkpage: %d" % r.returncode)
    return r.stdout.strip()


def soa(serial):
    return wire("ns1.example.net") + wire("hostmaster.example.net") + \
        b"".join(n.to_bytes(4, "big") for n in (serial, 3600, 900, 1209600, 300))


def publish(db, zone_id, tenant_id, apex, generation, serial, pages):
    """pages: list of record lists; one page each, cut at their first owner."""
    sql = "BEGIN;UPDATE zone_page SET to_generation = %d WHERE zone_id = '%s' " \
        "AND to_generation IS NULL;" % (generation, zone_id)
    n = 0
    for i, recs in enumerate(pages):
        low = "00" if i == 0 else key_of(recs[0][0], apex).hex()
        high = "'\\x%s'" % key_of(pages[i + 1][0][0], apex).hex() \
            if i + 1 < len(pages) else "NULL"
        sql += "INSERT INTO zone_page (zone_id, tenant_id, low_key, high_key, from_generation," \
            " record_count, digest, body) VALUES ('%s','%s','\\x%s',%s,%d,%d," \
            "decode(repeat('00',32),'hex'),'\\x%s');" % (
                zone_id, tenant_id, low, high, generation, len(recs), make_page(recs, apex))
        n += len(recs)
    sql += "INSERT INTO zone_version (zone_id, tenant_id, generation, serial, soa, root_level," \
        " root_digest, record_count, page_count, pages_written, mode) VALUES ('%s','%s',%d,%d," \
        "'\\x%s',0,decode(repeat('00',32),'hex'),%d,%d,%d,'axfr');" % (
            zone_id, tenant_id, generation, serial, soa(serial).hex(), n, len(pages), len(pages))
    sql += "UPDATE zone_state SET generation=%d, serial=%d, soa='\\x%s', root_level=0," \
        " root_digest=decode(repeat('00',32),'hex'), record_count=%d, page_count=%d," \
        " loaded_at=now(), checked_at=now(), expires_at=now()+interval '14 days'," \
        " state='live' WHERE zone_id='%s';" % (generation, serial, soa(serial).hex(), n,
                                               len(pages), zone_id)
    sql += "UPDATE zone_timer SET primary_serial=%d, checked_at=now(), due_at=now()+" \
        "interval '1 hour', expires_at=now()+interval '14 days' WHERE zone_id='%s';COMMIT;" % (
            serial, zone_id)
    db.sql(sql)


def edge_report(db, edge="edge1", exceptions="[]"):
    """In a transaction of its own, behind whatever was published."""
    db.sql("SELECT edge_report('%s', 1, pg_snapshot_xmax(pg_current_snapshot()), '%s', '{}')"
           % (edge, exceptions))


def routes():
    """routes.def as (method, path, who, scope, body, query)."""
    out = []
    with open(os.path.join(ROOT, "api", "routes.def")) as f:
        for m in re.finditer(r'^ROUTE\((\w+),\s*"([^"]*)",\s*(\w+),\s*"([^"]*)",\s*(\w+),'
                             r'\s*"([^"]*)",\s*(\w+)\)', f.read(), re.M):
            out.append(m.groups()[:6])
    return out
