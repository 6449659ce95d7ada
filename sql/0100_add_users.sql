-- 0100_add_users.sql: people: accounts, memberships, sessions, links.
--
-- Why:        customers and the operator's staff sign in as persons. A person
--             belongs to no tenant, memberships say where they may do what.
--             Staff has none: who can do everything is no customer as well.
-- Locks:      none that matter, all objects are new.
-- Works with: every program from the first release on.
-- Undo:       drop the tables and the function.
--
-- apid_auth reaches these tables through functions only (0101), apid_app
-- sees the members of the tenant it works for, without their secrets.

CREATE TABLE user_account (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	email text NOT NULL,
	name text NOT NULL DEFAULT '',
	staff boolean NOT NULL DEFAULT false,
	password_hash text,
	verified_at timestamptz,
	disabled_at timestamptz,
	totp_sealed bytea,
	totp_enabled_at timestamptz,
	totp_step bigint NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT now(),
	changed_at timestamptz NOT NULL DEFAULT now(),
	last_login_at timestamptz,
	CONSTRAINT user_account_id_pk PRIMARY KEY (id),
	CONSTRAINT user_account_id_staff_uq UNIQUE (id, staff),
	CONSTRAINT user_account_email_uq UNIQUE (email),
	CONSTRAINT user_account_email_ck CHECK (length(email) BETWEEN 3 AND 190
	    AND email = lower(email) AND email ~ '^[!-~]+@[a-z0-9.-]+$'),
	CONSTRAINT user_account_name_ck CHECK (length(name) <= 100),
	CONSTRAINT user_account_password_hash_ck
	    CHECK (length(password_hash) BETWEEN 20 AND 200),
	CONSTRAINT user_account_totp_sealed_ck
	    CHECK (octet_length(totp_sealed) BETWEEN 50 AND 200),
	CONSTRAINT user_account_totp_enabled_at_ck
	    CHECK (totp_enabled_at IS NULL OR totp_sealed IS NOT NULL),
	CONSTRAINT user_account_totp_step_ck CHECK (totp_step >= 0)
);
COMMENT ON TABLE user_account IS
    'a person who can sign in; in which tenants: membership';
COMMENT ON COLUMN user_account.email IS
    'lower case; what a person signs in with';
COMMENT ON COLUMN user_account.staff IS
    'works for the operator; never a member of a tenant';
COMMENT ON COLUMN user_account.password_hash IS
    'Argon2id as libsodium prints it; null until the first one is set';
COMMENT ON COLUMN user_account.verified_at IS
    'when the address was seen to be theirs';
COMMENT ON COLUMN user_account.totp_sealed IS
    'the TOTP secret, XChaCha20-Poly1305 with a key that only apid has';
COMMENT ON COLUMN user_account.totp_enabled_at IS
    'when a code confirmed the secret; null: it asks for nothing yet';
COMMENT ON COLUMN user_account.totp_step IS
    'the time step of the last code that was used: it and older ones are '
    'refused';

ALTER TABLE user_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_account FORCE ROW LEVEL SECURITY;
CREATE POLICY user_account_trusted_rls ON user_account
    TO understudy_owner, understudy_apid_operator
    USING (true) WITH CHECK (true);

CREATE TABLE membership (
	tenant_id uuid NOT NULL,
	user_id uuid NOT NULL,
	user_staff boolean NOT NULL DEFAULT false,
	role text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	changed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT membership_tenant_id_user_id_pk
	    PRIMARY KEY (tenant_id, user_id),
	CONSTRAINT membership_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT membership_user_id_user_staff_fk
	    FOREIGN KEY (user_id, user_staff)
	    REFERENCES user_account (id, staff) ON DELETE CASCADE,
	CONSTRAINT membership_user_staff_ck CHECK (NOT user_staff),
	CONSTRAINT membership_role_ck
	    CHECK (role IN ('viewer', 'editor', 'admin', 'owner'))
);
COMMENT ON TABLE membership IS
    'what a person may do in a tenant (api/role.def)';
COMMENT ON COLUMN membership.user_staff IS
    'always false: with the foreign key, staff cannot be members';
CREATE INDEX membership_user_id_user_staff_ix
    ON membership (user_id, user_staff);
COMMENT ON INDEX membership_user_id_user_staff_ix IS
    'for the tenants of a person, and the foreign key';
CALL tenant_table_protect('membership', 'tenant_id');

-- A tenant sees the persons among its members.
CREATE POLICY user_account_member_rls ON user_account FOR SELECT
    TO understudy_apid_app USING (EXISTS (SELECT FROM membership m
	WHERE m.user_id = user_account.id));

