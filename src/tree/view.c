/*
 * view.c - a whole image as it is shown: its objects by id, its memory verified and listed.
 */
#include "tree/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "proc/pagemap.h"
#include "tree/load.h"

#define MAX_COMMAND 65536u /* bytes of arguments that are looked at */

void view_done(struct view *v)
{
	free(v->by_id);
	buf_done(&v->overview.fds);
	buf_done(&v->runs);
	buf_done(&v->command);
	*v = (struct view){ 0 };
}

static int by_scope_and_id(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *) a,
			  *y = *(const struct item *const *) b;

	if (x->ops->scope != y->ops->scope)
		return x->ops->scope < y->ops->scope ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

const struct item *view_item(const struct view *v, enum scope scope, uint64_t id)
{
	struct obj_ops ops = { .scope = scope };
	struct item wanted = { .ops = &ops, .id = id }, *key = &wanted;
	const struct item **found =
		bsearch(&key, v->by_id, v->im->items.n, sizeof(void *), by_scope_and_id);

	return found ? *found : NULL;
}

void view_overview(const struct item *it, struct overview *ret)
{
	*ret = (struct overview){ 0 };
	if (it->ops->overview)
		it->ops->overview(it->obj, ret);
	buf_done(&ret->fds);
}

char *view_text(void (*print)(const void *, FILE *), const void *obj)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return strdup("?");
	print(obj, f);
	(void) fclose(f);
	return text;
}

/* Memory that the image does not hold reads as zeros. */
static void take_command(struct view *v, const struct page_run *run, const char *bulk)
{
	const struct overview *o = &v->overview;
	uint64_t wanted = o->arg_start, end = wanted + v->command.len;
	uint64_t start = run->addr, stop = run->addr + run->pages * PAGE_SIZE;

	if (start < wanted)
		start = wanted;
	if (stop > end)
		stop = end;
	if (start < stop)
		memcpy((char *) v->command.p + (start - wanted), bulk + (start - run->addr),
		       stop - start);
}

static int read_pages(struct ctx *cx, struct view *v, const struct loaded_pages *p, void *bulk)
{
	struct reader *reader = v->im->reader;
	const struct page_run *run = p->pages.runs.p;
	const char *at = bulk;
	int r = interrupted(cx);

	if (r >= 0)
		r = reader_seekable(reader) ? reader_bulk_at(cx, reader, &p->rec, bulk)
					    : reader_bulk(cx, reader, &p->rec, bulk);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->pages.runs.len / sizeof *run; i++) {
		take_command(v, &run[i], at);
		at += run[i].pages * PAGE_SIZE;
		v->pages += run[i].pages;
	}
	buf_put(&v->runs, run, p->pages.runs.len);
	return 0;
}

/* From a pipe one record after the other. */
static int read_contents(struct ctx *cx, struct view *v, struct image *im)
{
	_free_ void *bulk = malloc((size_t) BLOCK_PAGES * PAGE_SIZE);
	int r = 0, more = 1;

	if (!bulk)
		return fail(cx, -ENOMEM, "read memory contents");
	while (more) {
		for (size_t i = 0; r >= 0 && i < im->npages; i++)
			r = read_pages(cx, v, &im->pages[i], bulk);
		if (r < 0)
			return r;
		more = im->complete ? 0 : image_next_pages(cx, im);
		if (more < 0)
			return more;
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct page_run *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

uint64_t view_stored(const struct view *v, uint64_t start, uint64_t end)
{
	const struct page_run *run = v->runs.p;
	size_t lo = 0, hi = v->runs.len / sizeof *run, n = hi;
	uint64_t pages = 0;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (run[mid].addr + run[mid].pages * PAGE_SIZE <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && run[lo].addr < end; lo++) {
		uint64_t from = run[lo].addr, to = from + run[lo].pages * PAGE_SIZE;

		pages += ((to < end ? to : end) - (from > start ? from : start)) / PAGE_SIZE;
	}
	return pages;
}

static int ask_objects(struct ctx *cx, struct view *v)
{
	const struct items *l = &v->im->items;
	const struct overview *o = &v->overview;
	uint64_t len;

	v->by_id = calloc(l->n + 1, sizeof *v->by_id);
	if (!v->by_id)
		return fail(cx, -ENOMEM, "look at the image");
	for (size_t i = 0; i < l->n; i++) {
		v->by_id[i] = &l->item[i];
		if (l->item[i].ops->scope == SCOPE_TASK && l->item[i].ops->overview)
			l->item[i].ops->overview(l->item[i].obj, &v->overview);
	}
	qsort(v->by_id, l->n, sizeof *v->by_id, by_scope_and_id);
	len = o->arg_end > o->arg_start ? o->arg_end - o->arg_start : 0;
	buf_zero(&v->command, len < MAX_COMMAND ? len : MAX_COMMAND);
	return buf_err(&v->command) || buf_err(&o->fds) ? fail(cx, -ENOMEM, "look at the image")
							: 0;
}

int view_init(struct ctx *cx, struct image *im, struct view *ret)
{
	struct view v = { .im = im };
	int r = ask_objects(cx, &v);

	if (r >= 0)
		r = read_contents(cx, &v, im);
	if (r >= 0 && buf_err(&v.runs))
		r = fail(cx, -ENOMEM, "look at the image");
	if (r < 0) {
		view_done(&v);
		return r;
	}
	if (v.runs.len)
		qsort(v.runs.p, v.runs.len / sizeof(struct page_run), sizeof(struct page_run),
		      by_address);
	*ret = v;
	return 0;
}
