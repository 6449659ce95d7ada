/*
 * lease.c - due zones claimed for this instance.
 *
 * Two round trips: the claim; their primaries and the jobs that wait for them.
 * They are not one transaction: a crash in between leaves leases that lapse.
 */
#include "xferd/lease.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/db/db_pipe.h"
#include "common/db/db_tx.h"
#include "xferd/guard.h"
#include "xferd/keepsql.h"

void
lease_zone_free(struct lease_zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->name);
	for (unsigned i = 0; i < zone->n_primaries; i++)
		profile_free(zone->primaries[i].profile);
	free(zone->primaries);
	free(zone->guard);
	free(zone);
}

static void
free_list(struct lease_zone *zone)
{
	while (zone != NULL) {
		struct lease_zone *next = zone->next;

		lease_zone_free(zone);
		zone = next;
	}
}

static enum zone_reason
reason_of(int64_t priority, bool retransfer)
{
	if (retransfer)
		return ZONE_REASON_RETRANSFER;
	switch (priority) {
	case 0:
		return ZONE_REASON_NOTIFY;
	case 1:
		return ZONE_REASON_NEW;
	case 2:
		return ZONE_REASON_JOB;
	default:
		return ZONE_REASON_DUE;
	}
}

/* The columns of lease_claim in order. */
static struct lease_zone *
read_zone(struct db_rows *rows, size_t row)
{
	struct lease_zone *z = calloc(1, sizeof(*z));
	const uint8_t *bytes;
	size_t len;

	if (z == NULL)
		return NULL;
	db_get_uuid(rows, row, 0, z->zone_id);
	db_get_uuid(rows, row, 1, z->tenant_id);
	z->reason = reason_of(db_get_i64(rows, row, 2),
	    db_get_bool(rows, row, 4));
	z->has_hint = !db_is_null(rows, row, 3);
	if (z->has_hint)
		z->hint = db_get_u32(rows, row, 3);
	z->first_ordinal = (int)db_get_i64(rows, row, 5);
	z->failures = db_get_u32(rows, row, 6);
	z->name = strdup(db_get_text(rows, row, 7));
	bytes = db_get_bytes(rows, row, 8, &len);
	if (len > 0 && len <= sizeof(z->apex)) {
		memcpy(z->apex, bytes, len);
		z->apex_len = (uint8_t)len;
	}
	z->asleep = db_get_bool(rows, row, 9) || z->apex_len == 0;
	z->generation = db_get_i64(rows, row, 10);
	z->loaded = z->generation > 0;
	if (z->loaded) {
		z->serial = db_get_u32(rows, row, 11);
		bytes = db_get_bytes(rows, row, 12, &len);
		if (len <= sizeof(z->soa) && len > 0) {
			memcpy(z->soa, bytes, len);
			z->soa_len = (uint16_t)len;
		}
		bytes = db_get_bytes(rows, row, 13, &len);
		if (len == DIGEST_SIZE)
			memcpy(z->root.octets, bytes, DIGEST_SIZE);
		z->expires_in_ms = db_get_i64(rows, row, 14);
		z->contact_age_ms = db_get_i64(rows, row, 15);
	}
	z->noted = (uint8_t)db_get_i64(rows, row, 16);
	z->has_accept = !db_is_null(rows, row, 17);
	if (z->has_accept)
		z->accept = db_get_u32(rows, row, 17);
	z->accept_lower = db_get_bool(rows, row, 18);
	z->compare = db_get_bool(rows, row, 19);
	z->has_back = !db_is_null(rows, row, 20);
	if (z->has_back)
		z->back_serial = db_get_u32(rows, row, 20);
	z->has_guard = db_get_bool(rows, row, 21);
	z->used_up = db_get_bool(rows, row, 22);
	if (z->name == NULL) {
		lease_zone_free(z);
		return NULL;
	}
	return z;
}

static struct lease_zone *
find_zone(struct lease_claim *claim, const uint8_t id[16])
{
	for (struct lease_zone *z = claim->zones; z != NULL; z = z->next)
		if (memcmp(z->zone_id, id, 16) == 0)
			return z;
	return NULL;
}

static void
read_key(struct db_rows *rows, size_t row, struct lease_primary *p)
{
	const uint8_t *name, *sealed;
	const char *algorithm;
	size_t name_len, sealed_len;

	if (db_is_null(rows, row, 6))
		return;
	db_get_uuid(rows, row, 6, p->key_id);
	name = db_get_bytes(rows, row, 7, &name_len);
	algorithm = db_get_text(rows, row, 8);
	sealed = db_get_bytes(rows, row, 9, &sealed_len);
	p->has_key = true;
	if (name_len > sizeof(p->key_name) || sealed_len > sizeof(p->sealed) ||
	    strlen(algorithm) >= sizeof(p->algorithm))
		return;			/* will not open */
	memcpy(p->key_name, name, name_len);
	p->key_name_len = (uint16_t)name_len;
	memcpy(p->sealed, sealed, sealed_len);
	p->sealed_len = (uint16_t)sealed_len;
	memcpy(p->algorithm, algorithm, strlen(algorithm) + 1);
}

