/*
 * shared.c - the descriptors of a running dnsd.  See shared.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "dnsd/hold.h"
#include "dnsd/shared.h"

enum {
	RCVBUF_BYTES = 4 << 20,
	BACKLOG = 512,
};

/* The predecessor's descriptor with this label, now ours; -1 if none. */
static int
adopt(struct shared *s, const char *label)
{
	int i = inherit_find(&s->found, label);
	int fd;

	if (i < 0)
		return -1;
	fd = s->found.fd[i];
	s->found.n--;
	s->found.fd[i] = s->found.fd[s->found.n];
	memcpy(s->found.label[i], s->found.label[s->found.n],
	    INHERIT_LABEL_MAX);
	return fd;
}

static enum err
memory_make(struct shared *s, const char *label, size_t size, bool seal,
    int *out_fd)
{
	struct stat st;
	int fd = adopt(s, label);

	if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size == size)
		goto done;
	if (fd >= 0)
		close(fd);
	fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_from_errno(errno);
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    (seal && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)) {
		close(fd);
		return ERR_IO;
	}
done:
	inherit_add(&s->all, fd, "%s", label);
	*out_fd = fd;
	return OK;
}

/* The feeder opens the arena again for a lock of its own: it must own it. */
static enum err
arena_give(const struct shared *s, int fd)
{
	const char *user = s->conf->dns.feeder_user;
	struct passwd *p;

	if (geteuid() != 0 || user[0] == '\0')
		return OK;
	p = getpwnam(user);
	if (p == NULL) {
		log_err("user.unknown", "user=%s", LOG_Q(user));
		return ERR_CONFIG;
	}
	return fchown(fd, p->pw_uid, p->pw_gid) == 0 ? OK :
	    err_from_errno(errno);
}

/* For workers: the same memory, by a description that cannot write. */
static enum err
arena_make(struct shared *s)
{
	size_t size = (size_t)s->conf->dns.arena_max_mib << 20;
	char path[64];
	int fd, ro;
	void *p;
	enum err e = memory_make(s, "arena", size, true, &fd);

	if (e == OK)
		e = arena_give(s, fd);
	if (e != OK)
		return e;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro < 0)
		return err_from_errno(errno);
	inherit_add(&s->all, ro, "arena_ro");
	p = mmap(NULL, sizeof(*s->super), PROT_READ, MAP_SHARED, ro, 0);
	if (p == MAP_FAILED)
		return ERR_IO;
	s->super = p;
	return OK;
}

static enum err
control_make(struct shared *s)
{
	int fd;
	enum err e = memory_make(s, "control", sizeof(struct control), true,
	    &fd);

	return e != OK ? e : control_map(fd, &s->control);
}

/* Secrets: workers have a description that cannot write. */
static enum err
cookies_make(struct shared *s)
{
	char path[64];
	int fd, ro;
	enum err e = memory_make(s, "cookies", COOKIE_JAR_BYTES, true, &fd);

	if (e == OK)
		e = cookie_jar_map(fd, true, &s->jar);
	if (e != OK)
		return e;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro < 0)
		return err_from_errno(errno);
	inherit_add(&s->all, ro, "cookies_ro");
	return OK;
}

/* What UDP workers count rates in, together. */
static enum err
rates_make(struct shared *s)
{
	int fd;
	enum err e = memory_make(s, "rrl", sizeof(struct rrl_table), true,
	    &fd);

	return e != OK ? e : worker_front_key(fd);
}

static void
udp_tune(int fd, const struct sock_addr *a)
{
	struct timeval tick = { .tv_usec = WORKER_TICK_MS * 1000 };
	struct timeval patience = { .tv_usec = 50000 };
	int one = 1, size = RCVBUF_BYTES, pmtu = IP_PMTUDISC_PROBE;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	/* No fragments, and forged reports of path MTUs are not believed
	 * (RFC 9715 3.1): what is too long for the interface is not sent. */
	if (a->family == 4)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu,
		    sizeof(pmtu));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &pmtu,
		    sizeof(pmtu));
	if (sock_addr_is_any(a)) {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one,
		    sizeof(one));
	}
}

