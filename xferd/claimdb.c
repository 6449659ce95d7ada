/*
 * claimdb.c - claims that are due to be looked at, and what came of the look.
 */
#include "xferd/claimdb.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/db/db.h"
#include "xferd/keepsql.h"

enum {
	SETS_MAX = 256,			/* nameserver_set_no_ck */
	ARRAY_MAX = 64 << 10,
};

/* ---- reading ---- */

static void
take_address(struct claimdb_pool *p, struct db_rows *rows, size_t row)
{
	uint8_t address[16] = { 0 }, family, prefix;
	uint8_t *to;

	if (p->n_addresses == CLAIM_ADDRESSES_MAX)
		return;
	db_get_inet(rows, row, 2, address, &family, &prefix);
	to = p->address[p->n_addresses++];
	memset(to, 0, 16);
	if (family == 6) {
		memcpy(to, address, 16);
		return;
	}
	to[10] = to[11] = 0xff;
	memcpy(to + 12, address, 4);
}

static enum err
read_pool(struct db *db, struct claimdb_pool **out)
{
	struct claimdb_pool *p = calloc(1, sizeof(*p));
	struct db_rows *rows = NULL;
	enum err e;

	if (p == NULL)
		return ERR_NO_MEMORY;
	e = db_exec(db, KEEPSQL(claim_pool), DB_NO_PARAMS, &rows);
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		size_t len;
		const uint8_t *wire = db_get_bytes(rows, i, 0, &len);
		struct claim_host *h = &p->host[p->n_hosts];

		take_address(p, rows, i);
		if (p->n_hosts > 0 && h[-1].len == len &&
		    memcmp(h[-1].wire, wire, len) == 0)
			continue;	/* another address of the same */
		if (p->n_hosts == CLAIM_HOSTS_MAX || len == 0 ||
		    len > SIGHTING_NAME_MAX)
			continue;
		h->len = (uint8_t)len;
		memcpy(h->wire, wire, len);
		p->set_no[p->n_hosts++] = (int)db_get_i64_or(rows, i, 1, -1);
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	db_rows_free(rows);
	if (e != OK) {
		free(p);
		return e;
	}
	*out = p;
	return OK;
}

static int64_t
moment(struct db_rows *rows, size_t row, int col)
{
	return db_get_time_ms_or(rows, row, col, 0);
}

static bool
read_facts(struct db_rows *rows, size_t i, struct claimdb_claim *c)
{
	struct claim_facts *f = &c->facts;

	if (!claim_state_parse(db_get_text(rows, i, 4), &f->state))
		return false;
	f->preview = db_get_bool(rows, i, 5);
	f->has_set = !db_is_null(rows, i, 6);
	f->proof = claim_proof_parse(db_get_text(rows, i, 8));
	f->returned = db_get_bool(rows, i, 9);
	f->opened_ms = moment(rows, i, 10);
	f->unproven_ms = moment(rows, i, 11);
	f->clear_ms = moment(rows, i, 12);
	f->txt_until_ms = moment(rows, i, 13);
	f->loss_at_ms = moment(rows, i, 14);
	f->lost_ms = db_get_i64(rows, i, 15);
	f->alone = db_get_bool(rows, i, 16);
	f->blocked = db_get_bool(rows, i, 17);
	memcpy(&f->spread, c->zone_id, sizeof(f->spread));
	return true;
}

static struct claimdb_claim *
read_claim(struct db_rows *rows, size_t i)
{
	struct claimdb_claim *c = calloc(1, sizeof(*c));
	struct db_items items;
	const uint8_t *bytes;
	const char *token;
	size_t len;

	if (c == NULL)
		return NULL;
	db_get_uuid(rows, i, 0, c->zone_id);
	db_get_uuid(rows, i, 1, c->tenant_id);
	c->name = strdup(db_get_text(rows, i, 2));
	bytes = db_get_bytes(rows, i, 3, &len);
	if (len > 0 && len <= sizeof(c->apex)) {
		memcpy(c->apex, bytes, len);
		c->apex_len = (uint8_t)len;
	}
	c->set_no = (int)db_get_i64_or(rows, i, 6, -1);
	token = db_get_text(rows, i, 7);
	len = MIN(strlen(token), (size_t)CLAIM_TOKEN_MAX);
	memcpy(c->token, token, len);
	if (!db_is_null(rows, i, 18)) {
		db_get_items(rows, i, 18, &items);
		while (db_items_next(&items, &bytes, &len)) {
			/* bigint, big endian, 0 to 255 */
			if (bytes != NULL && len == 8)
				c->others[bytes[7] / 64] |=
				    UINT64_C(1) << bytes[7] % 64;
		}
	}
	if (!read_facts(rows, i, c) || c->name == NULL || c->apex_len == 0) {
		claimdb_free(c);
		return NULL;
	}
	return c;
}

