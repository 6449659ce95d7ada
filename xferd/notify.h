/*
 * notify.h - the notify role: NOTIFY messages of strangers.
 *
 * Knows:    RFC 1996: what a well-formed NOTIFY is, how it is answered.
 * Not here: zones, primaries, keys: keep decides and computes MACs.
 * Runs in:  a child process of xferd, `--role=notify`; one thread. It has the
 *           listeners that keep hands in, and parses what dnsd relays.
 * Bounded:  NOTIFY_PENDING_MAX waiting for keep (the oldest goes first),
 *           NOTIFY_TCP_MAX connections, NOTIFY_RATE_MAX a second to keep.
 */
#ifndef XFERD_NOTIFY_H
#define XFERD_NOTIFY_H

#include "common/dns/dnsmsg.h"
#include "common/dns/tsig.h"
#include "xferd/handoff.h"

#define NOTIFY_PENDING_MAX	1024
#define NOTIFY_TCP_MAX		64
#define NOTIFY_LISTENERS_MAX	64
#define NOTIFY_RATE_MAX		5000

int notify_run(int keep);

enum notify_verdict {
	NOTIFY_DROP,			/* no answer: not a question, no header */
	NOTIFY_ERROR,			/* answer with rcode, nothing else */
	NOTIFY_GOOD,
};

/* One datagram, understood. */
struct notify_parsed {
	enum notify_verdict verdict;
	uint8_t rcode;			/* with NOTIFY_ERROR */
	uint16_t id;
	uint16_t flags;
	struct dnsmsg_question question;/* with has_question */
	bool has_question;
	bool edns;
	bool has_serial;
	uint32_t serial;
	bool signed_;			/* tsig is set; it leads into the bytes */
	struct tsig_rr tsig;
};

/**
 * notify_parse() - pure
 *
 * Refused: QR=1 and short ones (dropped); other opcodes (NOTIMP; QUERY:
 * REFUSED); other than one question, a malformed one, an answer section that
 * is not at most one SOA of the question's name, octets behind the end, a
 * malformed TSIG (FORMERR); other types and classes (NOTIMP).  T-032, T-033
 */
void notify_parse(const uint8_t *msg, size_t len, struct notify_parsed *out);

/**
 * notify_reply() - the answer, without TSIG
 *
 * ID, opcode and question of the request, QR and AA set, OPT if it had one.
 *
 * Returns OK; ERR_SPACE.
 */
MUST_USE enum err notify_reply(const struct notify_parsed *n, uint8_t rcode,
    uint8_t *out, size_t max, size_t *out_len);

#endif
