-- 0114_add_invitations.sql: how a person becomes a member.
--
-- Why:        members are invited by an address; a one-time link makes the
--             membership, and the account where there is none.
-- Locks:      none, all objects are new.
-- Works with: every program from the first release on.
-- Undo:       drop the functions and the table.

CREATE TABLE invitation (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	email text NOT NULL,
	role text NOT NULL,
	hash bytea NOT NULL,
	maker_id uuid,
	created_at timestamptz NOT NULL DEFAULT now(),
	sent_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
	CONSTRAINT invitation_id_pk PRIMARY KEY (id),
	CONSTRAINT invitation_tenant_id_id_uq UNIQUE (tenant_id, id),
	CONSTRAINT invitation_tenant_id_email_uq UNIQUE (tenant_id, email),
	CONSTRAINT invitation_hash_uq UNIQUE (hash),
	CONSTRAINT invitation_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT invitation_email_ck CHECK (length(email) BETWEEN 3 AND 190
	    AND email = lower(email)),
	CONSTRAINT invitation_role_ck
	    CHECK (role IN ('viewer', 'editor', 'admin', 'owner')),
	CONSTRAINT invitation_hash_ck CHECK (octet_length(hash) = 32),
	CONSTRAINT invitation_expires_at_ck CHECK (expires_at > created_at)
);
COMMENT ON TABLE invitation IS
    'an address that may become a member; goes when it is accepted';
COMMENT ON COLUMN invitation.hash IS
    'BLAKE2b-256 of the link''s text, keyed as token.hash; another one with '
    'each letter';
COMMENT ON COLUMN invitation.maker_id IS
    'who invites: void once they could not do it any more. Null: a token of '
    'the operator''s making, or the operator';
CALL tenant_table_protect('invitation', 'tenant_id');
GRANT SELECT (id, tenant_id, email, role, maker_id, created_at, sent_at,
    expires_at), INSERT, UPDATE (role, hash, maker_id, sent_at, expires_at),
    DELETE ON invitation
    TO understudy_apid_app, understudy_apid_operator;

CREATE FUNCTION invitation_look(hash bytea)
RETURNS TABLE (
	invitation_id uuid,
	tenant_id uuid,
	tenant_name text,
	email text,
	role text,
	has_account boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT i.id, i.tenant_id, n.name, i.email, i.role,
	    EXISTS (SELECT FROM user_account u WHERE u.email = i.email)
	FROM invitation i JOIN tenant n ON n.id = i.tenant_id
	WHERE i.hash = $1 AND i.expires_at > now()
	AND n.deleted_at IS NULL AND n.suspended_at IS NULL
	AND (i.maker_id IS NULL OR EXISTS (SELECT FROM membership m
	    JOIN user_account u ON u.id = m.user_id
	    WHERE m.tenant_id = i.tenant_id AND m.user_id = i.maker_id
	    AND u.disabled_at IS NULL AND (m.role = 'owner'
		OR (m.role = 'admin' AND i.role <> 'owner'))))
$$;
COMMENT ON FUNCTION invitation_look IS
    'what a link of an invitation is good for; no row when unknown, too old, '
    'or when who invited could not do it today';

CREATE FUNCTION invitation_take(hash bytea, person uuid)
RETURNS TABLE (tenant_id uuid, role text, is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	i record;
	added boolean;
BEGIN
	SELECT l.* INTO i FROM invitation_look($1) l;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	-- Once: a second one waits here and finds nothing.
	DELETE FROM invitation v WHERE v.id = i.invitation_id AND v.hash = $1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO membership AS m (tenant_id, user_id, role)
	VALUES (i.tenant_id, $2, i.role) ON CONFLICT DO NOTHING;
	added := FOUND;
	RETURN QUERY SELECT m.tenant_id, m.role, added FROM membership m
	WHERE m.tenant_id = i.tenant_id AND m.user_id = $2;
END
$$;
COMMENT ON FUNCTION invitation_take IS
    'the person becomes a member, the invitation is over; who is a member '
    'already keeps their role. No row when the link is not good';
GRANT EXECUTE ON FUNCTION invitation_look, invitation_take
    TO understudy_apid_auth;
