/*
 * relaydoor.c - the Unix socket on which dnsd hands over NOTIFY messages.
 *
 * SOCK_SEQPACKET: one message is one frame.  A reply that does not fit the
 * socket's buffer is dropped, as the network would; dnsd counts.
 */
#include "xferd/relaydoor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/rd.h"
#include "common/base/wr.h"

enum {
	VERSION = 1,
	REQUEST = 1,
	REPLY = 2,
	ADDR_BYTES = 19,		/* family, 16, port */
	HEADER = 4 + 8 + 2 * ADDR_BYTES + 2,
	DATAGRAM_MAX = 4096,
	READS_PER_WAKE = 64,
};

struct conn {
	struct relaydoor *door;
	uv_poll_t poll;
	int fd;				/* -1: free */
	uint32_t life;			/* tells users of the slot apart */
};

struct pending {
	uint64_t relay;			/* 0: free */
	unsigned conn;
	uint32_t life;
	uint8_t header[HEADER - 2];
};

struct relaydoor {
	relaydoor_fn fn;
	void *arg;
	uv_loop_t *loop;
	int fd;
	char *path;
	uv_poll_t poll;
	struct conn *conns[RELAYDOOR_CONNS_MAX];
	uint32_t lives;
	uint64_t last_relay;
	struct pending pending[RELAYDOOR_PENDING_MAX];
};

static void
conn_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
drop_conn(struct conn *c)
{
	struct relaydoor *door = c->door;

	for (unsigned i = 0; i < RELAYDOOR_CONNS_MAX; i++)
		if (door->conns[i] == c)
			door->conns[i] = NULL;
	uv_poll_stop(&c->poll);
	close(c->fd);
	uv_close((uv_handle_t *)&c->poll, conn_closed);
}

static bool
read_addr(struct rd *r, struct sock_addr *out)
{
	uint8_t family = rd_u8(r);
	uint8_t ip[16];

	rd_copy(r, ip, sizeof(ip));
	*out = (struct sock_addr){ .family = family };
	memcpy(out->ip, ip, family == 4 ? 4 : 16);
	out->port = rd_u16(r);
	return family == 4 || family == 6;
}

/* Returns false when the peer does not speak our language. */
static bool
take(struct conn *c, unsigned slot, const uint8_t *bytes, size_t len)
{
	struct relaydoor *door = c->door;
	struct rd r = rd_make(bytes, len);
	struct sock_addr listener, source;
	struct pending *p;
	const uint8_t *datagram;
	uint16_t n;

	if (rd_u8(&r) != VERSION || rd_u8(&r) != REQUEST || rd_u16(&r) != 0)
		return false;
	rd_u64(&r);			/* the cookie is dnsd's */
	if (!read_addr(&r, &listener) || !read_addr(&r, &source))
		return false;
	n = rd_u16(&r);
	datagram = rd_bytes(&r, n);
	if (!rd_done(&r) || n == 0 || n > DATAGRAM_MAX)
		return false;
	p = &door->pending[++door->last_relay % RELAYDOOR_PENDING_MAX];
	p->relay = door->last_relay;
	p->conn = slot;
	p->life = c->life;
	memcpy(p->header, bytes, sizeof(p->header));
	p->header[1] = REPLY;
	door->fn(door->arg, p->relay, &source, datagram, n);
	return true;
}

static void
on_conn(uv_poll_t *poll, int status, int events UNUSED)
{
	struct conn *c = poll->data;
	uint8_t buf[HEADER + DATAGRAM_MAX + 1];
	unsigned slot = 0;

	while (slot < RELAYDOOR_CONNS_MAX && c->door->conns[slot] != c)
		slot++;
	for (int i = 0; i < READS_PER_WAKE; i++) {
		ssize_t n = status < 0 ? -1 : recv(c->fd, buf, sizeof(buf), 0);

		if (status == 0 && n < 0 && (errno == EAGAIN ||
		    errno == EINTR))
			return;
		if (n <= 0 || !take(c, slot, buf, (size_t)n)) {
			if (n > 0)
				log_warn("relay.misspoke", "bytes=%zd", n);
			drop_conn(c);
			return;
		}
	}
}

static void
on_listen(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct relaydoor *door = poll->data;
	unsigned slot = 0;
	struct conn *c;
	int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	while (slot < RELAYDOOR_CONNS_MAX && door->conns[slot] != NULL)
		slot++;
	c = slot < RELAYDOOR_CONNS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (c == NULL) {
		close(fd);
		return;
	}
	c->door = door;
	c->fd = fd;
	c->life = ++door->lives;
	uv_poll_init(door->loop, &c->poll, fd);
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_conn);
	door->conns[slot] = c;
}

void
relaydoor_reply(struct relaydoor *door, uint64_t relay, const uint8_t *bytes,
    size_t len)
{
	uint8_t buf[HEADER + DATAGRAM_MAX];
	struct wr w = wr_make(buf, sizeof(buf));
	struct pending *p;
	struct conn *c;

	if (door == NULL || relay == 0)
		return;
	p = &door->pending[relay % RELAYDOOR_PENDING_MAX];
	if (p->relay != relay)
		return;			/* too late */
	p->relay = 0;
	c = door->conns[p->conn];
	if (c == NULL || c->life != p->life || len > DATAGRAM_MAX)
		return;
	wr_bytes(&w, p->header, sizeof(p->header));
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, bytes, len);
	if (!wr_failed(&w) && send(c->fd, buf, wr_len(&w), MSG_NOSIGNAL |
	    MSG_DONTWAIT) < 0)
		log_debug("relay.reply_dropped", "errno=%d", errno);
}

void
relaydoor_forget(struct relaydoor *door)
{
	if (door == NULL)
		return;
	for (unsigned i = 0; i < RELAYDOOR_PENDING_MAX; i++)
		relaydoor_reply(door, door->pending[i].relay, NULL, 0);
}

enum err
relaydoor_new(uv_loop_t *loop, const char *path, relaydoor_fn fn, void *arg,
    struct relaydoor **out)
{
	struct relaydoor *door;
	enum err e;

	*out = NULL;
	if (path[0] == '\0')
		return OK;
	door = calloc(1, sizeof(*door));
	if (door == NULL)
		return ERR_NO_MEMORY;
	door->loop = loop;
	door->fn = fn;
	door->arg = arg;
	door->path = strdup(path);
	e = sock_unix(SOCK_SEQPACKET, path, true, &door->fd);
	if (e != OK || door->path == NULL) {
		log_err("relay.no_socket", "path=%s err=%s", LOG_Q(path),
		    err_name(e));
		free(door->path);
		free(door);
		return e != OK ? e : ERR_NO_MEMORY;
	}
	/* dnsd is another user of our group; the directory keeps others out. */
	(void)!chmod(path, 0660);
	uv_poll_init(loop, &door->poll, door->fd);
	door->poll.data = door;
	uv_poll_start(&door->poll, UV_READABLE, on_listen);
	*out = door;
	return OK;
}

void
relaydoor_close(struct relaydoor *door)
{
	if (door == NULL)
		return;
	close(door->fd);
	unlink(door->path);
	free(door->path);
	/* Connections end with the process. */
}
