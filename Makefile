# Understudy: one Makefile for everything. `make help` lists the targets.
#
# Objects live under build/$(VARIANT)/; a variant is a re-invocation
# (`make VARIANT=asan check-unit`), never a flag on old objects. Files are
# found by wildcard: a new room needs no line here.

VARIANT	?= release
O	:= build/$(VARIANT)
Q	:= $(if $(V),,@)
CC	:= $(if $(filter default,$(origin CC)),gcc,$(CC))
PYTHON	?= /usr/bin/python3
PREFIX	?= /usr/local
DESTDIR	?=
VERSION	:= 0.1.0

# ---- flags -----------------------------------------------------------------

WARN	:= -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	   -Wpointer-arith -Wwrite-strings -Wformat=2 -Werror=format-security \
	   -Wno-format-nonliteral -Wno-format-zero-length \
	   -Wno-missing-field-initializers
WARN	+= $(if $(WERROR),-Werror)
HARDEN	:= -fstack-protector-strong -fstack-clash-protection \
	   -ftrivial-auto-var-init=zero
ifneq (,$(filter x86_64 i%86,$(shell uname -m)))
HARDEN	+= -fcf-protection=full
endif
BASE	:= -std=c11 -D_GNU_SOURCE -pthread -fPIE -fno-common \
	   -fno-strict-aliasing -g

OPT_release	:= -O2 -D_FORTIFY_SOURCE=3 $(HARDEN)
OPT_asan	:= -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
		   -fno-omit-frame-pointer -DCHECK_SLOW_ON -DSANDBOX_WIDE
OPT_tsan	:= -O1 -fsanitize=thread -fno-omit-frame-pointer -DSANDBOX_WIDE
OPT_fuzz	:= -O1 -fsanitize=fuzzer-no-link,address,undefined \
		   -fno-sanitize-recover=all -fno-omit-frame-pointer \
		   -DCHECK_SLOW_ON -DSANDBOX_WIDE
OPT_cov		:= -O0 --coverage -DCHECK_SLOW_ON -DSANDBOX_WIDE
LD_release	:= -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
LD_asan		:= -fsanitize=address,undefined
LD_tsan		:= -fsanitize=thread
LD_fuzz		:= -fsanitize=address,undefined
LD_cov		:= --coverage
ifeq ($(origin OPT_$(VARIANT)),undefined)
$(error unknown VARIANT '$(VARIANT)': use release, asan, tsan, fuzz or cov)
endif
ifeq ($(VARIANT),fuzz)
CC	:= clang
endif

# ---- packages: one pkg-config name per library, once ------------------------

PKG_ALL	:= libmicrohttpd gnutls libpq libsodium jansson libconfuse openssl ldns \
	   liblz4 libuv libseccomp libcurl libpsl cmocka
DEB_libmicrohttpd := libmicrohttpd-dev
DEB_gnutls	:= libgnutls28-dev
DEB_libpq	:= libpq-dev
DEB_libsodium	:= libsodium-dev
DEB_jansson	:= libjansson-dev
DEB_libconfuse	:= libconfuse-dev
DEB_openssl	:= libssl-dev
DEB_ldns	:= libldns-dev
DEB_liblz4	:= liblz4-dev
DEB_libuv	:= libuv1-dev
DEB_libseccomp	:= libseccomp-dev
DEB_libcurl	:= libcurl4-openssl-dev
DEB_libpsl	:= libpsl-dev
DEB_cmocka	:= libcmocka-dev

NO_BUILD := help clean format check deps uninstall
ifneq (,$(filter-out $(NO_BUILD),$(or $(MAKECMDGOALS),all)))
MISSING	:= $(if $(shell command -v $(CC)),,$(if $(filter gcc,$(CC)),gcc libc6-dev,$(CC)))
ifeq (,$(shell command -v pkg-config))
MISSING	+= pkg-config $(foreach p,$(PKG_ALL),$(DEB_$(p)))
else
MISSING	+= $(foreach p,$(PKG_ALL),$(if $(shell pkg-config --exists $(p) && echo y),,$(DEB_$(p))))
endif
ifneq (,$(strip $(MISSING)))
$(error missing Debian packages, install them with: apt-get install $(strip $(MISSING)))
endif
PKG_CFLAGS := $(sort $(shell pkg-config --cflags $(PKG_ALL)))
PKG_LIBS   := $(shell pkg-config --libs $(filter-out cmocka,$(PKG_ALL))) -lcrypto -lm
CMOCKA_LIBS := $(shell pkg-config --libs cmocka)
endif

