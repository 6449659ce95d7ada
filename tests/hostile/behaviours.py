"""What a primary can do wrong in a transfer, each with what must come of it.

A behaviour is a generator of steps: a Msg (framed, signed when the case has a
key), octets as they are, a pause in seconds, CLOSE or RESET. After the last
step the connection stays open.

B(reason) is a list of the reasons that an attempt may end with, or "accepted".
"""

import os
import struct

from wire import (A, AAAA, APEX, AXFR, CNAME, IXFR, NS, OPT, SOA, TSIG, TXT, Msg,
                  ede, label, name, opt, rr)

CLOSE, RESET = object(), object()
ACCEPTED = "accepted"
LONG = 60.0                             # longer than every limit
DNAME, MX, SRV, NSEC, NSEC3, NSEC3PARAM, RRSIG, DS, CAA, SVCB = (
    39, 15, 33, 47, 50, 51, 46, 43, 257, 64)

ALL = []


class Behaviour:
    def __init__(self, f, reason, only, tsig, says, slow, numbers):
        self.name = f.__name__.strip("_").replace("_", "-")
        self.steps, self.reasons = f, reason
        self.only, self.tsig, self.says = only, tsig, says
        self.slow, self.numbers = slow, numbers


def behaviour(*reason, only=None, tsig=None, says=None, slow=False, t=""):
    """@only: "axfr" or "ixfr"; @tsig: modes; @t: lines of the checklist."""
    def register(f):
        ALL.append(Behaviour(f, reason, only, tsig or ("none", "good", "bad"),
                             says, slow, t))
        return f
    return register


class Transfer:
    """One question, and the pieces of a right answer to it."""

    def __init__(self, query, case):
        self.q, self.case = query, case
        self.serial = case.serial
        self.is_ixfr = query.qtype == IXFR
        self.old = query.serial

    def soa(self, serial=None, owner=APEX, mname=b"\2ns" + APEX,
            rname=b"\0", tail=None, rclass=1):
        serial = self.serial if serial is None else serial
        return rr(owner, SOA, mname + rname + struct.pack("!I", serial)
                  + (struct.pack("!4I", 3600, 2, 86400, 300)
                     if tail is None else tail), rclass=rclass)

    @staticmethod
    def a(text, last=1):
        return rr(label(text), A, bytes([192, 0, 2, last % 256]))

    @staticmethod
    def version(serial):
        text = str(serial).encode()
        return rr(label("v"), TXT, bytes([len(text)]) + text)

    def body(self, serial=None, hosts=10):
        return [rr(APEX, NS, b"\2ns" + APEX), self.a("ns")] \
            + [self.a(f"host{i}", i) for i in range(hosts)] \
            + [self.version(self.serial if serial is None else serial)]

    def whole(self, more=()):
        return [self.soa()] + self.body() + list(more) + [self.soa()]

    def diff(self, deleted=(), added=()):
        """As IXFR, from the serial asked with to the current one."""
        return [self.soa(), self.soa(self.old), self.version(self.old)] \
            + list(deleted) + [self.soa(), self.version(self.serial)] \
            + list(added) + [self.soa()]

    def answer(self, *more):
        return self.diff(added=more) if self.is_ixfr else self.whole(more)

    def msg(self, rrs, flags=0x8400, mid=None, qd=None, question=None,
            count=None, ns=(), ar=(), behind=b"", sign=True, **how):
        question = [self.q.question] if question is None else question
        qd = len(question) if qd is None else qd
        head = struct.pack("!6H", self.q.id if mid is None else mid, flags,
                           qd, len(rrs) if count is None else count, len(ns),
                           len(ar))
        return Msg(head + b"".join(question) + b"".join(rrs) + b"".join(ns)
                   + b"".join(ar) + behind, sign, **how)

    def two(self, first=None, **second):
        """The answer in two messages."""
        rrs = self.answer()
        half = len(rrs) - 4
        yield self.msg(rrs[:half], **(first or {}))
        yield self.msg(rrs[half:], **second)


def good(t):
    """IXFR as differences, AXFR whole; a newer SOA alone is never sent."""
    if t.is_ixfr and t.old == t.serial:
        yield t.msg([t.soa()])
    else:
        yield t.msg(t.answer())


# ---- Connections and framing --------------------------------------------

@behaviour("closed-early", says="closed the connection", t="T-098")
def close_at_once(t):
    yield CLOSE


@behaviour("closed-early", "connect-failed")
def reset_at_once(t):
    yield RESET


def cut_at(share, step, suffix, reasons=("closed-early",)):
    def f(t):
        m = t.msg(t.answer())
        raw = m.frame()
        yield raw[:max(1, int(len(raw) * share))]
        yield step
    f.__name__ = f"cut_{suffix}"
    behaviour(*reasons, says="discarded", t="T-098")(f)


for _share, _name in ((0.0, "in_length"), (0.03, "in_header"),
                      (0.07, "in_question"), (0.15, "in_soa"),
                      (0.5, "in_the_middle"), (0.97, "in_last_record")):
    cut_at(_share, CLOSE, _name)
cut_at(0.6, RESET, "by_reset", ("closed-early", "connect-failed"))


@behaviour("closed-early", t="T-098")
def cut_between_messages(t):
    yield next(t.two())
    yield CLOSE


@behaviour("closed-early", t="T-098")
def cut_before_last_soa(t):
    yield t.msg(t.answer()[:-1])
    yield CLOSE


@behaviour("closed-early", "connect-failed")
def reset_between_messages(t):
    yield next(t.two())
    yield RESET


