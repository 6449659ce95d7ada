/*
 * https.h - apid's certificate: read, checked, replaced while it is in use.
 *
 * Knows:    GnuTLS, which libmicrohttpd speaks TLS with; the two files.
 * Not here: connections (http.c).
 * Threads:  https_look() is called by one; handshakes in any.
 * Bounded:  HTTPS_KEPT certificates at a time.
 *
 * A changed pair of files is taken up within seconds, or at once when asked.
 * Files that do not belong together, cannot be read or have expired change
 * nothing: what was used goes on, and the log says why. Connections go on with
 * the certificate they began with.
 *
 * libmicrohttpd's callback has no argument of ours: one struct https in a
 * process.
 */
#ifndef API_HTTPS_H
#define API_HTTPS_H

#include "common/base/err.h"
#include "common/base/fault.h"

enum { HTTPS_KEPT = 8 };

struct https;

/**
 * https_new() - read the first pair
 * @cert_path: certificate, then its chain, PEM
 * @key_path:  its key, PEM; see secret_path()
 * @priority:  a GnuTLS priority string
 * Both paths are borrowed for its life. @fault: filled on error.
 */
MUST_USE enum err https_new(const char *cert_path, const char *key_path,
    const char *priority, struct https **out, struct fault *fault);

/** https_look() - have the files changed? Looks every few seconds, or now */
void https_look(struct https *h, bool now);

/** https_callback() - for MHD_OPTION_HTTPS_CERT_CALLBACK */
void *https_callback(void);

/** https_free() - after the last handshake; accepts NULL */
void https_free(struct https *h);

#endif
