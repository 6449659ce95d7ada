/*
 * feeder.c - follows PostgreSQL and keeps the cache equal to it.
 * See feeder.h.
 *
 * The horizon of a poll is the "since" of the next one, taken only after all
 * that the poll told has been dealt with: applied, or put among the
 * exceptions.  Rows that come twice are dropped by generation.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "common/db/db_listen.h"
#include "dnsd/busy.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "dnsd/feeder.h"
#include "dnsd/intake.h"
#include "dnsd/snapshot.h"
#include "dnsd/feed_sql.h"
#include "dnsd/worker.h"

enum {
	EXCEPTIONS_MAX = 1000,
	EXCEPTIONS_RETRY_MS = 30000,
	CONNECT_FIRST_MS = 100,		/* back-off of reconnecting */
	CONNECT_MAX_MS = 5000,
	OPEN_TRIES = 20,		/* the arena, after a killed feeder */
	REPORT_BYTES_MAX = 256 * 1024,
	BUSY_MS = 60000,		/* between two looks at all counters */
	REPORT_GAP_MS = 25,		/* between two, however much changes */
	FINAL_SNAPSHOT_BYTES = 256 << 20,
};

/* A zone that is not served as the database has it. */
struct exception {
	uint8_t id[16];
	uint64_t generation;
	enum err err;
};

struct snapshot_job {
	pthread_t thread;
	bool running;
	_Atomic bool finished;
	_Atomic bool give_up;
	enum err err;
	struct snapshot_facts facts;
	int64_t began_ms;
};

struct feeder {
	const struct conf *conf;
	struct control *control;
	struct control_counters *count;
	struct cache_write *w;

	struct db *db;
	struct db *report_db;		/* NULL: the same */
	struct db_listen *listen;
	struct db_conf db_conf;
	struct db_conf report_conf;
	bool connected;
	int64_t connect_at;
	int connect_wait_ms;

	/* the history that the horizon is of */
	uint64_t system_id, timeline;
	uint64_t epoch;
	bool history_new;		/* and nothing of it applied yet */
	bool empty_said;
	uint64_t horizon;		/* 0: everything */
	uint64_t core_xmin;
	uint32_t turn;

	int64_t reported_at;
	struct buf busy;		/* the busiest zones, as JSON */
	int64_t busy_at;
	int64_t poll_at, report_at, reconcile_at, snapshot_at, retry_at;
	bool dirty;			/* changed since the last snapshot */

	size_t n_exceptions;
	struct exception exception[EXCEPTIONS_MAX];

	struct snapshot_job snapshot;
};

/* One poll of the feed. */
struct change {
	uint8_t id[16];
	uint64_t pages;
};

struct poll {
	uint64_t horizon, core_xmin, xmax;
	uint64_t system_id, timeline;
	struct change *change;
	size_t n;
};

/* ---- exceptions ---------------------------------------------------------------- */

static const char *
reason_of(enum err e)
{
	switch (e) {
	case ERR_LIMIT:
		return "no-room";
	case ERR_MALFORMED:
		return "malformed";
	case ERR_MISMATCH:
		return "digest-mismatch";
	case ERR_STALE:
		return "older-than-served";
	default:
		return "failed";
	}
}

static void
exception_remove(struct feeder *f, const uint8_t id[16])
{
	for (size_t i = 0; i < f->n_exceptions; i++)
		if (memcmp(f->exception[i].id, id, 16) == 0) {
			f->exception[i] = f->exception[--f->n_exceptions];
			return;
		}
}

static void
on_result(void *arg, const uint8_t id[16], enum err e, uint64_t generation)
{
	struct feeder *f = arg;
	char text[DB_UUID_TEXT_SIZE];
	bool known = false;

	f->dirty = true;
	for (size_t i = 0; i < f->n_exceptions && !known; i++)
		known = memcmp(f->exception[i].id, id, 16) == 0 &&
		    f->exception[i].err == e;
	exception_remove(f, id);
	if (e == OK)
		return;
	if (f->n_exceptions < EXCEPTIONS_MAX) {
		struct exception *x = &f->exception[f->n_exceptions++];

		memcpy(x->id, id, 16);
		x->generation = generation;
		x->err = e;
	}
	db_uuid_print(id, text);
	if (!known)
		log_err("zone.refused", "zone=%s reason=%s served_generation=%"
		    PRIu64, text, reason_of(e), generation);
}