enum err
claimdb_take(struct db *db, const uint8_t owner[16], size_t max,
    struct claimdb_claim **out_list)
{
	struct claimdb_claim *list = NULL, **tail = &list;
	struct claimdb_pool *pool = NULL;
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, KEEPSQL(claim_take), DB_PARAMS(db_uuid(owner),
	    db_i64(CLAIMDB_LEASE_MS), db_i64((int64_t)MIN(max,
	    (size_t)CLAIMDB_BATCH))), &rows);
	if (e == OK && db_rows_n(rows) > 0)
		e = read_pool(db, &pool);
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		struct claimdb_claim *c = read_claim(rows, i);

		if (c == NULL) {
			e = ERR_NO_MEMORY;
			break;
		}
		memcpy(c->owner, owner, 16);
		c->pool = pool;
		pool->refs++;
		*tail = c;
		tail = &c->next;
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	db_rows_free(rows);
	if (e != OK) {
		if (pool != NULL && pool->refs == 0)
			free(pool);
		while (list != NULL) {
			struct claimdb_claim *c = list;

			list = c->next;
			claimdb_free(c);
		}
		return e;
	}
	*out_list = list;
	return OK;
}

void
claimdb_free(struct claimdb_claim *c)
{
	if (c == NULL)
		return;
	if (c->pool != NULL && --c->pool->refs == 0)
		free(c->pool);
	free(c->name);
	free(c);
}

/* ---- writing ---- */

/* The pool as this claim sees it: whose is which name? */
static struct claim_host *
copy_hosts(const struct claimdb_claim *c)
{
	size_t n = c->pool->n_hosts;
	struct claim_host *hosts = calloc(n + 1, sizeof(*hosts));

	if (hosts == NULL)
		return NULL;
	memcpy(hosts, c->pool->host, n * sizeof(*hosts));
	for (size_t i = 0; i < n; i++) {
		int set = c->pool->set_no[i];

		if (set < 0 || set >= SETS_MAX)
			hosts[i].whose = CLAIM_HOST_FREE;
		else if (set == c->set_no)
			hosts[i].whose = CLAIM_HOST_MINE;
		else if ((c->others[set / 64] >> set % 64 & 1) != 0)
			hosts[i].whose = CLAIM_HOST_OTHERS;
	}
	return hosts;
}

/* Sets of which the parent lists a name: no claim gets them now. */
static void
add_listed_sets(const struct claimdb_claim *c, const struct sighting *s,
    struct db_array *sets)
{
	for (size_t k = 0; k < c->pool->n_hosts; k++) {
		const struct claim_host *h = &c->pool->host[k];

		for (size_t i = 0; i < s->n_names && i < SIGHTING_NAMES_MAX &&
		    c->pool->set_no[k] >= 0; i++) {
			if (h->len == s->name[i].len && memcmp(h->wire,
			    s->name[i].wire, h->len) == 0)
				db_array_add_i64(sets, c->pool->set_no[k]);
		}
	}
}

