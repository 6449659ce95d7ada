/*
 * recipe.c - see recipe.h.
 *
 * Each text is a whole that its server's own checker accepts, but for the
 * secret: tests/diagnosis/run feeds them to named-checkconf, nsd-checkconf,
 * knotc and pdnsutil.
 */
#include "common/dns/recipe.h"

#include <stdio.h>
#include <string.h>

#include "common/base/sock.h"

enum { DNS_PORT = 53 };

const char *
recipe_word(enum recipe_kind kind)
{
	switch (kind) {
	case RECIPE_BIND:
		return "bind";
	case RECIPE_NSD:
		return "nsd";
	case RECIPE_KNOT:
		return "knot";
	case RECIPE_POWERDNS:
		return "powerdns";
	case RECIPE_CPANEL:
		return "cpanel";
	case RECIPE_GENERIC:
	case RECIPE_KINDS:
		break;
	}
	return "generic";
}

const char *
recipe_title(enum recipe_kind kind)
{
	switch (kind) {
	case RECIPE_BIND:
		return "BIND 9";
	case RECIPE_NSD:
		return "NSD";
	case RECIPE_KNOT:
		return "Knot DNS";
	case RECIPE_POWERDNS:
		return "PowerDNS";
	case RECIPE_CPANEL:
		return "cPanel (not tested there)";
	case RECIPE_GENERIC:
	case RECIPE_KINDS:
		break;
	}
	return "any other name server";
}

const char *
recipe_place(enum recipe_kind kind)
{
	switch (kind) {
	case RECIPE_BIND:
		return "named.conf";
	case RECIPE_NSD:
		return "nsd.conf";
	case RECIPE_KNOT:
		return "knot.conf";
	case RECIPE_POWERDNS:
	case RECIPE_CPANEL:
		return "a shell, as root";
	case RECIPE_GENERIC:
	case RECIPE_KINDS:
		break;
	}
	return "its configuration";
}

bool
recipe_is_tested(enum recipe_kind kind)
{
	return kind != RECIPE_CPANEL && kind != RECIPE_GENERIC;
}

/* ---- addresses --------------------------------------------------------- */

static size_t
n_of(size_t n)
{
	return MIN(n, (size_t)RECIPE_ADDRESSES_MAX);
}

/* "192.0.2.1" and 53 of "192.0.2.1:53"; false: it is not an address. */
static bool
split(const char *target, char ip[SOCK_TEXT_MAX], unsigned *port)
{
	struct sock_addr a;

	if (sock_addr_parse(target, DNS_PORT, &a) != OK &&
	    sock_ip_parse(target, &a) != OK)
		return false;
	sock_ip_print(&a, ip);
	*port = a.port == 0 ? DNS_PORT : a.port;
	return true;
}

/* Each source with what stands before and behind it. */
static void
print_sources(const struct recipe *r, struct buf *out, const char *before,
    const char *between, const char *after)
{
	for (size_t i = 0; i < n_of(r->n_sources); i++)
		buf_printf(out, "%s%s%s", i == 0 ? before : between,
		    r->sources[i], i + 1 == n_of(r->n_sources) ? after : "");
}

static bool
wants_key(const struct recipe *r, unsigned parts)
{
	return r->key != NULL && (parts & RECIPE_KEY) != 0;
}

/* With a key the addresses are not needed to let us in. */
static bool
can_allow(const struct recipe *r, unsigned parts)
{
	return (parts & RECIPE_ALLOW) != 0 &&
	    (r->key != NULL || r->n_sources > 0);
}

static bool
can_notify(const struct recipe *r, unsigned parts)
{
	return (parts & RECIPE_NOTIFY) != 0 && r->n_targets > 0;
}

static void
remark_missing(const struct recipe *r, unsigned parts, struct buf *out)
{
	if ((parts & RECIPE_ALLOW) != 0 && !can_allow(r, parts))
		buf_str(out, "# Our transfer addresses: ask the operator, who "
		    "has not configured them.\n");
	if ((parts & RECIPE_NOTIFY) != 0 && !can_notify(r, parts))
		buf_str(out, "# Where to send NOTIFY: ask the operator, who "
		    "has not configured it.\n");
}

