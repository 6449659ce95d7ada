/*
 * sock.c - addresses, prefixes, listeners.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/sock.h"

/* Decimal 0..@max without sign, blanks or leading zeros; -1 if it isn't. */
static long
parse_number(const char *text, size_t len, long max)
{
	long n = 0;
	size_t i;

	if (len == 0 || len > 10 || (text[0] == '0' && len > 1))
		return -1;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n > max ? -1 : n;
}

static enum err
parse_scope(const char *text, uint32_t *out)
{
	long n = parse_number(text, strlen(text), UINT32_MAX);

	*out = n > 0 ? (uint32_t)n : if_nametoindex(text);
	return *out == 0 ? ERR_INVALID : OK;
}

static enum err
parse_literal(const char *text, size_t len, struct sock_addr *out)
{
	struct sock_addr a;
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], *percent;

	memset(&a, 0, sizeof(a));
	if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return ERR_INVALID;
	memcpy(copy, text, len);
	copy[len] = '\0';
	percent = strchr(copy, '%');
	if (percent != NULL) {
		*percent = '\0';
		if (parse_scope(percent + 1, &a.scope) != OK)
			return ERR_INVALID;
	}
	if (inet_pton(AF_INET, copy, a.ip) == 1 && percent == NULL)
		a.family = 4;
	else if (inet_pton(AF_INET6, copy, a.ip) == 1)
		a.family = 6;
	else
		return ERR_INVALID;
	*out = a;
	return OK;
}

enum err
sock_ip_parse(const char *text, struct sock_addr *out)
{
	return parse_literal(text, strlen(text), out);
}

enum err
sock_addr_parse(const char *text, int default_port, struct sock_addr *out)
{
	const char *host = text, *port = NULL, *close_bracket, *colon;
	size_t host_len = strlen(text);
	long number = default_port;
	struct sock_addr a;
	enum err e;

	if (text[0] == '[') {
		close_bracket = strchr(text, ']');
		if (close_bracket == NULL)
			return ERR_INVALID;
		host = text + 1;
		host_len = (size_t)(close_bracket - host);
		if (close_bracket[1] == ':')
			port = close_bracket + 2;
		else if (close_bracket[1] != '\0')
			return ERR_INVALID;
	} else {
		colon = strchr(text, ':');
		/* Two colons without brackets: an IPv6 address alone. */
		if (colon != NULL && strchr(colon + 1, ':') == NULL) {
			host_len = (size_t)(colon - text);
			port = colon + 1;
		}
	}
	if (port != NULL)
		number = parse_number(port, strlen(port), 65535);
	if (number < 0)
		return ERR_INVALID;
	e = parse_literal(host, host_len, &a);
	if (e != OK)
		return e;
	if (a.family == 4 && text[0] == '[')
		return ERR_INVALID;	/* [192.0.2.1] */
	a.port = (uint16_t)number;
	*out = a;
	return OK;
}

const char *
sock_ip_print(const struct sock_addr *a, char out[SOCK_TEXT_MAX])
{
	char scope[16] = "";

	if (a->family == 4) {
		inet_ntop(AF_INET, a->ip, out, SOCK_TEXT_MAX);
	} else if (a->family == 6) {
		inet_ntop(AF_INET6, a->ip, out, SOCK_TEXT_MAX);
		if (a->scope != 0) {
			snprintf(scope, sizeof(scope), "%%%u", a->scope);
			strncat(out, scope, SOCK_TEXT_MAX - strlen(out) - 1);
		}
	} else {
		snprintf(out, SOCK_TEXT_MAX, "none");
	}
	return out;
}

const char *
sock_addr_print(const struct sock_addr *a, char out[SOCK_TEXT_MAX])
{
	char ip[SOCK_TEXT_MAX];

	sock_ip_print(a, ip);
	if (a->family == 0)
		snprintf(out, SOCK_TEXT_MAX, "none");
	else
		snprintf(out, SOCK_TEXT_MAX, a->family == 6 ? "[%.60s]:%u" :
		    "%.60s:%u", ip, a->port);
	return out;
}

enum err
sock_addr_from_sa(const struct sockaddr *sa, socklen_t len,
    struct sock_addr *out)
{
	struct sock_addr a;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(&a, 0, sizeof(a));
	if (len < sizeof(sa->sa_family))
		return ERR_INVALID;
	if (sa->sa_family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, sa, sizeof(in));
		a.family = 4;
		memcpy(a.ip, &in.sin_addr, 4);
		a.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, sa, sizeof(in6));
		a.family = 6;
		memcpy(a.ip, &in6.sin6_addr, 16);
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
	} else {
		return ERR_INVALID;
	}
	*out = a;
	return OK;
}

