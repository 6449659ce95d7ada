/*
 * test_secret.c - credential files.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/hash.h"
#include "common/base/secret.h"

static char path[] = "/tmp/test_secret.XXXXXX";

static int
setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test_secret.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void
put(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

TEST_WITH(secret_drops_one_newline, setup, teardown)
{
	struct secret s = { 0 };

	put("hush\n\n", 6);
	assert_ok(secret_load(path, &s, NULL));
	assert_int_equal(s.len, 5);
	assert_memory_equal(s.data, "hush\n", 5);
	secret_fini(&s);
	secret_fini(&s);
}

TEST_WITH(secret_refuses_a_file_that_everybody_reads, setup, teardown)
{
	struct secret s = { 0 };
	struct fault f;

	put("hush", 4);
	chmod(path, 0644);
	assert_err(secret_load(path, &s, &f), ERR_DENIED);
	assert_non_null(strstr(f.text, "everybody"));
	assert_null(strstr(f.text, "hush"));
}

TEST_WITH(secret_refuses_empty_long_and_missing_files, setup, teardown)
{
	static char big[SECRET_MAX + 10];
	struct secret s = { 0 };

	assert_err(secret_load(path, &s, NULL), ERR_LIMIT);
	memset(big, 'x', sizeof(big));
	put(big, SECRET_MAX - 1);
	assert_ok(secret_load(path, &s, NULL));
	assert_int_equal(s.len, SECRET_MAX - 1);
	secret_fini(&s);
	put(big, SECRET_MAX);
	assert_err(secret_load(path, &s, NULL), ERR_LIMIT);
	assert_err(secret_load("/nonexistent/x", &s, NULL), ERR_NOT_FOUND);
	assert_err(secret_load("/", &s, NULL), ERR_DENIED);
}

TEST_WITH(secret_hex_has_the_exact_length, setup, teardown)
{
	uint8_t key[4];

	put("DEADbeef\n", 9);
	assert_ok(secret_load_hex(path, key, sizeof(key), NULL));
	assert_memory_equal(key, "\xde\xad\xbe\xef", 4);
	put("DEADbee\n", 8);
	assert_err(secret_load_hex(path, key, sizeof(key), NULL), ERR_INVALID);
	put("DEADbeeg\n", 9);
	assert_err(secret_load_hex(path, key, sizeof(key), NULL), ERR_INVALID);
}

TEST_WITH(secret_name_alone_is_below_the_credentials_directory, setup,
    teardown)
{
	struct secret s = { 0 };

	put("x", 1);
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	assert_ok(secret_load(path + strlen("/tmp/"), &s, NULL));
	secret_fini(&s);
	unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(secret_equal_compares_all_bytes)
{
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_true(secret_equal("abc", "abd", 2));
	assert_true(secret_equal(NULL, NULL, 0));
}

TEST(hash_sip_is_the_published_function)
{
	/* The vectors of the SipHash paper: key 00..0f, input 00 01 02 ... */
	static const uint8_t want0[] = { 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb,
	    0x6f, 0x72 };
	static const uint8_t want15[] = { 0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca,
	    0x29, 0xa1 };
	struct hash_key key;
	uint8_t input[15];
	uint64_t h;
	size_t i;

	hash_init();
	for (i = 0; i < HASH_KEY_BYTES; i++)
		key.bytes[i] = (uint8_t)i;
	for (i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	h = hash_sip(&key, input, 0);
	assert_memory_equal(&h, want0, 8);
	h = hash_sip(&key, input, 15);
	assert_memory_equal(&h, want15, 8);
}

TEST_WITH(secret_by_name_is_a_credential_of_the_service, setup, teardown)
{
	struct secret s = { 0 };
	char full[256];
	const char *name = strrchr(path, '/') + 1;

	put("hush", 4);
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	assert_ok(secret_load(name, &s, NULL));
	assert_int_equal(s.len, 4);
	secret_fini(&s);
	/* The usual place is looked for there, too. */
	snprintf(full, sizeof(full), SECRET_DIR "%s", name);
	assert_ok(secret_load(full, &s, NULL));
	secret_fini(&s);
	/* What is not there is meant to be in the usual place. */
	assert_ok(secret_path("no-such-name", full, sizeof(full)));
	assert_string_equal(full, SECRET_DIR "no-such-name");
	assert_ok(secret_path("/a/b", full, sizeof(full)));
	assert_string_equal(full, "/a/b");
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_ok(secret_path("name", full, sizeof(full)));
	assert_string_equal(full, SECRET_DIR "name");
	assert_err(secret_path("name", full, 10), ERR_INVALID);
}
