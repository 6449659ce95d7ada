/*
 * errand.h - one command, from its words to its outcome.
 *
 * Knows:    sending requests and showing answers, pages of a list, asking
 *           before something is removed.
 * Not here: commands that are more than a request (the own_ rooms).
 * Bounded:  ERRAND_PAGES_MAX pages of a list; a cursor that comes again ends
 *           it.
 */
#ifndef API_CTL_ERRAND_H
#define API_CTL_ERRAND_H

#include "api/ctl/client.h"
#include "api/ctl/outcome.h"
#include "api/ctl/report.h"
#include "api/ctl/request.h"
#include "api/ctl/view.h"

enum {
	ERRAND_PAGES_MAX = 1000000,
	ERRAND_PAGE_ITEMS = 500,
	ERRAND_PATH_MAX = 4096,
	ERRAND_BODY_MAX = 16 << 20,
};

struct errand {
	const struct cmdline *line;
	struct settings *settings;
	struct client_conf conf;
	struct client *client;
	struct view view;
	bool dry_run, yes;
	int64_t limit;			/* of a list's items; 0: none */
	char tenant[40];		/* --tenant, as an id; "" : none */
	char reason[600];		/* --reason, as a header; "" : none */
};

/** errand_begin() - settings are there; opens the client, finds the tenant */
MUST_USE enum outcome errand_begin(struct errand *e,
    const struct cmdline *line, struct settings *settings);
void errand_end(struct errand *e);

/** errand_run() - a command that is no COMMAND_KIND_OWN */
MUST_USE enum outcome errand_run(struct errand *e);

/**
 * errand_send() - a request, its failure told, its answer read
 * @body: or NULL
 * @out:  given, NULL without a body; may be NULL itself
 *
 * With --dry-run, what is no GET is shown instead: OUTCOME_OK and *out NULL.
 */
MUST_USE enum outcome errand_send(struct errand *e, const char *method,
    const char *path, const struct jdoc *body, struct jdoc **out);

/** errand_get() - errand_send() of a GET that waits @wait_s longer */
MUST_USE enum outcome errand_get(struct errand *e, const char *path,
    int64_t wait_s, struct jdoc **out);

/** errand_pages() - a list, page by page, each item to @fn; it returns false
 *  to stop */
typedef bool errand_item_fn(void *arg, const struct jdoc *item);
MUST_USE enum outcome errand_pages(struct errand *e, const char *path,
    errand_item_fn *fn, void (*page)(void *arg), void *arg);

/** errand_rewrite() - a tenant's path, for an operator inside that tenant */
void errand_rewrite(const struct errand *e, const char *path,
    struct buf *out);

/** errand_confirm() - "Remove zone a? [y/N]"; OUTCOME_OK when it may be */
MUST_USE enum outcome errand_confirm(const struct errand *e,
    const char *question);

#endif
