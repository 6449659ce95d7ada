/*
 * walk.c - see walk.h.
 *
 * The way down to the name's parent, and to hosts of servers without glue, is
 * walk_down's; it has one question under way (SLOT_DOWN).  When it looks for
 * nothing, the phases PARENTS and SERVERS ask many at a time, each server one
 * address after the other.
 */
#include "xferd/walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

enum {
	SLOT_DOWN = 0,
	SLOT_PARENT = 1,		/* + index */
	SLOT_LISTED = SLOT_PARENT + WALK_PARENTS_MAX,	/* + 3 * index + what */
	SLOT_DS = SLOT_LISTED + 3 * WALK_LISTED_MAX,
	SLOTS,
	ASK_TXT = 0,
	ASK_SOA,
	ASK_NS,
};

static const uint8_t CHALLENGE[] = "\25_understudy-challenge";
enum { CHALLENGE_LEN = sizeof(CHALLENGE) - 1 };

enum phase { FIND, PARENTS, LISTED, SERVERS, DONE };

struct walk {
	const struct walk_conf *conf;
	struct walk_cache *cache;
	uint8_t name[DNAME_MAX];
	uint8_t name_len;
	unsigned want;
	enum phase phase;
	struct walk_down *down;
	unsigned n_waiting;
	struct walk_cut cut;		/* the parent and its servers */
	bool dead[WALK_NS_MAX];
	uint8_t tried[SLOTS];		/* addresses asked */
	bool waiting[SLOTS], ended[SLOTS];
	struct walk_cut deeper;		/* a parent below the parent */
	bool has_deeper;
	bool listed_dead[WALK_LISTED_MAX];
	struct walk_cut scratch;
	struct walk_result r;
};

/* ---- the way to the parent --------------------------------------------- */

static void
finish(struct walk *w)
{
	w->phase = DONE;
}

/* The budget of questions; false: it is spent. */
static bool
spend(struct walk *w, unsigned slot, struct walk_question *out)
{
	if (w->r.n_questions == WALK_QUESTIONS_MAX) {
		finish(w);
		return false;
	}
	w->r.n_questions++;
	out->slot = slot;
	return true;
}

static bool
issue(struct walk *w, unsigned slot, const struct sock_addr *to,
    const uint8_t *name, uint16_t type, struct walk_question *out)
{
	if (!spend(w, slot, out))
		return false;
	out->to = *to;
	out->name_len = (uint8_t)dname_lower(name, out->name);
	out->type = type;
	out->recurse = false;
	return true;
}

/* The parent is found. */
static void
end_find(struct walk *w, const struct walk_cut *cut, int64_t now_ms)
{
	w->cut = *cut;
	w->phase = PARENTS;
	w->has_deeper = false;
	memset(w->dead, 0, sizeof(w->dead));
	memset(w->ended, 0, sizeof(w->ended));
	memset(w->tried, 0, sizeof(w->tried));
	w->r.found = true;
	memcpy(w->r.parent, cut->zone, cut->zone_len);
	w->r.n_parents = cut->n;
	memset(w->r.parents, 0, sizeof(w->r.parents));
	for (unsigned i = 0; i < cut->n; i++) {
		memcpy(w->r.parents[i].name, cut->hosts[i].name,
		    cut->hosts[i].name_len);
		w->r.parents[i].reason = HANDOFF_INTERNAL;
	}
	if (cut->zone[0] != 0)
		walk_cache_put(w->cache, cut, now_ms);
}

/* A step of the way down that asks nothing. */
static void
go_on(struct walk *w, enum walk_down_step step, int64_t now_ms)
{
	if (step == WALK_DOWN_FOUND)
		end_find(w, walk_down_found(w->down), now_ms);
	else if (step == WALK_DOWN_FAILED)
		finish(w);
}

/* ---- the parents ------------------------------------------------------- */

/* Its number in names[]; WALK_NAMES_MAX: there are too many. */
static unsigned
name_index(struct walk *w, const uint8_t *name)
{
	unsigned i;

	for (i = 0; i < w->r.n_names; i++)
		if (dname_equal(w->r.names[i], name))
			return i;
	if (i < WALK_NAMES_MAX) {
		dname_lower(name, w->r.names[i]);
		w->r.n_names++;
	}
	return i;
}

