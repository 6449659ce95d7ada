/* test_sighting.c - a sighting as JSON text, whatever strangers put in it. */
#include "tests/lib/test.h"

#include <string.h>

#include "common/base/buf.h"
#include "xferd/sighting.h"

static struct sighting s;

static const char *
print(struct buf *out)
{
	buf_init(out, SIGHTING_TEXT_MAX + 1024);
	assert_int_equal(sighting_print(&s, out), OK);
	return buf_cstr(out);
}

TEST(an_empty_sighting_prints)
{
	struct buf out;

	memset(&s, 0, sizeof(s));
	assert_string_equal(print(&out), "{\"parent\": null, "
	    "\"parents_known\": false, \"why\": \"\", \"servers\": [], "
	    "\"txt\": []}");
	buf_fini(&out);
}

TEST(servers_names_and_txt_print_escaped)
{
	struct buf out;

	memset(&s, 0, sizeof(s));
	s.parents_known = true;
	s.zone = (struct sighting_name){ 5, "\3com" };
	strcpy(s.why, "a \"quoted\" \\ \x01 why");
	s.n_parents = s.n_names = s.n_txt = 1;
	s.name[0] = (struct sighting_name){ 5, "\3a\"b" };
	s.parent[0].address[10] = s.parent[0].address[11] = 0xff;
	memcpy(s.parent[0].address + 12, "\xc0\x00\x02\x01", 4);
	s.parent[0].names = 1;
	s.txt[0].address[15] = 1;
	s.txt[0].verdict = SIGHTING_TIMEOUT;
	assert_string_equal(print(&out), "{\"parent\": \"com\", "
	    "\"parents_known\": true, \"why\": \"a \\\"quoted\\\" \\\\  why\", "
	    "\"servers\": [{\"address\": \"192.0.2.1\", \"verdict\": "
	    "\"answered\", \"names\": [\"a\\\\\\\"b\"]}], \"txt\": "
	    "[{\"address\": \"::1\", \"verdict\": \"timeout\", "
	    "\"seen\": false}]}");
	buf_fini(&out);
}

TEST(the_longest_sighting_fits)
{
	struct buf out;

	memset(&s, 0xff, sizeof(s));
	memset(s.why, 'w', sizeof(s.why));
	s.why[sizeof(s.why) - 1] = '\0';
	for (int i = 0; i < SIGHTING_NAMES_MAX; i++) {
		s.name[i].len = 255;
		memset(s.name[i].wire, 7, 255);
		for (int k = 0; k < 4; k++)
			s.name[i].wire[k * 64] = k < 3 ? 63 : 61;
		s.name[i].wire[254] = 0;
	}
	/* Anything but their bits is no value for a bool. */
	s.parents_known = s.cut = true;
	for (int i = 0; i < SIGHTING_PARENTS_MAX; i++)
		s.parent[i].child_side = false;
	for (int i = 0; i < SIGHTING_TXT_MAX; i++)
		s.txt[i].seen = false;
	s.n_parents = SIGHTING_PARENTS_MAX;
	s.n_names = SIGHTING_NAMES_MAX;
	s.n_txt = SIGHTING_TXT_MAX;
	assert_true(strlen(print(&out)) <= SIGHTING_TEXT_MAX);
	buf_fini(&out);
}

TEST(every_verdict_has_a_name_and_others_are_malformed)
{
	for (unsigned i = 0; i < SIGHTING_VERDICTS; i++)
		assert_non_null(sighting_verdict_name(i));
	assert_string_equal(sighting_verdict_name(200), "malformed");
}
