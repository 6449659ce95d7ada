/*
 * err.h - what can go wrong, in three classes.
 *
 * Knows:    the list in err.def. OK is 0.
 * Not here: errno (the room that sees it turns it into an err and logs the
 *           number itself); texts for people about their input (fault.h).
 */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

#include "common/base/base.h"

enum err {
	OK = 0,
#define ERR(name, class, text) name,
#include "common/base/err.def"
#undef ERR
	ERR_N
};

enum err_class {
	ERR_CLASS_OK,
	ERR_CLASS_RETRY,
	ERR_CLASS_REJECT,
	ERR_CLASS_FAIL,
};

/** err_class() - the class that decides what to do; FAIL for an unknown @e */
enum err_class err_class(enum err e);

/** err_text() - a short English text, lower case, never NULL */
const char *err_text(enum err e);

/** err_name() - the name for logs ("ERR_TIMEOUT"), never NULL */
const char *err_name(enum err e);

/**
 * err_from_errno() - the err that says most about an errno of a socket or
 * file call; ERR_SYSTEM when nothing better is known
 */
enum err err_from_errno(int number);

#endif
