/*
 * The way from the root to what a parent says, on a network that is a table:
 * servers by address, zones on them, records in them.  Everything is answered
 * at once, on a virtual clock; what is wrong with a server is its mode.
 */
#include "tests/lib/test.h"

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "xferd/walk.h"

enum mode { FINE, SILENT, REFUSES, FAILS, LAME, LIES_DOWN };

struct record {
	const char *zone, *owner;
	uint16_t type;
	const char *data;		/* name, or last octet of 192.0.2.n */
};

struct server {
	uint8_t octet;			/* 192.0.2.n */
	const char *zones;		/* blank-separated */
	enum mode mode;
};

static const struct record *records;
static struct server servers[64];
static unsigned n_questions, asked[256];
static struct walk_conf conf;
static struct walk_cache *cache;
static struct walk *w;
static const struct walk_result *r;
static int64_t now_ms;

/* ---- the network ------------------------------------------------------- */

static const uint8_t *
wire(const char *text)
{
	static uint8_t names[16][DNAME_MAX];
	static unsigned n;
	uint8_t *out = names[n++ % 16];
	size_t len;

	assert_ok(dname_parse(text, strlen(text), out, &len));
	return out;
}

static struct {
	struct handoff_said said[64];
	uint8_t bytes[64][2 * DNAME_MAX];
	size_t n;
} out;

static void
put(enum handoff_section section, const struct record *rec)
{
	struct handoff_said *s = &out.said[out.n];
	uint8_t *p = out.bytes[out.n++];
	size_t len;

	s->section = section;
	s->owner_len = (uint8_t)dname_lower(wire(rec->owner), p);
	s->owner = p;
	s->type = rec->type;
	s->ttl = 600;
	p += s->owner_len;
	s->rdata = p;
	switch (rec->type) {
	case RRTYPE_A:
		memcpy(p, "\300\0\2", 3);
		p[3] = (uint8_t)atoi(rec->data);
		s->rdlen = 4;
		break;
	case RRTYPE_TXT:
		p[0] = (uint8_t)strlen(rec->data);
		memcpy(p + 1, rec->data, p[0]);
		s->rdlen = (uint16_t)(1 + p[0]);
		break;
	case RRTYPE_SOA:
		memset(p, 0, 22);
		p[5] = (uint8_t)atoi(rec->data);
		s->rdlen = 22;
		break;
	default:
		len = dname_len(wire(rec->data));
		memcpy(p, wire(rec->data), len);
		s->rdlen = (uint16_t)len;
	}
}

static bool
is(const char *text, const uint8_t *name)
{
	return dname_equal(wire(text), name);
}

static unsigned
put_all(enum handoff_section section, const char *zone, const uint8_t *owner,
    uint16_t type)
{
	unsigned n = 0;

	for (const struct record *rec = records; rec->zone != NULL; rec++)
		if (strcmp(rec->zone, zone) == 0 && rec->type == type &&
		    is(rec->owner, owner)) {
			put(section, rec);
			n++;
		}
	return n;
}

/* The deepest zone of the server that has the name; NULL: none. */
static const char *
zone_of(const struct server *s, const uint8_t *name, char text[300])
{
	const char *best = NULL;
	char all[300], *save = NULL;

	snprintf(all, sizeof(all), "%s", s->zones);
	for (char *z = strtok_r(all, " ", &save); z != NULL;
	    z = strtok_r(NULL, " ", &save))
		if (dname_is_under(name, wire(z)) && (best == NULL ||
		    dname_labels(wire(z)) > dname_labels(wire(best)))) {
			snprintf(text, 300, "%s", z);
			best = text;
		}
	return best;
}

static void
refer(const char *zone, const char *cut, struct walk_answer *a)
{
	put_all(HANDOFF_SECTION_AUTHORITY, zone, wire(cut), RRTYPE_NS);
	for (size_t i = 0, n = out.n; i < n; i++)
		if (out.said[i].type == RRTYPE_NS)
			put_all(HANDOFF_SECTION_ADDITIONAL, zone,
			    out.said[i].rdata, RRTYPE_A);
	a->aa = false;
}

