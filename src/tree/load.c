/*
 * load.c - an image read into memory, all but the contents of memory.
 */
#include "tree/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "tree/ranges.h"

static void drop_pages(struct image *im)
{
	while (im->npages)
		record_free(&pages_type, &im->pages[--im->npages].pages);
}

void image_done(struct image *im)
{
	drop_pages(im);
	free(im->pages);
	ranges_free(im->holders);
	ranges_free(im->written);
	items_done(&im->items);
	foreigners_done(&im->foreigners);
	record_free(&process_type, &im->process);
	record_free(&image_header_type, &im->header);
	*im = (struct image){ 0 };
}

static int load_bulk(struct ctx *cx, struct image *im, const struct record *rec, struct item *it)
{
	uint64_t most = it->ops->bulk_max ? it->ops->bulk_max(it->obj) : 0;

	if (rec->bulk_len > most)
		return fail(cx, ERR_DAMAGED,
			    "a %s has %" PRIu64 " bytes of bulk data instead of %" PRIu64
			    " at most: the image is damaged",
			    it->ops->record.name, rec->bulk_len, most);
	return reader_bulk_append(cx, im->reader, rec, &it->bulk);
}

static int load_object(struct ctx *cx, struct image *im, const struct obj_ops *ops,
		       const struct record *rec)
{
	struct item *it;
	int r = items_add(cx, &im->items, ops, rec->id, &it);

	if (r < 0)
		return r;
	r = reader_decode(cx, im->reader, rec, &ops->record, it->obj);
	if (r < 0) {
		memset(it->obj, 0, ops->record.size);
		return r;
	}
	return load_bulk(cx, im, rec, it);
}

static int load_process(struct ctx *cx, struct image *im, const struct record *rec)
{
	int r;

	if (im->pid)
		return fail(
			cx, ERR_UNSUPPORTED,
			"the image holds more than one process: this reprise cannot restart that");
	if (!rec->id || rec->id > INT32_MAX)
		return fail(cx, ERR_DAMAGED, "%" PRIu64 " is no process id: the image is damaged",
			    rec->id);
	r = reader_decode(cx, im->reader, rec, &process_type, &im->process);
	if (r < 0)
		im->process = (struct process){ 0 };
	else
		im->pid = (uint32_t) rec->id;
	return r;
}

/* Whether the runs of the record account for its bulk data. */
static int check_runs(struct ctx *cx, const struct image *im, const struct loaded_pages *p)
{
	const uint64_t *run = p->pages.runs.p;
	size_t n = p->pages.runs.len / sizeof *run;
	uint64_t total = 0, end = 0;

	if (p->rec.id != im->pid || n == 0 || n % 2 || n / 2 > BLOCK_PAGES)
		return fail(cx, ERR_DAMAGED,
			    "a pages record fits no process: the image is damaged");
	for (size_t i = 0; i < n; i += 2) {
		if (run[i] % PAGE_SIZE || !run[i + 1] || run[i + 1] > BLOCK_PAGES ||
		    run[i] > UINT64_MAX - run[i + 1] * PAGE_SIZE || run[i] < end)
			return fail(cx, ERR_DAMAGED,
				    "a pages record has a run of %" PRIu64 " pages at 0x%" PRIx64
				    ": the image is damaged",
				    run[i + 1], run[i]);
		end = run[i] + run[i + 1] * PAGE_SIZE;
		total += run[i + 1];
		if (!ranges_hold(im->holders, run[i], end))
			return fail(cx, ERR_DAMAGED,
				    "memory contents at 0x%" PRIx64
				    " belong to no mapping that has some: the image is damaged",
				    run[i]);
	}
	if (total > BLOCK_PAGES || total * PAGE_SIZE != p->rec.bulk_len)
		return fail(cx, ERR_DAMAGED,
			    "a pages record of %" PRIu64 " pages has %" PRIu64
			    " bytes: the image is damaged",
			    total, p->rec.bulk_len);
	return 0;
}

/* Neighbours become one: a run may go on from one mapping to the next. */
static int find_holders(struct ctx *cx, struct image *im)
{
	im->holders = ranges_new();
	if (!im->holders)
		return fail(cx, -ENOMEM, "list mappings");
	for (size_t i = 0; i < im->items.n; i++) {
		const struct item *it = &im->items.item[i];
		uint64_t start, end;

		if (!it->ops->holds || !it->ops->holds(it->obj))
			continue;
		it->ops->extent(it->obj, &start, &end);
		ranges_add(im->holders, start, end);
	}
	if (buf_err(&im->holders->span))
		return fail(cx, -ENOMEM, "list mappings");
	ranges_sort(im->holders);
	ranges_join(im->holders);
	return 0;
}

