/*
 * claimlives.c - random lives of claims against the real schema and the real
 * judge: several tenants make, prove, lose and delete claims on a few names.
 *
 *	claimlives CONNINFO SEED STEPS [-v]
 *		the pool of name servers is in the database already
 *
 * A world beside it knows the truth: who may change a name's parent, what the
 * parent lists, who put it there, and for which tenant.  After each step:
 *
 *	1. no two claims on a name are served at one stripe;
 *	2. a claim that became active was made so by the one who may change the
 *	   parent, after the claim's names were told;
 *	3. where the parent leads to, nobody is previewed but whom it was
 *	   changed for.
 *
 * Prints "N steps, N wins, N losses, N previews, N takeovers".  Exits 1 when
 * one of the three does not hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/now.h"
#include "common/db/db.h"
#include "common/dns/dname.h"
#include "xferd/claimdb.h"

#define MUST(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "claimlives:%d: %s: %s\n", __LINE__, \
			    #expr, db_error(db)); \
			exit(1); \
		} \
	} while (0)
#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

enum { TENANTS = 5, NAMES = 6, HOSTS_MAX = 16, TXT_ALL = 1 << TENANTS };

/* Same name, child, grandchild, sibling, parent: all ways to conflict. */
static const char *const names[NAMES] = {
	"a.test", "b.a.test", "c.b.a.test", "d.a.test", "e.test", "f.e.test",
};

STMT(tenant_add, 1, "INSERT INTO tenant (name) VALUES ($1) RETURNING id");
STMT(tenant_set, 1, "SELECT set_config('understudy.tenant', $1::text, false)");
STMT(zone_add, 3, "INSERT INTO zone (tenant_id, name, apex, state)"
    " VALUES ($1, $2, $3, 'pending') ON CONFLICT DO NOTHING RETURNING id");
STMT(claim_open, 1, "SELECT claim_open(ARRAY[$1::uuid])");
STMT(claim_reopen, 1, "SELECT claim_reopen($1)");
STMT(zone_end, 1, "UPDATE zone SET deleted_at = now() WHERE id = $1");
STMT(zone_purge, 0, "DELETE FROM zone WHERE deleted_at IS NOT NULL");
STMT(all_due, 1, "UPDATE claim SET check_at = now() WHERE zone_id = $1");
STMT(pool, 0, "SELECT host, set_no, stripe FROM nameserver"
    " WHERE set_no IS NOT NULL ORDER BY host");
STMT(claim_now, 1, "SELECT z.state, z.preview, z.stripes,"
    " coalesce(c.set_no, -1)::bigint, c.token, c.proof FROM zone z"
    " JOIN claim c ON c.zone_id = z.id WHERE z.id = $1");
STMT(claims_now, 0, "SELECT z.id, z.state, z.preview, z.stripes, c.proof"
    " FROM zone z JOIN claim c ON c.zone_id = z.id");
STMT(pass_time, 1, "UPDATE claim SET opened_at = opened_at - $1 *"
    " interval '1 hour', unproven_at = unproven_at - $1 * interval '1 hour',"
    " txt_until = txt_until - $1 * interval '1 hour', loss_at = loss_at"
    " - $1 * interval '1 hour', suspended_at = suspended_at - $1 *"
    " interval '1 hour'");
STMT(pass_graves, 1, "UPDATE claim_tombstone SET until = until - $1 *"
    " interval '1 hour' WHERE until IS NOT NULL");

struct host {
	char name[64];
	int set, stripe;
};

/* One name in the world outside. */
struct place {
	int owner;			/* who may change its parent */
	uint32_t listed;		/* bits of hosts */
	bool foreign;			/* lists somebody else's servers */
	int by;				/* for whom it was changed; -1 nobody */
	int txt_by;			/* whose TXT is there, -1 */
	uint32_t told;			/* by a slow registrar: comes later */
	int told_by, told_in;
};

struct mine {
	bool made;
	uint8_t id[16];
	bool was_active;
	char token[80];
};

static struct db *db;
static struct host host[HOSTS_MAX];
static size_t n_hosts;
static struct place place[NAMES];
static struct mine mine[TENANTS][NAMES];
static char tenant[TENANTS][DB_UUID_TEXT_SIZE];
static uint8_t tenant_id[TENANTS][16];
static uint64_t rng;
static unsigned long wins, losses, previews, takeovers, looks;
static bool verbose;

