/*
 * sighting.c - what was seen of one name at its parent, as text.
 *
 * Names come from strangers: dname_print leaves printable ASCII, and what
 * JSON would misread is escaped here.
 */
#include "xferd/sighting.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/dns/dname.h"

enum { SERVER_ROOM = 14 << 10 };		/* left for what follows the names */

const char *
sighting_verdict_name(unsigned verdict)
{
	static const char *const names[SIGHTING_VERDICTS] = {
		[SIGHTING_ANSWERED] = "answered",
		[SIGHTING_TIMEOUT] = "timeout",
		[SIGHTING_UNREACHABLE] = "unreachable",
		[SIGHTING_SERVFAIL] = "servfail",
		[SIGHTING_REFUSED] = "refused",
		[SIGHTING_LAME] = "lame",
		[SIGHTING_MALFORMED] = "malformed",
		[SIGHTING_FORBIDDEN] = "forbidden",
	};

	return verdict < SIGHTING_VERDICTS ? names[verdict] : "malformed";
}

static void
print_text(struct buf *out, const char *text)
{
	(void)buf_u8(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)buf_u8(out, '\\');
		if ((uint8_t)*text >= 0x20 && (uint8_t)*text < 0x7f)
			(void)buf_u8(out, (uint8_t)*text);
	}
	(void)buf_u8(out, '"');
}

static void
print_name(struct buf *out, const struct sighting_name *name)
{
	char text[DNAME_TEXT_MAX];
	size_t len;

	if (name->len == 0 || dname_scan(name->wire, name->len, &len) != OK) {
		(void)buf_str(out, "null");
		return;
	}
	(void)dname_print_bare(name->wire, text);
	print_text(out, text);
}

static void
print_address(struct buf *out, const uint8_t *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, a + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, a, text, sizeof(text));
	print_text(out, text);
}

static void
print_server(const struct sighting *s, const struct sighting_server *p,
    struct buf *out)
{
	bool first = true;

	(void)buf_str(out, "{\"address\": ");
	print_address(out, p->address);
	(void)buf_printf(out, ", \"verdict\": \"%s\"",
	    sighting_verdict_name(p->verdict));
	if (p->child_side)
		(void)buf_str(out, ", \"child_side\": true");
	(void)buf_str(out, ", \"names\": [");
	for (size_t i = 0; i < s->n_names && i < SIGHTING_NAMES_MAX; i++) {
		if ((p->names >> i & 1) == 0 ||
		    out->len + SERVER_ROOM > SIGHTING_TEXT_MAX)
			continue;
		if (!first)
			(void)buf_str(out, ", ");
		first = false;
		print_name(out, &s->name[i]);
	}
	(void)buf_str(out, "]}");
}

enum err
sighting_print(const struct sighting *s, struct buf *out)
{
	(void)buf_str(out, "{\"parent\": ");
	print_name(out, &s->zone);
	(void)buf_printf(out, ", \"parents_known\": %s, \"why\": ",
	    s->parents_known ? "true" : "false");
	print_text(out, s->why);
	(void)buf_str(out, ", \"servers\": [");
	for (size_t i = 0; i < s->n_parents && i < SIGHTING_PARENTS_MAX; i++) {
		if (i > 0)
			(void)buf_str(out, ", ");
		print_server(s, &s->parent[i], out);
	}
	(void)buf_str(out, "], \"txt\": [");
	for (size_t i = 0; i < s->n_txt && i < SIGHTING_TXT_MAX; i++) {
		(void)buf_str(out, i > 0 ? ", {\"address\": " :
		    "{\"address\": ");
		print_address(out, s->txt[i].address);
		(void)buf_printf(out, ", \"verdict\": \"%s\", \"seen\": %s}",
		    sighting_verdict_name(s->txt[i].verdict),
		    s->txt[i].seen ? "true" : "false");
	}
	return buf_str(out, "]}");
}
