/*
 * test_conf.c - the configuration file and its complaints.
 */
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/conf.h"

static char path[] = "/tmp/test_conf.XXXXXX";
static struct conf *conf;
static struct fault fault;
static char text[1024];

static int
setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test_conf.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	conf = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	conf_free(conf);
	conf = NULL;
	unlink(path);
	return 0;
}

static enum err
load(const char *content)
{
	FILE *f = fopen(path, "w");

	fputs(content, f);
	fclose(f);
	conf_free(conf);
	conf = NULL;
	return conf_load(path, NULL, 0, &conf, &fault);
}

/* The complaint must begin with "FILE:line: " and contain @what. */
static void
refused(const char *content, int line, const char *what)
{
	char want[64];

	if (load(content) != ERR_CONFIG)
		fail_msg("taken: %s", content);
	fault_print(&fault, text, sizeof(text));
	snprintf(want, sizeof(want), "%s:%d: ", path, line);
	if (strncmp(text, want, strlen(want)) != 0 || !strstr(text, what))
		fail_msg("got: %s, wanted: %s...%s", text, want, what);
}

TEST_WITH(conf_without_a_file_is_all_defaults, setup, teardown)
{
	assert_ok(conf_load(NULL, NULL, 0, &conf, &fault));
	assert_string_equal(conf->api.listen, "127.0.0.1:8053");
	assert_int_equal(conf->dns.udp_workers, 1);
	assert_int_equal(conf->transfer.listen.n, 1);
	assert_int_equal(conf->n_nameservers, 0);
	assert_false(conf->transfer.allow_any_port);
}

TEST_WITH(conf_values_are_taken, setup, teardown)
{
	assert_ok(load("# a comment\n"
	    "dns {\n\tlisten = {\"127.0.0.1:1\", '[::1]:2'}\n"
	    "\tudp_workers = 4 }\n"
	    "transfer { allow_any_port = yes allow_prefixes = {} }\n"
	    "api { listen = \"127.0.0.1:9\" }\n"));
	assert_int_equal(conf->dns.listen.n, 2);
	assert_string_equal(conf->dns.listen.items[1], "[::1]:2");
	assert_int_equal(conf->dns.udp_workers, 4);
	assert_true(conf->transfer.allow_any_port);
	assert_int_equal(conf->transfer.allow_prefixes.n, 0);
}

TEST_WITH(conf_complaints_name_file_and_line, setup, teardown)
{
	refused("dns {\n\n\tudp_worker = 1\n}\n", 3, "udp_worker");
	refused("dsn {\n}\n", 1, "dsn");
	refused("dns {\n\tudp_workers = 0\n}\n", 2, "out of range");
	refused("dns {\n\tudp_workers = 257\n}\n", 2, "1 to 256");
	refused("dns {\n\tudp_workers = 4294967297\n}\n", 2, "out of range");
	refused("dns {\n\tudp_workers = many\n}\n", 2, "integer");
	refused("dns {\n\tlisten = {\"localhost:53\"}\n}\n", 2, "localhost");
	refused("transfer {\n\tallow_any_port = perhaps\n}\n", 2, "boolean");
	refused("transfer {\n\townership = \"mine\"\n}\n", 2, "proof|operator");
	refused("transfer {\n\tallow_prefixes = {\"10.0.0.1/8\"}\n}\n", 2,
	    "prefix");
	refused("\nlog {\n level = \"info\"\n", 2, "not closed");
	refused("log {\n level = \"}\" # }\n /* } */ // }\n", 1, "not closed");
	refused("log { level = \"in}fo\" }\n", 1, "not one of");
}

TEST_WITH(conf_long_values_are_not_cut, setup, teardown)
{
	char content[2000], value[1025];

	memset(value, 'x', sizeof(value) - 1);
	value[1024] = '\0';
	snprintf(content, sizeof(content), "database { xferd = \"%s\" }\n",
	    value);
	assert_ok(load(content));
	assert_string_equal(conf->database.xferd, value);
	snprintf(content, sizeof(content), "database { xferd = \"%sy\" }\n",
	    value);
	refused(content, 1, "1025 bytes");
}

