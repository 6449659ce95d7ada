/*
 * handoff.h - the messages between keep and its children.
 *
 * Knows:    the frames of docs/INTERFACES.md "handoff", their exact sizes.
 * Not here: what is decided from them.
 * Runs in:  keep, fetch, probe, check, notify.  fetch and keep share nothing
 *           else.
 * Bounded:  HANDOFF_FRAME_MAX bytes a payload.
 *
 * A frame is one of common/base/frame.h over a SOCK_STREAM socket pair on
 * descriptor 3: its type is the kind, its payload is described here.  Integers
 * are big-endian.  What a child says is a claim: the receiver checks every
 * length and every field again, and takes the zone from its own state, never
 * from the message.
 *
 * any child -> keep  HANDOFF_READY           warm and waiting
 * keep -> fetch   HANDOFF_FETCH_CONN  + fd   transport, deadlines, TSIG keys
 *                 HANDOFF_FETCH_TLS   (+ fd) before it when TLS is spoken: what the
 *                                            primary must prove, our certificate
 *                 HANDOFF_FETCH_ZONE         one transfer on that connection
 *                 HANDOFF_FETCH_DROP         its result is not wanted any more
 *                 HANDOFF_CLOSE              no more zones: end
 * fetch -> keep   HANDOFF_CURRENT            whose RECORDS and MARKs follow
 *                 HANDOFF_RECORDS            many records of the current zone
 *                 HANDOFF_MARK               IXFR: SOA that begins a delete or add part
 *                 HANDOFF_RESULT             the transfer's end, with its reason
 * keep -> probe   HANDOFF_PROBE_ADDR  + fd   a connected socket to a primary
 *                 HANDOFF_PROBE_ZONE         ask for one SOA there
 *                 HANDOFF_PROBE_CLOSE        forget that socket
 * probe -> keep   HANDOFF_PROBE_RESULT       serial, rcode ..., or the reason
 * keep -> check   HANDOFF_PROBE_ADDR  + fd   a connected socket to any server
 *                 HANDOFF_QUESTION           ask this there
 *                 HANDOFF_PROBE_CLOSE        forget that socket
 * check -> keep   HANDOFF_ANSWER             records, rcode ..., or the reason
 * probe, check, notify -> keep   HANDOFF_HMAC  key id, bytes: compute a MAC
 * keep -> probe, check, notify   HANDOFF_HMAC_REPLY  the MAC, or refused
 * keep -> notify  HANDOFF_LISTEN      + fd   a bound socket
 *                 HANDOFF_DATAGRAM           a relayed datagram to parse
 *                 HANDOFF_NOTIFY_ANSWER      what to answer to notification n
 * notify -> keep  HANDOFF_NOTIFY             zone, source, listener, serial hint, TSIG facts
 *                 HANDOFF_NOTIFY_REPLY       the answer datagram for a relayed one
 *
 * A fetch process takes one HANDOFF_FETCH_CONN, then zones: up to
 * HANDOFF_PIPELINE_MAX are under way at a time, and end in any order.  A
 * result whose `reusable` is false says that the connection takes no more
 * zones: those under way go on, one that comes later gets HANDOFF_UNASKED (ask
 * elsewhere), and with the last the process ends.  It also ends when keep
 * sends HANDOFF_CLOSE or closes the socket pair.
 *
 * Every frame has encode and decode. encode writes the payload and returns
 * OK or ERR_SPACE; decode takes a payload and returns OK or ERR_MALFORMED: every length exact, every
 * enumeration in range, nothing behind the last field. Pointers in a decoded
 * struct lead into the payload (borrowed).
 */
#ifndef XFERD_HANDOFF_H
#define XFERD_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "common/dns/tsig.h"

