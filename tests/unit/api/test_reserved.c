/* test_reserved.c - names that are the operator's to give; tests/api/claims.py
 * has more of them. */
#include "tests/lib/test.h"

#include <string.h>

#include "api/reserved.h"
#include "common/dns/dname.h"

static bool
is_reserved(const struct conf *conf, const char *name)
{
	uint8_t wire[DNAME_MAX];
	size_t len;

	assert_int_equal(dname_parse(name, strlen(name), wire, &len), OK);
	return reserved_why(conf, wire) != NULL;
}

TEST(names_of_which_others_depend_are_reserved)
{
	static const char *const reserved[] = { ".", "com", "uk", "co.uk",
		"github.io", "kawasaki.jp", "x.kawasaki.jp", "arpa",
		"in-addr.arpa", "2.in-addr.arpa", "10.in-addr.arpa",
		"1.10.in-addr.arpa", "20.172.in-addr.arpa", "ip6.arpa",
		"a.2.ip6.arpa", "0.0.2.ip6.arpa", "d.f.ip6.arpa",
		"f.d.f.ip6.arpa", "local", "a.local", "localhost", "x.onion",
		"y.internal", "z.home.arpa", "a.invalid", "a.alt", "test",
		"example" };
	static const char *const others[] = { "a.com", "a.co.uk", "a.test",
		"a.example", "city.kawasaki.jp", "www.github.io",
		"2.0.192.193.in-addr.arpa", "15.172.in-addr.arpa",
		"32.172.in-addr.arpa", "9.11.in-addr.arpa",
		"b.1.0.0.2.ip6.arpa", "localhost.com", "local.net" };
	const char *sets[] = { NULL };
	struct conf *conf = NULL;
	struct fault fault;

	assert_int_equal(conf_load(NULL, sets, 0, &conf, &fault), OK);
	reserved_begin();
	for (size_t i = 0; i < COUNT_OF(reserved); i++)
		if (!is_reserved(conf, reserved[i]))
			fail_msg("%s is not reserved", reserved[i]);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (is_reserved(conf, others[i]))
			fail_msg("%s is reserved", others[i]);
	reserved_end();
	conf_free(conf);
}
