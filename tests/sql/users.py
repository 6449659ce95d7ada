"""People: what the rows refuse, what roles may not see, what a function does once."""
import sqllib
from sqllib import A, B

ANN = "aaaaaaaa-0000-0000-0000-0000000000f1"
BOB = "bbbbbbbb-0000-0000-0000-0000000000f2"
OPS = "cccccccc-0000-0000-0000-0000000000f3"
HASH = "decode(repeat('%02x', 32), 'hex')"
ROWS = f"""
INSERT INTO user_account (id, email, staff, password_hash) VALUES
    ('{ANN}', 'ann@example.com', false, repeat('x', 60)),
    ('{BOB}', 'bob@example.com', false, NULL),
    ('{OPS}', 'ops@example.com', true, repeat('y', 60));
INSERT INTO membership (tenant_id, user_id, role) VALUES
    ('{A}', '{ANN}', 'owner'), ('{B}', '{BOB}', 'owner');
INSERT INTO session (hash, user_id, tenant_id, expires_at) VALUES
    ({HASH % 1}, '{ANN}', NULL, now() + interval '1 hour');
INSERT INTO one_time_link (hash, purpose, user_id, email, expires_at) VALUES
    ({HASH % 2}, 'reset', '{ANN}', 'ann@example.com', now() + interval '1 hour');
INSERT INTO recovery_code (user_id, hash) VALUES ('{ANN}', {HASH % 3});
"""
USER = f"UPDATE user_account SET {{}} WHERE id = '{ANN}'"
SESSION = f"UPDATE session SET {{}} WHERE user_id = '{ANN}'"
LINK = f"UPDATE one_time_link SET {{}} WHERE user_id = '{ANN}'"

REFUSED = [
    ("user_account_email_uq", USER, ["email = 'bob@example.com'"]),
    ("user_account_email_ck", USER, ["email = 'Ann@example.com'", "email = 'ann'", "email = 'a b@x.com'",
                                     "email = repeat('a', 180) || '@example.com'"]),
    ("user_account_name_ck", USER, ["name = repeat('x', 101)"]),
    ("user_account_password_hash_ck", USER, ["password_hash = 'short'"]),
    ("user_account_totp_sealed_ck", USER, ["totp_sealed = '\\x00'"]),
    ("user_account_totp_enabled_at_ck", USER, ["totp_enabled_at = now()"]),
    ("user_account_totp_step_ck", USER, ["totp_step = -1"]),
    ("membership_user_id_user_staff_fk", "INSERT INTO membership (tenant_id, user_id, role) VALUES "
     f"('{A}', '{OPS}', 'owner'){{}}", [""]),
    ("membership_user_id_user_staff_fk", USER, ["staff = true"]),
    ("membership_user_staff_ck", "INSERT INTO membership (tenant_id, user_id, user_staff, role) VALUES "
     f"('{A}', '{OPS}', true, 'owner'){{}}", [""]),
    ("membership_role_ck", "INSERT INTO membership (tenant_id, user_id, role) VALUES "
     f"('{B}', '{ANN}', 'king'){{}}", [""]),
    ("membership_tenant_id_fk", "INSERT INTO membership (tenant_id, user_id, role) VALUES "
     f"(gen_random_uuid(), '{ANN}', 'owner'){{}}", [""]),
    ("recovery_code_hash_ck", "UPDATE recovery_code SET hash = '\\x00'{}", [""]),
    ("session_hash_ck", SESSION, ["hash = '\\x00'"]),
    ("session_expires_at_ck", SESSION, ["expires_at = created_at"]),
    ("session_user_agent_ck", SESSION, ["user_agent = repeat('x', 201)"]),
    ("session_tenant_id_user_id_fk", SESSION, [f"tenant_id = '{B}'"]),
    ("session_user_id_fk", SESSION, ["user_id = gen_random_uuid()"]),
    ("one_time_link_hash_ck", LINK, ["hash = '\\x00'"]),
    ("one_time_link_purpose_ck", LINK, ["purpose = 'open'"]),
    ("one_time_link_purpose_user_id_ck", LINK, ["user_id = NULL"]),
    ("one_time_link_email_ck", LINK, ["email = 'ANN@example.com'"]),
    ("one_time_link_payload_ck", LINK, ["payload = '[]'"]),
    ("one_time_link_expires_at_ck", LINK, ["expires_at = created_at"]),
    ("rate_limit_key_ck", "INSERT INTO rate_limit VALUES ('\\x00', now()){}", [""]),
]

NOT_ALLOWED = [
    ("apid_auth", t) for t in ("SELECT FROM user_account", "SELECT FROM session", "SELECT FROM one_time_link",
                               "SELECT FROM recovery_code", "SELECT FROM membership", "SELECT FROM rate_limit",
                               "DELETE FROM session")
] + [
    ("apid_app", t) for t in ("SELECT password_hash FROM user_account", "SELECT totp_sealed FROM user_account",
                              "UPDATE user_account SET name = 'x'", "SELECT FROM session", "SELECT FROM one_time_link",
                              "SELECT FROM recovery_code", "SELECT user_find('x', NULL)")
] + [
    ("apid_operator", t) for t in ("SELECT password_hash FROM user_account", "SELECT totp_sealed FROM user_account",
                                   "UPDATE user_account SET password_hash = repeat('z', 60)",
                                   "UPDATE user_account SET staff = true", "SELECT hash FROM session",
                                   "SELECT hash FROM one_time_link", "SELECT hash FROM recovery_code",
                                   "SELECT session_find('\\x00', 1, NULL)")
] + [
    ("xferd", "SELECT FROM user_account"), ("dnsd", "SELECT FROM user_account"), ("mon", "SELECT FROM session"),
]


