/*
 * fill.h - the contents of memory, from the image into the new task.
 */
#ifndef TREE_FILL_H
#define TREE_FILL_H

#include <stdint.h>
#include <sys/types.h>

struct ctx;
struct image;

/* Writes every pages record of the image into process pid, whose mappings stand; nothing at or
 * behind area_start and before area_end is touched.  At the end the image is read and verified
 * whole. */
int fill_memory(struct ctx *cx, struct image *im, pid_t pid, uint64_t area_start,
		uint64_t area_end);

#endif
