/*
 * transfer.c - see transfer.h.
 */
#include <stdio.h>
#include <string.h>

#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "xferd/ask.h"
#include "xferd/transfer.h"

static uint16_t
qtype_of(enum handoff_mode mode)
{
	switch (mode) {
	case HANDOFF_AXFR:
		return RRTYPE_AXFR;
	case HANDOFF_IXFR:
		return RRTYPE_IXFR;
	case HANDOFF_SOA:
		return RRTYPE_SOA;
	}
	return RRTYPE_AXFR;
}

void
transfer_begin(struct transfer *t, const struct handoff_fetch_zone *zone,
    uint16_t id, const struct stream_sink *sink)
{
	t->next = NULL;
	t->zone = *zone;
	t->tsig = NULL;
	memset(&t->verdict, 0, sizeof(t->verdict));
	memset(&t->soa, 0, sizeof(t->soa));
	t->done = t->sent = false;
	t->connect_ms = t->first_ms = -1;
	stream_begin(&t->stream, t->zone.apex, t->zone.apex_len, id,
	    qtype_of(zone->mode), &t->zone.limits, sink);
	axfr_begin(&t->axfr, &t->stream);
	ixfr_begin(&t->ixfr, &t->stream, t->zone.serial);
}

void
transfer_fini(struct transfer *t)
{
	tsig_free(t->tsig);
	t->tsig = NULL;
}

enum err
transfer_fail(struct transfer *t, enum handoff_reason reason,
    const char *text)
{
	return stream_fail(&t->stream, ERR_CLOSED, reason, "%s", text);
}

bool
transfer_is_open(const struct transfer *t)
{
	return t->zone.mode == HANDOFF_IXFR && ixfr_is_open(&t->ixfr);
}

/* ---- The request ------------------------------------------------------- */

enum err
transfer_request(struct transfer *t, const struct tsig_key *key, bool tls,
    uint64_t wall_s, uint8_t *out, size_t max, size_t *out_len)
{
	const struct handoff_fetch_zone *z = &t->zone;
	struct ask ask = {
		.id = t->stream.id,
		.apex = z->apex,
		.apex_len = z->apex_len,
		.type = t->stream.qtype,
		.edns = z->edns,
		.stream = true,
		.pad = tls,
		.soa = z->soa,
		.soa_len = z->soa_len,
		.serial = z->serial,
	};
	struct tsig_policy policy = {
		.fudge_s = z->fudge_s,
		.mac_min = z->mac_min,
		.sign_all = z->sign_all,
	};
	enum err e;

	e = ask_make(&ask, out, max, out_len);
	if (e != OK || z->key_id == 0)
		return e;
	if (key == NULL)
		return ERR_BAD_KEY;
	e = tsig_new(key, &policy, &t->tsig);
	if (e == OK)
		e = tsig_sign_request(t->tsig, out, out_len, max, wall_s);
	return e;
}

/* ---- The answer -------------------------------------------------------- */

static enum handoff_reason
tsig_reason(const struct transfer *t)
{
	bool first = t->stream.n_messages == 0;

	switch (t->verdict.verdict) {
	case TSIG_UNSIGNED:
	case TSIG_GOOD:
		break;
	case TSIG_BAD_FORM:
	case TSIG_BAD_SIG:
		return HANDOFF_TSIG_BADSIG;
	case TSIG_BAD_KEY:
		return HANDOFF_TSIG_BADKEY;
	case TSIG_BAD_TIME:
		return HANDOFF_TSIG_BADTIME;
	case TSIG_BAD_TRUNC:
		return HANDOFF_TSIG_BADTRUNC;
	case TSIG_MISSING:
		return first ? HANDOFF_TSIG_MISSING : HANDOFF_TSIG_ORDER;
	case TSIG_TOO_MANY_UNSIGNED:
		return HANDOFF_TSIG_ORDER;
	case TSIG_PEER_ERROR:
		switch (t->verdict.peer_error) {
		case DNSMSG_BADSIG:
			return HANDOFF_TSIG_BADSIG;
		case DNSMSG_BADKEY:
			return HANDOFF_TSIG_BADKEY;
		case DNSMSG_BADTIME:
			return HANDOFF_TSIG_BADTIME;
		case DNSMSG_BADTRUNC:
			return HANDOFF_TSIG_BADTRUNC;
		default:
			return HANDOFF_RCODE;
		}
	}
	return HANDOFF_INTERNAL;
}

/* What an answer that fails TSIG says is told, and believed in nothing. */
static enum err
tsig_failed(struct transfer *t, const uint8_t *msg, size_t len)
{
	struct stream *s = &t->stream;
	struct dnsmsg_header h;
	enum handoff_reason reason = tsig_reason(t);

	s->facts.tsig = t->verdict.verdict;
	if (s->n_messages == 0 && dnsmsg_header_read(msg, len, &h) == OK)
		s->facts.rcode = DNSMSG_RCODE(h.flags);
	s->n_messages++;
	s->n_bytes += len + 2;
	return stream_fail(s, ERR_BAD_SIG, reason,
	    "message %u: TSIG %s, error %u, rcode %u", s->n_messages,
	    tsig_verdict_text(t->verdict.verdict), t->verdict.peer_error,
	    s->facts.rcode);
}

