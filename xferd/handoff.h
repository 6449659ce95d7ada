/*
 * handoff.h - the messages between keep and its children.
 *
 * Knows:    the frames of docs/INTERFACES.md "handoff", their exact sizes.
 * Not here: what is decided from them.
 * Runs in:  keep, fetch, probe, notify.  fetch and keep share nothing else.
 * Bounded:  HANDOFF_FRAME_MAX bytes a frame.
 *
 * A frame is u32 length (of what follows), u8 kind, body.  Integers are
 * big-endian.  Descriptors travel with the first byte of their frame by
 * SCM_RIGHTS.  What a child says is a claim: the receiver checks every length
 * and every field again, and takes the zone from its own state, never from
 * the message.
 *
 * keep -> fetch   HANDOFF_FETCH_CONN  + fd   transport, deadlines, limits, TSIG keys
 *                 HANDOFF_FETCH_ZONE         one transfer on that connection
 *                 HANDOFF_CLOSE              no more zones
 * fetch -> keep   HANDOFF_RECORDS            many records of the current zone
 *                 HANDOFF_MARK               IXFR: SOA that begins a delete or add part
 *                 HANDOFF_RESULT             the transfer's end, with its reason
 *                 HANDOFF_READY              warm and waiting
 * keep -> probe   HANDOFF_PROBE_ADDR  + fd   a connected socket to a primary
 *                 HANDOFF_PROBE_ZONE         ask for one SOA there
 * probe -> keep   HANDOFF_PROBE_RESULT       serial, rcode ..., or the reason
 * probe, notify -> keep   HANDOFF_HMAC       key id, bytes: compute a MAC
 * keep -> probe, notify   HANDOFF_HMAC_REPLY the MAC, or refused
 * keep -> notify  HANDOFF_LISTEN      + fd   a bound socket
 *                 HANDOFF_DATAGRAM           a relayed datagram to parse
 *                 HANDOFF_NOTIFY_ANSWER      what to answer to notification n
 * notify -> keep  HANDOFF_NOTIFY             zone, source, listener, serial hint, TSIG facts
 *                 HANDOFF_NOTIFY_REPLY       the answer datagram for a relayed one
 */
#ifndef XFERD_HANDOFF_H
#define XFERD_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	HANDOFF_FRAME_MAX = 1 << 20,
	HANDOFF_KEYS_MAX = 4,
	HANDOFF_TEXT_MAX = 256,
};

enum handoff_kind {
	HANDOFF_READY = 1,
	HANDOFF_FETCH_CONN = 2,
	HANDOFF_FETCH_ZONE = 3,
	HANDOFF_CLOSE = 4,
	HANDOFF_RECORDS = 5,
	HANDOFF_MARK = 6,
	HANDOFF_RESULT = 7,
	HANDOFF_PROBE_ADDR = 8,
	HANDOFF_PROBE_ZONE = 9,
	HANDOFF_PROBE_RESULT = 10,
	HANDOFF_HMAC = 11,
	HANDOFF_HMAC_REPLY = 12,
	HANDOFF_LISTEN = 13,
	HANDOFF_DATAGRAM = 14,
	HANDOFF_NOTIFY = 15,
	HANDOFF_NOTIFY_ANSWER = 16,
	HANDOFF_NOTIFY_REPLY = 17,
};

/*
 * One record inside HANDOFF_RECORDS, fixed shape, as many as fit a frame:
 *   u16 key_len, owner key (ownerkey.h); u16 type; u32 ttl; u16 rdlen; rdata
 * rdata uncompressed, as received.  The class is IN.  The SOA that opens an
 * AXFR is the first record; the closing one is not sent again.
 *
 * IXFR: the records between two HANDOFF_MARK frames are deletes or adds:
 *   MARK body: u8 part (1 delete, 2 add), u32 serial, u16 rdlen, SOA rdata
 */

/* How a transfer or a probe ended.  One list: also attempt.reason in SQL. */
enum handoff_reason {
	HANDOFF_OK = 0,
	HANDOFF_UPTODATE,		/* serial not newer */
	HANDOFF_CONNECT_REFUSED,
	HANDOFF_CONNECT_TIMEOUT,
	HANDOFF_CONNECT_FAILED,
	HANDOFF_CLOSED_EARLY,		/* end of stream before the end */
	HANDOFF_TIMEOUT_FIRST,		/* no first message in time */
	HANDOFF_TIMEOUT_IDLE,
	HANDOFF_TIMEOUT_TOTAL,
	HANDOFF_TOO_SLOW,		/* below the minimum rate */
	HANDOFF_RCODE,			/* see rcode */
	HANDOFF_NOT_AUTH,		/* AA missing on a SOA answer */
	HANDOFF_MALFORMED,
	HANDOFF_WRONG_ID,
	HANDOFF_WRONG_QUESTION,
	HANDOFF_TRUNCATED,		/* TC where it may not be */
	HANDOFF_NO_SOA,
	HANDOFF_BAD_ORDER,		/* SOA bracket or IXFR chain broken */
	HANDOFF_OUT_OF_ZONE,		/* too many records outside the zone */
	HANDOFF_BAD_RDATA,
	HANDOFF_LIMIT_RECORDS,
	HANDOFF_LIMIT_BYTES,
	HANDOFF_LIMIT_RRSET,
	HANDOFF_LIMIT_MESSAGES,
	HANDOFF_TSIG_MISSING,
	HANDOFF_TSIG_BADSIG,
	HANDOFF_TSIG_BADKEY,
	HANDOFF_TSIG_BADTIME,
	HANDOFF_TSIG_BADTRUNC,
	HANDOFF_TSIG_ORDER,		/* too many unsigned, or last unsigned */
	HANDOFF_IXFR_REFUSED,		/* reply-level failure: try AXFR */
	HANDOFF_IXFR_MISMATCH,		/* keep: does not fit what we hold */
	HANDOFF_INTERNAL,
	HANDOFF_REASONS
};

/* Encoders, decoders and structs per frame: owned by this room. */

#endif
