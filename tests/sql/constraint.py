"""Every constraint refuses a bad row, by its name."""
import sqllib
from sqllib import A, B, DIGEST, SOA

a, b = sqllib.ids(A), sqllib.ids(B)
Z, T = a["zone"], A
STATE = f"UPDATE zone_state SET {{}} WHERE zone_id = '{Z}'"
TIMER = f"UPDATE zone_timer SET {{}} WHERE zone_id = '{Z}'"
VERSION = f"UPDATE zone_version SET {{}} WHERE zone_id = '{Z}'"
PAGE = f"UPDATE zone_page SET {{}} WHERE zone_id = '{Z}'"
NODE = f"UPDATE zone_node SET {{}} WHERE zone_id = '{Z}'"
ATTEMPT = f"UPDATE attempt SET {{}} WHERE zone_id = '{Z}'"
JOB = f"UPDATE job SET {{}} WHERE zone_id = '{Z}'"
TOKEN = f"UPDATE token SET {{}} WHERE id = '{a['token']}'"
KEY = f"UPDATE tsig_key SET {{}} WHERE id = '{a['key']}'"
PRIMARY = f"UPDATE primary_server SET {{}} WHERE id = '{a['primary']}'"
ZONE = f"UPDATE zone SET {{}} WHERE id = '{Z}'"
EDGE = "UPDATE edge SET {}"
# The audit takes no UPDATE: a copy of a row with one column that is wrong.
AUDIT = ("INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record("
         "a, '{{\"id\": 99999}}' || {})).* FROM audit a LIMIT 1")
GUARD = ("INSERT INTO zone_guard (zone_id, tenant_id, {}) VALUES "
         f"('{Z}', '{A}', {{}})")
HELD = "held_serial, held_reason, held_message, held_at"


