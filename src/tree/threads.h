/*
 * threads.h - what ptrace tells of each thread of a stopped process.
 */
#ifndef TREE_THREADS_H
#define TREE_THREADS_H

struct ctx;
struct seizure;
struct target;

/* Fills t->thread, t->abi and the pending signals. */
int threads_look(struct ctx *cx, const struct seizure *s, struct target *t);

#endif
