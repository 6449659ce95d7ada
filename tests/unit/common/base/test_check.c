/*
 * A broken promise: what it prints and that it ends the process.
 *
 * The program's own check_failed() is cmocka's (tests/lib/check.c), so the
 * room's is compiled in here under another name.
 */
#define check_failed	real_check_failed
#include "common/base/check.c"
#undef check_failed
NORETURN COLD void check_failed(const char *expr, const char *file, int line);

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/lib/test.h"

/* Fail a promise in a child; its status, and what it wrote. */
static int
fail_in_child(const char *expr, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd[2], status = -1;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		if (dup2(fd[1], STDERR_FILENO) < 0)
			_exit(1);
		real_check_failed(expr, "room.c", 42);
	}
	close(fd[1]);
	while (len + 1 < size &&
	    (n = read(fd[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(a_broken_promise_says_where_and_aborts)
{
	char text[1024];
	int status = fail_in_child("n > 0", text, sizeof(text));

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "event=check.failed"));
	assert_non_null(strstr(text, " place=room.c:42 expr=\"n > 0\"\n"));
}

TEST(a_long_expression_is_cut_and_nothing_else_is_printed)
{
	char expr[2000], text[4096];
	int status;

	memset(expr, 'x', sizeof(expr) - 1);
	expr[sizeof(expr) - 1] = '\0';
	status = fail_in_child(expr, text, sizeof(text));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(strlen(text), 511);
	assert_non_null(strstr(text, "expr=\"xxx"));
}

TEST(a_kept_promise_is_looked_at_once_and_does_nothing)
{
	int n = 0;

	CHECK(++n == 1);
	assert_int_equal(n, 1);
}

TEST(a_broken_promise_is_an_assertion_in_unit_tests)
{
	int n = 1;

	expect_assert_failure(CHECK(n == 0));
}

TEST(slow_checks_cost_nothing_where_they_are_off)
{
	int n = 0;

	CHECK_SLOW(++n == 1);
#ifdef CHECK_SLOW_ON
	assert_int_equal(n, 1);
	expect_assert_failure(CHECK_SLOW(n == 0));
#else
	assert_int_equal(n, 0);
	CHECK_SLOW(n != 0);
#endif
}
