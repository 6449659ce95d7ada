/*
 * children.c - the processes that talk to strangers.
 *
 * One SOCK_STREAM socket pair each, non-blocking, polled by the loop.  A child
 * that sends nonsense, or reads too slowly, is killed: it is one connection
 * and nothing else depends on it.  A role that dies before it is READY is
 * started again after a pause that doubles, so a broken program does not spin.
 */
#include "xferd/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/log.h"

enum {
	READS_PER_WAKE = 16,
	PAUSE_MIN_MS = 100,
	PAUSE_MAX_MS = 10000,
	FILL_LATER_MS = 20,
	ROLES = HANDOFF_ROLE_COURIER + 1,
};

struct child {
	struct children *all;
	struct child *next;
	enum handoff_role role;
	uv_process_t process;
	uv_poll_t poll;
	int fd;
	bool ready, taken, exited, polling, closing;
	int handles;			/* open uv handles in this struct */
	void *user;
	struct frame_in in;
	struct frame_out out;
};

struct children {
	uv_loop_t *loop;
	struct children_conf conf;
	char log_level[16];
	char user[40];
	struct children_calls calls;
	struct child *list;
	unsigned n, n_role[ROLES];
	unsigned pause_ms[ROLES];
	uv_timer_t timer[ROLES];
	uv_timer_t later;		/* fill_later() */
	bool timer_armed[ROLES];
	bool stopping;
	struct children_counts counts;
};

static void fill_role(struct children *all, enum handoff_role role);

static const char *
role_text(enum handoff_role role)
{
	switch (role) {
	case HANDOFF_ROLE_FETCH:
		return "fetch";
	case HANDOFF_ROLE_PROBE:
		return "probe";
	case HANDOFF_ROLE_NOTIFY:
		return "notify";
	case HANDOFF_ROLE_CHECK:
		return "check";
	case HANDOFF_ROLE_COURIER:
		return "courier";
	}
	return "?";
}

/* ---- the end of a child ------------------------------------------------ */

static void
on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->handles > 0)
		return;
	frame_in_fini(&child->in);
	free(child);
}

/* What waits in the queue may hold a key. */
static void
drop_output(struct child *child)
{
	if (child->out.buf.data != NULL)
		explicit_bzero(child->out.buf.data, child->out.buf.cap);
	frame_out_fini(&child->out);
	frame_out_init(&child->out, CHILD_OUT_MAX);
}

static void
close_pipe(struct child *child)
{
	if (child->polling) {
		child->polling = false;
		uv_poll_stop(&child->poll);
		uv_close((uv_handle_t *)&child->poll, on_closed);
	}
	if (child->fd >= 0) {
		close(child->fd);
		child->fd = -1;
	}
	drop_output(child);
}

static void
read_some(struct child *child);

static void
on_exit_status(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;
	struct children *all = child->all;
	enum handoff_role role = child->role;
	struct child **p = &all->list;
	bool early = !child->ready;

	while (*p != child)
		p = &(*p)->next;
	*p = child->next;
	all->n--;
	all->n_role[role]--;
	child->exited = true;
	if (signal != 0 || status != 0) {
		all->counts.died++;
		log_warn("child.died", "role=%s pid=%d status=%d signal=%d",
		    role_text(role), process->pid, (int)status, signal);
	}
	/* What it said last may not have been read yet. */
	if (child->fd >= 0 && !child->closing)
		read_some(child);
	close_pipe(child);
	all->calls.gone(all->calls.arg, child);
	uv_close((uv_handle_t *)process, on_closed);

	if (early)
		all->pause_ms[role] = all->pause_ms[role] == 0 ?
		    PAUSE_MIN_MS : MIN(all->pause_ms[role] * 2, PAUSE_MAX_MS);
	else
		all->pause_ms[role] = 0;
	fill_role(all, role);
}

void
child_kill(struct child *child)
{
	if (child->exited || child->closing)
		return;
	child->closing = true;
	child->all->counts.killed++;
	uv_process_kill(&child->process, SIGKILL);
}

