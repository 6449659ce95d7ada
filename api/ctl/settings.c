/*
 * settings.c - where the API is.  See settings.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/ctl/settings.h"
#include "common/base/secret.h"

static enum err
copy(char *out, size_t size, const char *text, const char *what,
    struct fault *fault)
{
	if ((size_t)snprintf(out, size, "%s", text) < size)
		return OK;
	out[0] = '\0';
	fault_set(fault, what, 0, "longer than %zu bytes", size - 1);
	return ERR_LIMIT;
}

static enum err
check_mode(int fd, const char *path, struct fault *fault)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ERR_IO;
	/* A pipe (process substitution) has no readers but us. */
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)
		return OK;
	fault_set(fault, path, 0, "others may read it (mode %04o); it holds "
	    "a token: chmod 600", (unsigned int)(st.st_mode & 07777));
	return ERR_DENIED;
}

enum err
settings_read_file(const char *path, bool private, struct buf *out,
    struct fault *fault)
{
	bool stdin_too = strcmp(path, "-") == 0;
	int fd = stdin_too ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum err e = OK;

	if (fd < 0) {
		fault_set(fault, path, 0, "cannot be read: %s",
		    strerror(errno));
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	}
	if (private && !stdin_too)
		e = check_mode(fd, path, fault);
	while (e == OK) {
		uint8_t piece[4096];
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fault_set(fault, path, 0, "cannot be read: %s",
			    strerror(errno));
			e = ERR_IO;
		}
		if (n <= 0)
			break;
		e = buf_bytes(out, piece, (size_t)n);
		secret_wipe(piece, sizeof(piece));
		if (e != OK)
			fault_set(fault, path, 0, "longer than %zu bytes",
			    out->max);
	}
	if (!stdin_too)
		close(fd);
	return e;
}

enum err
settings_set_token(struct settings *s, const char *text, const char *from,
    struct fault *fault)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strcspn(text, " \t\r\n");
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			len = 0;
	if (len == 0 || len >= sizeof(s->token) ||
	    text[len + strspn(text + len, " \t\r\n")] != '\0') {
		fault_set(fault, from, 0, "no token in it: one word of "
		    "printable letters is expected");
		return ERR_INVALID;
	}
	memcpy(s->token, text, len);
	s->token[len] = '\0';
	return copy(s->token_from, sizeof(s->token_from), from, from, fault);
}

static enum err
token_file(struct settings *s, const char *path, struct fault *fault)
{
	struct buf b;
	enum err e;

	buf_init(&b, SETTINGS_FILE_MAX);
	e = settings_read_file(path, true, &b, fault);
	if (e == OK)
		e = settings_set_token(s, buf_cstr(&b),
		    strcmp(path, "-") == 0 ? "standard input" : path, fault);
	if (b.data != NULL)
		secret_wipe(b.data, b.len);
	buf_fini(&b);
	return e;
}

/* ---- the settings file ---- */

static enum err
set_line(struct settings *s, const char *name, const char *value,
    uint32_t line, struct fault *fault)
{
	const char *from = s->path;
	enum err e;

	if (strcmp(name, "url") == 0) {
		e = copy(s->url, sizeof(s->url), value, name, fault);
		return e != OK ? e : copy(s->url_from, sizeof(s->url_from),
		    from, name, fault);
	}
	if (strcmp(name, "token") == 0)
		return settings_set_token(s, value, from, fault);
	if (strcmp(name, "token-file") == 0)
		return token_file(s, value, fault);
	if (strcmp(name, "cacert") == 0) {
		e = copy(s->cacert, sizeof(s->cacert), value, name, fault);
		return e != OK ? e : copy(s->cacert_from,
		    sizeof(s->cacert_from), from, name, fault);
	}
	if (strcmp(name, "output") == 0 &&
	    command_choice("table|json|ndjson", value)) {
		s->output = value[0] == 't' ? SETTINGS_TABLE :
		    value[0] == 'j' ? SETTINGS_JSON : SETTINGS_NDJSON;
		return OK;
	}
	fault_set(fault, from, line, "not understood; known are url, token, "
	    "token-file, cacert, and output = table, json or ndjson");
	return ERR_INVALID;
}

