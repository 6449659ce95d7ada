/*
 * rrtype.c - the table of rrtype.def, as functions. See rrtype.h.
 */
#include <stddef.h>

#include "common/dns/rrtype.h"

const char *
rrtype_shape(uint16_t type)
{
	switch (type) {
#define RRTYPE(number, name, shape) case number: return shape;
#include "common/dns/rrtype.def"
#undef RRTYPE
	default:
		return "B";
	}
}

const char *
rrtype_name(uint16_t type)
{
	if (type == RRTYPE_NSAP_PTR)
		return "NSAP-PTR";
	switch (type) {
#define RRTYPE(number, name, shape) case number: return #name;
#include "common/dns/rrtype.def"
#undef RRTYPE
	default:
		return NULL;
	}
}
