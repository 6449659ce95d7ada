/*
 * main.c - xferd: the main process is keep; `--role=` makes a child of it.
 *
 * A child gets descriptor 3, a role and a log level, and reads no file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/svc.h"
#include "xferd/handoff.h"
#include "xferd/keep.h"
#include "xferd/notify.h"
#include "xferd/probe.h"
#include "xferd/session.h"

enum { CHILD_FILES_MAX = 1024 };

/* First fences; the seccomp filter comes with another issue. */
static void
fence(void)
{
	struct rlimit none = { 0, 0 };
	struct rlimit files = { CHILD_FILES_MAX, CHILD_FILES_MAX };

	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_NPROC, &none);
	setrlimit(RLIMIT_NOFILE, &files);
}

static int
child_main(const char *role, const char *level_text)
{
	enum log_level level = LOG_LEVEL_INFO;

	if (level_text != NULL)
		log_level_parse(level_text, &level);
	hash_init();
	fence();
	if (strcmp(role, "fetch") == 0) {
		log_init("xferd-fetch", level);
		return session_run(HANDOFF_FD, NULL);
	}
	if (strcmp(role, "probe") == 0) {
		log_init("xferd-probe", level);
		return probe_run(HANDOFF_FD);
	}
	if (strcmp(role, "notify") == 0) {
		log_init("xferd-notify", level);
		return notify_run(HANDOFF_FD);
	}
	fprintf(stderr, "xferd: unknown role\n");
	return SVC_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static const char ROLE[] = "--role=", LEVEL[] = "--log-level=";
	char program[4096];
	struct svc svc;
	ssize_t n;
	int code;

	if (argc >= 2 && strncmp(argv[1], ROLE, sizeof(ROLE) - 1) == 0)
		return child_main(argv[1] + sizeof(ROLE) - 1, argc >= 3 &&
		    strncmp(argv[2], LEVEL, sizeof(LEVEL) - 1) == 0 ?
		    argv[2] + sizeof(LEVEL) - 1 : NULL);

	hash_init();
	if (!svc_begin(&svc, "xferd", NULL, 0, argc, argv, &code))
		return code;
	/* By its own link, so that children are of the same build even when
	 * the file was replaced or the path is relative. */
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (n <= 0) {
		fprintf(stderr, "xferd: /proc is not mounted\n");
		return svc_end(&svc, ERR_SYSTEM);
	}
	program[n] = '\0';
	return keep_run(&svc, program);
}