enum {
	HANDOFF_FRAME_MAX = 1 << 20,
	HANDOFF_KEYS_MAX = 4,
	HANDOFF_PIPELINE_MAX = 64,	/* zones under way on one connection */
	HANDOFF_TEXT_MAX = 256,
	HANDOFF_VERSION = 1,
	HANDOFF_NAME_MAX = 255,
	HANDOFF_SOA_MAX = 255 + 255 + 20,
	HANDOFF_DATAGRAM_MAX = 4096,	/* a NOTIFY and its answer */
	HANDOFF_FD = 3,			/* the socket pair in a child */
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
	HANDOFF_PROBE_CLOSE = 18,
	HANDOFF_CURRENT = 19,
	HANDOFF_FETCH_DROP = 20,
	HANDOFF_FETCH_TLS = 21,
	HANDOFF_QUESTION = 22,
	HANDOFF_ANSWER = 23,
	HANDOFF_RELAY = 50,		/* handoff_mail.h */
	HANDOFF_LETTER = 51,
	HANDOFF_LETTER_RESULT = 52,
};

enum handoff_role {
	HANDOFF_ROLE_FETCH = 1,
	HANDOFF_ROLE_PROBE = 2,
	HANDOFF_ROLE_NOTIFY = 3,
	HANDOFF_ROLE_CHECK = 4,
	HANDOFF_ROLE_COURIER = 5,
};

enum handoff_transport {
	HANDOFF_UDP = 1,
	HANDOFF_TCP = 2,
	HANDOFF_TLS = 3,		/* of FETCH_CONN */
};

/*
 * One record inside HANDOFF_RECORDS, fixed shape, as many as fit a frame:
 *   u16 key_len, owner key (ownerkey.h); u16 type; u32 ttl; u16 rdlen; rdata
 * rdata uncompressed, as received.  The class is IN.  The SOA that opens an
 * AXFR is the first record; the closing one is not sent again.
 *
 * IXFR: the records between two HANDOFF_MARK frames are deletes or adds:
 *   MARK body: u8 part (1 delete, 2 add), u32 serial, u32 ttl, u16 rdlen,
 *   SOA rdata
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
	HANDOFF_TLS_FAILED,		/* the handshake broke: see text */
	HANDOFF_TLS_TIMEOUT,
	HANDOFF_TLS_VERSION,		/* it has no TLS 1.3 */
	HANDOFF_TLS_ALPN,		/* it did not select "dot" */
	HANDOFF_TLS_CERTIFICATE,	/* not signed by whom it must be, ... */
	HANDOFF_TLS_DATE,		/* expired, or not valid yet */
	HANDOFF_TLS_NAME,		/* for other names */
	HANDOFF_TLS_PIN,		/* none of the pins */
	HANDOFF_TLS_CLIENT,		/* it wants another certificate of us */
	HANDOFF_TLS_SETUP,		/* what we were given cannot be used */
	HANDOFF_UNASKED,		/* the connection ended for a reason that is
					   not this zone's: ask on another one */
	HANDOFF_INTERNAL,
	HANDOFF_REASONS
};

/*
 * handoff_reason_text() - "timeout-idle" and the like: the spelling in logs,
 * SQL (attempt.reason) and the API. Never NULL.
 */
const char *handoff_reason_text(enum handoff_reason reason);

/* ---- any child -> keep ------------------------------------------------- */

struct handoff_ready {
	uint8_t version;		/* HANDOFF_VERSION */
	enum handoff_role role;
};

/* ---- fetch ------------------------------------------------------------- */

struct handoff_key {
	uint32_t id;			/* keep's number; never 0 */
	struct tsig_key key;
};

struct handoff_fetch_conn {		/* + fd: a stream socket, non-blocking */
	enum handoff_transport transport;	/* HANDOFF_TCP */
	bool connecting;		/* connect() is still in progress */
	uint32_t connect_ms;		/* deadlines; none may be 0 */
	uint32_t first_ms;		/* request sent -> first message whole */
	uint32_t idle_ms;		/* between two messages */
	uint32_t total_ms;		/* one transfer */
	uint32_t rate_min_bps;		/* octets a second; 0: no minimum */
	uint32_t rate_window_ms;	/* measured over, and granted at first */
	uint8_t n_keys;			/* to HANDOFF_KEYS_MAX */
	struct handoff_key keys[HANDOFF_KEYS_MAX];	/* wipe after use */
};

struct handoff_current {
	uint64_t cookie;		/* of a zone under way */
};

