/*
 * rrtext.c - see rrtext.h.
 *
 * ldns is only trusted as far as it comes back: what it prints is parsed by
 * it again and must give the same octets, else the RFC 3597 form is used.
 * That keeps its known traps away from us: types it does not know, an unknown
 * mnemonic that parses as type 0, text longer than its own line buffer.  A
 * quote in a name is the one trap that comes back all the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

#include "common/base/hex.h"
#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/rrtext.h"

/* ---- Types and names --------------------------------------------------- */

void
rrtext_type(uint16_t type, char out[RRTEXT_TYPE_MAX])
{
	const char *name = rrtype_name(type);

	if (name != NULL)
		snprintf(out, RRTEXT_TYPE_MAX, "%s", name);
	else
		snprintf(out, RRTEXT_TYPE_MAX, "TYPE%u", type);
}

static enum err
type_number(const char *digits, uint16_t *out_type)
{
	unsigned v = 0;
	size_t n = strlen(digits);

	if (n < 1 || n > 5)
		return ERR_NOT_FOUND;
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9')
			return ERR_NOT_FOUND;
		v = v * 10 + (unsigned)(*digits - '0');
	}
	if (v > UINT16_MAX)
		return ERR_NOT_FOUND;
	*out_type = (uint16_t)v;
	return OK;
}

enum err
rrtext_type_parse(const char *text, uint16_t *out_type)
{
	static const uint16_t numbers[] = {
#define RRTYPE(number, name, shape) number,
#include "common/dns/rrtype.def"
#undef RRTYPE
	};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (strcasecmp(rrtype_name(numbers[i]), text) == 0) {
			*out_type = numbers[i];
			return OK;
		}
	if (strncasecmp(text, "TYPE", 4) == 0)
		return type_number(text + 4, out_type);
	return ERR_NOT_FOUND;
}

enum err
rrtext_name(const uint8_t *name, size_t len, char out[RRTEXT_NAME_MAX])
{
	char text[DNAME_TEXT_MAX];
	size_t n;

	if (dname_scan(name, len, &n) != OK || n != len)
		return ERR_MALFORMED;
	n = dname_print(name, text);
	if (n >= RRTEXT_NAME_MAX)
		return ERR_SPACE;
	memcpy(out, text, n + 1);
	return OK;
}

/* ---- ldns -------------------------------------------------------------- */

/* The record as ldns wants it: root owner, TTL 0. */
static ldns_rr *
from_wire(uint16_t type, const uint8_t *rdata, size_t len)
{
	uint8_t *wire = malloc(11 + len);
	ldns_rr *rr = NULL;
	size_t pos = 0;

	if (wire == NULL)
		return NULL;
	memset(wire, 0, 11);
	wr_put_u16(wire + 1, type);
	wr_put_u16(wire + 3, LDNS_RR_CLASS_IN);
	wr_put_u16(wire + 9, (uint16_t)len);
	if (len > 0)
		memcpy(wire + 11, rdata, len);
	if (ldns_wire2rr(&rr, wire, 11 + len, &pos, LDNS_SECTION_ANSWER) !=
	    LDNS_STATUS_OK || pos != 11 + len) {
		ldns_rr_free(rr);
		rr = NULL;
	}
	free(wire);
	return rr;
}

static enum err
parse_line(uint16_t type, const char *line, uint8_t *out, size_t max,
    size_t *out_len)
{
	ldns_buffer *wire = NULL;
	ldns_rr *rr = NULL;
	enum err e = ERR_MALFORMED;
	size_t n;

	if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK ||
	    ldns_rr_get_type(rr) != type)
		goto out;
	wire = ldns_buffer_new(LDNS_MIN_BUFLEN);
	if (wire == NULL) {
		e = ERR_NO_MEMORY;
		goto out;
	}
	if (ldns_rr_rdata2buffer_wire(wire, rr) != LDNS_STATUS_OK)
		goto out;
	n = ldns_buffer_position(wire);
	if (rr_rdata_check(type, ldns_buffer_begin(wire), n) != OK)
		goto out;
	if (n > max) {
		e = ERR_SPACE;
		goto out;
	}
	memcpy(out, ldns_buffer_begin(wire), n);
	*out_len = n;
	e = OK;
out:
	ldns_buffer_free(wire);
	ldns_rr_free(rr);
	return e;
}

/* RFC 3597 5, blanks between the digits allowed. ldns reads it for some types
 * only. @text is what follows "\#". */
static enum err
parse_generic(uint16_t type, const char *text, uint8_t *out, size_t max,
    size_t *out_len)
{
	char *at;
	unsigned long n = strtoul(text, &at, 10);
	size_t digits = 0;

	if (at == text || n > RR_RDATA_MAX)
		return ERR_MALFORMED;
	if (n > max)
		return ERR_SPACE;
	for (; *at != '\0'; at++) {
		int v = hex_digit(*at);

		if (*at == ' ' || *at == '\t')
			continue;
		if (v < 0 || digits >= 2 * n)
			return ERR_MALFORMED;
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)(v << 4);
		else
			out[digits / 2] |= (uint8_t)v;
		digits++;
	}
	if (digits != 2 * n || rr_rdata_check(type, out, n) != OK)
		return ERR_MALFORMED;
	*out_len = n;
	return OK;
}

