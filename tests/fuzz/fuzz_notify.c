/* NOTIFY messages, and answers to SOA questions. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/rr.h"
#include "xferd/notify_message.h"
#include "xferd/probe_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify_message n;
	struct probe_answer a;
	struct rr_soa soa;
	uint8_t reply[1024];
	size_t len;

	notify_message_parse(data, size, &n);
	if (n.verdict != NOTIFY_DROP) {
		struct dnsmsg m;
		struct dnsmsg_rr rr = { .section = DNSMSG_ANSWER };

		if ((n.flags & DNSMSG_QR) != 0)
			abort();
		if (notify_message_reply(&n, n.rcode, reply, sizeof(reply), &len) !=
		    OK || dnsmsg_open(&m, reply, len) != OK)
			abort();
		while (rr.section != DNSMSG_END)
			if (dnsmsg_next(&m, &rr) != OK)
				abort();
		if (m.off != len || (m.h.flags & DNSMSG_QR) == 0)
			abort();
	}
	probe_answer_judge(data, size, (const uint8_t *)"\7example", 9, true, &a);
	if (a.reason == HANDOFF_OK && (rr_soa_parse(a.soa, a.soa_len, &soa)
	    != OK || soa.serial != a.serial))
		abort();
	return 0;
}
