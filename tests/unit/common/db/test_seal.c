/* test_seal.c - sealed TSIG secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/db/seal.h"

static char dir[] = "/tmp/us-seal.XXXXXX";
static char secret_path[64], public_path[64], secret2[64], public2[64];
static const uint8_t tenant[16] = { 1 }, key_id[16] = { 2 };
static const struct seal_context ctx = { tenant, key_id, "hmac-sha256" };

static int
begin(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(secret_path, sizeof(secret_path), "%s/s", dir);
	snprintf(public_path, sizeof(public_path), "%s/p", dir);
	snprintf(secret2, sizeof(secret2), "%s/s2", dir);
	snprintf(public2, sizeof(public2), "%s/p2", dir);
	return seal_key_create(secret_path, public_path) == OK &&
	    seal_key_create(secret2, public2) == OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	unlink(secret_path);
	unlink(public_path);
	unlink(secret2);
	unlink(public2);
	return rmdir(dir);
}

static void
key_files_are_private_and_never_overwritten(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(0, stat(secret_path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	assert_int_equal(ERR_EXISTS, seal_key_create(secret_path,
	    public_path));
}

static void
what_is_sealed_opens(void **state)
{
	static const uint8_t secret[] = "\x00\x01secret\xff";
	uint8_t sealed[SEAL_SEALED_MAX], back[SEAL_SECRET_MAX];
	uint8_t big[SEAL_SECRET_MAX + 1] = { 7 };
	struct seal_keyring ring;
	struct seal_public pub;
	size_t n, len;

	(void)state;
	assert_int_equal(OK, seal_public_load(public_path, &pub));
	assert_int_equal(OK, seal_keyring_load(secret_path, NULL, &ring));
	assert_int_equal(OK, seal_close(&pub, &ctx, secret, sizeof(secret),
	    sealed, &n));
	assert_int_equal(OK, seal_open(&ring, &ctx, sealed, n, back, &len));
	assert_int_equal(sizeof(secret), len);
	assert_memory_equal(secret, back, len);
	assert_int_equal(OK, seal_close(&pub, &ctx, big, SEAL_SECRET_MAX,
	    sealed, &n));
	assert_int_equal(OK, seal_open(&ring, &ctx, sealed, n, back, &len));
	assert_int_equal(SEAL_SECRET_MAX, len);
	assert_int_equal(ERR_LIMIT, seal_close(&pub, &ctx, big,
	    SEAL_SECRET_MAX + 1, sealed, &n));
	assert_int_equal(ERR_LIMIT, seal_close(&pub, &ctx, big, 0, sealed,
	    &n));
	seal_keyring_fini(&ring);
}

static void
a_long_secret_opens(void **state)
{
	static uint8_t secret[SEAL_LONG_MAX + 1], back[SEAL_LONG_MAX];
	static uint8_t sealed[SEAL_LONG_MAX + 256];
	struct seal_keyring ring;
	struct seal_public pub;
	size_t n, len;

	(void)state;
	memset(secret, 0x5a, sizeof(secret));
	assert_int_equal(OK, seal_public_load(public_path, &pub));
	assert_int_equal(OK, seal_keyring_load(secret_path, NULL, &ring));
	assert_int_equal(OK, seal_close_long(&pub, &ctx, secret,
	    SEAL_LONG_MAX, sealed, sizeof(sealed), &n));
	assert_int_equal(OK, seal_open_long(&ring, &ctx, sealed, n, back,
	    sizeof(back), &len));
	assert_int_equal(SEAL_LONG_MAX, len);
	assert_memory_equal(secret, back, len);
	/* not into less room, not more than the maximum, not from less */
	assert_int_equal(ERR_BAD_SIG, seal_open_long(&ring, &ctx, sealed, n,
	    back, sizeof(back) - 1, &len));
	assert_int_equal(ERR_BAD_SIG, seal_open_long(&ring, &ctx, sealed,
	    n - 1, back, sizeof(back), &len));
	assert_int_equal(ERR_LIMIT, seal_close_long(&pub, &ctx, secret,
	    SEAL_LONG_MAX + 1, sealed, sizeof(sealed), &n));
	assert_int_equal(ERR_LIMIT, seal_close_long(&pub, &ctx, secret, 100,
	    sealed, 140, &n));
	seal_keyring_fini(&ring);
}

static void
a_swapped_or_changed_row_does_not_open(void **state)
{
	struct seal_context wrong[3] = { ctx, ctx, ctx };
	uint8_t sealed[SEAL_SEALED_MAX], back[SEAL_SECRET_MAX];
	struct seal_keyring ring;
	struct seal_public pub;
	size_t n, len, i;

	(void)state;
	wrong[0].tenant_id = key_id;
	wrong[1].key_id = tenant;
	wrong[2].algorithm = "hmac-sha512";
	assert_int_equal(OK, seal_public_load(public_path, &pub));
	assert_int_equal(OK, seal_keyring_load(secret_path, NULL, &ring));
	assert_int_equal(OK, seal_close(&pub, &ctx, tenant, 16, sealed, &n));
	for (i = 0; i < 3; i++)
		assert_int_equal(ERR_BAD_SIG, seal_open(&ring, &wrong[i],
		    sealed, n, back, &len));
	for (i = 0; i < n; i++) {
		sealed[i] ^= 1;
		assert_int_equal(ERR_BAD_SIG, seal_open(&ring, &ctx, sealed,
		    n, back, &len));
		assert_int_equal(ERR_BAD_SIG, seal_open(&ring, &ctx, sealed,
		    i, back, &len));
		sealed[i] ^= 1;
	}
	seal_keyring_fini(&ring);
}

static void
rotation_reads_old_and_new(void **state)
{
	uint8_t sealed[SEAL_SEALED_MAX], back[SEAL_SECRET_MAX];
	struct seal_keyring both, newer;
	struct seal_public old_public;
	size_t n, len;

	(void)state;
	assert_int_equal(OK, seal_public_load(public_path, &old_public));
	assert_int_equal(OK, seal_keyring_load(secret2, secret_path, &both));
	assert_int_equal(OK, seal_keyring_load(secret2, NULL, &newer));
	assert_int_equal(OK, seal_close(&old_public, &ctx, tenant, 16, sealed,
	    &n));
	assert_int_equal(OK, seal_open(&both, &ctx, sealed, n, back, &len));
	assert_int_equal(ERR_BAD_SIG, seal_open(&newer, &ctx, sealed, n, back,
	    &len));
}

static void
halves_are_not_confused(void **state)
{
	struct seal_keyring ring;
	struct seal_public pub;

	(void)state;
	assert_int_equal(ERR_MALFORMED, seal_public_load(secret_path, &pub));
	chmod(public_path, 0600);
	assert_int_equal(ERR_MALFORMED, seal_keyring_load(public_path, NULL,
	    &ring));
	chmod(public_path, 0644);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_files_are_private_and_never_overwritten),
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(a_long_secret_opens),
		cmocka_unit_test(a_swapped_or_changed_row_does_not_open),
		cmocka_unit_test(rotation_reads_old_and_new),
		cmocka_unit_test(halves_are_not_confused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