/* ---- the database ----------------------------------------------------------------- */

static void
disconnected(struct feeder *f, enum err e)
{
	control_add(f->count, CONTROL_feed_failures, 1);
	if (f->connected)
		log_warn("feed.lost", "reason=%s detail=%s", err_name(e),
		    LOG_Q(f->db == NULL ? "" : db_error(f->db)));
	f->connected = false;
	f->connect_at = now_mono_ms() + f->connect_wait_ms;
	f->connect_wait_ms = MIN(f->connect_wait_ms * 2, CONNECT_MAX_MS);
}

static bool
connect_all(struct feeder *f)
{
	static const char *const channels[] = { "understudy_feed" };
	char why[256] = "";
	enum err e = OK;

	if (f->db == NULL)
		e = db_open(&f->db_conf, &f->db, why, sizeof(why));
	else
		e = db_ensure(f->db);
	if (e == OK && f->report_conf.conninfo != NULL &&
	    f->report_db == NULL)
		/* Best effort: without it, we serve and are not seen. */
		(void)!db_open(&f->report_conf, &f->report_db, why,
		    sizeof(why));
	if (e == OK && f->listen == NULL) {
		enum err le = db_listen_open(&f->db_conf, channels,
		    COUNT_OF(channels), &f->listen);

		if (le != OK)
			log_debug("listen.failed", "reason=%s", err_name(le));
	} else if (e == OK) {
		(void)!db_listen_ensure(f->listen);
	}
	if (e != OK) {
		if (f->connect_wait_ms >= CONNECT_MAX_MS)
			log_debug("feed.unreachable", "reason=%s detail=%s",
			    err_name(e), LOG_Q(why));
		disconnected(f, e);
		return false;
	}
	if (!f->connected)
		log_info("feed.connected", "");
	f->connected = true;
	f->connect_wait_ms = CONNECT_FIRST_MS;
	return true;
}

static enum err
poll_read(struct feeder *f, uint64_t since, struct poll *out,
    struct db_rows **out_rows)
{
	struct db_rows *rows = NULL;
	enum err e = db_exec(f->db, &feed_sql_stmt[FEED_SQL_feed_changes],
	    DB_PARAMS(db_xid8(since)), &rows);
	size_t n;

	memset(out, 0, sizeof(*out));
	*out_rows = NULL;
	control_add(f->count, CONTROL_feed_polls, 1);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	if (n == 0) {
		db_rows_free(rows);
		return ERR_DB;
	}
	out->horizon = db_get_xid8(rows, 0, 0);
	out->core_xmin = db_get_xid8(rows, 0, 1);
	out->xmax = db_get_xid8(rows, 0, 2);
	out->system_id = (uint64_t)db_get_i64(rows, 0, 3);
	out->timeline = (uint64_t)db_get_i64(rows, 0, 4);
	out->change = calloc(n, sizeof(*out->change));
	for (size_t i = 0; i < n && out->change != NULL; i++) {
		if (db_is_null(rows, i, 5) ||
		    strcmp(db_get_text(rows, i, 5), "zone") != 0)
			continue;
		db_get_uuid(rows, i, 6, out->change[out->n].id);
		out->change[out->n++].pages =
		    (uint64_t)db_get_i64(rows, i, 7);
	}
	e = out->change == NULL ? ERR_NO_MEMORY :
	    db_rows_failed(rows) ? ERR_DB : OK;
	if (e != OK) {
		free(out->change);
		db_rows_free(rows);
		return e;
	}
	*out_rows = rows;
	return OK;
}

/* Deadlines that moved without a new version. */
static void
refreshes_apply(struct feeder *f, struct db_rows *rows, int64_t boot_ms)
{
	struct cache_held *z;
	uint8_t id[16];
	int64_t checked, left;

	for (size_t i = 0; i < db_rows_n(rows); i++) {
		if (db_is_null(rows, i, 5) ||
		    strcmp(db_get_text(rows, i, 5), "refresh") != 0)
			continue;
		db_get_uuid(rows, i, 6, id);
		checked = db_get_time_ms(rows, i, 8);
		left = db_get_i64(rows, i, 9);
		z = cache_write_find(f->w, id);
		if (z == NULL || z->state != CACHE_FACTS_LOADED ||
		    db_rows_failed(rows) || checked <= z->checked_at_ms)
			continue;
		z->checked_at_ms = checked;
		cache_write_expire(f->w, id, boot_ms + left);
		f->dirty = true;
	}
}

