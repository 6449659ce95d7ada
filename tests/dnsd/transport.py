#!/usr/bin/python3
"""dnsd's streams and walls: TCP, TLS, hostile clients, sandboxes, poison.

    tests/dnsd/transport.py [NAME ...]     cases; prints "N passed, N failed"

tests/dnsd/run starts it beside its own cases: it has a PostgreSQL, ports and
folders of its own. Build first (make all tools).
"""
import ctypes
import importlib.machinery
import importlib.util
import os
import random
import re
import resource
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import warnings

import dns.message
import dns.query
import dns.rcode

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("DNSD_TEST_PORT", "26100")
loader = importlib.machinery.SourceFileLoader("dnsd_run", f"{HERE}/run")
run = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("dnsd_run", loader))
loader.exec_module(run)
check, wait_for, put, HOST = run.check, run.wait_for, run.put, run.HOST
PORT = int(os.environ["DNSD_TEST_PORT"]) + 40


def query(name="www.example.test", rdtype="A", qid=None):
    """A question as it goes over a stream."""
    m = dns.message.make_query(name, rdtype)
    if qid is not None:
        m.id = qid
    w = m.to_wire()
    return struct.pack("!H", len(w)) + w


def connect(port, rcvbuf=None, source=None):
    s = socket.socket()
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if source:
        s.bind((source, 0))
    s.settimeout(10)
    s.connect((HOST, port))
    return s


def closed(s, seconds=10):
    """Does the server end this connection?  What it still sends is read."""
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
        return True
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return True
    except (TimeoutError, socket.timeout):
        return False


def split(data):
    """The messages in a stream; all of it must be messages."""
    out = []
    while data:
        n = struct.unpack("!H", data[:2])[0]
        check(len(data) >= 2 + n, "a cut message")
        out.append(data[2:2 + n])
        data = data[2 + n:]
    return out


def read_messages(s, n):
    data = b""
    while True:
        at, have = 0, 0
        while len(data) - at >= 2:
            size = struct.unpack("!H", data[at:at + 2])[0]
            if len(data) - at - 2 < size:
                break
            at += 2 + size
            have += 1
        if have >= n:
            return split(data)
        got = s.recv(65536)
        if not got:
            raise AssertionError(f"closed after {have} of {n}")
        data += got


def ids_of(messages):
    return {struct.unpack("!H", m[:2])[0] for m in messages}


# ---- TCP ------------------------------------------------------------------------

