/*
 * TSIG: any message as an answer; nothing but the right MAC is ever GOOD, and
 * what is appended is found again. Then the input as a script of a server that
 * signs, does not sign, or flips a bit: the verdict is known for each.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/dnsmsg.h"
#include "common/dns/tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW	UINT64_C(1800000000)

static bool
is_whole(const uint8_t *data, size_t size)
{
	struct dnsmsg m;
	struct dnsmsg_rr rr = { .section = DNSMSG_ANSWER };

	if (dnsmsg_open(&m, data, size) != OK)
		return false;
	while (rr.section != DNSMSG_END)
		if (dnsmsg_next(&m, &rr) != OK)
			return false;
	return m.off == size;
}

static void
append_and_find(const uint8_t *data, size_t size, const struct tsig_key *key)
{
	static uint8_t msg[70000];
	uint8_t mac[TSIG_MAC_MAX] = { 1, 2, 3 };
	struct tsig_rr tr = { .alg = TSIG_HMAC_SHA256, .time_s = NOW,
	    .fudge_s = 300, .mac = mac, .mac_len = 32 }, back;
	struct tsig_rr old;
	size_t len = size;

	if (!is_whole(data, size))
		return;			/* rubbish would run into the record */
	memcpy(msg, data, size);
	memcpy(tr.name, key->name, key->name_len);
	tr.name_len = key->name_len;
	if (tsig_find(data, size, &old) != ERR_NOT_FOUND)
		return;
	if (tsig_append(msg, &len, sizeof(msg), &tr) != OK)
		return;
	if (tsig_find(msg, len, &back) != OK || (back.off != size ||
	    back.mac_len != 32 || memcmp(back.mac, mac, 32) != 0))
		abort();
}

/* ---- A server by the letter of RFC 8945 5.3.1 --------------------------- */

struct server {
	const struct tsig_key *key;
	struct tsig_prior prior;
	uint8_t digest[1 << 17];	/* prior MAC, unsigned messages */
	size_t digest_len;
	bool first;
};

static void
begin_digest(struct server *v)
{
	v->digest[0] = (uint8_t)(v->prior.mac_len >> 8);
	v->digest[1] = (uint8_t)v->prior.mac_len;
	memcpy(v->digest + 2, v->prior.mac, v->prior.mac_len);
	v->digest_len = 2u + v->prior.mac_len;
}

static size_t
sign(struct server *v, uint8_t *msg, size_t len, size_t max)
{
	struct tsig_rr tr = { .alg = v->key->alg, .time_s = NOW,
	    .fudge_s = 300, .original_id = (uint16_t)(msg[0] << 8 | msg[1]),
	    .name_len = v->key->name_len };
	size_t n;

	memcpy(tr.name, v->key->name, v->key->name_len);
	if (tsig_input(NULL, msg, len, false, &tr, !v->first,
	    v->digest + v->digest_len, sizeof(v->digest) - v->digest_len,
	    &n) != OK || tsig_mac(v->key, v->digest, v->digest_len + n,
	    v->prior.mac) != OK)
		abort();
	tr.mac = v->prior.mac;
	tr.mac_len = v->prior.mac_len = (uint16_t)tsig_alg_size(v->key->alg);
	if (tsig_append(msg, &len, max, &tr) != OK)
		abort();
	v->first = false;
	begin_digest(v);
	return len;
}

/* A message with one record of @n octets. */
static size_t
message(uint8_t *msg, const uint8_t *body, uint8_t n)
{
	static const uint8_t head[] = "\0\1\x84\0\0\0\0\1\0\0\0\0"
	    "\0\xff\0\0\1\0\0\0\0\0";

	memcpy(msg, head, 22);
	msg[22] = n;
	memcpy(msg + 23, body, n);
	return 23u + n;
}

static void
play(const uint8_t *data, size_t size, struct tsig *t,
    const struct tsig_key *key, const uint8_t *request, size_t request_len)
{
	static struct server v;
	uint8_t msg[600];
	struct tsig_rr tr;
	unsigned n_unsigned = 0;

	if (tsig_find(request, request_len, &tr) != OK)
		abort();
	v.key = key;
	v.first = true;
	v.prior.mac_len = tr.mac_len;
	memcpy(v.prior.mac, tr.mac, tr.mac_len);
	begin_digest(&v);
	while (size >= 2) {
		uint8_t what = data[0], n = data[1];
		bool good = true, was_first = v.first;
		struct tsig_result r;
		size_t len, body;

		data += 2;
		size -= 2;
		if (n > size)
			n = (uint8_t)size;
		body = len = message(msg, data, n);
		data += n;
		size -= n;
		if ((what & 3) == 1) {			/* not signed */
			good = !was_first && n_unsigned++ < TSIG_UNSIGNED_MAX;
			memcpy(v.digest + v.digest_len, msg, len);
			v.digest_len += len;
		} else {
			len = sign(&v, msg, len, sizeof(msg));
			n_unsigned = 0;
		}
		if ((what & 3) == 2) {			/* not the ID: T-139 */
			msg[2 + (what >> 2) % (body - 2)] ^= (uint8_t)(1u <<
			    (n & 7));
			good = false;
		}
		if ((tsig_verify(t, msg, len, NOW, &r) == OK) != good &&
		    /* Flipped in ARCOUNT: its TSIG is octets behind it. */
		    (good || was_first || r.verdict != TSIG_UNSIGNED))
			abort();
		if (!good) {
			if (r.verdict == TSIG_UNSIGNED && tsig_done(t) == OK)
				abort();
			return;
		}
		if ((tsig_done(t) == OK) != ((what & 3) != 1))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t request[] = "\0\1\0\0\0\1\0\0\0\0\0\0"
	    "\7example\0\0\xfc\0\1";
	struct tsig_policy policy = { .fudge_s = 300 };
	struct tsig_result r;
	struct tsig_key key;
	struct tsig *t;
	uint8_t msg[512];
	size_t len = sizeof(request) - 1;
	size_t at = 0;

	if (size > 65535 || tsig_key_init(&key, (const uint8_t *)"\1k", 3,
	    TSIG_HMAC_SHA256, (const uint8_t *)"secret", 6) != OK ||
	    tsig_new(&key, &policy, &t) != OK)
		return 0;
	memcpy(msg, request, len);
	if (tsig_sign_request(t, msg, &len, sizeof(msg), NOW) != OK)
		abort();
	while (size - at > 2) {
		size_t n = (size_t)data[at] << 8 | data[at + 1];

		at += 2;
		if (n > size - at)
			n = size - at;
		if (tsig_verify(t, data + at, n, NOW, &r) == OK)
			abort();	/* the first must be signed */
		at += n;
	}
	tsig_free(t);
	len = sizeof(request) - 1;
	memcpy(msg, request, len);
	if (tsig_new(&key, &policy, &t) != OK ||
	    tsig_sign_request(t, msg, &len, sizeof(msg), NOW) != OK)
		abort();
	play(data, size, t, &key, msg, len);
	tsig_free(t);
	if (size >= DNSMSG_HEADER)
		append_and_find(data, size, &key);
	return 0;
}
