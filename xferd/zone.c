/*
 * zone.c - the state machine of one secondary zone.
 *
 *            begin                        loaded, not a retransfer
 *   IDLE ───────────┬──────────────────────────────────────────▶ PROBING
 *                   │ never loaded, or retransfer                   │
 *                   ▼                                               │
 *   ┌────────── FETCHING ◀──────────── serial is newer ─────────────┤
 *   │  IXFR, then │ ▲                                               │
 *   │  AXFR       │ └─ reply failed at IXFR: AXFR, same primary     │
 *   │             │    differences do not fit: AXFR, same primary   │
 *   │             ▼ whole transfer received                         │
 *   │         PUBLISHING ── committed ──────────────▶ DONE (updated)│
 *   │             │                                                 │
 *   │             ├── same content ─────────────────▶ DONE (current)│
 *   │             ├── conflict, own trouble ────────▶ DONE          │
 *   │             └── content rejected ──┐                          │
 *   └── link failed, AXFR failed ────────┼── probe failed, older ◀──┤
 *                                        ▼                          │
 *                       next primary: PROBING or FETCHING           │
 *                       nobody left:  DONE (older, failed)          │
 *                                                                   │
 *                          DONE (current) ◀── serial is equal ──────┘
 *
 * When a timer or the tenant asks and there are several primaries, all are asked
 * for their serial first (a survey), and the zone is fetched from the freshest;
 * after a NOTIFY the first that is newer will do (T-011).  Now and then another
 * primary with our serial is asked for the whole zone, and its content is
 * compared with ours (split brain).
 *
 * A primary with a lower serial does not renew EXPIRE (T-011); one exactly
 * 2^31 away is "not newer" (RFC 1982 3.2, T-013).  A NOTIFY while a round runs
 * asks for exactly one more round (T-036).  The result of a round is a due
 * time and, after a contact, a new EXPIRE deadline; both go to the database.
 */
#include "xferd/zone.h"

#include <string.h>

#include "common/base/check.h"
#include "common/dns/serial.h"

enum {
	MS = 1000,
	CONFLICT_RETRY_S = 1,
	TROUBLE_RETRY_S = 10,
	SPREAD_PARTS = 1000,
};

static uint32_t
clamp(uint32_t value, uint32_t min, uint32_t max)
{
	if (value < min)
		return min;
	return value > max ? max : value;
}

/* Up to a tenth earlier, always the same for one zone: zones that were loaded
 * together drift apart once and stay apart (T-006). */
static uint32_t
spread_out(uint32_t seconds, uint64_t spread)
{
	uint64_t cut = (uint64_t)seconds * (spread % SPREAD_PARTS);
	uint32_t left = seconds - (uint32_t)(cut / (SPREAD_PARTS * 10));

	return left > 0 ? left : 1;
}

uint32_t
zone_expire_s(const struct zone_limits *limits, const struct zone_soa *soa)
{
	return clamp(soa->expire, limits->expire_min_s, limits->expire_max_s);
}

uint32_t
zone_next_refresh_s(const struct zone_limits *limits,
    const struct zone_soa *soa, uint64_t spread)
{
	uint32_t refresh = clamp(soa->refresh, limits->refresh_min_s,
	    limits->refresh_max_s);
	uint32_t expire = zone_expire_s(limits, soa);

	/* T-003: look before it expires, whatever the SOA says. */
	if (refresh >= expire / 2 && expire / 2 > 0)
		refresh = expire / 2;
	return spread_out(refresh, spread);
}

uint32_t
zone_given_s(const struct zone_limits *limits, const struct zone_soa *soa,
    bool has_option, uint32_t option_s)
{
	uint32_t expire_s = zone_expire_s(limits, soa);

	/* 0 contradicts the transfer that it came with. */
	return has_option && option_s > 0 ? MIN(option_s, expire_s) : expire_s;
}