CREATE TABLE recovery_code (
	user_id uuid NOT NULL,
	hash bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	used_at timestamptz,
	CONSTRAINT recovery_code_user_id_hash_pk PRIMARY KEY (user_id, hash),
	CONSTRAINT recovery_code_user_id_fk FOREIGN KEY (user_id)
	    REFERENCES user_account (id) ON DELETE CASCADE,
	CONSTRAINT recovery_code_hash_ck CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE recovery_code IS
    'stands in for a TOTP code, once; only its keyed hash is known';

CREATE TABLE session (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	hash bytea NOT NULL,
	user_id uuid NOT NULL,
	tenant_id uuid,
	created_at timestamptz NOT NULL DEFAULT now(),
	used_at timestamptz NOT NULL DEFAULT now(),
	proven_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	address inet,
	user_agent text,
	CONSTRAINT session_id_pk PRIMARY KEY (id),
	CONSTRAINT session_hash_uq UNIQUE (hash),
	CONSTRAINT session_user_id_fk FOREIGN KEY (user_id)
	    REFERENCES user_account (id) ON DELETE CASCADE,
	CONSTRAINT session_tenant_id_user_id_fk
	    FOREIGN KEY (tenant_id, user_id)
	    REFERENCES membership (tenant_id, user_id)
	    ON DELETE SET NULL (tenant_id),
	CONSTRAINT session_hash_ck CHECK (octet_length(hash) = 32),
	CONSTRAINT session_expires_at_ck CHECK (expires_at > created_at),
	CONSTRAINT session_user_agent_ck CHECK (length(user_agent) <= 200)
);
COMMENT ON TABLE session IS
    'a browser in which a person is signed in; ends by being deleted';
COMMENT ON COLUMN session.hash IS
    'BLAKE2b-256 of the cookie''s text, keyed as token.hash';
COMMENT ON COLUMN session.tenant_id IS
    'the tenant that was chosen; null: the only one, or none';
COMMENT ON COLUMN session.used_at IS
    'to the minute: session_find writes it at most once a minute';
COMMENT ON COLUMN session.proven_at IS
    'when a password or code was last given: dangerous things want it young';
COMMENT ON COLUMN session.expires_at IS
    'whatever happens; a session that is not used ends earlier';
CREATE INDEX session_user_id_ix ON session (user_id);
COMMENT ON INDEX session_user_id_ix IS
    'for the list of a person''s sessions, and the foreign key';
CREATE INDEX session_tenant_id_user_id_ix ON session (tenant_id, user_id)
    WHERE tenant_id IS NOT NULL;
COMMENT ON INDEX session_tenant_id_user_id_ix IS
    'for the foreign key, when a membership ends';
CREATE INDEX session_expires_at_ix ON session (expires_at);
COMMENT ON INDEX session_expires_at_ix IS 'for purging';
CALL tenant_table_protect('session', 'tenant_id');

CREATE TABLE one_time_link (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	hash bytea NOT NULL,
	purpose text NOT NULL,
	user_id uuid,
	email text NOT NULL,
	payload jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	CONSTRAINT one_time_link_id_pk PRIMARY KEY (id),
	CONSTRAINT one_time_link_hash_uq UNIQUE (hash),
	CONSTRAINT one_time_link_user_id_fk FOREIGN KEY (user_id)
	    REFERENCES user_account (id) ON DELETE CASCADE,
	CONSTRAINT one_time_link_hash_ck CHECK (octet_length(hash) = 32),
	CONSTRAINT one_time_link_purpose_ck
	    CHECK (purpose IN ('verify', 'reset', 'login')),
	CONSTRAINT one_time_link_purpose_user_id_ck
	    CHECK (purpose = 'verify' OR user_id IS NOT NULL),
	CONSTRAINT one_time_link_email_ck
	    CHECK (length(email) BETWEEN 3 AND 190 AND email = lower(email)),
	CONSTRAINT one_time_link_payload_ck CHECK (
	    jsonb_typeof(payload) = 'object'
	    AND pg_column_size(payload) <= 2048),
	CONSTRAINT one_time_link_expires_at_ck CHECK (expires_at > created_at)
);
COMMENT ON TABLE one_time_link IS
    'what a link in a mail, or one that the operator hands out, is good for';
COMMENT ON COLUMN one_time_link.hash IS
    'BLAKE2b-256 of the link''s text, keyed as token.hash';
COMMENT ON COLUMN one_time_link.purpose IS
    'verify: the address is theirs (a sign-up, or a new address); reset: set '
    'a password; login: a session';
COMMENT ON COLUMN one_time_link.user_id IS 'null: a sign-up, not yet a person';
COMMENT ON COLUMN one_time_link.payload IS
    'of a sign-up: {"name", "password_hash", "tenant"}';
CREATE INDEX one_time_link_email_ix ON one_time_link (email, created_at);
COMMENT ON INDEX one_time_link_email_ix IS
    'for the newest sign-up of an address';
CREATE INDEX one_time_link_user_id_ix ON one_time_link (user_id)
    WHERE user_id IS NOT NULL;
COMMENT ON INDEX one_time_link_user_id_ix IS
    'for voiding them, and the foreign key';
CREATE INDEX one_time_link_expires_at_ix ON one_time_link (expires_at);
COMMENT ON INDEX one_time_link_expires_at_ix IS 'for purging';

CREATE TABLE rate_limit (
	key bytea NOT NULL,
	full_at timestamptz NOT NULL,
	CONSTRAINT rate_limit_key_pk PRIMARY KEY (key),
	CONSTRAINT rate_limit_key_ck CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE rate_limit IS
    'how often a thing was tried, for all apids together (rate_take)';
COMMENT ON COLUMN rate_limit.key IS
    'keyed hash of what is limited: nobody reads addresses here';
COMMENT ON COLUMN rate_limit.full_at IS
    'when nothing of the allowance is used any more; past rows are nothing';
CREATE INDEX rate_limit_full_at_ix ON rate_limit (full_at);
COMMENT ON INDEX rate_limit_full_at_ix IS 'for purging';

-- ------------------------------------------------------------ who asks

CREATE FUNCTION session_find(hash bytea, idle_s bigint, wanted uuid)
RETURNS TABLE (
	session_id uuid,
	user_id uuid,
	email text,
	staff boolean,
	has_totp boolean,
	proven_at timestamptz,
	tenant_id uuid,
	role text,
	tenant_suspended_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	s session;
	chosen uuid;
BEGIN
	SELECT x.* INTO s FROM session x
	WHERE x.hash = $1 AND x.expires_at > now()
	AND x.used_at > now() - make_interval(secs => $2);
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF s.used_at < now() - interval '1 minute' THEN
		-- Never wait for another request that notes the same.
		UPDATE session x SET used_at = now() WHERE x.id = (
			SELECT k.id FROM session k WHERE k.id = s.id
			FOR NO KEY UPDATE SKIP LOCKED);
	END IF;
	chosen := coalesce($3, s.tenant_id);
	RETURN QUERY
	SELECT s.id, u.id, u.email, u.staff, u.totp_enabled_at IS NOT NULL,
	    s.proven_at, m.tenant_id, m.role, n.suspended_at
	FROM user_account u
	LEFT JOIN membership m ON m.user_id = u.id AND CASE
	    WHEN chosen IS NOT NULL THEN m.tenant_id = chosen
	    -- Nothing chosen: the only one.
	    ELSE NOT EXISTS (SELECT FROM membership o WHERE o.user_id = u.id
		AND o.tenant_id <> m.tenant_id) END
	LEFT JOIN tenant n ON n.id = m.tenant_id
	WHERE u.id = s.user_id AND u.disabled_at IS NULL;
END
$$;
COMMENT ON FUNCTION session_find IS
    'who a session is, by the keyed hash of its cookie, and what they are in '
    'the tenant "wanted", else in the chosen one, else in their only one; no '
    'row when unknown, over, idle for idle_s seconds, or disabled';
GRANT EXECUTE ON FUNCTION session_find TO understudy_apid_auth;

-- ------------------------------------------------------------ rights

GRANT SELECT (id, email, name, verified_at, disabled_at, totp_enabled_at,
    created_at, last_login_at) ON user_account TO understudy_apid_app;
GRANT SELECT (id, email, name, staff, verified_at, disabled_at,
    totp_enabled_at, created_at, changed_at, last_login_at),
    INSERT (email, name, staff, verified_at),
    UPDATE (email, name, verified_at, disabled_at, totp_sealed,
	totp_enabled_at, changed_at), DELETE
    ON user_account TO understudy_apid_operator;
GRANT SELECT, INSERT (tenant_id, user_id, role), UPDATE (role, changed_at),
    DELETE ON membership TO understudy_apid_app, understudy_apid_operator;
GRANT SELECT (id, user_id, tenant_id, created_at, used_at, expires_at),
    DELETE ON session TO understudy_apid_operator;
GRANT SELECT (user_id, used_at), DELETE ON recovery_code
    TO understudy_apid_operator;
GRANT SELECT (id, purpose, user_id, email, payload, created_at, expires_at,
    used_at), INSERT, DELETE ON one_time_link TO understudy_apid_operator;
