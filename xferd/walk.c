/*
 * walk.c - see walk.h.
 *
 * The stack holds what is being found: at its bottom the way to the name's
 * parent, above it hosts of servers without glue.  While it is not empty, one
 * question is under way (SLOT_STACK); when it is empty, the phases PARENTS and
 * SERVERS ask many at a time, each server one address after the other.
 */
#include "xferd/walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

enum {
	TRIES_MAX = 8,			/* servers asked one thing on the way */
	TRIES_HOST = 2,			/* addresses of one server */
	HOST_TTL_S = 900,
	SLOT_STACK = 0,
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

/* One thing to be found. */
struct task {
	bool host;			/* addresses of a host, not a parent */
	bool waiting;
	uint8_t target[DNAME_MAX];
	struct walk_cut cut;		/* whose servers are asked */
	uint8_t probe;			/* offset in target of the name asked for */
	unsigned tries;
	unsigned start;
	uint8_t asked[WALK_NS_MAX];	/* addresses of each server, so far */
	bool dead[WALK_NS_MAX];		/* no address of it can be found */
	struct walk_host *asking;
	uint16_t type;			/* of a host: A, then AAAA */
	struct walk_host *into;		/* of a host: where its addresses go */
	bool *into_dead;
};

struct walk {
	const struct walk_conf *conf;
	struct walk_cache *cache;
	uint8_t name[DNAME_MAX];
	uint8_t name_len;
	unsigned want;
	uint32_t seed;
	enum phase phase;
	bool restarted;
	struct task stack[WALK_DEPTH_MAX];
	unsigned depth;
	unsigned n_hosts, n_cuts, n_waiting;
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

/* ---- the stack --------------------------------------------------------- */

static struct task *
top(struct walk *w)
{
	CHECK(w->depth > 0);
	return &w->stack[w->depth - 1];
}

static void
root_cut(const struct walk *w, struct walk_cut *cut)
{
	memset(cut, 0, sizeof(*cut));
	cut->zone_len = 1;
	cut->n = (uint8_t)MIN(w->conf->n_roots, (unsigned)WALK_ROOTS_MAX);
	for (unsigned i = 0; i < cut->n; i++) {
		cut->hosts[i].name_len = 1;
		cut->hosts[i].n_addrs = 1;
		cut->hosts[i].addrs[0] = w->conf->roots[i];
	}
}

/* Ask about another name, or other servers. */
static void
new_probe(struct task *t)
{
	t->tries = 0;
	memset(t->asked, 0, sizeof(t->asked));
}

static void
set_cut(struct task *t, const struct walk_cut *cut)
{
	t->cut = *cut;
	t->start = 0;
	memset(t->dead, 0, sizeof(t->dead));
	new_probe(t);
}

/* Offset in @name of its suffix @zone. */
static size_t
suffix_at(const uint8_t *name, const uint8_t *zone)
{
	size_t at = 0;

	while (dname_labels(name + at) > dname_labels(zone))
		at += 1u + name[at];
	return at;
}

/* Offset of the label above @at: the name that is one label longer. */
static size_t
one_longer(const uint8_t *name, size_t at)
{
	size_t p = 0;

	CHECK(at > 0);
	while (p + 1 + name[p] < at)
		p += 1u + name[p];
	return p;
}

static bool
recursive(const struct walk *w)
{
	return w->conf->resolver.family != 0;
}

static void
begin_from(struct walk *w, struct task *t, int64_t now_ms)
{
	const struct walk_cut *known = recursive(w) && t->host ? NULL :
	    walk_cache_find(w->cache, t->target, now_ms);

	if (known != NULL) {
		set_cut(t, known);
	} else {
		root_cut(w, &w->scratch);
		set_cut(t, &w->scratch);
	}
	t->start = t->cut.n == 0 ? 0 : w->seed % t->cut.n;
	if (t->host)
		return;
	if (recursive(w) && known == NULL)
		t->probe = (uint8_t)(1 + t->target[0]);
	else
		t->probe = (uint8_t)one_longer(t->target,
		    suffix_at(t->target, t->cut.zone));
}

static bool
in_stack(const struct walk *w, const uint8_t *name)
{
	for (unsigned i = 0; i < w->depth; i++)
		if (w->stack[i].host && dname_equal(w->stack[i].target, name))
			return true;
	return false;
}

/* Find the addresses of @into->name; when that is not possible, it is dead. */
static void
push_host(struct walk *w, struct walk_host *into, bool *dead, int64_t now_ms)
{
	struct walk_host known;
	struct task *t;

	if (walk_cache_find_host(w->cache, into->name, now_ms, &known)) {
		into->n_addrs = known.n_addrs;
		memcpy(into->addrs, known.addrs, sizeof(known.addrs));
		*dead = known.n_addrs == 0;
		return;
	}
	if (w->depth == WALK_DEPTH_MAX || w->n_hosts == WALK_HOSTS_MAX ||
	    in_stack(w, into->name)) {
		*dead = true;
		return;
	}
	w->n_hosts++;
	t = &w->stack[w->depth++];
	memset(t, 0, sizeof(*t));
	t->host = true;
	t->type = RRTYPE_A;
	t->into = into;
	t->into_dead = dead;
	dname_lower(into->name, t->target);
	begin_from(w, t, now_ms);
}

static void
end_host(struct walk *w, struct task *t, bool remember, int64_t now_ms)
{
	*t->into_dead = t->into->n_addrs == 0;
	if (remember)
		walk_cache_put_host(w->cache, t->into, HOST_TTL_S, now_ms);
	w->depth--;
}

static void
finish(struct walk *w)
{
	w->phase = DONE;
	w->depth = 0;
}

/* The parent is found: the cut of the task at the bottom. */
static void
end_find(struct walk *w, const struct walk_cut *cut, int64_t now_ms)
{
	w->cut = *cut;
	w->depth = 0;
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

/* Nobody can be asked any more. */
static void
task_failed(struct walk *w, struct task *t, int64_t now_ms)
{
	if (t->host) {
		/* A parent's server that is not found is looked for again
		 * soon; nothing is remembered of it. */
		end_host(w, t, false, now_ms);
		return;
	}
	walk_cache_drop(w->cache, t->cut.zone);
	if (!w->restarted && t->cut.zone[0] != 0) {
		w->restarted = true;
		begin_from(w, t, now_ms);
		return;
	}
	finish(w);
}

/* ---- down from the root ------------------------------------------------ */

static bool
issue(struct walk *w, unsigned slot, const struct sock_addr *to,
    const uint8_t *name, uint16_t type, bool recurse,
    struct walk_question *out)
{
	if (w->r.n_questions == WALK_QUESTIONS_MAX) {
		finish(w);
		return false;
	}
	w->r.n_questions++;
	out->slot = slot;
	out->to = *to;
	out->name_len = (uint8_t)dname_lower(name, out->name);
	out->type = type;
	out->recurse = recurse;
	return true;
}

/* Which server of the cut comes next; NULL: none, or one is looked up. */
static const struct sock_addr *
next_address(struct walk *w, struct task *t, bool *out_pushed, int64_t now_ms)
{
	*out_pushed = false;
	if (recursive(w) && (t->host || t->cut.zone[0] == 0))
		return t->tries < 2 ? &w->conf->resolver : NULL;
	if (t->tries >= TRIES_MAX)
		return NULL;
	for (unsigned i = 0; i < t->cut.n; i++) {
		unsigned h = (t->start + i) % t->cut.n;

		if (t->asked[h] < MIN(t->cut.hosts[h].n_addrs, TRIES_HOST)) {
			t->asking = &t->cut.hosts[h];
			t->start = h;
			return &t->cut.hosts[h].addrs[t->asked[h]++];
		}
	}
	for (unsigned i = 0; i < t->cut.n; i++) {
		unsigned h = (t->start + i) % t->cut.n;

		if (t->cut.hosts[h].n_addrs == 0 && !t->dead[h]) {
			*out_pushed = true;
			push_host(w, &t->cut.hosts[h], &t->dead[h], now_ms);
			return NULL;
		}
	}
	return NULL;
}

/* Is everything known of the parent? */
static bool
parent_known(const struct walk *w, const struct task *t)
{
	return !t->host && t->probe == 0 &&
	    !(recursive(w) && t->cut.zone[0] == 0);
}

static bool
step_task(struct walk *w, int64_t now_ms, struct walk_question *out)
{
	struct task *t = top(w);
	const struct sock_addr *to;
	bool pushed, by_resolver;

	if (parent_known(w, t)) {
		end_find(w, &t->cut, now_ms);
		return false;
	}
	to = next_address(w, t, &pushed, now_ms);
	if (to == NULL) {
		if (!pushed)
			task_failed(w, t, now_ms);
		return false;
	}
	t->tries++;
	t->waiting = true;
	by_resolver = to == &w->conf->resolver;
	if (!issue(w, SLOT_STACK, to, t->host ? t->target :
	    t->target + t->probe, t->host ? t->type : RRTYPE_NS, by_resolver,
	    out))
		return false;
	w->n_waiting++;
	return true;
}

/* Into another zone, nearer to the target. */
static void
descend(struct walk *w, struct task *t, const struct walk_cut *cut,
    int64_t now_ms)
{
	if (++w->n_cuts > WALK_CUTS_MAX) {
		finish(w);
		return;
	}
	walk_cache_put(w->cache, cut, now_ms);
	set_cut(t, cut);
	t->start = w->seed % cut->n;
	if (!t->host)
		t->probe = (uint8_t)one_longer(t->target,
		    suffix_at(t->target, cut->zone));
}

/* A name on the way that is no cut: the name becomes longer. */
static void
no_cut(struct walk *w, struct task *t, bool no_name, int64_t now_ms)
{
	if (recursive(w) && t->cut.zone[0] == 0) {
		/* Upward, to the root at last. */
		if (t->target[t->probe] == 0) {
			task_failed(w, t, now_ms);
			return;
		}
		t->probe = (uint8_t)(t->probe + 1 + t->target[t->probe]);
		new_probe(t);
		return;
	}
	/* RFC 8020; but some deny names that others are below: the parents
	 * are asked for the name itself, whatever is between. */
	t->probe = no_name ? 0 : (uint8_t)one_longer(t->target, t->probe);
	new_probe(t);
}

static void
take_find(struct walk *w, struct task *t, const struct walk_answer *a,
    enum walk_says says, int64_t now_ms)
{
	switch (says) {
	case WALK_REFERRAL:
	case WALK_NS_HERE:
		if (recursive(w) && t->cut.zone[0] == 0) {
			end_find(w, &w->scratch, now_ms);
			return;
		}
		descend(w, t, &w->scratch, now_ms);
		return;
	case WALK_NO_DATA:
	case WALK_ALIAS:
	case WALK_DATA:
		no_cut(w, t, false, now_ms);
		return;
	case WALK_NO_NAME:
		no_cut(w, t, true, now_ms);
		return;
	case WALK_LAME:
	case WALK_FAILED:
		w->r.reason = a->reason;
		w->r.rcode = a->rcode;
		return;			/* the next server */
	}
}

static void
take_host(struct walk *w, struct task *t, const struct walk_answer *a,
    enum walk_says says, int64_t now_ms)
{
	switch (says) {
	case WALK_REFERRAL:
		descend(w, t, &w->scratch, now_ms);
		return;
	case WALK_DATA:
		walk_read_addresses(a, t->target, w->conf->port, t->into);
		end_host(w, t, true, now_ms);
		return;
	case WALK_NO_DATA:
		if (t->type == RRTYPE_A) {
			t->type = RRTYPE_AAAA;
			new_probe(t);
			return;
		}
		end_host(w, t, true, now_ms);
		return;
	case WALK_NS_HERE:
	case WALK_NO_NAME:
	case WALK_ALIAS:		/* RFC 2181 10.3: none may be one */
		end_host(w, t, true, now_ms);
		return;
	case WALK_LAME:
	case WALK_FAILED:
		return;
	}
}

static void
take_task(struct walk *w, const struct walk_answer *a, int64_t now_ms)
{
	struct task *t = top(w);
	bool by_resolver = recursive(w) && (t->host || t->cut.zone[0] == 0);
	enum walk_says says;

	t->waiting = false;
	says = walk_read(a, by_resolver ? (const uint8_t *)"" : t->cut.zone,
	    t->host ? t->target : t->target + t->probe,
	    t->host ? t->type : RRTYPE_NS, by_resolver, w->conf->port,
	    &w->scratch);
	/* What a resolver adds is from anywhere: only the names count. */
	if (by_resolver && says == WALK_NS_HERE)
		for (unsigned i = 0; i < w->scratch.n; i++)
			w->scratch.hosts[i].n_addrs = 0;
	if ((says == WALK_REFERRAL || says == WALK_NS_HERE) &&
	    w->scratch.n == 0)
		says = WALK_FAILED;
	if (t->host)
		take_host(w, t, a, says, now_ms);
	else
		take_find(w, t, a, says, now_ms);
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
	if (w->tried[slot] >= MIN(host->n_addrs, TRIES_HOST))
		return NULL;
	return &host->addrs[w->tried[slot]++];
}

static void
end_parents(struct walk *w, int64_t now_ms)
{
	struct task *t = &w->stack[0];
	bool none = true;

	if (w->has_deeper) {
		memset(t, 0, sizeof(*t));
		memcpy(t->target, w->name, w->name_len);
		w->depth = 1;
		w->phase = FIND;
		w->r.n_names = w->r.n_listed = 0;
		w->r.found = false;
		memset(w->r.listed, 0, sizeof(w->r.listed));
		descend(w, t, &w->deeper, now_ms);
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
			push_host(w, &w->cut.hosts[i], &w->dead[i], now_ms);
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
		if (!issue(w, slot, to, w->name, RRTYPE_NS, false, out))
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
			push_host(w, &w->r.listed[i].host, &w->listed_dead[i],
			    now_ms);
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
	if (!issue(w, slot, to, name, TYPES[what], false, out))
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
		if (!issue(w, SLOT_DS, &w->r.ds.at, w->name, RRTYPE_DS, false,
		    out))
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

	if (w == NULL)
		return ERR_NO_MEMORY;
	CHECK(name[0] != 0);
	w->conf = conf;
	w->cache = cache;
	w->name_len = (uint8_t)dname_lower(name, w->name);
	w->want = want;
	w->seed = seed;
	w->phase = FIND;
	w->r.reason = HANDOFF_INTERNAL;
	*out = w;
	return OK;
}

void
walk_free(struct walk *w)
{
	free(w);
}

static void
begin(struct walk *w, int64_t now_ms)
{
	struct task *t = &w->stack[0];

	memset(t, 0, sizeof(*t));
	memcpy(t->target, w->name, w->name_len);
	w->depth = 1;
	begin_from(w, t, now_ms);
}

bool
walk_next(struct walk *w, int64_t now_ms, struct walk_question *out)
{
	while (w->phase != DONE) {
		if (w->depth == 0 && w->phase == FIND)
			begin(w, now_ms);
		if (w->depth > 0) {
			if (top(w)->waiting)
				return false;
			if (step_task(w, now_ms, out))
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
	if (slot == SLOT_STACK) {
		take_task(w, a, now_ms);
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
