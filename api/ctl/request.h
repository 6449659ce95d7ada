/*
 * request.h - arguments and options as a path, a query and a body.
 *
 * Not here: sending it. Reads the files that options name.
 */
#ifndef API_CTL_REQUEST_H
#define API_CTL_REQUEST_H

#include "api/ctl/cmdline.h"
#include "api/ctl/outcome.h"

/**
 * request_path() - the command's path with its arguments filled in
 * @tenant: fills {tenant} where no argument does; "" : nothing does
 * @last:   what fills the placeholder of a repeated argument
 * @query:  with the options that are query parameters
 *
 * Returns OK; ERR_INVALID when a placeholder stays empty; ERR_SPACE.
 */
MUST_USE enum err request_path(const struct cmdline *line,
    const char *tenant, const char *last, bool query, struct buf *out);

/** request_escape() - append one segment of a path */
void request_escape(struct buf *out, const char *text);

/** request_escape_query() - append the value of a query parameter */
void request_escape_query(struct buf *out, const char *text);

/**
 * request_body() - the object that the options and arguments make
 * @out: given; NULL when the command has none and no option made one
 */
MUST_USE enum outcome request_body(const struct cmdline *line,
    struct jdoc **out);

/**
 * request_primary() - an address of the command line as the API takes it,
 * with --key and --transport
 *
 * Given. NULL: it is no address, but an id or a name (or no memory).
 */
struct jdoc *request_primary(const struct cmdline *line, const char *text);

#endif
