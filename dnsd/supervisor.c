/*
 * supervisor.c - owns memory and sockets, keeps the other roles alive.
 * See supervisor.h.
 *
 * It must survive what kills a child: of shared memory it reads a few words
 * and writes one, the epoch of a dead reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "dnsd/control.h"
#include "dnsd/hold.h"
#include "dnsd/inherit.h"
#include "dnsd/supervisor.h"
#include "dnsd/worker.h"

enum role { ROLE_HOLD, ROLE_FEEDER, ROLE_RELAY, ROLE_UDP, ROLE_TCP };

static const char *const role_name[] = {
	[ROLE_HOLD] = "hold", [ROLE_FEEDER] = "feeder",
	[ROLE_RELAY] = "relay", [ROLE_UDP] = "udp", [ROLE_TCP] = "tcp",
};

enum {
	TICK_MS = 100,
	STUCK_MS = 5000,		/* a worker that does not turn its loop */
	PIN_MS = 2000,			/* in one batch, while memory is short */
	CALM_MS = 10000,		/* deaths are counted over this */
	FREE_RESTARTS = 5,		/* before back-off begins */
	BACKOFF_MAX_MS = 2000,
	STOP_MS = 5000,
	OLD_STOP_MS = 3000,		/* for a predecessor's child to leave */
	RCVBUF_BYTES = 4 << 20,
	BACKLOG = 512,
};

struct child {
	enum role role;
	int slot;			/* in the control segment */
	int index;			/* n-th of its role */
	pid_t pid;			/* 0: not running */
	bool crashed;			/* the last one, not by SIGKILL */
	int64_t start_at;		/* mono ms; not before */
	int64_t window_at;
	unsigned deaths;		/* in the window */
	uint64_t beat;			/* last seen, and when */
	int64_t beat_at;
	uint64_t epoch;
	int64_t epoch_at;
};

/* A child of a dead supervisor that may still run. */
struct orphan {
	char role[16];
	int slot;
	int pidfd;
};

struct supervisor {
	struct svc *svc;
	const struct conf *conf;
	int argc;
	char **argv;
	int lock_fd;
	struct inherit all;		/* everything that is shared */
	struct inherit found;		/* what a holder gave, unused so far */
	struct control *control;
	const struct cache_super *super;
	int n_addresses;
	struct sock_addr address[WORKER_SOCKETS_MAX];
	uint8_t stripe[WORKER_SOCKETS_MAX];
	int n_children;
	struct child child[SUPERVISOR_CHILDREN_MAX];
	int n_orphans;
	struct orphan orphan[SUPERVISOR_CHILDREN_MAX * 2];
	bool stopping;
};

static void
path_of(const struct supervisor *s, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", s->conf->dns.run_dir, name);
}

/* ---- descriptors: adopted or made ------------------------------------------- */

/* The predecessor's descriptor with this label, now ours; -1 if none. */
static int
adopt(struct supervisor *s, const char *label)
{
	int i = inherit_find(&s->found, label);
	int fd;

	if (i < 0)
		return -1;
	fd = s->found.fd[i];
	s->found.n--;
	s->found.fd[i] = s->found.fd[s->found.n];
	memcpy(s->found.label[i], s->found.label[s->found.n],
	    INHERIT_LABEL_MAX);
	return fd;
}

static enum err
memory_make(struct supervisor *s, const char *label, size_t size, bool seal,
    int *out_fd)
{
	struct stat st;
	int fd = adopt(s, label);

	if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size == size)
		goto done;
	if (fd >= 0)
		close(fd);
	fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_from_errno(errno);
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    (seal && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)) {
		close(fd);
		return ERR_IO;
	}
done:
	inherit_add(&s->all, fd, "%s", label);
	*out_fd = fd;
	return OK;
}

