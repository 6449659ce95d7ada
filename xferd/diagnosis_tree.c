/*
 * diagnosis_tree.c - what the zone and its parent say of its name servers,
 *                    and whether those that are listed serve it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/dns/dnsmsg.h"
#include "common/dns/serial.h"
#include "xferd/diagnosis_say.h"

enum { DAY_S = 86400, SIGNED_WARN_S = 3 * DAY_S, LIST_MAX = 700 };

static bool
is_in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(name, list[i]) == 0)
			return true;
	return false;
}

/* "a, b and more"; at most LIST_MAX octets. */
struct list {
	char text[LIST_MAX];
	size_t len, n;
	bool full;
};

static void
list_add(struct list *l, const char *item)
{
	int n;

	l->n++;
	if (l->full)
		return;
	n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s",
	    l->len > 0 ? ", " : "", item);
	if (n < 0 || (size_t)n >= sizeof(l->text) - l->len) {
		l->text[l->len] = '\0';
		l->full = true;
		return;
	}
	l->len += (size_t)n;
}

static void
print_names(struct jw *w, const char *key, const char *const *names,
    size_t n)
{
	jw_begin_list(w, key);
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, names[i]);
	jw_end_list(w);
}

/* Those of ours that the list does not have. */
static void
missing(const struct diagnosis_facts *f, const char *const *names, size_t n,
    struct list *out)
{
	for (size_t i = 0; i < f->n_ours; i++)
		if (!is_in(f->ours[i], names, n))
			list_add(out, f->ours[i]);
}

/* Those of the one that the other does not have. */
static void
beyond(const char *const *a, size_t n_a, const char *const *b, size_t n_b,
    struct list *out)
{
	for (size_t i = 0; i < n_a; i++)
		if (!is_in(a[i], b, n_b))
			list_add(out, a[i]);
}

/* ---- apex_ns ----------------------------------------------------------- */

static void
advise_records(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	const char *dot = strcmp(f->zone, ".") == 0 ? "" : ".";
	struct list lines = { .len = 0 };
	char line[600];

	for (size_t i = 0; i < f->n_ours; i++) {
		if (is_in(f->ours[i], f->apex, f->n_apex))
			continue;
		snprintf(line, sizeof(line), "%s%s 86400 IN NS %s.", f->zone,
		    dot, f->ours[i]);
		list_add(&lines, line);
	}
	diagnosis_say_advice(s, "Add to the zone at the primary, and raise "
	    "its serial: %s. Resolvers that have asked the zone itself use "
	    "its own list, not the parent's.", lines.text);
}

void
diagnosis_tree_apex_ns(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct list lack = { .len = 0 };

	print_names(&s->facts, "ours", f->ours, f->n_ours);
	if (!f->apex_known) {
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "no primary showed "
		    "the zone's NS records");
		return;
	}
	print_names(&s->facts, "zone", f->apex, f->n_apex);
	if (f->n_ours == 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "no name servers of "
		    "ours are configured for the zone");
		return;
	}
	missing(f, f->apex, f->n_apex, &lack);
	if (lack.n == 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "the zone lists all "
		    "of our name servers");
	} else if (lack.n < f->n_ours) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the zone's NS "
		    "records lack %s", lack.text);
		advise_records(s);
	} else {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "the zone's NS "
		    "records have none of our name servers (%s)", lack.text);
		advise_records(s);
	}
}

/* ---- delegation -------------------------------------------------------- */

static void
print_parents(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct jw *w = &s->facts;

	if (f->parent_zone != NULL)
		jw_str(w, "parent", f->parent_zone);
	print_names(w, "listed", f->listed, f->n_listed);
	jw_begin_list(w, "servers");
	for (size_t i = 0; i < f->n_parents; i++) {
		const struct diagnosis_parent *p = &f->parent[i];

		jw_begin_object(w, NULL);
		jw_str(w, "name", p->name);
		jw_bool(w, "answered", p->answered);
		if (p->answered) {
			jw_begin_list(w, "lists");
			for (size_t k = 0; k < f->n_listed; k++)
				if ((p->names >> k & 1) != 0)
					jw_str(w, NULL, f->listed[k]);
			jw_end_list(w);
		} else {
			jw_str(w, "problem", p->problem);
		}
		jw_end_object(w);
	}
	jw_end_list(w);
}

static void
advise_registrar(struct diagnosis_say *s)
{
	struct list names = { .len = 0 };

	for (size_t i = 0; i < s->f->n_ours; i++)
		list_add(&names, s->f->ours[i]);
	diagnosis_say_advice(s, "Add these name servers to the domain at your "
	    "registrar (or in the parent zone, for a subdomain), beside those "
	    "that it has: %s. No addresses (glue) are needed.", names.text);
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcasecmp(name + n - m, suffix) == 0;
}