/* A cut between the apex of the zone and the name. */
static const char *
cut_of(const char *zone, const uint8_t *name)
{
	for (const struct record *rec = records; rec->zone != NULL; rec++)
		if (strcmp(rec->zone, zone) == 0 && rec->type == RRTYPE_NS &&
		    strcmp(rec->owner, zone) != 0 &&
		    dname_is_under(name, wire(rec->owner)))
			return rec->owner;
	return NULL;
}

static bool
exists(const char *zone, const uint8_t *name)
{
	for (const struct record *rec = records; rec->zone != NULL; rec++)
		if (strcmp(rec->zone, zone) == 0 &&
		    dname_is_under(wire(rec->owner), name))
			return true;
	return false;
}

static void
answer(const struct walk_question *q, struct walk_answer *a)
{
	struct server *s = NULL;
	const char *zone, *cut;
	char text[300];

	*a = (struct walk_answer){ .reason = HANDOFF_OK, .aa = true,
		.records = out.said, .ms = 3 };
	out.n = 0;
	n_questions++;
	asked[q->to.ip[3]]++;
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		if (servers[i].zones != NULL &&
		    servers[i].octet == q->to.ip[3])
			s = &servers[i];
	if (s == NULL || s->mode == SILENT) {
		a->reason = HANDOFF_TIMEOUT_FIRST;
		a->aa = false;
		return;
	}
	zone = zone_of(s, q->name, text);
	if (s->mode == REFUSES || zone == NULL) {
		a->rcode = DNSMSG_REFUSED;
		a->aa = false;
	} else if (s->mode == FAILS) {
		a->rcode = DNSMSG_SERVFAIL;
	} else if (s->mode == LAME) {
		refer("up", ".", a);
	} else if (s->mode == LIES_DOWN) {
		refer("lies", "victim.test", a);
	} else if ((cut = cut_of(zone, q->name)) != NULL &&
	    !(q->type == RRTYPE_DS && is(cut, q->name))) {
		refer(zone, cut, a);
	} else if (put_all(HANDOFF_SECTION_ANSWER, zone, q->name,
	    RRTYPE_CNAME) == 0 && put_all(HANDOFF_SECTION_ANSWER, zone,
	    q->name, q->type) == 0) {
		put_all(HANDOFF_SECTION_AUTHORITY, zone, wire(zone),
		    RRTYPE_SOA);
		if (!exists(zone, q->name))
			a->rcode = DNSMSG_NXDOMAIN;
	}
	a->n_records = out.n;
}

/* A resolver that knows everything. */
static void
resolve(const struct walk_question *q, struct walk_answer *a)
{
	char text[300];
	const char *best = NULL;

	*a = (struct walk_answer){ .reason = HANDOFF_OK,
		.records = out.said };
	out.n = 0;
	n_questions++;
	for (const struct record *rec = records; rec->zone != NULL; rec++)
		if (dname_is_under(q->name, wire(rec->zone)) && (best == NULL ||
		    strlen(rec->zone) > strlen(best)) &&
		    rec->type == RRTYPE_SOA)
			best = rec->zone;
	snprintf(text, sizeof(text), "%s", best);
	put_all(HANDOFF_SECTION_ANSWER, text, q->name, q->type);
	a->n_records = out.n;
}

static bool
is_ours(void *arg, const struct walk_host *host)
{
	(void)arg;
	if (is("ns1.us.test", host->name))
		return true;
	for (unsigned i = 0; i < host->n_addrs; i++)
		if (host->addrs[i].ip[3] == 99)
			return true;
	return false;
}

static void
go(const char *name, unsigned want)
{
	struct walk_question q;
	struct walk_answer a;

	walk_free(w);
	assert_ok(walk_new(&conf, cache, wire(name), want, 0, &w));
	n_questions = 0;
	memset(asked, 0, sizeof(asked));
	while (!walk_done(w)) {
		struct walk_question waiting[WALK_SLOTS];
		unsigned n = 0;

		while (walk_next(w, now_ms, &q)) {
			assert_true(n < WALK_SLOTS);
			waiting[n++] = q;
		}
		if (n == 0)
			break;
		/* The last that was asked is answered first. */
		while (n-- > 0) {
			if (waiting[n].recurse)
				resolve(&waiting[n], &a);
			else
				answer(&waiting[n], &a);
			walk_take(w, waiting[n].slot, &a, now_ms);
		}
		assert_true(n_questions <= WALK_QUESTIONS_MAX);
	}
	assert_true(walk_done(w));
	r = walk_result(w);
}

