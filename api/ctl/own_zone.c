/*
 * own_zone.c - commands about zones.  See own_zone.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/ctl/own_batch.h"
#include "api/ctl/own_zone.h"
#include "api/ctl/tell.h"
#include "common/base/now.h"

enum {
	WAIT_DEFAULT_S = 300,
	WAIT_ROUND_S = 30,		/* one request to /wait */
	POLL_FIRST_MS = 250,
	POLL_MAX_MS = 2000,
};

/* ---- waiting ---- */

/* --timeout is how long to wait; a request has its own bound. */
static int64_t
wait_until_ms(struct errand *e)
{
	int64_t s = cmdline_has(e->line, "timeout") ? e->conf.timeout_s :
	    WAIT_DEFAULT_S;

	e->conf.timeout_s = 60;
	return now_mono_ms() + s * 1000;
}

static void
pause_ms(int64_t *io_ms, int64_t until_ms)
{
	int64_t left = until_ms - now_mono_ms();

	if (left > 0)
		usleep((useconds_t)(MIN(*io_ms, left) * 1000));
	*io_ms = MIN(2 * *io_ms, (int64_t)POLL_MAX_MS);
}

static const char *
text_or(const struct jdoc *d, const char *path, const char *other)
{
	const char *t = jdoc_text(d, path);

	return t != NULL ? t : other;
}

/* "/v1/zones/{zone}" and what is behind it. */
static void
zone_path(struct buf *out, const char *zone, const char *rest)
{
	buf_reset(out);
	buf_str(out, "/v1/zones/");
	errand_escape(out, zone);
	buf_str(out, rest);
}

static enum outcome
timed_out(const char *zone, const struct jdoc *doc)
{
	const char *status = jdoc_text(doc, "status");
	const char *why = jdoc_text(doc, "last_error.message");

	if (why != NULL && status != NULL && strcmp(why, status) == 0)
		why = NULL;
	tell_error("%s: the time is over, and it is not served%s%s%s%s",
	    zone, status != NULL ? "\n  " : "", status != NULL ? status : "",
	    why != NULL ? "\n  last error: " : "", why != NULL ? why : "");
	return OUTCOME_TIMED_OUT;
}

/* Until anything is served. @id: or name. On OK *out is the zone. */
static enum outcome
wait_served(struct errand *e, const char *id, const char *zone,
    int64_t until_ms, struct jdoc **out)
{
	int64_t began_ms = now_mono_ms(), pause = POLL_FIRST_MS;
	struct buf path;
	enum outcome o;

	buf_init(&path, ERRAND_PATH_MAX);
	zone_path(&path, id, "");
	for (;;) {
		o = errand_get(e, buf_cstr(&path), 0, out);
		if (o != OUTCOME_OK ||
		    strcmp(text_or(*out, "served", "no"), "no") != 0)
			break;
		if (now_mono_ms() >= until_ms) {
			o = timed_out(zone, *out);
			break;
		}
		tell_progress("%s: %s, waiting for %" PRId64 " s  %s", zone,
		    text_or(*out, "health", "?"),
		    (now_mono_ms() - began_ms) / 1000,
		    text_or(*out, "last_error.message", ""));
		jdoc_free(*out);
		*out = NULL;
		pause_ms(&pause, until_ms);
	}
	tell_progress(NULL);
	buf_fini(&path);
	if (o != OUTCOME_OK) {
		jdoc_free(*out);
		*out = NULL;
	}
	return o;
}

/* Until a serial is: the server holds each request. */
static enum outcome
wait_serial(struct errand *e, const char *zone, int64_t until_ms,
    struct jdoc **out)
{
	const char *serial = cmdline_get(e->line, "serial");
	const char *edges = cmdline_get(e->line, "edges");
	int64_t began_ms = now_mono_ms();
	enum outcome o;

	for (;;) {
		int64_t left_s = (until_ms - now_mono_ms() + 999) / 1000;
		int64_t round_s = MAX(MIN(left_s, (int64_t)WAIT_ROUND_S), 0);
		struct buf path;

		buf_init(&path, ERRAND_PATH_MAX);
		zone_path(&path, zone, "/wait");
		buf_printf(&path, "?timeout=%" PRId64 "&serial=", round_s);
		errand_escape(&path, serial);
		if (edges != NULL)
			buf_printf(&path, "&edges=%s", edges);
		o = errand_get(e, buf_cstr(&path), round_s, out);
		buf_fini(&path);
		if (o != OUTCOME_OK || jdoc_true(*out, "reached"))
			break;
		if (now_mono_ms() >= until_ms) {
			tell_error("%s: the time is over, and serial %s is "
			    "not served everywhere", zone, serial);
			o = OUTCOME_TIMED_OUT;
			break;
		}
		tell_progress("%s: waiting for serial %s, %" PRId64 " s",
		    zone, serial, (now_mono_ms() - began_ms) / 1000);
		jdoc_free(*out);
		*out = NULL;
	}
	tell_progress(NULL);
	return o;
}