struct handoff_fetch_drop {
	uint64_t cookie;		/* one that is not under way: nothing */
};

enum {
	HANDOFF_PINS_MAX = 8,
	HANDOFF_PIN = 32,		/* SHA-256 of SubjectPublicKeyInfo */
	HANDOFF_CA_MAX = 32768,		/* PEM, as the next two */
	HANDOFF_CERTIFICATE_MAX = 16384,
	HANDOFF_CLIENT_KEY_MAX = 16384,
	HANDOFF_TLS_MAX = 72 * 1024,	/* the frame */
	HANDOFF_HOST_MAX = 253,
};

/*
 * The frame may bring a descriptor: a file of the authorities that count when
 * there are none in @ca.  It is needed with @pkix.
 */
struct handoff_fetch_tls {
	bool pkix;			/* chain, name and dates */
	uint8_t name_len;		/* ASCII; 0: the address is checked */
	char name[HANDOFF_HOST_MAX + 1];
	struct sock_addr address;
	uint8_t n_pins;			/* any of them has to match; 0: none asked */
	uint8_t pins[HANDOFF_PINS_MAX][HANDOFF_PIN];
	uint16_t ca_len, certificate_len, key_len;
	const uint8_t *ca;		/* borrowed, as the next two */
	const uint8_t *certificate;	/* ours, with its chain */
	const uint8_t *key;		/* wipe after use */
};

/* What was seen of TLS; of the connection. */
struct handoff_tls {
	bool set;
	char version[16];		/* "" before it was agreed on */
	char cipher[48];
	bool has_pin;
	uint8_t pin[HANDOFF_PIN];	/* of the certificate shown */
};

enum handoff_mode {
	HANDOFF_AXFR = 1,
	HANDOFF_IXFR = 2,
	HANDOFF_SOA = 3,		/* only ask for the SOA; no records */
};

struct handoff_limits {			/* all of one transfer; none may be 0 */
	uint64_t records_max;
	uint64_t bytes_max;		/* of messages received */
	uint32_t messages_max;
	uint32_t empty_max;		/* messages without a record, in a row */
	uint32_t rrset_max;		/* records of one owner and type in a row;
					   sets that come in pieces are for keep */
	uint32_t out_of_zone_max;	/* skipped records before it is refused */
	uint32_t diffs_max;		/* IXFR: difference sequences */
};

struct handoff_fetch_zone {
	uint64_t cookie;		/* echoed in the result */
	uint8_t apex_len;
	uint8_t apex[HANDOFF_NAME_MAX];	/* wire, lower case */
	enum handoff_mode mode;
	uint32_t serial;		/* what we have; for IXFR */
	uint16_t soa_len;		/* our SOA's rdata for the IXFR request; 0: one
					   is made up around the serial */
	uint8_t soa[HANDOFF_SOA_MAX];
	uint32_t key_id;		/* one of the connection's; 0: no TSIG */
	uint16_t fudge_s;
	uint16_t mac_min;		/* as in struct tsig_policy */
	bool sign_all;			/* as in struct tsig_policy */
	bool edns;			/* send an OPT record */
	struct handoff_limits limits;
};

enum handoff_part {
	HANDOFF_DELETE = 1,
	HANDOFF_ADD = 2,
};

struct handoff_mark {
	enum handoff_part part;
	uint32_t serial;
	uint32_t ttl;			/* of the SOA record */
	uint16_t soa_len;		/* the SOA's rdata as received */
	const uint8_t *soa;
};

enum handoff_style {			/* what the answer turned out to be */
	HANDOFF_STYLE_NONE = 0,		/* it ended before one could tell */
	HANDOFF_STYLE_AXFR = 1,		/* whole zone (also as answer to IXFR) */
	HANDOFF_STYLE_IXFR = 2,
	HANDOFF_STYLE_SINGLE = 3,	/* one SOA: up to date, or "use AXFR" */
};

