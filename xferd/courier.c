/*
 * courier.c - the courier role.  See courier.h.
 *
 * keep connects; libcurl is given the socket, and the relay's name only for
 * the certificate.  CURLOPT_RESOLVE keeps it from looking the name up, the
 * walls would anyway.  libcurl 7.87 and 7.88 connect a socket again that they
 * were told is connected: the wall answers that call with EINPROGRESS.
 */
#include "xferd/courier.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/base/frame.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/secret.h"
#include "xferd/handoff_mail.h"

enum {
	CA_MAX = 4 << 20,
	QUEUE_MAX = 1 << 16,
	URL_MAX = 2 * HANDOFF_WORD_MAX,
};

struct courier {
	int keep;
	struct frame_in in;
	struct frame_out out;
	struct handoff_relay relay;
	bool has_relay;
	struct buf ca;			/* PEM */
	CURL *curl;
	int fd;				/* for the letter under way, or -1 */
	const uint8_t *text;		/* of it, and what is left */
	size_t left;
	unsigned code;			/* of the relay's first refusal, or 0 */
	char said[HANDOFF_TEXT_MAX];	/* that line, else the last one */
};

enum err
courier_warm_up(void)
{
	CURL *curl;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return ERR_SYSTEM;
	/* Engines, providers and openssl.cnf are read with the first. */
	curl = curl_easy_init();
	if (curl == NULL)
		return ERR_NO_MEMORY;
	curl_easy_setopt(curl, CURLOPT_URL, "smtps://127.0.0.1:1/");
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_cleanup(curl);
	return OK;
}

static enum err
send_keep(struct courier *c, enum handoff_kind kind, const uint8_t *payload,
    size_t len)
{
	enum err e = frame_put(&c->out, (uint16_t)kind, payload, len, -1);

	return e == OK ? frame_drain(&c->out, c->keep, -1) : e;
}

/* ---- what libcurl asks for -------------------------------------------- */

static curl_socket_t
on_open(void *arg, curlsocktype purpose UNUSED,
    struct curl_sockaddr *address UNUSED)
{
	struct courier *c = arg;
	int fd = c->fd;