static const char *
text_or_null(struct db_rows *rows, size_t row, int col)
{
	return db_is_null(rows, row, col) ? NULL :
	    db_get_text(rows, row, col);
}

static void
read_profile(struct db_rows *rows, size_t row, struct lease_primary *p)
{
	uint8_t key_id[16];
	struct profile_row r = { .name = text_or_null(rows, row, 10),
		.verify = text_or_null(rows, row, 11),
		.ca = text_or_null(rows, row, 13),
		.certificate = text_or_null(rows, row, 14),
		.key_id = key_id };

	if (!db_is_null(rows, row, 12))
		r.pins = db_get_bytes(rows, row, 12, &r.pins_len);
	if (r.certificate != NULL) {
		db_get_uuid(rows, row, 15, key_id);
		r.sealed = db_get_bytes(rows, row, 16, &r.sealed_len);
	}
	p->profile = profile_new(&r);
}

void
lease_read_primary(struct db_rows *rows, size_t row, struct lease_primary *p)
{
	uint8_t family, prefix;

	p->ordinal = (uint8_t)db_get_i64(rows, row, 1);
	db_get_uuid(rows, row, 2, p->id);
	db_get_inet(rows, row, 3, p->addr.ip, &family, &prefix);
	p->addr.family = family;
	p->addr.port = (uint16_t)db_get_i64(rows, row, 4);
	p->tls = strcmp(db_get_text(rows, row, 5), "tls") == 0;
	read_key(rows, row, p);
	if (p->tls)
		read_profile(rows, row, p);
}

static enum err
read_primaries(struct lease_claim *claim, struct db_rows *rows)
{
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		uint8_t id[16];
		struct lease_zone *z;
		struct lease_primary *more;

		db_get_uuid(rows, i, 0, id);
		z = find_zone(claim, id);
		if (z == NULL || z->n_primaries == ZONE_PRIMARIES_MAX)
			continue;
		more = realloc(z->primaries,
		    (z->n_primaries + 1) * sizeof(*more));
		if (more == NULL)
			return ERR_NO_MEMORY;
		z->primaries = more;
		memset(&more[z->n_primaries], 0, sizeof(*more));
		lease_read_primary(rows, i,
		    &more[z->n_primaries++]);
	}
	return db_rows_failed(rows) ? ERR_DB : OK;
}

static enum err
read_jobs(struct lease_claim *claim, struct db_rows *rows)
{
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		uint8_t id[16];
		struct lease_zone *z;

		db_get_uuid(rows, i, 0, id);
		z = find_zone(claim, id);
		if (z == NULL || z->n_jobs == LEASE_JOBS_MAX)
			continue;
		z->job_ids[z->n_jobs++] = db_get_i64(rows, i, 1);
		/* Also when the flag was lost with a dead instance. */
		if (strcmp(db_get_text(rows, i, 2), "retransfer") == 0)
			z->reason = ZONE_REASON_RETRANSFER;
	}
	return db_rows_failed(rows) ? ERR_DB : OK;
}

/* What else is to be known of the zones that are claimed now. */
static enum err
read_more(struct db *db, struct lease_claim *claim, struct db_array *ids)
{
	struct db_pipe pipe;
	unsigned primaries, jobs;
	enum err e;

	db_pipe_begin(&pipe, db);
	primaries = db_pipe_add(&pipe, KEEPSQL(lease_primaries), DB_PARAMS(
	    db_array_param(ids)));
	jobs = db_pipe_add(&pipe, KEEPSQL(lease_jobs), DB_PARAMS(
	    db_array_param(ids)));
	e = db_pipe_run(&pipe);
	if (e == OK)
		e = read_primaries(claim, db_pipe_rows(&pipe, primaries));
	if (e == OK)
		e = read_jobs(claim, db_pipe_rows(&pipe, jobs));
	db_pipe_end(&pipe);
	return e;
}