/* What a message said besides its records; in results of fetch and probe. */
struct handoff_facts {
	uint16_t rcode;			/* extended */
	enum tsig_verdict tsig;
	uint16_t tsig_error;		/* the TSIG error field */
	bool has_skew;
	int64_t skew_s;			/* their clock minus ours */
	bool edns;			/* an OPT came back */
	bool has_expire;
	uint32_t expire_s;		/* RFC 7314 */
	bool has_keepalive;
	uint16_t keepalive_ds;		/* RFC 7828, in 100 ms */
	bool has_ede;
	uint16_t ede;
};

struct handoff_result {
	uint64_t cookie;
	enum handoff_reason reason;	/* HANDOFF_OK: everything verified, the SOA
					   bracket closed, TSIG to the end */
	enum handoff_style style;
	bool reusable;			/* the connection can serve more zones */
	bool aa;			/* AA was set in every message (T-095) */
	bool has_soa;
	uint32_t serial;		/* of the first SOA; with has_soa */
	uint16_t soa_len;
	const uint8_t *soa;		/* rdata of the first SOA; with has_soa */
	uint64_t records;		/* sent on, the opening SOA included */
	uint64_t bytes;			/* received */
	uint32_t messages;
	uint32_t diffs;
	uint32_t out_of_zone;		/* skipped */
	uint32_t ms;			/* all of it */
	bool has_connect;		/* no open connection was used */
	uint32_t connect_ms;		/* of ms, until connected */
	uint32_t first_ms;		/* of ms, until the first message */
	struct handoff_facts facts;
	struct handoff_tls tls;
	uint16_t text_len;		/* printable ASCII: where and what */
	const char *text;		/* no NUL; at most HANDOFF_TEXT_MAX */
};

/* ---- probe ------------------------------------------------------------- */

struct handoff_probe_addr {		/* + fd: connected, non-blocking */
	uint32_t addr_id;		/* keep's number for this socket */
	enum handoff_transport transport;
	bool connecting;		/* TCP: connect() still in progress */
	uint32_t timeout_ms;		/* for the first try; doubles */
	uint8_t tries;			/* UDP: 1 to 8; TCP: 1 */
};

struct handoff_probe_zone {
	uint64_t cookie;		/* echoed */
	uint32_t addr_id;
	uint8_t apex_len;
	uint8_t apex[HANDOFF_NAME_MAX];
	bool edns;			/* false: it is known to dislike OPT */
	uint32_t key_id;		/* 0: no TSIG, and the next fields empty */
	enum tsig_alg alg;
	uint16_t key_name_len;
	uint8_t key_name[HANDOFF_NAME_MAX];
	uint16_t fudge_s;
	uint16_t mac_min;
};

struct handoff_probe_close {
	uint32_t addr_id;		/* zones still asked there get no result */
};

/*
 * HANDOFF_TRUNCATED over UDP asks for the same zone over TCP: keep connects,
 * sends HANDOFF_PROBE_ADDR with HANDOFF_TCP and the zone again.
 */
struct handoff_probe_result {
	uint64_t cookie;
	uint32_t addr_id;
	enum handoff_reason reason;	/* HANDOFF_OK: serial and soa are good */
	bool has_soa;
	uint32_t serial;
	uint16_t soa_len;
	const uint8_t *soa;
	uint32_t ms;			/* of the try that was answered, or of all */
	uint8_t tries;			/* datagrams sent */
	bool no_edns;			/* it answered only without OPT: remember */
	struct handoff_facts facts;
};

/* ---- check ------------------------------------------------------------- */

struct handoff_question {
	uint64_t cookie;		/* echoed */
	uint32_t addr_id;		/* of a PROBE_ADDR */
	uint8_t name_len;
	uint8_t name[HANDOFF_NAME_MAX];	/* lower case */
	uint16_t type;
	bool edns;
	bool dnssec_ok;
	bool recurse;
	bool mixed;			/* letters in random case; UDP only */
	uint32_t key_id;		/* 0: no TSIG, and the next fields empty */
	enum tsig_alg alg;
	uint16_t key_name_len;
	uint8_t key_name[HANDOFF_NAME_MAX];
	uint16_t fudge_s;
	uint16_t mac_min;
};

