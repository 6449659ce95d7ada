/*
 * brief.h - an answer in one line: the header, then what is in answer and
 * authority as "AN owner type", names relative to "example.", an RRSIG as a
 * "+" behind its set.
 */
#ifndef TESTS_UNIT_DNSD_BRIEF_H
#define TESTS_UNIT_DNSD_BRIEF_H

#include "tests/unit/dnsd/ask.h"

/* Stand-ins for signatures, and links of an NSEC chain. */
#define SIG(owner, type, labels) \
	owner " 3600 IN RRSIG " type " 13 " labels \
	" 3600 20300101000000 20200101000000 1 example. AAAA\n"
#define N(owner, labels, next, types) \
	owner " 3600 IN NSEC " next " " types "\n" SIG(owner, "NSEC", labels)
#define SOA_RDATA "ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600"

/* "do size=4096 stripe=..." is added. Hashes are given by four letters. */
static inline const char *
brief_ask(struct asker *t, const char *question, unsigned stripe)
{
	static char out[16384];
	char q[2048], *save = NULL, *line, section[8], owner[1300], type[32];
	size_t n = 0;
	unsigned ttl;

	snprintf(q, sizeof(q), "%s do stripe=%u size=4096", question, stripe);
	t->ctx.udp_max = 4096;
	ask(t, q);
	line = strtok_r(t->text, "\n", &save);
	n = (size_t)snprintf(out, sizeof(out), "%s", line);
	while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
		char *p;

		assert_int_equal(sscanf(line, "%7s %1299s %u %31s", section,
		    owner, &ttl, type), 4);
		if (strcmp(section, "AD") == 0)
			continue;
		if (strcmp(type, "RRSIG") == 0 &&
		    strstr(question, "RRSIG") == NULL) {
			n += (size_t)snprintf(out + n, sizeof(out) - n, "+");
			continue;
		}
		p = strstr(owner, "example.");
		assert_non_null(p);
		if (p > owner)
			p[-1] = 0;
		else
			strcpy(owner, "@");
		if (strlen(owner) == 32)
			owner[4] = 0;
		n += (size_t)snprintf(out + n, sizeof(out) - n, " | %s %s %s",
		    section, owner, type);
	}
	return out;
}

#endif
