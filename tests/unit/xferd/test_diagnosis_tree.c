/* test_diagnosis_tree.c - NS sets, the parent, listed servers, DNSSEC. */
#include "tests/lib/diagnosistest.h"

static void
apex(const char *a, const char *b, const char *c)
{
	const char *all[] = { a, b, c };

	facts.apex_known = true;
	facts.n_apex = 0;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i] != NULL)
			facts.apex[facts.n_apex++] = all[i];
}

/* Two servers of the parent that list the same. */
static void
parent(const char *a, const char *b, const char *c)
{
	const char *all[] = { a, b, c };

	facts.parent_done = facts.parent_found = true;
	facts.parent_zone = "com";
	facts.n_listed = 0;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i] != NULL)
			facts.listed[facts.n_listed++] = all[i];
	facts.n_parents = 2;
	for (int i = 0; i < 2; i++)
		facts.parent[i] = (struct diagnosis_parent){
			.name = "a.gtld.example", .answered = true,
			.lists = facts.n_listed > 0,
			.names = (UINT64_C(1) << facts.n_listed) - 1 };
}

TEST(apex_ns)
{
	good();
	IS(APEX_NS, UNKNOWN, "no primary showed");
	apex("ns.example.com", "NS1.us.example", "ns2.us.example");
	IS(APEX_NS, PASS, "all of our name servers");
	apex("ns.example.com", "ns1.us.example", NULL);
	IS(APEX_NS, WARN, "lack ns2.us.example");
	HAS("example.com. 86400 IN NS ns2.us.example.");
	HAS_NOT("IN NS ns1.us.example.");
	apex("ns.example.com", NULL, NULL);
	IS(APEX_NS, FAIL, "none of our name servers");
	facts.n_ours = 0;
	IS(APEX_NS, SKIP, "no name servers of ours");
}

TEST(delegation)
{
	good();
	IS(DELEGATION, UNKNOWN, "was not asked");
	facts.parent_done = true;
	facts.parent_problem = "no server on the way answered";
	IS(DELEGATION, UNKNOWN, "no server on the way answered");
	parent("ns.example.com", "ns1.us.example", "ns2.us.example");
	IS(DELEGATION, PASS, "lists all of our name servers");
	facts.parent[1].answered = facts.parent[1].lists = false;
	facts.parent[1].problem = "no answer";
	IS(DELEGATION, PASS, "1 of 2 servers of the parent");
	parent("ns.example.com", "ns1.us.example", NULL);
	IS(DELEGATION, WARN, "does not list ns2.us.example");
	HAS("at your registrar");
	parent("ns.example.com", NULL, NULL);
	IS(DELEGATION, FAIL, "none of our name servers");
	parent(NULL, NULL, NULL);
	IS(DELEGATION, FAIL, "is not delegated");
	facts.parent[0].answered = facts.parent[1].answered = false;
	facts.parent[0].problem = facts.parent[1].problem = "no answer";
	IS(DELEGATION, UNKNOWN, "no server of the parent com answered");
}

TEST(delegations_that_differ_from_each_other_or_from_the_zone)
{
	good();
	parent("ns.example.com", "ns1.us.example", "ns2.us.example");
	facts.parent[1].names = 3;
	IS(DELEGATION, WARN, "do not agree with each other");
	parent("ns.example.com", "ns1.us.example", "ns2.us.example");
	apex("other.example.com", "ns1.us.example", "ns2.us.example");
	IS(DELEGATION, WARN, "ns.example.com, which the zone itself does not");
	HAS("name the same servers");
}

TEST(a_zone_at_cloudflare_or_route_53_may_not_need_us)
{
	good();
	parent("ada.ns.cloudflare.com", "bob.ns.cloudflare.com", NULL);
	IS(DELEGATION, FAIL, "You may not need a secondary");
	HAS("\"provider\":\"Cloudflare\"");
	parent("ns-1.awsdns-01.com", "ns-2.awsdns-02.net", NULL);
	facts.n_ours = 0;
	IS(DELEGATION, WARN, "is delegated to Amazon Route 53");
	HAS("You may not need a secondary");
}

static struct diagnosis_server *
server(size_t i, const char *name)
{
	facts.server[i] = (struct diagnosis_server){ .name = name,
		.asked = true, .answered = true, .aa = true,
		.has_serial = true, .serial = 7 };
	facts.n_servers = i + 1;
	return &facts.server[i];
}

TEST(servers)
{
	struct diagnosis_server *s;

	good();
	IS(SERVERS, UNKNOWN, "were not asked");
	facts.servers_done = true;
	IS(SERVERS, SKIP, "lists no name servers");
	server(0, "ns1.us.example")->ours = true;
	IS(SERVERS, WARN, "only our name servers");
	s = server(1, "ns.example.com");
	IS(SERVERS, PASS, "1 listed name server beside ours serves");
	s->serial = 5;
	IS(SERVERS, WARN, "not at the newest serial 7: ns.example.com (5)");
	s->serial = 8;
	IS(SERVERS, PASS, "serves the zone");
	s->serial = 7;
	s->aa = false;
	IS(SERVERS, FAIL, "ns.example.com (without authority)");
	s->aa = true;
	s->rcode = 5;
	IS(SERVERS, FAIL, "ns.example.com (REFUSED)");
	s->answered = false;
	s->problem = "no answer";
	IS(SERVERS, WARN, "not answering: ns.example.com");
	facts.server[0] = *s;
	IS(SERVERS, FAIL, "not answering");
	facts.server[0].asked = false;
	facts.n_servers = 1;
	IS(SERVERS, UNKNOWN, "could not be asked");
}

TEST(dnssec)
{
	good();
	IS(DNSSEC, UNKNOWN, "no primary showed the zone's keys");
	facts.keys_known = true;
	IS(DNSSEC, SKIP, "not signed");
	facts.n_keys = 1;
	IS(DNSSEC, UNKNOWN, "could not be asked for");
	facts.ds_known = true;
	IS(DNSSEC, WARN, "no DS record");
	facts.n_ds = 2;
	IS(DNSSEC, FAIL, "no DS record of the parent matches");
	facts.n_ds_matched = 1;
	IS(DNSSEC, PASS, "1 of 2 DS records of the parent matches");
	facts.n_keys = 0;
	IS(DNSSEC, FAIL, "the zone is not signed");
	facts.n_ds = 0;
	IS(DNSSEC, SKIP, "not signed");
}

TEST(the_runway_of_signatures)
{
	good();
	facts.keys_known = facts.ds_known = true;
	facts.n_keys = facts.n_ds = facts.n_ds_matched = 1;
	facts.signed_known = true;
	facts.signed_for_s = 20 * 86400;
	facts.expire_s = 14 * 86400;
	IS(DNSSEC, PASS, "\"signed_for_s\":1728000");
	facts.expire_s = 28 * 86400;
	IS(DNSSEC, PASS, "before the zone expires here (28 days)");
	facts.signed_for_s = 2 * 86400;
	IS(DNSSEC, WARN, "expire in 48 hours");
	facts.signed_for_s = -5;
	IS(DNSSEC, FAIL, "have expired");
}
