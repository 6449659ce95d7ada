/*
 * settings.h - where the API is and whose token to show it.
 *
 * Knows:    options, then the environment (UNDERSTUDY_URL,
 *           UNDERSTUDY_TOKEN_FILE, UNDERSTUDY_TOKEN, UNDERSTUDY_CACERT,
 *           UNDERSTUDY_CONFIG, NO_COLOR), then ~/.config/understudy/ctl.conf.
 * Never:    a token on the command line; a file with a token that others can
 *           read.
 * Bounded:  SETTINGS_FILE_MAX bytes of a file.
 */
#ifndef API_CTL_SETTINGS_H
#define API_CTL_SETTINGS_H

#include "api/ctl/cmdline.h"
#include "common/base/buf.h"

enum {
	SETTINGS_URL_MAX = 1024,
	SETTINGS_TOKEN_MAX = 513,
	SETTINGS_PATH_MAX = 1024,
	SETTINGS_FILE_MAX = 65536,
};

enum settings_output {
	SETTINGS_TABLE,
	SETTINGS_JSON,
	SETTINGS_NDJSON,
};

struct settings {
	char path[SETTINGS_PATH_MAX];	/* of the settings file; "" : nowhere */
	char url[SETTINGS_URL_MAX];	/* "" : not said */
	char token[SETTINGS_TOKEN_MAX];
	char cacert[SETTINGS_PATH_MAX];
	enum settings_output output;
	/* Where each comes from, for `config`; "" : nowhere. */
	char url_from[SETTINGS_PATH_MAX], token_from[SETTINGS_PATH_MAX],
	    cacert_from[SETTINGS_PATH_MAX];
};

/**
 * settings_load() - everything together
 * @out:   on error it holds what was read so far; settings_wipe() it
 * @fault: filled on error
 *
 * A missing settings file is an error only when --config names it. Returns
 * OK, ERR_INVALID, ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_LIMIT.
 */
MUST_USE enum err settings_load(const struct cmdline *line,
    struct settings *out, struct fault *fault);

/** settings_store() - write URL, token and cacert, mode 0600, whole or not */
MUST_USE enum err settings_store(const struct settings *s,
    struct fault *fault);

/**
 * settings_read_file() - a file, or standard input for "-"
 * @private: refuse one that others may read
 */
MUST_USE enum err settings_read_file(const char *path, bool private,
    struct buf *out, struct fault *fault);

/** settings_set_token() - check and keep; spaces around it are dropped */
MUST_USE enum err settings_set_token(struct settings *s, const char *text,
    const char *from, struct fault *fault);

void settings_wipe(struct settings *s);

#endif
