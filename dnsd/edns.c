/*
 * edns.c - see edns.h.
 */
#include "dnsd/edns.h"

#include <string.h>

#include "dnsd/octets.h"

enum {
	RR_FIXED = 10,		/* type, class, ttl, rdlength */
	OPTION_NSID = 3,
	OPTION_EXPIRE = 9,
	OPTION_COOKIE = 10,
	OPTION_KEEPALIVE = 11,
	OPTION_PADDING = 12,
	OPTION_EDE = 15,
	OPTION_AGENT = 18,
	OPTION_ZONEVERSION = 19,
	ZONEVERSION_SOA_SERIAL = 0,
	TYPE_OPT = 41,
};

static inline uint8_t *
put16(uint8_t *p, unsigned v)
{
	octets_put16(p, v);
	return p + 2;
}

static inline uint8_t *
put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

static bool
cookie_length_is_good(size_t n)
{
	return n == 8 || (n >= 16 && n <= 40);	/* RFC 7873 5.2.2 */
}

/* Not inlined: most requests have no option. */
static __attribute__((noinline)) bool
take_options(const uint8_t *p, const uint8_t *end, struct edns *out)
{
	unsigned wants = 0;

	while (p < end) {
		unsigned code, n;

		if (end - p < EDNS_OPTION_HEAD)
			return false;
		code = octets_get16(p);
		n = octets_get16(p + 2);
		p += EDNS_OPTION_HEAD;
		if ((size_t)(end - p) < n)
			return false;
		switch (code) {
		case OPTION_NSID:
			wants |= EDNS_NSID;
			break;
		case OPTION_EXPIRE:
			wants |= EDNS_EXPIRE;
			break;
		case OPTION_COOKIE:
			if (!cookie_length_is_good(n))
				return false;
			wants |= EDNS_COOKIE;
			out->cookie = p;
			out->cookie_len = (uint8_t)n;
			break;
		case OPTION_KEEPALIVE:
			wants |= EDNS_KEEPALIVE;
			break;
		case OPTION_PADDING:
			wants |= EDNS_PADDING;
			break;
		case OPTION_ZONEVERSION:
			if (n != 0)
				return false;
			wants |= EDNS_ZONEVERSION;
			break;
		default:
			break;
		}
		p += n;
	}
	out->wants = (uint8_t)wants;
	return true;
}

bool
edns_parse(const uint8_t *rr, size_t len, struct edns *out)
{
	out->present = true;
	out->payload = (uint16_t)octets_get16(rr + 2);
	if (out->payload < EDNS_PAYLOAD_MIN)	/* RFC 6891 6.2.3 */
		out->payload = EDNS_PAYLOAD_MIN;
	out->version = rr[5];
	out->dnssec_ok = (rr[6] & 0x80) != 0;
	out->wants = 0;
	return len == RR_FIXED || take_options(rr + RR_FIXED, rr + len, out);
}

size_t
edns_reply_size(const struct edns_reply *r)
{
	size_t n = EDNS_OPT_BYTES;

	if (r->has & EDNS_NSID)
		n += EDNS_OPTION_HEAD + r->nsid_len;
	if (r->has & EDNS_EXPIRE)
		n += EDNS_OPTION_HEAD + EDNS_EXPIRE_BYTES;
	if (r->has & EDNS_COOKIE)
		n += EDNS_OPTION_HEAD + EDNS_COOKIE_BYTES;
	if (r->has & EDNS_KEEPALIVE)
		n += EDNS_OPTION_HEAD + EDNS_KEEPALIVE_BYTES;
	if (r->has & EDNS_ZONEVERSION)
		n += EDNS_OPTION_HEAD + EDNS_ZONEVERSION_BYTES;
	if (r->has & EDNS_EDE)
		n += EDNS_OPTION_HEAD + EDNS_EDE_BYTES + r->ede_text_len;
	if (r->has & EDNS_AGENT)
		n += EDNS_OPTION_HEAD + r->agent_len;
	if (r->has & EDNS_PADDING)
		n += EDNS_OPTION_HEAD + r->pad;
	return n;
}

static uint8_t *
put_option(uint8_t *p, unsigned code, const void *data, size_t len)
{
	p = put16(put16(p, code), (unsigned)len);
	memcpy(p, data, len);
	return p + len;
}

/* Padding is the last: what is behind it could not be counted. */
static uint8_t *
put_options(uint8_t *p, const struct edns_reply *r)
{
	if (r->has & EDNS_NSID)
		p = put_option(p, OPTION_NSID, r->nsid, r->nsid_len);
	if (r->has & EDNS_EXPIRE)
		p = put32(put16(put16(p, OPTION_EXPIRE), EDNS_EXPIRE_BYTES),
		    r->expire_s);
	if (r->has & EDNS_COOKIE)
		p = put_option(p, OPTION_COOKIE, r->cookie,
		    EDNS_COOKIE_BYTES);
	if (r->has & EDNS_KEEPALIVE)
		p = put16(put16(put16(p, OPTION_KEEPALIVE),
		    EDNS_KEEPALIVE_BYTES), r->keepalive_100ms);
	if (r->has & EDNS_ZONEVERSION) {
		p = put16(put16(p, OPTION_ZONEVERSION),
		    EDNS_ZONEVERSION_BYTES);
		*p++ = r->zone_labels;
		*p++ = ZONEVERSION_SOA_SERIAL;
		p = put32(p, r->serial);
	}
	if (r->has & EDNS_EDE) {
		p = put16(put16(p, OPTION_EDE),
		    EDNS_EDE_BYTES + (unsigned)r->ede_text_len);
		p = put16(p, r->ede);
		if (r->ede_text_len > 0)
			memcpy(p, r->ede_text, r->ede_text_len);
		p += r->ede_text_len;
	}
	if (r->has & EDNS_AGENT)
		p = put_option(p, OPTION_AGENT, r->agent, r->agent_len);
	if (r->has & EDNS_PADDING) {
		p = put16(put16(p, OPTION_PADDING), r->pad);
		memset(p, 0, r->pad);
		p += r->pad;
	}
	return p;
}

size_t
edns_write(uint8_t *p, const struct edns_reply *r)
{
	uint8_t *start = p;

	*p++ = 0;			/* the root owns it */
	p = put16(p, TYPE_OPT);
	p = put16(p, r->payload);
	*p++ = (uint8_t)(r->rcode >> 4);
	*p++ = 0;			/* version, also in BADVERS */
	*p++ = r->dnssec_ok ? 0x80 : 0;	/* RFC 3225 3 */
	*p++ = 0;
	if (r->has == 0)
		return (size_t)(put16(p, 0) - start);
	p = put_options(p + 2, r);
	octets_put16(start + EDNS_OPT_BYTES - 2,
	    (unsigned)(p - start - EDNS_OPT_BYTES));
	return (size_t)(p - start);
}
