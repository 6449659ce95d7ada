/*
 * keep.h - the main process of xferd.
 *
 * Knows:    putting the rooms together, the loop, taking them apart.
 * Not here: what they do.
 */
#ifndef XFERD_KEEP_H
#define XFERD_KEEP_H

struct svc;

/** keep_run() - the main process from start to end
 * @program: absolute path of xferd, for the children
 *
 * Returns an exit code.
 */
int keep_run(struct svc *svc, const char *program);

#endif
