/*
 * keep.c - the main process of xferd.
 *
 * Puts the rooms together, runs the loop, and takes it apart in order:
 * on SIGTERM nothing new is claimed, rounds get DRAIN_MS to end, the rest is
 * dropped (their leases are released), the ledger is written, children end.
 */
#include "xferd/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/ownership.h"
#include "common/base/svc.h"
#include "common/db/db.h"
#include "common/db/db_schema.h"
#include "xferd/children.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/exams.h"
#include "xferd/fetches.h"
#include "xferd/hint.h"
#include "xferd/job.h"
#include "xferd/keepparts.h"
#include "xferd/keyring.h"
#include "xferd/lease.h"
#include "xferd/ledger.h"
#include "xferd/lookups.h"
#include "xferd/notice.h"
#include "xferd/post.h"
#include "xferd/probes.h"
#include "xferd/proofs.h"
#include "xferd/publish.h"
#include "xferd/round.h"
#include "xferd/sched.h"
#include "xferd/survey.h"
#include "xferd/tally.h"
#include "xferd/tidy.h"
#include "xferd/wake.h"

enum {
	TICK_MS = 1000,
	DRAIN_MS = 10000,
	DRAIN_TICK_MS = 50,
	DB_TIMEOUT_MIN_MS = 120000,	/* publications of large zones */
	MIB = 1 << 20,
};

/* What only this file needs, beside struct keep. */
struct whole {
	struct keep keep;
	struct svc *svc;
	uv_loop_t loop;
	struct db_conf db;
	char *conninfo;			/* outlives a reload */
	struct hint *hint;
	struct metrics_server *metrics;
	uv_poll_t signals;
	uv_timer_t tick, drain;
	int64_t drain_until_ms;
	int instance_fd;
	unsigned losses;		/* of the crew, when last looked at */
	struct crew_job start_job;
	char why[512];			/* of a failed start */
	enum err failed;
};

/* ---- configuration into structs ---------------------------------------- */

/* This host's addresses, but for those of our name servers. */
static void
walk_interfaces(struct keep *k)
{
	struct egress_rules *rules = &k->egress_walk;
	unsigned n = 0;

	egress_rules_interfaces(rules);
	for (unsigned i = 0; i < rules->n_own; i++) {
		bool named = false;

		for (size_t j = 0; j < k->conf->n_nameservers; j++)
			for (size_t a = 0; a < k->conf->nameserver[j].
			    n_addresses; a++)
				named |= sock_ip_equal(&rules->own[i],
				    &k->conf->nameserver[j].addresses[a]);
		if (!named)
			rules->own[n++] = rules->own[i];
	}
	rules->n_own = n;
}

static enum err
read_egress(struct keep *k)
{
	const struct conf *conf = k->conf;
	struct egress_rules *rules = &k->egress;
	enum err e = OK;

	for (size_t i = 0; i < conf->transfer.allow_prefixes.n && e == OK;
	    i++) {
		e = egress_rules_allow(rules,
		    conf->transfer.allow_prefixes.items[i]);
		if (e != OK)
			log_err("config.wrong", "option="
			    "transfer.allow_prefixes value=%s",
			    LOG_Q(conf->transfer.allow_prefixes.items[i]));
	}
	if (e == OK && conf->transfer.allow_any_port)
		e = egress_rules_port(rules, "any");
	if (e == OK && conf->transfer.source_v4[0] != '\0')
		e = egress_rules_source(rules, conf->transfer.source_v4);
	if (e == OK && conf->transfer.source_v6[0] != '\0')
		e = egress_rules_source(rules, conf->transfer.source_v6);
	/* A parent may be a zone that we serve ourselves. */
	k->egress_walk = *rules;
	/* Beyond the table nothing is added: it has what is special. */
	for (size_t i = 0; i < conf->n_nameservers; i++)
		for (size_t j = 0; j < conf->nameserver[i].n_addresses; j++)
			(void)!egress_rules_own(rules,
			    &conf->nameserver[i].addresses[j]);
	egress_rules_interfaces(rules);
	walk_interfaces(k);
	e = e != OK ? e : egress_rules_port(&k->egress_operator, "any");
	e = e != OK ? e : egress_rules_allow(&k->egress_operator,
	    "0.0.0.0/0");
	e = e != OK ? e : egress_rules_allow(&k->egress_operator, "::/0");
	snprintf(k->sources, sizeof(k->sources), "%s%s%s",
	    conf->transfer.source_v4,
	    conf->transfer.source_v4[0] != '\0' &&
	    conf->transfer.source_v6[0] != '\0' ? " " : "",
	    conf->transfer.source_v6);
	return e == OK ? OK : ERR_CONFIG;
}

