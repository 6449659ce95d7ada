/*
 * client.h - one request to the API, and its answer.
 *
 * Knows:    libcurl (in client.c only); TLS with verification, no redirects,
 *           trying again when the server says so.
 * Not here: what a request means; JSON.
 * Bounded:  CLIENT_BODY_MAX bytes of an answer that is kept, its time,
 *           CLIENT_HEADERS_MAX bytes of headers, the number of tries.
 *
 * The server is a stranger: whatever it answers ends in a reply or an error.
 */
#ifndef API_CTL_CLIENT_H
#define API_CTL_CLIENT_H

#include "common/base/buf.h"
#include "common/base/fault.h"

enum {
	CLIENT_BODY_MAX = 64 << 20,
	CLIENT_HEADERS_MAX = 64 << 10,
	CLIENT_WAIT_MAX_S = 60,		/* longest Retry-After that is kept */
	CLIENT_URL_MAX = 8192,
};

struct client;

struct client_conf {
	const char *url;		/* "https://host[:port][/prefix]" */
	const char *token;		/* NULL: none is sent */
	const char *cacert;		/* NULL: the system's */
	bool plaintext;			/* token over http to anybody */
	int64_t timeout_s;		/* of one request */
	int64_t retries;
	bool verbose;			/* requests on standard error */
	bool quiet;			/* do not tell of trying again */
};

/* A piece of a streamed body; false: stop. */
typedef bool client_sink_fn(void *arg, const uint8_t *data, size_t len);

struct client_request {
	const char *method;
	const char *path;		/* "/v1/...", with its query, escaped */
	const char *body;		/* JSON, or NULL */
	const char *reason;		/* Understudy-Reason, or NULL */
	client_sink_fn *sink;		/* of a 200's body; NULL: it is kept */
	void *sink_arg;
	int64_t timeout_s;		/* 0: the client's */
};

struct client_reply {
	long status;
	struct buf body;
	char content_type[64];
	char location[512];
	char request_id[80];
	int64_t retry_after_s;		/* -1: not said */
};

/**
 * client_open() - @conf is borrowed until client_close()
 *
 * Returns OK; ERR_INVALID with @fault when the URL is not usable or would
 * show the token to the network.
 */
MUST_USE enum err client_open(const struct client_conf *conf,
    struct client **out, struct fault *fault);
void client_close(struct client *c);	/* accepts NULL */

/**
 * client_send() - a request, again where that is right
 * @out:   given, also when an error is returned; client_reply_fini() it
 * @fault: filled on error with what was tried and why it failed
 *
 * 429 and 503 are tried again after Retry-After; a lost connection is for GET,
 * and for POST, which carries an Idempotency-Key.
 *
 * Returns OK with any status; ERR_UNREACHABLE, ERR_TIMEOUT, ERR_CLOSED,
 * ERR_LIMIT, ERR_BAD_SIG (TLS), ERR_MALFORMED, ERR_STOPPED (the sink did).
 */
MUST_USE enum err client_send(struct client *c,
    const struct client_request *q, struct client_reply *out,
    struct fault *fault);

void client_reply_fini(struct client_reply *r);

#endif
