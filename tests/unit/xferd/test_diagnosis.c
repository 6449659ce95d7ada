/* test_diagnosis.c - the document of a step; who serves a zone already. */
#include "tests/lib/diagnosistest.h"

#include "common/dns/recipe.h"
#include "xferd/diagnosis_say.h"

TEST(a_step_has_id_verdict_evidence_and_advice)
{
	good();
	assert_int_equal(step(DIAGNOSIS_UDP), DIAGNOSIS_PASS);
	assert_string_equal(said, "{\"id\":\"udp\",\"verdict\":\"pass\","
	    "\"evidence\":{\"primaries\":[{\"address\":\"192.0.2.1\","
	    "\"port\":53,\"transport\":\"tcp\",\"rcode\":0,"
	    "\"authoritative\":true,\"serial\":7,\"reason\":\"ok\",\"ms\":3,"
	    "\"verdict\":\"pass\",\"text\":\"192.0.2.1:53 answers by UDP "
	    "within 3 ms\"}],\"text\":\"192.0.2.1:53 answers by UDP within "
	    "3 ms\"},\"advice\":[]}");
}

TEST(the_worst_of_several_primaries_is_the_steps)
{
	struct diagnosis_primary *p = good();

	facts.primary[1] = *p;
	facts.primary[1].addr.ip[3] = 2;
	facts.primary[1].udp = ask_reason(HANDOFF_TIMEOUT_FIRST);
	facts.n_primaries = 2;
	IS(UDP, WARN, "192.0.2.2:53 answers by TCP but not by UDP");
	HAS("192.0.2.1:53 answers by UDP within");
	facts.n_primaries = 0;
	IS(UDP, SKIP, "no primary");
}

TEST(every_step_has_a_document_whatever_is_known)
{
	memset(&facts, 0, sizeof(facts));
	facts.zone = "example.com";
	for (int i = 0; i < DIAGNOSIS_IDS; i++) {
		(void)step((enum diagnosis_id)i);
		HAS(diagnosis_facts_id((enum diagnosis_id)i));
		HAS("\"advice\":[");
		HAS("\"text\":\"");
	}
}

TEST(advice_is_given_once_however_many_primaries_need_it)
{
	struct diagnosis_primary *p = good();
	const char *first;

	p->tcp = p->udp = p->soa = ask_reason(HANDOFF_TIMEOUT_FIRST);
	facts.primary[1] = *p;
	facts.n_primaries = 2;
	(void)step(DIAGNOSIS_UDP);
	first = strstr(said, "Check that the address is right");
	assert_non_null(first);
	assert_null(strstr(first + 1, "Check that the address is right"));
}

TEST(configuration_is_there_for_each_kind_of_server)
{
	struct diagnosis_primary *p = good();

	p->axfr = ask_rcode(5);
	IS(AXFR, FAIL, "REFUSED");
	for (int k = 0; k < RECIPE_KINDS; k++)
		HAS(recipe_word((enum recipe_kind)k));
	HAS("allow-transfer { 192.0.2.53; 2001:db8::53; };");
	HAS("provide-xfr: 192.0.2.53 NOKEY");
	HAS("ALLOW-AXFR-FROM 192.0.2.53 2001:db8::53");
	HAS("/etc/nameserverips");
	HAS("Not tested on cPanel");
}

TEST(zones_that_others_serve_from_many_places_are_known)
{
	static const struct {
		const char *name[2], *who;
	} rows[] = {
		{ { "ada.ns.cloudflare.com", "bob.NS.cloudflare.com" },
		    "Cloudflare" },
		{ { "gold.foundationdns.com", "gold.foundationdns.net" },
		    "Cloudflare" },
		{ { "ns-1.awsdns-63.com", "ns-2000.awsdns-01.co.uk" },
		    "Amazon Route 53" },
		{ { "ns-1.awsdns-63.com", "ns1.example.com" }, NULL },
		{ { "ns.cloudflare.com", "ns.cloudflare.com" }, NULL },
		{ { "ns1.awsdns-1.evil.com", "ns1.awsdns-1.evil.com" },
		    NULL },
		{ { "x.ns.cloudflare.com.evil.net", "b.ns.cloudflare.com" },
		    NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *who = diagnosis_tree_elsewhere(rows[i].name, 2);

		if (rows[i].who == NULL)
			assert_null(who);
		else
			assert_string_equal(who, rows[i].who);
	}
	assert_null(diagnosis_tree_elsewhere(NULL, 0));
}
