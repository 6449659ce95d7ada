/*
 * https.c - apid's certificate: read, checked, replaced while it is in use.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "api/https.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/secret.h"

enum {
	CHAIN_MAX = 8,
	CERT_FILE_MAX = 256 << 10,
	LOOK_MS = 5000,
	/* A handshake that has begun with it is over by then. */
	RETIRED_MS = 600000,
};

struct pair {
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned int n_chain;
	gnutls_privkey_t key;
	int64_t retired_ms;		/* 0: in use */
	time_t expires;
};

/* What tells one state of a file from another. */
struct seen {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct https {
	const char *cert_path, *key_path;
	struct seen cert_seen, key_seen;
	int64_t look_ms;
	size_t n_pairs;
	struct pair *pair[HTTPS_KEPT];	/* the last one is in use */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair *current;		/* guarded by lock */

/* ---- one pair ---- */

static void
pair_free(struct pair *p)
{
	if (p == NULL)
		return;
	for (unsigned int i = 0; i < p->n_chain; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key != NULL)
		gnutls_privkey_deinit(p->key);
	free(p);
}

static enum err
read_cert(const char *path, gnutls_datum_t *out, struct fault *fault)
{
	char full[PATH_MAX];
	FILE *f = NULL;
	size_t n;

	if (secret_path(path, full, sizeof(full)) == OK)
		f = fopen(full, "re");
	if (f == NULL) {
		fault_set(fault, path, 0, "cannot open the certificate: %m");
		return ERR_NOT_FOUND;
	}
	out->data = malloc(CERT_FILE_MAX);
	n = out->data == NULL ? 0 : fread(out->data, 1, CERT_FILE_MAX, f);
	fclose(f);
	if (n == 0 || n == CERT_FILE_MAX) {
		fault_set(fault, full, 0, n == 0 ? "is empty" : "is too long");
		free(out->data);
		out->data = NULL;
		return ERR_LIMIT;
	}
	out->size = (unsigned int)n;
	return OK;
}

static int
take_chain(struct pair *p, const gnutls_datum_t *pem)
{
	gnutls_x509_crt_t crt[CHAIN_MAX];
	unsigned int n = CHAIN_MAX;
	int rc = gnutls_x509_crt_list_import(crt, &n, pem,
	    GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED |
	    GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);

	if (rc < 0)
		return rc;
	p->expires = gnutls_x509_crt_get_expiration_time(crt[0]);
	rc = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (rc == 0)
			rc = gnutls_pcert_import_x509(&p->chain[i], crt[i], 0);
		if (rc == 0)
			p->n_chain++;
		gnutls_x509_crt_deinit(crt[i]);
	}
	return rc;
}

/* GnuTLS checks a pair only when it is given to credentials. */
static int
check_pair(const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t c;
	int rc = gnutls_certificate_allocate_credentials(&c);

	if (rc < 0)
		return rc;
	rc = gnutls_certificate_set_x509_key_mem(c, cert, key,
	    GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(c);
	return rc < 0 ? rc : 0;
}

static enum err
pair_load(const struct https *h, struct pair **out, struct fault *fault)
{
	gnutls_datum_t cert = { 0 }, key;
	struct secret secret = { 0 };
	struct pair *p;
	enum err e;
	int rc;

	e = read_cert(h->cert_path, &cert, fault);
	if (e != OK)
		return e;
	e = secret_load(h->key_path, &secret, fault);
	if (e != OK) {
		free(cert.data);
		return e;
	}
	key = (gnutls_datum_t){ .data = secret.data,
	    .size = (unsigned int)secret.len };
	p = calloc(1, sizeof(*p));
	rc = p == NULL ? GNUTLS_E_MEMORY_ERROR : check_pair(&cert, &key);
	if (rc == 0)
		rc = take_chain(p, &cert);
	if (rc == 0)
		rc = gnutls_privkey_init(&p->key);
	if (rc == 0)
		rc = gnutls_privkey_import_x509_raw(p->key, &key,
		    GNUTLS_X509_FMT_PEM, NULL, 0);
	secret_fini(&secret);
	free(cert.data);
	if (rc < 0) {
		fault_set(fault, h->cert_path, 0, "%s (key: %s)",
		    gnutls_strerror(rc), h->key_path);
		pair_free(p);
		return ERR_INVALID;
	}
	*out = p;
	return OK;
}

/* ---- handshakes ---- */

static int
pick(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int n_reqs,
    const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
    gnutls_pcert_st **out_chain, unsigned int *out_n, gnutls_privkey_t *out_key)
{
	(void)session;
	(void)req_ca_rdn;
	(void)n_reqs;
	(void)algorithms;
	(void)n_algorithms;
	pthread_mutex_lock(&lock);
	if (current != NULL) {
		*out_chain = current->chain;
		*out_n = current->n_chain;
		*out_key = current->key;
	} else {
		*out_n = 0;
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

void *
https_callback(void)
{
	gnutls_certificate_retrieve_function2 *fn = pick;
	void *out;

	static_assert(sizeof(fn) == sizeof(out), "POSIX says so");
	memcpy(&out, &fn, sizeof(out));
	return out;
}

/* ---- files that change ---- */

static struct seen
see(const char *path)
{
	struct seen s = { 0 };
	char full[PATH_MAX];
	struct stat st;

	if (secret_path(path, full, sizeof(full)) == OK &&
	    stat(full, &st) == 0) {
		s.dev = st.st_dev;
		s.ino = st.st_ino;
		s.size = st.st_size;
		s.changed = st.st_ctim;
	}
	return s;
}

static bool
same(const struct seen *a, const struct seen *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

static void
use(struct https *h, struct pair *p)
{
	if (h->n_pairs > 0)
		h->pair[h->n_pairs - 1]->retired_ms = now_mono_ms();
	h->pair[h->n_pairs++] = p;
	pthread_mutex_lock(&lock);
	current = p;
	pthread_mutex_unlock(&lock);
}

/* Of those that no handshake can still use, oldest first. */
static void
drop_retired(struct https *h)
{
	size_t n = 0;

	while (n + 1 < h->n_pairs &&
	    now_mono_ms() - h->pair[n]->retired_ms > RETIRED_MS)
		pair_free(h->pair[n++]);
	h->n_pairs -= n;
	memmove(h->pair, h->pair + n, h->n_pairs * sizeof(h->pair[0]));
}

void
https_look(struct https *h, bool now)
{
	struct seen cert, key;
	struct fault fault = { .text = "" };
	struct pair *p = NULL;
	char text[600];
	enum err e;

	if (!now && now_mono_ms() - h->look_ms < LOOK_MS)
		return;
	h->look_ms = now_mono_ms();
	drop_retired(h);
	cert = see(h->cert_path);
	key = see(h->key_path);
	if (!now && same(&cert, &h->cert_seen) && same(&key, &h->key_seen))
		return;
	if (h->n_pairs == HTTPS_KEPT) {
		log_warn("tls.later", "reason=\"%d certificates within ten "
		    "minutes\"", HTTPS_KEPT);
		return;			/* not seen: looked at again */
	}
	h->cert_seen = cert;
	h->key_seen = key;
	e = pair_load(h, &p, &fault);
	if (e == OK && p->expires <= now_wall_ms() / 1000) {
		fault_set(&fault, h->cert_path, 0, "has expired");
		pair_free(p);
		e = ERR_INVALID;
	}
	if (e != OK) {
		log_err("tls.refused", "reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return;
	}
	use(h, p);
	log_info("tls.reloaded", "file=%s expires_s=%lld",
	    LOG_Q(h->cert_path), (long long)(p->expires - now_wall_ms() / 1000));
}

enum err
https_new(const char *cert_path, const char *key_path, const char *priority,
    struct https **out, struct fault *fault)
{
	struct https *h;
	gnutls_priority_t parsed;
	const char *at = priority;
	struct pair *p = NULL;
	enum err e;

	if (gnutls_priority_init(&parsed, priority, &at) < 0) {
		fault_set(fault, "api.tls_priority", 0,
		    "GnuTLS does not understand it from '%.64s' on", at);
		return ERR_CONFIG;
	}
	gnutls_priority_deinit(parsed);
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return ERR_NO_MEMORY;
	h->cert_path = cert_path;
	h->key_path = key_path;
	h->cert_seen = see(cert_path);
	h->key_seen = see(key_path);
	h->look_ms = now_mono_ms();
	e = pair_load(h, &p, fault);
	if (e != OK) {
		free(h);
		return e;
	}
	use(h, p);
	/* At the start there is no better one. */
	if (p->expires <= now_wall_ms() / 1000)
		log_warn("tls.certificate_expired", "file=%s",
		    LOG_Q(cert_path));
	*out = h;
	return OK;
}

void
https_free(struct https *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&lock);
	current = NULL;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < h->n_pairs; i++)
		pair_free(h->pair[i]);
	free(h);
}
