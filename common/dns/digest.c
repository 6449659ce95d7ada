/*
 * digest.c - BLAKE2b-256 through libsodium.
 *
 * sodium_init() picks the fast implementation for this CPU; it runs before
 * main(), so no caller can forget it and no sandbox is in its way.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"
#include "common/dns/digest.h"

static_assert(sizeof(struct digest_run) >= sizeof(crypto_generichash_state),
    "libsodium's state has grown");

__attribute__((constructor)) static void
digest_setup(void)
{
	CHECK(sodium_init() >= 0);
}

static crypto_generichash_state *
state_of(struct digest_run *run)
{
	return (crypto_generichash_state *)(void *)run->opaque;
}

void
digest_of(const void *bytes, size_t len, struct digest *out_digest)
{
	int rc = crypto_generichash(out_digest->octets, DIGEST_SIZE, bytes,
	    len, NULL, 0);

	CHECK(rc == 0);
}

void
digest_begin(struct digest_run *run)
{
	int rc = crypto_generichash_init(state_of(run), NULL, 0, DIGEST_SIZE);

	CHECK(rc == 0);
}

void
digest_add(struct digest_run *run, const void *bytes, size_t len)
{
	int rc = crypto_generichash_update(state_of(run), bytes, len);

	CHECK(rc == 0);
}

void
digest_end(struct digest_run *run, struct digest *out_digest)
{
	int rc = crypto_generichash_final(state_of(run), out_digest->octets,
	    DIGEST_SIZE);

	CHECK(rc == 0);
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->octets, b->octets, DIGEST_SIZE) == 0;
}
