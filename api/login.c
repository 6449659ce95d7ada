/*
 * login.c - signing in.  See login.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/login.h"
#include "api/repo.h"
#include "api/sql.h"
#include "common/base/now.h"
#include "common/base/sock.h"

enum { AGENT_MAX = 200, CODE_CHARS = 10 };

bool
login_site(struct req *r)
{
	const char *site = req_header(r, REQ_HEADER_FETCH_SITE);

	/* Programs send none; "none" would be an address typed by hand. */
	if (site == NULL || strcmp(site, "same-origin") == 0)
		return true;
	(void)req_problem(r, PROBLEM_NOT_ALLOWED,
	    "people sign in from our own pages only");
	return false;
}

bool
login_fresh(struct req *r)
{
	if (now_wall_ms() - r->who.proven_ms < LOGIN_FRESH_MS)
		return true;
	(void)req_problem(r, PROBLEM_NOT_FRESH, "POST your password or a "
	    "code to /v1/sessions/current/authenticate; it is good for ten "
	    "minutes");
	return false;
}

/* ---- limits ---- */

/* A client: an IPv4 address, or the /64 of an IPv6 one. */
static void
print_client(const struct req *r, char out[48])
{
	struct sock_addr a;

	snprintf(out, 48, "%s", r->peer);
	if (strchr(r->peer, ':') == NULL || sock_ip_parse(r->peer, &a) != OK)
		return;
	for (size_t i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02x", a.ip[i]);
}

static enum err
refuse_for(struct req *r, int64_t wait_s)
{
	enum err e = req_problem(r, PROBLEM_TOO_MANY,
	    "too many tries; come again in %" PRId64 " seconds", wait_s);

	reply_header(&r->reply, "Retry-After", "%" PRId64, wait_s);
	return e;
}

struct limit_keys {
	uint8_t pair[AUTH_HASH_BYTES], known[AUTH_HASH_BYTES];
	uint8_t account[AUTH_HASH_BYTES], client[AUTH_HASH_BYTES];
};

static void
make_keys(const struct req *r, const char *email, struct limit_keys *k)
{
	const struct auth_pepper *pepper = &r->app->pepper;
	char client[48];

	print_client(r, client);
	auth_words_hash(pepper, (const char *const[]){ "login pair", email,
	    client, NULL }, k->pair);
	auth_words_hash(pepper, (const char *const[]){ "login known", email,
	    client, NULL }, k->known);
	auth_words_hash(pepper, (const char *const[]){ "login account",
	    email, NULL }, k->account);
	auth_words_hash(pepper, (const char *const[]){ "login client",
	    client, NULL }, k->client);
}

enum err
login_take(struct db *db, struct req *r, const char *email)
{
	struct db_rows *rows = NULL;
	struct limit_keys k;
	int64_t wait_s;
	enum err e;

	make_keys(r, email, &k);
	e = db_exec(db, SQL_STMT(login_take), DB_PARAMS(
	    db_bytes(k.pair, sizeof(k.pair)),
	    db_bytes(k.known, sizeof(k.known)),
	    db_bytes(k.account, sizeof(k.account)),
	    db_bytes(k.client, sizeof(k.client))), &rows);
	if (e != OK)
		return e;
	wait_s = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	return wait_s > 0 ? refuse_for(r, wait_s) : OK;
}

/* It got in: what it tried is forgiven. */
static enum err
forgive(struct db *db, struct req *r, const char *email)
{
	struct limit_keys k;

	make_keys(r, email, &k);
	return db_exec(db, SQL_STMT(login_done), DB_PARAMS(
	    db_bytes(k.pair, sizeof(k.pair)),
	    db_bytes(k.known, sizeof(k.known))), NULL);
}

enum err
login_rate(struct db *db, struct req *r, const char *what,
    const char *subject, int64_t burst, int64_t pause_s, bool *out_taken)
{
	struct db_rows *rows = NULL;
	uint8_t key[AUTH_HASH_BYTES];
	char client[48];
	int64_t wait_s;
	enum err e;

	print_client(r, client);
	auth_words_hash(&r->app->pepper, (const char *const[]){ what,
	    subject != NULL ? "subject" : "client",
	    subject != NULL ? subject : client, NULL }, key);
	e = db_exec(db, SQL_STMT(rate_take), DB_PARAMS(
	    db_bytes(key, sizeof(key)), db_i64(burst), db_i64(pause_s)),
	    &rows);
	if (e != OK)
		return e;
	wait_s = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	*out_taken = wait_s == 0;
	/* About an address nothing is said: whether somebody asked for it
	 * before is nobody's business. */
	return wait_s > 0 && subject == NULL ? refuse_for(r, wait_s) : OK;
}

/* ---- the second factor ---- */

/* A recovery code as it is hashed: small letters and digits alone. */
static void
hash_recovery(const struct req *r, const uint8_t user_id[16],
    const char *code, uint8_t out[AUTH_HASH_BYTES])
{
	char id[DB_UUID_TEXT_SIZE], text[CODE_CHARS + 2];
	size_t n = 0;

	for (; *code != '\0' && n < sizeof(text) - 1; code++) {
		if (*code >= 'A' && *code <= 'Z')
			text[n++] = (char)(*code - 'A' + 'a');
		else if (*code != '-' && *code != ' ')
			text[n++] = *code;
	}
	text[n] = '\0';
	db_uuid_print(user_id, id);
	auth_words_hash(&r->app->pepper, (const char *const[]){
	    "recovery code", id, text, NULL }, out);
	auth_wipe(text, sizeof(text));
}

static enum err
use_up(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n)
{
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, stmt, params, n, &rows);

	if (e == OK && !db_get_bool(rows, 0, 0))
		e = ERR_MISMATCH;
	db_rows_free(rows);
	return e;
}

