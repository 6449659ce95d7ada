/*
 * exam.c - what the parts of a check share.  See exam.h.
 */
#include "xferd/exam.h"

#include <string.h>

const char *
exam_string(struct exam *x, const char *text)
{
	char *copy;

	if (x->n_strings == EXAM_STRINGS_MAX)
		return "";
	copy = strdup(text);
	if (copy == NULL)
		return "";
	x->string[x->n_strings++] = copy;
	return copy;
}

const char *
exam_name(struct exam *x, const uint8_t *wire)
{
	uint8_t lower[DNAME_MAX];
	char text[DNAME_TEXT_MAX];

	dname_lower(wire, lower);
	dname_print_bare(lower, text);
	return exam_string(x, text);
}

void
exam_know(struct exam *x, enum diagnosis_id id)
{
	x->known[id] = true;
	x->dirty = true;
}
