/*
 * own_zone.h - the commands about zones that are more than one request:
 * adding (many), waiting, jobs, export.
 */
#ifndef API_CTL_OWN_ZONE_H
#define API_CTL_OWN_ZONE_H

#include "api/ctl/errand.h"

MUST_USE enum outcome own_zone_add(struct errand *e);
MUST_USE enum outcome own_zone_wait(struct errand *e);

/** own_zone_job() - refresh, retransfer, pin, unpin, accept */
MUST_USE enum outcome own_zone_job(struct errand *e);
MUST_USE enum outcome own_zone_export(struct errand *e);

#endif
