/*
 * From a primary's messages to pages: what IXFR makes of the old version is
 * what AXFR makes of nothing, octet by octet. T-075, T-070, T-071, T-079
 *
 * The zone of the test is a set of records.  An edit changes the set as people
 * and signers do; its difference is found by comparing the sets, written as
 * messages in any order, letter case and cut, and goes the way of the program:
 * stream, ixfr or axfr, handoff, keep's validator, zonediff.
 */
#include "tests/lib/test.h"

#include "common/dns/dname.h"
#include "tests/lib/content.h"
#include "tests/lib/version.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/ixfr.h"

static const uint8_t apex[9] = "\7example";

struct world {
	struct rng r;
	struct content zone, next;	/* the model, now and after an edit */
	struct content got;		/* what came out of the messages */
	uint8_t verb;
	uint32_t serial;
	uint8_t salt;

	struct stream s;
	struct ixfr ixfr;
	struct axfr axfr;
	bool is_ixfr, done;
	struct xfrmsg m;
	uint8_t payload[1 << 17];
};

static struct world *w;

/* ---- The way in -------------------------------------------------------- */

static void
take(const struct handoff_record *rec, uint8_t verb)
{
	struct content_rr rr = { .type = rec->type, .ttl = rec->ttl,
		.key_len = rec->key_len, .rdlen = rec->rdlen, .verb = verb,
		.order = (uint32_t)w->got.n };

	assert_true(rec->rdlen <= sizeof(rr.rdata));
	memcpy(rr.key, rec->key, rec->key_len);
	memcpy(rr.rdata, rec->rdata, rec->rdlen);
	content_add(&w->got, &rr);
}

static enum err
on_record(void *arg UNUSED, const struct handoff_record *rec)
{
	struct handoff_record back;
	size_t len = 0, off = 0;
	bool end;

	assert_ok(handoff_record_append(rec, w->payload, sizeof(w->payload),
	    &len));
	assert_ok(handoff_records_next(w->payload, len, &off, sizeof(apex),
	    &back, &end));
	take(&back, w->verb);
	return OK;
}

static enum err
on_mark(void *arg UNUSED, const struct handoff_mark *mark)
{
	static const uint8_t key[1] = { OWNERKEY_TREE_NORMAL };
	struct handoff_record rec = { .key = key, .key_len = 1,
		.type = RRTYPE_SOA, .ttl = mark->ttl, .rdlen = mark->soa_len,
		.rdata = mark->soa };

	w->verb = mark->part == HANDOFF_DELETE ? ZONEDIFF_DELETE :
	    ZONEDIFF_ADD;
	take(&rec, w->verb);
	return OK;
}

static void
begin(bool is_ixfr)
{
	static const struct handoff_limits limits = { 1000000, 1 << 30,
		100000, 10, 10000, 2, 1000 };
	static const struct stream_sink sink = { on_record, on_mark, NULL };
	uint16_t type = is_ixfr ? RRTYPE_IXFR : RRTYPE_AXFR;

	w->is_ixfr = is_ixfr;
	w->done = false;
	w->verb = ZONEDIFF_ADD;
	w->got.n = 0;
	stream_begin(&w->s, apex, sizeof(apex), 7, type, &limits, &sink);
	ixfr_begin(&w->ixfr, &w->s, w->serial);
	axfr_begin(&w->axfr, &w->s);
	xfrmsg_begin(&w->m, 7, type);
}

static void
flush(void)
{
	enum err e = w->is_ixfr ?
	    ixfr_feed(&w->ixfr, w->m.bytes, w->m.len, &w->done) :
	    axfr_feed(&w->axfr, w->m.bytes, w->m.len, &w->done);

	if (e != OK)
		print_error("%s\n", w->s.text);
	assert_ok(e);
	xfrmsg_begin(&w->m, 7, w->is_ixfr ? RRTYPE_IXFR : RRTYPE_AXFR);
}

static void
any_case(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z')) && rng_once_in(&w->r, 2))
			p[i] ^= 0x20;
}

