"""What the parts of tests/sql share: clusters, psql, and a fixture."""
import atexit
import re
import subprocess

PGTEMP = "tests/lib/pgtemp"
_clusters = []


class SqlError(Exception):
    """A statement failed; what psql said."""

    def __init__(self, text):
        super().__init__(text)
        m = re.search(r"CONSTRAINT NAME:\s+(\S+)", text)
        self.constraint = m.group(1) if m else None
        m = re.search(r"ERROR:\s+([0-9A-Z]{5}):", text)
        self.state = m.group(1) if m else None


def start(*args):
    """A cluster; its conninfo."""
    out = subprocess.run([PGTEMP, "start", *args], check=True, text=True,
                         stdout=subprocess.PIPE)
    conninfo = out.stdout.strip()
    _clusters.append(conninfo)
    return conninfo


def stop(conninfo):
    _clusters.remove(conninfo)
    subprocess.run([PGTEMP, "stop", conninfo], check=False)


def stop_all():
    while _clusters:
        stop(_clusters[-1])


atexit.register(stop_all)

_shared = None


def shared():
    """One cluster with the schema for all parts that roll back."""
    global _shared
    if _shared is None or _shared not in _clusters:
        _shared = start("-c", "wal_level=logical")
    return _shared


def as_role(conninfo, role):
    return re.sub(r"user=\S+", "user=" + role, conninfo)


def psql(conninfo, text, role=None):
    """Run a script; the rows of its queries, columns split at |."""
    if role:
        conninfo = as_role(conninfo, role)
    out = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
         "-d", conninfo], input=text, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    if out.returncode != 0:
        raise SqlError(out.stderr)
    return [line.split("|") for line in out.stdout.splitlines()]


def one(conninfo, text, role=None):
    rows = psql(conninfo, text, role)
    return rows[-1][0] if rows else None


def undone(conninfo, text, role=None):
    """The same in a transaction that is rolled back."""
    return psql(conninfo, "BEGIN;\n" + text + ";\nROLLBACK;\n", role)


def refused(conninfo, text, role=None):
    """The error that a script ends with."""
    try:
        undone(conninfo, text, role)
    except SqlError as e:
        return e
    raise AssertionError("was not refused: " + text)


A = "aaaaaaaa-0000-0000-0000-000000000001"
B = "bbbbbbbb-0000-0000-0000-000000000001"


def ids(tenant):
    """The ids of a tenant's objects in the fixture."""
    p = tenant[:8]
    return {n: f"{p}-0000-0000-0000-00000000{i:04x}" for i, n in enumerate(
        ["token", "key", "primary", "zone", "lease"], 16)}


SOA = "'\\x0000" + "00000001" * 5 + "'"
DIGEST = "decode(repeat('ab', 32), 'hex')"


def tenant_rows(tenant, letter):
    """One row in each tenant table."""
    i = ids(tenant)
    return f"""
INSERT INTO tenant (id, name) VALUES ('{tenant}', 'tenant {letter}');
INSERT INTO token (id, tenant_id, prefix, hash) VALUES ('{i["token"]}',
    '{tenant}', 'us_{letter}', decode(repeat('0{letter}', 32), 'hex'));
INSERT INTO tsig_key (id, tenant_id, name, name_wire, algorithm, sealed,
    fingerprint) VALUES ('{i["key"]}', '{tenant}', 'key', '\\x036b657900',
    'hmac-sha256', decode(repeat('00', 80), 'hex'), '0123456789abcdef');
INSERT INTO primary_server (id, tenant_id, name, address, key_id)
    VALUES ('{i["primary"]}', '{tenant}', 'main', '192.0.2.1',
    '{i["key"]}');
INSERT INTO zone (id, tenant_id, name, apex, state) VALUES ('{i["zone"]}',
    '{tenant}', 'example.com', '\\x076578616d706c6503636f6d00', 'active');
INSERT INTO zone_primary (zone_id, tenant_id, ordinal, primary_id)
    VALUES ('{i["zone"]}', '{tenant}', 0, '{i["primary"]}');
UPDATE zone_state SET generation = 1, serial = 5, soa = {SOA},
    root_level = 0, root_digest = {DIGEST}, record_count = 2, page_count = 1,
    loaded_at = now(), checked_at = now(),
    expires_at = now() + interval '1 hour' WHERE zone_id = '{i["zone"]}';
INSERT INTO zone_version (zone_id, tenant_id, generation, serial, soa,
    root_level, root_digest, record_count, page_count, pages_written, mode)
    VALUES ('{i["zone"]}', '{tenant}', 1, 5, {SOA}, 0, {DIGEST}, 2, 1, 1,
    'axfr');
INSERT INTO zone_page (zone_id, tenant_id, low_key, from_generation,
    record_count, digest, body) VALUES ('{i["zone"]}', '{tenant}', '\\x00',
    1, 2, {DIGEST}, '\\x00');
INSERT INTO zone_node (zone_id, tenant_id, level, low_key, from_generation,
    digest, children) VALUES ('{i["zone"]}', '{tenant}', 1, '\\x00', 1,
    {DIGEST}, '\\x00');
INSERT INTO attempt (zone_id, tenant_id, started_at, finished_at, kind,
    outcome) VALUES ('{i["zone"]}', '{tenant}', now(), now(), 'axfr', 'ok');
INSERT INTO job (tenant_id, zone_id, kind) VALUES ('{tenant}',
    '{i["zone"]}', 'refresh');
INSERT INTO audit (tenant_id, actor, action) VALUES ('{tenant}', 'test',
    'zone.create');
"""


FIXTURE = tenant_rows(A, "a") + tenant_rows(B, "b") + f"""
INSERT INTO edge (name, epoch, applied_xmin) VALUES ('e1', 1, '3');
INSERT INTO setting (name, value) VALUES ('a', '1');
INSERT INTO refresh_batch (zone_ids, expires_at)
    VALUES (ARRAY['{ids(A)["zone"]}'::uuid], ARRAY[now()]);
"""


def fixture():
    """A database of the shared cluster that holds the fixture."""
    pg = shared()
    other = pg.replace("dbname=understudy", "dbname=fixture")
    if not psql(pg, "SELECT 1 FROM pg_database WHERE datname = 'fixture'"):
        psql(pg.replace("dbname=understudy", "dbname=postgres"),
             "CREATE DATABASE fixture TEMPLATE understudy")
        psql(pg, "REVOKE ALL ON DATABASE fixture FROM PUBLIC; "
             "GRANT CONNECT ON DATABASE fixture TO PUBLIC")
        psql(other, FIXTURE)
    return other
