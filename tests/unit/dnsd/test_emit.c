/* Records into a message: all of a set or nothing, and names made shorter. */
#include "tests/lib/test.h"

#include "common/base/base.h"
#include "dnsd/emit.h"

enum { QUESTION_END = 12 + 13 + 4, APEX = 16, ROOM = 65535 };

static uint8_t message[ROOM];
static struct emit e;

/* "www.example. A IN" is in the message. */
static void
begin(size_t limit, bool compress)
{
	memset(message, 0xee, sizeof(message));
	memcpy(message + 12, "\3www\7example\0\0\1\0\1", 17);
	emit_begin(&e, message, QUESTION_END, limit, sizeof(message), APEX,
	    compress);
}

/* A record as a page has it; returns its length. */
static uint32_t
stored(uint8_t *p, unsigned type, uint32_t ttl, const void *rdata, size_t len)
{
	const uint8_t fixed[] = { 0xc0, 12, (uint8_t)(type >> 8),
	    (uint8_t)type, 0, 1, (uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16),
	    (uint8_t)(ttl >> 8), (uint8_t)ttl, (uint8_t)(len >> 8),
	    (uint8_t)len };

	memcpy(p, fixed, sizeof(fixed));
	memcpy(p + sizeof(fixed), rdata, len);
	return (uint32_t)(sizeof(fixed) + len);
}

static struct emit_set
set_of(uint8_t *p, unsigned type, const void *rdata, size_t len)
{
	return (struct emit_set){ .rr = p, .n_rr = 1,
	    .rr_len = stored(p, type, 3600, rdata, len) };
}

static struct emit_owner
qname(void)
{
	return (struct emit_owner){ .at = EMIT_QNAME };
}

/* Not in the message yet: a key with its tree byte. */
static struct emit_owner
owner_of(const char *key, size_t len)
{
	return (struct emit_owner){ .key = (const uint8_t *)key,
	    .key_len = (uint16_t)len };
}

#define OWNER(key)	owner_of("\0" key, sizeof(key) + 1)

/* The name at @at as text; how many pointers were followed. */
static unsigned
name_at(size_t at, char *out)
{
	unsigned hops = 0;

	*out = '\0';
	while (message[at] != 0) {
		if (message[at] >= 0xc0) {
			size_t to = (size_t)(message[at] & 0x3f) << 8 |
			    message[at + 1];

			assert_true(to < at);		/* backwards only */
			at = to;
			hops++;
			continue;
		}
		strncat(out, (char *)message + at + 1, message[at]);
		strcat(out, ".");
		at += 1u + message[at];
	}
	return hops;
}

TEST(the_questions_name_is_a_pointer)
{
	uint8_t p[64];
	struct emit_set set = set_of(p, 1, "\300\0\2\1", 4);
	struct emit_owner owner = qname();
	size_t at = 0;

	begin(512, false);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	assert_int_equal(at, QUESTION_END);
	assert_int_equal(e.len, QUESTION_END + 16);
	assert_memory_equal(message + at, p, 16);
	assert_int_equal(e.count[EMIT_ANSWER], 1);
	assert_int_equal(e.count[EMIT_AUTHORITY], 0);
}

TEST(another_owner_is_written_once_and_then_pointed_at)
{
	uint8_t p[64];
	struct emit_set set = set_of(p, 1, "\300\0\2\1", 4);
	struct emit_owner owner = OWNER("example\0ns");
	char text[256];
	size_t at;

	begin(512, false);
	/* A key runs from the apex down: ns.example. below example. */
	assert_true(emit_put(&e, EMIT_ADDITIONAL, &owner, &set, &at));
	assert_int_equal(name_at(at, text), 1);
	assert_string_equal(text, "ns.example.example.");
	assert_int_equal(owner.at, QUESTION_END);
	assert_true(emit_put(&e, EMIT_ADDITIONAL, &owner, &set, &at));
	assert_int_equal(message[at], 0xc0);
	assert_int_equal(message[at + 1], QUESTION_END);
	assert_int_equal(e.count[EMIT_ADDITIONAL], 2);
}

TEST(the_fast_way_writes_the_same)
{
	uint8_t p[128], want[256];
	struct emit_set set = { .rr = p, .n_rr = 2 };
	struct emit_owner owner = qname();
	size_t len;

	set.rr_len = stored(p, 1, 60, "\300\0\2\1", 4);
	set.rr_len += stored(p + set.rr_len, 1, 60, "\300\0\2\2", 4);
	set.sig_len = stored(p + set.rr_len, 46, 60, "0123456789012345678", 19);
	begin(512, false);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
	assert_int_equal(e.count[EMIT_ANSWER], 3);	/* the RRSIG, too */
	len = e.len;
	memcpy(want, message, len);
	begin(512, false);
	assert_true(emit_put_fast(&e, &set));
	assert_int_equal(e.len, len);
	assert_memory_equal(message, want, len);
	assert_int_equal(e.count[EMIT_ANSWER], 3);
}

