/*
 * db.h - one connection to PostgreSQL: statements in, rows out.
 *
 * Knows:    connecting, preparing, binding, reading values, SQLSTATEs.
 * Not here: table names (they are in <program>/sql.def), retries (db_tx).
 * Runs in:  apid, xferd's keep, dnsd's feeder. One struct db per thread.
 * Bounded:  every wait by db_conf.timeout_ms; after that the connection is
 *           closed, since nobody knows what the server is doing with it.
 *
 * Statements are listed once, in <program>/sql.def:
 *
 *	SQL(zone_by_id, 2, "SELECT name, state FROM zone"
 *	    " WHERE tenant_id = $1 AND id = $2")
 *
 * and generated twice, in <program>/sql.h and .c:
 *
 *	enum { #define SQL(name, n, text) SQL_##name, ... };
 *	#define SQL(name, n, text) DB_STMT(name, n, text)
 *	const struct db_stmt sql_stmt[] = { #include "api/sql.def" };
 *
 * They are prepared on a connection when it first uses them.
 */
#ifndef COMMON_DB_DB_H
#define COMMON_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/db/db_types.h"

struct db;
struct db_rows;

#define DB_STMT(name, n, text) { #name, (text), (n) },

/* How to connect. Text is borrowed for the call of db_open only. */
struct db_conf {
	const char *conninfo;	/* libpq's "key=value ..." or a URI */
	const char *user;	/* role; overrides conninfo; or NULL */
	const char *program;	/* application_name, at most 63 bytes */
	int connect_timeout_s;	/* 0: 5 */
	int timeout_ms;		/* of one statement, on our side; 0: 60000 */
	bool prepare;		/* false behind a pooler without prepare */
	bool generic_plans;	/* plan each statement once, not for each call:
				 * for programs whose statements go by keys */
};

struct db_param db_null(void);		/* rather db_if(): it knows the type */
struct db_param db_if(bool present, struct db_param p);	/* p or NULL */
struct db_param db_text(const char *text);		/* NULL: SQL NULL */
struct db_param db_textn(const char *text, size_t len);	/* typed text */
struct db_param db_bytes(const void *bytes, size_t len);	/* bytea */
struct db_param db_uuid(const uint8_t uuid[16]);	/* NULL: SQL NULL */
struct db_param db_i64(int64_t n);			/* int8 */
struct db_param db_bool(bool b);
struct db_param db_f64(double d);			/* float8 */
struct db_param db_xid8(uint64_t xid);
struct db_param db_time_ms(int64_t wall_ms);		/* timestamptz */

/* The parameters of one call: DB_PARAMS(db_uuid(id), db_i64(7)). */
#define DB_PARAMS(...) \
	(const struct db_param[]){ __VA_ARGS__ }, \
	sizeof((const struct db_param[]){ __VA_ARGS__ }) / \
	    sizeof(struct db_param)
#define DB_NO_PARAMS NULL, 0

/*
 * A one-dimensional array parameter, for `unnest($1::uuid[], ...)`.
 * Sticky: after a failed append (memory, max_bytes) db_exec answers
 * ERR_LIMIT or ERR_NO_MEMORY.
 */
enum db_array_type {
	DB_ARRAY_I64, DB_ARRAY_TEXT, DB_ARRAY_BYTES, DB_ARRAY_UUID,
	DB_ARRAY_TIME,
};
struct db_array {
	struct buf buf;
	uint32_t n;
	bool has_null;
	enum db_array_type type;
};
void db_array_init(struct db_array *a, enum db_array_type type,
    size_t max_bytes);
void db_array_fini(struct db_array *a);
void db_array_reset(struct db_array *a);	/* empty again, memory kept */
void db_array_add(struct db_array *a, const void *bytes, size_t len);
void db_array_add_i64(struct db_array *a, int64_t n);
void db_array_add_time_ms(struct db_array *a, int64_t wall_ms);
void db_array_add_null(struct db_array *a);
/* The parameter borrows the array's memory. */
struct db_param db_array_param(struct db_array *a);

/**
 * db_open() - connect and make the session ours
 * @conf:   borrowed for the call
 * @out_db: given on OK; db_close() it
 *
 * Sets application_name and UTC. Fails when the server cannot be
 * reached within connect_timeout_s.
 *
 * Returns OK; ERR_DB_LOST (retry); ERR_DB (fail: authentication,
 * no such database or role); ERR_NO_MEMORY. The reason, without secrets,
 * goes to @why when it is not NULL.
 */
MUST_USE enum err db_open(const struct db_conf *conf, struct db **out_db,
    char *why, size_t why_size);
void db_close(struct db *db);

/**
 * db_ensure() - reconnect if the connection is lost
 *
 * Costs nothing when it is not. Whatever transaction was open is gone.
 * Returns what db_open() returns.
 */
MUST_USE enum err db_ensure(struct db *db);

/* False after ERR_DB_LOST or ERR_TIMEOUT, until db_ensure(). */
bool db_alive(const struct db *db);