static uint32_t
next_retry_s(const struct zone *z)
{
	const struct zone_limits *l = &z->limits;
	uint64_t wait;
	uint32_t n;

	if (z->in.loaded)
		return MIN(spread_out(clamp(z->in.soa.retry, l->retry_min_s,
		    l->retry_max_s), z->in.spread),
		    zone_next_refresh_s(l, &z->in.soa, z->in.spread));

	/* T-008: an empty zone with a dead primary asks ever more rarely. */
	n = z->in.failures < 20 ? z->in.failures : 20;
	wait = (uint64_t)l->backoff_min_s << n;
	if (wait > l->backoff_max_s)
		wait = l->backoff_max_s;
	return spread_out((uint32_t)wait, z->in.spread);
}

bool
zone_wants_notify(bool loaded, bool expired, uint32_t serial, bool has_hint,
    uint32_t hint)
{
	if (!loaded || expired || !has_hint)
		return true;			/* T-040 */
	return serial_newer(hint, serial);	/* T-034 */
}

const char *
zone_outcome_text(enum zone_outcome outcome)
{
	switch (outcome) {
	case ZONE_OUT_CURRENT:
		return "current";
	case ZONE_OUT_UPDATED:
		return "updated";
	case ZONE_OUT_OLDER:
		return "older";
	case ZONE_OUT_FAILED:
		return "failed";
	case ZONE_OUT_HELD:
		return "held";
	case ZONE_OUT_CONFLICT:
		return "conflict";
	case ZONE_OUT_TROUBLE:
		return "trouble";
	}
	return "unknown";
}

/* ---- the end of a round ------------------------------------------------ */

static const uint8_t NOTED[] = { ZONE_NOTED_HALF, ZONE_NOTED_MOST,
	ZONE_NOTED_NEARLY, ZONE_NOTED_EXPIRED };

/* When so much of EXPIRE will have passed. */
static int64_t
noted_at_ms(const struct zone *z, uint8_t percent)
{
	int64_t span_ms = z->in.expires_at_ms - z->in.contact_at_ms;

	return z->in.contact_at_ms + span_ms / 100 * percent +
	    span_ms % 100 * percent / 100;
}

/* Nobody was reached: how far is it, and look again when it is told next. */
static void
note_expiry(struct zone *z, int64_t now_ms)
{
	struct zone_end *end = &z->end;

	end->noted = z->in.noted;
	for (size_t i = 0; i < COUNT_OF(NOTED); i++) {
		int64_t at_ms = noted_at_ms(z, NOTED[i]);

		if (at_ms <= now_ms) {
			end->noted = MAX(end->noted, NOTED[i]);
		} else {
			end->due_at_ms = MIN(end->due_at_ms, at_ms);
			return;
		}
	}
}

static bool
undefined(const struct zone *z, uint32_t serial)
{
	return serial - z->in.soa.serial == UINT32_C(0x80000000);
}

/* The newest of the serials that we do not take. */
static void
note_back(struct zone *z)
{
	struct zone_end *end = &z->end;

	for (unsigned i = 0; i < z->in.n_primaries; i++) {
		const struct zone_seen *s = &z->seen[i];

		if (!s->has_serial || s->serial == z->in.soa.serial ||
		    serial_newer(s->serial, z->in.soa.serial))
			continue;
		if (end->back != ZONE_BACK_NONE &&
		    !serial_newer(s->serial, end->back_serial))
			continue;
		end->back = undefined(z, s->serial) ? ZONE_BACK_UNDEFINED :
		    ZONE_BACK_LOWER;
		end->back_serial = s->serial;
	}
}

/* The EXPIRE that a primary with our serial grants; -1: there is none. */
static int64_t
granted_s(const struct zone *z)
{
	uint32_t expire_s = zone_expire_s(&z->limits, &z->in.soa);
	int64_t best = -1;

	for (unsigned i = 0; i < z->in.n_primaries; i++) {
		const struct zone_seen *s = &z->seen[i];
		int64_t one;

		if (!s->has_serial || s->serial != z->in.soa.serial)
			continue;
		one = s->has_expire ? MIN(s->expire_s, expire_s) : expire_s;
		best = MAX(best, one);
	}
	return best;
}

