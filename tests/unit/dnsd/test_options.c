/*
 * EDNS options, from a request to its reply.
 */
#include "dnsd/chaos.h"
#include "dnsd/cookie.h"
#include "dnsd/options.h"
#include "tests/unit/dnsd/ask.h"

enum { NSID = 3, ECS = 8, EXPIRE = 9, COOKIE = 10, KEEPALIVE = 11,
	PADDING = 12, EDE = 15, AGENT = 18, ZONEVERSION = 19, };

static struct asker t;
static struct cookie_secrets secrets;

static int
setup(void **state UNUSED)
{
	struct testcache_zone *z;

	ask_init(&t);
	z = testcache_add_text(&t.cache, "example.",
	    "@ 60 IN SOA ns1 admin 7 2 3 1000 300\n@ 60 IN NS ns1\n"
	    "@ 60 IN TXT \"t\"\nsub 60 IN NS ns.other.\n"
	    "out 60 IN CNAME a.other.\n");
	z->expire_at_ms = 2000 * 1000;
	testcache_add_text(&t.cache, "a.example.",
	    "@ 60 IN SOA ns1 admin 4000000000 2 3 1000 300\n"
	    "@ 60 IN NS ns1\n");
	z = testcache_add_text(&t.cache, "old.example.",
	    "@ 60 IN SOA ns1 admin 9 2 3 1000 300\n@ 60 IN NS ns1\n");
	z->expire_at_ms = 0;
	z = testcache_add(&t.cache, "new.example.");
	z->state = CACHE_ZONE_EMPTY;
	z = testcache_add_text(&t.cache, "big.example.",
	    "@ 60 IN SOA ns1 admin 9 2 3 1000 300\n@ 60 IN NS ns1\n");
	for (unsigned i = 0; i < 20; i++) {
		uint8_t rdata[256];

		memset(rdata, (int)i, sizeof(rdata));
		rdata[0] = 255;
		testcache_add_record(z, (const uint8_t *)"\3big\7example",
		    RRTYPE_TXT, 60, rdata, sizeof(rdata));
	}
	z = &t.cache.zones[0];
	{
		uint8_t rdata[500] = { 255 };

		rdata[256] = 243;
		testcache_add_record(z, (const uint8_t *)"\4fill\7example",
		    RRTYPE_TXT, 60, rdata, sizeof(rdata));
	}
	ask_publish(&t);
	t.now = 1000 * 1000;
	secrets.n = 1;
	secrets.required = 0;
	memset(&secrets.key[0], 7, sizeof(secrets.key[0]));
	t.ctx.cookies = &secrets;
	t.client_len = 4;
	memcpy(t.client, "\300\0\2\1", 4);
	t.now_wall_s = 1700000000;
	return 0;
}

static int
teardown(void **state UNUSED)
{
	ask_fini(&t);
	return 0;
}

static size_t
option(uint8_t *p, unsigned code, const void *data, size_t len)
{
	p[0] = 0;
	p[1] = (uint8_t)code;
	p[2] = 0;
	p[3] = (uint8_t)len;
	memcpy(p + 4, data, len);
	return 4 + len;
}

/* The question of ask(), now with these options. */
static const char *
ask_with(const char *question, enum answer_transport transport,
    const void *options, size_t len)
{
	ask(&t, question);
	memcpy(t.request + t.request_len, options, len);
	t.request[t.request_len - 2] = (uint8_t)(len >> 8);
	t.request[t.request_len - 1] = (uint8_t)len;
	t.request_len += len;
	ask_raw(&t, transport, 0);
	return ask_print(&t);
}

static const char *
ask_one(const char *question, unsigned code, const void *data, size_t len)
{
	uint8_t o[64];

	return ask_with(question, t.tls ? ANSWER_TLS : ANSWER_UDP, o,
	    option(o, code, data, len));
}

