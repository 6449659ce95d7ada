/*
 * intake.c - bring some zones of the cache to what PostgreSQL says of them.
 * See intake.h.
 *
 * Generations are only compared within one history of the database.  In
 * another one (failover, restore, a cache from a snapshot) the digest of the
 * version decides, and content older than what is served is not taken.
 */
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db_pipe.h"
#include "common/dns/serial.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "dnsd/intake.h"
#include "dnsd/feed_sql.h"

enum {
	PIECE_PAGES = 16,		/* about what a socket holds */
	ARRAY_BYTES_MAX = INTAKE_ZONES_MAX * 64,
};

enum action { ACTION_NONE, ACTION_DELETE, ACTION_SET, ACTION_LOAD };

/* A zone on its way in. */
struct item {
	uint8_t id[16];
	enum action action;
	enum err err;
	struct cache_facts facts;
	int64_t checked_at_ms;
	uint64_t base;			/* parts above this generation */
	struct cache_load *load;
	bool done;			/* its result was told */
	bool whole;			/* read everything: the last try failed */
};

struct batch {
	struct intake *in;
	size_t n;
	bool large;
	bool ahead;			/* parts are asked for with the states */
	struct item item[INTAKE_ZONES_MAX];
};

static struct item *
item_find(struct batch *b, const uint8_t id[16])
{
	for (size_t i = 0; i < b->n; i++)
		if (memcmp(b->item[i].id, id, 16) == 0)
			return &b->item[i];
	return NULL;
}

static void
loads_abort(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		cache_load_abort(b->item[i].load);
		b->item[i].load = NULL;
	}
}

static uint8_t
state_of(const char *text)
{
	if (strcmp(text, "live") == 0)
		return CACHE_FACTS_LOADED;
	return CACHE_FACTS_EMPTY;
}

/* Would this version bring back what a client has already seen replaced? */
static bool
goes_back(const struct cache_held *z, const struct item *it,
    uint32_t serial)
{
	return z->state == CACHE_FACTS_LOADED &&
	    it->facts.generation <= z->generation &&
	    serial_newer(z->serial, serial);
}

/* What to do with a zone, from its row and from what the cache has. */
static void
item_decide(struct batch *b, struct item *it, uint32_t serial)
{
	struct cache_held *z = cache_write_find(b->in->w, it->id);
	bool known = z != NULL && z->epoch == b->in->epoch;
	bool same = z != NULL && z->state == CACHE_FACTS_LOADED &&
	    digest_equal(&z->root, &it->facts.root);

	/* The later check decides how long it may be served. */
	if (z != NULL && z->checked_at_ms > it->checked_at_ms) {
		it->checked_at_ms = z->checked_at_ms;
		it->facts.expire_boot_ms = z->expire_boot_ms;
	}
	it->action = ACTION_SET;
	if (it->facts.state == CACHE_FACTS_EMPTY ||
	    (same && z->generation == it->facts.generation))
		return;
	it->action = ACTION_LOAD;
	it->facts.may_go_back = !known;
	if (z != NULL && !known && !same && goes_back(z, it, serial)) {
		it->action = ACTION_NONE;
		it->err = ERR_STALE;
	} else if (z != NULL && known && z->generation >=
	    it->facts.generation) {
		it->action = ACTION_NONE;	/* seen: feeds repeat */
		it->err = z->generation == it->facts.generation && !same ?
		    ERR_MISMATCH : OK;
	}
	if (!b->ahead)
		it->base = z != NULL && (known || same) && !it->whole ?
		    z->generation : 0;
}

/* Is the cache's generation of this history, or is there none? */
static bool
bases_guess(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];
		struct cache_held *z = cache_write_find(b->in->w, it->id);

		if (z != NULL && z->epoch != b->in->epoch && !it->whole)
			return false;
		it->base = z == NULL || it->whole ? 0 : z->generation;
	}
	return true;
}

