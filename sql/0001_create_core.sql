-- 0001_create_core.sql: tenants, claims, what is published, and its pages.
--
-- Why:        the first schema. docs/DATABASE.md explains it as a whole.
-- Locks:      none that matter, all objects are new.
-- Works with: every program from the first release on.
-- Undo:       drop the tables; there is no older program to go back to.
--
-- Rules: one name per thing (docs/ARCHITECTURE.md, vocabulary); every
-- tenant-owned table carries tenant_id and refers by (tenant_id, id), because
-- foreign keys and unique constraints do not obey row security; constraints
-- are named <table>_<columns>_{pk,uq,fk,ck,ix}.

-- ------------------------------------------------------------ tenants

CREATE TABLE tenant (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	name text NOT NULL,
	limits jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	suspended_at timestamptz,
	CONSTRAINT tenant_id_pk PRIMARY KEY (id),
	CONSTRAINT tenant_name_uq UNIQUE (name),
	CONSTRAINT tenant_name_ck CHECK (length(name) BETWEEN 1 AND 100),
	CONSTRAINT tenant_limits_ck CHECK (jsonb_typeof(limits) = 'object')
);
COMMENT ON TABLE tenant IS
    'a customer; everything it owns carries its id';
COMMENT ON COLUMN tenant.limits IS
    'what differs from the configured limits: {"zones": 100, ...}';
COMMENT ON COLUMN tenant.suspended_at IS
    'when the operator stopped this tenant; null while it is in order';

CREATE TABLE token (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid,
	kind text NOT NULL DEFAULT 'tenant',
	name text NOT NULL DEFAULT '',
	prefix text NOT NULL,
	hash bytea NOT NULL,
	scopes text[] NOT NULL DEFAULT '{*}',
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz,
	last_used_at timestamptz,
	revoked_at timestamptz,
	CONSTRAINT token_id_pk PRIMARY KEY (id),
	CONSTRAINT token_hash_uq UNIQUE (hash),
	CONSTRAINT token_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT token_kind_ck CHECK (kind IN ('operator', 'tenant')),
	CONSTRAINT token_kind_tenant_id_ck
	    CHECK ((kind = 'operator') = (tenant_id IS NULL)),
	CONSTRAINT token_name_ck CHECK (length(name) <= 100),
	CONSTRAINT token_prefix_ck CHECK (length(prefix) BETWEEN 1 AND 32),
	CONSTRAINT token_hash_ck CHECK (octet_length(hash) = 32),
	CONSTRAINT token_scopes_ck CHECK (cardinality(scopes) BETWEEN 1 AND 64)
);
COMMENT ON TABLE token IS
    'a bearer token; the secret itself is shown once and never stored';
COMMENT ON COLUMN token.tenant_id IS 'null for an operator''s token';
COMMENT ON COLUMN token.prefix IS
    'the first characters of the token, to recognise it in lists and logs';
COMMENT ON COLUMN token.hash IS
    'BLAKE2b-256 of the secret, keyed with the pepper that only apid has';
COMMENT ON COLUMN token.last_used_at IS
    'to the minute: token_find writes it at most once a minute';
CREATE INDEX token_tenant_id_ix ON token (tenant_id, created_at);
COMMENT ON INDEX token_tenant_id_ix IS 'for the list of a tenant''s tokens';

CREATE TABLE tsig_key (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	name text NOT NULL,
	name_wire bytea NOT NULL,
	algorithm text NOT NULL,
	sealed bytea NOT NULL,
	fingerprint text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	changed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT tsig_key_id_pk PRIMARY KEY (id),
	CONSTRAINT tsig_key_tenant_id_id_uq UNIQUE (tenant_id, id),
	CONSTRAINT tsig_key_tenant_id_name_wire_uq UNIQUE (tenant_id, name_wire),
	CONSTRAINT tsig_key_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT tsig_key_name_ck
	    CHECK (length(name) BETWEEN 1 AND 1010 AND name = lower(name)),
	CONSTRAINT tsig_key_name_wire_ck
	    CHECK (octet_length(name_wire) BETWEEN 1 AND 255
		AND get_byte(name_wire, octet_length(name_wire) - 1) = 0),
	CONSTRAINT tsig_key_algorithm_ck CHECK (algorithm IN ('hmac-sha1',
	    'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512')),
	CONSTRAINT tsig_key_sealed_ck
	    CHECK (octet_length(sealed) BETWEEN 49 AND 1024),
	CONSTRAINT tsig_key_fingerprint_ck
	    CHECK (length(fingerprint) BETWEEN 8 AND 128)
);
COMMENT ON TABLE tsig_key IS
    'a TSIG key of a tenant; names are unique in the tenant only';