static const struct {
	unsigned event;
	const char *kind, *message;
} events[] = {
	{ CLAIM_EVENT_PROVEN, "claim-proven",
	  "the claim is proven: the zone is answered" },
	{ CLAIM_EVENT_RESTORED, "claim-restored",
	  "the parent lists our name servers again, or the TXT record is "
	  "there: the claim is proven as before" },
	{ CLAIM_EVENT_WARNED, "claim-warned",
	  "no server of the parent lists our name servers any more: the zone "
	  "is answered for seven days from now, then it is suspended; add the "
	  "name servers again at the registrar, or delete the zone here" },
	{ CLAIM_EVENT_SUSPENDED, "claim-suspended",
	  "for seven days no server of the parent listed our name servers: "
	  "the zone is no longer answered" },
	{ CLAIM_EVENT_LAPSED, "claim-lapsed",
	  "the claim stayed unproven for 28 days: it is no longer looked at, "
	  "and the zone is no longer transferred" },
	{ CLAIM_EVENT_PREVIEW, "claim-preview",
	  "the zone is answered for a look by the name servers of the claim, "
	  "until it is proven or lapses" },
	{ CLAIM_EVENT_PREVIEW_OVER, "claim-preview-over",
	  "the zone is no longer answered before it is proven: the parent "
	  "lists name servers of ours, or another claim stands there" },
};

static void
add_events(unsigned bits, struct db_array *kinds, struct db_array *messages)
{
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if ((bits & events[i].event) == 0)
			continue;
		db_array_add(kinds, events[i].kind, strlen(events[i].kind));
		db_array_add(messages, events[i].message,
		    strlen(events[i].message));
	}
}

static struct db_param
when(int64_t ms)
{
	return db_if(ms != 0, db_time_ms(ms));
}

static enum err
store(struct db *db, const struct claimdb_claim *c, const struct claim_next *n,
    struct db_array sets[3], const char *text, int64_t now_ms)
{
	const struct claim_facts *f = &n->facts;
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, KEEPSQL(claim_put), DB_PARAMS(db_uuid(c->zone_id),
	    db_uuid(c->owner), db_text(claim_state_name(c->facts.state)),
	    db_if(c->set_no >= 0, db_i64(c->set_no)),
	    db_text(claim_state_name(f->state)),
	    db_text(claim_proof_name(f->proof)), db_bool(f->preview),
	    when(f->clear_ms), when(f->txt_until_ms), when(f->loss_at_ms),
	    db_i64(f->lost_ms), when(f->unproven_ms), db_bool(n->wants_set),
	    db_bool(n->displaces), db_array_param(&sets[0]),
	    db_text(claim_seen_name(n->seen)), db_i64(n->missing),
	    db_text(text), db_if(n->check_ms != INT64_MAX,
	    db_i64(n->check_ms - now_ms)), db_array_param(&sets[1]),
	    db_array_param(&sets[2])), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) > 0)
		log_info("claim.looked", "zone=%s seen=%s was=%s state=%s "
		    "proof=%s result=%s", c->name, claim_seen_name(n->seen),
		    claim_state_name(c->facts.state),
		    claim_state_name(f->state), claim_proof_name(f->proof),
		    db_get_text(rows, 0, 0));
	db_rows_free(rows);
	return OK;
}

enum err
claimdb_put(struct db *db, const struct claimdb_claim *c,
    const struct sighting *s, int64_t now_ms)
{
	struct claim_host *hosts = copy_hosts(c);
	struct claim_pool pool = { .n_hosts = c->pool->n_hosts, .host = hosts,
		.n_addresses = c->pool->n_addresses,
		.address = (const uint8_t (*)[16])c->pool->address };
	struct db_array arrays[3];
	struct claim_next next;
	struct buf text;
	enum err e;

	if (hosts == NULL)
		return ERR_NO_MEMORY;
	claim_step(&pool, &c->facts, s, now_ms, &next);
	buf_init(&text, SIGHTING_TEXT_MAX + 1024);
	db_array_init(&arrays[0], DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&arrays[1], DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&arrays[2], DB_ARRAY_TEXT, ARRAY_MAX);
	add_listed_sets(c, s, &arrays[0]);
	add_events(next.events, &arrays[1], &arrays[2]);
	e = sighting_print(s, &text);
	if (e == OK)
		e = store(db, c, &next, arrays, buf_cstr(&text), now_ms);
	for (size_t i = 0; i < COUNT_OF(arrays); i++)
		db_array_fini(&arrays[i]);
	buf_fini(&text);
	free(hosts);
	return e;
}

enum err
claimdb_prune(struct db *db)
{
	return db_exec(db, KEEPSQL(claim_prune), DB_NO_PARAMS, NULL);
}
