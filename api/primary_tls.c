/*
 * primary_tls.c - see primary_tls.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "api/app.h"
#include "api/auth.h"
#include "api/lookup.h"
#include "api/primary_tls.h"
#include "api/show.h"
#include "api/sql.h"

static const char PREFIX[] = "sha256/";
static const char KEY_KIND[] = "tls-client-key";

struct tls_in {
	struct body_str name, verify, ca, client_certificate, client_key;
	struct body_list pins;
};

#define FIELD(member, type, flags, min, max) \
	{ #member, type, flags, min, max, offsetof(struct tls_in, member) }

static const struct body_field fields[] = {
	FIELD(name, BODY_STR, BODY_NULL, 1, 254),
	FIELD(verify, BODY_STR, BODY_OPT, 1, 8),
	FIELD(pins, BODY_LIST, BODY_NULL, 0, PRIMARY_TLS_PINS),
	FIELD(ca, BODY_STR, BODY_NULL, 1, PRIMARY_TLS_CA),
	FIELD(client_certificate, BODY_STR, BODY_NULL, 1,
	    PRIMARY_TLS_CERTIFICATE),
	FIELD(client_key, BODY_STR, BODY_OPT, 1, SEAL_LONG_MAX),
};

static void
fault(struct req *r, const char *pointer, const char *key, const char *code,
    const char *message)
{
	char sub[FAULT_POINTER_MAX];

	body_pointer(sub, sizeof(sub), pointer, key);
	body_fault_add(&r->faults, sub, code, "%s", message);
}

void
primary_tls_defaults(struct primary_tls *t)
{
	memset(t, 0, sizeof(*t));
	t->verify = "pkix";
}

static const char *
verify_of(const char *text)
{
	static const char *const choices[] = { "pkix", "pin", "both" };

	for (size_t i = 0; i < COUNT_OF(choices); i++)
		if (strcmp(text, choices[i]) == 0)
			return choices[i];
	return NULL;
}

enum err
primary_tls_load(struct db *db, struct req *r, const uint8_t *id,
    struct primary_tls *t)
{
	struct db_rows *rows = NULL;
	const uint8_t *pins;
	const char *verify;
	enum err e;

	primary_tls_defaults(t);
	e = db_exec(db, SQL_STMT(primary_tls_get), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) > 0) {
		snprintf(t->name, sizeof(t->name), "%s",
		    db_get_text_or(rows, 0, 0, ""));
		verify = verify_of(db_get_text(rows, 0, 1));
		t->verify = verify == NULL ? "pkix" : verify;
		pins = db_get_bytes(rows, 0, 2, &t->pins_len);
		t->pins_len = MIN(t->pins_len, sizeof(t->pins));
		memcpy(t->pins, pins, t->pins_len);
		snprintf(t->ca, sizeof(t->ca), "%s",
		    db_get_text_or(rows, 0, 3, ""));
		t->has_key = db_get_bool(rows, 0, 4);
	}
	db_rows_free(rows);
	return OK;
}

/* ---- the fields -------------------------------------------------------- */

static void
apply_name(struct req *r, const struct body_str *in, const char *pointer,
    struct primary_tls *t)
{
	struct lookup_name name;
	bool good;

	t->name[0] = '\0';
	if (in->null)
		return;
	good = lookup_name_parse(in->s, in->len, &name) == OK &&
	    name.len > 1 && strlen(name.text) < sizeof(t->name);
	for (const char *c = name.text; good && *c != '\0'; c++)
		good = isalnum((unsigned char)*c) || *c == '-' || *c == '_' ||
		    *c == '.';
	if (good)
		memcpy(t->name, name.text, strlen(name.text) + 1);
	else
		fault(r, pointer, "name", "name",
		    "must be the host name in the primary's certificate");
}

static bool
take_pin(const char *text, uint8_t out[PRIMARY_TLS_PIN])
{
	size_t len;

	if (text == NULL)
		return false;
	if (strncmp(text, PREFIX, sizeof(PREFIX) - 1) == 0)
		text += sizeof(PREFIX) - 1;
	return auth_base64_parse(text, strlen(text), out, PRIMARY_TLS_PIN,
	    &len) == OK && len == PRIMARY_TLS_PIN;
}

