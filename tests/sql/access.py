"""Who may do what: verbs of each role, columns, and the tenants' wall."""
import sqllib
from sqllib import A, B

ROLES = ["apid_app", "apid_auth", "apid_operator", "xferd", "dnsd", "mon"]

# What a role may do with a whole table (SIUD) or with some columns (siud),
# for the tables of migrations 0001 to 0009. Everything else is refused.
MAY = {
    "apid_app": """tenant:S token:sIuD tsig_key:sIuD primary_server:SIUD
        zone:SIu zone_primary:SIUD zone_state:S zone_timer:S zone_version:S
        zone_page:S zone_node:S attempt:S job:Si setting:S audit:SI
        schema_migration:S""",
    "apid_auth": "audit:I schema_migration:S",
    "apid_operator": """tenant:SIUD token:sIuD tsig_key:sIuD
        primary_server:SIUD zone:SIUD zone_primary:SIUD setting:SIUD
        zone_state:S zone_timer:S zone_version:S zone_page:S zone_node:S
        attempt:S edge:S job:Si audit:SI schema_migration:S""",
    "xferd": """tenant:S tsig_key:S primary_server:S zone:SuD zone_primary:S
        zone_state:Su zone_timer:Su zone_version:SID zone_page:SIuD
        zone_node:SIuD refresh_batch:SID attempt:SID job:SIUD edge:S
        setting:S audit:I schema_migration:S""",
    "dnsd": """zone_state:s refresh_batch:S feed_mark:S zone_page:s
        zone_node:s schema_migration:S""",
    "mon": "stat_service:S stat_edge:S schema_migration:S",
}
CORE = """tenant token tsig_key primary_server zone zone_primary zone_state
zone_timer refresh_batch zone_version zone_page zone_node attempt job edge
audit setting feed_mark schema_migration stat_service stat_edge""".split()
CALLS = {
    "apid_app": "zone_edges",
    "apid_auth": "token_find",
    "apid_operator": "zone_edges",
    "xferd": "feed_mark_tick refresh_prune attempt_prune",
    "dnsd": "feed_changes edge_report",
    "mon": "",
}
GUARDED = """zone_edges token_find feed_mark_tick refresh_prune attempt_prune
feed_changes edge_report zone_inserted zone_changed""".split()
TENANT_TABLES = """tenant token tsig_key primary_server zone zone_primary
zone_state zone_timer zone_version zone_page zone_node attempt job""".split()


