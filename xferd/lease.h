/*
 * lease.h - due zones claimed for this instance, with all that a round needs.
 *
 * Knows:    the statements lease_*: claim in batches (SKIP LOCKED), renew,
 *           release; rows to structs.
 * Not here: when to claim and how many (sched), what a round does (round).
 * Runs in:  lease_*_run in a crew thread; the structs then belong to the loop.
 * Bounded:  by the number asked for; LEASE_JOBS_MAX jobs per zone.
 */
#ifndef XFERD_LEASE_H
#define XFERD_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "common/base/sock.h"
#include "xferd/crew.h"
#include "xferd/profile.h"
#include "xferd/zone.h"

enum {
	LEASE_JOBS_MAX = 16,
	LEASE_CLAIM_MAX = 1024,
	LEASE_SOA_MAX = 530,
	LEASE_SEALED_MAX = 1024,
};

struct lease_primary {
	uint8_t id[16];
	uint8_t ordinal;
	bool tls;
	struct profile *profile;	/* with tls; NULL: it cannot be used */
	struct sock_addr addr;
	bool has_key;
	uint8_t key_id[16];
	uint8_t key_name[255];
	uint16_t key_name_len;
	uint16_t sealed_len;
	char algorithm[32];
	uint8_t sealed[LEASE_SEALED_MAX];
};

struct db_rows;
struct guard;

struct lease_zone {
	struct lease_zone *next;
	uint8_t zone_id[16];
	uint8_t tenant_id[16];
	enum zone_reason reason;
	bool has_hint;
	uint32_t hint;
	int first_ordinal;		/* NOTIFY: who sent it */
	uint32_t failures;
	char *name;			/* presentation form */
	uint8_t apex[255];
	uint8_t apex_len;
	bool asleep;			/* deleted, lapsed, tenant suspended */
	bool loaded;
	int64_t generation;
	struct digest root;		/* of that generation */
	uint32_t serial;
	uint8_t soa[LEASE_SOA_MAX];	/* rdata; with loaded */
	uint16_t soa_len;
	int64_t expires_in_ms;		/* with loaded */
	int64_t contact_age_ms;
	uint8_t noted;			/* zone_noted */
	bool has_accept, accept_lower;
	uint32_t accept;
	bool compare;
	bool has_back;			/* told already */
	uint32_t back_serial;
	bool used_up;			/* its tenant's transfers of today */
	bool has_guard;			/* a row in zone_guard */
	struct guard *guard;		/* it; NULL: the defaults */
	int64_t job_ids[LEASE_JOBS_MAX];
	unsigned n_jobs;
	unsigned n_primaries;
	struct lease_primary *primaries;	/* by ordinal */
};

void lease_zone_free(struct lease_zone *zone);	/* accepts NULL */

/** lease_read_primary() - from a row with the columns of lease_primaries
 *  @out: zeroed; profile is given */
void lease_read_primary(struct db_rows *rows, size_t row,
    struct lease_primary *out);

struct lease_claim {
	struct crew_job job;
	uint8_t owner[16];
	int64_t lease_ms;
	unsigned n_max;
	uint8_t (*busy)[16];		/* tenants at their cap; the maker's */
	size_t n_busy;
	int64_t compare_s;
	int64_t day_bytes;		/* of a tenant without its own limit */
	int priority_max;		/* the least urgent that is wanted */
	struct lease_zone *zones;	/* given */
	unsigned n_zones;
};

/** lease_claim_run() - the job's run(); ends with zones, maybe none */
enum err lease_claim_run(struct crew_job *job, struct db *db);

struct lease_renew {
	struct crew_job job;
	uint8_t owner[16];
	int64_t lease_ms;
	uint8_t (*zones)[16];		/* the maker's; malloc */
	size_t n_zones;
	bool *held;			/* n_zones; set by the run */
};

enum err lease_renew_run(struct crew_job *job, struct db *db);

/* Leases of ours that no round holds: their return was forgotten by a
 * database that was killed before it had written it down. */
struct lease_orphans {
	struct crew_job job;
	uint8_t owner[16];
	uint8_t (*held)[16];		/* the maker's; zones under way */
	size_t n_held;
	uint64_t n_freed;		/* given */
};

enum err lease_orphans_run(struct crew_job *job, struct db *db);

/** lease_release() - free what a former life of this instance held */
MUST_USE enum err lease_release(struct db *db, const uint8_t owner[16]);

#endif
