/*
 * frame.c - messages over a stream socket pair.
 *
 * A stream keeps bytes in order, and a recvmsg() never returns bytes from
 * beyond a message that carries other descriptors, so descriptors arrive in
 * the order of their frames, not later than the frame's first byte.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/rd.h"
#include "common/base/wr.h"

#define READ_BYTES	(64 * 1024)

void
frame_in_init(struct frame_in *in, size_t payload_max)
{
	memset(in, 0, sizeof(*in));
	in->payload_max = payload_max;
	/* One incomplete frame plus one read always fits. */
	buf_init(&in->buf, payload_max + FRAME_HEADER_BYTES + READ_BYTES);
}

void
frame_in_fini(struct frame_in *in)
{
	size_t i;

	for (i = 0; i < in->n_fds; i++)
		close(in->fds[i]);
	in->n_fds = 0;
	buf_fini(&in->buf);
}

/* Take over the descriptors of one recvmsg(); those that don't fit are
 * closed and make the stream malformed. */
static enum err
take_fds(struct frame_in *in, struct msghdr *msg)
{
	enum err e = (msg->msg_flags & MSG_CTRUNC) != 0 ? ERR_MALFORMED : OK;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t i, n;
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(int));
			if (in->n_fds < FRAME_FDS_MAX) {
				in->fds[in->n_fds++] = fd;
			} else {
				close(fd);
				e = ERR_MALFORMED;
			}
		}
	}
	return e;
}

enum err
frame_fill(struct frame_in *in, int sock)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	size_t room;
	ssize_t n;

	buf_consume(&in->buf, in->pos);
	in->pos = 0;
	if (in->buf.len == in->buf.max)
		return ERR_FULL;	/* the caller doesn't take its frames */
	room = MIN((size_t)READ_BYTES, in->buf.max - in->buf.len);
	if (buf_room(&in->buf, room) != OK)
		return buf_err(&in->buf);
	iov.iov_base = in->buf.data + in->buf.len;
	iov.iov_len = room;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_from_errno(errno);
	if (n == 0)
		return ERR_CLOSED;
	in->buf.len += (size_t)n;
	return take_fds(in, &msg);
}

enum err
frame_next(struct frame_in *in, struct frame *out)
{
	/* data is NULL until the first fill: no arithmetic on it then. */
	struct rd r = in->buf.data == NULL ? rd_make(NULL, 0) :
	    rd_make(in->buf.data + in->pos, in->buf.len - in->pos);
	struct frame f = { .fd = -1 };
	uint8_t n_fds;
	size_t len;

	if (rd_left(&r) < FRAME_HEADER_BYTES)
		return ERR_AGAIN;
	len = rd_u32(&r);
	f.type = rd_u16(&r);
	n_fds = rd_u8(&r);
	if (rd_u8(&r) != 0 || n_fds > 1 || len > in->payload_max)
		return ERR_MALFORMED;
	if (rd_left(&r) < len)
		return ERR_AGAIN;
	if (n_fds == 1) {
		if (in->n_fds == 0)
			return ERR_MALFORMED;
		f.fd = in->fds[0];
		in->n_fds--;
		memmove(in->fds, in->fds + 1, in->n_fds * sizeof(in->fds[0]));
	}
	f.payload = rd_bytes(&r, len);
	f.len = len;
	in->pos += FRAME_HEADER_BYTES + len;
	CHECK(in->pos <= in->buf.len);
	*out = f;
	return OK;
}

static enum err
wait_for(int sock, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = sock, .events = events };
	int timeout = -1, n;

	if (deadline_ms >= 0) {
		int64_t left = deadline_ms - now_mono_ms();

		if (left <= 0)
			return ERR_TIMEOUT;
		timeout = (int)MIN(left, (int64_t)INT32_MAX);
	}
	n = poll(&p, 1, timeout);
	if (n < 0 && errno != EINTR)
		return err_from_errno(errno);
	return OK;
}