static void
apply_pins(struct req *r, const struct body_list *in, const char *pointer,
    struct primary_tls *t)
{
	char sub[FAULT_POINTER_MAX], at[FAULT_POINTER_MAX];

	body_pointer(sub, sizeof(sub), pointer, "pins");
	t->pins_len = 0;
	for (size_t i = 0; !in->null && i < in->n &&
	    i < PRIMARY_TLS_PINS; i++) {
		if (take_pin(body_string(body_at(in->node, i)),
		    t->pins + t->pins_len)) {
			t->pins_len += PRIMARY_TLS_PIN;
			continue;
		}
		body_pointer_at(at, sizeof(at), sub, i);
		body_fault_add(&r->faults, at, "pin", "must be sha256/ and "
		    "the base64 of a SHA-256 of the certificate's public key");
	}
}

/* How many certificates a PEM text holds; -1 when it holds something else. */
static int
count_certificates(const char *pem, X509 **out_first)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;
	int n = 0;

	while (bio != NULL && (cert = PEM_read_bio_X509(bio, NULL, NULL,
	    (void *)"")) != NULL) {
		if (n++ == 0 && out_first != NULL)
			*out_first = cert;
		else
			X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}

static void
apply_ca(struct req *r, const struct body_str *in, const char *pointer,
    struct primary_tls *t)
{
	t->ca[0] = '\0';
	if (in->null)
		return;
	if (count_certificates(in->s, NULL) == 0)
		fault(r, pointer, "ca", "pem",
		    "must be one or more certificates in PEM");
	else
		snprintf(t->ca, sizeof(t->ca), "%s", in->s);
}

static bool
key_fits(const char *key, X509 *cert)
{
	BIO *bio = BIO_new_mem_buf(key, -1);
	/* The empty passphrase: a key that has one is refused. */
	EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio,
	    NULL, NULL, (void *)"");
	bool fits = pkey != NULL && X509_check_private_key(cert, pkey) == 1;

	EVP_PKEY_free(pkey);
	BIO_free(bio);
	ERR_clear_error();
	return fits;
}

static enum err
seal_key(struct req *r, const struct body_str *key, struct primary_tls *t)
{
	struct seal_context ctx = { r->who.tenant_id, t->key_id, KEY_KIND };

	if (!r->app->has_seal)
		return ERR_CONFIG;
	auth_random(t->key_id, sizeof(t->key_id));
	t->key_id[6] = (uint8_t)(0x40 | (t->key_id[6] & 0x0f));
	t->key_id[8] = (uint8_t)(0x80 | (t->key_id[8] & 0x3f));
	return seal_close_long(&r->app->seal, &ctx, (const uint8_t *)key->s,
	    key->len, t->sealed, sizeof(t->sealed), &t->sealed_len);
}

static enum err
apply_client(struct req *r, const struct tls_in *in, const char *pointer,
    struct primary_tls *t)
{
	const struct body_str *cert = &in->client_certificate;
	X509 *first = NULL;
	enum err e = OK;

	if (!cert->set && !in->client_key.set)
		return OK;
	if (!cert->set || (!cert->null && !in->client_key.set) ||
	    (cert->null && in->client_key.set)) {
		fault(r, pointer, cert->set && !cert->null ? "client_key" :
		    "client_certificate", "together",
		    "client_certificate and client_key are set together");
		return OK;
	}
	t->set_key = true;
	t->has_key = !cert->null;
	t->certificate[0] = '\0';
	if (cert->null)
		return OK;
	if (count_certificates(cert->s, &first) == 0)
		fault(r, pointer, "client_certificate", "pem",
		    "must be a certificate in PEM, and its chain");
	else if (!key_fits(in->client_key.s, first))
		fault(r, pointer, "client_key", "pem",
		    "must be the certificate's private key in PEM, without a "
		    "passphrase");
	else
		e = seal_key(r, &in->client_key, t);
	X509_free(first);
	snprintf(t->certificate, sizeof(t->certificate), "%s", cert->s);
	return e;
}

