-- 0101_add_login.sql: signing in, as functions for apid_auth.
--
-- Why:        the role that signs people in has no right on any table: a
--             fault in its statements reaches what these functions do.
-- Locks:      none.
-- Works with: every program from the first release on.
-- Undo:       drop the functions.
--
-- Nothing here knows a secret: passwords, codes and links come as hashes, or
-- are compared in apid.

-- ------------------------------------------------------------ limits

CREATE FUNCTION rate_take(key bytea, burst bigint, pause_s bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	pause interval := make_interval(secs => $3);
	ends timestamptz;
BEGIN
	DELETE FROM rate_limit r WHERE r.key IN (SELECT o.key
	    FROM rate_limit o WHERE o.full_at < now() - interval '1 minute'
	    ORDER BY o.full_at LIMIT 5 FOR UPDATE SKIP LOCKED);
	INSERT INTO rate_limit AS r (key, full_at) VALUES ($1, now())
	ON CONFLICT (key) DO UPDATE SET full_at = r.full_at
	RETURNING r.full_at INTO ends;
	ends := greatest(ends, clock_timestamp()) + pause;
	IF ends > clock_timestamp() + pause * $2 THEN
		RETURN greatest(1, ceil(extract(epoch FROM
		    ends - clock_timestamp() - pause * $2)));
	END IF;
	UPDATE rate_limit r SET full_at = ends WHERE r.key = $1;
	RETURN 0;
END
$$;
COMMENT ON FUNCTION rate_take IS
    'take one of "burst" tries, of which one comes back every pause_s '
    'seconds: 0, or in how many seconds to come again. What was refused '
    'costs nothing, so nobody is locked out for ever';

CREATE FUNCTION login_take(pair bytea, known bytea, account bytea,
    address bytea)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	wait bigint;
BEGIN
	wait := rate_take($1, 6, 30);
	IF wait = 0 AND NOT EXISTS (SELECT FROM rate_limit r
	    WHERE r.key = $2 AND r.full_at > now()) THEN
		wait := rate_take($3, 60, 30);
	END IF;
	IF wait = 0 THEN
		wait := rate_take($4, 30, 10);
	END IF;
	RETURN wait;
END
$$;
COMMENT ON FUNCTION login_take IS
    'may this address try this account now? 0, or seconds to wait: 6 tries '
    'and one more each 30 s of an address at an account; 60 at an account '
    'from addresses that never got in; 30 and one each 10 s of an address';

CREATE FUNCTION login_done(pair bytea, known bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	DELETE FROM rate_limit r WHERE r.key = $1;
	INSERT INTO rate_limit AS r (key, full_at)
	VALUES ($2, now() + interval '30 days')
	ON CONFLICT (key) DO UPDATE SET full_at = excluded.full_at;
END
$$;
COMMENT ON FUNCTION login_done IS
    'it got in: its tries are forgiven, and it may try when strangers may '
    'not, for 30 days';

-- ------------------------------------------------------------ people

CREATE FUNCTION user_find(email text, id uuid)
RETURNS TABLE (
	user_id uuid,
	email text,
	name text,
	staff boolean,
	password_hash text,
	totp_sealed bytea,
	totp_enabled boolean,
	verified_at timestamptz,
	created_at timestamptz,
	last_login_at timestamptz,
	recovery_codes bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT u.id, u.email, u.name, u.staff, u.password_hash,
	    u.totp_sealed, u.totp_enabled_at IS NOT NULL, u.verified_at,
	    u.created_at, u.last_login_at, (SELECT count(*)
		FROM recovery_code c WHERE c.user_id = u.id
		AND c.used_at IS NULL)
	FROM user_account u
	WHERE (u.email = $1 OR u.id = $2) AND u.disabled_at IS NULL
$$;
COMMENT ON FUNCTION user_find IS
    'a person by address or id; no row when unknown or disabled';

CREATE FUNCTION user_tenants(id uuid)
RETURNS TABLE (tenant_id uuid, name text, role text, suspended boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT n.id, n.name, m.role, n.suspended_at IS NOT NULL
	FROM membership m JOIN tenant n ON n.id = m.tenant_id
	WHERE m.user_id = $1 ORDER BY n.name, n.id LIMIT 1000
$$;
COMMENT ON FUNCTION user_tenants IS 'where a person is a member';

CREATE FUNCTION user_add(email text, name text, password_hash text)
RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	INSERT INTO user_account AS u (email, name, password_hash,
	    verified_at) VALUES ($1, $2, $3, now())
	ON CONFLICT DO NOTHING RETURNING u.id
$$;
COMMENT ON FUNCTION user_add IS
    'a customer''s person whose address was proven; null when there is one';

CREATE FUNCTION user_tenant_add(id uuid, name text)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	wanted text := $2;
	tenant uuid;
BEGIN
	-- Names of tenants are unique, and nobody needs to know which are taken.
	FOR i IN 1 .. 5 LOOP
		INSERT INTO tenant AS n (name) VALUES (wanted)
		ON CONFLICT DO NOTHING RETURNING n.id INTO tenant;
		EXIT WHEN tenant IS NOT NULL;
		wanted := left($2, 90) || '-' ||
		    left(replace(gen_random_uuid()::text, '-', ''), 6);
	END LOOP;
	INSERT INTO membership (tenant_id, user_id, role)
	VALUES (tenant, $1, 'owner');
	RETURN tenant;
END
$$;
COMMENT ON FUNCTION user_tenant_add IS
    'a tenant of their own, by self sign-up; its name, or one like it';

CREATE FUNCTION user_rename(id uuid, name text)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE user_account u SET name = $2, changed_at = now()
	WHERE u.id = $1
$$;
COMMENT ON FUNCTION user_rename IS 'a person changes their name';

CREATE FUNCTION user_move(id uuid, email text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET email = $2, verified_at = now(),
	    changed_at = now() WHERE u.id = $1
	AND NOT EXISTS (SELECT FROM user_account o WHERE o.email = $2
	    AND o.id <> $1);
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION user_move IS
    'their address, which they proved; false when it is somebody else''s';

CREATE FUNCTION password_set(id uuid, password_hash text, keep uuid,
    old_hash text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	IF $4 IS NOT NULL THEN
		-- The same password, hashed with other parameters.
		UPDATE user_account u SET password_hash = $2
		WHERE u.id = $1 AND u.password_hash = $4;
		RETURN FOUND;
	END IF;
	UPDATE user_account u SET password_hash = $2, changed_at = now()
	WHERE u.id = $1 AND u.disabled_at IS NULL;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	DELETE FROM session s WHERE s.user_id = $1
	AND s.id IS DISTINCT FROM $3;
	DELETE FROM one_time_link l WHERE l.user_id = $1
	AND l.used_at IS NULL AND l.purpose IN ('reset', 'login');
	RETURN true;
END
$$;
COMMENT ON FUNCTION password_set IS
    'a new password ends the person''s other sessions ("keep" stays) and '
    'voids links; with old_hash it is a rehash, and ends nothing';

-- ------------------------------------------------------------ second factor

CREATE FUNCTION totp_begin(id uuid, sealed bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET totp_sealed = $2, totp_step = 0
	WHERE u.id = $1 AND u.totp_enabled_at IS NULL;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION totp_begin IS
    'a secret that waits for its first code; false while one is in use';

CREATE FUNCTION totp_use(id uuid, step bigint, enable boolean)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET totp_step = $2, totp_enabled_at =
	    CASE WHEN $3 THEN now() ELSE u.totp_enabled_at END
	WHERE u.id = $1 AND u.totp_step < $2 AND u.totp_sealed IS NOT NULL
	AND (u.totp_enabled_at IS NULL) = $3;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION totp_use IS
    'a code of this time step was given: true once, never for it or an '
    'older one again';

CREATE FUNCTION totp_remove(id uuid)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE user_account u SET totp_sealed = NULL, totp_enabled_at = NULL,
	    totp_step = 0 WHERE u.id = $1;
	DELETE FROM recovery_code c WHERE c.user_id = $1
$$;
COMMENT ON FUNCTION totp_remove IS 'no second factor any more';

CREATE FUNCTION recovery_replace(id uuid, hashes bytea[])
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	DELETE FROM recovery_code c WHERE c.user_id = $1;
	INSERT INTO recovery_code (user_id, hash)
	SELECT $1, h FROM unnest($2) AS x (h)
$$;
COMMENT ON FUNCTION recovery_replace IS 'new codes; the old ones are void';

CREATE FUNCTION recovery_use(id uuid, hash bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE recovery_code c SET used_at = now()
	WHERE c.user_id = $1 AND c.hash = $2 AND c.used_at IS NULL;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION recovery_use IS 'true once for each code';

-- ------------------------------------------------------------ sessions

CREATE FUNCTION session_start(hash bytea, user_id uuid, max_s bigint,
    address inet, user_agent text, old_hash bytea)
RETURNS TABLE (session_id uuid, created_at timestamptz,
    expires_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	DELETE FROM session s WHERE s.id IN (SELECT o.id FROM session o
	    WHERE o.expires_at < now() ORDER BY o.expires_at LIMIT 20
	    FOR UPDATE SKIP LOCKED);
	-- The session of this browser gets a new name.
	DELETE FROM session s WHERE s.hash = $6;
	-- A person keeps so many; the least used one makes room.
	DELETE FROM session s WHERE s.id IN (SELECT o.id FROM session o
	    WHERE o.user_id = $2 ORDER BY o.used_at DESC OFFSET 49);
	UPDATE user_account u SET last_login_at = now() WHERE u.id = $2;
	RETURN QUERY
	INSERT INTO session AS s (hash, user_id, expires_at, address,
	    user_agent) VALUES ($1, $2, now() + make_interval(secs => $3),
	    $4, $5) RETURNING s.id, s.created_at, s.expires_at;
END
$$;
COMMENT ON FUNCTION session_start IS
    'a person signed in; ends the session that the browser had before';

CREATE FUNCTION session_list(user_id uuid, idle_s bigint)
RETURNS TABLE (session_id uuid, created_at timestamptz, used_at timestamptz,
    expires_at timestamptz, address inet, user_agent text, tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT s.id, s.created_at, s.used_at, s.expires_at, s.address,
	    s.user_agent, s.tenant_id FROM session s
	WHERE s.user_id = $1 AND s.expires_at > now()
	AND s.used_at > now() - make_interval(secs => $2)
	ORDER BY s.used_at DESC, s.id LIMIT 100
$$;
COMMENT ON FUNCTION session_list IS 'a person''s own live sessions';

CREATE FUNCTION session_end(user_id uuid, id uuid, but uuid)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	n bigint;
BEGIN
	DELETE FROM session s WHERE s.user_id = $1
	AND ($2 IS NULL OR s.id = $2) AND s.id IS DISTINCT FROM $3;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
COMMENT ON FUNCTION session_end IS
    'sign out: of one session, or of all but one; how many ended';

CREATE FUNCTION session_choose(id uuid, tenant uuid)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE session s SET tenant_id = $2 WHERE s.id = $1
	AND ($2 IS NULL OR EXISTS (SELECT FROM membership m
	    WHERE m.tenant_id = $2 AND m.user_id = s.user_id));
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION session_choose IS
    'work for this tenant; false when the person is no member there';

CREATE FUNCTION session_prove(id uuid)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE session s SET proven_at = now() WHERE s.id = $1
$$;
COMMENT ON FUNCTION session_prove IS 'a password or code was given again';

-- ------------------------------------------------------------ links

CREATE FUNCTION link_add(hash bytea, purpose text, user_id uuid, email text,
    payload jsonb, life_s bigint)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	ends timestamptz := now() + make_interval(secs => $6);
BEGIN
	DELETE FROM one_time_link l WHERE l.id IN (SELECT o.id
	    FROM one_time_link o WHERE o.expires_at < now() - interval '1 day'
	    ORDER BY o.expires_at LIMIT 20 FOR UPDATE SKIP LOCKED);
	INSERT INTO one_time_link (hash, purpose, user_id, email, payload,
	    expires_at) VALUES ($1, $2, $3, $4, coalesce($5, '{}'), ends);
	RETURN ends;
END
$$;
COMMENT ON FUNCTION link_add IS 'a new one-time link; until when it is good';

CREATE FUNCTION link_find(hash bytea, purpose text, take boolean)
RETURNS TABLE (user_id uuid, email text, name text, password_hash text,
    tenant text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	l one_time_link;
BEGIN
	SELECT x.* INTO l FROM one_time_link x
	WHERE x.hash = $1 AND x.purpose = $2 AND x.used_at IS NULL
	AND x.expires_at > now() AND (x.user_id IS NULL OR EXISTS (
	    SELECT FROM user_account u WHERE u.id = x.user_id
	    AND u.disabled_at IS NULL))
	FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF $3 THEN
		UPDATE one_time_link x SET used_at = now() WHERE x.id = l.id;
	END IF;
	RETURN QUERY SELECT l.user_id, l.email, l.payload ->> 'name',
	    l.payload ->> 'password_hash', l.payload ->> 'tenant';
END
$$;
COMMENT ON FUNCTION link_find IS
    'what a link is good for, if it still is; with "take", for the last time';

GRANT EXECUTE ON FUNCTION rate_take, login_take, login_done, user_find,
    user_tenants, user_add, user_tenant_add, user_rename, user_move,
    password_set, totp_begin, totp_use, totp_remove, recovery_replace,
    recovery_use, session_start, session_list, session_end, session_choose,
    session_prove, link_add, link_find
    TO understudy_apid_auth;
GRANT EXECUTE ON FUNCTION rate_take TO understudy_apid_app,
    understudy_apid_operator;
