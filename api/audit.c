/*
 * audit.c - see audit.h.
 */
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/repo.h"
#include "api/sql.h"

static const enum sql_name documents[] = {
	[AUDIT_ZONE] = SQL_audit_zone,
	[AUDIT_KEY] = SQL_audit_key,
	[AUDIT_PRIMARY] = SQL_audit_primary,
	[AUDIT_TOKEN] = SQL_audit_token,
	[AUDIT_TENANT] = SQL_audit_tenant,
	[AUDIT_MEMBER] = SQL_audit_member,
	[AUDIT_INVITATION] = SQL_audit_invitation,
};

static enum err
read_document(struct db *db, const struct audit *a, char **out_text)
{
	struct db_rows *rows = NULL;
	enum err e;

	*out_text = NULL;
	e = db_exec(db, &sql_stmt[documents[a->of]], DB_PARAMS(
	    db_uuid(a->tenant_id), db_uuid(a->id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) > 0) {
		*out_text = strdup(db_get_text(rows, 0, 0));
		if (*out_text == NULL)
			e = ERR_NO_MEMORY;
		else if (db_rows_failed(rows))
			e = ERR_CORRUPT;
	}
	db_rows_free(rows);
	return e;
}

void
audit_none(struct audit *a, struct req *r, enum audit_of of,
    const uint8_t id[16])
{
	a->of = of;
	a->before = NULL;
	memcpy(a->tenant_id, r->who.tenant_id, 16);
	memcpy(a->id, id, 16);
}

enum err
audit_look(struct db *db, struct req *r, enum audit_of of,
    const uint8_t id[16], struct audit *a)
{
	audit_none(a, r, of, id);
	return read_document(db, a, &a->before);
}

enum err
audit_look_in(struct db *db, struct req *r, enum audit_of of,
    const uint8_t tenant_id[16], const uint8_t id[16], struct audit *a)
{
	audit_none(a, r, of, id);
	memcpy(a->tenant_id, tenant_id, 16);
	return read_document(db, a, &a->before);
}

enum err
audit_write(struct db *db, struct req *r, const struct audit *a,
    const char *action, const char *object)
{
	char *after = NULL;
	enum err e = read_document(db, a, &after);

	if (e == OK)
		e = repo_audit_change(db, r, a->tenant_id, action, object,
		    a->before, after);
	free(after);
	return e;
}

void
audit_fini(struct audit *a)
{
	free(a->before);
	a->before = NULL;
}

enum err
audit_made(struct db *db, struct req *r, enum audit_of of,
    const uint8_t id[16], const char *action, const char *object)
{
	struct audit a;

	audit_none(&a, r, of, id);
	return audit_write(db, r, &a, action, object);
}
