/*
 * octets.h - numbers in network order, where the place is known to be there.
 *
 * What comes from strangers is read by rd.h, which counts.
 */
#ifndef DNSD_OCTETS_H
#define DNSD_OCTETS_H

#include <stdint.h>

static inline unsigned
octets_get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline void
octets_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

#endif