enum outcome
own_zone_wait(struct errand *e)
{
	const char *zone = e->line->arg[0];
	int64_t until_ms = wait_until_ms(e), serial;
	const char *text = cmdline_get(e->line, "serial");
	struct jdoc *doc = NULL;
	enum outcome o;

	if (text != NULL &&
	    !cmdline_parse_number(text, 0, UINT32_MAX, &serial)) {
		tell_error("--serial must be a number from 0 to 4294967295");
		return OUTCOME_USAGE;
	}
	o = text != NULL ? wait_serial(e, zone, until_ms, &doc) :
	    wait_served(e, zone, zone, until_ms, &doc);
	if (doc != NULL && (o == OUTCOME_OK || o == OUTCOME_TIMED_OUT) &&
	    e->view.format != SETTINGS_TABLE) {
		view_doc(&e->view, doc);
	} else if (o == OUTCOME_OK) {
		int64_t n = 0;

		if (jdoc_number(doc, "serial", &n))
			tell_note("%s: serial %" PRId64 " is served", zone,
			    n);
	}
	jdoc_free(doc);
	return o;
}

/* ---- adding ---- */

static enum outcome
add_one(struct errand *e)
{
	int64_t until_ms = wait_until_ms(e);
	struct jdoc *body = NULL, *doc = NULL;
	enum outcome o;

	if (!cmdline_has(e->line, "primary")) {
		tell_error("where does the zone come from? --primary");
		return OUTCOME_USAGE;
	}
	o = errand_body(e, &body);
	if (o == OUTCOME_OK)
		o = errand_send(e, "POST", e->line->command->path, body,
		    &doc);
	jdoc_free(body);
	if (o == OUTCOME_OK && doc != NULL && cmdline_has(e->line, "wait")) {
		char id[64];

		snprintf(id, sizeof(id), "%s", text_or(doc, "id", "-"));
		jdoc_free(doc);
		doc = NULL;
		o = wait_served(e, id, e->line->arg[0], until_ms, &doc);
	}
	if (o == OUTCOME_OK && doc != NULL)
		view_doc(&e->view, doc);
	jdoc_free(doc);
	return o;
}

enum outcome
own_zone_add(struct errand *e)
{
	if (strcmp(e->line->arg[0], "-") != 0)
		return add_one(e);
	if (cmdline_has(e->line, "wait")) {
		tell_error("--wait waits for one zone; with -, see zone ls");
		return OUTCOME_USAGE;
	}
	return own_batch_run(e);
}

/* ---- jobs ---- */

/* What changes when the primary was asked. */
struct asked {
	char checked_at[40], error_at[40];
};

static enum outcome
read_asked(struct errand *e, const char *path, struct asked *out,
    struct jdoc **out_doc)
{
	enum outcome o = errand_get(e, path, 0, out_doc);

	if (o != OUTCOME_OK)
		return o;
	snprintf(out->checked_at, sizeof(out->checked_at), "%s",
	    text_or(*out_doc, "checked_at", ""));
	snprintf(out->error_at, sizeof(out->error_at), "%s",
	    text_or(*out_doc, "last_error.at", ""));
	return OUTCOME_OK;
}

static enum outcome
wait_asked(struct errand *e, const char *zone, const char *path,
    const struct asked *before, int64_t until_ms)
{
	int64_t pause = POLL_FIRST_MS;

	for (;;) {
		struct jdoc *doc = NULL;
		struct asked now;
		enum outcome o = read_asked(e, path, &now, &doc);
		bool failed = o == OUTCOME_OK && now.error_at[0] != '\0' &&
		    strcmp(now.error_at, before->error_at) != 0;
		bool done = o != OUTCOME_OK || failed ||
		    strcmp(now.checked_at, before->checked_at) != 0;

		if (failed) {
			tell_error("%s: %s", zone, text_or(doc,
			    "last_error.message", "the primary failed"));
			o = OUTCOME_ERROR;
		} else if (o == OUTCOME_OK && done) {
			int64_t n = 0;

			if (jdoc_number(doc, "serial", &n))
				tell_note("%s: serial %" PRId64 ", %s",
				    zone, n, text_or(doc, "health", "?"));
		}
		jdoc_free(doc);
		if (!done && now_mono_ms() >= until_ms) {
			tell_error("%s: the time is over, and the primary "
			    "was not asked yet", zone);
			return OUTCOME_TIMED_OUT;
		}
		if (done)
			return o;
		tell_progress("%s: waiting for the primary", zone);
		pause_ms(&pause, until_ms);
	}
}