@behaviour("timeout-first", says="no answer to the transfer", slow=True)
def hang_before_answer(t):
    yield LONG


@behaviour("timeout-first", slow=True)
def hang_in_message(t):
    yield t.msg(t.answer()).frame()[:60]
    yield LONG


@behaviour("timeout-idle", says="paused", slow=True)
def hang_between_messages(t):
    yield next(t.two())
    yield LONG


@behaviour("timeout-idle", slow=True, t="T-068")
def hang_before_last_soa(t):
    yield t.msg(t.answer()[:-1])
    yield LONG


@behaviour("timeout-first", "too-slow", slow=True, t="T-218")
def drip_octets(t):
    for octet in t.msg(t.answer()).frame():
        yield bytes([octet])
        yield 0.1


@behaviour("too-slow", says="minimum rate", slow=True, t="T-106 T-218")
def drip_messages(t):
    yield next(t.two())
    for i in range(100):
        yield t.msg([t.a(f"d{i}")])
        yield 0.2


@behaviour("timeout-total", says="not complete after", slow=True, t="T-106")
def drip_for_ever(t):
    yield next(t.two())
    for i in range(200):
        yield t.msg([rr(label(f"d{i}-{j}"), TXT, b"\xff" + b"x" * 255)
                     for j in range(3)])
        yield 0.1


@behaviour("malformed", "tsig-badsig")
def message_of_no_octets(t):
    yield b"\0\0"


@behaviour("malformed", "tsig-badsig")
def message_of_eleven_octets(t):
    yield b"\0\x0b" + b"\0" * 11


@behaviour("malformed", "wrong-id", "tsig-badsig", "tsig-missing")
def garbage(t):
    yield struct.pack("!H", 400) + bytes(range(200)) * 2


@behaviour("malformed", "wrong-id", "tsig-badsig", "tsig-missing")
def random_octets(t):
    yield struct.pack("!H", 1000) + os.urandom(1000)


@behaviour("malformed", "wrong-id", "tsig-badsig", "tsig-missing")
def ones(t):
    yield b"\xff" * (2 + 65535)


@behaviour("malformed", "wrong-id", "tsig-badsig", "tsig-missing",
           "wrong-question")
def endless_zeros(t):
    for _ in range(50):
        yield b"\0" * 65536


@behaviour("closed-early")
def http(t):
    yield b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    yield CLOSE


@behaviour("closed-early")
def tls_alert(t):
    yield b"\x15\x03\x03\x00\x02\x02\x28"
    yield CLOSE


@behaviour("closed-early")
def ssh_banner(t):
    yield b"SSH-2.0-OpenSSH_9.6\r\n"
    yield CLOSE


class Split(Msg):
    """A message in segments of an octet."""

    def pieces(self):
        return [bytes([x]) for x in self.frame()]


class Lost(Msg):
    """Signed, and never sent."""

    def pieces(self):
        return []


@behaviour(ACCEPTED, t="T-096")
def octet_by_octet(t):
    yield Split(t.msg(t.answer()).wire)


@behaviour(ACCEPTED, t="T-096")
def one_record_a_message(t):
    for record in t.answer():
        yield t.msg([record])


@behaviour(ACCEPTED, t="T-096")
def records_without_compression(t):
    yield t.msg([t.q.qname + r[2:] if r[:2] == APEX else r
                 for r in t.answer()])


@behaviour(ACCEPTED, t="T-096")
def some_empty_messages(t):
    rrs = t.answer()
    yield t.msg(rrs[:3])
    for _ in range(50):
        yield t.msg([])
    yield t.msg(rrs[3:])


@behaviour(ACCEPTED, only="axfr", t="T-096")
def message_of_65535_octets(t):
    # Room for TSIG is left where there is one.
    rrs = [t.soa()] + t.body()
    size = len(t.msg(rrs).wire) + (200 if t.q.mac else 0)
    i = 0
    while size < 65535 - 270 - 300:
        record = rr(label(f"f{i:04}"), TXT, b"\xff" + b"x" * 255)
        rrs.append(record)
        size += len(record)
        i += 1
    # rdata of its own rest: several strings
    rest = 65535 - size - (len(label("rest")) + 10)
    data = b""
    while rest > 256:
        data += b"\xc8" + b"y" * 200
        rest -= 201
    data += bytes([rest - 1]) + b"z" * (rest - 1)
    rrs.append(rr(label("rest"), TXT, data))
    m = t.msg(rrs)
    assert t.q.mac or len(m.wire) == 65535, len(m.wire)
    yield m
    yield t.msg([t.soa()])


# ---- Headers ------------------------------------------------------------

@behaviour("wrong-id", t="T-094")
def wrong_id(t):
    yield t.msg(t.answer(), mid=t.q.id ^ 1)


@behaviour("wrong-id", t="T-094")
def wrong_id_in_second(t):
    yield from t.two(mid=t.q.id ^ 0x100)


@behaviour("malformed", t="T-094")
def not_a_response(t):
    yield t.msg(t.answer(), flags=0x0400)


@behaviour("malformed", t="T-094")
def opcode_notify(t):
    yield t.msg(t.answer(), flags=0xa400)


@behaviour("malformed", t="T-094")
def opcode_update_in_second(t):
    yield from t.two(flags=0xac00)


@behaviour("truncated", t="T-094")
def truncated(t):
    yield t.msg(t.answer(), flags=0x8600)


@behaviour("truncated", t="T-094")
def truncated_in_second(t):
    yield from t.two(flags=0x8600)


