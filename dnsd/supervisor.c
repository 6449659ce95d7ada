/*
 * supervisor.c - owns memory and sockets, keeps the other roles alive.
 * See supervisor.h.
 *
 * Its descriptors are in shared.c, a predecessor's children in orphan.c.
 * It must survive what kills a child: of shared memory it reads a few words
 * and writes one, the epoch of a dead reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/ownership.h"
#include "common/base/sock.h"
#include "dnsd/control.h"
#include "dnsd/inherit.h"
#include "dnsd/orphan.h"
#include "dnsd/shared.h"
#include "dnsd/supervisor.h"
#include "dnsd/tlsfiles.h"

static_assert(ORPHAN_MAX >= SUPERVISOR_CHILDREN_MAX * 2, "two generations");

enum role {
	ROLE_HOLD, ROLE_FEEDER, ROLE_RELAY, ROLE_UDP, ROLE_TCP, ROLE_TLS,
};

static const char *const role_name[] = {
	[ROLE_HOLD] = "hold", [ROLE_FEEDER] = "feeder",
	[ROLE_RELAY] = "relay", [ROLE_UDP] = "udp", [ROLE_TCP] = "tcp",
	[ROLE_TLS] = "tls",
};

enum {
	TICK_MS = 100,
	STUCK_MS = 5000,		/* a worker that does not turn its loop */
	PIN_MS = 2000,			/* in one batch, while memory is short */
	CALM_MS = 10000,		/* deaths are counted over this */
	FREE_RESTARTS = 5,		/* before back-off begins */
	BACKOFF_MAX_MS = 2000,
	STOP_MS = 5000,
};

struct child {
	enum role role;
	int slot;			/* in the control segment */
	int index;			/* n-th of its role */
	pid_t pid;			/* 0: not running */
	bool crashed;			/* the last one, not by SIGKILL */
	int control;			/* tls: of its socket pair; -1: none */
	int64_t start_at;		/* mono ms; not before */
	int64_t window_at;
	unsigned deaths;		/* in the window */
	uint64_t beat;			/* last seen, and when */
	int64_t beat_at;
	uint64_t epoch;
	int64_t epoch_at;
};

struct supervisor {
	struct svc *svc;
	const struct conf *conf;
	int argc;
	char **argv;
	int lock_fd;
	struct shared shared;
	int n_children;
	struct child child[SUPERVISOR_CHILDREN_MAX];
	struct orphans orphans;
	struct tlsfiles tls;
	bool stopping;
};

static void
path_of(const struct supervisor *s, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", s->conf->dns.run_dir, name);
}

/* ---- what a child gets ---------------------------------------------------------- */

