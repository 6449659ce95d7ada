/*
 * What may be asked of whom, and how often: the bounds of lookups that hold
 * before a question goes to the check process.
 */
#include "tests/lib/test.h"

#include "common/base/hash.h"
#include "xferd/lookups.h"

static uv_loop_t loop;
static struct children *children;
static struct keyring *keys;
static struct egress_rules walk, visit, any;
static struct lookups *l;
static unsigned n_answers;
static struct lookups_answer last;

static const uint8_t ONE[16] = { 1 }, OTHER[16] = { 2 };

static void
on_frame(void *arg UNUSED, struct child *child UNUSED,
    enum handoff_kind kind UNUSED, const uint8_t *payload UNUSED,
    size_t len UNUSED)
{
}

static void
on_child(void *arg UNUSED, struct child *child UNUSED)
{
}

static int
setup(void **state)
{
	/* No process of any kind: nothing is sent. */
	static const struct children_conf conf = { .program = "/bin/false" };
	static const struct children_calls calls = { .frame = on_frame,
		.ready = on_child, .gone = on_child };
	struct lookups_conf lc = { .per_second = 10, .walk = &walk,
		.visit = &visit, .operator_ = &any };
	struct sock_addr own;

	(void)state;
	if (l != NULL) {
		n_answers = 0;
		return 0;
	}
	hash_init();
	uv_loop_init(&loop);
	assert_ok(children_new(&loop, &conf, &calls, &children));
	children_stop(children);
	assert_ok(egress_rules_allow(&any, "0.0.0.0/0"));
	assert_ok(egress_rules_port(&any, "any"));
	assert_ok(sock_addr_parse("9.9.9.9:53", 53, &own));
	assert_ok(egress_rules_own(&visit, &own));
	return lookups_new(&loop, &lc, children, keys, &l) == OK ? 0 : -1;
}

static void
on_answer(void *arg UNUSED, const struct lookups_answer *a)
{
	n_answers++;
	last = *a;
}

static struct lookups_question
question(const char *to, enum lookups_purpose purpose, const uint8_t *tenant)
{
	struct lookups_question q = { .purpose = purpose,
		.transport = HANDOFF_UDP, .name = "\4test", .name_len = 6,
		.type = 6, .timeout_ms = 100, .tries = 1 };

	assert_ok(sock_addr_parse(to, 53, &q.to));
	memcpy(q.tenant, tenant, 16);
	return q;
}

static struct sock_addr
at(const char *text)
{
	struct sock_addr a;

	assert_ok(sock_addr_parse(text, 53, &a));
	return a;
}

TEST_WITH(a_customers_address_has_one_visitor_at_a_time, setup, NULL)
{
	struct sock_addr a = at("8.8.8.1:53"), port = at("8.8.8.1:5353"),
	    b = at("8.8.8.2:53");
	struct lookups_question q = question("8.8.8.1:53", LOOKUPS_VISIT, ONE);
	struct lookups_query *query[LOOKUPS_VISIT_QUESTIONS + 1];
	uint32_t wait = 0;

	assert_err(lookups_ask(l, &q, on_answer, NULL, &query[0]), ERR_LIMIT);
	assert_ok(lookups_visit(l, ONE, &a, &wait));
	assert_ok(lookups_visit(l, ONE, &a, &wait));	/* the same visit */
	assert_err(lookups_visit(l, OTHER, &a, &wait), ERR_LIMIT);
	assert_true(wait > 0 && wait <= LOOKUPS_VISIT_GAP_MS);
	assert_err(lookups_visit(l, OTHER, &port, &wait), ERR_LIMIT);
	assert_ok(lookups_visit(l, OTHER, &b, &wait));
	for (int i = 0; i < LOOKUPS_VISIT_QUESTIONS; i++)
		assert_ok(lookups_ask(l, &q, on_answer, NULL, &query[i]));
	assert_err(lookups_ask(l, &q, on_answer, NULL,
	    &query[LOOKUPS_VISIT_QUESTIONS]), ERR_LIMIT);
	assert_err(lookups_visit(l, ONE, &a, &wait), ERR_LIMIT);
	assert_int_equal(lookups_waiting(l), LOOKUPS_VISIT_QUESTIONS);
	for (int i = 0; i < LOOKUPS_VISIT_QUESTIONS; i++)
		lookups_cancel(l, query[i]);
	assert_int_equal(lookups_waiting(l), 0);
	assert_int_equal(n_answers, 0);
}

