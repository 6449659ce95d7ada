/*
 * exam_walk.c - what the parent says of a check's zone, and what the servers
 *               that it lists answer: a walk from the root, asked by lookups.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/conf.h"
#include "common/dns/dname.h"
#include "xferd/exam.h"
#include "xferd/gate_keys.h"
#include "xferd/survey.h"

static const char *
problem_of(struct exam *x, enum handoff_reason reason, uint16_t rcode,
    bool lame)
{
	char text[80];

	if (lame && reason == HANDOFF_OK && rcode == 0)
		return "it does not serve the parent zone";
	if (reason == HANDOFF_OK) {
		snprintf(text, sizeof(text), "it answered with code %u",
		    rcode);
		return exam_string(x, text);
	}
	switch (reason) {
	case HANDOFF_CONNECT_REFUSED:
	case HANDOFF_CONNECT_TIMEOUT:
	case HANDOFF_CONNECT_FAILED:
	case HANDOFF_TIMEOUT_FIRST:
	case HANDOFF_CLOSED_EARLY:
		return "no answer";
	default:
		return handoff_reason_text(reason);
	}
}

static void
take_parents(struct exam *x, const struct walk_result *r)
{
	struct diagnosis_facts *f = &x->f;

	for (unsigned i = 0; i < r->n_parents &&
	    i < DIAGNOSIS_PARENTS_MAX; i++) {
		const struct walk_parent *p = &r->parents[i];
		struct diagnosis_parent *d = &f->parent[f->n_parents++];

		d->name = exam_name(x, p->name);
		d->answered = p->outcome != WALK_UNKNOWN;
		d->lists = p->outcome == WALK_LISTED;
		d->names = p->mask;
		if (!d->answered)
			d->problem = problem_of(x, p->reason, p->rcode,
			    p->lame);
	}
	/* Names that only a zone's own servers gave are not the parent's:
	 * only bits that a parent set are listed. */
	for (unsigned i = 0; i < r->n_names && i < DIAGNOSIS_NAMES_MAX; i++)
		f->listed[f->n_listed++] = exam_name(x, r->names[i]);
}

/* The names are those of all; keep what parents list. */
static void
drop_unlisted(struct exam *x)
{
	struct diagnosis_facts *f = &x->f;
	uint64_t all = 0;
	size_t n = 0;

	for (size_t i = 0; i < f->n_parents; i++)
		if (f->parent[i].lists)
			all |= f->parent[i].names;
	for (size_t i = 0; i < f->n_listed; i++) {
		if ((all >> i & 1) == 0)
			continue;
		for (size_t k = 0; k < f->n_parents; k++) {
			uint64_t *m = &f->parent[k].names;
			bool has = (*m >> i & 1) != 0;

			if (n < i)
				*m = (*m & ~(UINT64_C(1) << n)) |
				    (uint64_t)has << n;
		}
		f->listed[n++] = f->listed[i];
	}
	for (size_t k = 0; k < f->n_parents; k++)
		if (n < 64)
			f->parent[k].names &= (UINT64_C(1) << n) - 1;
	f->n_listed = n;
}

static bool
is_name_of_ours(const struct diagnosis_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_ours; i++)
		if (strcasecmp(f->ours[i], name) == 0)
			return true;
	return false;
}

static void
take_servers(struct exam *x, const struct walk_result *r)
{
	struct diagnosis_facts *f = &x->f;

	for (unsigned i = 0; i < r->n_listed &&
	    i < DIAGNOSIS_SERVERS_MAX; i++) {
		const struct walk_listed *l = &r->listed[i];
		struct diagnosis_server *d = &f->server[f->n_servers++];

		d->name = exam_name(x, l->host.name);
		d->ours = l->ours || is_name_of_ours(f, d->name);
		d->asked = l->soa.done || (!l->asked && l->host.n_addrs == 0);
		d->answered = l->soa.done && l->soa.reason == HANDOFF_OK;
		d->aa = l->soa.aa;
		d->rcode = l->soa.rcode;
		d->has_serial = l->has_soa;
		d->serial = l->serial;
		if (l->host.n_addrs == 0)
			d->problem = "it has no address";
		else if (!d->answered)
			d->problem = problem_of(x, l->soa.reason,
			    l->soa.rcode, false);
	}
	f->servers_done = true;
}

