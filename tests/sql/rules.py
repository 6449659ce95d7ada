"""The schema keeps the house's rules, and schema.sql shows it."""
import re
import subprocess

import sqllib


def none(pg, query):
    rows = sqllib.psql(pg, query)
    assert not rows, "\n".join(" ".join(r) for r in rows)


OURS = "c.relnamespace = 'public'::regnamespace"


def tests():
    pg = sqllib.shared()

    def schema_sql():
        out = subprocess.run(["sql/dump-schema", pg], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        with open("sql/schema.sql") as f:
            kept = f.read()
        if out != kept:
            diff = subprocess.run(["diff", "-u", "sql/schema.sql", "-"],
                                  input=out, text=True,
                                  stdout=subprocess.PIPE).stdout
            raise AssertionError("run sql/dump-schema --write\n"
                                 + diff[:3000])

    def headers():
        import glob
        for name in sorted(glob.glob("sql/[0-9]*.sql")):
            with open(name) as f:
                head = f.read(2500)
            for word in ("Why:", "Locks:", "Works with:", "Undo:"):
                assert re.search(r"^-- " + word, head, re.M), \
                    f"{name}: no {word} in its header"

    def programs_know_the_version():
        with open("common/db/db_schema.h") as f:
            text = f.read()
        low, high = (int(re.search(rf"DB_SCHEMA_{x} (\d+)", text).group(1))
                     for x in ("MIN", "MAX"))
        last = int(sqllib.one(pg, "SELECT max(version) FROM "
                              "schema_migration"))
        assert low <= last <= high, (low, last, high)

    def comments():
        none(pg, f"""
SELECT 'table', c.relname FROM pg_class c WHERE {OURS}
AND c.relkind IN ('r', 'v') AND c.relname <> 'understudy'
AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL SELECT 'index', c.relname FROM pg_class c WHERE {OURS}
AND c.relkind = 'i' AND obj_description(c.oid, 'pg_class') IS NULL
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
UNION ALL SELECT 'function', p.proname FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
AND obj_description(p.oid, 'pg_proc') IS NULL""")

    def names():
        none(pg, f"""
SELECT c.relname, k.conname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid WHERE {OURS} AND k.conname !~
    ('^' || c.relname || '_[a-z0-9_]+_' || CASE k.contype WHEN 'p' THEN 'pk'
    WHEN 'u' THEN 'uq' WHEN 'f' THEN 'fk' WHEN 'c' THEN 'ck' END || '$')
AND k.contype IN ('p', 'u', 'f', 'c')
UNION ALL
SELECT t.relname, c.relname FROM pg_index i JOIN pg_class c
ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid WHERE {OURS}
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
AND c.relname !~ ('^' || t.relname || '_[a-z0-9_]+_(ix|uq)$')""")

    def types():
        none(pg, f"""
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE {OURS} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
AND (a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype,
    'timestamp'::regtype, 'json'::regtype, 'money'::regtype)
    OR pg_get_expr((SELECT adbin FROM pg_attrdef d WHERE d.adrelid = c.oid
	AND d.adnum = a.attnum), c.oid) LIKE 'nextval%')""")

    def foreign_keys_have_indexes():
        none(pg, f"""
SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c
ON c.oid = k.conrelid WHERE {OURS} AND k.contype = 'f' AND NOT EXISTS (
SELECT FROM pg_index i WHERE i.indrelid = k.conrelid
AND (string_to_array(i.indkey::text, ' ')::smallint[])
    [1:cardinality(k.conkey)] @> k.conkey)
AND (SELECT count(*) FROM unnest(k.conkey)) > 1
AND k.conname NOT IN ('zone_primary_tenant_id_zone_id_fk',
    'zone_state_tenant_id_zone_id_fk', 'zone_timer_tenant_id_zone_id_fk')""")

    def tenant_tables_are_walled():
        none(pg, f"""
SELECT c.relname FROM pg_class c WHERE {OURS} AND c.relkind = 'r'
AND (c.relname = 'tenant' OR EXISTS (SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
    SELECT FROM pg_policy p WHERE p.polrelid = c.oid
    AND p.polroles = ARRAY['understudy_apid_app'::regrole::oid]
    AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL))""")

    def definers_are_closed():
        none(pg, """
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
AND (p.prosecdef AND NOT coalesce(p.proconfig::text, '') ~ 'search_path=pg_c'
    OR p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a
	WHERE a.grantee = 0))""")

    def bodies_are_lz4():
        none(pg, """
SELECT attname FROM pg_attribute WHERE (attrelid, attname) IN (
    ('zone_page'::regclass, 'body'), ('zone_node'::regclass, 'children'))
AND attcompression <> 'l'""")

    yield "schema.sql is what the migrations make", schema_sql
    yield "every migration has its header", headers
    yield "db_schema knows the last migration", programs_know_the_version
    yield "tables, indexes and functions have comments", comments
    yield "constraints and indexes are named by the rule", names
    yield "no varchar, timestamp, json, serial", types
    yield "foreign keys have an index", foreign_keys_have_indexes
    yield "row security is forced on every tenant table", \
        tenant_tables_are_walled
    yield "functions are closed to PUBLIC, definers fix search_path", \
        definers_are_closed
    yield "page and node bodies are lz4", bodies_are_lz4
