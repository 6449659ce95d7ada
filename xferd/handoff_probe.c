/*
 * handoff_probe.c - frames of SOA questions, and of the MAC oracle.
 */
#include "xferd/handoff_codec.h"

#define TRIES_MAX	8

enum err
handoff_probe_addr_encode(const struct handoff_probe_addr *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->addr_id);
	wr_u8(&w, (uint8_t)in->transport);
	wr_u8(&w, in->connecting);
	wr_u32(&w, in->timeout_ms);
	wr_u8(&w, in->tries);
	return written(&w, out_len);
}

enum err
handoff_probe_addr_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_addr *out)
{
	struct rd r = rd_make(payload, len);

	out->addr_id = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	out->connecting = rd_bool(&r);
	out->timeout_ms = rd_positive(&r);
	out->tries = rd_enum(&r, 1, TRIES_MAX);
	return taken(&r);
}

enum err
handoff_probe_zone_encode(const struct handoff_probe_zone *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_name(&w, in->apex, in->apex_len);
	wr_u8(&w, in->edns);
	wr_u32(&w, in->key_id);
	if (in->key_id != 0) {
		wr_u8(&w, (uint8_t)in->alg);
		wr_name(&w, in->key_name, in->key_name_len);
		wr_u16(&w, in->fudge_s);
		wr_u16(&w, in->mac_min);
	}
	return written(&w, out_len);
}

enum err
handoff_probe_zone_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_zone *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->apex_len = rd_name(&r, out->apex);
	out->edns = rd_bool(&r);
	out->key_id = rd_u32(&r);
	if (out->key_id != 0) {
		out->alg = rd_enum(&r, TSIG_HMAC_SHA1, TSIG_HMAC_SHA512);
		out->key_name_len = rd_name(&r, out->key_name);
		out->fudge_s = rd_u16(&r);
		out->mac_min = rd_u16(&r);
	}
	return taken(&r);
}

enum err
handoff_probe_close_encode(const struct handoff_probe_close *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->addr_id);
	return written(&w, out_len);
}

enum err
handoff_probe_close_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_close *out)
{
	struct rd r = rd_make(payload, len);

	out->addr_id = rd_u32(&r);
	return taken(&r);
}

enum err
handoff_probe_result_encode(const struct handoff_probe_result *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_u8(&w, (uint8_t)in->reason);
	wr_maybe_soa(&w, in->has_soa, in->serial, in->soa, in->soa_len);
	wr_u32(&w, in->ms);
	wr_u8(&w, in->tries);
	wr_u8(&w, in->no_edns);
	wr_facts(&w, &in->facts);
	return written(&w, out_len);
}

enum err
handoff_probe_result_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_result *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->reason = rd_enum(&r, HANDOFF_OK, HANDOFF_REASONS - 1);
	out->has_soa = rd_maybe_soa(&r, &out->serial, &out->soa,
	    &out->soa_len);
	out->ms = rd_u32(&r);
	out->tries = rd_u8(&r);
	out->no_edns = rd_bool(&r);
	rd_facts(&r, &out->facts);
	if (out->reason == HANDOFF_OK && !out->has_soa)
		rd_fail(&r);
	return taken(&r);
}

/* ---- the MAC oracle ---------------------------------------------------- */

enum err
handoff_hmac_encode(const struct handoff_hmac *in, uint8_t *out, size_t max,
    size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->id);
	wr_u32(&w, in->key_id);
	wr_bytes(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_hmac_decode(const uint8_t *payload, size_t len,
    struct handoff_hmac *out)
{
	struct rd r = rd_make(payload, len);

	out->id = rd_u64(&r);
	out->key_id = rd_positive(&r);
	out->len = rd_left(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->len > UINT16_MAX + TSIG_INPUT_EXTRA)
		rd_fail(&r);
	return taken(&r);
}

enum err
handoff_hmac_reply_encode(const struct handoff_hmac_reply *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->id);
	wr_u8(&w, in->mac_len);
	wr_bytes(&w, in->mac, in->mac_len);
	return written(&w, out_len);
}

enum err
handoff_hmac_reply_decode(const uint8_t *payload, size_t len,
    struct handoff_hmac_reply *out)
{
	struct rd r = rd_make(payload, len);

	out->id = rd_u64(&r);
	out->mac_len = rd_enum(&r, 0, TSIG_MAC_MAX);
	out->mac = rd_bytes(&r, out->mac_len);
	return taken(&r);
}
