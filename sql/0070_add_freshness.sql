-- 0070_add_freshness.sql: how fresh a zone is, and what its owner is told.
--
-- Why:        a serial that went back is a state of its own that the customer
--             accepts or not; what each primary showed last, how much of
--             EXPIRE has passed and who notified without being a primary are
--             shown to the customer; what happened is kept as events.
-- Locks:      ACCESS EXCLUSIVE on zone, zone_timer: short, no rewrite.
-- Works with: every program from the first release on.
-- Undo:       drop the columns and zone_event.

ALTER TABLE zone ADD COLUMN accept_lower_serial boolean NOT NULL
    DEFAULT false;
COMMENT ON COLUMN zone.accept_lower_serial IS
    'a serial that went back at the primaries is followed without asking';
GRANT INSERT (accept_lower_serial), UPDATE (accept_lower_serial)
    ON zone TO understudy_apid_app, understudy_apid_operator;

ALTER TABLE zone_timer
    ADD COLUMN noted smallint NOT NULL DEFAULT 0,
    ADD COLUMN back text,
    ADD COLUMN back_serial bigint,
    ADD COLUMN back_at timestamptz,
    ADD COLUMN accept_serial bigint,
    ADD COLUMN compared_at timestamptz,
    ADD COLUMN seen jsonb,
    ADD COLUMN differs_primary uuid,
    ADD COLUMN differs_serial bigint,
    ADD COLUMN stray_address inet,
    ADD COLUMN stray_at timestamptz,
    ADD CONSTRAINT zone_timer_noted_ck
	CHECK (noted IN (0, 50, 75, 90, 100)),
    ADD CONSTRAINT zone_timer_back_ck
	CHECK (back IN ('lower', 'undefined')
	    AND (back IS NULL) = (back_serial IS NULL)
	    AND (back IS NULL) = (back_at IS NULL)),
    ADD CONSTRAINT zone_timer_back_serial_ck
	CHECK (back_serial BETWEEN 0 AND 4294967295),
    ADD CONSTRAINT zone_timer_accept_serial_ck
	CHECK (accept_serial BETWEEN 0 AND 4294967295),
    ADD CONSTRAINT zone_timer_differs_ck CHECK (differs_serial BETWEEN 0
	AND 4294967295
	AND (differs_primary IS NULL) = (differs_serial IS NULL)),
    ADD CONSTRAINT zone_timer_stray_ck
	CHECK ((stray_address IS NULL) = (stray_at IS NULL));
COMMENT ON COLUMN zone_timer.noted IS
    'percent of EXPIRE that had passed without a contact when it was told';
COMMENT ON COLUMN zone_timer.back IS
    'every primary that answered has a serial that is not newer than ours: '
    'lower, or undefined (exactly 2^31 away, RFC 1982 3.2)';
COMMENT ON COLUMN zone_timer.back_serial IS 'the newest of those serials';
COMMENT ON COLUMN zone_timer.accept_serial IS
    'the customer takes this serial, or one newer than it, although it is '
    'lower than ours; forgotten when a round ended well';
COMMENT ON COLUMN zone_timer.compared_at IS
    'when another primary''s content was last compared with ours';
COMMENT ON COLUMN zone_timer.seen IS
    'by primary''s id: serial last seen there, and a word for what is wrong';
COMMENT ON COLUMN zone_timer.differs_primary IS
    'has another content than what we serve, at the serial differs_serial, as '
    'of compared_at';
COMMENT ON COLUMN zone_timer.stray_address IS
    'who sent a NOTIFY last without being one of the primaries';
GRANT UPDATE (noted, back, back_serial, back_at, accept_serial, compared_at,
    seen, differs_primary, differs_serial, stray_address, stray_at) ON zone_timer TO understudy_xferd;

CREATE TABLE zone_event (
	id bigint GENERATED ALWAYS AS IDENTITY,
	tenant_id uuid NOT NULL,
	zone_id uuid NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	kind text NOT NULL,
	message text NOT NULL,
	CONSTRAINT zone_event_id_pk PRIMARY KEY (id),
	CONSTRAINT zone_event_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT zone_event_kind_ck CHECK (kind ~ '^[a-z0-9-]{1,40}$'),
	CONSTRAINT zone_event_message_ck CHECK (length(message) <= 1000)
);
COMMENT ON TABLE zone_event IS
    'what a zone''s owner would want to be told: expiry coming near, a serial '
    'that went back, primaries that disagree. Pruned by age';
CREATE INDEX zone_event_tenant_id_zone_id_id_ix
    ON zone_event (tenant_id, zone_id, id);
COMMENT ON INDEX zone_event_tenant_id_zone_id_id_ix IS
    'for a zone''s list, the foreign key';
CREATE INDEX zone_event_at_ix ON zone_event (at);
COMMENT ON INDEX zone_event_at_ix IS 'for pruning';
CALL tenant_table_protect('zone_event', 'tenant_id');
GRANT SELECT ON zone_event TO understudy_apid_app, understudy_apid_operator;
GRANT SELECT, INSERT, DELETE ON zone_event TO understudy_xferd;