static void
read_limits(struct keep *k)
{
	const struct conf *c = k->conf;

	k->limits = (struct zone_limits){
		.refresh_min_s = c->transfer.refresh_min_s,
		.refresh_max_s = MAX(c->transfer.refresh_max_s,
		    c->transfer.refresh_min_s),
		.retry_min_s = c->transfer.retry_min_s,
		.retry_max_s = MAX(c->transfer.retry_max_s,
		    c->transfer.retry_min_s),
		.expire_min_s = c->transfer.expire_min_s,
		.expire_max_s = MAX(c->transfer.expire_max_s,
		    c->transfer.expire_min_s),
		.backoff_min_s = c->transfer.backoff_min_s,
		.backoff_max_s = MAX(c->transfer.backoff_max_s,
		    c->transfer.backoff_min_s),
		.recheck_s = c->transfer.recheck_s,
	};
	k->content = (struct zonecheck_limits){
		.rrset_records_max = c->limits.rrset_records,
		.nsec3_iterations_max = c->limits.nsec3_iterations,
		.records_max = c->limits.records,
	};
}

static struct fetches_conf
read_fetches(const struct conf *c)
{
	size_t transfer = (size_t)c->limits.transfer_mib * MIB;

	return (struct fetches_conf){
		.transfers_max = c->transfer.transfers_max,
		.per_tenant = c->transfer.transfers_per_tenant,
		.per_primary = c->transfer.transfers_per_primary,
		.pipeline_max = c->transfer.pipeline_max,
		.connect_ms = c->transfer.connect_timeout_ms,
		.first_ms = c->transfer.first_timeout_ms,
		.idle_ms = c->transfer.idle_timeout_ms,
		.total_ms = c->transfer.total_timeout_s * 1000,
		.rate_min_bps = c->transfer.rate_min_bps,
		.rate_window_ms = c->transfer.rate_window_ms,
		.tsig_mac_min = c->transfer.tsig_mac_min,
		.limits = {
			/* An IXFR may have more changes than records. */
			.records_max = (uint64_t)c->limits.records * 2,
			.bytes_max = transfer,
			.messages_max = c->limits.transfer_messages,
			.rrset_max = c->limits.rrset_records,
			.out_of_zone_max = c->limits.out_of_zone_records,
			.diffs_max = c->limits.ixfr_differences,
		},
		.spool_max = transfer,
		.spool_all_max = (size_t)c->limits.spool_mib * MIB,
		.ca_file = c->transfer.tls_ca_file,
	};
}

/* ---- who we are -------------------------------------------------------- */

/*
 * The identity that leases are held under.  Kept in a file beside the relay
 * socket, so that a restarted instance takes up its zones at once instead of
 * waiting for its own old leases; a second instance finds the file locked and
 * gets an identity of its own.
 */
static void
find_owner(struct whole *w)
{
	const char *socket = w->keep.conf->transfer.relay_socket;
	char path[1200];
	const char *slash = strrchr(socket, '/');
	int fd;

	w->instance_fd = -1;
	hash_random(w->keep.owner, 16);
	if (slash == NULL)
		return;
	snprintf(path, sizeof(path), "%.*s/xferd.instance",
	    (int)(slash - socket), socket);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return;
	}
	if (pread(fd, w->keep.owner, 16, 0) != 16) {
		hash_random(w->keep.owner, 16);
		if (pwrite(fd, w->keep.owner, 16, 0) != 16)
			log_warn("instance.not_kept", "path=%s", LOG_Q(path));
	}
	w->instance_fd = fd;		/* held to the end */
}

/* ---- children ---------------------------------------------------------- */

static void
on_child_frame(void *arg, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct keep *k = arg;

	switch (child_role(child)) {
	case HANDOFF_ROLE_FETCH:
		fetches_frame(k->fetches, child, kind, payload, len);
		break;
	case HANDOFF_ROLE_PROBE:
		probes_frame(k->probes, child, kind, payload, len);
		break;
	case HANDOFF_ROLE_NOTIFY:
		notice_frame(k->notice, child, kind, payload, len);
		break;
	case HANDOFF_ROLE_CHECK:
		lookups_frame(k->lookups, child, kind, payload, len);
		break;
	case HANDOFF_ROLE_COURIER:
		post_frame(k->post, child, kind, payload, len);
		break;
	}
}