/* An option of the reply, whose OPT is the last record; NULL for none. */
static const uint8_t *
find(unsigned code, size_t *out_len)
{
	ldns_pkt *pkt = NULL;
	const uint8_t *p, *end = t.reply + t.reply_len, *found = NULL;
	size_t n = 0;

	assert_int_equal(ldns_wire2pkt(&pkt, t.reply, t.reply_len),
	    LDNS_STATUS_OK);
	assert_true(ldns_pkt_edns(pkt));
	if (ldns_pkt_edns_data(pkt) != NULL)
		n = ldns_rdf_size(ldns_pkt_edns_data(pkt));
	ldns_pkt_free(pkt);
	for (p = end - n; p < end; p += 4 + (p[2] << 8 | p[3])) {
		assert_true(end - p >= 4 && end - p >= 4 +
		    (p[2] << 8 | p[3]));
		if ((unsigned)(p[0] << 8 | p[1]) != code)
			continue;
		assert_null(found);			/* never twice */
		found = p + 4;
		*out_len = (size_t)(p[2] << 8 | p[3]);
	}
	return found;
}

static bool
has(unsigned code)
{
	size_t n;

	return find(code, &n) != NULL;
}

static uint32_t
number(unsigned code, size_t at, size_t len)
{
	uint32_t v = 0;
	size_t n;
	const uint8_t *p = find(code, &n);

	assert_non_null(p);
	assert_true(at + len <= n);
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[at + i];
	return v;
}

/* ---- cookies ---------------------------------------------------------------- */

static uint8_t learnt[COOKIE_BYTES];

static void
learn(void)
{
	size_t n;
	const uint8_t *p;

	assert_string_equal(ask_one("example. TXT", COOKIE, "clientck", 8),
	    "NOERROR aa\nAN example. 60 TXT \"t\"\n");
	p = find(COOKIE, &n);
	assert_non_null(p);
	assert_int_equal(n, COOKIE_BYTES);		/* */
	assert_memory_equal(p, "clientck", 8);
	memcpy(learnt, p, COOKIE_BYTES);
}

TEST_WITH(q169_a_client_learns_a_cookie_and_uses_it, setup, teardown)
{
	learn();
	assert_int_equal(t.job.cookie, COOKIE_CLIENT_ONLY);
	ask_one("example. TXT", COOKIE, learnt, COOKIE_BYTES);
	assert_int_equal(t.job.cookie, COOKIE_GOOD);
	t.client[3] = 2;				/* */
	ask_one("example. TXT", COOKIE, learnt, COOKIE_BYTES);
	assert_int_equal(t.job.cookie, COOKIE_BAD);
	assert_true(has(COOKIE));
	ask(&t, "example. TXT");
	assert_int_equal(t.job.cookie, COOKIE_NONE);
	assert_false(has(COOKIE));
	t.ctx.cookies = NULL;				/* switched off */
	ask_one("example. TXT", COOKIE, learnt, COOKIE_BYTES);
	assert_int_equal(t.job.cookie, COOKIE_NONE);
	assert_false(has(COOKIE));
}

TEST_WITH(q171_badcookie_only_where_cookies_are_required, setup, teardown)
{
	learn();
	learnt[23] ^= 1;
	assert_memory_equal(ask_one("example. TXT", COOKIE, learnt,
	    COOKIE_BYTES), "NOERROR aa", 10);
	secrets.required = 1;
	assert_string_equal(ask_one("example. TXT", COOKIE, learnt,
	    COOKIE_BYTES), "BADCOOKIE\n");
	assert_true(has(COOKIE));
	assert_string_equal(ask_one("example. TXT", COOKIE, "clientck", 8),
	    "BADCOOKIE\n");
	learn_again:
	memcpy(learnt, t.reply + t.reply_len - COOKIE_BYTES, COOKIE_BYTES);
	assert_memory_equal(ask_one("example. TXT", COOKIE, learnt,
	    COOKIE_BYTES), "NOERROR aa", 10);
	/* A client without cookies is not shut out, nor one on TCP. */
	assert_memory_equal(ask(&t, "example. TXT"), "NOERROR aa", 10);
	if (!t.tls) {
		t.tls = true;
		assert_memory_equal(ask_one("example. TXT", COOKIE,
		    "clientck", 8), "NOERROR aa", 10);
		goto learn_again;
	}
}

