"""Messages of a transfer, octet by octet, and the server's side of TSIG.

Written from the RFCs, without a DNS library: what is wrong here on purpose
must not be repaired on the way.
"""

import hashlib
import hmac
import struct
import time

APEX = b"\xc0\x0c"                      # a pointer to the question's name
SOA, NS, A, CNAME, TXT, AAAA, OPT, TSIG = 6, 2, 1, 5, 16, 28, 41, 250
IXFR, AXFR = 251, 252
HASHES = {b"\x0bhmac-sha256\0": hashlib.sha256, b"\x09hmac-sha1\0": hashlib.sha1}


def name(text):
    """Wire form of a name in text; no escapes."""
    return b"".join(bytes([len(x)]) + x for x in
                    (t.encode() for t in text.strip(".").split(".")) if x) \
        + b"\0"


def label(text):
    """LABEL, then the apex by pointer."""
    raw = text if isinstance(text, bytes) else text.encode()
    return bytes([len(raw)]) + raw + APEX


def rr(owner, rtype, rdata, ttl=300, rclass=1, rdlen=None):
    return owner + struct.pack("!HHIH", rtype, rclass, ttl,
                               len(rdata) if rdlen is None else rdlen) + rdata


def opt(options=b"", rcode_high=0, owner=b"\0", rdlen=None):
    return rr(owner, OPT, options, rcode_high << 24, 1232, rdlen)


def ede(code, text=b""):
    return struct.pack("!HHH", 15, 2 + len(text), code) + text


def skip_name(msg, at):
    while True:
        c = msg[at]
        if c >= 0xc0:
            return at + 2
        at += 1 + c
        if c == 0:
            return at


class Query:
    """What a server needs of a request."""

    def __init__(self, msg):
        self.id, self.flags, qd, an, ns, ar = struct.unpack_from("!6H", msg)
        end = skip_name(msg, 12)
        self.question = msg[12:end + 4]
        self.qname = msg[12:end].lower()
        self.qtype, = struct.unpack_from("!H", msg, end)
        self.serial = self.mac = self.time = self.key_name = None
        self.edns = False
        at = end + 4
        for _ in range(an + ns + ar):
            owner, at = at, skip_name(msg, at)
            rtype, _, _, n = struct.unpack_from("!HHIH", msg, at)
            at += 10
            if rtype == SOA:
                p = skip_name(msg, skip_name(msg, at))
                self.serial, = struct.unpack_from("!I", msg, p)
            elif rtype == OPT:
                self.edns = True
            elif rtype == TSIG:
                self.key_name = msg[owner:at - 10].lower()
                p = skip_name(msg, at)
                hi, lo, _, size = struct.unpack_from("!HIHH", msg, p)
                self.time = hi << 32 | lo
                self.mac = msg[p + 10:p + 10 + size]
            at += n


class Msg:
    """One message; sign: what TSIG does with it (see Signer.sign)."""

    def __init__(self, wire, sign=True, **how):
        self.wire, self.sign, self.how = wire, sign, how

    def frame(self):
        return struct.pack("!H", len(self.wire)) + self.wire

    def pieces(self):
        """What is written, in as many segments."""
        return [self.frame()]


class Signer:
    """RFC 8945 for one answer, with everything that may be done wrong."""

    def __init__(self, query, key_name, secret,
                 alg=b"\x0bhmac-sha256\0"):
        self.name, self.secret, self.alg = key_name, secret, alg
        self.prior, self.pending, self.first = query.mac or b"", b"", True

    def refuse(self, m):
        """BADKEY, unsigned: the key is not known."""
        return Msg(self.sign(m.wire, error=17, no_mac=True), False)

    def skip(self, msg):
        """A message that stays unsigned."""
        self.pending += msg

    def sign(self, msg, when=None, fudge=300, mac_len=None, error=0,
             other=b"", name=None, alg=None, original_id=None, flip=False,
             rclass=255, ttl=0, prior=None, timers=None, other_len=None,
             before=b"", after=b"", no_mac=False, twice=False):
        when = int(time.time()) if when is None else when
        key = self.name if name is None else name
        alg = self.alg if alg is None else alg
        oid = struct.unpack_from("!H", msg)[0] if original_id is None \
            else original_id
        stamp = struct.pack("!HIH", when >> 32, when & 0xffffffff, fudge)
        timers = (not self.first) if timers is None else timers
        prior = self.prior if prior is None else prior
        data = (struct.pack("!H", len(prior)) + prior if prior else b"") \
            + self.pending + struct.pack("!H", oid) + msg[2:]
        if timers:
            data += stamp
        else:
            data += key.lower() + struct.pack("!HI", 255, 0) + alg.lower() \
                + stamp + struct.pack("!HH", error, len(other)) + other
        mac = hmac.new(self.secret, data,
                       HASHES.get(alg.lower(), hashlib.sha256)).digest()
        if no_mac:
            mac = b""
        elif mac_len is not None:
            mac = (mac + b"\0" * 64)[:mac_len]
        if flip:
            mac = bytes([mac[0] ^ 1]) + mac[1:]
        self.prior, self.pending, self.first = mac, b"", False
        rdata = alg + stamp + struct.pack("!H", len(mac)) + mac \
            + struct.pack("!HHH", oid, error, len(other)
                          if other_len is None else other_len) + other
        tsig = rr(key, TSIG, rdata, ttl, rclass)
        extra = before + tsig + (tsig if twice else b"") + after
        count = 1 + bool(before) + bool(after) + bool(twice)
        ar, = struct.unpack_from("!H", msg, 10)
        return msg[:10] + struct.pack("!H", ar + count) + msg[12:] + extra
