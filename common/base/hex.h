/*
 * hex.h - hexadecimal digits.
 */
#ifndef COMMON_BASE_HEX_H
#define COMMON_BASE_HEX_H

/** hex_digit() - the value of a digit, either case; -1 for all else */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
