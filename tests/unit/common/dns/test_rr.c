/* Rdata: shapes, messages, canonical form; ldns as the oracle for the last. */
#include "tests/lib/test.h"

#include <ctype.h>
#include <ldns/ldns.h>

#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"
#include "tests/lib/rdata.h"

#define ROUNDS	400

TEST(random_rdata_of_every_type_is_accepted)
{
	struct rdata_random r = { 1 };
	uint8_t rdata[4096];

	for (size_t i = 0; i < rdata_n_types; i++)
		for (int k = 0; k < ROUNDS; k++) {
			size_t n = rdata_make(&r, rdata_types[i], rdata);

			if (rr_rdata_check(rdata_types[i], rdata, n) != OK)
				fail_msg("type %u", rdata_types[i]);
		}
}

TEST(rdata_cut_or_changed_is_never_read_past_its_end)
{
	struct rdata_random r = { 2 };
	uint8_t made[4096];

	for (size_t i = 0; i < rdata_n_types; i++)
		for (int k = 0; k < ROUNDS / 4; k++) {
			uint16_t type = rdata_types[i];
			size_t n = rdata_make(&r, type, made);
			size_t cut = rdata_random(&r, (uint32_t)n + 1);
			uint8_t *p = malloc(cut + (cut == 0));
			struct rr_names it;
			struct rr_name name;
			int flips = (int)rdata_random(&r, 4);

			/* Its own allocation: the sanitizer sees the end. */
			memcpy(p, made, cut);
			while (flips-- > 0 && cut > 0)
				p[rdata_random(&r, (uint32_t)cut)] =
				    (uint8_t)rdata_random(&r, 256);
			(void)!rr_rdata_check(type, p, cut);
			it = rr_names_begin(type, p, cut);
			while (rr_names_next(&it, &name))
				assert_true((size_t)name.off + name.len <=
				    cut);
			(void)rr_canonical_compare(type, p, cut, made, n);
			(void)rr_canonical_compare(type, made, n, p, cut);
			rr_canonical_in_place(type, p, cut);
			free(p);
		}
}

struct sample {
	uint16_t type;
	bool good;
	const char *hex;
};

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex[0] != '\0'; hex++) {
		unsigned v;

		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
		hex++;
	}
	return n;
}

TEST(hand_made_rdata_is_judged_right_T100)
{
	static const struct sample samples[] = {
		{ 1, true, "c0000201" }, { 1, false, "c00002" },
		{ 1, false, "c000020100" },
		{ 28, false, "20010db8" },
		{ 2, true, "00" }, { 2, false, "" }, { 2, false, "c00c" },
		{ 2, false, "0161" }, { 2, false, "016100 00" },
		{ 16, true, "00" }, { 16, false, "" }, { 16, false, "0561" },
		{ 16, true, "0161 0162" },
		{ 6, false, "0000 00000001 00000002 00000003 00000004" },
		{ 6, true,
		    "0000 00000001 00000002 00000003 00000004 00000005" },
		/* NSEC: windows in order, 1 to 32 octets, last not zero */
		{ 47, true, "00 0001 40" }, { 47, false, "00" },
		{ 47, false, "00 0001 00" }, { 47, false, "00 0000" },
		{ 47, false, "00 0021 ffffffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff" },
		{ 47, false, "00 0101 40 0001 40" },
		{ 47, false, "00 0001 40 0001 40" },
		{ 47, true, "00 0001 40 0101 40" },
		/* NSEC3: the bitmap may be empty, the hash not */
		{ 50, true, "01 00 0000 00 0161" },
		{ 50, false, "01 00 0000 00 00" },
		{ 50, false, "01 00 0000 05 61" },
		/* SVCB: keys in order, lengths, key 65535 */
		{ 64, true, "0001 00 0003 0002 01bb" },
		{ 64, false, "0001 00 0003 0002 01" },
		{ 64, false, "0001 00 0003 0002 01bb 0003 0002 01bb" },
		{ 64, false, "0001 00 0004 0004 01020304 0003 0002 01bb" },
		{ 64, false, "0001 00 ffff 0000" },
		{ 64, false, "0001 00 0004 0003 010203" },
		{ 64, false, "0001 00 0001 0003 05 6832" },
		{ 64, false, "0001 00 0000 0002 0000" },
		{ 64, true, "0001 00 0000 0002 0001 0001 0003 02 6832" },
		/* the length of NSD CVE-2026-12244: value past the end */
		{ 64, false, "0001 00 0007 ffff 00" },
		/* APL: CVE-2026-12246 */
		{ 42, true, "" }, { 42, true, "0001 18 03 c00002" },
		{ 42, false, "0001 21 03 c00002" },
		{ 42, false, "0001 18 05 c000020101" },
		{ 42, false, "0002 81 00" }, { 42, false, "0001 18 03 c000" },
		{ 257, true, "00 05 6973737565 61" },
		{ 257, false, "00 00 61" }, { 257, false, "00 05 69737375" },
		{ 257, false, "00 02 6920" },
		{ 45, true, "0a 00 02 aa" }, { 45, false, "0a 01 02 c00002" },
		{ 45, false, "0a 03 02 0161" },
		{ 55, true, "01 01 0001 aa bb" }, { 55, false, "01 01 0001 aa" },
		{ 55, false, "00 01 0001 bb" },
		{ 260, true, "0a 00" }, { 260, false, "0a 01 c000" },
		{ 260, false, "0a 00 00" },
		{ 29, true, "00 12 16 13 80000000 80000000 00989680" },
		{ 29, false, "00 12 16 13 80000000 80000000 009896" },
		{ 29, false, "00 a2 16 13 80000000 80000000 00989680" },
		{ 4711, true, "" }, { 4711, true, "ff" },
		/* never zone data */
		{ 0, false, "" }, { 41, false, "" }, { 250, false, "" },
		{ 252, false, "" }, { 255, false, "" }, { 128, false, "" },
	};

	for (size_t i = 0; i < COUNT_OF(samples); i++) {
		uint8_t rdata[256];
		size_t n = unhex(samples[i].hex, rdata);

		if ((rr_rdata_check(samples[i].type, rdata, n) == OK) !=
		    samples[i].good)
			fail_msg("type %u: %s", samples[i].type,
			    samples[i].hex);
	}
}

