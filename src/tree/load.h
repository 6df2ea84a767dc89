/*
 * load.h - an image read into memory, all but the contents of memory.
 */
#ifndef TREE_LOAD_H
#define TREE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "image/foreign.h"
#include "image/header.h"
#include "image/reader.h"
#include "tree/items.h"
#include "tree/pages.h"
#include "tree/process.h"

struct ctx;
struct ranges;

/* A pages record whose bulk data is still in the image. */
struct loaded_pages {
	struct record rec;
	struct pages pages;
};

struct image {
	struct reader *reader; /* borrowed */
	struct image_header header;
	uint32_t pid;
	struct process process;
	struct items items;
	struct foreigners foreigners; /* of skippable kinds that this reprise does not know */

	/* The pages records: all of them where the image can be read at any place (complete), else
	 * only the first, at which the reader stands. */
	struct loaded_pages *pages;
	size_t npages;
	bool complete; /* read and verified up to its end */
	/* What memory pages records may be for.  Made when the first one comes, behind all objects.
	 */
	struct ranges *holders;
	struct ranges *written; /* memory that pages records have brought so far */
};

#define _image_ _cleanup_(image_done)

/* Header, process and objects; then as many pages records as can be passed over. */
int image_load(struct ctx *cx, struct reader *r, struct image *ret);
void image_done(struct image *im);

/* Where not complete: replaces the only pages record by the next one.  1, or 0 at the verified end.
 */
int image_next_pages(struct ctx *cx, struct image *im);

#endif
