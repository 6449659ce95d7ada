/*
 * svc.h - the skeleton every program's main() has in common: options,
 * configuration, --check, logging, signals, readiness, exit codes.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		struct svc s;
 *		int code;
 *
 *		if (!svc_begin(&s, "apid", options, COUNT_OF(options),
 *		    argc, argv, &code))
 *			return code;
 *		... open listeners, start ...
 *		svc_ready(&s);
 *		while (svc_wait(&s, -1) != SVC_STOP)
 *			...
 *		return svc_end(&s, OK);
 *	}
 *
 * Under systemd (Type=notify) it says READY, RELOADING and STOPPING, and with
 * WatchdogSec= it beats from svc_wait() or svc_beat(): whoever waits in a loop
 * of his own calls svc_beat() at least every second.
 *
 * Signals arrive on a descriptor (signalfd), never in a handler: TERM and INT
 * mean stop, HUP reload, USR1 "dump state to the log". PIPE is ignored.
 * They are blocked from svc_begin() on, so threads started later inherit that;
 * a child that is forked and executed calls svc_child() first.
 */
#ifndef COMMON_BASE_SVC_H
#define COMMON_BASE_SVC_H

#include "common/base/conf.h"
#include "common/base/err.h"

/* Exit codes, from sysexits.h. */
#define SVC_EXIT_OK		0
#define SVC_EXIT_USAGE		64
#define SVC_EXIT_UNAVAILABLE	69	/* port taken, database gone: try again */
#define SVC_EXIT_FAIL		70	/* our fault */
#define SVC_EXIT_CONFIG		78	/* a person must edit something */

enum svc_event {
	SVC_NONE,		/* timeout */
	SVC_STOP,
	SVC_RELOAD,
	SVC_DUMP,
	SVC_CHILD,		/* a child ended: waitpid() */
};

/* An option of this program alone: "--name[=value]". */
struct svc_option {
	const char	*name;
	const char	*arg;		/* NULL: takes none */
	const char	*help;
	const char	**out_value;	/* the text, or "" without arg; untouched
					 * when the option is not given */
};

struct svc {
	const char	*name;
	const char	*config_path;	/* NULL: defaults alone */
	struct conf	*conf;
	int		signal_fd;
	const char	*pid_file;
	int		ready_fd;
	bool		is_ready;
	const char	**sets;
	size_t		n_sets;
	int64_t		beat_every_ms;	/* 0: no watchdog */
	int64_t		beat_at_ms;	/* the next one, on now_mono_ms() */
};

/**
 * svc_begin() - parse options, load the configuration, block signals
 * @name:    of the program; borrowed for the process
 * @options: own options beside the common ones; may be NULL
 * @out_code: set when false is returned: exit with it
 *
 * Common options: -c/--config FILE, --set SECTION.OPTION=VALUE, --check,
 * --dump-config, --example-config, --log-level LEVEL, --pid-file FILE,
 * --ready-fd N, --version, --help. Without -c the default path is read
 * when it exists.
 *
 * Returns false when the program has nothing more to do.
 */
bool svc_begin(struct svc *s, const char *name,
    const struct svc_option *options, size_t n_options,
    int argc, char **argv, int *out_code);

/** svc_ready() - tell systemd, --ready-fd and --pid-file; once */
void svc_ready(struct svc *s);

/** svc_notify() - a state text for systemd: "STATUS=...", "WATCHDOG=1" */
void svc_notify(const char *text);

/** svc_beat() - tell systemd's watchdog that the loop turns; cheap */
void svc_beat(struct svc *s);

/** svc_wait() - the next signal, waiting up to @timeout_ms (-1: for ever) */
enum svc_event svc_wait(struct svc *s, int timeout_ms);

/** svc_take() - the next signal if one is there; for poll loops on signal_fd */
enum svc_event svc_take(struct svc *s);

/**
 * svc_reload() - read the configuration again
 *
 * On OK s->conf is the new one and *out_old is given to the caller
 * (conf_free() it when no thread uses it any more). On error, which is
 * logged, nothing changes.
 */
MUST_USE enum err svc_reload(struct svc *s, struct conf **out_old);

/** svc_child() - between fork and exec: default signals, nothing blocked */
void svc_child(void);

/** svc_exit_code() - the exit code for how the program ended */
int svc_exit_code(enum err e);

/** svc_end() - remove the pid file, free, and give the exit code for @e */
int svc_end(struct svc *s, enum err e);

#endif