static enum err
socket_make(struct shared *s, const char *label, const struct sock_addr *a,
    int type, bool reuse_port)
{
	int fd = adopt(s, label), one = 1;
	enum err e;

	if (fd < 0) {
		/*
		 * A stream listener is alone at first, so that two servers on
		 * one port are noticed.  Beside children of a dead supervisor
		 * that nobody holds it must share; so it allows that later.
		 */
		e = sock_listen(a, type, BACKLOG, reuse_port ||
		    s->beside, &fd);
		if (e != OK) {
			log_err("listen.failed", "address=%s type=%s reason=%s",
			    SOCK_TEXT(a), type == SOCK_DGRAM ? "udp" : "tcp",
			    LOG_Q(err_text(e)));
			return e;
		}
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		if (type == SOCK_STREAM)	/* inherited by what it accepts */
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
			    sizeof(one));
		if (type == SOCK_DGRAM) {
			udp_tune(fd, a);
			e = sock_nonblock(fd, false);
			if (e != OK)
				return e;
		}
	}
	inherit_add(&s->all, fd, "%s", label);
	return OK;
}

static enum err
sockets_make(struct shared *s)
{
	char label[INHERIT_LABEL_MAX];
	struct sock_addr m;
	enum err e = OK;

	for (int i = 0; i < s->n_addresses && e == OK; i++) {
		const struct sock_addr *a = &s->address[i];

		for (uint32_t w = 0; w < s->conf->dns.udp_workers && e == OK;
		    w++) {
			snprintf(label, sizeof(label), "udp:%u:%s", w,
			    SOCK_TEXT(a));
			e = socket_make(s, label, a, SOCK_DGRAM, true);
		}
		if (e != OK)
			return e;
		snprintf(label, sizeof(label), "tcp:%s", SOCK_TEXT(a));
		e = socket_make(s, label, a, SOCK_STREAM, false);
	}
	for (int i = 0; i < s->n_tls && e == OK; i++) {
		snprintf(label, sizeof(label), "tls:%s",
		    SOCK_TEXT(&s->tls_address[i]));
		e = socket_make(s, label, &s->tls_address[i], SOCK_STREAM,
		    false);
	}
	if (e != OK || s->conf->dns.metrics_listen[0] == '\0')
		return e;
	e = sock_addr_parse(s->conf->dns.metrics_listen, -1, &m);
	if (e != OK)
		return e;
	snprintf(label, sizeof(label), "metrics:%s", SOCK_TEXT(&m));
	return socket_make(s, label, &m, SOCK_STREAM, false);
}

/* A socket pair between each worker and the relay. */
static enum err
pair_make(struct shared *s, int slot)
{
	char ours[32], theirs[32];
	int fd[2];

	snprintf(ours, sizeof(ours), "pairw:%d", slot);
	snprintf(theirs, sizeof(theirs), "pairr:%d", slot);
	fd[0] = adopt(s, ours);
	fd[1] = adopt(s, theirs);
	if (fd[0] < 0 || fd[1] < 0) {
		if (fd[0] >= 0)
			close(fd[0]);
		if (fd[1] >= 0)
			close(fd[1]);
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0, fd) < 0)
			return err_from_errno(errno);
	}
	inherit_add(&s->all, fd[0], "%s", ours);
	inherit_add(&s->all, fd[1], "%s", theirs);
	return OK;
}

static uint8_t
stripe_of(const struct conf *conf, const struct sock_addr *a)
{
	for (size_t i = 0; i < conf->n_nameservers; i++)
		for (size_t k = 0; k < conf->nameserver[i].n_addresses; k++)
			if (sock_ip_equal(&conf->nameserver[i].addresses[k],
			    a))
				return (uint8_t)conf->nameserver[i].stripe;
	return 0;
}

static enum err
addresses_read(const struct conf *conf, const struct conf_list *l, int port,
    struct sock_addr *out, uint8_t *out_stripe, int *out_n)
{
	enum err e;