static void
settle_expiry(struct zone *z, int64_t now_ms)
{
	struct zone_end *end = &z->end;
	int64_t expire_s;

	if (end->outcome == ZONE_OUT_UPDATED) {
		expire_s = zone_given_s(&z->limits, &z->in.soa,
		    z->contact.has_expire, z->contact.expire_s);
		end->expires_at_ms = now_ms + expire_s * MS;
		end->contact = true;
	} else {
		expire_s = granted_s(z);
		/* T-178: what is held does not cost the zone its EXPIRE, for
		 * the primary was reached; unless the customer wants that. */
		if (expire_s < 0 && (end->outcome == ZONE_OUT_CURRENT ||
		    (end->outcome == ZONE_OUT_HELD && !z->in.held_counts)))
			expire_s = zone_given_s(&z->limits, &z->in.soa,
			    z->contact.has_expire, z->contact.expire_s);
		if (expire_s < 0) {
			note_expiry(z, now_ms);
			return;
		}
		/* Also when fetching what is newer elsewhere failed. T-170 */
		end->contact = true;
		end->expires_at_ms = MAX(now_ms + MAX(expire_s, 1) * MS,
		    z->in.expires_at_ms);
	}
	end->noted = ZONE_NOTED_NOTHING;
}

static uint32_t
next_wait_s(const struct zone *z, enum zone_outcome outcome)
{
	if (z->in.repin && outcome == ZONE_OUT_UPDATED)
		return 0;			/* nobody was asked yet */
	if (outcome == ZONE_OUT_HELD)
		return z->in.loaded ? zone_next_refresh_s(&z->limits,
		    &z->in.soa, z->in.spread) : next_retry_s(z);
	switch (outcome) {
	case ZONE_OUT_UPDATED:
	case ZONE_OUT_CURRENT:
		return zone_next_refresh_s(&z->limits, &z->in.soa,
		    z->in.spread);
	case ZONE_OUT_OLDER:
	case ZONE_OUT_FAILED:
		return next_retry_s(z);
	case ZONE_OUT_CONFLICT:
		return CONFLICT_RETRY_S;
	case ZONE_OUT_HELD:
	case ZONE_OUT_TROUBLE:
		return TROUBLE_RETRY_S;
	}
	return TROUBLE_RETRY_S;
}

static void
finish(struct zone *z, enum zone_outcome outcome, int64_t now_ms,
    struct zone_action *out)
{
	struct zone_end *end = &z->end;
	bool failed = outcome == ZONE_OUT_OLDER || outcome == ZONE_OUT_FAILED;
	bool good = outcome == ZONE_OUT_UPDATED ||
	    outcome == ZONE_OUT_CURRENT;
	bool held = outcome == ZONE_OUT_HELD;

	CHECK(z->state != ZONE_DONE);
	if (z->comparing && !good) {
		/* What only compares spoils nothing. */
		outcome = ZONE_OUT_CURRENT;
		good = true;
		failed = false;
	}
	end->outcome = outcome;
	end->next_reason = ZONE_REASON_DUE;
	end->expires_at_ms = z->in.expires_at_ms;
	end->noted = z->in.noted;
	end->failures = good || (held && z->in.loaded) ? 0 : z->in.failures;
	if ((failed || (held && !z->in.loaded)) && end->failures < INT32_MAX)
		end->failures++;
	end->due_at_ms = now_ms + (int64_t)next_wait_s(z, outcome) * MS;
	if (z->regressed)
		end->due_at_ms = MIN(end->due_at_ms,
		    now_ms + (int64_t)next_retry_s(z) * MS);
	if (z->in.loaded && (good || failed || held) && !z->in.repin)
		settle_expiry(z, now_ms);
	if (outcome == ZONE_OUT_OLDER)
		note_back(z);

