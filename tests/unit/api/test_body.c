/*
 * test_body.c - strict JSON bodies.
 */
#include "api/body.h"
#include "tests/lib/test.h"

struct in {
	struct body_str name;
	struct body_int port;
	struct body_bool on;
	struct body_list list;
	struct body_any any;
};

static const struct body_field fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 5, offsetof(struct in, name) },
	{ "port", BODY_INT, BODY_OPT, 1, 65535, offsetof(struct in, port) },
	{ "on", BODY_BOOL, BODY_NULL, 0, 0, offsetof(struct in, on) },
	{ "list", BODY_LIST, BODY_OPT, 1, 2, offsetof(struct in, list) },
	{ "any", BODY_ANY, BODY_OPT, 0, 0, offsetof(struct in, any) },
	{ "id", BODY_STR, BODY_FIXED, 0, 9, 0 },
};

static struct faults f;

/* Parse and read; the body lives until the next call. */
static const struct in *
read_text(const char *text)
{
	static struct body *body;
	static struct in in;
	struct body_fault fault;

	body_free(body);
	body = NULL;
	memset(&in, 0, sizeof(in));
	memset(&f, 0, sizeof(f));
	assert_ok(body_parse(text, strlen(text), &body, &fault));
	body_read(body_root(body), "", fields, COUNT_OF(fields), &in, &f);
	return &in;
}

static void
assert_fault(size_t i, const char *pointer, const char *code)
{
	assert_true(i < f.n);
	assert_string_equal(f.item[i].pointer, pointer);
	assert_string_equal(f.item[i].code, code);
}

static void
assert_malformed(const char *text, size_t len, const char *code,
    unsigned int line, unsigned int column)
{
	struct body_fault fault = { 0 };
	struct body *body = NULL;

	assert_err(body_parse(text, len, &body, &fault), ERR_MALFORMED);
	assert_null(body);
	assert_string_equal(fault.code, code);
	assert_int_equal(fault.line, line);
	if (column != 0)
		assert_int_equal(fault.column, column);
}

#define MALFORMED(text, code, line, column) \
	assert_malformed(text, sizeof(text) - 1, code, line, column)

TEST(body_reads_every_type)
{
	const struct in *in = read_text("{\"name\":\"abc\",\"port\":53,"
	    "\"on\":true,\"list\":[1,\"x\"],\"any\":{\"a\":1}}");

	assert_int_equal(f.n, 0);
	assert_string_equal(in->name.s, "abc");
	assert_int_equal(in->name.len, 3);
	assert_int_equal(in->port.v, 53);
	assert_true(in->on.set && in->on.v);
	assert_int_equal(in->list.n, 2);
	assert_string_equal(body_string(body_at(in->list.node, 1)), "x");
	assert_null(body_string(body_at(in->list.node, 0)));
	assert_true(body_is_object(in->any.node));
}

TEST(body_absent_members_are_not_set)
{
	const struct in *in = read_text("{\"name\":\"a\"}");

	assert_int_equal(f.n, 0);
	assert_false(in->port.set || in->on.set || in->list.set ||
	    in->any.set);
}

TEST(body_null_only_where_it_is_a_value)
{
	const struct in *in = read_text("{\"name\":null,\"on\":null}");

	assert_int_equal(f.n, 1);
	assert_fault(0, "/name", "type");
	assert_true(in->on.set && in->on.null);
}

TEST(body_names_every_fault_at_once)
{
	read_text("{\"port\":0,\"on\":1,\"list\":[],\"x\":1,\"id\":\"a\"}");
	assert_int_equal(f.n, 6);
	assert_fault(0, "/port", "range");
	assert_fault(1, "/on", "type");
	assert_fault(2, "/list", "length");
	assert_fault(3, "/x", "unknown-key");
	assert_fault(4, "/id", "read-only");
	assert_fault(5, "/name", "required");
}

TEST(body_checks_bounds_at_their_edges)
{
	read_text("{\"name\":\"abcde\",\"port\":65535}");
	assert_int_equal(f.n, 0);
	read_text("{\"name\":\"abcdef\",\"port\":65536}");
	assert_int_equal(f.n, 2);
	read_text("{\"name\":\"\",\"port\":1.0}");
	assert_int_equal(f.n, 2);
	assert_fault(1, "/port", "type");
}

TEST(body_that_is_no_object)
{
	read_text("[]");
	assert_int_equal(f.n, 1);
	assert_fault(0, "", "type");
}

TEST(body_escapes_pointers)
{
	read_text("{\"name\":\"a\",\"a/b~c\":1}");
	assert_fault(0, "/a~1b~0c", "unknown-key");
}

TEST(body_cuts_long_pointers_at_a_character)
{
	char out[16];

	body_pointer(out, sizeof(out), "", "aaaaaaaaaaaaa\xc3\xa9zz");
	assert_string_equal(out, "/aaaaaaaaaaaaa");
	body_pointer(out, sizeof(out), "", "aaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(strlen(out), 15);
	body_pointer(out, sizeof(out), "", "aaaaaaaaaaaaa~zz");
	assert_string_equal(out, "/aaaaaaaaaaaaa");
}

TEST(body_counts_faults_beyond_its_room)
{
	char text[8192] = "{\"name\":\"a\"";
	size_t n = strlen(text);

	for (int i = 0; i < FAULTS_MAX + 7; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    ",\"k%d\":1", i);
	snprintf(text + n, sizeof(text) - n, "}");
	read_text(text);
	assert_int_equal(f.n, FAULTS_MAX);
	assert_int_equal(f.n_more, 7);
}

TEST(body_tells_line_and_column)
{
	MALFORMED("{\"a\":\n nope}", "syntax", 2, 0);
	MALFORMED("{\"a\":1,\n\"a\":2}", "duplicate-key", 2, 0);
	MALFORMED("{\"a\":{\"b\":1,\"b\":2}}", "duplicate-key", 1, 0);
	MALFORMED("{} {}", "syntax", 1, 0);
	MALFORMED("", "syntax", 1, 0);
	MALFORMED("\"\xff\"", "utf8", 1, 0);
	MALFORMED("\"\\u0000\"", "nul", 1, 0);
	MALFORMED("[99999999999999999999]", "number", 1, 0);
	MALFORMED("{\"a\":\"b\0c\"}", "syntax", 1, 0);
}

TEST(body_limits_depth)
{
	char text[200];
	struct body *body = NULL;
	struct body_fault fault;

	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_malformed(text, 66, "depth", 1, 33);
	assert_ok(body_parse(text + 1, 64, &body, &fault));
	body_free(body);
}

TEST(body_does_not_count_brackets_in_strings)
{
	const char text[] = "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"";
	struct body *body = NULL;
	struct body_fault fault;

	assert_ok(body_parse(text, sizeof(text) - 1, &body, &fault));
	body_free(body);
}

TEST(body_limits_values)
{
	size_t len = 2 * BODY_VALUES_MAX + 8;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i += 2) {
		text[i] = '1';
		text[i + 1] = ',';
	}
	text[0] = '[';
	assert_malformed(text, len, "values", 1, 0);
	free(text);
}
