/*
 * edns.h - the OPT record of a request and of its reply.
 *
 * Knows:    RFC 6891 (OPT, version, payload, DO) and the form of the options
 *           that we know: NSID, EXPIRE, COOKIE, tcp-keepalive, padding,
 *           extended errors, report channel, ZONEVERSION.
 * Not here: what the server makes of them (options.h); the message around.
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
	EDNS_AGENT_MAX = 255,	/* a name in wire form */
	EDNS_COOKIE_BYTES = 24,	/* in a reply: the client's 8, ours 16 */
	EDNS_EXPIRE_BYTES = 4,
	EDNS_KEEPALIVE_BYTES = 2,
	EDNS_ZONEVERSION_BYTES = 6,
	EDNS_EDE_BYTES = 2,	/* without text */
	EDNS_PAYLOAD_MIN = 512,

	EDNS_NO_EDE = -1,
	EDNS_EDE_OTHER = 0,
	EDNS_EDE_NOT_READY = 14,	/* never loaded */
	EDNS_EDE_PROHIBITED = 18,
	EDNS_EDE_NOT_AUTHORITATIVE = 20,
	EDNS_EDE_NOT_SUPPORTED = 21,
	EDNS_EDE_INVALID_DATA = 24,	/* expired */
};

/* Options, as bits: seen in a request, to be in a reply. */
enum {
	EDNS_NSID = 1 << 0,		/* RFC 5001 */
	EDNS_EXPIRE = 1 << 1,		/* RFC 7314 */
	EDNS_COOKIE = 1 << 2,		/* RFC 7873 */
	EDNS_KEEPALIVE = 1 << 3,	/* RFC 7828 */
	EDNS_PADDING = 1 << 4,		/* RFC 7830 */
	EDNS_ZONEVERSION = 1 << 5,	/* RFC 9660 */
	EDNS_EDE = 1 << 6,		/* RFC 8914; replies only */
	EDNS_AGENT = 1 << 7,		/* RFC 9567; replies only */
};

struct edns {
	bool present;
	bool dnssec_ok;
	uint8_t version;
	uint8_t wants;		/* options that the request has */
	uint16_t payload;	/* as asked for, at least 512 */
	uint8_t cookie_len;	/* with EDNS_COOKIE: 8 or 16 to 40 */
	const uint8_t *cookie;	/* into the request */
};

/* What a reply's OPT says. */
struct edns_reply {
	uint16_t rcode;		/* 12 bits; the upper 8 go into the OPT */
	uint16_t payload;	/* what we take, not what the client takes */
	bool dnssec_ok;
	uint8_t has;		/* options to write; each needs its fields: */
	uint8_t zone_labels;	/* ZONEVERSION: of the zone, without the root */
	uint32_t serial;
	uint32_t expire_s;
	uint16_t keepalive_100ms;
	uint16_t ede;
	uint16_t pad;		/* zero octets in the padding option */
	uint8_t nsid_len;	/* at most EDNS_NSID_MAX */
	uint8_t agent_len;
	uint8_t ede_text_len;
	const uint8_t *nsid;	/* all borrowed */
	const uint8_t *cookie;	/* EDNS_COOKIE_BYTES */
	const uint8_t *agent;	/* wire form, not the root */
	const char *ede_text;	/* UTF-8 */
};

/**
 * edns_parse() - read the OPT record whose fixed part starts at @rr
 * @rr:   first byte after the (root) owner name: type, class, ttl, rdlength
 * @len:  bytes from @rr to the end of the rdata, checked by the caller
 *
 * Unknown options and flags are ignored.  RFC 6891 6.1.2.  Of an option that
 * is there twice the last one counts.
 *
 * Returns false when an option runs past the rdata, a cookie has a length
 * that RFC 7873 5.2.2 forbids or ZONEVERSION is not empty (RFC 9660 2): the
 * request is FORMERR, and out->wants is 0.
 */
bool edns_parse(const uint8_t *rr, size_t len, struct edns *out);

/** edns_reply_size() - bytes that edns_write() will write for @r */
size_t edns_reply_size(const struct edns_reply *r);

/** edns_write() - write the OPT at @p, which has edns_reply_size() bytes */
size_t edns_write(uint8_t *p, const struct edns_reply *r);

#endif
