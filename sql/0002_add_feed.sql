-- 0002_add_feed.sql: the change feed, and the triggers that keep it true.
--
-- Why:        edges follow what is published by asking, not by being told
--             (docs/DATABASE.md, "The feed").
-- Locks:      ACCESS EXCLUSIVE on zone, zone_state, refresh_batch, job for a
--             moment (CREATE TRIGGER).
-- Works with: every program from the first release on.
-- Undo:       drop the triggers, then the functions and feed_mark.

-- ------------------------------------------------------------ stamps

CREATE FUNCTION feed_stamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	NEW.stamp := pg_current_xact_id();
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION feed_stamp IS
    'stamp the row with the transaction that writes it here: on a logical '
    'subscriber that is the subscriber''s own, as is its horizon';

-- ENABLE ALWAYS: also when a logical replication worker writes the row.
CREATE TRIGGER zone_state_stamp BEFORE INSERT OR UPDATE ON zone_state
    FOR EACH ROW EXECUTE FUNCTION feed_stamp();
ALTER TABLE zone_state ENABLE ALWAYS TRIGGER zone_state_stamp;
CREATE TRIGGER refresh_batch_stamp BEFORE INSERT OR UPDATE ON refresh_batch
    FOR EACH ROW EXECUTE FUNCTION feed_stamp();
ALTER TABLE refresh_batch ENABLE ALWAYS TRIGGER refresh_batch_stamp;

CREATE FUNCTION zone_state_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF NEW.generation < OLD.generation THEN
		RAISE EXCEPTION 'generation of zone % goes back from % to %',
		    OLD.zone_id, OLD.generation, NEW.generation
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_state_generation_rises_ck';
	END IF;
	IF NEW.zone_id <> OLD.zone_id OR NEW.tenant_id <> OLD.tenant_id
	    OR NEW.apex <> OLD.apex THEN
		RAISE EXCEPTION 'zone % cannot change its identity',
		    OLD.zone_id USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_state_identity_ck';
	END IF;
	IF OLD.state = 'deleted' THEN
		NEW.state := 'deleted';
	ELSIF NEW.state = 'empty' AND NEW.generation > 0 THEN
		NEW.state := 'live';
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION zone_state_guard IS
    'generations never go back, deleted is final, loaded is live';
CREATE TRIGGER zone_state_guard BEFORE UPDATE ON zone_state
    FOR EACH ROW EXECUTE FUNCTION zone_state_guard();

-- ------------------------------------------------------------ claims
-- The state and timer rows belong to the claim: apid writes only the claim.

CREATE FUNCTION zone_state_of_claim(claim_state text, generation bigint,
    deleted_at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
	    WHEN deleted_at IS NOT NULL THEN 'deleted'
	    WHEN claim_state NOT IN ('active', 'warned') THEN 'withdrawn'
	    WHEN generation = 0 THEN 'empty'
	    ELSE 'live' END
$$;
COMMENT ON FUNCTION zone_state_of_claim IS
    'what the edges do with a zone, from the state of its claim';

CREATE FUNCTION zone_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO zone_state (zone_id, tenant_id, apex, stripes, state)
	SELECT a.id, a.tenant_id, a.apex, a.stripes,
	    zone_state_of_claim(a.state, 0, a.deleted_at) FROM added a;
	INSERT INTO zone_timer (zone_id, tenant_id)
	SELECT a.id, a.tenant_id FROM added a;
	PERFORM pg_notify('understudy_job', 'zone');
	PERFORM pg_notify('understudy_feed', '');
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_inserted IS
    'give new claims their state and timer rows, and wake xferd';
CREATE TRIGGER zone_inserted AFTER INSERT ON zone
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION zone_inserted();

CREATE FUNCTION zone_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
		RAISE EXCEPTION 'zone % is deleted', OLD.id
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_deleted_at_ck';
	END IF;
	UPDATE zone_state s SET stripes = NEW.stripes,
	    state = zone_state_of_claim(NEW.state, s.generation,
		NEW.deleted_at)
	WHERE s.zone_id = NEW.id;
	IF NEW.deleted_at IS NOT NULL THEN
		UPDATE zone_timer SET due_at = 'infinity'
		WHERE zone_id = NEW.id;
	END IF;
	PERFORM pg_notify('understudy_feed', '');
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_changed IS
    'carry a change of the claim to what the edges follow';
CREATE TRIGGER zone_changed AFTER UPDATE OF state, stripes, deleted_at ON zone
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.stripes <> NEW.stripes
	OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION zone_changed();

CREATE FUNCTION zone_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF OLD.deleted_at IS NULL THEN
		RAISE EXCEPTION 'zone % must be deleted by deleted_at first, '
		    'or the edges will not hear of it', OLD.id
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_deleted_at_first_ck';
	END IF;
	DELETE FROM zone_page WHERE zone_id = OLD.id;
	DELETE FROM zone_node WHERE zone_id = OLD.id;
	DELETE FROM zone_version WHERE zone_id = OLD.id;
	DELETE FROM attempt WHERE zone_id = OLD.id;
	RETURN OLD;
END
$$;
COMMENT ON FUNCTION zone_removed IS
    'purging a claim takes its content along (there are no foreign keys)';
CREATE TRIGGER zone_removed BEFORE DELETE ON zone
    FOR EACH ROW EXECUTE FUNCTION zone_removed();

CREATE FUNCTION job_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM pg_notify('understudy_job', 'job');
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION job_inserted IS 'wake xferd, once per statement';
CREATE TRIGGER job_inserted AFTER INSERT ON job
    FOR EACH STATEMENT EXECUTE FUNCTION job_inserted();

-- ------------------------------------------------------------ the feed

CREATE TABLE feed_mark (
	id boolean NOT NULL DEFAULT true,
	core_xmin xid8 NOT NULL,
	at timestamptz NOT NULL,
	CONSTRAINT feed_mark_id_pk PRIMARY KEY (id),
	CONSTRAINT feed_mark_id_ck CHECK (id)
) WITH (fillfactor = 10);
COMMENT ON TABLE feed_mark IS
    'one row that logical replication carries to subscribers: how far the '
    'core was when it was written. Kept by feed_mark_tick';
COMMENT ON COLUMN feed_mark.core_xmin IS
    'every transaction below it had ended at the core, and so is here too';
INSERT INTO feed_mark (core_xmin, at) VALUES ('0', now());

CREATE FUNCTION feed_mark_tick() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE feed_mark
	SET core_xmin = pg_snapshot_xmin(pg_current_snapshot()), at = now()
	WHERE EXISTS (SELECT FROM pg_replication_slots
	    WHERE slot_type = 'logical')
	AND core_xmin < pg_snapshot_xmin(pg_current_snapshot())
$$;
COMMENT ON FUNCTION feed_mark_tick IS
    'called each second by xferd; does nothing without logical subscribers';

CREATE FUNCTION feed_timeline() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
	-- The control file's timeline is set by the first checkpoint after a
	-- promotion; the name of the WAL file knows at once.
	SELECT CASE WHEN pg_is_in_recovery()
	    THEN (SELECT timeline_id FROM pg_control_checkpoint())
	    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()),
		8))::bit(32)::integer END