static bool
starts_with(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

static void
give_sockets(const struct supervisor *s, const struct child *c,
    struct inherit *h)
{
	char label[INHERIT_LABEL_MAX];

	for (int i = 0; c->role == ROLE_TLS && i < s->shared.n_tls; i++) {
		snprintf(label, sizeof(label), "tls:%s",
		    SOCK_TEXT(&s->shared.tls_address[i]));
		inherit_add(h, shared_fd(&s->shared, label), "socket:%u",
		    s->shared.tls_stripe[i]);
	}
	for (int i = 0; c->role != ROLE_TLS && i < s->shared.n_addresses;
	    i++) {
		if (c->role == ROLE_UDP)
			snprintf(label, sizeof(label), "udp:%d:%s", c->index,
			    SOCK_TEXT(&s->shared.address[i]));
		else
			snprintf(label, sizeof(label), "tcp:%s",
			    SOCK_TEXT(&s->shared.address[i]));
		inherit_add(h, shared_fd(&s->shared, label), "socket:%u%s",
		    s->shared.stripe[i], s->shared.proxied[i] ? ":proxied" :
		    "");
	}
}

static void
give_relay(const struct supervisor *s, struct inherit *h)
{
	char label[INHERIT_LABEL_MAX];

	for (int i = 0; i < s->shared.all.n; i++) {
		if (starts_with(s->shared.all.label[i], "pairr:"))
			inherit_add(h, s->shared.all.fd[i], "worker:%s",
			    s->shared.all.label[i] + strlen("pairr:"));
		if (starts_with(s->shared.all.label[i], "metrics:"))
			inherit_add(h, s->shared.all.fd[i], "metrics");
	}
	for (int i = 0; i < s->shared.n_addresses; i++) {
		snprintf(label, sizeof(label), "udp:0:%s",
		    SOCK_TEXT(&s->shared.address[i]));
		inherit_add(h, shared_fd(&s->shared, label), "socket:0");
	}
}

/* What each role may touch, and nothing else.  @theirs: of a control socket. */
static void
give(const struct supervisor *s, const struct child *c, int theirs,
    struct inherit *h)
{
	char label[32];

	h->n = 0;
	switch (c->role) {
	case ROLE_HOLD:
		for (int i = 0; i < s->shared.all.n; i++)
			inherit_add(h, s->shared.all.fd[i], "%s",
			    s->shared.all.label[i]);
		return;
	case ROLE_FEEDER:
		inherit_add(h, shared_fd(&s->shared, "arena"), "arena");
		inherit_add(h, shared_fd(&s->shared, "control"), "control");
		return;
	case ROLE_RELAY:
		inherit_add(h, shared_fd(&s->shared, "arena_ro"), "arena_ro");
		inherit_add(h, shared_fd(&s->shared, "control"), "control");
		give_relay(s, h);
		return;
	case ROLE_UDP:
		snprintf(label, sizeof(label), "ring:%d", c->index);
		inherit_add(h, shared_fd(&s->shared, label), "ring");
		inherit_add(h, shared_fd(&s->shared, "rrl"), "rrl");
		break;
	case ROLE_TCP:
		break;
	case ROLE_TLS:
		inherit_add(h, s->tls.used.cert, "tls_cert");
		inherit_add(h, s->tls.used.key, "tls_key");
		inherit_add(h, theirs, "tls_control");
		break;
	}
	inherit_add(h, shared_fd(&s->shared, "arena_ro"), "arena_ro");
	inherit_add(h, shared_fd(&s->shared, "control"), "control");
	inherit_add(h, shared_fd(&s->shared, "cookies_ro"), "cookies_ro");
	snprintf(label, sizeof(label), "pairw:%d", c->slot);
	inherit_add(h, shared_fd(&s->shared, label), "relay");
	give_sockets(s, c, h);
}

static NORETURN void
child_exec(const struct supervisor *s, const struct child *c,
    const struct inherit *h)
{
	char role[32], slot[32], *fds_text, *labels = inherit_text(h);
	char crashed[] = "--crashed";
	char **argv = calloc((size_t)s->argc + 5, sizeof(*argv));
	int n = 0;

	if (labels == NULL || argv == NULL ||
	    asprintf(&fds_text, "--fds=%s", labels) < 0)
		_exit(70);
	snprintf(role, sizeof(role), "--role=%s", role_name[c->role]);
	snprintf(slot, sizeof(slot), "--slot=%d", c->slot);
	for (int i = 0; i < s->argc; i++)
		/* The supervisor's own affairs. */
		if (!starts_with(s->argv[i], "--pid-file") &&
		    !starts_with(s->argv[i], "--ready-fd"))
			argv[n++] = s->argv[i];
		else if (strchr(s->argv[i], '=') == NULL)
			i++;
	argv[n++] = role;
	argv[n++] = slot;
	argv[n++] = fds_text;
	if (c->crashed)
		argv[n++] = crashed;
	argv[n] = NULL;
	if (inherit_arrange(h) != OK)
		_exit(70);
	svc_child();
	/* The right to open port 53 is the supervisor's own. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	execv("/proc/self/exe", argv);
	_exit(70);
}

/* ---- children ------------------------------------------------------------------- */

/* For a successor: orphan.h. */
static void
children_write(const struct supervisor *s)
{
	char path[128], temp[140];
	FILE *f;

	path_of(s, "children", path, sizeof(path));
	snprintf(temp, sizeof(temp), "%s.new", path);
	f = fopen(temp, "we");
	if (f == NULL)
		return;
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].pid != 0)
			fprintf(f, "%s %d %d %llu\n",
			    role_name[s->child[i].role], s->child[i].slot,
			    (int)s->child[i].pid,
			    orphan_start_time(s->child[i].pid));
	if (fclose(f) == 0)
		(void)rename(temp, path);
}

/* A dead reader is in no epoch. */
static void
reader_clear(struct supervisor *s, int slot)
{
	atomic_store(&s->shared.control->reader[slot].epoch, 0);
}

