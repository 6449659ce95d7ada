/*
 * One socket of the prober, over socket pairs.
 */
#include "tests/lib/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xferd/probe_line.h"

static struct probe_line line;
static int peer = -1;

static void
begin(int type, enum handoff_transport transport, bool connecting)
{
	struct handoff_probe_addr conf = { .addr_id = 7,
	    .transport = transport, .connecting = connecting };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, pair), 0);
	peer = pair[0];
	memset(&line, 0, sizeof(line));
	assert_ok(probe_line_open(&line, &conf, pair[1]));
}

static int
setup(void **state UNUSED)
{
	memset(&line, 0, sizeof(line));
	line.fd = peer = -1;
	return 0;
}

static int
teardown(void **state UNUSED)
{
	probe_line_close(&line);
	if (peer >= 0)
		close(peer);
	return 0;
}

#define LINE_TEST(name)	TEST_WITH(name, setup, teardown)

static void
say(const char *bytes, size_t len)
{
	assert_int_equal(send(peer, bytes, len, 0), len);
}

LINE_TEST(messages_of_a_stream_come_whole_however_they_are_cut)
{
	static const char STREAM[] = "\0\3abc\0\0\0\2de";
	static const char *const WANT[] = { "abc", "", "de" };
	const uint8_t *msg;
	enum handoff_reason why;
	unsigned n = 0;
	size_t len;

	begin(SOCK_STREAM, HANDOFF_TCP, false);
	assert_err(probe_line_fill(&line, &why), ERR_AGAIN);
	for (size_t i = 0; i < sizeof(STREAM) - 1; i++) {
		say(STREAM + i, 1);
		assert_ok(probe_line_fill(&line, &why));
		while ((msg = probe_line_message(&line, &len)) != NULL) {
			assert_int_equal(len, strlen(WANT[n]));
			assert_memory_equal(msg, WANT[n], len);
			probe_line_drop(&line, len);
			n++;
		}
	}
	assert_int_equal(n, 3);
	say(STREAM, sizeof(STREAM) - 1);	/* all at once */
	assert_ok(probe_line_fill(&line, &why));
	for (n = 0; (msg = probe_line_message(&line, &len)) != NULL; n++)
		probe_line_drop(&line, len);
	assert_int_equal(n, 3);
	assert_int_equal(line.in_len, 0);
}

LINE_TEST(the_longest_message_fits)
{
	uint8_t *whole = calloc(1, 2 + 65535);
	const uint8_t *msg = NULL;
	enum handoff_reason why;
	size_t len, sent = 0;

	begin(SOCK_STREAM, HANDOFF_TCP, false);
	whole[0] = whole[1] = 0xff;
	whole[65536] = 42;
	while (msg == NULL && sent < 2 + 65535) {
		size_t part = sent + 20000 < 2 + 65535 ? 20000 :
		    2 + 65535 - sent;

		assert_int_equal(send(peer, whole + sent, part, 0), part);
		sent += part;
		assert_null(probe_line_message(&line, &len));
		assert_ok(probe_line_fill(&line, &why));
		msg = probe_line_message(&line, &len);
	}
	free(whole);
	assert_non_null(msg);
	assert_int_equal(len, 65535);
	assert_int_equal(msg[65534], 42);
}

LINE_TEST(requests_wait_for_the_stream_with_their_length)
{
	char got[16];

	begin(SOCK_STREAM, HANDOFF_TCP, false);
	assert_int_equal(probe_line_events(&line), POLLIN);
	assert_true(probe_line_send(&line, (const uint8_t *)"abc", 3));
	assert_true(probe_line_send(&line, (const uint8_t *)"d", 1));
	assert_int_equal(probe_line_events(&line), POLLIN | POLLOUT);
	assert_int_equal(probe_line_flush(&line), HANDOFF_OK);
	assert_int_equal(probe_line_events(&line), POLLIN);
	assert_int_equal(recv(peer, got, sizeof(got), 0), 8);
	assert_memory_equal(got, "\0\3abc\0\1d", 8);
}

LINE_TEST(a_stream_that_is_full_takes_no_more)
{
	uint8_t msg[400] = { 0 };
	unsigned n = 0;

	begin(SOCK_STREAM, HANDOFF_TCP, false);
	while (probe_line_send(&line, msg, sizeof(msg)))
		assert_true(++n < 10000);
	assert_true(n >= PROBE_FLIGHT_MAX);
	assert_true(line.out_len <= line.out_max);
}

LINE_TEST(an_end_is_told_with_its_reason)
{
	enum handoff_reason why = HANDOFF_OK;

	begin(SOCK_STREAM, HANDOFF_TCP, false);
	close(peer);
	peer = -1;
	assert_err(probe_line_fill(&line, &why), ERR_CLOSED);
	assert_int_equal(why, HANDOFF_CLOSED_EARLY);
	assert_true(probe_line_send(&line, (const uint8_t *)"abc", 3));
	assert_int_equal(probe_line_flush(&line), HANDOFF_CLOSED_EARLY);
	probe_line_shut(&line);
	assert_int_equal(line.fd, -1);
}

LINE_TEST(datagrams_go_and_come_one_by_one)
{
	enum handoff_reason why;
	uint8_t msg[8];
	size_t len;

	begin(SOCK_DGRAM, HANDOFF_UDP, false);
	assert_err(probe_line_datagram(&line, msg, sizeof(msg), &len, &why),
	    ERR_AGAIN);
	say("abc", 3);
	say("d", 1);
	assert_ok(probe_line_datagram(&line, msg, sizeof(msg), &len, &why));
	assert_int_equal(len, 3);
	assert_memory_equal(msg, "abc", 3);
	assert_ok(probe_line_datagram(&line, msg, sizeof(msg), &len, &why));
	assert_int_equal(len, 1);
	assert_true(probe_line_send(&line, (const uint8_t *)"ef", 2));
	assert_int_equal(recv(peer, msg, sizeof(msg), 0), 2);
	close(peer);
	peer = -1;
	assert_false(probe_line_send(&line, (const uint8_t *)"ef", 2));
}

LINE_TEST(a_socket_that_connects_waits_to_be_writable)
{
	begin(SOCK_STREAM, HANDOFF_TCP, true);
	assert_int_equal(probe_line_events(&line), POLLOUT);
	assert_int_equal(probe_line_connect(&line), HANDOFF_OK);
	assert_true(line.connected);
	assert_int_equal(probe_line_events(&line), POLLIN);
}
