/*
 * test_log.c - quoting, levels, one line per event; clocks print.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/log.h"
#include "common/base/now.h"

/* What one call writes to standard error. */
static char captured[8192];
static int saved_fd, pipe_fd;

static int
capture_begin(void **state)
{
	int p[2];

	(void)state;
	if (pipe(p) != 0)
		return -1;
	fflush(stderr);
	saved_fd = dup(STDERR_FILENO);
	pipe_fd = p[0];
	dup2(p[1], STDERR_FILENO);
	close(p[1]);
	return 0;
}

static void
capture_end(void)
{
	ssize_t n;

	if (saved_fd < 0)
		return;
	dup2(saved_fd, STDERR_FILENO);
	close(saved_fd);
	saved_fd = -1;
	n = read(pipe_fd, captured, sizeof(captured) - 1);
	captured[n > 0 ? n : 0] = '\0';
	close(pipe_fd);
}

static int
capture_teardown(void **state)
{
	(void)state;
	capture_end();
	log_init("-", LOG_LEVEL_INFO);
	return 0;
}

TEST(log_quote_escapes_what_a_peer_may_send)
{
	char out[64];

	assert_string_equal(log_quote(out, sizeof(out), "a\"b\\c\n\x7f\xff", 8),
	    "\"a\\\"b\\\\c\\x0a\\x7f\\xff\"");
	assert_string_equal(log_quote(out, sizeof(out), NULL, 0), "\"\"");
}

TEST(log_quote_cuts_inside_the_quotes)
{
	char out[16];
	size_t size, len;
	char input[100];

	memset(input, 0xff, sizeof(input));
	for (size = 8; size <= sizeof(out); size++) {
		for (len = 0; len < sizeof(input); len++) {
			memset(out, 0x55, sizeof(out));
			log_quote(out, size, input, len);
			assert_true(strlen(out) < size);
			assert_int_equal(out[0], '"');
			assert_int_equal(out[strlen(out) - 1], '"');
		}
	}
	assert_string_equal(log_quote(out, 16, "aaaaaaaaaaaaaaaaaaaa", 20),
	    "\"aaaaaaa...\"");
}

TEST_WITH(log_writes_one_line_per_event, capture_begin, capture_teardown)
{
	char *event;

	log_init("prog", LOG_LEVEL_INFO);
	errno = 5;
	log_info("thing.done", "n=%d text=%s", 3, LOG_Q("two\nlines"));
	assert_int_equal(errno, 5);
	log_debug("not.shown", "");
	log_err("raw.text", "x=%s", "a\nb");
	capture_end();
	event = strstr(captured, " level=info prog=prog pid=");
	assert_non_null(event);
	assert_non_null(strstr(captured,
	    " event=thing.done n=3 text=\"two\\x0alines\"\n"));
	assert_non_null(strstr(captured, " event=raw.text x=a?b\n"));
	assert_null(strstr(captured, "not.shown"));
}

TEST_WITH(log_a_long_line_is_cut_and_ends, capture_begin, capture_teardown)
{
	char big[4000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("big.seen", "text=%s", big);
	capture_end();
	assert_true(strlen(captured) < LOG_LINE_MAX);
	assert_int_equal(captured[strlen(captured) - 1], '\n');
}

TEST(log_levels_have_names)
{
	enum log_level level = LOG_LEVEL_ERR;

	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_false(log_level_parse("loud", &level));
}

TEST(now_prints_utc_with_milliseconds)
{
	char out[NOW_TEXT_MAX];

	assert_string_equal(now_print(0, out), "1970-01-01T00:00:00.000Z");
	assert_string_equal(now_print(1795336800123, out),
	    "2026-11-22T08:40:00.123Z");
	assert_string_equal(now_print(-1, out), "1969-12-31T23:59:59.999Z");
	assert_string_equal(now_print(INT64_MAX, out), "-");
}

TEST(now_clocks_do_not_go_back)
{
	int64_t a = now_mono_ns(), b = now_mono_ns();

	assert_true(b >= a);
	assert_true(now_boot_ms() + 1 >= now_mono_ms());
	assert_true(now_wall_ms() > 1700000000000);
}
