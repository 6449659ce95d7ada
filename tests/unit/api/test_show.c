/* test_show.c - columns of PostgreSQL as JSON values. */
#include "tests/lib/test.h"

#include "api/show.h"
#include "tests/lib/xferdb.h"

static struct db_rows *rows;
static struct jw w;

static int
setup(void **state)
{
	jw_init(&w, 4096);
	return xferdb_setup(state);
}

static int
teardown(void **state)
{
	db_rows_free(rows);
	rows = NULL;
	jw_fini(&w);
	return xferdb_teardown(state);
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

static void
select_row(const char *text)
{
	struct db_stmt stmt = { .name = "show", .text = text };

	assert_ok(db_exec(xferdb.root, &stmt, DB_NO_PARAMS, &rows));
	jw_begin_object(&w, NULL);
}

static void
shown(const char *want)
{
	jw_end_object(&w);
	assert_false(jw_failed(&w));
	assert_string_equal(buf_cstr(&w.b), want);
	assert_false(db_rows_failed(rows));
}

CASE(values_have_their_json_form)
{
	select_row("SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid,"
	    " 'a \"b\" <c>'::text, -9007199254740993::bigint,"
	    " '2026-11-22 11:12:13.0456+01'::timestamptz,"
	    " '{\"a\": [1, null]}'::jsonb");
	show_uuid(&w, "u", rows, 0, 0);
	show_text(&w, "t", rows, 0, 1);
	show_i64(&w, "i", rows, 0, 2);
	show_time(&w, "at", rows, 0, 3);
	show_json(&w, "j", rows, 0, 4);
	shown("{\"u\":\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\","
	    "\"t\":\"a \\\"b\\\" \\u003cc\\u003e\","
	    "\"i\":-9007199254740993,\"at\":\"2026-11-22T10:12:13.045Z\","
	    "\"j\":{\"a\": [1, null]}}");
}

CASE(null_columns_are_null)
{
	select_row("SELECT NULL::uuid, NULL::text, NULL::bigint,"
	    " NULL::timestamptz, NULL::jsonb");
	show_uuid(&w, "u", rows, 0, 0);
	show_text(&w, "t", rows, 0, 1);
	show_i64(&w, "i", rows, 0, 2);
	show_time(&w, "at", rows, 0, 3);
	show_json(&w, "j", rows, 0, 4);
	shown("{\"u\":null,\"t\":null,\"i\":null,\"at\":null,\"j\":null}");
}

CASE(infinity_is_no_time)
{
	select_row("SELECT 'infinity'::timestamptz, '-infinity'::timestamptz,"
	    " 'epoch'::timestamptz");
	show_time(&w, "a", rows, 0, 0);
	show_time(&w, "b", rows, 0, 1);
	show_time(&w, "c", rows, 0, 2);
	shown("{\"a\":null,\"b\":null,\"c\":\"1970-01-01T00:00:00.000Z\"}");
}
