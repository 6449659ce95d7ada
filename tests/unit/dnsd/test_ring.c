/*
 * The receive ring: what a successor finds.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dnsd/ring.h"
#include "tests/lib/test.h"

struct pair {
	int memory, server, client;
	struct ring *ring;
};

static void
pair_open(struct pair *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	struct timeval t = { .tv_sec = 5 };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->memory = memfd_create("ring", MFD_CLOEXEC);
	p->server = socket(AF_INET, SOCK_DGRAM, 0);
	p->client = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(p->server, (void *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(p->server, (void *)&a, &len), 0);
	assert_int_equal(connect(p->client, (void *)&a, sizeof(a)), 0);
	setsockopt(p->client, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	assert_ok(ring_map(p->memory, &p->ring));
}

static void
pair_close(struct pair *p)
{
	ring_unmap(p->ring);
	close(p->memory);
	close(p->server);
	close(p->client);
}

static void
say(struct pair *p, const char *text)
{
	assert_int_equal(send(p->client, text, strlen(text), 0),
	    strlen(text));
}

/* The predecessor is dead, a successor maps the ring anew. */
static unsigned
succeed(struct pair *p, bool crashed, uint8_t *slots, unsigned *quarantined)
{
	ring_unmap(p->ring);
	assert_ok(ring_map(p->memory, &p->ring));
	return ring_recover(p->ring, crashed, slots, quarantined);
}

static void
answer_slot(struct pair *p, unsigned slot)
{
	unsigned failed;

	ring_queue(p->ring, slot, p->ring->bytes[slot],
	    ring_len(p->ring, slot));
	assert_int_equal(ring_send(p->ring, p->server, &failed), 1);
	assert_int_equal(failed, 0);
}

