"""The main job: register a zone, see it served, change it, see it follow."""

import tempfile

from lib import ask, primaries, zones
from lib.proc import wait_for
from lib.runner import main, test
from lib.understudy import ApiError, Understudy

ZONE = "first.example"


class Context:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.u = Understudy()
        self.api = self.u.api
        self.bind = primaries.Bind(
            self.dir, {ZONE: zones.odd_zone(ZONE, 100)},
            notify=[("127.0.0.1", self.u.dns_port)]).start()

    def logs(self):
        return self.u.logs()

    def close(self):
        self.bind.stop()
        self.u.stop()


@test
def a_zone_is_registered_transferred_and_served(c):
    z = c.api.add_zone(ZONE, c.bind.port)
    assert z["name"] == ZONE, z
    c.api.wait_serial(ZONE, 100)
    assert ask.serial_of(c.u.dns(), ZONE) == 100
    z = c.api.zone(ZONE)
    assert z["serial"] == 100 and z["health"] == "ok", z


@test
def every_name_and_type_is_answered_as_the_primary_does(c):
    n = 0
    r = ask.axfr(("127.0.0.1", c.bind.port), ZONE)
    asked = {(line.split()[0], line.split()[2]) for line in r}
    for qname, qtype in sorted(asked):
        ours = ask.ask(c.u.dns(), qname, qtype)
        theirs = ask.ask(("127.0.0.1", c.bind.port), qname, qtype)
        assert ask.sections(ours) == ask.sections(theirs), \
            f"{qname} {qtype}\nours:\n{ours}\n\ntheirs:\n{theirs}"
        n += 1
    assert n > 30, n


@test
def a_change_arrives_by_notify_through_port_53(c):
    c.bind.publish(ZONE, zones.odd_zone(ZONE, 101, "fresh IN A 192.0.2.7\n"))
    c.api.wait_serial(ZONE, 101, 15)
    r = ask.ask(c.u.dns(), "fresh." + ZONE)
    assert [str(x[0]) for x in r.answer] == ["192.0.2.7"], r


@test
def the_change_came_by_ixfr(c):
    kinds = [(a["kind"], a["outcome"]) for a in c.api.attempts(ZONE)]
    assert ("ixfr", "ok") in kinds, kinds


@test
def the_export_equals_the_primary(c):
    text = c.api.get(f"/v1/zones/{ZONE}/export", raw=True)
    import dns.zone
    z = dns.zone.from_text(text, origin=ZONE + ".", relativize=False,
                           check_origin=False)
    ours = sorted(ask.record_line(name, rds.ttl, rds.rdtype, rd)
                  for name, node in z.nodes.items() for rds in node
                  for rd in rds)
    assert ours == ask.axfr(("127.0.0.1", c.bind.port), ZONE)


@test
def a_refresh_on_request_checks_the_serial_now(c):
    before = c.api.zone(ZONE)["checked_at"]
    c.api.post(f"/v1/zones/{ZONE}/refresh")
    wait_for("checked_at to move",
             lambda: c.api.zone(ZONE)["checked_at"] != before, 15)


@test
def a_retransfer_on_request_is_a_full_axfr(c):
    n = sum(a["kind"] == "axfr" for a in c.api.attempts(ZONE))
    c.api.post(f"/v1/zones/{ZONE}/retransfer")
    wait_for("one more axfr", lambda: sum(
        a["kind"] == "axfr" for a in c.api.attempts(ZONE)) > n, 15)
    assert ask.serial_of(c.u.dns(), ZONE) == 101


@test
def a_retransfer_of_unchanged_content_writes_no_page(c):
    zid = c.api.zone(ZONE)["id"]
    count = f"select count(*) from zone_page where zone_id = '{zid}'"
    before = c.u.sql(count)
    n = len(c.api.attempts(ZONE))
    c.api.post(f"/v1/zones/{ZONE}/retransfer")
    wait_for("one more attempt", lambda: len(c.api.attempts(ZONE)) > n, 15)
    assert c.u.sql(count) == before


@test
def writing_records_is_refused_with_advice(c):
    try:
        c.api.post(f"/v1/zones/{ZONE}/records", {"name": "x"})
    except ApiError as e:
        assert e.status == 405, e
        assert "read-only-secondary" in e.body["type"], e.body
    else:
        raise AssertionError("a write was accepted")


@test
def a_deleted_zone_is_refused_soon_after(c):
    c.api.delete(f"/v1/zones/{ZONE}")
    wait_for("REFUSED", lambda: ask.sections(
        ask.ask(c.u.dns(), ZONE, "SOA"))[0] == "REFUSED", 15)


if __name__ == "__main__":
    main(Context, lambda c: c and c.close())