COMMENT ON COLUMN tsig_key.name IS
    'lower-case presentation form without the final dot';
COMMENT ON COLUMN tsig_key.name_wire IS 'lower-case wire form';
COMMENT ON COLUMN tsig_key.sealed IS
    'sealed box to xferd''s public key over tenant id, key id, algorithm and '
    'secret; write-only for apid (it may not select this column)';
COMMENT ON COLUMN tsig_key.fingerprint IS
    'what a person can compare: first part of a digest over the secret';

CREATE TABLE primary_server (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	name text,
	address inet NOT NULL,
	port integer NOT NULL DEFAULT 53,
	transport text NOT NULL DEFAULT 'tcp',
	key_id uuid,
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT primary_server_id_pk PRIMARY KEY (id),
	CONSTRAINT primary_server_tenant_id_id_uq UNIQUE (tenant_id, id),
	CONSTRAINT primary_server_tenant_id_name_uq UNIQUE (tenant_id, name),
	CONSTRAINT primary_server_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT primary_server_tenant_id_key_id_fk
	    FOREIGN KEY (tenant_id, key_id) REFERENCES tsig_key (tenant_id, id),
	CONSTRAINT primary_server_name_ck CHECK (length(name) BETWEEN 1 AND 100),
	CONSTRAINT primary_server_address_ck CHECK (masklen(address) =
	    CASE family(address) WHEN 4 THEN 32 ELSE 128 END),
	CONSTRAINT primary_server_port_ck CHECK (port BETWEEN 1 AND 65535),
	CONSTRAINT primary_server_transport_ck
	    CHECK (transport IN ('tcp', 'tls'))
);
COMMENT ON TABLE primary_server IS
    'where a tenant''s zones are pulled from; an address, never a host name';
COMMENT ON COLUMN primary_server.name IS
    'the tenant''s label; null when it was given inline with a zone';
COMMENT ON COLUMN primary_server.transport IS
    'of transfers; SOA probes go by UDP unless it is tls';
CREATE INDEX primary_server_tenant_id_address_ix
    ON primary_server (tenant_id, address, port);
COMMENT ON INDEX primary_server_tenant_id_address_ix IS
    'for finding an inline primary, and who may send NOTIFY';
CREATE INDEX primary_server_tenant_id_key_id_ix
    ON primary_server (tenant_id, key_id) WHERE key_id IS NOT NULL;
COMMENT ON INDEX primary_server_tenant_id_key_id_ix IS
    'for the foreign key, when a TSIG key is deleted';

-- ------------------------------------------------------------ claims

CREATE TABLE zone (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	name text NOT NULL,
	apex bytea NOT NULL,
	state text NOT NULL DEFAULT 'pending',
	stripes bigint NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	changed_at timestamptz NOT NULL DEFAULT now(),
	deleted_at timestamptz,
	CONSTRAINT zone_id_pk PRIMARY KEY (id),
	CONSTRAINT zone_tenant_id_id_uq UNIQUE (tenant_id, id),
	CONSTRAINT zone_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id),
	CONSTRAINT zone_name_ck
	    CHECK (length(name) BETWEEN 1 AND 1010 AND name = lower(name)
		AND (name = '.' OR right(name, 1) <> '.'
		    OR right(name, 2) = '\.')),
	CONSTRAINT zone_apex_ck CHECK (octet_length(apex) BETWEEN 1 AND 255
	    AND get_byte(apex, octet_length(apex) - 1) = 0),
	CONSTRAINT zone_name_apex_ck
	    CHECK ((name = '.') = (octet_length(apex) = 1)),
	CONSTRAINT zone_state_ck CHECK (state IN ('pending', 'active',
	    'warned', 'suspended', 'lapsed')),
	CONSTRAINT zone_stripes_ck CHECK (stripes <> 0)
);
COMMENT ON TABLE zone IS
    'a claim: one tenant''s row for a zone name; others may claim it too';
COMMENT ON COLUMN zone.name IS
    'lower-case presentation form without the final dot; the root is "."';
COMMENT ON COLUMN zone.apex IS 'lower-case wire form';
COMMENT ON COLUMN zone.state IS
    'of the claim: pending until proven, active and warned are served';
COMMENT ON COLUMN zone.stripes IS
    'bit mask of the name-server sets that serve it (64 stripes)';
COMMENT ON COLUMN zone.deleted_at IS
    'set: the edges drop it; its rows are purged later';
CREATE UNIQUE INDEX zone_tenant_id_apex_uq ON zone (tenant_id, apex)
    WHERE deleted_at IS NULL;
