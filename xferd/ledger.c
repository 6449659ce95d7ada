/*
 * ledger.c - what rounds leave behind, written in batches.
 *
 * One write is under way at a time; what comes meanwhile makes the next one.
 * The first entry of a batch waits BATCH_MS for company.
 */
#include "xferd/ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db_pipe.h"
#include "common/db/db_tx.h"
#include "xferd/keepsql.h"

enum {
	BATCH_MS = 10,
	ARRAY_MAX = 64 << 20,
	ATTEMPT_COLUMNS = 28,
};

struct attempt_node {
	struct attempt_node *next;
	struct attempt row;
};

struct end_node {
	struct end_node *next;
	struct ledger_end end;
};

struct event_node {
	struct event_node *next;
	uint8_t zone_id[16], tenant_id[16];
	const char *kind;
	char message[ATTEMPT_MESSAGE_MAX + 1];
};

struct batch {
	struct event_node *events, **events_tail;
	struct attempt_node *attempts, **attempts_tail;
	struct end_node *ends, **ends_tail;
	size_t n_attempts, n_ends, n_events;
};

struct ledger {
	struct crew *crew;
	uint8_t owner[16];
	unsigned keep_attempts;
	uv_timer_t timer;
	bool timer_on;
	struct batch next;		/* being filled */
	struct batch now;		/* being written */
	bool writing;
	struct crew_job job;
	uint64_t dropped;
};

static void
batch_init(struct batch *b)
{
	*b = (struct batch){ 0 };
	b->attempts_tail = &b->attempts;
	b->ends_tail = &b->ends;
	b->events_tail = &b->events;
}

static void
move_batch(struct batch *to, struct batch *from)
{
	batch_init(to);
	if (from->attempts != NULL) {
		to->attempts = from->attempts;
		to->attempts_tail = from->attempts_tail;
	}
	if (from->ends != NULL) {
		to->ends = from->ends;
		to->ends_tail = from->ends_tail;
	}
	if (from->events != NULL) {
		to->events = from->events;
		to->events_tail = from->events_tail;
	}
	to->n_events = from->n_events;
	to->n_attempts = from->n_attempts;
	to->n_ends = from->n_ends;
	batch_init(from);
}

/* ---- in the crew ------------------------------------------------------- */

static void
add_or_null(struct db_array *a, int64_t n)
{
	if (n < 0)
		db_array_add_null(a);
	else
		db_array_add_i64(a, n);
}

static void
add_text(struct db_array *a, const char *text)
{
	if (text == NULL)
		db_array_add_null(a);
	else
		db_array_add(a, text, strlen(text));
}

static const enum db_array_type ATTEMPT_TYPES[ATTEMPT_COLUMNS] = {
	DB_ARRAY_UUID, DB_ARRAY_UUID, DB_ARRAY_I64, DB_ARRAY_TEXT,
	DB_ARRAY_TEXT, DB_ARRAY_I64, DB_ARRAY_TEXT, DB_ARRAY_TEXT,
	DB_ARRAY_TEXT, DB_ARRAY_TEXT, DB_ARRAY_I64, DB_ARRAY_I64,
	DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64,
	DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64,
	DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64,
	DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_I64, DB_ARRAY_TEXT,
};

static void
add_attempt(struct db_array *col, const struct attempt *a, int64_t now_ms)
{
	char ip[SOCK_TEXT_MAX];
	bool has_address = a->primary.family != 0;
	int64_t age_ms = now_ms - a->started_ms;
	int c = 0;

	db_array_add(&col[c++], a->zone_id, 16);
	db_array_add(&col[c++], a->tenant_id, 16);
	db_array_add_i64(&col[c++], age_ms > 0 ? age_ms : 0);
	add_text(&col[c++], attempt_kind_text(a->kind));
	add_text(&col[c++], has_address ? sock_ip_print(&a->primary, ip) :
	    NULL);
	add_or_null(&col[c++], has_address ? a->primary.port : -1);
	add_text(&col[c++], a->transport);
	add_text(&col[c++], attempt_outcome_text(a->outcome));
	add_text(&col[c++], a->reason);
	add_text(&col[c++], a->message);
	add_or_null(&col[c++], a->serial_before);
	add_or_null(&col[c++], a->serial_after);
	add_or_null(&col[c++], a->primary_serial);
	add_or_null(&col[c++], a->generation);
	add_or_null(&col[c++], a->rcode);
	add_or_null(&col[c++], a->ede);
	add_or_null(&col[c++], a->tsig_error);
	if (a->has_skew)
		db_array_add_i64(&col[c++], a->skew_s);
	else
		db_array_add_null(&col[c++]);
	add_or_null(&col[c++], a->bytes);
	add_or_null(&col[c++], a->records);
	add_or_null(&col[c++], a->messages);
	add_or_null(&col[c++], a->pages);
	add_or_null(&col[c++], a->connect_ms);
	add_or_null(&col[c++], a->first_ms);
	add_or_null(&col[c++], a->transfer_ms);
	add_or_null(&col[c++], a->ingest_ms);
	add_or_null(&col[c++], a->total_ms);
	add_text(&col[c++], a->details[0] == '\0' ? NULL : a->details);
}

