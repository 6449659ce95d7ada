/*
 * buf.c - growable buffer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/check.h"

#define FIRST_CAP 256

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = OK;
}

enum err
buf_err(const struct buf *b)
{
	return b->err;
}

/* Grow so that @n more bytes and a terminator fit. The terminator is not
 * counted against max. */
enum err
buf_room(struct buf *b, size_t n)
{
	size_t need, cap;
	uint8_t *data;

	if (b->err != OK)
		return b->err;
	CHECK(b->len <= b->max);
	if (n > b->max - b->len)
		return b->err = ERR_LIMIT;
	need = b->len + n + 1;
	if (need <= b->cap)
		return OK;
	cap = MAX(b->cap, (size_t)FIRST_CAP);
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > b->max + 1)
		cap = MAX(need, b->max + 1);
	data = realloc(b->data, cap);
	if (data == NULL)
		return b->err = ERR_NO_MEMORY;
	b->data = data;
	b->cap = cap;
	return OK;
}

uint8_t *
buf_reserve(struct buf *b, size_t n)
{
	uint8_t *p;

	if (buf_room(b, n) != OK)
		return NULL;
	p = b->data + b->len;
	b->len += n;
	return p;
}

enum err
buf_bytes(struct buf *b, const void *data, size_t n)
{
	uint8_t *p = buf_reserve(b, n);

	if (p != NULL && n != 0)
		memcpy(p, data, n);
	return b->err;
}

enum err
buf_str(struct buf *b, const char *text)
{
	return buf_bytes(b, text, strlen(text));
}

enum err
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	if (b->err != OK)
		return b->err;
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return b->err = ERR_INTERNAL;
	if (buf_room(b, (size_t)n) != OK)
		return b->err;
	/* buf_room left space for the terminator that vsnprintf writes. */
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return OK;
}

enum err
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	enum err e;

	va_start(ap, fmt);
	e = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return e;
}

enum err
buf_u8(struct buf *b, uint8_t v)
{
	return buf_bytes(b, &v, 1);
}

enum err
buf_u16(struct buf *b, uint16_t v)
{
	uint8_t p[] = { (uint8_t)(v >> 8), (uint8_t)v };

	return buf_bytes(b, p, sizeof(p));
}

enum err
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t p[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v };

	return buf_bytes(b, p, sizeof(p));
}

enum err
buf_u64(struct buf *b, uint64_t v)
{
	uint8_t p[8];
	size_t i;

	for (i = 0; i < sizeof(p); i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
	return buf_bytes(b, p, sizeof(p));
}

void
buf_consume(struct buf *b, size_t n)
{
	CHECK(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

void
buf_truncate(struct buf *b, size_t len)
{
	CHECK(len <= b->len);
	b->len = len;
}

const char *
buf_cstr(struct buf *b)
{
	if (buf_room(b, 0) != OK)
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

uint8_t *
buf_take(struct buf *b, size_t *out_len)
{
	uint8_t *data = b->data;
	size_t max = b->max;

	*out_len = b->len;
	buf_init(b, max);
	return data;
}
