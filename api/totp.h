/*
 * totp.h - time-based one-time passwords, as authenticator apps make them.
 *
 * Knows:    RFC 6238 with SHA-1, six digits, 30 seconds; RFC 4226; the text
 *           forms of a secret.
 * Not here: where secrets are kept (vault.h), that no code is taken twice.
 * Pure:     the time is an argument.
 */
#ifndef API_TOTP_H
#define API_TOTP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	TOTP_SECRET_LEN = 20,		/* RFC 4226 4, R6 */
	TOTP_SECRET_TEXT = 33,		/* base32 and a NUL */
	TOTP_CODE_BYTES = 7,
	TOTP_STEP_S = 30,
	TOTP_WINDOW = 1,		/* steps that clocks may differ */
	TOTP_URI_MAX = 800,
};

/** totp_code() - the code of a time step; ERR_CRYPTO */
MUST_USE enum err totp_code(const uint8_t secret[TOTP_SECRET_LEN],
    int64_t step, char out[TOTP_CODE_BYTES]);

/**
 * totp_match() - is it a code of about now?
 * @code:  text of a person; blanks inside are ignored
 * @after: steps up to this one do not count: they were used
 * @out_step: whose code it is, on OK; remember it as used
 *
 * Returns OK; ERR_MISMATCH; ERR_CRYPTO.
 */
MUST_USE enum err totp_match(const uint8_t secret[TOTP_SECRET_LEN],
    const char *code, int64_t now_s, int64_t after, int64_t *out_step);

/** totp_base32() - the secret as people type it in, upper case */
void totp_base32(const uint8_t secret[TOTP_SECRET_LEN],
    char out[TOTP_SECRET_TEXT]);

/** totp_uri() - otpauth://totp/ISSUER:ACCOUNT?..., what a QR code holds */
void totp_uri(const uint8_t secret[TOTP_SECRET_LEN], const char *issuer,
    const char *account, char out[TOTP_URI_MAX]);

#endif
