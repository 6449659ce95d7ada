/*
 * pace.c - see pace.h.
 */
#include "xferd/pace.h"

#include <string.h>

#include "common/base/sock.h"

void
pace_init(struct pace *p)
{
	memset(p, 0, sizeof(*p));
	hash_key_random(&p->hash_key);
}

static bool
within(struct pace_bucket *b, int64_t second, uint32_t max)
{
	if (b->second != second) {
		b->second = second;
		b->n = 0;
	}
	return b->n++ < max;
}

bool
pace_may_look(struct pace *p, const struct sock_addr *from, uint32_t all_max,
    uint32_t source_max, int64_t now_ms)
{
	uint64_t h = hash_sip(&p->hash_key, from->ip, sizeof(from->ip)) %
	    PACE_SOURCES;
	bool known = p->known_until_ms[h] > now_ms;

	return within(&p->sources[h], now_ms / 1000, source_max) &&
	    within(known ? &p->known : &p->all, now_ms / 1000, all_max);
}

void
pace_known(struct pace *p, const struct sock_addr *from, int64_t now_ms)
{
	p->known_until_ms[hash_sip(&p->hash_key, from->ip,
	    sizeof(from->ip)) % PACE_SOURCES] = now_ms + PACE_KNOWN_MS;
}

bool
pace_tenant(struct pace *p, const uint8_t tenant_id[16], uint32_t tenant_max,
    int64_t now_ms)
{
	return within(&p->tenants[hash_sip(&p->hash_key, tenant_id, 16) %
	    PACE_TENANTS], now_ms / 1000, tenant_max);
}

bool
pace_may_record(struct pace *p, const uint8_t zone_id[16], int64_t now_ms)
{
	int64_t *quiet = &p->quiet[
	    hash_sip(&p->hash_key, zone_id, 16) % PACE_QUIET];

	if (*quiet > now_ms)
		return false;
	*quiet = now_ms + PACE_QUIET_MS;
	return true;
}

int64_t
pace_delay_ms(struct pace *p, const uint8_t zone_id[16], uint32_t serial,
    int64_t gap_ms, int64_t now_ms)
{
	struct pace_gap *g = &p->gaps[
	    hash_sip(&p->hash_key, zone_id, 16) % PACE_GAPS];

	if (memcmp(g->zone_id, zone_id, 16) != 0 || g->serial != serial) {
		memcpy(g->zone_id, zone_id, 16);
		g->serial = serial;
		g->n = 0;
	}
	if (g->n < PACE_CHECKS_AT_ONCE || now_ms - g->at_ms >= gap_ms) {
		if (g->n < PACE_CHECKS_AT_ONCE)
			g->n++;
		g->at_ms = now_ms;
		return 0;
	}
	if (g->at_ms <= now_ms)
		g->at_ms += gap_ms;
	return g->at_ms - now_ms;
}
