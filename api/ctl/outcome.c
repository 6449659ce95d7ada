/*
 * outcome.c - how a run ends.  See outcome.h.
 */
#include <string.h>

#include "api/ctl/outcome.h"
#include "api/ctl/safetext.h"

#define URN "urn:understudy:problem:"

enum { OUTCOME_ERRORS_MAX = 100 };

const char *
outcome_meaning(int i)
{
	switch (i) {
#define OUTCOME(symbol, code, meaning) case code: return meaning;
#include "api/ctl/outcomes.def"
#undef OUTCOME
	default:
		return NULL;
	}
}

enum outcome
outcome_of_status(long status)
{
	switch (status) {
	case 401:
	case 403:
		return OUTCOME_REFUSED;
	case 404:
		return OUTCOME_NOT_FOUND;
	case 409:
	case 412:
		return OUTCOME_CONFLICT;
	case 408:
	case 429:
	case 502:
	case 503:
	case 504:
		return OUTCOME_TEMPORARY;
	default:
		return status >= 200 && status < 300 ? OUTCOME_OK :
		    OUTCOME_ERROR;
	}
}

static void
put_line(struct buf *out, const char *label, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_printf(out, "\n  %s", label);
	safetext_str(out, text, SAFETEXT_LINE);
}

static void
put_errors(struct buf *out, const struct jdoc *errors)
{
	size_t n = jdoc_count(errors);

	for (size_t i = 0; i < n && i < OUTCOME_ERRORS_MAX; i++) {
		const struct jdoc *e = jdoc_item(errors, i);
		const char *pointer = jdoc_text(e, "pointer");
		const char *message = jdoc_text(e, "message");
		const char *code = jdoc_text(e, "code");

		put_line(out, "", pointer != NULL && pointer[0] != '\0' ?
		    pointer : "(the body)");
		buf_str(out, ": ");
		safetext_str(out, message != NULL ? message : "?",
		    SAFETEXT_LINE);
		if (code != NULL) {
			buf_str(out, " [");
			safetext_str(out, code, SAFETEXT_LINE);
			buf_str(out, "]");
		}
	}
	if (n > OUTCOME_ERRORS_MAX)
		buf_printf(out, "\n  and %zu more",
		    n - OUTCOME_ERRORS_MAX);
}

void
outcome_problem(struct buf *out, long status, const struct jdoc *doc)
{
	const char *title = jdoc_text(doc, "title");
	const char *type = jdoc_text(doc, "type");
	const struct jdoc *advice = jdoc_at(doc, "advice");

	if (title == NULL) {
		buf_printf(out, "the server answered with status %ld and no "
		    "problem document", status);
		return;
	}
	safetext_str(out, title, SAFETEXT_LINE);
	buf_printf(out, " (%ld", status);
	if (type != NULL && strncmp(type, URN, strlen(URN)) == 0) {
		buf_str(out, " ");
		safetext_str(out, type + strlen(URN), SAFETEXT_LINE);
	}
	buf_str(out, ")");
	put_line(out, "", jdoc_text(doc, "detail"));
	put_errors(out, jdoc_at(doc, "errors"));
	put_line(out, "advice: ", jdoc_text(advice, ""));
	for (size_t i = 0; i < jdoc_count(advice); i++)
		put_line(out, "advice: ", jdoc_text(jdoc_item(advice, i),
		    ""));
	put_line(out, "request id: ", jdoc_text(doc, "request_id"));
}
