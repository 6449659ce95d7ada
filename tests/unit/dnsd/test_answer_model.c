/*
 * answer() beside a naive one: random zones of few labels, every name that
 * can be made of them, over pages and nodes of random sizes.
 *
 * The naive one knows a list of records and text; it walks all of it for
 * every question. RFC 1034 4.3.2, 4592, 6672, as plainly as possible.
 */
#include "common/base/base.h"
#include "tests/unit/dnsd/ask.h"

enum { RECORDS_MAX = 120, LINES_MAX = 200 };

struct record {
	char owner[128];
	char type[8];
	char rdata[128];
};

static struct record records[RECORDS_MAX];
static unsigned n_records;
static const char apex[] = "example.";

struct lines {
	char line[LINES_MAX][400];
	unsigned n;
};

static struct lines want, got;
static bool want_aa;
static const char *want_rcode;

static void
add_line(struct lines *l, const char *section, const char *owner,
    const char *type, const char *rdata)
{
	assert_true(l->n < LINES_MAX);
	snprintf(l->line[l->n++], sizeof(l->line[0]), "%s %s %s %s", section,
	    owner, type, rdata);
}

static bool
is_below(const char *name, const char *top)
{
	size_t n = strlen(name), k = strlen(top);

	return n > k && strcmp(name + n - k, top) == 0 &&
	    name[n - k - 1] == '.';
}

static const struct record *
find(const char *owner, const char *type)
{
	for (unsigned i = 0; i < n_records; i++)
		if (strcmp(records[i].owner, owner) == 0 &&
		    strcmp(records[i].type, type) == 0)
			return &records[i];
	return NULL;
}

static bool
has_records(const char *name)
{
	for (unsigned i = 0; i < n_records; i++)
		if (strcmp(records[i].owner, name) == 0)
			return true;
	return false;
}

static bool
exists(const char *name)
{
	for (unsigned i = 0; i < n_records; i++)
		if (strcmp(records[i].owner, name) == 0 ||
		    is_below(records[i].owner, name))
			return true;
	return false;
}

static void
put_set(const char *section, const char *owner, const char *type,
    const char *as)
{
	for (unsigned i = 0; i < n_records; i++)
		if (strcmp(records[i].owner, owner) == 0 &&
		    strcmp(records[i].type, type) == 0)
			add_line(&want, section, as, type, records[i].rdata);
}

static void
put_soa(void)
{
	put_set("AU", apex, "SOA", apex);
}

/* Returns the next name, or NULL. */
static const char *
respond(const char *name, const char *node, const char *type)
{
	want_aa = true;
	if (find(node, type) != NULL) {
		put_set("AN", node, type, name);
		return NULL;
	}
	if (find(node, "CNAME") != NULL) {
		put_set("AN", node, "CNAME", name);
		return find(node, "CNAME")->rdata;
	}
	put_soa();
	return NULL;
}

static const char *
naive_step(const char *name, const char *type, char *synthesized)
{
	size_t n = strlen(name), k = strlen(apex);
	const char *encloser;
	char wildcard[300];

	/* From the apex down: cuts, and DNAMEs above the name. */
	for (size_t at = n - k + 1; at-- > 0; ) {
		const char *a = name + at;

		if (at > 0 && name[at - 1] != '.')
			continue;
		if (strcmp(a, apex) != 0 && find(a, "NS") != NULL &&
		    !(at == 0 && strcmp(type, "DS") == 0)) {
			put_set("AU", a, "NS", a);
			return NULL;
		}
		if (at > 0 && find(a, "DNAME") != NULL) {
			const char *target = find(a, "DNAME")->rdata;

			want_aa = true;
			put_set("AN", a, "DNAME", a);
			snprintf(synthesized, 400, "%.*s%s", (int)at, name,
			    target);
			add_line(&want, "AN", name, "CNAME", synthesized);
			if (strcmp(type, "CNAME") == 0 ||
			    is_below(target, a) || strcmp(target, a) == 0)
				return NULL;
			return synthesized;
		}
	}
	if (has_records(name))
		return respond(name, name, type);
	want_aa = true;
	if (exists(name)) {
		put_soa();
		return NULL;
	}
	encloser = name;
	while (!exists(encloser))
		encloser = strchr(encloser, '.') + 1;
	snprintf(wildcard, sizeof(wildcard), "*.%s", encloser);
	if (has_records(wildcard))
		return respond(name, wildcard, type);
	put_soa();
	if (!exists(wildcard))
		want_rcode = "NXDOMAIN";
	return NULL;
}

