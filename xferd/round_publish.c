/*
 * round_publish.c - see round_publish.h.
 */
#include "xferd/round_publish.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "xferd/count.h"
#include "xferd/ledger.h"
#include "xferd/logbook.h"
#include "xferd/round_gate.h"
#include "xferd/round_parts.h"
#include "xferd/tidy.h"

enum {
	PUBLISH_GIVE_UP_MS = 60000,
	LARGE_BYTES = 1 << 20,
	TRIM_BYTES = 16 << 20,
};

/* All zones of the account together would have too many records. */
static void
say_limit(struct round *r, uint64_t n_records)
{
	logbook_say(r, "serial %u has %" PRIu64 " records, and with them the "
	    "account would have more than its limit of records: the last good "
	    "version stays; remove records or zones, or ask the operator",
	    r->received.soa.serial, n_records);
	logbook_close(r, ATTEMPT_REFUSED, "account-records");
	if (r->lz->failures == 0)
		ledger_event(r->keep->ledger, r->lz->zone_id,
		    r->lz->tenant_id, r->lz->name, "account-records",
		    "serial %u is not published: the account's limit of "
		    "records is reached", r->received.soa.serial);
}

static void
on_published(struct publish_version *v, enum err e)
{
	struct round *r = v->arg;
	struct zone_event ev = r->received;
	uint64_t n_pages = v->pages.n, n_records = v->n_records;
	bool large = v->n_bytes > TRIM_BYTES;

	r->version = NULL;
	if (e == OK) {
		outlines_put(r->keep->outlines, v->outline);
		v->outline = NULL;
	}
	publish_version_free(v);
	if (large)			/* the heap is not kept for the next */
		malloc_trim(0);
	if (r->aborted) {
		r->gone(r);
		return;
	}
	r->attempt.ingest_ms = now_mono_ms() - r->attempt.started_ms -
	    r->attempt.total_ms;
	r->attempt.total_ms = -1;
	if (e == OK) {
		ev.kind = ZONE_EV_PUBLISHED;
		r->attempt.serial_after = ev.soa.serial;
		r->attempt.generation = r->lz->generation + 1;
		r->attempt.pages = (int64_t)n_pages;
		logbook_say(r,
		    "serial %u was transferred from %s by %s and published",
		    ev.soa.serial, SOCK_TEXT(&r->attempt.primary),
		    r->ixfr_style ? "IXFR" : "AXFR");
		if (r->out_of_zone > 0)
			logbook_add(r, "; %u records outside the zone were "
			    "skipped", r->out_of_zone);
		if (r->not_aa)
			logbook_add(r, "; its answer does not claim authority "
			    "(AA is not set)");
		log_info("zone.published", "zone=%s serial=%u generation=%"
		    PRId64 " mode=%s primary=%s records=%" PRId64
		    " bytes=%" PRId64 " pages=%" PRIu64 " ms=%" PRId64,
		    LOG_Q(r->lz->name), ev.soa.serial, r->lz->generation + 1,
		    r->ixfr_style ? "ixfr" : "axfr",
		    SOCK_TEXT(&r->attempt.primary), r->attempt.records,
		    r->attempt.bytes, n_pages,
		    now_mono_ms() - r->attempt.started_ms);
		logbook_close(r, ATTEMPT_OK, "ok");
		tidy_zone(r->keep->tidy, r->lz->zone_id,
		    r->lz->generation + 1);
	} else if (e == ERR_LIMIT) {
		ev.kind = ZONE_EV_STOPPED;
		say_limit(r, n_records);
	} else if (e == ERR_CONFLICT) {
		ev.kind = ZONE_EV_CONFLICT;
		logbook_say(r, "another worker published a version first");
		logbook_close(r, ATTEMPT_REFUSED, "conflict");
	} else {
		ev.kind = ZONE_EV_TROUBLE;
		logbook_say(r,
		    "our database did not take the version; it is tried "
		    "again");
		logbook_close(r, ATTEMPT_REFUSED, "trouble");
		log_err("zone.not_published", "zone=%s err=%s",
		    LOG_Q(r->lz->name), err_name(e));
	}
	r->step(r, &ev);
}

static void
submit_version(struct round *r)
{
	publish_submit(r->keep->publish, r->version);
}

static void
take_version(struct round *r, struct publish_version *v, bool gate)
{
	uint32_t expire_s = zone_given_s(&r->keep->limits, &r->received.soa,
	    r->received.has_expire, r->received.expire_s);

	memcpy(v->zone_id, r->lz->zone_id, 16);
	memcpy(v->tenant_id, r->lz->tenant_id, 16);
	memcpy(v->primary_id, r->lz->primaries[r->p].id, 16);
	v->ixfr = r->ixfr_style;
	if (v->soa_len == 0) {		/* the apex did not change */
		v->serial = r->lz->serial;
		v->soa_len = r->lz->soa_len;
		memcpy(v->soa, r->lz->soa, r->lz->soa_len);
	}
	v->expires_in_ms = (int64_t)expire_s * 1000;
	v->guarded = r->lz->guard != NULL;
	v->done = on_published;
	v->arg = r;
	r->version = v;
	if (gate)
		round_gate_begin(r, submit_version);
	else
		submit_version(r);
}