static enum outcome
job_for(struct errand *e, const char *zone, int64_t until_ms)
{
	const struct command *c = e->line->command;
	bool wait = cmdline_has(e->line, "wait") && !e->dry_run;
	struct jdoc *body = NULL, *doc = NULL;
	struct asked before = { .checked_at = "" };
	struct buf path, at;
	enum outcome o = OUTCOME_OK;

	buf_init(&path, ERRAND_PATH_MAX);
	buf_init(&at, ERRAND_PATH_MAX);
	zone_path(&at, zone, "");
	if (errand_path(e, zone, true, &path) != OK) {
		tell_error("an argument is empty or too long");
		o = OUTCOME_USAGE;
	}
	if (o == OUTCOME_OK && wait) {
		o = read_asked(e, buf_cstr(&at), &before, &doc);
		jdoc_free(doc);
		doc = NULL;
	}
	if (o == OUTCOME_OK)
		o = errand_body(e, &body);
	if (o == OUTCOME_OK)
		o = errand_send(e, "POST", buf_cstr(&path), body, &doc);
	if (o == OUTCOME_OK && doc != NULL) {
		if (e->view.format != SETTINGS_TABLE)
			view_doc(&e->view, doc);
		else
			tell_note("%s: %s was asked for", zone, c->name);
	}
	if (o == OUTCOME_OK && wait)
		o = wait_asked(e, zone, buf_cstr(&at), &before, until_ms);
	jdoc_free(body);
	jdoc_free(doc);
	buf_fini(&path);
	buf_fini(&at);
	return o;
}

enum outcome
own_zone_job(struct errand *e)
{
	struct command_arg args[COMMAND_ARGS_MAX];
	int64_t until_ms = wait_until_ms(e);
	size_t n = 1;
	enum outcome all = OUTCOME_OK;

	if (command_args(e->line->command, args) == 1 && args[0].repeated)
		n = e->line->n_args;
	for (size_t i = 0; i < n; i++) {
		enum outcome o = job_for(e, e->line->arg[i], until_ms);

		all = all == OUTCOME_OK ? o : all;
	}
	tell_progress(NULL);
	return all;
}

/* ---- checks ---- */

