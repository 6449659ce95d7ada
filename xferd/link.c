/*
 * link.c - see link.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xferd/link.h"

void
link_open(struct link *l, int fd, bool connecting)
{
	*l = (struct link){ .fd = fd, .connecting = connecting };
}

static enum err
failed(struct link *l, enum handoff_reason reason, const char *text)
{
	if (l->reason == HANDOFF_OK) {
		l->reason = reason;
		snprintf(l->text, sizeof(l->text), "%s", text);
	}
	return ERR_CLOSED;
}

/* TLS has ended: it may know why. */
static enum err
tls_failed(struct link *l)
{
	if (l->why.reason != HANDOFF_OK)
		return failed(l, l->why.reason, l->why.text);
	return failed(l, HANDOFF_CLOSED_EARLY, "");
}

enum err
link_secure(struct link *l, const struct handoff_fetch_tls *profile,
    int ca_fd)
{
	enum err e = tls_new(profile, ca_fd, l->fd, &l->why, &l->tls);

	return e == OK ? OK : tls_failed(l);
}

void
link_facts(const struct link *l, struct handoff_tls *out)
{
	*out = (struct handoff_tls){ .set = false };
	if (l->tls != NULL)
		tls_facts(l->tls, out);
}

void
link_close(struct link *l)
{
	tls_free(l->tls);
	l->tls = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->up = false;
}

static enum err
connect_failed(struct link *l, int error)
{
	enum handoff_reason reason = HANDOFF_CONNECT_FAILED;

	if (error == ECONNREFUSED)
		reason = HANDOFF_CONNECT_REFUSED;
	else if (error == ETIMEDOUT)
		reason = HANDOFF_CONNECT_TIMEOUT;
	return failed(l, reason, strerrordesc_np(error) != NULL ?
	    strerrordesc_np(error) : "connection failed");
}

static enum err
connected(struct link *l, short ready)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (l->connecting && ready == 0) {
		l->events = POLLOUT;
		return ERR_AGAIN;
	}
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return connect_failed(l, error);
	l->connecting = false;
	return OK;
}

enum err
link_begin(struct link *l, short ready)
{
	enum err e = OK;

	if (l->up)
		return OK;
	if (!l->shaking)
		e = connected(l, ready);
	if (e == OK && l->tls != NULL) {
		l->shaking = true;
		e = tls_shake(l->tls, &l->events);
		if (e == ERR_CLOSED)
			return tls_failed(l);
	}
	if (e != OK)
		return e;
	l->shaking = false;
	l->up = true;
	return OK;
}

static enum err
read_tls(struct link *l, uint8_t *out, size_t max, size_t *out_n)
{
	enum err e = tls_read(l->tls, out, max, out_n);

	l->more = e == OK;
	return e == OK || e == ERR_AGAIN ? e : tls_failed(l);
}

enum err
link_read(struct link *l, uint8_t *out, size_t max, size_t *out_n)
{
	ssize_t n;

	if (l->tls != NULL)
		return read_tls(l, out, max, out_n);
	n = recv(l->fd, out, max, MSG_DONTWAIT);
	if (n > 0) {
		*out_n = (size_t)n;
		return OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_AGAIN;
	return failed(l, HANDOFF_CLOSED_EARLY, "");
}

enum err
link_write(struct link *l, const uint8_t *p, size_t len, size_t *out_n)
{
	ssize_t n;

	if (l->tls != NULL) {
		enum err e = tls_write(l->tls, p, len, out_n);

		return e;
	}
	n = send(l->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		*out_n = (size_t)n;
		return OK;
	}
	/* What it said before is still to be read. */
	return n < 0 && errno != EAGAIN && errno != EINTR ? ERR_CLOSED :
	    ERR_AGAIN;
}
