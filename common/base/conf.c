/*
 * conf.c - one options table between libconfuse and struct conf.
 *
 * libconfuse does syntax, unknown names and line numbers; the table does
 * ranges. Both report through one struct fault.
 */
#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conf.h"


enum type { TYPE_U32, TYPE_BOOL, TYPE_STR, TYPE_ENUM, TYPE_LIST };

struct row {
	const char	*section;
	const char	*name;
	enum type	type;
	size_t		offset;
	long		def_num;
	const char	*def_text;
	uint32_t	min;
	uint32_t	max;
	const char	*unit;
	bool		live;
	const char	*meaning;
};

#define DEF_U32(d)	.def_num = (d), .def_text = ""
#define DEF_BOOL(d)	.def_num = (d), .def_text = ""
#define DEF_STR(d)	.def_text = (d)
#define DEF_ENUM(d)	.def_text = (d)
#define DEF_LIST(d)	.def_text = (d)
#define YES		true
#define NO		false

static const struct row rows[] = {
#define CONF_SECTION(s, text)
#define CONF(s, f, t, d, lo, hi, u, l, m) { \
	.section = #s, .name = #f, .type = TYPE_##t, \
	.offset = offsetof(struct conf, s.f), DEF_##t(d), \
	.min = (lo), .max = (hi), .unit = (u), .live = (l), .meaning = (m) },
#define CONF_END(s)
#include "common/base/conf.def"
#undef CONF_SECTION
#undef CONF
#undef CONF_END
};

static const struct {
	const char *name;
	const char *text;
} sections[] = {
#define CONF_SECTION(s, text) { #s, text },
#define CONF(...)
#define CONF_END(s)
#include "common/base/conf.def"
#undef CONF_SECTION
#undef CONF
#undef CONF_END
};

/* libconfuse's callbacks carry no argument; conf_load() is not thread-safe. */
static struct fault *parse_fault;
static const char *parse_path;