TEST_WITH(conf_nameservers_repeat, setup, teardown)
{
	assert_ok(load("nameservers {\n"
	    "nameserver \"ns1.example.net.\" { addresses = {\"192.0.2.1\", "
	    "\"2001:db8::1\"} }\n"
	    "nameserver \"ns2.example.net\" { addresses = "
	    "{\"192.0.2.2:5300\"} stripe = 63 }\n}\n"));
	assert_int_equal(conf->n_nameservers, 2);
	assert_string_equal(conf->nameserver[0].host, "ns1.example.net");
	assert_int_equal(conf->nameserver[0].n_addresses, 2);
	assert_int_equal(conf->nameserver[0].addresses[1].family, 6);
	assert_int_equal(conf->nameserver[0].addresses[0].port, 53);
	assert_int_equal(conf->nameserver[1].addresses[0].port, 5300);
	assert_int_equal(conf->nameserver[1].stripe, 63);
	refused("nameservers {\nnameserver \"a\" { addresses = {\"x\"} }\n}\n",
	    2, "not an address");
	refused("nameservers {\nnameserver \"a\" { }\n}\n", 2,
	    "no addresses");
	refused("nameservers {\nnameserver \"a\" { addresses={\"::1\"} "
	    "stripe = 64 }\n}\n", 2, "stripe");
	refused("nameservers {\nnameserver \"a\" { addresses={\"::1\"} }\n"
	    "nameserver \"a\" { addresses={\"::1\"} }\n}\n", 3, "");
}

TEST_WITH(conf_dump_reads_back_as_the_same, setup, teardown)
{
	char *one = NULL, *two = NULL;
	size_t n1, n2;
	FILE *f;

	assert_ok(load("database { xferd = \"a 'b' \\\"c\\\" \\\\ \\${d}\" }\n"
	    "dns { listen = {\"127.0.0.1:1\", \"127.0.0.1:2\"} nsid = \"\" }\n"
	    "nameservers { nameserver \"n\" { addresses = {\"[::1]:5\"} } }\n"));
	assert_string_equal(conf->database.xferd, "a 'b' \"c\" \\ ${d}");
	f = open_memstream(&one, &n1);
	conf_dump(conf, f);
	fclose(f);
	assert_ok(load(one));
	f = open_memstream(&two, &n2);
	conf_dump(conf, f);
	fclose(f);
	assert_string_equal(one, two);
	free(one);
	free(two);
}

TEST_WITH(conf_example_is_valid_and_changes_nothing, setup, teardown)
{
	char *example = NULL, *uncommented, *p, *q;
	size_t n;
	FILE *f = open_memstream(&example, &n);

	conf_example(f);
	fclose(f);
	assert_ok(load(example));
	/* Uncommented ("#name = ..." but not "# text") it is valid, too. */
	uncommented = malloc(n + 1);
	for (p = example, q = uncommented; *p != '\0'; p++) {
		if (*p == '#' && p[1] != ' ')
			continue;
		*q++ = *p;
	}
	*q = '\0';
	if (load(uncommented) != OK)
		fail_msg("%s", fault_print(&fault, text, sizeof(text)));
	free(uncommented);
	free(example);
}

TEST_WITH(conf_set_overrides_and_is_checked, setup, teardown)
{
	static const char *const good[] = { "dns.udp_workers=7",
	    "transfer.allow_any_port=yes", "dns.listen=127.0.0.1:1,[::1]:2",
	    "database.xferd=host=/x dbname=y", "transfer.allow_prefixes=" };
	static const char *const bad[] = { "dns.udp_workers=0",
	    "dns.udp_workers=7x", "dns.udp_workers=", "dns.nothing=1",
	    "dns", "dns=1", "dns.listen=x", "=.", "",
	    "transfer.allow_any_port=2", "log.level=loud" };
	size_t i;

	assert_ok(conf_load(NULL, good, COUNT_OF(good), &conf, &fault));
	assert_int_equal(conf->dns.udp_workers, 7);
	assert_true(conf->transfer.allow_any_port);
	assert_int_equal(conf->dns.listen.n, 2);
	assert_string_equal(conf->database.xferd, "host=/x dbname=y");
	for (i = 0; i < COUNT_OF(bad); i++) {
		if (conf_set(conf, bad[i], &fault) == OK)
			fail_msg("%s was taken", bad[i]);
	}
	assert_int_equal(conf->dns.udp_workers, 7);
}

TEST_WITH(conf_missing_file_is_not_found, setup, teardown)
{
	assert_err(conf_load("/nonexistent/understudy.conf", NULL, 0, &conf,
	    &fault), ERR_NOT_FOUND);
	assert_non_null(strstr(fault.text, "No such file"));
}
