/*
 * jdoc.h - JSON documents: read, look into, build, print.
 *
 * Knows:    jansson, the only file of api/ctl that includes it.
 * Members:  "policy.keep_ns" goes into objects; where it meets a list, the
 *           first element's.
 * Bounded:  jansson's depth (2048); numbers are of 64 bits; text with a zero
 *           byte is refused.
 */
#ifndef API_CTL_JDOC_H
#define API_CTL_JDOC_H

#include "common/base/buf.h"
#include "common/base/fault.h"

struct jdoc;		/* jansson's */

enum jdoc_kind {
	JDOC_NULL,
	JDOC_BOOL,
	JDOC_NUMBER,
	JDOC_TEXT,
	JDOC_LIST,
	JDOC_OBJECT,
};

/**
 * jdoc_parse() - one document, whole
 * @out:   given; jdoc_free() it
 * @fault: filled on error with line and column
 *
 * Returns OK, ERR_MALFORMED, ERR_NO_MEMORY.
 */
MUST_USE enum err jdoc_parse(const char *text, size_t len, struct jdoc **out,
    struct fault *fault);
struct jdoc *jdoc_object(void);		/* NULL: no memory */
struct jdoc *jdoc_list(void);
void jdoc_free(struct jdoc *d);		/* accepts NULL */

enum jdoc_kind jdoc_kind(const struct jdoc *d);	/* NULL is JDOC_NULL */

/** jdoc_at() - what is at a member path; NULL: nothing. Borrowed. */
const struct jdoc *jdoc_at(const struct jdoc *d, const char *path);

/** jdoc_text() - the string at a path ("" : @d itself); NULL: no string */
const char *jdoc_text(const struct jdoc *d, const char *path);

/** jdoc_text_or() - the same, @other instead of NULL */
const char *jdoc_text_or(const struct jdoc *d, const char *path,
    const char *other);

/** jdoc_number() - false when there is no integer at the path */
bool jdoc_number(const struct jdoc *d, const char *path, int64_t *out);

/** jdoc_true() - is there a true at the path? */
bool jdoc_true(const struct jdoc *d, const char *path);

/** jdoc_count() - elements of a list, members of an object, else 0 */
size_t jdoc_count(const struct jdoc *list);
const struct jdoc *jdoc_item(const struct jdoc *list, size_t i);

/** jdoc_each() - the members of an object in their order */
typedef void jdoc_each_fn(void *arg, const char *name,
    const struct jdoc *value);
void jdoc_each(const struct jdoc *object, jdoc_each_fn *fn, void *arg);

/* Building: objects on the way are made. False: no memory, or not UTF-8. */
bool jdoc_put_text(struct jdoc *d, const char *path, const char *value);
bool jdoc_put_number(struct jdoc *d, const char *path, int64_t value);
bool jdoc_put_bool(struct jdoc *d, const char *path, bool value);
bool jdoc_put_null(struct jdoc *d, const char *path);
bool jdoc_add_text(struct jdoc *d, const char *path, const char *value);
/** jdoc_add() - append to the list at a path ("": @d); @item is taken */
bool jdoc_add(struct jdoc *d, const char *path, struct jdoc *item);

/** jdoc_print() - as JSON; @indent 0 is one line. Harmless for a terminal. */
void jdoc_print(const struct jdoc *d, struct buf *out, size_t indent);

/** jdoc_show() - as a text for people: scalars as they are, lists joined;
 *  not yet harmless */
void jdoc_show(const struct jdoc *d, struct buf *out);

/** jdoc_show_at() - the same of a path, of each element of a list on it */
void jdoc_show_at(const struct jdoc *d, const char *path, struct buf *out);

#endif
