/* guard.c - a zone's row of zone_guard. */
#include "xferd/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/db/db.h"
#include "xferd/keepsql.h"

static enum gate_want
want_of(const char *text)
{
	if (strcmp(text, "require") == 0)
		return GATE_REQUIRE;
	return strcmp(text, "verify") == 0 ? GATE_VERIFY : GATE_OFF;
}

static void
read_anchors(struct db_rows *rows, size_t row, int col, struct gate_policy *p)
{
	struct db_items items;
	const uint8_t *text;
	size_t len;

	db_get_items(rows, row, col, &items);
	while (db_items_next(&items, &text, &len))
		if (text != NULL && p->n_anchors < GATE_ANCHORS_MAX &&
		    gate_anchor_parse((const char *)text, len,
		    &p->anchors[p->n_anchors]))
			p->n_anchors++;
}

struct guard *
guard_read(struct db_rows *rows, size_t row)
{
	struct guard *g = calloc(1, sizeof(*g));
	const uint8_t *digest;
	size_t len;

	if (g == NULL)
		return NULL;
	g->policy.removed_percent_max = (int)db_get_i64_or(rows, row, 1, -1);
	g->policy.removed_names_min = db_get_u32(rows, row, 2);
	g->policy.keep_ns = db_get_bool(rows, row, 3);
	g->policy.keep_dnskey = db_get_bool(rows, row, 4);
	g->policy.zonemd = want_of(db_get_text(rows, row, 5));
	g->policy.dnssec = want_of(db_get_text(rows, row, 6));
	read_anchors(rows, row, 7, &g->policy);
	g->policy.signature_hours_min = db_get_u32(rows, row, 8);
	g->held_counts = strcmp(db_get_text(rows, row, 9), "count") == 0;
	g->held = !db_is_null(rows, row, 10);
	if (g->held) {
		g->held_serial = db_get_u32(rows, row, 10);
		snprintf(g->held_text, sizeof(g->held_text), "%s; %s",
		    db_get_text_or(rows, row, 13, ""),
		    db_get_text_or(rows, row, 14, ""));
		g->accepted = db_get_bool(rows, row, 12);
	}
	if (!db_is_null(rows, row, 11)) {
		digest = db_get_bytes(rows, row, 11, &len);
		g->has_digest = len == DIGEST_SIZE;
		if (g->has_digest)
			memcpy(g->held_digest.octets, digest, len);
	}
	g->pin_generation = db_get_i64_or(rows, row, 15, 0);
	g->pin_past_expire = db_get_bool(rows, row, 16);
	g->pin_applied = db_get_i64_or(rows, row, 17, 0);
	g->pin_before = db_get_i64_or(rows, row, 18, 0);
	return g;
}

enum err
guard_hold(struct db *db, const struct guard_note *n)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, KEEPSQL(guard_hold), DB_PARAMS(db_uuid(n->zone_id),
	    db_i64(n->generation), db_i64(n->serial),
	    db_if(n->has_digest, db_bytes(n->digest.octets, DIGEST_SIZE)),
	    db_text(n->verdict->reason), db_text(n->verdict->message),
	    db_text(n->verdict->advice), db_text(n->facts)), &rows);
	if (e == OK && db_rows_affected(rows) == 0)
		e = ERR_CONFLICT;
	db_rows_free(rows);
	return e;
}
