/* test_lookup.c - references to things, and whose they are. */
#include "tests/lib/test.h"

#include "api/lookup.h"
#include "api/sql.h"
#include "tests/lib/apidb.h"

static int
setup(void **state)
{
	if (apidb_setup(state) != 0)
		return -1;
	xferdb_zone(1);
	xferdb_zone(11);		/* of the other tenant */
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, apidb_teardown)

TEST(names_are_taken_in_any_spelling_and_kept_in_one)
{
	static const char *const same[] = { "Example.COM", "example.com.",
		"ex\\097mple.com" };
	struct lookup_name n;

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		assert_ok(lookup_name_parse(same[i], strlen(same[i]), &n));
		assert_int_equal(n.len, 13);
		assert_memory_equal(n.wire, "\7example\3com", 13);
		assert_string_equal(n.text, "example.com");
	}
	assert_ok(lookup_name_parse(".", 1, &n));
	assert_int_equal(n.len, 1);
	assert_string_equal(n.text, ".");
}

TEST(what_is_no_name_is_refused)
{
	static const char *const bad[] = { "", "..", "a..b", ".a", "a\\",
		"a\\256", "0123456789012345678901234567890123456789012345678"
		"90123456789012345" };
	struct lookup_name n;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_err(lookup_name_parse(bad[i], strlen(bad[i]), &n),
		    ERR_MALFORMED);
}

/* What a lookup says; @arg is the text. */
static struct lookup_zone zone;
static uint8_t id[16];

static enum err
find_zone(struct db *db, struct req *r, void *arg)
{
	return lookup_zone(db, r, arg, &zone);
}

static enum err
find_primary(struct db *db, struct req *r, void *arg)
{
	return lookup_primary(db, r, arg, id, NULL);
}

static enum err
find_key(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	enum err e = lookup_key(db, r, arg, id, &rows);

	if (e == OK)
		assert_string_equal(db_get_text(rows, 0, 2), "hmac-sha256");
	db_rows_free(rows);
	return e;
}

static enum err
look(repo_fn *fn, const char *text)
{
	return repo_read(apidb.r, fn, (void *)(uintptr_t)text);
}

static char *
text_of(char kind, unsigned n)
{
	static char text[DB_UUID_TEXT_SIZE];
	uint8_t bytes[16];

	xferdb_id(kind, n, bytes);
	db_uuid_print(bytes, text);
	return text;
}

CASE(a_zone_is_found_by_id_and_by_name)
{
	uint8_t want[16];

	xferdb_zone_id(1, want);
	assert_ok(look(find_zone, "Z1.Test."));
	assert_memory_equal(zone.id, want, 16);
	assert_string_equal(zone.name.text, "z1.test");
	memset(&zone, 0, sizeof(zone));
	assert_ok(look(find_zone, text_of('z', 1)));
	assert_memory_equal(zone.id, want, 16);
	assert_int_equal(zone.name.len, 9);
	assert_err(look(find_zone, "z2.test"), ERR_NOT_FOUND);
	assert_err(look(find_zone, "no..name"), ERR_NOT_FOUND);
	assert_err(look(find_zone, ""), ERR_NOT_FOUND);
}

CASE(things_of_others_are_not_there)
{
	assert_err(look(find_zone, "z11.test"), ERR_NOT_FOUND);
	assert_err(look(find_zone, text_of('z', 11)),
	    ERR_NOT_FOUND);
	assert_err(look(find_primary, text_of('p', 11)),
	    ERR_NOT_FOUND);
	apidb_request(2);
	assert_ok(look(find_zone, "z11.test"));
	assert_ok(look(find_primary, text_of('p', 11)));
	assert_err(look(find_zone, "z1.test"), ERR_NOT_FOUND);
}

CASE(a_deleted_zone_is_not_there)
{
	xferdb_do("UPDATE zone SET deleted_at = now() WHERE id = $Z1");
	assert_err(look(find_zone, "z1.test"), ERR_NOT_FOUND);
	assert_err(look(find_zone, text_of('z', 1)),
	    ERR_NOT_FOUND);
}

CASE(keys_and_primaries_are_found_by_their_names)
{
	uint8_t want[16];

	for (unsigned t = 1; t <= 2; t++)
		xferdb_do("INSERT INTO tsig_key (id, tenant_id, name,"
		    " name_wire, algorithm, sealed, fingerprint) VALUES"
		    " ($T%u, $T%u, 'key', '\\x036b657900', 'hmac-sha256',"
		    " decode(repeat('00', 80), 'hex'), '0123456789abcdef')",
		    t + 70, t);
	xferdb_do("UPDATE primary_server SET name = 'Main'");
	assert_ok(look(find_key, "KEY."));
	xferdb_id('t', 71, want);
	assert_memory_equal(id, want, 16);
	assert_ok(look(find_key, text_of('t', 71)));
	assert_err(look(find_key, text_of('t', 72)),
	    ERR_NOT_FOUND);
	assert_ok(look(find_primary, "Main"));
	xferdb_id('p', 1, want);
	assert_memory_equal(id, want, 16);
	/* Labels are the tenant's own text, not names. */
	assert_err(look(find_primary, "main"), ERR_NOT_FOUND);
}

static enum err
zone_room(struct db *db, struct req *r, void *arg)
{
	int64_t *otherwise = arg, left;

	assert_ok(lookup_room_left(db, r, "zones", *otherwise,
	    SQL_STMT(zone_count), &left));
	assert_int_equal(left > 0, lookup_room(db, r, "zones", *otherwise,
	    SQL_STMT(zone_count)) == OK);
	*otherwise = left;
	return OK;
}

static int64_t
room(int64_t otherwise)
{
	assert_ok(repo_read(apidb.r, zone_room, &otherwise));
	return otherwise;
}

CASE(a_tenants_own_limit_replaces_the_common_one)
{
	xferdb_zone(2);
	xferdb_zone(3);
	xferdb_do("UPDATE zone SET deleted_at = now() WHERE id = $Z3");
	assert_int_equal(room(5), 3);	/* two live ones, others' not counted */
	assert_int_equal(room(2), 0);
	assert_int_equal(apidb.r->reply.status, 422);
	assert_true(apidb_says("no more zones"));
	xferdb_do("UPDATE tenant SET limits = '{\"zones\": 3}' WHERE id ="
	    " $T1");
	assert_int_equal(room(100), 1);
	apidb_request(2);
	assert_int_equal(room(100), 99);
}
