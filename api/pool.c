/*
 * pool.c - handler threads.  See pool.h.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "api/pool.h"
#include "api/req.h"
#include "common/base/check.h"
#include "common/base/log.h"

struct pool {
	struct pool_conf conf;
	pthread_mutex_t lock;		/* guards all below */
	pthread_cond_t news;
	struct req *first, *last;
	unsigned int n_queued;
	bool stopping;
	unsigned int n_threads;		/* running */
	pthread_t thread[];
};

static struct req *
take(struct pool *p)
{
	struct req *r;

	pthread_mutex_lock(&p->lock);
	while (p->first == NULL && !p->stopping)
		pthread_cond_wait(&p->news, &p->lock);
	r = p->first;
	if (r != NULL) {
		p->first = r->next;
		if (p->first == NULL)
			p->last = NULL;
		r->next = NULL;
		CHECK(p->n_queued > 0);
		p->n_queued--;
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

static void *
handler_thread(void *arg)
{
	struct pool *p = arg;
	struct repo *repo = NULL;
	struct req *r;

	if (repo_new(p->conf.repo, &repo) != OK) {
		log_err("handler.failed", "reason=\"out of memory\"");
		abort();
	}
	for (r = take(p); r != NULL; r = take(p))
		p->conf.run(r, repo);
	repo_free(repo);
	return NULL;
}

enum err
pool_new(const struct pool_conf *conf, struct pool **out_pool)
{
	struct pool *p = calloc(1, sizeof(*p) +
	    conf->n_threads * sizeof(p->thread[0]));

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->conf = *conf;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->news, NULL);
	for (unsigned int i = 0; i < conf->n_threads; i++) {
		if (pthread_create(&p->thread[i], NULL, handler_thread,
		    p) != 0) {
			pool_free(p);
			return ERR_SYSTEM;
		}
		p->n_threads++;
	}
	*out_pool = p;
	return OK;
}

bool
pool_submit(struct pool *p, struct req *r)
{
	bool taken = false;

	pthread_mutex_lock(&p->lock);
	if (!p->stopping && p->n_queued < p->conf.queue_max) {
		r->next = NULL;
		if (p->last != NULL)
			p->last->next = r;
		else
			p->first = r;
		p->last = r;
		p->n_queued++;
		taken = true;
		pthread_cond_signal(&p->news);
	}
	pthread_mutex_unlock(&p->lock);
	return taken;
}

void
pool_stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->news);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; i < p->n_threads; i++)
		pthread_join(p->thread[i], NULL);
	p->n_threads = 0;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pool_stop(p);
	pthread_cond_destroy(&p->news);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
