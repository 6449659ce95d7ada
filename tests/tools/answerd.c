/*
 * answerd.c - answer() behind a UDP and a TCP socket, for differential tests.
 *
 *	answerd ADDRESS PORT [-p PAGE_BYTES] [-f FANOUT] APEX FILE ...
 *
 * Zone files are read once. Prints "ready" when it answers. TCP takes one
 * connection after the other. Not a server: a test tool.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dns/nsec3hash.h"
#include "dnsd/answer.h"
#include "tests/lib/testcache.h"
#include "tests/lib/testheads.h"

static struct answer_job job;
static struct answer_ctx ctx;
static uint8_t in[65536], out[65536];

static size_t
reply(size_t len, enum answer_transport transport)
{
	struct answer_facts facts = {
		.request = in, .request_len = len, .out = out,
		.out_max = transport == ANSWER_UDP ? ctx.udp_max :
		    ANSWER_TCP_MAX,
		.transport = transport, .source_port = 1,
		.now_boot_ms = 1000,
	};
	size_t n;

	return answer(&job, &ctx, &facts, &n) == ANSWER_SEND ? n : 0;
}

static bool
read_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = read(fd, p, n);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static void
serve_tcp(int listener)
{
	int fd = accept(listener, NULL, NULL);
	uint8_t head[2];

	if (fd < 0)
		return;
	while (read_all(fd, head, 2)) {
		size_t n = (size_t)head[0] << 8 | head[1];

		if (!read_all(fd, in, n) || (n = reply(n, ANSWER_TCP)) == 0)
			break;
		head[0] = (uint8_t)(n >> 8);
		head[1] = (uint8_t)n;
		if (write(fd, head, 2) != 2 ||
		    write(fd, out, n) != (ssize_t)n)
			break;
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET };
	struct testcache cache;
	size_t page_bytes = 0;
	unsigned fanout = 0;
	struct pollfd p[2];
	int on = 1, i = 3;

	if (argc < 5) {
		fprintf(stderr, "usage: answerd ADDRESS PORT [-p BYTES] "
		    "[-f FANOUT] APEX FILE ...\n");
		return 2;
	}
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (argv[i][1] == 'p')
			page_bytes = strtoul(argv[i + 1], NULL, 10);
		else
			fanout = (unsigned)strtoul(argv[i + 1], NULL, 10);
	}
	testcache_init(&cache, (size_t)1 << 30);
	cache.finish_head = testheads_finish;
	for (; i + 1 < argc; i += 2) {
		FILE *f = fopen(argv[i + 1], "r");
		struct testcache_zone *z;

		if (f == NULL) {
			perror(argv[i + 1]);
			return 1;
		}
		z = testcache_add_file(&cache, argv[i], f);
		if (page_bytes > 0)
			z->page_bytes = page_bytes;
		if (fanout > 1)
			z->fanout = fanout;
		fclose(f);
	}
	testcache_publish(&cache);
	ctx = (struct answer_ctx){
		.arena = cache.arena, .arena_size = cache.used,
		.udp_max = 1232, .nsid_len = 4, .nsid = "test",
	};
	if (nsec3hash_new(&ctx.nsec3hash) != OK)
		return 1;

	inet_pton(AF_INET, argv[1], &me.sin_addr);
	me.sin_port = htons((uint16_t)atoi(argv[2]));
	p[0].fd = socket(AF_INET, SOCK_DGRAM, 0);
	p[1].fd = socket(AF_INET, SOCK_STREAM, 0);
	p[0].events = p[1].events = POLLIN;
	setsockopt(p[1].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(p[0].fd, (void *)&me, sizeof(me)) != 0 ||
	    bind(p[1].fd, (void *)&me, sizeof(me)) != 0 ||
	    listen(p[1].fd, 16) != 0) {
		perror("answerd");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (poll(p, 2, -1) > 0) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n;

		if (p[1].revents != 0)
			serve_tcp(p[1].fd);
		if (p[0].revents == 0)
			continue;
		n = recvfrom(p[0].fd, in, sizeof(in), 0, (void *)&from,
		    &from_len);
		if (n < 0)
			continue;
		n = (ssize_t)reply((size_t)n, ANSWER_UDP);
		if (n > 0)
			(void)!sendto(p[0].fd, out, (size_t)n, 0,
			    (void *)&from, from_len);
	}
	return 0;
}
