/*
 * recipe.h - configuration of a primary that has us as secondary, ready to
 *            be copied.
 *
 * Knows:    BIND, NSD, Knot and PowerDNS; what hosting guides say of cPanel.
 * Not here: which addresses are ours (the caller's), the key's secret: where
 *           it belongs stands RECIPE_SECRET, which no server accepts.
 * Runs in:  any thread; no I/O, no clock.
 * Bounded:  by the buffer; RECIPE_ADDRESSES_MAX of each list are printed.
 */
#ifndef COMMON_DNS_RECIPE_H
#define COMMON_DNS_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/buf.h"

#define RECIPE_SECRET	"PUT-THE-SECRET-HERE"

enum { RECIPE_ADDRESSES_MAX = 64 };

enum recipe_kind {
	RECIPE_BIND,
	RECIPE_NSD,
	RECIPE_KNOT,
	RECIPE_POWERDNS,
	RECIPE_CPANEL,
	RECIPE_GENERIC,
	RECIPE_KINDS
};

/* What is wanted of it; together they are the whole of it. */
enum recipe_part {
	RECIPE_KEY = 1,			/* the TSIG key; nothing without one */
	RECIPE_ALLOW = 2,		/* transfers to us */
	RECIPE_NOTIFY = 4,		/* NOTIFY to us */
	RECIPE_ALL = 7,
};

/* All borrowed. */
struct recipe {
	const char *zone;		/* presentation form, no final dot */
	const char *const *sources;	/* addresses or prefixes that transfers
					   come from */
	size_t n_sources;
	const char *const *targets;	/* ADDR:PORT, [V6]:PORT or ADDR */
	size_t n_targets;
	const char *key;		/* its name; NULL: none */
	const char *algorithm;		/* hmac-sha256 ...; with key */
};

/* "bind" and the like: a member of documents.  "BIND": for people. */
const char *recipe_word(enum recipe_kind kind);
const char *recipe_title(enum recipe_kind kind);

/* Where the text belongs: "named.conf", "a shell, as root" ... */
const char *recipe_place(enum recipe_kind kind);

/* Was this kind's text tried on the real server (all but cPanel's)? */
bool recipe_is_tested(enum recipe_kind kind);

/**
 * recipe_print() - the text for one kind of primary, added to @out
 *
 * A list without addresses leaves a remark instead of what needs one.
 * Failure is sticky in @out (buf_err()).
 */
void recipe_print(const struct recipe *r, enum recipe_kind kind,
    unsigned parts, struct buf *out);

#endif
