/*
 * letter.c - what letters say.  See letter.h.
 */
#include "xferd/letter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/secret.h"

enum {
	TEXT_MAX = 1000,		/* of one text of the database */
	LINE_MAX_QP = 76,		/* RFC 2045 6.7 */
	BODY_MAX = 8192,
};

/* In a body: %z the zone, %t the tenant, %x the text, %l the link. */
static const struct template {
	const char *name, *subject, *body;
} templates[] = {
	{ "verify", "Confirm your e-mail address",
	  "Somebody, probably you, gave this address for an account at our\n"
	  "secondary DNS service. To confirm it, open this link within a day:\n"
	  "\n    %l\n\n"
	  "If it was not you, do nothing: without the link the address stays\n"
	  "unconfirmed.\n" },
	{ "reset", "Set a new password",
	  "Somebody, probably you, asked for a new password for your account\n"
	  "at our secondary DNS service. To set one, open this link within an\n"
	  "hour:\n"
	  "\n    %l\n\n"
	  "If it was not you, do nothing: your password stays as it is.\n" },
	{ "invite", "You are invited to look after zones",
	  "You are invited to join \"%t\" at our secondary DNS service. To\n"
	  "accept, open this link within a week:\n"
	  "\n    %l\n\n"
	  "If you do not know them, do nothing.\n" },
	{ "claim_warning", "%z may stop being served",
	  "We can no longer see that the zone %z of \"%t\" is delegated to\n"
	  "our name servers:\n"
	  "\n    %x\n\n"
	  "It is still served. If nothing changes it will stop being served\n"
	  "after seven days of such answers. What to do: at your registrar,\n"
	  "let the zone list the name servers that its page shows, or remove\n"
	  "the zone here if it has moved elsewhere.\n" },
	{ "claim_suspended", "%z is no longer served",
	  "The zone %z of \"%t\" is no longer served by us:\n"
	  "\n    %x\n\n"
	  "Its data is kept. As soon as the parent zone lists our name\n"
	  "servers again it is served again, usually within minutes.\n" },
};

bool
letter_address_ok(const char *address)
{
	size_t n = strlen(address);
	const char *at = strrchr(address, '@');

	if (n < 3 || n > 254 || at == NULL || at == address || at[1] == '\0')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)address[i] <= ' ' ||
		    address[i] == 0x7f || strchr("<>,;\"\\()", address[i]) != NULL)
			return false;
	return true;
}

/* A text of the database, without control characters. */
static void
clean(const char *text, char out[TEXT_MAX])
{
	size_t n = 0;

	for (; *text != '\0' && n < TEXT_MAX - 1; text++) {
		unsigned char c = (unsigned char)*text;

		out[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	/* Not half of a character. */
	if (*text != '\0')
		while (n > 0 && ((unsigned char)out[n] & 0xc0) == 0x80)
			n--;
	out[n] = '\0';
}

static void
expand(const struct letter *l, const char *from, struct buf *out)
{
	char text[TEXT_MAX];

	for (; *from != '\0'; from++) {
		if (*from != '%') {
			buf_u8(out, (uint8_t)*from);
			continue;
		}
		from++;
		clean(*from == 'z' ? l->zone : *from == 't' ? l->tenant :
		    *from == 'x' ? l->text : l->link, text);
		buf_str(out, text);
	}
	secret_wipe(text, sizeof(text));
}

/* RFC 2045 6.7, of text whose lines end "\n". */
static void
print_quoted(const struct buf *text, struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < text->len; i++) {
		uint8_t c = text->data[i];
		bool plain = c >= ' ' && c <= '~' && c != '=' && !(c == ' ' &&
		    i + 1 < text->len && text->data[i + 1] == '\n');

		if (c == '\n') {
			buf_str(out, "\r\n");
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) > LINE_MAX_QP - 1) {
			buf_str(out, "=\r\n");
			column = 0;
		}
		buf_printf(out, plain ? "%c" : "=%02X", c);
		column += plain ? 1 : 3;
	}
}

/* RFC 5322 3.3, whatever the locale. */
static void
print_date(int64_t at_s, char *out, size_t max)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)at_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(out, max, "%.3s, %d %.3s %d %02d:%02d:%02d +0000",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A header's text: names are ASCII already, RFC 5322 2.1.1 bounds a line. */
static void
print_subject(const struct letter *l, const char *subject, struct buf *out)
{
	struct buf text;

	buf_init(&text, TEXT_MAX + 100);
	expand(l, subject, &text);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] > '~')
			text.data[i] = '?';
	buf_printf(out, "Subject: %.*s\r\n", (int)MIN(text.len, 900U),
	    (const char *)text.data);
	buf_fini(&text);
}

enum err
letter_print(const struct letter *l, struct buf *out)
{
	const struct template *t = NULL;
	char date[64];
	struct buf body;
	enum err e;

	for (size_t i = 0; i < COUNT_OF(templates); i++)
		if (strcmp(templates[i].name, l->template) == 0)
			t = &templates[i];
	if (t == NULL || !letter_address_ok(l->from) ||
	    !letter_address_ok(l->to))
		return ERR_INVALID;
	print_date(l->at_s, date, sizeof(date));
	buf_init(&body, BODY_MAX);
	buf_room(&body, BODY_MAX);	/* the link is in one place */
	expand(l, t->body, &body);
	e = buf_err(&body);
	buf_printf(out, "From: <%s>\r\nTo: <%s>\r\n"
	    "Date: %s\r\nMessage-ID: <%s%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n", l->from, l->to,
	    date, l->id, strrchr(l->from, '@'));
	print_subject(l, t->subject, out);
	buf_str(out, "\r\n");
	print_quoted(&body, out);
	if (body.data != NULL)
		secret_wipe(body.data, body.cap);
	buf_fini(&body);
	return e != OK ? e : buf_err(out);
}