/* The feeder opens the arena again for a lock of its own: it must own it. */
static enum err
arena_give(const struct supervisor *s, int fd)
{
	const char *user = s->conf->dns.feeder_user;
	struct passwd *p;

	if (geteuid() != 0 || user[0] == '\0')
		return OK;
	p = getpwnam(user);
	if (p == NULL) {
		log_err("user.unknown", "user=%s", LOG_Q(user));
		return ERR_CONFIG;
	}
	return fchown(fd, p->pw_uid, p->pw_gid) == 0 ? OK :
	    err_from_errno(errno);
}

/* For workers: the same memory, by a description that cannot write. */
static enum err
arena_make(struct supervisor *s)
{
	size_t size = (size_t)s->conf->dns.arena_max_mib << 20;
	char path[64];
	int fd, ro;
	void *p;
	enum err e = memory_make(s, "arena", size, true, &fd);

	if (e == OK)
		e = arena_give(s, fd);
	if (e != OK)
		return e;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro < 0)
		return err_from_errno(errno);
	inherit_add(&s->all, ro, "arena_ro");
	p = mmap(NULL, sizeof(*s->super), PROT_READ, MAP_SHARED, ro, 0);
	if (p == MAP_FAILED)
		return ERR_IO;
	s->super = p;
	return OK;
}

static enum err
control_make(struct supervisor *s)
{
	int fd;
	enum err e = memory_make(s, "control", sizeof(struct control), true,
	    &fd);

	return e != OK ? e : control_map(fd, &s->control);
}

static void
udp_tune(int fd, const struct sock_addr *a)
{
	struct timeval tick = { .tv_usec = WORKER_TICK_MS * 1000 };
	struct timeval patience = { .tv_usec = 50000 };
	int one = 1, size = RCVBUF_BYTES, pmtu = IP_PMTUDISC_OMIT;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	/* Forged path MTU reports are not believed (draft: RFC 8900 3.5). */
	if (a->family == 4)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu,
		    sizeof(pmtu));
	if (sock_addr_is_any(a)) {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one,
		    sizeof(one));
	}
}

static enum err
socket_make(struct supervisor *s, const char *label, const struct sock_addr *a,
    int type, bool reuse_port)
{
	int fd = adopt(s, label), one = 1;
	enum err e;

	if (fd < 0) {
		/*
		 * A stream listener is alone at first, so that two servers on
		 * one port are noticed.  Beside children of a dead supervisor
		 * that nobody holds it must share; so it allows that later.
		 */
		e = sock_listen(a, type, BACKLOG, reuse_port ||
		    s->n_orphans > 0, &fd);
		if (e != OK) {
			log_err("listen.failed", "address=%s type=%s reason=%s",
			    SOCK_TEXT(a), type == SOCK_DGRAM ? "udp" : "tcp",
			    LOG_Q(err_text(e)));
			return e;
		}
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		if (type == SOCK_DGRAM) {
			udp_tune(fd, a);
			e = sock_nonblock(fd, false);
			if (e != OK)
				return e;
		}
	}
	inherit_add(&s->all, fd, "%s", label);
	return OK;
}

static enum err
sockets_make(struct supervisor *s)
{
	char label[INHERIT_LABEL_MAX];
	struct sock_addr m;
	enum err e = OK;

	for (int i = 0; i < s->n_addresses && e == OK; i++) {
		const struct sock_addr *a = &s->address[i];

		for (uint32_t w = 0; w < s->conf->dns.udp_workers && e == OK;
		    w++) {
			snprintf(label, sizeof(label), "udp:%u:%s", w,
			    SOCK_TEXT(a));
			e = socket_make(s, label, a, SOCK_DGRAM, true);
		}
		if (e != OK)
			return e;
		snprintf(label, sizeof(label), "tcp:%s", SOCK_TEXT(a));
		e = socket_make(s, label, a, SOCK_STREAM, false);
	}
	if (e != OK || s->conf->dns.metrics_listen[0] == '\0')
		return e;
	e = sock_addr_parse(s->conf->dns.metrics_listen, -1, &m);
	if (e != OK)
		return e;
	snprintf(label, sizeof(label), "metrics:%s", SOCK_TEXT(&m));
	return socket_make(s, label, &m, SOCK_STREAM, false);
}

