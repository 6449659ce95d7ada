/*
 * dname.c - domain names in wire form.
 *
 * Pure functions over caller's memory.  Every loop ends at DNAME_MAX octets or
 * DNAME_JUMPS_MAX pointers, whatever the bytes say.
 */
#include <string.h>

#include "common/dns/dname.h"

enum err
dname_scan(const uint8_t *bytes, size_t len, size_t *out_len)
{
	size_t max = len < DNAME_MAX ? len : DNAME_MAX;
	size_t at = 0;

	while (at < max) {
		uint8_t n = bytes[at];

		if (n == 0) {
			*out_len = at + 1;
			return OK;
		}
		if (n > DNAME_LABEL_MAX)
			return ERR_MALFORMED;
		at += 1u + n;
	}
	return ERR_MALFORMED;
}

enum err
dname_unpack(const uint8_t *msg, size_t len, size_t off, uint8_t *out_name,
    size_t *out_len, size_t *out_next)
{
	size_t at = off, low = off, n_out = 0, next = 0;
	unsigned n_jumps = 0;

	while (at < len) {
		uint8_t n = msg[at];

		if (n <= DNAME_LABEL_MAX) {
			if (len - at < 1u + n || n_out + 1u + n > DNAME_MAX)
				return ERR_MALFORMED;
			memcpy(out_name + n_out, msg + at, 1u + n);
			n_out += 1u + n;
			at += 1u + n;
			if (n > 0)
				continue;
			*out_len = n_out;
			*out_next = n_jumps > 0 ? next : at;
			return OK;
		}
		if (n < 0xc0 || len - at < 2)
			return ERR_MALFORMED;
		if (n_jumps == 0)
			next = at + 2;
		if (++n_jumps > DNAME_JUMPS_MAX)
			return ERR_MALFORMED;
		at = (size_t)(n & 0x3f) << 8 | msg[at + 1];
		/* before this run, behind the message's header */
		if (at >= low || at < 12)
			return ERR_MALFORMED;
		low = at;
	}
	return ERR_MALFORMED;
}

size_t
dname_len(const uint8_t *name)
{
	size_t at = 0;

	while (name[at] != 0)
		at += 1u + name[at];
	return at + 1;
}

unsigned
dname_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (size_t at = 0; name[at] != 0; at += 1u + name[at])
		n++;
	return n;
}

unsigned
dname_offsets(const uint8_t *name, uint8_t *out_off)
{
	unsigned n = 0;
	size_t at = 0;

	while (name[at] != 0) {
		out_off[n++] = (uint8_t)at;
		at += 1u + name[at];
	}
	out_off[n] = (uint8_t)at;
	return n;
}

size_t
dname_lower(const uint8_t *name, uint8_t *out_name)
{
	size_t len = dname_len(name);

	/* Length octets are below 'A', so they pass unchanged. */
	for (size_t i = 0; i < len; i++)
		out_name[i] = dname_lower_octet(name[i]);
	return len;
}

bool
dname_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len = dname_len(a);

	if (len != dname_len(b))
		return false;
	/* Length octets are below 'A': comparing them folded is exact. */
	for (size_t i = 0; i < len; i++)
		if (dname_lower_octet(a[i]) != dname_lower_octet(b[i]))
			return false;
	return true;
}

static int
label_compare(const uint8_t *a, const uint8_t *b)
{
	unsigned na = a[0], nb = b[0];
	unsigned n = na < nb ? na : nb;

	for (unsigned i = 1; i <= n; i++) {
		int d = (int)dname_lower_octet(a[i]) -
		    (int)dname_lower_octet(b[i]);

		if (d != 0)
			return d;
	}
	return (int)na - (int)nb;
}

int
dname_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t off_a[DNAME_LABELS_MAX + 1], off_b[DNAME_LABELS_MAX + 1];
	unsigned na = dname_offsets(a, off_a);
	unsigned nb = dname_offsets(b, off_b);

	while (na > 0 && nb > 0) {
		int d = label_compare(a + off_a[--na], b + off_b[--nb]);

		if (d != 0)
			return d;
	}
	return (int)na - (int)nb;
}

bool
dname_is_under(const uint8_t *name, const uint8_t *apex)
{
	size_t len = dname_len(name), len_apex = dname_len(apex);
	size_t at = 0;

	if (len < len_apex)
		return false;
	/* The apex must begin at a label of the name. */
	while (at < len - len_apex)
		at += 1u + name[at];
	return at == len - len_apex && dname_equal(name + at, apex);
}

static size_t
print_octet(uint8_t c, char *out)
{
	if (c <= 0x20 || c >= 0x7f) {
		out[0] = '\\';
		out[1] = (char)('0' + c / 100);
		out[2] = (char)('0' + c / 10 % 10);
		out[3] = (char)('0' + c % 10);
		return 4;
	}
	if (strchr(".\\\"();@$", c) != NULL) {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	out[0] = (char)c;
	return 1;
}

size_t
dname_print(const uint8_t *name, char *out_text)
{
	size_t at = 0, n = 0;

	if (name[0] == 0)
		out_text[n++] = '.';
	while (name[at] != 0) {
		for (unsigned i = 1; i <= name[at]; i++)
			n += print_octet(name[at + i], out_text + n);
		out_text[n++] = '.';
		at += 1u + name[at];
	}
	out_text[n] = '\0';
	return n;
}

size_t
dname_print_bare(const uint8_t *name, char *out_text)
{
	size_t n = dname_print(name, out_text);

	if (n > 1)
		out_text[--n] = '\0';
	return n;
}

/* One octet of text, escapes undone; returns characters used, 0 if bad. */
static size_t
parse_octet(const char *text, size_t len, uint8_t *out_octet)
{
	unsigned value = 0;

	if (text[0] != '\\') {
		*out_octet = (uint8_t)text[0];
		return *out_octet > 0x20 && *out_octet < 0x7f ? 1 : 0;
	}
	if (len < 2)
		return 0;
	if (text[1] < '0' || text[1] > '9') {
		*out_octet = (uint8_t)text[1];
		return *out_octet >= 0x20 && *out_octet < 0x7f ? 2 : 0;
	}
	if (len < 4)
		return 0;
	for (size_t i = 1; i <= 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out_octet = (uint8_t)value;
	return value <= 255 ? 4 : 0;
}

enum err
dname_parse(const char *text, size_t len, uint8_t *out_name, size_t *out_len)
{
	size_t at = 0, label = 0, n = 1;

	if (len == 1 && text[0] == '.') {
		out_name[0] = 0;
		*out_len = 1;
		return OK;
	}
	if (len == 0)
		return ERR_MALFORMED;
	while (at < len) {
		uint8_t c;
		size_t used;

		if (text[at] == '.') {
			if (n == label + 1)	/* an empty label */
				return ERR_MALFORMED;
			out_name[label] = (uint8_t)(n - label - 1);
			label = n++;
			at++;
			continue;
		}
		used = parse_octet(text + at, len - at, &c);
		/* One place is kept for the root label. */
		if (used == 0 || n - label > DNAME_LABEL_MAX ||
		    n >= DNAME_MAX - 1)
			return ERR_MALFORMED;
		out_name[n++] = c;
		at += used;
	}
	if (n > label + 1) {			/* no final dot */
		out_name[label] = (uint8_t)(n - label - 1);
		label = n;
	}
	out_name[label] = 0;
	*out_len = label + 1;
	return OK;
}
