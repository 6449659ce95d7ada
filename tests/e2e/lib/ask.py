"""Questions to name servers, and the comparison of two servers' answers."""

import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype


def ask(server, qname, qtype="A", tcp=False, do=False, payload=1232,
        timeout=3.0, tries=3):
    q = dns.message.make_query(qname, qtype, use_edns=0 if do else False,
                               want_dnssec=do, payload=payload)
    q.flags &= ~dns.flags.RD
    for n in range(tries):
        try:
            if tcp:
                return dns.query.tcp(q, server[0], port=server[1],
                                     timeout=timeout)
            r = dns.query.udp(q, server[0], port=server[1], timeout=timeout)
            if r.flags & dns.flags.TC:
                return dns.query.tcp(q, server[0], port=server[1],
                                     timeout=timeout)
            return r
        except dns.exception.Timeout:
            if n == tries - 1:
                raise


def serial_of(server, zone):
    try:
        r = ask(server, zone, "SOA", timeout=1.0, tries=1)
    except (dns.exception.DNSException, OSError):
        return None
    for rrset in r.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


def axfr(server, zone, **kw):
    """All records of a zone, each once, as a sorted list of text lines."""
    lines = []
    first = True
    for m in dns.query.xfr(server[0], zone, port=server[1], relativize=False,
                           **kw):
        for rrset in m.answer:
            for rd in rrset:
                if rrset.rdtype == dns.rdatatype.SOA:
                    if not first:
                        continue
                    first = False
                lines.append(record_line(rrset.name, rrset.ttl, rrset.rdtype,
                                         rd))
    return sorted(set(lines))       # PowerDNS sends some records twice


def record_line(name, ttl, rdtype, rdata):
    """One record in a form in which equal records are equal text."""
    wire = rdata.to_generic().to_wire() if rdtype > 65000 else \
        rdata.to_digestable()
    return f"{name.to_text().lower()} {ttl} {dns.rdatatype.to_text(rdtype)} " \
           + wire.hex()


def sections(r):
    """What two right servers must agree on, per section."""
    def lines(section):
        return sorted(record_line(s.name, s.ttl, s.rdtype, rd)
                      for s in section for rd in s)
    return (dns.rcode.to_text(r.rcode()), bool(r.flags & dns.flags.AA),
            lines(r.answer))


class Load(threading.Thread):
    """Asks at a steady, bounded rate until stopped; counts what came back."""

    def __init__(self, server, questions, check, rate=200, seconds=120):
        super().__init__(daemon=True)
        self.server, self.questions, self.check = server, questions, check
        self.pause, self.end = 1.0 / rate, time.monotonic() + seconds
        self.asked = self.right = self.lost = 0
        self.wrong = []
        self.halt = threading.Event()

    def run(self):
        i = 0
        while not self.halt.is_set() and time.monotonic() < self.end:
            qname, qtype = self.questions[i % len(self.questions)]
            i += 1
            self.asked += 1
            try:
                r = ask(self.server, qname, qtype, timeout=2.0, tries=1)
            except (dns.exception.DNSException, OSError):
                self.lost += 1
                continue
            if self.check(r):
                self.right += 1
            else:
                self.wrong.append(r.to_text())
            time.sleep(self.pause)

    def finish(self):
        self.halt.set()
        self.join(10)
        return self
