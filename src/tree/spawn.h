/*
 * spawn.h - a new task under an old PID, ours to shape until it is let go.
 */
#ifndef TREE_SPAWN_H
#define TREE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct ctx;
struct image;
struct plan;
struct program;
struct rebuild;

struct spawned {
	pid_t pid; /* 0: none, or let go */
};

#define _spawned_ _cleanup_(spawned_done)

/* A child of ours (or, as an orphan, of init), running the skeleton executable of the image's ABI,
 * stopped, with the stub in the plan's area.  It dies with us, and in spawned_done. */
int spawn(struct ctx *cx, const struct image *im, const struct plan *p, const struct rebuild *rb,
	  bool orphan, struct spawned *ret);
void spawned_done(struct spawned *s);

/* Runs the program's first list in the task, and those of the threads that it makes; all of them
 * have ended, and stand still, on success. */
int spawn_run(struct ctx *cx, struct spawned *s, const struct plan *p, struct program *prog,
	      size_t threads);

/* Unmaps the area; the leader then stands where the kernel starts interrupted calls again. */
int spawn_clear(struct ctx *cx, struct spawned *s, const struct plan *p);

#endif
