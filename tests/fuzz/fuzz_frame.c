/*
 * fuzz_frame.c - any bytes on a frame socket, any text as an address.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/log.h"
#include "common/base/sock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_frames(const uint8_t *data, size_t size)
{
	struct frame_in in;
	struct frame f;
	enum err e;

	frame_in_init(&in, 1000);
	if (size > in.buf.max)
		size = in.buf.max;
	CHECK(buf_bytes(&in.buf, data, size) == OK);
	while ((e = frame_next(&in, &f)) == OK) {
		CHECK(f.len <= 1000);
		CHECK(f.fd == -1);
		CHECK(f.payload >= in.buf.data);
		CHECK(f.payload + f.len <= in.buf.data + in.buf.len);
	}
	CHECK(e == ERR_AGAIN || e == ERR_MALFORMED);
	frame_in_fini(&in);
}

/* What parses prints as something that parses to the same. */
static void
try_text(const char *text)
{
	char out[SOCK_TEXT_MAX];
	struct sock_addr a, b;
	struct sock_prefix p;

	if (sock_addr_parse(text, 53, &a) == OK) {
		sock_addr_print(&a, out);
		CHECK(sock_addr_parse(out, -1, &b) == OK);
		CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	}
	if (sock_prefix_parse(text, &p) == OK) {
		memset(&a, 0, sizeof(a));
		a.family = p.family;
		memcpy(a.ip, p.ip, sizeof(a.ip));
		CHECK(sock_prefix_match(&p, &a));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char quoted[40], *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try_frames(data, size);
	try_text(text);
	log_quote(quoted, sizeof(quoted), data, size);
	CHECK(strlen(quoted) < sizeof(quoted));
	free(text);
	return 0;
}
