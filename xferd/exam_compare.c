/*
 * exam_compare.c - is what the primary sends what we have, byte for byte?
 *
 * The whole zone is fetched as for a publication, into a spool that the tenant
 * pays for, and made into pages beside the stored version, which shows what
 * would change; then all of it is thrown away. One zone is compared once in
 * EXAM_COMPARE_S, in the crew's slow lane, so that no publication waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/now.h"
#include "common/db/db.h"
#include "xferd/exam.h"
#include "xferd/keepsql.h"
#include "xferd/ledger.h"

enum { GIVE_UP_MS = 60000 };

static void
end(struct exam *x, enum diagnosis_content content, const char *why)
{
	x->compare.asked = false;
	x->f.content = content;
	x->f.content_why = why;
	exam_know(x, DIAGNOSIS_CONTENT);
}

static void
unknown(struct exam *x, const char *why)
{
	end(x, DIAGNOSIS_CONTENT_UNKNOWN, why);
}

/* ---- what came of it is kept for the next check ------------------------ */

struct note {
	struct crew_job job;
	uint8_t id[16];
	char text[256];
};

static enum err
note_run(struct crew_job *job, struct db *db)
{
	struct note *n = CONTAINER_OF(job, struct note, job);

	return db_exec(db, KEEPSQL(exam_compared), DB_PARAMS(db_uuid(n->id),
	    db_text(n->text)), NULL);
}

static void
note_done(struct crew_job *job)
{
	free(CONTAINER_OF(job, struct note, job));
}

static void
take_note(struct exam *x, bool same)
{
	struct note *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return;
	memcpy(n->id, x->id, 16);
	snprintf(n->text, sizeof(n->text), "{\"same\": %s, \"serial\": %u, "
	    "\"primary\": \"%s\"}", same ? "true" : "false", x->f.serial,
	    SOCK_TEXT(&x->primaries[x->compare.primary].addr));
	n->job = (struct crew_job){ .run = note_run, .done = note_done,
		.give_up_ms = now_mono_ms() + GIVE_UP_MS };
	crew_submit(x->keep->crew, CREW_QUICK, &n->job);
}

/* ---- the flight recorder: the bytes count as those of any transfer ------ */

static void
record(struct exam *x, enum attempt_outcome outcome, const char *reason,
    const char *text)
{
	struct attempt *a = &x->compare.attempt;

	a->outcome = outcome;
	a->reason = reason;
	snprintf(a->message, sizeof(a->message), "for a check, %s was "
	    "fetched whole: %s", SOCK_TEXT(&a->primary), text);
	a->total_ms = now_mono_ms() - a->started_ms;
	ledger_attempt(x->keep->ledger, a);
}

static void
begin_record(struct exam *x)
{
	struct attempt *a = &x->compare.attempt;
	const struct lease_primary *p = &x->primaries[x->compare.primary];

	attempt_init(a);
	memcpy(a->zone_id, x->zone_id, 16);
	memcpy(a->tenant_id, x->tenant_id, 16);
	a->started_ms = now_mono_ms();
	a->kind = ATTEMPT_AXFR;
	a->primary = p->addr;
	a->transport = p->tls ? "tls" : "tcp";
	a->serial_before = x->f.serial;
}

/* ---- comparing --------------------------------------------------------- */

static void
on_ingest(struct crew_job *job)
{
	struct ingest *in = CONTAINER_OF(job, struct ingest, job);
	struct exam *x = in->owner;
	bool ending = x->ending;
	enum ingest_verdict verdict = in->verdict;
	enum err e = job->err;

	x->compare.ingest = NULL;
	spool_free(x->compare.spool);
	x->compare.spool = NULL;
	if (e == OK && verdict == INGEST_READY)
		publish_version_free(in->version);
	free(in);
	if (ending)
		return;
	if (e != OK) {
		unknown(x, "our own trouble while comparing");
		return;
	}
	switch (verdict) {
	case INGEST_SAME:
	case INGEST_READY:
		x->f.content_age_s = 0;
		x->f.content_serial = x->f.serial;
		x->f.content_primary = exam_string(x,
		    SOCK_TEXT(&x->primaries[x->compare.primary].addr));
		take_note(x, verdict == INGEST_SAME);
		record(x, verdict == INGEST_SAME ? ATTEMPT_UPTODATE :
		    ATTEMPT_REFUSED, verdict == INGEST_SAME ? "same" :
		    "content-differs", verdict == INGEST_SAME ?
		    "it is what we have" : "it has another content than we "
		    "have, under the same serial: raise the serial there");
		end(x, verdict == INGEST_SAME ? DIAGNOSIS_CONTENT_SAME :
		    DIAGNOSIS_CONTENT_DIFFERS, NULL);
		break;
	case INGEST_REJECTED:
		/* Another content, and one that is not taken. */
		record(x, ATTEMPT_REFUSED, "content", "its content would be "
		    "refused");
		unknown(x, "what the primary sends now would be refused");
		break;
	case INGEST_CONFLICT:
		unknown(x, "a new version was published meanwhile; check "
		    "again");
		break;
	case INGEST_MISMATCH:
	case INGEST_TROUBLE:
		unknown(x, "our own trouble while comparing");
		break;
	}
}

