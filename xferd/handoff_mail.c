/*
 * handoff_mail.c - frames of letters.
 */
#include "xferd/handoff_mail.h"

#include "xferd/handoff_codec.h"

static void
wr_word(struct wr *w, const char *word)
{
	size_t len = strlen(word);

	if (len > HANDOFF_WORD_MAX) {
		wr_fail(w);
		return;
	}
	wr_counted(w, word, len);
}

static void
rd_word(struct rd *r, char out[HANDOFF_WORD_MAX + 1])
{
	uint16_t len = rd_u16(r);
	const uint8_t *p = rd_bytes(r, len);

	out[0] = '\0';
	if (p == NULL || len > HANDOFF_WORD_MAX ||
	    memchr(p, '\0', len) != NULL) {
		rd_fail(r);
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}

enum err
handoff_relay_encode(const struct handoff_relay *in, uint8_t *out, size_t max,
    size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u8(&w, (uint8_t)in->tls);
	wr_u16(&w, in->port);
	wr_u32(&w, in->timeout_ms);
	wr_word(&w, in->host);
	wr_word(&w, in->user);
	wr_word(&w, in->password);
	wr_word(&w, in->from);
	return written(&w, out_len);
}

enum err
handoff_relay_decode(const uint8_t *payload, size_t len,
    struct handoff_relay *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->tls = rd_enum(&r, HANDOFF_RELAY_STARTTLS, HANDOFF_RELAY_PLAIN);
	out->port = rd_u16(&r);
	out->timeout_ms = rd_positive(&r);
	rd_word(&r, out->host);
	rd_word(&r, out->user);
	rd_word(&r, out->password);
	rd_word(&r, out->from);
	return taken(&r);
}

enum err
handoff_letter_encode(const struct handoff_letter *in, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_word(&w, in->to);
	if (in->len > HANDOFF_LETTER_MAX)
		return ERR_SPACE;
	wr_counted(&w, in->text, in->len);
	return written(&w, out_len);
}

enum err
handoff_letter_decode(const uint8_t *payload, size_t len,
    struct handoff_letter *out)
{
	struct rd r = rd_make(payload, len);

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	rd_word(&r, out->to);
	out->len = rd_u16(&r);
	out->text = rd_bytes(&r, out->len);
	if (out->len > HANDOFF_LETTER_MAX)
		rd_fail(&r);
	return taken(&r);
}

enum err
handoff_letter_result_encode(const struct handoff_letter_result *in,
    uint8_t *out, size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u64(&w, in->cookie);
	wr_u8(&w, (uint8_t)in->end);
	wr_u8(&w, in->unreached);
	wr_u8(&w, in->text_len);
	wr_bytes(&w, in->text, in->text_len);
	return written(&w, out_len);
}

enum err
handoff_letter_result_decode(const uint8_t *payload, size_t len,
    struct handoff_letter_result *out)
{
	struct rd r = rd_make(payload, len);
	const uint8_t *p;

	memset(out, 0, sizeof(*out));
	out->cookie = rd_u64(&r);
	out->end = rd_enum(&r, HANDOFF_LETTER_TAKEN, HANDOFF_LETTER_REFUSED);
	out->unreached = rd_bool(&r);
	out->text_len = rd_u8(&r);
	p = rd_bytes(&r, out->text_len);
	for (size_t i = 0; p != NULL && i < out->text_len; i++) {
		if (p[i] < ' ' || p[i] > '~')
			rd_fail(&r);
		out->text[i] = (char)p[i];
	}
	return taken(&r);
}