/* RFC 7873 5.4: header and OPT alone. */
static const char *
ask_cookie_alone(const void *cookie, size_t len, unsigned version)
{
	uint8_t *p = t.request;

	memcpy(p, "\x12\x34\1\0\0\0\0\0\0\0\0\1" "\0\0\51\4\320\0\0\0\0\0",
	    22);
	p[18] = (uint8_t)version;
	p[22] = (uint8_t)(4 + len);
	t.request_len = 23 + option(p + 23, COOKIE, cookie, len);
	ask_raw(&t, ANSWER_UDP, 0);
	return ask_print(&t);
}

TEST_WITH(q003_a_cookie_may_be_asked_for_alone, setup, teardown)
{
	uint8_t bad[COOKIE_BYTES] = { 0 };
	size_t n;

	assert_string_equal(ask_cookie_alone("clientck", 8, 0),
	    "NOERROR rd\n");
	assert_memory_equal(t.reply + 4, "\0\0\0\0\0\0\0\1", 8);
	memcpy(learnt, find(COOKIE, &n), COOKIE_BYTES);
	assert_string_equal(ask_cookie_alone(learnt, COOKIE_BYTES, 0),
	    "NOERROR rd\n");
	assert_string_equal(ask_cookie_alone(bad, COOKIE_BYTES, 0),
	    "BADCOOKIE rd\n");
	assert_true(has(COOKIE));
	assert_string_equal(ask_cookie_alone(bad, 9, 0), "FORMERR rd\n");
	assert_string_equal(ask_cookie_alone("clientck", 8, 1),
	    "BADVERS rd\n");
	t.ctx.cookies = NULL;
	assert_string_equal(ask_cookie_alone("clientck", 8, 0),
	    "FORMERR rd\n");
	t.request_len = 12;
	t.request[11] = 0;
	ask_raw(&t, ANSWER_UDP, 0);
	assert_string_equal(ask_print(&t), "FORMERR rd\n");
}

/* options are answered in errors, too. */
TEST_WITH(q162_badvers_still_has_cookie_and_nsid, setup, teardown)
{
	uint8_t o[64];
	size_t n = option(o, COOKIE, "clientck", 8);

	n += option(o + n, NSID, "", 0);
	t.ctx.nsid_len = 2;
	memcpy(t.ctx.nsid, "n1", 2);
	ask_with("example. TXT", ANSWER_UDP, o, n);
	t.request[t.request_len - n - 5] = 1;		/* the version */
	ask_raw(&t, ANSWER_UDP, 0);
	assert_string_equal(ask_print(&t), "BADVERS\n");
	assert_true(has(COOKIE));
	assert_true(has(NSID));
	assert_string_equal(ask_one("b.other. A", COOKIE, "clientck", 8),
	    "REFUSED ede=20\n");
	assert_true(has(COOKIE));
}

/* ---- EXPIRE, ZONEVERSION --------------------------------------------------------- */

TEST_WITH(q176_expire_is_what_remains, setup, teardown)
{
	ask_one("example. SOA", EXPIRE, "", 0);
	assert_int_equal(number(EXPIRE, 0, 4), 1000);
	t.now += 1;
	ask_one("example. SOA", EXPIRE, "", 0);
	assert_int_equal(number(EXPIRE, 0, 4), 999);
	t.now = 0;					/* never above SOA's */
	ask_one("example. SOA", EXPIRE, "", 0);
	assert_int_equal(number(EXPIRE, 0, 4), 1000);
	t.now = 1999 * 1000 + 1;
	ask_one("example. SOA", EXPIRE, "\0\0\0\7", 4);
	assert_int_equal(number(EXPIRE, 0, 4), 0);
	ask_one("a.example. SOA", EXPIRE, "", 0);	/* without a deadline */
	assert_int_equal(number(EXPIRE, 0, 4), 1000);
	ask_one("example. TXT", EXPIRE, "", 0);
	assert_false(has(EXPIRE));
	ask_one("x.example. SOA", EXPIRE, "", 0);
	assert_false(has(EXPIRE));
	ask_one("old.example. SOA", EXPIRE, "", 0);
	assert_false(has(EXPIRE));
	ask_one("new.example. SOA", EXPIRE, "", 0);
	assert_false(has(EXPIRE));
	ask(&t, "example. SOA");
	assert_false(has(EXPIRE));
}

