/* TSIG against what dnspython signs, and against what it must refuse. */
#include "tests/lib/test.h"

#include "common/dns/dnsmsg.h"
#include "common/dns/tsig.h"
#include "tests/unit/common/dns/tsig_vectors.h"

static const uint8_t key_name[] = "\x08TRANSFER\x03key\x07" "example";

static struct tsig *
exchange(const struct vector *v, const struct tsig_policy *policy)
{
	struct tsig_key key;
	struct tsig *t;

	assert_int_equal(tsig_key_init(&key, key_name, sizeof(key_name),
	    (enum tsig_alg)v->alg, vector_secret, sizeof(vector_secret)), OK);
	assert_int_equal(tsig_new(&key, policy, &t), OK);
	return t;
}

static const struct tsig_policy strict = { .fudge_s = 300 };

/* An exchange whose request was sent at VECTOR_NOW. */
static struct tsig *
asked(const struct vector *v, const struct tsig_policy *policy)
{
	struct tsig *t = exchange(v, policy);
	uint8_t msg[1024];
	size_t len = v->request_len;

	memcpy(msg, v->request, len);
	assert_int_equal(tsig_sign_request(t, msg, &len, sizeof(msg),
	    VECTOR_NOW), OK);
	assert_int_equal(len, v->request_signed_len);
	assert_memory_equal(msg, v->request_signed, len);
	return t;
}

TEST(requests_equal_those_of_dnspython)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		tsig_free(asked(&vectors[i], &strict));
}

TEST(a_single_reply_verifies_and_shows_the_skew)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct tsig *t = asked(&vectors[i], &strict);
		struct tsig_result r;

		assert_int_equal(tsig_verify(t, vectors[i].reply,
		    vectors[i].reply_len, VECTOR_NOW, &r), OK);
		assert_int_equal(r.verdict, TSIG_GOOD);
		assert_true(r.has_time);
		assert_int_equal(r.skew_s, 2);
		assert_int_equal(tsig_done(t), OK);
		tsig_free(t);
	}
}

TEST(every_flipped_bit_of_a_reply_is_noticed)
{
	const struct vector *v = &vectors[2];
	uint8_t msg[1024];

	for (size_t bit = 16; bit < v->reply_len * 8; bit++) {
		struct tsig *t;
		struct tsig_result r;

		memcpy(msg, v->reply, v->reply_len);
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Letter case of key and algorithm names is not signed. */
		if (dnsmsg_name_skip(msg, v->reply_len, 12,
		    &(size_t){ 0 }) == OK) {
			struct tsig_rr a, b;

			if (tsig_find(v->reply, v->reply_len, &a) == OK &&
			    tsig_find(msg, v->reply_len, &b) == OK &&
			    bit / 8 >= a.off && a.off == b.off &&
			    a.time_s == b.time_s && a.fudge_s == b.fudge_s &&
			    a.error == b.error && a.other_len == b.other_len &&
			    a.original_id == b.original_id &&
			    a.mac_len == b.mac_len &&
			    memcmp(a.mac, b.mac, a.mac_len) == 0 &&
			    memcmp(a.name, b.name, a.name_len) == 0 &&
			    a.alg == b.alg)
				continue;
		}
		t = asked(v, &strict);
		if (tsig_verify(t, msg, v->reply_len, VECTOR_NOW, &r) == OK)
			fail_msg("bit %zu", bit);
		assert_true(r.verdict != TSIG_GOOD);
		tsig_free(t);
	}
}

TEST(every_truncation_of_a_reply_is_refused)
{
	const struct vector *v = &vectors[2];

	for (size_t n = 0; n < v->reply_len; n++) {
		struct tsig *t = asked(v, &strict);
		struct tsig_result r;

		assert_int_equal(tsig_verify(t, v->reply, n, VECTOR_NOW, &r),
		    ERR_BAD_SIG);
		tsig_free(t);
	}
}

TEST(the_message_id_may_change_on_the_way_T139)
{
	const struct vector *v = &vectors[2];
	struct tsig *t = asked(v, &strict);
	struct tsig_result r;
	uint8_t msg[1024];

	memcpy(msg, v->reply, v->reply_len);
	msg[0] ^= 0xff;
	assert_int_equal(tsig_verify(t, msg, v->reply_len, VECTOR_NOW, &r),
	    OK);
	tsig_free(t);
}

TEST(a_stream_with_unsigned_messages_between_verifies_T132)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct tsig *t = asked(&vectors[i], &strict);
		struct tsig_result r;

		assert_int_equal(tsig_done(t), ERR_BAD_SIG);
		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(tsig_verify(t, vectors[i].stream[k],
			    vectors[i].stream_len[k], VECTOR_NOW + 1, &r), OK);
			assert_int_equal(r.verdict, k == 0 || k == 3 ?
			    TSIG_GOOD : TSIG_UNSIGNED);
			assert_int_equal(tsig_done(t), k == 0 || k == 3 ?
			    OK : ERR_BAD_SIG);	/* T-135 */
		}
		tsig_free(t);
	}
}

