/*
 * proofs.c - see proofs.h.
 *
 * A look goes: taken (crew) -> survey (loop) -> sighting put (crew).  What is
 * taken and not put, for whatever reason, comes again when its lease ends.
 */
#include "xferd/proofs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "xferd/claimdb.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/keepparts.h"
#include "xferd/sight.h"
#include "xferd/survey.h"

struct look {
	struct proofs *proofs;
	struct claimdb_claim *claim;
	struct survey *survey;
	struct sighting sighting;
	struct crew_job job;
};

struct proofs {
	struct keep *keep;
	uv_timer_t poll;
	struct crew_job take;
	struct claimdb_claim *taken;
	uint8_t owner[16];
	size_t want;
	unsigned n_looks;
	bool busy, again, stopped;
};

static void
end_look(struct look *look)
{
	struct proofs *p = look->proofs;

	claimdb_free(look->claim);
	free(look);
	p->n_looks--;
	count_set(COUNT_looks_running, p->n_looks);
	proofs_poke(p);
}

static enum err
put_run(struct crew_job *job, struct db *db)
{
	struct look *look = CONTAINER_OF(job, struct look, job);

	return claimdb_put(db, look->claim, &look->sighting, now_wall_ms());
}

static void
put_done(struct crew_job *job)
{
	struct look *look = CONTAINER_OF(job, struct look, job);

	if (job->err != OK)
		log_warn("claim.not_stored", "zone=%s err=%s",
		    LOG_Q(look->claim->name), err_name(job->err));
	end_look(look);
}

static void
on_survey(void *arg, const struct walk_result *result)
{
	struct look *look = arg;

	look->survey = NULL;
	sight_make(result, look->claim->token, now_wall_ms(),
	    &look->sighting);
	count_add(COUNT_looks, 1);
	if (!look->sighting.parents_known)
		count_add(COUNT_looks_failed, 1);
	log_debug("claim.seen", "zone=%s questions=%u parents=%u why=%s",
	    LOG_Q(look->claim->name), result->n_questions, result->n_parents,
	    LOG_Q(look->sighting.why));
	look->job = (struct crew_job){ .run = put_run, .done = put_done,
		.give_up_ms = now_mono_ms() + CLAIMDB_LEASE_MS };
	crew_submit(look->proofs->keep->crew, CREW_QUICK, &look->job);
}

/* A host of the pool, by its name or one of its addresses. */
static bool
is_ours(void *arg, const struct walk_host *host)
{
	const struct look *look = arg;
	const struct claimdb_pool *pool = look->claim->pool;

	for (size_t i = 0; i < pool->n_hosts; i++)
		if (dname_equal(pool->host[i].wire, host->name))
			return true;
	for (unsigned a = 0; a < host->n_addrs; a++) {
		uint8_t at[16];

		sight_address(&host->addrs[a], at);
		for (size_t i = 0; i < pool->n_addresses; i++)
			if (memcmp(pool->address[i], at, 16) == 0)
				return true;
	}
	return false;
}

/* Takes the claim. */
static void
begin_look(struct proofs *p, struct claimdb_claim *claim)
{
	struct look *look = calloc(1, sizeof(*look));
	enum err e = ERR_NO_MEMORY;

	claim->next = NULL;
	if (look != NULL && claim->apex[0] != 0) {
		look->proofs = p;
		look->claim = claim;
		e = survey_begin(p->keep->surveys, claim->tenant_id,
		    claim->apex, WALK_WANT_TXT, is_ours, on_survey, look,
		    &look->survey);
	}
	if (e != OK) {
		/* The root has no parent: it is the operator's to give. */
		claimdb_free(claim);
		free(look);
		return;
	}
	p->n_looks++;
	count_set(COUNT_looks_running, p->n_looks);
}

static enum err
take_run(struct crew_job *job, struct db *db)
{
	struct proofs *p = CONTAINER_OF(job, struct proofs, take);

	return claimdb_take(db, p->owner, p->want, &p->taken);
}

static void
take_done(struct crew_job *job)
{
	struct proofs *p = CONTAINER_OF(job, struct proofs, take);
	struct claimdb_claim *c = p->taken;
	size_t n = 0;

	p->busy = false;
	p->taken = NULL;
	if (job->err != OK) {
		if (err_class(job->err) == ERR_CLASS_FAIL)
			log_err("claims.not_taken", "err=%s",
			    err_name(job->err));
		return;
	}
	while (c != NULL) {
		struct claimdb_claim *next = c->next;

		n++;
		begin_look(p, c);
		c = next;
	}
	if (p->again || n == p->want)
		proofs_poke(p);
}

void
proofs_poke(struct proofs *p)
{
	p->again = true;
	if (p->busy || p->stopped || p->n_looks >= PROOFS_MAX)
		return;
	p->again = false;
	p->busy = true;
	p->want = MIN((size_t)(PROOFS_MAX - p->n_looks),
	    (size_t)CLAIMDB_BATCH);
	p->take = (struct crew_job){ .run = take_run, .done = take_done };
	crew_submit(p->keep->crew, CREW_QUICK, &p->take);
}

static void
on_poll(uv_timer_t *timer)
{
	proofs_poke(timer->data);
}

enum err
proofs_new(struct keep *keep, struct proofs **out)
{
	struct proofs *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->keep = keep;
	memcpy(p->owner, keep->owner, 16);
	uv_timer_init(keep->loop, &p->poll);
	p->poll.data = p;
	uv_timer_start(&p->poll, on_poll, 0,
	    (uint64_t)keep->conf->transfer.poll_ms * 2);
	*out = p;
	return OK;
}

void
proofs_stop(struct proofs *p)
{
	p->stopped = true;
	uv_timer_stop(&p->poll);
}
