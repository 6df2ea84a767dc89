/*
 * items.c - the records of an image in memory.
 */
#include "tree/items.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "image/writer.h"
#include "obj/object.h"

int items_add(struct ctx *cx, struct items *l, const struct obj_ops *ops, uint64_t id,
	      struct item **ret)
{
	void *obj;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		void *p = reallocarray(l->item, cap, sizeof *l->item);

		if (!p)
			return fail(cx, -ENOMEM, "keep a record");
		l->item = p;
		l->cap = cap;
	}
	obj = calloc(1, ops->record.size);
	if (!obj)
		return fail(cx, -ENOMEM, "keep a record");
	l->item[l->n] = (struct item){ .ops = ops, .id = id, .obj = obj };
	*ret = &l->item[l->n++];
	return 0;
}

static void item_done(struct item *i)
{
	record_free(&i->ops->record, i->obj);
	free(i->obj);
	buf_done(&i->bulk);
}

void items_drop_last(struct items *l)
{
	item_done(&l->item[--l->n]);
}

void items_done(struct items *l)
{
	while (l->n)
		items_drop_last(l);
	free(l->item);
	*l = (struct items){ 0 };
}

int items_write(struct ctx *cx, const struct items *l, struct writer *w)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->item[i];
		int r = it->bulk.len ? writer_bulk(cx, w, &it->ops->record, it->id, it->obj,
						   it->bulk.p, it->bulk.len)
				     : writer_put(cx, w, &it->ops->record, it->id, it->obj);

		if (r < 0)
			return r;
	}
	return 0;
}