/* ---- BIND -------------------------------------------------------------- */

static void
bind_notify(const struct recipe *r, struct buf *out)
{
	char ip[SOCK_TEXT_MAX];
	unsigned port;

	buf_str(out, "\tnotify yes;\n\talso-notify {");
	for (size_t i = 0; i < n_of(r->n_targets); i++) {
		if (!split(r->targets[i], ip, &port))
			continue;
		buf_printf(out, "\n\t\t%s", ip);
		if (port != DNS_PORT)
			buf_printf(out, " port %u", port);
		if (r->key != NULL)
			buf_printf(out, " key \"%s\"", r->key);
		buf_str(out, ";");
	}
	buf_str(out, "\n\t};\n");
}

static void
print_bind(const struct recipe *r, unsigned parts, struct buf *out)
{
	if (wants_key(r, parts))
		buf_printf(out, "key \"%s\" {\n\talgorithm %s;\n"
		    "\tsecret \"" RECIPE_SECRET "\";\n};\n\n", r->key,
		    r->algorithm);
	if (!can_allow(r, parts) && !can_notify(r, parts))
		return;
	buf_printf(out, "zone \"%s\" {\n\ttype primary;\n\tfile \"%s.zone\";"
	    "\t# as you have it\n", r->zone,
	    strcmp(r->zone, ".") == 0 ? "root" : r->zone);
	if (can_allow(r, parts) && r->key != NULL)
		buf_printf(out, "\tallow-transfer { key \"%s\"; };\n", r->key);
	else if (can_allow(r, parts))
		print_sources(r, out, "\tallow-transfer { ", "; ", "; };\n");
	if (can_notify(r, parts))
		bind_notify(r, out);
	buf_str(out, "};\n");
}

/* ---- NSD --------------------------------------------------------------- */

static void
print_nsd(const struct recipe *r, unsigned parts, struct buf *out)
{
	const char *key = r->key == NULL ? "NOKEY" : r->key;
	char ip[SOCK_TEXT_MAX];
	unsigned port;

	if (wants_key(r, parts))
		buf_printf(out, "key:\n\tname: \"%s\"\n\talgorithm: %s\n"
		    "\tsecret: \"" RECIPE_SECRET "\"\n\n", r->key,
		    r->algorithm);
	if (!can_allow(r, parts) && !can_notify(r, parts))
		return;
	buf_printf(out, "zone:\n\tname: \"%s\"\n\tzonefile: \"%s.zone\""
	    "\t# as you have it\n", r->zone,
	    strcmp(r->zone, ".") == 0 ? "root" : r->zone);
	if (can_allow(r, parts)) {
		for (size_t i = 0; i < n_of(r->n_sources); i++)
			buf_printf(out, "\tprovide-xfr: %s %s\n",
			    r->sources[i], key);
		if (r->n_sources == 0)
			buf_printf(out, "\tprovide-xfr: 0.0.0.0/0 %s\n"
			    "\tprovide-xfr: ::/0 %s\n", key, key);
	}
	for (size_t i = 0; can_notify(r, parts) && i < n_of(r->n_targets); i++)
		if (split(r->targets[i], ip, &port))
			buf_printf(out, "\tnotify: %s@%u %s\n", ip, port, key);
}

/* ---- Knot -------------------------------------------------------------- */

static void
knot_remotes(const struct recipe *r, struct buf *out)
{
	char ip[SOCK_TEXT_MAX];
	unsigned port;

	buf_str(out, "remote:\n");
	for (size_t i = 0; i < n_of(r->n_targets); i++) {
		if (!split(r->targets[i], ip, &port))
			continue;
		buf_printf(out, "  - id: understudy_%zu\n    address: %s@%u\n",
		    i + 1, ip, port);
		if (r->key != NULL)
			buf_printf(out, "    key: %s\n", r->key);
	}
	buf_str(out, "\n");
}