def case_q194_pieces_of_any_size(d):
    wires = b"".join(query(qid=i) for i in range(200))
    for size in (1, 2, 3, 7, 61, 1400, len(wires)):
        s = connect(d.port)
        part = wires if size > 1 else wires[:len(wires) // 10 * 10]
        n = 200
        for i in range(0, len(part), size):
            s.sendall(part[i:i + size])
        check(ids_of(read_messages(s, n)) == set(range(n)), f"size {size}")
        s.close()


def case_q195_pipelined_answers_in_any_order_have_their_ids(d):
    names = ["www.example.test", "nothing.example.test", "big.example.test",
             "alias.example.test", "www.other.test"]
    want = {}
    s = connect(d.port)
    data = b""
    for i in range(500):
        name = names[i % len(names)]
        want[i] = name
        data += query(name, "TXT" if name.startswith("big") else "A", i)
    threading.Thread(target=lambda: s.sendall(data), daemon=True).start()
    got = read_messages(s, 500)
    check(len(got) == 500, f"{len(got)} answers")
    seen = set()
    for wire in got:
        m = dns.message.from_wire(wire)
        seen.add(m.id)
        check(str(m.question[0].name) == want[m.id] + ".", str(m))
        rcode = {"nothing.example.test": dns.rcode.NXDOMAIN,
                 "www.other.test": dns.rcode.REFUSED}.get(
                     want[m.id], dns.rcode.NOERROR)
        check(m.rcode() == rcode, str(m))
    check(seen == set(range(500)), "IDs")
    s.close()


def case_q196_short_lengths_close_and_half_close_is_served(d):
    for length in range(12):
        s = connect(d.port)
        s.sendall(query(qid=7) + struct.pack("!H", length) + b"x" * length)
        s.settimeout(10)
        data = b""
        try:
            while (part := s.recv(65536)):
                data += part
            check(ids_of(split(data)) == {7}, f"length {length}: {data!r}")
        except ConnectionResetError:
            pass
        s.close()
    s = connect(d.port)
    s.sendall(b"".join(query("big.example.test", "TXT", i)
                       for i in range(50)))
    s.shutdown(socket.SHUT_WR)
    time.sleep(0.2)                     # the answers wait for us
    data = b""
    while (part := s.recv(65536)):
        data += part
    check(ids_of(split(data)) == set(range(50)), "half-close")


def case_q197_slow_clients_are_dropped(d):
    """Idle; one byte and silence; a byte now and then; answers not taken;
    answers taken a byte at a time."""
    def idle():
        s = connect(d.port)
        s.sendall(query())
        read_messages(s, 1)
        return closed(s)

    def cut():
        s = connect(d.port)
        s.sendall(b"\0")
        return closed(s)

    def trickle():
        s = connect(d.port)
        end = time.monotonic() + 20
        data = b"\xff\xff" + b"x" * 65535
        try:
            for byte in data:
                s.sendall(bytes([byte]))
                if select.select([s], [], [], 0.05)[0]:
                    return s.recv(1) == b""
                if time.monotonic() > end:
                    return False
        except (ConnectionResetError, BrokenPipeError):
            pass
        return True

    def reader(pause):
        s = connect(d.port, rcvbuf=2048)
        s.setblocking(False)
        data = b"".join(query("big.example.test", "TXT", i)
                        for i in range(1000))
        end = time.monotonic() + 30
        try:
            while time.monotonic() < end:
                try:
                    data = data[s.send(data):] if data else data
                except BlockingIOError:
                    pass
                time.sleep(0.05)
                if pause:
                    try:
                        s.recv(1)
                    except BlockingIOError:
                        pass
                elif not data:
                    break
                # A socket that was reset says so here.
                if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    return True
            return closed(s)
        except (ConnectionResetError, BrokenPipeError):
            return True

    results = {}
    threads = []
    for name, job in (("idle", idle), ("cut", cut), ("trickle", trickle),
                      ("deaf", lambda: reader(False)),
                      ("sipping", lambda: reader(True))):
        def go(name=name, job=job):
            results[name] = job()
        threads.append(threading.Thread(target=go))
        threads[-1].start()
    for _ in range(50):                 # the others are not disturbed
        check(d.ask("www.example.test", tcp=True, timeout=10).answer, "TCP")
    for t in threads:
        t.join()
    check(all(results.values()) and len(results) == 5, str(results))
    check(d.metric("tcp_timeouts") >= 5, "counted")


def case_q197_limits_per_address_and_in_all(d):
    """20 of one address, 60 in all; who is idle makes room."""
    many = [connect(d.port, source="127.0.0.2") for _ in range(30)]
    for s in many:
        s.sendall(query())
    kept = refused = 0
    for s in many:
        try:
            read_messages(s, 1)
            kept += 1
        except (ConnectionResetError, BrokenPipeError, AssertionError):
            refused += 1
    check(kept == 20 and refused == 10, f"{kept} kept, {refused} refused")
    others = []
    for i in range(3, 9):
        for _ in range(10):
            s = connect(d.port, source=f"127.0.0.{i}")
            s.sendall(query())
            read_messages(s, 1)         # every one of them is served
            others.append(s)
    check(d.metric("tcp_displaced") >= 10, "nobody made room")
    for s in many + others:
        s.close()


def case_q197_without_descriptors_others_go_on_and_accept_comes_back(d):
    pid = d.pid("tcp")
    wait_for("its walls", lambda: status_of(pid)["Seccomp"] == "2")
    folder = f"/proc/{pid}/fd"          # those of the last case leave first
    wait_for("few connections", lambda: len(os.listdir(folder)) < 24)
    used = len(os.listdir(folder))
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, old[1]))
    try:
        kept = []

        def served(i):
            kept.append(connect(d.port, source=f"127.0.2.{i}"))
            kept[-1].sendall(query())
            return read_messages(kept[-1], 1)
        for i in range(14):             # idle ones make room, one by one
            wait_for(f"an answer to {i}", lambda i=i: quiet(
                lambda: served(i)))
        check(d.metric("tcp_accept_failed") > 0, "no EMFILE")
        check(d.ask("www.example.test").answer, "UDP meanwhile")
        for s in kept:
            s.close()
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    check(d.pid("tcp") == pid, "the worker was replaced")
    check(d.ask("www.example.test", tcp=True, timeout=10).answer, "after")


