/*
 * app.h - what a running apid consists of; made and ended by main.c.
 *
 * Constant while requests run, so nobody locks it.
 */
#ifndef API_APP_H
#define API_APP_H

#include "api/auth.h"
#include "api/repo.h"
#include "api/vault.h"
#include "common/base/conf.h"
#include "common/db/seal.h"

struct bucket_table;
struct http;
struct https;
struct pool;
struct waiter;

struct app {
	const struct conf *conf;
	struct auth_pepper pepper;
	struct vault vault;
	struct seal_public seal;
	bool has_seal;
	struct repo_conf repo;
	struct bucket_table *by_caller, *by_address;	/* NULL: unlimited */
	struct pool *pool;
	struct pool *passwords;		/* hashes them */
	struct waiter *waiter;
	struct http *http;
	struct https *https;		/* NULL: HTTP */
};

#endif
