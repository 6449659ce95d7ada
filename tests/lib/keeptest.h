/*
 * keeptest.h - as much of keep as a unit of one of its rooms needs: the
 * configuration's defaults, a crew with a database, a ledger and a tally, and
 * no child processes.
 */
#ifndef TESTS_LIB_KEEPTEST_H
#define TESTS_LIB_KEEPTEST_H

#include "common/base/conf.h"
#include "common/base/hash.h"
#include "tests/lib/xferdb.h"
#include "xferd/keepparts.h"
#include "xferd/ledger.h"
#include "xferd/tally.h"

enum { KEEPTEST_ME = 1 };

static struct keep keeptest;
static struct conf *keeptest_conf;
static unsigned keeptest_ended;

static inline void
keeptest_round_ended(struct keep *keep UNUSED)
{
	keeptest_ended++;
}

/* Made once; what is static here lives as long as the process. */
static inline int
keeptest_setup(void **state)
{
	struct fault fault;

	if (xferdb_setup(state) != 0)
		return -1;
	keeptest_ended = 0;
	if (keeptest.loop != NULL)
		return 0;
	hash_init();
	if (conf_load(NULL, NULL, 0, &keeptest_conf, &fault) != OK)
		return -1;
	keeptest.loop = &xferdb.loop;
	keeptest.conf = keeptest_conf;
	keeptest.crew = xferdb.crew;
	keeptest.round_ended = keeptest_round_ended;
	xferdb_owner(KEEPTEST_ME, keeptest.owner);
	return tally_new(1 << 20, &keeptest.tally) == OK &&
	    ledger_new(keeptest.loop, keeptest.crew, keeptest.owner, 10,
	    &keeptest.ledger) == OK ? 0 : -1;
}

#endif