/* "ns-12.awsdns-34.co.uk": a label that begins with awsdns-. */
static bool
is_route53(const char *name)
{
	const char *p = strstr(name, ".awsdns-");

	if (p == NULL)
		return false;
	p += strlen(".awsdns-");
	p += strspn(p, "0123456789");
	return strcasecmp(p, ".com") == 0 || strcasecmp(p, ".net") == 0 ||
	    strcasecmp(p, ".org") == 0 || strcasecmp(p, ".co.uk") == 0;
}

const char *
diagnosis_tree_elsewhere(const char *const *names, size_t n)
{
	size_t cloudflare = 0, route53 = 0;

	for (size_t i = 0; i < n; i++) {
		if (ends_with(names[i], ".ns.cloudflare.com") ||
		    ends_with(names[i], ".foundationdns.com") ||
		    ends_with(names[i], ".foundationdns.net") ||
		    ends_with(names[i], ".foundationdns.org"))
			cloudflare++;
		else if (is_route53(names[i]))
			route53++;
	}
	if (n > 0 && cloudflare == n)
		return "Cloudflare";
	if (n > 0 && route53 == n)
		return "Amazon Route 53";
	return NULL;
}

/* Somebody else's network of servers has the zone. */
static void
advise_elsewhere(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	const char *who = diagnosis_tree_elsewhere(f->listed, f->n_listed);

	if (who == NULL)
		return;
	jw_str(&s->facts, "provider", who);
	diagnosis_say_verdict(s, DIAGNOSIS_WARN, "%s is delegated to %s, "
	    "which answers from many places itself", f->zone, who);
	diagnosis_say_advice(s, "You may not need a secondary: %s serves the "
	    "zone from a network of its own. A second provider helps against "
	    "an outage of that provider as a whole; then the zone must be "
	    "transferred out of it, and both sets of name servers be listed.%s",
	    who, strcmp(who, "Cloudflare") == 0 ? " Cloudflare allows outgoing "
	    "transfers with its Enterprise plan." : " Route 53 does not offer "
	    "zone transfers.");
}

/* A mixed answer of the parent's servers is on its way, or broken. */
static unsigned
count_parents(const struct diagnosis_facts *f, unsigned *out_unlisted,
    unsigned *out_silent, bool *out_differ)
{
	unsigned listing = 0;
	uint64_t names = 0;

	*out_unlisted = *out_silent = 0;
	*out_differ = false;
	for (size_t i = 0; i < f->n_parents; i++) {
		const struct diagnosis_parent *p = &f->parent[i];

		if (!p->answered) {
			(*out_silent)++;
			continue;
		}
		if (!p->lists) {
			(*out_unlisted)++;
			continue;
		}
		*out_differ |= listing > 0 && p->names != names;
		names = p->names;
		listing++;
	}
	*out_differ |= listing > 0 && *out_unlisted > 0;
	return listing;
}

static void
compare_with_apex(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct list parent = { .len = 0 }, zone = { .len = 0 };

	if (!f->apex_known)
		return;
	beyond(f->listed, f->n_listed, f->apex, f->n_apex, &parent);
	beyond(f->apex, f->n_apex, f->listed, f->n_listed, &zone);
	if (parent.n > 0)
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the parent lists %s, "
		    "which the zone itself does not", parent.text);
	if (zone.n > 0)
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the zone itself "
		    "lists %s, which the parent does not", zone.text);
	if (parent.n + zone.n > 0)
		diagnosis_say_advice(s, "Let the zone's NS records and the "
		    "registrar's list name the same servers.");
}

static void
judge_listed(struct diagnosis_say *s, bool differ)
{
	const struct diagnosis_facts *f = s->f;
	struct list lack = { .len = 0 };

	missing(f, f->listed, f->n_listed, &lack);
	if (f->n_ours == 0)
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "no name servers of "
		    "ours are configured for the zone");
	else if (lack.n == 0)
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "the parent %s lists "
		    "all of our name servers", f->parent_zone);
	else if (lack.n < f->n_ours)
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the parent %s does "
		    "not list %s", f->parent_zone, lack.text);
	else
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "the parent %s lists "
		    "none of our name servers, so nobody asks them",
		    f->parent_zone);
	if (lack.n > 0)
		advise_registrar(s);
	if (differ) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the parent's servers "
		    "do not agree with each other");
		diagnosis_say_advice(s, "A change may be on its way between "
		    "the servers of the parent; check again in an hour.");
	}
	compare_with_apex(s);
}