static uint32_t
rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 11) % n);
}

static void
say(const char *what, int t, int n)
{
	if (verbose)
		printf("%s tenant %d %s\n", what, t, names[n]);
}

static void
wire_of(const char *text, uint8_t *wire, size_t *len)
{
	if (dname_parse(text, strlen(text), wire, len) != OK)
		abort();
}

static void
bad(const char *what, int t, int n)
{
	printf("TAKEOVER: %s: tenant %d, %s\n", what, t, names[n]);
	takeovers++;
}

static struct db_rows *
state_of(int t, int n)
{
	struct db_rows *rows = NULL;

	MUST(db_exec(db, &claim_now, DB_PARAMS(db_uuid(mine[t][n].id)),
	    &rows) == OK);
	return rows;
}

/* ---- what tenants do ---- */

static void
make(int t, int n)
{
	struct db_rows *rows = NULL;
	uint8_t wire[DNAME_MAX];
	size_t len;

	if (mine[t][n].made)
		return;
	say("make", t, n);
	wire_of(names[n], wire, &len);
	MUST(db_exec(db, &tenant_set, DB_PARAMS(db_text(tenant[t])),
	    NULL) == OK);
	MUST(db_command(db, "BEGIN") == OK);
	MUST(db_exec(db, &zone_add, DB_PARAMS(db_uuid(tenant_id[t]),
	    db_text(names[n]), db_bytes(wire, len)), &rows) == OK);
	MUST(db_rows_n(rows) == 1);
	db_get_uuid(rows, 0, 0, mine[t][n].id);
	db_rows_free(rows);
	MUST(db_exec(db, &claim_open, DB_PARAMS(db_uuid(mine[t][n].id)),
	    NULL) == OK);
	MUST(db_command(db, "COMMIT") == OK);
	mine[t][n].made = true;
	mine[t][n].was_active = false;
	rows = state_of(t, n);
	snprintf(mine[t][n].token, sizeof(mine[t][n].token), "%s",
	    db_get_text(rows, 0, 4));
	db_rows_free(rows);
}

static void
end(int t, int n)
{
	if (!mine[t][n].made)
		return;
	say("end", t, n);
	MUST(db_exec(db, &zone_end, DB_PARAMS(db_uuid(mine[t][n].id)),
	    NULL) == OK);
	mine[t][n].made = false;
	if (rnd(8) == 0)
		MUST(db_exec(db, &zone_purge, DB_NO_PARAMS, NULL) == OK);
}

/* The owner reads the names of his claim and gives them to the registrar,
 * who may be slow.  Nobody else can. */
static void
delegate(int n)
{
	struct place *p = &place[n];
	int t = p->owner;
	struct db_rows *rows;
	uint32_t bits = 0;
	int set;

	if (!mine[t][n].made)
		return;
	rows = state_of(t, n);
	set = (int)db_get_i64(rows, 0, 3);
	db_rows_free(rows);
	for (size_t i = 0; i < n_hosts; i++)
		if (set >= 0 && host[i].set == set && (bits == 0 || rnd(4)))
			bits |= UINT32_C(1) << i;
	if (bits == 0)
		return;
	say("delegate", t, n);
	p->told = bits;
	p->told_by = t;
	p->told_in = rnd(3) == 0 ? (int)rnd(30) : 0;
	p->foreign = rnd(3) == 0;
}

static void
settle(int n)
{
	struct place *p = &place[n];

	if (p->told == 0 || p->told_in-- > 0)
		return;
	p->listed = p->told;
	p->by = p->told_by;
	p->told = 0;
}

static void
undelegate(int n)
{
	struct place *p = &place[n];

	say("undelegate", p->owner, n);
	p->listed = 0;
	p->by = -1;
	p->told = 0;
	p->foreign = rnd(2) == 0;
}

static void
publish_txt(int n)
{
	struct place *p = &place[n];

	if (!mine[p->owner][n].made || p->listed != 0)
		return;
	say("txt", p->owner, n);
	p->foreign = true;
	p->txt_by = p->owner;
}

/* Sold: the old delegation dangles until the new owner does something. */
static void
sell(int n)
{
	place[n].owner = (int)rnd(TENANTS);
	place[n].told = 0;
	place[n].txt_by = -1;
	say("sell to", place[n].owner, n);
}

