/*
 * limits.c - see limits.h.
 */
#include <stdlib.h>
#include <string.h>

#include "api/limits.h"

/* Beside the limits: how much of the past a tenant's zones keep. */
enum { KEPT_VERSIONS = LIMITS_N, KEPT_DAYS, MEMBERS_N };

static const struct {
	const char *name;
	int64_t least, most;
} members[] = {
#define LIMIT(name, most, otherwise) { #name, 0, most },
#include "api/limits.def"
#undef LIMIT
	[KEPT_VERSIONS] = { "keep_versions", 1, 100000 },
	[KEPT_DAYS] = { "keep_versions_days", 0, 36500 },
};

const char *
limits_text(enum limits_name name)
{
	return members[name].name;
}

int64_t
limits_otherwise(const struct conf *c, enum limits_name name)
{
	switch (name) {
#define LIMIT(name, most, otherwise) case LIMITS_##name: return otherwise;
#include "api/limits.def"
#undef LIMIT
	case LIMITS_N:
		break;
	}
	return 0;
}

enum err
limits_read(struct req *r, const struct body_node *node, bool patch,
    char out[LIMITS_TEXT_BYTES])
{
	struct body_int in[MEMBERS_N] = { { 0 } };
	struct body_field fields[MEMBERS_N];
	struct jw w;
	size_t len;
	char *text;

	for (size_t i = 0; i < MEMBERS_N; i++)
		fields[i] = (struct body_field){ members[i].name, BODY_INT,
			BODY_NULL, members[i].least,
			members[i].most, i * sizeof(in[0]) };
	body_read(node, "/limits", fields, MEMBERS_N, in, &r->faults);
	jw_init(&w, LIMITS_TEXT_BYTES - 1);
	jw_begin_object(&w, NULL);
	for (size_t i = 0; i < MEMBERS_N; i++) {
		if (!in[i].set || (in[i].null && !patch))
			continue;
		if (in[i].null)
			jw_null(&w, members[i].name);
		else
			jw_int(&w, members[i].name, in[i].v);
	}
	jw_end_object(&w);
	text = jw_take(&w, &len);
	if (text == NULL)
		return ERR_NO_MEMORY;
	memcpy(out, text, len);
	out[len] = '\0';
	free(text);
	return OK;
}
