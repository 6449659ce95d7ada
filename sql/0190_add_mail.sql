-- 0190_add_mail.sql: letters that wait for xferd's courier.
--
-- Why:        apid and xferd decide that somebody should be told; only the
--             courier speaks to the operator's relay.
-- Locks:      none that matter, the table is new.
-- Works with: older programs do not look at it.
-- Undo:       DROP FUNCTION mail_put; DROP TABLE mail.

CREATE TABLE mail (
	id uuid NOT NULL,
	tenant_id uuid,
	recipient text NOT NULL,
	template text NOT NULL,
	params jsonb NOT NULL DEFAULT '{}',
	sealed bytea,
	state text NOT NULL DEFAULT 'queued',
	created_at timestamptz NOT NULL DEFAULT now(),
	due_at timestamptz NOT NULL DEFAULT now(),
	failures integer NOT NULL DEFAULT 0,
	lease_owner uuid,
	lease_until timestamptz,
	finished_at timestamptz,
	last_error text,
	CONSTRAINT mail_id_pk PRIMARY KEY (id),
	CONSTRAINT mail_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT mail_recipient_ck CHECK (length(recipient) BETWEEN 3 AND 254
	    AND recipient !~ '[[:cntrl:][:space:]<>,;]'),
	CONSTRAINT mail_template_ck CHECK (template IN ('verify', 'reset',
	    'invite', 'claim_warning', 'claim_suspended')),
	CONSTRAINT mail_params_ck CHECK (jsonb_typeof(params) = 'object'
	    AND length(params::text) <= 4000),
	CONSTRAINT mail_sealed_ck
	    CHECK (octet_length(sealed) BETWEEN 49 AND 1024),
	CONSTRAINT mail_state_ck CHECK (state IN ('queued', 'sent', 'failed')),
	CONSTRAINT mail_finished_at_ck
	    CHECK ((state = 'queued') = (finished_at IS NULL)),
	CONSTRAINT mail_lease_ck
	    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
	CONSTRAINT mail_failures_ck CHECK (failures >= 0),
	CONSTRAINT mail_last_error_ck CHECK (length(last_error) <= 500)
);
COMMENT ON TABLE mail IS
    'letters: queued by mail_put, sent by xferd''s courier, kept some days';
COMMENT ON COLUMN mail.tenant_id IS
    'whose affair it is; null for a person''s own (a password reset)';
COMMENT ON COLUMN mail.params IS
    'what the template names, as text: {"zone": ..., "tenant": ...}';
COMMENT ON COLUMN mail.sealed IS
    'the one-time link, sealed for xferd: a dump of this table opens no '
    'account. Wiped when the letter is finished';
COMMENT ON COLUMN mail.failures IS 'tries that the relay did not take';
CREATE INDEX mail_due_at_ix ON mail (due_at) WHERE state = 'queued';
COMMENT ON INDEX mail_due_at_ix IS 'for the courier';
CREATE INDEX mail_recipient_ix ON mail (lower(recipient), created_at);
COMMENT ON INDEX mail_recipient_ix IS 'for the limit of mail_put';
CREATE INDEX mail_tenant_id_ix ON mail (tenant_id, created_at);
COMMENT ON INDEX mail_tenant_id_ix IS
    'for the limit of mail_put and the foreign key';
CREATE INDEX mail_finished_at_ix ON mail (finished_at)
    WHERE finished_at IS NOT NULL;
COMMENT ON INDEX mail_finished_at_ix IS 'for pruning';

CALL tenant_table_protect('mail', 'tenant_id');

CREATE FUNCTION mail_put(recipient text, template text, params jsonb,
    tenant uuid, id uuid DEFAULT gen_random_uuid(), sealed bytea DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION mail_put IS
    'queue a letter; false when its reader or the tenant had enough of them';
GRANT EXECUTE ON FUNCTION mail_put TO understudy_apid_app,
    understudy_apid_auth, understudy_apid_operator, understudy_xferd;
GRANT SELECT, UPDATE (state, due_at, failures, lease_owner, lease_until,
    finished_at, last_error, sealed), DELETE ON mail TO understudy_xferd;