	c->fd = -1;			/* libcurl closes it */
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int
on_made(void *arg UNUSED, curl_socket_t fd UNUSED,
    curlsocktype purpose UNUSED)
{
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static size_t
on_read(char *to, size_t size, size_t n, void *arg)
{
	struct courier *c = arg;
	size_t most = MIN(size * n, c->left);

	memcpy(to, c->text, most);
	c->text += most;
	c->left -= most;
	return most;
}

/* The relay's lines, for the sentence about a refusal.  After one libcurl
 * takes its leave, and the relay agrees to that. */
static size_t
on_line(char *line, size_t size, size_t n, void *arg)
{
	struct courier *c = arg;
	size_t len = size * n, at = 0;

	if (c->code != 0)
		return len;
	if (len >= 4 && (line[0] == '4' || line[0] == '5') &&
	    isdigit((unsigned char)line[1]) && isdigit((unsigned char)line[2]))
		c->code = (unsigned)(line[0] - '0') * 100;
	for (size_t i = 0; i < len && at < sizeof(c->said) - 1; i++)
		if (line[i] >= ' ' && line[i] <= '~')
			c->said[at++] = line[i];
	c->said[at] = '\0';
	return len;
}

/* ---- one letter ---------------------------------------------------------- */

static bool
wait_connected(int fd, int64_t until_ms, int *out_errno)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(*out_errno);
	int n;

	do {
		int64_t left = until_ms - now_mono_ms();

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	*out_errno = ETIMEDOUT;
	if (n <= 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, out_errno, &len) < 0)
		*out_errno = errno;
	return *out_errno == 0;
}

static void
set_security(struct courier *c)
{
	struct curl_blob ca = { .data = c->ca.data, .len = c->ca.len,
		.flags = CURL_BLOB_NOCOPY };

	if (c->relay.tls == HANDOFF_RELAY_PLAIN)
		return;
	curl_easy_setopt(c->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(c->curl, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	/* The default path is out of reach, and must not be asked for. */
	curl_easy_setopt(c->curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c->curl, CURLOPT_CAINFO_BLOB, &ca);
}

static CURLcode
speak(struct courier *c, const char *to, long timeout_ms)
{
	struct curl_slist *names = NULL, *rcpt = NULL;
	const char *at = strrchr(c->relay.from, '@');
	char url[URL_MAX + 40], name[HANDOFF_WORD_MAX + 40];
	bool v6 = strchr(c->relay.host, ':') != NULL;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	/* The path is what EHLO says. */
	snprintf(url, sizeof(url), "%s://%s%s%s:%u/%s",
	    c->relay.tls == HANDOFF_RELAY_TLS ? "smtps" : "smtp",
	    v6 ? "[" : "", c->relay.host, v6 ? "]" : "", c->relay.port,
	    at == NULL ? "localhost" : at + 1);
	snprintf(name, sizeof(name), "%s:%u:127.0.0.1", c->relay.host,
	    c->relay.port);
	rcpt = curl_slist_append(NULL, to);
	names = curl_slist_append(NULL, name);
	if (rcpt == NULL || names == NULL)
		goto out;
	curl_easy_reset(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	if (!v6)
		curl_easy_setopt(c->curl, CURLOPT_RESOLVE, names);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_SOCKOPTFUNCTION, on_made);
	curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_line);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c->curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c->curl, CURLOPT_READDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_MAIL_FROM, c->relay.from);
	curl_easy_setopt(c->curl, CURLOPT_MAIL_RCPT, rcpt);
	if (c->relay.user[0] != '\0') {
		curl_easy_setopt(c->curl, CURLOPT_USERNAME, c->relay.user);
		curl_easy_setopt(c->curl, CURLOPT_PASSWORD,
		    c->relay.password);
	}
	set_security(c);
	rc = curl_easy_perform(c->curl);
out:
	curl_slist_free_all(names);
	curl_slist_free_all(rcpt);
	return rc;
}

static void
explain(struct handoff_letter_result *r, const char *what, const char *why)
{
	int n = snprintf(r->text, sizeof(r->text), "%s%s%s", what,
	    *why != '\0' ? ": " : "", why);

	r->text_len = (uint8_t)MIN(n < 0 ? 0 : (size_t)n,
	    sizeof(r->text) - 1);
}

static void
judge(struct courier *c, CURLcode rc, struct handoff_letter_result *r)
{
	if (rc == CURLE_OK) {
		r->end = HANDOFF_LETTER_TAKEN;
		return;
	}
	/* A refused login is the operator's to mend: the letter waits. */
	r->end = rc != CURLE_LOGIN_DENIED && rc != CURLE_USE_SSL_FAILED &&
	    c->code == 500 ? HANDOFF_LETTER_REFUSED :
	    HANDOFF_LETTER_LATER;
	explain(r, curl_easy_strerror(rc), c->said);
}

static enum err
take_letter(struct courier *c, const struct handoff_letter *l, int fd)
{
	struct handoff_letter_result r = { .cookie = l->cookie,
		.end = HANDOFF_LETTER_LATER };
	int64_t until_ms = now_mono_ms() + c->relay.timeout_ms;
	uint8_t payload[HANDOFF_TEXT_MAX + 32];
	int error = 0;
	size_t len;
	enum err e;

	if (!wait_connected(fd, until_ms, &error)) {
		r.unreached = true;
		explain(&r, "connecting to the relay", strerror(error));
		close(fd);
	} else {
		c->fd = fd;
		c->text = l->text;
		c->left = l->len;
		c->code = 0;
		c->said[0] = '\0';
		judge(c, speak(c, l->to, (long)MAX(until_ms - now_mono_ms(),
		    1)), &r);
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
	}
	e = handoff_letter_result_encode(&r, payload, sizeof(payload), &len);
	return e == OK ? send_keep(c, HANDOFF_LETTER_RESULT, payload, len) : e;
}

/* ---- frames ---------------------------------------------------------------- */

static enum err
read_authorities(struct courier *c, int fd)
{
	ssize_t n = 1;

	buf_reset(&c->ca);
	while (n > 0) {
		uint8_t *to;

		if (buf_room(&c->ca, 65536) != OK)
			return ERR_LIMIT;
		to = c->ca.data + c->ca.len;
		n = read(fd, to, 65536);
		if (n > 0)
			(void)!buf_reserve(&c->ca, (size_t)n);
	}
	return n < 0 ? ERR_IO : OK;
}

static enum err
take_frame(struct courier *c, struct frame *f)
{
	struct handoff_letter letter;
	enum err e;

	if (f->type == HANDOFF_RELAY) {
		e = handoff_relay_decode(f->payload, f->len, &c->relay);
		c->has_relay = e == OK;
		if (e == OK && f->fd >= 0)
			e = read_authorities(c, f->fd);
		if (f->fd >= 0)
			close(f->fd);
		return e;
	}
	if (f->type != HANDOFF_LETTER || f->fd < 0 || !c->has_relay ||
	    handoff_letter_decode(f->payload, f->len, &letter) != OK) {
		if (f->fd >= 0)
			close(f->fd);
		return ERR_MALFORMED;
	}
	return take_letter(c, &letter, f->fd);
}

static enum err
say_ready(struct courier *c)
{
	struct handoff_ready ready = {
		.version = HANDOFF_VERSION,
		.role = HANDOFF_ROLE_COURIER,
	};
	uint8_t payload[16];
	size_t len;
	enum err e;

	e = handoff_ready_encode(&ready, payload, sizeof(payload), &len);
	return e == OK ? send_keep(c, HANDOFF_READY, payload, len) : e;
}

int
courier_run(int keep)
{
	struct courier c = { .keep = keep, .fd = -1 };
	struct frame f;
	enum err e = ERR_NO_MEMORY;

	frame_in_init(&c.in, HANDOFF_MAIL_MAX);
	frame_out_init(&c.out, QUEUE_MAX);
	buf_init(&c.ca, CA_MAX);
	c.curl = curl_easy_init();
	if (c.curl != NULL)
		e = say_ready(&c);
	while (e == OK) {
		e = frame_wait(&c.in, keep, -1, &f);
		if (e == OK)
			e = take_frame(&c, &f);
	}
	secret_wipe(&c.relay, sizeof(c.relay));
	curl_easy_cleanup(c.curl);
	frame_in_fini(&c.in);
	frame_out_fini(&c.out);
	buf_fini(&c.ca);
	return e == ERR_CLOSED ? 0 : 1;
}
