/*
 * primary.c - descriptions of primaries.  See primary.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/lookup.h"
#include "api/primary.h"
#include "api/sql.h"

#define FIELD(member, type, flags, min, max) \
	{ #member, type, flags, min, max, offsetof(struct primary_in, member) }

static const struct body_field new_fields[] = {
	FIELD(name, BODY_STR, BODY_NULL, 1, 100),
	FIELD(address, BODY_STR, BODY_REQ, 1, 64),
	FIELD(port, BODY_INT, BODY_OPT, 1, 65535),
	FIELD(transport, BODY_STR, BODY_OPT, 1, 8),
	FIELD(key, BODY_STR, BODY_NULL, 1, 1024),
	FIELD(tls, BODY_OBJ, BODY_NULL, 0, 0),
};

static const struct body_field inline_fields[] = {
	FIELD(address, BODY_STR, BODY_REQ, 1, 64),
	FIELD(port, BODY_INT, BODY_OPT, 1, 65535),
	FIELD(transport, BODY_STR, BODY_OPT, 1, 8),
	FIELD(key, BODY_STR, BODY_NULL, 1, 1024),
};

static const struct body_field patch_fields[] = {
	FIELD(name, BODY_STR, BODY_NULL, 1, 100),
	FIELD(address, BODY_STR, BODY_OPT, 1, 64),
	FIELD(port, BODY_INT, BODY_OPT, 1, 65535),
	FIELD(transport, BODY_STR, BODY_OPT, 1, 8),
	FIELD(key, BODY_STR, BODY_NULL, 1, 1024),
	FIELD(tls, BODY_OBJ, BODY_NULL, 0, 0),
};

void
primary_read(struct req *r, const struct body_node *node,
    const char *pointer, int flags, struct primary_in *out_in)
{
	memset(out_in, 0, sizeof(*out_in));
	if ((flags & PRIMARY_PATCH) != 0)
		body_read(node, pointer, patch_fields,
		    COUNT_OF(patch_fields), out_in, &r->faults);
	else if ((flags & PRIMARY_INLINE) != 0)
		body_read(node, pointer, inline_fields,
		    COUNT_OF(inline_fields), out_in, &r->faults);
	else
		body_read(node, pointer, new_fields, COUNT_OF(new_fields),
		    out_in, &r->faults);
}

void
primary_defaults(struct primary *p)
{
	memset(p, 0, sizeof(*p));
	p->port = 53;
	p->transport = "tcp";
}

static void
fault(struct req *r, const char *pointer, const char *key, const char *code,
    const char *message)
{
	char sub[FAULT_POINTER_MAX];

	body_pointer(sub, sizeof(sub), pointer, key);
	body_fault_add(&r->faults, sub, code, "%s", message);
}

static void
apply_address(struct req *r, const struct primary_in *in,
    const char *pointer, struct primary *p)
{
	struct sock_addr a;

	/* A literal, never a name: what it resolves to could change after
	 * the check.  Which networks may be reached is decided where the
	 * connection is made. */
	if (sock_ip_parse(in->address.s, &a) != OK || a.scope != 0) {
		fault(r, pointer, "address", "address",
		    "must be an IPv4 or IPv6 address, not a host name");
		return;
	}
	if (sock_addr_is_any(&a)) {
		fault(r, pointer, "address", "address",
		    "must be the address of a server");
		return;
	}
	sock_ip_print(&a, p->address);
}

static void
apply_name(struct req *r, const struct primary_in *in, const char *pointer,
    struct primary *p)
{
	uint8_t id[16];

	p->name[0] = '\0';
	if (in->name.null)
		return;
	for (const char *c = in->name.s; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			fault(r, pointer, "name", "characters",
			    "must not hold control characters");
			return;
		}
	if (db_uuid_parse(in->name.s, in->name.len, id)) {
		fault(r, pointer, "name", "characters",
		    "must not look like an id");
		return;
	}
	snprintf(p->name, sizeof(p->name), "%s", in->name.s);
}

enum err
primary_apply(struct db *db, struct req *r, const struct primary_in *in,
    const char *pointer, struct primary *p)
{
	const char *was = p->transport;
	enum err e;

	if (in->name.set)
		apply_name(r, in, pointer, p);
	if (in->address.set)
		apply_address(r, in, pointer, p);
	if (in->port.set)
		p->port = in->port.v;
	if (in->transport.set) {
		if (strcmp(in->transport.s, "tcp") == 0)
			p->transport = "tcp";
		else if (strcmp(in->transport.s, "tls") == 0)
			p->transport = "tls";
		else
			fault(r, pointer, "transport", "choice",
			    "must be tcp or tls");
		/* RFC 9103 7.1: a port of its own, unless one is named. */
		if (!in->port.set && strcmp(was, p->transport) != 0 &&
		    p->port == (p->transport[1] == 'l' ? 53 : 853))
			p->port = p->transport[1] == 'l' ? 853 : 53;
	}
	if (in->tls.set && !in->tls.null && strcmp(p->transport, "tls") != 0)
		fault(r, pointer, "tls", "transport",
		    "is for primaries with transport tls");
	if (in->key.set) {
		p->has_key = !in->key.null;
		if (in->key.null)
			return OK;
		e = lookup_key(db, r, in->key.s, p->key_id, NULL);
		if (e == ERR_NOT_FOUND)
			fault(r, pointer, "key", "not-found",
			    "you have no key of this id or name");
		else if (e != OK)
			return e;
	}
	return OK;
}

enum err
primary_make(struct db *db, struct req *r, const struct primary *p,
    uint8_t *out_id)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = lookup_room(db, r, "primaries",
	    r->app->conf->limits.primaries_per_tenant,
	    SQL_STMT(primary_count));
	if (e != OK)
		return e;
	e = db_exec(db, SQL_STMT(primary_insert),
	    DB_PARAMS(db_uuid(r->who.tenant_id),
		p->name[0] != '\0' ? db_text(p->name) : db_text(NULL),
		db_text(p->address), db_i64(p->port), db_text(p->transport),
		db_uuid(p->has_key ? p->key_id : NULL)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0)
		e = ERR_EXISTS;
	else
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	return e;
}

static enum err
find_same(struct db *db, struct req *r, const struct primary *p,
    uint8_t *out_id)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(primary_same),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_text(p->address),
		db_i64(p->port), db_text(p->transport),
		db_uuid(p->has_key ? p->key_id : NULL)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	else
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	return e;
}

enum err
primary_find_or_make(struct db *db, struct req *r, const struct primary *p,
    uint8_t *out_id)
{
	enum err e;

	e = find_same(db, r, p, out_id);
	if (e != ERR_NOT_FOUND)
		return e;
	/* Two requests at once must not make two: the second waits for the
	 * first one's commit and finds its row. */
	e = db_exec(db, SQL_STMT(primary_lock),
	    DB_PARAMS(db_text(r->who.tenant_text)), NULL);
	if (e == OK)
		e = find_same(db, r, p, out_id);
	if (e != ERR_NOT_FOUND)
		return e;
	return primary_make(db, r, p, out_id);
}