/* A socket pair between each worker and the relay. */
static enum err
pair_make(struct supervisor *s, int slot)
{
	char ours[32], theirs[32];
	int fd[2];

	snprintf(ours, sizeof(ours), "pairw:%d", slot);
	snprintf(theirs, sizeof(theirs), "pairr:%d", slot);
	fd[0] = adopt(s, ours);
	fd[1] = adopt(s, theirs);
	if (fd[0] < 0 || fd[1] < 0) {
		if (fd[0] >= 0)
			close(fd[0]);
		if (fd[1] >= 0)
			close(fd[1]);
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0, fd) < 0)
			return err_from_errno(errno);
	}
	inherit_add(&s->all, fd[0], "%s", ours);
	inherit_add(&s->all, fd[1], "%s", theirs);
	return OK;
}

static uint8_t
stripe_of(const struct conf *conf, const struct sock_addr *a)
{
	for (size_t i = 0; i < conf->n_nameservers; i++)
		for (size_t k = 0; k < conf->nameserver[i].n_addresses; k++)
			if (sock_ip_equal(&conf->nameserver[i].addresses[k],
			    a))
				return (uint8_t)conf->nameserver[i].stripe;
	return 0;
}

static enum err
addresses_read(struct supervisor *s)
{
	const struct conf_list *l = &s->conf->dns.listen;
	enum err e;

	for (size_t i = 0; i < l->n; i++) {
		if (s->n_addresses == WORKER_SOCKETS_MAX)
			return ERR_LIMIT;
		e = sock_addr_parse(l->items[i], 53,
		    &s->address[s->n_addresses]);
		if (e != OK)
			return e;
		s->stripe[s->n_addresses] = stripe_of(s->conf,
		    &s->address[s->n_addresses]);
		s->n_addresses++;
	}
	return s->n_addresses > 0 ? OK : ERR_CONFIG;
}

/* ---- the predecessor's children ----------------------------------------------- */

/* Field 22 of /proc/PID/stat; 0 when there is no such process. */
static unsigned long long
start_time(pid_t pid)
{
	char path[64], text[1024], *p;
	unsigned long long t = 0;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p != NULL)
		t = strtoull(p + 1, NULL, 10);
	return t;
}

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
			    start_time(s->child[i].pid));
	if (fclose(f) == 0)
		(void)rename(temp, path);
}

static void
orphans_read(struct supervisor *s)
{
	char path[128], role[16];
	unsigned long long started;
	int slot, pid, fd;
	FILE *f;

	path_of(s, "children", path, sizeof(path));
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (s->n_orphans < (int)COUNT_OF(s->orphan) &&
	    fscanf(f, "%15s %d %d %llu", role, &slot, &pid, &started) == 4) {
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (fd < 0)
			continue;
		/* The number may be somebody else's by now. */
		if (start_time(pid) != started) {
			close(fd);
			continue;
		}
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		snprintf(s->orphan[s->n_orphans].role, 16, "%s", role);
		s->orphan[s->n_orphans].slot = slot;
		s->orphan[s->n_orphans++].pidfd = fd;
		log_info("orphan.found", "role=%s slot=%d pid=%d", role, slot,
		    pid);
	}
	fclose(f);
}

static void
orphan_stop(struct orphan *o)
{
	struct pollfd p = { o->pidfd, POLLIN, 0 };

	if (o->pidfd < 0)
		return;
	syscall(SYS_pidfd_send_signal, o->pidfd, SIGTERM, NULL, 0);
	if (poll(&p, 1, OLD_STOP_MS) <= 0) {
		syscall(SYS_pidfd_send_signal, o->pidfd, SIGKILL, NULL, 0);
		poll(&p, 1, OLD_STOP_MS);
	}
	close(o->pidfd);
	o->pidfd = -1;
}

/* The predecessor's child with this work leaves before ours begins. */
static void
orphans_stop(struct supervisor *s, const char *role, int slot)
{
	for (int i = 0; i < s->n_orphans; i++)
		if (strcmp(s->orphan[i].role, role) == 0 &&
		    (slot < 0 || s->orphan[i].slot == slot))
			orphan_stop(&s->orphan[i]);
}

