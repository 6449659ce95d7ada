"""The primary that every server of the differential test transfers from.

It takes its zones as text and sends what the text says, also where a server
would refuse it as a master file (names below a DNAME). AXFR alone; an IXFR
question gets the whole zone, which RFC 1995 allows.
"""

import socket
import struct
import threading

import dns.exception
import dns.message
import dns.name
import dns.rdatatype as T
import dns.renderer
import dns.zone

from lib.proc import free_port

ROOM = 16000            # octets of a message; names below it can be pointed at


class Primary:
    def __init__(self, zones):
        """zones: {apex as text: dns.zone.Zone}"""
        self.port = free_port()
        self.zones = {dns.name.from_text(a): z for a, z in zones.items()}
        self.stopping = threading.Event()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for s in (self.udp, self.tcp):
            s.bind(("127.0.0.1", self.port))
            s.settimeout(0.2)
        self.tcp.listen(64)
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

    def serve_udp(self):
        while not self.stopping.is_set():
            try:
                wire, source = self.udp.recvfrom(65535)
                q = dns.message.from_wire(wire)
                self.udp.sendto(self.soa_reply(q), source)
            except (OSError, dns.exception.DNSException):
                continue

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
        f = s.makefile("rb")
        try:
            while not self.stopping.is_set():
                head = f.read(2)
                if len(head) < 2:
                    return
                q = dns.message.from_wire(f.read(struct.unpack("!H",
                                                               head)[0]))
                if q.question[0].rdtype in (T.AXFR, T.IXFR):
                    for wire in self.transfer(q):
                        s.sendall(struct.pack("!H", len(wire)) + wire)
                else:
                    wire = self.soa_reply(q)
                    s.sendall(struct.pack("!H", len(wire)) + wire)
        except (OSError, EOFError, dns.exception.DNSException):
            pass
        finally:
            s.close()

    def zone_of(self, q):
        return self.zones.get(q.question[0].name)

    def soa_reply(self, q):
        r = dns.message.make_response(q)
        zone = self.zone_of(q)
        if zone is None:
            r.set_rcode(dns.rcode.NOTAUTH)
        elif q.question[0].rdtype == T.SOA:
            r.flags |= dns.flags.AA
            r.answer.append(zone.find_rrset(zone.origin, T.SOA))
        return r.to_wire()

    def transfer(self, q):
        zone = self.zone_of(q)
        if zone is None:
            yield self.soa_reply(q)
            return
        soa = zone.find_rrset(zone.origin, T.SOA)
        sets = [soa]
        for name, node in zone.nodes.items():
            for rds in node.rdatasets:
                if rds.rdtype != T.SOA:
                    rrset = dns.rrset.RRset(name, rds.rdclass, rds.rdtype,
                                            rds.covers)
                    rrset.update(rds)
                    rrset.ttl = rds.ttl
                    sets.append(rrset)
        sets.append(soa)

        def begin():
            m = dns.renderer.Renderer(q.id, dns.flags.QR | dns.flags.AA,
                                      65535)
            m.add_question(q.question[0].name, q.question[0].rdtype)
            return m

        m = begin()
        for rrset in sets:
            if m.output.tell() > ROOM:
                m.write_header()
                yield m.get_wire()
                m = begin()
            m.add_rrset(dns.renderer.ANSWER, rrset)
        m.write_header()
        yield m.get_wire()
