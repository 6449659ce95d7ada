/*
 * clients.c - the table of stream connections.  See clients.h.
 */
#include <string.h>
#include <sys/mman.h>

#include "common/base/check.h"
#include "dnsd/clients.h"

#define NOBODY UINT32_MAX

static size_t
table_bytes(uint32_t n, uint32_t buckets)
{
	return n * (sizeof(struct client) + sizeof(uint32_t)) +
	    buckets * sizeof(uint32_t);
}

enum err
clients_init(struct clients *t, uint32_t n, uint32_t per_net_max,
    uint32_t idle_ms, uint32_t message_ms)
{
	uint32_t buckets = 64;
	uint8_t *p;

	CHECK(n >= 1);
	memset(t, 0, sizeof(*t));
	while (buckets < n)
		buckets *= 2;
	p = mmap(NULL, table_bytes(n, buckets), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ERR_NO_MEMORY;
	t->client = (struct client *)(void *)p;
	t->list = (uint32_t *)(void *)(p + n * sizeof(struct client));
	t->bucket = t->list + n;
	t->n_max = n;
	t->n_buckets = buckets;
	t->per_net_max = per_net_max;
	t->idle_ms = idle_ms;
	t->message_ms = message_ms;
	hash_key_random(&t->key);
	for (uint32_t i = 0; i < n; i++) {
		t->client[i].fd = -1;
		t->client[i].next = i + 1;
	}
	for (uint32_t i = 0; i < buckets; i++)
		t->bucket[i] = NOBODY;
	return OK;
}

void
clients_fini(struct clients *t)
{
	if (t->client != NULL)
		munmap(t->client, table_bytes(t->n_max, t->n_buckets));
	t->client = NULL;
}

/* ---- networks ---------------------------------------------------------------- */

/* Same /32, same /56. */
static size_t
net_bytes(const struct sock_addr *a)
{
	return a->family == 4 ? 4 : 7;
}

static uint32_t
bucket_of(const struct clients *t, const struct sock_addr *a)
{
	return (uint32_t)hash_sip(&t->key, a->ip, net_bytes(a)) &
	    (t->n_buckets - 1);
}

bool
clients_net_full(const struct clients *t, const struct sock_addr *peer)
{
	uint32_t n = 0;

	for (uint32_t i = t->bucket[bucket_of(t, peer)]; i != NOBODY;
	    i = t->client[i].next) {
		const struct sock_addr *a = &t->client[i].conn.peer;

		if (a->family == peer->family && memcmp(a->ip, peer->ip,
		    net_bytes(peer)) == 0)
			n++;
	}
	return n >= t->per_net_max;
}

static void
bucket_enter(struct clients *t, struct client *c)
{
	uint32_t me = clients_index(t, c);

	c->bucket = bucket_of(t, &c->conn.peer);
	c->prev = NOBODY;
	c->next = t->bucket[c->bucket];
	if (c->next != NOBODY)
		t->client[c->next].prev = me;
	t->bucket[c->bucket] = me;
}

static void
bucket_leave(struct clients *t, struct client *c)
{
	if (c->prev != NOBODY)
		t->client[c->prev].next = c->next;
	else
		t->bucket[c->bucket] = c->next;
	if (c->next != NOBODY)
		t->client[c->next].prev = c->prev;
}

/* ---- slots ------------------------------------------------------------------- */

struct client *
clients_next(struct clients *t)
{
	CHECK(!clients_full(t));
	return &t->client[t->free_head];
}

struct client *
clients_add(struct clients *t, int fd, const struct sock_addr *peer,
    int64_t now)
{
	struct client *c = clients_next(t);
	uint32_t turn = c->turn + 1;

	t->free_head = c->next;
	t->n_open++;
	memset(c, 0, sizeof(*c));
	c->turn = turn;
	c->fd = fd;
	c->conn.peer = *peer;
	c->last = now;
	/* Who comes to say nothing does not stay long. */
	c->idle_due = now + MIN(t->message_ms, t->idle_ms);
	bucket_enter(t, c);
	return c;
}

void
clients_rename(struct clients *t, struct client *c,
    const struct sock_addr *peer)
{
	bucket_leave(t, c);
	c->conn.peer = *peer;
	bucket_enter(t, c);
}

void
clients_drop(struct clients *t, struct client *c)
{
	bucket_leave(t, c);
	c->fd = -1;
	c->next = t->free_head;
	t->free_head = clients_index(t, c);
	t->n_open--;
}

void
clients_enlist(struct clients *t, struct client *c)
{
	if (c->queued)
		return;
	CHECK(t->n_list < t->n_max);
	c->queued = true;
	t->list[t->n_list++] = clients_index(t, c);
}

bool
clients_idle(const struct client *c)
{
	return c->fd >= 0 && !c->queued && c->idle_due != 0 &&
	    c->open_due == 0 && c->conn.n_jobs == 0;
}

struct client *
clients_idlest(struct clients *t)
{
	struct client *found = NULL;

	for (unsigned i = 0; i < CLIENTS_LOOKS && i < t->n_max; i++) {
		struct client *c = &t->client[t->look];

		t->look = (t->look + 1) % t->n_max;
		if (clients_idle(c) && (found == NULL ||
		    c->last < found->last))
			found = c;
	}
	return found;
}

/* ---- deadlines ----------------------------------------------------------------- */

void
clients_deadlines(const struct clients *t, struct client *c, bool opened,
    int64_t now)
{
	bool writing = c->conn.out_len > c->conn.out_at;
	bool partial = pipeline_partial(&c->conn);
	bool progress = c->conn.n_messages != c->n_messages;

	c->n_messages = c->conn.n_messages;
	if (writing || partial || progress)
		c->last = now;
	if (!opened)
		return;
	c->open_due = 0;
	if (!writing) {
		c->write_due = 0;
	} else if (c->write_due == 0 || c->taken >= CLIENTS_SLOW_BYTES) {
		c->write_due = now + t->message_ms;
		c->taken = 0;
	}
	if (!partial)
		c->message_due = 0;
	else if (c->message_due == 0 || progress)
		c->message_due = now + t->message_ms;
	if (writing || partial || c->conn.waiting)
		c->idle_due = 0;
	else if (c->idle_due == 0 || progress)
		c->idle_due = now + t->idle_ms;
}

bool
clients_late(const struct client *c, int64_t now)
{
	return (c->idle_due != 0 && now >= c->idle_due) ||
	    (c->message_due != 0 && now >= c->message_due) ||
	    (c->write_due != 0 && now >= c->write_due) ||
	    (c->open_due != 0 && now >= c->open_due);
}
