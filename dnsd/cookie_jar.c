/*
 * cookie_jar.c - see cookie_jar.h.
 */
#include "dnsd/cookie_jar.h"

#include <string.h>
#include <sys/mman.h>

#include "common/base/hex.h"
#include "common/base/secret.h"

enum {
	HEX_DIGITS = 2 * HASH_KEY_BYTES,
	READ_TRIES = 8,			/* a writer that died half-way stays odd */
};

enum err
cookie_jar_map(int fd, bool write, struct cookie_jar **out_jar)
{
	void *p = mmap(NULL, COOKIE_JAR_BYTES, write ? PROT_READ | PROT_WRITE :
	    PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return ERR_IO;
	(void)madvise(p, COOKIE_JAR_BYTES, MADV_DONTDUMP);
	*out_jar = p;
	if (write && (*out_jar)->magic != COOKIE_JAR_MAGIC) {
		memset(p, 0, COOKIE_JAR_BYTES);
		(*out_jar)->magic = COOKIE_JAR_MAGIC;
	}
	return OK;
}

void
cookie_jar_unmap(struct cookie_jar *j)
{
	if (j != NULL)
		munmap(j, COOKIE_JAR_BYTES);
}

static bool
key_of(const uint8_t *line, size_t len, struct hash_key *out)
{
	if (len != HEX_DIGITS)
		return false;
	for (size_t i = 0; i < HASH_KEY_BYTES; i++) {
		int high = hex_digit((char)line[2 * i]), low = hex_digit((char)line[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

enum err
cookie_jar_parse(const uint8_t *text, size_t len, struct cookie_secrets *out)
{
	struct cookie_secrets s = { 0 };
	enum err e = OK;

	while (len > 0 && e == OK) {
		const uint8_t *end = memchr(text, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - text);
		size_t line = n > 0 && text[n - 1] == '\r' ? n - 1 : n;

		if (line > 0 && (s.n == COOKIE_SECRETS_MAX ||
		    !key_of(text, line, &s.key[s.n++])))
			e = ERR_INVALID;
		n += end != NULL;
		text += n;
		len -= n;
	}
	if (s.n == 0)
		e = ERR_INVALID;
	if (e == OK)
		*out = s;
	secret_wipe(&s, sizeof(s));
	return e;
}

static void
put(struct cookie_jar *j, const struct cookie_secrets *s, bool made_up,
    int64_t now_boot_ms)
{
	uint32_t seq = atomic_load_explicit(&j->sequence,
	    memory_order_relaxed) | 1;	/* odd already: of a dead writer */

	atomic_store_explicit(&j->sequence, seq, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	j->secrets = *s;
	j->made_up = made_up;
	j->rolled_boot_ms = now_boot_ms;
	atomic_store_explicit(&j->sequence, seq + 1, memory_order_release);
}

static bool
whole(const struct cookie_jar *j)
{
	uint32_t seq = atomic_load_explicit((_Atomic uint32_t *)&j->sequence,
	    memory_order_relaxed);

	return seq != 0 && seq % 2 == 0 && j->secrets.n > 0;
}

enum err
cookie_jar_fill(struct cookie_jar *j, const char *file,
    enum cookie_jar_mode mode, int64_t now_boot_ms, struct fault *fault)
{
	struct cookie_secrets s = { 0 };
	struct secret secret = { 0 };
	bool made_up = mode != COOKIE_JAR_OFF && file[0] == '\0';
	enum err e = OK;

	if (made_up && whole(j) && j->made_up) {
		s = j->secrets;
		now_boot_ms = j->rolled_boot_ms;
	} else if (made_up) {
		s.n = 1;
		hash_key_random(&s.key[0]);
	} else if (mode != COOKIE_JAR_OFF) {
		e = secret_load(file, &secret, fault);
		if (e == OK)
			e = cookie_jar_parse(secret.data, secret.len, &s);
		if (e == ERR_INVALID)
			fault_set(fault, file, 0, "not 1 to %d lines of %d "
			    "hexadecimal digits", COOKIE_SECRETS_MAX,
			    HEX_DIGITS);
		secret_fini(&secret);
	}
	s.required = mode == COOKIE_JAR_REQUIRE;
	if (e == OK)
		put(j, &s, made_up, now_boot_ms);
	secret_wipe(&s, sizeof(s));
	return e;
}

bool
cookie_jar_roll(struct cookie_jar *j, int64_t now_boot_ms)
{
	struct cookie_secrets s = { .n = 2 };

	if (!whole(j) || !j->made_up ||
	    now_boot_ms - j->rolled_boot_ms < COOKIE_JAR_ROLL_S * 1000LL)
		return false;
	s.required = j->secrets.required;
	s.key[1] = j->secrets.key[0];
	hash_key_random(&s.key[0]);
	put(j, &s, true, now_boot_ms);
	secret_wipe(&s, sizeof(s));
	return true;
}

bool
cookie_jar_take(const struct cookie_jar *j, uint32_t *seen,
    struct cookie_secrets *out)
{
	_Atomic uint32_t *sequence = (_Atomic uint32_t *)&j->sequence;
	struct cookie_secrets s;
	uint32_t before, after;

	before = atomic_load_explicit(sequence, memory_order_acquire);
	if (before == *seen)
		return false;
	for (int i = 0; i < READ_TRIES && before % 2 == 0; i++) {
		s = j->secrets;
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(sequence, memory_order_relaxed);
		if (after == before && s.n <= COOKIE_SECRETS_MAX) {
			*out = s;
			*seen = before;
			return true;
		}
		before = atomic_load_explicit(sequence, memory_order_acquire);
	}
	return false;			/* it changes: the next time */
}
