/*
 * own_host.h - commands about this machine and its settings: bootstrap, link,
 * login, config, whoami, name servers as a zone, raw requests.
 */
#ifndef API_CTL_OWN_HOST_H
#define API_CTL_OWN_HOST_H

#include "api/ctl/errand.h"

/** own_host_apid() - bootstrap, bootstrap token, link: becomes apid of the
 *  same installation; returns on failure only */
MUST_USE enum outcome own_host_apid(const struct cmdline *line);

MUST_USE enum outcome own_host_login(struct errand *e);
MUST_USE enum outcome own_host_whoami(struct errand *e);
MUST_USE enum outcome own_host_config(struct errand *e);
MUST_USE enum outcome own_host_nameservers(struct errand *e);
MUST_USE enum outcome own_host_raw(struct errand *e);

#endif
