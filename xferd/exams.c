/*
 * exams.c - see exams.h.
 *
 * Loading is one job of the crew; then everything happens in the loop: answers
 * fill the facts, steps become known, and a timer writes down what is new, at
 * most twice a second. The last writing also answers the job. An exam dies
 * when nothing of it is in a crew thread.
 */
#include "xferd/exams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "common/db/db_pipe.h"
#include "common/dns/rr.h"
#include "xferd/diagnosis.h"
#include "xferd/exam.h"
#include "xferd/keepsql.h"
#include "xferd/keyring.h"

enum {
	TICK_MS = 100,
	SAVE_GAP_MS = 400,
	SAVE_GIVE_UP_MS = 60000,
};

struct exams {
	struct keep *keep;
	struct exam *list;
	unsigned n, n_begun;		/* known; not waiting any more */
	bool stopped;
};

/* ---- the end ----------------------------------------------------------- */

static void
exam_free(struct exam *x)
{
	for (unsigned i = 0; i < x->n_primaries; i++) {
		profile_free(x->primaries[i].profile);
		tally_put(x->at[i]);
	}
	tally_put(x->tenant);
	free(x->primaries);
	for (unsigned i = 0; i < x->n_strings; i++)
		free(x->string[i]);
	free(x->document);
	free(x);
}

static void
on_closed(uv_handle_t *handle)
{
	exam_free(handle->data);
}

static bool
is_held(const struct exam *x)
{
	return x->saving || !x->loaded || exam_compare_busy(x);
}

static void
leave(struct exam *x)
{
	struct exam **at = &x->all->list;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	x->all->n--;
	x->all->n_begun--;
	uv_timer_stop(&x->tick);
	uv_close((uv_handle_t *)&x->tick, on_closed);
}

static void
cancel(struct exam *x)
{
	exam_ask_cancel(x);
	exam_compare_cancel(x);
	exam_walk_cancel(x);
}

/* ---- writing down ------------------------------------------------------ */

static enum err
save_run(struct crew_job *job, struct db *db)
{
	struct exam *x = CONTAINER_OF(job, struct exam, save);
	bool last = strcmp(x->state, "running") != 0;
	struct db_array id, state, outcome, text;
	struct db_pipe pipe;
	enum err e;

	db_array_init(&id, DB_ARRAY_I64, 64);
	db_array_init(&state, DB_ARRAY_TEXT, 64);
	db_array_init(&outcome, DB_ARRAY_TEXT, 64);
	db_array_init(&text, DB_ARRAY_TEXT, 64);
	db_array_add_i64(&id, x->job_id);
	db_array_add(&state, x->state, strlen(x->state));
	db_array_add(&outcome, x->state, strlen(x->state));
	db_array_add_null(&text);
	db_pipe_begin(&pipe, db);
	db_pipe_open_tx(&pipe, DB_TX_WRITE_LAX);
	db_pipe_do(&pipe, KEEPSQL(exam_save), DB_PARAMS(db_uuid(x->id),
	    db_text(x->document), db_text(x->state)));
	if (last) {
		db_pipe_do(&pipe, KEEPSQL(job_finish), DB_PARAMS(
		    db_array_param(&id), db_array_param(&state),
		    db_array_param(&outcome), db_array_param(&text)));
		(void)db_pipe_add(&pipe, KEEPSQL(exam_hint), DB_NO_PARAMS);
	}
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	db_pipe_end(&pipe);
	db_array_fini(&id);
	db_array_fini(&state);
	db_array_fini(&outcome);
	db_array_fini(&text);
	return e;
}

static void
save_done(struct crew_job *job)
{
	struct exam *x = CONTAINER_OF(job, struct exam, save);

	x->saving = false;
	free(x->document);
	x->document = NULL;
	if (job->err != OK)
		log_warn("check.not_saved", "err=%s", err_name(job->err));
}

