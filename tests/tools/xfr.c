/*
 * xfr - one transfer through the fetch role, by hand.
 *
 *	xfr ADDR:PORT ZONE axfr|ixfr SERIAL [ALG:KEYNAME:HEXSECRET] [-q]
 *
 * Plays keep: connects, forks session_run(), prints what comes (or, with -q,
 * only the result), every record checked by handoff_records_next().
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rrtext.h"
#include "xferd/handoff.h"
#include "xferd/session.h"

#define DIE(...) do { fprintf(stderr, __VA_ARGS__); exit(2); } while (0)

static int
connect_to(const char *text)
{
	struct sock_addr a;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	if (sock_addr_parse(text, 53, &a) != OK)
		DIE("bad address %s\n", text);
	len = sock_addr_to_sa(&a, &sa);
	fd = socket(sa.ss_family, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&sa, len) != 0)
		DIE("cannot connect to %s\n", text);
	if (sock_nonblock(fd, true) != OK)
		DIE("nonblock\n");
	return fd;
}

static void
add_key(struct handoff_fetch_conn *c, char *spec)
{
	char *alg = strtok(spec, ":"), *name = strtok(NULL, ":"),
	    *hex = strtok(NULL, ":");
	uint8_t wire[DNAME_MAX], secret[TSIG_SECRET_MAX];
	size_t n_wire, n = 0;

	if (hex == NULL || dname_parse(name, strlen(name), wire, &n_wire) !=
	    OK)
		DIE("bad key\n");
	for (; hex[2 * n] != '\0' && n < sizeof(secret); n++) {
		unsigned v;

		if (sscanf(hex + 2 * n, "%2x", &v) != 1)
			DIE("bad secret\n");
		secret[n] = (uint8_t)v;
	}
	c->n_keys = 1;
	c->keys[0].id = 1;
	if (tsig_key_init(&c->keys[0].key, wire, n_wire,
	    tsig_alg_from_text(alg), secret, n) != OK)
		DIE("bad key\n");
}

static void
print_records(const struct frame *f, const struct handoff_fetch_zone *z,
    bool quiet)
{
	static char text[RRTEXT_MAX];
	struct handoff_record r;
	size_t off = 0, n;
	bool end;

	for (;;) {
		uint8_t owner[DNAME_MAX];
		size_t len;

		if (handoff_records_next(f->payload, f->len, &off,
		    z->apex_len, &r, &end) != OK)
			DIE("bad records frame at %zu\n", off);
		if (end)
			return;
		if (quiet)
			continue;
		len = ownerkey_to_dname(r.key, r.key_len, z->apex, owner);
		if (rrtext_record(owner, len, r.ttl, 1, r.type, r.rdata,
		    r.rdlen, text, sizeof(text), &n) != OK)
			DIE("no text\n");
		puts(text);
	}
}

static bool
take(const struct frame *f, const struct handoff_fetch_zone *z, bool quiet)
{
	struct handoff_result r;
	struct handoff_mark m;

	switch (f->type) {
	case HANDOFF_RECORDS:
		print_records(f, z, quiet);
		return false;
	case HANDOFF_MARK:
		if (handoff_mark_decode(f->payload, f->len, &m) != OK)
			DIE("bad mark\n");
		printf("; %s %u\n", m.part == HANDOFF_DELETE ? "delete" :
		    "add", m.serial);
		return false;
	case HANDOFF_RESULT:
		if (handoff_result_decode(f->payload, f->len, &r) != OK)
			DIE("bad result\n");
		printf("; reason=%s style=%d reusable=%d aa=%d serial=%u "
		    "records=%" PRIu64 " bytes=%" PRIu64 " messages=%u "
		    "diffs=%u skipped=%u ms=%u first_ms=%u rcode=%u tsig=%s/%u"
		    " skew=%" PRId64 " edns=%d expire=%d:%u text=\"%.*s\"\n",
		    handoff_reason_text(r.reason), r.style, r.reusable, r.aa,
		    r.serial, r.records, r.bytes, r.messages, r.diffs,
		    r.out_of_zone, r.ms, r.first_ms, r.facts.rcode,
		    tsig_verdict_text(r.facts.tsig), r.facts.tsig_error,
		    r.facts.skew_s, r.facts.edns, r.facts.has_expire,
		    r.facts.expire_s, r.text_len, r.text);
		return true;
	default:
		return false;
	}
}

int
main(int argc, char **argv)
{
	struct handoff_fetch_conn c = { .transport = HANDOFF_TCP,
	    .connect_ms = 5000, .first_ms = 10000, .idle_ms = 10000,
	    .total_ms = 600000, .rate_window_ms = 30000 };
	struct handoff_fetch_zone z = { .cookie = 1, .edns = true,
	    .fudge_s = 300, .limits = { 100000000, 1ull << 40, 10000000, 100,
	    100000, 1000, 100000 } };
	uint8_t payload[HANDOFF_SMALL_MAX];
	struct frame_in in;
	struct frame_out out;
	struct rusage ru;
	size_t len, n;
	bool quiet, done = false;
	int pair[2], status;
	pid_t pid;

	if (argc < 5)
		DIE("usage: xfr ADDR:PORT ZONE axfr|ixfr SERIAL [KEY] [-q]\n");
	quiet = strcmp(argv[argc - 1], "-q") == 0;
	if (dname_parse(argv[2], strlen(argv[2]), z.apex, &n) != OK)
		DIE("bad zone\n");
	z.apex_len = (uint8_t)n;
	z.mode = strcmp(argv[3], "ixfr") == 0 ? HANDOFF_IXFR : HANDOFF_AXFR;
	z.serial = (uint32_t)strtoul(argv[4], NULL, 10);
	if (argc > 5 && strcmp(argv[5], "-q") != 0) {
		add_key(&c, argv[5]);
		z.key_id = 1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		DIE("socketpair\n");
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		_exit(session_run(pair[1], NULL));
	}
	close(pair[1]);
	frame_in_init(&in, HANDOFF_FRAME_MAX);
	frame_out_init(&out, 1 << 20);
	if (handoff_fetch_conn_encode(&c, payload, sizeof(payload), &len) !=
	    OK || frame_put(&out, HANDOFF_FETCH_CONN, payload, len,
	    connect_to(argv[1])) != OK ||
	    handoff_fetch_zone_encode(&z, payload, sizeof(payload), &len) !=
	    OK || frame_put(&out, HANDOFF_FETCH_ZONE, payload, len, -1) != OK
	    || frame_drain(&out, pair[0], -1) != OK)
		DIE("cannot ask\n");
	while (!done) {
		struct frame f;

		if (frame_wait(&in, pair[0], -1, &f) != OK)
			DIE("the fetch process is gone\n");
		done = take(&f, &z, quiet);
	}
	close(pair[0]);
	waitpid(pid, &status, 0);
	getrusage(RUSAGE_CHILDREN, &ru);
	printf("; fetch: exit=%d user_ms=%ld sys_ms=%ld\n",
	    WEXITSTATUS(status),
	    ru.ru_utime.tv_sec * 1000 + ru.ru_utime.tv_usec / 1000,
	    ru.ru_stime.tv_sec * 1000 + ru.ru_stime.tv_usec / 1000);
	frame_in_fini(&in);
	frame_out_fini(&out);
	return 0;
}