enum err
frame_wait(struct frame_in *in, int sock, int timeout_ms, struct frame *out)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : now_mono_ms() + timeout_ms;
	enum err e;

	for (;;) {
		e = frame_next(in, out);
		if (e != ERR_AGAIN)
			return e;
		e = wait_for(sock, POLLIN, deadline_ms);
		if (e != OK)
			return e;
		e = frame_fill(in, sock);
		if (e != OK && e != ERR_AGAIN)
			return e;
	}
}

void
frame_out_init(struct frame_out *out, size_t queue_max)
{
	memset(out, 0, sizeof(*out));
	out->queue_max = queue_max;
	buf_init(&out->buf, SIZE_MAX / 4);
}

void
frame_out_fini(struct frame_out *out)
{
	size_t i;

	for (i = 0; i < out->n_fds; i++)
		close(out->fds[i].fd);
	out->n_fds = 0;
	buf_fini(&out->buf);
}

size_t
frame_pending(const struct frame_out *out)
{
	return out->buf.len - out->pos;
}

/* Drop what was sent, but only when it is worth the copy. */
static void
compact(struct frame_out *out)
{
	size_t i;

	if (out->pos == 0 || out->pos < out->buf.len / 2)
		return;
	buf_consume(&out->buf, out->pos);
	for (i = 0; i < out->n_fds; i++)
		out->fds[i].at -= out->pos;
	out->pos = 0;
}

enum err
frame_put(struct frame_out *out, uint16_t type, const void *payload,
    size_t len, int fd)
{
	uint8_t header[FRAME_HEADER_BYTES];
	struct wr w = wr_make(header, sizeof(header));
	enum err e;

	if (len > UINT32_MAX || FRAME_HEADER_BYTES + len > out->queue_max ||
	    frame_pending(out) > out->queue_max - FRAME_HEADER_BYTES - len)
		return ERR_FULL;
	if (fd >= 0 && out->n_fds == FRAME_FDS_MAX)
		return ERR_FULL;
	compact(out);
	wr_u32(&w, (uint32_t)len);
	wr_u16(&w, type);
	wr_u8(&w, fd >= 0);
	wr_u8(&w, 0);
	CHECK(!wr_failed(&w));
	e = buf_room(&out->buf, sizeof(header) + len);
	if (e != OK)
		return e;
	if (fd >= 0) {
		out->fds[out->n_fds].at = out->buf.len;
		out->fds[out->n_fds].fd = fd;
		out->n_fds++;
	}
	buf_bytes(&out->buf, header, sizeof(header));
	return buf_bytes(&out->buf, payload, len);
}

/* Send one run of bytes: up to the next descriptor, or beginning with it. */
static ssize_t
send_run(struct frame_out *out, int sock, bool *out_with_fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = out->buf.data + out->pos,
	    .iov_len = frame_pending(out) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t next = out->n_fds > 0 ? out->fds[0].at : SIZE_MAX;
	struct cmsghdr *c;

	*out_with_fd = next == out->pos;
	if (*out_with_fd) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &out->fds[0].fd, sizeof(int));
		next = out->n_fds > 1 ? out->fds[1].at : SIZE_MAX;
	}
	if (next - out->pos < iov.iov_len)
		iov.iov_len = next - out->pos;
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum err
frame_flush(struct frame_out *out, int sock)
{
	while (frame_pending(out) > 0) {
		bool with_fd;
		ssize_t n = send_run(out, sock, &with_fd);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_from_errno(errno);
		if (with_fd && n > 0) {
			close(out->fds[0].fd);
			out->n_fds--;
			memmove(out->fds, out->fds + 1,
			    out->n_fds * sizeof(out->fds[0]));
		}
		out->pos += (size_t)n;
	}
	buf_reset(&out->buf);
	out->pos = 0;
	return OK;
}

enum err
frame_drain(struct frame_out *out, int sock, int timeout_ms)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : now_mono_ms() + timeout_ms;
	enum err e;

	for (;;) {
		e = frame_flush(out, sock);
		if (e != ERR_AGAIN)
			return e;
		e = wait_for(sock, POLLOUT, deadline_ms);
		if (e != OK)
			return e;
	}
}