/* Few zones have one. */
static enum err
read_guards(struct db *db, struct lease_claim *claim, struct db_array *ids)
{
	struct db_rows *rows = NULL;
	bool any = false;
	enum err e;

	for (struct lease_zone *z = claim->zones; z != NULL; z = z->next)
		any |= z->has_guard;
	if (!any)
		return OK;
	e = db_exec(db, KEEPSQL(lease_guards),
	    DB_PARAMS(db_array_param(ids)), &rows);
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		uint8_t id[16];
		struct lease_zone *z;

		db_get_uuid(rows, i, 0, id);
		z = find_zone(claim, id);
		if (z == NULL)
			continue;
		z->guard = guard_read(rows, i);
		if (z->guard == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	db_rows_free(rows);
	return e;
}

enum err
lease_claim_run(struct crew_job *job, struct db *db)
{
	struct lease_claim *claim = CONTAINER_OF(job, struct lease_claim, job);
	struct lease_zone **tail = &claim->zones;
	struct db_array busy, ids;
	struct db_pipe pipe;
	struct db_rows *rows;
	unsigned n;
	enum err e;

	claim->zones = NULL;
	claim->n_zones = 0;
	db_array_init(&busy, DB_ARRAY_UUID, 1 << 20);
	db_array_init(&ids, DB_ARRAY_UUID, 1 << 20);
	for (size_t i = 0; i < claim->n_busy; i++)
		db_array_add(&busy, claim->busy[i], 16);
	/* A claim that a crash of PostgreSQL forgets is one that nobody has:
	 * the fence in publish_lock sees to it. */
	db_pipe_begin(&pipe, db);
	db_pipe_open_tx(&pipe, DB_TX_WRITE_LAX);
	n = db_pipe_add(&pipe, KEEPSQL(lease_claim), DB_PARAMS(
	    db_uuid(claim->owner), db_i64(claim->lease_ms),
	    db_array_param(&busy), db_i64(claim->n_max),
	    db_i64(claim->compare_s),
	    db_i64(claim->priority_max), db_i64(claim->day_bytes)));
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	if (e != OK)
		goto out;
	rows = db_pipe_rows(&pipe, n);
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		struct lease_zone *z = read_zone(rows, i);

		if (z == NULL) {
			e = ERR_NO_MEMORY;
			goto out;
		}
		*tail = z;
		tail = &z->next;
		claim->n_zones++;
		db_array_add(&ids, z->zone_id, 16);
	}
	if (db_rows_failed(rows)) {
		e = ERR_DB;
		goto out;
	}
	if (claim->n_zones > 0)
		e = read_more(db, claim, &ids);
	if (e == OK)
		e = read_guards(db, claim, &ids);
out:
	if (e == ERR_DB)
		log_err("claim.failed", "err=%s sqlstate=%s why=%s",
		    err_name(e), db_sqlstate(db), LOG_Q(db_error(db)));
	if (e != OK) {
		/* Their leases lapse. */
		free_list(claim->zones);
		claim->zones = NULL;
		claim->n_zones = 0;
	}
	db_pipe_end(&pipe);
	db_array_fini(&busy);
	db_array_fini(&ids);
	return e;
}

enum err
lease_renew_run(struct crew_job *job, struct db *db)
{
	struct lease_renew *renew = CONTAINER_OF(job, struct lease_renew, job);
	struct db_rows *rows = NULL;
	struct db_array ids;
	enum err e;

	db_array_init(&ids, DB_ARRAY_UUID, 1 << 20);
	for (size_t i = 0; i < renew->n_zones; i++) {
		db_array_add(&ids, renew->zones[i], 16);
		renew->held[i] = false;
	}
	e = db_exec(db, KEEPSQL(lease_renew), DB_PARAMS(db_uuid(renew->owner),
	    db_i64(renew->lease_ms), db_array_param(&ids)), &rows);
	if (e == OK) {
		for (size_t i = 0; i < db_rows_n(rows); i++) {
			uint8_t id[16];

			db_get_uuid(rows, i, 0, id);
			for (size_t k = 0; k < renew->n_zones; k++)
				if (memcmp(renew->zones[k], id, 16) == 0)
					renew->held[k] = true;
		}
		if (db_rows_failed(rows))
			e = ERR_DB;
	}
	db_rows_free(rows);
	db_array_fini(&ids);
	return e;
}

enum err
lease_orphans_run(struct crew_job *job, struct db *db)
{
	struct lease_orphans *o = CONTAINER_OF(job, struct lease_orphans, job);
	struct db_rows *rows = NULL;
	struct db_array held;
	enum err e;

	db_array_init(&held, DB_ARRAY_UUID, 1 << 20);
	for (size_t i = 0; i < o->n_held; i++)
		db_array_add(&held, o->held[i], 16);
	e = db_exec(db, KEEPSQL(lease_orphans), DB_PARAMS(db_uuid(o->owner),
	    db_array_param(&held)), &rows);
	if (e == OK)
		o->n_freed = db_rows_n(rows);
	db_rows_free(rows);
	db_array_fini(&held);
	return e;
}

enum err
lease_release(struct db *db, const uint8_t owner[16])
{
	return db_exec(db, KEEPSQL(lease_release), DB_PARAMS(db_uuid(owner)),
	    NULL);
}
