/*
 * snapshot.c - the cache on disk.  See snapshot.h.
 *
 * Deadlines: within one boot of the machine they are exact (CLOCK_BOOTTIME).
 * After a reboot only the wall clock tells how long the machine was away; a
 * clock that went back counts as no time at all, one that jumped ahead is
 * believed: a zone may then expire early until the feed is there, but is
 * never served for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/base/now.h"
#include "common/base/rd.h"
#include "common/base/wr.h"
#include "common/dns/digest.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/tree.h"
#include "dnsd/cache_layout.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "dnsd/snapshot.h"

#define SNAPSHOT_MAGIC UINT64_C(0x5544534e41503031)	/* "UDSNAP01" */

enum {
	SNAPSHOT_FORMAT = 1,
	HEADER_BYTES = 8 + 4 + 4 + 8 + 8 + 36 + 4 * 8,
	TRAILER_BYTES = 1 + 8 + DIGEST_SIZE,
	OUT_BYTES = 1 << 20,
	BOOT_ID_BYTES = 36,
	ZONES_AN_EPOCH = 64,		/* then let the writer reclaim */
	TAG_ZONE = 'Z', TAG_PAGE = 'P', TAG_NODE = 'N', TAG_END = 'E',
	TAG_TRAILER = 'T',
};

#define TIME_MAX_MS (INT64_C(100) * 366 * 86400 * 1000)	/* a century */

/* ---- writing ----------------------------------------------------------------- */

struct out {
	int fd;
	struct buf buf;
	struct digest_run digest;
	uint64_t n_bytes;
	enum err err;
};

static void
out_flush(struct out *o)
{
	size_t at = 0;
	ssize_t n;

	if (o->err == OK)
		o->err = buf_err(&o->buf);
	digest_add(&o->digest, o->buf.data, o->buf.len);
	while (o->err == OK && at < o->buf.len) {
		n = write(o->fd, o->buf.data + at, o->buf.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			o->err = ERR_IO;
		else
			at += (size_t)n;
	}
	o->n_bytes += o->buf.len;
	buf_reset(&o->buf);
}

static void
out_room(struct out *o)
{
	if (o->buf.len >= OUT_BYTES)
		out_flush(o);
}

static void
boot_id_read(char out[BOOT_ID_BYTES])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(out, 0, BOOT_ID_BYTES);
	if (fd < 0)
		return;
	(void)!read(fd, out, BOOT_ID_BYTES);
	close(fd);
}

static const void *
at(const uint8_t *arena, cache_ref ref)
{
	return arena + (size_t)ref * CACHE_UNIT;
}

static void
page_put(struct out *o, const uint8_t *low, size_t low_len,
    const uint8_t *page)
{
	buf_u8(&o->buf, TAG_PAGE);
	buf_u16(&o->buf, (uint16_t)low_len);
	buf_u32(&o->buf, page_size(page));
	buf_bytes(&o->buf, low, low_len);
	buf_bytes(&o->buf, page, page_size(page));
	out_room(o);
}

/* A node in the form that has the digest (docs/PAGE.md), then its children. */
static void
tree_put(struct out *o, const uint8_t *arena, cache_ref ref, unsigned level,
    const uint8_t *low, size_t low_len)
{
	const struct cache_node *n = at(arena, ref);
	const uint8_t *bytes = at(arena, ref), *digests;
	const cache_ref *child;
	const uint32_t *fence;
	uint8_t head[TREE_NODE_HEADER] = "UND\x01";
	size_t size = sizeof(head);

	if (level == 0) {
		page_put(o, low, low_len, bytes);
		return;
	}
	child = (const cache_ref *)(const void *)((const uint64_t *)
	    (const void *)(n + 1) + n->n);
	fence = child + n->n;
	digests = bytes + n->size - (size_t)n->n * DIGEST_SIZE;
	for (unsigned i = 0; i < n->n; i++)
		size += 2 + (fence[i + 1] - fence[i]) + DIGEST_SIZE;
	head[4] = (uint8_t)level;
	head[6] = (uint8_t)n->n;
	head[7] = (uint8_t)(n->n >> 8);
	buf_u8(&o->buf, TAG_NODE);
	buf_u16(&o->buf, (uint16_t)low_len);
	buf_u32(&o->buf, (uint32_t)size);
	buf_bytes(&o->buf, low, low_len);
	buf_bytes(&o->buf, head, sizeof(head));
	for (unsigned i = 0; i < n->n; i++) {
		size_t len = fence[i + 1] - fence[i];
		uint8_t le[2] = { (uint8_t)len, (uint8_t)(len >> 8) };

		buf_bytes(&o->buf, le, sizeof(le));
		buf_bytes(&o->buf, bytes + fence[i], len);
		buf_bytes(&o->buf, digests + (size_t)i * DIGEST_SIZE,
		    DIGEST_SIZE);
	}
	out_room(o);
	for (unsigned i = 0; i < n->n; i++)
		tree_put(o, arena, child[i], level - 1, bytes + fence[i],
		    fence[i + 1] - fence[i]);
}

