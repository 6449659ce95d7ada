/* test_keyring.c - sealed rows to keys, and nothing else. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "common/base/hash.h"
#include "common/db/seal.h"
#include "xferd/keyring.h"

static char secret_path[64], public_path[64];
static struct keyring *ring;
static struct seal_public public;

static int
setup(void **state UNUSED)
{
	hash_init();
	snprintf(secret_path, sizeof(secret_path), "/tmp/us-key.%d.s",
	    getpid());
	snprintf(public_path, sizeof(public_path), "/tmp/us-key.%d.p",
	    getpid());
	unlink(secret_path);
	unlink(public_path);
	if (seal_key_create(secret_path, public_path) != OK ||
	    seal_public_load(public_path, &public) != OK)
		return -1;
	return keyring_new(secret_path, &ring) == OK ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	keyring_free(ring);
	unlink(secret_path);
	unlink(public_path);
	return 0;
}

struct made {
	uint8_t tenant[16], key[16];
	uint8_t sealed[SEAL_SEALED_MAX];
	struct keyring_row row;
};

static void
make(struct made *m, uint8_t tenant, uint8_t key, const char *secret)
{
	static const uint8_t NAME[] = "\3key\4test";
	struct seal_context ctx = { .tenant_id = m->tenant,
		.key_id = m->key, .algorithm = "hmac-sha256" };
	size_t len;

	memset(m, 0, sizeof(*m));
	m->tenant[0] = tenant;
	m->key[0] = key;
	assert_ok(seal_close(&public, &ctx, (const uint8_t *)secret,
	    strlen(secret), m->sealed, &len));
	m->row = (struct keyring_row){ .tenant_id = m->tenant,
		.key_id = m->key, .name = NAME, .name_len = sizeof(NAME),
		.algorithm = "hmac-sha256", .sealed = m->sealed,
		.sealed_len = len };
}

TEST_WITH(a_row_opens_once_and_keeps_its_number, setup, teardown)
{
	struct made m;
	uint32_t a, b;

	make(&m, 1, 1, "secret");
	assert_ok(keyring_number(ring, &m.row, &a));
	assert_ok(keyring_number(ring, &m.row, &b));
	assert_int_not_equal(a, 0);
	assert_int_equal(a, b);
	assert_int_equal(keyring_key(ring, a)->secret_len, 6);
	assert_memory_equal(keyring_key(ring, a)->secret, "secret", 6);
	assert_null(keyring_key(ring, 0));
	assert_null(keyring_key(ring, a + 1));
}

TEST_WITH(a_changed_row_gets_another_number_and_the_old_dies, setup, teardown)
{
	struct made m;
	uint32_t a, b;

	make(&m, 1, 1, "secret");
	assert_ok(keyring_number(ring, &m.row, &a));
	make(&m, 1, 1, "changed");
	assert_ok(keyring_number(ring, &m.row, &b));
	assert_int_not_equal(a, b);
	assert_null(keyring_key(ring, a));
	assert_memory_equal(keyring_key(ring, b)->secret, "changed", 7);
}

TEST_WITH(the_same_name_of_two_tenants_is_two_keys, setup, teardown)
{							/* T-142 */
	struct made m, n;
	uint32_t a, b;

	make(&m, 1, 1, "mine");
	make(&n, 2, 1, "yours");
	assert_ok(keyring_number(ring, &m.row, &a));
	assert_ok(keyring_number(ring, &n.row, &b));
	assert_memory_equal(keyring_key(ring, a)->secret, "mine", 4);
	assert_memory_equal(keyring_key(ring, b)->secret, "yours", 5);
}

TEST_WITH(a_row_moved_to_another_tenant_does_not_open, setup, teardown)
{
	struct made m;
	uint32_t a;

	make(&m, 1, 1, "secret");
	m.tenant[0] = 2;
	assert_err(keyring_number(ring, &m.row, &a), ERR_BAD_KEY);
	make(&m, 1, 1, "secret");
	m.key[0] = 2;
	assert_err(keyring_number(ring, &m.row, &a), ERR_BAD_KEY);
	make(&m, 1, 1, "secret");
	m.row.algorithm = "hmac-sha512";
	assert_err(keyring_number(ring, &m.row, &a), ERR_BAD_KEY);
}

TEST_WITH(the_one_not_used_for_longest_goes_when_full, setup, teardown)
{
	struct made m;
	uint32_t first, second, n;

	make(&m, 1, 1, "first");
	assert_ok(keyring_number(ring, &m.row, &first));
	make(&m, 1, 2, "second");
	assert_ok(keyring_number(ring, &m.row, &second));
	for (unsigned i = 0; i < KEYRING_MAX - 1; i++) {
		make(&m, 3, 0, "more");
		m.key[1] = (uint8_t)i;
		m.key[2] = (uint8_t)(i >> 8);
		{
			struct seal_context ctx = { .tenant_id = m.tenant,
				.key_id = m.key, .algorithm = "hmac-sha256" };

			assert_ok(seal_close(&public, &ctx,
			    (const uint8_t *)"more", 4, m.sealed,
			    &m.row.sealed_len));
		}
		assert_ok(keyring_number(ring, &m.row, &n));
	}
	assert_null(keyring_key(ring, first));
	assert_non_null(keyring_key(ring, second));
	assert_non_null(keyring_key(ring, n));
}