$$;
COMMENT ON FUNCTION feed_timeline IS
    'changes with each failover or restore';

CREATE FUNCTION feed_changes(since xid8)
RETURNS TABLE (
	horizon xid8,
	core_xmin xid8,
	xmax xid8,
	read_at timestamptz,
	system_id bigint,
	timeline integer,
	kind text,
	zone_id uuid,
	apex bytea,
	stripes bigint,
	state text,
	generation bigint,
	serial bigint,
	soa bytea,
	root_level smallint,
	root_digest bytea,
	record_count bigint,
	page_count bigint,
	loaded_at timestamptz,
	checked_at timestamptz,
	expires_in_ms bigint
)
LANGUAGE sql STABLE AS $$
	WITH here AS MATERIALIZED (
		SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
		    pg_snapshot_xmax(pg_current_snapshot()) AS xmax,
		    statement_timestamp() AS read_at,
		    (SELECT c.system_identifier FROM pg_control_system() c)
			AS system_id,
		    feed_timeline() AS timeline,
		    -- Null: no subscriber here. False while a table is being
		    -- copied: then feed_mark may be ahead of zone_state.
		    (SELECT bool_and(coalesce(r.srsubstate = 'r', true))
			FROM pg_subscription p LEFT JOIN pg_subscription_rel r
			ON r.srsubid = p.oid WHERE p.subdbid =
			(SELECT d.oid FROM pg_database d
			 WHERE d.datname = current_database())) AS in_step
	), change AS (
		SELECT 'zone' AS kind, s.zone_id, s.apex, s.stripes, s.state,
		    s.generation, s.serial, s.soa, s.root_level,
		    s.root_digest, s.record_count, s.page_count, s.loaded_at,
		    s.checked_at, s.expires_at
		FROM zone_state s WHERE s.stamp >= since
		UNION ALL
		SELECT 'refresh', r.zone_id, NULL, NULL, NULL, NULL, NULL,
		    NULL, NULL, NULL, NULL, NULL, NULL, r.checked_at,
		    r.expires_at
		FROM (
			SELECT DISTINCT ON (u.zone_id) u.zone_id,
			    b.checked_at, u.expires_at
			FROM refresh_batch b, unnest(b.zone_ids, b.expires_at)
			    AS u (zone_id, expires_at)
			WHERE b.stamp >= since
			ORDER BY u.zone_id, b.checked_at DESC, b.id DESC
		) r
	)
	SELECT h.horizon,
	    CASE WHEN h.in_step IS NULL THEN h.horizon
		WHEN h.in_step THEN (SELECT m.core_xmin FROM feed_mark m)
		ELSE '0' END,
	    h.xmax, h.read_at, h.system_id, h.timeline,
	    c.kind, c.zone_id, c.apex, c.stripes, c.state, c.generation,
	    c.serial, c.soa, c.root_level, c.root_digest, c.record_count,
	    c.page_count, c.loaded_at, c.checked_at,
	    CASE WHEN c.expires_at IS NOT NULL THEN
		(extract(epoch FROM least(c.expires_at,
		    h.read_at + interval '68 years') - h.read_at) * 1000
		)::bigint END
	FROM here h LEFT JOIN change c ON true
