/*
 * password.c - passwords and their Argon2id.  See password.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/password.h"
#include "common/base/check.h"

static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's");

/* Common passwords of ten bytes or more: what guessers try first.  Shorter
 * ones are refused anyway; digits and signs around a word do not help, see
 * is_common(). */
static const char *const common[] = {
	"password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd",
	"qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm",
	"1q2w3e4r5t", "1qaz2wsx3edc", "qazwsxedc", "qwerty", "qwertz",
	"letmein", "iloveyou", "welcome", "willkommen", "monkey", "dragon",
	"football", "baseball", "superman", "princess", "sunshine",
	"whatever", "trustno1", "changeme", "administrator", "admin", "root",
	"secret", "geheim", "default", "understudy", "abcdefghij", "abc",
	"hallo", "hello", "master", "login", "access", "internet",
	"computer", "test", "testtest", "summer", "winter", "sommer",
};

void
password_verify(struct password_job *job, const char *text,
    const char *stored)
{
	CHECK(job->state == PASSWORD_IDLE);
	job->verify = true;
	snprintf(job->text, sizeof(job->text), "%s", text);
	snprintf(job->stored, sizeof(job->stored), "%s",
	    stored != NULL ? stored : "");
	job->state = PASSWORD_WANTED;
}

void
password_make(struct password_job *job, const char *text)
{
	CHECK(job->state == PASSWORD_IDLE);
	job->make = true;
	snprintf(job->text, sizeof(job->text), "%s", text);
	job->state = PASSWORD_WANTED;
}

static enum err
make(struct password_job *job, const struct password_cost *cost)
{
	return crypto_pwhash_str(job->made, job->text, strlen(job->text),
	    cost->ops, cost->memory_bytes) == 0 ? OK : ERR_NO_MEMORY;
}

/* The work of a look at a password for somebody who does not exist. */
static enum err
waste(struct password_job *job, const struct password_cost *cost)
{
	enum err e = make(job, cost);

	job->made[0] = '\0';
	return e;
}

void
password_run(struct password_job *job, const struct password_cost *cost)
{
	CHECK(job->state == PASSWORD_WANTED);
	job->err = OK;
	if (job->verify && job->stored[0] == '\0') {
		job->err = waste(job, cost);
	} else if (job->verify) {
		job->good = crypto_pwhash_str_verify(job->stored, job->text,
		    strlen(job->text)) == 0;
		if (job->good && crypto_pwhash_str_needs_rehash(job->stored,
		    cost->ops, cost->memory_bytes) != 0)
			job->err = make(job, cost);
	} else {
		job->err = make(job, cost);
	}
	sodium_memzero(job->text, sizeof(job->text));
	job->state = PASSWORD_DONE;
}

void
password_fini(struct password_job *job)
{
	sodium_memzero(job, sizeof(*job));
}

/* Letters in small, digits and signs at both ends cut off. */
static size_t
core(const char *text, size_t len, char out[PASSWORD_MAX + 1])
{
	size_t from = 0, n = 0;

	while (len > from && !isalpha((unsigned char)text[len - 1]))
		len--;
	while (from < len && !isalpha((unsigned char)text[from]))
		from++;
	for (size_t i = from; i < len; i++)
		out[n++] = (char)tolower((unsigned char)text[i]);
	out[n] = '\0';
	return n;
}

static bool
is_common(const char *text, size_t len)
{
	char word[PASSWORD_MAX + 1];
	size_t n = core(text, len, word);

	for (size_t i = 0; i < COUNT_OF(common); i++)
		if (strcmp(word, common[i]) == 0 ||
		    (len == strlen(common[i]) &&
		    strncasecmp(text, common[i], len) == 0))
			return true;
	/* Digits alone, or the same few characters over and over. */
	if (n == 0)
		return strspn(text, "0123456789 .-/") == len;
	for (size_t period = 1; period <= 10 && 2 * period <= len;
	    period++) {
		size_t i = period;

		while (i < len && text[i] == text[i - period])
			i++;
		if (i == len)
			return true;
	}
	return false;
}

/* Does the password hold the person's name in the address? */
static bool
is_about(const char *text, const char *email)
{
	char small[PASSWORD_MAX + 1], local[PASSWORD_MAX + 1];
	size_t n = strcspn(email, "@"), i;

	for (i = 0; text[i] != '\0' && i < PASSWORD_MAX; i++)
		small[i] = (char)tolower((unsigned char)text[i]);
	small[i] = '\0';
	if (strcmp(small, email) == 0)
		return true;
	if (n < 4 || n > PASSWORD_MAX)
		return false;
	memcpy(local, email, n);
	local[n] = '\0';
	/* A long password may hold it: there is enough besides. */
	return strstr(small, local) != NULL && strlen(small) < n + 8;
}

const char *
password_fault(const char *text, size_t len, const char *email)
{
	if (len < PASSWORD_MIN)
		return "must be 10 characters or more; a few words are best";
	if (len > PASSWORD_MAX)
		return "must be 256 bytes or less";
	if (is_common(text, len))
		return "is one that is guessed first; a few words are better";
	if (is_about(text, email))
		return "must not be your own address or name";
	return NULL;
}