TEST(a_set_goes_in_whole_or_not_at_all)
{
	uint8_t p[64];
	struct emit_set set = { .rr = p, .n_rr = 2 };
	size_t size = 2 * (12 + 4) + 3;		/* the label "ns" once */

	set.rr_len = stored(p, 1, 60, "\300\0\2\1", 4);
	set.rr_len += stored(p + 16, 1, 60, "\300\0\2\2", 4);
	for (size_t limit = QUESTION_END; limit <= QUESTION_END + size + 1;
	    limit++) {
		struct emit_owner owner = OWNER("ns");
		bool fits = limit >= QUESTION_END + size;

		begin(limit, false);
		assert_int_equal(emit_put(&e, EMIT_ADDITIONAL, &owner, &set,
		    NULL), fits);
		assert_int_equal(e.len, QUESTION_END + (fits ? size : 0));
		assert_int_equal(e.count[EMIT_ADDITIONAL], fits ? 2 : 0);
		/* What was undone is nowhere in the message. */
		assert_int_equal(owner.at, fits ? QUESTION_END : 0);
	}
	begin(QUESTION_END + 31, false);
	assert_false(emit_put_fast(&e, &set));
	assert_int_equal(e.len, QUESTION_END);
	assert_int_equal(e.count[EMIT_ANSWER], 0);
	begin(QUESTION_END + 32, false);
	assert_true(emit_put_fast(&e, &set));
}

TEST(names_in_rdata_are_compressed_on_demand)
{
	static const char mail[] = "\0\12\4mail\3WWW\7eXample";	/* and 0 */
	uint8_t p[64];
	struct emit_set set = set_of(p, 15, mail, sizeof(mail));
	struct emit_owner owner = qname();
	size_t at, end, rdata;
	char text[256];

	begin(512, false);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	rdata = emit_rdata(&e, at, &end);
	assert_int_equal(end - rdata, sizeof(mail));
	begin(512, true);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	rdata = emit_rdata(&e, at, &end);
	assert_int_equal(end, e.len);
	assert_int_equal(end - rdata, 2 + 5 + 2);	/* mail, pointer */
	assert_memory_equal(message + rdata, "\0\12\4mail\300\14", 9);
	assert_int_equal(name_at(rdata + 2, text), 1);
	assert_string_equal(text, "mail.www.example.");
}

TEST(both_names_of_a_soa_are_compressed_and_the_numbers_kept)
{
	static const char soa[] = "\2ns\7example\0\1h\2ns\7example\0"
	    "0123456789abcdefghi";
	uint8_t p[128];
	struct emit_set set = set_of(p, 6, soa, sizeof(soa));
	struct emit_owner owner = qname();
	size_t at, end, rdata;

	begin(512, true);
	assert_true(emit_put(&e, EMIT_AUTHORITY, &owner, &set, &at));
	rdata = emit_rdata(&e, at, &end);
	assert_int_equal(end - rdata, 3 + 2 + 2 + 2 + 20);
	assert_memory_equal(message + rdata, "\2ns\300\20\1h", 7);
	assert_int_equal(message[rdata + 7], 0xc0);
	assert_int_equal(message[rdata + 8], rdata);	/* at ns.example */
	assert_memory_equal(message + rdata + 9, "0123456789abcdefghi", 20);
}

TEST(only_the_types_of_rfc_1035_are_compressed)
{
	static const unsigned whole[] = { 39, 33, 46, 16, 64, 65280, 18 };
	static const unsigned shorter[] = { 2, 5, 12 };
	static const char name[] = "\3www\7example";
	uint8_t p[64];

	for (size_t i = 0; i < COUNT_OF(whole); i++) {
		struct emit_set set = set_of(p, whole[i], name, sizeof(name));
		struct emit_owner owner = qname();

		begin(512, true);
		assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
		assert_int_equal(e.len, QUESTION_END + 12 + sizeof(name));
	}
	for (size_t i = 0; i < COUNT_OF(shorter); i++) {
		struct emit_set set = set_of(p, shorter[i], name,
		    sizeof(name));
		struct emit_owner owner = qname();

		begin(512, true);
		assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
		assert_int_equal(e.len, QUESTION_END + 12 + 2);
	}
}

