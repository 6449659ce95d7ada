-- 0110_add_audit_facts.sql: an audit that tells what changed, and stays.
--
-- Why:        "who changed what, from where, and what was it before" is asked
--             by customers and by their auditors; rows that a program could
--             change would answer nothing.
-- Locks:      ACCESS EXCLUSIVE on audit for a moment, no rewrite.
-- Works with: older programs insert as before, the new columns stay empty.
-- Undo:       drop the triggers and their function, then the columns.

ALTER TABLE audit
    ADD COLUMN actor_kind text NOT NULL DEFAULT 'token',
    ADD COLUMN actor_id uuid,
    ADD COLUMN actor_name text,
    ADD COLUMN session_id uuid,
    ADD COLUMN request text,
    ADD COLUMN before jsonb,
    ADD COLUMN after jsonb,
    ADD CONSTRAINT audit_actor_kind_ck CHECK (actor_kind IN ('token', 'user',
	'operator', 'staff', 'system')),
    ADD CONSTRAINT audit_actor_name_ck CHECK (length(actor_name) <= 300),
    ADD CONSTRAINT audit_request_ck CHECK (length(request) <= 100),
    ADD CONSTRAINT audit_before_ck CHECK (pg_column_size(before) <= 131072),
    ADD CONSTRAINT audit_after_ck CHECK (pg_column_size(after) <= 131072);
COMMENT ON COLUMN audit.actor_kind IS
    'token (a tenant''s), user (a member''s session), operator (a token of '
    'the operator), staff (an operator''s session), system (a program)';
COMMENT ON COLUMN audit.actor_id IS
    'the person, also behind a token that one has made; null: no person';
COMMENT ON COLUMN audit.actor_name IS 'token''s name or person''s address, as '
    'it was then';
COMMENT ON COLUMN audit.session_id IS 'with user and staff';
COMMENT ON COLUMN audit.request IS 'X-Request-Id of the call';
COMMENT ON COLUMN audit.reason IS
    'why an operator did it; the tenant reads it, too';
COMMENT ON COLUMN audit.before IS
    'the object as a document, secrets masked; null: there was none';
COMMENT ON COLUMN audit.after IS
    'the object as a document, secrets masked; null: it is gone';
CREATE INDEX audit_action_id_ix ON audit (action text_pattern_ops, id);
COMMENT ON INDEX audit_action_id_ix IS 'for the operator''s search by action';

CREATE FUNCTION audit_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RAISE EXCEPTION 'the audit is append-only: % is refused', TG_OP
	    USING ERRCODE = 'insufficient_privilege',
		HINT = 'docs/OPERATIONS.md, "The audit", says how old rows go';
END
$$;
COMMENT ON FUNCTION audit_stays IS
    'rows of the audit are neither changed nor removed, by no role at all';
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_stays;

GRANT SELECT ON audit TO understudy_apid_app, understudy_apid_operator;
