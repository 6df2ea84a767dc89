/*
 * complete.c - whether the records of an image make a whole: everything there that must be, nothing
 * twice, no mapping in the place of another (doc/IMAGE.md, "What belongs together").
 *
 * What the records say is judged by the objects themselves.
 */
#include "tree/complete.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "tree/load.h"
#include "tree/ranges.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

static size_t count(const struct buf *ids)
{
	return ids->len / sizeof(uint64_t);
}

static bool twice(const struct buf *ids)
{
	const uint64_t *id = ids->p;

	for (size_t i = 1; i < count(ids); i++)
		if (id[i] == id[i - 1])
			return true;
	return false;
}

/* The ids of all records whose row is wanted, ascending. */
static void collect_ids(struct gate *g, const struct image *im,
			bool (*wanted)(const struct obj_ops *, const void *arg), const void *arg,
			struct buf *ret)
{
	for (size_t i = 0; i < im->items.n; i++)
		if (wanted(im->items.item[i].ops, arg))
			buf_put(ret, &im->items.item[i].id, sizeof(uint64_t));
	if (buf_err(ret)) {
		gate_problem(g, -ENOMEM, "check the image");
		ret->len = 0;
	}
	if (ret->len)
		qsort(ret->p, count(ret), sizeof(uint64_t), by_value);
}

static bool is_row(const struct obj_ops *o, const void *arg)
{
	return o == arg;
}

static bool has_scope(const struct obj_ops *o, const void *arg)
{
	return o->scope == *(const enum scope *) arg;
}

static bool sets_registers(const struct obj_ops *o, const void *arg)
{
	(void) arg;
	return o->scope == SCOPE_THREAD && o->registers;
}

/* Rows without a condition are there once for each process or thread, others once at most. */
static void check_rows(struct gate *g, const struct image *im)
{
	size_t threads = im->process.tids.len / sizeof(uint32_t);

	for (size_t o = 0; o < nobjects; o++) {
		size_t want = objects[o]->scope == SCOPE_TASK ? 1 : threads;
		_buf_ struct buf ids = { 0 };

		if (objects[o]->scope != SCOPE_TASK && objects[o]->scope != SCOPE_THREAD)
			continue;
		collect_ids(g, im, is_row, objects[o], &ids);
		if (count(&ids) > want || (count(&ids) < want && !objects[o]->match))
			gate_problem(g, ERR_DAMAGED,
				     "the image holds %zu %s records instead of %zu", count(&ids),
				     objects[o]->record.name, want);
		else if (twice(&ids))
			gate_problem(g, ERR_DAMAGED, "the image holds two %s records of one thread",
				     objects[o]->record.name);
	}
}

/* Every thread runs again from registers: exactly one row that sets them. */
static void check_registers(struct gate *g, const struct image *im)
{
	size_t threads = im->process.tids.len / sizeof(uint32_t);
	_buf_ struct buf ids = { 0 };

	collect_ids(g, im, sets_registers, NULL, &ids);
	if (count(&ids) != threads)
		gate_problem(g, ERR_DAMAGED,
			     "the image holds registers of %zu threads instead of %zu", count(&ids),
			     threads);
	else if (twice(&ids))
		gate_problem(g, ERR_DAMAGED, "the image holds registers of a thread twice");
}

static void check_files(struct gate *g, const struct image *im, struct buf *file_ids)
{
	static const enum scope file = SCOPE_FILE, description = SCOPE_DESCRIPTION;
	_buf_ struct buf around = { 0 };

	collect_ids(g, im, has_scope, &file, file_ids);
	collect_ids(g, im, has_scope, &description, &around);
	if (twice(file_ids))
		gate_problem(g, ERR_DAMAGED, "the image holds a file twice");
	else if (count(file_ids) && *(uint64_t *) file_ids->p == 0)
		gate_problem(g, ERR_DAMAGED, "the image holds a file without a number");
	else if (around.len != file_ids->len ||
		 (around.len && memcmp(around.p, file_ids->p, around.len)))
		gate_problem(g, ERR_DAMAGED,
			     "not every file of the image has exactly one description");
	g->file = file_ids->p;
	g->nfiles = count(file_ids);
}

static void check_mappings(struct gate *g, const struct image *im)
{
	_ranges_ struct ranges all = { 0 };
	const struct span *second;

	for (size_t i = 0; i < im->items.n; i++) {
		const struct item *it = &im->items.item[i];
		uint64_t start, end;

		if (!it->ops->extent)
			continue;
		it->ops->extent(it->obj, &start, &end);
		ranges_add(&all, start, end);
	}
	if (buf_err(&all.span)) {
		gate_problem(g, -ENOMEM, "check the image");
		return;
	}
	ranges_sort(&all);
	second = ranges_overlap(&all);
	if (second)
		gate_problem(g, ERR_DAMAGED, "the mapping at 0x%" PRIx64 " overlaps another one",
			     second->start);
}

void complete_check(struct gate *g, const struct image *im, struct buf *file_ids)
{
	check_rows(g, im);
	check_registers(g, im);
	check_files(g, im, file_ids);
	check_mappings(g, im);
}
