/*
 * show_json.c - an image as JSON: everything but the contents of memory.
 */
#include "tree/show.h"

#include <inttypes.h>

#include "proc/pagemap.h"
#include "tree/load.h"
#include "tree/view.h"

static void begin_record(const struct record_type *t, uint64_t id, size_t bulk_len, FILE *f)
{
	fprintf(f, "{\"kind\":%u,\"name\":", t->kind);
	show_json_string(t->name, f);
	fprintf(f, ",\"version\":%u,\"id\":%" PRIu64 ",\"bulk_len\":%zu,\"fields\":", t->version,
		id, bulk_len);
}

static void fields(const struct record_type *t, const void *obj, FILE *f)
{
	fputc('{', f);
	record_show_json(t, obj, f);
	fputc('}', f);
}

static void show_known(const struct items *l, FILE *f)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->item[i];

		fputs(i ? ",\n" : "\n", f);
		begin_record(&it->ops->record, it->id, it->bulk.len, f);
		fields(&it->ops->record, it->obj, f);
		fputc('}', f);
	}
}

static void show_foreign(const struct foreigners *l, FILE *f)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct foreign *o = &l->foreign[i];

		fputs(i ? ",\n" : "\n", f);
		begin_record(&o->type, o->id, o->bulk_len, f);
		if (o->obj)
			fields(&o->type, o->obj, f);
		else
			fputs("null", f);
		fputc('}', f);
	}
}

static void show_runs(const struct view *v, FILE *f)
{
	const struct page_run *run = v->runs.p;

	for (size_t i = 0; i < v->runs.len / sizeof *run; i++)
		fprintf(f, "%s{\"addr\":\"0x%" PRIx64 "\",\"pages\":%" PRIu64 "}", i ? ",\n" : "\n",
			run[i].addr, run[i].pages);
}

void show_json(const struct view *v, FILE *f)
{
	const struct image *im = v->im;

	fprintf(f, "{\"image\":{\"length\":%" PRIu64 ",\"digest\":\"0x%016" PRIx64 "\"},\n",
		reader_length(im->reader), reader_digest(im->reader));
	fputs("\"header\":", f);
	fields(&image_header_type, &im->header, f);
	fprintf(f, ",\n\"process\":{\"pid\":%" PRIu32 ",", im->pid);
	record_show_json(&process_type, &im->process, f);
	fputs("},\n\"objects\":[", f);
	show_known(&im->items, f);
	fputs("],\n\"unknown\":[", f);
	show_foreign(&im->foreigners, f);
	fputs("],\n\"pages\":[", f);
	show_runs(v, f);
	fputs("]}\n", f);
}
