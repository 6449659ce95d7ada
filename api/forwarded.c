/*
 * forwarded.c - who the client is when a proxy stands before us.
 */
#include <string.h>
#include <strings.h>

#include "api/forwarded.h"

enum { NODE_BYTES = 64 };

/* One element, cut out of its line. */
struct hop {
	const char *node;		/* the address, without quotes */
	size_t len;
	bool quoted;
	bool insecure;
};

bool
forwarded_trusts(const struct forwarded_conf *conf,
    const struct sock_addr *peer)
{
	for (size_t i = 0; i < conf->n_trusted; i++)
		if (sock_prefix_match(&conf->trusted[i], peer))
			return true;
	return false;
}

void
forwarded_note(struct forwarded *f, const struct forwarded_conf *conf,
    const char *name, const char *value)
{
	const char *wanted = conf->rfc7239 ? "Forwarded" : "X-Forwarded-For";

	if (conf->n_trusted == 0)
		return;
	if (strcasecmp(name, wanted) == 0) {
		if (f->n_lines == FORWARDED_LINES)
			f->too_many = true;
		else
			f->line[f->n_lines++] = value;
	} else if (!conf->rfc7239 &&
	    strcasecmp(name, "X-Forwarded-Proto") == 0) {
		if (f->n_protos == FORWARDED_LINES)
			f->too_many = true;
		else
			f->proto[f->n_protos++] = value;
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_port(const char *p, const char *end)
{
	size_t n = (size_t)(end - p);

	if (n == 0 || n > 5)
		return false;
	for (; p < end; p++)
		if (*p < '0' || *p > '9')
			return false;
	return true;
}

/*
 * "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80", and
 * "2001:db8::1" where @bare_v6 allows it. "unknown" and "_hidden" are no
 * addresses: a proxy that hides its client is no use to us.
 */
static enum err
parse_node(const char *text, size_t len, bool bare_v6, struct sock_addr *out)
{
	char copy[NODE_BYTES];
	const char *end, *close, *colon;
	enum err e;

	if (len == 0 || len >= sizeof(copy) ||
	    memchr(text, '%', len) != NULL)
		return ERR_MALFORMED;
	end = text + len;
	if (*text == '[') {
		close = memchr(text, ']', len);
		if (close == NULL)
			return ERR_MALFORMED;
		if (close + 1 != end &&
		    (close[1] != ':' || !is_port(close + 2, end)))
			return ERR_MALFORMED;
		text++;
		len = (size_t)(close - text);
		if (memchr(text, ':', len) == NULL)
			return ERR_MALFORMED;	/* [192.0.2.1] */
	} else {
		colon = memchr(text, ':', len);
		if (colon != NULL && memchr(colon + 1, ':',
		    (size_t)(end - colon - 1)) != NULL) {
			if (!bare_v6)
				return ERR_MALFORMED;
		} else if (colon != NULL) {
			if (!is_port(colon + 1, end))
				return ERR_MALFORMED;
			len = (size_t)(colon - text);
		}
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	e = sock_ip_parse(copy, out);
	if (e != OK)
		return ERR_MALFORMED;
	sock_addr_unmap(out);
	out->port = 0;
	return OK;
}

/* ---- X-Forwarded-For ---- */

/* The last element of the line's first *end bytes; moves *end before it. */
static struct hop
last_element(const char *line, const char **end)
{
	const char *to = *end, *from = to;

	while (from > line && from[-1] != ',')
		from--;
	*end = from > line ? from - 1 : NULL;
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	return (struct hop){ .node = from, .len = (size_t)(to - from) };
}

/* All must say https: whoever adds another word harms only his own request. */
static bool
protos_insecure(const struct forwarded *f)
{
	for (size_t i = 0; i < f->n_protos; i++) {
		const char *end = f->proto[i] + strlen(f->proto[i]);

		while (end != NULL) {
			struct hop h = last_element(f->proto[i], &end);

			if (h.len != 5 || strncasecmp(h.node, "https", 5) != 0)
				return true;
		}
	}
	return false;
}

/* ---- Forwarded ---- */

/* One "name=value" at *p; the value without its quotes. */
static enum err
read_pair(const char **p, const char **name, size_t *n_name, struct hop *value)
{
	const char *at = *p;

	*name = at;
	while (is_token(*at))
		at++;
	*n_name = (size_t)(at - *name);
	if (*n_name == 0 || *at != '=')
		return ERR_MALFORMED;
	at++;
	value->quoted = *at == '"';
	value->node = at + value->quoted;
	if (value->quoted) {
		/* No address needs an escape, and none is taken. */
		for (at++; *at != '"'; at++)
			if (*at == '\0' || *at == '\\')
				return ERR_MALFORMED;
	} else {
		while (is_token(*at))
			at++;
	}
	value->len = (size_t)(at - value->node);
	if (value->len == 0)
		return ERR_MALFORMED;
	*p = at + value->quoted;
	return OK;
}

/* One element, up to its comma: what it says of for= and proto=. */
static enum err
read_element(const char **p, struct hop *out)
{
	bool has_for = false, has_proto = false;

	*out = (struct hop){ 0 };
	for (;;) {
		struct hop value = { 0 };
		const char *name;
		size_t n;

		if (read_pair(p, &name, &n, &value) != OK)
			return ERR_MALFORMED;
		if (n == 3 && strncasecmp(name, "for", 3) == 0) {
			if (has_for)
				return ERR_MALFORMED;
			has_for = true;
			out->node = value.node;
			out->len = value.len;
		} else if (n == 5 && strncasecmp(name, "proto", 5) == 0) {
			if (has_proto)
				return ERR_MALFORMED;
			has_proto = true;
			out->insecure = value.len != 5 ||
			    strncasecmp(value.node, "https", 5) != 0;
		}
		if (**p != ';')
			return OK;
		(*p)++;
	}
}

/* The last FORWARDED_HOPS elements, the last one first. A quote that is
 * never closed would swallow what the proxy added: the whole line is read. */
static enum err
read_elements(const char *line, struct hop *hop, size_t *n_hops)
{
	struct hop found[FORWARDED_HOPS];
	size_t n = 0;

	for (;;) {
		while (is_blank(*line))
			line++;
		if (read_element(&line, &found[n++ % FORWARDED_HOPS]) != OK)
			return ERR_MALFORMED;
		while (is_blank(*line))
			line++;
		if (*line == '\0')
			break;
		if (*line != ',')
			return ERR_MALFORMED;
		line++;
	}
	for (size_t i = 0; i < n && i < FORWARDED_HOPS &&
	    *n_hops < FORWARDED_HOPS; i++)
		hop[(*n_hops)++] = found[(n - 1 - i) % FORWARDED_HOPS];
	return OK;
}

/* ---- both ---- */

/* The last elements of all lines, the last one first. */
static enum err
read_hops(const struct forwarded *f, bool rfc7239, struct hop *hop,
    size_t *n_hops)
{
	*n_hops = 0;
	for (size_t i = f->n_lines; i-- > 0; ) {
		const char *end = f->line[i] + strlen(f->line[i]);

		if (rfc7239) {
			if (read_elements(f->line[i], hop, n_hops) != OK)
				return ERR_MALFORMED;
			continue;
		}
		while (end != NULL && *n_hops < FORWARDED_HOPS)
			hop[(*n_hops)++] = last_element(f->line[i], &end);
	}
	return OK;
}

enum err
forwarded_client(const struct forwarded *f, const struct forwarded_conf *conf,
    const struct sock_addr *peer, struct forwarded_client *out)
{
	struct forwarded_client c = { .address = *peer };
	struct hop hop[FORWARDED_HOPS];
	size_t n_hops;

	sock_addr_unmap(&c.address);
	c.address.port = 0;
	if (!forwarded_trusts(conf, &c.address)) {
		*out = c;
		return OK;
	}
	if (f->too_many || read_hops(f, conf->rfc7239, hop, &n_hops) != OK)
		return ERR_MALFORMED;
	c.insecure = protos_insecure(f);
	for (size_t i = 0; i < n_hops; i++) {
		if (parse_node(hop[i].node, hop[i].len, !conf->rfc7239,
		    &c.address) != OK)
			return ERR_MALFORMED;
		c.proxied = true;
		c.insecure = c.insecure || hop[i].insecure;
		if (!forwarded_trusts(conf, &c.address)) {
			*out = c;
			return OK;
		}
	}
	/* A proxy of ours asks for itself, or the row of them is too long. */
	if (n_hops == FORWARDED_HOPS)
		return ERR_MALFORMED;
	*out = c;
	return OK;
}
