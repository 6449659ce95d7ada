/*
 * handoff_codec.h - pieces that several frames of handoff.h are made of.
 *
 * For handoff*.c alone.  The wr_ write, the rd_ read a claim: what is out of
 * bounds makes the reader fail, and the frame with it.
 */
#ifndef XFERD_HANDOFF_CODEC_H
#define XFERD_HANDOFF_CODEC_H

#include <stdbool.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/rd.h"
#include "common/base/sock.h"
#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "xferd/handoff.h"

static inline enum err
written(const struct wr *w, size_t *out_len)
{
	if (wr_failed(w))
		return ERR_SPACE;
	*out_len = wr_len(w);
	return OK;
}

static inline enum err
taken(const struct rd *r)
{
	return rd_done(r) ? OK : ERR_MALFORMED;
}

static inline bool
rd_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		rd_fail(r);
	return v == 1;
}

/* An octet from @min to @max. */
static inline uint8_t
rd_enum(struct rd *r, unsigned min, unsigned max)
{
	uint8_t v = rd_u8(r);

	if (v < min || v > max) {
		rd_fail(r);
		return (uint8_t)min;
	}
	return v;
}

/* A deadline or limit: 0 would mean "none". */
static inline uint32_t
rd_positive(struct rd *r)
{
	uint32_t v = rd_u32(r);

	if (v == 0)
		rd_fail(r);
	return v;
}

/* A wire name in lower case: u8 length, octets. */
static inline uint8_t
rd_name(struct rd *r, uint8_t *out)
{
	uint8_t len = rd_u8(r);
	const uint8_t *p = rd_bytes(r, len);
	size_t n, i;

	if (p == NULL || dname_scan(p, len, &n) != OK || n != len) {
		rd_fail(r);
		return 0;
	}
	for (i = 0; i < n; i++) {
		if (dname_lower_octet(p[i]) != p[i])
			rd_fail(r);
		out[i] = p[i];
	}
	return len;
}

static inline void
wr_name(struct wr *w, const uint8_t *name, size_t len)
{
	if (len > HANDOFF_NAME_MAX) {
		wr_fail(w);
		return;
	}
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, name, len);
}

/* u16 length, rdata of a SOA. @serial, if given, must be the one inside. */
static inline uint16_t
rd_soa(struct rd *r, const uint8_t **out, const uint32_t *serial)
{
	uint16_t len = rd_u16(r);
	const uint8_t *p = rd_bytes(r, len);
	struct rr_soa soa;

	*out = p;
	if (p == NULL || len > HANDOFF_SOA_MAX ||
	    rr_soa_parse(p, len, &soa) != OK ||
	    (serial != NULL && soa.serial != *serial)) {
		rd_fail(r);
		return 0;
	}
	return len;
}

static inline void
wr_counted(struct wr *w, const void *bytes, size_t len)
{
	if (len > UINT16_MAX) {
		wr_fail(w);
		return;
	}
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, bytes, len);
}

static inline void
wr_i64(struct wr *w, int64_t v)
{
	wr_u64(w, (uint64_t)v);
}

static inline void
wr_addr(struct wr *w, const struct sock_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->ip, sizeof(a->ip));
	wr_u32(w, a->scope);
	wr_u16(w, a->port);
}

static inline void
rd_addr(struct rd *r, struct sock_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = rd_u8(r);
	rd_copy(r, out->ip, sizeof(out->ip));
	out->scope = rd_u32(r);
	out->port = rd_u16(r);
	if (out->family != 4 && out->family != 6)
		rd_fail(r);
	for (size_t i = 4; out->family == 4 && i < sizeof(out->ip); i++)
		if (out->ip[i] != 0)
			rd_fail(r);
}

static inline void
wr_facts(struct wr *w, const struct handoff_facts *f)
{
	wr_u16(w, f->rcode);
	wr_u8(w, (uint8_t)f->tsig);
	wr_u16(w, f->tsig_error);
	wr_u8(w, f->has_skew);
	wr_i64(w, f->skew_s);
	wr_u8(w, f->edns);
	wr_u8(w, f->has_expire);
	wr_u32(w, f->expire_s);
	wr_u8(w, f->has_keepalive);
	wr_u16(w, f->keepalive_ds);
	wr_u8(w, f->has_ede);
	wr_u16(w, f->ede);
}

static inline void
rd_facts(struct rd *r, struct handoff_facts *out)
{
	out->rcode = rd_u16(r);
	if (out->rcode > 0xfff)
		rd_fail(r);
	out->tsig = rd_enum(r, TSIG_UNSIGNED, TSIG_TOO_MANY_UNSIGNED);
	out->tsig_error = rd_u16(r);
	out->has_skew = rd_bool(r);
	out->skew_s = (int64_t)rd_u64(r);
	out->edns = rd_bool(r);
	out->has_expire = rd_bool(r);
	out->expire_s = rd_u32(r);
	out->has_keepalive = rd_bool(r);
	out->keepalive_ds = rd_u16(r);
	out->has_ede = rd_bool(r);
	out->ede = rd_u16(r);
}

static inline void
wr_maybe_soa(struct wr *w, bool has, uint32_t serial, const uint8_t *soa,
    uint16_t len)
{
	wr_u8(w, has);
	if (!has)
		return;
	wr_u32(w, serial);
	wr_counted(w, soa, len);
}

static inline bool
rd_maybe_soa(struct rd *r, uint32_t *out_serial, const uint8_t **out_soa,
    uint16_t *out_len)
{
	*out_serial = 0;
	*out_soa = NULL;
	*out_len = 0;
	if (!rd_bool(r))
		return false;
	*out_serial = rd_u32(r);
	*out_len = rd_soa(r, out_soa, out_serial);
	return true;
}

#endif
