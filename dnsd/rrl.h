/*
 * rrl.h - response rate limiting: too many answers alike to one network.
 *
 * Knows:    buckets of client network, kind of answer and zone; how many
 *           answers a second each may have; slip.
 * Not here: what kind an answer is (answer.h), who is exempt by cookie or by
 *           TCP (worker_udp.h), sockets.
 * Pure:     time is handed in, memory is the caller's.
 * Runs in:  UDP workers, over one table that all of them share.
 * Bounded:  RRL_CELLS cells of 8 octets; one line of memory per bucket.
 *
 * A network is an IPv4 /24 or an IPv6 /56.  Two buckets count an answer: that
 * of its network, kind and zone, and that of its network alone.  A name is
 * never part of a bucket, so that random names fill no more than one.
 */
#ifndef DNSD_RRL_H
#define DNSD_RRL_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	RRL_CELLS = 1 << 17,
	RRL_WAYS = 8,			/* cells a bucket can be in: one line */
	RRL_EXEMPT_MAX = 64,
	RRL_V4_BITS = 24,
	RRL_V6_BITS = 56,
	RRL_RATE_MAX = 1000000,
};

#define RRL_V4_MARK (UINT64_C(1) << 32)		/* 0:1::/32 */

enum rrl_kind {
	RRL_DATA, RRL_NODATA, RRL_NXDOMAIN, RRL_REFERRAL, RRL_ERROR,
};

enum rrl_verdict {
	RRL_PASS,
	RRL_SLIP,		/* send the shortest answer, with TC */
	RRL_DROP,
};

/*
 * Workers share it without locks: a cell is one word, and of two changes at
 * the same moment one may be lost.  @key is secret: without it nobody can
 * aim at the cells of others.
 */
struct rrl_table {
	_Alignas(64) uint64_t key[4];
	_Alignas(64) _Atomic uint64_t cell[RRL_CELLS];
};

/* First 64 bits of an address; IPv4 in a part of IPv6 that is nobody's. */
struct rrl_exempt {
	uint64_t net;
	uint64_t mask;
};

struct rrl {
	struct rrl_table *table;	/* shared; keyed once by its maker */
	uint32_t interval_us;		/* of one network, kind and zone */
	uint32_t network_interval_us;	/* of one network; 0: any number */
	uint32_t slip;			/* one of so many; 0: none */
	uint32_t n_exempt;
	struct rrl_exempt exempt[RRL_EXEMPT_MAX];
	uint32_t n_limited;		/* for slip */
};

/** rrl_init() - @network_per_second may be 0, see above; nobody is exempt */
void rrl_init(struct rrl *r, struct rrl_table *table, uint32_t per_second,
    uint32_t network_per_second, uint32_t slip);

/** rrl_address() - an address as one number: IPv4, or 64 bits of IPv6 */
static inline uint64_t
rrl_address(const uint8_t *ip, size_t ip_len)
{
	uint64_t v = 0;
	uint32_t v4;

	if (ip_len == 4) {
		memcpy(&v4, ip, 4);
		return ntohl(v4) | RRL_V4_MARK;
	}
	memcpy(&v, ip, 8);
	return be64toh(v);
}

/** rrl_is_exempt() - not to be judged */
static inline bool
rrl_is_exempt(const struct rrl *r, uint64_t address)
{
	for (uint32_t i = 0; i < r->n_exempt; i++)
		if ((address & r->exempt[i].mask) == r->exempt[i].net)
			return true;
	return false;
}

/**
 * rrl_exempt() - never limit these
 * @ip_len: 4 or 16
 * @bits:   of the prefix; of IPv6 not more than 64 count
 * A promise: fewer than RRL_EXEMPT_MAX so far.
 */
void rrl_exempt(struct rrl *r, const uint8_t *ip, size_t ip_len,
    unsigned bits);

/**
 * rrl_judge() - count one answer
 * @address: of the client: rrl_address()
 * @zone:    a number for the zone, 0 for none
 * @now_ms:  of a clock that never steps, the same for all workers
 */
enum rrl_verdict rrl_judge(struct rrl *r, uint64_t address,
    enum rrl_kind kind, uint64_t zone, int64_t now_ms);

#endif
