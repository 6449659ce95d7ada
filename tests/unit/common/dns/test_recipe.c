/* test_recipe.c - what a primary's operator is told to write. */
#include "tests/lib/test.h"

#include <string.h>

#include "common/dns/recipe.h"

static const char *const SOURCES[] = { "192.0.2.53", "2001:db8::53" };
static const char *const TARGETS[] = { "203.0.113.5:53",
	"[2001:db8::5]:5300" };

static char text[8192];

static const char *
print(enum recipe_kind kind, unsigned parts, const char *key, size_t n)
{
	struct recipe r = { .zone = "example.com", .sources = SOURCES,
		.n_sources = n, .targets = TARGETS, .n_targets = n,
		.key = key, .algorithm = "hmac-sha256" };
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	recipe_print(&r, kind, parts, &b);
	assert_int_equal(buf_err(&b), OK);
	snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_fini(&b);
	return text;
}

#define HAS(what) do {							\
	if (strstr(text, (what)) == NULL)				\
		fail_msg("no \"%s\" in: %s", (what), text);		\
} while (0)

#define HAS_NOT(what) assert_null(strstr(text, (what)))

TEST(bind_is_told_addresses_without_a_key_and_the_key_with_one)
{
	print(RECIPE_BIND, RECIPE_ALL, NULL, 2);
	HAS("allow-transfer { 192.0.2.53; 2001:db8::53; };");
	HAS("203.0.113.5;");
	HAS("2001:db8::5 port 5300;");
	HAS_NOT("key");
	print(RECIPE_BIND, RECIPE_ALL, "k.example", 2);
	HAS("key \"k.example\" {\n\talgorithm hmac-sha256;");
	HAS("secret \"" RECIPE_SECRET "\";");
	HAS("allow-transfer { key \"k.example\"; };");
	HAS("203.0.113.5 key \"k.example\";");
}

TEST(nsd_knot_and_powerdns)
{
	print(RECIPE_NSD, RECIPE_ALL, NULL, 2);
	HAS("provide-xfr: 192.0.2.53 NOKEY\n");
	HAS("notify: 2001:db8::5@5300 NOKEY\n");
	print(RECIPE_KNOT, RECIPE_ALL, "k.example", 2);
	HAS("address: [192.0.2.53, 2001:db8::53]");
	HAS("notify: [understudy_1, understudy_2]");
	HAS("address: 203.0.113.5@53\n    key: k.example");
	print(RECIPE_POWERDNS, RECIPE_ALL, "k.example", 2);
	HAS("pdnsutil import-tsig-key k.example hmac-sha256 '"
	    RECIPE_SECRET "'");
	HAS("pdnsutil activate-tsig-key example.com k.example primary");
	HAS("pdnsutil add-meta example.com ALSO-NOTIFY [2001:db8::5]:5300");
	print(RECIPE_POWERDNS, RECIPE_ALLOW, NULL, 2);
	HAS("pdnsutil add-meta example.com ALLOW-AXFR-FROM 192.0.2.53 "
	    "2001:db8::53");
	HAS_NOT("NOTIFY");
}

TEST(cpanel_names_its_file_and_says_that_it_is_not_tested)
{
	print(RECIPE_CPANEL, RECIPE_ALL, NULL, 2);
	HAS("/etc/nameserverips");
	HAS("Not tested on cPanel");
	HAS("allow-axfr-ips=192.0.2.53,2001:db8::53");
	HAS("allow-transfer { 192.0.2.53; 2001:db8::53; };");
	assert_false(recipe_is_tested(RECIPE_CPANEL));
	assert_true(recipe_is_tested(RECIPE_KNOT));
}

TEST(without_addresses_it_says_so_and_prints_nothing_that_lacks_them)
{
	for (int k = 0; k < RECIPE_GENERIC; k++) {
		print((enum recipe_kind)k, RECIPE_ALL, NULL, 0);
		HAS("ask the operator");
		if (k != RECIPE_CPANEL)
			HAS_NOT("example.com");
	}
}

TEST(parts_are_only_what_was_asked_for)
{
	print(RECIPE_BIND, RECIPE_KEY, "k.example", 2);
	HAS_NOT("zone");
	print(RECIPE_BIND, RECIPE_NOTIFY, "k.example", 2);
	HAS_NOT("allow-transfer");
	print(RECIPE_GENERIC, RECIPE_ALL, "k.example", 2);
	HAS("192.0.2.53, 2001:db8::53");
	HAS("signed with k.example");
}

TEST(names_are_quoted_for_a_shell)
{
	struct recipe r = { .zone = "it's.example", .sources = SOURCES,
		.n_sources = 1 };
	struct buf b;

	buf_init(&b, 4096);
	recipe_print(&r, RECIPE_POWERDNS, RECIPE_ALLOW, &b);
	assert_non_null(strstr(buf_cstr(&b), "'it'\\''s.example'"));
	buf_fini(&b);
}
