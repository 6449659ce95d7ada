/*
 * errand.c - one command, from its words to its outcome.  See errand.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/ctl/errand.h"
#include "api/ctl/safetext.h"
#include "api/ctl/tell.h"

enum { TIMEOUT_DEFAULT_S = 60, RETRIES_DEFAULT = 4, EMPTY_PAGES_MAX = 1000 };

/* ---- sending ---- */

void
errand_rewrite(const struct errand *e, const char *path, struct buf *out)
{
	if (e->tenant[0] != '\0' && strncmp(path, "/v1/", 4) == 0 &&
	    strncmp(path, "/v1/operator/", 13) != 0)
		buf_printf(out, "/v1/operator/tenants/%s%s", e->tenant,
		    path + 3);
	else
		buf_str(out, path);
}

static bool
is_secret(const char *member)
{
	return strcmp(member, "secret") == 0 ||
	    strcmp(member, "client_key") == 0 ||
	    strcmp(member, "tls.client_key") == 0;
}

/* What would be sent; secrets are not shown. */
static enum outcome
show_request(const struct errand *e, const char *method, const char *path,
    const struct jdoc *body)
{
	static const char *const secrets[] = {
		"secret", "tls.client_key",
	};
	struct fault fault;
	struct jdoc *copy = NULL;
	struct buf b;

	buf_init(&b, ERRAND_BODY_MAX);
	if (body != NULL) {
		jdoc_print(body, &b, 0);
		if (jdoc_parse((const char *)b.data, b.len, &copy, &fault) !=
		    OK) {
			buf_fini(&b);
			return report_out_of_memory();
		}
		for (size_t i = 0; i < COUNT_OF(secrets); i++)
			if (is_secret(secrets[i]) &&
			    jdoc_at(copy, secrets[i]) != NULL &&
			    !jdoc_put_text(copy, secrets[i], "(not shown)"))
				jdoc_put_null(copy, secrets[i]);
	}
	buf_reset(&b);
	buf_printf(&b, "%s %s%s\n", method, e->conf.url, path);
	if (copy != NULL) {
		jdoc_print(copy, &b, 2);
		buf_str(&b, "\n");
	}
	view_put_safe((const char *)b.data, b.len);
	buf_fini(&b);
	jdoc_free(copy);
	return OUTCOME_OK;
}

static enum outcome
read_reply(const struct client_reply *r, struct jdoc **out)
{
	struct fault fault = { .text = "" };
	char text[800];

	if (r->status < 200 || r->status >= 300)
		return report_refused(r);
	if (out == NULL || r->body.len == 0)
		return OUTCOME_OK;
	if (jdoc_parse((const char *)r->body.data, r->body.len, out,
	    &fault) == OK)
		return OUTCOME_OK;
	tell_error("the server's answer is not JSON: %s\n  is --url the "
	    "address of the API?", fault_print(&fault, text, sizeof(text)));
	return OUTCOME_ERROR;
}

static enum outcome
send_for(struct errand *e, const char *method, const char *path,
    const struct jdoc *body, int64_t timeout_s, struct jdoc **out)
{
	struct client_request q = { .method = method,
		.reason = e->reason,
		.timeout_s = timeout_s };
	struct client_reply r;
	struct fault fault = { .text = "" };
	struct buf whole, text;
	enum outcome o;
	enum err err;

	if (out != NULL)
		*out = NULL;
	buf_init(&whole, CLIENT_URL_MAX);
	buf_init(&text, ERRAND_BODY_MAX);
	errand_rewrite(e, path, &whole);
	q.path = buf_cstr(&whole);
	if (e->dry_run && strcmp(method, "GET") != 0) {
		o = show_request(e, method, q.path, body);
		goto out;
	}
	if (body != NULL) {
		jdoc_print(body, &text, 0);
		q.body = buf_cstr(&text);
	}
	err = client_send(e->client, &q, &r, &fault);
	if (err == OK && e->conf.verbose && r.request_id[0] != '\0')
		tell_note("< request id %s", r.request_id);
	o = err == OK ? read_reply(&r, out) : report_failed(err, &fault);
	client_reply_fini(&r);
out:
	buf_fini(&whole);
	buf_fini(&text);
	return o;
}

enum outcome
errand_send(struct errand *e, const char *method, const char *path,
    const struct jdoc *body, struct jdoc **out)
{
	return send_for(e, method, path, body, 0, out);
}

enum outcome
errand_get(struct errand *e, const char *path, int64_t wait_s,
    struct jdoc **out)
{
	return send_for(e, "GET", path, NULL,
	    wait_s > 0 ? e->conf.timeout_s + wait_s : 0, out);
}

/* ---- lists ---- */

