/*
 * db.c - one connection to PostgreSQL: statements in, rows out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/hex.h"
#include "common/base/rd.h"
#include "common/db/db_conn.h"
#include "common/db/db_stmt.h"
#include "common/db/db.h"

/* Types that are compiled into every PostgreSQL (pg_type.dat). */
enum {
	OID_BOOL = 16, OID_BYTEA = 17, OID_CHAR = 18, OID_NAME = 19,
	OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25,
	OID_OID = 26, OID_JSON = 114, OID_FLOAT4 = 700, OID_FLOAT8 = 701,
	OID_UNKNOWN = 705, OID_INET = 869, OID_BYTEA_ARRAY = 1001,
	OID_TEXT_ARRAY = 1009, OID_INT8_ARRAY = 1016, OID_VARCHAR = 1043,
	OID_TIMESTAMPTZ = 1184, OID_TIMESTAMPTZ_ARRAY = 1185, OID_UUID = 2950,
	OID_UUID_ARRAY = 2951, OID_JSONB = 3802, OID_XID8 = 5069,
};

/* Milliseconds from 1970 to 2000, where PostgreSQL's time begins. */
#define EPOCH_2000_MS	INT64_C(946684800000)

#define ARRAY_HEADER	20	/* dimensions, nulls, type, length, bound */

/* ------------------------------------------------------------ errors */

const char *
db_error(const struct db *db)
{
	return db->error;
}

const char *
db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

const char *
db_constraint(const struct db *db)
{
	return db->constraint;
}

/* ------------------------------------------------------------ connecting */

static void
swallow_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

static enum err
run_simple(struct db *db, const char *text)
{
	PGresult *res = NULL;
	enum err e;

	if (PQsendQuery(db->conn, text) == 0)
		return db_conn_failure(db, NULL);
	e = db_conn_collect(db, db_conn_deadline(db), &res);
	PQclear(res);
	return e;
}

static enum err
connect_now(struct db *db)
{
	const char *key[12], *value[12];
	char seconds[16], user_timeout[16];
	enum err e;
	int n = 0;

	db_conn_clear(db);
	snprintf(seconds, sizeof(seconds), "%d", db->connect_timeout_s);
	snprintf(user_timeout, sizeof(user_timeout), "%d", db->timeout_ms);
	/* What comes first loses against the conninfo, what comes later wins. */
#define SET(k, v) (key[n] = (k), value[n++] = (v))
	SET("keepalives_idle", "15");
	SET("tcp_user_timeout", user_timeout);
	SET("dbname", db->conninfo);
	SET("client_encoding", "UTF8");
	SET("connect_timeout", seconds);
	SET("application_name", db->program);
	if (db->user != NULL)
		SET("user", db->user);
	key[n] = NULL;
	value[n] = NULL;
#undef SET
	db->conn = PQconnectdbParams(key, value, 1);
	if (db->conn == NULL)
		return ERR_NO_MEMORY;
	if (PQstatus(db->conn) != CONNECTION_OK) {
		/* The SQLSTATE of a refused connection is not told; it is ours
		 * to fix only if the server spoke to us. */
		bool spoke = PQserverVersion(db->conn) != 0 ||
		    strstr(PQerrorMessage(db->conn), "FATAL:") != NULL;
		bool later =
		    strstr(PQerrorMessage(db->conn), "starting up") ||
		    strstr(PQerrorMessage(db->conn), "shutting down") ||
		    strstr(PQerrorMessage(db->conn), "recovery mode") ||
		    strstr(PQerrorMessage(db->conn), "too many");
		db_conn_line(db->error, sizeof(db->error),
		    PQerrorMessage(db->conn));
		db_conn_drop(db);
		return spoke && !later ? ERR_DB : ERR_DB_LOST;
	}
	db->epoch++;
	PQsetNoticeReceiver(db->conn, swallow_notice, NULL);
	if (PQsetnonblocking(db->conn, 1) != 0)
		return db_conn_failure(db, NULL);
	e = run_simple(db, db->generic_plans ? "SET timezone = 'UTC';"
	    " SET plan_cache_mode = force_generic_plan" :
	    "SET timezone = 'UTC'");
	if (e != OK && db->conn != NULL)
		db_conn_drop(db);
	return e;
}