static void
knot_acl(const struct recipe *r, struct buf *out)
{
	buf_str(out, "acl:\n  - id: understudy\n");
	print_sources(r, out, "    address: [", ", ", "]\n");
	if (r->key != NULL)
		buf_printf(out, "    key: %s\n", r->key);
	buf_str(out, "    action: transfer\n\n");
}

static void
knot_zone(const struct recipe *r, unsigned parts, struct buf *out)
{
	char ip[SOCK_TEXT_MAX];
	const char *comma = "";
	unsigned port;

	buf_printf(out, "zone:\n  - domain: %s\n", r->zone);
	if (can_notify(r, parts)) {
		buf_str(out, "    notify: [");
		for (size_t i = 0; i < n_of(r->n_targets); i++) {
			if (!split(r->targets[i], ip, &port))
				continue;
			buf_printf(out, "%sunderstudy_%zu", comma, i + 1);
			comma = ", ";
		}
		buf_str(out, "]\n");
	}
	if (can_allow(r, parts))
		buf_str(out, "    acl: [understudy]\n");
}

static void
print_knot(const struct recipe *r, unsigned parts, struct buf *out)
{
	if (wants_key(r, parts))
		buf_printf(out, "key:\n  - id: %s\n    algorithm: %s\n"
		    "    secret: " RECIPE_SECRET "\n\n", r->key, r->algorithm);
	if (!can_allow(r, parts) && !can_notify(r, parts))
		return;
	if (can_notify(r, parts))
		knot_remotes(r, out);
	if (can_allow(r, parts))
		knot_acl(r, out);
	knot_zone(r, parts, out);
}

/* ---- PowerDNS ---------------------------------------------------------- */

/* Quoted for a shell where it is not plain. */
static void
shell_word(struct buf *out, const char *word)
{
	static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:";

	if (word[0] != '\0' && word[strspn(word, PLAIN)] == '\0') {
		buf_str(out, word);
		return;
	}
	buf_str(out, "'");
	for (const char *p = word; *p != '\0'; p++)
		if (*p == '\'')
			buf_str(out, "'\\''");
		else
			buf_bytes(out, p, 1);
	buf_str(out, "'");
}

static void
pdnsutil(const struct recipe *r, struct buf *out, const char *what,
    const char *more)
{
	buf_printf(out, "pdnsutil %s ", what);
	shell_word(out, r->zone);
	buf_printf(out, "%s", more);
}

static void
print_powerdns(const struct recipe *r, unsigned parts, struct buf *out)
{
	char ip[SOCK_TEXT_MAX];
	struct sock_addr a;
	unsigned port;

	if (wants_key(r, parts)) {
		buf_str(out, "pdnsutil import-tsig-key ");
		shell_word(out, r->key);
		buf_printf(out, " %s '" RECIPE_SECRET "'\n", r->algorithm);
	}
	if (can_allow(r, parts) && r->key != NULL) {
		pdnsutil(r, out, "activate-tsig-key", " ");
		shell_word(out, r->key);
		buf_str(out, " primary\n");
	} else if (can_allow(r, parts)) {
		pdnsutil(r, out, "add-meta", " ALLOW-AXFR-FROM ");
		print_sources(r, out, "", " ", "\n");
	}
	if (!can_notify(r, parts))
		return;
	buf_str(out, "# pdns.conf needs the line: primary=yes\n");
	pdnsutil(r, out, "set-kind", " primary\n");
	for (size_t i = 0; i < n_of(r->n_targets); i++) {
		if (!split(r->targets[i], ip, &port))
			continue;
		pdnsutil(r, out, "add-meta", " ALSO-NOTIFY ");
		if (sock_ip_parse(ip, &a) == OK) {
			a.port = (uint16_t)port;
			buf_printf(out, "%s\n", SOCK_TEXT(&a));
		}
	}
}

/* ---- cPanel, others ---------------------------------------------------- */