/* All steps that are known, or all of them at the end. */
static char *
print(const struct exam *x, bool all)
{
	struct jw w;
	size_t len;
	char *text, *copy = NULL;

	jw_init(&w, DIAGNOSIS_DOCUMENT_MAX);
	jw_begin_list(&w, NULL);
	for (int i = 0; i < DIAGNOSIS_IDS; i++)
		if (all || x->known[i])
			(void)diagnosis_step(&x->f, (enum diagnosis_id)i, &w);
	jw_end_list(&w);
	text = jw_take(&w, &len);
	if (text != NULL)
		copy = strndup(text, len);
	free(text);
	jw_fini(&w);
	return copy;
}

static void
save(struct exam *x, const char *state)
{
	x->dirty = false;
	x->saved_ms = now_mono_ms();
	x->document = print(x, strcmp(state, "running") != 0);
	if (x->document == NULL) {
		log_err("check.not_printed", "err=%s",
		    err_name(ERR_NO_MEMORY));
		state = "failed";
		x->ending = true;
		x->document = strdup("[]");
		if (x->document == NULL)
			return;
	}
	x->state = state;
	x->saving = true;
	x->save = (struct crew_job){ .run = save_run, .done = save_done,
		.give_up_ms = now_mono_ms() + SAVE_GIVE_UP_MS };
	crew_submit(x->keep->crew, CREW_QUICK, &x->save);
}

/* ---- loading ----------------------------------------------------------- */

static void
read_notify(struct exam *x, struct db_rows *rows)
{
	struct diagnosis_facts *f = &x->f;

	f->notified = !db_is_null(rows, 0, 13);
	if (f->notified) {
		const char *outcome = db_get_text(rows, 0, 15);

		f->notify_age_s = db_get_i64(rows, 0, 13);
		f->notify_source = exam_string(x,
		    db_get_text_or(rows, 0, 14, ""));
		f->notify_accepted = strcmp(outcome, "ok") == 0 ||
		    strcmp(outcome, "uptodate") == 0;
		f->notify_reason = exam_string(x,
		    db_get_text_or(rows, 0, 16, "refused"));
		f->notify_message = exam_string(x,
		    db_get_text_or(rows, 0, 17, "refused"));
	}
	f->stray = !db_is_null(rows, 0, 18);
	if (f->stray) {
		f->stray_source = exam_string(x, db_get_text(rows, 0, 18));
		f->stray_age_s = db_get_i64(rows, 0, 19);
	}
}

static void
read_version(struct exam *x, struct db_rows *rows)
{
	struct diagnosis_facts *f = &x->f;
	const uint8_t *bytes;
	struct rr_soa soa;
	size_t len;

	x->generation = db_get_i64(rows, 0, 7);
	f->loaded = x->generation > 0 && !db_is_null(rows, 0, 8);
	if (!f->loaded)
		return;
	f->serial = db_get_u32(rows, 0, 8);
	bytes = db_get_bytes(rows, 0, 9, &len);
	if (rr_rdata_check(RRTYPE_SOA, bytes, len) == OK &&
	    rr_soa_parse(bytes, len, &soa) == OK)
		f->expire_s = soa.expire;
	bytes = db_get_bytes(rows, 0, 10, &len);
	if (len == DIGEST_SIZE)
		memcpy(x->root.octets, bytes, DIGEST_SIZE);
	f->signed_known = !db_is_null(rows, 0, 11);
	if (f->signed_known)
		f->signed_for_s = db_get_i64(rows, 0, 11);
}

/* What was compared lately, if it still is what we have. */
static void
read_compared(struct exam *x, struct db_rows *rows)
{
	struct diagnosis_facts *f = &x->f;

	if (db_is_null(rows, 0, 21) ||
	    db_get_i64(rows, 0, 21) >= EXAM_COMPARE_S)
		return;
	f->content = DIAGNOSIS_CONTENT_SKIPPED;
	f->content_why = "it was less than 10 minutes ago, of another "
	    "version";
	if (!db_get_bool(rows, 0, 20) || !f->loaded ||
	    db_get_u32(rows, 0, 23) != f->serial)
		return;
	f->content = db_get_bool(rows, 0, 22) ? DIAGNOSIS_CONTENT_SAME :
	    DIAGNOSIS_CONTENT_DIFFERS;
	f->content_age_s = db_get_i64(rows, 0, 21);
	f->content_serial = f->serial;
	f->content_primary = exam_string(x,
	    db_get_text_or(rows, 0, 24, "the primary"));
}

