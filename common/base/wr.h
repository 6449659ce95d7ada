/*
 * wr.h - bounded writer into the caller's memory, big endian.
 *
 * Failure is sticky: once a write did not fit nothing more is written, so
 * the caller tests wr_failed() once. A failed write writes no byte.
 */
#ifndef COMMON_BASE_WR_H
#define COMMON_BASE_WR_H

#include <string.h>

#include "common/base/base.h"

struct wr {
	uint8_t	*start;
	uint8_t	*pos;
	uint8_t	*end;
	bool	failed;
};

static inline struct wr
wr_make(void *data, size_t size)
{
	uint8_t *p = data;
	struct wr w = { p, p, p == NULL ? p : p + size, p == NULL && size != 0 };

	return w;
}

static inline bool
wr_failed(const struct wr *w)
{
	return w->failed;
}

static inline void
wr_fail(struct wr *w)
{
	w->failed = true;
}

/** wr_len() - bytes written so far */
static inline size_t
wr_len(const struct wr *w)
{
	return (size_t)(w->pos - w->start);
}

/** wr_left() - bytes that still fit; 0 after failure */
static inline size_t
wr_left(const struct wr *w)
{
	return w->failed ? 0 : (size_t)(w->end - w->pos);
}

/** wr_reserve() - room for @n bytes to be filled by the caller, or NULL */
static inline uint8_t *
wr_reserve(struct wr *w, size_t n)
{
	uint8_t *p = w->pos;

	if (w->failed || n > (size_t)(w->end - w->pos)) {
		w->failed = true;
		return NULL;
	}
	if (n != 0)
		w->pos += n;
	return p;
}

static inline void
wr_bytes(struct wr *w, const void *data, size_t n)
{
	uint8_t *p = wr_reserve(w, n);

	if (p != NULL && n != 0)
		memcpy(p, data, n);
}

static inline void
wr_zero(struct wr *w, size_t n)
{
	uint8_t *p = wr_reserve(w, n);

	if (p != NULL && n != 0)
		memset(p, 0, n);
}

static inline void
wr_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
wr_put_u32(uint8_t *p, uint32_t v)
{
	wr_put_u16(p, (uint16_t)(v >> 16));
	wr_put_u16(p + 2, (uint16_t)v);
}

static inline void
wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_reserve(w, 1);

	if (p != NULL)
		p[0] = v;
}

static inline void
wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_reserve(w, 2);

	if (p != NULL)
		wr_put_u16(p, v);
}

static inline void
wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_reserve(w, 4);

	if (p != NULL)
		wr_put_u32(p, v);
}

static inline void
wr_u48(struct wr *w, uint64_t v)
{
	uint8_t *p = wr_reserve(w, 6);

	if (p != NULL) {
		wr_put_u16(p, (uint16_t)(v >> 32));
		wr_put_u32(p + 2, (uint32_t)v);
	}
}

static inline void
wr_u64(struct wr *w, uint64_t v)
{
	uint8_t *p = wr_reserve(w, 8);

	if (p != NULL) {
		wr_put_u32(p, (uint32_t)(v >> 32));
		wr_put_u32(p + 4, (uint32_t)v);
	}
}

/** wr_patch_u16() - overwrite 2 bytes at @offset, which are written already */
static inline void
wr_patch_u16(struct wr *w, size_t offset, uint16_t v)
{
	if (w->failed || wr_len(w) < 2 || offset > wr_len(w) - 2)
		w->failed = true;
	else
		wr_put_u16(w->start + offset, v);
}

static inline void
wr_patch_u32(struct wr *w, size_t offset, uint32_t v)
{
	if (w->failed || wr_len(w) < 4 || offset > wr_len(w) - 4)
		w->failed = true;
	else
		wr_put_u32(w->start + offset, v);
}

/**
 * wr_truncate() - go back to @len bytes and clear a failure
 *
 * For writers that try an optional part: remember wr_len(), write, and go
 * back when it did not fit.
 */
static inline void
wr_truncate(struct wr *w, size_t len)
{
	if (len <= wr_len(w)) {
		if (w->start != NULL)
			w->pos = w->start + len;
		w->failed = false;
	} else {
		w->failed = true;
	}
}

#endif
