/*
 * rr.c - one walker over the shapes of rrtype.def does all: see rr.h.
 *
 * The inside of rdata is a stranger's claim. Each field function gets what is
 * left of the rdata and says how much of it the field takes, or BAD. There is
 * no other place where a length out of rdata is believed.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"

#define BAD	SIZE_MAX

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* ---- Fields: octets taken of the @len at @p, or BAD -------------------- */

size_t
rr_name_check(const uint8_t *p, size_t len)
{
	size_t n;

	return dname_scan(p, len, &n) == OK ? n : 0;
}

static size_t
field_name(const uint8_t *p, size_t len)
{
	size_t n = rr_name_check(p, len);

	return n == 0 ? BAD : n;
}

static size_t
field_string(const uint8_t *p, size_t len)
{
	if (len == 0 || len - 1 < p[0])
		return BAD;
	return (size_t)p[0] + 1;
}

static size_t
field_strings(const uint8_t *p, size_t len)
{
	size_t at = 0;

	do {
		size_t n = field_string(p + at, len - at);

		if (n == BAD)
			return BAD;
		at += n;
	} while (at < len);
	return at;
}

/* RFC 4034 4.1.2: windows rise, hold 1 to 32 octets, the last one not zero. */
static size_t
field_bitmap(const uint8_t *p, size_t len)
{
	size_t at = 0;
	int last = -1;

	while (at < len) {
		unsigned n;

		if (len - at < 2 || p[at] <= last)
			return BAD;
		last = p[at];
		n = p[at + 1];
		at += 2;
		if (n < 1 || n > 32 || len - at < n || p[at + n - 1] == 0)
			return BAD;
		at += n;
	}
	return at;
}

/* RFC 9460 8: the list rises, holds no 0, and each key is present. */
static bool
svc_mandatory(const uint8_t *v, size_t n)
{
	size_t i;

	if (n < 2 || n % 2 != 0 || u16(v) == 0)
		return false;
	for (i = 2; i < n; i += 2)
		if (u16(v + i) <= u16(v + i - 2))
			return false;
	return true;
}

static bool
svc_alpn(const uint8_t *v, size_t n)
{
	size_t at = 0;

	while (at < n) {
		if (v[at] == 0 || n - at - 1 < v[at])
			return false;
		at += (size_t)v[at] + 1;
	}
	return n > 0;
}

static bool
svc_value(unsigned key, const uint8_t *v, size_t n)
{
	switch (key) {
	case 0:
		return svc_mandatory(v, n);
	case 1:
		return svc_alpn(v, n);
	case 2:
		return n == 0;
	case 3:
		return n == 2;
	case 4:
		return n > 0 && n % 4 == 0;
	case 6:
		return n > 0 && n % 16 == 0;
	case 65535:			/* RFC 9460 14.3.2: invalid key */
		return false;
	default:
		return true;
	}
}

static size_t
field_svcparams(const uint8_t *p, size_t len)
{
	size_t at = 0;
	long last = -1;

	while (at < len) {
		unsigned key, n;

		if (len - at < 4)
			return BAD;
		key = u16(p + at);
		n = u16(p + at + 2);
		at += 4;
		if ((long)key <= last || len - at < n ||
		    !svc_value(key, p + at, n))
			return BAD;
		last = key;
		at += n;
	}
	return at;
}

static size_t
field_apl(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len) {
		unsigned family, prefix, n;

		if (len - at < 4)
			return BAD;
		family = u16(p + at);
		prefix = p[at + 2];
		n = p[at + 3] & 0x7f;
		at += 4;
		if (len - at < n)
			return BAD;
		if (family == 1 && (prefix > 32 || n > 4))
			return BAD;
		if (family == 2 && (prefix > 128 || n > 16))
			return BAD;
		at += n;
	}
	return at;
}

/* An address or a name, by a type octet: IPSECKEY, AMTRELAY. */
static size_t
field_gateway(unsigned type, const uint8_t *p, size_t len)
{
	switch (type) {
	case 0:
		return 0;
	case 1:
		return len < 4 ? BAD : 4;
	case 2:
		return len < 16 ? BAD : 16;
	case 3:
		return field_name(p, len);
	default:
		return len;		/* not assigned: opaque */
	}
}

static size_t
field_ipseckey(const uint8_t *p, size_t len)
{
	/* precedence, gateway type, algorithm; then the key to the end */
	if (len < 3 || field_gateway(p[1], p + 3, len - 3) == BAD)
		return BAD;
	return len;
}

