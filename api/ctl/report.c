/*
 * report.c - requests that failed, told to people.  See report.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/ctl/report.h"
#include "api/ctl/tell.h"

enum outcome
report_out_of_memory(void)
{
	tell_error("out of memory, or a text that is not UTF-8");
	return OUTCOME_ERROR;
}

enum outcome
report_failed(enum err err, const struct fault *fault)
{
	char text[800];

	tell_error("%s", fault_print(fault, text, sizeof(text)));
	switch (err) {
	case ERR_UNREACHABLE:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
		return OUTCOME_TEMPORARY;
	case ERR_INVALID:
	case ERR_DENIED:
	case ERR_NOT_FOUND:
		return OUTCOME_USAGE;
	default:
		return OUTCOME_ERROR;
	}
}

enum outcome
report_refused(const struct client_reply *r)
{
	struct fault fault = { .text = "" };
	struct jdoc *doc = NULL;
	struct buf b;

	if (r->status >= 300 && r->status < 400) {
		tell_error("the server sends us elsewhere (%ld): %s\n  that "
		    "is not followed, so that the token stays here; if it "
		    "is right, say so with --url", r->status, r->location);
		return OUTCOME_ERROR;
	}
	if (strstr(r->content_type, "json") != NULL &&
	    jdoc_parse((const char *)r->body.data, r->body.len, &doc,
	    &fault) != OK)
		doc = NULL;
	buf_init(&b, 1 << 20);
	outcome_problem(&b, r->status, doc);
	tell_error("%s", buf_cstr(&b));
	buf_fini(&b);
	jdoc_free(doc);
	return outcome_of_status(r->status);
}
