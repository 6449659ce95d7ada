-- 0111_add_suspension.sql: the operator stops a tenant or one zone.
--
-- Why:        stopping is no state of a claim: proof goes on underneath, and
--             what is resumed is what would be there had nobody stopped it.
--             What the edges see is computed in one place, zone_shown().
-- Locks:      ACCESS EXCLUSIVE on tenant and zone for a moment.
-- Works with: older programs; they do not know the columns.
-- Undo:       resume everything, then zone_inserted() and zone_changed() of
--             0002, drop the trigger, the functions and the columns.

ALTER TABLE tenant
    ADD COLUMN suspended_by text,
    ADD COLUMN suspended_reason text,
    ADD CONSTRAINT tenant_suspended_ck CHECK (suspended_at IS NOT NULL
	OR (suspended_by IS NULL AND suspended_reason IS NULL)),
    ADD CONSTRAINT tenant_suspended_text_ck CHECK (length(suspended_by) <= 300
	AND length(suspended_reason) <= 1000);
COMMENT ON COLUMN tenant.suspended_by IS 'the actor, as in audit';
COMMENT ON COLUMN tenant.suspended_reason IS 'what the tenant is told';

ALTER TABLE zone
    ADD COLUMN suspended_at timestamptz,
    ADD COLUMN suspended_by text,
    ADD COLUMN suspended_reason text,
    ADD CONSTRAINT zone_suspended_ck CHECK (suspended_at IS NOT NULL
	OR (suspended_by IS NULL AND suspended_reason IS NULL)),
    ADD CONSTRAINT zone_suspended_text_ck CHECK (length(suspended_by) <= 300
	AND length(suspended_reason) <= 1000);
COMMENT ON COLUMN zone.suspended_at IS
    'when the operator stopped this zone; its claim goes on underneath';
COMMENT ON COLUMN zone.suspended_by IS 'the actor, as in audit';
COMMENT ON COLUMN zone.suspended_reason IS 'what the tenant is told';

CREATE FUNCTION zone_shown(z zone, generation bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT CASE
	    WHEN z.deleted_at IS NULL AND (z.suspended_at IS NOT NULL
		OR EXISTS (SELECT FROM tenant t WHERE t.id = z.tenant_id
		    AND t.suspended_at IS NOT NULL)) THEN 'withdrawn'
	    ELSE zone_state_of_claim(z.state, generation, z.deleted_at) END
$$;
COMMENT ON FUNCTION zone_shown IS
    'zone_state.state of a zone: what its claim says, unless the operator '
    'stopped it or its tenant. The one place that decides';

CREATE OR REPLACE FUNCTION zone_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION zone_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
DROP TRIGGER zone_changed ON zone;
CREATE TRIGGER zone_changed
    AFTER UPDATE OF state, stripes, deleted_at, suspended_at ON zone
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.stripes <> NEW.stripes
	OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
	OR OLD.suspended_at IS DISTINCT FROM NEW.suspended_at)
    EXECUTE FUNCTION zone_changed();

CREATE FUNCTION tenant_suspended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION tenant_suspended IS
    'carry the stop of a tenant, or its end, to all of its zones; what is '
    'resumed is looked at within five minutes';
CREATE TRIGGER tenant_suspended AFTER UPDATE OF suspended_at ON tenant
    FOR EACH ROW WHEN ((OLD.suspended_at IS NULL) <>
	(NEW.suspended_at IS NULL)) EXECUTE FUNCTION tenant_suspended();

-- A publication moves the generation only: "loaded is live" obeys the stop,
-- because a stopped zone is withdrawn and not empty.
GRANT EXECUTE ON FUNCTION zone_shown TO understudy_apid_app,
    understudy_apid_operator, understudy_xferd;
