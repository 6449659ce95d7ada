-- 0120_add_claims.sql: who owns a zone name: sets of names, proofs, tombstones.
--
-- Why:        a transfer proves nothing; what the parent says does. Each claim
--             has names of ours that nobody else has for this zone name, and
--             one place decides who is served where (claim_apply).
-- Locks:      ACCESS EXCLUSIVE on zone and tenant for a moment.
-- Works with: older programs; they make zones without a claim row, as
--             `ownership = off` does.
-- Undo:       zone_shown() and the trigger zone_changed of 0111; drop the
--             functions, tables and columns.
--
-- All that gives names or lets a zone be served takes claim_lock() first: two
-- claims on one name cannot be judged at the same moment.

-- ------------------------------------------------------------ the pool

CREATE TABLE nameserver (
	host text NOT NULL,
	wire bytea NOT NULL,
	addresses inet[] NOT NULL,
	stripe smallint NOT NULL,
	set_no smallint,
	retired_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT nameserver_host_pk PRIMARY KEY (host),
	CONSTRAINT nameserver_wire_uq UNIQUE (wire),
	CONSTRAINT nameserver_host_ck CHECK (length(host) BETWEEN 1 AND 1010
	    AND host = lower(host)),
	CONSTRAINT nameserver_wire_ck
	    CHECK (octet_length(wire) BETWEEN 1 AND 255),
	CONSTRAINT nameserver_addresses_ck
	    CHECK (cardinality(addresses) BETWEEN 1 AND 64),
	CONSTRAINT nameserver_stripe_ck CHECK (stripe BETWEEN 0 AND 63),
	CONSTRAINT nameserver_set_no_ck CHECK (set_no BETWEEN 0 AND 255)
);
COMMENT ON TABLE nameserver IS
    'the operator''s name servers as configured, by nameserver_sync; a name '
    'that was in a set stays for ever, retired';
COMMENT ON COLUMN nameserver.stripe IS
    'which of the 64 groups of addresses a zone is served on or not';
COMMENT ON COLUMN nameserver.set_no IS
    'the set of names that it belongs to; null: waits for a partner';
COMMENT ON COLUMN nameserver.retired_at IS
    'no longer configured: its set is not given out any more';

CREATE VIEW nameserver_set AS
SELECT set_no,
	bit_or(1::bigint << stripe) AS mask,
	count(*) FILTER (WHERE retired_at IS NOT NULL) AS retired,
	array_agg(host ORDER BY host) AS hosts
FROM nameserver WHERE set_no IS NOT NULL GROUP BY set_no;
COMMENT ON VIEW nameserver_set IS
    'the sets of names: stripes as a mask, how many names are retired';

ALTER TABLE tenant ADD COLUMN set_no smallint;
COMMENT ON COLUMN tenant.set_no IS
    'the set of names that its claims get unless they conflict; null until '
    'the first claim';
ALTER TABLE zone ADD COLUMN preview boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN zone.preview IS
    'a pending claim that is answered all the same, where it deceives nobody';

-- ------------------------------------------------------------ claims