/* All changed zones, in groups that are read in one transaction each. */
static enum err
changes_apply(struct feeder *f, const struct poll *p)
{
	static uint8_t ids[INTAKE_ZONES_MAX][16];
	struct intake in = {
		.db = f->db, .w = f->w, .count = f->count,
		.epoch = f->epoch, .turn = f->turn,
		.result = on_result, .arg = f,
	};
	uint64_t pages = 0;
	size_t n = 0;
	enum err e;

	for (size_t i = 0; i <= p->n && !worker_stop; i++) {
		bool large = i < p->n &&
		    p->change[i].pages > INTAKE_PAGES_MAX;

		if (n > 0 && (i == p->n || large || n == INTAKE_ZONES_MAX ||
		    pages + p->change[i].pages > INTAKE_PAGES_MAX)) {
			e = intake_zones(&in, (const uint8_t (*)[16])ids, n,
			    false);
			if (e != OK)
				return e;
			n = 0;
			pages = 0;
		}
		if (i == p->n)
			break;
		if (large) {
			e = intake_zones(&in, (const uint8_t (*)[16])
			    &p->change[i].id, 1, true);
			if (e != OK)
				return e;
			continue;
		}
		memcpy(ids[n++], p->change[i].id, 16);
		pages += p->change[i].pages;
	}
	return worker_stop ? ERR_STOPPED : OK;
}

struct gone {
	struct feeder *f;
	size_t n;
};

static void
remove_unseen(void *arg, struct cache_held *z)
{
	struct gone *g = arg;
	uint8_t id[16];

	if (z->turn == g->f->turn)
		return;
	memcpy(id, z->id, 16);
	exception_remove(g->f, id);
	cache_write_delete(g->f->w, id);
	g->f->dirty = true;
	g->n++;
}

/* Another database, an older one: its xids and generations mean nothing yet. */
static bool
history_changed(struct feeder *f, const struct poll *p)
{
	if (p->system_id == f->system_id && p->timeline == f->timeline &&
	    p->xmax >= f->horizon)
		return false;
	if (f->system_id != 0)
		log_warn("feed.history_changed", "system_id=%" PRIu64
		    " timeline=%" PRIu64 " xmax=%" PRIu64 " horizon=%" PRIu64,
		    p->system_id, p->timeline, p->xmax, f->horizon);
	f->system_id = p->system_id;
	f->timeline = p->timeline;
	/* Rises with every history: the wall clock, unless that went back. */
	f->epoch = MAX(f->epoch + 1, (uint64_t)now_wall_ms());
	f->horizon = 0;
	f->report_at = 0;
	f->reported_at = 0;
	f->history_new = true;
	return true;
}

/*
 * Another database, and not one zone in it: somebody is about to restore one,
 * or it is the wrong one.  Whoever means it restarts dnsd without its snapshot.
 */
static bool
is_empty_history(struct feeder *f, const struct poll *p)
{
	if (!f->history_new || p->n > 0 || cache_write_n_zones(f->w) == 0) {
		f->history_new = false;
		f->empty_said = false;
		return false;
	}
	if (!f->empty_said)
		log_err("feed.empty", "zones=%" PRIu64 " reason=\"another "
		    "database, without any zone: nothing is removed\"",
		    cache_write_n_zones(f->w));
	f->empty_said = true;
	return true;
}

