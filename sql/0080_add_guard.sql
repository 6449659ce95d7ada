-- 0080_add_guard.sql: publish gates, held versions, pins, signature runway.
--
-- Why:        a version that breaks its zone's policy is held back, an old one
--             can be served again, and a person wants to know until when
--             answers are good. One row per zone that has any of it: the
--             others pay nothing but the look whether there is a row.
-- Locks:      ACCESS EXCLUSIVE on zone_page, zone_state, job, attempt, short.
-- Works with: every program from the first release on.
-- Undo:       DROP TABLE zone_guard; drop the columns; the old constraints.

CREATE TABLE zone_guard (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	removed_percent_max smallint,
	removed_names_min integer NOT NULL DEFAULT 10,
	keep_ns boolean NOT NULL DEFAULT false,
	keep_dnskey boolean NOT NULL DEFAULT false,
	zonemd text NOT NULL DEFAULT 'verify',
	dnssec text NOT NULL DEFAULT 'off',
	trust_anchors text[] NOT NULL DEFAULT '{}',
	signature_hours_min integer NOT NULL DEFAULT 0,
	held_expire text NOT NULL DEFAULT 'renew',
	held_serial bigint,
	held_digest bytea,
	held_reason text,
	held_message text,
	held_advice text,
	held_facts jsonb,
	held_at timestamptz,
	held_accepted boolean NOT NULL DEFAULT false,
	pin_generation bigint,
	pin_past_expire boolean NOT NULL DEFAULT false,
	pin_at timestamptz,
	pin_applied bigint,
	pin_before bigint,
	CONSTRAINT zone_guard_zone_id_pk PRIMARY KEY (zone_id),
	CONSTRAINT zone_guard_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT zone_guard_removed_ck CHECK (removed_names_min >= 0
	    AND (removed_percent_max IS NULL
		OR removed_percent_max BETWEEN 0 AND 99)),
	CONSTRAINT zone_guard_zonemd_ck
	    CHECK (zonemd IN ('off', 'verify', 'require')),
	CONSTRAINT zone_guard_dnssec_ck
	    CHECK (dnssec IN ('off', 'verify', 'require')),
	CONSTRAINT zone_guard_trust_anchors_ck
	    CHECK (cardinality(trust_anchors) <= 8
		AND array_position(trust_anchors, NULL) IS NULL
		AND length(array_to_string(trust_anchors, ' ')) <= 2000),
	CONSTRAINT zone_guard_signature_hours_min_ck
	    CHECK (signature_hours_min BETWEEN 0 AND 8760),
	CONSTRAINT zone_guard_held_expire_ck
	    CHECK (held_expire IN ('renew', 'count')),
	CONSTRAINT zone_guard_held_serial_ck
	    CHECK (held_serial BETWEEN 0 AND 4294967295),
	CONSTRAINT zone_guard_held_ck CHECK ((held_serial IS NULL) =
	    (held_reason IS NULL) AND (held_serial IS NULL) =
	    (held_at IS NULL) AND (held_serial IS NULL) =
	    (held_message IS NULL)
	    AND (held_serial IS NOT NULL OR NOT held_accepted)),
	CONSTRAINT zone_guard_held_digest_ck
	    CHECK (octet_length(held_digest) = 32),
	CONSTRAINT zone_guard_held_text_ck CHECK (length(held_reason) <= 64
	    AND length(held_message) <= 1000 AND length(held_advice) <= 1000
	    AND pg_column_size(held_facts) <= 16384),
	CONSTRAINT zone_guard_pin_ck CHECK (pin_generation > 0
	    AND pin_applied > 0 AND pin_before > 0
	    AND (pin_applied IS NULL) = (pin_before IS NULL)
	    AND (pin_generation IS NULL) = (pin_at IS NULL))
);
COMMENT ON TABLE zone_guard IS
    'a zone''s publish policy, the version held back by it, and the old '
    'version served instead of the newest (pin). No row: the defaults, '
    'nothing held, nothing pinned';
COMMENT ON COLUMN zone_guard.removed_percent_max IS
    'hold a version that lacks more than this share of the names; null: off';
COMMENT ON COLUMN zone_guard.removed_names_min IS
    'fewer missing names than this are never held';
COMMENT ON COLUMN zone_guard.keep_ns IS
    'hold a version that has none of the name servers that the apex had';
COMMENT ON COLUMN zone_guard.keep_dnskey IS
    'hold a version without DNSKEY where there was one';
COMMENT ON COLUMN zone_guard.zonemd IS
    'verify: when there is a ZONEMD record; require: there must be one';
COMMENT ON COLUMN zone_guard.dnssec IS
    'verify: when the apex has DNSKEY or there are trust anchors; require: '
    'it must';