static void
write_attempts(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array col[ATTEMPT_COLUMNS];
	struct db_param param[ATTEMPT_COLUMNS];
	struct batch *b = &ledger->now;
	int64_t now_ms = now_mono_ms();

	if (b->attempts == NULL)
		return;
	for (int c = 0; c < ATTEMPT_COLUMNS; c++)
		db_array_init(&col[c], ATTEMPT_TYPES[c], ARRAY_MAX);
	for (struct attempt_node *n = b->attempts; n != NULL; n = n->next)
		add_attempt(col, &n->row, now_ms);
	for (int c = 0; c < ATTEMPT_COLUMNS; c++)
		param[c] = db_array_param(&col[c]);
	db_pipe_do(pipe, KEEPSQL(attempt_insert), param, ATTEMPT_COLUMNS);
	/* The first column has the zones, each as often as it has rows. */
	db_pipe_do(pipe, KEEPSQL(tidy_attempts), DB_PARAMS(param[0],
	    db_i64(ledger->keep_attempts)));
	for (int c = 0; c < ATTEMPT_COLUMNS; c++)
		db_array_fini(&col[c]);
}

static bool
is_error(const struct attempt *a)
{
	return a->kind != ATTEMPT_NOTIFY && (a->outcome == ATTEMPT_FAILED ||
	    a->outcome == ATTEMPT_REFUSED);
}

static void
write_errors(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array zone, error, ending;

	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&error, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&ending, DB_ARRAY_UUID, ARRAY_MAX);
	for (struct attempt_node *n = ledger->now.attempts; n != NULL;
	    n = n->next)
		if (is_error(&n->row)) {
			db_array_add(&zone, n->row.zone_id, 16);
			add_text(&error, n->row.message);
		}
	for (struct end_node *n = ledger->now.ends; n != NULL; n = n->next)
		db_array_add(&ending, n->end.zone_id, 16);
	if (zone.n > 0)
		db_pipe_do(pipe, KEEPSQL(attempt_error), DB_PARAMS(
		    db_uuid(ledger->owner), db_array_param(&zone),
		    db_array_param(&error), db_array_param(&ending)));
	db_array_fini(&zone);
	db_array_fini(&error);
	db_array_fini(&ending);
}

enum {
	END_ZONE, END_DUE, END_PRIORITY, END_FAILURES, END_SERIAL, END_EXPIRES,
	END_ERROR, END_NOTED, END_BACK, END_BACK_SERIAL, END_SEEN, END_DID,
	END_DIFFERS,
	END_COLUMNS
};

static void
add_end(struct db_array *col, const struct ledger_end *d)
{
	db_array_add(&col[END_ZONE], d->zone_id, 16);
	db_array_add_i64(&col[END_DUE], d->due_in_ms);
	db_array_add_i64(&col[END_PRIORITY], d->priority);
	db_array_add_i64(&col[END_FAILURES], MIN(d->failures,
	    (uint32_t)INT32_MAX));
	add_or_null(&col[END_SERIAL], d->primary_serial);
	if (d->contact)
		db_array_add_i64(&col[END_EXPIRES], d->expires_in_ms);
	else
		db_array_add_null(&col[END_EXPIRES]);
	add_text(&col[END_ERROR], d->error);
	db_array_add_i64(&col[END_NOTED], d->noted);
	add_text(&col[END_BACK], d->back);
	add_or_null(&col[END_BACK_SERIAL], d->back == NULL ? -1 :
	    (int64_t)d->back_serial);
	add_text(&col[END_SEEN], d->seen);
	db_array_add_i64(&col[END_DID], d->good | d->compared << 1 |
	    d->learnt << 2);
	if (d->differs)
		db_array_add(&col[END_DIFFERS], d->differs_id, 16);
	else
		db_array_add_null(&col[END_DIFFERS]);
}

