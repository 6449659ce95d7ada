/*
 * err.c - tables generated from err.def.
 */
#include <errno.h>

#include "common/base/err.h"

static const struct {
	const char *name;
	const char *text;
	enum err_class class;
} table[] = {
	[OK] = { "OK", "ok", ERR_CLASS_OK },
#define ERR(n, c, t) [n] = { #n, t, ERR_CLASS_##c },
#include "common/base/err.def"
#undef ERR
};
static_assert(COUNT_OF(table) == ERR_N, "one row per error");

static bool
known(enum err e)
{
	return (unsigned)e < ERR_N;
}

enum err_class
err_class(enum err e)
{
	return known(e) ? table[e].class : ERR_CLASS_FAIL;
}

const char *
err_text(enum err e)
{
	return known(e) ? table[e].text : "unknown error";
}

const char *
err_name(enum err e)
{
	return known(e) ? table[e].name : "ERR_UNKNOWN";
}

enum err
err_from_errno(int number)
{
	switch (number) {
	case 0:
		return OK;
	case EAGAIN:
	case EINTR:
	case EINPROGRESS:
		return ERR_AGAIN;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ECONNRESET:
	case EPIPE:
	case ENOTCONN:
		return ERR_CLOSED;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return ERR_UNREACHABLE;
	case ENOMEM:
	case ENOBUFS:
		return ERR_NO_MEMORY;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EADDRINUSE:
	case EBUSY:
		return ERR_BUSY;
	case EMSGSIZE:
		return ERR_SPACE;
	case EIO:
	case ENOSPC:
		return ERR_IO;
	default:
		return ERR_SYSTEM;
	}
}
