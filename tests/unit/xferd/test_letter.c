/* What letters say, and what no text can make them say. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "xferd/letter.h"

static struct letter
usual(void)
{
	return (struct letter){ .template = "claim_warning",
		.from = "dns@example.net", .to = "who@example.org",
		.id = "1234", .at_s = 0, .tenant = "Käse & Söhne",
		.zone = "example.com", .text = "the parent lists ns.other.",
		.link = "" };
}

static char *
print(const struct letter *l, enum err want)
{
	struct buf b;
	char *text;

	buf_init(&b, LETTER_MAX);
	assert_int_equal(letter_print(l, &b), want);
	text = strdup(buf_cstr(&b));
	buf_fini(&b);
	return text;
}

TEST(a_letter_has_its_lines_and_they_are_short)
{
	struct letter l = usual();
	char *text = print(&l, OK), *line, *rest = text;

	assert_non_null(strstr(text, "From: <dns@example.net>\r\n"));
	assert_non_null(strstr(text, "To: <who@example.org>\r\n"));
	assert_non_null(strstr(text, "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"));
	assert_non_null(strstr(text, "Message-ID: <1234@example.net>\r\n"));
	assert_non_null(strstr(text, "Auto-Submitted: auto-generated\r\n"));
	assert_non_null(strstr(text,
	    "Subject: example.com may stop being served\r\n"));
	assert_non_null(strstr(text, "K=C3=A4se & S=C3=B6hne"));
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		size_t n = strlen(line);

		assert_true(n > 0 && line[n - 1] == '\r');
		assert_true(n - 1 <= 76);
	}
	assert_string_equal(line, "");
	free(text);
}

TEST(no_text_makes_a_line_of_its_own)
{
	struct letter l = usual();
	char *text;

	l.zone = "a\r\nBcc: victim@example.org\r\n\r\nevil";
	l.tenant = "t\n.\r\nMAIL FROM:<x@y>";
	l.text = "\r\n.\r\n";
	text = print(&l, OK);
	assert_null(strstr(text, "\nBcc:"));
	assert_null(strstr(text, "\n.\r"));
	assert_null(strstr(text, "\nMAIL"));
	assert_non_null(strstr(text, "Subject: a  Bcc: victim@example.org"));
	free(text);
}

TEST(a_long_link_is_broken_softly_and_whole_again)
{
	struct letter l = usual();
	char link[400] = "https://example.net/login#token=";
	char *text, *at;
	struct buf whole;

	memset(link + strlen(link), 'x', 300);
	l.template = "reset";
	l.link = link;
	text = print(&l, OK);
	buf_init(&whole, LETTER_MAX);
	for (at = text; *at != '\0'; at++) {
		if (strncmp(at, "=\r\n", 3) == 0)
			at += 2;
		else if (strncmp(at, "=3D", 3) == 0) {
			buf_u8(&whole, '=');
			at += 2;
		} else
			buf_u8(&whole, (uint8_t)*at);
	}
	assert_non_null(strstr(buf_cstr(&whole), link));
	buf_fini(&whole);
	free(text);
}

TEST(what_is_not_a_letter_is_refused)
{
	static const char *const wrong[] = { "", "a", "a@", "@b", "a b@c",
		"a@b\r\nRCPT TO:<c@d>", "<a@b>", "a@b,c@d", "\"x\"@b" };
	struct letter l = usual();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		l.to = wrong[i];
		free(print(&l, ERR_INVALID));
		assert_false(letter_address_ok(wrong[i]));
	}
	assert_true(letter_address_ok("a.b+c@xn--x.example"));
	l = usual();
	l.template = "advertisement";
	free(print(&l, ERR_INVALID));
}

TEST(texts_without_end_are_cut_between_characters)
{
	struct letter l = usual();
	char *huge = malloc(4000);

	for (size_t i = 0; i < 3998; i += 2)
		memcpy(huge + i, "\xc3\xa4", 2);
	huge[3998] = '\0';
	l.text = huge;
	free(print(&l, OK));
	l.zone = huge;
	free(print(&l, OK));
	free(huge);
}
