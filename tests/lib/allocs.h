/*
 * allocs.h - how often this thread has asked for memory.
 *
 * Every unit test is linked with counting malloc(), calloc() and realloc()
 * (not under a sanitizer, which has its own; the count stays 0 there), so a
 * test can show that a call allocates nothing:
 *
 *	unsigned long before = allocs_count();
 *	...
 *	assert_int_equal(allocs_count(), before);
 */
#ifndef TESTS_LIB_ALLOCS_H
#define TESTS_LIB_ALLOCS_H

unsigned long allocs_count(void);

#endif
