/*
 * Requests by their form alone: header, question, OPT, TSIG. No zone is
 * needed for any of this.
 */
#include "tests/unit/dnsd/ask.h"

static struct asker t;

static void
setup(void)
{
	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	testcache_add_text(&t.cache, "example.",
	    "@ 60 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n"
	    "@ 60 IN TXT \"t\"\n");
	ask_publish(&t);
}

/* The request in hex, blanks allowed; the id is 1234. */
static const char *
send_hex(const char *hex)
{
	unsigned v;
	int n;

	setup();
	t.request_len = 0;
	while (sscanf(hex, " %2x%n", &v, &n) == 1) {
		t.request[t.request_len++] = (uint8_t)v;
		hex += n;
	}
	ask_raw(&t, ANSWER_UDP, 0);
	return ask_print(&t);
}

#define HEAD	"1234 0000 0001 0000 0000 0000 "
#define HEAD_AR	"1234 0000 0001 0000 0000 0001 "
#define EXAMPLE	"07 6578616d706c65 00 "
#define TXT	"0010 0001 "
#define ANSWER	"NOERROR aa\nAN example. 60 TXT \"t\"\n"

TEST(q001_short_and_response_are_dropped)
{
	assert_string_equal(send_hex(""), "DROP");
	assert_string_equal(send_hex("1234 0000 0001 0000 0000 00"), "DROP");
	assert_string_equal(send_hex("1234 8000 0001 0000 0000 0000 " EXAMPLE
	    TXT), "DROP");
	assert_string_equal(send_hex("1234 ffff ffff ffff ffff ffff"),
	    "DROP");
}

TEST(q002_source_port_0_is_dropped)
{
	struct answer_facts f = { .request = t.request, .out = t.reply,
		.out_max = 1232, .transport = ANSWER_UDP };
	size_t n;

	send_hex(HEAD EXAMPLE TXT);
	f.request_len = t.request_len;
	assert_int_equal(answer(&t.job, &t.ctx, &f, &n), ANSWER_DROP);
}

TEST(q003_no_question_is_formerr)
{
	assert_string_equal(send_hex("1234 0000 0000 0000 0000 0000"),
	    "FORMERR\n");
	assert_int_equal(t.reply_len, 12);
}

TEST(q004_two_questions_are_formerr_and_not_echoed)
{
	assert_string_equal(send_hex("1234 0000 0002 0000 0000 0000 "
	    EXAMPLE TXT EXAMPLE TXT), "FORMERR\n");
	assert_int_equal(t.reply_len, 12);
	assert_int_equal(t.reply[5], 0);
}

TEST(q005_unknown_opcodes_are_notimp)
{
	assert_string_equal(send_hex("1234 1900 0001 0000 0000 0000 "
	    EXAMPLE TXT), "NOTIMP rd\n");
	assert_int_equal(t.reply[2], 0x99);
	assert_string_equal(send_hex("1234 7800 0000 0000 0000 0000"),
	    "NOTIMP\n");
	assert_string_equal(send_hex("1234 3000 0001 0000 0000 0001 "
	    EXAMPLE TXT "00 0029 04d0 00008000 0000"), "NOTIMP ede=21\n");
	assert_int_equal(t.reply[11], 1);
}

TEST(q006_update_is_refused_status_and_iquery_are_notimp)
{
	assert_string_equal(send_hex("1234 2800 0001 0000 0001 0000 "
	    EXAMPLE "0006 0001 c00c 0001 0001 00000001 0004 7f000001"),
	    "REFUSED\n");
	assert_int_equal(t.reply[2], 0xa8);
	assert_string_equal(send_hex("1234 2800 0001 0000 0000 0001 "
	    EXAMPLE "0006 0001 00 0029 04d0 00008000 0000"),
	    "REFUSED ede=21\n");
	assert_non_null(memmem(t.reply, t.reply_len, "edit at your primary",
	    20));
	assert_string_equal(send_hex("1234 2800 0000 0000 0000 0000"),
	    "REFUSED\n");
	assert_string_equal(send_hex("1234 1000 0000 0000 0000 0000"),
	    "NOTIMP\n");
	assert_string_equal(send_hex("1234 0800 0000 0001 0000 0000"),
	    "NOTIMP\n");
}

TEST(notify_is_handed_back)
{
	assert_string_equal(send_hex("1234 2400 0001 0000 0000 0000 "
	    EXAMPLE "0006 0001"), "NOTIFY");
	assert_string_equal(send_hex("1234 a400 0001 0000 0000 0000 "
	    EXAMPLE "0006 0001"), "DROP");
}

TEST(q007_trailing_octets_are_formerr)
{
	assert_string_equal(send_hex(HEAD EXAMPLE TXT "00"), "FORMERR\n");
	assert_int_equal(t.reply[5], 1);
}

