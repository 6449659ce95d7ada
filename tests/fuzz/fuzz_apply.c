/*
 * IXFR applied to a stored version, against a naive set: the changes fit when
 * and only when the set says so, and what comes out is the set.
 *
 * The input is changes of 4 octets: owner, type and letter case, value, verb.
 * The old version is always the same one, of several pages.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGES_MAX	300

/* Equal inputs are equal records. */
static void
record(const uint8_t p[4], struct content_rr *rr)
{
	unsigned v = p[2] & 7;

	memset(rr, 0, sizeof(*rr));
	rr->key_len = 1;
	if (p[0] != 0)
		rr->key_len = (uint16_t)(2 + snprintf((char *)rr->key + 1, 40,
		    "host-%02x", p[0]));
	if (p[0] % 16 == 5)			/* a child, and an ENT */
		rr->key_len = (uint16_t)(rr->key_len + 1 + snprintf(
		    (char *)rr->key + rr->key_len, 40, "below"));
	switch (p[1] & 3) {
	case 0:
		rr->type = RRTYPE_A;
		rr->rdlen = 4;
		rr->rdata[3] = (uint8_t)v;
		break;
	case 1:
		rr->type = RRTYPE_TXT;
		rr->rdlen = (uint16_t)(2 + v * 20);
		rr->rdata[0] = (uint8_t)(1 + v * 20);
		break;
	case 2:
		rr->type = RRTYPE_NS;
		rr->rdlen = 4;
		memcpy(rr->rdata, "\2na", 4);
		rr->rdata[2] = (uint8_t)('a' + v);
		if (p[1] & 4)			/* the same in capitals */
			rr->rdata[1] = 'N';
		break;
	default:
		rr->type = RRTYPE_RRSIG;
		rr->rdlen = 20;
		rr->rdata[1] = v & 1 ? RRTYPE_A : RRTYPE_MX;
		rr->rdata[19] = (uint8_t)v;
		break;
	}
	rr->ttl = rr->type == RRTYPE_RRSIG ? 900 : 300;
}

static void
old_version(struct content *c, struct version *v)
{
	struct zonediff_result res;
	struct version_run run;
	struct content_rr rr;

	for (unsigned owner = 0; owner < 256; owner += 1 + owner % 3)
		for (unsigned type = 0; type < 3; type++)
			for (unsigned value = type; value < 7; value += 2) {
				uint8_t p[4] = { (uint8_t)owner,
				    (uint8_t)type, (uint8_t)value, 0 };

				record(p, &rr);
				content_add(c, &rr);
			}
	content_normalise(c);
	if (version_run(&run, NULL, c, false, &res) != OK || run.out.n < 3)
		abort();
	*v = run.out;
}

/* The set after one change; false when it does not fit. */
static bool
apply(struct content *set, const struct content_rr *rr)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!content_same(&set->rr[i], rr))
			continue;
		if (rr->verb == ZONEDIFF_ADD)
			return false;
		set->rr[i] = set->rr[--set->n];
		return true;
	}
	if (rr->verb == ZONEDIFF_DELETE)
		return false;
	content_add(set, rr);
	return true;
}

static void
same(const struct content *set, const struct version *v)
{
	struct buf want, got;

	buf_init(&want, 1 << 26);
	buf_init(&got, 1 << 26);
	content_stream(set, &want);
	version_stream(v, &got);
	if (want.len != got.len || memcmp(want.data, got.data, got.len) != 0)
		abort();
	buf_fini(&want);
	buf_fini(&got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct content base, set, changes;
	static struct version old;
	struct zonediff_result res;
	struct version_run run;
	bool fits = true;
	enum err e;

	if (base.n == 0)
		old_version(&base, &old);
	set.n = changes.n = 0;
	for (size_t i = 0; i < base.n; i++)
		content_add(&set, &base.rr[i]);
	for (size_t at = 0; size - at >= 4 && changes.n < CHANGES_MAX;
	    at += 4) {
		struct content_rr rr;

		record(data + at, &rr);
		rr.verb = data[at + 3] & 1 ? ZONEDIFF_DELETE : ZONEDIFF_ADD;
		rr.order = (uint32_t)changes.n;
		content_add(&changes, &rr);
		fits = fits && apply(&set, &rr);
	}
	if (changes.n == 0)
		return 0;
	qsort(changes.rr, changes.n, sizeof(*changes.rr), content_by_key);
	e = version_run(&run, &old, &changes, true, &res);
	if (e != (!fits ? ERR_MISMATCH : set.n == 0 ? ERR_INVALID : OK))
		abort();
	if (e == OK) {
		content_normalise(&set);
		same(&set, &run.out);
	}
	version_free(&run.out);
	return 0;
}