@behaviour(ACCEPTED, t="T-095", says="AA is not set")
def without_authority(t):
    yield t.msg(t.answer(), flags=0x8000)


@behaviour(ACCEPTED, t="T-095")
def without_authority_in_second(t):
    yield from t.two(flags=0x8000)


@behaviour(ACCEPTED)
def other_flags(t):
    yield t.msg(t.answer(), flags=0x8400 | 0x01f0)


def rcode_of(code, text, says):
    def f(t):
        yield t.msg([], flags=0x8400 | code)
    f.__name__ = "rcode_" + text.lower()
    behaviour("rcode", says=says, t="T-076")(f)


for _code, _text, _says in (
        (1, "FORMERR", "FORMERR"), (2, "SERVFAIL", "not be loaded"),
        (3, "NXDOMAIN", "does not exist there"),
        (4, "NOTIMP", "does not support"), (5, "REFUSED", "allow-transfer"),
        (9, "NOTAUTH", "configured there"), (15, "RCODE15", "RCODE 15")):
    rcode_of(_code, _text, _says)


@behaviour("rcode", t="T-094")
def rcode_in_second(t):
    yield from t.two(flags=0x8402)


@behaviour("rcode")
def refused_with_records(t):
    yield t.msg(t.answer(), flags=0x8405)


@behaviour("rcode", says="Prohibited by policy")
def refused_with_ede(t):
    yield t.msg([], flags=0x8405,
                ar=[opt(ede(18, b"Prohibited by policy \x1b[31m\n"))])


@behaviour("rcode")
def badvers(t):
    yield t.msg([], ar=[opt(rcode_high=1)])


@behaviour("rcode")
def extended_rcode_with_records(t):
    yield t.msg(t.answer(), ar=[opt(rcode_high=2)])


@behaviour(ACCEPTED, only="axfr", t="T-017")
def formerr_to_edns(t):
    if t.q.edns:
        yield t.msg([], flags=0x8401)
    else:
        yield t.msg(t.answer())


# ---- Questions and sections ---------------------------------------------

def in_full(t, rrs):
    """Without a question the first owner is where pointers lead."""
    return [t.q.qname + rrs[0][2:]] + rrs[1:]


@behaviour("wrong-question", t="T-094")
def no_question(t):
    yield t.msg(in_full(t, t.answer()), question=[])


@behaviour("wrong-question", t="T-094")
def two_questions(t):
    yield t.msg(t.answer(), question=[t.q.question, t.q.question])


@behaviour("wrong-question", t="T-094")
def question_of_another_zone(t):
    yield t.msg(t.answer(), question=[
        name("other.test") + t.q.question[-4:]])


@behaviour("wrong-question", t="T-094")
def question_of_another_type(t):
    yield t.msg(t.answer(), question=[
        t.q.question[:-4] + struct.pack("!HH", SOA, 1)])


@behaviour("wrong-question", t="T-094")
def question_of_another_class(t):
    yield t.msg(t.answer(), question=[t.q.question[:-2] + b"\0\3"])


@behaviour("wrong-question", t="T-094")
def other_question_in_second(t):
    yield from t.two(question=[name("other.test") + t.q.question[-4:]])


@behaviour(ACCEPTED, t="T-094")
def question_in_capitals(t):
    yield t.msg(t.answer(), question=[t.q.question[:-4].upper()
                                      + t.q.question[-4:]])


@behaviour(ACCEPTED, t="T-094")
def no_question_in_second(t):
    rrs = t.answer()
    yield t.msg(rrs[:-1])
    yield t.msg(in_full(t, rrs[-1:]), question=[])


@behaviour("malformed", "wrong-question", "tsig-badsig")
def question_that_loops(t):
    yield t.msg(t.answer(), question=[APEX + t.q.question[-4:]])


@behaviour("malformed", "tsig-badsig")
def counts_one_too_many(t):
    rrs = t.answer()
    yield t.msg(rrs, count=len(rrs) + 1)


@behaviour("malformed", "tsig-badsig", "bad-rdata")
def counts_65535(t):
    yield t.msg(t.answer(), count=65535)


@behaviour("malformed", "tsig-badsig", "tsig-missing")
def counts_nothing(t):
    yield t.msg(t.answer(), count=0)


@behaviour("malformed", "tsig-badsig", "bad-order")
def octets_behind_the_message(t):
    yield t.msg(t.answer(), behind=b"\1\2\3")


@behaviour("bad-rdata", "malformed")
def opt_among_answers(t):
    yield t.msg(t.answer(opt()))


@behaviour("malformed")
def two_opt(t):
    yield t.msg(t.answer(), ar=[opt(), opt()])


@behaviour("malformed")
def opt_with_a_name(t):
    yield t.msg(t.answer(), ar=[opt(owner=APEX)])


@behaviour("malformed")
def opt_that_overruns(t):
    yield t.msg(t.answer(), ar=[opt(struct.pack("!HH", 15, 200))])


@behaviour(ACCEPTED, t="T-171")
def expire_of_a_wrong_length(t):
    yield t.msg(t.answer(), ar=[opt(struct.pack("!HHH", 9, 2, 1))])


@behaviour("bad-rdata", "malformed", "tsig-badsig", t="T-093")
def tsig_among_answers(t):
    yield t.msg(t.answer(rr(b"\0", TSIG, b"\0" * 17, 0, 255)))


@behaviour("malformed", t="T-093")
def class_ch(t):
    yield t.msg(t.answer(rr(label("ch"), A, b"\x7f\0\0\1", rclass=3)))


