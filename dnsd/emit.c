/*
 * emit.c - see emit.h.
 */
#include "dnsd/emit.h"

#include <string.h>

#include "common/dns/ownerkey.h"
#include "dnsd/octets.h"

enum {
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	POINTER = 0xc0,
	JUMPS_MAX = 128,
};

static inline uint8_t
lower(uint8_t c)
{
	return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

static uint32_t
suffix_hash(const uint8_t *name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0;; i++) {
		h = (h ^ lower(name[i])) * 16777619u;
		if (name[i] == 0)
			return h;
		for (size_t end = i + name[i]; i < end; )
			h = (h ^ lower(name[++i])) * 16777619u;
	}
}

static void
remember(struct emit *e, size_t at, uint32_t hash)
{
	if (at > EMIT_POINTER_MAX || e->n_suffixes == EMIT_SUFFIXES_MAX)
		return;
	e->suffix[e->n_suffixes++] =
	    (struct emit_suffix){ .at = (uint16_t)at, .hash = hash };
}

void
emit_begin(struct emit *e, uint8_t *base, size_t question_end, size_t limit,
    size_t room, uint16_t apex_at, bool compress)
{
	e->base = base;
	e->len = question_end;
	e->limit = limit;
	e->room = room;
	e->count[0] = e->count[1] = e->count[2] = 0;
	e->apex_at = apex_at;
	e->compress = compress;
	e->n_suffixes = 0;
	if (!compress)
		return;
	for (size_t at = EMIT_QNAME; base[at] != 0; at += 1u + base[at])
		remember(e, at, suffix_hash(base + at));
}

/* Is the name in the message at @at the same as the uncompressed @name? */
static bool
same_name(const struct emit *e, size_t at, const uint8_t *name)
{
	for (unsigned i = 0; i < JUMPS_MAX * 2; i++) {
		unsigned n = e->base[at];

		if (n >= POINTER) {
			at = octets_get16(e->base + at) & EMIT_POINTER_MAX;
			continue;
		}
		if (n != name[0])
			return false;
		if (n == 0)
			return true;
		for (unsigned k = 1; k <= n; k++)
			if (lower(e->base[at + k]) != lower(name[k]))
				return false;
		at += 1 + n;
		name += 1 + n;
	}
	return false;
}

/*
 * Append an uncompressed name, the longest known suffix as a pointer. The
 * caller has made room for all of it. Returns the bytes of @name read.
 */
static size_t
put_name(struct emit *e, const uint8_t *name)
{
	const uint8_t *start = name;
	const uint8_t *rest;
	unsigned first = e->n_suffixes;

	while (*name != 0) {
		uint32_t h = suffix_hash(name);

		for (unsigned i = 0; i < e->n_suffixes; i++) {
			if (e->suffix[i].hash != h ||
			    e->suffix[i].hops == EMIT_HOPS_MAX ||
			    !same_name(e, e->suffix[i].at, name))
				continue;
			octets_put16(e->base + e->len,
			    0xc000u | e->suffix[i].at);
			e->len += 2;
			for (unsigned k = first; k < e->n_suffixes; k++)
				e->suffix[k].hops = (uint16_t)
				    (e->suffix[i].hops + 1);
			for (rest = name; *rest != 0; )
				rest += 1 + *rest;
			return (size_t)(rest + 1 - start);
		}
		remember(e, e->len, h);
		memcpy(e->base + e->len, name, 1u + *name);
		e->len += 1u + *name;
		name += 1 + *name;
	}
	e->base[e->len++] = 0;
	return (size_t)(name + 1 - start);
}

static void
put_rdata(struct emit *e, unsigned type, const uint8_t *rdata, size_t len)
{
	size_t skip = type == TYPE_MX ? 2 : 0;
	unsigned names = type == TYPE_SOA ? 2 : 1;
	size_t length_at = e->len - 2;
	size_t at = skip;

	memcpy(e->base + e->len, rdata, skip);
	e->len += skip;
	while (names-- > 0)
		at += put_name(e, rdata + at);
	memcpy(e->base + e->len, rdata + at, len - at);
	e->len += len - at;
	octets_put16(e->base + length_at, (unsigned)(e->len - length_at - 2));
}

static bool
is_compressible(unsigned type)
{
	return type == TYPE_NS || type == TYPE_CNAME || type == TYPE_SOA ||
	    type == TYPE_PTR || type == TYPE_MX;
}

/* The owner: a pointer, or relative labels and the apex of the question. */
static void
put_owner(struct emit *e, struct emit_owner *owner)
{
	size_t at = e->len;

	if (owner->at != 0) {
		octets_put16(e->base + e->len, 0xc000u | owner->at);
		e->len += 2;
		return;
	}
	e->len += ownerkey_to_labels(owner->key, owner->key_len,
	    e->base + e->len);
	octets_put16(e->base + e->len, 0xc000u | e->apex_at);
	e->len += 2;
	owner->at = emit_reach(at);
}

