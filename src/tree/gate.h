/*
 * gate.h - everything that speaks against a restart, found before anything is created.
 */
#ifndef TREE_GATE_H
#define TREE_GATE_H

#include "obj/common/rebuild.h"

struct ctx;
struct image;

/* Fails with all problems in one message, separated by "; ".  warnings: one line each. */
int gate_check(struct ctx *cx, const struct image *im, enum changed_files changed,
	       struct buf *warnings);

#endif
