/*
 * spool.c - what a transfer has brought so far, in memory of its own.
 *
 * What most zones bring fits the heap.  A larger one moves to a memfd, which
 * grows without copying: written by write(), so a full tmpfs is an error and
 * not a signal; mapped once, when nothing is added any more.
 */
#include "xferd/spool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/check.h"

enum {
	HEAP_FIRST = 2048,
	HEAP_MAX = 32768,
};

struct spool {
	int fd;				/* -1: all of it is in the heap */
	uint8_t *heap;
	size_t heap_size;
	size_t len, max;
	struct spool_account *all, *tenant;
	void *map;
	bool read;			/* nothing is added any more */
};

enum err
spool_new(size_t max_bytes, struct spool_account *all,
    struct spool_account *tenant, struct spool **out)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->fd = -1;
	s->max = max_bytes;
	s->all = all;
	s->tenant = tenant;
	*out = s;
	return OK;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	CHECK(s->all->used >= s->len);
	CHECK(s->tenant->used >= s->len);
	s->all->used -= s->len;
	s->tenant->used -= s->len;
	if (s->map != NULL)
		munmap(s->map, s->len);
	if (s->fd >= 0)
		close(s->fd);
	free(s->heap);
	free(s);
}

/* Room for @n more bytes in the heap; false: it is to be a memfd. */
static bool
heap_room(struct spool *s, size_t n)
{
	size_t size = s->heap_size == 0 ? HEAP_FIRST : s->heap_size;
	uint8_t *more;

	if (s->len + n <= s->heap_size)
		return true;
	while (size < s->len + n)
		size *= 2;
	if (size > HEAP_MAX)
		return false;
	more = realloc(s->heap, size);
	if (more == NULL)
		return false;
	s->heap = more;
	s->heap_size = size;
	return true;
}

static bool
write_all(int fd, const struct iovec *iov, int n_iov, size_t total)
{
	ssize_t n = writev(fd, iov, n_iov);

	return n >= 0 && (size_t)n == total;
}

static enum err
to_memfd(struct spool *s)
{
	struct iovec iov = { .iov_base = s->heap, .iov_len = s->len };

	s->fd = memfd_create("understudy-spool", MFD_CLOEXEC);
	if (s->fd < 0)
		return ERR_SYSTEM;
	if (s->len > 0 && !write_all(s->fd, &iov, 1, s->len))
		return ERR_NO_MEMORY;
	free(s->heap);
	s->heap = NULL;
	return OK;
}

enum err
spool_append(struct spool *s, uint32_t kind, const uint8_t *payload,
    size_t len)
{
	uint32_t header[2] = { kind, (uint32_t)len };
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)payload, .iov_len = len },
	};
	size_t total = sizeof(header) + len;
	enum err e = OK;

	static_assert(sizeof(header) == SPOOL_HEADER, "as the reader knows");
	CHECK(!s->read);
	if (total > s->max - s->len || s->all->used + total > s->all->max ||
	    s->tenant->used + total > s->tenant->max)
		return ERR_LIMIT;
	if (s->fd < 0 && heap_room(s, total)) {
		memcpy(s->heap + s->len, header, sizeof(header));
		if (len > 0)
			memcpy(s->heap + s->len + sizeof(header), payload,
			    len);
	} else {
		if (s->fd < 0)
			e = to_memfd(s);
		if (e == OK && !write_all(s->fd, iov, 2, total))
			e = ERR_NO_MEMORY;
	}
	if (e != OK)
		return e;
	s->len += total;
	s->all->used += total;
	s->tenant->used += total;
	return OK;
}

size_t
spool_size(const struct spool *s)
{
	return s->len;
}

enum err
spool_map(struct spool *s, const uint8_t **out_bytes, size_t *out_len)
{
	s->read = s->len > 0;
	if (s->fd < 0) {
		*out_bytes = s->heap;
		*out_len = s->len;
		return OK;
	}
	if (s->map == NULL && s->len > 0) {
		void *map = mmap(NULL, s->len, PROT_READ, MAP_SHARED, s->fd, 0);

		if (map == MAP_FAILED)
			return ERR_NO_MEMORY;
		s->map = map;
	}
	*out_bytes = s->map;
	*out_len = s->len;
	return OK;
}
