"""Primaries with many zones each, that behave as a test says."""

import socket
import struct
import threading
import time

import dns.name

SOA, NS, A, TXT, OPT, AXFR, IXFR = 6, 2, 1, 16, 41, 252, 251


def wire(name):
    return dns.name.from_text(name).canonicalize().to_wire()


def record(owner, rtype, rdata, ttl=300):
    return owner + struct.pack("!HHIH", rtype, 1, ttl, len(rdata)) + rdata


class Zone:
    """What a primary has: a serial, a content, a behaviour."""

    def __init__(self, name, serial=1, records=3, expire=86400, variant=0):
        self.name, self.apex = name, wire(name)
        self.serial, self.records, self.expire = serial, records, expire
        self.variant = variant
        self.mode = "good"      # good, silent, refused, drip, hang, delay
        self.delay = 0.0
        self.asked = self.transfers = 0
        self.retry = 2

    def soa(self):
        return record(self.apex, SOA, b"\3ns1" + self.apex + b"\4host"
                      + self.apex + struct.pack(
                          "!IIIII", self.serial, 3600, self.retry,
                          self.expire, 300))

    def messages(self):
        """Answer sections of an AXFR."""
        part = self.soa() + record(self.apex, NS, b"\3ns1" + self.apex)
        n = 2
        part += record(b"\3ns1" + self.apex, A, bytes((192, 0, 2, 1)))
        n += 1
        for i in range(self.records):
            label = b"h%d" % i
            part += record(bytes([len(label)]) + label + self.apex, TXT,
                           b"\x0a%010d" % (self.serial + self.variant))
            n += 1
            if len(part) > 15000:
                yield n, part
                n, part = 0, b""
        yield n + 1, part + self.soa()


class Farm:
    """One address and port. Zones that it does not have: REFUSED."""

    def __init__(self, address="127.0.0.1", port=0, udp=True, tcp=True):
        self.zones = {}
        self.open = set()
        self.asked = self.transfers = self.connections = 0
        self.running = self.running_max = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, port))
        self.address, self.port = self.tcp.getsockname()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.bind((address, self.port))
        self.answers_udp = udp
        for s in (self.tcp, self.udp):
            s.settimeout(0.2)
        self.threads = [threading.Thread(target=self.serve_udp, daemon=True)]
        if tcp:
            self.tcp.listen(512)
            self.threads.append(threading.Thread(
                target=self.serve_tcp, daemon=True))
        for t in self.threads:
            t.start()

    def add(self, name, **more):
        z = Zone(name, **more)
        self.zones[z.apex] = z
        return z

    def stop(self):
        self.stopping.set()
        for s in list(self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self.threads:
            t.join(5)
        self.udp.close()
        self.tcp.close()

    # -- answers ----------------------------------------------------------

    @staticmethod
    def question(q):
        at = 12
        while q[at]:
            at += 1 + q[at]
        end = at + 5
        return q[12:at + 1].lower(), struct.unpack("!H", q[at + 1:at + 3])[0], \
            q[12:end]

    @staticmethod
    def reply(q, question, n, body, rcode=0):
        return q[:2] + struct.pack("!HHHHH", 0x8400 | rcode, 1, n, 0, 0) \
            + question + body

    def serve_udp(self):
        while not self.stopping.is_set():
            try:
                q, source = self.udp.recvfrom(65535)
            except OSError:
                continue
            self.asked += 1
            name, rtype, question = self.question(q)
            z = self.zones.get(name)
            if not self.answers_udp or z is not None and z.mode == "silent":
                continue
            if z is None or z.mode == "refused":
                self.udp.sendto(self.reply(q, question, 0, b"", 5), source)
                continue
            z.asked += 1
            self.udp.sendto(self.reply(q, question, 1, z.soa()), source)

    def serve_tcp(self):
        while not self.stopping.is_set():
            try:
                s, _ = self.tcp.accept()
            except OSError:
                continue
            self.connections += 1
            self.open.add(s)
            threading.Thread(target=self.connection, args=(s,),
                             daemon=True).start()

    def connection(self, s):
        with s:
            s.settimeout(30)
            try:
                while not self.stopping.is_set():
                    self.one(s)
            except (OSError, EOFError):
                pass
            self.open.discard(s)

    @staticmethod
    def read(s, n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def one(self, s):
        q = self.read(s, struct.unpack("!H", self.read(s, 2))[0])
        name, rtype, question = self.question(q)
        z = self.zones.get(name)

        def send(m):
            s.sendall(struct.pack("!H", len(m)) + m)

        if z is not None and z.mode in ("silent", "hang"):
            self.stopping.wait(30)
            raise EOFError
        if z is None or z.mode == "refused":
            send(self.reply(q, question, 0, b"", 5))
            return
        if rtype == SOA:
            z.asked += 1
            send(self.reply(q, question, 1, z.soa()))
            return
        with self.lock:
            self.transfers += 1
            z.transfers += 1
            self.running += 1
            self.running_max = max(self.running_max, self.running)
        try:
            if z.mode == "drip":
                self.drip(s, q, question, z)
            if z.delay:
                self.stopping.wait(z.delay)
            for n, part in z.messages():
                send(self.reply(q, question, n, part))
        finally:
            with self.lock:
                self.running -= 1

    def drip(self, s, q, question, z):
        """An octet now and then, for ever."""
        n, part = next(z.messages())
        m = self.reply(q, question, n, part)
        for b in struct.pack("!H", len(m) + 1000) + m:
            s.sendall(bytes([b]))
            if self.stopping.wait(0.2):
                break
        raise EOFError


def notify(name, port, serial=None, source="127.0.0.1", wait=1.0,
           to="127.0.0.1"):
    """Send a NOTIFY; the rcode that came, or None."""
    body = b"" if serial is None else record(
        wire(name), SOA, b"\0\0" + struct.pack("!IIIII", serial, 1, 1, 1, 1))
    m = struct.pack("!HHHHHH", int(time.monotonic() * 1e6) & 0xffff, 0x2400,
                    1, 1 if body else 0, 0, 0) + wire(name) + \
        struct.pack("!HH", SOA, 1) + body
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.settimeout(wait)
        s.sendto(m, (to, port))
        if not wait:
            return None
        try:
            return s.recv(512)[3] & 15
        except OSError:
            return None