static enum err
feed_poll(struct feeder *f, bool full)
{
	struct db_rows *rows;
	struct gone gone = { f, 0 };
	struct poll p;
	int64_t boot_ms = now_boot_ms();
	size_t n;
	enum err e;

	full = full || f->horizon == 0;
	e = poll_read(f, full ? 0 : f->horizon, &p, &rows);
	if (e != OK)
		return e;
	if (history_changed(f, &p) && !full) {
		free(p.change);
		db_rows_free(rows);
		return feed_poll(f, true);
	}
	if (full && is_empty_history(f, &p)) {
		free(p.change);
		db_rows_free(rows);
		return OK;		/* the horizon stays 0: all of it again */
	}
	if (full)
		f->turn++;
	n = p.n;
	e = changes_apply(f, &p);
	if (e == OK) {
		refreshes_apply(f, rows, boot_ms);
		/* 0: a subscriber whose tables are still being copied. */
		if (full && p.core_xmin != 0)
			cache_write_each(f->w, remove_unseen, &gone);
		f->horizon = p.horizon;
		f->core_xmin = p.core_xmin;
		if (n > 0)
			f->report_at = MIN(f->report_at,
			    f->reported_at + REPORT_GAP_MS);
	}
	free(p.change);
	db_rows_free(rows);
	if (e == OK && full) {
		log_info("feed.reconciled", "zones=%" PRIu64 " removed=%zu"
		    " exceptions=%zu bytes=%" PRIu64 " ms=%" PRId64,
		    cache_write_n_zones(f->w), gone.n, f->n_exceptions,
		    cache_write_used(f->w), now_boot_ms() - boot_ms);
		cache_write_ready(f->w);
		malloc_trim(0);		/* rows of everything are gone */
	}
	return e;
}

/* The zones among the exceptions once more: memory may be free again. */
static enum err
exceptions_retry(struct feeder *f)
{
	struct poll p = { .n = f->n_exceptions };
	enum err e;

	if (p.n == 0)
		return OK;
	p.change = calloc(p.n, sizeof(*p.change));
	if (p.change == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < p.n; i++) {
		memcpy(p.change[i].id, f->exception[i].id, 16);
		p.change[i].pages = INTAKE_PAGES_MAX + 1;	/* alone */
	}
	e = changes_apply(f, &p);
	free(p.change);
	return e;
}

/* ---- reporting ------------------------------------------------------------------------ */

static void
busy_tend(struct feeder *f)
{
	if (f->busy.len > 0 && now_mono_ms() < f->busy_at)
		return;
	buf_reset(&f->busy);
	busy_print(f->w, f->control, &f->busy);
	f->busy_at = now_mono_ms() + BUSY_MS;
}

static enum err
report(struct feeder *f)
{
	struct db *db = f->report_db != NULL ? f->report_db : f->db;
	char id[DB_UUID_TEXT_SIZE];
	struct buf exceptions, counters;
	enum err e;

	buf_init(&exceptions, REPORT_BYTES_MAX);
	buf_init(&counters, REPORT_BYTES_MAX);
	buf_str(&exceptions, "[");
	for (size_t i = 0; i < f->n_exceptions; i++) {
		db_uuid_print(f->exception[i].id, id);
		buf_printf(&exceptions, "%s{\"zone_id\":\"%s\","
		    "\"generation\":%" PRIu64 ",\"reason\":\"%s\"}",
		    i == 0 ? "" : ",", id, f->exception[i].generation,
		    reason_of(f->exception[i].err));
	}
	buf_str(&exceptions, "]");
	buf_printf(&counters, "{\"zones\":%" PRIu64 ",\"cache_bytes\":%"
	    PRIu64, cache_write_n_zones(f->w), cache_write_used(f->w));
	for (int i = 0; i < CONTROL_N_COUNTERS; i++)
		buf_printf(&counters, ",\"%s\":%" PRIu64,
		    control_name((enum control_counter)i), control_sum(
		    f->control, (enum control_counter)i));
	busy_tend(f);
	buf_printf(&counters, ",\"busiest\":%s}", buf_cstr(&f->busy));
	if (f->report_db != NULL && db_ensure(f->report_db) != OK)
		e = OK;			/* best effort */
	else
		e = db_exec(db, &feed_sql_stmt[FEED_SQL_edge_report], DB_PARAMS(
		    db_text(f->conf->dns.edge_name),
		    db_i64((int64_t)f->epoch), db_xid8(f->core_xmin),
		    db_text(buf_cstr(&exceptions)),
		    db_text(buf_cstr(&counters))), NULL);
	buf_fini(&exceptions);
	buf_fini(&counters);
	return f->report_db != NULL ? OK : e;
}

/* ---- snapshots ------------------------------------------------------------------------- */

