
-- FUNCTION attempt_counted()

CREATE FUNCTION public.attempt_counted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
	IF NOT EXISTS (SELECT FROM added a WHERE a.bytes > 0
	    AND a.kind IN ('axfr', 'ixfr')) THEN
		RETURN NULL;
	END IF;
	INSERT INTO tenant_day AS d (tenant_id, day, transfer_bytes)
	SELECT a.tenant_id, today, sum(a.bytes) FROM added a
	WHERE a.bytes > 0 AND a.kind IN ('axfr', 'ixfr')
	GROUP BY a.tenant_id ORDER BY a.tenant_id
	ON CONFLICT ON CONSTRAINT tenant_day_tenant_id_day_pk DO UPDATE
	SET transfer_bytes = d.transfer_bytes + excluded.transfer_bytes;
	DELETE FROM tenant_day d USING added a
	WHERE d.tenant_id = a.tenant_id AND d.day < today - 62;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.attempt_counted() IS 'count what transfers took';

-- FUNCTION attempt_prune(uuid[], integer)

CREATE FUNCTION public.attempt_prune(zones uuid[], keep integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	WITH gone AS (
		DELETE FROM attempt a USING (
			SELECT u.zone_id, (SELECT b.id FROM attempt b
			    WHERE b.zone_id = u.zone_id
			    ORDER BY b.id DESC OFFSET keep LIMIT 1) AS last_id
			FROM unnest(zones) AS u (zone_id)
		) l
		WHERE a.zone_id = l.zone_id AND a.id <= l.last_id
		RETURNING 1
	)
	SELECT count(*) FROM gone
$$;

COMMENT ON FUNCTION public.attempt_prune(zones uuid[], keep integer) IS 'keep the last attempts of these zones; called by xferd after recording';

-- FUNCTION audit_stays()

CREATE FUNCTION public.audit_stays() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	RAISE EXCEPTION 'the audit is append-only: % is refused', TG_OP
	    USING ERRCODE = 'insufficient_privilege',
		HINT = 'docs/OPERATIONS.md, "The audit", says how old rows go';
END
$$;

COMMENT ON FUNCTION public.audit_stays() IS 'rows of the audit are neither changed nor removed, by no role at all';

-- FUNCTION claim_adopt()

CREATE FUNCTION public.claim_adopt() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_adopt() IS 'zones made while ownership was off become claims: what was served stays so by the operator''s word, but only one of those on the same addresses';

-- FUNCTION claim_alone(uuid, bytea, bigint)

CREATE FUNCTION public.claim_alone(tenant uuid, key bytea, mask bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT NOT EXISTS (SELECT FROM claim_conflicts($1, $2) c
	    JOIN nameserver_set s ON s.set_no = c.set_no
	    WHERE s.mask & $3 <> 0)
$_$;

COMMENT ON FUNCTION public.claim_alone(tenant uuid, key bytea, mask bigint) IS 'no other tenant''s claim on the name, above or below it stands or stood at these stripes: a preview deceives nobody';

-- FUNCTION claim_apply(uuid, uuid, text, smallint, text, text, boolean, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, timestamp with time zone, boolean, boolean, smallint[], text, bigint, jsonb, timestamp with time zone, text[], text[])

CREATE FUNCTION public.claim_apply(zone uuid, owner uuid, was_state text, was_set smallint, state text, proof text, preview boolean, clear_at timestamp with time zone, txt_until timestamp with time zone, loss_at timestamp with time zone, lost_ms bigint, unproven_at timestamp with time zone, wants_set boolean, displaces boolean, skip smallint[], seen text, missing bigint, sighting jsonb, check_at timestamp with time zone, events text[], messages text[]) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_apply(zone uuid, owner uuid, was_state text, was_set smallint, state text, proof text, preview boolean, clear_at timestamp with time zone, txt_until timestamp with time zone, loss_at timestamp with time zone, lost_ms bigint, unproven_at timestamp with time zone, wants_set boolean, displaces boolean, skip smallint[], seen text, missing bigint, sighting jsonb, check_at timestamp with time zone, events text[], messages text[]) IS 'what a look at the parent amounts to, if the claim is still the one that was looked at: done, stale, blocked (another claim is served there), held (the brake), names (it got others)';

-- FUNCTION claim_ask(uuid)

CREATE FUNCTION public.claim_ask(zone uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_ask(zone uuid) IS 'look at a zone of the current tenant as soon as may be';

-- FUNCTION claim_blocked(uuid, bytea, bigint)

CREATE FUNCTION public.claim_blocked(zone_id uuid, key bytea, mask bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT EXISTS (SELECT FROM claim c JOIN zone z ON z.id = c.zone_id
	    WHERE c.key = $2 AND c.zone_id <> $1 AND z.deleted_at IS NULL
	    AND z.state IN ('active', 'warned') AND z.stripes & $3 <> 0)
$_$;

COMMENT ON FUNCTION public.claim_blocked(zone_id uuid, key bytea, mask bigint) IS 'another proven claim on the name is served at one of these stripes';

-- FUNCTION claim_brake()

CREATE FUNCTION public.claim_brake() RETURNS TABLE(recent bigint, limit_an_hour bigint, held bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	SELECT (SELECT count(*) FROM claim
	    WHERE suspended_at > now() - interval '1 hour'),
	    (SELECT greatest(10, count(*) / 100) FROM zone z
	    JOIN claim c ON c.zone_id = z.id
	    WHERE z.state IN ('active', 'warned')),
	    (SELECT count(*) FROM claim WHERE held_at IS NOT NULL)
$$;

COMMENT ON FUNCTION public.claim_brake() IS 'suspensions within an hour, how many there may be, how many wait';

-- FUNCTION claim_bury(uuid)

CREATE FUNCTION public.claim_bury(zone_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	INSERT INTO claim_tombstone (key, set_no, tenant_id, proven, until)
	SELECT c.key, c.set_no, c.tenant_id, c.proven_at IS NOT NULL,
	    CASE WHEN c.proven_at IS NULL THEN now() + interval '28 days' END
	FROM claim c WHERE c.zone_id = $1 AND c.set_no IS NOT NULL
	ON CONFLICT (key, set_no) DO UPDATE SET
	    tenant_id = excluded.tenant_id, made_at = now(),
	    proven = excluded.proven OR claim_tombstone.proven,
	    until = CASE WHEN NOT claim_tombstone.proven
		THEN excluded.until END
$_$;

COMMENT ON FUNCTION public.claim_bury(zone_id uuid) IS 'remember whose the names of a claim that ends were';

-- FUNCTION claim_conflicts(uuid, bytea)

CREATE FUNCTION public.claim_conflicts(tenant uuid, key bytea) RETURNS TABLE(same boolean, zone_id uuid, tenant_id uuid, set_no smallint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_conflicts(tenant uuid, key bytea) IS 'other tenants'' claims on a name, above and below it, and names that stood there once';

-- FUNCTION claim_displace(uuid, bytea, bigint)

CREATE FUNCTION public.claim_displace(zone uuid, key bytea, mask bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_displace(zone uuid, key bytea, mask bigint) IS 'the parent speaks for this claim: others on the name leave its addresses at once, those elsewhere are looked at';

-- FUNCTION claim_give(uuid, smallint[])

CREATE FUNCTION public.claim_give(zone_id uuid, skip smallint[]) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_give(zone_id uuid, skip smallint[]) IS 'give a claim its names, or others; null: all are taken';

-- FUNCTION claim_home(uuid)

CREATE FUNCTION public.claim_home(tenant uuid) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_home(tenant uuid) IS 'the set of names of a tenant; the least used when it has none yet';

-- FUNCTION claim_key(bytea)

CREATE FUNCTION public.claim_key(apex bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_key(apex bytea) IS 'claim.key of a name in wire form; the root is empty';

-- FUNCTION claim_keys_above(bytea)

CREATE FUNCTION public.claim_keys_above(key bytea) RETURNS bytea[]
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_keys_above(key bytea) IS 'keys of all names above one, the root''s (empty) first';

-- FUNCTION claim_lock()

CREATE FUNCTION public.claim_lock() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	SELECT pg_advisory_xact_lock(120)
$$;

COMMENT ON FUNCTION public.claim_lock() IS 'until the end of the transaction nobody else gives names or proofs';

-- FUNCTION claim_mail(uuid, text)

CREATE FUNCTION public.claim_mail(zone uuid, template text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_mail(zone uuid, template text) IS 'write to owners and admins of a zone''s tenant';

-- FUNCTION claim_mask(smallint)

CREATE FUNCTION public.claim_mask(set_no smallint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT coalesce((SELECT s.mask FROM nameserver_set s
	    WHERE s.set_no = $1), 1)
$_$;

COMMENT ON FUNCTION public.claim_mask(set_no smallint) IS 'stripes of a set of names; the first stripe where there are no sets';

-- FUNCTION claim_open(uuid[])

CREATE FUNCTION public.claim_open(zones uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_open(zones uuid[]) IS 'new zones of the current tenant become claims with names of their own';

-- FUNCTION claim_pick(uuid, bytea, smallint[])

CREATE FUNCTION public.claim_pick(tenant uuid, key bytea, skip smallint[]) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_pick(tenant uuid, key bytea, skip smallint[]) IS 'names for a claim: nobody else''s for this zone name; at addresses where no other tenant''s claim on it, above or below it stands or stood, if there are such; the tenant''s own set, if it will do. Null: none left';

-- FUNCTION claim_release()

CREATE FUNCTION public.claim_release() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_release() IS 'the operator lets what waits at the brake be suspended';

-- FUNCTION claim_reopen(uuid)

CREATE FUNCTION public.claim_reopen(zone uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_reopen(zone uuid) IS 'a suspended or lapsed claim of the current tenant is pending again';

-- FUNCTION claim_seize(uuid, smallint[])

CREATE FUNCTION public.claim_seize(zone uuid, skip smallint[]) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.claim_seize(zone uuid, skip smallint[]) IS 'names for a claim that was proven without any';

-- FUNCTION claim_tell(uuid, text, text)

CREATE FUNCTION public.claim_tell(zone uuid, kind text, message text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	INSERT INTO zone_event (tenant_id, zone_id, kind, message)
	SELECT z.tenant_id, z.id, $2, left($3, 1000) FROM zone z
	WHERE z.id = $1
$_$;

COMMENT ON FUNCTION public.claim_tell(zone uuid, kind text, message text) IS 'an event of a zone';

-- FUNCTION claim_word(uuid, boolean)

CREATE FUNCTION public.claim_word(zone uuid, active boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.claim_word(zone uuid, active boolean) IS 'the operator''s word for a claim, given or taken back: done, same, off (no claim), names (none left), blocked (another one is served there)';

-- FUNCTION diagnosis_admit(uuid, inet[], integer[], integer, integer, integer)

CREATE FUNCTION public.diagnosis_admit(tenant uuid, addresses inet[], ports integer[], per_minute integer, gap_s integer, keep integer) RETURNS TABLE(address inet, port integer, wait_s integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
DECLARE
	oldest timestamptz;
BEGIN
	-- One at a time of each tenant: the count is exact.
	PERFORM pg_advisory_xact_lock(hashtextextended('diagnosis '
	    || $1::text, 0));
	SELECT d.created_at INTO oldest FROM diagnosis d
	WHERE d.tenant_id = $1
	AND d.created_at > clock_timestamp() - interval '1 minute'
	ORDER BY d.created_at DESC OFFSET greatest($4, 1) - 1 LIMIT 1;
	IF FOUND THEN
		wait_s := greatest(1, ceil(extract(epoch FROM oldest
		    - clock_timestamp()) + 60))::integer;
		RETURN NEXT;
		RETURN;
	END IF;
	RETURN QUERY SELECT * FROM diagnosis_visit($2, $3, $5);
	DELETE FROM diagnosis WHERE id IN (SELECT d.id FROM diagnosis d
	    WHERE d.tenant_id = $1 ORDER BY d.created_at DESC OFFSET $6 - 1);
END
$_$;

COMMENT ON FUNCTION public.diagnosis_admit(tenant uuid, addresses inet[], ports integer[], per_minute integer, gap_s integer, keep integer) IS 'may a tenant have one more check? No row: yes, and there is room for it. A row without an address: not so many a minute; with one: diagnosis_visit. The caller rolls back when there is a row';

-- FUNCTION diagnosis_visit(inet[], integer[], integer)

CREATE FUNCTION public.diagnosis_visit(addresses inet[], ports integer[], gap_s integer) RETURNS TABLE(address inet, port integer, wait_s integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
DECLARE
	dest record;
	was timestamptz;
BEGIN
	FOR dest IN SELECT DISTINCT u.a, u.p
	    FROM unnest($1, $2) AS u (a, p) ORDER BY 1, 2
	LOOP
		INSERT INTO diagnosis_destination AS d (address, port, at)
		VALUES (dest.a, dest.p, clock_timestamp())
		ON CONFLICT (address, port) DO UPDATE
		SET at = clock_timestamp()
		WHERE d.at <= clock_timestamp() - $3 * interval '1 second';
		IF NOT FOUND THEN
			SELECT d.at INTO was FROM diagnosis_destination d
			WHERE d.address = dest.a AND d.port = dest.p;
			address := dest.a;
			port := dest.p;
			wait_s := greatest(1, least($3, ceil(extract(epoch
			    FROM was - clock_timestamp()) + $3)))::integer;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$_$;

COMMENT ON FUNCTION public.diagnosis_visit(addresses inet[], ports integer[], gap_s integer) IS 'may a check go to these addresses now? Returns those that it may not, because another one (of any tenant) went there less than gap_s ago';

-- FUNCTION edge_report(text, bigint, xid8, jsonb, jsonb)

CREATE FUNCTION public.edge_report(edge text, epoch bigint, applied_xmin xid8, exceptions jsonb, counters jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	INSERT INTO edge AS e (name, epoch, applied_xmin, exceptions, counters)
	VALUES ($1, $2, $3, coalesce($4, '[]'), coalesce($5, '{}'))
	ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch,
	    applied_xmin = excluded.applied_xmin,
	    exceptions = excluded.exceptions, counters = excluded.counters,
	    seen_at = now();
	SELECT pg_notify('understudy_edge', $1);
$_$;

COMMENT ON FUNCTION public.edge_report(edge text, epoch bigint, applied_xmin xid8, exceptions jsonb, counters jsonb) IS 'what an edge serves now; the one thing that dnsd writes';

-- FUNCTION feed_changes(xid8)

CREATE FUNCTION public.feed_changes(since xid8) RETURNS TABLE(horizon xid8, core_xmin xid8, xmax xid8, read_at timestamp with time zone, system_id bigint, timeline integer, kind text, zone_id uuid, apex bytea, stripes bigint, state text, generation bigint, serial bigint, soa bytea, root_level smallint, root_digest bytea, record_count bigint, page_count bigint, loaded_at timestamp with time zone, checked_at timestamp with time zone, expires_in_ms bigint)
    LANGUAGE sql STABLE
    AS $$
	WITH here AS MATERIALIZED (
		SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
		    pg_snapshot_xmax(pg_current_snapshot()) AS xmax,
		    statement_timestamp() AS read_at,
		    (SELECT c.system_identifier FROM pg_control_system() c)
			AS system_id,
		    feed_timeline() AS timeline,
		    -- Null: no subscriber here. False while a table is being
		    -- copied: then feed_mark may be ahead of zone_state.
		    (SELECT bool_and(coalesce(r.srsubstate = 'r', true))
			FROM pg_subscription p LEFT JOIN pg_subscription_rel r
			ON r.srsubid = p.oid WHERE p.subdbid =
			(SELECT d.oid FROM pg_database d
			 WHERE d.datname = current_database())) AS in_step
	), change AS (
		SELECT 'zone' AS kind, s.zone_id, s.apex, s.stripes, s.state,
		    s.generation, s.serial, s.soa, s.root_level,
		    s.root_digest, s.record_count, s.page_count, s.loaded_at,
		    s.checked_at, s.expires_at
		FROM zone_state s WHERE s.stamp >= since
		UNION ALL
		SELECT 'refresh', r.zone_id, NULL, NULL, NULL, NULL, NULL,
		    NULL, NULL, NULL, NULL, NULL, NULL, r.checked_at,
		    r.expires_at
		FROM (
			SELECT DISTINCT ON (u.zone_id) u.zone_id,
			    b.checked_at, u.expires_at
			FROM refresh_batch b, unnest(b.zone_ids, b.expires_at)
			    AS u (zone_id, expires_at)
			WHERE b.stamp >= since
			ORDER BY u.zone_id, b.checked_at DESC, b.id DESC
		) r
	)
	SELECT h.horizon,
	    CASE WHEN h.in_step IS NULL THEN h.horizon
		WHEN h.in_step THEN (SELECT m.core_xmin FROM feed_mark m)
		ELSE '0' END,
	    h.xmax, h.read_at, h.system_id, h.timeline,
	    c.kind, c.zone_id, c.apex, c.stripes, c.state, c.generation,
	    c.serial, c.soa, c.root_level, c.root_digest, c.record_count,
	    c.page_count, c.loaded_at, c.checked_at,
	    CASE WHEN c.expires_at IS NOT NULL THEN
		(extract(epoch FROM least(c.expires_at,
		    h.read_at + interval '68 years') - h.read_at) * 1000
		)::bigint END
	FROM here h LEFT JOIN change c ON true
$$;

COMMENT ON FUNCTION public.feed_changes(since xid8) IS 'what changed since a horizon, and the next horizon, in one statement: always at least one row, with kind null when nothing changed. feed_changes(''0'') is everything. Rows may come again: drop what is known by generation and checked_at';

-- FUNCTION feed_mark_tick()

CREATE FUNCTION public.feed_mark_tick() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	UPDATE feed_mark
	SET core_xmin = pg_snapshot_xmin(pg_current_snapshot()), at = now()
	WHERE EXISTS (SELECT FROM pg_replication_slots
	    WHERE slot_type = 'logical')
	AND core_xmin < pg_snapshot_xmin(pg_current_snapshot())
$$;

COMMENT ON FUNCTION public.feed_mark_tick() IS 'called each second by xferd; does nothing without logical subscribers';

-- FUNCTION feed_stamp()

CREATE FUNCTION public.feed_stamp() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	NEW.stamp := pg_current_xact_id();
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION public.feed_stamp() IS 'stamp the row with the transaction that writes it here: on a logical subscriber that is the subscriber''s own, as is its horizon';

-- FUNCTION feed_timeline()

CREATE FUNCTION public.feed_timeline() RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	-- The control file's timeline is set by the first checkpoint after a
	-- promotion; the name of the WAL file knows at once.
	SELECT CASE WHEN pg_is_in_recovery()
	    THEN (SELECT timeline_id FROM pg_control_checkpoint())
	    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()),
		8))::bit(32)::integer END
$$;

COMMENT ON FUNCTION public.feed_timeline() IS 'changes with each failover or restore';

-- FUNCTION idempotency_prune(uuid, bigint, bigint)

CREATE FUNCTION public.idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	DELETE FROM idempotency_key WHERE id IN (
	    SELECT id FROM idempotency_key
	    WHERE created_at <= now() - interval '24 hours'
	    ORDER BY created_at LIMIT 10000 FOR UPDATE SKIP LOCKED);
	DELETE FROM idempotency_key k USING (
	    SELECT id, row_number() OVER w AS n,
		sum(coalesce(octet_length(body), 0)) OVER w AS bytes
	    FROM idempotency_key
	    WHERE tenant_id IS NOT DISTINCT FROM tenant
	    WINDOW w AS (ORDER BY id DESC)) s
	WHERE k.id = s.id AND (s.n > keep OR s.bytes > keep_bytes)
	    AND s.n > 1;
$$;

COMMENT ON FUNCTION public.idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint) IS 'drop what is older than 24 hours, of whomever, and of this tenant what is beyond the newest; called by apid with some of the keys it stores';

-- FUNCTION invitation_look(bytea)

CREATE FUNCTION public.invitation_look(hash bytea) RETURNS TABLE(invitation_id uuid, tenant_id uuid, tenant_name text, email text, role text, has_account boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.invitation_look(hash bytea) IS 'what a link of an invitation is good for; no row when unknown, too old, or when who invited could not do it today';

-- FUNCTION invitation_take(bytea, uuid)

CREATE FUNCTION public.invitation_take(hash bytea, person uuid) RETURNS TABLE(tenant_id uuid, role text, is_new boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.invitation_take(hash bytea, person uuid) IS 'the person becomes a member, the invitation is over; who is a member already keeps their role. No row when the link is not good';

-- FUNCTION job_inserted()

CREATE FUNCTION public.job_inserted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	PERFORM pg_notify('understudy_job', 'job');
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.job_inserted() IS 'wake xferd, once per statement';

-- FUNCTION link_add(bytea, text, uuid, text, jsonb, bigint)

CREATE FUNCTION public.link_add(hash bytea, purpose text, user_id uuid, email text, payload jsonb, life_s bigint) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.link_add(hash bytea, purpose text, user_id uuid, email text, payload jsonb, life_s bigint) IS 'a new one-time link; until when it is good';

-- FUNCTION link_find(bytea, text, boolean)

CREATE FUNCTION public.link_find(hash bytea, purpose text, take boolean) RETURNS TABLE(user_id uuid, email text, name text, password_hash text, tenant text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.link_find(hash bytea, purpose text, take boolean) IS 'what a link is good for, if it still is; with "take", for the last time';

-- FUNCTION login_done(bytea, bytea)

CREATE FUNCTION public.login_done(pair bytea, known bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	DELETE FROM rate_limit r WHERE r.key = $1;
	INSERT INTO rate_limit AS r (key, full_at)
	VALUES ($2, now() + interval '30 days')
	ON CONFLICT (key) DO UPDATE SET full_at = excluded.full_at;
END
$_$;

COMMENT ON FUNCTION public.login_done(pair bytea, known bytea) IS 'it got in: its tries are forgiven, and it may try when strangers may not, for 30 days';

-- FUNCTION login_take(bytea, bytea, bytea, bytea)

CREATE FUNCTION public.login_take(pair bytea, known bytea, account bytea, address bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.login_take(pair bytea, known bytea, account bytea, address bytea) IS 'may this address try this account now? 0, or seconds to wait: 6 tries and one more each 30 s of an address at an account; 60 at an account from addresses that never got in; 30 and one each 10 s of an address';

-- FUNCTION mail_put(text, text, jsonb, uuid, uuid, bytea)

CREATE FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid DEFAULT gen_random_uuid(), sealed bytea DEFAULT NULL::bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	-- A form on the internet must not become a cannon at somebody's
	-- letter box: ten letters an hour to one address, 500 a day of one
	-- tenant.
	IF (SELECT count(*) FROM (SELECT FROM mail m
	    WHERE lower(m.recipient) = lower($1)
	    AND m.created_at > now() - interval '1 hour' LIMIT 10) q) >= 10
	OR (SELECT count(*) FROM (SELECT FROM mail m WHERE m.tenant_id = $4
	    AND m.created_at > now() - interval '1 day' LIMIT 500) q) >= 500
	THEN
		RETURN false;
	END IF;
	INSERT INTO mail (id, tenant_id, recipient, template, params, sealed)
	VALUES ($5, $4, $1, $2, coalesce($3, '{}'), $6);
	PERFORM pg_notify('understudy_job', 'mail');
	RETURN true;
END
$_$;

COMMENT ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) IS 'queue a letter; false when its reader or the tenant had enough of them';

-- FUNCTION membership_ended()

CREATE FUNCTION public.membership_ended() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	UPDATE token SET revoked_at = now()
	WHERE tenant_id = OLD.tenant_id AND maker_id = OLD.user_id
	AND revoked_at IS NULL;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.membership_ended() IS 'the tokens of a member go with the membership, and stay gone when the person is invited again';

-- FUNCTION membership_guard()

CREATE FUNCTION public.membership_guard() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION public.membership_guard() IS 'a tenant that has an owner keeps one: the last can neither leave, nor be removed or demoted';

-- FUNCTION nameserver_sync(text[], bytea[], bigint[], text[], bigint)

CREATE FUNCTION public.nameserver_sync(hosts text[], wires bytea[], stripes bigint[], addresses text[], per_set bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.nameserver_sync(hosts text[], wires bytea[], stripes bigint[], addresses text[], per_set bigint) IS 'take over the configured name servers and make sets of them; a sentence when that cannot be. Sets of which a name was told stay as they are';

-- FUNCTION owner_key_text(bytea, bytea)

CREATE FUNCTION public.owner_key_text(key bytea, apex bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	rest bytea := substr(key, 2);	-- behind the tree byte
	label bytea;
	plain bytea;
	r text := '';
	n integer;
	i integer;
BEGIN
	WHILE octet_length(rest) > 0 LOOP
		n := position('\x00'::bytea IN rest);
		IF n < 2 THEN
			RAISE EXCEPTION 'not an owner key: %', key;
		END IF;
		label := substr(rest, 1, n - 1);
		rest := substr(rest, n + 1);
		IF position('\x01'::bytea IN label) > 0 THEN
			-- 01 01 is 00, 01 02 is 01 (common/dns/ownerkey.h)
			plain := '';
			i := 0;
			WHILE i < octet_length(label) LOOP
				IF get_byte(label, i) = 1 THEN
					plain := plain || set_byte('\x00',
					    0, get_byte(label, i + 1) - 1);
					i := i + 2;
				ELSE
					plain := plain ||
					    substr(label, i + 1, 1);
					i := i + 1;
				END IF;
			END LOOP;
			label := plain;
		END IF;
		r := wire_label_text(label) || '.' || r;
	END LOOP;
	plain := NULL;
	IF octet_length(apex) = 1 THEN
		RETURN CASE r WHEN '' THEN '.' ELSE r END;
	END IF;
	RETURN r || (wire_name_text(apex, 0)).name;
END
$$;

COMMENT ON FUNCTION public.owner_key_text(key bytea, apex bytea) IS 'the owner name of a key in a zone, in presentation form';

-- FUNCTION page_records(bytea, bytea)

CREATE FUNCTION public.page_records(apex bytea, body bytea) RETURNS TABLE(owner text, ttl bigint, class text, type text, rdata text, type_number integer, rdata_wire bytea)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_variable
DECLARE
	n_names integer;
	n_slots integer;
	name_at integer;
	name_i integer;
	key_len integer;
	n_sets integer;
	sets_at integer;
	at integer;
	stop integer;
	rdlen integer;
	class_number integer;
BEGIN
	IF substr(body, 1, 4) <> '\x55504701' THEN
		RAISE EXCEPTION 'not a page of format 1: %', substr(body, 1, 4);
	END IF;
	-- Integers of the page's structure are little-endian (docs/PAGE.md).
	n_names := get_byte(body, 8) + 256 * get_byte(body, 9);
	n_slots := get_byte(body, 10) + 256 * get_byte(body, 11);
	FOR name_i IN 0 .. n_names - 1 LOOP
		at := 16 + 4 * n_slots + 2 * name_i;
		name_at := 4 * (get_byte(body, at)
		    + 256 * get_byte(body, at + 1));
		key_len := get_byte(body, name_at)
		    + 256 * get_byte(body, name_at + 1);
		n_sets := get_byte(body, name_at + 3);
		owner := owner_key_text(substr(body, name_at + 5, key_len),
		    apex);
		sets_at := name_at + 4 + (key_len + 3) / 4 * 4;
		at := sets_at + 8 * n_sets;
		stop := at;
		FOR set_i IN 0 .. n_sets - 1 LOOP
			stop := stop
			    + get_byte(body, sets_at + 8 * set_i + 4)
			    + 256 * get_byte(body, sets_at + 8 * set_i + 5)
			    + get_byte(body, sets_at + 8 * set_i + 6)
			    + 256 * get_byte(body, sets_at + 8 * set_i + 7);
		END LOOP;
		WHILE at < stop LOOP
			type_number := get_byte(body, at + 2) * 256
			    + get_byte(body, at + 3);
			class_number := get_byte(body, at + 4) * 256
			    + get_byte(body, at + 5);
			ttl := ('x' || encode(substr(body, at + 7, 4),
			    'hex'))::bit(32)::bigint;
			rdlen := get_byte(body, at + 10) * 256
			    + get_byte(body, at + 11);
			rdata_wire := substr(body, at + 13, rdlen);
			class := CASE class_number WHEN 1 THEN 'IN'
			    ELSE 'CLASS' || class_number END;
			type := rr_type_text(type_number);
			rdata := rr_rdata_text(type_number, rdata_wire);
			RETURN NEXT;
			at := at + 12 + rdlen;
		END LOOP;
	END LOOP;
END
$$;

COMMENT ON FUNCTION public.page_records(apex bytea, body bytea) IS 'the records of a page body, in its order';

-- FUNCTION password_set(uuid, text, uuid, text)

CREATE FUNCTION public.password_set(id uuid, password_hash text, keep uuid, old_hash text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.password_set(id uuid, password_hash text, keep uuid, old_hash text) IS 'a new password ends the person''s other sessions ("keep" stays) and voids links; with old_hash it is a rehash, and ends nothing';

-- FUNCTION rate_take(bytea, bigint, bigint)

CREATE FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) IS 'take one of "burst" tries, of which one comes back every pause_s seconds: 0, or in how many seconds to come again. What was refused costs nothing, so nobody is locked out for ever';

-- FUNCTION recovery_replace(uuid, bytea[])

CREATE FUNCTION public.recovery_replace(id uuid, hashes bytea[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	DELETE FROM recovery_code c WHERE c.user_id = $1;
	INSERT INTO recovery_code (user_id, hash)
	SELECT $1, h FROM unnest($2) AS x (h)
$_$;

COMMENT ON FUNCTION public.recovery_replace(id uuid, hashes bytea[]) IS 'new codes; the old ones are void';

-- FUNCTION recovery_use(uuid, bytea)

CREATE FUNCTION public.recovery_use(id uuid, hash bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	UPDATE recovery_code c SET used_at = now()
	WHERE c.user_id = $1 AND c.hash = $2 AND c.used_at IS NULL;
	RETURN FOUND;
END
$_$;

COMMENT ON FUNCTION public.recovery_use(id uuid, hash bytea) IS 'true once for each code';

-- FUNCTION refresh_prune(timestamp with time zone)

CREATE FUNCTION public.refresh_prune(before timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	n bigint;
BEGIN
	-- A deadline that only a doomed batch knows moves to zone_state.
	WITH doomed AS (
		DELETE FROM refresh_batch b WHERE b.checked_at < before
		RETURNING b.checked_at, b.zone_ids, b.expires_at
	), last AS (
		SELECT DISTINCT ON (u.zone_id) u.zone_id, d.checked_at,
		    u.expires_at
		FROM doomed d, unnest(d.zone_ids, d.expires_at)
		    AS u (zone_id, expires_at)
		ORDER BY u.zone_id, d.checked_at DESC
	), kept AS (
		SELECT DISTINCT u.zone_id FROM refresh_batch b,
		    unnest(b.zone_ids) AS u (zone_id)
		WHERE b.checked_at >= before
	), moved AS (
		UPDATE zone_state s
		SET checked_at = l.checked_at, expires_at = l.expires_at
		FROM last l
		WHERE s.zone_id = l.zone_id AND s.generation > 0
		AND s.state <> 'deleted' AND s.checked_at < l.checked_at
		AND NOT EXISTS (SELECT FROM kept k
		    WHERE k.zone_id = l.zone_id)
		RETURNING 1
	)
	SELECT count(*) INTO n FROM doomed;
	RETURN n;
END
$$;

COMMENT ON FUNCTION public.refresh_prune(before timestamp with time zone) IS 'drop old refresh batches without losing a deadline; called by xferd';

-- FUNCTION rr_rdata_text(integer, bytea)

CREATE FUNCTION public.rr_rdata_text(type integer, rdata bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	size integer := octet_length(rdata);
	at integer := 0;
	n integer;
	c integer;
	first text;
	second text;
	r text := '';
BEGIN
	CASE
	WHEN type = 1 AND size = 4 THEN
		RETURN concat_ws('.', get_byte(rdata, 0), get_byte(rdata, 1),
		    get_byte(rdata, 2), get_byte(rdata, 3));
	WHEN type = 28 AND size = 16 THEN
		RETURN host(rtrim(regexp_replace(encode(rdata, 'hex'),
		    '(....)', '\1:', 'g'), ':')::inet);
	WHEN type IN (2, 5, 12, 39) THEN
		RETURN (wire_name_text(rdata, 0)).name;
	WHEN type = 15 AND size > 2 THEN
		RETURN (get_byte(rdata, 0) * 256 + get_byte(rdata, 1)) || ' '
		    || (wire_name_text(rdata, 2)).name;
	WHEN type = 33 AND size > 6 THEN
		RETURN concat_ws(' ',
		    get_byte(rdata, 0) * 256 + get_byte(rdata, 1),
		    get_byte(rdata, 2) * 256 + get_byte(rdata, 3),
		    get_byte(rdata, 4) * 256 + get_byte(rdata, 5),
		    (wire_name_text(rdata, 6)).name);
	WHEN type = 6 THEN
		SELECT w.at, w.name INTO at, first
		FROM wire_name_text(rdata, 0) w;
		SELECT w.at, w.name INTO at, second
		FROM wire_name_text(rdata, at) w;
		r := first || ' ' || second;
		FOR i IN 0 .. 4 LOOP
			r := r || ' ' || ('x' || encode(substr(rdata,
			    at + 1 + 4 * i, 4), 'hex'))::bit(32)::bigint;
		END LOOP;
		RETURN r;
	WHEN type = 16 AND size > 0 THEN
		WHILE at < size LOOP
			n := get_byte(rdata, at);
			r := r || CASE WHEN at > 0 THEN ' ' ELSE '' END
			    || '"';
			FOR i IN at + 1 .. at + n LOOP
				c := get_byte(rdata, i);
				r := r || CASE
				    WHEN c < 32 OR c > 126
				    THEN '\' || lpad(c::text, 3, '0')
				    WHEN c IN (34, 92) THEN '\' || chr(c)
				    ELSE chr(c) END;
			END LOOP;
			r := r || '"';
			at := at + n + 1;
		END LOOP;
		RETURN r;
	ELSE
		-- RFC 3597 5
		RETURN rtrim('\# ' || size || ' ' || encode(rdata, 'hex'));
	END CASE;
END
$$;

COMMENT ON FUNCTION public.rr_rdata_text(type integer, rdata bytea) IS 'rdata in presentation form for the common types, else as RFC 3597';

-- FUNCTION rr_type_text(integer)

CREATE FUNCTION public.rr_type_text(type integer) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
	SELECT CASE type
	WHEN 1 THEN 'A' WHEN 2 THEN 'NS' WHEN 5 THEN 'CNAME' WHEN 6 THEN 'SOA'
	WHEN 12 THEN 'PTR' WHEN 13 THEN 'HINFO' WHEN 15 THEN 'MX'
	WHEN 16 THEN 'TXT' WHEN 17 THEN 'RP' WHEN 18 THEN 'AFSDB'
	WHEN 28 THEN 'AAAA' WHEN 29 THEN 'LOC' WHEN 33 THEN 'SRV'
	WHEN 35 THEN 'NAPTR' WHEN 37 THEN 'CERT' WHEN 39 THEN 'DNAME'
	WHEN 42 THEN 'APL' WHEN 43 THEN 'DS' WHEN 44 THEN 'SSHFP'
	WHEN 46 THEN 'RRSIG' WHEN 47 THEN 'NSEC' WHEN 48 THEN 'DNSKEY'
	WHEN 50 THEN 'NSEC3' WHEN 51 THEN 'NSEC3PARAM' WHEN 52 THEN 'TLSA'
	WHEN 53 THEN 'SMIMEA' WHEN 59 THEN 'CDS' WHEN 60 THEN 'CDNSKEY'
	WHEN 61 THEN 'OPENPGPKEY' WHEN 62 THEN 'CSYNC' WHEN 63 THEN 'ZONEMD'
	WHEN 64 THEN 'SVCB' WHEN 65 THEN 'HTTPS' WHEN 99 THEN 'SPF'
	WHEN 108 THEN 'EUI48' WHEN 109 THEN 'EUI64' WHEN 256 THEN 'URI'
	WHEN 257 THEN 'CAA'
	ELSE 'TYPE' || type END
$$;

COMMENT ON FUNCTION public.rr_type_text(type integer) IS 'the mnemonic of a type, or TYPEn';

-- FUNCTION session_choose(uuid, uuid)

CREATE FUNCTION public.session_choose(id uuid, tenant uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	UPDATE session s SET tenant_id = $2 WHERE s.id = $1
	AND ($2 IS NULL OR EXISTS (SELECT FROM membership m
	    WHERE m.tenant_id = $2 AND m.user_id = s.user_id));
	RETURN FOUND;
END
$_$;

COMMENT ON FUNCTION public.session_choose(id uuid, tenant uuid) IS 'work for this tenant; false when the person is no member there';

-- FUNCTION session_end(uuid, uuid, uuid)

CREATE FUNCTION public.session_end(user_id uuid, id uuid, but uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
DECLARE
	n bigint;
BEGIN
	DELETE FROM session s WHERE s.user_id = $1
	AND ($2 IS NULL OR s.id = $2) AND s.id IS DISTINCT FROM $3;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$_$;

COMMENT ON FUNCTION public.session_end(user_id uuid, id uuid, but uuid) IS 'sign out: of one session, or of all but one; how many ended';

-- FUNCTION session_find(bytea, bigint, uuid)

CREATE FUNCTION public.session_find(hash bytea, idle_s bigint, wanted uuid) RETURNS TABLE(session_id uuid, user_id uuid, email text, staff boolean, has_totp boolean, proven_at timestamp with time zone, tenant_id uuid, role text, tenant_suspended_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.session_find(hash bytea, idle_s bigint, wanted uuid) IS 'who a session is, by the keyed hash of its cookie, and what they are in the tenant "wanted", else in the chosen one, else in their only one; no row when unknown, over, idle for idle_s seconds, or disabled';

-- FUNCTION session_list(uuid, bigint)

CREATE FUNCTION public.session_list(user_id uuid, idle_s bigint) RETURNS TABLE(session_id uuid, created_at timestamp with time zone, used_at timestamp with time zone, expires_at timestamp with time zone, address inet, user_agent text, tenant_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT s.id, s.created_at, s.used_at, s.expires_at, s.address,
	    s.user_agent, s.tenant_id FROM session s
	WHERE s.user_id = $1 AND s.expires_at > now()
	AND s.used_at > now() - make_interval(secs => $2)
	ORDER BY s.used_at DESC, s.id LIMIT 100
$_$;

COMMENT ON FUNCTION public.session_list(user_id uuid, idle_s bigint) IS 'a person''s own live sessions';

-- FUNCTION session_prove(uuid)

CREATE FUNCTION public.session_prove(id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	UPDATE session s SET proven_at = now() WHERE s.id = $1
$_$;

COMMENT ON FUNCTION public.session_prove(id uuid) IS 'a password or code was given again';

-- FUNCTION session_start(bytea, uuid, bigint, inet, text, bytea)

CREATE FUNCTION public.session_start(hash bytea, user_id uuid, max_s bigint, address inet, user_agent text, old_hash bytea) RETURNS TABLE(session_id uuid, created_at timestamp with time zone, expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.session_start(hash bytea, user_id uuid, max_s bigint, address inet, user_agent text, old_hash bytea) IS 'a person signed in; ends the session that the browser had before';

-- FUNCTION tenant_created()

CREATE FUNCTION public.tenant_created() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	INSERT INTO tenant_usage (tenant_id) VALUES (NEW.id);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.tenant_created() IS 'every tenant has its totals';

-- FUNCTION tenant_delete(uuid)

CREATE FUNCTION public.tenant_delete(tenant uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.tenant_delete(tenant uuid) IS 'the end of a tenant: tokens and memberships now, zones as the edges drop them, then the rest';

-- FUNCTION tenant_inserted()

CREATE FUNCTION public.tenant_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	PERFORM claim_home(NEW.id);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.tenant_inserted() IS 'a new tenant has its name servers at once, if there are any';

-- FUNCTION tenant_records_add(uuid[], bigint[])

CREATE FUNCTION public.tenant_records_add(tenants uuid[], growths bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	r record;
	total bigint;
	most bigint;
BEGIN
	-- In order, so that two publishers do not wait for each other.
	FOR r IN SELECT t.id, t.growth FROM unnest(tenants, growths)
	    AS t (id, growth) WHERE t.growth <> 0 ORDER BY t.id
	LOOP
		UPDATE tenant_usage u SET records = u.records + r.growth
		WHERE u.tenant_id = r.id RETURNING u.records INTO total;
		CONTINUE WHEN NOT FOUND OR r.growth < 0;
		SELECT coalesce((n.limits ->> 'records')::bigint,
		    nullif(current_setting('understudy.records_max', true),
		    '')::bigint) INTO most FROM tenant n WHERE n.id = r.id;
		IF total > most THEN
			RAISE EXCEPTION 'tenant % would have % of % records',
			    r.id, total, most USING ERRCODE =
			    'check_violation', CONSTRAINT =
			    'tenant_usage_records_max_ck';
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION public.tenant_records_add(tenants uuid[], growths bigint[]) IS 'move the totals; one that grows beyond its limit is refused';

-- FUNCTION tenant_suspended()

CREATE FUNCTION public.tenant_suspended() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	-- In zone order, as publishers lock them.
	PERFORM FROM zone_state s WHERE s.tenant_id = NEW.id
	ORDER BY s.zone_id FOR UPDATE;
	UPDATE zone_state s SET state = zone_shown(z, s.generation)
	FROM zone z WHERE z.id = s.zone_id AND s.tenant_id = NEW.id
	AND s.state <> zone_shown(z, s.generation);
	IF NEW.suspended_at IS NULL THEN
		UPDATE zone_timer t SET due_at = least(t.due_at, now()
		    + random() * interval '5 minutes')
		FROM zone z WHERE z.id = t.zone_id AND t.tenant_id = NEW.id
		AND z.deleted_at IS NULL;
		PERFORM pg_notify('understudy_job', 'zone');
	END IF;
	PERFORM pg_notify('understudy_feed', '');
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.tenant_suspended() IS 'carry the stop of a tenant, or its end, to all of its zones; what is resumed is looked at within five minutes';

-- PROCEDURE tenant_table_protect(regclass, name)

CREATE PROCEDURE public.tenant_table_protect(IN t regclass, IN tenant_column name)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
	EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
	EXECUTE format('CREATE POLICY %I ON %s TO understudy_apid_app '
	    'USING (%I = nullif(current_setting(''understudy.tenant'', true), '
	    ''''')::uuid) WITH CHECK (%I = nullif(current_setting('
	    '''understudy.tenant'', true), '''')::uuid)',
	    t || '_tenant_rls', t, tenant_column, tenant_column);
	EXECUTE format('CREATE POLICY %I ON %s TO understudy_owner, '
	    'understudy_apid_operator, understudy_xferd '
	    'USING (true) WITH CHECK (true)', t || '_trusted_rls', t);
END
$$;

COMMENT ON PROCEDURE public.tenant_table_protect(IN t regclass, IN tenant_column name) IS 'for migrations: force row security on a tenant''s table. apid_app sees the rows of understudy.tenant only; an unset or emptied setting sees none. Grants are still needed, and decide for the other roles';

-- FUNCTION token_find(bytea, inet)

CREATE FUNCTION public.token_find(hash bytea, source inet) RETURNS TABLE(token_id uuid, kind text, prefix text, name text, scopes text[], tenant_id uuid, tenant_suspended_at timestamp with time zone, maker_id uuid, maker_role text, zones uuid[], source_good boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.token_find(hash bytea, source inet) IS 'who a bearer token is, by the keyed hash of its secret, for a request from an address; no row when unknown, revoked, expired, idle for too long, or made by somebody who is no member any more';

-- FUNCTION totp_begin(uuid, bytea)

CREATE FUNCTION public.totp_begin(id uuid, sealed bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET totp_sealed = $2, totp_step = 0
	WHERE u.id = $1 AND u.totp_enabled_at IS NULL;
	RETURN FOUND;
END
$_$;

COMMENT ON FUNCTION public.totp_begin(id uuid, sealed bytea) IS 'a secret that waits for its first code; false while one is in use';

-- FUNCTION totp_remove(uuid)

CREATE FUNCTION public.totp_remove(id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	UPDATE user_account u SET totp_sealed = NULL, totp_enabled_at = NULL,
	    totp_step = 0 WHERE u.id = $1;
	DELETE FROM recovery_code c WHERE c.user_id = $1
$_$;

COMMENT ON FUNCTION public.totp_remove(id uuid) IS 'no second factor any more';

-- FUNCTION totp_use(uuid, bigint, boolean)

CREATE FUNCTION public.totp_use(id uuid, step bigint, enable boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET totp_step = $2, totp_enabled_at =
	    CASE WHEN $3 THEN now() ELSE u.totp_enabled_at END
	WHERE u.id = $1 AND u.totp_step < $2 AND u.totp_sealed IS NOT NULL
	AND (u.totp_enabled_at IS NULL) = $3;
	RETURN FOUND;
END
$_$;

COMMENT ON FUNCTION public.totp_use(id uuid, step bigint, enable boolean) IS 'a code of this time step was given: true once, never for it or an older one again';

-- FUNCTION user_add(text, text, text)

CREATE FUNCTION public.user_add(email text, name text, password_hash text) RETURNS uuid
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	INSERT INTO user_account AS u (email, name, password_hash,
	    verified_at) VALUES ($1, $2, $3, now())
	ON CONFLICT DO NOTHING RETURNING u.id
$_$;

COMMENT ON FUNCTION public.user_add(email text, name text, password_hash text) IS 'a customer''s person whose address was proven; null when there is one';

-- FUNCTION user_find(text, uuid)

CREATE FUNCTION public.user_find(email text, id uuid) RETURNS TABLE(user_id uuid, email text, name text, staff boolean, password_hash text, totp_sealed bytea, totp_enabled boolean, verified_at timestamp with time zone, created_at timestamp with time zone, last_login_at timestamp with time zone, recovery_codes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT u.id, u.email, u.name, u.staff, u.password_hash,
	    u.totp_sealed, u.totp_enabled_at IS NOT NULL, u.verified_at,
	    u.created_at, u.last_login_at, (SELECT count(*)
		FROM recovery_code c WHERE c.user_id = u.id
		AND c.used_at IS NULL)
	FROM user_account u
	WHERE (u.email = $1 OR u.id = $2) AND u.disabled_at IS NULL
$_$;

COMMENT ON FUNCTION public.user_find(email text, id uuid) IS 'a person by address or id; no row when unknown or disabled';

-- FUNCTION user_move(uuid, text)

CREATE FUNCTION public.user_move(id uuid, email text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
BEGIN
	UPDATE user_account u SET email = $2, verified_at = now(),
	    changed_at = now() WHERE u.id = $1
	AND NOT EXISTS (SELECT FROM user_account o WHERE o.email = $2
	    AND o.id <> $1);
	RETURN FOUND;
END
$_$;

COMMENT ON FUNCTION public.user_move(id uuid, email text) IS 'their address, which they proved; false when it is somebody else''s';

-- FUNCTION user_rename(uuid, text)

CREATE FUNCTION public.user_rename(id uuid, name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	UPDATE user_account u SET name = $2, changed_at = now()
	WHERE u.id = $1
$_$;

COMMENT ON FUNCTION public.user_rename(id uuid, name text) IS 'a person changes their name';

-- FUNCTION user_tenant_add(uuid, text)

CREATE FUNCTION public.user_tenant_add(id uuid, name text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
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
$_$;

COMMENT ON FUNCTION public.user_tenant_add(id uuid, name text) IS 'a tenant of their own, by self sign-up; its name, or one like it';

-- FUNCTION user_tenants(uuid)

CREATE FUNCTION public.user_tenants(id uuid) RETURNS TABLE(tenant_id uuid, name text, role text, suspended boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT n.id, n.name, m.role, n.suspended_at IS NOT NULL
	FROM membership m JOIN tenant n ON n.id = m.tenant_id
	WHERE m.user_id = $1 ORDER BY n.name, n.id LIMIT 1000
$_$;

COMMENT ON FUNCTION public.user_tenants(id uuid) IS 'where a person is a member';

-- FUNCTION wire_label_text(bytea)

CREATE FUNCTION public.wire_label_text(label bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
DECLARE
	r text := '';
	c integer;
BEGIN
	IF position('\x00'::bytea IN label) = 0 THEN
		r := convert_from(label, 'LATIN1');
		IF r ~ '^[-_*/0-9A-Za-z]+$' THEN
			RETURN r;
		END IF;
	END IF;
	r := '';
	FOR i IN 0 .. octet_length(label) - 1 LOOP
		c := get_byte(label, i);
		r := r || CASE
		    WHEN c < 33 OR c > 126 THEN '\' || lpad(c::text, 3, '0')
		    WHEN position(chr(c) IN '".;\()@$') > 0 THEN '\' || chr(c)
		    ELSE chr(c) END;
	END LOOP;
	RETURN r;
END
$_$;

COMMENT ON FUNCTION public.wire_label_text(label bytea) IS 'a label in presentation form';

-- FUNCTION wire_name_text(bytea, integer)

CREATE FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	n integer;
BEGIN
	name := '';
	LOOP
		n := get_byte(wire, at);
		at := at + 1;
		EXIT WHEN n = 0;
		IF n > 63 OR at + n > octet_length(wire) THEN
			RAISE EXCEPTION 'not an uncompressed name at byte %',
			    at - 1;
		END IF;
		name := name || wire_label_text(substr(wire, at + 1, n))
		    || '.';
		at := at + n;
	END LOOP;
	IF name = '' THEN
		name := '.';
	END IF;
END
$$;

COMMENT ON FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) IS 'the name at byte "at" (from 0) in presentation form with the final dot, and where it ends';

-- FUNCTION zone_busy(uuid)

CREATE FUNCTION public.zone_busy(zone uuid) RETURNS TABLE(edge text, seen_at timestamp with time zone, counts jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	SELECT e.name, e.seen_at, (SELECT b - 'zone_id'
	    FROM jsonb_array_elements(CASE
	    WHEN jsonb_typeof(e.counters -> 'busiest') = 'array'
	    THEN e.counters -> 'busiest' ELSE '[]' END) b
	    WHERE b ->> 'zone_id' = z.id::text LIMIT 1)
	FROM zone z CROSS JOIN edge e
	WHERE z.id = zone_busy.zone AND z.tenant_id = nullif(
	    current_setting('understudy.tenant', true), '')::uuid
	ORDER BY e.name
$$;

COMMENT ON FUNCTION public.zone_busy(zone uuid) IS 'what each edge counted of a zone of the current tenant; counts is null when the zone is not among those it is asked for most';

-- FUNCTION zone_changed()

CREATE FUNCTION public.zone_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
		RAISE EXCEPTION 'zone % is deleted', OLD.id
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_deleted_at_ck';
	END IF;
	UPDATE zone_state s SET stripes = NEW.stripes,
	    state = zone_shown(NEW, s.generation)
	WHERE s.zone_id = NEW.id;
	IF NEW.deleted_at IS NOT NULL THEN
		UPDATE zone_timer SET due_at = 'infinity'
		WHERE zone_id = NEW.id;
	ELSIF OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS NULL THEN
		UPDATE zone_timer SET due_at = least(due_at, now())
		WHERE zone_id = NEW.id;
		PERFORM pg_notify('understudy_job', 'zone');
	END IF;
	PERFORM pg_notify('understudy_feed', '');
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_changed() IS 'carry a change of the claim to what the edges follow';

-- FUNCTION zone_claim_going()

CREATE FUNCTION public.zone_claim_going() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF EXISTS (SELECT FROM claim) THEN
		PERFORM claim_lock();
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_claim_going() IS 'takes claim_lock before any zone is deleted';

-- FUNCTION zone_claim_gone()

CREATE FUNCTION public.zone_claim_gone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF EXISTS (SELECT FROM claim c WHERE c.zone_id = NEW.id) THEN
		PERFORM claim_lock();
		PERFORM claim_bury(NEW.id);
		DELETE FROM claim c WHERE c.zone_id = NEW.id;
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_claim_gone() IS 'a deleted zone''s claim ends; its names are remembered';

-- FUNCTION zone_counted()

CREATE FUNCTION public.zone_counted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO tenant_count AS u (tenant_id, zones)
		SELECT tenant_id, count(*) FROM new_rows
		WHERE deleted_at IS NULL GROUP BY tenant_id ORDER BY tenant_id
		ON CONFLICT (tenant_id)
		DO UPDATE SET zones = u.zones + excluded.zones;
	ELSIF TG_OP = 'DELETE' THEN
		UPDATE tenant_count u SET zones = u.zones - d.n
		FROM (SELECT tenant_id, count(*) AS n FROM old_rows
		    WHERE deleted_at IS NULL GROUP BY tenant_id) d
		WHERE u.tenant_id = d.tenant_id;
	ELSE
		UPDATE tenant_count u SET zones = u.zones + d.n
		FROM (SELECT n.tenant_id,
			sum((n.deleted_at IS NULL)::integer
			    - (o.deleted_at IS NULL)::integer) AS n
		    FROM new_rows n JOIN old_rows o USING (id)
		    WHERE (n.deleted_at IS NULL) <> (o.deleted_at IS NULL)
		    GROUP BY n.tenant_id) d
		WHERE u.tenant_id = d.tenant_id;
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_counted() IS 'keep tenant_count.zones';

-- FUNCTION zone_edges(uuid)

CREATE FUNCTION public.zone_edges(zone uuid) RETURNS TABLE(edge text, seen_at timestamp with time zone, applied boolean, generation bigint, serial bigint, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
	SELECT e.name, e.seen_at, a.applied,
	    CASE WHEN a.applied THEN s.generation ELSE x.generation END,
	    CASE WHEN a.applied THEN s.serial ELSE
		(SELECT v.serial FROM zone_version v
		 WHERE v.zone_id = s.zone_id
		 AND v.generation = x.generation) END,
	    x.reason
	FROM zone_state s CROSS JOIN edge e
	LEFT JOIN LATERAL (
		SELECT (y ->> 'generation')::bigint AS generation,
		    y ->> 'reason' AS reason
		FROM jsonb_array_elements(e.exceptions) y
		WHERE y ->> 'zone_id' = s.zone_id::text LIMIT 1
	) x ON true
	CROSS JOIN LATERAL (
		SELECT s.stamp < e.applied_xmin AND x.reason IS NULL
		    AS applied
	) a
	WHERE s.zone_id = $1 AND s.tenant_id =
	    nullif(current_setting('understudy.tenant', true), '')::uuid
	ORDER BY e.name
$_$;

COMMENT ON FUNCTION public.zone_edges(zone uuid) IS 'what each edge serves of a zone of the current tenant; generation and serial are null when the edge has not told';

-- FUNCTION zone_guard_changed()

CREATE FUNCTION public.zone_guard_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF (OLD.removed_percent_max, OLD.removed_names_min, OLD.keep_ns,
	    OLD.keep_dnskey, OLD.zonemd, OLD.dnssec, OLD.trust_anchors,
	    OLD.signature_hours_min) IS DISTINCT FROM
	    (NEW.removed_percent_max, NEW.removed_names_min, NEW.keep_ns,
	    NEW.keep_dnskey, NEW.zonemd, NEW.dnssec, NEW.trust_anchors,
	    NEW.signature_hours_min) THEN
		NEW.held_serial := NULL;
		NEW.held_digest := NULL;
		NEW.held_reason := NULL;
		NEW.held_message := NULL;
		NEW.held_advice := NULL;
		NEW.held_facts := NULL;
		NEW.held_at := NULL;
		NEW.held_accepted := false;
	END IF;
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION public.zone_guard_changed() IS 'a changed policy forgets what the old one held';

-- FUNCTION zone_inserted()

CREATE FUNCTION public.zone_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	INSERT INTO zone_state (zone_id, tenant_id, apex, stripes, state)
	SELECT z.id, z.tenant_id, z.apex, z.stripes, zone_shown(z, 0)
	FROM zone z JOIN added a ON a.id = z.id;
	INSERT INTO zone_timer (zone_id, tenant_id)
	SELECT a.id, a.tenant_id FROM added a;
	PERFORM pg_notify('understudy_job', 'zone');
	PERFORM pg_notify('understudy_feed', '');
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_inserted() IS 'give new claims their state and timer rows, and wake xferd';

-- FUNCTION zone_last_removed()

CREATE FUNCTION public.zone_last_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	DELETE FROM tenant n WHERE n.deleted_at IS NOT NULL
	AND n.id IN (SELECT tenant_id FROM removed)
	AND NOT EXISTS (SELECT FROM zone z WHERE z.tenant_id = n.id);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_last_removed() IS 'the row of a deleted tenant goes with its last zone';

-- FUNCTION zone_problems(uuid)

CREATE FUNCTION public.zone_problems(zone uuid) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $_$
	WITH s AS (
		SELECT * FROM zone_state WHERE zone_id = $1
	), p AS (
		SELECT low_key, high_key, record_count, digest,
		    lead(low_key) OVER (ORDER BY low_key) AS next_low,
		    lag(low_key) OVER (ORDER BY low_key) AS before_low
		FROM zone_page WHERE zone_id = $1 AND to_generation IS NULL
	), n AS (
		SELECT level, low_key, high_key, digest,
		    lead(low_key) OVER w AS next_low,
		    lag(low_key) OVER w AS before_low
		FROM zone_node WHERE zone_id = $1 AND to_generation IS NULL
		WINDOW w AS (PARTITION BY level ORDER BY low_key)
	)
	SELECT format('pages do not tile at %s', low_key) FROM p
	WHERE high_key IS DISTINCT FROM next_low
	OR (before_low IS NULL AND low_key <> '\x00')
	UNION ALL
	SELECT format('nodes of level %s do not tile at %s', level, low_key)
	FROM n WHERE high_key IS DISTINCT FROM next_low
	OR (before_low IS NULL AND low_key <> '\x00')
	UNION ALL
	SELECT format('state has %s pages, there are %s', s.page_count,
	    (SELECT count(*) FROM p))
	FROM s WHERE s.page_count <> (SELECT count(*) FROM p)
	UNION ALL
	SELECT format('state has %s records, pages have %s', s.record_count,
	    (SELECT sum(record_count) FROM p))
	FROM s WHERE s.record_count <>
	    (SELECT coalesce(sum(record_count), 0) FROM p)
	UNION ALL
	SELECT format('no root of level %s with the state''s digest',
	    s.root_level)
	FROM s WHERE s.generation > 0 AND NOT CASE WHEN s.root_level = 0
	    THEN EXISTS (SELECT FROM p WHERE p.digest = s.root_digest)
	    ELSE EXISTS (SELECT FROM n WHERE n.level = s.root_level
		AND n.digest = s.root_digest) END
	UNION ALL
	SELECT format('no version row for generation %s', s.generation)
	FROM s WHERE s.generation > 0 AND NOT EXISTS (SELECT
	    FROM zone_version v WHERE v.zone_id = $1
	    AND v.generation = s.generation AND v.serial = s.serial)
$_$;

COMMENT ON FUNCTION public.zone_problems(zone uuid) IS 'what is inconsistent in the stored zone; no rows when all is well. For tests and for people who doubt';

-- FUNCTION zone_records(text)

CREATE FUNCTION public.zone_records(zone text) RETURNS TABLE(tenant_id uuid, owner text, ttl bigint, class text, type text, rdata text)
    LANGUAGE sql STABLE
    AS $_$
	SELECT z.tenant_id, r.owner, r.ttl, r.class, r.type, r.rdata
	FROM zone z JOIN zone_page p ON p.zone_id = z.id
	CROSS JOIN LATERAL page_records(z.apex, p.body)
	    WITH ORDINALITY AS r (owner, ttl, class, type, rdata, n, w, i)
	WHERE z.name = CASE WHEN $1 = '.' THEN '.' ELSE lower(rtrim($1, '.'))
	    END
	AND z.deleted_at IS NULL AND p.to_generation IS NULL
	ORDER BY z.tenant_id, p.low_key, r.i
$_$;

COMMENT ON FUNCTION public.zone_records(zone text) IS 'what is published of a zone, by name: SELECT * FROM zone_records(''example.com''). Rows of every claim that the caller may see';

-- FUNCTION zone_records_changed()

CREATE FUNCTION public.zone_records_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
	tenants uuid[];
	growths bigint[];
BEGIN
	IF TG_OP = 'UPDATE' THEN
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT n.tenant_id, sum(
			CASE WHEN n.state = 'deleted' THEN 0
			    ELSE n.record_count END
			- CASE WHEN o.state = 'deleted' THEN 0
			    ELSE o.record_count END)::bigint AS growth
		    FROM now_rows n JOIN old_rows o ON o.zone_id = n.zone_id
		    GROUP BY n.tenant_id) x WHERE x.growth <> 0;
	ELSIF TG_OP = 'INSERT' THEN
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT n.tenant_id,
		    sum(n.record_count)::bigint AS growth FROM now_rows n
		    WHERE n.state <> 'deleted' AND n.record_count > 0
		    GROUP BY n.tenant_id) x;
	ELSE
		SELECT array_agg(x.tenant_id), array_agg(x.growth)
		INTO tenants, growths FROM (SELECT o.tenant_id,
		    -sum(o.record_count)::bigint AS growth FROM old_rows o
		    WHERE o.state <> 'deleted' AND o.record_count > 0
		    GROUP BY o.tenant_id) x;
	END IF;
	IF tenants IS NOT NULL THEN
		PERFORM tenant_records_add(tenants, growths);
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.zone_records_changed() IS 'carry what zones hold to the totals of their tenants';

-- FUNCTION zone_removed()

CREATE FUNCTION public.zone_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF OLD.deleted_at IS NULL THEN
		RAISE EXCEPTION 'zone % must be deleted by deleted_at first, '
		    'or the edges will not hear of it', OLD.id
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_deleted_at_first_ck';
	END IF;
	DELETE FROM zone_page WHERE zone_id = OLD.id;
	DELETE FROM zone_node WHERE zone_id = OLD.id;
	DELETE FROM zone_version WHERE zone_id = OLD.id;
	DELETE FROM attempt WHERE zone_id = OLD.id;
	RETURN OLD;
END
$$;

COMMENT ON FUNCTION public.zone_removed() IS 'purging a claim takes its content along (there are no foreign keys)';

-- TABLE zone

CREATE TABLE public.zone (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    apex bytea NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    stripes bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    accept_lower_serial boolean DEFAULT false NOT NULL,
    suspended_at timestamp with time zone,
    suspended_by text,
    suspended_reason text,
    preview boolean DEFAULT false NOT NULL,
    CONSTRAINT zone_apex_ck CHECK ((((octet_length(apex) >= 1) AND (octet_length(apex) <= 255)) AND (get_byte(apex, (octet_length(apex) - 1)) = 0))),
    CONSTRAINT zone_name_apex_ck CHECK (((name = '.'::text) = (octet_length(apex) = 1))),
    CONSTRAINT zone_name_ck CHECK ((((length(name) >= 1) AND (length(name) <= 1010)) AND (name = lower(name)) AND ((name = '.'::text) OR ("right"(name, 1) <> '.'::text) OR ("right"(name, 2) = '\.'::text)))),
    CONSTRAINT zone_preview_ck CHECK (((NOT preview) OR (state = 'pending'::text))),
    CONSTRAINT zone_state_ck CHECK ((state = ANY (ARRAY['pending'::text, 'active'::text, 'warned'::text, 'suspended'::text, 'lapsed'::text]))),
    CONSTRAINT zone_stripes_ck CHECK ((stripes <> 0)),
    CONSTRAINT zone_suspended_ck CHECK (((suspended_at IS NOT NULL) OR ((suspended_by IS NULL) AND (suspended_reason IS NULL)))),
    CONSTRAINT zone_suspended_text_ck CHECK (((length(suspended_by) <= 300) AND (length(suspended_reason) <= 1000)))
);

ALTER TABLE ONLY public.zone FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone IS 'a claim: one tenant''s row for a zone name; others may claim it too';

COMMENT ON COLUMN public.zone.name IS 'lower-case presentation form without the final dot; the root is "."';

COMMENT ON COLUMN public.zone.apex IS 'lower-case wire form';

COMMENT ON COLUMN public.zone.state IS 'of the claim: pending until proven, active and warned are served';

COMMENT ON COLUMN public.zone.stripes IS 'bit mask of the name-server sets that serve it (64 stripes)';

COMMENT ON COLUMN public.zone.deleted_at IS 'set: the edges drop it; its rows are purged later';

COMMENT ON COLUMN public.zone.accept_lower_serial IS 'a serial that went back at the primaries is followed without asking';

COMMENT ON COLUMN public.zone.suspended_at IS 'when the operator stopped this zone; its claim goes on underneath';

COMMENT ON COLUMN public.zone.suspended_by IS 'the actor, as in audit';

COMMENT ON COLUMN public.zone.suspended_reason IS 'what the tenant is told';

COMMENT ON COLUMN public.zone.preview IS 'a pending claim that is answered all the same, where it deceives nobody';

-- FUNCTION zone_shown(public.zone, bigint)

CREATE FUNCTION public.zone_shown(z public.zone, generation bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
	SELECT CASE
	    WHEN z.deleted_at IS NULL AND (z.suspended_at IS NOT NULL
		OR EXISTS (SELECT FROM tenant t WHERE t.id = z.tenant_id
		    AND t.suspended_at IS NOT NULL)) THEN 'withdrawn'
	    ELSE zone_state_of_claim(CASE WHEN z.preview THEN 'active'
		ELSE z.state END, generation, z.deleted_at) END
$$;

COMMENT ON FUNCTION public.zone_shown(z public.zone, generation bigint) IS 'zone_state.state of a zone: what its claim says, unless the operator stopped it or its tenant. The one place that decides';

-- FUNCTION zone_state_guard()

CREATE FUNCTION public.zone_state_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
	IF NEW.generation < OLD.generation THEN
		RAISE EXCEPTION 'generation of zone % goes back from % to %',
		    OLD.zone_id, OLD.generation, NEW.generation
		    USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_state_generation_rises_ck';
	END IF;
	IF NEW.zone_id <> OLD.zone_id OR NEW.tenant_id <> OLD.tenant_id
	    OR NEW.apex <> OLD.apex THEN
		RAISE EXCEPTION 'zone % cannot change its identity',
		    OLD.zone_id USING ERRCODE = 'check_violation',
			CONSTRAINT = 'zone_state_identity_ck';
	END IF;
	IF OLD.state = 'deleted' THEN
		NEW.state := 'deleted';
	ELSIF NEW.state = 'empty' AND NEW.generation > 0 THEN
		NEW.state := 'live';
	END IF;
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION public.zone_state_guard() IS 'generations never go back, deleted is final, loaded is live';

-- FUNCTION zone_state_of_claim(text, bigint, timestamp with time zone)

CREATE FUNCTION public.zone_state_of_claim(claim_state text, generation bigint, deleted_at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
	SELECT CASE
	    WHEN deleted_at IS NOT NULL THEN 'deleted'
	    WHEN claim_state NOT IN ('active', 'warned') THEN 'withdrawn'
	    WHEN generation = 0 THEN 'empty'
	    ELSE 'live' END
$$;

COMMENT ON FUNCTION public.zone_state_of_claim(claim_state text, generation bigint, deleted_at timestamp with time zone) IS 'what the edges do with a zone, from the state of its claim';

-- TABLE attempt

CREATE TABLE public.attempt (
    id bigint NOT NULL,
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    primary_address inet,
    primary_port integer,
    transport text,
    outcome text NOT NULL,
    reason text,
    message text,
    serial_before bigint,
    serial_after bigint,
    primary_serial bigint,
    generation bigint,
    rcode smallint,
    ede integer,
    tsig_error integer,
    clock_skew_s bigint,
    bytes bigint,
    records bigint,
    messages bigint,
    pages_written bigint,
    connect_ms integer,
    first_byte_ms integer,
    transfer_ms integer,
    ingest_ms integer,
    total_ms integer,
    details jsonb,
    CONSTRAINT attempt_codes_ck CHECK ((((rcode >= 0) AND (rcode <= 4095)) AND ((ede >= 0) AND (ede <= 65535)) AND ((tsig_error >= 0) AND (tsig_error <= 65535)))),
    CONSTRAINT attempt_details_ck CHECK (((jsonb_typeof(details) = 'object'::text) AND (pg_column_size(details) <= 65536))),
    CONSTRAINT attempt_finished_at_ck CHECK ((finished_at >= started_at)),
    CONSTRAINT attempt_generation_ck CHECK ((generation > 0)),
    CONSTRAINT attempt_kind_ck CHECK ((kind = ANY (ARRAY['probe'::text, 'axfr'::text, 'ixfr'::text, 'notify'::text, 'pin'::text]))),
    CONSTRAINT attempt_message_ck CHECK ((length(message) <= 1000)),
    CONSTRAINT attempt_outcome_ck CHECK ((outcome = ANY (ARRAY['ok'::text, 'uptodate'::text, 'failed'::text, 'refused'::text]))),
    CONSTRAINT attempt_primary_port_ck CHECK (((primary_port >= 0) AND (primary_port <= 65535))),
    CONSTRAINT attempt_reason_ck CHECK ((length(reason) <= 64)),
    CONSTRAINT attempt_serials_ck CHECK ((((serial_before >= 0) AND (serial_before <= '4294967295'::bigint)) AND ((serial_after >= 0) AND (serial_after <= '4294967295'::bigint)) AND ((primary_serial >= 0) AND (primary_serial <= '4294967295'::bigint)))),
    CONSTRAINT attempt_transport_ck CHECK ((transport = ANY (ARRAY['udp'::text, 'tcp'::text, 'tls'::text])))
);

ALTER TABLE ONLY public.attempt FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.attempt IS 'flight recorder: each NOTIFY, probe and transfer of a zone, so that a person can see what happened; pruned to the last ones by attempt_prune. No foreign keys: it is written often';

COMMENT ON COLUMN public.attempt.outcome IS 'ok (something new), uptodate, failed (theirs or the net), refused (ours)';

COMMENT ON COLUMN public.attempt.reason IS 'stable word for programs (connect.refused, tsig.badtime ...)';

COMMENT ON COLUMN public.attempt.message IS 'the same for a person; parts of it come from the primary';

COMMENT ON COLUMN public.attempt.primary_serial IS 'of the SOA the primary showed';

COMMENT ON COLUMN public.attempt.generation IS 'the zone_version that it published; at most one attempt has it';

COMMENT ON COLUMN public.attempt.rcode IS 'of the decisive answer, extended';

COMMENT ON COLUMN public.attempt.ede IS 'extended DNS error code of that answer';

COMMENT ON COLUMN public.attempt.tsig_error IS 'TSIG error field (RFC 8945)';

COMMENT ON COLUMN public.attempt.clock_skew_s IS 'the primary''s clock minus ours, in seconds, from its TSIG time';

COMMENT ON COLUMN public.attempt.bytes IS 'received, in bytes of DNS messages';

COMMENT ON COLUMN public.attempt.connect_ms IS 'milliseconds until connected; null when an open connection was used';

COMMENT ON COLUMN public.attempt.first_byte_ms IS 'milliseconds from the request to the first answer';

COMMENT ON COLUMN public.attempt.transfer_ms IS 'milliseconds from the first answer to the last';

COMMENT ON COLUMN public.attempt.ingest_ms IS 'milliseconds for pages, comparison and commit';

COMMENT ON COLUMN public.attempt.total_ms IS 'milliseconds in all';

COMMENT ON COLUMN public.attempt.details IS 'what else was seen, at most 64 KiB: TLS, first and last SOA ...';

-- SEQUENCE attempt_id_seq

ALTER TABLE public.attempt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE audit

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    tenant_id uuid,
    actor text NOT NULL,
    token_id uuid,
    source inet,
    action text NOT NULL,
    object text,
    reason text,
    details jsonb,
    actor_kind text DEFAULT 'token'::text NOT NULL,
    actor_id uuid,
    actor_name text,
    session_id uuid,
    request text,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_action_ck CHECK (((length(action) >= 1) AND (length(action) <= 64))),
    CONSTRAINT audit_actor_ck CHECK (((length(actor) >= 1) AND (length(actor) <= 200))),
    CONSTRAINT audit_actor_kind_ck CHECK ((actor_kind = ANY (ARRAY['token'::text, 'user'::text, 'operator'::text, 'staff'::text, 'system'::text]))),
    CONSTRAINT audit_actor_name_ck CHECK ((length(actor_name) <= 300)),
    CONSTRAINT audit_after_ck CHECK ((pg_column_size(after) <= 131072)),
    CONSTRAINT audit_before_ck CHECK ((pg_column_size(before) <= 131072)),
    CONSTRAINT audit_details_ck CHECK (((jsonb_typeof(details) = 'object'::text) AND (pg_column_size(details) <= 16384))),
    CONSTRAINT audit_object_ck CHECK ((length(object) <= 1100)),
    CONSTRAINT audit_reason_ck CHECK ((length(reason) <= 1000)),
    CONSTRAINT audit_request_ck CHECK ((length(request) <= 100))
);

ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.audit IS 'who did what; programs may only insert. No foreign keys: it outlives what it tells about';

COMMENT ON COLUMN public.audit.actor IS 'token:<prefix>, operator:<prefix>, xferd';

COMMENT ON COLUMN public.audit.reason IS 'why an operator did it; the tenant reads it, too';

COMMENT ON COLUMN public.audit.details IS 'at most 16 KiB, never a secret';

COMMENT ON COLUMN public.audit.actor_kind IS 'token (a tenant''s), user (a member''s session), operator (a token of the operator), staff (an operator''s session), system (a program)';

COMMENT ON COLUMN public.audit.actor_id IS 'the person, also behind a token that one has made; null: no person';

COMMENT ON COLUMN public.audit.actor_name IS 'token''s name or person''s address, as it was then';

COMMENT ON COLUMN public.audit.session_id IS 'with user and staff';

COMMENT ON COLUMN public.audit.request IS 'X-Request-Id of the call';

COMMENT ON COLUMN public.audit.before IS 'the object as a document, secrets masked; null: there was none';

COMMENT ON COLUMN public.audit.after IS 'the object as a document, secrets masked; null: it is gone';

-- SEQUENCE audit_id_seq

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE claim

CREATE TABLE public.claim (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    key bytea NOT NULL,
    set_no smallint,
    token text NOT NULL,
    proof text DEFAULT 'none'::text NOT NULL,
    returned boolean DEFAULT false NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    unproven_at timestamp with time zone DEFAULT now(),
    proven_at timestamp with time zone,
    clear_at timestamp with time zone,
    txt_until timestamp with time zone,
    loss_at timestamp with time zone,
    lost_ms bigint DEFAULT 0 NOT NULL,
    suspended_at timestamp with time zone,
    held_at timestamp with time zone,
    released boolean DEFAULT false NOT NULL,
    seen text,
    seen_at timestamp with time zone,
    seen_since timestamp with time zone,
    missing smallint DEFAULT 0 NOT NULL,
    sighting jsonb,
    check_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    CONSTRAINT claim_key_ck CHECK ((octet_length(key) <= 254)),
    CONSTRAINT claim_lease_ck CHECK (((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT claim_lost_ms_ck CHECK ((lost_ms >= 0)),
    CONSTRAINT claim_missing_ck CHECK (((missing >= 0) AND (missing <= 256))),
    CONSTRAINT claim_proof_ck CHECK ((proof = ANY (ARRAY['none'::text, 'delegation'::text, 'txt'::text, 'operator'::text]))),
    CONSTRAINT claim_seen_ck CHECK (((length(seen) <= 40) AND ((seen IS NULL) = (seen_at IS NULL)))),
    CONSTRAINT claim_set_no_ck CHECK (((set_no >= 0) AND (set_no <= 255))),
    CONSTRAINT claim_sighting_ck CHECK (((jsonb_typeof(sighting) = 'object'::text) AND (pg_column_size(sighting) <= 65536))),
    CONSTRAINT claim_token_ck CHECK (((length(token) >= 16) AND (length(token) <= 64)))
);

ALTER TABLE ONLY public.claim FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.claim IS 'what is known about a zone''s ownership; no row where ownership is off. zone.state says what it amounts to';

COMMENT ON COLUMN public.claim.key IS 'the name''s labels from the root downwards, each with its length octet: names below begin with it';

COMMENT ON COLUMN public.claim.set_no IS 'the names given to this claim; null: all are taken for this zone name';

COMMENT ON COLUMN public.claim.token IS 'value of the TXT record at _understudy-challenge; no secret';

COMMENT ON COLUMN public.claim.returned IS 'the set was this tenant''s, proven for this name, before';

COMMENT ON COLUMN public.claim.opened_at IS 'made, or asked for anew';

COMMENT ON COLUMN public.claim.unproven_at IS 'since when it is not proven; lapses 28 days later. Null while proven';

COMMENT ON COLUMN public.claim.proven_at IS 'first time; null: never was';

COMMENT ON COLUMN public.claim.clear_at IS 'when all parent servers were seen without any of the set''s names after it was given: only then a listing proves something';

COMMENT ON COLUMN public.claim.loss_at IS 'last look, when every parent server answered without the names';

COMMENT ON COLUMN public.claim.lost_ms IS 'milliseconds between such looks that followed each other';

COMMENT ON COLUMN public.claim.held_at IS 'to be suspended, but too many are: waits for the operator';

COMMENT ON COLUMN public.claim.released IS 'the operator let the suspension happen';

COMMENT ON COLUMN public.claim.seen IS 'what the last look amounts to (claim_seen_name in xferd/claim.h)';

COMMENT ON COLUMN public.claim.seen_since IS 'when that was seen first in a row';

COMMENT ON COLUMN public.claim.sighting IS 'the last look as xferd wrote it, at most 64 KiB: parent, servers, names';

COMMENT ON COLUMN public.claim.check_at IS 'looked at then; infinity: only when asked for';

-- TABLE claim_allowed

CREATE TABLE public.claim_allowed (
    tenant_id uuid NOT NULL,
    apex bytea NOT NULL,
    name text NOT NULL,
    actor text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT claim_allowed_actor_ck CHECK ((length(actor) <= 300)),
    CONSTRAINT claim_allowed_apex_ck CHECK (((octet_length(apex) >= 1) AND (octet_length(apex) <= 255))),
    CONSTRAINT claim_allowed_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 1010)))
);

ALTER TABLE ONLY public.claim_allowed FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.claim_allowed IS 'reserved names that the operator lets a tenant claim all the same';

-- TABLE claim_tombstone

CREATE TABLE public.claim_tombstone (
    key bytea NOT NULL,
    set_no smallint NOT NULL,
    tenant_id uuid NOT NULL,
    proven boolean NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone,
    CONSTRAINT claim_tombstone_key_ck CHECK ((octet_length(key) <= 254)),
    CONSTRAINT claim_tombstone_set_no_ck CHECK (((set_no >= 0) AND (set_no <= 255))),
    CONSTRAINT claim_tombstone_until_ck CHECK ((proven = (until IS NULL)))
);

ALTER TABLE ONLY public.claim_tombstone FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.claim_tombstone IS 'names that stood for a zone name and are not given to another tenant: for ever after a proof, 28 days without. No foreign keys: it outlives what it tells about';

-- TABLE diagnosis

CREATE TABLE public.diagnosis (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid NOT NULL,
    zone_id uuid,
    kind text NOT NULL,
    name text NOT NULL,
    apex bytea NOT NULL,
    primaries jsonb NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    compared_at timestamp with time zone,
    compared jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT diagnosis_apex_ck CHECK (((length(apex) >= 1) AND (length(apex) <= 255))),
    CONSTRAINT diagnosis_compared_ck CHECK (((jsonb_typeof(compared) = 'object'::text) AND ((compared IS NULL) OR (compared_at IS NOT NULL)) AND (pg_column_size(compared) <= 4096))),
    CONSTRAINT diagnosis_finished_at_ck CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT diagnosis_kind_ck CHECK (((kind = ANY (ARRAY['check'::text, 'preflight'::text])) AND ((kind = 'check'::text) = (zone_id IS NOT NULL)))),
    CONSTRAINT diagnosis_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 1024))),
    CONSTRAINT diagnosis_primaries_ck CHECK (((jsonb_typeof(primaries) = 'array'::text) AND (jsonb_array_length(primaries) <= 32))),
    CONSTRAINT diagnosis_state_ck CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text]))),
    CONSTRAINT diagnosis_steps_ck CHECK (((jsonb_typeof(steps) = 'array'::text) AND (pg_column_size(steps) <= 262144)))
);

ALTER TABLE ONLY public.diagnosis FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.diagnosis IS 'a check of a zone, or of one that may become one (preflight); pruned by number for each tenant, and by age';

COMMENT ON COLUMN public.diagnosis.primaries IS 'whom to ask: {"id"} of primary_server, or {"address", "port", "transport", "key"} of one that is not stored';

COMMENT ON COLUMN public.diagnosis.steps IS 'those that are known by now, as the API shows them';

COMMENT ON COLUMN public.diagnosis.compared_at IS 'when the whole zone began to be fetched to be compared with ours';

COMMENT ON COLUMN public.diagnosis.compared IS 'what came of it: {"same", "serial", "primary"}';

-- TABLE diagnosis_destination

CREATE TABLE public.diagnosis_destination (
    address inet NOT NULL,
    port integer NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT diagnosis_destination_port_ck CHECK (((port >= 1) AND (port <= 65535)))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.diagnosis_destination IS 'when a check of anybody was last sent to an address. No tenant''s; the functions below are its only readers. Pruned by age';

-- TABLE edge

CREATE TABLE public.edge (
    name text NOT NULL,
    epoch bigint NOT NULL,
    applied_xmin xid8 NOT NULL,
    exceptions jsonb DEFAULT '[]'::jsonb NOT NULL,
    counters jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT edge_counters_ck CHECK (((jsonb_typeof(counters) = 'object'::text) AND (pg_column_size(counters) <= 1048576))),
    CONSTRAINT edge_exceptions_ck CHECK (((jsonb_typeof(exceptions) = 'array'::text) AND (jsonb_array_length(exceptions) <= 10000))),
    CONSTRAINT edge_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 63)))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.edge IS 'one row per dnsd, written by edge_report: what it serves';

COMMENT ON COLUMN public.edge.epoch IS 'the feeder''s: a new one when it had to reconcile from nothing';

COMMENT ON COLUMN public.edge.applied_xmin IS 'in the core''s transactions: a zone with a lower stamp is served, unless it is among the exceptions';

COMMENT ON COLUMN public.edge.exceptions IS 'zones not served as published: [{"zone_id", "generation", "reason"}]';

-- TABLE feed_mark

CREATE TABLE public.feed_mark (
    id boolean DEFAULT true NOT NULL,
    core_xmin xid8 NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT feed_mark_id_ck CHECK (id)
)
WITH (fillfactor='10');

COMMENT ON TABLE public.feed_mark IS 'one row that logical replication carries to subscribers: how far the core was when it was written. Kept by feed_mark_tick';

COMMENT ON COLUMN public.feed_mark.core_xmin IS 'every transaction below it had ended at the core, and so is here too';

-- TABLE idempotency_key

CREATE TABLE public.idempotency_key (
    id bigint NOT NULL,
    tenant_id uuid,
    key text NOT NULL,
    digest text NOT NULL,
    status integer NOT NULL,
    body text,
    location text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_key_body_ck CHECK ((length(body) <= 16777216)),
    CONSTRAINT idempotency_key_digest_ck CHECK ((length(digest) = 16)),
    CONSTRAINT idempotency_key_key_ck CHECK (((length(key) >= 1) AND (length(key) <= 128))),
    CONSTRAINT idempotency_key_location_ck CHECK ((length(location) <= 3072)),
    CONSTRAINT idempotency_key_status_ck CHECK (((status >= 200) AND (status <= 299)))
);

ALTER TABLE ONLY public.idempotency_key FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.idempotency_key IS 'POSTs that succeeded, by the Idempotency-Key that they were sent with, for 24 hours; older rows count for nothing and go by idempotency_prune';

COMMENT ON COLUMN public.idempotency_key.tenant_id IS 'null: an operator''s request';

COMMENT ON COLUMN public.idempotency_key.digest IS 'of path, query, token and body, keyed with the pepper: the same key with another one is refused';

COMMENT ON COLUMN public.idempotency_key.body IS 'the answer; members that are shown once (secrets, tokens) are null';

-- SEQUENCE idempotency_key_id_seq

ALTER TABLE public.idempotency_key ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.idempotency_key_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE invitation

CREATE TABLE public.invitation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    hash bytea NOT NULL,
    maker_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '7 days'::interval) NOT NULL,
    CONSTRAINT invitation_email_ck CHECK ((((length(email) >= 3) AND (length(email) <= 190)) AND (email = lower(email)))),
    CONSTRAINT invitation_expires_at_ck CHECK ((expires_at > created_at)),
    CONSTRAINT invitation_hash_ck CHECK ((octet_length(hash) = 32)),
    CONSTRAINT invitation_role_ck CHECK ((role = ANY (ARRAY['viewer'::text, 'editor'::text, 'admin'::text, 'owner'::text])))
);

ALTER TABLE ONLY public.invitation FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.invitation IS 'an address that may become a member; goes when it is accepted';

COMMENT ON COLUMN public.invitation.hash IS 'BLAKE2b-256 of the link''s text, keyed as token.hash; another one with each letter';

COMMENT ON COLUMN public.invitation.maker_id IS 'who invites: void once they could not do it any more. Null: a token of the operator''s making, or the operator';

-- TABLE job

CREATE TABLE public.job (
    id bigint NOT NULL,
    tenant_id uuid,
    zone_id uuid,
    kind text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    tries smallint DEFAULT 0 NOT NULL,
    result jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT job_finished_at_ck CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT job_kind_ck CHECK ((kind = ANY (ARRAY['refresh'::text, 'retransfer'::text, 'accept'::text, 'pin'::text, 'unpin'::text, 'check'::text, 'preflight'::text, 'proof'::text, 'mail'::text]))),
    CONSTRAINT job_kind_zone_id_ck CHECK (((kind <> ALL (ARRAY['refresh'::text, 'retransfer'::text, 'accept'::text, 'pin'::text, 'unpin'::text, 'check'::text, 'proof'::text])) OR ((tenant_id IS NOT NULL) AND (zone_id IS NOT NULL)))),
    CONSTRAINT job_lease_ck CHECK ((((state = 'running'::text) = (lease_owner IS NOT NULL)) AND ((lease_owner IS NULL) = (lease_until IS NULL)))),
    CONSTRAINT job_payload_ck CHECK (((jsonb_typeof(payload) = 'object'::text) AND (pg_column_size(payload) <= 65536))),
    CONSTRAINT job_result_ck CHECK (((jsonb_typeof(result) = 'object'::text) AND (pg_column_size(result) <= 262144))),
    CONSTRAINT job_state_ck CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text]))),
    CONSTRAINT job_tries_ck CHECK (((tries >= 0) AND (tries <= 100)))
);

ALTER TABLE ONLY public.job FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.job IS 'what apid asks xferd to do; an insert notifies understudy_job';

COMMENT ON COLUMN public.job.payload IS 'at most 64 KiB';

COMMENT ON COLUMN public.job.tries IS 'how often it was begun';

COMMENT ON COLUMN public.job.result IS 'at most 256 KiB';

-- SEQUENCE job_id_seq

ALTER TABLE public.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE mail

CREATE TABLE public.mail (
    id uuid NOT NULL,
    tenant_id uuid,
    recipient text NOT NULL,
    template text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    sealed bytea,
    state text DEFAULT 'queued'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    finished_at timestamp with time zone,
    last_error text,
    CONSTRAINT mail_failures_ck CHECK ((failures >= 0)),
    CONSTRAINT mail_finished_at_ck CHECK (((state = 'queued'::text) = (finished_at IS NULL))),
    CONSTRAINT mail_last_error_ck CHECK ((length(last_error) <= 500)),
    CONSTRAINT mail_lease_ck CHECK (((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT mail_params_ck CHECK (((jsonb_typeof(params) = 'object'::text) AND (length((params)::text) <= 4000))),
    CONSTRAINT mail_recipient_ck CHECK ((((length(recipient) >= 3) AND (length(recipient) <= 254)) AND (recipient !~ '[[:cntrl:][:space:]<>,;]'::text))),
    CONSTRAINT mail_sealed_ck CHECK (((octet_length(sealed) >= 49) AND (octet_length(sealed) <= 1024))),
    CONSTRAINT mail_state_ck CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text]))),
    CONSTRAINT mail_template_ck CHECK ((template = ANY (ARRAY['verify'::text, 'reset'::text, 'invite'::text, 'claim_warning'::text, 'claim_suspended'::text])))
);

ALTER TABLE ONLY public.mail FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.mail IS 'letters: queued by mail_put, sent by xferd''s courier, kept some days';

COMMENT ON COLUMN public.mail.tenant_id IS 'whose affair it is; null for a person''s own (a password reset)';

COMMENT ON COLUMN public.mail.params IS 'what the template names, as text: {"zone": ..., "tenant": ...}';

COMMENT ON COLUMN public.mail.sealed IS 'the one-time link, sealed for xferd: a dump of this table opens no account. Wiped when the letter is finished';

COMMENT ON COLUMN public.mail.failures IS 'tries that the relay did not take';

-- TABLE membership

CREATE TABLE public.membership (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_staff boolean DEFAULT false NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT membership_role_ck CHECK ((role = ANY (ARRAY['viewer'::text, 'editor'::text, 'admin'::text, 'owner'::text]))),
    CONSTRAINT membership_user_staff_ck CHECK ((NOT user_staff))
);

ALTER TABLE ONLY public.membership FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.membership IS 'what a person may do in a tenant (api/role.def)';

COMMENT ON COLUMN public.membership.user_staff IS 'always false: with the foreign key, staff cannot be members';

-- TABLE nameserver

CREATE TABLE public.nameserver (
    host text NOT NULL,
    wire bytea NOT NULL,
    addresses inet[] NOT NULL,
    stripe smallint NOT NULL,
    set_no smallint,
    retired_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT nameserver_addresses_ck CHECK (((cardinality(addresses) >= 1) AND (cardinality(addresses) <= 64))),
    CONSTRAINT nameserver_host_ck CHECK ((((length(host) >= 1) AND (length(host) <= 1010)) AND (host = lower(host)))),
    CONSTRAINT nameserver_set_no_ck CHECK (((set_no >= 0) AND (set_no <= 255))),
    CONSTRAINT nameserver_stripe_ck CHECK (((stripe >= 0) AND (stripe <= 63))),
    CONSTRAINT nameserver_wire_ck CHECK (((octet_length(wire) >= 1) AND (octet_length(wire) <= 255)))
);

COMMENT ON TABLE public.nameserver IS 'the operator''s name servers as configured, by nameserver_sync; a name that was in a set stays for ever, retired';

COMMENT ON COLUMN public.nameserver.stripe IS 'which of the 64 groups of addresses a zone is served on or not';

COMMENT ON COLUMN public.nameserver.set_no IS 'the set of names that it belongs to; null: waits for a partner';

COMMENT ON COLUMN public.nameserver.retired_at IS 'no longer configured: its set is not given out any more';

-- VIEW nameserver_set

CREATE VIEW public.nameserver_set AS
 SELECT nameserver.set_no,
    bit_or(((1)::bigint << (nameserver.stripe)::integer)) AS mask,
    count(*) FILTER (WHERE (nameserver.retired_at IS NOT NULL)) AS retired,
    array_agg(nameserver.host ORDER BY nameserver.host) AS hosts
   FROM public.nameserver
  WHERE (nameserver.set_no IS NOT NULL)
  GROUP BY nameserver.set_no;

COMMENT ON VIEW public.nameserver_set IS 'the sets of names: stripes as a mask, how many names are retired';

-- TABLE one_time_link

CREATE TABLE public.one_time_link (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    hash bytea NOT NULL,
    purpose text NOT NULL,
    user_id uuid,
    email text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT one_time_link_email_ck CHECK ((((length(email) >= 3) AND (length(email) <= 190)) AND (email = lower(email)))),
    CONSTRAINT one_time_link_expires_at_ck CHECK ((expires_at > created_at)),
    CONSTRAINT one_time_link_hash_ck CHECK ((octet_length(hash) = 32)),
    CONSTRAINT one_time_link_payload_ck CHECK (((jsonb_typeof(payload) = 'object'::text) AND (pg_column_size(payload) <= 2048))),
    CONSTRAINT one_time_link_purpose_ck CHECK ((purpose = ANY (ARRAY['verify'::text, 'reset'::text, 'login'::text]))),
    CONSTRAINT one_time_link_purpose_user_id_ck CHECK (((purpose = 'verify'::text) OR (user_id IS NOT NULL)))
);

COMMENT ON TABLE public.one_time_link IS 'what a link in a mail, or one that the operator hands out, is good for';

COMMENT ON COLUMN public.one_time_link.hash IS 'BLAKE2b-256 of the link''s text, keyed as token.hash';

COMMENT ON COLUMN public.one_time_link.purpose IS 'verify: the address is theirs (a sign-up, or a new address); reset: set a password; login: a session';

COMMENT ON COLUMN public.one_time_link.user_id IS 'null: a sign-up, not yet a person';

COMMENT ON COLUMN public.one_time_link.payload IS 'of a sign-up: {"name", "password_hash", "tenant"}';

-- TABLE primary_server

CREATE TABLE public.primary_server (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid NOT NULL,
    name text,
    address inet NOT NULL,
    port integer DEFAULT 53 NOT NULL,
    transport text DEFAULT 'tcp'::text NOT NULL,
    key_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT primary_server_address_ck CHECK ((masklen(address) =
CASE family(address)
    WHEN 4 THEN 32
    ELSE 128
END)),
    CONSTRAINT primary_server_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT primary_server_port_ck CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT primary_server_transport_ck CHECK ((transport = ANY (ARRAY['tcp'::text, 'tls'::text])))
);

ALTER TABLE ONLY public.primary_server FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.primary_server IS 'where a tenant''s zones are pulled from; an address, never a host name';

COMMENT ON COLUMN public.primary_server.name IS 'the tenant''s label; null when it was given inline with a zone';

COMMENT ON COLUMN public.primary_server.transport IS 'of transfers; SOA probes go by UDP unless it is tls';

-- TABLE primary_tls

CREATE TABLE public.primary_tls (
    primary_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text,
    verify text DEFAULT 'pkix'::text NOT NULL,
    pins bytea DEFAULT '\x'::bytea NOT NULL,
    ca text,
    certificate text,
    key_id uuid,
    key_sealed bytea,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT primary_tls_ca_ck CHECK (((length(ca) >= 1) AND (length(ca) <= 32768))),
    CONSTRAINT primary_tls_certificate_ck CHECK ((((length(certificate) >= 1) AND (length(certificate) <= 16384)) AND ((certificate IS NULL) = (key_sealed IS NULL)) AND ((certificate IS NULL) = (key_id IS NULL)))),
    CONSTRAINT primary_tls_key_sealed_ck CHECK (((octet_length(key_sealed) >= 49) AND (octet_length(key_sealed) <= 16640))),
    CONSTRAINT primary_tls_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 253))),
    CONSTRAINT primary_tls_pins_ck CHECK ((((octet_length(pins) % 32) = 0) AND (octet_length(pins) <= 256) AND ((verify = 'pkix'::text) = (octet_length(pins) = 0)))),
    CONSTRAINT primary_tls_verify_ck CHECK ((verify = ANY (ARRAY['pkix'::text, 'pin'::text, 'both'::text])))
);

ALTER TABLE ONLY public.primary_tls FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.primary_tls IS 'what is asked of a primary with transport tls, and our certificate for it; none: its address, in a certificate of the usual authorities';

COMMENT ON COLUMN public.primary_tls.name IS 'host name in its certificate, sent as SNI; null: its address';

COMMENT ON COLUMN public.primary_tls.verify IS 'pkix (chain, name and dates), pin (one of the keys, and nothing else), both';

COMMENT ON COLUMN public.primary_tls.pins IS 'SHA-256 of SubjectPublicKeyInfo, 32 bytes each, at most 8';

COMMENT ON COLUMN public.primary_tls.ca IS 'PEM; the only authorities that count; null: the system''s';

COMMENT ON COLUMN public.primary_tls.certificate IS 'PEM; our certificate for this primary and its chain';

COMMENT ON COLUMN public.primary_tls.key_id IS 'what the sealed key is bound to; another one with each key';

COMMENT ON COLUMN public.primary_tls.key_sealed IS 'private key of the certificate (PEM) in a sealed box to xferd, as tsig_key.sealed; write-only for apid';

-- TABLE rate_limit

CREATE TABLE public.rate_limit (
    key bytea NOT NULL,
    full_at timestamp with time zone NOT NULL,
    CONSTRAINT rate_limit_key_ck CHECK ((octet_length(key) = 32))
);

COMMENT ON TABLE public.rate_limit IS 'how often a thing was tried, for all apids together (rate_take)';

COMMENT ON COLUMN public.rate_limit.key IS 'keyed hash of what is limited: nobody reads addresses here';

COMMENT ON COLUMN public.rate_limit.full_at IS 'when nothing of the allowance is used any more; past rows are nothing';

-- TABLE recovery_code

CREATE TABLE public.recovery_code (
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_code_hash_ck CHECK ((octet_length(hash) = 32))
);

COMMENT ON TABLE public.recovery_code IS 'stands in for a TOTP code, once; only its keyed hash is known';

-- TABLE refresh_batch

CREATE TABLE public.refresh_batch (
    id bigint NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    zone_ids uuid[] NOT NULL,
    expires_at timestamp with time zone[] NOT NULL,
    stamp xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT refresh_batch_zone_ids_ck CHECK ((((cardinality(zone_ids) >= 1) AND (cardinality(zone_ids) <= 10000)) AND (array_position(zone_ids, NULL::uuid) IS NULL))),
    CONSTRAINT refresh_batch_zone_ids_expires_at_ck CHECK (((cardinality(zone_ids) = cardinality(expires_at)) AND (array_position(expires_at, NULL::timestamp with time zone) IS NULL)))
);

COMMENT ON TABLE public.refresh_batch IS 'zones found up to date and their new EXPIRE deadlines, many to a row; append-only, pruned by refresh_prune';

COMMENT ON COLUMN public.refresh_batch.checked_at IS 'not later than any of the checks in the row';

-- SEQUENCE refresh_batch_id_seq

ALTER TABLE public.refresh_batch ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.refresh_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE schema_migration

CREATE TABLE public.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schema_migration_sha256_ck CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE public.schema_migration IS 'the files of sql/ that this database has, written by sql/apply';

-- TABLE session

CREATE TABLE public.session (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    hash bytea NOT NULL,
    user_id uuid NOT NULL,
    tenant_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    proven_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address inet,
    user_agent text,
    CONSTRAINT session_expires_at_ck CHECK ((expires_at > created_at)),
    CONSTRAINT session_hash_ck CHECK ((octet_length(hash) = 32)),
    CONSTRAINT session_user_agent_ck CHECK ((length(user_agent) <= 200))
);

ALTER TABLE ONLY public.session FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.session IS 'a browser in which a person is signed in; ends by being deleted';

COMMENT ON COLUMN public.session.hash IS 'BLAKE2b-256 of the cookie''s text, keyed as token.hash';

COMMENT ON COLUMN public.session.tenant_id IS 'the tenant that was chosen; null: the only one, or none';

COMMENT ON COLUMN public.session.used_at IS 'to the minute: session_find writes it at most once a minute';

COMMENT ON COLUMN public.session.proven_at IS 'when a password or code was last given: dangerous things want it young';

COMMENT ON COLUMN public.session.expires_at IS 'whatever happens; a session that is not used ends earlier';

-- TABLE setting

CREATE TABLE public.setting (
    name text NOT NULL,
    value jsonb NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT setting_name_ck CHECK ((name ~ '^[a-z][a-z0-9_.]{0,62}$'::text))
);

COMMENT ON TABLE public.setting IS 'what the whole installation shares and no file should hold';

-- TABLE zone_state

CREATE TABLE public.zone_state (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    apex bytea NOT NULL,
    stripes bigint NOT NULL,
    state text DEFAULT 'empty'::text NOT NULL,
    generation bigint DEFAULT 0 NOT NULL,
    serial bigint,
    soa bytea,
    root_level smallint,
    root_digest bytea,
    record_count bigint DEFAULT 0 NOT NULL,
    page_count bigint DEFAULT 0 NOT NULL,
    loaded_at timestamp with time zone,
    checked_at timestamp with time zone,
    expires_at timestamp with time zone,
    stamp xid8 DEFAULT pg_current_xact_id() NOT NULL,
    signed_until timestamp with time zone,
    CONSTRAINT zone_state_apex_ck CHECK (((octet_length(apex) >= 1) AND (octet_length(apex) <= 255))),
    CONSTRAINT zone_state_counts_ck CHECK (((record_count >= 0) AND (page_count >= 0))),
    CONSTRAINT zone_state_generation_ck CHECK ((generation >= 0)),
    CONSTRAINT zone_state_generation_content_ck CHECK (((generation = 0) OR ((serial IS NOT NULL) AND (soa IS NOT NULL) AND (root_level IS NOT NULL) AND (root_digest IS NOT NULL) AND (loaded_at IS NOT NULL) AND (checked_at IS NOT NULL) AND (expires_at IS NOT NULL)))),
    CONSTRAINT zone_state_live_ck CHECK (((state <> 'live'::text) OR (generation > 0))),
    CONSTRAINT zone_state_root_digest_ck CHECK ((octet_length(root_digest) = 32)),
    CONSTRAINT zone_state_root_level_ck CHECK (((root_level >= 0) AND (root_level <= 7))),
    CONSTRAINT zone_state_serial_ck CHECK (((serial >= 0) AND (serial <= '4294967295'::bigint))),
    CONSTRAINT zone_state_soa_ck CHECK (((octet_length(soa) >= 22) AND (octet_length(soa) <= 530))),
    CONSTRAINT zone_state_state_ck CHECK ((state = ANY (ARRAY['empty'::text, 'live'::text, 'withdrawn'::text, 'deleted'::text])))
);

ALTER TABLE ONLY public.zone_state FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_state IS 'what is published of a zone; changes only with a publication or a change of state. Made by a trigger when the claim is inserted';

COMMENT ON COLUMN public.zone_state.apex IS 'copy of zone.apex: an edge reads this table, not the claims';

COMMENT ON COLUMN public.zone_state.stripes IS 'copy of zone.stripes';

COMMENT ON COLUMN public.zone_state.state IS 'for the edges: empty (claimed, never loaded: SERVFAIL), live (answer), withdrawn (not proven, suspended: as if not there), deleted (final)';

COMMENT ON COLUMN public.zone_state.generation IS 'ours: rises by one with each publication, under this row''s lock';

COMMENT ON COLUMN public.zone_state.serial IS 'the customer''s, of the SOA';

COMMENT ON COLUMN public.zone_state.soa IS 'rdata of the SOA, uncompressed';

COMMENT ON COLUMN public.zone_state.root_level IS '0: the root is a page; n: it is the zone_node of level n';

COMMENT ON COLUMN public.zone_state.root_digest IS 'BLAKE2b-256 of the root';

COMMENT ON COLUMN public.zone_state.checked_at IS 'of the check that expires_at was counted from; between an edge''s two sources (here, refresh_batch) the later checked_at wins';

COMMENT ON COLUMN public.zone_state.expires_at IS 'EXPIRE as of checked_at; later checks are in refresh_batch';

COMMENT ON COLUMN public.zone_state.stamp IS 'transaction that wrote the row last; set by trigger, also on a logical subscriber (its own). Not ordered by commit: read only by feed_changes';

COMMENT ON COLUMN public.zone_state.signed_until IS 'when the first set of the zone runs out of signatures; null: unsigned';

-- VIEW stat_edge

CREATE VIEW public.stat_edge AS
 SELECT e.name,
    e.epoch,
    e.seen_at,
    (EXTRACT(epoch FROM (now() - e.seen_at)))::bigint AS silent_s,
    jsonb_array_length(e.exceptions) AS exceptions,
    ( SELECT count(*) AS count
           FROM public.zone_state s
          WHERE (s.stamp >= e.applied_xmin)) AS zones_behind
   FROM public.edge e;

COMMENT ON VIEW public.stat_edge IS 'how far each edge is';

COMMENT ON COLUMN public.stat_edge.silent_s IS 'seconds since its last report';

-- TABLE tenant

CREATE TABLE public.tenant (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    suspended_at timestamp with time zone,
    suspended_by text,
    suspended_reason text,
    deleted_at timestamp with time zone,
    set_no smallint,
    CONSTRAINT tenant_limits_ck CHECK ((jsonb_typeof(limits) = 'object'::text)),
    CONSTRAINT tenant_name_ck CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT tenant_suspended_ck CHECK (((suspended_at IS NOT NULL) OR ((suspended_by IS NULL) AND (suspended_reason IS NULL)))),
    CONSTRAINT tenant_suspended_text_ck CHECK (((length(suspended_by) <= 300) AND (length(suspended_reason) <= 1000)))
);

ALTER TABLE ONLY public.tenant FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tenant IS 'a customer; everything it owns carries its id';

COMMENT ON COLUMN public.tenant.limits IS 'what differs from the configured limits: {"zones": 100, ...}';

COMMENT ON COLUMN public.tenant.suspended_at IS 'when the operator stopped this tenant; null while it is in order';

COMMENT ON COLUMN public.tenant.suspended_by IS 'the actor, as in audit';

COMMENT ON COLUMN public.tenant.suspended_reason IS 'what the tenant is told';

COMMENT ON COLUMN public.tenant.deleted_at IS 'set: it is gone for everybody; the row follows its last zone, when the edges have dropped that';

COMMENT ON COLUMN public.tenant.set_no IS 'the set of names that its claims get unless they conflict; null until the first claim';

-- TABLE zone_timer

CREATE TABLE public.zone_timer (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    serial_hint bigint,
    retransfer boolean DEFAULT false NOT NULL,
    primary_ordinal smallint DEFAULT 0 NOT NULL,
    primary_serial bigint,
    checked_at timestamp with time zone,
    expires_at timestamp with time zone,
    last_error text,
    last_error_at timestamp with time zone,
    noted smallint DEFAULT 0 NOT NULL,
    back text,
    back_serial bigint,
    back_at timestamp with time zone,
    accept_serial bigint,
    compared_at timestamp with time zone,
    seen jsonb,
    differs_primary uuid,
    differs_serial bigint,
    stray_address inet,
    stray_at timestamp with time zone,
    CONSTRAINT zone_timer_accept_serial_ck CHECK (((accept_serial >= 0) AND (accept_serial <= '4294967295'::bigint))),
    CONSTRAINT zone_timer_back_ck CHECK (((back = ANY (ARRAY['lower'::text, 'undefined'::text])) AND ((back IS NULL) = (back_serial IS NULL)) AND ((back IS NULL) = (back_at IS NULL)))),
    CONSTRAINT zone_timer_back_serial_ck CHECK (((back_serial >= 0) AND (back_serial <= '4294967295'::bigint))),
    CONSTRAINT zone_timer_differs_ck CHECK ((((differs_serial >= 0) AND (differs_serial <= '4294967295'::bigint)) AND ((differs_primary IS NULL) = (differs_serial IS NULL)))),
    CONSTRAINT zone_timer_failures_ck CHECK ((failures >= 0)),
    CONSTRAINT zone_timer_last_error_ck CHECK ((length(last_error) <= 1000)),
    CONSTRAINT zone_timer_lease_ck CHECK (((lease_owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT zone_timer_noted_ck CHECK ((noted = ANY (ARRAY[0, 50, 75, 90, 100]))),
    CONSTRAINT zone_timer_primary_ordinal_ck CHECK (((primary_ordinal >= 0) AND (primary_ordinal <= 15))),
    CONSTRAINT zone_timer_primary_serial_ck CHECK (((primary_serial >= 0) AND (primary_serial <= '4294967295'::bigint))),
    CONSTRAINT zone_timer_priority_ck CHECK (((priority >= 0) AND (priority <= 3))),
    CONSTRAINT zone_timer_serial_hint_ck CHECK (((serial_hint >= 0) AND (serial_hint <= '4294967295'::bigint))),
    CONSTRAINT zone_timer_stray_ck CHECK (((stray_address IS NULL) = (stray_at IS NULL)))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.05');

ALTER TABLE ONLY public.zone_timer FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_timer IS 'when a zone is looked at next and by whom; written at each check, so it is kept apart from zone_state. Made by a trigger with the claim';

COMMENT ON COLUMN public.zone_timer.priority IS 'why it is due: 0 NOTIFY, 1 new zone, 2 asked for by API, 3 refresh';

COMMENT ON COLUMN public.zone_timer.lease_owner IS 'the xferd instance that works on it; fences the publication';

COMMENT ON COLUMN public.zone_timer.lease_until IS 'after this another instance may take the zone';

COMMENT ON COLUMN public.zone_timer.failures IS 'checks that failed in a row';

COMMENT ON COLUMN public.zone_timer.serial_hint IS 'what a NOTIFY announced; forgotten after one retry';

COMMENT ON COLUMN public.zone_timer.retransfer IS 'the next transfer is a full AXFR whatever the serial';

COMMENT ON COLUMN public.zone_timer.primary_ordinal IS 'which of zone_primary is tried first';

COMMENT ON COLUMN public.zone_timer.primary_serial IS 'the serial last seen at a primary, loaded or not';

COMMENT ON COLUMN public.zone_timer.checked_at IS 'last check that a primary answered with authority';

COMMENT ON COLUMN public.zone_timer.expires_at IS 'EXPIRE as of checked_at: the same that the edges get';

COMMENT ON COLUMN public.zone_timer.noted IS 'percent of EXPIRE that had passed without a contact when it was told';

COMMENT ON COLUMN public.zone_timer.back IS 'every primary that answered has a serial that is not newer than ours: lower, or undefined (exactly 2^31 away, RFC 1982 3.2)';

COMMENT ON COLUMN public.zone_timer.back_serial IS 'the newest of those serials';

COMMENT ON COLUMN public.zone_timer.accept_serial IS 'the customer takes this serial, or one newer than it, although it is lower than ours; forgotten when a round ended well';

COMMENT ON COLUMN public.zone_timer.compared_at IS 'when another primary''s content was last compared with ours';

COMMENT ON COLUMN public.zone_timer.seen IS 'by primary''s id: serial last seen there, and a word for what is wrong';

COMMENT ON COLUMN public.zone_timer.differs_primary IS 'has another content than what we serve, at the serial differs_serial, as of compared_at';

COMMENT ON COLUMN public.zone_timer.stray_address IS 'who sent a NOTIFY last without being one of the primaries';

-- VIEW stat_service

CREATE VIEW public.stat_service AS
 SELECT ( SELECT count(*) AS count
           FROM public.tenant) AS tenants,
    ( SELECT count(*) AS count
           FROM public.zone_state
          WHERE (zone_state.state = 'live'::text)) AS zones_live,
    ( SELECT count(*) AS count
           FROM public.zone_state
          WHERE (zone_state.state = 'empty'::text)) AS zones_empty,
    ( SELECT count(*) AS count
           FROM public.zone_state
          WHERE (zone_state.state = 'withdrawn'::text)) AS zones_withdrawn,
    ( SELECT (COALESCE(sum(zone_state.record_count), (0)::numeric))::bigint AS "coalesce"
           FROM public.zone_state
          WHERE (zone_state.state = 'live'::text)) AS records,
    ( SELECT count(*) AS count
           FROM public.zone_timer
          WHERE (zone_timer.due_at < now())) AS zones_due,
    ( SELECT (COALESCE(max(EXTRACT(epoch FROM (now() - zone_timer.due_at))), (0)::numeric))::bigint AS "coalesce"
           FROM public.zone_timer
          WHERE (zone_timer.due_at < now())) AS due_age_s,
    ( SELECT count(*) AS count
           FROM public.zone_timer
          WHERE (zone_timer.failures > 0)) AS zones_failing,
    ( SELECT count(*) AS count
           FROM public.job
          WHERE (job.state = 'queued'::text)) AS jobs_queued,
    ( SELECT (COALESCE(max(EXTRACT(epoch FROM (now() - pg_stat_activity.xact_start))), (0)::numeric))::bigint AS "coalesce"
           FROM pg_stat_activity
          WHERE ((pg_stat_activity.backend_xid IS NOT NULL) OR (pg_stat_activity.backend_xmin IS NOT NULL))) AS oldest_transaction_s;

COMMENT ON VIEW public.stat_service IS 'one row of figures for monitoring; oldest_transaction_s is what holds back the feed''s horizon';

COMMENT ON COLUMN public.stat_service.due_age_s IS 'of the longest waiting, seconds';

-- TABLE tenant_count

CREATE TABLE public.tenant_count (
    tenant_id uuid NOT NULL,
    zones bigint DEFAULT 0 NOT NULL,
    CONSTRAINT tenant_count_zones_ck CHECK ((zones >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.tenant_count FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tenant_count IS 'what a tenant has, kept by triggers. The row is locked until the end of the transaction that changes it: creations of one tenant wait for each other, and the count that they see is exact';

COMMENT ON COLUMN public.tenant_count.zones IS 'claims that are not deleted';

-- TABLE tenant_day

CREATE TABLE public.tenant_day (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    transfer_bytes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT tenant_day_transfer_bytes_ck CHECK ((transfer_bytes >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.tenant_day FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tenant_day IS 'what a tenant''s transfers took, by day (UTC), for two months. No foreign key: attempts outlive their tenant by a moment';

COMMENT ON COLUMN public.tenant_day.transfer_bytes IS 'received in AXFR and IXFR, good or not, in bytes of DNS messages';

-- TABLE tenant_usage

CREATE TABLE public.tenant_usage (
    tenant_id uuid NOT NULL,
    records bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.tenant_usage FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tenant_usage IS 'running totals of a tenant, kept by triggers; the row is the lock under which they are compared with the limit';

COMMENT ON COLUMN public.tenant_usage.records IS 'of what is stored of all zones that are not deleted';

-- TABLE token

CREATE TABLE public.token (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid,
    kind text DEFAULT 'tenant'::text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL,
    scopes text[] DEFAULT '{*}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    maker_id uuid,
    zones uuid[],
    networks cidr[],
    idle_days integer,
    last_used_from inet,
    CONSTRAINT token_hash_ck CHECK ((octet_length(hash) = 32)),
    CONSTRAINT token_idle_days_ck CHECK (((idle_days >= 1) AND (idle_days <= 3650))),
    CONSTRAINT token_kind_ck CHECK ((kind = ANY (ARRAY['operator'::text, 'tenant'::text]))),
    CONSTRAINT token_kind_tenant_id_ck CHECK (((kind = 'operator'::text) = (tenant_id IS NULL))),
    CONSTRAINT token_name_ck CHECK ((length(name) <= 100)),
    CONSTRAINT token_networks_ck CHECK ((((cardinality(networks) >= 1) AND (cardinality(networks) <= 32)) AND (array_position(networks, NULL::cidr) IS NULL))),
    CONSTRAINT token_prefix_ck CHECK (((length(prefix) >= 1) AND (length(prefix) <= 32))),
    CONSTRAINT token_scopes_ck CHECK (((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 64))),
    CONSTRAINT token_zones_ck CHECK (((zones IS NULL) OR ((kind = 'tenant'::text) AND ((cardinality(zones) >= 1) AND (cardinality(zones) <= 64)) AND (array_position(zones, NULL::uuid) IS NULL))))
);

ALTER TABLE ONLY public.token FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.token IS 'a bearer token; the secret itself is shown once and never stored';

COMMENT ON COLUMN public.token.tenant_id IS 'null for an operator''s token';

COMMENT ON COLUMN public.token.prefix IS 'the first characters of the token, to recognise it in lists and logs';

COMMENT ON COLUMN public.token.hash IS 'BLAKE2b-256 of the secret, keyed with the pepper that only apid has';

COMMENT ON COLUMN public.token.last_used_at IS 'to the minute: token_find writes it at most once a minute';

COMMENT ON COLUMN public.token.maker_id IS 'the person who made it: it can do what that person can do today, and nothing once they are no member. Null: made by the operator. No foreign key: a maker who is gone must not become none';

COMMENT ON COLUMN public.token.zones IS 'the only zones that it sees; null: all';

COMMENT ON COLUMN public.token.networks IS 'where its requests may come from; null: anywhere';

COMMENT ON COLUMN public.token.idle_days IS 'dead after so many days without use; null: it may sleep';

COMMENT ON COLUMN public.token.last_used_from IS 'as of last_used_at';

-- TABLE tsig_key

CREATE TABLE public.tsig_key (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    name_wire bytea NOT NULL,
    algorithm text NOT NULL,
    sealed bytea NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tsig_key_algorithm_ck CHECK ((algorithm = ANY (ARRAY['hmac-sha1'::text, 'hmac-sha224'::text, 'hmac-sha256'::text, 'hmac-sha384'::text, 'hmac-sha512'::text]))),
    CONSTRAINT tsig_key_fingerprint_ck CHECK (((length(fingerprint) >= 8) AND (length(fingerprint) <= 128))),
    CONSTRAINT tsig_key_name_ck CHECK ((((length(name) >= 1) AND (length(name) <= 1010)) AND (name = lower(name)))),
    CONSTRAINT tsig_key_name_wire_ck CHECK ((((octet_length(name_wire) >= 1) AND (octet_length(name_wire) <= 255)) AND (get_byte(name_wire, (octet_length(name_wire) - 1)) = 0))),
    CONSTRAINT tsig_key_sealed_ck CHECK (((octet_length(sealed) >= 49) AND (octet_length(sealed) <= 1024)))
);

ALTER TABLE ONLY public.tsig_key FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tsig_key IS 'a TSIG key of a tenant; names are unique in the tenant only';

COMMENT ON COLUMN public.tsig_key.name IS 'lower-case presentation form without the final dot';

COMMENT ON COLUMN public.tsig_key.name_wire IS 'lower-case wire form';

COMMENT ON COLUMN public.tsig_key.sealed IS 'sealed box to xferd''s public key over tenant id, key id, algorithm and secret; write-only for apid (it may not select this column)';

COMMENT ON COLUMN public.tsig_key.fingerprint IS 'what a person can compare: first part of a digest over the secret';

-- TABLE user_account

CREATE TABLE public.user_account (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    staff boolean DEFAULT false NOT NULL,
    password_hash text,
    verified_at timestamp with time zone,
    disabled_at timestamp with time zone,
    totp_sealed bytea,
    totp_enabled_at timestamp with time zone,
    totp_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    last_login_at timestamp with time zone,
    CONSTRAINT user_account_email_ck CHECK ((((length(email) >= 3) AND (length(email) <= 190)) AND (email = lower(email)) AND (email ~ '^[!-~]+@[a-z0-9.-]+$'::text))),
    CONSTRAINT user_account_name_ck CHECK ((length(name) <= 100)),
    CONSTRAINT user_account_password_hash_ck CHECK (((length(password_hash) >= 20) AND (length(password_hash) <= 200))),
    CONSTRAINT user_account_totp_enabled_at_ck CHECK (((totp_enabled_at IS NULL) OR (totp_sealed IS NOT NULL))),
    CONSTRAINT user_account_totp_sealed_ck CHECK (((octet_length(totp_sealed) >= 50) AND (octet_length(totp_sealed) <= 200))),
    CONSTRAINT user_account_totp_step_ck CHECK ((totp_step >= 0))
);

ALTER TABLE ONLY public.user_account FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.user_account IS 'a person who can sign in; in which tenants: membership';

COMMENT ON COLUMN public.user_account.email IS 'lower case; what a person signs in with';

COMMENT ON COLUMN public.user_account.staff IS 'works for the operator; never a member of a tenant';

COMMENT ON COLUMN public.user_account.password_hash IS 'Argon2id as libsodium prints it; null until the first one is set';

COMMENT ON COLUMN public.user_account.verified_at IS 'when the address was seen to be theirs';

COMMENT ON COLUMN public.user_account.totp_sealed IS 'the TOTP secret, XChaCha20-Poly1305 with a key that only apid has';

COMMENT ON COLUMN public.user_account.totp_enabled_at IS 'when a code confirmed the secret; null: it asks for nothing yet';

COMMENT ON COLUMN public.user_account.totp_step IS 'the time step of the last code that was used: it and older ones are refused';

-- TABLE zone_event

CREATE TABLE public.zone_event (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    message text NOT NULL,
    CONSTRAINT zone_event_kind_ck CHECK ((kind ~ '^[a-z0-9-]{1,40}$'::text)),
    CONSTRAINT zone_event_message_ck CHECK ((length(message) <= 1000))
);

ALTER TABLE ONLY public.zone_event FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_event IS 'what a zone''s owner would want to be told: expiry coming near, a serial that went back, primaries that disagree. Pruned by age';

-- SEQUENCE zone_event_id_seq

ALTER TABLE public.zone_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.zone_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- TABLE zone_guard

CREATE TABLE public.zone_guard (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    removed_percent_max smallint,
    removed_names_min integer DEFAULT 10 NOT NULL,
    keep_ns boolean DEFAULT false NOT NULL,
    keep_dnskey boolean DEFAULT false NOT NULL,
    zonemd text DEFAULT 'verify'::text NOT NULL,
    dnssec text DEFAULT 'off'::text NOT NULL,
    trust_anchors text[] DEFAULT '{}'::text[] NOT NULL,
    signature_hours_min integer DEFAULT 0 NOT NULL,
    held_expire text DEFAULT 'renew'::text NOT NULL,
    held_serial bigint,
    held_digest bytea,
    held_reason text,
    held_message text,
    held_advice text,
    held_facts jsonb,
    held_at timestamp with time zone,
    held_accepted boolean DEFAULT false NOT NULL,
    pin_generation bigint,
    pin_past_expire boolean DEFAULT false NOT NULL,
    pin_at timestamp with time zone,
    pin_applied bigint,
    pin_before bigint,
    CONSTRAINT zone_guard_dnssec_ck CHECK ((dnssec = ANY (ARRAY['off'::text, 'verify'::text, 'require'::text]))),
    CONSTRAINT zone_guard_held_ck CHECK ((((held_serial IS NULL) = (held_reason IS NULL)) AND ((held_serial IS NULL) = (held_at IS NULL)) AND ((held_serial IS NULL) = (held_message IS NULL)) AND ((held_serial IS NOT NULL) OR (NOT held_accepted)))),
    CONSTRAINT zone_guard_held_digest_ck CHECK ((octet_length(held_digest) = 32)),
    CONSTRAINT zone_guard_held_expire_ck CHECK ((held_expire = ANY (ARRAY['renew'::text, 'count'::text]))),
    CONSTRAINT zone_guard_held_serial_ck CHECK (((held_serial >= 0) AND (held_serial <= '4294967295'::bigint))),
    CONSTRAINT zone_guard_held_text_ck CHECK (((length(held_reason) <= 64) AND (length(held_message) <= 1000) AND (length(held_advice) <= 1000) AND (pg_column_size(held_facts) <= 16384))),
    CONSTRAINT zone_guard_pin_ck CHECK (((pin_generation > 0) AND (pin_applied > 0) AND (pin_before > 0) AND ((pin_applied IS NULL) = (pin_before IS NULL)) AND ((pin_generation IS NULL) = (pin_at IS NULL)))),
    CONSTRAINT zone_guard_removed_ck CHECK (((removed_names_min >= 0) AND ((removed_percent_max IS NULL) OR ((removed_percent_max >= 0) AND (removed_percent_max <= 99))))),
    CONSTRAINT zone_guard_signature_hours_min_ck CHECK (((signature_hours_min >= 0) AND (signature_hours_min <= 8760))),
    CONSTRAINT zone_guard_trust_anchors_ck CHECK (((cardinality(trust_anchors) <= 8) AND (array_position(trust_anchors, NULL::text) IS NULL) AND (length(array_to_string(trust_anchors, ' '::text)) <= 2000))),
    CONSTRAINT zone_guard_zonemd_ck CHECK ((zonemd = ANY (ARRAY['off'::text, 'verify'::text, 'require'::text])))
);

ALTER TABLE ONLY public.zone_guard FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_guard IS 'a zone''s publish policy, the version held back by it, and the old version served instead of the newest (pin). No row: the defaults, nothing held, nothing pinned';

COMMENT ON COLUMN public.zone_guard.removed_percent_max IS 'hold a version that lacks more than this share of the names; null: off';

COMMENT ON COLUMN public.zone_guard.removed_names_min IS 'fewer missing names than this are never held';

COMMENT ON COLUMN public.zone_guard.keep_ns IS 'hold a version that has none of the name servers that the apex had';

COMMENT ON COLUMN public.zone_guard.keep_dnskey IS 'hold a version without DNSKEY where there was one';

COMMENT ON COLUMN public.zone_guard.zonemd IS 'verify: when there is a ZONEMD record; require: there must be one';

COMMENT ON COLUMN public.zone_guard.dnssec IS 'verify: when the apex has DNSKEY or there are trust anchors; require: it must';

COMMENT ON COLUMN public.zone_guard.trust_anchors IS 'DS records as text: key tag, algorithm, digest type, digest in hex; one of them must match a DNSKEY that signs the DNSKEY set';

COMMENT ON COLUMN public.zone_guard.signature_hours_min IS 'hold a version in which a set''s last signature ends before this; 0: off';

COMMENT ON COLUMN public.zone_guard.held_expire IS 'while a version is held, each contact with the primary renews EXPIRE of what is served, or the deadline counts down';

COMMENT ON COLUMN public.zone_guard.held_digest IS 'root digest that the held version would have had; null for a reason that is known before a transfer';

COMMENT ON COLUMN public.zone_guard.held_facts IS 'figures and examples, at most 16 KiB; the version itself is not kept';

COMMENT ON COLUMN public.zone_guard.held_accepted IS 'the customer wants exactly this serial and digest all the same';

COMMENT ON COLUMN public.zone_guard.pin_generation IS 'the customer wants this version served; null: the newest';

COMMENT ON COLUMN public.zone_guard.pin_applied IS 'pin_generation as it is published now';

COMMENT ON COLUMN public.zone_guard.pin_before IS 'what was served before the pin; kept from pruning, served again after';

-- TABLE zone_node

CREATE TABLE public.zone_node (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    level smallint NOT NULL,
    low_key bytea NOT NULL,
    high_key bytea,
    from_generation bigint NOT NULL,
    to_generation bigint,
    digest bytea NOT NULL,
    children bytea NOT NULL,
    CONSTRAINT zone_node_children_ck CHECK (((octet_length(children) >= 1) AND (octet_length(children) <= 262144))),
    CONSTRAINT zone_node_digest_ck CHECK ((octet_length(digest) = 32)),
    CONSTRAINT zone_node_from_generation_ck CHECK ((from_generation > 0)),
    CONSTRAINT zone_node_high_key_ck CHECK (((high_key > low_key) AND (octet_length(high_key) <= 512))),
    CONSTRAINT zone_node_level_ck CHECK (((level >= 1) AND (level <= 7))),
    CONSTRAINT zone_node_low_key_ck CHECK (((octet_length(low_key) >= 1) AND (octet_length(low_key) <= 512))),
    CONSTRAINT zone_node_to_generation_ck CHECK ((to_generation > from_generation))
);
ALTER TABLE ONLY public.zone_node ALTER COLUMN children SET COMPRESSION lz4;

ALTER TABLE ONLY public.zone_node FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_node IS 'inner node of the page tree of a zone with more than one page: fence key and digest of each child (docs/PAGE.md)';

COMMENT ON COLUMN public.zone_node.level IS '1: the children are pages';

COMMENT ON COLUMN public.zone_node.digest IS 'BLAKE2b-256 of children';

-- TABLE zone_page

CREATE TABLE public.zone_page (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    low_key bytea NOT NULL,
    high_key bytea,
    from_generation bigint NOT NULL,
    to_generation bigint,
    record_count integer NOT NULL,
    digest bytea NOT NULL,
    body bytea NOT NULL,
    signed_until timestamp with time zone,
    signed_keys bigint,
    CONSTRAINT zone_page_body_ck CHECK (((octet_length(body) >= 1) AND (octet_length(body) <= 262144))),
    CONSTRAINT zone_page_digest_ck CHECK ((octet_length(digest) = 32)),
    CONSTRAINT zone_page_from_generation_ck CHECK ((from_generation > 0)),
    CONSTRAINT zone_page_high_key_ck CHECK (((high_key > low_key) AND (octet_length(high_key) <= 512))),
    CONSTRAINT zone_page_low_key_ck CHECK (((octet_length(low_key) >= 1) AND (octet_length(low_key) <= 512))),
    CONSTRAINT zone_page_record_count_ck CHECK ((record_count >= 0)),
    CONSTRAINT zone_page_to_generation_ck CHECK ((to_generation > from_generation))
);
ALTER TABLE ONLY public.zone_page ALTER COLUMN body SET COMPRESSION lz4;

ALTER TABLE ONLY public.zone_page FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_page IS 'a range of owner names of a zone, in the form dnsd answers from (docs/PAGE.md); live at generation g: from_generation <= g and (to_generation is null or to_generation > g)';

COMMENT ON COLUMN public.zone_page.low_key IS 'owner key where the range begins (inclusive); the first page has \x00';

COMMENT ON COLUMN public.zone_page.high_key IS 'owner key where the next page begins; null for the last';

COMMENT ON COLUMN public.zone_page.to_generation IS 'first generation without this page; null while it is live';

COMMENT ON COLUMN public.zone_page.digest IS 'BLAKE2b-256 of body';

COMMENT ON COLUMN public.zone_page.signed_until IS 'when the first set of the page has no signature left that is in time; null: none is signed';

COMMENT ON COLUMN public.zone_page.signed_keys IS 'fingerprint of the DNSKEY set with which every signed set of the page was verified; null: not looked at';

-- TABLE zone_primary

CREATE TABLE public.zone_primary (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    ordinal smallint NOT NULL,
    primary_id uuid NOT NULL,
    CONSTRAINT zone_primary_ordinal_ck CHECK (((ordinal >= 0) AND (ordinal <= 15)))
);

ALTER TABLE ONLY public.zone_primary FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_primary IS 'the primaries of a zone in the order in which they are tried';

-- TABLE zone_version

CREATE TABLE public.zone_version (
    zone_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    generation bigint NOT NULL,
    serial bigint NOT NULL,
    soa bytea NOT NULL,
    root_level smallint NOT NULL,
    root_digest bytea NOT NULL,
    record_count bigint NOT NULL,
    page_count bigint NOT NULL,
    pages_written bigint NOT NULL,
    mode text NOT NULL,
    primary_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT zone_version_counts_ck CHECK (((record_count > 0) AND (page_count > 0) AND ((pages_written >= 0) AND (pages_written <= page_count)))),
    CONSTRAINT zone_version_generation_ck CHECK ((generation > 0)),
    CONSTRAINT zone_version_mode_ck CHECK ((mode = ANY (ARRAY['axfr'::text, 'ixfr'::text, 'pin'::text]))),
    CONSTRAINT zone_version_root_digest_ck CHECK ((octet_length(root_digest) = 32)),
    CONSTRAINT zone_version_root_level_ck CHECK (((root_level >= 0) AND (root_level <= 7))),
    CONSTRAINT zone_version_serial_ck CHECK (((serial >= 0) AND (serial <= '4294967295'::bigint))),
    CONSTRAINT zone_version_soa_ck CHECK (((octet_length(soa) >= 22) AND (octet_length(soa) <= 530)))
);

ALTER TABLE ONLY public.zone_version FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.zone_version IS 'a published version; its pages are those live at its generation';

COMMENT ON COLUMN public.zone_version.pages_written IS 'pages that differ from the version before';

COMMENT ON COLUMN public.zone_version.mode IS 'how it came to be';

COMMENT ON COLUMN public.zone_version.primary_id IS 'primary_server it came from; may be gone by now';

-- CONSTRAINT attempt attempt_id_pk

ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_id_pk PRIMARY KEY (id);

-- CONSTRAINT audit audit_id_pk

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_id_pk PRIMARY KEY (id);

-- CONSTRAINT claim_allowed claim_allowed_tenant_id_apex_pk

ALTER TABLE ONLY public.claim_allowed
    ADD CONSTRAINT claim_allowed_tenant_id_apex_pk PRIMARY KEY (tenant_id, apex);

-- CONSTRAINT claim_tombstone claim_tombstone_key_set_no_pk

ALTER TABLE ONLY public.claim_tombstone
    ADD CONSTRAINT claim_tombstone_key_set_no_pk PRIMARY KEY (key, set_no);

-- CONSTRAINT claim claim_zone_id_pk

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT claim_zone_id_pk PRIMARY KEY (zone_id);

-- CONSTRAINT diagnosis_destination diagnosis_destination_address_port_pk

ALTER TABLE ONLY public.diagnosis_destination
    ADD CONSTRAINT diagnosis_destination_address_port_pk PRIMARY KEY (address, port);

-- CONSTRAINT diagnosis diagnosis_id_pk

ALTER TABLE ONLY public.diagnosis
    ADD CONSTRAINT diagnosis_id_pk PRIMARY KEY (id);

-- CONSTRAINT edge edge_name_pk

ALTER TABLE ONLY public.edge
    ADD CONSTRAINT edge_name_pk PRIMARY KEY (name);

-- CONSTRAINT feed_mark feed_mark_id_pk

ALTER TABLE ONLY public.feed_mark
    ADD CONSTRAINT feed_mark_id_pk PRIMARY KEY (id);

-- CONSTRAINT idempotency_key idempotency_key_id_pk

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_id_pk PRIMARY KEY (id);

-- CONSTRAINT idempotency_key idempotency_key_tenant_id_key_uq

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_tenant_id_key_uq UNIQUE NULLS NOT DISTINCT (tenant_id, key);

-- CONSTRAINT invitation invitation_hash_uq

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_hash_uq UNIQUE (hash);

-- CONSTRAINT invitation invitation_id_pk

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_id_pk PRIMARY KEY (id);

-- CONSTRAINT invitation invitation_tenant_id_email_uq

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_tenant_id_email_uq UNIQUE (tenant_id, email);

-- CONSTRAINT invitation invitation_tenant_id_id_uq

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_tenant_id_id_uq UNIQUE (tenant_id, id);

-- CONSTRAINT job job_id_pk

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_id_pk PRIMARY KEY (id);

-- CONSTRAINT mail mail_id_pk

ALTER TABLE ONLY public.mail
    ADD CONSTRAINT mail_id_pk PRIMARY KEY (id);

-- CONSTRAINT membership membership_tenant_id_user_id_pk

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_tenant_id_user_id_pk PRIMARY KEY (tenant_id, user_id);

-- CONSTRAINT nameserver nameserver_host_pk

ALTER TABLE ONLY public.nameserver
    ADD CONSTRAINT nameserver_host_pk PRIMARY KEY (host);

-- CONSTRAINT nameserver nameserver_wire_uq

ALTER TABLE ONLY public.nameserver
    ADD CONSTRAINT nameserver_wire_uq UNIQUE (wire);

-- CONSTRAINT one_time_link one_time_link_hash_uq

ALTER TABLE ONLY public.one_time_link
    ADD CONSTRAINT one_time_link_hash_uq UNIQUE (hash);

-- CONSTRAINT one_time_link one_time_link_id_pk

ALTER TABLE ONLY public.one_time_link
    ADD CONSTRAINT one_time_link_id_pk PRIMARY KEY (id);

-- CONSTRAINT primary_server primary_server_id_pk

ALTER TABLE ONLY public.primary_server
    ADD CONSTRAINT primary_server_id_pk PRIMARY KEY (id);

-- CONSTRAINT primary_server primary_server_tenant_id_id_uq

ALTER TABLE ONLY public.primary_server
    ADD CONSTRAINT primary_server_tenant_id_id_uq UNIQUE (tenant_id, id);

-- CONSTRAINT primary_server primary_server_tenant_id_name_uq

ALTER TABLE ONLY public.primary_server
    ADD CONSTRAINT primary_server_tenant_id_name_uq UNIQUE (tenant_id, name);

-- CONSTRAINT primary_tls primary_tls_primary_id_pk

ALTER TABLE ONLY public.primary_tls
    ADD CONSTRAINT primary_tls_primary_id_pk PRIMARY KEY (primary_id);

-- CONSTRAINT rate_limit rate_limit_key_pk

ALTER TABLE ONLY public.rate_limit
    ADD CONSTRAINT rate_limit_key_pk PRIMARY KEY (key);

-- CONSTRAINT recovery_code recovery_code_user_id_hash_pk

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_user_id_hash_pk PRIMARY KEY (user_id, hash);

-- CONSTRAINT refresh_batch refresh_batch_id_pk

ALTER TABLE ONLY public.refresh_batch
    ADD CONSTRAINT refresh_batch_id_pk PRIMARY KEY (id);

-- CONSTRAINT schema_migration schema_migration_version_pk

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_version_pk PRIMARY KEY (version);

-- CONSTRAINT session session_hash_uq

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_hash_uq UNIQUE (hash);

-- CONSTRAINT session session_id_pk

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_id_pk PRIMARY KEY (id);

-- CONSTRAINT setting setting_name_pk

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_name_pk PRIMARY KEY (name);

-- CONSTRAINT tenant_count tenant_count_tenant_id_pk

ALTER TABLE ONLY public.tenant_count
    ADD CONSTRAINT tenant_count_tenant_id_pk PRIMARY KEY (tenant_id);

-- CONSTRAINT tenant_day tenant_day_tenant_id_day_pk

ALTER TABLE ONLY public.tenant_day
    ADD CONSTRAINT tenant_day_tenant_id_day_pk PRIMARY KEY (tenant_id, day);

-- CONSTRAINT tenant tenant_id_pk

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_id_pk PRIMARY KEY (id);

-- CONSTRAINT tenant tenant_name_uq

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_name_uq UNIQUE (name);

-- CONSTRAINT tenant_usage tenant_usage_tenant_id_pk

ALTER TABLE ONLY public.tenant_usage
    ADD CONSTRAINT tenant_usage_tenant_id_pk PRIMARY KEY (tenant_id);

-- CONSTRAINT token token_hash_uq

ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_hash_uq UNIQUE (hash);

-- CONSTRAINT token token_id_pk

ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_id_pk PRIMARY KEY (id);

-- CONSTRAINT tsig_key tsig_key_id_pk

ALTER TABLE ONLY public.tsig_key
    ADD CONSTRAINT tsig_key_id_pk PRIMARY KEY (id);

-- CONSTRAINT tsig_key tsig_key_tenant_id_id_uq

ALTER TABLE ONLY public.tsig_key
    ADD CONSTRAINT tsig_key_tenant_id_id_uq UNIQUE (tenant_id, id);

-- CONSTRAINT tsig_key tsig_key_tenant_id_name_wire_uq

ALTER TABLE ONLY public.tsig_key
    ADD CONSTRAINT tsig_key_tenant_id_name_wire_uq UNIQUE (tenant_id, name_wire);

-- CONSTRAINT user_account user_account_email_uq

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_email_uq UNIQUE (email);

-- CONSTRAINT user_account user_account_id_pk

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_id_pk PRIMARY KEY (id);

-- CONSTRAINT user_account user_account_id_staff_uq

ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_id_staff_uq UNIQUE (id, staff);

-- CONSTRAINT zone_event zone_event_id_pk

ALTER TABLE ONLY public.zone_event
    ADD CONSTRAINT zone_event_id_pk PRIMARY KEY (id);

-- CONSTRAINT zone_guard zone_guard_zone_id_pk

ALTER TABLE ONLY public.zone_guard
    ADD CONSTRAINT zone_guard_zone_id_pk PRIMARY KEY (zone_id);

-- CONSTRAINT zone zone_id_pk

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_id_pk PRIMARY KEY (id);

-- CONSTRAINT zone_node zone_node_zone_id_level_low_key_from_generation_pk

ALTER TABLE ONLY public.zone_node
    ADD CONSTRAINT zone_node_zone_id_level_low_key_from_generation_pk PRIMARY KEY (zone_id, level, low_key, from_generation);

-- CONSTRAINT zone_page zone_page_zone_id_low_key_from_generation_pk

ALTER TABLE ONLY public.zone_page
    ADD CONSTRAINT zone_page_zone_id_low_key_from_generation_pk PRIMARY KEY (zone_id, low_key, from_generation);

-- CONSTRAINT zone_primary zone_primary_zone_id_ordinal_pk

ALTER TABLE ONLY public.zone_primary
    ADD CONSTRAINT zone_primary_zone_id_ordinal_pk PRIMARY KEY (zone_id, ordinal);

-- CONSTRAINT zone_primary zone_primary_zone_id_primary_id_uq

ALTER TABLE ONLY public.zone_primary
    ADD CONSTRAINT zone_primary_zone_id_primary_id_uq UNIQUE (zone_id, primary_id);

-- CONSTRAINT zone_state zone_state_zone_id_pk

ALTER TABLE ONLY public.zone_state
    ADD CONSTRAINT zone_state_zone_id_pk PRIMARY KEY (zone_id);

-- CONSTRAINT zone zone_tenant_id_id_uq

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_tenant_id_id_uq UNIQUE (tenant_id, id);

-- CONSTRAINT zone_timer zone_timer_zone_id_pk

ALTER TABLE ONLY public.zone_timer
    ADD CONSTRAINT zone_timer_zone_id_pk PRIMARY KEY (zone_id);

-- CONSTRAINT zone_version zone_version_zone_id_generation_pk

ALTER TABLE ONLY public.zone_version
    ADD CONSTRAINT zone_version_zone_id_generation_pk PRIMARY KEY (zone_id, generation);

-- INDEX attempt_zone_id_id_ix

CREATE INDEX attempt_zone_id_id_ix ON public.attempt USING btree (zone_id, id);

COMMENT ON INDEX public.attempt_zone_id_id_ix IS 'for the list, and attempt_prune';

-- INDEX audit_action_id_ix

CREATE INDEX audit_action_id_ix ON public.audit USING btree (action text_pattern_ops, id);

COMMENT ON INDEX public.audit_action_id_ix IS 'for the operator''s search by action';

-- INDEX audit_tenant_id_id_ix

CREATE INDEX audit_tenant_id_id_ix ON public.audit USING btree (tenant_id, id);

COMMENT ON INDEX public.audit_tenant_id_id_ix IS 'for a tenant''s audit list';

-- INDEX claim_check_at_ix

CREATE INDEX claim_check_at_ix ON public.claim USING btree (check_at);

COMMENT ON INDEX public.claim_check_at_ix IS 'for looking at what is due';

-- INDEX claim_held_at_ix

CREATE INDEX claim_held_at_ix ON public.claim USING btree (held_at) WHERE (held_at IS NOT NULL);

COMMENT ON INDEX public.claim_held_at_ix IS 'for what waits for the operator';

-- INDEX claim_key_ix

CREATE INDEX claim_key_ix ON public.claim USING btree (key);

COMMENT ON INDEX public.claim_key_ix IS 'for conflicts: same name, above, below';

-- INDEX claim_suspended_at_ix

CREATE INDEX claim_suspended_at_ix ON public.claim USING btree (suspended_at) WHERE (suspended_at IS NOT NULL);

COMMENT ON INDEX public.claim_suspended_at_ix IS 'for the brake';

-- INDEX claim_tenant_id_zone_id_ix

CREATE INDEX claim_tenant_id_zone_id_ix ON public.claim USING btree (tenant_id, zone_id);

COMMENT ON INDEX public.claim_tenant_id_zone_id_ix IS 'for row security, the foreign key';

-- INDEX claim_tombstone_tenant_id_ix

CREATE INDEX claim_tombstone_tenant_id_ix ON public.claim_tombstone USING btree (tenant_id);

COMMENT ON INDEX public.claim_tombstone_tenant_id_ix IS 'for row security';

-- INDEX claim_tombstone_until_ix

CREATE INDEX claim_tombstone_until_ix ON public.claim_tombstone USING btree (until) WHERE (until IS NOT NULL);

COMMENT ON INDEX public.claim_tombstone_until_ix IS 'for pruning';

-- INDEX diagnosis_created_at_ix

CREATE INDEX diagnosis_created_at_ix ON public.diagnosis USING btree (created_at);

COMMENT ON INDEX public.diagnosis_created_at_ix IS 'for pruning by age';

-- INDEX diagnosis_destination_at_ix

CREATE INDEX diagnosis_destination_at_ix ON public.diagnosis_destination USING btree (at);

COMMENT ON INDEX public.diagnosis_destination_at_ix IS 'for pruning';

-- INDEX diagnosis_tenant_id_created_at_ix

CREATE INDEX diagnosis_tenant_id_created_at_ix ON public.diagnosis USING btree (tenant_id, created_at);

COMMENT ON INDEX public.diagnosis_tenant_id_created_at_ix IS 'for the rate of checks, and pruning by number';

-- INDEX diagnosis_tenant_id_zone_id_ix

CREATE INDEX diagnosis_tenant_id_zone_id_ix ON public.diagnosis USING btree (tenant_id, zone_id);

COMMENT ON INDEX public.diagnosis_tenant_id_zone_id_ix IS 'for the foreign key, one that is under way, and the last comparison';

-- INDEX idempotency_key_created_at_ix

CREATE INDEX idempotency_key_created_at_ix ON public.idempotency_key USING btree (created_at);

COMMENT ON INDEX public.idempotency_key_created_at_ix IS 'for idempotency_prune';

-- INDEX idempotency_key_tenant_id_id_ix

CREATE INDEX idempotency_key_tenant_id_id_ix ON public.idempotency_key USING btree (tenant_id, id);

COMMENT ON INDEX public.idempotency_key_tenant_id_id_ix IS 'for idempotency_prune';

-- INDEX job_finished_at_ix

CREATE INDEX job_finished_at_ix ON public.job USING btree (finished_at) WHERE (finished_at IS NOT NULL);

COMMENT ON INDEX public.job_finished_at_ix IS 'for pruning';

-- INDEX job_id_open_ix

CREATE INDEX job_id_open_ix ON public.job USING btree (id) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

COMMENT ON INDEX public.job_id_open_ix IS 'for claiming jobs in order';

-- INDEX job_tenant_id_zone_id_ix

CREATE INDEX job_tenant_id_zone_id_ix ON public.job USING btree (tenant_id, zone_id);

COMMENT ON INDEX public.job_tenant_id_zone_id_ix IS 'for the foreign keys, row security, and "is one queued already"';

-- INDEX mail_due_at_ix

CREATE INDEX mail_due_at_ix ON public.mail USING btree (due_at) WHERE (state = 'queued'::text);

COMMENT ON INDEX public.mail_due_at_ix IS 'for the courier';

-- INDEX mail_finished_at_ix

CREATE INDEX mail_finished_at_ix ON public.mail USING btree (finished_at) WHERE (finished_at IS NOT NULL);

COMMENT ON INDEX public.mail_finished_at_ix IS 'for pruning';

-- INDEX mail_recipient_ix

CREATE INDEX mail_recipient_ix ON public.mail USING btree (lower(recipient), created_at);

COMMENT ON INDEX public.mail_recipient_ix IS 'for the limit of mail_put';

-- INDEX mail_tenant_id_ix

CREATE INDEX mail_tenant_id_ix ON public.mail USING btree (tenant_id, created_at);

COMMENT ON INDEX public.mail_tenant_id_ix IS 'for the limit of mail_put and the foreign key';

-- INDEX membership_user_id_user_staff_ix

CREATE INDEX membership_user_id_user_staff_ix ON public.membership USING btree (user_id, user_staff);

COMMENT ON INDEX public.membership_user_id_user_staff_ix IS 'for the tenants of a person, and the foreign key';

-- INDEX one_time_link_email_ix

CREATE INDEX one_time_link_email_ix ON public.one_time_link USING btree (email, created_at);

COMMENT ON INDEX public.one_time_link_email_ix IS 'for the newest sign-up of an address';

-- INDEX one_time_link_expires_at_ix

CREATE INDEX one_time_link_expires_at_ix ON public.one_time_link USING btree (expires_at);

COMMENT ON INDEX public.one_time_link_expires_at_ix IS 'for purging';

-- INDEX one_time_link_user_id_ix

CREATE INDEX one_time_link_user_id_ix ON public.one_time_link USING btree (user_id) WHERE (user_id IS NOT NULL);

COMMENT ON INDEX public.one_time_link_user_id_ix IS 'for voiding them, and the foreign key';

-- INDEX primary_server_tenant_id_address_ix

CREATE INDEX primary_server_tenant_id_address_ix ON public.primary_server USING btree (tenant_id, address, port);

COMMENT ON INDEX public.primary_server_tenant_id_address_ix IS 'for finding an inline primary, and who may send NOTIFY';

-- INDEX primary_server_tenant_id_key_id_ix

CREATE INDEX primary_server_tenant_id_key_id_ix ON public.primary_server USING btree (tenant_id, key_id) WHERE (key_id IS NOT NULL);

COMMENT ON INDEX public.primary_server_tenant_id_key_id_ix IS 'for the foreign key, when a TSIG key is deleted';

-- INDEX primary_tls_tenant_id_primary_id_ix

CREATE INDEX primary_tls_tenant_id_primary_id_ix ON public.primary_tls USING btree (tenant_id, primary_id);

COMMENT ON INDEX public.primary_tls_tenant_id_primary_id_ix IS 'for the foreign key, when a primary is deleted';

-- INDEX rate_limit_full_at_ix

CREATE INDEX rate_limit_full_at_ix ON public.rate_limit USING btree (full_at);

COMMENT ON INDEX public.rate_limit_full_at_ix IS 'for purging';

-- INDEX refresh_batch_checked_at_ix

CREATE INDEX refresh_batch_checked_at_ix ON public.refresh_batch USING btree (checked_at);

COMMENT ON INDEX public.refresh_batch_checked_at_ix IS 'for refresh_prune';

-- INDEX refresh_batch_stamp_ix

CREATE INDEX refresh_batch_stamp_ix ON public.refresh_batch USING btree (stamp);

COMMENT ON INDEX public.refresh_batch_stamp_ix IS 'for feed_changes';

-- INDEX session_expires_at_ix

CREATE INDEX session_expires_at_ix ON public.session USING btree (expires_at);

COMMENT ON INDEX public.session_expires_at_ix IS 'for purging';

-- INDEX session_tenant_id_user_id_ix

CREATE INDEX session_tenant_id_user_id_ix ON public.session USING btree (tenant_id, user_id) WHERE (tenant_id IS NOT NULL);

COMMENT ON INDEX public.session_tenant_id_user_id_ix IS 'for the foreign key, when a membership ends';

-- INDEX session_user_id_ix

CREATE INDEX session_user_id_ix ON public.session USING btree (user_id);

COMMENT ON INDEX public.session_user_id_ix IS 'for the list of a person''s sessions, and the foreign key';

-- INDEX token_maker_id_ix

CREATE INDEX token_maker_id_ix ON public.token USING btree (tenant_id, maker_id) WHERE ((maker_id IS NOT NULL) AND (revoked_at IS NULL));

COMMENT ON INDEX public.token_maker_id_ix IS 'for revoking, when a member leaves';

-- INDEX token_tenant_id_ix

CREATE INDEX token_tenant_id_ix ON public.token USING btree (tenant_id, created_at);

COMMENT ON INDEX public.token_tenant_id_ix IS 'for the list of a tenant''s tokens';

-- INDEX zone_apex_ix

CREATE INDEX zone_apex_ix ON public.zone USING btree (apex) WHERE (deleted_at IS NULL);

COMMENT ON INDEX public.zone_apex_ix IS 'for a NOTIFY''s zones, conflicting claims';

-- INDEX zone_deleted_at_ix

CREATE INDEX zone_deleted_at_ix ON public.zone USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

COMMENT ON INDEX public.zone_deleted_at_ix IS 'for purging';

-- INDEX zone_event_at_ix

CREATE INDEX zone_event_at_ix ON public.zone_event USING btree (at);

COMMENT ON INDEX public.zone_event_at_ix IS 'for pruning';

-- INDEX zone_event_tenant_id_id_ix

CREATE INDEX zone_event_tenant_id_id_ix ON public.zone_event USING btree (tenant_id, id);

COMMENT ON INDEX public.zone_event_tenant_id_id_ix IS 'for the list of all of a tenant''s events';

-- INDEX zone_event_tenant_id_zone_id_id_ix

CREATE INDEX zone_event_tenant_id_zone_id_id_ix ON public.zone_event USING btree (tenant_id, zone_id, id);

COMMENT ON INDEX public.zone_event_tenant_id_zone_id_id_ix IS 'for a zone''s list, the foreign key';

-- INDEX zone_guard_tenant_id_zone_id_ix

CREATE INDEX zone_guard_tenant_id_zone_id_ix ON public.zone_guard USING btree (tenant_id, zone_id);

COMMENT ON INDEX public.zone_guard_tenant_id_zone_id_ix IS 'for row security, the foreign key, a tenant''s held zones';

-- INDEX zone_node_zone_id_level_low_key_live_uq

CREATE UNIQUE INDEX zone_node_zone_id_level_low_key_live_uq ON public.zone_node USING btree (zone_id, level, low_key) WHERE (to_generation IS NULL);

COMMENT ON INDEX public.zone_node_zone_id_level_low_key_live_uq IS 'one live node per range; for the feeder';

-- INDEX zone_node_zone_id_to_generation_ix

CREATE INDEX zone_node_zone_id_to_generation_ix ON public.zone_node USING btree (zone_id, to_generation) WHERE (to_generation IS NOT NULL);

COMMENT ON INDEX public.zone_node_zone_id_to_generation_ix IS 'for retention';

-- INDEX zone_page_zone_id_from_generation_low_key_live_ix

CREATE INDEX zone_page_zone_id_from_generation_low_key_live_ix ON public.zone_page USING btree (zone_id, from_generation, low_key) WHERE (to_generation IS NULL);

COMMENT ON INDEX public.zone_page_zone_id_from_generation_low_key_live_ix IS 'the pages that are newer than a generation; for the feeder';

-- INDEX zone_page_zone_id_low_key_live_uq

CREATE UNIQUE INDEX zone_page_zone_id_low_key_live_uq ON public.zone_page USING btree (zone_id, low_key) WHERE (to_generation IS NULL);

COMMENT ON INDEX public.zone_page_zone_id_low_key_live_uq IS 'one live page per range; for the feeder, records and seek';

-- INDEX zone_page_zone_id_signed_until_ix

CREATE INDEX zone_page_zone_id_signed_until_ix ON public.zone_page USING btree (zone_id, signed_until) WHERE ((to_generation IS NULL) AND (signed_until IS NOT NULL));

COMMENT ON INDEX public.zone_page_zone_id_signed_until_ix IS 'for zone_state.signed_until: one look at its first entry';

-- INDEX zone_page_zone_id_to_generation_ix

CREATE INDEX zone_page_zone_id_to_generation_ix ON public.zone_page USING btree (zone_id, to_generation) WHERE (to_generation IS NOT NULL);

COMMENT ON INDEX public.zone_page_zone_id_to_generation_ix IS 'for retention';

-- INDEX zone_primary_tenant_id_primary_id_ix

CREATE INDEX zone_primary_tenant_id_primary_id_ix ON public.zone_primary USING btree (tenant_id, primary_id);

COMMENT ON INDEX public.zone_primary_tenant_id_primary_id_ix IS 'for the zones of one primary: NOTIFY sources, the foreign key';

-- INDEX zone_state_signed_until_ix

CREATE INDEX zone_state_signed_until_ix ON public.zone_state USING btree (signed_until) WHERE (signed_until IS NOT NULL);

COMMENT ON INDEX public.zone_state_signed_until_ix IS 'for counting the zones that are about to run out';

-- INDEX zone_state_stamp_ix

CREATE INDEX zone_state_stamp_ix ON public.zone_state USING btree (stamp);

COMMENT ON INDEX public.zone_state_stamp_ix IS 'for feed_changes';

-- INDEX zone_state_tenant_id_ix

CREATE INDEX zone_state_tenant_id_ix ON public.zone_state USING btree (tenant_id);

COMMENT ON INDEX public.zone_state_tenant_id_ix IS 'for row security, usage counts';

-- INDEX zone_tenant_id_apex_uq

CREATE UNIQUE INDEX zone_tenant_id_apex_uq ON public.zone USING btree (tenant_id, apex) WHERE (deleted_at IS NULL);

COMMENT ON INDEX public.zone_tenant_id_apex_uq IS 'one claim of a tenant on a name; for the zone by name';

-- INDEX zone_tenant_id_name_ix

CREATE INDEX zone_tenant_id_name_ix ON public.zone USING btree (tenant_id, name text_pattern_ops) WHERE (deleted_at IS NULL);

COMMENT ON INDEX public.zone_tenant_id_name_ix IS 'for the list, its cursor and q=';

-- INDEX zone_timer_lease_owner_ix

CREATE INDEX zone_timer_lease_owner_ix ON public.zone_timer USING btree (lease_owner) WHERE (lease_owner IS NOT NULL);

COMMENT ON INDEX public.zone_timer_lease_owner_ix IS 'for renewing one''s leases';

-- INDEX zone_timer_priority_due_at_ix

CREATE INDEX zone_timer_priority_due_at_ix ON public.zone_timer USING btree (priority, due_at);

COMMENT ON INDEX public.zone_timer_priority_due_at_ix IS 'for claiming what is due, most urgent first';

-- INDEX zone_timer_tenant_id_ix

CREATE INDEX zone_timer_tenant_id_ix ON public.zone_timer USING btree (tenant_id);

COMMENT ON INDEX public.zone_timer_tenant_id_ix IS 'for row security, fairness';

-- INDEX zone_version_created_at_ix

CREATE INDEX zone_version_created_at_ix ON public.zone_version USING btree (created_at);

COMMENT ON INDEX public.zone_version_created_at_ix IS 'for retention';

-- TRIGGER attempt attempt_counted

CREATE TRIGGER attempt_counted AFTER INSERT ON public.attempt REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.attempt_counted();

-- TRIGGER audit audit_stays

CREATE TRIGGER audit_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_stays();

ALTER TABLE public.audit ENABLE ALWAYS TRIGGER audit_stays;

-- TRIGGER job job_inserted

CREATE TRIGGER job_inserted AFTER INSERT ON public.job FOR EACH STATEMENT EXECUTE FUNCTION public.job_inserted();

-- TRIGGER membership membership_ended

CREATE TRIGGER membership_ended AFTER DELETE ON public.membership FOR EACH ROW EXECUTE FUNCTION public.membership_ended();

-- TRIGGER membership membership_guard

CREATE TRIGGER membership_guard BEFORE DELETE OR UPDATE OF role ON public.membership FOR EACH ROW EXECUTE FUNCTION public.membership_guard();

-- TRIGGER refresh_batch refresh_batch_stamp

CREATE TRIGGER refresh_batch_stamp BEFORE INSERT OR UPDATE ON public.refresh_batch FOR EACH ROW EXECUTE FUNCTION public.feed_stamp();

ALTER TABLE public.refresh_batch ENABLE ALWAYS TRIGGER refresh_batch_stamp;

-- TRIGGER tenant tenant_created

CREATE TRIGGER tenant_created AFTER INSERT ON public.tenant FOR EACH ROW EXECUTE FUNCTION public.tenant_created();

-- TRIGGER tenant tenant_inserted

CREATE TRIGGER tenant_inserted AFTER INSERT ON public.tenant FOR EACH ROW EXECUTE FUNCTION public.tenant_inserted();

-- TRIGGER tenant tenant_suspended

CREATE TRIGGER tenant_suspended AFTER UPDATE OF suspended_at ON public.tenant FOR EACH ROW WHEN (((old.suspended_at IS NULL) <> (new.suspended_at IS NULL))) EXECUTE FUNCTION public.tenant_suspended();

-- TRIGGER zone zone_changed

CREATE TRIGGER zone_changed AFTER UPDATE OF state, stripes, deleted_at, suspended_at, preview ON public.zone FOR EACH ROW WHEN (((old.state <> new.state) OR (old.stripes <> new.stripes) OR (old.preview <> new.preview) OR (old.deleted_at IS DISTINCT FROM new.deleted_at) OR (old.suspended_at IS DISTINCT FROM new.suspended_at))) EXECUTE FUNCTION public.zone_changed();

-- TRIGGER zone zone_claim_going

CREATE TRIGGER zone_claim_going BEFORE UPDATE OF deleted_at ON public.zone FOR EACH STATEMENT EXECUTE FUNCTION public.zone_claim_going();

-- TRIGGER zone zone_claim_gone

CREATE TRIGGER zone_claim_gone AFTER UPDATE OF deleted_at ON public.zone FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION public.zone_claim_gone();

-- TRIGGER zone zone_counted_delete

CREATE TRIGGER zone_counted_delete AFTER DELETE ON public.zone REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_counted();

-- TRIGGER zone zone_counted_insert

CREATE TRIGGER zone_counted_insert AFTER INSERT ON public.zone REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_counted();

-- TRIGGER zone zone_counted_update

CREATE TRIGGER zone_counted_update AFTER UPDATE ON public.zone REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_counted();

-- TRIGGER zone_guard zone_guard_changed

CREATE TRIGGER zone_guard_changed BEFORE UPDATE ON public.zone_guard FOR EACH ROW EXECUTE FUNCTION public.zone_guard_changed();

-- TRIGGER zone zone_inserted

CREATE TRIGGER zone_inserted AFTER INSERT ON public.zone REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.zone_inserted();

-- TRIGGER zone zone_last_removed

CREATE TRIGGER zone_last_removed AFTER DELETE ON public.zone REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.zone_last_removed();

-- TRIGGER zone_state zone_records_changed

CREATE TRIGGER zone_records_changed AFTER UPDATE ON public.zone_state REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_records_changed();

-- TRIGGER zone_state zone_records_inserted

CREATE TRIGGER zone_records_inserted AFTER INSERT ON public.zone_state REFERENCING NEW TABLE AS now_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_records_changed();

-- TRIGGER zone_state zone_records_removed

CREATE TRIGGER zone_records_removed AFTER DELETE ON public.zone_state REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.zone_records_changed();

-- TRIGGER zone zone_removed

CREATE TRIGGER zone_removed BEFORE DELETE ON public.zone FOR EACH ROW EXECUTE FUNCTION public.zone_removed();

-- TRIGGER zone_state zone_state_guard

CREATE TRIGGER zone_state_guard BEFORE UPDATE ON public.zone_state FOR EACH ROW EXECUTE FUNCTION public.zone_state_guard();

-- TRIGGER zone_state zone_state_stamp

CREATE TRIGGER zone_state_stamp BEFORE INSERT OR UPDATE ON public.zone_state FOR EACH ROW EXECUTE FUNCTION public.feed_stamp();

ALTER TABLE public.zone_state ENABLE ALWAYS TRIGGER zone_state_stamp;

-- FK CONSTRAINT claim_allowed claim_allowed_tenant_id_fk

ALTER TABLE ONLY public.claim_allowed
    ADD CONSTRAINT claim_allowed_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT claim claim_tenant_id_zone_id_fk

ALTER TABLE ONLY public.claim
    ADD CONSTRAINT claim_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT diagnosis diagnosis_tenant_id_fk

ALTER TABLE ONLY public.diagnosis
    ADD CONSTRAINT diagnosis_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT diagnosis diagnosis_tenant_id_zone_id_fk

ALTER TABLE ONLY public.diagnosis
    ADD CONSTRAINT diagnosis_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT idempotency_key idempotency_key_tenant_id_fk

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT invitation invitation_tenant_id_fk

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT job job_tenant_id_fk

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT job job_tenant_id_zone_id_fk

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT mail mail_tenant_id_fk

ALTER TABLE ONLY public.mail
    ADD CONSTRAINT mail_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT membership membership_tenant_id_fk

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT membership membership_user_id_user_staff_fk

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_user_id_user_staff_fk FOREIGN KEY (user_id, user_staff) REFERENCES public.user_account(id, staff) ON DELETE CASCADE;

-- FK CONSTRAINT one_time_link one_time_link_user_id_fk

ALTER TABLE ONLY public.one_time_link
    ADD CONSTRAINT one_time_link_user_id_fk FOREIGN KEY (user_id) REFERENCES public.user_account(id) ON DELETE CASCADE;

-- FK CONSTRAINT primary_server primary_server_tenant_id_fk

ALTER TABLE ONLY public.primary_server
    ADD CONSTRAINT primary_server_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT primary_server primary_server_tenant_id_key_id_fk

ALTER TABLE ONLY public.primary_server
    ADD CONSTRAINT primary_server_tenant_id_key_id_fk FOREIGN KEY (tenant_id, key_id) REFERENCES public.tsig_key(tenant_id, id);

-- FK CONSTRAINT primary_tls primary_tls_tenant_id_primary_id_fk

ALTER TABLE ONLY public.primary_tls
    ADD CONSTRAINT primary_tls_tenant_id_primary_id_fk FOREIGN KEY (tenant_id, primary_id) REFERENCES public.primary_server(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT recovery_code recovery_code_user_id_fk

ALTER TABLE ONLY public.recovery_code
    ADD CONSTRAINT recovery_code_user_id_fk FOREIGN KEY (user_id) REFERENCES public.user_account(id) ON DELETE CASCADE;

-- FK CONSTRAINT session session_tenant_id_user_id_fk

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_tenant_id_user_id_fk FOREIGN KEY (tenant_id, user_id) REFERENCES public.membership(tenant_id, user_id) ON DELETE SET NULL (tenant_id);

-- FK CONSTRAINT session session_user_id_fk

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_user_id_fk FOREIGN KEY (user_id) REFERENCES public.user_account(id) ON DELETE CASCADE;

-- FK CONSTRAINT tenant_count tenant_count_tenant_id_fk

ALTER TABLE ONLY public.tenant_count
    ADD CONSTRAINT tenant_count_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT tenant_usage tenant_usage_tenant_id_fk

ALTER TABLE ONLY public.tenant_usage
    ADD CONSTRAINT tenant_usage_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT token token_tenant_id_fk

ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT tsig_key tsig_key_tenant_id_fk

ALTER TABLE ONLY public.tsig_key
    ADD CONSTRAINT tsig_key_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id) ON DELETE CASCADE;

-- FK CONSTRAINT zone_event zone_event_tenant_id_zone_id_fk

ALTER TABLE ONLY public.zone_event
    ADD CONSTRAINT zone_event_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT zone_guard zone_guard_tenant_id_zone_id_fk

ALTER TABLE ONLY public.zone_guard
    ADD CONSTRAINT zone_guard_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT zone_primary zone_primary_tenant_id_primary_id_fk

ALTER TABLE ONLY public.zone_primary
    ADD CONSTRAINT zone_primary_tenant_id_primary_id_fk FOREIGN KEY (tenant_id, primary_id) REFERENCES public.primary_server(tenant_id, id);

-- FK CONSTRAINT zone_primary zone_primary_tenant_id_zone_id_fk

ALTER TABLE ONLY public.zone_primary
    ADD CONSTRAINT zone_primary_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT zone_state zone_state_tenant_id_zone_id_fk

ALTER TABLE ONLY public.zone_state
    ADD CONSTRAINT zone_state_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- FK CONSTRAINT zone zone_tenant_id_fk

ALTER TABLE ONLY public.zone
    ADD CONSTRAINT zone_tenant_id_fk FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

-- FK CONSTRAINT zone_timer zone_timer_tenant_id_zone_id_fk

ALTER TABLE ONLY public.zone_timer
    ADD CONSTRAINT zone_timer_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id) REFERENCES public.zone(tenant_id, id) ON DELETE CASCADE;

-- ROW SECURITY attempt

ALTER TABLE public.attempt ENABLE ROW LEVEL SECURITY;

-- POLICY attempt attempt_tenant_rls

CREATE POLICY attempt_tenant_rls ON public.attempt TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY attempt attempt_trusted_rls

CREATE POLICY attempt_trusted_rls ON public.attempt TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY audit

ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;

-- POLICY audit audit_auth_rls

CREATE POLICY audit_auth_rls ON public.audit FOR INSERT TO understudy_apid_auth WITH CHECK (true);

-- POLICY audit audit_tenant_rls

CREATE POLICY audit_tenant_rls ON public.audit TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY audit audit_trusted_rls

CREATE POLICY audit_trusted_rls ON public.audit TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY claim

ALTER TABLE public.claim ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY claim_allowed

ALTER TABLE public.claim_allowed ENABLE ROW LEVEL SECURITY;

-- POLICY claim_allowed claim_allowed_tenant_rls

CREATE POLICY claim_allowed_tenant_rls ON public.claim_allowed TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY claim_allowed claim_allowed_trusted_rls

CREATE POLICY claim_allowed_trusted_rls ON public.claim_allowed TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- POLICY claim claim_tenant_rls

CREATE POLICY claim_tenant_rls ON public.claim TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- ROW SECURITY claim_tombstone

ALTER TABLE public.claim_tombstone ENABLE ROW LEVEL SECURITY;

-- POLICY claim_tombstone claim_tombstone_tenant_rls

CREATE POLICY claim_tombstone_tenant_rls ON public.claim_tombstone TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY claim_tombstone claim_tombstone_trusted_rls

CREATE POLICY claim_tombstone_trusted_rls ON public.claim_tombstone TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- POLICY claim claim_trusted_rls

CREATE POLICY claim_trusted_rls ON public.claim TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY diagnosis

ALTER TABLE public.diagnosis ENABLE ROW LEVEL SECURITY;

-- POLICY diagnosis diagnosis_tenant_rls

CREATE POLICY diagnosis_tenant_rls ON public.diagnosis TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY diagnosis diagnosis_trusted_rls

CREATE POLICY diagnosis_trusted_rls ON public.diagnosis TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY idempotency_key

ALTER TABLE public.idempotency_key ENABLE ROW LEVEL SECURITY;

-- POLICY idempotency_key idempotency_key_tenant_rls

CREATE POLICY idempotency_key_tenant_rls ON public.idempotency_key TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY idempotency_key idempotency_key_trusted_rls

CREATE POLICY idempotency_key_trusted_rls ON public.idempotency_key TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY invitation

ALTER TABLE public.invitation ENABLE ROW LEVEL SECURITY;

-- POLICY invitation invitation_tenant_rls

CREATE POLICY invitation_tenant_rls ON public.invitation TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY invitation invitation_trusted_rls

CREATE POLICY invitation_trusted_rls ON public.invitation TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY job

ALTER TABLE public.job ENABLE ROW LEVEL SECURITY;

-- POLICY job job_tenant_rls

CREATE POLICY job_tenant_rls ON public.job TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY job job_trusted_rls

CREATE POLICY job_trusted_rls ON public.job TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY mail

ALTER TABLE public.mail ENABLE ROW LEVEL SECURITY;

-- POLICY mail mail_tenant_rls

CREATE POLICY mail_tenant_rls ON public.mail TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY mail mail_trusted_rls

CREATE POLICY mail_trusted_rls ON public.mail TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY membership

ALTER TABLE public.membership ENABLE ROW LEVEL SECURITY;

-- POLICY membership membership_tenant_rls

CREATE POLICY membership_tenant_rls ON public.membership TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY membership membership_trusted_rls

CREATE POLICY membership_trusted_rls ON public.membership TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY primary_server

ALTER TABLE public.primary_server ENABLE ROW LEVEL SECURITY;

-- POLICY primary_server primary_server_tenant_rls

CREATE POLICY primary_server_tenant_rls ON public.primary_server TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY primary_server primary_server_trusted_rls

CREATE POLICY primary_server_trusted_rls ON public.primary_server TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY primary_tls

ALTER TABLE public.primary_tls ENABLE ROW LEVEL SECURITY;

-- POLICY primary_tls primary_tls_tenant_rls

CREATE POLICY primary_tls_tenant_rls ON public.primary_tls TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY primary_tls primary_tls_trusted_rls

CREATE POLICY primary_tls_trusted_rls ON public.primary_tls TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY session

ALTER TABLE public.session ENABLE ROW LEVEL SECURITY;

-- POLICY session session_tenant_rls

CREATE POLICY session_tenant_rls ON public.session TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY session session_trusted_rls

CREATE POLICY session_trusted_rls ON public.session TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY tenant

ALTER TABLE public.tenant ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY tenant_count

ALTER TABLE public.tenant_count ENABLE ROW LEVEL SECURITY;

-- POLICY tenant_count tenant_count_tenant_rls

CREATE POLICY tenant_count_tenant_rls ON public.tenant_count TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY tenant_count tenant_count_trusted_rls

CREATE POLICY tenant_count_trusted_rls ON public.tenant_count TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY tenant_day

ALTER TABLE public.tenant_day ENABLE ROW LEVEL SECURITY;

-- POLICY tenant_day tenant_day_tenant_rls

CREATE POLICY tenant_day_tenant_rls ON public.tenant_day TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY tenant_day tenant_day_trusted_rls

CREATE POLICY tenant_day_trusted_rls ON public.tenant_day TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- POLICY tenant tenant_tenant_rls

CREATE POLICY tenant_tenant_rls ON public.tenant TO understudy_apid_app USING ((id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY tenant tenant_trusted_rls

CREATE POLICY tenant_trusted_rls ON public.tenant TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY tenant_usage

ALTER TABLE public.tenant_usage ENABLE ROW LEVEL SECURITY;

-- POLICY tenant_usage tenant_usage_tenant_rls

CREATE POLICY tenant_usage_tenant_rls ON public.tenant_usage TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY tenant_usage tenant_usage_trusted_rls

CREATE POLICY tenant_usage_trusted_rls ON public.tenant_usage TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY token

ALTER TABLE public.token ENABLE ROW LEVEL SECURITY;

-- POLICY token token_tenant_rls

CREATE POLICY token_tenant_rls ON public.token TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY token token_trusted_rls

CREATE POLICY token_trusted_rls ON public.token TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY tsig_key

ALTER TABLE public.tsig_key ENABLE ROW LEVEL SECURITY;

-- POLICY tsig_key tsig_key_tenant_rls

CREATE POLICY tsig_key_tenant_rls ON public.tsig_key TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY tsig_key tsig_key_trusted_rls

CREATE POLICY tsig_key_trusted_rls ON public.tsig_key TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY user_account

ALTER TABLE public.user_account ENABLE ROW LEVEL SECURITY;

-- POLICY user_account user_account_member_rls

CREATE POLICY user_account_member_rls ON public.user_account FOR SELECT TO understudy_apid_app USING ((EXISTS ( SELECT
   FROM public.membership m
  WHERE (m.user_id = user_account.id))));

-- POLICY user_account user_account_trusted_rls

CREATE POLICY user_account_trusted_rls ON public.user_account TO understudy_owner, understudy_apid_operator USING (true) WITH CHECK (true);

-- ROW SECURITY zone

ALTER TABLE public.zone ENABLE ROW LEVEL SECURITY;

-- ROW SECURITY zone_event

ALTER TABLE public.zone_event ENABLE ROW LEVEL SECURITY;

-- POLICY zone_event zone_event_tenant_rls

CREATE POLICY zone_event_tenant_rls ON public.zone_event TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_event zone_event_trusted_rls

CREATE POLICY zone_event_trusted_rls ON public.zone_event TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_guard

ALTER TABLE public.zone_guard ENABLE ROW LEVEL SECURITY;

-- POLICY zone_guard zone_guard_tenant_rls

CREATE POLICY zone_guard_tenant_rls ON public.zone_guard TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_guard zone_guard_trusted_rls

CREATE POLICY zone_guard_trusted_rls ON public.zone_guard TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_node

ALTER TABLE public.zone_node ENABLE ROW LEVEL SECURITY;

-- POLICY zone_node zone_node_edge_rls

CREATE POLICY zone_node_edge_rls ON public.zone_node FOR SELECT TO understudy_dnsd USING ((to_generation IS NULL));

-- POLICY zone_node zone_node_tenant_rls

CREATE POLICY zone_node_tenant_rls ON public.zone_node TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_node zone_node_trusted_rls

CREATE POLICY zone_node_trusted_rls ON public.zone_node TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_page

ALTER TABLE public.zone_page ENABLE ROW LEVEL SECURITY;

-- POLICY zone_page zone_page_edge_rls

CREATE POLICY zone_page_edge_rls ON public.zone_page FOR SELECT TO understudy_dnsd USING ((to_generation IS NULL));

-- POLICY zone_page zone_page_tenant_rls

CREATE POLICY zone_page_tenant_rls ON public.zone_page TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_page zone_page_trusted_rls

CREATE POLICY zone_page_trusted_rls ON public.zone_page TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_primary

ALTER TABLE public.zone_primary ENABLE ROW LEVEL SECURITY;

-- POLICY zone_primary zone_primary_tenant_rls

CREATE POLICY zone_primary_tenant_rls ON public.zone_primary TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_primary zone_primary_trusted_rls

CREATE POLICY zone_primary_trusted_rls ON public.zone_primary TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_state

ALTER TABLE public.zone_state ENABLE ROW LEVEL SECURITY;

-- POLICY zone_state zone_state_edge_rls

CREATE POLICY zone_state_edge_rls ON public.zone_state FOR SELECT TO understudy_dnsd USING (true);

-- POLICY zone_state zone_state_tenant_rls

CREATE POLICY zone_state_tenant_rls ON public.zone_state TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_state zone_state_trusted_rls

CREATE POLICY zone_state_trusted_rls ON public.zone_state TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- POLICY zone zone_tenant_rls

CREATE POLICY zone_tenant_rls ON public.zone TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- ROW SECURITY zone_timer

ALTER TABLE public.zone_timer ENABLE ROW LEVEL SECURITY;

-- POLICY zone_timer zone_timer_tenant_rls

CREATE POLICY zone_timer_tenant_rls ON public.zone_timer TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_timer zone_timer_trusted_rls

CREATE POLICY zone_timer_trusted_rls ON public.zone_timer TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- POLICY zone zone_trusted_rls

CREATE POLICY zone_trusted_rls ON public.zone TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

-- ROW SECURITY zone_version

ALTER TABLE public.zone_version ENABLE ROW LEVEL SECURITY;

-- POLICY zone_version zone_version_tenant_rls

CREATE POLICY zone_version_tenant_rls ON public.zone_version TO understudy_apid_app USING ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('understudy.tenant'::text, true), ''::text))::uuid));

-- POLICY zone_version zone_version_trusted_rls

CREATE POLICY zone_version_trusted_rls ON public.zone_version TO understudy_owner, understudy_apid_operator, understudy_xferd USING (true) WITH CHECK (true);

GRANT ALL ON SCHEMA public TO understudy_owner;

REVOKE ALL ON FUNCTION public.attempt_counted() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.attempt_prune(zones uuid[], keep integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.attempt_prune(zones uuid[], keep integer) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.audit_stays() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_adopt() FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_adopt() TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_alone(tenant uuid, key bytea, mask bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_alone(tenant uuid, key bytea, mask bigint) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.claim_apply(zone uuid, owner uuid, was_state text, was_set smallint, state text, proof text, preview boolean, clear_at timestamp with time zone, txt_until timestamp with time zone, loss_at timestamp with time zone, lost_ms bigint, unproven_at timestamp with time zone, wants_set boolean, displaces boolean, skip smallint[], seen text, missing bigint, sighting jsonb, check_at timestamp with time zone, events text[], messages text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_apply(zone uuid, owner uuid, was_state text, was_set smallint, state text, proof text, preview boolean, clear_at timestamp with time zone, txt_until timestamp with time zone, loss_at timestamp with time zone, lost_ms bigint, unproven_at timestamp with time zone, wants_set boolean, displaces boolean, skip smallint[], seen text, missing bigint, sighting jsonb, check_at timestamp with time zone, events text[], messages text[]) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.claim_ask(zone uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_ask(zone uuid) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.claim_ask(zone uuid) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_blocked(zone_id uuid, key bytea, mask bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_blocked(zone_id uuid, key bytea, mask bigint) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.claim_brake() FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_brake() TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_bury(zone_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_conflicts(tenant uuid, key bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_conflicts(tenant uuid, key bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.claim_displace(zone uuid, key bytea, mask bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_give(zone_id uuid, skip smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_home(tenant uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_key(apex bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_keys_above(key bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_lock() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_mail(zone uuid, template text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_mask(set_no smallint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_open(zones uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_open(zones uuid[]) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.claim_open(zones uuid[]) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_pick(tenant uuid, key bytea, skip smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_release() FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_release() TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_reopen(zone uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_reopen(zone uuid) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.claim_reopen(zone uuid) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.claim_seize(zone uuid, skip smallint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_tell(zone uuid, kind text, message text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_word(zone uuid, active boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_word(zone uuid, active boolean) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.diagnosis_admit(tenant uuid, addresses inet[], ports integer[], per_minute integer, gap_s integer, keep integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.diagnosis_admit(tenant uuid, addresses inet[], ports integer[], per_minute integer, gap_s integer, keep integer) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.diagnosis_admit(tenant uuid, addresses inet[], ports integer[], per_minute integer, gap_s integer, keep integer) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.diagnosis_visit(addresses inet[], ports integer[], gap_s integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.diagnosis_visit(addresses inet[], ports integer[], gap_s integer) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.edge_report(edge text, epoch bigint, applied_xmin xid8, exceptions jsonb, counters jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.edge_report(edge text, epoch bigint, applied_xmin xid8, exceptions jsonb, counters jsonb) TO understudy_dnsd;

REVOKE ALL ON FUNCTION public.feed_changes(since xid8) FROM PUBLIC;
GRANT ALL ON FUNCTION public.feed_changes(since xid8) TO understudy_dnsd;

REVOKE ALL ON FUNCTION public.feed_mark_tick() FROM PUBLIC;
GRANT ALL ON FUNCTION public.feed_mark_tick() TO understudy_xferd;

REVOKE ALL ON FUNCTION public.feed_stamp() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.feed_timeline() FROM PUBLIC;
GRANT ALL ON FUNCTION public.feed_timeline() TO understudy_dnsd;

REVOKE ALL ON FUNCTION public.idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.invitation_look(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.invitation_look(hash bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.invitation_take(hash bytea, person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.invitation_take(hash bytea, person uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.job_inserted() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.link_add(hash bytea, purpose text, user_id uuid, email text, payload jsonb, life_s bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.link_add(hash bytea, purpose text, user_id uuid, email text, payload jsonb, life_s bigint) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.link_find(hash bytea, purpose text, take boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.link_find(hash bytea, purpose text, take boolean) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.login_done(pair bytea, known bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_done(pair bytea, known bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.login_take(pair bytea, known bytea, account bytea, address bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_take(pair bytea, known bytea, account bytea, address bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) TO understudy_apid_auth;
GRANT ALL ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.mail_put(recipient text, template text, params jsonb, tenant uuid, id uuid, sealed bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.membership_ended() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.membership_guard() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.nameserver_sync(hosts text[], wires bytea[], stripes bigint[], addresses text[], per_set bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.nameserver_sync(hosts text[], wires bytea[], stripes bigint[], addresses text[], per_set bigint) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.owner_key_text(key bytea, apex bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.owner_key_text(key bytea, apex bytea) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.owner_key_text(key bytea, apex bytea) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.owner_key_text(key bytea, apex bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.page_records(apex bytea, body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.page_records(apex bytea, body bytea) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.page_records(apex bytea, body bytea) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.page_records(apex bytea, body bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.password_set(id uuid, password_hash text, keep uuid, old_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.password_set(id uuid, password_hash text, keep uuid, old_hash text) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) TO understudy_apid_auth;
GRANT ALL ON FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.rate_take(key bytea, burst bigint, pause_s bigint) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.recovery_replace(id uuid, hashes bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.recovery_replace(id uuid, hashes bytea[]) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.recovery_use(id uuid, hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.recovery_use(id uuid, hash bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.refresh_prune(before timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.refresh_prune(before timestamp with time zone) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.rr_rdata_text(type integer, rdata bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rr_rdata_text(type integer, rdata bytea) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.rr_rdata_text(type integer, rdata bytea) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.rr_rdata_text(type integer, rdata bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.rr_type_text(type integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.rr_type_text(type integer) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.rr_type_text(type integer) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.rr_type_text(type integer) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.session_choose(id uuid, tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_choose(id uuid, tenant uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.session_end(user_id uuid, id uuid, but uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_end(user_id uuid, id uuid, but uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.session_find(hash bytea, idle_s bigint, wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_find(hash bytea, idle_s bigint, wanted uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.session_list(user_id uuid, idle_s bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_list(user_id uuid, idle_s bigint) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.session_prove(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_prove(id uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.session_start(hash bytea, user_id uuid, max_s bigint, address inet, user_agent text, old_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_start(hash bytea, user_id uuid, max_s bigint, address inet, user_agent text, old_hash bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.tenant_created() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenant_delete(tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenant_delete(tenant uuid) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.tenant_inserted() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenant_records_add(tenants uuid[], growths bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenant_suspended() FROM PUBLIC;

REVOKE ALL ON PROCEDURE public.tenant_table_protect(IN t regclass, IN tenant_column name) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.token_find(hash bytea, source inet) FROM PUBLIC;
GRANT ALL ON FUNCTION public.token_find(hash bytea, source inet) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.totp_begin(id uuid, sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.totp_begin(id uuid, sealed bytea) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.totp_remove(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.totp_remove(id uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.totp_use(id uuid, step bigint, enable boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.totp_use(id uuid, step bigint, enable boolean) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_add(email text, name text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_add(email text, name text, password_hash text) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_find(email text, id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_find(email text, id uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_move(id uuid, email text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_move(id uuid, email text) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_rename(id uuid, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_rename(id uuid, name text) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_tenant_add(id uuid, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_tenant_add(id uuid, name text) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.user_tenants(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_tenants(id uuid) TO understudy_apid_auth;

REVOKE ALL ON FUNCTION public.wire_label_text(label bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.wire_label_text(label bytea) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.wire_label_text(label bytea) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.wire_label_text(label bytea) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.wire_name_text(wire bytea, INOUT at integer, OUT name text) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.zone_busy(zone uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.zone_busy(zone uuid) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.zone_busy(zone uuid) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.zone_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_claim_going() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_claim_gone() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_counted() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_edges(zone uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.zone_edges(zone uuid) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.zone_edges(zone uuid) TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.zone_guard_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_inserted() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_last_removed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_problems(zone uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.zone_problems(zone uuid) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.zone_problems(zone uuid) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.zone_problems(zone uuid) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.zone_records(zone text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.zone_records(zone text) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.zone_records(zone text) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.zone_records(zone text) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.zone_records_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_removed() FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE public.zone TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.zone TO understudy_apid_operator;
GRANT SELECT,DELETE ON TABLE public.zone TO understudy_xferd;

GRANT UPDATE(state) ON TABLE public.zone TO understudy_xferd;

GRANT UPDATE(stripes) ON TABLE public.zone TO understudy_xferd;

GRANT UPDATE(changed_at) ON TABLE public.zone TO understudy_apid_app;
GRANT UPDATE(changed_at) ON TABLE public.zone TO understudy_xferd;

GRANT UPDATE(deleted_at) ON TABLE public.zone TO understudy_apid_app;

GRANT INSERT(accept_lower_serial),UPDATE(accept_lower_serial) ON TABLE public.zone TO understudy_apid_app;
GRANT INSERT(accept_lower_serial),UPDATE(accept_lower_serial) ON TABLE public.zone TO understudy_apid_operator;

REVOKE ALL ON FUNCTION public.zone_shown(z public.zone, generation bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.zone_shown(z public.zone, generation bigint) TO understudy_apid_app;
GRANT ALL ON FUNCTION public.zone_shown(z public.zone, generation bigint) TO understudy_apid_operator;
GRANT ALL ON FUNCTION public.zone_shown(z public.zone, generation bigint) TO understudy_xferd;

REVOKE ALL ON FUNCTION public.zone_state_guard() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.zone_state_of_claim(claim_state text, generation bigint, deleted_at timestamp with time zone) FROM PUBLIC;

GRANT SELECT ON TABLE public.attempt TO understudy_apid_app;
GRANT SELECT ON TABLE public.attempt TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.attempt TO understudy_xferd;

GRANT SELECT,INSERT ON TABLE public.audit TO understudy_apid_app;
GRANT INSERT ON TABLE public.audit TO understudy_apid_auth;
GRANT SELECT,INSERT ON TABLE public.audit TO understudy_apid_operator;
GRANT INSERT ON TABLE public.audit TO understudy_xferd;

GRANT SELECT ON TABLE public.claim TO understudy_apid_app;
GRANT SELECT ON TABLE public.claim TO understudy_apid_operator;
GRANT SELECT ON TABLE public.claim TO understudy_xferd;

GRANT UPDATE(check_at) ON TABLE public.claim TO understudy_xferd;

GRANT UPDATE(lease_owner) ON TABLE public.claim TO understudy_xferd;

GRANT UPDATE(lease_until) ON TABLE public.claim TO understudy_xferd;

GRANT SELECT ON TABLE public.claim_allowed TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.claim_allowed TO understudy_apid_operator;

GRANT SELECT,DELETE ON TABLE public.claim_tombstone TO understudy_xferd;
GRANT SELECT,DELETE ON TABLE public.claim_tombstone TO understudy_apid_operator;

GRANT SELECT ON TABLE public.diagnosis TO understudy_apid_app;
GRANT SELECT ON TABLE public.diagnosis TO understudy_apid_operator;
GRANT SELECT,DELETE ON TABLE public.diagnosis TO understudy_xferd;

GRANT INSERT(tenant_id) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(tenant_id) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT INSERT(zone_id) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(zone_id) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT INSERT(kind) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(kind) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT INSERT(name) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(name) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT INSERT(apex) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(apex) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT INSERT(primaries) ON TABLE public.diagnosis TO understudy_apid_app;
GRANT INSERT(primaries) ON TABLE public.diagnosis TO understudy_apid_operator;

GRANT UPDATE(state) ON TABLE public.diagnosis TO understudy_xferd;

GRANT UPDATE(steps) ON TABLE public.diagnosis TO understudy_xferd;

GRANT UPDATE(compared_at) ON TABLE public.diagnosis TO understudy_xferd;

GRANT UPDATE(compared) ON TABLE public.diagnosis TO understudy_xferd;

GRANT UPDATE(finished_at) ON TABLE public.diagnosis TO understudy_xferd;

GRANT SELECT,DELETE ON TABLE public.diagnosis_destination TO understudy_xferd;

GRANT SELECT ON TABLE public.edge TO understudy_apid_operator;
GRANT SELECT ON TABLE public.edge TO understudy_xferd;

GRANT SELECT ON TABLE public.feed_mark TO understudy_dnsd;

GRANT SELECT,INSERT ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT SELECT,INSERT ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT UPDATE(digest) ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT UPDATE(digest) ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT UPDATE(status) ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT UPDATE(status) ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT UPDATE(body) ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT UPDATE(body) ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT UPDATE(location) ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT UPDATE(location) ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT UPDATE(created_at) ON TABLE public.idempotency_key TO understudy_apid_app;
GRANT UPDATE(created_at) ON TABLE public.idempotency_key TO understudy_apid_operator;

GRANT INSERT,DELETE ON TABLE public.invitation TO understudy_apid_app;
GRANT INSERT,DELETE ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(id) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(id) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(tenant_id) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(tenant_id) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(email) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(email) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(role),UPDATE(role) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(role),UPDATE(role) ON TABLE public.invitation TO understudy_apid_operator;

GRANT UPDATE(hash) ON TABLE public.invitation TO understudy_apid_app;
GRANT UPDATE(hash) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(maker_id),UPDATE(maker_id) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(maker_id),UPDATE(maker_id) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(created_at) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(sent_at),UPDATE(sent_at) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(sent_at),UPDATE(sent_at) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE public.invitation TO understudy_apid_app;
GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE public.invitation TO understudy_apid_operator;

GRANT SELECT ON TABLE public.job TO understudy_apid_app;
GRANT SELECT ON TABLE public.job TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job TO understudy_xferd;

GRANT INSERT(tenant_id) ON TABLE public.job TO understudy_apid_app;
GRANT INSERT(tenant_id) ON TABLE public.job TO understudy_apid_operator;

GRANT INSERT(zone_id) ON TABLE public.job TO understudy_apid_app;
GRANT INSERT(zone_id) ON TABLE public.job TO understudy_apid_operator;

GRANT INSERT(kind) ON TABLE public.job TO understudy_apid_app;
GRANT INSERT(kind) ON TABLE public.job TO understudy_apid_operator;

GRANT INSERT(payload) ON TABLE public.job TO understudy_apid_app;
GRANT INSERT(payload) ON TABLE public.job TO understudy_apid_operator;

GRANT SELECT,DELETE ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(sealed) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(state) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(due_at) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(failures) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(lease_owner) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(lease_until) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(finished_at) ON TABLE public.mail TO understudy_xferd;

GRANT UPDATE(last_error) ON TABLE public.mail TO understudy_xferd;

GRANT SELECT,DELETE ON TABLE public.membership TO understudy_apid_app;
GRANT SELECT,DELETE ON TABLE public.membership TO understudy_apid_operator;

GRANT INSERT(tenant_id) ON TABLE public.membership TO understudy_apid_app;
GRANT INSERT(tenant_id) ON TABLE public.membership TO understudy_apid_operator;

GRANT INSERT(user_id) ON TABLE public.membership TO understudy_apid_app;
GRANT INSERT(user_id) ON TABLE public.membership TO understudy_apid_operator;

GRANT INSERT(role),UPDATE(role) ON TABLE public.membership TO understudy_apid_app;
GRANT INSERT(role),UPDATE(role) ON TABLE public.membership TO understudy_apid_operator;

GRANT UPDATE(changed_at) ON TABLE public.membership TO understudy_apid_app;
GRANT UPDATE(changed_at) ON TABLE public.membership TO understudy_apid_operator;

GRANT SELECT ON TABLE public.nameserver TO understudy_apid_app;
GRANT SELECT ON TABLE public.nameserver TO understudy_apid_operator;
GRANT SELECT ON TABLE public.nameserver TO understudy_xferd;

GRANT SELECT ON TABLE public.nameserver_set TO understudy_apid_app;
GRANT SELECT ON TABLE public.nameserver_set TO understudy_apid_operator;
GRANT SELECT ON TABLE public.nameserver_set TO understudy_xferd;

GRANT INSERT,DELETE ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(id) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(purpose) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(user_id) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(email) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(payload) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(expires_at) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT(used_at) ON TABLE public.one_time_link TO understudy_apid_operator;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.primary_server TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.primary_server TO understudy_apid_operator;
GRANT SELECT ON TABLE public.primary_server TO understudy_xferd;

GRANT INSERT,DELETE,UPDATE ON TABLE public.primary_tls TO understudy_apid_app;
GRANT INSERT,DELETE,UPDATE ON TABLE public.primary_tls TO understudy_apid_operator;
GRANT SELECT ON TABLE public.primary_tls TO understudy_xferd;

GRANT SELECT(primary_id) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(primary_id) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(tenant_id) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(tenant_id) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(name) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(name) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(verify) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(verify) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(pins) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(pins) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(ca) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(ca) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(certificate) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(certificate) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(key_id) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(key_id) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT SELECT(changed_at) ON TABLE public.primary_tls TO understudy_apid_app;
GRANT SELECT(changed_at) ON TABLE public.primary_tls TO understudy_apid_operator;

GRANT DELETE ON TABLE public.recovery_code TO understudy_apid_operator;

GRANT SELECT(user_id) ON TABLE public.recovery_code TO understudy_apid_operator;

GRANT SELECT(used_at) ON TABLE public.recovery_code TO understudy_apid_operator;

GRANT SELECT,INSERT,DELETE ON TABLE public.refresh_batch TO understudy_xferd;
GRANT SELECT ON TABLE public.refresh_batch TO understudy_dnsd;

GRANT SELECT ON TABLE public.schema_migration TO PUBLIC;

GRANT DELETE ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(id) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(user_id) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(tenant_id) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(used_at) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT(expires_at) ON TABLE public.session TO understudy_apid_operator;

GRANT SELECT ON TABLE public.setting TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.setting TO understudy_apid_operator;
GRANT SELECT ON TABLE public.setting TO understudy_xferd;

GRANT SELECT ON TABLE public.zone_state TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_state TO understudy_apid_operator;
GRANT SELECT ON TABLE public.zone_state TO understudy_xferd;

GRANT SELECT(zone_id) ON TABLE public.zone_state TO understudy_dnsd;

GRANT SELECT(apex) ON TABLE public.zone_state TO understudy_dnsd;

GRANT SELECT(stripes) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(state) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(state) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(generation) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(generation) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(serial) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(serial) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(soa) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(soa) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(root_level) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(root_level) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(root_digest) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(root_digest) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(record_count) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(record_count) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(page_count) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(page_count) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(loaded_at) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(loaded_at) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(checked_at) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(checked_at) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(expires_at) ON TABLE public.zone_state TO understudy_xferd;
GRANT SELECT(expires_at) ON TABLE public.zone_state TO understudy_dnsd;

GRANT SELECT(stamp) ON TABLE public.zone_state TO understudy_dnsd;

GRANT UPDATE(signed_until) ON TABLE public.zone_state TO understudy_xferd;

GRANT SELECT ON TABLE public.stat_edge TO understudy_mon;

GRANT SELECT ON TABLE public.tenant TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant TO understudy_apid_operator;
GRANT SELECT ON TABLE public.tenant TO understudy_xferd;

GRANT SELECT ON TABLE public.zone_timer TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_timer TO understudy_apid_operator;
GRANT SELECT ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(due_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(priority) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(lease_owner) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(lease_until) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(failures) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(serial_hint) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(retransfer) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(primary_ordinal) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(primary_serial) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(checked_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(expires_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(last_error) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(last_error_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(noted) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(back) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(back_serial) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(back_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(accept_serial) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(compared_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(seen) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(differs_primary) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(differs_serial) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(stray_address) ON TABLE public.zone_timer TO understudy_xferd;

GRANT UPDATE(stray_at) ON TABLE public.zone_timer TO understudy_xferd;

GRANT SELECT ON TABLE public.stat_service TO understudy_mon;

GRANT SELECT ON TABLE public.tenant_count TO understudy_apid_app;
GRANT SELECT ON TABLE public.tenant_count TO understudy_apid_operator;

GRANT SELECT ON TABLE public.tenant_day TO understudy_apid_app;
GRANT SELECT ON TABLE public.tenant_day TO understudy_apid_operator;
GRANT SELECT ON TABLE public.tenant_day TO understudy_xferd;

GRANT SELECT ON TABLE public.tenant_usage TO understudy_apid_app;
GRANT SELECT ON TABLE public.tenant_usage TO understudy_apid_operator;
GRANT SELECT ON TABLE public.tenant_usage TO understudy_xferd;

GRANT INSERT,DELETE ON TABLE public.token TO understudy_apid_app;
GRANT INSERT,DELETE ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(id) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(id) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(tenant_id) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(tenant_id) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(kind) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(kind) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(name),UPDATE(name) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(name),UPDATE(name) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(prefix) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(prefix) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(scopes),UPDATE(scopes) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(scopes),UPDATE(scopes) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(created_at) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(last_used_at) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(last_used_at) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(maker_id) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(maker_id) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(zones) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(zones) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(networks),UPDATE(networks) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(networks),UPDATE(networks) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(idle_days),UPDATE(idle_days) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(idle_days),UPDATE(idle_days) ON TABLE public.token TO understudy_apid_operator;

GRANT SELECT(last_used_from) ON TABLE public.token TO understudy_apid_app;
GRANT SELECT(last_used_from) ON TABLE public.token TO understudy_apid_operator;

GRANT INSERT,DELETE ON TABLE public.tsig_key TO understudy_apid_app;
GRANT INSERT,DELETE ON TABLE public.tsig_key TO understudy_apid_operator;
GRANT SELECT ON TABLE public.tsig_key TO understudy_xferd;

GRANT SELECT(id) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(id) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(tenant_id) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(tenant_id) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(name),UPDATE(name) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(name),UPDATE(name) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(name_wire),UPDATE(name_wire) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(name_wire),UPDATE(name_wire) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(algorithm),UPDATE(algorithm) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(algorithm),UPDATE(algorithm) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT UPDATE(sealed) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT UPDATE(sealed) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(fingerprint),UPDATE(fingerprint) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(fingerprint),UPDATE(fingerprint) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(created_at) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT SELECT(changed_at),UPDATE(changed_at) ON TABLE public.tsig_key TO understudy_apid_app;
GRANT SELECT(changed_at),UPDATE(changed_at) ON TABLE public.tsig_key TO understudy_apid_operator;

GRANT DELETE ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(id) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(id) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(email) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(email),INSERT(email),UPDATE(email) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(name) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(staff),INSERT(staff) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(verified_at) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(verified_at),INSERT(verified_at),UPDATE(verified_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(disabled_at) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(disabled_at),UPDATE(disabled_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT UPDATE(totp_sealed) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(totp_enabled_at) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(totp_enabled_at),UPDATE(totp_enabled_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(created_at) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(created_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(changed_at),UPDATE(changed_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT(last_login_at) ON TABLE public.user_account TO understudy_apid_app;
GRANT SELECT(last_login_at) ON TABLE public.user_account TO understudy_apid_operator;

GRANT SELECT ON TABLE public.zone_event TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_event TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.zone_event TO understudy_xferd;

GRANT SELECT ON TABLE public.zone_guard TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_guard TO understudy_apid_operator;
GRANT SELECT,INSERT,UPDATE ON TABLE public.zone_guard TO understudy_xferd;

GRANT INSERT(zone_id) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(zone_id) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(tenant_id) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(tenant_id) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(removed_percent_max),UPDATE(removed_percent_max) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(removed_percent_max),UPDATE(removed_percent_max) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(removed_names_min),UPDATE(removed_names_min) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(removed_names_min),UPDATE(removed_names_min) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(keep_ns),UPDATE(keep_ns) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(keep_ns),UPDATE(keep_ns) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(keep_dnskey),UPDATE(keep_dnskey) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(keep_dnskey),UPDATE(keep_dnskey) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(zonemd),UPDATE(zonemd) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(zonemd),UPDATE(zonemd) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(dnssec),UPDATE(dnssec) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(dnssec),UPDATE(dnssec) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(trust_anchors),UPDATE(trust_anchors) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(trust_anchors),UPDATE(trust_anchors) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(signature_hours_min),UPDATE(signature_hours_min) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(signature_hours_min),UPDATE(signature_hours_min) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(held_expire),UPDATE(held_expire) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(held_expire),UPDATE(held_expire) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT UPDATE(held_accepted) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT UPDATE(held_accepted) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(pin_generation),UPDATE(pin_generation) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(pin_generation),UPDATE(pin_generation) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(pin_past_expire),UPDATE(pin_past_expire) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(pin_past_expire),UPDATE(pin_past_expire) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT INSERT(pin_at),UPDATE(pin_at) ON TABLE public.zone_guard TO understudy_apid_app;
GRANT INSERT(pin_at),UPDATE(pin_at) ON TABLE public.zone_guard TO understudy_apid_operator;

GRANT SELECT ON TABLE public.zone_node TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_node TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.zone_node TO understudy_xferd;

GRANT SELECT(zone_id) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(level) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(low_key) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(high_key) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(from_generation) ON TABLE public.zone_node TO understudy_dnsd;

GRANT UPDATE(to_generation) ON TABLE public.zone_node TO understudy_xferd;
GRANT SELECT(to_generation) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(digest) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT(children) ON TABLE public.zone_node TO understudy_dnsd;

GRANT SELECT ON TABLE public.zone_page TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_page TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.zone_page TO understudy_xferd;

GRANT SELECT(zone_id) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(low_key) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(high_key) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(from_generation) ON TABLE public.zone_page TO understudy_dnsd;

GRANT UPDATE(to_generation) ON TABLE public.zone_page TO understudy_xferd;
GRANT SELECT(to_generation) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(record_count) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(digest) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT(body) ON TABLE public.zone_page TO understudy_dnsd;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.zone_primary TO understudy_apid_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.zone_primary TO understudy_apid_operator;
GRANT SELECT ON TABLE public.zone_primary TO understudy_xferd;

GRANT SELECT ON TABLE public.zone_version TO understudy_apid_app;
GRANT SELECT ON TABLE public.zone_version TO understudy_apid_operator;
GRANT SELECT,INSERT,DELETE ON TABLE public.zone_version TO understudy_xferd;

-- DEFAULT ACL DEFAULT PRIVILEGES FOR FUNCTIONS

ALTER DEFAULT PRIVILEGES FOR ROLE understudy_owner REVOKE ALL ON FUNCTIONS  FROM PUBLIC;

