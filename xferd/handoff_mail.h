/*
 * handoff_mail.h - the frames between keep and the courier.
 *
 * Knows:    their exact sizes; handoff.h says what holds for all frames.
 *
 * keep -> courier  HANDOFF_RELAY (+ fd)   how the relay is spoken to; the
 *                                         descriptor is the authorities' file
 *                  HANDOFF_LETTER + fd    a letter and a socket to the relay
 * courier -> keep  HANDOFF_LETTER_RESULT  what the relay said
 */
#ifndef XFERD_HANDOFF_MAIL_H
#define XFERD_HANDOFF_MAIL_H

#include "xferd/handoff.h"

enum {
	HANDOFF_WORD_MAX = 300,		/* a host, user, password, address */
	HANDOFF_LETTER_MAX = 32768,
	HANDOFF_MAIL_MAX = HANDOFF_LETTER_MAX + 1024,	/* the frame */
};

enum handoff_relay_tls {
	HANDOFF_RELAY_STARTTLS = 1,
	HANDOFF_RELAY_TLS = 2,
	HANDOFF_RELAY_PLAIN = 3,
};

struct handoff_relay {			/* strings; wipe after use */
	enum handoff_relay_tls tls;
	uint16_t port;
	uint32_t timeout_ms;		/* for one letter as a whole */
	char host[HANDOFF_WORD_MAX + 1];
	char user[HANDOFF_WORD_MAX + 1];	/* "": none is needed */
	char password[HANDOFF_WORD_MAX + 1];
	char from[HANDOFF_WORD_MAX + 1];
};

struct handoff_letter {			/* + fd: a stream socket, connecting */
	uint64_t cookie;		/* echoed in the result */
	char to[HANDOFF_WORD_MAX + 1];
	uint16_t len;			/* to HANDOFF_LETTER_MAX */
	const uint8_t *text;		/* borrowed; wipe after use */
};

enum handoff_letter_end {
	HANDOFF_LETTER_TAKEN = 1,
	HANDOFF_LETTER_LATER = 2,	/* not reached, or "4xx" */
	HANDOFF_LETTER_REFUSED = 3,	/* "5xx": trying again is no use */
};

struct handoff_letter_result {
	uint64_t cookie;
	enum handoff_letter_end end;
	bool unreached;			/* no connection: another address of
					 * the relay may be better */
	uint8_t text_len;
	char text[HANDOFF_TEXT_MAX];	/* why; printable ASCII */
};

#define HANDOFF_MAIL_CODEC(name) \
MUST_USE enum err handoff_##name##_encode(const struct handoff_##name *in, \
    uint8_t *out, size_t max, size_t *out_len); \
MUST_USE enum err handoff_##name##_decode(const uint8_t *payload, \
    size_t len, struct handoff_##name *out)

HANDOFF_MAIL_CODEC(relay);
HANDOFF_MAIL_CODEC(letter);
HANDOFF_MAIL_CODEC(letter_result);
#undef HANDOFF_MAIL_CODEC

#endif
