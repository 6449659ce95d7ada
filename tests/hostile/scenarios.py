"""What takes more than one answer to show: memory, keys that change, chains.

Each is a function of the bench, with a zone (Live) whose behaviour it sets.
"""

import base64
import socket
import struct
import time

from bench import free_port, wait_for
from behaviours import CLOSE, RESET, good
from wire import AXFR, IXFR, SOA, TXT, Query, Signer, label, name, rr

ALL = []


def scenario(f):
    ALL.append(f)
    return f


class Live:
    """A zone that a scenario speaks for; registered at the server."""

    def __init__(self, h, zone_name, serial=100):
        self.h, self.zone_name, self.apex = h, zone_name, name(zone_name)
        self.serial = serial
        self.asked, self.broken = [], None
        self.answer = good
        self.keys = {}                  # wire name: secret; empty: no TSIG
        h.primary.cases[self.apex] = self

    def signer(self, query):
        secret = self.keys.get(query.key_name)
        return Signer(query, query.key_name, secret) if secret else None

    def steps(self, t):
        if self.keys and t.q.key_name not in self.keys:
            return [Signer(t.q, t.q.key_name, b"x").refuse(
                t.msg([], flags=0x8409))]
        return self.answer(t)

    def claim(self, tenant, primaries):
        self.zone = self.h.new_zone(self.zone_name.strip(".") or ".",
                                    primaries, tenant=tenant)
        return self

    def change(self, serial):
        """A new serial; wait until it is published."""
        self.h.wait_idle(self.zone)
        self.serial = serial
        self.h.due(self.zone)
        self.h.wait_serial(self.zone, serial, 40)

    def types(self):
        """The transfers asked for since the last look."""
        asked, self.asked = [t for t, _ in self.asked], []
        return asked


def only_axfr(t):
    if t.is_ixfr:
        yield t.msg([], flags=0x8404)
    else:
        yield from good(t)


@scenario
def no_ixfr_is_remembered_per_zone_for_a_while(h):                  # T-076
    tenant = h.new_tenant("memory")
    p = h.new_primary(h.primary.port, tenant=tenant)
    a = Live(h, "memory-a.test").claim(tenant, [p])
    b = Live(h, "memory-b.test").claim(tenant, [p])
    h.wait_serial(a.zone, 100)
    h.wait_serial(b.zone, 100)
    assert a.types() == [AXFR] and b.types() == [AXFR]
    a.answer = only_axfr
    a.change(101)
    assert a.types() == [IXFR, AXFR]    # in the same round
    a.change(102)
    assert a.types() == [AXFR], "asked for IXFR again at once"
    b.change(101)                       # same primary, another zone
    assert b.types() == [IXFR], "one zone's failure is another's"
    a.answer = good
    time.sleep(h.NO_IXFR_S)
    a.change(103)
    assert a.types() == [IXFR], "never asks for IXFR again"


@scenario
def dead_tcp_goes_to_the_next_primary_not_to_axfr(h):               # T-077
    tenant = h.new_tenant("next")
    port = free_port()
    dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dead.bind(("127.0.0.1", port))
    dead.settimeout(0.1)
    try:
        z = Live(h, "next.test").claim(tenant, [
            h.new_primary(h.primary.port, tenant=tenant)])
        h.wait_serial(z.zone, 100)
        h.wait_idle(z.zone)
        z.types()
        # Now another one stands before it: SOA by UDP, TCP closed.
        first = h.new_primary(port, tenant=tenant)
        h.sql(f"UPDATE zone_primary SET ordinal = 1 WHERE zone_id = "
              f"'{z.zone}'")
        h.sql("INSERT INTO zone_primary (zone_id, tenant_id, ordinal, "
              f"primary_id) VALUES ('{z.zone}', '{tenant}', 0, '{first}')")
        z.serial = 101
        h.due(z.zone)

        def relay():                    # its SOA is the same zone's
            try:
                data, addr = dead.recvfrom(4096)
                dead.sendto(h.primary.soa_wire(data), addr)
            except socket.timeout:
                pass
            return h.serial(z.zone) == 101
        wait_for("the next primary", relay, 40)
        rows = [(a["kind"], a["outcome"], a["port"])
                for a in h.attempts(z.zone) if a["kind"] != "probe"]
        assert ("ixfr", "failed", str(port)) in rows, rows
        assert ("axfr", "failed", str(port)) not in rows, rows
        assert z.types() == [IXFR]
    finally:
        dead.close()


