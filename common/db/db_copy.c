/*
 * db_copy.c - COPY ... FROM STDIN (FORMAT binary).
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/db/db_conn.h"
#include "common/db/db_copy.h"

#define CHUNK_BYTES	65536
#define BUFFER_MAX	(64 * 1024 * 1024)
#define COLUMNS_MAX	64
#define EPOCH_2000_MS	INT64_C(946684800000)

struct db_copy {
	struct db *db;
	struct buf buf;
	int n_columns;
	uint64_t epoch;		/* of the connection that it began on */
	int left;		/* fields missing in the present row */
	enum err e;		/* sticky */
};

static void
send_chunk(struct db_copy *c)
{
	struct db *db = c->db;
	int n;

	if (c->e == OK)
		c->e = buf_err(&c->buf);
	if (c->e == OK && (db->conn == NULL || db->epoch != c->epoch))
		c->e = ERR_DB_LOST;
	if (c->e != OK || c->buf.len == 0)
		return;
	/* Non-blocking: 0 means that libpq's buffer is full. Flushing after
	 * each chunk keeps it near empty, so waiting once is enough. */
	n = PQputCopyData(db->conn, (const char *)c->buf.data,
	    (int)c->buf.len);
	if (n == 0) {
		c->e = db_conn_flush(db, db_conn_deadline(db));
		if (c->e == OK)
			n = PQputCopyData(db->conn,
			    (const char *)c->buf.data, (int)c->buf.len);
	}
	if (c->e == OK && n != 1)
		c->e = db_conn_failure(db, NULL);
	if (c->e == OK)
		c->e = db_conn_flush(db, db_conn_deadline(db));
	buf_reset(&c->buf);
}

enum err
db_copy_begin(struct db *db, const struct db_stmt *stmt, int n_columns,
    struct db_copy **out_copy)
{
	static const uint8_t header[19] = "PGCOPY\n\377\r\n";
	struct db_copy *c;
	PGresult *res = NULL;
	enum err e;

	CHECK(n_columns >= 1);
	CHECK(n_columns <= COLUMNS_MAX);
	CHECK(stmt->n_params == 0);
	CHECK(!db->copying);
	db_conn_clear(db);
	if (db->conn == NULL)
		return ERR_DB_LOST;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	if (PQsendQuery(db->conn, stmt->text) == 0)
		e = db_conn_failure(db, NULL);
	else
		e = db_conn_collect(db, db_conn_deadline(db), &res);
	if (e == OK && PQresultStatus(res) != PGRES_COPY_IN)
		e = ERR_INTERNAL;
	PQclear(res);
	if (e != OK) {
		free(c);
		return e;
	}
	db->copying = true;
	c->db = db;
	c->epoch = db->epoch;
	c->n_columns = n_columns;
	buf_init(&c->buf, BUFFER_MAX);
	buf_bytes(&c->buf, header, sizeof(header));
	*out_copy = c;
	return OK;
}

void
db_copy_row(struct db_copy *c)
{
	CHECK(c->left == 0);
	if (c->buf.len >= CHUNK_BYTES)
		send_chunk(c);
	c->left = c->n_columns;
	if (c->e == OK)
		buf_u16(&c->buf, (uint16_t)c->n_columns);
}

/* Begin a field; false when there is nothing to write. */
static bool
field(struct db_copy *c, uint32_t len)
{
	CHECK(c->left > 0);
	c->left--;
	if (c->e != OK)
		return false;
	buf_u32(&c->buf, len);
	return true;
}

void
db_copy_null(struct db_copy *c)
{
	(void)field(c, UINT32_MAX);
}

void
db_copy_i16(struct db_copy *c, int16_t n)
{
	if (field(c, 2))
		buf_u16(&c->buf, (uint16_t)n);
}

void
db_copy_i32(struct db_copy *c, int32_t n)
{
	if (field(c, 4))
		buf_u32(&c->buf, (uint32_t)n);
}

void
db_copy_i64(struct db_copy *c, int64_t n)
{
	if (field(c, 8))
		buf_u64(&c->buf, (uint64_t)n);
}

void
db_copy_bool(struct db_copy *c, bool b)
{
	if (field(c, 1))
		buf_u8(&c->buf, b ? 1 : 0);
}

void
db_copy_bytes(struct db_copy *c, const void *bytes, size_t len)
{
	if (len > BUFFER_MAX - 2 * CHUNK_BYTES && c->e == OK)
		c->e = ERR_LIMIT;
	if (field(c, (uint32_t)len))
		buf_bytes(&c->buf, bytes, len);
}

void
db_copy_text(struct db_copy *c, const char *text, size_t len)
{
	db_copy_bytes(c, text, len);
}

void
db_copy_uuid(struct db_copy *c, const uint8_t uuid[16])
{
	db_copy_bytes(c, uuid, 16);
}

void
db_copy_time_ms(struct db_copy *c, int64_t wall_ms)
{
	int64_t us;

	if (wall_ms > INT64_MAX / 1000 ||
	    wall_ms < INT64_MIN / 1000 + EPOCH_2000_MS)
		us = wall_ms > 0 ? INT64_MAX : INT64_MIN;
	else
		us = (wall_ms - EPOCH_2000_MS) * 1000;
	db_copy_i64(c, us);
}

bool
db_copy_failed(const struct db_copy *c)
{
	return c->e != OK || buf_err(&c->buf) != OK;
}

/* End the stream, with a reason to fail it; then hear what the server says. */
static enum err
finish(struct db_copy *c, const char *reason, int64_t *out_rows)
{
	struct db *db = c->db;
	PGresult *res = NULL;
	int64_t deadline_ms;
	enum err e = OK;
	int n;

	/* Lost on the way, and perhaps connected again for something else. */
	if (db->conn == NULL || db->epoch != c->epoch)
		return ERR_DB_LOST;
	db->copying = false;
	deadline_ms = db_conn_deadline(db);
	n = PQputCopyEnd(db->conn, reason);
	if (n == 0) {
		e = db_conn_flush(db, deadline_ms);
		if (e == OK)
			n = PQputCopyEnd(db->conn, reason);
	}
	if (e == OK && n != 1)
		e = db_conn_failure(db, NULL);
	if (e == OK)
		e = db_conn_collect(db, deadline_ms, &res);
	if (e == OK && out_rows != NULL)
		*out_rows = strtoll(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return e;
}

static void
copy_free(struct db_copy *c)
{
	buf_fini(&c->buf);
	free(c);
}

enum err
db_copy_end(struct db_copy *c, int64_t *out_rows)
{
	enum err e;

	CHECK(c->left == 0);
	if (c->e == OK) {
		buf_u16(&c->buf, UINT16_MAX);	/* trailer: -1 fields */
		send_chunk(c);
	}
	if (c->e == OK) {
		e = finish(c, NULL, out_rows);
	} else {
		/* The server's own words say more than our "it failed". */
		e = finish(c, "gave up", NULL);
		if (e == OK || c->e == ERR_LIMIT || c->e == ERR_NO_MEMORY ||
		    c->e == ERR_TIMEOUT)
			e = c->e;
	}
	copy_free(c);
	return e;
}

void
db_copy_abort(struct db_copy *c)
{
	if (c == NULL)
		return;
	(void)!finish(c, "gave up", NULL);
	copy_free(c);
}
