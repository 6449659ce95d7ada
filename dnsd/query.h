/*
 * query.h - one request, taken apart and judged by its form alone.
 *
 * Knows:    header, question, the records behind it, OPT and TSIG places.
 * Not here: zones, names that exist, what to answer.
 * Pure:     no clock, no socket, no allocation. Bytes are claims here.
 * Bounded:  by the length of the message; counts in the header are never
 *           believed further than the bytes go.
 */
#ifndef DNSD_QUERY_H
#define DNSD_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dnsd/edns.h"

enum {
	QUERY_HEADER = 12,
	QUERY_LABELS_MAX = 127,
	QUERY_NAME_MAX = 255,

	QUERY_FLAG_QR = 0x8000,
	QUERY_FLAG_AA = 0x0400,
	QUERY_FLAG_TC = 0x0200,
	QUERY_FLAG_RD = 0x0100,
	QUERY_OPCODE_MASK = 0x7800,
	QUERY_OPCODE_SHIFT = 11,

	QUERY_OPCODE_QUERY = 0,
	QUERY_OPCODE_NOTIFY = 4,
	QUERY_OPCODE_UPDATE = 5,

	QUERY_NOERROR = 0,
	QUERY_FORMERR = 1,
	QUERY_SERVFAIL = 2,
	QUERY_NXDOMAIN = 3,
	QUERY_NOTIMP = 4,
	QUERY_REFUSED = 5,
	QUERY_YXDOMAIN = 6,
	QUERY_NOTAUTH = 9,
	QUERY_BADVERS = 16,
	QUERY_BADCOOKIE = 23,

	QUERY_CLASS_CH = 3,
};

enum query_verdict {
	QUERY_GOOD,	/* one question of class IN: look it up */
	QUERY_CHAOS,	/* one question of class CH */
	QUERY_COOKIE,	/* no question, but a cookie.  RFC 7873 5.4 */
	QUERY_ERROR,	/* reply with rcode and ede, nothing else */
	QUERY_DROP,	/* no reply at all */
	QUERY_RELAY,	/* a NOTIFY: for xferd, no reply from here */
};

struct query {
	const uint8_t *msg;	/* borrowed until the reply is finished */
	uint16_t flags;		/* of the request */
	uint16_t qtype;
	uint16_t qclass;
	uint16_t rcode;		/* with QUERY_ERROR; 12 bits */
	int16_t ede;		/* with QUERY_ERROR; EDNS_NO_EDE for none */
	uint16_t question_end;	/* 12 when no question can be echoed */
	uint16_t tsig_at;	/* offset of a TSIG record, 0 for none */
	uint16_t tsig_end;
	uint8_t qname_len;	/* wire bytes, with the root */
	uint8_t n_labels;	/* without the root */
	struct edns edns;
	uint8_t label_at[QUERY_LABELS_MAX];	/* offsets within the qname */
};

/**
 * query_parse() - validate a request
 * @msg: the whole message, without a TCP length
 * @out: label_at is set for n_labels entries only
 *
 * On QUERY_ERROR question_end tells how much of the request can be echoed,
 * edns.present whether the reply needs an OPT.
 *
 * Cost: O(len). RFC 1035 4.1, RFC 6891, RFC 9619
 */
enum query_verdict query_parse(const uint8_t *msg, size_t len,
    struct query *out);

/**
 * query_write_bad_key() - the TSIG record of a reply to a request signed with
 *                         a key that we do not have: BADKEY, no MAC
 * @out: query_bad_key_size() octets
 *
 * Returns its length.  RFC 8945 5.2.1
 */
size_t query_write_bad_key(const struct query *q, uint8_t *out);
size_t query_bad_key_size(const struct query *q);

static inline const uint8_t *
query_name(const struct query *q)
{
	return q->msg + QUERY_HEADER;
}

#endif
