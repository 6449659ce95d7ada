/*
 * attempt.h - the flight recorder: what happened, in a row and a sentence.
 *
 * Knows:    the columns of attempt, and what a person can do about each way
 *           in which a probe, a transfer or a NOTIFY can go wrong.
 * Not here: writing rows (ledger).  Pure.
 * Bounded:  ATTEMPT_MESSAGE_MAX characters; text of the primary is printable
 *           ASCII and quoted.
 */
#ifndef XFERD_ATTEMPT_H
#define XFERD_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/sock.h"
#include "xferd/handoff.h"

enum { ATTEMPT_MESSAGE_MAX = 1000 };

enum attempt_kind {
	ATTEMPT_PROBE,
	ATTEMPT_AXFR,
	ATTEMPT_IXFR,
	ATTEMPT_NOTIFY,
	ATTEMPT_PIN,			/* a stored version published again */
};

enum attempt_outcome {
	ATTEMPT_OK,			/* something new */
	ATTEMPT_UPTODATE,
	ATTEMPT_FAILED,			/* theirs, or the net */
	ATTEMPT_REFUSED,		/* ours: we do not want it */
};

/* A row.  Numbers that are -1 are null. */
struct attempt {
	uint8_t zone_id[16], tenant_id[16];
	int64_t started_ms;		/* now_mono_ms() */
	enum attempt_kind kind;
	struct sock_addr primary;	/* family 0: null */
	const char *transport;		/* "udp", "tcp", "tls"; NULL: null */
	enum attempt_outcome outcome;
	const char *reason;		/* static */
	char message[ATTEMPT_MESSAGE_MAX + 1];
	int64_t serial_before, serial_after, primary_serial;
	int64_t generation;		/* published */
	int64_t rcode, ede, tsig_error;
	bool has_skew;
	int64_t skew_s;
	int64_t bytes, records, messages, pages;
	char details[256];		/* a JSON object; "": null */
	int64_t connect_ms, first_ms, transfer_ms, ingest_ms, total_ms;
};

/** attempt_init() - all null */
void attempt_init(struct attempt *a);

const char *attempt_kind_text(enum attempt_kind kind);
const char *attempt_outcome_text(enum attempt_outcome outcome);

/* What attempt_explain() needs to know beside the reason. */
struct attempt_case {
	enum attempt_kind kind;
	const struct sock_addr *primary;
	const char *transport;
	enum handoff_reason reason;
	const struct handoff_facts *facts;	/* may be NULL */
	const char *detail;		/* what fetch said, not NUL-ended ... */
	size_t detail_len;		/* ... at most HANDOFF_TEXT_MAX */
	const char *key_name;		/* presentation form; NULL: no TSIG */
	const char *sources;		/* our addresses, for the primary's list */
	unsigned timeout_ms;		/* that passed, when one did */
	const char *pins;		/* configured for TLS; NULL or "": none */
};

/**
 * attempt_explain() - one sentence: what happened, and what to do about it
 * @out: ATTEMPT_MESSAGE_MAX + 1 bytes
 */
void attempt_explain(const struct attempt_case *c, char *out);

#endif
