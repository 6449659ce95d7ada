/*
 * mail.c - queue a letter.  See mail.h.
 */
#include "api/mail.h"

#include <string.h>

#include "api/app.h"
#include "api/auth.h"
#include "api/sql.h"

bool
mail_relayed(const struct app *app)
{
	return app->conf->mail.relay[0] != '\0';
}

enum err
mail_put(struct db *db, const struct app *app, const struct mail *m,
    bool *out_queued)
{
	static const uint8_t nobody[16];
	uint8_t id[16], sealed[SEAL_SEALED_MAX];
	struct seal_context ctx = {
		.tenant_id = m->tenant_id != NULL ? m->tenant_id : nobody,
		.key_id = id,
		.algorithm = "mail-link",
	};
	struct db_rows *rows = NULL;
	size_t len = 0;
	enum err e = OK;

	*out_queued = false;
	if (!mail_relayed(app))
		return OK;
	auth_random(id, sizeof(id));
	if (m->link != NULL) {
		if (strlen(m->link) > MAIL_LINK_MAX)
			return ERR_LIMIT;
		if (!app->has_seal)
			return ERR_CONFIG;
		e = seal_close(&app->seal, &ctx, (const uint8_t *)m->link,
		    strlen(m->link), sealed, &len);
	}
	if (e != OK)
		return e;
	e = db_exec(db, SQL_STMT(mail_put), DB_PARAMS(db_text(m->recipient),
	    db_text(m->template), db_if(m->params != NULL,
	    db_textn(m->params, m->params_len)),
	    db_uuid(m->tenant_id), db_uuid(id),
	    db_if(m->link != NULL, db_bytes(sealed, len))), &rows);
	if (e == OK)
		*out_queued = db_get_bool(rows, 0, 0);
	db_rows_free(rows);
	return e;
}