/* The socket, for poll; -1 when there is no connection. */
int db_fd(const struct db *db);

/* How many times this struct db has connected: a change means that
 * session state (SET, LISTEN, temporary tables) is gone. */
uint64_t db_epoch(const struct db *db);

/**
 * db_exec() - run one statement with bound parameters
 * @stmt:     static, from a sql.def
 * @params:   exactly stmt->n_params of them; borrowed
 * @out_rows: given on OK, free with db_rows_free(); NULL if unwanted
 *
 * Returns OK or the class of the SQLSTATE:
 *  ERR_DB_RETRY (retry): 40001, 40P01, 55P03, 53xxx;
 *  ERR_DB_LOST (retry): connection lost, 57P0x, 08xxx;
 *  ERR_TIMEOUT (retry): db_conf.timeout_ms or 57014;
 *  ERR_EXISTS (reject): 23505, see db_constraint();
 *  ERR_CONSTRAINT (reject): the rest of 23xxx, 22xxx, P0001, 44000;
 *  ERR_DENIED (reject): 42501, a privilege or row security;
 *  ERR_UNSUPPORTED (reject): 25006, a write on a standby;
 *  ERR_DB (fail): our statement or the schema is wrong, 42xxx and others.
 */
MUST_USE enum err db_exec(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params,
    struct db_rows **out_rows);

/* A fixed statement without parameters whose rows nobody wants (SET ...). */
MUST_USE enum err db_command(struct db *db, const char *text);

/* ROLLBACK if a transaction is open; db_error() stays what it was. */
void db_rollback(struct db *db);

/* What the last failed call said; never NULL, "" when nothing did. The
 * text is the server's primary message: it may quote values of rows, so
 * log it quoted, and never show it to a tenant. Valid until the next call. */
const char *db_error(const struct db *db);
const char *db_sqlstate(const struct db *db);
const char *db_constraint(const struct db *db);

/*
 * Rows. A getter answers 0, empty or false and marks the result failed
 * when the column does not exist, is NULL or has another type; read
 * all that you need, then ask db_rows_failed() once (as with rd.h).
 * Row and column are promises (CHECK on row), types are claims.
 */
size_t db_rows_n(const struct db_rows *rows);
int64_t db_rows_affected(const struct db_rows *rows);
bool db_rows_failed(const struct db_rows *rows);
void db_rows_free(struct db_rows *rows);	/* accepts NULL */

bool db_is_null(struct db_rows *rows, size_t row, int col);
int64_t db_get_i64(struct db_rows *rows, size_t row, int col); /* int2-8 */
uint32_t db_get_u32(struct db_rows *rows, size_t row, int col); /* 0..2^32-1*/
uint64_t db_get_xid8(struct db_rows *rows, size_t row, int col);
bool db_get_bool(struct db_rows *rows, size_t row, int col);
double db_get_f64(struct db_rows *rows, size_t row, int col);
/* Milliseconds since 1970; infinity gives INT64_MAX, -infinity INT64_MIN. */
int64_t db_get_time_ms(struct db_rows *rows, size_t row, int col);
/* text, json, jsonb, name, char: NUL-terminated, borrowed from @rows. */
const char *db_get_text(struct db_rows *rows, size_t row, int col);
/* bytea: borrowed from @rows; NULL with *out_len 0 when failed. */
const uint8_t *db_get_bytes(struct db_rows *rows, size_t row, int col,
    size_t *out_len);
void db_get_uuid(struct db_rows *rows, size_t row, int col,
    uint8_t out_uuid[16]);
/* The same as above, but NULL is allowed: it answers `otherwise`. */
int64_t db_get_i64_or(struct db_rows *rows, size_t row, int col,
    int64_t otherwise);
int64_t db_get_time_ms_or(struct db_rows *rows, size_t row, int col,
    int64_t otherwise);
const char *db_get_text_or(struct db_rows *rows, size_t row, int col,
    const char *otherwise);
/* inet: family 4 or 6, the address in network order, the prefix length. */
void db_get_inet(struct db_rows *rows, size_t row, int col,
    uint8_t out_addr[16], uint8_t *out_family, uint8_t *out_prefix);

/*
 * Elements of a one-dimensional array column, in order. A text element is
 * not NUL-terminated; a NULL one has *out_item NULL.
 */
struct db_items {
	const uint8_t *pos;
	const uint8_t *end;
	uint32_t n_left;
};
void db_get_items(struct db_rows *rows, size_t row, int col,
    struct db_items *out_items);
bool db_items_next(struct db_items *items, const uint8_t **out_item,
    size_t *out_len);

/* UUIDs between their two forms. */
#define DB_UUID_TEXT_SIZE 37
void db_uuid_print(const uint8_t uuid[16], char out[DB_UUID_TEXT_SIZE]);
/* False unless exactly 8-4-4-4-12 hexadecimal digits. */
bool db_uuid_parse(const char *text, size_t len, uint8_t out_uuid[16]);

#endif
