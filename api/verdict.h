/*
 * verdict.h - how a zone fares, in sentences that its owner understands.
 *
 * Knows:    what each state of a zone means for answers, and what to do.
 * Not here: finding it out (xferd), the zone's document (resource_zones).
 *           Pure.
 * Runs in:  any thread.
 * Bounded:  VERDICT_MAX characters.
 */
#ifndef API_VERDICT_H
#define API_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VERDICT_MAX = 1600 };

struct verdict_in {
	const char *health;		/* of the document; never NULL */
	const char *name;		/* of the zone */
	bool loaded;
	bool has_primaries;
	uint32_t serial;		/* with loaded */
	bool has_primary_serial;
	uint32_t primary_serial;
	const char *expires;		/* text of a time; NULL: none */
	const char *error;		/* the last one's sentence; NULL: none */
	const char *back;		/* "lower", "undefined", NULL */
	uint32_t back_serial;
};

/** verdict_print() - one or a few sentences @out: VERDICT_MAX + 1 bytes */
void verdict_print(const struct verdict_in *in, char *out);

#endif
