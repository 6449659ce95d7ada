/*
 * orphan.c - children of a dead supervisor that may still run.
 * See orphan.h.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/base.h"
#include "common/base/log.h"
#include "dnsd/orphan.h"

enum { OLD_STOP_MS = 3000 };		/* for one of them to leave */

unsigned long long
orphan_start_time(pid_t pid)
{
	char path[64], text[1024], *p;
	unsigned long long t = 0;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p != NULL)
		t = strtoull(p + 1, NULL, 10);
	return t;
}

/*
 * The number may be somebody else's by now. Where /proc hides what may not be
 * traced (systemd's ProtectProc=), our workers cannot be seen, since they are
 * not dumpable: then it is one of ours if it can be signalled and is hidden.
 */
static bool
is_ours(pid_t pid, int pidfd, unsigned long long started)
{
	unsigned long long found = orphan_start_time(pid);

	if (found != 0)
		return found == started;
	return geteuid() != 0 &&
	    syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0;
}

void
orphan_read(struct orphans *o, const char *path)
{
	char role[16];
	unsigned long long started;
	int slot, pid, fd;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (o->n < (int)COUNT_OF(o->list) &&
	    fscanf(f, "%15s %d %d %llu", role, &slot, &pid, &started) == 4) {
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (fd < 0)
			continue;
		if (!is_ours(pid, fd, started)) {
			close(fd);
			continue;
		}
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		snprintf(o->list[o->n].role, 16, "%s", role);
		o->list[o->n].slot = slot;
		o->list[o->n++].pidfd = fd;
		log_info("orphan.found", "role=%s slot=%d pid=%d", role, slot,
		    pid);
	}
	fclose(f);
}

static void
stop(struct orphan *o)
{
	struct pollfd p = { o->pidfd, POLLIN, 0 };

	if (o->pidfd < 0)
		return;
	syscall(SYS_pidfd_send_signal, o->pidfd, SIGTERM, NULL, 0);
	if (poll(&p, 1, OLD_STOP_MS) <= 0) {
		syscall(SYS_pidfd_send_signal, o->pidfd, SIGKILL, NULL, 0);
		poll(&p, 1, OLD_STOP_MS);
	}
	close(o->pidfd);
	o->pidfd = -1;
}

void
orphan_stop(struct orphans *o, const char *role, int slot)
{
	for (int i = 0; i < o->n; i++)
		if ((role == NULL || strcmp(o->list[i].role, role) == 0) &&
		    (slot < 0 || o->list[i].slot == slot))
			stop(&o->list[i]);
}
