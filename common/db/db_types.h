/*
 * db_types.h - a statement and its parameters, as values.
 *
 * Made and used by db.h; apart from it so that the rooms below db know them.
 */
#ifndef COMMON_DB_DB_TYPES_H
#define COMMON_DB_DB_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* A statement of a program's sql.def. Compared by address, so: static. */
struct db_stmt {
	const char *name;
	const char *text;
	size_t n_params;
};

/*
 * A parameter. Make it with the functions of db.h; what it points to is
 * borrowed until db_exec returns. Integers travel as binary int8 and fit
 * every integer column by assignment; db_text travels untyped, so it fits
 * every type that the statement makes inferable (text, inet, jsonb ...).
 */
struct db_param {
	uint32_t type;		/* OID; 0 lets the server infer it */
	int format;		/* 0 text, 1 binary */
	int len;		/* -1: NULL */
	const void *data;	/* NULL with len > 0: the bytes are in num */
	uint8_t num[8];
	enum err err;		/* of making it: db_exec answers with this */
};

#define DB_PARAMS_MAX 64

#endif