static void
pass(void)
{
	int64_t hours = rnd(3) == 0 ? 24 * (1 + rnd(8)) : 1 + rnd(20);

	MUST(db_exec(db, &pass_time, DB_PARAMS(db_i64(hours)), NULL) == OK);
	MUST(db_exec(db, &pass_graves, DB_PARAMS(db_i64(hours)), NULL) == OK);
}

/* ---- what is seen ---- */

static void
see(const struct claimdb_claim *c, int n, struct sighting *s)
{
	const struct place *p = &place[n];
	unsigned servers = 1 + rnd(3);

	memset(s, 0, sizeof(*s));
	s->at_ms = now_wall_ms();
	s->parents_known = rnd(20) != 0;
	for (size_t i = 0; i < n_hosts; i++) {
		size_t len;

		if ((p->listed >> i & 1) == 0)
			continue;
		wire_of(host[i].name, s->name[s->n_names].wire, &len);
		s->name[s->n_names++].len = (uint8_t)len;
	}
	if (p->foreign) {
		size_t len;

		wire_of("ns.elsewhere.test", s->name[s->n_names].wire, &len);
		s->name[s->n_names++].len = (uint8_t)len;
	}
	for (unsigned i = 0; i < servers; i++) {
		struct sighting_server *v = &s->parent[s->n_parents++];

		v->address[0] = (uint8_t)(20 + i);
		v->verdict = rnd(15) == 0 ? SIGHTING_TIMEOUT :
		    SIGHTING_ANSWERED;
		v->names = (UINT64_C(1) << s->n_names) - 1;
	}
	if (p->foreign) {
		s->n_txt = 1;
		s->txt[0].address[0] = 40;
		s->txt[0].seen = p->txt_by >= 0 && strcmp(c->token,
		    mine[p->txt_by][n].token) == 0;
	}
}

/* Did the one who may change the parent do so for this tenant? */
static bool
is_rightful(int t, int n, const char *proof)
{
	if (strcmp(proof, "txt") == 0)
		return place[n].txt_by == t;
	return place[n].by == t;
}

static void
look_at(int t, int n)
{
	static const uint8_t self[16] = { 7 };
	struct claimdb_claim *list = NULL;
	static struct sighting s;

	if (!mine[t][n].made)
		return;
	MUST(db_exec(db, &all_due, DB_PARAMS(db_uuid(mine[t][n].id)),
	    NULL) == OK);
	MUST(claimdb_take(db, self, CLAIMDB_BATCH, &list) == OK);
	while (list != NULL) {
		struct claimdb_claim *c = list;

		for (int k = 0; k < NAMES; k++) {
			if (strcmp(c->name, names[k]) != 0)
				continue;
			see(c, k, &s);
			MUST(claimdb_put(db, c, &s, now_wall_ms()) == OK);
			looks++;
		}
		list = c->next;
		claimdb_free(c);
	}
}

/* ---- what must hold ---- */

static bool
find(const uint8_t id[16], int *out_t, int *out_n)
{
	for (int t = 0; t < TENANTS; t++) {
		for (int n = 0; n < NAMES; n++) {
			if (mine[t][n].made && memcmp(mine[t][n].id, id,
			    16) == 0) {
				*out_t = t;
				*out_n = n;
				return true;
			}
		}
	}
	return false;
}

static void
check_one(struct db_rows *rows, size_t i, int t, int n, uint64_t *taken)
{
	const char *state = db_get_text(rows, i, 1);
	uint64_t stripes = (uint64_t)db_get_i64(rows, i, 3), led = 0;
	bool preview = db_get_bool(rows, i, 2);
	bool active = strcmp(state, "active") == 0 ||
	    strcmp(state, "warned") == 0;

	for (size_t k = 0; k < n_hosts; k++)
		if ((place[n].listed >> k & 1) != 0)
			led |= UINT64_C(1) << host[k].stripe;
	if ((active || preview) && (taken[n] & stripes) != 0)
		bad("two at one address", t, n);
	if (active || preview)
		taken[n] |= stripes;
	if (active && !mine[t][n].was_active) {
		wins++;
		if (!is_rightful(t, n, db_get_text(rows, i, 4)))
			bad("won by a stranger", t, n);
	}
	if (!active && mine[t][n].was_active)
		losses++;
	if (preview && (led & stripes) != 0 && place[n].by != t)
		bad("previewed where the parent leads", t, n);
	previews += preview;
	mine[t][n].was_active = active;
}