bool
emit_put_fast(struct emit *e, const struct emit_set *set)
{
	size_t n = set->rr_len + set->sig_len;

	if (n > e->limit - e->len)
		return false;
	memcpy(e->base + e->len, set->rr, n);
	e->len += n;
	e->count[EMIT_ANSWER] = (uint16_t)(e->count[EMIT_ANSWER] + set->n_rr +
	    emit_count_records(set->rr + set->rr_len, set->sig_len));
	return true;
}

/* The owners of records that lie behind one another, as pointers. Returns
 * how many records there are. */
static unsigned
patch_owners(uint8_t *rr, const uint8_t *end, unsigned at)
{
	unsigned n = 0;

	for (; rr < end; n++) {
		octets_put16(rr, 0xc000u | at);
		rr += EMIT_RR_FIXED + octets_get16(rr + 10);
	}
	return n;
}

/* As it is stored: one copy, then the owners. */
static bool
put_whole(struct emit *e, struct emit_owner *owner, const struct emit_set *set,
    unsigned *out_n)
{
	size_t size = set->rr_len + set->sig_len;
	size_t start = e->len;
	size_t first;
	uint8_t *p;

	/* A key is at least as long as its labels in wire form. */
	if (size + (owner->at == 0 ? owner->key_len : 0u) > e->room - start)
		return false;
	put_owner(e, owner);
	p = e->base + e->len - 2;	/* the owner ends with its pointer */
	memcpy(p + 2, set->rr + 2, size - 2);
	e->len += size - 2;
	if (e->len > e->limit)
		return false;
	first = EMIT_RR_FIXED + octets_get16(p + 10);
	*out_n = 1 + patch_owners(p + first, p + size, owner->at);
	return true;
}

/* A record at a time, names in rdata made shorter. */
static bool
put_each(struct emit *e, struct emit_owner *owner, const struct emit_set *set,
    unsigned *out_n)
{
	size_t size = set->rr_len + set->sig_len;
	unsigned n = 0;

	for (size_t at = 0; at < size; n++) {
		const uint8_t *rr = set->rr + at;
		size_t rdlen = octets_get16(rr + 10);
		unsigned type = octets_get16(rr + 2);
		size_t need = EMIT_RR_FIXED + rdlen +
		    (owner->at == 0 ? owner->key_len : 0u);

		if (need > e->room - e->len)
			return false;
		put_owner(e, owner);
		memcpy(e->base + e->len, rr + 2, EMIT_RR_FIXED - 2);
		e->len += EMIT_RR_FIXED - 2;
		if (e->compress && is_compressible(type)) {
			put_rdata(e, type, rr + EMIT_RR_FIXED, rdlen);
		} else {
			memcpy(e->base + e->len, rr + EMIT_RR_FIXED, rdlen);
			e->len += rdlen;
		}
		at += EMIT_RR_FIXED + rdlen;
	}
	*out_n = n;
	return e->len <= e->limit;
}

bool
emit_put(struct emit *e, enum emit_section section, struct emit_owner *owner,
    const struct emit_set *set, size_t *out_at)
{
	size_t start = e->len;
	uint8_t n_suffixes = e->n_suffixes;
	struct emit_owner kept = *owner;
	unsigned n;

	if (out_at != NULL)
		*out_at = start;
	if (!(e->compress || (owner->at == 0 && emit_reach(start) == 0) ?
	    put_each(e, owner, set, &n) : put_whole(e, owner, set, &n))) {
		e->len = start;
		e->n_suffixes = n_suffixes;
		*owner = kept;
		return false;
	}
	e->count[section] = (uint16_t)(e->count[section] + n);
	return true;
}

/* Behind the owner name of the record at @at. */
static size_t
skip_owner(const struct emit *e, size_t at)
{
	while (e->base[at] != 0 && e->base[at] < POINTER)
		at += 1u + e->base[at];
	return at + (e->base[at] == 0 ? 1 : 2);
}

size_t
emit_rdata(const struct emit *e, size_t at, size_t *out_end)
{
	size_t fixed = skip_owner(e, at);

	*out_end = fixed + 10 + octets_get16(e->base + fixed + 8);
	return fixed + 10;
}

void
emit_cap_ttl(struct emit *e, size_t at, uint32_t ttl_max)
{
	while (at < e->len) {
		size_t end, rdata = emit_rdata(e, at, &end);
		uint8_t *p = e->base + rdata - 6;
		uint32_t ttl = (uint32_t)octets_get16(p) << 16 |
		    octets_get16(p + 2);

		if (ttl > ttl_max) {
			octets_put16(p, ttl_max >> 16);
			octets_put16(p + 2, ttl_max & 0xffff);
		}
		at = end;
	}
}

uint16_t
emit_skip_labels(const struct emit *e, size_t at, unsigned n)
{
	for (unsigned i = 0; i < JUMPS_MAX * 2; i++) {
		unsigned len = e->base[at];

		if (len >= POINTER) {
			at = octets_get16(e->base + at) & EMIT_POINTER_MAX;
			continue;
		}
		if (n == 0 || len == 0)
			return emit_reach(at);
		at += 1 + len;
		n--;
	}
	return 0;
}
