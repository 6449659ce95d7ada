/*
 * claim.c - the state machine of one claim on a zone name.
 *
 *                 proven                      lost for 7 days, warned first
 *   PENDING ─────────────────▶ ACTIVE ◀──────▶ WARNED ─────────▶ SUSPENDED
 *      │                          ▲    lost,                      │   │
 *      │ 28 days                  │    held again          proven │   │ 28 days
 *      ▼                          └───────────────────────────────┘   ▼
 *   LAPSED ◀──────────────────────────────────────────────────────────┘
 *      └── proven ──▶ ACTIVE
 *
 * Two questions that must not be confused.  To *win*, every server of the
 * parent has to answer, list a name of the claim and none of another's, and
 * have been seen without the claim's names before: whoever can change the
 * parent did so after being told the names.  A delegation that pointed here
 * before anybody claimed it proves nothing about who claims it now.  To *lose*,
 * every server has to answer and list none of the claim's names, for seven
 * days of such answers.  All between the two changes nothing.
 */
#include "xferd/claim.h"

#include <string.h>

#include "common/base/base.h"

#define MINUTE_MS	(INT64_C(60) * 1000)
#define HOUR_MS		(INT64_C(3600) * 1000)

enum {
	BACKOFF_PART = 20,		/* wait a 20th of the time gone by */
	SPREAD_PARTS = 1000,
	SPREAD_SHARE = 10,		/* at most a tenth earlier */
};

/* Which bits of sighting.name are whose. */
struct masks {
	uint64_t mine, others, ours;
};

static struct masks
find_ours(const struct claim_pool *pool, const struct sighting *s)
{
	struct masks m = { 0 };

	for (size_t i = 0; i < s->n_names && i < SIGHTING_NAMES_MAX; i++) {
		for (size_t k = 0; k < pool->n_hosts; k++) {
			const struct claim_host *h = &pool->host[k];

			if (h->len != s->name[i].len ||
			    memcmp(h->wire, s->name[i].wire, h->len) != 0)
				continue;
			m.ours |= UINT64_C(1) << i;
			if (h->whose == CLAIM_HOST_MINE)
				m.mine |= UINT64_C(1) << i;
			if (h->whose == CLAIM_HOST_OTHERS)
				m.others |= UINT64_C(1) << i;
		}
	}
	return m;
}

static bool
is_our_address(const struct claim_pool *pool, const uint8_t *address)
{
	for (size_t i = 0; i < pool->n_addresses; i++)
		if (memcmp(pool->address[i], address, 16) == 0)
			return true;
	return false;
}

/* All that answered with authority have it, one at least, none is ours. */
static bool
txt_is_seen(const struct claim_pool *pool, const struct sighting *s)
{
	bool seen = false;

	for (size_t i = 0; i < s->n_txt && i < SIGHTING_TXT_MAX; i++) {
		const struct sighting_txt *t = &s->txt[i];

		if (is_our_address(pool, t->address))
			return false;
		if (t->verdict != SIGHTING_ANSWERED)
			continue;
		if (!t->seen)
			return false;
		seen = true;
	}
	return seen;
}

static unsigned
count_missing(const struct claim_pool *pool, const struct sighting *s,
    uint64_t listed)
{
	unsigned missing = 0;

	for (size_t k = 0; k < pool->n_hosts; k++) {
		const struct claim_host *h = &pool->host[k];
		bool found = false;

		if (h->whose != CLAIM_HOST_MINE)
			continue;
		for (size_t i = 0; i < s->n_names && !found; i++)
			found = (listed >> i & 1) != 0 &&
			    h->len == s->name[i].len && memcmp(h->wire,
			    s->name[i].wire, h->len) == 0;
		missing += !found;
	}
	return missing;
}

/* Proven once with these names, the order of things does not matter again. */
static bool
listing_counts(const struct claim_facts *c)
{
	return c->clear_ms != 0 || c->returned || c->state == CLAIM_ACTIVE ||
	    c->state == CLAIM_WARNED;
}

