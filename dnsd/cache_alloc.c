/*
 * cache_alloc.c - space of the arena.  See cache_alloc.h.
 *
 * Two-level segregated fit: row = log2 of the size, column = the next four
 * bits.  Both get and put are a few bit operations; neighbours coalesce at
 * once, so that long runs of small changes do not fray the arena.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/check.h"
#include "dnsd/cache_alloc.h"

/* In the first unit of a free block; the last four bytes hold size again. */
struct block {
	uint32_t size;			/* units */
	uint32_t prev;
	uint32_t next;
};

enum {
	MEMORY_KEEP_BYTES = 128 << 20,	/* left to the rest of the machine */
	LOOKS_FEW = 4,
	LOOKS_MANY = 10000,		/* before "full" is said */
};

static struct block *
block_at(const struct cache_alloc *a, uint32_t unit)
{
	return (struct block *)(void *)(a->base + (size_t)unit * CACHE_UNIT);
}

static uint32_t *
footer_at(const struct cache_alloc *a, uint32_t last)
{
	return (uint32_t *)(void *)(a->base + ((size_t)last + 1) * CACHE_UNIT -
	    sizeof(uint32_t));
}

static bool
bit_get(const uint64_t *map, uint32_t i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static void
bit_set(uint64_t *map, uint32_t i)
{
	map[i / 64] |= UINT64_C(1) << (i % 64);
}

static void
bit_clear(uint64_t *map, uint32_t i)
{
	map[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static void
class_of(uint32_t n, unsigned *row, unsigned *column)
{
	unsigned top = 31 - (unsigned)__builtin_clz(n);

	if (n < CACHE_ALLOC_COLUMNS) {
		*row = 0;
		*column = n;
		return;
	}
	*row = top - 3;
	*column = n >> (top - 4) & (CACHE_ALLOC_COLUMNS - 1);
}

static void
block_link(struct cache_alloc *a, uint32_t at, uint32_t n)
{
	struct block *b = block_at(a, at);
	unsigned row, column;

	CHECK(n > 0);
	class_of(n, &row, &column);
	b->size = n;
	b->prev = 0;
	b->next = a->list[row][column];
	if (b->next != 0)
		block_at(a, b->next)->prev = at;
	a->list[row][column] = at;
	a->row_map |= 1u << row;
	a->column_map[row] |= (uint16_t)(1u << column);
	*footer_at(a, at + n - 1) = n;
	bit_set(a->begins, at);
	bit_set(a->ends, at + n - 1);
}

static void
block_unlink(struct cache_alloc *a, uint32_t at)
{
	struct block *b = block_at(a, at);
	unsigned row, column;

	class_of(b->size, &row, &column);
	if (b->prev != 0)
		block_at(a, b->prev)->next = b->next;
	else
		a->list[row][column] = b->next;
	if (b->next != 0)
		block_at(a, b->next)->prev = b->prev;
	if (a->list[row][column] == 0) {
		a->column_map[row] &= (uint16_t)~(1u << column);
		if (a->column_map[row] == 0)
			a->row_map &= ~(1u << row);
	}
	bit_clear(a->begins, at);
	bit_clear(a->ends, at + b->size - 1);
}

/* Frees [at, at + n), merged with free neighbours; tells the merged run. */
static void
block_release(struct cache_alloc *a, uint32_t at, uint32_t n, uint32_t *out_at,
    uint32_t *out_n)
{
	uint32_t left;

	if (at > 0 && bit_get(a->ends, at - 1)) {
		left = *footer_at(a, at - 1);
		CHECK(left <= at);
		at -= left;
		n += left;
		block_unlink(a, at);
	}
	if (at + n < a->high && bit_get(a->begins, at + n)) {
		uint32_t right = at + n;

		n += block_at(a, right)->size;
		block_unlink(a, right);
	}
	block_link(a, at, n);
	*out_at = at;
	*out_n = n;
}

/* The first block of a class whose every member is big enough; 0 if none. */
static uint32_t
block_find(const struct cache_alloc *a, uint32_t n)
{
	unsigned row, column, top;
	uint32_t rows;
	uint16_t columns;

	if (n >= CACHE_ALLOC_COLUMNS) {
		top = 31 - (unsigned)__builtin_clz(n);
		n += (1u << (top - 4)) - 1;
	}
	class_of(n, &row, &column);
	columns = a->column_map[row] & (uint16_t)(0xffffu << column);
	if (columns == 0) {
		if (row + 1 >= CACHE_ALLOC_ROWS)
			return 0;
		rows = a->row_map & (0xffffffffu << (row + 1));
		if (rows == 0)
			return 0;
		row = (unsigned)__builtin_ctz(rows);
		columns = a->column_map[row];
	}
	return a->list[row][__builtin_ctz(columns)];
}

/* In the class of @n itself some are big enough: look at a few of them. */
static uint32_t
block_fit(const struct cache_alloc *a, uint32_t n, unsigned looks)
{
	unsigned row, column;
	uint32_t at;

	class_of(n, &row, &column);
	at = a->list[row][column];
	while (at != 0 && looks-- > 0 && block_at(a, at)->size < n)
		at = block_at(a, at)->next;
	return at != 0 && block_at(a, at)->size >= n ? at : 0;
}

static bool
arena_grow(struct cache_alloc *a, uint32_t n)
{
	uint32_t step = CACHE_ALLOC_STEP_BYTES / CACHE_UNIT;
	uint32_t left = a->max - a->high;
	uint32_t at = a->high, got;

	/* The run at the end counts too. */
	if (at > 0 && bit_get(a->ends, at - 1))
		n -= MIN(n - 1, *footer_at(a, at - 1));
	if (n < step)
		n = MIN(step, left);
	if (n > left || n == 0)
		return false;
	if (cache_alloc_memory_left() < (uint64_t)n * CACHE_UNIT)
		return false;
	a->high += n;
	block_release(a, at, n, &at, &got);
	return true;
}

cache_ref
cache_alloc_get(struct cache_alloc *a, size_t bytes)
{
	uint32_t n, at, size;

	if (bytes == 0 || bytes > (size_t)a->max * CACHE_UNIT)
		return 0;
	n = cache_alloc_units(bytes);
	at = block_fit(a, n, LOOKS_FEW);
	if (at == 0)
		at = block_find(a, n);
	/* Rounded up to the class, so that what was added is found. */
	if (at == 0 && arena_grow(a, n + n / 16 + 1))
		at = block_find(a, n);
	if (at == 0)
		at = block_fit(a, n, LOOKS_MANY);
	if (at == 0)
		return 0;
	size = block_at(a, at)->size;
	CHECK(size >= n);
	block_unlink(a, at);
	if (size > n)
		block_link(a, at + n, size - n);
	a->n_used += n;
	return at;
}

/* Give the pages inside [at, at + n) back, but not the ends of run. */
static void
block_punch(struct cache_alloc *a, uint32_t at, uint32_t n, uint32_t run_at,
    uint32_t run_n)
{
	size_t page = 4096;
	size_t low = ALIGN_UP((size_t)run_at * CACHE_UNIT + 1, page);
	size_t high = ((size_t)run_at + run_n) * CACHE_UNIT - sizeof(uint32_t);
	size_t from = (size_t)at * CACHE_UNIT & ~(page - 1);
	size_t to = ALIGN_UP(((size_t)at + n) * CACHE_UNIT, page);

	high &= ~(page - 1);
	from = MAX(from, low);
	to = MIN(to, high);
	if (a->fd >= 0 && from < to)
		(void)fallocate(a->fd, FALLOC_FL_PUNCH_HOLE |
		    FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from));
}

void
cache_alloc_put(struct cache_alloc *a, cache_ref ref, size_t bytes)
{
	uint32_t n = cache_alloc_units(bytes);
	uint32_t at, run;

	CHECK(ref > 0);
	CHECK(n > 0 && n <= a->n_used);
	CHECK(ref + n <= a->high);
	block_release(a, ref, n, &at, &run);
	a->n_used -= n;
	if ((size_t)run * CACHE_UNIT >= CACHE_ALLOC_PUNCH_BYTES)
		block_punch(a, ref, n, at, run);
}

static uint64_t *
map_new(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

enum err
cache_alloc_init(struct cache_alloc *a, uint8_t *base, int fd,
    size_t max_bytes, size_t reserved_bytes)
{
	memset(a, 0, sizeof(*a));
	a->base = base;
	a->fd = fd;
	if (max_bytes / CACHE_UNIT > UINT32_MAX / 2)
		return ERR_LIMIT;
	a->max = (uint32_t)(max_bytes / CACHE_UNIT);
	a->high = cache_alloc_units(reserved_bytes);
	if (a->high == 0 || a->high > a->max)
		return ERR_LIMIT;
	a->map_bytes = ((size_t)a->max / 64 + 1) * sizeof(uint64_t);
	a->begins = map_new(a->map_bytes);
	a->ends = map_new(a->map_bytes);
	if (a->begins == NULL || a->ends == NULL) {
		cache_alloc_fini(a);
		return ERR_NO_MEMORY;
	}
	return OK;
}

void
cache_alloc_fini(struct cache_alloc *a)
{
	if (a->begins != NULL)
		munmap(a->begins, a->map_bytes);
	if (a->ends != NULL)
		munmap(a->ends, a->map_bytes);
	if (a->marks != NULL)
		munmap(a->marks, a->map_bytes);
	a->begins = a->ends = a->marks = NULL;
}

enum err
cache_alloc_mark_begin(struct cache_alloc *a)
{
	CHECK(a->marks == NULL);
	a->marks = map_new(a->map_bytes);
	return a->marks == NULL ? ERR_NO_MEMORY : OK;
}

bool
cache_alloc_mark(struct cache_alloc *a, cache_ref ref, size_t bytes)
{
	uint64_t n = (bytes + CACHE_UNIT - 1) / CACHE_UNIT;

	if (ref == 0 || n == 0 || ref + n > a->max)
		return false;
	if (bit_get(a->marks, ref) || bit_get(a->marks, ref + (uint32_t)n - 1))
		return false;
	for (uint32_t i = ref; i < ref + n; i++)
		bit_set(a->marks, i);
	a->n_used += (uint32_t)n;
	if (ref + n > a->high)
		a->high = ref + (uint32_t)n;
	return true;
}

void
cache_alloc_sweep(struct cache_alloc *a)
{
	uint32_t first = CACHE_SUPER_BYTES / CACHE_UNIT;
	uint32_t from;

	for (uint32_t i = first; i < a->high;) {
		if (bit_get(a->marks, i)) {
			i++;
			continue;
		}
		from = i;
		while (i < a->high && !bit_get(a->marks, i))
			i++;
		block_link(a, from, i - from);
		block_punch(a, from, i - from, from, i - from);
	}
	munmap(a->marks, a->map_bytes);
	a->marks = NULL;
}

/* "key: N kB" in /proc/meminfo, in bytes; UINT64_MAX when not there. */
static uint64_t
meminfo_read(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kb = UINT64_MAX;
	size_t len = strlen(key);

	if (f == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, len) == 0 && line[len] == ':') {
			kb = strtoull(line + len + 1, NULL, 10) * 1024;
			break;
		}
	fclose(f);
	return kb;
}

static uint64_t
number_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[64];
	uint64_t n = UINT64_MAX;

	if (f == NULL)
		return UINT64_MAX;
	if (fgets(line, sizeof(line), f) != NULL && line[0] != 'm')
		n = strtoull(line, NULL, 10);
	fclose(f);
	return n;
}

/* The own cgroup's limit, and those above it (version 2). */
static uint64_t
cgroup_left(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512] = "", path[700];
	uint64_t left = UINT64_MAX, max, now;
	char *slash;

	if (f == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "0::/", 4) == 0)
			break;
	fclose(f);
	if (strncmp(line, "0::/", 4) != 0)
		return UINT64_MAX;
	line[strcspn(line, "\n")] = '\0';
	for (int depth = 0; depth < 16; depth++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max",
		    line + 3);
		max = number_read(path);
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current",
		    line + 3);
		now = number_read(path);
		if (max != UINT64_MAX && now != UINT64_MAX)
			left = MIN(left, max > now ? max - now : 0);
		slash = strrchr(line + 3, '/');
		if (slash == NULL || slash == line + 3)
			break;
		*slash = '\0';
	}
	return left;
}

uint64_t
cache_alloc_memory_left(void)
{
	uint64_t left = MIN(meminfo_read("MemAvailable"), cgroup_left());

	return left > MEMORY_KEEP_BYTES ? left - MEMORY_KEEP_BYTES : 0;
}

bool
cache_alloc_check(const struct cache_alloc *a)
{
	uint32_t free_units = 0, at = CACHE_SUPER_BYTES / CACHE_UNIT;
	bool last_free = false;

	while (at < a->high) {
		if (!bit_get(a->begins, at)) {
			last_free = false;
			at++;
			continue;
		}
		if (last_free)			/* neighbours did not merge */
			return false;
		if (block_at(a, at)->size == 0 ||
		    at + block_at(a, at)->size > a->high)
			return false;
		free_units += block_at(a, at)->size;
		at += block_at(a, at)->size;
		if (!bit_get(a->ends, at - 1))
			return false;
		last_free = true;
	}
	return free_units + a->n_used + CACHE_SUPER_BYTES / CACHE_UNIT ==
	    a->high;
}
