/* Cookie secrets: read, made up, rolled, handed over. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "dnsd/cookie_jar.h"

#define A "00112233445566778899aabbccddeeff"
#define B "ffeeddccbbaa99887766554433221100"

static struct cookie_jar *jar;
static const struct cookie_jar *reader;
static char path[] = "/tmp/test_cookie_jar.XXXXXX";
static struct cookie_secrets s;
static uint32_t seen;

static int
setup(void **state UNUSED)
{
	struct cookie_jar *r;
	int fd = memfd_create("jar", MFD_CLOEXEC), file;

	assert_int_equal(ftruncate(fd, COOKIE_JAR_BYTES), 0);
	assert_ok(cookie_jar_map(fd, true, &jar));
	assert_ok(cookie_jar_map(fd, false, &r));
	reader = r;
	close(fd);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	seen = 0;
	memset(&s, 0, sizeof(s));
	hash_init();
	return 0;
}

static int
teardown(void **state UNUSED)
{
	cookie_jar_unmap(jar);
	cookie_jar_unmap((struct cookie_jar *)(uintptr_t)reader);
	unlink(path);
	return 0;
}

static void
file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static enum err
parse(const char *text)
{
	return cookie_jar_parse((const uint8_t *)text, strlen(text), &s);
}

TEST(secrets_are_lines_of_hexadecimal_digits)
{
	assert_ok(parse(A));
	assert_int_equal(s.n, 1);
	assert_memory_equal(s.key[0].bytes, "\0\x11\x22\x33\x44\x55\x66\x77"
	    "\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	assert_ok(parse(A "\r\n\n" B "\n" "00112233445566778899AABBCCDDEEFF\n"));
	assert_int_equal(s.n, 3);
	assert_int_equal(s.key[1].bytes[0], 0xff);
	assert_memory_equal(s.key[2].bytes, s.key[0].bytes, 16);
	assert_int_equal(parse(""), ERR_INVALID);
	assert_int_equal(parse("\n\n"), ERR_INVALID);
	assert_int_equal(parse(A "0"), ERR_INVALID);
	assert_int_equal(parse(A " "), ERR_INVALID);
	assert_int_equal(parse(A "\n" "zz112233445566778899aabbccddeeff"),
	    ERR_INVALID);
	assert_int_equal(parse(A "\n" A "\n" A "\n" A), ERR_INVALID);
}

TEST_WITH(a_reader_sees_each_change_once, setup, teardown)
{
	struct fault fault;

	assert_false(cookie_jar_take(reader, &seen, &s));
	file(A "\n" B "\n");
	assert_ok(cookie_jar_fill(jar, path, COOKIE_JAR_ON, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.key[0].bytes[1], 0x11);
	assert_false(cookie_jar_take(reader, &seen, &s));
	file(B "\n" A "\n");					/* */
	assert_ok(cookie_jar_fill(jar, path, COOKIE_JAR_ON, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.key[0].bytes[0], 0xff);
	/* A bad file changes nothing. */
	file("rubbish");
	assert_int_equal(cookie_jar_fill(jar, path, COOKIE_JAR_ON, 0, &fault),
	    ERR_INVALID);
	unlink(path);
	assert_int_equal(cookie_jar_fill(jar, path, COOKIE_JAR_ON, 0, &fault),
	    ERR_NOT_FOUND);
	assert_false(cookie_jar_take(reader, &seen, &s));
	/* Off: no secrets. */
	assert_ok(cookie_jar_fill(jar, path, COOKIE_JAR_OFF, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 0);
}

TEST_WITH(secrets_made_up_here_stay_and_roll, setup, teardown)
{
	struct fault fault;
	struct cookie_secrets first;

	assert_false(cookie_jar_roll(jar, 0));
	assert_ok(cookie_jar_fill(jar, "", COOKIE_JAR_ON, 5000, &fault));
	assert_true(cookie_jar_take(reader, &seen, &first));
	assert_int_equal(first.n, 1);
	/* A reload, and a new supervisor, keep them. */
	assert_ok(cookie_jar_fill(jar, "", COOKIE_JAR_REQUIRE, 6000, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 1);
	assert_int_equal(s.required, 1);
	assert_memory_equal(&s.key[0], &first.key[0], sizeof(s.key[0]));
	assert_false(cookie_jar_roll(jar, 5000 + 86400 * 1000LL - 1));
	assert_true(cookie_jar_roll(jar, 5000 + 86400 * 1000LL));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.required, 1);
	assert_memory_equal(&s.key[1], &first.key[0], sizeof(s.key[1]));
	assert_memory_not_equal(&s.key[0], &first.key[0], sizeof(s.key[0]));
	/* Those of a file do not. */
	file(A);
	assert_ok(cookie_jar_fill(jar, path, COOKIE_JAR_ON, 0, &fault));
	assert_false(cookie_jar_roll(jar, INT64_MAX / 2));
	/* From a file to our own: new ones. */
	assert_ok(cookie_jar_fill(jar, "", COOKIE_JAR_ON, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 1);
	assert_int_not_equal(memcmp(s.key[0].bytes, "\0\x11\x22", 3), 0);
}

TEST_WITH(memory_of_another_form_is_emptied, setup, teardown)
{
	struct cookie_jar *again;
	struct fault fault;
	int fd = memfd_create("jar", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, COOKIE_JAR_BYTES), 0);
	assert_ok(cookie_jar_map(fd, true, &again));
	assert_ok(cookie_jar_fill(again, "", COOKIE_JAR_ON, 0, &fault));
	cookie_jar_unmap(again);
	assert_ok(cookie_jar_map(fd, true, &again));
	assert_int_equal(again->secrets.n, 1);		/* a new supervisor */
	again->magic++;
	cookie_jar_unmap(again);
	assert_ok(cookie_jar_map(fd, true, &again));
	assert_int_equal(again->secrets.n, 0);
	assert_false(cookie_jar_take(again, &seen, &s));
	cookie_jar_unmap(again);
	close(fd);
}

TEST_WITH(a_writer_that_died_half_way_is_waited_for, setup, teardown)
{
	struct fault fault;

	assert_ok(cookie_jar_fill(jar, "", COOKIE_JAR_ON, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	atomic_fetch_add(&jar->sequence, 1);
	assert_false(cookie_jar_take(reader, &seen, &s));
	/* Its successor does not trust what is there. */
	assert_ok(cookie_jar_fill(jar, "", COOKIE_JAR_ON, 0, &fault));
	assert_true(cookie_jar_take(reader, &seen, &s));
	assert_int_equal(s.n, 1);
}
