/*
 * publish.c - prepared versions into the database, many in one transaction.
 *
 * Order inside the transaction: lock the zone_state rows that may be published
 * (in zone order, so two publishers cannot deadlock), close the rows that end,
 * insert the new ones in chunks, insert the versions, move the states, one
 * NOTIFY.  Two round trips: the lock, and then all the rest.  If the transaction
 * is refused for its content, each zone is tried alone, so that one bad version
 * does not hold back the rest.
 */
#include "xferd/publish.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db_pipe.h"
#include "common/db/db_tx.h"
#include "xferd/count.h"
#include "xferd/keepsql.h"

enum {
	ARRAY_MAX = 256 << 20,
	CHUNK_BYTES = 256 << 10,
	GIVE_UP_MS = 30000,		/* below any sane lease: see the fence */
};

struct publish {
	struct crew *crew;
	uint8_t owner[16];
	int64_t records_max;		/* 0: no limit */
	struct publish_version *waiting, **tail;
	struct publish_version *now;
	bool writing;
	struct crew_job job;
};

/* ---- versions ---------------------------------------------------------- */

enum err
publish_rows_add(struct publish_rows *rows, unsigned level,
    const uint8_t *low, size_t low_len, const uint8_t *high, size_t high_len,
    const struct digest *digest, uint32_t n_records, const uint8_t *body,
    size_t body_len)
{
	struct publish_row *r;

	if (high == NULL)
		high_len = 0;
	if (rows->n == rows->size) {
		size_t size = rows->size == 0 ? 8 : rows->size * 2;
		struct publish_row *more = realloc(rows->row,
		    size * sizeof(*more));

		if (more == NULL)
			return ERR_NO_MEMORY;
		rows->row = more;
		rows->size = size;
	}
	r = &rows->row[rows->n];
	*r = (struct publish_row){ .low_len = (uint16_t)low_len,
		.high_len = (uint16_t)high_len, .has_high = high != NULL,
		.level = (uint8_t)level, .n_records = n_records,
		.body_len = body_len };
	if (digest != NULL)
		r->digest = *digest;
	r->bytes = malloc(low_len + high_len + body_len + 1);
	if (r->bytes == NULL)
		return ERR_NO_MEMORY;
	if (low_len > 0)
		memcpy(r->bytes, low, low_len);
	if (high_len > 0)
		memcpy(r->bytes + low_len, high, high_len);
	if (body_len > 0)
		memcpy(r->bytes + low_len + high_len, body, body_len);
	rows->n++;
	return OK;
}

static void
free_rows(struct publish_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->row[i].bytes);
	free(rows->row);
}

void
publish_version_free(struct publish_version *v)
{
	if (v == NULL)
		return;
	free_rows(&v->pages);
	free_rows(&v->nodes);
	free_rows(&v->close_pages);
	free_rows(&v->close_nodes);
	outline_free(v->outline);
	free(v);
}

/* ---- in the crew: the transaction -------------------------------------- */

struct tx {
	struct publish *p;
	struct publish_version *list;
};

static enum err
lock_zones(struct tx *tx, struct db *db, unsigned *out_n)
{
	struct db_array zone, generation;
	struct db_pipe pipe;
	struct db_rows *rows;
	unsigned n;
	enum err e;

	*out_n = 0;
	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&generation, DB_ARRAY_I64, ARRAY_MAX);
	for (struct publish_version *v = tx->list; v != NULL; v = v->next) {
		v->locked = false;
		v->err = ERR_CONFLICT;
		db_array_add(&zone, v->zone_id, 16);
		db_array_add_i64(&generation, v->base_generation);
	}
	db_pipe_begin(&pipe, db);
	db_pipe_open_tx(&pipe, DB_TX_WRITE);
	if (tx->p->records_max > 0)
		db_pipe_do(&pipe, KEEPSQL(publish_limit), DB_PARAMS(
		    db_i64(tx->p->records_max)));
	n = db_pipe_add(&pipe, KEEPSQL(publish_lock), DB_PARAMS(
	    db_uuid(tx->p->owner), db_array_param(&zone),
	    db_array_param(&generation)));
	e = db_pipe_run(&pipe);
	rows = e == OK ? db_pipe_rows(&pipe, n) : NULL;
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		uint8_t id[16];

		db_get_uuid(rows, i, 0, id);
		for (struct publish_version *v = tx->list; v != NULL;
		    v = v->next)
			if (!v->locked && memcmp(v->zone_id, id, 16) == 0) {
				v->locked = true;
				v->err = OK;
				(*out_n)++;
			}
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	db_pipe_end(&pipe);
	db_array_fini(&zone);
	db_array_fini(&generation);
	return e;
}