void
child_close(struct child *child)
{
	child->closing = true;
	close_pipe(child);
}

/* ---- frames ------------------------------------------------------------ */

static void
set_events(struct child *child);

static bool
take_ready(struct child *child, const uint8_t *payload, size_t len)
{
	struct children *all = child->all;
	struct handoff_ready ready;

	if (handoff_ready_decode(payload, len, &ready) != OK ||
	    ready.version != HANDOFF_VERSION || ready.role != child->role)
		return false;
	child->ready = true;
	all->pause_ms[child->role] = 0;
	all->calls.ready(all->calls.arg, child);
	return true;
}

static enum err
take_frames(struct child *child)
{
	struct children *all = child->all;
	struct frame f;
	enum err e;

	while (!child->closing && (e = frame_next(&child->in, &f)) == OK) {
		if (f.fd >= 0) {		/* no child may send one */
			close(f.fd);
			return ERR_MALFORMED;
		}
		if (!child->ready) {
			if (f.type != HANDOFF_READY ||
			    !take_ready(child, f.payload, f.len))
				return ERR_MALFORMED;
			continue;
		}
		all->calls.frame(all->calls.arg, child,
		    (enum handoff_kind)f.type, f.payload, f.len);
	}
	if (child->closing || e == ERR_AGAIN)
		return OK;
	return e;
}

static void
give_up(struct child *child)
{
	child_kill(child);
	close_pipe(child);
}

static void
read_some(struct child *child)
{
	for (int i = 0; i < READS_PER_WAKE && child->fd >= 0; i++) {
		enum err e = frame_fill(&child->in, child->fd);

		if (e == ERR_AGAIN)
			return;
		if (e != OK) {
			/* Its exit status says the rest.  A child that closed
			 * its end and lives on is of no use. */
			give_up(child);
			return;
		}
		e = take_frames(child);
		if (e != OK) {
			log_warn("child.misspoke", "role=%s pid=%d err=%s",
			    role_text(child->role), child->process.pid,
			    err_name(e));
			give_up(child);
			return;
		}
	}
}

