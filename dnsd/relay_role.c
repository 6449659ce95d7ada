/*
 * relay_role.c - the process that talks to xferd, and shows the metrics.
 * See relay_role.h.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/now.h"
#include "dnsd/relay.h"
#include "dnsd/relay_role.h"

enum { CONNECT_EVERY_MS = 500, FRAMES_A_TURN = 64 };

struct state {
	struct relay_role *r;
	struct control_counters *count;
	int upstream;			/* -1: not connected */
	int64_t connect_at;
	bool was_up;
};

static void
upstream_drop(struct state *s)
{
	if (s->upstream >= 0)
		close(s->upstream);
	s->upstream = -1;
	s->connect_at = now_mono_ms() + CONNECT_EVERY_MS;
	if (s->was_up)
		log_warn("relay.lost", "path=%s", LOG_Q(s->r->socket_path));
	s->was_up = false;
}

static void
upstream_ensure(struct state *s)
{
	if (s->upstream >= 0 || s->r->socket_path[0] == '\0' ||
	    now_mono_ms() < s->connect_at)
		return;
	if (sock_unix(SOCK_SEQPACKET, s->r->socket_path, false,
	    &s->upstream) != OK) {
		s->upstream = -1;
		s->connect_at = now_mono_ms() + CONNECT_EVERY_MS;
		return;
	}
	s->was_up = true;
	log_info("relay.connected", "path=%s", LOG_Q(s->r->socket_path));
}

/* From a worker: a request for xferd.  Never waits. */
static void
worker_read(struct state *s, int fd)
{
	uint8_t bytes[RELAY_FRAME_MAX];
	struct relay_frame f;
	ssize_t n;

	for (int i = 0; i < FRAMES_A_TURN; i++) {
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0)
			return;
		if (relay_frame_get(bytes, (size_t)n, &f) != OK ||
		    f.kind != RELAY_REQUEST)
			continue;
		s->connect_at = s->upstream < 0 ? 0 : s->connect_at;
		upstream_ensure(s);
		if (s->upstream >= 0 && send(s->upstream, bytes, (size_t)n,
		    MSG_DONTWAIT | MSG_NOSIGNAL) == n) {
			control_add(s->count, CONTROL_notify_relayed, 1);
			continue;
		}
		control_add(s->count, CONTROL_notify_dropped, 1);
		if (s->upstream >= 0 && errno != EAGAIN)
			upstream_drop(s);
	}
}

/* The answer leaves from the address that the NOTIFY came to. */
static void
answer_udp(struct state *s, const struct relay_frame *f)
{
	struct sockaddr_storage to;
	struct sock_addr back = f->source;
	socklen_t len;
	int best = -1;

	if (f->cookie & RELAY_COOKIE_PROXY && !relay_cookie_address(f->cookie,
	    s->r->proxy, s->r->n_proxies, &back))
		return;
	len = sock_addr_to_sa(&back, &to);
	for (int i = 0; i < s->r->n_sockets; i++) {
		const struct sock_addr *l = &s->r->local[i];

		if (l->port != f->listener.port ||
		    l->family != f->listener.family)
			continue;
		if (sock_ip_equal(l, &f->listener) || sock_addr_is_any(l))
			best = i;
	}
	if (best < 0 || len == 0)
		return;
	if (sendto(s->r->socket[best], f->datagram, f->len, MSG_DONTWAIT,
	    (struct sockaddr *)&to, len) == f->len)
		control_add(s->count, CONTROL_notify_answered, 1);
}