/* @loose: the primary spells it otherwise than when it gave it to us. */
static void
put(const struct content_rr *rr, bool loose)
{
	uint8_t owner[255], rdata[sizeof(rr->rdata)];
	size_t n = ownerkey_to_dname(rr->key, rr->key_len, apex, owner);

	memcpy(rdata, rr->rdata, rr->rdlen);
	any_case(owner, n);
	if (loose) {
		any_case(rdata, rr->rdlen);
		if (rr_rdata_check(rr->type, rdata, rr->rdlen) != OK ||
		    rr_canonical_compare(rr->type, rdata, rr->rdlen,
		    rr->rdata, rr->rdlen) != 0)
			memcpy(rdata, rr->rdata, rr->rdlen);
	}
	if (w->m.len > 60000)
		flush();
	xfrmsg_rr(&w->m, owner, n, rr->type, 1, rr->ttl, rdata, rr->rdlen);
	if (rng_once_in(&w->r, 8))
		flush();
}

static void
put_shuffled(const struct content *c, bool loose)
{
	size_t n = c->n;
	uint32_t *order = calloc(n + 1, sizeof(*order));

	assert_non_null(order);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = rng_below(&w->r, i + 1);

		order[i] = order[k];
		order[k] = i;
	}
	for (size_t i = 0; i < n; i++)
		if (c->rr[order[i]].type != RRTYPE_SOA)
			put(&c->rr[order[i]], loose);
	free(order);
}

/* ---- The model --------------------------------------------------------- */

static struct content_rr
record(const char *owner, uint16_t type, const void *rdata, size_t len)
{
	struct content_rr rr = { .type = type, .ttl = 300,
		.rdlen = (uint16_t)len };
	struct ownerkey key;
	uint8_t name[255];
	size_t n = 0;
	const char *p = owner;

	while (*p != '\0') {
		size_t label = strcspn(p, ".");

		name[n++] = (uint8_t)label;
		memcpy(name + n, p, label);
		n += label;
		p += label + (p[label] == '.');
	}
	memcpy(name + n, apex, sizeof(apex));
	memcpy(rr.rdata, rdata, len);
	assert_ok(rr_rdata_check(type, rr.rdata, len));
	assert_ok(ownerkey_from_dname(name, apex, type == RRTYPE_NSEC3 ||
	    (type == RRTYPE_RRSIG && rr_rrsig_covered(rr.rdata, len) ==
	    RRTYPE_NSEC3) ? OWNERKEY_TREE_NSEC3 : OWNERKEY_TREE_NORMAL,
	    &key));
	memcpy(rr.key, key.bytes, key.len);
	rr.key_len = key.len;
	return rr;
}

static bool
same_set(const struct content_rr *a, const struct content_rr *b)
{
	return a->type == b->type && content_compare_owner(a, b) == 0;
}

static void
add(const char *owner, uint16_t type, const void *rdata, size_t len)
{
	struct content_rr rr = record(owner, type, rdata, len);

	if (type == RRTYPE_RRSIG)
		rr.ttl = 900;
	for (size_t i = 0; i < w->next.n; i++) {
		if (content_same(&w->next.rr[i], &rr))
			return;
		if (same_set(&w->next.rr[i], &rr))
			rr.ttl = w->next.rr[i].ttl;
	}
	content_add(&w->next, &rr);
}

#define ADD(owner, type, rdata)	add(owner, type, rdata, sizeof(rdata) - 1)

static bool
drop(const char *owner, uint16_t type)		/* 0: all types */
{
	struct content_rr rr = record(owner, RRTYPE_A, "\1\1\1\1", 4);
	bool found = false;

	for (size_t i = w->next.n; i-- > 0; )
		if (content_compare_owner(&w->next.rr[i], &rr) == 0 &&
		    (type == 0 || w->next.rr[i].type == type)) {
			w->next.rr[i] = w->next.rr[--w->next.n];
			found = true;
		}
	return found;
}

