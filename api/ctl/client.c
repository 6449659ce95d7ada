/*
 * client.c - one request to the API.  See client.h.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "api/ctl/client.h"
#include "api/ctl/safetext.h"
#include "common/base/secret.h"

enum {
	CLIENT_CONNECT_S = 10,
	CLIENT_SLOW_BYTES = 1,		/* less than this a second ... */
	CLIENT_SLOW_S = 60,		/* ... for so long is a hang */
	CLIENT_LOST_TRIES = 2,
	CLIENT_TOKEN_MAX = 512,
};

struct client {
	const struct client_conf *conf;
	CURL *curl;
	char base[CLIENT_URL_MAX / 2];
	bool loopback;
};

/* What the callbacks of one try fill. */
struct try {
	struct client *c;
	const struct client_request *q;
	struct client_reply *reply;
	size_t header_bytes;
	bool too_much, stopped, streamed;
};

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    (strncmp(host, "127.", 4) == 0 &&
	    host[strspn(host, "0123456789.")] == '\0');
}

/* The URL's parts, by libcurl's own eyes: it is what will connect. */
static enum err
check_url(struct client *c, struct fault *fault)
{
	const struct client_conf *conf = c->conf;
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL, *query = NULL;
	size_t len = strlen(conf->url);
	enum err e = ERR_INVALID;

	while (len > 0 && conf->url[len - 1] == '/')
		len--;
	if (u == NULL || len >= sizeof(c->base) ||
	    curl_url_set(u, CURLUPART_URL, conf->url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
		fault_set(fault, NULL, 0, "the URL of the API is not usable; "
		    "write https://host or https://host:port");
		goto out;
	}
	memcpy(c->base, conf->url, len);
	c->base[len] = '\0';
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) {
		fault_set(fault, NULL, 0,
		    "the URL of the API must begin with https:// or http://");
		goto out;
	}
	if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK ||
	    curl_url_get(u, CURLUPART_QUERY, &query, 0) == CURLUE_OK) {
		fault_set(fault, NULL, 0, "the URL of the API must not have "
		    "a user, a password or a query");
		goto out;
	}
	c->loopback = is_loopback(host);
	if (strcmp(scheme, "http") == 0 && !c->loopback &&
	    !conf->plaintext && conf->token != NULL) {
		fault_set(fault, NULL, 0, "http:// would show the token to "
		    "everybody on the way to %s; use https://, or "
		    "--plaintext if that network is yours", host);
		goto out;
	}
	e = OK;
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(query);
	curl_url_cleanup(u);
	return e;
}

enum err
client_open(const struct client_conf *conf, struct client **out,
    struct fault *fault)
{
	struct client *c = calloc(1, sizeof(*c));
	enum err e = ERR_NO_MEMORY;

	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		goto out;
	c->conf = conf;
	c->curl = curl_easy_init();
	if (c->curl == NULL)
		goto out;
	e = check_url(c, fault);
	if (e == OK)
		*out = c;
out:
	if (e == ERR_NO_MEMORY)
		fault_set(fault, NULL, 0, "%s", err_text(e));
	if (e != OK)
		client_close(c);
	return e;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	if (c->curl != NULL)
		curl_easy_cleanup(c->curl);
	free(c);
}

void
client_reply_fini(struct client_reply *r)
{
	buf_fini(&r->body);
}

/* ---- what libcurl calls ---- */

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct try *t = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(t->c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->q->sink != NULL && status == 200) {
		t->streamed = true;
		t->stopped = !t->q->sink(t->q->sink_arg, (uint8_t *)data,
		    len);
		return t->stopped ? 0 : len;
	}
	if (buf_bytes(&t->reply->body, data, len) != OK) {
		t->too_much = true;
		return 0;
	}
	return len;
}

static void
take(const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	while (len > n && (line[len - 1] == '\n' || line[len - 1] == '\r' ||
	    line[len - 1] == ' '))
		len--;
	len = MIN(len - n, size - 1);
	memcpy(out, line + n, len);
	out[len] = '\0';
}

