/*
 * cache_arena.c - the arena as its one writer has it.  See cache_arena.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/base/now.h"
#include "dnsd/cache_arena.h"

enum { TAKEOVER_WAIT_MS = 30000 };

/* A second writer would be the end: the lock is of the open file, so it is
 * taken on a description of our own. */
static enum err
arena_lock(int fd, int *out_fd)
{
	char path[32] = "/proc/self/fd/";
	size_t n = strlen(path);
	char digits[16];
	int i = 0;

	for (int v = fd; i == 0 || v > 0; v /= 10)
		digits[i++] = (char)('0' + v % 10);
	while (i > 0)
		path[n++] = digits[--i];
	path[n] = '\0';
	*out_fd = open(path, O_RDWR | O_CLOEXEC);
	if (*out_fd < 0)
		return err_from_errno(errno);
	if (flock(*out_fd, LOCK_EX | LOCK_NB) < 0) {
		close(*out_fd);
		return ERR_BUSY;
	}
	return OK;
}

enum err
cache_arena_open(int fd, size_t max_bytes, struct control *control,
    struct cache_arena *out_a)
{
	struct cache_arena *a = out_a;
	enum err e;

	memset(a, 0, sizeof(*a));
	a->control = control;
	a->size = max_bytes & ~(size_t)(CACHE_UNIT - 1);
	e = arena_lock(fd, &a->fd);
	if (e != OK)
		return e;
	a->base = mmap(NULL, a->size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE, a->fd, 0);
	if (a->base == MAP_FAILED) {
		close(a->fd);
		return ERR_IO;
	}
	a->super = (struct cache_super *)(void *)a->base;
	e = cache_alloc_init(&a->alloc, a->base, a->fd, a->size,
	    CACHE_SUPER_BYTES);
	if (e != OK)
		cache_arena_close(a);
	return e;
}

void
cache_arena_close(struct cache_arena *a)
{
	cache_alloc_fini(&a->alloc);
	munmap(a->base, a->size);
	close(a->fd);
	free(a->retired);
}

static bool
queue_grow(struct cache_arena *a)
{
	size_t cap = a->retired_cap == 0 ? 64 : a->retired_cap * 2;
	struct cache_arena_retired *q = realloc(a->retired, cap * sizeof(*q));

	if (q == NULL)
		return false;
	a->retired = q;
	a->retired_cap = cap;
	return true;
}

void
cache_arena_retire(struct cache_arena *a, cache_ref ref, size_t bytes)
{
	struct cache_arena_retired *r;

	if (a->retired_at > 0 && a->retired_at == a->retired_n)
		a->retired_at = a->retired_n = 0;
	if (a->retired_n == a->retired_cap && !queue_grow(a))
		return;			/* leaks until the next feeder marks */
	r = &a->retired[a->retired_n];
	r->ref = ref;
	r->units = cache_alloc_units(bytes);
	r->epoch = atomic_load_explicit(&a->super->epoch,
	    memory_order_relaxed) + 1;
	a->retired_n++;
	a->retired_bytes += (uint64_t)r->units * CACHE_UNIT;
}

/*
 * After the unlinking stores: readers that enter from now on copy the new
 * epoch and cannot reach what was retired with it.
 */
void
cache_arena_raise(struct cache_arena *a)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_fetch_add_explicit(&a->super->epoch, 1, memory_order_seq_cst);
}

/* The oldest epoch that a reader is in; UINT64_MAX when none is inside. */
static uint64_t
epoch_oldest(const struct cache_arena *a)
{
	uint64_t oldest = UINT64_MAX, e;

	/* Pairs with the fence in control_enter(). */
	atomic_thread_fence(memory_order_seq_cst);
	for (int i = 0; i < CACHE_READERS_MAX; i++) {
		e = atomic_load_explicit(&a->control->reader[i].epoch,
		    memory_order_acquire);
		if (e != 0)
			oldest = MIN(oldest, e);
	}
	return oldest;
}

enum err
cache_arena_pass(struct cache_arena *a)
{
	int64_t until = now_mono_ms() + TAKEOVER_WAIT_MS;
	struct timespec pause = { 0, 1000000 };
	uint64_t epoch;

	cache_arena_raise(a);
	epoch = atomic_load_explicit(&a->super->epoch, memory_order_relaxed);
	while (epoch_oldest(a) < epoch) {
		if (now_mono_ms() > until)
			return ERR_TIMEOUT;
		nanosleep(&pause, NULL);
	}
	return OK;
}

uint64_t
cache_arena_reclaim(struct cache_arena *a)
{
	uint64_t oldest;
	struct cache_arena_retired *r;
	size_t rest;

	if (a->retired_at == a->retired_n)
		goto out;
	oldest = epoch_oldest(a);
	while (a->retired_at < a->retired_n) {
		r = &a->retired[a->retired_at];
		if (r->epoch > oldest)
			break;
		cache_alloc_put(&a->alloc, r->ref,
		    (size_t)r->units * CACHE_UNIT);
		a->retired_bytes -= (uint64_t)r->units * CACHE_UNIT;
		a->retired_at++;
	}
	rest = a->retired_n - a->retired_at;
	if (a->retired_at > 4096 && a->retired_at > rest) {
		memmove(a->retired, a->retired + a->retired_at,
		    rest * sizeof(*a->retired));
		a->retired_at = 0;
		a->retired_n = rest;
	}
out:
	atomic_store_explicit(&a->super->retained, a->retired_bytes,
	    memory_order_relaxed);
	atomic_store_explicit(&a->super->arena_used,
	    (uint64_t)a->alloc.n_used * CACHE_UNIT, memory_order_relaxed);
	return a->retired_bytes;
}

cache_ref
cache_arena_take(struct cache_arena *a, size_t bytes)
{
	cache_ref ref = cache_alloc_get(&a->alloc, bytes);

	if (ref == 0) {
		cache_arena_reclaim(a);
		ref = cache_alloc_get(&a->alloc, bytes);
	}
	return ref;
}