static void
ingest_refused(struct round *r, struct ingest *in)
{
	enum zone_event_kind kind = ZONE_EV_TROUBLE;

	r->attempt.ingest_ms = in->ms;
	r->attempt.total_ms = -1;
	switch (in->verdict) {
	case INGEST_REJECTED:
		kind = ZONE_EV_REJECTED;
		count_add(COUNT_rejected, 1);
		logbook_say(r,
		    "the zone from %s was not accepted: %s; correct it at "
		    "the primary and raise the serial; %s",
		    SOCK_TEXT(&r->attempt.primary), in->check.text,
		    r->lz->generation > 0 ? "the last good version stays" :
		    "nothing is served until then");
		logbook_close(r, ATTEMPT_REFUSED, in->check.reason);
		break;
	case INGEST_MISMATCH:
		kind = ZONE_EV_MISMATCH;
		logbook_say(r,
		    "the differences from %s do not fit the version that "
		    "we have (%s); the whole zone is fetched instead",
		    SOCK_TEXT(&r->attempt.primary), in->check.text[0] != '\0' ?
		    in->check.text : "serials");
		logbook_close(r, ATTEMPT_FAILED, "ixfr-mismatch");
		break;
	case INGEST_CONFLICT:
		kind = ZONE_EV_CONFLICT;
		logbook_say(r, "another worker published a version first");
		logbook_close(r, ATTEMPT_REFUSED, "conflict");
		break;
	case INGEST_SAME:
		kind = ZONE_EV_CURRENT;
		logbook_say(r, "the zone from %s is the one that we have",
		    SOCK_TEXT(&r->attempt.primary));
		logbook_close(r, ATTEMPT_UPTODATE, "same");
		break;
	case INGEST_READY:
	case INGEST_TROUBLE:
		logbook_say(r,
		    "our own trouble while taking the zone (%s); it is "
		    "tried again", err_text(in->job.err));
		logbook_close(r, ATTEMPT_REFUSED, "trouble");
		break;
	}
	round_parts_step(r, kind);
}

/* The zone of another primary with our serial: nothing is published. */
static void
compared(struct round *r, struct ingest *in)
{
	r->attempt.ingest_ms = in->ms;
	r->attempt.total_ms = -1;
	if (in->verdict == INGEST_READY) {
		logbook_say(r, "%s has serial %u as we do, but another "
		    "content: raise the serial at the primary that is right",
		    SOCK_TEXT(&r->attempt.primary), in->serial);
		logbook_close(r, ATTEMPT_REFUSED, "primaries-differ");
		publish_version_free(in->version);
		round_parts_step(r, ZONE_EV_DIFFERS);
		return;
	}
	ingest_refused(r, in);
}

/* ---- large ones leave a thread to the small ones ----------------------- */

static unsigned
large_max(const struct keep *keep)
{
	return MAX(keep->conf->transfer.threads, 2u) - 1;
}

static void
build(struct round *r)
{
	r->keep->n_large += r->large;
	crew_submit(r->keep->crew, CREW_BUILD, &r->ingest->job);
}

static void
wait_large(struct round *r)
{
	struct keep *k = r->keep;

	if (k->large == NULL)
		k->large_tail = &k->large;
	r->next_large = NULL;
	*k->large_tail = r;
	k->large_tail = &r->next_large;
}

static void
large_ended(struct keep *k)
{
	struct round *r = k->large;

	CHECK(k->n_large > 0);
	k->n_large--;
	if (r == NULL)
		return;
	k->large = r->next_large;
	build(r);		/* also an aborted one: its done() frees it */
}

static void
on_ingest(struct crew_job *job)
{
	struct ingest *in = CONTAINER_OF(job, struct ingest, job);
	struct round *r = in->owner;

	CHECK(r->ingest == in);
	r->ingest = NULL;
	if (r->large)
		large_ended(r->keep);
	r->large = false;
	spool_free(r->spool);
	r->spool = NULL;
	if (job->err != OK)
		in->verdict = INGEST_TROUBLE;
	if (r->aborted) {
		publish_version_free(in->version);
		free(in);
		r->gone(r);
		return;
	}
	if (r->comparing)
		compared(r, in);
	else if (in->verdict == INGEST_READY)
		take_version(r, in->version, round_gate_wanted(r, in));
	else
		ingest_refused(r, in);
	free(in);
}

void
round_publish_begin(struct round *r)
{
	struct ingest *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		round_parts_step(r, ZONE_EV_TROUBLE);
		return;
	}
	in->job = (struct crew_job){ .run = ingest_run, .done = on_ingest,
		.give_up_ms = now_mono_ms() + PUBLISH_GIVE_UP_MS };
	in->owner = r;
	in->spool = r->spool;
	in->ixfr = r->ixfr_style;
	memcpy(in->apex, r->lz->apex, r->lz->apex_len);
	in->apex_len = r->lz->apex_len;
	memcpy(in->zone_id, r->lz->zone_id, 16);
	in->generation = r->lz->generation;
	in->root = r->lz->root;
	in->outlines = r->keep->outlines;
	in->serial = r->received.soa.serial;
	in->limits = r->keep->content;
	r->ingest = in;
	r->large = spool_size(r->spool) > LARGE_BYTES;
	if (r->large && r->keep->n_large >= large_max(r->keep))
		wait_large(r);
	else
		build(r);
}