static void
check_all(void)
{
	struct db_rows *rows = NULL;
	uint64_t taken[NAMES] = { 0 };

	MUST(db_exec(db, &claims_now, DB_NO_PARAMS, &rows) == OK);
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		uint8_t id[16];
		int t, n;

		db_get_uuid(rows, i, 0, id);
		if (find(id, &t, &n))
			check_one(rows, i, t, n, taken);
	}
	db_rows_free(rows);
}

static void
act(void)
{
	int n = (int)rnd(NAMES), t = (int)rnd(TENANTS);

	switch (rnd(20)) {
	case 16: case 17: case 18: case 19:
		look_at(place[n].owner, n);
		break;
	case 0: case 1:
		make(t, n);
		break;
	case 3:
		end(t, n);
		break;
	case 2: case 4: case 5:
		make(place[n].owner, n);
		delegate(n);
		break;
	case 6:
		undelegate(n);
		break;
	case 7:
		publish_txt(n);
		break;
	case 8:
		if (rnd(3) == 0)
			sell(n);
		break;
	case 9:
		pass();
		break;
	case 10:
		if (mine[t][n].made) {
			MUST(db_exec(db, &tenant_set, DB_PARAMS(
			    db_text(tenant[t])), NULL) == OK);
			MUST(db_exec(db, &claim_reopen, DB_PARAMS(db_uuid(
			    mine[t][n].id)), NULL) == OK);
		}
		break;
	case 11: case 12:
		look_at(place[n].owner, n);
		break;
	default:
		look_at(t, n);
		break;
	}
}

static void
set_up(void)
{
	struct db_rows *rows = NULL;

	MUST(db_exec(db, &pool, DB_NO_PARAMS, &rows) == OK);
	for (size_t i = 0; i < db_rows_n(rows) && n_hosts < HOSTS_MAX; i++) {
		struct host *h = &host[n_hosts++];

		snprintf(h->name, sizeof(h->name), "%s",
		    db_get_text(rows, i, 0));
		h->set = (int)db_get_i64(rows, i, 1);
		h->stripe = (int)db_get_i64(rows, i, 2);
	}
	db_rows_free(rows);
	for (int t = 0; t < TENANTS; t++) {
		char name[64];

		rows = NULL;
		snprintf(name, sizeof(name), "lives %d %" PRIu64, t, rng);
		MUST(db_exec(db, &tenant_add, DB_PARAMS(db_text(name)),
		    &rows) == OK);
		db_get_uuid(rows, 0, 0, tenant_id[t]);
		db_uuid_print(tenant_id[t], tenant[t]);
		db_rows_free(rows);
	}
	for (int n = 0; n < NAMES; n++) {
		place[n] = (struct place){ .owner = (int)rnd(TENANTS),
			.by = -1, .txt_by = -1, .foreign = true };
		/* Some point here from a time before anybody came. */
		if (rnd(3) == 0 && n_hosts > 1)
			place[n].listed = 3u << rnd((uint32_t)n_hosts - 1);
	}
}

int
main(int argc, char **argv)
{
	struct db_conf conf = { .program = "claimlives", .prepare = true };
	char why[256] = "";
	unsigned long steps;

	if (argc < 4) {
		fputs("usage: claimlives CONNINFO SEED STEPS [-v]\n", stderr);
		return 2;
	}
	conf.conninfo = argv[1];
	rng = strtoull(argv[2], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	steps = strtoul(argv[3], NULL, 10);
	verbose = argc > 4;
	if (db_open(&conf, &db, why, sizeof(why)) != OK) {
		fprintf(stderr, "claimlives: %s\n", why);
		return 1;
	}
	set_up();
	for (unsigned long i = 0; i < steps && takeovers == 0; i++) {
		act();
		for (int n = 0; n < NAMES; n++)
			settle(n);
		check_all();
	}
	printf("%lu steps, %lu looks, %lu wins, %lu losses, %lu previews, "
	    "%lu takeovers\n", steps, looks, wins, losses, previews,
	    takeovers);
	db_close(db);
	return takeovers == 0 ? 0 : 1;
}
