/*
 * gatecheck.c - the ZONEMD and DNSSEC gates over a zone file.
 *
 *	gatecheck APEX FILE [now=SECONDS] [zonemd=require] [dnssec=require]
 *	    [anchor="TAG ALG TYPE HEX"]
 *
 * Prints "zonemd VERDICT text" and "dnssec VERDICT text"; a verdict is ok,
 * absent or held.  What tests/gates compares with ldns and BIND.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "common/dns/zonediff.h"
#include "tests/lib/testcache.h"
#include "xferd/gate_dnssec.h"
#include "xferd/gate_walk.h"
#include "xferd/gate_zonemd.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "gatecheck: line %d: %s\n", \
    __LINE__, #x); exit(2); } } while (0)

static struct testcache cache;
static struct testcache_zone *zone;
static struct publish_version version;
static size_t at;

static int
by_key(const void *pa, const void *pb)
{
	const struct testcache_record *a = pa, *b = pb;

	return ownerkey_compare(a->key->bytes, a->key->len, b->key->bytes,
	    b->key->len);
}

static enum err
next_record(void *arg, struct zonediff_record *out, bool *out_end)
{
	const struct testcache_record *r = &zone->records[at];

	(void)arg;
	*out_end = at == zone->n_records;
	if (*out_end)
		return OK;
	at++;
	*out = (struct zonediff_record){ .key = r->key->bytes,
		.key_len = r->key->len, .rdata = r->rdata,
		.rdlen = r->rdlen, .ttl = r->ttl, .type = r->type };
	return OK;
}

static enum err
take_leaf(void *arg, const struct zonediff_leaf *l)
{
	(void)arg;
	return publish_rows_add(&version.pages, 0, l->low, l->low_len,
	    l->high, l->high_len, &l->digest, l->n_records, l->body,
	    l->body_len);
}

static void
build(const char *apex, const char *path)
{
	struct zonediff_io io = { .next = next_record, .leaf = take_leaf };
	struct zonediff_result r;
	FILE *f = fopen(path, "r");

	MUST(f != NULL);
	testcache_init(&cache, 1 << 20);
	zone = testcache_add_file(&cache, apex, f);
	fclose(f);
	qsort(zone->records, zone->n_records, sizeof(*zone->records), by_key);
	MUST(zonediff_full(&io, &r) == OK);
}

static uint32_t
serial_of(const struct page_name *n)
{
	struct page_set set;
	struct page_rr rr;
	struct rr_soa soa;

	MUST(page_set_find(n, RRTYPE_SOA, &set));
	page_rr_read(set.rr, &rr);
	MUST(rr_soa_parse(rr.rdata, rr.rdlen, &soa) == OK);
	return soa.serial;
}

static void
do_zonemd(const struct page_name *apex, bool require)
{
	struct gate_walk a, b;
	struct page_name na, nb;
	struct gate_zonemd *z;
	bool ea, eb;
	char text[GATE_TEXT_MAX] = "";
	const char *reason;

	MUST(gate_zonemd_new(zone->apex, apex, serial_of(apex), &z) == OK);
	gate_walk_begin(&a, &version, OWNERKEY_TREE_NORMAL);
	gate_walk_begin(&b, &version, OWNERKEY_TREE_NSEC3);
	MUST(gate_walk_next(&a, NULL, &na, &ea) == OK);
	MUST(gate_walk_next(&b, NULL, &nb, &eb) == OK);
	while (!ea || !eb) {
		int order = ea ? 1 : eb ? -1 : ownerkey_compare(na.key + 1,
		    na.key_len - 1u, nb.key + 1, nb.key_len - 1u);

		MUST(gate_zonemd_name(z, order <= 0 ? &na : NULL,
		    order >= 0 ? &nb : NULL) == OK);
		if (order <= 0)
			MUST(gate_walk_next(&a, NULL, &na, &ea) == OK);
		if (order >= 0)
			MUST(gate_walk_next(&b, NULL, &nb, &eb) == OK);
	}
	MUST(gate_zonemd_end(z, require, &reason, text, sizeof(text)) == OK);
	printf("zonemd %s %s\n", reason != NULL ? "held" :
	    gate_zonemd_wants(z) ? "ok" : "absent", text);
	gate_zonemd_free(z);
	gate_walk_fini(&a);
	gate_walk_fini(&b);
}

static void
do_dnssec(const struct page_name *apex, const struct gate_policy *policy,
    int64_t now_s)
{
	struct gate_dnssec *d;
	char text[GATE_TEXT_MAX] = "";
	const char *reason;

	MUST(gate_dnssec_new(zone->apex, apex, policy, now_s, &d) == OK);
	for (int tree = OWNERKEY_TREE_NSEC3; tree >= 0; tree--) {
		struct gate_walk w;
		struct page_name n;
		bool end;

		gate_walk_begin(&w, &version, tree);
		for (;;) {
			struct gate_dnssec_seen seen;

			MUST(gate_walk_next(&w, NULL, &n, &end) == OK);
			if (end)
				break;
			MUST((tree == OWNERKEY_TREE_NSEC3 ?
			    gate_dnssec_nsec3(d, &n, false, &seen) :
			    gate_dnssec_name(d, &n, false, &seen)) == OK);
		}
		gate_walk_fini(&w);
	}
	gate_dnssec_end(d, &reason, text, sizeof(text));
	printf("dnssec %s %s\n", reason != NULL ? "held" :
	    gate_dnssec_keys(d) != 0 ? "ok" : "absent", text);
	printf("sets %" PRIu64 "\n", gate_dnssec_verified(d));
	gate_dnssec_free(d);
}

int
main(int argc, char **argv)
{
	struct gate_policy policy;
	int64_t now_s = time(NULL);
	struct gate_walk w;
	struct page_name apex;
	bool end;

	if (argc < 3) {
		fprintf(stderr, "usage: gatecheck APEX FILE [option]...\n");
		return 64;
	}
	gate_policy_default(&policy);
	policy.dnssec = GATE_VERIFY;
	for (int i = 3; i < argc; i++) {
		if (strncmp(argv[i], "now=", 4) == 0)
			now_s = strtoll(argv[i] + 4, NULL, 10);
		else if (strcmp(argv[i], "zonemd=require") == 0)
			policy.zonemd = GATE_REQUIRE;
		else if (strcmp(argv[i], "dnssec=require") == 0)
			policy.dnssec = GATE_REQUIRE;
		else if (strncmp(argv[i], "anchor=", 7) == 0)
			MUST(policy.n_anchors < GATE_ANCHORS_MAX &&
			    gate_anchor_parse(argv[i] + 7,
			    strlen(argv[i] + 7),
			    &policy.anchors[policy.n_anchors++]));
		else
			return 64;
	}
	build(argv[1], argv[2]);
	gate_walk_begin(&w, &version, OWNERKEY_TREE_NORMAL);
	MUST(gate_walk_next(&w, NULL, &apex, &end) == OK && !end);
	do_zonemd(&apex, policy.zonemd == GATE_REQUIRE);
	do_dnssec(&apex, &policy, now_s);
	gate_walk_fini(&w);
	return 0;
}