static void
apply_verify(struct req *r, const struct tls_in *in, const char *pointer,
    struct primary_tls *t)
{
	const char *verify = NULL;

	if (in->verify.set) {
		verify = verify_of(in->verify.s);
		if (verify == NULL)
			fault(r, pointer, "verify", "choice",
			    "must be pkix, pin or both");
		else
			t->verify = verify;
	} else if (in->pins.set) {
		/* Who gives pins means them; who takes them away, too. */
		if (t->pins_len == 0)
			t->verify = "pkix";
		else if (strcmp(t->verify, "pkix") == 0)
			t->verify = "pin";
	}
	if (r->faults.n > 0)
		return;
	if (strcmp(t->verify, "pkix") != 0 && t->pins_len == 0)
		fault(r, pointer, "pins", "required",
		    "verify by pin needs a pin");
	if (strcmp(t->verify, "pkix") == 0 && t->pins_len > 0)
		fault(r, pointer, "verify", "pins",
		    "with pins it is pin or both");
}

enum err
primary_tls_apply(struct req *r, const struct body_any *in,
    const char *pointer, struct primary_tls *t)
{
	struct tls_in f;

	if (in->null) {
		primary_tls_defaults(t);
		t->set_key = true;
		return OK;
	}
	memset(&f, 0, sizeof(f));
	body_read(in->node, pointer, fields, COUNT_OF(fields), &f, &r->faults);
	if (f.name.set)
		apply_name(r, &f.name, pointer, t);
	if (f.pins.set)
		apply_pins(r, &f.pins, pointer, t);
	if (f.ca.set)
		apply_ca(r, &f.ca, pointer, t);
	apply_verify(r, &f, pointer, t);
	return apply_client(r, &f, pointer, t);
}

/* ---- stored and shown -------------------------------------------------- */

static struct db_param
text_or_null(const char *text)
{
	return db_text(text[0] == '\0' ? NULL : text);
}

enum err
primary_tls_store(struct db *db, struct req *r, const uint8_t *id,
    const struct primary_tls *t)
{
	bool cert = t->certificate[0] != '\0';
	enum err e;

	e = db_exec(db, SQL_STMT(primary_tls_put), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id), text_or_null(t->name),
	    db_text(t->verify), db_bytes(t->pins, t->pins_len),
	    text_or_null(t->ca)), NULL);
	if (e != OK || !t->set_key)
		return e;
	return db_exec(db, SQL_STMT(primary_tls_key), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id),
	    text_or_null(t->certificate), db_uuid(cert ? t->key_id : NULL),
	    cert ? db_bytes(t->sealed, t->sealed_len) : db_text(NULL)), NULL);
}

enum err
primary_tls_clear(struct db *db, struct req *r, const uint8_t *id)
{
	return db_exec(db, SQL_STMT(primary_tls_delete), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), NULL);
}

void
primary_tls_print(struct jw *w, struct db_rows *rows, size_t row, int col,
    bool pem)
{
	char text[sizeof(PREFIX) + 48];
	const uint8_t *pins = NULL;
	size_t len = 0;

	jw_begin_object(w, "tls");
	show_text(w, "name", rows, row, col);
	jw_str(w, "verify", db_get_text_or(rows, row, col + 1, "pkix"));
	if (!db_is_null(rows, row, col + 2))
		pins = db_get_bytes(rows, row, col + 2, &len);
	jw_begin_list(w, "pins");
	memcpy(text, PREFIX, sizeof(PREFIX));
	for (size_t i = 0; i + PRIMARY_TLS_PIN <= len; i += PRIMARY_TLS_PIN) {
		auth_base64(pins + i, PRIMARY_TLS_PIN, text + sizeof(PREFIX) -
		    1, sizeof(text) - sizeof(PREFIX));
		jw_str(w, NULL, text);
	}
	jw_end_list(w);
	jw_bool(w, "has_client_key", !db_is_null(rows, row, col + 3) &&
	    db_get_bool(rows, row, col + 3));
	if (pem) {
		show_text(w, "ca", rows, row, col + 4);
		show_text(w, "client_certificate", rows, row, col + 5);
	}
	jw_end_object(w);
}