	for (size_t i = 0; i < l->n; i++) {
		if (*out_n == WORKER_SOCKETS_MAX)
			return ERR_LIMIT;
		e = sock_addr_parse(l->items[i], port, &out[*out_n]);
		if (e != OK)
			return e;
		out_stripe[*out_n] = stripe_of(conf, &out[*out_n]);
		(*out_n)++;
	}
	return OK;
}

/* A port with PROXY headers is for proxies alone, and there must be some. */
static enum err
proxies_check(const struct shared *s, int n_plain)
{
	if (s->n_addresses > n_plain && s->conf->dns.proxy_prefixes.n == 0) {
		log_err("proxy.unusable", "reason=\"dns.proxy_prefixes is "
		    "empty\"");
		return ERR_CONFIG;
	}
	for (int i = n_plain; i < s->n_addresses; i++)
		for (int k = 0; k < n_plain; k++)
			if (sock_addr_cmp(&s->address[i],
			    &s->address[k]) == 0) {
				log_err("proxy.unusable", "address=%s "
				    "reason=\"is in dns.listen, too\"",
				    SOCK_TEXT(&s->address[i]));
				return ERR_CONFIG;
			}
	return OK;
}

enum err
shared_addresses(struct shared *s, const struct conf *conf)
{
	enum err e;
	int n_plain;

	s->conf = conf;
	e = addresses_read(conf, &conf->dns.listen, 53, s->address,
	    s->stripe, &s->n_addresses);
	n_plain = s->n_addresses;
	if (e == OK)
		e = addresses_read(conf, &conf->dns.proxy_listen, 53,
		    s->address, s->stripe, &s->n_addresses);
	for (int i = n_plain; i < s->n_addresses; i++)
		s->proxied[i] = true;
	if (e == OK)
		e = proxies_check(s, n_plain);
	if (e == OK)
		e = addresses_read(conf, &conf->dns.tls_listen, 853,
		    s->tls_address, s->tls_stripe, &s->n_tls);
	if (e != OK)
		return e;
	return s->n_addresses > 0 ? OK : ERR_CONFIG;
}

static enum err
rings_make(struct shared *s)
{
	char label[32];
	int fd;

	for (uint32_t i = 0; i < s->conf->dns.udp_workers; i++) {
		snprintf(label, sizeof(label), "ring:%u", i);
		fd = adopt(s, label);
		if (fd < 0)
			fd = memfd_create(label, MFD_CLOEXEC);
		if (fd < 0)
			return err_from_errno(errno);
		inherit_add(&s->all, fd, "%s", label);
	}
	return OK;
}

enum err
shared_make(struct shared *s, const char *hold_path, bool beside)
{
	uint32_t n = s->conf->dns.udp_workers + s->conf->dns.tcp_workers +
	    (s->n_tls > 0 ? s->conf->dns.tls_workers : 0);
	enum err e;

	s->beside = beside;
	hash_init();
	if (n > CONTROL_WORKERS_MAX)
		return ERR_LIMIT;
	if (hold_ask(hold_path, &s->found) == OK)
		log_info("hold.adopted", "descriptors=%d", s->found.n);
	e = arena_make(s);
	if (e == OK)
		e = control_make(s);
	if (e == OK)
		e = cookies_make(s);
	if (e == OK)
		e = rates_make(s);
	if (e == OK)
		e = rings_make(s);
	for (uint32_t i = 0; i < n && e == OK; i++)
		e = pair_make(s, (int)i);
	return e == OK ? sockets_make(s) : e;
}

enum err
shared_offer(struct shared *s, const char *hold_path)
{
	int fd;
	enum err e = sock_unix(SOCK_SEQPACKET, hold_path, true, &fd);

	if (e != OK)
		return e;
	chmod(hold_path, 0600);
	inherit_add(&s->all, fd, "hold");
	return OK;
}

int
shared_fd(const struct shared *s, const char *label)
{
	int i = inherit_find(&s->all, label);

	CHECK(i >= 0);
	return s->all.fd[i];
}

void
shared_drop_found(struct shared *s)
{
	for (int i = 0; i < s->found.n; i++)
		close(s->found.fd[i]);
	s->found.n = 0;
}
