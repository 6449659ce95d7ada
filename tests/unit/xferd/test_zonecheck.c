/* test_zonecheck.c - what may be served and what may not. */
#include "tests/lib/test.h"

#include "common/base/buf.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rrtype.h"
#include "xferd/zonecheck.h"

static const uint8_t APEX[] = "\4test";		/* with the root's zero */

static const uint8_t SOA[] = "\1a\0\1b\0" "\0\0\0\7" "\0\0\16\20"
    "\0\0\2\130" "\0\1\121\200" "\0\0\1\54";
static const uint8_t NS[] = "\2ns\4test";
static const uint8_t A[] = { 192, 0, 2, 1 };

struct item {
	const char *owner;		/* relative label, "" for the apex */
	uint16_t type;
	const uint8_t *rdata;
	size_t len;
};

#define ITEM(owner, type, rdata) { owner, type, rdata, sizeof(rdata) }

static struct zonecheck check;

/* One page of @items, which are in key order; what zonecheck says. */
static enum err
judge(const struct item *items, size_t n)
{
	static const struct zonecheck_limits LIMITS = {
		.rrset_records_max = 3, .nsec3_iterations_max = 50,
		.records_max = 100 };
	struct pagebuild_entry entries[16];
	struct pagebuild_item sets[16];
	struct buf bytes, page;
	size_t n_names = 0;
	uint16_t type;
	enum err e;

	buf_init(&bytes, 1 << 20);
	buf_init(&page, 1 << 20);
	for (size_t i = 0; i < n;) {
		size_t m = 0, len = strlen(items[i].owner);
		uint8_t key[80];
		size_t key_len = 1;

		key[0] = items[i].type == RRTYPE_NSEC3 ? OWNERKEY_TREE_NSEC3 :
		    OWNERKEY_TREE_NORMAL;
		if (len > 0) {
			memcpy(key + 1, items[i].owner, len);
			key[1 + len] = 0;
			key_len = len + 2;
		}
		for (const char *owner = items[i].owner; i < n &&
		    strcmp(items[i].owner, owner) == 0; i++)
			sets[m++] = (struct pagebuild_item){
				.rdata = items[i].rdata, .ttl = 300,
				.rdlen = (uint16_t)items[i].len,
				.type = items[i].type };
		assert_ok(pagebuild_name(key, key_len, sets, m, &bytes,
		    &entries[n_names++], &type));
	}
	assert_ok(pagebuild_page(entries, n_names, bytes.data, &page));
	assert_ok(page_validate(page.data, page.len));
	zonecheck_begin(&check, &LIMITS, APEX);
	e = zonecheck_page(&check, page.data);
	if (e == OK)
		e = zonecheck_end(&check, n, false);
	buf_fini(&bytes);
	buf_fini(&page);
	return e;
}

#define JUDGE(...) \
	judge((const struct item[]){ __VA_ARGS__ }, \
	    sizeof((const struct item[]){ __VA_ARGS__ }) / \
	    sizeof(struct item))

static const uint8_t CNAME[] = "\1x\0", CNAME2[] = "\1y\0";
static const uint8_t N3_OK[] = "\1\0\0\62\0\1\1\0\1\100";
static const uint8_t N3_MANY[] = "\1\0\0\63\0\1\1\0\1\100";

TEST(an_ordinary_zone_passes_and_shows_its_serial)
{
	assert_ok(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS), ITEM("www", RRTYPE_A, A)));
	assert_int_equal(check.serial, 7);
	assert_int_equal(check.soa_len, sizeof(SOA) - 1);
}

TEST(a_zone_without_soa_or_apex_ns_is_refused)		/* T-072, T-103 */
{
	assert_err(JUDGE(ITEM("", RRTYPE_NS, NS)), ERR_INVALID);
	assert_string_equal(check.reason, "no-soa");
	assert_err(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 }),
	    ERR_INVALID);
	assert_string_equal(check.reason, "no-apex-ns");
	assert_non_null(strstr(check.text, "test:"));
	assert_err(JUDGE(ITEM("www", RRTYPE_A, A)), ERR_INVALID);
	assert_string_equal(check.reason, "no-soa");
}

TEST(cname_stands_alone)				/* T-102 */
{
	assert_err(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS),
	    { "www", RRTYPE_CNAME, CNAME, sizeof(CNAME) - 1 },
	    ITEM("www", RRTYPE_A, A)), ERR_INVALID);
	assert_string_equal(check.reason, "cname-and-other");
	assert_non_null(strstr(check.text, "www.test"));
	assert_err(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS),
	    { "www", RRTYPE_CNAME, CNAME, sizeof(CNAME) - 1 },
	    { "www", RRTYPE_CNAME, CNAME2, sizeof(CNAME2) - 1 }),
	    ERR_INVALID);
	assert_string_equal(check.reason, "many-cname");
}

TEST(limits_hold_at_their_value_and_refuse_above)
{
	static const uint8_t A2[] = { 192, 0, 2, 2 }, A3[] = { 192, 0, 2, 3 },
	    A4[] = { 192, 0, 2, 4 };

	assert_ok(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS), ITEM("www", RRTYPE_A, A),
	    ITEM("www", RRTYPE_A, A2), ITEM("www", RRTYPE_A, A3)));
	assert_err(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS), ITEM("www", RRTYPE_A, A),
	    ITEM("www", RRTYPE_A, A2), ITEM("www", RRTYPE_A, A3),
	    ITEM("www", RRTYPE_A, A4)), ERR_INVALID);
	assert_string_equal(check.reason, "rrset-records");
	zonecheck_begin(&check, &(struct zonecheck_limits){
	    .records_max = 5 }, APEX);
	assert_ok(zonecheck_end(&check, 5, true));
	assert_err(zonecheck_end(&check, 6, true), ERR_INVALID);
	assert_string_equal(check.reason, "limit-records");
}

TEST(nsec3_iterations_are_bounded)			/* RFC 9276 */
{
	assert_ok(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS),
	    { "hash", RRTYPE_NSEC3, N3_OK, sizeof(N3_OK) - 1 }));
	assert_err(JUDGE({ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
	    ITEM("", RRTYPE_NS, NS),
	    { "hash", RRTYPE_NSEC3, N3_MANY, sizeof(N3_MANY) - 1 }),
	    ERR_INVALID);
	assert_string_equal(check.reason, "nsec3-iterations");
}

TEST(q125_iterations_are_refused_above_the_limit_and_never_clamped)
{
	static const unsigned n[] = { 0, 50, 51, 100, 101, 500, 2500, 65535 };

	for (size_t i = 0; i < COUNT_OF(n); i++) {
		uint8_t param[] = { 1, 0, (uint8_t)(n[i] >> 8), (uint8_t)n[i],
		    0 };
		const struct item items[] = {
			{ "", RRTYPE_SOA, SOA, sizeof(SOA) - 1 },
			ITEM("", RRTYPE_NS, NS),
			ITEM("", RRTYPE_NSEC3PARAM, param),
		};

		for (param[0] = 1; param[0] <= 2; param[0]++) {
			if (n[i] <= 50) {
				assert_ok(judge(items, 3));
				continue;
			}
			assert_err(judge(items, 3), ERR_INVALID);
			assert_string_equal(check.reason, "nsec3-iterations");
		}
	}
}
