/*
 * control.c - the segment that workers may write.  See control.h.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dnsd/control.h"

static const char *const names[] = {
#define COUNTER(name, text) #name,
#include "dnsd/counters.def"
#undef COUNTER
};

static const char *const texts[] = {
#define COUNTER(name, text) text,
#include "dnsd/counters.def"
#undef COUNTER
};

enum err
control_map(int fd, struct control **out_control)
{
	struct control *c;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ERR_IO;
	if (st.st_size == 0 && ftruncate(fd, sizeof(*c)) < 0)
		return ERR_IO;
	if (st.st_size != 0 && (size_t)st.st_size < sizeof(*c))
		return ERR_MALFORMED;
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		return ERR_IO;
	if (c->magic == 0) {
		c->layout = CACHE_LAYOUT;
		c->n_counters = CONTROL_N_COUNTERS;
		c->magic = CONTROL_MAGIC;
	}
	if (c->magic != CONTROL_MAGIC || c->layout != CACHE_LAYOUT ||
	    c->n_counters != CONTROL_N_COUNTERS) {
		munmap(c, sizeof(*c));
		return ERR_MALFORMED;
	}
	*out_control = c;
	return OK;
}

void
control_unmap(struct control *c)
{
	if (c != NULL)
		munmap(c, sizeof(*c));
}

uint64_t
control_sum(const struct control *c, enum control_counter which)
{
	uint64_t sum = 0;

	for (int i = 0; i < CACHE_READERS_MAX; i++)
		sum += atomic_load_explicit(
		    (_Atomic uint64_t *)&c->counters[i].v[which],
		    memory_order_relaxed);
	return sum;
}

const char *
control_name(enum control_counter which)
{
	return names[which];
}

const char *
control_text(enum control_counter which)
{
	return texts[which];
}