static void
child_start(struct supervisor *s, struct child *c)
{
	static struct inherit h;	/* too big for the stack */
	int pair[2] = { -1, -1 };
	pid_t pid;

	if (c->role == ROLE_TLS && socketpair(AF_UNIX, SOCK_SEQPACKET |
	    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		c->start_at = now_mono_ms() + BACKOFF_MAX_MS;
		return;
	}
	if (c->control >= 0)
		close(c->control);
	c->control = pair[0];
	orphan_stop(&s->orphans, role_name[c->role], c->slot);
	reader_clear(s, c->slot);
	if (c->role == ROLE_FEEDER)
		reader_clear(s, CONTROL_SLOT_SNAPSHOT);
	give(s, c, pair[1], &h);
	pid = fork();
	if (pid == 0)
		child_exec(s, c, &h);
	if (pair[1] >= 0)
		close(pair[1]);
	if (pid < 0) {
		log_err("child.failed", "role=%s slot=%d errno=%d",
		    role_name[c->role], c->slot, errno);
		c->start_at = now_mono_ms() + BACKOFF_MAX_MS;
		return;
	}
	c->pid = pid;
	c->beat_at = c->epoch_at = now_mono_ms();
	log_info("child.started", "role=%s slot=%d pid=%d",
	    role_name[c->role], c->slot, (int)pid);
	children_write(s);
}

static struct child *
child_add(struct supervisor *s, enum role role, int slot, int index)
{
	struct child *c = &s->child[s->n_children++];

	CHECK(s->n_children <= SUPERVISOR_CHILDREN_MAX);
	*c = (struct child){ .role = role, .slot = slot, .index = index,
	    .control = -1 };
	return c;
}

/* When the next one may start: at once, unless they die in a row. */
static void
child_backoff(struct child *c, int64_t now)
{
	unsigned over;

	if (now - c->window_at > CALM_MS) {
		c->window_at = now;
		c->deaths = 0;
	}
	c->deaths++;
	c->start_at = now;
	if (!c->crashed || c->deaths <= FREE_RESTARTS)
		return;
	over = MIN(c->deaths - FREE_RESTARTS, 8u);
	c->start_at = now + MIN(10 << over, BACKOFF_MAX_MS);
}

static void
children_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < s->n_children; i++) {
			struct child *c = &s->child[i];

			if (c->pid != pid)
				continue;
			c->pid = 0;
			/* SIGKILL comes from outside: it says nothing about
			 * what the child was working on. */
			c->crashed = !(WIFSIGNALED(status) &&
			    WTERMSIG(status) == SIGKILL);
			reader_clear(s, c->slot);
			child_backoff(c, now_mono_ms());
			if (!s->stopping)
				log_warn("child.ended",
				    "role=%s slot=%d pid=%d status=%d signal=%d",
				    role_name[c->role], c->slot, (int)pid,
				    WIFEXITED(status) ? WEXITSTATUS(status) :
				    -1, WIFSIGNALED(status) ?
				    WTERMSIG(status) : 0);
		}
	}
}

static bool
answers(const struct child *c)
{
	return c->role == ROLE_UDP || c->role == ROLE_TCP ||
	    c->role == ROLE_TLS;
}

/* Workers wait until there is something to serve: see docs/CACHE.md, "ready". */
static void
children_start(struct supervisor *s)
{
	bool ready = atomic_load_explicit((_Atomic uint64_t *)
	    &s->shared.super->ready, memory_order_acquire) != 0;
	int64_t now = now_mono_ms();

	for (int i = 0; i < s->n_children; i++) {
		struct child *c = &s->child[i];

		if (c->pid != 0 || now < c->start_at)
			continue;
		if (!ready && answers(c))
			continue;
		if (c->role == ROLE_TLS && !tlsfiles_have(&s->tls))
			continue;
		child_start(s, c);
	}
}

/*
 * A worker that does not turn its loop is stuck (killed as a crash: what it
 * works on may be the reason).  One that stays in a batch while it keeps
 * too much memory from being freed is stopped or starved (killed plainly).
 */
