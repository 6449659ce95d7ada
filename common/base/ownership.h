/*
 * ownership.h - may this program start with transfer.ownership as it is?
 *
 * Without a proof of ownership whoever reaches the API can have any name
 * answered: that is for one machine, for trying and for private use.
 */
#ifndef COMMON_BASE_OWNERSHIP_H
#define COMMON_BASE_OWNERSHIP_H

#include <stdbool.h>

#include "common/base/base.h"
#include "common/base/conf.h"
#include "common/base/err.h"

bool ownership_is_off(const struct conf *conf);

/**
 * ownership_open() - what listens outside loopback although ownership is off
 *
 * Returns the first such address of the API and the name servers, as it is
 * configured; NULL: none, or ownership is checked.
 */
const char *ownership_open(const struct conf *conf);

/** ownership_check() - say that it is off; ERR_CONFIG, and why, when something
 * listens outside loopback */
MUST_USE enum err ownership_check(const struct conf *conf);

#endif
