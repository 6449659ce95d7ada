/*
 * tls.h - TLS 1.3 towards one primary.
 *
 * Knows:    what RFC 9103 asks of a client: TLS 1.3 alone, ALPN "dot" offered
 *           and selected, the primary's certificate by PKIX (name or address,
 *           dates, use, authorities), by SPKI pins, or both; our certificate.
 * Not here: connecting, waiting (link, session); what is configured (keep).
 * Runs in:  the fetch role: one process for one connection, so that nothing
 *           (tickets, contexts, keys) is shared with another one.
 * Bounded:  CERTS_MAX bytes of the primary's certificates, DEPTH_MAX of them.
 *
 * The first question is written when all of that has been proved.  With pins
 * and no PKIX only the certificate itself counts, for anybody can add others
 * to what is shown; with both, any one of the verified chain.   RFC 7858 4.2
 *
 * No file is opened and no socket: octets go through recv() and send().
 * Revocation is not asked for: that would need connections of its own.
 */
#ifndef XFERD_TLS_H
#define XFERD_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/handoff.h"

struct tls;

/* Why it failed: for a person. */
struct tls_why {
	enum handoff_reason reason;	/* HANDOFF_OK: it did not */
	char text[HANDOFF_TEXT_MAX];
};

/** tls_warm_up() - what OpenSSL does once: before the fences come */
void tls_warm_up(void);

/**
 * tls_new() - before the connection is up
 * @profile: borrowed for the call
 * @ca_fd:   authorities for profile->pkix without profile->ca; -1: none.
 *           Borrowed.
 * @fd:      the socket; borrowed until tls_free()
 * @why:     set when it fails; borrowed until tls_free()
 *
 * Returns OK; ERR_CLOSED with @why (HANDOFF_TLS_SETUP).
 */
MUST_USE enum err tls_new(const struct handoff_fetch_tls *profile, int ca_fd,
    int fd, struct tls_why *why, struct tls **out);
void tls_free(struct tls *t);			/* accepts NULL */

/**
 * tls_shake() - go on with the handshake
 * @out_events: what to poll for, after ERR_AGAIN
 *
 * Returns OK when everything has been proved; ERR_AGAIN; ERR_CLOSED with why.
 */
MUST_USE enum err tls_shake(struct tls *t, short *out_events);

/**
 * tls_read(), tls_write() - as much as is possible without waiting
 *
 * tls_read() goes on until there is nothing more, or @out is full.
 *
 * Return OK (@out_n is not 0), ERR_AGAIN, ERR_CLOSED: with why, or without
 * one when it was merely closed.
 */
MUST_USE enum err tls_read(struct tls *t, uint8_t *out, size_t max,
    size_t *out_n);
MUST_USE enum err tls_write(struct tls *t, const uint8_t *p, size_t len,
    size_t *out_n);

/** tls_facts() - what was seen so far */
void tls_facts(const struct tls *t, struct handoff_tls *out);

#endif
