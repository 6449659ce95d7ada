/*
 * recipe.c - print what a customer is told to write.
 *
 *	recipe KIND ZONE KEY ALGORITHM SOURCES TARGETS
 *
 * KIND as in documents; KEY "" for none; lists with commas between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/recipe.h"

static size_t
split(char *text, const char **out)
{
	size_t n = 0;

	for (char *p = strtok(text, ","); p != NULL && n <
	    RECIPE_ADDRESSES_MAX; p = strtok(NULL, ","))
		out[n++] = p;
	return n;
}

int
main(int argc, char **argv)
{
	const char *sources[RECIPE_ADDRESSES_MAX];
	const char *targets[RECIPE_ADDRESSES_MAX];
	struct recipe r = { .sources = sources, .targets = targets };
	struct buf b;
	bool bad;

	if (argc != 7)
		return 2;
	r.zone = argv[2];
	r.key = argv[3][0] == '\0' ? NULL : argv[3];
	r.algorithm = argv[4];
	r.n_sources = split(argv[5], sources);
	r.n_targets = split(argv[6], targets);
	buf_init(&b, 1 << 20);
	for (int k = 0; k < RECIPE_KINDS; k++)
		if (strcmp(recipe_word((enum recipe_kind)k), argv[1]) == 0)
			recipe_print(&r, (enum recipe_kind)k, RECIPE_ALL, &b);
	fputs(buf_cstr(&b), stdout);
	bad = buf_err(&b) != OK;
	buf_fini(&b);
	return bad ? 1 : 0;
}
