/*
 * worker_tls.c - the process of DNS over TLS.  See worker_tls.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/secret.h"
#include "dnsd/inherit.h"
#include "dnsd/tlsfiles.h"
#include "dnsd/worker_tcp.h"
#include "dnsd/worker_tls.h"

enum {
	TICKET_KEY_BYTES = 80,
	CHAIN_MAX = 10,
	TLS_NICE = 5,
	TLS_DATA_MAX = 64 << 20,	/* bytes beyond those of the start, */
	CHAN_DATA_MAX = 96 << 10,	/* and for each connection */
};

static const char ciphers_12[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL";
static const unsigned char session_context[] = "dot";

struct tls {
	SSL_CTX *ctx;
	struct worker *w;
	struct control_counters *count;
	uint8_t ticket_key[TICKET_KEY_BYTES];
	int64_t ticket_until;		/* now_mono_ms() */
	int cert_fd, key_fd;		/* received so far; -1 */
};

struct chan {
	SSL *ssl;
	struct tls *tls;
	bool opened;			/* handshake done, and counted */
	bool more;			/* read() has something without the socket */
};

static struct tls tls = { .cert_fd = -1, .key_fd = -1 };	/* main's */

/* ---- the certificate ----------------------------------------------------------- */

/* Keys with a passphrase are refused: nobody is there to type it. */
static int
no_passphrase(char *buf UNUSED, int size UNUSED, int writing UNUSED,
    void *arg UNUSED)
{
	return -1;
}

static const char *
ssl_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text == NULL ? "unknown" : text;
}

static bool
chain_use(SSL_CTX *ctx, BIO *in)
{
	X509 *x = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL);
	bool ok = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	for (int i = 0; ok && i < CHAIN_MAX; i++) {
		x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
		if (x == NULL)
			break;
		ok = SSL_CTX_add0_chain_cert(ctx, x) == 1;
		if (!ok)
			X509_free(x);
	}
	if (ok)
		ERR_clear_error();	/* of the end of the file */
	return ok;
}

static bool
key_use(SSL_CTX *ctx, BIO *in)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase,
	    NULL);
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