TEST_WITH(q177_zoneversion_is_of_the_data_used, setup, teardown)
{
	static const struct {
		const char *question;
		unsigned labels;
		uint32_t serial;
	} cases[] = {
		{ "example. TXT", 1, 7 }, { "x.example. A", 1, 7 },
		{ "www.sub.example. A", 1, 7 }, { "out.example. A", 1, 7 },
		{ "b.a.example. A", 2, 4000000000 },
		{ "a.example. DS", 1, 7 },
		{ "big.example. TXT", 2, 9 },		/* TC */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ask_one(cases[i].question, ZONEVERSION, "", 0);
		assert_int_equal(number(ZONEVERSION, 0, 1), cases[i].labels);
		assert_int_equal(number(ZONEVERSION, 1, 1), 0);
		assert_int_equal(number(ZONEVERSION, 2, 4), cases[i].serial);
	}
	ask_one("other. TXT", ZONEVERSION, "", 0);
	assert_false(has(ZONEVERSION));
	ask_one("old.example. TXT", ZONEVERSION, "", 0);
	assert_false(has(ZONEVERSION));
	ask_one("new.example. TXT", ZONEVERSION, "", 0);
	assert_false(has(ZONEVERSION));
	ask(&t, "example. TXT");
	assert_false(has(ZONEVERSION));
	assert_string_equal(ask_one("example. TXT", ZONEVERSION, "x", 1),
	    "FORMERR\n");
}

/* ---- ECS and malformed options ---------------------------------------------------- */

TEST_WITH(q173_q180_what_means_nothing_here_is_ignored, setup, teardown)
{
	uint8_t plain[512];
	size_t len;

	ask(&t, "example. TXT");
	memcpy(plain, t.reply, len = t.reply_len);
	for (unsigned code = 0; code < 256; code++) {
		uint8_t o[8];

		if (code == COOKIE || code == ZONEVERSION)
			continue;
		for (size_t n = 0; n <= 4; n++) {
			ask_with("example. TXT", ANSWER_UDP, o,
			    option(o, code, "\0\1\30\0", n));
			assert_int_equal(t.reply_len, len);
			assert_memory_equal(t.reply, plain, len);
		}
	}
	ask_one("example. TXT", ECS, "\0\1\30\0\300\0\2", 7);
	assert_int_equal(t.reply_len, len);
	assert_memory_equal(t.reply, plain, len);
}

/* ---- keepalive and padding -------------------------------------------------------- */

TEST_WITH(q175_keepalive_is_for_streams, setup, teardown)
{
	uint8_t o[8];

	t.ctx.keepalive_100ms = 100;
	ask_one("example. TXT", KEEPALIVE, "", 0);
	assert_false(has(KEEPALIVE));
	ask_with("example. TXT", ANSWER_TCP, o, option(o, KEEPALIVE, "", 0));
	assert_int_equal(number(KEEPALIVE, 0, 2), 100);
	ask_with("other. TXT", ANSWER_TLS, o, option(o, KEEPALIVE, "xy", 2));
	assert_int_equal(number(KEEPALIVE, 0, 2), 100);
}

TEST_WITH(q174_padding_fills_blocks_on_encrypted_streams, setup, teardown)
{
	uint8_t o[64];
	size_t n;

	ask_one("example. TXT", PADDING, "", 0);
	assert_false(has(PADDING));
	ask_with("example. TXT", ANSWER_TCP, o, option(o, PADDING, "", 0));
	assert_false(has(PADDING));
	t.tls = true;
	ask_one("example. TXT", PADDING, "\0\0\0", 3);
	assert_int_equal(t.reply_len, OPTIONS_PAD_BLOCK);
	find(PADDING, &n);
	for (size_t i = 1; i <= n; i++)
		assert_int_equal(t.reply[t.reply_len - i], 0);
	/* with others, and in errors */
	n = option(o, COOKIE, "clientck", 8);
	n += option(o + n, PADDING, "", 0);
	n += option(o + n, ZONEVERSION, "", 0);
	ask_with("example. SOA", ANSWER_TLS, o, n);
	assert_int_equal(t.reply_len, OPTIONS_PAD_BLOCK);
	assert_true(has(COOKIE) && has(ZONEVERSION) && has(PADDING));
	ask_one("other. TXT", PADDING, "", 0);
	assert_int_equal(t.reply_len, OPTIONS_PAD_BLOCK);
	ask(&t, "example. TXT tcp");
	assert_false(has(PADDING));
}

