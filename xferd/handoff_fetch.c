/*
 * handoff_fetch.c - READY, and the frames of a connection that fetches zones.
 */
#include "xferd/handoff_codec.h"

/* ---- ready ------------------------------------------------------------- */

enum err
handoff_ready_encode(const struct handoff_ready *in, uint8_t *out, size_t max,
    size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u8(&w, in->version);
	wr_u8(&w, (uint8_t)in->role);
	return written(&w, out_len);
}

enum err
handoff_ready_decode(const uint8_t *payload, size_t len,
    struct handoff_ready *out)
{
	struct rd r = rd_make(payload, len);

	out->version = rd_enum(&r, HANDOFF_VERSION, HANDOFF_VERSION);
	out->role = rd_enum(&r, HANDOFF_ROLE_FETCH, HANDOFF_ROLE_COURIER);
	return taken(&r);
}

/* ---- fetch ------------------------------------------------------------- */

static void
wr_key(struct wr *w, const struct handoff_key *k)
{
	wr_u32(w, k->id);
	wr_u8(w, (uint8_t)k->key.alg);
	wr_name(w, k->key.name, k->key.name_len);
	wr_counted(w, k->key.secret, k->key.secret_len);
}

static void
rd_key(struct rd *r, struct handoff_key *out)
{
	uint8_t name[HANDOFF_NAME_MAX];
	enum tsig_alg alg;
	const uint8_t *secret;
	uint16_t secret_len;
	uint8_t name_len;

	out->id = rd_positive(r);
	alg = rd_enum(r, TSIG_HMAC_SHA1, TSIG_HMAC_SHA512);
	name_len = rd_name(r, name);
	secret_len = rd_u16(r);
	secret = rd_bytes(r, secret_len);
	if (rd_failed(r) || tsig_key_init(&out->key, name, name_len, alg,
	    secret, secret_len) != OK)
		rd_fail(r);
}

enum err
handoff_fetch_conn_encode(const struct handoff_fetch_conn *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u8(&w, (uint8_t)in->transport);
	wr_u8(&w, in->connecting);
	wr_u32(&w, in->connect_ms);
	wr_u32(&w, in->first_ms);
	wr_u32(&w, in->idle_ms);
	wr_u32(&w, in->total_ms);
	wr_u32(&w, in->rate_min_bps);
	wr_u32(&w, in->rate_window_ms);
	if (in->n_keys > HANDOFF_KEYS_MAX)
		return ERR_SPACE;
	wr_u8(&w, in->n_keys);
	for (unsigned i = 0; i < in->n_keys; i++)
		wr_key(&w, &in->keys[i]);
	return written(&w, out_len);
}

enum err
handoff_fetch_conn_decode(const uint8_t *payload, size_t len,
    struct handoff_fetch_conn *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->transport = rd_enum(&r, HANDOFF_TCP, HANDOFF_TLS);
	out->connecting = rd_bool(&r);
	out->connect_ms = rd_positive(&r);
	out->first_ms = rd_positive(&r);
	out->idle_ms = rd_positive(&r);
	out->total_ms = rd_positive(&r);
	out->rate_min_bps = rd_u32(&r);
	out->rate_window_ms = rd_positive(&r);
	out->n_keys = rd_enum(&r, 0, HANDOFF_KEYS_MAX);
	for (unsigned i = 0; i < out->n_keys; i++)
		rd_key(&r, &out->keys[i]);
	return taken(&r);
}

enum err
handoff_fetch_tls_encode(const struct handoff_fetch_tls *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (in->name_len > HANDOFF_HOST_MAX || in->n_pins > HANDOFF_PINS_MAX)
		return ERR_SPACE;
	wr_u8(&w, in->pkix);
	wr_u8(&w, in->name_len);
	wr_bytes(&w, in->name, in->name_len);
	wr_addr(&w, &in->address);
	wr_u8(&w, in->n_pins);
	wr_bytes(&w, in->pins, (size_t)in->n_pins * HANDOFF_PIN);
	wr_counted(&w, in->ca, in->ca_len);
	wr_counted(&w, in->certificate, in->certificate_len);
	wr_counted(&w, in->key, in->key_len);
	return written(&w, out_len);
}

/* u16 length, at most @max octets. */
static const uint8_t *
rd_counted(struct rd *r, size_t max, uint16_t *out_len)
{
	*out_len = rd_u16(r);
	if (*out_len > max)
		rd_fail(r);
	return rd_bytes(r, *out_len);
}

/* Letters, digits, '-', '_', '.': what a certificate can have. */
static bool
is_host(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    c == '.'))
			return false;
	}
	return true;
}