	if (z->follow_up) {			/* T-036 */
		end->due_at_ms = now_ms;
		end->next_reason = ZONE_REASON_NOTIFY;
	} else if (z->in.reason == ZONE_REASON_NOTIFY && z->in.has_hint &&
	    outcome == ZONE_OUT_CURRENT && !z->in.pinned &&
	    serial_newer(z->in.hint, z->in.soa.serial)) {
		/* T-037: the NOTIFY outran the data.  Once: the next round
		 * has another reason and no hint. */
		int64_t soon = now_ms + (int64_t)z->limits.recheck_s * MS;

		end->due_at_ms = MIN(end->due_at_ms, soon);
		end->recheck = true;
	}
	z->state = ZONE_DONE;
	out->kind = ZONE_ACT_FINISH;
}

/* ---- asking ------------------------------------------------------------ */

/* What is held, or not wanted, is not transferred again and again. */
static bool
is_whole(const struct zone *z)
{
	return !z->in.pinned && ((!z->in.loaded && !z->in.held) ||
	    z->in.reason == ZONE_REASON_RETRANSFER);
}

static bool
is_held(const struct zone *z, uint32_t serial)
{
	return z->in.held && serial == z->in.held_serial;
}

static bool
is_newer(const struct zone *z, uint32_t serial)
{
	if (z->in.pinned || is_held(z, serial))
		return false;
	return !z->in.loaded || serial_newer(serial, z->in.soa.serial);
}

/* A serial that is not newer: do we take it all the same? */
static bool
takes_back(const struct zone *z, uint32_t serial, int64_t now_ms)
{
	if (z->in.pinned || is_held(z, serial))
		return false;
	if (is_whole(z) || z->in.accept_lower)
		return true;
	if (z->in.has_accept && !serial_newer(z->in.accept, serial))
		return true;				/* T-014 */
	return z->in.expires_at_ms <= now_ms;		/* T-015 */
}

static void
fetch(struct zone *z, struct zone_action *out)
{
	unsigned p = z->order[z->turn];
	bool ixfr = !is_whole(z) && !z->tried_axfr && !z->comparing &&
	    !z->in.primaries[p].no_ixfr;

	z->seen[p].asked = true;
	z->mode = ixfr ? ZONE_MODE_IXFR : ZONE_MODE_AXFR;
	z->tried_axfr = !ixfr;
	z->state = ZONE_FETCHING;
	*out = (struct zone_action){ .kind = ZONE_ACT_FETCH, .primary = p,
		.mode = z->mode };
}

static void
give_up(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	bool older = false, other = false;

	/* One that is newer, or has our serial, makes it no matter of serials:
	 * a transfer failed. */
	for (unsigned i = 0; z->in.loaded && i < z->in.n_primaries; i++) {
		const struct zone_seen *s = &z->seen[i];

		if (!s->has_serial)
			continue;
		if (s->serial == z->in.soa.serial || is_newer(z, s->serial))
			other = true;
		else if (!s->failed)
			older = true;
	}
	finish(z, older && !other ? ZONE_OUT_OLDER : ZONE_OUT_FAILED, now_ms,
	    out);
}

/* None of the serials that were shown is to be transferred.  Is that because
 * of a pin, or of what is held? */
static bool
is_refused(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	bool any = false, held = false;

	for (unsigned i = 0; i < z->in.n_primaries; i++) {
		any |= z->seen[i].has_serial;
		held |= z->seen[i].has_serial &&
		    is_held(z, z->seen[i].serial);
	}
	if (z->in.pinned && any)
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
	else if (held)
		finish(z, ZONE_OUT_HELD, now_ms, out);
	else
		return false;
	return true;
}

/* Those whose serial will do, the freshest first; of equals, who came first
 * in the configured order. */