socklen_t
sock_addr_to_sa(const struct sock_addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		memcpy(&in.sin_addr, a->ip, 4);
		in.sin_port = htons(a->port);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	if (a->family == 6) {
		memcpy(&in6.sin6_addr, a->ip, 16);
		in6.sin6_port = htons(a->port);
		in6.sin6_scope_id = a->scope;
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}

static bool
is_mapped(const struct sock_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == 6 && memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

void
sock_addr_unmap(struct sock_addr *a)
{
	if (!is_mapped(a))
		return;
	memcpy(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	a->family = 4;
	a->scope = 0;
}

int
sock_addr_cmp(const struct sock_addr *a, const struct sock_addr *b)
{
	int d;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	d = memcmp(a->ip, b->ip, sizeof(a->ip));
	if (d != 0)
		return d;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	return 0;
}

bool
sock_ip_equal(const struct sock_addr *a, const struct sock_addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	    memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool
sock_addr_is_loopback(const struct sock_addr *a)
{
	struct sock_addr plain = *a;
	static const uint8_t one[16] = { [15] = 1 };

	sock_addr_unmap(&plain);
	if (plain.family == 4)
		return plain.ip[0] == 127;
	return plain.family == 6 && memcmp(plain.ip, one, 16) == 0;
}

bool
sock_addr_is_any(const struct sock_addr *a)
{
	static const uint8_t zero[16];

	return a->family != 0 && memcmp(a->ip, zero, 16) == 0;
}

static uint8_t
host_mask(unsigned bits_kept)
{
	return (uint8_t)(0xff >> bits_kept);
}

enum err
sock_prefix_parse(const char *text, struct sock_prefix *out)
{
	const char *slash = strchr(text, '/');
	struct sock_addr a;
	struct sock_prefix p;
	unsigned i, bits;
	long len;
	enum err e;

	e = parse_literal(text, slash == NULL ? strlen(text) :
	    (size_t)(slash - text), &a);
	if (e != OK)
		return e;
	bits = a.family == 4 ? 32 : 128;
	len = slash == NULL ? (long)bits :
	    parse_number(slash + 1, strlen(slash + 1), bits);
	if (len < 0 || a.scope != 0)
		return ERR_INVALID;
	memset(&p, 0, sizeof(p));
	memcpy(p.ip, a.ip, sizeof(p.ip));
	p.family = a.family;
	p.len = (uint8_t)len;
	for (i = 0; i < bits / 8; i++) {
		unsigned kept = p.len > i * 8 ? MIN(p.len - i * 8, 8u) : 0;

		if ((p.ip[i] & host_mask(kept)) != 0)
			return ERR_INVALID;
	}
	*out = p;
	return OK;
}

bool
sock_prefix_match(const struct sock_prefix *p, const struct sock_addr *a)
{
	unsigned whole = p->len / 8, rest = p->len % 8;

	if (p->family != a->family || memcmp(p->ip, a->ip, whole) != 0)
		return false;
	return rest == 0 ||
	    ((p->ip[whole] ^ a->ip[whole]) & ~host_mask(rest) & 0xff) == 0;
}

enum err
sock_listen(const struct sock_addr *a, int type, int backlog, bool reuse_port,
    int *out_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sock_addr_to_sa(a, &sa);
	int on = 1, fd, number;

	if (len == 0)
		return ERR_INVALID;
	fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno(errno);
	if (type == SOCK_STREAM &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		goto fail;
	if (reuse_port &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		goto fail;
	if (a->family == 6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		goto fail;
	if (bind(fd, (struct sockaddr *)&sa, len) != 0)
		goto fail;
	if (type == SOCK_STREAM && listen(fd, backlog) != 0)
		goto fail;
	*out_fd = fd;
	return OK;
fail:
	number = errno;
	close(fd);
	return err_from_errno(number);
}

enum err
sock_local(int fd, struct sock_addr *out)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return err_from_errno(errno);
	return sock_addr_from_sa((struct sockaddr *)&sa, len, out);
}

enum err
sock_unix(int type, const char *path, bool do_listen, int *out_fd)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, number;

	if (strlen(path) == 0 || strlen(path) >= sizeof(un.sun_path))
		return ERR_INVALID;
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno(errno);
	if (!do_listen) {
		if (connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
			goto fail;
	} else {
		if (unlink(path) != 0 && errno != ENOENT)
			goto fail;
		if (bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0)
			goto fail;
		if (type != SOCK_DGRAM && listen(fd, 64) != 0)
			goto fail;
	}
	*out_fd = fd;
	return OK;
fail:
	number = errno;
	close(fd);
	return err_from_errno(number);
}

enum err
sock_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return err_from_errno(errno);
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0 ? OK : err_from_errno(errno);
}