static void
resalt(void)
{
	static const char hex[] = "0123456789abcdefghijklmnopqrstuv";
	uint8_t rdata[] = "\1\0\0\0\1S\4abcd\0\1\x40";
	uint8_t sig[] = "\0\x32\x08\2\0\0\1\x2c\0\0\0\0\0\0\0\0\1\1\0sign";

	for (size_t i = w->next.n; i-- > 0; )
		if (w->next.rr[i].key[0] == OWNERKEY_TREE_NSEC3)
			w->next.rr[i] = w->next.rr[--w->next.n];
	drop("", RRTYPE_NSEC3PARAM);
	rdata[5] = ++w->salt;
	add("", RRTYPE_NSEC3PARAM, rdata, 6);
	for (uint32_t n = 3 + rng_below(&w->r, 20); n > 0; n--) {
		char owner[9] = "";

		for (int i = 0; i < 8; i++)
			owner[i] = hex[rng_below(&w->r, 32)];
		add(owner, RRTYPE_NSEC3, rdata, sizeof(rdata) - 1);
		add(owner, RRTYPE_RRSIG, sig, sizeof(sig) - 1);
	}
}

static void
change_case_or_ttl(bool ttl)
{
	struct content_rr *rr = &w->next.rr[rng_below(&w->r,
	    (uint32_t)w->next.n)];
	uint32_t value = 1 + rng_below(&w->r, 4000);

	if (rr->type == RRTYPE_SOA || rr->type == RRTYPE_RRSIG)
		return;
	if (ttl) {
		for (size_t i = 0; i < w->next.n; i++)
			if (&w->next.rr[i] != rr &&
			    same_set(&w->next.rr[i], rr))
				w->next.rr[i].ttl = value;
		rr->ttl = value;
	} else if (rr->type == RRTYPE_NS || rr->type == RRTYPE_MX ||
	    rr->type == RRTYPE_CNAME) {
		any_case(rr->rdata, rr->rdlen);
		if (rr_rdata_check(rr->type, rr->rdata, rr->rdlen) != OK)
			fail();
	}
}

static void
toggle_cut(const char *at)
{
	char below[60];

	snprintf(below, sizeof(below), "ns.%s", at);
	if (drop(at, RRTYPE_NS)) {
		drop(at, 0);
		if (rng_once_in(&w->r, 2))
			drop(below, 0);	/* else the glue becomes data */
		return;
	}
	ADD(at, RRTYPE_NS, "\2ns\7example\0");
	ADD(at, RRTYPE_NS, "\3Ns2\5other\0");
	ADD(at, RRTYPE_DS, "\1\2\x0d\2aaaaaaaabbbbbbbbccccccccdddddddd");
	ADD(below, RRTYPE_A, "\300\0\2\1");
	snprintf(below, sizeof(below), "occluded.%s", at);
	ADD(below, RRTYPE_TXT, "\1x");
}