static bool
take_names(struct walk *w, const struct walk_cut *set, uint64_t *out_mask)
{
	*out_mask = 0;
	for (unsigned i = 0; i < set->n; i++) {
		unsigned n = name_index(w, set->hosts[i].name);

		if (n == WALK_NAMES_MAX)
			return false;
		*out_mask |= UINT64_C(1) << n;
	}
	return true;
}

/* Names that parents list come first: listed[i] is names[i]. */
static void
take_listed(struct walk *w, const struct walk_cut *set)
{
	w->r.n_listed = MIN(w->r.n_names, (unsigned)WALK_LISTED_MAX);
	for (unsigned i = 0; i < set->n; i++) {
		unsigned n = name_index(w, set->hosts[i].name);

		if (n >= WALK_LISTED_MAX)
			continue;
		if (w->r.listed[n].host.n_addrs == 0)
			w->r.listed[n].host = set->hosts[i];
	}
}

static void
parent_says(struct walk *w, unsigned i, enum walk_outcome outcome)
{
	w->r.parents[i].outcome = outcome;
	w->ended[SLOT_PARENT + i] = true;
}

static void
take_parent(struct walk *w, unsigned i, const struct walk_answer *a)
{
	struct walk_parent *p = &w->r.parents[i];
	enum walk_says says = walk_read(a, w->cut.zone, w->name, RRTYPE_NS,
	    false, w->conf->port, &w->scratch);

	p->reason = a->reason;
	p->rcode = a->rcode;
	p->ms = a->ms;
	p->lame = says == WALK_LAME;
	p->forbidden = a->forbidden;
	p->cut = says == WALK_FAILED && a->reason == HANDOFF_OK &&
	    a->rcode == 0;
	switch (says) {
	case WALK_REFERRAL:
	case WALK_NS_HERE:
		if (!dname_equal(w->scratch.zone, w->name)) {
			w->deeper = w->scratch;
			w->has_deeper = true;
			parent_says(w, i, WALK_UNKNOWN);
			return;
		}
		if (!take_names(w, &w->scratch, &p->mask)) {
			p->cut = true;
			parent_says(w, i, WALK_UNKNOWN);
			return;
		}
		take_listed(w, &w->scratch);
		p->child_side = says == WALK_NS_HERE;
		parent_says(w, i, WALK_LISTED);
		return;
	case WALK_NO_DATA:
	case WALK_NO_NAME:
	case WALK_ALIAS:
	case WALK_DATA:
		parent_says(w, i, WALK_NOT_LISTED);
		return;
	case WALK_LAME:
	case WALK_FAILED:
		return;			/* its next address */
	}
}

/* The next address of a server for one question; NULL: it has no more. */
static const struct sock_addr *
next_of(struct walk *w, unsigned slot, const struct walk_host *host)
{
	if (w->tried[slot] >= MIN(host->n_addrs, WALK_TRIES_HOST))
		return NULL;
	return &host->addrs[w->tried[slot]++];
}

static void
end_parents(struct walk *w, int64_t now_ms)
{
	bool none = true;

	if (w->has_deeper) {
		w->phase = FIND;
		w->r.n_names = w->r.n_listed = 0;
		w->r.found = false;
		memset(w->r.listed, 0, sizeof(w->r.listed));
		go_on(w, walk_down_find_below(w->down, w->name, &w->deeper,
		    now_ms), now_ms);
		return;
	}
	for (unsigned i = 0; i < w->r.n_parents; i++)
		none &= w->r.parents[i].outcome == WALK_UNKNOWN;
	if (none)
		walk_cache_drop(w->cache, w->cut.zone);
	else if (w->cut.zone[0] != 0)
		walk_cache_put(w->cache, &w->cut, now_ms);
	for (unsigned i = 0; i < w->r.n_names; i++) {
		struct walk_host by_name = { .n_addrs = 0 };
		bool ours;

		by_name.name_len = (uint8_t)dname_lower(w->r.names[i],
		    by_name.name);
		ours = w->conf->ours != NULL &&
		    w->conf->ours(w->conf->arg, &by_name);
		w->r.any_ours |= ours;
		if (i < w->r.n_listed)
			w->r.listed[i].ours = ours;
	}
	if (w->r.any_ours)
		w->want &= ~(unsigned)WALK_WANT_TXT;
	w->phase = w->want == 0 ? DONE : LISTED;
}

