"""What transfers cost: parts of tests/bench/run."""

import os
import statistics
import subprocess
import threading
import time

import data
import servers
from lib import ask
from lib.primaries import soa_serial
from lib.proc import wait_for
from measure import table


def database_mib(ours):
    return int(ours.u.sql("select pg_database_size(current_database())"
                          )[0][0]) / 1048576


class Peak(threading.Thread):
    """The most memory that all of our processes had together, by samples."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.mib, self.over = pids, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            self.mib = max(self.mib, servers.memory(self.pids()))

    def end(self):
        self.over.set()
        self.join()
        return self.mib


def stages(attempt):
    """Where one transfer's time went, as the flight recorder has it."""
    return ", ".join(f"{k} {attempt[k + '_ms']} ms" for k in
                     ("connect", "first_byte", "transfer", "ingest")
                     if attempt.get(k + "_ms") is not None)


def until_served(ours, zone, serial, timeout=600):
    wait_for(f"{zone} served", lambda: soa_serial(
        zone, ours.port, timeout=0.5) == serial, timeout, 0.005)


def bulk(a, work):
    """AXFR of the delegation zone from one Knot until it is served; the
    same sent again in full with one change; memory and database."""
    n = 100000 if a.quick else 1000000
    zone, path, _ = data.delegations(a.data, n)
    primary = servers.Knot(work, [(zone, path)])
    primary.provide = True
    primary.start(zone)
    peers = [servers.Knot, servers.Nsd, servers.Bind]
    if a.quick:
        peers.append(servers.PowerDnsPg)
    took = {}
    facts = {}
    notes = []
    try:
        for r in range(a.rounds):
            ours = servers.Ours()
            peak = Peak(ours.all_pids)
            try:
                start = time.monotonic()
                ours.add([zone], primary.port)
                until_served(ours, zone, 1)
                took.setdefault("understudy", []).append(
                    time.monotonic() - start)
                facts.setdefault("understudy", []).append(
                    (peak.end(), database_mib(ours)))
                notes.append(stages(ours.u.api.attempts(zone)[0]))
            finally:
                peak.end()
                ours.stop()
            for cls in peers:
                if cls is servers.PowerDnsPg and r > 0:
                    continue
                s = cls(work, [(zone, None)])
                s.primary = primary.port
                start = time.monotonic()
                try:
                    s.start(zone)
                    took.setdefault(s.name, []).append(
                        time.monotonic() - start)
                    facts.setdefault(s.name, []).append(
                        (s.peak(), s.database_mib()))
                finally:
                    s.stop()
    finally:
        primary.stop()
    rows = []
    for name, t in took.items():
        peak = statistics.median(x[0] for x in facts[name])
        size = facts[name][0][1]
        rows.append([name, f"{statistics.median(t):.2f}", f"{peak:.0f}",
                     "-" if size is None else f"{size:.0f}"])
    table(f"AXFR of the zone of {n} delegations, start to served (median of "
          f"{a.rounds}; ours is durable in PostgreSQL, whose memory is not "
          "counted)", ["secondary", "seconds", "peak MiB", "database MiB"],
          rows)
    print(f"\nours by stage, of the last round: {notes[-1]}")


def resend(a, work):
    """A primary that only sends all of it, one record changed."""
    n = 100000 if a.quick else 1000000
    zone, path, _ = data.delegations(a.data, n)
    with open(path) as f:
        text = f.read()
    other = os.path.join(work, "changed.zone")
    with open(other, "w") as f:
        f.write(data.changed(text))
    first = servers.Nsd(work, [(zone, path)])
    first.provide = True
    first.start(zone)
    ours = servers.Ours()
    try:
        ours.add([zone], first.port)
        until_served(ours, zone, 1)
        port = first.port
        first.stop()
        second = servers.Nsd(work, [(zone, other)])
        second.provide = True
        second.port = port
        second.start(zone, serial=2)
        peak = Peak(ours.all_pids)
        start = time.monotonic()
        ours.u.api.post(f"/v1/zones/{zone}/retransfer")
        until_served(ours, zone, 2)
        seconds = time.monotonic() - start
        peak = peak.end()
        v = ours.u.api.get(f"/v1/zones/{zone}/versions")["items"][0]
        note = stages(ours.u.api.attempts(zone)[0])
        second.stop()
    finally:
        ours.stop()
    table(f"The zone of {n} delegations sent again in full, one record "
          "changed", ["seconds to served", "pages written", "of",
                      "peak MiB"],
          [[f"{seconds:.2f}", v["pages_written"], v["page_count"],
            f"{peak:.0f}"]])
    print(f"\nby stage: {note}")