static enum err
read_facts(struct exam *x, struct db_rows *rows)
{
	struct diagnosis_facts *f = &x->f;
	const uint8_t *apex;
	size_t len;

	if (db_rows_n(rows) == 0)
		return ERR_NOT_FOUND;
	db_get_uuid(rows, 0, 0, x->tenant_id);
	x->has_zone = !db_is_null(rows, 0, 1);
	if (x->has_zone)
		db_get_uuid(rows, 0, 1, x->zone_id);
	f->preflight = strcmp(db_get_text(rows, 0, 2), "preflight") == 0;
	f->zone = exam_string(x, db_get_text(rows, 0, 3));
	apex = db_get_bytes(rows, 0, 4, &len);
	if (len == 0 || len > sizeof(x->apex))
		return ERR_MALFORMED;
	memcpy(x->apex, apex, len);
	x->apex_len = (uint8_t)len;
	f->proven = db_get_bool(rows, 0, 5);
	x->stripes = (uint64_t)db_get_i64(rows, 0, 6);
	if (!db_is_null(rows, 0, 26))
		x->hosts = exam_string(x, db_get_text(rows, 0, 26));
	read_version(x, rows);
	if (!db_is_null(rows, 0, 12))
		f->last_error = exam_string(x, db_get_text(rows, 0, 12));
	read_notify(x, rows);
	read_compared(x, rows);
	if (f->content == DIAGNOSIS_CONTENT_UNKNOWN &&
	    db_get_bool(rows, 0, 25)) {
		f->content = DIAGNOSIS_CONTENT_SKIPPED;
		f->content_why = "the transfers of this account have used up "
		    "today's bytes";
	}
	return db_rows_failed(rows) ? ERR_DB : OK;
}

static enum err
read_primaries(struct exam *x, struct db_rows *rows)
{
	size_t n = MIN(db_rows_n(rows), (size_t)DIAGNOSIS_PRIMARIES_MAX);

	x->primaries = calloc(n + 1, sizeof(*x->primaries));
	if (x->primaries == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		lease_read_primary(rows, i, &x->primaries[i]);
		x->n_primaries++;
	}
	return db_rows_failed(rows) ? ERR_DB : OK;
}

static enum err
load_run(struct crew_job *job, struct db *db)
{
	struct exam *x = CONTAINER_OF(job, struct exam, load);
	struct db_pipe pipe;
	unsigned facts, primaries;
	enum err e;

	if (x->primaries != NULL)
		return OK;		/* again after it was read */
	db_pipe_begin(&pipe, db);
	db_pipe_do(&pipe, KEEPSQL(exam_begin), DB_PARAMS(db_uuid(x->id)));
	facts = db_pipe_add(&pipe, KEEPSQL(exam_facts), DB_PARAMS(
	    db_uuid(x->id), db_i64(x->day_bytes)));
	primaries = db_pipe_add(&pipe, KEEPSQL(exam_primaries), DB_PARAMS(
	    db_uuid(x->id)));
	e = db_pipe_run(&pipe);
	if (e == OK)
		e = read_facts(x, db_pipe_rows(&pipe, facts));
	if (e == OK)
		e = read_primaries(x, db_pipe_rows(&pipe, primaries));
	db_pipe_end(&pipe);
	if (e == ERR_DB)
		snprintf(x->why, sizeof(x->why), "%s", db_error(db));
	return e;
}

/* A claim has its own names; without claims those of the stripes. */
static bool
is_ours(const struct conf_nameserver *ns, uint64_t stripes, const char *hosts)
{
	char word[300];

	if (hosts == NULL)
		return (stripes >> ns->stripe & 1) != 0;
	snprintf(word, sizeof(word), " %s ", ns->host);
	return strcasestr(hosts, word) != NULL;
}

