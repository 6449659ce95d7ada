/*
 * resource_claims.c - /v1/zones/{zone}/proof: whether a zone is proven to be
 *                     the tenant's, and what to do for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/advice.h"
#include "api/app.h"
#include "api/claims.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/now.h"

enum {
	PROOF_REPLY_MAX = 256 << 10,
	JOB_REPLY_MAX = 4096,
	NAMES_MAX = 1200,
};

/* The columns of claim_proof in order. */
enum {
	NAME, STATE, PREVIEW, SHOWN, GENERATION, TOKEN, PROOF, PROVEN_AT,
	UNPROVEN_AT, TXT_UNTIL, LOST_MS, LOSS_AT, HELD_AT, SEEN, SEEN_AT,
	SEEN_SINCE, MISSING, SIGHTING, CHECK_AT, HOSTS, LAPSES_AT, IS_CLAIM,
};

/* ["a", "b"] as PostgreSQL prints it: a, b */
static void
join_names(const char *json, char out[NAMES_MAX])
{
	size_t n = 0;

	for (const char *p = json; *p != '\0' && n + 3 < NAMES_MAX; p++) {
		if (strchr("[]\" ", *p) != NULL)
			continue;
		out[n++] = *p;
		if (*p == ',')
			out[n++] = ' ';
	}
	out[n] = '\0';
}

static void
challenge_name(const char *zone, char out[NAMES_MAX])
{
	snprintf(out, NAMES_MAX, "_understudy-challenge%s%s",
	    strcmp(zone, ".") == 0 ? "" : ".", strcmp(zone, ".") == 0 ? "." :
	    zone);
}

static const char *
time_or_null(struct db_rows *rows, int col, char text[NOW_TEXT_MAX])
{
	return db_is_null(rows, 0, col) ? NULL :
	    now_print(db_get_time_ms(rows, 0, col), text);
}

static void
print_advice(struct jw *w, struct req *r, struct db_rows *rows,
    const char *names, const char *challenge, char (*lines)[ADVICE_TEXT_MAX])
{
	char until[NOW_TEXT_MAX], lapses[NOW_TEXT_MAX];
	struct advice_in in = {
		.ownership = r->app->conf->transfer.ownership,
		.zone = db_get_text(rows, 0, NAME),
		.state = db_get_text(rows, 0, STATE),
		.proof = db_get_text_or(rows, 0, PROOF, "none"),
		.seen = db_get_text_or(rows, 0, SEEN, NULL),
		.why = "", .names = names, .txt_name = challenge,
		.txt_value = db_get_text_or(rows, 0, TOKEN, ""),
		.txt_until = time_or_null(rows, TXT_UNTIL, until),
		.lapses_at = time_or_null(rows, LAPSES_AT, lapses),
		.txt_runs = db_get_time_ms_or(rows, 0, TXT_UNTIL, 0) >
		    now_wall_ms(),
		.held = !db_is_null(rows, 0, HELD_AT),
		.missing = (unsigned)db_get_i64_or(rows, 0, MISSING, 0),
	};
	size_t n;

	n = advice_print(&in, lines);
	jw_begin_list(w, "advice");
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, lines[i]);
	jw_end_list(w);
}

static const char *
served(struct db_rows *rows)
{
	if (strcmp(db_get_text(rows, 0, SHOWN), "live") != 0)
		return "no";
	return db_get_bool(rows, 0, PREVIEW) ? "preview" : "yes";
}

static void
print_seen(struct jw *w, struct db_rows *rows)
{
	if (db_is_null(rows, 0, SEEN)) {
		jw_null(w, "seen");
		return;
	}
	jw_begin_object(w, "seen");
	show_text(w, "result", rows, 0, SEEN);
	show_time(w, "at", rows, 0, SEEN_AT);
	show_time(w, "since", rows, 0, SEEN_SINCE);
	show_i64(w, "missing", rows, 0, MISSING);
	show_json(w, "sighting", rows, 0, SIGHTING);
	jw_end_object(w);
}

