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
#include "api/ctl/patience.h"
#include "api/ctl/tell.h"
#include "common/base/now.h"

enum { WAIT_ROUND_S = 30 };	/* one request to /wait */

/* ---- waiting ---- */

/* "/v1/zones/{zone}" and what is behind it. */
static void
zone_path(struct buf *out, const char *zone, const char *rest)
{
	buf_reset(out);
	buf_str(out, "/v1/zones/");
	request_escape(out, zone);
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
	int64_t began_ms = now_mono_ms(), pause = PATIENCE_FIRST_MS;
	struct buf path;
	enum outcome o;

	buf_init(&path, ERRAND_PATH_MAX);
	zone_path(&path, id, "");
	for (;;) {
		o = errand_get(e, buf_cstr(&path), 0, out);
		if (o != OUTCOME_OK ||
		    strcmp(jdoc_text_or(*out, "served", "no"), "no") != 0)
			break;
		if (now_mono_ms() >= until_ms) {
			o = timed_out(zone, *out);
			break;
		}
		tell_progress("%s: %s, waiting for %" PRId64 " s  %s", zone,
		    jdoc_text_or(*out, "health", "?"),
		    (now_mono_ms() - began_ms) / 1000,
		    jdoc_text_or(*out, "last_error.message", ""));
		jdoc_free(*out);
		*out = NULL;
		patience_pause(&pause, until_ms);
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
		request_escape(&path, serial);
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
	int64_t until_ms = patience_until_ms(e), serial;
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
	int64_t until_ms = patience_until_ms(e);
	struct jdoc *body = NULL, *doc = NULL;
	enum outcome o;

	if (!cmdline_has(e->line, "primary")) {
		tell_error("where does the zone come from? --primary");
		return OUTCOME_USAGE;
	}
	o = request_body(e->line, &body);
	if (o == OUTCOME_OK)
		o = errand_send(e, "POST", e->line->command->path, body,
		    &doc);
	jdoc_free(body);
	if (o == OUTCOME_OK && doc != NULL && cmdline_has(e->line, "wait")) {
		char id[64];

		snprintf(id, sizeof(id), "%s", jdoc_text_or(doc, "id", "-"));
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
	    jdoc_text_or(*out_doc, "checked_at", ""));
	snprintf(out->error_at, sizeof(out->error_at), "%s",
	    jdoc_text_or(*out_doc, "last_error.at", ""));
	return OUTCOME_OK;
}

static enum outcome
wait_asked(struct errand *e, const char *zone, const char *path,
    const struct asked *before, int64_t until_ms)
{
	int64_t pause = PATIENCE_FIRST_MS;

	for (;;) {
		struct jdoc *doc = NULL;
		struct asked now;
		enum outcome o = read_asked(e, path, &now, &doc);
		bool failed = o == OUTCOME_OK && now.error_at[0] != '\0' &&
		    strcmp(now.error_at, before->error_at) != 0;
		bool done = o != OUTCOME_OK || failed ||
		    strcmp(now.checked_at, before->checked_at) != 0;

		if (failed) {
			tell_error("%s: %s", zone, jdoc_text_or(doc,
			    "last_error.message", "the primary failed"));
			o = OUTCOME_ERROR;
		} else if (o == OUTCOME_OK && done) {
			int64_t n = 0;

			if (jdoc_number(doc, "serial", &n))
				tell_note("%s: serial %" PRId64 ", %s",
				    zone, n, jdoc_text_or(doc, "health", "?"));
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
		patience_pause(&pause, until_ms);
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
	if (request_path(e->line, e->tenant, zone, true, &path) != OK) {
		tell_error("an argument is empty or too long");
		o = OUTCOME_USAGE;
	}
	if (o == OUTCOME_OK && wait) {
		o = read_asked(e, buf_cstr(&at), &before, &doc);
		jdoc_free(doc);
		doc = NULL;
	}
	if (o == OUTCOME_OK)
		o = request_body(e->line, &body);
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
	int64_t until_ms = patience_until_ms(e);
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
	if (request_path(e->line, e->tenant, NULL, true, &path) != OK) {
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
		o = report_failed(err, &fault);
	} else {
		o = r.status == 200 ? OUTCOME_OK : report_refused(&r);
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
