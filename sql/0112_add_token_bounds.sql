-- 0112_add_token_bounds.sql: what a token is good for, and for how long.
--
-- Why:        a token that leaked should open little, from few places, and
--             not for ever; and nobody leaves behind a token that can do more
--             than they could.
-- Locks:      ACCESS EXCLUSIVE on token and membership for a moment.
-- Works with: apid of this version on: token_find() takes the address, too.
-- Undo:       token_find() of 0003, drop the trigger, its function, columns.

ALTER TABLE token
    ADD COLUMN maker_id uuid,
    ADD COLUMN zones uuid[],
    ADD COLUMN networks cidr[],
    ADD COLUMN idle_days integer,
    ADD COLUMN last_used_from inet,
    ADD CONSTRAINT token_zones_ck CHECK (zones IS NULL OR (kind = 'tenant'
	AND cardinality(zones) BETWEEN 1 AND 64
	AND array_position(zones, NULL) IS NULL)),
    ADD CONSTRAINT token_networks_ck
	CHECK (cardinality(networks) BETWEEN 1 AND 32
	AND array_position(networks, NULL) IS NULL),
    ADD CONSTRAINT token_idle_days_ck CHECK (idle_days BETWEEN 1 AND 3650);
COMMENT ON COLUMN token.maker_id IS
    'the person who made it: it can do what that person can do today, and '
    'nothing once they are no member. Null: made by the operator. No foreign '
    'key: a maker who is gone must not become none';
COMMENT ON COLUMN token.zones IS 'the only zones that it sees; null: all';
COMMENT ON COLUMN token.networks IS
    'where its requests may come from; null: anywhere';
COMMENT ON COLUMN token.idle_days IS
    'dead after so many days without use; null: it may sleep';
COMMENT ON COLUMN token.last_used_from IS 'as of last_used_at';
CREATE INDEX token_maker_id_ix ON token (tenant_id, maker_id)
    WHERE maker_id IS NOT NULL AND revoked_at IS NULL;
COMMENT ON INDEX token_maker_id_ix IS 'for revoking, when a member leaves';

