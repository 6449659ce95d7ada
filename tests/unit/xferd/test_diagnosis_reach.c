/* test_diagnosis_reach.c - the way to a primary: each verdict of each step. */
#include "tests/lib/diagnosistest.h"

TEST(udp)
{
	struct diagnosis_primary *p = good();

	IS(UDP, PASS, "answers by UDP within 3 ms");
	p->udp = ask_reason(HANDOFF_TIMEOUT_FIRST);
	IS(UDP, WARN, "by TCP but not by UDP");
	p->udp = ask_reason(HANDOFF_CONNECT_REFUSED);
	IS(UDP, WARN, "nothing listens there");
	p->udp = ask_reason(HANDOFF_MALFORMED);
	IS(UDP, WARN, "no answer to the question (malformed)");
	p->udp = (struct diagnosis_ask){ 0 };
	IS(UDP, UNKNOWN, "was not asked");
	p->udp = p->tcp = p->soa = ask_reason(HANDOFF_TIMEOUT_FIRST);
	p->axfr = p->soa;
	IS(UDP, FAIL, "no answer came");
	p->tls = true;
	IS(UDP, SKIP, "over TLS only");
	p->forbidden = "a loopback address";
	IS(UDP, FAIL, "is a loopback address");
}

/* The known ways of TCP 53 to be shut, each with its name. */
TEST(tcp)
{
	static const struct {
		enum handoff_reason reason;
		const char *text, *advice;
	} rows[] = {
		{ HANDOFF_CONNECT_TIMEOUT, "a firewall drops TCP port 53",
		    "Open TCP port 53 for 192.0.2.53, 2001:db8::53" },
		{ HANDOFF_CONNECT_REFUSED, "nothing listens on TCP port 53",
		    "53/tcp published" },
		{ HANDOFF_CONNECT_FAILED, "no way", "Open TCP port 53" },
		{ HANDOFF_CLOSED_EARLY, "closes them without an answer",
		    "tcp-clients" },
		{ HANDOFF_TIMEOUT_FIRST, "does not answer on them",
		    "load balancer" },
	};
	struct diagnosis_primary *p = good();

	IS(TCP, PASS, "answers by TCP within 3 ms");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		p->tcp = p->soa = p->axfr = ask_reason(rows[i].reason);
		IS(TCP, FAIL, rows[i].text);
		HAS(rows[i].advice);
	}
	p->tcp = ask_reason(HANDOFF_MALFORMED);
	IS(TCP, WARN, "no answer to the question");
	p->tcp = (struct diagnosis_ask){ 0 };
	IS(TCP, UNKNOWN, "was not asked");
}

/* Who has not shown the zone could be anybody: no port scanner. */
TEST(an_address_that_shows_no_zone_gets_coarse_results)
{
	static const enum handoff_reason REASONS[] = {
		HANDOFF_CONNECT_TIMEOUT, HANDOFF_CONNECT_REFUSED,
		HANDOFF_CONNECT_FAILED, HANDOFF_CLOSED_EARLY,
		HANDOFF_TIMEOUT_FIRST };
	static char first[2][sizeof(said)];

	for (size_t i = 0; i < COUNT_OF(REASONS); i++) {
		struct diagnosis_primary *p = good();

		p->udp = p->tcp = p->soa = p->axfr = ask_reason(REASONS[i]);
		p->udp.ms = p->tcp.ms = (uint32_t)i;
		for (int k = 0; k < 2; k++) {
			assert_int_equal(step(k == 0 ? DIAGNOSIS_UDP :
			    DIAGNOSIS_TCP), DIAGNOSIS_FAIL);
			HAS("no-answer");
			if (i == 0)
				memcpy(first[k], said, sizeof(said));
			assert_string_equal(said, first[k]);
		}
	}
	/* A DNS server without the zone: its answer is told, not its speed. */
	good()->udp = ask_rcode(5);
	facts.primary[0].tcp = facts.primary[0].soa =
	    facts.primary[0].axfr = ask_reason(HANDOFF_CONNECT_REFUSED);
	IS(UDP, PASS, "\"rcode\":5");
	HAS_NOT("\"ms\"");
	IS(TCP, FAIL, "no answer came");
	HAS_NOT("refused");
}

TEST(tcp_over_tls)
{
	struct diagnosis_primary *p = good();

	p->tls = true;
	p->udp = p->tcp = (struct diagnosis_ask){ 0 };
	IS(TCP, PASS, "answers by TLS");
	p->soa = ask_reason(HANDOFF_TLS_CERTIFICATE);
	IS(TCP, FAIL, "certificate");
	HAS("TCP works, TLS does not");
	p->axfr = (struct diagnosis_ask){ 0 };
	IS(SOA, UNKNOWN, "did not answer");
	p->soa = ask_reason(HANDOFF_CONNECT_TIMEOUT);
	IS(TCP, FAIL, "no answer");
}

