/*
 * dnsmsg.h - a DNS message: header, question, walk over the sections.
 *
 * Knows:    RFC 1035 4, RFC 6891 6.1 (where the OPT is, what is in it).
 * Not here: meaning. TSIG is a record like the others here (tsig knows it).
 * Runs in:  anywhere; pure, no allocation.
 * Bounded:  by the message length; a name expands to at most 255 octets and
 *           pointers must lead strictly backwards, so no loop is possible.
 */
#ifndef COMMON_DNS_DNSMSG_H
#define COMMON_DNS_DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define DNSMSG_HEADER	12
#define DNSMSG_MAX	65535
#define DNSMSG_NAME_MAX	255

/* The flag word. */
#define DNSMSG_QR	0x8000u
#define DNSMSG_AA	0x0400u
#define DNSMSG_TC	0x0200u
#define DNSMSG_RD	0x0100u
#define DNSMSG_RA	0x0080u
#define DNSMSG_AD	0x0020u
#define DNSMSG_CD	0x0010u
#define DNSMSG_OPCODE(flags)	(((flags) >> 11) & 15u)
#define DNSMSG_RCODE(flags)	((flags) & 15u)

enum dnsmsg_opcode {
	DNSMSG_QUERY = 0,
	DNSMSG_NOTIFY = 4,
	DNSMSG_UPDATE = 5,
};

enum dnsmsg_rcode {
	DNSMSG_NOERROR = 0,
	DNSMSG_FORMERR = 1,
	DNSMSG_SERVFAIL = 2,
	DNSMSG_NXDOMAIN = 3,
	DNSMSG_NOTIMP = 4,
	DNSMSG_REFUSED = 5,
	DNSMSG_NOTAUTH = 9,
	DNSMSG_BADVERS = 16,
	DNSMSG_BADSIG = 16,
	DNSMSG_BADKEY = 17,
	DNSMSG_BADTIME = 18,
	DNSMSG_BADTRUNC = 22,
};

enum dnsmsg_option {
	DNSMSG_OPTION_NSID = 3,
	DNSMSG_OPTION_EXPIRE = 9,	/* RFC 7314 */
	DNSMSG_OPTION_COOKIE = 10,
	DNSMSG_OPTION_KEEPALIVE = 11,	/* RFC 7828 */
	DNSMSG_OPTION_PADDING = 12,
	DNSMSG_OPTION_EDE = 15,		/* RFC 8914 */
};

enum dnsmsg_section {
	DNSMSG_ANSWER,
	DNSMSG_AUTHORITY,
	DNSMSG_ADDITIONAL,
	DNSMSG_END,
};

struct dnsmsg_header {
	uint16_t id;
	uint16_t flags;
	uint16_t qdcount, ancount, nscount, arcount;
};

struct dnsmsg_question {
	uint8_t name[DNSMSG_NAME_MAX];	/* wire, case as sent */
	uint16_t name_len;
	uint16_t type;
	uint16_t class;
};

/* One record, as offsets into the message. */
struct dnsmsg_rr {
	enum dnsmsg_section section;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	size_t owner;		/* offset of the owner, maybe compressed */
	size_t rdata;		/* offset of the rdata */
	uint16_t rdlen;		/* rdata + rdlen is within the message */
	size_t end;		/* offset behind the record */
};

/* A walk over one message; fields other than h and off are private. */
struct dnsmsg {
	const uint8_t *msg;
	size_t len;
	size_t off;		/* of what comes next */
	struct dnsmsg_header h;
	uint32_t questions_left;
	uint32_t left[3];	/* per section */
};

/**
 * dnsmsg_header_read() - the twelve octets at the front
 *
 * Returns OK; ERR_MALFORMED when @len is below 12.
 */
MUST_USE enum err dnsmsg_header_read(const uint8_t *msg, size_t len,
    struct dnsmsg_header *out);

/**
 * dnsmsg_open() - begin to walk a message; it is borrowed until the end
 *
 * Returns OK; ERR_MALFORMED when there is no whole header.
 */
MUST_USE enum err dnsmsg_open(struct dnsmsg *m, const uint8_t *msg,
    size_t len);

/**
 * dnsmsg_question() - take the next question
 *
 * Returns OK; ERR_MALFORMED; ERR_NOT_FOUND when none is left.
 */
MUST_USE enum err dnsmsg_question(struct dnsmsg *m,
    struct dnsmsg_question *out);

/**
 * dnsmsg_next() - take the next record (questions left over are skipped)
 *
 * Sections come in order; at the end of the last one section is DNSMSG_END,
 * again and again. Then off is where the message should end: what is behind
 * it is trailing rubbish, for the caller to judge.
 *
 * Returns OK or ERR_MALFORMED.  Cost: O(record).
 */
MUST_USE enum err dnsmsg_next(struct dnsmsg *m, struct dnsmsg_rr *out);

/**
 * dnsmsg_name() - expand the name at @off
 * @out:      room for DNSMSG_NAME_MAX octets; case as sent
 * @out_len:  octets, root label included (1 to 255); set on OK
 * @out_next: offset behind the name as it stands; set on OK; may be NULL
 *
 * Each pointer must lead before the start of the label run it stands in, and
 * not into the header.
 *
 * Returns OK or ERR_MALFORMED.
 */
MUST_USE enum err dnsmsg_name(const uint8_t *msg, size_t len, size_t off,
    uint8_t *out, size_t *out_len, size_t *out_next);

/* dnsmsg_name_skip() - only @out_next of the above; pointers not followed */
MUST_USE enum err dnsmsg_name_skip(const uint8_t *msg, size_t len, size_t off,
    size_t *out_next);

/* What an OPT record says. */
struct dnsmsg_edns {
	uint16_t udp_size;
	uint8_t rcode_high;
	uint8_t version;
	bool do_bit;
	uint16_t n_options;
	bool has_expire;
	uint32_t expire_s;	/* RFC 7314; only with has_expire */
	bool has_keepalive;
	uint16_t keepalive_ds;	/* RFC 7828, 100 ms; only with has_keepalive */
	bool has_ede;
	uint16_t ede;		/* the first one; only with has_ede */
	const uint8_t *ede_text;	/* into the message */
	uint16_t ede_text_len;
};

/**
 * dnsmsg_edns() - read an OPT record
 *
 * Returns OK; ERR_MALFORMED when its owner is not the root or its options do
 * not fill it. A wrong length of EXPIRE, keepalive or EDE is ignored.  T-171
 */
MUST_USE enum err dnsmsg_edns(const struct dnsmsg *m,
    const struct dnsmsg_rr *rr, struct dnsmsg_edns *out);

#endif
