/*
 * walk_down.c - see walk_down.h.
 *
 * The stack holds what is being found: at its bottom the way to a name's
 * parent (or nothing), above it hosts of servers without glue.  While it is not
 * empty, one question is under way, of the one on top.
 */
#include "xferd/walk_down.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/dns/dname.h"
#include "common/dns/rrtype.h"

enum {
	TRIES_MAX = 8,			/* servers asked one thing on the way */
	HOST_TTL_S = 900,
};

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

struct walk_down {
	const struct walk_conf *conf;
	struct walk_cache *cache;
	uint32_t seed;
	bool restarted;
	struct task stack[WALK_DEPTH_MAX];
	unsigned depth;
	unsigned n_hosts, n_cuts;
	struct walk_cut found, scratch;
	enum handoff_reason reason;
	uint16_t rcode;
};

/* ---- the stack --------------------------------------------------------- */

static struct task *
top(struct walk_down *d)
{
	CHECK(d->depth > 0);
	return &d->stack[d->depth - 1];
}

static void
root_cut(const struct walk_down *d, struct walk_cut *cut)
{
	memset(cut, 0, sizeof(*cut));
	cut->zone_len = 1;
	cut->n = (uint8_t)MIN(d->conf->n_roots, (unsigned)WALK_ROOTS_MAX);
	for (unsigned i = 0; i < cut->n; i++) {
		cut->hosts[i].name_len = 1;
		cut->hosts[i].n_addrs = 1;
		cut->hosts[i].addrs[0] = d->conf->roots[i];
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
recursive(const struct walk_down *d)
{
	return d->conf->resolver.family != 0;
}

static void
begin_from(struct walk_down *d, struct task *t, int64_t now_ms)
{
	const struct walk_cut *known = recursive(d) && t->host ? NULL :
	    walk_cache_find(d->cache, t->target, now_ms);

	if (known != NULL) {
		set_cut(t, known);
	} else {
		root_cut(d, &d->scratch);
		set_cut(t, &d->scratch);
	}
	t->start = t->cut.n == 0 ? 0 : d->seed % t->cut.n;
	if (t->host)
		return;
	if (recursive(d) && known == NULL)
		t->probe = (uint8_t)(1 + t->target[0]);
	else
		t->probe = (uint8_t)one_longer(t->target,
		    suffix_at(t->target, t->cut.zone));
}

static bool
in_stack(const struct walk_down *d, const uint8_t *name)
{
	for (unsigned i = 0; i < d->depth; i++)
		if (d->stack[i].host && dname_equal(d->stack[i].target, name))
			return true;
	return false;
}

void
walk_down_host(struct walk_down *d, struct walk_host *into, bool *dead,
    int64_t now_ms)
{
	struct walk_host known;
	struct task *t;

	if (walk_cache_find_host(d->cache, into->name, now_ms, &known)) {
		into->n_addrs = known.n_addrs;
		memcpy(into->addrs, known.addrs, sizeof(known.addrs));
		*dead = known.n_addrs == 0;
		return;
	}
	if (d->depth == WALK_DEPTH_MAX || d->n_hosts == WALK_HOSTS_MAX ||
	    in_stack(d, into->name)) {
		*dead = true;
		return;
	}
	d->n_hosts++;
	t = &d->stack[d->depth++];
	memset(t, 0, sizeof(*t));
	t->host = true;
	t->type = RRTYPE_A;
	t->into = into;
	t->into_dead = dead;
	dname_lower(into->name, t->target);
	begin_from(d, t, now_ms);
}

static void
end_host(struct walk_down *d, struct task *t, bool remember, int64_t now_ms)
{
	*t->into_dead = t->into->n_addrs == 0;
	if (remember)
		walk_cache_put_host(d->cache, t->into, HOST_TTL_S, now_ms);
	d->depth--;
}

/* The parent is found; what else was looked for is of no interest. */
static enum walk_down_step
found(struct walk_down *d, const struct walk_cut *cut)
{
	d->found = *cut;
	d->depth = 0;
	return WALK_DOWN_FOUND;
}

/* Nobody can be asked any more. */
static enum walk_down_step
task_failed(struct walk_down *d, struct task *t, int64_t now_ms)
{
	if (t->host) {
		/* A parent's server that is not found is looked for again
		 * soon; nothing is remembered of it. */
		end_host(d, t, false, now_ms);
		return WALK_DOWN_ON;
	}
	walk_cache_drop(d->cache, t->cut.zone);
	if (!d->restarted && t->cut.zone[0] != 0) {
		d->restarted = true;
		begin_from(d, t, now_ms);
		return WALK_DOWN_ON;
	}
	return WALK_DOWN_FAILED;
}

/* ---- down from the root ------------------------------------------------ */

/* Which server of the cut comes next; NULL: none, or one is looked up. */
static const struct sock_addr *
next_address(struct walk_down *d, struct task *t, bool *out_pushed,
    int64_t now_ms)
{
	*out_pushed = false;
	if (recursive(d) && (t->host || t->cut.zone[0] == 0))
		return t->tries < 2 ? &d->conf->resolver : NULL;
	if (t->tries >= TRIES_MAX)
		return NULL;
	for (unsigned i = 0; i < t->cut.n; i++) {
		unsigned h = (t->start + i) % t->cut.n;

		if (t->asked[h] < MIN(t->cut.hosts[h].n_addrs,
		    WALK_TRIES_HOST)) {
			t->asking = &t->cut.hosts[h];
			t->start = h;
			return &t->cut.hosts[h].addrs[t->asked[h]++];
		}
	}
	for (unsigned i = 0; i < t->cut.n; i++) {
		unsigned h = (t->start + i) % t->cut.n;

		if (t->cut.hosts[h].n_addrs == 0 && !t->dead[h]) {
			*out_pushed = true;
			walk_down_host(d, &t->cut.hosts[h], &t->dead[h],
			    now_ms);
			return NULL;
		}
	}
	return NULL;
}

/* Is everything known of the parent? */
static bool
parent_known(const struct walk_down *d, const struct task *t)
{
	return !t->host && t->probe == 0 &&
	    !(recursive(d) && t->cut.zone[0] == 0);
}

enum walk_down_step
walk_down_next(struct walk_down *d, int64_t now_ms, struct walk_question *out)
{
	struct task *t = top(d);
	const struct sock_addr *to;
	const uint8_t *name;
	bool pushed;

	if (parent_known(d, t))
		return found(d, &t->cut);
	to = next_address(d, t, &pushed, now_ms);
	if (to == NULL)
		return pushed ? WALK_DOWN_ON : task_failed(d, t, now_ms);
	t->tries++;
	t->waiting = true;
	name = t->host ? t->target : t->target + t->probe;
	out->to = *to;
	out->name_len = (uint8_t)dname_lower(name, out->name);
	out->type = t->host ? t->type : RRTYPE_NS;
	out->recurse = to == &d->conf->resolver;
	return WALK_DOWN_ASK;
}

/* Into another zone, nearer to the target. */
static enum walk_down_step
descend(struct walk_down *d, struct task *t, const struct walk_cut *cut,
    int64_t now_ms)
{
	if (++d->n_cuts > WALK_CUTS_MAX)
		return WALK_DOWN_FAILED;
	walk_cache_put(d->cache, cut, now_ms);
	set_cut(t, cut);
	t->start = d->seed % cut->n;
	if (!t->host)
		t->probe = (uint8_t)one_longer(t->target,
		    suffix_at(t->target, cut->zone));
	return WALK_DOWN_ON;
}

/* A name on the way that is no cut: the name becomes longer. */
static enum walk_down_step
no_cut(struct walk_down *d, struct task *t, bool no_name, int64_t now_ms)
{
	if (recursive(d) && t->cut.zone[0] == 0) {
		/* Upward, to the root at last. */
		if (t->target[t->probe] == 0)
			return task_failed(d, t, now_ms);
		t->probe = (uint8_t)(t->probe + 1 + t->target[t->probe]);
		new_probe(t);
		return WALK_DOWN_ON;
	}
	/* RFC 8020; but some deny names that others are below: the parents
	 * are asked for the name itself, whatever is between. */
	t->probe = no_name ? 0 : (uint8_t)one_longer(t->target, t->probe);
	new_probe(t);
	return WALK_DOWN_ON;
}

static enum walk_down_step
take_find(struct walk_down *d, struct task *t, const struct walk_answer *a,
    enum walk_says says, int64_t now_ms)
{
	switch (says) {
	case WALK_REFERRAL:
	case WALK_NS_HERE:
		if (recursive(d) && t->cut.zone[0] == 0)
			return found(d, &d->scratch);
		return descend(d, t, &d->scratch, now_ms);
	case WALK_NO_DATA:
	case WALK_ALIAS:
	case WALK_DATA:
		return no_cut(d, t, false, now_ms);
	case WALK_NO_NAME:
		return no_cut(d, t, true, now_ms);
	case WALK_LAME:
	case WALK_FAILED:
		d->reason = a->reason;
		d->rcode = a->rcode;
		break;			/* the next server */
	}
	return WALK_DOWN_ON;
}

static enum walk_down_step
take_host(struct walk_down *d, struct task *t, const struct walk_answer *a,
    enum walk_says says, int64_t now_ms)
{
	switch (says) {
	case WALK_REFERRAL:
		return descend(d, t, &d->scratch, now_ms);
	case WALK_DATA:
		walk_read_addresses(a, t->target, d->conf->port, t->into);
		end_host(d, t, true, now_ms);
		break;
	case WALK_NO_DATA:
		if (t->type == RRTYPE_A) {
			t->type = RRTYPE_AAAA;
			new_probe(t);
			break;
		}
		end_host(d, t, true, now_ms);
		break;
	case WALK_NS_HERE:
	case WALK_NO_NAME:
	case WALK_ALIAS:		/* RFC 2181 10.3: none may be one */
		end_host(d, t, true, now_ms);
		break;
	case WALK_LAME:
	case WALK_FAILED:
		break;
	}
	return WALK_DOWN_ON;
}

enum walk_down_step
walk_down_take(struct walk_down *d, const struct walk_answer *a, int64_t now_ms)
{
	struct task *t = top(d);
	bool by_resolver = recursive(d) && (t->host || t->cut.zone[0] == 0);
	enum walk_says says;

	t->waiting = false;
	says = walk_read(a, by_resolver ? (const uint8_t *)"" : t->cut.zone,
	    t->host ? t->target : t->target + t->probe,
	    t->host ? t->type : RRTYPE_NS, by_resolver, d->conf->port,
	    &d->scratch);
	/* What a resolver adds is from anywhere: only the names count. */
	if (by_resolver && says == WALK_NS_HERE)
		for (unsigned i = 0; i < d->scratch.n; i++)
			d->scratch.hosts[i].n_addrs = 0;
	if ((says == WALK_REFERRAL || says == WALK_NS_HERE) &&
	    d->scratch.n == 0)
		says = WALK_FAILED;
	return t->host ? take_host(d, t, a, says, now_ms) :
	    take_find(d, t, a, says, now_ms);
}

/* ---- from outside ------------------------------------------------------ */

enum err
walk_down_new(const struct walk_conf *conf, struct walk_cache *cache,
    uint32_t seed, struct walk_down **out)
{
	struct walk_down *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return ERR_NO_MEMORY;
	d->conf = conf;
	d->cache = cache;
	d->seed = seed;
	d->reason = HANDOFF_INTERNAL;
	*out = d;
	return OK;
}

void
walk_down_free(struct walk_down *d)
{
	free(d);
}

/* The task at the bottom. */
static struct task *
new_find(struct walk_down *d, const uint8_t *name)
{
	struct task *t = &d->stack[0];

	CHECK(d->depth == 0);
	memset(t, 0, sizeof(*t));
	dname_lower(name, t->target);
	d->depth = 1;
	return t;
}

void
walk_down_find(struct walk_down *d, const uint8_t *name, int64_t now_ms)
{
	begin_from(d, new_find(d, name), now_ms);
}

enum walk_down_step
walk_down_find_below(struct walk_down *d, const uint8_t *name,
    const struct walk_cut *cut, int64_t now_ms)
{
	return descend(d, new_find(d, name), cut, now_ms);
}

bool
walk_down_busy(const struct walk_down *d)
{
	return d->depth > 0;
}

bool
walk_down_waits(const struct walk_down *d)
{
	return d->stack[d->depth - 1].waiting;
}

const struct walk_cut *
walk_down_found(const struct walk_down *d)
{
	return &d->found;
}

enum handoff_reason
walk_down_why(const struct walk_down *d, uint16_t *out_rcode)
{
	*out_rcode = d->rcode;
	return d->reason;
}
