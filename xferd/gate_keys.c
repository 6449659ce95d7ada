/*
 * gate_keys.c - DNSKEY sets and the signatures made with them.
 */
#include "xferd/gate_keys.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "common/base/rd.h"
#include "common/dns/digest.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

enum {
	RSASHA256 = 8,
	RSASHA512 = 10,
	ECDSAP256 = 13,
	ECDSAP384 = 14,
	ED25519 = 15,
	ED448 = 16,
	FLAG_ZONE = 0x0100,
	FLAG_REVOKED = 0x0080,
	PROTOCOL = 3,
	RRSIG_FIXED = 18,
	RSA_BITS_MAX = 8192,
	DER_MAX = 128,
	TOLERANCE_S = 3600,		/* of clocks, for the beginning */
};

struct key {
	uint16_t tag, flags;
	uint8_t algorithm;
	uint8_t *rdata;
	uint16_t rdlen;
	EVP_PKEY *pkey;			/* NULL: unknown, or not usable */
	bool known;			/* the algorithm */
};

struct gate_keys {
	const uint8_t *apex;
	size_t apex_len;
	unsigned n;
	struct key key[GATE_KEYS_MAX];
	int64_t print;
	EVP_MD_CTX *ctx;
	uint8_t *text;			/* what is signed */
	size_t text_size;
};

/* ---- keys -------------------------------------------------------------- */

static uint16_t
tag_of(const uint8_t *rdata, size_t len)	/* RFC 4034 B */
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (i & 1) != 0 ? rdata[i] : (uint32_t)rdata[i] << 8;
	sum += sum >> 16 & 0xffff;
	return (uint16_t)sum;
}

