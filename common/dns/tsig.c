/*
 * tsig.c - see tsig.h.
 *
 * The octets under the MAC are written once as a list of pieces (see digest()
 * and put_variables()); tsig_input() writes the same pieces into memory for
 * those who have no key.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include "common/base/rd.h"
#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "common/dns/tsig.h"

/* ---- Algorithms -------------------------------------------------------- */

struct alg {
	const char *text;
	const char *digest;		/* OpenSSL's name */
	const EVP_MD *(*md)(void);
	uint8_t size;
	uint8_t wire_len;
	const uint8_t *wire;
};

#define WIRE(s)	(sizeof(s)), (const uint8_t *)(s)	/* its NUL: the root */

static const struct alg algs[] = {
	[TSIG_HMAC_SHA1] = { "hmac-sha1", "SHA1", EVP_sha1, 20,
	    WIRE("\011hmac-sha1") },
	[TSIG_HMAC_SHA224] = { "hmac-sha224", "SHA224", EVP_sha224, 28,
	    WIRE("\013hmac-sha224") },
	[TSIG_HMAC_SHA256] = { "hmac-sha256", "SHA256", EVP_sha256, 32,
	    WIRE("\013hmac-sha256") },
	[TSIG_HMAC_SHA384] = { "hmac-sha384", "SHA384", EVP_sha384, 48,
	    WIRE("\013hmac-sha384") },
	[TSIG_HMAC_SHA512] = { "hmac-sha512", "SHA512", EVP_sha512, 64,
	    WIRE("\013hmac-sha512") },
};

static const struct alg *
alg_find(enum tsig_alg alg)
{
	if ((unsigned)alg >= COUNT_OF(algs) || algs[alg].text == NULL)
		return NULL;
	return &algs[alg];
}

size_t
tsig_alg_size(enum tsig_alg alg)
{
	const struct alg *a = alg_find(alg);

	return a == NULL ? 0 : a->size;
}

const char *
tsig_alg_text(enum tsig_alg alg)
{
	const struct alg *a = alg_find(alg);

	return a == NULL ? NULL : a->text;
}

enum tsig_alg
tsig_alg_from_text(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	for (unsigned i = TSIG_HMAC_SHA1; i < COUNT_OF(algs); i++)
		if (strlen(algs[i].text) == len &&
		    strncasecmp(algs[i].text, text, len) == 0)
			return (enum tsig_alg)i;
	return TSIG_ALG_NONE;
}

const uint8_t *
tsig_alg_wire(enum tsig_alg alg, size_t *out_len)
{
	const struct alg *a = alg_find(alg);

	if (a == NULL)
		return NULL;
	*out_len = a->wire_len;
	return a->wire;
}

enum tsig_alg
tsig_alg_from_wire(const uint8_t *name, size_t len)
{
	for (unsigned i = TSIG_HMAC_SHA1; i < COUNT_OF(algs); i++)
		if (algs[i].wire_len == len &&
		    strncasecmp((const char *)algs[i].wire,
		    (const char *)name, len) == 0)
			return (enum tsig_alg)i;
	return TSIG_ALG_NONE;
}

/* ---- Keys -------------------------------------------------------------- */

enum err
tsig_key_init(struct tsig_key *key, const uint8_t *name, size_t name_len,
    enum tsig_alg alg, const uint8_t *secret, size_t secret_len)
{
	size_t n;

	if (dname_scan(name, name_len, &n) != OK || n != name_len ||
	    alg_find(alg) == NULL || secret_len == 0 ||
	    secret_len > TSIG_SECRET_MAX)
		return ERR_INVALID;
	memset(key, 0, sizeof(*key));
	dname_lower(name, key->name);
	key->name_len = (uint16_t)name_len;
	key->alg = alg;
	memcpy(key->secret, secret, secret_len);
	key->secret_len = (uint16_t)secret_len;
	return OK;
}

