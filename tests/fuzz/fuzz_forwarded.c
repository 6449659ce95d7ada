/*
 * fuzz_forwarded.c - any header values, from a trusted proxy; and before what
 * the proxy adds, any value changes nothing but whether the request is taken.
 * First octet: which header.
 */
#include <stdlib.h>
#include <string.h>

#include "api/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char own[2][20] = { ",192.0.2.1", ",for=192.0.2.1" };
	struct forwarded_conf conf = { .n_trusted = 1 };
	struct forwarded f = { 0 };
	struct forwarded_client client;
	struct sock_addr peer, real;
	const char *name;
	char *line;

	if (size == 0)
		return 0;
	must(sock_prefix_parse("10.0.0.0/8", &conf.trusted[0]) == OK);
	must(sock_ip_parse("10.0.0.1", &peer) == OK);
	must(sock_ip_parse("192.0.2.1", &real) == OK);
	conf.rfc7239 = data[0] & 1;
	name = conf.rfc7239 ? "Forwarded" : "X-Forwarded-For";
	line = calloc(1, size + sizeof(own[0]));
	must(line != NULL);
	memcpy(line, data + 1, size - 1);
	forwarded_note(&f, &conf, name, line);
	forwarded_note(&f, &conf, "X-Forwarded-Proto", line);
	if (forwarded_client(&f, &conf, &peer, &client) == OK)
		must(client.address.family == 4 || client.address.family == 6);

	strcat(line, own[conf.rfc7239]);
	memset(&f, 0, sizeof(f));
	forwarded_note(&f, &conf, name, line);
	if (forwarded_client(&f, &conf, &peer, &client) == OK)
		must(sock_ip_equal(&client.address, &real));
	else
		must(conf.rfc7239);
	free(line);
	return 0;
}