/* ---- the world of the tests -------------------------------------------- */

#define SOA(zone)	{ zone, zone, RRTYPE_SOA, "7" }
#define NS(zone, at, to)	{ zone, at, RRTYPE_NS, to }
#define A(zone, at, n)	{ zone, at, RRTYPE_A, n }

static const struct record WORLD[] = {
	SOA("."), NS(".", "test", "a.nic.test"), NS(".", "test", "b.nic.test"),
	A(".", "a.nic.test", "10"), A(".", "b.nic.test", "11"),
	NS(".", "org", "a.nic.org"), A(".", "a.nic.org", "12"),
	SOA("test"), NS("test", "test", "a.nic.test"),
	NS("test", "test", "b.nic.test"), A("test", "a.nic.test", "10"),
	A("test", "b.nic.test", "11"),
	NS("test", "plain.test", "ns1.us.test"),
	NS("test", "plain.test", "ns.plain.test"),
	A("test", "ns.plain.test", "20"),
	/* off-bailiwick glue, wrong on purpose */
	NS("test", "other.test", "ns.host.org"), A("test", "ns.host.org", "66"),
	NS("test", "vanity.test", "ns.vanity.test"),
	A("test", "ns.vanity.test", "99"),
	NS("test", "us.test", "ns1.us.test"), A("test", "ns1.us.test", "99"),
	{ "test", "alias.test", RRTYPE_CNAME, "plain.test" },
	A("test", "host.deep.empty.test", "1"),
	NS("test", "sub.deep.empty.test", "ns.plain.test"),
	NS("test", "loop1.test", "ns.loop2.test"),
	NS("test", "loop2.test", "ns.loop1.test"),
	{ "test", "plain.test", RRTYPE_DS, "." },
	SOA("org"), NS("org", "host.org", "ns.host.org"),
	A("org", "ns.host.org", "21"),
	SOA("host.org"), A("host.org", "ns.host.org", "21"),
	SOA("other.test"), NS("other.test", "other.test", "ns.host.org"),
	NS("other.test", "child.other.test", "ns1.us.test"),
	{ "other.test", "_understudy-challenge.other.test", RRTYPE_TXT,
	    "token" },
	SOA("plain.test"), NS("plain.test", "plain.test", "ns1.us.test"),
	{ "plain.test", "_understudy-challenge.plain.test", RRTYPE_TXT,
	    "token" },
	{ "up", ".", RRTYPE_NS, "a.root" },
	{ "lies", "victim.test", RRTYPE_NS, "ns.evil" },
	{ 0 }
};

static int
setup(void **state)
{
	(void)state;
	records = WORLD;
	memset(servers, 0, sizeof(servers));
	servers[0] = (struct server){ 1, ".", FINE };
	servers[1] = (struct server){ 2, ".", FINE };
	servers[2] = (struct server){ 10, "test", FINE };
	servers[3] = (struct server){ 11, "test", FINE };
	servers[4] = (struct server){ 12, "org", FINE };
	servers[5] = (struct server){ 20, "plain.test", FINE };
	servers[6] = (struct server){ 21, "host.org other.test", FINE };
	memset(&conf, 0, sizeof(conf));
	conf.port = 53;
	conf.ours = is_ours;
	conf.n_roots = 2;
	assert_ok(sock_addr_parse("192.0.2.1:53", 53, &conf.roots[0]));
	assert_ok(sock_addr_parse("192.0.2.2:53", 53, &conf.roots[1]));
	now_ms = 1000;
	w = NULL;
	return walk_cache_new(&cache) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	walk_free(w);
	walk_cache_free(cache);
	return 0;
}

#define WALK_TEST(name) TEST_WITH(name, setup, teardown)

static bool
lists(unsigned parent, const char *name)
{
	for (unsigned i = 0; i < r->n_names; i++)
		if (is(name, r->names[i]))
			return (r->parents[parent].mask >> i & 1) != 0;
	return false;
}

