/*
 * test_front.c - which listeners apid refuses to open.
 */
#include "tests/lib/test.h"

#include "api/front.h"

static const char *
front(const char *a, const char *b)
{
	static char text[sizeof(((struct fault *)0)->text)];
	const char *sets[] = { a, b };
	struct fault fault = { .text = "" };
	struct https *https = NULL;
	struct http_conf out = { 0 };
	struct conf *c = NULL;
	enum err e;

	assert_ok(conf_load(NULL, sets, b == NULL ? 1 : 2, &c, &fault));
	e = front_begin(c, &out, &https, &fault);
	conf_free(c);
	https_free(https);
	if (e == OK)
		return out.tls_callback != NULL ? "tls" : "http";
	assert_err(e, ERR_CONFIG);
	snprintf(text, sizeof(text), "%s", fault.text);
	return text;
}

TEST(front_lets_no_token_travel_in_the_clear)
{
	assert_string_equal(front("api.listen=127.0.0.1:0", NULL), "http");
	assert_string_equal(front("api.listen=[::1]:0", NULL), "http");
	assert_non_null(strstr(front("api.listen=192.0.2.1:0", NULL),
	    "in the clear"));
	assert_non_null(strstr(front("api.listen=0.0.0.0:0", NULL),
	    "api.tls_cert_file"));
	assert_non_null(strstr(front("api.listen=[::]:0", NULL), "api.plain"));
	assert_string_equal(front("api.listen=192.0.2.1:0", "api.plain=yes"),
	    "http");
	assert_string_equal(front("api.listen=192.0.2.1:0",
	    "api.proxy_prefixes=192.0.2.2"), "http");
}

TEST(front_refuses_what_makes_no_sense)
{
	assert_non_null(strstr(front("api.tls_cert_file=/x", NULL),
	    "go together"));
	assert_non_null(strstr(front("api.tls_key_file=/x", NULL),
	    "go together"));
	assert_non_null(strstr(front("api.proxy_prefixes=0.0.0.0/0", NULL),
	    "every client"));
	assert_non_null(strstr(front("api.proxy_prefixes=::/0", NULL),
	    "every client"));
}