static void
state_row(struct batch *b, struct db_rows *rows, size_t i, int64_t boot_ms)
{
	uint8_t id[16];
	struct item *it;
	const uint8_t *p;
	const char *state;
	size_t len;

	db_get_uuid(rows, i, 0, id);
	it = item_find(b, id);
	if (it == NULL || it->done)
		return;
	state = db_get_text(rows, i, 3);
	if (strcmp(state, "deleted") == 0 || strcmp(state, "withdrawn") == 0)
		return;			/* ACTION_DELETE, as if not there */
	p = db_get_bytes(rows, i, 1, &len);
	if (p == NULL || len == 0 || len > sizeof(it->facts.apex))
		return;
	memcpy(it->facts.id, id, 16);
	memcpy(it->facts.apex, p, len);
	it->facts.apex_len = (uint8_t)len;
	it->facts.stripes = (uint64_t)db_get_i64(rows, i, 2);
	it->facts.state = state_of(state);
	it->facts.expire_boot_ms = INT64_MAX;
	if (it->facts.state == CACHE_FACTS_LOADED) {
		it->facts.generation = (uint64_t)db_get_i64(rows, i, 4);
		it->facts.root_level = (uint8_t)db_get_i64(rows, i, 6);
		p = db_get_bytes(rows, i, 7, &len);
		if (p != NULL && len == DIGEST_SIZE)
			memcpy(&it->facts.root, p, DIGEST_SIZE);
		it->checked_at_ms = db_get_time_ms(rows, i, 8);
		it->facts.expire_boot_ms = boot_ms + db_get_i64(rows, i, 9);
		item_decide(b, it, db_get_u32(rows, i, 5));
	} else {
		it->action = ACTION_SET;
	}
}

static unsigned
states_ask(struct batch *b, struct db_pipe *pipe)
{
	struct db_array ids;
	unsigned n;

	db_array_init(&ids, DB_ARRAY_UUID, ARRAY_BYTES_MAX);
	for (size_t i = 0; i < b->n; i++) {
		b->item[i].action = ACTION_DELETE;
		b->item[i].err = OK;
		db_array_add(&ids, b->item[i].id, 16);
	}
	n = db_pipe_add(pipe, &feed_sql_stmt[FEED_SQL_zone_states],
	    DB_PARAMS(db_array_param(&ids)));
	db_array_fini(&ids);
	return n;
}

static enum err
states_take(struct batch *b, struct db_rows *rows, int64_t boot_ms)
{
	for (size_t i = 0; i < db_rows_n(rows); i++)
		state_row(b, rows, i, boot_ms);
	return db_rows_failed(rows) ? ERR_DB : OK;
}

/* A part for its zone; what is wrong with it is that zone's matter. */
static void
part_row(struct batch *b, struct db_rows *rows, size_t i, bool is_page)
{
	const uint8_t *low, *body;
	size_t low_len, len;
	struct item *it;
	uint8_t id[16];

	db_get_uuid(rows, i, 0, id);
	low = db_get_bytes(rows, i, 1, &low_len);
	body = db_get_bytes(rows, i, 2, &len);
	it = item_find(b, id);
	if (it == NULL || it->load == NULL || it->err != OK)
		return;
	if (low == NULL || body == NULL)
		it->err = ERR_MALFORMED;
	else if (is_page)
		it->err = cache_load_page(it->load, low, low_len, body, len);
	else
		it->err = cache_load_node(it->load, low, low_len, body, len);
	if (is_page)
		control_add(b->in->count, CONTROL_pages_loaded, 1);
}

/* Of all zones that are or may be loading. */
static unsigned
parts_ask(struct batch *b, struct db_pipe *pipe, enum feed_sql_id stmt)
{
	struct db_array ids, bases;
	unsigned n;

	db_array_init(&ids, DB_ARRAY_UUID, ARRAY_BYTES_MAX);
	db_array_init(&bases, DB_ARRAY_I64, ARRAY_BYTES_MAX);
	for (size_t i = 0; i < b->n; i++)
		if (!b->item[i].done && (b->ahead || b->item[i].load != NULL)) {
			db_array_add(&ids, b->item[i].id, 16);
			db_array_add_i64(&bases, (int64_t)b->item[i].base);
		}
	n = db_pipe_add(pipe, &feed_sql_stmt[stmt], DB_PARAMS(
	    db_array_param(&ids), db_array_param(&bases)));
	db_array_fini(&ids);
	db_array_fini(&bases);
	return n;
}

static enum err
parts_take(struct batch *b, struct db_rows *rows, bool is_page)
{
	for (size_t i = 0; i < db_rows_n(rows); i++)
		part_row(b, rows, i, is_page);
	return db_rows_failed(rows) ? ERR_DB : OK;
}

