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

static uint32_t
next_retry_s(const struct zone *z)
{
	const struct zone_limits *l = &z->limits;
	uint64_t wait;
	uint32_t n;

	if (z->in.loaded)
		return spread_out(clamp(z->in.soa.retry, l->retry_min_s,
		    l->retry_max_s), z->in.spread);

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
	case ZONE_OUT_CONFLICT:
		return "conflict";
	case ZONE_OUT_TROUBLE:
		return "trouble";
	}
	return "unknown";
}

/* ---- the end of a round ------------------------------------------------ */

static void
finish(struct zone *z, enum zone_outcome outcome, int64_t now_ms,
    struct zone_action *out)
{
	struct zone_end *end = &z->end;
	uint32_t wait_s = 0;

	CHECK(z->state != ZONE_DONE);
	*end = (struct zone_end){ .outcome = outcome,
		.next_reason = ZONE_REASON_DUE,
		.expires_at_ms = z->in.expires_at_ms };

	switch (outcome) {
	case ZONE_OUT_UPDATED:
	case ZONE_OUT_CURRENT:
		wait_s = zone_next_refresh_s(&z->limits, &z->in.soa,
		    z->in.spread);
		break;
	case ZONE_OUT_OLDER:
	case ZONE_OUT_FAILED:
		wait_s = next_retry_s(z);
		end->failures = z->in.failures + 1;
		if (end->failures == 0)
			end->failures = UINT32_MAX;
		break;
	case ZONE_OUT_CONFLICT:
		wait_s = CONFLICT_RETRY_S;
		end->failures = z->in.failures;
		break;
	case ZONE_OUT_TROUBLE:
		wait_s = TROUBLE_RETRY_S;
		end->failures = z->in.failures;
		break;
	}
	if (outcome == ZONE_OUT_UPDATED || outcome == ZONE_OUT_CURRENT) {
		uint32_t expire_s = zone_expire_s(&z->limits, &z->in.soa);
		int64_t deadline;

		/* RFC 7314 4: the primary's own remaining time, if less. */
		if (z->contact.has_expire && z->contact.expire_s < expire_s)
			expire_s = z->contact.expire_s > 0 ?
			    z->contact.expire_s : 1;
		deadline = now_ms + (int64_t)expire_s * MS;
		end->contact = true;
		if (outcome == ZONE_OUT_CURRENT &&
		    deadline < z->in.expires_at_ms)
			deadline = z->in.expires_at_ms;	/* T-170 */
		end->expires_at_ms = deadline;
	}
	end->due_at_ms = now_ms + (int64_t)wait_s * MS;

	if (z->follow_up) {			/* T-036 */
		end->due_at_ms = now_ms;
		end->next_reason = ZONE_REASON_NOTIFY;
	} else if (z->in.reason == ZONE_REASON_NOTIFY && z->in.has_hint &&
	    outcome == ZONE_OUT_CURRENT &&
	    serial_newer(z->in.hint, z->in.soa.serial)) {
		/* T-037: the NOTIFY outran the data.  Once: the next round
		 * has another reason and no hint. */
		int64_t soon = now_ms + (int64_t)z->limits.recheck_s * MS;

		if (soon < end->due_at_ms)
			end->due_at_ms = soon;
		end->recheck = true;
	}
	z->state = ZONE_DONE;
	out->kind = ZONE_ACT_FINISH;
}

/* ---- asking ------------------------------------------------------------ */

static bool
takes_any_serial(const struct zone *z, int64_t now_ms)
{
	if (!z->in.loaded || z->in.accept_lower)
		return true;
	if (z->in.reason == ZONE_REASON_RETRANSFER)
		return true;
	return z->in.expires_at_ms <= now_ms;	/* T-015 */
}

static void
fetch(struct zone *z, struct zone_action *out)
{
	unsigned p = z->order[z->turn];
	bool ixfr = z->in.loaded && !z->tried_axfr &&
	    z->in.reason != ZONE_REASON_RETRANSFER &&
	    !z->in.primaries[p].no_ixfr;

	z->mode = ixfr ? ZONE_MODE_IXFR : ZONE_MODE_AXFR;
	z->tried_axfr = !ixfr;
	z->state = ZONE_FETCHING;
	*out = (struct zone_action){ .kind = ZONE_ACT_FETCH, .primary = p,
		.mode = z->mode };
}

