#!/usr/bin/python3
"""dnsd's EDNS options, rates, class CH and PROXY listeners, with real clients.

    tests/dnsd/edns.py [NAME ...]     cases; prints "N passed, N failed"

tests/dnsd/run starts it beside its own cases: it has a PostgreSQL, ports and
folders of its own. Build first (make all tools).
"""
import importlib.machinery
import importlib.util
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("DNSD_TEST_PORT", "26100")
loader = importlib.machinery.SourceFileLoader("dnsd_run", f"{HERE}/run")
run = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("dnsd_run", loader))
loader.exec_module(run)
check, wait_for, HOST = run.check, run.wait_for, run.HOST
PORT = int(os.environ["DNSD_TEST_PORT"]) + 80
SECRETS = ["00112233445566778899aabbccddeeff", "e5e973e5a6b2a43f48e7dc849e37bfcf"]
NSID, EXPIRE, COOKIE, KEEPALIVE, PADDING, EDE, ZONEVERSION = \
    3, 9, 10, 11, 12, 15, 19
PROXY = b"\r\n\r\n\0\r\nQUIT\n"


def command(*args):
    return subprocess.run([str(a) for a in args], check=False, timeout=20,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True).stdout


def message(name="www.example.test", rdtype="A", options=()):
    m = dns.message.make_query(name, rdtype)
    m.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(c, v)
                                    for c, v in options])
    return m


def options_of(r):
    return {int(o.otype): o.to_wire() for o in r.options}


def ask(port, options=(), name="www.example.test", rdtype="A", tcp=False,
        timeout=5):
    f = dns.query.tcp if tcp else dns.query.udp
    return f(message(name, rdtype, options), HOST, port=port,
             timeout=timeout)


def cookie(port, value=b"clientck", **more):
    """(rcode, the reply's cookie)"""
    r = ask(port, [(COOKIE, value)], **more)
    return r.rcode(), options_of(r).get(COOKIE)