@behaviour("malformed", t="T-093")
def class_any(t):
    yield t.msg(t.answer(rr(label("any"), A, b"", rclass=255)))


@behaviour("malformed", t="T-093")
def class_none(t):
    yield t.msg(t.answer(rr(label("none"), A, b"\x7f\0\0\1", rclass=254)))


@behaviour("bad-rdata", t="T-093")
def type_any(t):
    yield t.msg(t.answer(rr(label("any"), 255, b"")))


@behaviour("bad-rdata", t="T-093")
def type_axfr(t):
    yield t.msg(t.answer(rr(label("axfr"), AXFR, b"")))


@behaviour("malformed", "no-soa", t="T-093")
def soa_of_class_hs(t):
    yield t.msg([t.soa(rclass=4)] + t.answer()[1:])


@behaviour(ACCEPTED)
def records_in_other_sections(t):
    yield t.msg(t.answer(), ns=[t.a("in-ns"), t.soa(77)], ar=[t.a("in-ar")])


# ---- Names --------------------------------------------------------------

def bad_name(text, make, *reasons):
    """@make(offset of the owner) gives the owner."""
    def f(t):
        rrs = t.answer()
        owner = make(len(t.msg(rrs[:-1]).wire))
        yield t.msg(rrs[:-1] + [rr(owner, A, b"\x7f\0\0\1"), rrs[-1]])
    f.__name__ = "name_" + text
    behaviour("malformed", "tsig-badsig", *reasons, t="T-099")(f)


def pointer(to):
    return struct.pack("!H", 0xc000 | to)


bad_name("that_points_to_itself", pointer)
bad_name("that_points_forward", lambda at: pointer(at + 8))
bad_name("that_points_into_the_header", lambda at: pointer(4))
bad_name("that_points_behind_the_end", lambda at: pointer(0x3fff))
bad_name("of_two_pointers_in_a_loop",
         lambda at: b"\1a" + pointer(at))
bad_name("of_label_type_40", lambda at: b"\x41\1" + APEX)
bad_name("of_label_type_80", lambda at: b"\x81" + APEX)
bad_name("of_256_octets", lambda at: (b"\x3f" + b"n" * 63) * 4 + APEX)
bad_name("of_256_octets_in_full",
         lambda at: (b"\x3f" + b"n" * 63) * 3 + b"\x3f" + b"n" * 63 + b"\0")


@behaviour("bad-rdata", t="T-099")
def rdata_name_that_loops(t):
    rrs = t.answer()
    at = len(t.msg(rrs[:-1]).wire) + 2 + 10
    yield t.msg(rrs[:-1] + [rr(APEX, NS, pointer(at)), rrs[-1]])


@behaviour("bad-rdata", t="T-099")
def rdata_pointer_in_a_new_type(t):
    yield t.msg(t.answer(rr(label("svcb"), SVCB, b"\0\1" + APEX)))


@behaviour("bad-rdata", t="T-099")
def rdata_pointer_in_rrsig(t):
    yield t.msg(t.answer(rr(label("sig"), RRSIG, struct.pack(
        "!HBBIIIH", 1, 8, 3, 300, 2000000000, 1, 1) + APEX + b"sig")))


@behaviour("bad-rdata", t="T-099")
def rdata_pointer_into_the_header(t):
    yield t.msg(t.answer(rr(APEX, NS, pointer(0))))


# ---- Rdata --------------------------------------------------------------

def bad_rdata(text, rtype, rdata):
    def f(t):
        yield t.msg(t.answer(rr(label("bad"), rtype, rdata)))
    f.__name__ = "rdata_" + text
    behaviour("bad-rdata", t="T-100", says="at bad.")(f)


bad_rdata("a_of_three_octets", A, b"\1\2\3")
bad_rdata("a_of_five_octets", A, b"\1\2\3\4\5")
bad_rdata("aaaa_of_four_octets", AAAA, b"\1\2\3\4")
bad_rdata("mx_without_name", MX, b"\0\1")
bad_rdata("mx_with_octets_behind", MX, b"\0\1\1x\0\0")
bad_rdata("srv_too_short", SRV, b"\0\0\0")
bad_rdata("txt_of_nothing", TXT, b"")
bad_rdata("txt_that_overruns", TXT, b"\x09short")
bad_rdata("cname_of_nothing", CNAME, b"")
bad_rdata("caa_that_overruns", CAA, b"\0\xffissue")
bad_rdata("svcb_keys_out_of_order", SVCB,
          b"\0\1\0" + b"\0\3\0\2\0\1" + b"\0\1\0\3\2h2")
bad_rdata("svcb_key_twice", SVCB, b"\0\1\0" + b"\0\3\0\2\0\1" * 2)
bad_rdata("nsec_with_an_empty_window", NSEC, b"\0" + b"\0\0")
bad_rdata("nsec_windows_out_of_order", NSEC,
          b"\0" + b"\1\1\x40" + b"\0\1\x40")
bad_rdata("nsec3_hash_that_overruns", NSEC3, b"\1\0\0\0\0\xffab")
bad_rdata("rrsig_too_short", RRSIG, b"\0\1\x08")
bad_rdata("ds_too_short", DS, b"\0\1")


@behaviour("malformed", "tsig-badsig", t="T-100")
def rdata_longer_than_the_message(t):
    rrs = t.answer()
    yield t.msg(rrs[:-1] + [rr(label("x"), TXT, b"\1x", rdlen=60000)])


@behaviour("bad-rdata", "no-soa", t="T-100")
def soa_too_short(t):
    yield t.msg([t.soa(tail=b"\0" * 12)] + t.answer()[1:])


