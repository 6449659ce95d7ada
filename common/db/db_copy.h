/*
 * db_copy.h - COPY ... FROM STDIN (FORMAT binary).
 *
 * Knows:    the binary copy stream.
 * Bounded:  a buffer of 64 KiB (plus the largest field); the server's
 *           slowness by db_conf.timeout_ms for each flush.
 *
 *	db_copy_begin(db, &sql_stmt[SQL_copy_page], 9, &c);
 *	for (...) {
 *		db_copy_row(c);
 *		db_copy_uuid(c, zone); db_copy_bytes(c, low, n); ...
 *	}
 *	e = db_copy_end(c, &n_rows);	or: db_copy_abort(c);
 *
 * Field functions are sticky: after a failure they do nothing, and
 * db_copy_end() says what it was. The width must be the column's: the
 * stream has no conversion (int8 into an int4 column is refused).
 */
#ifndef COMMON_DB_DB_COPY_H
#define COMMON_DB_DB_COPY_H

#include "common/db/db.h"

struct db_copy;

/**
 * db_copy_begin() - start a copy inside the current transaction
 * @stmt:      "COPY t (a, b) FROM STDIN (FORMAT binary)", no parameters
 * @n_columns: how many fields each row has, 1 to 64
 * @out_copy:  given on OK: db_copy_end() or db_copy_abort() frees it; until
 *             then the connection can do nothing else
 */
MUST_USE enum err db_copy_begin(struct db *db, const struct db_stmt *stmt,
    int n_columns, struct db_copy **out_copy);

/* Begin a row; the row before must be complete (CHECK). */
void db_copy_row(struct db_copy *c);

void db_copy_null(struct db_copy *c);
void db_copy_i16(struct db_copy *c, int16_t n);
void db_copy_i32(struct db_copy *c, int32_t n);
void db_copy_i64(struct db_copy *c, int64_t n);
void db_copy_bool(struct db_copy *c, bool b);
void db_copy_text(struct db_copy *c, const char *text, size_t len);
void db_copy_bytes(struct db_copy *c, const void *bytes, size_t len);
void db_copy_uuid(struct db_copy *c, const uint8_t uuid[16]);
void db_copy_time_ms(struct db_copy *c, int64_t wall_ms);

/* True once something failed: a long producer may stop early. */
bool db_copy_failed(const struct db_copy *c);

/**
 * db_copy_end() - finish; frees @c whatever it returns
 * @out_rows: rows that the server took; may be NULL
 *
 * After an error the transaction is to be rolled back.
 */
MUST_USE enum err db_copy_end(struct db_copy *c, int64_t *out_rows);

/* Give up: the server forgets the copy, the transaction has failed. */
void db_copy_abort(struct db_copy *c);

#endif
