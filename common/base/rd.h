/*
 * rd.h - bounded reader over bytes from outside, big endian.
 *
 * Failure is sticky: once a read went past the end every later read gives
 * 0 or NULL, so the caller tests rd_failed() once. Never reads outside
 * [start, end). Borrowed: the bytes must outlive the reader.
 */
#ifndef COMMON_BASE_RD_H
#define COMMON_BASE_RD_H

#include <string.h>

#include "common/base/base.h"

struct rd {
	const uint8_t	*start;
	const uint8_t	*pos;
	const uint8_t	*end;
	bool		failed;
};

/** rd_make() - a reader over @len bytes; @data may be NULL when @len is 0 */
static inline struct rd
rd_make(const void *data, size_t len)
{
	const uint8_t *p = data;
	struct rd r = { p, p, p == NULL ? p : p + len, p == NULL && len != 0 };

	return r;
}

static inline bool
rd_failed(const struct rd *r)
{
	return r->failed;
}

/** rd_fail() - mark as failed; for a caller that found a bad value */
static inline void
rd_fail(struct rd *r)
{
	r->failed = true;
}

/** rd_left() - bytes not read yet; 0 after failure */
static inline size_t
rd_left(const struct rd *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->pos);
}

/** rd_offset() - bytes read so far */
static inline size_t
rd_offset(const struct rd *r)
{
	return (size_t)(r->pos - r->start);
}

/** rd_done() - true when everything was read and nothing failed */
static inline bool
rd_done(const struct rd *r)
{
	return !r->failed && r->pos == r->end;
}

/** rd_bytes() - the next @n bytes, borrowed; NULL on failure */
static inline const uint8_t *
rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->pos;

	if (r->failed || n > (size_t)(r->end - r->pos)) {
		r->failed = true;
		return NULL;
	}
	/* NULL + 0 is undefined in C. */
	if (n != 0)
		r->pos += n;
	return p;
}

static inline void
rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

/** rd_copy() - the next @n bytes into @dst; zeros on failure */
static inline void
rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	if (n == 0)
		return;
	if (p == NULL)
		memset(dst, 0, n);
	else
		memcpy(dst, p, n);
}

/** rd_sub() - a reader over the next @n bytes, which @r skips */
static inline struct rd
rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd sub = rd_make(r->failed ? NULL : p, r->failed ? 0 : n);

	sub.failed = r->failed;
	return sub;
}

/** rd_seek() - go to @offset from the start; fails past the end */
static inline void
rd_seek(struct rd *r, size_t offset)
{
	if (r->failed || offset > (size_t)(r->end - r->start))
		r->failed = true;
	else if (r->start != NULL)
		r->pos = r->start + offset;
}

static inline uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p == NULL ? 0 : p[0];
}

static inline uint16_t
rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return p == NULL ? 0 : (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	return p == NULL ? 0 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
rd_u48(struct rd *r)
{
	uint64_t high = rd_u16(r);

	return high << 32 | rd_u32(r);
}

static inline uint64_t
rd_u64(struct rd *r)
{
	uint64_t high = rd_u32(r);

	return high << 32 | rd_u32(r);
}

#endif
