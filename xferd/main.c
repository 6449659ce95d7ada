/*
 * main.c - xferd: the main process is keep; `--role=` makes a child of it.
 *
 * A child gets descriptor 3, a role, a log level and a user, and reads no file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/base/svc.h"
#include "xferd/courier.h"
#include "xferd/handoff.h"
#include "xferd/keep.h"
#include "xferd/notify.h"
#include "xferd/probe.h"
#include "xferd/session.h"

enum {
	CHILD_FILES_MAX = 1024,
	CHILD_DATA_MAX = 256 << 20,	/* bytes beyond those of the start */
};

static bool
walls(enum sandbox_wall wall)
{
	const struct sandbox_limits limits = {
		.files_max = CHILD_FILES_MAX,
		.data_bytes = CHILD_DATA_MAX,
	};

	return sandbox_enter(wall, &limits) == OK;
}

static int
child_main(const char *role, const char *level_text, const char *user)
{
	enum log_level level = LOG_LEVEL_INFO;

	if (level_text != NULL)
		log_level_parse(level_text, &level);
	hash_init();
	if (sandbox_user(user) != OK)
		return SVC_EXIT_FAIL;
	if (strcmp(role, "fetch") == 0) {
		log_init("xferd-fetch", level);
		session_warm_up();
		if (!walls(SANDBOX_FETCH))
			return SVC_EXIT_FAIL;
		return session_run(HANDOFF_FD, NULL);
	}
	if (strcmp(role, "probe") == 0) {
		log_init("xferd-probe", level);
		return walls(SANDBOX_PROBE) ? probe_run(HANDOFF_FD,
		    HANDOFF_ROLE_PROBE) : SVC_EXIT_FAIL;
	}
	if (strcmp(role, "check") == 0) {
		log_init("xferd-check", level);
		return walls(SANDBOX_PROBE) ? probe_run(HANDOFF_FD,
		    HANDOFF_ROLE_CHECK) : SVC_EXIT_FAIL;
	}
	if (strcmp(role, "notify") == 0) {
		log_init("xferd-notify", level);
		return walls(SANDBOX_NOTIFY) ? notify_run(HANDOFF_FD) :
		    SVC_EXIT_FAIL;
	}
	if (strcmp(role, "courier") == 0) {
		log_init("xferd-courier", level);
		if (courier_warm_up() != OK || !walls(SANDBOX_COURIER))
			return SVC_EXIT_FAIL;
		return courier_run(HANDOFF_FD);
	}
	fprintf(stderr, "xferd: unknown role\n");
	return SVC_EXIT_USAGE;
}

/* What keep gave a child; NULL when it did not. */
static const char *
arg_of(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, strlen(name)) == 0)
			return argv[i] + strlen(name);
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *role = arg_of(argc, argv, "--role=");
	const char *user = arg_of(argc, argv, "--user=");
	char program[4096];
	struct svc svc;
	ssize_t n;
	int code;

	if (role != NULL)
		return child_main(role, arg_of(argc, argv, "--log-level="),
		    user == NULL ? "" : user);

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
