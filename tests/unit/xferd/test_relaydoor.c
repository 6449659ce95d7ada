/*
 * test_relaydoor.c - frames of dnsd at the door: taken exactly, answered to
 * whom they belong. The test's end of a connection is dnsd.
 */
#include "tests/lib/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/wr.h"
#include "xferd/relaydoor.h"

enum { HEADER = 4 + 8 + 2 * 19 + 2, MANY = RELAYDOOR_PENDING_MAX };

static uv_loop_t loop;
static struct relaydoor *door;		/* one for all tests */
static char path[64];
static int fd;				/* dnsd's end */

/* What came in. */
static unsigned n_came;
static uint64_t relays[MANY + 1];
static struct sock_addr source;
static uint8_t datagram[4096];
static size_t datagram_len;

static void
came(void *arg, uint64_t relay, const struct sock_addr *from,
    const uint8_t *bytes, size_t len)
{
	assert_ptr_equal(arg, &loop);
	assert_true(relay != 0);
	assert_true(len <= sizeof(datagram));
	relays[n_came++] = relay;
	source = *from;
	memcpy(datagram, bytes, len);
	datagram_len = len;
}

/* Whatever is ready now; loopback sockets do not wait. */
static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static int
setup(void **state UNUSED)
{
	if (door == NULL) {
		snprintf(path, sizeof(path), "/tmp/us-door.%d", getpid());
		uv_loop_init(&loop);
		if (relaydoor_new(&loop, path, came, &loop, &door) != OK)
			return -1;
	}
	n_came = 0;
	if (sock_unix(SOCK_SEQPACKET, path, false, &fd) != OK)
		return -1;
	turn();
	return 0;
}

static int
teardown(void **state UNUSED)
{
	close(fd);
	turn();
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

struct frame {
	uint8_t bytes[HEADER + 5000];
	size_t len;
};

static void
frame(struct frame *f, uint64_t cookie, uint8_t family, size_t len)
{
	static const uint8_t listener[16] = { 192, 0, 2, 53 };
	static const uint8_t from[16] = { 0x20, 1, 0xd, 0xb8, [15] = 7 };
	struct wr w = wr_make(f->bytes, sizeof(f->bytes));

	wr_u8(&w, 1);
	wr_u8(&w, 1);
	wr_u16(&w, 0);
	wr_u64(&w, cookie);
	wr_u8(&w, 4);
	wr_bytes(&w, listener, 16);
	wr_u16(&w, 53);
	wr_u8(&w, family);
	wr_bytes(&w, from, 16);
	wr_u16(&w, 4242);
	wr_u16(&w, (uint16_t)len);
	for (size_t i = 0; i < len; i++)
		wr_u8(&w, (uint8_t)i);
	assert_false(wr_failed(&w));
	f->len = wr_len(&w);
}

static void
say(const struct frame *f)
{
	assert_int_equal(send(fd, f->bytes, f->len, MSG_NOSIGNAL), f->len);
	turn();
}

static size_t
hear(uint8_t out[HEADER + 4096])
{
	ssize_t n = recv(fd, out, HEADER + 4096, MSG_DONTWAIT);

	return n < 0 ? SIZE_MAX : (size_t)n;
}

static bool
hung_up(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

CASE(a_datagram_comes_with_its_source)
{
	struct frame f;

	frame(&f, 1, 6, 40);
	say(&f);
	assert_int_equal(n_came, 1);
	assert_int_equal(source.family, 6);
	assert_int_equal(source.port, 4242);
	assert_int_equal(source.ip[15], 7);
	assert_int_equal(datagram_len, 40);
	assert_int_equal(datagram[39], 39);
	frame(&f, 1, 4, 1);
	say(&f);
	assert_int_equal(n_came, 2);
	assert_int_equal(source.family, 4);
	assert_int_equal(source.ip[15], 0);	/* only four octets count */
	relaydoor_forget(door);
}

CASE(a_reply_carries_the_header_of_its_request)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	frame(&f, UINT64_C(0x0123456789abcdef), 4, 20);
	say(&f);
	relaydoor_reply(door, relays[0], (const uint8_t *)"answer", 6);
	assert_int_equal(hear(got), HEADER + 6);
	f.bytes[1] = 2;
	assert_memory_equal(got, f.bytes, HEADER - 2);
	assert_memory_equal(got + HEADER - 2, "\0\6answer", 8);
}

CASE(a_datagram_is_answered_once)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	frame(&f, 5, 4, 20);
	say(&f);
	relaydoor_reply(door, relays[0] + 1, NULL, 0);	/* not asked yet */
	relaydoor_reply(door, 0, NULL, 0);
	relaydoor_reply(NULL, relays[0], NULL, 0);
	assert_true(hear(got) == SIZE_MAX);
	relaydoor_reply(door, relays[0], NULL, 0);
	assert_int_equal(hear(got), HEADER);	/* nothing is to be sent */
	relaydoor_reply(door, relays[0], (const uint8_t *)"again", 5);
	assert_true(hear(got) == SIZE_MAX);
}

