/*
 * Rdata of any type: what is accepted can be walked, lowered and compared;
 * what comes out of a message is accepted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/rr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(uint16_t type, const uint8_t *rdata, size_t len)
{
	struct rr_names it = rr_names_begin(type, rdata, len);
	struct rr_name n;
	size_t at = 0;

	while (rr_names_next(&it, &n)) {
		if (n.off < at || (size_t)n.off + n.len > len ||
		    rr_name_check(rdata + n.off, len - n.off) != n.len)
			abort();
		at = (size_t)n.off + n.len;
	}
}

static void
message(uint16_t type, const uint8_t *data, size_t size)
{
	static uint8_t out[RR_RDATA_MAX], lower[RR_RDATA_MAX];
	size_t off, n;

	if (size < 1)
		return;
	off = data[0] < size ? data[0] : 0;
	if (rr_rdata_from_message(data, size, off, size - off, type, out,
	    sizeof(out), &n) != OK)
		return;
	if (rr_rdata_check(type, out, n) != OK)
		abort();
	walk(type, out, n);
	memcpy(lower, out, n);
	rr_canonical_in_place(type, lower, n);
	if (rr_rdata_check(type, lower, n) != OK && type != 47)
		abort();
	if (rr_canonical_compare(type, out, n, lower, n) != 0)
		abort();
	if (rr_canonical_compare(type, out, n, out, n / 2) <= 0 && n > 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t type;
	size_t half;

	if (size < 2)
		return 0;
	type = (uint16_t)(data[0] << 8 | data[1]);
	if (type > 300 && type < 32000)
		type %= 270;		/* where the shapes are */
	data += 2;
	size -= 2;
	walk(type, data, size);
	(void)!rr_rdata_check(type, data, size);
	half = size / 2;
	/* Antisymmetric for well-formed rdata. */
	if (rr_rdata_check(type, data, half) == OK &&
	    rr_rdata_check(type, data + half, size - half) == OK) {
		int a = rr_canonical_compare(type, data, half, data + half,
		    size - half);
		int b = rr_canonical_compare(type, data + half, size - half,
		    data, half);

		if ((a < 0) != (b > 0) || (a > 0) != (b < 0))
			abort();
	}
	message(type, data, size);
	return 0;
}