DROP FUNCTION token_find(bytea);
CREATE FUNCTION token_find(hash bytea, source inet)
RETURNS TABLE (
	token_id uuid,
	kind text,
	prefix text,
	name text,
	scopes text[],
	tenant_id uuid,
	tenant_suspended_at timestamptz,
	maker_id uuid,
	maker_role text,
	zones uuid[],
	source_good boolean
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	t token;
	good boolean;
BEGIN
	SELECT k.* INTO t FROM token k
	WHERE k.hash = $1 AND k.revoked_at IS NULL
	AND (k.expires_at IS NULL OR k.expires_at > now())
	AND (k.idle_days IS NULL OR greatest(k.last_used_at, k.created_at)
	    > now() - make_interval(days => k.idle_days))
	AND (k.maker_id IS NULL OR EXISTS (SELECT FROM membership m
	    JOIN user_account u ON u.id = m.user_id
	    WHERE m.tenant_id = k.tenant_id AND m.user_id = k.maker_id
	    AND u.disabled_at IS NULL));
	IF NOT FOUND THEN
		RETURN;
	END IF;
	good := t.networks IS NULL
	    OR coalesce($2 <<= ANY (t.networks), false);
	IF good AND (t.last_used_at IS NULL
	    OR t.last_used_at < now() - interval '1 minute') THEN
		-- Never wait for another request that notes the same.
		UPDATE token SET last_used_at = now(), last_used_from = $2
		WHERE id = (SELECT k.id FROM token k WHERE k.id = t.id
			FOR NO KEY UPDATE SKIP LOCKED);
	END IF;
	RETURN QUERY
	SELECT t.id, t.kind, t.prefix, t.name, t.scopes, t.tenant_id,
	    n.suspended_at, t.maker_id, m.role, t.zones, good
	FROM (SELECT) one
	LEFT JOIN tenant n ON n.id = t.tenant_id
	LEFT JOIN membership m
	    ON m.tenant_id = t.tenant_id AND m.user_id = t.maker_id;
END
$$;
COMMENT ON FUNCTION token_find IS
    'who a bearer token is, by the keyed hash of its secret, for a request '
    'from an address; no row when unknown, revoked, expired, idle for too '
    'long, or made by somebody who is no member any more';
GRANT EXECUTE ON FUNCTION token_find TO understudy_apid_auth;

CREATE FUNCTION membership_ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE token SET revoked_at = now()
	WHERE tenant_id = OLD.tenant_id AND maker_id = OLD.user_id
	AND revoked_at IS NULL;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION membership_ended IS
    'the tokens of a member go with the membership, and stay gone when the '
    'person is invited again';
CREATE TRIGGER membership_ended AFTER DELETE ON membership
    FOR EACH ROW EXECUTE FUNCTION membership_ended();

-- The last owner: two removals at the same time wait for each other here.
CREATE FUNCTION membership_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF OLD.role <> 'owner' OR (TG_OP = 'UPDATE' AND NEW.role = 'owner')
	THEN
		RETURN coalesce(NEW, OLD);
	END IF;
	-- A tenant that is going takes its members along.
	PERFORM FROM tenant n WHERE n.id = OLD.tenant_id
	AND n.deleted_at IS NULL FOR NO KEY UPDATE;
	IF FOUND AND NOT EXISTS (SELECT FROM membership m
	    JOIN user_account u ON u.id = m.user_id
	    WHERE m.tenant_id = OLD.tenant_id AND m.role = 'owner'
	    AND m.user_id <> OLD.user_id AND u.disabled_at IS NULL)
	    AND EXISTS (SELECT FROM user_account u WHERE u.id = OLD.user_id)
	THEN
		RAISE EXCEPTION 'the last owner of tenant % stays',
		    OLD.tenant_id USING ERRCODE = 'check_violation',
			CONSTRAINT = 'membership_last_owner_ck';
	END IF;
	RETURN coalesce(NEW, OLD);
END
$$;
COMMENT ON FUNCTION membership_guard IS
    'a tenant that has an owner keeps one: the last can neither leave, nor be '
    'removed or demoted';

-- ------------------------------------------------------------ tenants end

ALTER TABLE tenant ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN tenant.deleted_at IS
    'set: it is gone for everybody; the row follows its last zone, when the '
    'edges have dropped that';
CREATE TRIGGER membership_guard BEFORE UPDATE OF role OR DELETE ON membership
    FOR EACH ROW EXECUTE FUNCTION membership_guard();

CREATE FUNCTION tenant_delete(tenant uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	-- Its name is free at once.
	UPDATE tenant SET deleted_at = now(),
	    name = left(name, 50) || ' (deleted ' || id || ')'
	WHERE id = $1 AND deleted_at IS NULL;
	UPDATE token SET revoked_at = now()
	WHERE tenant_id = $1 AND revoked_at IS NULL;
	DELETE FROM membership WHERE tenant_id = $1;
	UPDATE zone SET deleted_at = now(), changed_at = now()
	WHERE tenant_id = $1 AND deleted_at IS NULL;
	DELETE FROM tenant n WHERE n.id = $1
	AND NOT EXISTS (SELECT FROM zone z WHERE z.tenant_id = $1);
END
$$;
COMMENT ON FUNCTION tenant_delete IS
    'the end of a tenant: tokens and memberships now, zones as the edges drop '
    'them, then the rest';
GRANT EXECUTE ON FUNCTION tenant_delete TO understudy_apid_operator;

CREATE FUNCTION zone_last_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	DELETE FROM tenant n WHERE n.deleted_at IS NOT NULL
	AND n.id IN (SELECT tenant_id FROM removed)
	AND NOT EXISTS (SELECT FROM zone z WHERE z.tenant_id = n.id);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_last_removed IS
    'the row of a deleted tenant goes with its last zone';
CREATE TRIGGER zone_last_removed AFTER DELETE ON zone
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION zone_last_removed();

-- ------------------------------------------------------------ rights

GRANT SELECT (maker_id, zones, networks, idle_days, last_used_from),
    UPDATE (networks, idle_days) ON token
    TO understudy_apid_app, understudy_apid_operator;
