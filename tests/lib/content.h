/*
 * content.h - zone content for tests: random records and the naive model of
 * their normal form.
 *
 * The model shares rr_canonical_in_place() with the code under test and
 * nothing else: it sorts everything by full comparison and looks at no page.
 */
#ifndef TESTS_LIB_CONTENT_H
#define TESTS_LIB_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rr.h"
#include "tests/lib/rng.h"

struct content_rr {
	uint8_t key[OWNERKEY_MAX];
	uint16_t key_len;
	uint16_t type;
	uint32_t ttl;
	uint16_t rdlen;
	uint8_t rdata[400];
	/* the model's */
	uint16_t set;
	uint8_t place;
	uint8_t canon[400];
	uint32_t order;			/* of a change */
	uint8_t verb;
};

struct content {
	struct content_rr *rr;
	size_t n, cap;
};

static inline struct content_rr *
content_add(struct content *c, const struct content_rr *rr)
{
	if (c->n == c->cap) {
		c->cap = c->cap == 0 ? 64 : c->cap * 2;
		c->rr = realloc(c->rr, c->cap * sizeof(*c->rr));
		if (c->rr == NULL)
			abort();
	}
	c->rr[c->n] = *rr;
	return &c->rr[c->n++];
}

static inline void
content_free(struct content *c)
{
	free(c->rr);
	memset(c, 0, sizeof(*c));
}

static inline size_t
content_random_rdname(struct rng *r, uint8_t *out)
{
	size_t n = 0;

	for (uint32_t labels = rng_below(r, 4); labels > 0; labels--) {
		size_t len = 1 + rng_below(r, 5);

		out[n++] = (uint8_t)len;
		while (len-- > 0)
			out[n++] = (uint8_t)"abABz*\0"[rng_below(r, 7)];
	}
	out[n++] = 0;
	return n;
}

static inline void
content_random_bytes(struct rng *r, uint8_t *out, size_t n)
{
	while (n-- > 0)
		*out++ = (uint8_t)rng_u64(r);
}

static const uint16_t content_types[] = { 1, 1, 1, 2, 2, 15, 16, 28, 43, 46,
    46, 47, 5, 33, 65280, 257, 39, 48 };

/* Random well-formed rdata; few different values, so that some meet again. */
static inline void
content_random_rdata(struct rng *r, struct content_rr *rr)
{
	uint8_t *p = rr->rdata;
	size_t n = 0, len;

	memset(rr->rdata, 0, sizeof(rr->rdata));
	switch (rr->type) {
	case RRTYPE_A:
		content_random_bytes(r, p, 4);
		if (rng_once_in(r, 2))
			p[0] = p[1] = p[2] = 9, p[3] &= 7;
		n = 4;
		break;
	case RRTYPE_AAAA:
		p[15] = (uint8_t)rng_u64(r);
		n = 16;
		break;
	case RRTYPE_NS:
	case RRTYPE_CNAME:
	case RRTYPE_DNAME:
		n = content_random_rdname(r, p);
		break;
	case RRTYPE_SOA:
		n = content_random_rdname(r, p);
		n += content_random_rdname(r, p + n);
		content_random_bytes(r, p + n, 20);
		n += 20;
		break;
	case RRTYPE_MX:
		p[1] = (uint8_t)rng_below(r, 3);
		n = 2 + content_random_rdname(r, p + 2);
		break;
	case RRTYPE_SRV:
		p[5] = (uint8_t)rng_below(r, 3);
		n = 6 + content_random_rdname(r, p + 6);
		break;
	case RRTYPE_TXT:
		len = rng_below(r, rng_once_in(r, 4) ? 200 : 3);
		p[0] = (uint8_t)len;
		content_random_bytes(r, p + 1, len);
		n = 1 + len;
		break;
	case RRTYPE_DS:
	case RRTYPE_DNSKEY:
		content_random_bytes(r, p, 36);
		n = 36;
		break;
	case RRTYPE_NSEC:
		n = content_random_rdname(r, p);
		memcpy(p + n, "\0\1\x40", 3);
		n += 3;
		break;
	case RRTYPE_NSEC3:
		memcpy(p, "\1\0\0\0\0\4abcd\0\1\x40", 13);
		p[6] = (uint8_t)rng_u64(r);
		n = 13;
		break;
	case RRTYPE_RRSIG:
		p[1] = (uint8_t)content_types[rng_below(r,
		    COUNT_OF(content_types))];
		p[2] = 8;
		content_random_bytes(r, p + 16, 2);
		n = 18 + content_random_rdname(r, p + 18);
		content_random_bytes(r, p + n, 8);
		n += 8;
		break;
	case 257:
		memcpy(p, "\0\5issueca", 9);
		p[8] = (uint8_t)('a' + rng_below(r, 3));
		n = 9;
		break;
	default:
		n = rng_below(r, 6);
		content_random_bytes(r, p, n);
		break;
	}
	rr->rdlen = (uint16_t)n;
	if (rr_rdata_check(rr->type, rr->rdata, rr->rdlen) != OK)
		abort();
}

