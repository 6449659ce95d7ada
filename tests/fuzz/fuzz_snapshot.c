/*
 * fuzz_snapshot.c - any file with a right checksum: what loads is whole, and
 * a successor can take it over.
 *
 * The input is the file without its last 32 octets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/dns/digest.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "dnsd/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 8 << 20 };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int control_fd = -1;
	static struct control *control;
	struct snapshot_facts facts;
	struct cache_write *w;
	struct digest d;
	char path[64];
	int file, arena;
	uint64_t n;

	if (control == NULL) {
		control_fd = memfd_create("control", MFD_CLOEXEC);
		must(control_map(control_fd, &control) == OK);
	}
	file = memfd_create("file", MFD_CLOEXEC);
	arena = memfd_create("arena", MFD_CLOEXEC);
	must(ftruncate(arena, ARENA) == 0);
	digest_of(data, size, &d);
	must(write(file, data, size) == (ssize_t)size);
	must(write(file, &d, sizeof(d)) == sizeof(d));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	must(cache_write_open(arena, ARENA, control, &w) == OK);
	if (snapshot_load(path, w, &facts) == OK && facts.n_zones > 0)
		/* Twice: now all parts are there to be taken from. */
		(void)!snapshot_load(path, w, &facts);
	cache_write_reclaim(w);
	must(cache_write_check(w));
	n = cache_write_n_zones(w);
	cache_write_close(w);
	must(cache_write_open(arena, ARENA, control, &w) == OK);
	must(cache_write_n_zones(w) == n);
	must(cache_write_check(w));
	cache_write_close(w);
	close(file);
	close(arena);
	return 0;
}
