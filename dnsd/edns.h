/*
 * edns.h - the OPT record of a request and of its reply.
 *
 * Knows:    RFC 6891 (OPT, version, payload, DO), RFC 5001 (NSID),
 *           RFC 8914 (extended errors), RFC 7873 5.2 (cookie lengths).
 * Not here: what the server makes of it; the message around it.
 * Pure:     no clock, no socket, no allocation.
 */
#ifndef DNSD_EDNS_H
#define DNSD_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EDNS_OPT_BYTES = 11,	/* an OPT record without options */
	EDNS_OPTION_HEAD = 4,
	EDNS_NSID_MAX = 128,	/* so that every error reply fits in 512 */
	EDNS_EDE_BYTES = 6,	/* one extended error without text */
	EDNS_PAYLOAD_MIN = 512,

	EDNS_NO_EDE = -1,
	EDNS_EDE_NOT_READY = 14,	/* never loaded */
	EDNS_EDE_NOT_AUTHORITATIVE = 20,
	EDNS_EDE_INVALID_DATA = 24,	/* expired */
};

struct edns {
	bool present;
	bool dnssec_ok;
	bool wants_nsid;
	uint8_t version;
	uint16_t payload;	/* as asked for, at least 512 */
};

/* What a reply's OPT says besides the payload size. */
struct edns_reply {
	uint16_t rcode;		/* 12 bits; the upper 8 go into the OPT */
	uint16_t payload;	/* what we take, not what the client takes */
	bool dnssec_ok;
	int ede;		/* EDNS_NO_EDE for none */
	const uint8_t *nsid;	/* borrowed; NULL for none */
	size_t nsid_len;	/* at most EDNS_NSID_MAX */
};

/**
 * edns_parse() - read the OPT record whose fixed part starts at @rr
 * @rr:   first byte after the (root) owner name: type, class, ttl, rdlength
 * @len:  bytes from @rr to the end of the rdata, checked by the caller
 *
 * Unknown options and flags are ignored.  RFC 6891 6.1.2
 *
 * Returns false when an option runs past the rdata or a cookie has a length
 * that RFC 7873 5.2.2 forbids: the request is FORMERR.
 */
bool edns_parse(const uint8_t *rr, size_t len, struct edns *out);

/** edns_reply_size() - bytes that edns_write() will write for @r */
size_t edns_reply_size(const struct edns_reply *r);

/** edns_write() - write the OPT at @p, which has edns_reply_size() bytes */
size_t edns_write(uint8_t *p, const struct edns_reply *r);

#endif
