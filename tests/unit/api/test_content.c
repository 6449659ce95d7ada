/* test_content.c - reading a published version, page by page. */
#include "tests/lib/test.h"

#include "api/content.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rrtype.h"
#include "tests/lib/apidb.h"

static const uint8_t SOA[26] = "\1a\0\1b\0" "\0\0\0\5";
static const uint8_t NS[] = "\2ns\4test";
static const uint8_t A[4] = { 192, 0, 2, 1 };

static struct content content;
static char log_text[1000];		/* "owner/type " of what was read */
static unsigned n_stop;			/* stop before this record; 0: never */

/* What one reading needs and leaves. */
struct reading {
	const uint8_t *from;
	size_t from_len;
	int n_pages;
	struct ownerkey next;
	bool end;
};

/* A page of zone 1: @labels, each with an A record; "" is the apex. */
static void
store_page(const char *low, const char *high, int from, int to,
    const char *const *labels, size_t n)
{
	static const struct db_stmt insert = { "page_insert",
		"INSERT INTO zone_page (zone_id, tenant_id, low_key, high_key,"
		" from_generation, to_generation, record_count, digest, body)"
		" VALUES ($1, $2, $3::bytea, $4::bytea, $5, nullif($6::bigint,"
		" 0), 1, decode(repeat('00', 32), 'hex'), $7::bytea)", 7 };
	struct pagebuild_entry entries[8];
	struct buf bytes, page;
	uint8_t zone[16], tenant[16], keys[2][64];
	uint16_t type;

	buf_init(&bytes, 1 << 20);
	buf_init(&page, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(labels[i]);
		uint8_t key[64] = { OWNERKEY_TREE_NORMAL };
		struct pagebuild_item items[2] = { 0 };

		memcpy(key + 1, labels[i], len + 1);
		items[0] = (struct pagebuild_item){ .rdata = len > 0 ? A : NS,
			.rdlen = len > 0 ? 4 : sizeof(NS), .ttl = 300,
			.type = len > 0 ? RRTYPE_A : RRTYPE_NS };
		items[1] = (struct pagebuild_item){ .rdata = SOA, .rdlen = 26,
			.ttl = 300, .type = RRTYPE_SOA };
		assert_ok(pagebuild_name(key, len > 0 ? len + 2 : 1, items,
		    len > 0 ? 1 : 2, &bytes, &entries[i], &type));
	}
	assert_ok(pagebuild_page(entries, n, bytes.data, &page));
	xferdb_zone_id(1, zone);
	xferdb_tenant_id(1, tenant);
	for (int i = 0; i < 2; i++) {
		const char *label = i == 0 ? low : high;

		keys[i][0] = OWNERKEY_TREE_NORMAL;
		memcpy(keys[i] + 1, label != NULL ? label : "",
		    strlen(label != NULL ? label : "") + 1);
	}
	assert_ok(db_exec(xferdb.root, &insert, DB_PARAMS(db_uuid(zone),
	    db_uuid(tenant), db_bytes(keys[0], low[0] != '\0' ?
		strlen(low) + 2 : 1),
	    db_if(high != NULL, db_bytes(keys[1],
		high != NULL ? strlen(high) + 2 : 0)),
	    db_i64(from), db_i64(to), db_bytes(page.data, page.len)), NULL));
	buf_fini(&bytes);
	buf_fini(&page);
}

