"""What goes wrong with a zone is said to its owner: in the zone's status, in
words that tell what it means and what to do."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "sched"))

from farm import Farm, notify  # noqa: E402

from lib import primaries, zones  # noqa: E402
from lib.proc import wait_for  # noqa: E402
from lib.runner import main, test  # noqa: E402
from lib.understudy import ApiError, Understudy  # noqa: E402


class Context:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.u = Understudy("--set", "transfer.connect_timeout_ms=1000",
                            "--set", "transfer.probe_timeout_ms=300")
        self.api = self.u.api
        self.farms = []

    def farm(self, **more):
        self.farms.append(Farm(**more))
        return self.farms[-1]

    def loaded(self, name, serial=7, **more):
        f = self.farm(**more)
        f.add(name, serial=serial)
        self.api.add_zone(name, f.port)
        self.api.wait_serial(name, serial)
        return f

    def says(self, name, *words, refresh=True):
        """Ask for a check; wait until status has all the words."""
        if refresh:
            self.api.post(f"/v1/zones/{name}/refresh")

        def there():
            doc = self.api.zone(name)
            text = " ".join([doc["status"]] + doc["notices"])
            return all(w in text for w in words) and doc
        try:
            return wait_for("the sentence", there, 30)
        except AssertionError:
            raise AssertionError(f"{words} not in {self.api.zone(name)}")

    def logs(self):
        return self.u.logs()

    def close(self):
        for f in self.farms:
            f.stop()
        self.u.stop()


@test
def a_zone_in_step_says_what_it_serves(c):
    c.loaded("fine.test")
    c.says("fine.test", "Serial 7 is served, as your primary has it.")


@test
def a_primary_that_died(c):
    """T-221"""
    f = c.loaded("died.test")
    f.stop()
    c.farms.remove(f)
    doc = c.says("died.test", str(f.port), "Serial 7 is served until 20",
                 "then the zone is answered with SERVFAIL")
    assert doc["health"] == "failing" and doc["served"] == "yes", doc
    assert doc["primaries"][0]["problem"], doc


@test
def a_tcp_port_that_is_closed(c):
    """SOA questions are answered by UDP, transfers are not possible."""
    f = c.loaded("udponly.test")
    f.stop()
    c.farms.remove(f)
    c.farm(port=f.port, tcp=False).add("udponly.test", serial=8)
    c.says("udponly.test", "TCP", "Serial 7 is served until")


@test
def a_key_that_is_wrong(c):
    knot = primaries.Knot(c.dir, {"key.test": zones.simple_zone(
        "key.test", 7, 5)}, tsig=True).start()
    try:
        c.api.post("/v1/keys", {
            "name": primaries.KEY_NAME, "algorithm": "hmac-sha256",
            "secret": "d3JvbmctZm9yLXRoaXMtdGVzdC1vbmUhISEhISEhISE="})
        c.api.add_zone("key.test", knot.port, key=primaries.KEY_NAME)
        doc = c.says("key.test", "TSIG", "so it is not served",
                     refresh=False)
        assert doc["health"] == "failing", doc
    finally:
        knot.stop()


@test
def a_serial_that_went_back_and_its_acceptance(c):
    """T-014"""
    f = c.loaded("back.test")
    z = f.zones[next(iter(f.zones))]
    try:
        c.api.post("/v1/zones/back.test/accept")
        raise AssertionError("there was nothing to accept")
    except ApiError as e:
        assert e.status == 409, e
    z.serial = 3
    doc = c.says("back.test", "went back: it has 3, we serve 7",
                 "accept serial 3")
    assert doc["health"] == "held" and doc["served"] == "yes", doc
    try:
        c.api.post("/v1/zones/back.test/accept", {"serial": 4})
        raise AssertionError("another serial was accepted")
    except ApiError as e:
        assert e.status == 409, e
    c.api.post("/v1/zones/back.test/accept", {"serial": 3})
    c.says("back.test", "Serial 3 is served, as your primary has it",
           refresh=False)
    kinds = [e["kind"] for e in c.api.get("/v1/zones/back.test/events")
             ["items"]]
    assert kinds == ["serial-lower-taken", "serial-back"], kinds
    c.api.patch("/v1/zones/back.test", {"accept_lower_serial": True})
    z.serial = 2
    c.says("back.test", "Serial 2 is served")


@test
def a_notify_from_elsewhere(c):
    c.loaded("stray.test")
    assert notify("stray.test", c.u.notify_port, 9,
                  source="127.0.0.98") == 5
    doc = c.says("stray.test", "NOTIFY came from 127.0.0.98, which is not "
                 "one of your primaries", refresh=False)
    assert doc["health"] == "ok", doc
    wait_for("the attempt", lambda: any(
        a["kind"] == "notify" and a["reason"] == "not-listed"
        for a in c.api.attempts("stray.test")), 20)


if __name__ == "__main__":
    main(Context, lambda c: c and c.close())
