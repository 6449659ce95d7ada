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

enum err
ask_make(const struct ask *a, uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);
	bool ixfr = a->type == RRTYPE_IXFR;

	wr_u16(&w, a->id);
	wr_u16(&w, 0);
	wr_u16(&w, 1);
	wr_u16(&w, 0);
	wr_u16(&w, ixfr);
	wr_u16(&w, a->edns);
	wr_bytes(&w, a->apex, a->apex_len);
	wr_u16(&w, a->type);
	wr_u16(&w, RRCLASS_IN);
	if (ixfr)
		put_soa(&w, a);
	if (a->edns) {
		wr_u8(&w, 0);
		wr_u16(&w, RRTYPE_OPT);
		wr_u16(&w, ASK_UDP_SIZE);
		wr_u32(&w, 0);
		wr_u16(&w, 4);
		wr_u16(&w, DNSMSG_OPTION_EXPIRE);
		wr_u16(&w, 0);
	}
	if (wr_failed(&w))
		return ERR_SPACE;
	*out_len = wr_len(&w);
	return OK;
}
