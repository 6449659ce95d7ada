/*
 * primary_tls.h - what a primary must prove by TLS, as clients describe it.
 *
 * Knows:    the member `tls` of a primary: its fields, whether certificates
 *           and keys can be used at all (OpenSSL), the table primary_tls.
 * Not here: TLS connections (xferd).
 * Runs in:  handler threads.
 *
 * The private key comes in, is sealed for xferd at once, and never goes out.
 */
#ifndef API_PRIMARY_TLS_H
#define API_PRIMARY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/body.h"
#include "api/req.h"
#include "common/base/jw.h"
#include "common/db/db.h"
#include "common/db/seal.h"

enum {
	PRIMARY_TLS_PINS = 8,
	PRIMARY_TLS_PIN = 32,
	PRIMARY_TLS_CA = 32768,
	PRIMARY_TLS_CERTIFICATE = 16384,
};

struct primary_tls {			/* large: on the heap */
	char name[256];			/* "" for none: the address counts */
	const char *verify;		/* static text */
	uint8_t pins[PRIMARY_TLS_PINS * PRIMARY_TLS_PIN];
	size_t pins_len;
	char ca[PRIMARY_TLS_CA + 1];	/* "" for the usual ones */
	bool has_key;			/* one is stored */
	bool set_key;			/* the next ones are to be stored */
	char certificate[PRIMARY_TLS_CERTIFICATE + 1];	/* "" for none */
	uint8_t key_id[16];
	uint8_t sealed[SEAL_LONG_MAX + 256];
	size_t sealed_len;
};

/** primary_tls_defaults() - what a primary without the member means */
void primary_tls_defaults(struct primary_tls *t);

/** primary_tls_load() - what is stored of a primary; defaults without a row */
MUST_USE enum err primary_tls_load(struct db *db, struct req *r,
    const uint8_t *id, struct primary_tls *t);

/**
 * primary_tls_apply() - the member's fields on top of @t
 * @in:      the value of `tls`: null or an object
 * @pointer: of it, for faults
 *
 * Faults go to r->faults; returns OK then, too.
 */
MUST_USE enum err primary_tls_apply(struct req *r, const struct body_any *in,
    const char *pointer, struct primary_tls *t);

/** primary_tls_store() - in the transaction that made or changed @id */
MUST_USE enum err primary_tls_store(struct db *db, struct req *r,
    const uint8_t *id, const struct primary_tls *t);

/** primary_tls_clear() - of a primary that no longer speaks TLS */
MUST_USE enum err primary_tls_clear(struct db *db, struct req *r,
    const uint8_t *id);

/**
 * primary_tls_print() - the member `tls`
 * @col:  column of name; then verify, pins, whether there is a key
 * @pem:  then also ca and certificate
 */
void primary_tls_print(struct jw *w, struct db_rows *rows, size_t row,
    int col, bool pem);

#endif