TEST(soa)
{
	struct diagnosis_primary *p = good();

	IS(SOA, PASS, "serves example.com with authority, serial 7");
	p->udp = p->tcp = p->soa = ask_rcode(5);
	IS(SOA, FAIL, "REFUSED");
	HAS("allow-query");
	p->udp = p->tcp = p->soa = ask_rcode(2);
	IS(SOA, FAIL, "SERVFAIL");
	HAS("could not be loaded");
	p->udp = p->tcp = p->soa = ask_rcode(3);
	IS(SOA, FAIL, "NXDOMAIN");
	p->udp = p->tcp = p->soa = ask_soa(7);
	p->udp.aa = p->tcp.aa = p->soa.aa = false;
	IS(SOA, FAIL, "without authority");
	p->udp = p->tcp = p->soa = ask_rcode(0);
	p->udp.aa = p->tcp.aa = p->soa.aa = true;
	IS(SOA, FAIL, "no SOA record");
	p->udp = p->tcp = p->soa = ask_reason(HANDOFF_TIMEOUT_FIRST);
	IS(SOA, UNKNOWN, "did not answer");
	p->soa = ask_reason(HANDOFF_TSIG_BADSIG);
	IS(SOA, UNKNOWN, "see the step tsig");
	/* Refused to anybody, shown to the key. */
	p->udp = p->tcp = ask_rcode(5);
	p->soa = ask_soa(7);
	IS(SOA, PASS, "serial 7");
}

TEST(tsig)
{
	struct diagnosis_primary *p = good();

	IS(TSIG, SKIP, "without a TSIG key");
	p->key = "k.example";
	p->algorithm = "hmac-sha256";
	IS(TSIG, PASS, "accepts the key k.example");
	p->soa.facts.has_skew = true;
	p->soa.facts.skew_s = -120;
	IS(TSIG, WARN, "120 s behind");
	HAS("NTP");
	p->soa = ask_reason(HANDOFF_TSIG_BADKEY);
	IS(TSIG, FAIL, "BADKEY");
	HAS("key \\\"k.example\\\" {");
	HAS("The name of the key counts");
	p->soa = ask_reason(HANDOFF_TSIG_BADSIG);
	IS(TSIG, FAIL, "secret");
	HAS("The secrets of the key k.example differ");
	p->soa = ask_reason(HANDOFF_TSIG_BADTIME);
	p->soa.facts.has_skew = true;
	p->soa.facts.skew_s = 900;
	IS(TSIG, FAIL, "clock");
	HAS("900 s ahead of ours");
	HAS("\"clock_skew_s\":900");
	p->soa = ask_reason(HANDOFF_TSIG_BADTRUNC);
	IS(TSIG, FAIL, "shorter");
	p->soa = ask_reason(HANDOFF_TSIG_MISSING);
	IS(TSIG, FAIL, "without a TSIG signature");
	HAS("allow-transfer { key");
	p->soa = ask_reason(HANDOFF_CONNECT_TIMEOUT);
	IS(TSIG, UNKNOWN, "did not answer");
	p->soa = ask_soa(7);
	p->axfr = ask_reason(HANDOFF_TSIG_BADSIG);
	IS(TSIG, FAIL, "secret");
}

TEST(axfr)
{
	struct diagnosis_primary *p = good();

	IS(AXFR, PASS, "sends the zone to us, serial 7");
	p->whole = true;
	p->records = 12;
	IS(AXFR, PASS, "12 records");
	p->axfr = ask_rcode(5);
	IS(AXFR, FAIL, "REFUSED");
	HAS("Allow 192.0.2.53, 2001:db8::53 to transfer");
	p->axfr = ask_rcode(9);
	IS(AXFR, FAIL, "NOTAUTH");
	HAS("as a primary or secondary");
	p->axfr = ask_reason(HANDOFF_CLOSED_EARLY);
	IS(AXFR, FAIL, "closes the connection");
	p->axfr = ask_reason(HANDOFF_TIMEOUT_FIRST);
	IS(AXFR, FAIL, "sends nothing");
	p->axfr = ask_rcode(0);
	IS(AXFR, FAIL, "does not begin with");
	p->axfr = ask_reason(HANDOFF_LIMIT_RECORDS);
	IS(AXFR, FAIL, "more records than allowed");
	p->axfr = (struct diagnosis_ask){ 0 };
	IS(AXFR, UNKNOWN, "was not asked");
	p->tcp = p->axfr = ask_reason(HANDOFF_CONNECT_TIMEOUT);
	IS(AXFR, UNKNOWN, "does not answer by TCP");
	p->axfr = ask_reason(HANDOFF_TLS_PIN);
	IS(AXFR, UNKNOWN, "no TLS");
	p->key = "k.example";
	p->algorithm = "hmac-sha256";
	p->axfr = ask_reason(HANDOFF_TSIG_BADKEY);
	IS(AXFR, FAIL, "BADKEY");
	HAS("See the step tsig");
}
