/*
 * http.c - libmicrohttpd and its traps.  See http.h.
 *
 * An exchange is one request on a connection.  Its phases:
 *
 *	HEADERS  the library has read the headers: framing is checked, the
 *		 route is found; what is wrong is answered before a body is
 *		 read, and the connection closed
 *	BODY     pieces of the body arrive
 *	RUNNING  suspended; the request is with the pool or the waiter
 *	ANSWER   resumed; the reply is queued
 *
 * Streams go round once more for each piece: the library asks for bytes,
 * the connection is suspended, the pool makes the next piece.
 */
#include <sys/socket.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <unistd.h>

#include <microhttpd.h>

#include "api/crowd.h"
#include "api/forwarded.h"
#include "api/framing.h"
#include "api/http.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"

enum {
	CONNECTION_MEMORY = 64 << 10,
	STREAM_BLOCK = 32 << 10,
	DISCARD_FACTOR = 8,		/* of body_max_bytes, then cut off */
	BACKLOG = 512,
	DRAIN_MS = 2000,
	DRAIN_STEP_MS = 10,
};

enum phase { HEADERS, BODY, RUNNING, ANSWER };

struct exchange {
	struct req r;			/* first: http_finish() goes back */
	struct http *http;
	struct MHD_Connection *conn;
	enum phase phase;
	bool uri_bad;
	const char *raw_query;		/* in raw */
	char *raw;			/* the address as received */
	size_t n_discarded;
	size_t sent;			/* of r.piece */
};

/* A connection, for the deadline of its headers and body. */
struct link {
	struct link *prev, *next;
	int fd;
	int64_t since_ms;		/* 0: nothing is awaited */
	struct sock_addr peer;
	bool counted;			/* in the crowd */
};

struct http {
	struct http_conf conf;
	struct MHD_Daemon *mhd;
	pthread_mutex_t lock;		/* guards links */
	struct link links;		/* head of a ring */
	struct crowd *crowd;
	atomic_uint n_open;		/* exchanges that were begun */
	atomic_bool stopping;
};

static struct exchange *
exchange_of(struct req *r)
{
	return CONTAINER_OF(r, struct exchange, r);
}

/* ---- connections and their deadline ---- */

/* One address may have so many; of a proxy come the clients of many. */
static void
count_link(struct http *h, struct link *l, const struct sockaddr *sa)
{
	if (sock_addr_from_sa(sa, sizeof(struct sockaddr_in6), &l->peer) != OK)
		return;
	sock_addr_unmap(&l->peer);
	if (forwarded_trusts(&h->conf.forwarded, &l->peer))
		return;
	l->counted = crowd_enter(h->crowd, &l->peer);
	if (!l->counted)
		(void)shutdown(l->fd, SHUT_RDWR);
}

static void
on_connection(void *cls, struct MHD_Connection *conn, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct http *h = cls;
	struct link *l = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(conn,
			MHD_CONNECTION_INFO_CONNECTION_FD);

		l = info == NULL ? NULL : calloc(1, sizeof(*l));
		*socket_context = l;
		if (l == NULL)
			return;
		l->fd = info->connect_fd;
		l->since_ms = now_mono_ms();
		info = MHD_get_connection_info(conn,
		    MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		if (info != NULL)
			count_link(h, l, info->client_addr);
		pthread_mutex_lock(&h->lock);
		l->next = h->links.next;
		l->prev = &h->links;
		l->next->prev = l;
		h->links.next = l;
		pthread_mutex_unlock(&h->lock);
		return;
	}
	if (l == NULL)
		return;
	/* The descriptor is still open here, so nobody else has its number
	 * while it is in the ring. */
	pthread_mutex_lock(&h->lock);
	l->prev->next = l->next;
	l->next->prev = l->prev;
	pthread_mutex_unlock(&h->lock);
	if (l->counted)
		crowd_leave(h->crowd, &l->peer);
	*socket_context = NULL;
	free(l);
}

/* From @since_ms on a request must arrive in time; 0: nothing must. */
static void
await(struct exchange *x, int64_t since_ms)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct link *l = info == NULL ? NULL : info->socket_context;

	if (l == NULL)
		return;
	pthread_mutex_lock(&x->http->lock);
	l->since_ms = since_ms;
	pthread_mutex_unlock(&x->http->lock);
}