static void
take_candidates(struct zone *z, bool back, int64_t now_ms)
{
	z->n_order = 0;
	z->turn = 0;
	for (unsigned i = 0; i < z->in.n_primaries; i++) {
		const struct zone_seen *s = &z->seen[i];
		unsigned at = z->n_order;

		if (!s->has_serial || (back ?
		    !takes_back(z, s->serial, now_ms) :
		    !is_newer(z, s->serial)))
			continue;
		while (at > 0 && serial_newer(s->serial,
		    z->seen[z->order[at - 1]].serial)) {
			z->order[at] = z->order[at - 1];
			at--;
		}
		z->order[at] = (uint8_t)i;
		z->n_order++;
	}
}

/* Of those that have our serial, the one whose turn it is. */
static bool
begin_compare(struct zone *z, struct zone_action *out)
{
	unsigned n = 0, want;

	for (unsigned i = 0; i < z->in.n_primaries; i++)
		n += z->seen[i].has_serial;
	if (!z->in.compare || n < 2)
		return false;
	want = (unsigned)((uint64_t)(z->begun_ms / MS) % n);
	for (unsigned i = 0; i < z->in.n_primaries; i++)
		if (z->seen[i].has_serial && want-- == 0)
			z->order[0] = (uint8_t)i;
	z->n_order = 1;
	z->turn = 0;
	z->comparing = true;
	fetch(z, out);
	return true;
}

/* Everybody was asked: from whom now?				T-011 */
static void
choose(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	bool older = false;

	z->surveyed = true;
	for (unsigned i = 0; i < z->in.n_primaries; i++)
		older |= z->seen[i].has_serial &&
		    z->seen[i].serial != z->in.soa.serial;
	take_candidates(z, false, now_ms);
	if (z->n_order == 0 && is_refused(z, now_ms, out))
		return;
	if (z->n_order == 0 && granted_s(z) >= 0) {
		if (older || !begin_compare(z, out))
			finish(z, ZONE_OUT_CURRENT, now_ms, out);
		return;
	}
	z->tried_axfr = false;
	if (z->n_order == 0) {
		take_candidates(z, true, now_ms);
		z->tried_axfr = true;	/* there are no such differences */
	}
	if (z->n_order == 0)
		give_up(z, now_ms, out);
	else
		fetch(z, out);
}

static void
ask(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	if (z->turn >= z->n_order) {
		if (z->survey && !z->surveyed)
			choose(z, now_ms, out);
		else
			give_up(z, now_ms, out);
		return;
	}
	z->contact = (struct zone_event){ 0 };
	z->tried_axfr = z->surveyed &&
	    !is_newer(z, z->seen[z->order[z->turn]].serial);
	if (is_whole(z) || z->surveyed) {
		fetch(z, out);
		return;
	}
	z->state = ZONE_PROBING;
	z->seen[z->order[z->turn]].asked = true;
	*out = (struct zone_action){ .kind = ZONE_ACT_PROBE,
		.primary = z->order[z->turn] };
}

static void
ask_next(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	z->turn++;
	ask(z, now_ms, out);
}

/* This primary did not help. */
static void
pass_on(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	z->seen[z->order[z->turn]].failed = true;
	if (z->comparing)
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
	else
		ask_next(z, now_ms, out);
}

/*
 * @cannot: the primary does not do IXFR, which is remembered.  Differences that
 * merely do not fit once (NSD 4.6 adds records that are there) are not held
 * against the next ones.					T-076
 */
static void
fall_back(struct zone *z, bool cannot, int64_t now_ms,
    struct zone_action *out)
{
	if (z->mode == ZONE_MODE_AXFR) {
		pass_on(z, now_ms, out);
		return;
	}
	if (cannot)
		z->no_ixfr |= (uint16_t)(1u << z->order[z->turn]);
	z->tried_axfr = true;
	fetch(z, out);
}

