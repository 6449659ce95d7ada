/*
 * gate_run.c - the checks of one version before it goes live.
 */
#include "xferd/gate_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"
#include "xferd/gate_dnssec.h"
#include "xferd/gate_zonemd.h"
#include "xferd/guard.h"
#include "xferd/keepsql.h"

enum {
	LOOK_EVERY = 64,		/* names between looks at the clock */
	NS_MAX = 64,			/* of the apex, compared */
	FACTS_BYTES = 8192,
};

/* ---- the apexes -------------------------------------------------------- */

static void
read_apex(const struct page_name *name, struct gate_apex *out)
{
	struct page_set set;

	*out = (struct gate_apex){
		.has_dnskey = page_set_find(name, RRTYPE_DNSKEY, &set),
		.has_zonemd = page_set_find(name, RRTYPE_ZONEMD, &set) };
	if (page_set_find(name, RRTYPE_NS, &set))
		out->n_ns = set.n_rr;
}

/* Is one of the name servers in both? */
static bool
shares_ns(const struct page_name *a, const struct page_name *b)
{
	struct page_set sa, sb;
	const uint8_t *pa, *pb;
	unsigned n = 0;

	if (!page_set_find(a, RRTYPE_NS, &sa) ||
	    !page_set_find(b, RRTYPE_NS, &sb))
		return false;
	for (pa = sa.rr; pa < sa.rr + sa.rr_len && n < NS_MAX; n++) {
		struct page_rr ra, rb;
		unsigned m = 0;

		pa += page_rr_read(pa, &ra);
		for (pb = sb.rr; pb < sb.rr + sb.rr_len && m < NS_MAX; m++) {
			pb += page_rr_read(pb, &rb);
			if (dname_equal(ra.rdata, rb.rdata))
				return true;
		}
	}
	return false;
}

static enum err
read_old_apex(struct gate_run *g, struct db *db,
    const struct page_name *after)
{
	static const uint8_t LOW[1] = { OWNERKEY_TREE_NORMAL };
	struct page_name before;
	struct db_rows *rows = NULL;
	struct db_array low;
	struct buf page;
	const uint8_t *body = NULL;
	size_t len = 0;
	enum err e;

	buf_init(&page, PAGE_MAX_BYTES);
	db_array_init(&low, DB_ARRAY_BYTES, 1024);
	db_array_add(&low, LOW, 1);
	e = db_exec(db, KEEPSQL(stored_pages), DB_PARAMS(
	    db_uuid(g->version->zone_id), db_array_param(&low)), &rows);
	if (e == OK && db_rows_n(rows) != 1)
		e = ERR_CONFLICT;
	if (e == OK)
		body = db_get_bytes(rows, 0, 1, &len);
	if (e == OK)
		e = body == NULL ? ERR_CORRUPT : buf_bytes(&page, body, len);
	if (e == OK && (page_validate(page.data, len) != OK))
		e = ERR_CORRUPT;
	if (e == OK) {
		page_name_at(page.data, 0, &before);
		read_apex(&before, &g->facts.before);
		g->facts.ns_kept = shares_ns(&before, after);
	}
	db_rows_free(rows);
	db_array_fini(&low);
	buf_fini(&page);
	return e;
}

static enum err
count_names(struct gate_run *g, struct db *db)
{
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, KEEPSQL(gate_names), DB_PARAMS(
	    db_uuid(g->version->zone_id)), &rows);

	if (e == OK)
		g->facts.names_before = (uint64_t)db_get_i64(rows, 0, 0);
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	db_rows_free(rows);
	return e;
}

static enum err
step_apex(struct gate_run *g, struct db *db)
{
	const struct gate_policy *p = &g->policy;
	struct gate_walk w;
	struct page_name apex;
	bool end = false;
	enum err e;

	g->facts.first = g->version->base_generation == 0;
	g->facts.now_s = g->now_s;
	gate_walk_begin(&w, g->version, OWNERKEY_TREE_NORMAL);
	e = gate_walk_next(&w, db, &apex, &end);
	if (e == OK && (end || apex.key_len != 1))
		e = ERR_CORRUPT;
	if (e == OK)
		read_apex(&apex, &g->facts.after);
	if (e == OK && !g->facts.first && (p->keep_ns || p->keep_dnskey))
		e = read_old_apex(g, db, &apex);
	if (e == OK && !g->facts.first && p->removed_percent_max >= 0)
		e = count_names(g, db);
	if (e == OK && p->zonemd != GATE_OFF)
		e = gate_zonemd_new(g->apex, &apex, g->serial, &g->zonemd);
	if (e == OK && p->dnssec != GATE_OFF)
		e = gate_dnssec_new(g->apex, &apex, p, g->now_s, &g->dnssec);
	gate_walk_fini(&w);
	return e;
}

