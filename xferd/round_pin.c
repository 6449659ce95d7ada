/*
 * round_pin.c - see round_pin.h.
 */
#include "xferd/round_pin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "common/dns/rr.h"
#include "xferd/count.h"
#include "xferd/guard.h"
#include "xferd/keepsql.h"
#include "xferd/ledger.h"
#include "xferd/round_parts.h"
#include "xferd/tidy.h"

enum { PIN_GIVE_UP_MS = 30000 };

struct round_repin {
	struct crew_job job;
	struct round *round;
	uint8_t zone_id[16];
	int64_t generation;
	bool gone;			/* it is not stored any more */
	struct publish_version *version;
};

/* ---- in the crew ------------------------------------------------------- */

static enum err
fill(struct round_repin *p, struct db_rows *rows)
{
	struct publish_version *v = p->version;
	const uint8_t *soa, *digest;
	size_t soa_len, digest_len;

	v->serial = db_get_u32(rows, 0, 0);
	soa = db_get_bytes(rows, 0, 1, &soa_len);
	v->root_level = (unsigned)db_get_i64(rows, 0, 2);
	digest = db_get_bytes(rows, 0, 3, &digest_len);
	v->n_records = (uint64_t)db_get_i64(rows, 0, 4);
	v->n_pages = (uint64_t)db_get_i64(rows, 0, 5);
	v->pin_pages = (uint64_t)db_get_i64(rows, 0, 6);
	v->pin_from = p->generation;
	if (db_rows_failed(rows) || soa_len > sizeof(v->soa) ||
	    digest_len != DIGEST_SIZE)
		return ERR_CORRUPT;
	memcpy(v->soa, soa, soa_len);
	v->soa_len = (uint16_t)soa_len;
	memcpy(v->root_digest.octets, digest, DIGEST_SIZE);
	return OK;
}

static enum err
pin_run(struct crew_job *job, struct db *db)
{
	struct round_repin *p = CONTAINER_OF(job, struct round_repin, job);
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, KEEPSQL(repin_version), DB_PARAMS(
	    db_uuid(p->zone_id), db_i64(p->generation)), &rows);

	if (e == OK && db_rows_n(rows) == 1)
		e = fill(p, rows);
	else if (e == OK)
		p->gone = true;
	db_rows_free(rows);
	if (p->gone)
		e = db_exec(db, KEEPSQL(repin_forget), DB_PARAMS(
		    db_uuid(p->zone_id)), NULL);
	return e;
}

/* ---- in the loop ------------------------------------------------------- */

static void
note(struct round *r, enum attempt_outcome outcome, const char *reason,
    int64_t generation)
{
	struct attempt a;

	attempt_init(&a);
	memcpy(a.zone_id, r->lz->zone_id, 16);
	memcpy(a.tenant_id, r->lz->tenant_id, 16);
	a.started_ms = r->started_ms;
	a.kind = ATTEMPT_PIN;
	a.outcome = outcome;
	a.reason = reason;
	a.total_ms = now_mono_ms() - r->started_ms;
	if (r->lz->loaded)
		a.serial_before = r->lz->serial;
	if (generation > 0)
		a.generation = generation;
	snprintf(a.message, sizeof(a.message), "%s", r->error);
	ledger_attempt(r->keep->ledger, &a);
}

static void
failed(struct round *r, enum zone_event_kind kind, const char *reason,
    const char *why)
{
	snprintf(r->error, sizeof(r->error), "%s", why);
	note(r, ATTEMPT_REFUSED, reason, 0);
	round_parts_step(r, kind);
}