static void
answer_tcp(struct state *s, const struct relay_frame *f, const uint8_t *bytes,
    size_t len)
{
	unsigned slot = f->cookie >> 48 & 0x7fff;

	if (slot < CACHE_READERS_MAX && s->r->worker_fd[slot] >= 0)
		(void)!send(s->r->worker_fd[slot], bytes, len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
upstream_read(struct state *s)
{
	uint8_t bytes[RELAY_FRAME_MAX];
	struct relay_frame f;
	ssize_t n;

	for (int i = 0; i < FRAMES_A_TURN; i++) {
		n = recv(s->upstream, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			upstream_drop(s);
			return;
		}
		if (relay_frame_get(bytes, (size_t)n, &f) != OK ||
		    f.kind != RELAY_REPLY || f.len == 0)
			continue;
		if (f.cookie & RELAY_COOKIE_TCP)
			answer_tcp(s, &f, bytes, (size_t)n);
		else
			answer_udp(s, &f);
	}
}

static void
gauge(struct buf *b, const char *name, const char *help, double value)
{
	struct metrics_desc d = { name, METRICS_GAUGE, help };

	metrics_head(b, "dnsd", &d);
	metrics_line(b, "dnsd", &d, NULL, value);
}

static double
word(const _Atomic uint64_t *w)
{
	return (double)atomic_load_explicit((_Atomic uint64_t *)w,
	    memory_order_relaxed);
}

static void
metrics_render(void *arg, struct buf *b)
{
	struct state *s = arg;
	const struct cache_super *super = s->r->super;
	double beat = word(&super->feeder_beat_ms);

	for (int i = 0; i < CONTROL_N_COUNTERS; i++) {
		struct metrics_desc d = {
			control_name((enum control_counter)i),
			METRICS_COUNTER, control_text((enum control_counter)i),
		};

		metrics_head(b, "dnsd", &d);
		metrics_line(b, "dnsd", &d, NULL, (double)control_sum(
		    s->r->control, (enum control_counter)i));
	}
	gauge(b, "zones", "Zones in the cache.", word(&super->n_zones));
	gauge(b, "cache_used_bytes", "Arena in use.",
	    word(&super->arena_used));
	gauge(b, "cache_max_bytes", "Arena's maximum.",
	    word(&super->arena_max));
	gauge(b, "cache_retained_bytes",
	    "Replaced memory that a reader may still see.",
	    word(&super->retained));
	gauge(b, "cache_epoch", "Publications of the cache.",
	    word(&super->epoch));
	gauge(b, "ready", "1 once the first load was done.",
	    word(&super->ready));
	gauge(b, "feed_connected", "1 while the feeder has its database.",
	    word(&super->connected));
	gauge(b, "feed_applied_xmin", "Horizon of the change feed.",
	    word(&super->applied_xmin));
	gauge(b, "feeder_beat_age_seconds", "Since the feeder's last turn.",
	    beat == 0 ? 0 : ((double)now_boot_ms() - beat) / 1000);
	metrics_process(b, "dnsd");
}

static int
poll_list(struct state *s, struct pollfd *p)
{
	int n = 0;

	for (int i = 0; i < CACHE_READERS_MAX; i++)
		if (s->r->worker_fd[i] >= 0)
			p[n++] = (struct pollfd){ s->r->worker_fd[i], POLLIN,
			    0 };
	if (s->r->metrics_fd >= 0)
		p[n++] = (struct pollfd){ s->r->metrics_fd, POLLIN, 0 };
	if (s->upstream >= 0)
		p[n++] = (struct pollfd){ s->upstream, POLLIN, 0 };
	return n;
}

int
relay_role_run(struct relay_role *r)
{
	struct pollfd p[CACHE_READERS_MAX + 2];
	struct state s = {
		.r = r, .upstream = -1,
		.count = &r->control->counters[r->slot],
	};
	int n;

	while (!worker_stop) {
		upstream_ensure(&s);
		n = poll_list(&s, p);
		if (poll(p, (nfds_t)n, WORKER_TICK_MS) <= 0)
			continue;
		for (int i = 0; i < n; i++) {
			if (p[i].revents == 0)
				continue;
			if (p[i].fd == s.upstream)
				upstream_read(&s);
			else if (p[i].fd == r->metrics_fd)
				metrics_serve_once(r->metrics_fd,
				    metrics_render, &s);
			else
				worker_read(&s, p[i].fd);
		}
	}
	if (s.upstream >= 0)
		close(s.upstream);
	return 0;
}