static void
naive(const char *name, const char *type)
{
	static char seen[40][400];
	static char synthesized[2][400];

	want.n = 0;
	want_aa = false;
	want_rcode = "NOERROR";
	for (unsigned n = 0; n < ANSWER_CHAIN_MAX; n++) {
		const char *next;

		snprintf(seen[n], sizeof(seen[n]), "%s", name);
		next = naive_step(name, type, synthesized[n & 1]);
		if (next == NULL)
			return;
		for (unsigned i = 0; i <= n; i++)
			if (strcmp(seen[i], next) == 0)
				return;
		if (!is_below(next, apex) && strcmp(next, apex) != 0)
			return;
		name = next;
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Additional is not compared here; DNAMEs met twice are given once. */
static void
compare(struct asker *t, const char *name, const char *type)
{
	char q[512], header[64], *save = NULL, *line;
	unsigned n = 0;

	snprintf(q, sizeof(q), "%s %s tcp", name, type);
	ask(t, q);
	snprintf(header, sizeof(header), "%s%s", want_rcode,
	    want_aa ? " aa" : "");
	line = strtok_r(t->text, "\n", &save);
	if (strcmp(line, header) != 0)
		fail_msg("%s: %s, not %s", q, line, header);
	got.n = 0;
	while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
		char section[8], owner[300], rrtype[16];
		unsigned ttl;
		int at;

		assert_int_equal(sscanf(line, "%7s %299s %u %15s %n", section,
		    owner, &ttl, rrtype, &at), 4);
		if (strcmp(section, "AD") != 0)
			add_line(&got, section, owner, rrtype, line + at);
	}
	qsort(got.line, got.n, sizeof(got.line[0]), by_text);
	qsort(want.line, want.n, sizeof(want.line[0]), by_text);
	for (unsigned i = 0; i < want.n; i++)
		if (i == 0 || strcmp(want.line[i], want.line[i - 1]) != 0 ||
		    strstr(want.line[i], " DNAME ") == NULL)
			memmove(want.line[n++], want.line[i],
			    sizeof(want.line[0]));
	want.n = n;
	for (unsigned i = 0; i < want.n || i < got.n; i++)
		if (i >= want.n || i >= got.n ||
		    strcmp(want.line[i], got.line[i]) != 0) {
			for (unsigned k = 0; k < n_records; k++)
				print_error("%s %s %s\n", records[k].owner,
				    records[k].type, records[k].rdata);
			for (unsigned k = 0; k < want.n; k++)
				print_error("want %s\n", want.line[k]);
			for (unsigned k = 0; k < got.n; k++)
				print_error("got  %s\n", got.line[k]);
			fail_msg("%s: got %s, want %s", q,
			    i < got.n ? got.line[i] : "nothing",
			    i < want.n ? want.line[i] : "nothing");
		}
}

static const char *const labels[] = { "a", "b", "*", "ab", "c" };

static void
random_name(struct test_rand *r, char *out, unsigned labels_max, bool star)
{
	unsigned n = 1 + test_rand_below(r, labels_max);

	out[0] = 0;
	while (n-- > 0) {
		unsigned k = test_rand_below(r, COUNT_OF(labels));

		strcat(out, !star && labels[k][0] == '*' ? "a" : labels[k]);
		strcat(out, ".");
	}
	strcat(out, apex);
}

static void
add_record(const char *owner, const char *type, const char *rdata)
{
	struct record *r = &records[n_records];

	if (n_records == RECORDS_MAX)
		return;
	memset(r, 0, sizeof(*r));
	snprintf(r->owner, sizeof(r->owner), "%s", owner);
	snprintf(r->type, sizeof(r->type), "%s", type);
	snprintf(r->rdata, sizeof(r->rdata), "%s", rdata);
	n_records++;
}

static void
random_zone(struct test_rand *r)
{
	unsigned n = 2 + test_rand_below(r, 40);

	n_records = 0;
	add_record(apex, "SOA", "ns.example. x.example. 1 2 3 4 60");
	add_record(apex, "NS", "ns.example.");
	if (test_rand_below(r, 20) == 0)
		add_record(apex, "DNAME", "a.b.example.");
	for (unsigned i = 0; i < n; i++) {
		char owner[64], target[64], a[32];

		random_name(r, owner, 4, true);
		random_name(r, target, 3, test_rand_below(r, 8) == 0);
		if (test_rand_below(r, 8) == 0)
			strcpy(target, "out.side.");
		snprintf(a, sizeof(a), "192.0.2.%u", i);
		if (has_records(owner) && test_rand_below(r, 2) == 0)
			continue;
		switch (test_rand_below(r, 9)) {
		case 0:
			if (strncmp(owner, "*.", 2) != 0)
				add_record(owner, "NS", target);
			break;
		case 1:
		case 2:
			if (find(owner, "CNAME") == NULL)
				add_record(owner, "CNAME", target);
			break;
		case 3:
			if (find(owner, "DNAME") == NULL &&
			    strncmp(owner, "*.", 2) != 0)
				add_record(owner, "DNAME", target);
			break;
		case 4:
			add_record(owner, "TXT", "\"t\"");
			break;
		default:
			add_record(owner, "A", a);
		}
	}
}

static void
one_zone(struct test_rand *r)
{
	static struct asker t;
	static char text[RECORDS_MAX * 300];
	static const char *const types[] = { "A", "TXT", "NS", "CNAME", "DS",
		"DNAME" };
	struct testcache_zone *z;
	size_t n = 0;

	random_zone(r);
	for (unsigned i = 0; i < n_records; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s 60 IN %s %s\n", records[i].owner, records[i].type,
		    records[i].rdata);
	/* As a set keeps its equals once, so must the list. */
	for (unsigned i = 0; i < n_records; i++)
		for (unsigned k = i + 1; k < n_records; )
			if (memcmp(&records[i], &records[k],
			    sizeof(records[i])) == 0)
				records[k] = records[--n_records];
			else
				k++;
	ask_init(&t);
	z = testcache_add_text(&t.cache, apex, text);
	z->page_bytes = 64 + test_rand_below(r, 1500);
	z->fanout = 2 + test_rand_below(r, 5);
	ask_publish(&t);
	for (unsigned i = 0; i < 400; i++) {
		char name[128];
		const char *type = types[test_rand_below(r, COUNT_OF(types))];

		random_name(r, name, 6, true);
		if (test_rand_below(r, 50) == 0)
			strcpy(name, apex);
		naive(name, type);
		compare(&t, name, type);
	}
	ask_fini(&t);
}

TEST(random_zones_and_questions)
{
	struct test_rand r = test_rand_make(test_seed(20260801));

	memset(records, 0, sizeof(records));
	for (unsigned i = 0; i < 400; i++)
		one_zone(&r);
}
