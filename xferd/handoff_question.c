/*
 * handoff_question.c - frames of the check role: any question, any answer.
 */
#include "xferd/handoff_codec.h"

enum err
handoff_question_encode(const struct handoff_question *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_name(&w, in->name, in->name_len);
	wr_u16(&w, in->type);
	wr_u8(&w, in->edns);
	wr_u8(&w, in->dnssec_ok);
	wr_u8(&w, in->recurse);
	wr_u8(&w, in->mixed);
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
handoff_question_decode(const uint8_t *payload, size_t len,
    struct handoff_question *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->name_len = rd_name(&r, out->name);
	out->type = rd_u16(&r);
	out->edns = rd_bool(&r);
	out->dnssec_ok = rd_bool(&r);
	out->recurse = rd_bool(&r);
	out->mixed = rd_bool(&r);
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
handoff_answer_encode(const struct handoff_answer *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_u8(&w, (uint8_t)in->reason);
	wr_u8(&w, in->aa);
	wr_u8(&w, in->tc);
	wr_u8(&w, in->ra);
	wr_u8(&w, in->cut);
	wr_u8(&w, in->no_edns);
	wr_u32(&w, in->ms);
	wr_u8(&w, in->tries);
	wr_facts(&w, &in->facts);
	wr_u16(&w, in->n_records);
	wr_bytes(&w, in->records, in->records_len);
	return written(&w, out_len);
}

enum err
handoff_answer_decode(const uint8_t *payload, size_t len,
    struct handoff_answer *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->reason = rd_enum(&r, HANDOFF_OK, HANDOFF_REASONS - 1);
	out->aa = rd_bool(&r);
	out->tc = rd_bool(&r);
	out->ra = rd_bool(&r);
	out->cut = rd_bool(&r);
	out->no_edns = rd_bool(&r);
	out->ms = rd_u32(&r);
	out->tries = rd_u8(&r);
	rd_facts(&r, &out->facts);
	out->n_records = rd_u16(&r);
	out->records_len = rd_left(&r);
	out->records = rd_bytes(&r, out->records_len);
	if (out->n_records > HANDOFF_ANSWER_RECORDS_MAX ||
	    out->records_len > HANDOFF_ANSWER_BYTES_MAX ||
	    (out->n_records == 0) != (out->records_len == 0) ||
	    (out->reason != HANDOFF_OK && out->n_records > 0))
		rd_fail(&r);
	return taken(&r);
}

enum err
handoff_said_append(const struct handoff_said *said, uint8_t *out, size_t max,
    size_t *len)
{
	struct wr w = wr_make(out + *len, max - *len);

	wr_u8(&w, (uint8_t)said->section);
	wr_name(&w, said->owner, said->owner_len);
	wr_u16(&w, said->type);
	wr_u32(&w, said->ttl);
	wr_counted(&w, said->rdata, said->rdlen);
	if (wr_failed(&w))
		return ERR_SPACE;
	*len += wr_len(&w);
	return OK;
}

static void
take_said(struct rd *r, unsigned section_min, struct handoff_said *out)
{
	uint8_t owner[HANDOFF_NAME_MAX];

	out->section = rd_enum(r, section_min, HANDOFF_SECTION_ADDITIONAL);
	out->owner_len = rd_name(r, owner);
	out->owner = rd_failed(r) ? NULL :
	    r->pos - out->owner_len;
	out->type = rd_u16(r);
	out->ttl = rd_u32(r);
	out->rdlen = rd_u16(r);
	out->rdata = rd_bytes(r, out->rdlen);
	if (!rd_failed(r) && (out->ttl > INT32_MAX ||
	    !rrtype_is_data(out->type) ||
	    rr_rdata_check(out->type, out->rdata, out->rdlen) != OK))
		rd_fail(r);
}

enum err
handoff_said_all(const struct handoff_answer *answer,
    struct handoff_said *out)
{
	struct rd r = rd_make(answer->records, answer->records_len);
	unsigned section = HANDOFF_SECTION_ANSWER;

	if (answer->n_records > HANDOFF_ANSWER_RECORDS_MAX)
		return ERR_MALFORMED;
	for (size_t i = 0; i < answer->n_records && !rd_failed(&r); i++) {
		take_said(&r, section, &out[i]);
		section = out[i].section;
	}
	return taken(&r);
}
