/*
 * log.h - one key=value line per event, to standard error.
 *
 * Knows:    levels, the line's frame (time, level, program, event), quoting.
 * Not here: what is worth logging. Library rooms never log above debug; the
 *           function that decides logs, once. Per-packet paths count.
 * Bounded:  a line is cut at LOG_LINE_MAX; one write() per line, so lines of
 *           several threads and processes do not mix.
 *
 * Peer-controlled text goes through LOG_Q() or LOG_QN(). Secrets never.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <inttypes.h>
#include <string.h>

#include "common/base/base.h"

#define LOG_LINE_MAX	2048
#define LOG_QUOTE_MAX	320

enum log_level {
	LOG_LEVEL_ERR,		/* a person must act */
	LOG_LEVEL_WARN,		/* a person should look when it repeats */
	LOG_LEVEL_INFO,		/* state changed */
	LOG_LEVEL_DEBUG,	/* the rest */
};

/** log_init() - name of the program or role; @program must outlive the process */
void log_init(const char *program, enum log_level level);

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/** log_level_parse() - "err", "warn", "info" or "debug"; false if none of these */
bool log_level_parse(const char *text, enum log_level *out_level);

/* @event: stable name, noun.past; @fmt: "key=%s key2=%d" or "". */
void log_write(enum log_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#define log_err(...)	log_write(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...)	log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)	log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) \
	do { \
		if (log_enabled(LOG_LEVEL_DEBUG)) \
			log_write(LOG_LEVEL_DEBUG, __VA_ARGS__); \
	} while (0)

/**
 * log_quote() - @text in double quotes, with \" \\ \xNN escapes
 *
 * Returns @out, always terminated; text that does not fit is cut and marked
 * with "..." inside the quotes. @size is at least 8.
 */
const char *log_quote(char *out, size_t size, const void *text, size_t len);

/* For use as an argument of log_*(): the memory lives to the end of the
 * enclosing block. A NULL string is printed as "". */
#define LOG_QN(bytes, len) \
	log_quote((char[LOG_QUOTE_MAX]){ 0 }, LOG_QUOTE_MAX, (bytes), (len))
#define LOG_Q(text)	LOG_QN((text), log_length(text))

static inline size_t
log_length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

#endif
