"""Primaries that refuse, hang, cut or lie: last good data stays, and the
attempt's text says what happened and what to do."""

import tempfile

from lib import ask, hostile
from lib.proc import wait_for
from lib.runner import TESTS, main, test
from lib.understudy import Understudy

# mode -> words of which one must stand in the attempt's text
BAD = {
    "refuse": ["refused"],
    "hang": ["timed out", "time"],
    "cut": ["closed", "ended", "cut"],
    "cut-mid-message": ["closed", "ended", "cut"],
    "other-last-soa": ["soa"],
    "no-soa-first": ["soa"],
    "wrong-id": ["id"],
    "no-ns": ["ns"],
    "empty-messages": ["empty", "message", "limit"],
    "garbage": ["malformed", "not a", "message"],
    "compression-loop": ["malformed", "not a", "message"],
}
# modes of the SOA probe
BAD_SOA = {
    "soa-not-authoritative": ["authorit"],
    "soa-servfail": ["servfail"],
    "soa-wrong-zone": ["soa"],
    "soa-empty": ["soa"],
    "silent": ["timed out", "answer", "time"],
}


class Context:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.u = Understudy("--set", "transfer.idle_timeout_ms=2000",
                            "--set", "transfer.first_timeout_ms=2000",
                            "--set", "limits.records=100000")
        self.api = self.u.api

    def logs(self):
        return self.u.logs()

    def close(self):
        self.u.stop()


def nothing_left(c, zone):
    """Only the good version's rows are there."""
    r = c.u.sql("select count(distinct from_generation), "
                "count(*) filter (where to_generation is not null) "
                "from zone_page p join zone z on z.id = p.zone_id "
                f"where z.name = '{zone}'")
    assert r == [["1", "0"]], r


def bad_transfer(mode, words):
    def case(c):
        zone = f"{mode}.example"
        p = hostile.Hostile(zone, 1)
        try:
            c.api.add_zone(zone, p.port)
            c.api.wait_serial(zone, 1)
            p.serial, p.mode = 2, mode
            c.api.post(f"/v1/zones/{zone}/refresh")
            a = wait_for("a failed attempt", lambda: next(
                (a for a in c.api.attempts(zone)
                 if a["outcome"] in ("failed", "refused")), None), 30)
            text = a["message"].lower()
            assert any(w in text for w in words), a
            assert len(text) > 30, a
            assert ask.serial_of(c.u.dns(), zone) == 1
            assert ask.ask(c.u.dns(), "host7." + zone).answer
            z = wait_for("last_error in the zone", lambda: (
                lambda z: z["last_error"] and z)(c.api.zone(zone)), 5)
            assert z["serial"] == 1, z
            nothing_left(c, zone)
            p.mode = "good"
            c.api.post(f"/v1/zones/{zone}/refresh")
            c.api.wait_serial(zone, 2, 30)
        finally:
            p.stop()
    case.__name__ = f"last_good_data_stays_when_the_primary_does_{mode}"
    return case


for m, w in {**BAD, **BAD_SOA}.items():
    TESTS.append(bad_transfer(m, w))


@test
def records_outside_the_zone_are_left_out(c):
    zone = "out-of-zone.example"
    p = hostile.Hostile(zone, 1, "out-of-zone")
    try:
        c.api.add_zone(zone, p.port)
        c.api.wait_serial(zone, 1)
        r = ask.ask(c.u.dns(), "h1.elsewhere.test.")
        assert ask.sections(r)[0] == "REFUSED", r
    finally:
        p.stop()


@test
def an_endless_zone_hits_a_limit_and_costs_bounded_memory(c):
    zone = "endless.example"
    p = hostile.Hostile(zone, 1, "endless")
    try:
        c.api.add_zone(zone, p.port)
        a = wait_for("a failed attempt", lambda: next(
            (a for a in c.api.attempts(zone)
             if a["outcome"] in ("failed", "refused")), None), 120)
        assert a["reason"] == "limit-records", a
        assert c.u.sql("select count(*) from zone_page p join zone z on "
                       f"z.id = p.zone_id where z.name = '{zone}'") == [["0"]]
    finally:
        p.stop()


if __name__ == "__main__":
    main(Context, lambda c: c and c.close())