static void
build(struct exam *x)
{
	struct exam_compare *c = &x->compare;
	struct ingest *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		unknown(x, "our own trouble while comparing");
		return;
	}
	in->job = (struct crew_job){ .run = ingest_run, .done = on_ingest,
		.give_up_ms = now_mono_ms() + GIVE_UP_MS };
	in->owner = x;
	in->spool = c->spool;
	memcpy(in->apex, x->apex, x->apex_len);
	in->apex_len = x->apex_len;
	memcpy(in->zone_id, x->zone_id, 16);
	in->generation = x->generation;
	in->root = x->root;
	in->outlines = x->keep->outlines;
	in->serial = x->f.serial;
	in->limits = x->keep->content;
	c->ingest = in;
	crew_submit(x->keep->crew, CREW_TIDY, &in->job);
}

static void
on_fetch(void *arg, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	struct exam *x = arg;
	struct exam_compare *c = &x->compare;
	struct diagnosis_primary *p = &x->f.primary[c->primary];

	c->fetch = NULL;
	c->spool = answer->spool;
	c->attempt.bytes = (int64_t)res->bytes;
	c->attempt.records = (int64_t)res->records;
	c->attempt.messages = res->messages;
	if (res->has_soa)
		c->attempt.primary_serial = res->serial;
	if (res->reason == HANDOFF_OK && res->has_soa &&
	    res->style == HANDOFF_STYLE_AXFR && c->spool != NULL) {
		p->whole = true;
		p->records = res->records;
		exam_know(x, DIAGNOSIS_AXFR);
		if (res->serial == x->f.serial) {
			build(x);
			return;
		}
		spool_free(c->spool);
		c->spool = NULL;
		record(x, ATTEMPT_OK, "newer", "its serial changed meanwhile");
		end(x, DIAGNOSIS_CONTENT_SKIPPED, "the primary's serial "
		    "changed meanwhile");
		return;
	}
	spool_free(c->spool);
	c->spool = NULL;
	if (answer->egress == EGRESS_ALLOWED)
		record(x, ATTEMPT_FAILED, handoff_reason_text(res->reason),
		    "it did not come to its end");
	if (answer->egress == EGRESS_ALLOWED && res->reason != HANDOFF_OK &&
	    res->reason != HANDOFF_INTERNAL) {
		char text[HANDOFF_TEXT_MAX + 1] = "";

		/* It began well and ended badly: that is the step axfr's. */
		memcpy(text, res->text, MIN(res->text_len,
		    (size_t)HANDOFF_TEXT_MAX));
		p->axfr.reason = res->reason;
		p->axfr.facts = res->facts;
		if (text[0] != '\0')
			p->axfr.text = exam_string(x, text);
		exam_know(x, DIAGNOSIS_AXFR);
	}
	unknown(x, answer->spool_full ? "the zone is larger than may be "
	    "fetched now" : "the zone could not be fetched whole; see the "
	    "step axfr");
}

static void
fetch(struct exam *x)
{
	struct exam_compare *c = &x->compare;
	struct fetches_ask q = { .tenant = x->tenant,
		.at = x->at[c->primary],
		.addr = x->primaries[c->primary].addr,
		.profile = x->primaries[c->primary].tls ?
		    x->primaries[c->primary].profile : NULL,
		.key = x->key[c->primary], .apex_len = x->apex_len,
		.mode = ZONE_MODE_AXFR, .urgency = ZONE_REASON_DUE };

	begin_record(x);
	memcpy(q.tenant_id, x->tenant_id, 16);
	memcpy(q.apex, x->apex, x->apex_len);
	if (x->tenant != NULL && q.at != NULL)
		c->fetch = fetches_ask(x->keep->fetches, &q, on_fetch, x);
	if (c->fetch == NULL)
		unknown(x, "our own trouble while fetching the zone");
}

/* ---- once in a while --------------------------------------------------- */

static enum err
claim_run(struct crew_job *job, struct db *db)
{
	struct exam *x = CONTAINER_OF(job, struct exam, compare.claim);
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, KEEPSQL(exam_compare), DB_PARAMS(
	    db_uuid(x->id), db_i64(EXAM_COMPARE_S)), &rows);

	x->compare.claimed = e == OK && db_rows_affected(rows) > 0;
	db_rows_free(rows);
	return e;
}

static void
claim_done(struct crew_job *job)
{
	struct exam *x = CONTAINER_OF(job, struct exam, compare.claim);

	x->compare.claiming = false;
	if (x->ending)
		return;
	if (x->compare.claimed)
		fetch(x);
	else if (job->err == OK)
		end(x, DIAGNOSIS_CONTENT_SKIPPED, "it was begun less than 10 "
		    "minutes ago for another check");
	else
		unknown(x, "our own trouble");
}

void
exam_compare_begin(struct exam *x, unsigned primary)
{
	struct exam_compare *c = &x->compare;

	c->asked = true;
	c->primary = primary;
	c->claiming = true;
	c->claim = (struct crew_job){ .run = claim_run, .done = claim_done };
	crew_submit(x->keep->crew, CREW_QUICK, &c->claim);
}

void
exam_compare_cancel(struct exam *x)
{
	struct exam_compare *c = &x->compare;

	fetches_cancel(x->keep->fetches, c->fetch);
	c->fetch = NULL;
}

bool
exam_compare_busy(const struct exam *x)
{
	return x->compare.claiming || x->compare.ingest != NULL;
}
