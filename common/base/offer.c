/*
 * offer.c - see offer.h.
 */
#include "common/base/offer.h"

#include <string.h>

#include "common/base/base.h"

void
offer_source(struct offer *o, const char *address)
{
	for (size_t i = 0; i < o->n_sources; i++)
		if (strcmp(o->source[i], address) == 0)
			return;
	if (address[0] != '\0' && o->n_sources < OFFER_MAX)
		o->source[o->n_sources++] = address;
}

static void
add_target(struct offer *o, const char *target)
{
	if (o->n_targets < OFFER_MAX)
		o->target[o->n_targets++] = target;
}

static void
add_nameserver(struct offer *o, const struct conf_nameserver *ns)
{
	for (size_t i = 0; i < ns->n_addresses; i++)
		if (o->n_targets < OFFER_MAX)
			add_target(o, sock_addr_print(&ns->addresses[i],
			    o->text[o->n_targets]));
}

void
offer_init(struct offer *o, const struct conf *conf)
{
	const struct conf_list *sources = &conf->nameservers.transfer_sources;
	const struct conf_list *targets = &conf->nameservers.notify_targets;

	o->n_sources = o->n_targets = 0;
	for (size_t i = 0; i < sources->n; i++)
		offer_source(o, sources->items[i]);
	if (sources->n == 0) {
		offer_source(o, conf->transfer.source_v4);
		offer_source(o, conf->transfer.source_v6);
	}
	for (size_t i = 0; i < targets->n; i++)
		add_target(o, targets->items[i]);
	if (targets->n == 0)
		for (size_t i = 0; i < conf->n_nameservers; i++)
			add_nameserver(o, &conf->nameserver[i]);
}
