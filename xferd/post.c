/*
 * post.c - letters that are due.  See post.h.
 *
 *   idle -- claim (crew) --> letters in hand -- each: address, connect,
 *   courier, result --> end (crew) --> the next one, or idle
 */
#include "xferd/post.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/secret.h"
#include "common/db/db.h"
#include "common/db/seal.h"
#include "xferd/children.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/handoff_mail.h"
#include "xferd/keepparts.h"
#include "xferd/keepsql.h"
#include "xferd/keyring.h"
#include "xferd/letter.h"

enum {
	POLL_MS = 10000,
	PATIENCE_MS = 15000,		/* more than the courier's own deadline: then
					   it is killed */
	NOTE_MS = 60000,		/* for writing down how it ended */
	ADDRESS_KEEP_MS = 60000,
	SUBMISSION_PORT = 587,
	TLS_PORT = 465,
	WHY_MAX = 500,
	ADDRESSES_MAX = 8,		/* of the relay's name */
};

enum state {
	IDLE,
	CLAIMING,			/* a job claims letters */
	RESOLVING,			/* the relay's name is looked up */
	WAITING,			/* for the courier, or for its turn */
	SENDING,			/* the courier has a letter */
	ENDING,				/* a job writes its end */
};

struct post {
	struct keep *keep;
	struct handoff_relay relay;
	struct sock_addr address[ADDRESSES_MAX];	/* of the relay */
	unsigned n_addresses, address_at, n_tried;	/* for this letter */
	bool literal;
	int64_t address_ms;		/* when it was looked up; 0: never */
	enum state state;
	bool again, stopped;
	uv_timer_t poll, turn;
	uv_getaddrinfo_t lookup;
	struct crew_job job;
	struct db_rows *rows;		/* letters in hand */
	size_t at;			/* the one under way */
	uint8_t id[16], owner[16];	/* for the job */
	const char *end;
	char why[WHY_MAX];
	uint64_t cookie;
	int64_t next_ms;		/* not before this: the relay's rate */
};

static void next(struct post *p);

/* ---- the end of one letter ---------------------------------------------- */

static enum err
end_run(struct crew_job *job, struct db *db)
{
	struct post *p = CONTAINER_OF(job, struct post, job);

	return db_exec(db, KEEPSQL(mail_end), DB_PARAMS(db_uuid(p->id),
	    db_uuid(p->owner), db_text(p->end), db_text(p->why)), NULL);
}

static void
end_done(struct crew_job *job)
{
	struct post *p = CONTAINER_OF(job, struct post, job);

	/* Not written: the lease lapses, and it is tried again. */
	if (job->err != OK)
		log_warn("mail.not_noted", "err=%s", err_name(job->err));
	p->at++;
	next(p);
}

static void
end_letter(struct post *p, const char *end, const char *why)
{
	char id[DB_UUID_TEXT_SIZE];

	uv_timer_stop(&p->turn);
	p->state = ENDING;
	p->end = end;
	snprintf(p->why, sizeof(p->why), "%s", why);
	db_uuid_print(p->id, id);
	if (strcmp(end, "sent") == 0) {
		count_add(COUNT_letters_sent, 1);
		log_info("mail.sent", "id=%s template=%s", id,
		    db_get_text(p->rows, p->at, 3));
	} else {
		count_add(COUNT_letters_failed, 1);
		log_warn("mail.not_sent", "id=%s template=%s again=%s why=%s",
		    id, db_get_text(p->rows, p->at, 3),
		    strcmp(end, "queued") == 0 ? "yes" : "no", LOG_Q(why));
	}
	p->job = (struct crew_job){ .run = end_run, .done = end_done,
		.give_up_ms = now_mono_ms() + NOTE_MS };
	crew_submit(p->keep->crew, CREW_QUICK, &p->job);
}

/* ---- giving it to the courier ------------------------------------------- */

