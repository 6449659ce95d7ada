-- 0004_add_page_records.sql: pages as rows, for people with psql.
--
-- Why:        a page is bytes; whoever looks at the database wants records.
--             Programs decode pages in C and never call these.
-- Locks:      none.
-- Works with: every program from the first release on; page format 1.
-- Undo:       drop the functions.

CREATE FUNCTION wire_label_text(label bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION wire_label_text IS 'a label in presentation form';

CREATE FUNCTION wire_name_text(wire bytea, INOUT at integer, OUT name text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION wire_name_text IS
    'the name at byte "at" (from 0) in presentation form with the final dot, '
    'and where it ends';

CREATE FUNCTION owner_key_text(key bytea, apex bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION owner_key_text IS
    'the owner name of a key in a zone, in presentation form';

CREATE FUNCTION rr_type_text(type integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
COMMENT ON FUNCTION rr_type_text IS 'the mnemonic of a type, or TYPEn';

CREATE FUNCTION rr_rdata_text(type integer, rdata bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION rr_rdata_text IS
    'rdata in presentation form for the common types, else as RFC 3597';

CREATE FUNCTION page_records(apex bytea, body bytea)
RETURNS TABLE (
	owner text,
	ttl bigint,
	class text,
	type text,
	rdata text,
	type_number integer,
	rdata_wire bytea
)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
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
COMMENT ON FUNCTION page_records IS
    'the records of a page body, in its order';

CREATE FUNCTION zone_records(zone text)
RETURNS TABLE (
	tenant_id uuid,
	owner text,
	ttl bigint,
	class text,
	type text,
	rdata text
)
LANGUAGE sql STABLE AS $$
	SELECT z.tenant_id, r.owner, r.ttl, r.class, r.type, r.rdata
	FROM zone z JOIN zone_page p ON p.zone_id = z.id
	CROSS JOIN LATERAL page_records(z.apex, p.body)
	    WITH ORDINALITY AS r (owner, ttl, class, type, rdata, n, w, i)
	WHERE z.name = CASE WHEN $1 = '.' THEN '.' ELSE lower(rtrim($1, '.'))
	    END
	AND z.deleted_at IS NULL AND p.to_generation IS NULL
	ORDER BY z.tenant_id, p.low_key, r.i
$$;
COMMENT ON FUNCTION zone_records IS
    'what is published of a zone, by name: '
    'SELECT * FROM zone_records(''example.com''). Rows of every claim that '
    'the caller may see';

CREATE FUNCTION zone_problems(zone uuid) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
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
$$;
COMMENT ON FUNCTION zone_problems IS
    'what is inconsistent in the stored zone; no rows when all is well. For '
    'tests and for people who doubt';

GRANT EXECUTE ON FUNCTION wire_label_text, wire_name_text, owner_key_text,
    rr_type_text, rr_rdata_text, page_records, zone_records, zone_problems
    TO understudy_apid_app, understudy_apid_operator, understudy_xferd;
