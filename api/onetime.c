/*
 * onetime.c - one-time links.  See onetime.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/onetime.h"
#include "api/sql.h"

static const struct {
	const char *name, *page;
	int64_t life_s;
} kinds[] = {
	[ONETIME_VERIFY] = { "verify", "verify", 3 * 86400 },
	[ONETIME_RESET] = { "reset", "reset", 3600 },
	[ONETIME_LOGIN] = { "login", "login", 86400 },
};

const char *
onetime_purpose(enum onetime_purpose p)
{
	return kinds[p].name;
}

enum onetime_purpose
onetime_purpose_parse(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(text, kinds[i].name) == 0)
			return (enum onetime_purpose)i;
	return ONETIME_PURPOSE_N;
}

int64_t
onetime_life_s(enum onetime_purpose p)
{
	return kinds[p].life_s;
}

void
onetime_make(const struct app *app, enum onetime_purpose p, struct onetime *l)
{
	const char *base = app->conf->api.public_url;
	size_t len = strlen(base);

	auth_text_make(AUTH_TEXT_LINK, l->text);
	auth_token_hash(&app->pepper, l->text, l->hash);
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len > 0)
		snprintf(l->url, sizeof(l->url), "%.*s/%s#token=%s",
		    (int)len, base, kinds[p].page, l->text);
	else
		snprintf(l->url, sizeof(l->url), "http://%s/%s#token=%s",
		    app->conf->api.listen, kinds[p].page, l->text);
}

void
onetime_wipe(struct onetime *l)
{
	auth_wipe(l, sizeof(*l));
}

enum err
onetime_store(struct db *db, const struct onetime *l, enum onetime_purpose p,
    const uint8_t *user_id, const char *email, const char *payload,
    size_t payload_len)
{
	return db_exec(db, SQL_STMT(link_add), DB_PARAMS(
	    db_bytes(l->hash, sizeof(l->hash)), db_text(kinds[p].name),
	    db_uuid(user_id), db_text(email),
	    db_if(payload != NULL, db_textn(payload, payload_len)),
	    db_i64(kinds[p].life_s)), NULL);
}

enum err
onetime_issue(struct db *db, const struct onetime *l, enum onetime_purpose p,
    const char *email, struct db_rows **out_rows)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	bool disabled;
	enum err e;

	if (p == ONETIME_VERIFY) {
		e = db_exec(db, SQL_STMT(operator_link_again), DB_PARAMS(
		    db_bytes(l->hash, sizeof(l->hash)), db_text(email),
		    db_i64(kinds[p].life_s)), &rows);
		if (e == OK && db_rows_n(rows) == 0) {
			db_rows_free(rows);
			return ERR_NOT_FOUND;
		}
		if (e == OK)
			*out_rows = rows;
		return e;
	}
	e = db_exec(db, SQL_STMT(operator_user), DB_PARAMS(db_uuid(NULL),
	    db_text(email)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	db_get_uuid(rows, 0, 0, id);
	disabled = !db_is_null(rows, 0, 5);
	db_rows_free(rows);
	if (disabled)
		return ERR_CONSTRAINT;
	return db_exec(db, SQL_STMT(operator_link_add), DB_PARAMS(
	    db_bytes(l->hash, sizeof(l->hash)), db_text(kinds[p].name),
	    db_uuid(id), db_text(email), db_i64(kinds[p].life_s)), out_rows);
}

enum err
onetime_find(struct db *db, const struct app *app, const char *text,
    enum onetime_purpose p, bool take, struct onetime_found *out)
{
	struct onetime_found f = { .has_user = false };
	struct db_rows *rows = NULL;
	uint8_t hash[AUTH_HASH_BYTES];
	enum err e;

	if (!auth_text_check(AUTH_TEXT_LINK, text, strlen(text)))
		return ERR_NOT_FOUND;
	auth_token_hash(&app->pepper, text, hash);
	e = db_exec(db, SQL_STMT(link_find), DB_PARAMS(
	    db_bytes(hash, sizeof(hash)), db_text(kinds[p].name),
	    db_bool(take)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) != 1) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	f.has_user = !db_is_null(rows, 0, 0);
	if (f.has_user)
		db_get_uuid(rows, 0, 0, f.user_id);
	snprintf(f.email, sizeof(f.email), "%s", db_get_text(rows, 0, 1));
	snprintf(f.name, sizeof(f.name), "%s",
	    db_get_text_or(rows, 0, 2, ""));
	snprintf(f.password_hash, sizeof(f.password_hash), "%s",
	    db_get_text_or(rows, 0, 3, ""));
	snprintf(f.tenant, sizeof(f.tenant), "%s",
	    db_get_text_or(rows, 0, 4, ""));
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e == OK)
		*out = f;
	auth_wipe(&f, sizeof(f));
	return e;
}
