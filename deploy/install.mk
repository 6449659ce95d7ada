# install.mk - make install, make uninstall. Included by the Makefile.
#
#	make install [DESTDIR=] [PREFIX=/usr/local] [SYSCONFDIR=] ...
#
# Nothing of the operator's is overwritten or removed: understudy.conf is
# installed where there is none, credentials are never touched. uninstall takes
# the same variables and removes what install put there.

SBINDIR		?= $(PREFIX)/sbin
BINDIR		?= $(PREFIX)/bin
DATADIR		?= $(PREFIX)/share/understudy
DOCDIR		?= $(PREFIX)/share/doc/understudy
MANDIR		?= $(PREFIX)/share/man
COMPLETIONDIR	?= $(PREFIX)/share/bash-completion/completions
ZSHDIR		?= $(PREFIX)/share/zsh/site-functions
# /etc, whatever the prefix: the programs look there.
SYSCONFDIR	?= /etc
CONFDIR		:= $(SYSCONFDIR)/understudy
UNITDIR		?= $(if $(filter /usr,$(PREFIX)),/usr/lib/systemd/system,/etc/systemd/system)
SYSUSERSDIR	?= $(if $(filter /usr,$(PREFIX)),/usr/lib/sysusers.d,/etc/sysusers.d)
TMPFILESDIR	?= $(if $(filter /usr,$(PREFIX)),/usr/lib/tmpfiles.d,/etc/tmpfiles.d)

D		:= $(DESTDIR)
UNITS		:= $(patsubst %.in,%,$(notdir $(wildcard deploy/systemd/*.service.in deploy/systemd/*.target)))
SQL_FILES	:= $(wildcard sql/[0-9]*.sql) sql/roles.sql

# Paths in units and tmpfiles are where things will be, without DESTDIR.
FILL	= sed -e 's|@sbindir@|$(SBINDIR)|g' -e 's|@confdir@|$(CONFDIR)|g' \
	  -e 's|@datadir@|$(DATADIR)|g' -e 's|@docdir@|$(DOCDIR)|g'

.PHONY: install-programs install-files uninstall

install: install-programs install-files ## programs, units, migrations, documents below DESTDIR PREFIX
	@echo "installed; next: docs/OPERATIONS.md, \"From a bare machine\""

install-programs: all
	install -d $(D)$(SBINDIR) $(D)$(BINDIR)
	install -m 755 $(filter-out %/understudyctl,$(BINS)) $(D)$(SBINDIR)
	$(if $(filter %/understudyctl,$(BINS)),install -m 755 $(filter %/understudyctl,$(BINS)) $(D)$(BINDIR))

install-files: all man
	install -d $(D)$(DATADIR)/sql $(D)$(DATADIR)/postgresql $(D)$(DOCDIR)/decisions
	install -m 644 $(SQL_FILES) $(D)$(DATADIR)/sql
	install -m 755 sql/apply $(D)$(DATADIR)/sql
	install -m 644 deploy/postgresql/pg_hba.conf deploy/postgresql/pg_ident.conf $(D)$(DATADIR)/postgresql
	install -m 755 deploy/create-database deploy/make-credentials deploy/backup deploy/restore $(D)$(DATADIR)
	install -m 644 LICENSE README.md docs/*.md deploy/understudy.conf.example $(D)$(DOCDIR)
	install -m 644 docs/decisions/*.md $(D)$(DOCDIR)/decisions
	install -m 644 deploy/prometheus-rules.yaml $(D)$(DATADIR)
	install -d $(D)$(UNITDIR) $(D)$(SYSUSERSDIR) $(D)$(TMPFILESDIR)
	for u in $(UNITS); do \
	  if [ -e deploy/systemd/$$u.in ]; then $(FILL) deploy/systemd/$$u.in; else cat deploy/systemd/$$u; fi \
	    >$(D)$(UNITDIR)/$$u && chmod 644 $(D)$(UNITDIR)/$$u || exit 1; \
	done
	install -m 644 deploy/systemd/sysusers.conf $(D)$(SYSUSERSDIR)/understudy.conf
	$(FILL) deploy/systemd/tmpfiles.conf.in >$(D)$(TMPFILESDIR)/understudy.conf
	chmod 644 $(D)$(TMPFILESDIR)/understudy.conf
	install -d $(D)$(CONFDIR) $(D)$(CONFDIR)/tls
	install -d -m 700 $(D)$(CONFDIR)/credentials
	[ -e $(D)$(CONFDIR)/understudy.conf ] || install -m 644 deploy/understudy.conf $(D)$(CONFDIR)/understudy.conf
	for m in $(MAN_PAGES); do \
	  install -D -m 644 $$m $(D)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; \
	done
	install -D -m 644 $(O)/completion/understudyctl $(D)$(COMPLETIONDIR)/understudyctl
	install -D -m 644 $(O)/completion/_understudyctl $(D)$(ZSHDIR)/_understudyctl

uninstall: ## remove what install put there; configuration, credentials and data stay
	rm -f $(addprefix $(D)$(SBINDIR)/,apid xferd dnsd) $(D)$(BINDIR)/understudyctl
	rm -rf $(D)$(DATADIR) $(D)$(DOCDIR)
	rm -f $(addprefix $(D)$(UNITDIR)/,$(UNITS)) $(D)$(SYSUSERSDIR)/understudy.conf $(D)$(TMPFILESDIR)/understudy.conf
	for m in $(MAN_PAGES); do rm -f $(D)$(MANDIR)/man$${m##*.}/$${m##*/}; done
	rm -f $(D)$(COMPLETIONDIR)/understudyctl $(D)$(ZSHDIR)/_understudyctl
	@[ ! -d $(D)$(CONFDIR) ] || echo "$(D)$(CONFDIR) stays: configuration and credentials"
