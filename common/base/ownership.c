/*
 * ownership.c - may this program start with transfer.ownership as it is?
 */
#include "common/base/ownership.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/sock.h"

bool
ownership_is_off(const struct conf *conf)
{
	return strcmp(conf->transfer.ownership, "off") == 0;
}

static bool
is_loopback(const char *listen)
{
	struct sock_addr a;

	return listen[0] == '\0' || (sock_addr_parse(listen, 53, &a) == OK &&
	    sock_addr_is_loopback(&a));
}

const char *
ownership_open(const struct conf *conf)
{
	const struct conf_list *lists[] = { &conf->dns.listen,
		&conf->dns.tls_listen, &conf->dns.proxy_listen };

	if (!ownership_is_off(conf))
		return NULL;
	if (!is_loopback(conf->api.listen))
		return conf->api.listen;
	for (size_t k = 0; k < COUNT_OF(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			if (!is_loopback(lists[k]->items[i]))
				return lists[k]->items[i];
	return NULL;
}

enum err
ownership_check(const struct conf *conf)
{
	const char *open = ownership_open(conf);

	if (!ownership_is_off(conf))
		return OK;
	log_warn("ownership.off", "reason=%s", LOG_Q("zones are served "
	    "without a proof of ownership: for private installations only"));
	if (open == NULL)
		return OK;
	log_err("ownership.refused", "listen=%s reason=%s", LOG_Q(open),
	    LOG_Q("transfer.ownership is off, which is for loopback alone: set "
	    "it to proof or operator, or listen on 127.0.0.1"));
	return ERR_CONFIG;
}