@behaviour("bad-rdata", "no-soa", t="T-100")
def soa_too_long(t):
    yield t.msg([t.soa(tail=b"\0" * 17)] + t.answer()[1:])


# ---- The order of an AXFR -----------------------------------------------

@behaviour("no-soa", t="T-090")
def no_soa_in_front(t):
    yield t.msg(t.body() + [t.soa()])


@behaviour("no-soa", t="T-090")
def soa_of_the_parent_in_front(t):
    yield t.msg([t.soa(owner=name("test"))] + t.answer()[1:])


@behaviour("no-soa", t="T-090")
def soa_of_another_zone_in_front(t):
    yield t.msg([t.soa(owner=name("other.example"))] + t.answer()[1:])


@behaviour("no-soa", t="T-090")
def other_zone_before_the_soa(t):
    yield t.msg([rr(name("www.other.example"), A, b"\1\2\3\4")] + t.answer())


@behaviour("bad-order", t="T-091")
def other_serial_at_the_end(t):
    yield t.msg(t.answer()[:-1] + [t.soa(t.serial + 1)])


@behaviour("bad-order", t="T-090")
def other_rdata_at_the_end(t):
    yield t.msg(t.answer()[:-1] + [t.soa(tail=struct.pack(
        "!4I", 3600, 2, 86400, 301))])


@behaviour(ACCEPTED, t="T-090 T-071")
def other_case_at_the_end(t):
    yield t.msg(t.answer()[:-1] + [t.soa(mname=b"\2NS" + APEX)])


@behaviour("bad-order", t="T-091")
def soa_below_the_apex(t):
    yield t.msg(t.answer(t.soa(owner=label("sub"))))


@behaviour("no-soa", t="T-091")
def soa_of_another_zone_inside(t):
    yield t.msg(t.answer(t.soa(owner=name("other.example"))))


@behaviour("bad-order", t="T-097 T-068")
def records_behind_the_end(t):
    yield t.msg(t.answer() + [t.a("behind")])


@behaviour("bad-order", t="T-097")
def other_zone_behind_the_end(t):
    yield t.msg(t.answer() + [rr(name("a.other.example"), A, b"\1\2\3\4")])


@behaviour("bad-order", t="T-097")
def soa_three_times(t):
    yield t.msg(t.answer() + [t.soa()])


@behaviour(ACCEPTED, t="T-097")
def message_behind_the_end(t):
    one, two = t.msg(t.answer()), t.msg([t.a("behind")])
    yield one
    yield two


@behaviour("no-apex-ns", only="axfr", says="no NS record at the apex",
           t="T-103")
def zone_of_a_soa(t):
    yield t.msg([t.soa(), t.soa()])


@behaviour("no-apex-ns", only="axfr", t="T-103")
def no_ns_at_the_apex(t):
    yield t.msg([t.soa()] + t.body()[1:] + [t.soa()])


@behaviour(ACCEPTED, t="T-092", says="3 records outside the zone")
def few_records_out_of_zone(t):
    yield t.msg(t.answer(*[rr(name(f"a{i}.other.example"), A, b"\1\2\3\4")
                           for i in range(3)]))


@behaviour("out-of-zone", t="T-092", says="records outside the zone")
def many_records_out_of_zone(t):
    yield t.msg(t.answer(*[rr(name(f"a{i}.other.example"), A, b"\1\2\3\4")
                           for i in range(50)]))


@behaviour(ACCEPTED, t="T-092")
def records_below_a_cut(t):
    yield t.msg(t.answer(rr(label("cut"), NS, b"\2ns\3cut" + APEX),
                         rr(b"\2ns\3cut" + APEX, A, b"\1\2\3\4"),
                         rr(b"\5below\3cut" + APEX, TXT, b"\1x")))


# ---- Content ------------------------------------------------------------

@behaviour("cname-and-other", t="T-102", says="beside a CNAME")
def cname_and_other(t):
    yield t.msg(t.answer(rr(label("host1"), CNAME, b"\1x" + APEX)))


@behaviour("many-cname", t="T-102")
def two_cname(t):
    yield t.msg(t.answer(rr(label("c"), CNAME, b"\1x" + APEX),
                         rr(label("c"), CNAME, b"\1y" + APEX)))


@behaviour("many-dname", t="T-102")
def two_dname(t):
    yield t.msg(t.answer(rr(label("d"), DNAME, name("x.example")),
                         rr(label("d"), DNAME, name("y.example"))))


@behaviour("nsec3-iterations", says="iterations")
def nsec3_iterations(t):
    yield t.msg(t.answer(rr(APEX, NSEC3PARAM, b"\1\0\x09\xc4\0")))


@behaviour(ACCEPTED, t="T-102")
def ttls_differ_in_a_set(t):
    yield t.msg(t.answer(rr(label("ttl"), A, b"\1\2\3\4", 60),
                         rr(label("ttl"), A, b"\1\2\3\5", 90)))


@behaviour(ACCEPTED, only="axfr", t="T-102")
def records_twice(t):
    yield t.msg([t.soa()] + t.body() + t.body() + [t.soa()])


@behaviour(ACCEPTED)
def ttl_with_the_top_bit(t):
    yield t.msg(t.answer(rr(label("ttl"), A, b"\1\2\3\4", 0xffffffff)))


@behaviour(ACCEPTED, t="T-111")
def labels_of_any_octet(t):
    yield t.msg(t.answer(
        rr(label(b"\0\xff.\\ \x80"), A, b"\1\2\3\4"),
        rr(label(b"*"), TXT, b"\1x"), rr(label(b"UPPER"), A, b"\1\2\3\4")))