/* ---- tests ------------------------------------------------------------- */

WALK_TEST(every_server_of_the_parent_is_asked)
{
	go("plain.test", 0);
	assert_true(r->found);
	assert_true(is("test", r->parent));
	assert_int_equal(r->n_parents, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(r->parents[i].outcome, WALK_LISTED);
		assert_true(lists(i, "ns1.us.test"));
		assert_true(lists(i, "ns.plain.test"));
	}
	assert_true(asked[10] >= 1 && asked[11] >= 1);
	assert_true(r->any_ours);
	assert_int_equal(n_questions, 3);
	/* The way is known now: only the parents. */
	go("other.test", 0);
	assert_int_equal(n_questions, 2);
	/* ... for a while. */
	now_ms += 3601 * 1000;
	go("other.test", 0);
	assert_int_equal(n_questions, 3);
}

WALK_TEST(silence_is_unknown_and_a_denial_is_not)
{
	servers[3].mode = SILENT;
	go("plain.test", 0);
	assert_int_equal(r->parents[0].outcome, WALK_LISTED);
	assert_int_equal(r->parents[1].outcome, WALK_UNKNOWN);
	assert_int_equal(r->parents[1].reason, HANDOFF_TIMEOUT_FIRST);
	servers[3].mode = REFUSES;
	go("plain.test", 0);
	assert_int_equal(r->parents[1].outcome, WALK_UNKNOWN);
	assert_int_equal(r->parents[1].rcode, DNSMSG_REFUSED);
	servers[3].mode = FAILS;
	go("plain.test", 0);
	assert_int_equal(r->parents[1].outcome, WALK_UNKNOWN);
	servers[3].mode = LAME;
	go("plain.test", 0);
	assert_int_equal(r->parents[1].outcome, WALK_UNKNOWN);
	assert_true(r->parents[1].lame);
	servers[3].mode = LIES_DOWN;	/* a referral to elsewhere */
	go("plain.test", 0);
	assert_int_equal(r->parents[1].outcome, WALK_UNKNOWN);
	servers[3].mode = FINE;
	go("nothing.test", 0);
	assert_int_equal(r->parents[0].outcome, WALK_NOT_LISTED);
	assert_int_equal(r->parents[1].outcome, WALK_NOT_LISTED);
	go("alias.test", 0);
	assert_int_equal(r->parents[0].outcome, WALK_NOT_LISTED);
}

WALK_TEST(one_root_or_parent_that_is_silent_is_not_in_the_way)
{
	servers[0].mode = SILENT;
	servers[2].mode = LAME;
	go("child.other.test", 0);
	assert_true(r->found);
	assert_true(is("other.test", r->parent));
	assert_int_equal(r->n_parents, 1);
	assert_int_equal(r->parents[0].outcome, WALK_LISTED);
	assert_true(lists(0, "ns1.us.test"));
}

WALK_TEST(nothing_that_answers_is_no_parent)
{
	servers[0].mode = servers[1].mode = SILENT;
	go("plain.test", 0);
	assert_false(r->found);
	assert_int_equal(r->reason, HANDOFF_TIMEOUT_FIRST);
	teardown(NULL);
	setup(NULL);
	servers[2].mode = servers[3].mode = SILENT;
	go("a.plain.test", 0);
	assert_false(r->found);
}

WALK_TEST(glue_from_elsewhere_is_not_believed)
{
	go("child.other.test", 0);
	assert_int_equal(asked[66], 0);
	assert_true(asked[21] >= 1);
	assert_true(is("other.test", r->parent));
	assert_int_equal(r->parents[0].at.ip[3], 21);
}

WALK_TEST(names_without_a_zone_of_their_own_are_passed)
{
	go("sub.deep.empty.test", 0);
	assert_true(r->found);
	assert_true(is("test", r->parent));
	assert_int_equal(r->parents[0].outcome, WALK_LISTED);
	assert_true(lists(0, "ns.plain.test"));
	go("x.y.nowhere.test", 0);
	assert_true(is("test", r->parent));
	assert_int_equal(r->parents[0].outcome, WALK_NOT_LISTED);
}