def tests():
    pg = sqllib.fixture()

    def as_auth(text):
        return sqllib.undone(pg, ROWS + "SET LOCAL ROLE understudy_apid_auth;\n" + text)[-1]

    def refused(name, statement):
        def test():
            e = sqllib.refused(pg, ROWS + statement)
            assert name in str(e), (name, str(e))
        return test

    def not_allowed(role, text):
        def test():
            e = sqllib.refused(pg, text, "understudy_" + role)
            assert e.state == "42501", e
        return test

    def members_are_seen_by_their_tenant():
        rows = sqllib.undone(pg, ROWS + f"""SET LOCAL ROLE understudy_apid_app;
SELECT count(*) FROM user_account;
SELECT set_config('understudy.tenant', '{A}', true);
SELECT string_agg(email, ' ') FROM user_account;""")
        assert [rows[-3], rows[-1]] == [["0"], ["ann@example.com"]], rows

    def find(when, wanted="NULL"):
        return ("SELECT coalesce(tenant_id::text, 'none'), coalesce(role, 'none') FROM "
                f"session_find({HASH % 1}, {when}, {wanted})")

    def sessions():
        assert as_auth(find(60)) == [A, "owner"]
        assert as_auth(find(60, f"'{B}'")) == ["none", "none"]
        rows = sqllib.undone(pg, ROWS + f"UPDATE session SET used_at = now() - interval '61 s';{find(60)}")
        assert [A, "owner"] not in rows, rows
        rows = sqllib.undone(pg, ROWS + f"UPDATE session SET expires_at = now(), "
                             f"created_at = now() - interval '1 h';{find(60)}")
        assert [A, "owner"] not in rows, rows
        rows = sqllib.undone(pg, ROWS + f"UPDATE user_account SET disabled_at = now();{find(60)}")
        assert [A, "owner"] not in rows, rows

    def once():
        use = f"recovery_use('{ANN}', {HASH % 3})"
        assert as_auth(f"SELECT {use}; SELECT {use}") == ["f"]
        assert as_auth(f"SELECT {use}") == ["t"]
        take = f"SELECT count(*) FROM link_find({HASH % 2}, 'reset', %s)"
        assert as_auth(";".join((take % "false", take % "true", take % "true"))) == ["0"]
        assert as_auth(take % "true") == ["1"]
        assert as_auth((take % "true").replace("'reset'", "'login'")) == ["0"]

    def steps():
        begin = f"SELECT totp_begin('{ANN}', decode(repeat('00', 60), 'hex'));"
        assert as_auth(begin + f"SELECT totp_use('{ANN}', 7, true)") == ["t"]
        for step, want in ((6, "f"), (7, "f"), (8, "t")):
            assert as_auth(begin + f"SELECT totp_use('{ANN}', 7, true);"
                           f"SELECT totp_use('{ANN}', {step}, false)") == [want], step
        assert as_auth(begin + f"SELECT totp_use('{ANN}', 7, false)") == ["f"]

    def rates():
        take = f"SELECT rate_take({HASH % 9}, 3, 10);"
        assert as_auth(take * 3) == ["0"]
        assert 1 <= int(as_auth(take * 4)[0]) <= 10
        assert 1 <= int(as_auth(take * 40)[0]) <= 10       # what is refused costs nothing

    def password_ends():
        rows = sqllib.undone(pg, ROWS + f"SELECT password_set('{ANN}', repeat('z', 60), NULL, NULL);"
                             "SELECT count(*) FROM session; SELECT count(*) FROM one_time_link")
        assert rows[-3:] == [["t"], ["0"], ["0"]], rows
        rows = sqllib.undone(pg, ROWS + f"SELECT password_set('{ANN}', repeat('z', 60), NULL, repeat('x', 60));"
                             "SELECT count(*) FROM session")
        assert rows[-2:] == [["t"], ["1"]], rows
        rows = sqllib.undone(pg, ROWS + f"SELECT password_set('{ANN}', repeat('z', 60), NULL, 'other')")
        assert rows[-1] == ["f"], rows

    for name, template, changes in REFUSED:
        for change in changes:
            yield f"{name} refuses {change}", refused(name, template.format(change))
    for role, text in NOT_ALLOWED:
        yield f"{role} may not {text[:50]}", not_allowed(role, text)
    yield "a tenant sees its members and nobody else", members_are_seen_by_their_tenant
    yield "session_find answers for live sessions only", sessions
    yield "links and recovery codes are good once", once
    yield "a time step is used once, and none before it", steps
    yield "a rate is limited and never for ever", rates
    yield "a new password ends sessions and links, a rehash does not", password_ends