TEST(names_are_expanded_where_they_may_be_compressed_T099)
{
	static const uint8_t msg[] = "\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\3www\7example\0"		/* at 12 */
	    "\xc0\x0c"			/* at 25: www.example */
	    "\1a\xc0\x10"		/* at 27: a.example */
	    "\xc0\x1f"			/* at 31: itself */
	    "\xc0\x25"			/* at 33: forward */
	    "\xc0\x04"			/* at 35: the header */
	    "\0";
	uint8_t out[512];
	size_t n;

	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 25, 2, 2,
	    out, sizeof(out), &n), OK);
	assert_int_equal(n, 13);
	assert_memory_equal(out, "\3www\7example\0", 13);
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 27, 4, 5,
	    out, sizeof(out), &n), OK);
	assert_memory_equal(out, "\1a\7example\0", 11);
	/* loop, forward, header */
	for (size_t off = 31; off <= 35; off += 2)
		assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), off,
		    2, 2, out, sizeof(out), &n), ERR_MALFORMED);
	/* not in types that never compress: DNAME, NSEC, unknown is opaque */
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 25, 2, 39,
	    out, sizeof(out), &n), ERR_MALFORMED);
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 25, 2, 4711,
	    out, sizeof(out), &n), OK);
	assert_int_equal(n, 2);
	/* the name runs past the rdata */
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 12, 4, 2,
	    out, sizeof(out), &n), ERR_MALFORMED);
	/* rdata past the message; no room */
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 30, 60, 2,
	    out, sizeof(out), &n), ERR_MALFORMED);
	assert_int_equal(rr_rdata_from_message(msg, sizeof(msg), 25, 2, 2,
	    out, 12, &n), ERR_SPACE);
}

static ldns_rr *
as_ldns(uint16_t type, const uint8_t *rdata, size_t n)
{
	uint8_t wire[5000] = { 0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1,
	    0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };
	ldns_rr *rr = NULL;
	size_t pos = 0;

	memcpy(wire + 11, rdata, n);
	if (ldns_wire2rr(&rr, wire, 11 + n, &pos, LDNS_SECTION_ANSWER) !=
	    LDNS_STATUS_OK)
		return NULL;
	return rr;
}

static size_t
ldns_canonical(uint16_t type, const uint8_t *rdata, size_t n, uint8_t *out)
{
	ldns_rr *rr = as_ldns(type, rdata, n);
	ldns_buffer *b;
	size_t len;

	if (rr == NULL)
		return SIZE_MAX;
	ldns_rr2canonical(rr);
	b = ldns_buffer_new(8192);
	assert_int_equal(ldns_rr_rdata2buffer_wire(b, rr), LDNS_STATUS_OK);
	len = ldns_buffer_position(b);
	memcpy(out, ldns_buffer_begin(b), len);
	ldns_buffer_free(b);
	ldns_rr_free(rr);
	return len;
}

TEST(canonical_form_equals_that_of_ldns)
{
	struct rdata_random r = { 3 };
	size_t n_compared = 0;

	for (size_t i = 0; i < rdata_n_types; i++)
		for (int k = 0; k < ROUNDS / 4; k++) {
			uint16_t type = rdata_types[i];
			uint8_t ours[4096], theirs[8192];
			size_t n = rdata_make(&r, type, ours);
			size_t m;

			/* ldns lowers nothing of these: it has them opaque. */
			if (type == RRTYPE_NXT || type == RRTYPE_A6 ||
			    type == RRTYPE_NSAP_PTR || type == RRTYPE_SINK)
				continue;
			m = ldns_canonical(type, ours, n, theirs);
			if (m == SIZE_MAX)
				continue;
			rr_canonical_in_place(type, ours, n);
			if (m != n || memcmp(ours, theirs, n) != 0)
				fail_msg("type %u", type);
			n_compared++;
		}
	assert_true(n_compared > 5000);
}