static const struct row *
find_row(const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		if (strcmp(rows[i].section, section) == 0 &&
		    strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static void *
field(const struct conf *c, const struct row *r)
{
	return (char *)(uintptr_t)c + r->offset;
}

/* ---- checks of one value: NULL, or what is wrong --------------------------- */

static bool
is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	while (*choices != '\0') {
		size_t n = strcspn(choices, "|");

		if (n == len && memcmp(choices, text, n) == 0)
			return true;
		choices += n + (choices[n] == '|');
	}
	return false;
}

/* Options whose names say what they hold are checked as such. */
static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static bool
check_text(const struct row *r, const char *text, char *out, size_t size)
{
	struct sock_addr a;
	struct sock_prefix p;

	if (r->type == TYPE_ENUM && !is_choice(r->unit, text)) {
		snprintf(out, size, "'%.64s' is not one of %s", text, r->unit);
		return false;
	}
	if (r->type == TYPE_STR &&
	    (strlen(text) > r->max || strlen(text) < r->min)) {
		snprintf(out, size, "has %zu bytes, allowed are %u to %u",
		    strlen(text), r->min, r->max);
		return false;
	}
	if (ends_with(r->name, "listen") && text[0] != '\0' &&
	    sock_addr_parse(text, -1, &a) != OK) {
		snprintf(out, size, "'%.64s' is not ADDRESS:PORT", text);
		return false;
	}
	if (ends_with(r->name, "_prefixes") &&
	    sock_prefix_parse(text, &p) != OK) {
		snprintf(out, size, "'%.64s' is not a prefix", text);
		return false;
	}
	return true;
}

static bool
check_number(const struct row *r, long n, char *out, size_t size)
{
	if (r->type != TYPE_U32 || (n >= (long)r->min && n <= (long)r->max))
		return true;
	snprintf(out, size, "%ld is out of range, allowed are %u to %u %s", n,
	    r->min, r->max, r->unit);
	return false;
}

/* ---- values in and out of struct conf --------------------------------------- */

static void
list_free(struct conf_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	l->items = NULL;
	l->n = 0;
}

static enum err
list_add(struct conf_list *l, const char *text, size_t len)
{
	char **items = realloc(l->items, (l->n + 1) * sizeof(*items));

	if (items == NULL)
		return ERR_NO_MEMORY;
	l->items = items;
	l->items[l->n] = strndup(text, len);
	if (l->items[l->n] == NULL)
		return ERR_NO_MEMORY;
	l->n++;
	return OK;
}

static enum err
list_split(struct conf_list *l, const char *text, const char *separators)
{
	enum err e = OK;

	while (e == OK) {
		size_t n;

		text += strspn(text, separators);
		n = strcspn(text, separators);
		if (n == 0)
			break;
		e = list_add(l, text, n);
		text += n;
	}
	return e;
}

static enum err
put_text(struct conf *c, const struct row *r, const char *text)
{
	char **f = field(c, r), *copy = strdup(text);

	if (copy == NULL)
		return ERR_NO_MEMORY;
	free(*f);
	*f = copy;
	return OK;
}

static enum err
put_default(struct conf *c, const struct row *r)
{
	switch (r->type) {
	case TYPE_U32:
		*(uint32_t *)field(c, r) = (uint32_t)r->def_num;
		return OK;
	case TYPE_BOOL:
		*(bool *)field(c, r) = r->def_num != 0;
		return OK;
	case TYPE_STR:
	case TYPE_ENUM:
		return put_text(c, r, r->def_text);
	case TYPE_LIST:
		return list_split(field(c, r), r->def_text, " ");
	}
	return ERR_INTERNAL;
}

void
conf_free(struct conf *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].type == TYPE_STR || rows[i].type == TYPE_ENUM)
			free(*(char **)field(c, &rows[i]));
		else if (rows[i].type == TYPE_LIST)
			list_free(field(c, &rows[i]));
	}
	for (i = 0; i < c->n_nameservers; i++) {
		free(c->nameserver[i].host);
		free(c->nameserver[i].addresses);
	}
	free(c->nameserver);
	free(c);
}

static enum err
new_default(struct conf **out)
{
	struct conf *c = calloc(1, sizeof(*c));
	enum err e = OK;
	size_t i;

	if (c == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < COUNT_OF(rows) && e == OK; i++)
		e = put_default(c, &rows[i]);
	if (e != OK) {
		conf_free(c);
		return e;
	}
	*out = c;
	return OK;
}

/* ---- libconfuse ----------------------------------------------------------------- */

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[sizeof(parse_fault->text)];

	vsnprintf(text, sizeof(text), fmt, ap);
	/* The first complaint is the one that names the cause. */
	if (parse_fault != NULL && parse_fault->text[0] == '\0')
		/* A section has the line but not the name of the file. */
		fault_set(parse_fault, parse_path,
		    cfg->line > 0 ? (uint32_t)cfg->line : 0, "%s", text);
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct row *r = find_row(cfg->name, opt->name);
	unsigned n = cfg_opt_size(opt);
	char text[256];
	bool good = true;

	if (r == NULL || n == 0)
		return 0;
	switch (r->type) {
	case TYPE_U32:
		good = check_number(r, cfg_opt_getnint(opt, n - 1), text,
		    sizeof(text));
		break;
	case TYPE_BOOL:
		break;
	case TYPE_STR:
	case TYPE_ENUM:
		good = check_text(r, cfg_opt_getnstr(opt, n - 1), text,
		    sizeof(text));
		break;
	case TYPE_LIST:
		good = check_text(r, cfg_opt_getnstr(opt, n - 1), text,
		    sizeof(text));
		if (good && n > r->max) {
			snprintf(text, sizeof(text),
			    "has more than %u elements", r->max);
			good = false;
		}
		break;
	}
	if (!good)
		cfg_error(cfg, "%s.%s: %s", r->section, r->name, text);
	return good ? 0 : -1;
}