static void
worker_watch(struct supervisor *s, struct child *c, int64_t now)
{
	struct cache_reader *r = &s->shared.control->reader[c->slot];
	uint64_t beat = atomic_load_explicit(&r->beat, memory_order_relaxed);
	uint64_t epoch = atomic_load_explicit(&r->epoch, memory_order_relaxed);
	uint64_t retained = atomic_load_explicit((_Atomic uint64_t *)
	    &s->shared.super->retained, memory_order_relaxed);

	if (beat != c->beat) {
		c->beat = beat;
		c->beat_at = now;
	}
	if (epoch == 0 || epoch != c->epoch) {
		c->epoch = epoch;
		c->epoch_at = now;
	}
	if (now - c->beat_at > STUCK_MS) {
		log_err("worker.stuck", "slot=%d pid=%d ms=%" PRId64, c->slot,
		    (int)c->pid, now - c->beat_at);
		c->beat_at = now;
		kill(c->pid, SIGABRT);
		kill(c->pid, SIGCONT);	/* or a stopped one never sees it */
	} else if (now - c->epoch_at > PIN_MS && now - c->beat_at > PIN_MS &&
	    retained > (uint64_t)s->conf->dns.retained_max_mib << 20) {
		log_err("worker.pinned", "slot=%d pid=%d retained=%" PRIu64,
		    c->slot, (int)c->pid, retained);
		c->epoch_at = now;
		kill(c->pid, SIGKILL);
	}
}

static void
children_watch(struct supervisor *s)
{
	int64_t now = now_mono_ms();

	for (int i = 0; i < s->n_children; i++) {
		struct child *c = &s->child[i];

		if (c->pid != 0 && answers(c))
			worker_watch(s, c, now);
	}
}

static void
children_signal(struct supervisor *s, int number)
{
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].pid != 0)
			kill(s->child[i].pid, number);
}

static bool
children_alive(const struct supervisor *s)
{
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].pid != 0)
			return true;
	return false;
}

static void
children_stop(struct supervisor *s)
{
	int64_t until = now_mono_ms() + STOP_MS;
	char path[128];

	s->stopping = true;
	children_signal(s, SIGTERM);
	while (children_alive(s) && now_mono_ms() < until) {
		(void)svc_wait(s->svc, TICK_MS);
		children_reap(s);
	}
	children_signal(s, SIGKILL);
	while (children_alive(s)) {
		(void)svc_wait(s->svc, TICK_MS);
		children_reap(s);
	}
	path_of(s, "children", path, sizeof(path));
	unlink(path);
	path_of(s, "hold.sock", path, sizeof(path));
	unlink(path);
}

/* ---- the whole -------------------------------------------------------------------- */

static enum err
lock(struct supervisor *s)
{
	char path[128];

	if (mkdir(s->conf->dns.run_dir, 0755) < 0 && errno != EEXIST) {
		log_err("run_dir.failed", "path=%s errno=%d",
		    LOG_Q(s->conf->dns.run_dir), errno);
		return err_from_errno(errno);
	}
	path_of(s, "lock", path, sizeof(path));
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_from_errno(errno);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_err("lock.failed", "path=%s reason=\"another dnsd runs "
		    "here\"", LOG_Q(path));
		return ERR_BUSY;
	}
	return OK;
}

static void
children_list(struct supervisor *s)
{
	int slot = 0;

	child_add(s, ROLE_HOLD, CONTROL_SLOT_RELAY - 2, 0);
	child_add(s, ROLE_FEEDER, CONTROL_SLOT_FEEDER, 0);
	child_add(s, ROLE_RELAY, CONTROL_SLOT_RELAY, 0);
	for (uint32_t i = 0; i < s->conf->dns.udp_workers; i++)
		child_add(s, ROLE_UDP, slot++, (int)i);
	for (uint32_t i = 0; i < s->conf->dns.tcp_workers; i++)
		child_add(s, ROLE_TCP, slot++, (int)i);
	for (uint32_t i = 0; s->shared.n_tls > 0 &&
	    i < s->conf->dns.tls_workers; i++)
		child_add(s, ROLE_TLS, slot++, (int)i);
}

/* What the predecessor had and we have no use for: fewer workers, another
 * address. */
static void
leftovers_drop(struct supervisor *s)
{
	orphan_stop(&s->orphans, NULL, -1);
	shared_drop_found(&s->shared);
}

/* Names are served without TLS if need be: nothing waits for it. */
static bool
workers_run(const struct supervisor *s)
{
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].pid == 0 && s->child[i].role != ROLE_TLS)
			return false;
	return true;
}