/* Fills the letter's text from row p->at. */
static enum err
print_letter(struct post *p, struct buf *out)
{
	static const uint8_t nobody[16];
	uint8_t tenant[16], link[SEAL_SECRET_MAX + 1] = { 0 };
	char id[DB_UUID_TEXT_SIZE];
	struct db_rows *r = p->rows;
	size_t row = p->at, sealed_len, link_len = 0;
	enum err e = OK;

	memcpy(tenant, nobody, 16);
	if (!db_is_null(r, row, 1))
		db_get_uuid(r, row, 1, tenant);
	if (!db_is_null(r, row, 7)) {
		const uint8_t *sealed = db_get_bytes(r, row, 7, &sealed_len);

		e = keyring_open_text(p->keep->keys, tenant, p->id,
		    "mail-link", sealed, sealed_len, link, SEAL_SECRET_MAX,
		    &link_len);
	}
	if (e != OK)
		return e;
	link[link_len] = '\0';
	db_uuid_print(p->id, id);
	e = letter_print(&(struct letter){
		.template = db_get_text(r, row, 3),
		.from = p->relay.from,
		.to = db_get_text(r, row, 2),
		.id = id,
		.at_s = db_get_i64(r, row, 8),
		.tenant = db_get_text(r, row, 4),
		.zone = db_get_text(r, row, 5),
		.text = db_get_text(r, row, 6),
		.link = (const char *)link,
	}, out);
	secret_wipe(link, sizeof(link));
	return e;
}

static enum err
hand_over(struct post *p, struct child *courier, const struct buf *text,
    int fd)
{
	struct handoff_letter letter = { .cookie = ++p->cookie,
		.len = (uint16_t)text->len, .text = text->data };
	uint8_t payload[HANDOFF_MAIL_MAX];
	size_t len;
	enum err e;

	snprintf(letter.to, sizeof(letter.to), "%s",
	    db_get_text(p->rows, p->at, 2));
	e = handoff_letter_encode(&letter, payload, sizeof(payload), &len);
	if (e != OK)
		close(fd);
	else
		e = child_send(courier, HANDOFF_LETTER, payload, len, fd);
	secret_wipe(payload, sizeof(payload));
	return e;
}

static void
on_patience(uv_timer_t *timer)
{
	struct post *p = timer->data;
	struct child *courier = children_courier(p->keep->children);

	if (p->state == WAITING)
		next(p);
	else if (p->state == SENDING && courier != NULL)
		child_kill(courier);	/* post_gone() follows */
}

/* A name may have addresses that cannot be reached from here, as IPv6 where
 * there is none: is there one that was not tried for this letter? */
static bool
another_address(struct post *p)
{
	p->address_at = (p->address_at + 1) % p->n_addresses;
	return ++p->n_tried < p->n_addresses;
}

static void
send_one(struct post *p, struct child *courier)
{
	struct buf text;
	bool pending;
	int fd, error = 0;
	enum err e;

	buf_init(&text, LETTER_MAX);
	buf_room(&text, LETTER_MAX);
	e = print_letter(p, &text);
	if (e != OK) {
		buf_fini(&text);
		end_letter(p, "failed", e == ERR_BAD_KEY ?
		    "its link does not open with this seal key" :
		    "it cannot be written: see its template and address");
		return;
	}
	e = egress_connect_chosen(&p->keep->egress,
	    &p->address[p->address_at], &fd, &pending, &error);
	if (e == OK) {
		e = hand_over(p, courier, &text, fd);
		error = e == OK ? 0 : EPIPE;
	}
	secret_wipe(text.data, text.cap);
	buf_fini(&text);
	if (e != OK) {
		char why[160];

		if (another_address(p)) {
			send_one(p, courier);
			return;
		}
		snprintf(why, sizeof(why), "connecting to the relay: %s",
		    strerror(error));
		p->address_ms = 0;
		end_letter(p, "queued", why);
		return;
	}
	p->state = SENDING;
	p->next_ms = now_mono_ms() + 60000 / p->keep->conf->mail.per_minute;
	uv_timer_start(&p->turn, on_patience,
	    p->relay.timeout_ms + PATIENCE_MS, 0);
}

/* ---- the relay's address ------------------------------------------------- */

static void
on_address(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct post *p = lookup->data;
	struct sock_addr a;

	if (p->state != RESOLVING)
		goto out;
	p->n_addresses = p->address_at = 0;
	for (struct addrinfo *ai = status == 0 ? found : NULL; ai != NULL &&
	    p->n_addresses < ADDRESSES_MAX; ai = ai->ai_next)
		if (sock_addr_from_sa(ai->ai_addr, ai->ai_addrlen, &a) == OK) {
			a.port = p->relay.port;
			p->address[p->n_addresses++] = a;
		}
	if (p->n_addresses > 0) {
		p->address_ms = now_mono_ms();
		next(p);
	} else {
		char why[160];

		snprintf(why, sizeof(why), "looking up the relay: %s",
		    uv_strerror(status));
		end_letter(p, "queued", why);
	}
out:
	uv_freeaddrinfo(found);
}