static void
on_child_ready(void *arg, struct child *child)
{
	struct keep *k = arg;

	switch (child_role(child)) {
	case HANDOFF_ROLE_FETCH:
		fetches_ready(k->fetches);
		break;
	case HANDOFF_ROLE_PROBE:
		probes_ready(k->probes);
		break;
	case HANDOFF_ROLE_NOTIFY:
		notice_ready(k->notice, child);
		break;
	case HANDOFF_ROLE_CHECK:
		lookups_ready(k->lookups);
		break;
	case HANDOFF_ROLE_COURIER:
		post_ready(k->post, child);
		break;
	}
}

static void
on_child_gone(void *arg, struct child *child)
{
	struct keep *k = arg;

	switch (child_role(child)) {
	case HANDOFF_ROLE_FETCH:
		fetches_gone(k->fetches, child);
		break;
	case HANDOFF_ROLE_PROBE:
		probes_gone(k->probes);
		break;
	case HANDOFF_ROLE_NOTIFY:
		notice_gone(k->notice);
		break;
	case HANDOFF_ROLE_CHECK:
		lookups_gone(k->lookups);
		break;
	case HANDOFF_ROLE_COURIER:
		post_gone(k->post);
		break;
	}
}

/* ---- the end ----------------------------------------------------------- */

static bool
all_written(const struct keep *k)
{
	return k->n_rounds == 0 && ledger_idle(k->ledger) &&
	    (k->exams == NULL || exams_idle(k->exams)) &&
	    publish_idle(k->publish);
}

static void
on_drain(uv_timer_t *timer)
{
	struct whole *w = timer->data;
	struct keep *k = &w->keep;

	ledger_flush(k->ledger);
	if (!all_written(k) && now_mono_ms() < w->drain_until_ms)
		return;
	if (!all_written(k))
		log_warn("drain.cut", "rounds=%u", k->n_rounds);
	uv_stop(k->loop);
}

static void
begin_drain(struct whole *w)
{
	struct keep *k = &w->keep;

	if (k->draining) {
		uv_stop(k->loop);	/* asked twice: now */
		return;
	}
	k->draining = true;
	log_info("xferd.draining", "rounds=%u", k->n_rounds);
	notice_stop(k->notice);
	post_stop(k->post);
	if (k->sched != NULL) {
		sched_stop(k->sched);
		job_stop(k->jobs);
		exams_stop(k->exams);
		tidy_stop(k->tidy);
		if (k->proofs != NULL)
			proofs_stop(k->proofs);
	}
	w->drain_until_ms = now_mono_ms() + DRAIN_MS;
	uv_timer_start(&w->drain, on_drain, 0, DRAIN_TICK_MS);
}

/* After the loop: what is left of ours goes back at once. */
static void
release_leases(struct whole *w)
{
	struct db_conf conf = w->db;
	struct db *db = NULL;

	conf.connect_timeout_s = 2;
	conf.timeout_ms = 5000;
	if (w->keep.sched == NULL || crew_db_away(w->keep.crew))
		return;
	if (db_open(&conf, &db, NULL, 0) == OK &&
	    lease_release(db, w->keep.owner) != OK)
		log_warn("leases.not_released", "");
	db_close(db);
}

/* ---- the beginning ----------------------------------------------------- */

static enum err
start_run(struct crew_job *job, struct db *db)
{
	struct whole *w = CONTAINER_OF(job, struct whole, start_job);
	enum err e = db_schema_check(db, w->why, sizeof(w->why));

	if (e == OK)
		e = lease_release(db, w->keep.owner);
	return e;
}

static void
on_hint(void *arg)
{
	struct keep *k = arg;

	if (k->draining || k->sched == NULL)
		return;
	job_poke(k->jobs);
	sched_poke(k->sched);
	if (k->proofs != NULL)
		proofs_poke(k->proofs);
	post_poke(k->post);
}

static void
on_round_ended(struct keep *k)
{
	if (!k->draining && k->sched != NULL)
		sched_room(k->sched);
}

