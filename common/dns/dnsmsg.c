/*
 * dnsmsg.c - header, question and records of a message. See dnsmsg.h.
 *
 * Everything here is a claim of a stranger: nothing is assumed about the
 * counts, and each step reads within the message or says ERR_MALFORMED.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"

static uint16_t
u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

enum err
dnsmsg_header_read(const uint8_t *msg, size_t len, struct dnsmsg_header *out)
{
	if (len < DNSMSG_HEADER)
		return ERR_MALFORMED;
	out->id = u16(msg);
	out->flags = u16(msg + 2);
	out->qdcount = u16(msg + 4);
	out->ancount = u16(msg + 6);
	out->nscount = u16(msg + 8);
	out->arcount = u16(msg + 10);
	return OK;
}

enum err
dnsmsg_open(struct dnsmsg *m, const uint8_t *msg, size_t len)
{
	enum err e;

	e = dnsmsg_header_read(msg, len, &m->h);
	if (e != OK)
		return e;
	m->msg = msg;
	m->len = len;
	m->off = DNSMSG_HEADER;
	m->questions_left = m->h.qdcount;
	m->left[DNSMSG_ANSWER] = m->h.ancount;
	m->left[DNSMSG_AUTHORITY] = m->h.nscount;
	m->left[DNSMSG_ADDITIONAL] = m->h.arcount;
	return OK;
}

enum err
dnsmsg_question(struct dnsmsg *m, struct dnsmsg_question *out)
{
	size_t name_len, next;
	enum err e;

	if (m->questions_left == 0)
		return ERR_NOT_FOUND;
	e = dnsmsg_name(m->msg, m->len, m->off, out->name, &name_len, &next);
	if (e != OK)
		return e;
	if (m->len - next < 4)
		return ERR_MALFORMED;
	out->name_len = (uint16_t)name_len;
	out->type = u16(m->msg + next);
	out->class = u16(m->msg + next + 2);
	m->off = next + 4;
	m->questions_left--;
	return OK;
}

static enum err
skip_questions(struct dnsmsg *m)
{
	while (m->questions_left > 0) {
		size_t next;
		enum err e;

		e = dnsmsg_name_skip(m->msg, m->len, m->off, &next);
		if (e != OK)
			return e;
		if (m->len - next < 4)
			return ERR_MALFORMED;
		m->off = next + 4;
		m->questions_left--;
	}
	return OK;
}

enum err
dnsmsg_next(struct dnsmsg *m, struct dnsmsg_rr *out)
{
	enum dnsmsg_section s;
	const uint8_t *p;
	size_t next;
	enum err e;

	if (m->questions_left > 0) {
		e = skip_questions(m);
		if (e != OK)
			return e;
	}
	for (s = DNSMSG_ANSWER; s != DNSMSG_END && m->left[s] == 0; s++)
		;
	out->section = s;
	if (s == DNSMSG_END)
		return OK;
	e = dnsmsg_name_skip(m->msg, m->len, m->off, &next);
	if (e != OK)
		return e;
	if (m->len - next < 10)
		return ERR_MALFORMED;
	p = m->msg + next;
	out->owner = m->off;
	out->type = u16(p);
	out->class = u16(p + 2);
	out->ttl = u32(p + 4);
	out->rdlen = u16(p + 8);
	out->rdata = next + 10;
	if (m->len - out->rdata < out->rdlen)
		return ERR_MALFORMED;
	out->end = out->rdata + out->rdlen;
	m->off = out->end;
	m->left[s]--;
	return OK;
}

enum err
dnsmsg_name(const uint8_t *msg, size_t len, size_t off, uint8_t *out,
    size_t *out_len, size_t *out_next)
{
	size_t next;
	enum err e = dname_unpack(msg, len, off, out, out_len, &next);

	if (e == OK && out_next != NULL)
		*out_next = next;
	return e;
}

enum err
dnsmsg_name_skip(const uint8_t *msg, size_t len, size_t off, size_t *out_next)
{
	size_t at = off;

	for (;;) {
		unsigned c;

		if (at >= len || at - off >= DNSMSG_NAME_MAX)
			return ERR_MALFORMED;
		c = msg[at];
		if (c >= 0xc0) {
			if (len - at < 2)
				return ERR_MALFORMED;
			*out_next = at + 2;
			return OK;
		}
		if (c > 63 || len - at < c + 1)
			return ERR_MALFORMED;
		at += c + 1;
		if (c == 0) {
			*out_next = at;
			return OK;
		}
	}
}

static void
edns_option(uint16_t code, const uint8_t *p, uint16_t len,
    struct dnsmsg_edns *out)
{
	switch (code) {
	case DNSMSG_OPTION_EXPIRE:
		if (len == 4 && !out->has_expire) {
			out->has_expire = true;
			out->expire_s = u32(p);
		}
		break;
	case DNSMSG_OPTION_KEEPALIVE:
		if (len == 2 && !out->has_keepalive) {
			out->has_keepalive = true;
			out->keepalive_ds = u16(p);
		}
		break;
	case DNSMSG_OPTION_EDE:
		if (len >= 2 && !out->has_ede) {
			out->has_ede = true;
			out->ede = u16(p);
			out->ede_text = p + 2;
			out->ede_text_len = (uint16_t)(len - 2);
		}
		break;
	default:
		break;
	}
}

enum err
dnsmsg_edns(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    struct dnsmsg_edns *out)
{
	size_t at = rr->rdata;

	if (m->msg[rr->owner] != 0)	/* RFC 6891 6.1.2: the root */
		return ERR_MALFORMED;
	memset(out, 0, sizeof(*out));
	out->udp_size = rr->class;
	out->rcode_high = (uint8_t)(rr->ttl >> 24);
	out->version = (uint8_t)(rr->ttl >> 16);
	out->do_bit = (rr->ttl & 0x8000) != 0;
	while (at < rr->end) {
		uint16_t code, len;

		if (rr->end - at < 4)
			return ERR_MALFORMED;
		code = u16(m->msg + at);
		len = u16(m->msg + at + 2);
		at += 4;
		if (rr->end - at < len)
			return ERR_MALFORMED;
		edns_option(code, m->msg + at, len, out);
		out->n_options++;
		at += len;
	}
	return OK;
}
