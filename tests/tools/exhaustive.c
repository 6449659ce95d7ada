/*
 * exhaustive.c - all 65,536 types and classes, shapes of EDNS, situations of
 * names, UDP and TCP, once, against answer(); every answer is read by ldns and
 * by tests/lib/replycheck.h.
 *
 *	exhaustive [PART OF]		e.g. "2 4": the second of four parts
 *
 * Some minutes of one core; `make exhaustive`. Ends with "N passed, N failed",
 * where a test is a name in a zone.
 */
#include <time.h>

#include "tests/lib/everyquestion.h"

static struct everyquestion every;
static unsigned shown;

static void
show(const char *wrong, const char *name, unsigned type, unsigned qclass,
    const struct everyquestion_shape *s, unsigned transport)
{
	if (shown++ < 40)
		printf("not ok - %s: %s TYPE%u CLASS%u %s %s\n", wrong, name,
		    type, qclass, s->what, transport == ANSWER_UDP ? "UDP" :
		    "TCP");
}

/* All of one name; every class for some. Returns how many were wrong. */
static unsigned
try_name(const char *text, bool every_class)
{
	static const uint16_t classes[] = { 0, 3, 4, 254, 255, 65535 };
	static const uint16_t types[] = { 1, 6, 16, 46, 255, 252, 65280 };
	unsigned wrong = 0;
	uint8_t name[256];
	const char *w;
	size_t len;

	if (dname_parse(text, strlen(text), name, &len) != OK)
		abort();
	for (unsigned i = 0; i < COUNT_OF(everyquestion_shapes); i++) {
		const struct everyquestion_shape *s = &everyquestion_shapes[i];

		for (unsigned tcp = 0; tcp < 2; tcp++) {
			/* Over TCP one shape with DO and one without will do. */
			if (tcp == 1 && i != 0 && i != 2)
				continue;
			for (unsigned t = 0; t <= 65535; t++) {
				w = everyquestion_ask(&every, name,
				    (uint16_t)t, 1, s, (enum answer_transport)
				    tcp);
				if (w != NULL && wrong++ < 10)
					show(w, text, t, 1, s, tcp);
			}
			for (unsigned c = 0; c < COUNT_OF(classes); c++)
				for (unsigned t = 0; t < 300; t++) {
					w = everyquestion_ask(&every, name,
					    (uint16_t)t, classes[c], s,
					    (enum answer_transport)tcp);
					if (w != NULL && wrong++ < 10)
						show(w, text, t, classes[c], s,
						    tcp);
				}
		}
		for (unsigned k = 0; k < COUNT_OF(types); k++)
			for (unsigned c = 0; c <= 65535; c += every_class &&
			    i == 0 ? 1 : 97) {
				w = everyquestion_ask(&every, name, types[k],
				    (uint16_t)c, s, ANSWER_UDP);
				if (w != NULL && wrong++ < 10)
					show(w, text, types[k], c, s, 0);
			}
	}
	return wrong;
}

int
main(int argc, char **argv)
{
	unsigned part = argc == 3 ? (unsigned)atoi(argv[1]) : 1;
	unsigned of = argc == 3 ? (unsigned)atoi(argv[2]) : 1;
	unsigned n = 0, passed = 0, failed = 0;
	struct timespec a, b;

	if (part < 1 || part > of) {
		fprintf(stderr, "usage: exhaustive [PART OF]\n");
		return 2;
	}
	everyquestion_init(&every);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (unsigned z = 0; z < COUNT_OF(everyquestion_apexes); z++)
		for (unsigned i = 0; i < COUNT_OF(everyquestion_names); i++) {
			const char *label = everyquestion_names[i];
			char text[300];

			/* Zones that are not served: one name will do. */
			if (z >= 3 && i > 2)
				break;
			if (n++ % of != part - 1)
				continue;
			snprintf(text, sizeof(text), "%s%s%s", label,
			    *label != 0 ? "." : "", everyquestion_apexes[z]);
			if (try_name(text, i < 2) == 0)
				passed++;
			else
				failed++;
		}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%llu questions, %llu answers in %lld s\n",
	    (unsigned long long)every.n, (unsigned long long)every.n_sent,
	    (long long)(b.tv_sec - a.tv_sec));
	printf("%u passed, %u failed\n", passed, failed);
	everyquestion_fini(&every);
	return failed > 0;
}