static size_t
on_header(char *line, size_t one, size_t len, void *arg)
{
	struct try *t = arg;
	struct client_reply *r = t->reply;
	char after[32] = "";

	(void)one;
	t->header_bytes += len;
	if (t->header_bytes > CLIENT_HEADERS_MAX) {
		t->too_much = true;
		return 0;
	}
	take(line, len, "content-type:", r->content_type,
	    sizeof(r->content_type));
	take(line, len, "location:", r->location, sizeof(r->location));
	take(line, len, "x-request-id:", r->request_id,
	    sizeof(r->request_id));
	take(line, len, "retry-after:", after, sizeof(after));
	if (after[0] >= '0' && after[0] <= '9')
		r->retry_after_s = (int64_t)MIN(strtoul(after, NULL, 10),
		    86400UL);
	return len;
}

/* ---- one try ---- */

static bool
add_header(struct curl_slist **io, const char *name, const char *value)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s: %s", name, value);
	struct curl_slist *l;

	if (n < 0 || (size_t)n >= sizeof(line))
		return false;
	l = curl_slist_append(*io, line);
	secret_wipe(line, sizeof(line));
	if (l == NULL)
		return false;
	*io = l;
	return true;
}

/* libcurl keeps its copies; the token's is wiped behind it. */
static void
free_headers(struct curl_slist *l)
{
	for (struct curl_slist *p = l; p != NULL; p = p->next)
		secret_wipe(p->data, strlen(p->data));
	curl_slist_free_all(l);
}

static bool
make_headers(const struct client *c, const struct client_request *q,
    const char *key, struct curl_slist **out)
{
	char bearer[CLIENT_TOKEN_MAX + 16];
	bool good = add_header(out, "Accept",
	    "application/json, application/problem+json, */*;q=0.1") &&
	    add_header(out, "Expect", "");

	if (q->body != NULL)
		good = good && add_header(out, "Content-Type",
		    strcmp(q->method, "PATCH") == 0 ?
		    "application/merge-patch+json" : "application/json");
	if (q->reason != NULL && q->reason[0] != '\0')
		good = good && add_header(out, "Understudy-Reason",
		    q->reason);
	if (strcmp(q->method, "POST") == 0)
		good = good && add_header(out, "Idempotency-Key", key);
	if (c->conf->token != NULL) {
		snprintf(bearer, sizeof(bearer), "Bearer %s",
		    c->conf->token);
		good = good && add_header(out, "Authorization", bearer);
		secret_wipe(bearer, sizeof(bearer));
	}
	return good;
}

static void
set_up(struct try *t, const char *url, struct curl_slist *headers)
{
	struct client *c = t->c;
	const struct client_request *q = t->q;
	const char *method = q->method;
	long timeout_s = (long)(q->timeout_s > 0 ? q->timeout_s :
	    c->conf->timeout_s);

	curl_easy_reset(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c->curl, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT,
	    "understudyctl/" UNDERSTUDY_VERSION);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT,
	    (long)CLIENT_CONNECT_S);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT,
	    (long)CLIENT_SLOW_BYTES);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME,
	    MAX((long)CLIENT_SLOW_S, timeout_s));
	/* A stream takes the time it needs while it moves. */
	if (q->sink == NULL)
		curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, timeout_s);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, t);
	if (c->conf->cacert != NULL)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->conf->cacert);
	if (c->loopback)
		curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(c->curl, CURLOPT_NOBODY, 1L);
	if (q->body != NULL || strcmp(method, "POST") == 0 ||
	    strcmp(method, "PATCH") == 0 || strcmp(method, "PUT") == 0) {
		const char *body = q->body != NULL ? q->body : "";

		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE,
		    (long)strlen(body));
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
	}
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
}

static enum err
read_code(const struct try *t, CURLcode code)
{
	if (t->too_much)
		return ERR_LIMIT;
	if (t->stopped)
		return ERR_STOPPED;
	switch (code) {
	case CURLE_OK:
		return OK;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return ERR_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return ERR_CLOSED;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		return ERR_BAD_SIG;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NO_MEMORY;
	default:
		return ERR_MALFORMED;
	}
}