static bool
step_parents(struct walk *w, int64_t now_ms, struct walk_question *out)
{
	for (unsigned i = 0; i < w->cut.n; i++)
		if (w->cut.hosts[i].n_addrs == 0 && !w->dead[i]) {
			walk_down_host(w->down, &w->cut.hosts[i],
			    &w->dead[i], now_ms);
			return false;
		}
	for (unsigned i = 0; i < w->cut.n && w->n_waiting < WALK_SLOTS &&
	    !w->has_deeper; i++) {
		unsigned slot = SLOT_PARENT + i;
		const struct sock_addr *to;

		if (w->ended[slot] || w->waiting[slot])
			continue;
		to = next_of(w, slot, &w->cut.hosts[i]);
		if (to == NULL) {
			parent_says(w, i, WALK_UNKNOWN);
			continue;
		}
		w->r.parents[i].at = *to;
		if (!issue(w, slot, to, w->name, RRTYPE_NS, out))
			return false;
		w->waiting[slot] = true;
		w->n_waiting++;
		return true;
	}
	if (w->n_waiting == 0)
		end_parents(w, now_ms);
	return false;
}

/* ---- the listed servers ------------------------------------------------ */

static void
step_listed(struct walk *w, int64_t now_ms)
{
	bool wanted = (w->want & ~(unsigned)WALK_WANT_DS) != 0;

	for (unsigned i = 0; wanted && i < w->r.n_listed; i++)
		if (w->r.listed[i].host.n_addrs == 0 && !w->listed_dead[i]) {
			walk_down_host(w->down, &w->r.listed[i].host,
			    &w->listed_dead[i], now_ms);
			return;
		}
	/* By its address, too, whatever it is called. */
	for (unsigned i = 0; i < w->r.n_listed; i++) {
		struct walk_listed *l = &w->r.listed[i];

		l->ours |= w->conf->ours != NULL && l->host.n_addrs > 0 &&
		    w->conf->ours(w->conf->arg, &l->host);
		w->r.any_ours |= l->ours;
	}
	if (w->r.any_ours)
		w->want &= ~(unsigned)WALK_WANT_TXT;
	w->r.txt_asked = (w->want & WALK_WANT_TXT) != 0;
	w->phase = SERVERS;
}

static struct walk_said *
said_of(struct walk_listed *l, unsigned what)
{
	return what == ASK_TXT ? &l->txt : what == ASK_SOA ? &l->soa : &l->ns;
}

/* The name that is asked for the challenge; false: it would be too long. */
static bool
challenge_name(const struct walk *w, uint8_t out[DNAME_MAX])
{
	if (w->name_len + CHALLENGE_LEN > DNAME_MAX)
		return false;
	memcpy(out, CHALLENGE, CHALLENGE_LEN);
	memcpy(out + CHALLENGE_LEN, w->name, w->name_len);
	return true;
}

static bool
ask_listed(struct walk *w, unsigned i, unsigned what,
    struct walk_question *out)
{
	static const uint16_t TYPES[] = { RRTYPE_TXT, RRTYPE_SOA, RRTYPE_NS };
	unsigned slot = SLOT_LISTED + 3 * i + what;
	struct walk_listed *l = &w->r.listed[i];
	struct walk_said *said = said_of(l, what);
	uint8_t name[DNAME_MAX];
	const struct sock_addr *to;

	if ((w->want & 1u << what) == 0 || w->ended[slot] || w->waiting[slot])
		return false;
	to = next_of(w, slot, &l->host);
	memcpy(name, w->name, w->name_len);
	if (to == NULL || (what == ASK_TXT && !challenge_name(w, name))) {
		if (!said->done)
			said->reason = HANDOFF_INTERNAL;
		said->done = w->ended[slot] = true;
		return false;
	}
	said->at = *to;
	l->asked = true;
	if (!issue(w, slot, to, name, TYPES[what], out))
		return false;
	w->waiting[slot] = true;
	w->n_waiting++;
	return true;
}

