/*
 * chaos.h - class CH: what the server says about itself.
 *
 * Knows:    version.bind, version.server, hostname.bind, id.server.  RFC 4892
 * Not here: the texts (configuration).
 * Pure:     into job->emit.
 */
#ifndef DNSD_CHAOS_H
#define DNSD_CHAOS_H

#include <stdint.h>

enum { CHAOS_TEXT_MAX = 255 };

struct answer_job;

struct chaos_text {
	uint8_t len;			/* 0: refused */
	uint8_t text[CHAOS_TEXT_MAX];
};

struct chaos {
	struct chaos_text version;
	struct chaos_text hostname;
	struct chaos_text id;
};

/**
 * chaos_answer() - answer a question of class CH
 *
 * One of the four names with a text: TXT and ANY have it, other types
 * nothing. All else, and job->ctx->chaos == NULL: REFUSED. Sets rcode, aa,
 * ede and job->emit.
 */
void chaos_answer(struct answer_job *job);

#endif
