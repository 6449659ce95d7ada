/*
 * relay.c - the frame in which a NOTIFY travels.  See relay.h.
 */
#include <string.h>

#include "common/base/rd.h"
#include "common/base/wr.h"
#include "dnsd/relay.h"

static void
put_addr(struct wr *w, const struct sock_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->ip, sizeof(a->ip));
	wr_u16(w, a->port);
}

size_t
relay_frame_put(const struct relay_frame *f, uint8_t *out)
{
	struct wr w = wr_make(out, RELAY_FRAME_MAX);

	wr_u8(&w, RELAY_VERSION);
	wr_u8(&w, f->kind);
	wr_u16(&w, 0);
	wr_u64(&w, f->cookie);
	put_addr(&w, &f->listener);
	put_addr(&w, &f->source);
	wr_u16(&w, f->len);
	wr_bytes(&w, f->datagram, f->len);
	return wr_failed(&w) ? 0 : (size_t)(w.pos - w.start);
}

static bool
get_addr(struct rd *r, struct sock_addr *out)
{
	const uint8_t *ip;

	memset(out, 0, sizeof(*out));
	out->family = rd_u8(r);
	ip = rd_bytes(r, sizeof(out->ip));
	out->port = rd_u16(r);
	if (rd_failed(r) || (out->family != 4 && out->family != 6))
		return false;
	memcpy(out->ip, ip, out->family == 4 ? 4 : sizeof(out->ip));
	return true;
}

enum err
relay_frame_get(const uint8_t *bytes, size_t len, struct relay_frame *out)
{
	struct rd r = rd_make(bytes, len);
	struct relay_frame f;

	if (rd_u8(&r) != RELAY_VERSION)
		return ERR_MALFORMED;
	f.kind = rd_u8(&r);
	if (rd_u16(&r) != 0)
		return ERR_MALFORMED;
	f.cookie = rd_u64(&r);
	if (!get_addr(&r, &f.listener) || !get_addr(&r, &f.source))
		return ERR_MALFORMED;
	f.len = rd_u16(&r);
	f.datagram = rd_bytes(&r, f.len);
	if (rd_failed(&r) || rd_left(&r) != 0)
		return ERR_MALFORMED;
	if (f.kind != RELAY_REQUEST && f.kind != RELAY_REPLY)
		return ERR_MALFORMED;
	*out = f;
	return OK;
}

enum { PREFIX_SHIFT = 48, PREFIX_MAX = 63, PORT_SHIFT = 32, V6_HOST_MAX = 32 };

uint64_t
relay_cookie_proxy(unsigned prefix, const struct sock_addr *proxy)
{
	const uint8_t *low = proxy->ip + (proxy->family == 4 ? 0 : 12);

	return RELAY_COOKIE_PROXY | (uint64_t)(prefix & PREFIX_MAX) <<
	    PREFIX_SHIFT | (uint64_t)proxy->port << PORT_SHIFT |
	    (uint64_t)low[0] << 24 | (uint64_t)low[1] << 16 |
	    (uint64_t)low[2] << 8 | low[3];
}

bool
relay_cookie_address(uint64_t cookie, const struct sock_prefix *prefixes,
    unsigned n, struct sock_addr *out)
{
	unsigned which = (unsigned)(cookie >> PREFIX_SHIFT) & PREFIX_MAX;
	const struct sock_prefix *p;
	uint8_t *low;

	if (which >= n)
		return false;
	p = &prefixes[which];
	if (p->family == 6 && p->len < 128 - V6_HOST_MAX)
		return false;
	memset(out, 0, sizeof(*out));
	out->family = p->family;
	out->port = (uint16_t)(cookie >> PORT_SHIFT);
	memcpy(out->ip, p->ip, sizeof(out->ip));
	low = out->ip + (p->family == 4 ? 0 : 12);
	for (int i = 0; i < 4; i++)
		low[i] = (uint8_t)(cookie >> (24 - 8 * i));
	return sock_prefix_match(p, out);
}
