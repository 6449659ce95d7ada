"""kill -9 of each process in turn while queries run; PostgreSQL gone."""

import os
import signal
import tempfile

from lib import ask, primaries, zones
from lib.proc import wait_for
from lib.runner import main, test
from lib.understudy import Understudy

ZONE = "steady.example"


class Context:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.u = Understudy(workers=1)
        self.api = self.u.api
        self.serial = 1
        self.knot = primaries.Knot(
            self.dir, {ZONE: zones.simple_zone(ZONE, 1, 50)},
            notify=[("127.0.0.1", self.u.notify_port)]).start()
        self.api.add_zone(ZONE, self.knot.port)
        self.api.wait_serial(ZONE, 1)

    def load(self):
        q = [(f"host{i}.{ZONE}", "A") for i in range(50)]
        load = ask.Load(self.u.dns(), q, lambda r: len(r.answer) == 1)
        load.start()
        return load

    def works(self):
        """xferd has its database again, and the zone is nobody's."""
        before = self.api.zone(ZONE)["checked_at"]
        self.api.post(f"/v1/zones/{ZONE}/refresh")
        wait_for("a check", lambda:
                 self.api.zone(ZONE)["checked_at"] != before, 30)

    def follows(self, timeout=40):
        """A change at the primary still arrives."""
        self.serial += 1
        self.knot.publish(ZONE, zones.simple_zone(ZONE, self.serial, 50))

        def there():
            return ask.serial_of(self.u.dns(), ZONE) == self.serial
        wait_for(f"serial {self.serial} served", there, timeout)

    def logs(self):
        return self.u.logs()

    def close(self):
        self.knot.stop()
        self.u.stop()


def kill(pids):
    assert pids, "no such process"
    for p in pids:
        os.kill(p, signal.SIGKILL)


def quiet(load, lost=0):
    load.finish()
    assert load.asked > 20, load.asked
    assert not load.wrong, load.wrong[:1]
    assert load.lost <= lost, f"{load.lost} of {load.asked} lost"


def killed(c, role, lost=0, times=3):
    load = c.load()
    for _ in range(times):
        before = c.u.role_pids("dnsd", role)
        n = load.asked
        kill(before)
        wait_for(f"a new {role}", lambda: [
            p for p in c.u.role_pids("dnsd", role) if p not in before], 20)
        wait_for("more queries", lambda: load.asked > n + 20, 20)
    quiet(load, lost)
    c.follows()


@test
def a_killed_udp_worker_loses_no_query(c):
    killed(c, "udp")


@test
def a_killed_tcp_worker_costs_udp_nothing_and_comes_back(c):
    killed(c, "tcp")
    wait_for("TCP again", lambda: ask.ask(
        c.u.dns(), ZONE, "SOA", tcp=True).answer, 10)


@test
def a_killed_feeder_is_not_visible_in_answers(c):
    killed(c, "feeder")


def xferd_role(c, role):
    load = c.load()
    before = c.u.role_pids("xferd", role)
    kill(before)
    wait_for(f"a new {role}", lambda: [
        p for p in c.u.role_pids("xferd", role) if p not in before], 20)
    wait_for("queries", lambda: load.asked > 50, 20)
    quiet(load)
    c.follows()


@test
def a_killed_fetch_process_is_replaced(c):
    xferd_role(c, "fetch")


@test
def a_killed_prober_is_replaced(c):
    xferd_role(c, "probe")


@test
def a_killed_notify_listener_is_replaced(c):
    xferd_role(c, "notify")


@test
def xferd_killed_and_started_again_goes_on(c):
    load = c.load()
    kill(c.u.role_pids("xferd"))
    wait_for("queries", lambda: load.asked > 50, 20)
    c.u.run(c.u.cmd)            # running the quick start again mends it
    quiet(load)
    c.works()
    c.follows()


@test
def apid_killed_and_started_again_goes_on(c):
    load = c.load()
    kill(c.u.role_pids("apid"))
    wait_for("queries", lambda: load.asked > 50, 20)
    c.u.run(c.u.cmd)
    quiet(load)
    assert c.api.zone(ZONE)["name"] == ZONE


@test
def postgresql_killed_and_started_again_is_not_visible(c):
    load = c.load()
    kill([c.u.pids()["postgres"]])
    wait_for("queries", lambda: load.asked > 50, 20)
    c.u.run(c.u.cmd)
    quiet(load)
    c.works()
    c.follows()


@test
def a_killed_supervisor_does_not_stop_the_answers(c):
    load = c.load()
    kill(c.u.role_pids("dnsd"))
    wait_for("queries", lambda: load.asked > 100, 20)
    c.u.run(c.u.cmd)
    wait_for("queries", lambda: load.asked > 200, 20)
    load.finish()
    assert not load.wrong, load.wrong[:1]
    assert load.lost <= 5, f"{load.lost} of {load.asked} lost"
    c.follows()


@test
def the_cache_is_rebuilt_after_dnsd_died_whole(c):
    main_pid = c.u.pids()["dnsd"]
    kill([main_pid] + c.u.children(main_pid))
    c.u.run(c.u.cmd)
    wait_for("answers", lambda: ask.serial_of(c.u.dns(), ZONE) == c.serial,
             30)
    c.follows()


if __name__ == "__main__":
    main(Context, lambda c: c and c.close())
