/* test_vault.c - secrets that only apid reads. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include "api/auth.h"
#include "api/vault.h"
#include "tests/lib/test.h"

static const uint8_t ann[16] = "ann", bob[16] = "bob";
static const uint8_t secret[20] = "12345678901234567890";

static void
key_file(const char *text, struct vault *v, enum err want)
{
	char path[] = "/tmp/vaultXXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0600), 0);
	close(fd);
	memset(v, 0, sizeof(*v));
	assert_err(vault_load(path, v, NULL), want);
	unlink(path);
}

static struct vault
some_vault(char c)
{
	struct vault v;
	char text[65];

	assert_ok(auth_init());
	memset(text, c, 64);
	text[64] = '\0';
	key_file(text, &v, OK);
	return v;
}

TEST(what_was_sealed_opens)
{
	struct vault v = some_vault('a');
	uint8_t sealed[20 + VAULT_OVERHEAD], again[sizeof(sealed)], out[20];

	vault_seal(&v, ann, secret, 20, sealed);
	assert_ok(vault_unseal(&v, ann, sealed, sizeof(sealed), out, 20));
	assert_memory_equal(out, secret, 20);
	vault_seal(&v, ann, secret, 20, again);
	assert_memory_not_equal(sealed, again, sizeof(sealed));
}

TEST(nothing_else_opens)
{
	struct vault v = some_vault('a'), other = some_vault('b');
	struct vault closed = { .open = false };
	uint8_t sealed[20 + VAULT_OVERHEAD], out[20];

	vault_seal(&v, ann, secret, 20, sealed);
	assert_err(vault_unseal(&v, bob, sealed, sizeof(sealed), out, 20),
	    ERR_BAD_SIG);
	assert_err(vault_unseal(&other, ann, sealed, sizeof(sealed), out, 20),
	    ERR_BAD_SIG);
	assert_err(vault_unseal(&closed, ann, sealed, sizeof(sealed), out,
	    20), ERR_BAD_SIG);
	assert_err(vault_unseal(&v, ann, sealed, sizeof(sealed) - 1, out, 20),
	    ERR_BAD_SIG);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		assert_err(vault_unseal(&v, ann, sealed, sizeof(sealed), out,
		    20), ERR_BAD_SIG);
		sealed[i] ^= 1;
	}
}

TEST(a_short_key_is_refused)
{
	struct vault v;

	assert_ok(auth_init());
	key_file("0123456789", &v, ERR_CONFIG);
	assert_false(v.open);
	assert_err(vault_load("/nonexistent/key", &v, NULL), ERR_NOT_FOUND);
}