COMMENT ON INDEX zone_tenant_id_apex_uq IS
    'one claim of a tenant on a name; for the zone by name';
CREATE INDEX zone_apex_ix ON zone (apex) WHERE deleted_at IS NULL;
COMMENT ON INDEX zone_apex_ix IS 'for a NOTIFY''s zones, conflicting claims';
CREATE INDEX zone_tenant_id_name_ix ON zone (tenant_id, name text_pattern_ops)
    WHERE deleted_at IS NULL;
COMMENT ON INDEX zone_tenant_id_name_ix IS 'for the list, its cursor and q=';
CREATE INDEX zone_deleted_at_ix ON zone (deleted_at)
    WHERE deleted_at IS NOT NULL;
COMMENT ON INDEX zone_deleted_at_ix IS 'for purging';

CREATE TABLE zone_primary (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	ordinal smallint NOT NULL,
	primary_id uuid NOT NULL,
	CONSTRAINT zone_primary_zone_id_ordinal_pk
	    PRIMARY KEY (zone_id, ordinal),
	CONSTRAINT zone_primary_zone_id_primary_id_uq
	    UNIQUE (zone_id, primary_id),
	CONSTRAINT zone_primary_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT zone_primary_tenant_id_primary_id_fk
	    FOREIGN KEY (tenant_id, primary_id)
	    REFERENCES primary_server (tenant_id, id),
	CONSTRAINT zone_primary_ordinal_ck CHECK (ordinal BETWEEN 0 AND 15)
);
COMMENT ON TABLE zone_primary IS
    'the primaries of a zone in the order in which they are tried';
CREATE INDEX zone_primary_tenant_id_primary_id_ix
    ON zone_primary (tenant_id, primary_id);
COMMENT ON INDEX zone_primary_tenant_id_primary_id_ix IS
    'for the zones of one primary: NOTIFY sources, the foreign key';

-- ------------------------------------------------------------ state
-- Three tables, because their rhythms differ.

CREATE TABLE zone_state (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	apex bytea NOT NULL,
	stripes bigint NOT NULL,
	state text NOT NULL DEFAULT 'empty',
	generation bigint NOT NULL DEFAULT 0,
	serial bigint,
	soa bytea,
	root_level smallint,
	root_digest bytea,
	record_count bigint NOT NULL DEFAULT 0,
	page_count bigint NOT NULL DEFAULT 0,
	loaded_at timestamptz,
	checked_at timestamptz,
	expires_at timestamptz,
	stamp xid8 NOT NULL DEFAULT pg_current_xact_id(),
	CONSTRAINT zone_state_zone_id_pk PRIMARY KEY (zone_id),
	CONSTRAINT zone_state_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT zone_state_apex_ck
	    CHECK (octet_length(apex) BETWEEN 1 AND 255),
	CONSTRAINT zone_state_state_ck
	    CHECK (state IN ('empty', 'live', 'withdrawn', 'deleted')),
	CONSTRAINT zone_state_generation_ck CHECK (generation >= 0),
	CONSTRAINT zone_state_serial_ck
	    CHECK (serial BETWEEN 0 AND 4294967295),
	CONSTRAINT zone_state_soa_ck CHECK (octet_length(soa) BETWEEN 22 AND 530),
	CONSTRAINT zone_state_root_level_ck CHECK (root_level BETWEEN 0 AND 7),
	CONSTRAINT zone_state_root_digest_ck
	    CHECK (octet_length(root_digest) = 32),
	CONSTRAINT zone_state_counts_ck
	    CHECK (record_count >= 0 AND page_count >= 0),
	CONSTRAINT zone_state_generation_content_ck CHECK (generation = 0
	    OR (serial IS NOT NULL AND soa IS NOT NULL
		AND root_level IS NOT NULL AND root_digest IS NOT NULL
		AND loaded_at IS NOT NULL AND checked_at IS NOT NULL
		AND expires_at IS NOT NULL)),
	CONSTRAINT zone_state_live_ck CHECK (state <> 'live' OR generation > 0)
);
COMMENT ON TABLE zone_state IS
    'what is published of a zone; changes only with a publication or a change '
    'of state. Made by a trigger when the claim is inserted';
COMMENT ON COLUMN zone_state.apex IS
    'copy of zone.apex: an edge reads this table, not the claims';
COMMENT ON COLUMN zone_state.stripes IS 'copy of zone.stripes';
COMMENT ON COLUMN zone_state.state IS
    'for the edges: empty (claimed, never loaded: SERVFAIL), live (answer), '
    'withdrawn (not proven, suspended: as if not there), deleted (final)';
