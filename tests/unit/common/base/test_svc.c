/*
 * test_svc.c - the program skeleton: options, signals, exit codes.
 *
 * Each case runs in a child: svc_begin() blocks signals for its process.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/svc.h"

static const char *role;
static const struct svc_option options[] = {
	{ "role", "NAME", "the role", &role },
};

/* Runs svc_begin() with @argv; 100 when it says "go on". */
static int
run(int (*then)(struct svc *), const char *a, const char *b, const char *c)
{
	char *argv[] = { (char *)"prog", (char *)(uintptr_t)a,
	    (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL };
	int argc = 1, status, code;
	pid_t pid;

	while (argv[argc] != NULL)
		argc++;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct svc s;

		if (freopen("/dev/null", "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		if (!svc_begin(&s, "prog", options, 1, argc, argv, &code))
			_exit(code);
		_exit(then != NULL ? then(&s) : 100);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(svc_options_that_end_the_program)
{
	assert_int_equal(run(NULL, "--help", NULL, NULL), 0);
	assert_int_equal(run(NULL, "--version", NULL, NULL), 0);
	assert_int_equal(run(NULL, "--check", NULL, NULL), 0);
	assert_int_equal(run(NULL, "--dump-config", NULL, NULL), 0);
	assert_int_equal(run(NULL, "--example-config", NULL, NULL), 0);
}

TEST(svc_mistakes_have_exit_codes)
{
	assert_int_equal(run(NULL, "--nonsense", NULL, NULL), SVC_EXIT_USAGE);
	assert_int_equal(run(NULL, "word", NULL, NULL), SVC_EXIT_USAGE);
	assert_int_equal(run(NULL, "--log-level", "loud", NULL),
	    SVC_EXIT_USAGE);
	assert_int_equal(run(NULL, "-c", "/nonexistent", NULL),
	    SVC_EXIT_CONFIG);
	assert_int_equal(run(NULL, "--set", "dns.udp_workers=0", NULL),
	    SVC_EXIT_CONFIG);
}

static int
role_is_fetch(struct svc *s)
{
	(void)s;
	return role != NULL && strcmp(role, "fetch") == 0 ? 100 : 1;
}

TEST(svc_own_options_are_handed_over)
{
	assert_int_equal(run(role_is_fetch, "--role=fetch", NULL, NULL), 100);
	assert_int_equal(run(role_is_fetch, NULL, NULL, NULL), 1);
}

static int
signals_arrive(struct svc *s)
{
	struct conf *old = NULL;

	if (svc_wait(s, 0) != SVC_NONE)
		return 1;
	kill(getpid(), SIGHUP);
	if (svc_wait(s, 1000) != SVC_RELOAD)
		return 2;
	if (svc_reload(s, &old) != OK || old == NULL || old == s->conf)
		return 3;
	conf_free(old);
	raise(SIGPIPE);
	kill(getpid(), SIGUSR1);
	if (svc_wait(s, 1000) != SVC_DUMP)
		return 4;
	kill(getpid(), SIGTERM);
	if (svc_wait(s, -1) != SVC_STOP)
		return 5;
	return svc_end(s, OK) == 0 ? 100 : 6;
}

TEST(svc_signals_are_events)
{
	assert_int_equal(run(signals_arrive, NULL, NULL, NULL), 100);
}

static int
writes_pid_file(struct svc *s)
{
	char text[32] = "";
	FILE *f;
	int n;

	svc_ready(s);
	svc_ready(s);
	f = fopen(s->pid_file, "r");
	if (f == NULL)
		return 1;
	n = fgets(text, sizeof(text), f) != NULL ? atoi(text) : 0;
	fclose(f);
	if (n != getpid())
		return 2;
	svc_end(s, ERR_STOPPED);
	return access("/tmp/test_svc.pid", F_OK) != 0 ? 100 : 3;
}

TEST(svc_pid_file_lives_as_long_as_the_program)
{
	assert_int_equal(run(writes_pid_file, "--pid-file",
	    "/tmp/test_svc.pid", NULL), 100);
}

/* Takes datagrams until @text came; the number of those before it, or -1. */
static int
heard(int fd, const char *text)
{
	char got[256];

	for (int n = 0; n < 100; n++) {
		ssize_t len = recv(fd, got, sizeof(got) - 1, 0);

		if (len < 0)
			return -1;
		got[len] = '\0';
		if (strncmp(got, text, strlen(text)) == 0)
			return n;
	}
	return -1;
}

static int systemd_fd;

static int
talks_to_systemd(struct svc *s)
{
	struct conf *old = NULL;

	svc_ready(s);
	if (heard(systemd_fd, "READY=1") != 0)
		return 1;
	if (s->beat_every_ms != 20)
		return 2;
	/* Nothing happens, and it beats all the same. */
	if (svc_wait(s, 100) != SVC_NONE)
		return 3;
	if (heard(systemd_fd, "WATCHDOG=1") != 0 ||
	    heard(systemd_fd, "WATCHDOG=1") != 0)
		return 4;
	if (svc_reload(s, &old) != OK || heard(systemd_fd, "RELOADING=1") < 0 ||
	    heard(systemd_fd, "READY=1") != 0)
		return 5;
	conf_free(old);
	kill(getpid(), SIGTERM);
	if (svc_wait(s, -1) != SVC_STOP || heard(systemd_fd, "STOPPING=1") < 0)
		return 6;
	return svc_end(s, OK) == 0 ? 100 : 7;
}

TEST(svc_tells_systemd_what_it_does)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len;

	/* An abstract name, which ends with this process. */
	snprintf(un.sun_path, sizeof(un.sun_path), "@test_svc.%d",
	    (int)getpid());
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(un.sun_path));
	un.sun_path[0] = '\0';
	systemd_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(systemd_fd >= 0);
	assert_int_equal(bind(systemd_fd, (struct sockaddr *)&un, len), 0);
	setenv("WATCHDOG_USEC", "60000", 1);
	assert_int_equal(run(talks_to_systemd, NULL, NULL, NULL), 100);
	close(systemd_fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

TEST(svc_exit_codes_follow_the_class)
{
	assert_int_equal(svc_exit_code(OK), SVC_EXIT_OK);
	assert_int_equal(svc_exit_code(ERR_BUSY), SVC_EXIT_UNAVAILABLE);
	assert_int_equal(svc_exit_code(ERR_CONFIG), SVC_EXIT_CONFIG);
	assert_int_equal(svc_exit_code(ERR_NO_MEMORY), SVC_EXIT_FAIL);
}