static size_t
field_amtrelay(const uint8_t *p, size_t len)
{
	size_t n;

	if (len < 2)
		return BAD;
	n = field_gateway(p[1] & 0x7f, p + 2, len - 2);
	return n == BAD ? BAD : n + 2;
}

/* RFC 8005 5: where the servers begin, or BAD. */
static size_t
hip_servers(const uint8_t *p, size_t len)
{
	size_t n;

	if (len < 4 || p[0] == 0 || u16(p + 2) == 0)
		return BAD;
	n = 4 + (size_t)p[0] + u16(p + 2);
	return n > len ? BAD : n;
}

static size_t
field_hip(const uint8_t *p, size_t len)
{
	size_t at = hip_servers(p, len);

	while (at != BAD && at < len) {
		size_t n = field_name(p + at, len - at);

		at = n == BAD ? BAD : at + n;
	}
	return at;
}

/* RFC 8659 4.1 */
static size_t
field_caa(const uint8_t *p, size_t len)
{
	size_t i;

	if (len < 1 || p[0] == 0 || len - 1 < p[0])
		return BAD;
	for (i = 1; i <= p[0]; i++) {
		uint8_t c = dname_lower_octet(p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			return BAD;
	}
	return len;
}

/* RFC 2874 3.1: how long the address suffix is */
static size_t
a6_suffix(unsigned prefix)
{
	return (128 - prefix + 7) / 8;
}

static size_t
field_a6(const uint8_t *p, size_t len)
{
	size_t n, name;

	if (len < 1 || p[0] > 128)
		return BAD;
	n = 1 + a6_suffix(p[0]);
	if (len < n)
		return BAD;
	if (p[0] == 0)
		return n;
	name = field_name(p + n, len - n);
	return name == BAD ? BAD : n + name;
}

/* RFC 1876 2: sizes are a digit and an exponent */
static size_t
field_loc(const uint8_t *p, size_t len)
{
	int i;

	if (len < 1)
		return BAD;
	if (p[0] != 0)
		return len;
	if (len != 16)
		return BAD;
	for (i = 1; i <= 3; i++)
		if (p[i] >> 4 > 9 || (p[i] & 15) > 9)
			return BAD;
	return len;
}

/* Octets that the field @letter takes at @p, or BAD. */
static size_t
field(char letter, const uint8_t *p, size_t len)
{
	size_t n;

	switch (letter) {
	case '1': n = 1; break;
	case '2': n = 2; break;
	case '4': case 'a': n = 4; break;
	case '6': n = 6; break;
	case '8': n = 8; break;
	case 'q': n = 16; break;
	case 'N': case 'D': case 'L': case 'n':
		return field_name(p, len);
	case 's':
		return field_string(p, len);
	case 'o':
		return len == 0 ? 0 : field_string(p, len);
	case 'S':
		return field_strings(p, len);
	case 'h':
		return field_string(p, len);
	case 'H':
		n = field_string(p, len);
		return n == 1 ? BAD : n;
	case 'B':
		return len;
	case 'b':
		return len == 0 ? BAD : len;
	case 'W':
		return field_bitmap(p, len);
	case 'w':
		return len == 0 ? BAD : field_bitmap(p, len);
	case 'P':
		return field_svcparams(p, len);
	case 'A':
		return field_apl(p, len);
	case 'G':
		return field_ipseckey(p, len);
	case 'M':
		return len < 1 ? BAD : field_amtrelay(p, len);
	case 'I':
		return field_hip(p, len);
	case 'T':
		return field_caa(p, len);
	case 'X':
		return field_a6(p, len);
	case 'C':
		return field_loc(p, len);
	default:			/* '-': never zone data */
		return BAD;
	}
	return len < n ? BAD : n;
}

/* ---- Checks ------------------------------------------------------------ */

static enum err
check_shape(const char *shape, const uint8_t *rdata, size_t len)
{
	size_t at = 0;

	for (; *shape != '\0'; shape++) {
		size_t n = field(*shape, rdata + at, len - at);

		if (n == BAD)
			return ERR_MALFORMED;
		at += n;
	}
	return at == len ? OK : ERR_MALFORMED;
}

enum err
rr_rdata_check(uint16_t type, const uint8_t *rdata, size_t len)
{
	if (len > RR_RDATA_MAX || !rrtype_is_data(type))
		return ERR_MALFORMED;
	return check_shape(rrtype_shape(type), rdata, len);
}

/* Fold a question about a type's shape into a constant table. */
#define SHAPE_HAS(shape, c)	(strchr(shape, c) != NULL)

static bool
may_be_compressed(uint16_t type)
{
	switch (type) {
#define RRTYPE(number, name, shape)					\
	case number: return SHAPE_HAS(shape, 'N') || SHAPE_HAS(shape, 'D');
#include "common/dns/rrtype.def"
#undef RRTYPE
	default:
		return false;
	}
}

static bool
has_lowered(uint16_t type)
{
	switch (type) {
#define RRTYPE(number, name, shape)					\
	case number: return SHAPE_HAS(shape, 'N') ||			\
	    SHAPE_HAS(shape, 'D') || SHAPE_HAS(shape, 'L') ||		\
	    SHAPE_HAS(shape, 'X');
#include "common/dns/rrtype.def"
#undef RRTYPE
	default:
		return false;
	}
}

bool
rr_has_names(uint16_t type)
{
	switch (type) {
#define RRTYPE(number, name, shape)					\
	case number: return SHAPE_HAS(shape, 'N') ||			\
	    SHAPE_HAS(shape, 'D') || SHAPE_HAS(shape, 'L') ||		\
	    SHAPE_HAS(shape, 'n') || SHAPE_HAS(shape, 'X') ||		\
	    SHAPE_HAS(shape, 'G') || SHAPE_HAS(shape, 'M') ||		\
	    SHAPE_HAS(shape, 'I');
#include "common/dns/rrtype.def"
#undef RRTYPE
	default:
		return false;
	}
}

/* ---- Out of a message -------------------------------------------------- */

/* The types with N and D: field by field, names expanded. */
static enum err
expand(const uint8_t *msg, size_t len, size_t off, size_t rdlen,
    const char *shape, uint8_t *out, size_t out_max, size_t *out_len)
{
	size_t at = off, end = off + rdlen, n = 0;

	for (; *shape != '\0'; shape++) {
		size_t take, put;

		if (*shape == 'N' || *shape == 'D') {
			uint8_t name[DNSMSG_NAME_MAX];
			size_t next;

			if (at >= end || dnsmsg_name(msg, len, at, name, &put,
			    &next) != OK || next > end)
				return ERR_MALFORMED;
			if (out_max - n < put)
				return ERR_SPACE;
			memcpy(out + n, name, put);
			take = next - at;
		} else {
			take = put = field(*shape, msg + at, end - at);
			if (take == BAD)
				return ERR_MALFORMED;
			if (out_max - n < put)
				return ERR_SPACE;
			memcpy(out + n, msg + at, put);
		}
		at += take;
		n += put;
	}
	if (at != end || n > RR_RDATA_MAX)
		return ERR_MALFORMED;
	*out_len = n;
	return OK;
}

enum err
rr_rdata_from_message(const uint8_t *msg, size_t len, size_t off,
    size_t rdlen, uint16_t type, uint8_t *out, size_t out_max,
    size_t *out_len)
{
	enum err e;

	if (off > len || rdlen > len - off || !rrtype_is_data(type))
		return ERR_MALFORMED;
	if (may_be_compressed(type))
		return expand(msg, len, off, rdlen, rrtype_shape(type), out,
		    out_max, out_len);
	e = rr_rdata_check(type, msg + off, rdlen);
	if (e != OK)
		return e;
	if (rdlen > out_max)
		return ERR_SPACE;
	memcpy(out, msg + off, rdlen);
	*out_len = rdlen;
	return OK;
}

/* ---- Names inside ------------------------------------------------------ */

struct rr_names
rr_names_begin(uint16_t type, const uint8_t *rdata, size_t len)
{
	return (struct rr_names){
		.shape = rr_has_names(type) ? rrtype_shape(type) : "",
		.rdata = rdata,
		.len = len,
	};
}

static bool
names_take(struct rr_names *it, size_t skip, char kind, struct rr_name *out)
{
	size_t at = it->off + skip, n;

	if (at > it->len)
		return false;
	n = rr_name_check(it->rdata + at, it->len - at);
	if (n == 0)
		return false;
	out->off = (uint16_t)at;
	out->len = (uint16_t)n;
	out->kind = kind;
	it->off = at + n;
	return true;
}

/* The letters that hold a name somewhere inside: where it begins, or BAD. */
static size_t
names_inside(char letter, const uint8_t *p, size_t len)
{
	switch (letter) {
	case 'G':
		return len >= 3 && p[1] == 3 ? 3 : BAD;
	case 'M':			/* the precedence is part of the field */
		return len >= 2 && (p[1] & 0x7f) == 3 ? 2 : BAD;
	case 'X':
		return len >= 1 && p[0] > 0 && p[0] <= 128 ?
		    1 + a6_suffix(p[0]) : BAD;
	default:
		return BAD;
	}
}

bool
rr_names_next(struct rr_names *it, struct rr_name *out)
{
	if (it->servers)
		return it->off < it->len && names_take(it, 0, 'n', out);
	for (; *it->shape != '\0'; it->shape++) {
		const uint8_t *p = it->rdata + it->off;
		size_t left = it->len - it->off, n;
		char c = *it->shape;

		switch (c) {
		case 'N': case 'D': case 'L': case 'n':
			if (!names_take(it, 0, c, out))
				goto end;
			it->shape++;
			return true;
		case 'G': case 'M': case 'X':
			n = names_inside(c, p, left);
			if (n == BAD || !names_take(it, n, c == 'X' ? 'L' :
			    'n', out))
				goto end;
			it->shape = "";
			return true;
		case 'I':
			n = hip_servers(p, left);
			if (n == BAD)
				goto end;
			it->off += n;
			it->servers = true;
			it->shape = "";
			return rr_names_next(it, out);
		default:
			n = field(c, p, left);
			if (n == BAD)
				goto end;
			it->off += n;
		}
	}
end:
	it->shape = "";
	return false;
}

/* ---- Canonical form ---------------------------------------------------- */

/* Names that RFC 4034 6.2 lower-cases; RFC 6840 5.1 took NSEC's out. */
static bool
is_lowered(const struct rr_name *n)
{
	return n->kind != 'n';
}

void
rr_canonical_in_place(uint16_t type, uint8_t *rdata, size_t len)
{
	struct rr_names it;
	struct rr_name n;

	if (!has_lowered(type))
		return;
	it = rr_names_begin(type, rdata, len);
	while (rr_names_next(&it, &n)) {
		size_t i;

		/* Length octets are below 64: lowering leaves them alone. */
		for (i = n.off; is_lowered(&n) &&
		    i < (size_t)n.off + n.len; i++)
			rdata[i] = dname_lower_octet(rdata[i]);
	}
}

static int
compare_lowered(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int d = dname_lower_octet(a[i]) - dname_lower_octet(b[i]);

		if (d != 0)
			return d;
	}
	return 0;
}

