/*
 * rrl.c - see rrl.h.
 *
 * A cell is a tag and a time: when the bucket will have earned what it was
 * given (the generic cell rate algorithm). An answer moves that time on by
 * one interval; when it lies more than a second ahead, the answer is one too
 * many and moves nothing. So a bucket gives at most two seconds' worth in its
 * first second, and its rate from then on.
 *
 * Times are in microseconds modulo 2^44 (203 days): a cell that nobody
 * touched for half of that may deny one answer.
 */
#include "dnsd/rrl.h"

#include <string.h>

#include "common/base/check.h"
#include "common/dns/namehash.h"

enum { TIME_BITS = 44, SECOND_US = 1000000 };

#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)
void
rrl_init(struct rrl *r, struct rrl_table *table, uint32_t per_second,
    uint32_t network_per_second, uint32_t slip)
{
	CHECK(per_second > 0 && per_second <= RRL_RATE_MAX);
	CHECK(network_per_second <= RRL_RATE_MAX);
	memset(r, 0, sizeof(*r));
	r->table = table;
	r->interval_us = SECOND_US / per_second;
	r->network_interval_us = network_per_second == 0 ? 0 :
	    SECOND_US / network_per_second;
	r->slip = slip;
}

void
rrl_exempt(struct rrl *r, const uint8_t *ip, size_t ip_len, unsigned bits)
{
	unsigned host = ip_len == 4 ? 32 - bits : bits > 64 ? 0 : 64 - bits;
	uint64_t mask = host == 64 ? 0 : UINT64_MAX << host;

	CHECK(r->n_exempt < RRL_EXEMPT_MAX);
	if (ip_len == 4)
		mask |= ~(uint64_t)UINT32_MAX;
	r->exempt[r->n_exempt++] = (struct rrl_exempt){
		.net = rrl_address(ip, ip_len) & mask, .mask = mask
	};
}

/* How far @a lies ahead of @b; negative: behind. */
static int64_t
ahead(uint64_t a, uint64_t b)
{
	return (int64_t)((a - b) << (64 - TIME_BITS)) >> (64 - TIME_BITS);
}

/* The cell with the least debt, for a bucket that has none; from its own. */
static _Atomic uint64_t *
vacate(_Atomic uint64_t *line, unsigned own, uint64_t now)
{
	_Atomic uint64_t *least = NULL;
	int64_t least_ahead = INT64_MAX;

	for (unsigned i = 0; i < RRL_WAYS && least_ahead > 0; i++) {
		_Atomic uint64_t *cell = &line[(own + i) % RRL_WAYS];
		int64_t n = ahead(atomic_load_explicit(cell,
		    memory_order_relaxed), now);

		if (n < least_ahead) {
			least_ahead = n;
			least = cell;
		}
	}
	return least;
}

/* May the bucket have one more? Counts it if so. */
static bool
take(struct rrl_table *t, uint64_t hash, uint32_t interval_us, uint64_t now)
{
	_Atomic uint64_t *line = &t->cell[hash % (RRL_CELLS / RRL_WAYS) *
	    RRL_WAYS];
	unsigned own = (unsigned)(hash >> 32) % RRL_WAYS;
	_Atomic uint64_t *cell = NULL;
	uint64_t due = now;

	for (unsigned i = 0; i < RRL_WAYS; i++) {
		uint64_t v = atomic_load_explicit(&line[(own + i) % RRL_WAYS],
		    memory_order_relaxed);

		if ((v ^ hash) >> TIME_BITS != 0)
			continue;
		cell = &line[(own + i) % RRL_WAYS];
		if (ahead(v, now) > 0)
			due = v & TIME_MASK;
		break;
	}
	if (cell == NULL)
		cell = vacate(line, own, now);
	if (ahead(due, now) > SECOND_US)
		return false;
	due = (due + interval_us) & TIME_MASK;
	atomic_store_explicit(cell, (hash & ~TIME_MASK) | due,
	    memory_order_relaxed);
	return true;
}

enum rrl_verdict
rrl_judge(struct rrl *r, uint64_t address, enum rrl_kind kind, uint64_t zone,
    int64_t now_ms)
{
	struct rrl_table *t = r->table;
	uint64_t now = (uint64_t)now_ms * 1000 & TIME_MASK;
	uint64_t net, hash;

	net = address >> 32 == RRL_V4_MARK >> 32 ?
	    address >> (32 - RRL_V4_BITS) : address >> (64 - RRL_V6_BITS);
	hash = namehash_fold(net ^ t->key[0], zone ^ t->key[1]);
	hash = namehash_fold(hash ^ t->key[2], (uint64_t)kind ^ t->key[3]);
	if (take(t, hash, r->interval_us, now)) {
		if (r->network_interval_us == 0)
			return RRL_PASS;
		hash = namehash_fold(net ^ t->key[2], t->key[1]);
		hash = namehash_fold(hash ^ t->key[0], t->key[3]);
		if (take(t, hash, r->network_interval_us, now))
			return RRL_PASS;
	}
	r->n_limited++;
	return r->slip != 0 && r->n_limited % r->slip == 0 ? RRL_SLIP :
	    RRL_DROP;
}