/* A reload may free the configuration: its strings are copied. */
static enum err
take_conf(struct exam *x)
{
	const struct conf *conf = x->keep->conf;
	struct diagnosis_facts *f = &x->f;
	const char **ours = calloc(conf->n_nameservers + 1, sizeof(*ours));

	if (ours == NULL || x->n_strings == EXAM_STRINGS_MAX) {
		free(ours);
		return ERR_NO_MEMORY;
	}
	x->string[x->n_strings++] = (char *)ours;	/* freed with them */
	f->ours = ours;
	for (size_t i = 0; i < conf->n_nameservers; i++)
		if (is_ours(&conf->nameserver[i], x->stripes, x->hosts))
			ours[f->n_ours++] = exam_string(x,
			    conf->nameserver[i].host);
	offer_init(&x->offer, conf);
	for (size_t i = 0; i < x->offer.n_sources; i++)
		x->offer.source[i] = exam_string(x, x->offer.source[i]);
	for (size_t i = 0; i < x->offer.n_targets; i++)
		x->offer.target[i] = exam_string(x, x->offer.target[i]);
	return OK;
}

/* The source that packets to it would have, where none is configured. */
static void
find_source(struct exam *x, const struct sock_addr *to)
{
	char ip[SOCK_TEXT_MAX];
	struct sock_addr local;
	bool pending;
	int fd;

	if (x->keep->conf->nameservers.transfer_sources.n > 0 ||
	    egress_connect(&x->keep->egress, to, SOCK_DGRAM, &fd, &pending,
	    NULL) != OK)
		return;
	if (sock_local(fd, &local) == OK)
		offer_source(&x->offer, exam_string(x,
		    sock_ip_print(&local, ip)));
	close(fd);
}

static void
take_key(struct exam *x, unsigned i)
{
	struct lease_primary *p = &x->primaries[i];
	struct diagnosis_primary *d = &x->f.primary[i];
	struct keyring_row row = { .tenant_id = x->tenant_id,
		.key_id = p->key_id, .name = p->key_name,
		.name_len = p->key_name_len, .algorithm = p->algorithm,
		.sealed = p->sealed, .sealed_len = p->sealed_len };

	if (!p->has_key)
		return;
	d->key = p->key_name_len == 0 ? "(cannot be read)" :
	    exam_name(x, p->key_name);
	d->algorithm = p->algorithm;
	if (p->key_name_len > 0 && keyring_number(x->keep->keys, &row,
	    &x->key[i]) == OK)
		return;
	x->key[i] = 0;
	d->soa = (struct diagnosis_ask){ .done = true,
		.reason = HANDOFF_INTERNAL };
}

static void
take_primary(struct exam *x, unsigned i)
{
	struct lease_primary *p = &x->primaries[i];
	struct diagnosis_primary *d = &x->f.primary[i];
	enum egress_verdict v = egress_check(&x->keep->egress, &p->addr);

	d->addr = p->addr;
	d->tls = p->tls;
	x->at[i] = tally_address(x->keep->tally, x->tenant_id, &p->addr);
	take_key(x, i);
	if (v != EGRESS_ALLOWED) {
		d->forbidden = egress_text(v);
		x->begun[i] = true;
		x->n_begun++;
	} else {
		find_source(x, &p->addr);
	}
}

static void
fail(struct exam *x, enum err e)
{
	log_warn("check.failed", "err=%s why=%s", err_name(e),
	    LOG_Q(x->why));
	x->ending = true;
	save(x, "failed");
}

