/* Every frame: there and back, at every length, and what is refused. */
#include "tests/lib/test.h"

#include "common/dns/ownerkey.h"
#include "xferd/handoff.h"

static const uint8_t soa[] = "\2ns\0\1h\0"
    "\0\0\0\7\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5";
enum { SOA_LEN = sizeof(soa) - 1 };

/*
 * Encode, decode, encode again: the same octets. Shorter and longer payloads
 * do not decode. Leaves the payload in @payload.
 */
#define ROUND(name, in) do {						\
	struct handoff_##name back_;					\
	uint8_t again_[HANDOFF_LARGE_MAX];				\
	size_t n_;							\
	assert_int_equal(handoff_##name##_encode(&(in), payload,	\
	    sizeof(payload) - 1, &len), OK);				\
	assert_int_equal(handoff_##name##_decode(payload, len, &back_),	\
	    OK);							\
	assert_int_equal(handoff_##name##_encode(&back_, again_,	\
	    sizeof(again_), &n_), OK);					\
	assert_int_equal(n_, len);					\
	assert_memory_equal(payload, again_, len);			\
	for (size_t k_ = 0; k_ < len; k_++) {				\
		uint8_t *cut_ = malloc(k_ + (k_ == 0));			\
		memcpy(cut_, payload, k_);				\
		if (!(tail_is_free && k_ >= tail_at))			\
			assert_int_equal(handoff_##name##_decode(cut_,	\
			    k_, &back_), ERR_MALFORMED);		\
		else							\
			(void)!handoff_##name##_decode(cut_, k_, &back_);\
		free(cut_);						\
		assert_int_equal(handoff_##name##_encode(&(in), again_,	\
		    k_, &n_), ERR_SPACE);				\
	}								\
	payload[len] = 0;						\
	if (!tail_is_free)						\
		assert_int_equal(handoff_##name##_decode(payload,	\
		    len + 1, &back_), ERR_MALFORMED);			\
	for (size_t k_ = 0; k_ < len; k_++) {	/* any octet changed */	\
		uint8_t was_ = payload[k_];				\
		payload[k_] ^= (uint8_t)(1 + k_ * 37 % 255);		\
		(void)!handoff_##name##_decode(payload, len, &back_);	\
		payload[k_] = was_;					\
	}								\
} while (0)

static uint8_t payload[HANDOFF_LARGE_MAX + 1];
static size_t len;
static bool tail_is_free;
static size_t tail_at;

static int
reset(void **state)
{
	(void)state;
	tail_is_free = false;
	return 0;
}

TEST_WITH(frames_of_fetch_go_there_and_back, reset, NULL)
{
	struct handoff_ready ready = { HANDOFF_VERSION, HANDOFF_ROLE_PROBE };
	struct handoff_fetch_conn conn = { .transport = HANDOFF_TCP,
	    .connecting = true, .connect_ms = 1, .first_ms = 2, .idle_ms = 3,
	    .total_ms = 4, .rate_min_bps = 0, .rate_window_ms = 6,
	    .n_keys = 2 };
	struct handoff_fetch_zone zone = { .cookie = 99, .apex_len = 9,
	    .apex = "\7example", .mode = HANDOFF_IXFR, .serial = 7,
	    .soa_len = SOA_LEN, .key_id = 5, .fudge_s = 300, .mac_min = 16,
	    .sign_all = true, .edns = true,
	    .limits = { 1, 2, 3, 4, 5, 6, 7 } };
	struct handoff_current current = { 99 };
	struct handoff_fetch_drop drop = { UINT64_MAX };
	struct handoff_fetch_tls tls = { .pkix = true, .name_len = 7,
	    .name = "ns.test", .address = { .family = 4, .port = 853 },
	    .n_pins = 2, .pins = { "one", "two" }, .ca_len = 2,
	    .ca = (const uint8_t *)"ca", .certificate_len = 4,
	    .certificate = (const uint8_t *)"cert", .key_len = 3,
	    .key = (const uint8_t *)"key" };
	struct handoff_mark mark = { HANDOFF_ADD, 7, 300, SOA_LEN, soa };
	struct handoff_result result = { .cookie = 99, .reason = HANDOFF_OK,
	    .style = HANDOFF_STYLE_AXFR, .reusable = true, .aa = true,
	    .has_soa = true, .serial = 7, .soa_len = SOA_LEN, .soa = soa,
	    .records = 1, .bytes = 2, .messages = 3, .ms = 5,
	    .has_connect = true, .connect_ms = 3, .first_ms = 4,
	    .facts = { .rcode = 22, .tsig = TSIG_GOOD, .has_skew = true,
	    .skew_s = -5, .has_keepalive = true, .keepalive_ds = 300,
	    .has_ede = true, .ede = 18 }, .text_len = 4,
	    .text = "text" };

	memcpy(zone.soa, soa, SOA_LEN);
	for (int i = 0; i < 2; i++) {
		conn.keys[i].id = (uint32_t)i + 1;
		assert_int_equal(tsig_key_init(&conn.keys[i].key,
		    (const uint8_t *)"\3Key", 5, TSIG_HMAC_SHA256,
		    (const uint8_t *)"secret", 6), OK);
	}
	ROUND(ready, ready);
	ROUND(fetch_conn, conn);
	ROUND(fetch_zone, zone);
	ROUND(mark, mark);
	ROUND(current, current);
	ROUND(fetch_drop, drop);
	ROUND(fetch_tls, tls);
	tls.pkix = false;		/* nothing would be proved */
	tls.n_pins = 0;
	assert_int_equal(handoff_fetch_tls_encode(&tls, payload,
	    sizeof(payload), &len), OK);
	assert_int_equal(handoff_fetch_tls_decode(payload, len, &tls),
	    ERR_MALFORMED);
	conn.transport = HANDOFF_TLS;
	ROUND(fetch_conn, conn);
	ROUND(result, result);
	result.tls = (struct handoff_tls){ .set = true,
	    .version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384",
	    .has_pin = true, .pin = "pin" };
	ROUND(result, result);
	result.reason = HANDOFF_RCODE;
	result.has_soa = false;
	result.style = HANDOFF_STYLE_NONE;
	ROUND(result, result);
}

