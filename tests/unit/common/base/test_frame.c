/*
 * test_frame.c - messages and descriptors over a socket pair.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/frame.h"

static int pair[2];
static struct frame_in in;
static struct frame_out out;

static int
setup(void **state)
{
	(void)state;
	frame_in_init(&in, 70000);
	frame_out_init(&out, 1000000);
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, pair);
}

static int
teardown(void **state)
{
	(void)state;
	frame_in_fini(&in);
	frame_out_fini(&out);
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return 0;
}

static void
send_raw(const char *bytes, size_t len)
{
	assert_int_equal(send(pair[1], bytes, len, 0), (ssize_t)len);
}

TEST_WITH(frame_many_arrive_in_order, setup, teardown)
{
	struct frame f;
	char text[32];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		assert_ok(frame_put(&out, (uint16_t)i, text, strlen(text), -1));
	}
	assert_ok(frame_flush(&out, pair[1]));
	assert_int_equal(frame_pending(&out), 0);
	for (i = 0; i < 1000; i++) {
		assert_ok(frame_wait(&in, pair[0], 1000, &f));
		snprintf(text, sizeof(text), "message %d", i);
		assert_int_equal(f.type, i);
		assert_int_equal(f.len, strlen(text));
		assert_memory_equal(f.payload, text, f.len);
		assert_int_equal(f.fd, -1);
	}
	assert_err(frame_next(&in, &f), ERR_AGAIN);
	assert_err(frame_fill(&in, pair[0]), ERR_AGAIN);
}

TEST_WITH(frame_empty_payload_is_a_frame, setup, teardown)
{
	struct frame f;

	assert_ok(frame_put(&out, 7, NULL, 0, -1));
	assert_ok(frame_flush(&out, pair[1]));
	assert_ok(frame_wait(&in, pair[0], 1000, &f));
	assert_int_equal(f.type, 7);
	assert_int_equal(f.len, 0);
}

TEST_WITH(frame_descriptors_stay_with_their_frames, setup, teardown)
{
	struct stat a, b;
	struct frame f;
	int p[3][2], i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(pipe2(p[i], O_CLOEXEC), 0);
		assert_ok(frame_put(&out, 1, "none", 4, -1));
		assert_ok(frame_put(&out, 2, "with", 4, dup(p[i][0])));
	}
	assert_ok(frame_put(&out, 3, "end", 3, -1));
	assert_ok(frame_flush(&out, pair[1]));
	for (i = 0; i < 3; i++) {
		assert_ok(frame_wait(&in, pair[0], 1000, &f));
		assert_int_equal(f.type, 1);
		assert_int_equal(f.fd, -1);
		assert_ok(frame_wait(&in, pair[0], 1000, &f));
		assert_int_equal(f.type, 2);
		assert_true(f.fd >= 0);
		fstat(f.fd, &a);
		fstat(p[i][0], &b);
		assert_true(a.st_ino == b.st_ino);
		assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
		close(f.fd);
		close(p[i][0]);
		close(p[i][1]);
	}
	assert_ok(frame_wait(&in, pair[0], 1000, &f));
	assert_int_equal(f.type, 3);
}

TEST_WITH(frame_a_full_socket_is_tried_again, setup, teardown)
{
	static uint8_t big[60000];
	struct frame f;
	size_t i, sent = 0, got = 0;
	enum err e;

	memset(big, 0xab, sizeof(big));
	for (i = 0; i < 16; i++)
		assert_ok(frame_put(&out, (uint16_t)i, big, sizeof(big), -1));
	assert_err(frame_put(&out, 1, big, sizeof(big), -1), ERR_FULL);
	do {
		e = frame_flush(&out, pair[1]);
		sent++;
		while (frame_wait(&in, pair[0], 0, &f) == OK ||
		    (frame_fill(&in, pair[0]) == OK &&
		    frame_next(&in, &f) == OK)) {
			assert_int_equal(f.type, got);
			assert_int_equal(f.len, sizeof(big));
			assert_memory_equal(f.payload, big, sizeof(big));
			got++;
		}
	} while (e == ERR_AGAIN && sent < 1000);
	assert_ok(e);
	assert_int_equal(got, 16);
	assert_true(sent > 1);
}

TEST_WITH(frame_byte_by_byte_is_the_same, setup, teardown)
{
	static const char raw[] = "\0\0\0\3\0\5\0\0abc";
	struct frame f;
	size_t i;

	for (i = 0; i < sizeof(raw) - 1; i++) {
		assert_err(frame_next(&in, &f), ERR_AGAIN);
		send_raw(raw + i, 1);
		assert_ok(frame_fill(&in, pair[0]));
	}
	assert_ok(frame_next(&in, &f));
	assert_int_equal(f.type, 5);
	assert_memory_equal(f.payload, "abc", 3);
}

TEST_WITH(frame_too_long_is_malformed_before_it_is_read, setup, teardown)
{
	struct frame f;

	send_raw("\0\1\x11\x71\0\1\0\0", 8);	/* 70001 */
	assert_ok(frame_fill(&in, pair[0]));
	assert_err(frame_next(&in, &f), ERR_MALFORMED);
}

TEST_WITH(frame_longest_is_taken, setup, teardown)
{
	static uint8_t big[70000];
	struct frame f;
	enum err e = ERR_AGAIN;

	assert_ok(frame_put(&out, 1, big, sizeof(big), -1));
	while (e == ERR_AGAIN) {
		e = frame_flush(&out, pair[1]);
		(void)!frame_fill(&in, pair[0]);
	}
	assert_ok(e);
	assert_ok(frame_wait(&in, pair[0], 1000, &f));
	assert_int_equal(f.len, sizeof(big));
}

TEST_WITH(frame_a_promised_descriptor_must_come, setup, teardown)
{
	struct frame f;

	send_raw("\0\0\0\0\0\1\1\0", 8);
	assert_ok(frame_fill(&in, pair[0]));
	assert_err(frame_next(&in, &f), ERR_MALFORMED);
}

TEST_WITH(frame_two_descriptors_or_flags_are_malformed, setup, teardown)
{
	struct frame f;

	send_raw("\0\0\0\0\0\1\2\0", 8);
	assert_ok(frame_fill(&in, pair[0]));
	assert_err(frame_next(&in, &f), ERR_MALFORMED);
}

TEST_WITH(frame_end_of_stream_is_closed, setup, teardown)
{
	struct frame f;

	assert_ok(frame_put(&out, 1, "x", 1, -1));
	assert_ok(frame_flush(&out, pair[1]));
	close(pair[1]);
	pair[1] = -1;
	assert_ok(frame_wait(&in, pair[0], 1000, &f));
	assert_err(frame_wait(&in, pair[0], 1000, &f), ERR_CLOSED);
}

TEST_WITH(frame_sending_to_nobody_is_closed_and_no_signal, setup, teardown)
{
	close(pair[0]);
	pair[0] = dup(1);
	assert_ok(frame_put(&out, 1, "x", 1, -1));
	assert_err(frame_flush(&out, pair[1]), ERR_CLOSED);
}

TEST_WITH(frame_wait_ends_at_its_deadline, setup, teardown)
{
	struct frame f;

	assert_err(frame_wait(&in, pair[0], 10, &f), ERR_TIMEOUT);
}
