/*
 * ring.c - a UDP worker's batch in memory that outlives it.  See ring.h.
 *
 * One process at a time uses a ring, and its successor starts after its
 * death: program order is all the order that is needed.  A compiler could
 * still move stores, hence the signal fences.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"
#include "dnsd/ring.h"

#define ORDER() atomic_signal_fence(memory_order_seq_cst)

enum err
ring_map(int fd, struct ring **out_ring)
{
	struct ring *r;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ERR_IO;
	if (st.st_size == 0 && ftruncate(fd, sizeof(*r)) < 0)
		return ERR_IO;
	if (st.st_size != 0 && (size_t)st.st_size < sizeof(*r))
		return ERR_MALFORMED;
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_POPULATE, fd, 0);
	if (r == MAP_FAILED)
		return ERR_IO;
	if (r->magic == 0) {
		r->layout = RING_LAYOUT;
		ORDER();
		r->magic = RING_MAGIC;
	}
	if (r->magic != RING_MAGIC || r->layout != RING_LAYOUT) {
		munmap(r, sizeof(*r));
		return ERR_MALFORMED;
	}
	/* Pointers are of this process; what they point to is the ring's. */
	for (unsigned i = 0; i < RING_BATCH; i++) {
		struct msghdr *m = &r->in[i].msg_hdr;

		r->in_iov[i].iov_base = r->bytes[i];
		r->in_iov[i].iov_len = RING_DATAGRAM_MAX;
		m->msg_name = &r->source[i];
		m->msg_iov = &r->in_iov[i];
		m->msg_iovlen = 1;
		m->msg_control = r->control[i];
	}
	r->n_in = RING_BATCH;
	*out_ring = r;
	return OK;
}

void
ring_unmap(struct ring *r)
{
	if (r != NULL)
		munmap(r, sizeof(*r));
}

static void
quarantine_slot(struct ring *r, unsigned slot)
{
	struct ring_quarantine *q =
	    &r->quarantine[r->n_quarantined % RING_QUARANTINE];

	q->len = (uint32_t)MIN(ring_len(r, slot), (size_t)RING_DATAGRAM_MAX);
	q->source = r->source[slot];
	memcpy(q->bytes, r->bytes[slot], q->len);
	r->n_quarantined++;
}

unsigned
ring_recover(struct ring *r, bool crashed, uint8_t *slots,
    unsigned *out_quarantined)
{
	unsigned n = 0;

	*out_quarantined = 0;
	for (unsigned j = 0; j < r->n_out && j < RING_BATCH; j++)
		if (r->out[j].msg_len > 0 && r->out_slot[j] < RING_BATCH)
			r->done[r->out_slot[j]] = 1;
	ORDER();
	r->n_out = 0;
	for (unsigned i = 0; i < RING_BATCH; i++) {
		if (r->in[i].msg_len == 0 || r->done[i])
			continue;
		if (!crashed && r->mark[i] > 0)
			r->mark[i]--;
		if (r->in[i].msg_len > RING_DATAGRAM_MAX) {
			ring_done(r, i);
			continue;
		}
		if (r->mark[i] >= RING_MARKS_MAX) {
			quarantine_slot(r, i);
			ring_done(r, i);
			(*out_quarantined)++;
			continue;
		}
		slots[n++] = (uint8_t)i;
	}
	return n;
}

unsigned
ring_receive(struct ring *r, int fd, unsigned socket, int flags)
{
	int n;

	/* Only what the last batch used has changed. */
	r->n_out = 0;
	ORDER();
	for (unsigned i = 0; i < r->n_in; i++)
		r->in[i].msg_len = 0;
	ORDER();
	r->socket = socket;
	for (unsigned i = 0; i < r->n_in; i++) {
		struct msghdr *m = &r->in[i].msg_hdr;

		r->done[i] = 0;
		r->mark[i] = 0;
		m->msg_namelen = sizeof(r->source[i]);
		m->msg_controllen = RING_CONTROL_MAX;
		m->msg_flags = 0;
	}
	r->n_in = RING_BATCH;		/* until it is known */
	ORDER();
	n = recvmmsg(fd, r->in, RING_BATCH, flags, NULL);
	ORDER();
	r->n_in = n > 0 ? (uint32_t)n : 1;	/* a failure may have touched one */
	return n > 0 ? (unsigned)n : 0;
}

void
ring_mark(struct ring *r, unsigned slot)
{
	r->mark[slot]++;
	ORDER();
}

void
ring_done(struct ring *r, unsigned slot)
{
	ORDER();
	r->done[slot] = 1;
	ORDER();
}

/*
 * The answer leaves from the address that was asked: on a socket bound to a
 * wildcard the kernel has told it, and takes it back in the same form.
 */
static void
control_turn(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c == NULL) {
		m->msg_control = NULL;
		m->msg_controllen = 0;
		return;
	}
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *p = (struct in_pktinfo *)(void *)
		    CMSG_DATA(c);

		p->ipi_spec_dst = p->ipi_addr;
		p->ipi_ifindex = 0;
	}
}

void
ring_queue(struct ring *r, unsigned slot, uint8_t *bytes, size_t len)
{
	struct msghdr *m;
	unsigned j = r->n_out;

	CHECK(j < RING_BATCH);
	m = &r->out[j].msg_hdr;
	r->out_slot[j] = (uint8_t)slot;
	r->out_iov[j].iov_base = bytes;
	r->out_iov[j].iov_len = len;
	m->msg_name = &r->source[slot];
	m->msg_namelen = r->in[slot].msg_hdr.msg_namelen;
	m->msg_iov = &r->out_iov[j];
	m->msg_iovlen = 1;
	m->msg_control = r->control[slot];
	m->msg_controllen = r->in[slot].msg_hdr.msg_controllen;
	m->msg_flags = 0;
	if (m->msg_namelen > sizeof(r->source[slot]))
		m->msg_namelen = sizeof(r->source[slot]);
	if (m->msg_controllen > RING_CONTROL_MAX)
		m->msg_controllen = 0;
	control_turn(m);
	r->out[j].msg_len = 0;
	ORDER();
	r->n_out = j + 1;
}

unsigned
ring_send(struct ring *r, int fd, unsigned *out_failed)
{
	unsigned at = 0, sent = 0;
	int n;

	*out_failed = 0;
	ORDER();
	while (at < r->n_out) {
		n = sendmmsg(fd, r->out + at, r->n_out - at, 0);
		ORDER();
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* This one cannot go (address, size, full queue). */
			(*out_failed)++;
			ring_done(r, r->out_slot[at++]);
			continue;
		}
		for (int i = 0; i < n; i++)
			ring_done(r, r->out_slot[at++]);
		sent += (unsigned)n;
	}
	r->n_out = 0;
	return sent;
}