enum err
login_second(struct db *db, struct req *r, const struct person *p,
    const char *code, const char *recovery)
{
	uint8_t secret[TOTP_SECRET_LEN], hash[AUTH_HASH_BYTES];
	int64_t step = 0;
	enum err e;

	if (!p->has_totp)
		return OK;
	if (code == NULL && recovery == NULL)
		return ERR_NOT_FOUND;
	if (code == NULL) {
		hash_recovery(r, p->id, recovery, hash);
		return use_up(db, SQL_STMT(recovery_use), DB_PARAMS(
		    db_uuid(p->id), db_bytes(hash, sizeof(hash))));
	}
	e = vault_unseal(&r->app->vault, p->id, p->sealed, p->sealed_len,
	    secret, sizeof(secret));
	if (e != OK)
		return e;
	/* That it was not used before is decided by the row. */
	e = totp_match(secret, code, now_wall_ms() / 1000, 0, &step);
	auth_wipe(secret, sizeof(secret));
	if (e != OK)
		return e;
	return use_up(db, SQL_STMT(totp_use), DB_PARAMS(db_uuid(p->id),
	    db_i64(step), db_bool(false)));
}

enum err
login_codes(struct db *db, struct req *r, const uint8_t user_id[16],
    struct jw *w)
{
	/* Without 0, 1, i, l, o: people copy them by hand. */
	static const char digits[] = "abcdefghjkmnpqrstuvwxyz23456789";
	uint8_t hash[AUTH_HASH_BYTES], byte;
	char code[LOGIN_CODE_BYTES];
	struct db_array hashes;
	enum err e;

	db_array_init(&hashes, DB_ARRAY_BYTES, 4096);
	jw_begin_list(w, "recovery_codes");
	for (int i = 0; i < LOGIN_CODES; i++) {
		for (size_t k = 0; k < sizeof(code) - 1; k++) {
			if (k == CODE_CHARS / 2) {
				code[k] = '-';
				continue;
			}
			do {
				auth_random(&byte, 1);
				byte &= 31;
			} while (byte >= sizeof(digits) - 1);
			code[k] = digits[byte];
		}
		code[sizeof(code) - 1] = '\0';
		hash_recovery(r, user_id, code, hash);
		db_array_add(&hashes, hash, sizeof(hash));
		jw_str(w, NULL, code);
	}
	jw_end_list(w);
	auth_wipe(code, sizeof(code));
	e = db_exec(db, SQL_STMT(recovery_replace), DB_PARAMS(
	    db_uuid(user_id), db_array_param(&hashes)), NULL);
	db_array_fini(&hashes);
	return e;
}

/* ---- in and out ---- */

enum err
login_refuse(struct db *db, struct req *r, const struct person *known)
{
	enum err e = OK;

	if (known != NULL)
		e = repo_audit(db, r, "login.failed", known->email);
	if (e != OK)
		return e;
	return req_problem(r, PROBLEM_LOGIN_FAILED, "check the address, the "
	    "password and the code; who forgot the password can have a link "
	    "to set another one");
}

enum err
login_session(struct db *db, struct req *r, const struct person *p,
    const char *how)
{
	const struct conf *c = r->app->conf;
	uint8_t hash[AUTH_HASH_BYTES], old[AUTH_HASH_BYTES];
	const char *agent = req_header(r, REQ_HEADER_USER_AGENT);
	char text[AUTH_TOKEN_BYTES], shown[AGENT_MAX + 1] = "";
	struct db_rows *rows = NULL;
	enum err e;

	for (size_t i = 0; agent != NULL && agent[i] != '\0' &&
	    i < AGENT_MAX; i++)
		shown[i] = agent[i] >= 0x20 && agent[i] < 0x7f ? agent[i] : '?';
	auth_text_make(AUTH_TEXT_SESSION, text);
	auth_token_hash(&r->app->pepper, text, hash);
	if (r->session[0] != '\0')
		auth_token_hash(&r->app->pepper, r->session, old);
	e = db_exec(db, SQL_STMT(session_start), DB_PARAMS(
	    db_bytes(hash, sizeof(hash)), db_uuid(p->id),
	    db_i64(c->api.session_max_s),
	    db_text(r->peer[0] != '\0' ? r->peer : NULL),
	    db_text(shown[0] != '\0' ? shown : NULL),
	    db_if(r->session[0] != '\0', db_bytes(old, sizeof(old)))), &rows);
	db_rows_free(rows);
	if (e == OK)
		e = forgive(db, r, p->email);
	/* As the next request will see it: the role, the tenant. */
	rows = NULL;
	if (e == OK)
		e = db_exec(db, SQL_STMT(session_find), DB_PARAMS(
		    db_bytes(hash, sizeof(hash)),
		    db_i64(c->api.session_idle_s), db_uuid(NULL)), &rows);
	if (e == OK)
		e = db_rows_n(rows) != 1 ? ERR_DENIED :
		    repo_person(rows, &r->who);
	db_rows_free(rows);
	if (e == OK)
		e = repo_audit(db, r, "login.done", how);
	if (e == OK)
		e = person_reply(db, r, 201);
	if (e == OK)
		reply_header(&r->reply, "Set-Cookie", AUTH_COOKIE "=%s; "
		    "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%u",
		    text, c->api.session_max_s);
	auth_wipe(text, sizeof(text));
	return e;
}

void
login_cookie_end(struct req *r)
{
	reply_header(&r->reply, "Set-Cookie", AUTH_COOKIE "=; Path=/; Secure; "
	    "HttpOnly; SameSite=Strict; Max-Age=0");
}
