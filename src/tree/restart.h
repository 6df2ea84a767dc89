/*
 * restart.h - an image becomes a process: read, gate, plan, open, spawn, run, go.
 */
#ifndef TREE_RESTART_H
#define TREE_RESTART_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "obj/common/rebuild.h"

struct ctx;
struct reader;

struct restart_options {
	enum changed_files changed_files;
	bool stdin_taken;    /* the image comes by standard input */
	bool orphan;	     /* the program is to belong to init, not to us */
	FILE *explain;	     /* print the plan there instead of restarting */
	FILE *say;	     /* warnings; may be NULL */
	const char *pidfile; /* or NULL */
};

/* On success the program runs, as a child of ours or of init; *ret_pid is its PID (0 after
 * explain).  On failure nothing is left of it. */
int restart_process(struct ctx *cx, struct reader *r, const struct restart_options *o,
		    pid_t *ret_pid);

#endif