TEST(canonical_order_is_that_of_the_canonical_octets)
{
	struct rdata_random r = { 4 };

	for (size_t i = 0; i < rdata_n_types; i++)
		for (int k = 0; k < ROUNDS; k++) {
			uint16_t type = rdata_types[i];
			uint8_t a[4096], b[4096], ca[4096], cb[4096];
			size_t n = rdata_make(&r, type, a), m;
			int want, got;

			if (rdata_random(&r, 2)) {
				/* The same but for the case of letters. */
				memcpy(b, a, n);
				m = n;
				for (size_t j = 0; j < m; j++)
					if (isalpha(b[j]) &&
					    rdata_random(&r, 2))
						b[j] ^= 0x20;
				if (rr_rdata_check(type, b, m) != OK)
					continue;
			} else {
				m = rdata_make(&r, type, b);
			}
			memcpy(ca, a, n);
			memcpy(cb, b, m);
			rr_canonical_in_place(type, ca, n);
			rr_canonical_in_place(type, cb, m);
			want = memcmp(ca, cb, n < m ? n : m);
			if (want == 0)
				want = (n > m) - (n < m);
			got = rr_canonical_compare(type, a, n, b, m);
			if ((want > 0) != (got > 0) || (want < 0) != (got < 0))
				fail_msg("type %u", type);
		}
}

TEST(letter_case_counts_where_it_should)
{
	/* NS: names are lowered. */
	assert_int_equal(rr_canonical_compare(2, (const uint8_t *)"\1a", 3,
	    (const uint8_t *)"\1A", 3), 0);
	/* NSEC (RFC 6840 5.1), SVCB, TXT: not. */
	assert_true(rr_canonical_compare(47,
	    (const uint8_t *)"\1a\0\0\1\x40", 6,
	    (const uint8_t *)"\1A\0\0\1\x40", 6) > 0);
	assert_true(rr_canonical_compare(64,
	    (const uint8_t *)"\0\1\1a", 5,
	    (const uint8_t *)"\0\1\1A", 5) > 0);
	assert_true(rr_canonical_compare(16, (const uint8_t *)"\1a", 2,
	    (const uint8_t *)"\1A", 2) > 0);
	/* NAPTR: the strings not, the name yes. */
	assert_int_equal(rr_canonical_compare(35,
	    (const uint8_t *)"\0\1\0\1\1u\0\0\1b", 11,
	    (const uint8_t *)"\0\1\0\1\1u\0\0\1B", 11), 0);
	assert_true(rr_canonical_compare(35,
	    (const uint8_t *)"\0\1\0\1\1u\0\0\1b", 11,
	    (const uint8_t *)"\0\1\0\1\1U\0\0\1b", 11) > 0);
}

TEST(names_inside_are_found)
{
	static const uint8_t soa[] = "\2ns\0\1h\0"
	    "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5";
	static const uint8_t hip[] = "\1\1\0\1xy\1a\0\1b\0";
	struct rr_names it = rr_names_begin(6, soa, sizeof(soa) - 1);
	struct rr_name n;

	assert_true(rr_names_next(&it, &n));
	assert_int_equal(n.off, 0);
	assert_int_equal(n.len, 4);
	assert_int_equal(n.kind, 'N');
	assert_true(rr_names_next(&it, &n));
	assert_int_equal(n.off, 4);
	assert_false(rr_names_next(&it, &n));
	assert_false(rr_names_next(&it, &n));
	it = rr_names_begin(55, hip, sizeof(hip) - 1);
	assert_true(rr_names_next(&it, &n));
	assert_int_equal(n.off, 6);
	assert_true(rr_names_next(&it, &n));
	assert_int_equal(n.off, 9);
	assert_int_equal(n.kind, 'n');
	assert_false(rr_names_next(&it, &n));
	it = rr_names_begin(1, soa, 4);
	assert_false(rr_names_next(&it, &n));
	assert_true(rr_has_names(RRTYPE_MX));
	assert_false(rr_has_names(RRTYPE_AAAA));
}

TEST(a_soa_is_taken_apart)
{
	static const uint8_t soa[] = "\2ns\0\0"
	    "\xff\xff\xff\xff\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5";
	struct rr_soa s;

	assert_int_equal(rr_soa_parse(soa, sizeof(soa) - 1, &s), OK);
	assert_true(s.serial == UINT32_MAX);
	assert_int_equal(s.minimum, 5);
	assert_int_equal(s.mname_len, 4);
	for (size_t n = 0; n < sizeof(soa) - 1; n++)
		assert_int_equal(rr_soa_parse(soa, n, &s), ERR_MALFORMED);
}