static EVP_PKEY *
from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || params == NULL ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *
rsa_key(const uint8_t *p, size_t len)		/* RFC 3110 2 */
{
	struct rd r = rd_make(p, len);
	size_t e_len = rd_u8(&r), n_len;
	const uint8_t *e, *n;
	OSSL_PARAM_BLD *bld;
	EVP_PKEY *pkey = NULL;
	BIGNUM *be, *bn;

	if (e_len == 0)
		e_len = rd_u16(&r);
	e = rd_bytes(&r, e_len);
	if (rd_failed(&r) || e_len == 0 || e_len > 512)
		return NULL;
	n_len = rd_left(&r);
	n = rd_bytes(&r, n_len);
	if (rd_failed(&r) || n_len < 64 || n_len > RSA_BITS_MAX / 8)
		return NULL;
	bld = OSSL_PARAM_BLD_new();
	be = BN_bin2bn(e, (int)e_len, NULL);
	bn = BN_bin2bn(n, (int)n_len, NULL);
	if (bld != NULL && be != NULL && bn != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		pkey = from_params("RSA", bld);
	BN_free(be);
	BN_free(bn);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static EVP_PKEY *
ec_key(const char *group, const uint8_t *p, size_t len, size_t want)
{
	uint8_t point[1 + 96] = { 4 };		/* uncompressed */
	OSSL_PARAM_BLD *bld;
	EVP_PKEY *pkey = NULL;

	if (len != want)
		return NULL;
	memcpy(point + 1, p, len);
	bld = OSSL_PARAM_BLD_new();
	if (bld != NULL && OSSL_PARAM_BLD_push_utf8_string(bld,
	    OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
	    point, len + 1) == 1)
		pkey = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static void
open_key(struct key *k)
{
	const uint8_t *p = k->rdata + 4;
	size_t len = k->rdlen - 4u;

	k->known = true;
	switch (k->algorithm) {
	case RSASHA256:
	case RSASHA512:
		k->pkey = rsa_key(p, len);
		break;
	case ECDSAP256:
		k->pkey = ec_key("P-256", p, len, 64);
		break;
	case ECDSAP384:
		k->pkey = ec_key("P-384", p, len, 96);
		break;
	case ED25519:
		k->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    p, len);
		break;
	case ED448:
		k->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED448, NULL, p,
		    len);
		break;
	default:
		k->known = false;
	}
}

static enum err
take_keys(struct gate_keys *k, const struct page_set *set)
{
	const uint8_t *at = set->rr, *end = set->rr + set->rr_len;
	struct digest d;

	digest_of(set->rr, set->rr_len, &d);
	memcpy(&k->print, d.octets, sizeof(k->print));
	k->print &= INT64_MAX;
	if (k->print == 0)
		k->print = 1;
	while (at < end) {
		struct page_rr rr;
		struct key *key = &k->key[k->n];

		at += page_rr_read(at, &rr);
		if (rr.rdlen < 4 || rr.rdata[2] != PROTOCOL)
			continue;
		key->flags = (uint16_t)(rr.rdata[0] << 8 | rr.rdata[1]);
		if ((key->flags & FLAG_ZONE) == 0)
			continue;
		if (k->n == GATE_KEYS_MAX - 1)
			return ERR_LIMIT;
		key->rdata = malloc(rr.rdlen);
		if (key->rdata == NULL)
			return ERR_NO_MEMORY;
		memcpy(key->rdata, rr.rdata, rr.rdlen);
		key->rdlen = rr.rdlen;
		key->algorithm = rr.rdata[3];
		key->tag = tag_of(rr.rdata, rr.rdlen);
		open_key(key);
		k->n++;
	}
	return OK;
}

enum err
gate_keys_new(const uint8_t *apex, const struct page_name *name,
    struct gate_keys **out)
{
	struct gate_keys *k = calloc(1, sizeof(*k));
	struct page_set set;
	enum err e = OK;

	if (k == NULL)
		return ERR_NO_MEMORY;
	k->apex = apex;
	k->apex_len = dname_len(apex);
	k->ctx = EVP_MD_CTX_new();
	/* Owner, fixed parts and rdata of a whole set, and the RRSIG. */
	k->text_size = 2 * PAGE_RRSET_MAX_BYTES;
	k->text = malloc(k->text_size);
	if (k->ctx == NULL || k->text == NULL)
		e = ERR_NO_MEMORY;
	if (e == OK && page_set_find(name, RRTYPE_DNSKEY, &set))
		e = take_keys(k, &set);
	if (e != OK) {
		gate_keys_free(k);
		return e;
	}
	*out = k;
	return OK;
}

void
gate_keys_free(struct gate_keys *k)
{
	if (k == NULL)
		return;
	for (unsigned i = 0; i < GATE_KEYS_MAX; i++) {
		EVP_PKEY_free(k->key[i].pkey);
		free(k->key[i].rdata);
	}
	EVP_MD_CTX_free(k->ctx);
	free(k->text);
	free(k);
}

unsigned
gate_keys_n(const struct gate_keys *k)
{
	return k->n;
}

int64_t
gate_keys_print(const struct gate_keys *k)
{
	return k->print;
}

/* ---- what is signed ---------------------------------------------------- */

/*
 * RRSIG rdata without the signature, then each record with its owner and the
 * TTL of the RRSIG, all canonical.				RFC 4034 3.1.8.1
 * Returns the length, 0 when it does not fit.
 */
static size_t
signed_text(struct gate_keys *k, const uint8_t *owner, size_t owner_len,
    const struct page_set *set, const struct page_rr *sig, size_t head_len)
{
	const uint8_t *at = set->rr, *end = set->rr + set->rr_len;
	size_t n = head_len, need = head_len + set->rr_len +
	    (size_t)set->n_rr * owner_len;

	if (need > k->text_size) {
		uint8_t *more = realloc(k->text, need);

		if (more == NULL)
			return 0;
		k->text = more;
		k->text_size = need;
	}
	memcpy(k->text, sig->rdata, head_len);
	dname_lower(sig->rdata + RRSIG_FIXED, k->text + RRSIG_FIXED);
	while (at < end) {
		struct page_rr rr;
		uint8_t *p = k->text + n;

		at += page_rr_read(at, &rr);
		memcpy(p, owner, owner_len);
		p += owner_len;
		p[0] = (uint8_t)(rr.type >> 8);
		p[1] = (uint8_t)rr.type;
		p[2] = 0;
		p[3] = 1;
		memcpy(p + 4, sig->rdata + 4, 4);	/* the original TTL */
		p[8] = (uint8_t)(rr.rdlen >> 8);
		p[9] = (uint8_t)rr.rdlen;
		memcpy(p + 10, rr.rdata, rr.rdlen);
		rr_canonical_in_place(rr.type, p + 10, rr.rdlen);
		n += owner_len + 10 + rr.rdlen;
	}
	return n;
}

/* r and s as DER.						RFC 6605 4 */
static size_t
ecdsa_der(const uint8_t *sig, size_t len, uint8_t out[DER_MAX])
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, (int)len / 2, NULL);
	BIGNUM *v = BN_bin2bn(sig + len / 2, (int)len / 2, NULL);
	uint8_t *p = out;
	int n = 0;

	if (s == NULL || r == NULL || v == NULL ||
	    ECDSA_SIG_set0(s, r, v) != 1) {
		BN_free(r);
		BN_free(v);
	} else {
		n = i2d_ECDSA_SIG(s, NULL);
		n = n <= 0 || n > DER_MAX ? 0 : i2d_ECDSA_SIG(s, &p);
	}
	ECDSA_SIG_free(s);
	return n > 0 ? (size_t)n : 0;
}