CREATE TABLE claim (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	key bytea NOT NULL,
	set_no smallint,
	token text NOT NULL,
	proof text NOT NULL DEFAULT 'none',
	returned boolean NOT NULL DEFAULT false,
	opened_at timestamptz NOT NULL DEFAULT now(),
	unproven_at timestamptz DEFAULT now(),
	proven_at timestamptz,
	clear_at timestamptz,
	txt_until timestamptz,
	loss_at timestamptz,
	lost_ms bigint NOT NULL DEFAULT 0,
	suspended_at timestamptz,
	held_at timestamptz,
	released boolean NOT NULL DEFAULT false,
	seen text,
	seen_at timestamptz,
	seen_since timestamptz,
	missing smallint NOT NULL DEFAULT 0,
	sighting jsonb,
	check_at timestamptz NOT NULL DEFAULT now(),
	lease_owner uuid,
	lease_until timestamptz,
	CONSTRAINT claim_zone_id_pk PRIMARY KEY (zone_id),
	CONSTRAINT claim_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id)
	    REFERENCES zone (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT claim_key_ck CHECK (octet_length(key) <= 254),
	CONSTRAINT claim_set_no_ck CHECK (set_no BETWEEN 0 AND 255),
	CONSTRAINT claim_token_ck CHECK (length(token) BETWEEN 16 AND 64),
	CONSTRAINT claim_proof_ck
	    CHECK (proof IN ('none', 'delegation', 'txt', 'operator')),
	CONSTRAINT claim_lost_ms_ck CHECK (lost_ms >= 0),
	CONSTRAINT claim_seen_ck CHECK (length(seen) <= 40
	    AND (seen IS NULL) = (seen_at IS NULL)),
	CONSTRAINT claim_missing_ck CHECK (missing BETWEEN 0 AND 256),
	CONSTRAINT claim_sighting_ck CHECK (jsonb_typeof(sighting) = 'object'
	    AND pg_column_size(sighting) <= 65536),
	CONSTRAINT claim_lease_ck
	    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
COMMENT ON TABLE claim IS
    'what is known about a zone''s ownership; no row where ownership is off. '
    'zone.state says what it amounts to';
COMMENT ON COLUMN claim.key IS
    'the name''s labels from the root downwards, each with its length octet: '
    'names below begin with it';
COMMENT ON COLUMN claim.set_no IS
    'the names given to this claim; null: all are taken for this zone name';
COMMENT ON COLUMN claim.token IS
    'value of the TXT record at _understudy-challenge; no secret';
COMMENT ON COLUMN claim.returned IS
    'the set was this tenant''s, proven for this name, before';
COMMENT ON COLUMN claim.opened_at IS 'made, or asked for anew';
COMMENT ON COLUMN claim.unproven_at IS
    'since when it is not proven; lapses 28 days later. Null while proven';
COMMENT ON COLUMN claim.proven_at IS 'first time; null: never was';
COMMENT ON COLUMN claim.clear_at IS
    'when all parent servers were seen without any of the set''s names after '
    'it was given: only then a listing proves something';
COMMENT ON COLUMN claim.loss_at IS
    'last look, when every parent server answered without the names';
COMMENT ON COLUMN claim.lost_ms IS
    'milliseconds between such looks that followed each other';
COMMENT ON COLUMN claim.held_at IS
    'to be suspended, but too many are: waits for the operator';
COMMENT ON COLUMN claim.released IS
    'the operator let the suspension happen';
COMMENT ON COLUMN claim.seen IS
    'what the last look amounts to (claim_seen_name in xferd/claim.h)';
COMMENT ON COLUMN claim.seen_since IS 'when that was seen first in a row';
COMMENT ON COLUMN claim.check_at IS
    'looked at then; infinity: only when asked for';
COMMENT ON COLUMN claim.sighting IS
    'the last look as xferd wrote it, at most 64 KiB: parent, servers, names';
CREATE INDEX claim_key_ix ON claim (key);
COMMENT ON INDEX claim_key_ix IS 'for conflicts: same name, above, below';
CREATE INDEX claim_check_at_ix ON claim (check_at);
COMMENT ON INDEX claim_check_at_ix IS 'for looking at what is due';
CREATE INDEX claim_tenant_id_zone_id_ix ON claim (tenant_id, zone_id);
COMMENT ON INDEX claim_tenant_id_zone_id_ix IS
    'for row security, the foreign key';
CREATE INDEX claim_suspended_at_ix ON claim (suspended_at)
    WHERE suspended_at IS NOT NULL;
COMMENT ON INDEX claim_suspended_at_ix IS 'for the brake';
CREATE INDEX claim_held_at_ix ON claim (held_at) WHERE held_at IS NOT NULL;
COMMENT ON INDEX claim_held_at_ix IS 'for what waits for the operator';
CALL tenant_table_protect('claim', 'tenant_id');

CREATE TABLE claim_tombstone (
	key bytea NOT NULL,
	set_no smallint NOT NULL,
	tenant_id uuid NOT NULL,
	proven boolean NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now(),
	until timestamptz,
	CONSTRAINT claim_tombstone_key_set_no_pk PRIMARY KEY (key, set_no),
	CONSTRAINT claim_tombstone_key_ck CHECK (octet_length(key) <= 254),
	CONSTRAINT claim_tombstone_set_no_ck
	    CHECK (set_no BETWEEN 0 AND 255),
	CONSTRAINT claim_tombstone_until_ck
	    CHECK (proven = (until IS NULL))
);
COMMENT ON TABLE claim_tombstone IS
    'names that stood for a zone name and are not given to another tenant: '
    'for ever after a proof, 28 days without. No foreign keys: it outlives '
    'what it tells about';
CREATE INDEX claim_tombstone_tenant_id_ix ON claim_tombstone (tenant_id);
COMMENT ON INDEX claim_tombstone_tenant_id_ix IS 'for row security';
CREATE INDEX claim_tombstone_until_ix ON claim_tombstone (until)
    WHERE until IS NOT NULL;
COMMENT ON INDEX claim_tombstone_until_ix IS 'for pruning';
CALL tenant_table_protect('claim_tombstone', 'tenant_id');

CREATE TABLE claim_allowed (
	tenant_id uuid NOT NULL,
	apex bytea NOT NULL,
	name text NOT NULL,
	actor text NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT claim_allowed_tenant_id_apex_pk
	    PRIMARY KEY (tenant_id, apex),
	CONSTRAINT claim_allowed_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT claim_allowed_apex_ck
	    CHECK (octet_length(apex) BETWEEN 1 AND 255),
	CONSTRAINT claim_allowed_name_ck
	    CHECK (length(name) BETWEEN 1 AND 1010),
	CONSTRAINT claim_allowed_actor_ck CHECK (length(actor) <= 300)
);
COMMENT ON TABLE claim_allowed IS
    'reserved names that the operator lets a tenant claim all the same';
CALL tenant_table_protect('claim_allowed', 'tenant_id');

-- ------------------------------------------------------------ what edges see

CREATE OR REPLACE FUNCTION zone_shown(z zone, generation bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT CASE
	    WHEN z.deleted_at IS NULL AND (z.suspended_at IS NOT NULL
		OR EXISTS (SELECT FROM tenant t WHERE t.id = z.tenant_id
		    AND t.suspended_at IS NOT NULL)) THEN 'withdrawn'
	    ELSE zone_state_of_claim(CASE WHEN z.preview THEN 'active'
		ELSE z.state END, generation, z.deleted_at) END
$$;
DROP TRIGGER zone_changed ON zone;
CREATE TRIGGER zone_changed
    AFTER UPDATE OF state, stripes, deleted_at, suspended_at, preview ON zone
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.stripes <> NEW.stripes
	OR OLD.preview <> NEW.preview
	OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
	OR OLD.suspended_at IS DISTINCT FROM NEW.suspended_at)
    EXECUTE FUNCTION zone_changed();
ALTER TABLE zone ADD CONSTRAINT zone_preview_ck
    CHECK (NOT preview OR state = 'pending');

-- ------------------------------------------------------------ names

CREATE FUNCTION claim_lock() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT pg_advisory_xact_lock(120)
$$;
COMMENT ON FUNCTION claim_lock IS
    'until the end of the transaction nobody else gives names or proofs';

CREATE FUNCTION claim_key(apex bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	at integer := 0;
	n integer;
	key bytea := '';
BEGIN
	LOOP
		n := get_byte(apex, at);
		EXIT WHEN n = 0;
		key := substr(apex, at + 1, n + 1) || key;
		at := at + n + 1;
	END LOOP;
	RETURN key;
END
$$;
COMMENT ON FUNCTION claim_key IS
    'claim.key of a name in wire form; the root is empty';

CREATE FUNCTION claim_keys_above(key bytea) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	at integer := 0;
	keys bytea[] := '{}';
BEGIN
	WHILE at < octet_length(key) LOOP
		keys := keys || substr(key, 1, at);
		at := at + get_byte(key, at) + 1;
	END LOOP;
	RETURN keys;
END
$$;
COMMENT ON FUNCTION claim_keys_above IS
    'keys of all names above one, the root''s (empty) first';

CREATE FUNCTION nameserver_sync(hosts text[], wires bytea[], stripes bigint[],
    addresses text[], per_set bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	moved text;
	n integer;
	taken text[];
	used smallint[];
	next_no integer;
	h record;
	first boolean;
BEGIN
	PERFORM claim_lock();
	SELECT s.host INTO moved FROM nameserver s
	JOIN unnest($1, $3) AS u (host, stripe) ON u.host = s.host
	WHERE u.stripe <> s.stripe AND EXISTS (
	    SELECT FROM claim c WHERE c.set_no = s.set_no);
	IF FOUND THEN
		RETURN format('name server %s has another stripe than before, '
		    'and zones are served by it: give the new stripe a new '
		    'host name', moved);
	END IF;
	INSERT INTO nameserver (host, wire, addresses, stripe)
	SELECT u.host, u.wire, string_to_array(u.addresses, ' ')::inet[],
	    u.stripe
	FROM unnest($1, $2, $3, $4) AS u (host, wire, stripe, addresses)
	ON CONFLICT (host) DO UPDATE SET addresses = excluded.addresses,
	    stripe = excluded.stripe, retired_at = NULL;
	DELETE FROM nameserver s WHERE s.set_no IS NULL
	AND s.host <> ALL ($1);
	UPDATE nameserver s SET retired_at = now()
	WHERE s.host <> ALL ($1) AND s.retired_at IS NULL;
	IF NOT EXISTS (SELECT FROM claim WHERE set_no IS NOT NULL)
	    AND NOT EXISTS (SELECT FROM claim_tombstone) THEN
		-- Nobody was told a name yet: start over.
		DELETE FROM nameserver s WHERE s.host <> ALL ($1);
		UPDATE nameserver SET set_no = NULL;
		UPDATE tenant SET set_no = NULL WHERE set_no IS NOT NULL;
	END IF;
	-- New names are dealt out to sets: different stripes within a set as
	-- far as there are, and stripes that no other set has first.
	SELECT coalesce(max(set_no) + 1, 0) INTO next_no FROM nameserver;
	first := next_no = 0;
	LOOP
		SELECT count(*) INTO n FROM nameserver WHERE set_no IS NULL;
		EXIT WHEN next_no > 255 OR n = 0 OR (n < per_set AND NOT first);
		IF first AND n < 2 * per_set THEN
			per_set := n;
		END IF;
		taken := '{}';
		used := '{}';
		FOR i IN 1 .. per_set LOOP
			SELECT s.host, s.stripe INTO h FROM nameserver s
			WHERE s.set_no IS NULL AND s.host <> ALL (taken)
			ORDER BY s.stripe = ANY (used),
			    (SELECT count(*) FROM nameserver o
			     WHERE o.stripe = s.stripe
			     AND o.set_no IS NOT NULL),
			    s.stripe, s.host LIMIT 1;
			taken := taken || h.host;
			used := used || h.stripe;
		END LOOP;
		UPDATE nameserver SET set_no = next_no
		WHERE host = ANY (taken);
		next_no := next_no + 1;
	END LOOP;
	-- Who has no names yet, in turn; claim_home balances later ones.
	UPDATE tenant t SET set_no = u.sets[1 + (u.n - 1)
	    % cardinality(u.sets)]
	FROM (SELECT o.id, row_number() OVER (ORDER BY o.created_at, o.id) AS n,
	    (SELECT array_agg(s.set_no ORDER BY s.set_no)
	     FROM nameserver_set s WHERE s.retired = 0) AS sets
	    FROM tenant o) u
	WHERE u.id = t.id AND t.set_no IS NULL AND cardinality(u.sets) > 0;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nameserver_sync IS
    'take over the configured name servers and make sets of them; a sentence '
    'when that cannot be. Sets of which a name was told stay as they are';

CREATE FUNCTION claim_conflicts(tenant uuid, key bytea)
RETURNS TABLE (
	same boolean,
	zone_id uuid,
	tenant_id uuid,
	set_no smallint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	WITH near AS (
		SELECT c.key, c.zone_id, c.tenant_id, c.set_no FROM claim c
		WHERE c.key = ANY (claim_keys_above($2))
		UNION ALL
		SELECT c.key, c.zone_id, c.tenant_id, c.set_no FROM claim c
		WHERE c.key >= $2 AND c.key < $2 || '\xff'
		UNION ALL
		SELECT t.key, NULL, t.tenant_id, t.set_no
		FROM claim_tombstone t WHERE t.key = ANY (claim_keys_above($2))
		AND (t.until IS NULL OR t.until > now())
		UNION ALL
		SELECT t.key, NULL, t.tenant_id, t.set_no
		FROM claim_tombstone t WHERE t.key >= $2
		AND t.key < $2 || '\xff'
		AND (t.until IS NULL OR t.until > now())
	)
	SELECT n.key = $2, n.zone_id, n.tenant_id, n.set_no FROM near n
	WHERE n.tenant_id <> $1
$$;
COMMENT ON FUNCTION claim_conflicts IS
    'other tenants'' claims on a name, above and below it, and names that '
    'stood there once';

CREATE FUNCTION claim_home(tenant uuid) RETURNS smallint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	home smallint;
BEGIN
	SELECT t.set_no INTO home FROM tenant t
	JOIN nameserver_set s ON s.set_no = t.set_no AND s.retired = 0
	WHERE t.id = $1;
	IF NOT FOUND THEN
		SELECT s.set_no INTO home FROM nameserver_set s
		WHERE s.retired = 0
		ORDER BY (SELECT count(*) FROM tenant t
		    WHERE t.set_no = s.set_no), s.set_no LIMIT 1;
		UPDATE tenant SET set_no = home WHERE id = $1;
	END IF;
	RETURN home;
END
$$;
COMMENT ON FUNCTION claim_home IS
    'the set of names of a tenant; the least used when it has none yet';

CREATE FUNCTION tenant_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM claim_home(NEW.id);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION tenant_inserted IS
    'a new tenant has its name servers at once, if there are any';
CREATE TRIGGER tenant_inserted AFTER INSERT ON tenant
    FOR EACH ROW EXECUTE FUNCTION tenant_inserted();

CREATE FUNCTION claim_pick(tenant uuid, key bytea, skip smallint[])
RETURNS smallint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	home smallint := claim_home(tenant);
	taken smallint[];
	near smallint[];
	busy bigint;
	picked smallint;
BEGIN
	SELECT coalesce(array_agg(DISTINCT c.set_no)
		FILTER (WHERE c.same AND c.set_no IS NOT NULL), '{}'),
	    coalesce(array_agg(DISTINCT c.set_no)
		FILTER (WHERE c.set_no IS NOT NULL), '{}')
	INTO taken, near FROM claim_conflicts($1, $2) c;
	SELECT coalesce(bit_or(s.mask), 0) INTO busy FROM nameserver_set s
	WHERE s.set_no = ANY (near);
	SELECT s.set_no INTO picked FROM nameserver_set s
	WHERE s.retired = 0 AND s.set_no <> ALL (taken)
	AND s.set_no <> ALL ($3)
	ORDER BY EXISTS (SELECT FROM claim_tombstone t WHERE t.key = $2
		AND t.set_no = s.set_no AND t.tenant_id = $1
		AND t.proven) DESC,
	    (s.mask & busy) <> 0, s.set_no = ANY (near),
	    s.set_no <> home, s.set_no LIMIT 1;
	RETURN picked;
END
$$;
COMMENT ON FUNCTION claim_pick IS
    'names for a claim: nobody else''s for this zone name; at addresses where '
    'no other tenant''s claim on it, above or below it stands or stood, if '
    'there are such; the tenant''s own set, if it will do. Null: none left';

CREATE FUNCTION claim_mask(set_no smallint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT coalesce((SELECT s.mask FROM nameserver_set s
	    WHERE s.set_no = $1), 1)
$$;
COMMENT ON FUNCTION claim_mask IS
    'stripes of a set of names; the first stripe where there are no sets';

CREATE FUNCTION claim_alone(tenant uuid, key bytea, mask bigint)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT NOT EXISTS (SELECT FROM claim_conflicts($1, $2) c
	    JOIN nameserver_set s ON s.set_no = c.set_no
	    WHERE s.mask & $3 <> 0)
$$;
COMMENT ON FUNCTION claim_alone IS
    'no other tenant''s claim on the name, above or below it stands or stood '
    'at these stripes: a preview deceives nobody';

CREATE FUNCTION claim_blocked(zone_id uuid, key bytea, mask bigint)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT EXISTS (SELECT FROM claim c JOIN zone z ON z.id = c.zone_id
	    WHERE c.key = $2 AND c.zone_id <> $1 AND z.deleted_at IS NULL
	    AND z.state IN ('active', 'warned') AND z.stripes & $3 <> 0)
$$;
COMMENT ON FUNCTION claim_blocked IS
    'another proven claim on the name is served at one of these stripes';

-- ------------------------------------------------------------ made and gone

CREATE FUNCTION claim_give(zone_id uuid, skip smallint[]) RETURNS smallint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	c claim;
	picked smallint;
BEGIN
	SELECT * INTO c FROM claim WHERE zone_id = $1;
	picked := claim_pick(c.tenant_id, c.key, skip);
	UPDATE claim SET set_no = picked, clear_at = NULL,
	    returned = EXISTS (SELECT FROM claim_tombstone t
		WHERE t.key = c.key AND t.set_no = picked
		AND t.tenant_id = c.tenant_id AND t.proven)
	WHERE zone_id = $1;
	UPDATE zone SET stripes = claim_mask(picked), preview = false
	WHERE id = $1 AND (stripes <> claim_mask(picked) OR preview);
	-- Who is previewed at these addresses is no longer alone there.
	UPDATE zone z SET preview = false
	FROM claim_conflicts(c.tenant_id, c.key) o
	WHERE z.id = o.zone_id AND z.preview
	AND z.stripes & claim_mask(picked) <> 0 AND picked IS NOT NULL;
	RETURN picked;
END
$$;
COMMENT ON FUNCTION claim_give IS
    'give a claim its names, or others; null: all are taken';

CREATE FUNCTION claim_open(zones uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	z record;
BEGIN
	PERFORM claim_lock();
	FOR z IN SELECT o.id, o.tenant_id, o.apex FROM zone o
	    WHERE o.id = ANY (zones) AND o.deleted_at IS NULL
	    AND o.tenant_id = nullif(current_setting('understudy.tenant',
		true), '')::uuid
	    ORDER BY o.id
	LOOP
		INSERT INTO claim (zone_id, tenant_id, key, token)
		VALUES (z.id, z.tenant_id, claim_key(z.apex),
		    'understudy-' || replace(gen_random_uuid()::text, '-', ''))
		ON CONFLICT DO NOTHING;
		PERFORM claim_give(z.id, '{}');
	END LOOP;
	PERFORM pg_notify('understudy_job', 'claim');
END
$$;
COMMENT ON FUNCTION claim_open IS
    'new zones of the current tenant become claims with names of their own';

CREATE FUNCTION claim_bury(zone_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	INSERT INTO claim_tombstone (key, set_no, tenant_id, proven, until)
	SELECT c.key, c.set_no, c.tenant_id, c.proven_at IS NOT NULL,
	    CASE WHEN c.proven_at IS NULL THEN now() + interval '28 days' END
	FROM claim c WHERE c.zone_id = $1 AND c.set_no IS NOT NULL
	ON CONFLICT (key, set_no) DO UPDATE SET
	    tenant_id = excluded.tenant_id, made_at = now(),
	    proven = excluded.proven OR claim_tombstone.proven,
	    until = CASE WHEN NOT claim_tombstone.proven
		THEN excluded.until END
$$;
COMMENT ON FUNCTION claim_bury IS
    'remember whose the names of a claim that ends were';

CREATE FUNCTION zone_claim_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM claim c WHERE c.zone_id = NEW.id) THEN
		PERFORM claim_lock();
		PERFORM claim_bury(NEW.id);
		DELETE FROM claim c WHERE c.zone_id = NEW.id;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_claim_gone IS
    'a deleted zone''s claim ends; its names are remembered';
CREATE TRIGGER zone_claim_gone AFTER UPDATE OF deleted_at ON zone
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION zone_claim_gone();

-- Before the row is locked: claim_apply takes the two in this order.
CREATE FUNCTION zone_claim_going() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM claim) THEN
		PERFORM claim_lock();
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION zone_claim_going IS
    'takes claim_lock before any zone is deleted';
CREATE TRIGGER zone_claim_going BEFORE UPDATE OF deleted_at ON zone
    FOR EACH STATEMENT EXECUTE FUNCTION zone_claim_going();

CREATE FUNCTION claim_adopt() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	z record;
	n bigint := 0;
BEGIN
	PERFORM claim_lock();
	FOR z IN SELECT o.id, o.tenant_id, o.apex, o.state FROM zone o
	    WHERE o.deleted_at IS NULL AND NOT EXISTS (
		SELECT FROM claim c WHERE c.zone_id = o.id)
	    ORDER BY o.created_at, o.id
	LOOP
		INSERT INTO claim (zone_id, tenant_id, key, token, proof,
		    unproven_at, proven_at)
		VALUES (z.id, z.tenant_id, claim_key(z.apex),
		    'understudy-' || replace(gen_random_uuid()::text, '-', ''),
		    CASE WHEN z.state IN ('active', 'warned') THEN 'operator'
			ELSE 'none' END,
		    CASE WHEN z.state NOT IN ('active', 'warned') THEN now()
		    END,
		    CASE WHEN z.state IN ('active', 'warned') THEN now() END);
		PERFORM claim_give(z.id, '{}');
		IF z.state IN ('active', 'warned') AND claim_blocked(z.id,
		    claim_key(z.apex), (SELECT stripes FROM zone
			WHERE id = z.id)) THEN
			UPDATE zone SET state = 'pending' WHERE id = z.id;
			UPDATE claim SET proof = 'none', proven_at = NULL,
			    unproven_at = now() WHERE zone_id = z.id;
		END IF;
		n := n + 1;
	END LOOP;
	RETURN n;
END
$$;
COMMENT ON FUNCTION claim_adopt IS
    'zones made while ownership was off become claims: what was served stays '
    'so by the operator''s word, but only one of those on the same addresses';

-- ------------------------------------------------------------ after a look

CREATE FUNCTION claim_tell(zone uuid, kind text, message text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	INSERT INTO zone_event (tenant_id, zone_id, kind, message)
	SELECT z.tenant_id, z.id, $2, left($3, 1000) FROM zone z
	WHERE z.id = $1
$$;
COMMENT ON FUNCTION claim_tell IS 'an event of a zone';

CREATE FUNCTION claim_mail(zone uuid, template text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	m record;
BEGIN
	FOR m IN SELECT u.email, z.name, t.name AS tenant, z.tenant_id
	    FROM zone z JOIN tenant t ON t.id = z.tenant_id
	    JOIN membership b ON b.tenant_id = z.tenant_id
		AND b.role IN ('owner', 'admin')
	    JOIN user_account u ON u.id = b.user_id
		AND u.verified_at IS NOT NULL AND u.disabled_at IS NULL
	    WHERE z.id = $1 ORDER BY u.email LIMIT 10
	LOOP
		PERFORM mail_put(m.email, $2, jsonb_build_object('zone',
		    m.name, 'tenant', m.tenant), m.tenant_id);
	END LOOP;
END
$$;
COMMENT ON FUNCTION claim_mail IS
    'write to owners and admins of a zone''s tenant';

CREATE FUNCTION claim_brake() RETURNS TABLE (
	recent bigint,
	limit_an_hour bigint,
	held bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT (SELECT count(*) FROM claim
	    WHERE suspended_at > now() - interval '1 hour'),
	    (SELECT greatest(10, count(*) / 100) FROM zone z
	    JOIN claim c ON c.zone_id = z.id
	    WHERE z.state IN ('active', 'warned')),
	    (SELECT count(*) FROM claim WHERE held_at IS NOT NULL)
$$;
COMMENT ON FUNCTION claim_brake IS
    'suspensions within an hour, how many there may be, how many wait';

CREATE FUNCTION claim_displace(zone uuid, key bytea, mask bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	o record;
	n bigint := 0;
BEGIN
	FOR o IN SELECT c.zone_id, z.stripes & $3 <> 0 AS overlaps, z.state
	    FROM claim c JOIN zone z ON z.id = c.zone_id
	    WHERE c.key = $2 AND c.zone_id <> $1
	    ORDER BY c.zone_id FOR UPDATE OF c, z
	LOOP
		IF o.overlaps AND o.state IN ('active', 'warned') THEN
			UPDATE zone SET state = 'suspended'
			WHERE id = o.zone_id;
			UPDATE claim SET proof = 'none', unproven_at = now(),
			    loss_at = NULL, lost_ms = 0, txt_until = NULL,
			    held_at = NULL, check_at = now()
			WHERE zone_id = o.zone_id;
			PERFORM claim_tell(o.zone_id, 'claim-displaced',
			    'the parent delegates the name to the name '
			    'servers of another claim; this one is no longer '
			    'answered');
			PERFORM claim_mail(o.zone_id, 'claim_suspended');
			n := n + 1;
		ELSIF o.overlaps THEN
			UPDATE zone SET preview = false
			WHERE id = o.zone_id AND preview;
		ELSIF o.state IN ('active', 'warned') THEN
			UPDATE claim SET check_at = now()
			WHERE zone_id = o.zone_id;
		END IF;
	END LOOP;
	RETURN n;
END
$$;
COMMENT ON FUNCTION claim_displace IS
    'the parent speaks for this claim: others on the name leave its '
    'addresses at once, those elsewhere are looked at';

-- A proven claim without names gets those of one that never was.
CREATE FUNCTION claim_seize(zone uuid, skip smallint[]) RETURNS smallint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	given smallint := claim_give(zone, skip);
	victim uuid;
BEGIN
	IF given IS NOT NULL THEN
		RETURN given;
	END IF;
	SELECT c.zone_id INTO victim FROM claim c
	JOIN claim mine ON mine.zone_id = $1 AND mine.key = c.key
	JOIN nameserver_set s ON s.set_no = c.set_no AND s.retired = 0
	WHERE c.zone_id <> $1 AND c.proven_at IS NULL
	AND c.set_no <> ALL (skip)
	AND NOT claim_blocked($1, c.key, s.mask)
	ORDER BY c.opened_at, c.zone_id LIMIT 1;
	IF victim IS NULL THEN
		RETURN NULL;
	END IF;
	UPDATE zone SET preview = false WHERE id = victim AND preview;
	UPDATE claim SET set_no = NULL, clear_at = NULL
	WHERE zone_id = victim;
	PERFORM claim_tell(victim, 'claim-names-taken', 'another claim on this '
	    'name was proven and has the name servers now; this one can be '
	    'proven by the TXT record');
	RETURN claim_give(zone, skip);
END
$$;
COMMENT ON FUNCTION claim_seize IS
    'names for a claim that was proven without any';

CREATE FUNCTION claim_apply(zone uuid, owner uuid, was_state text,
    was_set smallint, state text, proof text, preview boolean,
    clear_at timestamptz, txt_until timestamptz, loss_at timestamptz,
    lost_ms bigint, unproven_at timestamptz, wants_set boolean,
    displaces boolean, skip smallint[], seen text, missing bigint,
    sighting jsonb, check_at timestamptz, events text[], messages text[])
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	c claim;
	z zone;
	b record;
	wins boolean;
	next_set smallint;
	next_at timestamptz := check_at;
	asked boolean;
	what text := 'done';
BEGIN
	PERFORM claim_lock();
	SELECT * INTO c FROM claim a WHERE a.zone_id = zone FOR UPDATE;
	IF NOT FOUND OR c.lease_owner IS DISTINCT FROM owner THEN
		RETURN 'stale';
	END IF;
	SELECT * INTO z FROM zone a WHERE a.id = claim_apply.zone FOR UPDATE;
	IF z.deleted_at IS NOT NULL OR z.state <> was_state
	    OR c.set_no IS DISTINCT FROM was_set THEN
		-- It is another claim than the one that was judged: again.
		UPDATE claim a SET lease_owner = NULL, lease_until = NULL,
		    check_at = now() WHERE a.zone_id = c.zone_id;
		RETURN 'stale';
	END IF;
	-- claim_take put it behind the lease; who asked since wants another.
	asked := c.check_at < c.lease_until;
	wins := state = 'active' AND was_state NOT IN ('active', 'warned');
	next_set := c.set_no;

	IF wins AND c.set_no IS NULL THEN
		next_set := claim_seize(c.zone_id, skip);
		wants_set := false;
		events := events || 'claim-names'::text;
		messages := messages || 'the claim has name servers now: see '
		    'nameservers'::text;
		SELECT * INTO z FROM zone a WHERE a.id = c.zone_id;
	END IF;
	IF wins AND NOT displaces AND (next_set IS NULL AND EXISTS (
		SELECT FROM nameserver_set)
	    OR claim_blocked(c.zone_id, c.key, z.stripes)) THEN
		-- Somebody was faster, or there is no address to answer at.
		state := was_state;
		proof := c.proof;
		txt_until := c.txt_until;
		unproven_at := c.unproven_at;
		events := '{}';
		messages := '{}';
		wins := false;
		what := 'blocked';
	END IF;
	IF wins AND displaces THEN
		PERFORM claim_displace(c.zone_id, c.key, z.stripes);
	END IF;
	IF state = 'suspended' AND was_state = 'warned' AND NOT c.released
	THEN
		SELECT * INTO b FROM claim_brake();
		IF b.recent >= b.limit_an_hour THEN
			state := 'warned';
			proof := c.proof;
			unproven_at := NULL;
			lost_ms := c.lost_ms;
			loss_at := c.loss_at;
			next_at := now() + interval '1 hour';
			events := '{}';
			messages := '{}';
			IF c.held_at IS NULL THEN
				PERFORM claim_tell(c.zone_id, 'claim-held',
				    'the zone would be suspended now, but '
				    'many lose their proof at the same time: '
				    'the operator looks at it first');
			END IF;
			UPDATE claim a SET held_at = coalesce(a.held_at, now())
			WHERE a.zone_id = c.zone_id;
			what := 'held';
		END IF;
	END IF;
	IF state = 'lapsed' THEN
		PERFORM claim_bury(c.zone_id);
		next_set := NULL;
		clear_at := NULL;
	END IF;
	-- Only what was judged alone may be previewed, and only if it still is.
	preview := preview AND state = 'pending' AND next_set IS NOT NULL
	    AND claim_alone(c.tenant_id, c.key, z.stripes);

	UPDATE claim a SET set_no = next_set, proof = claim_apply.proof,
	    clear_at = CASE WHEN next_set IS NOT DISTINCT FROM c.set_no
		THEN claim_apply.clear_at END,
	    txt_until = claim_apply.txt_until, loss_at = claim_apply.loss_at,
	    lost_ms = claim_apply.lost_ms,
	    unproven_at = claim_apply.unproven_at,
	    proven_at = CASE WHEN wins THEN coalesce(a.proven_at, now())
		ELSE a.proven_at END,
	    suspended_at = CASE WHEN claim_apply.state = 'suspended'
		AND was_state = 'warned' THEN now() ELSE a.suspended_at END,
	    held_at = CASE WHEN claim_apply.state = 'warned'
		THEN a.held_at END,
	    released = a.released AND claim_apply.state = 'warned',
	    seen_since = CASE WHEN a.seen IS NOT DISTINCT FROM
		claim_apply.seen THEN a.seen_since ELSE now() END,
	    seen = claim_apply.seen, seen_at = now(),
	    missing = claim_apply.missing,
	    sighting = claim_apply.sighting,
	    check_at = CASE WHEN asked THEN a.check_at ELSE next_at END,
	    lease_owner = NULL, lease_until = NULL
	WHERE a.zone_id = c.zone_id;
	UPDATE zone a SET state = claim_apply.state,
	    preview = claim_apply.preview, changed_at =
		CASE WHEN a.state <> claim_apply.state THEN now()
		ELSE a.changed_at END
	WHERE a.id = c.zone_id AND (a.state <> claim_apply.state
	    OR a.preview <> claim_apply.preview);
	IF state = 'lapsed' AND was_state <> 'lapsed' THEN
		UPDATE zone_timer t SET due_at = 'infinity'
		WHERE t.zone_id = c.zone_id;
	ELSIF wins THEN
		UPDATE zone_timer t SET due_at = least(t.due_at, now())
		WHERE t.zone_id = c.zone_id;
		PERFORM pg_notify('understudy_job', 'zone');
	END IF;

	IF wants_set AND NOT wins THEN
		-- Listed before it was given: other names, if there are some.
		next_set := claim_pick(c.tenant_id, c.key, skip);
		IF next_set IS NOT NULL AND next_set IS DISTINCT FROM c.set_no
		THEN
			PERFORM claim_give(c.zone_id, skip);
			UPDATE claim a SET check_at = now()
			WHERE a.zone_id = c.zone_id;
			PERFORM pg_notify('understudy_job', 'claim');
			events := events || 'claim-names'::text;
			messages := messages || 'the parent listed the name '
			    'servers of this claim before it was made, which '
			    'proves nothing: it has others now'::text;
			what := 'names';
		END IF;
	END IF;
	IF NOT asked THEN
		UPDATE job j SET state = 'done', finished_at = now(),
		    lease_owner = NULL, lease_until = NULL,
		    result = jsonb_build_object('outcome', what,
			'state', claim_apply.state, 'seen', claim_apply.seen)
		WHERE j.tenant_id = c.tenant_id AND j.zone_id = c.zone_id
		AND j.kind = 'proof' AND j.state = 'queued';
	END IF;
	INSERT INTO zone_event (tenant_id, zone_id, kind, message)
	SELECT c.tenant_id, c.zone_id, e.kind, left(e.message, 1000)
	FROM unnest(events, messages) AS e (kind, message);
	IF 'claim-warned' = ANY (events) THEN
		PERFORM claim_mail(c.zone_id, 'claim_warning');
	ELSIF 'claim-suspended' = ANY (events) THEN
		PERFORM claim_mail(c.zone_id, 'claim_suspended');
	END IF;
	RETURN what;
END
$$;
COMMENT ON FUNCTION claim_apply IS
    'what a look at the parent amounts to, if the claim is still the one that '
    'was looked at: done, stale, blocked (another claim is served there), '
    'held (the brake), names (it got others)';

-- ------------------------------------------------------------ asked for

CREATE FUNCTION claim_ask(zone uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	c claim;
BEGIN
	SELECT a.* INTO c FROM claim a WHERE a.zone_id = zone
	AND a.tenant_id = nullif(current_setting('understudy.tenant',
	    true), '')::uuid FOR UPDATE;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	UPDATE claim a SET check_at = now() WHERE a.zone_id = zone;
	PERFORM pg_notify('understudy_job', 'claim');
	RETURN true;
END
$$;
COMMENT ON FUNCTION claim_ask IS
    'look at a zone of the current tenant as soon as may be';

CREATE FUNCTION claim_reopen(zone uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM claim_lock();
	UPDATE zone z SET state = 'pending', changed_at = now()
	WHERE z.id = $1 AND z.deleted_at IS NULL
	AND z.state IN ('suspended', 'lapsed')
	AND z.tenant_id = nullif(current_setting('understudy.tenant',
	    true), '')::uuid;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	UPDATE claim c SET opened_at = now(), unproven_at = now(),
	    check_at = now(), suspended_at = NULL WHERE c.zone_id = $1;
	IF (SELECT c.set_no IS NULL FROM claim c WHERE c.zone_id = $1) THEN
		PERFORM claim_give($1, '{}');
	END IF;
	UPDATE zone_timer t SET due_at = least(t.due_at, now())
	WHERE t.zone_id = $1;
	PERFORM claim_tell($1, 'claim-opened', 'the claim waits for a proof '
	    'again, for 28 days');
	PERFORM pg_notify('understudy_job', 'claim');
	RETURN true;
END
$$;
COMMENT ON FUNCTION claim_reopen IS
    'a suspended or lapsed claim of the current tenant is pending again';

CREATE FUNCTION claim_word(zone uuid, active boolean) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	c claim;
	z zone;
BEGIN
	PERFORM claim_lock();
	SELECT a.* INTO c FROM claim a WHERE a.zone_id = zone FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'off';
	END IF;
	SELECT a.* INTO z FROM zone a WHERE a.id = claim_word.zone FOR UPDATE;
	IF NOT active THEN
		IF c.proof <> 'operator' AND z.state NOT IN ('active',
		    'warned') THEN
			RETURN 'same';
		END IF;
		UPDATE zone a SET state = 'suspended', changed_at = now()
		WHERE a.id = c.zone_id;
		UPDATE claim a SET proof = 'none', unproven_at = now(),
		    txt_until = NULL, loss_at = NULL, lost_ms = 0,
		    held_at = NULL WHERE a.zone_id = c.zone_id;
		PERFORM claim_tell(c.zone_id, 'claim-suspended',
		    'the operator does not let this zone be served');
		RETURN 'done';
	END IF;
	IF c.proof = 'operator' AND z.state = 'active' THEN
		RETURN 'same';
	END IF;
	IF c.set_no IS NULL THEN
		IF claim_seize(c.zone_id, '{}') IS NULL AND EXISTS (
		    SELECT FROM nameserver_set) THEN
			RETURN 'names';
		END IF;
		SELECT a.* INTO z FROM zone a WHERE a.id = c.zone_id;
	END IF;
	IF claim_blocked(c.zone_id, c.key, z.stripes) THEN
		RETURN 'blocked';
	END IF;
	UPDATE zone a SET state = 'active', preview = false,
	    changed_at = now() WHERE a.id = c.zone_id;
	UPDATE claim a SET proof = 'operator', unproven_at = NULL,
	    proven_at = coalesce(a.proven_at, now()), loss_at = NULL,
	    lost_ms = 0, held_at = NULL, released = false
	WHERE a.zone_id = c.zone_id;
	UPDATE zone_timer t SET due_at = least(t.due_at, now())
	WHERE t.zone_id = c.zone_id;
	PERFORM claim_tell(c.zone_id, 'claim-proven',
	    'the operator lets this zone be served');
	PERFORM pg_notify('understudy_job', 'zone');
	RETURN 'done';
END
$$;
COMMENT ON FUNCTION claim_word IS
    'the operator''s word for a claim, given or taken back: done, same, off '
    '(no claim), names (none left), blocked (another one is served there)';

CREATE FUNCTION claim_release() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	n bigint;
BEGIN
	UPDATE claim c SET released = true, held_at = NULL, check_at = now()
	WHERE c.held_at IS NOT NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM pg_notify('understudy_job', 'claim');
	RETURN n;
END
$$;
COMMENT ON FUNCTION claim_release IS
    'the operator lets what waits at the brake be suspended';

-- ------------------------------------------------------------ access

GRANT SELECT ON claim TO understudy_apid_app, understudy_apid_operator,
    understudy_xferd;
GRANT UPDATE (check_at, lease_owner, lease_until) ON claim
    TO understudy_xferd;
GRANT SELECT, DELETE ON claim_tombstone TO understudy_xferd,
    understudy_apid_operator;
GRANT SELECT ON claim_allowed TO understudy_apid_app;
GRANT SELECT, INSERT, DELETE ON claim_allowed TO understudy_apid_operator;
GRANT SELECT ON nameserver, nameserver_set TO understudy_apid_app,
    understudy_apid_operator, understudy_xferd;
GRANT EXECUTE ON FUNCTION claim_open, claim_ask, claim_reopen
    TO understudy_apid_app;
GRANT EXECUTE ON FUNCTION nameserver_sync, claim_adopt, claim_word,
    claim_brake, claim_release, claim_open, claim_ask, claim_reopen
    TO understudy_apid_operator;
GRANT EXECUTE ON FUNCTION claim_apply, claim_alone, claim_blocked,
    claim_conflicts TO understudy_xferd;