TEST_WITH(frames_of_probe_go_there_and_back, reset, NULL)
{
	struct handoff_probe_addr addr = { 7, HANDOFF_UDP, false, 1000, 3 };
	struct handoff_probe_zone zone = { .cookie = 1, .addr_id = 7,
	    .apex_len = 1, .edns = true };
	struct handoff_probe_zone keyed = { .cookie = 1, .addr_id = 7,
	    .apex_len = 1, .edns = true, .key_id = 3,
	    .alg = TSIG_HMAC_SHA512, .key_name_len = 3, .key_name = "\1k",
	    .fudge_s = 300 };
	struct handoff_probe_close close = { 7 };
	struct handoff_probe_result result = { .cookie = 1, .addr_id = 7,
	    .reason = HANDOFF_OK, .has_soa = true, .serial = 7,
	    .soa_len = SOA_LEN, .soa = soa, .ms = 4, .tries = 1 };
	struct handoff_hmac hmac = { 8, 3, 5, (const uint8_t *)"bytes" };
	struct handoff_hmac_reply reply = { 8, 3, (const uint8_t *)"mac" };

	ROUND(probe_addr, addr);
	ROUND(probe_zone, zone);
	ROUND(probe_zone, keyed);
	ROUND(probe_close, close);
	ROUND(probe_result, result);
	ROUND(hmac_reply, reply);
	tail_is_free = true;
	tail_at = 12;
	ROUND(hmac, hmac);
}

TEST_WITH(frames_of_notify_go_there_and_back, reset, NULL)
{
	struct sock_addr source = { .ip = { 192, 0, 2, 1 }, .port = 53,
	    .family = 4 };
	struct handoff_listen listen = { 2, HANDOFF_TCP };
	struct handoff_datagram datagram = { 5, source, 3,
	    (const uint8_t *)"abc" };
	struct handoff_notify notify = { .number = 9, .relay = 5,
	    .listener = 2, .transport = HANDOFF_UDP, .source = source,
	    .apex_len = 9, .apex = "\7example", .has_serial = true,
	    .serial = 7 };
	struct handoff_notify_answer answer = { 9, false, 5, 18, 3, 300 };
	struct handoff_notify_reply reply = { 5, 3, (const uint8_t *)"abc" };

	ROUND(listen, listen);
	ROUND(datagram, datagram);
	ROUND(notify, notify);
	ROUND(notify_answer, answer);
	ROUND(notify_reply, reply);
	notify.signed_ = HANDOFF_NOTIFY_SIGNED;
	notify.tsig = (struct tsig_rr){ .name = "\1k", .name_len = 3,
	    .alg_name = "\13hmac-sha256", .alg_name_len = 13,
	    .time_s = 0x112233445566, .fudge_s = 300,
	    .mac = (const uint8_t *)"mac", .mac_len = 3, .original_id = 77 };
	notify.input = (const uint8_t *)"input";
	notify.input_len = 5;
	tail_is_free = true;
	tail_at = 79;
	ROUND(notify, notify);
}