/* The database has been seen: the work begins. */
static void
start_done(struct crew_job *job)
{
	struct whole *w = CONTAINER_OF(job, struct whole, start_job);
	struct keep *k = &w->keep;
	enum err e = job->err;

	if (k->draining)
		return;
	if (e == OK)
		e = tidy_new(k, &k->tidy);
	if (e == OK)
		e = exams_new(k, &k->exams);
	if (e == OK)
		e = job_new(k, &k->jobs);
	if (e == OK)
		e = sched_new(k, &k->sched);
	if (e == OK && strcmp(k->conf->transfer.ownership, "proof") == 0)
		e = proofs_new(k, &k->proofs);
	if (e == OK) {
		log_info("xferd.working", "");
		return;
	}
	log_err("xferd.cannot_start", "err=%s why=%s", err_name(e),
	    LOG_Q(w->why));
	w->failed = e;
	uv_stop(k->loop);
}

static void
on_signal(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct whole *w = poll->data;
	struct conf *old = NULL;

	switch (svc_take(w->svc)) {
	case SVC_STOP:
		begin_drain(w);
		break;
	case SVC_RELOAD:
		/* Logs what is wrong; the log level is set by svc. */
		if (svc_reload(w->svc, &old) == OK) {
			w->keep.conf = w->svc->conf;
			read_limits(&w->keep);
			children_log_level(w->keep.children,
			    w->keep.conf->log.level);
			conf_free(old);
		}
		break;
	case SVC_DUMP:
		log_info("xferd.state", "rounds=%u db_away=%d crew=%u",
		    w->keep.n_rounds, crew_db_away(w->keep.crew),
		    crew_busy(w->keep.crew));
		break;
	case SVC_NONE:
	case SVC_CHILD:
		break;
	}
}

/* It is back: what it may have forgotten, and what waited for it. */
static void
look_at_database(struct whole *w)
{
	struct keep *k = &w->keep;

	if (crew_db_away(k->crew))
		return;
	if (w->losses != crew_losses(k->crew) && k->sched != NULL) {
		w->losses = crew_losses(k->crew);
		sched_reclaim(k->sched);
		wake_again(k);
	}
	notice_resume(k->notice);
}

static void
on_tick(uv_timer_t *timer)
{
	struct whole *w = timer->data;
	struct children_counts c;

	svc_beat(w->svc);
	children_count(w->keep.children, &c);
	count_set(COUNT_children_spawned, c.spawned);
	count_set(COUNT_children_died, c.died);
	count_set(COUNT_database_away, crew_db_away(w->keep.crew));
	look_at_database(w);
	count_set(COUNT_breakers_open, tally_sweep(w->keep.tally,
	    now_mono_ms()));
}

static void
read_db(struct whole *w)
{
	const struct conf *conf = w->keep.conf;

	w->conninfo = strdup(conf->database.xferd);
	w->db = (struct db_conf){ .conninfo = w->conninfo,
		.program = "xferd",
		.connect_timeout_s = (int)conf->database.connect_timeout_s,
		.timeout_ms = (int)MAX(conf->database.statement_timeout_ms,
		    (uint32_t)DB_TIMEOUT_MIN_MS), .prepare = true,
		.generic_plans = true };
}

