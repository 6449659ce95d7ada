/*
 * conf.h - understudy.conf: one file for all programs, one table of options.
 *
 * Knows:    conf.def, libconfuse (in conf.c only).
 * Not here: what an option means to its program beyond type and range;
 *           secrets (an option names a credential file, see secret.h).
 *
 * A struct conf is whole and valid or it does not exist: a reload reads
 * into a new one and swaps. Not thread-safe while parsing; read-only after.
 */
#ifndef COMMON_BASE_CONF_H
#define COMMON_BASE_CONF_H

#include <stdio.h>

#include "common/base/err.h"
#include "common/base/fault.h"
#include "common/base/sock.h"

#define CONF_DEFAULT_PATH	"/etc/understudy/understudy.conf"
#define CONF_NAMESERVERS_MAX	64
#define CONF_STRIPES_MAX	64

struct conf_list {
	char	**items;
	size_t	n;
};

/* nameserver "ns1.example.net" { addresses = {...} stripe = 0 } */
struct conf_nameserver {
	char		*host;		/* presentation, no final dot */
	struct sock_addr *addresses;	/* port 53 unless given */
	size_t		n_addresses;
	uint32_t	stripe;		/* 0..63 */
};

#define CONF_FIELD_U32(f)	uint32_t f;
#define CONF_FIELD_BOOL(f)	bool f;
#define CONF_FIELD_STR(f)	char *f;	/* never NULL */
#define CONF_FIELD_ENUM(f)	char *f;	/* one of the choices */
#define CONF_FIELD_LIST(f)	struct conf_list f;

struct conf {
#define CONF_SECTION(s, text)	struct {
#define CONF(s, f, type, ...)	CONF_FIELD_##type(f)
#define CONF_END(s)		} s;
#include "common/base/conf.def"
#undef CONF_SECTION
#undef CONF
#undef CONF_END
	struct conf_nameserver	*nameserver;
	size_t			n_nameservers;
};

/**
 * conf_load() - read a file
 * @path:  NULL: defaults alone
 * @sets:  "section.option=value" texts that override the file; may be NULL
 * @out:   given; conf_free() it
 * @fault: filled on error with file:line and what is wrong
 *
 * Unknown options, wrong types, values out of range and addresses that do
 * not parse are errors. Returns OK, ERR_NOT_FOUND, ERR_DENIED, ERR_CONFIG,
 * ERR_NO_MEMORY.
 */
MUST_USE enum err conf_load(const char *path, const char *const *sets,
    size_t n_sets, struct conf **out, struct fault *fault);

/** conf_set() - override one option: "section.option=value" (lists: a,b,c) */
MUST_USE enum err conf_set(struct conf *c, const char *assignment,
    struct fault *fault);

void conf_free(struct conf *c);		/* accepts NULL */

/** conf_dump() - the values in force, in the file's own syntax */
void conf_dump(const struct conf *c, FILE *out);

/** conf_example() - the commented example file: every option with its default */
void conf_example(FILE *out);

#endif
