/*
 * gate.h - may this version go live, by its zone's policy?
 *
 * Knows:    the customer's policy, the facts that the checks found, the
 *           verdict with its sentences.
 * Not here: finding facts (gate_*.c), what every zone must have (zonecheck),
 *           keeping what was held (guard).  Pure.
 * Runs in:  anywhere.
 * Bounded:  GATE_TEXT_MAX, GATE_ANCHORS_MAX.
 *
 * A version that is held is not published: the last good one goes on being
 * served until a newer version passes or the customer accepts this one.
 */
#ifndef XFERD_GATE_H
#define XFERD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"

enum {
	GATE_TEXT_MAX = 600,
	GATE_ANCHORS_MAX = 8,
	GATE_DIGEST_MAX = 64,		/* of a trust anchor */
	GATE_EXAMPLES_MAX = 5,
	GATE_NAME_TEXT = 1024,
};

enum gate_want {
	GATE_OFF,
	GATE_VERIFY,			/* when it is there */
	GATE_REQUIRE,			/* it must be there */
};

/* A DS record without its owner.			RFC 4034 5.1 */
struct gate_anchor {
	uint16_t tag;
	uint8_t algorithm, digest_type, digest_len;
	uint8_t digest[GATE_DIGEST_MAX];
};

struct gate_policy {
	int removed_percent_max;	/* -1: off */
	uint32_t removed_names_min;
	bool keep_ns, keep_dnskey;
	enum gate_want zonemd, dnssec;
	uint32_t signature_hours_min;	/* 0: off */
	unsigned n_anchors;
	struct gate_anchor anchors[GATE_ANCHORS_MAX];
};

/** gate_policy_default() - of a zone that says nothing */
void gate_policy_default(struct gate_policy *p);

/** gate_anchor_parse() - "12345 13 2 <hex>"; blanks inside the hex are fine */
MUST_USE bool gate_anchor_parse(const char *text, size_t len,
    struct gate_anchor *out);

/* What the apex of a version says that matters here. */
struct gate_apex {
	bool has_dnskey, has_zonemd;
	unsigned n_ns;
};

struct gate_facts {
	bool first;			/* nothing was served before */
	struct gate_apex before, after;
	bool ns_kept;			/* at least one NS is the same */
	uint64_t names_before, names_removed;	/* with removed_percent_max */
	unsigned n_examples;
	char example[GATE_EXAMPLES_MAX][GATE_NAME_TEXT];	/* removed */
	const char *zonemd_reason;	/* NULL: fine, or not asked for */
	char zonemd_text[GATE_TEXT_MAX];
	const char *dnssec_reason;	/* NULL: fine, or not asked for */
	char dnssec_text[GATE_TEXT_MAX];
	int64_t signed_until_s;		/* 0: nothing is signed */
	int64_t now_s;
};

struct gate_verdict {
	const char *reason;		/* NULL: publish; else a static word */
	char message[GATE_TEXT_MAX];	/* what is wrong */
	char advice[GATE_TEXT_MAX];	/* what to do about it */
};

/** gate_judge() - the cheap checks first; one reason is enough */
void gate_judge(const struct gate_policy *p, const struct gate_facts *f,
    struct gate_verdict *out);

#endif
