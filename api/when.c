/*
 * when.c - see when.h.
 */
#include <string.h>
#include <time.h>

#include "api/when.h"

/* strptime() alone takes blanks and single digits. */
static bool
has_form(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' :
		    text[i] != form[i])
			return false;
	return true;
}

bool
when_parse(const char *text, int64_t *out_ms)
{
	struct tm tm = { 0 };
	const char *rest;
	int64_t ms = 0;
	time_t s;

	if (!has_form(text))
		return false;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest == NULL)
		return false;
	if (*rest == '.') {
		size_t n = strspn(++rest, "0123456789");

		if (n == 0)
			return false;
		for (size_t i = 0; i < 3; i++)
			ms = ms * 10 + (i < n ? rest[i] - '0' : 0);
		rest += n;
	}
	if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
		return false;
	s = timegm(&tm);
	*out_ms = (int64_t)s * 1000 + ms;
	return s > 0;
}