/* TTLs are a function of the set, so that content is regular. */
static inline uint32_t
content_ttl(const struct content_rr *rr, uint32_t salt)
{
	if (rr->type == RRTYPE_RRSIG)
		return 900;
	return 60 + (rr->type * 7u + rr->key_len * 13u + salt) % 3000;
}

/* A random owner out of about @n_names. */
static inline void
content_random_key(struct rng *r, uint32_t n_names, struct content_rr *rr)
{
	static const char hex[] = "0123456789abcdefghijklmnopqrstuv";
	uint32_t id = rng_below(r, n_names);
	size_t n = 0;

	if (rr->type == RRTYPE_NSEC3 || (rr->type == RRTYPE_RRSIG &&
	    rr_rrsig_covered(rr->rdata, rr->rdlen) == RRTYPE_NSEC3)) {
		rr->key[n++] = 1;
		id = id * 2654435761u;
		for (int i = 0; i < 6; i++, id >>= 5)
			rr->key[n++] = (uint8_t)hex[id & 31];
		rr->key[n++] = 0;
	} else {
		rr->key[n++] = 0;
		if (id % 5 != 0) {
			n += (size_t)snprintf((char *)rr->key + n, 40,
			    "host-%u", id / 7) + 1;
			if (id % 7 == 1)
				memcpy(rr->key + n, "\1\1*\0", 4), n += 4;
			if (id % 7 == 2)
				memcpy(rr->key + n, "_sub\0", 5), n += 5;
		} else if (id != 0) {
			n += (size_t)snprintf((char *)rr->key + n, 40,
			    "%x-quite-a-long-label-to-fill", id) + 1;
		}
	}
	rr->key_len = (uint16_t)n;
}

static inline void
content_random_rr(struct rng *r, uint32_t n_names, struct content_rr *rr)
{
	memset(rr, 0, sizeof(*rr));
	rr->type = rng_once_in(r, 12) ? RRTYPE_NSEC3 :
	    content_types[rng_below(r, COUNT_OF(content_types))];
	content_random_rdata(r, rr);
	if (rr->type == RRTYPE_RRSIG && rng_once_in(r, 8))
		rr->rdata[1] = RRTYPE_NSEC3;
	content_random_key(r, n_names, rr);
	rr->ttl = content_ttl(rr, 0);
}

static inline int
content_compare_owner(const struct content_rr *a, const struct content_rr *b)
{
	return ownerkey_compare(a->key, a->key_len, b->key, b->key_len);
}

static inline int
content_by_key(const void *va, const void *vb)
{
	const struct content_rr *a = va, *b = vb;
	int d = content_compare_owner(a, b);

	return d != 0 ? d : (a->order > b->order) - (a->order < b->order);
}

static inline int
content_compare_canon(const struct content_rr *a, const struct content_rr *b)
{
	size_t n = a->rdlen < b->rdlen ? a->rdlen : b->rdlen;
	int d = memcmp(a->canon, b->canon, n);

	return d != 0 ? d : (int)a->rdlen - (int)b->rdlen;
}

