/* Children of a dead supervisor: found by number and start, then stopped. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/base.h"
#include "dnsd/orphan.h"

enum { CHILDREN = 3 };

struct fixture {
	char path[64];
	FILE *list;
	pid_t pid[CHILDREN];
	struct orphans found;
};

static struct fixture f;

/* Children that wait for a signal, and an empty list. */
static int
setup(void **state)
{
	int fd;

	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.path, "/tmp/test_orphan.XXXXXX");
	fd = mkstemp(f.path);
	f.list = fd < 0 ? NULL : fdopen(fd, "w");
	for (int i = 0; i < CHILDREN; i++) {
		f.pid[i] = fork();
		if (f.pid[i] == 0) {
			signal(SIGTERM, SIG_DFL);
			for (;;)
				pause();
		}
	}
	return f.list == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < CHILDREN; i++)
		if (f.pid[i] > 0) {
			kill(f.pid[i], SIGKILL);
			waitpid(f.pid[i], NULL, 0);
		}
	for (int i = 0; i < f.found.n; i++)
		if (f.found.list[i].pidfd >= 0)
			close(f.found.list[i].pidfd);
	if (f.list != NULL)
		fclose(f.list);
	unlink(f.path);
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

static void
line(const char *role, int slot, pid_t pid, unsigned long long started)
{
	fprintf(f.list, "%s %d %d %llu\n", role, slot, (int)pid, started);
	fflush(f.list);
}

/* Has the child gone? Takes it away, so ask once. */
static bool
ended(int i)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PID, (id_t)f.pid[i], &info,
	    WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid != 0;
}

CASE(a_start_time_is_a_processs_own)
{
	unsigned long long mine = orphan_start_time(getpid());

	assert_true(mine > 0);
	assert_true(orphan_start_time(getpid()) == mine);
	assert_true(orphan_start_time(f.pid[0]) >= mine);
	assert_true(orphan_start_time(1 << 22) == 0);	/* above pid_max */
	assert_true(orphan_start_time(-1) == 0);
}

CASE(those_that_run_are_found_with_their_work)
{
	for (int i = 0; i < CHILDREN; i++)
		line(i == 0 ? "feeder" : "udp", i, f.pid[i],
		    orphan_start_time(f.pid[i]));
	orphan_read(&f.found, f.path);
	assert_int_equal(f.found.n, CHILDREN);
	assert_string_equal(f.found.list[0].role, "feeder");
	assert_string_equal(f.found.list[2].role, "udp");
	assert_int_equal(f.found.list[2].slot, 2);
	assert_false(ended(0));
}

CASE(a_number_that_is_somebody_elses_now_is_let_alone)
{
	line("udp", 0, f.pid[0], orphan_start_time(f.pid[0]) + 1);
	line("udp", 1, 1 << 22, 1);
	line("udp", 2, f.pid[1], orphan_start_time(f.pid[1]));
	orphan_read(&f.found, f.path);
	assert_int_equal(f.found.n, 1);
	assert_int_equal(f.found.list[0].slot, 2);
	orphan_stop(&f.found, NULL, -1);
	assert_false(ended(0));
	assert_true(ended(1));
}

CASE(only_the_one_with_this_work_is_stopped)
{
	for (int i = 0; i < CHILDREN; i++)
		line(i == 0 ? "feeder" : "udp", i, f.pid[i],
		    orphan_start_time(f.pid[i]));
	orphan_read(&f.found, f.path);
	orphan_stop(&f.found, "udp", 0);	/* there is none */
	orphan_stop(&f.found, "udp", 2);
	assert_false(ended(0));
	assert_false(ended(1));
	assert_true(ended(2));
	orphan_stop(&f.found, "udp", 2);	/* again is nothing */
	orphan_stop(&f.found, "feeder", -1);
	assert_true(ended(0));
	assert_false(ended(1));
	orphan_stop(&f.found, NULL, -1);
	assert_true(ended(1));
}

CASE(a_list_that_is_cut_or_no_list_is_read_as_far_as_it_goes)
{
	line("udp", 0, f.pid[0], orphan_start_time(f.pid[0]));
	fprintf(f.list, "udp x %d 5\nudp 2 %d %llu\n", (int)f.pid[1],
	    (int)f.pid[2], orphan_start_time(f.pid[2]));
	fflush(f.list);
	orphan_read(&f.found, f.path);
	assert_int_equal(f.found.n, 1);
	orphan_read(&f.found, "/nonexistent/list");
	assert_int_equal(f.found.n, 1);
}

CASE(a_list_longer_than_the_bound_is_read_to_the_bound)
{
	unsigned long long started = orphan_start_time(f.pid[0]);

	for (int i = 0; i < ORPHAN_MAX + 5; i++)
		line("udp", i, f.pid[0], started);
	orphan_read(&f.found, f.path);
	assert_int_equal(f.found.n, ORPHAN_MAX);
}
