/*
 * tls.c - see tls.h.
 *
 * The certificate is judged in one place, on_chain(), which OpenSSL calls in
 * the middle of the handshake: when it says no, an alert goes out and nothing
 * else.  What it saw is kept, so that the failure can be told with names and
 * dates.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/sock.h"
#include "xferd/tls.h"

enum {
	CERTS_MAX = 64 * 1024,
	DEPTH_MAX = 8,
	CA_FILE_MAX = 8 << 20,
	NAMES_SHOWN = 4,
	NAMES_MAX = 120,		/* characters */
};

static const uint8_t DOT[] = { 3, 'd', 'o', 't' };	/* RFC 7858, 9103 */

struct tls {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	int fd;
	bool pkix;
	bool has_certificate;		/* of ours */
	uint8_t n_pins;
	uint8_t pins[HANDOFF_PINS_MAX][HANDOFF_PIN];
	char wanted[HANDOFF_HOST_MAX + 1];	/* name or address, for people */
	bool has_pin;
	uint8_t pin[HANDOFF_PIN];	/* of what was shown */
	bool up;
	bool asked;			/* for a certificate of ours */
	bool heard;			/* anything behind the handshake */
	struct tls_why *why;
};

static enum err PRINTF_LIKE(3, 4)
fail(struct tls_why *why, enum handoff_reason reason, const char *fmt, ...)
{
	va_list ap;

	if (why->reason != HANDOFF_OK)
		return ERR_CLOSED;	/* the first one says most */
	why->reason = reason;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	for (char *c = why->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return ERR_CLOSED;
}

/* ---- octets ------------------------------------------------------------ */

static int
bio_write(BIO *bio, const char *p, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n = send(t->fd, p, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return n < 0 ? -1 : (int)n;
}

static int
bio_read(BIO *bio, char *p, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n = recv(t->fd, p, (size_t)len, MSG_DONTWAIT);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	if (n == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return n < 0 ? -1 : (int)n;
}

static long
bio_ctrl(BIO *bio, int cmd, long arg UNUSED, void *ptr UNUSED)
{
	if (cmd == BIO_CTRL_FLUSH)
		return 1;
	if (cmd == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return 0;
}

static bool
make_bio(struct tls *t)
{
	BIO *bio;

	t->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "socket");
	if (t->method == NULL || BIO_meth_set_write(t->method, bio_write) != 1
	    || BIO_meth_set_read(t->method, bio_read) != 1 ||
	    BIO_meth_set_ctrl(t->method, bio_ctrl) != 1)
		return false;
	bio = BIO_new(t->method);
	if (bio == NULL)
		return false;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}

/* ---- what is shown ----------------------------------------------------- */

static bool
pin_of(X509 *cert, uint8_t out[HANDOFF_PIN])
{
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, NULL,
	    EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

static bool
is_pinned(const struct tls *t, const uint8_t pin[HANDOFF_PIN])
{
	for (unsigned i = 0; i < t->n_pins; i++)
		if (memcmp(t->pins[i], pin, HANDOFF_PIN) == 0)
			return true;
	return false;
}

static void
print_pin(const uint8_t pin[HANDOFF_PIN], char out[64])
{
	EVP_EncodeBlock((uint8_t *)out, pin, HANDOFF_PIN);
}

static void
print_date(const ASN1_TIME *time, char *out, size_t size)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		snprintf(out, size, "an unreadable date");
	else
		snprintf(out, size, "%04d-%02d-%02d %02d:%02d UTC",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min);
}

static void
add_name(char *out, size_t *len, const char *name, size_t name_len)
{
	int n;

	if (*len >= NAMES_MAX)
		return;
	n = snprintf(out + *len, NAMES_MAX - *len, "%s%.*s", *len == 0 ? "" :
	    ", ", (int)name_len, name);
	if (n > 0)
		*len = MIN(*len + (size_t)n, (size_t)NAMES_MAX);
}

static void
add_address(char *out, size_t *len, const uint8_t *ip, size_t ip_len)
{
	struct sock_addr a = { .family = ip_len == 4 ? 4 : 6 };
	char text[SOCK_TEXT_MAX];

	if (ip_len != 4 && ip_len != 16)
		return;
	memcpy(a.ip, ip, ip_len);
	sock_ip_print(&a, text);
	add_name(out, len, text, strlen(text));
}

/* The names and addresses that the certificate is for. */
static void
print_names(X509 *cert, char out[NAMES_MAX])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	int n = names == NULL ? 0 : sk_GENERAL_NAME_num(names);
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < n && i < NAMES_SHOWN; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			add_name(out, &len, (const char *)
			    ASN1_STRING_get0_data(name->d.dNSName),
			    (size_t)ASN1_STRING_length(name->d.dNSName));
		else if (name->type == GEN_IPADD)
			add_address(out, &len,
			    ASN1_STRING_get0_data(name->d.iPAddress),
			    (size_t)ASN1_STRING_length(name->d.iPAddress));
	}
	if (n > NAMES_SHOWN)
		add_name(out, &len, "...", 3);
	if (len == 0)
		add_name(out, &len, "no name at all", 14);
	GENERAL_NAMES_free(names);
}

/* ---- the certificate is judged ----------------------------------------- */

static void
chain_failed(struct tls *t, X509 *cert, int error, int depth)
{
	char names[NAMES_MAX], date[80];
	X509 *shown = cert;

	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		print_date(X509_get0_notAfter(shown), date, sizeof(date));
		fail(t->why, HANDOFF_TLS_DATE, "certificate %d of the chain "
		    "expired; the primary's own on %s", depth, date);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		print_date(X509_get0_notBefore(shown), date, sizeof(date));
		fail(t->why, HANDOFF_TLS_DATE, "certificate %d of the chain is "
		    "not valid yet; the primary's own from %s", depth, date);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		print_names(cert, names);
		fail(t->why, HANDOFF_TLS_NAME, "the certificate is for %s, "
		    "not for %.80s", names, t->wanted);
		break;
	default:
		fail(t->why, HANDOFF_TLS_CERTIFICATE, "%s (certificate %d of "
		    "the chain)", X509_verify_cert_error_string(error),
		    depth);
		break;
	}
}

