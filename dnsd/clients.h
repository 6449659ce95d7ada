/*
 * clients.h - the table of stream connections: who, how many, until when.
 *
 * Knows:    slots, networks (IPv4 address, IPv6 /56) and how many of each,
 *           deadlines, whom to let go under pressure, this turn's list.
 * Not here: descriptors' reads and writes, epoll (worker_tcp.h).
 * Runs in:  tcp and tls workers; allocates at clients_init() alone.
 * Bounded:  @n slots; a look for an idle one sees CLIENTS_LOOKS of them.
 */
#ifndef DNSD_CLIENTS_H
#define DNSD_CLIENTS_H

#include "common/base/hash.h"
#include "dnsd/pipeline.h"

enum {
	CLIENTS_LOOKS = 64,
	CLIENTS_SLOW_BYTES = 16384,	/* to be taken in each message_ms */
};

struct client {
	struct pipeline_conn conn;	/* first: found by its address */
	void *chan;			/* of the channel; NULL: plain */
	int fd;				/* -1: free */
	uint32_t turn;			/* rises with each use of the slot */
	uint32_t next;			/* of the free, or of the same bucket */
	uint32_t prev;
	uint32_t bucket;
	uint32_t taken;			/* bytes since write_due was set */
	uint32_t n_messages;		/* of the connection, as last seen */
	uint32_t events;		/* what epoll waits for */
	bool eof;			/* the client has shut its side down */
	bool doomed;			/* closed once its output is written */
	bool queued;			/* in this turn's list */
	bool again;			/* read without waiting */
	bool read_writes;		/* the channel's read must write first */
	bool head_due;			/* a PROXY header comes first */
	uint16_t head_seen;		/* octets of it */
	int64_t last;			/* when it was last busy */
	/* Deadlines, now_mono_ms(); 0: not waited for. */
	int64_t idle_due, message_due, write_due, open_due;
};

struct clients {
	uint32_t n_max, n_open, per_net_max;
	uint32_t idle_ms, message_ms;
	struct client *client;		/* n_max of them */
	uint32_t *list;			/* this turn's, then the next one's */
	uint32_t n_list;
	/* clients.c's */
	uint32_t free_head, n_buckets, look;
	uint32_t *bucket;
	struct hash_key key;
};

/** clients_init() - a table of @n.  ERR_NO_MEMORY */
MUST_USE enum err clients_init(struct clients *t, uint32_t n,
    uint32_t per_net_max, uint32_t idle_ms, uint32_t message_ms);
void clients_fini(struct clients *t);

static inline uint32_t
clients_index(const struct clients *t, const struct client *c)
{
	return (uint32_t)(c - t->client);
}

/** clients_full() - is there no free slot? */
static inline bool
clients_full(const struct clients *t)
{
	return t->n_open >= t->n_max;
}

/** clients_net_full() - has this network all that one may have? */
bool clients_net_full(const struct clients *t, const struct sock_addr *peer);

/** clients_next() - the slot that clients_add() will fill.  A promise: not full */
struct client *clients_next(struct clients *t);

/** clients_add() - fill it: cleared, @fd and @peer set, idle since @now */
struct client *clients_add(struct clients *t, int fd,
    const struct sock_addr *peer, int64_t now);

/** clients_rename() - it is another's: who is behind a proxy */
void clients_rename(struct clients *t, struct client *c,
    const struct sock_addr *peer);

/** clients_drop() - free the slot; its descriptor is closed by now */
void clients_drop(struct clients *t, struct client *c);

/** clients_idle() - connected, and nothing to do for it now */
bool clients_idle(const struct client *c);

/** clients_idlest() - of a few idle ones the one that is so the longest; or NULL */
struct client *clients_idlest(struct clients *t);

/**
 * clients_deadlines() - after a turn: until when is what waited for?
 * @opened: its channel's handshake is done
 *
 * A message must be whole message_ms after its first byte; output must be
 * taken at CLIENTS_SLOW_BYTES in each message_ms; idle is idle_ms.  None is
 * moved by what is trickled.
 */
void clients_deadlines(const struct clients *t, struct client *c,
    bool opened, int64_t now);

/** clients_late() - has a deadline passed? */
bool clients_late(const struct client *c, int64_t now);

/** clients_enlist() - into this turn's list, once */
void clients_enlist(struct clients *t, struct client *c);

#endif
