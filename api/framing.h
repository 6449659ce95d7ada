/*
 * framing.h - the headers of a request, and where it ends.
 *
 * Knows:    which headers decide about framing and the caller, that they
 *           stand alone, that the lines end as RFC 9112 2.2 says.
 * Not here: libmicrohttpd (http.h), what headers mean to handlers (req.h).
 * Runs in:  libmicrohttpd's threads; pure.
 *
 * libmicrohttpd 0.9.75 takes CR LF, a lone LF and a lone CR for the end of a
 * line, lets NULs into values, and overwrites with NULs what it took: two for
 * CR LF.  A proxy in front may have seen one long header where it sees two.
 * So this room looks at its buffer: each line must begin two NULs behind the
 * end of the one before, and the body four behind the last.
 */
#ifndef API_FRAMING_H
#define API_FRAMING_H

#include "api/forwarded.h"
#include "common/base/base.h"

enum {
	FRAMING_BLANKS_MAX = 64 << 10,	/* between a name and its value */
	FRAMING_LENGTH_DIGITS = 18,
};

/* All borrowed from the library. */
struct framing {
	unsigned int n_length, n_encoding, n_host, n_auth, n_type;
	const char *length, *encoding, *host, *auth, *type, *id;
	const struct forwarded_conf *forwarded_conf;
	struct forwarded forwarded;
	const char **known;		/* of headers.def */
	const char *version;
	const char *line;		/* where the last line seen ends */
	bool bad, repeated;
};

/**
 * framing_begin() - before the first header
 * @version: of the request line, in the library's buffer
 * @known:   room for REQ_HEADER_N values, NULL each
 */
void framing_begin(struct framing *f, const char *version,
    const char **known, const struct forwarded_conf *conf);

/** framing_note() - a header, in the order received; @value may be NULL */
void framing_note(struct framing *f, const char *key, const char *value);

/** framing_end() - @body: where the library says that the head ends */
void framing_end(struct framing *f, const char *body);

/** framing_fault() - what is wrong with it, for people; NULL: nothing */
const char *framing_fault(const struct framing *f);

#endif