void
http_tick(struct http *h)
{
	int64_t oldest_ms = now_mono_ms() -
	    (int64_t)h->conf.request_timeout_s * 1000;

	pthread_mutex_lock(&h->lock);
	for (struct link *l = h->links.next; l != &h->links; l = l->next)
		if (l->since_ms != 0 && l->since_ms < oldest_ms)
			(void)shutdown(l->fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
}

/* ---- sending ---- */

static void
add_headers(struct exchange *x, struct MHD_Response *resp)
{
	static const char *const fixed[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy",
		  "default-src 'none'; frame-ancestors 'none'" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Strict-Transport-Security", "max-age=63072000" },
	};
	struct reply *rp = &x->r.reply;

	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		(void)MHD_add_response_header(resp, fixed[i][0], fixed[i][1]);
	(void)MHD_add_response_header(resp, "X-Request-Id", x->r.id);
	(void)MHD_add_response_header(resp, "Cache-Control",
	    rp->cache != NULL ? rp->cache : "no-store");
	if (rp->content_type != NULL)
		(void)MHD_add_response_header(resp, "Content-Type",
		    rp->content_type);
	for (size_t i = 0; i < rp->n_headers; i++)
		(void)MHD_add_response_header(resp, rp->header[i].name,
		    rp->header[i].value);
	if (rp->close || atomic_load(&x->http->stopping))
		(void)MHD_add_response_header(resp, "Connection", "close");
}

/* The library wants bytes of a stream. */
static ssize_t
stream_bytes(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct exchange *x = cls;
	struct req *r = &x->r;
	size_t n = r->piece.len - x->sent;

	(void)pos;
	if (n > 0) {
		n = MIN(n, max);
		memcpy(buf, r->piece.data + x->sent, n);
		x->sent += n;
		return (ssize_t)n;
	}
	if (r->stream_failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (r->stream_end)
		return MHD_CONTENT_READER_END_OF_STREAM;
	x->sent = 0;
	buf_reset(&r->piece);
	MHD_suspend_connection(x->conn);
	if (!x->http->conf.submit(x->http->conf.app, r)) {
		r->stream_failed = true;
		MHD_resume_connection(x->conn);
	}
	return 0;
}

static enum MHD_Result
answer(struct exchange *x)
{
	struct reply *rp = &x->r.reply;
	struct MHD_Response *resp;
	enum MHD_Result ret;

	x->phase = ANSWER;
	await(x, 0);
	if (rp->stream) {
		x->r.stream_begun = true;
		resp = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
		    STREAM_BLOCK, stream_bytes, x, NULL);
	} else if (rp->text != NULL) {
		resp = MHD_create_response_from_buffer(rp->len, rp->text,
		    MHD_RESPMEM_MUST_FREE);
		if (resp != NULL)
			rp->text = NULL;	/* taken */
	} else {
		/* The library only reads it. */
		resp = MHD_create_response_from_buffer(rp->len,
		    (void *)(uintptr_t)rp->fixed, MHD_RESPMEM_PERSISTENT);
	}
	if (resp == NULL)
		return MHD_NO;
	add_headers(x, resp);
	ret = MHD_queue_response(x->conn, rp->status, resp);
	MHD_destroy_response(resp);
	return ret;
}

static enum MHD_Result
refuse(struct exchange *x, enum problem p, const char *detail)
{
	(void)req_problem(&x->r, p, "%s", detail);
	x->r.reply.close = true;
	return answer(x);
}

void
http_finish(struct req *r)
{
	MHD_resume_connection(exchange_of(r)->conn);
}

/* ---- headers ---- */

/* Does the library let lines end in LF or CR alone?  Then framing.c looks
 * at its buffer; later versions refuse such requests. */
static const bool LOOSE_LINES = MHD_VERSION < 0x00097701;

static enum MHD_Result
note_header(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	(void)kind;
	framing_note(cls, key, value);
	return MHD_YES;
}

static void
read_headers(struct exchange *x, const char *method, const char *version,
    struct framing *out)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	framing_begin(out, version, x->r.header,
	    &x->http->conf.forwarded);
	(void)MHD_get_connection_values(x->conn, MHD_HEADER_KIND, note_header,
	    out);
	if (LOOSE_LINES && info != NULL)
		framing_end(out, method + info->header_size);
}

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void
make_id(struct req *r, const char *given)
{
	uint8_t random[12];

	if (given != NULL && *given != '\0' &&
	    strlen(given) < sizeof(r->id)) {
		const char *p = given;

		while (is_token_char(*p))
			p++;
		if (*p == '\0') {
			snprintf(r->id, sizeof(r->id), "%s", given);
			return;
		}
	}
	auth_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(r->id + 2 * i, 3, "%02x", random[i]);
}

