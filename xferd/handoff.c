/*
 * handoff.c - encode and decode of every frame; see handoff.h.
 *
 * Decoders are written against rd.h: a short or long payload ends in
 * rd_done() being false. Nothing is allocated; what is variable in length is
 * pointed to in the payload.
 */
#include <string.h>

#include "common/base/rd.h"
#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rr.h"
#include "xferd/handoff.h"

const char *
handoff_reason_text(enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_OK: return "ok";
	case HANDOFF_UPTODATE: return "up-to-date";
	case HANDOFF_CONNECT_REFUSED: return "connect-refused";
	case HANDOFF_CONNECT_TIMEOUT: return "connect-timeout";
	case HANDOFF_CONNECT_FAILED: return "connect-failed";
	case HANDOFF_CLOSED_EARLY: return "closed-early";
	case HANDOFF_TIMEOUT_FIRST: return "timeout-first";
	case HANDOFF_TIMEOUT_IDLE: return "timeout-idle";
	case HANDOFF_TIMEOUT_TOTAL: return "timeout-total";
	case HANDOFF_TOO_SLOW: return "too-slow";
	case HANDOFF_RCODE: return "rcode";
	case HANDOFF_NOT_AUTH: return "not-authoritative";
	case HANDOFF_MALFORMED: return "malformed";
	case HANDOFF_WRONG_ID: return "wrong-id";
	case HANDOFF_WRONG_QUESTION: return "wrong-question";
	case HANDOFF_TRUNCATED: return "truncated";
	case HANDOFF_NO_SOA: return "no-soa";
	case HANDOFF_BAD_ORDER: return "bad-order";
	case HANDOFF_OUT_OF_ZONE: return "out-of-zone";
	case HANDOFF_BAD_RDATA: return "bad-rdata";
	case HANDOFF_LIMIT_RECORDS: return "limit-records";
	case HANDOFF_LIMIT_BYTES: return "limit-bytes";
	case HANDOFF_LIMIT_RRSET: return "limit-rrset";
	case HANDOFF_LIMIT_MESSAGES: return "limit-messages";
	case HANDOFF_TSIG_MISSING: return "tsig-missing";
	case HANDOFF_TSIG_BADSIG: return "tsig-badsig";
	case HANDOFF_TSIG_BADKEY: return "tsig-badkey";
	case HANDOFF_TSIG_BADTIME: return "tsig-badtime";
	case HANDOFF_TSIG_BADTRUNC: return "tsig-badtrunc";
	case HANDOFF_TSIG_ORDER: return "tsig-order";
	case HANDOFF_IXFR_REFUSED: return "ixfr-refused";
	case HANDOFF_IXFR_MISMATCH: return "ixfr-mismatch";
	case HANDOFF_TLS_FAILED: return "tls-failed";
	case HANDOFF_TLS_TIMEOUT: return "tls-timeout";
	case HANDOFF_TLS_VERSION: return "tls-version";
	case HANDOFF_TLS_ALPN: return "tls-alpn";
	case HANDOFF_TLS_CERTIFICATE: return "tls-certificate";
	case HANDOFF_TLS_DATE: return "tls-date";
	case HANDOFF_TLS_NAME: return "tls-name";
	case HANDOFF_TLS_PIN: return "tls-pin";
	case HANDOFF_TLS_CLIENT: return "tls-client-certificate";
	case HANDOFF_TLS_SETUP: return "tls-setup";
	case HANDOFF_UNASKED: return "unasked";
	case HANDOFF_INTERNAL: return "internal";
	case HANDOFF_REASONS: break;
	}
	return "unknown";
}

/* ---- Shared pieces ----------------------------------------------------- */

static enum err
written(const struct wr *w, size_t *out_len)
{
	if (wr_failed(w))
		return ERR_SPACE;
	*out_len = wr_len(w);
	return OK;
}

static enum err
taken(const struct rd *r)
{
	return rd_done(r) ? OK : ERR_MALFORMED;
}

static bool
rd_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		rd_fail(r);
	return v == 1;
}

/* An octet from @min to @max. */
static uint8_t
rd_enum(struct rd *r, unsigned min, unsigned max)
{
	uint8_t v = rd_u8(r);

	if (v < min || v > max) {
		rd_fail(r);
		return (uint8_t)min;
	}
	return v;
}

