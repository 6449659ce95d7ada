/* ask.c - see ask.h. */
#include "common/base/wr.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "xferd/ask.h"

/* RFC 1995 3: the SOA we have, in the authority section. */
static void
put_soa(struct wr *w, const struct ask *a)
{
	wr_u16(w, 0xc00c);		/* the apex, in the question */
	wr_u16(w, RRTYPE_SOA);
	wr_u16(w, RRCLASS_IN);
	wr_u32(w, 0);
	if (a->soa_len > 0) {
		wr_u16(w, (uint16_t)a->soa_len);
		wr_bytes(w, a->soa, a->soa_len);
		return;
	}
	wr_u16(w, 22);
	wr_u16(w, 0);			/* two root names */
	wr_u32(w, a->serial);
	wr_zero(w, 16);
}

/* What makes the message a multiple of ASK_PAD; TSIG comes behind it and has
 * the same length each time. */
static void
put_padding(struct wr *w)
{
	size_t n = (ASK_PAD - (wr_len(w) + 4) % ASK_PAD) % ASK_PAD;

	wr_u16(w, DNSMSG_OPTION_PADDING);
	wr_u16(w, (uint16_t)n);
	wr_zero(w, n);
}

static void
put_opt(struct wr *w, const struct ask *a)
{
	size_t at, end;

	wr_u8(w, 0);
	wr_u16(w, RRTYPE_OPT);
	wr_u16(w, ASK_UDP_SIZE);
	wr_u32(w, a->dnssec_ok ? 0x8000 : 0);
	at = wr_len(w);
	wr_u16(w, 0);
	if (a->plain)
		return;
	wr_u16(w, DNSMSG_OPTION_EXPIRE);
	wr_u16(w, 0);
	if (a->stream) {
		wr_u16(w, DNSMSG_OPTION_KEEPALIVE);
		wr_u16(w, 0);
	}
	if (a->pad)
		put_padding(w);
	end = wr_len(w);
	if (!wr_failed(w))
		wr_patch_u16(w, at, (uint16_t)(end - at - 2));
}

enum err
ask_make(const struct ask *a, uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);
	bool ixfr = a->type == RRTYPE_IXFR;

	wr_u16(&w, a->id);
	wr_u16(&w, a->recurse ? DNSMSG_RD : 0);
	wr_u16(&w, 1);
	wr_u16(&w, 0);
	wr_u16(&w, ixfr);
	wr_u16(&w, a->edns);
	wr_bytes(&w, a->apex, a->apex_len);
	wr_u16(&w, a->type);
	wr_u16(&w, RRCLASS_IN);
	if (ixfr)
		put_soa(&w, a);
	if (a->edns)
		put_opt(&w, a);
	if (wr_failed(&w))
		return ERR_SPACE;
	*out_len = wr_len(&w);
	return OK;
}