enum claim_seen
claim_judge(const struct claim_pool *pool, const struct claim_facts *c,
    const struct sighting *s, struct claim_next *out)
{
	struct masks m = find_ours(pool, s);
	size_t n_answered = 0, n_mine = 0, n_parents;
	uint64_t listed = 0;

	n_parents = MIN((size_t)s->n_parents, (size_t)SIGHTING_PARENTS_MAX);
	for (size_t i = 0; i < n_parents; i++) {
		const struct sighting_server *p = &s->parent[i];

		if (p->verdict != SIGHTING_ANSWERED || (p->child_side &&
		    is_our_address(pool, p->address)))
			continue;
		n_answered++;
		listed |= p->names;
		n_mine += (p->names & m.mine) != 0;
	}
	if (out != NULL) {
		out->listed_ours = (listed & m.ours) != 0;
		out->missing = count_missing(pool, s, listed);
	}
	if (n_answered > 0 && s->parents_known && !s->cut &&
	    (listed & m.ours) == 0 && txt_is_seen(pool, s))
		return CLAIM_SEEN_TXT;
	if (n_answered < n_parents || n_parents == 0 || !s->parents_known ||
	    s->cut)
		return CLAIM_SEEN_UNKNOWN;
	if (n_mine > 0 && (listed & m.others) != 0)
		return CLAIM_SEEN_MIXED;
	if (n_mine == n_parents)
		return listing_counts(c) ? CLAIM_SEEN_PROVEN : CLAIM_SEEN_OLD;
	if (n_mine > 0)
		return CLAIM_SEEN_PARTLY;
	if ((listed & m.ours) != 0)
		return CLAIM_SEEN_OURS;
	return listed != 0 ? CLAIM_SEEN_OTHERS : CLAIM_SEEN_NOTHING;
}

/* Every parent answered, and not one lists a name of this claim. */
static bool
is_absent(enum claim_seen seen)
{
	return seen == CLAIM_SEEN_OURS || seen == CLAIM_SEEN_OTHERS ||
	    seen == CLAIM_SEEN_NOTHING;
}

int64_t
claim_check_ms(const struct claim_facts *c, int64_t now_ms)
{
	int64_t since = MAX(c->opened_ms, c->unproven_ms);
	int64_t age = now_ms - since, wait;

	switch (c->state) {
	case CLAIM_ACTIVE:
		wait = c->proof == CLAIM_PROOF_TXT ? HOUR_MS : CLAIM_DAY_MS;
		break;
	case CLAIM_WARNED:
		wait = HOUR_MS;
		break;
	case CLAIM_LAPSED:
		return INT64_MAX;
	case CLAIM_PENDING:
	case CLAIM_SUSPENDED:
	default:
		wait = age < HOUR_MS ? MINUTE_MS :
		    MIN(age / BACKOFF_PART, CLAIM_DAY_MS);
		break;
	}
	wait -= wait / (SPREAD_PARTS * SPREAD_SHARE) *
	    (int64_t)(c->spread % SPREAD_PARTS);
	return now_ms + wait;
}

static void
keep_or_lose(struct claim_facts *f, enum claim_seen seen, int64_t now_ms,
    struct claim_next *out)
{
	if (seen == CLAIM_SEEN_PROVEN || seen == CLAIM_SEEN_TXT) {
		if (seen == CLAIM_SEEN_PROVEN)
			f->proof = CLAIM_PROOF_DELEGATION;
		else
			f->proof = CLAIM_PROOF_TXT;
		if (seen == CLAIM_SEEN_TXT && now_ms >= f->txt_until_ms)
			f->txt_until_ms = now_ms + CLAIM_TXT_MS;
		if (f->state == CLAIM_WARNED)
			out->events |= CLAIM_EVENT_RESTORED;
		f->state = CLAIM_ACTIVE;
		f->loss_at_ms = f->lost_ms = 0;
		return;
	}
	if (!is_absent(seen) || now_ms < f->txt_until_ms) {
		f->loss_at_ms = 0;
		return;
	}
	if (f->loss_at_ms != 0 && now_ms > f->loss_at_ms)
		f->lost_ms += MIN(now_ms - f->loss_at_ms, CLAIM_LOSS_STEP_MS);
	f->loss_at_ms = now_ms;
	if (f->state == CLAIM_ACTIVE) {
		f->state = CLAIM_WARNED;
		f->lost_ms = 0;
		out->events |= CLAIM_EVENT_WARNED;
	} else if (f->lost_ms >= CLAIM_LOSS_MS) {
		f->state = CLAIM_SUSPENDED;
		f->proof = CLAIM_PROOF_NONE;
		f->unproven_ms = now_ms;
		f->loss_at_ms = f->lost_ms = 0;
		out->events |= CLAIM_EVENT_SUSPENDED;
	}
}

static void
win(struct claim_facts *f, enum claim_seen seen, int64_t now_ms,
    struct claim_next *out)
{
	f->state = CLAIM_ACTIVE;
	f->proof = CLAIM_PROOF_DELEGATION;
	f->unproven_ms = f->loss_at_ms = f->lost_ms = 0;
	if (seen == CLAIM_SEEN_TXT) {
		f->proof = CLAIM_PROOF_TXT;
		f->txt_until_ms = now_ms + CLAIM_TXT_MS;
		out->wants_set = !f->has_set;
	} else {
		out->displaces = true;
	}
	out->events |= CLAIM_EVENT_PROVEN;
}

