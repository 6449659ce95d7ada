/*
 * fault.c - faults for a dnsd under test, by LD_PRELOAD: dnsd itself has no
 * way in for them.
 *
 *	cc -shared -fPIC -o fault.so fault.c
 *	US_FAULT_FILE=... LD_PRELOAD=.../fault.so dnsd ...
 *
 * The file is a page that the test writes and every process has mapped since
 * its start, before its walls: a shift of the wall clock in seconds (int64).
 *
 * Whoever is about to send an answer with the label "poison" dies by
 * abort(), as it would of a defect that this question finds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_send)(int, struct mmsghdr *, unsigned, int);

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("US_FAULT_FILE");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	real_clock = (int (*)(clockid_t, struct timespec *))
	    dlsym(RTLD_NEXT, "clock_gettime");
	real_send = (int (*)(int, struct mmsghdr *, unsigned, int))
	    dlsym(RTLD_NEXT, "sendmmsg");
	if (fd < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		shift = p;
	close(fd);
}

int
clock_gettime(clockid_t which, struct timespec *out)
{
	int rc = real_clock(which, out);

	if (rc == 0 && shift != NULL && (which == CLOCK_REALTIME ||
	    which == CLOCK_REALTIME_COARSE))
		out->tv_sec += *shift;
	return rc;
}

time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}

int
sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	for (unsigned i = 0; i < n; i++)
		if (memmem(m[i].msg_hdr.msg_iov->iov_base,
		    m[i].msg_hdr.msg_iov->iov_len, "\6poison", 7) != NULL)
			abort();
	return real_send(fd, m, n, flags);
}
