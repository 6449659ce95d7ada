/*
 * diagnosis_facts.c - see diagnosis_facts.h.
 */
#include "xferd/diagnosis_facts.h"

const char *
diagnosis_facts_id(enum diagnosis_id id)
{
	static const char *const NAMES[] = { "udp", "tcp", "soa", "tsig",
		"axfr", "serial", "content", "notify", "apex_ns",
		"delegation", "servers", "dnssec" };

	static_assert(COUNT_OF(NAMES) == DIAGNOSIS_IDS, "one for each");
	return NAMES[id];
}

const char *
diagnosis_facts_verdict(enum diagnosis_verdict verdict)
{
	switch (verdict) {
	case DIAGNOSIS_SKIP:
		return "skip";
	case DIAGNOSIS_PASS:
		return "pass";
	case DIAGNOSIS_WARN:
		return "warn";
	case DIAGNOSIS_FAIL:
		return "fail";
	case DIAGNOSIS_UNKNOWN:
		break;
	}
	return "unknown";
}
