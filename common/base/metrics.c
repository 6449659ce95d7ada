/*
 * metrics.c - Prometheus text and the responder for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/metrics.h"
#include "common/base/now.h"

#define CLIENT_MS	2000

static const char *
suffix(const struct metrics_desc *d)
{
	return d->kind == METRICS_COUNTER ? "_total" : "";
}

void
metrics_head(struct buf *b, const char *prefix, const struct metrics_desc *d)
{
	buf_printf(b, "# HELP understudy_%s_%s%s %s\n", prefix, d->name,
	    suffix(d), d->help);
	buf_printf(b, "# TYPE understudy_%s_%s%s %s\n", prefix, d->name,
	    suffix(d), d->kind == METRICS_COUNTER ? "counter" : "gauge");
}

void
metrics_line(struct buf *b, const char *prefix, const struct metrics_desc *d,
    const char *labels, double value)
{
	bool any = labels != NULL && labels[0] != '\0';

	buf_printf(b, "understudy_%s_%s%s%s%s%s ", prefix, d->name, suffix(d),
	    any ? "{" : "", any ? labels : "", any ? "}" : "");
	/* Whole numbers exactly, as far as a double holds them. */
	if (value == floor(value) && fabs(value) < 9e15)
		buf_printf(b, "%.0f\n", value);
	else
		buf_printf(b, "%.9g\n", value);
}

const char *
metrics_label(const char *value, char *out, size_t size)
{
	size_t n = 0;

	for (; *value != '\0' && n + 3 <= size; value++) {
		if (*value == '"' || *value == '\\') {
			out[n++] = '\\';
			out[n++] = *value;
		} else if (*value == '\n') {
			out[n++] = '\\';
			out[n++] = 'n';
		} else {
			out[n++] = *value;
		}
	}
	if (size > 0)
		out[n] = '\0';
	return out;
}

void
metrics_table(struct buf *b, const char *prefix, const struct metrics_desc *d,
    _Atomic uint64_t *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		metrics_head(b, prefix, &d[i]);
		metrics_line(b, prefix, &d[i], NULL,
		    (double)metrics_get(&values[i]));
	}
}

static double
resident_bytes(void)
{
	char text[256];
	unsigned long long total, resident = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu", &total, &resident) != 2)
		return 0;
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void
metrics_process(struct buf *b, const char *prefix)
{
	static const struct metrics_desc desc[] = {
		{ "process_resident_bytes", METRICS_GAUGE,
		    "Resident memory of the process that answers." },
		{ "process_cpu_seconds", METRICS_COUNTER,
		    "User and system time of the process that answers." },
	};
	struct rusage ru;
	double cpu = 0;

	if (getrusage(RUSAGE_SELF, &ru) == 0)
		cpu = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
		    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
	metrics_head(b, prefix, &desc[0]);
	metrics_line(b, prefix, &desc[0], NULL, resident_bytes());
	metrics_head(b, prefix, &desc[1]);
	metrics_line(b, prefix, &desc[1], NULL, cpu);
}

/* ---- responder ---------------------------------------------------------------- */

static bool
wait_until(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline_ms - now_mono_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool
read_request(int fd, char *text, size_t size, int64_t deadline_ms)
{
	size_t len = 0;

	while (len + 1 < size && wait_until(fd, POLLIN, deadline_ms)) {
		ssize_t n = recv(fd, text + len, size - 1 - len, 0);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, "\r\n\r\n") != NULL ||
		    strstr(text, "\n\n") != NULL)
			return true;
	}
	return false;
}

static void
send_all(int fd, const void *data, size_t len, int64_t deadline_ms)
{
	const uint8_t *p = data;

	while (len > 0 && wait_until(fd, POLLOUT, deadline_ms)) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static void
answer(int fd, const char *request, metrics_render_fn render, void *arg,
    int64_t deadline_ms)
{
	const char *status = "200 OK";
	struct buf body, head;
	bool is_get = strncmp(request, "GET ", 4) == 0;
	bool is_head = strncmp(request, "HEAD ", 5) == 0;
	const char *path = request + (is_head ? 5 : 4);
	size_t path_len;

	buf_init(&body, METRICS_TEXT_MAX);
	buf_init(&head, 1024);
	path_len = is_get || is_head ? strcspn(path, " ?\r\n") : 0;
	if (!is_get && !is_head) {
		status = "405 Method Not Allowed";
		buf_str(&body, "only GET\n");
	} else if (path_len == 8 && memcmp(path, "/metrics", 8) == 0) {
		render(arg, &body);
	} else if (path_len == 8 && memcmp(path, "/healthz", 8) == 0) {
		buf_str(&body, "ok\n");
	} else {
		status = "404 Not Found";
		buf_str(&body, "try /metrics\n");
	}
	if (buf_err(&body) != OK) {
		status = "500 Internal Server Error";
		buf_reset(&body);
	}
	buf_printf(&head, "HTTP/1.1 %s\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	    status, body.len);
	send_all(fd, head.data, head.len, deadline_ms);
	if (!is_head)
		send_all(fd, body.data, body.len, deadline_ms);
	buf_fini(&head);
	buf_fini(&body);
}

void
metrics_serve_once(int listen_fd, metrics_render_fn render, void *arg)
{
	int64_t deadline_ms = now_mono_ms() + CLIENT_MS;
	char request[METRICS_REQUEST_MAX];
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (read_request(fd, request, sizeof(request), deadline_ms)) {
		answer(fd, request, render, arg, deadline_ms);
		shutdown(fd, SHUT_WR);
	}
	close(fd);
}

struct metrics_server {
	int			listen_fd;
	int			stop_pipe[2];
	metrics_render_fn	render;
	void			*arg;
	pthread_t		thread;
};

static void *
serve_thread(void *arg)
{
	struct metrics_server *s = arg;
	struct pollfd p[] = {
		{ .fd = s->listen_fd, .events = POLLIN },
		{ .fd = s->stop_pipe[0], .events = POLLIN },
	};

	for (;;) {
		if (poll(p, COUNT_OF(p), -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents != 0)
			return NULL;
		if (p[0].revents != 0)
			metrics_serve_once(s->listen_fd, s->render, s->arg);
	}
}

static void
server_free(struct metrics_server *s)
{
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->stop_pipe[0] >= 0)
		close(s->stop_pipe[0]);
	if (s->stop_pipe[1] >= 0)
		close(s->stop_pipe[1]);
	free(s);
}

enum err
metrics_serve_start(const char *addr, metrics_render_fn render, void *arg,
    struct metrics_server **out)
{
	struct metrics_server *s;
	struct sock_addr a;
	enum err e;

	*out = NULL;
	if (addr[0] == '\0')
		return OK;
	e = sock_addr_parse(addr, -1, &a);
	if (e != OK)
		return e;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->listen_fd = s->stop_pipe[0] = s->stop_pipe[1] = -1;
	s->render = render;
	s->arg = arg;
	e = sock_listen(&a, SOCK_STREAM, 16, false, &s->listen_fd);
	if (e == OK && pipe2(s->stop_pipe, O_CLOEXEC) != 0)
		e = err_from_errno(errno);
	if (e == OK && pthread_create(&s->thread, NULL, serve_thread, s) != 0)
		e = ERR_SYSTEM;
	if (e != OK) {
		server_free(s);
		return e;
	}
	*out = s;
	return OK;
}

void
metrics_serve_stop(struct metrics_server *s)
{
	if (s == NULL)
		return;
	close(s->stop_pipe[1]);
	s->stop_pipe[1] = -1;
	pthread_join(s->thread, NULL);
	server_free(s);
}