def tests():
    pg = sqllib.fixture()
    later = sqllib.one(pg, "SELECT count(*) FROM schema_migration "
                       "WHERE version BETWEEN 20 AND 39") != "0"

    def verbs(role):
        def test():
            rows = sqllib.psql(pg, """
SELECT c.relname, string_agg(CASE
    WHEN has_table_privilege('understudy_%s', c.oid, v) THEN left(v, 1)
    WHEN v <> 'DELETE' AND has_any_column_privilege('understudy_%s', c.oid, v)
    THEN lower(left(v, 1)) ELSE '' END, '' ORDER BY n)
FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])
    WITH ORDINALITY AS u (v, n)
WHERE c.relname = ANY ('{%s}') AND c.relnamespace = 'public'::regnamespace
GROUP BY 1""" % (role, role, ",".join(CORE)))
            have = {t: v for t, v in rows if v}
            want = dict(x.split(":") for x in MAY[role].split())
            if later and role.startswith("apid"):
                # A later migration may widen a program's own rights, but
                # never take up these.
                for t in ("feed_mark", "refresh_batch"):
                    assert t not in have, t
                assert have.get("audit") in ("I", "SI"), have.get("audit")
                for t, v in want.items():
                    assert set(v) <= set(have.get(t, "")) | set(
                        have.get(t, "").lower()), (t, v, have.get(t))
                return
            assert have == want, {k: (want.get(k), have.get(k))
                                  for k in set(have) | set(want)
                                  if want.get(k) != have.get(k)}
        return test

    def calls():
        for role in ROLES:
            rows = sqllib.psql(pg, """
SELECT proname FROM pg_proc WHERE proname = ANY ('{%s}')
AND has_function_privilege('understudy_%s', oid, 'EXECUTE')"""
                               % (",".join(GUARDED), role))
            have = {r[0] for r in rows}
            if later and role != "mon":
                assert have >= set(CALLS[role].split()), (role, have)
            else:
                assert have == set(CALLS[role].split()), (role, have)

    def no_truncate_or_ownership():
        rows = sqllib.psql(pg, """
SELECT r.rolname, c.relname FROM pg_class c, pg_roles r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
AND r.rolname LIKE 'understudy\\_%' AND r.rolname <> 'understudy_owner'
AND (has_table_privilege(r.oid, c.oid, 'TRUNCATE, TRIGGER, REFERENCES')
    OR c.relowner = r.oid)
UNION ALL SELECT rolname, 'is too strong' FROM pg_roles
WHERE rolname LIKE 'understudy\\_%'
AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb
    OR (rolcanlogin AND rolname = 'understudy_owner'))
UNION ALL SELECT r.rolname, 'may create' FROM pg_roles r
WHERE r.rolname LIKE 'understudy\\_%' AND r.rolname <> 'understudy_owner'
AND has_schema_privilege(r.oid, 'public', 'CREATE')""")
        assert not rows, rows

    def timeouts():
        for role in ROLES:
            rows = sqllib.psql(pg, """
SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
    current_setting('idle_in_transaction_session_timeout')""",
                               "understudy_" + role)
            assert "0" not in rows[0], (role, rows)

    def app(text, tenant):
        return ("SELECT set_config('understudy.tenant', '%s', true) \\g "
                "/dev/null\n" % tenant if tenant is not None else "") + text

    def rows_of(table):
        return "id" if table == "tenant" else "tenant_id"

    def foreign_rows(table):
        column = rows_of(table)

        def test():
            sees = "".join(f"""
	PERFORM set_config('understudy.tenant', '{tenant}', true);
	ASSERT (SELECT count(*) FROM {table} WHERE {column} = '{A}') = {n},
	    'tenant "{tenant}" sees';""" for tenant, n in
                ((A, 1), ("", 0), (B, 0)))
            sqllib.undone(pg, f"""
DO $$ DECLARE n bigint; BEGIN
	-- Never set on this connection.
	ASSERT (SELECT count(*) FROM {table}) = 0, 'without a tenant';
	{sees}
	ASSERT (SELECT count(*) FROM {table} WHERE {column} <> '{B}') = 0,
	    'others are seen';
	-- No row, or no right at all.
	BEGIN
		UPDATE {table} SET {column} = {column}
		WHERE {column} = '{A}';
		GET DIAGNOSTICS n = ROW_COUNT;
		ASSERT n = 0, 'updated';
	EXCEPTION WHEN insufficient_privilege THEN NULL;
	END;
	BEGIN
		DELETE FROM {table} WHERE {column} = '{A}';
		GET DIAGNOSTICS n = ROW_COUNT;
		ASSERT n = 0, 'deleted';
	EXCEPTION WHEN insufficient_privilege THEN NULL;
	END;
END $$""", "understudy_apid_app")
        return test

    def foreign_insert(table):
        def test():
            role = "understudy_apid_app"
            columns = sqllib.one(pg, f"""
SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
AND attidentity = ''
AND has_column_privilege('{role}', attrelid, attnum, 'INSERT')""")
            if not columns:
                return
            # A's row with its own values, inserted while B is the tenant.
            values = sqllib.one(pg, "SELECT concat_ws(', ', " + ", ".join(
                f"quote_nullable({c}::text)" for c in columns.split(", "))
                + f") FROM {table} WHERE {rows_of(table)} = '{A}'")
            e = sqllib.refused(pg, app(f"INSERT INTO {table} ({columns}) "
                                       f"VALUES ({values})", B), role)
            assert e.state == "42501", e
        return test

    def own_rows_work():
        sqllib.undone(pg, app(f"""
INSERT INTO primary_server (tenant_id, name, address)
    VALUES ('{B}', 'second', '2001:db8::1');
INSERT INTO zone (tenant_id, name, apex, state)
    VALUES ('{B}', 'example.net', '\\x076578616d706c65036e657400', 'active');
INSERT INTO zone_primary (zone_id, tenant_id, ordinal, primary_id)
    SELECT z.id, z.tenant_id, 0, p.id FROM zone z, primary_server p
    WHERE z.name = 'example.net' AND p.name = 'second';
INSERT INTO job (tenant_id, zone_id, kind)
    SELECT tenant_id, id, 'refresh' FROM zone WHERE name = 'example.net';
INSERT INTO audit (tenant_id, actor, action) VALUES ('{B}', 'x', 'y');
DO $$ BEGIN
    ASSERT (SELECT count(*) FROM zone_state) = 2;
    ASSERT (SELECT count(*) FROM zone_timer) = 2;
    ASSERT (SELECT s.state FROM zone_state s JOIN zone z ON z.id = s.zone_id
	WHERE z.name = 'example.net') = 'empty';
END $$;
UPDATE zone SET deleted_at = now() WHERE name = 'example.net';
DO $$ BEGIN
    ASSERT (SELECT s.state FROM zone_state s JOIN zone z ON z.id = s.zone_id
	WHERE z.name = 'example.net') = 'deleted';
    ASSERT (SELECT due_at FROM zone_timer t JOIN zone z ON z.id = t.zone_id
	WHERE z.name = 'example.net') = 'infinity';
END $$;
INSERT INTO zone (tenant_id, name, apex)
    VALUES ('{B}', 'example.net', '\\x076578616d706c65036e657400')""", B),
                      "understudy_apid_app")

    def other_tenants_parts_are_refused():
        a = sqllib.ids(A)
        b = sqllib.ids(B)
        role = "understudy_apid_app"
        for text in (
                f"INSERT INTO zone_primary VALUES ('{b['zone']}', '{B}', 1, "
                f"'{a['primary']}')",
                f"UPDATE primary_server SET key_id = '{a['key']}'",
                f"INSERT INTO job (tenant_id, zone_id, kind) VALUES ('{B}', "
                f"'{a['zone']}', 'refresh')"):
            e = sqllib.refused(pg, app(text, B), role)
            assert e.state == "23503", e

    def secrets():
        role = "understudy_apid_app"
        for role in ("understudy_apid_app", "understudy_apid_operator"):
            for text in ("SELECT sealed FROM tsig_key", "SELECT * FROM "
                         "tsig_key", "SELECT hash FROM token",
                         "SELECT 1 FROM tsig_key WHERE sealed = '\\x00'",
                         "UPDATE tsig_key SET fingerprint = encode(sealed, "
                         "'hex')", "DELETE FROM tsig_key RETURNING sealed",
                         "SELECT tsig_key::text FROM tsig_key"):
                e = sqllib.refused(pg, app(text, A), role)
                assert e.state == "42501", e
        sqllib.undone(pg, app("UPDATE tsig_key SET sealed = decode(repeat("
                              "'11', 80), 'hex')", A), "understudy_apid_app")
        rows = sqllib.undone(pg, "SELECT count(sealed) FROM tsig_key",
                             "understudy_xferd")
        assert rows[-1][0] == "2", rows

    def named_refusals():
        for role, text in (
                ("xferd", "SELECT FROM token"),
                ("xferd", "UPDATE zone_page SET body = '\\x00'"),
                ("xferd", "UPDATE zone_state SET stamp = '1'"),
                ("dnsd", "SELECT FROM tsig_key"),
                ("dnsd", "SELECT tenant_id FROM zone_state"),
                ("dnsd", "SELECT FROM zone"),
                ("dnsd", "INSERT INTO edge VALUES ('x', 1, '1')"),
                ("mon", "SELECT FROM zone_state"),
                ("apid_auth", "SELECT FROM token"),
                ("apid_auth", "SELECT FROM tenant"),
                ("xferd", "UPDATE audit SET actor = 'x'"),
                ("apid_operator", "DELETE FROM audit"),
                ("apid_app", "DELETE FROM audit"),
                ("apid_operator", "SELECT FROM feed_mark"),
                ("xferd", "SET ROLE understudy_owner"),
                ("xferd", "CREATE TABLE x (y int)"),
                ("xferd", "CREATE TEMPORARY TABLE x (y int)")):
            e = sqllib.refused(pg, text, "understudy_" + role)
            assert e.state == "42501", (role, text, e)

    def edges_see_live_only():
        zone = sqllib.ids(A)["zone"]
        sqllib.psql(pg, f"""
INSERT INTO zone_page (zone_id, tenant_id, low_key, from_generation,
    to_generation, record_count, digest, body) VALUES ('{zone}', '{A}',
    '\\x0061', 1, 2, 1, {sqllib.DIGEST}, '\\x00');""")
        rows = sqllib.undone(pg, "SELECT count(*) FROM zone_page WHERE "
                             f"zone_id = '{zone}'", "understudy_dnsd")
        assert rows[-1][0] == "1", rows
        sqllib.psql(pg, "DELETE FROM zone_page WHERE low_key = '\\x0061'")

    def mon_reads():
        rows = sqllib.undone(pg, "SELECT tenants, zones_live FROM "
                             "stat_service; SELECT count(*) FROM stat_edge",
                             "understudy_mon")
        assert rows == [["2", "2"], ["1"]], rows

    def token_find():
        hash_a = "decode(repeat('0a', 32), 'hex')"
        find = f"SELECT kind, prefix, tenant_id, name, scopes FROM " \
            f"token_find({hash_a}, '192.0.2.7')"
        role = "understudy_apid_auth"
        rows = sqllib.psql(pg, find, role)
        assert rows == [["tenant", "us_a", A, "", "{*}"]], rows
        assert sqllib.one(pg, "SELECT last_used_at > now() - interval '5 s' "
                          f"FROM token WHERE hash = {hash_a}") == "t"
        assert sqllib.one(pg, "SELECT last_used_from FROM token "
                          f"WHERE hash = {hash_a}") == "192.0.2.7"
        for change in ("revoked_at = now()", "expires_at = now()",
                       "idle_days = 30, last_used_at = now() - interval "
                       "'31 days', created_at = '2020-01-01'",
                       "maker_id = gen_random_uuid()",
                       "hash = decode(repeat('0c', 32), 'hex')"):
            rows = sqllib.undone(pg, f"UPDATE token SET {change} WHERE hash ="
                                 f" {hash_a};{find}")
            assert rows == [], rows
        assert sqllib.undone(pg, f"""
INSERT INTO token (kind, prefix, hash) VALUES ('operator', 'op',
    decode(repeat('0d', 32), 'hex'));
SELECT kind, tenant_id FROM token_find(decode(repeat('0d', 32), 'hex'), NULL)
""") == [["operator", ""]]

    for role in ROLES:
        yield role + " has its verbs and no others", verbs(role)
    yield "functions by role", calls
    yield "no program truncates, owns or creates", no_truncate_or_ownership
    yield "every role has its timeouts", timeouts
    for table in TENANT_TABLES:
        yield f"{table}: a foreign tenant sees and changes 0 rows", \
            foreign_rows(table)
        yield f"{table}: a foreign row cannot be inserted", \
            foreign_insert(table)
    yield "a tenant's own rows work", own_rows_work
    yield "parts of another tenant cannot be referred to", \
        other_tenants_parts_are_refused
    yield "sealed secrets and token hashes cannot be read back", secrets
    yield "refusals by name", named_refusals
    yield "edges see live pages only", edges_see_live_only
    yield "mon reads its views", mon_reads
    yield "token_find answers for good tokens only", token_find