def case_q197_memory_of_deaf_clients_is_bounded(d):
    """Each holds one input and one output buffer, and gives them back."""
    def rss():
        with open(f"/proc/{d.pid('tcp')}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    before = rss()
    data = b"".join(query("big.example.test", "TXT", i) for i in range(2000))
    deaf = []
    for i in range(40):
        s = connect(d.port, rcvbuf=2048, source=f"127.0.3.{i % 4 + 1}")
        s.setblocking(False)
        try:
            s.send(data)
        except BlockingIOError:
            pass
        deaf.append(s)
    time.sleep(0.3)
    grown = rss() - before
    check(grown < 40 * 220 + 4096, f"{grown} kB for 40 connections")
    for s in deaf:
        s.close()
    wait_for("the memory back", lambda: rss() - before < 8192, 15)


# ---- TLS ------------------------------------------------------------------------

def certificate(d, name, days=30, key=None):
    """A self-signed certificate in the configured files, by rename."""
    new = f"{d.dir}/new"
    args = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            f"{new}.key", "-out", f"{new}.cert", "-days", str(days),
            "-subj", f"/CN={name}", "-addext",
            f"subjectAltName=DNS:{name}"]
    subprocess.run(args, check=True, stderr=subprocess.DEVNULL)
    os.rename(f"{new}.key", f"{d.dir}/key.pem")
    os.rename(f"{new}.cert", f"{d.dir}/cert.pem")


def tls(d, port=None, alpn=None, version=None, session=None, context=None):
    c = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if alpn:
        c.set_alpn_protocols(alpn)
    if version:
        c.minimum_version = c.maximum_version = version
    s = connect(port or d.tls_port)
    return c.wrap_socket(s, session=session)


def peer_name(s):
    der = s.getpeercert(True)
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout",
                           "-subject"], input=der, check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    return text.strip().rpartition("=")[2].strip()


def ask_tls(s, n=1, name="www.example.test"):
    s.sendall(b"".join(query(name, "A", i) for i in range(n)))
    check(ids_of(read_messages(s, n)) == set(range(n)), "answers over TLS")


def case_q198_dot_answers_with_and_without_alpn(d):
    s = tls(d, alpn=["dot"])
    check(s.selected_alpn_protocol() == "dot", "ALPN dot")
    ask_tls(s, 300)
    s = tls(d, alpn=["h2", "http/1.1"])
    check(s.selected_alpn_protocol() is None, "another ALPN")
    ask_tls(s)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        s = tls(d, version=version)
        ask_tls(s, 20)
        s.close()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        tls(d, version=ssl.TLSVersion.TLSv1_1, context=old)
        raise AssertionError("TLS 1.1 was accepted")
    except (ssl.SSLError, ConnectionResetError):
        pass
    q = dns.message.make_query("www.example.test", "A")
    r = dns.query.tls(q, HOST, port=d.tls_port, timeout=10,
                      ssl_context=unverified())
    check(r.answer, "dnspython")
    out = subprocess.run(["kdig", f"@{HOST}", "-p", str(d.tls_port), "+tls",
                          "+short", "www.example.test", "A"], check=False,
                         stdout=subprocess.PIPE, text=True).stdout
    check(out.strip() == "192.0.2.2", f"kdig: {out}")


