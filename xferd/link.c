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

void
link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->up = false;
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

enum err
link_begin(struct link *l, short ready)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (l->up)
		return OK;
	if (l->connecting && ready == 0) {
		l->events = POLLOUT;
		return ERR_AGAIN;
	}
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return connect_failed(l, error);
	l->connecting = false;
	l->up = true;
	return OK;
}

enum err
link_read(struct link *l, uint8_t *out, size_t max, size_t *out_n)
{
	ssize_t n = recv(l->fd, out, max, MSG_DONTWAIT);

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
	ssize_t n = send(l->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0) {
		*out_n = (size_t)n;
		return OK;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return failed(l, HANDOFF_CLOSED_EARLY, "");
	return ERR_AGAIN;
}
