/*
 * share.h - work that several threads share.
 */
#ifndef BASE_SHARE_H
#define BASE_SHARE_H

#include <stddef.h>

struct ctx;

/* Does part i of the work; spare is the thread's own memory, page aligned. */
typedef int share_fn(struct ctx *cx, void *arg, size_t i, void *spare);

/* Calls fn for every i below n, on two threads for each processor (one for little work),
 * each with spare bytes of its own.  Returns 0, or the first failure, after which no new part is
 * begun. */
int share_work(struct ctx *cx, size_t n, size_t spare, share_fn *fn, void *arg);

#endif
