/*
 * test_ingest.c - what fetch has spooled, into versions: frames in, pages out,
 * and the same zone in the end by whichever way it came.
 */
#include "tests/lib/test.h"

#include "common/base/wr.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/rrtype.h"
#include "tests/lib/xferdb.h"
#include "xferd/handoff.h"
#include "xferd/ingest.h"

enum { ME = 1, FRAME_MAX = 1 << 18 };

static struct spool_account all = { 0, 64 << 20 };
static struct publish *publish;
static struct ingest in;
static uint8_t frame[FRAME_MAX];	/* of records under way */
static size_t frame_len;
static enum err published;
static struct outlines *outlines;	/* empty at the start of a case */
static struct digest root;		/* of what is stored */

static int
setup(void **state)
{
	uint8_t owner[16];

	if (xferdb_setup(state) != 0)
		return -1;
	xferdb_owner(ME, owner);
	if (publish == NULL && publish_new(xferdb.crew, owner, &publish) !=
	    OK)
		return -1;
	outlines_free(outlines);
	if (outlines_new(OUTLINES_BYTES_MAX, &outlines) != OK)
		return -1;
	xferdb_zone(1);
	xferdb_lease(1, ME, 600);
	return 0;
}

static void
drop(void)
{
	publish_version_free(in.version);
	spool_free(in.spool);
	memset(&in, 0, sizeof(in));
}

static int
teardown(void **state)
{
	drop();
	return xferdb_teardown(state);
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

/* ---- what fetch would send --------------------------------------------- */

static void
begin(bool ixfr, int64_t generation, uint32_t serial)
{
	drop();
	frame_len = 0;
	assert_ok(spool_new(64 << 20, &all, &all, &in.spool));
	in.ixfr = ixfr;
	in.generation = generation;
	in.serial = serial;
	in.apex_len = 9;
	memcpy(in.apex, "\2z1\4test", 9);
	xferdb_zone_id(1, in.zone_id);
	in.limits = (struct zonecheck_limits){ .rrset_records_max = 20,
		.nsec3_iterations_max = 50, .records_max = 5000 };
}

static void
flush(void)
{
	if (frame_len > 0)
		assert_ok(spool_append(in.spool, HANDOFF_RECORDS, frame,
		    frame_len));
	frame_len = 0;
}

static void
put(const char *label, uint16_t type, const void *rdata, size_t len)
{
	uint8_t key[80] = { OWNERKEY_TREE_NORMAL };
	struct handoff_record r = { .key = key, .key_len = 1, .type = type,
		.ttl = 300, .rdata = rdata, .rdlen = (uint16_t)len };

	if (label[0] != '\0') {
		memcpy(key + 1, label, strlen(label) + 1);
		r.key_len = (uint16_t)(strlen(label) + 2);
	}
	assert_ok(handoff_record_append(&r, frame, sizeof(frame),
	    &frame_len));
}

static void
soa_of(uint32_t serial, uint8_t out[26])
{
	memset(out, 0, 26);
	memcpy(out, "\1a\0\1b", 5);
	wr_put_u32(out + 6, serial);
	for (int i = 0; i < 4; i++)
		wr_put_u32(out + 10 + 4 * i, 3600);
}

static void
put_soa(uint32_t serial)
{
	uint8_t soa[26];

	soa_of(serial, soa);
	put("", RRTYPE_SOA, soa, sizeof(soa));
}

static void
put_a(const char *label, uint8_t n)
{
	uint8_t ip[4] = { 192, 0, 2, n };

	put(label, RRTYPE_A, ip, 4);
}

static void
put_apex(uint32_t serial)
{
	put_soa(serial);
	put("", RRTYPE_NS, "\2ns\4test", 9);
}

static void
mark(enum handoff_part part, uint32_t serial)
{
	uint8_t soa[26], bytes[HANDOFF_SMALL_MAX];
	struct handoff_mark m = { .part = part, .serial = serial, .ttl = 300,
		.soa_len = sizeof(soa), .soa = soa };
	size_t len;

	flush();
	soa_of(serial, soa);
	assert_ok(handoff_mark_encode(&m, bytes, sizeof(bytes), &len));
	assert_ok(spool_append(in.spool, HANDOFF_MARK, bytes, len));
}

/* By what the database says, and by the outline remembered: the same. */
static enum ingest_verdict
verdict(void)
{
	enum ingest_verdict read;
	struct publish_version *v;

	flush();
	in.root = root;
	assert_ok(ingest_run(&in.job, xferdb.db));
	assert_true((in.verdict == INGEST_READY) == (in.version != NULL));
	if (outlines_bytes(outlines) == 0)
		return in.verdict;
	read = in.verdict;
	v = in.version;
	in.outlines = outlines;
	assert_ok(ingest_run(&in.job, xferdb.db));
	assert_int_equal(outlines_bytes(outlines), 0);	/* taken */
	assert_int_equal(read, in.verdict);
	if (v != NULL) {
		assert_memory_equal(&v->root_digest,
		    &in.version->root_digest, DIGEST_SIZE);
		assert_int_equal(v->pages.n, in.version->pages.n);
		assert_int_equal(v->nodes.n, in.version->nodes.n);
		assert_int_equal(v->close_pages.n, in.version->close_pages.n);
		assert_int_equal(v->close_nodes.n, in.version->close_nodes.n);
	}
	publish_version_free(v);
	return in.verdict;
}

#define REFUSED(why) do {						\
	assert_int_equal(verdict(), INGEST_REJECTED);			\
	assert_string_equal(in.check.reason, why);			\
	assert_true(in.check.text[0] != '\0');				\
} while (0)

