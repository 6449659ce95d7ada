/*
 * svc.c - program skeleton.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/svc.h"

#define OWN_MAX		16	/* options of one program */
#define SETS_MAX	256	/* --set on one command line */
#define WATCHDOG_USEC_MAX 86400000000LL

#ifndef UNDERSTUDY_VERSION
#define UNDERSTUDY_VERSION "unknown"
#endif

enum { OPT_SET = 256, OPT_CHECK, OPT_DUMP, OPT_EXAMPLE, OPT_LEVEL, OPT_PID,
	OPT_READY, OPT_VERSION, OPT_OWN };

static const struct option common_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "set", required_argument, NULL, OPT_SET },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "dump-config", no_argument, NULL, OPT_DUMP },
	{ "example-config", no_argument, NULL, OPT_EXAMPLE },
	{ "log-level", required_argument, NULL, OPT_LEVEL },
	{ "pid-file", required_argument, NULL, OPT_PID },
	{ "ready-fd", required_argument, NULL, OPT_READY },
	{ "version", no_argument, NULL, OPT_VERSION },
};

static void
print_help(const char *name, const struct svc_option *own, size_t n_own)
{
	size_t i;

	printf("usage: %s [options]\n"
	    "  -c, --config FILE      configuration (%s)\n"
	    "      --set S.O=VALUE    override one option of the file\n"
	    "      --check            check the configuration and exit\n"
	    "      --dump-config      print the options in force and exit\n"
	    "      --example-config   print the commented example file and exit\n"
	    "      --log-level LEVEL  err, warn, info or debug\n"
	    "      --pid-file FILE    written when ready, removed at the end\n"
	    "      --ready-fd N       a newline is written there when ready\n"
	    "      --version          print the version and exit\n"
	    "  -h, --help             this\n", name, CONF_DEFAULT_PATH);
	for (i = 0; i < n_own; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", own[i].name,
		    own[i].arg != NULL ? " " : "",
		    own[i].arg != NULL ? own[i].arg : "");
		printf("      %-18s %s\n", left, own[i].help);
	}
}

static void
block_signals(struct svc *s)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
	    SIGCHLD };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < COUNT_OF(taken); i++)
		sigaddset(&set, taken[i]);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	signal(SIGPIPE, SIG_IGN);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	CHECK(s->signal_fd >= 0);
}

void
svc_child(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* WATCHDOG_USEC is for WATCHDOG_PID alone: roles inherit both. */
static int64_t
watchdog_interval_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	long long n;

	if (usec == NULL || getenv("NOTIFY_SOCKET") == NULL ||
	    (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	n = strtoll(usec, NULL, 10);
	/* A third of it, so that one late beat is none missed. */
	return n <= 0 || n > WATCHDOG_USEC_MAX ? 0 : MAX(n / 3000, 1);
}

struct wish {
	bool		check;
	bool		dump;
	bool		example;
	const char	*level;
};

/* False when there is nothing more to do; *out_code says how it ended. */
static bool
parse_options(struct svc *s, struct wish *wish, const struct svc_option *own,
    size_t n_own, int argc, char **argv, int *out_code)
{
	struct option all[COUNT_OF(common_options) + OWN_MAX + 1];
	size_t i;
	int c;

	CHECK(n_own <= OWN_MAX);
	memset(all, 0, sizeof(all));
	memcpy(all, common_options, sizeof(common_options));
	for (i = 0; i < n_own; i++) {
		struct option *o = &all[COUNT_OF(common_options) + i];

		o->name = own[i].name;
		o->has_arg = own[i].arg != NULL ? required_argument :
		    no_argument;
		o->val = OPT_OWN + (int)i;
	}
	*out_code = SVC_EXIT_USAGE;
	while ((c = getopt_long(argc, argv, "c:h", all, NULL)) != -1) {
		switch (c) {
		case 'c':
			s->config_path = optarg;
			break;
		case 'h':
			print_help(s->name, own, n_own);
			*out_code = SVC_EXIT_OK;
			return false;
		case OPT_SET:
			if (s->n_sets == SETS_MAX)
				return false;
			s->sets[s->n_sets++] = optarg;
			break;
		case OPT_CHECK:
			wish->check = true;
			break;
		case OPT_DUMP:
			wish->dump = true;
			break;
		case OPT_EXAMPLE:
			wish->example = true;
			break;
		case OPT_LEVEL:
			wish->level = optarg;
			break;
		case OPT_PID:
			s->pid_file = optarg;
			break;
		case OPT_READY:
			s->ready_fd = atoi(optarg);
			break;
		case OPT_VERSION:
			printf("%s %s\n", s->name, UNDERSTUDY_VERSION);
			*out_code = SVC_EXIT_OK;
			return false;
		case '?':
			fprintf(stderr, "try %s --help\n", s->name);
			return false;
		default:
			i = (size_t)(c - OPT_OWN);
			*own[i].out_value = optarg != NULL ? optarg : "";
			break;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument %s\n", s->name,
		    argv[optind]);
		return false;
	}
	return true;
}

bool
svc_begin(struct svc *s, const char *name, const struct svc_option *own,
    size_t n_own, int argc, char **argv, int *out_code)
{
	char text[1024];
	struct wish wish = { 0 };
	struct fault fault;
	enum log_level level = LOG_LEVEL_INFO;
	enum err e;

	memset(s, 0, sizeof(*s));
	s->name = name;
	s->signal_fd = s->ready_fd = -1;
	s->sets = calloc(SETS_MAX, sizeof(*s->sets));
	CHECK(s->sets != NULL);
	log_init(name, level);
	if (!parse_options(s, &wish, own, n_own, argc, argv, out_code))
		goto stop;
	*out_code = SVC_EXIT_OK;
	if (wish.example) {
		conf_example(stdout);
		goto stop;
	}
	if (s->config_path == NULL && access(CONF_DEFAULT_PATH, F_OK) == 0)
		s->config_path = CONF_DEFAULT_PATH;
	e = conf_load(s->config_path, s->sets, s->n_sets, &s->conf, &fault);
	if (e != OK) {
		fprintf(stderr, "%s: %s\n", name,
		    fault_print(&fault, text, sizeof(text)));
		*out_code = SVC_EXIT_CONFIG;
		goto stop;
	}
	if (wish.dump)
		conf_dump(s->conf, stdout);
	if (wish.check && !wish.dump)
		printf("%s: configuration is valid\n", name);
	if (wish.dump || wish.check)
		goto stop;
	if (!log_level_parse(wish.level != NULL ? wish.level :
	    s->conf->log.level, &level)) {
		fprintf(stderr, "%s: no such log level: %s\n", name,
		    wish.level);
		*out_code = SVC_EXIT_USAGE;
		goto stop;
	}
	log_set_level(level);
	block_signals(s);
	hash_init();
	s->beat_every_ms = watchdog_interval_ms();
	return true;
stop:
	conf_free(s->conf);
	s->conf = NULL;
	free(s->sets);
	s->sets = NULL;
	return false;
}

void
svc_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (path == NULL)
		return;
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(un.sun_path))
		return;
	memcpy(un.sun_path, path, len);
	if (un.sun_path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

static void
write_pid_file(const char *path)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		log_warn("pid_file.failed", "path=%s reason=%s", LOG_Q(path),
		    LOG_Q(strerror(errno)));
	if (fd >= 0)
		close(fd);
}

void
svc_ready(struct svc *s)
{
	if (s->is_ready)
		return;
	s->is_ready = true;
	if (s->pid_file != NULL)
		write_pid_file(s->pid_file);
	if (s->ready_fd >= 0) {
		(void)!write(s->ready_fd, "\n", 1);
		close(s->ready_fd);
		s->ready_fd = -1;
	}
	svc_notify("READY=1");
	log_info("svc.ready", "version=%s", UNDERSTUDY_VERSION);
}

void
svc_beat(struct svc *s)
{
	int64_t now;

	if (s->beat_every_ms == 0)
		return;
	now = now_mono_ms();
	if (now < s->beat_at_ms)
		return;
	s->beat_at_ms = now + s->beat_every_ms;
	svc_notify("WATCHDOG=1");
}

enum svc_event
svc_take(struct svc *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return SVC_NONE;
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:
		svc_notify("STOPPING=1");
		return SVC_STOP;
	case SIGHUP:
		return SVC_RELOAD;
	case SIGUSR1:
		return SVC_DUMP;
	case SIGCHLD:
		return SVC_CHILD;
	default:
		return SVC_NONE;
	}
}

