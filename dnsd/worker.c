/*
 * worker.c - what the answering processes share.  See worker.h.
 */
#include <string.h>
#include <sys/socket.h>

#include "dnsd/relay.h"
#include "dnsd/worker.h"

volatile sig_atomic_t worker_stop;

static void
on_stop(int number UNUSED)
{
	worker_stop = 1;
}

void
worker_signals(void)
{
	struct sigaction sa = { .sa_handler = on_stop };
	sigset_t none;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	/* svc_begin() blocked them for its own use. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool
worker_confine(enum sandbox_wall wall, uint32_t files, uint64_t data_bytes)
{
	const struct sandbox_limits limits = {
		.files_max = WORKER_SOCKETS_MAX + 64 + files,
		.data_bytes = data_bytes,
	};

	return sandbox_enter(wall, &limits) == OK;
}

static enum control_counter
counter_of_rcode(unsigned rcode)
{
	switch (rcode) {
	case 0:
		return CONTROL_rcode_noerror;
	case 1:
		return CONTROL_rcode_formerr;
	case 2:
		return CONTROL_rcode_servfail;
	case 3:
		return CONTROL_rcode_nxdomain;
	case 4:
		return CONTROL_rcode_notimp;
	case 5:
		return CONTROL_rcode_refused;
	default:
		return CONTROL_rcode_other;
	}
}

void
worker_count(struct control_counters *c, struct control_zone *zones,
    const struct answer_job *job)
{
	struct answer_summary s;

	answer_summarise(job, &s);
	control_add(c, counter_of_rcode(s.rcode), 1);
	if (s.have_edns)
		control_add(c, CONTROL_with_edns, 1);
	if (s.tc)
		control_add(c, CONTROL_udp_truncated, 1);
	if (s.cookie != COOKIE_NONE)
		control_add(c, s.cookie == COOKIE_GOOD ? CONTROL_cookie_good :
		    s.cookie == COOKIE_BAD ? CONTROL_cookie_bad :
		    CONTROL_cookie_client, 1);
	if (s.have_zone)
		control_count_zone(zones, s.zone_stats,
		    s.rcode == QUERY_NXDOMAIN);
}

void
worker_relay(const struct worker *w, uint64_t cookie,
    const struct sock_addr *listener, const struct sock_addr *source,
    const uint8_t *request, size_t len)
{
	struct control_counters *c = &w->control->counters[w->slot];
	uint8_t frame[RELAY_FRAME_MAX];
	struct relay_frame f = {
		.kind = RELAY_REQUEST, .cookie = cookie,
		.listener = *listener, .source = *source,
		.datagram = request, .len = (uint16_t)len,
	};
	size_t n = 0;

	control_add(c, CONTROL_notify_received, 1);
	if (len <= RELAY_DATAGRAM_MAX)
		n = relay_frame_put(&f, frame);
	if (n == 0 || w->relay_fd < 0 || send(w->relay_fd, frame, n,
	    MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		control_add(c, CONTROL_notify_dropped, 1);
}
