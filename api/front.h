/*
 * front.h - what stands between apid and its clients: an address, TLS, proxies.
 *
 * Knows:    the options of [api] about them, and which make no sense together.
 * Not here: HTTP (http.h), certificates (https.h), headers (forwarded.h).
 */
#ifndef API_FRONT_H
#define API_FRONT_H

#include "api/http.h"
#include "api/https.h"
#include "common/base/conf.h"

/**
 * front_begin() - from the options to what http_open() needs
 * @out:       listen, tls_*, forwarded and plain are filled
 * @out_https: the certificate; NULL for HTTP
 * @fault:     filled on error
 *
 * Beyond loopback tokens do not travel in the clear unless the operator says
 * so: ERR_CONFIG.
 */
MUST_USE enum err front_begin(const struct conf *c, struct http_conf *out,
    struct https **out_https, struct fault *fault);

#endif
