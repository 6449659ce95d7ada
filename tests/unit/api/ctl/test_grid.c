/*
 * test_grid.c - rows of texts as a table.
 */
#include "api/ctl/grid.h"
#include "tests/lib/test.h"

static void
row(struct grid *g, const char *a, const char *b)
{
	grid_cell(g, a);
	grid_cell(g, b);
}

TEST(columns_are_as_wide_as_their_widest_cell)
{
	struct grid g;
	struct buf b;

	buf_init(&b, 10000);
	grid_begin(&g, "NAME STATE", true, false);
	row(&g, "a.example", "ok");
	row(&g, "b\xc3\xbc.example", "");
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b),
	    "NAME        STATE\n"
	    "a.example   ok\n"
	    "b\xc3\xbc.example  -\n");
	grid_end(&g);
	buf_fini(&b);
}

TEST(later_pages_keep_the_columns_and_a_wide_cell_pushes)
{
	struct grid g;
	struct buf b;

	buf_init(&b, 10000);
	grid_begin(&g, "N S", true, false);
	row(&g, "aaa", "1");
	grid_flush(&g, &b);
	row(&g, "b", "2");
	grid_flush(&g, &b);
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b), "N    S\naaa  1\nb    2\n");
	grid_end(&g);
	buf_fini(&b);
}

TEST(no_header_when_none_is_wanted_and_a_lone_header_for_no_rows)
{
	struct grid g;
	struct buf b;

	buf_init(&b, 10000);
	grid_begin(&g, "NAME STATE", false, false);
	row(&g, "a", "b");
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b), "a  b\n");
	grid_end(&g);
	buf_reset(&b);
	grid_begin(&g, "NAME STATE", true, false);
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b), "NAME  STATE\n");
	grid_end(&g);
	buf_fini(&b);
}

TEST(a_cell_cannot_break_its_row_or_paint)
{
	struct grid g;
	struct buf b;

	buf_init(&b, 10000);
	grid_begin(&g, "A B", false, true);
	row(&g, "x\ny\033[2J", "failing");
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b),
	    "x\\010y\\027[2J  \033[31mfailing\033[0m\n");
	grid_end(&g);
	buf_fini(&b);
}

TEST(half_a_row_waits)
{
	struct grid g;
	struct buf b;

	buf_init(&b, 10000);
	grid_begin(&g, "A B", false, false);
	grid_cell(&g, "1");
	grid_flush(&g, &b);
	assert_int_equal(b.len, 0);
	grid_cell(&g, "2");
	grid_flush(&g, &b);
	assert_string_equal(buf_cstr(&b), "1  2\n");
	grid_end(&g);
	buf_fini(&b);
}
