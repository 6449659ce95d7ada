/*
 * test_metrics.c - the text format, and the responder over loopback.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/metrics.h"

static const struct metrics_desc desc[] = {
	{ "queries", METRICS_COUNTER, "Queries received." },
	{ "zones", METRICS_GAUGE, "Zones served." },
};
static _Atomic uint64_t values[2];

TEST(metrics_table_is_prometheus_text)
{
	struct buf b;

	buf_init(&b, 10000);
	metrics_set(&values[0], 12345678901234u);
	metrics_set(&values[1], 3);
	metrics_add(&values[1], 4);
	metrics_table(&b, "dnsd", desc, values, 2);
	assert_string_equal(buf_cstr(&b),
	    "# HELP understudy_dnsd_queries_total Queries received.\n"
	    "# TYPE understudy_dnsd_queries_total counter\n"
	    "understudy_dnsd_queries_total 12345678901234\n"
	    "# HELP understudy_dnsd_zones Zones served.\n"
	    "# TYPE understudy_dnsd_zones gauge\n"
	    "understudy_dnsd_zones 7\n");
	buf_fini(&b);
}

TEST(metrics_labels_are_escaped)
{
	struct buf b;
	char label[64], small[4];

	buf_init(&b, 1000);
	metrics_line(&b, "x", &desc[1], "a=\"b\"", 0.25);
	assert_string_equal(buf_cstr(&b), "understudy_x_zones{a=\"b\"} 0.25\n");
	assert_string_equal(metrics_label("a\"b\\c\nd", label, sizeof(label)),
	    "a\\\"b\\\\c\\nd");
	assert_string_equal(metrics_label("abcdef", small, sizeof(small)),
	    "ab");
	buf_fini(&b);
}

static void
render(void *arg, struct buf *b)
{
	(void)arg;
	metrics_table(b, "t", desc, values, 2);
	metrics_process(b, "t");
}

static int listen_fd;
static struct sock_addr where;

static void
ask(const char *request, char *out, size_t size)
{
	struct sockaddr_storage sa;
	socklen_t len = sock_addr_to_sa(&where, &sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_true(send(fd, request, strlen(request), 0) >= 0);
	shutdown(fd, SHUT_WR);
	metrics_serve_once(listen_fd, render, NULL);
	while (n + 1 < size && (got = recv(fd, out + n, size - 1 - n, 0)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fd);
}

static int
listen_setup(void **state)
{
	(void)state;
	if (sock_addr_parse("127.0.0.1:0", -1, &where) != OK ||
	    sock_listen(&where, SOCK_STREAM, 4, false, &listen_fd) != OK ||
	    sock_local(listen_fd, &where) != OK)
		return -1;
	return 0;
}

static int
listen_teardown(void **state)
{
	(void)state;
	close(listen_fd);
	return 0;
}

TEST_WITH(metrics_responder_answers_and_refuses, listen_setup,
    listen_teardown)
{
	static char big[METRICS_REQUEST_MAX + 100];
	char out[8192];

	ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(out, "version=0.0.4"));
	assert_non_null(strstr(out, "understudy_t_process_resident_bytes "));
	ask("GET /healthz HTTP/1.1\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "200 OK"));
	ask("GET /metricsx HTTP/1.1\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "404"));
	ask("POST /metrics HTTP/1.1\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "405"));
	ask("\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "405"));
	ask("GET", out, sizeof(out));		/* cut off: no answer */
	assert_string_equal(out, "");
	memset(big, 'x', sizeof(big) - 1);
	ask(big, out, sizeof(out));		/* too long: no answer */
	assert_string_equal(out, "");
}

TEST(metrics_server_starts_stops_and_may_be_off)
{
	struct metrics_server *s = NULL;

	assert_ok(metrics_serve_start("", render, NULL, &s));
	assert_null(s);
	metrics_serve_stop(s);
	assert_ok(metrics_serve_start("127.0.0.1:0", render, NULL, &s));
	metrics_serve_stop(s);
	assert_err(metrics_serve_start("nowhere", render, NULL, &s),
	    ERR_INVALID);
}