static void
tell_failure(const struct try *t, enum err e, const char *said,
    struct fault *fault)
{
	const char *base = t->c->base, *method = t->q->method;

	if (e == ERR_LIMIT)
		fault_set(fault, NULL, 0, "%s at %s: the answer is longer "
		    "than %d MiB, or its headers than %d KiB", method, base,
		    CLIENT_BODY_MAX >> 20, CLIENT_HEADERS_MAX >> 10);
	else if (e == ERR_UNREACHABLE)
		fault_set(fault, NULL, 0, "cannot reach %s: %s", base, said);
	else if (e == ERR_BAD_SIG)
		fault_set(fault, NULL, 0, "%s does not prove who it is: %s; "
		    "--cacert names the authority of a server of your own",
		    base, said);
	else if (t->streamed)
		fault_set(fault, NULL, 0, "%s at %s was cut off: %s", method,
		    base, said);
	else
		fault_set(fault, NULL, 0, "%s at %s: %s", method, base,
		    said);
}

static enum err
try_once(struct client *c, const struct client_request *q, const char *key,
    struct client_reply *out, struct fault *fault, bool *out_streamed)
{
	struct try t = { .c = c, .q = q, .reply = out };
	char url[CLIENT_URL_MAX], said[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURLcode code;
	enum err e;

	*out = (struct client_reply){ .retry_after_s = -1 };
	*out_streamed = false;
	buf_init(&out->body, CLIENT_BODY_MAX);
	if ((size_t)snprintf(url, sizeof(url), "%s%s", c->base, q->path) >=
	    sizeof(url)) {
		fault_set(fault, NULL, 0, "the address is longer than %d "
		    "bytes", CLIENT_URL_MAX);
		return ERR_LIMIT;
	}
	if (!make_headers(c, q, key, &headers)) {
		free_headers(headers);
		fault_set(fault, NULL, 0, "a header is too long");
		return ERR_LIMIT;
	}
	set_up(&t, url, headers);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, said);
	code = curl_easy_perform(c->curl);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &out->status);
	e = read_code(&t, code);
	if (c->conf->verbose)
		fprintf(stderr, "> %s %s\n< %ld %s\n", q->method, url,
		    out->status, e == OK ? "" : err_text(e));
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
	free_headers(headers);
	if (e != OK)
		tell_failure(&t, e, said[0] != '\0' ? said :
		    curl_easy_strerror(code), fault);
	*out_streamed = t.streamed;
	return e;
}

/* ---- trying again ---- */

static void
pause_s(int64_t s)
{
	struct timespec t = { .tv_sec = s };

	while (nanosleep(&t, &t) != 0)
		continue;
}

static void
make_key(char out[33])
{
	uint8_t b[16] = { 0 };

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort();
	for (size_t i = 0; i < sizeof(b); i++)
		snprintf(out + 2 * i, 3, "%02x", b[i]);
}

enum err
client_send(struct client *c, const struct client_request *q,
    struct client_reply *out, struct fault *fault)
{
	bool repeatable = strcmp(q->method, "GET") == 0 ||
	    strcmp(q->method, "POST") == 0;
	char key[33];

	make_key(key);
	for (int64_t i = 0;; i++) {
		bool streamed;
		enum err e = try_once(c, q, key, out, fault, &streamed);
		int64_t wait_s = i < 4 ? 1 << i : 10;

		if (i >= c->conf->retries || streamed)
			return e;
		if (e == ERR_CLOSED && repeatable &&
		    i + 1 < CLIENT_LOST_TRIES)
			wait_s = 0;
		else if (e != OK ||
		    (out->status != 429 && out->status != 503))
			return e;
		else if (out->retry_after_s > CLIENT_WAIT_MAX_S)
			return e;
		else if (out->retry_after_s >= 0)
			wait_s = out->retry_after_s;
		if (!c->conf->quiet)
			fprintf(stderr, "understudyctl: %s, trying again in "
			    "%" PRId64 " s\n", e != OK ?
			    "the connection was lost" : out->status == 429 ?
			    "too many requests" : "the server is busy",
			    wait_s);
		client_reply_fini(out);
		pause_s(wait_s);
	}
}