static bool
next_page(struct buf *url, const char *path, const struct jdoc *doc,
    char **io_cursor, bool *out_same)
{
	const char *next = jdoc_text(doc, "next_cursor");

	*out_same = false;
	if (next == NULL)
		return false;
	if (*io_cursor != NULL && strcmp(*io_cursor, next) == 0) {
		*out_same = true;
		return false;
	}
	free(*io_cursor);
	*io_cursor = strdup(next);
	buf_reset(url);
	buf_printf(url, "%s%climit=%d&cursor=", path,
	    strchr(path, '?') != NULL ? '&' : '?', ERRAND_PAGE_ITEMS);
	request_escape_query(url, next);
	return *io_cursor != NULL;
}

/* One page; false in *out_more when @fn had enough. */
static enum outcome
read_page(struct errand *e, const char *url, errand_item_fn *fn, void *arg,
    struct jdoc **out_doc, bool *out_more)
{
	enum outcome o = errand_get(e, url, 0, out_doc);
	const struct jdoc *items = jdoc_at(*out_doc, "items");

	*out_more = true;
	if (o != OUTCOME_OK)
		return o;
	if (jdoc_kind(items) != JDOC_LIST) {
		tell_error("the server's answer is no list");
		return OUTCOME_ERROR;
	}
	for (size_t i = 0; *out_more && i < jdoc_count(items); i++)
		*out_more = fn(arg, jdoc_item(items, i));
	return OUTCOME_OK;
}

enum outcome
errand_pages(struct errand *e, const char *path, errand_item_fn *fn,
    void (*page)(void *arg), void *arg)
{
	int64_t first = e->limit > 0 ? MIN(e->limit,
	    (int64_t)ERRAND_PAGE_ITEMS) : ERRAND_PAGE_ITEMS;
	char *cursor = NULL;
	struct jdoc *doc = NULL;
	struct buf url;
	enum outcome o = OUTCOME_OK;
	size_t empty = 0;
	bool more = true, same = false;

	buf_init(&url, CLIENT_URL_MAX);
	buf_str(&url, path);
	if (e->line->command->kind != COMMAND_KIND_ROWS)
		buf_printf(&url, "%climit=%" PRId64,
		    strchr(path, '?') != NULL ? '&' : '?', first);
	for (size_t i = 0; i < ERRAND_PAGES_MAX; i++) {
		o = read_page(e, buf_cstr(&url), fn, arg, &doc, &more);
		if (o != OUTCOME_OK)
			break;
		if (page != NULL)
			page(arg);
		empty = jdoc_count(jdoc_at(doc, "items")) == 0 ? empty + 1 : 0;
		if (!more || !next_page(&url, path, doc, &cursor, &same))
			break;
		if (empty > EMPTY_PAGES_MAX)
			same = true;
		if (same)
			break;
		jdoc_free(doc);
		doc = NULL;
	}
	if (o == OUTCOME_OK && same) {
		tell_error("the server's list does not come to an end");
		o = OUTCOME_ERROR;
	}
	jdoc_free(doc);
	free(cursor);
	buf_fini(&url);
	return o;
}

static bool
show_item(void *arg, const struct jdoc *item)
{
	struct errand *e = arg;

	view_list_item(&e->view, item);
	return e->limit == 0 || e->view.n_items < (size_t)e->limit;
}

static void
show_page(void *arg)
{
	struct errand *e = arg;

	view_list_flush(&e->view);
}

/* ---- kinds of commands ---- */

static enum outcome
run_list(struct errand *e, const char *path)
{
	enum outcome o;

	view_list_begin(&e->view, e->line->command->columns);
	o = errand_pages(e, path, show_item, show_page, e);
	view_list_end(&e->view, o == OUTCOME_OK);
	return o;
}

static enum outcome
run_do(struct errand *e, const char *path)
{
	struct jdoc *body = NULL, *doc = NULL;
	enum outcome o = request_body(e->line, &body);

	if (o == OUTCOME_OK && body == NULL &&
	    strcmp(e->line->command->method, "PATCH") == 0) {
		tell_error("nothing to change: an option is missing; see "
		    "--help");
		o = OUTCOME_USAGE;
	}
	if (o == OUTCOME_OK)
		o = errand_send(e, e->line->command->method, path, body,
		    &doc);
	if (o == OUTCOME_OK && doc != NULL)
		view_doc(&e->view, doc);
	else if (o == OUTCOME_OK && !e->dry_run)
		tell_note("done");
	jdoc_free(body);
	jdoc_free(doc);
	return o;
}