ALL_CFLAGS  = $(BASE) $(WARN) $(OPT_$(VARIANT)) $(PKG_CFLAGS) \
	      -DUNDERSTUDY_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,--as-needed $(LD_$(VARIANT)) $(LDFLAGS)

# ---- files: by wildcard ----------------------------------------------------

PROGS	:= apid xferd dnsd understudyctl
DIR_apid := api
DIR_understudyctl := api/ctl
DIR_xferd := xferd
DIR_dnsd := dnsd
FOLDERS	:= common api api/ctl xferd dnsd

src	 = $(shell find $(1) -name '*.c' -not -name main.c -not -path '*/dashboard/*' $(if $(filter api,$(1)),-not -path 'api/ctl/*') 2>/dev/null | sort)
objs	 = $(patsubst %.c,$(O)/%.o,$(call src,$(1)))
ARCHIVES := $(foreach f,$(FOLDERS),$(O)/$(f).a)
BINS	:= $(foreach p,$(PROGS),$(if $(wildcard $(DIR_$(p))/main.c),$(O)/bin/$(p)))

TEST_LIB := $(patsubst %.c,$(O)/%.o,$(wildcard tests/lib/*.c))
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | sort)
UNIT	:= $(patsubst %.c,$(O)/%,$(UNIT_SRC))
FUZZ	:= $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS	:= $(patsubst %.c,$(O)/%,$(wildcard tests/tools/*.c tests/bench/*.c tests/differential/*.c))

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: man
.PHONY: all help check check-unit check-fast check-e2e check-sql run bench exhaustive lint \
	check-arrows check-headers check-symbols format format-check install \
	clean fuzz fuzz-targets check-fuzz tools tests lint-sum deps example-conf compdb FORCE

all: $(BINS) $(ARCHIVES) ## build the programs (default)

help: ## list the targets and variants
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## /\1	/p' Makefile deploy/install.mk | expand -t 18
	@echo; echo "VARIANT=release|asan|tsan|fuzz|cov  V=1 (show commands)  WERROR=1"

# ---- compile, archive, link ------------------------------------------------

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC $<")
	$(Q)$(CC) -I. $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/flags: FORCE
	@mkdir -p $(@D); \
	 printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $@ || printf '%s\n' "$$FLAGS_TEXT" >$@
export FLAGS_TEXT = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)

# GET /openapi.json is compiled in.
$(O)/api/openapi.o: $(O)/gen/api/openapi.inc
$(O)/api/openapi.o: private ALL_CFLAGS += -I$(O)/gen
$(O)/gen/api/openapi.inc: api/openapi.yaml api/openapi2json api/openapi_complete.py api/routes.def
	@mkdir -p $(@D)
	$(Q)$(PYTHON) api/openapi2json --c $< >$@

define archive_rule
$(O)/$(1).a: $(call objs,$(1)) $(O)/$(1).list
	$(if $(Q),@echo "  AR $$@")
	$(Q)rm -f $$@; ar rcD $$@ $$(filter %.o,$$^)
$(O)/$(1).list: FORCE
	@mkdir -p $$(@D); echo '$(call objs,$(1))' | cmp -s - $$@ || echo '$(call objs,$(1))' >$$@
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

define prog_rule
$(O)/bin/$(1): $(O)/$(DIR_$(1))/main.o $(O)/$(DIR_$(1)).a $(O)/common.a
	@mkdir -p $$(@D)
	$(if $(Q),@echo "  LD $$@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $(PKG_LIBS)
endef
$(foreach p,$(PROGS),$(eval $(call prog_rule,$(p))))

# Manual pages and completion: the programs say what they know themselves.
MAN_PAGES := $(patsubst docs/man/%.scd,$(O)/man/%,$(wildcard docs/man/*.scd))
COMPLETIONS := $(O)/completion/understudyctl $(O)/completion/_understudyctl
$(O)/man/%: docs/man/%.scd docs/man/fill $(BINS)
	@mkdir -p $(@D)
	$(Q)docs/man/fill $(O)/bin $< >$@.scd
	$(Q)scdoc <$@.scd >$@
$(O)/completion/understudyctl: $(O)/bin/understudyctl
	@mkdir -p $(@D)
	$(Q)$< completion bash >$@
$(O)/completion/_understudyctl: $(O)/bin/understudyctl
	@mkdir -p $(@D)
	$(Q)$< completion zsh >$@

# Static pattern rules: an implicit one would be chosen by which objects happen
# to exist. A unit test of common links common alone; a test of a program links every
# archive. The test's own objects come first, so it may replace any room.
$(filter $(O)/tests/unit/common/%,$(UNIT)): %: %.o $(TEST_LIB) $(O)/common.a
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS) $(CMOCKA_LIBS)

$(filter-out $(O)/tests/unit/common/%,$(UNIT)): %: %.o $(TEST_LIB) $(ARCHIVES)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) $(CMOCKA_LIBS)

$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/lib/testcache.o $(ARCHIVES)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)

$(O)/tests/%: $(O)/tests/%.o $(O)/tests/lib/testcache.o $(ARCHIVES)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)

# apid without its first wall: the statements' own tenant conditions are taken
# out (tests/walls).
$(O)/walls/sql.o: api/sql.c api/sql.h $(wildcard api/*.def) tests/walls/mutate
	@mkdir -p $(@D)/api
	$(Q)tests/walls/mutate $(@D) api/*.def
	$(Q)$(CC) -iquote $(@D) -I. $(ALL_CFLAGS) -c -o $@ $<
$(O)/walls/apid: $(O)/api/main.o $(O)/walls/sql.o $(O)/api.a $(O)/common.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)

# ---- targets ---------------------------------------------------------------

check: ## every test, installing what is missing; ends "N passed, N failed"
	./deploy/check

tests: $(UNIT) $(TOOLS) ## build the unit tests and test tools
tools: $(TOOLS) ## build tests/tools, tests/bench and tests/differential programs
fuzz: ## one fuzz target for an hour, or FUZZ_S seconds: make fuzz ROOM=answer
	@[ -n "$(ROOM)" ] || { echo "ROOM=... of:$(patsubst tests/fuzz/fuzz_%.c, %,$(wildcard tests/fuzz/fuzz_*.c))" >&2; exit 2; }
	FUZZ_S=$(or $(FUZZ_S),3600) tests/fuzz/run $(ROOM)
fuzz-targets: $(FUZZ)

check-unit: $(UNIT) ## unit tests (ROOM=rd runs one; VARIANT=asan)
	@tests/lib/run-units $(if $(ROOM),$(filter %/test_$(ROOM),$(UNIT)),$(UNIT))

check-fast: all check-unit lint check-sql ## units, lint and sql: under a minute

check-sql: all ## sql tests alone
	@if [ -x tests/sql/run ]; then VARIANT=$(VARIANT) tests/sql/run; fi

check-e2e: all tools ## end-to-end tests
	@if [ -x tests/e2e/run ]; then VARIANT=$(VARIANT) tests/e2e/run; fi

run: ## everything on loopback with a demo zone (deploy/quickstart)
	./deploy/quickstart

check-fuzz: ## every fuzz target for FUZZ_S seconds (10)
	tests/fuzz/run

exhaustive: tools ## every type, class, shape of EDNS and situation of a name, once (10 minutes)
	@seq $$(nproc) | xargs -P $$(nproc) -I{} $(O)/tests/tools/exhaustive {} $$(nproc)

bench: all tools ## benchmarks
	tests/bench/run

lint: check-arrows check-headers check-symbols ## structure checks
lint-sum: all
	@CC='$(CC)' CFLAGS='$(BASE) $(WARN) $(PKG_CFLAGS)' tests/lint/all $(O)
check-arrows: ## includes form no cycle; who may include whom
	@tests/lint/arrows
check-headers: ## every header compiles alone
	@CC='$(CC)' CFLAGS='$(BASE) $(WARN) $(PKG_CFLAGS)' tests/lint/headers
check-symbols: $(ARCHIVES) ## external symbols start with their file's stem
	@tests/lint/symbols $(O)

format: ## lay out the code with clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')
format-check: ## say which files clang-format would change
	clang-format --dry-run $$(git ls-files '*.c' '*.h')

example-conf: $(O)/bin/xferd ## write deploy/understudy.conf.example from the options table
	$(O)/bin/xferd --example-config >deploy/understudy.conf.example

man: $(MAN_PAGES) $(COMPLETIONS) ## manual pages and shell completion, in build/*/man and completion

include deploy/install.mk

compdb: ## compile_commands.json for editors
	@{ echo '['; sep=; for f in $$(git ls-files '*.c'); do \
	  echo "$$sep{\"directory\":\"$(CURDIR)\",\"file\":\"$$f\",\"command\":\"$(CC) -I. $(subst ",\\\",$(ALL_CFLAGS)) -c $$f\"}"; \
	  sep=,; done; echo ']'; } >compile_commands.json

clean: ## remove build/
	rm -rf build

FORCE:

-include $(shell find $(O) -name '*.d' 2>/dev/null)
