/*
 * xferdb.h - a database with some zones, for units of xferd's keep rooms.
 *
 * Zones and tenants are known by small numbers: zone n belongs to tenant
 * n / 10 + 1, has the apex "zn.test" and one primary, and is never due unless a
 * test says so. Statements of the code run as understudy_xferd; those of the
 * test as superuser.
 */
#ifndef TESTS_LIB_XFERDB_H
#define TESTS_LIB_XFERDB_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/base/log.h"
#include "common/db/db.h"
#include "tests/lib/pgtest.h"
#include "xferd/crew.h"

static struct {
	struct db *root, *db;
	uv_loop_t loop;
	struct crew *crew;		/* stays: see crew_stop() */
	char text[1000];
} xferdb;

static inline void
xferdb_id(char kind, unsigned n, uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = (uint8_t)kind;
	out[14] = (uint8_t)(n >> 8);
	out[15] = (uint8_t)n;
}

static inline void
xferdb_zone_id(unsigned n, uint8_t out[16])
{
	xferdb_id('z', n, out);
}

static inline void
xferdb_tenant_id(unsigned zone, uint8_t out[16])
{
	xferdb_id('t', zone / 10 + 1, out);
}

/* Run SQL as superuser. In its text $Zn, $Tn, $Pn are the ids in quotes. */
static inline void xferdb_do(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
static inline const char *xferdb_get(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static inline void
xferdb_expand(char out[4000], const char *fmt, va_list ap)
{
	char text[4000];
	size_t n = 0;

	vsnprintf(text, sizeof(text), fmt, ap);
	for (const char *p = text; *p != '\0' && n < 3900;) {
		uint8_t id[16];
		char *end;

		if (p[0] != '$' || strchr("ZTPO", p[1]) == NULL ||
		    p[1] == '\0') {
			out[n++] = *p++;
			continue;
		}
		xferdb_id((char)(p[1] + 32), (unsigned)strtoul(p + 2, &end,
		    10), id);
		out[n++] = '\'';
		db_uuid_print(id, out + n);
		n += DB_UUID_TEXT_SIZE - 1;
		out[n++] = '\'';
		p = end;
	}
	out[n] = '\0';
}

static inline void
xferdb_do(const char *fmt, ...)
{
	char sql[4000];
	va_list ap;

	va_start(ap, fmt);
	xferdb_expand(sql, fmt, ap);
	va_end(ap);
	if (db_command(xferdb.root, sql) != OK) {
		fprintf(stderr, "%s: %s\n", sql, db_error(xferdb.root));
		abort();
	}
}

/* One value as text; "" for null, "(none)" for no row. */
static inline const char *
xferdb_get(const char *fmt, ...)
{
	char sql[4000], all[4100];
	struct db_stmt stmt = { .name = "xferdb", .text = all };
	struct db_rows *rows = NULL;
	va_list ap;

	va_start(ap, fmt);
	xferdb_expand(sql, fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "SELECT x::text FROM (%s) AS s (x)", sql);
	if (db_exec(xferdb.root, &stmt, DB_NO_PARAMS, &rows) != OK) {
		fprintf(stderr, "%s: %s\n", sql, db_error(xferdb.root));
		abort();
	}
	snprintf(xferdb.text, sizeof(xferdb.text), "%s", db_rows_n(rows) == 0
	    ? "(none)" : db_get_text_or(rows, 0, 0, ""));
	db_rows_free(rows);
	return xferdb.text;
}

static inline void
xferdb_tenant(unsigned n)
{
	xferdb_do("INSERT INTO tenant (id, name) VALUES ($T%u, 'tenant %u')"
	    " ON CONFLICT DO NOTHING", n, n);
}

static inline void
xferdb_zone(unsigned n)
{
	unsigned t = n / 10 + 1;
	char label[16];
	int len = snprintf(label, sizeof(label), "z%u", n);

	xferdb_tenant(t);
	xferdb_do("INSERT INTO primary_server (id, tenant_id, address) VALUES"
	    " ($P%u, $T%u, '192.0.2.%u')", n, t, n & 255);
	xferdb_do("INSERT INTO zone (id, tenant_id, name, apex, state) VALUES"
	    " ($Z%u, $T%u, '%s.test', convert_to(chr(%d) || '%s' ||"
	    " chr(4) || 'test', 'UTF8') || '\\x00', 'active')", n, t,
	    label, len, label);
	xferdb_do("INSERT INTO zone_primary (zone_id, tenant_id, ordinal,"
	    " primary_id) VALUES ($Z%u, $T%u, 0, $P%u)", n, t, n);
	xferdb_do("UPDATE zone_timer SET due_at = now() + interval '1 day',"
	    " priority = 3"
	    " WHERE zone_id = $Z%u", n);
}

/* Due now, as what 0 to 3 means: NOTIFY, new, job, timer. */
static inline void
xferdb_due(unsigned zone, int priority)
{
	xferdb_do("UPDATE zone_timer SET due_at = now() - interval '1 s',"
	    " priority = %d WHERE zone_id = $Z%u", priority, zone);
}

/* Owner n holds the zone for another @s seconds. */
static inline void
xferdb_lease(unsigned zone, unsigned owner, int s)
{
	xferdb_do("UPDATE zone_timer SET lease_owner = $O%u, lease_until ="
	    " now() + %d * interval '1 s', due_at = now() + %d * interval"
	    " '1 s', priority = 3 WHERE zone_id = $Z%u", owner, s, s, zone);
}

static inline void
xferdb_owner(unsigned n, uint8_t out[16])
{
	xferdb_id('o', n, out);
}

static inline struct db_conf
xferdb_conf(const char *user)
{
	return (struct db_conf){ .conninfo = pgtest_start(), .user = user,
		.program = "unit", .timeout_ms = 30000,
		.prepare = user != NULL };
}

/* The database is started once; every test begins with an empty one. */
static inline int
xferdb_setup(void **state UNUSED)
{
	static const unsigned one[CREW_LANES] = { 1, 1, 1, 1, 1 };
	struct db_conf root = xferdb_conf(NULL);
	struct db_conf keep = xferdb_conf("understudy_xferd");
	char why[256] = "no database";

	if (root.conninfo == NULL)
		return -1;
	if (xferdb.crew == NULL && (uv_loop_init(&xferdb.loop) != 0 ||
	    crew_new(&xferdb.loop, &keep, one, &xferdb.crew) != OK))
		return -1;
	if (db_open(&root, &xferdb.root, why, sizeof(why)) != OK ||
	    db_open(&keep, &xferdb.db, why, sizeof(why)) != OK) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	xferdb_do("TRUNCATE tenant CASCADE");
	xferdb_do("TRUNCATE attempt, job, zone_page, zone_node, zone_version,"
	    " refresh_batch");
	return 0;
}

static inline int
xferdb_teardown(void **state UNUSED)
{
	db_close(xferdb.root);
	db_close(xferdb.db);
	xferdb.root = xferdb.db = NULL;
	return 0;
}

/* Turn the loop until the crew has done everything. */
static inline void
xferdb_turn(void)
{
	while (crew_busy(xferdb.crew) > 0)
		uv_run(&xferdb.loop, UV_RUN_ONCE);
}

#define XFERDB_TEST(name) TEST_WITH(name, xferdb_setup, xferdb_teardown)

#endif
