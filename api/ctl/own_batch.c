/*
 * own_batch.c - many zones.  See own_batch.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/ctl/own_batch.h"
#include "api/ctl/tell.h"

struct batch {
	struct errand *e;
	struct jdoc *body;
	size_t n;			/* zones in it */
	size_t added, failed;
	enum outcome outcome;
};

static bool
add_primaries(const struct errand *e, struct jdoc *zone, char *words)
{
	char *save = NULL;
	const char *word;
	bool good = true;

	for (word = strtok_r(words, " \t,", &save); good && word != NULL;
	    word = strtok_r(NULL, " \t,", &save)) {
		struct jdoc *p = request_primary(e->line, word);

		good = p != NULL ? jdoc_add(zone, "primaries", p) :
		    jdoc_add_text(zone, "primaries", word);
	}
	return good;
}

/* The primaries of the command line stand beside the list, once. */
static bool
begin(struct batch *b)
{
	const struct cmdline *line = b->e->line;
	bool good;

	b->n = 0;
	b->body = jdoc_object();
	good = b->body != NULL;
	for (size_t i = 0; good && i < line->n_values; i++) {
		struct jdoc *p;

		if (line->value[i].option->where != COMMAND_WHERE_PRIMARY)
			continue;
		p = request_primary(b->e->line, line->value[i].text);
		good = p != NULL ? jdoc_add(b->body, "primaries", p) :
		    jdoc_add_text(b->body, "primaries",
		    line->value[i].text);
	}
	return good;
}

static void
note(struct batch *b, enum outcome o)
{
	if (b->outcome == OUTCOME_OK)
		b->outcome = o;
}

/* A row for people: the problem in one cell. */
static void
show_result(struct batch *b, const struct jdoc *item)
{
	struct jdoc *row;
	const char *name = jdoc_text(item, "name");
	const char *detail = jdoc_text(item, "problem.detail");
	const char *message = jdoc_text(item, "problem.errors.message");
	int64_t status = 0;
	bool good;

	(void)jdoc_number(item, "status", &status);
	if (status == 201) {
		b->added++;
	} else {
		b->failed++;
		note(b, outcome_of_status((long)status));
	}
	if (b->e->view.format != SETTINGS_TABLE) {
		view_list_item(&b->e->view, item);
		return;
	}
	row = jdoc_object();
	if (detail == NULL)
		detail = jdoc_text(item, "problem.title");
	good = row != NULL &&
	    jdoc_put_text(row, "name", name != NULL ? name : "?") &&
	    jdoc_put_number(row, "status", status) &&
	    jdoc_put_text(row, "problem", status == 201 ? "" :
	    message != NULL ? message : detail != NULL ? detail : "?");
	if (good)
		view_list_item(&b->e->view, row);
	jdoc_free(row);
}

static enum outcome
flush(struct batch *b)
{
	struct jdoc *doc = NULL;
	enum outcome o = OUTCOME_OK;

	if (b->n > 0)
		o = errand_send(b->e, "POST", "/v1/zones:batch", b->body,
		    &doc);
	for (size_t i = 0; i < jdoc_count(jdoc_at(doc, "items")); i++)
		show_result(b, jdoc_item(jdoc_at(doc, "items"), i));
	view_list_flush(&b->e->view);
	jdoc_free(doc);
	jdoc_free(b->body);
	b->body = NULL;
	tell_progress("%zu added, %zu failed", b->added, b->failed);
	return o;
}

static enum outcome
take_line(struct batch *b, char *text)
{
	struct jdoc *zone;
	char *rest;
	bool good;

	text += strspn(text, " \t\r");
	text[strcspn(text, "\r")] = '\0';
	if (*text == '\0' || *text == '#')
		return OUTCOME_OK;
	if (b->body == NULL && !begin(b))
		return report_out_of_memory();
	rest = text + strcspn(text, " \t");
	if (*rest != '\0')
		*rest++ = '\0';
	zone = jdoc_object();
	good = zone != NULL && jdoc_put_text(zone, "name", text) &&
	    add_primaries(b->e, zone, rest);
	if (!good) {
		jdoc_free(zone);
		return report_out_of_memory();
	}
	if (!jdoc_add(b->body, "create", zone))
		return report_out_of_memory();
	b->n++;
	return b->n == OWN_BATCH_MAX ? flush(b) : OUTCOME_OK;
}

enum outcome
own_batch_run(struct errand *e)
{
	const char *file = cmdline_get(e->line, "file");
	struct batch b = { .e = e, .outcome = OUTCOME_OK };
	struct fault fault = { .text = "" };
	struct buf text;
	enum outcome o = OUTCOME_OK;
	enum err err;

	buf_init(&text, OWN_BATCH_BYTES_MAX);
	err = settings_read_file(file != NULL ? file : "-", false, &text,
	    &fault);
	if (err == OK)
		err = buf_u8(&text, 0);
	if (err != OK) {
		buf_fini(&text);
		return report_failed(ERR_INVALID, &fault);
	}
	if (!e->dry_run)
		view_list_begin(&e->view, "name status problem");
	for (char *p = (char *)text.data, *next; o == OUTCOME_OK && p != NULL;
	    p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		o = take_line(&b, p);
	}
	if (o == OUTCOME_OK && b.body != NULL)
		o = flush(&b);
	jdoc_free(b.body);
	view_list_end(&e->view, o == OUTCOME_OK);
	tell_progress(NULL);
	if (!e->dry_run)
		tell_note("%zu added, %zu failed", b.added, b.failed);
	buf_fini(&text);
	return o != OUTCOME_OK ? o : b.outcome;
}
