"""A reader of DNS messages of its own: fast, strict, and nobody else's."""

import struct

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, DNAME, OPT, DS, RRSIG, NSEC, NSEC3 \
    = 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 43, 46, 47, 50

# Octets before, number of names, for rdata that may hold compressed names.
NAMES = {NS: (0, 1), 3: (0, 1), 4: (0, 1), CNAME: (0, 1), SOA: (0, 2),
         7: (0, 1), 8: (0, 1), 9: (0, 1), PTR: (0, 1), 14: (0, 2), MX: (2, 1),
         17: (0, 2), 18: (2, 1), 21: (2, 1), 26: (2, 2), SRV: (6, 1),
         36: (2, 1), DNAME: (0, 1)}


class Malformed(Exception):
    pass


def name_at(wire, at):
    """(labels as octets, lower case), offset behind it."""
    out, end, hops = [], None, 0
    while True:
        if at >= len(wire):
            raise Malformed("name beyond the end")
        n = wire[at]
        if n >= 0xc0:
            if at + 1 >= len(wire):
                raise Malformed("half a pointer")
            to = (n & 0x3f) << 8 | wire[at + 1]
            if end is None:
                end = at + 2
            hops += 1
            if to >= at or hops > 127:
                raise Malformed("pointer forward or too many")
            at = to
        elif n > 63:
            raise Malformed("label type")
        elif n == 0:
            return b"".join(out).lower() + b"\0", end or at + 1
        else:
            out.append(wire[at:at + 1 + n])
            at += 1 + n


def below(name, top):
    return len(name) > len(top) and name.endswith(top)


class Message:
    """id, flags, question (raw), and three lists of
    (owner, type, covered, ttl, rdata)."""

    def __init__(self, wire):
        if len(wire) < 12:
            raise Malformed("no header")
        (self.id, self.flags, qd, *counts) = struct.unpack("!6H", wire[:12])
        at = 12
        if qd > 1:
            raise Malformed("questions")
        if qd:
            _, end = name_at(wire, at)
            at = end + 4
        self.question = wire[12:at]
        self.sections = []
        self.opt = None
        cache = {}
        for n in counts:
            section = []
            for _ in range(n):
                at = self.record(wire, at, section, cache)
            self.sections.append(section)
        if at != len(wire):
            raise Malformed("octets left over")
        self.rcode = self.flags & 15
        if self.opt:
            self.rcode |= self.opt[0] >> 24 << 4
        self.aa = bool(self.flags & 0x400)
        self.tc = bool(self.flags & 0x200)

    def record(self, wire, at, section, cache):
        hit = cache.get(wire[at:at + 2]) if wire[at] >= 0xc0 else None
        if hit:
            owner, at = hit, at + 2
        else:
            start = at
            owner, at = name_at(wire, at)
            if wire[start] >= 0xc0:
                cache[wire[start:start + 2]] = owner
        if at + 10 > len(wire):
            raise Malformed("half a record")
        t, c, ttl, n = struct.unpack("!HHIH", wire[at:at + 10])
        at += 10
        end = at + n
        if end > len(wire):
            raise Malformed("rdata beyond the end")
        rdata = wire[at:end]
        if t == OPT:
            if self.opt:
                raise Malformed("two OPTs")
            self.opt = (ttl, rdata)
            return end
        covered = 0
        if t in NAMES:
            skip, names = NAMES[t]
            parts = [wire[at:at + skip]]
            p = at + skip
            for _ in range(names):
                name, p = name_at(wire, p)
                parts.append(name)
            if p > end:
                raise Malformed("names beyond the rdata")
            parts.append(wire[p:end])
            rdata = b"".join(parts)
        elif t == RRSIG and n > 18:
            covered = struct.unpack("!H", rdata[:2])[0]
            name, p = name_at(wire, at + 18)
            rdata = rdata[:18] + name + wire[p:end]
        elif t == NSEC:
            name, p = name_at(wire, at)
            rdata = name + wire[p:end]
        section.append((owner, t, covered, ttl, rdata))
        return end
