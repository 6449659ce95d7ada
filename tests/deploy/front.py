"""front: HTTPS in apid, and apid behind nginx and HAProxy."""
import concurrent.futures
import datetime
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "api"))
import apitest as t  # noqa: E402
from apitest import check  # noqa: E402

LONG = 30


def certificate(directory, name, days=30, begin=0):
    """A key and a certificate for 127.0.0.1, its own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    import ipaddress
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(who).issuer_name(who)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    paths = os.path.join(directory, name + ".pem"), os.path.join(directory, name + ".key")
    with open(paths[0], "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(os.open(paths[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.TraditionalOpenSSL,
                                  serialization.NoEncryption()))
    return paths


def wait_for(what, good, seconds=LONG):
    end = time.monotonic() + seconds
    while not good():
        if time.monotonic() > end:
            check(what, False, "not within %d s" % seconds)
            return False
        time.sleep(0.05)
    check(what, True)
    return True


def context(ca, lowest=None, highest=None):
    c = ssl.create_default_context(cafile=ca)
    if highest:
        c.set_ciphers("ALL:@SECLEVEL=0")
    c.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
    if highest:
        c.maximum_version = highest
    return c


def handshake(port, ctx):
    """(version, common name of the certificate), or the error."""
    try:
        with socket.create_connection(("127.0.0.1", port), LONG) as s, \
                ctx.wrap_socket(s, server_hostname="127.0.0.1") as tls:
            subject = dict(x[0] for x in tls.getpeercert()["subject"])
            return tls.version(), subject["commonName"]
    except (OSError, ssl.SSLError) as e:
        return ("failed", str(e))


def get(c, path, token=None, method="GET", body=None, headers=None):
    h = dict(headers or {})
    if token:
        h["Authorization"] = "Bearer " + token
    if body is not None:
        h["Content-Type"] = "application/json"
        body = json.dumps(body)
    c.request(method, path, body, h)
    r = c.getresponse()
    return r.status, r.read(), {k.lower(): v for k, v in r.getheaders()}


# ---- HTTPS ----

def https(db):
    d = tempfile.mkdtemp(prefix="us-front.")
    first, second, third = (certificate(d, n) for n in ("first", "second", "third"))
    old = certificate(d, "old", days=-1)
    cert, key = os.path.join(d, "cert.pem"), os.path.join(d, "key.pem")

    def install(pair):
        for src, dst in zip(pair, (cert, key)):
            shutil.copy(src, dst + ".new")
            os.chmod(dst + ".new", 0o600)
            os.rename(dst + ".new", dst)

    install(first)
    a = t.Apid(db, api='request_timeout_s = 2\n tls_cert_file = "%s"\n tls_key_file = "%s"' % (cert, key))
    op = a.bootstrap()
    # A socket may be opened before it speaks TLS: start() only connects.
    a.start()
    try:
        ctx = context(first[0])
        keep = http.client.HTTPSConnection("127.0.0.1", a.port, context=ctx, timeout=LONG)
        status, _, headers = get(keep, "/healthz")
        check("HTTPS answers", status == 200, status)
        check("HSTS is sent", "max-age" in headers.get("strict-transport-security", ""), headers)
        got = {v: handshake(a.port, context(first[0], v, v))[0] for v in (
            ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)}
        check("TLS 1.2 and 1.3 are spoken, 1.1 is not",
              list(got.values()) == ["failed", "TLSv1.2", "TLSv1.3"], got)
        plain = a.bytes(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", timeout=LONG)
        check("plain HTTP gets no answer", b"200" not in plain and b"<open>" not in plain, plain)
        slow = a.bytes(b"\x16", timeout=LONG)
        check("who does not end the handshake is cut off", b"<open>" not in slow, slow)

        status, body, _ = get(keep, "/openapi.json")
        check("a long reply arrives whole", status == 200 and json.loads(body)["paths"], status)

        def client(n):
            c = http.client.HTTPSConnection("127.0.0.1", a.port, context=ctx, timeout=LONG)
            good = 0
            for i in range(15):
                s, b, _ = get(c, "/v1/operator/tenants", op, "POST", {"name": "t-%d-%d" % (n, i)})
                good += s == 201 and json.loads(b)["name"] == "t-%d-%d" % (n, i)
            c.close()
            return good

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            good = sum(pool.map(client, range(16)))
        check("sixteen clients at once on connections that stay open", good == 16 * 15, good)

        # A wait is a suspended connection: it comes back, and so do bytes
        # that were already decrypted when it was suspended.
        s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", a.port), LONG),
                            server_hostname="127.0.0.1")
        one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        s.sendall(one * 20)
        data = b""
        try:
            while data.count(b"HTTP/1.1 200") < 20:
                more = s.recv(65536)
                if not more:
                    break
                data += more
        except OSError as e:
            data += repr(e).encode()
        check("twenty pipelined requests in one record are answered",
              data.count(b"HTTP/1.1 200") == 20, data[-300:])
        s.close()

        install(second)
        a.process.send_signal(signal.SIGHUP)
        wait_for("SIGHUP takes up a new certificate",
                 lambda: handshake(a.port, context(second[0]))[1] == "second")
        status, _, _ = get(keep, "/healthz")
        check("a connection goes on with the certificate it began with", status == 200, status)

        for what, pair in (("that does not fit", (third[0], second[1])), ("that has expired", old),
                           ("that is none", ("/etc/passwd", second[1]))):
            before = a.log_text().count("tls.refused")
            install(pair)
            a.process.send_signal(signal.SIGHUP)
            wait_for("a certificate %s is refused" % what,
                     lambda: a.log_text().count("tls.refused") > before)
            check("... and the one before goes on",
                  handshake(a.port, context(second[0]))[1] == "second", a.log_text()[-500:])
        install(third)
        wait_for("changed files are taken up without a signal",
                 lambda: handshake(a.port, context(third[0]))[1] == "third")
        check("apid stops cleanly", a.stop() == 0, a.log_text()[-800:])
    finally:
        a.stop()
        a.remove()
        shutil.rmtree(d)


# ---- behind a proxy ----

NGINX = """
daemon off; master_process off; pid %(dir)s/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p; fastcgi_temp_path %(dir)s/f;
  uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  upstream apid { server 127.0.0.1:%(apid)d; keepalive 8; }
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(cert)s; ssl_certificate_key %(key)s;
    location / {
      proxy_pass http://apid;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_bind 127.0.0.2;
      proxy_buffering off;
    }
  }
  server {
    listen 127.0.0.1:%(port2)d;
    location / {
      proxy_pass http://apid;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_bind 127.0.0.2;
    }
  }
}
"""

HAPROXY = """
global
  maxconn 200
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 60s
frontend public
  bind 127.0.0.1:%(port)d ssl crt %(pem)s
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default_backend apid
backend apid
  source 127.0.0.3
  server apid 127.0.0.1:%(apid)d
