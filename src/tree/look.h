/*
 * look.h - reading all of a process that can be seen from outside, live or stopped.
 */
#ifndef TREE_LOOK_H
#define TREE_LOOK_H

#include "obj/common/target.h"

struct ctx;

#define _target_ _cleanup_(target_done)

/* Maps, stat, descriptors, and the files behind both.  Fills everything but threads and signals.
 * The flags of the maps are read (which costs time in proportion to memory), or taken from before.
 */
enum look { LOOK_LIVE, LOOK_STOPPED };
int target_look(struct ctx *cx, pid_t pid, enum look how, const struct maps *before,
		struct target *ret);
void target_done(struct target *t);

/* Closes our copies of its files, before it runs on: they would keep pipes and locks alive. */
void target_close_copies(struct target *t);

#endif
