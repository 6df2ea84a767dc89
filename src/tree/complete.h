/*
 * complete.h - whether the records of an image make a whole.
 */
#ifndef TREE_COMPLETE_H
#define TREE_COMPLETE_H

struct gate;
struct image;
struct buf;

/* Says what is missing, there twice, or in the way of something else.  file_ids: ids of all open
 * files, uint64_t, ascending, to be kept as long as g. */
void complete_check(struct gate *g, const struct image *im, struct buf *file_ids);

#endif