static bool
has_address(struct post *p)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_ADDRCONFIG };

	if (p->literal || (p->address_ms != 0 &&
	    now_mono_ms() - p->address_ms < ADDRESS_KEEP_MS))
		return true;
	p->state = RESOLVING;
	p->lookup.data = p;
	if (uv_getaddrinfo(p->keep->loop, &p->lookup, on_address,
	    p->relay.host, NULL, &hints) != 0)
		end_letter(p, "queued", "looking up the relay");
	return false;
}

/* ---- one after the other ------------------------------------------------- */

static void
next(struct post *p)
{
	struct child *courier = children_courier(p->keep->children);
	int64_t now = now_mono_ms();
	bool more;

	if (p->rows != NULL && p->at < db_rows_n(p->rows) && !p->stopped) {
		db_get_uuid(p->rows, p->at, 0, p->id);
		if (!has_address(p))
			return;
		p->n_tried = 0;
		if (courier != NULL && now >= p->next_ms) {
			send_one(p, courier);
			return;
		}
		p->state = WAITING;	/* post_ready() or the timer */
		uv_timer_start(&p->turn, on_patience, courier != NULL ?
		    (uint64_t)(p->next_ms - now) : PATIENCE_MS, 0);
		return;
	}
	more = p->again || (p->rows != NULL &&
	    db_rows_n(p->rows) == POST_BATCH);
	db_rows_free(p->rows);
	p->rows = NULL;
	p->state = IDLE;
	if (more)
		post_poke(p);
}

static enum err
claim_run(struct crew_job *job, struct db *db)
{
	struct post *p = CONTAINER_OF(job, struct post, job);
	int64_t each_ms = p->relay.timeout_ms + PATIENCE_MS + NOTE_MS;

	return db_exec(db, KEEPSQL(mail_claim), DB_PARAMS(db_uuid(p->owner),
	    db_i64(POST_BATCH), db_i64(POST_BATCH * each_ms / 1000)),
	    &p->rows);
}

static void
claim_done(struct crew_job *job)
{
	struct post *p = CONTAINER_OF(job, struct post, job);

	if (job->err == OK && db_rows_failed(p->rows))
		job->err = ERR_DB;
	if (job->err != OK) {
		db_rows_free(p->rows);
		p->rows = NULL;
		if (err_class(job->err) == ERR_CLASS_FAIL)
			log_err("mail.not_claimed", "err=%s",
			    err_name(job->err));
	}
	p->at = 0;
	next(p);
}

void
post_poke(struct post *p)
{
	p->again = p->state != IDLE;
	if (p->state != IDLE || p->stopped || !post_wanted(p))
		return;
	p->state = CLAIMING;
	p->job = (struct crew_job){ .run = claim_run, .done = claim_done };
	crew_submit(p->keep->crew, CREW_QUICK, &p->job);
}

static void
on_poll(uv_timer_t *timer)
{
	post_poke(timer->data);
}

/* ---- the courier ----------------------------------------------------------- */

void
post_frame(struct post *p, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct handoff_letter_result r;
	char why[HANDOFF_TEXT_MAX + 1];

	if (kind != HANDOFF_LETTER_RESULT ||
	    handoff_letter_result_decode(payload, len, &r) != OK) {
		child_kill(child);
		return;
	}
	if (p->state != SENDING || r.cookie != p->cookie)
		return;
	snprintf(why, sizeof(why), "%.*s", (int)r.text_len, r.text);
	if (r.end == HANDOFF_LETTER_LATER && r.unreached &&
	    another_address(p)) {
		uv_timer_stop(&p->turn);
		send_one(p, child);
		return;
	}
	end_letter(p, r.end == HANDOFF_LETTER_TAKEN ? "sent" :
	    r.end == HANDOFF_LETTER_REFUSED ? "failed" : "queued", why);
}

