/*
 * sandbox.c - the walls around a process.  See sandbox.h.
 *
 * Landlock by its raw system calls: Debian 12 has no library for it, and its
 * headers know less than the kernels it runs on.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/sandbox.h"

/* ---- who we are --------------------------------------------------------------- */

static enum err
capabilities_drop(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2], have[2];

	memset(none, 0, sizeof(none));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* A unit's filter has no capset(): who has none needs it not. */
	if (syscall(SYS_capget, &head, have) == 0 &&
	    (have[0].effective | have[0].permitted |
	     have[1].effective | have[1].permitted) == 0)
		return OK;
	return syscall(SYS_capset, &head, none) == 0 ? OK : ERR_SYSTEM;
}

/* Needs the right to: of an ordinary user the set stays, without use. */
static void
bounding_set_drop(void)
{
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return;
}

enum err
sandbox_user(const char *user)
{
	struct passwd *p;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_SYSTEM;
	bounding_set_drop();
	if (geteuid() == 0 && user[0] != '\0') {
		p = getpwnam(user);
		if (p == NULL) {
			log_err("user.unknown", "user=%s", LOG_Q(user));
			return ERR_CONFIG;
		}
		if (setgroups(0, NULL) < 0 || setgid(p->pw_gid) < 0 ||
		    setuid(p->pw_uid) < 0)
			return ERR_SYSTEM;
	}
	return capabilities_drop();
}

/* ---- limits -------------------------------------------------------------------- */

static void
limit(int what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max = MIN(most, r.rlim_max);
	setrlimit(what, &r);
}

#ifndef SANDBOX_WIDE
/* "VmData:  N kB" of this process, in bytes; 0 when not known. */
static uint64_t
data_used(void)
{
	unsigned long size, resident, shared, text, lib, data = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu %lu %lu %lu %lu", &size, &resident, &shared,
	    &text, &lib, &data) != 6)
		data = 0;
	fclose(f);
	return (uint64_t)data * (uint64_t)sysconf(_SC_PAGESIZE);
}
#endif

static void
limits_set(enum sandbox_wall wall, const struct sandbox_limits *l)
{
	prctl(PR_SET_DUMPABLE, 0);
	limit(RLIMIT_CORE, 0);
	if (l->files_max != 0)
		limit(RLIMIT_NOFILE, l->files_max);
#ifndef SANDBOX_WIDE
	if (l->data_bytes != 0 && data_used() != 0)
		limit(RLIMIT_DATA, data_used() + l->data_bytes);
	if (wall != SANDBOX_FEEDER)	/* which has a thread for snapshots */
		limit(RLIMIT_NPROC, 0);
#else
	(void)wall;
#endif
}

/* ---- Landlock -------------------------------------------------------------------- */

enum {					/* linux/landlock.h, up to ABI 6 */
	LL_FS_READ_FILE = 1 << 2,
	LL_FS_READ_DIR = 1 << 3,
	LL_FS_ABI_1 = (1 << 13) - 1,
	LL_FS_REFER = 1 << 13,		/* ABI 2 */
	LL_FS_TRUNCATE = 1 << 14,	/* ABI 3 */
	LL_FS_IOCTL_DEV = 1 << 15,	/* ABI 5 */
	LL_FS_WRITE_FILE = 1 << 1,
	LL_FS_REMOVE_FILE = 1 << 5,
	LL_FS_MAKE_REG = 1 << 8,
	LL_NET_BIND_TCP = 1,		/* ABI 4 */
	LL_NET_CONNECT_TCP = 2,
	LL_SCOPE_ABSTRACT = 1,		/* ABI 6 */
	LL_SCOPE_SIGNAL = 2,
	LL_CREATE_VERSION = 1,
	LL_RULE_PATH = 1,
};

struct ll_ruleset {
	uint64_t fs, net, scoped;
};

struct ll_path {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

static bool
ll_allow(int ruleset, const char *path, uint64_t access)
{
	struct ll_path rule = { .access = access };
	int fd = open(path, O_PATH | O_CLOEXEC), rc;

	if (fd < 0)
		return false;
	rule.fd = fd;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH, &rule,
	    0);
	close(fd);
	return rc == 0;
}

