/*
 * main.c - dnsd: the name server.
 *
 * Without --role this is the supervisor; it executes itself again for each
 * child, with the descriptors that the role may have and no others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/base/svc.h"
#include "common/dns/nsec3hash.h"
#include "dnsd/control.h"
#include "dnsd/feeder.h"
#include "dnsd/hold.h"
#include "dnsd/inherit.h"
#include "dnsd/relay_role.h"
#include "dnsd/supervisor.h"
#include "dnsd/worker_tcp.h"
#include "dnsd/worker_tls.h"
#include "dnsd/worker_udp.h"

/* What the supervisor says to a child. */
struct order {
	const char *role;
	const char *slot;
	const char *fds;
	const char *crashed;
};

/* Where everything given to a role ends up; too large for a stack. */
static struct inherit things;
static struct worker worker;
static struct relay_role relay;

static int
fd_of(const char *label)
{
	int i = inherit_find(&things, label);

	return i < 0 ? -1 : things.fd[i];
}

/* The arena without the right to write it. */
static enum err
arena_map(const uint8_t **out_base, size_t *out_size)
{
	int fd = fd_of("arena_ro");
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ERR_INTERNAL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ,
	    MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return ERR_NO_MEMORY;
	*out_base = p;
	*out_size = (size_t)st.st_size;
	return OK;
}

static enum err
worker_fill(const struct conf *conf, const struct order *o)
{
	struct worker *w = &worker;
	enum err e;

	w->slot = atoi(o->slot);
	w->ring_fd = fd_of("ring");
	w->relay_fd = fd_of("relay");
	w->tls_control_fd = fd_of("tls_control");
	w->predecessor_crashed = o->crashed != NULL;
	w->tcp_clients_max = conf->dns.tcp_clients_max;
	w->tcp_clients_per_ip_max = conf->dns.tcp_clients_per_ip_max;
	w->tcp_idle_ms = conf->dns.tcp_idle_ms;
	w->tcp_message_ms = conf->dns.tcp_message_ms;
	w->tls_clients_max = conf->dns.tls_clients_max;
	w->tls_handshake_ms = conf->dns.tls_handshake_ms;
	if (w->slot < 0 || w->slot >= CONTROL_WORKERS_MAX)
		return ERR_INTERNAL;
	for (int i = 0; i < things.n; i++) {
		if (strncmp(things.label[i], "socket:", 7) != 0)
			continue;
		if (w->n_sockets == WORKER_SOCKETS_MAX)
			return ERR_LIMIT;
		w->socket[w->n_sockets] = things.fd[i];
		w->stripe[w->n_sockets] = (uint8_t)atoi(things.label[i] + 7);
		w->proxied[w->n_sockets] =
		    strstr(things.label[i], ":proxied") != NULL;
		e = sock_local(things.fd[i], &w->local[w->n_sockets]);
		if (e != OK)
			return e;
		w->n_sockets++;
	}
	e = arena_map(&w->arena, &w->arena_size);
	if (e != OK)
		return e;
	w->ctx.arena = w->arena;
	w->ctx.arena_size = w->arena_size;
	w->ctx.udp_max = (uint16_t)conf->dns.udp_max_bytes;
	w->ctx.nsid_len = (uint8_t)MIN(strlen(conf->dns.nsid),
	    (size_t)ANSWER_NSID_MAX);
	memcpy(w->ctx.nsid, conf->dns.nsid, w->ctx.nsid_len);
	e = worker_front_init(&w->front, conf, fd_of("cookies_ro"),
	    fd_of("rrl"), &w->ctx);
	if (e != OK)
		return e;
	return nsec3hash_new(&w->ctx.nsec3hash);	/* for NSEC3 proofs */
}

static enum err
relay_fill(const struct conf *conf, const struct order *o)
{
	struct relay_role *r = &relay;
	const uint8_t *arena;
	size_t size;
	enum err e;
	int slot;

	r->socket_path = conf->transfer.relay_socket;
	for (size_t i = 0; i < conf->dns.proxy_prefixes.n; i++)
		if (sock_prefix_parse(conf->dns.proxy_prefixes.items[i],
		    &r->proxy[r->n_proxies]) == OK)
			r->n_proxies++;
	r->slot = atoi(o->slot);
	r->metrics_fd = fd_of("metrics");
	for (int i = 0; i < CACHE_READERS_MAX; i++)
		r->worker_fd[i] = -1;
	for (int i = 0; i < things.n; i++) {
		if (sscanf(things.label[i], "worker:%d", &slot) == 1 &&
		    slot >= 0 && slot < CACHE_READERS_MAX)
			r->worker_fd[slot] = things.fd[i];
		if (strncmp(things.label[i], "socket:", 7) != 0 ||
		    r->n_sockets == WORKER_SOCKETS_MAX)
			continue;
		r->socket[r->n_sockets] = things.fd[i];
		e = sock_local(things.fd[i], &r->local[r->n_sockets]);
		if (e != OK)
			return e;
		r->n_sockets++;
	}
	e = arena_map(&arena, &size);
	r->super = (const struct cache_super *)(const void *)arena;
	return e;
}