CASE(answers_come_in_any_order)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	for (uint64_t cookie = 10; cookie < 13; cookie++) {
		frame(&f, cookie, 4, 20);
		say(&f);
	}
	for (int i = 2; i >= 0; i--) {
		relaydoor_reply(door, relays[i], NULL, 0);
		assert_int_equal(hear(got), HEADER);
		assert_int_equal(got[11], 10 + i);
	}
}

CASE(the_oldest_is_forgotten_when_there_are_too_many)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	for (unsigned i = 0; i <= MANY; i++) {
		frame(&f, i, 4, 20);
		say(&f);
	}
	assert_int_equal(n_came, MANY + 1);
	relaydoor_reply(door, relays[0], NULL, 0);
	assert_true(hear(got) == SIZE_MAX);
	relaydoor_reply(door, relays[1], NULL, 0);
	assert_int_equal(hear(got), HEADER);
	assert_int_equal(got[11], 1);
}

CASE(who_comes_next_does_not_hear_replies_to_who_left)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	frame(&f, 1, 4, 20);
	say(&f);
	close(fd);
	turn();
	assert_ok(sock_unix(SOCK_SEQPACKET, path, false, &fd));
	turn();
	relaydoor_reply(door, relays[0], (const uint8_t *)"secret", 6);
	assert_true(hear(got) == SIZE_MAX);
}

CASE(what_is_pending_can_be_let_go)
{
	uint8_t got[HEADER + 4096];
	struct frame f;

	frame(&f, 9, 4, 20);
	say(&f);
	relaydoor_forget(door);
	assert_int_equal(hear(got), HEADER);
	relaydoor_forget(door);
	assert_true(hear(got) == SIZE_MAX);
}

/* Every wrong frame ends the connection: dnsd and we are of one version. */
static void
refused(const struct frame *f)
{
	say(f);
	assert_true(hung_up());
	assert_int_equal(n_came, 0);
	close(fd);
	assert_ok(sock_unix(SOCK_SEQPACKET, path, false, &fd));
	turn();
	assert_false(hung_up());
}

CASE(every_truncated_frame_is_refused)
{
	struct frame f;

	frame(&f, 1, 4, 3);
	for (size_t len = f.len - 1; len > 0; len--) {
		f.len = len;
		refused(&f);
	}
}

CASE(frames_of_another_language_are_refused)
{
	struct frame f;

	frame(&f, 1, 4, 20);
	f.len++;			/* one octet behind the end */
	refused(&f);
	for (int i = 0; i < 4; i++) {	/* version, kind, reserved */
		frame(&f, 1, 4, 20);
		f.bytes[i] ^= 3;
		refused(&f);
	}
	frame(&f, 1, 5, 20);		/* no such family */
	refused(&f);
	frame(&f, 1, 4, 20);
	f.bytes[12] = 0;
	refused(&f);
	frame(&f, 1, 4, 0);		/* an empty datagram */
	refused(&f);
	frame(&f, 1, 4, 4097);
	refused(&f);
}

CASE(the_longest_datagram_comes_whole)
{
	struct frame f;

	frame(&f, 1, 4, 4096);
	say(&f);
	assert_int_equal(n_came, 1);
	assert_int_equal(datagram_len, 4096);
	relaydoor_forget(door);
}

CASE(more_connections_than_the_bound_are_closed)
{
	int more[RELAYDOOR_CONNS_MAX];
	int keep = fd;

	for (unsigned i = 0; i < COUNT_OF(more); i++) {
		assert_ok(sock_unix(SOCK_SEQPACKET, path, false, &more[i]));
		turn();
	}
	fd = more[COUNT_OF(more) - 1];
	assert_true(hung_up());
	fd = more[COUNT_OF(more) - 2];
	assert_false(hung_up());
	fd = keep;
	assert_false(hung_up());
	for (unsigned i = 0; i < COUNT_OF(more); i++)
		close(more[i]);
	turn();
}

TEST(no_path_is_no_door)
{
	struct relaydoor *none;

	assert_ok(relaydoor_new(&loop, "", came, NULL, &none));
	assert_null(none);
	relaydoor_forget(NULL);
	relaydoor_close(NULL);
}

/* The last one: it takes the door away. */
CASE(the_socket_goes_with_the_door)
{
	assert_int_equal(access(path, F_OK), 0);
	relaydoor_close(door);
	assert_int_not_equal(access(path, F_OK), 0);
	door = NULL;
}
