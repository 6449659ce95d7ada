/*
 * front.c - what stands between apid and its clients.
 */
#include <string.h>

#include "api/front.h"

static enum err
read_proxies(const struct conf *c, struct forwarded_conf *out,
    struct fault *fault)
{
	const struct conf_list *l = &c->api.proxy_prefixes;

	out->rfc7239 = strcmp(c->api.proxy_header, "forwarded") == 0;
	for (size_t i = 0; i < l->n; i++) {
		if (out->n_trusted == FORWARDED_TRUSTED ||
		    sock_prefix_parse(l->items[i],
			&out->trusted[out->n_trusted]) != OK) {
			fault_set(fault, "api.proxy_prefixes", 0,
			    "'%.64s' is not a prefix, or one too many",
			    l->items[i]);
			return ERR_CONFIG;
		}
		if (out->trusted[out->n_trusted].len == 0) {
			fault_set(fault, "api.proxy_prefixes", 0,
			    "'%.64s' would let every client say that it is "
			    "another", l->items[i]);
			return ERR_CONFIG;
		}
		out->n_trusted++;
	}
	return OK;
}

enum err
front_begin(const struct conf *c, struct http_conf *out,
    struct https **out_https, struct fault *fault)
{
	bool has_cert = c->api.tls_cert_file[0] != '\0';
	enum err e = sock_addr_parse(c->api.listen, 8053, &out->listen);

	*out_https = NULL;
	if (e != OK) {
		fault_set(fault, "api.listen", 0, "is not ADDRESS:PORT");
		return ERR_CONFIG;
	}
	if (has_cert != (c->api.tls_key_file[0] != '\0')) {
		fault_set(fault, has_cert ? "api.tls_key_file" :
		    "api.tls_cert_file", 0,
		    "is missing: certificate and key go together");
		return ERR_CONFIG;
	}
	e = read_proxies(c, &out->forwarded, fault);
	if (e != OK)
		return e;
	out->plain = c->api.plain;
	if (!has_cert && !out->plain && out->forwarded.n_trusted == 0 &&
	    !sock_addr_is_loopback(&out->listen)) {
		fault_set(fault, "api.listen", 0, "is not a loopback address, "
		    "and tokens and passwords would cross the network in the "
		    "clear: set api.tls_cert_file and api.tls_key_file, or "
		    "api.proxy_prefixes where a proxy ends TLS, or on a "
		    "private network api.plain = yes");
		return ERR_CONFIG;
	}
	if (!has_cert)
		return OK;
	out->tls_callback = https_callback();
	out->tls_priority = c->api.tls_priority;
	return https_new(c->api.tls_cert_file, c->api.tls_key_file,
	    c->api.tls_priority, out_https, fault);
}