static enum err
parse_file(struct settings *s, char *text, struct fault *fault)
{
	uint32_t number = 0;

	for (char *next; text != NULL; text = next) {
		char *name = text, *value, *end;
		enum err e;

		next = strchr(text, '\n');
		if (next != NULL)
			*next++ = '\0';
		number++;
		name += strspn(name, " \t");
		end = name + strlen(name);
		while (end > name && strchr(" \t\r", end[-1]) != NULL)
			*--end = '\0';
		if (*name == '\0' || *name == '#')
			continue;
		value = name + strcspn(name, " \t=");
		end = value;
		value += strspn(value, " \t");
		if (*value != '=') {
			fault_set(fault, s->path, number,
			    "no = behind the name");
			return ERR_INVALID;
		}
		value += 1 + strspn(value + 1, " \t");
		*end = '\0';
		e = set_line(s, name, value, number, fault);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
load_file(struct settings *s, bool must, struct fault *fault)
{
	struct buf b;
	enum err e;

	buf_init(&b, SETTINGS_FILE_MAX);
	e = settings_read_file(s->path, true, &b, fault);
	if (e == ERR_NOT_FOUND && !must)
		e = OK;
	else if (e == OK && memchr(buf_cstr(&b), '\0', b.len) != NULL)
		e = ERR_INVALID;
	else if (e == OK && buf_u8(&b, 0) == OK)
		e = parse_file(s, (char *)b.data, fault);
	if (b.data != NULL)
		secret_wipe(b.data, b.len);
	buf_fini(&b);
	return e;
}

/* For bootstrap and link --config is understudy.conf, not ours. */
static bool
on_the_server(const struct cmdline *line)
{
	const struct command *c = line->command;

	return c != NULL && (c->id == COMMAND_BOOTSTRAP ||
	    c->id == COMMAND_BOOTSTRAP_TOKEN || c->id == COMMAND_LINK);
}

static enum err
find_path(const struct cmdline *line, struct settings *s, bool *out_must,
    struct fault *fault)
{
	const char *given = cmdline_get(line, "config");
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[SETTINGS_PATH_MAX] = "";

	if (given == NULL)
		given = getenv("UNDERSTUDY_CONFIG");
	*out_must = given != NULL;
	if (given != NULL)
		return copy(s->path, sizeof(s->path), given, "--config",
		    fault);
	if (dir != NULL && dir[0] == '/')
		snprintf(path, sizeof(path), "%.900s/understudy/ctl.conf",
		    dir);
	else if (home != NULL && home[0] == '/')
		snprintf(path, sizeof(path),
		    "%.900s/.config/understudy/ctl.conf", home);
	return copy(s->path, sizeof(s->path), path, "--config", fault);
}

static enum err
load_environment(struct settings *s, struct fault *fault)
{
	const char *url = getenv("UNDERSTUDY_URL");
	const char *file = getenv("UNDERSTUDY_TOKEN_FILE");
	const char *token = getenv("UNDERSTUDY_TOKEN");
	const char *cacert = getenv("UNDERSTUDY_CACERT");
	enum err e = OK;

	if (url != NULL) {
		e = copy(s->url, sizeof(s->url), url, "UNDERSTUDY_URL",
		    fault);
		snprintf(s->url_from, sizeof(s->url_from), "UNDERSTUDY_URL");
	}
	if (e == OK && file != NULL)
		e = token_file(s, file, fault);
	else if (e == OK && token != NULL)
		e = settings_set_token(s, token, "UNDERSTUDY_TOKEN", fault);
	if (e == OK && cacert != NULL) {
		e = copy(s->cacert, sizeof(s->cacert), cacert,
		    "UNDERSTUDY_CACERT", fault);
		snprintf(s->cacert_from, sizeof(s->cacert_from),
		    "UNDERSTUDY_CACERT");
	}
	return e;
}

static enum err
load_options(const struct cmdline *line, struct settings *s,
    struct fault *fault)
{
	const char *url = cmdline_get(line, "url");
	const char *file = cmdline_get(line, "token-file");
	const char *cacert = cmdline_get(line, "cacert");
	const char *output = cmdline_get(line, "output");
	enum err e = OK;

	if (url != NULL) {
		e = copy(s->url, sizeof(s->url), url, "--url", fault);
		snprintf(s->url_from, sizeof(s->url_from), "--url");
	}
	if (e == OK && file != NULL)
		e = token_file(s, file, fault);
	if (e == OK && cacert != NULL) {
		e = copy(s->cacert, sizeof(s->cacert), cacert, "--cacert",
		    fault);
		snprintf(s->cacert_from, sizeof(s->cacert_from), "--cacert");
	}
	if (output != NULL)
		s->output = output[0] == 't' ? SETTINGS_TABLE :
		    output[0] == 'j' ? SETTINGS_JSON : SETTINGS_NDJSON;
	else if (cmdline_has(line, "json"))
		s->output = SETTINGS_JSON;
	return e;
}

enum err
settings_load(const struct cmdline *line, struct settings *out,
    struct fault *fault)
{
	bool must = false;
	enum err e;

	*out = (struct settings){ .output = SETTINGS_TABLE };
	if (on_the_server(line))
		return OK;
	e = find_path(line, out, &must, fault);
	/* login makes the file that --config names. */
	if (line->command != NULL && line->command->id == COMMAND_LOGIN)
		must = false;
	if (e == OK && out->path[0] != '\0')
		e = load_file(out, must, fault);
	if (e == OK)
		e = load_environment(out, fault);
	if (e == OK)
		e = load_options(line, out, fault);
	return e;
}

/* ---- writing ---- */

static bool
make_directories(const char *path)
{
	char dir[SETTINGS_PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = dir + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(dir, 0700) != 0 && errno != EEXIST)
			return false;
		*p = '/';
	}
	return true;
}

enum err
settings_store(const struct settings *s, struct fault *fault)
{
	char temp[SETTINGS_PATH_MAX + 16];
	FILE *f = NULL;
	int fd = -1;
	bool good = false;

	if (s->path[0] == '\0') {
		fault_set(fault, NULL, 0, "no place for settings: HOME is "
		    "not set, and --config is not given");
		return ERR_INVALID;
	}
	snprintf(temp, sizeof(temp), "%s.XXXXXX", s->path);
	if (make_directories(s->path))
		fd = mkostemp(temp, O_CLOEXEC);	/* mode 0600 */
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f != NULL) {
		fprintf(f, "# understudyctl: mode 0600, it holds a token\n"
		    "url = %s\ntoken = %s\n", s->url, s->token);
		if (s->cacert[0] != '\0')
			fprintf(f, "cacert = %s\n", s->cacert);
		good = fflush(f) == 0 && fsync(fd) == 0;
		good = fclose(f) == 0 && good;
	} else if (fd >= 0) {
		close(fd);
	}
	good = good && rename(temp, s->path) == 0;
	if (!good) {
		fault_set(fault, s->path, 0, "cannot be written: %s",
		    strerror(errno));
		if (fd >= 0)
			unlink(temp);
		return ERR_IO;
	}
	return OK;
}

void
settings_wipe(struct settings *s)
{
	secret_wipe(s->token, sizeof(s->token));
}