void
tsig_key_fini(struct tsig_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

enum err
tsig_mac(const struct tsig_key *key, const uint8_t *bytes, size_t len,
    uint8_t *out_mac)
{
	const struct alg *a = alg_find(key->alg);
	unsigned n = 0;

	if (a == NULL)
		return ERR_INVALID;
	if (HMAC(a->md(), key->secret, key->secret_len, bytes, len, out_mac,
	    &n) == NULL || n != a->size)
		return ERR_CRYPTO;
	return OK;
}

const char *
tsig_verdict_text(enum tsig_verdict verdict)
{
	switch (verdict) {
	case TSIG_UNSIGNED: return "unsigned";
	case TSIG_GOOD: return "good";
	case TSIG_BAD_FORM: return "bad-form";
	case TSIG_BAD_KEY: return "bad-key";
	case TSIG_BAD_SIG: return "bad-sig";
	case TSIG_BAD_TIME: return "bad-time";
	case TSIG_BAD_TRUNC: return "bad-trunc";
	case TSIG_PEER_ERROR: return "peer-error";
	case TSIG_MISSING: return "missing";
	case TSIG_TOO_MANY_UNSIGNED: return "too-many-unsigned";
	}
	return "unknown";
}

uint16_t
tsig_error(enum tsig_verdict verdict)
{
	switch (verdict) {
	case TSIG_UNSIGNED:
	case TSIG_GOOD:
		return 0;
	case TSIG_BAD_KEY:
		return DNSMSG_BADKEY;
	case TSIG_BAD_SIG:
		return DNSMSG_BADSIG;
	case TSIG_BAD_TIME:
		return DNSMSG_BADTIME;
	case TSIG_BAD_TRUNC:
		return DNSMSG_BADTRUNC;
	case TSIG_BAD_FORM:
	case TSIG_PEER_ERROR:
	case TSIG_MISSING:
	case TSIG_TOO_MANY_UNSIGNED:
		break;
	}
	return DNSMSG_FORMERR;
}

/* ---- The record -------------------------------------------------------- */

static enum err
take_apart(const uint8_t *msg, size_t len, const struct dnsmsg_rr *rr,
    struct tsig_rr *out)
{
	struct rd r = rd_make(msg + rr->rdata, rr->rdlen);
	const uint8_t *alg;
	size_t n;

	if (rr->class != RRCLASS_ANY || rr->ttl != 0)
		return ERR_MALFORMED;
	if (dnsmsg_name(msg, len, rr->owner, out->name, &n, NULL) != OK)
		return ERR_MALFORMED;
	dname_lower(out->name, out->name);
	out->name_len = (uint16_t)n;
	if (dname_scan(msg + rr->rdata, rr->rdlen, &n) != OK)
		return ERR_MALFORMED;
	alg = rd_bytes(&r, n);
	dname_lower(alg, out->alg_name);
	out->alg_name_len = (uint16_t)n;
	out->alg = tsig_alg_from_wire(out->alg_name, n);
	out->time_s = rd_u48(&r);
	out->fudge_s = rd_u16(&r);
	out->mac_len = rd_u16(&r);
	out->mac = rd_bytes(&r, out->mac_len);
	out->original_id = rd_u16(&r);
	out->error = rd_u16(&r);
	out->other_len = rd_u16(&r);
	out->other = rd_bytes(&r, out->other_len);
	out->off = rr->owner;
	return rd_done(&r) ? OK : ERR_MALFORMED;
}

enum err
tsig_find(const uint8_t *msg, size_t len, struct tsig_rr *out)
{
	struct dnsmsg_rr rr, last = { .section = DNSMSG_END };
	struct dnsmsg m;
	bool found = false;
	enum err e;

	e = dnsmsg_open(&m, msg, len);
	if (e != OK)
		return e;
	for (;;) {
		e = dnsmsg_next(&m, &rr);
		if (e != OK)
			return e;
		if (rr.section == DNSMSG_END)
			break;
		if (found)		/* something behind it */
			return ERR_MALFORMED;
		if (rr.type == RRTYPE_TSIG) {
			if (rr.section != DNSMSG_ADDITIONAL)
				return ERR_MALFORMED;
			found = true;
			last = rr;
		}
	}
	if (!found)
		return ERR_NOT_FOUND;
	if (m.off != len)
		return ERR_MALFORMED;
	return take_apart(msg, len, &last, out);
}

enum err
tsig_append(uint8_t *msg, size_t *len, size_t max, const struct tsig_rr *tr)
{
	const struct alg *a = alg_find(tr->alg);
	const uint8_t *alg_name = a != NULL ? a->wire : tr->alg_name;
	size_t alg_len = a != NULL ? a->wire_len : tr->alg_name_len;
	struct wr w;
	uint16_t arcount;

	if (*len < DNSMSG_HEADER || max < *len)
		return ERR_MALFORMED;
	arcount = (uint16_t)(msg[10] << 8 | msg[11]);
	w = wr_make(msg + *len, max - *len);
	wr_bytes(&w, tr->name, tr->name_len);
	wr_u16(&w, RRTYPE_TSIG);
	wr_u16(&w, RRCLASS_ANY);
	wr_u32(&w, 0);
	wr_u16(&w, (uint16_t)(alg_len + 16 + tr->mac_len + tr->other_len));
	wr_bytes(&w, alg_name, alg_len);
	wr_u48(&w, tr->time_s);
	wr_u16(&w, tr->fudge_s);
	wr_u16(&w, tr->mac_len);
	wr_bytes(&w, tr->mac, tr->mac_len);
	wr_u16(&w, tr->original_id);
	wr_u16(&w, tr->error);
	wr_u16(&w, tr->other_len);
	wr_bytes(&w, tr->other, tr->other_len);
	if (wr_failed(&w) || arcount == UINT16_MAX)
		return ERR_SPACE;
	wr_put_u16(msg + 10, (uint16_t)(arcount + 1));
	*len += wr_len(&w);
	return OK;
}

/* ---- What is under the MAC --------------------------------------------- */

/* RFC 8945 4.3.3: the TSIG variables, or the timers alone (5.3.1). */
static void
put_variables(struct wr *w, const struct tsig_rr *tr, bool timers_only)
{
	if (timers_only) {
		wr_u48(w, tr->time_s);
		wr_u16(w, tr->fudge_s);
		return;
	}
	wr_bytes(w, tr->name, tr->name_len);
	wr_u16(w, RRCLASS_ANY);
	wr_u32(w, 0);
	if (alg_find(tr->alg) != NULL)
		wr_bytes(w, algs[tr->alg].wire, algs[tr->alg].wire_len);
	else
		wr_bytes(w, tr->alg_name, tr->alg_name_len);
	wr_u48(w, tr->time_s);
	wr_u16(w, tr->fudge_s);
	wr_u16(w, tr->error);
	wr_u16(w, tr->other_len);
	wr_bytes(w, tr->other, tr->other_len);
}

/* The header as it was when signed. */
static void
put_header(struct wr *w, const uint8_t *msg, bool had_tsig,
    const struct tsig_rr *tr)
{
	uint16_t arcount = (uint16_t)(msg[10] << 8 | msg[11]);

	wr_u16(w, tr->original_id);
	wr_bytes(w, msg + 2, 8);
	wr_u16(w, had_tsig ? (uint16_t)(arcount - 1) : arcount);
}

enum err
tsig_input(const struct tsig_prior *prior, const uint8_t *msg, size_t len,
    bool had_tsig, const struct tsig_rr *tr, bool timers_only, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	if (len < DNSMSG_HEADER)
		return ERR_MALFORMED;
	if (prior != NULL && prior->mac_len > 0) {
		wr_u16(&w, prior->mac_len);
		wr_bytes(&w, prior->mac, prior->mac_len);
	}
	put_header(&w, msg, had_tsig, tr);
	wr_bytes(&w, msg + DNSMSG_HEADER, len - DNSMSG_HEADER);
	put_variables(&w, tr, timers_only);
	if (wr_failed(&w))
		return ERR_SPACE;
	*out_len = wr_len(&w);
	return OK;
}

/* ---- Verdicts ---------------------------------------------------------- */

static size_t
mac_least(size_t full)
{
	return MAX((size_t)10, full / 2);	/* RFC 8945 5.2.2.1 */
}

uint16_t
tsig_mac_min(enum tsig_alg alg, unsigned octets)
{
	size_t full = tsig_alg_size(alg);

	if (octets == 0 || octets >= full)
		return 0;
	return (uint16_t)MAX((size_t)octets, mac_least(full));
}

static bool
time_is_good(const struct tsig_rr *tr, uint64_t now_s, uint16_t fudge_min_s)
{
	uint64_t fudge = MAX(tr->fudge_s, fudge_min_s);
	uint64_t off = tr->time_s > now_s ? tr->time_s - now_s :
	    now_s - tr->time_s;

	return off <= fudge;
}

enum tsig_verdict
tsig_judge(const struct tsig_rr *tr, const uint8_t *mac, size_t mac_len,
    uint16_t mac_min, uint64_t now_s, uint16_t fudge_min_s)
{
	if (tr->mac_len > mac_len || tr->mac_len < mac_least(mac_len))
		return TSIG_BAD_FORM;
	if (CRYPTO_memcmp(tr->mac, mac, tr->mac_len) != 0)
		return TSIG_BAD_SIG;
	if (!time_is_good(tr, now_s, fudge_min_s))
		return TSIG_BAD_TIME;
	if (tr->mac_len < mac_len && (mac_min == 0 || tr->mac_len < mac_min))
		return TSIG_BAD_TRUNC;
	return TSIG_GOOD;
}

/* ---- One exchange ------------------------------------------------------ */

struct tsig {
	struct tsig_key key;
	struct tsig_policy policy;
	EVP_MAC_CTX *mac;		/* keyed; restarted by begin() */
	struct tsig_prior prior;	/* the last MAC, as it was sent */
	unsigned n_messages;		/* of the answer, verified */
	unsigned n_unsigned;		/* since the last signed one */
	uint64_t last_time_s;
};

enum err
tsig_new(const struct tsig_key *key, const struct tsig_policy *policy,
    struct tsig **out)
{
	const struct alg *a = alg_find(key->alg);
	struct tsig *t;
	EVP_MAC *hmac;
	OSSL_PARAM params[2];

	if (a == NULL || (policy->mac_min != 0 &&
	    policy->mac_min < mac_least(a->size)))
		return ERR_INVALID;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_NO_MEMORY;
	t->key = *key;
	t->policy = *policy;
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (hmac != NULL)
		t->mac = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)a->digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (t->mac == NULL || EVP_MAC_init(t->mac, t->key.secret,
	    t->key.secret_len, params) != 1) {
		tsig_free(t);
		return ERR_CRYPTO;
	}
	*out = t;
	return OK;
}