enum err
db_open(const struct db_conf *conf, struct db **out_db, char *why,
    size_t why_size)
{
	struct db *db = calloc(1, sizeof(*db));
	enum err e = ERR_NO_MEMORY;

	if (db == NULL)
		goto out;
	db->conninfo = strdup(conf->conninfo);
	db->program = strdup(conf->program == NULL ? "understudy" :
	    conf->program);
	db->user = conf->user == NULL ? NULL : strdup(conf->user);
	if (db->conninfo == NULL || db->program == NULL ||
	    (conf->user != NULL && db->user == NULL))
		goto out;
	db->connect_timeout_s = conf->connect_timeout_s > 0 ?
	    conf->connect_timeout_s : 5;
	db->timeout_ms = conf->timeout_ms > 0 ? conf->timeout_ms : 60000;
	db->prepare = conf->prepare;
	db->generic_plans = conf->generic_plans;
	e = connect_now(db);
out:
	if (e != OK && why != NULL && why_size > 0)
		snprintf(why, why_size, "%s",
		    db != NULL && db->error[0] != '\0' ? db->error :
		    err_text(e));
	if (e != OK) {
		db_close(db);
		db = NULL;
	} else {
		*out_db = db;
	}
	return e;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_conn_drop(db);
	if (db->conninfo != NULL)	/* may hold a password */
		explicit_bzero(db->conninfo, strlen(db->conninfo));
	free(db->conninfo);
	free(db->program);
	free(db->user);
	free(db);
}

enum err
db_ensure(struct db *db)
{
	if (db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK)
		return OK;
	db_conn_drop(db);
	return connect_now(db);
}