static int note_runs(struct ctx *cx, struct image *im, const struct loaded_pages *p)
{
	const uint64_t *run = p->pages.runs.p;

	if (!im->written)
		im->written = ranges_new();
	if (!im->written)
		return fail(cx, -ENOMEM, "read the image");
	for (size_t i = 0; i < p->pages.runs.len / sizeof *run; i += 2)
		ranges_add(im->written, run[i], run[i] + run[i + 1] * PAGE_SIZE);
	return buf_err(&im->written->span) ? fail(cx, -ENOMEM, "read the image") : 0;
}

static int load_pages(struct ctx *cx, struct image *im, const struct record *rec)
{
	struct loaded_pages *p = im->pages;
	int r = im->holders ? 0 : find_holders(cx, im);

	if (r < 0)
		return r;

	if (!(im->npages & (im->npages + 1)) || !p) {
		p = reallocarray(im->pages, 2 * (im->npages + 1), sizeof *p);
		if (!p)
			return fail(cx, -ENOMEM, "read the image");
		im->pages = p;
	}
	p = &im->pages[im->npages];
	r = reader_decode(cx, im->reader, rec, &pages_type, &p->pages);
	if (r < 0)
		return r;
	p->rec = *rec;
	im->npages++;
	r = check_runs(cx, im, p);
	return r < 0 ? r : note_runs(cx, im, p);
}

/* At the end of the image: no page may have come twice, in one record or in two. */
static int check_written(struct ctx *cx, struct image *im)
{
	const struct span *twice;

	if (!im->written)
		return 0;
	ranges_sort(im->written);
	twice = ranges_overlap(im->written);
	if (twice)
		return fail(cx, ERR_DAMAGED,
			    "memory contents at 0x%" PRIx64 " come twice: the image is damaged",
			    twice->start);
	return 0;
}

static int unknown(struct ctx *cx, struct image *im, const struct record *rec)
{
	const struct schema *s = reader_schema(im->reader, rec->kind);

	if (rec->flags & RECORD_SKIPPABLE)
		return foreigners_add(cx, &im->foreigners, im->reader, rec);
	return fail(cx, ERR_UNSUPPORTED,
		    "the image holds a '%s' (kind %u), which this reprise does not know",
		    s ? s->name : "?", rec->kind);
}

/* 1: an object; 2: a pages record; 0: the end. */
static int load_next(struct ctx *cx, struct image *im)
{
	const struct obj_ops *ops;
	struct record rec;
	int r = reader_next(cx, im->reader, &rec);

	if (r <= 0)
		return r;
	if (rec.kind == process_type.kind) {
		r = load_process(cx, im, &rec);
		return r < 0 ? r : 1;
	}
	if (rec.kind == pages_type.kind) {
		r = load_pages(cx, im, &rec);
		return r < 0 ? r : 2;
	}
	ops = object_by_kind(rec.kind);
	if (ops && im->holders)
		return fail(cx, ERR_DAMAGED,
			    "a %s comes behind memory contents: the image is damaged",
			    ops->record.name);
	r = ops ? load_object(cx, im, ops, &rec) : unknown(cx, im, &rec);
	return r < 0 ? r : 1;
}

int image_load(struct ctx *cx, struct reader *reader, struct image *ret)
{
	_image_ struct image im = { .reader = reader };
	int r = reader_header(cx, reader, &im.header);

	if (r < 0) {
		im.header = (struct image_header){ 0 };
		return r;
	}
	do
		r = load_next(cx, &im);
	while (r == 1 || (r == 2 && reader_seekable(reader)));
	if (r == 0)
		r = check_written(cx, &im);
	if (r < 0)
		return r;
	im.complete = r == 0;
	if (!im.pid)
		return fail(cx, ERR_DAMAGED, "the image holds no process: it is damaged");
	*ret = im;
	im = (struct image){ 0 };
	return 0;
}

int image_next_pages(struct ctx *cx, struct image *im)
{
	int r;

	drop_pages(im);
	do
		r = load_next(cx, im);
	while (r == 1);
	if (r == 0)
		r = check_written(cx, im);
	return r < 0 ? r : r == 2;
}