/* The feeder: PostgreSQL's client reads here and there; it writes snapshots
 * and nothing else.  The relay shows numbers from /proc. */
static bool
ll_rules(int ruleset, enum sandbox_wall wall, const struct sandbox_limits *l,
    uint64_t handled)
{
	uint64_t see = LL_FS_READ_FILE | LL_FS_READ_DIR;
	uint64_t make = see | LL_FS_WRITE_FILE | LL_FS_REMOVE_FILE |
	    LL_FS_MAKE_REG | LL_FS_TRUNCATE;
	char folder[1024];
	char *slash;

	if (wall == SANDBOX_RELAY)
		return ll_allow(ruleset, "/proc", see);
	if (wall != SANDBOX_FEEDER)
		return true;
	if (!ll_allow(ruleset, "/", see))
		return false;
	if (l->write_file == NULL || l->write_file[0] == '\0' ||
	    strlen(l->write_file) >= sizeof(folder))
		return true;
	snprintf(folder, sizeof(folder), "%s", l->write_file);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	/* A folder that is not there is the snapshot's own complaint. */
	(void)ll_allow(ruleset, slash == NULL ? "." : folder,
	    make & handled);
	return true;
}

static enum err
landlock_enter(enum sandbox_wall wall, const struct sandbox_limits *l)
{
	struct ll_ruleset r = { .fs = LL_FS_ABI_1 };
	int abi, fd;
	bool ok;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LL_CREATE_VERSION);
	if (abi < 1) {
		log_info("sandbox.landlock_absent", "errno=%d", errno);
		return OK;
	}
	if (abi >= 2)
		r.fs |= LL_FS_REFER;
	if (abi >= 3)
		r.fs |= LL_FS_TRUNCATE;
	if (abi >= 5)
		r.fs |= LL_FS_IOCTL_DEV;
	if (abi >= 4)
		r.net = wall == SANDBOX_FEEDER ? LL_NET_BIND_TCP :
		    LL_NET_BIND_TCP | LL_NET_CONNECT_TCP;
	if (abi >= 6)
		r.scoped = LL_SCOPE_ABSTRACT | LL_SCOPE_SIGNAL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, abi >= 6 ?
	    sizeof(r) : abi >= 4 ? 16 : 8, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	ok = ll_rules(fd, wall, l, r.fs) &&
	    syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return ok ? OK : ERR_SYSTEM;
}

/* ---- seccomp -------------------------------------------------------------------- */

enum {
	U = 1 << SANDBOX_UDP, T = 1 << SANDBOX_TCP, S = 1 << SANDBOX_TLS,
	R = 1 << SANDBOX_RELAY, H = 1 << SANDBOX_HOLD,
	F = 1 << SANDBOX_FEEDER, X = 1 << SANDBOX_FETCH,
	P = 1 << SANDBOX_PROBE, N = 1 << SANDBOX_NOTIFY,
	M = 1 << SANDBOX_COURIER,
	EVERY = (1 << SANDBOX_N_WALLS) - 1,
#ifdef SANDBOX_WIDE
	WIDE = EVERY,
#else
	WIDE = 0,
#endif
};

struct call {
	int number;			/* __NR_SCMP_ERROR: not on this machine */
	unsigned walls;
};

#define CALL(name, walls) { SCMP_SYS(name), walls },
#define KILL(name)
static const struct call calls[] = {
#include "common/base/sandbox.def"
};
#undef CALL
#undef KILL
#define CALL(name, walls)
#define KILL(name) SCMP_SYS(name),
static const int killers[] = {
#include "common/base/sandbox.def"
};
#undef CALL
#undef KILL

static int
allow_if(scmp_filter_ctx c, int number, unsigned n,
    const struct scmp_arg_cmp *args)
{
	return seccomp_rule_add_array(c, SCMP_ACT_ALLOW, number, n, args);
}