bool
db_alive(const struct db *db)
{
	return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

int
db_fd(const struct db *db)
{
	return db->conn == NULL ? -1 : PQsocket(db->conn);
}

uint64_t
db_epoch(const struct db *db)
{
	return db->epoch;
}

/* ------------------------------------------------------------ parameters */

static void
put_be(uint8_t *to, uint64_t n, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = (uint8_t)(n >> (8 * (len - 1 - i)));
}

static struct db_param
number(uint32_t type, uint64_t n, int len)
{
	struct db_param p = { .type = type, .format = 1, .len = len };

	put_be(p.num, n, (size_t)len);
	return p;
}

static struct db_param
blob(uint32_t type, const void *bytes, size_t len)
{
	struct db_param p = { .type = type, .format = 1, .data = bytes };

	if (len > INT32_MAX)
		p.err = ERR_LIMIT;
	else
		p.len = (int)len;
	if (p.data == NULL)
		p.data = len == 0 ? "" : NULL;
	return p;
}

/* PostgreSQL's microseconds since 2000; the ends of int64 are infinity. */
static int64_t
time_from_ms(int64_t wall_ms)
{
	if (wall_ms > INT64_MAX / 1000 || wall_ms < INT64_MIN / 1000 +
	    EPOCH_2000_MS)
		return wall_ms > 0 ? INT64_MAX : INT64_MIN;
	return (wall_ms - EPOCH_2000_MS) * 1000;
}

struct db_param
db_null(void)
{
	return (struct db_param){ .len = -1, .format = 1 };
}

struct db_param
db_if(bool present, struct db_param p)
{
	if (!present) {
		p.len = -1;
		p.err = OK;
	}
	return p;
}

struct db_param
db_text(const char *text)
{
	return (struct db_param){ .data = text, .len = text == NULL ? -1 : 0 };
}

struct db_param
db_textn(const char *text, size_t len)
{
	return blob(OID_TEXT, text, len);
}

struct db_param
db_bytes(const void *bytes, size_t len)
{
	return blob(OID_BYTEA, bytes, len);
}

struct db_param
db_uuid(const uint8_t uuid[16])
{
	struct db_param p = blob(OID_UUID, uuid, 16);

	if (uuid == NULL)
		p.len = -1;
	return p;
}

struct db_param
db_i64(int64_t n)
{
	return number(OID_INT8, (uint64_t)n, 8);
}

struct db_param
db_bool(bool b)
{
	return number(OID_BOOL, b ? 1 : 0, 1);
}

struct db_param
db_f64(double d)
{
	uint64_t n;

	static_assert(sizeof(n) == sizeof(d), "double is 8 bytes");
	memcpy(&n, &d, sizeof(n));
	return number(OID_FLOAT8, n, 8);
}

struct db_param
db_xid8(uint64_t xid)
{
	return number(OID_XID8, xid, 8);
}

struct db_param
db_time_ms(int64_t wall_ms)
{
	return number(OID_TIMESTAMPTZ, (uint64_t)time_from_ms(wall_ms), 8);
}

/* ------------------------------------------------------------ arrays */

static const struct {
	uint32_t item, array;
} array_oid[] = {
	[DB_ARRAY_I64] = { OID_INT8, OID_INT8_ARRAY },
	[DB_ARRAY_TEXT] = { OID_TEXT, OID_TEXT_ARRAY },
	[DB_ARRAY_BYTES] = { OID_BYTEA, OID_BYTEA_ARRAY },
	[DB_ARRAY_UUID] = { OID_UUID, OID_UUID_ARRAY },
	[DB_ARRAY_TIME] = { OID_TIMESTAMPTZ, OID_TIMESTAMPTZ_ARRAY },
};

void
db_array_init(struct db_array *a, enum db_array_type type, size_t max_bytes)
{
	memset(a, 0, sizeof(*a));
	a->type = type;
	buf_init(&a->buf, max_bytes < ARRAY_HEADER ? ARRAY_HEADER :
	    max_bytes);
	(void)buf_reserve(&a->buf, ARRAY_HEADER);
}

void
db_array_fini(struct db_array *a)
{
	buf_fini(&a->buf);
	a->n = 0;
}

void
db_array_reset(struct db_array *a)
{
	buf_reset(&a->buf);
	(void)buf_reserve(&a->buf, ARRAY_HEADER);
	a->n = 0;
	a->has_null = false;
}

void
db_array_add(struct db_array *a, const void *bytes, size_t len)
{
	CHECK(len <= INT32_MAX);
	CHECK(a->type != DB_ARRAY_UUID || len == 16);
	buf_u32(&a->buf, (uint32_t)len);
	buf_bytes(&a->buf, bytes, len);
	a->n++;
}

void
db_array_add_i64(struct db_array *a, int64_t n)
{
	CHECK(a->type == DB_ARRAY_I64);
	buf_u32(&a->buf, 8);
	buf_u64(&a->buf, (uint64_t)n);
	a->n++;
}

void
db_array_add_time_ms(struct db_array *a, int64_t wall_ms)
{
	CHECK(a->type == DB_ARRAY_TIME);
	buf_u32(&a->buf, 8);
	buf_u64(&a->buf, (uint64_t)time_from_ms(wall_ms));
	a->n++;
}

void
db_array_add_null(struct db_array *a)
{
	buf_u32(&a->buf, UINT32_MAX);
	a->has_null = true;
	a->n++;
}

struct db_param
db_array_param(struct db_array *a)
{
	struct db_param p = { .type = array_oid[a->type].array, .format = 1 };
	uint8_t *h = a->buf.data;

	p.err = buf_err(&a->buf);
	if (p.err == OK && a->buf.len > INT32_MAX)
		p.err = ERR_LIMIT;
	if (p.err != OK)
		return p;
	put_be(h, a->n == 0 ? 0 : 1, 4);
	put_be(h + 4, a->has_null ? 1 : 0, 4);
	put_be(h + 8, array_oid[a->type].item, 4);
	put_be(h + 12, a->n, 4);
	put_be(h + 16, 1, 4);
	p.data = h;
	/* An empty array has no dimensions at all. */
	p.len = a->n == 0 ? 12 : (int)a->buf.len;
	return p;
}

/* ------------------------------------------------------------ statements */

/* Known to the server by a name, if it may be. */
static enum err
prepared(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, int64_t deadline_ms)
{
	PGresult *res = NULL;
	enum err e;

	if (!db_stmt_wants(db, stmt, params, n_params))
		return OK;
	e = db_stmt_send_prepare(db, stmt, params, n_params);
	if (e == OK)
		e = db_conn_collect(db, deadline_ms, &res);
	PQclear(res);
	if (e == OK)
		db_stmt_learn(db, stmt);
	return e;
}

enum err
db_exec(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, struct db_rows **out_rows)
{
	struct db_rows *rows = NULL;
	PGresult *res = NULL;
	int64_t deadline_ms = db_conn_deadline(db);
	enum err e;

	CHECK(n_params == stmt->n_params);
	CHECK(n_params <= DB_PARAMS_MAX);
	db_conn_clear(db);
	if (db->conn == NULL) {
		db_conn_line(db->error, sizeof(db->error), "not connected");
		return ERR_DB_LOST;
	}
	e = prepared(db, stmt, params, n_params, deadline_ms);
	if (e == OK)
		e = db_stmt_send(db, stmt, params, n_params, false);
	if (e == OK)
		e = db_conn_collect(db, deadline_ms, &res);
	if (e == OK && PQresultStatus(res) == PGRES_COPY_IN) {
		db_conn_line(db->error, sizeof(db->error),
		    "a COPY has no place in db_exec()");
		db_conn_drop(db);
		e = ERR_INTERNAL;
	}
	if (e == OK && out_rows != NULL) {
		rows = calloc(1, sizeof(*rows));
		if (rows == NULL) {
			e = ERR_NO_MEMORY;
		} else {
			rows->res = res;
			*out_rows = rows;
			return OK;
		}
	}
	PQclear(res);
	return e;
}

enum err
db_command(struct db *db, const char *text)
{
	db_conn_clear(db);
	if (db->conn == NULL) {
		db_conn_line(db->error, sizeof(db->error), "not connected");
		return ERR_DB_LOST;
	}
	return run_simple(db, text);
}

void
db_rollback(struct db *db)
{
	char error[sizeof(db->error)];

	if (db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	memcpy(error, db->error, sizeof(error));
	/* A session that cannot roll back is of no use. */
	if (run_simple(db, "ROLLBACK") != OK)
		db_conn_drop(db);
	memcpy(db->error, error, sizeof(error));
}

/* ------------------------------------------------------------ rows */

size_t
db_rows_n(const struct db_rows *rows)
{
	return (size_t)PQntuples(rows->res);
}

int64_t
db_rows_affected(const struct db_rows *rows)
{
	return strtoll(PQcmdTuples(rows->res), NULL, 10);
}

bool
db_rows_failed(const struct db_rows *rows)
{
	return rows->failed;
}

void
db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	PQclear(rows->res);
	free(rows);
}

bool
db_is_null(struct db_rows *rows, size_t row, int col)
{
	CHECK(row < db_rows_n(rows));
	if (col < 0 || col >= PQnfields(rows->res)) {
		rows->failed = true;
		return true;
	}
	return PQgetisnull(rows->res, (int)row, col) != 0;
}

/* The bytes of a value, its type and length; NULL and failed if none. */
static const uint8_t *
value(struct db_rows *rows, size_t row, int col, Oid *out_type,
    size_t *out_len)
{
	*out_len = 0;
	*out_type = 0;
	if (db_is_null(rows, row, col)) {
		rows->failed = true;
		return NULL;
	}
	*out_type = PQftype(rows->res, col);
	*out_len = (size_t)PQgetlength(rows->res, (int)row, col);
	return (const uint8_t *)PQgetvalue(rows->res, (int)row, col);
}

static uint64_t
get_be(const uint8_t *from, size_t len)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n = n << 8 | from[i];
	return n;
}

