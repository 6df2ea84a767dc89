/*
 * items.h - the records of an image in memory: objects collected, or objects read.
 */
#ifndef TREE_ITEMS_H
#define TREE_ITEMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct ctx;
struct obj_ops;
struct writer;

struct item {
	const struct obj_ops *ops;
	uint64_t id;
	void *obj;
	struct buf bulk;
};

struct items {
	struct item *item;
	size_t n, cap;
};

#define _items_ _cleanup_(items_done)

/* A new item with a zeroed object; it is the list's. */
int items_add(struct ctx *cx, struct items *l, const struct obj_ops *ops, uint64_t id,
	      struct item **ret);
void items_drop_last(struct items *l);
void items_done(struct items *l);

int items_write(struct ctx *cx, const struct items *l, struct writer *w);

#endif