def cases():
    """(constraint, statement)"""
    def c(name, template, *changes):
        for change in changes:
            yield name, template.format(change)

    yield from c("tenant_name_uq", "UPDATE tenant SET name = 'x'", "")
    yield from c("tenant_name_ck",
                 f"UPDATE tenant SET name = {{}} WHERE id = '{A}'",
                 "''", "repeat('x', 101)")
    yield from c("tenant_limits_ck", "UPDATE tenant SET limits = '[]'", "")

    again = ("INSERT INTO idempotency_key (tenant_id, key, digest, status) VALUES "
             f"('{A}', {{}})")
    yield "idempotency_key_tenant_id_key_uq", (again + "; " + again).format(
        *["'k', '0123456789abcdef', 201"] * 2)
    yield "idempotency_key_key_ck", again.format("'', '0123456789abcdef', 201")
    yield "idempotency_key_digest_ck", again.format("'k', 'short', 201")
    yield "idempotency_key_status_ck", again.format("'k', '0123456789abcdef', 409")
    yield from c("token_hash_uq", f"UPDATE token SET hash = (SELECT hash FROM "
                 f"token WHERE id = '{b['token']}')", "")
    yield from c("token_hash_ck", TOKEN, "hash = '\\x00'")
    yield from c("token_tenant_id_fk", TOKEN, "tenant_id = gen_random_uuid()")
    yield from c("token_kind_ck", TOKEN, "kind = 'root'")
    yield from c("token_kind_tenant_id_ck", TOKEN, "kind = 'operator'",
                 "tenant_id = NULL")
    yield from c("token_name_ck", TOKEN, "name = repeat('x', 101)")
    yield from c("token_prefix_ck", TOKEN, "prefix = ''",
                 "prefix = repeat('x', 33)")
    yield from c("token_scopes_ck", TOKEN, "scopes = '{}'")
    yield from c("token_zones_ck", TOKEN, "zones = '{}'", "zones = '{NULL}'",
                 "zones = array_fill(gen_random_uuid(), '{65}')")
    yield from c("token_networks_ck", TOKEN, "networks = '{}'",
                 "networks = array_fill('192.0.2.0/24'::cidr, '{33}')")
    yield from c("token_idle_days_ck", TOKEN, "idle_days = 0",
                 "idle_days = 3651")
    yield from c("membership_last_owner_ck", f"""
	INSERT INTO user_account (id, email, password_hash) VALUES
	    ('{A}', 'last@example.net', repeat('x', 40));
	INSERT INTO membership (tenant_id, user_id, role)
	    VALUES ('{A}', '{A}', 'owner');
	UPDATE membership SET role = 'admin' WHERE user_id = '{A}'""", "")
    INVITE = ("INSERT INTO invitation (tenant_id, email, role, hash{}) VALUES "
              f"('{A}', {{}}, {{}}, {{}})")

    def invite(email="'x@y.test'", role="'viewer'", value="'\\x' || repeat("
               "'ab', 32)", more=""):
        return INVITE.format(more.split("=")[0] and ", " + more.split("=")[0],
                             email, role, f"({value})::bytea" + (
                                 ", " + more.split("=")[1] if more else ""))
    yield "invitation_email_ck", invite("'X@y.test'")
    yield "invitation_email_ck", invite("'x'")
    yield "invitation_role_ck", invite(role="'king'")
    yield "invitation_hash_ck", invite(value="'\\x00'")
    yield "invitation_expires_at_ck", invite(more="expires_at=now()")
    yield "invitation_tenant_id_email_uq", invite() + ";" + invite(
        value="'\\x' || repeat('ac', 32)")
    yield "invitation_hash_uq", invite() + ";" + invite("'z@y.test'")
    yield "invitation_tenant_id_fk", invite().replace(A, a["zone"])
    yield "invitation_tenant_id_id_uq", invite() + \
        "; INSERT INTO invitation SELECT * FROM invitation"
    yield "tenant_usage_tenant_id_fk", \
        "INSERT INTO tenant_usage VALUES (gen_random_uuid())"
    yield "tenant_day_transfer_bytes_ck", \
        "INSERT INTO tenant_day VALUES (gen_random_uuid(), now(), -1)"
    yield from c("tenant_usage_records_max_ck", f"""
	UPDATE tenant SET limits = '{{"records": 5}}' WHERE id = '{A}';
	UPDATE zone_state SET record_count = record_count + 100
	WHERE zone_id = '{Z}'""".replace("{", "{{").replace("}", "}}"), "")

    yield from c("tsig_key_tenant_id_id_uq",
                 f"INSERT INTO tsig_key SELECT * FROM tsig_key "
                 f"WHERE id = '{a['key']}'", "")
    yield from c("tsig_key_tenant_id_name_wire_uq",
                 "INSERT INTO tsig_key (tenant_id, name, name_wire, "
                 "algorithm, sealed, fingerprint) SELECT tenant_id, name, "
                 "name_wire, algorithm, sealed, fingerprint FROM tsig_key",
                 "")
    yield from c("tsig_key_tenant_id_fk", "INSERT INTO tsig_key (tenant_id, "
                 "name, name_wire, algorithm, sealed, fingerprint) SELECT "
                 "gen_random_uuid(), name, name_wire, algorithm, sealed, "
                 "fingerprint FROM tsig_key", "")
    yield from c("tsig_key_name_ck", KEY, "name = 'Key'", "name = ''")
    yield from c("tsig_key_name_wire_ck", KEY, "name_wire = '\\x01'",
                 "name_wire = '\\x'")
    yield from c("tsig_key_algorithm_ck", KEY, "algorithm = 'hmac-md5'")
    yield from c("tsig_key_sealed_ck", KEY, "sealed = '\\x00'",
                 "sealed = decode(repeat('00', 1025), 'hex')")
    yield from c("tsig_key_fingerprint_ck", KEY, "fingerprint = 'x'")

    yield from c("primary_server_tenant_id_id_uq", "INSERT INTO primary_server"
                 " SELECT * FROM primary_server", "")
    yield from c("primary_server_tenant_id_name_uq", "INSERT INTO "
                 "primary_server (tenant_id, name, address) SELECT tenant_id,"
                 " name, address FROM primary_server", "")
    yield from c("primary_server_tenant_id_fk", "INSERT INTO primary_server "
                 "(tenant_id, address) VALUES (gen_random_uuid(), "
                 "'192.0.2.1')", "")
    yield from c("primary_server_tenant_id_key_id_fk", PRIMARY,
                 "key_id = gen_random_uuid()", f"key_id = '{b['key']}'")
    yield from c("primary_server_name_ck", PRIMARY, "name = ''")
    yield from c("primary_server_address_ck", PRIMARY,
                 "address = '192.0.2.0/24'", "address = '2001:db8::/64'")
    yield from c("primary_server_port_ck", PRIMARY, "port = 0",
                 "port = 65536")
    yield from c("primary_server_transport_ck", PRIMARY, "transport = 'udp'")

    tls = ("INSERT INTO primary_tls (primary_id, tenant_id, {}) VALUES ("
           f"'{a['primary']}', '{A}', {{}})")

    def tls_case(name, *columns):
        return c(name, "{}", *(tls.format(k, v) for k, v in columns))
    yield from tls_case("primary_tls_primary_id_pk", (
        "name", "'a'); " + tls.format("name", "'b'")[:-1]))
    yield from c("primary_tls_tenant_id_primary_id_fk", "{}",
                 "INSERT INTO primary_tls (primary_id, tenant_id) VALUES "
                 f"('{a['primary']}', '{B}')")
    yield from tls_case("primary_tls_name_ck", ("name", "''"),
                        ("name", "repeat('a', 254)"))
    yield from tls_case("primary_tls_verify_ck", (
        "verify, pins", "'none', decode(repeat('00', 32), 'hex')"))
    yield from tls_case(
        "primary_tls_pins_ck",
        ("verify, pins", "'pin', decode(repeat('00', 31), 'hex')"),
        ("verify, pins", "'pin', decode(repeat('00', 288), 'hex')"),
        ("verify", "'pin'"),
        ("pins", "decode(repeat('00', 32), 'hex')"))
    yield from tls_case("primary_tls_ca_ck", ("ca", "''"),
                        ("ca", "repeat('a', 32769)"))
    yield from tls_case(
        "primary_tls_certificate_ck", ("certificate", "'c'"),
        ("key_id", "gen_random_uuid()"),
        ("certificate, key_id, key_sealed",
         "repeat('a', 16385), gen_random_uuid(), "
         "decode(repeat('00', 49), 'hex')"))
    yield from tls_case("primary_tls_key_sealed_ck", (
        "certificate, key_id, key_sealed", "'c', gen_random_uuid(), "
        "decode(repeat('00', 48), 'hex')"))

    yield from c("zone_tenant_id_id_uq", "INSERT INTO zone SELECT * FROM "
                 "zone", "")
    yield from c("zone_tenant_id_apex_uq", "INSERT INTO zone (tenant_id, "
                 "name, apex) SELECT tenant_id, name, apex FROM zone", "")
    yield from c("zone_tenant_id_fk", "INSERT INTO zone (tenant_id, name, "
                 "apex) SELECT gen_random_uuid(), name, apex FROM zone", "")
    yield from c("zone_name_ck", ZONE, "name = 'Example.com'",
                 "name = 'example.com.'", "name = ''")
    yield from c("zone_apex_ck", ZONE, "apex = '\\x0161'", "apex = '\\x'")
    yield from c("zone_name_apex_ck", ZONE, "name = '.'", "apex = '\\x00'")
    yield from c("zone_state_ck", ZONE, "state = 'served'")
    yield from c("zone_stripes_ck", ZONE, "stripes = 0")
    yield from c("zone_preview_ck", ZONE, "state = 'active', preview = true")
    yield from c("zone_deleted_at_ck",
                 ZONE.format("deleted_at = now()") + ";"
                 + ZONE.format("deleted_at = NULL"), "")

    yield from c("zone_deleted_at_first_ck",
                 f"DELETE FROM zone WHERE id = '{Z}'", "")

    yield from c("zone_primary_zone_id_primary_id_uq", "INSERT INTO "
                 "zone_primary SELECT zone_id, tenant_id, 1, primary_id "
                 "FROM zone_primary", "")
    yield from c("zone_primary_tenant_id_zone_id_fk",
                 f"UPDATE zone_primary SET zone_id = '{b['zone']}', "
                 f"ordinal = 3 WHERE zone_id = '{Z}'", "")
    yield from c("zone_primary_tenant_id_primary_id_fk",
                 f"UPDATE zone_primary SET primary_id = '{b['primary']}' "
                 f"WHERE zone_id = '{Z}'", "")
    yield from c("zone_primary_ordinal_ck", "UPDATE zone_primary SET "
                 "ordinal = {}", "-1", "16")

    yield from c("zone_state_tenant_id_zone_id_fk", "INSERT INTO zone_state "
                 f"(zone_id, tenant_id, apex, stripes) VALUES "
                 f"(gen_random_uuid(), '{T}', '\\x00', 1)", "")
    yield from c("zone_state_identity_ck", STATE, f"tenant_id = '{B}'",
                 "apex = '\\x00'", "zone_id = gen_random_uuid()")
    yield from c("zone_state_generation_rises_ck", STATE, "generation = 0")
    yield from c("zone_state_apex_ck", "INSERT INTO zone_state (zone_id, "
                 f"tenant_id, apex, stripes) VALUES ('{Z}', '{T}', '\\x', 1)",
                 "")
    yield from c("zone_state_state_ck", STATE, "state = 'served'")
    yield from c("zone_state_generation_ck", "INSERT INTO zone_state (zone_id,"
                 f" tenant_id, apex, stripes, generation, serial, soa, "
                 "root_level, root_digest, loaded_at, checked_at, expires_at)"
                 f" VALUES ('{Z}', '{T}', '\\x00', 1, -1, 1, {SOA}, 0, "
                 f"{DIGEST}, now(), now(), now())", "")
    yield from c("zone_state_serial_ck", STATE, "serial = -1",
                 "serial = 4294967296")
    yield from c("zone_state_soa_ck", STATE, "soa = '\\x00'")
    yield from c("zone_state_root_level_ck", STATE, "root_level = -1",
                 "root_level = 8")
    yield from c("zone_state_root_digest_ck", STATE, "root_digest = '\\x00'")
    yield from c("zone_state_counts_ck", STATE, "record_count = -1",
                 "page_count = -1")
    yield from c("zone_state_generation_content_ck", STATE, "serial = NULL",
                 "soa = NULL", "root_level = NULL", "root_digest = NULL",
                 "loaded_at = NULL", "checked_at = NULL", "expires_at = NULL")
    yield from c("zone_state_live_ck", "INSERT INTO zone_state (zone_id, "
                 f"tenant_id, apex, stripes, state) VALUES ('{Z}', '{T}', "
                 "'\\x00', 1, 'live')", "")

    yield from c("zone_timer_tenant_id_zone_id_fk", TIMER,
                 f"tenant_id = '{B}'")
    yield from c("zone_timer_priority_ck", TIMER, "priority = 4")
    yield from c("zone_timer_lease_ck", TIMER,
                 f"lease_owner = '{a['lease']}'", "lease_until = now()")
    yield from c("zone_timer_failures_ck", TIMER, "failures = -1")
    yield from c("zone_timer_serial_hint_ck", TIMER, "serial_hint = -1")
    yield from c("zone_timer_primary_serial_ck", TIMER,
                 "primary_serial = 4294967296")
    yield from c("zone_timer_primary_ordinal_ck", TIMER,
                 "primary_ordinal = 16")
    yield from c("zone_timer_last_error_ck", TIMER,
                 "last_error = repeat('x', 1001)")

    yield from c("zone_timer_noted_ck", TIMER, "noted = 10")
    yield from c("zone_timer_back_ck", TIMER, "back = 'lower'",
                 "back = 'higher', back_serial = 1, back_at = now()")
    yield from c("zone_timer_back_serial_ck", TIMER, "back = 'lower', "
                 "back_serial = 4294967296, back_at = now()")
    yield from c("zone_timer_accept_serial_ck", TIMER, "accept_serial = -1")
    yield from c("zone_timer_differs_ck", TIMER, "differs_serial = 1")
    yield from c("zone_timer_stray_ck", TIMER, "stray_at = now()")
    event = ("INSERT INTO zone_event (tenant_id, zone_id, kind, message) "
             "VALUES ({})")
    yield from c("zone_event_tenant_id_zone_id_fk", event,
                 f"'{B}', '{Z}', 'x', ''")
    yield from c("zone_event_kind_ck", event, f"'{T}', '{Z}', 'X', ''")
    yield from c("zone_event_message_ck", event,
                 f"'{T}', '{Z}', 'x', repeat('x', 1001)")

    yield from c("refresh_batch_zone_ids_ck", "INSERT INTO refresh_batch "
                 "(zone_ids, expires_at) VALUES {}", "('{}', '{}')",
                 "('{NULL}', '{now}')")
    yield from c("refresh_batch_zone_ids_expires_at_ck",
                 "INSERT INTO refresh_batch (zone_ids, expires_at) VALUES "
                 f"('{{{{{Z}}}}}', '{{}}')", "{now,now}", "{NULL}")

    yield from c("zone_version_generation_ck", VERSION, "generation = 0")
    yield from c("zone_version_serial_ck", VERSION, "serial = -1")
    yield from c("zone_version_soa_ck", VERSION, "soa = '\\x00'")
    yield from c("zone_version_root_level_ck", VERSION, "root_level = 8")
    yield from c("zone_version_root_digest_ck", VERSION,
                 "root_digest = '\\x00'")
    yield from c("zone_version_counts_ck", VERSION, "record_count = 0",
                 "page_count = 0", "pages_written = 2")
    yield from c("zone_version_mode_ck", VERSION, "mode = 'ftp'")

    yield from c("zone_page_zone_id_low_key_live_uq",
                 "INSERT INTO zone_page (zone_id, tenant_id, low_key, "
                 "from_generation, record_count, digest, body) SELECT "
                 "zone_id, tenant_id, low_key, 2, record_count, digest, body "
                 "FROM zone_page", "")
    yield from c("zone_page_low_key_ck", PAGE, "low_key = '\\x'")
    yield from c("zone_page_high_key_ck", PAGE, "high_key = '\\x00'",
                 "high_key = decode(repeat('01', 513), 'hex')")
    yield from c("zone_page_from_generation_ck", PAGE, "from_generation = 0")
    yield from c("zone_page_to_generation_ck", PAGE, "to_generation = 1")
    yield from c("zone_page_record_count_ck", PAGE, "record_count = -1")
    yield from c("zone_page_digest_ck", PAGE, "digest = '\\x00'")
    yield from c("zone_page_body_ck", PAGE, "body = '\\x'",
                 "body = decode(repeat('00', 262145), 'hex')")

    yield from c("zone_node_zone_id_level_low_key_live_uq",
                 "INSERT INTO zone_node (zone_id, tenant_id, level, low_key, "
                 "from_generation, digest, children) SELECT zone_id, "
                 "tenant_id, level, low_key, 2, digest, children FROM "
                 "zone_node", "")
    yield from c("zone_node_level_ck", NODE, "level = 0", "level = 8")
    yield from c("zone_node_low_key_ck", NODE, "low_key = '\\x'")
    yield from c("zone_node_high_key_ck", NODE, "high_key = '\\x00'")
    yield from c("zone_node_from_generation_ck", NODE, "from_generation = 0")
    yield from c("zone_node_to_generation_ck", NODE, "to_generation = 1")
    yield from c("zone_node_digest_ck", NODE, "digest = '\\x00'")
    yield from c("zone_node_children_ck", NODE, "children = '\\x'")

    yield from c("attempt_kind_ck", ATTEMPT, "kind = 'ping'")
    yield from c("attempt_primary_port_ck", ATTEMPT, "primary_port = 65536")
    yield from c("attempt_transport_ck", ATTEMPT, "transport = 'sctp'")
    yield from c("attempt_outcome_ck", ATTEMPT, "outcome = 'maybe'")
    yield from c("attempt_reason_ck", ATTEMPT, "reason = repeat('x', 65)")
    yield from c("attempt_message_ck", ATTEMPT,
                 "message = repeat('x', 1001)")
    yield from c("attempt_serials_ck", ATTEMPT, "serial_before = -1",
                 "serial_after = -1", "primary_serial = 4294967296")
    yield from c("attempt_generation_ck", ATTEMPT, "generation = 0")
    yield from c("attempt_codes_ck", ATTEMPT, "rcode = 4096", "ede = 65536",
                 "tsig_error = -1")
    yield from c("attempt_finished_at_ck", ATTEMPT,
                 "finished_at = started_at - interval '1 ms'")
    yield from c("attempt_details_ck", ATTEMPT, "details = '[]'")

    yield from c("job_tenant_id_fk", "INSERT INTO job (tenant_id, kind) "
                 "VALUES (gen_random_uuid(), 'mail')", "")
    yield from c("job_tenant_id_zone_id_fk", JOB, f"tenant_id = '{B}'")
    yield from c("job_kind_ck", JOB, "kind = 'dance'")
    yield from c("job_kind_zone_id_ck", JOB, "zone_id = NULL")
    yield from c("job_state_ck", JOB, "state = 'lost'")
    yield from c("job_lease_ck", JOB, "state = 'running'",
                 f"lease_owner = '{a['lease']}'", "lease_until = now()")
    yield from c("job_finished_at_ck", JOB, "state = 'done'",
                 "finished_at = now()")
    yield from c("job_tries_ck", JOB, "tries = 101")
    yield from c("job_payload_ck", JOB, "payload = '[]'")
    yield from c("job_result_ck", JOB, "result = '[]'")

    yield from c("edge_name_ck", EDGE, "name = ''",
                 "name = repeat('x', 64)")
    def g(name, columns, *values):
        for v in values:
            yield name, GUARD.format(columns, v)

    yield from g("zone_guard_tenant_id_zone_id_fk", "keep_ns",
                 "true), (gen_random_uuid(), gen_random_uuid(), true")
    yield from g("zone_guard_removed_ck", "removed_percent_max", "-1", "100")
    yield from g("zone_guard_removed_ck", "removed_names_min", "-1")
    yield from g("zone_guard_zonemd_ck", "zonemd", "'maybe'")
    yield from g("zone_guard_dnssec_ck", "dnssec", "'maybe'")
    yield from g("zone_guard_trust_anchors_ck", "trust_anchors",
                 "array_fill('x'::text, '{9}')", "'{NULL}'",
                 "ARRAY[repeat('x', 2001)]")
    yield from g("zone_guard_signature_hours_min_ck", "signature_hours_min",
                 "-1", "8761")
    yield from g("zone_guard_held_expire_ck", "held_expire", "'never'")
    yield from g("zone_guard_held_serial_ck", HELD,
                 "4294967296, 'x', 'x', now()", "-1, 'x', 'x', now()")
    yield from g("zone_guard_held_ck", "held_serial", "1")
    yield from g("zone_guard_held_ck", "held_reason", "'x'")
    yield from g("zone_guard_held_ck", "held_at", "now()")
    yield from g("zone_guard_held_ck", "held_message", "'x'")
    yield from g("zone_guard_held_ck", "held_accepted", "true")
    yield from g("zone_guard_held_digest_ck", HELD + ", held_digest",
                 "1, 'x', 'x', now(), '\\x00'")
    yield from g("zone_guard_held_text_ck", HELD,
                 "1, repeat('x', 65), 'x', now()",
                 "1, 'x', repeat('x', 1001), now()")
    yield from g("zone_guard_pin_ck", "pin_generation", "1")
    yield from g("zone_guard_pin_ck", "pin_generation, pin_at", "0, now()")
    yield from g("zone_guard_pin_ck", "pin_applied", "1")

    yield from c("edge_exceptions_ck", EDGE, "exceptions = '{{}}'".format())
    yield from c("edge_counters_ck", EDGE, "counters = '[]'")

    def wrong(column, value):
        return f"jsonb_build_object('{column}', {value})"
    yield from c("audit_actor_ck", AUDIT, wrong("actor", "''"))
    yield from c("audit_action_ck", AUDIT, wrong("action", "''"))
    yield from c("audit_object_ck", AUDIT,
                 wrong("object", "repeat('x', 1101)"))
    yield from c("audit_reason_ck", AUDIT,
                 wrong("reason", "repeat('x', 1001)"))
    yield from c("audit_details_ck", AUDIT, wrong("details", "1"))
    yield from c("audit_actor_kind_ck", AUDIT, wrong("actor_kind", "'god'"))
    yield from c("audit_actor_name_ck", AUDIT,
                 wrong("actor_name", "repeat('x', 301)"))
    yield from c("audit_request_ck", AUDIT,
                 wrong("request", "repeat('x', 101)"))
    big = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 9000) n)"
    yield from c("audit_before_ck", AUDIT, wrong("before", big))
    yield from c("audit_after_ck", AUDIT, wrong("after", big))
    for table in ("tenant", "zone"):
        yield from c(table + "_suspended_ck", f"UPDATE {table} SET {{}}",
                     "suspended_by = 'x'", "suspended_reason = 'x'")
        yield from c(table + "_suspended_text_ck", f"UPDATE {table} SET "
                     "suspended_at = now(), {}",
                     "suspended_by = repeat('x', 301)",
                     "suspended_reason = repeat('x', 1001)")
    yield from c("setting_name_ck", "UPDATE setting SET name = 'A b'", "")
    yield from c("feed_mark_id_ck", "UPDATE feed_mark SET id = false", "")


