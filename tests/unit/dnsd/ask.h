/*
 * ask.h - ask answer() over a testcache and get the reply as text.
 *
 *	ask(&t, "www.example. A do tcp size=512 noedns class=CH stripe=3")
 *
 * gives lines such as
 *
 *	NOERROR aa
 *	AN www.example. 300 A 192.0.2.1
 *	AN www.example. 300 RRSIG A 2
 *	AU ...
 *	AD ...
 *
 * Header flags: aa tc rd ra ad cd; "ede=20" and "edns" for an OPT. RRSIGs are
 * shown as covered type and labels alone.
 */
#ifndef TESTS_UNIT_DNSD_ASK_H
#define TESTS_UNIT_DNSD_ASK_H

#include <ctype.h>
#include <stdbool.h>

#include <ldns/ldns.h>

#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/rrtext.h"
#include "common/dns/rrtype.h"
#include "dnsd/answer.h"
#include "tests/lib/allocs.h"
#include "tests/lib/test.h"
#include "tests/lib/testcache.h"
#include "tests/lib/testheads.h"

struct asker {
	struct testcache cache;
	struct answer_ctx ctx;
	struct answer_job job;
	uint8_t request[65536];
	size_t request_len;
	uint8_t reply[65536];
	size_t reply_len;
	enum answer_verdict verdict;
	int64_t now;
	uint32_t now_wall_s;
	uint8_t client[16];
	uint8_t client_len;
	bool tls;			/* what "tcp" means */
	char text[1 << 20];
};

static inline void
ask_init(struct asker *a)
{
	memset(a, 0, sizeof(*a));
	testcache_init(&a->cache, (size_t)64 << 20);
	a->cache.finish_head = testheads_finish;
	a->ctx.udp_max = 1232;
	a->now = 1000;
	assert_ok(nsec3hash_new(&a->ctx.nsec3hash));
}

static inline void
ask_fini(struct asker *a)
{
	nsec3hash_free(a->ctx.nsec3hash);
	testcache_fini(&a->cache);
}

static inline void
ask_publish(struct asker *a)
{
	testcache_publish(&a->cache);
	a->ctx.arena = a->cache.arena;
	a->ctx.arena_size = a->cache.used;
}

/* The job is dirtied first: nothing may rely on its being zero. */
static inline enum answer_verdict
ask_raw(struct asker *a, enum answer_transport transport, unsigned stripe)
{
	struct answer_facts facts = {
		.request = a->request, .request_len = a->request_len,
		.out = a->reply,
		.out_max = transport == ANSWER_UDP ? a->ctx.udp_max : 65535,
		.transport = transport, .source_port = 4242,
		.stripe = (uint8_t)stripe, .now_boot_ms = a->now,
		.now_wall_s = a->now_wall_s, .client = a->client,
		.client_len = a->client_len,
	};
	unsigned long before;

	memset(&a->job, 0xa5, sizeof(a->job));
	memset(a->reply, 0x5a, sizeof(a->reply));
	before = allocs_count();
	a->verdict = answer(&a->job, &a->ctx, &facts, &a->reply_len);
	assert_int_equal(allocs_count(), before);	/* none, ever */
	if (a->verdict == ANSWER_SEND)
		for (size_t i = facts.out_max; i < sizeof(a->reply); i++)
			assert_int_equal(a->reply[i], 0x5a);
	return a->verdict;
}

static inline void
ask_append(struct asker *a, const char *text)
{
	strcat(a->text, text);
}

static inline void
ask_print_section(struct asker *a, const char *label, ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);
		char *owner = ldns_rdf2str(ldns_rr_owner(rr));
		char *type = ldns_rr_type2str(ldns_rr_get_type(rr));
		char head[1400];

		snprintf(head, sizeof(head), "%s %s %u %s", label, owner,
		    ldns_rr_ttl(rr), type);
		ask_append(a, head);
		for (size_t k = 0; k < ldns_rr_rd_count(rr); k++) {
			char *s = ldns_rdf2str(ldns_rr_rdf(rr, k));
			size_t n = strlen(s);

			while (n > 0 && isspace((unsigned char)s[n - 1]))
				s[--n] = 0;
			if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
			    k == 0 || k == 2) {
				ask_append(a, " ");
				ask_append(a, s);
			}
			free(s);
		}
		ask_append(a, "\n");
		free(owner);
		free(type);
	}
}

