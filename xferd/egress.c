/*
 * egress.c - the one place that connects to an address a tenant chose.
 *
 * The table names what is never a customer's public name server.  An allowed
 * prefix overrides it, except that an address with IPv4 inside is judged by
 * its own prefix only: ::ffff:127.0.0.1 is not 127.0.0.0/8 here.
 */
#include "xferd/egress.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"

struct denied {
	const char *prefix;
	enum egress_verdict verdict;
};

/* In order: the first that matches names the reason. */
static const struct denied DENIED[] = {
	{ "169.254.169.254/32", EGRESS_METADATA },
	{ "168.63.129.16/32", EGRESS_METADATA },
	{ "100.100.100.200/32", EGRESS_METADATA },
	{ "fd00:ec2::254/128", EGRESS_METADATA },
	{ "0.0.0.0/8", EGRESS_NO_ADDRESS },
	{ "127.0.0.0/8", EGRESS_LOOPBACK },
	{ "10.0.0.0/8", EGRESS_PRIVATE },
	{ "172.16.0.0/12", EGRESS_PRIVATE },
	{ "192.168.0.0/16", EGRESS_PRIVATE },
	{ "100.64.0.0/10", EGRESS_PRIVATE },	/* RFC 6598 */
	{ "169.254.0.0/16", EGRESS_LINK_LOCAL },
	{ "192.0.0.0/24", EGRESS_RESERVED },	/* RFC 6890 */
	{ "192.0.2.0/24", EGRESS_RESERVED },	/* documentation, RFC 5737 */
	{ "198.51.100.0/24", EGRESS_RESERVED },
	{ "203.0.113.0/24", EGRESS_RESERVED },
	{ "192.88.99.0/24", EGRESS_RESERVED },	/* RFC 7526 */
	{ "198.18.0.0/15", EGRESS_RESERVED },	/* RFC 2544 */
	{ "224.0.0.0/4", EGRESS_MULTICAST },
	{ "240.0.0.0/4", EGRESS_RESERVED },
	{ "::/128", EGRESS_NO_ADDRESS },
	{ "::1/128", EGRESS_LOOPBACK },
	{ "::ffff:0:0/96", EGRESS_EMBEDDED },	/* v4-mapped */
	{ "::/96", EGRESS_EMBEDDED },		/* v4-compatible */
	{ "::ffff:0:0:0/96", EGRESS_EMBEDDED },	/* v4-translated, RFC 2765 */
	{ "64:ff9b::/96", EGRESS_EMBEDDED },	/* NAT64, RFC 6052 */
	{ "64:ff9b:1::/48", EGRESS_EMBEDDED },	/* RFC 8215 */
	{ "2001::/32", EGRESS_EMBEDDED },	/* Teredo */
	{ "2002::/16", EGRESS_EMBEDDED },	/* 6to4 */
	{ "2001::/23", EGRESS_RESERVED },	/* of the IETF, RFC 2928 */
	{ "2001:db8::/32", EGRESS_RESERVED },	/* documentation, RFC 3849 */
	{ "3fff::/20", EGRESS_RESERVED },	/* the same, RFC 9637 */
	{ "5f00::/16", EGRESS_RESERVED },	/* SRv6, RFC 9602 */
	{ "100::/63", EGRESS_RESERVED },	/* RFC 6666, RFC 9780 */
	{ "fc00::/7", EGRESS_PRIVATE },
	{ "fec0::/10", EGRESS_PRIVATE },
	{ "fe80::/10", EGRESS_LINK_LOCAL },
	{ "ff00::/8", EGRESS_MULTICAST },
};

enum err
egress_rules_allow(struct egress_rules *rules, const char *prefix)
{
	enum err e;

	if (rules->n_allowed == EGRESS_PREFIXES_MAX)
		return ERR_LIMIT;
	e = sock_prefix_parse(prefix, &rules->allowed[rules->n_allowed]);
	if (e == OK)
		rules->n_allowed++;
	return e;
}

enum err
egress_rules_port(struct egress_rules *rules, const char *port)
{
	char *end;
	long n;

	if (strcmp(port, "any") == 0) {
		rules->any_port = true;
		return OK;
	}
	n = strtol(port, &end, 10);
	if (*port == '\0' || *end != '\0' || n < 1 || n > 65535)
		return ERR_INVALID;
	if (rules->n_ports == EGRESS_PORTS_MAX)
		return ERR_LIMIT;
	rules->ports[rules->n_ports++] = (uint16_t)n;
	return OK;
}

enum err
egress_rules_source(struct egress_rules *rules, const char *address)
{
	struct sock_addr a;
	enum err e = sock_ip_parse(address, &a);

	if (e != OK)
		return e;
	a.port = 0;
	if (a.family == 4)
		rules->source4 = a;
	else
		rules->source6 = a;
	return OK;
}

enum err
egress_rules_own(struct egress_rules *rules, const struct sock_addr *address)
{
	if (rules->n_own == EGRESS_OWN_MAX)
		return ERR_LIMIT;
	rules->own[rules->n_own++] = *address;
	return OK;
}

void
egress_rules_interfaces(struct egress_rules *rules)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct sock_addr a;

		if (i->ifa_addr == NULL ||
		    (i->ifa_addr->sa_family != AF_INET &&
		    i->ifa_addr->sa_family != AF_INET6) ||
		    sock_addr_from_sa(i->ifa_addr,
		    i->ifa_addr->sa_family == AF_INET ?
		    sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		    &a) != OK)
			continue;
		a.scope = 0;
		if (egress_rules_own(rules, &a) != OK)
			break;		/* the table has the special ones */
	}
	freeifaddrs(all);
}

