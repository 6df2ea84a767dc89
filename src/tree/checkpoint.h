/*
 * checkpoint.h - a process becomes an image: preflight, stop, collect, snapshot, resume, write,
 * publish.
 */
#ifndef TREE_CHECKPOINT_H
#define TREE_CHECKPOINT_H

#include <stdint.h>
#include <sys/types.h>

struct ctx;
struct writer;

enum live { LIVE_AUTO, LIVE_COPY, LIVE_FORK };
enum afterwards { THEN_RUN, THEN_STOP, THEN_KILL };

struct checkpoint_options {
	pid_t pid;
	enum live live;
	enum afterwards then;
};

struct checkpoint_report {
	uint64_t stopped_ns;	 /* how long the process stood still; 0 if it did not run on */
	uint64_t pages, threads; /* found */
	enum live live;		 /* the way that was taken */
};

/* Writes the image to w and publishes it.  On failure the process runs on as if nothing had been.
 */
int checkpoint_process(struct ctx *cx, const struct checkpoint_options *o, struct writer *w,
		       struct checkpoint_report *ret);

#endif