static void
was_published(struct publish_version *v UNUSED, enum err e)
{
	published = e;
}

static void
store(void)
{
	struct publish_version *v = in.version;

	assert_int_equal(in.verdict, INGEST_READY);
	memcpy(v->zone_id, in.zone_id, 16);
	xferdb_tenant_id(1, v->tenant_id);
	xferdb_id('p', 1, v->primary_id);
	v->expires_in_ms = 1000;
	v->done = was_published;
	published = ERR_INTERNAL;
	publish_submit(publish, v);
	xferdb_turn();
	assert_ok(published);
	root = v->root_digest;
	outlines_put(outlines, v->outline);
	v->outline = NULL;
	assert_string_equal(xferdb_get("SELECT zone_problems($Z1)"),
	    "(none)");
}

/* A zone of @n hosts; host 3 has the address 192.0.2.@third. */
static void
put_hosts(uint32_t serial, unsigned n, uint8_t third)
{
	put_apex(serial);
	for (unsigned i = 0; i < n; i++) {
		char label[64];

		snprintf(label, sizeof(label), "host-%04u-with-a-long-name-"
		    "so-that-pages-fill", i);
		put_a(label, i == 3 ? third : 1);
	}
}

/* ---- whole zones ------------------------------------------------------- */

CASE(a_small_zone_is_one_page)
{
	const struct publish_row *row;

	begin(false, 0, 7);
	put_apex(7);
	put_a("a", 1);
	put_a("a", 2);
	put_a("b", 1);
	assert_int_equal(verdict(), INGEST_READY);
	assert_true(in.sorted);
	assert_int_equal(in.n_records, 5);
	assert_int_equal(in.soa.serial, 7);
	assert_int_equal(in.soa.refresh, 3600);
	assert_int_equal(in.version->serial, 7);
	assert_int_equal(in.version->soa_len, 26);
	assert_int_equal(in.version->n_records, 5);
	assert_int_equal(in.version->n_pages, 1);
	assert_int_equal(in.version->root_level, 0);
	assert_int_equal(in.version->nodes.n, 0);
	assert_int_equal(in.version->pages.n, 1);
	row = &in.version->pages.row[0];
	assert_int_equal(row->low_len, 1);
	assert_false(row->has_high);
	assert_int_equal(row->n_records, 5);
	assert_memory_equal(&row->digest, &in.version->root_digest,
	    DIGEST_SIZE);
	store();
	assert_string_equal(xferdb_get("SELECT count(*) FROM"
	    " zone_records('z1.test')"), "5");
}

