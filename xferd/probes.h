/*
 * probes.h - SOA queries, asked of the probe process.
 *
 * Knows:    connected sockets that probe processes get, cookies, UDP first and
 *           TCP when an answer is truncated or none comes.  T-016, T-017
 * Not here: what a serial means (zone); DNS messages (probe).
 * Runs in:  keep's loop thread.
 * Bounded:  one query per running round; PROBES_SOCKETS_MAX sockets.
 */
#ifndef XFERD_PROBES_H
#define XFERD_PROBES_H

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
#include "xferd/tally.h"

enum { PROBES_SOCKETS_MAX = 480 };

struct probes;
struct probes_query;

struct probes_conf {
	uint32_t timeout_ms;
	uint8_t tries;
	uint32_t connect_ms;
	unsigned tsig_mac_min;		/* see tsig_mac_min() */
};

struct probes_answer {
	enum handoff_reason reason;
	enum egress_verdict egress;	/* not ALLOWED: nothing was sent */
	const char *transport;		/* "udp" or "tcp" */
	bool has_soa;
	uint32_t serial;
	uint32_t ms;
	struct handoff_facts facts;
};

typedef void (*probes_fn)(void *arg, const struct probes_answer *answer);

MUST_USE enum err probes_new(uv_loop_t *loop, const struct probes_conf *conf,
    struct children *children, const struct egress_rules *rules,
    const struct keyring *keys, struct probes **out);

/**
 * probes_ask() - ask one primary for one SOA
 * @tenant, @at: borrowed until the answer
 * @key:         number in the keyring, 0 for none
 * @fn:          called once, from a later turn of the loop
 *
 * Returns NULL when there is no memory.
 */
struct probes_query *probes_ask(struct probes *p, const uint8_t tenant[16],
    struct tally_entry *at, const struct sock_addr *addr,
    const uint8_t *apex, uint8_t apex_len, uint32_t key, probes_fn fn,
    void *arg);

/** probes_cancel() - forget it; fn is not called */
void probes_cancel(struct probes *p, struct probes_query *q);

/* From the owner of the children. */
void probes_frame(struct probes *p, struct child *child,
    enum handoff_kind kind, const uint8_t *payload, size_t len);
void probes_ready(struct probes *p);
void probes_gone(struct probes *p);

#endif