/* Is one of the pins in the verified chain, or the certificate's own? */
static bool
has_pinned(const struct tls *t, X509_STORE_CTX *x)
{
	STACK_OF(X509) *chain = t->pkix ? X509_STORE_CTX_get0_chain(x) : NULL;
	uint8_t pin[HANDOFF_PIN];

	if (t->has_pin && is_pinned(t, t->pin))
		return true;
	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++)
		if (pin_of(sk_X509_value(chain, i), pin) && is_pinned(t, pin))
			return true;
	return false;
}

static int
on_chain(X509_STORE_CTX *x, void *arg)
{
	X509 *cert = X509_STORE_CTX_get0_cert(x);
	struct tls *t = arg;
	char pin[64];

	t->has_pin = cert != NULL && pin_of(cert, t->pin);
	if (!t->has_pin) {
		X509_STORE_CTX_set_error(x, X509_V_ERR_UNSPECIFIED);
		fail(t->why, HANDOFF_TLS_CERTIFICATE,
		    "it cannot be read");
		return 0;
	}
	if (t->pkix && X509_verify_cert(x) != 1) {
		chain_failed(t, cert, X509_STORE_CTX_get_error(x),
		    X509_STORE_CTX_get_error_depth(x));
		return 0;
	}
	if (t->n_pins > 0 && !has_pinned(t, x)) {
		print_pin(t->pin, pin);
		X509_STORE_CTX_set_error(x,
		    X509_V_ERR_APPLICATION_VERIFICATION);
		fail(t->why, HANDOFF_TLS_PIN, "the key shown is sha256/%s, "
		    "which is none of the %u pins", pin, t->n_pins);
		return 0;
	}
	X509_STORE_CTX_set_error(x, X509_V_OK);
	return 1;
}

/* ---- making it --------------------------------------------------------- */

/* Keys with a passphrase are refused: nobody is there to type it. */
static int
no_passphrase(char *buf UNUSED, int size UNUSED, int writing UNUSED,
    void *arg UNUSED)
{
	return -1;
}

/* All certificates of a PEM text go into the store.  Returns how many. */
static int
load_authorities(X509_STORE *store, const void *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *cert;
	int n = 0;

	if (bio == NULL)
		return 0;
	while ((cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) !=
	    NULL) {
		n += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	ERR_clear_error();		/* "no start line" is the end */
	BIO_free(bio);
	return n;
}

/* By read(): behind the fences no file is mapped. */
static uint8_t *
read_file(int fd, size_t *out_len)
{
	struct stat st;
	uint8_t *p;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st) != 0 || st.st_size <= 0 ||
	    st.st_size > CA_FILE_MAX)
		return NULL;
	p = malloc((size_t)st.st_size);
	if (p == NULL)
		return NULL;
	while (len < (size_t)st.st_size && (n = read(fd, p + len,
	    (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	*out_len = len;
	return p;
}

static enum err
use_authorities(struct tls *t, const struct handoff_fetch_tls *p, int ca_fd)
{
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
	size_t len;
	uint8_t *pem;
	int n;

	if (!p->pkix)
		return OK;
	if (p->ca_len > 0) {
		if (load_authorities(store, p->ca, p->ca_len) > 0)
			return OK;
		return fail(t->why, HANDOFF_TLS_SETUP, "the authorities (ca) "
		    "of this primary hold no certificate that can be read");
	}
	if (ca_fd < 0)
		return fail(t->why, HANDOFF_TLS_SETUP, "our list of "
		    "certificate authorities is not there");
	pem = read_file(ca_fd, &len);
	if (pem == NULL)
		return fail(t->why, HANDOFF_TLS_SETUP, "our list of "
		    "certificate authorities cannot be read");
	n = load_authorities(store, pem, len);
	free(pem);
	return n > 0 ? OK : fail(t->why, HANDOFF_TLS_SETUP, "our list of "
	    "certificate authorities is empty");
}

static bool
use_certificate(struct tls *t, const struct handoff_fetch_tls *p)
{
	BIO *bio = BIO_new_mem_buf(p->certificate, p->certificate_len);
	X509 *cert = NULL;
	bool ok;

	if (bio == NULL)
		return false;
	cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	ok = cert != NULL && SSL_CTX_use_certificate(t->ctx, cert) == 1;
	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase,
	    NULL)) != NULL)
		if (SSL_CTX_add_extra_chain_cert(t->ctx, cert) != 1) {
			X509_free(cert);
			ok = false;
		}
	BIO_free(bio);
	return ok;
}