#define ALLOW_IF(c, name, ...) \
	allow_if(c, SCMP_SYS(name), (unsigned)(sizeof((struct scmp_arg_cmp[]) \
	    { __VA_ARGS__ }) / sizeof(struct scmp_arg_cmp)), \
	    (struct scmp_arg_cmp[]){ __VA_ARGS__ })

/* Those whose arguments decide. */
static int
arguments_add(scmp_filter_ctx c, enum sandbox_wall wall)
{
	unsigned me = 1u << wall;
	int rc;

	/* abort() of ourselves, and no signal to anybody else */
	rc = ALLOW_IF(c, tgkill, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
	/* memory without a file behind it, that is not executed */
	if (rc == 0 && wall != SANDBOX_FEEDER)
		rc = ALLOW_IF(c, mmap,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
		    MAP_ANONYMOUS));
	/* libraries of its resolver */
	if (rc == 0 && wall == SANDBOX_FEEDER)
		rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
	if (rc == 0 && wall == SANDBOX_FEEDER)
		rc = ALLOW_IF(c, mprotect,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0 && (me & F) != 0)
		rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0);
	if (rc == 0 && (me & F) != 0)
		rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 0);
	/* xferd's socket; what /proc says of ourselves */
	if (rc == 0 && (me & R) != 0)
		rc = ALLOW_IF(c, socket, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (rc == 0 && (me & R) != 0)
		rc = ALLOW_IF(c, openat, SCMP_A2(SCMP_CMP_MASKED_EQ,
		    O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
	/* Not allowed either: libcurl calls it for a socket that is connected,
	 * and goes on when it hears that it is on its way (courier.c). */
	if (rc == 0 && (me & M) != 0)
		rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(EINPROGRESS),
		    SCMP_SYS(connect), 0);
#ifdef SANDBOX_WIDE
	if (rc == 0 && (me & F) == 0) {
		rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0);
		if (rc == 0)
			rc = seccomp_rule_add(c, SCMP_ACT_ALLOW,
			    SCMP_SYS(mmap), 0);
		if (rc == 0)
			rc = seccomp_rule_add(c, SCMP_ACT_ALLOW,
			    SCMP_SYS(mprotect), 0);
	}
#endif
	return rc;
}

static int
filter_fill(scmp_filter_ctx c, enum sandbox_wall wall)
{
	int rc = 0;

	for (size_t i = 0; i < COUNT_OF(calls) && rc == 0; i++)
		if ((calls[i].walls & 1u << wall) != 0 &&
		    calls[i].number != __NR_SCMP_ERROR)
			rc = seccomp_rule_add(c, SCMP_ACT_ALLOW,
			    calls[i].number, 0);
	for (size_t i = 0; i < COUNT_OF(killers) && rc == 0; i++)
		if (killers[i] != __NR_SCMP_ERROR)
			rc = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS,
			    killers[i], 0);
	return rc == 0 ? arguments_add(c, wall) : rc;
}

static enum err
seccomp_enter(enum sandbox_wall wall)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (c == NULL)
		return ERR_SYSTEM;
	rc = filter_fill(c, wall);
	/* The calls of another architecture have other numbers. */
	if (rc == 0)
		rc = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH,
		    SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = seccomp_load(c);
	seccomp_release(c);
	if (rc != 0) {
		errno = -rc;
		return ERR_SYSTEM;
	}
	return OK;
}

#ifdef __SANITIZE_ADDRESS__
/* The leak checker wants a thread at exit and waits for it for ever. */
static bool entered;

int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return entered;
}
#endif

enum err
sandbox_enter(enum sandbox_wall wall, const struct sandbox_limits *limits)
{
	enum err e;

#ifdef __SANITIZE_ADDRESS__
	entered = true;
#endif

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_SYSTEM;
	limits_set(wall, limits);
	e = capabilities_drop();
	if (e == OK)
		e = landlock_enter(wall, limits);
	if (e == OK)
		e = seccomp_enter(wall);
	if (e != OK)
		log_err("sandbox.failed", "errno=%d", errno);
	return e;
}
