/*
 * open.h - every open file of an image, opened once, under the numbers that the task inherits.
 */
#ifndef TREE_OPEN_H
#define TREE_OPEN_H

#include <stdbool.h>

#include "obj/common/rebuild.h"

struct ctx;
struct image;

/* Gives every file record its number in rb, without opening anything. */
int open_number(struct ctx *cx, const struct image *im, struct rebuild *rb);

/* Opens them all, under these numbers. */
int open_files(struct ctx *cx, const struct image *im, struct rebuild *rb);

/* Closes what open_files opened: once the task has inherited it, only the task is to hold it. */
void open_close(struct rebuild *rb);

/* The same, and frees the lists. */
void open_done(struct rebuild *rb);

#endif