static inline const char *
ask_print(struct asker *a)
{
	static const char *const rcodes[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN", "7", "8", "NOTAUTH", "10", "11", "12",
		"13", "14", "15", "BADVERS", "17", "18", "19", "20", "21",
		"22", "BADCOOKIE",
	};
	ldns_pkt *pkt = NULL;
	unsigned rcode;

	a->text[0] = 0;
	if (a->verdict == ANSWER_DROP)
		return "DROP";
	if (a->verdict == ANSWER_NOTIFY)
		return "NOTIFY";
	assert_int_equal(ldns_wire2pkt(&pkt, a->reply, a->reply_len),
	    LDNS_STATUS_OK);
	rcode = (unsigned)ldns_pkt_get_rcode(pkt);
	if (ldns_pkt_edns(pkt))
		rcode |= (unsigned)ldns_pkt_edns_extended_rcode(pkt) << 4;
	ask_append(a, rcode <= 23 ? rcodes[rcode] : "?");
	assert_true(ldns_pkt_qr(pkt));
	ask_append(a, ldns_pkt_aa(pkt) ? " aa" : "");
	ask_append(a, ldns_pkt_tc(pkt) ? " tc" : "");
	ask_append(a, ldns_pkt_rd(pkt) ? " rd" : "");
	ask_append(a, ldns_pkt_ra(pkt) ? " ra" : "");
	ask_append(a, ldns_pkt_ad(pkt) ? " ad" : "");
	ask_append(a, ldns_pkt_cd(pkt) ? " cd" : "");
	if (a->job.ede >= 0 && ldns_pkt_edns(pkt)) {
		char ede[16];

		snprintf(ede, sizeof(ede), " ede=%d", a->job.ede);
		ask_append(a, ede);
	}
	ask_append(a, "\n");
	ask_print_section(a, "AN", ldns_pkt_answer(pkt));
	ask_print_section(a, "AU", ldns_pkt_authority(pkt));
	ask_print_section(a, "AD", ldns_pkt_additional(pkt));
	ldns_pkt_free(pkt);
	return a->text;
}

struct ask_options {
	bool edns, dnssec, tcp, rd;
	unsigned size, stripe, qclass;
};

static inline size_t
ask_make(uint8_t *p, const uint8_t *name, uint16_t type,
    const struct ask_options *o)
{
	size_t n = dname_len(name), at = 12;

	memset(p, 0, 12);
	p[0] = 0x12;
	p[1] = 0x34;
	p[2] = o->rd ? 1 : 0;
	p[5] = 1;
	memcpy(p + at, name, n);
	at += n;
	p[at++] = (uint8_t)(type >> 8);
	p[at++] = (uint8_t)type;
	p[at++] = (uint8_t)(o->qclass >> 8);
	p[at++] = (uint8_t)o->qclass;
	if (o->edns) {
		p[11] = 1;
		p[at++] = 0;
		p[at++] = 0;
		p[at++] = 41;
		p[at++] = (uint8_t)(o->size >> 8);
		p[at++] = (uint8_t)o->size;
		p[at++] = 0;
		p[at++] = 0;
		p[at++] = o->dnssec ? 0x80 : 0;
		p[at++] = 0;
		p[at++] = 0;
		p[at++] = 0;
	}
	return at;
}

static inline const char *
ask(struct asker *a, const char *question)
{
	struct ask_options o = { .edns = true, .size = 1232, .qclass = 1 };
	char text[2048], *save = NULL, *word;
	uint8_t name[256];
	size_t len;
	uint16_t type;

	assert_true(strlen(question) < sizeof(text));
	strcpy(text, question);
	word = strtok_r(text, " ", &save);
	assert_ok(dname_parse(word, strlen(word), name, &len));
	word = strtok_r(NULL, " ", &save);
	assert_non_null(word);
	assert_ok(rrtext_type_parse(word, &type));
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		if (strcmp(word, "do") == 0)
			o.dnssec = true;
		else if (strcmp(word, "tcp") == 0)
			o.tcp = true;
		else if (strcmp(word, "rd") == 0)
			o.rd = true;
		else if (strcmp(word, "noedns") == 0)
			o.edns = false;
		else if (strncmp(word, "size=", 5) == 0)
			o.size = (unsigned)atoi(word + 5);
		else if (strncmp(word, "stripe=", 7) == 0)
			o.stripe = (unsigned)atoi(word + 7);
		else if (strncmp(word, "class=", 6) == 0)
			o.qclass = (unsigned)atoi(word + 6);
		else
			fail_msg("unknown option %s", word);
	}
	a->request_len = ask_make(a->request, name, type, &o);
	ask_raw(a, o.tcp ? a->tls ? ANSWER_TLS : ANSWER_TCP : ANSWER_UDP, o.stripe);
	return ask_print(a);
}

#endif