@behaviour(ACCEPTED, t="T-111")
def owner_of_255_octets(t):
    room = 255 - len(t.q.qname)
    labels = b""
    while room > 0:
        n = min(room, 64)
        if room - n == 1:
            n -= 1
        labels += bytes([n - 1]) + b"l" * (n - 1)
        room -= n
    yield t.msg(t.answer(rr(labels + APEX, A, b"\1\2\3\4")))


@behaviour(ACCEPTED, t="T-111")
def owner_of_many_labels(t):
    n = (255 - len(t.q.qname)) // 2
    yield t.msg(t.answer(rr(b"\1l" * n + APEX, A, b"\1\2\3\4")))


@behaviour(ACCEPTED)
def unknown_types(t):
    yield t.msg(t.answer(rr(label("u"), 65400, b"\0" * 300),
                         rr(label("u"), 65401, b"")))


# ---- Limits -------------------------------------------------------------

@behaviour("limit-records", says="more records than allowed", t="T-106 T-074")
def too_many_records(t):
    rrs = t.answer()
    yield t.msg(rrs[:-1])
    for i in range(100):
        yield t.msg([t.a(f"r{i}-{j}") for j in range(100)])


@behaviour("limit-records", "limit-bytes", t="T-106")
def endless_answer(t):
    yield t.msg(t.answer()[:-1])
    i = 0
    while i < 100000:
        yield t.msg([t.a(f"e{i}-{j}") for j in range(300)])
        i += 1


@behaviour("limit-bytes", says="more bytes than allowed", t="T-106")
def too_many_octets(t):
    yield t.msg(t.answer()[:-1])
    for i in range(50):
        yield t.msg([rr(label(f"b{i}"), TXT, (b"\xff" + b"x" * 255) * 200)])


@behaviour("limit-rrset", says="of one name and type", t="T-105 T-106")
def too_many_records_of_a_set(t):
    yield t.msg(t.answer(*[rr(label("set"), A, struct.pack("!I", i))
                           for i in range(2000)]))


@behaviour("limit-rrset", t="T-101")
def record_that_fits_no_answer(t):
    # Signatures need room too.
    yield t.msg(t.answer()[:-1])
    yield t.msg([rr(label("huge"), 65400, b"x" * 64000)])
    yield t.msg([t.soa()])


@behaviour("limit-messages", says="empty messages", t="T-096 T-106")
def endless_empty_messages(t):
    yield t.msg(t.answer()[:-1])
    for _ in range(200):
        yield t.msg([])


@behaviour("limit-messages", says="more messages than allowed", t="T-106")
def too_many_messages(t):
    yield t.msg(t.answer()[:-1])
    for i in range(2000):
        yield t.msg([t.a(f"m{i}")])


# ---- IXFR lies ----------------------------------------------------------

@behaviour("ixfr-refused", only="ixfr", slow=True, t="T-061")
def newer_soa_and_silence(t):
    yield t.msg([t.soa()])
    yield LONG


@behaviour("ixfr-refused", only="ixfr", t="T-061")
def newer_soa_and_close(t):
    yield t.msg([t.soa()])
    yield CLOSE


@behaviour("uptodate", only="ixfr", t="T-061")
def nothing_new_after_all(t):
    yield t.msg([t.soa(t.old)])


@behaviour(ACCEPTED, only="ixfr", t="T-062")
def whole_zone_to_ixfr(t):
    yield t.msg(t.whole())


@behaviour("bad-order", only="ixfr", t="T-062")
def whole_zone_to_ixfr_with_another_end(t):
    yield t.msg(t.whole()[:-1] + [t.soa(t.serial + 1)])


@behaviour("no-apex-ns", only="ixfr", t="T-063")
def zone_of_a_soa_to_ixfr(t):
    yield t.msg([t.soa(), t.soa()])


@behaviour(ACCEPTED, only="ixfr", t="T-064")
def soa_alone_then_differences(t):
    rrs = t.answer()
    yield t.msg(rrs[:1])
    yield 0.2
    yield t.msg(rrs[1:])


@behaviour(ACCEPTED, only="ixfr", t="T-064")
def soa_alone_then_the_zone(t):
    rrs = t.whole()
    yield t.msg(rrs[:1])
    yield t.msg(rrs[1:])


@behaviour("bad-order", only="ixfr", t="T-065")
def first_difference_from_elsewhere(t):
    rrs = t.answer()
    yield t.msg([rrs[0], t.soa(t.old + 100)] + rrs[2:])


@behaviour("bad-order", only="ixfr", t="T-066")
def gap_in_the_chain(t):
    yield t.msg([t.soa(), t.soa(t.old), t.soa(t.old + 1), t.soa(t.old + 2),
                 t.soa(), t.soa()])


@behaviour("bad-order", only="ixfr", t="T-066")
def chain_that_goes_back(t):
    yield t.msg([t.soa(), t.soa(t.old), t.soa(t.old - 5), t.soa(t.old - 5),
                 t.soa(), t.soa()])


@behaviour("bad-order", only="ixfr", t="T-066")
def chain_that_goes_beyond(t):
    yield t.msg([t.soa(), t.soa(t.old), t.soa(t.serial + 9),
                 t.soa(t.serial + 9)])


@behaviour("bad-order", only="ixfr", t="T-068")
def chain_with_another_end(t):
    rrs = t.answer()
    yield t.msg(rrs[:-1] + [t.soa(tail=struct.pack("!4I", 1, 1, 1, 1))])


