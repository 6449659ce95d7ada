/*
 * TSIG: any message as an answer; nothing but the right MAC is ever GOOD, and
 * what is appended is found again.
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
	if (size >= DNSMSG_HEADER)
		append_and_find(data, size, &key);
	return 0;
}
