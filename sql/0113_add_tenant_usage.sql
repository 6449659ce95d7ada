-- 0113_add_tenant_usage.sql: what a tenant uses of its limits.
--
-- Why:        two limits cannot be counted when they are asked for: records
--             (a sum over all zones) and bytes transferred today.
-- Locks:      SHARE on zone_state while it is summed up.
-- Works with: older programs: the triggers count for them.
-- Undo:       drop the triggers, the functions, the tables.

CREATE TABLE tenant_usage (
	tenant_id uuid NOT NULL,
	records bigint NOT NULL DEFAULT 0,
	CONSTRAINT tenant_usage_tenant_id_pk PRIMARY KEY (tenant_id),
	CONSTRAINT tenant_usage_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE tenant_usage IS
    'running totals of a tenant, kept by triggers; the row is the lock under '
    'which they are compared with the limit';
COMMENT ON COLUMN tenant_usage.records IS
    'of what is stored of all zones that are not deleted';
CALL tenant_table_protect('tenant_usage', 'tenant_id');

CREATE TABLE tenant_day (
	tenant_id uuid NOT NULL,
	day date NOT NULL,
	transfer_bytes bigint NOT NULL DEFAULT 0,
	CONSTRAINT tenant_day_tenant_id_day_pk PRIMARY KEY (tenant_id, day),
	CONSTRAINT tenant_day_transfer_bytes_ck CHECK (transfer_bytes >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE tenant_day IS
    'what a tenant''s transfers took, by day (UTC), for two months. No '
    'foreign key: attempts outlive their tenant by a moment';
COMMENT ON COLUMN tenant_day.transfer_bytes IS
    'received in AXFR and IXFR, good or not, in bytes of DNS messages';
CALL tenant_table_protect('tenant_day', 'tenant_id');

INSERT INTO tenant_usage (tenant_id, records)
SELECT n.id, coalesce((SELECT sum(s.record_count) FROM zone_state s
    WHERE s.tenant_id = n.id AND s.state <> 'deleted'), 0) FROM tenant n;

CREATE FUNCTION tenant_created() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO tenant_usage (tenant_id) VALUES (NEW.id);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION tenant_created IS 'every tenant has its totals';
CREATE TRIGGER tenant_created AFTER INSERT ON tenant
    FOR EACH ROW EXECUTE FUNCTION tenant_created();

-- understudy.records_max is the configured limit, set by who publishes.
CREATE FUNCTION tenant_records_add(tenants uuid[], growths bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	r record;
	total bigint;
	most bigint;
BEGIN
	-- In order, so that two publishers do not wait for each other.
	FOR r IN SELECT t.id, t.growth FROM unnest(tenants, growths)
	    AS t (id, growth) WHERE t.growth <> 0 ORDER BY t.id
	LOOP
		UPDATE tenant_usage u SET records = u.records + r.growth
		WHERE u.tenant_id = r.id RETURNING u.records INTO total;
		CONTINUE WHEN NOT FOUND OR r.growth < 0;
		SELECT coalesce((n.limits ->> 'records')::bigint,
		    nullif(current_setting('understudy.records_max', true),
		    '')::bigint) INTO most FROM tenant n WHERE n.id = r.id;
		IF total > most THEN
			RAISE EXCEPTION 'tenant % would have % of % records',
			    r.id, total, most USING ERRCODE =
			    'check_violation', CONSTRAINT =
			    'tenant_usage_records_max_ck';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION tenant_records_add IS
    'move the totals; one that grows beyond its limit is refused';

CREATE FUNCTION zone_records_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	tenants uuid[];
	growths bigint[];
BEGIN
	IF TG_OP = 'UPDATE' THEN
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT n.tenant_id, sum(
			CASE WHEN n.state = 'deleted' THEN 0
			    ELSE n.record_count END
			- CASE WHEN o.state = 'deleted' THEN 0
			    ELSE o.record_count END)::bigint AS growth
		    FROM now_rows n JOIN old_rows o ON o.zone_id = n.zone_id
		    GROUP BY n.tenant_id) x WHERE x.growth <> 0;
	ELSIF TG_OP = 'INSERT' THEN
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT n.tenant_id,
		    sum(n.record_count)::bigint AS growth FROM now_rows n
		    WHERE n.state <> 'deleted' AND n.record_count > 0
		    GROUP BY n.tenant_id) x;
	ELSE
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT o.tenant_id,
		    -sum(o.record_count)::bigint AS growth FROM old_rows o
		    WHERE o.state <> 'deleted' AND o.record_count > 0
		    GROUP BY o.tenant_id) x;
	END IF;
	IF tenants IS NOT NULL THEN
		PERFORM tenant_records_add(tenants, growths);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_records_changed IS
    'carry what zones hold to the totals of their tenants';
CREATE TRIGGER zone_records_inserted AFTER INSERT ON zone_state
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_records_changed();
CREATE TRIGGER zone_records_changed AFTER UPDATE ON zone_state
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_records_changed();
CREATE TRIGGER zone_records_removed AFTER DELETE ON zone_state
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_records_changed();

CREATE FUNCTION attempt_counted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
	IF NOT EXISTS (SELECT FROM added a WHERE a.bytes > 0
	    AND a.kind IN ('axfr', 'ixfr')) THEN
		RETURN NULL;
	END IF;
	INSERT INTO tenant_day AS d (tenant_id, day, transfer_bytes)
	SELECT a.tenant_id, today, sum(a.bytes) FROM added a
	WHERE a.bytes > 0 AND a.kind IN ('axfr', 'ixfr')
	GROUP BY a.tenant_id ORDER BY a.tenant_id
	ON CONFLICT ON CONSTRAINT tenant_day_tenant_id_day_pk DO UPDATE
	SET transfer_bytes = d.transfer_bytes + excluded.transfer_bytes;
	DELETE FROM tenant_day d USING added a
	WHERE d.tenant_id = a.tenant_id AND d.day < today - 62;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION attempt_counted IS 'count what transfers took';
CREATE TRIGGER attempt_counted AFTER INSERT ON attempt
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION attempt_counted();

GRANT SELECT ON tenant_usage, tenant_day
    TO understudy_apid_app, understudy_apid_operator, understudy_xferd;
