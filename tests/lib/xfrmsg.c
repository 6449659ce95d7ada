/* xfrmsg.c - see xfrmsg.h. */
#include <string.h>

#include "common/base/wr.h"
#include "tests/lib/xfrmsg.h"

void
xfrmsg_put(struct xfrmsg *m, size_t off, uint16_t v)
{
	wr_put_u16(m->bytes + off, v);
}

uint16_t
xfrmsg_get(const struct xfrmsg *m, size_t off)
{
	return (uint16_t)(m->bytes[off] << 8 | m->bytes[off + 1]);
}

void
xfrmsg_begin(struct xfrmsg *m, uint16_t id, uint16_t qtype)
{
	static const uint8_t apex[] = "\7example";

	memset(m->bytes, 0, 12);
	xfrmsg_put(m, 0, id);
	xfrmsg_put(m, 2, 0x8400);
	xfrmsg_put(m, 4, 1);
	memcpy(m->bytes + 12, apex, 9);
	xfrmsg_put(m, 21, qtype);
	xfrmsg_put(m, 23, 1);
	m->len = 25;
}

void
xfrmsg_rr(struct xfrmsg *m, const void *owner, size_t owner_len,
    uint16_t type, uint16_t class, uint32_t ttl, const void *rdata,
    size_t rdlen)
{
	uint8_t *p = m->bytes + m->len;

	memcpy(p, owner, owner_len);
	p += owner_len;
	wr_put_u16(p, type);
	wr_put_u16(p + 2, class);
	wr_put_u32(p + 4, ttl);
	wr_put_u16(p + 8, (uint16_t)rdlen);
	if (rdlen > 0)
		memcpy(p + 10, rdata, rdlen);
	m->len += owner_len + 10 + rdlen;
	xfrmsg_put(m, 6, (uint16_t)(xfrmsg_get(m, 6) + 1));
}

void
xfrmsg_soa(struct xfrmsg *m, uint32_t serial)
{
	uint8_t rdata[22] = { 0 };

	wr_put_u32(rdata + 2, serial);
	for (int i = 0; i < 4; i++)
		rdata[9 + 4 * i] = (uint8_t)(i + 1);
	xfrmsg_rr(m, "\xc0\x0c", 2, 6, 1, 300, rdata, sizeof(rdata));
}

void
xfrmsg_a(struct xfrmsg *m, const char *label, uint8_t n)
{
	uint8_t owner[66], rdata[4] = { 192, 0, 2, n };
	size_t len = strlen(label);

	owner[0] = (uint8_t)len;
	memcpy(owner + 1, label, len);
	owner[1 + len] = 0xc0;
	owner[2 + len] = 0x0c;
	xfrmsg_rr(m, owner, len + 3, 1, 1, 300, rdata, 4);
}
