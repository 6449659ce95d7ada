/*
 * own_check.h - what is wrong between a primary, the parent and us, what
 * proves a zone, and what to write where.
 */
#ifndef API_CTL_OWN_CHECK_H
#define API_CTL_OWN_CHECK_H

#include "api/ctl/errand.h"

/** own_check_run() - zone check, preflight */
MUST_USE enum outcome own_check_run(struct errand *e);
MUST_USE enum outcome own_check_setup(struct errand *e);
MUST_USE enum outcome own_check_proof(struct errand *e);

#endif