/* ---- walks ------------------------------------------------------------- */

static void
end_walks(struct gate_run *g)
{
	if (!g->walking)
		return;
	gate_walk_fini(&g->walk);
	gate_walk_fini(&g->other);
	g->walking = false;
}

static bool
time_is_up(struct gate_run *g, int64_t until_ms)
{
	return ++g->n_names % LOOK_EVERY == 0 && now_mono_ms() >= until_ms;
}

static void
note_removed(struct gate_run *g, const struct page_name *n)
{
	struct gate_facts *f = &g->facts;
	uint8_t wire[DNAME_MAX];

	f->names_removed++;
	if (f->n_examples == GATE_EXAMPLES_MAX)
		return;
	ownerkey_to_dname(n->key, n->key_len, g->apex, wire);
	dname_print_bare(wire, f->example[f->n_examples++]);
}

/* Names of pages that change, before (walk) and after (other). */
static enum err
step_names(struct gate_run *g, struct db *db, int64_t until_ms,
    bool *out_more)
{
	enum err e = OK;

	if (!g->walking) {
		gate_walk_begin(&g->walk, g->version, OWNERKEY_TREE_NORMAL);
		gate_walk_begin(&g->other, g->version, OWNERKEY_TREE_NORMAL);
		g->other.rows_end = true;	/* new pages alone */
		g->walking = true;
		g->name_end = false;
		e = gate_walk_next(&g->other, db, &g->other_name,
		    &g->other_end);
	}
	while (e == OK && !time_is_up(g, until_ms)) {
		int order = -1;

		e = gate_walk_old(&g->walk, db, &g->name, &g->name_end);
		if (e != OK || g->name_end) {
			*out_more = false;
			end_walks(g);
			return e;
		}
		while (e == OK && !g->other_end) {
			order = ownerkey_compare(g->name.key,
			    g->name.key_len, g->other_name.key,
			    g->other_name.key_len);
			if (order <= 0)
				break;
			e = gate_walk_next(&g->other, db, &g->other_name,
			    &g->other_end);
		}
		if (e == OK && (g->other_end || order < 0))
			note_removed(g, &g->name);
	}
	*out_more = true;
	return e;
}

/* Both trees in one order: the key behind the tree byte. */
static enum err
step_zonemd(struct gate_run *g, struct db *db, int64_t until_ms,
    bool *out_more)
{
	enum err e = OK;

	if (!g->walking) {
		gate_walk_begin(&g->walk, g->version, OWNERKEY_TREE_NORMAL);
		gate_walk_begin(&g->other, g->version, OWNERKEY_TREE_NSEC3);
		g->walking = true;
		e = gate_walk_next(&g->walk, db, &g->name, &g->name_end);
		if (e == OK)
			e = gate_walk_next(&g->other, db, &g->other_name,
			    &g->other_end);
	}
	while (e == OK && !(g->name_end && g->other_end) &&
	    !time_is_up(g, until_ms)) {
		const struct page_name *a = g->name_end ? NULL : &g->name;
		const struct page_name *b = g->other_end ? NULL :
		    &g->other_name;

		if (a != NULL && b != NULL) {
			int order = ownerkey_compare(a->key + 1,
			    a->key_len - 1u, b->key + 1, b->key_len - 1u);

			if (order < 0)
				b = NULL;
			else if (order > 0)
				a = NULL;
		}
		e = gate_zonemd_name(g->zonemd, a, b);
		if (e == OK && a != NULL)
			e = gate_walk_next(&g->walk, db, &g->name,
			    &g->name_end);
		if (e == OK && b != NULL)
			e = gate_walk_next(&g->other, db, &g->other_name,
			    &g->other_end);
	}
	*out_more = e == OK && !(g->name_end && g->other_end);
	if (e == OK && !*out_more)
		end_walks(g);
	return e;
}

/*
 * What was found out about the signatures of a new page goes along with it.
 * One page can hold names of both trees: then both walks must find it good.
 */
