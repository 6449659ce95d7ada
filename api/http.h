/*
 * http.h - the HTTP side of apid: libmicrohttpd and the traps it leaves open.
 *
 * Knows:    libmicrohttpd, message framing, sizes, deadlines, headers.
 * Not here: what requests mean (req.h), threads that run them (pool.h).
 * Runs in:  libmicrohttpd's threads, which never wait for anything.
 * Bounded:  by struct http_conf; every limit is an answer, not a surprise.
 *
 * What libmicrohttpd 0.9.75 lets through and this room refuses: repeated
 * Content-Length, Transfer-Encoding, Host or Authorization; both framings
 * at once; folded headers (it glues the continuation to the header's name);
 * other transfer encodings than chunked; %00 in a path; unknown methods; bodies of any size; bodies and headers that trickle in for ever.
 * What remains its own: 400 and 431 for headers that it cannot parse, as an
 * HTML page.
 */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "api/forwarded.h"
#include "api/req.h"
#include "common/base/err.h"
#include "common/base/sock.h"

struct http;

/* Take a complete request; false when there is no room: 503.  Ends with
 * http_finish() from any thread. */
typedef bool http_submit_fn(struct app *app, struct req *r);

struct http_conf {
	struct sock_addr listen;
	void *tls_callback;		/* https_callback(); NULL: no TLS */
	const char *tls_priority;
	struct forwarded_conf forwarded;
	bool plain;			/* clients of a proxy need no TLS */
	unsigned int n_threads;
	/* Trusted proxies have as many as they like. */
	unsigned int connections_max, connections_per_ip_max;
	size_t body_max_bytes;
	unsigned int idle_timeout_s;
	unsigned int request_timeout_s;	/* first byte to last byte */
	struct app *app;
	http_submit_fn *submit;
};

MUST_USE enum err http_open(const struct http_conf *conf,
    struct http **out_http);

/** http_port() - the port it listens on, for port 0 */
uint16_t http_port(const struct http *http);

/** http_finish() - the reply (or the next piece) is there: send it */
void http_finish(struct req *r);

/** http_tick() - close connections whose request takes too long to arrive;
 *  call it about every second */
void http_tick(struct http *http);

/** http_stop() - take no new connections; those that are open end with their
 *  next reply */
void http_stop(struct http *http);

/** http_drain() - give what was answered two seconds to be sent */
void http_drain(struct http *http);

/** http_close() - end; every request must have been finished before */
void http_close(struct http *http);

#endif
