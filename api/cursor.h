/*
 * cursor.h - where the next page of a list begins, as a text that only we
 *            can write.
 *
 * Knows:    the sort key of the last item, and whose list it was.
 * Not here: lists (req.h), what a sort key is.
 * Pure:     no clock, no descriptor; runs in any thread.
 *
 * Hexadecimal: eight bytes of SipHash over the list's name and the key, then
 * the key.  The pages are by key, so items that come and go between two
 * pages neither repeat nor hide others.
 */
#ifndef API_CURSOR_H
#define API_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURSOR_BYTES = 2400, CURSOR_SECRET_BYTES = 32 };

/**
 * cursor_print() - @out: "" when the key is too long for a cursor
 * @secret: CURSOR_SECRET_BYTES that all apids of a database share
 * @list:   the list and its order: a cursor of another one is refused
 * @key:    printable ASCII
 */
void cursor_print(const uint8_t *secret, const char *list, const char *key,
    char out[CURSOR_BYTES]);

/** cursor_parse() - false when it is not one of ours for this list */
bool cursor_parse(const uint8_t *secret, const char *list,
    const char *cursor, char out[CURSOR_BYTES]);

#endif
