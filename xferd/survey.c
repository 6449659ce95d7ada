/*
 * survey.c - see survey.h.
 */
#include "xferd/survey.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"

/*
 * The root servers' addresses, from the hints that IANA publishes
 * (www.internic.net/domain/named.root): IPv4 of a to m, then two by IPv6 for a
 * host that has nothing else.
 */
static const char *const ROOTS[] = {
	"198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13",
	"192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53",
	"192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42",
	"202.12.27.33", "2001:503:ba3e::2:30", "2001:7fd::1",
};
static_assert((int)COUNT_OF(ROOTS) <= (int)WALK_ROOTS_MAX, "they fit");

enum { PORT = 53 };

static_assert((int)SURVEYS_MAX * (int)WALK_SLOTS + (int)LOOKUPS_VISITS_MAX <=
    (int)LOOKUPS_MAX, "no question of a walk is refused");

struct asked {
	struct survey *survey;		/* NULL: free */
	unsigned slot;
	struct lookups_query *query;
};

struct survey {
	struct surveys *all;
	struct walk_conf conf;
	struct walk *walk;
	uint8_t tenant[16];
	survey_ours_fn ours;
	survey_fn fn;
	void *arg;
	struct asked asked[WALK_SLOTS];
	uv_timer_t *later;		/* the first turn, from the loop */
};

struct surveys {
	uv_loop_t *loop;
	struct lookups *lookups;
	struct walk_conf conf;
	struct walk_cache *cache;
	uint32_t timeout_ms;
	uint8_t tries;
	unsigned n;
};

static void turn(struct survey *s);

static bool
is_ours(void *arg, const struct walk_host *host)
{
	const struct survey *s = arg;

	return s->ours != NULL && s->ours(s->arg, host);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void
forget(struct survey *s)
{
	for (unsigned i = 0; i < WALK_SLOTS; i++)
		if (s->asked[i].survey != NULL)
			lookups_cancel(s->all->lookups, s->asked[i].query);
	if (s->later != NULL)
		uv_close((uv_handle_t *)s->later, on_closed);
	s->all->n--;
	walk_free(s->walk);
	free(s);
}

void
survey_cancel(struct survey *s)
{
	if (s != NULL)
		forget(s);
}

static void
on_answer(void *arg, const struct lookups_answer *a)
{
	struct asked *asked = arg;
	struct survey *s = asked->survey;
	struct walk_answer w = { .reason = a->reason, .rcode = a->facts.rcode,
		.aa = a->aa, .cut = a->cut, .ms = a->ms,
		.forbidden = a->egress != EGRESS_ALLOWED,
		.n_records = a->n_records, .records = a->records };

	asked->survey = NULL;
	walk_take(s->walk, asked->slot, &w, now_mono_ms());
	turn(s);
}

/* What cannot be asked is not answered. */
static void
ask(struct survey *s, const struct walk_question *q)
{
	struct lookups_question l = { .to = q->to,
		.purpose = q->recurse ? LOOKUPS_OPERATOR : LOOKUPS_WALK,
		.transport = HANDOFF_UDP, .name_len = q->name_len,
		.type = q->type, .edns = true, .recurse = q->recurse,
		.mixed = true, .then_tcp = true,
		.timeout_ms = s->all->timeout_ms, .tries = s->all->tries };
	struct walk_answer none = { .reason = HANDOFF_INTERNAL };
	struct asked *asked = s->asked;

	memcpy(l.name, q->name, q->name_len);
	memcpy(l.tenant, s->tenant, 16);
	while (asked->survey != NULL) {
		asked++;
		CHECK(asked < s->asked + WALK_SLOTS);
	}
	asked->slot = q->slot;
	if (lookups_ask(s->all->lookups, &l, on_answer, asked,
	    &asked->query) == OK)
		asked->survey = s;
	else
		walk_take(s->walk, q->slot, &none, now_mono_ms());
}

static void
turn(struct survey *s)
{
	struct walk_question q;

	while (walk_next(s->walk, now_mono_ms(), &q))
		ask(s, &q);
	if (!walk_done(s->walk))
		return;
	s->fn(s->arg, walk_result(s->walk));
	forget(s);
}

static void
on_later(uv_timer_t *timer)
{
	struct survey *s = timer->data;

	s->later = NULL;
	uv_close((uv_handle_t *)timer, on_closed);
	turn(s);
}

enum err
survey_begin(struct surveys *all, const uint8_t tenant[16],
    const uint8_t *name, unsigned want, survey_ours_fn ours, survey_fn fn,
    void *arg, struct survey **out)
{
	struct survey *s;
	enum err e;

	if (all->n >= SURVEYS_MAX)
		return ERR_LIMIT;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->later = malloc(sizeof(*s->later));
	s->conf = all->conf;
	s->conf.ours = is_ours;
	s->conf.arg = s;
	e = s->later == NULL ? ERR_NO_MEMORY : walk_new(&s->conf, all->cache,
	    name, want, (uint32_t)now_mono_ns(), &s->walk);
	if (e != OK) {
		free(s->later);
		free(s);
		return e;
	}
	s->all = all;
	memcpy(s->tenant, tenant, 16);
	s->ours = ours;
	s->fn = fn;
	s->arg = arg;
	all->n++;
	uv_timer_init(all->loop, s->later);
	s->later->data = s;
	uv_timer_start(s->later, on_later, 0, 0);
	*out = s;
	return OK;
}

unsigned
surveys_room(const struct surveys *all)
{
	return SURVEYS_MAX - all->n;
}

static enum err
read_address(const char *option, const char *text, struct sock_addr *out)
{
	enum err e = sock_addr_parse(text, PORT, out);

	if (e != OK)
		log_err("config.wrong", "option=transfer.%s value=%s", option,
		    LOG_Q(text));
	return e == OK ? OK : ERR_CONFIG;
}

static enum err
read_conf(const struct conf *conf, struct walk_conf *out)
{
	size_t n = conf->transfer.root_hints.n;
	enum err e = OK;

	out->port = PORT;
	for (size_t i = 0; e == OK && i < (n == 0 ? COUNT_OF(ROOTS) : n) &&
	    i < WALK_ROOTS_MAX; i++)
		e = read_address("root_hints", n == 0 ? ROOTS[i] :
		    conf->transfer.root_hints.items[i],
		    &out->roots[out->n_roots++]);
	/* A private tree on another port: all of it. */
	if (e == OK && n > 0)
		out->port = out->roots[0].port;
	if (e == OK && conf->transfer.resolver[0] != '\0')
		e = read_address("resolver", conf->transfer.resolver,
		    &out->resolver);
	return e;
}

enum err
surveys_new(uv_loop_t *loop, const struct conf *conf, struct lookups *lookups,
    struct surveys **out)
{
	struct surveys *all = calloc(1, sizeof(*all));
	enum err e;

	if (all == NULL)
		return ERR_NO_MEMORY;
	all->loop = loop;
	all->lookups = lookups;
	all->timeout_ms = conf->transfer.lookup_timeout_ms;
	all->tries = (uint8_t)conf->transfer.lookup_tries;
	e = read_conf(conf, &all->conf);
	if (e == OK)
		e = walk_cache_new(&all->cache);
	if (e != OK) {
		free(all);
		return e;
	}
	*out = all;
	return OK;
}
