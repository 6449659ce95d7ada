/*
 * route.c - the router.  See route.h.
 *
 * The table is searched from top to bottom: forty comparisons of a few
 * bytes cost less than one system call of the request.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/route.h"
#include "common/base/hex.h"

#define BODY_NONE	ROUTE_BODY_NONE
#define BODY_OPTIONAL	ROUTE_BODY_OPTIONAL
#define BODY_JSON	ROUTE_BODY_JSON
static const struct route routes[] = {
#define ROUTE(method, path, who, scope, body, query, handler) \
	{ ROUTE_##method, path, ROUTE_##who, scope, BODY_##body, query, \
	  handler },
#include "api/routes.def"
#undef ROUTE
};

const struct route *
route_table(size_t *out_n)
{
	*out_n = COUNT_OF(routes);
	return routes;
}

enum route_method
route_method(const char *name)
{
	static const struct {
		const char *name;
		enum route_method m;
	} known[] = {
		{ "GET", ROUTE_GET }, { "HEAD", ROUTE_GET },
		{ "POST", ROUTE_POST }, { "PATCH", ROUTE_PATCH },
		{ "DELETE", ROUTE_DELETE }, { "PUT", ROUTE_PUT },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].m;
	return ROUTE_OTHER;
}

void
route_allow(int methods, char *out)
{
	int n = snprintf(out, ROUTE_ALLOW_BYTES, "%s%s%s%s",
	    (methods & ROUTE_GET) != 0 ? "GET, HEAD, " : "",
	    (methods & ROUTE_POST) != 0 ? "POST, " : "",
	    (methods & ROUTE_PATCH) != 0 ? "PATCH, " : "",
	    (methods & ROUTE_DELETE) != 0 ? "DELETE, " : "");

	if (n >= 2)
		out[n - 2] = '\0';
}

/* Is @s, without NULs, UTF-8?  Overlong forms and surrogates are not. */
static bool
is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p != 0) {
		unsigned int n = *p < 0x80 ? 0 : *p >= 0xc2 && *p <= 0xdf ? 1 :
		    (*p & 0xf0) == 0xe0 ? 2 : *p >= 0xf0 && *p <= 0xf4 ? 3 : 9;

		if (n == 9 || (p[0] == 0xe0 && p[1] < 0xa0) ||
		    (p[0] == 0xed && p[1] > 0x9f) ||
		    (p[0] == 0xf0 && p[1] < 0x90) ||
		    (p[0] == 0xf4 && p[1] > 0x8f))
			return false;
		for (p++; n > 0; n--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

enum err
route_unescape(const char *text, size_t len, bool plus, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int hi, lo;

			if (len - i < 3)
				return ERR_MALFORMED;
			hi = hex_digit(text[i + 1]);
			lo = hex_digit(text[i + 2]);
			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return ERR_MALFORMED;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (n + 1 >= max)
			return ERR_SPACE;
		out[n++] = c;
	}
	out[n] = '\0';
	return is_utf8(out) ? OK : ERR_MALFORMED;
}

/* "=2E" is the root, "=2F" a slash: what clients and proxies rewrite when
 * it is written with a percent sign.  Other "=XX" work the same way. */
static enum err
unescape_equals(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		int hi, lo;

		if (*s != '=') {
			*to++ = *s;
			continue;
		}
		hi = hex_digit(s[1]);
		lo = hi < 0 ? -1 : hex_digit(s[2]);
		if (lo < 0 || hi * 16 + lo < 0x20 || hi * 16 + lo > 0x7e)
			return ERR_MALFORMED;
		*to++ = (char)(hi * 16 + lo);
		s += 2;
	}
	*to = '\0';
	return OK;
}

static bool
path_is_clean(const char *path)
{
	for (const char *p = path; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f || *p == '\\')
			return false;
		if (*p != '%')
			continue;
		if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
			return false;
		if (p[1] == '0' && p[2] == '0')
			return false;
		if (p[1] == '2' && (p[2] == 'f' || p[2] == 'F'))
			return false;
	}
	return true;
}

