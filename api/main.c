/*
 * main.c - apid: start, run, end.
 *
 * Threads: libmicrohttpd's (api.http_threads), which never wait; handler
 * threads (api.threads), which ask PostgreSQL; the waiter; the metrics
 * responder; and this one, which waits for signals.
 *
 * A request: http.c reads it -> pool -> dispatch_run() in a handler thread ->
 * http_finish(), or waiter_park() and once more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/console.h"
#include "api/bucket.h"
#include "api/claims.h"
#include "api/dispatch.h"
#include "api/front.h"
#include "api/http.h"
#include "api/https.h"
#include "api/pool.h"
#include "api/reserved.h"
#include "api/sql.h"
#include "api/token.h"
#include "api/waiter.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/now.h"
#include "common/base/ownership.h"
#include "common/base/svc.h"
#include "common/db/db_schema.h"
#include "common/db/db_tx.h"

enum { TLS_LOOK_MS = 5000 };

static struct {
#define COUNTER(field, kind, help) _Atomic uint64_t field;
#include "api/counters.def"
#undef COUNTER
} count;

static void
render_metrics(void *arg, struct buf *b)
{
	(void)arg;
#define COUNTER(field, kind, help) do { \
		static const struct metrics_desc d = { \
			#field, METRICS_##kind, help }; \
		metrics_table(b, "apid", &d, &count.field, 1); \
	} while (0);
#include "api/counters.def"
#undef COUNTER
	metrics_process(b, "apid");
}

static void
note_reply(const struct req *r, int64_t began_ms)
{
	unsigned int status = r->reply.status;

	metrics_add(&count.handler_ms, (uint64_t)(now_mono_ms() - began_ms));
	if (status >= 500)
		metrics_add(&count.replies_5xx, 1);
	else if (status >= 400)
		metrics_add(&count.replies_4xx, 1);
	else
		metrics_add(&count.replies_2xx, 1);
	if (status == 401)
		metrics_add(&count.unauthenticated, 1);
}

/* The next piece of a stream that has begun. */
static void
run_stream(struct req *r, struct repo *repo)
{
	enum err e;

	r->repo = repo;
	e = r->stream(r, &r->piece, &r->stream_end);
	r->repo = NULL;
	if (e != OK) {
		/* The status is out already: all that is left is to cut the
		 * connection, so that nobody takes it for the whole. */
		r->stream_failed = true;
		buf_reset(&r->piece);
		log_warn("stream.failed", "request=%s error=%s", r->id,
		    err_name(e));
	}
}

/* In a thread of the password pool: hash, then back to a handler. */
static void
on_password(struct req *r, struct repo *repo)
{
	const struct conf *c = r->app->conf;
	struct password_cost cost = {
		.ops = c->api.password_ops,
		.memory_bytes = (size_t)c->api.password_memory_kib << 10,
	};

	(void)repo;
	metrics_add(&count.password_hashes, 1);
	password_run(&r->password, &cost);
	if (pool_submit(r->app->pool, r))
		return;
	(void)req_problem(r, PROBLEM_OVERLOADED, "too many requests wait");
	http_finish(r);
}

/* In a handler thread: run a request, then send it on. */
static void
on_run(struct req *r, struct repo *repo)
{
	int64_t began_ms = now_mono_ms();

	if (r->stream_begun) {
		run_stream(r, repo);
		http_finish(r);
		return;
	}
	if (r->password.state == PASSWORD_IDLE)
		metrics_add(&count.requests, 1);
	dispatch_run(r, repo);
	if (r->park_until_ms != 0) {
		if (waiter_park(r->app->waiter, r))
			return;
		r->park_until_ms = 0;
		(void)req_problem(r, PROBLEM_TOO_MANY,
		    "too many requests wait already");
		reply_header(&r->reply, "Retry-After", "5");
	}
	if (r->reply.status == 0 && r->password.state == PASSWORD_WANTED) {
		if (pool_submit(r->app->passwords, r))
			return;
		metrics_add(&count.password_refused, 1);
		(void)req_problem(r, PROBLEM_OVERLOADED,
		    "too many people log in at this moment");
	}
	note_reply(r, began_ms);
	http_finish(r);
}

static bool
on_submit(struct app *app, struct req *r)
{
	/* Alive is said without a handler thread: all of them may be waiting
	 * for a database that does not answer. */
	if (r->route->handler == resource_meta_health) {
		dispatch_run(r, NULL);
		note_reply(r, r->began_ms);
		http_finish(r);
		return true;
	}
	if (pool_submit(app->pool, r))
		return true;
	metrics_add(&count.refused_full, 1);
	return false;
}

static bool
on_wake(struct app *app, struct req *r)
{
	if (!pool_submit(app->pool, r))
		return false;
	metrics_add(&count.wait_rounds, 1);
	return true;
}

