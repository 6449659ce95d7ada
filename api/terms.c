/*
 * terms.c - what holds for every request.  See terms.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/bucket.h"
#include "api/etag.h"
#include "api/scrub.h"
#include "api/sql.h"
#include "api/terms.h"
#include "common/base/hash.h"
#include "common/base/now.h"
#include "common/base/sock.h"

enum {
	PRUNE_EVERY = 32,		/* stored answers between two looks */
	DIGEST_BYTES = 17,
};

/* Members that are shown once: not in a second answer, not in a dry run. */
static const char *const secret_names[] = {
	"secret", "token", "password", "link", "login_url", "codes",
	"recovery_codes", "otpauth", "otpauth_url", "totp_secret", NULL
};

/* ---- how often ---- */

static void
address_key(const struct req *r, uint8_t key[BUCKET_KEY_BYTES])
{
	struct sock_addr a;

	memset(key, 0, BUCKET_KEY_BYTES);
	if (r->peer[0] == '\0' || sock_addr_parse(r->peer, 1, &a) != OK)
		return;
	/* Of IPv6 the network: whoever has one has 2^64 addresses. */
	if (a.family == 4)
		memcpy(key, a.ip, 4);
	else
		memcpy(key, a.ip, 8);
	key[15] = (uint8_t)a.family;
}

/* dry_run=true, on routes that know the word. */
static bool
read_dry_run(struct req *r)
{
	const char *value = req_query(r, "dry_run");

	if (value == NULL)
		return true;
	r->terms.dry_run = strcmp(value, "true") == 0;
	if (r->terms.dry_run || strcmp(value, "false") == 0)
		return true;
	(void)req_bad_query(r, "dry_run", "must be true or false");
	return false;
}

/* The syntax of what the client asks for. */
static bool
is_condition(const char *header)
{
	return header == NULL || (strlen(header) <= TERMS_CONDITION_MAX &&
	    etag_is_condition(header));
}

static bool
is_key(const char *header)
{
	size_t len = 0;

	if (header == NULL)
		return true;
	while (header[len] > 0x20 && header[len] < 0x7f)
		len++;
	return header[len] == '\0' && len >= 1 && len <= TERMS_KEY_MAX;
}

static bool
read_terms(struct req *r)
{
	if (!is_condition(req_header(r, REQ_HEADER_IF_MATCH)) ||
	    !is_condition(req_header(r, REQ_HEADER_IF_NONE_MATCH))) {
		(void)req_problem(r, PROBLEM_BAD_REQUEST, "If-Match and "
		    "If-None-Match take * or entity tags in quotes, as an "
		    "ETag header has them");
		return false;
	}
	if (!is_key(req_header(r, REQ_HEADER_IDEMPOTENCY_KEY))) {
		(void)req_problem(r, PROBLEM_BAD_REQUEST, "Idempotency-Key "
		    "takes 1 to 128 visible ASCII characters");
		return false;
	}
	return read_dry_run(r);
}

/* The token, or the session. */
static const uint8_t *
caller_id(const struct req *r)
{
	return r->who.via == AUTH_VIA_SESSION ? r->who.session_id :
	    r->who.token_id;
}

/* Who is counted: the caller; the address where none is known or needed;
 * nobody for what says whether apid is alive. */
static struct bucket_table *
who_counts(const struct req *r)
{
	if (r->known)
		return r->terms.by_caller;
	return r->reply.status == 401 ||
	    strncmp(r->route->path, "/v1/", 4) == 0 ? r->terms.by_address :
	    NULL;
}

bool
terms_begin(struct req *r)
{
	struct bucket_table *t = who_counts(r);
	uint8_t key[BUCKET_KEY_BYTES];
	struct bucket_view *v = &r->terms.rate;

	if (t != NULL && !r->terms.counted) {
		r->terms.counted = true;
		if (r->known)
			memcpy(key, caller_id(r), sizeof(key));
		else
			address_key(r, key);
		bucket_take(t, key, now_mono_ms(), v);
		if (!v->allowed) {
			(void)req_problem(r, PROBLEM_RATE, "%s may send %u "
			    "requests a minute; the next one in %u s",
			    r->known ? "this token or session" :
			    "an address without a valid token", v->quota,
			    v->wait_s);
			return false;
		}
	}
	return r->reply.status != 0 || read_terms(r);
}

