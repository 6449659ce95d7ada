/*
 * The snapshot: what comes back, and what is refused.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/now.h"
#include "dnsd/snapshot.h"
#include "tests/unit/dnsd/cachemodel.h"

enum { ARENA = 32 << 20, SLOT = CONTROL_SLOT_SNAPSHOT };

static char path[64];

static void
path_make(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/us-snapshot.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static void
fill(struct model *m, uint32_t zones, uint32_t names)
{
	struct model_version v;
	struct cache_facts f;

	for (uint32_t zone = 0; zone < zones; zone++) {
		model_build(&v, zone, zone + 3, zone == 0 ? names : 5);
		assert_ok(model_publish(m->w, zone, zone + 3, &v, NULL));
		model_free(&v);
	}
	model_facts(&f, 1000, 0);
	f.state = CACHE_FACTS_EMPTY;
	f.stripes = 4;
	assert_ok(cache_write_set(m->w, &f));
	model_facts(&f, 1, 0);
	cache_write_expire(m->w, f.id, now_boot_ms() + 50000);
}

static uint8_t *
slurp(size_t *out_len)
{
	struct stat st;
	FILE *f = fopen(path, "r");
	uint8_t *bytes;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	*out_len = fread(bytes, 1, (size_t)st.st_size, f);
	fclose(f);
	return bytes;
}

static void
spill(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

TEST(snapshot_brings_every_zone_back)
{
	struct snapshot_facts facts = { .system_id = 5, .epoch = 6,
	    .horizon = 7, .timeline = 8 }, got;
	struct cache_facts f;
	struct cache_held *z;
	struct model a, b;

	path_make();
	model_open(&a, ARENA);
	fill(&a, 40, 900);
	assert_ok(snapshot_write(path, a.view, a.control, SLOT, NULL,
	    &facts));
	assert_int_equal(facts.n_zones, 41);
	model_open(&b, ARENA);
	assert_ok(snapshot_load(path, b.w, &got));
	assert_int_equal(got.n_zones, 41);
	assert_int_equal(got.system_id, 5);
	assert_int_equal(got.epoch, 6);
	assert_int_equal(got.horizon, 7);
	assert_int_equal(got.timeline, 8);
	for (uint32_t zone = 0; zone < 40; zone++) {
		const struct cache_zone *head = model_head(b.view, zone);

		assert_non_null(head);
		assert_int_equal(head->serial, zone + 3);
		for (uint32_t i = 0; i < (zone == 0 ? 900u : 5u); i++)
			assert_int_equal(model_read(b.view, head, zone, i),
			    model_read(a.view, model_head(a.view, zone), zone,
			    i));
	}
	/* The same boot: deadlines are exact. */
	model_facts(&f, 1, 0);
	z = cache_write_find(b.w, f.id);
	assert_int_equal(z->expire_boot_ms,
	    cache_write_find(a.w, f.id)->expire_boot_ms);
	model_facts(&f, 1000, 0);
	z = cache_write_find(b.w, f.id);
	assert_int_equal(z->state, CACHE_FACTS_EMPTY);
	assert_int_equal(z->stripes, 4);
	assert_true(cache_write_check(b.w));
	model_close(&a);
	model_close(&b);
	unlink(path);
}

TEST(snapshot_refuses_every_prefix_and_every_changed_byte)
{
	struct snapshot_facts facts = { 0 };
	struct model a, b;
	uint8_t *bytes;
	size_t len;

	path_make();
	model_open(&a, ARENA);
	fill(&a, 4, 6);
	assert_ok(snapshot_write(path, a.view, a.control, SLOT, NULL,
	    &facts));
	bytes = slurp(&len);
	assert_true(len > 500 && len < 20000);
	model_open(&b, ARENA);
	for (size_t i = 0; i < len; i++) {
		spill(bytes, i);
		assert_err(snapshot_load(path, b.w, &facts), ERR_CORRUPT);
		assert_int_equal(cache_write_n_zones(b.w), 0);
	}
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= (uint8_t)(1u << (i % 8));
		spill(bytes, len);
		assert_err(snapshot_load(path, b.w, &facts), ERR_CORRUPT);
		assert_int_equal(cache_write_n_zones(b.w), 0);
		bytes[i] ^= (uint8_t)(1u << (i % 8));
	}
	spill(bytes, len);
	assert_ok(snapshot_load(path, b.w, &facts));
	assert_int_equal(cache_write_n_zones(b.w), 5);
	free(bytes);
	model_close(&a);
	model_close(&b);
	unlink(path);
	assert_err(snapshot_load(path, NULL, &facts), ERR_NOT_FOUND);
}

TEST(snapshot_keeps_the_old_file_when_it_cannot_write_or_gives_up)
{
	struct snapshot_facts facts = { 0 };
	_Atomic bool give_up = true;
	struct model a;
	uint8_t *before, *after;
	size_t len, n;

	path_make();
	model_open(&a, ARENA);
	fill(&a, 4, 6);
	assert_ok(snapshot_write(path, a.view, a.control, SLOT, NULL,
	    &facts));
	before = slurp(&len);
	assert_err(snapshot_write(path, a.view, a.control, SLOT, &give_up,
	    &facts), ERR_STOPPED);
	after = slurp(&n);
	assert_int_equal(n, len);
	assert_memory_equal(before, after, len);
	assert_err(snapshot_write("/nonexistent/folder/x", a.view, a.control,
	    SLOT, NULL, &facts), ERR_IO);
	/* The reader's slot is free again. */
	assert_int_equal(atomic_load(&a.control->reader[SLOT].epoch), 0);
	free(before);
	free(after);
	model_close(&a);
	unlink(path);
}
