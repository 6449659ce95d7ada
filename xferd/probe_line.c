/*
 * probe_line.c - see probe_line.h.
 */
#include "xferd/probe_line.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/wr.h"
#include "xferd/ask.h"

#define STREAM_MAX	(2 + 65535)

static bool
is_transient(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS ||
	    error == ENOMEM;
}

static enum handoff_reason
reason_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return HANDOFF_CONNECT_REFUSED;
	case ETIMEDOUT:
		return HANDOFF_CONNECT_TIMEOUT;
	case ECONNRESET:
	case EPIPE:
		return HANDOFF_CLOSED_EARLY;
	default:
		return HANDOFF_CONNECT_FAILED;
	}
}

enum err
probe_line_open(struct probe_line *l, const struct handoff_probe_addr *conf,
    int fd)
{
	l->conf = *conf;
	l->connected = !conf->connecting;
	l->tail = &l->asks;
	if (conf->transport == HANDOFF_TCP) {
		l->out_max = PROBE_FLIGHT_MAX * 2 * ASK_MAX;
		l->in = malloc(STREAM_MAX);
		l->out = malloc(l->out_max);
		if (l->in == NULL || l->out == NULL) {
			free(l->in);
			free(l->out);
			return ERR_NO_MEMORY;
		}
	}
	l->fd = fd;
	return OK;
}

void
probe_line_shut(struct probe_line *l)
{
	close(l->fd);
	l->fd = -1;
}

void
probe_line_close(struct probe_line *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->in);
	free(l->out);
}

short
probe_line_events(const struct probe_line *l)
{
	if (!l->connected)
		return POLLOUT;
	return (short)(POLLIN | (l->out_len > 0 ? POLLOUT : 0));
}

enum handoff_reason
probe_line_connect(struct probe_line *l)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return reason_of(error);
	l->connected = true;
	return HANDOFF_OK;
}

static enum err
put_stream(struct probe_line *l, const uint8_t *msg, size_t len)
{
	if (l->out_max - l->out_len < 2 + len)
		return ERR_SPACE;
	wr_put_u16(l->out + l->out_len, (uint16_t)len);
	memcpy(l->out + l->out_len + 2, msg, len);
	l->out_len += 2 + len;
	return OK;
}

bool
probe_line_send(struct probe_line *l, const uint8_t *msg, size_t len)
{
	if (l->conf.transport == HANDOFF_TCP)
		return put_stream(l, msg, len) == OK;
	return send(l->fd, msg, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	    is_transient(errno);
}

enum handoff_reason
probe_line_flush(struct probe_line *l)
{
	ssize_t n = send(l->fd, l->out, l->out_len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && is_transient(errno))
		return HANDOFF_OK;
	if (n < 0)
		return reason_of(errno);
	l->out_len -= (size_t)n;
	memmove(l->out, l->out + n, l->out_len);
	return HANDOFF_OK;
}

enum err
probe_line_datagram(struct probe_line *l, uint8_t *msg, size_t size,
    size_t *out_len, enum handoff_reason *out_why)
{
	ssize_t n = recv(l->fd, msg, size, MSG_DONTWAIT);

	if (n < 0 && is_transient(errno))
		return ERR_AGAIN;
	if (n < 0) {
		*out_why = reason_of(errno);
		return ERR_CLOSED;
	}
	*out_len = (size_t)n;
	return OK;
}

enum err
probe_line_fill(struct probe_line *l, enum handoff_reason *out_why)
{
	ssize_t n = recv(l->fd, l->in + l->in_len, STREAM_MAX - l->in_len,
	    MSG_DONTWAIT);

	if (n < 0 && is_transient(errno))
		return ERR_AGAIN;
	if (n <= 0) {
		*out_why = n == 0 ? HANDOFF_CLOSED_EARLY : reason_of(errno);
		return ERR_CLOSED;
	}
	l->in_len += (size_t)n;
	return OK;
}

const uint8_t *
probe_line_message(const struct probe_line *l, size_t *out_len)
{
	size_t len;

	if (l->in_len < 2)
		return NULL;
	len = (size_t)l->in[0] << 8 | l->in[1];
	if (l->in_len - 2 < len)
		return NULL;
	*out_len = len;
	return l->in + 2;
}

void
probe_line_drop(struct probe_line *l, size_t len)
{
	l->in_len -= 2 + len;
	memmove(l->in, l->in + 2 + len, l->in_len);
}
