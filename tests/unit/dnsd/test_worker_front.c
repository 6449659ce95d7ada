/* Who asks: by the kernel, by a PROXY header; and how much they may have. */
#include <arpa/inet.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/dnsd/ask.h"

#include "dnsd/worker_front.h"

#define SIGN "\r\n\r\n\0\r\nQUIT\n"
#define V4 SIGN "\x21\x12\0\14" "\300\0\2\1" "\306\63\144\2" "\x30\x39\0\65"

static struct worker_front f;
static struct worker_front_client client;
static struct proxyv2 header;
static struct sockaddr_storage source;

static void
from(const char *ip, unsigned port)
{
	struct sock_addr a;

	assert_ok(sock_ip_parse(ip, &a));
	a.port = (uint16_t)port;
	assert_true(sock_addr_to_sa(&a, &source) > 0);
}

static void
proxy(const char *prefix)
{
	assert_ok(sock_prefix_parse(prefix, &f.proxy[f.n_proxies++]));
}

#define UNWRAP(bytes) worker_front_unwrap(&f, &source, \
	(const uint8_t *)(bytes), sizeof(bytes) - 1, 5, &header, &client)

TEST(the_client_of_a_plain_datagram)
{
	from("192.0.2.1", 4242);
	worker_front_plain(&source, &client);
	assert_int_equal(client.ip_len, 4);
	assert_memory_equal(client.ip, "\300\0\2\1", 4);
	assert_int_equal(client.port, 4242);
	from("2001:db8::1", 99);
	worker_front_plain(&source, &client);
	assert_int_equal(client.ip_len, 16);
	assert_memory_equal(client.ip, "\40\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
	    16);
	assert_int_equal(client.port, 99);
	source.ss_family = AF_UNIX;
	worker_front_plain(&source, &client);
	assert_int_equal(client.port, 0);		/* dropped */
}

/* */
TEST(q200_the_client_behind_a_proxy)
{
	memset(&f, 0, sizeof(f));
	from("10.1.2.3", 999);
	assert_false(UNWRAP(V4 "request"));		/* nobody may */
	proxy("10.1.0.0/16");
	assert_true(UNWRAP(V4 "request"));
	assert_int_equal(client.ip_len, 4);
	assert_memory_equal(client.ip, "\300\0\2\1", 4);
	assert_int_equal(client.port, 12345);
	assert_int_equal(client.stripe, 5);
	assert_int_equal(client.request_len, 7);
	assert_memory_equal(client.request, "request", 7);
	assert_true(UNWRAP(SIGN "\x20\0\0\0" "abc"));	/* LOCAL */
	assert_memory_equal(client.ip, "\12\1\2\3", 4);
	assert_int_equal(client.port, 999);
	assert_int_equal(client.request_len, 3);
	assert_false(UNWRAP("no header"));
	assert_false(UNWRAP(SIGN "\x21\x12\0\14" "short"));
	from("10.2.2.3", 999);				/* not that one */
	assert_false(UNWRAP(V4 "request"));
}

TEST(the_target_decides_the_stripe)
{
	struct worker_front_home *h = &f.home[0];

	memset(&f, 0, sizeof(f));
	proxy("::1/128");
	from("::1", 1);
	assert_true(UNWRAP(V4));
	assert_int_equal(client.stripe, 5);
	f.n_homes = 1;
	h->stripe = 9;
	assert_ok(sock_ip_parse("198.51.100.2", &h->address));
	assert_true(UNWRAP(V4));
	assert_int_equal(client.stripe, 9);
	assert_true(UNWRAP(SIGN "\x20\0\0\0"));
	assert_int_equal(client.stripe, 5);
}

/* ---- rates ---------------------------------------------------------------- */

static struct asker t;
static struct cookie_secrets secrets = { .n = 1 };

static bool
limit(struct control_counters *count, size_t *len)
{
	const struct worker_front_client c = {
		.ip = t.client, .ip_len = t.client_len
	};
	uint64_t counted = worker_front_counted(&f, &c);

	return counted == 0 || worker_front_limit(&f, counted, &t.job, count,
	    len);
}

