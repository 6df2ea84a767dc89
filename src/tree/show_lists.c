/*
 * show_lists.c - parts of an image as lists: mappings, descriptors, registers, all objects.
 */
#include "tree/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tree/load.h"
#include "tree/view.h"

void show_said(void (*print)(const void *, FILE *), const void *obj, FILE *f)
{
	_free_ char *text = view_text(print, obj);

	if (text)
		show_text(text, strlen(text), f);
}

static void show_fields(const struct item *it, FILE *f)
{
	if (it->ops->show)
		show_said(it->ops->show, it->obj, f);
	else
		record_show(&it->ops->record, it->obj, f);
}

struct range {
	uint64_t start, end;
	const struct item *item;
};

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Every object that is about a range of memory, whatever its scope. */
void show_maps(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;
	_free_ struct range *range = calloc(l->n + 1, sizeof *range);
	size_t n = 0;

	for (size_t i = 0; range && i < l->n; i++) {
		const struct item *it = &l->item[i];

		if (!it->ops->extent)
			continue;
		range[n].item = it;
		it->ops->extent(it->obj, &range[n].start, &range[n].end);
		n++;
	}
	if (n)
		qsort(range, n, sizeof *range, by_start);
	fputs("KiB: mapped in image\n", f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%11" PRIu64 " %8" PRIu64 " ", (range[i].end - range[i].start) / 1024,
			view_stored(v, range[i].start, range[i].end) * 4);
		show_fields(range[i].item, f);
		fputc('\n', f);
	}
}

static void show_fd(const struct view *v, const struct overview_fd *fd, FILE *f)
{
	const struct item *around = view_item(v, SCOPE_DESCRIPTION, fd->file),
			  *what = view_item(v, SCOPE_FILE, fd->file);
	_free_ char *flags =
		around && around->ops->show ? view_text(around->ops->show, around->obj) : NULL;

	fprintf(f, "%5" PRIu32 " %-7s %4" PRIu64 "  %-28s ", fd->number,
		fd->cloexec ? "cloexec" : "-", fd->file, flags ? flags : "?");
	if (what) {
		fprintf(f, "%s ", what->ops->record.name);
		show_fields(what, f);
	} else {
		fputs("?", f);
	}
	fputc('\n', f);
}

void show_fds(const struct view *v, FILE *f)
{
	const struct overview_fd *fd = v->overview.fds.p;

	fprintf(f, "%5s %-7s %4s  %-28s %s\n", "fd", "flags", "file", "opened", "what");
	for (size_t i = 0; i < v->overview.fds.len / sizeof *fd; i++)
		show_fd(v, &fd[i], f);
}

static void show_thread_name(const struct view *v, uint64_t tid, FILE *f)
{
	const struct items *l = &v->im->items;

	fprintf(f, "Thread %" PRIu64, tid);
	for (size_t i = 0; i < l->n; i++) {
		struct overview o;

		if (l->item[i].ops->scope != SCOPE_THREAD || l->item[i].id != tid)
			continue;
		view_overview(&l->item[i], &o);
		if (o.name) {
			fputs(" \"", f);
			show_text(o.name, strlen(o.name), f);
			fputc('"', f);
		}
	}
	fputc('\n', f);
}

void show_registers(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;
	bool first = true;

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->item[i];

		if (!it->ops->show_registers)
			continue;
		if (!first)
			fputc('\n', f);
		first = false;
		show_thread_name(v, it->id, f);
		it->ops->show_registers(it->obj, f);
	}
}

void show_objects(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;

	for (size_t i = 0; i < l->n; i++) {
		fprintf(f, "%s %" PRIu64 ": ", l->item[i].ops->record.name, l->item[i].id);
		show_fields(&l->item[i], f);
		fputc('\n', f);
	}
}