def notify(a, work):
    """One changed record: NOTIFY to served, by IXFR, small and large zone.
    One secondary at a time: none takes the processor from another."""
    n = 100000 if a.quick else 1000000
    zone, path, _ = data.delegations(a.data, n)
    tiny = "tiny.bench"
    tiny_path = os.path.join(work, "tiny.zone")
    with open(tiny_path, "w") as f:
        f.write(data.small_zone(0).replace(data.small_name(0), tiny))
    rows = []
    for title, z, p in (("small zone", tiny, tiny_path),
                        (f"zone of {n} delegations", zone, path)):
        for cls in (servers.Ours, servers.Knot, servers.Nsd, servers.Bind):
            t = sorted(changes(work, cls, z, p)) or [float("nan")]
            rows.append([title, cls.name, f"{1000 * statistics.median(t):.1f}",
                         f"{1000 * t[int(len(t) * .95)]:.1f}", len(t)])
    table("One changed record: visible at the primary to served "
          "(NOTIFY, IXFR; one secondary at a time; milliseconds)",
          ["zone", "secondary", "p50", "p95", "changes seen"], rows)
    print("\n" + fsync(work))


def changes(work, cls, zone, path):
    """How long each of some changes takes to one secondary."""
    ours = cls is servers.Ours
    s = cls() if ours else cls(work, [(zone, None)])
    primary = servers.Knot(work, [(zone, path)])
    primary.provide = True
    primary.notify = [s.u.notify_port if ours else s.port]
    took = []
    started = ours
    try:
        primary.start(zone)
        if ours:
            s.add([zone], primary.port)
            until_served(s, zone, 1)
        else:
            s.primary = primary.port
            s.start(zone)
            started = True
        for i in range(31):
            change(primary, zone, i, s, took)
    finally:
        if started:
            s.stop()
        primary.stop()
    return took[1:]


def change(primary, zone, i, secondary, took):
    serial = 2 + i
    primary.control("zone-begin", zone)
    primary.control("zone-set", zone, f"change{i}", "60", "A", "192.0.2.77")
    primary.control("zone-commit", zone)
    wait_for("the primary", lambda: soa_serial(
        zone, primary.port, timeout=0.5) == serial, 10, 0.0005)
    start = time.monotonic()
    while time.monotonic() - start < 15:
        if ask.serial_of(("127.0.0.1", secondary.port), zone) == serial:
            took.append(time.monotonic() - start)
            break
        time.sleep(0.0002)
    time.sleep(0.3)


def fsync(work):
    """What one synchronous write costs here."""
    out = subprocess.run([servers.pg_bin("pg_test_fsync"), "-s", "1", "-f",
                          os.path.join(work, "fsync")],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in out.stdout.decode().splitlines():
        if line.split()[:1] == ["fdatasync"]:
            return "pg_test_fsync: " + " ".join(line.split())
    return "pg_test_fsync: -"


def many(a, work):
    """New small zones from one primary until all are served; then idle."""
    n = a.zones or (2000 if a.quick else 10000)
    zdir = data.small(a.data, n)
    zones = [(data.small_name(i), os.path.join(
        zdir, f"{i // 1000:03d}", data.small_name(i))) for i in range(n)]
    last = zones[-1][0]
    primary = servers.Knot(work, zones)
    primary.provide = True
    primary.start(last)
    rows = []
    names = [z for z, _ in zones]
    try:
        ours = servers.Ours()
        try:
            start = time.monotonic()
            ours.add(names, primary.port)
            added = time.monotonic() - start
            wait_for("all zones", lambda: int(ours.u.sql(
                "select count(*) from zone_state where generation > 0")
                [0][0]) == n, 1200, 0.05)
            wait_for("the edge", lambda: all(soa_serial(
                z, ours.port, timeout=0.5) == 1 for z in names[-50:]), 60,
                0.01)
            rows.append(["understudy", f"{time.monotonic() - start:.2f}",
                         f"{added:.2f} of it to register them"])
            idle_note = idle(ours, n)
        finally:
            ours.stop()
        for cls in (servers.Knot, servers.Nsd, servers.Bind):
            s = cls(work, [(z, None) for z in names])
            s.primary = primary.port
            start = time.monotonic()
            try:
                s.start(last)
                wait_for("all zones", lambda: all(soa_serial(
                    z, s.port, timeout=0.5) == 1 for z in names[::50]), 600,
                    0.05)
                rows.append([s.name, f"{time.monotonic() - start:.2f}",
                             "from its configuration file"])
            finally:
                s.stop()
    finally:
        primary.stop()
    table(f"{n} new zones of 12 records from one primary until all are "
          "served", ["secondary", "seconds", ""], rows)
    print("\n" + idle_note)


def idle(ours, n, seconds=20):
    """Per second, while nothing changes: the zones' SOA refresh is 3600 s."""
    def statements():
        return int(ours.u.sql("select sum(xact_commit) from pg_stat_database"
                              )[0][0])

    def times():
        return [sum(servers.cpu(servers.tree(ours.u.pids()[p])))
                for p in ("xferd", "dnsd", "postgres")]

    time.sleep(3)
    c0, s0, start = times(), statements(), time.monotonic()
    time.sleep(seconds)
    c1, s1, took = times(), statements(), time.monotonic() - start
    share = [f"{p} {100 * (y - x) / took:.1f} %" for p, x, y in
             zip(("xferd", "dnsd", "PostgreSQL"), c0, c1)]
    return (f"idle with {n} zones on hourly refresh: CPU of one core: "
            f"{', '.join(share)}; {(s1 - s0) / took:.1f} transactions a "
            "second")


PARTS = {"transfer": bulk, "resend": resend, "notify": notify, "many": many}