def notify(h, zone, key, secret):
    """A NOTIFY signed with that key; the rcode of its answer."""
    wire = struct.pack("!6H", 77, 0x2400, 1, 0, 0, 0) + zone.apex \
        + struct.pack("!HH", SOA, 1)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    try:
        s.sendto(Signer(Query(wire), name(key), secret).sign(wire),
                 ("127.0.0.1", h.notify_port))
        return s.recv(4096)[3] & 15
    finally:
        s.close()


@scenario
def keys_are_rotated_with_two_primaries_of_one_address(h):          # T-141
    tenant = h.new_tenant("rotate")
    secrets = {k: bytes([i]) * 32 for i, k in enumerate(("old", "new"), 1)}
    keys = {k: h.new_key(f"{k}.key", base64.b64encode(s).decode(),
                         tenant=tenant) for k, s in secrets.items()}
    z = Live(h, "rotate.test")
    z.keys = {name("old.key"): secrets["old"]}
    z.claim(tenant, [h.new_primary(h.primary.port, keys[k], tenant=tenant)
                     for k in ("old", "new")])
    h.wait_serial(z.zone, 100)
    # Both are valid for a while.
    z.keys[name("new.key")] = secrets["new"]
    z.change(101)
    # The old one is gone at the primary: the same round goes on.
    del z.keys[name("old.key")]
    z.change(102)
    a = [x for x in h.attempts(z.zone) if x["outcome"] == "failed"][-1]
    assert a["reason"] == "tsig-badkey" and "old.key" in a["message"], a
    z.change(103)
    assert notify(h, z, "old.key", secrets["old"]) == 0
    assert notify(h, z, "new.key", secrets["new"]) == 0
    assert notify(h, z, "new.key", secrets["old"]) == 9     # NOTAUTH
    assert notify(h, z, "third.key", secrets["new"]) == 9


def slowly(t):
    """Takes a second and a half, in messages signed one by one."""
    rrs = t.answer()
    for record in rrs[:-1]:
        yield t.msg([record])
        yield 0.1
    yield t.msg(rrs[-1:])


@scenario
def key_changed_during_a_transfer_lets_it_end(h):                   # T-141
    tenant = h.new_tenant("midway")
    first, second = b"1" * 32, b"2" * 32
    key = h.new_key("midway.key", base64.b64encode(first).decode(),
                    tenant=tenant)
    z = Live(h, "midway.test")
    z.keys = {name("midway.key"): first}
    z.answer = slowly
    z.claim(tenant, [h.new_primary(h.primary.port, key, tenant=tenant)])
    wait_for("the transfer", lambda: z.asked, 30)
    sealed = h.seal_box(tenant, key, base64.b64encode(second)).hex()
    h.sql(f"UPDATE tsig_key SET sealed = '\\x{sealed}' WHERE id = '{key}'")
    h.wait_serial(z.zone, 100, 40)      # with the key it began with
    z.keys = {name("midway.key"): second}
    z.change(101)
    assert not [x for x in h.attempts(z.zone) if x["outcome"] == "failed"]
    # And taken away, in the middle again.
    z.types()
    h.wait_idle(z.zone)
    z.serial = 102
    h.due(z.zone)
    wait_for("the transfer", lambda: z.asked, 30)
    h.sql("UPDATE primary_server SET key_id = NULL WHERE key_id = "
          f"'{key}'; DELETE FROM tsig_key WHERE id = '{key}'")
    wait_for("its end", lambda: h.serial(z.zone) == 102 or [
        x for x in h.attempts(z.zone) if x["outcome"] == "failed"], 40)
    h.wait_idle(z.zone)
    z.keys = {}
    z.change(103)                       # without TSIG now