static void
close_rows(struct tx *tx, struct db_pipe *pipe, bool nodes)
{
	struct db_array zone, level, low, generation;

	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&level, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&low, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&generation, DB_ARRAY_I64, ARRAY_MAX);
	for (struct publish_version *v = tx->list; v != NULL; v = v->next) {
		const struct publish_rows *rows = nodes ? &v->close_nodes :
		    &v->close_pages;

		for (size_t i = 0; v->locked && i < rows->n; i++) {
			db_array_add(&zone, v->zone_id, 16);
			db_array_add_i64(&level, rows->row[i].level);
			db_array_add(&low, rows->row[i].bytes,
			    rows->row[i].low_len);
			db_array_add_i64(&generation, v->base_generation + 1);
		}
	}
	if (zone.n > 0 && nodes)
		db_pipe_do(pipe, KEEPSQL(publish_close_nodes), DB_PARAMS(
		    db_array_param(&zone), db_array_param(&level),
		    db_array_param(&low), db_array_param(&generation)));
	else if (zone.n > 0)
		db_pipe_do(pipe, KEEPSQL(publish_close_pages), DB_PARAMS(
		    db_array_param(&zone), db_array_param(&low),
		    db_array_param(&generation)));
	db_array_fini(&zone);
	db_array_fini(&level);
	db_array_fini(&low);
	db_array_fini(&generation);
}

/* Rows on their way into a table, CHUNK_BYTES at a time. */
struct chunk {
	struct db_pipe *pipe;
	const struct db_stmt *stmt;
	bool nodes;
	struct db_array zone, tenant, low, high, generation, number, digest,
	    body, until, keys;
	size_t n_bytes;
};

static void
chunk_init(struct chunk *c, struct db_pipe *pipe, bool nodes)
{
	c->n_bytes = 0;
	c->pipe = pipe;
	c->nodes = nodes;
	c->stmt = nodes ? KEEPSQL(publish_nodes) : KEEPSQL(publish_pages);
	db_array_init(&c->zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&c->tenant, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&c->low, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&c->high, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&c->generation, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&c->number, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&c->digest, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&c->body, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&c->until, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&c->keys, DB_ARRAY_I64, ARRAY_MAX);
}

static void
chunk_fini(struct chunk *c)
{
	db_array_fini(&c->zone);
	db_array_fini(&c->tenant);
	db_array_fini(&c->low);
	db_array_fini(&c->high);
	db_array_fini(&c->generation);
	db_array_fini(&c->number);
	db_array_fini(&c->digest);
	db_array_fini(&c->body);
	db_array_fini(&c->until);
	db_array_fini(&c->keys);
}