def secrets(d, *lines):
    """New secrets in the file, by rename."""
    with open(f"{d.dir}/secret.new", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    os.chmod(f"{d.dir}/secret.new", 0o600)
    os.rename(f"{d.dir}/secret.new", f"{d.dir}/secret")


def reload(d):
    before = d.log().count("event=cookies.f")
    d.process.send_signal(signal.SIGHUP)
    wait_for("the reload",
             lambda: d.log().count("event=cookies.f") > before)


# ---- options --------------------------------------------------------------------

def case_dig_and_kdig_understand_our_options(d):
    out = command("dig", f"@{HOST}", "-p", d.port, "example.test", "SOA",
                  "+cookie", "+nsid", "+expire", "+ednsopt=19")
    check("(good)" in out, f"dig's cookie: {out}")
    check('("edge-one")' in out, f"NSID: {out}")
    n = re.search(r"EXPIRE: (\d+)", out)
    check(n and 600000 < int(n[1]) <= 604800, f"EXPIRE: {out}")
    check(re.search(r"OPT=19: 02 00 00 00 00 01", out),
          f"ZONEVERSION: {out}")
    full = re.search(r"COOKIE: ([0-9a-f]{48})", out)[1]
    out = command("dig", f"@{HOST}", "-p", d.port, "www.example.test",
                  f"+cookie={full}")
    check(f"COOKIE: {full} (good)" in out, f"the same again: {out}")
    out = command("dig", f"@{HOST}", "-p", d.port, "www.other.test")
    check("EDE: 20 (Not Authoritative)" in out, f"EDE: {out}")
    out = command("dig", f"@{HOST}", "-p", d.port, "www.example.test",
                  "+edns=1", "+noednsneg", "+nsid", "+cookie")
    check("BADVERS" in out and "edge-one" in out and "(good)" in out,
          f"BADVERS: {out}")
    out = command("kdig", f"@{HOST}", "-p", d.port, "www.example.test",
                  "+cookie", "+nsid", "+bufsize=1232")
    check("edge-one" in out and re.search(r"COOKIE: [0-9A-Fa-f]{16}", out),
          f"kdig: {out}")
    out = command("dig", f"@{HOST}", "-p", d.port, "www.example.test",
                  "+tcp", "+keepalive", "+subnet=192.0.2.0/24")
    check("TCP KEEPALIVE: 10.0 secs" in out, f"keepalive: {out}")
    check("CLIENT-SUBNET" not in out and "NOERROR" in out, out)


def case_q177_zoneversion_is_of_the_version_that_answers(d):
    for serial in range(2, 8):
        run.put(serial=serial)
        end = time.monotonic() + 10
        while True:
            r = ask(d.port, [(ZONEVERSION, b"")], "serial.example.test",
                    "TXT")
            text = int(r.answer[0][0].strings[0])
            said = struct.unpack("!BBL", options_of(r)[ZONEVERSION])
            check(said == (2, 0, text), f"{said} beside {text}")
            if text == serial:
                break
            check(time.monotonic() < end, "no new version")


def case_q174_padding_and_keepalive_over_tls(d):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    for name in ("www.example.test", "nx.example.test", "www.other.test"):
        q = message(name, "A", [(PADDING, b"\0" * 7), (KEEPALIVE, b"")])
        r = dns.query.tls(q, HOST, port=d.tls_port, timeout=10,
                          ssl_context=c)
        got = options_of(r)
        check(set(got[PADDING]) <= {0}, "padding")
        check(struct.unpack("!H", got[KEEPALIVE])[0] > 0, "keepalive")
    with socket.create_connection((HOST, d.tls_port), 10) as raw, \
            c.wrap_socket(raw) as s:
        w = message(options=[(PADDING, b"")]).to_wire()
        s.sendall(struct.pack("!H", len(w)) + w)
        check(struct.unpack("!H", s.recv(2))[0] == 468, "block of 468")
    out = command("kdig", f"@{HOST}", "-p", d.tls_port, "+tls", "+padding",
                  "www.example.test")
    check("PADDING" in out.upper() and "192.0.2.2" in out, f"kdig: {out}")
    r = ask(d.port, [(PADDING, b"")], tcp=True)
    check(PADDING not in options_of(r), "padding in clear")


# ---- cookies ----------------------------------------------------------------------

def case_q170_secrets_roll_without_a_restart(d):
    check(cookie(d.port)[1] is not None, "no cookie")
    secrets(d, SECRETS[0])
    reload(d)
    wait_for("the secret", lambda: cookie(
        d.port, cookie(d.port)[1])[1] is not None)
    first = cookie(d.port)[1]
    check(cookie(d.port, first)[1] == first, "a young one stays")
    secrets(d, SECRETS[1], SECRETS[0])
    reload(d)
    good = d.metric("cookie_good")
    second = wait_for("a renewal", lambda: (
        lambda c: c if c != first else None)(cookie(d.port, first)[1]))
    check(d.metric("cookie_good") > good, "the old one was good")
    check(second[:8] == first[:8], "the client's half")
    secrets(d, SECRETS[1])
    reload(d)
    check(cookie(d.port, second)[1] == second, "the new one stays")
    bad = d.metric("cookie_bad")
    wait_for("the end of the old one", lambda: cookie(d.port, first) and
             d.metric("cookie_bad") > bad)
    # A file that is wrong changes nothing, and is said.
    secrets(d, "rubbish")
    reload(d)
    check("event=cookies.failed" in d.log(), "log")
    check(cookie(d.port, second)[1] == second, "the secret was kept")
    secrets(d, SECRETS[1])
    reload(d)


def case_q170_another_server_with_the_secret_takes_our_cookies(d):
    """named, with the same secret, at the same address as an anycast set."""
    port = PORT + 12
    folder = tempfile.mkdtemp(prefix="us-named.")
    with open(f"{folder}/conf", "w", encoding="ascii") as f:
        f.write(f"""options {{ directory "{folder}"; pid-file none;
            listen-on port {port} {{ {HOST}; }}; listen-on-v6 {{ none; }};
            recursion no; session-keyfile none; notify no;
            cookie-algorithm siphash24; answer-cookie yes;
            require-server-cookie yes; cookie-secret "{SECRETS[1]}"; }};
            zone "example.test" {{ type primary; file "zone"; }};
            controls {{ }};\n""")
    with open(f"{folder}/zone", "w", encoding="ascii") as f:
        f.write("$ORIGIN example.test.\n$TTL 60\n" +
                run.ZONE.format(serial=1))
    with open(f"{folder}/log", "wb") as log:
        named = subprocess.Popen(["named", "-g", "-n", "1", "-c",
                                  f"{folder}/conf"], stderr=log)
    try:
        def there():
            try:
                return cookie(port, timeout=1)[1]
            except (dns.exception.Timeout, ConnectionRefusedError):
                return None
        theirs = wait_for("named", there, 20)
        rcode, again = cookie(d.port, theirs)
        check(rcode == 0 and again == theirs, "named's cookie, here")
        ours = cookie(d.port, b"another_")[1]
        check(cookie(port, b"another_")[0] == dns.rcode.BADCOOKIE,
              "named requires one")
        check(cookie(port, ours) == (0, ours), "our cookie, at named")
    finally:
        named.terminate()
        named.wait(10)
        subprocess.run(["rm", "-rf", folder], check=True)


# ---- rates ------------------------------------------------------------------------

def flood(port, wire, n, source="127.0.0.1"):
    """(answers, those with TC, octets in, octets out); one socket."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind((source, 0))
    s.connect((HOST, port))
    got, tc, out = 0, 0, 0

    def take(timeout):
        nonlocal got, tc, out
        s.settimeout(timeout)
        try:
            while True:
                data = s.recv(4096)
                got += 1
                tc += data[2] >> 1 & 1
                out += len(data)
                s.settimeout(0)
        except (BlockingIOError, TimeoutError, socket.timeout):
            pass

    for i in range(n):
        s.send(struct.pack("!H", i & 0xffff) + wire[2:])
        if i % 16 == 15:
            take(0.0)
    end = time.monotonic() + 1
    while time.monotonic() < end and got < n:
        take(0.2)
    s.close()
    return got, tc, n * len(wire), out


def case_q202_a_flood_gets_less_than_it_sends(d):
    d.stop()
    d.options.update(rrl_exempt_prefixes="192.0.2.0/24", rrl_per_second=50,
                     rrl_network_per_second=400, udp_workers=2,
                     cookies="require", cookie_secret_file="")
    d.start()
    try:
        wire = message("nothing.example.test").to_wire()
        began = time.monotonic()
        got, tc, octets_in, octets_out = flood(d.port, wire, 6000)
        seconds = time.monotonic() - began
        passed = got - tc
        # Two seconds' worth at first, then the rate; both workers together.
        check(passed <= 50 * (seconds + 2) + 5, f"{passed} in {seconds:.1f}")
        slipped, dropped = (d.metric("rrl_slipped"),
                            d.metric("rrl_dropped"))
        check(abs(slipped - dropped) <= 2, f"{slipped}, {dropped}")
        print(f"  # {passed} answers, {tc} with TC, in {seconds:.1f} s; "
              f"octets out/in {octets_out / octets_in:.2f}")
        check(octets_out < octets_in, f"{octets_out} for {octets_in}")
        check(tc <= slipped and dropped > 1000, f"{tc}, {dropped}")
        # Another name of the same zone is in the same bucket, TCP in none.
        got, tc, _, _ = flood(d.port, message("nx2.example.test").to_wire(),
                              1000)
        passed += got - tc
        seconds = time.monotonic() - began
        check(passed <= 50 * (seconds + 2) + 5, f"{passed} in {seconds:.1f}")
        for _ in range(100):
            check(ask(d.port, name="nothing.example.test", tcp=True).rcode()
                  == dns.rcode.NXDOMAIN, "TCP")
        # BADCOOKIE brings the cookie; dig comes again with it.
        rcode, full = cookie(d.port, name="www.example.test")
        check(rcode == dns.rcode.BADCOOKIE, "required")
        out = command("dig", f"@{HOST}", "-p", d.port, "www.example.test",
                      "+cookie")
        check("192.0.2.2" in out and "(good)" in out, f"dig: {out}")
        wire = message("nothing.example.test",
                       options=[(COOKIE, full)]).to_wire()
        got, tc, _, _ = flood(d.port, wire, 300)
        check(got == 300 and tc == 0, f"with a cookie {got}, {tc} with TC")
        # Secrets made up here outlive the supervisor.
        d.process.kill()
        d.process.wait()
        d.start()
        check(cookie(d.port, full) == (0, full), "still good")
    finally:
        d.stop()
        for name in ("rrl_exempt_prefixes", "rrl_per_second",
                     "rrl_network_per_second", "cookies"):
            del d.options[name]
        d.options.update(udp_workers=1, cookie_secret_file=f"{d.dir}/secret")
        d.start()


# ---- class CH ----------------------------------------------------------------------

def case_q203_class_ch(d):
    def ch(name, rdtype="TXT"):
        return command("dig", f"@{HOST}", "-p", d.port, "CH", rdtype, name)
    for name in ("version.bind", "VERSION.server"):
        check('"Understudy test"' in ch(name), ch(name))
    check('"edge-one.id"' in ch("id.server"), "id")
    check("status: REFUSED" in ch("hostname.bind"), "hostname is not set")
    check("status: REFUSED" in ch("authors.bind"), "other names")
    check("ANSWER: 0" in ch("id.server", "A"), "other types")


# ---- PROXY ---------------------------------------------------------------------------

def head(source, port=4242, target="192.0.2.53", kind=0x12):
    body = socket.inet_aton(source) + socket.inet_aton(target) + \
        struct.pack("!HH", port, 53)
    return PROXY + bytes([0x21, kind]) + struct.pack("!H", len(body)) + body


LOCAL = PROXY + b"\x20\0\0\0"


def by_proxy(d, data, source="127.0.0.1", timeout=3):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.settimeout(timeout)
    s.sendto(data, (HOST, d.proxy_port))
    try:
        return dns.message.from_wire(s.recv(4096))
    except (TimeoutError, socket.timeout):
        return None
    finally:
        s.close()


def refused(d, what):
    before = d.metric("proxy_refused")
    what()
    wait_for("the refusal", lambda: d.metric("proxy_refused") > before)


def case_q200_datagrams_by_a_proxy(d):
    w = message().to_wire()
    check(by_proxy(d, head("192.0.2.1") + w).answer, "PROXY")
    check(by_proxy(d, LOCAL + w).answer, "LOCAL")
    # the cookie is the client's, not the proxy's
    def with_cookie(client, value):
        r = by_proxy(d, head(client) + message(
            options=[(COOKIE, value)]).to_wire())
        return options_of(r)[COOKIE]
    first = with_cookie("192.0.2.1", b"clientck")
    check(with_cookie("192.0.2.1", first) == first, "its own")
    check(with_cookie("192.0.2.2", first) != first, "another's")
    before = d.metric("udp_answers")
    for bad in (w, PROXY + w, head("192.0.2.1")[:20], PROXY +
                b"\x21\x12\x0f\xff" + b"\0" * 2000 + w,
                head("192.0.2.1", kind=0x31) + w):
        refused(d, lambda b=bad: by_proxy(d, b, timeout=0.01))
    # ... nor from an address that is no proxy
    refused(d, lambda: by_proxy(d, head("192.0.2.1") + w, "127.0.0.5", 0.01))
    check(d.metric("udp_answers") == before, "nothing was answered")
    # The others know nothing of such headers.
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(3)
    s.sendto(head("192.0.2.1") + w, (HOST, d.port))
    check(s.recv(4096)[3] & 15 != 0, "a header on a plain port")


def stream(d, *pieces, source="127.0.0.1"):
    """What comes back for these pieces, until the server closes or answers."""
    s = socket.socket()
    s.bind((source, 0))
    s.settimeout(10)
    s.connect((HOST, d.proxy_port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for p in pieces:
            s.sendall(p)
            time.sleep(0.005)
        size = s.recv(2)
        return s.recv(struct.unpack("!H", size)[0]) if size else None
    except (ConnectionResetError, BrokenPipeError):
        return None
    finally:
        s.close()


def case_q200_connections_by_a_proxy(d):
    m = message().to_wire()
    w = struct.pack("!H", len(m)) + m
    h = head("192.0.2.1", kind=0x11)
    check(stream(d, h + w), "in one piece")
    check(stream(d, *[bytes([b]) for b in h + w]), "octet by octet")
    tlv = PROXY + b"\x21\x11" + struct.pack("!H", 12 + 300) + h[16:] + \
        b"\xee\1\x29" + b"x" * 297
    check(stream(d, tlv[:100], tlv[100:] + w), "with extensions")
    check(stream(d, LOCAL + w), "LOCAL")
    refused(d, lambda: check(stream(d, w) is None, "no header"))
    refused(d, lambda: check(stream(d, h[:14] + b"\x0f\xff" + b"\0" * 100)
                             is None, "too long"))
    before = d.metric("tcp_refused")
    check(stream(d, h + w, source="127.0.0.5") is None, "no proxy")
    check(d.metric("tcp_refused") > before, "counted")
    # Limits are per client: more connections than one address may have.
    many = []
    for i in range(40):
        s = socket.create_connection((HOST, d.proxy_port), 10)
        s.sendall(head(f"192.0.2.{i + 1}", kind=0x11) + w)
        many.append(s)
    check(all(s.recv(2) for s in many), "40 clients of one proxy")
    # ... and 30 of one client
    closed = 0
    same = []
    for i in range(30):
        s = socket.create_connection((HOST, d.proxy_port), 10)
        s.sendall(head("198.51.100.7", kind=0x11) + w)
        try:
            closed += s.recv(2) == b""
        except ConnectionResetError:
            closed += 1
        same.append(s)
    check(closed == 10, f"{closed} of 30 refused, the limit is 20")
    for s in many + same:
        s.close()


def case_q200_a_notify_by_a_proxy_is_its_clients(d):
    relay = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    relay.bind(d.relay_path)
    relay.listen(4)
    relay.settimeout(10)
    notify = dns.message.make_query("example.test", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    notify.flags |= dns.flags.AA
    wire = notify.to_wire()
    answer = wire[:2] + b"\xa4\0" + wire[4:]
    seen = []

    def xferd():
        conn, _ = relay.accept()
        conn.settimeout(10)
        for _ in range(2):
            frame = conn.recv(8192)
            seen.append((frame[31:36], frame[52:]))
            conn.send(b"\1\2" + frame[2:50] +
                      struct.pack("!H", len(answer)) + answer)
        conn.close()

    t = threading.Thread(target=xferd)
    t.start()
    wait_for("the relay", lambda: "event=relay.connected" in d.log())
    r = by_proxy(d, head("192.0.2.77") + wire, timeout=10)
    check(r is not None and r.to_wire() == answer, "UDP")
    r = stream(d, head("192.0.2.78", kind=0x11) +
               struct.pack("!H", len(wire)) + wire)
    check(r == answer, "TCP")
    t.join()
    relay.close()
    check(seen == [(b"\4\xc0\0\2\x4d", wire), (b"\4\xc0\0\2\x4e", wire)],
          f"{seen}")


def case_q200_a_proxy_port_is_for_known_proxies_alone(d):
    for listen, more in ((PORT + 20, ()), (PORT + 22, (
            "--set", f"dns.proxy_prefixes={HOST}"))):
        out = command(run.BIN, "--set", f"dns.run_dir={d.dir}/other",
                      "--set", f"dns.listen={HOST}:{PORT + 22}", "--set",
                      f"dns.proxy_listen={HOST}:{listen}", *more)
        check("event=proxy.unusable" in out, out)


def certificate(d):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         f"{d.dir}/key.pem", "-out", f"{d.dir}/cert.pem", "-days", "30",
         "-subj", "/CN=edns.example"], check=True,
        stderr=subprocess.DEVNULL)


def main():
    wanted = sys.argv[1:]
    run.PG = subprocess.run([run.PGTEMP, "start"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    passed = failed = 0
    d = run.Dnsd(run.PG, port=PORT)
    d.proxy_port, d.tls_port = PORT + 2, PORT + 4
    d.options.update(
        nsid="edge-one", chaos_version="Understudy test",
        chaos_id="edge-one.id", cookie_secret_file=f"{d.dir}/secret",
        proxy_listen=f"{HOST}:{d.proxy_port}", proxy_prefixes=f"{HOST}/32",
        tls_listen=f"{HOST}:{d.tls_port}",
        tls_cert_file=f"{d.dir}/cert.pem", tls_key_file=f"{d.dir}/key.pem")
    try:
        certificate(d)
        secrets(d, SECRETS[1])
        run.put(serial=1)
        d.start()
        d.wait_text("serial.example.test", "1")
        for name, case in list(globals().items()):
            if not name.startswith("case_"):
                continue
            title = name[5:].replace("_", " ")
            if wanted and not any(w in name for w in wanted):
                continue
            began = time.monotonic()
            try:
                case(d)
                passed += 1
                print(f"ok - {title} ({time.monotonic() - began:.1f} s)",
                      flush=True)
            except Exception as e:          # noqa: BLE001 - a test runner
                failed += 1
                print(f"not ok - {title}\n  # {type(e).__name__}: {e}",
                      flush=True)
    finally:
        d.stop()
        subprocess.run([run.PGTEMP, "stop", run.PG], check=False)
        if failed:
            print(f"# log: {d.log_path}")
        else:
            d.remove()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
