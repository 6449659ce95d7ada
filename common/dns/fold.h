/*
 * fold.h - ASCII capitals become small, many octets at a time.
 *
 * Vectors are the compiler's own (GCC, clang); where a processor has none
 * they become words. Octets of a name's wire form may be folded together
 * with the lengths between them: lengths are below 'A'.
 */
#ifndef COMMON_DNS_FOLD_H
#define COMMON_DNS_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FOLD_VECTOR = 16 };

typedef uint8_t fold_octets __attribute__((vector_size(FOLD_VECTOR)));

static inline uint8_t
fold_octet(uint8_t c)
{
	return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

static inline uint64_t
fold_word(uint64_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = v & ones * 0x7f;
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t above_z = low + ones * (0x7f - 'Z');

	return v | (((from_a ^ above_z) & ~v & ones << 7) >> 2);
}

static inline fold_octets
fold_load(const uint8_t *p)
{
	fold_octets v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline fold_octets
fold_vector(fold_octets v)
{
	return v | ((fold_octets)((v - 'A') < 26) & 32);
}

/** fold_any() - is any octet not 0? */
static inline bool
fold_any(fold_octets v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return (half[0] | half[1]) != 0;
}

/** fold_copy() - @n octets of a name; nothing outside is touched */
static inline void
fold_copy(uint8_t *to, const uint8_t *from, size_t n)
{
	fold_octets v;

	if (n < FOLD_VECTOR) {
		for (size_t i = 0; i < n; i++)
			to[i] = fold_octet(from[i]);
		return;
	}
	for (size_t i = 0; i + FOLD_VECTOR < n; i += FOLD_VECTOR) {
		v = fold_vector(fold_load(from + i));
		memcpy(to + i, &v, sizeof(v));
	}
	/* The last step goes back over octets that were done already. */
	v = fold_vector(fold_load(from + n - FOLD_VECTOR));
	memcpy(to + n - FOLD_VECTOR, &v, sizeof(v));
}

#endif
