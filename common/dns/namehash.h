/*
 * namehash.h - a fast hash of names, chained label by label.
 *
 * Knows:    multiply-and-fold over 64-bit words; nothing of DNS beyond
 *           "a name is a chain of labels, seen from the root".
 * Not here: tables, escaping (labels come in owner-key form, ownerkey.h).
 * Runs in:  dnsd's query path, page building.
 *
 *	h = namehash_init(&seed);
 *	h = namehash_label(&seed, h, label, len);	for each label
 *	value = namehash_final(h);			at any point
 *
 * The chain makes one pass over a name yield the hash of every ancestor.
 * With a secret seed (the zone directory) strangers cannot aim at a bucket:
 * both factors of each product hold key bits.  With NAMEHASH_PUBLIC (the
 * index inside a page, which must be a pure function of its content) they
 * can, and the page bounds its probes instead.
 */
#ifndef COMMON_DNS_NAMEHASH_H
#define COMMON_DNS_NAMEHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct namehash_seed {
	uint64_t k[2];
};

/* The seed inside pages: digits of pi, so nothing was chosen. */
#define NAMEHASH_PUBLIC \
	{ { UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344) } }

static inline uint64_t
namehash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Little-endian load, the same value on every machine. */
static inline uint64_t
namehash_load(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	memcpy(&v, p, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/** namehash_init() - the state before any label */
static inline uint64_t
namehash_init(const struct namehash_seed *s)
{
	return s->k[0] ^ (s->k[1] << 32 | s->k[1] >> 32);
}

/**
 * namehash_label() - the state after one more label
 * @label: key form, without the terminator; at most 126 octets
 * @len:   its length; part of what is hashed
 *
 * Reads no octet outside the label.
 */
static inline uint64_t
namehash_label(const struct namehash_seed *s, uint64_t h,
    const uint8_t *label, size_t len)
{
	uint64_t a, b;

	h += (uint64_t)len * UINT64_C(0x9e3779b97f4a7c15);
	while (len > 16) {
		h = namehash_fold(namehash_load(label, 8) ^ s->k[0],
		    namehash_load(label + 8, 8) ^ s->k[1] ^ h);
		label += 16;
		len -= 16;
	}
	if (len >= 8) {
		a = namehash_load(label, 8);
		b = namehash_load(label + len - 8, 8);
	} else if (len >= 4) {
		a = namehash_load(label, 4);
		b = namehash_load(label + len - 4, 4);
	} else {
		a = len > 0 ? (uint64_t)label[0] << 16 |
		    (uint64_t)label[len >> 1] << 8 | label[len - 1] : 0;
		b = 0;
	}
	return namehash_fold(a ^ s->k[0], b ^ s->k[1] ^ h);
}

/** namehash_final() - the hash of the name so far; all bits usable */
static inline uint64_t
namehash_final(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

#endif
