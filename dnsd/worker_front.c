/*
 * worker_front.c - see worker_front.h.
 */
#include "dnsd/worker_front.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/hash.h"
#include "common/dns/dname.h"

static enum err
table_map(int fd, struct rrl_table **out)
{
	void *p = mmap(NULL, sizeof(**out), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);

	if (p == MAP_FAILED)
		return ERR_IO;
	*out = p;
	return OK;
}

enum err
worker_front_key(int rrl_fd)
{
	struct rrl_table *t;
	enum err e = table_map(rrl_fd, &t);

	if (e != OK)
		return e;
	if ((t->key[0] | t->key[1] | t->key[2] | t->key[3]) == 0)
		hash_random(t->key, sizeof(t->key));
	munmap(t, sizeof(*t));
	return OK;
}

static void
text_put(struct chaos_text *t, const char *text)
{
	t->len = (uint8_t)MIN(strlen(text), (size_t)CHAOS_TEXT_MAX);
	memcpy(t->text, text, t->len);
}

static void
prefixes_put(struct worker_front *f, const struct conf *conf)
{
	const struct conf_list *l = &conf->dns.rrl_exempt_prefixes;
	struct sock_prefix p;

	for (size_t i = 0; i < l->n && i < RRL_EXEMPT_MAX; i++)
		if (sock_prefix_parse(l->items[i], &p) == OK)
			rrl_exempt(&f->rrl, p.ip, p.family == 4 ? 4 : 16,
			    p.len);
	l = &conf->dns.proxy_prefixes;
	for (size_t i = 0; i < l->n && i < WORKER_FRONT_PROXIES_MAX; i++)
		if (sock_prefix_parse(l->items[i],
		    &f->proxy[f->n_proxies]) == OK)
			f->n_proxies++;
}

static void
homes_put(struct worker_front *f, const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_nameservers; i++)
		for (size_t k = 0; k < conf->nameserver[i].n_addresses &&
		    f->n_homes < WORKER_FRONT_HOMES_MAX; k++)
			f->home[f->n_homes++] = (struct worker_front_home){
				conf->nameserver[i].addresses[k],
				(uint8_t)conf->nameserver[i].stripe,
			};
}

static enum err
agent_put(const char *text, struct answer_ctx *ctx)
{
	size_t len;

	ctx->agent_len = 0;
	if (text[0] == '\0')
		return OK;
	/* The root is not one. RFC 9567 6.2 */
	if (dname_parse(text, strlen(text), ctx->agent, &len) != OK ||
	    len < 2)
		return ERR_CONFIG;
	ctx->agent_len = (uint8_t)len;
	return OK;
}

enum err
worker_front_init(struct worker_front *f, const struct conf *conf,
    int cookies_fd, int rrl_fd, struct answer_ctx *ctx)
{
	struct cookie_jar *jar = NULL;
	struct rrl_table *table = NULL;
	enum err e = agent_put(conf->dns.report_agent, ctx);

	memset(f, 0, sizeof(*f));
	if (e == OK && cookies_fd >= 0)
		e = cookie_jar_map(cookies_fd, false, &jar);
	if (e == OK && rrl_fd >= 0 && conf->dns.rrl)
		e = table_map(rrl_fd, &table);
	if (e != OK)
		return e;
	f->jar = jar;
	f->limits = table != NULL;
	rrl_init(&f->rrl, table, conf->dns.rrl_per_second,
	    conf->dns.rrl_network_per_second, conf->dns.rrl_slip);
	prefixes_put(f, conf);
	homes_put(f, conf);
	text_put(&f->chaos.version, conf->dns.chaos_version);
	text_put(&f->chaos.hostname, conf->dns.chaos_hostname);
	text_put(&f->chaos.id, conf->dns.chaos_id);
	ctx->chaos = &f->chaos;
	ctx->cookies = &f->secrets;
	ctx->keepalive_100ms = (uint16_t)MIN(conf->dns.tcp_idle_ms / 100,
	    (uint32_t)UINT16_MAX);
	worker_front_refresh(f);
	return OK;
}

int
worker_front_proxy(const struct worker_front *f, const struct sock_addr *peer)
{
	for (uint32_t i = 0; i < f->n_proxies; i++)
		if (sock_prefix_match(&f->proxy[i], peer))
			return (int)i;
	return -1;
}

uint8_t
worker_front_stripe(const struct worker_front *f, const struct proxyv2 *header,
    uint8_t otherwise)
{
	for (uint32_t i = 0; !header->local && i < f->n_homes; i++) {
		const struct sock_addr *a = &f->home[i].address;

		if ((a->family == 4 ? 4 : 16) == header->ip_len &&
		    memcmp(a->ip, header->target, header->ip_len) == 0)
			return f->home[i].stripe;
	}
	return otherwise;
}

void
worker_front_address(const struct proxyv2 *header, struct sock_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = header->ip_len == 4 ? 4 : 6;
	out->port = header->source_port;
	memcpy(out->ip, header->source, header->ip_len);
}

void
worker_front_plain(const struct sockaddr_storage *source,
    struct worker_front_client *out)
{
	const struct sockaddr_in *v4 = (const void *)source;
	const struct sockaddr_in6 *v6 = (const void *)source;

	if (source->ss_family == AF_INET) {
		out->ip = (const uint8_t *)&v4->sin_addr;
		out->ip_len = 4;
		out->port = ntohs(v4->sin_port);
	} else if (source->ss_family == AF_INET6) {
		out->ip = v6->sin6_addr.s6_addr;
		out->ip_len = 16;
		out->port = ntohs(v6->sin6_port);
	} else {
		out->ip = NULL;
		out->ip_len = 0;
		out->port = 0;			/* not answered */
	}
}

bool
worker_front_unwrap(const struct worker_front *f,
    const struct sockaddr_storage *source, const uint8_t *bytes, size_t len,
    uint8_t stripe, struct proxyv2 *header, struct worker_front_client *out)
{
	struct sock_addr peer;

	if (sock_addr_from_sa((const struct sockaddr *)source,
	    sizeof(*source), &peer) != OK || worker_front_proxy(f, &peer) < 0 ||
	    proxyv2_parse(bytes, len, header) != OK)
		return false;
	worker_front_plain(source, out);
	if (!header->local) {
		out->ip = header->source;
		out->ip_len = header->ip_len;
		out->port = header->source_port;
	}
	out->stripe = worker_front_stripe(f, header, stripe);
	out->request = bytes + header->size;
	out->request_len = len - header->size;
	return true;
}

bool
worker_front_limit(struct worker_front *f, uint64_t address,
    struct answer_job *job, struct control_counters *count, size_t *len)
{
	struct answer_likeness like;

	answer_liken(job, &like);
	if (like.cookie_good)
		return true;
	switch (rrl_judge(&f->rrl, address, (enum rrl_kind)like.kind,
	    like.zone, like.now_boot_ms)) {
	case RRL_PASS:
		return true;
	case RRL_SLIP:
		*len = answer_slip(job);
		control_add(count, CONTROL_rrl_slipped, 1);
		return true;
	case RRL_DROP:
		break;
	}
	control_add(count, CONTROL_rrl_dropped, 1);
	return false;
}