enum {
	HANDOFF_ANSWER_RECORDS_MAX = 256,
	HANDOFF_ANSWER_BYTES_MAX = 48 * 1024,	/* of its records */
};

/* The records follow the fields, one behind the other. */
struct handoff_answer {
	uint64_t cookie;
	uint32_t addr_id;
	enum handoff_reason reason;	/* HANDOFF_OK: an answer, whatever RCODE */
	bool aa, tc, ra;
	bool cut;			/* not all records are here */
	bool no_edns;
	uint32_t ms;			/* of the try that was answered, or of all */
	uint8_t tries;
	struct handoff_facts facts;
	uint16_t n_records;
	size_t records_len;
	const uint8_t *records;
};

enum handoff_section {
	HANDOFF_SECTION_ANSWER = 1,
	HANDOFF_SECTION_AUTHORITY = 2,
	HANDOFF_SECTION_ADDITIONAL = 3,
};

/* One record of an ANSWER frame; class IN. */
struct handoff_said {
	enum handoff_section section;
	const uint8_t *owner;		/* wire, lower case, as next in the frame */
	uint8_t owner_len;
	uint16_t type;
	uint32_t ttl;
	uint16_t rdlen;
	const uint8_t *rdata;		/* uncompressed; case as received */
};

/* ---- the MAC oracle ---------------------------------------------------- */

struct handoff_hmac {
	uint64_t id;			/* echoed */
	uint32_t key_id;
	size_t len;			/* at most 65535 + TSIG_INPUT_EXTRA */
	const uint8_t *bytes;
};

struct handoff_hmac_reply {
	uint64_t id;
	uint8_t mac_len;		/* 0: refused (no such key) */
	const uint8_t *mac;
};

/* ---- notify ------------------------------------------------------------ */

struct handoff_listen {			/* + fd: bound, non-blocking */
	uint32_t listener;		/* keep's number */
	enum handoff_transport transport;	/* UDP; TCP: listening */
};

struct handoff_datagram {		/* relayed by dnsd */
	uint64_t relay;			/* keep's number, never 0 */
	struct sock_addr source;
	uint16_t len;			/* to HANDOFF_DATAGRAM_MAX */
	const uint8_t *bytes;
};

enum handoff_notify_tsig {
	HANDOFF_NOTIFY_UNSIGNED = 0,
	HANDOFF_NOTIFY_SIGNED = 1,	/* tsig_* and input are set */
};

/*
 * A well-formed NOTIFY for a SOA of class IN. What is not well-formed is
 * answered (FORMERR, NOTIMP) or dropped by the notify role itself. keep looks
 * the zone, the source and the key up, verifies (tsig_mac() over input, then
 * tsig_judge() with the fields below), and answers with NOTIFY_ANSWER.
 */
struct handoff_notify {
	uint64_t number;		/* n: named in the answer */
	uint64_t relay;			/* of the datagram; 0: own listener */
	uint32_t listener;		/* with relay 0 */
	enum handoff_transport transport;
	struct sock_addr source;
	uint8_t apex_len;
	uint8_t apex[HANDOFF_NAME_MAX];	/* QNAME, lower case: a claim */
	bool has_serial;
	uint32_t serial;		/* the hint */
	enum handoff_notify_tsig signed_;
	struct tsig_rr tsig;		/* off is 0; other as received */
	size_t input_len;
	const uint8_t *input;		/* what the MAC is computed over */
};

/*
 * rcode NOERROR, REFUSED, NOTAUTH ...; drop sends nothing. key_id not 0 signs
 * the reply with that key (keep is asked by HANDOFF_HMAC) and puts tsig_error
 * and, for BADTIME, our time into it. key_id 0 with tsig_error not 0 gives the
 * unsigned TSIG of RFC 8945 5.3.2 (BADSIG, BADKEY).
 */
struct handoff_notify_answer {
	uint64_t number;
	bool drop;
	uint8_t rcode;
	uint16_t tsig_error;
	uint32_t key_id;
	uint16_t fudge_s;
};

struct handoff_notify_reply {
	uint64_t relay;
	uint16_t len;			/* 0: send nothing */
	const uint8_t *bytes;
};