static void *
snapshot_thread(void *arg)
{
	struct feeder *f = arg;

	f->snapshot.err = snapshot_write(f->conf->dns.snapshot_file,
	    cache_write_base(f->w), f->control, CONTROL_SLOT_SNAPSHOT,
	    &f->snapshot.give_up, &f->snapshot.facts);
	atomic_store(&f->snapshot.finished, true);
	return NULL;
}

static void
snapshot_begin(struct feeder *f)
{
	struct snapshot_job *j = &f->snapshot;

	j->facts = (struct snapshot_facts){
		.system_id = f->system_id, .timeline = f->timeline,
		.epoch = f->epoch, .horizon = f->horizon,
	};
	j->began_ms = now_mono_ms();
	atomic_store(&j->finished, false);
	atomic_store(&j->give_up, false);
	f->dirty = false;
	j->running = pthread_create(&j->thread, NULL, snapshot_thread, f) == 0;
}

static void
snapshot_end(struct feeder *f)
{
	struct snapshot_job *j = &f->snapshot;

	pthread_join(j->thread, NULL);
	j->running = false;
	f->snapshot_at = now_mono_ms() +
	    (int64_t)f->conf->dns.snapshot_interval_s * 1000;
	if (j->err == OK) {
		log_info("snapshot.written", "zones=%" PRIu64 " bytes=%" PRIu64
		    " ms=%" PRId64, j->facts.n_zones, j->facts.n_bytes,
		    now_mono_ms() - j->began_ms);
		return;
	}
	f->dirty = true;
	if (j->err != ERR_STOPPED)
		log_err("snapshot.failed", "path=%s reason=%s",
		    LOG_Q(f->conf->dns.snapshot_file), err_name(j->err));
}

static void
snapshot_tend(struct feeder *f)
{
	struct snapshot_job *j = &f->snapshot;
	uint64_t retained_max = (uint64_t)f->conf->dns.retained_max_mib << 20;

	if (f->conf->dns.snapshot_file[0] == '\0')
		return;
	if (j->running) {
		/* It reads inside an epoch; memory comes first. */
		if (cache_write_reclaim(f->w) > retained_max)
			atomic_store(&j->give_up, true);
		if (atomic_load(&j->finished))
			snapshot_end(f);
	} else if (f->dirty && now_mono_ms() >= f->snapshot_at &&
	    cache_write_is_ready(f->w)) {
		snapshot_begin(f);
	}
}

static void
snapshot_final(struct feeder *f)
{
	if (f->snapshot.running) {
		atomic_store(&f->snapshot.give_up, true);
		snapshot_end(f);
	}
	if (f->conf->dns.snapshot_file[0] == '\0' || !f->dirty ||
	    !cache_write_is_ready(f->w) ||
	    cache_write_used(f->w) > FINAL_SNAPSHOT_BYTES)
		return;
	snapshot_begin(f);
	if (f->snapshot.running)
		snapshot_end(f);
}

