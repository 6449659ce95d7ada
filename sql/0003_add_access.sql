-- 0003_add_access.sql: who may do what.
--
-- Why:        one role per program with only its verbs; row security is the
--             second wall between tenants, behind apid's own WHERE.
-- Locks:      ACCESS EXCLUSIVE on the tenant tables for a moment.
-- Works with: every program from the first release on.
-- Undo:       revoke, drop the policies, DISABLE ROW LEVEL SECURITY.

ALTER DEFAULT PRIVILEGES FOR ROLE understudy_owner
    REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;

-- ------------------------------------------------------------ row security

CREATE PROCEDURE tenant_table_protect(t regclass, tenant_column name)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
	EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
	EXECUTE format('CREATE POLICY %I ON %s TO understudy_apid_app '
	    'USING (%I = nullif(current_setting(''understudy.tenant'', true), '
	    ''''')::uuid) WITH CHECK (%I = nullif(current_setting('
	    '''understudy.tenant'', true), '''')::uuid)',
	    t || '_tenant_rls', t, tenant_column, tenant_column);
	EXECUTE format('CREATE POLICY %I ON %s TO understudy_owner, '
	    'understudy_apid_operator, understudy_xferd '
	    'USING (true) WITH CHECK (true)', t || '_trusted_rls', t);
END
$$;
COMMENT ON PROCEDURE tenant_table_protect IS
    'for migrations: force row security on a tenant''s table. apid_app sees '
    'the rows of understudy.tenant only; an unset or emptied setting sees '
    'none. Grants are still needed, and decide for the other roles';

CALL tenant_table_protect('tenant', 'id');
CALL tenant_table_protect('token', 'tenant_id');
CALL tenant_table_protect('tsig_key', 'tenant_id');
CALL tenant_table_protect('primary_server', 'tenant_id');
CALL tenant_table_protect('zone', 'tenant_id');
CALL tenant_table_protect('zone_primary', 'tenant_id');
CALL tenant_table_protect('zone_state', 'tenant_id');
CALL tenant_table_protect('zone_timer', 'tenant_id');
CALL tenant_table_protect('zone_version', 'tenant_id');
CALL tenant_table_protect('zone_page', 'tenant_id');
CALL tenant_table_protect('zone_node', 'tenant_id');
CALL tenant_table_protect('attempt', 'tenant_id');
CALL tenant_table_protect('job', 'tenant_id');
CALL tenant_table_protect('audit', 'tenant_id');

-- Edges see what is live and nothing of the past.
CREATE POLICY zone_state_edge_rls ON zone_state FOR SELECT
    TO understudy_dnsd USING (true);
CREATE POLICY zone_page_edge_rls ON zone_page FOR SELECT
    TO understudy_dnsd USING (to_generation IS NULL);
CREATE POLICY zone_node_edge_rls ON zone_node FOR SELECT
    TO understudy_dnsd USING (to_generation IS NULL);

-- ------------------------------------------------------------ everybody

GRANT SELECT ON schema_migration TO PUBLIC;
GRANT INSERT ON audit TO understudy_apid_app, understudy_apid_auth,
    understudy_apid_operator, understudy_xferd;
CREATE POLICY audit_auth_rls ON audit FOR INSERT
    TO understudy_apid_auth WITH CHECK (true);

-- ------------------------------------------------------------ apid_app

GRANT SELECT ON tenant TO understudy_apid_app;
GRANT SELECT (id, tenant_id, kind, name, prefix, scopes, created_at,
    expires_at, last_used_at, revoked_at), INSERT,
    UPDATE (name, scopes, expires_at, revoked_at), DELETE
    ON token TO understudy_apid_app;
GRANT SELECT (id, tenant_id, name, name_wire, algorithm, fingerprint,
    created_at, changed_at), INSERT,
    UPDATE (name, name_wire, algorithm, sealed, fingerprint, changed_at),
    DELETE ON tsig_key TO understudy_apid_app;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON primary_server, zone_primary TO understudy_apid_app;
GRANT SELECT, INSERT, UPDATE (changed_at, deleted_at)
    ON zone TO understudy_apid_app;
GRANT SELECT ON zone_state, zone_timer, zone_version, zone_page, zone_node,
    attempt, setting TO understudy_apid_app;
GRANT SELECT, INSERT (tenant_id, zone_id, kind, payload)
    ON job TO understudy_apid_app;
GRANT EXECUTE ON FUNCTION zone_edges TO understudy_apid_app;

-- ------------------------------------------------------------ apid_auth

CREATE FUNCTION token_find(hash bytea)
RETURNS TABLE (
	token_id uuid,
	kind text,
	prefix text,
	scopes text[],
	expires_at timestamptz,
	tenant_id uuid,
	tenant_name text,
	tenant_limits jsonb,
	tenant_suspended_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	found_id uuid;
	used timestamptz;
BEGIN
	SELECT t.id, t.last_used_at INTO found_id, used FROM token t
	WHERE t.hash = $1 AND t.revoked_at IS NULL
	AND (t.expires_at IS NULL OR t.expires_at > now());
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF used IS NULL OR used < now() - interval '1 minute' THEN
		-- Never wait for another request that notes the same.
		UPDATE token t SET last_used_at = now() WHERE t.id = (
			SELECT k.id FROM token k WHERE k.id = found_id
			FOR NO KEY UPDATE SKIP LOCKED);
	END IF;
	RETURN QUERY
	SELECT t.id, t.kind, t.prefix, t.scopes, t.expires_at, t.tenant_id,
	    n.name, n.limits, n.suspended_at
	FROM token t LEFT JOIN tenant n ON n.id = t.tenant_id
	WHERE t.id = found_id;
END
$$;
COMMENT ON FUNCTION token_find IS
    'who a bearer token is, by the keyed hash of its secret; no row when '
    'unknown, revoked or expired';
GRANT EXECUTE ON FUNCTION token_find TO understudy_apid_auth;

-- ------------------------------------------------------------ apid_operator

GRANT SELECT, INSERT, UPDATE, DELETE ON tenant, primary_server, zone,
    zone_primary, setting TO understudy_apid_operator;
GRANT SELECT (id, tenant_id, kind, name, prefix, scopes, created_at,
    expires_at, last_used_at, revoked_at), INSERT,
    UPDATE (name, scopes, expires_at, revoked_at), DELETE
    ON token TO understudy_apid_operator;
GRANT SELECT (id, tenant_id, name, name_wire, algorithm, fingerprint,
    created_at, changed_at), INSERT,
    UPDATE (name, name_wire, algorithm, sealed, fingerprint, changed_at),
    DELETE ON tsig_key TO understudy_apid_operator;
GRANT SELECT ON zone_state, zone_timer, zone_version, zone_page, zone_node,
    attempt, edge TO understudy_apid_operator;
GRANT SELECT, INSERT (tenant_id, zone_id, kind, payload)
    ON job TO understudy_apid_operator;
GRANT EXECUTE ON FUNCTION zone_edges TO understudy_apid_operator;

-- ------------------------------------------------------------ xferd

GRANT SELECT ON tenant, tsig_key, primary_server, zone_primary, edge, setting
    TO understudy_xferd;
GRANT SELECT, UPDATE (state, stripes, changed_at), DELETE
    ON zone TO understudy_xferd;
GRANT SELECT, UPDATE (generation, serial, soa, root_level, root_digest,
    record_count, page_count, loaded_at, checked_at, expires_at, state)
    ON zone_state TO understudy_xferd;
GRANT SELECT, UPDATE (due_at, priority, lease_owner, lease_until, failures,
    serial_hint, retransfer, primary_ordinal, primary_serial, checked_at,
    expires_at, last_error, last_error_at)
    ON zone_timer TO understudy_xferd;
GRANT SELECT, INSERT, DELETE ON zone_version TO understudy_xferd;
GRANT SELECT, INSERT, UPDATE (to_generation), DELETE
    ON zone_page, zone_node TO understudy_xferd;
GRANT SELECT, INSERT, DELETE ON refresh_batch TO understudy_xferd;
GRANT SELECT, INSERT, DELETE ON attempt TO understudy_xferd;
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO understudy_xferd;
GRANT EXECUTE ON FUNCTION feed_mark_tick, refresh_prune, attempt_prune
    TO understudy_xferd;

-- ------------------------------------------------------------ dnsd

GRANT SELECT (zone_id, apex, stripes, state, generation, serial, soa,
    root_level, root_digest, record_count, page_count, loaded_at, checked_at,
    expires_at, stamp) ON zone_state TO understudy_dnsd;
GRANT SELECT ON refresh_batch, feed_mark TO understudy_dnsd;
GRANT SELECT (zone_id, low_key, high_key, from_generation, to_generation,
    record_count, digest, body) ON zone_page TO understudy_dnsd;
GRANT SELECT (zone_id, level, low_key, high_key, from_generation,
    to_generation, digest, children) ON zone_node TO understudy_dnsd;
GRANT EXECUTE ON FUNCTION feed_timeline, feed_changes, edge_report
    TO understudy_dnsd;

-- ------------------------------------------------------------ mon

CREATE VIEW stat_service AS
SELECT
	(SELECT count(*) FROM tenant) AS tenants,
	(SELECT count(*) FROM zone_state WHERE state = 'live') AS zones_live,
	(SELECT count(*) FROM zone_state WHERE state = 'empty') AS zones_empty,
	(SELECT count(*) FROM zone_state WHERE state = 'withdrawn')
	    AS zones_withdrawn,
	(SELECT coalesce(sum(record_count), 0)::bigint FROM zone_state
	    WHERE state = 'live') AS records,
	(SELECT count(*) FROM zone_timer WHERE due_at < now()) AS zones_due,
	(SELECT coalesce(max(extract(epoch FROM now() - due_at)), 0)::bigint
	    FROM zone_timer WHERE due_at < now()) AS due_age_s,
	(SELECT count(*) FROM zone_timer WHERE failures > 0) AS zones_failing,
	(SELECT count(*) FROM job WHERE state = 'queued') AS jobs_queued,
	(SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)
	    ::bigint FROM pg_stat_activity
	    WHERE backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
	    AS oldest_transaction_s;
COMMENT ON VIEW stat_service IS
    'one row of figures for monitoring; oldest_transaction_s is what holds '
    'back the feed''s horizon';
COMMENT ON COLUMN stat_service.due_age_s IS 'of the longest waiting, seconds';
CREATE VIEW stat_edge AS
SELECT name, epoch, seen_at,
	extract(epoch FROM now() - seen_at)::bigint AS silent_s,
	jsonb_array_length(exceptions) AS exceptions,
	(SELECT count(*) FROM zone_state s WHERE s.stamp >= e.applied_xmin)
	    AS zones_behind
FROM edge e;
COMMENT ON VIEW stat_edge IS 'how far each edge is';
COMMENT ON COLUMN stat_edge.silent_s IS 'seconds since its last report';
GRANT SELECT ON stat_service, stat_edge TO understudy_mon;