def unverified():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


def case_q198_sessions_are_resumed(d):
    before = d.metric("tls_resumed")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        c = unverified()
        s = tls(d, version=version, context=c)
        ask_tls(s)
        session = s.session
        s.close()
        s = tls(d, context=c, session=session)
        ask_tls(s)
        check(s.session_reused, f"{version}")
        s.close()
    check(d.metric("tls_resumed") == before + 2, "counted")


def case_q198_garbage_early_close_and_slow_handshakes(d):
    """In no way does it end the process, and each ends by itself."""
    pid = d.pid("tls")
    hello = bytearray()

    inc, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = unverified().wrap_bio(inc, out)
    try:
        o.do_handshake()
    except ssl.SSLWantReadError:
        hello = bytearray(out.read())
    rng = random.Random(7)
    for i in range(150):
        s = connect(d.tls_port)
        data = bytearray(hello)
        if i % 3 == 0:
            data = bytearray(rng.randbytes(rng.randrange(1, 600)))
        elif i % 3 == 1:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        else:
            del data[rng.randrange(len(data)):]
        try:
            s.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass
        if i % 2 == 0:                  # with a reset
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
        s.close()
    s = wait_for("room", lambda: quiet(lambda: tls(d)))
    s.sendall(query()[:9])
    s.close()
    plain = connect(d.tls_port)         # DNS without TLS
    plain.sendall(query())
    check(closed(plain), "plain DNS on the TLS port")
    # Those that left have been noticed by now.
    slow = [connect(d.tls_port) for _ in range(3)]
    end = time.monotonic() + 20
    at = 0
    gone = set()
    while len(gone) < 3 and time.monotonic() < end:
        for i, s in enumerate(slow):
            if i in gone:
                continue
            try:
                if i < 2 and at < len(hello) - 10:
                    s.sendall(hello[at:at + 1])
                if select.select([s], [], [], 0)[0] and s.recv(1) == b"":
                    gone.add(i)
            except (ConnectionResetError, BrokenPipeError):
                gone.add(i)
        at += 1
        time.sleep(0.1)
    check(len(gone) == 3, "a slow handshake was waited for")
    check(d.pid("tls") == pid, "the process ended")
    check(d.metric("tls_handshakes_failed") > 50, "not counted")
    ask_tls(tls(d))


def case_q197_slow_clients_of_tls_are_dropped(d):
    s = tls(d)
    ask_tls(s)
    part = tls(d)
    part.sendall(query()[:5])
    deaf = tls(d)
    deaf.setblocking(False)
    data = b"".join(query("big.example.test", "TXT", i) for i in range(500))
    sent = 0
    try:
        while sent < len(data):
            sent += deaf.send(data[sent:sent + 8000])
    except (ssl.SSLWantWriteError, BlockingIOError):
        pass
    time.sleep(3)
    check(closed(part) and closed(s), "kept")
    deaf.settimeout(10)
    got = 0
    try:
        while (n := len(deaf.recv(65536))):
            got += n
    except (ConnectionResetError, ssl.SSLError):
        pass
    check(got < 500 * 45000, f"the deaf one got all: {got}")
    ask_tls(tls(d))


