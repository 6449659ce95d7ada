/*
 * console.c - apid's commands for the console.  See console.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/console.h"
#include "api/onetime.h"
#include "api/sql.h"
#include "api/token.h"
#include "common/base/log.h"
#include "common/db/db_tx.h"

struct command {
	const struct app *app;
	char email[EMAIL_BYTES];
	enum onetime_purpose purpose;
	bool staff;
	struct onetime link;
	struct token_new token;
	char why[256];
};

static enum err
note(struct db *db, const char *action, const char *object)
{
	return db_exec(db, SQL_STMT(audit_add), DB_PARAMS(db_uuid(NULL),
	    db_text("console"), db_uuid(NULL), db_text(NULL),
	    db_text(action), db_text(object), db_text("console")), NULL);
}

/* In a transaction of the operator's role; says why not, once. */
static enum err
run(struct command *c, enum err (*fn)(struct db *, void *))
{
	struct db_conf conf = {
		.conninfo = c->app->conf->database.apid_operator,
		.program = "apid",
		.prepare = true,
	};
	struct db *db = NULL;
	enum err e;

	e = db_open(&conf, &db, c->why, sizeof(c->why));
	if (e == OK) {
		e = db_tx_run(db, DB_TX_WRITE, REPO_TRIES, fn, c);
		if (e != OK && c->why[0] == '\0')
			snprintf(c->why, sizeof(c->why), "%s", db_error(db));
	}
	if (e != OK)
		log_err("bootstrap.failed", "error=%s reason=%s", err_name(e),
		    LOG_Q(c->why));
	if (db != NULL)
		db_close(db);
	return e;
}

/* ---- the operator's first token ---- */

static enum err
store_token(struct db *db, void *arg)
{
	struct command *c = arg;
	struct db_rows *rows = NULL;
	enum err e = token_store(db, NULL, &c->token, NULL, &rows);

	db_rows_free(rows);
	return e != OK ? e : note(db, "token.create", c->token.prefix);
}

enum err
console_token(const struct app *app)
{
	struct command c = { .app = app, .token = {
		.name = "first operator", .n_scopes = 1 } };
	struct token_new *t = &c.token;
	enum err e;

	snprintf(t->scope[0], sizeof(t->scope[0]), "*");
	auth_token_make(AUTH_OPERATOR, t->text);
	auth_token_hash(&app->pepper, t->text, t->hash);
	auth_token_prefix(t->text, t->prefix);
	e = run(&c, store_token);
	if (e == OK)
		printf("%s\n", t->text);
	token_wipe(t);
	return e;
}

/* ---- people ---- */

/* A customer's person never becomes staff by a slip of the hand. */
static enum err
add_staff(struct db *db, struct command *c)
{
	struct db_rows *rows = NULL;
	bool made, staff = true;
	enum err e;

	e = db_exec(db, SQL_STMT(operator_user_add), DB_PARAMS(
	    db_text(c->email), db_text(""), db_bool(true)), &rows);
	made = e == OK && db_rows_n(rows) == 1;
	db_rows_free(rows);
	if (made)
		return note(db, "staff.create", c->email);
	rows = NULL;
	if (e == OK)
		e = db_exec(db, SQL_STMT(operator_user), DB_PARAMS(
		    db_uuid(NULL), db_text(c->email)), &rows);
	if (e == OK && db_rows_n(rows) == 1)
		staff = db_get_bool(rows, 0, 3);
	db_rows_free(rows);
	if (e == OK && !staff) {
		snprintf(c->why, sizeof(c->why), "this person is a customer's:"
		    " staff need an address of their own");
		e = ERR_CONSTRAINT;
	}
	return e;
}

static enum err
issue(struct db *db, void *arg)
{
	struct command *c = arg;
	struct db_rows *rows = NULL;
	enum err e = c->staff ? add_staff(db, c) : OK;

	if (e != OK)
		return e;
	e = onetime_issue(db, &c->link, c->purpose, c->email, &rows);
	db_rows_free(rows);
	if (e == ERR_NOT_FOUND)
		snprintf(c->why, sizeof(c->why), "nobody has this address, or "
		    "signed up with it");
	else if (e == ERR_CONSTRAINT)
		snprintf(c->why, sizeof(c->why), "this person is disabled");
	return e != OK ? e : note(db, "link.create", c->email);
}

static enum err
print_link(struct command *c, const char *email)
{
	enum err e;

	if (!email_normal(email, c->email)) {
		log_err("bootstrap.failed", "reason=\"%s\" email=%s",
		    "not an e-mail address", LOG_Q(email));
		return ERR_INVALID;
	}
	onetime_make(c->app, c->purpose, &c->link);
	e = run(c, issue);
	if (e == OK)
		printf("%s\n", c->link.url);
	onetime_wipe(&c->link);
	return e;
}

enum err
console_staff(const struct app *app, const char *email)
{
	struct command c = { .app = app, .purpose = ONETIME_LOGIN,
		.staff = true };

	return print_link(&c, email);
}

enum err
console_link(const struct app *app, const char *email, const char *purpose)
{
	struct command c = { .app = app,
		.purpose = onetime_purpose_parse(purpose) };

	if (c.purpose == ONETIME_PURPOSE_N) {
		log_err("bootstrap.failed", "reason=\"--purpose must be "
		    "verify, reset or login\"");
		return ERR_INVALID;
	}
	return print_link(&c, email);
}