static void
toggle_keys(void)
{
	if (drop("", RRTYPE_DNSKEY)) {			/* T-079 */
		if (rng_once_in(&w->r, 2))
			drop("", RRTYPE_RRSIG);
		return;
	}
	ADD("", RRTYPE_DNSKEY, "\1\1\3\x0dkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
	ADD("", RRTYPE_RRSIG,
	    "\0\x30\x08\1\0\0\1\x2c\0\0\0\0\0\0\0\0\1\1\0sign");
}

static void
toggle_big(const char *at)
{
	uint8_t rdata[201];

	if (drop(at, RRTYPE_TXT))
		return;
	for (uint32_t n = 1 + rng_below(&w->r, 30); n > 0; n--) {
		rdata[0] = 200;
		content_random_bytes(&w->r, rdata + 1, 200);
		add(at, RRTYPE_TXT, rdata, sizeof(rdata));
	}
}

static void
edit(void)
{
	uint32_t k = rng_below(&w->r, 4);
	uint8_t a[4] = { 192, 0, 2, (uint8_t)rng_below(&w->r, 8) };
	char at[40];

	switch (rng_below(&w->r, 12)) {
	case 0:				/* empty non-terminals come ... */
		snprintf(at, sizeof(at), "x%u.deep.ent%u",
		    rng_below(&w->r, 3), k);
		add(at, RRTYPE_A, a, 4);
		break;
	case 1:				/* ... and go */
		snprintf(at, sizeof(at), "x%u.deep.ent%u",
		    rng_below(&w->r, 3), k);
		drop(at, 0);
		break;
	case 2:
		snprintf(at, sizeof(at), "c%u", k);
		if (drop(at, RRTYPE_CNAME)) {
			add(at, RRTYPE_A, a, 4);
			ADD(at, RRTYPE_MX, "\0\1\4mail\7example\0");
		} else {
			drop(at, 0);
			ADD(at, RRTYPE_CNAME, "\1t\7example\0");
		}
		break;
	case 3:
		snprintf(at, sizeof(at), "%s*.w%u",
		    rng_once_in(&w->r, 3) ? "below." : "", k);
		if (!drop(at, 0))
			ADD(at, RRTYPE_TXT, "\1w");
		break;
	case 4:
		snprintf(at, sizeof(at), "cut%u", k);
		toggle_cut(at);
		break;
	case 5:
		resalt();
		break;
	case 6:
	case 7:
		change_case_or_ttl(k & 1);
		break;
	case 8:
		snprintf(at, sizeof(at), "big%u", k);
		toggle_big(at);
		break;
	case 9:
		toggle_keys();
		break;
	default:
		snprintf(at, sizeof(at), "host%u", rng_below(&w->r, 30));
		if (!drop(at, RRTYPE_A) || rng_once_in(&w->r, 2))
			add(at, RRTYPE_A, a, 4);
		break;
	}
}

static void
set_soa(uint32_t serial)
{
	uint8_t rdata[] = "\2Ns\7example\0\0" "ssss" "\0\0\x0e\x10"
	    "\0\0\2\x58" "\0\1\x51\x80" "\0\0\1\x2c";
	static const uint32_t refresh[] = { 3600, 7200 };

	for (size_t i = w->next.n; i-- > 0; )
		if (w->next.rr[i].type == RRTYPE_SOA)
			w->next.rr[i] = w->next.rr[--w->next.n];
	for (int i = 0; i < 4; i++) {
		rdata[13 + i] = (uint8_t)(serial >> (24 - 8 * i));
		rdata[17 + i] = (uint8_t)(refresh[rng_below(&w->r, 2)] >>
		    (24 - 8 * i));
	}
	add("", RRTYPE_SOA, rdata, sizeof(rdata) - 1);
}

static void
copy(struct content *to, const struct content *from)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		content_add(to, &from->rr[i]);
}

/* Records of @a that are not in @b as they are: content, TTL, spelling. */
static void
without(const struct content *a, const struct content *b, struct content *out)
{
	out->n = 0;
	for (size_t i = 0; i < a->n; i++) {
		bool found = false;

		for (size_t k = 0; k < b->n && !found; k++)
			found = content_same(&a->rr[i], &b->rr[k]) &&
			    a->rr[i].ttl == b->rr[k].ttl &&
			    memcmp(a->rr[i].rdata, b->rr[k].rdata,
			    a->rr[i].rdlen) == 0;
		if (!found)
			content_add(out, &a->rr[i]);
	}
}

static const struct content_rr *
soa_of(const struct content *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->rr[i].type == RRTYPE_SOA)
			return &c->rr[i];
	fail();
	return NULL;
}

/* ---- The comparison ---------------------------------------------------- */

static void
assert_stream(const struct version *v, const struct content *c)
{
	struct content norm = { 0 };
	struct buf want, got;

	copy(&norm, c);
	content_normalise(&norm);
	buf_init(&want, 1 << 26);
	buf_init(&got, 1 << 26);
	content_stream(&norm, &want);
	version_stream(v, &got);
	assert_int_equal(want.len, got.len);
	assert_memory_equal(want.data, got.data, want.len);
	buf_fini(&want);
	buf_fini(&got);
	content_free(&norm);
}