static void
write_ends(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array col[END_COLUMNS];
	struct db_param param[1 + END_COLUMNS] = { db_uuid(ledger->owner) };

	if (ledger->now.ends == NULL)
		return;
	for (int c = 0; c < END_COLUMNS; c++)
		db_array_init(&col[c], c == END_ZONE ||
		    c == END_DIFFERS ? DB_ARRAY_UUID :
		    c == END_ERROR || c == END_BACK || c == END_SEEN ?
		    DB_ARRAY_TEXT : DB_ARRAY_I64, ARRAY_MAX);
	for (struct end_node *n = ledger->now.ends; n != NULL; n = n->next)
		add_end(col, &n->end);
	for (int c = 0; c < END_COLUMNS; c++)
		param[1 + c] = db_array_param(&col[c]);
	db_pipe_do(pipe, KEEPSQL(lease_finish), param, 1 + END_COLUMNS);
	for (int c = 0; c < END_COLUMNS; c++)
		db_array_fini(&col[c]);
}

static void
write_events(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array zone, tenant, kind, message;

	if (ledger->now.events == NULL)
		return;
	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&tenant, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&kind, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&message, DB_ARRAY_TEXT, ARRAY_MAX);
	for (struct event_node *n = ledger->now.events; n != NULL;
	    n = n->next) {
		db_array_add(&zone, n->zone_id, 16);
		db_array_add(&tenant, n->tenant_id, 16);
		add_text(&kind, n->kind);
		add_text(&message, n->message);
	}
	db_pipe_do(pipe, KEEPSQL(event_insert), DB_PARAMS(
	    db_array_param(&zone), db_array_param(&tenant),
	    db_array_param(&kind), db_array_param(&message)));
	db_array_fini(&zone);
	db_array_fini(&tenant);
	db_array_fini(&kind);
	db_array_fini(&message);
}

static void
write_renewals(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array zone, expires;

	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&expires, DB_ARRAY_I64, ARRAY_MAX);
	for (struct end_node *n = ledger->now.ends; n != NULL; n = n->next)
		if (n->end.renew) {
			db_array_add(&zone, n->end.zone_id, 16);
			db_array_add_i64(&expires, n->end.expires_in_ms);
		}
	if (zone.n > 0) {
		db_pipe_do(pipe, KEEPSQL(refresh_insert), DB_PARAMS(
		    db_array_param(&zone), db_array_param(&expires)));
		db_pipe_do(pipe, KEEPSQL(feed_hint), DB_NO_PARAMS);
	}
	db_array_fini(&zone);
	db_array_fini(&expires);
}

static void
write_jobs(struct ledger *ledger, struct db_pipe *pipe)
{
	struct db_array id, state, outcome, message;

	db_array_init(&id, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&state, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&outcome, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&message, DB_ARRAY_TEXT, ARRAY_MAX);
	for (struct end_node *n = ledger->now.ends; n != NULL; n = n->next)
		for (unsigned i = 0; i < n->end.n_jobs; i++) {
			db_array_add_i64(&id, n->end.job_ids[i]);
			add_text(&state, n->end.jobs_ok ? "done" : "failed");
			add_text(&outcome, n->end.outcome);
			add_text(&message, n->end.error);
		}
	if (id.n > 0)
		db_pipe_do(pipe, KEEPSQL(job_finish), DB_PARAMS(
		    db_array_param(&id), db_array_param(&state),
		    db_array_param(&outcome), db_array_param(&message)));
	db_array_fini(&id);
	db_array_fini(&state);
	db_array_fini(&outcome);
	db_array_fini(&message);
}

/* Everything in one round trip. */
static enum err
write_batch(struct db *db, struct ledger *ledger, bool all)
{
	struct db_pipe pipe;
	enum err e;

	db_pipe_begin(&pipe, db);
	db_pipe_open_tx(&pipe, DB_TX_WRITE_LAX);
	write_ends(ledger, &pipe);
	if (all) {
		write_errors(ledger, &pipe);
		write_attempts(ledger, &pipe);
		write_events(ledger, &pipe);
		write_renewals(ledger, &pipe);
		write_jobs(ledger, &pipe);
	}
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	db_pipe_end(&pipe);
	return e;
}

static enum err
write_all(struct db *db, void *arg)
{
	return write_batch(db, arg, true);
}

/* Due times alone, if something else in the batch is refused. */
static enum err
write_some(struct db *db, void *arg)
{
	return write_batch(db, arg, false);
}

static enum err
ledger_run(struct crew_job *job, struct db *db)
{
	struct ledger *ledger = CONTAINER_OF(job, struct ledger, job);
	enum err e = db_tx_run_piped(db, 4, write_all, ledger);

	if (err_class(e) == ERR_CLASS_RETRY || e == OK)
		return e;
	log_err("ledger.refused", "err=%s sqlstate=%s why=%s", err_name(e),
	    db_sqlstate(db), LOG_Q(db_error(db)));
	return db_tx_run_piped(db, 4, write_some, ledger);
}

