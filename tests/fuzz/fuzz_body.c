/*
 * fuzz_body.c - what clients of apid can write: bodies, paths, queries, tokens,
 * cursors, names.
 *
 * First octet: what to do with the rest.
 *   0  a JSON body, read by tables of fields
 *   1  a path
 *   2  a query value, a cursor, a token, a name, base64
 */
#include <stdlib.h>
#include <string.h>

#include "api/auth.h"
#include "api/body.h"
#include "api/cursor.h"
#include "api/lookup.h"
#include "api/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct in {
	struct body_str name;
	struct body_int port;
	struct body_bool on;
	struct body_list list;
	struct body_any any, object;
};

static const struct body_field fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 20, offsetof(struct in, name) },
	{ "port", BODY_INT, BODY_NULL, 1, 99, offsetof(struct in, port) },
	{ "on", BODY_BOOL, BODY_NULL, 0, 0, offsetof(struct in, on) },
	{ "list", BODY_LIST, BODY_OPT, 1, 3, offsetof(struct in, list) },
	{ "any", BODY_ANY, BODY_NULL, 0, 0, offsetof(struct in, any) },
	{ "object", BODY_OBJ, BODY_OPT, 0, 0, offsetof(struct in, object) },
	{ "id", BODY_STR, BODY_FIXED, 0, 9, 0 },
};

static void
read_object(const struct body_node *node, const char *pointer, int depth,
    struct faults *f)
{
	struct in in = { 0 };
	char sub[FAULT_POINTER_MAX];

	body_read(node, pointer, fields, COUNT_OF(fields), &in, f);
	if (depth == 0)
		return;
	for (size_t i = 0; in.list.set && i < in.list.n; i++) {
		body_pointer_at(sub, sizeof(sub), pointer, i);
		read_object(body_at(in.list.node, i), sub, depth - 1, f);
	}
	if (in.object.set)
		read_object(in.object.node, "/object", depth - 1, f);
	if (in.any.set && !in.any.null)
		(void)body_string(in.any.node);
}

static void
try_body(const char *text, size_t len)
{
	static struct faults f;
	struct body_fault fault;
	struct reply rp = { 0 };
	struct body *body;

	if (body_parse(text, len, &body, &fault) != OK)
		return;
	memset(&f, 0, sizeof(f));
	read_object(body_root(body), "", 3, &f);
	reply_problem(&rp, PROBLEM_INVALID, "/", "id", &f, NULL);
	if (rp.text != NULL) {
		/* What we write must be what we would read. */
		struct body *again;

		if (body_parse(rp.text, rp.len, &again, &fault) != OK)
			abort();
		body_free(again);
	}
	reply_fini(&rp);
	body_free(body);
}

static void
try_path(const char *text)
{
	static const enum route_method methods[] = {
		ROUTE_GET, ROUTE_POST, ROUTE_PATCH, ROUTE_DELETE, ROUTE_PUT,
	};
	static struct route_match m;

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		if (route_find(methods[i], text, &m) != OK ||
		    m.route == NULL)
			continue;
		for (size_t k = 0; k < m.n_params; k++)
			if (strlen(m.param[k]) >= sizeof(m.param[k]))
				abort();
	}
}

static void
try_values(const char *text, size_t len)
{
	static const uint8_t secret[CURSOR_SECRET_BYTES];
	char value[600], cursor[CURSOR_BYTES];
	uint8_t bytes[300];
	struct lookup_name name, again;
	size_t n;

	(void)route_unescape(text, len, true, value, sizeof(value));
	if (cursor_parse(secret, "zones", text, cursor))
		for (const char *p = cursor; *p != '\0'; p++)
			if (*p < 0x20 || *p > 0x7e)
				abort();
	(void)auth_token_check(text, len);
	(void)auth_base64_parse(text, len, bytes, sizeof(bytes), &n);
	if (lookup_name_parse(text, len, &name) != OK)
		return;
	/* A name that we print is the name that we read. */
	if (lookup_name_parse(name.text, strlen(name.text), &again) != OK ||
	    again.len != name.len ||
	    memcmp(again.wire, name.wire, name.len) != 0 ||
	    strcmp(again.text, name.text) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1 || auth_init() != OK)
		return 0;
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 0:
		try_body(text, size - 1);
		break;
	case 1:
		try_path(text);
		break;
	default:
		try_values(text, strlen(text));
		break;
	}
	free(text);
	return 0;
}