static void
on_tick(struct app *app)
{
	struct http *http = __atomic_load_n(&app->http, __ATOMIC_ACQUIRE);

	if (http != NULL)
		http_tick(http);
}

/* ---- start and end ---- */

static enum err
load_secrets(struct app *app)
{
	struct fault fault = { .text = "" };
	char text[512];
	enum err e;

	e = auth_pepper_load(app->conf->api.pepper_file, &app->pepper,
	    &fault);
	if (e != OK) {
		log_err("credential.unusable", "what=pepper reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return e;
	}
	e = vault_load(app->conf->api.totp_key_file, &app->vault, &fault);
	if (e == ERR_NOT_FOUND) {
		log_warn("credential.missing", "what=totp_key file=%s "
		    "reason=\"nobody can set up a second factor, so no staff "
		    "can work\"", LOG_Q(app->conf->api.totp_key_file));
	} else if (e != OK) {
		log_err("credential.unusable", "what=totp_key reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return e;
	}
	e = seal_public_load(app->conf->api.seal_public_file, &app->seal);
	if (e != OK) {
		log_err("credential.unusable",
		    "what=seal_public file=%s error=%s",
		    LOG_Q(app->conf->api.seal_public_file), err_name(e));
		return e;
	}
	app->has_seal = true;
	return OK;
}

static enum err
make_buckets(const struct app *app, uint32_t per_minute,
    struct bucket_table **out)
{
	struct bucket_conf conf = {
		.quota = per_minute,
		.window_s = 60,
		.n_max = app->conf->api.rate_clients_max,
	};

	return per_minute == 0 ? OK : bucket_new(&conf, out);
}

static enum err
start_waiter(struct app *app)
{
	const struct conf *c = app->conf;
	struct waiter_conf conf = {
		.db = {
			.conninfo = c->database.apid_app,
			.program = "apid waiter",
			.connect_timeout_s =
			    (int)c->database.connect_timeout_s,
			.timeout_ms = 5000,
		},
		.n_max = c->api.waits_max,
		.n_tenant_max = MAX(1U, c->api.waits_max / 4),
		.app = app,
		.wake = on_wake,
		.tick = on_tick,
	};

	return waiter_new(&conf, &app->waiter);
}

static enum err
start_http(struct app *app)
{
	const struct conf *c = app->conf;
	struct http_conf conf = {
		.n_threads = c->api.http_threads,
		.connections_max = c->api.connections_max,
		.connections_per_ip_max = c->api.connections_per_ip_max,
		.body_max_bytes = c->api.body_max_bytes,
		.idle_timeout_s = c->api.idle_timeout_s,
		.request_timeout_s = c->api.request_timeout_s,
		.app = app,
		.submit = on_submit,
	};
	struct fault fault = { .text = "" };
	struct http *http = NULL;
	char text[600];
	enum err e;

	e = front_begin(c, &conf, &app->https, &fault);
	if (e == OK) {
		e = http_open(&conf, &http);
		if (e != OK)
			fault_set(&fault, c->api.listen, 0, "%s",
			    err_text(e));
	}
	if (e != OK) {
		log_err("listen.failed", "address=%s error=%s reason=%s",
		    LOG_Q(c->api.listen), err_name(e),
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return e;
	}
	__atomic_store_n(&app->http, http, __ATOMIC_RELEASE);
	log_info("listen.opened", "address=%s port=%u tls=%s proxies=%zu",
	    LOG_Q(c->api.listen), http_port(http),
	    app->https != NULL ? "yes" : "no", conf.forwarded.n_trusted);
	return OK;
}

static enum err
start(struct app *app)
{
	const struct conf *c = app->conf;
	struct pool_conf pool = {
		/* A thread has a connection of each role. */
		.n_threads = MIN(c->api.threads, c->database.pool_max),
		.queue_max = c->api.queue_max,
		.repo = &app->repo,
		.run = on_run,
	};
	struct pool_conf passwords = {
		.n_threads = c->api.password_jobs,
		.queue_max = c->api.password_queue,
		.repo = &app->repo,
		.run = on_password,
	};
	enum err e;

	app->repo = (struct repo_conf){
		.app = c->database.apid_app,
		.auth = c->database.apid_auth,
		.operator = c->database.apid_operator,
		.connect_timeout_s = (int)c->database.connect_timeout_s,
		.timeout_ms = (int)c->database.statement_timeout_ms,
		.prepare = true,
		.pepper = &app->pepper,
		.session_idle_s = c->api.session_idle_s,
	};
	e = make_buckets(app, c->api.rate_per_minute, &app->by_caller);
	if (e == OK)
		e = make_buckets(app, c->api.rate_anonymous_per_minute,
		    &app->by_address);
	if (e == OK)
		e = pool_new(&pool, &app->pool);
	if (e == OK)
		e = pool_new(&passwords, &app->passwords);
	if (e == OK)
		e = start_waiter(app);
	if (e == OK)
		e = start_http(app);
	return e;
}

/* Everybody who waits is answered, what is queued is done, then silence. */
static void
stop(struct app *app)
{
	struct http *http = app->http;

	if (http != NULL)
		http_stop(http);
	__atomic_store_n(&app->http, NULL, __ATOMIC_RELEASE);
	/* Open connections go on asking until http_close(): pool and waiter
	 * refuse, but must be there. */
	if (app->waiter != NULL)
		waiter_stop(app->waiter);
	/* What is hashed goes on in the other pool, so that ends later. */
	if (app->passwords != NULL)
		pool_stop(app->passwords);
	if (app->pool != NULL)
		pool_stop(app->pool);
	if (http != NULL)
		http_drain(http);
	http_close(http);
	https_free(app->https);
	waiter_free(app->waiter);
	pool_free(app->passwords);
	pool_free(app->pool);
	bucket_free(app->by_caller);
	bucket_free(app->by_address);
}

/* A schema that we do not know is refused; a database that is not there yet
 * is not a reason to stay away. */
static enum err
check_schema(const struct app *app)
{
	struct db_conf conf = {
		.conninfo = app->conf->database.apid_app,
		.program = "apid",
		.connect_timeout_s =
		    (int)app->conf->database.connect_timeout_s,
	};
	struct db *db = NULL;
	char why[256] = "";
	enum err e;

	e = db_open(&conf, &db, why, sizeof(why));
	if (e == OK)
		e = db_schema_check(db, why, sizeof(why));
	if (e != OK)
		log_warn("schema.unchecked", "error=%s reason=%s",
		    err_name(e), LOG_Q(why));
	if (db != NULL)
		db_close(db);
	return e == ERR_SCHEMA ? e : OK;
}

/* What changes while it runs: the log level and the certificate. */
static void
reload(struct app *app, struct svc *s)
{
	struct conf *old = NULL;

	/* Everybody goes on reading the first one, which stays. */
	if (svc_reload(s, &old) == OK && old != app->conf)
		conf_free(old);
	if (app->https != NULL)
		https_look(app->https, true);
}

static void
serve(struct app *app, struct svc *s, bool pool_stored)
{
	for (;;) {
		enum svc_event ev = svc_wait(s, app->https != NULL ||
		    !pool_stored ? TLS_LOOK_MS : -1);

		if (!pool_stored)
			pool_stored = claims_start(app->conf) == OK;
		if (ev == SVC_STOP)
			return;
		if (ev == SVC_RELOAD)
			reload(app, s);
		else if (app->https != NULL)
			https_look(app->https, false);
	}
}

static enum err
run(struct app *app, struct svc *s)
{
	struct metrics_server *metrics = NULL;
	bool pool_stored;
	enum err e;

	e = ownership_check(app->conf);
	if (e == OK)
		e = check_schema(app);
	if (e != OK)
		return e;
	e = claims_start(app->conf);
	pool_stored = e == OK;
	if (e == ERR_CONFIG)
		return e;
	reserved_begin();
	e = start(app);
	if (e == OK)
		e = metrics_serve_start(app->conf->api.metrics_listen,
		    render_metrics, NULL, &metrics);
	if (e == OK) {
		svc_ready(s);
		serve(app, s, pool_stored);
	}
	metrics_serve_stop(metrics);
	stop(app);
	reserved_end();
	return e;
}

int
main(int argc, char **argv)
{
	const char *first = NULL, *staff = NULL, *link = NULL;
	const char *purpose = "login";
	const struct svc_option options[] = {
		{ "bootstrap-operator", NULL,
		  "store a new operator token, print it, end", &first },
		{ "bootstrap-staff", "EMAIL", "make a staff user, print a "
		  "link that signs them in, end", &staff },
		{ "one-time-link", "EMAIL",
		  "print a link for this person, end", &link },
		{ "purpose", "WHAT", "of the link: verify, reset or login",
		  &purpose },
	};
	struct app app = { .conf = NULL };
	struct conf *first_conf;
	struct svc s;
	enum err e;
	int code;

	if (!svc_begin(&s, "apid", options, COUNT_OF(options), argc, argv,
	    &code))
		return code;
	app.conf = first_conf = s.conf;
	e = auth_init();
	if (e == OK)
		e = load_secrets(&app);
	if (e == OK)
		e = first != NULL ? console_token(&app) :
		    staff != NULL ? console_staff(&app, staff) :
		    link != NULL ? console_link(&app, link, purpose) :
		    run(&app, &s);
	auth_wipe(&app.pepper, sizeof(app.pepper));
	if (s.conf != first_conf)
		conf_free(first_conf);
	auth_wipe(&app.vault, sizeof(app.vault));
	return svc_end(&s, e);
}