"""


class Proxy:
    def __init__(self, argv, port):
        self.log = tempfile.NamedTemporaryFile(prefix="us-proxy.")
        self.process = subprocess.Popen(argv, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        end = time.monotonic() + LONG
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(open(self.log.name).read())
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def proxies(db):
    d = tempfile.mkdtemp(prefix="us-proxy.")
    os.chmod(d, 0o755)
    cert, key = certificate(d, "proxy")
    ctx = context(cert)
    a = t.Apid(db, api='proxy_prefixes = {"127.0.0.2", "127.0.0.3/32"}\n connections_per_ip_max = 4')
    op = a.bootstrap()
    a.start()
    ports = {"nginx": t.free_port(), "haproxy": t.free_port(), "plain": t.free_port()}
    names = iter(range(10000))
    running = []

    def ask(port, source="127.0.0.1", headers=(), tls=True):
        """The address that apid takes the client for, or the status."""
        c = (http.client.HTTPSConnection("127.0.0.1", port, context=ctx, timeout=LONG,
                                         source_address=(source, 0)) if tls else
             http.client.HTTPConnection("127.0.0.1", port, timeout=LONG, source_address=(source, 0)))
        name = "p%d" % next(names)
        try:
            c.putrequest("POST", "/v1/operator/tenants")
            c.putheader("Authorization", "Bearer " + op)
            c.putheader("Content-Type", "application/json")
            body = json.dumps({"name": name}).encode()
            c.putheader("Content-Length", str(len(body)))
            for k, v in headers:
                c.putheader(k, v)
            c.endheaders(body)
            r = c.getresponse()
            r.read()
            if r.status != 201:
                return r.status
        finally:
            c.close()
        return db.sql("SELECT host(source) FROM audit WHERE action = 'tenant.create' "
                      "ORDER BY id DESC LIMIT 1")

    try:
        with open(d + "/nginx.conf", "w") as f:
            f.write(NGINX % {"dir": d, "apid": a.port, "port": ports["nginx"], "cert": cert,
                             "key": key, "port2": ports["plain"]})
        with open(d + "/haproxy.pem", "w") as f:
            f.write(open(cert).read() + open(key).read())
        with open(d + "/haproxy.cfg", "w") as f:
            f.write(HAPROXY % {"apid": a.port, "port": ports["haproxy"], "pem": d + "/haproxy.pem"})
        sbin = "/usr/sbin/"
        running.append(Proxy([sbin + "nginx", "-p", d, "-c", d + "/nginx.conf"], ports["nginx"]))
        running.append(Proxy([sbin + "haproxy", "-db", "-f", d + "/haproxy.cfg"], ports["haproxy"]))

        check("without a proxy the peer counts", ask(a.port, "127.0.0.1", tls=False) == "127.0.0.1")
        spoof = [("X-Forwarded-For", "192.0.2.66"), ("Forwarded", "for=192.0.2.67")]
        check("what a stranger says of himself does not",
              ask(a.port, "127.0.0.1", spoof, tls=False) == "127.0.0.1")
        for proxy in ("nginx", "haproxy"):
            p = ports[proxy]
            check(proxy + ": the client is known", ask(p, "127.0.0.9") == "127.0.0.9")
            tricks = {
                "an address before": [("X-Forwarded-For", "192.0.2.66")],
                "several": [("X-Forwarded-For", "192.0.2.66, 127.0.0.2")],
                "two headers": [("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-For", "192.0.2.67")],
                "another header": [("Forwarded", "for=192.0.2.66")],
                "garbage": [("X-Forwarded-For", "\"<>, ;,,")],
                "an open quote": [("X-Forwarded-For", "\"192.0.2.66")],
                "other letters": [("x-fOrWARDED-fOR", "192.0.2.66")],
                "underscores": [("X_Forwarded_For", "192.0.2.66")],
                "a tab": [("X-Forwarded-For", "192.0.2.66\t")],
                "nothing": [("X-Forwarded-For", "")],
                "a real-ip header": [("X-Real-IP", "192.0.2.66"), ("X-Client-IP", "192.0.2.66")],
            }
            for what, headers in tricks.items():
                got = ask(p, "127.0.0.9", headers)
                check("%s: smuggled %s is of no use" % (proxy, what), got in ("127.0.0.9", 400), got)
        # Headers that parsers have disagreed about, raw.
        for proxy in ("nginx", "haproxy"):
            for line in (b"X-Forwarded-For : 192.0.2.66", b"X-Forwarded-For:\r\n 192.0.2.66",
                         b"X-Forwarded-For: 127.0.0.9\r\n , 192.0.2.66", b"X-Forwarded-For\t: 192.0.2.66",
                         b"X-Forwarded-For:\x0b192.0.2.66", b"X-Forwarded-For: 127.0.0.9,\x00192.0.2.66",
                         b"Connection: X-Forwarded-For", b"Connection: close, X-Forwarded-For"):
                name = "p%d" % next(names)
                body = json.dumps({"name": name}).encode()
                s = ctx.wrap_socket(socket.create_connection(
                    ("127.0.0.1", ports[proxy]), LONG, ("127.0.0.9", 0)), server_hostname="127.0.0.1")
                s.sendall(b"POST /v1/operator/tenants HTTP/1.1\r\nHost: x\r\n" + line +
                          b"\r\nAuthorization: Bearer " + op.encode() +
                          b"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                          str(len(body)).encode() + b"\r\n\r\n" + body)
                data = b""
                try:
                    while True:
                        more = s.recv(65536)
                        if not more:
                            break
                        data += more
                except OSError:
                    pass
                s.close()
                who = db.sql("SELECT string_agg(DISTINCT host(source), ' ') FROM audit "
                             "WHERE after::text LIKE '%%\"%s\"%%' OR object IN (SELECT id::text FROM tenant "
                             "WHERE name = '%s')" % (name, name)) or "127.0.0.9"
                check("%s: %r does not change who asks" % (proxy, line), who == "127.0.0.9", (who, data[:200]))
        check("without TLS to the proxy the request is refused",
              ask(ports["plain"], "127.0.0.9", tls=False) == 400)
        check("nobody makes himself secure", ask(ports["plain"], "127.0.0.9", [
            ("X-Forwarded-Proto", "https")], tls=False) == 400)

        # One proxy, many clients: the limit per address is not the proxy's.
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            got = list(pool.map(lambda i: ask(ports["haproxy"], "127.0.0.%d" % (10 + i)), range(16)))
        check("sixteen clients of one proxy are sixteen clients",
              got.count("127.0.0.9") == 0 and all(str(g).startswith("127.0.0.") for g in got), got)
        held, refused = [], 0
        for _ in range(8):
            s = socket.create_connection(("127.0.0.1", a.port), LONG)
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                refused += s.recv(65536) == b""
            except OSError:
                refused += 1
            held.append(s)
        check("a direct client has four connections", refused == 4, refused)
        for s in held:
            s.close()
        through = []
        for _ in range(8):
            s = socket.create_connection(("127.0.0.1", a.port), LONG, ("127.0.0.2", 0))
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            through.append(b"200" in s.recv(65536))
            held.append(s)
        check("a trusted proxy has more", all(through), through)
        for s in held:
            s.close()

        def direct():
            try:
                return ask(a.port, "127.0.0.1", tls=False) == "127.0.0.1"
            except OSError:
                return False
        wait_for("closed connections make room", direct)
        check("apid stops cleanly behind proxies", a.stop() == 0, a.log_text()[-800:])
    finally:
        for p in running:
            p.stop()
        a.stop()
        a.remove()
        shutil.rmtree(d)


def refusals(db):
    for listen, extra, good in (("0.0.0.0", "", False), ("0.0.0.0", "plain = yes", True),
                                ("0.0.0.0", 'proxy_prefixes = {"192.0.2.7"}', True)):
        a = t.Apid(db, api=extra)
        a.log_text = lambda a=a: open(a.log, errors="replace").read() if os.path.exists(a.log) else ""
        text = open(a.conf).read().replace('listen = "127.0.0.1:%d"' % a.port,
                                           'listen = "%s:%d"' % (listen, a.port), 1)
        text = text.replace('ownership = "off"', 'ownership = "operator"')   # which is for loopback
        open(a.conf, "w").write(text)
        try:
            a.start()
            check("%s with '%s' starts" % (listen, extra), good)
        except RuntimeError as e:
            check("%s with '%s' is refused and says why" % (listen, extra),
                  not good and "in the clear" in str(e), e)
        finally:
            code = a.stop()
            if not good:
                check("... as a mistake in the configuration", code == 78, code)
            a.remove()


def run():
    t.build()
    db = t.Database()
    try:
        https(db)
        proxies(db)
        refusals(db)
    finally:
        db.stop()