TEST(q008_bad_question_names_are_formerr)
{
	assert_string_equal(send_hex(HEAD "c00c " TXT), "FORMERR\n");
	assert_string_equal(send_hex(HEAD "c00e " TXT), "FORMERR\n");
	assert_string_equal(send_hex(HEAD "41 6578616d706c65 00 " TXT),
	    "FORMERR\n");
	assert_string_equal(send_hex(HEAD "80 00 " TXT), "FORMERR\n");
	assert_string_equal(send_hex(HEAD "07 6578616d706c65"), "FORMERR\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "0010 00"), "FORMERR\n");
}

TEST(q008_a_name_of_256_octets_is_formerr)
{
	uint8_t *p = t.request;

	send_hex(HEAD EXAMPLE TXT);
	p += 12;
	for (int i = 0; i < 127; i++) {		/* 254 and the root: 255 */
		*p++ = 1;
		*p++ = 'a';
	}
	memcpy(p, "\0\0\1\0\1", 5);
	t.request_len = (size_t)(p + 5 - t.request);
	ask_raw(&t, ANSWER_UDP, 0);
	assert_string_equal(ask_print(&t), "REFUSED\n");
	p[-1] = 'a';
	p[-2] = 2;
	p[0] = 'a';
	memcpy(p + 1, "\0\0\1\0\1", 5);
	t.request_len++;
	ask_raw(&t, ANSWER_UDP, 0);
	assert_string_equal(ask_print(&t), "FORMERR\n");
}

TEST(q010_counts_that_lie_are_formerr)
{
	assert_string_equal(send_hex("1234 0000 0001 ffff ffff ffff "
	    EXAMPLE TXT), "FORMERR\n");
	assert_string_equal(send_hex("1234 0000 0001 0000 0000 0001 "
	    EXAMPLE TXT), "FORMERR\n");
}

TEST(q011_bits_of_the_request_are_not_echoed)
{
	assert_string_equal(send_hex("1234 07ff 0001 0000 0000 0000 "
	    EXAMPLE TXT), "NOERROR aa rd\nAN example. 60 TXT \"t\"\n");
	assert_int_equal(t.reply[3], 0);
}

TEST(q012_classes)
{
	assert_string_equal(send_hex(HEAD EXAMPLE "0010 0003"), "REFUSED\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "0010 00ff"), "REFUSED\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "0010 0000"), "REFUSED\n");
}

TEST(q013_meta_types)
{
	assert_string_equal(send_hex(HEAD EXAMPLE "0029 0001"), "FORMERR\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "00fa 0001"), "FORMERR\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "00f9 0001"), "NOTIMP\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "00fe 0001"), "NOTIMP\n");
}

TEST(q014_types_0_and_65535_are_ordinary)
{
	assert_memory_equal(send_hex(HEAD EXAMPLE "0000 0001"),
	    "NOERROR aa\nAU ", 14);
	assert_memory_equal(send_hex(HEAD EXAMPLE "ffff 0001"),
	    "NOERROR aa\nAU ", 14);
}

TEST(q015_transfers_are_refused)
{
	assert_string_equal(send_hex(HEAD EXAMPLE "00fc 0001"), "REFUSED\n");
	assert_string_equal(send_hex(HEAD EXAMPLE "00fb 0001"), "REFUSED\n");
	assert_string_equal(send_hex("1234 0000 0001 0000 0001 0000 "
	    EXAMPLE "00fb 0001 c00c 0006 0001 00000000 0016 00 00 00000001 "
	    "00000000 00000000 00000000 00000000"), "REFUSED\n");
}

TEST(q160_no_opt_asked_none_given)
{
	assert_string_equal(send_hex(HEAD EXAMPLE TXT), ANSWER);
	assert_int_equal(t.reply[11], 0);
}

TEST(q161_q167_opt_is_answered)
{
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 0000ffff 0000"), ANSWER);
	const uint8_t *opt = t.reply + t.reply_len - 11;
	static const uint8_t want[] = { 0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0,
	    0, 0 };

	assert_memory_equal(opt, want, sizeof(want));
}

TEST(q162_version_1_is_badvers)
{
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 00010000 0004 0003 0000"), "BADVERS\n");
	assert_int_equal(t.reply[t.reply_len - 11 + 6], 0);
	t.ctx.nsid_len = 3;
	memcpy(t.ctx.nsid, "abc", 3);
	send_hex(HEAD_AR EXAMPLE TXT "00 0029 1000 00010000 0004 0003 0000");
	assert_memory_equal(t.reply + t.reply_len - 7, "\0\3\0\3abc", 7);
	t.ctx.nsid_len = 0;
}