int
rr_canonical_compare(uint16_t type, const uint8_t *a, size_t a_len,
    const uint8_t *b, size_t b_len)
{
	size_t min = a_len < b_len ? a_len : b_len, at = 0;
	int d;

	if (has_lowered(type)) {
		/*
		 * The names of @a are where the names of @b are, up to the
		 * first difference: a name says itself where it ends.
		 */
		struct rr_names it = rr_names_begin(type, a, a_len);
		struct rr_name n;

		while (at < min && rr_names_next(&it, &n)) {
			size_t begin = n.off < min ? n.off : min;
			size_t end = (size_t)n.off + n.len;

			if (!is_lowered(&n))
				continue;
			if (end > min)
				end = min;
			d = memcmp(a + at, b + at, begin - at);
			if (d != 0)
				return d;
			d = compare_lowered(a + begin, b + begin, end - begin);
			if (d != 0)
				return d;
			at = end;
		}
	}
	d = min > at ? memcmp(a + at, b + at, min - at) : 0;
	if (d != 0)
		return d;
	return a_len < b_len ? -1 : a_len > b_len;
}

/* ---- SOA --------------------------------------------------------------- */

enum err
rr_soa_parse(const uint8_t *rdata, size_t len, struct rr_soa *out)
{
	size_t m, r;

	m = rr_name_check(rdata, len);
	if (m == 0)
		return ERR_MALFORMED;
	r = rr_name_check(rdata + m, len - m);
	if (r == 0 || len - m - r != 20)
		return ERR_MALFORMED;
	out->mname = rdata;
	out->mname_len = (uint16_t)m;
	out->rname = rdata + m;
	out->rname_len = (uint16_t)r;
	rdata += m + r;
	out->serial = u32(rdata);
	out->refresh = u32(rdata + 4);
	out->retry = u32(rdata + 8);
	out->expire = u32(rdata + 12);
	out->minimum = u32(rdata + 16);
	return OK;
}
