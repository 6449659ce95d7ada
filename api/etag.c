/*
 * etag.c - entity tags.  See etag.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/etag.h"
#include "api/scrub.h"
#include "common/base/hash.h"

/* Members of single resources that change without a client's doing. */
static const char *const volatile_names[] = {
	/* zones */
	"state", "served", "health", "serial", "primary_serial", "generation",
	"record_count", "checked_at", "loaded_at", "refresh_at", "expires_at",
	"signed_until", "runs_out_at", "edges", "status", "notices",
	"last_error", "held", "pinned", "problem", "changed_at",
	/* tokens, members, sessions, tenants */
	"last_used_at", "last_seen_at", "seen_at", "usage",
	NULL
};

/* Tags need no secret: who makes two documents with one tag misleads
 * nobody but themselves. */
static uint64_t
digest(const char *text, size_t len)
{
	static const struct hash_key key = { .bytes = "understudy etag" };

	return hash_sip(&key, text, len);
}

void
etag_list(const char *text, size_t len, char out[ETAG_BYTES])
{
	snprintf(out, ETAG_BYTES, "\"%016" PRIx64 "\"", digest(text, len));
}

enum err
etag_single(const char *text, size_t len, char out[ETAG_BYTES])
{
	struct buf b;
	enum err e;

	buf_init(&b, len + 64);
	e = scrub_copy(text, len, volatile_names, SCRUB_DROP, &b);
	if (e == OK)
		snprintf(out, ETAG_BYTES, "\"%016" PRIx64 "-%016" PRIx64 "\"",
		    digest((const char *)b.data, b.len), digest(text, len));
	buf_fini(&b);
	return e;
}

struct tag {
	const char *text;		/* behind the opening quote */
	size_t len;
	bool weak;
};

/* The next tag of a list: 1; 0 at the end; -1 when it is none. */
static int
next_tag(const char **at, struct tag *out)
{
	const char *p = *at + strspn(*at, " \t,");

	if (*p == '\0')
		return 0;
	out->weak = strncmp(p, "W/", 2) == 0;
	if (out->weak)
		p += 2;
	if (*p != '"')
		return -1;
	out->text = ++p;
	while (*p != '"' && (unsigned char)*p > 0x20 && *p != 0x7f)
		p++;
	if (*p != '"')
		return -1;
	out->len = (size_t)(p - out->text);
	p++;
	p += strspn(p, " \t");
	if (*p != ',' && *p != '\0')
		return -1;
	*at = p;
	return 1;
}

static bool
is_any(const char *header)
{
	const char *p = header + strspn(header, " \t");

	return *p == '*' && p[1 + strspn(p + 1, " \t")] == '\0';
}

bool
etag_is_condition(const char *header)
{
	const char *at = header;
	struct tag t;
	int n = 0, got;

	if (is_any(header))
		return true;
	while ((got = next_tag(&at, &t)) == 1)
		n++;
	return got == 0 && n > 0;
}

bool
etag_none_match(const char *header, const char *etag)
{
	size_t len = strlen(etag) - 2;
	const char *at = header;
	struct tag t;

	if (is_any(header))
		return true;
	while (next_tag(&at, &t) == 1)
		if (t.len == len && memcmp(t.text, etag + 1, len) == 0)
			return true;
	return false;
}

bool
etag_match(const char *header, const char *etag)
{
	size_t len = strcspn(etag + 1, "-\"");
	const char *at = header;
	struct tag t;

	if (is_any(header))
		return true;
	while (next_tag(&at, &t) == 1)
		if (!t.weak && t.len > len && t.text[len] == '-' &&
		    memcmp(t.text, etag + 1, len) == 0)
			return true;
	return false;
}