static void
snapshot_restore(struct feeder *f)
{
	struct snapshot_facts facts;
	int64_t began = now_mono_ms();
	enum err e;

	if (f->conf->dns.snapshot_file[0] == '\0' ||
	    cache_write_is_ready(f->w))
		return;
	e = snapshot_load(f->conf->dns.snapshot_file, f->w, &facts);
	if (e == ERR_NOT_FOUND)
		return;
	if (e == ERR_CORRUPT || e == ERR_IO) {
		log_err("snapshot.refused", "path=%s reason=%s zones=%" PRIu64,
		    LOG_Q(f->conf->dns.snapshot_file), err_name(e),
		    facts.n_zones);
		return;
	}
	if (e != OK)
		log_err("snapshot.partial", "path=%s reason=%s",
		    LOG_Q(f->conf->dns.snapshot_file), err_name(e));
	f->epoch = facts.epoch;
	log_info("snapshot.loaded", "zones=%" PRIu64 " bytes=%" PRIu64
	    " age_ms=%" PRId64 " ms=%" PRId64, facts.n_zones, facts.n_bytes,
	    facts.age_ms, now_mono_ms() - began);
	if (facts.n_zones > 0)
		cache_write_ready(f->w);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void
database_turn(struct feeder *f)
{
	int64_t now = now_mono_ms();
	bool full = now >= f->reconcile_at;
	enum err e;

	if (!f->connected && (now < f->connect_at || !connect_all(f)))
		return;
	e = feed_poll(f, full);
	if (e == OK && full)
		f->reconcile_at = now_mono_ms() +
		    (int64_t)f->conf->dns.reconcile_s * 1000;
	if (e == OK && now >= f->retry_at) {
		f->retry_at = now + EXCEPTIONS_RETRY_MS;
		e = exceptions_retry(f);
	}
	if (e == OK && now_mono_ms() >= f->report_at) {
		f->reported_at = now_mono_ms();
		e = report(f);
		f->report_at = now_mono_ms() + f->conf->dns.report_ms;
	}
	f->poll_at = now_mono_ms() + f->conf->dns.feed_poll_ms;
	if (e != OK && e != ERR_STOPPED)
		disconnected(f, e);
}

/* Until the next hint, or until something is due. */
static void
wait_hint(struct feeder *f)
{
	struct pollfd p = { -1, POLLIN, 0 };
	int64_t now = now_mono_ms();
	int64_t until = f->connected ? f->poll_at : f->connect_at;
	size_t n = 0;

	if (f->connected && f->listen != NULL)
		p.fd = db_listen_fd(f->listen);
	if (f->connected)
		until = MIN(until, f->report_at);
	until = MIN(until, now + WORKER_TICK_MS);
	if (until > now)
		poll(&p, 1, (int)(until - now));
	if (p.revents == 0)
		return;
	if (db_listen_drain(f->listen, NULL, NULL, &n) != OK)
		f->connected = false;	/* look at once, hints were missed */
	if (n > 0 || !f->connected)
		f->poll_at = 0;
}

static enum err
arena_open(struct feeder *f, int arena_fd)
{
	struct stat st;			/* the file's size, whatever conf says now */
	struct pollfd none = { -1, 0, 0 };
	enum err e = ERR_BUSY;

	if (fstat(arena_fd, &st) < 0)
		return ERR_SYSTEM;
	for (int i = 0; i < OPEN_TRIES && e == ERR_BUSY && !worker_stop; i++) {
		e = cache_write_open(arena_fd, (size_t)st.st_size, f->control,
		    &f->w);
		if (e == ERR_BUSY)	/* the old feeder is on its way out */
			poll(&none, 1, 100);
	}
	return e;
}

static void
databases_configure(struct feeder *f)
{
	const struct conf *c = f->conf;

	f->db_conf = (struct db_conf){
		.conninfo = c->database.dnsd,
		.program = "dnsd feeder",
		.connect_timeout_s = (int)c->database.connect_timeout_s,
		.prepare = true,
		.generic_plans = true,
	};
	f->report_conf = f->db_conf;
	f->report_conf.conninfo = c->database.dnsd_report[0] == '\0' ? NULL :
	    c->database.dnsd_report;
	f->connect_wait_ms = CONNECT_FIRST_MS;
}

int
feeder_run(const struct conf *conf, int arena_fd, struct control *control)
{
	static struct feeder feeder;	/* main's, and large */
	struct feeder *f = &feeder;
	enum err e;

	f->conf = conf;
	f->control = control;
	f->count = &control->counters[CONTROL_SLOT_FEEDER];
	buf_init(&f->busy, REPORT_BYTES_MAX / 4);
	databases_configure(f);
	e = arena_open(f, arena_fd);
	if (e != OK) {
		log_err("arena.failed", "reason=%s", err_name(e));
		return 1;
	}
	log_info("arena.opened", "zones=%" PRIu64 " bytes=%" PRIu64,
	    cache_write_n_zones(f->w), cache_write_used(f->w));
	snapshot_restore(f);
	f->snapshot_at = now_mono_ms() + 2000;
	while (!worker_stop) {
		if (now_mono_ms() >= MIN(f->poll_at, f->report_at))
			database_turn(f);
		cache_write_reclaim(f->w);
		cache_write_beat(f->w, now_boot_ms(), f->connected,
		    f->core_xmin);
		snapshot_tend(f);
		wait_hint(f);
	}
	snapshot_final(f);
	db_listen_close(f->listen);
	db_close(f->report_db);
	db_close(f->db);
	buf_fini(&f->busy);
	cache_write_close(f->w);
	return 0;
}