static void
expect(struct pair *p, const char *text)
{
	char got[100];
	ssize_t n = recv(p->client, got, sizeof(got), 0);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

TEST(ring_successor_answers_what_was_received_and_not_sent)
{
	struct pair p;
	uint8_t slots[RING_BATCH];
	unsigned quarantined;

	pair_open(&p);
	say(&p, "one");
	say(&p, "two");
	say(&p, "three");
	assert_int_equal(ring_receive(p.ring, p.server, 0, MSG_WAITFORONE), 3);
	for (unsigned i = 0; i < 3; i++)
		ring_mark(p.ring, i);
	answer_slot(&p, 1);
	expect(&p, "two");
	assert_int_equal(succeed(&p, true, slots, &quarantined), 2);
	assert_int_equal(quarantined, 0);
	assert_int_equal(slots[0], 0);
	assert_int_equal(slots[1], 2);
	for (unsigned i = 0; i < 2; i++) {
		ring_mark(p.ring, slots[i]);
		answer_slot(&p, slots[i]);
	}
	expect(&p, "one");
	expect(&p, "three");
	assert_int_equal(succeed(&p, true, slots, &quarantined), 0);
	pair_close(&p);
}

TEST(ring_successor_trusts_the_kernels_record_of_what_was_sent)
{
	struct pair p;
	uint8_t slots[RING_BATCH];
	unsigned quarantined;

	pair_open(&p);
	say(&p, "one");
	say(&p, "two");
	assert_int_equal(ring_receive(p.ring, p.server, 0, MSG_WAITFORONE), 2);
	ring_queue(p.ring, 0, p.ring->bytes[0], 3);
	ring_queue(p.ring, 1, p.ring->bytes[1], 3);
	/* As if killed in the tail of sendmmsg(): one went, none is marked. */
	p.ring->out[0].msg_len = 3;
	assert_int_equal(succeed(&p, true, slots, &quarantined), 1);
	assert_int_equal(slots[0], 1);
	pair_close(&p);
}

TEST(ring_quarantines_what_crashed_two_workers)
{
	struct pair p;
	uint8_t slots[RING_BATCH];
	unsigned quarantined;

	pair_open(&p);
	say(&p, "good");
	say(&p, "poison");
	assert_int_equal(ring_receive(p.ring, p.server, 0, MSG_WAITFORONE), 2);
	ring_mark(p.ring, 0);
	ring_mark(p.ring, 1);			/* the first one dies here */
	assert_int_equal(succeed(&p, true, slots, &quarantined), 2);
	ring_mark(p.ring, 0);
	answer_slot(&p, 0);
	ring_mark(p.ring, 1);			/* and so does the second */
	assert_int_equal(succeed(&p, true, slots, &quarantined), 0);
	assert_int_equal(quarantined, 1);
	assert_int_equal(p.ring->n_quarantined, 1);
	assert_memory_equal(p.ring->quarantine[0].bytes, "poison", 6);
	/* It does not come again. */
	assert_int_equal(succeed(&p, true, slots, &quarantined), 0);
	assert_int_equal(quarantined, 0);
	pair_close(&p);
}

TEST(ring_kills_from_outside_prove_nothing_against_a_packet)
{
	struct pair p;
	uint8_t slots[RING_BATCH];
	unsigned quarantined;

	pair_open(&p);
	say(&p, "innocent");
	assert_int_equal(ring_receive(p.ring, p.server, 0, MSG_WAITFORONE), 1);
	for (int i = 0; i < 10; i++) {
		ring_mark(p.ring, 0);
		assert_int_equal(succeed(&p, false, slots, &quarantined), 1);
		assert_int_equal(quarantined, 0);
	}
	answer_slot(&p, 0);
	expect(&p, "innocent");
	pair_close(&p);
}

TEST(ring_loses_nothing_when_echoing_workers_are_killed)
{
	enum { TOTAL = 3000 };
	uint8_t seen[TOTAL] = { 0 };
	unsigned lost = 0, rounds = 0;
	struct pair p;
	int sent = 0, got = 0;
	struct timeval t = { .tv_usec = 300000 };

	pair_open(&p);
	setsockopt(p.client, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	ring_unmap(p.ring);
	while (sent < TOTAL) {
		uint32_t number;
		pid_t pid = fork();

		assert_true(rounds++ < 1000);
		if (pid == 0) {
			uint8_t slots[RING_BATCH];
			unsigned q, n, failed;

			if (ring_map(p.memory, &p.ring) != OK)
				_exit(1);
			n = ring_recover(p.ring, false, slots, &q);
			for (;;) {
				for (unsigned i = 0; i < n; i++)
					ring_queue(p.ring, slots[i],
					    p.ring->bytes[slots[i]], 4);
				ring_send(p.ring, p.server, &failed);
				n = ring_receive(p.ring, p.server, 0,
				    MSG_WAITFORONE);
				for (unsigned i = 0; i < n; i++)
					slots[i] = (uint8_t)i;
			}
		}
		/* So many that the socket's queue never runs over, also when
		 * the worker was too slow to take any. */
		for (int i = 0; i < 50 && sent < TOTAL && sent - got < 100;
		    i++, sent++)
			assert_int_equal(send(p.client, &sent, 4, 0), 4);
		for (int i = 0; i < 30 && recv(p.client, &number, 4, 0) == 4;
		    i++) {
			got += !seen[number];
			seen[number] = 1;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (recv(p.client, &number, 4, MSG_DONTWAIT) == 4) {
			got += !seen[number];
			seen[number] = 1;
		}
	}
	/* One more, which lives until all is answered. */
	if (fork() == 0) {
		uint8_t slots[RING_BATCH];
		unsigned q, n, failed;

		alarm(2);
		if (ring_map(p.memory, &p.ring) != OK)
			_exit(1);
		n = ring_recover(p.ring, false, slots, &q);
		for (;;) {
			for (unsigned i = 0; i < n; i++)
				ring_queue(p.ring, slots[i],
				    p.ring->bytes[slots[i]], 4);
			ring_send(p.ring, p.server, &failed);
			n = ring_receive(p.ring, p.server, 0, MSG_WAITFORONE);
			for (unsigned i = 0; i < n; i++)
				slots[i] = (uint8_t)i;
		}
	}
	for (uint32_t number; recv(p.client, &number, 4, 0) == 4;)
		seen[number] = 1;
	for (int i = 0; i < TOTAL; i++)
		lost += seen[i] == 0;
	assert_int_equal(lost, 0);
	wait(NULL);
	assert_ok(ring_map(p.memory, &p.ring));
	pair_close(&p);
}
