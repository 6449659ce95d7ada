/*
 * report.h - requests that failed, told to people, and the outcome of that.
 */
#ifndef API_CTL_REPORT_H
#define API_CTL_REPORT_H

#include "api/ctl/client.h"
#include "api/ctl/outcome.h"

/** report_failed() - a request without an answer, or a wrong setting */
enum outcome report_failed(enum err err, const struct fault *fault);

/** report_refused() - an answer that is an error */
enum outcome report_refused(const struct client_reply *r);

/** report_out_of_memory() - that, or a text that is not UTF-8 */
enum outcome report_out_of_memory(void);

#endif
