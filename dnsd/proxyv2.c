/*
 * proxyv2.c - see proxyv2.h.
 *
 *	signature 12 | version, command | family, transport | length 2 |
 *	source, target, source port, target port | TLVs
 *
 * The transport is what the client used towards the proxy, which need not be
 * what the proxy uses towards us: it is not compared.
 */
#include "dnsd/proxyv2.h"

#include <string.h>

#include "dnsd/octets.h"

enum {
	SIGNATURE = 12,
	COMMAND_LOCAL = 0x20,		/* with version 2 in the upper half */
	COMMAND_PROXY = 0x21,
	FAMILY_INET = 1,
	FAMILY_INET6 = 2,
};

static const uint8_t signature[SIGNATURE + 1] =
    "\r\n\r\n\0\r\nQUIT\n";

static enum err
take_addresses(const uint8_t *p, size_t len, unsigned family,
    struct proxyv2 *out)
{
	size_t n = family == FAMILY_INET ? 4 : 16;

	if ((family != FAMILY_INET && family != FAMILY_INET6) ||
	    len < 2 * n + 4)
		return ERR_MALFORMED;
	out->ip_len = (uint8_t)n;
	memcpy(out->source, p, n);
	memcpy(out->target, p + n, n);
	out->source_port = (uint16_t)octets_get16(p + 2 * n);
	out->target_port = (uint16_t)octets_get16(p + 2 * n + 2);
	return OK;
}

enum err
proxyv2_parse(const uint8_t *bytes, size_t len, struct proxyv2 *out)
{
	struct proxyv2 h = { 0 };
	size_t size;

	if (memcmp(bytes, signature, len < SIGNATURE ? len : SIGNATURE) != 0)
		return ERR_MALFORMED;
	if (len < PROXYV2_FIXED)
		return ERR_AGAIN;
	size = PROXYV2_FIXED + octets_get16(bytes + 14);
	if (size > PROXYV2_MAX)
		return ERR_MALFORMED;
	if (size > len)
		return ERR_AGAIN;
	h.size = (uint16_t)size;
	if (bytes[12] == COMMAND_LOCAL) {
		h.local = true;
	} else if (bytes[12] != COMMAND_PROXY || take_addresses(bytes +
	    PROXYV2_FIXED, size - PROXYV2_FIXED, bytes[13] >> 4, &h) != OK) {
		return ERR_MALFORMED;
	}
	*out = h;
	return OK;
}