int64_t
db_get_i64(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	if (v != NULL && type == OID_INT8 && len == 8)
		return (int64_t)get_be(v, 8);
	if (v != NULL && type == OID_INT4 && len == 4)
		return (int32_t)get_be(v, 4);
	if (v != NULL && type == OID_INT2 && len == 2)
		return (int16_t)get_be(v, 2);
	if (v != NULL && type == OID_OID && len == 4)
		return (int64_t)get_be(v, 4);
	rows->failed = true;
	return 0;
}

uint32_t
db_get_u32(struct db_rows *rows, size_t row, int col)
{
	int64_t n = db_get_i64(rows, row, col);

	if (n >= 0 && n <= UINT32_MAX)
		return (uint32_t)n;
	rows->failed = true;
	return 0;
}

uint64_t
db_get_xid8(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	if (v != NULL && type == OID_XID8 && len == 8)
		return get_be(v, 8);
	rows->failed = true;
	return 0;
}

bool
db_get_bool(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	if (v != NULL && type == OID_BOOL && len == 1)
		return v[0] != 0;
	rows->failed = true;
	return false;
}

double
db_get_f64(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);
	uint64_t n;
	uint32_t m;
	double d;
	float f;

	if (v != NULL && type == OID_FLOAT8 && len == 8) {
		n = get_be(v, 8);
		memcpy(&d, &n, sizeof(d));
		return d;
	}
	if (v != NULL && type == OID_FLOAT4 && len == 4) {
		m = (uint32_t)get_be(v, 4);
		memcpy(&f, &m, sizeof(f));
		return (double)f;
	}
	rows->failed = true;
	return 0;
}