static void
close_page(struct gate_run *g, struct publish_row *next)
{
	struct publish_row *r = g->seen_row;

	if (r != NULL && g->seen_good && r->signed_keys >= 0 &&
	    g->seen_until_s != INT64_MAX) {
		r->signed_keys = gate_dnssec_keys(g->dnssec);
		r->signed_until_s = r->signed_until_s == 0 ?
		    g->seen_until_s : MIN(r->signed_until_s, g->seen_until_s);
	} else if (r != NULL && !g->seen_good) {
		r->signed_keys = -1;
	}
	g->seen_row = next;
	g->seen_good = true;
	g->seen_until_s = INT64_MAX;
}

/*
 * Signatures of pages that were verified with the same keys and are in time
 * are not computed again; the chain is always walked as a whole.  So the
 * verdict does not depend on what came before.		T-176
 */
static enum err
step_tree(struct gate_run *g, struct db *db, int64_t until_ms, int tree,
    bool *out_more)
{
	enum err e = OK;

	if (!g->walking) {
		gate_walk_begin(&g->walk, g->version, tree);
		gate_walk_begin(&g->other, g->version, tree);	/* unused */
		g->walking = true;
		g->name_end = false;
	}
	while (e == OK && !time_is_up(g, until_ms)) {
		struct gate_dnssec_seen seen;
		bool trusted;

		e = gate_walk_next(&g->walk, db, &g->name, &g->name_end);
		if (e != OK)
			break;
		if (g->name_end || !gate_dnssec_busy(g->dnssec)) {
			*out_more = false;
			close_page(g, NULL);
			end_walks(g);
			return OK;
		}
		if (g->walk.row != g->seen_row)
			close_page(g, g->walk.row);
		trusted = g->walk.row == NULL && g->walk.keys != 0 &&
		    g->walk.keys == gate_dnssec_keys(g->dnssec) &&
		    g->walk.until_s > g->now_s;
		e = tree == OWNERKEY_TREE_NSEC3 ?
		    gate_dnssec_nsec3(g->dnssec, &g->name, trusted, &seen) :
		    gate_dnssec_name(g->dnssec, &g->name, trusted, &seen);
		g->seen_good &= seen.all_good;
		g->seen_until_s = MIN(g->seen_until_s, seen.until_s);
	}
	*out_more = true;
	return e;
}

/* ---- the end ----------------------------------------------------------- */

static enum err
note_hold(struct gate_run *g, struct db *db)
{
	const struct gate_facts *f = &g->facts;
	struct guard_note note = { .generation = g->version->base_generation,
		.serial = g->serial, .has_digest = true,
		.digest = g->version->root_digest, .verdict = &g->verdict };
	struct buf facts;
	enum err e;

	memcpy(note.zone_id, g->version->zone_id, 16);
	buf_init(&facts, FACTS_BYTES);
	buf_printf(&facts, "{\"record_count\":%" PRIu64, g->version->n_records);
	if (g->policy.removed_percent_max >= 0 && !f->first)
		buf_printf(&facts, ",\"names_before\":%" PRIu64
		    ",\"names_removed\":%" PRIu64, f->names_before,
		    f->names_removed);
	buf_str(&facts, ",\"removed_examples\":[");
	for (unsigned i = 0; i < f->n_examples; i++) {
		/* Presentation form: printable, and these two escaped. */
		buf_printf(&facts, "%s\"", i > 0 ? "," : "");
		for (const char *p = f->example[i]; *p != '\0'; p++)
			buf_printf(&facts, "%s%c", *p == '"' || *p == '\\' ?
			    "\\" : "", *p);
		buf_str(&facts, "\"");
	}
	buf_str(&facts, "]}");
	e = buf_err(&facts);
	note.facts = e == OK ? buf_cstr(&facts) : "{}";
	e = guard_hold(db, &note);
	buf_fini(&facts);
	return e;
}