static void
zone_put(struct out *o, const uint8_t *arena, const struct cache_slot *s)
{
	static const uint8_t first[1] = { OWNERKEY_TREE_NORMAL };
	const struct cache_zone *z = at(arena, atomic_load_explicit(
	    (_Atomic cache_ref *)&s->head, memory_order_acquire));

	buf_u8(&o->buf, TAG_ZONE);
	buf_bytes(&o->buf, z->id, 16);
	buf_u8(&o->buf, z->apex_len);
	buf_u64(&o->buf, atomic_load_explicit((_Atomic uint64_t *)&s->stripes,
	    memory_order_relaxed));
	buf_u8(&o->buf, z->state);
	buf_u64(&o->buf, z->generation);
	buf_u64(&o->buf, (uint64_t)atomic_load_explicit(
	    (_Atomic int64_t *)&s->expire_at_ms, memory_order_relaxed));
	buf_u8(&o->buf, z->root_level);
	buf_bytes(&o->buf, z->tail + z->apex_len + z->nsec3_salt_len,
	    DIGEST_SIZE);
	buf_bytes(&o->buf, z->tail, z->apex_len);
	if (z->root != 0)
		tree_put(o, arena, z->root, z->root_level, first,
		    sizeof(first));
	buf_u8(&o->buf, TAG_END);
	out_room(o);
}

static void
header_put(struct out *o, const struct snapshot_facts *f)
{
	char boot_id[BOOT_ID_BYTES];

	boot_id_read(boot_id);
	buf_u64(&o->buf, SNAPSHOT_MAGIC);
	buf_u32(&o->buf, SNAPSHOT_FORMAT);
	buf_u32(&o->buf, CACHE_LAYOUT);
	buf_u64(&o->buf, (uint64_t)now_wall_ms());
	buf_u64(&o->buf, (uint64_t)now_boot_ms());
	buf_bytes(&o->buf, boot_id, BOOT_ID_BYTES);
	buf_u64(&o->buf, f->system_id);
	buf_u64(&o->buf, f->timeline);
	buf_u64(&o->buf, f->epoch);
	buf_u64(&o->buf, f->horizon);
}

/*
 * Each zone is whole, for its head is one reference.  When the table was
 * replaced between two stays, the walk starts again: a zone may come twice,
 * the later one counts.
 */
static enum err
zones_put(struct out *o, const uint8_t *arena, struct control *control,
    int slot, const _Atomic bool *give_up, uint64_t *out_n)
{
	const struct cache_super *super = (const void *)arena;
	struct cache_reader *reader = &control->reader[slot];
	uint64_t word, seen = 0, tag;
	const struct cache_slot *table;
	uint32_t i = 0, n_slots, stay;

	do {
		control_enter(reader, super);
		word = atomic_load_explicit((_Atomic uint64_t *)&super->dir,
		    memory_order_acquire);
		if (word != seen) {
			seen = word;
			i = 0;
		}
		table = at(arena, (cache_ref)(word >> 8));
		n_slots = 1u << (word & 0xff);
		stay = 0;
		while (i < n_slots && stay < ZONES_AN_EPOCH &&
		    o->err == OK) {
			tag = atomic_load_explicit((_Atomic uint64_t *)
			    &table[i].tag, memory_order_acquire);
			if (tag != CACHE_TAG_FREE &&
			    tag != CACHE_TAG_TOMBSTONE) {
				zone_put(o, arena, &table[i]);
				(*out_n)++;
				stay++;
			}
			i++;
		}
		control_leave(reader);
		if (give_up != NULL && atomic_load(give_up))
			return ERR_STOPPED;
	} while (i < n_slots && o->err == OK);
	return o->err;
}