enum err
rrtext_rdata_parse(uint16_t type, const char *text, uint8_t *out, size_t max,
    size_t *out_len)
{
	char *line;
	size_t room = strlen(text) + 32;
	enum err e;

	if (!rrtype_is_data(type))
		return ERR_MALFORMED;
	if (strncmp(text, "\\#", 2) == 0)
		return parse_generic(type, text + 2, out, max, out_len);
	line = malloc(room);
	if (line == NULL)
		return ERR_NO_MEMORY;
	snprintf(line, room, ". 0 IN TYPE%u %s", type, text);
	e = parse_line(type, line, out, max, out_len);
	free(line);
	return e;
}

static bool
is_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* Does the line of ldns give the same octets again? */
static bool
comes_back(uint16_t type, const char *line, const uint8_t *rdata, size_t len)
{
	uint8_t *again = malloc(RR_RDATA_MAX);
	size_t n = 0;
	bool same;

	if (again == NULL)
		return false;
	same = parse_line(type, line, again, RR_RDATA_MAX, &n) == OK &&
	    n == len && (len == 0 || memcmp(again, rdata, len) == 0);
	free(again);
	return same;
}

/* ". 0 IN TYPE rdata": the rdata of such a line; NULL if it is not one. */
static char *
line_rdata(char *line)
{
	for (int i = 0; i < 4; i++) {
		line = strchr(line, '\t');
		if (line == NULL)
			return NULL;
		line++;
	}
	return line;
}

/* ldns writes a quote in a name as it is, and reads it so; others take it for
 * the beginning of a string. */
static bool
has_quoted_name(const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rd = ldns_rr_rdf(rr, i);

		if (ldns_rdf_get_type(rd) == LDNS_RDF_TYPE_DNAME &&
		    memchr(ldns_rdf_data(rd), '"', ldns_rdf_size(rd)) != NULL)
			return true;
	}
	return false;
}

/* By ldns; false when it cannot, or not faithfully. */
static bool
print_by_ldns(uint16_t type, const uint8_t *rdata, size_t len, char *out,
    size_t max, size_t *out_len)
{
	ldns_rr *rr = from_wire(type, rdata, len);
	char *line = NULL, *text;
	bool good = false;
	size_t n;

	if (rr == NULL)
		return false;
	if (has_quoted_name(rr))
		goto out;
	line = ldns_rr2str_fmt(ldns_output_format_nocomments, rr);
	text = line == NULL ? NULL : line_rdata(line);
	if (text == NULL)
		goto out;
	n = strlen(text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	if (n == 0 || !is_printable(text, n) || n >= max ||
	    !comes_back(type, line, rdata, len))
		goto out;
	memcpy(out, text, n + 1);
	*out_len = n;
	good = true;
out:
	free(line);
	ldns_rr_free(rr);
	return good;
}

/* RFC 3597 5 */
static enum err
print_generic(const uint8_t *rdata, size_t len, char *out, size_t max,
    size_t *out_len)
{
	static const char hex[] = "0123456789abcdef";
	int n = snprintf(out, max, len == 0 ? "\\# 0" : "\\# %zu ", len);
	size_t at;

	if (n < 0 || (size_t)n >= max || max - (size_t)n < 2 * len + 1)
		return ERR_SPACE;
	at = (size_t)n;
	for (size_t i = 0; i < len; i++) {
		out[at++] = hex[rdata[i] >> 4];
		out[at++] = hex[rdata[i] & 15];
	}
	out[at] = '\0';
	*out_len = at;
	return OK;
}

enum err
rrtext_rdata(uint16_t type, const uint8_t *rdata, size_t len, char *out,
    size_t max, size_t *out_len)
{
	if (len > RR_RDATA_MAX)
		return ERR_SPACE;
	if (rr_rdata_check(type, rdata, len) == OK &&
	    print_by_ldns(type, rdata, len, out, max, out_len))
		return OK;
	return print_generic(rdata, len, out, max, out_len);
}

enum err
rrtext_record(const uint8_t *owner, size_t owner_len, uint32_t ttl,
    uint16_t class, uint16_t type, const uint8_t *rdata, size_t len,
    char *out, size_t max, size_t *out_len)
{
	char name[RRTEXT_NAME_MAX], type_text[RRTEXT_TYPE_MAX];
	char class_text[16];
	size_t head, n = 0;
	enum err e;
	int put;

	e = rrtext_name(owner, owner_len, name);
	if (e != OK)
		return e;
	rrtext_type(type, type_text);
	if (class == RRCLASS_IN)
		snprintf(class_text, sizeof(class_text), "IN");
	else
		snprintf(class_text, sizeof(class_text), "CLASS%u", class);
	put = snprintf(out, max, "%s\t%u\t%s\t%s\t", name, ttl, class_text,
	    type_text);
	if (put < 0 || (size_t)put >= max)
		return ERR_SPACE;
	head = (size_t)put;
	e = rrtext_rdata(type, rdata, len, out + head, max - head, &n);
	if (e != OK)
		return e;
	/* \# text goes with TYPEnnn: every reader knows that pair. */
	if (strncmp(out + head, "\\#", 2) == 0) {
		put = snprintf(out, max, "%s\t%u\t%s\tTYPE%u\t", name, ttl,
		    class_text, type);
		if (put < 0 || (size_t)put >= max)
			return ERR_SPACE;
		head = (size_t)put;
		e = rrtext_rdata(type, rdata, len, out + head, max - head, &n);
		if (e != OK)
			return e;
	}
	*out_len = head + n;
	return OK;
}