static void
on_published(struct publish_version *v, enum err e)
{
	struct round *r = v->arg;
	struct zone_event ev = { .kind = ZONE_EV_PUBLISHED };
	int64_t generation = v->base_generation + 1, from = v->pin_from;
	bool pinned = v->pin_wanted > 0;
	struct rr_soa soa;

	ev.soa.serial = v->serial;
	if (rr_soa_parse(v->soa, v->soa_len, &soa) == OK)
		ev.soa = (struct zone_soa){ .serial = soa.serial,
			.refresh = soa.refresh, .retry = soa.retry,
			.expire = soa.expire, .minimum = soa.minimum };
	r->version = NULL;
	publish_version_free(v);
	if (r->aborted) {
		r->gone(r);
		return;
	}
	if (e == ERR_CONFLICT) {
		failed(r, ZONE_EV_CONFLICT, "conflict",
		    "another worker published a version first");
		return;
	}
	if (e != OK) {
		failed(r, ZONE_EV_TROUBLE, "trouble", "our database did not "
		    "take the version; it is tried again");
		return;
	}
	snprintf(r->error, sizeof(r->error), pinned ?
	    "generation %" PRId64 " (serial %u) is served again, as "
	    "generation %" PRId64 ", until it is unpinned" :
	    "the pin is over: generation %" PRId64 " (serial %u) is served "
	    "again, as generation %" PRId64 ", until something newer came",
	    from, ev.soa.serial, generation);
	note(r, ATTEMPT_OK, pinned ? "pinned" : "unpinned", generation);
	ledger_event(r->keep->ledger, r->lz->zone_id, r->lz->tenant_id,
	    r->lz->name, pinned ? "pinned" : "unpinned", "%s", r->error);
	r->error[0] = '\0';
	log_info("zone.pinned", "zone=%s serial=%u generation=%" PRId64
	    " from=%" PRId64 " pinned=%d", LOG_Q(r->lz->name), ev.soa.serial,
	    generation, from, pinned);
	tidy_zone(r->keep->tidy, r->lz->zone_id, generation);
	r->step(r, &ev);
}

/* Nobody was asked, so it is not renewed; one that was for ever ends. */
static int64_t
deadline_of(const struct round *r, const struct publish_version *v)
{
	const struct guard *g = r->lz->guard;
	struct rr_soa soa;
	struct zone_soa z = { 0 };

	if (g->pin_generation != 0 && g->pin_past_expire)
		return ROUND_PIN_FOREVER_MS;
	if (rr_soa_parse(v->soa, v->soa_len, &soa) == OK)
		z.expire = soa.expire;
	return MIN(r->lz->expires_in_ms, (int64_t)zone_expire_s(
	    &r->keep->limits, &z) * 1000);
}

static void
on_read(struct crew_job *job)
{
	struct round_repin *p = CONTAINER_OF(job, struct round_repin, job);
	struct round *r = p->round;
	struct publish_version *v = p->version;

	CHECK(r->repin == p);
	r->repin = NULL;
	p->version = NULL;
	if (r->aborted || job->err != OK || p->gone)
		publish_version_free(v);
	if (r->aborted) {
		r->gone(r);
	} else if (job->err != OK) {
		failed(r, ZONE_EV_TROUBLE, "trouble", "our own trouble while "
		    "reading the version; it is tried again");
	} else if (p->gone) {
		failed(r, ZONE_EV_REJECTED, "pin-gone",
		    "the version is not stored any more; nothing is pinned");
	} else {
		memcpy(v->zone_id, r->lz->zone_id, 16);
		memcpy(v->tenant_id, r->lz->tenant_id, 16);
		v->base_generation = r->lz->generation;
		v->guarded = true;
		v->pin_wanted = r->lz->guard->pin_generation;
		v->expires_in_ms = deadline_of(r, v);
		v->done = on_published;
		v->arg = r;
		r->version = v;
		publish_submit(r->keep->publish, v);
	}
	free(p);
}

void
round_pin_begin(struct round *r)
{
	const struct guard *g = r->lz->guard;
	struct round_repin *p = calloc(1, sizeof(*p));

	CHECK(g != NULL);
	if (p != NULL)
		p->version = calloc(1, sizeof(*p->version));
	if (p == NULL || p->version == NULL) {
		free(p);
		failed(r, ZONE_EV_TROUBLE, "trouble", "no memory");
		return;
	}
	p->job = (struct crew_job){ .run = pin_run, .done = on_read,
		.give_up_ms = now_mono_ms() + PIN_GIVE_UP_MS };
	p->round = r;
	memcpy(p->zone_id, r->lz->zone_id, 16);
	p->generation = g->pin_generation != 0 ? g->pin_generation :
	    g->pin_before;
	r->repin = p;
	crew_submit(r->keep->crew, CREW_BUILD, &p->job);
}
