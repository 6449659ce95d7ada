/*
 * notify.h - the notify role: NOTIFY messages of strangers.
 *
 * Knows:    listeners, connections, who waits for keep's word.
 * Not here: what a well-formed NOTIFY is (notify_message.h); zones, primaries,
 *           keys: keep decides and computes MACs.
 * Runs in:  a child process of xferd, `--role=notify`; one thread. It has the
 *           listeners that keep hands in, and parses what dnsd relays.
 * Bounded:  NOTIFY_PENDING_MAX waiting for keep (the oldest goes first),
 *           NOTIFY_TCP_MAX connections, NOTIFY_RATE_MAX a second to keep.
 */
#ifndef XFERD_NOTIFY_H
#define XFERD_NOTIFY_H

#define NOTIFY_PENDING_MAX	1024
#define NOTIFY_TCP_MAX		64
#define NOTIFY_LISTENERS_MAX	64
#define NOTIFY_RATE_MAX		5000

int notify_run(int keep);

#endif
