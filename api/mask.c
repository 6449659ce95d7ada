/*
 * mask.c - see mask.h.
 *
 * One pass from left to right: a string that a colon follows is a member's
 * name; a secret member's value is stepped over.
 */
#include <string.h>
#include <strings.h>

#include "api/auth.h"
#include "api/mask.h"

static const char *const secrets[] = {
	"secret", "password", "token", "hash", "sealed", "key_sealed", "pepper",
	"totp", "otpauth", "code", "recovery_codes", "cookie", "link",
	"login_url", "authorization", "key_pem", "certificate_key",
};

static const char *const parts[] = { "secret", "password", "private" };

struct scan {
	const char *p, *end;
	struct buf *out;		/* NULL: step over */
	unsigned int depth;
};

static bool
contains(const char *name, size_t len, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(name + i, part, n) == 0)
			return true;
	return false;
}

bool
mask_is_secret(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		if (strlen(secrets[i]) == len &&
		    strncasecmp(secrets[i], name, len) == 0)
			return true;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (contains(name, len, parts[i]))
			return true;
	return false;
}

static void
copy(struct scan *s, const char *text, size_t len)
{
	if (s->out != NULL && len > 0)
		(void)buf_bytes(s->out, text, len);
}

static void
blanks(struct scan *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) != NULL)
		s->p++;
}

/* The string at p, quotes included. */
static bool
find_string(struct scan *s, const char **out_text, size_t *out_len)
{
	const char *from = s->p;

	if (s->p >= s->end || *s->p != '"')
		return false;
	for (s->p++; s->p < s->end && *s->p != '"'; s->p++)
		if (*s->p == '\\')
			s->p++;
	if (s->p >= s->end)
		return false;
	s->p++;
	*out_text = from;
	*out_len = (size_t)(s->p - from);
	return true;
}

/* A token may stand inside of a sentence. */
static void
copy_string(struct scan *s, const char *text, size_t len)
{
	size_t at = 0, i = 0;

	while (i + AUTH_TOKEN_LEN <= len) {
		if (!auth_token_check(text + i, AUTH_TOKEN_LEN)) {
			i++;
			continue;
		}
		copy(s, text + at, i + AUTH_PREFIX_LEN - at);
		copy(s, "***", 3);
		i += AUTH_TOKEN_LEN;
		at = i;
	}
	copy(s, text + at, len - at);
}

static bool value(struct scan *s);

static bool
member(struct scan *s)
{
	struct buf *out = s->out;
	const char *name;
	size_t len;
	bool good;

	if (!find_string(s, &name, &len))
		return false;
	blanks(s);
	if (s->p >= s->end || *s->p != ':')
		return false;
	s->p++;
	copy(s, name, len);
	copy(s, ":", 1);
	if (!mask_is_secret(name + 1, len - 2))
		return value(s);
	copy(s, "\"***\"", 5);
	s->out = NULL;
	good = value(s);
	s->out = out;
	return good;
}

/* What is between two brackets. */
static bool
inside(struct scan *s, char close)
{
	bool first = true;

	if (++s->depth > MASK_DEPTH_MAX)
		return false;
	copy(s, s->p++, 1);
	for (;;) {
		blanks(s);
		if (s->p < s->end && *s->p == close)
			break;
		if (!first) {
			if (s->p >= s->end || *s->p != ',')
				return false;
			s->p++;
			copy(s, ",", 1);
			blanks(s);
		}
		first = false;
		if (close == '}' ? !member(s) : !value(s))
			return false;
	}
	copy(s, s->p++, 1);
	s->depth--;
	return true;
}

static bool
value(struct scan *s)
{
	const char *text;
	size_t len;

	blanks(s);
	if (s->p >= s->end)
		return false;
	if (*s->p == '{' || *s->p == '[')
		return inside(s, *s->p == '{' ? '}' : ']');
	if (*s->p == '"') {
		if (!find_string(s, &text, &len))
			return false;
		copy_string(s, text, len);
		return true;
	}
	for (text = s->p; s->p < s->end && *s->p != '\0' &&
	    strchr(",]} \t\r\n", *s->p) == NULL; s->p++)
		;
	copy(s, text, (size_t)(s->p - text));
	return s->p > text;
}

enum err
mask_json(const char *json, size_t len, struct buf *out)
{
	struct scan s = { .p = json, .end = json + len, .out = out };

	if (!value(&s))
		return ERR_MALFORMED;
	blanks(&s);
	return s.p != s.end ? ERR_MALFORMED : buf_err(out);
}
