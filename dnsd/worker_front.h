/*
 * worker_front.h - who asks, and how much may they have: what a worker knows
 * before and after answer().
 *
 * Knows:    PROXY headers on the listeners that have them, the secrets of
 *           cookies, rates of UDP answers; the options that say so.
 * Not here: their rules (proxyv2.h, cookie_jar.h, rrl.h); sockets.
 * Runs in:  udp, tcp and tls workers.  Allocates nothing.
 */
#ifndef DNSD_WORKER_FRONT_H
#define DNSD_WORKER_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "dnsd/answer.h"
#include "dnsd/chaos.h"
#include "dnsd/control.h"
#include "dnsd/cookie_jar.h"
#include "dnsd/proxyv2.h"
#include "dnsd/rrl.h"

enum {
	WORKER_FRONT_PROXIES_MAX = 64,
	WORKER_FRONT_HOMES_MAX = 256,	/* addresses of name servers */
};

/* An address that clients know, and its stripe: a proxy's target. */
struct worker_front_home {
	struct sock_addr address;	/* its port does not matter */
	uint8_t stripe;
};

struct worker_front {
	const struct cookie_jar *jar;	/* NULL: none */
	uint32_t jar_seen;
	struct cookie_secrets secrets;
	struct chaos chaos;
	bool limits;			/* answers are counted in rrl */
	struct rrl rrl;
	uint32_t n_proxies;
	struct sock_prefix proxy[WORKER_FRONT_PROXIES_MAX];
	uint32_t n_homes;
	struct worker_front_home home[WORKER_FRONT_HOMES_MAX];
};

/* The client of one datagram; pointers into it, or into the header. */
struct worker_front_client {
	const uint8_t *ip;
	uint8_t ip_len;			/* 0: an unknown family */
	uint8_t stripe;
	uint16_t port;
	const uint8_t *request;
	size_t request_len;
};

/**
 * worker_front_init() - from the configuration; also fills @ctx's part
 * @cookies_fd: -1 or the jar, to be read; @rrl_fd: -1 or the table
 *
 * ERR_IO; ERR_CONFIG: a text that is no domain.
 */
MUST_USE enum err worker_front_init(struct worker_front *f,
    const struct conf *conf, int cookies_fd, int rrl_fd,
    struct answer_ctx *ctx);

/** worker_front_refresh() - once a turn: take new secrets if there are any */
static inline void
worker_front_refresh(struct worker_front *f)
{
	if (f->jar != NULL)
		(void)cookie_jar_take(f->jar, &f->jar_seen, &f->secrets);
}

/** worker_front_proxy() - which prefix this proxy is of; -1: none */
int worker_front_proxy(const struct worker_front *f,
    const struct sock_addr *peer);

/** worker_front_stripe() - of the address that the client asked */
uint8_t worker_front_stripe(const struct worker_front *f,
    const struct proxyv2 *header, uint8_t otherwise);

/** worker_front_address() - the client of a header that is not local */
void worker_front_address(const struct proxyv2 *header, struct sock_addr *out);

/** worker_front_plain() - the client of a datagram as the kernel says it */
void worker_front_plain(const struct sockaddr_storage *source,
    struct worker_front_client *out);

/**
 * worker_front_unwrap() - the client of a datagram that came by a proxy
 * @header: filled; @out points into it
 *
 * Returns false when it is to be dropped.
 */
bool worker_front_unwrap(const struct worker_front *f,
    const struct sockaddr_storage *source, const uint8_t *bytes, size_t len,
    uint8_t stripe, struct proxyv2 *header, struct worker_front_client *out);

/** worker_front_counted() - whose answers are counted: rrl_address(), 0 for
 *  nobody's */
static inline uint64_t
worker_front_counted(const struct worker_front *f,
    const struct worker_front_client *client)
{
	uint64_t a;

	if (!f->limits || client->ip_len == 0)
		return 0;
	a = rrl_address(client->ip, client->ip_len);
	return rrl_is_exempt(&f->rrl, a) ? 0 : a;
}

/**
 * worker_front_limit() - may this UDP answer be sent?
 * @address: of the client, not 0
 * @len:     of the answer; changed when it is sent truncated instead
 *
 * Counts.  Returns false when it is not.
 */
bool worker_front_limit(struct worker_front *f, uint64_t address,
    struct answer_job *job, struct control_counters *count, size_t *len);

/** worker_front_key() - give a new table its key; the supervisor's */
MUST_USE enum err worker_front_key(int rrl_fd);

#endif
