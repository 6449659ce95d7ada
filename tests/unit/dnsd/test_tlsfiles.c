/* Certificate files on their way to the TLS processes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnsd/inherit.h"
#include "dnsd/tlsfiles.h"
#include "tests/lib/test.h"

struct fixture {
	char dir[64], cert[96], key[96];
	struct tlsfiles t;
	int pair[2];			/* ours, the worker's */
};

static struct fixture f;

static void
store(const char *path, const char *text)
{
	char temp[128];
	FILE *out;

	snprintf(temp, sizeof(temp), "%s.new", path);
	out = fopen(temp, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(rename(temp, path), 0);
}

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	strcpy(f.dir, "/tmp/us-tlsfiles.XXXXXX");
	if (mkdtemp(f.dir) == NULL)
		return -1;
	snprintf(f.cert, sizeof(f.cert), "%s/cert", f.dir);
	snprintf(f.key, sizeof(f.key), "%s/key", f.dir);
	tlsfiles_init(&f.t, f.cert, f.key);
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, f.pair);
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	tlsfiles_fini(&f.t);
	close(f.pair[0]);
	close(f.pair[1]);
	unlink(f.cert);
	unlink(f.key);
	snprintf(command, sizeof(command), "%s", f.dir);
	return rmdir(command);
}

static void
holds(int fd, const char *text)
{
	char got[100] = "";

	assert_int_equal(pread(fd, got, sizeof(got) - 1, 0), strlen(text));
	assert_string_equal(got, text);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);	/* sealed */
}

/* What the worker receives, and its answer. */
static void
worker(const char *cert, const char *key, char verdict)
{
	char label[INHERIT_LABEL_MAX];
	int fd;

	assert_ok(inherit_receive(f.pair[1], &fd, label));
	assert_string_equal(label, "tls_cert");
	holds(fd, cert);
	close(fd);
	assert_ok(inherit_receive(f.pair[1], &fd, label));
	assert_string_equal(label, "tls_key");
	holds(fd, key);
	close(fd);
	if (verdict != 0)
		assert_int_equal(send(f.pair[1], &verdict, 1, 0), 1);
	tlsfiles_verdict(&f.t, f.pair[0]);
}

TEST_WITH(what_was_never_good_is_replaced_at_once, setup, teardown)
{
	assert_false(tlsfiles_look(&f.t, 0, false));	/* not there */
	assert_false(tlsfiles_have(&f.t));
	store(f.cert, "c1");
	assert_false(tlsfiles_look(&f.t, 10000, false));
	assert_false(tlsfiles_have(&f.t));		/* half of it */
	store(f.key, "k1");
	assert_false(tlsfiles_look(&f.t, 10001, false));	/* too soon */
	assert_false(tlsfiles_look(&f.t, 20000, false));
	assert_true(tlsfiles_have(&f.t));
	store(f.cert, "c2");
	assert_false(tlsfiles_look(&f.t, 30000, false));
	holds(f.t.used.cert, "c2");
	holds(f.t.used.key, "k1");
}

TEST_WITH(only_what_a_worker_found_good_takes_the_place_of_good, setup,
    teardown)
{
	char good = TLSFILES_GOOD;

	store(f.cert, "c1");
	store(f.key, "k1");
	tlsfiles_look(&f.t, 0, false);
	assert_int_equal(send(f.pair[1], &good, 1, 0), 1);	/* at its start */
	tlsfiles_verdict(&f.t, f.pair[0]);
	assert_true(f.t.proven);
	assert_false(tlsfiles_look(&f.t, 10000, false));	/* the same */

	store(f.cert, "broken");
	assert_true(tlsfiles_look(&f.t, 20000, false));
	assert_ok(tlsfiles_send(&f.t, f.pair[0]));
	worker("broken", "k1", TLSFILES_BAD);
	holds(f.t.used.cert, "c1");
	assert_int_equal(f.t.next.cert, -1);

	store(f.cert, "c3");
	assert_true(tlsfiles_look(&f.t, 30000, false));
	assert_ok(tlsfiles_send(&f.t, f.pair[0]));
	worker("c3", "k1", 0);			/* it takes its time */
	store(f.cert, "c4");
	assert_false(tlsfiles_look(&f.t, 32500, true));	/* one at a time */
	holds(f.t.used.cert, "c1");
	assert_int_equal(send(f.pair[1], &good, 1, 0), 1);
	tlsfiles_verdict(&f.t, f.pair[0]);
	holds(f.t.used.cert, "c3");
	assert_true(tlsfiles_look(&f.t, 32600, false));	/* what was asked */
	assert_ok(tlsfiles_send(&f.t, f.pair[0]));
	worker("c4", "k1", 0);
	/* One that never answers has no opinion after a while. */
	store(f.cert, "c5");
	assert_true(tlsfiles_look(&f.t, 32600 + TLSFILES_ANSWER_MS, false));
}

TEST_WITH(too_long_or_empty_files_are_refused, setup, teardown)
{
	char *large = malloc(TLSFILES_MAX + 2);

	memset(large, 'x', TLSFILES_MAX + 1);
	large[TLSFILES_MAX + 1] = '\0';
	store(f.key, "k");
	store(f.cert, large);
	assert_false(tlsfiles_look(&f.t, 0, true));
	assert_false(tlsfiles_have(&f.t));
	store(f.cert, "");
	assert_false(tlsfiles_look(&f.t, 0, true));
	assert_false(tlsfiles_have(&f.t));
	large[TLSFILES_MAX] = '\0';
	store(f.cert, large);
	assert_false(tlsfiles_look(&f.t, 0, true));
	assert_true(tlsfiles_have(&f.t));
	free(large);
}
