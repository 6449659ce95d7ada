/*
 * edns.c - see edns.h.
 */
#include "dnsd/edns.h"

#include <string.h>

enum {
	RR_FIXED = 10,		/* type, class, ttl, rdlength */
	OPTION_NSID = 3,
	OPTION_COOKIE = 10,
	OPTION_EDE = 15,
	TYPE_OPT = 41,
};

static inline unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint8_t *
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static bool
cookie_length_is_good(size_t n)
{
	return n == 8 || (n >= 16 && n <= 40);	/* RFC 7873 5.2.2 */
}

bool
edns_parse(const uint8_t *rr, size_t len, struct edns *out)
{
	const uint8_t *p = rr + RR_FIXED;
	const uint8_t *end = rr + len;

	out->present = true;
	out->payload = (uint16_t)get16(rr + 2);
	if (out->payload < EDNS_PAYLOAD_MIN)	/* RFC 6891 6.2.3 */
		out->payload = EDNS_PAYLOAD_MIN;
	out->version = rr[5];
	out->dnssec_ok = (rr[6] & 0x80) != 0;
	out->wants_nsid = false;

	while (p < end) {
		unsigned code, n;

		if (end - p < EDNS_OPTION_HEAD)
			return false;
		code = get16(p);
		n = get16(p + 2);
		p += EDNS_OPTION_HEAD;
		if ((size_t)(end - p) < n)
			return false;
		if (code == OPTION_NSID)
			out->wants_nsid = true;
		else if (code == OPTION_COOKIE && !cookie_length_is_good(n))
			return false;
		p += n;
	}
	return true;
}

size_t
edns_reply_size(const struct edns_reply *r)
{
	size_t n = EDNS_OPT_BYTES;

	if (r->nsid != NULL)
		n += EDNS_OPTION_HEAD + r->nsid_len;
	if (r->ede != EDNS_NO_EDE)
		n += EDNS_EDE_BYTES;
	return n;
}

size_t
edns_write(uint8_t *p, const struct edns_reply *r)
{
	uint8_t *start = p;
	size_t n = edns_reply_size(r);

	*p++ = 0;			/* the root owns it */
	p = put16(p, TYPE_OPT);
	p = put16(p, r->payload);
	*p++ = (uint8_t)(r->rcode >> 4);
	*p++ = 0;			/* version, also in BADVERS */
	*p++ = r->dnssec_ok ? 0x80 : 0;	/* RFC 3225 3 */
	*p++ = 0;
	p = put16(p, (unsigned)(n - EDNS_OPT_BYTES));
	if (r->nsid != NULL) {
		p = put16(p, OPTION_NSID);
		p = put16(p, (unsigned)r->nsid_len);
		memcpy(p, r->nsid, r->nsid_len);
		p += r->nsid_len;
	}
	if (r->ede != EDNS_NO_EDE) {
		p = put16(p, OPTION_EDE);
		p = put16(p, 2);
		p = put16(p, (unsigned)r->ede);
	}
	return (size_t)(p - start);
}
