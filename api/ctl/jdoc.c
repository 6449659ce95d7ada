/*
 * jdoc.c - JSON documents.  See jdoc.h.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "api/ctl/jdoc.h"
#include "api/ctl/safetext.h"

enum { JDOC_PART_MAX = 64 };

static json_t *
json_of(const struct jdoc *d)
{
	return (json_t *)(uintptr_t)d;
}

static struct jdoc *
doc_of(json_t *j)
{
	return (struct jdoc *)j;
}

enum err
jdoc_parse(const char *text, size_t len, struct jdoc **out,
    struct fault *fault)
{
	json_error_t why;
	json_t *j = json_loadb(text, len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (j == NULL) {
		fault_set(fault, NULL, (uint32_t)MAX(why.line, 0), "%s",
		    why.text);
		return json_error_code(&why) == json_error_out_of_memory ?
		    ERR_NO_MEMORY : ERR_MALFORMED;
	}
	*out = doc_of(j);
	return OK;
}

struct jdoc *
jdoc_object(void)
{
	return doc_of(json_object());
}

struct jdoc *
jdoc_list(void)
{
	return doc_of(json_array());
}

void
jdoc_free(struct jdoc *d)
{
	json_decref(json_of(d));
}

enum jdoc_kind
jdoc_kind(const struct jdoc *d)
{
	const json_t *j = json_of(d);

	if (j == NULL)
		return JDOC_NULL;
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return JDOC_OBJECT;
	case JSON_ARRAY:
		return JDOC_LIST;
	case JSON_STRING:
		return JDOC_TEXT;
	case JSON_INTEGER:
	case JSON_REAL:
		return JDOC_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return JDOC_BOOL;
	case JSON_NULL:
		return JDOC_NULL;
	}
	return JDOC_NULL;
}

/* The next part of a path; false at its end or when it is too long. */
static bool
next_part(const char **io_path, char out[JDOC_PART_MAX])
{
	size_t len = strcspn(*io_path, ".");

	if (len == 0 || len >= JDOC_PART_MAX)
		return false;
	memcpy(out, *io_path, len);
	out[len] = '\0';
	*io_path += len + ((*io_path)[len] == '.');
	return true;
}

const struct jdoc *
jdoc_at(const struct jdoc *d, const char *path)
{
	json_t *j = json_of(d);
	char part[JDOC_PART_MAX];

	while (j != NULL && next_part(&path, part)) {
		if (json_is_array(j))
			j = json_array_get(j, 0);
		j = json_object_get(j, part);
	}
	return doc_of(j);
}

const char *
jdoc_text(const struct jdoc *d, const char *path)
{
	return json_string_value(json_of(jdoc_at(d, path)));
}

bool
jdoc_number(const struct jdoc *d, const char *path, int64_t *out)
{
	const json_t *j = json_of(jdoc_at(d, path));

	if (!json_is_integer(j))
		return false;
	*out = json_integer_value(j);
	return true;
}

bool
jdoc_true(const struct jdoc *d, const char *path)
{
	return json_is_true(json_of(jdoc_at(d, path)));
}

size_t
jdoc_count(const struct jdoc *list)
{
	if (json_is_object(json_of(list)))
		return json_object_size(json_of(list));
	return json_array_size(json_of(list));
}

const struct jdoc *
jdoc_item(const struct jdoc *list, size_t i)
{
	return doc_of(json_array_get(json_of(list), i));
}

void
jdoc_each(const struct jdoc *object, jdoc_each_fn *fn, void *arg)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_of(object), name, value)
		fn(arg, name, doc_of(value));
}

/* ---- building ---- */

/* The object that holds the last part of @path, which is copied to @last. */
static json_t *
parent_of(struct jdoc *d, const char *path, char last[JDOC_PART_MAX])
{
	json_t *j = json_of(d);

	if (!next_part(&path, last))
		return NULL;
	while (*path != '\0') {
		json_t *next = json_object_get(j, last);

		if (next == NULL) {
			next = json_object();
			if (json_object_set_new(j, last, next) != 0)
				return NULL;
		}
		j = next;
		if (!next_part(&path, last))
			return NULL;
	}
	return j;
}