/* Where the next piece of a large zone's pages begins. */
struct after {
	int64_t generation;
	uint8_t low[600];
	size_t low_len;
};

static struct after
after_base(uint64_t base)
{
	/* No key is empty. */
	return (struct after){ .generation = (int64_t)base + 1 };
}

static unsigned
piece_ask(struct batch *b, struct db_pipe *pipe, const struct after *after)
{
	return db_pipe_add(pipe, &feed_sql_stmt[FEED_SQL_zone_pages_after],
	    DB_PARAMS(db_uuid(b->item[0].id), db_i64(after->generation),
	    db_bytes(after->low, after->low_len), db_i64(PIECE_PAGES)));
}

/* Where the next piece begins; false: there is none. */
static enum err
piece_next(struct batch *b, struct db_rows *rows, struct after *after,
    bool *out_more)
{
	size_t n = db_rows_n(rows), len;
	const uint8_t *low;

	*out_more = n == PIECE_PAGES && b->item[0].load != NULL &&
	    b->item[0].err == OK;
	if (!*out_more)
		return OK;
	low = db_get_bytes(rows, n - 1, 1, &len);
	if (low == NULL || len > sizeof(after->low))
		return ERR_DB;
	memcpy(after->low, low, len);
	after->low_len = len;
	after->generation = db_get_i64(rows, n - 1, 3);
	return db_rows_failed(rows) ? ERR_DB : OK;
}

/*
 * The rest of the pages of one large zone: PostgreSQL works on the next piece
 * while this one is loaded.  @rows is the piece before; NULL: the first is to
 * be asked for.
 */
static enum err
pieces_read(struct batch *b, struct db_rows *rows, struct after *after)
{
	struct db_pipe pipe[2];
	unsigned number[2] = { 0, 0 };
	bool more = b->item[0].load != NULL && b->item[0].err == OK;
	enum err e = OK;
	int at = 0;

	if (rows != NULL)
		e = piece_next(b, rows, after, &more);
	for (bool first = true; e == OK; first = false, at = !at) {
		struct db_pipe *next = &pipe[!at];

		if (more) {
			db_pipe_begin(next, b->in->db);
			number[!at] = piece_ask(b, next, after);
			db_pipe_send(next);
		}
		if (rows != NULL)
			e = parts_take(b, rows, true);
		if (!first)
			db_pipe_end(&pipe[at]);
		if (!more)
			break;
		if (e == OK)
			e = db_pipe_run(next);
		if (e == OK) {
			rows = db_pipe_rows(next, number[!at]);
			e = piece_next(b, rows, after, &more);
		}
		if (e != OK)
			db_pipe_end(next);
	}
	return e;
}

static void
loads_begin(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->item[i];

		if (it->done || it->action != ACTION_LOAD)
			continue;
		it->err = cache_write_begin(b->in->w, &it->facts, &it->load);
	}
}

/* States and parts, asked for together; of a large zone a first piece, which
 * is all of it unless much of the zone changed. */
static enum err
read_ahead(struct batch *b)
{
	struct after after = after_base(b->item[0].base);
	struct db_pipe pipe;
	unsigned states, nodes, pages;
	int64_t boot_ms = now_boot_ms();	/* before: deadlines err early */
	enum err e;

	db_pipe_begin(&pipe, b->in->db);
	db_pipe_open_tx(&pipe, DB_TX_SNAPSHOT);
	states = states_ask(b, &pipe);
	nodes = parts_ask(b, &pipe, FEED_SQL_zone_nodes);
	pages = b->large ? piece_ask(b, &pipe, &after) :
	    parts_ask(b, &pipe, FEED_SQL_zone_pages);
	if (!b->large)
		db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	if (e == OK)
		e = states_take(b, db_pipe_rows(&pipe, states), boot_ms);
	if (e == OK) {
		loads_begin(b);
		e = parts_take(b, db_pipe_rows(&pipe, nodes), false);
	}
	if (e == OK && b->large)
		e = pieces_read(b, db_pipe_rows(&pipe, pages), &after);
	else if (e == OK)
		e = parts_take(b, db_pipe_rows(&pipe, pages), true);
	db_pipe_end(&pipe);
	return e == OK && b->large ? db_tx_commit(b->in->db) : e;
}

