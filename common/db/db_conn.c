/*
 * db_conn.c - waiting for libpq, and what its failures mean.
 *
 * libpq is used without blocking calls but for connecting, so that a server
 * that stops answering costs timeout_ms and not the thread.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/base/now.h"
#include "common/db/db_conn.h"

/* ------------------------------------------------------------ errors */

void
db_conn_clear(struct db *db)
{
	db->error[0] = '\0';
	db->sqlstate[0] = '\0';
	db->constraint[0] = '\0';
}

void
db_conn_drop(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	memset(db->prepared, 0, sizeof(db->prepared));
	db->n_prepared = 0;
}

void
db_conn_line(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
	to[strcspn(to, "\n")] = '\0';
}

static enum err
state_to_err(const char *state)
{
	static const struct {
		const char *prefix;
		enum err e;
	} map[] = {
		{ "40002", ERR_CONSTRAINT },	/* deferred constraint */
		{ "40",	   ERR_DB_RETRY },	/* serialisation, deadlock */
		{ "55P03", ERR_DB_RETRY },	/* lock_timeout */
		{ "53",	   ERR_DB_RETRY },	/* out of something */
		{ "57014", ERR_TIMEOUT },	/* statement_timeout */
		{ "57P",   ERR_DB_LOST },	/* shutdown, crash, starting */
		{ "25P03", ERR_DB_LOST },	/* idle in transaction */
		{ "08",	   ERR_DB_LOST },
		{ "23505", ERR_EXISTS },
		{ "23P01", ERR_EXISTS },
		{ "23",	   ERR_CONSTRAINT },
		{ "22",	   ERR_CONSTRAINT },
		{ "44",	   ERR_CONSTRAINT },
		{ "P0001", ERR_CONSTRAINT },
		{ "42501", ERR_DENIED },	/* privilege, row security */
		{ "25006", ERR_UNSUPPORTED },	/* read only: a standby */
		{ "58030", ERR_IO },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(map); i++)
		if (strncmp(state, map[i].prefix,
		    strlen(map[i].prefix)) == 0)
			return map[i].e;
	return ERR_DB;
}

enum err
db_conn_failure(struct db *db, const PGresult *res)
{
	const char *state = NULL;
	enum err e;

	if (res != NULL)
		state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	if (state == NULL) {
		db_conn_line(db->error, sizeof(db->error),
		    res != NULL ? PQresultErrorMessage(res) :
		    PQerrorMessage(db->conn));
		/* Without a SQLSTATE it is libpq that complains. */
		e = PQstatus(db->conn) == CONNECTION_BAD ? ERR_DB_LOST :
		    ERR_DB;
	} else {
		db_conn_line(db->error, sizeof(db->error),
		    PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
		db_conn_line(db->sqlstate, sizeof(db->sqlstate), state);
		db_conn_line(db->constraint, sizeof(db->constraint),
		    PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME));
		e = state_to_err(state);
	}
	/* 0A000 may be a cached plan whose result changed by a migration:
	 * a new connection has no plans. */
	if (e == ERR_DB_LOST || PQstatus(db->conn) == CONNECTION_BAD ||
	    strcmp(db->sqlstate, "0A000") == 0)
		db_conn_drop(db);
	return e;
}

/* ------------------------------------------------------------ waiting */

int64_t
db_conn_deadline(const struct db *db)
{
	return now_mono_ms() + db->timeout_ms;
}

/* Until the socket is ready for @events; reads what has arrived. */
static enum err
wait_for(struct db *db, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = PQsocket(db->conn), .events = events };
	int64_t left = deadline_ms - now_mono_ms();
	int n;

	n = poll(&p, 1, left > 0 ? (int)left : 0);
	if (n == 0) {
		snprintf(db->error, sizeof(db->error),
		    "no answer from the database in %d ms", db->timeout_ms);
		db_conn_drop(db);
		return ERR_TIMEOUT;
	}
	if (n < 0 && errno != EINTR) {
		snprintf(db->error, sizeof(db->error), "poll failed: %s",
		    strerror(errno));
		db_conn_drop(db);
		return ERR_DB_LOST;
	}
	if (n > 0 && (p.revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
	    PQconsumeInput(db->conn) == 0)
		return db_conn_failure(db, NULL);
	return OK;
}

enum err
db_conn_flush(struct db *db, int64_t deadline_ms)
{
	enum err e;
	int n;

	while ((n = PQflush(db->conn)) == 1) {
		e = wait_for(db, POLLIN | POLLOUT, deadline_ms);
		if (e != OK)
			return e;
	}
	return n == 0 ? OK : db_conn_failure(db, NULL);
}

enum err
db_conn_collect(struct db *db, int64_t deadline_ms, PGresult **out_res)
{
	PGresult *kept = NULL, *res;
	enum err e;

	e = db_conn_flush(db, deadline_ms);
	while (e == OK) {
		if (PQisBusy(db->conn)) {
			e = wait_for(db, POLLIN, deadline_ms);
			continue;
		}
		res = PQgetResult(db->conn);
		if (res == NULL)
			break;
		if (kept != NULL &&
		    PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(res);
			continue;
		}
		PQclear(kept);
		kept = res;
		if (PQresultStatus(res) == PGRES_COPY_IN)
			break;
	}
	if (e == OK && (kept == NULL ||
	    PQresultStatus(kept) == PGRES_FATAL_ERROR ||
	    PQresultStatus(kept) == PGRES_BAD_RESPONSE))
		e = db_conn_failure(db, kept);
	*out_res = kept;
	return e;
}

enum err
db_conn_collect_one(struct db *db, int64_t deadline_ms, PGresult **out_res)
{
	PGresult *res = NULL, *end;
	enum err e = db_conn_flush(db, deadline_ms);

	*out_res = NULL;
	while (e == OK) {
		if (PQisBusy(db->conn)) {
			e = wait_for(db, POLLIN, deadline_ms);
			continue;
		}
		if (res != NULL) {
			end = PQgetResult(db->conn);
			PQclear(end);
			break;
		}
		res = PQgetResult(db->conn);
		if (res == NULL)	/* no answer is to come: not ours */
			e = db_conn_failure(db, NULL);
		else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC)
			break;
	}
	if (e != OK) {
		PQclear(res);
		return e;
	}
	*out_res = res;
	return OK;
}