static void
ask(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	if (z->turn >= z->n_order) {
		finish(z, z->saw_older ? ZONE_OUT_OLDER : ZONE_OUT_FAILED,
		    now_ms, out);
		return;
	}
	z->tried_axfr = false;
	z->contact = (struct zone_event){ 0 };
	if (!z->in.loaded || z->in.reason == ZONE_REASON_RETRANSFER) {
		fetch(z, out);
		return;
	}
	z->state = ZONE_PROBING;
	*out = (struct zone_action){ .kind = ZONE_ACT_PROBE,
		.primary = z->order[z->turn] };
}

static void
ask_next(struct zone *z, int64_t now_ms, struct zone_action *out)
{
	z->turn++;
	ask(z, now_ms, out);
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
		ask_next(z, now_ms, out);
		return;
	}
	if (cannot)
		z->no_ixfr |= (uint16_t)(1u << z->order[z->turn]);
	z->tried_axfr = true;
	fetch(z, out);
}

static void
note_older(struct zone *z, uint32_t serial)
{
	z->saw_older = true;
	z->older_serial = serial;
	if (serial - z->in.soa.serial == UINT32_C(0x80000000))
		z->saw_undefined = true;
}

/* A serial came, by probe or by an IXFR answer of one SOA. */
static void
judge_serial(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	uint32_t ours = z->in.soa.serial;
	uint32_t theirs = ev->soa.serial;

	z->contact = *ev;
	if (theirs == ours) {
		finish(z, ZONE_OUT_CURRENT, now_ms, out);	/* T-012 */
	} else if (serial_newer(theirs, ours) || takes_any_serial(z, now_ms)) {
		/* RFC 1995 2: no differences offered though there is news;
		 * a lower serial has no differences at all. */
		if (z->state == ZONE_FETCHING || !serial_newer(theirs, ours))
			z->tried_axfr = true;
		fetch(z, out);
	} else {
		note_older(z, theirs);
		ask_next(z, now_ms, out);
	}
}

static void
judge_received(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	uint32_t theirs = ev->soa.serial;

	z->contact.has_expire = ev->has_expire;
	z->contact.expire_s = ev->expire_s;
	if (!takes_any_serial(z, now_ms) && theirs == z->in.soa.serial) {
		finish(z, ZONE_OUT_CURRENT, now_ms, out);
		return;
	}
	if (!takes_any_serial(z, now_ms) &&
	    !serial_newer(theirs, z->in.soa.serial)) {
		note_older(z, theirs);
		ask_next(z, now_ms, out);
		return;
	}
	z->state = ZONE_PUBLISHING;
	*out = (struct zone_action){ .kind = ZONE_ACT_PUBLISH,
		.primary = z->order[z->turn], .mode = z->mode };
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
		.in = *start };
	/* T-039; who just spoke to us is not avoided. */
	if (first >= 0)
		z->order[z->n_order++] = (uint8_t)first;
	for (unsigned i = 0; i < start->n_primaries; i++)
		if ((int)i != first && !start->primaries[i].avoid)
			z->order[z->n_order++] = (uint8_t)i;
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
		ask_next(z, now_ms, out);	/* T-010, T-016 */
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
		ask_next(z, now_ms, out);	/* T-077 */
	else if (ev->kind == ZONE_EV_TROUBLE)
		finish(z, ZONE_OUT_TROUBLE, now_ms, out);
}

static void
step_publishing(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out)
{
	switch (ev->kind) {
	case ZONE_EV_PUBLISHED:
		z->in.soa = ev->soa;
		z->in.loaded = true;
		finish(z, ZONE_OUT_UPDATED, now_ms, out);
		break;
	case ZONE_EV_MISMATCH:
	case ZONE_EV_REJECTED:
		/* Rejected content after IXFR: see whether the whole zone is
		 * better; after AXFR: whether another primary is. */
		fall_back(z, false, now_ms, out);
		break;
	case ZONE_EV_CONFLICT:
		finish(z, ZONE_OUT_CONFLICT, now_ms, out);	/* T-078 */
		break;
	case ZONE_EV_TROUBLE:
		finish(z, ZONE_OUT_TROUBLE, now_ms, out);
		break;
	case ZONE_EV_CURRENT:
		/* The whole zone came and is the one that we have. */
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