int64_t
db_get_time_ms(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);
	int64_t us;

	if (v == NULL || type != OID_TIMESTAMPTZ || len != 8) {
		rows->failed = true;
		return 0;
	}
	us = (int64_t)get_be(v, 8);
	if (us == INT64_MAX || us == INT64_MIN)
		return us;
	/* Round down, before 2000 too. */
	return us / 1000 - (us % 1000 < 0 ? 1 : 0) + EPOCH_2000_MS;
}

const char *
db_get_text(struct db_rows *rows, size_t row, int col)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	if (v != NULL) {
		switch (type) {
		case OID_TEXT:
		case OID_VARCHAR:
		case OID_NAME:
		case OID_CHAR:
		case OID_JSON:
		case OID_UNKNOWN:
			return (const char *)v;	/* libpq adds the NUL */
		case OID_JSONB:
			if (len > 0 && v[0] == 1)
				return (const char *)v + 1;
			break;
		default:
			break;
		}
	}
	rows->failed = true;
	return "";
}

const uint8_t *
db_get_bytes(struct db_rows *rows, size_t row, int col, size_t *out_len)
{
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, out_len);

	if (v != NULL && type == OID_BYTEA)
		return v;
	rows->failed = true;
	*out_len = 0;
	return NULL;
}

void
db_get_uuid(struct db_rows *rows, size_t row, int col, uint8_t out_uuid[16])
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	if (v != NULL && type == OID_UUID && len == 16) {
		memcpy(out_uuid, v, 16);
		return;
	}
	rows->failed = true;
	memset(out_uuid, 0, 16);
}

int64_t
db_get_i64_or(struct db_rows *rows, size_t row, int col, int64_t otherwise)
{
	return db_is_null(rows, row, col) ? otherwise :
	    db_get_i64(rows, row, col);
}