WALK_TEST(hosts_that_need_each_other_end)
{
	go("x.loop1.test", 0);
	assert_true(is("loop1.test", r->parent));
	assert_int_equal(r->parents[0].outcome, WALK_UNKNOWN);
	assert_true(n_questions < 20);
	go("x.y.loop1.test", 0);
	assert_false(r->found);
	assert_true(n_questions < 20);
}

WALK_TEST(a_server_of_parent_and_child_speaks_for_the_child)
{
	servers[2].zones = servers[3].zones = "test plain.test";
	go("plain.test", 0);
	assert_int_equal(r->parents[0].outcome, WALK_LISTED);
	assert_true(r->parents[0].child_side);
	assert_true(lists(0, "ns1.us.test"));
	/* And on the way to what is below. */
	servers[2].zones = servers[3].zones = "test other.test";
	go("child.other.test", 0);
	assert_true(r->found);
	assert_true(is("other.test", r->parent));
	assert_true(asked[21] >= 1);
}

WALK_TEST(txt_is_asked_of_the_listed_unless_one_is_ours)
{
	go("other.test", WALK_WANT_TXT);
	assert_true(r->txt_asked);
	assert_int_equal(r->n_listed, 1);
	assert_true(r->listed[0].txt.aa);
	assert_int_equal(r->listed[0].n_texts, 1);
	assert_int_equal(r->listed[0].text_len[0], 5);
	assert_memory_equal(r->listed[0].texts[0], "token", 5);
	go("plain.test", WALK_WANT_TXT);	/* ours by name */
	assert_false(r->txt_asked);
	assert_int_equal(asked[20], 0);
	go("vanity.test", WALK_WANT_TXT);	/* ours by address */
	assert_true(r->any_ours);
	assert_false(r->txt_asked);
	assert_int_equal(asked[99], 0);
}

WALK_TEST(listed_servers_are_asked_for_soa_and_ns)
{
	go("plain.test", WALK_WANT_SOA | WALK_WANT_NS | WALK_WANT_DS);
	assert_int_equal(r->n_listed, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct walk_listed *l = &r->listed[i];

		if (is("ns.plain.test", l->host.name)) {
			assert_true(l->has_soa);
			assert_int_equal(l->serial, 7);
			assert_true(l->has_ns);
		} else {
			assert_true(l->ours);
			assert_false(l->has_soa);	/* nobody is there */
			assert_true(l->soa.done);
		}
	}
	assert_true(r->ds.done);
	assert_int_equal(r->n_ds, 1);
}

WALK_TEST(a_resolver_finds_the_parents_who_are_asked_themselves)
{
	assert_ok(sock_addr_parse("192.0.2.200:53", 53, &conf.resolver));
	servers[0].mode = servers[1].mode = SILENT;
	go("plain.test", WALK_WANT_TXT);
	assert_true(r->found);
	assert_true(is("test", r->parent));
	assert_int_equal(r->n_parents, 2);
	assert_int_equal(r->parents[0].outcome, WALK_LISTED);
	assert_true(asked[10] >= 1 && asked[11] >= 1);
	assert_int_equal(asked[1], 0);
}

/* Referrals without end: a name at every step, and sets that are huge. */
WALK_TEST(work_is_bounded_whatever_is_answered)
{
	static struct record many[400];
	static char names[400][40];
	size_t n = 0;

	many[n++] = (struct record)SOA(".");
	for (int i = 0; i < 22; i++) {		/* glueless, each of others */
		snprintf(names[i], 40, "ns.t%d.test", i);
		many[n++] = (struct record)NS(".", "test", names[i]);
	}
	records = many;
	go("a.b.test", 0);
	assert_false(r->found);
	assert_true(n_questions <= 2 + WALK_HOSTS_MAX * WALK_DEPTH_MAX);
	for (int i = 22; i < 60; i++) {		/* too many */
		snprintf(names[i], 40, "ns.t%d.test", i);
		many[n++] = (struct record)NS(".", "test", names[i]);
	}
	go("a.test", 0);
	assert_false(r->found && r->parents[0].outcome == WALK_LISTED);
}