CASE(the_order_of_arrival_does_not_matter)
{
	struct digest first;

	begin(false, 0, 7);
	put_apex(7);
	for (int i = 0; i < 9; i++)
		put_a((char[]){ (char)('a' + i), 0 }, (uint8_t)i);
	assert_int_equal(verdict(), INGEST_READY);
	assert_true(in.sorted);
	first = in.version->root_digest;
	begin(false, 0, 7);
	put_soa(7);
	for (int i = 8; i >= 0; i--) {
		put_a((char[]){ (char)('a' + i), 0 }, (uint8_t)i);
		flush();		/* a frame each */
	}
	put("", RRTYPE_NS, "\2ns\4test", 9);
	assert_int_equal(verdict(), INGEST_READY);
	assert_false(in.sorted);
	assert_memory_equal(&in.version->root_digest, &first, DIGEST_SIZE);
}

CASE(one_changed_record_is_one_changed_page)
{
	begin(false, 0, 7);
	put_hosts(7, 3000, 1);
	assert_int_equal(verdict(), INGEST_READY);
	assert_true(in.version->pages.n > 3);
	assert_int_equal(in.version->root_level, 1);
	assert_int_equal(in.version->nodes.n, 1);
	store();
	begin(false, 1, 8);
	put_hosts(8, 3000, 9);		/* host 3 lies in the apex's page */
	assert_int_equal(verdict(), INGEST_READY);
	assert_int_equal(in.version->pages.n, 1);
	assert_int_equal(in.version->close_pages.n, 1);
	assert_int_equal(in.version->nodes.n, 1);
	assert_int_equal(in.version->close_nodes.n, 1);
	store();
	assert_string_equal(xferdb_get("SELECT concat_ws('/', generation,"
	    " serial, record_count) FROM zone_state"), "2/8/3002");
}

CASE(the_same_zone_again_is_no_version)
{
	begin(false, 0, 7);
	put_hosts(7, 5, 1);
	assert_int_equal(verdict(), INGEST_READY);
	store();
	begin(false, 1, 7);
	put_hosts(7, 5, 1);
	assert_int_equal(verdict(), INGEST_SAME);
}

CASE(a_zone_shrinks_to_one_page_again)
{
	begin(false, 0, 7);
	put_hosts(7, 3000, 1);
	assert_int_equal(verdict(), INGEST_READY);
	store();
	begin(false, 1, 8);
	put_apex(8);
	assert_int_equal(verdict(), INGEST_READY);
	assert_int_equal(in.version->root_level, 0);
	assert_int_equal(in.version->close_nodes.n, 1);
	store();
	assert_string_equal(xferdb_get("SELECT count(*) FROM"
	    " zone_records('z1.test')"), "2");
}

/* ---- differences ------------------------------------------------------- */

CASE(differences_lead_to_the_zone_that_a_transfer_would_bring)
{
	begin(false, 0, 6);
	put_hosts(6, 3000, 1);
	assert_int_equal(verdict(), INGEST_READY);
	store();
	begin(true, 1, 8);
	mark(HANDOFF_DELETE, 6);
	put_a("host-0003-with-a-long-name-so-that-pages-fill", 1);
	mark(HANDOFF_ADD, 7);
	put_a("new", 1);
	put_a("gone-again", 1);
	mark(HANDOFF_DELETE, 7);
	put_a("gone-again", 1);
	mark(HANDOFF_ADD, 8);
	put_a("host-0003-with-a-long-name-so-that-pages-fill", 9);
	assert_int_equal(verdict(), INGEST_READY);
	assert_true(in.version->ixfr);
	assert_int_equal(in.version->serial, 8);
	assert_int_equal(in.version->n_records, 3003);
	assert_true(in.version->pages.n <= 2);
	store();
	assert_string_equal(xferdb_get("SELECT count(*) FROM"
	    " zone_records('z1.test')"), "3003");
	begin(false, 2, 8);
	put_hosts(8, 3000, 9);
	put_a("new", 1);
	assert_int_equal(verdict(), INGEST_SAME);
}

