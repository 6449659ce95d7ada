/*
 * buf.h - a growable byte buffer with a maximum given at init.
 *
 * Failure is sticky: an append that would pass the maximum (ERR_LIMIT) or
 * finds no memory (ERR_NO_MEMORY) appends nothing, and neither does any
 * later one. Callers may test each append, or buf_err() once at the end.
 * A zeroed struct is empty with maximum 0; buf_fini() accepts it.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stdarg.h>

#include "common/base/err.h"

struct buf {
	uint8_t	*data;		/* may move with every append */
	size_t	len;
	size_t	cap;
	size_t	max;
	enum err err;
};

void buf_init(struct buf *b, size_t max);

/** buf_fini() - free; the buffer is empty with maximum 0 afterwards */
void buf_fini(struct buf *b);

/** buf_reset() - length 0, failure cleared, memory kept */
void buf_reset(struct buf *b);

/** buf_err() - OK, or the first failure */
MUST_USE enum err buf_err(const struct buf *b);

/** buf_reserve() - append @n bytes to be filled by the caller; NULL on failure */
uint8_t *buf_reserve(struct buf *b, size_t n);

/** buf_room() - make sure @n more bytes fit, without appending */
enum err buf_room(struct buf *b, size_t n);

enum err buf_bytes(struct buf *b, const void *data, size_t n);
enum err buf_str(struct buf *b, const char *text);
enum err buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
enum err buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    PRINTF_LIKE(2, 0);
enum err buf_u8(struct buf *b, uint8_t v);
enum err buf_u16(struct buf *b, uint16_t v);	/* big endian, as all below */
enum err buf_u32(struct buf *b, uint32_t v);
enum err buf_u64(struct buf *b, uint64_t v);

/** buf_consume() - drop @n bytes (at most len) from the front. O(len). */
void buf_consume(struct buf *b, size_t n);

/** buf_truncate() - keep the first @len bytes (at most len) */
void buf_truncate(struct buf *b, size_t len);

/**
 * buf_cstr() - the content as a string
 *
 * Borrowed until the next call on @b; the terminator is not part of len.
 * Returns "" after a failure.
 */
const char *buf_cstr(struct buf *b);

/**
 * buf_take() - the memory is given to the caller (free() it; may be NULL when
 * nothing was appended); @b is empty afterwards with the same maximum
 */
uint8_t *buf_take(struct buf *b, size_t *out_len);

#endif
