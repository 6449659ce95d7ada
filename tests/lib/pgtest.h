/*
 * pgtest.h - a throw-away PostgreSQL for a unit test (tests/lib/pgtemp).
 */
#ifndef TESTS_LIB_PGTEST_H
#define TESTS_LIB_PGTEST_H

/**
 * pgtest_start() - a cluster with the schema of sql/
 *
 * Returns its conninfo (superuser), static; NULL when it could not be made.
 * The cluster ends with the process at the latest (atexit). Tests run from
 * the root of the source tree.
 */
const char *pgtest_start(void);

/* The same without the schema, for rooms that know no table: faster. */
const char *pgtest_start_bare(void);
void pgtest_stop(void);

/* Stop it at once, as a crash would, and start it again. 0 on success. */
int pgtest_kill(void);
int pgtest_restart(void);

#endif