TABLES = """tenant token tsig_key primary_server zone zone_primary zone_state
zone_timer refresh_batch zone_version zone_page zone_node attempt job edge
audit setting feed_mark zone_guard invitation tenant_usage tenant_day""".split()


def tests():
    pg = sqllib.fixture()
    seen = {}
    for name, statement in cases():
        seen.setdefault(name, []).append(statement)

    def complete():
        names = sqllib.psql(pg, """
SELECT k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype IN ('c', 'u', 'f') AND c.relname = ANY ('{%s}')
UNION SELECT i.indexrelid::regclass::text FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid WHERE i.indisunique
AND NOT i.indisprimary AND c.relname = ANY ('{%s}')"""
                            % ((",".join(TABLES),) * 2))
        lost = sorted({n[0] for n in names} - set(seen))
        assert not lost, "no case for " + " ".join(lost)

    # All cases in one session, each in a block of its own that is undone.
    script = ["CREATE TEMPORARY TABLE result (n integer, name text, "
              "state text, message text);"]
    todo = list(cases())
    for n, (name, statement) in enumerate(todo):
        script.append(f"""
DO $case$ DECLARE c text; s text; m text; BEGIN
	BEGIN
		{statement};
		RAISE EXCEPTION 'was not refused';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME,
		    s = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
	END;
	INSERT INTO result VALUES ({n}, c, s, m);
END $case$;""")
    script.append("SELECT n, name, state, message FROM result ORDER BY n;")
    rows = sqllib.psql(pg, "\n".join(script))

    yield "there is a case for each", complete
    for name in seen:
        def refuses(name=name):
            for n, (wanted, statement) in enumerate(todo):
                if wanted == name:
                    _, have, state, message = rows[n][:4]
                    assert have == name or (name.endswith("_id_uq")
                                            and state == "23505"), \
                        f"{statement}\n{have} {state} {message}"
        yield name, refuses
