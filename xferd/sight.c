/*
 * sight.c - see sight.h.
 */
#include "xferd/sight.h"

#include <stdio.h>
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"

static_assert((int)SIGHTING_PARENTS_MAX >= (int)WALK_PARENTS_MAX,
    "every parent fits");
static_assert((int)SIGHTING_NAMES_MAX >= (int)WALK_NAMES_MAX,
    "every name fits");
static_assert((int)SIGHTING_TXT_MAX >= (int)WALK_LISTED_MAX,
    "every listed server fits");

void
sight_address(const struct sock_addr *a, uint8_t out[16])
{
	memset(out, 0, 16);
	if (a->family == 4) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, a->ip, 4);
	} else {
		memcpy(out, a->ip, 16);
	}
}

static void
put_name(const uint8_t *name, struct sighting_name *out)
{
	out->len = (uint8_t)dname_lower(name, out->wire);
}

/* Why an answer does not count. */
static enum sighting_verdict
why_not(enum handoff_reason reason, uint16_t rcode, bool lame, bool forbidden)
{
	if (forbidden)
		return SIGHTING_FORBIDDEN;
	if (lame)
		return SIGHTING_LAME;
	switch (reason) {
	case HANDOFF_OK:
		if (rcode == DNSMSG_SERVFAIL)
			return SIGHTING_SERVFAIL;
		if (rcode != DNSMSG_NOERROR)
			return SIGHTING_REFUSED;
		return SIGHTING_MALFORMED;
	case HANDOFF_TIMEOUT_FIRST:
	case HANDOFF_TIMEOUT_IDLE:
	case HANDOFF_TIMEOUT_TOTAL:
	case HANDOFF_CONNECT_TIMEOUT:
		return SIGHTING_TIMEOUT;
	case HANDOFF_CONNECT_REFUSED:
	case HANDOFF_CONNECT_FAILED:
	case HANDOFF_CLOSED_EARLY:
	case HANDOFF_INTERNAL:
		return SIGHTING_UNREACHABLE;
	default:
		return SIGHTING_MALFORMED;
	}
}

static void
take_parents(const struct walk_result *r, struct sighting *out)
{
	out->n_parents = (uint8_t)r->n_parents;
	for (unsigned i = 0; i < r->n_parents; i++) {
		const struct walk_parent *p = &r->parents[i];
		struct sighting_server *s = &out->parent[i];

		sight_address(&p->at, s->address);
		if (p->at.family == 0) {
			/* No address of it was found: it was never asked. */
			out->parents_known = false;
			s->verdict = SIGHTING_UNREACHABLE;
			snprintf(out->why, sizeof(out->why), "no address of a"
			    " name server of the parent zone was found");
		} else if (p->outcome == WALK_UNKNOWN) {
			s->verdict = (uint8_t)why_not(p->reason, p->rcode,
			    p->lame, p->forbidden);
		} else {
			s->verdict = SIGHTING_ANSWERED;
			s->child_side = p->child_side;
			s->names = p->outcome == WALK_LISTED ? p->mask : 0;
		}
		out->cut |= p->cut;
	}
}

static bool
has_text(const struct walk_listed *l, const char *token)
{
	size_t len = strlen(token);

	for (unsigned i = 0; i < l->n_texts; i++)
		if (l->text_len[i] == len &&
		    memcmp(l->texts[i], token, len) == 0)
			return true;
	return false;
}

static void
take_texts(const struct walk_result *r, const char *token,
    struct sighting *out)
{
	for (unsigned i = 0; i < r->n_listed; i++) {
		const struct walk_listed *l = &r->listed[i];
		struct sighting_txt *t = &out->txt[out->n_txt++];

		sight_address(&l->txt.at, t->address);
		/* SERVERS asks all that have an address; one without is as
		 * one that does not answer. */
		if (l->txt.done && l->txt.reason == HANDOFF_OK && l->txt.aa &&
		    !l->txt.lame && (l->txt.rcode == DNSMSG_NOERROR ||
		    l->txt.rcode == DNSMSG_NXDOMAIN)) {
			t->verdict = SIGHTING_ANSWERED;
			t->seen = has_text(l, token);
		} else {
			t->verdict = (uint8_t)why_not(l->txt.reason,
			    l->txt.rcode, l->txt.lame, l->txt.forbidden);
		}
	}
}

void
sight_make(const struct walk_result *r, const char *token, int64_t at_ms,
    struct sighting *out)
{
	memset(out, 0, sizeof(*out));
	out->at_ms = at_ms;
	if (!r->found) {
		snprintf(out->why, sizeof(out->why), "the way from the root to"
		    " the parent zone could not be walked: %s",
		    r->reason == HANDOFF_OK ? "a name server refused, failed,"
		    " or does not serve its zone" :
		    handoff_reason_text(r->reason));
		return;
	}
	out->parents_known = r->n_parents > 0;
	put_name(r->parent, &out->zone);
	out->n_names = (uint8_t)r->n_names;
	for (unsigned i = 0; i < r->n_names; i++)
		put_name(r->names[i], &out->name[i]);
	take_parents(r, out);
	if (r->txt_asked) {
		out->cut |= r->n_names > r->n_listed;
		take_texts(r, token, out);
	}
}