/* Certificates: changed files to the workers, and what they say of them. */
static void
tls_watch(struct supervisor *s, bool force)
{
	bool changed;

	if (s->shared.n_tls == 0)
		return;
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].control >= 0)
			tlsfiles_verdict(&s->tls, s->child[i].control);
	changed = tlsfiles_look(&s->tls, now_mono_ms(), force);
	for (int i = 0; i < s->n_children; i++) {
		struct child *c = &s->child[i];

		if (changed && c->control >= 0 && c->pid != 0 &&
		    tlsfiles_send(&s->tls, c->control) != OK)
			log_warn("tls.not_told", "slot=%d pid=%d", c->slot,
			    (int)c->pid);
	}
}

/* The secrets of cookies, as the configuration says. Workers see the change
 * by themselves. */
static enum err
cookies_fill(struct supervisor *s)
{
	struct fault fault = { 0 };
	const char *mode = s->conf->dns.cookies;
	char text[600];
	enum err e = cookie_jar_fill(s->shared.jar,
	    s->conf->dns.cookie_secret_file, strcmp(mode, "off") == 0 ?
	    COOKIE_JAR_OFF : strcmp(mode, "require") == 0 ?
	    COOKIE_JAR_REQUIRE : COOKIE_JAR_ON, now_boot_ms(), &fault);

	if (e != OK)
		log_err("cookies.failed", "reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
	else
		log_info("cookies.filled", "secrets=%u file=%s",
		    s->shared.jar->secrets.n,
		    LOG_Q(s->conf->dns.cookie_secret_file));
	return e;
}

/* What may change live is the log level, the certificate and the secrets of
 * cookies; all else wants a restart. */
static void
reload(struct supervisor *s)
{
	struct conf *old;

	if (svc_reload(s->svc, &old) != OK)
		return;
	s->conf = s->svc->conf;
	s->tls.cert_path = s->conf->dns.tls_cert_file;
	s->tls.key_path = s->conf->dns.tls_key_file;
	conf_free(old);
	tls_watch(s, true);
	(void)cookies_fill(s);		/* on error the old ones stay */
}

static void
supervise(struct supervisor *s)
{
	bool settled = false;
	int64_t next_watch = 0;

	for (;;) {
		tls_watch(s, false);
		children_start(s);
		if (!settled && workers_run(s)) {
			settled = true;
			leftovers_drop(s);
			log_info("dnsd.serving", "addresses=%d udp_workers=%u "
			    "tcp_workers=%u", s->shared.n_addresses,
			    s->conf->dns.udp_workers,
			    s->conf->dns.tcp_workers);
		}
		switch (svc_wait(s->svc, TICK_MS)) {
		case SVC_STOP:
			return;
		case SVC_RELOAD:
			reload(s);
			break;
		case SVC_CHILD:
		case SVC_NONE:
		case SVC_DUMP:
			break;
		}
		children_reap(s);
		if (now_mono_ms() >= next_watch) {
			next_watch = now_mono_ms() + TICK_MS;
			children_watch(s);
			if (cookie_jar_roll(s->shared.jar, now_boot_ms()))
				log_info("cookies.rolled", "secrets=%u",
				    s->shared.jar->secrets.n);
		}
	}
}

int
supervisor_run(struct svc *svc, int argc, char **argv)
{
	static struct supervisor supervisor;	/* main's, and large */
	struct supervisor *s = &supervisor;
	char path[128];
	enum err e;

	s->svc = svc;
	s->conf = svc->conf;
	s->argc = argc;
	s->argv = argv;
	e = ownership_check(s->conf);
	if (e == OK)
		e = shared_addresses(&s->shared, s->conf);
	if (e == OK)
		e = lock(s);
	if (e != OK)
		return svc_exit_code(e);
	path_of(s, "children", path, sizeof(path));
	orphan_read(&s->orphans, path);
	path_of(s, "hold.sock", path, sizeof(path));
	e = shared_make(&s->shared, path, s->orphans.n > 0);
	if (e == OK)
		e = cookies_fill(s);
	if (e == OK) {
		orphan_stop(&s->orphans, "hold", -1);
		e = shared_offer(&s->shared, path);
	}
	if (e != OK) {
		log_err("dnsd.failed", "reason=%s", LOG_Q(err_text(e)));
		return svc_exit_code(e);
	}
	children_list(s);
	tlsfiles_init(&s->tls, s->conf->dns.tls_cert_file,
	    s->conf->dns.tls_key_file);
	svc_ready(svc);
	supervise(s);
	log_info("dnsd.stopping", "children=%d", s->n_children);
	children_stop(s);
	leftovers_drop(s);
	tlsfiles_fini(&s->tls);
	return SVC_EXIT_OK;
}
