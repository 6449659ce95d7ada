/*
 * busy.c - see busy.h.
 */
#include <inttypes.h>
#include <string.h>

#include "common/db/db.h"
#include "dnsd/busy.h"
#include "dnsd/zonecount.h"

struct busy_zone {
	uint8_t id[16];
	struct zonecount_sum n;
};

struct busy {
	struct cache_write *w;
	const struct control *control;
	unsigned n;
	struct busy_zone zone[BUSY_ZONES_MAX];	/* most answers first */
};

static void
look(void *arg, struct cache_held *held)
{
	struct busy *b = arg;
	struct zonecount_sum n = zonecount_sum(b->control,
	    cache_write_place(b->w, held));
	unsigned at;

	if (n.answers == 0 || (b->n == BUSY_ZONES_MAX &&
	    n.answers <= b->zone[BUSY_ZONES_MAX - 1].n.answers))
		return;
	if (b->n < BUSY_ZONES_MAX)
		b->n++;
	for (at = b->n - 1; at > 0 &&
	    b->zone[at - 1].n.answers < n.answers; at--)
		b->zone[at] = b->zone[at - 1];
	memcpy(b->zone[at].id, held->id, sizeof(held->id));
	b->zone[at].n = n;
}

void
busy_print(struct cache_write *w, const struct control *c, struct buf *out)
{
	struct busy b = { .w = w, .control = c };
	char id[DB_UUID_TEXT_SIZE];

	cache_write_each(w, look, &b);
	buf_str(out, "[");
	for (unsigned i = 0; i < b.n; i++) {
		db_uuid_print(b.zone[i].id, id);
		buf_printf(out, "%s{\"zone_id\":\"%s\",\"answers\":%" PRIu64
		    ",\"nxdomain\":%" PRIu64 "}", i == 0 ? "" : ",", id,
		    b.zone[i].n.answers, b.zone[i].n.nxdomain);
	}
	buf_str(out, "]");
}
