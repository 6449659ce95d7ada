/*
 * db_listen.c - LISTEN on a connection of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/db/db_conn.h"
#include "common/db/db_listen.h"

#define DRAIN_MAX	10000	/* notifications a call */

struct db_listen {
	struct db *db;
	const char *channel[DB_LISTEN_CHANNELS_MAX];
	size_t n_channels;
};

static bool
plain_identifier(const char *name)
{
	return name[0] != '\0' && strlen(name) < 64 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name);
}

static enum err
listen_all(struct db_listen *l)
{
	char text[80];
	enum err e = OK;
	size_t i;

	for (i = 0; i < l->n_channels && e == OK; i++) {
		snprintf(text, sizeof(text), "LISTEN %s", l->channel[i]);
		e = db_command(l->db, text);
	}
	if (e != OK)
		db_conn_drop(l->db);
	return e;
}

enum err
db_listen_open(const struct db_conf *conf, const char *const *channels,
    size_t n_channels, struct db_listen **out_listen)
{
	struct db_listen *l;
	enum err e;
	size_t i;

	CHECK(n_channels >= 1);
	CHECK(n_channels <= DB_LISTEN_CHANNELS_MAX);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < n_channels; i++) {
		CHECK(plain_identifier(channels[i]));
		l->channel[i] = channels[i];
	}
	l->n_channels = n_channels;
	e = db_open(conf, &l->db, NULL, 0);
	if (e == OK)
		e = listen_all(l);
	if (e != OK) {
		db_listen_close(l);
		return e;	/* 25006 on a standby: ERR_UNSUPPORTED */
	}
	*out_listen = l;
	return OK;
}

void
db_listen_close(struct db_listen *l)
{
	if (l == NULL)
		return;
	db_close(l->db);
	free(l);
}

int
db_listen_fd(const struct db_listen *l)
{
	return db_fd(l->db);
}

enum err
db_listen_drain(struct db_listen *l, db_listen_fn fn, void *arg,
    size_t *out_n)
{
	struct db *db = l->db;
	PGnotify *note;
	size_t n = 0;

	*out_n = 0;
	if (db->conn == NULL)
		return ERR_DB_LOST;
	db_conn_clear(db);
	if (PQconsumeInput(db->conn) == 0)
		return db_conn_failure(db, NULL);
	/* An idle session has no results of its own: what comes is a notice
	 * or the server's goodbye. */
	while (n < DRAIN_MAX && (note = PQnotifies(db->conn)) != NULL) {
		if (fn != NULL)
			fn(arg, note->relname, note->extra);
		PQfreemem(note);
		n++;
	}
	*out_n = n;
	if (PQstatus(db->conn) != CONNECTION_OK) {
		db_conn_drop(db);
		return ERR_DB_LOST;
	}
	return OK;
}

enum err
db_listen_ensure(struct db_listen *l)
{
	enum err e;

	if (db_alive(l->db))
		return OK;
	e = db_ensure(l->db);
	return e == OK ? listen_all(l) : e;
}