TEST(a_stream_with_a_message_changed_missing_or_twice_fails)
{
	const struct vector *v = &vectors[2];

	for (int fault = 0; fault < 3; fault++) {
		struct tsig *t = asked(v, &strict);
		struct tsig_result r;
		uint8_t msg[1024];

		assert_int_equal(tsig_verify(t, v->stream[0],
		    v->stream_len[0], VECTOR_NOW, &r), OK);
		memcpy(msg, v->stream[1], v->stream_len[1]);
		if (fault == 0)
			msg[v->stream_len[1] - 1] ^= 1;
		if (fault != 1)
			assert_int_equal(tsig_verify(t, msg,
			    v->stream_len[1], VECTOR_NOW, &r), OK);
		if (fault == 2)
			assert_int_equal(tsig_verify(t, msg,
			    v->stream_len[1], VECTOR_NOW, &r), OK);
		assert_int_equal(tsig_verify(t, v->stream[2],
		    v->stream_len[2], VECTOR_NOW, &r), OK);
		assert_int_equal(tsig_verify(t, v->stream[3],
		    v->stream_len[3], VECTOR_NOW, &r), ERR_BAD_SIG);
		assert_int_equal(r.verdict, TSIG_BAD_SIG);
		tsig_free(t);
	}
}

TEST(the_first_message_must_be_signed_T133)
{
	struct tsig *t = asked(&vectors[2], &strict);
	struct tsig_result r;

	assert_int_equal(tsig_verify(t, vectors[2].stream[1],
	    vectors[2].stream_len[1], VECTOR_NOW, &r), ERR_BAD_SIG);
	assert_int_equal(r.verdict, TSIG_MISSING);
	tsig_free(t);
}

TEST(ninety_nine_unsigned_messages_are_fine_and_one_more_is_not_T133)
{
	const struct vector *v = &vectors[2];
	struct tsig *t = asked(v, &strict);
	struct tsig_result r;

	assert_int_equal(tsig_verify(t, v->stream[0], v->stream_len[0],
	    VECTOR_NOW, &r), OK);
	for (int i = 0; i < 99; i++)
		assert_int_equal(tsig_verify(t, v->stream[1],
		    v->stream_len[1], VECTOR_NOW, &r), OK);
	assert_int_equal(tsig_verify(t, v->stream[1], v->stream_len[1],
	    VECTOR_NOW, &r), ERR_BAD_SIG);
	assert_int_equal(r.verdict, TSIG_TOO_MANY_UNSIGNED);
	tsig_free(t);
}

TEST(sign_all_refuses_an_unsigned_message_in_between)
{
	const struct vector *v = &vectors[2];
	struct tsig_policy all = { .fudge_s = 300, .sign_all = true };
	struct tsig *t = asked(v, &all);
	struct tsig_result r;

	assert_int_equal(tsig_verify(t, v->stream[0], v->stream_len[0],
	    VECTOR_NOW, &r), OK);
	assert_int_equal(tsig_verify(t, v->stream[1], v->stream_len[1],
	    VECTOR_NOW, &r), ERR_BAD_SIG);
	assert_int_equal(r.verdict, TSIG_MISSING);
	tsig_free(t);
}

TEST(the_time_window_holds_at_its_edges_T138)
{
	static const int64_t off[] = { -302, -298, 302, 303 };
	static const bool good[] = { false, true, true, false };

	/* The reply is of NOW + 2 with a fudge of 300. */
	for (size_t i = 0; i < COUNT_OF(off); i++) {
		struct tsig *t = asked(&vectors[2], &strict);
		struct tsig_result r;
		enum err e = tsig_verify(t, vectors[2].reply,
		    vectors[2].reply_len,
		    (uint64_t)((int64_t)VECTOR_NOW + off[i]), &r);

		if (good[i]) {
			assert_int_equal(e, OK);
		} else {
			assert_int_equal(e, ERR_BAD_SIG);
			assert_int_equal(r.verdict, TSIG_BAD_TIME);
			assert_int_equal(r.skew_s, 2 - off[i]);
		}
		tsig_free(t);
	}
}

TEST(badtime_tells_the_servers_clock_T137)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct tsig *t = asked(&vectors[i], &strict);
		struct tsig_result r;

		assert_int_equal(tsig_verify(t, vectors[i].badtime,
		    vectors[i].badtime_len, VECTOR_NOW, &r), ERR_BAD_SIG);
		assert_int_equal(r.verdict, TSIG_PEER_ERROR);
		assert_int_equal(r.peer_error, 18);
		assert_int_equal(r.skew_s, 4000);
		tsig_free(t);
	}
}

