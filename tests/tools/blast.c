/*
 * blast.c - a bounded load of DNS queries over UDP, for the benchmarks.
 *
 *   blast ADDR PORT FILE COUNT [WINDOW [SEED]]
 *
 * FILE holds queries as "u16 length, message" (big-endian), written by
 * tests/bench/data.py.  COUNT queries are sent in all, picked from FILE at
 * random, with at most WINDOW unanswered; a lost one is given up after a
 * second.  Loopback only.  Prints one line of key=value: what was sent and
 * answered, rcodes, bytes, seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/tools/queries.h"

enum {
	BATCH = 32,
	ANSWER_MAX = 4096,
	COUNT_MAX = 50000000,
	WINDOW_MAX = 4096,
};

int
main(int argc, char **argv)
{
	static uint8_t in[BATCH][ANSWER_MAX];
	struct mmsghdr out_msg[BATCH], in_msg[BATCH];
	struct iovec out_iov[BATCH], in_iov[BATCH];
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint64_t rcode[16] = { 0 }, tc = 0, bytes = 0;
	long count, window = 128, sent = 0, got = 0, lost = 0;
	uint64_t seed = 88172645463325252u;
	int fd, size = 4 << 20;
	double start;

	if (argc < 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: blast ADDR PORT FILE COUNT "
		    "[WINDOW [SEED]]\n");
		return 2;
	}
	if ((ntohl(to.sin_addr.s_addr) >> 24) != 127) {
		fprintf(stderr, "blast: loopback addresses only\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	count = atol(argv[4]);
	if (argc > 5)
		window = atol(argv[5]);
	if (argc > 6)
		seed = strtoull(argv[6], NULL, 10) | 1;
	if (count < 1 || count > COUNT_MAX || window < 1 ||
	    window > WINDOW_MAX || !queries_load(argv[3])) {
		fprintf(stderr, "blast: bad count, window or file\n");
		return 2;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("blast");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	memset(in_msg, 0, sizeof(in_msg));
	memset(out_msg, 0, sizeof(out_msg));
	for (int i = 0; i < BATCH; i++) {
		in_iov[i] = (struct iovec){ in[i], ANSWER_MAX };
		in_msg[i].msg_hdr.msg_iov = &in_iov[i];
		in_msg[i].msg_hdr.msg_iovlen = 1;
		out_msg[i].msg_hdr.msg_iov = &out_iov[i];
		out_msg[i].msg_hdr.msg_iovlen = 1;
	}
	start = queries_seconds();
	while (got + lost < count) {
		long room = window - (sent - got - lost);
		int n = 0;

		while (n < BATCH && n < room && sent + n < count) {
			size_t q = queries_random(&seed) % queries_n;

			out_iov[n++] = (struct iovec){
			    queries_data + queries_at[q], queries_len[q] };
		}
		if (n > 0) {
			n = sendmmsg(fd, out_msg, (unsigned)n, 0);
			if (n > 0)
				sent += n;
			else if (errno != ECONNREFUSED && errno != EAGAIN)
				break;
		}
		n = recvmmsg(fd, in_msg, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0 && sent - got - lost >= window) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			if (poll(&p, 1, 1000) == 0)
				lost = sent - got;	/* given up */
			continue;
		}
		if (n <= 0 && sent == count) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			if (poll(&p, 1, 1000) == 0)
				lost = sent - got;
			continue;
		}
		for (int i = 0; i < n; i++) {
			got++;
			bytes += in_msg[i].msg_len;
			if (in_msg[i].msg_len >= 12) {
				rcode[in[i][3] & 15]++;
				tc += (in[i][2] & 2) != 0;
			}
		}
	}
	printf("sent=%ld answered=%ld lost=%ld noerror=%llu servfail=%llu "
	    "nxdomain=%llu refused=%llu tc=%llu bytes=%llu seconds=%.3f\n",
	    sent, got, lost, (unsigned long long)rcode[0],
	    (unsigned long long)rcode[2], (unsigned long long)rcode[3],
	    (unsigned long long)rcode[5], (unsigned long long)tc,
	    (unsigned long long)bytes, queries_seconds() - start);
	return 0;
}
