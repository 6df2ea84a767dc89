/*
 * plan.h - an image compiled into the programs of one task.
 */
#ifndef TREE_PLAN_H
#define TREE_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "program/program.h"

struct ctx;
struct image;
struct rebuild;

struct plan {
	struct program map; /* lays out the memory */
	struct program
		late;	   /* everything else: the leader's list, then one for each other thread */
	uint64_t skeleton; /* where the executable that it starts from is loaded: a page */
	uint64_t area;	   /* where the stub and a program stand while it runs */
	size_t area_size;
	int signal; /* with which a thread says that its list has ended */
};

#define _plan_ _cleanup_(plan_done)

/* rb: with its descriptors numbered. */
int plan_build(struct ctx *cx, const struct image *im, struct rebuild *rb, struct plan *ret);
void plan_done(struct plan *p);

void plan_print(const struct plan *p, const struct rebuild *rb, FILE *f);

#endif
