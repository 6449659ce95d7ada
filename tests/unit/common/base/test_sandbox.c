/*
 * The walls stand: a child builds them around itself and tries what it may
 * not.  Each trial is a process, for nothing of this can be undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/sandbox.h"
#include "tests/lib/test.h"

/* What a trial came to: 0 it went through, else errno; KILLED. */
enum { KILLED = 1000, SETUP = 1001 };

struct trial {
	int memory;			/* a memfd, and the same read-only */
	int read_only;
	void *map;			/* of read_only */
	int pair[2];
	pid_t parent;
};

typedef int (*trial_fn)(const struct trial *t);

static int
of(long rc)
{
	return rc < 0 ? errno : 0;
}

static int
attempt(enum sandbox_wall wall, trial_fn fn)
{
	const struct sandbox_limits limits = {
		.files_max = 64, .data_bytes = 64 << 20,
	};
	struct trial t = { .parent = getppid() };
	int status;
	pid_t pid;

	t.memory = memfd_create("sandbox", MFD_CLOEXEC);
	assert_true(t.memory >= 0);
	assert_int_equal(ftruncate(t.memory, 4096), 0);
	{
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", t.memory);
		t.read_only = open(path, O_RDONLY);
	}
	assert_true(t.read_only >= 0);
	t.map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, t.read_only, 0);
	assert_true(t.map != MAP_FAILED);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t.pair), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		uint16_t result = SETUP;

		close(t.memory);	/* a role never has it */
		if (sandbox_user("") == OK && sandbox_enter(wall, &limits) ==
		    OK)
			result = (uint16_t)fn(&t);
		(void)!write(t.pair[1], &result, sizeof(result));
		_exit(0);
	}
	assert_true(pid > 0);
	close(t.pair[1]);
	{
		uint16_t result = KILLED;
		ssize_t n = read(t.pair[0], &result, sizeof(result));

		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(t.pair[0]);
		close(t.read_only);
		close(t.memory);
		munmap(t.map, 4096);
		if (n == sizeof(result))
			return result;
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
}

static int
try_socket(const struct trial *t UNUSED)
{
	return of(socket(AF_INET, SOCK_DGRAM, 0));
}

static int
try_connect(const struct trial *t)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	return of(connect(t->pair[1], (struct sockaddr *)&a, sizeof(a)));
}

static int
try_read_file(const struct trial *t UNUSED)
{
	return of(open("/etc/passwd", O_RDONLY));
}

static int
try_write_file(const struct trial *t UNUSED)
{
	return of(open("/tmp/us-sandbox-test", O_WRONLY | O_CREAT, 0600));
}

static int
try_open_old(const struct trial *t UNUSED)
{
	return of(syscall(SYS_open, "/etc/passwd", O_RDONLY));
}

static int
try_exec(const struct trial *t UNUSED)
{
	char name[] = "true", *argv[] = { name, NULL };

	return of(execv("/bin/true", argv));
}