static enum err
file_finish(struct out *o, uint64_t n_zones)
{
	struct digest d;

	buf_u8(&o->buf, TAG_TRAILER);
	buf_u64(&o->buf, n_zones);
	out_flush(o);
	digest_end(&o->digest, &d);
	if (o->err == OK && write(o->fd, &d, sizeof(d)) != sizeof(d))
		o->err = ERR_IO;
	if (o->err == OK && fsync(o->fd) < 0)
		o->err = ERR_IO;
	o->n_bytes += sizeof(d);
	return o->err;
}

/* The rename is only there after a crash when the folder is synced too. */
static void
folder_sync(const char *path)
{
	char *folder = strdup(path), *slash;
	int fd;

	if (folder == NULL)
		return;
	slash = strrchr(folder, '/');
	if (slash != NULL && slash != folder)
		*slash = '\0';
	fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	if (fd >= 0) {
		(void)!fsync(fd);
		close(fd);
	}
	free(folder);
}

enum err
snapshot_write(const char *path, const uint8_t *arena, struct control *control,
    int slot, const _Atomic bool *give_up, struct snapshot_facts *facts)
{
	struct out o = { .fd = -1 };
	char temp[1100];
	enum err e;

	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return ERR_INVALID;
	o.fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (o.fd < 0)
		return ERR_IO;
	buf_init(&o.buf, OUT_BYTES + TREE_NODE_MAX_BYTES + PAGE_MAX_BYTES +
	    4096);
	digest_begin(&o.digest);
	header_put(&o, facts);
	facts->n_zones = 0;
	e = zones_put(&o, arena, control, slot, give_up, &facts->n_zones);
	if (e == OK)
		e = file_finish(&o, facts->n_zones);
	if (close(o.fd) < 0 && e == OK)
		e = ERR_IO;
	if (e == OK && rename(temp, path) < 0)
		e = ERR_IO;
	if (e == OK)
		folder_sync(path);
	else
		unlink(temp);
	facts->n_bytes = o.n_bytes;
	buf_fini(&o.buf);
	return e;
}

/* ---- loading -------------------------------------------------------------------- */

struct clock {
	int64_t wall, boot;		/* when it was written */
	bool same_boot;
	int64_t elapsed;
};

static int64_t
deadline_of(const struct clock *c, uint64_t stored)
{
	int64_t d = (int64_t)stored, left;

	if (d == INT64_MAX || c->same_boot)
		return d;
	/* Claims: what cannot be a time has passed. */
	if (__builtin_sub_overflow(d, c->boot, &left) ||
	    left > TIME_MAX_MS || left < -TIME_MAX_MS)
		return 0;
	return now_boot_ms() + left - c->elapsed;
}

static enum err
header_get(struct rd *r, struct clock *c, struct snapshot_facts *f)
{
	char boot_id[BOOT_ID_BYTES];
	const uint8_t *id;

	if (rd_u64(r) != SNAPSHOT_MAGIC || rd_u32(r) != SNAPSHOT_FORMAT)
		return ERR_CORRUPT;
	(void)rd_u32(r);
	c->wall = (int64_t)rd_u64(r);
	c->boot = (int64_t)rd_u64(r);
	id = rd_bytes(r, BOOT_ID_BYTES);
	f->system_id = rd_u64(r);
	f->timeline = rd_u64(r);
	f->epoch = rd_u64(r);
	f->horizon = rd_u64(r);
	if (rd_failed(r))
		return ERR_CORRUPT;
	boot_id_read(boot_id);
	c->same_boot = memcmp(id, boot_id, BOOT_ID_BYTES) == 0 &&
	    boot_id[0] != '\0';
	c->elapsed = now_wall_ms();
	if (c->wall < 0 || c->wall > c->elapsed)
		c->elapsed = 0;
	else
		c->elapsed -= c->wall;
	f->age_ms = c->elapsed;
	return OK;
}