static int
alpn_choose(SSL *ssl UNUSED, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned len, void *arg UNUSED)
{
	static const unsigned char dot[] = { 3, 'd', 'o', 't' };
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, out_len, dot, sizeof(dot), in,
	    len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool
context_set(struct tls *t, SSL_CTX *ctx)
{
	/* An end without close_notify is one: messages have a length of
	 * their own, and a cut one is not answered. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_IGNORE_UNEXPECTED_EOF |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, alpn_choose, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, session_context,
	    sizeof(session_context) - 1) == 1 &&
	    SSL_CTX_set_tlsext_ticket_keys(ctx, t->ticket_key,
	    sizeof(t->ticket_key)) == 1;
}

static enum err
file_read(int fd, uint8_t *buf, size_t *out_len)
{
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    st.st_size > TLSFILES_MAX)
		return ERR_CONFIG;
	n = pread(fd, buf, (size_t)st.st_size, 0);
	if (n != st.st_size)
		return ERR_IO;
	*out_len = (size_t)n;
	return OK;
}

/* What the two files hold becomes the context of new connections, or nothing
 * changes.  An expired certificate is taken at the start alone: better an
 * old one than none, but none in the place of a good one. */
static enum err
load(struct tls *t, int cert_fd, int key_fd)
{
	static uint8_t cert[TLSFILES_MAX], key[TLSFILES_MAX];
	size_t cert_len = 0, key_len = 0;
	const char *why = NULL;
	SSL_CTX *ctx = NULL;
	BIO *b_cert = NULL, *b_key = NULL;
	X509 *x;

	ERR_clear_error();
	if (file_read(cert_fd, cert, &cert_len) != OK ||
	    file_read(key_fd, key, &key_len) != OK)
		why = "not readable";
	else if ((ctx = SSL_CTX_new(TLS_server_method())) == NULL ||
	    (b_cert = BIO_new_mem_buf(cert, (int)cert_len)) == NULL ||
	    (b_key = BIO_new_mem_buf(key, (int)key_len)) == NULL)
		why = "out of memory";
	else if (!context_set(t, ctx) || !chain_use(ctx, b_cert) ||
	    !key_use(ctx, b_key))
		why = ssl_reason();
	BIO_free(b_cert);
	BIO_free(b_key);
	secret_wipe(key, sizeof(key));
	x = why == NULL ? SSL_CTX_get0_certificate(ctx) : NULL;
	if (x != NULL && X509_cmp_current_time(X509_get0_notAfter(x)) < 0) {
		if (t->ctx != NULL)
			why = "certificate has expired";
		else
			log_warn("tls.certificate_expired", "slot=-");
	}
	if (why != NULL) {
		log_err("tls.refused", "reason=%s", LOG_Q(why));
		SSL_CTX_free(ctx);
		return ERR_CONFIG;
	}
	log_info(t->ctx == NULL ? "tls.loaded" : "tls.reloaded", "bytes=%zu",
	    cert_len);
	SSL_CTX_free(t->ctx);		/* its connections hold it */
	t->ctx = ctx;
	return OK;
}

enum err
worker_tls_load(int cert_fd, int key_fd)
{
	enum err e;

	if (RAND_priv_bytes(tls.ticket_key, sizeof(tls.ticket_key)) != 1)
		return ERR_SYSTEM;
	e = load(&tls, cert_fd, key_fd);
	if (cert_fd >= 0)
		close(cert_fd);
	if (key_fd >= 0)
		close(key_fd);
	return e;
}

static void
say(struct tls *t, char verdict)
{
	if (t->w->tls_control_fd >= 0)
		(void)!send(t->w->tls_control_fd, &verdict, 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Of the supervisor: changed files.  False: it is gone. */
static bool
files_receive(void *arg)
{
	struct tls *t = arg;
	char label[INHERIT_LABEL_MAX];
	enum err e;
	int fd, *to;

	for (int i = 0; i < 4; i++) {
		e = inherit_receive(t->w->tls_control_fd, &fd, label);
		if (e != OK)
			return e == ERR_AGAIN;
		to = strcmp(label, "tls_cert") == 0 ? &t->cert_fd : &t->key_fd;
		if (*to >= 0)
			close(*to);
		*to = fd;
		if (t->cert_fd < 0 || t->key_fd < 0)
			continue;
		e = load(t, t->cert_fd, t->key_fd);
		say(t, e == OK ? TLSFILES_GOOD : TLSFILES_BAD);
		close(t->cert_fd);
		close(t->key_fd);
		t->cert_fd = t->key_fd = -1;
	}
	return true;
}

static void
tick(void *arg, int64_t now_ms)
{
	struct tls *t = arg;

	if (t->ticket_until == 0)
		t->ticket_until = now_ms + WORKER_TLS_TICKET_MS;
	if (now_ms < t->ticket_until)
		return;
	t->ticket_until = now_ms + WORKER_TLS_TICKET_MS;
	if (RAND_priv_bytes(t->ticket_key, sizeof(t->ticket_key)) == 1)
		SSL_CTX_set_tlsext_ticket_keys(t->ctx, t->ticket_key,
		    sizeof(t->ticket_key));
}

/* ---- a connection --------------------------------------------------------------- */

static void *
chan_open(void *arg, int fd)
{
	struct tls *t = arg;
	struct chan *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->tls = t;
	c->ssl = SSL_new(t->ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1) {
		SSL_free(c->ssl);
		free(c);
		return NULL;
	}
	SSL_set_accept_state(c->ssl);
	return c;
}

static void
handshake_count(struct chan *c)
{
	if (c->opened || !SSL_is_init_finished(c->ssl))
		return;
	c->opened = true;
	control_add(c->tls->count, CONTROL_tls_handshakes, 1);
	if (SSL_session_reused(c->ssl))
		control_add(c->tls->count, CONTROL_tls_resumed, 1);
}

static ssize_t
verdict(int error)
{
	switch (error) {
	case SSL_ERROR_WANT_READ:
		return WORKER_TCP_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		return WORKER_TCP_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return WORKER_TCP_EOF;
	default:
		return WORKER_TCP_FAILED;
	}
}

static ssize_t
chan_read(void *chan, uint8_t *buf, size_t max)
{
	struct chan *c = chan;
	size_t got = 0, n;
	int error = SSL_ERROR_NONE;

	ERR_clear_error();
	while (got < max) {
		if (SSL_read_ex(c->ssl, buf + got, max - got, &n) == 1) {
			got += n;
			continue;
		}
		error = SSL_get_error(c->ssl, 0);
		break;
	}
	handshake_count(c);
	/* What is behind the bytes, whether data or an end, has no event. */
	c->more = got > 0 && error != SSL_ERROR_WANT_READ &&
	    (error != SSL_ERROR_NONE || SSL_has_pending(c->ssl));
	return got > 0 ? (ssize_t)got : verdict(error);
}

static ssize_t
chan_write(void *chan, const uint8_t *buf, size_t len)
{
	struct chan *c = chan;
	size_t n;
	ssize_t v;

	ERR_clear_error();
	if (SSL_write_ex(c->ssl, buf, len, &n) == 1)
		return (ssize_t)n;
	v = verdict(SSL_get_error(c->ssl, 0));
	return v == WORKER_TCP_WANT_WRITE ? WORKER_TCP_AGAIN : v;
}

static bool
chan_opened(const void *chan)
{
	return ((const struct chan *)chan)->opened;
}

static bool
chan_pending(const void *chan)
{
	return ((const struct chan *)chan)->more;
}

static void
chan_end(void *chan)
{
	struct chan *c = chan;

	ERR_clear_error();
	if (c->opened)
		(void)SSL_shutdown(c->ssl);
}

static void
chan_close(void *chan)
{
	struct chan *c = chan;

	if (!c->opened)
		control_add(c->tls->count, CONTROL_tls_handshakes_failed, 1);
	ERR_clear_error();
	SSL_free(c->ssl);
	free(c);
}

int
worker_tls_run(struct worker *w)
{
	const struct worker_tcp_channel ch = {
		.transport = ANSWER_TLS,
		.arg = &tls,
		.clients_max = w->tls_clients_max,
		.clients_per_ip_max = w->tcp_clients_per_ip_max,
		.open_ms = w->tls_handshake_ms,
		.data_bytes = TLS_DATA_MAX +
		    (uint64_t)w->tls_clients_max * CHAN_DATA_MAX,
		.open = chan_open,
		.read = chan_read,
		.write = chan_write,
		.opened = chan_opened,
		.pending = chan_pending,
		.end = chan_end,
		.close = chan_close,
		.extra_fd = w->tls_control_fd,
		.extra = files_receive,
		.tick = tick,
	};

	/* Handshakes are dear, and a flood of them waits behind datagrams. */
	(void)!nice(TLS_NICE);
	tls.w = w;
	tls.count = &w->control->counters[w->slot];
	say(&tls, TLSFILES_GOOD);
	return worker_tcp_serve(w, &ch);
}
