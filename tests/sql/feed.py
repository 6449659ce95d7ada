"""feed_changes, edge_report and what stands around them, one at a time."""
import sqllib
from sqllib import A, DIGEST, SOA

Z = sqllib.ids(A)["zone"]


def ask(what):
    """plpgsql that asserts, in one transaction that is rolled back."""
    return f"DO $$ DECLARE r record; n bigint; BEGIN\n{what}\nEND $$"


def publish(zone, generation):
    return f"""
	UPDATE zone_state SET generation = {generation}, serial = {generation},
	    soa = {SOA}, root_level = 0, root_digest = {DIGEST},
	    record_count = 1, page_count = 1, loaded_at = now(),
	    checked_at = now(), expires_at = now() + interval '1 hour'
	WHERE zone_id = '{zone}';"""


def tests():
    pg = sqllib.fixture()

    def check(what, role=None):
        return lambda: sqllib.undone(pg, ask(what), role)

    yield "nothing new: one row with the horizon and kind null", check("""
	SELECT count(*) AS n, min(kind) AS kind, min(horizon::text) AS h
	INTO r FROM feed_changes(pg_snapshot_xmax(pg_current_snapshot()));
	ASSERT r.n = 1 AND r.kind IS NULL AND r.h IS NOT NULL;""")
    yield "from 0: every zone, and every deadline once", check(f"""
	SELECT count(*) FILTER (WHERE kind = 'zone') AS zones,
	    count(*) FILTER (WHERE kind = 'refresh') AS refreshes
	INTO r FROM feed_changes('0');
	ASSERT r.zones = 2 AND r.refreshes = 1, r;
	INSERT INTO refresh_batch (checked_at, zone_ids, expires_at) VALUES
	    (now() + interval '1 s', '{{{Z},{Z}}}',
	    ARRAY[now() + interval '1 h', now() + interval '1 h']);
	SELECT expires_in_ms AS ms INTO STRICT r FROM feed_changes('0')
	WHERE kind = 'refresh' AND zone_id = '{Z}';
	ASSERT r.ms BETWEEN 3590000 AND 3600000, r;""", "postgres")
    yield "EXPIRE travels as what remains", check(f"""
	{publish(Z, 2)}
	SELECT * INTO STRICT r FROM feed_changes('0')
	WHERE kind = 'zone' AND zone_id = '{Z}';
	ASSERT r.expires_in_ms BETWEEN 3590000 AND 3600000, r;
	ASSERT r.state = 'live' AND r.generation = 2, r;
	UPDATE zone_state SET expires_at = 'infinity' WHERE zone_id = '{Z}';
	ASSERT (SELECT expires_in_ms > 60 * 365 * 86400000::bigint
	    FROM feed_changes('0') WHERE kind = 'zone' AND zone_id = '{Z}');""")
    yield "the stamp is the writer's transaction, whatever was said", check(
        f"""
	UPDATE zone_state SET stamp = '1' WHERE zone_id = '{Z}';
	ASSERT (SELECT stamp = pg_current_xact_id() FROM zone_state
	    WHERE zone_id = '{Z}');
	ASSERT (SELECT tgenabled = 'A' FROM pg_trigger
	    WHERE tgname = 'zone_state_stamp');""")
    yield "system, timeline and xmax are told", check("""
	SELECT * INTO STRICT r FROM feed_changes('0') LIMIT 1;
	ASSERT r.system_id = (SELECT system_identifier
	    FROM pg_control_system());
	ASSERT r.timeline = 1 AND r.xmax >= r.horizon
	    AND r.core_xmin = r.horizon, r;""", "understudy_dnsd")
    yield "a claim makes its rows, a state change reaches the edges", check(
        f"""
	DECLARE z uuid; BEGIN
	INSERT INTO zone (tenant_id, name, apex) VALUES ('{A}', '.', '\\x00')
	RETURNING id INTO z;
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z)
	    = 'withdrawn';
	UPDATE zone SET state = 'active', stripes = 6 WHERE id = z;
	SELECT * INTO STRICT r FROM zone_state WHERE zone_id = z;
	ASSERT r.state = 'empty' AND r.stripes = 6, r;
	{publish('X', 1).replace("'X'", "z")}
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z) = 'live';
	UPDATE zone SET state = 'suspended' WHERE id = z;
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z)
	    = 'withdrawn';
	{publish('X', 2).replace("'X'", "z")}
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z)
	    = 'withdrawn';
	UPDATE zone SET state = 'warned' WHERE id = z;
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z) = 'live';
	UPDATE zone SET deleted_at = now() WHERE id = z;
	{publish('X', 3).replace("'X'", "z")}
	UPDATE zone SET state = 'active' WHERE id = z;
	ASSERT (SELECT state FROM zone_state WHERE zone_id = z) = 'deleted';
	ASSERT EXISTS (SELECT FROM feed_changes('0')
	    WHERE zone_id = z AND state = 'deleted');
	DELETE FROM zone WHERE id = z;
	ASSERT NOT EXISTS (SELECT FROM zone_state WHERE zone_id = z);
	END;""")
    yield "purging a claim leaves nothing of it", check(f"""
	UPDATE zone SET deleted_at = now() WHERE id = '{Z}';
	DELETE FROM zone WHERE id = '{Z}';
	ASSERT NOT EXISTS (SELECT FROM zone_page WHERE zone_id = '{Z}'
	    UNION ALL SELECT FROM zone_node WHERE zone_id = '{Z}'
	    UNION ALL SELECT FROM zone_version WHERE zone_id = '{Z}'
	    UNION ALL SELECT FROM zone_timer WHERE zone_id = '{Z}'
	    UNION ALL SELECT FROM job WHERE zone_id = '{Z}'
	    UNION ALL SELECT FROM attempt WHERE zone_id = '{Z}');
	ASSERT EXISTS (SELECT FROM zone_page);""")
    yield "pruning batches keeps a deadline that nobody else knows", check(
        f"""
	DECLARE b uuid := '{sqllib.ids(sqllib.B)["zone"]}'; BEGIN
	DELETE FROM refresh_batch;
	UPDATE zone_state SET checked_at = now() - interval '9 h';
	INSERT INTO refresh_batch (checked_at, zone_ids, expires_at) VALUES
	    (now() - interval '8 h', ARRAY['{Z}'::uuid, b],
		ARRAY[now() + interval '2 h', now() + interval '2 h']),
	    (now() - interval '7 h', ARRAY['{Z}'::uuid],
		ARRAY[now() + interval '3 h']),
	    (now() - interval '1 h', ARRAY[b],
		ARRAY[now() + interval '9 h']);
	ASSERT refresh_prune(now() - interval '6 h') = 2;
	ASSERT (SELECT count(*) FROM refresh_batch) = 1;
	ASSERT (SELECT expires_at = now() + interval '3 h'
	    FROM zone_state WHERE zone_id = '{Z}');
	ASSERT (SELECT expires_at < now() + interval '1.5 h'
	    FROM zone_state WHERE zone_id = b);
	END;""")
    yield "attempts are pruned to the last ones of each zone", check(f"""
	INSERT INTO attempt (zone_id, tenant_id, started_at, finished_at,
	    kind, outcome) SELECT '{Z}', '{A}', now(), now(), 'probe',
	    'uptodate' FROM generate_series(1, 50);
	ASSERT attempt_prune('{{{Z}}}', 20) = 31;
	ASSERT attempt_prune('{{{Z}}}', 20) = 0;
	ASSERT (SELECT count(*) FROM attempt WHERE zone_id = '{Z}') = 20;""")
    yield "edge_report and zone_edges", check(f"""
	PERFORM set_config('understudy.tenant', '{A}', true);
	DELETE FROM edge;
	ASSERT NOT EXISTS (SELECT FROM zone_edges('{Z}'));
	PERFORM edge_report('e9', 7, '3', NULL, '{{"queries": 1}}');
	SELECT * INTO STRICT r FROM zone_edges('{Z}');
	ASSERT r.edge = 'e9' AND NOT r.applied AND r.serial IS NULL, r;
	PERFORM edge_report('e9', 7, (pg_current_xact_id()::text::bigint + 1)
	    ::text::xid8, '[]', '{{}}');
	SELECT * INTO STRICT r FROM zone_edges('{Z}');
	ASSERT r.applied AND r.serial = 5 AND r.generation = 1, r;
	PERFORM edge_report('e9', 7, (pg_current_xact_id()::text::bigint + 1)
	    ::text::xid8, jsonb_build_array(jsonb_build_object('zone_id',
	    '{Z}', 'generation', 1, 'reason', 'digest')), '{{}}');
	SELECT * INTO STRICT r FROM zone_edges('{Z}');
	ASSERT NOT r.applied AND r.serial = 5 AND r.reason = 'digest', r;
	ASSERT (SELECT count(*) FROM edge) = 1;
	PERFORM set_config('understudy.tenant', '{sqllib.B}', true);
	ASSERT NOT EXISTS (SELECT FROM zone_edges('{Z}'));""")
    yield "edge_report by the edge's own role", check("""
	PERFORM edge_report('e3', 1, '9', '[]', '{}');""", "understudy_dnsd")
    yield "zone_problems names what does not fit", check(f"""
	DELETE FROM zone_node;
	ASSERT NOT EXISTS (SELECT FROM zone_problems('{Z}'));
	UPDATE zone_page SET high_key = '\\x0061' WHERE zone_id = '{Z}';
	ASSERT (SELECT count(*) FROM zone_problems('{Z}')) = 1;
	UPDATE zone_state SET root_level = 1, page_count = 4
	WHERE zone_id = '{Z}';
	ASSERT (SELECT count(*) FROM zone_problems('{Z}')) = 3;""")
    yield "the feed goes by index when little is new", check(f"""
	DECLARE line text; plan text := ''; BEGIN
	SET LOCAL enable_seqscan = off;
	FOR line IN EXECUTE 'EXPLAIN SELECT * FROM feed_changes(''100000'')'
	LOOP plan := plan || line; END LOOP;
	ASSERT plan LIKE '%zone_state_stamp_ix%'
	    AND plan LIKE '%refresh_batch_stamp_ix%', plan;
	END;""")
