/* What a primary has to prove by TLS, from its row to the frame. */
#include "tests/lib/test.h"

#include "common/base/sock.h"
#include "xferd/profile.h"

static struct profile_row
full_row(void)
{
	static uint8_t pins[2 * HANDOFF_PIN];

	memset(pins, 1, HANDOFF_PIN);
	memset(pins + HANDOFF_PIN, 0xff, HANDOFF_PIN);
	return (struct profile_row){ .name = "ns1.example", .verify = "both",
	    .pins = pins, .pins_len = sizeof(pins), .ca = "authorities" };
}

TEST(a_primary_without_a_row_is_checked_by_its_address)
{
	struct profile_row row = { 0 };
	struct profile *p = profile_new(&row);

	assert_non_null(p);
	assert_true(p->pkix);
	assert_int_equal(p->tls.name_len, 0);
	assert_int_equal(p->tls.n_pins, 0);
	assert_false(p->own_ca);
	profile_free(p);
	profile_free(NULL);
}

TEST(what_was_given_is_in_the_frame)
{
	static uint8_t frame[HANDOFF_TLS_MAX];
	struct profile_row row = full_row();
	struct profile *p = profile_new(&row);
	struct handoff_fetch_tls back;
	struct sock_addr at;
	size_t len;

	assert_non_null(p);
	assert_int_equal(sock_addr_parse("192.0.2.1:853", 853, &at), OK);
	assert_int_equal(profile_encode(p, NULL, (const uint8_t *)
	    "0123456789abcdef", &at, frame, &len), OK);
	assert_int_equal(handoff_fetch_tls_decode(frame, len, &back), OK);
	assert_true(back.pkix);
	assert_string_equal(back.name, "ns1.example");
	assert_int_equal(back.n_pins, 2);
	assert_int_equal(back.ca_len, 11);
	assert_int_equal(back.key_len, 0);
	assert_int_equal(sock_addr_cmp(&back.address, &at), 0);
	profile_free(p);
}

/* T-156: whatever differs makes another connection. */
TEST(every_field_makes_another_profile_T156)
{
	uint8_t other_pins[HANDOFF_PIN] = { 7 };
	struct profile_row rows[7];
	struct profile *p[7];

	for (int i = 0; i < 7; i++)
		rows[i] = full_row();
	rows[1].name = "ns2.example";
	rows[2].verify = "pin";
	rows[3].pins = other_pins;
	rows[3].pins_len = sizeof(other_pins);
	rows[4].ca = "other";
	rows[5].certificate = rows[6].certificate = "cert";
	rows[5].key_id = (const uint8_t *)"0123456789abcdef";
	rows[6].key_id = (const uint8_t *)"0123456789abcdeX";
	rows[5].sealed = rows[6].sealed = (const uint8_t *)"sealed";
	rows[5].sealed_len = rows[6].sealed_len = 6;
	for (int i = 0; i < 7; i++) {
		p[i] = profile_new(&rows[i]);
		assert_non_null(p[i]);
		for (int k = 0; k < i; k++)
			assert_false(digest_equal(&p[i]->digest,
			    &p[k]->digest));
	}
	for (int i = 0; i < 7; i++)
		profile_free(p[i]);
}

TEST(the_same_fields_make_the_same_profile)
{
	struct profile_row row = full_row();
	struct profile *a = profile_new(&row), *b = profile_new(&row);

	assert_true(digest_equal(&a->digest, &b->digest));
	profile_free(a);
	profile_free(b);
}

TEST(what_is_too_long_is_no_profile)
{
	static char text[HANDOFF_CA_MAX + 2];
	struct profile_row row = full_row();

	memset(text, 'x', sizeof(text) - 1);
	row.ca = text;
	assert_null(profile_new(&row));
	row = full_row();
	row.pins_len = 31;
	assert_null(profile_new(&row));
	row.pins_len = (HANDOFF_PINS_MAX + 1) * HANDOFF_PIN;
	assert_null(profile_new(&row));
	text[HANDOFF_HOST_MAX + 1] = '\0';
	row = full_row();
	row.name = text;
	assert_null(profile_new(&row));
}

TEST(pins_are_written_as_people_know_them)
{
	struct profile_row row = full_row();
	struct profile *p = profile_new(&row);
	char pin[PROFILE_PIN_TEXT], pins[4 * PROFILE_PIN_TEXT];

	profile_print_pin(p->tls.pins[0], pin);
	assert_string_equal(pin,
	    "sha256/AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
	profile_print_pins(p, pins, sizeof(pins));
	assert_string_equal(pins,
	    "sha256/AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=, "
	    "sha256///////////////////////////////////////////8=");
	profile_free(p);
}
