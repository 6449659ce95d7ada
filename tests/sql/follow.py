"""The feed under load: 16 writers, followers on the core, on a physical
standby and on a logical subscriber; then a promotion."""
import os
import re
import subprocess
import time

import sqllib

TOOL = f"build/{os.environ.get('VARIANT', 'release')}/tests/tools/feedtest"
SECONDS = os.environ.get("FOLLOW_SECONDS", "8")


def wait_for(conninfo, query, seconds=20):
    end = time.monotonic() + seconds
    while sqllib.one(conninfo, query) != "t":
        assert time.monotonic() < end, "never true: " + query
        time.sleep(0.05)


def tests():
    if not os.path.exists(TOOL):
        subprocess.run(["make", "-s", TOOL,
                        "VARIANT=" + os.environ.get("VARIANT", "release")],
                       check=True)
    core = sqllib.start("-c", "wal_level=logical")
    sqllib.psql(core, f"""
INSERT INTO tenant (id, name) VALUES ('{sqllib.A}', 'a');
INSERT INTO zone (tenant_id, name, apex, state)
SELECT '{sqllib.A}', k || '-' || n, decode('04', 'hex') ||
    convert_to(to_hex(4096 + n), 'UTF8') || CASE k WHEN 'once' THEN
    '\\x046f6e636500' ELSE '\\x03686f7400' END::bytea, 'active'
FROM (SELECT 'once' AS k, generate_series(1, 6000) AS n UNION ALL
    SELECT 'hot', generate_series(1, 20)) x;
CREATE PUBLICATION edge FOR TABLE zone_state, zone_page, zone_node,
    refresh_batch, feed_mark;""")
    out = subprocess.run([sqllib.PGTEMP, "standby", core], check=True,
                         text=True, stdout=subprocess.PIPE)
    standby = out.stdout.strip()
    sqllib._clusters.append(standby)
    subscriber = sqllib.start()
    sqllib.psql(subscriber, "DELETE FROM feed_mark;")
    sqllib.psql(subscriber, f"CREATE SUBSCRIPTION edge CONNECTION '{core}' "
                "PUBLICATION edge;")

    result = {}

    def run():
        out = subprocess.run(
            [TOOL, SECONDS, core, "standby=" + standby,
             "subscriber=" + subscriber],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=120)
        for line in out.stdout.splitlines():
            print("# " + line)
            name, _, rest = line.partition(": ")
            result[name] = {k: int(v) for k, v in
                            re.findall(r"(\w+)=(\d+)", rest)}
        assert out.returncode == 0, out.stdout
        assert result["writers"]["published_once"] > 50, result["writers"]

    def follower(name):
        def test():
            r = result[name]
            assert r["missing"] == r["refreshes_missing"] == 0, r
            assert r["early"] == r["backwards"] == 0, r
            assert r["applied"] >= result["writers"]["published_once"], r
        return test

    def naive():
        assert result["naive"]["missing"] > 0, result["naive"]

    def subscriber_knows_the_core():
        # edge_report's applied_xmin must be in the core's transactions.
        wait_for(subscriber, "SELECT core_xmin > '3' AND core_xmin <> horizon"
                 " FROM feed_changes('0') LIMIT 1")

    def promotion():
        before = sqllib.psql(standby, "SELECT timeline, system_id FROM "
                             "feed_changes('0') LIMIT 1")[0]
        subprocess.run([sqllib.PGTEMP, "promote", standby], check=True)
        after = sqllib.psql(standby, "SELECT timeline, system_id FROM "
                            "feed_changes('0') LIMIT 1")[0]
        assert int(after[0]) == int(before[0]) + 1, (before, after)
        assert after[1] == before[1]

    # T-213
    yield "16 writers out of order, three followers", run
    for name in ("core", "standby", "subscriber"):
        yield name + ": nothing missed, nothing back, nothing early", \
            follower(name)
    yield "a naive follower misses changes under this load", naive
    yield "the subscriber tells the core's horizon", subscriber_knows_the_core
    # T-214: dnsd's part is the epoch that its tests of the feed change
    yield "a promotion changes the timeline at once", promotion
    for c in (subscriber, standby, core):
        sqllib.stop(c)
