/*
 * waiter.c - parked requests.  See waiter.h.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/waiter.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db_listen.h"

struct waiter {
	struct waiter_conf conf;
	pthread_t thread;
	int wake_fd;			/* eventfd: stop */
	struct db_listen *listen;	/* NULL while it cannot be had */
	int64_t listen_after_ms;	/* not tried again before */
	pthread_mutex_t lock;		/* guards what follows */
	struct req *first;
	unsigned int n;
	bool stopping;
};

static unsigned int
count_tenant(const struct waiter *w, const struct req *r)
{
	unsigned int n = 0;

	for (const struct req *p = w->first; p != NULL; p = p->next)
		if (memcmp(p->who.tenant_id, r->who.tenant_id, 16) == 0)
			n++;
	return n;
}

bool
waiter_park(struct waiter *w, struct req *r)
{
	bool parked = false;

	pthread_mutex_lock(&w->lock);
	if (!w->stopping && w->n < w->conf.n_max &&
	    count_tenant(w, r) < w->conf.n_tenant_max) {
		r->next = w->first;
		w->first = r;
		w->n++;
		parked = true;
	}
	pthread_mutex_unlock(&w->lock);
	return parked;
}

/* Everybody looks again; who finds no room waits for the next round. */
static void
run_round(struct waiter *w)
{
	struct req *list, *next;

	pthread_mutex_lock(&w->lock);
	list = w->first;
	w->first = NULL;
	w->n = 0;
	pthread_mutex_unlock(&w->lock);
	for (struct req *r = list; r != NULL; r = next) {
		next = r->next;
		r->next = NULL;
		if (w->conf.wake(w->conf.app, r))
			continue;
		pthread_mutex_lock(&w->lock);
		r->next = w->first;
		w->first = r;
		w->n++;
		pthread_mutex_unlock(&w->lock);
	}
}

static void
listen_ensure(struct waiter *w)
{
	static const char *const channels[] = { "understudy_edge" };
	int64_t now = now_mono_ms();
	enum err e;

	if (w->listen != NULL && db_listen_fd(w->listen) >= 0)
		return;
	if (now < w->listen_after_ms)
		return;
	w->listen_after_ms = now + WAITER_POLL_MS;
	if (w->listen == NULL)
		e = db_listen_open(&w->conf.db, channels, COUNT_OF(channels),
		    &w->listen);
	else
		e = db_listen_ensure(w->listen);
	if (e != OK)
		log_debug("listen.failed", "error=%s", err_name(e));
}

/* Wait for news, a second at most.  Returns whether somebody should look. */
static bool
wait_news(struct waiter *w, int64_t *last_round_ms)
{
	int fd = w->listen == NULL ? -1 : db_listen_fd(w->listen);
	struct pollfd p[2] = {
		{ .fd = w->wake_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	size_t n = 0;
	int64_t now;

	(void)poll(p, 2, WAITER_POLL_MS);
	if (fd >= 0 && p[1].revents != 0 &&
	    db_listen_drain(w->listen, NULL, NULL, &n) != OK)
		n = 1;
	now = now_mono_ms();
	if (n > 0 && now - *last_round_ms < WAITER_ROUND_MS) {
		/* Reports of many edges in a row make one round. */
		(void)poll(p, 1, WAITER_ROUND_MS);
		if (w->listen != NULL &&
		    db_listen_drain(w->listen, NULL, NULL, &n) != OK)
			n = 1;
		now = now_mono_ms();
		n = 1;
	}
	if (n == 0 && now - *last_round_ms < WAITER_POLL_MS)
		return false;
	*last_round_ms = now;
	return true;
}

static bool
is_stopping(struct waiter *w)
{
	bool stopping;

	pthread_mutex_lock(&w->lock);
	stopping = w->stopping && w->first == NULL;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

static void *
waiter_thread(void *arg)
{
	struct waiter *w = arg;
	int64_t last_round_ms = 0, last_tick_ms = 0;

	while (!is_stopping(w)) {
		listen_ensure(w);
		if (wait_news(w, &last_round_ms))
			run_round(w);
		if (now_mono_ms() - last_tick_ms >= WAITER_POLL_MS) {
			last_tick_ms = now_mono_ms();
			w->conf.tick(w->conf.app);
		}
	}
	return NULL;
}

enum err
waiter_new(const struct waiter_conf *conf, struct waiter **out_waiter)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NO_MEMORY;
	w->conf = *conf;
	pthread_mutex_init(&w->lock, NULL);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0 ||
	    pthread_create(&w->thread, NULL, waiter_thread, w) != 0) {
		if (w->wake_fd >= 0)
			close(w->wake_fd);
		free(w);
		return ERR_SYSTEM;
	}
	*out_waiter = w;
	return OK;
}

void
waiter_stop(struct waiter *w)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	for (struct req *r = w->first; r != NULL; r = r->next)
		r->park_stopped = true;
	pthread_mutex_unlock(&w->lock);
	run_round(w);
	if (write(w->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_warn("waiter.stuck", "reason=\"eventfd refused\"");
	pthread_join(w->thread, NULL);
}

void
waiter_free(struct waiter *w)
{
	if (w == NULL)
		return;
	CHECK(w->first == NULL);
	if (w->listen != NULL)
		db_listen_close(w->listen);
	close(w->wake_fd);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