static void
take_token(struct req *r, const char *value)
{
	size_t len;

	if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
		return;
	value += 7;
	while (*value == ' ')
		value++;
	len = strlen(value);
	if (auth_token_check(value, len))
		memcpy(r->token, value, len + 1);
}

/* Cut the raw query into decoded names and values that the route knows. */
static const char *
read_query(struct exchange *x)
{
	struct req *r = &x->r;
	const char *p = x->raw_query;

	while (p != NULL && *p != '\0') {
		struct req_query *q = &r->query[r->n_query];
		size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
		char value[REQ_QUERY_BYTES], word[32];

		if (len == 0) {
			p++;
			continue;
		}
		if (r->n_query == REQ_QUERY_MAX)
			return "too many query parameters";
		if (name >= sizeof(q->name) || route_unescape(p, name, true,
		    q->name, sizeof(q->name)) != OK ||
		    strchr(q->name, ' ') != NULL)
			return "unknown query parameter";
		snprintf(word, sizeof(word), " %s ", q->name);
		snprintf(value, sizeof(value), " %s ", r->route->query);
		if (strstr(value, word) == NULL)
			return "unknown query parameter";
		if (req_query(r, q->name) != NULL)
			return "a query parameter is repeated";
		if (name == len)
			value[0] = '\0';
		else if (route_unescape(p + name + 1, len - name - 1, true,
		    value, sizeof(value)) != OK)
			return "a query parameter is not valid";
		q->value = strdup(value);
		if (q->value == NULL)
			return "out of memory";
		r->n_query++;
		p += len;
		if (*p == '&')
			p++;
	}
	return NULL;
}

static bool
is_media_type(const char *value, const char *type)
{
	size_t len = strlen(type);

	if (strncasecmp(value, type, len) != 0)
		return false;
	value += len;
	while (*value == ' ' || *value == '\t')
		value++;
	if (*value == '\0')
		return true;
	if (*value != ';')
		return false;
	for (value++; *value == ' '; value++)
		continue;
	return strcasecmp(value, "charset=utf-8") == 0 ||
	    strcasecmp(value, "charset=\"utf-8\"") == 0;
}

static enum MHD_Result
no_route(struct exchange *x, enum route_method method)
{
	char allow[ROUTE_ALLOW_BYTES];
	enum MHD_Result ret;

	if (x->r.match.allow == 0 && !x->r.match.read_only)
		return refuse(x, PROBLEM_NOT_FOUND, "no such route");
	route_allow(x->r.match.allow != 0 ? x->r.match.allow : ROUTE_GET,
	    allow);
	if (x->r.match.read_only && method != ROUTE_OTHER)
		(void)req_problem(&x->r, PROBLEM_READ_ONLY, "this service is "
		    "a secondary: edit at your primary, the change is "
		    "transferred");
	else
		(void)req_problem(&x->r, PROBLEM_METHOD,
		    "this resource takes %s", allow);
	reply_header(&x->r.reply, "Allow", "%s", allow);
	x->r.reply.close = true;
	ret = answer(x);
	return ret;
}

/* Framing of the body against what the route wants. */
static enum MHD_Result
check_body(struct exchange *x, const struct framing *hd)
{
	const struct route *rt = x->r.route;
	bool has_body = hd->n_encoding > 0 || (hd->n_length > 0 &&
	    hd->length[strspn(hd->length, "0")] != '\0');

	if (hd->n_length > 0 && strtoull(hd->length, NULL, 10) >
	    x->http->conf.body_max_bytes)
		return refuse(x, PROBLEM_TOO_LARGE,
		    "Content-Length is above the limit");
	if (rt->body == ROUTE_BODY_JSON && hd->n_length == 0 &&
	    hd->n_encoding == 0)
		return refuse(x, PROBLEM_LENGTH, "a JSON body is needed");
	if (rt->body == ROUTE_BODY_NONE && has_body)
		return refuse(x, PROBLEM_BAD_REQUEST,
		    "this route takes no body");
	if (rt->body == ROUTE_BODY_NONE || !has_body)
		return MHD_YES;
	if (hd->type != NULL && rt->method == ROUTE_PATCH &&
	    is_media_type(hd->type, "application/merge-patch+json")) {
		x->r.merge_patch = true;
		return MHD_YES;
	}
	if (hd->type == NULL || !is_media_type(hd->type, "application/json"))
		return refuse(x, PROBLEM_MEDIA_TYPE,
		    "Content-Type must be application/json");
	return MHD_YES;
}