TEST(what_fits_only_when_compressed_fits)
{
	static const char name[] = "\3www\7example";
	uint8_t p[64];
	struct emit_set set = set_of(p, 2, name, sizeof(name));
	struct emit_owner owner = qname();

	begin(QUESTION_END + 14, false);
	assert_false(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
	begin(QUESTION_END + 14, true);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
	assert_false(emit_put(&e, EMIT_ANSWER, &owner, &set, NULL));
}

TEST(names_of_an_undone_set_are_not_pointed_at)
{
	static const char other[] = "\5other\3net";
	uint8_t p[64], q[64];
	struct emit_set big = { .rr = p, .n_rr = 2 };
	struct emit_set set = set_of(q, 2, other, sizeof(other));
	struct emit_owner owner = qname();
	size_t at, end, rdata;

	big.rr_len = stored(p, 2, 60, other, sizeof(other));
	big.rr_len += stored(p + big.rr_len, 2, 60, "\5third\3org", 11);
	begin(QUESTION_END + 12 + sizeof(other) + 10, true);
	assert_false(emit_put(&e, EMIT_ANSWER, &owner, &big, NULL));
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	rdata = emit_rdata(&e, at, &end);
	assert_int_equal(end - rdata, sizeof(other));
	assert_memory_equal(message + rdata, other, sizeof(other));
}

TEST(no_name_takes_more_hops_than_some_resolvers_follow)
{
	struct emit_owner owner = qname();
	uint8_t p[300], name[256] = { 0 };
	size_t len = 1;
	unsigned most = 0;

	begin(4096, true);
	for (unsigned i = 0; i < 40; i++) {
		struct emit_set set;
		size_t at, end;
		unsigned hops;
		char text[512];

		memmove(name + 2, name, len);	/* one label more in front */
		name[0] = 1;
		name[1] = (uint8_t)('a' + i % 26);
		len += 2;
		set = set_of(p, 2, name, len);
		assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
		hops = name_at(emit_rdata(&e, at, &end), text);
		most = MAX(most, hops);
		assert_int_equal(strlen(text), 2 * (i + 1));
	}
	assert_int_equal(most, EMIT_HOPS_MAX);
}

TEST(nothing_points_beyond_16_kib)
{
	static const char late[] = "\4late\3net";
	uint8_t p[64];
	struct emit_owner owner = qname(), far = OWNER("far");
	struct emit_set set = set_of(p, 2, late, sizeof(late));
	size_t at, end, rdata;

	begin(60000, true);
	e.len = EMIT_POINTER_MAX + 1;
	for (int i = 0; i < 2; i++) {
		assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
		rdata = emit_rdata(&e, at, &end);
		assert_int_equal(end - rdata, sizeof(late));
	}
	assert_true(emit_put(&e, EMIT_ADDITIONAL, &far, &set, &at));
	assert_int_equal(far.at, 0);		/* written again next time */
	assert_memory_equal(message + at, "\3far\300\20", 6);
	assert_int_equal(emit_reach(EMIT_POINTER_MAX), EMIT_POINTER_MAX);
	assert_int_equal(emit_reach(EMIT_POINTER_MAX + 1), 0);
}

TEST(ttls_are_capped_from_a_place_on)
{
	uint8_t p[64];
	struct emit_owner owner = qname();
	struct emit_set set = { .rr = p, .n_rr = 2 };
	static const uint32_t want[] = { 3600, 3600, 300, 60 };
	size_t at, from, end;

	set.rr_len = stored(p, 1, 3600, "\300\0\2\1", 4);
	set.rr_len += stored(p + 16, 1, 3600, "\300\0\2\2", 4);
	begin(512, false);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	stored(p + 16, 1, 60, "\300\0\2\2", 4);
	assert_true(emit_put(&e, EMIT_AUTHORITY, &owner, &set, &from));
	emit_cap_ttl(&e, from, 300);
	for (int i = 0; i < 4; i++) {
		size_t rdata = emit_rdata(&e, at, &end);
		uint32_t ttl = (uint32_t)message[rdata - 4] << 8 |
		    message[rdata - 3];

		assert_int_equal(ttl, want[i]);
		at = end;
	}
	assert_int_equal(at, e.len);
}

TEST(labels_are_skipped_through_pointers)
{
	uint8_t p[64];
	struct emit_owner owner = OWNER("a\0b");
	struct emit_set set = set_of(p, 1, "\300\0\2\1", 4);
	size_t at;

	begin(512, false);
	assert_true(emit_put(&e, EMIT_ANSWER, &owner, &set, &at));
	/* b.a.example: the pointer is to the question's "example". */
	assert_int_equal(emit_skip_labels(&e, at, 0), at);
	assert_int_equal(emit_skip_labels(&e, at, 1), at + 2);
	assert_int_equal(emit_skip_labels(&e, at, 2), APEX);
	assert_int_equal(emit_skip_labels(&e, at, 3), APEX + 8);
	assert_int_equal(emit_skip_labels(&e, at, 9), APEX + 8);
	assert_int_equal(emit_skip_labels(&e, EMIT_QNAME, 1), APEX);
}

TEST(the_root_as_apex_has_a_pointer_of_its_own)
{
	uint8_t p[64];
	struct emit_owner owner = OWNER("net");
	struct emit_set set = set_of(p, 1, "\300\0\2\1", 4);
	char text[256];
	size_t at;

	begin(512, false);
	e.apex_at = 12 + 12;			/* the root of the question */
	assert_true(emit_put(&e, EMIT_AUTHORITY, &owner, &set, &at));
	name_at(at, text);
	assert_string_equal(text, "net.");
}