void
post_ready(struct post *p, struct child *child)
{
	uint8_t payload[4 * HANDOFF_WORD_MAX + 64];
	int fd = -1;
	size_t len;

	if (p->relay.tls != HANDOFF_RELAY_PLAIN) {
		fd = open(p->keep->conf->mail.ca_file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			log_err("mail.no_authorities", "file=%s",
			    LOG_Q(p->keep->conf->mail.ca_file));
	}
	if (handoff_relay_encode(&p->relay, payload, sizeof(payload),
	    &len) != OK || child_send(child, HANDOFF_RELAY, payload, len,
	    fd) != OK) {
		child_kill(child);
		return;
	}
	secret_wipe(payload, sizeof(payload));
	if (p->state == WAITING)
		next(p);
}

void
post_gone(struct post *p)
{
	if (p->state == SENDING)
		end_letter(p, "queued", "the courier ended");
}

/* ---- beginning and end ------------------------------------------------------ */

static enum err
read_relay(struct post *p, const struct conf *c)
{
	struct fault fault = { .text = "" };
	const char *colon = strrchr(c->mail.relay, ':');
	bool tls = strcmp(c->mail.tls, "tls") == 0;
	struct secret password;
	char text[512];
	enum err e;

	p->relay = (struct handoff_relay){ .timeout_ms = c->mail.timeout_s * 1000,
		.tls = tls ? HANDOFF_RELAY_TLS :
		    strcmp(c->mail.tls, "none") == 0 ? HANDOFF_RELAY_PLAIN :
		    HANDOFF_RELAY_STARTTLS,
		.port = tls ? TLS_PORT : SUBMISSION_PORT };
	snprintf(p->relay.user, sizeof(p->relay.user), "%s", c->mail.user);
	snprintf(p->relay.from, sizeof(p->relay.from), "%s", c->mail.from);
	if (!letter_address_ok(c->mail.from)) {
		log_err("config.wrong", "option=mail.from value=%s",
		    LOG_Q(c->mail.from));
		return ERR_CONFIG;
	}
	if (sock_addr_parse(c->mail.relay, p->relay.port, &p->address[0]) ==
	    OK) {
		char ip[SOCK_TEXT_MAX];

		p->literal = true;
		p->n_addresses = 1;
		p->relay.port = p->address[0].port;
		snprintf(p->relay.host, sizeof(p->relay.host), "%s",
		    sock_ip_print(&p->address[0], ip));
	} else {
		unsigned long port = colon == NULL ? p->relay.port :
		    strtoul(colon + 1, NULL, 10);

		if (port == 0 || port > UINT16_MAX) {
			log_err("config.wrong", "option=mail.relay value=%s",
			    LOG_Q(c->mail.relay));
			return ERR_CONFIG;
		}
		p->relay.port = (uint16_t)port;
		snprintf(p->relay.host, sizeof(p->relay.host), "%.*s",
		    colon == NULL ? (int)sizeof(p->relay.host) - 1 :
		    (int)(colon - c->mail.relay), c->mail.relay);
	}
	if (c->mail.password_file[0] == '\0')
		return OK;
	e = secret_load(c->mail.password_file, &password, &fault);
	if (e == OK && password.len > HANDOFF_WORD_MAX)
		e = ERR_LIMIT;
	if (e != OK) {
		log_err("credential.unusable", "what=mail_password reason=%s",
		    LOG_Q(fault_print(&fault, text, sizeof(text))));
		return ERR_CONFIG;
	}
	memcpy(p->relay.password, password.data, password.len);
	secret_fini(&password);
	return OK;
}

enum err
post_new(struct keep *keep, struct post **out)
{
	struct post *p = calloc(1, sizeof(*p));
	enum err e = OK;

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->keep = keep;
	memcpy(p->owner, keep->owner, 16);
	uv_timer_init(keep->loop, &p->poll);
	uv_timer_init(keep->loop, &p->turn);
	p->poll.data = p->turn.data = p;
	if (keep->conf->mail.relay[0] != '\0')
		e = read_relay(p, keep->conf);
	if (e != OK) {
		free(p);
		return e;
	}
	if (post_wanted(p))
		uv_timer_start(&p->poll, on_poll, POLL_MS, POLL_MS);
	*out = p;
	return OK;
}

bool
post_wanted(const struct post *p)
{
	return p->relay.host[0] != '\0';
}

void
post_stop(struct post *p)
{
	p->stopped = true;
	uv_timer_stop(&p->poll);
}
