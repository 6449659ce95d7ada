/*
 * bufpool.c - large buffers that connections borrow.  See bufpool.h.
 */
#include <string.h>
#include <sys/mman.h>

#include "common/base/check.h"
#include "dnsd/bufpool.h"

enum { PAGE = 4096 };

enum err
bufpool_init(struct bufpool *p, uint32_t n, size_t size)
{
	void *base;

	CHECK(n >= 1);
	CHECK(n <= BUFPOOL_MAX);
	memset(p, 0, sizeof(*p));
	p->size = ALIGN_UP(size, PAGE);
	p->n = n;
	base = mmap(NULL, p->size * n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return ERR_NO_MEMORY;
	p->base = base;
	for (uint32_t i = 0; i < n; i++)
		p->free[i / 64] |= UINT64_C(1) << i % 64;
	return OK;
}

void
bufpool_fini(struct bufpool *p)
{
	if (p->base != NULL)
		munmap(p->base, p->size * p->n);
	p->base = NULL;
}

uint8_t *
bufpool_take(struct bufpool *p)
{
	for (uint32_t i = 0; i * 64 < p->n; i++) {
		unsigned bit;

		if (p->free[i] == 0)
			continue;
		bit = (unsigned)__builtin_ctzll(p->free[i]);
		p->free[i] &= p->free[i] - 1;
		p->n_lent++;
		return p->base + (size_t)(i * 64 + bit) * p->size;
	}
	return NULL;
}

void
bufpool_give(struct bufpool *p, uint8_t *buf, size_t touched)
{
	size_t i = (size_t)(buf - p->base) / p->size;

	CHECK(i < p->n);
	CHECK((p->free[i / 64] >> i % 64 & 1) == 0);
	if (i >= BUFPOOL_HOT && touched > 0)
		madvise(buf, MIN(ALIGN_UP(touched, PAGE), p->size),
		    MADV_DONTNEED);
	p->free[i / 64] |= UINT64_C(1) << i % 64;
	p->n_lent--;
}
