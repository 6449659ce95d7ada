/*
 * base.h - attributes and small macros that every room may use.
 *
 * Not here: functions, types of any subject.
 */
#ifndef COMMON_BASE_BASE_H
#define COMMON_BASE_BASE_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE		__attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, arg)	__attribute__((format(printf, fmt, arg)))
#define NORETURN		__attribute__((noreturn))
#define UNUSED			__attribute__((unused))
#define COLD			__attribute__((cold))
#define NOINLINE		__attribute__((noinline))
#define ALWAYS_INLINE		inline __attribute__((always_inline))

#define LIKELY(x)		__builtin_expect(!!(x), 1)
#define UNLIKELY(x)		__builtin_expect(!!(x), 0)

#define COUNT_OF(a)		(sizeof(a) / sizeof((a)[0]))
/* sys/param.h, which uv.h includes, has these too. */
#undef MIN
#undef MAX
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))

/* @align must be a power of two. */
#define ALIGN_UP(n, align)	(((n) + ((align) - 1)) & ~((align) - 1))

#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#define CACHE_LINE		64

/* For large arrays on hot paths: written before they are read, and exempt
 * from -ftrivial-auto-var-init. */
#define UNINITIALIZED	__attribute__((uninitialized))

#endif