def case_certificates_change_without_losing_connections(d):
    pid = d.pid("tls")
    certificate(d, "one.example")
    wait_for("the first", lambda: peer_name(tls(d)) == "one.example", 20)
    s = tls(d)
    ask_tls(s)
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            ask_tls(s, 3)
            time.sleep(0.02)
    errors = []

    def guarded():
        try:
            busy()
        except Exception as e:          # noqa: BLE001 - told below
            errors.append(e)
    t = threading.Thread(target=guarded)
    t.start()
    certificate(d, "two.example")
    wait_for("the second", lambda: peer_name(tls(d)) == "two.example", 20)
    # A broken file, a key that does not fit, an expired one: the old stays.
    for i, spoil in enumerate(("garbage", "mismatch", "gone", "expired")):
        count = d.log().count("event=tls.refused") + \
            d.log().count("event=tls.files_failed")
        if spoil == "garbage":
            with open(f"{d.dir}/cert.pem", "w", encoding="ascii") as f:
                f.write("-----BEGIN CERTIFICATE-----\nAAAA\n")
        elif spoil == "mismatch":
            certificate(d, f"bad{i}.example")
            subprocess.run(["openssl", "ecparam", "-genkey", "-name",
                            "prime256v1", "-out", f"{d.dir}/key.pem"],
                           check=True, stderr=subprocess.DEVNULL)
        elif spoil == "gone":
            os.unlink(f"{d.dir}/key.pem")
        else:
            expired(d)
        os.kill(d.process.pid, signal.SIGHUP)
        wait_for(f"{spoil} to be refused", lambda n=count:
                 d.log().count("event=tls.refused") +
                 d.log().count("event=tls.files_failed") > n, 20)
        check(peer_name(tls(d)) == "two.example", f"after {spoil}")
    # Even a new process starts with what was good.
    d.kill_and_wait("tls")
    wait_for("a new process", lambda: quiet(lambda: peer_name(tls(d))) ==
             "two.example", 20)
    certificate(d, "three.example")
    os.kill(d.process.pid, signal.SIGHUP)
    wait_for("the third", lambda: quiet(lambda: peer_name(tls(d))) ==
             "three.example", 20)
    stop.set()
    t.join()
    # The connection lived until its process was killed.
    check(not errors or isinstance(errors[0], (AssertionError, OSError)),
          str(errors))
    check(d.pid("tls") != pid, "pid")


def quiet(job):
    try:
        return job()
    except (OSError, ssl.SSLError, AssertionError):
        return None


def expired(d):
    """A certificate that ended in 2020: nobody checks its own signature."""
    certificate(d, "old.example")
    with open(f"{d.dir}/cert.pem", encoding="ascii") as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    dates = list(re.finditer(rb"\x17\x0d\d{12}Z", der))
    at = dates[1].start() + 2           # notAfter
    der = der[:at] + b"200101000000Z" + der[at + 13:]
    with open(f"{d.dir}/new.cert", "w", encoding="ascii") as f:
        f.write(ssl.DER_cert_to_PEM_cert(der))
    os.rename(f"{d.dir}/new.cert", f"{d.dir}/cert.pem")


def case_a_tls_process_that_dies_costs_udp_nothing(d):
    with run.Load(d.port, rate=1500) as load:
        for _ in range(15):
            load.until(load.sent + 100)
            kill(d, "tls")
            for _ in range(5):
                quiet(lambda: connect(d.tls_port).close())
        flood = [quiet(lambda: connect(d.tls_port)) for _ in range(100)]
        load.until(load.sent + 300)
    for s in flood:
        if s:
            s.close()
    check(load.lost == 0 and load.bad == 0,
          f"lost {load.lost}, wrong {load.bad}")
    wait_for("TLS again", lambda: quiet(lambda: ask_tls(tls(d)) or True), 20)


# ---- walls ----------------------------------------------------------------------

def kill(d, role):
    """The list of children may be a moment old."""
    try:
        d.kill(role)
    except ProcessLookupError:
        pass


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return {name: value.strip() for name, _, value in
                (line.partition(":") for line in f)}