/* Walls of the roles that need nothing but them; the workers' are built when
 * their memory is there (worker_confine()). */
static bool
confine(const struct conf *conf, const char *role)
{
	const struct sandbox_limits small = {
		.files_max = INHERIT_MAX + 64,
		.data_bytes = (uint64_t)64 << 20,
	};
	const struct sandbox_limits feeder = {
		.files_max = 256,
		.write_file = conf->dns.snapshot_file,
	};

	if (strcmp(role, "hold") == 0)
		return sandbox_enter(SANDBOX_HOLD, &small) == OK;
	if (strcmp(role, "relay") == 0)
		return sandbox_enter(SANDBOX_RELAY, &small) == OK;
	if (strcmp(role, "feeder") == 0)
		return sandbox_enter(SANDBOX_FEEDER, &feeder) == OK;
	return true;
}

static int
role_run(const struct conf *conf, const struct order *o)
{
	struct control *control = NULL;
	bool feeds = strcmp(o->role, "feeder") == 0 ||
	    strcmp(o->role, "relay") == 0;
	static char program[32];
	enum log_level level = LOG_LEVEL_INFO;
	enum err e = OK;

	snprintf(program, sizeof(program), "dnsd-%s", o->role);
	(void)log_level_parse(conf->log.level, &level);
	log_init(program, level);
	if (fd_of("control") >= 0)
		e = control_map(fd_of("control"), &control);
	if (e == OK)
		e = sandbox_user(strcmp(o->role, "hold") == 0 ? "" : feeds ?
		    conf->dns.feeder_user : conf->dns.worker_user);
	worker.control = relay.control = control;
	if (e == OK && strcmp(o->role, "relay") == 0)
		e = relay_fill(conf, o);
	if (e == OK && (strcmp(o->role, "udp") == 0 ||
	    strcmp(o->role, "tcp") == 0 || strcmp(o->role, "tls") == 0))
		e = worker_fill(conf, o);
	if (e == OK && strcmp(o->role, "tls") == 0)
		e = worker_tls_load(fd_of("tls_cert"), fd_of("tls_key"));
	if (e != OK) {
		log_err("role.failed", "role=%s reason=%s", o->role,
		    LOG_Q(err_text(e)));
		return svc_exit_code(e);
	}
	worker_signals();
	if (!confine(conf, o->role))
		return svc_exit_code(ERR_SYSTEM);
	if (strcmp(o->role, "hold") == 0)
		return hold_run(fd_of("hold"), &things);
	if (strcmp(o->role, "feeder") == 0)
		return feeder_run(conf, fd_of("arena"), control);
	if (strcmp(o->role, "relay") == 0)
		return relay_role_run(&relay);
	if (strcmp(o->role, "udp") == 0)
		return worker_udp_run(&worker);
	if (strcmp(o->role, "tcp") == 0)
		return worker_tcp_run(&worker);
	if (strcmp(o->role, "tls") == 0)
		return worker_tls_run(&worker);
	log_err("role.unknown", "role=%s", LOG_Q(o->role));
	return SVC_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct order o = { NULL, "0", "", NULL };
	const struct svc_option options[] = {
		{ "role", "ROLE", "internal: run as this child", &o.role },
		{ "slot", "N", "internal: of the child", &o.slot },
		{ "fds", "LABELS", "internal: of the child", &o.fds },
		{ "crashed", NULL, "internal: how the last one died",
		    &o.crashed },
	};
	struct svc s;
	int code;

	if (!svc_begin(&s, "dnsd", options, COUNT_OF(options), argc, argv,
	    &code))
		return code;
	if (o.role == NULL) {
		code = supervisor_run(&s, argc, argv);
		(void)svc_end(&s, OK);
		return code;
	}
	if (inherit_parse(o.fds, &things) != OK)
		return SVC_EXIT_USAGE;
	return role_run(s.conf, &o);
}