/* What came as messages, as a version. */
static void
make(const struct version *old, bool delta, struct version *out)
{
	struct zonediff_result res;
	struct version_run run;
	enum err e;

	qsort(w->got.rr, w->got.n, sizeof(*w->got.rr), content_by_key);
	e = version_run(&run, old, &w->got, delta, &res);
	if (e != OK)
		print_error("%s, type %u\n", res.reason, res.type);
	assert_ok(e);
	*out = run.out;
}

static void
by_axfr(const struct version *old, const struct content *zone,
    struct version *out)
{
	begin(false);
	put(soa_of(zone), false);
	put_shuffled(zone, false);
	put(soa_of(zone), false);
	if (!w->done)
		flush();
	assert_true(w->done);
	make(old, false, out);
	assert_stream(out, zone);
}

/* A chain of edits, each a difference; w->zone becomes the last. */
static void
by_ixfr(const struct version *old, struct version *out)
{
	uint32_t steps = 1 + rng_below(&w->r, 4);
	struct content stage[5] = { 0 }, part = { 0 };
	uint32_t serial = w->serial;

	copy(&stage[0], &w->zone);
	for (uint32_t i = 1; i <= steps; i++) {
		copy(&w->next, &stage[i - 1]);
		for (uint32_t n = 1 + rng_below(&w->r, 6); n > 0; n--)
			edit();
		serial += 1 + rng_below(&w->r, 3);
		set_soa(serial);
		copy(&stage[i], &w->next);
	}
	begin(true);
	put(soa_of(&stage[steps]), false);
	for (uint32_t i = 1; i <= steps; i++) {
		put(soa_of(&stage[i - 1]), false);
		without(&stage[i - 1], &stage[i], &part);
		put_shuffled(&part, true);
		put(soa_of(&stage[i]), false);
		without(&stage[i], &stage[i - 1], &part);
		put_shuffled(&part, false);
	}
	put(soa_of(&stage[steps]), false);
	if (!w->done)
		flush();
	assert_true(w->done);
	make(old, true, out);
	copy(&w->zone, &stage[steps]);
	w->serial = serial;
	assert_stream(out, &w->zone);
	content_free(&part);
	for (uint32_t i = 0; i <= steps; i++)
		content_free(&stage[i]);
}

static void
one_zone(uint32_t first_serial, int rounds)
{
	struct version v, by_differences, whole, fresh;

	w->zone.n = w->next.n = 0;
	w->serial = first_serial;
	set_soa(first_serial);
	ADD("", RRTYPE_NS, "\2ns\7example\0");
	for (uint32_t n = rng_below(&w->r, 60); n > 0; n--)
		edit();
	copy(&w->zone, &w->next);
	by_axfr(NULL, &w->zone, &v);
	while (rounds-- > 0) {
		by_ixfr(&v, &by_differences);
		by_axfr(&v, &w->zone, &whole);
		by_axfr(NULL, &w->zone, &fresh);
		version_free(&v);
		version_free(&fresh);
		if (rng_once_in(&w->r, 2)) {
			v = by_differences;
			version_free(&whole);
		} else {
			v = whole;
			version_free(&by_differences);
		}
	}
	version_free(&v);
}

static int
setup(void **state UNUSED)
{
	w = calloc(1, sizeof(*w));
	return w == NULL;
}

static int
teardown(void **state UNUSED)
{
	content_free(&w->zone);
	content_free(&w->next);
	content_free(&w->got);
	free(w);
	return 0;
}

TEST_WITH(random_edit_scripts_give_the_same_by_ixfr_and_axfr_T075, setup,
    teardown)
{
	w->r = rng_seed_of_test("ixfr_equals_axfr");
	for (int i = 0; i < 150; i++)
		one_zone(rng_once_in(&w->r, 3) ? UINT32_MAX - 5 :	/* T-067 */
		    1 + rng_below(&w->r, 100000), 6);
}
