/*
 * diagnosis_facts.h - what a check has found out, before it is judged.
 *
 * Knows:    the shape of it, the words of steps and verdicts.
 * Not here: what it means (diagnosis.h), who finds it out (exams.h).
 * Runs in:  keep's loop thread; tests.
 * Bounded:  DIAGNOSIS_*_MAX.
 */
#ifndef XFERD_DIAGNOSIS_FACTS_H
#define XFERD_DIAGNOSIS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/sock.h"
#include "xferd/handoff.h"

enum {
	DIAGNOSIS_PRIMARIES_MAX = 32,
	DIAGNOSIS_NAMES_MAX = 64,	/* name servers of a set */
	DIAGNOSIS_PARENTS_MAX = 64,
	DIAGNOSIS_SERVERS_MAX = 32,
};

enum diagnosis_id {
	DIAGNOSIS_UDP,
	DIAGNOSIS_TCP,
	DIAGNOSIS_SOA,
	DIAGNOSIS_TSIG,
	DIAGNOSIS_AXFR,
	DIAGNOSIS_SERIAL,
	DIAGNOSIS_CONTENT,
	DIAGNOSIS_NOTIFY,
	DIAGNOSIS_APEX_NS,
	DIAGNOSIS_DELEGATION,
	DIAGNOSIS_SERVERS,
	DIAGNOSIS_DNSSEC,
	DIAGNOSIS_IDS
};

enum diagnosis_verdict {
	DIAGNOSIS_SKIP,			/* does not apply */
	DIAGNOSIS_PASS,
	DIAGNOSIS_UNKNOWN,		/* could not be found out */
	DIAGNOSIS_WARN,
	DIAGNOSIS_FAIL,
};

/* One question and what came of it. */
struct diagnosis_ask {
	bool done;			/* false: not asked, or not yet */
	enum handoff_reason reason;	/* HANDOFF_OK: a DNS answer came */
	struct handoff_facts facts;	/* rcode, TSIG error, skew ... */
	bool aa;
	bool has_serial;		/* an SOA of the zone was in it */
	uint32_t serial;
	uint32_t ms;
	const char *text;		/* what fetch said; NULL: nothing */
};

struct diagnosis_primary {
	struct sock_addr addr;
	bool tls;
	const char *forbidden;		/* "a loopback address" ...; NULL: none */
	const char *key;		/* NULL: none */
	const char *algorithm;
	struct diagnosis_ask udp, tcp;	/* SOA, unsigned; not with tls */
	struct diagnosis_ask soa;	/* SOA as transfers ask: TCP, key, TLS */
	struct diagnosis_ask axfr;	/* its first message */
	bool whole;			/* the whole zone came ... */
	uint64_t records;		/* ... of so many records */
};

enum diagnosis_content {
	DIAGNOSIS_CONTENT_UNKNOWN,
	DIAGNOSIS_CONTENT_SKIPPED,	/* see content_why */
	DIAGNOSIS_CONTENT_SAME,
	DIAGNOSIS_CONTENT_DIFFERS,
};

/* One server of the parent zone. */
struct diagnosis_parent {
	const char *name;
	bool answered;			/* with authority, so that it counts */
	bool lists;			/* a delegation of the zone */
	uint64_t names;			/* bits of diagnosis_facts.listed */
	const char *problem;		/* when not answered */
};

/* One name server that the parent or the zone lists. */
struct diagnosis_server {
	const char *name;
	bool ours;
	bool asked;
	bool answered;			/* some DNS answer */
	bool aa;
	uint16_t rcode;
	bool has_serial;
	uint32_t serial;
	const char *problem;		/* when not answered: in words */
};

struct diagnosis_facts {
	bool preflight;
	const char *zone;		/* presentation form, no final dot */
	/* What we are asked to be told of. */
	const char *const *sources;	/* our transfer addresses */
	size_t n_sources;
	const char *const *targets;	/* for NOTIFY */
	size_t n_targets;
	const char *const *ours;	/* names of ours for this zone, lower
					   case, no final dot */
	size_t n_ours;

	size_t n_primaries;
	struct diagnosis_primary primary[DIAGNOSIS_PRIMARIES_MAX];

	/* The zone here. */
	bool loaded;
	uint32_t serial;
	uint32_t expire_s;		/* of our SOA */
	const char *last_error;		/* of the last round; NULL: none */

	enum diagnosis_content content;
	const char *content_why;	/* SKIPPED, UNKNOWN: in words */
	int64_t content_age_s;		/* of the comparison */
	uint32_t content_serial;
	const char *content_primary;	/* who was compared; NULL */

	/* The last NOTIFY that came for the zone. */
	bool proven;			/* its owner is: sources are shown */
	bool notified;
	int64_t notify_age_s;
	const char *notify_source;
	bool notify_accepted;
	const char *notify_reason;	/* not accepted: the word ... */
	const char *notify_message;	/* ... and the sentence */
	bool stray;			/* one from elsewhere came later */
	int64_t stray_age_s;
	const char *stray_source;

	/* The zone's own NS set, as a primary has it. */
	bool apex_known;
	size_t n_apex;
	const char *apex[DIAGNOSIS_NAMES_MAX];

	/* The parent. */
	bool parent_done, parent_found;
	const char *parent_problem;	/* not found: why */
	const char *parent_zone;
	size_t n_parents;
	struct diagnosis_parent parent[DIAGNOSIS_PARENTS_MAX];
	size_t n_listed;
	const char *listed[DIAGNOSIS_NAMES_MAX];

	bool servers_done;
	size_t n_servers;
	struct diagnosis_server server[DIAGNOSIS_SERVERS_MAX];

	/* DNSSEC. */
	bool ds_known, keys_known;
	unsigned n_ds, n_ds_matched, n_keys;
	bool signed_known;		/* our version has signatures ... */
	int64_t signed_for_s;		/* ... and the first ends in so many */
};

/* "udp", "pass" and the like, as in documents. */
const char *diagnosis_facts_id(enum diagnosis_id id);
const char *diagnosis_facts_verdict(enum diagnosis_verdict verdict);

#endif