enum err
handoff_fetch_tls_decode(const uint8_t *payload, size_t len,
    struct handoff_fetch_tls *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->pkix = rd_bool(&r);
	out->name_len = rd_enum(&r, 0, HANDOFF_HOST_MAX);
	rd_copy(&r, out->name, out->name_len);
	if (!is_host(out->name, out->name_len))
		rd_fail(&r);
	rd_addr(&r, &out->address);
	out->n_pins = rd_enum(&r, 0, HANDOFF_PINS_MAX);
	rd_copy(&r, out->pins, (size_t)out->n_pins * HANDOFF_PIN);
	out->ca = rd_counted(&r, HANDOFF_CA_MAX, &out->ca_len);
	out->certificate = rd_counted(&r, HANDOFF_CERTIFICATE_MAX,
	    &out->certificate_len);
	out->key = rd_counted(&r, HANDOFF_CLIENT_KEY_MAX, &out->key_len);
	/* Something has to be proved; a certificate needs its key. */
	if ((!out->pkix && out->n_pins == 0) ||
	    (out->certificate_len == 0) != (out->key_len == 0))
		rd_fail(&r);
	return taken(&r);
}

static void
wr_text(struct wr *w, const char *text)
{
	size_t len = strlen(text);

	wr_u8(w, (uint8_t)len);
	wr_bytes(w, text, len);
}

/* Printable ASCII that fits @size with a NUL. */
static void
rd_text(struct rd *r, char *out, size_t size)
{
	uint8_t len = rd_u8(r);
	const uint8_t *p = rd_bytes(r, len);

	if (p == NULL || len >= size) {
		rd_fail(r);
		return;
	}
	for (unsigned i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~')
			rd_fail(r);
		out[i] = (char)p[i];
	}
	out[len] = '\0';
}

static void
wr_tls(struct wr *w, const struct handoff_tls *t)
{
	wr_u8(w, t->set);
	if (!t->set)
		return;
	wr_text(w, t->version);
	wr_text(w, t->cipher);
	wr_u8(w, t->has_pin);
	wr_bytes(w, t->pin, HANDOFF_PIN);
}

static void
rd_tls(struct rd *r, struct handoff_tls *out)
{
	out->set = rd_bool(r);
	if (!out->set)
		return;
	rd_text(r, out->version, sizeof(out->version));
	rd_text(r, out->cipher, sizeof(out->cipher));
	out->has_pin = rd_bool(r);
	rd_copy(r, out->pin, HANDOFF_PIN);
}

enum err
handoff_fetch_zone_encode(const struct handoff_fetch_zone *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);
	const struct handoff_limits *l = &in->limits;

	if (in->soa_len > HANDOFF_SOA_MAX)
		return ERR_SPACE;
	wr_u64(&w, in->cookie);
	wr_name(&w, in->apex, in->apex_len);
	wr_u8(&w, (uint8_t)in->mode);
	wr_u32(&w, in->serial);
	wr_counted(&w, in->soa, in->soa_len);
	wr_u32(&w, in->key_id);
	wr_u16(&w, in->fudge_s);
	wr_u16(&w, in->mac_min);
	wr_u8(&w, in->sign_all);
	wr_u8(&w, in->edns);
	wr_u64(&w, l->records_max);
	wr_u64(&w, l->bytes_max);
	wr_u32(&w, l->messages_max);
	wr_u32(&w, l->empty_max);
	wr_u32(&w, l->rrset_max);
	wr_u32(&w, l->out_of_zone_max);
	wr_u32(&w, l->diffs_max);
	return written(&w, out_len);
}

enum err
handoff_fetch_zone_decode(const uint8_t *payload, size_t len,
    struct handoff_fetch_zone *out)
{
	struct rd r = rd_make(payload, len);
	struct handoff_limits *l = &out->limits;
	const uint8_t *soa;
	struct rr_soa parsed;

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->apex_len = rd_name(&r, out->apex);
	out->mode = rd_enum(&r, HANDOFF_AXFR, HANDOFF_SOA);
	out->serial = rd_u32(&r);
	out->soa_len = rd_u16(&r);
	soa = rd_bytes(&r, out->soa_len);
	if (soa == NULL || out->soa_len > HANDOFF_SOA_MAX ||
	    (out->soa_len > 0 && (rr_soa_parse(soa, out->soa_len, &parsed) !=
	    OK || parsed.serial != out->serial)))
		rd_fail(&r);
	else if (out->soa_len > 0)
		memcpy(out->soa, soa, out->soa_len);
	out->key_id = rd_u32(&r);
	out->fudge_s = rd_u16(&r);
	out->mac_min = rd_u16(&r);
	out->sign_all = rd_bool(&r);
	out->edns = rd_bool(&r);
	l->records_max = rd_u64(&r);
	l->bytes_max = rd_u64(&r);
	l->messages_max = rd_positive(&r);
	l->empty_max = rd_positive(&r);
	l->rrset_max = rd_positive(&r);
	l->out_of_zone_max = rd_u32(&r);
	l->diffs_max = rd_positive(&r);
	if (l->records_max == 0 || l->bytes_max == 0)
		rd_fail(&r);
	return taken(&r);
}