CASE(differences_that_do_not_fit_are_a_mismatch)
{
	begin(false, 0, 6);
	put_hosts(6, 5, 1);
	assert_int_equal(verdict(), INGEST_READY);
	store();
	begin(true, 1, 7);
	mark(HANDOFF_DELETE, 6);
	put_a("never-there", 1);
	mark(HANDOFF_ADD, 7);
	assert_int_equal(verdict(), INGEST_MISMATCH);
	begin(true, 1, 8);		/* it said 8 and leads to 7 */
	mark(HANDOFF_DELETE, 6);
	mark(HANDOFF_ADD, 7);
	assert_int_equal(verdict(), INGEST_MISMATCH);
}

CASE(differences_need_the_version_that_they_were_asked_for)
{
	begin(true, 4, 7);		/* generation 4 was never stored */
	mark(HANDOFF_DELETE, 6);
	mark(HANDOFF_ADD, 7);
	assert_int_equal(verdict(), INGEST_CONFLICT);
}

/* ---- what is not taken ------------------------------------------------- */

CASE(a_spool_without_records_is_no_zone)
{
	begin(false, 0, 7);
	REFUSED("no-soa");
	begin(false, 0, 7);
	put_a("a", 1);
	REFUSED("no-soa");
}

CASE(frames_are_validated_again)
{
	begin(false, 0, 7);
	put_apex(7);
	frame[frame_len - 1] ^= 1;	/* the end of an NS name */
	REFUSED("handoff");
	begin(false, 0, 7);
	put_apex(7);
	frame_len--;
	REFUSED("handoff");
	begin(false, 0, 7);
	put_apex(7);
	mark(HANDOFF_DELETE, 7);	/* not in a whole zone */
	REFUSED("handoff");
	begin(true, 0, 7);
	put_apex(7);			/* differences begin with a mark */
	REFUSED("handoff");
}

CASE(limits_hold_at_their_edge)
{
	begin(false, 0, 7);
	in.limits.records_max = 3;
	put_apex(7);
	put_a("a", 1);
	assert_int_equal(verdict(), INGEST_READY);
	begin(false, 0, 7);
	in.limits.records_max = 3;
	put_apex(7);
	put_a("a", 1);
	put_a("a", 2);
	REFUSED("limit-records");	/* before it is sorted and built */
	assert_non_null(strstr(in.check.text, "the transfer has"));
	begin(false, 0, 7);
	in.limits.rrset_records_max = 2;
	put_apex(7);
	for (uint8_t i = 1; i <= 3; i++)
		put_a("a", i);
	REFUSED("rrset-records");
	assert_non_null(strstr(in.check.text, "a.z1.test"));
}

CASE(a_serial_that_changed_under_way_is_refused)
{
	begin(false, 0, 7);
	put_apex(8);
	REFUSED("serial");
}

CASE(a_stored_zone_stays_when_the_next_is_refused)
{
	begin(false, 0, 6);
	put_hosts(6, 5, 1);
	assert_int_equal(verdict(), INGEST_READY);
	store();
	begin(false, 1, 7);
	put_apex(7);
	put_a("a", 1);
	put("a", RRTYPE_CNAME, "\1b\0", 3);
	REFUSED("cname-and-other");
	assert_string_equal(xferdb_get("SELECT zone_problems($Z1)"),
	    "(none)");
	assert_string_equal(xferdb_get("SELECT serial FROM zone_state"), "6");
}