/* Whose request it is, which limits and tokens' networks go by. */
static const char *
find_client(struct exchange *x, const struct forwarded *f)
{
	const struct http_conf *conf = &x->http->conf;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct forwarded_client client;
	struct sock_addr peer;
	char text[SOCK_TEXT_MAX];

	if (info == NULL || sock_addr_from_sa(info->client_addr,
	    sizeof(struct sockaddr_in6), &peer) != OK)
		return NULL;
	if (forwarded_client(f, &conf->forwarded, &peer, &client) != OK)
		return "the proxy does not say in a way that can be read who "
		    "the client is";
	snprintf(x->r.peer, sizeof(x->r.peer), "%.47s",
	    sock_ip_print(&client.address, text));
	if (client.insecure && !conf->plain)
		return "this came to the proxy without TLS; use https, and "
		    "take a token or password that was sent for known to "
		    "others";
	return NULL;
}

static enum MHD_Result
begin(struct exchange *x, const char *method_name, const char *version)
{
	enum route_method method = route_method(method_name);
	struct req *r = &x->r;
	struct framing hd;
	const char *fault, *client_fault;

	x->phase = BODY;
	await(x, x->r.began_ms);
	read_headers(x, method_name, version, &hd);
	make_id(r, hd.id);
	client_fault = find_client(x, &hd.forwarded);
	r->app = x->http->conf.app;
	fault = framing_fault(&hd);
	if (fault == NULL)
		fault = client_fault;
	if (fault != NULL)
		return refuse(x, PROBLEM_BAD_REQUEST, fault);
	if (x->uri_bad)
		return refuse(x, PROBLEM_URI_TOO_LONG, "address too long");
	if (route_find(method, r->path, &r->match) != OK)
		return refuse(x, PROBLEM_BAD_REQUEST,
		    "the path holds a character or escape that is not "
		    "allowed; write a slash in a zone name as =2F");
	if (r->match.route == NULL)
		return no_route(x, method);
	r->route = r->match.route;
	r->json_type = hd.type != NULL &&
	    (is_media_type(hd.type, "application/json") ||
	    is_media_type(hd.type, "application/merge-patch+json"));
	if (hd.auth != NULL)
		take_token(r, hd.auth);
	else
		(void)auth_cookie_parse(r->header[REQ_HEADER_COOKIE],
		    r->session);
	if (r->route->who != ROUTE_ANYBODY && r->token[0] == '\0' &&
	    r->session[0] == '\0')
		return refuse(x, PROBLEM_NO_TOKEN,
		    "send Authorization: Bearer us_..., or log in");
	fault = read_query(x);
	if (fault != NULL)
		return refuse(x, PROBLEM_BAD_PARAMETER, fault);
	buf_init(&r->text, x->http->conf.body_max_bytes);
	return check_body(x, &hd);
}

/* ---- the library's calls ---- */

/* First sight of a request: the address, before the library decodes it. */
static void *
on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct exchange *x = calloc(1, sizeof(*x));
	char *query;

	if (x == NULL)
		return NULL;
	x->http = cls;
	x->conn = conn;
	atomic_fetch_add(&x->http->n_open, 1);
	x->r.began_ms = now_mono_ms();
	x->r.deadline_ms = x->r.began_ms +
	    (int64_t)x->http->conf.request_timeout_s * 1000;
	buf_init(&x->r.piece, 4 << 20);
	x->raw = strdup(uri);
	if (x->raw == NULL) {
		atomic_fetch_sub(&x->http->n_open, 1);
		free(x);
		return NULL;
	}
	query = strchr(x->raw, '?');
	if (query != NULL) {
		*query = '\0';
		x->raw_query = query + 1;
	}
	x->uri_bad = strlen(x->raw) >= sizeof(x->r.path);
	if (!x->uri_bad)
		memcpy(x->r.path, x->raw, strlen(x->raw) + 1);
	return x;
}

static enum MHD_Result
take_body(struct exchange *x, const char *data, size_t *size)
{
	struct req *r = &x->r;
	size_t n = *size;

	*size = 0;
	if (r->text.len + n > x->http->conf.body_max_bytes ||
	    x->n_discarded > 0) {
		/* A reply can only be queued behind the body: read on for a
		 * while, then hang up. */
		x->n_discarded += n;
		return x->n_discarded > DISCARD_FACTOR *
		    x->http->conf.body_max_bytes ? MHD_NO : MHD_YES;
	}
	return buf_bytes(&r->text, data, n) == OK ? MHD_YES : MHD_NO;
}

