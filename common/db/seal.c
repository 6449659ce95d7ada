/*
 * seal.c - TSIG secrets as apid stores them and only xferd can read them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/base/wr.h"
#include "common/db/seal.h"

#define PUBLIC_MAGIC	"understudy-seal-public 1 "
#define SECRET_MAGIC	"understudy-seal-secret 1 "
#define MAGIC_LEN	(sizeof(PUBLIC_MAGIC) - 1)
#define PLAIN_MAX	(33 + SEAL_ALGORITHM_MAX + SEAL_SECRET_MAX)
#define LINE_MAX_BYTES	(MAGIC_LEN + 64 + 2)

static_assert(sizeof(PUBLIC_MAGIC) == sizeof(SECRET_MAGIC), "one length");
static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES, "sodium's overhead");
static_assert(SEAL_SEALED_MAX == SEAL_OVERHEAD + PLAIN_MAX, "sealed size");
static_assert(crypto_box_PUBLICKEYBYTES == 32, "public half");
static_assert(crypto_box_SECRETKEYBYTES == 32, "secret half");

static enum err
file_create(const char *path, mode_t mode, const char *magic,
    const uint8_t key[32])
{
	char line[LINE_MAX_BYTES];
	char hex[65];
	enum err e = OK;
	int fd, n;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return errno == EEXIST ? ERR_EXISTS : err_from_errno(errno);
	sodium_bin2hex(hex, sizeof(hex), key, 32);
	n = snprintf(line, sizeof(line), "%s%s\n", magic, hex);
	if (fchmod(fd, mode) != 0 || write(fd, line, (size_t)n) != n ||
	    fsync(fd) != 0)
		e = ERR_IO;
	if (close(fd) != 0)
		e = ERR_IO;
	secret_wipe(line, sizeof(line));
	secret_wipe(hex, sizeof(hex));
	if (e != OK)
		unlink(path);
	return e;
}

enum err
seal_key_create(const char *secret_path, const char *public_path)
{
	uint8_t public_half[32], secret_half[32];
	enum err e;

	if (sodium_init() < 0)
		return ERR_CRYPTO;
	crypto_box_keypair(public_half, secret_half);
	e = file_create(secret_path, 0600, SECRET_MAGIC, secret_half);
	if (e == OK) {
		e = file_create(public_path, 0644, PUBLIC_MAGIC, public_half);
		if (e != OK)
			unlink(secret_path);
	}
	secret_wipe(secret_half, sizeof(secret_half));
	return e;
}

static enum err
key_parse(const uint8_t *line, size_t len, const char *magic, uint8_t key[32])
{
	const char *end;
	size_t n;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len != MAGIC_LEN + 64 || memcmp(line, magic, MAGIC_LEN) != 0)
		return ERR_MALFORMED;
	if (sodium_hex2bin(key, 32, (const char *)line + MAGIC_LEN, 64, NULL,
	    &n, &end) != 0 || n != 32 ||
	    end != (const char *)line + MAGIC_LEN + 64)
		return ERR_MALFORMED;
	return OK;
}

enum err
seal_public_load(const char *path, struct seal_public *out_public)
{
	uint8_t line[LINE_MAX_BYTES];
	char full[PATH_MAX];
	ssize_t n;
	int fd;

	if (sodium_init() < 0)
		return ERR_CRYPTO;
	if (secret_path(path, full, sizeof(full)) != OK)
		return ERR_INVALID;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_from_errno(errno);
	n = read(fd, line, sizeof(line));
	close(fd);
	if (n < 0)
		return ERR_IO;
	return key_parse(line, (size_t)n, PUBLIC_MAGIC, out_public->bytes);
}

static enum err
ring_add(struct seal_keyring *ring, const char *path)
{
	struct secret file;
	enum err e;
	size_t i = ring->n;

	e = secret_load(path, &file, NULL);
	if (e != OK)
		return e;
	e = key_parse(file.data, file.len, SECRET_MAGIC,
	    ring->key[i].secret_half);
	secret_fini(&file);
	if (e != OK)
		return e;
	if (crypto_scalarmult_base(ring->key[i].public_half,
	    ring->key[i].secret_half) != 0)
		return ERR_CRYPTO;
	ring->n++;
	return OK;
}

enum err
seal_keyring_load(const char *path, const char *old_path,
    struct seal_keyring *out_ring)
{
	struct seal_keyring ring = { .n = 0 };
	enum err e;

	if (sodium_init() < 0)
		return ERR_CRYPTO;
	e = ring_add(&ring, path);
	if (e == OK && old_path != NULL)
		e = ring_add(&ring, old_path);
	if (e == OK)
		*out_ring = ring;
	secret_wipe(&ring, sizeof(ring));
	return e;
}

void
seal_keyring_fini(struct seal_keyring *ring)
{
	secret_wipe(ring, sizeof(*ring));
}

/* Everything before the secret, which the opener compares as a whole. */
static enum err
context_write(struct wr *w, const struct seal_context *ctx)
{
	size_t len = strlen(ctx->algorithm);

	if (len == 0 || len > SEAL_ALGORITHM_MAX)
		return ERR_LIMIT;
	wr_bytes(w, ctx->tenant_id, 16);
	wr_bytes(w, ctx->key_id, 16);
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, ctx->algorithm, len);
	return OK;
}

