/*
 * question.h - the question's name as a key, and the hashes of its suffixes.
 *
 * Knows:    key form (ownerkey.h), the directory's hash (cache_layout.h),
 *           a page's hash (page.h).
 * Not here: which zone it is, whether the name exists.
 * Pure:     fields of the job; each octet of the name is folded once.
 * Bounded:  by the name; what no zone can match is not hashed.
 */
#ifndef DNSD_QUESTION_H
#define DNSD_QUESTION_H

#include <stdint.h>

enum { QUESTION_SLACK = 16 };

struct answer_job;

/**
 * question_make_key() - job->key and job->key_end
 * @name: the question's; QUESTION_SLACK octets behind it can be read
 *
 * The key is relative to the root.  Relative to an apex of k labels it
 * begins one octet before key_end[k]: the 0x00 that ends the apex's last
 * label is also the tree byte of the normal tree.
 */
void question_make_key(struct answer_job *job, const uint8_t *name);

/** question_hash_suffixes() - job->dir_hash for 0 to @n labels */
void question_hash_suffixes(struct answer_job *job, unsigned n);

/** question_is_name() - job->name is the question's, in job->view's zone */
void question_is_name(struct answer_job *job);

#endif
