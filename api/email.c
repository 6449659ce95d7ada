/*
 * email.c - e-mail addresses.  See email.h.
 */
#include <string.h>

#include "api/email.h"
#include "common/base/base.h"

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_local_part(const char *s, size_t len)
{
	if (len == 0 || len > 64 || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && s[i + 1] == '.')
			return false;
		/* RFC 5322 3.2.3, atext */
		if (!is_letter_or_digit(s[i]) &&
		    strchr("!#$%&'*+-/=?^_`{|}~.", s[i]) == NULL)
			return false;
	}
	return true;
}

static bool
is_host(const char *s)
{
	bool dot = false;
	size_t label = 0;

	for (size_t i = 0;; i++) {
		if (s[i] == '.' || s[i] == '\0') {
			if (label == 0 || label > 63 || s[i - 1] == '-')
				return false;
			if (s[i] == '\0')
				break;
			dot = true;
			label = 0;
			continue;
		}
		if (!is_letter_or_digit(s[i]) && (s[i] != '-' || label == 0))
			return false;
		label++;
	}
	return dot || strcmp(s, "localhost") == 0;
}

bool
email_normal(const char *text, char out[EMAIL_BYTES])
{
	char made[EMAIL_BYTES];
	size_t len;
	char *at;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len > EMAIL_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		made[i] = text[i] >= 'A' && text[i] <= 'Z' ?
		    (char)(text[i] - 'A' + 'a') : text[i];
	made[len] = '\0';
	at = strchr(made, '@');
	if (at == NULL || !is_local_part(made, (size_t)(at - made)) ||
	    !is_host(at + 1))
		return false;
	memcpy(out, made, len + 1);
	return true;
}
