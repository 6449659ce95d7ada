/*
 * openapi.c - the description of the API, compiled in.  See openapi.h.
 */
#include "api/openapi.h"

static const char text[] = {
#include "api/openapi.inc"
	'\0'
};

const char *
openapi_json(size_t *out_len)
{
	*out_len = sizeof(text) - 1;
	return text;
}
