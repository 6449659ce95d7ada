/*
 * openapi.h - the description of the API, as served.
 *
 * Made at build time from openapi.yaml by openapi2json.
 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include <stddef.h>

/** openapi_json() - the document; static */
const char *openapi_json(size_t *out_len);

#endif