static enum err
step_judge(struct gate_run *g, struct db *db)
{
	struct gate_facts *f = &g->facts;
	enum err e = OK;

	f->signed_until_s = 0;
	if (g->policy.signature_hours_min > 0) {
		struct db_rows *rows = NULL;
		struct db_array low;

		/* Of pages that stay; then of those that are new. */
		db_array_init(&low, DB_ARRAY_BYTES, 256 << 20);
		for (size_t i = 0; i < g->version->close_pages.n; i++)
			db_array_add(&low,
			    g->version->close_pages.row[i].bytes,
			    g->version->close_pages.row[i].low_len);
		e = db_exec(db, KEEPSQL(gate_signed_until), DB_PARAMS(
		    db_uuid(g->version->zone_id), db_array_param(&low)),
		    &rows);
		db_array_fini(&low);
		if (e != OK)
			return e;
		f->signed_until_s = db_get_i64_or(rows, 0, 0, 0);
		db_rows_free(rows);
		for (size_t i = 0; i < g->version->pages.n; i++) {
			int64_t s = g->version->pages.row[i].signed_until_s;

			if (s != 0 && (f->signed_until_s == 0 ||
			    s < f->signed_until_s))
				f->signed_until_s = s;
		}
	}
	if (g->zonemd != NULL)
		e = gate_zonemd_end(g->zonemd, g->policy.zonemd ==
		    GATE_REQUIRE, &f->zonemd_reason, f->zonemd_text,
		    sizeof(f->zonemd_text));
	if (e == OK && g->dnssec != NULL) {
		gate_dnssec_end(g->dnssec, &f->dnssec_reason, f->dnssec_text,
		    sizeof(f->dnssec_text));
		g->n_verified = gate_dnssec_verified(g->dnssec);
	}
	if (e != OK)
		return e;
	gate_judge(&g->policy, f, &g->verdict);
	if (g->verdict.reason == NULL)
		return OK;
	if (g->accepted && digest_equal(&g->accepted_digest,
	    &g->version->root_digest)) {
		/* The walk may have ended at the fault. */
		for (size_t i = 0; i < g->version->pages.n; i++)
			g->version->pages.row[i].signed_keys = 0;
		g->verdict.reason = NULL;
		return OK;
	}
	return note_hold(g, db);
}

static bool
wants(const struct gate_run *g, enum gate_run_step step)
{
	switch (step) {
	case GATE_RUN_NAMES:
		return g->policy.removed_percent_max >= 0 && !g->facts.first;
	case GATE_RUN_ZONEMD:
		return g->zonemd != NULL && gate_zonemd_wants(g->zonemd);
	case GATE_RUN_NSEC3:
	case GATE_RUN_SETS:
		return g->dnssec != NULL && gate_dnssec_busy(g->dnssec);
	case GATE_RUN_APEX:
	case GATE_RUN_JUDGE:
	case GATE_RUN_DONE:
		return true;
	}
	return true;
}

static enum err
take_step(struct gate_run *g, struct db *db, int64_t until_ms, bool *more)
{
	switch (g->step) {
	case GATE_RUN_APEX:
		return step_apex(g, db);
	case GATE_RUN_NAMES:
		return step_names(g, db, until_ms, more);
	case GATE_RUN_ZONEMD:
		return step_zonemd(g, db, until_ms, more);
	case GATE_RUN_NSEC3:
		return step_tree(g, db, until_ms, OWNERKEY_TREE_NSEC3, more);
	case GATE_RUN_SETS:
		return step_tree(g, db, until_ms, OWNERKEY_TREE_NORMAL, more);
	case GATE_RUN_JUDGE:
		return step_judge(g, db);
	case GATE_RUN_DONE:
		break;
	}
	return OK;
}

/* From the start: half a walk cannot be taken up after an error. */
static void
begin_again(struct gate_run *g)
{
	gate_run_fini(g);
	memset(&g->facts, 0, sizeof(g->facts));
	g->seen_row = NULL;
	g->step = GATE_RUN_APEX;
}

enum err
gate_run_slice(struct crew_job *job, struct db *db)
{
	struct gate_run *g = CONTAINER_OF(job, struct gate_run, job);
	int64_t start = now_mono_ms();
	enum err e = OK;

	while (e == OK && g->step != GATE_RUN_DONE) {
		bool more = false;

		if (wants(g, g->step))
			e = take_step(g, db, start + GATE_RUN_SLICE_MS,
			    &more);
		if (e != OK || more)
			break;
		g->step++;
	}
	g->ms += now_mono_ms() - start;
	if (e != OK)
		begin_again(g);
	if (err_class(e) == ERR_CLASS_FAIL)
		log_err("gate.failed", "err=%s sqlstate=%s why=%s",
		    err_name(e), db_sqlstate(db), LOG_Q(db_error(db)));
	return e;
}

void
gate_run_fini(struct gate_run *g)
{
	end_walks(g);
	gate_zonemd_free(g->zonemd);
	gate_dnssec_free(g->dnssec);
	g->zonemd = NULL;
	g->dnssec = NULL;
}
