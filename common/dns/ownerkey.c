/*
 * ownerkey.c - owner names as byte strings in canonical order.
 *
 * Pure; every loop is bounded by the length given or by DNAME_LABELS_MAX.
 * Why the order is right: a terminator 00 sorts below every octet that an
 * escaped label can hold (01 and up), so a shorter label, and a parent, come
 * first; 00 -> 01 01 and 01 -> 01 02 keep the order of octets and are longer
 * than nothing, so they change no comparison either.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"

/* One label from wire form to key form; returns octets written. */
static size_t
label_escape(const uint8_t *label, uint8_t *out)
{
	size_t n = 0;

	for (unsigned i = 1; i <= label[0]; i++) {
		uint8_t c = dname_lower_octet(label[i]);

		if (c <= 1) {
			out[n++] = 1;
			out[n++] = (uint8_t)(c + 1);
		} else {
			out[n++] = c;
		}
	}
	out[n++] = 0;
	return n;
}

/* One label of @len octets from key form to wire form; returns octets
 * written. */
static size_t
label_unescape(const uint8_t *key, size_t len, uint8_t *out)
{
	size_t n = 1;

	if (memchr(key, 1, len) == NULL) {	/* nothing is escaped */
		memcpy(out + 1, key, len);
		out[0] = (uint8_t)len;
		return len + 1;
	}
	for (size_t at = 0; at < len; at++) {
		if (key[at] == 1 && at + 1 < len)
			out[n++] = (uint8_t)(key[++at] - 1);
		else
			out[n++] = key[at];
	}
	out[0] = (uint8_t)(n - 1);
	return n;
}

enum err
ownerkey_from_dname(const uint8_t *owner, const uint8_t *apex, int tree,
    struct ownerkey *out_key)
{
	uint8_t off[DNAME_LABELS_MAX + 1];
	unsigned n, n_apex;
	size_t len = 0;

	n = dname_offsets(owner, off);
	n_apex = dname_labels(apex);
	if (n < n_apex || !dname_equal(owner + off[n - n_apex], apex))
		return ERR_NOT_IN_ZONE;
	n -= n_apex;
	out_key->n_labels = (uint8_t)n;
	out_key->bytes[len++] = (uint8_t)tree;
	while (n > 0)
		len += label_escape(owner + off[--n], out_key->bytes + len);
	out_key->len = (uint16_t)len;
	return OK;
}

bool
ownerkey_check(const uint8_t *key, size_t len, size_t apex_len)
{
	size_t n_wire = apex_len, n_label = 0;

	if (len < 1 || len > OWNERKEY_MAX || key[0] > OWNERKEY_TREE_NSEC3)
		return false;
	for (size_t at = 1; at < len; at++) {
		uint8_t c = key[at];

		if (c == 0) {
			if (n_label == 0 || n_label > DNAME_LABEL_MAX)
				return false;
			n_wire += 1 + n_label;
			n_label = 0;
			continue;
		}
		if (c == 1) {
			if (++at == len || key[at] < 1 || key[at] > 2)
				return false;
		} else if (dname_lower_octet(c) != c) {
			return false;
		}
		n_label++;
	}
	return n_label == 0 && n_wire <= DNAME_MAX;
}

size_t
ownerkey_to_labels(const uint8_t *key, size_t len, uint8_t *out)
{
	uint16_t start[OWNERKEY_LABELS_MAX + 1] UNINITIALIZED;
	unsigned n = 0;
	size_t n_out = 0, at = 1;

	start[0] = 1;
	while (at < len && n < OWNERKEY_LABELS_MAX) {
		const uint8_t *end = memchr(key + at, 0, len - at);

		/* An escaped octet is 01 or 02: every 00 ends a label. */
		at = (end != NULL ? (size_t)(end - key) : len) + 1;
		start[++n] = (uint16_t)at;
	}
	for (; n > 0; n--)
		n_out += label_unescape(key + start[n - 1],
		    start[n] - 1u - start[n - 1], out + n_out);
	return n_out;
}

size_t
ownerkey_to_dname(const uint8_t *key, size_t len, const uint8_t *apex,
    uint8_t *out)
{
	size_t n = ownerkey_to_labels(key, len, out);
	size_t apex_len = dname_len(apex);

	memcpy(out + n, apex, apex_len);
	return n + apex_len;
}

int
ownerkey_compare(const uint8_t *a, size_t a_len, const uint8_t *b,
    size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int d = memcmp(a, b, n);

	if (d != 0)
		return d;
	return (a_len > b_len) - (a_len < b_len);
}

size_t
ownerkey_parent_len(const uint8_t *key, size_t len)
{
	if (len <= 1)
		return 0;
	len--;				/* the label's own terminator */
	/* An escaped octet is 01 or 02, so every 00 ends a label. */
	while (len > 1 && key[len - 1] != 0)
		len--;
	return len;
}

bool
ownerkey_is_below(const uint8_t *key, size_t len, const uint8_t *anc,
    size_t anc_len)
{
	return len >= anc_len && memcmp(key, anc, anc_len) == 0;
}
