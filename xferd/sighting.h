/*
 * sighting.h - what was seen of one name at its parent, and of its TXT record.
 *
 * Knows:    one shape: what each server of the parent zone answered when it
 *           was asked for the delegation, and what the servers that the parent
 *           lists answered about _understudy-challenge.<zone>.
 * Not here: asking (the checker), judging (claim.h).  Pure: plain bytes, no
 *           pointers, so that it may cross a pipe; printing is all it does.
 * Bounded:  SIGHTING_*_MAX.  What did not fit sets @cut: then nothing is lost
 *           by what was seen, and nothing won.
 *
 * Names are lower-case wire form.  Addresses are IPv6, IPv4 as
 * ::ffff:a.b.c.d.  Times are wall milliseconds.
 */
#ifndef XFERD_SIGHTING_H
#define XFERD_SIGHTING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct buf;

enum {
	SIGHTING_TEXT_MAX = 48 << 10,	/* as JSON; servers beyond are left out */
	SIGHTING_PARENTS_MAX = 64,	/* servers of the parent */
	SIGHTING_NAMES_MAX = 64,	/* distinct NS names, bits of a mask */
	SIGHTING_TXT_MAX = 32,		/* servers asked for the TXT record */
	SIGHTING_NAME_MAX = 255,
	SIGHTING_WHY_MAX = 200,
};

/* Only the first says anything about who owns the name. */
enum sighting_verdict {
	SIGHTING_ANSWERED,		/* with authority for the parent zone:
					 * a referral, or that there is none */
	SIGHTING_TIMEOUT,
	SIGHTING_UNREACHABLE,
	SIGHTING_SERVFAIL,
	SIGHTING_REFUSED,
	SIGHTING_LAME,			/* not a server of that zone */
	SIGHTING_MALFORMED,
	SIGHTING_FORBIDDEN,		/* an address that is never asked */
	SIGHTING_VERDICTS,
};

/*
 * One for each server of the parent, by host name: with the answer of the
 * address that answered, or else of the one that was tried last.  A host
 * that cannot be reached by one of the protocols is asked by the other.
 */
struct sighting_server {
	uint8_t address[16];
	uint8_t verdict;		/* enum sighting_verdict */
	/*
	 * The answer came from the zone itself (AA, NS in the answer section):
	 * the server holds parent and child.  Worth as much as a referral
	 * unless the server is ours: then it is what the claim says of itself.
	 */
	bool child_side;
	uint64_t names;			/* which of sighting.name it lists */
};

struct sighting_txt {
	uint8_t address[16];
	uint8_t verdict;		/* ANSWERED: with authority, the record
					 * or that it is not there */
	bool seen;			/* one of the strings is the token */
};

struct sighting_name {
	uint8_t len;			/* the root label included */
	uint8_t wire[SIGHTING_NAME_MAX];
};

struct sighting {
	int64_t at_ms;
	/* Every name server of the parent zone is in parent[]: false when the
	 * way down from the root could not be walked, or an address of one
	 * not be found. */
	bool parents_known;
	bool cut;
	uint8_t n_parents, n_names, n_txt;
	struct sighting_name zone;	/* of the parent zone: its apex */
	struct sighting_server parent[SIGHTING_PARENTS_MAX];
	struct sighting_name name[SIGHTING_NAMES_MAX];
	struct sighting_txt txt[SIGHTING_TXT_MAX];
	/* What went wrong on the way down, for a person; our own words. */
	char why[SIGHTING_WHY_MAX];
};

/** sighting_verdict_name() - answered, timeout, servfail ... */
const char *sighting_verdict_name(unsigned verdict);

/**
 * sighting_print() - as a JSON object, for people and the API
 * @out: initialised by the caller with SIGHTING_TEXT_MAX at least
 */
MUST_USE enum err sighting_print(const struct sighting *s, struct buf *out);

#endif
