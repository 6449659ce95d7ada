/* allocs.c - see allocs.h.  glibc lets a program bring its own malloc(). */
#include "tests/lib/allocs.h"

#include <stddef.h>
#include <stdlib.h>

static _Thread_local unsigned long count;

unsigned long
allocs_count(void)
{
	return count;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *
malloc(size_t size)
{
	count++;
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	count++;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	count++;
	return __libc_realloc(p, size);
}

#endif