static bool
crypto(struct gate_keys *k, const struct key *key, const uint8_t *sig,
    size_t sig_len, size_t text_len)
{
	const EVP_MD *md = NULL;
	uint8_t der[DER_MAX];

	switch (key->algorithm) {
	case RSASHA256:
	case ECDSAP256:
		md = EVP_sha256();
		break;
	case RSASHA512:
		md = EVP_sha512();
		break;
	case ECDSAP384:
		md = EVP_sha384();
		break;
	default:
		break;
	}
	if (key->algorithm == ECDSAP256 || key->algorithm == ECDSAP384) {
		if (sig_len != (key->algorithm == ECDSAP256 ? 64u : 96u))
			return false;
		sig_len = ecdsa_der(sig, sig_len, der);
		sig = der;
	}
	EVP_MD_CTX_reset(k->ctx);
	return key->pkey != NULL && sig_len > 0 &&
	    EVP_DigestVerifyInit(k->ctx, NULL, md, NULL, key->pkey) == 1 &&
	    EVP_DigestVerify(k->ctx, sig, sig_len, k->text, text_len) == 1;
}

/* ---- one set ----------------------------------------------------------- */

/* Labels of an owner as an RRSIG counts them: no root, no asterisk. */
static unsigned
labels_of(const uint8_t *owner)
{
	unsigned n = dname_labels(owner);

	return n > 0 && owner[0] == 1 && owner[1] == '*' ? n - 1 : n;
}

static int64_t
seconds_from(uint32_t then, int64_t now_s)	/* RFC 4034 3.1.5 */
{
	return (int32_t)(then - (uint32_t)now_s);
}

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static enum gate_key_verdict
verify_one(struct gate_keys *k, const uint8_t *owner, size_t owner_len,
    const struct page_set *set, const struct page_rr *sig, int64_t now_s,
    int only, unsigned *tries)
{
	const uint8_t *p = sig->rdata;
	enum gate_key_verdict v = GATE_KEY_NONE;
	size_t signer_len, head_len, text_len = 0;
	uint16_t tag;

	if (sig->rdlen < RRSIG_FIXED + 1)
		return GATE_KEY_NONE;
	signer_len = rr_name_check(p + RRSIG_FIXED, sig->rdlen - RRSIG_FIXED);
	if (signer_len == 0 || !dname_equal(p + RRSIG_FIXED, k->apex))
		return GATE_KEY_NONE;
	head_len = RRSIG_FIXED + signer_len;
	tag = (uint16_t)(p[16] << 8 | p[17]);
	for (unsigned i = 0; i < k->n; i++) {
		const struct key *key = &k->key[i];

		if (key->tag != tag || key->algorithm != p[2] ||
		    (only >= 0 && (unsigned)only != i) ||
		    ((key->flags & FLAG_REVOKED) != 0 && only < 0))
			continue;
		if (!key->known) {
			v = GATE_KEY_UNKNOWN;
			continue;
		}
		if (p[3] != labels_of(owner))
			return GATE_KEY_LABELS;
		if (seconds_from(u32_at(p + 8), now_s) < 0)
			return GATE_KEY_LATE;
		if (seconds_from(u32_at(p + 12), now_s) > TOLERANCE_S)
			return GATE_KEY_EARLY;
		if ((*tries)++ >= GATE_KEY_TRIES_MAX)
			return GATE_KEY_WRONG;
		if (text_len == 0)
			text_len = signed_text(k, owner, owner_len, set, sig,
			    head_len);
		if (text_len > 0 && crypto(k, key, p + head_len,
		    sig->rdlen - head_len, text_len))
			return GATE_KEY_GOOD;
		v = GATE_KEY_WRONG;
	}
	return v;
}

