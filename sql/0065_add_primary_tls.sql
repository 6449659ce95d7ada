-- 0065_add_primary_tls.sql: what a primary with transport tls must prove.
--
-- Why:        transfers over TLS (RFC 9103): the name or the keys that its
--             certificate must have, who signs it, our certificate for it.
--             A table of its own, because apid may not read the sealed key.
-- Locks:      SHARE ROW EXCLUSIVE on primary_server for the foreign key.
-- Works with: every program from the first release on; a primary without a
--             row is checked by its address against the usual authorities.
-- Undo:       DROP TABLE primary_tls.

CREATE TABLE primary_tls (
	primary_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	name text,
	verify text NOT NULL DEFAULT 'pkix',
	pins bytea NOT NULL DEFAULT '',
	ca text,
	certificate text,
	key_id uuid,
	key_sealed bytea,
	changed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT primary_tls_primary_id_pk PRIMARY KEY (primary_id),
	CONSTRAINT primary_tls_tenant_id_primary_id_fk
	    FOREIGN KEY (tenant_id, primary_id)
	    REFERENCES primary_server (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT primary_tls_name_ck CHECK (length(name) BETWEEN 1 AND 253),
	CONSTRAINT primary_tls_verify_ck
	    CHECK (verify IN ('pkix', 'pin', 'both')),
	CONSTRAINT primary_tls_pins_ck CHECK (octet_length(pins) % 32 = 0
	    AND octet_length(pins) <= 256
	    AND (verify = 'pkix') = (octet_length(pins) = 0)),
	CONSTRAINT primary_tls_ca_ck CHECK (length(ca) BETWEEN 1 AND 32768),
	CONSTRAINT primary_tls_certificate_ck
	    CHECK (length(certificate) BETWEEN 1 AND 16384
	    AND (certificate IS NULL) = (key_sealed IS NULL)
	    AND (certificate IS NULL) = (key_id IS NULL)),
	CONSTRAINT primary_tls_key_sealed_ck
	    CHECK (octet_length(key_sealed) BETWEEN 49 AND 16640)
);
COMMENT ON TABLE primary_tls IS
    'what is asked of a primary with transport tls, and our certificate for '
    'it; none: its address, in a certificate of the usual authorities';
COMMENT ON COLUMN primary_tls.name IS
    'host name in its certificate, sent as SNI; null: its address';
COMMENT ON COLUMN primary_tls.verify IS
    'pkix (chain, name and dates), pin (one of the keys, and nothing else), '
    'both';
COMMENT ON COLUMN primary_tls.pins IS
    'SHA-256 of SubjectPublicKeyInfo, 32 bytes each, at most 8';
COMMENT ON COLUMN primary_tls.ca IS
    'PEM; the only authorities that count; null: the system''s';
COMMENT ON COLUMN primary_tls.certificate IS
    'PEM; our certificate for this primary and its chain';
COMMENT ON COLUMN primary_tls.key_id IS
    'what the sealed key is bound to; another one with each key';
COMMENT ON COLUMN primary_tls.key_sealed IS
    'private key of the certificate (PEM) in a sealed box to xferd, as '
    'tsig_key.sealed; write-only for apid';
CREATE INDEX primary_tls_tenant_id_primary_id_ix
    ON primary_tls (tenant_id, primary_id);
COMMENT ON INDEX primary_tls_tenant_id_primary_id_ix IS
    'for the foreign key, when a primary is deleted';

CALL tenant_table_protect('primary_tls', 'tenant_id');

GRANT SELECT (primary_id, tenant_id, name, verify, pins, ca, certificate,
    key_id, changed_at), INSERT, UPDATE, DELETE
    ON primary_tls TO understudy_apid_app, understudy_apid_operator;
GRANT SELECT ON primary_tls TO understudy_xferd;