static int
on_nameserver(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *ns = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	struct sock_addr a;
	unsigned i, n;
	long stripe;

	if (cfg_opt_size(opt) > CONF_NAMESERVERS_MAX) {
		cfg_error(cfg, "more than %d nameserver sections",
		    CONF_NAMESERVERS_MAX);
		return -1;
	}
	n = cfg_size(ns, "addresses");
	if (n == 0) {
		cfg_error(cfg, "nameserver \"%s\" has no addresses",
		    cfg_title(ns));
		return -1;
	}
	for (i = 0; i < n; i++) {
		const char *text = cfg_getnstr(ns, "addresses", i);

		if (sock_addr_parse(text, 53, &a) != OK) {
			cfg_error(cfg,
			    "nameserver \"%s\": '%.64s' is not an address",
			    cfg_title(ns), text);
			return -1;
		}
	}
	stripe = cfg_getint(ns, "stripe");
	if (stripe < 0 || stripe >= CONF_STRIPES_MAX) {
		cfg_error(cfg, "nameserver \"%s\": stripe is not 0 to %d",
		    cfg_title(ns), CONF_STRIPES_MAX - 1);
		return -1;
	}
	return 0;
}

/* LIST defaults stay empty here: put_default() has set them, and a list is
 * only taken from the file when the file gives it. */
static cfg_opt_t
option(const struct row *r)
{
	switch (r->type) {
	case TYPE_U32:
		return (cfg_opt_t)CFG_INT(r->name, r->def_num, CFGF_NONE);
	case TYPE_BOOL:
		return (cfg_opt_t)CFG_BOOL(r->name,
		    r->def_num ? cfg_true : cfg_false, CFGF_NONE);
	case TYPE_LIST:
		return (cfg_opt_t)CFG_STR_LIST(r->name, NULL, CFGF_NODEFAULT);
	case TYPE_STR:
	case TYPE_ENUM:
		break;
	}
	return (cfg_opt_t)CFG_STR(r->name, r->def_text, CFGF_NONE);
}

static cfg_opt_t nameserver_opts[] = {
	CFG_STR_LIST("addresses", NULL, CFGF_NODEFAULT),
	CFG_INT("stripe", 0, CFGF_NONE),
	CFG_END()
};

static enum err
take_nameservers(struct conf *c, cfg_t *sec)
{
	unsigned i, j, n = cfg_size(sec, "nameserver");

	if (n == 0)
		return OK;
	c->nameserver = calloc(n, sizeof(*c->nameserver));
	if (c->nameserver == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < n; i++) {
		cfg_t *from = cfg_getnsec(sec, "nameserver", i);
		struct conf_nameserver *to = &c->nameserver[i];
		size_t len;

		c->n_nameservers++;
		to->host = strdup(cfg_title(from));
		to->n_addresses = cfg_size(from, "addresses");
		to->addresses = calloc(to->n_addresses,
		    sizeof(*to->addresses));
		to->stripe = (uint32_t)cfg_getint(from, "stripe");
		if (to->host == NULL || to->addresses == NULL)
			return ERR_NO_MEMORY;
		len = strlen(to->host);
		if (len > 1 && to->host[len - 1] == '.')
			to->host[len - 1] = '\0';
		for (j = 0; j < to->n_addresses; j++) {
			if (sock_addr_parse(cfg_getnstr(from, "addresses", j),
			    53, &to->addresses[j]) != OK)
				return ERR_CONFIG;	/* on_nameserver saw it */
		}
	}
	return OK;
}