static bool
ask_ds(struct walk *w, struct walk_question *out)
{
	if ((w->want & WALK_WANT_DS) == 0 || w->ended[SLOT_DS] ||
	    w->waiting[SLOT_DS])
		return false;
	for (unsigned i = w->tried[SLOT_DS]; i < w->r.n_parents; i++) {
		w->tried[SLOT_DS]++;
		if (w->r.parents[i].outcome != WALK_LISTED)
			continue;
		w->r.ds.at = w->r.parents[i].at;
		if (!issue(w, SLOT_DS, &w->r.ds.at, w->name, RRTYPE_DS, out))
			return false;
		w->waiting[SLOT_DS] = true;
		w->n_waiting++;
		return true;
	}
	w->ended[SLOT_DS] = true;
	return false;
}

static bool
step_servers(struct walk *w, struct walk_question *out)
{
	for (unsigned i = 0; i < w->r.n_listed; i++)
		for (unsigned what = ASK_TXT; what <= ASK_NS; what++)
			if (w->n_waiting < WALK_SLOTS &&
			    ask_listed(w, i, what, out))
				return true;
	if (w->n_waiting < WALK_SLOTS && ask_ds(w, out))
		return true;
	if (w->n_waiting == 0)
		w->phase = DONE;
	return false;
}

/* A TXT record's strings are one text.  RFC 7208 3.3 */
static void
take_text(struct walk_listed *l, const uint8_t *rdata, size_t len)
{
	uint8_t *out;
	size_t n = 0;

	if (l->n_texts == WALK_TEXTS_MAX)
		return;
	out = l->texts[l->n_texts];
	for (size_t at = 0; at < len; at += 1u + rdata[at]) {
		size_t part = MIN((size_t)rdata[at], len - at - 1);

		if (n + part > WALK_TEXT_MAX)
			return;		/* not ours */
		memcpy(out + n, rdata + at + 1, part);
		n += part;
	}
	l->text_len[l->n_texts++] = (uint8_t)n;
}

static void
take_server_data(struct walk *w, struct walk_listed *l, unsigned what,
    const struct walk_answer *a)
{
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];
		struct rr_soa soa;

		if (r->section != HANDOFF_SECTION_ANSWER)
			continue;
		if (what == ASK_TXT && r->type == RRTYPE_TXT) {
			take_text(l, r->rdata, r->rdlen);
		} else if (what == ASK_SOA && r->type == RRTYPE_SOA &&
		    dname_equal(r->owner, w->name) &&
		    rr_soa_parse(r->rdata, r->rdlen, &soa) == OK) {
			l->has_soa = true;
			l->serial = soa.serial;
		}
	}
}

static void
take_said(struct walk_said *said, const struct walk_answer *a,
    enum walk_says says)
{
	said->done = true;
	said->aa = a->aa;
	said->forbidden = a->forbidden;
	said->lame = says == WALK_LAME || says == WALK_REFERRAL;
	said->reason = a->reason;
	said->rcode = a->rcode;
	said->ms = a->ms;
}

static void
take_server(struct walk *w, unsigned n, const struct walk_answer *a)
{
	unsigned i = n / 3, what = n % 3;
	static const uint16_t TYPES[] = { RRTYPE_TXT, RRTYPE_SOA, RRTYPE_NS };
	struct walk_listed *l = &w->r.listed[i];
	uint8_t name[DNAME_MAX];
	enum walk_says says;

	memcpy(name, w->name, w->name_len);
	if (what == ASK_TXT && !challenge_name(w, name))
		return;
	says = walk_read(a, w->name, name, TYPES[what], false, w->conf->port,
	    &w->scratch);
	take_said(said_of(l, what), a, says);
	if (says == WALK_LAME || says == WALK_FAILED)
		return;			/* its next address */
	w->ended[SLOT_LISTED + n] = true;
	if (says == WALK_DATA)
		take_server_data(w, l, what, a);
	if (says == WALK_NS_HERE)
		l->has_ns = take_names(w, &w->scratch, &l->mask);
}