static void
note_serial(struct zone *z, const struct zone_event *ev)
{
	struct zone_seen *s = &z->seen[z->order[z->turn]];

	s->has_serial = true;
	s->serial = ev->soa.serial;
	s->has_expire = ev->has_expire;
	s->expire_s = ev->expire_s;
}

/* A serial came, by probe or by an IXFR answer of one SOA. */
static void
judge_serial(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	uint32_t ours = z->in.soa.serial;
	uint32_t theirs = ev->soa.serial;

	z->contact = *ev;
	note_serial(z, ev);
	if (z->survey && !z->surveyed) {
		ask_next(z, now_ms, out);
	} else if (is_refused(z, now_ms, out)) {
		return;
	} else if (z->in.loaded && theirs == ours) {
		finish(z, ZONE_OUT_CURRENT, now_ms, out);	/* T-012 */
	} else if (is_newer(z, theirs) || takes_back(z, theirs, now_ms)) {
		/* RFC 1995 2: no differences offered though there is news;
		 * a lower serial has no differences at all. */
		if (z->state == ZONE_FETCHING || !is_newer(z, theirs))
			z->tried_axfr = true;
		fetch(z, out);
	} else {
		ask_next(z, now_ms, out);
	}
}

static void
judge_received(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	const struct zone_seen *s = &z->seen[z->order[z->turn]];
	bool said_newer = s->has_serial && is_newer(z, s->serial);
	uint32_t theirs = ev->soa.serial;

	note_serial(z, ev);
	z->contact.has_expire = ev->has_expire;
	z->contact.expire_s = ev->expire_s;
	if (!z->comparing && is_held(z, theirs)) {
		finish(z, ZONE_OUT_HELD, now_ms, out);
		return;
	}
	if (z->comparing && theirs != z->in.soa.serial) {
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
		return;
	}
	if (!z->comparing && !is_newer(z, theirs) &&
	    !takes_back(z, theirs, now_ms)) {
		z->regressed = said_newer;
		if (theirs == z->in.soa.serial)
			finish(z, ZONE_OUT_CURRENT, now_ms, out);
		else
			ask_next(z, now_ms, out);
		return;
	}
	z->state = ZONE_PUBLISHING;
	*out = (struct zone_action){ .kind = z->comparing ? ZONE_ACT_COMPARE :
		ZONE_ACT_PUBLISH, .primary = z->order[z->turn],
		.mode = z->mode };
}

/* ---- the two entries --------------------------------------------------- */

void
zone_begin(struct zone *z, const struct zone_limits *limits,
    const struct zone_start *start, int64_t now_ms, struct zone_action *out)
{
	int first = start->notify_primary;

	CHECK(start->n_primaries <= ZONE_PRIMARIES_MAX);
	CHECK(first < (int)start->n_primaries);
	*z = (struct zone){ .state = ZONE_IDLE, .limits = *limits,
		.in = *start, .begun_ms = now_ms };
	/* T-039; who just spoke to us is not avoided. */
	if (first >= 0)
		z->order[z->n_order++] = (uint8_t)first;
	for (int later = 0; later < 2; later++)		/* T-008 */
		for (unsigned i = 0; i < start->n_primaries; i++)
			if ((int)i != first && !start->primaries[i].avoid &&
			    start->primaries[i].later == (later == 1))
				z->order[z->n_order++] = (uint8_t)i;
	if (start->repin) {
		z->state = ZONE_PUBLISHING;
		*out = (struct zone_action){ .kind = ZONE_ACT_REPIN };
		return;
	}
	z->survey = !is_whole(z) && start->reason != ZONE_REASON_NOTIFY &&
	    z->n_order > 1;
	ask(z, now_ms, out);
}

