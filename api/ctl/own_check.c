/*
 * own_check.c - what is wrong, and what to write.  See own_check.h.
 */
#include <string.h>

#include "api/ctl/own_check.h"
#include "api/ctl/patience.h"
#include "api/ctl/tell.h"
#include "common/base/now.h"

/* The lines for the kind of server that --server names. */
static void
show_configuration(const char *server, const struct jdoc *list)
{
	for (size_t i = 0; i < jdoc_count(list); i++) {
		const struct jdoc *c = jdoc_item(list, i);
		const char *text = jdoc_text(c, "text");
		struct buf b;

		if (text == NULL || strcmp(jdoc_text_or(c, "server", ""),
		    server) != 0)
			continue;
		buf_init(&b, 1 << 20);
		buf_printf(&b, "    # %s, %s%s\n", jdoc_text_or(c, "title", "?"),
		    jdoc_text_or(c, "place", "?"), jdoc_true(c, "tested") ? "" :
		    " (not tested on one)");
		for (const char *p = text; *p != '\0';) {
			size_t len = strcspn(p, "\n");

			buf_printf(&b, "    %.*s\n", (int)len, p);
			p += len + (p[len] == '\n');
		}
		view_put_safe(buf_cstr(&b), b.len);
		buf_fini(&b);
	}
}

static void
show_advice(const struct errand *e, const struct jdoc *step)
{
	const struct jdoc *advice = jdoc_at(step, "advice");
	const char *server = cmdline_get(e->line, "server");

	for (size_t k = 0; k < jdoc_count(advice); k++) {
		const struct jdoc *a = jdoc_item(advice, k);
		const struct jdoc *lines = jdoc_at(a, "configuration");
		struct buf b;

		buf_init(&b, 1 << 20);
		buf_printf(&b, "%s%s: %s\n", k == 0 ? "\n" : "",
		    jdoc_text_or(step, "id", "?"), jdoc_text_or(a, "text",
		    jdoc_text_or(a, "", "")));
		if (server == NULL && jdoc_count(lines) > 0)
			buf_str(&b, "    (--server bind, nsd, knot, powerdns "
			    "or cpanel shows the lines to write)\n");
		view_put_safe(buf_cstr(&b), b.len);
		buf_fini(&b);
		if (server != NULL)
			show_configuration(server, lines);
	}
}

static void
show_steps(struct errand *e, const struct jdoc *doc)
{
	const struct jdoc *steps = jdoc_at(doc, "steps");

	if (e->view.format != SETTINGS_TABLE) {
		view_doc(&e->view, doc);
		return;
	}
	view_list_begin(&e->view, "verdict id evidence=evidence.text");
	for (size_t i = 0; i < jdoc_count(steps); i++)
		view_list_item(&e->view, jdoc_item(steps, i));
	view_list_end(&e->view, true);
	for (size_t i = 0; i < jdoc_count(steps); i++)
		show_advice(e, jdoc_item(steps, i));
}

enum outcome
own_check_setup(struct errand *e)
{
	const char *server = cmdline_get(e->line, "server");
	struct jdoc *doc = NULL;
	struct buf path;
	enum outcome o = OUTCOME_USAGE;

	buf_init(&path, ERRAND_PATH_MAX);
	if (request_path(e->line, e->tenant, NULL, true, &path) != OK)
		tell_error("an argument is empty or too long");
	else
		o = errand_get(e, buf_cstr(&path), 0, &doc);
	if (o == OUTCOME_OK && server != NULL &&
	    e->view.format == SETTINGS_TABLE)
		show_configuration(server, jdoc_at(doc, "configurations"));
	else if (o == OUTCOME_OK)
		view_doc(&e->view, doc);
	jdoc_free(doc);
	buf_fini(&path);
	return o;
}

static bool
is_over(const char *state)
{
	return strcmp(state, "queued") != 0 && strcmp(state, "waiting") != 0 &&
	    strcmp(state, "running") != 0 && strcmp(state, "leased") != 0 &&
	    strcmp(state, "pending") != 0;
}

static enum outcome
judge(const struct jdoc *doc)
{
	const struct jdoc *steps = jdoc_at(doc, "steps");

	for (size_t i = 0; i < jdoc_count(steps); i++)
		if (strcmp(jdoc_text_or(jdoc_item(steps, i), "verdict", ""),
		    "fail") == 0)
			return OUTCOME_FAILED_CHECK;
	return OUTCOME_OK;
}

/* The check that @doc began, to its end; *io_doc is replaced. */
static enum outcome
follow_check(struct errand *e, struct jdoc **io_doc, int64_t until_ms)
{
	int64_t pause = PATIENCE_FIRST_MS;
	enum outcome o = OUTCOME_OK;
	struct buf path;

	buf_init(&path, ERRAND_PATH_MAX);
	buf_str(&path, "/v1/checks/");
	request_escape(&path, jdoc_text_or(*io_doc, "id", "-"));
	while (o == OUTCOME_OK &&
	    !is_over(jdoc_text_or(*io_doc, "state", "queued"))) {
		if (now_mono_ms() >= until_ms) {
			tell_error("the time is over, and the check goes on");
			o = OUTCOME_TIMED_OUT;
			break;
		}
		tell_progress("%zu steps so far",
		    jdoc_count(jdoc_at(*io_doc, "steps")));
		patience_pause(&pause, until_ms);
		jdoc_free(*io_doc);
		o = errand_get(e, buf_cstr(&path), 0, io_doc);
	}
	tell_progress(NULL);
	buf_fini(&path);
	return o;
}

enum outcome
own_check_run(struct errand *e)
{
	int64_t until_ms = patience_until_ms(e);
	struct jdoc *body = NULL, *doc = NULL;
	struct buf path;
	enum outcome o;

	buf_init(&path, ERRAND_PATH_MAX);
	if (request_path(e->line, e->tenant, NULL, true, &path) != OK) {
		tell_error("an argument is empty or too long");
		o = OUTCOME_USAGE;
		goto out;
	}
	o = request_body(e->line, &body);
	if (o == OUTCOME_OK)
		o = errand_send(e, "POST", buf_cstr(&path), body, &doc);
	if (o == OUTCOME_OK && doc != NULL)
		o = follow_check(e, &doc, until_ms);
	if (doc != NULL && (o == OUTCOME_OK || o == OUTCOME_TIMED_OUT))
		show_steps(e, doc);
	if (o == OUTCOME_OK && doc != NULL)
		o = judge(doc);
out:
	jdoc_free(body);
	jdoc_free(doc);
	buf_fini(&path);
	return o;
}

enum outcome
own_check_proof(struct errand *e)
{
	struct jdoc *doc = NULL;
	struct buf path;
	enum outcome o = OUTCOME_OK;

	buf_init(&path, ERRAND_PATH_MAX);
	if (request_path(e->line, e->tenant, NULL, false, &path) != OK) {
		tell_error("an argument is empty or too long");
		o = OUTCOME_USAGE;
	} else if (cmdline_has(e->line, "now")) {
		o = errand_send(e, "POST", buf_cstr(&path), NULL, &doc);
		jdoc_free(doc);
		doc = NULL;
	}
	if (o == OUTCOME_OK && !(e->dry_run && cmdline_has(e->line, "now")))
		o = errand_get(e, buf_cstr(&path), 0, &doc);
	if (o == OUTCOME_OK && doc != NULL)
		view_doc(&e->view, doc);
	jdoc_free(doc);
	buf_fini(&path);
	return o;
}
