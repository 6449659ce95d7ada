/*
 * worker_tls.h - the process of DNS over TLS (RFC 7858).
 *
 * Knows:    OpenSSL: certificate, handshakes, records, tickets.
 * Not here: connections and their limits (worker_tcp.h), DNS (answer.h),
 *           where the files are (tlsfiles.h).
 * Runs in:  one process per TLS worker.  OpenSSL allocates for a connection;
 *           its memory is bounded by tls_clients_max and RLIMIT_DATA.
 *
 * TLS 1.2 at least.  ALPN "dot" is taken when offered and not asked for; no
 * renegotiation, compression or early data.  Sessions are resumed by tickets
 * under a key of this process alone, new every WORKER_TLS_TICKET_MS.  Changed
 * files come over the control socket: connections keep the certificate that
 * they began with, new ones get the new one, and files that are no good
 * change nothing.
 */
#ifndef DNSD_WORKER_TLS_H
#define DNSD_WORKER_TLS_H

#include "dnsd/worker.h"

enum { WORKER_TLS_TICKET_MS = 12 * 3600 * 1000 };

/** worker_tls_load() - read @cert_fd and @key_fd (taken); before the process
 *  gives up its rights.  Logs what is wrong with them.  ERR_CONFIG */
MUST_USE enum err worker_tls_load(int cert_fd, int key_fd);

/** worker_tls_run() - answer until SIGTERM; the exit status */
int worker_tls_run(struct worker *w);

#endif