static bool
use_key(struct tls *t, const struct handoff_fetch_tls *p)
{
	BIO *bio = BIO_new_mem_buf(p->key, p->key_len);
	EVP_PKEY *key = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(t->ctx, key) == 1 &&
	    SSL_CTX_check_private_key(t->ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

/* Never without it when there should be one.  T-155 */
static enum err
use_identity(struct tls *t, const struct handoff_fetch_tls *p)
{
	if (p->certificate_len == 0)
		return OK;
	if (!use_certificate(t, p))
		return fail(t->why, HANDOFF_TLS_SETUP, "our client "
		    "certificate for this primary cannot be read");
	if (!use_key(t, p))
		return fail(t->why, HANDOFF_TLS_SETUP, "the key of our client "
		    "certificate cannot be read, or is another one's");
	t->has_certificate = true;
	return OK;
}

/* Called when the primary asks for a certificate, whether there is one. */
static int
on_asked(SSL *ssl UNUSED, void *arg)
{
	((struct tls *)arg)->asked = true;
	return 1;
}

static bool
make_context(struct tls *t)
{
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->ctx == NULL ||
	    SSL_CTX_set_min_proto_version(t->ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(t->ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(t->ctx, DOT, sizeof(DOT)) != 0)
		return false;
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_TICKET |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(t->ctx, CERTS_MAX);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(t->ctx, DEPTH_MAX);
	SSL_CTX_set_cert_verify_callback(t->ctx, on_chain, t);
	SSL_CTX_set_cert_cb(t->ctx, on_asked, t);
	SSL_CTX_set_read_ahead(t->ctx, 1);
	return true;
}

static bool
make_session(struct tls *t, const struct handoff_fetch_tls *p)
{
	size_t ip_len = p->address.family == 4 ? 4 : 16;
	X509_VERIFY_PARAM *param;

	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL || !make_bio(t))
		return false;
	SSL_set_connect_state(t->ssl);
	param = SSL_get0_param(t->ssl);
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (p->name_len > 0) {
		memcpy(t->wanted, p->name, p->name_len);
		return SSL_set_tlsext_host_name(t->ssl, t->wanted) == 1 &&
		    X509_VERIFY_PARAM_set1_host(param, t->wanted, 0) == 1;
	}
	sock_ip_print(&p->address, t->wanted);
	return X509_VERIFY_PARAM_set1_ip(param, p->address.ip, ip_len) == 1;
}

enum err
tls_new(const struct handoff_fetch_tls *profile, int ca_fd, int fd,
    struct tls_why *why, struct tls **out)
{
	struct tls *t = calloc(1, sizeof(*t));
	enum err e = OK;

	*why = (struct tls_why){ .reason = HANDOFF_OK };
	if (t == NULL)
		return fail(why, HANDOFF_INTERNAL, "no memory");
	t->fd = fd;
	t->why = why;
	t->pkix = profile->pkix;
	t->n_pins = profile->n_pins;
	memcpy(t->pins, profile->pins, sizeof(t->pins));
	if (!make_context(t))
		e = fail(why, HANDOFF_INTERNAL, "TLS cannot be set up");
	if (e == OK)
		e = use_authorities(t, profile, ca_fd);
	if (e == OK)
		e = use_identity(t, profile);
	if (e == OK && !make_session(t, profile))
		e = fail(why, HANDOFF_INTERNAL, "TLS cannot be set up");
	if (e != OK) {
		tls_free(t);
		return e;
	}
	*out = t;
	return OK;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	free(t);
}

void
tls_warm_up(void)
{
	SSL_CTX *ctx;

	OPENSSL_init_ssl(0, NULL);
	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_free(ctx);
	ERR_clear_error();
}

/* ---- going on ---------------------------------------------------------- */

/* Alerts that are about the certificate that we show, or do not show. */
static bool
is_about_ours(int reason)
{
	switch (reason) {
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
		return true;
	default:
		return false;
	}
}

static enum err
say_error(struct tls *t)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);
	const char *text = ERR_reason_error_string(code);

	ERR_clear_error();
	if (ERR_SYSTEM_ERROR(code) || code == 0 ||
	    reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		if (t->up)
			return ERR_CLOSED;	/* as on any connection */
		return fail(t->why, HANDOFF_TLS_FAILED, "it closed the "
		    "connection during the handshake");
	}
	if (is_about_ours(reason))
		return fail(t->why, HANDOFF_TLS_CLIENT, "%s%s",
		    t->has_certificate ? "" : "no client certificate is "
		    "configured here; ", text);
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return fail(t->why, HANDOFF_TLS_VERSION, "%s", text);
	case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
	case SSL_R_BAD_EXTENSION:
		return fail(t->why, HANDOFF_TLS_ALPN, "%s", text);
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		return fail(t->why, HANDOFF_TLS_FAILED, "what it sends is not "
		    "TLS");
	default:
		return fail(t->why, HANDOFF_TLS_FAILED, "%s",
		    text == NULL ? "it broke" : text);
	}
}

