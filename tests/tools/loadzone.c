/*
 * loadzone.c - put versions of zones into PostgreSQL as xferd would, for tests
 * and benchmarks of dnsd.
 *
 *	loadzone CONNINFO zone APEX FILE [EXPIRE_S]
 *		zone text (absolute, or relative to APEX) as the next
 *		generation; creates tenant and claim when missing
 *	loadzone CONNINFO many COUNT SERIAL
 *		COUNT zones zN.many.test. of 9 records each
 *	loadzone CONNINFO big APEX COUNT SERIAL
 *		a zone of COUNT delegations
 *	loadzone CONNINFO refresh APEX EXPIRE_S
 *	loadzone CONNINFO delete APEX
 *
 * Prints "generation pages_written pages" for each zone but those of many.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/now.h"
#include "common/db/db.h"
#include "common/db/db_tx.h"
#include "common/dns/dname.h"
#include "common/dns/tree.h"
#include "common/dns/zonediff.h"
#include "tests/lib/testcache.h"

#define MUST(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "loadzone:%d: %s: %s\n", __LINE__, \
			    #expr, db == NULL ? "" : db_error(db)); \
			exit(1); \
		} \
	} while (0)

enum { SOA = 6, GROUP = 500 };

#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

STMT(tenant_add, 0, "INSERT INTO tenant (name) VALUES ('loadzone')"
    " ON CONFLICT (name) DO NOTHING");
STMT(zone_add, 2, "INSERT INTO zone (tenant_id, name, apex, state)"
    " SELECT id, $1, $2, 'active' FROM tenant WHERE name = 'loadzone'"
    " ON CONFLICT DO NOTHING");
STMT(zone_get, 1, "SELECT s.zone_id, s.tenant_id, s.generation"
    " FROM zone z JOIN zone_state s ON s.zone_id = z.id"
    " WHERE z.apex = $1 AND z.deleted_at IS NULL FOR UPDATE OF s");
STMT(page_list, 1, "SELECT low_key, high_key, record_count, digest"
    " FROM zone_page WHERE zone_id = $1 AND to_generation IS NULL"
    " ORDER BY low_key");
STMT(node_list, 2, "SELECT low_key, digest FROM zone_node WHERE zone_id = $1"
    " AND level = $2 AND to_generation IS NULL ORDER BY low_key");
STMT(page_close, 3, "UPDATE zone_page SET to_generation = $3"
    " WHERE zone_id = $1 AND low_key = $2 AND to_generation IS NULL");
STMT(page_add, 8, "INSERT INTO zone_page (zone_id, tenant_id, low_key,"
    " high_key, from_generation, record_count, digest, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
STMT(node_close, 4, "UPDATE zone_node SET to_generation = $4"
    " WHERE zone_id = $1 AND level = $2 AND low_key = $3"
    " AND to_generation IS NULL");
STMT(node_add, 8, "INSERT INTO zone_node (zone_id, tenant_id, level, low_key,"
    " high_key, from_generation, digest, children)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
STMT(publish, 9, "UPDATE zone_state SET generation = $2, serial = $3,"
    " soa = $4, root_level = $5, root_digest = $6, record_count = $7,"
    " page_count = $8, loaded_at = now(), checked_at = now(),"
    " expires_at = now() + $9 * interval '1 second' WHERE zone_id = $1");
STMT(hint, 0, "SELECT pg_notify('understudy_feed', '')");
STMT(refresh, 2, "INSERT INTO refresh_batch (checked_at, zone_ids,"
    " expires_at) SELECT clock_timestamp(), ARRAY[zone_id],"
    " ARRAY[now() + $2 * interval '1 second'] FROM zone_state"
    " WHERE apex = $1 AND state <> 'deleted'");
STMT(delete, 1, "UPDATE zone SET deleted_at = now() WHERE apex = $1"
    " AND deleted_at IS NULL");

static struct db *db;

struct leaf {
	struct zonediff_leaf z;
	uint8_t low[OWNERKEY_MAX], high[OWNERKEY_MAX];
	uint8_t *body;
};

struct node {
	unsigned level;
	uint8_t low[OWNERKEY_MAX], high[OWNERKEY_MAX];
	uint16_t low_len, high_len;
	struct digest digest;
	uint8_t *bytes;
	size_t len;
};

struct version {
	uint8_t id[16], tenant[16];
	int64_t generation;		/* the new one */
	const struct testcache_zone *zone;
	size_t at;			/* next record */
	/* old */
	struct leaf *old;
	struct zonediff_leaf *old_z;
	bool *kept;
	size_t n_old;
	struct tree_ref *old_node[TREE_LEVELS_MAX];
	bool *old_node_kept[TREE_LEVELS_MAX];
	struct tree_old levels[TREE_LEVELS_MAX];
	struct db_rows *rows[TREE_LEVELS_MAX];
	/* new */
	struct leaf *leaf;
	size_t n_leaves, cap, n_written;
	struct node *node;
	size_t n_nodes, node_cap;
};