static void
win_or_wait(struct claim_facts *f, enum claim_seen seen, int64_t now_ms,
    struct claim_next *out)
{
	if (is_absent(seen) && f->has_set && f->clear_ms == 0)
		f->clear_ms = now_ms;
	if (seen == CLAIM_SEEN_PROVEN || (seen == CLAIM_SEEN_TXT &&
	    !f->blocked)) {
		win(f, seen, now_ms, out);
		return;
	}
	out->wants_set = seen == CLAIM_SEEN_OLD;
	if (f->state != CLAIM_LAPSED && now_ms - f->unproven_ms >=
	    CLAIM_LAPSE_MS) {
		f->state = CLAIM_LAPSED;
		out->events |= CLAIM_EVENT_LAPSED;
	}
}

/* Answers before the delegation, where they can deceive nobody: no resolver
 * comes to these addresses for this name, and no other tenant's claim ever
 * stood on them. */
static void
preview(struct claim_facts *f, enum claim_seen seen, bool listed_ours,
    struct claim_next *out)
{
	bool before = f->preview;

	if (f->state != CLAIM_PENDING || !f->has_set || !f->alone ||
	    listed_ours)
		f->preview = false;
	else if (is_absent(seen))
		f->preview = true;
	if (f->preview && !before)
		out->events |= CLAIM_EVENT_PREVIEW;
	if (!f->preview && before && f->state == CLAIM_PENDING)
		out->events |= CLAIM_EVENT_PREVIEW_OVER;
}

void
claim_step(const struct claim_pool *pool, const struct claim_facts *c,
    const struct sighting *s, int64_t now_ms, struct claim_next *out)
{
	struct claim_facts *f;

	*out = (struct claim_next){ .facts = *c };
	f = &out->facts;
	out->seen = claim_judge(pool, c, s, out);
	if (c->proof == CLAIM_PROOF_OPERATOR && (c->state == CLAIM_ACTIVE ||
	    c->state == CLAIM_WARNED)) {
		/* The operator gave the word, and takes it back. */
	} else if (c->state == CLAIM_ACTIVE || c->state == CLAIM_WARNED) {
		keep_or_lose(f, out->seen, now_ms, out);
	} else {
		win_or_wait(f, out->seen, now_ms, out);
	}
	preview(f, out->seen, out->listed_ours, out);
	if (out->seen == CLAIM_SEEN_PROVEN && out->missing > 0)
		out->events |= CLAIM_EVENT_MISSING;
	out->check_ms = claim_check_ms(f, now_ms);
	if (out->seen == CLAIM_SEEN_UNKNOWN && f->state == CLAIM_ACTIVE)
		out->check_ms = MIN(out->check_ms, now_ms + HOUR_MS);
}

static const char *const state_names[CLAIM_STATES] = {
	"pending", "active", "warned", "suspended", "lapsed",
};

const char *
claim_state_name(enum claim_state state)
{
	return state_names[state];
}

bool
claim_state_parse(const char *text, enum claim_state *out_state)
{
	for (int i = 0; i < CLAIM_STATES; i++) {
		if (strcmp(text, state_names[i]) == 0) {
			*out_state = i;
			return true;
		}
	}
	return false;
}

static const char *const proof_names[] = {
	[CLAIM_PROOF_NONE] = "none",
	[CLAIM_PROOF_DELEGATION] = "delegation",
	[CLAIM_PROOF_TXT] = "txt",
	[CLAIM_PROOF_OPERATOR] = "operator",
};

const char *
claim_proof_name(enum claim_proof proof)
{
	return proof_names[proof];
}

enum claim_proof
claim_proof_parse(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(proof_names); i++)
		if (strcmp(text, proof_names[i]) == 0)
			return i;
	return CLAIM_PROOF_NONE;
}

const char *
claim_seen_name(enum claim_seen seen)
{
	static const char *const names[CLAIM_SEENS] = {
		[CLAIM_SEEN_UNKNOWN] = "unknown",
		[CLAIM_SEEN_PROVEN] = "delegation",
		[CLAIM_SEEN_TXT] = "txt",
		[CLAIM_SEEN_PARTLY] = "partly",
		[CLAIM_SEEN_MIXED] = "mixed",
		[CLAIM_SEEN_OLD] = "old",
		[CLAIM_SEEN_OURS] = "ours",
		[CLAIM_SEEN_OTHERS] = "elsewhere",
		[CLAIM_SEEN_NOTHING] = "nothing",
	};

	return names[seen];
}
