/*
 * body.h - read a JSON request body strictly, by tables of fields.
 *
 * Knows:    JSON, its limits, JSON pointers (RFC 6901), types and ranges.
 * Not here: what a field means, HTTP, the database.
 * Runs in:  a handler thread of apid; one struct body per request.
 * Bounded:  BODY_DEPTH_MAX levels, BODY_VALUES_MAX values, and the size
 *           of the text, which http.c limits before we see it.
 *
 * Two kinds of fault.  Text that is not JSON (or repeats a key) has one
 * place, with line and column: struct body_fault.  A document that is
 * JSON but not what the route wants is read to its end, and every wrong
 * field is noted in struct faults with its pointer.
 */
#ifndef API_BODY_H
#define API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	BODY_DEPTH_MAX = 32,
	BODY_VALUES_MAX = 50000,
	FAULTS_MAX = 100,		/* noted; the rest is only counted */
	FAULT_POINTER_MAX = 160,
	FAULT_MESSAGE_MAX = 200,
};

/* What is wrong with one field. */
struct fault_item {
	char pointer[FAULT_POINTER_MAX];
	const char *code;		/* static text: "required", "type" ... */
	char message[FAULT_MESSAGE_MAX];
};

struct faults {
	size_t n;			/* noted in @item */
	size_t n_more;			/* did not fit */
	struct fault_item item[FAULTS_MAX];
};

/* Where the text stops being JSON. */
struct body_fault {
	unsigned int line, column;	/* from 1 */
	const char *code;		/* static text: "syntax", "depth" ... */
	const char *message;		/* static text */
};

struct body;				/* a parsed document */
struct body_node;			/* a value inside it */

enum body_type {
	BODY_STR,			/* struct body_str */
	BODY_INT,			/* struct body_int */
	BODY_BOOL,			/* struct body_bool */
	BODY_LIST,			/* struct body_list */
	BODY_OBJ,			/* struct body_any */
	BODY_ANY,			/* struct body_any */
};

/* Values point into the struct body and live as long as it. */
struct body_str { bool set, null; const char *s; size_t len; };
struct body_int { bool set, null; int64_t v; };
struct body_bool { bool set, null; bool v; };
struct body_list { bool set, null; const struct body_node *node; size_t n; };
struct body_any { bool set, null; const struct body_node *node; };

enum body_flag {
	BODY_OPT = 0,
	BODY_REQ = 1,			/* must be there */
	BODY_NULL = 2,			/* null is a value (merge patch) */
	BODY_FIXED = 4,			/* known, but cannot be set here */
};

/* One field of an object; min and max are of the value (BODY_INT), the
 * bytes (BODY_STR) or the elements (BODY_LIST). */
struct body_field {
	const char *key;
	enum body_type type;
	int flags;
	int64_t min, max;
	size_t offset;
};

/**
 * body_parse() - text to document
 * @text:      @len bytes, need not end in NUL; borrowed
 * @out_body:  given, free with body_free()
 * @out_fault: set when ERR_MALFORMED is returned
 *
 * Refuses what is not UTF-8 or JSON, \u0000, repeated keys, anything
 * after the document, more than the limits above.
 *
 * Returns OK, ERR_MALFORMED, ERR_NO_MEMORY.
 */
MUST_USE enum err body_parse(const char *text, size_t len,
    struct body **out_body, struct body_fault *out_fault);
void body_free(struct body *body);

const struct body_node *body_root(const struct body *body);

/**
 * body_read() - read an object by its table of fields
 * @node:    the object; a value of another type is a fault
 * @pointer: JSON pointer of @node, "" for the root
 * @fields:  @n of them
 * @target:  struct with the value structs at the offsets; zeroed first
 *           by the caller, every member not in the document stays so
 * @f:       every unknown key, wrong type, missing field and value out of
 *           range is added here
 */
void body_read(const struct body_node *node, const char *pointer,
    const struct body_field *fields, size_t n, void *target,
    struct faults *f);

/** body_at() - element of a list; @i below body_list.n */
const struct body_node *body_at(const struct body_node *list, size_t i);

/** body_string() - the text of a string value, NULL for other types */
const char *body_string(const struct body_node *node);
bool body_is_object(const struct body_node *node);

/** body_fault_add() - note one; @code is static text.  Formats the message. */
void body_fault_add(struct faults *f, const char *pointer, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** body_pointer() - append /key to a pointer, escaping ~ and / */
void body_pointer(char *out, size_t size, const char *pointer,
    const char *key);
void body_pointer_at(char *out, size_t size, const char *pointer,
    size_t i);

#endif
