#include "xferd/notice.h"
#include <stdlib.h>
struct notice { struct keep *keep; };
enum err notice_new(struct keep *keep, struct notice **out) { *out = calloc(1, sizeof(**out)); (*out)->keep = keep; return OK; }
void notice_stop(struct notice *n) { (void)n; }
void notice_close(struct notice *n) { free(n); }
void notice_frame(struct notice *n, struct child *child, enum handoff_kind kind, const uint8_t *payload, size_t len) { (void)n; (void)child; (void)kind; (void)payload; (void)len; }
void notice_ready(struct notice *n, struct child *child) { (void)n; (void)child; }
void notice_gone(struct notice *n) { (void)n; }
