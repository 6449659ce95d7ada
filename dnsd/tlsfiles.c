/*
 * tlsfiles.c - certificate and key for the TLS processes.  See tlsfiles.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "dnsd/inherit.h"
#include "dnsd/tlsfiles.h"

void
tlsfiles_init(struct tlsfiles *t, const char *cert, const char *key)
{
	memset(t, 0, sizeof(*t));
	t->cert_path = cert;
	t->key_path = key;
	t->used = t->next = (struct tlsfiles_pair){ -1, -1 };
}

static void
pair_close(struct tlsfiles_pair *p)
{
	if (p->cert >= 0)
		close(p->cert);
	if (p->key >= 0)
		close(p->key);
	*p = (struct tlsfiles_pair){ -1, -1 };
}

void
tlsfiles_fini(struct tlsfiles *t)
{
	pair_close(&t->used);
	pair_close(&t->next);
}

static enum err
read_all(int fd, uint8_t *buf, size_t *out_len)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, buf + len, TLSFILES_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_from_errno(errno);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > TLSFILES_MAX)
			return ERR_LIMIT;
	}
	*out_len = len;
	return len == 0 ? ERR_MALFORMED : OK;
}

/* A copy that nobody changes any more; what is renamed or overwritten later
 * does not mix with it. */
static enum err
copy(const char *path, const char *name, struct stat *out_seen, int *out_fd)
{
	static uint8_t buf[TLSFILES_MAX + 1];
	size_t len = 0;
	int memory, fd;
	enum err e;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_from_errno(errno);
	e = fstat(fd, out_seen) == 0 ? read_all(fd, buf, &len) : ERR_IO;
	close(fd);
	if (e != OK)
		goto out;
	memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	e = memory < 0 ? err_from_errno(errno) : OK;
	if (e == OK && (write(memory, buf, len) != (ssize_t)len ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL) < 0)) {
		close(memory);
		e = ERR_IO;
	}
	if (e == OK)
		*out_fd = memory;
out:
	secret_wipe(buf, sizeof(buf));
	return e;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
changed(const struct tlsfiles *t)
{
	struct stat cert, key;

	if (stat(t->cert_path, &cert) < 0 || stat(t->key_path, &key) < 0)
		return !t->failed;
	return !same_file(&cert, &t->seen[0]) || !same_file(&key, &t->seen[1]);
}

bool
tlsfiles_look(struct tlsfiles *t, int64_t now_ms, bool force)
{
	struct tlsfiles_pair p = { -1, -1 };
	enum err e;

	force = force || t->forced;
	if (t->n_asked > 0 && now_ms < t->asked_until) {
		t->forced = force;
		return false;
	}
	t->forced = false;
	if (!force && now_ms < t->look_at)
		return false;
	t->look_at = now_ms + TLSFILES_LOOK_MS;
	if (!force && !changed(t))
		return false;
	e = copy(t->cert_path, "tls_cert", &t->seen[0], &p.cert);
	if (e == OK)
		e = copy(t->key_path, "tls_key", &t->seen[1], &p.key);
	if (e != OK) {
		if (!t->failed || force)
			log_err("tls.files_failed", "cert=%s key=%s reason=%s",
			    LOG_Q(t->cert_path), LOG_Q(t->key_path),
			    LOG_Q(err_text(e)));
		t->failed = true;
		pair_close(&p);
		return false;
	}
	t->failed = false;
	pair_close(&t->next);
	t->n_asked = 0;
	if (!t->proven) {
		pair_close(&t->used);
		t->used = p;
		return false;
	}
	t->next = p;
	t->asked_until = now_ms + TLSFILES_ANSWER_MS;
	return true;
}

enum err
tlsfiles_send(struct tlsfiles *t, int control)
{
	enum err e = inherit_send(control, t->next.cert, "tls_cert");

	if (e == OK)
		e = inherit_send(control, t->next.key, "tls_key");
	if (e == OK)
		t->n_asked++;
	return e;
}

void
tlsfiles_verdict(struct tlsfiles *t, int control)
{
	char said;

	while (recv(control, &said, 1, MSG_DONTWAIT) == 1) {
		if (said == TLSFILES_GOOD)
			t->proven = true;
		if (t->n_asked == 0)		/* of what it started with */
			continue;
		t->n_asked--;
		if (said == TLSFILES_GOOD && t->next.cert >= 0) {
			pair_close(&t->used);
			t->used = t->next;
			t->next = (struct tlsfiles_pair){ -1, -1 };
		}
		if (t->n_asked == 0)
			pair_close(&t->next);
	}
}