TEST(an_unsigned_badtime_without_a_time_shows_no_skew_T137)
{
	struct tsig *t = asked(&vectors[0], &strict);
	struct tsig_rr tr;
	struct tsig_result r;
	uint8_t msg[512];
	size_t len = vectors[0].request_len;

	assert_ok(tsig_find(vectors[0].request_signed,
	    vectors[0].request_signed_len, &tr));
	memcpy(msg, vectors[0].request, len);
	tr.time_s = 0;
	tr.mac_len = 0;
	tr.error = DNSMSG_BADTIME;
	assert_ok(tsig_append(msg, &len, sizeof(msg), &tr));
	assert_err(tsig_verify(t, msg, len, VECTOR_NOW, &r), ERR_BAD_SIG);
	assert_int_equal(r.verdict, TSIG_PEER_ERROR);
	assert_int_equal(r.peer_error, DNSMSG_BADTIME);
	assert_false(r.has_time);
	tsig_free(t);
}

/* In the message any case; under the MAC lower case: still GOOD. */
TEST(names_of_key_and_algorithm_in_any_case_are_the_same_T131)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint8_t msg[1024];
		struct tsig *t = asked(&vectors[i], &strict);
		size_t len = vectors[i].reply_len, at;
		struct tsig_rr tr;
		struct tsig_result r;

		memcpy(msg, vectors[i].reply, len);
		assert_ok(tsig_find(msg, len, &tr));
		for (at = tr.off; at < tr.off + tr.name_len + 10u +
		    tr.alg_name_len; at++)
			if ((at < tr.off + tr.name_len ||
			    at >= tr.off + tr.name_len + 10u) &&
			    ((msg[at] >= 'a' && msg[at] <= 'z') ||
			    (msg[at] >= 'A' && msg[at] <= 'Z')))
				msg[at] ^= 0x20;
		assert_ok(tsig_verify(t, msg, len, VECTOR_NOW, &r));
		assert_int_equal(r.verdict, TSIG_GOOD);
		tsig_free(t);
	}
}

TEST(a_key_is_wiped_T143)
{
	static const struct tsig_key empty;
	struct tsig_key key;

	assert_ok(tsig_key_init(&key, key_name, sizeof(key_name),
	    TSIG_HMAC_SHA256, vector_secret, sizeof(vector_secret)));
	tsig_key_fini(&key);
	assert_memory_equal(&key, &empty, sizeof(key));
}

TEST(another_key_or_algorithm_is_a_bad_key)
{
	struct tsig *t = asked(&vectors[1], &strict);
	struct tsig_result r;

	assert_int_equal(tsig_verify(t, vectors[2].reply,
	    vectors[2].reply_len, VECTOR_NOW, &r), ERR_BAD_SIG);
	assert_int_equal(r.verdict, TSIG_BAD_KEY);
	tsig_free(t);
}

/* A reply of our own make, with a MAC cut to @mac_len. */
static size_t
reply_cut_to(const struct vector *v, uint16_t mac_len, uint8_t *msg,
    size_t max)
{
	struct tsig_prior prior = { .mac_len = 0 };
	struct tsig_key key;
	struct tsig_rr tr;
	uint8_t input[4096], mac[TSIG_MAC_MAX];
	size_t n, len = v->stream_len[1];

	assert_int_equal(tsig_key_init(&key, key_name, sizeof(key_name),
	    (enum tsig_alg)v->alg, vector_secret, sizeof(vector_secret)), OK);
	assert_int_equal(tsig_find(v->request_signed, v->request_signed_len,
	    &tr), OK);
	memcpy(prior.mac, tr.mac, tr.mac_len);
	prior.mac_len = tr.mac_len;
	memcpy(msg, v->stream[1], len);
	tr.time_s = VECTOR_NOW;
	assert_int_equal(tsig_input(&prior, msg, len, false, &tr, false,
	    input, sizeof(input), &n), OK);
	assert_int_equal(tsig_mac(&key, input, n, mac), OK);
	tr.mac = mac;
	tr.mac_len = mac_len;
	assert_int_equal(tsig_append(msg, &len, max, &tr), OK);
	return len;
}