static enum err
cookie_encode(uint64_t cookie, uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, cookie);
	return written(&w, out_len);
}

static enum err
cookie_decode(const uint8_t *payload, size_t len, uint64_t *out)
{
	struct rd r = rd_make(payload, len);

	*out = rd_u64(&r);
	return taken(&r);
}

enum err
handoff_current_encode(const struct handoff_current *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	return cookie_encode(in->cookie, out, max, out_len);
}

enum err
handoff_current_decode(const uint8_t *payload, size_t len,
    struct handoff_current *out)
{
	return cookie_decode(payload, len, &out->cookie);
}

enum err
handoff_fetch_drop_encode(const struct handoff_fetch_drop *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	return cookie_encode(in->cookie, out, max, out_len);
}

enum err
handoff_fetch_drop_decode(const uint8_t *payload, size_t len,
    struct handoff_fetch_drop *out)
{
	return cookie_decode(payload, len, &out->cookie);
}

enum err
handoff_mark_encode(const struct handoff_mark *in, uint8_t *out, size_t max,
    size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u8(&w, (uint8_t)in->part);
	wr_u32(&w, in->serial);
	wr_u32(&w, in->ttl);
	wr_counted(&w, in->soa, in->soa_len);
	return written(&w, out_len);
}

enum err
handoff_mark_decode(const uint8_t *payload, size_t len,
    struct handoff_mark *out)
{
	struct rd r = rd_make(payload, len);

	out->part = rd_enum(&r, HANDOFF_DELETE, HANDOFF_ADD);
	out->serial = rd_u32(&r);
	out->ttl = rd_u32(&r);
	out->soa_len = rd_soa(&r, &out->soa, &out->serial);
	return taken(&r);
}

enum err
handoff_result_encode(const struct handoff_result *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u8(&w, (uint8_t)in->reason);
	wr_u8(&w, (uint8_t)in->style);
	wr_u8(&w, in->reusable);
	wr_u8(&w, in->aa);
	wr_maybe_soa(&w, in->has_soa, in->serial, in->soa, in->soa_len);
	wr_u64(&w, in->records);
	wr_u64(&w, in->bytes);
	wr_u32(&w, in->messages);
	wr_u32(&w, in->diffs);
	wr_u32(&w, in->out_of_zone);
	wr_u32(&w, in->ms);
	wr_u8(&w, in->has_connect);
	wr_u32(&w, in->connect_ms);
	wr_u32(&w, in->first_ms);
	wr_facts(&w, &in->facts);
	wr_tls(&w, &in->tls);
	if (in->text_len > HANDOFF_TEXT_MAX)
		return ERR_SPACE;
	wr_counted(&w, in->text, in->text_len);
	return written(&w, out_len);
}

enum err
handoff_result_decode(const uint8_t *payload, size_t len,
    struct handoff_result *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->reason = rd_enum(&r, HANDOFF_OK, HANDOFF_REASONS - 1);
	out->style = rd_enum(&r, HANDOFF_STYLE_NONE, HANDOFF_STYLE_SINGLE);
	out->reusable = rd_bool(&r);
	out->aa = rd_bool(&r);
	out->has_soa = rd_maybe_soa(&r, &out->serial, &out->soa,
	    &out->soa_len);
	out->records = rd_u64(&r);
	out->bytes = rd_u64(&r);
	out->messages = rd_u32(&r);
	out->diffs = rd_u32(&r);
	out->out_of_zone = rd_u32(&r);
	out->ms = rd_u32(&r);
	out->has_connect = rd_bool(&r);
	out->connect_ms = rd_u32(&r);
	out->first_ms = rd_u32(&r);
	rd_facts(&r, &out->facts);
	rd_tls(&r, &out->tls);
	out->text_len = rd_u16(&r);
	out->text = (const char *)rd_bytes(&r, out->text_len);
	if (rd_failed(&r) || out->text_len > HANDOFF_TEXT_MAX)
		return ERR_MALFORMED;
	for (unsigned i = 0; i < out->text_len; i++)
		if (out->text[i] < ' ' || out->text[i] > '~')
			return ERR_MALFORMED;
	/* A transfer that went well has a SOA and a style; SINGLE when the
	 * SOA was all that was asked for. */
	if (out->reason == HANDOFF_OK && (!out->has_soa ||
	    out->style == HANDOFF_STYLE_NONE))
		return ERR_MALFORMED;
	if (out->reason == HANDOFF_UPTODATE && !out->has_soa)
		return ERR_MALFORMED;
	return taken(&r);
}
