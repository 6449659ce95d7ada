/* test_password.c - which passwords are good, and what hashing comes to. */
#include "api/auth.h"
#include "api/password.h"
#include "tests/lib/test.h"

static const struct password_cost cheap = { 1, 8192 }, dear = { 2, 16384 };

static const char *
fault(const char *text)
{
	return password_fault(text, strlen(text), "someone@example.com");
}

TEST(good_passwords_are_taken)
{
	static const char *const good[] = {
		"correct horse battery", "xK3#mm0q!z", "four words are enough",
		"\xc3\xa4\xc3\xb6\xc3\xbc garten im mai", "4711 roses in rain",
		"someone who swims in winter lakes",
	};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_null(fault(good[i]));
}

TEST(what_is_guessed_first_is_refused)
{
	static const char *const bad[] = {
		"", "short", "123456789", "password12", "Password123!",
		"!!PASSWORD!!", "1234567890", "0000000000", "01-01-1970 ",
		"aaaaaaaaaaa", "abababababab", "passwordpassword",
		"qwertyuiop", "1q2w3e4r5t", "1qaz2wsx3edc", "iloveyou2026",
		"someone@example.com", "SOMEONE@EXAMPLE.COM", "someone2026",
		"1someone12",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (fault(bad[i]) == NULL)
			fail_msg("%s", bad[i]);
}

TEST(length_has_bounds)
{
	char text[PASSWORD_MAX + 2];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * 7 % 26);
	assert_null(password_fault(text, PASSWORD_MIN, "a@b.c"));
	assert_non_null(password_fault(text, PASSWORD_MIN - 1, "a@b.c"));
	assert_non_null(password_fault(text, PASSWORD_MAX + 1, "a@b.c"));
}

static void
made(struct password_job *job, const char *text)
{
	memset(job, 0, sizeof(*job));
	password_make(job, text);
	password_run(job, &cheap);
	assert_ok(job->err);
	assert_int_equal(job->state, PASSWORD_DONE);
}

TEST(a_hash_knows_its_password)
{
	struct password_job job, look = { .state = PASSWORD_IDLE };

	assert_ok(auth_init());
	made(&job, "four words are enough");
	assert_memory_equal(job.made, "$argon2id$v=19$m=8,t=1,p=1$", 27);
	password_verify(&look, "four words are enough", job.made);
	password_run(&look, &cheap);
	assert_true(look.good);
	assert_string_equal(look.made, "");	/* nothing to make anew */
	password_fini(&look);
	password_verify(&look, "four words are enougH", job.made);
	password_run(&look, &cheap);
	assert_false(look.good);
	password_fini(&look);
}

TEST(other_costs_make_a_new_hash_of_a_good_password)
{
	struct password_job job, look = { .state = PASSWORD_IDLE };

	assert_ok(auth_init());
	made(&job, "four words are enough");
	password_verify(&look, "four words are enough", job.made);
	password_run(&look, &dear);
	assert_true(look.good);
	assert_memory_equal(look.made, "$argon2id$v=19$m=16,t=2,p=1$", 28);
	password_fini(&look);
	password_verify(&look, "wrong", job.made);
	password_run(&look, &dear);
	assert_false(look.good);
	assert_string_equal(look.made, "");
}

TEST(nobody_is_as_much_work_and_never_good)
{
	struct password_job look = { .state = PASSWORD_IDLE };

	assert_ok(auth_init());
	password_verify(&look, "anything at all", NULL);
	password_run(&look, &cheap);
	assert_ok(look.err);
	assert_false(look.good);
	assert_string_equal(look.made, "");
}

TEST(the_text_is_wiped_when_it_is_hashed)
{
	struct password_job job;
	const uint8_t nothing[sizeof(job.text)] = { 0 };

	assert_ok(auth_init());
	made(&job, "four words are enough");
	assert_memory_equal(job.text, nothing, sizeof(nothing));
}