static void
take_ds(struct walk *w, const struct walk_answer *a)
{
	enum walk_says says = walk_read(a, w->cut.zone, w->name, RRTYPE_DS,
	    false, w->conf->port, &w->scratch);

	take_said(&w->r.ds, a, says);
	if (says == WALK_LAME || says == WALK_FAILED)
		return;
	w->ended[SLOT_DS] = true;
	for (size_t i = 0; says == WALK_DATA && i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];

		if (r->section == HANDOFF_SECTION_ANSWER &&
		    r->type == RRTYPE_DS && w->r.n_ds < WALK_DS_MAX &&
		    r->rdlen <= WALK_DS_BYTES_MAX) {
			memcpy(w->r.ds_rdata[w->r.n_ds], r->rdata, r->rdlen);
			w->r.ds_len[w->r.n_ds++] = (uint8_t)r->rdlen;
		}
	}
}

/* ---- from outside ------------------------------------------------------ */

enum err
walk_new(const struct walk_conf *conf, struct walk_cache *cache,
    const uint8_t *name, unsigned want, uint32_t seed, struct walk **out)
{
	struct walk *w = calloc(1, sizeof(*w));

	CHECK(name[0] != 0);
	if (w == NULL || walk_down_new(conf, cache, seed, &w->down) != OK) {
		free(w);
		return ERR_NO_MEMORY;
	}
	w->conf = conf;
	w->cache = cache;
	w->name_len = (uint8_t)dname_lower(name, w->name);
	w->want = want;
	w->phase = FIND;
	w->r.reason = HANDOFF_INTERNAL;
	*out = w;
	return OK;
}

void
walk_free(struct walk *w)
{
	if (w != NULL)
		walk_down_free(w->down);
	free(w);
}

/* The next step down; true: it is a question. */
static bool
step_down(struct walk *w, int64_t now_ms, struct walk_question *out)
{
	enum walk_down_step step = walk_down_next(w->down, now_ms, out);

	if (step != WALK_DOWN_ASK) {
		go_on(w, step, now_ms);
		return false;
	}
	if (!spend(w, SLOT_DOWN, out))
		return false;
	w->n_waiting++;
	return true;
}

bool
walk_next(struct walk *w, int64_t now_ms, struct walk_question *out)
{
	while (w->phase != DONE) {
		if (w->phase == FIND && !walk_down_busy(w->down))
			walk_down_find(w->down, w->name, now_ms);
		if (walk_down_busy(w->down)) {
			if (walk_down_waits(w->down))
				return false;
			if (step_down(w, now_ms, out))
				return true;
			continue;
		}
		switch (w->phase) {
		case PARENTS:
			if (step_parents(w, now_ms, out))
				return true;
			break;
		case LISTED:
			step_listed(w, now_ms);
			continue;
		case SERVERS:
			if (step_servers(w, out))
				return true;
			break;
		case FIND:
		case DONE:
			continue;
		}
		if (w->n_waiting > 0)
			return false;
	}
	return false;
}

void
walk_take(struct walk *w, unsigned slot, const struct walk_answer *a,
    int64_t now_ms)
{
	CHECK(slot < SLOTS);
	CHECK(w->n_waiting > 0);
	w->n_waiting--;
	if (w->phase == DONE)
		return;			/* it ran out of questions */
	if (slot == SLOT_DOWN) {
		go_on(w, walk_down_take(w->down, a, now_ms), now_ms);
		w->r.reason = walk_down_why(w->down, &w->r.rcode);
		return;
	}
	CHECK(w->waiting[slot]);
	w->waiting[slot] = false;
	if (slot == SLOT_DS)
		take_ds(w, a);
	else if (slot >= SLOT_LISTED)
		take_server(w, slot - SLOT_LISTED, a);
	else
		take_parent(w, slot - SLOT_PARENT, a);
}

bool
walk_done(const struct walk *w)
{
	return w->phase == DONE && w->n_waiting == 0;
}

const struct walk_result *
walk_result(const struct walk *w)
{
	return &w->r;
}