@scenario
def only_the_end_of_a_chain_is_published(h):                        # T-073
    tenant = h.new_tenant("chain")
    z = Live(h, "chain.test").claim(tenant, [
        h.new_primary(h.primary.port, tenant=tenant)])
    h.wait_serial(z.zone, 100)

    def chain(t):
        rrs = [t.soa()]
        for i in range(t.old, t.serial):
            rrs += [t.soa(i), t.version(i), t.soa(i + 1), t.version(i + 1)]
        for record in rrs + [t.soa()]:
            yield t.msg([record])
    z.answer = chain
    z.change(105)
    rows = h.sql("SELECT serial, mode FROM zone_version WHERE zone_id = "
                 f"'{z.zone}' ORDER BY generation")
    assert rows == [["100", "axfr"], ["105", "ixfr"]], rows


@scenario
def serials_across_the_wrap_by_ixfr(h):                             # T-067
    tenant = h.new_tenant("wrap")
    z = Live(h, "wrap.test", 4294967294).claim(tenant, [
        h.new_primary(h.primary.port, tenant=tenant)])
    h.wait_serial(z.zone, 4294967294)
    for serial in (4294967295, 0, 1):
        z.change(serial)
    assert z.types() == [AXFR, IXFR, IXFR, IXFR]


@scenario
def letters_of_owners_are_one_name(h):                              # T-104
    tenant = h.new_tenant("letters")
    z = Live(h, "letters.test")
    z.answer = lambda t: iter([t.msg(t.whole(
        [rr(label(x), TXT, b"\1" + bytes([48 + i]))
         for i, x in enumerate(("MiXed", "mixed", "MIXED"))]))])
    z.claim(tenant, [h.new_primary(h.primary.port, tenant=tenant)])
    h.wait_serial(z.zone, 100)
    have = h.stored(z.zone)
    assert have[(b"\5mixed" + z.apex, TXT)][1] == [
        b"\0010", b"\0011", b"\0012"], have


@scenario
def root_zone_and_one_of_many_labels(h):                            # T-111
    tenant = h.new_tenant("long")
    p = h.new_primary(h.primary.port, tenant=tenant)
    arpa = ".".join("0123456789abcdef" * 2) + ".ip6.arpa"
    for zone_name in (".", arpa):
        z = Live(h, zone_name).claim(tenant, [p])
        h.wait_serial(z.zone, 100)
        z.change(101)
        have = h.stored(z.zone)
        assert have[(b"\5host3" + z.apex, 1)][1] == [b"\300\0\2\3"], have


@scenario
def one_broken_zone_of_a_primary_leaves_the_others(h):              # T-109
    tenant = h.new_tenant("beside")
    p = h.new_primary(h.primary.port, tenant=tenant)
    bad = Live(h, "beside-bad.test")
    steps = iter([RESET, CLOSE] * 50)

    def break_it(t):
        yield t.msg(t.answer()).frame()[:40]
        yield next(steps)
    bad.answer = break_it
    bad.claim(tenant, [p])
    zones = [Live(h, f"beside-{i}.test").claim(tenant, [p])
             for i in range(8)]
    for z in zones:
        h.wait_serial(z.zone, 100, 40)
    for z in zones:
        z.change(101)
        assert not [x for x in h.attempts(z.zone)
                    if x["outcome"] == "failed"], h.attempts(z.zone)
    assert h.serial(bad.zone) is None
    bad.answer = good
    h.due(bad.zone)
    h.wait_serial(bad.zone, 100, 40)


@scenario
def secrets_are_in_no_dump(h):                                      # T-143
    for pid in [h.xferd.pid] + h.children(h.xferd, "fetch"):
        with open(f"/proc/{pid}/limits") as f:
            core = [x for x in f if x.startswith("Max core file size")][0]
        assert core.split()[4] == "0", core