static enum MHD_Result
run(struct exchange *x)
{
	struct req *r = &x->r;

	await(x, 0);
	if (x->n_discarded > 0)
		return refuse(x, PROBLEM_TOO_LARGE,
		    "the body is above the limit");
	if (now_mono_ms() > r->deadline_ms)
		return refuse(x, PROBLEM_TIMEOUT, "the body came too slowly");
	x->phase = RUNNING;
	MHD_suspend_connection(x->conn);
	if (!x->http->conf.submit(x->http->conf.app, r)) {
		(void)req_problem(r, PROBLEM_OVERLOADED,
		    "too many requests are waiting");
		MHD_resume_connection(x->conn);
	}
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **con_cls)
{
	struct exchange *x = *con_cls;

	(void)cls;
	(void)url;
	(void)conn;
	if (x == NULL)
		return MHD_NO;
	switch (x->phase) {
	case HEADERS:
		return begin(x, method, version);
	case BODY:
		if (*size > 0)
			return take_body(x, data, size);
		return run(x);
	case RUNNING:
		if (x->r.reply.status == 0)
			return MHD_YES;
		return answer(x);
	case ANSWER:
		/* The reply is queued; a rest of the body is not ours. */
		*size = 0;
		return MHD_YES;
	}
	return MHD_NO;
}

static void
on_completed(void *cls, struct MHD_Connection *conn, void **con_cls,
    enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *con_cls;

	(void)cls;
	(void)conn;
	(void)code;
	if (x == NULL)
		return;
	*con_cls = NULL;
	/* The next request of the connection has its own time, after what
	 * the connection may be idle. */
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		await(x, now_mono_ms() +
		    (int64_t)x->http->conf.idle_timeout_s * 1000);
	log_debug("request.done", "request=%s route=%s status=%u ms=%" PRId64
	    " peer=%s", x->r.id,
	    x->r.route != NULL ? x->r.route->path : "none",
	    x->r.reply.status, now_mono_ms() - x->r.began_ms, x->r.peer);
	atomic_fetch_sub(&x->http->n_open, 1);
	req_fini(&x->r);
	free(x->raw);
	free(x);
}

static void
on_log(void *cls, const char *fmt, va_list ap)
{
	char text[256];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_debug("http.noted", "text=%s", LOG_Q(text));
}

enum err
http_open(const struct http_conf *conf, struct http **out_http)
{
	struct http *h = calloc(1, sizeof(*h));
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, conf->tls_callback },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t)conf->tls_priority },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
	    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	int fd = -1;
	enum err e;

	if (h == NULL)
		return ERR_NO_MEMORY;
	h->conf = *conf;
	h->links.next = h->links.prev = &h->links;
	pthread_mutex_init(&h->lock, NULL);
	e = crowd_new(conf->connections_max, conf->connections_per_ip_max,
	    &h->crowd);
	if (e == OK)
		e = sock_listen(&conf->listen, SOCK_STREAM, BACKLOG, false,
		    &fd);
	if (e != OK)
		goto fail;
	e = sock_local(fd, &h->conf.listen);
	if (e != OK)
		goto fail;
	if (conf->tls_callback != NULL)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	h->mhd = MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_THREAD_POOL_SIZE, conf->n_threads,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_LIMIT, conf->connections_max,
	    MHD_OPTION_CONNECTION_TIMEOUT, conf->idle_timeout_s,
	    MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	    MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	if (h->mhd == NULL) {
		e = ERR_SYSTEM;
		goto fail;
	}
	*out_http = h;
	return OK;
fail:
	if (fd >= 0)
		close(fd);
	crowd_free(h->crowd);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return e;
}

uint16_t
http_port(const struct http *h)
{
	return h->conf.listen.port;
}

void
http_stop(struct http *h)
{
	int fd = MHD_quiesce_daemon(h->mhd);

	atomic_store(&h->stopping, true);
	if (fd >= 0)
		close(fd);
}

void
http_drain(struct http *h)
{
	for (int i = 0; i < DRAIN_MS / DRAIN_STEP_MS &&
	    atomic_load(&h->n_open) > 0; i++)
		(void)poll(NULL, 0, DRAIN_STEP_MS);
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	MHD_stop_daemon(h->mhd);
	crowd_free(h->crowd);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
