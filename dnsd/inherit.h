/*
 * inherit.h - which descriptor is what in a re-executed child.
 *
 * Knows:    labels in argv (--fds=arena,control,udp:0), numbers from 3 up.
 * Not here: what the descriptors are for.
 * Runs in:  the supervisor (writes), main of every role (reads).
 * Bounded:  INHERIT_MAX descriptors.
 */
#ifndef DNSD_INHERIT_H
#define DNSD_INHERIT_H

#include <stddef.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	INHERIT_FIRST_FD = 3,
	INHERIT_MAX = 400,
	INHERIT_LABEL_MAX = 96,
};

struct inherit {
	int n;
	int fd[INHERIT_MAX];
	char label[INHERIT_MAX][INHERIT_LABEL_MAX];
};

/** inherit_add() - one more descriptor; borrowed.  A promise: it fits. */
void inherit_add(struct inherit *h, int fd, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/** inherit_find() - index of the label, -1 when there is none */
int inherit_find(const struct inherit *h, const char *label);

/**
 * inherit_arrange() - in the forked child: put the descriptors in place
 *
 * They become 3, 4, ... without close-on-exec; everything above is closed.
 */
MUST_USE enum err inherit_arrange(const struct inherit *h);

/** inherit_text() - the labels as one argument; given, free() it */
char *inherit_text(const struct inherit *h);

/** inherit_parse() - the child's side: labels to descriptors 3, 4, ... */
MUST_USE enum err inherit_parse(const char *text, struct inherit *out);

/* One descriptor with its label over a SOCK_SEQPACKET socket (hold.h). */
MUST_USE enum err inherit_send(int sock, int fd, const char *label);

/** inherit_receive() - ERR_CLOSED at the end; @out_fd is given */
MUST_USE enum err inherit_receive(int sock, int *out_fd,
    char out_label[INHERIT_LABEL_MAX]);

#endif