#define PAGE(low, high, from, to, ...) \
	store_page(low, high, from, to, (const char *const[]){ __VA_ARGS__ }, \
	    COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

static void
generation(int g)
{
	xferdb_do("UPDATE zone_state SET generation = %d, serial = %d, soa ="
	    " decode(repeat('00', 26), 'hex'), root_level = 0, root_digest ="
	    " decode(repeat('00', 32), 'hex'), loaded_at = now(), checked_at"
	    " = now(), expires_at = now() WHERE zone_id = $Z1", g, 100 + g);
}

static int
setup(void **state)
{
	n_stop = 0;
	if (apidb_setup(state) != 0)
		return -1;
	xferdb_zone(1);
	generation(1);
	generation(2);
	PAGE("", "c", 1, 0, "", "a", "b");
	PAGE("c", "e", 1, 2, "c");		/* replaced by the next */
	PAGE("c", "e", 2, 0, "c", "d");
	PAGE("e", NULL, 1, 0, "e");
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, apidb_teardown)

static enum err
noted(void *arg, const struct content_record *rec)
{
	size_t n = strlen(log_text);
	uint8_t owner[DNAME_MAX];
	char text[DNAME_TEXT_MAX];

	assert_ptr_equal(arg, &content);
	if (n_stop > 0 && --n_stop == 0)
		return ERR_AGAIN;
	assert_int_equal(rec->class, RRCLASS_IN);
	assert_int_equal(rec->ttl, 300);
	assert_true(content_owner(&content, rec, owner) > 0);
	(void)dname_print_bare(owner, text);
	snprintf(log_text + n, sizeof(log_text) - n, "%.200s/%u ",
	    text, rec->type);
	return OK;
}

static enum err
open_it(struct db *db, struct req *r, void *arg UNUSED)
{
	struct lookup_zone z;
	enum err e = lookup_zone(db, r, "z1.test", &z);

	return e != OK ? e : content_open(db, r, &z, &content);
}

static enum err
read_it(struct db *db, struct req *r, void *arg)
{
	struct reading *rd = arg;

	log_text[0] = '\0';
	return content_read(db, r, &content, rd->from, rd->from_len,
	    rd->n_pages, noted, &content, &rd->next, &rd->end);
}

static enum err
read_from(struct reading *rd, const char *label, int n_pages)
{
	static uint8_t key[64];

	key[0] = OWNERKEY_TREE_NORMAL;
	memcpy(key + 1, label, strlen(label) + 1);
	rd->from = key;
	rd->from_len = label[0] != '\0' ? strlen(label) + 2 : 0;
	rd->n_pages = n_pages;
	return repo_read(apidb.r, read_it, rd);
}

CASE(all_records_come_in_order)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	assert_int_equal(content.generation, 2);
	assert_int_equal(content.serial, 102);
	assert_ok(read_from(&rd, "", CONTENT_PAGES_MAX));
	assert_true(rd.end);
	assert_string_equal(log_text, "z1.test/2 z1.test/6 a.z1.test/1"
	    " b.z1.test/1 c.z1.test/1 d.z1.test/1 e.z1.test/1 ");
}

CASE(an_older_generation_is_read_as_it_was)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	content.generation = 1;
	assert_ok(read_from(&rd, "c", CONTENT_PAGES_MAX));
	assert_string_equal(log_text, "c.z1.test/1 e.z1.test/1 ");
}

CASE(a_reader_goes_on_where_it_ended)
{
	struct reading rd;
	struct ownerkey next;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	assert_ok(read_from(&rd, "", 2));
	assert_false(rd.end);
	assert_int_equal(rd.next.len, 3);
	assert_memory_equal(rd.next.bytes, "\0e\0", 3);
	next = rd.next;
	rd.from = next.bytes;
	rd.from_len = next.len;
	assert_ok(repo_read(apidb.r, read_it, &rd));
	assert_true(rd.end);
	assert_string_equal(log_text, "e.z1.test/1 ");
}

CASE(a_reader_may_stop_in_the_middle)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	n_stop = 3;
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_AGAIN);
	assert_string_equal(log_text, "z1.test/2 z1.test/6 ");
}

CASE(a_generation_that_was_tidied_away_is_stale)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	content.generation = 1;
	xferdb_do("DELETE FROM zone_page WHERE to_generation = 2");
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_STALE);
	assert_err(read_from(&rd, "c", 1), ERR_STALE);
	xferdb_do("DELETE FROM zone_page");
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_STALE);
}

CASE(a_damaged_page_is_not_read)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	xferdb_do("UPDATE zone_page SET body = substr(body, 1, length(body) -"
	    " 1) WHERE low_key = '\\x00'");
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_CORRUPT);
	assert_string_equal(log_text, "");
	xferdb_do("UPDATE zone_page SET body = decode(repeat('ff', 200),"
	    " 'hex') WHERE low_key = '\\x00'");
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_CORRUPT);
}

CASE(the_content_of_others_is_not_there)
{
	struct reading rd;

	assert_ok(repo_read(apidb.r, open_it, NULL));
	apidb_request(2);
	assert_err(read_from(&rd, "", CONTENT_PAGES_MAX), ERR_STALE);
	assert_err(repo_read(apidb.r, open_it, NULL), ERR_NOT_FOUND);
}