enum outcome
errand_confirm(const struct errand *e, const char *question)
{
	char answer[16] = "";

	if (e->yes || e->dry_run)
		return OUTCOME_OK;
	if (isatty(STDIN_FILENO) == 0) {
		tell_error("%s nobody is there to ask: say --yes", question);
		return OUTCOME_USAGE;
	}
	tell_error("%s [y/N]", question);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return OUTCOME_OK;
	tell_error("nothing was done");
	return OUTCOME_ERROR;
}

static bool is_uuid(const char *text);
static enum outcome find_tenant(struct errand *e, const char *name,
    char out[40]);

/* All of them are tried; the first failure is the outcome. */
static enum outcome
run_remove(struct errand *e)
{
	const struct cmdline *line = e->line;
	enum outcome all = OUTCOME_OK, o;
	char question[400];

	if (line->n_args == 1)
		snprintf(question, sizeof(question), "Remove %s %.300s?",
		    line->command->group, line->arg[0]);
	else
		snprintf(question, sizeof(question), "Remove %zu of them?",
		    line->n_args);
	o = errand_confirm(e, question);
	if (o != OUTCOME_OK)
		return o;
	for (size_t i = 0; i < line->n_args; i++) {
		char id[40] = "";
		struct buf path;

		buf_init(&path, ERRAND_PATH_MAX);
		o = OUTCOME_OK;
		if (strcmp(line->command->group, "tenant") == 0 &&
		    !is_uuid(line->arg[i]))
			o = find_tenant(e, line->arg[i], id);
		if (o == OUTCOME_OK && request_path(e->line, e->tenant, id[0] != '\0' ? id :
		    line->arg[i], true, &path) != OK) {
			tell_error("%s: not a name", line->arg[i]);
			o = OUTCOME_USAGE;
		} else if (o == OUTCOME_OK) {
			o = errand_send(e, line->command->method,
			    buf_cstr(&path), NULL, NULL);
		}
		if (o == OUTCOME_OK && !e->dry_run)
			tell_note("removed %s", line->arg[i]);
		else if (o != OUTCOME_OK && line->n_args > 1)
			tell_error("%s was not removed", line->arg[i]);
		all = all == OUTCOME_OK ? o : all;
		buf_fini(&path);
	}
	return all;
}

/* A TENANT argument may be a name. */
static enum outcome
resolve_arg(struct errand *e, struct cmdline *copy, char id[40])
{
	struct command_arg args[COMMAND_ARGS_MAX];
	enum outcome o;

	*copy = *e->line;
	if (command_args(copy->command, args) == 0 || copy->n_args == 0 ||
	    strcmp(args[0].name, "TENANT") != 0 || args[0].repeated ||
	    is_uuid(copy->arg[0]))
		return OUTCOME_OK;
	o = find_tenant(e, copy->arg[0], id);
	copy->arg[0] = id;
	return o;
}

enum outcome
errand_run(struct errand *e)
{
	const struct command *c = e->line->command;
	const struct cmdline *line = e->line;
	struct cmdline resolved;
	char id[40] = "";
	struct buf path;
	enum outcome o;

	if (c->kind == COMMAND_KIND_REMOVE)
		return run_remove(e);
	o = resolve_arg(e, &resolved, id);
	if (o != OUTCOME_OK)
		return o;
	e->line = &resolved;
	buf_init(&path, ERRAND_PATH_MAX);
	if (request_path(e->line, e->tenant, NULL, true, &path) != OK) {
		tell_error(strstr(c->path, "{tenant}") != NULL &&
		    e->tenant[0] == '\0' ? "--tenant is missing: whose zone "
		    "is it?" : "an argument is empty or too long");
		o = OUTCOME_USAGE;
	} else if (c->kind == COMMAND_KIND_LIST ||
	    c->kind == COMMAND_KIND_ROWS) {
		o = run_list(e, buf_cstr(&path));
	} else if (c->kind == COMMAND_KIND_SHOW) {
		struct jdoc *doc = NULL;

		o = errand_get(e, buf_cstr(&path), 0, &doc);
		if (o == OUTCOME_OK)
			view_doc(&e->view, doc);
		jdoc_free(doc);
	} else {
		o = run_do(e, buf_cstr(&path));
	}
	buf_fini(&path);
	e->line = line;
	return o;
}

/* ---- tenants by name ---- */

static bool
is_uuid(const char *text)
{
	return strlen(text) == 36 &&
	    strspn(text, "0123456789abcdefABCDEF-") == 36;
}

struct tenant_search {
	const char *name;
	char id[40];
	size_t n;
};

static bool
match_tenant(void *arg, const struct jdoc *item)
{
	struct tenant_search *s = arg;
	const char *name = jdoc_text(item, "name");
	const char *id = jdoc_text(item, "id");

	if (name != NULL && id != NULL && strcmp(name, s->name) == 0 &&
	    is_uuid(id)) {
		snprintf(s->id, sizeof(s->id), "%s", id);
		s->n++;
	}
	return s->n < 2;
}