/* A deadline or limit: 0 would mean "none". */
static uint32_t
rd_positive(struct rd *r)
{
	uint32_t v = rd_u32(r);

	if (v == 0)
		rd_fail(r);
	return v;
}

/* A wire name in lower case: u8 length, octets. */
static uint8_t
rd_name(struct rd *r, uint8_t *out)
{
	uint8_t len = rd_u8(r);
	const uint8_t *p = rd_bytes(r, len);
	size_t n, i;

	if (p == NULL || dname_scan(p, len, &n) != OK || n != len) {
		rd_fail(r);
		return 0;
	}
	for (i = 0; i < n; i++) {
		if (dname_lower_octet(p[i]) != p[i])
			rd_fail(r);
		out[i] = p[i];
	}
	return len;
}

static void
wr_name(struct wr *w, const uint8_t *name, size_t len)
{
	if (len > HANDOFF_NAME_MAX) {
		wr_fail(w);
		return;
	}
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, name, len);
}

/* u16 length, rdata of a SOA. @serial, if given, must be the one inside. */
static uint16_t
rd_soa(struct rd *r, const uint8_t **out, const uint32_t *serial)
{
	uint16_t len = rd_u16(r);
	const uint8_t *p = rd_bytes(r, len);
	struct rr_soa soa;

	*out = p;
	if (p == NULL || len > HANDOFF_SOA_MAX ||
	    rr_soa_parse(p, len, &soa) != OK ||
	    (serial != NULL && soa.serial != *serial)) {
		rd_fail(r);
		return 0;
	}
	return len;
}

static void
wr_counted(struct wr *w, const void *bytes, size_t len)
{
	if (len > UINT16_MAX) {
		wr_fail(w);
		return;
	}
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, bytes, len);
}

static void
wr_i64(struct wr *w, int64_t v)
{
	wr_u64(w, (uint64_t)v);
}

static void
wr_addr(struct wr *w, const struct sock_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->ip, sizeof(a->ip));
	wr_u32(w, a->scope);
	wr_u16(w, a->port);
}

static void
rd_addr(struct rd *r, struct sock_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = rd_u8(r);
	rd_copy(r, out->ip, sizeof(out->ip));
	out->scope = rd_u32(r);
	out->port = rd_u16(r);
	if (out->family != 4 && out->family != 6)
		rd_fail(r);
	for (size_t i = 4; out->family == 4 && i < sizeof(out->ip); i++)
		if (out->ip[i] != 0)
			rd_fail(r);
}

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
	out->role = rd_enum(&r, HANDOFF_ROLE_FETCH, HANDOFF_ROLE_NOTIFY);
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

static void
wr_facts(struct wr *w, const struct handoff_facts *f)
{
	wr_u16(w, f->rcode);
	wr_u8(w, (uint8_t)f->tsig);
	wr_u16(w, f->tsig_error);
	wr_u8(w, f->has_skew);
	wr_i64(w, f->skew_s);
	wr_u8(w, f->edns);
	wr_u8(w, f->has_expire);
	wr_u32(w, f->expire_s);
	wr_u8(w, f->has_keepalive);
	wr_u16(w, f->keepalive_ds);
	wr_u8(w, f->has_ede);
	wr_u16(w, f->ede);
}

static void
rd_facts(struct rd *r, struct handoff_facts *out)
{
	out->rcode = rd_u16(r);
	if (out->rcode > 0xfff)
		rd_fail(r);
	out->tsig = rd_enum(r, TSIG_UNSIGNED, TSIG_TOO_MANY_UNSIGNED);
	out->tsig_error = rd_u16(r);
	out->has_skew = rd_bool(r);
	out->skew_s = (int64_t)rd_u64(r);
	out->edns = rd_bool(r);
	out->has_expire = rd_bool(r);
	out->expire_s = rd_u32(r);
	out->has_keepalive = rd_bool(r);
	out->keepalive_ds = rd_u16(r);
	out->has_ede = rd_bool(r);
	out->ede = rd_u16(r);
}

static void
wr_maybe_soa(struct wr *w, bool has, uint32_t serial, const uint8_t *soa,
    uint16_t len)
{
	wr_u8(w, has);
	if (!has)
		return;
	wr_u32(w, serial);
	wr_counted(w, soa, len);
}

