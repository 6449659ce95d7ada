/*
 * serial.h - serial number arithmetic, RFC 1982 with SERIAL_BITS 32.
 *
 * Knows:    nothing but two numbers.
 * Not here: policy about lower serials.
 */
#ifndef COMMON_DNS_SERIAL_H
#define COMMON_DNS_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * serial_newer() - is @a newer than @b?			RFC 1982 3.2
 *
 * A difference of exactly 2^31 is undefined there; here it is "not newer",
 * in both directions, so that nobody acts on it.  T-013
 */
static inline bool
serial_newer(uint32_t a, uint32_t b)
{
	uint32_t d = a - b;

	return d != 0 && d < UINT32_C(0x80000000);
}

/* serial_undefined() - neither newer nor older nor equal: exactly 2^31 apart */
static inline bool
serial_undefined(uint32_t a, uint32_t b)
{
	return a - b == UINT32_C(0x80000000);
}

#endif