COMMENT ON COLUMN zone_state.generation IS
    'ours: rises by one with each publication, under this row''s lock';
COMMENT ON COLUMN zone_state.serial IS 'the customer''s, of the SOA';
COMMENT ON COLUMN zone_state.soa IS 'rdata of the SOA, uncompressed';
COMMENT ON COLUMN zone_state.root_level IS
    '0: the root is a page; n: it is the zone_node of level n';
COMMENT ON COLUMN zone_state.root_digest IS 'BLAKE2b-256 of the root';
COMMENT ON COLUMN zone_state.checked_at IS
    'of the check that expires_at was counted from; between an edge''s two '
    'sources (here, refresh_batch) the later checked_at wins';
COMMENT ON COLUMN zone_state.expires_at IS
    'EXPIRE as of checked_at; later checks are in refresh_batch';
COMMENT ON COLUMN zone_state.stamp IS
    'transaction that wrote the row last; set by trigger, also on a logical '
    'subscriber (its own). Not ordered by commit: read only by feed_changes';
CREATE INDEX zone_state_stamp_ix ON zone_state (stamp);
COMMENT ON INDEX zone_state_stamp_ix IS 'for feed_changes';
CREATE INDEX zone_state_tenant_id_ix ON zone_state (tenant_id);
COMMENT ON INDEX zone_state_tenant_id_ix IS 'for row security, usage counts';

