/*
 * body.c - strict JSON bodies by field tables.  See body.h.
 *
 * jansson parses; what it does not limit (depth as low as ours, number of
 * values) is counted over the text before it allocates anything.  Its own
 * error texts quote the input, so they are replaced by ours.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "api/body.h"

struct body {
	json_t *root;
};

static const json_t *
as_json(const struct body_node *node)
{
	return (const json_t *)(const void *)node;
}

static const struct body_node *
as_node(const json_t *j)
{
	return (const struct body_node *)(const void *)j;
}

void
body_fault_add(struct faults *f, const char *pointer, const char *code,
    const char *fmt, ...)
{
	struct fault_item *it;
	va_list ap;

	if (f->n == FAULTS_MAX) {
		f->n_more++;
		return;
	}
	it = &f->item[f->n++];
	it->code = code;
	snprintf(it->pointer, sizeof(it->pointer), "%s", pointer);
	va_start(ap, fmt);
	vsnprintf(it->message, sizeof(it->message), fmt, ap);
	va_end(ap);
}

void
body_pointer(char *out, size_t size, const char *pointer, const char *key)
{
	size_t n;

	/* Keys come from the client: too long a pointer is cut at a whole
	 * character. */
	n = (size_t)snprintf(out, size, "%s/", pointer);
	if (n >= size)
		return;
	for (; *key != '\0'; key++) {
		const char *put = key;
		size_t len = 1;

		if (*key == '~')
			put = "~0", len = 2;
		else if (*key == '/')
			put = "~1", len = 2;
		if (n + len >= size)
			break;
		memcpy(out + n, put, len);
		n += len;
	}
	while (*key != '\0' && n > 0 && ((unsigned char)*key & 0xc0) == 0x80) {
		key = "";
		while (n > 0 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
			n--;
		if (n > 0)
			n--;
	}
	out[n] = '\0';
}

void
body_pointer_at(char *out, size_t size, const char *pointer, size_t i)
{
	snprintf(out, size, "%s/%zu", pointer, i);
}

/* Where byte @at of the text is, as people count. */
static void
place(const char *text, size_t at, struct body_fault *fault)
{
	fault->line = 1;
	fault->column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			fault->line++;
			fault->column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			fault->column++;
		}
	}
}

/* Depth and number of values, before a byte is allocated for them.  The
 * text need not be JSON: only strings and brackets matter here. */
static bool
within_limits(const char *text, size_t len, struct body_fault *fault)
{
	size_t depth = 0, n_values = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		switch (c) {
		case '"':
			in_string = true;
			break;
		case '{':
		case '[':
			n_values++;
			if (++depth > BODY_DEPTH_MAX) {
				place(text, i, fault);
				fault->code = "depth";
				fault->message = "nested too deeply";
				return false;
			}
			break;
		case '}':
		case ']':
			if (depth > 0)
				depth--;
			break;
		case ',':
			n_values++;
			break;
		default:
			break;
		}
		if (n_values > BODY_VALUES_MAX) {
			place(text, i, fault);
			fault->code = "values";
			fault->message = "too many values";
			return false;
		}
	}
	return true;
}

static void
explain(const json_error_t *je, struct body_fault *fault)
{
	fault->line = je->line > 0 ? (unsigned int)je->line : 1;
	fault->column = je->column > 0 ? (unsigned int)je->column : 1;
	switch (json_error_code(je)) {
	case json_error_duplicate_key:
		fault->code = "duplicate-key";
		fault->message = "the same key twice in one object";
		break;
	case json_error_invalid_utf8:
		fault->code = "utf8";
		fault->message = "not valid UTF-8";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		fault->code = "nul";
		fault->message = "a NUL character is not allowed";
		break;
	case json_error_numeric_overflow:
		fault->code = "number";
		fault->message = "number too large";
		break;
	case json_error_premature_end_of_input:
		fault->code = "syntax";
		fault->message = "the document ends too early";
		break;
	case json_error_end_of_input_expected:
		fault->code = "syntax";
		fault->message = "something follows the document";
		break;
	default:
		fault->code = "syntax";
		fault->message = "not valid JSON here";
		break;
	}
}

enum err
body_parse(const char *text, size_t len, struct body **out_body,
    struct body_fault *out_fault)
{
	struct body *body;
	json_error_t je;

