/*
 * profile.h - what one primary has to prove by TLS, and what we show it.
 *
 * Knows:    the row of primary_tls, the frame that a fetch process gets, what
 *           makes two profiles the same.
 * Not here: TLS (tls), reading rows (lease).
 * Runs in:  made in a crew thread, used in keep's loop thread.
 * Bounded:  by the sizes of handoff.h.
 */
#ifndef XFERD_PROFILE_H
#define XFERD_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "common/dns/digest.h"
#include "xferd/handoff.h"

struct keyring;

/* As stored; all borrowed.  A primary without a row: all empty. */
struct profile_row {
	const char *name;		/* NULL: its address is checked */
	const char *verify;		/* "pkix", "pin", "both"; NULL: "pkix" */
	const uint8_t *pins;		/* HANDOFF_PIN bytes each */
	size_t pins_len;
	const char *ca;			/* PEM; NULL: the system's */
	const char *certificate;	/* PEM; NULL: none of ours */
	const uint8_t *key_id;		/* 16 bytes, with certificate */
	const uint8_t *sealed;
	size_t sealed_len;
};

struct profile {
	struct digest digest;		/* equal: the same in everything */
	bool pkix, own_ca;
	struct handoff_fetch_tls tls;	/* but for address and key */
	uint8_t key_id[16];
	uint8_t *sealed;		/* NULL: no certificate of ours */
	size_t sealed_len;
	uint8_t *text;			/* what tls points to */
};

/** profile_new() - NULL: no memory, or a row that cannot be (too long) */
struct profile *profile_new(const struct profile_row *row);
void profile_free(struct profile *p);		/* accepts NULL */

/**
 * profile_encode() - the payload of HANDOFF_FETCH_TLS for this primary
 * @out: HANDOFF_TLS_MAX bytes; wipe them after use
 *
 * Returns OK; ERR_BAD_KEY: the key of our certificate cannot be opened.
 */
MUST_USE enum err profile_encode(const struct profile *p,
    const struct keyring *keys, const uint8_t tenant[16],
    const struct sock_addr *address, uint8_t *out, size_t *out_len);

enum { PROFILE_PIN_TEXT = 64 };

/* "sha256/..." as people and `openssl ... | base64` write it. */
void profile_print_pin(const uint8_t pin[HANDOFF_PIN],
    char out[PROFILE_PIN_TEXT]);

/** profile_print_pins() - the configured ones, the first few */
void profile_print_pins(const struct profile *p, char *out, size_t size);

#endif
