/*
 * xfrmsg.h - write the messages of a transfer, for tests of hostile primaries.
 */
#ifndef TESTS_LIB_XFRMSG_H
#define TESTS_LIB_XFRMSG_H

#include <stddef.h>
#include <stdint.h>

struct xfrmsg {
	uint8_t bytes[65535];
	size_t len;
};

/* xfrmsg_begin() - header and question "example. TYPE IN" */
void xfrmsg_begin(struct xfrmsg *m, uint16_t id, uint16_t qtype);

/* xfrmsg_rr() - a record in the answer section; @owner, @rdata in wire form */
void xfrmsg_rr(struct xfrmsg *m, const void *owner, size_t owner_len,
    uint16_t type, uint16_t class, uint32_t ttl, const void *rdata,
    size_t rdlen);

/* xfrmsg_soa() - "example. 300 IN SOA . . serial 1 2 3 4" */
void xfrmsg_soa(struct xfrmsg *m, uint32_t serial);

/* xfrmsg_a() - "LABEL.example. 300 IN A 192.0.2.N", owner compressed */
void xfrmsg_a(struct xfrmsg *m, const char *label, uint8_t n);

/* Set 16 bits of the header at @off. */
void xfrmsg_put(struct xfrmsg *m, size_t off, uint16_t v);
uint16_t xfrmsg_get(const struct xfrmsg *m, size_t off);

#endif
