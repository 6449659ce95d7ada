/* hint.c - LISTEN understudy_job in a thread of its own. */
#include "xferd/hint.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/db/db_listen.h"

enum { PAUSE_MS = 1000 };

struct hint {
	const struct db_conf *conf;
	hint_fn fn;
	void *arg;
	uv_async_t async;
	pthread_t thread;
	int stop_fd;			/* readable: end */
};

/* Wait for the connection or the end; false at the end. */
static bool
wait_for(struct hint *h, int fd, int timeout_ms)
{
	struct pollfd p[2] = {
		{ .fd = h->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	if (poll(p, fd >= 0 ? 2 : 1, timeout_ms) < 0 && errno != EINTR)
		return false;
	return (p[0].revents & POLLIN) == 0;
}

static void *
hint_main(void *arg)
{
	static const char *const CHANNELS[] = { "understudy_job" };
	struct hint *h = arg;
	struct db_listen *l = NULL;
	enum err e;

	for (;;) {
		size_t n = 0;

		if (l == NULL)
			e = db_listen_open(h->conf, CHANNELS, 1, &l);
		else
			e = db_listen_ensure(l);
		if (e != OK) {
			if (!wait_for(h, -1, PAUSE_MS))
				break;
			continue;
		}
		/* What came before we listened was missed. */
		uv_async_send(&h->async);
		do {
			if (!wait_for(h, db_listen_fd(l), -1))
				goto out;
			e = db_listen_drain(l, NULL, NULL, &n);
			if (n > 0)
				uv_async_send(&h->async);
		} while (e == OK);
	}
out:
	db_listen_close(l);
	return NULL;
}

static void
on_async(uv_async_t *async)
{
	struct hint *h = async->data;

	h->fn(h->arg);
}

enum err
hint_new(uv_loop_t *loop, const struct db_conf *conf, hint_fn fn, void *arg,
    struct hint **out)
{
	struct hint *h = calloc(1, sizeof(*h));
	sigset_t all, old;
	int r;

	if (h == NULL)
		return ERR_NO_MEMORY;
	h->conf = conf;
	h->fn = fn;
	h->arg = arg;
	h->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uv_async_init(loop, &h->async, on_async);
	h->async.data = h;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&h->thread, NULL, hint_main, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (h->stop_fd < 0 || r != 0)
		return ERR_SYSTEM;
	*out = h;
	return OK;
}

void
hint_stop(struct hint *h)
{
	uint64_t one = 1;

	if (h == NULL)
		return;
	if (write(h->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(h->thread, NULL);
	uv_close((uv_handle_t *)&h->async, NULL);
}
