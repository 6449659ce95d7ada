/*
 * secret.c - credential files.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/hex.h"
#include "common/base/secret.h"

void
secret_wipe(void *data, size_t len)
{
	if (len != 0)
		explicit_bzero(data, len);
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t d = 0;
	size_t i;

	for (i = 0; i < len; i++)
		d |= x[i] ^ y[i];
	return d == 0;
}

void
secret_fini(struct secret *s)
{
	if (s->data != NULL) {
		secret_wipe(s->data, SECRET_MAX);
		munlock(s->data, SECRET_MAX);
		free(s->data);
	}
	s->data = NULL;
	s->len = 0;
}

static enum err
read_all(int fd, uint8_t *data, size_t size, size_t *out_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*out_len = len;
	return OK;
}

enum err
secret_path(const char *path, char *out, size_t size)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY"), *name = path;
	int n;

	if (strncmp(path, SECRET_DIR, strlen(SECRET_DIR)) == 0)
		name = path + strlen(SECRET_DIR);
	if (strchr(name, '/') != NULL || *name == '\0') {
		n = snprintf(out, size, "%s", path);
		return n >= 0 && (size_t)n < size ? OK : ERR_INVALID;
	}
	if (dir != NULL) {
		n = snprintf(out, size, "%s/%s", dir, name);
		if (n < 0 || (size_t)n >= size)
			return ERR_INVALID;
		if (access(out, F_OK) == 0)
			return OK;
	}
	n = snprintf(out, size, SECRET_DIR "%s", name);
	return n >= 0 && (size_t)n < size ? OK : ERR_INVALID;
}

enum err
secret_load(const char *path, struct secret *out, struct fault *fault)
{
	struct secret s = { 0 };
	char full[PATH_MAX];
	struct stat st;
	enum err e;
	int fd;

	if (secret_path(path, full, sizeof(full)) != OK) {
		fault_set(fault, path, 0, "path is too long");
		return ERR_INVALID;
	}
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		e = err_from_errno(errno);
		fault_set(fault, full, 0, "cannot open credential file: %s",
		    strerror(errno));
		return e;
	}
	e = ERR_DENIED;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		fault_set(fault, full, 0, "credential is not a regular file");
		goto out;
	}
	if ((st.st_mode & 07) != 0) {
		fault_set(fault, full, 0,
		    "credential file can be read by everybody; chmod o= it");
		goto out;
	}
	e = ERR_NO_MEMORY;
	if (posix_memalign((void **)&s.data, SECRET_MAX, SECRET_MAX) != 0) {
		fault_set(fault, full, 0, "out of memory");
		s.data = NULL;
		goto out;
	}
	/* Best effort: the limit on locked memory may be small. */
	(void)!mlock(s.data, SECRET_MAX);
	e = read_all(fd, s.data, SECRET_MAX, &s.len);
	if (e != OK) {
		fault_set(fault, full, 0, "cannot read credential file");
		goto out;
	}
	if (s.len == SECRET_MAX)
		s.len = 0;
	else if (s.len > 0 && s.data[s.len - 1] == '\n')
		s.len--;
	if (s.len == 0) {
		fault_set(fault, full, 0,
		    "credential file is empty or longer than %d bytes",
		    SECRET_MAX - 1);
		e = ERR_LIMIT;
		goto out;
	}
	*out = s;
	s = (struct secret){ 0 };
out:
	secret_fini(&s);
	close(fd);
	return e;
}

enum err
secret_load_hex(const char *path, uint8_t *out, size_t len,
    struct fault *fault)
{
	struct secret s = { 0 };
	enum err e;
	size_t i;

	e = secret_load(path, &s, fault);
	if (e != OK)
		return e;
	e = s.len == 2 * len ? OK : ERR_INVALID;
	for (i = 0; e == OK && i < len; i++) {
		int high = hex_digit(s.data[2 * i]);
		int low = hex_digit(s.data[2 * i + 1]);

		if (high < 0 || low < 0)
			e = ERR_INVALID;
		else
			out[i] = (uint8_t)(high << 4 | low);
	}
	if (e != OK) {
		secret_wipe(out, len);
		fault_set(fault, path, 0,
		    "credential is not %zu hexadecimal digits", 2 * len);
	}
	secret_fini(&s);
	return e;
}
