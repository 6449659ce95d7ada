/*
 * options.h - which EDNS options a reply carries.
 *
 * Knows:    what each option of a request asks for, what is dropped when
 *           there is no room, the texts of extended errors.
 * Not here: the options' form (edns.h), the cookie's (cookie.h).
 * Pure:     over a job; called only for requests that have options, for
 *           errors, and where a report channel is configured.
 *
 * Room: cookie, NSID, EXPIRE, keepalive and ZONEVERSION were asked for and
 * are set aside before records are put. Extended errors and the report
 * channel take what is left, the channel last; padding fills the rest.
 */
#ifndef DNSD_OPTIONS_H
#define DNSD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "dnsd/answer_job.h"

enum { OPTIONS_PAD_BLOCK = 468 };	/* RFC 8467 4.1 */

/**
 * options_cookie() - judge the request's cookie, make the reply's
 *
 * Returns false when the answer is BADCOOKIE: one is required here and this
 * one is not good, or nothing but the cookie was asked about.
 */
bool options_cookie(struct answer_job *job);

/** options_reserve() - octets to set aside, the OPT itself not included */
size_t options_reserve(const struct answer_job *job);

/** options_any() - does the reply's OPT have options? */
static inline bool
options_any(const struct answer_job *job)
{
	return job->query.edns.wants != 0 || job->ede != EDNS_NO_EDE ||
	    job->ctx->agent_len != 0;
}

/**
 * options_write() - write the OPT
 * @p:     where, right behind the @len octets of the message
 * @limit: of the message
 * @after: octets that will follow (TSIG)
 *
 * Returns its length.
 */
size_t options_write(const struct answer_job *job, uint8_t *p, size_t len,
    size_t limit, size_t after);

#endif
