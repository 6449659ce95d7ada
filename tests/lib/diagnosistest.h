/*
 * diagnosistest.h - a step of a check from facts, as text.
 */
#ifndef TESTS_LIB_DIAGNOSISTEST_H
#define TESTS_LIB_DIAGNOSISTEST_H

#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/sock.h"
#include "xferd/diagnosis.h"

static struct diagnosis_facts facts;
static char said[256 << 10];

static const char *const SOURCES[] = { "192.0.2.53", "2001:db8::53" };
static const char *const TARGETS[] = { "203.0.113.5:53" };
static const char *const OURS[] = { "ns1.us.example", "ns2.us.example" };

static inline struct diagnosis_ask
ask_soa(uint32_t serial)
{
	return (struct diagnosis_ask){ .done = true, .reason = HANDOFF_OK,
		.aa = true, .has_serial = true, .serial = serial, .ms = 3 };
}

static inline struct diagnosis_ask
ask_reason(enum handoff_reason reason)
{
	return (struct diagnosis_ask){ .done = true, .reason = reason };
}

static inline struct diagnosis_ask
ask_rcode(uint16_t rcode)
{
	return (struct diagnosis_ask){ .done = true, .reason = HANDOFF_OK,
		.facts.rcode = rcode };
}

/* A zone with one good primary, loaded with the same serial. */
static inline struct diagnosis_primary *
good(void)
{
	struct diagnosis_primary *p = &facts.primary[0];
	enum err e;

	memset(&facts, 0, sizeof(facts));
	facts.zone = "example.com";
	facts.sources = SOURCES;
	facts.n_sources = 2;
	facts.targets = TARGETS;
	facts.n_targets = 1;
	facts.ours = OURS;
	facts.n_ours = 2;
	facts.loaded = true;
	facts.serial = 7;
	facts.n_primaries = 1;
	e = sock_addr_parse("192.0.2.1:53", -1, &p->addr);
	assert_int_equal(e, OK);
	p->udp = p->tcp = p->soa = p->axfr = ask_soa(7);
	return p;
}

static inline enum diagnosis_verdict
step(enum diagnosis_id id)
{
	enum diagnosis_verdict v;
	struct jw w;
	size_t len;
	char *text;

	jw_init(&w, sizeof(said) - 1);
	v = diagnosis_step(&facts, id, &w);
	text = jw_take(&w, &len);
	assert_non_null(text);
	memcpy(said, text, len);
	said[len] = '\0';
	free(text);
	jw_fini(&w);
	return v;
}

#define HAS(what) do {							\
	if (strstr(said, (what)) == NULL)				\
		fail_msg("no \"%s\" in: %s", (what), said);		\
} while (0)

#define HAS_NOT(what) do {						\
	if (strstr(said, (what)) != NULL)				\
		fail_msg("\"%s\" in: %s", (what), said);		\
} while (0)

/* The verdict of a step, and something that it says. */
#define IS(id, wanted, what) do {					\
	enum diagnosis_verdict got_ = step(DIAGNOSIS_##id);		\
	if (got_ != DIAGNOSIS_##wanted)					\
		fail_msg("%s is %s: %s", #id,				\
		    diagnosis_facts_verdict(got_), said);		\
	HAS(what);							\
} while (0)

#endif
