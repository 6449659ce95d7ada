/*
 * Class CH: what the server says about itself. Q-203
 */
#include "dnsd/chaos.h"
#include "tests/unit/dnsd/ask.h"

static struct asker t;
static struct chaos chaos;

static void
text(struct chaos_text *c, const char *s)
{
	c->len = (uint8_t)strlen(s);
	memcpy(c->text, s, c->len);
}

static int
setup(void **state UNUSED)
{
	ask_init(&t);
	testcache_add_text(&t.cache, "bind.",
	    "@ 60 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n"
	    "version 60 IN TXT \"in\"\n");
	ask_publish(&t);
	memset(&chaos, 0, sizeof(chaos));
	text(&chaos.version, "Understudy");
	text(&chaos.id, "edge1.example");
	t.ctx.chaos = &chaos;
	return 0;
}

static int
teardown(void **state UNUSED)
{
	ask_fini(&t);
	return 0;
}

#define ASK(question, text) assert_string_equal(ask(&t, question), text)

TEST_WITH(q203_the_four_names, setup, teardown)
{
	ASK("version.bind. TXT class=3",
	    "NOERROR aa\nAN version.bind. 0 TXT \"Understudy\"\n");
	assert_int_equal(t.reply[12 + 14 + 4 + 5], 3);	/* class CH */
	ASK("VERSION.Server. TXT class=3 noedns",
	    "NOERROR aa\nAN VERSION.Server. 0 TXT \"Understudy\"\n");
	ASK("id.server. ANY class=3 tcp",
	    "NOERROR aa\nAN id.server. 0 TXT \"edge1.example\"\n");
	ASK("hostname.bind. TXT class=3", "REFUSED ede=18\n");	/* no text */
	text(&chaos.hostname, "h");
	ASK("hostname.bind. TXT class=3",
	    "NOERROR aa\nAN hostname.bind. 0 TXT \"h\"\n");
}

TEST_WITH(q203_other_types_and_names, setup, teardown)
{
	ASK("version.bind. A class=3", "NOERROR aa\n");
	ASK("authors.bind. TXT class=3", "REFUSED ede=18\n");
	ASK("a.version.bind. TXT class=3", "REFUSED ede=18\n");
	ASK(". TXT class=3", "REFUSED ede=18\n");
	ASK("version.bind. AXFR class=3", "REFUSED ede=18\n");
	/* Class IN knows nothing of it. */
	ASK("version.bind. TXT", "NOERROR aa\nAN version.bind. 60 TXT \"in\"\n");
	t.ctx.chaos = NULL;
	ASK("version.bind. TXT class=3", "REFUSED ede=18\n");
}

TEST_WITH(the_longest_text_fits_without_edns, setup, teardown)
{
	chaos.id.len = CHAOS_TEXT_MAX;
	memset(chaos.id.text, 'x', CHAOS_TEXT_MAX);
	assert_memory_equal(ask(&t, "id.server. TXT class=3 noedns"),
	    "NOERROR aa\nAN id.server. 0 TXT \"xxx", 33);
	assert_true(t.reply_len <= 512);
}