void
diagnosis_tree_delegation(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	unsigned listing, unlisted, silent;
	bool differ;

	if (!f->parent_done) {
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "the parent was "
		    "not asked%s%s", f->parent_problem == NULL ? "" : ": ",
		    f->parent_problem == NULL ? "" : f->parent_problem);
		return;
	}
	print_parents(s);
	if (!f->parent_found) {
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "the parent of %s "
		    "could not be found out: %s", f->zone,
		    f->parent_problem == NULL ? "no answer" :
		    f->parent_problem);
		return;
	}
	listing = count_parents(f, &unlisted, &silent, &differ);
	if (listing > 0) {
		judge_listed(s, differ);
		advise_elsewhere(s);
	} else if (unlisted > 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "%s is not delegated "
		    "by its parent %s", f->zone, f->parent_zone);
		diagnosis_say_advice(s, "Register the domain, or delegate it "
		    "in the parent zone %s.", f->parent_zone);
		advise_registrar(s);
	} else {
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "no server of the "
		    "parent %s answered", f->parent_zone);
	}
	if (silent > 0 && listing + unlisted > 0)
		diagnosis_say_advice(s, "%u of %zu servers of the parent gave "
		    "no answer that counts; that is theirs to repair.",
		    silent, f->n_parents);
}

/* ---- servers ----------------------------------------------------------- */

/* The newest serial that any of them, a primary or we have. */
static bool
newest(const struct diagnosis_facts *f, uint32_t *out)
{
	bool any = f->loaded;
	uint32_t best = f->serial;

	for (size_t i = 0; i < f->n_servers; i++) {
		const struct diagnosis_server *v = &f->server[i];

		if (!v->has_serial || !v->aa)
			continue;
		if (!any || serial_newer(v->serial, best))
			best = v->serial;
		any = true;
	}
	*out = best;
	return any;
}

static void
print_server(struct jw *w, const struct diagnosis_server *v)
{
	jw_begin_object(w, NULL);
	jw_str(w, "name", v->name);
	jw_bool(w, "ours", v->ours);
	if (v->asked) {
		jw_bool(w, "answered", v->answered);
		if (v->answered) {
			jw_int(w, "rcode", v->rcode);
			jw_bool(w, "authoritative", v->aa);
		} else {
			jw_str(w, "problem", v->problem);
		}
	}
	if (v->has_serial)
		jw_int(w, "serial", v->serial);
	jw_end_object(w);
}

struct tally_servers {
	struct list lame, silent, behind;
	unsigned good, ours, unasked;
};

static void
count_server(const struct diagnosis_server *v, bool has_newest,
    uint32_t serial, struct tally_servers *t)
{
	char text[400];

	if (v->ours) {
		t->ours++;
	} else if (!v->asked) {
		t->unasked++;
	} else if (!v->answered) {
		list_add(&t->silent, v->name);
	} else if (!v->aa || v->rcode != 0 || !v->has_serial) {
		snprintf(text, sizeof(text), "%.255s (%s)", v->name,
		    v->rcode == DNSMSG_REFUSED ? "REFUSED" :
		    v->rcode == DNSMSG_SERVFAIL ? "SERVFAIL" :
		    v->rcode == DNSMSG_NXDOMAIN ? "NXDOMAIN" :
		    v->rcode != 0 ? "an error" : "without authority");
		list_add(&t->lame, text);
	} else {
		t->good++;
		if (has_newest && v->serial != serial) {
			snprintf(text, sizeof(text), "%.255s (%u)", v->name,
			    v->serial);
			list_add(&t->behind, text);
		}
	}
}

static void
judge_servers(struct diagnosis_say *s, const struct tally_servers *t,
    uint32_t serial)
{
	if (t->lame.n > 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "listed, but not "
		    "serving the zone: %s", t->lame.text);
		diagnosis_say_advice(s, "Configure the zone at %s, or remove "
		    "that name from the registrar's list and from the zone's "
		    "NS records: resolvers that meet it must try again "
		    "elsewhere.", t->lame.text);
	}
	if (t->silent.n > 0) {
		diagnosis_say_verdict(s, t->good + t->ours == 0 ?
		    DIAGNOSIS_FAIL : DIAGNOSIS_WARN, "listed, but not "
		    "answering: %s", t->silent.text);
		diagnosis_say_advice(s, "See why %s does not answer from "
		    "here (down, a firewall, no address), or remove it.",
		    t->silent.text);
	}
	if (t->behind.n > 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "not at the newest "
		    "serial %u: %s", serial, t->behind.text);
		diagnosis_say_advice(s, "Look whether %s gets NOTIFY and may "
		    "transfer; for a few minutes after a change it is "
		    "normal.", t->behind.text);
	}
	if (t->good > 0)
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "%u listed name "
		    "server%s beside ours serve%s the zone", t->good,
		    t->good == 1 ? "" : "s", t->good == 1 ? "s" : "");
	else if (t->ours > 0)
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "only our name "
		    "servers are listed: one provider is one point of "
		    "failure");
	if (t->unasked > 0)
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "%u listed name "
		    "server%s could not be asked now", t->unasked,
		    t->unasked == 1 ? "" : "s");
}

