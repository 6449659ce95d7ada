/*
 * section.c - see section.h.
 */
#include "dnsd/section.h"

#include "common/dns/rrtype.h"

void
section_put_soa(struct answer_job *job)
{
	const struct cache_zone *z = job->view.zone;
	const uint8_t *page = cache_view_at(job->ctx->arena, z->apex_page);
	struct emit_owner owner = { .at = job->emit.apex_at };
	struct emit_set set = {
		.rr = page + z->soa_at,
		.rr_len = z->soa_len,
		.sig_len = job->dnssec ? z->soa_sig_len : 0,
		.n_rr = 1,
	};
	size_t at;

	/* RFC 2308 3, Q-110 */
	if (section_put(job, EMIT_AUTHORITY, &owner, &set, &at))
		emit_cap_ttl(&job->emit, at, z->negative_ttl);
}

void
section_put_proofs(struct answer_job *job)
{
	uint16_t type = job->view.zone->flags & CACHE_ZONE_NSEC3 ?
	    RRTYPE_NSEC3 : RRTYPE_NSEC;

	for (unsigned i = 0; i < job->n_proofs; i++) {
		const struct page_name *name = &job->proof[i];
		struct emit_owner owner = {
			.key = name->key, .key_len = name->key_len
		};
		struct page_set set;
		struct emit_set stored;

		if (!page_set_find(name, type, &set))
			continue;
		if (name->key_len == 1)
			owner.at = job->emit.apex_at;
		stored = section_stored(job, &set);
		if (!section_put(job, EMIT_AUTHORITY, &owner, &stored, NULL))
			return;
	}
	job->n_proofs = 0;
}