static void
take_result(struct exam *x, const struct walk_result *r)
{
	struct diagnosis_facts *f = &x->f;
	char text[100];

	f->parent_done = true;
	f->parent_found = r->found;
	if (r->found) {
		f->parent_zone = exam_name(x, r->parent);
		take_parents(x, r);
		take_servers(x, r);
		drop_unlisted(x);
		f->ds_known = r->ds.done && r->ds.reason == HANDOFF_OK &&
		    r->ds.rcode == 0 && !r->ds.lame;
		f->n_ds = r->n_ds;
	} else {
		snprintf(text, sizeof(text), r->reason == HANDOFF_OK ?
		    "a server on the way answered with code %u" :
		    "no server on the way answered", r->rcode);
		f->parent_problem = exam_string(x, text);
	}
	exam_know(x, DIAGNOSIS_DELEGATION);
	exam_know(x, DIAGNOSIS_SERVERS);
}

/* ---- the walk ---------------------------------------------------------- */

/* A host of ours, by its name or one of its addresses: of any set. */
static bool
is_ours(void *arg, const struct walk_host *host)
{
	const struct exam *x = arg;
	const struct conf *conf = x->keep->conf;
	char text[DNAME_TEXT_MAX];

	dname_print_bare(host->name, text);
	for (size_t i = 0; i < conf->n_nameservers; i++) {
		const struct conf_nameserver *ns = &conf->nameserver[i];

		if (strcasecmp(ns->host, text) == 0)
			return true;
		for (size_t k = 0; k < ns->n_addresses; k++)
			for (unsigned a = 0; a < host->n_addrs; a++)
				if (sock_addr_cmp(&ns->addresses[k],
				    &host->addrs[a]) == 0)
					return true;
	}
	return false;
}

static void
take_ds(struct exam *x, const struct walk_result *r)
{
	x->n_ds = r->n_ds;
	for (unsigned i = 0; i < r->n_ds; i++) {
		memcpy(x->ds[i].rdata, r->ds_rdata[i], r->ds_len[i]);
		x->ds[i].len = r->ds_len[i];
	}
}

static void
on_survey(void *arg, const struct walk_result *r)
{
	struct exam *x = arg;

	x->survey = NULL;
	x->walk_done = true;
	take_result(x, r);
	take_ds(x, r);
	exam_walk_dnssec(x);
}

void
exam_walk_begin(struct exam *x)
{
	bool root = x->apex_len == 1;

	if (!root && survey_begin(x->keep->surveys, x->tenant_id, x->apex,
	    WALK_WANT_SOA | WALK_WANT_DS, is_ours, on_survey, x,
	    &x->survey) == OK)
		return;
	x->survey = NULL;
	x->walk_done = true;
	x->f.parent_problem = root ? "the root has no parent" :
	    "too much is under way; check again in a minute";
	exam_know(x, DIAGNOSIS_DELEGATION);
	exam_know(x, DIAGNOSIS_SERVERS);
}

void
exam_walk_cancel(struct exam *x)
{
	survey_cancel(x->survey);
	x->survey = NULL;
}

/* Both the parent's DS and the zone's keys were looked for. */
void
exam_walk_dnssec(struct exam *x)
{
	if (!x->walk_done || !x->second || !x->keys_done ||
	    x->known[DIAGNOSIS_DNSSEC])
		return;
	for (unsigned i = 0; i < x->n_ds; i++)
		for (unsigned k = 0; k < x->n_keys; k++)
			if (gate_keys_is_ds(x->apex, x->ds[i].rdata,
			    x->ds[i].len, x->key_seen[k].rdata,
			    x->key_seen[k].len)) {
				x->f.n_ds_matched++;
				break;
			}
	exam_know(x, DIAGNOSIS_DNSSEC);
}
