/*
 * stream.h - the messages of one transfer, checked and taken apart.
 *
 * Knows:    what every message of an answer must look like (ID, flags, rcode,
 *           question, sections), how a record becomes a handoff record, the
 *           limits of one transfer.
 * Not here: the order of records (axfr, ixfr), TSIG, sockets, time.
 * Runs in:  the fetch role; pure.
 * Bounded:  by struct handoff_limits.
 */
#ifndef XFERD_STREAM_H
#define XFERD_STREAM_H

#include "common/dns/dnsmsg.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rr.h"
#include "xferd/handoff.h"

/* Rdata above this cannot be served: no room for header, owner, TSIG. T-101 */
#define STREAM_RDATA_MAX	60000

/* Where the records go. What a callback returns ends the transfer if not OK. */
struct stream_sink {
	enum err (*record)(void *arg, const struct handoff_record *rec);
	enum err (*mark)(void *arg, const struct handoff_mark *mark);
	void *arg;
};

struct stream {
	/* Given. */
	uint8_t apex[HANDOFF_NAME_MAX];	/* lower case */
	size_t apex_len;
	uint16_t id;
	uint16_t qtype;			/* AXFR or IXFR */
	struct handoff_limits limits;
	struct stream_sink sink;

	/* What was seen. */
	uint64_t n_records;		/* sent on */
	uint64_t n_bytes;
	uint32_t n_messages;
	uint32_t n_out_of_zone;
	uint32_t n_empty;		/* in a row */
	uint32_t opt_in;		/* the last message with an OPT */
	bool closed;			/* by axfr, ixfr: no record may follow */
	bool aa;			/* in every message so far */
	struct handoff_facts facts;	/* of the OPT and the header */
	char ede_text[HANDOFF_TEXT_MAX];

	/* Why it failed. */
	enum handoff_reason reason;
	char text[HANDOFF_TEXT_MAX];

	/* The owner of the last record, and its key. */
	uint8_t owner[DNSMSG_NAME_MAX];
	size_t owner_len;
	uint16_t owner_pointer;		/* 0: was not a bare pointer */
	struct ownerkey key;
	bool key_is_good;

	/* How many records in a row have one owner and type. */
	uint16_t run_type, run_covered;
	uint32_t run;

	uint8_t rdata[RR_RDATA_MAX];
};

/* What the order of records is judged by: axfr, ixfr. */
typedef enum err stream_record_fn(void *arg,
    const struct handoff_record *rec);

/**
 * stream_begin() - @s is the caller's, any content
 */
void stream_begin(struct stream *s, const uint8_t *apex, size_t apex_len,
    uint16_t id, uint16_t qtype, const struct handoff_limits *limits,
    const struct stream_sink *sink);

/**
 * stream_message() - take one whole message; @fn gets its records in order
 *
 * Records out of the zone are counted and skipped.  T-092
 *
 * Returns OK, or an error with reason and text set.
 */
MUST_USE enum err stream_message(struct stream *s, const uint8_t *msg,
    size_t len, stream_record_fn *fn, void *arg);

/* stream_emit() - count a record and pass it to the sink */
MUST_USE enum err stream_emit(struct stream *s,
    const struct handoff_record *rec);

/* stream_fail() - note why; the first reason stays. Returns @e. */
enum err stream_fail(struct stream *s, enum err e, enum handoff_reason reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* stream_is_apex() - is the record at the zone's apex? */
static inline bool
stream_is_apex(const struct handoff_record *rec)
{
	return rec->key_len == 1;
}

/* The SOA that opened the answer. */
struct stream_soa {
	uint32_t serial;
	uint32_t ttl;
	uint16_t len;
	uint8_t rdata[HANDOFF_SOA_MAX];
};

/* stream_soa() - copy it out of a record; false when it is not one */
bool stream_soa(const struct handoff_record *rec, struct stream_soa *out);

/* stream_soa_same() - same rdata, letter case of names aside */
bool stream_soa_same(const struct stream_soa *a,
    const struct handoff_record *rec);

#endif
