/*
 * notify_message.h - one NOTIFY: what it says and how it is answered.
 *
 * Pure: no clock, no descriptor, no allocation.                 RFC 1996
 * Not here: who may send it, whether a MAC is right (keep).
 * Runs in:  the notify role; tests and the fuzzer.
 */
#ifndef XFERD_NOTIFY_MESSAGE_H
#define XFERD_NOTIFY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/tsig.h"

enum notify_verdict {
	NOTIFY_DROP,			/* no answer: not a question, no header */
	NOTIFY_ERROR,			/* answer with rcode, nothing else */
	NOTIFY_GOOD,
};

/* One datagram, understood. */
struct notify_message {
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
 * notify_message_parse() - what is it, and what is to be done with it?
 *
 * Refused: QR=1 and short ones (dropped); other opcodes (NOTIMP; QUERY:
 * REFUSED); other than one question, a malformed one, an answer section that
 * is not at most one SOA of the question's name, octets behind the end, a
 * malformed TSIG (FORMERR); other types and classes (NOTIMP).  T-032, T-033
 */
void notify_message_parse(const uint8_t *msg, size_t len, struct notify_message *out);

/**
 * notify_message_reply() - the answer, without TSIG
 *
 * ID, opcode and question of the request, QR and AA set, OPT if it had one.
 *
 * Returns OK; ERR_SPACE.
 */
MUST_USE enum err notify_message_reply(const struct notify_message *n, uint8_t rcode,
    uint8_t *out, size_t max, size_t *out_len);

#endif