static void
write_some(struct child *child)
{
	enum err e;

	if (child->fd < 0)
		return;
	e = frame_flush(&child->out, child->fd);
	if (e == OK && (child->role == HANDOFF_ROLE_FETCH ||
	    child->role == HANDOFF_ROLE_COURIER))
		drop_output(child);
	else if (e != OK && e != ERR_AGAIN)
		give_up(child);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;

	if (status < 0) {
		give_up(child);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		write_some(child);
	if ((events & (UV_READABLE | UV_DISCONNECT)) != 0 && child->fd >= 0)
		read_some(child);
	set_events(child);
}

static void
set_events(struct child *child)
{
	int events = UV_READABLE;

	if (!child->polling)
		return;
	if (frame_pending(&child->out) > 0)
		events |= UV_WRITABLE;
	uv_poll_start(&child->poll, events, on_poll);
}

enum err
child_send(struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len, int fd)
{
	enum err e = ERR_CLOSED;

	CHECK(len <= HANDOFF_FRAME_MAX);
	if (child->fd >= 0 && !child->exited)
		e = frame_put(&child->out, (uint16_t)kind, payload, len, fd);
	if (e != OK) {
		if (fd >= 0)
			close(fd);
		return e;
	}
	write_some(child);
	set_events(child);
	return OK;
}

/* ---- starting ---------------------------------------------------------- */

static enum err
spawn(struct children *all, enum handoff_role role)
{
	struct child *child;
	char role_arg[32], level_arg[32], user_arg[64];
	const char *argv[6];
	int n = 0, pair[2];
	uv_stdio_container_t stdio[4] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 },
	};
	uv_process_options_t options = { 0 };
	int r;

	if (all->n >= CHILDREN_MAX)
		return ERR_LIMIT;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    pair) != 0)
		return ERR_SYSTEM;
	child = calloc(1, sizeof(*child));
	if (child == NULL) {
		close(pair[0]);
		close(pair[1]);
		return ERR_NO_MEMORY;
	}
	snprintf(role_arg, sizeof(role_arg), "--role=%s", role_text(role));
	argv[n++] = all->conf.program;
	argv[n++] = role_arg;
	if (all->log_level[0] != '\0') {
		snprintf(level_arg, sizeof(level_arg), "--log-level=%s",
		    all->log_level);
		argv[n++] = level_arg;
	}
	if (all->user[0] != '\0') {
		snprintf(user_arg, sizeof(user_arg), "--user=%s",
		    all->user);
		argv[n++] = user_arg;
	}
	argv[n] = NULL;
	stdio[3].flags = UV_INHERIT_FD;
	stdio[3].data.fd = pair[1];
	options.file = all->conf.program;
	options.args = (char **)argv;
	options.stdio = stdio;
	options.stdio_count = 4;
	options.exit_cb = on_exit_status;
	child->process.data = child;
	r = uv_spawn(all->loop, &child->process, &options);
	close(pair[1]);
	if (r != 0) {
		log_err("child.spawn_failed", "role=%s why=%s",
		    role_text(role), LOG_Q(uv_strerror(r)));
		close(pair[0]);
		/* uv_spawn() initialised the handle even so. */
		child->handles = 1;
		uv_close((uv_handle_t *)&child->process, on_closed);
		return ERR_SYSTEM;
	}
	child->all = all;
	child->role = role;
	child->fd = pair[0];
	frame_in_init(&child->in, HANDOFF_FRAME_MAX);
	frame_out_init(&child->out, CHILD_OUT_MAX);
	child->handles = 2;
	child->polling = true;
	uv_poll_init(all->loop, &child->poll, child->fd);
	child->poll.data = child;
	set_events(child);
	child->next = all->list;
	all->list = child;
	all->n++;
	all->n_role[role]++;
	all->counts.spawned++;
	return OK;
}

static void
on_timer(uv_timer_t *timer)
{
	struct children *all = timer->data;

	for (int role = 1; role < ROLES; role++)
		if (timer == &all->timer[role]) {
			all->timer_armed[role] = false;
			if (all->stopping)
				return;
			/* One try; the rest when it has become READY. */
			if (spawn(all, (enum handoff_role)role) != OK) {
				all->pause_ms[role] = PAUSE_MAX_MS;
				fill_role(all, (enum handoff_role)role);
			}
		}
}

static unsigned
waiting_fetch(const struct children *all)
{
	unsigned n = 0;

	for (const struct child *c = all->list; c != NULL; c = c->next)
		n += c->role == HANDOFF_ROLE_FETCH && !c->taken &&
		    !c->closing && !c->exited;
	return n;
}

static bool
wants_more(const struct children *all, enum handoff_role role)
{
	switch (role) {
	case HANDOFF_ROLE_FETCH:
		return waiting_fetch(all) < all->conf.fetch_warm &&
		    all->n_role[role] < all->conf.fetch_max;
	case HANDOFF_ROLE_PROBE:
		return all->n_role[role] < 1;
	case HANDOFF_ROLE_NOTIFY:
		return all->conf.want_notify && all->n_role[role] < 1;
	case HANDOFF_ROLE_CHECK:
		return all->conf.want_check && all->n_role[role] < 1;
	case HANDOFF_ROLE_COURIER:
		return all->conf.want_courier && all->n_role[role] < 1;
	}
	return false;
}

static void
fill_role(struct children *all, enum handoff_role role)
{
	if (all->stopping)
		return;
	if (all->pause_ms[role] > 0) {
		if (!all->timer_armed[role] && wants_more(all, role)) {
			all->timer_armed[role] = true;
			uv_timer_start(&all->timer[role], on_timer,
			    all->pause_ms[role], 0);
		}
		return;
	}
	while (wants_more(all, role))
		if (spawn(all, role) != OK) {
			all->pause_ms[role] = PAUSE_MAX_MS;
			fill_role(all, role);
			return;
		}
}

