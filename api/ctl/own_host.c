/*
 * own_host.c - this machine and its settings.  See own_host.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "api/ctl/own_host.h"
#include "api/ctl/tell.h"
#include "common/base/conf.h"
#include "common/base/secret.h"

enum { TTL_DEFAULT_S = 3600 };

/* ---- apid of the same installation ---- */

/* Beside us (the build), or in sbin beside our bin (installed). */
static bool
find_apid(char *out, size_t size)
{
	static const char *const places[] = {
		"/apid", "/../sbin/apid", "/../libexec/understudy/apid",
	};
	char self[SETTINGS_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if ((size_t)snprintf(out, size, "%s%s", self, places[i]) <
		    size && access(out, X_OK) == 0)
			return true;
	return false;
}

enum outcome
own_host_apid(const struct cmdline *line)
{
	const char *config = cmdline_get(line, "config");
	const char *purpose = cmdline_get(line, "purpose");
	char path[SETTINGS_PATH_MAX + 64], option[400], what[40];
	char *argv[7] = { path };
	size_t n = 1;

	if (!find_apid(path, sizeof(path))) {
		tell_error("apid is not installed beside understudyctl: this "
		    "command is for the server itself");
		return OUTCOME_ERROR;
	}
	if (config != NULL) {
		argv[n++] = (char *)(uintptr_t)"--config";
		argv[n++] = (char *)(uintptr_t)config;
	}
	if (line->command->id == COMMAND_BOOTSTRAP_TOKEN)
		snprintf(option, sizeof(option), "--bootstrap-operator");
	else
		snprintf(option, sizeof(option), "--%s=%.300s",
		    line->command->id == COMMAND_LINK ? "one-time-link" :
		    "bootstrap-staff", line->arg[0]);
	argv[n] = option;
	if (line->command->id == COMMAND_LINK && purpose != NULL) {
		snprintf(what, sizeof(what), "--purpose=%s", purpose);
		argv[++n] = what;
	}
	if (cmdline_has(line, "dry-run")) {
		for (size_t i = 0; i <= n; i++)
			printf("%s%c", argv[i], i < n ? ' ' : '\n');
		return OUTCOME_OK;
	}
	execv(path, argv);
	tell_error("%s cannot be run: %s", path, strerror(errno));
	return OUTCOME_ERROR;
}

/* ---- login, whoami, config ---- */

static bool
ask(const char *question, bool hidden, char *out, size_t size)
{
	bool terminal = isatty(STDIN_FILENO) != 0;
	struct termios old, quiet;
	bool good;

	if (terminal) {
		fprintf(stderr, "%s: ", question);
		if (hidden && tcgetattr(STDIN_FILENO, &old) == 0) {
			quiet = old;
			quiet.c_lflag &= ~(tcflag_t)ECHO;
			(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		} else {
			hidden = false;
		}
	}
	good = fgets(out, (int)size, stdin) != NULL;
	if (terminal && hidden) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	if (good)
		out[strcspn(out, "\r\n")] = '\0';
	return good && out[0] != '\0';
}

/* A client with what was just said, instead of that of the settings. */
static enum outcome
reopen(struct errand *e)
{
	struct fault fault = { .text = "" };
	enum err err;

	client_close(e->client);
	e->client = NULL;
	e->conf.url = e->settings->url;
	e->conf.token = e->settings->token;
	err = client_open(&e->conf, &e->client, &fault);
	return err == OK ? OUTCOME_OK : report_failed(err, &fault);
}

static enum outcome
store(struct errand *e)
{
	struct fault fault = { .text = "" };
	enum err err = settings_store(e->settings, &fault);

	if (err != OK)
		return report_failed(err, &fault);
	tell_note("stored in %s", e->settings->path);
	return OUTCOME_OK;
}

enum outcome
own_host_login(struct errand *e)
{
	struct settings *s = e->settings;
	struct fault fault = { .text = "" };
	char token[SETTINGS_TOKEN_MAX] = "";
	enum outcome o;
	enum err err = OK;

	if (!cmdline_has(e->line, "token-file")) {
		if (!ask("token", true, token, sizeof(token))) {
			tell_error("no token: nothing is stored");
			return OUTCOME_USAGE;
		}
		err = settings_set_token(s, token, "standard input", &fault);
		secret_wipe(token, sizeof(token));
	}
	if (err != OK)
		return report_failed(err, &fault);
	o = reopen(e);
	if (o == OUTCOME_OK)
		o = own_host_whoami(e);
	if (o != OUTCOME_OK)
		return o;
	if (e->dry_run) {
		tell_note("would be stored in %s", s->path);
		return OUTCOME_OK;
	}
	return store(e);
}

enum outcome
own_host_whoami(struct errand *e)
{
	struct jdoc *doc = NULL;
	enum outcome o = errand_get(e, "/v1/me", 0, &doc);

	if (o == OUTCOME_OK)
		view_doc(&e->view, doc);
	jdoc_free(doc);
	return o;
}

enum outcome
own_host_config(struct errand *e)
{
	const struct settings *s = e->settings;
	struct jdoc *d = jdoc_object();
	bool good = d != NULL &&
	    jdoc_put_text(d, "settings", s->path) &&
	    jdoc_put_text(d, "url", s->url) &&
	    jdoc_put_text(d, "url_from", s->url_from) &&
	    jdoc_put_text(d, "token", s->token[0] == '\0' ? "none" :
	    strncmp(s->token, "us_o_", 5) == 0 ? "an operator's" :
	    strncmp(s->token, "us_t_", 5) == 0 ? "a tenant's" : "there is one") &&
	    jdoc_put_text(d, "token_from", s->token_from) &&
	    jdoc_put_text(d, "cacert", s->cacert) &&
	    jdoc_put_text(d, "cacert_from", s->cacert_from);

	if (good)
		view_doc(&e->view, d);
	jdoc_free(d);
	return good ? OUTCOME_OK : report_out_of_memory();
}

/* ---- name servers as lines of a zone ---- */

/* A host name that may stand in a zone file as it is. */
static bool
is_host(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 254 && name[0] != '-' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-._") == len;
}

static void
put_record(const char *host, int64_t ttl, const struct sock_addr *a)
{
	char ip[SOCK_TEXT_MAX];

	printf("%s. %" PRId64 " IN %s %s\n", host, ttl,
	    a->family == 4 ? "A" : "AAAA", sock_ip_print(a, ip));
}

static enum outcome
from_conf(const char *path, int64_t ttl)
{
	struct fault fault = { .text = "" };
	struct conf *c = NULL;
	enum err err = conf_load(path, NULL, 0, &c, &fault);

	if (err != OK)
		return report_failed(ERR_INVALID, &fault);
	for (size_t i = 0; i < c->n_nameservers; i++)
		for (size_t k = 0; k < c->nameserver[i].n_addresses; k++)
			put_record(c->nameserver[i].host, ttl,
			    &c->nameserver[i].addresses[k]);
	if (c->n_nameservers == 0)
		tell_note("%s lists no nameserver", path);
	conf_free(c);
	return OUTCOME_OK;
}

static enum outcome
from_api(struct errand *e, int64_t ttl)
{
	bool operator = e->conf.token != NULL && e->tenant[0] == '\0' &&
	    strncmp(e->conf.token, "us_o_", 5) == 0;
	struct jdoc *doc = NULL;
	enum outcome o = errand_get(e, operator ? "/v1/operator/nameservers" :
	    e->line->command->path, 0, &doc);
	const struct jdoc *list = jdoc_at(doc, operator ? "items" :
	    "nameservers");

	/* What is wrong is left out; the others are printed all the same. */
	for (size_t i = 0; i < jdoc_count(list); i++) {
		const struct jdoc *ns = jdoc_item(list, i);
		const struct jdoc *ips = jdoc_at(ns, "addresses");
		const char *host = jdoc_text(ns, "name");

		for (size_t k = 0; k < jdoc_count(ips); k++) {
			const char *ip = jdoc_text(jdoc_item(ips, k), "");
			struct sock_addr a;

			if (host == NULL || !is_host(host) || ip == NULL ||
			    sock_ip_parse(ip, &a) != OK) {
				tell_error("the server's list has what is "
				    "no host name or address: left out");
				o = OUTCOME_ERROR;
				continue;
			}
			put_record(host, ttl, &a);
		}
	}
	jdoc_free(doc);
	return o;
}

enum outcome
own_host_nameservers(struct errand *e)
{
	const char *from = cmdline_get(e->line, "from");
	struct fault fault = { .text = "" };
	int64_t ttl = TTL_DEFAULT_S;
	enum err err = cmdline_number(e->line, "ttl", 0, INT32_MAX, &ttl,
	    &fault);

	if (err != OK)
		return report_failed(err, &fault);
	return from != NULL ? from_conf(from, ttl) : from_api(e, ttl);
}

/* ---- raw ---- */

static bool
is_path(const char *p)
{
	if (p[0] != '/')
		return false;
	for (; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e || *p == '#')
			return false;
	return true;
}

static enum outcome
send_raw(struct errand *e, const char *method, const char *path,
    const char *body)
{
	struct client_request q = { .method = method, .path = path,
		.body = body, .reason = e->reason };
	struct client_reply r;
	struct fault fault = { .text = "" };
	enum outcome o;
	enum err err;

	if (e->dry_run && strcmp(method, "GET") != 0) {
		printf("%s %s%s\n%s%s", method, e->conf.url, path,
		    body != NULL ? body : "", body != NULL ? "\n" : "");
		return OUTCOME_OK;
	}
	err = client_send(e->client, &q, &r, &fault);
	if (err != OK) {
		o = report_failed(err, &fault);
	} else {
		const char *text = (const char *)r.body.data;

		if (isatty(STDOUT_FILENO) != 0)
			view_put_safe(text, r.body.len);
		else
			view_put(text, r.body.len);
		if (r.body.len > 0 && text[r.body.len - 1] != '\n')
			view_put("\n", 1);
		o = outcome_of_status(r.status);
		if (o != OUTCOME_OK)
			tell_error("status %ld", r.status);
	}
	client_reply_fini(&r);
	return o;
}

enum outcome
own_host_raw(struct errand *e)
{
	static const char *const methods = "GET|HEAD|POST|PATCH|PUT|DELETE";
	const struct cmdline *line = e->line;
	struct fault fault = { .text = "" };
	struct buf path, body;
	const char *text = line->n_args > 2 ? line->arg[2] : NULL;
	enum outcome o = OUTCOME_USAGE;
	enum err err = OK;

	buf_init(&path, ERRAND_PATH_MAX);
	buf_init(&body, ERRAND_BODY_MAX);
	if (!command_choice(methods, line->arg[0])) {
		tell_error("METHOD is one of %s", methods);
		goto out;
	}
	if (!is_path(line->arg[1])) {
		tell_error("PATH begins with / and has what is not printable "
		    "as %%XX");
		goto out;
	}
	errand_rewrite(e, line->arg[1], &path);
	if (text != NULL && strcmp(text, "-") == 0) {
		err = settings_read_file("-", false, &body, &fault);
		text = buf_cstr(&body);
	}
	o = err == OK ? send_raw(e, line->arg[0], buf_cstr(&path), text) :
	    report_failed(ERR_INVALID, &fault);
out:
	buf_fini(&path);
	buf_fini(&body);
	return o;
}