static bool
rd_maybe_soa(struct rd *r, uint32_t *out_serial, const uint8_t **out_soa,
    uint16_t *out_len)
{
	*out_serial = 0;
	*out_soa = NULL;
	*out_len = 0;
	if (!rd_bool(r))
		return false;
	*out_serial = rd_u32(r);
	*out_len = rd_soa(r, out_soa, out_serial);
	return true;
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

/* ---- probe ------------------------------------------------------------- */

#define TRIES_MAX	8

enum err
handoff_probe_addr_encode(const struct handoff_probe_addr *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->addr_id);
	wr_u8(&w, (uint8_t)in->transport);
	wr_u8(&w, in->connecting);
	wr_u32(&w, in->timeout_ms);
	wr_u8(&w, in->tries);
	return written(&w, out_len);
}

enum err
handoff_probe_addr_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_addr *out)
{
	struct rd r = rd_make(payload, len);

	out->addr_id = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	out->connecting = rd_bool(&r);
	out->timeout_ms = rd_positive(&r);
	out->tries = rd_enum(&r, 1, TRIES_MAX);
	return taken(&r);
}

enum err
handoff_probe_zone_encode(const struct handoff_probe_zone *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_name(&w, in->apex, in->apex_len);
	wr_u8(&w, in->edns);
	wr_u32(&w, in->key_id);
	if (in->key_id != 0) {
		wr_u8(&w, (uint8_t)in->alg);
		wr_name(&w, in->key_name, in->key_name_len);
		wr_u16(&w, in->fudge_s);
		wr_u16(&w, in->mac_min);
	}
	return written(&w, out_len);
}

enum err
handoff_probe_zone_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_zone *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->apex_len = rd_name(&r, out->apex);
	out->edns = rd_bool(&r);
	out->key_id = rd_u32(&r);
	if (out->key_id != 0) {
		out->alg = rd_enum(&r, TSIG_HMAC_SHA1, TSIG_HMAC_SHA512);
		out->key_name_len = rd_name(&r, out->key_name);
		out->fudge_s = rd_u16(&r);
		out->mac_min = rd_u16(&r);
	}
	return taken(&r);
}

enum err
handoff_probe_close_encode(const struct handoff_probe_close *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->addr_id);
	return written(&w, out_len);
}

enum err
handoff_probe_close_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_close *out)
{
	struct rd r = rd_make(payload, len);

	out->addr_id = rd_u32(&r);
	return taken(&r);
}

enum err
handoff_probe_result_encode(const struct handoff_probe_result *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u32(&w, in->addr_id);
	wr_u8(&w, (uint8_t)in->reason);
	wr_maybe_soa(&w, in->has_soa, in->serial, in->soa, in->soa_len);
	wr_u32(&w, in->ms);
	wr_u8(&w, in->tries);
	wr_u8(&w, in->no_edns);
	wr_facts(&w, &in->facts);
	return written(&w, out_len);
}

enum err
handoff_probe_result_decode(const uint8_t *payload, size_t len,
    struct handoff_probe_result *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->addr_id = rd_u32(&r);
	out->reason = rd_enum(&r, HANDOFF_OK, HANDOFF_REASONS - 1);
	out->has_soa = rd_maybe_soa(&r, &out->serial, &out->soa,
	    &out->soa_len);
	out->ms = rd_u32(&r);
	out->tries = rd_u8(&r);
	out->no_edns = rd_bool(&r);
	rd_facts(&r, &out->facts);
	if (out->reason == HANDOFF_OK && !out->has_soa)
		rd_fail(&r);
	return taken(&r);
}

/* ---- the MAC oracle ---------------------------------------------------- */

enum err
handoff_hmac_encode(const struct handoff_hmac *in, uint8_t *out, size_t max,
    size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->id);
	wr_u32(&w, in->key_id);
	wr_bytes(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_hmac_decode(const uint8_t *payload, size_t len,
    struct handoff_hmac *out)
{
	struct rd r = rd_make(payload, len);

	out->id = rd_u64(&r);
	out->key_id = rd_positive(&r);
	out->len = rd_left(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->len > UINT16_MAX + TSIG_INPUT_EXTRA)
		rd_fail(&r);
	return taken(&r);
}

enum err
handoff_hmac_reply_encode(const struct handoff_hmac_reply *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->id);
	wr_u8(&w, in->mac_len);
	wr_bytes(&w, in->mac, in->mac_len);
	return written(&w, out_len);
}