@behaviour("bad-order", only="ixfr", t="T-068")
def records_behind_the_chain(t):
    yield t.msg(t.answer() + [t.version(t.serial)])


@behaviour("bad-order", "uptodate", only="ixfr")
def differences_to_what_we_have(t):
    yield t.msg([t.soa(t.old), t.soa(t.old - 1), t.soa(t.old), t.soa(t.old)])


@behaviour("ixfr-mismatch", only="ixfr", says="do not fit", t="T-069")
def deletes_what_is_not_there(t):
    yield t.msg(t.diff(deleted=[t.a("never", 7)]))


@behaviour("ixfr-mismatch", only="ixfr", says="do not fit", t="T-069")
def adds_what_is_there(t):
    yield t.msg(t.diff(added=[t.a("host3", 3)]))


@behaviour("ixfr-mismatch", only="ixfr", t="T-069")
def deletes_twice(t):
    yield t.msg(t.diff(deleted=[t.a("host3", 3)] * 2))


@behaviour("ixfr-mismatch", only="ixfr")
def another_soa_of_our_serial(t):
    rrs = t.answer()
    yield t.msg([rrs[0], t.soa(t.old, tail=struct.pack("!4I", 9, 9, 9, 9))]
                + rrs[2:])


@behaviour("no-apex-ns", only="ixfr", t="T-072")
def removes_the_apex_ns(t):
    yield t.msg(t.diff(deleted=[rr(APEX, NS, b"\2ns" + APEX)]))


@behaviour("cname-and-other", only="ixfr", t="T-102")
def leaves_a_cname_beside_others(t):
    yield t.msg(t.diff(added=[rr(label("host2"), CNAME, b"\1x" + APEX)]))


@behaviour("limit-records", only="ixfr", says="differences", t="T-074")
def too_many_differences(t):
    rrs = [t.soa()]
    for i in range(300):
        rrs += [t.soa(t.old + i), t.soa(t.old + i + 1)]
    yield t.msg(rrs)


@behaviour(ACCEPTED, only="ixfr", t="T-070")
def away_and_back_and_ttl(t):
    host = t.a("host4", 4)
    yield t.msg(t.diff(
        deleted=[host, rr(label("host5"), A, b"\xc0\0\2\5")],
        added=[host, rr(label("host5"), A, b"\xc0\0\2\5", 777)]))


@behaviour(ACCEPTED, only="ixfr", t="T-071")
def deletes_in_capitals(t):
    yield t.msg(t.diff(deleted=[t.a("HOST6", 6)],
                       added=[t.a("Host6", 66)]))


@behaviour(ACCEPTED, only="ixfr", t="T-070")
def soa_alone_changes(t):
    tail = struct.pack("!4I", 7200, 2, 86400, 300)
    yield t.msg([t.soa(tail=tail), t.soa(t.old), t.version(t.old),
                 t.soa(tail=tail), t.version(t.serial), t.soa(tail=tail)])


@behaviour("bad-order", only="axfr")
def differences_to_axfr(t):
    yield t.msg([t.soa(), t.soa(t.serial - 1), t.soa(), t.soa()])


@behaviour("wrong-question", only="ixfr")
def answers_axfr_to_ixfr(t):
    yield t.msg(t.whole(), question=[t.q.question[:-4]
                                     + struct.pack("!HH", AXFR, 1)])


# ---- TSIG ---------------------------------------------------------------

SIGNED = ("good",)


@behaviour("tsig-missing", tsig=SIGNED, says="without a TSIG", t="T-136")
def unsigned_answer(t):
    yield t.msg(t.answer(), sign=False)


@behaviour("tsig-missing", tsig=SIGNED, t="T-136")
def unsigned_refusal(t):
    yield t.msg([], flags=0x8405, sign=False)


def tsig_error(text, code, reason, says, **how):
    def f(t):
        yield t.msg([], flags=0x8409, error=code, **how)
    f.__name__ = "tsig_" + text
    behaviour(reason, tsig=SIGNED, says=says, t="T-136 T-137")(f)


tsig_error("badsig", 16, "tsig-badsig", "secret", no_mac=True)
tsig_error("badkey", 17, "tsig-badkey", "does not know the TSIG key",
           no_mac=True)
tsig_error("badtime_unsigned", 18, "tsig-badtime", "NTP", no_mac=True)
tsig_error("badtrunc", 22, "tsig-badtrunc", "full-length", no_mac=True)


@behaviour("tsig-badtime", tsig=SIGNED, t="T-137",
           says=r"its clock is (899|900|901|90\d) s ahead of ours")
def tsig_badtime_with_their_clock(t):
    # RFC 8945 5.2.3: our time comes back, theirs is in the other data.
    theirs = t.q.time + 900
    yield t.msg([], flags=0x8409, error=18, when=t.q.time, other=struct.pack(
        "!HI", theirs >> 32, theirs & 0xffffffff))


@behaviour("tsig-badtime", tsig=SIGNED, t="T-138",
           says=r"its clock is (49\d\d|50\d\d) s behind ours")
def tsig_clock_behind(t):
    yield t.msg(t.answer(), when=t.q.time - 5000)


@behaviour("tsig-badtime", tsig=SIGNED, t="T-138")
def tsig_clock_ahead_in_second(t):
    yield from t.two(when=t.q.time + 5000)


@behaviour("tsig-badtime", tsig=SIGNED, t="T-138")
def tsig_time_goes_back(t):
    yield from t.two(first={"when": t.q.time + 9}, when=t.q.time)


