/*
 * snapshot.h - a copy-on-write twin of a stopped process, from which its memory is read at leisure.
 *
 * The twin is a child that the process does not see: its parent is gone when the visit ends, the
 * process is sent no signal, no descriptor is held open.  It stands in a stop of ours and never
 * runs; it dies with us, and is reaped by whoever adopts orphans: init, or an ancestor that is a
 * child subreaper.  What the process keeps of it is the ru_maxrss of its children (getrusage(2)).
 */
#ifndef TREE_SNAPSHOT_H
#define TREE_SNAPSHOT_H

#include <sys/types.h>

struct ctx;
struct target;
struct visit;

struct snapshot {
	pid_t pid; /* 0: none */
	int err;   /* of what happened in the child that makes it */
};

#define _snapshot_ _cleanup_(snapshot_done)

/* 1: a twin can be made; 0: the process adopts orphans and would find it among its children. */
int snapshot_possible(struct ctx *cx, struct visit *v, const struct target *t);

int snapshot_fork(struct ctx *cx, struct visit *v, const struct target *t, struct snapshot *ret);
void snapshot_done(struct snapshot *s);

#endif