static struct db_param
key(const uint8_t *p, size_t len)
{
	return len == 0 ? db_null() : db_bytes(p, len);
}

static void
run(const struct db_stmt *s, const struct db_param *p, size_t n)
{
	MUST(db_exec(db, s, p, n, NULL) == OK);
}

static enum err
on_next(void *arg, struct zonediff_record *out, bool *out_end)
{
	struct version *v = arg;
	const struct testcache_record *r;

	*out_end = v->at == v->zone->n_records;
	if (*out_end)
		return OK;
	r = &v->zone->records[v->at++];
	*out = (struct zonediff_record){
		.key = r->key->bytes, .key_len = r->key->len,
		.rdata = r->rdata, .rdlen = r->rdlen, .ttl = r->ttl,
		.type = r->type,
	};
	return OK;
}

static enum err
on_leaf(void *arg, const struct zonediff_leaf *z)
{
	struct version *v = arg;
	struct leaf *l;

	if (v->n_leaves == v->cap) {
		v->cap = v->cap == 0 ? 64 : v->cap * 2;
		v->leaf = realloc(v->leaf, v->cap * sizeof(*v->leaf));
		MUST(v->leaf != NULL);
	}
	l = &v->leaf[v->n_leaves++];
	l->z = *z;
	l->body = NULL;
	memcpy(l->low, z->low, z->low_len);
	if (z->high != NULL)
		memcpy(l->high, z->high, z->high_len);
	if (z->kept) {
		v->kept[z->old_index] = true;
		return OK;
	}
	l->body = malloc(z->body_len);
	MUST(l->body != NULL);
	memcpy(l->body, z->body, z->body_len);
	v->n_written++;
	return OK;
}

static enum err
on_node(void *arg, const struct tree_node *t)
{
	struct version *v = arg;
	struct node *n;

	if (t->kept) {
		v->old_node_kept[t->level - 1][t->old_index] = true;
		return OK;
	}
	if (v->n_nodes == v->node_cap) {
		v->node_cap = v->node_cap == 0 ? 16 : v->node_cap * 2;
		v->node = realloc(v->node, v->node_cap * sizeof(*v->node));
		MUST(v->node != NULL);
	}
	n = &v->node[v->n_nodes++];
	memset(n, 0, sizeof(*n));
	n->level = t->level;
	memcpy(n->low, t->low, n->low_len = t->low_len);
	if (t->high != NULL)
		memcpy(n->high, t->high, n->high_len = t->high_len);
	n->digest = t->digest;
	n->len = t->len;
	n->bytes = malloc(t->len);
	MUST(n->bytes != NULL);
	memcpy(n->bytes, t->bytes, t->len);
	return OK;
}