/* ---- in the loop ------------------------------------------------------- */

static void start(struct ledger *ledger);

static void
ledger_done(struct crew_job *job)
{
	struct ledger *ledger = CONTAINER_OF(job, struct ledger, job);
	struct batch b;

	move_batch(&b, &ledger->now);
	ledger->writing = false;
	while (b.attempts != NULL) {
		struct attempt_node *n = b.attempts;

		b.attempts = n->next;
		free(n);
	}
	while (b.events != NULL) {
		struct event_node *n = b.events;

		b.events = n->next;
		free(n);
	}
	while (b.ends != NULL) {
		struct end_node *n = b.ends;

		b.ends = n->next;
		n->end.written(n->end.arg);
		free(n->end.error);
		free(n->end.seen);
		free(n);
	}
	ledger_flush(ledger);
}

static void
start(struct ledger *ledger)
{
	if (ledger->writing)
		return;
	move_batch(&ledger->now, &ledger->next);
	ledger->writing = true;
	ledger->job = (struct crew_job){ .run = ledger_run,
		.done = ledger_done, .give_up_ms = INT64_MAX };
	crew_submit(ledger->crew, CREW_QUICK, &ledger->job);
}

static void
on_timer(uv_timer_t *timer)
{
	struct ledger *ledger = timer->data;

	ledger->timer_on = false;
	start(ledger);
}

static void
soon(struct ledger *ledger)
{
	if (ledger->writing || ledger->timer_on)
		return;
	ledger->timer_on = true;
	uv_timer_start(&ledger->timer, on_timer, BATCH_MS, 0);
}

enum err
ledger_new(uv_loop_t *loop, struct crew *crew, const uint8_t owner[16],
    unsigned keep_attempts, struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger == NULL)
		return ERR_NO_MEMORY;
	ledger->crew = crew;
	memcpy(ledger->owner, owner, 16);
	ledger->keep_attempts = keep_attempts;
	batch_init(&ledger->next);
	batch_init(&ledger->now);
	uv_timer_init(loop, &ledger->timer);
	ledger->timer.data = ledger;
	*out = ledger;
	return OK;
}

void
ledger_attempt(struct ledger *ledger, const struct attempt *a)
{
	struct attempt_node *n;

	if (ledger->next.n_attempts >= LEDGER_ATTEMPTS_MAX ||
	    (n = malloc(sizeof(*n))) == NULL) {
		ledger->dropped++;
		return;
	}
	n->next = NULL;
	n->row = *a;
	*ledger->next.attempts_tail = n;
	ledger->next.attempts_tail = &n->next;
	ledger->next.n_attempts++;
	soon(ledger);
}

void
ledger_finish(struct ledger *ledger, const struct ledger_end *end)
{
	struct end_node *n = malloc(sizeof(*n));

	if (n == NULL) {
		/* The lease lapses; the zone is looked at again. */
		free(end->error);
		free(end->seen);
		end->written(end->arg);
		return;
	}
	n->next = NULL;
	n->end = *end;
	*ledger->next.ends_tail = n;
	ledger->next.ends_tail = &n->next;
	ledger->next.n_ends++;
	soon(ledger);
}

void
ledger_event(struct ledger *ledger, const uint8_t zone_id[16],
    const uint8_t tenant_id[16], const char *zone, const char *kind,
    const char *fmt, ...)
{
	struct event_node *n = NULL;
	va_list ap;

	if (ledger->next.n_events < LEDGER_EVENTS_MAX)
		n = calloc(1, sizeof(*n));
	if (n == NULL) {
		ledger->dropped++;
		return;
	}
	memcpy(n->zone_id, zone_id, 16);
	memcpy(n->tenant_id, tenant_id, 16);
	n->kind = kind;
	va_start(ap, fmt);
	vsnprintf(n->message, sizeof(n->message), fmt, ap);
	va_end(ap);
	log_warn("zone.event", "zone=%s kind=%s message=%s", LOG_Q(zone),
	    kind, LOG_Q(n->message));
	*ledger->next.events_tail = n;
	ledger->next.events_tail = &n->next;
	ledger->next.n_events++;
	soon(ledger);
}

static bool
is_empty(const struct batch *b)
{
	return b->attempts == NULL && b->ends == NULL && b->events == NULL;
}

void
ledger_flush(struct ledger *ledger)
{
	if (!is_empty(&ledger->next))
		start(ledger);
}

bool
ledger_idle(const struct ledger *ledger)
{
	return !ledger->writing && is_empty(&ledger->next);
}