/* ---- extended errors, report channel ------------------------------------------------ */

TEST_WITH(q178_extended_errors_have_text_where_there_is_room, setup, teardown)
{
	char name[300];
	size_t n;
	const uint8_t *p;

	ask(&t, "old.example. A");
	p = find(EDE, &n);
	assert_int_equal(p[1], 24);
	assert_int_equal(n, 2 + strlen("zone expired"));
	assert_memory_equal(p + 2, "zone expired", n - 2);
	ask(&t, "x.new.example. A");
	assert_int_equal(number(EDE, 0, 2), 14);
	ask(&t, "old.example. A noedns");
	assert_int_equal(t.reply[11], 0);
	ask(&t, "example. AXFR");
	assert_int_equal(number(EDE, 0, 2), 18);
	ask(&t, "example. TXT class=4");
	assert_int_equal(number(EDE, 0, 2), 21);
	ask(&t, "example. TXT");
	assert_false(has(EDE));
	/* the longest name and all that can be asked for */
	for (n = 0; n < 240; n++)
		name[n] = n % 2 ? '.' : 'a';
	strcpy(name + 240, "old.example. SOA size=512");
	t.ctx.nsid_len = EDNS_NSID_MAX;
	{
		uint8_t o[64];
		size_t k = option(o, COOKIE, "clientck", 8);

		k += option(o + k, NSID, "", 0);
		k += option(o + k, EXPIRE, "", 0);
		k += option(o + k, ZONEVERSION, "", 0);
		k += option(o + k, KEEPALIVE, "", 0);
		assert_string_equal(ask_with(name, ANSWER_UDP, o, k),
		    "SERVFAIL ede=24\n");
	}
	assert_true(t.reply_len <= 512);
	assert_true(has(EDE) && has(NSID) && has(COOKIE));
}

static void
agent(const char *wire, size_t len)
{
	t.ctx.agent_len = (uint8_t)len;
	memcpy(t.ctx.agent, wire, len);
}

TEST_WITH(q179_the_report_channel_goes_out_unasked, setup, teardown)
{
	size_t n;
	const uint8_t *p;

	agent("\3err\5agent", 11);
	ask(&t, "example. TXT");
	p = find(AGENT, &n);
	assert_int_equal(n, 11);
	assert_memory_equal(p, "\3err\5agent", 11);
	ask(&t, "x.example. TXT");
	assert_true(has(AGENT));
	ask(&t, "example. TXT noedns");
	assert_int_equal(t.reply[11], 0);
	ask(&t, "other. TXT");				/* not our zone */
	assert_false(has(AGENT));
	/* not for its own domain, nor for the zone that it is in */
	agent("\1r\1E\1a\7exAmple", 15);
	ask(&t, "x.r.e.a.example. TXT");
	assert_false(has(AGENT));
	ask(&t, "a.example. SOA");
	assert_false(has(AGENT));
	agent("\1r\7EXAMPLE", 11);
	ask(&t, "example. TXT");
	assert_false(has(AGENT));
}

/* what was asked for has its room kept; what was not comes last. */
TEST_WITH(q179_q192_the_report_channel_is_dropped_first, setup, teardown)
{
	uint8_t o[64], without[1500];
	size_t len, n = option(o, COOKIE, "clientck", 8);
	char question[64];
	bool seen[2] = { false };

	for (unsigned size = 512; size < 700; size++) {
		snprintf(question, sizeof(question), "fill.example. TXT size=%u",
		    size);
		agent("", 0);
		ask_with(question, ANSWER_UDP, o, n);
		if (t.job.tc)
			continue;
		memcpy(without, t.reply, len = t.reply_len);
		assert_true(len <= size);
		agent("\3err\5agent", 11);
		ask_with(question, ANSWER_UDP, o, n);
		assert_false(t.job.tc);
		assert_true(t.reply_len <= size);
		assert_true(t.reply_len == len + (size >= len + 15 ? 15 : 0));
		seen[t.reply_len > len] = true;
		assert_memory_equal(t.reply + 12, without + 12, 30);
	}
	assert_true(seen[0] && seen[1]);
}

