/* test_ownership.c - ownership off is for loopback alone. */
#include "tests/lib/test.h"

#include "common/base/ownership.h"

static const char *
open_with(const char *ownership, const char *set)
{
	char first[64];
	const char *sets[] = { first, set, NULL };
	static char text[80];
	struct conf *conf = NULL;
	struct fault fault;
	const char *open;

	snprintf(first, sizeof(first), "transfer.ownership=%s", ownership);
	assert_int_equal(conf_load(NULL, sets, 2, &conf, &fault), OK);
	open = ownership_open(conf);
	assert_int_equal(ownership_check(conf), open == NULL ? OK :
	    ERR_CONFIG);
	snprintf(text, sizeof(text), "%s", open == NULL ? "" : open);
	conf_free(conf);
	return text;
}

TEST(loopback_may_be_without_ownership)
{
	assert_string_equal(open_with("off", "api.listen=127.0.0.1:80"), "");
	assert_string_equal(open_with("off", "api.listen=[::1]:80"), "");
	assert_string_equal(open_with("off", "dns.listen=127.0.0.9:53"), "");
}

TEST(what_others_reach_may_not)
{
	assert_string_equal(open_with("off", "api.listen=192.0.2.1:80"),
	    "192.0.2.1:80");
	assert_string_equal(open_with("off", "dns.listen=0.0.0.0:53"),
	    "0.0.0.0:53");
	assert_string_equal(open_with("off", "dns.tls_listen=[::]:853"),
	    "[::]:853");
}

TEST(with_ownership_everything_may_listen)
{
	assert_string_equal(open_with("proof", "dns.listen=0.0.0.0:53"), "");
	assert_string_equal(open_with("operator", "dns.listen=[::]:53"), "");
}
