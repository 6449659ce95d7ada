/* test_diagnosis_zone.c - serial, content and NOTIFY: each verdict. */
#include "tests/lib/diagnosistest.h"

static void
theirs(uint32_t serial)
{
	struct diagnosis_primary *p = &facts.primary[0];

	p->udp = p->tcp = p->soa = p->axfr = ask_soa(serial);
}

TEST(serial)
{
	good();
	IS(SERIAL, PASS, "has serial 7, as we do");
	theirs(8);
	IS(SERIAL, WARN, "was not transferred yet");
	facts.last_error = "the key is wrong";
	IS(SERIAL, WARN, "could not be transferred: the key is wrong");
	theirs(6);
	IS(SERIAL, FAIL, "the serial went back");
	HAS("/v1/zones/example.com/accept");
	theirs(7u + 2147483648u);
	IS(SERIAL, FAIL, "neither newer nor older");
	facts.loaded = false;
	IS(SERIAL, WARN, "was not transferred yet");
	facts.preflight = true;
	IS(SERIAL, PASS, "not registered");
	facts.primary[0].udp = facts.primary[0].tcp = facts.primary[0].soa =
	    facts.primary[0].axfr = ask_reason(HANDOFF_TIMEOUT_FIRST);
	IS(SERIAL, UNKNOWN, "no primary showed its serial");
}

TEST(serials_that_primaries_do_not_share_are_told)
{
	good();
	facts.primary[1] = facts.primary[0];
	facts.primary[1].soa = ask_soa(9);
	facts.n_primaries = 2;
	IS(SERIAL, WARN, "different serials (7 and 9)");
}

TEST(content)
{
	good();
	IS(CONTENT, UNKNOWN, "was not compared");
	facts.content = DIAGNOSIS_CONTENT_SKIPPED;
	facts.content_why = "the zone is not registered";
	IS(CONTENT, SKIP, "not registered");
	facts.content = DIAGNOSIS_CONTENT_SAME;
	facts.content_serial = 7;
	facts.content_age_s = 300;
	facts.content_primary = "192.0.2.1:53";
	IS(CONTENT, PASS, "5 minutes ago");
	facts.content = DIAGNOSIS_CONTENT_DIFFERS;
	IS(CONTENT, FAIL, "the serial was not bumped");
	HAS("under the same serial 7");
	HAS("pdnsutil increase-serial example.com");
	HAS("/v1/zones/example.com/retransfer");
}

TEST(notify)
{
	good();
	IS(NOTIFY, WARN, "no NOTIFY for the zone was seen");
	HAS("203.0.113.5");
	facts.preflight = true;
	IS(NOTIFY, SKIP, "once the zone is registered");
	facts.preflight = false;
	facts.notified = facts.notify_accepted = true;
	facts.notify_age_s = 10;
	facts.notify_source = "198.51.100.7";
	IS(NOTIFY, PASS, "10 s ago");
	facts.notify_age_s = 40 * 86400;
	IS(NOTIFY, WARN, "40 days ago");
	facts.notify_accepted = false;
	facts.notify_reason = "tsig-badsig";
	facts.notify_message = "its signature from 198.51.100.7 is bad";
	IS(NOTIFY, FAIL, "tsig-badsig");
}

/* Else anybody could register a name to learn who sends NOTIFY for it. */
TEST(sources_of_notify_are_shown_for_proven_claims_alone)
{
	good();
	facts.notified = true;
	facts.notify_reason = "not-signed";
	facts.notify_source = "198.51.100.7";
	facts.notify_message = "from 198.51.100.7";
	facts.stray = true;
	facts.stray_source = "198.51.100.8";
	for (int i = 0; i < 2; i++) {
		facts.notify_accepted = i == 1;
		facts.proven = false;
		(void)step(DIAGNOSIS_NOTIFY);
		HAS_NOT("198.51.100");
		facts.proven = true;
		(void)step(DIAGNOSIS_NOTIFY);
		HAS("198.51.100.7");
	}
	facts.notified = false;
	IS(NOTIFY, WARN, "198.51.100.8, which is not one of the zone's");
	HAS("notify-source");
	facts.notified = facts.notify_accepted = true;
	facts.notify_age_s = 5;
	facts.stray_age_s = 500;
	IS(NOTIFY, PASS, "was taken");
}
