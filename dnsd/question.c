/*
 * question.c - see question.h.
 */
#include "dnsd/question.h"

#include <assert.h>
#include <string.h>

#include "common/dns/fold.h"
#include "common/dns/namehash.h"
#include "common/dns/page.h"
#include "dnsd/answer_job.h"

/* From FOLD_VECTOR - n on: n octets that count, then those that do not. */
static const uint8_t window[2 * FOLD_VECTOR] = {
	255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255,
};

/*
 * All labels in key form if nothing is to be escaped: a vector at a time.
 * What is written too much is written over, the key has room for it.
 * Returns false when something was 0x00 or 0x01: then nothing is usable.
 */
static bool
put_plain(struct answer_job *job, const uint8_t *name)
{
	unsigned n = job->query.n_labels;
	uint8_t *p = job->key + 1;
	uint16_t *end = job->key_end;
	fold_octets special = { 0 };

	for (const uint8_t *at = job->query.label_at + n; n > 0; n--) {
		const uint8_t *label = name + *--at;
		size_t len = *label++;

		for (;;) {
			size_t here = len < FOLD_VECTOR ? len : FOLD_VECTOR;
			fold_octets v = fold_vector(fold_load(label));

			memcpy(p, &v, sizeof(v));
			special |= (fold_octets)(v < 2) &
			    fold_load(window + FOLD_VECTOR - here);
			p += here;
			if (len <= FOLD_VECTOR)
				break;
			label += FOLD_VECTOR;
			len -= FOLD_VECTOR;
		}
		*p++ = 0;
		*++end = (uint16_t)(p - job->key);
	}
	return !fold_any(special);
}

/* One octet at a time. */
static void
put_escaped(struct answer_job *job, const uint8_t *name)
{
	uint8_t *p = job->key + 1;
	unsigned n = job->query.n_labels;

	for (unsigned i = 1; i <= n; i++) {
		const uint8_t *label = name + job->query.label_at[n - i];

		for (unsigned k = 1; k <= label[0]; k++) {
			uint8_t c = fold_octet(label[k]);

			if (c <= 1) {
				*p++ = 1;
				c++;
			}
			*p++ = c;
		}
		*p++ = 0;
		job->key_end[i] = (uint16_t)(p - job->key);
	}
}

void
question_make_key(struct answer_job *job, const uint8_t *name)
{
	static_assert(OWNERKEY_TREE_NORMAL == 0, "see question.h");
	static_assert(sizeof(job->key) >= 2 * QUERY_NAME_MAX + FOLD_VECTOR,
	    "room for a vector behind the longest key");

	job->key[0] = OWNERKEY_TREE_NORMAL;
	job->key_end[0] = 1;
	if (UNLIKELY(!put_plain(job, name)))
		put_escaped(job, name);
}

void
question_hash_suffixes(struct answer_job *job, unsigned n)
{
	const struct namehash_seed seed = {
		{ job->dir.seed[0], job->dir.seed[1] }
	};
	uint64_t h = namehash_init(&seed);

	job->dir_hash[0] = h;
	for (unsigned i = 1; i <= n; i++) {
		unsigned at = job->key_end[i - 1];

		h = namehash_label(&seed, h, job->key + at,
		    job->key_end[i] - 1u - at);
		job->dir_hash[i] = h;
	}
}

void
question_is_name(struct answer_job *job)
{
	unsigned apex = job->view.zone->apex_labels;
	struct answer_name *name = &job->name;
	unsigned start = job->key_end[apex] - 1u;
	unsigned n = job->query.n_labels - apex;
	const uint16_t *end = job->key_end + apex;
	uint64_t h = page_hash_init(OWNERKEY_TREE_NORMAL);

	job->known = ANSWER_UNKNOWN;
	name->key = job->key + start;
	name->wire = query_name(&job->query);
	name->at = EMIT_QNAME;
	name->n_labels = (uint8_t)n;
	name->len[0] = 1;
	name->hash[0] = namehash_final(h);
	for (unsigned i = 1; i <= n; i++) {
		h = page_hash_label(h, job->key + end[i - 1],
		    end[i] - 1u - end[i - 1]);
		name->hash[i] = namehash_final(h);
		name->len[i] = (uint16_t)(end[i] - start);
	}
}