TEST(truncated_macs_by_policy_T130)
{
	static const struct { uint16_t len, min; enum tsig_verdict v; } c[] = {
		{ 32, 0, TSIG_GOOD }, { 31, 0, TSIG_BAD_TRUNC },
		{ 16, 0, TSIG_BAD_TRUNC }, { 16, 16, TSIG_GOOD },
		{ 20, 21, TSIG_BAD_TRUNC }, { 15, 16, TSIG_BAD_FORM },
		{ 9, 16, TSIG_BAD_FORM }, { 0, 16, TSIG_BAD_FORM },
	};

	for (size_t i = 0; i < COUNT_OF(c); i++) {
		struct tsig_policy p = { .fudge_s = 300, .mac_min = c[i].min };
		struct tsig *t = asked(&vectors[2], &p);
		struct tsig_result r;
		uint8_t msg[2048];
		size_t n = reply_cut_to(&vectors[2], c[i].len, msg,
		    sizeof(msg));
		enum err e = tsig_verify(t, msg, n, VECTOR_NOW, &r);

		assert_int_equal(r.verdict, c[i].v);
		assert_int_equal(e, c[i].v == TSIG_GOOD ? OK : ERR_BAD_SIG);
		tsig_free(t);
	}
}

TEST(a_policy_is_kept_within_the_bounds_of_the_algorithm_T130)
{
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA256, 0), 0);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA256, 1), 16);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA256, 20), 20);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA256, 32), 0);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA512, 16), 32);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA1, 5), 10);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA1, 64), 0);
}

TEST(a_policy_below_the_least_mac_is_refused)
{
	struct tsig_policy p = { .fudge_s = 300, .mac_min = 15 };
	struct tsig_key key;
	struct tsig *t;

	assert_int_equal(tsig_key_init(&key, key_name, sizeof(key_name),
	    TSIG_HMAC_SHA256, vector_secret, 32), OK);
	assert_int_equal(tsig_new(&key, &p, &t), ERR_INVALID);
}

TEST(a_mac_longer_than_the_digest_is_refused)
{
	const struct vector *v = &vectors[2];
	struct tsig_rr tr;
	uint8_t long_mac[64] = { 0 }, right[32];

	assert_int_equal(tsig_find(v->reply, v->reply_len, &tr), OK);
	memcpy(right, tr.mac, 32);
	memcpy(long_mac, right, 32);
	tr.mac = long_mac;
	tr.mac_len = 33;
	assert_int_equal(tsig_judge(&tr, right, 32, 0, tr.time_s, 300),
	    TSIG_BAD_FORM);
}

TEST(two_tsig_records_class_ttl_and_rubbish_are_refused_T140)
{
	const struct vector *v = &vectors[2];
	struct tsig_rr tr, again;
	uint8_t msg[2048];
	size_t len = v->reply_len, fixed;

	assert_int_equal(tsig_find(v->reply, v->reply_len, &tr), OK);
	fixed = tr.off + tr.name_len;
	memcpy(msg, v->reply, len);
	msg[fixed + 3] = 1;			/* class IN */
	assert_int_equal(tsig_find(msg, len, &again), ERR_MALFORMED);
	memcpy(msg, v->reply, len);
	msg[fixed + 7] = 1;			/* TTL 1 */
	assert_int_equal(tsig_find(msg, len, &again), ERR_MALFORMED);
	memcpy(msg, v->reply, len);
	msg[len] = 0;				/* an octet behind it */
	assert_int_equal(tsig_find(msg, len + 1, &again), ERR_MALFORMED);
	assert_int_equal(tsig_append(msg, &len, sizeof(msg), &tr), OK);
	assert_int_equal(tsig_find(msg, len, &again), ERR_MALFORMED);
}

TEST(algorithms_by_text_and_wire)
{
	assert_int_equal(tsig_alg_from_text("HMAC-SHA384."),
	    TSIG_HMAC_SHA384);
	assert_int_equal(tsig_alg_from_text("hmac-sha38"), TSIG_ALG_NONE);
	assert_int_equal(tsig_alg_from_text("hmac-md5"), TSIG_ALG_NONE);
	for (int a = TSIG_HMAC_SHA1; a <= TSIG_HMAC_SHA512; a++) {
		size_t n;
		const uint8_t *w = tsig_alg_wire((enum tsig_alg)a, &n);

		assert_int_equal(tsig_alg_from_wire(w, n), a);
		assert_int_equal(tsig_alg_from_text(
		    tsig_alg_text((enum tsig_alg)a)), a);
	}
}

TEST(a_request_that_does_not_fit_is_left_alone)
{
	struct tsig *t = exchange(&vectors[2], &strict);
	uint8_t msg[64];
	size_t len = vectors[2].request_len;

	memcpy(msg, vectors[2].request, len);
	assert_int_equal(tsig_sign_request(t, msg, &len, sizeof(msg),
	    VECTOR_NOW), ERR_SPACE);
	assert_int_equal(len, vectors[2].request_len);
	assert_memory_equal(msg, vectors[2].request, len);
	tsig_free(t);
}
