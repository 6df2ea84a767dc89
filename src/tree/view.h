/*
 * view.h - a whole image as it is shown: what its objects tell, and which memory it holds.
 */
#ifndef TREE_VIEW_H
#define TREE_VIEW_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "obj/common/overview.h"
#include "obj/object.h"

struct ctx;
struct image;
struct item;

struct view {
	const struct image *im;
	struct overview overview;  /* of the process */
	const struct item **by_id; /* all items, by scope and id */
	struct buf runs;	   /* struct page_run, ascending: memory in the image */
	uint64_t pages;		   /* in all of them */
	struct buf command;	   /* its arguments, each with its NUL, as far as they are known */
};

#define _view_ _cleanup_(view_done)

/* Reads the image to its end; all contents are verified.  im is the caller's and outlives it. */
int view_init(struct ctx *cx, struct image *im, struct view *ret);
void view_done(struct view *v);

/* The item of that scope and id, or NULL. */
const struct item *view_item(const struct view *v, enum scope scope, uint64_t id);

/* What one object tells; its fds, if it has any, are left out. */
void view_overview(const struct item *it, struct overview *ret);

/* Pages of [start, end) that the image holds. */
uint64_t view_stored(const struct view *v, uint64_t start, uint64_t end);

/* What print has to say of obj, on the heap; empty for nothing. */
char *view_text(void (*print)(const void *, FILE *), const void *obj);

#endif
