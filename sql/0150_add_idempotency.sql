-- 0150_add_idempotency.sql: answers that are given again.
--
-- Why:        a client whose connection broke asks again with the same
--             Idempotency-Key, and must get the answer of the first time, not
--             a second object.
-- Locks:      none.
-- Works with: every program from the first release on.
-- Undo:       DROP TABLE idempotency_key; DROP FUNCTION idempotency_prune.

CREATE TABLE idempotency_key (
	id bigint GENERATED ALWAYS AS IDENTITY,
	tenant_id uuid,
	key text NOT NULL,
	digest text NOT NULL,
	status integer NOT NULL,
	body text,
	location text,
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT idempotency_key_id_pk PRIMARY KEY (id),
	CONSTRAINT idempotency_key_tenant_id_key_uq
	    UNIQUE NULLS NOT DISTINCT (tenant_id, key),
	CONSTRAINT idempotency_key_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT idempotency_key_key_ck CHECK (length(key) BETWEEN 1 AND 128),
	CONSTRAINT idempotency_key_digest_ck CHECK (length(digest) = 16),
	CONSTRAINT idempotency_key_status_ck CHECK (status BETWEEN 200 AND 299),
	CONSTRAINT idempotency_key_body_ck CHECK (length(body) <= 16777216),
	CONSTRAINT idempotency_key_location_ck CHECK (length(location) <= 3072)
);
COMMENT ON TABLE idempotency_key IS
    'POSTs that succeeded, by the Idempotency-Key that they were sent with, '
    'for 24 hours; older rows count for nothing and go by idempotency_prune';
COMMENT ON COLUMN idempotency_key.tenant_id IS 'null: an operator''s request';
COMMENT ON COLUMN idempotency_key.digest IS
    'of path, query, token and body, keyed with the pepper: the same key with '
    'another one is refused';
COMMENT ON COLUMN idempotency_key.body IS
    'the answer; members that are shown once (secrets, tokens) are null';
CREATE INDEX idempotency_key_created_at_ix ON idempotency_key (created_at);
COMMENT ON INDEX idempotency_key_created_at_ix IS 'for idempotency_prune';
CREATE INDEX idempotency_key_tenant_id_id_ix
    ON idempotency_key (tenant_id, id);
COMMENT ON INDEX idempotency_key_tenant_id_id_ix IS 'for idempotency_prune';

CALL tenant_table_protect('idempotency_key', 'tenant_id');
GRANT SELECT, INSERT, UPDATE (digest, status, body, location, created_at)
    ON idempotency_key TO understudy_apid_app, understudy_apid_operator;

CREATE FUNCTION idempotency_prune(tenant uuid, keep bigint, keep_bytes bigint)
RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION idempotency_prune IS
    'drop what is older than 24 hours, of whomever, and of this tenant what '
    'is beyond the newest; called by apid with some of the keys it stores';
GRANT EXECUTE ON FUNCTION idempotency_prune
    TO understudy_apid_app, understudy_apid_operator;