static enum err
build_rooms(struct whole *w, const char *program)
{
	struct keep *k = &w->keep;
	const struct conf *conf = k->conf;
	const unsigned threads[CREW_LANES] = { 2, conf->transfer.threads, 1,
		1, 1 };
	struct children_conf cc = { .program = program,
		.log_level = conf->log.level,
		.user = conf->transfer.child_user,
		.fetch_warm = conf->transfer.fetch_warm,
		.fetch_max = conf->transfer.fetch_max, .want_notify = true,
		.want_check = true };
	struct children_calls calls = { .arg = k, .frame = on_child_frame,
		.ready = on_child_ready, .gone = on_child_gone };
	struct probes_conf pc = { .timeout_ms = conf->transfer.probe_timeout_ms,
		.tries = (uint8_t)conf->transfer.probe_tries,
		.connect_ms = conf->transfer.connect_timeout_ms,
		.tsig_mac_min = conf->transfer.tsig_mac_min };
	struct lookups_conf lc = {
		.per_second = conf->transfer.lookups_per_second,
		.tsig_mac_min = conf->transfer.tsig_mac_min,
		.walk = &k->egress_walk, .visit = &k->egress,
		.operator_ = &k->egress_operator };
	struct fetches_conf fc = read_fetches(conf);
	enum err e;

	e = keyring_new(conf->transfer.seal_secret_file, &k->keys);
	if (e != OK) {
		log_err("seal.not_loaded", "path=%s err=%s",
		    LOG_Q(conf->transfer.seal_secret_file), err_name(e));
		return ERR_CONFIG;
	}
	e = tally_new((size_t)conf->limits.spool_tenant_mib * MIB, &k->tally);
	if (e == OK)
		e = crew_new(k->loop, &w->db, threads, &k->crew);
	if (e == OK)
		e = ledger_new(k->loop, k->crew, k->owner,
		    conf->transfer.keep_attempts, &k->ledger);
	if (e == OK)
		e = publish_new(k->crew, k->owner, &k->publish);
	if (e == OK)
		publish_limit(k->publish, conf->limits.records_per_tenant);
	if (e == OK)
		e = outlines_new(OUTLINES_BYTES_MAX, &k->outlines);
	if (e == OK)
		e = notice_new(k, &k->notice);
	if (e == OK)
		e = post_new(k, &k->post);
	if (e == OK)
		cc.want_courier = post_wanted(k->post);
	if (e == OK)
		e = children_new(k->loop, &cc, &calls, &k->children);
	if (e == OK)
		e = probes_new(k->loop, &pc, k->children, &k->egress, k->keys,
		    &k->probes);
	if (e == OK)
		e = lookups_new(k->loop, &lc, k->children, k->keys,
		    &k->lookups);
	if (e == OK)
		e = surveys_new(k->loop, conf, k->lookups, &k->surveys);
	if (e == OK)
		e = fetches_new(k->loop, &fc, k->children, &k->egress,
		    k->keys, &k->fetches);
	if (e == OK)
		e = hint_new(k->loop, &w->db, on_hint, k, &w->hint);
	return e;
}

static void
raise_limits(void)
{
	struct rlimit rl;
	sigset_t set;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	/* Secrets are in no core file and not for other processes. */
	prctl(PR_SET_DUMPABLE, 0);
	/* Children are libuv's to wait for. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
start_handles(struct whole *w)
{
	uv_loop_t *loop = w->keep.loop;

	uv_poll_init(loop, &w->signals, w->svc->signal_fd);
	uv_timer_init(loop, &w->tick);
	uv_timer_init(loop, &w->drain);
	w->signals.data = w->tick.data = w->drain.data = w;
	uv_poll_start(&w->signals, UV_READABLE, on_signal);
	uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
	w->start_job = (struct crew_job){ .run = start_run,
		.done = start_done, .give_up_ms = INT64_MAX };
	crew_submit(w->keep.crew, CREW_QUICK, &w->start_job);
}

int
keep_run(struct svc *svc, const char *program)
{
	struct whole *w = calloc(1, sizeof(*w));
	struct keep *k;
	enum err e;

	if (w == NULL)
		return svc_end(svc, ERR_NO_MEMORY);
	k = &w->keep;
	w->svc = svc;
	k->conf = svc->conf;
	k->loop = &w->loop;
	k->round_ended = on_round_ended;
	raise_limits();
	uv_loop_init(k->loop);
	find_owner(w);
	read_limits(k);
	read_db(w);
	e = ownership_check(k->conf);
	if (e == OK)
		e = read_egress(k);
	if (e == OK)
		e = build_rooms(w, program);
	if (e == OK)
		e = metrics_serve_start(k->conf->transfer.metrics_listen,
		    count_render, NULL, &w->metrics);
	if (e != OK) {
		log_err("xferd.cannot_start", "err=%s", err_name(e));
		if (k->children != NULL)
			children_stop(k->children);
		return svc_end(svc, e);
	}
	start_handles(w);
	svc_ready(svc);
	log_info("xferd.started", "");
	uv_run(k->loop, UV_RUN_DEFAULT);

	k->draining = true;
	metrics_serve_stop(w->metrics);
	hint_stop(w->hint);
	children_stop(k->children);
	crew_stop(k->crew);
	release_leases(w);
	notice_close(k->notice);
	keyring_free(k->keys);
	free(w->conninfo);
	log_info("xferd.stopped", "");
	return svc_end(svc, w->failed);
}
