/*
 * reserved.c - names that nobody claims without the operator's word.
 *
 * Who serves a public suffix speaks for everybody below it, and who serves the
 * operator's own names is the operator.  Below "test" and "example" names are
 * let pass: they are for testing, and nobody proves one in the public tree.
 */
#include "api/reserved.h"

#include <libpsl.h>
#include <string.h>

#include "common/base/log.h"
#include "common/dns/dname.h"

static psl_ctx_t *list;
static bool is_loaded;

void
reserved_begin(void)
{
	list = psl_latest(NULL);
	is_loaded = list != NULL;
	if (list == NULL)
		list = (psl_ctx_t *)psl_builtin();
	if (list == NULL)
		log_warn("suffixes.missing", "reason=%s", LOG_Q("no list of "
		    "public suffixes: only top-level domains are refused"));
	else
		log_info("suffixes.loaded", "suffixes=%d",
		    psl_suffix_count(list));
}

void
reserved_end(void)
{
	if (is_loaded)
		psl_free(list);
	list = NULL;
	is_loaded = false;
}

/* Special-use, they and all below them. */
static const char *const special[] = {
	"alt", "internal", "invalid", "local", "localhost", "onion",
	"6tisch.arpa", "eap-noob.arpa", "eap.arpa", "home.arpa",
	"ipv4only.arpa", "resolver.arpa", "service.arpa",
	"0.in-addr.arpa", "10.in-addr.arpa", "127.in-addr.arpa",
	"254.169.in-addr.arpa", "168.192.in-addr.arpa",
	"170.0.0.192.in-addr.arpa", "171.0.0.192.in-addr.arpa",
	"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa",
	"113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
	"16.172.in-addr.arpa", "17.172.in-addr.arpa", "18.172.in-addr.arpa",
	"19.172.in-addr.arpa", "20.172.in-addr.arpa", "21.172.in-addr.arpa",
	"22.172.in-addr.arpa", "23.172.in-addr.arpa", "24.172.in-addr.arpa",
	"25.172.in-addr.arpa", "26.172.in-addr.arpa", "27.172.in-addr.arpa",
	"28.172.in-addr.arpa", "29.172.in-addr.arpa", "30.172.in-addr.arpa",
	"31.172.in-addr.arpa", "c.f.ip6.arpa", "d.f.ip6.arpa",
	"8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa",
	"b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
};

static bool
is_under_text(const uint8_t *wire, const char *text, bool or_below)
{
	uint8_t name[DNAME_MAX];
	size_t len;

	if (dname_parse(text, strlen(text), name, &len) != OK)
		return false;
	return or_below ? dname_is_under(wire, name) :
	    dname_equal(wire, name);
}

/* The cuts between registries: what an address block's holder has is below. */
static bool
is_reverse_cut(const uint8_t *wire, unsigned labels)
{
	return (is_under_text(wire, "in-addr.arpa", true) && labels <= 3) ||
	    (is_under_text(wire, "ip6.arpa", true) && labels <= 5);
}

static bool
is_public_suffix(const uint8_t *wire)
{
	char text[DNAME_TEXT_MAX];

	if (list == NULL)
		return false;
	(void)dname_print_bare(wire, text);
	return psl_is_public_suffix2(list, text, PSL_TYPE_ANY) == 1;
}

/* A name server's name, what is below it, and every zone above it. */
static bool
is_operators(const struct conf *conf, const uint8_t *wire)
{
	uint8_t host[DNAME_MAX];
	size_t len;

	for (size_t i = 0; i < conf->nameservers.reserved.n; i++)
		if (is_under_text(wire, conf->nameservers.reserved.items[i],
		    true))
			return true;
	for (size_t i = 0; i < conf->n_nameservers; i++) {
		const char *text = conf->nameserver[i].host;

		if (dname_parse(text, strlen(text), host, &len) == OK &&
		    (dname_is_under(wire, host) || dname_is_under(host, wire)))
			return true;
	}
	return false;
}

const char *
reserved_why(const struct conf *conf, const uint8_t *wire)
{
	unsigned labels = dname_labels(wire);

	if (labels == 0)
		return "the root of the DNS";
	for (size_t i = 0; i < COUNT_OF(special); i++)
		if (is_under_text(wire, special[i], true))
			return "a name for special use (IANA)";
	if (labels == 1)
		return "a top-level domain";
	if (is_reverse_cut(wire, labels))
		return "a cut between address registries";
	if (is_operators(conf, wire))
		return "a name of the operator of this service";
	if (is_public_suffix(wire))
		return "a public suffix, under which others register names";
	return NULL;
}