enum err
children_new(uv_loop_t *loop, const struct children_conf *conf,
    const struct children_calls *calls, struct children **out)
{
	struct children *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	all->loop = loop;
	all->conf = *conf;
	all->calls = *calls;
	children_log_level(all, conf->log_level);
	snprintf(all->user, sizeof(all->user), "%s",
	    conf->user == NULL ? "" : conf->user);
	for (int role = 1; role < ROLES; role++) {
		uv_timer_init(loop, &all->timer[role]);
		all->timer[role].data = all;
	}
	uv_timer_init(loop, &all->later);
	all->later.data = all;
	*out = all;
	for (int role = 1; role < ROLES; role++)
		fill_role(all, (enum handoff_role)role);
	return OK;
}

void
children_log_level(struct children *all, const char *level)
{
	snprintf(all->log_level, sizeof(all->log_level), "%s",
	    level == NULL ? "" : level);
}

static void
on_later(uv_timer_t *timer)
{
	fill_role(timer->data, HANDOFF_ROLE_FETCH);
}

/*
 * A process that starts takes more time than a small transfer: while enough of
 * them wait, the next is started when this transfer has had its chance.
 */
static void
fill_later(struct children *all)
{
	if (2 * waiting_fetch(all) < all->conf.fetch_warm)
		fill_role(all, HANDOFF_ROLE_FETCH);
	else if (!all->stopping && !uv_is_active((uv_handle_t *)&all->later))
		uv_timer_start(&all->later, on_later, FILL_LATER_MS, 0);
}

struct child *
children_take(struct children *all)
{
	struct child *found = NULL;

	for (struct child *c = all->list; c != NULL && found == NULL;
	    c = c->next)
		if (c->role == HANDOFF_ROLE_FETCH && c->ready && !c->taken &&
		    !c->closing)
			found = c;
	if (found != NULL)
		found->taken = true;
	fill_later(all);
	return found;
}

static struct child *
ready_of(struct children *all, enum handoff_role role)
{
	for (struct child *c = all->list; c != NULL; c = c->next)
		if (c->role == role && c->ready && !c->closing)
			return c;
	return NULL;
}

struct child *
children_probe(struct children *all)
{
	return ready_of(all, HANDOFF_ROLE_PROBE);
}

struct child *
children_check(struct children *all)
{
	return ready_of(all, HANDOFF_ROLE_CHECK);
}

struct child *
children_notify(struct children *all)
{
	return ready_of(all, HANDOFF_ROLE_NOTIFY);
}

struct child *
children_courier(struct children *all)
{
	return ready_of(all, HANDOFF_ROLE_COURIER);
}

bool
child_usable(const struct child *child)
{
	return child->fd >= 0 && !child->closing && !child->exited;
}

enum handoff_role
child_role(const struct child *child)
{
	return child->role;
}

int
child_pid(const struct child *child)
{
	return child->process.pid;
}

void
child_set_user(struct child *child, void *user)
{
	child->user = user;
}

void *
child_user(const struct child *child)
{
	return child->user;
}

void
children_stop(struct children *all)
{
	all->stopping = true;
	for (int role = 1; role < ROLES; role++)
		uv_timer_stop(&all->timer[role]);
	uv_timer_stop(&all->later);
	for (struct child *c = all->list; c != NULL; c = c->next)
		child_kill(c);
}

unsigned
children_alive(const struct children *all)
{
	return all->n;
}

void
children_count(const struct children *all, struct children_counts *out)
{
	*out = all->counts;
	out->fetch_ready = out->fetch_taken = 0;
	for (const struct child *c = all->list; c != NULL; c = c->next) {
		if (c->role != HANDOFF_ROLE_FETCH || c->closing)
			continue;
		out->fetch_taken += c->taken;
		out->fetch_ready += c->ready && !c->taken;
	}
}
