/* Descriptors by label: through an exec, and through a socket. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "dnsd/inherit.h"

static struct inherit h, back;

static int
setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	memset(&back, 0, sizeof(back));
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, NULL)

CASE(labels_are_one_argument_and_found_again)
{
	char *text;

	inherit_add(&h, 7, "arena");
	inherit_add(&h, 9, "udp:%d", 12);
	assert_int_equal(inherit_find(&h, "arena"), 0);
	assert_int_equal(inherit_find(&h, "udp:12"), 1);
	assert_int_equal(inherit_find(&h, "udp:1"), -1);
	assert_int_equal(inherit_find(&h, ""), -1);
	assert_int_equal(h.fd[1], 9);
	text = inherit_text(&h);
	assert_non_null(text);
	assert_string_equal(text, "arena,udp:12");
	free(text);
}

CASE(no_label_is_an_empty_argument)
{
	char *text = inherit_text(&h);

	assert_string_equal(text, "");
	assert_ok(inherit_parse(text, &back));
	assert_int_equal(back.n, 0);
	free(text);
}

CASE(what_does_not_fit_is_a_broken_promise)
{
	char label[INHERIT_LABEL_MAX + 1];

	memset(label, 'x', sizeof(label) - 1);
	label[INHERIT_LABEL_MAX] = '\0';
	expect_assert_failure(inherit_add(&h, 3, "%s", label));
	expect_assert_failure(inherit_add(&h, 3, "%s", ""));
	expect_assert_failure(inherit_add(&h, -1, "x"));
	label[INHERIT_LABEL_MAX - 1] = '\0';
	inherit_add(&h, 3, "%s", label);
	h.n = INHERIT_MAX;
	expect_assert_failure(inherit_add(&h, 3, "x"));
}

CASE(bad_arguments_are_refused)
{
	char label[INHERIT_LABEL_MAX + 1];

	assert_err(inherit_parse(",", &back), ERR_INVALID);
	assert_err(inherit_parse(",a", &back), ERR_INVALID);
	memset(label, 'x', sizeof(label) - 1);
	label[INHERIT_LABEL_MAX] = '\0';
	assert_err(inherit_parse(label, &back), ERR_INVALID);
}

/*
 * Exit codes of the child say which step failed; the pipes tell who is who:
 * each carries its label.
 */
static int
child_side(void)
{
	char *text = inherit_text(&h);
	char byte = 0;

	/* A number that is free below: what lands there at once would keep
	 * its close-on-exec. */
	close(INHERIT_FIRST_FD);
	if (text == NULL || inherit_arrange(&h) != OK)
		return 10;
	for (int i = 0; i < h.n; i++)
		if (fcntl(INHERIT_FIRST_FD + i, F_GETFD) != 0)
			return 11;	/* open, and not close-on-exec */
	for (int fd = INHERIT_FIRST_FD + h.n; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 12;	/* nothing above */
	if (inherit_parse(text, &back) != OK || back.n != h.n)
		return 13;
	for (int i = 0; i < h.n; i++) {
		if (strcmp(back.label[i], h.label[i]) != 0 ||
		    back.fd[i] != INHERIT_FIRST_FD + i ||
		    fcntl(back.fd[i], F_GETFD) != FD_CLOEXEC)
			return 14;
		if (read(back.fd[i], &byte, 1) != 1 ||
		    byte != back.label[i][0])
			return 15;
	}
	/* One label more than there are descriptors. */
	text = realloc(text, 1000);
	if (text == NULL)
		return 16;
	strcat(text, ",more");
	if (inherit_parse(text, &back) != ERR_INVALID)
		return 17;
	return 0;
}

CASE(descriptors_are_in_place_whatever_their_numbers_were)
{
	static const char labels[] = "dcba";
	int fd[4][2], status, low[8], n_low = 0;
	pid_t pid;

	/* None of them has the first number. */
	do
		low[n_low] = dup(STDIN_FILENO);
	while (low[n_low++] < INHERIT_FIRST_FD);

	/* Backwards, so that the ranges overlap and cross. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pipe2(fd[i], O_CLOEXEC), 0);
		assert_int_equal(write(fd[i][1], &labels[i], 1), 1);
	}
	for (int i = 3; i >= 0; i--)
		inherit_add(&h, fd[i][0], "%c", labels[i]);
	pid = fork();
	if (pid == 0)
		_exit(child_side());
	for (int i = 0; i < 4; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	while (n_low > 0)
		close(low[--n_low]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

struct pair {
	int fd[2];
};

static int
pair_open(void **state)
{
	static struct pair p;

	*state = &p;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p.fd);
}

static int
pair_close(void **state)
{
	struct pair *p = *state;

	close(p->fd[0]);
	if (p->fd[1] >= 0)
		close(p->fd[1]);
	return 0;
}

TEST_WITH(a_descriptor_goes_through_a_socket_with_its_label, pair_open,
    pair_close)
{
	struct pair *p = *test_state;
	char label[INHERIT_LABEL_MAX];
	struct stat a, b;
	int fd = -1;

	assert_ok(inherit_send(p->fd[1], STDIN_FILENO, "control"));
	assert_ok(inherit_send(p->fd[1], p->fd[1], "udp:3"));
	assert_ok(inherit_receive(p->fd[0], &fd, label));
	assert_string_equal(label, "control");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(STDIN_FILENO, &a), 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	close(fd);
	assert_ok(inherit_receive(p->fd[0], &fd, label));
	assert_string_equal(label, "udp:3");
	close(fd);
	close(p->fd[1]);
	p->fd[1] = -1;
	assert_err(inherit_receive(p->fd[0], &fd, label), ERR_CLOSED);
}

TEST_WITH(a_label_without_a_descriptor_is_malformed, pair_open, pair_close)
{
	struct pair *p = *test_state;
	char label[INHERIT_LABEL_MAX];
	int fd = -1;

	assert_int_equal(send(p->fd[1], "arena", 5, 0), 5);
	assert_err(inherit_receive(p->fd[0], &fd, label), ERR_MALFORMED);
	assert_int_equal(fd, -1);
}

TEST_WITH(sending_to_nobody_is_an_error, pair_open, pair_close)
{
	struct pair *p = *test_state;
	int keep = dup(p->fd[0]);

	close(p->fd[1]);
	p->fd[1] = -1;
	assert_true(inherit_send(p->fd[0], STDIN_FILENO, "x") != OK);
	close(keep);
}
