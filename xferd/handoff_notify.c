/*
 * handoff_notify.c - frames of the NOTIFY listener.
 */
#include "xferd/handoff_codec.h"

enum err
handoff_listen_encode(const struct handoff_listen *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->listener);
	wr_u8(&w, (uint8_t)in->transport);
	return written(&w, out_len);
}

enum err
handoff_listen_decode(const uint8_t *payload, size_t len,
    struct handoff_listen *out)
{
	struct rd r = rd_make(payload, len);

	out->listener = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	return taken(&r);
}

enum err
handoff_datagram_encode(const struct handoff_datagram *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (in->len > HANDOFF_DATAGRAM_MAX)
		return ERR_SPACE;
	wr_u64(&w, in->relay);
	wr_addr(&w, &in->source);
	wr_counted(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_datagram_decode(const uint8_t *payload, size_t len,
    struct handoff_datagram *out)
{
	struct rd r = rd_make(payload, len);

	out->relay = rd_u64(&r);
	rd_addr(&r, &out->source);
	out->len = rd_u16(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->relay == 0 || out->len > HANDOFF_DATAGRAM_MAX)
		rd_fail(&r);
	return taken(&r);
}

static void
wr_tsig(struct wr *w, const struct tsig_rr *t)
{
	wr_name(w, t->name, t->name_len);
	wr_name(w, t->alg_name, t->alg_name_len);
	wr_u48(w, t->time_s);
	wr_u16(w, t->fudge_s);
	wr_counted(w, t->mac, t->mac_len);
	wr_u16(w, t->original_id);
	wr_u16(w, t->error);
	wr_counted(w, t->other, t->other_len);
}

static void
rd_tsig(struct rd *r, struct tsig_rr *out)
{
	out->name_len = rd_name(r, out->name);
	out->alg_name_len = rd_name(r, out->alg_name);
	if (!rd_failed(r))
		out->alg = tsig_alg_from_wire(out->alg_name,
		    out->alg_name_len);
	out->time_s = rd_u48(r);
	out->fudge_s = rd_u16(r);
	out->mac_len = rd_u16(r);
	out->mac = rd_bytes(r, out->mac_len);
	out->original_id = rd_u16(r);
	out->error = rd_u16(r);
	out->other_len = rd_u16(r);
	out->other = rd_bytes(r, out->other_len);
}

enum err
handoff_notify_encode(const struct handoff_notify *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->number);
	wr_u64(&w, in->relay);
	wr_u32(&w, in->listener);
	wr_u8(&w, (uint8_t)in->transport);
	wr_addr(&w, &in->source);
	wr_name(&w, in->apex, in->apex_len);
	wr_u8(&w, in->has_serial);
	wr_u32(&w, in->serial);
	wr_u8(&w, (uint8_t)in->signed_);
	if (in->signed_ == HANDOFF_NOTIFY_SIGNED) {
		wr_tsig(&w, &in->tsig);
		wr_bytes(&w, in->input, in->input_len);
	}
	return written(&w, out_len);
}

enum err
handoff_notify_decode(const uint8_t *payload, size_t len,
    struct handoff_notify *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->number = rd_u64(&r);
	out->relay = rd_u64(&r);
	out->listener = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	rd_addr(&r, &out->source);
	out->apex_len = rd_name(&r, out->apex);
	out->has_serial = rd_bool(&r);
	out->serial = rd_u32(&r);
	out->signed_ = rd_enum(&r, HANDOFF_NOTIFY_UNSIGNED,
	    HANDOFF_NOTIFY_SIGNED);
	if (out->signed_ == HANDOFF_NOTIFY_SIGNED) {
		rd_tsig(&r, &out->tsig);
		out->input_len = rd_left(&r);
		out->input = rd_bytes(&r, out->input_len);
		if (out->input_len > UINT16_MAX + TSIG_INPUT_EXTRA)
			rd_fail(&r);
	}
	return taken(&r);
}

enum err
handoff_notify_answer_encode(const struct handoff_notify_answer *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->number);
	wr_u8(&w, in->drop);
	wr_u8(&w, in->rcode);
	wr_u16(&w, in->tsig_error);
	wr_u32(&w, in->key_id);
	wr_u16(&w, in->fudge_s);
	return written(&w, out_len);
}

enum err
handoff_notify_answer_decode(const uint8_t *payload, size_t len,
    struct handoff_notify_answer *out)
{
	struct rd r = rd_make(payload, len);

	out->number = rd_u64(&r);
	out->drop = rd_bool(&r);
	out->rcode = rd_enum(&r, 0, 15);
	out->tsig_error = rd_u16(&r);
	out->key_id = rd_u32(&r);
	out->fudge_s = rd_u16(&r);
	return taken(&r);
}

enum err
handoff_notify_reply_encode(const struct handoff_notify_reply *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (in->len > HANDOFF_DATAGRAM_MAX)
		return ERR_SPACE;
	wr_u64(&w, in->relay);
	wr_counted(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_notify_reply_decode(const uint8_t *payload, size_t len,
    struct handoff_notify_reply *out)
{
	struct rd r = rd_make(payload, len);

	out->relay = rd_u64(&r);
	out->len = rd_u16(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->relay == 0 || out->len > HANDOFF_DATAGRAM_MAX)
		rd_fail(&r);
	return taken(&r);
}