static unsigned
ask_many(unsigned n, const char *question, unsigned *out_slipped)
{
	static struct control_counters count;
	unsigned sent = 0;

	memset(&count, 0, sizeof(count));
	for (unsigned i = 0; i < n; i++) {
		size_t len;

		ask(&t, question);
		len = t.reply_len;
		if (!limit(&count, &len))
			continue;
		sent++;
		if (!t.job.tc)
			continue;
		/* header, question, OPT; no answer */
		assert_int_equal(t.reply[2] & 2, 2);
		assert_memory_equal(t.reply + 6, "\0\0\0\0\0\1", 6);
		assert_int_equal(len, t.request_len);
	}
	*out_slipped = (unsigned)count.v[CONTROL_rrl_slipped];
	assert_int_equal(sent + count.v[CONTROL_rrl_dropped], n);
	return sent;
}

TEST(q202_answers_over_the_rate_are_short_or_none)
{
	static struct rrl_table table = { .key = { 1, 2, 3, 4 } };
	uint8_t cookie[COOKIE_BYTES];
	unsigned slipped;

	memset(&f, 0, sizeof(f));
	f.limits = true;
	rrl_init(&f.rrl, &table, 10, 0, 2);
	ask_init(&t);
	testcache_add_text(&t.cache, "e.",
	    "@ 60 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n"
	    "@ 60 IN TXT \"t\"\nsub 60 IN NS ns.other.\n");
	ask_publish(&t);
	t.client_len = 4;
	memcpy(t.client, "\300\0\2\1", 4);
	assert_in_range(ask_many(111, "e. TXT", &slipped), 60, 62);
	assert_in_range(slipped, 49, 51);
	/* Other kinds have buckets of their own, one for all names. */
	ask_many(5, "nx.e. TXT", &slipped);
	assert_int_equal(slipped, 0);
	ask_many(20, "nx2.e. TXT", &slipped);
	assert_true(slipped > 5);
	ask_many(5, "e. A", &slipped);
	assert_int_equal(slipped, 0);
	ask_many(5, "www.sub.e. A", &slipped);
	assert_int_equal(slipped, 0);
	ask_many(5, "other. A", &slipped);
	assert_int_equal(slipped, 0);
	/* Nobody is counted who is exempt, or where nothing is limited. */
	rrl_exempt(&f.rrl, t.client, 4, 24);
	assert_int_equal(ask_many(100, "e. TXT", &slipped), 100);
	f.rrl.n_exempt = 0;
	f.limits = false;
	assert_int_equal(ask_many(100, "e. TXT", &slipped), 100);
	f.limits = true;
	/* Who has a good cookie is where it says it is. */
	t.ctx.cookies = &secrets;
	cookie_make(&secrets.key[0], (const uint8_t *)"clientck", t.client, 4,
	    0, cookie);
	for (unsigned i = 0; i < 100; i++) {
		static struct control_counters count;
		size_t len;

		ask(&t, "e. TXT");
		memcpy(t.request + t.request_len, "\0\12\0\30", 4);
		memcpy(t.request + t.request_len + 4, cookie, COOKIE_BYTES);
		t.request[t.request_len - 1] = 28;
		t.request_len += 28;
		ask_raw(&t, ANSWER_UDP, 0);
		assert_true(limit(&count, &len));
		assert_false(t.job.tc);
	}
	/* A bad one is told the good one when its answer slips. */
	for (unsigned i = 0; i < 2; i++) {
		static struct control_counters count;
		size_t len = 0;

		t.request[t.request_len - 1] ^= 1;
		ask_raw(&t, ANSWER_UDP, 0);
		t.request[t.request_len - 1] ^= 1;
		if (!limit(&count, &len))
			continue;
		assert_int_equal(len, t.request_len);
		assert_memory_equal(t.reply + len - COOKIE_BYTES, cookie,
		    COOKIE_BYTES);
	}
	ask_fini(&t);
}

TEST(a_new_table_gets_a_key_and_an_old_one_keeps_it)
{
	int fd = memfd_create("rrl", MFD_CLOEXEC);
	uint64_t key[2][4];

	assert_int_equal(ftruncate(fd, sizeof(struct rrl_table)), 0);
	for (int i = 0; i < 2; i++) {
		assert_ok(worker_front_key(fd));
		assert_int_equal(pread(fd, key[i], sizeof(key[i]), 0),
		    sizeof(key[i]));
	}
	assert_true(key[0][0] != 0 && key[0][3] != 0);
	assert_memory_equal(key[0], key[1], sizeof(key[0]));
	close(fd);
}