/* OK for "again": *out_events is set. */
static enum err
judge(struct tls *t, int result, short *out_events)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*out_events = POLLIN;
		return OK;
	case SSL_ERROR_WANT_WRITE:
		*out_events = POLLOUT;
		return OK;
	case SSL_ERROR_ZERO_RETURN:
		if (t->up)
			return ERR_CLOSED;
		return fail(t->why, HANDOFF_TLS_FAILED, "it closed the "
		    "connection during the handshake");
	default:
		return say_error(t);
	}
}

/* T-151: offered is not enough. */
static enum err
check_alpn(struct tls *t)
{
	const uint8_t *name = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(t->ssl, &name, &len);
	if (len == sizeof(DOT) - 1 && memcmp(name, DOT + 1, len) == 0)
		return OK;
	return fail(t->why, HANDOFF_TLS_ALPN, len == 0 ?
	    "it selected no application protocol" :
	    "it selected another application protocol");
}

enum err
tls_shake(struct tls *t, short *out_events)
{
	enum err e;
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	if (r != 1) {
		e = judge(t, r, out_events);
		return e == OK ? ERR_AGAIN : e;
	}
	if (SSL_version(t->ssl) != TLS1_3_VERSION)
		return fail(t->why, HANDOFF_TLS_VERSION, "%s",
		    SSL_get_version(t->ssl));
	e = check_alpn(t);
	if (e == OK)
		t->up = true;
	return e;
}

/*
 * In TLS 1.3 our certificate is judged behind the handshake, and some servers
 * (BIND 9.18) just close when they do not like it.
 */
static enum err
closed(struct tls *t)
{
	if (!t->asked || t->heard)
		return ERR_CLOSED;
	return fail(t->why, HANDOFF_TLS_CLIENT, t->has_certificate ?
	    "it closed the connection when it had seen our certificate" :
	    "it asked for a client certificate, and no client certificate is "
	    "configured here");
}

enum err
tls_read(struct tls *t, uint8_t *out, size_t max, size_t *out_n)
{
	size_t all = 0;
	enum err e = OK;

	while (all < max) {
		size_t n = 0;
		short events;
		int r;

		ERR_clear_error();
		r = SSL_read_ex(t->ssl, out + all, max - all, &n);
		if (r == 1) {
			all += n;
			continue;
		}
		e = judge(t, r, &events);
		break;
	}
	if (all > 0) {
		*out_n = all;
		t->heard = true;
		return OK;		/* an end is told the next time */
	}
	if (e == ERR_CLOSED && t->why->reason == HANDOFF_OK)
		return closed(t);
	return e == OK ? ERR_AGAIN : e;
}

enum err
tls_write(struct tls *t, const uint8_t *p, size_t len, size_t *out_n)
{
	short events;
	enum err e;
	int r;

	ERR_clear_error();
	r = SSL_write_ex(t->ssl, p, len, out_n);
	if (r == 1)
		return OK;
	e = judge(t, r, &events);
	return e == OK ? ERR_AGAIN : e;
}

void
tls_facts(const struct tls *t, struct handoff_tls *out)
{
	const char *cipher = SSL_get_cipher_name(t->ssl);

	*out = (struct handoff_tls){ .set = true, .has_pin = t->has_pin };
	memcpy(out->pin, t->pin, HANDOFF_PIN);
	if (SSL_get_current_cipher(t->ssl) == NULL)
		return;
	snprintf(out->version, sizeof(out->version), "%s",
	    SSL_get_version(t->ssl));
	snprintf(out->cipher, sizeof(out->cipher), "%s", cipher);
}