static void
load_done(struct crew_job *job)
{
	struct exam *x = CONTAINER_OF(job, struct exam, load);
	struct diagnosis_facts *f = &x->f;
	enum err e = job->err;

	x->loaded = true;
	if (e == OK)
		e = take_conf(x);
	if (e != OK || x->aborted) {
		fail(x, e);
		return;
	}
	x->tenant = tally_tenant(x->keep->tally, x->tenant_id);
	f->n_primaries = x->n_primaries;
	for (unsigned i = 0; i < x->n_primaries; i++)
		take_primary(x, i);
	f->sources = x->offer.source;
	f->n_sources = x->offer.n_sources;
	f->targets = x->offer.target;
	f->n_targets = x->offer.n_targets;
	if (f->preflight) {
		f->content = DIAGNOSIS_CONTENT_SKIPPED;
		f->content_why = "the zone is not registered";
	} else if (!f->loaded) {
		f->content = DIAGNOSIS_CONTENT_SKIPPED;
		f->content_why = "we have no version of the zone yet";
	}
	exam_know(x, DIAGNOSIS_NOTIFY);
	exam_walk_begin(x);
	exam_ask_look(x);
}

/* ---- the course of it -------------------------------------------------- */

/* Those whose turn it is: one check each ten seconds goes to an address. */
static void
begin_primaries(struct exam *x)
{
	for (unsigned i = 0; i < x->n_primaries; i++) {
		uint32_t wait_ms;

		if (x->begun[i] || lookups_visit(x->keep->lookups,
		    x->tenant_id, &x->primaries[i].addr, &wait_ms) != OK)
			continue;
		x->begun[i] = true;
		x->n_begun++;
		exam_ask_primary(x, i);
	}
}

static bool
all_known(const struct exam *x)
{
	for (int i = 0; i < DIAGNOSIS_IDS; i++)
		if (!x->known[i])
			return false;
	return true;
}

static void
submit(struct exam *x)
{
	if (x->all->n_begun == EXAMS_MAX)
		return;
	x->all->n_begun++;
	x->submitted = true;
	x->deadline_ms = now_mono_ms() + EXAM_MS;
	x->load = (struct crew_job){ .run = load_run, .done = load_done,
		.give_up_ms = x->deadline_ms };
	crew_submit(x->keep->crew, CREW_QUICK, &x->load);
}

static void
on_tick(uv_timer_t *timer)
{
	struct exam *x = timer->data;
	int64_t now = now_mono_ms();

	if (!x->submitted)
		submit(x);
	if (!x->loaded)
		return;
	if (x->ending) {
		if (!is_held(x))
			leave(x);
		return;
	}
	begin_primaries(x);
	exam_ask_look(x);
	if (x->saving)
		return;
	if (all_known(x) || now >= x->deadline_ms || x->aborted) {
		cancel(x);
		x->ending = true;
		save(x, "done");
	} else if (x->dirty && now - x->saved_ms >= SAVE_GAP_MS) {
		save(x, "running");
	}
}

bool
exams_add(struct exams *all, int64_t job_id, const uint8_t *diagnosis)
{
	struct exam *x;

	if (all->stopped || all->n == EXAMS_KNOWN_MAX)
		return false;
	for (x = all->list; x != NULL; x = x->next)
		if (memcmp(x->id, diagnosis, 16) == 0)
			return true;	/* its lease ran out meanwhile */
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return false;
	x->all = all;
	x->keep = all->keep;
	x->job_id = job_id;
	x->day_bytes = (int64_t)all->keep->conf->limits.transfer_mib_per_day
	    << 20;
	memcpy(x->id, diagnosis, 16);
	x->next = all->list;
	all->list = x;
	all->n++;
	uv_timer_init(x->keep->loop, &x->tick);
	x->tick.data = x;
	uv_timer_start(&x->tick, on_tick, TICK_MS, TICK_MS);
	submit(x);
	return true;
}

enum err
exams_new(struct keep *keep, struct exams **out)
{
	struct exams *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	all->keep = keep;
	*out = all;
	return OK;
}

void
exams_stop(struct exams *all)
{
	all->stopped = true;
	for (struct exam *x = all->list; x != NULL; x = x->next) {
		x->aborted = true;
		uv_timer_start(&x->tick, on_tick, 0, TICK_MS);
	}
}

bool
exams_idle(const struct exams *all)
{
	return all->n == 0;
}