static inline int
content_by_all(const void *va, const void *vb)
{
	const struct content_rr *a = va, *b = vb;
	int d = content_compare_owner(a, b);

	if (d == 0)
		d = (int)a->set - (int)b->set;
	if (d == 0)
		d = (int)a->place - (int)b->place;
	if (d == 0)
		d = content_compare_canon(a, b);
	if (d == 0)
		d = memcmp(a->rdata, b->rdata, a->rdlen);
	return d;
}

static inline bool
content_same(const struct content_rr *a, const struct content_rr *b)
{
	return a->type == b->type && a->key_len == b->key_len &&
	    memcmp(a->key, b->key, a->key_len) == 0 &&
	    rr_canonical_compare(a->type, a->rdata, a->rdlen, b->rdata,
	    b->rdlen) == 0;
}

/* Bring to normal form, naively. */
static inline void
content_normalise(struct content *c)
{
	size_t kept = 0;

	qsort(c->rr, c->n, sizeof(*c->rr), content_by_key);
	for (size_t i = 0, end; i < c->n; i = end) {
		for (end = i; end < c->n && content_compare_owner(&c->rr[i],
		    &c->rr[end]) == 0; end++) {
			struct content_rr *rr = &c->rr[end];

			if (rr->ttl >> 31)
				rr->ttl = 0;
			rr->set = rr->type;
			rr->place = 0;
			memcpy(rr->canon, rr->rdata, sizeof(rr->canon));
			rr_canonical_in_place(rr->type, rr->canon, rr->rdlen);
		}
		for (size_t k = i; k < end; k++) {
			struct content_rr *rr = &c->rr[k];
			uint16_t covered = (uint16_t)(rr->rdata[0] << 8 |
			    rr->rdata[1]);

			if (rr->type != RRTYPE_RRSIG)
				continue;
			for (size_t j = i; j < end; j++)
				if (c->rr[j].type == covered &&
				    covered != RRTYPE_RRSIG) {
					rr->set = covered;
					rr->place = 1;
				}
		}
	}
	qsort(c->rr, c->n, sizeof(*c->rr), content_by_all);
	for (size_t i = 0, end; i < c->n; i = end) {
		uint32_t ttl = UINT32_MAX;

		for (end = i; end < c->n && content_compare_owner(&c->rr[i],
		    &c->rr[end]) == 0 && c->rr[i].set == c->rr[end].set &&
		    c->rr[i].place == c->rr[end].place; end++)
			ttl = c->rr[end].ttl < ttl ? c->rr[end].ttl : ttl;
		for (size_t k = i; k < end; k++) {
			c->rr[k].ttl = ttl;
			if (k > i && content_same(&c->rr[kept - 1],
			    &c->rr[k]))
				continue;
			c->rr[kept++] = c->rr[k];
		}
	}
	c->n = kept;
}

static inline void
content_stream_rr(struct buf *out, const uint8_t *key, uint16_t key_len,
    uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t rdlen)
{
	buf_u16(out, key_len);
	buf_bytes(out, key, key_len);
	buf_u16(out, type);
	buf_u32(out, ttl);
	buf_u16(out, rdlen);
	buf_bytes(out, rdata, rdlen);
}

/* The canonical record stream: of normalised content, and of a page. */
static inline void
content_stream(const struct content *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct content_rr *rr = &c->rr[i];

		content_stream_rr(out, rr->key, rr->key_len, rr->type,
		    rr->ttl, rr->rdata, rr->rdlen);
	}
}

static inline void
content_stream_page(const uint8_t *page, struct buf *out)
{
	for (unsigned i = 0; i < page_n_names(page); i++) {
		struct page_name name;
		struct page_walk w;
		struct page_rr rr;

		page_name_at(page, i, &name);
		page_walk_begin(&w, &name);
		while (page_walk_next(&w, &rr))
			content_stream_rr(out, rr.key, rr.key_len, rr.type,
			    rr.ttl, rr.rdata, rr.rdlen);
	}
}

#endif
