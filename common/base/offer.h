/*
 * offer.h - the addresses of ours that customers configure, as strings.
 *
 * Knows:    [nameservers] transfer_sources and notify_targets, and what stands
 *           in for them when they are not set: transfer.source_v4 and
 *           source_v6; the name servers' addresses.
 * Not here: which of them a program binds to.
 * Bounded:  OFFER_MAX of each.
 */
#ifndef COMMON_BASE_OFFER_H
#define COMMON_BASE_OFFER_H

#include <stddef.h>

#include "common/base/conf.h"
#include "common/base/sock.h"

enum { OFFER_MAX = 64 };

struct offer {
	const char *source[OFFER_MAX];	/* addresses, prefixes */
	size_t n_sources;
	const char *target[OFFER_MAX];	/* "ADDR:PORT" or "ADDR" */
	size_t n_targets;
	char text[OFFER_MAX][SOCK_TEXT_MAX];	/* some point into it */
};

/** offer_init() - points into @conf, which must live as long */
void offer_init(struct offer *o, const struct conf *conf);

/** offer_source() - also from this address; nothing when there is no room */
void offer_source(struct offer *o, const char *address);

#endif