static enum err
check_tsig(struct transfer *t, const uint8_t *msg, size_t len,
    uint64_t wall_s)
{
	struct handoff_facts *f = &t->stream.facts;
	enum err e;

	if (t->tsig == NULL)
		return OK;
	e = tsig_verify(t->tsig, msg, len, wall_s, &t->verdict);
	f->tsig_error = t->verdict.peer_error;
	if (t->verdict.has_time) {
		f->has_skew = true;
		f->skew_s = t->verdict.skew_s;
	}
	if (e != OK)
		return tsig_failed(t, msg, len);
	if (t->verdict.verdict == TSIG_GOOD)
		f->tsig = TSIG_GOOD;
	return OK;
}

/* The answer to a SOA query: one message, which says everything. */
static enum err
take_soa(struct transfer *t, const uint8_t *msg, size_t len)
{
	struct stream *s = &t->stream;
	struct handoff_facts *f = &s->facts, was = *f;

	probe_answer_judge(msg, len, s->apex, s->apex_len, t->zone.edns,
	    &t->soa);
	*f = t->soa.facts;
	f->tsig = was.tsig;
	f->tsig_error = was.tsig_error;
	f->has_skew = was.has_skew;
	f->skew_s = was.skew_s;
	s->n_messages++;
	s->n_bytes += len + 2;
	t->done = true;
	if (t->soa.reason == HANDOFF_OK)
		return OK;
	return stream_fail(s, ERR_MALFORMED, t->soa.reason, "%s", "");
}

enum err
transfer_message(struct transfer *t, const uint8_t *msg, size_t len,
    uint64_t wall_s)
{
	enum err e;

	e = check_tsig(t, msg, len, wall_s);
	if (e != OK)
		return e;
	if (t->zone.mode == HANDOFF_SOA)
		e = take_soa(t, msg, len);
	else if (t->zone.mode == HANDOFF_IXFR)
		e = ixfr_feed(&t->ixfr, msg, len, &t->done);
	else
		e = axfr_feed(&t->axfr, msg, len, &t->done);
	if (e != OK)
		return e;
	if (t->done && t->tsig != NULL && tsig_done(t->tsig) != OK) {
		t->stream.facts.tsig = TSIG_MISSING;	/* T-135 */
		return stream_fail(&t->stream, ERR_BAD_SIG,
		    HANDOFF_TSIG_ORDER, "the last message is not signed");
	}
	return OK;
}

/* ---- The result -------------------------------------------------------- */

static const struct stream_soa *
first_soa(const struct transfer *t)
{
	if (t->zone.mode == HANDOFF_IXFR)
		return ixfr_first(&t->ixfr);
	return t->axfr.has_first ? &t->axfr.first : NULL;
}

static enum handoff_style
style_of(const struct transfer *t)
{
	if (t->zone.mode == HANDOFF_SOA)
		return t->soa.soa_len > 0 ? HANDOFF_STYLE_SINGLE :
		    HANDOFF_STYLE_NONE;
	if (t->zone.mode == HANDOFF_IXFR)
		return ixfr_style(&t->ixfr);
	return t->axfr.has_first ? HANDOFF_STYLE_AXFR : HANDOFF_STYLE_NONE;
}

static enum handoff_reason
reason_of(const struct transfer *t, enum err e)
{
	if (e != OK)
		return t->stream.reason != HANDOFF_OK ? t->stream.reason :
		    HANDOFF_INTERNAL;
	if (t->zone.mode == HANDOFF_IXFR && t->ixfr.single)
		return HANDOFF_UPTODATE;
	return HANDOFF_OK;
}

/* Text of strangers went through dname_print() and keep_ede_text(). */
static void
text_of(const struct transfer *t, char out[HANDOFF_TEXT_MAX])
{
	const struct stream *s = &t->stream;

	if (s->facts.has_ede)
		snprintf(out, HANDOFF_TEXT_MAX, "%.150s (EDE %u%s%.80s)",
		    s->text, s->facts.ede, s->ede_text[0] == '\0' ? "" : ": ",
		    s->ede_text);
	else
		snprintf(out, HANDOFF_TEXT_MAX, "%s", s->text);
}

void
transfer_result(const struct transfer *t, enum err e,
    struct handoff_result *out, char text[HANDOFF_TEXT_MAX])
{
	const struct stream_soa *soa = first_soa(t);

	*out = (struct handoff_result){
		.cookie = t->zone.cookie,
		.reason = reason_of(t, e),
		.style = style_of(t),
		.aa = t->stream.aa && soa != NULL,
		.records = t->stream.n_records,
		.bytes = t->stream.n_bytes,
		.messages = t->stream.n_messages,
		.diffs = t->ixfr.n_diffs,
		.out_of_zone = t->stream.n_out_of_zone,
		.has_connect = t->connect_ms >= 0,
		.connect_ms = t->connect_ms < 0 ? 0 : (uint32_t)t->connect_ms,
		.first_ms = t->first_ms < 0 ? 0 : (uint32_t)t->first_ms,
		.facts = t->stream.facts,
	};
	if (t->zone.mode == HANDOFF_SOA && t->soa.reason == HANDOFF_OK &&
	    t->soa.soa_len > 0) {
		out->has_soa = true;
		out->aa = true;
		out->serial = t->soa.serial;
		out->soa_len = t->soa.soa_len;
		out->soa = t->soa.soa;
	} else if (soa != NULL) {
		out->has_soa = true;
		out->serial = soa->serial;
		out->soa_len = soa->len;
		out->soa = soa->rdata;
	}
	text_of(t, text);
	out->text = text;
	out->text_len = (uint16_t)strlen(text);
}
