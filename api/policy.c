/* policy.c - what a zone's owner wants a new version to be. */
#include "api/policy.h"

#include <stddef.h>
#include <string.h>

#include "api/sql.h"

static const struct body_field fields[] = {
	{ "removed_percent_max", BODY_INT, BODY_NULL, 0, 99,
	  offsetof(struct policy_in, removed_percent_max) },
	{ "removed_names_min", BODY_INT, BODY_OPT, 0, 1000000000,
	  offsetof(struct policy_in, removed_names_min) },
	{ "keep_ns", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct policy_in, keep_ns) },
	{ "keep_dnskey", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct policy_in, keep_dnskey) },
	{ "zonemd", BODY_STR, BODY_OPT, 1, 10,
	  offsetof(struct policy_in, zonemd) },
	{ "dnssec", BODY_STR, BODY_OPT, 1, 10,
	  offsetof(struct policy_in, dnssec) },
	{ "trust_anchors", BODY_LIST, BODY_OPT, 0, POLICY_ANCHORS_MAX,
	  offsetof(struct policy_in, trust_anchors) },
	{ "signature_hours_min", BODY_INT, BODY_OPT, 0, 8760,
	  offsetof(struct policy_in, signature_hours_min) },
	{ "held_expire", BODY_STR, BODY_OPT, 1, 10,
	  offsetof(struct policy_in, held_expire) },
};

/* @words: "off|verify|require" */
static void
check_word(struct req *r, const struct body_str *in, const char *pointer,
    const char *key, const char *words)
{
	char sub[FAULT_POINTER_MAX];
	const char *w = words;

	while (in->set && w != NULL) {
		size_t len = strcspn(w, "|");

		if (len == in->len && memcmp(w, in->s, len) == 0)
			return;
		w = w[len] == '|' ? w + len + 1 : NULL;
	}
	if (!in->set)
		return;
	body_pointer(sub, sizeof(sub), pointer, key);
	body_fault_add(&r->faults, sub, "value", "must be one of %s", words);
}

/* Tag, algorithm, digest type, digest in hexadecimal.		RFC 4034 5.3 */
static bool
is_anchor(const char *s)
{
	static const unsigned max[3] = { 65535, 255, 255 };
	size_t digits = 0;

	for (int i = 0; i < 3; i++) {
		unsigned n = 0;
		size_t len = strspn(s, "0123456789");

		if (len == 0 || len > 5 || s[len] != ' ')
			return false;
		for (size_t k = 0; k < len; k++)
			n = n * 10 + (unsigned)(s[k] - '0');
		if (n > max[i])
			return false;
		s += len + strspn(s + len, " ");
	}
	for (; *s != '\0'; s++) {
		if (strchr("0123456789abcdefABCDEF", *s) != NULL)
			digits++;
		else if (*s != ' ')
			return false;
	}
	return digits >= 40 && digits <= 128 && digits % 2 == 0;
}

static void
check_anchors(struct req *r, const struct body_list *in, const char *pointer)
{
	char list[FAULT_POINTER_MAX], sub[FAULT_POINTER_MAX];

	body_pointer(list, sizeof(list), pointer, "trust_anchors");
	for (size_t i = 0; in->set && i < in->n; i++) {
		const char *s = body_string(body_at(in->node, i));

		if (s != NULL && strlen(s) <= POLICY_ANCHOR_MAX &&
		    is_anchor(s))
			continue;
		body_pointer_at(sub, sizeof(sub), list, i);
		body_fault_add(&r->faults, sub, "value", "must be a DS record "
		    "without owner: key tag, algorithm, digest type, digest "
		    "in hexadecimal");
	}
}

void
policy_read(struct req *r, const struct body_node *node, const char *pointer,
    struct policy_in *out)
{
	*out = (struct policy_in){ 0 };
	body_read(node, pointer, fields, COUNT_OF(fields), out, &r->faults);
	check_word(r, &out->zonemd, pointer, "zonemd", "off|verify|require");
	check_word(r, &out->dnssec, pointer, "dnssec", "off|verify|require");
	check_word(r, &out->held_expire, pointer, "held_expire",
	    "renew|count");
	check_anchors(r, &out->trust_anchors, pointer);
}

static struct db_param
text_or_null(const struct body_str *s)
{
	return db_if(s->set, db_textn(s->s, s->len));
}

static struct db_param
int_or_null(const struct body_int *n)
{
	return db_if(n->set && !n->null, db_i64(n->v));
}

static struct db_param
bool_or_null(const struct body_bool *b)
{
	return db_if(b->set, db_bool(b->v));
}

enum err
policy_store(struct db *db, struct req *r, const struct lookup_zone *z,
    const struct policy_in *in)
{
	struct db_array anchors;
	enum err e;

	db_array_init(&anchors, DB_ARRAY_TEXT, 1 << 16);
	for (size_t i = 0; in->trust_anchors.set && i < in->trust_anchors.n;
	    i++) {
		const char *s = body_string(body_at(in->trust_anchors.node,
		    i));

		db_array_add(&anchors, s, strlen(s));
	}
	e = db_exec(db, SQL_STMT(policy_row), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(z->id)), NULL);
	if (e == OK)
		e = db_exec(db, SQL_STMT(policy_set), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z->id),
		    db_bool(in->removed_percent_max.set),
		    int_or_null(&in->removed_percent_max),
		    int_or_null(&in->removed_names_min),
		    bool_or_null(&in->keep_ns), bool_or_null(&in->keep_dnskey),
		    text_or_null(&in->zonemd), text_or_null(&in->dnssec),
		    db_if(in->trust_anchors.set, db_array_param(&anchors)),
		    int_or_null(&in->signature_hours_min),
		    text_or_null(&in->held_expire)), NULL);
	db_array_fini(&anchors);
	return e;
}
