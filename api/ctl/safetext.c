/*
 * safetext.c - text from elsewhere, made harmless.  See safetext.h.
 */
#include <string.h>

#include "api/ctl/safetext.h"

/* One code point; returns its bytes, 0 when they are no UTF-8 (RFC 3629). */
static size_t
decode(const uint8_t *p, size_t len, uint32_t *out)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c;

	if (n == 1) {
		*out = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	c = p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return n;
}

/* Beside ASCII: C1 controls, line separators, and marks that reorder or hide
 * what stands around them. */
static bool
acts(uint32_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0xad || c == 0x61c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void
put_control(struct buf *out, uint32_t c, enum safetext_how how)
{
	if (how == SAFETEXT_JSON && c > 0xffff)
		buf_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
		    0xdc00 + (c & 0x3ff));
	else if (how == SAFETEXT_JSON)
		buf_printf(out, "\\u%04x", c);
	else if (c < 0x80)
		buf_printf(out, "\\%03u", c);
	else
		buf_printf(out, "\\u{%x}", c);
}

void
safetext_put(struct buf *out, const char *text, size_t len,
    enum safetext_how how)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t from = 0, i = 0;

	while (i < len) {
		uint32_t c = 0;
		size_t n = decode(p + i, len - i, &c);
		bool stays = n > 0 && !acts(c) && c >= 0x20 && c != 0x7f;

		if (how != SAFETEXT_LINE && (c == '\n' || c == '\t'))
			stays = n > 0;
		if (stays) {
			i += n;
			continue;
		}
		buf_bytes(out, p + from, i - from);
		if (n == 0)
			buf_printf(out, how == SAFETEXT_JSON ? "\\u%04x" :
			    "\\x%02x", p[i]);
		else
			put_control(out, c, how);
		i += n > 0 ? n : 1;
		from = i;
	}
	buf_bytes(out, p + from, len - from);
}

void
safetext_str(struct buf *out, const char *text, enum safetext_how how)
{
	safetext_put(out, text, strlen(text), how);
}

static size_t
columns(uint32_t c)
{
	if ((c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
	    (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f))
		return 0;		/* sits on the one before */
	if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
	    (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	    (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
	    (c >= 0x20000 && c <= 0x3fffd))
		return 2;
	return 1;
}

size_t
safetext_width(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t len = strlen(text), width = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = decode(p + i, len - i, &c);

		width += n > 0 ? columns(c) : 1;
		i += n > 0 ? n : 1;
	}
	return width;
}