/* ---- signed requests ---------------------------------------------------------------- */

#define TSIG \
	"\3key\0\0\372\0\377\0\0\0\0\0\75\13hmac-sha256\0\0\0\0\0\0\1" \
	"\1\54\0\40" "01234567890123456789012345678901" "\x12\x34\0\0\0\0"

/* dnsd has no keys: the reply is never signed, truncated or not;
 * the question is echoed and options are answered. */
TEST_WITH(q204_q205_a_signed_query_is_badkey, setup, teardown)
{
	uint8_t o[64];
	size_t before;

	ask_with("big.example. TXT", ANSWER_UDP, o,
	    option(o, COOKIE, "clientck", 8));
	memcpy(t.request + t.request_len, TSIG, sizeof(TSIG) - 1);
	t.request_len += sizeof(TSIG) - 1;
	t.request[11] = 2;
	ask_raw(&t, ANSWER_UDP, 0);
	before = t.reply_len;
	assert_int_equal(t.reply[3] & 15, 9);		/* NOTAUTH */
	assert_int_equal(t.reply[2] & 2, 0);		/* no TC */
	assert_memory_equal(t.reply + 12, "\3big\7example\0\0\20\0\1", 17);
	assert_int_equal(t.reply[11], 2);
	/* owner, type, class, TTL, length; algorithm, time, fudge, no MAC */
	assert_memory_equal(t.reply + before - 44,
	    "\3key\0\0\372\0\377\0\0\0\0\0\35\13hmac-sha256", 27);
	assert_memory_equal(t.reply + before - 8,
	    "\0\0" "\x12\x34" "\0\21\0\0", 8);
}

TEST_WITH(q174_padding_counts_the_tsig_behind_it, setup, teardown)
{
	uint8_t o[8];

	ask_with("example. TXT", ANSWER_TLS, o, option(o, PADDING, "", 0));
	memcpy(t.request + t.request_len, TSIG, sizeof(TSIG) - 1);
	t.request_len += sizeof(TSIG) - 1;
	t.request[11] = 2;
	ask_raw(&t, ANSWER_TLS, 0);
	assert_int_equal(t.reply[3] & 15, 9);
	assert_int_equal(t.reply[11], 2);
	assert_int_equal(t.reply_len, OPTIONS_PAD_BLOCK);
	assert_memory_equal(t.reply + t.reply_len - 44, "\3key", 4);
}

/* The longest key name and algorithm that a request can have: what does not
 * fit is left out, the OPT stays. */
TEST_WITH(q204_a_tsig_without_room_is_left_out, setup, teardown)
{
	uint8_t *p;
	size_t start;

	ask(&t, "example. TXT size=512");
	start = t.request_len;
	p = t.request + start;
	for (unsigned name = 0; name < 2; name++) {
		for (unsigned i = 0; i < 120; i++) {
			*p++ = 1;
			*p++ = 'a';
		}
		*p++ = 0;
		if (name == 0) {
			memcpy(p, "\0\372\0\377\0\0\0\0\1\1", 10);
			p += 10;
		}
	}
	memcpy(p, "\0\0\0\0\0\1\1\54\0\0\x12\x34\0\0\0\0", 16);
	p += 16;
	t.request_len = (size_t)(p - t.request);
	t.request[11] = 2;
	ask_raw(&t, ANSWER_UDP, 0);
	assert_int_equal(t.reply[3] & 15, 9);
	assert_int_equal(t.reply[11], 1);
	assert_true(t.reply_len <= 512);
	t.tls = true;
	ask_raw(&t, ANSWER_TCP, 0);			/* there is room */
	assert_int_equal(t.reply[11], 2);
}

/* SIG(0) is a record like any other that we do not ask for. */
TEST_WITH(q206_sig0_is_ignored, setup, teardown)
{
	ask(&t, "example. TXT");
	memcpy(t.request + t.request_len, "\0\0\30\0\377\0\0\0\0\0\24\0\0\15"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1", 31);
	t.request_len += 31;
	t.request[11] = 2;
	ask_raw(&t, ANSWER_UDP, 0);
	assert_string_equal(ask_print(&t),
	    "NOERROR aa\nAN example. 60 TXT \"t\"\n");
}