def case_every_role_is_behind_its_walls(d):
    seen = set()
    for role, _, pid in d.children():
        wait_for(f"the walls of {role}", lambda pid=pid:
                 status_of(pid)["Seccomp"] == "2")
        s = status_of(pid)
        check(s["Seccomp"] == "2", f"{role}: seccomp {s['Seccomp']}")
        check(s["NoNewPrivs"] == "1", f"{role}: new privileges")
        check(int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0,
              f"{role}: capabilities")
        if os.geteuid() == 0:
            check(int(s["CapBnd"], 16) == 0, f"{role}: bounding set")
            files = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            check(files[1] < 5000, f"{role}: {files} descriptors")
            core = resource.prlimit(pid, resource.RLIMIT_CORE)
            check(core == (0, 0), f"{role}: core {core}")
        seen.add(role)
    check(seen == {"hold", "feeder", "relay", "udp", "tcp", "tls"},
          str(seen))


def case_the_key_is_in_no_file_of_a_tls_process(d):
    """Its descriptors are sockets, memory and what it logs to."""
    if os.geteuid() != 0:
        return
    folder = f"/proc/{d.pid('tls')}/fd"
    for n in os.listdir(folder):
        where = os.readlink(f"{folder}/{n}")
        check("tls_key" not in where and "tls_cert" not in where and
              ".pem" not in where, where)


# ---- UDP ------------------------------------------------------------------------