static void
rate_headers(struct req *r)
{
	const struct bucket_view *v = &r->terms.rate;
	const char *name = r->known ? "token" : "address";

	if (v->quota == 0)
		return;
	reply_header(&r->reply, "RateLimit-Policy", "\"%s\";q=%u;w=60", name,
	    v->quota);
	reply_header(&r->reply, "RateLimit", "\"%s\";r=%u;t=%u", name,
	    v->left, v->full_s);
	if (r->reply.status == 429 && !v->allowed)
		reply_header(&r->reply, "Retry-After", "%u", v->wait_s);
}

/* ---- only if ---- */

static const struct route *
route_of(const struct route *like, enum route_method method)
{
	size_t n;
	const struct route *rt = route_table(&n);

	for (size_t i = 0; i < n; i++)
		if (rt[i].method == method &&
		    strcmp(rt[i].path, like->path) == 0)
			return &rt[i];
	return NULL;
}

/* The resource as it is now, in this transaction: its tag, or r->reply says
 * why there is none. */
static enum err
tag_now(struct db *db, int role, struct req *r, char *out_etag)
{
	const struct route *get = route_of(r->route, ROUTE_GET);
	enum err e;

	if (get == NULL)
		return req_problem(r, PROBLEM_PRECONDITION,
		    "this resource has no entity tag: leave out If-Match");
	r->terms.db = db;
	r->terms.db_role = role;
	e = get->handler(r);
	r->terms.db = NULL;
	if (e != OK || r->reply.status != 200 || r->reply.text == NULL)
		return e;
	e = etag_single(r->reply.text, r->reply.len, out_etag);
	if (e == OK)
		reply_reset(&r->reply);
	return e;
}

static enum err
check_match(struct db *db, int role, struct req *r, bool *out_go)
{
	char etag[ETAG_BYTES] = "";
	enum err e;

	*out_go = false;
	e = tag_now(db, role, r, etag);
	if (e != OK || r->reply.status != 0)
		return e;
	if (etag_match(req_header(r, REQ_HEADER_IF_MATCH), etag)) {
		*out_go = true;
		return OK;
	}
	(void)req_problem(r, PROBLEM_PRECONDITION, "it was changed since you "
	    "read it: read it again, then repeat your change on what you "
	    "find");
	reply_header(&r->reply, "ETag", "%s", etag);
	return OK;
}

/* ---- once only ---- */

/* Whose key it is: a tenant's, or (NULL) the operator's. */
static const uint8_t *
owner_of(const struct req *r)
{
	return r->route->who == ROUTE_OPERATOR ? NULL : r->who.tenant_id;
}

/* What was asked, by whom; the pepper keeps secrets in it unguessable. */
static void
digest_request(const struct req *r, char out[DIGEST_BYTES])
{
	struct hash_key key;
	uint64_t part[4] = { 0 };
	struct buf q;

	memcpy(key.bytes, r->terms.secret, sizeof(key.bytes));
	part[0] = hash_sip(&key, r->path, strlen(r->path));
	part[1] = hash_sip(&key, r->who.via == AUTH_VIA_SESSION ?
	    r->who.user_id : r->who.token_id, sizeof(r->who.token_id));
	part[2] = hash_sip(&key, r->text.data, r->text.len);
	buf_init(&q, REQ_QUERY_MAX * (REQ_QUERY_BYTES + 32));
	for (size_t i = 0; i < r->n_query; i++)
		(void)buf_printf(&q, "%s=%s&", r->query[i].name,
		    r->query[i].value);
	part[3] = hash_sip(&key, q.data, q.len);
	buf_fini(&q);
	snprintf(out, DIGEST_BYTES, "%016" PRIx64, hash_sip(&key, part,
	    sizeof(part)));
}