static void
step_probing(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	if (ev->kind == ZONE_EV_SOA)
		judge_serial(z, ev, now_ms, out);
	else if (ev->kind == ZONE_EV_PROBE_FAILED ||
	    ev->kind == ZONE_EV_LINK_FAILED ||
	    ev->kind == ZONE_EV_REPLY_FAILED)
		pass_on(z, now_ms, out);	/* T-010, T-016 */
	else if (ev->kind == ZONE_EV_TROUBLE)
		finish(z, ZONE_OUT_TROUBLE, now_ms, out);
}

static void
step_fetching(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	if (ev->kind == ZONE_EV_RECEIVED)
		judge_received(z, ev, now_ms, out);
	else if (ev->kind == ZONE_EV_CURRENT && z->mode == ZONE_MODE_IXFR)
		judge_serial(z, ev, now_ms, out);
	else if (ev->kind == ZONE_EV_REPLY_FAILED ||
	    ev->kind == ZONE_EV_REJECTED || ev->kind == ZONE_EV_MISMATCH ||
	    ev->kind == ZONE_EV_CURRENT)
		fall_back(z, ev->kind == ZONE_EV_REPLY_FAILED, now_ms, out);
	else if (ev->kind == ZONE_EV_LINK_FAILED)
		pass_on(z, now_ms, out);	/* T-077 */
	else if (ev->kind == ZONE_EV_STOPPED)
		finish(z, ZONE_OUT_FAILED, now_ms, out);
	else if (ev->kind == ZONE_EV_TROUBLE)
		finish(z, ZONE_OUT_TROUBLE, now_ms, out);
}

static void
step_publishing(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	switch (ev->kind) {
	case ZONE_EV_HELD:
		finish(z, ZONE_OUT_HELD, now_ms, out);
		break;
	case ZONE_EV_PUBLISHED:
		z->end.took_lower = !z->in.repin &&
		    !is_newer(z, ev->soa.serial);
		z->in.soa = ev->soa;
		z->in.loaded = true;
		finish(z, ZONE_OUT_UPDATED, now_ms, out);
		break;
	case ZONE_EV_MISMATCH:
	case ZONE_EV_REJECTED:
		if (z->comparing || z->in.repin) {
			finish(z, z->comparing ? ZONE_OUT_CURRENT :
			    ZONE_OUT_FAILED, now_ms, out);
			break;
		}
		/* Rejected content after IXFR: see whether the whole zone is
		 * better; after AXFR: whether another primary is. */
		fall_back(z, false, now_ms, out);
		break;
	case ZONE_EV_STOPPED:
		finish(z, ZONE_OUT_FAILED, now_ms, out);
		break;
	case ZONE_EV_CONFLICT:
		finish(z, ZONE_OUT_CONFLICT, now_ms, out);	/* T-078 */
		break;
	case ZONE_EV_TROUBLE:
		finish(z, ZONE_OUT_TROUBLE, now_ms, out);
		break;
	case ZONE_EV_CURRENT:
		/* The whole zone came and is the one that we have. */
		z->end.compared = z->comparing;
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
		break;
	case ZONE_EV_DIFFERS:
		z->end.compared = z->end.split = z->comparing;
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
		break;
	case ZONE_EV_SOA:
	case ZONE_EV_PROBE_FAILED:
	case ZONE_EV_RECEIVED:
	case ZONE_EV_REPLY_FAILED:
	case ZONE_EV_LINK_FAILED:
	case ZONE_EV_NOTIFY:
		break;
	}
}

void
zone_step(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	*out = (struct zone_action){ .kind = ZONE_ACT_NONE };
	if (ev->kind == ZONE_EV_NOTIFY) {
		z->follow_up = z->state != ZONE_DONE;
		return;
	}
	switch (z->state) {
	case ZONE_PROBING:
		step_probing(z, ev, now_ms, out);
		break;
	case ZONE_FETCHING:
		step_fetching(z, ev, now_ms, out);
		break;
	case ZONE_PUBLISHING:
		step_publishing(z, ev, now_ms, out);
		break;
	case ZONE_IDLE:
	case ZONE_DONE:
		break;
	}
}
