/*
 * answer_job.h - the types of answer.h and the inside of struct answer_job.
 *
 * Only the rooms of answering (dnsd/README.md) look into it; it is a header
 * of its own so that callers can own the storage. Nothing in it need be
 * cleared: answer_begin() sets what is read later.
 */
#ifndef DNSD_ANSWER_JOB_H
#define DNSD_ANSWER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "dnsd/cache_view.h"
#include "dnsd/cookie.h"
#include "dnsd/emit.h"
#include "dnsd/query.h"

enum {
	ANSWER_LOCKSTEP = 32,
	ANSWER_CHAIN_MAX = 16,		/* CNAME and DNAME steps */
	ANSWER_ADDITIONAL_MAX = 13,	/* names looked up for additional */
	/*
	 * Searches for one answer: 127 labels for each name of a chain and of
	 * the additional section, 256 name servers, proofs; twice when it is
	 * written again, compressed. Tested, not enforced: it follows.
	 */
	ANSWER_LOOKUPS_MAX = 2 * ((16 + 13) * 128 + 2 * 256 + 128),
	ANSWER_HASH_ROUNDS_MAX = 8192,	/* of SHA-1, for NSEC3 proofs */
	ANSWER_UDP_MIN = 512,
	ANSWER_TCP_MAX = 65535,
	ANSWER_NSID_MAX = 128,
};

enum answer_transport { ANSWER_UDP, ANSWER_TCP, ANSWER_TLS };

/* What a finished job wants done. */
enum answer_verdict {
	ANSWER_SEND,			/* out[0..out_len) */
	ANSWER_DROP,			/* say nothing */
	ANSWER_NOTIFY,			/* hand the request to the relay */
};

struct chaos;

/* What does not change from query to query; built once a worker. */
struct answer_ctx {
	const uint8_t *arena;		/* base of the cache mapping */
	size_t arena_size;
	uint16_t udp_max;		/* default 1232 */
	uint8_t nsid_len;
	uint8_t nsid[ANSWER_NSID_MAX];
	uint8_t agent_len;		/* report channel; 0: none */
	uint8_t agent[EDNS_AGENT_MAX];	/* wire form, not the root */
	uint16_t keepalive_100ms;	/* what TCP clients are told */
	const struct cookie_secrets *cookies;	/* NULL: no cookies */
	const struct chaos *chaos;	/* NULL: class CH is refused */
	struct nsec3hash *nsec3hash;	/* NULL: no NSEC3 proofs; scratch */
};

/* The facts of one request that are not in its bytes. */
struct answer_facts {
	const uint8_t *request;		/* borrowed until answer_finish() */
	size_t request_len;
	uint8_t *out;			/* room for the answer */
	size_t out_max;			/* UDP: at least udp_max, TCP: 65535 */
	enum answer_transport transport;
	uint16_t source_port;		/* 0: never answered */
	uint8_t client_len;		/* 4 or 16; 0: unknown, no cookies */
	const uint8_t *client;		/* its address; borrowed, too */
	uint32_t now_wall_s;		/* since 1970, for cookies; wraps */
	uint8_t stripe;			/* of the local address, 0..63 */
	int64_t now_boot_ms;		/* CLOCK_BOOTTIME, for EXPIRE */
};

enum {
	ANSWER_PROOFS_MAX = ANSWER_CHAIN_MAX + 4,
};

/*
 * The name that is being looked up: the question's, then the targets of
 * CNAMEs and DNAMEs.
 */
struct answer_name {
	const uint8_t *key;		/* relative to the apex */
	const uint8_t *wire;		/* absolute, uncompressed */
	uint16_t at;			/* in the message; 0: out of reach */
	uint8_t n_labels;		/* below the apex */
	/* Of the ancestor with i labels below the apex, [n_labels] itself. */
	uint16_t len[OWNERKEY_LABELS_MAX + 1];
	uint64_t hash[OWNERKEY_LABELS_MAX + 1];
};

enum answer_known { ANSWER_UNKNOWN, ANSWER_ABSENT, ANSWER_EXISTS };

struct answer_job {
	const struct answer_ctx *ctx;
	struct answer_facts facts;
	struct query query;

	uint8_t stage;
	uint8_t verdict;		/* enum answer_verdict */
	uint8_t level;			/* of the node to read next */
	uint8_t cookie;			/* enum cookie_verdict */
	bool aa;
	bool tc;
	bool dnssec;			/* DO, and the zone may have proofs */
	bool full;			/* something required did not fit */
	int16_t ede;
	uint16_t rcode;
	uint32_t zone_stats;

	/* Zone selection. */
	struct cache_view_dir dir;
	const struct cache_slot *slot;
	const struct cache_slot *child_slot;	/* DS: if there is no parent */
	uint64_t slot_hash;		/* of the suffix being tried */
	uint64_t passed;		/* slots of this hash tried */
	int labels;			/* label count being tried */
	cache_ref ref;

	struct cache_view view;
	uint8_t known;			/* of job->name: enum answer_known */
	struct page_name node;		/* ANSWER_EXISTS: its entry */
	struct emit emit;
	struct answer_name name;

	uint32_t n_rounds;		/* of SHA-1 so far */
	uint8_t n_proofs;
	uint8_t n_seen;			/* names of the chain */
	uint8_t n_dnames;
	struct page_name proof[ANSWER_PROOFS_MAX];
	uint64_t seen[ANSWER_CHAIN_MAX];
	const uint8_t *dname[ANSWER_CHAIN_MAX];	/* keys already answered */

	uint16_t key_end[OWNERKEY_LABELS_MAX + 1];
	uint64_t dir_hash[OWNERKEY_LABELS_MAX + 1];	/* before namehash_final() */
	uint8_t key[OWNERKEY_MAX + 16];	/* of the question, from the root */
	struct ownerkey target;		/* of a chain's later names */
	uint8_t synthesized[2][QUERY_NAME_MAX + 1];
	uint8_t server_cookie[EDNS_COOKIE_BYTES];
};

#endif