static enum outcome
find_tenant(struct errand *e, const char *name, char out[40])
{
	struct tenant_search s = { .name = name };
	int64_t limit = e->limit;
	enum outcome o;

	e->limit = 0;
	o = errand_pages(e, "/v1/operator/tenants", match_tenant, NULL, &s);
	e->limit = limit;
	if (o != OUTCOME_OK)
		return o;
	if (s.n != 1) {
		tell_error(s.n == 0 ? "there is no tenant %s" :
		    "several tenants are called %s: name its id", name);
		return OUTCOME_NOT_FOUND;
	}
	memcpy(out, s.id, sizeof(s.id));
	return OUTCOME_OK;
}

/* ---- begin and end ---- */

static bool
wants_color(const struct cmdline *line)
{
	const char *when = cmdline_get(line, "color");
	const char *no = getenv("NO_COLOR");

	if (when != NULL && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return isatty(STDOUT_FILENO) != 0 && (no == NULL || no[0] == '\0');
}

/* The header holds any text, as a path does. */
static bool
set_reason(struct errand *e)
{
	const char *reason = cmdline_get(e->line, "reason");
	struct buf b;
	bool good = true;

	if (reason == NULL)
		return true;
	buf_init(&b, sizeof(e->reason) - 1);
	for (const char *p = reason; *p != '\0'; p++) {
		if (*p >= ' ' && *p <= '~' && *p != '%')
			buf_u8(&b, (uint8_t)*p);
		else
			buf_printf(&b, "%%%02X", (unsigned char)*p);
	}
	good = buf_err(&b) == OK;
	if (good)
		memcpy(e->reason, buf_cstr(&b), b.len + 1);
	buf_fini(&b);
	return good;
}

static enum err
read_numbers(struct errand *e, struct fault *fault)
{
	const struct cmdline *line = e->line;
	enum err err;

	e->conf.timeout_s = TIMEOUT_DEFAULT_S;
	e->conf.retries = RETRIES_DEFAULT;
	err = cmdline_number(line, "timeout", 1, 86400, &e->conf.timeout_s,
	    fault);
	if (err == OK)
		err = cmdline_number(line, "retries", 0, 100,
		    &e->conf.retries, fault);
	if (err == OK)
		err = cmdline_number(line, "limit", 1, INT64_C(1000000000),
		    &e->limit, fault);
	return err;
}

static bool
needs_api(const struct cmdline *line)
{
	if (line->command->id == COMMAND_NAMESERVERS_ZONE)
		return !cmdline_has(line, "from");
	return line->command->method[0] != '\0' ||
	    line->command->id == COMMAND_RAW;
}

enum outcome
errand_begin(struct errand *e, const struct cmdline *line,
    struct settings *settings)
{
	const char *tenant = cmdline_get(line, "tenant");
	struct fault fault = { .text = "" };
	enum err err;

	*e = (struct errand){ .line = line, .settings = settings,
		.dry_run = cmdline_has(line, "dry-run"),
		.yes = cmdline_has(line, "yes"),
		.view = { .format = settings->output,
			.quiet = cmdline_has(line, "quiet"),
			.header = !cmdline_has(line, "no-header"),
			.color = wants_color(line) } };
	tell_quiet(e->view.quiet);
	err = read_numbers(e, &fault);
	if (err != OK)
		return report_failed(err, &fault);
	if (!set_reason(e)) {
		tell_error("--reason is too long");
		return OUTCOME_USAGE;
	}
	e->conf.url = settings->url;
	e->conf.token = settings->token[0] != '\0' ? settings->token : NULL;
	e->conf.cacert = settings->cacert[0] != '\0' ? settings->cacert :
	    NULL;
	e->conf.plaintext = cmdline_has(line, "plaintext");
	e->conf.verbose = cmdline_has(line, "verbose");
	e->conf.quiet = e->view.quiet;
	if (!needs_api(line))
		return OUTCOME_OK;
	if (settings->url[0] == '\0') {
		tell_error("where is the API? --url, UNDERSTUDY_URL, or "
		    "understudyctl login --url URL");
		return OUTCOME_USAGE;
	}
	err = client_open(&e->conf, &e->client, &fault);
	if (err != OK)
		return report_failed(err, &fault);
	if (tenant == NULL)
		return OUTCOME_OK;
	if (is_uuid(tenant)) {
		snprintf(e->tenant, sizeof(e->tenant), "%s", tenant);
		return OUTCOME_OK;
	}
	return find_tenant(e, tenant, e->tenant);
}

void
errand_end(struct errand *e)
{
	client_close(e->client);
	e->client = NULL;
}