static int
try_ptrace(const struct trial *t UNUSED)
{
	return of(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

static int
try_kill(const struct trial *t)
{
	return of(kill(t->parent, 0));
}

static int
try_tgkill(const struct trial *t)
{
	return of(syscall(SYS_tgkill, t->parent, t->parent, 0));
}

#ifndef SANDBOX_WIDE
static int
try_fork(const struct trial *t UNUSED)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return of(pid);
}

static int
try_exec_memory(const struct trial *t UNUSED)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
try_make_exec(const struct trial *t UNUSED)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return SETUP;
	return of(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* The cache: by its read-only descriptor, mapping, and /proc. */
static int
try_cache_protect(const struct trial *t)
{
	return of(mprotect(t->map, 4096, PROT_READ | PROT_WRITE));
}

static int
try_cache_map(const struct trial *t)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
	    t->read_only, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
try_cache_reopen(const struct trial *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->read_only);
	return of(open(path, O_RDWR));
}

static int
try_cache_write(const struct trial *t)
{
	return of(pwrite(t->read_only, "x", 1, 0));
}

static int
try_plain_write(const struct trial *t)
{
	return of(write(t->read_only, "x", 1));
}

static int
try_cache_truncate(const struct trial *t)
{
	return of(ftruncate(t->read_only, 0));
}
#endif

static int
try_setuid(const struct trial *t UNUSED)
{
	return of(setuid(getuid()));
}

static int
try_io_uring(const struct trial *t UNUSED)
{
	return of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
try_unlimit(const struct trial *t UNUSED)
{
	struct rlimit r = { 100, 100 };

	return of(setrlimit(RLIMIT_NOFILE, &r));
}

/* What every role needs goes through. */
static int
try_ordinary(const struct trial *t UNUSED)
{
	void *p = malloc(1 << 20);
	struct timespec now;

	if (p == NULL || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 1;
	memset(p, 1, 1 << 20);
	free(p);
	return 0;
}

static const enum sandbox_wall workers[] = {
	SANDBOX_UDP, SANDBOX_TCP, SANDBOX_TLS, SANDBOX_FETCH, SANDBOX_PROBE,
	SANDBOX_NOTIFY, SANDBOX_HOLD,
};

TEST(every_wall_lets_ordinary_work_through)
{
	for (int wall = 0; wall < SANDBOX_N_WALLS; wall++)
		assert_int_equal(attempt((enum sandbox_wall)wall,
		    try_ordinary), 0);
}

TEST(who_tries_to_become_another_is_ended)
{
	for (int wall = 0; wall < SANDBOX_N_WALLS; wall++) {
		assert_int_equal(attempt((enum sandbox_wall)wall, try_exec),
		    KILLED);
		assert_int_equal(attempt((enum sandbox_wall)wall,
		    try_ptrace), KILLED);
		assert_int_equal(attempt((enum sandbox_wall)wall,
		    try_setuid), KILLED);
		assert_int_equal(attempt((enum sandbox_wall)wall,
		    try_io_uring), KILLED);
	}
}

TEST(nobody_signals_others_or_raises_limits)
{
	for (int wall = 0; wall < SANDBOX_N_WALLS; wall++) {
		assert_int_equal(attempt((enum sandbox_wall)wall, try_kill),
		    EPERM);
		assert_int_equal(attempt((enum sandbox_wall)wall,
		    try_tgkill), EPERM);
	}
	for (size_t i = 0; i < COUNT_OF(workers); i++)
		assert_int_not_equal(attempt(workers[i], try_unlimit), 0);
}

TEST(who_reads_strangers_bytes_has_no_network_and_no_files)
{
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		assert_int_equal(attempt(workers[i], try_socket), EPERM);
		assert_int_equal(attempt(workers[i], try_connect), EPERM);
		assert_int_not_equal(attempt(workers[i], try_read_file), 0);
		assert_int_not_equal(attempt(workers[i], try_write_file), 0);
		assert_int_not_equal(attempt(workers[i], try_open_old), 0);
	}
	assert_int_equal(attempt(SANDBOX_RELAY, try_socket), EPERM);
	assert_int_not_equal(attempt(SANDBOX_RELAY, try_write_file), 0);
	assert_int_not_equal(attempt(SANDBOX_FEEDER, try_write_file), 0);
}

#ifndef SANDBOX_WIDE
TEST(nobody_makes_code_or_processes)
{
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		assert_int_equal(attempt(workers[i], try_exec_memory), EPERM);
		assert_int_equal(attempt(workers[i], try_make_exec), EPERM);
		assert_int_not_equal(attempt(workers[i], try_fork), 0);
	}
	assert_int_equal(attempt(SANDBOX_FEEDER, try_make_exec), EPERM);
	assert_int_equal(attempt(SANDBOX_RELAY, try_fork), EPERM);
}

TEST(the_cache_stays_read_only)
{
	static const trial_fn tries[] = {
		try_cache_protect, try_cache_map, try_cache_reopen,
		try_cache_write, try_plain_write, try_cache_truncate,
	};

	for (size_t i = 0; i < COUNT_OF(workers); i++)
		for (size_t k = 0; k < COUNT_OF(tries); k++)
			assert_int_not_equal(attempt(workers[i], tries[k]), 0);
}
#endif

static int
see_status(const struct trial *t UNUSED)
{
	char text[4096] = "";
	ssize_t n;
	int fd = open("/proc/self/status", O_RDONLY);

	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 1;
	if (strstr(text, "NoNewPrivs:\t1") == NULL)
		return 2;
	if (strstr(text, "Seccomp:\t2") == NULL)
		return 3;
	if (strstr(text, "CapEff:\t0000000000000000") == NULL ||
	    strstr(text, "CapPrm:\t0000000000000000") == NULL)
		return 4;
	if (getuid() == 0 &&
	    strstr(text, "CapBnd:\t0000000000000000") == NULL)
		return 5;
	return 0;
}

TEST(what_the_kernel_says_of_it)
{
	assert_int_equal(attempt(SANDBOX_RELAY, see_status), 0);
	assert_int_equal(attempt(SANDBOX_FEEDER, see_status), 0);
}
