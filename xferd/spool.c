/*
 * spool.c - what a transfer has brought so far, in a memfd.
 *
 * Written by write(), so a full tmpfs is an error and not a signal; mapped
 * once, when nothing is added any more.
 */
#include "xferd/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/check.h"

struct spool {
	int fd;
	size_t len, max;
	struct spool_account *all, *tenant;
	void *map;
};

enum err
spool_new(size_t max_bytes, struct spool_account *all,
    struct spool_account *tenant, struct spool **out)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->fd = memfd_create("understudy-spool", MFD_CLOEXEC);
	if (s->fd < 0) {
		free(s);
		return ERR_SYSTEM;
	}
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
	close(s->fd);
	free(s);
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
	ssize_t n;

	static_assert(sizeof(header) == SPOOL_HEADER, "as the reader knows");
	CHECK(s->map == NULL);
	if (total > s->max - s->len || s->all->used + total > s->all->max ||
	    s->tenant->used + total > s->tenant->max)
		return ERR_LIMIT;
	n = writev(s->fd, iov, 2);
	if (n < 0 || (size_t)n != total)
		return ERR_NO_MEMORY;
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
