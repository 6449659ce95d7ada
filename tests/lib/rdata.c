/* rdata.c - see rdata.h. */
#include <string.h>

#include "common/dns/rrtype.h"
#include "tests/lib/rdata.h"

const uint16_t rdata_types[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
	38, 39, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 55, 56,
	57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 99, 104, 105, 106, 107, 108,
	109, 256, 257, 258, 259, 260, 261, 262, 32768, 32769, 4711,
};
const size_t rdata_n_types = sizeof(rdata_types) / sizeof(rdata_types[0]);

uint32_t
rdata_random(struct rdata_random *r, uint32_t below)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = r->state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below == 0 ? 0 : (uint32_t)((z >> 16) % below);
}

static size_t
octets(struct rdata_random *r, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)rdata_random(r, 256);
	return n;
}

size_t
rdata_name(struct rdata_random *r, uint8_t *out, size_t max)
{
	static const char usual[] = "abcXYZ019-_";
	size_t at = 0;
	uint32_t labels = rdata_random(r, 5);

	while (labels-- > 0) {
		size_t n = 1 + rdata_random(r, rdata_random(r, 20) == 0 ? 63 :
		    6);

		if (at + n + 2 > max)
			break;
		out[at++] = (uint8_t)n;
		while (n-- > 0)
			out[at++] = rdata_random(r, 12) == 0 ?
			    (uint8_t)rdata_random(r, 256) :
			    (uint8_t)usual[rdata_random(r, 11)];
	}
	out[at++] = 0;
	return at;
}

static size_t
string(struct rdata_random *r, uint8_t *out, size_t min)
{
	size_t n = min + rdata_random(r, 12);

	out[0] = (uint8_t)n;
	return 1 + octets(r, out + 1, n);
}

static size_t
bitmap(struct rdata_random *r, uint8_t *out, size_t min)
{
	uint32_t n = (uint32_t)min + rdata_random(r, 3), window = 0;
	size_t at = 0;

	while (n-- > 0 && window < 256) {
		size_t len = 1 + rdata_random(r, 32);

		out[at] = (uint8_t)window;
		out[at + 1] = (uint8_t)len;
		octets(r, out + at + 2, len);
		out[at + 1 + len] |= 1;
		at += 2 + len;
		window += 1 + rdata_random(r, 100);
	}
	return at;
}

static size_t
svcparams(struct rdata_random *r, uint8_t *out)
{
	size_t at = 0;
	uint32_t key = 7, n = rdata_random(r, 3);

	if (rdata_random(r, 2)) {
		memcpy(out, "\0\1\0\3\2h2", 7);		/* alpn */
		at = 7;
	}
	if (rdata_random(r, 2)) {
		memcpy(out + at, "\0\3\0\2\1\xbb", 6);	/* port */
		at += 6;
	}
	if (rdata_random(r, 2)) {
		memcpy(out + at, "\0\4\0\4\1\2\3\4", 8);
		at += 8;
	}
	while (n-- > 0) {
		size_t len = rdata_random(r, 10);

		out[at] = (uint8_t)(key >> 8);
		out[at + 1] = (uint8_t)key;
		out[at + 2] = 0;
		out[at + 3] = (uint8_t)len;
		at += 4 + octets(r, out + at + 4, len);
		key += 1 + rdata_random(r, 9000);
	}
	return at;
}

static size_t
apl(struct rdata_random *r, uint8_t *out)
{
	size_t at = 0;
	uint32_t n = rdata_random(r, 4);

	while (n-- > 0) {
		bool six = rdata_random(r, 2);
		size_t len = rdata_random(r, six ? 17 : 5);

		out[at] = 0;
		out[at + 1] = six ? 2 : 1;
		out[at + 2] = (uint8_t)rdata_random(r, six ? 129 : 33);
		out[at + 3] = (uint8_t)(len | rdata_random(r, 2) << 7);
		octets(r, out + at + 4, len);
		if (len > 0)
			out[at + 3 + len] |= 1;
		at += 4 + len;
	}
	return at;
}

static size_t
gateway(struct rdata_random *r, unsigned type, uint8_t *out)
{
	switch (type) {
	case 1:
		return octets(r, out, 4);
	case 2:
		return octets(r, out, 16);
	case 3:
		return rdata_name(r, out, 255);
	default:
		return 0;
	}
}

static size_t
hip(struct rdata_random *r, uint8_t *out)
{
	size_t hit = 1 + rdata_random(r, 20), key = 1 + rdata_random(r, 20);
	size_t at = 4 + hit + key;
	uint32_t n = rdata_random(r, 3);

	octets(r, out, at);
	out[0] = (uint8_t)hit;
	out[2] = 0;
	out[3] = (uint8_t)key;
	while (n-- > 0)
		at += rdata_name(r, out + at, 255);
	return at;
}

static size_t
field(struct rdata_random *r, char c, uint8_t *out)
{
	unsigned v;
	size_t n;

	switch (c) {
	case '1': case '2': case '4': case '6': case '8':
		return octets(r, out, (size_t)(c - '0'));
	case 'a':
		return octets(r, out, 4);
	case 'q':
		return octets(r, out, 16);
	case 'N': case 'D': case 'L': case 'n':
		return rdata_name(r, out, 255);
	case 's': case 'h':
		return string(r, out, 0);
	case 'H':
		return string(r, out, 1);
	case 'o':
		return rdata_random(r, 2) ? string(r, out, 0) : 0;
	case 'S':
		n = string(r, out, 0);
		while (rdata_random(r, 2))
			n += string(r, out + n, 0);
		return n;
	case 'B':
		return octets(r, out, rdata_random(r, 40));
	case 'b':
		return octets(r, out, 1 + rdata_random(r, 40));
	case 'W':
		return bitmap(r, out, 0);
	case 'w':
		return bitmap(r, out, 1);
	case 'P':
		return svcparams(r, out);
	case 'A':
		return apl(r, out);
	case 'G':
		v = rdata_random(r, 4);
		octets(r, out, 3);
		out[1] = (uint8_t)v;
		n = 3 + gateway(r, v, out + 3);
		return n + octets(r, out + n, 1 + rdata_random(r, 20));
	case 'M':
		v = rdata_random(r, 4);
		octets(r, out, 2);
		out[1] = (uint8_t)((out[1] & 0x80) | v);
		return 2 + gateway(r, v, out + 2);
	case 'I':
		return hip(r, out);
	case 'T':
		n = 1 + rdata_random(r, 8);
		out[0] = (uint8_t)n;
		for (size_t i = 1; i <= n; i++)
			out[i] = (uint8_t)("issuewild0"[rdata_random(r, 10)]);
		return 1 + n + octets(r, out + 1 + n, rdata_random(r, 20));
	case 'X':
		v = rdata_random(r, 129);
		out[0] = (uint8_t)v;
		n = 1 + octets(r, out + 1, (128 - v + 7) / 8);
		return v == 0 ? n : n + rdata_name(r, out + n, 255);
	case 'C':
		octets(r, out, 16);
		out[0] = 0;
		for (int i = 1; i <= 3; i++)
			out[i] = (uint8_t)(rdata_random(r, 10) << 4 |
			    rdata_random(r, 10));
		return 16;
	default:
		return 0;
	}
}

size_t
rdata_make(struct rdata_random *r, uint16_t type, uint8_t *out)
{
	size_t at = 0;

	for (const char *s = rrtype_shape(type); *s != '\0'; s++)
		at += field(r, *s, out + at);
	return at;
}
