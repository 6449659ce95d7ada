"""A primary that misbehaves on purpose; behaviours are named methods."""

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from .proc import free_port


class Hostile:
    """Serves @zone with @serial; self.mode picks what is done wrong."""

    def __init__(self, zone, serial=1, mode="good"):
        self.zone, self.serial, self.mode = dns.name.from_text(zone), serial, \
            mode
        self.port = free_port()
        self.stopping = threading.Event()
        self.transfers = 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(16)
        for s in (self.udp, self.tcp):
            s.settimeout(0.2)
        self.threads = [threading.Thread(target=t, daemon=True)
                        for t in (self.serve_udp, self.serve_tcp)]
        for t in self.threads:
            t.start()

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(5)
        self.udp.close()
        self.tcp.close()

    # -- content ----------------------------------------------------------

    def rr(self, name, rtype, text, ttl=300):
        return dns.rrset.from_text(
            dns.name.from_text(name, self.zone), ttl, "IN", rtype, text)

    def soa(self, serial=None):
        return self.rr("@", "SOA", f"ns1.{self.zone} hostmaster.{self.zone} "
                       f"{self.serial if serial is None else serial} "
                       "3600 600 86400 300")

    def records(self, n=200):
        return [self.rr("@", "NS", f"ns1.{self.zone}"),
                self.rr("ns1", "A", "192.0.2.1")] + \
               [self.rr(f"host{i}", "A", f"192.0.2.{i % 250}")
                for i in range(n)]

    # -- sockets ----------------------------------------------------------

    def serve_udp(self):
        while not self.stopping.is_set():
            try:
                wire, source = self.udp.recvfrom(65535)
                q = dns.message.from_wire(wire)
            except (OSError, dns.exception.DNSException):
                continue
            if self.mode == "silent":
                continue
            r = self.reply(q)
            if self.mode == "soa-not-authoritative":
                r.flags &= ~dns.flags.AA
            if self.mode == "soa-servfail":
                r.set_rcode(dns.rcode.SERVFAIL)
            elif self.mode == "soa-wrong-zone":
                r.answer = [dns.rrset.from_text(
                    "other.example.", 300, "IN", "SOA", "a. b. 99 1 1 1 1")]
            elif self.mode == "soa-empty":
                pass
            else:
                r.answer = [self.soa()]
            self.udp.sendto(r.to_wire(), source)

    def serve_tcp(self):
        while not self.stopping.is_set():
            try:
                s, _ = self.tcp.accept()
            except OSError:
                continue
            threading.Thread(target=self.connection, args=(s,),
                             daemon=True).start()

    def connection(self, s):
        s.settimeout(20)
        try:
            while not self.stopping.is_set():
                head = self.read(s, 2)
                q = dns.message.from_wire(
                    self.read(s, struct.unpack("!H", head)[0]))
                qtype = q.question[0].rdtype
                if self.mode == "silent":
                    self.stopping.wait(30)
                if qtype == dns.rdatatype.SOA:
                    r = self.reply(q)
                    r.answer = [self.soa()]
                    self.send(s, r)
                    continue
                self.transfers += 1
                getattr(self, "xfr_" + self.mode.replace("-", "_"),
                        self.xfr_good)(s, q)
        except (OSError, EOFError, dns.exception.DNSException):
            pass
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

    @staticmethod
    def reply(q):
        r = dns.message.make_response(q)
        r.flags |= dns.flags.AA
        return r

    @staticmethod
    def send(s, r):
        wire = r.to_wire(max_size=65535)
        s.sendall(struct.pack("!H", len(wire)) + wire)

    def message(self, q, rrsets):
        r = self.reply(q)
        r.answer = rrsets
        return r

    # -- transfers --------------------------------------------------------

    def xfr_good(self, s, q):
        self.send(s, self.message(q, [self.soa()] + self.records()
                                  + [self.soa()]))

    def xfr_refuse(self, s, q):
        r = self.reply(q)
        r.set_rcode(dns.rcode.REFUSED)
        self.send(s, r)

    def xfr_hang(self, s, q):
        self.stopping.wait(30)

    def xfr_cut(self, s, q):
        self.send(s, self.message(q, [self.soa()] + self.records()))
        raise EOFError

    def xfr_cut_mid_message(self, s, q):
        wire = self.message(q, [self.soa()] + self.records()).to_wire(
            max_size=65535)
        s.sendall(struct.pack("!H", len(wire)) + wire[:len(wire) // 2])
        raise EOFError

    def xfr_other_last_soa(self, s, q):
        self.send(s, self.message(q, [self.soa()] + self.records()))
        self.send(s, self.message(q, [self.soa(self.serial + 1)]))

    def xfr_no_soa_first(self, s, q):
        self.send(s, self.message(q, self.records() + [self.soa()]))

    def xfr_wrong_id(self, s, q):
        r = self.message(q, [self.soa()] + self.records() + [self.soa()])
        r.id ^= 1
        self.send(s, r)

    def xfr_no_ns(self, s, q):
        self.send(s, self.message(
            q, [self.soa(), self.rr("a", "A", "192.0.2.1"), self.soa()]))

    def xfr_empty_messages(self, s, q):
        self.send(s, self.message(q, [self.soa()]))
        for _ in range(200000):
            self.send(s, self.message(q, []))

    def xfr_endless(self, s, q):
        self.send(s, self.message(q, [self.soa()]))
        i = 0
        while not self.stopping.is_set() and i < 20000:
            self.send(s, self.message(q, [self.rr(
                f"h{i}-{j}", "A", "192.0.2.1") for j in range(300)]))
            i += 1

    def xfr_garbage(self, s, q):
        s.sendall(struct.pack("!H", 400) + bytes(range(200)) * 2)

    def xfr_compression_loop(self, s, q):
        body = struct.pack("!HHHHHH", q.id, 0x8400, 0, 2, 0, 0) \
            + b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 300, 4) + b"\0" * 4
        s.sendall(struct.pack("!H", len(body)) + body)

    def xfr_out_of_zone(self, s, q):
        bad = [dns.rrset.from_text(f"h{i}.elsewhere.test.", 300, "IN", "A",
                                   "192.0.2.66") for i in range(20)]
        self.send(s, self.message(q, [self.soa()] + self.records(5) + bad
                                  + [self.soa()]))