$$;
COMMENT ON FUNCTION feed_changes IS
    'what changed since a horizon, and the next horizon, in one statement: '
    'always at least one row, with kind null when nothing changed. '
    'feed_changes(''0'') is everything. Rows may come again: drop what is '
    'known by generation and checked_at';

CREATE FUNCTION refresh_prune(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	n bigint;
BEGIN
	-- A deadline that only a doomed batch knows moves to zone_state.
	WITH doomed AS (
		DELETE FROM refresh_batch b WHERE b.checked_at < before
		RETURNING b.checked_at, b.zone_ids, b.expires_at
	), last AS (
		SELECT DISTINCT ON (u.zone_id) u.zone_id, d.checked_at,
		    u.expires_at
		FROM doomed d, unnest(d.zone_ids, d.expires_at)
		    AS u (zone_id, expires_at)
		ORDER BY u.zone_id, d.checked_at DESC
	), kept AS (
		SELECT DISTINCT u.zone_id FROM refresh_batch b,
		    unnest(b.zone_ids) AS u (zone_id)
		WHERE b.checked_at >= before
	), moved AS (
		UPDATE zone_state s
		SET checked_at = l.checked_at, expires_at = l.expires_at
		FROM last l
		WHERE s.zone_id = l.zone_id AND s.generation > 0
		AND s.state <> 'deleted' AND s.checked_at < l.checked_at
		AND NOT EXISTS (SELECT FROM kept k
		    WHERE k.zone_id = l.zone_id)
		RETURNING 1
	)
	SELECT count(*) INTO n FROM doomed;
	RETURN n;
END
$$;
COMMENT ON FUNCTION refresh_prune IS
    'drop old refresh batches without losing a deadline; called by xferd';

-- ------------------------------------------------------------ edges

CREATE FUNCTION edge_report(edge text, epoch bigint, applied_xmin xid8,
    exceptions jsonb, counters jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	INSERT INTO edge AS e (name, epoch, applied_xmin, exceptions, counters)
	VALUES ($1, $2, $3, coalesce($4, '[]'), coalesce($5, '{}'))
	ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch,
	    applied_xmin = excluded.applied_xmin,
	    exceptions = excluded.exceptions, counters = excluded.counters,
	    seen_at = now();
	SELECT pg_notify('understudy_edge', $1);
$$;
COMMENT ON FUNCTION edge_report IS
    'what an edge serves now; the one thing that dnsd writes';

CREATE FUNCTION zone_edges(zone uuid)
RETURNS TABLE (
	edge text,
	seen_at timestamptz,
	applied boolean,
	generation bigint,
	serial bigint,
	reason text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT e.name, e.seen_at, a.applied,
	    CASE WHEN a.applied THEN s.generation ELSE x.generation END,
	    CASE WHEN a.applied THEN s.serial ELSE
		(SELECT v.serial FROM zone_version v
		 WHERE v.zone_id = s.zone_id
		 AND v.generation = x.generation) END,
	    x.reason
	FROM zone_state s CROSS JOIN edge e
	LEFT JOIN LATERAL (
		SELECT (y ->> 'generation')::bigint AS generation,
		    y ->> 'reason' AS reason
		FROM jsonb_array_elements(e.exceptions) y
		WHERE y ->> 'zone_id' = s.zone_id::text LIMIT 1
	) x ON true
	CROSS JOIN LATERAL (
		SELECT s.stamp < e.applied_xmin AND x.reason IS NULL
		    AS applied
	) a
	WHERE s.zone_id = $1 AND s.tenant_id =
	    nullif(current_setting('understudy.tenant', true), '')::uuid
	ORDER BY e.name
$$;
COMMENT ON FUNCTION zone_edges IS
    'what each edge serves of a zone of the current tenant; generation and '
    'serial are null when the edge has not told';

-- ------------------------------------------------------------ pruning

CREATE FUNCTION attempt_prune(zones uuid[], keep integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	WITH gone AS (
		DELETE FROM attempt a USING (
			SELECT u.zone_id, (SELECT b.id FROM attempt b
			    WHERE b.zone_id = u.zone_id
			    ORDER BY b.id DESC OFFSET keep LIMIT 1) AS last_id
			FROM unnest(zones) AS u (zone_id)
		) l
		WHERE a.zone_id = l.zone_id AND a.id <= l.last_id
		RETURNING 1
	)
	SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION attempt_prune IS
    'keep the last attempts of these zones; called by xferd after recording';