static void
chunk_write(struct chunk *c)
{
	if (c->zone.n == 0)
		return;
	if (c->nodes)
		db_pipe_do(c->pipe, c->stmt, DB_PARAMS(
		    db_array_param(&c->zone), db_array_param(&c->tenant),
		    db_array_param(&c->low), db_array_param(&c->high),
		    db_array_param(&c->generation),
		    db_array_param(&c->number), db_array_param(&c->digest),
		    db_array_param(&c->body)));
	else
		db_pipe_do(c->pipe, c->stmt, DB_PARAMS(
		    db_array_param(&c->zone), db_array_param(&c->tenant),
		    db_array_param(&c->low), db_array_param(&c->high),
		    db_array_param(&c->generation),
		    db_array_param(&c->number), db_array_param(&c->digest),
		    db_array_param(&c->body), db_array_param(&c->until),
		    db_array_param(&c->keys)));
	db_array_reset(&c->zone);
	db_array_reset(&c->tenant);
	db_array_reset(&c->low);
	db_array_reset(&c->high);
	db_array_reset(&c->generation);
	db_array_reset(&c->number);
	db_array_reset(&c->digest);
	db_array_reset(&c->body);
	db_array_reset(&c->until);
	db_array_reset(&c->keys);
	c->n_bytes = 0;
}

static void
add_or_null(struct db_array *a, int64_t n)
{
	if (n > 0)
		db_array_add_i64(a, n);
	else
		db_array_add_null(a);
}

static void
chunk_add(struct chunk *c, const struct publish_version *v,
    const struct publish_row *r, bool nodes)
{
	db_array_add(&c->zone, v->zone_id, 16);
	db_array_add(&c->tenant, v->tenant_id, 16);
	db_array_add(&c->low, r->bytes, r->low_len);
	if (r->has_high)
		db_array_add(&c->high, r->bytes + r->low_len, r->high_len);
	else
		db_array_add_null(&c->high);
	db_array_add_i64(&c->generation, v->base_generation + 1);
	db_array_add_i64(&c->number, nodes ? r->level : r->n_records);
	db_array_add(&c->digest, r->digest.octets, DIGEST_SIZE);
	db_array_add(&c->body, r->bytes + r->low_len + r->high_len,
	    r->body_len);
	if (!nodes) {
		add_or_null(&c->until, r->signed_until_s);
		add_or_null(&c->keys, r->signed_keys);
	}
	c->n_bytes += r->body_len;
}

static void
write_rows(struct tx *tx, struct db_pipe *pipe, bool nodes)
{
	struct chunk c;

	chunk_init(&c, pipe, nodes);
	for (struct publish_version *v = tx->list; v != NULL; v = v->next) {
		const struct publish_rows *rows = nodes ? &v->nodes :
		    &v->pages;

		for (size_t i = 0; v->locked && i < rows->n; i++) {
			chunk_add(&c, v, &rows->row[i], nodes);
			if (c.n_bytes >= CHUNK_BYTES)
				chunk_write(&c);
		}
	}
	chunk_write(&c);
	chunk_fini(&c);
}

static void
write_states(struct tx *tx, struct db_pipe *pipe)
{
	struct db_array zone, tenant, generation, serial, soa, level, digest,
	    records, pages, written, mode, primary, expires;

	db_array_init(&zone, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&tenant, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&generation, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&serial, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&soa, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&level, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&digest, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&records, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&pages, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&written, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&mode, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&primary, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&expires, DB_ARRAY_I64, ARRAY_MAX);
	for (struct publish_version *v = tx->list; v != NULL; v = v->next) {
		if (!v->locked)
			continue;
		db_array_add(&zone, v->zone_id, 16);
		db_array_add(&tenant, v->tenant_id, 16);
		db_array_add_i64(&generation, v->base_generation + 1);
		db_array_add_i64(&serial, v->serial);
		db_array_add(&soa, v->soa, v->soa_len);
		db_array_add_i64(&level, v->root_level);
		db_array_add(&digest, v->root_digest.octets, DIGEST_SIZE);
		db_array_add_i64(&records, (int64_t)v->n_records);
		db_array_add_i64(&pages, (int64_t)v->n_pages);
		db_array_add_i64(&written, (int64_t)(v->pin_from > 0 ?
		    v->pin_pages : v->pages.n));
		if (v->pin_from > 0) {
			db_array_add(&mode, "pin", 3);
			db_array_add_null(&primary);
		} else {
			db_array_add(&mode, v->ixfr ? "ixfr" : "axfr", 4);
			db_array_add(&primary, v->primary_id, 16);
		}
		db_array_add_i64(&expires, v->expires_in_ms);
	}
	db_pipe_do(pipe, KEEPSQL(publish_version), DB_PARAMS(
	    db_array_param(&zone), db_array_param(&tenant),
	    db_array_param(&generation), db_array_param(&serial),
	    db_array_param(&soa), db_array_param(&level),
	    db_array_param(&digest), db_array_param(&records),
	    db_array_param(&pages), db_array_param(&written),
	    db_array_param(&mode), db_array_param(&primary),
	    db_array_param(&expires)));
	db_array_fini(&zone);
	db_array_fini(&tenant);
	db_array_fini(&generation);
	db_array_fini(&serial);
	db_array_fini(&soa);
	db_array_fini(&level);
	db_array_fini(&digest);
	db_array_fini(&records);
	db_array_fini(&pages);
	db_array_fini(&written);
	db_array_fini(&mode);
	db_array_fini(&primary);
	db_array_fini(&expires);
}