enum err
seal_close_long(const struct seal_public *to, const struct seal_context *ctx,
    const uint8_t *secret, size_t secret_len, uint8_t *out, size_t max,
    size_t *out_len)
{
	uint8_t plain[33 + SEAL_ALGORITHM_MAX + SEAL_LONG_MAX];
	struct wr w = wr_make(plain, sizeof(plain));
	enum err e;

	if (secret_len == 0 || secret_len > SEAL_LONG_MAX)
		return ERR_LIMIT;
	if (sodium_init() < 0)
		return ERR_CRYPTO;
	e = context_write(&w, ctx);
	if (e != OK)
		return e;
	wr_bytes(&w, secret, secret_len);
	if (!wr_failed(&w) && wr_len(&w) + SEAL_OVERHEAD > max)
		e = ERR_LIMIT;
	else if (wr_failed(&w) ||
	    crypto_box_seal(out, plain, wr_len(&w), to->bytes) != 0)
		e = ERR_CRYPTO;
	else
		*out_len = wr_len(&w) + SEAL_OVERHEAD;
	secret_wipe(plain, sizeof(plain));
	return e;
}

enum err
seal_close(const struct seal_public *to, const struct seal_context *ctx,
    const uint8_t *secret, size_t secret_len, uint8_t *out, size_t *out_len)
{
	if (secret_len > SEAL_SECRET_MAX)
		return ERR_LIMIT;
	return seal_close_long(to, ctx, secret, secret_len, out,
	    SEAL_SEALED_MAX, out_len);
}

enum err
seal_open_long(const struct seal_keyring *ring,
    const struct seal_context *ctx, const uint8_t *sealed, size_t sealed_len,
    uint8_t *out_secret, size_t max, size_t *out_len)
{
	uint8_t plain[33 + SEAL_ALGORITHM_MAX + SEAL_LONG_MAX];
	uint8_t want[33 + SEAL_ALGORITHM_MAX];
	struct wr w = wr_make(want, sizeof(want));
	enum err e = ERR_BAD_SIG;
	size_t i, head, len;

	if (sealed_len <= SEAL_OVERHEAD ||
	    sealed_len - SEAL_OVERHEAD > sizeof(plain) ||
	    context_write(&w, ctx) != OK)
		return ERR_BAD_SIG;
	if (sodium_init() < 0)
		return ERR_CRYPTO;
	head = wr_len(&w);
	len = sealed_len - SEAL_OVERHEAD;
	for (i = 0; i < ring->n && e != OK; i++)
		if (crypto_box_seal_open(plain, sealed, sealed_len,
		    ring->key[i].public_half, ring->key[i].secret_half) == 0)
			e = OK;
	if (e == OK && (len <= head || len - head > max ||
	    sodium_memcmp(plain, want, head) != 0))
		e = ERR_BAD_SIG;
	if (e == OK) {
		memcpy(out_secret, plain + head, len - head);
		*out_len = len - head;
	}
	secret_wipe(plain, len);
	return e;
}

enum err
seal_open(const struct seal_keyring *ring, const struct seal_context *ctx,
    const uint8_t *sealed, size_t sealed_len, uint8_t *out_secret,
    size_t *out_len)
{
	return seal_open_long(ring, ctx, sealed, sealed_len, out_secret,
	    SEAL_SECRET_MAX, out_len);
}