void
diagnosis_tree_servers(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct tally_servers t = { .good = 0 };
	uint32_t serial = 0;
	bool any;

	if (!f->servers_done) {
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "the listed "
		    "servers were not asked");
		return;
	}
	any = newest(f, &serial);
	jw_begin_list(&s->facts, "servers");
	for (size_t i = 0; i < f->n_servers; i++) {
		print_server(&s->facts, &f->server[i]);
		count_server(&f->server[i], any, serial, &t);
	}
	jw_end_list(&s->facts);
	if (f->n_servers == 0)
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "the parent lists no "
		    "name servers for the zone");
	else
		judge_servers(s, &t, serial);
}

/* ---- dnssec ------------------------------------------------------------ */

static void
judge_runway(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	int64_t left = f->signed_for_s;

	if (!f->signed_known)
		return;
	jw_int(&s->facts, "signed_for_s", left);
	if (left <= 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "signatures of the "
		    "zone have expired, so validating resolvers reject it");
		diagnosis_say_advice(s, "Sign the zone again at the primary, "
		    "and let its serial rise; find out why its signer "
		    "stopped.");
	} else if (left < SIGNED_WARN_S) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the first signatures "
		    "expire in %" PRId64 " hours", left / 3600);
		diagnosis_say_advice(s, "See that the signer at the primary "
		    "runs: it should have signed anew by now.");
	} else if (f->expire_s > 0 && left < f->expire_s) {
		diagnosis_say_advice(s, "If the primary fails, the signatures "
		    "end (in %" PRId64 " days) before the zone expires here "
		    "(%u days): sign for longer than the SOA's expire.",
		    left / DAY_S, f->expire_s / DAY_S);
	}
}

static void
judge_ds(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;

	if (f->n_ds > 0 && f->n_keys == 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "the parent has DS "
		    "records, but the zone is not signed: validating "
		    "resolvers reject it");
		diagnosis_say_advice(s, "Remove the DS records at the "
		    "registrar, or sign the zone with the keys that they "
		    "mean.");
	} else if (f->n_ds > 0 && f->n_ds_matched == 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "no DS record of the "
		    "parent matches a key of the zone: validating resolvers "
		    "reject it");
		diagnosis_say_advice(s, "Give the registrar the DS of the key "
		    "that signs now: dnssec-dsfromkey, ldns-key2ds, keymgr "
		    "%s ds, or pdnsutil export-zone-ds %s.", f->zone, f->zone);
	} else if (f->n_ds > 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "%u of %u DS records "
		    "of the parent match%s the zone's keys", f->n_ds_matched,
		    f->n_ds, f->n_ds_matched == 1 ? "es" : "");
	} else if (f->n_keys > 0) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "the zone is signed, "
		    "but the parent has no DS record, so nobody validates it");
		diagnosis_say_advice(s, "Give the registrar the DS record: "
		    "dnssec-dsfromkey, ldns-key2ds, keymgr %s ds, or pdnsutil "
		    "export-zone-ds %s.", f->zone, f->zone);
	} else {
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "the zone is not "
		    "signed");
	}
}

void
diagnosis_tree_dnssec(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct jw *w = &s->facts;

	if (f->ds_known)
		jw_int(w, "ds", f->n_ds);
	if (f->keys_known)
		jw_int(w, "keys", f->n_keys);
	if (f->ds_known && f->keys_known) {
		jw_int(w, "ds_matched", f->n_ds_matched);
		judge_ds(s);
	} else {
		diagnosis_say_verdict(s, f->keys_known && f->n_keys == 0 ?
		    DIAGNOSIS_SKIP : DIAGNOSIS_UNKNOWN, "%s", f->keys_known &&
		    f->n_keys == 0 ? "the zone is not signed; the parent's DS "
		    "records could not be asked for" : f->keys_known ?
		    "the parent's DS records could not be asked for" :
		    "no primary showed the zone's keys");
	}
	judge_runway(s);
}