def udp_socket(pid):
    """A duplicate of the supervisor's first UDP socket."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    for n in sorted(os.listdir(f"/proc/{pid}/fd"), key=int):
        if "socket" not in os.readlink(f"/proc/{pid}/fd/{n}"):
            continue
        fd = libc.syscall(438, pidfd, int(n), 0)    # pidfd_getfd
        if fd < 0:
            continue
        s = socket.socket(fileno=fd)
        if s.type == socket.SOCK_DGRAM and s.family in (
                socket.AF_INET, socket.AF_INET6):
            os.close(pidfd)
            return s
        s.close()
    raise AssertionError("no UDP socket")


def case_q193_answers_are_never_cut_into_fragments(d):
    s = udp_socket(d.process.pid)
    probe = 3                   # DF set, reports of path MTUs not believed
    check(s.getsockopt(socket.IPPROTO_IP, 10) == probe, "IPv4")
    s.close()
    d.stop()
    d.options["listen"] = f"[::1]:{d.port}"
    try:
        d.start()
        s = udp_socket(d.process.pid)
        check(s.getsockopt(socket.IPPROTO_IPV6, 23) == probe, "IPv6")
        s.close()
        q = dns.message.make_query("big.example.test", "TXT",
                                   use_edns=0, payload=4096)
        r = dns.query.udp(q, "::1", port=d.port, timeout=5)
        check(r.flags & dns.flags.TC, "more than dns.udp_max_bytes")
    finally:
        del d.options["listen"]
        d.stop()
        d.start()


def case_q201_answers_leave_from_where_they_were_asked(d):
    d.stop()
    d.options["listen"] = f"0.0.0.0:{d.port},[::]:{d.port}"
    try:
        d.start()
        q = dns.message.make_query("www.example.test", "A").to_wire()
        for where in ("127.0.0.1", "127.0.0.7", "127.9.9.9", "::1"):
            s = socket.socket(socket.AF_INET6 if ":" in where else
                              socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(5)
            s.sendto(q, (where, d.port))
            got, source = s.recvfrom(4096)
            check(source[:2] == (where, d.port), f"{where}: {source}")
            s.close()
    finally:
        del d.options["listen"]
        d.stop()
        d.start()


def case_q002_source_port_0_is_not_answered(d):
    if os.geteuid() != 0:
        print("  # not root: skipped")
        return
    before = d.metric("dropped")
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    w = dns.message.make_query("www.example.test", "A").to_wire()
    for _ in range(3):
        raw.sendto(struct.pack("!HHHH", 0, d.port, 8 + len(w), 0) + w,
                   (HOST, 0))
    wait_for("the drops", lambda: d.metric("dropped") >= before + 3)
    raw.setblocking(False)
    try:
        while True:
            packet = raw.recv(65536)
            source, target = struct.unpack("!HH", packet[20:24])
            check((source, target) != (d.port, 0), "an answer to port 0")
    except BlockingIOError:
        pass
    raw.close()


def case_a_poison_packet_is_put_aside_after_two_deaths(d):
    """The fault is in a library beside dnsd (fault.c); others' queries, also
    those of the same batch, are answered."""
    if d.env is None:
        print("  # without the library of faults: skipped")
        return
    dead = d.log().count("role=udp")
    with run.Load(d.port, rate=800) as load:
        load.until(300)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(dns.message.make_query("poison.example.test", "A").to_wire(),
                 (HOST, d.port))
        wait_for("the quarantine", lambda: d.metric("udp_quarantined") == 1)
        load.until(load.sent + 500)
        s.close()
    check(load.lost == 0 and load.bad == 0,
          f"lost {load.lost}, wrong {load.bad}")
    ends = re.findall(r"event=child.ended role=udp.*signal=6",
                      d.log())
    check(len(ends) == 2, f"{len(ends)} deaths, {dead}")
    check(d.metric("udp_quarantined") == 1, "quarantined")


# ---- consistency ------------------------------------------------------------------

def case_q220_an_answer_is_of_one_version(d):
    """CNAME, its target's name and data, and SOA are of one serial."""
    def version(serial):
        return (f"link CNAME t{serial}\nt{serial} TXT \"{serial}\"\n" +
                "".join(f"pad{i} TXT \"{serial}\"\n" for i in range(300)))

    put("whole.test.", 1, version(1))
    d.wait_text("serial.whole.test", "1")
    stop = threading.Event()
    wrong, seen = [], set()

    def ask():
        while not stop.is_set():
            for tcp in (False, True):
                r = d.ask("link.whole.test", "TXT", tcp=tcp, timeout=10)
                text = r.to_text()
                serials = set(re.findall(r"t(\d+)\.whole|\"(\d+)\"", text))
                serials = {a or b for a, b in serials}
                seen.update(serials)
                if len(serials) != 1 or len(r.answer) != 2:
                    wrong.append(text)
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for t in threads:
        t.start()
    for serial in range(2, 25):
        put("whole.test.", serial, version(serial))
    d.wait_text("serial.whole.test", "24")
    stop.set()
    for t in threads:
        t.join()
    check(not wrong, f"{len(wrong)} mixed answers: {wrong[:1]}")
    check(len(seen) > 5, f"versions seen: {seen}")


def case_q221_q222_kills_of_writer_and_readers_leak_nothing(d):
    more = "".join(f"n{i} A 192.0.2.{{0}}\n" for i in range(3000))
    put("leak.test.", 1, more.replace("{0}", "1"))
    d.wait_text("serial.leak.test", "1")
    put("leak.test.", 2, more.replace("{0}", "2"))
    d.wait_text("serial.leak.test", "2")
    used = d.metric("cache_used_bytes")
    with run.Load(d.port, rate=1000) as load:
        for i in range(60):
            kill(d, "udp")
            if i % 6 == 0:
                serial = 3 + i // 6
                put("leak.test.", serial,
                    more.replace("{0}", str(serial)))
            if i % 20 == 10:
                d.kill_and_wait("feeder")
            load.until(load.sent + 30)
        d.wait_text("serial.leak.test", "12")
    check(load.lost == 0 and load.bad == 0,
          f"lost {load.lost}, wrong {load.bad}")
    wait_for("the memory", lambda: d.metric("cache_retained_bytes") == 0 and
             d.metric("cache_used_bytes") <= used * 1.2 + 65536)


