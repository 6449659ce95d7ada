/*
 * handoff.c - frames between keep and its children; see handoff.h.
 *
 * Here: what ended a transfer, and records.  READY and the frames of each role
 * are in handoff_fetch.c, handoff_probe.c and handoff_notify.c.
 *
 * Decoders are written against rd.h: a short or long payload ends in
 * rd_done() being false. Nothing is allocated; what is variable in length is
 * pointed to in the payload.
 */
#include <string.h>

#include "common/base/rd.h"
#include "common/base/wr.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rr.h"
#include "xferd/handoff.h"

const char *
handoff_reason_text(enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_OK: return "ok";
	case HANDOFF_UPTODATE: return "up-to-date";
	case HANDOFF_CONNECT_REFUSED: return "connect-refused";
	case HANDOFF_CONNECT_TIMEOUT: return "connect-timeout";
	case HANDOFF_CONNECT_FAILED: return "connect-failed";
	case HANDOFF_CLOSED_EARLY: return "closed-early";
	case HANDOFF_TIMEOUT_FIRST: return "timeout-first";
	case HANDOFF_TIMEOUT_IDLE: return "timeout-idle";
	case HANDOFF_TIMEOUT_TOTAL: return "timeout-total";
	case HANDOFF_TOO_SLOW: return "too-slow";
	case HANDOFF_RCODE: return "rcode";
	case HANDOFF_NOT_AUTH: return "not-authoritative";
	case HANDOFF_MALFORMED: return "malformed";
	case HANDOFF_WRONG_ID: return "wrong-id";
	case HANDOFF_WRONG_QUESTION: return "wrong-question";
	case HANDOFF_TRUNCATED: return "truncated";
	case HANDOFF_NO_SOA: return "no-soa";
	case HANDOFF_BAD_ORDER: return "bad-order";
	case HANDOFF_OUT_OF_ZONE: return "out-of-zone";
	case HANDOFF_BAD_RDATA: return "bad-rdata";
	case HANDOFF_LIMIT_RECORDS: return "limit-records";
	case HANDOFF_LIMIT_BYTES: return "limit-bytes";
	case HANDOFF_LIMIT_RRSET: return "limit-rrset";
	case HANDOFF_LIMIT_MESSAGES: return "limit-messages";
	case HANDOFF_TSIG_MISSING: return "tsig-missing";
	case HANDOFF_TSIG_BADSIG: return "tsig-badsig";
	case HANDOFF_TSIG_BADKEY: return "tsig-badkey";
	case HANDOFF_TSIG_BADTIME: return "tsig-badtime";
	case HANDOFF_TSIG_BADTRUNC: return "tsig-badtrunc";
	case HANDOFF_TSIG_ORDER: return "tsig-order";
	case HANDOFF_IXFR_REFUSED: return "ixfr-refused";
	case HANDOFF_IXFR_MISMATCH: return "ixfr-mismatch";
	case HANDOFF_TLS_FAILED: return "tls-failed";
	case HANDOFF_TLS_TIMEOUT: return "tls-timeout";
	case HANDOFF_TLS_VERSION: return "tls-version";
	case HANDOFF_TLS_ALPN: return "tls-alpn";
	case HANDOFF_TLS_CERTIFICATE: return "tls-certificate";
	case HANDOFF_TLS_DATE: return "tls-date";
	case HANDOFF_TLS_NAME: return "tls-name";
	case HANDOFF_TLS_PIN: return "tls-pin";
	case HANDOFF_TLS_CLIENT: return "tls-client-certificate";
	case HANDOFF_TLS_SETUP: return "tls-setup";
	case HANDOFF_UNASKED: return "unasked";
	case HANDOFF_INTERNAL: return "internal";
	case HANDOFF_REASONS: break;
	}
	return "unknown";
}

/* ---- records ----------------------------------------------------------- */

enum err
handoff_record_append(const struct handoff_record *rec, uint8_t *out,
    size_t max, size_t *len)
{
	size_t need = 2u + rec->key_len + 2 + 4 + 2 + rec->rdlen;
	uint8_t *p = out + *len;

	if (max - *len < need)
		return ERR_SPACE;
	wr_put_u16(p, rec->key_len);
	memcpy(p + 2, rec->key, rec->key_len);
	p += 2 + rec->key_len;
	wr_put_u16(p, rec->type);
	wr_put_u32(p + 2, rec->ttl);
	wr_put_u16(p + 6, rec->rdlen);
	if (rec->rdlen > 0)
		memcpy(p + 8, rec->rdata, rec->rdlen);
	*len += need;
	return OK;
}

/* Which tree a record belongs to: NSEC3 and what signs it have their own. */
static uint8_t
tree_of(uint16_t type, const uint8_t *rdata, size_t len)
{
	if (type == RRTYPE_NSEC3 || (type == RRTYPE_RRSIG &&
	    rr_rrsig_covered(rdata, len) == RRTYPE_NSEC3))
		return OWNERKEY_TREE_NSEC3;
	return OWNERKEY_TREE_NORMAL;
}

enum err
handoff_records_next(const uint8_t *payload, size_t len, size_t *off,
    size_t apex_len, struct handoff_record *out, bool *out_end)
{
	struct rd r;

	*out_end = *off >= len;
	if (*out_end)
		return *off == len ? OK : ERR_MALFORMED;
	r = rd_make(payload + *off, len - *off);
	out->key_len = rd_u16(&r);
	out->key = rd_bytes(&r, out->key_len);
	out->type = rd_u16(&r);
	out->ttl = rd_u32(&r);
	out->rdlen = rd_u16(&r);
	out->rdata = rd_bytes(&r, out->rdlen);
	if (rd_failed(&r) || out->ttl > INT32_MAX)
		return ERR_MALFORMED;
	if (!ownerkey_check(out->key, out->key_len, apex_len) ||
	    rr_rdata_check(out->type, out->rdata, out->rdlen) != OK)
		return ERR_MALFORMED;
	if (out->key[0] != tree_of(out->type, out->rdata, out->rdlen))
		return ERR_MALFORMED;
	if (out->type == RRTYPE_SOA && out->key_len != 1)
		return ERR_MALFORMED;
	*off += rd_offset(&r);
	return OK;
}