/* Does the path have the pattern's shape?  Parameters are left raw. */
static bool
shape_matches(const char *pattern, const char *path,
    const char *start[ROUTE_PARAMS_MAX], size_t len[ROUTE_PARAMS_MAX],
    size_t *n)
{
	*n = 0;
	for (;;) {
		if (*pattern == '{') {
			size_t seg = strcspn(path, "/");

			if (seg == 0 || *n == ROUTE_PARAMS_MAX)
				return false;
			start[*n] = path;
			len[(*n)++] = seg;
			path += seg;
			pattern += strcspn(pattern, "}") + 1;
			continue;
		}
		/* Some clients write the colon of "zones:batch" as %3A. */
		if (*pattern == ':' && strncasecmp(path, "%3a", 3) == 0) {
			pattern++;
			path += 3;
			continue;
		}
		if (*pattern != *path)
			return false;
		if (*pattern == '\0')
			return true;
		pattern++;
		path++;
	}
}

static bool
is_records_path(const char *pattern)
{
	return strcmp(pattern, "/v1/zones/{zone}/records") == 0 ||
	    strcmp(pattern, "/v1/zones/{zone}/export") == 0;
}

/* Any write below /v1/zones/{zone}/records, one record's path included. */
static bool
is_record_write(const char *path)
{
	static const char zones[] = "/v1/zones/";
	const char *p;

	if (strncmp(path, zones, sizeof(zones) - 1) != 0)
		return false;
	p = strchr(path + sizeof(zones) - 1, '/');
	return p != NULL && strncmp(p, "/records/", 9) == 0;
}

/* Add what the table has for a path; @acting: tenants' routes alone. */
static enum err
match_table(enum route_method method, const char *path, bool acting,
    struct route_match *out)
{
	const char *start[ROUTE_PARAMS_MAX];
	size_t len[ROUTE_PARAMS_MAX], n;

	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		const struct route *rt = &routes[i];

		if ((acting && rt->who != ROUTE_TENANT) ||
		    !shape_matches(rt->path, path, start, len, &n))
			continue;
		out->allow |= (int)rt->method;
		if (rt->method != method) {
			if (is_records_path(rt->path))
				out->read_only = true;
			continue;
		}
		out->route = rt;
		out->acting = acting;
		out->n_params = n;
		for (size_t k = 0; k < n; k++) {
			enum err e = route_unescape(start[k], len[k], false,
			    out->param[k], sizeof(out->param[k]));

			if (e == ERR_SPACE)
				e = ERR_MALFORMED;
			if (e == OK)
				e = unescape_equals(out->param[k]);
			if (e != OK)
				return e;
		}
	}
	if (out->route == NULL && out->allow == 0 && method != ROUTE_GET &&
	    is_record_write(path)) {
		out->allow = 0;
		out->read_only = true;
	}
	return OK;
}

enum err
route_find(enum route_method method, const char *path,
    struct route_match *out)
{
	static const char within[] = "/v1/operator/tenants/";
	char inner[ROUTE_INNER_BYTES];
	const char *tenant, *rest;
	enum err e;

	memset(out, 0, offsetof(struct route_match, param));
	if (!path_is_clean(path))
		return ERR_MALFORMED;
	e = match_table(method, path, false, out);
	if (e != OK || out->route != NULL ||
	    strncmp(path, within, sizeof(within) - 1) != 0)
		return e;
	tenant = path + sizeof(within) - 1;
	rest = strchr(tenant, '/');
	if (rest == NULL || rest - tenant != sizeof(out->tenant) - 1 ||
	    strlen(rest) + 4 > sizeof(inner))
		return OK;
	memcpy(out->tenant, tenant, sizeof(out->tenant) - 1);
	snprintf(inner, sizeof(inner), "/v1%s", rest);
	return match_table(method, inner, true, out);
}