void
tsig_free(struct tsig *t)
{
	if (t == NULL)
		return;
	EVP_MAC_CTX_free(t->mac);
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

static bool
add(struct tsig *t, const uint8_t *bytes, size_t len)
{
	return EVP_MAC_update(t->mac, bytes, len) == 1;
}

/* Restart the MAC with the same key, over the prior MAC if there is one. */
static bool
begin(struct tsig *t)
{
	uint8_t len[2];

	if (EVP_MAC_init(t->mac, NULL, 0, NULL) != 1)
		return false;
	if (t->prior.mac_len == 0)
		return true;
	wr_put_u16(len, t->prior.mac_len);
	return add(t, len, 2) && add(t, t->prior.mac, t->prior.mac_len);
}

/* Message and variables, then the end. begin() came before. */
static bool
finish(struct tsig *t, const uint8_t *msg, size_t len, bool had_tsig,
    const struct tsig_rr *tr, bool timers_only, uint8_t mac[TSIG_MAC_MAX])
{
	uint8_t fixed[DNSMSG_HEADER];
	uint8_t vars[TSIG_INPUT_EXTRA];
	struct wr h = wr_make(fixed, sizeof(fixed));
	struct wr v = wr_make(vars, sizeof(vars));
	struct tsig_rr head = *tr;
	size_t n;

	/* Other data may be long in a bad record: it goes by itself. */
	put_header(&h, msg, had_tsig, tr);
	if (!timers_only) {
		head.other_len = 0;
		put_variables(&v, &head, false);
		wr_patch_u16(&v, wr_len(&v) - 2, tr->other_len);
	} else {
		put_variables(&v, tr, true);
	}
	if (wr_failed(&h) || wr_failed(&v))
		return false;
	if (!add(t, fixed, sizeof(fixed)) ||
	    !add(t, msg + DNSMSG_HEADER, len - DNSMSG_HEADER) ||
	    !add(t, vars, wr_len(&v)))
		return false;
	if (!timers_only && tr->other_len > 0 &&
	    !add(t, tr->other, tr->other_len))
		return false;
	return EVP_MAC_final(t->mac, mac, &n, TSIG_MAC_MAX) == 1 &&
	    n == tsig_alg_size(t->key.alg);
}

enum err
tsig_sign_request(struct tsig *t, uint8_t *msg, size_t *len, size_t max,
    uint64_t now_s)
{
	struct tsig_rr tr = {
		.name_len = t->key.name_len,
		.alg = t->key.alg,
		.time_s = now_s,
		.fudge_s = t->policy.fudge_s,
	};
	uint8_t mac[TSIG_MAC_MAX];
	enum err e;

	if (*len < DNSMSG_HEADER)
		return ERR_MALFORMED;
	memcpy(tr.name, t->key.name, t->key.name_len);
	tr.original_id = (uint16_t)(msg[0] << 8 | msg[1]);
	t->prior.mac_len = 0;
	t->n_messages = t->n_unsigned = 0;
	t->last_time_s = 0;
	if (!begin(t) || !finish(t, msg, *len, false, &tr, false, mac))
		return ERR_CRYPTO;
	tr.mac = mac;
	tr.mac_len = (uint16_t)tsig_alg_size(t->key.alg);
	e = tsig_append(msg, len, max, &tr);
	if (e != OK)
		return e;
	memcpy(t->prior.mac, mac, tr.mac_len);
	t->prior.mac_len = tr.mac_len;
	return begin(t) ? OK : ERR_CRYPTO;
}

static enum err
verdict(struct tsig_result *out, enum tsig_verdict v)
{
	out->verdict = v;
	return v == TSIG_GOOD || v == TSIG_UNSIGNED ? OK : ERR_BAD_SIG;
}

static enum err
verify_unsigned(struct tsig *t, const uint8_t *msg, size_t len,
    struct tsig_result *out)
{
	out->body_len = len;
	if (t->n_messages == 0 || t->policy.sign_all)
		return verdict(out, TSIG_MISSING);
	if (t->n_unsigned >= TSIG_UNSIGNED_MAX)
		return verdict(out, TSIG_TOO_MANY_UNSIGNED);
	if (!add(t, msg, len))
		return ERR_CRYPTO;
	t->n_unsigned++;
	t->n_messages++;
	return verdict(out, TSIG_UNSIGNED);
}

/* BADTIME carries the server's clock in its other data. RFC 8945 5.2.3 */
static void
note_time(const struct tsig_rr *tr, uint64_t now_s, struct tsig_result *out)
{
	uint64_t theirs = tr->time_s;

	if (tr->error == DNSMSG_BADTIME && tr->other_len == 6) {
		struct rd r = rd_make(tr->other, 6);

		theirs = rd_u48(&r);
	} else if (theirs == 0) {
		return;			/* an unsigned error may leave it out */
	}
	out->has_time = true;
	out->skew_s = (int64_t)theirs - (int64_t)now_s;
}

static enum err
verify_signed(struct tsig *t, const uint8_t *msg, const struct tsig_rr *tr,
    uint64_t now_s, struct tsig_result *out)
{
	uint8_t mac[TSIG_MAC_MAX];
	enum tsig_verdict v;

	out->body_len = tr->off;
	out->peer_error = tr->error;
	note_time(tr, now_s, out);
	/* Unsigned errors say why we failed, and nothing else. T-136 */
	if (tr->error != 0 && tr->mac_len == 0)
		return verdict(out, TSIG_PEER_ERROR);
	if (tr->alg != t->key.alg || tr->name_len != t->key.name_len ||
	    memcmp(tr->name, t->key.name, tr->name_len) != 0)
		return verdict(out, TSIG_BAD_KEY);
	if (!finish(t, msg, tr->off, true, tr, t->n_messages > 0, mac))
		return ERR_CRYPTO;
	v = tsig_judge(tr, mac, tsig_alg_size(t->key.alg), t->policy.mac_min,
	    now_s, t->policy.fudge_s);
	if (v == TSIG_GOOD && tr->time_s < t->last_time_s)
		v = TSIG_BAD_TIME;
	if (tr->error != 0 && (v == TSIG_GOOD || v == TSIG_BAD_TIME))
		v = TSIG_PEER_ERROR;
	if (v != TSIG_GOOD)
		return verdict(out, v);
	memcpy(t->prior.mac, tr->mac, tr->mac_len);
	t->prior.mac_len = tr->mac_len;
	t->last_time_s = tr->time_s;
	t->n_unsigned = 0;
	t->n_messages++;
	return begin(t) ? verdict(out, TSIG_GOOD) : ERR_CRYPTO;
}

enum err
tsig_verify(struct tsig *t, const uint8_t *msg, size_t len, uint64_t now_s,
    struct tsig_result *out)
{
	struct tsig_rr tr;
	enum err e;

	memset(out, 0, sizeof(*out));
	e = tsig_find(msg, len, &tr);
	if (e == ERR_NOT_FOUND)
		return verify_unsigned(t, msg, len, out);
	if (e != OK)
		return verdict(out, TSIG_BAD_FORM);
	return verify_signed(t, msg, &tr, now_s, out);
}

enum err
tsig_done(const struct tsig *t)
{
	return t->n_messages > 0 && t->n_unsigned == 0 ? OK : ERR_BAD_SIG;
}
