"""Primaries that speak TLS, as well or as badly as a test wants."""

import os
import socket
import ssl
import struct
import tempfile
import threading

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset


def both_sockets():
    """TCP and UDP at one port that nobody has."""
    while True:
        tcp = socket.socket()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            udp.bind(("127.0.0.1", port))
            return tcp, udp, port
        except OSError:
            tcp.close()
            udp.close()


class Server:
    """One address and port with one zone.

    context: an SSLContext; None: `raw` gets the socket, or plain TCP is
    spoken.  Whatever comes by UDP to the same port is counted.
    """

    def __init__(self, zone, context=None, raw=None, serial=1):
        self.zone, self.serial = dns.name.from_text(zone), serial
        self.context, self.raw = context, raw
        self.tcp, self.udp, self.port = both_sockets()
        self.tcp.listen(64)
        self.stopping = threading.Event()
        self.connections = self.datagrams = 0
        self.asked = []         # (connection, type, length, tsig)
        self.zones_on = {}      # connection: {zone}
        self.resumed = []
        self.clients = []       # certificate shown, or None
        self.sni = []
        self.close_after = 0    # replies on one connection; 0: never
        self.cut_after = None   # octets of the next transfer
        self.keyring = None
        self.errors = []
        self.threads = [threading.Thread(target=t, daemon=True)
                        for t in (self.accept, self.count)]
        if context is not None:
            context.sni_callback = self.on_sni
        for s in (self.tcp, self.udp):
            s.settimeout(0.2)
        for t in self.threads:
            t.start()

    def on_sni(self, _socket, name, _context):
        self.sni.append(name)

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(5)
        self.tcp.close()
        self.udp.close()

    def count(self):
        while not self.stopping.is_set():
            try:
                self.udp.recvfrom(65535)
                self.datagrams += 1
            except OSError:
                pass

    def accept(self):
        while not self.stopping.is_set():
            try:
                s, _ = self.tcp.accept()
            except OSError:
                continue
            self.connections += 1
            threading.Thread(target=self.talk, args=(s, self.connections),
                             daemon=True).start()

    def talk(self, s, number):
        s.settimeout(30)
        try:
            if self.raw is not None:
                self.raw(self, s)
                return
            if self.context is not None:
                s = self.context.wrap_socket(s, server_side=True)
                self.resumed.append(s.session_reused)
                self.clients.append(s.getpeercert(True))
            self.serve(s, number)
        except (OSError, EOFError, dns.exception.DNSException) as e:
            self.errors.append(repr(e))
        finally:
            s.close()

    @staticmethod
    def read(s, n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def serve(self, s, number):
        replies = 0
        while not self.stopping.is_set():
            wire = self.read(s, struct.unpack("!H", self.read(s, 2))[0])
            q = dns.message.from_wire(wire, keyring=self.keyring)
            self.asked.append((number, q.question[0].rdtype, len(wire),
                               q.had_tsig))
            self.zones_on.setdefault(number, set()).add(
                q.question[0].name)
            self.answer(s, q)
            replies += 1
            if replies == self.close_after:
                raise EOFError

    def soa(self, origin):
        return dns.rrset.from_text(
            origin, 300, "IN", "SOA", f"ns1.{origin} host.{origin} "
            f"{self.serial} 3600 600 86400 300")

    def response(self, q, rrsets):
        r = dns.message.make_response(q)
        r.flags |= dns.flags.AA
        r.answer = rrsets
        return r

    def content(self, origin):
        return [dns.rrset.from_text(origin, 300, "IN", "NS",
                                    f"ns1.{origin}"),
                dns.rrset.from_text(f"ns1.{origin}", 300, "IN", "A",
                                    "192.0.2.1")] + \
            [dns.rrset.from_text(f"h{i}.{origin}", 300, "IN", "A",
                                 f"192.0.2.{i}") for i in range(100)]

    def answer(self, s, q):
        origin = q.question[0].name
        soa = self.soa(origin)
        if q.question[0].rdtype == dns.rdatatype.SOA:
            self.send(s, self.response(q, [soa]))
        else:
            self.send(s, self.response(q, [soa] + self.content(origin)
                                       + [soa]))

    def send(self, s, r):
        wire = r.to_wire(max_size=65535)
        wire = struct.pack("!H", len(wire)) + wire
        if self.cut_after is not None:
            s.sendall(wire[:self.cut_after])
            raise EOFError
        s.sendall(wire)


def context(cert, alpn=("dot",), client_ca=None, optional_ca=None,
            newest=None, oldest=None, chain=None):
    """An SSLContext that shows @cert."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "pem")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write((cert.chain if chain is None else chain) + cert.key_pem)
        c.set_ciphers("DEFAULT:@SECLEVEL=0")
        c.load_cert_chain(path)
    if newest:
        c.maximum_version = newest
    if oldest:
        c.minimum_version = oldest
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if client_ca or optional_ca:
        c.verify_mode = ssl.CERT_REQUIRED if client_ca else ssl.CERT_OPTIONAL
        c.load_verify_locations(cadata=(client_ca or optional_ca).pem)
    return c


# -- what a socket can be done to ------------------------------------------

def stall(server, s):
    server.stopping.wait(30)


def close_at_once(server, s):
    pass


def close_after_hello(server, s):
    s.recv(4096)


def reset(server, s):
    s.recv(16)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def garbage(server, s):
    s.recv(4096)
    s.sendall(bytes(range(1, 256)) * 20)


def http(server, s):
    s.recv(4096)
    s.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def alert(server, s):
    s.recv(4096)
    s.sendall(b"\x15\x03\x03\x00\x02\x02\x28")      # handshake_failure


def half_hello(server, s):
    s.recv(4096)
    s.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + b"\0" * 20)


def tls12_hello(server, s):
    """A ServerHello of TLS 1.2, whatever was asked: a downgrade."""
    s.recv(4096)
    body = b"\x03\x03" + b"R" * 32 + b"\x00" + b"\xc0\x2f" + b"\x00"
    hello = b"\x02" + struct.pack("!I", len(body))[1:] + body
    s.sendall(b"\x16\x03\x03" + struct.pack("!H", len(hello)) + hello)
    server.stopping.wait(5)


def endless_records(server, s):
    """Empty application records before any hello."""
    s.recv(4096)
    for _ in range(100000):
        s.sendall(b"\x17\x03\x03\x00\x01\x00")


def plain_dns(server, s):
    """A name server without TLS: the hello is a message of 5635 octets."""
    server.serve(s, server.connections)