static void
old_read(struct version *v)
{
	struct db_rows *rows;
	const uint8_t *p;
	size_t len;

	MUST(db_exec(db, &page_list, DB_PARAMS(db_uuid(v->id)), &rows) == OK);
	v->n_old = db_rows_n(rows);
	v->old = calloc(v->n_old + 1, sizeof(*v->old));
	v->old_z = calloc(v->n_old + 1, sizeof(*v->old_z));
	v->kept = calloc(v->n_old + 1, sizeof(*v->kept));
	for (size_t i = 0; i < v->n_old; i++) {
		struct leaf *l = &v->old[i];

		p = db_get_bytes(rows, i, 0, &len);
		memcpy(l->low, p, l->z.low_len = (uint16_t)len);
		l->z.low = l->low;
		if (!db_is_null(rows, i, 1)) {
			p = db_get_bytes(rows, i, 1, &len);
			memcpy(l->high, p, l->z.high_len = (uint16_t)len);
			l->z.high = l->high;
		}
		l->z.n_records = (uint32_t)db_get_i64(rows, i, 2);
		p = db_get_bytes(rows, i, 3, &len);
		memcpy(&l->z.digest, p, DIGEST_SIZE);
		v->old_z[i] = l->z;
	}
	db_rows_free(rows);
	for (int level = 1; level <= TREE_LEVELS_MAX; level++) {
		struct tree_ref *refs;

		MUST(db_exec(db, &node_list, DB_PARAMS(db_uuid(v->id),
		    db_i64(level)), &rows) == OK);
		refs = calloc(db_rows_n(rows) + 1, sizeof(*refs));
		for (size_t i = 0; i < db_rows_n(rows); i++) {
			refs[i].low = db_get_bytes(rows, i, 0, &len);
			refs[i].low_len = (uint16_t)len;
			p = db_get_bytes(rows, i, 1, &len);
			memcpy(&refs[i].digest, p, DIGEST_SIZE);
		}
		v->rows[level - 1] = rows;
		v->old_node[level - 1] = refs;
		v->old_node_kept[level - 1] = calloc(db_rows_n(rows) + 1, 1);
		v->levels[level - 1] = (struct tree_old){ refs,
		    db_rows_n(rows) };
	}
}

static void
rows_write(struct version *v)
{
	for (size_t i = 0; i < v->n_old; i++)
		if (!v->kept[i])
			run(&page_close, DB_PARAMS(db_uuid(v->id),
			    db_bytes(v->old[i].low, v->old[i].z.low_len),
			    db_i64(v->generation)));
	for (int l = 0; l < TREE_LEVELS_MAX; l++)
		for (size_t i = 0; i < v->levels[l].n; i++)
			if (!v->old_node_kept[l][i])
				run(&node_close, DB_PARAMS(db_uuid(v->id),
				    db_i64(l + 1), db_bytes(
				    v->old_node[l][i].low,
				    v->old_node[l][i].low_len),
				    db_i64(v->generation)));
	for (size_t i = 0; i < v->n_leaves; i++) {
		struct leaf *l = &v->leaf[i];

		if (l->body == NULL)
			continue;
		run(&page_add, DB_PARAMS(db_uuid(v->id), db_uuid(v->tenant),
		    db_bytes(l->low, l->z.low_len), key(l->high,
		    l->z.high == NULL ? 0 : l->z.high_len),
		    db_i64(v->generation), db_i64(l->z.n_records),
		    db_bytes(&l->z.digest, DIGEST_SIZE),
		    db_bytes(l->body, l->z.body_len)));
		free(l->body);
	}
	for (size_t i = 0; i < v->n_nodes; i++) {
		struct node *n = &v->node[i];

		run(&node_add, DB_PARAMS(db_uuid(v->id), db_uuid(v->tenant),
		    db_i64(n->level), db_bytes(n->low, n->low_len),
		    key(n->high, n->high_len), db_i64(v->generation),
		    db_bytes(&n->digest, DIGEST_SIZE),
		    db_bytes(n->bytes, n->len)));
		free(n->bytes);
	}
}

static int
by_key(const void *a, const void *b)
{
	const struct testcache_record *x = a, *y = b;

	return ownerkey_compare(x->key->bytes, x->key->len, y->key->bytes,
	    y->key->len);
}

