-- 0140_add_diagnosis.sql: checks of a setup, asked for by API, made by xferd.
--
-- Why:        a customer wants to know, step by step, what is wrong between
--             their primary, the parent and us; results are read by polling.
-- Locks:      ACCESS EXCLUSIVE on job for a moment (none of its rows is read).
-- Works with: programs that do not know these tables.
-- Undo:       drop the functions and tables.

CREATE TABLE diagnosis (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	zone_id uuid,
	kind text NOT NULL,
	name text NOT NULL,
	apex bytea NOT NULL,
	primaries jsonb NOT NULL,
	state text NOT NULL DEFAULT 'queued',
	steps jsonb NOT NULL DEFAULT '[]',
	compared_at timestamptz,
	compared jsonb,
	created_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	CONSTRAINT diagnosis_id_pk PRIMARY KEY (id),
	CONSTRAINT diagnosis_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT diagnosis_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT diagnosis_kind_ck CHECK (kind IN ('check', 'preflight')
	    AND (kind = 'check') = (zone_id IS NOT NULL)),
	CONSTRAINT diagnosis_name_ck CHECK (length(name) BETWEEN 1 AND 1024),
	CONSTRAINT diagnosis_apex_ck CHECK (length(apex) BETWEEN 1 AND 255),
	CONSTRAINT diagnosis_primaries_ck CHECK (
	    jsonb_typeof(primaries) = 'array'
	    AND jsonb_array_length(primaries) <= 32),
	CONSTRAINT diagnosis_state_ck
	    CHECK (state IN ('queued', 'running', 'done', 'failed')),
	CONSTRAINT diagnosis_steps_ck CHECK (jsonb_typeof(steps) = 'array'
	    AND pg_column_size(steps) <= 262144),
	CONSTRAINT diagnosis_compared_ck CHECK (
	    jsonb_typeof(compared) = 'object'
	    AND (compared IS NULL OR compared_at IS NOT NULL)
	    AND pg_column_size(compared) <= 4096),
	CONSTRAINT diagnosis_finished_at_ck CHECK (
	    (state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
COMMENT ON TABLE diagnosis IS
    'a check of a zone, or of one that may become one (preflight); pruned by '
    'number for each tenant, and by age';
COMMENT ON COLUMN diagnosis.primaries IS
    'whom to ask: {"id"} of primary_server, or {"address", "port", '
    '"transport", "key"} of one that is not stored';
COMMENT ON COLUMN diagnosis.steps IS
    'those that are known by now, as the API shows them';
COMMENT ON COLUMN diagnosis.compared_at IS
    'when the whole zone began to be fetched to be compared with ours';
COMMENT ON COLUMN diagnosis.compared IS
    'what came of it: {"same", "serial", "primary"}';
CREATE INDEX diagnosis_tenant_id_created_at_ix
    ON diagnosis (tenant_id, created_at);
COMMENT ON INDEX diagnosis_tenant_id_created_at_ix IS
    'for the rate of checks, and pruning by number';
CREATE INDEX diagnosis_tenant_id_zone_id_ix ON diagnosis (tenant_id, zone_id);
COMMENT ON INDEX diagnosis_tenant_id_zone_id_ix IS
    'for the foreign key, one that is under way, and the last comparison';
CREATE INDEX diagnosis_created_at_ix ON diagnosis (created_at);
COMMENT ON INDEX diagnosis_created_at_ix IS 'for pruning by age';
CALL tenant_table_protect('diagnosis', 'tenant_id');
GRANT SELECT, INSERT (tenant_id, zone_id, kind, name, apex, primaries)
    ON diagnosis TO understudy_apid_app, understudy_apid_operator;
GRANT SELECT, DELETE, UPDATE (state, steps, compared_at, compared, finished_at)
    ON diagnosis TO understudy_xferd;

CREATE TABLE diagnosis_destination (
	address inet NOT NULL,
	port integer NOT NULL,
	at timestamptz NOT NULL,
	CONSTRAINT diagnosis_destination_address_port_pk
	    PRIMARY KEY (address, port),
	CONSTRAINT diagnosis_destination_port_ck
	    CHECK (port BETWEEN 1 AND 65535)
) WITH (fillfactor = 70);
COMMENT ON TABLE diagnosis_destination IS
    'when a check of anybody was last sent to an address. No tenant''s; the '
    'functions below are its only readers. Pruned by age';
CREATE INDEX diagnosis_destination_at_ix ON diagnosis_destination (at);
COMMENT ON INDEX diagnosis_destination_at_ix IS 'for pruning';
GRANT SELECT, DELETE ON diagnosis_destination TO understudy_xferd;

-- Whoever comes first has the destination for the gap; others are told how
-- long.  Rows are locked in one order, until the caller's transaction ends.
CREATE FUNCTION diagnosis_visit(addresses inet[], ports integer[],
    gap_s integer)
RETURNS TABLE (address inet, port integer, wait_s integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	dest record;
	was timestamptz;
BEGIN
	FOR dest IN SELECT DISTINCT u.a, u.p
	    FROM unnest($1, $2) AS u (a, p) ORDER BY 1, 2
	LOOP
		INSERT INTO diagnosis_destination AS d (address, port, at)
		VALUES (dest.a, dest.p, clock_timestamp())
		ON CONFLICT (address, port) DO UPDATE
		SET at = clock_timestamp()
		WHERE d.at <= clock_timestamp() - $3 * interval '1 second';
		IF NOT FOUND THEN
			SELECT d.at INTO was FROM diagnosis_destination d
			WHERE d.address = dest.a AND d.port = dest.p;
			address := dest.a;
			port := dest.p;
			wait_s := greatest(1, least($3, ceil(extract(epoch
			    FROM was - clock_timestamp()) + $3)))::integer;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION diagnosis_visit IS
    'may a check go to these addresses now? Returns those that it may not, '
    'because another one (of any tenant) went there less than gap_s ago';
GRANT EXECUTE ON FUNCTION diagnosis_visit TO understudy_xferd;

CREATE FUNCTION diagnosis_admit(tenant uuid, addresses inet[],
    ports integer[], per_minute integer, gap_s integer, keep integer)
RETURNS TABLE (address inet, port integer, wait_s integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	oldest timestamptz;
BEGIN
	-- One at a time of each tenant: the count is exact.
	PERFORM pg_advisory_xact_lock(hashtextextended('diagnosis '
	    || $1::text, 0));
	SELECT d.created_at INTO oldest FROM diagnosis d
	WHERE d.tenant_id = $1
	AND d.created_at > clock_timestamp() - interval '1 minute'
	ORDER BY d.created_at DESC OFFSET greatest($4, 1) - 1 LIMIT 1;
	IF FOUND THEN
		wait_s := greatest(1, ceil(extract(epoch FROM oldest
		    - clock_timestamp()) + 60))::integer;
		RETURN NEXT;
		RETURN;
	END IF;
	RETURN QUERY SELECT * FROM diagnosis_visit($2, $3, $5);
	DELETE FROM diagnosis WHERE id IN (SELECT d.id FROM diagnosis d
	    WHERE d.tenant_id = $1 ORDER BY d.created_at DESC OFFSET $6 - 1);
END
$$;
COMMENT ON FUNCTION diagnosis_admit IS
    'may a tenant have one more check? No row: yes, and there is room for '
    'it. A row without an address: not so many a minute; with one: '
    'diagnosis_visit. The caller rolls back when there is a row';
GRANT EXECUTE ON FUNCTION diagnosis_admit TO understudy_apid_app,
    understudy_apid_operator;

CREATE INDEX zone_event_tenant_id_id_ix ON zone_event (tenant_id, id);
COMMENT ON INDEX zone_event_tenant_id_id_ix IS
    'for the list of all of a tenant''s events';

-- The edges name the zones that are asked for most; the others' counts are
-- not reported.
CREATE FUNCTION zone_busy(zone uuid)
RETURNS TABLE (edge text, seen_at timestamptz, counts jsonb)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT e.name, e.seen_at, (SELECT b - 'zone_id'
	    FROM jsonb_array_elements(CASE
	    WHEN jsonb_typeof(e.counters -> 'busiest') = 'array'
	    THEN e.counters -> 'busiest' ELSE '[]' END) b
	    WHERE b ->> 'zone_id' = z.id::text LIMIT 1)
	FROM zone z CROSS JOIN edge e
	WHERE z.id = zone_busy.zone AND z.tenant_id = nullif(
	    current_setting('understudy.tenant', true), '')::uuid
	ORDER BY e.name
$$;
COMMENT ON FUNCTION zone_busy IS
    'what each edge counted of a zone of the current tenant; counts is null '
    'when the zone is not among those it is asked for most';
GRANT EXECUTE ON FUNCTION zone_busy TO understudy_apid_app,
    understudy_apid_operator;