static enum err
part_get(struct rd *r, int tag, struct cache_load *load)
{
	uint16_t low_len = rd_u16(r);
	uint32_t len = rd_u32(r);
	const uint8_t *low = rd_bytes(r, low_len);
	const uint8_t *body = rd_bytes(r, len);

	if (rd_failed(r) || load == NULL ||
	    (tag != TAG_PAGE && tag != TAG_NODE))
		return ERR_CORRUPT;
	return tag == TAG_PAGE ?
	    cache_load_page(load, low, low_len, body, len) :
	    cache_load_node(load, low, low_len, body, len);
}

static enum err
zone_get(struct rd *r, const struct clock *c, struct cache_write *w)
{
	struct cache_facts f = { .may_go_back = true };
	struct cache_load *load = NULL;
	const uint8_t *p;
	enum err e = OK;
	int tag;

	p = rd_bytes(r, 16);
	if (p != NULL)
		memcpy(f.id, p, 16);
	f.apex_len = rd_u8(r);
	f.stripes = rd_u64(r);
	f.state = rd_u8(r);
	f.generation = rd_u64(r);
	f.expire_boot_ms = deadline_of(c, rd_u64(r));
	f.root_level = rd_u8(r);
	p = rd_bytes(r, DIGEST_SIZE);
	if (p != NULL)
		memcpy(&f.root, p, DIGEST_SIZE);
	p = rd_bytes(r, f.apex_len);
	if (rd_failed(r) || f.apex_len == 0 ||
	    f.state > CACHE_FACTS_SUSPENDED)
		return ERR_CORRUPT;
	memcpy(f.apex, p, f.apex_len);
	for (;;) {
		tag = rd_u8(r);
		if (rd_failed(r)) {
			cache_load_abort(load);
			return ERR_CORRUPT;
		}
		if (tag == TAG_END)
			break;
		if (load == NULL && e == OK)
			e = cache_write_begin(w, &f, &load);
		/* A zone that does not fit is skipped, the next may fit. */
		if (e == OK) {
			e = part_get(r, tag, load);
		} else {
			uint16_t low_len = rd_u16(r);

			rd_skip(r, (size_t)rd_u32(r) + low_len);
		}
	}
	if (load == NULL)
		return e != OK ? e : cache_write_set(w, &f);
	if (e != OK) {
		cache_load_abort(load);
		return e;
	}
	return cache_load_commit(load);
}

/* Whole and unchanged?  Before a byte of it is believed. */
static bool
file_verify(const uint8_t *bytes, size_t len)
{
	struct digest d;

	if (len < HEADER_BYTES + TRAILER_BYTES)
		return false;
	digest_of(bytes, len - DIGEST_SIZE, &d);
	return memcmp(&d, bytes + len - DIGEST_SIZE, DIGEST_SIZE) == 0;
}

static enum err
file_load(const uint8_t *bytes, size_t len, struct cache_write *w,
    struct snapshot_facts *f)
{
	struct rd r = rd_make(bytes, len - DIGEST_SIZE);
	enum err e, worst = OK;
	struct clock c;
	int tag;

	e = header_get(&r, &c, f);
	if (e != OK)
		return e;
	for (;;) {
		tag = rd_u8(&r);
		if (rd_failed(&r))
			return ERR_CORRUPT;
		if (tag == TAG_TRAILER)
			break;
		if (tag != TAG_ZONE)
			return ERR_CORRUPT;
		e = zone_get(&r, &c, w);
		if (e == ERR_CORRUPT)
			return e;
		if (e == OK)
			f->n_zones++;
		else
			worst = e;
	}
	return worst;
}

enum err
snapshot_load(const char *path, struct cache_write *w,
    struct snapshot_facts *out_facts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;
	enum err e = ERR_CORRUPT;

	memset(out_facts, 0, sizeof(*out_facts));
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(fd, &st) < 0 || st.st_size <= 0) {
		close(fd);
		return ERR_CORRUPT;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return ERR_NO_MEMORY;
	out_facts->n_bytes = (uint64_t)st.st_size;
	if (file_verify(bytes, (size_t)st.st_size))
		e = file_load(bytes, (size_t)st.st_size, w, out_facts);
	munmap(bytes, (size_t)st.st_size);
	return e;
}