	if (!within_limits(text, len, out_fault))
		return ERR_MALFORMED;
	body = calloc(1, sizeof(*body));
	if (body == NULL)
		return ERR_NO_MEMORY;
	body->root = json_loadb(text, len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (body->root == NULL) {
		free(body);
		if (json_error_code(&je) == json_error_out_of_memory)
			return ERR_NO_MEMORY;
		explain(&je, out_fault);
		return ERR_MALFORMED;
	}
	*out_body = body;
	return OK;
}

void
body_free(struct body *body)
{
	if (body == NULL)
		return;
	json_decref(body->root);
	free(body);
}

const struct body_node *
body_root(const struct body *body)
{
	return as_node(body->root);
}

const struct body_node *
body_at(const struct body_node *list, size_t i)
{
	return as_node(json_array_get(as_json(list), i));
}

const char *
body_string(const struct body_node *node)
{
	return json_string_value(as_json(node));
}

bool
body_is_object(const struct body_node *node)
{
	return json_is_object(as_json(node));
}

static const char *
type_name(enum body_type t)
{
	switch (t) {
	case BODY_STR: return "a string";
	case BODY_INT: return "an integer";
	case BODY_BOOL: return "true or false";
	case BODY_LIST: return "a list";
	case BODY_OBJ: return "an object";
	case BODY_ANY: return "a value";
	}
	return "a value";
}

static void
read_str(const json_t *j, const struct body_field *fd, void *at,
    const char *pointer, struct faults *f)
{
	struct body_str *v = at;
	size_t len = json_string_length(j);

	if ((int64_t)len < fd->min || (int64_t)len > fd->max) {
		body_fault_add(f, pointer, "length", "must have %" PRId64
		    " to %" PRId64 " bytes", fd->min, fd->max);
		return;
	}
	v->set = true;
	v->s = json_string_value(j);
	v->len = len;
}

static void
read_int(const json_t *j, const struct body_field *fd, void *at,
    const char *pointer, struct faults *f)
{
	struct body_int *v = at;
	int64_t n = json_integer_value(j);

	if (n < fd->min || n > fd->max) {
		body_fault_add(f, pointer, "range", "must be %" PRId64
		    " to %" PRId64, fd->min, fd->max);
		return;
	}
	v->set = true;
	v->v = n;
}

static void
read_list(const json_t *j, const struct body_field *fd, void *at,
    const char *pointer, struct faults *f)
{
	struct body_list *v = at;
	size_t n = json_array_size(j);

	if ((int64_t)n < fd->min || (int64_t)n > fd->max) {
		body_fault_add(f, pointer, "length", "must have %" PRId64
		    " to %" PRId64 " elements", fd->min, fd->max);
		return;
	}
	v->set = true;
	v->node = as_node(j);
	v->n = n;
}

static bool
is_type(const json_t *j, enum body_type t)
{
	switch (t) {
	case BODY_STR: return json_is_string(j);
	case BODY_INT: return json_is_integer(j);
	case BODY_BOOL: return json_is_boolean(j);
	case BODY_LIST: return json_is_array(j);
	case BODY_OBJ: return json_is_object(j);
	case BODY_ANY: return true;
	}
	return false;
}

static void
read_field(const json_t *j, const struct body_field *fd, void *at,
    const char *pointer, struct faults *f)
{
	if ((fd->flags & BODY_FIXED) != 0) {
		body_fault_add(f, pointer, "read-only",
		    "cannot be set or changed here");
		return;
	}
	if (json_is_null(j) && (fd->flags & BODY_NULL) != 0) {
		/* Every value struct begins with set and null. */
		struct body_any *v = at;

		v->set = true;
		v->null = true;
		return;
	}
	if (!is_type(j, fd->type)) {
		body_fault_add(f, pointer, "type", "must be %s%s",
		    type_name(fd->type),
		    (fd->flags & BODY_NULL) != 0 ? " or null" : "");
		return;
	}
	switch (fd->type) {
	case BODY_STR:
		read_str(j, fd, at, pointer, f);
		break;
	case BODY_INT:
		read_int(j, fd, at, pointer, f);
		break;
	case BODY_BOOL:
		((struct body_bool *)at)->set = true;
		((struct body_bool *)at)->v = json_is_true(j);
		break;
	case BODY_LIST:
		read_list(j, fd, at, pointer, f);
		break;
	case BODY_OBJ:
	case BODY_ANY:
		((struct body_any *)at)->set = true;
		((struct body_any *)at)->node = as_node(j);
		break;
	}
}

static const struct body_field *
find_field(const struct body_field *fields, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

void
body_read(const struct body_node *node, const char *pointer,
    const struct body_field *fields, size_t n, void *target,
    struct faults *f)
{
	/* jansson's iteration takes a non-const object but only reads. */
	json_t *obj = (json_t *)(uintptr_t)node;
	char sub[FAULT_POINTER_MAX];
	const char *key;
	json_t *j;

	if (!json_is_object(obj)) {
		body_fault_add(f, pointer, "type", "must be an object");
		return;
	}
	json_object_foreach(obj, key, j) {
		const struct body_field *fd = find_field(fields, n, key);

		body_pointer(sub, sizeof(sub), pointer, key);
		if (fd == NULL)
			body_fault_add(f, sub, "unknown-key",
			    "no such field here");
		else
			read_field(j, fd, (char *)target + fd->offset, sub, f);
	}
	for (size_t i = 0; i < n; i++) {
		if ((fields[i].flags & BODY_REQ) == 0 ||
		    json_object_get(obj, fields[i].key) != NULL)
			continue;
		body_pointer(sub, sizeof(sub), pointer, fields[i].key);
		body_fault_add(f, sub, "required", "must be given");
	}
}