/* In a transaction of the caller's. */
static void
version_store(struct testcache_zone *z, int64_t expire_s, bool say)
{
	struct version v = { .zone = z };
	struct zonediff_io io = {
		.arg = &v, .next = on_next, .leaf = on_leaf,
	};
	struct zonediff_result result;
	struct tree_ref *refs;
	struct tree_root root;
	const struct testcache_record *soa = NULL;
	struct db_rows *rows;
	char name[DNAME_TEXT_MAX];
	size_t apex_len = dname_len(z->apex);
	uint32_t serial;

	dname_print(z->apex, name);
	if (strlen(name) > 1)
		name[strlen(name) - 1] = '\0';
	MUST(db_exec(db, &zone_get, DB_PARAMS(db_bytes(z->apex, apex_len)),
	    &rows) == OK);
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		run(&zone_add, DB_PARAMS(db_text(name),
		    db_bytes(z->apex, apex_len)));
		MUST(db_exec(db, &zone_get, DB_PARAMS(db_bytes(z->apex,
		    apex_len)), &rows) == OK);
	}
	MUST(db_rows_n(rows) == 1);
	db_get_uuid(rows, 0, 0, v.id);
	db_get_uuid(rows, 0, 1, v.tenant);
	v.generation = db_get_i64(rows, 0, 2) + 1;
	db_rows_free(rows);

	qsort(z->records, z->n_records, sizeof(*z->records), by_key);
	for (size_t i = 0; i < z->n_records; i++)
		if (z->records[i].type == SOA && z->records[i].key->len == 1)
			soa = &z->records[i];
	MUST(soa != NULL);
	serial = (uint32_t)soa->rdata[soa->rdlen - 20] << 24 |
	    (uint32_t)soa->rdata[soa->rdlen - 19] << 16 |
	    (uint32_t)soa->rdata[soa->rdlen - 18] << 8 |
	    soa->rdata[soa->rdlen - 17];
	old_read(&v);
	io.old = v.old_z;
	io.n_old = v.n_old;
	MUST(zonediff_full(&io, &result) == OK);
	refs = calloc(v.n_leaves, sizeof(*refs));
	for (size_t i = 0; i < v.n_leaves; i++)
		refs[i] = (struct tree_ref){ v.leaf[i].low,
		    v.leaf[i].z.low_len, v.leaf[i].z.digest };
	MUST(tree_build(refs, v.n_leaves, v.levels, on_node, &v, &root) ==
	    OK);
	rows_write(&v);
	run(&publish, DB_PARAMS(db_uuid(v.id), db_i64(v.generation),
	    db_i64(serial), db_bytes(soa->rdata, soa->rdlen),
	    db_i64(root.level), db_bytes(&root.digest, DIGEST_SIZE),
	    db_i64((int64_t)result.n_records), db_i64((int64_t)v.n_leaves),
	    db_i64(expire_s)));
	if (say)
		printf("%" PRId64 " %zu %zu\n", v.generation, v.n_written,
		    v.n_leaves);
	for (int l = 0; l < TREE_LEVELS_MAX; l++) {
		db_rows_free(v.rows[l]);
		free(v.old_node[l]);
		free(v.old_node_kept[l]);
	}
	free(refs);
	free(v.leaf);
	free(v.node);
	free(v.old);
	free(v.old_z);
	free(v.kept);
}

static void
commit_one(struct testcache_zone *z, int64_t expire_s)
{
	MUST(db_tx_begin(db, DB_TX_WRITE) == OK);
	version_store(z, expire_s, true);
	run(&hint, DB_NO_PARAMS);
	MUST(db_tx_commit(db) == OK);
}

static void
add_text(struct testcache_zone *z, const char *owner, uint16_t type,
    const uint8_t *rdata, size_t len)
{
	uint8_t wire[256];
	size_t n;

	MUST(dname_parse(owner, strlen(owner), wire, &n) == OK);
	testcache_add_record(z, wire, type, 3600, rdata, len);
}

static size_t
name_rdata(const char *text, uint8_t *out)
{
	size_t n;

	MUST(dname_parse(text, strlen(text), out, &n) == OK);
	return n;
}

static void
add_top(struct testcache_zone *z, const char *apex, uint32_t serial)
{
	uint8_t rdata[600];
	char text[300];
	size_t n;

	snprintf(text, sizeof(text), "ns1.%s", apex);
	n = name_rdata(text, rdata);
	add_text(z, apex, 2, rdata, n);
	n += name_rdata("hostmaster.example.", rdata + n);
	memcpy(rdata + n, (uint8_t[]){ (uint8_t)(serial >> 24),
	    (uint8_t)(serial >> 16), (uint8_t)(serial >> 8),
	    (uint8_t)serial, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128,
	    0, 0, 1, 44 }, 20);
	add_text(z, apex, SOA, rdata, n + 20);
	add_text(z, text, 1, (uint8_t[]){ 192, 0, 2, 1 }, 4);
}