/* ---- children ------------------------------------------------------------------- */

static int
all_fd(const struct supervisor *s, const char *label)
{
	int i = inherit_find(&s->all, label);

	CHECK(i >= 0);
	return s->all.fd[i];
}

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

	for (int i = 0; i < s->n_addresses; i++) {
		if (c->role == ROLE_UDP)
			snprintf(label, sizeof(label), "udp:%d:%s", c->index,
			    SOCK_TEXT(&s->address[i]));
		else
			snprintf(label, sizeof(label), "tcp:%s",
			    SOCK_TEXT(&s->address[i]));
		inherit_add(h, all_fd(s, label), "socket:%u", s->stripe[i]);
	}
}

static void
give_relay(const struct supervisor *s, struct inherit *h)
{
	char label[INHERIT_LABEL_MAX];

	for (int i = 0; i < s->all.n; i++) {
		if (starts_with(s->all.label[i], "pairr:"))
			inherit_add(h, s->all.fd[i], "worker:%s",
			    s->all.label[i] + strlen("pairr:"));
		if (starts_with(s->all.label[i], "metrics:"))
			inherit_add(h, s->all.fd[i], "metrics");
	}
	for (int i = 0; i < s->n_addresses; i++) {
		snprintf(label, sizeof(label), "udp:0:%s",
		    SOCK_TEXT(&s->address[i]));
		inherit_add(h, all_fd(s, label), "socket:0");
	}
}

/* What each role may touch, and nothing else. */
static void
give(const struct supervisor *s, const struct child *c, struct inherit *h)
{
	char label[32];

	h->n = 0;
	switch (c->role) {
	case ROLE_HOLD:
		for (int i = 0; i < s->all.n; i++)
			inherit_add(h, s->all.fd[i], "%s", s->all.label[i]);
		return;
	case ROLE_FEEDER:
		inherit_add(h, all_fd(s, "arena"), "arena");
		inherit_add(h, all_fd(s, "control"), "control");
		return;
	case ROLE_RELAY:
		inherit_add(h, all_fd(s, "arena_ro"), "arena_ro");
		inherit_add(h, all_fd(s, "control"), "control");
		give_relay(s, h);
		return;
	case ROLE_UDP:
		snprintf(label, sizeof(label), "ring:%d", c->index);
		inherit_add(h, all_fd(s, label), "ring");
		break;
	case ROLE_TCP:
		break;
	}
	inherit_add(h, all_fd(s, "arena_ro"), "arena_ro");
	inherit_add(h, all_fd(s, "control"), "control");
	snprintf(label, sizeof(label), "pairw:%d", c->slot);
	inherit_add(h, all_fd(s, label), "relay");
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
	execv("/proc/self/exe", argv);
	_exit(70);
}