static enum err
take_row(struct conf *c, const struct row *r, cfg_t *sec)
{
	unsigned i, n;
	enum err e = OK;

	switch (r->type) {
	case TYPE_U32:
		*(uint32_t *)field(c, r) = (uint32_t)cfg_getint(sec, r->name);
		return OK;
	case TYPE_BOOL:
		*(bool *)field(c, r) = cfg_getbool(sec, r->name) == cfg_true;
		return OK;
	case TYPE_STR:
	case TYPE_ENUM:
		return put_text(c, r, cfg_getstr(sec, r->name));
	case TYPE_LIST:
		if ((cfg_getopt(sec, r->name)->flags & CFGF_MODIFIED) == 0)
			return OK;
		list_free(field(c, r));
		n = cfg_size(sec, r->name);
		for (i = 0; i < n && e == OK; i++) {
			const char *s = cfg_getnstr(sec, r->name, i);

			e = list_add(field(c, r), s, strlen(s));
		}
		return e;
	}
	return ERR_INTERNAL;
}

static enum err
take_all(struct conf *c, cfg_t *cfg)
{
	enum err e = OK;
	size_t i;

	for (i = 0; i < COUNT_OF(rows) && e == OK; i++)
		e = take_row(c, &rows[i], cfg_getsec(cfg, rows[i].section));
	if (e == OK)
		e = take_nameservers(c, cfg_getsec(cfg, "nameservers"));
	return e;
}

/*
 * libconfuse takes a section that the end of the file cuts off: the options
 * lost with it would silently be defaults. So look for the brace that stays
 * open, skipping what its lexer takes as comments and strings.
 */
static enum err
check_braces(const char *path, struct fault *fault)
{
	FILE *f = fopen(path, "re");
	uint32_t line = 1, opened[8] = { 0 }, depth = 0;
	int c, last = 0, quote = 0;
	bool comment = false, block = false;

	if (f == NULL)
		return ERR_NOT_FOUND;
	for (; (c = getc(f)) != EOF; last = c) {
		if (c == '\n') {
			line++;
			comment = false;
		} else if (block) {
			block = !(last == '*' && c == '/');
		} else if (comment) {
			continue;
		} else if (quote != 0) {
			if (c == '\\' && last == '\\')
				c = 0;		/* an escaped backslash */
			else if (c == quote && last != '\\')
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#' || (c == '/' && last == '/')) {
			comment = true;
		} else if (c == '*' && last == '/') {
			block = true;
		} else if (c == '{') {
			if (depth < COUNT_OF(opened))
				opened[depth] = line;
			depth++;
		} else if (c == '}' && depth > 0) {
			depth--;
		}
	}
	fclose(f);
	if (depth == 0)
		return OK;
	fault_set(fault, path, opened[MIN(depth, COUNT_OF(opened)) - 1],
	    "section or list is not closed by }");
	return ERR_CONFIG;
}

static enum err
parse_file(struct conf *c, const char *path, struct fault *fault)
{
	cfg_opt_t top[COUNT_OF(sections) + 1];
	cfg_opt_t opts[COUNT_OF(sections)][COUNT_OF(rows) + 2];
	char where[128];
	cfg_t *cfg = NULL;
	size_t i, j, n;
	enum err e;
	int rc;

	e = check_braces(path, fault);
	if (e != OK)
		return e;
	e = ERR_CONFIG;
	for (i = 0; i < COUNT_OF(sections); i++) {
		for (n = 0, j = 0; j < COUNT_OF(rows); j++) {
			if (strcmp(rows[j].section, sections[i].name) == 0)
				opts[i][n++] = option(&rows[j]);
		}
		if (strcmp(sections[i].name, "nameservers") == 0)
			opts[i][n++] = (cfg_opt_t)CFG_SEC("nameserver",
			    nameserver_opts, CFGF_MULTI | CFGF_TITLE |
			    CFGF_NO_TITLE_DUPES);
		opts[i][n] = (cfg_opt_t)CFG_END();
		top[i] = (cfg_opt_t)CFG_SEC(sections[i].name, opts[i],
		    CFGF_NONE);
	}
	top[COUNT_OF(sections)] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(top, CFGF_NONE);
	if (cfg == NULL)
		return ERR_NO_MEMORY;
	parse_fault = fault;
	parse_path = path;
	cfg_set_error_function(cfg, on_error);
	for (i = 0; i < COUNT_OF(rows); i++) {
		snprintf(where, sizeof(where), "%s|%s", rows[i].section,
		    rows[i].name);
		cfg_set_validate_func(cfg, where, on_value);
	}
	cfg_set_validate_func(cfg, "nameservers|nameserver", on_nameserver);
	rc = cfg_parse(cfg, path);
	if (rc == CFG_SUCCESS)
		e = take_all(c, cfg);
	else if (fault != NULL && fault->text[0] == '\0')
		fault_set(fault, path, 0, "cannot be parsed");
	cfg_free(cfg);
	parse_fault = NULL;
	return e;
}