enum err
handoff_hmac_reply_decode(const uint8_t *payload, size_t len,
    struct handoff_hmac_reply *out)
{
	struct rd r = rd_make(payload, len);

	out->id = rd_u64(&r);
	out->mac_len = rd_enum(&r, 0, TSIG_MAC_MAX);
	out->mac = rd_bytes(&r, out->mac_len);
	return taken(&r);
}

/* ---- notify ------------------------------------------------------------ */

enum err
handoff_listen_encode(const struct handoff_listen *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u32(&w, in->listener);
	wr_u8(&w, (uint8_t)in->transport);
	return written(&w, out_len);
}

enum err
handoff_listen_decode(const uint8_t *payload, size_t len,
    struct handoff_listen *out)
{
	struct rd r = rd_make(payload, len);

	out->listener = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	return taken(&r);
}

enum err
handoff_datagram_encode(const struct handoff_datagram *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (in->len > HANDOFF_DATAGRAM_MAX)
		return ERR_SPACE;
	wr_u64(&w, in->relay);
	wr_addr(&w, &in->source);
	wr_counted(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_datagram_decode(const uint8_t *payload, size_t len,
    struct handoff_datagram *out)
{
	struct rd r = rd_make(payload, len);

	out->relay = rd_u64(&r);
	rd_addr(&r, &out->source);
	out->len = rd_u16(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->relay == 0 || out->len > HANDOFF_DATAGRAM_MAX)
		rd_fail(&r);
	return taken(&r);
}

static void
wr_tsig(struct wr *w, const struct tsig_rr *t)
{
	wr_name(w, t->name, t->name_len);
	wr_name(w, t->alg_name, t->alg_name_len);
	wr_u48(w, t->time_s);
	wr_u16(w, t->fudge_s);
	wr_counted(w, t->mac, t->mac_len);
	wr_u16(w, t->original_id);
	wr_u16(w, t->error);
	wr_counted(w, t->other, t->other_len);
}

static void
rd_tsig(struct rd *r, struct tsig_rr *out)
{
	out->name_len = rd_name(r, out->name);
	out->alg_name_len = rd_name(r, out->alg_name);
	if (!rd_failed(r))
		out->alg = tsig_alg_from_wire(out->alg_name,
		    out->alg_name_len);
	out->time_s = rd_u48(r);
	out->fudge_s = rd_u16(r);
	out->mac_len = rd_u16(r);
	out->mac = rd_bytes(r, out->mac_len);
	out->original_id = rd_u16(r);
	out->error = rd_u16(r);
	out->other_len = rd_u16(r);
	out->other = rd_bytes(r, out->other_len);
}

enum err
handoff_notify_encode(const struct handoff_notify *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->number);
	wr_u64(&w, in->relay);
	wr_u32(&w, in->listener);
	wr_u8(&w, (uint8_t)in->transport);
	wr_addr(&w, &in->source);
	wr_name(&w, in->apex, in->apex_len);
	wr_u8(&w, in->has_serial);
	wr_u32(&w, in->serial);
	wr_u8(&w, (uint8_t)in->signed_);
	if (in->signed_ == HANDOFF_NOTIFY_SIGNED) {
		wr_tsig(&w, &in->tsig);
		wr_bytes(&w, in->input, in->input_len);
	}
	return written(&w, out_len);
}

enum err
handoff_notify_decode(const uint8_t *payload, size_t len,
    struct handoff_notify *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->number = rd_u64(&r);
	out->relay = rd_u64(&r);
	out->listener = rd_u32(&r);
	out->transport = rd_enum(&r, HANDOFF_UDP, HANDOFF_TCP);
	rd_addr(&r, &out->source);
	out->apex_len = rd_name(&r, out->apex);
	out->has_serial = rd_bool(&r);
	out->serial = rd_u32(&r);
	out->signed_ = rd_enum(&r, HANDOFF_NOTIFY_UNSIGNED,
	    HANDOFF_NOTIFY_SIGNED);
	if (out->signed_ == HANDOFF_NOTIFY_SIGNED) {
		rd_tsig(&r, &out->tsig);
		out->input_len = rd_left(&r);
		out->input = rd_bytes(&r, out->input_len);
		if (out->input_len > UINT16_MAX + TSIG_INPUT_EXTRA)
			rd_fail(&r);
	}
	return taken(&r);
}

enum err
handoff_notify_answer_encode(const struct handoff_notify_answer *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->number);
	wr_u8(&w, in->drop);
	wr_u8(&w, in->rcode);
	wr_u16(&w, in->tsig_error);
	wr_u32(&w, in->key_id);
	wr_u16(&w, in->fudge_s);
	return written(&w, out_len);
}