int64_t
db_get_time_ms_or(struct db_rows *rows, size_t row, int col,
    int64_t otherwise)
{
	return db_is_null(rows, row, col) ? otherwise :
	    db_get_time_ms(rows, row, col);
}

const char *
db_get_text_or(struct db_rows *rows, size_t row, int col,
    const char *otherwise)
{
	return db_is_null(rows, row, col) ? otherwise :
	    db_get_text(rows, row, col);
}

void
db_get_inet(struct db_rows *rows, size_t row, int col, uint8_t out_addr[16],
    uint8_t *out_family, uint8_t *out_prefix)
{
	size_t len, want;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);

	memset(out_addr, 0, 16);
	*out_family = 0;
	*out_prefix = 0;
	/* family (2 or 3), prefix, is_cidr, length, address */
	if (v == NULL || type != OID_INET || len < 4 ||
	    (v[0] != 2 && v[0] != 3)) {
		rows->failed = true;
		return;
	}
	want = v[0] == 2 ? 4 : 16;
	if (v[3] != want || len != 4 + want) {
		rows->failed = true;
		return;
	}
	memcpy(out_addr, v + 4, want);
	*out_family = want == 4 ? 4 : 6;
	*out_prefix = v[1];
}

void
db_get_items(struct db_rows *rows, size_t row, int col,
    struct db_items *out_items)
{
	size_t len;
	Oid type;
	const uint8_t *v = value(rows, row, col, &type, &len);
	struct rd r = rd_make(v, len);
	struct db_items none = { NULL, NULL, 0 };
	uint32_t dimensions;

	*out_items = none;
	dimensions = rd_u32(&r);
	rd_u32(&r);			/* has nulls */
	rd_u32(&r);			/* element type */
	if (dimensions == 1) {
		out_items->n_left = rd_u32(&r);
		rd_u32(&r);		/* lower bound */
	}
	/* Only array types have such a header and end just so. */
	if (rd_failed(&r) || dimensions > 1 ||
	    (dimensions == 0 && len != 12) || type == OID_BYTEA ||
	    type == OID_TEXT) {
		rows->failed = true;
		*out_items = none;
		return;
	}
	out_items->pos = v + (dimensions == 0 ? 12 : ARRAY_HEADER);
	out_items->end = v + len;
}

bool
db_items_next(struct db_items *items, const uint8_t **out_item,
    size_t *out_len)
{
	size_t left = (size_t)(items->end - items->pos);
	uint32_t len;

	if (items->n_left == 0 || left < 4)
		return false;
	len = (uint32_t)get_be(items->pos, 4);
	items->pos += 4;
	items->n_left--;
	if (len == UINT32_MAX) {
		*out_item = NULL;
		*out_len = 0;
		return true;
	}
	if (len > left - 4)
		return false;
	*out_item = items->pos;
	*out_len = len;
	items->pos += len;
	return true;
}

/* ------------------------------------------------------------ uuid text */

void
db_uuid_print(const uint8_t uuid[16], char out[DB_UUID_TEXT_SIZE])
{
	static const char digit[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		out[n++] = digit[uuid[i] >> 4];
		out[n++] = digit[uuid[i] & 15];
	}
	out[n] = '\0';
}

bool
db_uuid_parse(const char *text, size_t len, uint8_t out_uuid[16])
{
	uint8_t uuid[16];
	size_t i, n = 0;

	if (len != DB_UUID_TEXT_SIZE - 1)
		return false;
	for (i = 0; i < len; i++) {
		int high, low;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
			continue;
		}
		high = hex_digit(text[i]);
		low = hex_digit(text[++i]);
		if (high < 0 || low < 0)
			return false;
		uuid[n++] = (uint8_t)(high << 4 | low);
	}
	memcpy(out_uuid, uuid, sizeof(uuid));
	return true;
}
