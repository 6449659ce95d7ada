/*
 * errand.h - one command, from its words to its outcome.
 *
 * Knows:    how arguments and options make a request, how answers are shown,
 *           pages of a list, asking before something is removed.
 * Not here: commands that are more than a request (the own_ rooms).
 * Bounded:  ERRAND_PAGES_MAX pages of a list; a cursor that comes again ends
 *           it.
 */
#ifndef API_CTL_ERRAND_H
#define API_CTL_ERRAND_H

#include "api/ctl/client.h"
#include "api/ctl/outcome.h"
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
 * errand_path() - the command's path with its arguments filled in
 * @last:  what fills the placeholder of a repeated argument
 * @query: with the options that are query parameters
 *
 * Returns OK or ERR_SPACE.
 */
MUST_USE enum err errand_path(const struct errand *e, const char *last,
    bool query, struct buf *out);

/** errand_escape() - append one segment of a path, or a query's value */
void errand_escape(struct buf *out, const char *text);

/**
 * errand_body() - the object that the options and arguments make
 * @out: given; NULL when the command has none and no option made one
 */
MUST_USE enum outcome errand_body(const struct errand *e, struct jdoc **out);

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

/** errand_failed() - tell of a request without an answer */
enum outcome errand_failed(enum err err, const struct fault *fault);

/** errand_refused() - tell of an answer that is an error */
enum outcome errand_refused(const struct client_reply *r);

/** errand_confirm() - "Remove zone a? [y/N]"; OUTCOME_OK when it may be */
MUST_USE enum outcome errand_confirm(const struct errand *e,
    const char *question);

/** errand_primary() - PRIMARY of the command line as the API takes it; NULL:
 *  no memory, or no UTF-8 */
struct jdoc *errand_primary(const struct errand *e, const char *text);

/** errand_out_of_memory() - tell it */
enum outcome errand_out_of_memory(void);

#endif