/* The states, and then the parts that they ask for. */
static enum err
read_in_turn(struct batch *b)
{
	struct after after;
	struct db_pipe pipe;
	unsigned states, nodes, pages = 0;
	int64_t boot_ms = now_boot_ms();
	enum err e;

	db_pipe_begin(&pipe, b->in->db);
	db_pipe_open_tx(&pipe, DB_TX_SNAPSHOT);
	states = states_ask(b, &pipe);
	e = db_pipe_run(&pipe);
	if (e == OK)
		e = states_take(b, db_pipe_rows(&pipe, states), boot_ms);
	db_pipe_end(&pipe);
	if (e != OK)
		return e;
	loads_begin(b);
	db_pipe_begin(&pipe, b->in->db);
	nodes = parts_ask(b, &pipe, FEED_SQL_zone_nodes);
	if (!b->large)
		pages = parts_ask(b, &pipe, FEED_SQL_zone_pages);
	e = db_pipe_run(&pipe);
	if (e == OK)
		e = parts_take(b, db_pipe_rows(&pipe, nodes), false);
	if (e == OK && !b->large)
		e = parts_take(b, db_pipe_rows(&pipe, pages), true);
	db_pipe_end(&pipe);
	after = after_base(b->item[0].base);
	if (e == OK && b->large)
		e = pieces_read(b, NULL, &after);
	return e == OK ? db_tx_commit(b->in->db) : e;
}

/* Everything of one try, in one snapshot of the database. */
static enum err
batch_read(struct batch *b)
{
	enum err e;

	b->ahead = bases_guess(b);
	e = b->ahead ? read_ahead(b) : read_in_turn(b);
	if (e == ERR_DB_UNKNOWN)
		e = ERR_DB_LOST;	/* only read */
	if (e != OK) {
		db_tx_rollback(b->in->db);
		loads_abort(b);
	}
	return e;
}

static void
item_apply(struct batch *b, struct item *it)
{
	struct intake *in = b->in;

	switch (it->action) {
	case ACTION_NONE:
		break;
	case ACTION_DELETE:
		cache_write_delete(in->w, it->id);
		break;
	case ACTION_SET:
		it->err = cache_write_set(in->w, &it->facts);
		break;
	case ACTION_LOAD:
		if (it->load == NULL)
			break;
		if (it->err == OK)
			it->err = cache_load_commit(it->load);
		else
			cache_load_abort(it->load);
		it->load = NULL;
		if (it->err == OK)
			control_add(in->count, CONTROL_zones_loaded, 1);
		break;
	}
}

/* True when the zone is to be tried again, reading all of it. */
static bool
item_finish(struct batch *b, struct item *it, bool last_try)
{
	struct intake *in = b->in;
	struct cache_held *z;

	item_apply(b, it);
	z = cache_write_find(in->w, it->id);
	if (z != NULL)
		z->turn = in->turn;
	if (z != NULL && it->err == OK) {
		z->epoch = in->epoch;
		z->checked_at_ms = MAX(z->checked_at_ms, it->checked_at_ms);
	}
	if (it->err == ERR_MISMATCH && !last_try) {
		/* A mixed copy, or a base that is not what it seemed. */
		it->whole = true;
		if (z != NULL)
			z->epoch = 0;
		return true;
	}
	it->done = true;
	in->result(in->arg, it->id, it->err, z == NULL ? 0 : z->generation);
	return false;
}

enum err
intake_zones(struct intake *in, const uint8_t (*ids)[16], size_t n,
    bool large)
{
	static struct batch batch;	/* the feeder's one; too large for a stack */
	struct batch *b = &batch;
	enum err e;
	bool again = true;

	CHECK(n <= INTAKE_ZONES_MAX);
	CHECK(!large || n == 1);
	memset(b, 0, sizeof(*b));
	b->in = in;
	b->n = n;
	b->large = large;
	for (size_t i = 0; i < n; i++)
		memcpy(b->item[i].id, ids[i], 16);
	for (int try = 1; again && try <= INTAKE_TRIES; try++) {
		e = batch_read(b);
		if (e == ERR_DB_RETRY && try < INTAKE_TRIES)
			continue;
		if (e != OK)
			return e;
		again = false;
		for (size_t i = 0; i < n; i++)
			if (!b->item[i].done && item_finish(b, &b->item[i],
			    try == INTAKE_TRIES))
				again = true;
		cache_write_reclaim(in->w);
	}
	return OK;
}
