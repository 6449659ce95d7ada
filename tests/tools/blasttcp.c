/*
 * blasttcp.c - a bounded load of pipelined DNS queries over TCP.
 *
 *   blasttcp ADDR PORT FILE COUNT [WINDOW [SEED [CONNECTIONS]]]
 *
 * Like blast, over CONNECTIONS (8) connections that share WINDOW (128). A
 * connection writes again when half of what it had asked is answered, all in
 * one write.  One that the server closes is opened anew, and what was
 * unanswered on it counts as lost.  Prints blast's line, and "reopened".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/tools/queries.h"

enum {
	CONNECTIONS_MAX = 256,
	WINDOW_MAX = 4096,
	IN_MAX = 1 << 17,
	OUT_MAX = 1 << 17,
	COUNT_MAX = 50000000,
	REOPENED_MAX = 100000,
	SILENCE_MS = 2000,
};

struct connection {
	int fd;
	long unanswered;
	size_t in_len, out_len, out_at;
	uint8_t in[IN_MAX], out[OUT_MAX];
};

static struct connection conns[CONNECTIONS_MAX];
static struct sockaddr_in to = { .sin_family = AF_INET };
static uint64_t seed = 88172645463325252u;
static uint64_t rcode[16], bytes;
static long count, sent, got, lost, reopened;

static int
dial(struct connection *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return -1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->in_len = c->out_len = c->out_at = 0;
	c->unanswered = 0;
	return fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static int
redial(struct connection *c)
{
	lost += c->unanswered;
	close(c->fd);
	return ++reopened > REOPENED_MAX ? -1 : dial(c);
}

/* As many as the connection may have; one write. */
static int
ask(struct connection *c, long share)
{
	ssize_t n;

	if (c->out_at == c->out_len && c->unanswered <= share / 2) {
		c->out_at = c->out_len = 0;
		while (c->unanswered < share && sent < count) {
			size_t q = queries_random(&seed) % queries_n;
			size_t len = queries_len[q];

			if (c->out_len + 2 + len > OUT_MAX)
				break;
			/* The length stands before the query in the file. */
			memcpy(c->out + c->out_len,
			    queries_data + queries_at[q] - 2, 2 + len);
			c->out_len += 2 + len;
			c->unanswered++;
			sent++;
		}
	}
	if (c->out_at == c->out_len)
		return 0;
	n = write(c->fd, c->out + c->out_at, c->out_len - c->out_at);
	if (n > 0)
		c->out_at += (size_t)n;
	else if (n < 0 && errno != EAGAIN)
		return redial(c);
	return 0;
}

static int
hear(struct connection *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, IN_MAX - c->in_len);
	size_t at = 0;
	int one = 1;

	/* A server under Nagle would wait 40 ms for the acknowledgement. */
	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return redial(c);
	if (n < 0)
		return 0;
	c->in_len += (size_t)n;
	while (c->in_len - at >= 2) {
		size_t len = (size_t)c->in[at] << 8 | c->in[at + 1];

		if (c->in_len - at < 2 + len)
			break;
		if (len >= 4)
			rcode[c->in[at + 5] & 15]++;
		bytes += len;
		got++;
		c->unanswered--;
		at += 2 + len;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
	return 0;
}

int
main(int argc, char **argv)
{
	struct pollfd p[CONNECTIONS_MAX];
	long window = 128, n = 8;
	double start;

	if (argc < 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
	    (ntohl(to.sin_addr.s_addr) >> 24) != 127) {
		fprintf(stderr, "usage: blasttcp 127.ADDR PORT FILE COUNT "
		    "[WINDOW [SEED [CONNECTIONS]]]\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	count = atol(argv[4]);
	if (argc > 5)
		window = atol(argv[5]);
	if (argc > 6)
		seed = strtoull(argv[6], NULL, 10) | 1;
	if (argc > 7)
		n = atol(argv[7]);
	if (count < 1 || count > COUNT_MAX || window < 1 ||
	    window > WINDOW_MAX || n < 1 || n > CONNECTIONS_MAX ||
	    !queries_load(argv[3])) {
		fprintf(stderr, "blasttcp: bad count, window or file\n");
		return 2;
	}
	for (long i = 0; i < n; i++)
		if (dial(&conns[i]) != 0) {
			perror("blasttcp");
			return 1;
		}
	start = queries_seconds();
	while (got + lost < count) {
		for (long i = 0; i < n; i++) {
			if (ask(&conns[i], window < n ? 1 : window / n) != 0)
				return 1;
			p[i] = (struct pollfd){ conns[i].fd, (short)(POLLIN |
			    (conns[i].out_at < conns[i].out_len ? POLLOUT : 0)),
			    0 };
		}
		if (poll(p, (nfds_t)n, SILENCE_MS) == 0)
			break;				/* given up */
		for (long i = 0; i < n; i++)
			if (p[i].revents & (POLLIN | POLLERR | POLLHUP) &&
			    hear(&conns[i]) != 0)
				return 1;
	}
	printf("sent=%ld answered=%ld lost=%ld noerror=%llu servfail=%llu "
	    "nxdomain=%llu refused=%llu tc=0 bytes=%llu reopened=%ld "
	    "seconds=%.3f\n", sent, got, sent - got,
	    (unsigned long long)rcode[0], (unsigned long long)rcode[2],
	    (unsigned long long)rcode[3], (unsigned long long)rcode[5],
	    (unsigned long long)bytes, reopened, queries_seconds() - start);
	return 0;
}
