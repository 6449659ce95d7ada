/*
 * hold.c - memory and sockets that outlive a killed supervisor.  See hold.h.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/sock.h"
#include "dnsd/hold.h"
#include "dnsd/worker.h"

enum { HOLD_WAIT_S = 5 };

static void
patience(int fd)
{
	struct timeval tv = { .tv_sec = HOLD_WAIT_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static void
caller_serve(int fd, const struct inherit *things)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return;
	if (who.uid != geteuid() && who.uid != 0) {
		log_warn("hold.refused", "uid=%u pid=%d", who.uid, who.pid);
		return;
	}
	patience(fd);
	for (int i = 0; i < things->n; i++)
		if (inherit_send(fd, things->fd[i], things->label[i]) != OK)
			return;
	log_info("hold.handed", "pid=%d descriptors=%d", who.pid, things->n);
}

int
hold_run(int listen_fd, const struct inherit *things)
{
	struct pollfd p = { listen_fd, POLLIN, 0 };
	int fd;

	while (!worker_stop) {
		if (poll(&p, 1, WORKER_TICK_MS * 4) <= 0)
			continue;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		caller_serve(fd, things);
		close(fd);
	}
	return 0;
}

enum err
hold_ask(const char *path, struct inherit *out)
{
	char label[INHERIT_LABEL_MAX];
	enum err e;
	int sock, fd;

	memset(out, 0, sizeof(*out));
	e = sock_unix(SOCK_SEQPACKET, path, false, &sock);
	if (e != OK)
		return e;
	e = sock_nonblock(sock, false);
	patience(sock);
	while (e == OK && out->n < INHERIT_MAX) {
		e = inherit_receive(sock, &fd, label);
		if (e == OK)
			inherit_add(out, fd, "%s", label);
	}
	close(sock);
	return e == ERR_CLOSED ? OK : e;
}
