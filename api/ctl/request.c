/*
 * request.c - what a request consists of.  See request.h.
 */
#include <string.h>
#include <strings.h>

#include "api/ctl/report.h"
#include "api/ctl/request.h"
#include "api/ctl/settings.h"
#include "api/ctl/tell.h"
#include "common/base/sock.h"

void
request_escape(struct buf *out, const char *text)
{
	/* The root and a slash have spellings that nobody rewrites. */
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		for (; *text != '\0'; text++)
			buf_str(out, "=2E");
		return;
	}
	for (const uint8_t *p = (const uint8_t *)text; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~:", *p) != NULL)
			buf_u8(out, *p);
		else if (*p == '/' || *p == '=')
			buf_printf(out, "=%02X", *p);
		else
			buf_printf(out, "%%%02X", *p);
	}
}

/* A query's value: "=XX" means nothing there. */
void
request_escape_query(struct buf *out, const char *text)
{
	for (const uint8_t *p = (const uint8_t *)text; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL)
			buf_u8(out, *p);
		else
			buf_printf(out, "%%%02X", *p);
	}
}

/* What fills "{zone}": the argument of that name. */
static const char *
find_arg(const struct cmdline *line, const char *tenant, const char *name,
    size_t len, const char *last)
{
	struct command_arg args[COMMAND_ARGS_MAX];
	size_t n = command_args(line->command, args);

	for (size_t i = 0; i < n; i++) {
		if (args[i].member[0] != '\0' ||
		    strlen(args[i].name) != len ||
		    strncasecmp(args[i].name, name, len) != 0)
			continue;
		if (args[i].repeated)
			return last;
		return i < line->n_args ? line->arg[i] : NULL;
	}
	/* What is done to a zone of a tenant: --tenant names it. */
	if (len == 6 && memcmp(name, "tenant", 6) == 0)
		return tenant;
	return NULL;
}

static void
add_query(const struct cmdline *line, struct buf *out)
{
	char mark = '?';

	for (size_t i = 0; i < line->n_values; i++) {
		const struct command_option *o = line->value[i].option;

		if (o->where != COMMAND_WHERE_QUERY)
			continue;
		buf_printf(out, "%c%s=", mark, o->member);
		request_escape_query(out, o->arg != NULL ? line->value[i].text :
		    "true");
		mark = '&';
	}
}

enum err
request_path(const struct cmdline *line, const char *tenant,
    const char *last, bool query, struct buf *out)
{
	for (const char *p = line->command->path; *p != '\0';) {
		size_t len = strcspn(p, "{");
		const char *arg;

		buf_bytes(out, p, len);
		p += len;
		if (*p == '\0')
			break;
		len = strcspn(p + 1, "}");
		arg = find_arg(line, tenant, p + 1, len, last);
		if (arg == NULL || arg[0] == '\0')
			return ERR_INVALID;
		request_escape(out, arg);
		p += len + 2;
	}
	if (query)
		add_query(line, out);
	return buf_err(out) == OK ? OK : ERR_SPACE;
}

struct jdoc *
request_primary(const struct cmdline *line, const char *text)
{
	const char *key = cmdline_get(line, "key");
	const char *transport = cmdline_get(line, "transport");
	struct jdoc *holder, *d;
	struct sock_addr a;
	char ip[SOCK_TEXT_MAX];
	bool with_port = true, good;

	if (sock_ip_parse(text, &a) == OK) {
		with_port = false;
	} else if (sock_addr_parse(text, 0, &a) != OK) {
		/* A string is no document of its own here: taken out of one. */
		return NULL;
	}
	if (a.port == 0)
		with_port = false;
	holder = d = jdoc_object();
	good = d != NULL &&
	    jdoc_put_text(d, "address", sock_ip_print(&a, ip));
	if (good && with_port)
		good = jdoc_put_number(d, "port", a.port);
	if (good && key != NULL)
		good = jdoc_put_text(d, "key", key);
	if (good && transport != NULL)
		good = jdoc_put_text(d, "transport", transport);
	if (!good) {
		jdoc_free(holder);
		return NULL;
	}
	return d;
}