/* The answer that was given before. */
static enum err
replay(struct req *r, struct db_rows *rows)
{
	char digest[DIGEST_BYTES];
	const char *body;

	digest_request(r, digest);
	if (strcmp(db_get_text(rows, 0, 0), digest) != 0)
		return req_problem(r, PROBLEM_KEY_REUSED, "this Idempotency-Key "
		    "was sent with another request within 24 hours: take a "
		    "new key for a new request");
	body = db_get_text_or(rows, 0, 2, NULL);
	reply_none(&r->reply, (unsigned int)db_get_i64(rows, 0, 1));
	if (body != NULL) {
		r->reply.text = strdup(body);
		if (r->reply.text == NULL)
			return ERR_NO_MEMORY;
		r->reply.len = strlen(body);
		r->reply.content_type = "application/json";
	}
	if (!db_is_null(rows, 0, 3))
		reply_header(&r->reply, "Location", "%s",
		    db_get_text(rows, 0, 3));
	reply_header(&r->reply, "Idempotent-Replayed", "true");
	return db_rows_failed(rows) ? ERR_CORRUPT : OK;
}

static enum err
look_for_key(struct db *db, struct req *r, bool *out_go)
{
	const uint8_t *owner = owner_of(r);
	struct db_rows *rows = NULL;
	bool free_now;
	enum err e;

	e = db_exec(db, SQL_STMT(key_seen_lock), DB_PARAMS(db_text(
	    owner != NULL ? r->who.tenant_text : "operator"),
	    db_text(
	    req_header(r, REQ_HEADER_IDEMPOTENCY_KEY))), &rows);
	if (e != OK)
		return e;
	free_now = db_get_bool(rows, 0, 0);
	db_rows_free(rows);
	rows = NULL;
	*out_go = false;
	if (!free_now) {
		(void)req_problem(r, PROBLEM_IN_PROGRESS, "a request with this "
		    "Idempotency-Key is being worked on: ask again in a "
		    "second");
		reply_header(&r->reply, "Retry-After", "1");
		return OK;
	}
	e = owner != NULL ? db_exec(db, SQL_STMT(key_seen_find), DB_PARAMS(
	    db_uuid(owner), db_text(
	    req_header(r, REQ_HEADER_IDEMPOTENCY_KEY))), &rows) :
	    db_exec(db, SQL_STMT(key_seen_find_operator), DB_PARAMS(
	    db_text(
	    req_header(r, REQ_HEADER_IDEMPOTENCY_KEY))), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0)
		*out_go = true;
	else
		e = replay(r, rows);
	db_rows_free(rows);
	return e;
}

static const char *
header_of(const struct reply *rp, const char *name)
{
	for (size_t i = 0; i < rp->n_headers; i++)
		if (strcmp(rp->header[i].name, name) == 0)
			return rp->header[i].value;
	return NULL;
}

static enum err
store_answer(struct db *db, struct req *r)
{
	static _Atomic unsigned int n_stored;
	const uint8_t *owner = owner_of(r);
	char digest[DIGEST_BYTES];
	struct buf b;
	struct db_rows *rows = NULL;
	enum err e = OK;

	buf_init(&b, REPLY_BYTES_MAX);
	if (r->reply.text != NULL)
		e = scrub_copy(r->reply.text, r->reply.len, secret_names,
		    SCRUB_NULL, &b);
	digest_request(r, digest);
	if (e == OK)
		e = db_exec(db, SQL_STMT(key_seen_add), DB_PARAMS(
		    db_uuid(owner), db_text(
	    req_header(r, REQ_HEADER_IDEMPOTENCY_KEY)),
		    db_text(digest), db_i64(r->reply.status),
		    db_text(r->reply.text != NULL ? buf_cstr(&b) : NULL),
		    db_text(header_of(&r->reply, "Location"))), &rows);
	buf_fini(&b);
	if (e == OK && db_rows_affected(rows) != 1)
		e = ERR_DB_RETRY;	/* somebody was first: look again */
	db_rows_free(rows);
	if (e == OK && n_stored++ % PRUNE_EVERY == 0)
		e = db_exec(db, SQL_STMT(key_seen_prune), DB_PARAMS(
		    db_uuid(owner), db_i64(TERMS_KEYS_MAX),
		    db_i64(TERMS_KEYS_BYTES)), NULL);
	return e;
}

/* ---- around a transaction ---- */

