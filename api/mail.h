/*
 * mail.h - queue a letter for xferd's courier.
 *
 * Knows:    the table `mail`, sealing of one-time links.
 * Not here: what letters say (xferd/letter.h), SMTP (xferd/courier.h).
 * Runs in:  a handler thread, inside the transaction of what the letter is
 *           about: no letter goes out about something that was undone.
 * Bounded:  by mail_put() in SQL, per reader and per tenant.
 */
#ifndef API_MAIL_H
#define API_MAIL_H

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/db/db.h"

struct app;

enum { MAIL_LINK_MAX = 500 };

/* All borrowed. */
struct mail {
	const char *recipient;		/* an address, checked */
	const char *template;		/* "reset" ...: mail_template_ck */
	const char *params;		/* a JSON object of texts, or NULL */
	size_t params_len;
	const char *link;		/* a secret, or NULL */
	const uint8_t *tenant_id;	/* NULL: a person's own affair */
};

/** mail_relayed() - is there a relay at all?  Without one the operator hands
 *  out links, and whoever makes an invitation is shown its link. */
bool mail_relayed(const struct app *app);

/**
 * mail_put() - queue it
 * @out_queued: false when there is no relay, or too many were asked for
 *
 * The link leaves apid sealed; only xferd can read it.
 *
 * Returns OK; ERR_LIMIT (reject): the link is longer than MAIL_LINK_MAX;
 * errors of the database.
 */
MUST_USE enum err mail_put(struct db *db, const struct app *app,
    const struct mail *m, bool *out_queued);

#endif