/* Old versions that are served again: their rows are made of stored ones. */
static void
write_pins(struct tx *tx, struct db_pipe *pipe)
{
	for (struct publish_version *v = tx->list; v != NULL; v = v->next) {
		const struct db_stmt *stmts[] = {
			KEEPSQL(repin_close_pages), KEEPSQL(repin_close_nodes),
			KEEPSQL(repin_pages), KEEPSQL(repin_nodes) };

		if (!v->locked || v->pin_from == 0)
			continue;
		for (size_t i = 0; i < COUNT_OF(stmts); i++)
			db_pipe_do(pipe, stmts[i], DB_PARAMS(
			    db_uuid(v->zone_id),
			    db_i64(v->base_generation + 1),
			    db_i64(v->pin_from)));
	}
}

static void
write_guards(struct tx *tx, struct db_pipe *pipe)
{
	for (struct publish_version *v = tx->list; v != NULL; v = v->next)
		if (v->locked && v->guarded)
			db_pipe_do(pipe, KEEPSQL(publish_guard), DB_PARAMS(
			    db_uuid(v->zone_id), db_if(v->pin_wanted > 0,
			    db_i64(v->pin_wanted)),
			    db_i64(v->base_generation)));
}

static enum err
write_versions(struct db *db, void *arg)
{
	struct tx *tx = arg;
	struct db_pipe pipe;
	unsigned n = 0;
	enum err e = lock_zones(tx, db, &n);

	if (e == OK && n == 0)
		db_rollback(db);
	if (e != OK || n == 0)
		return e;
	db_pipe_begin(&pipe, db);
	close_rows(tx, &pipe, false);
	close_rows(tx, &pipe, true);
	write_rows(tx, &pipe, false);
	write_rows(tx, &pipe, true);
	write_pins(tx, &pipe);
	write_states(tx, &pipe);
	write_guards(tx, &pipe);
	db_pipe_do(&pipe, KEEPSQL(feed_hint), DB_NO_PARAMS);
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	db_pipe_end(&pipe);
	return e;
}

/* The connection broke in COMMIT: look by our own key what became of it. */
static enum err
verify(struct tx *tx, struct db *db)
{
	enum err e = db_ensure(db);

	for (struct publish_version *v = tx->list; v != NULL && e == OK;
	    v = v->next) {
		struct db_rows *rows = NULL;

		if (!v->locked)
			continue;
		e = db_exec(db, KEEPSQL(publish_verify), DB_PARAMS(
		    db_uuid(v->zone_id), db_i64(v->base_generation + 1),
		    db_bytes(v->root_digest.octets, DIGEST_SIZE)), &rows);
		if (e == OK)
			v->err = db_rows_n(rows) == 1 ? OK : ERR_CONFLICT;
		db_rows_free(rows);
	}
	return e;
}