def case_q223_a_stopped_reader_holds_up_nobody(d):
    """What it might still see is bounded; the others follow and answer."""
    d.stop()
    d.options["udp_workers"] = 2
    try:
        d.start()
        more = "".join(f"n{i} A 192.0.2.{{0}}\n" for i in range(3000))
        stopped = d.kill("udp", signal.SIGSTOP)
        for serial in range(20, 26):
            put("leak.test.", serial, more.replace("{0}", str(serial)))
        # TCP shares no socket with it: it sees each version.
        wait_for("the last version", lambda: d.ask(
            "serial.leak.test", "TXT", tcp=True).answer[0][0].strings[0] ==
            b"25")
        check(d.metric("cache_retained_bytes") < 64 << 20, "retained")
        wait_for("its successor", lambda: stopped not in [
            p for _, _, p in d.children()], 20)
        wait_for("nothing retained", lambda:
                 d.metric("cache_retained_bytes") == 0)
    finally:
        d.options["udp_workers"] = 1
        d.stop()
        d.start()


def case_q224_q225_deadlines_without_database_under_a_jumping_clock(d):
    """Steps of the wall clock neither end zones nor make them immortal; the
    reader's own clock decides, with database and feeder gone."""
    if d.env is None:
        print("  # without the library of faults: skipped")
        return
    put("long.test.", 1, expire=600)
    put("short.test.", 1, expire=8)
    began = time.monotonic()
    d.wait_text("serial.short.test", "1")
    d.wait_text("serial.long.test", "1")
    subprocess.run([run.PGTEMP, "kill", run.PG], check=True,
                   stdout=subprocess.DEVNULL)
    feeder = d.kill("feeder", signal.SIGSTOP)
    try:
        for shift in (86400, -86400, 3650 * 86400):
            d.shift(shift)
            check(d.text("serial.long.test") == "1", f"shift {shift}")
            if time.monotonic() - began < 6:
                check(d.text("serial.short.test") == "1", f"shift {shift}")
        d.shift(-86400)
        d.wait_text("serial.short.test", "SERVFAIL", 20)
        check(time.monotonic() - began > 6, "too early")
        check(d.text("serial.long.test") == "1", "the other one")
    finally:
        os.kill(feeder, signal.SIGCONT)
        subprocess.run([run.PGTEMP, "restart", run.PG], check=True,
                       stdout=subprocess.DEVNULL)
    # Followed again, the clock still wrong; then right.
    put("long.test.", 2, expire=600)
    d.wait_text("serial.long.test", "2", 30)
    d.shift(0)
    put("long.test.", 3, expire=600)
    d.wait_text("serial.long.test", "3", 30)


def faults(d):
    """The library of fault.c in front of libc, and its page."""
    so = f"{d.dir}/fault.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1",
                    "-o", so, f"{HERE}/fault.c"], check=True)
    page = f"{d.dir}/fault"
    with open(page, "wb") as f:
        f.write(bytes(4096))

    def shift(seconds):
        with open(page, "r+b") as f:
            f.write(struct.pack("=q", seconds))
    d.shift = shift
    d.env = dict(os.environ, LD_PRELOAD=so, US_FAULT_FILE=page)


def main():
    wanted = sys.argv[1:]
    run.PG = subprocess.run([run.PGTEMP, "start"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    passed = failed = 0
    d = run.Dnsd(run.PG, port=PORT, tcp_clients_max=60, tcp_idle_ms=3000,
                 tls_handshake_ms=3000, tls_clients_max=200,
                 tls_listen=f"{HOST}:{PORT + 2}")
    d.tls_port = PORT + 2
    d.options.update(tls_cert_file=f"{d.dir}/cert.pem",
                     tls_key_file=f"{d.dir}/key.pem")
    try:
        certificate(d, "zero.example")
        put(serial=1, more="".join(f'big TXT "{i:03}{"x" * 240}"\n'
                                   for i in range(100)))
        if run.VARIANT == "release":    # a sanitizer wants to be first
            faults(d)
        d.start()
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
