/*
 * A sample of tests/tools/exhaustive: every name in every situation, every
 * shape of EDNS, types and classes that mean something and some that do not.
 */
#include "tests/lib/everyquestion.h"
#include "tests/lib/test.h"

TEST(a_sample_of_all_questions_holds_the_invariants)
{
	static struct everyquestion e;
	static const uint16_t classes[] = { 1, 3, 254, 255, 0, 65535 };
	struct test_rand r = test_rand_make(test_seed(65536));

	everyquestion_init(&e);
	for (unsigned z = 0; z < COUNT_OF(everyquestion_apexes); z++)
		for (unsigned i = 0; i < COUNT_OF(everyquestion_names); i++) {
			const char *label = everyquestion_names[i];
			uint8_t name[256];
			char text[300];
			size_t len;

			snprintf(text, sizeof(text), "%s%s%s", label,
			    *label != 0 ? "." : "", everyquestion_apexes[z]);
			assert_ok(dname_parse(text, strlen(text), name, &len));
			for (unsigned k = 0; k < 300; k++) {
				uint16_t type = (uint16_t)(k < 70 || k > 245 ?
				    k : test_rand_u32(&r));
				uint16_t qclass = classes[k % 8 == 7 ?
				    test_rand_below(&r, 6) : 0];
				const struct everyquestion_shape *s =
				    &everyquestion_shapes[test_rand_below(&r,
				    COUNT_OF(everyquestion_shapes))];
				unsigned tcp = test_rand_below(&r, 2);
				const char *w = everyquestion_ask(&e, name,
				    type, qclass, s,
				    tcp ? ANSWER_TCP : ANSWER_UDP);

				if (w != NULL)
					fail_msg("%s: %s TYPE%u CLASS%u %s %s",
					    w, text, type, qclass, s->what,
					    tcp ? "TCP" : "UDP");
			}
		}
	everyquestion_fini(&e);
}

/* The checker sees what is wrong: every changed octet that matters. */
TEST(the_checker_notices)
{
	static struct everyquestion e;
	static const struct { size_t at; uint8_t flip; } lies[] = {
		{ 0, 1 }, { 1, 0x80 },			/* ID */
		{ 2, 0x80 }, { 2, 0x08 }, { 2, 1 },	/* QR, opcode, RD */
		{ 2, 4 }, { 2, 2 },			/* AA, TC */
		{ 3, 0x80 }, { 3, 0x40 }, { 3, 0x20 }, { 3, 0x10 },
		{ 3, 3 }, { 3, 1 },			/* rcode */
		{ 5, 1 }, { 7, 1 }, { 9, 1 }, { 11, 1 }, { 6, 1 },
		{ 12, 1 }, { 13, 1 },			/* question */
	};
	static uint8_t copy[65536];
	size_t len;

	everyquestion_init(&e);
	assert_null(everyquestion_ask(&e, (const uint8_t *)"\4host\1s", 1, 1,
	    &everyquestion_shapes[2], ANSWER_UDP));
	len = e.reply_len;
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		memcpy(copy, e.reply, len);
		copy[lies[i].at] ^= lies[i].flip;
		if (replycheck(&e.check, copy, len) == NULL)
			fail_msg("octet %zu with %#x", lies[i].at,
			    lies[i].flip);
	}
	for (size_t n = 0; n < len; n++)		/* cut anywhere */
		assert_non_null(replycheck(&e.check, e.reply, n));
	memcpy(copy, e.reply, len);
	assert_non_null(replycheck(&e.check, copy, len + 1));
	e.check.limit = len - 1;
	assert_non_null(replycheck(&e.check, e.reply, len));
	e.check.limit = len;
	/* The same address twice; an OPT that nobody sent. */
	memcpy(copy, e.reply, len);
	memcpy(copy + 12 + 12 + 16, copy + 12 + 12, 16);
	assert_string_equal(replycheck(&e.check, copy, len),
	    "a record twice");
	e.check.edns = false;
	assert_string_equal(replycheck(&e.check, e.reply, len),
	    "an OPT nobody sent");
	everyquestion_fini(&e);
}