static enum err
write_list(struct publish *p, struct db *db, struct publish_version *list)
{
	struct tx tx = { .p = p, .list = list };
	enum err e = db_tx_run_piped(db, 4, write_versions, &tx);

	if (e == ERR_DB_UNKNOWN)
		e = verify(&tx, db);
	if (e == ERR_CONSTRAINT &&
	    strcmp(db_constraint(db), "tenant_usage_records_max_ck") == 0)
		e = ERR_LIMIT;
	if (e == OK)
		count_add(COUNT_publish_commits, 1);
	return e;
}

static enum err
publish_run(struct crew_job *job, struct db *db)
{
	struct publish *p = CONTAINER_OF(job, struct publish, job);
	enum err e = write_list(p, db, p->now);

	if (e == OK || err_class(e) == ERR_CLASS_RETRY)
		return e;
	if (e == ERR_LIMIT)
		log_info("publish.limited", "why=%s", LOG_Q(db_error(db)));
	else
		log_err("publish.refused", "err=%s sqlstate=%s constraint=%s why=%s",
	    err_name(e), db_sqlstate(db), LOG_Q(db_constraint(db)),
	    LOG_Q(db_error(db)));
	if (p->now->next == NULL)
		return e;
	for (struct publish_version *v = p->now; v != NULL; v = v->next) {
		struct publish_version *next = v->next;

		v->next = NULL;
		e = write_list(p, db, v);
		v->next = next;
		if (e != OK)
			v->err = e;
	}
	return OK;
}

/* ---- in the loop ------------------------------------------------------- */

static void start(struct publish *p);

static void
publish_done(struct crew_job *job)
{
	struct publish *p = CONTAINER_OF(job, struct publish, job);
	struct publish_version *v = p->now;
	enum err all = job->err;

	p->now = NULL;
	p->writing = false;
	while (v != NULL) {
		struct publish_version *next = v->next;
		enum err e = all != OK ? all : v->err;

		v->next = NULL;
		if (e == OK) {
			count_add(COUNT_published, 1);
			count_add(COUNT_pages_written, v->pages.n);
		} else if (e == ERR_CONFLICT) {
			count_add(COUNT_publish_conflicts, 1);
		}
		v->done(v, e);
		v = next;
	}
	start(p);
}

static void
start(struct publish *p)
{
	struct publish_version **tail = &p->now;
	size_t n = 0, bytes = 0;

	if (p->writing || p->waiting == NULL)
		return;
	while (p->waiting != NULL && n < PUBLISH_ZONES_MAX &&
	    (n == 0 || bytes + p->waiting->n_bytes <= PUBLISH_BYTES_MAX)) {
		struct publish_version *v = p->waiting;

		p->waiting = v->next;
		v->next = NULL;
		*tail = v;
		tail = &v->next;
		n++;
		bytes += v->n_bytes;
	}
	if (p->waiting == NULL)
		p->tail = &p->waiting;
	p->writing = true;
	p->job = (struct crew_job){ .run = publish_run, .done = publish_done,
		.give_up_ms = now_mono_ms() + GIVE_UP_MS };
	crew_submit(p->crew, CREW_PUBLISH, &p->job);
}

enum err
publish_new(struct crew *crew, const uint8_t owner[16], struct publish **out)
{
	struct publish *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->crew = crew;
	memcpy(p->owner, owner, 16);
	p->tail = &p->waiting;
	*out = p;
	return OK;
}

void
publish_limit(struct publish *p, int64_t records_max)
{
	p->records_max = records_max;
}

void
publish_submit(struct publish *p, struct publish_version *v)
{
	v->next = NULL;
	v->err = OK;
	*p->tail = v;
	p->tail = &v->next;
	start(p);
}

bool
publish_idle(const struct publish *p)
{
	return !p->writing && p->waiting == NULL;
}
