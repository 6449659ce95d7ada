/* Heads as libmicrohttpd leaves them in its buffer, good and bad. */
#include "tests/lib/test.h"

#include "api/framing.h"
#include "api/req.h"

static const char *known[REQ_HEADER_N];
static const struct forwarded_conf no_proxy;

/*
 * @head: lines as received, but for the request line its version alone.  What
 * the library does with it: the ends of lines and the colons become NULs, CR
 * LF two of them, LF or CR alone one.
 */
static const char *
fault_of(const char *head, size_t len)
{
	static char buf[512];
	static struct framing f;
	char *line, *end;

	memset(known, 0, sizeof(known));
	memset(buf, 'x', sizeof(buf));	/* what is behind is anything */
	memcpy(buf, head, len);
	for (line = buf;; line = end) {
		char *colon, *value;

		for (end = line; *end != '\r' && *end != '\n'; end++)
			;
		if (end[0] == '\r' && end[1] == '\n')
			*end++ = '\0';
		*end++ = '\0';
		if (line == buf) {
			framing_begin(&f, line, known, &no_proxy);
			continue;
		}
		if (*line == '\0')
			break;
		colon = strchr(line, ':');
		assert_non_null(colon);
		*colon = '\0';
		for (value = colon + 1; *value == ' ' || *value == '\t';)
			value++;
		framing_note(&f, line, value);
	}
	framing_end(&f, end);
	return framing_fault(&f);
}

#define FAULT(text) fault_of(text, sizeof(text))

TEST(good_heads_have_no_fault)
{
	assert_null(FAULT("HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_null(FAULT("HTTP/1.1\r\nHost: \t x \r\nX:\r\n\r\n"));
	assert_null(FAULT("HTTP/1.0\r\nX: y\r\n\r\n"));
	assert_null(FAULT("HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\n"
	    "\r\n{\"name\": 1}"));
	assert_null(FAULT("HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked"
	    "\r\n\r\n0\r\n\r\n"));
	assert_null(FAULT("HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\n\r\n"));
	assert_string_equal(known[REQ_HEADER_COOKIE], "a=b");
}

TEST(every_line_ends_by_cr_lf)
{
	assert_non_null(FAULT("HTTP/1.1\nHost: x\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\rHost: x\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\nY: z\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\rY: z\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\n\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\n\r"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\0\r\nY: z\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\0\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\0\r\nHost: x\r\n\r\n"));
}

TEST(what_decides_stands_alone)
{
	assert_non_null(FAULT("HTTP/1.1\r\nX: y\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
	    "Content-Length: 1\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
	    "authorization: a\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nIf-Match: a\r\n"
	    "If-Match: b\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n"));
	assert_non_null(FAULT("HTTP/1.2\r\nHost: x\r\n\r\n"));
}

TEST(names_and_values_are_what_they_may_be)
{
	static const char *const lengths[] = { "", "+1", "-1", "0x1", "1,1",
		"1 1", "1e1", "1234567890123456789" };
	char head[200];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int n = snprintf(head, sizeof(head), "HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: %s\r\n\r\n", lengths[i]);

		assert_non_null(fault_of(head, (size_t)n));
	}
	assert_non_null(FAULT("HTTP/1.1\r\nHost : x\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\n Y: z\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\x01y\r\n\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nContent-Lengthx: 1\r\n"
	    "\r\n"));
	assert_non_null(FAULT("HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
	    "gzip\r\n\r\n"));
}
