/*
 * inherit.c - which descriptor is what in a re-executed child.  See inherit.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/check.h"
#include "dnsd/inherit.h"

void
inherit_add(struct inherit *h, int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	CHECK(h->n < INHERIT_MAX);
	CHECK(fd >= 0);
	va_start(ap, fmt);
	n = vsnprintf(h->label[h->n], INHERIT_LABEL_MAX, fmt, ap);
	va_end(ap);
	CHECK(n > 0 && n < INHERIT_LABEL_MAX);
	h->fd[h->n++] = fd;
}

int
inherit_find(const struct inherit *h, const char *label)
{
	for (int i = 0; i < h->n; i++)
		if (strcmp(h->label[i], label) == 0)
			return i;
	return -1;
}

enum err
inherit_arrange(const struct inherit *h)
{
	int up[INHERIT_MAX];
	int above = INHERIT_FIRST_FD + h->n;

	/* First out of the way, then down: the ranges may overlap. */
	for (int i = 0; i < h->n; i++) {
		up[i] = fcntl(h->fd[i], F_DUPFD_CLOEXEC, above);
		if (up[i] < 0)
			return err_from_errno(errno);
	}
	for (int i = 0; i < h->n; i++)
		if (dup2(up[i], INHERIT_FIRST_FD + i) < 0)
			return err_from_errno(errno);
	if (syscall(SYS_close_range, (unsigned)above, ~0u, 0) < 0)
		return err_from_errno(errno);
	return OK;
}

char *
inherit_text(const struct inherit *h)
{
	size_t size = (size_t)h->n * INHERIT_LABEL_MAX + 1, at = 0;
	char *text = calloc(1, size);

	if (text == NULL)
		return NULL;
	for (int i = 0; i < h->n; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s",
		    i == 0 ? "" : ",", h->label[i]);
	return text;
}

enum err
inherit_parse(const char *text, struct inherit *out)
{
	const char *end;
	size_t len;

	memset(out, 0, sizeof(*out));
	while (*text != '\0') {
		end = strchrnul(text, ',');
		len = (size_t)(end - text);
		if (len == 0 || len >= INHERIT_LABEL_MAX ||
		    out->n == INHERIT_MAX)
			return ERR_INVALID;
		memcpy(out->label[out->n], text, len);
		out->fd[out->n] = INHERIT_FIRST_FD + out->n;
		if (fcntl(out->fd[out->n], F_SETFD, FD_CLOEXEC) < 0)
			return ERR_INVALID;
		out->n++;
		text = *end == ',' ? end + 1 : end;
	}
	return OK;
}

enum err
inherit_send(int sock, int fd, const char *label)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)label, strlen(label) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(sock, &m, MSG_NOSIGNAL) < 0)
		return err_from_errno(errno);
	return OK;
}

enum err
inherit_receive(int sock, int *out_fd, char out_label[INHERIT_LABEL_MAX])
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { out_label, INHERIT_LABEL_MAX - 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_from_errno(errno);
	if (n == 0)
		return ERR_CLOSED;
	c = CMSG_FIRSTHDR(&m);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return ERR_MALFORMED;
	memcpy(out_fd, CMSG_DATA(c), sizeof(int));
	out_label[n] = '\0';
	return OK;
}