/* ---- encode, decode ---------------------------------------------------- */

#define HANDOFF_FRAME(name)						\
	MUST_USE enum err handoff_##name##_encode(			\
	    const struct handoff_##name *in, uint8_t *out, size_t max,	\
	    size_t *out_len);						\
	MUST_USE enum err handoff_##name##_decode(const uint8_t *payload,	\
	    size_t len, struct handoff_##name *out)

HANDOFF_FRAME(ready);
HANDOFF_FRAME(fetch_conn);
HANDOFF_FRAME(fetch_zone);
HANDOFF_FRAME(fetch_drop);
HANDOFF_FRAME(fetch_tls);
HANDOFF_FRAME(current);
HANDOFF_FRAME(mark);
HANDOFF_FRAME(result);
HANDOFF_FRAME(probe_addr);
HANDOFF_FRAME(probe_zone);
HANDOFF_FRAME(probe_close);
HANDOFF_FRAME(probe_result);
HANDOFF_FRAME(question);
HANDOFF_FRAME(answer);
HANDOFF_FRAME(hmac);
HANDOFF_FRAME(hmac_reply);
HANDOFF_FRAME(listen);
HANDOFF_FRAME(datagram);
HANDOFF_FRAME(notify);
HANDOFF_FRAME(notify_answer);
HANDOFF_FRAME(notify_reply);

#undef HANDOFF_FRAME

/* HANDOFF_CLOSE has an empty payload. */

/* Room that every frame but RECORDS, FETCH_TLS, HMAC, DATAGRAM, NOTIFY and
 * ANSWER fits into. */
#define HANDOFF_SMALL_MAX	4096
/* Room that HMAC, NOTIFY and ANSWER fit into. */
#define HANDOFF_LARGE_MAX	(65535 + 4096)

/* One record of a RECORDS frame. */
struct handoff_record {
	const uint8_t *key;		/* owner key, with tree byte */
	uint16_t key_len;
	uint16_t type;
	uint32_t ttl;
	uint16_t rdlen;
	const uint8_t *rdata;		/* uncompressed */
};

/*
 * handoff_record_append() - add a record to a RECORDS payload under way
 * @len: octets in @out so far; advanced
 *
 * Returns OK; ERR_SPACE when it does not fit (nothing written).
 */
MUST_USE enum err handoff_record_append(const struct handoff_record *rec,
    uint8_t *out, size_t max, size_t *len);

/*
 * handoff_records_next() - take the next record of a RECORDS payload
 * @off:      0 at first; advanced
 * @apex_len: octets of the zone's apex in wire form, from keep's own state
 * @out_end:  true when there was none left (and @out is not set)
 *
 * This is the bounded validator: lengths, owner key (ownerkey_check()),
 * TTL with its top bit clear, type (rrtype_is_data()), rdata
 * (rr_rdata_check()), NSEC3 and RRSIG NSEC3 in tree 1 and all else in tree 0,
 * SOA at the apex only.
 *
 * Returns OK or ERR_MALFORMED.  Cost: O(record).
 */
MUST_USE enum err handoff_records_next(const uint8_t *payload, size_t len,
    size_t *off, size_t apex_len, struct handoff_record *out, bool *out_end);

/**
 * handoff_said_append() - add a record to the records of an ANSWER under way
 *
 * Returns OK; ERR_SPACE when it does not fit (nothing written).
 */
MUST_USE enum err handoff_said_append(const struct handoff_said *said,
    uint8_t *out, size_t max, size_t *len);

/**
 * handoff_said_all() - the records of a decoded ANSWER, each validated
 * @out: room for HANDOFF_ANSWER_RECORDS_MAX; they lead into the payload
 *
 * Checked: as many as announced and nothing behind them, sections in order,
 * owner a name in lower case, TTL with its top bit clear, type not a meta
 * type, rdata (rr_rdata_check()).
 *
 * Returns OK or ERR_MALFORMED.
 */
MUST_USE enum err handoff_said_all(const struct handoff_answer *answer,
    struct handoff_said *out);

#endif