/* One poll, no longer than until the next beat. */
static int
wait_once(struct svc *s, int64_t left_ms)
{
	struct pollfd p = { .fd = s->signal_fd, .events = POLLIN };

	svc_beat(s);
	if (s->beat_every_ms != 0 && (left_ms < 0 ||
	    left_ms > s->beat_every_ms))
		left_ms = s->beat_every_ms;
	return poll(&p, 1, left_ms < 0 ? -1 : (int)left_ms);
}

enum svc_event
svc_wait(struct svc *s, int timeout_ms)
{
	int64_t until = timeout_ms < 0 ? -1 : now_mono_ms() + timeout_ms;
	int64_t left = timeout_ms;
	int n;

	for (;;) {
		n = wait_once(s, left);
		if (n == 1)
			return svc_take(s);
		if (n < 0 && errno != EINTR)
			return SVC_NONE;
		if (until < 0)
			continue;
		left = until - now_mono_ms();
		if (left <= 0)
			return SVC_NONE;
	}
}

enum err
svc_reload(struct svc *s, struct conf **out_old)
{
	struct conf *next = NULL;
	enum log_level level;
	struct fault fault;
	char text[1024];
	enum err e;

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    now_mono_ms() * 1000);
	svc_notify(text);
	e = conf_load(s->config_path, s->sets, s->n_sets, &next, &fault);
	svc_notify("READY=1");
	if (e != OK) {
		log_err("conf.refused", "reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return e;
	}
	*out_old = s->conf;
	s->conf = next;
	if (log_level_parse(next->log.level, &level))
		log_set_level(level);
	log_info("conf.reloaded", "");
	return OK;
}

int
svc_exit_code(enum err e)
{
	if (e == OK || e == ERR_STOPPED)
		return SVC_EXIT_OK;
	if (e == ERR_CONFIG || e == ERR_SCHEMA)
		return SVC_EXIT_CONFIG;
	return err_class(e) == ERR_CLASS_FAIL ? SVC_EXIT_FAIL :
	    SVC_EXIT_UNAVAILABLE;
}

int
svc_end(struct svc *s, enum err e)
{
	svc_notify("STOPPING=1");
	if (e == OK || e == ERR_STOPPED)
		log_info("svc.stopped", "");
	else
		log_err("svc.failed", "err=%s reason=%s", err_name(e),
		    LOG_Q(err_text(e)));
	if (s->pid_file != NULL && s->is_ready)
		unlink(s->pid_file);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	conf_free(s->conf);
	free(s->sets);
	s->conf = NULL;
	s->sets = NULL;
	s->signal_fd = -1;
	return svc_exit_code(e);
}