CREATE TABLE zone_timer (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	due_at timestamptz NOT NULL DEFAULT now(),
	priority smallint NOT NULL DEFAULT 1,
	lease_owner uuid,
	lease_until timestamptz,
	failures integer NOT NULL DEFAULT 0,
	serial_hint bigint,
	retransfer boolean NOT NULL DEFAULT false,
	primary_ordinal smallint NOT NULL DEFAULT 0,
	primary_serial bigint,
	checked_at timestamptz,
	expires_at timestamptz,
	last_error text,
	last_error_at timestamptz,
	CONSTRAINT zone_timer_zone_id_pk PRIMARY KEY (zone_id),
	CONSTRAINT zone_timer_tenant_id_zone_id_fk
	    FOREIGN KEY (tenant_id, zone_id) REFERENCES zone (tenant_id, id)
	    ON DELETE CASCADE,
	CONSTRAINT zone_timer_priority_ck CHECK (priority BETWEEN 0 AND 3),
	CONSTRAINT zone_timer_lease_ck
	    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
	CONSTRAINT zone_timer_failures_ck CHECK (failures >= 0),
	CONSTRAINT zone_timer_serial_hint_ck
	    CHECK (serial_hint BETWEEN 0 AND 4294967295),
	CONSTRAINT zone_timer_primary_serial_ck
	    CHECK (primary_serial BETWEEN 0 AND 4294967295),
	CONSTRAINT zone_timer_primary_ordinal_ck
	    CHECK (primary_ordinal BETWEEN 0 AND 15),
	CONSTRAINT zone_timer_last_error_ck CHECK (length(last_error) <= 1000)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE zone_timer IS
    'when a zone is looked at next and by whom; written at each check, so it '
    'is kept apart from zone_state. Made by a trigger with the claim';
COMMENT ON COLUMN zone_timer.priority IS
    'why it is due: 0 NOTIFY, 1 new zone, 2 asked for by API, 3 refresh';
COMMENT ON COLUMN zone_timer.lease_owner IS
    'the xferd instance that works on it; fences the publication';
COMMENT ON COLUMN zone_timer.lease_until IS
    'after this another instance may take the zone';
COMMENT ON COLUMN zone_timer.failures IS 'checks that failed in a row';
COMMENT ON COLUMN zone_timer.serial_hint IS
    'what a NOTIFY announced; forgotten after one retry';
COMMENT ON COLUMN zone_timer.retransfer IS
    'the next transfer is a full AXFR whatever the serial';
COMMENT ON COLUMN zone_timer.primary_ordinal IS
    'which of zone_primary is tried first';
COMMENT ON COLUMN zone_timer.primary_serial IS
    'the serial last seen at a primary, loaded or not';
COMMENT ON COLUMN zone_timer.checked_at IS
    'last check that a primary answered with authority';
COMMENT ON COLUMN zone_timer.expires_at IS
    'EXPIRE as of checked_at: the same that the edges get';
CREATE INDEX zone_timer_due_at_ix ON zone_timer (due_at);
COMMENT ON INDEX zone_timer_due_at_ix IS 'for claiming what is due';
CREATE INDEX zone_timer_lease_owner_ix ON zone_timer (lease_owner)
    WHERE lease_owner IS NOT NULL;
COMMENT ON INDEX zone_timer_lease_owner_ix IS 'for renewing one''s leases';
CREATE INDEX zone_timer_tenant_id_ix ON zone_timer (tenant_id);
COMMENT ON INDEX zone_timer_tenant_id_ix IS 'for row security, fairness';

CREATE TABLE refresh_batch (
	id bigint GENERATED ALWAYS AS IDENTITY,
	checked_at timestamptz NOT NULL DEFAULT now(),
	zone_ids uuid[] NOT NULL,
	expires_at timestamptz[] NOT NULL,
	stamp xid8 NOT NULL DEFAULT pg_current_xact_id(),
	CONSTRAINT refresh_batch_id_pk PRIMARY KEY (id),
	CONSTRAINT refresh_batch_zone_ids_ck
	    CHECK (cardinality(zone_ids) BETWEEN 1 AND 10000
		AND array_position(zone_ids, NULL) IS NULL),
	CONSTRAINT refresh_batch_zone_ids_expires_at_ck
	    CHECK (cardinality(zone_ids) = cardinality(expires_at)
		AND array_position(expires_at, NULL) IS NULL)
);
COMMENT ON TABLE refresh_batch IS
    'zones found up to date and their new EXPIRE deadlines, many to a row; '
    'append-only, pruned by refresh_prune';
COMMENT ON COLUMN refresh_batch.checked_at IS
    'not later than any of the checks in the row';
CREATE INDEX refresh_batch_stamp_ix ON refresh_batch (stamp);
COMMENT ON INDEX refresh_batch_stamp_ix IS 'for feed_changes';
CREATE INDEX refresh_batch_checked_at_ix ON refresh_batch (checked_at);
COMMENT ON INDEX refresh_batch_checked_at_ix IS 'for refresh_prune';

-- ------------------------------------------------------------ content
-- No foreign keys from pages, nodes and versions: a check per page would
-- lock the claim's row and cost more than the insert. The publication holds
-- the zone_state row, and purging deletes by zone_id.

CREATE TABLE zone_version (
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
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT zone_version_zone_id_generation_pk
	    PRIMARY KEY (zone_id, generation),
	CONSTRAINT zone_version_generation_ck CHECK (generation > 0),
	CONSTRAINT zone_version_serial_ck
	    CHECK (serial BETWEEN 0 AND 4294967295),
	CONSTRAINT zone_version_soa_ck
	    CHECK (octet_length(soa) BETWEEN 22 AND 530),
	CONSTRAINT zone_version_root_level_ck CHECK (root_level BETWEEN 0 AND 7),
	CONSTRAINT zone_version_root_digest_ck
	    CHECK (octet_length(root_digest) = 32),
	CONSTRAINT zone_version_counts_ck CHECK (record_count > 0
	    AND page_count > 0 AND pages_written BETWEEN 0 AND page_count),
	CONSTRAINT zone_version_mode_ck
	    CHECK (mode IN ('axfr', 'ixfr', 'pin'))
);
COMMENT ON TABLE zone_version IS
    'a published version; its pages are those live at its generation';
COMMENT ON COLUMN zone_version.pages_written IS
    'pages that differ from the version before';
COMMENT ON COLUMN zone_version.mode IS 'how it came to be';
COMMENT ON COLUMN zone_version.primary_id IS
    'primary_server it came from; may be gone by now';
CREATE INDEX zone_version_created_at_ix ON zone_version (created_at);
COMMENT ON INDEX zone_version_created_at_ix IS 'for retention';

CREATE TABLE zone_page (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	low_key bytea NOT NULL,
	high_key bytea,
	from_generation bigint NOT NULL,
	to_generation bigint,
	record_count integer NOT NULL,
	digest bytea NOT NULL,
	body bytea COMPRESSION lz4 NOT NULL,
	CONSTRAINT zone_page_zone_id_low_key_from_generation_pk
	    PRIMARY KEY (zone_id, low_key, from_generation),
	CONSTRAINT zone_page_low_key_ck CHECK (octet_length(low_key) BETWEEN 1 AND 512),
	CONSTRAINT zone_page_high_key_ck CHECK (high_key > low_key
	    AND octet_length(high_key) <= 512),
	CONSTRAINT zone_page_from_generation_ck CHECK (from_generation > 0),
	CONSTRAINT zone_page_to_generation_ck
	    CHECK (to_generation > from_generation),
	CONSTRAINT zone_page_record_count_ck CHECK (record_count >= 0),
	CONSTRAINT zone_page_digest_ck CHECK (octet_length(digest) = 32),
	CONSTRAINT zone_page_body_ck
	    CHECK (octet_length(body) BETWEEN 1 AND 262144)
);
COMMENT ON TABLE zone_page IS
    'a range of owner names of a zone, in the form dnsd answers from '
    '(docs/PAGE.md); live at generation g: from_generation <= g and '
    '(to_generation is null or to_generation > g)';
COMMENT ON COLUMN zone_page.low_key IS
    'owner key where the range begins (inclusive); the first page has \x00';
COMMENT ON COLUMN zone_page.high_key IS
    'owner key where the next page begins; null for the last';
COMMENT ON COLUMN zone_page.to_generation IS
    'first generation without this page; null while it is live';
COMMENT ON COLUMN zone_page.digest IS 'BLAKE2b-256 of body';
CREATE UNIQUE INDEX zone_page_zone_id_low_key_live_uq
    ON zone_page (zone_id, low_key) WHERE to_generation IS NULL;
COMMENT ON INDEX zone_page_zone_id_low_key_live_uq IS
    'one live page per range; for the feeder, records and seek';
CREATE INDEX zone_page_zone_id_from_generation_low_key_live_ix
    ON zone_page (zone_id, from_generation, low_key)
    WHERE to_generation IS NULL;
COMMENT ON INDEX zone_page_zone_id_from_generation_low_key_live_ix IS
    'the pages that are newer than a generation; for the feeder';
CREATE INDEX zone_page_zone_id_to_generation_ix
    ON zone_page (zone_id, to_generation) WHERE to_generation IS NOT NULL;
COMMENT ON INDEX zone_page_zone_id_to_generation_ix IS 'for retention';

CREATE TABLE zone_node (
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	level smallint NOT NULL,
	low_key bytea NOT NULL,
	high_key bytea,
	from_generation bigint NOT NULL,
	to_generation bigint,
	digest bytea NOT NULL,
	children bytea COMPRESSION lz4 NOT NULL,
	CONSTRAINT zone_node_zone_id_level_low_key_from_generation_pk
	    PRIMARY KEY (zone_id, level, low_key, from_generation),
	CONSTRAINT zone_node_level_ck CHECK (level BETWEEN 1 AND 7),
	CONSTRAINT zone_node_low_key_ck CHECK (octet_length(low_key) BETWEEN 1 AND 512),
	CONSTRAINT zone_node_high_key_ck CHECK (high_key > low_key
	    AND octet_length(high_key) <= 512),
	CONSTRAINT zone_node_from_generation_ck CHECK (from_generation > 0),
	CONSTRAINT zone_node_to_generation_ck
	    CHECK (to_generation > from_generation),
	CONSTRAINT zone_node_digest_ck CHECK (octet_length(digest) = 32),
	CONSTRAINT zone_node_children_ck
	    CHECK (octet_length(children) BETWEEN 1 AND 262144)
);
COMMENT ON TABLE zone_node IS
    'inner node of the page tree of a zone with more than one page: fence '
    'key and digest of each child (docs/PAGE.md)';
COMMENT ON COLUMN zone_node.level IS '1: the children are pages';
COMMENT ON COLUMN zone_node.digest IS 'BLAKE2b-256 of children';
CREATE UNIQUE INDEX zone_node_zone_id_level_low_key_live_uq
    ON zone_node (zone_id, level, low_key) WHERE to_generation IS NULL;
COMMENT ON INDEX zone_node_zone_id_level_low_key_live_uq IS
    'one live node per range; for the feeder';
CREATE INDEX zone_node_zone_id_to_generation_ix
    ON zone_node (zone_id, to_generation) WHERE to_generation IS NOT NULL;
COMMENT ON INDEX zone_node_zone_id_to_generation_ix IS 'for retention';

-- ------------------------------------------------------------ work

CREATE TABLE attempt (
	id bigint GENERATED ALWAYS AS IDENTITY,
	zone_id uuid NOT NULL,
	tenant_id uuid NOT NULL,
	started_at timestamptz NOT NULL,
	finished_at timestamptz NOT NULL,
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
	CONSTRAINT attempt_id_pk PRIMARY KEY (id),
	CONSTRAINT attempt_kind_ck
	    CHECK (kind IN ('probe', 'axfr', 'ixfr', 'notify')),
	CONSTRAINT attempt_primary_port_ck
	    CHECK (primary_port BETWEEN 0 AND 65535),
	CONSTRAINT attempt_transport_ck
	    CHECK (transport IN ('udp', 'tcp', 'tls')),
	CONSTRAINT attempt_outcome_ck
	    CHECK (outcome IN ('ok', 'uptodate', 'failed', 'refused')),
	CONSTRAINT attempt_reason_ck CHECK (length(reason) <= 64),
	CONSTRAINT attempt_message_ck CHECK (length(message) <= 1000),
	CONSTRAINT attempt_serials_ck CHECK (
	    serial_before BETWEEN 0 AND 4294967295
	    AND serial_after BETWEEN 0 AND 4294967295
	    AND primary_serial BETWEEN 0 AND 4294967295),
	CONSTRAINT attempt_generation_ck CHECK (generation > 0),
	CONSTRAINT attempt_codes_ck CHECK (rcode BETWEEN 0 AND 4095
	    AND ede BETWEEN 0 AND 65535 AND tsig_error BETWEEN 0 AND 65535),
	CONSTRAINT attempt_finished_at_ck CHECK (finished_at >= started_at),
	CONSTRAINT attempt_details_ck CHECK (jsonb_typeof(details) = 'object'
	    AND pg_column_size(details) <= 65536)
);
COMMENT ON TABLE attempt IS
    'flight recorder: each NOTIFY, probe and transfer of a zone, so that a '
    'person can see what happened; pruned to the last ones by attempt_prune. '
    'No foreign keys: it is written often';
COMMENT ON COLUMN attempt.outcome IS
    'ok (something new), uptodate, failed (theirs or the net), refused (ours)';
COMMENT ON COLUMN attempt.reason IS
    'stable word for programs (connect.refused, tsig.badtime ...)';
COMMENT ON COLUMN attempt.message IS
    'the same for a person; parts of it come from the primary';
COMMENT ON COLUMN attempt.primary_serial IS 'of the SOA the primary showed';
COMMENT ON COLUMN attempt.generation IS
    'the zone_version that it published; at most one attempt has it';
COMMENT ON COLUMN attempt.rcode IS 'of the decisive answer, extended';
COMMENT ON COLUMN attempt.ede IS 'extended DNS error code of that answer';
COMMENT ON COLUMN attempt.tsig_error IS 'TSIG error field (RFC 8945)';
COMMENT ON COLUMN attempt.clock_skew_s IS
    'the primary''s clock minus ours, in seconds, from its TSIG time';
COMMENT ON COLUMN attempt.bytes IS 'received, in bytes of DNS messages';
COMMENT ON COLUMN attempt.connect_ms IS
    'milliseconds until connected; null when an open connection was used';
COMMENT ON COLUMN attempt.first_byte_ms IS
    'milliseconds from the request to the first answer';
COMMENT ON COLUMN attempt.transfer_ms IS
    'milliseconds from the first answer to the last';
COMMENT ON COLUMN attempt.ingest_ms IS
    'milliseconds for pages, comparison and commit';
COMMENT ON COLUMN attempt.total_ms IS 'milliseconds in all';
COMMENT ON COLUMN attempt.details IS
    'what else was seen, at most 64 KiB: TLS, first and last SOA ...';
CREATE INDEX attempt_zone_id_id_ix ON attempt (zone_id, id);
COMMENT ON INDEX attempt_zone_id_id_ix IS 'for the list, and attempt_prune';

CREATE TABLE job (
	id bigint GENERATED ALWAYS AS IDENTITY,
	tenant_id uuid,
	zone_id uuid,
	kind text NOT NULL,
	payload jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'queued',
	lease_owner uuid,
	lease_until timestamptz,
	tries smallint NOT NULL DEFAULT 0,
	result jsonb,
	created_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	CONSTRAINT job_id_pk PRIMARY KEY (id),
	CONSTRAINT job_tenant_id_fk FOREIGN KEY (tenant_id)
	    REFERENCES tenant (id) ON DELETE CASCADE,
	CONSTRAINT job_tenant_id_zone_id_fk FOREIGN KEY (tenant_id, zone_id)
	    REFERENCES zone (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT job_kind_ck CHECK (kind IN ('refresh', 'retransfer',
	    'check', 'preflight', 'proof', 'mail')),
	CONSTRAINT job_kind_zone_id_ck CHECK (
	    kind NOT IN ('refresh', 'retransfer', 'check', 'proof')
	    OR (tenant_id IS NOT NULL AND zone_id IS NOT NULL)),
	CONSTRAINT job_state_ck
	    CHECK (state IN ('queued', 'running', 'done', 'failed')),
	CONSTRAINT job_lease_ck
	    CHECK ((state = 'running') = (lease_owner IS NOT NULL)
		AND (lease_owner IS NULL) = (lease_until IS NULL)),
	CONSTRAINT job_finished_at_ck
	    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
	CONSTRAINT job_tries_ck CHECK (tries BETWEEN 0 AND 100),
	CONSTRAINT job_payload_ck CHECK (jsonb_typeof(payload) = 'object'
	    AND pg_column_size(payload) <= 65536),
	CONSTRAINT job_result_ck CHECK (jsonb_typeof(result) = 'object'
	    AND pg_column_size(result) <= 262144)
);
COMMENT ON TABLE job IS
    'what apid asks xferd to do; an insert notifies understudy_job';
COMMENT ON COLUMN job.payload IS 'at most 64 KiB';
COMMENT ON COLUMN job.result IS 'at most 256 KiB';
COMMENT ON COLUMN job.tries IS 'how often it was begun';
CREATE INDEX job_id_open_ix ON job (id)
    WHERE state IN ('queued', 'running');
COMMENT ON INDEX job_id_open_ix IS 'for claiming jobs in order';
CREATE INDEX job_tenant_id_zone_id_ix ON job (tenant_id, zone_id);
COMMENT ON INDEX job_tenant_id_zone_id_ix IS
    'for the foreign keys, row security, and "is one queued already"';
CREATE INDEX job_finished_at_ix ON job (finished_at)
    WHERE finished_at IS NOT NULL;
COMMENT ON INDEX job_finished_at_ix IS 'for pruning';

-- ------------------------------------------------------------ service

CREATE TABLE edge (
	name text NOT NULL,
	epoch bigint NOT NULL,
	applied_xmin xid8 NOT NULL,
	exceptions jsonb NOT NULL DEFAULT '[]',
	counters jsonb NOT NULL DEFAULT '{}',
	first_seen_at timestamptz NOT NULL DEFAULT now(),
	seen_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT edge_name_pk PRIMARY KEY (name),
	CONSTRAINT edge_name_ck CHECK (length(name) BETWEEN 1 AND 63),
	CONSTRAINT edge_exceptions_ck
	    CHECK (jsonb_typeof(exceptions) = 'array'
		AND jsonb_array_length(exceptions) <= 10000),
	CONSTRAINT edge_counters_ck CHECK (jsonb_typeof(counters) = 'object'
	    AND pg_column_size(counters) <= 1048576)
) WITH (fillfactor = 50);
COMMENT ON TABLE edge IS
    'one row per dnsd, written by edge_report: what it serves';
COMMENT ON COLUMN edge.epoch IS
    'the feeder''s: a new one when it had to reconcile from nothing';
COMMENT ON COLUMN edge.applied_xmin IS
    'in the core''s transactions: a zone with a lower stamp is served, '
    'unless it is among the exceptions';
COMMENT ON COLUMN edge.exceptions IS
    'zones not served as published: [{"zone_id", "generation", "reason"}]';

CREATE TABLE audit (
	id bigint GENERATED ALWAYS AS IDENTITY,
	at timestamptz NOT NULL DEFAULT now(),
	tenant_id uuid,
	actor text NOT NULL,
	token_id uuid,
	source inet,
	action text NOT NULL,
	object text,
	reason text,
	details jsonb,
	CONSTRAINT audit_id_pk PRIMARY KEY (id),
	CONSTRAINT audit_actor_ck CHECK (length(actor) BETWEEN 1 AND 200),
	CONSTRAINT audit_action_ck CHECK (length(action) BETWEEN 1 AND 64),
	CONSTRAINT audit_object_ck CHECK (length(object) <= 1100),
	CONSTRAINT audit_reason_ck CHECK (length(reason) <= 1000),
	CONSTRAINT audit_details_ck CHECK (jsonb_typeof(details) = 'object'
	    AND pg_column_size(details) <= 16384)
);
COMMENT ON TABLE audit IS
    'who did what; programs may only insert. No foreign keys: it outlives '
    'what it tells about';
COMMENT ON COLUMN audit.actor IS 'token:<prefix>, operator:<prefix>, xferd';
COMMENT ON COLUMN audit.details IS 'at most 16 KiB, never a secret';
CREATE INDEX audit_tenant_id_id_ix ON audit (tenant_id, id);
COMMENT ON INDEX audit_tenant_id_id_ix IS 'for a tenant''s audit list';

CREATE TABLE setting (
	name text NOT NULL,
	value jsonb NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT setting_name_pk PRIMARY KEY (name),
	CONSTRAINT setting_name_ck CHECK (name ~ '^[a-z][a-z0-9_.]{0,62}$')
);
COMMENT ON TABLE setting IS
    'what the whole installation shares and no file should hold';