TEST(q163_bad_opts_are_formerr)
{
	/* two of them */
	assert_string_equal(send_hex("1234 0000 0001 0000 0000 0002 " EXAMPLE
	    TXT "00 0029 1000 00000000 0000 00 0029 1000 00000000 0000"),
	    "FORMERR\n");
	/* owner is not the root */
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "01 61 00 0029 1000 00000000 0000"), "FORMERR\n");
	/* in the answer, in the authority section */
	assert_string_equal(send_hex("1234 0000 0001 0001 0000 0000 " EXAMPLE
	    TXT "00 0029 1000 00000000 0000"), "FORMERR\n");
	assert_string_equal(send_hex("1234 0000 0001 0000 0001 0000 " EXAMPLE
	    TXT "00 0029 1000 00000000 0000"), "FORMERR\n");
	/* rdlength past the end; an option past the rdata */
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 00000000 0001"), "FORMERR\n");
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 00000000 0005 0003 0002 00"), "FORMERR\n");
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 00000000 0003 0003 00"), "FORMERR\n");
}

#define TSIG \
	"03 6b6579 00 00fa 00ff 00000000 003d " \
	"0b 686d61632d736861323536 00 000000000001 012c 0020 " \
	"00000000000000000000000000000000 00000000000000000000000000000000 " \
	"1234 0000 0000 "

TEST(q164_opt_and_tsig_places)
{
	/* TSIG not last */
	assert_string_equal(send_hex("1234 0000 0001 0000 0000 0002 " EXAMPLE
	    TXT TSIG "00 0029 1000 00000000 0000"), "FORMERR\n");
	/* OPT is not the first: fine */
	assert_string_equal(send_hex("1234 0000 0001 0000 0000 0002 " EXAMPLE
	    TXT "00 0001 0001 00000000 0000 00 0029 1000 00000000 0000"),
	    ANSWER);
}

TEST(q204_an_unknown_key_is_notauth_badkey)
{
	assert_memory_equal(send_hex("1234 0000 0001 0000 0000 0002 " EXAMPLE
	    TXT "00 0029 1000 00000000 0000 " TSIG), "NOTAUTH\n", 8);
	/* original id, BADKEY, no other data */
	assert_memory_equal(t.reply + t.reply_len - 6, "\x12\x34\0\x11\0\0",
	    6);
	assert_int_equal(t.reply[11], 2);
}

TEST(q165_q173_unknown_options_are_ignored)
{
	assert_string_equal(send_hex(HEAD_AR EXAMPLE TXT
	    "00 0029 1000 00000000 0013 0008 0007 00011800c00002 fde8 0004 "
	    "01020304"), ANSWER);
	assert_memory_equal(t.reply + t.reply_len - 2, "\0\0", 2);
}

TEST(q168_nsid)
{
	setup();
	t.ctx.nsid_len = 2;
	memcpy(t.ctx.nsid, "n1", 2);
	send_hex(HEAD_AR EXAMPLE TXT "00 0029 1000 00000000 0004 0003 0000");
	assert_memory_equal(t.reply + t.reply_len - 8, "\0\6\0\3\0\2n1", 8);
	send_hex(HEAD_AR EXAMPLE TXT "00 0029 1000 00000000 0000");
	assert_memory_equal(t.reply + t.reply_len - 2, "\0\0", 2);
	t.ctx.nsid_len = 0;
	send_hex(HEAD_AR EXAMPLE TXT "00 0029 1000 00000000 0004 0003 0000");
	assert_memory_equal(t.reply + t.reply_len - 2, "\0\0", 2);
}

TEST(q169_cookie_lengths)
{
	for (unsigned n = 0; n <= 42; n++) {
		char hex[512];
		bool good = n == 8 || (n >= 16 && n <= 40);
		int at = snprintf(hex, sizeof(hex), "%s%s%s00 0029 1000 "
		    "00000000 %04x 000a %04x ", HEAD_AR, EXAMPLE, TXT, n + 4,
		    n);

		for (unsigned i = 0; i < n; i++)
			at += snprintf(hex + at, sizeof(hex) - (size_t)at,
			    "aa");
		assert_string_equal(send_hex(hex), good ? ANSWER :
		    "FORMERR\n");
	}
}

/* Every truncation of a good request is answered or dropped, never read on. */
TEST(truncated_requests)
{
	uint8_t whole[512];
	size_t len;

	send_hex("1234 0000 0001 0000 0000 0002 " EXAMPLE TXT
	    "00 0029 1000 00000000 0004 0003 0000 " TSIG);
	len = t.request_len;
	memcpy(whole, t.request, len);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n > 0 ? n : 1);
		struct answer_facts f = {
			.request = exact, .request_len = n, .out = t.reply,
			.out_max = 1232, .source_port = 1,
		};
		size_t out;

		memcpy(exact, whole, n);
		(void)answer(&t.job, &t.ctx, &f, &out);
		free(exact);
	}
}