static void
print_cpanel(const struct recipe *r, unsigned parts, struct buf *out)
{
	const char *comma = "";
	char ip[SOCK_TEXT_MAX];
	unsigned port;

	buf_str(out, "# Not tested on cPanel: from hosting guides. WHM runs "
	    "PowerDNS or BIND (Service\n# Configuration, Nameserver "
	    "Selection); one of the two below is yours.\n");
	if (can_allow(r, parts) && r->n_sources > 0) {
		buf_str(out, "\n# Both: the other name servers, one address a "
		    "line.\n");
		for (size_t i = 0; i < n_of(r->n_sources); i++)
			buf_printf(out, "echo '%s' >> /etc/nameserverips\n",
			    r->sources[i]);
	}
	buf_str(out, "\n# PowerDNS: in /etc/pdns/pdns.conf (add to a line "
	    "that is there), then\n# /scripts/restartsrv_named\n");
	if (can_allow(r, parts))
		print_sources(r, out, "#   allow-axfr-ips=", ",", "\n");
	if (can_notify(r, parts)) {
		buf_str(out, "#   primary=yes\n#   also-notify=");
		for (size_t i = 0; i < n_of(r->n_targets); i++) {
			if (!split(r->targets[i], ip, &port))
				continue;
			buf_printf(out, strchr(ip, ':') != NULL ? "%s[%s]:%u" :
			    "%s%s:%u", comma, ip, port);
			comma = ",";
		}
		buf_str(out, "\n");
	}
	buf_str(out, "\n# BIND: in options { } of /etc/named.conf, then "
	    "/scripts/restartsrv_named\n");
	if (can_allow(r, parts))
		print_sources(r, out, "#   allow-transfer { ", "; ",
		    "; };\n");
	if (can_notify(r, parts)) {
		buf_str(out, "#   notify yes;\n#   also-notify { ");
		for (size_t i = 0; i < n_of(r->n_targets); i++)
			if (split(r->targets[i], ip, &port))
				buf_printf(out, port == DNS_PORT ? "%s; " :
				    "%s port %u; ", ip, port);
		buf_str(out, "};\n");
	}
}

static void
print_generic(const struct recipe *r, unsigned parts, struct buf *out)
{
	if (wants_key(r, parts))
		buf_printf(out, "TSIG key: name %s, algorithm %s, the secret "
		    "as you gave it to us (or as it was shown to you once)\n",
		    r->key, r->algorithm);
	if (can_allow(r, parts)) {
		buf_printf(out, "Allow zone transfers (AXFR and IXFR, TCP "
		    "port 53; SOA queries over UDP and TCP) of %s",
		    r->zone);
		print_sources(r, out, " to ", ", ", "");
		if (r->key != NULL)
			buf_printf(out, ", signed with %s", r->key);
		buf_str(out, "\n");
	}
	if (can_notify(r, parts)) {
		buf_printf(out, "Send NOTIFY%s to", r->key != NULL ?
		    " (signed)" : "");
		for (size_t i = 0; i < n_of(r->n_targets); i++)
			buf_printf(out, "%s %s", i > 0 ? "," : "",
			    r->targets[i]);
		buf_str(out, ", from the address that transfers are made "
		    "from\n");
	}
}

void
recipe_print(const struct recipe *r, enum recipe_kind kind, unsigned parts,
    struct buf *out)
{
	if (kind != RECIPE_GENERIC)
		remark_missing(r, parts, out);
	switch (kind) {
	case RECIPE_BIND:
		print_bind(r, parts, out);
		break;
	case RECIPE_NSD:
		print_nsd(r, parts, out);
		break;
	case RECIPE_KNOT:
		print_knot(r, parts, out);
		break;
	case RECIPE_POWERDNS:
		print_powerdns(r, parts, out);
		break;
	case RECIPE_CPANEL:
		print_cpanel(r, parts, out);
		break;
	case RECIPE_GENERIC:
		print_generic(r, parts, out);
		break;
	case RECIPE_KINDS:
		break;
	}
}