/* ---- public --------------------------------------------------------------------- */

enum err
conf_set(struct conf *c, const char *assignment, struct fault *fault)
{
	const char *dot = strchr(assignment, '.');
	const char *equal = strchr(assignment, '=');
	char section[64], name[64], text[256], *end;
	const struct row *r;
	struct conf_list list = { 0 };
	const char *value;
	size_t i;
	long n;
	enum err e;

	if (dot == NULL || equal == NULL || dot > equal ||
	    (size_t)(dot - assignment) >= sizeof(section) ||
	    (size_t)(equal - dot - 1) >= sizeof(name)) {
		fault_set(fault, assignment, 0,
		    "is not section.option=value");
		return ERR_CONFIG;
	}
	snprintf(section, sizeof(section), "%.*s", (int)(dot - assignment),
	    assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(equal - dot - 1), dot + 1);
	value = equal + 1;
	r = find_row(section, name);
	if (r == NULL) {
		fault_set(fault, assignment, 0, "no such option");
		return ERR_CONFIG;
	}
	switch (r->type) {
	case TYPE_U32:
		errno = 0;
		n = strtol(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0') {
			fault_set(fault, assignment, 0, "is not a number");
			return ERR_CONFIG;
		}
		if (!check_number(r, n, text, sizeof(text)))
			goto bad;
		*(uint32_t *)field(c, r) = (uint32_t)n;
		return OK;
	case TYPE_BOOL:
		if (!is_choice("yes|no|true|false|on|off", value)) {
			fault_set(fault, assignment, 0, "is not yes or no");
			return ERR_CONFIG;
		}
		*(bool *)field(c, r) = is_choice("yes|true|on", value);
		return OK;
	case TYPE_STR:
	case TYPE_ENUM:
		if (!check_text(r, value, text, sizeof(text)))
			goto bad;
		return put_text(c, r, value);
	case TYPE_LIST:
		e = list_split(&list, value, ", ");
		for (i = 0; e == OK && i < list.n; i++) {
			if (!check_text(r, list.items[i], text, sizeof(text))) {
				list_free(&list);
				goto bad;
			}
		}
		if (e == OK && list.n > r->max) {
			snprintf(text, sizeof(text),
			    "has more than %u elements", r->max);
			list_free(&list);
			goto bad;
		}
		if (e != OK) {
			list_free(&list);
			return e;
		}
		list_free(field(c, r));
		*(struct conf_list *)field(c, r) = list;
		return OK;
	}
	return ERR_INTERNAL;
bad:
	fault_set(fault, assignment, 0, "%s", text);
	return ERR_CONFIG;
}

enum err
conf_load(const char *path, const char *const *sets, size_t n_sets,
    struct conf **out, struct fault *fault)
{
	struct fault ignored;
	struct conf *c = NULL;
	enum err e;
	size_t i;

	if (fault == NULL)
		fault = &ignored;
	memset(fault, 0, sizeof(*fault));
	if (path != NULL && access(path, R_OK) != 0) {
		e = errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND;
		fault_set(fault, path, 0, "cannot open configuration file: %s",
		    strerror(errno));
		return e;
	}
	e = new_default(&c);
	if (e == OK && path != NULL)
		e = parse_file(c, path, fault);
	for (i = 0; e == OK && i < n_sets; i++)
		e = conf_set(c, sets[i], fault);
	if (e != OK) {
		if (fault->text[0] == '\0')
			fault_set(fault, path, 0, "%s", err_text(e));
		conf_free(c);
		return e;
	}
	*out = c;
	return OK;
}

