/*
 * show.h - columns of a row as members of a JSON object.
 *
 * Knows:    struct db_rows, struct jw, how times and ids are written.
 * Not here: which columns a document has.
 * Runs in:  handler threads.
 *
 * NULL columns become null.
 */
#ifndef API_SHOW_H
#define API_SHOW_H

#include "common/base/jw.h"
#include "common/db/db.h"

void show_uuid(struct jw *w, const char *key, struct db_rows *rows,
    size_t row, int col);
void show_text(struct jw *w, const char *key, struct db_rows *rows,
    size_t row, int col);
void show_i64(struct jw *w, const char *key, struct db_rows *rows,
    size_t row, int col);
/* RFC 3339 UTC with milliseconds; infinity becomes null. */
void show_time(struct jw *w, const char *key, struct db_rows *rows,
    size_t row, int col);
/* JSON text that PostgreSQL made. */
void show_json(struct jw *w, const char *key, struct db_rows *rows,
    size_t row, int col);

/* A whole object: a job of a zone, from its id, kind, state and creation. */
void show_job(struct jw *w, struct db_rows *rows, const char *zone);

#endif