/* The one that tells a person most. */
static int
rank(enum gate_key_verdict v)
{
	switch (v) {
	case GATE_KEY_GOOD:
		return 6;
	case GATE_KEY_UNKNOWN:
		return 5;
	case GATE_KEY_WRONG:
		return 4;
	case GATE_KEY_LATE:
		return 3;
	case GATE_KEY_EARLY:
		return 2;
	case GATE_KEY_LABELS:
		return 1;
	case GATE_KEY_NONE:
		return 0;
	}
	return 0;
}

enum gate_key_verdict
gate_keys_verify(struct gate_keys *k, const uint8_t *owner, size_t owner_len,
    const struct page_set *set, int64_t now_s, int only, int64_t *out_until_s)
{
	const uint8_t *at = set->sig, *end = set->sig + set->sig_len;
	enum gate_key_verdict best = GATE_KEY_NONE;
	int64_t until = 0;
	unsigned tries = 0;

	while (at < end) {
		struct page_rr sig;
		enum gate_key_verdict v;

		at += page_rr_read(at, &sig);
		v = verify_one(k, owner, owner_len, set, &sig, now_s, only,
		    &tries);
		if (v == GATE_KEY_GOOD)
			until = MAX(until, now_s + seconds_from(
			    u32_at(sig.rdata + 8), now_s));
		if (rank(v) > rank(best))
			best = v;
	}
	*out_until_s = until;
	return best;
}

const char *
gate_keys_text(enum gate_key_verdict v)
{
	switch (v) {
	case GATE_KEY_GOOD:
		return "is good";
	case GATE_KEY_UNKNOWN:
		return "is of an algorithm that we do not know";
	case GATE_KEY_NONE:
		return "has no signature by a key of the zone";
	case GATE_KEY_EARLY:
		return "has a signature that begins in the future";
	case GATE_KEY_LATE:
		return "has a signature that has ended";
	case GATE_KEY_LABELS:
		return "has a signature that was made for another name";
	case GATE_KEY_WRONG:
		return "has a signature that does not verify";
	}
	return "";
}

/* ---- trust anchors ----------------------------------------------------- */

static const EVP_MD *
digest_type(uint8_t type)
{
	static const char *const NAME[] = { NULL, "SHA1", "SHA256", NULL,
		"SHA384" };

	return type >= COUNT_OF(NAME) || NAME[type] == NULL ? NULL :
	    EVP_get_digestbyname(NAME[type]);
}

bool
gate_keys_is_ds(const uint8_t *apex, const uint8_t *ds, size_t ds_len,
    const uint8_t *key, size_t key_len)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
	unsigned len = 0;
	bool same;

	if (ds_len < 5 || key_len < 5 || ds[2] != key[3] ||
	    (uint16_t)(ds[0] << 8 | ds[1]) != tag_of(key, key_len))
		return false;
	md = digest_type(ds[3]);
	ctx = EVP_MD_CTX_new();
	same = md != NULL && ctx != NULL &&
	    EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, apex, dname_len(apex)) == 1 &&
	    EVP_DigestUpdate(ctx, key, key_len) == 1 &&
	    EVP_DigestFinal_ex(ctx, digest, &len) == 1 &&
	    len == ds_len - 4 && memcmp(digest, ds + 4, len) == 0;
	EVP_MD_CTX_free(ctx);
	return same;
}

int
gate_keys_anchor(const struct gate_keys *k, const struct gate_anchor *anchor)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;
	const EVP_MD *md = digest_type(anchor->digest_type);

	if (md == NULL)
		return -2;
	for (unsigned i = 0; i < k->n; i++) {
		const struct key *key = &k->key[i];

		if (key->tag != anchor->tag ||
		    key->algorithm != anchor->algorithm)
			continue;
		EVP_MD_CTX_reset(k->ctx);
		if (EVP_DigestInit_ex(k->ctx, md, NULL) == 1 &&
		    EVP_DigestUpdate(k->ctx, k->apex, k->apex_len) == 1 &&
		    EVP_DigestUpdate(k->ctx, key->rdata, key->rdlen) == 1 &&
		    EVP_DigestFinal_ex(k->ctx, digest, &len) == 1 &&
		    len == anchor->digest_len &&
		    memcmp(digest, anchor->digest, len) == 0)
			return (int)i;
	}
	return -1;
}
