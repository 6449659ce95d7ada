/*
 * log.c - the only writer to standard error besides check.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"

static const char *const level_names[] = {
	[LOG_LEVEL_ERR] = "err",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static struct {
	const char *program;
	_Atomic int level;
} state = { "-", LOG_LEVEL_INFO };

void
log_init(const char *program, enum log_level level)
{
	state.program = program;
	atomic_store_explicit(&state.level, (int)level, memory_order_relaxed);
}

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&state.level, (int)level, memory_order_relaxed);
}

bool
log_enabled(enum log_level level)
{
	return (int)level <=
	    atomic_load_explicit(&state.level, memory_order_relaxed);
}

bool
log_level_parse(const char *text, enum log_level *out_level)
{
	size_t i;

	for (i = 0; i < COUNT_OF(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*out_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void
write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* a full pipe must not stop us */
		data += n;
		len -= (size_t)n;
	}
}

void
log_write(enum log_level level, const char *event, const char *fmt, ...)
{
	int saved = errno;
	char line[LOG_LINE_MAX], when[NOW_TEXT_MAX];
	size_t len, i;
	va_list ap;
	int n;

	if (!log_enabled(level))
		return;
	n = snprintf(line, sizeof(line),
	    "time=%s level=%s prog=%s pid=%d event=%s ",
	    now_print(now_wall_ms(), when), level_names[level], state.program,
	    (int)getpid(), event);
	len = MIN((size_t)MAX(n, 0), sizeof(line) - 2);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
	va_end(ap);
	len = MIN(len + (size_t)MAX(n, 0), sizeof(line) - 2);
	/* Somebody forgot to quote: one event is still one line. */
	for (i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	while (len > 0 && line[len - 1] == ' ')
		len--;
	line[len++] = '\n';
	write_all(line, len);
	errno = saved;
}

const char *
log_quote(char *out, size_t size, const void *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *p = text;
	size_t i, n = 0;

	CHECK(size >= 8);
	out[n++] = '"';
	for (i = 0; i < len; i++) {
		/* Keep room for the longest escape, "...", quote and NUL. */
		if (n + 4 + 3 + 2 > size) {
			size_t dots = MIN((size_t)3, size - n - 2);

			memset(out + n, '.', dots);
			n += dots;
			break;
		}
		if (p[i] == '"' || p[i] == '\\') {
			out[n++] = '\\';
			out[n++] = (char)p[i];
		} else if (p[i] < ' ' || p[i] >= 0x7f) {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[p[i] >> 4];
			out[n++] = hex[p[i] & 15];
		} else {
			out[n++] = (char)p[i];
		}
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