static void
many(size_t count, uint32_t serial)
{
	char apex[64], name[80];
	struct testcache_zone *z;
	struct testcache c;
	uint8_t rdata[300];
	size_t n;

	for (size_t i = 0; i < count; i += GROUP) {
		MUST(db_tx_begin(db, DB_TX_WRITE) == OK);
		for (size_t k = i; k < i + GROUP && k < count; k++) {
			testcache_init(&c, 1 << 20);
			snprintf(apex, sizeof(apex), "z%zu.many.test.", k);
			z = testcache_add(&c, apex);
			add_top(z, apex, serial);
			for (int h = 0; h < 4; h++) {
				snprintf(name, sizeof(name), "h%d.%s", h,
				    apex);
				add_text(z, name, 1, (uint8_t[]){ 198, 51,
				    (uint8_t)(k >> 8), (uint8_t)k }, 4);
			}
			memcpy(rdata, "\0\x0a", 2);
			n = name_rdata(name, rdata + 2);
			add_text(z, apex, 15, rdata, n + 2);
			add_text(z, apex, 16, (const uint8_t *)"\x04text", 5);
			version_store(z, 604800, false);
			testcache_fini(&c);
		}
		run(&hint, DB_NO_PARAMS);
		MUST(db_tx_commit(db) == OK);
	}
}

static void
big(const char *apex, size_t count, uint32_t serial)
{
	struct testcache_zone *z;
	struct testcache c;
	uint8_t rdata[300];
	char name[300];
	size_t n;

	testcache_init(&c, 1 << 20);
	z = testcache_add(&c, apex);
	add_top(z, apex, serial);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "ns%zu.provider.example.",
		    i % 997);
		n = name_rdata(name, rdata);
		snprintf(name, sizeof(name), "d%zu.%s", i, apex);
		add_text(z, name, 2, rdata, n);
	}
	commit_one(z, 604800);
	testcache_fini(&c);
}

int
main(int argc, char **argv)
{
	struct db_conf conf = { .program = "loadzone", .prepare = true };
	struct testcache c;
	char why[256] = "";
	uint8_t apex[256];
	size_t len;
	FILE *f;

	if (argc < 4) {
		fprintf(stderr, "usage: see the top of loadzone.c\n");
		return 64;
	}
	conf.conninfo = argv[1];
	if (db_open(&conf, &db, why, sizeof(why)) != OK) {
		fprintf(stderr, "loadzone: %s\n", why);
		return 1;
	}
	run(&tenant_add, DB_NO_PARAMS);
	if (strcmp(argv[2], "zone") == 0 && argc >= 5) {
		f = strcmp(argv[4], "-") == 0 ? stdin : fopen(argv[4], "r");
		MUST(f != NULL);
		testcache_init(&c, 1 << 20);
		commit_one(testcache_add_file(&c, argv[3], f),
		    argc > 5 ? atoll(argv[5]) : 604800);
		testcache_fini(&c);
	} else if (strcmp(argv[2], "many") == 0 && argc == 5) {
		many(strtoul(argv[3], NULL, 10),
		    (uint32_t)strtoul(argv[4], NULL, 10));
	} else if (strcmp(argv[2], "big") == 0 && argc == 6) {
		big(argv[3], strtoul(argv[4], NULL, 10),
		    (uint32_t)strtoul(argv[5], NULL, 10));
	} else {
		MUST(dname_parse(argv[3], strlen(argv[3]), apex, &len) == OK);
		if (strcmp(argv[2], "refresh") == 0 && argc == 5)
			run(&refresh, DB_PARAMS(db_bytes(apex, len),
			    db_i64(atoll(argv[4]))));
		else if (strcmp(argv[2], "delete") == 0)
			run(&delete, DB_PARAMS(db_bytes(apex, len)));
		else
			return 64;
		run(&hint, DB_NO_PARAMS);
	}
	db_close(db);
	return 0;
}