static void
print_proof(struct jw *w, struct req *r, struct db_rows *rows,
    char (*lines)[ADVICE_TEXT_MAX])
{
	char names[NAMES_MAX], challenge[NAMES_MAX];

	join_names(db_get_text(rows, 0, HOSTS), names);
	challenge_name(db_get_text(rows, 0, NAME), challenge);
	jw_begin_object(w, NULL);
	show_text(w, "zone", rows, 0, NAME);
	jw_str(w, "ownership", r->app->conf->transfer.ownership);
	show_text(w, "state", rows, 0, STATE);
	jw_str(w, "served", served(rows));
	jw_str(w, "proof", db_get_text_or(rows, 0, PROOF, "none"));
	show_json(w, "nameservers", rows, 0, HOSTS);
	if (db_get_bool(rows, 0, IS_CLAIM)) {
		jw_begin_object(w, "txt");
		jw_str(w, "name", challenge);
		show_text(w, "value", rows, 0, TOKEN);
		show_time(w, "good_until", rows, 0, TXT_UNTIL);
		jw_end_object(w);
	} else {
		jw_null(w, "txt");
	}
	show_time(w, "proven_at", rows, 0, PROVEN_AT);
	show_time(w, "unproven_since", rows, 0, UNPROVEN_AT);
	show_time(w, "lapses_at", rows, 0, LAPSES_AT);
	jw_int(w, "lost_s", db_get_i64_or(rows, 0, LOST_MS, 0) / 1000);
	show_time(w, "held_at", rows, 0, HELD_AT);
	print_seen(w, rows);
	show_time(w, "next_check_at", rows, 0, CHECK_AT);
	print_advice(w, r, rows, names, challenge, lines);
	jw_end_object(w);
}

static enum err
get_proof(struct db *db, struct req *r, void *arg UNUSED)
{
	char (*lines)[ADVICE_TEXT_MAX];
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct jw w;
	enum err e;

	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = db_exec(db, SQL_STMT(claim_proof), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	lines = e == OK ? calloc(ADVICE_MAX, sizeof(*lines)) : NULL;
	if (e == OK && lines == NULL)
		e = ERR_NO_MEMORY;
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, PROOF_REPLY_MAX);
	print_proof(&w, r, rows, lines);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	free(lines);
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

enum err
resource_claims_get(struct req *r)
{
	return repo_read(r, get_proof, NULL);
}

/* ---- look again now ---- */

static enum err
add_job(struct db *db, struct req *r, const uint8_t *zone_id,
    struct db_rows **out_rows)
{
	enum err e;

	e = db_exec(db, SQL_STMT(job_queued), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(zone_id), db_text("proof")),
	    out_rows);
	if (e != OK || db_rows_n(*out_rows) > 0)
		return e;
	db_rows_free(*out_rows);
	*out_rows = NULL;
	return db_exec(db, SQL_STMT(job_insert), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(zone_id), db_text("proof")),
	    out_rows);
}

/* A lapsed claim waits for a proof again; any other is looked at now. */
static enum err
ask_look(struct db *db, struct req *r, const uint8_t *zone_id)
{
	struct db_rows *rows = NULL;
	bool lapsed = false;
	enum err e;

	e = db_exec(db, SQL_STMT(claim_proof), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(zone_id)), &rows);
	if (e == OK && db_rows_n(rows) > 0)
		lapsed = strcmp(db_get_text(rows, 0, STATE), "lapsed") == 0;
	db_rows_free(rows);
	rows = NULL;
	if (e == OK && lapsed)
		e = db_exec(db, SQL_STMT(claim_reopen),
		    DB_PARAMS(db_uuid(zone_id)), NULL);
	if (e == OK)
		e = db_exec(db, SQL_STMT(claim_ask),
		    DB_PARAMS(db_uuid(zone_id)), &rows);
	if (e == OK && !db_get_bool(rows, 0, 0)) {
		(void)req_problem(r, PROBLEM_CONFLICT,
		    "this zone has no claim that could be looked at");
		e = ERR_INVALID;
	}
	db_rows_free(rows);
	return e;
}

static enum err
post_proof(struct db *db, struct req *r, void *arg UNUSED)
{
	const char *ownership = r->app->conf->transfer.ownership;
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct jw w;
	enum err e;

	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e != OK)
		return e;
	if (strcmp(ownership, "proof") != 0) {
		(void)req_problem(r, PROBLEM_CONFLICT, "nothing is looked for: "
		    "%s", strcmp(ownership, "off") == 0 ? "this service "
		    "serves zones without a proof of ownership" : "the "
		    "operator of this service decides what is served");
		return ERR_INVALID;
	}
	e = ask_look(db, r, z.id);
	if (e == OK)
		e = add_job(db, r, z.id, &rows);
	if (e == OK)
		e = repo_audit(db, r, "zone.proof", z.name.text);
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, JOB_REPLY_MAX);
	show_job(&w, rows, z.name.text);
	db_rows_free(rows);
	return req_json(r, 202, &w);
}

enum err
resource_claims_look(struct req *r)
{
	char nothing;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	return repo_write(r, post_proof, NULL);
}