/* The lines for the kind of server that --server names. */
static void
show_configuration(const char *server, const struct jdoc *list)
{
	for (size_t i = 0; i < jdoc_count(list); i++) {
		const struct jdoc *c = jdoc_item(list, i);
		const char *text = jdoc_text(c, "text");
		struct buf b;

		if (text == NULL || strcmp(text_or(c, "server", ""),
		    server) != 0)
			continue;
		buf_init(&b, 1 << 20);
		buf_printf(&b, "    # %s, %s%s\n", text_or(c, "title", "?"),
		    text_or(c, "place", "?"), jdoc_true(c, "tested") ? "" :
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
		    text_or(step, "id", "?"), text_or(a, "text",
		    text_or(a, "", "")));
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
own_zone_setup(struct errand *e)
{
	const char *server = cmdline_get(e->line, "server");
	struct jdoc *doc = NULL;
	struct buf path;
	enum outcome o = OUTCOME_USAGE;

	buf_init(&path, ERRAND_PATH_MAX);
	if (errand_path(e, NULL, true, &path) != OK)
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
		if (strcmp(text_or(jdoc_item(steps, i), "verdict", ""),
		    "fail") == 0)
			return OUTCOME_FAILED_CHECK;
	return OUTCOME_OK;
}

/* The check that @doc began, to its end; *io_doc is replaced. */
static enum outcome
follow_check(struct errand *e, struct jdoc **io_doc, int64_t until_ms)
{
	int64_t pause = POLL_FIRST_MS;
	enum outcome o = OUTCOME_OK;
	struct buf path;

	buf_init(&path, ERRAND_PATH_MAX);
	buf_str(&path, "/v1/checks/");
	errand_escape(&path, text_or(*io_doc, "id", "-"));
	while (o == OUTCOME_OK &&
	    !is_over(text_or(*io_doc, "state", "queued"))) {
		if (now_mono_ms() >= until_ms) {
			tell_error("the time is over, and the check goes on");
			o = OUTCOME_TIMED_OUT;
			break;
		}
		tell_progress("%zu steps so far",
		    jdoc_count(jdoc_at(*io_doc, "steps")));
		pause_ms(&pause, until_ms);
		jdoc_free(*io_doc);
		o = errand_get(e, buf_cstr(&path), 0, io_doc);
	}
	tell_progress(NULL);
	buf_fini(&path);
	return o;
}

enum outcome
own_zone_check(struct errand *e)
{
	int64_t until_ms = wait_until_ms(e);
	struct jdoc *body = NULL, *doc = NULL;
	struct buf path;
	enum outcome o;

	buf_init(&path, ERRAND_PATH_MAX);
	if (errand_path(e, NULL, true, &path) != OK) {
		tell_error("an argument is empty or too long");
		o = OUTCOME_USAGE;
		goto out;
	}
	o = errand_body(e, &body);
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
own_zone_proof(struct errand *e)
{
	struct jdoc *doc = NULL;
	struct buf path;
	enum outcome o = OUTCOME_OK;

	buf_init(&path, ERRAND_PATH_MAX);
	if (errand_path(e, NULL, false, &path) != OK) {
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

/* ---- export ---- */

struct export {
	FILE *out;
	bool terminal;
	bool failed;
};

static bool
write_piece(void *arg, const uint8_t *data, size_t len)
{
	struct export *x = arg;

	if (x->terminal)
		view_put_safe((const char *)data, len);
	else if (fwrite(data, 1, len, x->out) != len)
		x->failed = true;
	return !x->failed;
}

static enum outcome
export_to(struct errand *e, struct export *x)
{
	struct client_request q = { .method = "GET", .sink = write_piece,
		.sink_arg = x, .reason = e->reason };
	struct fault fault = { .text = "" };
	struct client_reply r;
	struct buf path, whole;
	enum outcome o = OUTCOME_USAGE;
	enum err err;

	buf_init(&path, ERRAND_PATH_MAX);
	buf_init(&whole, ERRAND_PATH_MAX);
	if (errand_path(e, NULL, true, &path) != OK) {
		tell_error("an argument is empty or too long");
		goto out;
	}
	errand_rewrite(e, buf_cstr(&path), &whole);
	q.path = buf_cstr(&whole);
	err = client_send(e->client, &q, &r, &fault);
	if (err == ERR_STOPPED) {
		tell_error("writing failed: %s", strerror(errno));
		o = OUTCOME_ERROR;
	} else if (err != OK) {
		o = errand_failed(err, &fault);
	} else {
		o = r.status == 200 ? OUTCOME_OK : errand_refused(&r);
	}
	client_reply_fini(&r);
out:
	buf_fini(&path);
	buf_fini(&whole);
	return o;
}

/* A file appears when it is whole, or not at all. */
static enum outcome
export_to_file(struct errand *e, const char *name)
{
	char temp[SETTINGS_PATH_MAX];
	struct export x = { .out = NULL };
	enum outcome o = OUTCOME_ERROR;
	int fd;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", name) >=
	    sizeof(temp)) {
		tell_error("%s: the name is too long", name);
		return OUTCOME_USAGE;
	}
	fd = mkostemp(temp, 0);
	if (fd >= 0)
		x.out = fdopen(fd, "w");
	if (x.out == NULL) {
		tell_error("%s cannot be written: %s", name,
		    strerror(errno));
		if (fd >= 0)
			close(fd);
		return OUTCOME_ERROR;
	}
	o = export_to(e, &x);
	if (o == OUTCOME_OK && (fflush(x.out) != 0 || fsync(fd) != 0))
		x.failed = true;
	if (fclose(x.out) != 0)
		x.failed = true;
	if (o == OUTCOME_OK && (x.failed || rename(temp, name) != 0)) {
		tell_error("%s cannot be written: %s", name,
		    strerror(errno));
		o = OUTCOME_ERROR;
	}
	if (o != OUTCOME_OK)
		unlink(temp);
	return o;
}

enum outcome
own_zone_export(struct errand *e)
{
	const char *file = cmdline_get(e->line, "file");
	struct export x = { .out = stdout,
		.terminal = isatty(STDOUT_FILENO) != 0 };

	if (file != NULL && strcmp(file, "-") != 0)
		return export_to_file(e, file);
	return export_to(e, &x);
}