static bool
put_primary(const struct cmdline *line, struct jdoc *body, const char *member,
    const char *text)
{
	struct jdoc *inline_one = request_primary(line, text);

	return inline_one != NULL ? jdoc_add(body, member, inline_one) :
	    jdoc_add_text(body, member, text);
}

static enum outcome
put_file(struct jdoc *body, const struct command_option *o, const char *path)
{
	struct fault fault = { .text = "" };
	struct buf b;
	enum err err;
	bool good = false;

	buf_init(&b, SETTINGS_FILE_MAX);
	err = settings_read_file(path, false, &b, &fault);
	if (err == OK) {
		while (o->where == COMMAND_WHERE_SECRET && b.len > 0 &&
		    strchr(" \t\r\n", b.data[b.len - 1]) != NULL)
			buf_truncate(&b, b.len - 1);
		good = jdoc_put_text(body, o->member, buf_cstr(&b));
	}
	buf_fini(&b);
	if (err != OK)
		return report_failed(ERR_INVALID, &fault);
	return good ? OUTCOME_OK : report_out_of_memory();
}

static enum outcome
put_number(struct jdoc *body, const struct command_option *o,
    const char *text)
{
	int64_t n;

	if (strcmp(text, "off") == 0)
		return jdoc_put_null(body, o->member) ? OUTCOME_OK :
		    report_out_of_memory();
	if (!cmdline_parse_number(text, INT64_MIN, INT64_MAX, &n)) {
		tell_error("--%s needs a number, or off", o->name);
		return OUTCOME_USAGE;
	}
	return jdoc_put_number(body, o->member, n) ? OUTCOME_OK :
	    report_out_of_memory();
}

static enum outcome
put_option(const struct cmdline *line, struct jdoc *body,
    const struct cmdline_value *v)
{
	const struct command_option *o = v->option;
	bool good = true;

	switch (o->where) {
	case COMMAND_WHERE_LOCAL:
	case COMMAND_WHERE_QUERY:
		break;
	case COMMAND_WHERE_TEXT:
		good = v->text[0] != '\0' ?
		    jdoc_put_text(body, o->member, v->text) :
		    jdoc_put_null(body, o->member);
		break;
	case COMMAND_WHERE_INT:
		return put_number(body, o, v->text);
	case COMMAND_WHERE_BOOL:
		good = jdoc_put_bool(body, o->member, o->arg == NULL ||
		    strcmp(v->text, "yes") == 0);
		break;
	case COMMAND_WHERE_LIST:
		good = jdoc_add_text(body, o->member, v->text);
		break;
	case COMMAND_WHERE_FILE:
	case COMMAND_WHERE_SECRET:
		return put_file(body, o, v->text);
	case COMMAND_WHERE_PRIMARY:
		good = put_primary(line, body, o->member, v->text);
		break;
	}
	return good ? OUTCOME_OK : report_out_of_memory();
}

enum outcome
request_body(const struct cmdline *line, struct jdoc **out)
{
	struct command_arg args[COMMAND_ARGS_MAX];
	size_t n = command_args(line->command, args);
	struct jdoc *body = jdoc_object();
	enum outcome o = body != NULL ? OUTCOME_OK : report_out_of_memory();
	bool any = false;

	for (size_t i = 0; o == OUTCOME_OK && i < n && i < line->n_args;
	    i++) {
		if (args[i].member[0] == '\0')
			continue;
		any = true;
		if (!jdoc_put_text(body, args[i].member, line->arg[i]))
			o = report_out_of_memory();
	}
	for (size_t i = 0; o == OUTCOME_OK && i < line->n_values; i++) {
		enum command_where w = line->value[i].option->where;

		any = any || (w != COMMAND_WHERE_LOCAL &&
		    w != COMMAND_WHERE_QUERY);
		o = put_option(line, body, &line->value[i]);
	}
	if (o != OUTCOME_OK || !any) {
		jdoc_free(body);
		body = NULL;
	}
	*out = body;
	return o;
}