@behaviour(ACCEPTED, tsig=SIGNED, t="T-138")
def tsig_fudge_0(t):
    yield t.msg(t.answer(), fudge=0)


@behaviour(ACCEPTED, tsig=SIGNED, t="T-138")
def tsig_fudge_65535(t):
    yield t.msg(t.answer(), fudge=65535, when=t.q.time - 40000)


@behaviour("tsig-badsig", tsig=SIGNED, says="secret")
def tsig_bit_flipped(t):
    yield t.msg(t.answer(), flip=True)


@behaviour("tsig-badsig", tsig=SIGNED)
def tsig_bit_flipped_in_second(t):
    yield from t.two(flip=True)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-132")
def tsig_without_the_request(t):
    yield t.msg(t.answer(), prior=b"")


@behaviour("tsig-badsig", tsig=SIGNED, t="T-132")
def tsig_timers_only_at_first(t):
    yield t.msg(t.answer(), timers=True)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-132")
def tsig_variables_in_second(t):
    yield from t.two(timers=False)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-132")
def tsig_message_lost(t):
    rrs = t.answer()
    yield t.msg(rrs[:3])
    yield Lost(t.msg(rrs[3:5]).wire)
    yield t.msg(rrs[5:])


@behaviour("tsig-badsig", tsig=SIGNED, t="T-132")
def tsig_message_slipped_in(t):
    rrs = t.answer()
    yield t.msg(rrs[:3])
    yield t.msg([t.a("evil")], sign=False).frame()
    yield t.msg(rrs[3:])


@behaviour("tsig-missing", tsig=SIGNED, t="T-133")
def tsig_first_unsigned(t):
    yield from t.two(first={"sign": False})


@behaviour("tsig-order", tsig=SIGNED, says="unsigned that must be signed",
           t="T-135")
def tsig_last_unsigned(t):
    yield from t.two(sign=False)


def unsigned_between(n, *reason):
    def f(t):
        rrs = t.answer()
        yield t.msg(rrs[:3])
        for _ in range(n // 2):
            yield t.msg([], sign=False)
        yield t.msg(rrs[3:4], sign=False)
        for _ in range(n - n // 2 - 1):
            yield t.msg([], sign=False)
        yield t.msg(rrs[4:])
    f.__name__ = f"tsig_{n}_unsigned_between"
    behaviour(*reason, tsig=SIGNED, t="T-133")(f)


unsigned_between(98, ACCEPTED)
unsigned_between(99, ACCEPTED)
unsigned_between(100, "tsig-order")
unsigned_between(101, "tsig-order")


@behaviour(ACCEPTED, tsig=SIGNED, t="T-134")
def tsig_every_hundredth_signed(t):
    rrs = t.answer()
    yield t.msg(rrs[:-1])
    for i in range(250):
        yield t.msg([rr(label(f"h{i}"), TXT, b"\1x")], sign=i % 100 == 99)
    yield t.msg(rrs[-1:])


@behaviour("tsig-badtrunc", tsig=SIGNED, says="full-length", t="T-130")
def tsig_half_a_mac(t):
    yield t.msg(t.answer(), mac_len=16)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-130")
def tsig_mac_of_nine_octets(t):
    yield t.msg(t.answer(), mac_len=9)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-130")
def tsig_mac_too_long(t):
    yield t.msg(t.answer(), mac_len=33)


@behaviour("tsig-badkey", tsig=SIGNED, t="T-131")
def tsig_other_key_name(t):
    yield t.msg(t.answer(), name=name("other.key"))


@behaviour("tsig-badkey", tsig=SIGNED, t="T-131")
def tsig_other_algorithm(t):
    yield t.msg(t.answer(), alg=b"\x09hmac-sha1\0")


@behaviour("tsig-badkey", tsig=SIGNED, t="T-131")
def tsig_algorithm_without_name(t):
    yield t.msg(t.answer(), alg=b"\0")


@behaviour(ACCEPTED, tsig=SIGNED, t="T-131")
def tsig_names_in_capitals(t):
    yield t.msg(t.answer(), name=b"\4SAME\3KEY\0",
                alg=b"\x0bHMAC-SHA256\0")


@behaviour(ACCEPTED, tsig=SIGNED, t="T-139")
def tsig_original_id(t):
    yield t.msg(t.answer(), original_id=t.q.id ^ 0x5555)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-140")
def tsig_not_last(t):
    yield t.msg(t.answer(), after=opt())


@behaviour(ACCEPTED, tsig=SIGNED)
def tsig_behind_opt(t):
    yield t.msg(t.answer(), ar=[opt()])


@behaviour("tsig-badsig", tsig=SIGNED, t="T-140")
def tsig_twice(t):
    yield t.msg(t.answer(), twice=True)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-140")
def tsig_of_class_in(t):
    yield t.msg(t.answer(), rclass=1)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-140")
def tsig_with_a_ttl(t):
    yield t.msg(t.answer(), ttl=1)


@behaviour("tsig-badsig", tsig=SIGNED, t="T-140")
def tsig_other_data_overruns(t):
    yield t.msg(t.answer(), other_len=9)


@behaviour(ACCEPTED, tsig=("none",))
def tsig_nobody_asked_for(t):
    yield t.msg(t.answer(), ar=[rr(
        b"\1k\0", TSIG, b"\x0bhmac-sha256\0" + b"\0" * 16, 0, 255)])


__all__ = ["ACCEPTED", "ALL", "CLOSE", "OPT", "RESET", "Transfer", "good"]
