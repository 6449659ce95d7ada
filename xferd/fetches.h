/*
 * fetches.h - transfers, asked of fetch processes; slots and fairness.
 *
 * Knows:    who may transfer now (caps per tenant, address and in all;
 *           urgency, then round-robin over tenants), warm processes, many
 *           zones of one primary on a connection, spools.
 * Not here: what a result means (round, zone); DNS messages (fetch).
 * Runs in:  keep's loop thread.
 * Bounded:  transfers_max connections, pipeline_max transfers on each; one
 *           waiting per running round; spools.
 */
#ifndef XFERD_FETCHES_H
#define XFERD_FETCHES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "xferd/children.h"
#include "xferd/egress.h"
#include "xferd/handoff.h"
#include "xferd/keyring.h"
#include "xferd/profile.h"
#include "xferd/spool.h"
#include "xferd/tally.h"
#include "xferd/zone.h"

struct fetches;
struct fetches_req;

struct fetches_conf {
	unsigned transfers_max, per_tenant, per_primary;	/* connections */
	unsigned pipeline_max;		/* transfers on one; to
					   HANDOFF_PIPELINE_MAX */
	uint32_t connect_ms, first_ms, idle_ms, total_ms;
	uint32_t rate_min_bps, rate_window_ms;
	unsigned tsig_mac_min;		/* see tsig_mac_min() */
	struct handoff_limits limits;
	size_t spool_max;		/* of one transfer */
	size_t spool_all_max;
	const char *ca_file;		/* the usual authorities, PEM */
};

/* What to fetch.  Copied; the tally entries are borrowed until the end. */
struct fetches_ask {
	uint8_t tenant_id[16];
	struct tally_entry *tenant, *at;
	struct sock_addr addr;
	const struct profile *profile;	/* TLS; NULL: plain.  Borrowed until
					   the end */
	uint32_t key;			/* number in the keyring; 0: none */
	uint8_t apex[255];
	uint8_t apex_len;
	bool probe;			/* only the SOA; no mode, no spool */
	bool peek;			/* ends HANDOFF_OK, without an SOA, as soon
					   as the first records come */
	enum zone_mode mode;
	uint32_t serial;		/* IXFR */
	uint8_t soa[530];
	uint16_t soa_len;
	enum zone_reason urgency;
};

struct fetches_answer {
	const struct handoff_result *result;	/* borrowed for the call */
	enum egress_verdict egress;	/* not ALLOWED: nothing was sent */
	bool spool_full;		/* an account of memory was */
	int64_t waited_ms;		/* for a slot */
	struct spool *spool;		/* given; NULL when nothing came */
};

typedef void (*fetches_fn)(void *arg, const struct fetches_answer *answer);

MUST_USE enum err fetches_new(uv_loop_t *loop,
    const struct fetches_conf *conf, struct children *children,
    const struct egress_rules *rules, const struct keyring *keys,
    struct fetches **out);

/** fetches_ask() - fn is called once, from a later turn; NULL: no memory */
struct fetches_req *fetches_ask(struct fetches *f,
    const struct fetches_ask *ask, fetches_fn fn, void *arg);

/** fetches_cancel() - the process is killed if it runs; fn is not called */
void fetches_cancel(struct fetches *f, struct fetches_req *req);

void fetches_frame(struct fetches *f, struct child *child,
    enum handoff_kind kind, const uint8_t *payload, size_t len);
void fetches_ready(struct fetches *f);
void fetches_gone(struct fetches *f, struct child *child);

#endif
