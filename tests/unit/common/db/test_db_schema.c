/* Which schemas are refused, and what the operator is told. */
#include "common/db/db_schema.h"
#include "tests/unit/common/db/dbtest.h"

static char why[200];

static int
no_schema(void **state)
{
	why[0] = '\0';
	return dbtest_setup(state) == 0 && db_command(db,
	    "DISCARD PLANS; DROP TABLE IF EXISTS schema_migration") == OK ?
	    0 : -1;
}

#define SCHEMA(what)	TEST_WITH(what, no_schema, NULL)

/* As if migrations up to @version had been applied. */
static void
apply(int version)
{
	char text[200];

	snprintf(text, sizeof(text), "CREATE TABLE IF NOT EXISTS"
	    " schema_migration (version int);"
	    " INSERT INTO schema_migration VALUES (1), (%d)", version);
	assert_ok(db_command(db, text));
}

static enum err
check(void)
{
	return db_schema_check(db, why, sizeof(why));
}

SCHEMA(a_database_that_was_never_applied_is_refused_with_the_command)
{
	assert_err(check(), ERR_SCHEMA);
	assert_non_null(strstr(why, "version 0"));
	assert_non_null(strstr(why, "sql/apply"));
	assert_true(db_alive(db));
}

SCHEMA(an_empty_list_of_migrations_is_version_0)
{
	apply(1);
	assert_ok(db_command(db, "TRUNCATE schema_migration"));
	assert_err(check(), ERR_SCHEMA);
	assert_non_null(strstr(why, "version 0"));
}

SCHEMA(one_migration_too_few_is_refused_with_the_command)
{
	apply(DB_SCHEMA_MIN - 1);
	assert_err(check(), ERR_SCHEMA);
	assert_non_null(strstr(why, "sql/apply"));
}

SCHEMA(the_first_and_the_last_known_version_are_taken)
{
	apply(DB_SCHEMA_MIN);
	assert_ok(check());
	apply(DB_SCHEMA_MAX);
	assert_ok(check());
	assert_string_equal(why, "");
}

SCHEMA(a_schema_from_the_future_is_refused_by_its_number)
{
	char number[16];

	apply(DB_SCHEMA_MAX + 1);
	assert_err(check(), ERR_SCHEMA);
	snprintf(number, sizeof(number), "version %d", DB_SCHEMA_MAX + 1);
	assert_non_null(strstr(why, number));
	assert_non_null(strstr(why, "newer"));
}

SCHEMA(a_list_that_may_not_be_read_is_as_good_as_none)
{
	struct db_conf c = dbtest_conf("stranger");
	struct db *d;

	apply(DB_SCHEMA_MIN);
	assert_ok(db_command(db, "DROP ROLE IF EXISTS stranger;"
	    "CREATE ROLE stranger LOGIN"));
	assert_ok(db_open(&c, &d, NULL, 0));
	assert_err(db_schema_check(d, why, sizeof(why)), ERR_SCHEMA);
	db_close(d);
}

SCHEMA(a_lost_connection_is_not_a_wrong_schema)
{
	apply(DB_SCHEMA_MIN);
	assert_ok(dbtest_cut(dbtest_backend()));
	assert_err(check(), ERR_DB_LOST);
	assert_true(why[0] != '\0');
}