static void
print_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' || *text == '$')
			putc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			putc(*text, out);
	}
	putc('"', out);
}

static void
print_value(const struct conf *c, const struct row *r, FILE *out)
{
	const struct conf_list *l;
	size_t i;

	switch (r->type) {
	case TYPE_U32:
		fprintf(out, "%u", *(const uint32_t *)field(c, r));
		break;
	case TYPE_BOOL:
		fputs(*(const bool *)field(c, r) ? "yes" : "no", out);
		break;
	case TYPE_STR:
	case TYPE_ENUM:
		print_quoted(out, *(char *const *)field(c, r));
		break;
	case TYPE_LIST:
		l = field(c, r);
		putc('{', out);
		for (i = 0; i < l->n; i++) {
			if (i > 0)
				fputs(", ", out);
			print_quoted(out, l->items[i]);
		}
		putc('}', out);
		break;
	}
}

static void
print_nameservers(const struct conf *c, FILE *out)
{
	char text[SOCK_TEXT_MAX];
	size_t i, j;

	for (i = 0; i < c->n_nameservers; i++) {
		const struct conf_nameserver *ns = &c->nameserver[i];

		fputs("\tnameserver ", out);
		print_quoted(out, ns->host);
		fputs(" {\n\t\taddresses = {", out);
		for (j = 0; j < ns->n_addresses; j++) {
			if (j > 0)
				fputs(", ", out);
			print_quoted(out, ns->addresses[j].port == 53 ?
			    sock_ip_print(&ns->addresses[j], text) :
			    sock_addr_print(&ns->addresses[j], text));
		}
		fprintf(out, "}\n\t\tstripe = %u\n\t}\n", ns->stripe);
	}
}

void
conf_dump(const struct conf *c, FILE *out)
{
	size_t i, j;

	for (i = 0; i < COUNT_OF(sections); i++) {
		fprintf(out, "%s {\n", sections[i].name);
		for (j = 0; j < COUNT_OF(rows); j++) {
			if (strcmp(rows[j].section, sections[i].name) != 0)
				continue;
			fprintf(out, "\t%s = ", rows[j].name);
			print_value(c, &rows[j], out);
			putc('\n', out);
		}
		if (strcmp(sections[i].name, "nameservers") == 0)
			print_nameservers(c, out);
		fputs("}\n", out);
	}
}

static void
print_range(const struct row *r, FILE *out)
{
	switch (r->type) {
	case TYPE_U32:
		fprintf(out, " %u to %u%s%s.", r->min, r->max,
		    r->unit[0] != '\0' ? " " : "", r->unit);
		break;
	case TYPE_ENUM:
		fprintf(out, " One of %s.", r->unit);
		break;
	case TYPE_BOOL:
	case TYPE_STR:
	case TYPE_LIST:
		break;
	}
	if (r->live)
		fputs(" Applied by a reload.", out);
}

void
conf_example(FILE *out)
{
	struct conf *c = NULL;
	size_t i, j;

	if (new_default(&c) != OK)
		return;
	fputs("# understudy.conf: every option with its default.\n"
	    "# Written by `xferd --example-config`; don't edit this copy.\n",
	    out);
	for (i = 0; i < COUNT_OF(sections); i++) {
		fprintf(out, "\n# %s\n%s {\n", sections[i].text,
		    sections[i].name);
		for (j = 0; j < COUNT_OF(rows); j++) {
			if (strcmp(rows[j].section, sections[i].name) != 0)
				continue;
			fprintf(out, "\t# %s", rows[j].meaning);
			print_range(&rows[j], out);
			fprintf(out, "\n\t#%s = ", rows[j].name);
			print_value(c, &rows[j], out);
			fputs("\n", out);
		}
		fputs("}\n", out);
	}
	conf_free(c);
}
