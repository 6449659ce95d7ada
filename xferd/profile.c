/*
 * profile.c - see profile.h.
 */
#include "xferd/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/secret.h"
#include "xferd/keyring.h"

enum { PINS_SHOWN = 3 };

static const char KEY_KIND[] = "tls-client-key";

static void
digest_text(struct digest_run *run, const void *bytes, size_t len)
{
	uint64_t n = len;

	digest_add(run, &n, sizeof(n));
	if (len > 0)
		digest_add(run, bytes, len);
}

static void
make_digest(struct profile *p)
{
	struct digest_run run;

	digest_begin(&run);
	digest_add(&run, &p->pkix, sizeof(p->pkix));
	digest_text(&run, p->tls.name, p->tls.name_len);
	digest_text(&run, p->tls.pins, (size_t)p->tls.n_pins * HANDOFF_PIN);
	digest_text(&run, p->tls.ca, p->tls.ca_len);
	digest_text(&run, p->tls.certificate, p->tls.certificate_len);
	digest_text(&run, p->key_id, sizeof(p->key_id));
	digest_text(&run, p->sealed, p->sealed_len);
	digest_end(&run, &p->digest);
}

static size_t
length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

/* ca and certificate, one behind the other. */
static bool
copy_texts(struct profile *p, const struct profile_row *row)
{
	size_t ca = length(row->ca), cert = length(row->certificate);

	if (ca > HANDOFF_CA_MAX || cert > HANDOFF_CERTIFICATE_MAX)
		return false;
	p->text = malloc(ca + cert + 1);
	if (p->text == NULL)
		return false;
	if (ca > 0)
		memcpy(p->text, row->ca, ca);
	if (cert > 0)
		memcpy(p->text + ca, row->certificate, cert);
	p->own_ca = ca > 0;
	p->tls.ca = p->text;
	p->tls.ca_len = (uint16_t)ca;
	p->tls.certificate = p->text + ca;
	p->tls.certificate_len = (uint16_t)cert;
	return true;
}

static bool
copy_sealed(struct profile *p, const struct profile_row *row)
{
	if (p->tls.certificate_len == 0)
		return true;
	p->sealed = malloc(row->sealed_len + 1);
	if (p->sealed == NULL)
		return false;
	memcpy(p->sealed, row->sealed, row->sealed_len);
	p->sealed_len = row->sealed_len;
	memcpy(p->key_id, row->key_id, sizeof(p->key_id));
	return true;
}

struct profile *
profile_new(const struct profile_row *row)
{
	struct profile *p = calloc(1, sizeof(*p));
	size_t name = length(row->name);
	bool ok = p != NULL && name <= HANDOFF_HOST_MAX &&
	    row->pins_len <= sizeof(p->tls.pins) &&
	    row->pins_len % HANDOFF_PIN == 0;

	if (ok) {
		p->pkix = row->verify == NULL ||
		    strcmp(row->verify, "pin") != 0;
		p->tls.pkix = p->pkix;
		p->tls.name_len = (uint8_t)name;
		if (name > 0)
			memcpy(p->tls.name, row->name, name);
		p->tls.n_pins = (uint8_t)(row->pins_len / HANDOFF_PIN);
		if (row->pins_len > 0)
			memcpy(p->tls.pins, row->pins, row->pins_len);
		ok = copy_texts(p, row) && copy_sealed(p, row);
	}
	if (!ok) {
		profile_free(p);
		return NULL;
	}
	make_digest(p);
	return p;
}

void
profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	free(p->text);
	free(p->sealed);
	free(p);
}

enum err
profile_encode(const struct profile *p, const struct keyring *keys,
    const uint8_t tenant[16], const struct sock_addr *address, uint8_t *out,
    size_t *out_len)
{
	struct handoff_fetch_tls tls = p->tls;
	uint8_t key[HANDOFF_CLIENT_KEY_MAX];
	size_t key_len = 0;
	enum err e = OK;

	if (p->sealed != NULL)
		e = keyring_open_text(keys, tenant, p->key_id, KEY_KIND,
		    p->sealed, p->sealed_len, key, sizeof(key), &key_len);
	if (e == OK) {
		tls.address = *address;
		tls.key = key;
		tls.key_len = (uint16_t)key_len;
		e = handoff_fetch_tls_encode(&tls, out, HANDOFF_TLS_MAX,
		    out_len);
		CHECK(e == OK);		/* profile_new() saw to the sizes */
	}
	secret_wipe(key, sizeof(key));
	return e;
}

static char
digit64(unsigned v)
{
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	return DIGITS[v & 63];
}

void
profile_print_pin(const uint8_t pin[HANDOFF_PIN],
    char out[PROFILE_PIN_TEXT])
{
	size_t at = 7;

	memcpy(out, "sha256/", 7);
	for (size_t i = 0; i < HANDOFF_PIN; i += 3) {
		bool last = i + 2 >= HANDOFF_PIN;	/* two octets are left */
		uint32_t v = (uint32_t)pin[i] << 16 |
		    (uint32_t)pin[i + 1] << 8 | (last ? 0 : pin[i + 2]);

		out[at++] = digit64(v >> 18);
		out[at++] = digit64(v >> 12);
		out[at++] = digit64(v >> 6);
		out[at++] = last ? '=' : digit64(v);
	}
	out[at] = '\0';
}

void
profile_print_pins(const struct profile *p, char *out, size_t size)
{
	size_t len = 0;

	if (size > 0)
		out[0] = '\0';
	for (unsigned i = 0; i < p->tls.n_pins && len < size; i++) {
		char pin[PROFILE_PIN_TEXT];
		int n;

		profile_print_pin(p->tls.pins[i], pin);
		n = snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ", ",
		    i < PINS_SHOWN ? pin : "...");
		len += n > 0 ? (size_t)n : 0;
		if (i >= PINS_SHOWN)
			break;
	}
}