enum err
handoff_notify_answer_decode(const uint8_t *payload, size_t len,
    struct handoff_notify_answer *out)
{
	struct rd r = rd_make(payload, len);

	out->number = rd_u64(&r);
	out->drop = rd_bool(&r);
	out->rcode = rd_enum(&r, 0, 15);
	out->tsig_error = rd_u16(&r);
	out->key_id = rd_u32(&r);
	out->fudge_s = rd_u16(&r);
	return taken(&r);
}

enum err
handoff_notify_reply_encode(const struct handoff_notify_reply *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (in->len > HANDOFF_DATAGRAM_MAX)
		return ERR_SPACE;
	wr_u64(&w, in->relay);
	wr_counted(&w, in->bytes, in->len);
	return written(&w, out_len);
}

enum err
handoff_notify_reply_decode(const uint8_t *payload, size_t len,
    struct handoff_notify_reply *out)
{
	struct rd r = rd_make(payload, len);

	out->relay = rd_u64(&r);
	out->len = rd_u16(&r);
	out->bytes = rd_bytes(&r, out->len);
	if (out->relay == 0 || out->len > HANDOFF_DATAGRAM_MAX)
		rd_fail(&r);
	return taken(&r);
}

/* ---- records ----------------------------------------------------------- */

enum err
handoff_record_append(const struct handoff_record *rec, uint8_t *out,
    size_t max, size_t *len)
{
	size_t need = 2u + rec->key_len + 2 + 4 + 2 + rec->rdlen;
	uint8_t *p = out + *len;

	if (max - *len < need)
		return ERR_SPACE;
	wr_put_u16(p, rec->key_len);
	memcpy(p + 2, rec->key, rec->key_len);
	p += 2 + rec->key_len;
	wr_put_u16(p, rec->type);
	wr_put_u32(p + 2, rec->ttl);
	wr_put_u16(p + 6, rec->rdlen);
	if (rec->rdlen > 0)
		memcpy(p + 8, rec->rdata, rec->rdlen);
	*len += need;
	return OK;
}

/* Which tree a record belongs to: NSEC3 and what signs it have their own. */
static uint8_t
tree_of(uint16_t type, const uint8_t *rdata, size_t len)
{
	if (type == RRTYPE_NSEC3 || (type == RRTYPE_RRSIG &&
	    rr_rrsig_covered(rdata, len) == RRTYPE_NSEC3))
		return OWNERKEY_TREE_NSEC3;
	return OWNERKEY_TREE_NORMAL;
}

enum err
handoff_records_next(const uint8_t *payload, size_t len, size_t *off,
    size_t apex_len, struct handoff_record *out, bool *out_end)
{
	struct rd r;

	*out_end = *off >= len;
	if (*out_end)
		return *off == len ? OK : ERR_MALFORMED;
	r = rd_make(payload + *off, len - *off);
	out->key_len = rd_u16(&r);
	out->key = rd_bytes(&r, out->key_len);
	out->type = rd_u16(&r);
	out->ttl = rd_u32(&r);
	out->rdlen = rd_u16(&r);
	out->rdata = rd_bytes(&r, out->rdlen);
	if (rd_failed(&r) || out->ttl > INT32_MAX)
		return ERR_MALFORMED;
	if (!ownerkey_check(out->key, out->key_len, apex_len) ||
	    rr_rdata_check(out->type, out->rdata, out->rdlen) != OK)
		return ERR_MALFORMED;
	if (out->key[0] != tree_of(out->type, out->rdata, out->rdlen))
		return ERR_MALFORMED;
	if (out->type == RRTYPE_SOA && out->key_len != 1)
		return ERR_MALFORMED;
	*off += rd_offset(&r);
	return OK;
}
