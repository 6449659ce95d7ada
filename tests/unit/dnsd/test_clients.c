/* Who is connected, how many of one network, until when. */
#include "dnsd/clients.h"
#include "tests/lib/test.h"

static struct clients t;

static int
setup(void **state)
{
	(void)state;
	return clients_init(&t, 100, 5, 10000, 2000) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	clients_fini(&t);
	return 0;
}

static struct sock_addr
address(const char *text)
{
	struct sock_addr a;

	assert_ok(sock_ip_parse(text, &a));
	return a;
}

TEST_WITH(q197_networks_are_counted_alone, setup, teardown)
{
	struct sock_addr one = address("192.0.2.1");
	struct sock_addr other = address("192.0.2.2");
	struct sock_addr six = address("2001:db8:0:aa00::1");
	struct sock_addr same_56 = address("2001:db8:0:aaff:9::2");
	struct sock_addr next_56 = address("2001:db8:0:ab00::1");
	struct client *c[5];

	for (int i = 0; i < 5; i++) {
		assert_false(clients_net_full(&t, &one));
		c[i] = clients_add(&t, 10 + i, &one, 0);
	}
	assert_true(clients_net_full(&t, &one));
	assert_false(clients_net_full(&t, &other));
	for (int i = 0; i < 5; i++)
		clients_add(&t, 20 + i, &six, 0);
	assert_true(clients_net_full(&t, &same_56));
	assert_false(clients_net_full(&t, &next_56));
	clients_rename(&t, c[2], &other);	/* was a proxy's */
	assert_false(clients_net_full(&t, &one));
	clients_drop(&t, c[0]);
	clients_drop(&t, c[4]);
	clients_drop(&t, c[2]);
	assert_int_equal(t.n_open, 7);
	for (int i = 0; i < 3; i++)
		clients_add(&t, 30 + i, &one, 0);
	assert_true(clients_net_full(&t, &one));
}

TEST_WITH(a_slot_is_used_again_under_another_number, setup, teardown)
{
	struct sock_addr a = address("192.0.2.1");
	struct client *c = clients_add(&t, 3, &a, 0);
	uint32_t turn = c->turn;

	clients_drop(&t, c);
	assert_ptr_equal(clients_next(&t), c);
	assert_ptr_equal(clients_add(&t, 4, &a, 0), c);
	assert_int_equal(c->turn, turn + 1);
	while (!clients_full(&t))
		clients_add(&t, 5, &a, 0);
	assert_int_equal(t.n_open, 100);
	expect_assert_failure(clients_next(&t));
}

TEST_WITH(q197_who_is_idle_the_longest_makes_room, setup, teardown)
{
	struct sock_addr a = address("192.0.2.1");
	struct client *c[4];

	assert_null(clients_idlest(&t));
	for (int i = 0; i < 4; i++)
		c[i] = clients_add(&t, 3 + i, &a, 100 - i);
	assert_ptr_equal(clients_idlest(&t), c[3]);
	t.look = 0;
	c[3]->conn.in_len = 5;			/* in the middle of a message */
	clients_deadlines(&t, c[3], true, 200);
	assert_ptr_equal(clients_idlest(&t), c[2]);
	t.look = 0;
	clients_enlist(&t, c[2]);		/* something is done for it */
	clients_enlist(&t, c[2]);
	assert_int_equal(t.n_list, 1);
	assert_ptr_equal(clients_idlest(&t), c[1]);
	t.look = 0;
	c[1]->open_due = 1;			/* shaking hands */
	assert_ptr_equal(clients_idlest(&t), c[0]);
}

TEST_WITH(q197_no_deadline_is_moved_by_a_trickle, setup, teardown)
{
	struct sock_addr a = address("192.0.2.1");
	struct client *c = clients_add(&t, 3, &a, 0);

	/* It says nothing at first. */
	assert_false(clients_late(c, 1999));
	assert_true(clients_late(c, 2000));
	/* Part of a message, a byte now and then. */
	for (int64_t now = 100; now < 2000; now += 100) {
		c->conn.in_len++;
		clients_deadlines(&t, c, true, now);
		assert_false(clients_late(c, now));
	}
	assert_true(clients_late(c, 2100));
	/* It was whole in time, and another has begun. */
	c->conn.n_messages++;
	clients_deadlines(&t, c, true, 2050);
	assert_false(clients_late(c, 4049));
	assert_true(clients_late(c, 4050));
	/* Nothing is under way. */
	c->conn.in_len = 0;
	c->conn.n_messages++;
	clients_deadlines(&t, c, true, 3000);
	assert_false(clients_late(c, 12999));
	clients_deadlines(&t, c, true, 9000);	/* woken for nothing */
	assert_true(clients_late(c, 13000));
	/* Output, sipped. */
	c->conn.out_len = 100000;
	clients_deadlines(&t, c, true, 20000);
	assert_false(clients_late(c, 21999));
	c->conn.out_at = c->taken = CLIENTS_SLOW_BYTES - 1;
	clients_deadlines(&t, c, true, 21000);
	assert_true(clients_late(c, 22000));
	/* Taken at the pace that is asked for. */
	c->taken = CLIENTS_SLOW_BYTES;
	clients_deadlines(&t, c, true, 21900);
	assert_false(clients_late(c, 23899));
	assert_true(clients_late(c, 23900));
	/* Taken: idle from here. */
	c->conn.out_at = c->conn.out_len;
	clients_deadlines(&t, c, true, 23000);
	assert_false(clients_late(c, 32999));
	assert_true(clients_late(c, 33000));
}

TEST_WITH(q198_a_handshake_has_a_deadline_of_its_own, setup, teardown)
{
	struct sock_addr a = address("192.0.2.1");
	struct client *c = clients_add(&t, 3, &a, 0);

	c->open_due = 5000;
	c->idle_due = 0;
	clients_deadlines(&t, c, false, 4000);
	assert_false(clients_late(c, 4999));
	assert_true(clients_late(c, 5000));
	clients_deadlines(&t, c, true, 4500);
	assert_false(clients_late(c, 14499));
	assert_true(clients_late(c, 14500));
}