COMMENT ON COLUMN zone_guard.trust_anchors IS
    'DS records as text: key tag, algorithm, digest type, digest in hex; one '
    'of them must match a DNSKEY that signs the DNSKEY set';
COMMENT ON COLUMN zone_guard.signature_hours_min IS
    'hold a version in which a set''s last signature ends before this; 0: off';
COMMENT ON COLUMN zone_guard.held_expire IS
    'while a version is held, each contact with the primary renews EXPIRE of '
    'what is served, or the deadline counts down';
COMMENT ON COLUMN zone_guard.held_digest IS
    'root digest that the held version would have had; null for a reason '
    'that is known before a transfer';
COMMENT ON COLUMN zone_guard.held_facts IS
    'figures and examples, at most 16 KiB; the version itself is not kept';
COMMENT ON COLUMN zone_guard.held_accepted IS
    'the customer wants exactly this serial and digest all the same';
COMMENT ON COLUMN zone_guard.pin_generation IS
    'the customer wants this version served; null: the newest';
COMMENT ON COLUMN zone_guard.pin_applied IS
    'pin_generation as it is published now';
COMMENT ON COLUMN zone_guard.pin_before IS
    'what was served before the pin; kept from pruning, served again after';
CREATE INDEX zone_guard_tenant_id_zone_id_ix
    ON zone_guard (tenant_id, zone_id);
COMMENT ON INDEX zone_guard_tenant_id_zone_id_ix IS
    'for row security, the foreign key, a tenant''s held zones';

-- What is held was judged by the policy of then.
CREATE FUNCTION zone_guard_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION zone_guard_changed IS
    'a changed policy forgets what the old one held';
CREATE TRIGGER zone_guard_changed BEFORE UPDATE ON zone_guard
    FOR EACH ROW EXECUTE FUNCTION zone_guard_changed();

CALL tenant_table_protect('zone_guard', 'tenant_id');
GRANT SELECT, INSERT (zone_id, tenant_id, removed_percent_max,
    removed_names_min, keep_ns, keep_dnskey, zonemd, dnssec, trust_anchors,
    signature_hours_min, held_expire, pin_generation, pin_past_expire,
    pin_at),
    UPDATE (removed_percent_max, removed_names_min, keep_ns, keep_dnskey,
    zonemd, dnssec, trust_anchors, signature_hours_min, held_expire,
    held_accepted, pin_generation, pin_past_expire, pin_at)
    ON zone_guard TO understudy_apid_app, understudy_apid_operator;
GRANT SELECT, INSERT, UPDATE ON zone_guard TO understudy_xferd;

-- ------------------------------------------------------------ signatures

ALTER TABLE zone_page ADD COLUMN signed_until timestamptz;
COMMENT ON COLUMN zone_page.signed_until IS
    'when the first set of the page has no signature left that is in time; '
    'null: none is signed';
CREATE INDEX zone_page_zone_id_signed_until_ix
    ON zone_page (zone_id, signed_until)
    WHERE to_generation IS NULL AND signed_until IS NOT NULL;
COMMENT ON INDEX zone_page_zone_id_signed_until_ix IS
    'for zone_state.signed_until: one look at its first entry';

ALTER TABLE zone_page ADD COLUMN signed_keys bigint;
COMMENT ON COLUMN zone_page.signed_keys IS
    'fingerprint of the DNSKEY set with which every signed set of the page '
    'was verified; null: not looked at';

ALTER TABLE zone_state ADD COLUMN signed_until timestamptz;
COMMENT ON COLUMN zone_state.signed_until IS
    'when the first set of the zone runs out of signatures; null: unsigned';
CREATE INDEX zone_state_signed_until_ix ON zone_state (signed_until)
    WHERE signed_until IS NOT NULL;
COMMENT ON INDEX zone_state_signed_until_ix IS
    'for counting the zones that are about to run out';
GRANT UPDATE (signed_until) ON zone_state TO understudy_xferd;

-- ------------------------------------------------------------ work

ALTER TABLE job DROP CONSTRAINT job_kind_ck;
ALTER TABLE job ADD CONSTRAINT job_kind_ck CHECK (kind IN ('refresh',
    'retransfer', 'accept', 'pin', 'unpin', 'check', 'preflight', 'proof',
    'mail'));
ALTER TABLE job DROP CONSTRAINT job_kind_zone_id_ck;
ALTER TABLE job ADD CONSTRAINT job_kind_zone_id_ck CHECK (
    kind NOT IN ('refresh', 'retransfer', 'accept', 'pin', 'unpin', 'check',
	'proof')
    OR (tenant_id IS NOT NULL AND zone_id IS NOT NULL));
ALTER TABLE attempt DROP CONSTRAINT attempt_kind_ck;
ALTER TABLE attempt ADD CONSTRAINT attempt_kind_ck
    CHECK (kind IN ('probe', 'axfr', 'ixfr', 'notify', 'pin'));
