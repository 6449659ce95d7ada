/* pgtest.c - see pgtest.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/pgtest.h"

static char conninfo[256];
static pid_t owner;

static int
command(const char *verb)
{
	char line[400];

	snprintf(line, sizeof(line), "tests/lib/pgtemp %s '%s'", verb,
	    conninfo);
	return system(line);
}

void
pgtest_stop(void)
{
	if (conninfo[0] == '\0' || owner != getpid())
		return;
	if (command("stop") != 0)
		fprintf(stderr, "pgtest: could not stop %s\n", conninfo);
	conninfo[0] = '\0';
}

int
pgtest_kill(void)
{
	return command("kill");
}

int
pgtest_restart(void)
{
	return command("restart");
}

static const char *
start(const char *how)
{
	static int registered;
	FILE *p;

	if (conninfo[0] != '\0')
		return conninfo;
	p = popen(how, "r");
	if (p == NULL)
		return NULL;
	if (fgets(conninfo, sizeof(conninfo), p) == NULL)
		conninfo[0] = '\0';
	if (pclose(p) != 0)
		conninfo[0] = '\0';
	conninfo[strcspn(conninfo, "\n")] = '\0';
	if (conninfo[0] == '\0')
		return NULL;
	owner = getpid();
	if (!registered && atexit(pgtest_stop) == 0)
		registered = 1;
	return conninfo;
}

const char *
pgtest_start(void)
{
	return start("tests/lib/pgtemp start");
}

const char *
pgtest_start_bare(void)
{
	return start("tests/lib/pgtemp start --bare");
}
