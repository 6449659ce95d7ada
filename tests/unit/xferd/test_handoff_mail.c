/* The courier's frames: there and back, at every length. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "xferd/handoff_mail.h"

static uint8_t frame[HANDOFF_MAIL_MAX + 1];
static size_t len;

#define CUTS(name) do {							\
	struct handoff_##name back_;					\
	for (size_t k_ = 0; k_ < len; k_++) {				\
		uint8_t *cut_ = malloc(k_ + (k_ == 0));			\
		memcpy(cut_, frame, k_);				\
		assert_int_equal(handoff_##name##_decode(cut_, k_,	\
		    &back_), ERR_MALFORMED);				\
		free(cut_);						\
	}								\
	assert_int_equal(handoff_##name##_decode(frame, len + 1,	\
	    &back_), ERR_MALFORMED);					\
} while (0)

TEST(how_the_relay_is_spoken_to)
{
	const struct handoff_relay in = { HANDOFF_RELAY_TLS, 465, 60000,
		"relay.example.net", "user", "secret", "dns@example.net" };
	struct handoff_relay out;

	assert_int_equal(handoff_relay_encode(&in, frame, sizeof(frame),
	    &len), OK);
	assert_int_equal(handoff_relay_decode(frame, len, &out), OK);
	assert_string_equal(out.host, in.host);
	assert_string_equal(out.user, in.user);
	assert_string_equal(out.password, in.password);
	assert_string_equal(out.from, in.from);
	assert_int_equal(out.tls, in.tls);
	assert_int_equal(out.port, 465);
	CUTS(relay);
	frame[0] = 9;
	assert_int_equal(handoff_relay_decode(frame, len, &out),
	    ERR_MALFORMED);
	assert_int_equal(handoff_relay_encode(&in, frame, 20, &len),
	    ERR_SPACE);
}

TEST(a_letter)
{
	struct handoff_letter in = { 7, "who@example.org", 5,
		(const uint8_t *)"hello" }, out;

	assert_int_equal(handoff_letter_encode(&in, frame, sizeof(frame),
	    &len), OK);
	assert_int_equal(handoff_letter_decode(frame, len, &out), OK);
	assert_int_equal(out.cookie, 7);
	assert_string_equal(out.to, in.to);
	assert_int_equal(out.len, 5);
	assert_memory_equal(out.text, "hello", 5);
	CUTS(letter);
	in.len = HANDOFF_LETTER_MAX + 1;
	assert_int_equal(handoff_letter_encode(&in, frame, sizeof(frame),
	    &len), ERR_SPACE);
}

TEST(what_the_relay_said)
{
	struct handoff_letter_result in = { 7, HANDOFF_LETTER_REFUSED,
		true, 11, "550 no such" }, out;

	assert_int_equal(handoff_letter_result_encode(&in, frame,
	    sizeof(frame), &len), OK);
	assert_int_equal(handoff_letter_result_decode(frame, len, &out), OK);
	assert_int_equal(out.end, HANDOFF_LETTER_REFUSED);
	assert_true(out.unreached);
	assert_memory_equal(out.text, in.text, 11);
	CUTS(letter_result);
	frame[len - 1] = '\033';		/* it goes into logs */
	assert_int_equal(handoff_letter_result_decode(frame, len, &out),
	    ERR_MALFORMED);
}