static void
child_start(struct supervisor *s, struct child *c)
{
	static struct inherit h;	/* too big for the stack */
	pid_t pid;

	orphans_stop(s, role_name[c->role], c->slot);
	atomic_store(&s->control->reader[c->slot].epoch, 0);
	if (c->role == ROLE_FEEDER)
		atomic_store(&s->control->reader[CONTROL_SLOT_SNAPSHOT].epoch,
		    0);
	give(s, c, &h);
	pid = fork();
	if (pid == 0)
		child_exec(s, c, &h);
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
	*c = (struct child){ .role = role, .slot = slot, .index = index };
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
			atomic_store(&s->control->reader[c->slot].epoch, 0);
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

/* Workers wait until there is something to serve: see docs/CACHE.md, "ready". */
static void
children_start(struct supervisor *s)
{
	bool ready = atomic_load_explicit((_Atomic uint64_t *)
	    &s->super->ready, memory_order_acquire) != 0;
	int64_t now = now_mono_ms();

	for (int i = 0; i < s->n_children; i++) {
		struct child *c = &s->child[i];

		if (c->pid != 0 || now < c->start_at)
			continue;
		if (!ready && (c->role == ROLE_UDP || c->role == ROLE_TCP))
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
	struct cache_reader *r = &s->control->reader[c->slot];
	uint64_t beat = atomic_load_explicit(&r->beat, memory_order_relaxed);
	uint64_t epoch = atomic_load_explicit(&r->epoch, memory_order_relaxed);
	uint64_t retained = atomic_load_explicit((_Atomic uint64_t *)
	    &s->super->retained, memory_order_relaxed);

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

		if (c->pid != 0 && (c->role == ROLE_UDP ||
		    c->role == ROLE_TCP))
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

static enum err
things_make(struct supervisor *s)
{
	const struct conf *conf = s->conf;
	uint32_t n = conf->dns.udp_workers + conf->dns.tcp_workers;
	char path[128], label[32];
	int fd;
	enum err e;

	if (n > CONTROL_WORKERS_MAX)
		return ERR_LIMIT;
	path_of(s, "hold.sock", path, sizeof(path));
	if (hold_ask(path, &s->found) == OK)
		log_info("hold.adopted", "descriptors=%d", s->found.n);
	e = arena_make(s);
	if (e == OK)
		e = control_make(s);
	for (uint32_t i = 0; i < conf->dns.udp_workers && e == OK; i++) {
		snprintf(label, sizeof(label), "ring:%u", i);
		fd = adopt(s, label);
		if (fd < 0)
			fd = memfd_create(label, MFD_CLOEXEC);
		if (fd < 0)
			return err_from_errno(errno);
		inherit_add(&s->all, fd, "%s", label);
	}
	for (uint32_t i = 0; i < n && e == OK; i++)
		e = pair_make(s, (int)i);
	if (e == OK)
		e = sockets_make(s);
	if (e != OK)
		return e;
	orphans_stop(s, "hold", -1);
	e = sock_unix(SOCK_SEQPACKET, path, true, &fd);
	if (e != OK)
		return e;
	chmod(path, 0600);
	inherit_add(&s->all, fd, "hold");
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
}

/* What the predecessor had and we have no use for: fewer workers, another
 * address. */
static void
leftovers_drop(struct supervisor *s)
{
	for (int i = 0; i < s->n_orphans; i++)
		orphan_stop(&s->orphan[i]);
	for (int i = 0; i < s->found.n; i++)
		close(s->found.fd[i]);
	s->found.n = 0;
}

static bool
workers_run(const struct supervisor *s)
{
	for (int i = 0; i < s->n_children; i++)
		if (s->child[i].pid == 0)
			return false;
	return true;
}

/* What may change live is the log level, here; all else wants a restart. */
static void
reload(struct supervisor *s)
{
	struct conf *old;

	if (svc_reload(s->svc, &old) != OK)
		return;
	s->conf = s->svc->conf;
	conf_free(old);
}

static void
supervise(struct supervisor *s)
{
	bool settled = false;
	int64_t next_watch = 0;

	for (;;) {
		children_start(s);
		if (!settled && workers_run(s)) {
			settled = true;
			leftovers_drop(s);
			log_info("dnsd.serving", "addresses=%d udp_workers=%u "
			    "tcp_workers=%u", s->n_addresses,
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
		}
	}
}

int
supervisor_run(struct svc *svc, int argc, char **argv)
{
	static struct supervisor supervisor;	/* main's, and large */
	struct supervisor *s = &supervisor;
	enum err e;

	s->svc = svc;
	s->conf = svc->conf;
	s->argc = argc;
	s->argv = argv;
	e = addresses_read(s);
	if (e == OK)
		e = lock(s);
	if (e != OK)
		return svc_exit_code(e);
	orphans_read(s);
	e = things_make(s);
	if (e != OK) {
		log_err("dnsd.failed", "reason=%s", LOG_Q(err_text(e)));
		return svc_exit_code(e);
	}
	children_list(s);
	svc_ready(svc);
	supervise(s);
	log_info("dnsd.stopping", "children=%d", s->n_children);
	children_stop(s);
	leftovers_drop(s);
	return SVC_EXIT_OK;
}