TEST(what_may_not_be_is_refused)
{
	struct handoff_fetch_zone z = { .apex_len = 9,
	    .apex = "\7example", .mode = HANDOFF_AXFR,
	    .limits = { 1, 2, 3, 4, 5, 6, 7 } }, back;
	struct handoff_result r = { .reason = HANDOFF_OK,
	    .style = HANDOFF_STYLE_AXFR, .has_soa = true, .serial = 8,
	    .soa_len = SOA_LEN, .soa = soa }, r_back;

	/* upper case in the apex */
	z.apex[1] = 'E';
	assert_int_equal(handoff_fetch_zone_encode(&z, payload,
	    sizeof(payload), &len), OK);
	assert_int_equal(handoff_fetch_zone_decode(payload, len, &back),
	    ERR_MALFORMED);
	/* a limit of nothing */
	z.apex[1] = 'e';
	z.limits.diffs_max = 0;
	assert_int_equal(handoff_fetch_zone_encode(&z, payload,
	    sizeof(payload), &len), OK);
	assert_int_equal(handoff_fetch_zone_decode(payload, len, &back),
	    ERR_MALFORMED);
	/* the serial is not that of the SOA */
	assert_int_equal(handoff_result_encode(&r, payload, sizeof(payload),
	    &len), OK);
	assert_int_equal(handoff_result_decode(payload, len, &r_back),
	    ERR_MALFORMED);
	/* OK without a SOA */
	r.has_soa = false;
	assert_int_equal(handoff_result_encode(&r, payload, sizeof(payload),
	    &len), OK);
	assert_int_equal(handoff_result_decode(payload, len, &r_back),
	    ERR_MALFORMED);
	/* text that is not printable ASCII */
	r.reason = HANDOFF_RCODE;
	r.text = "a\x1b[2J";
	r.text_len = 5;
	assert_int_equal(handoff_result_encode(&r, payload, sizeof(payload),
	    &len), OK);
	assert_int_equal(handoff_result_decode(payload, len, &r_back),
	    ERR_MALFORMED);
}

static enum err
one_record(struct handoff_record rec)
{
	struct handoff_record out;
	size_t n = 0, off = 0;
	bool end;
	enum err e;

	assert_int_equal(handoff_record_append(&rec, payload,
	    sizeof(payload), &n), OK);
	e = handoff_records_next(payload, n, &off, 9, &out, &end);
	if (e != OK)
		return e;
	assert_false(end);
	assert_int_equal(off, n);
	assert_int_equal(out.type, rec.type);
	assert_memory_equal(out.rdata, rec.rdata, rec.rdlen);
	assert_int_equal(handoff_records_next(payload, n, &off, 9, &out,
	    &end), OK);
	assert_true(end);
	for (size_t k = 1; k < n; k++) {
		off = 0;
		assert_int_equal(handoff_records_next(payload, k, &off, 9,
		    &out, &end), ERR_MALFORMED);
	}
	return OK;
}

#define KEY(s)	(const uint8_t *)(s), sizeof(s) - 1
#define RDATA(s)	sizeof(s) - 1, (const uint8_t *)(s)

TEST(records_are_validated_again)
{
	static const char nsec3[] = "\1\0\0\0\0\24"
	    "12345678901234567890\0\1\x40";
	static const char rrsig3[] = "\0\62\10\2\0\0\1\54\0\0\0\0\0\0\0\0\0\0"
	    "\0sig";

	assert_int_equal(one_record((struct handoff_record){ KEY("\0"), 1, 60,
	    RDATA("\300\0\2\1") }), OK);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0www\0"),
	    4711, 60, RDATA("anything") }), OK);
	assert_int_equal(one_record((struct handoff_record){ KEY("\1abc\0"),
	    50, 60, RDATA(nsec3) }), OK);
	assert_int_equal(one_record((struct handoff_record){ KEY("\1abc\0"),
	    46, 60, RDATA(rrsig3) }), OK);
	/* wrong tree */
	assert_int_equal(one_record((struct handoff_record){ KEY("\0abc\0"),
	    50, 60, RDATA(nsec3) }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\1"), 1, 60,
	    RDATA("\300\0\2\1") }), ERR_MALFORMED);
	/* key: no end of label, upper case, empty, another tree byte */
	assert_int_equal(one_record((struct handoff_record){ KEY("\0www"), 1,
	    60, RDATA("\300\0\2\1") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0Www\0"),
	    1, 60, RDATA("\300\0\2\1") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY(""), 1, 60,
	    RDATA("\300\0\2\1") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\2"), 1, 60,
	    RDATA("\300\0\2\1") }), ERR_MALFORMED);
	/* rdata, TTL, meta types, a SOA below the apex */
	assert_int_equal(one_record((struct handoff_record){ KEY("\0"), 1, 60,
	    RDATA("\300\0\2") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0"), 1,
	    0x80000000u, RDATA("\300\0\2\1") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0"), 252,
	    60, RDATA("") }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0w\0"), 6,
	    60, SOA_LEN, soa }), ERR_MALFORMED);
	assert_int_equal(one_record((struct handoff_record){ KEY("\0"), 6,
	    60, SOA_LEN, soa }), OK);
}

TEST(every_reason_has_its_own_text)
{
	for (int i = 0; i < HANDOFF_REASONS; i++) {
		const char *t = handoff_reason_text((enum handoff_reason)i);

		assert_string_not_equal(t, "unknown");
		for (int k = 0; k < i; k++)
			assert_string_not_equal(t,
			    handoff_reason_text((enum handoff_reason)k));
	}
}