TEST_WITH(destinations_are_judged_by_the_purpose, setup, NULL)
{
	static const struct {
		const char *to;
		enum lookups_purpose purpose;
		enum egress_verdict verdict;
	} CASES[] = {
		{ "127.0.0.1:53", LOOKUPS_WALK, EGRESS_LOOPBACK },
		{ "10.0.0.1:53", LOOKUPS_WALK, EGRESS_PRIVATE },
		{ "169.254.169.254:53", LOOKUPS_WALK, EGRESS_METADATA },
		{ "8.8.8.8:22", LOOKUPS_WALK, EGRESS_PORT },
		{ "[::ffff:127.0.0.1]:53", LOOKUPS_WALK, EGRESS_EMBEDDED },
	};
	struct lookups_query *query;
	struct lookups_question q;
	uint32_t wait;

	for (size_t i = 0; i < COUNT_OF(CASES); i++) {
		q = question(CASES[i].to, CASES[i].purpose, ONE);
		n_answers = 0;
		assert_ok(lookups_ask(l, &q, on_answer, NULL, &query));
		assert_int_equal(n_answers, 0);		/* not from within */
		while (n_answers == 0)
			uv_run(&loop, UV_RUN_ONCE);
		assert_int_equal(last.egress, CASES[i].verdict);
		assert_int_equal(last.reason, HANDOFF_CONNECT_FAILED);
	}
	/* Our own server: as a parent, not as a customer's primary. */
	q = question("9.9.9.9:53", LOOKUPS_VISIT, ONE);
	assert_ok(lookups_visit(l, ONE, &q.to, &wait));
	n_answers = 0;
	assert_ok(lookups_ask(l, &q, on_answer, NULL, &query));
	while (n_answers == 0)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(last.egress, EGRESS_OWN);
	q.purpose = LOOKUPS_WALK;
	assert_ok(lookups_ask(l, &q, on_answer, NULL, &query));
	assert_int_equal(lookups_waiting(l), 1);
	lookups_cancel(l, query);
	/* The operator's resolver may be here. */
	q = question("127.0.0.1:5353", LOOKUPS_OPERATOR, ONE);
	assert_ok(lookups_ask(l, &q, on_answer, NULL, &query));
	assert_int_equal(lookups_waiting(l), 1);
	lookups_cancel(l, query);
}

TEST_WITH(one_tenant_does_not_take_all_the_room, setup, NULL)
{
	static struct lookups_query *query[LOOKUPS_TENANT_MAX + 1];
	struct lookups_question q = question("8.8.4.4:53", LOOKUPS_VISIT, ONE);
	uint32_t wait;

	for (int i = 0; i < LOOKUPS_TENANT_MAX; i++) {
		q.to.ip[3] = (uint8_t)(i / LOOKUPS_VISIT_QUESTIONS);
		assert_ok(lookups_visit(l, ONE, &q.to, &wait));
		assert_ok(lookups_ask(l, &q, on_answer, NULL, &query[i]));
	}
	q.to.ip[3] = 100;
	assert_ok(lookups_visit(l, ONE, &q.to, &wait));
	assert_err(lookups_ask(l, &q, on_answer, NULL,
	    &query[LOOKUPS_TENANT_MAX]), ERR_LIMIT);
	/* A claim's parents are asked all the same. */
	q.purpose = LOOKUPS_WALK;
	assert_ok(lookups_ask(l, &q, on_answer, NULL,
	    &query[LOOKUPS_TENANT_MAX]));
	for (int i = 0; i <= LOOKUPS_TENANT_MAX; i++)
		lookups_cancel(l, query[i]);
	assert_int_equal(lookups_waiting(l), 0);
}
