/*
 * framing.c - the headers of a request, and where it ends.  See framing.h.
 */
#include "api/framing.h"

#include <string.h>
#include <strings.h>

void
framing_begin(struct framing *f, const char *version, const char **known,
    const struct forwarded_conf *conf)
{
	*f = (struct framing){ .version = version, .line = version,
		.known = known, .forwarded_conf = conf };
}

/* Headers that handlers read. */
static void
note_known(struct framing *f, const char *key, const char *value)
{
	static const char *const names[] = {
#define HEADER(symbol, name) name,
#include "api/headers.def"
#undef HEADER
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcasecmp(key, names[i]) != 0)
			continue;
		f->repeated = f->repeated || f->known[i] != NULL;
		f->known[i] = value;
	}
}

/* A value lies behind its name's NUL in the library's buffer, blanks between.
 * Where it does not, the header was folded (RFC 9112 5.2) and the library
 * has glued the continuation to the *name*: "Transfer-Encodingchunked". */
static bool
is_folded(const char *key, const char *value)
{
	uintptr_t end = (uintptr_t)key + strlen(key) + 1;
	uintptr_t at = (uintptr_t)value;

	if (at < end || at - end > FRAMING_BLANKS_MAX)
		return true;
	for (const char *p = (const char *)end; p < value; p++)
		if (*p != ' ' && *p != '\t')
			return true;
	return false;
}

static bool
follows(const char *line, const char *before, size_t nuls)
{
	return (uintptr_t)line == (uintptr_t)before + strlen(before) + nuls;
}

/* Names that decide about framing, alone or with something glued on. */
static bool
is_framing_like(const char *key)
{
	static const char *const names[] = {
		"Content-Length", "Transfer-Encoding", "Host",
		"Authorization", "Cookie", "Sec-Fetch-Site",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strncasecmp(key, names[i], strlen(names[i])) == 0 &&
		    key[strlen(names[i])] != '\0')
			return true;
	return false;
}

static bool
is_text(const char *p)
{
	for (; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	return true;
}

static bool
is_name(const char *p)
{
	for (; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
	return true;
}

void
framing_note(struct framing *f, const char *key, const char *value)
{
	static const char none[] = "";

	/* Without loose lines framing_end() is not called, and line unused. */
	if (is_framing_like(key) || (value != NULL && is_folded(key, value)))
		f->bad = true;
	if (f->line != NULL)
		f->line = !follows(key, f->line, 2) ? NULL :
		    value != NULL ? value : key;
	if (value == NULL)
		value = none;
	if (!is_name(key) || !is_text(value))
		f->bad = true;
	if (strcasecmp(key, "Content-Length") == 0) {
		f->n_length++;
		f->length = value;
	} else if (strcasecmp(key, "Transfer-Encoding") == 0) {
		f->n_encoding++;
		f->encoding = value;
	} else if (strcasecmp(key, "Host") == 0) {
		f->n_host++;
		f->host = value;
	} else if (strcasecmp(key, "Authorization") == 0) {
		f->n_auth++;
		f->auth = value;
	} else if (strcasecmp(key, "Content-Type") == 0) {
		f->n_type++;
		f->type = value;
	} else if (strcasecmp(key, "X-Request-Id") == 0) {
		f->id = value;
	} else {
		forwarded_note(&f->forwarded, f->forwarded_conf, key, value);
		note_known(f, key, value);
	}
}

void
framing_end(struct framing *f, const char *body)
{
	if (f->line == NULL || !follows(body, f->line, 4))
		f->bad = true;
}

const char *
framing_fault(const struct framing *f)
{
	bool old = strcmp(f->version, "HTTP/1.0") == 0;

	if (f->bad)
		return "a header is folded, has a character that is not "
		    "allowed, or does not end with CR LF";
	if (strcmp(f->version, "HTTP/1.1") != 0 && !old)
		return "HTTP/1.1 is spoken here";
	if (f->n_length > 1 || f->n_encoding > 1 || f->n_host > 1 ||
	    f->n_auth > 1 || f->n_type > 1 || f->repeated)
		return "a header that must stand alone is repeated";
	if (f->n_length > 0 && f->n_encoding > 0)
		return "Content-Length and Transfer-Encoding together";
	if (f->n_host == 0 && !old)
		return "the Host header is missing";
	if (f->n_encoding > 0 && (old ||
	    strcasecmp(f->encoding, "chunked") != 0))
		return "only Transfer-Encoding: chunked is understood";
	if (f->n_length > 0 && (*f->length == '\0' ||
	    strlen(f->length) > FRAMING_LENGTH_DIGITS ||
	    f->length[strspn(f->length, "0123456789")] != '\0'))
		return "Content-Length is not a number";
	return NULL;
}