/* ISATAP (RFC 5214): an IPv4 address as the interface identifier. */
static bool
is_isatap(const struct sock_addr *to)
{
	return to->family == 6 && (to->ip[8] & 0xfd) == 0 &&
	    to->ip[9] == 0 && to->ip[10] == 0x5e && to->ip[11] == 0xfe;
}

static bool
is_own(const struct egress_rules *rules, const struct sock_addr *to)
{
	for (unsigned i = 0; i < rules->n_own; i++)
		if (rules->own[i].family == to->family &&
		    memcmp(rules->own[i].ip, to->ip, sizeof(to->ip)) == 0)
			return true;
	return false;
}

static bool
port_allowed(const struct egress_rules *rules, uint16_t port)
{
	if (port == 0)
		return false;
	if (rules->any_port || port == 53 || port == 853)
		return true;
	for (unsigned i = 0; i < rules->n_ports; i++)
		if (rules->ports[i] == port)
			return true;
	return false;
}

enum egress_verdict
egress_check(const struct egress_rules *rules, const struct sock_addr *to)
{
	if (to->family != 4 && to->family != 6)
		return EGRESS_NO_ADDRESS;
	if (to->scope != 0)
		return EGRESS_LINK_LOCAL;
	if (!port_allowed(rules, to->port))
		return EGRESS_PORT;
	for (unsigned i = 0; i < rules->n_allowed; i++)
		if (sock_prefix_match(&rules->allowed[i], to))
			return EGRESS_ALLOWED;
	for (unsigned i = 0; i < COUNT_OF(DENIED); i++) {
		struct sock_prefix p;
		enum err e = sock_prefix_parse(DENIED[i].prefix, &p);

		CHECK(e == OK);		/* our own table */
		if (sock_prefix_match(&p, to))
			return DENIED[i].verdict;
	}
	if (is_isatap(to))
		return EGRESS_EMBEDDED;
	/* All that is given out is there: RFC 4291 2.4. */
	if (to->family == 6 && (to->ip[0] & 0xe0) != 0x20)
		return EGRESS_RESERVED;
	if (is_own(rules, to))
		return EGRESS_OWN;
	return EGRESS_ALLOWED;
}

const char *
egress_text(enum egress_verdict verdict)
{
	switch (verdict) {
	case EGRESS_ALLOWED:
		return "allowed";
	case EGRESS_NO_ADDRESS:
		return "not an address of a server";
	case EGRESS_LOOPBACK:
		return "a loopback address";
	case EGRESS_PRIVATE:
		return "a private address";
	case EGRESS_LINK_LOCAL:
		return "a link-local address";
	case EGRESS_MULTICAST:
		return "a multicast address";
	case EGRESS_METADATA:
		return "the address of a metadata service";
	case EGRESS_EMBEDDED:
		return "an IPv6 address with an IPv4 address inside";
	case EGRESS_RESERVED:
		return "a reserved address";
	case EGRESS_OWN:
		return "an address of this service itself";
	case EGRESS_PORT:
		return "a port that is not allowed (53 and 853 are)";
	}
	return "not allowed";
}

static enum err
connect_from(const struct sock_addr *source, const struct sock_addr *to,
    int type, int *out_fd, bool *out_pending, int *out_errno)
{
	struct sockaddr_storage ss;
	socklen_t len;
	enum err e = ERR_SYSTEM;
	int fd, one = 1;

	CHECK(type == SOCK_STREAM || type == SOCK_DGRAM);
	if (out_errno != NULL)
		*out_errno = 0;
	fd = socket(to->family == 4 ? AF_INET : AF_INET6,
	    type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto fail;
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (source->family != 0) {
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
		    sizeof(one));
		len = sock_addr_to_sa(source, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) != 0)
			goto fail;
	}
	len = sock_addr_to_sa(to, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) == 0) {
		*out_pending = false;
	} else if (errno == EINPROGRESS) {
		*out_pending = true;
	} else {
		if (errno == ECONNREFUSED)
			e = ERR_REFUSED;
		else if (errno == ENETUNREACH || errno == EHOSTUNREACH ||
		    errno == EADDRNOTAVAIL || errno == ETIMEDOUT ||
		    errno == EACCES || errno == EPERM)
			e = ERR_UNREACHABLE;
		goto fail;
	}
	*out_fd = fd;
	return OK;
fail:
	if (out_errno != NULL)
		*out_errno = errno;
	if (fd >= 0)
		close(fd);
	return e;
}

enum err
egress_connect(const struct egress_rules *rules, const struct sock_addr *to,
    int type, int *out_fd, bool *out_pending, int *out_errno)
{
	if (egress_check(rules, to) != EGRESS_ALLOWED)
		return ERR_DENIED;
	return connect_from(to->family == 4 ? &rules->source4 :
	    &rules->source6, to, type, out_fd, out_pending, out_errno);
}

enum err
egress_connect_chosen(const struct egress_rules *rules,
    const struct sock_addr *to, int *out_fd, bool *out_pending,
    int *out_errno)
{
	/* A source address that is ours in public does not reach loopback. */
	const struct sock_addr any = { .family = 0 };

	return connect_from(sock_addr_is_loopback(to) ? &any :
	    to->family == 4 ? &rules->source4 : &rules->source6, to,
	    SOCK_STREAM, out_fd, out_pending, out_errno);
}
