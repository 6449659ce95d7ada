/*
 * publish.h - prepared versions into the database, many in one transaction.
 *
 * Knows:    the compare-and-set on the generation, the fence of the lease,
 *           rows of pages and nodes, one NOTIFY per commit.
 * Not here: making versions (ingest), due times (ledger).
 * Runs in:  submitted by the loop; written by the one thread of the lane
 *           CREW_PUBLISH.
 * Bounded:  PUBLISH_ZONES_MAX zones and PUBLISH_BYTES_MAX bytes of pages in a
 *           transaction.
 *
 * A version is published whole or not at all; one that lost against another
 * publisher does not fail its neighbours.  What comes while a commit is under
 * way makes the next one: one zone alone does not wait.
 */
#ifndef XFERD_PUBLISH_H
#define XFERD_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "xferd/crew.h"
#include "xferd/outline.h"

enum {
	PUBLISH_ZONES_MAX = 200,
	PUBLISH_BYTES_MAX = 256 << 20,
};

/* A row to be written or closed; all bytes belong to the version. */
struct publish_row {
	uint8_t *bytes;			/* low, high, body, one block */
	uint16_t low_len, high_len;
	bool has_high;
	uint8_t level;			/* 0: page */
	uint32_t n_records;		/* pages */
	size_t body_len;		/* 0: to be closed */
	struct digest digest;
	int64_t signed_until_s;		/* pages; 0: nothing is signed */
	int64_t signed_keys;		/* ... verified with; <= 0: not */
};

struct publish_rows {
	struct publish_row *row;
	size_t n, size;
};

struct publish_version {
	struct publish_version *next;
	uint8_t zone_id[16], tenant_id[16], primary_id[16];
	int64_t base_generation;
	uint32_t serial;
	uint8_t soa[530];
	uint16_t soa_len;
	unsigned root_level;
	struct digest root_digest;
	uint64_t n_records, n_pages;
	bool ixfr;
	int64_t expires_in_ms;
	bool guarded;			/* the zone has a row in zone_guard */
	int64_t pin_from;		/* serve this old version; 0: pages below */
	int64_t pin_wanted;		/* ... as the pin; 0: the pin is over */
	uint64_t pin_pages;		/* ... which writes so many pages */
	struct publish_rows pages, nodes;	/* new */
	struct publish_rows close_pages, close_nodes;
	size_t n_bytes;
	struct outline *outline;	/* of this version; or NULL */

	/* In the loop; the version is its maker's again.  OK; ERR_CONFLICT:
	 * somebody else published or the lease is gone; else our trouble. */
	void (*done)(struct publish_version *v, enum err e);
	void *arg;
	enum err err;			/* publish's */
	bool locked;			/* publish's */
};

/** publish_rows_add() - copies; ERR_NO_MEMORY */
MUST_USE enum err publish_rows_add(struct publish_rows *rows, unsigned level,
    const uint8_t *low, size_t low_len, const uint8_t *high, size_t high_len,
    const struct digest *digest, uint32_t n_records, const uint8_t *body,
    size_t body_len);

void publish_version_free(struct publish_version *v);	/* accepts NULL */

struct publish;

MUST_USE enum err publish_new(struct crew *crew, const uint8_t owner[16],
    struct publish **out);

/** publish_limit() - records of a tenant that has no limit of its own; without
 *  it there is none.  A version above the limit ends with ERR_LIMIT. */
void publish_limit(struct publish *p, int64_t records_max);

/** publish_submit() - the version is borrowed until its done() */
void publish_submit(struct publish *p, struct publish_version *v);

bool publish_idle(const struct publish *p);

#endif