static bool
is_once(const struct req *r)
{
	return req_header(r, REQ_HEADER_IDEMPOTENCY_KEY) != NULL && !r->terms.dry_run &&
	    r->route->method == ROUTE_POST && r->known &&
	    (r->route->who == ROUTE_TENANT ||
	    r->route->who == ROUTE_OPERATOR);
}

enum err
terms_before(struct db *db, int role, struct req *r, bool *out_go)
{
	enum err e = OK;

	*out_go = true;
	if (r->route == NULL || r->route->method == ROUTE_GET)
		return OK;
	if (req_header(r, REQ_HEADER_IF_MATCH) != NULL &&
	    (r->route->method == ROUTE_PATCH ||
	    r->route->method == ROUTE_DELETE))
		e = check_match(db, role, r, out_go);
	if (e == OK && *out_go && is_once(r))
		e = look_for_key(db, r, out_go);
	return e;
}

enum err
terms_after(struct db *db, struct req *r, bool *out_undo)
{
	unsigned int status = r->reply.status;

	*out_undo = false;
	if (r->route == NULL || r->route->method == ROUTE_GET)
		return OK;
	*out_undo = r->terms.dry_run;
	return is_once(r) && status >= 200 && status < 300 ?
	    store_answer(db, r) : OK;
}

/* ---- the reply ---- */

/* What would have been: 200, the document without its secrets. */
static void
mark_dry(struct req *r)
{
	struct reply *rp = &r->reply;
	struct buf b;
	char *text;
	size_t len;
	bool doc = rp->text != NULL && rp->len > 2 && rp->text[0] == '{';

	buf_init(&b, REPLY_BYTES_MAX + 64);
	(void)buf_str(&b, "{\"dry_run\":true");
	(void)buf_str(&b, doc ? "," : "}");
	if (doc) {
		size_t at = b.len;

		if (scrub_copy(rp->text, rp->len, secret_names, SCRUB_NULL,
		    &b) == OK)
			b.data[at] = ' ';	/* its opening brace */
	}
	text = (char *)buf_take(&b, &len);
	reply_reset(rp);
	if (text == NULL) {
		(void)req_problem(r, PROBLEM_INTERNAL, NULL);
		return;
	}
	rp->text = text;
	rp->len = len;
	rp->status = 200;
	rp->content_type = "application/json";
}

static bool
is_single(const struct route *rt)
{
	return rt->method == ROUTE_PATCH ||
	    route_of(rt, ROUTE_PATCH) != NULL ||
	    route_of(rt, ROUTE_DELETE) != NULL;
}

static void
add_tag(struct req *r)
{
	struct reply *rp = &r->reply;
	const char *text = rp->text != NULL ? rp->text : rp->fixed;
	char etag[ETAG_BYTES];

	if (rp->stream || rp->content_type == NULL || text == NULL ||
	    strcmp(rp->content_type, "application/json") != 0)
		return;
	/* Health is asked for anew; the contract is the same for all. */
	if (r->route->who == ROUTE_ANYBODY && rp->fixed == NULL)
		return;
	if (!is_single(r->route))
		etag_list(text, rp->len, etag);
	else if (etag_single(text, rp->len, etag) != OK)
		return;
	terms_tag(r, etag, r->route->who == ROUTE_ANYBODY);
}

void
terms_tag(struct req *r, const char *etag, bool public)
{
	const char *have = req_header(r, REQ_HEADER_IF_NONE_MATCH);
	struct reply *rp = &r->reply;

	if (r->route->method == ROUTE_GET &&
	    have != NULL && etag_none_match(have, etag)) {
		reply_reset(rp);
		reply_none(rp, 304);
	}
	reply_header(rp, "ETag", "%s", etag);
	if (r->route->method != ROUTE_GET)
		return;
	rp->cache = public ? "public, no-cache" : "private, no-cache";
	reply_header(rp, "Vary", "Authorization, Cookie");
}

void
terms_end(struct req *r)
{
	const struct route *rt = r->route;
	unsigned int status = r->reply.status;

	if (r->terms.dry_run && status >= 200 && status < 300)
		mark_dry(r);
	else if (status == 200 && !r->terms.untagged &&
	    (rt->method == ROUTE_GET || rt->method == ROUTE_PATCH))
		add_tag(r);
	rate_headers(r);
}