/* @value is taken, also on error. */
static bool
put(struct jdoc *d, const char *path, json_t *value)
{
	char last[JDOC_PART_MAX];
	json_t *parent = parent_of(d, path, last);

	if (parent == NULL) {
		json_decref(value);
		return false;
	}
	return json_object_set_new(parent, last, value) == 0;
}

bool
jdoc_put_text(struct jdoc *d, const char *path, const char *value)
{
	return put(d, path, json_string(value));
}

bool
jdoc_put_number(struct jdoc *d, const char *path, int64_t value)
{
	return put(d, path, json_integer(value));
}

bool
jdoc_put_bool(struct jdoc *d, const char *path, bool value)
{
	return put(d, path, json_boolean(value));
}

bool
jdoc_put_null(struct jdoc *d, const char *path)
{
	return put(d, path, json_null());
}

bool
jdoc_add(struct jdoc *d, const char *path, struct jdoc *item)
{
	json_t *list = json_of(jdoc_at(d, path));

	if (list == NULL) {
		list = json_array();
		if (!put(d, path, list)) {
			jdoc_free(item);
			return false;
		}
	}
	return json_array_append_new(list, json_of(item)) == 0;
}

bool
jdoc_add_text(struct jdoc *d, const char *path, const char *value)
{
	return jdoc_add(d, path, doc_of(json_string(value)));
}

/* ---- printing ---- */

void
jdoc_print(const struct jdoc *d, struct buf *out, size_t indent)
{
	char *text = json_dumps(json_of(d), JSON_ENCODE_ANY |
	    (indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT));

	if (text == NULL) {
		buf_str(out, "null");
		return;
	}
	safetext_str(out, text, SAFETEXT_JSON);
	free(text);
}

void
jdoc_show(const struct jdoc *d, struct buf *out)
{
	const json_t *j = json_of(d);

	switch (jdoc_kind(d)) {
	case JDOC_NULL:
		break;
	case JDOC_BOOL:
		buf_str(out, json_is_true(j) ? "yes" : "no");
		break;
	case JDOC_NUMBER:
		if (json_is_integer(j))
			buf_printf(out, "%" PRId64,
			    (int64_t)json_integer_value(j));
		else
			buf_printf(out, "%g", json_real_value(j));
		break;
	case JDOC_TEXT:
		buf_bytes(out, json_string_value(j), json_string_length(j));
		break;
	case JDOC_LIST:
		for (size_t i = 0; i < jdoc_count(d); i++) {
			const struct jdoc *item = jdoc_item(d, i);

			if (i > 0)
				buf_str(out, ", ");
			if (jdoc_kind(item) == JDOC_LIST)
				jdoc_print(item, out, 0);
			else
				jdoc_show(item, out);
		}
		break;
	case JDOC_OBJECT:
		jdoc_print(d, out, 0);
		break;
	}
}

void
jdoc_show_at(const struct jdoc *d, const char *path, struct buf *out)
{
	char part[JDOC_PART_MAX];
	size_t len = strcspn(path, ".");

	if (jdoc_kind(d) == JDOC_LIST && *path != '\0') {
		for (size_t i = 0; i < jdoc_count(d); i++) {
			if (i > 0)
				buf_str(out, ", ");
			jdoc_show_at(jdoc_item(d, i), path, out);
		}
		return;
	}
	if (*path == '\0') {
		jdoc_show(d, out);
		return;
	}
	if (len >= sizeof(part))
		return;
	memcpy(part, path, len);
	part[len] = '\0';
	jdoc_show_at(jdoc_at(d, part), path + len + (path[len] == '.'), out);
}

const char *
jdoc_text_or(const struct jdoc *d, const char *path, const char *other)
{
	const char *t = jdoc_text(d, path);

	return t != NULL ? t : other;
}
