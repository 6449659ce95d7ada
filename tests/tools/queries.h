/*
 * queries.h - the query files of the benchmarks, for the tools that send them.
 *
 * A file holds queries as "u16 length, message" (big-endian), written by
 * tests/bench/data.py.
 */
#ifndef TESTS_TOOLS_QUERIES_H
#define TESTS_TOOLS_QUERIES_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { QUERIES_MAX = 1 << 20 };

static uint8_t *queries_data;
static uint32_t queries_at[QUERIES_MAX];
static uint16_t queries_len[QUERIES_MAX];
static size_t queries_n;

static inline uint64_t
queries_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static inline double
queries_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline bool
queries_load(const char *path)
{
	struct stat st;
	size_t at = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size > INT32_MAX)
		return false;
	queries_data = malloc((size_t)st.st_size);
	if (queries_data == NULL ||
	    read(fd, queries_data, (size_t)st.st_size) != st.st_size)
		return false;
	close(fd);
	while (at + 2 < (size_t)st.st_size && queries_n < QUERIES_MAX) {
		uint16_t len = (uint16_t)(queries_data[at] << 8 |
		    queries_data[at + 1]);

		if (at + 2 + len > (size_t)st.st_size)
			return false;
		queries_at[queries_n] = (uint32_t)at + 2;
		queries_len[queries_n++] = len;
		at += 2 + (size_t)len;
	}
	return queries_n > 0;
}

#endif
