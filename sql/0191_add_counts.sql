-- 0191_add_counts.sql: how many zones a tenant has, without counting them.
--
-- Why:        each creation asks whether there is room; counting 100,000
--             index entries for it took longer than the creation.
-- Locks:      SHARE ROW EXCLUSIVE on zone while the triggers are made.
-- Works with: every program from the first release on.
-- Undo:       DROP TABLE tenant_count; drop the three triggers.

CREATE TABLE tenant_count (
	tenant_id uuid NOT NULL,
	zones bigint NOT NULL DEFAULT 0,
	CONSTRAINT tenant_count_tenant_id_pk PRIMARY KEY (tenant_id),
	CONSTRAINT tenant_count_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT tenant_count_zones_ck CHECK (zones >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE tenant_count IS
    'what a tenant has, kept by triggers. The row is locked until the end of '
    'the transaction that changes it: creations of one tenant wait for each '
    'other, and the count that they see is exact';
COMMENT ON COLUMN tenant_count.zones IS 'claims that are not deleted';
CALL tenant_table_protect('tenant_count', 'tenant_id');
GRANT SELECT ON tenant_count TO understudy_apid_app, understudy_apid_operator;

INSERT INTO tenant_count (tenant_id, zones)
SELECT tenant_id, count(*) FROM zone WHERE deleted_at IS NULL
GROUP BY tenant_id;

CREATE FUNCTION zone_counted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO tenant_count AS u (tenant_id, zones)
		SELECT tenant_id, count(*) FROM new_rows
		WHERE deleted_at IS NULL GROUP BY tenant_id ORDER BY tenant_id
		ON CONFLICT (tenant_id)
		DO UPDATE SET zones = u.zones + excluded.zones;
	ELSIF TG_OP = 'DELETE' THEN
		UPDATE tenant_count u SET zones = u.zones - d.n
		FROM (SELECT tenant_id, count(*) AS n FROM old_rows
		    WHERE deleted_at IS NULL GROUP BY tenant_id) d
		WHERE u.tenant_id = d.tenant_id;
	ELSE
		UPDATE tenant_count u SET zones = u.zones + d.n
		FROM (SELECT n.tenant_id,
			sum((n.deleted_at IS NULL)::integer
			    - (o.deleted_at IS NULL)::integer) AS n
		    FROM new_rows n JOIN old_rows o USING (id)
		    WHERE (n.deleted_at IS NULL) <> (o.deleted_at IS NULL)
		    GROUP BY n.tenant_id) d
		WHERE u.tenant_id = d.tenant_id;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_counted IS 'keep tenant_count.zones';
CREATE TRIGGER zone_counted_insert AFTER INSERT ON zone
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_counted();
CREATE TRIGGER zone_counted_update AFTER UPDATE ON zone
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_counted();
CREATE TRIGGER zone_counted_delete AFTER DELETE ON zone
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION zone_counted();
