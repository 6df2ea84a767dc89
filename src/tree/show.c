/*
 * show.c - an image at a glance.  However large the process, it is a screenful.
 */
#include "tree/show.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "tree/load.h"
#include "tree/view.h"

enum { MAX_FILES = 16, MAX_GROUPS = 8, MAX_COMMAND = 1000 };

/* Equal things are told once, with their number. */
struct group {
	const struct obj_ops *ops; /* NULL for names */
	char *text;
	size_t n;
};

struct groups {
	struct group group[MAX_GROUPS];
	size_t n, others;
};

static void groups_done(struct groups *g)
{
	while (g->n)
		free(g->group[--g->n].text);
}

static void count(struct groups *g, const struct obj_ops *ops, const char *text)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->group[i].ops == ops && !strcmp(g->group[i].text, text)) {
			g->group[i].n++;
			return;
		}
	if (g->n < MAX_GROUPS && (g->group[g->n].text = strdup(text))) {
		g->group[g->n].ops = ops;
		g->group[g->n++].n = 1;
	} else {
		g->others++;
	}
}

static void label(const char *s, FILE *f)
{
	fprintf(f, "%-10s", s);
}

static void text(const char *s, FILE *f)
{
	if (s)
		show_text(s, strlen(s), f);
	else
		fputc('?', f);
}

static void size(uint64_t bytes, FILE *f)
{
	if (bytes < 1 << 20)
		fprintf(f, "%.1f KiB", (double) bytes / 1024);
	else if (bytes < 1 << 30)
		fprintf(f, "%.1f MiB", (double) bytes / (1 << 20));
	else
		fprintf(f, "%.2f GiB", (double) bytes / (1 << 30));
}

static void show_argument(const char *s, size_t len, FILE *f)
{
	bool plain = len > 0;

	for (size_t i = 0; i < len; i++)
		plain = plain && (isalnum((unsigned char) s[i]) || strchr("+-_./:=,@%^", s[i]));
	if (!plain)
		fputc('\'', f);
	show_text(s, len, f);
	if (!plain)
		fputc('\'', f);
}

static void show_command(const struct view *v, FILE *f)
{
	const char *s = v->command.p, *end = s + v->command.len;

	/* Not in the image (a page of zeros), or overwritten by the program itself. */
	if (!v->command.len || !*s)
		return;
	label("Command", f);
	while (s < end) {
		size_t len = strnlen(s, (size_t) (end - s));

		if (s - (const char *) v->command.p + len > MAX_COMMAND) {
			fputs("...", f);
			break;
		}
		show_argument(s, len, f);
		s += len + 1;
		if (s < end)
			fputc(' ', f);
	}
	fputc('\n', f);
}

static void show_file_name(const struct item *it, FILE *f)
{
	if (it->ops->summary)
		show_said(it->ops->summary, it->obj, f);
	else if (it->ops->show)
		show_said(it->ops->show, it->obj, f);
	else
		record_show(&it->ops->record, it->obj, f);
}

static void show_program(const struct view *v, FILE *f)
{
	const struct item *exe = view_item(v, SCOPE_FILE, v->overview.exe);

	label("Program", f);
	if (exe)
		show_file_name(exe, f);
	else
		fputc('?', f);
	fputc('\n', f);
	show_command(v, f);
	label("Directory", f);
	text(v->overview.cwd, f);
	fputc('\n', f);
}

static void show_process(const struct image *im, FILE *f)
{
	const struct process *p = &im->process;
	const struct abi *abi = abi_by_id(p->abi);

	label("Process", f);
	fprintf(f, "%" PRIu32 ", %s; parent %" PRIu32 ", group %" PRIu32 ", session %" PRIu32 "\n",
		im->pid, abi ? abi->name : "of an unknown ABI", p->ppid, p->pgrp, p->sid);
}

static void show_threads(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;
	_cleanup_(groups_done) struct groups names = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		struct overview o;

		if (l->item[i].ops->scope != SCOPE_THREAD)
			continue;
		view_overview(&l->item[i], &o);
		if (o.name)
			count(&names, NULL, o.name);
	}
	label("Threads", f);
	fprintf(f, "%zu", v->im->process.tids.len / sizeof(uint32_t));
	for (size_t i = 0; i < names.n; i++) {
		fputs(i ? ", " : ": ", f);
		text(names.group[i].text, f);
		if (names.group[i].n > 1)
			fprintf(f, " (%zu)", names.group[i].n);
	}
	if (names.others)
		fprintf(f, ", and %zu more", names.others);
	fputc('\n', f);
}

static void show_memory(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;
	uint64_t mapped = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->item[i];
		uint64_t start, end;

		if (it->ops->scope != SCOPE_VMA || !it->ops->extent)
			continue;
		it->ops->extent(it->obj, &start, &end);
		mapped += end - start;
		n++;
	}
	label("Memory", f);
	size(mapped, f);
	fprintf(f, " in %zu mappings; ", n);
	size(v->pages * PAGE_SIZE, f);
	fprintf(f, " (%" PRIu64 " pages) in the image\n", v->pages);
}

static void show_image(const struct image *im, FILE *f)
{
	const struct image_header *h = &im->header;
	time_t t = (time_t) h->time;
	char when[64] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		(void) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &tm);
	label("Image", f);
	size(reader_length(im->reader), f);
	fprintf(f, ", digest %016" PRIx64 ", all checksums verified\n", reader_digest(im->reader));
	label("Taken", f);
	fprintf(f, "%s on ", when);
	text(h->hostname, f);
	fputs(" by ", f);
	text(h->tool, f);
	fputc('\n', f);
	label("Machine", f);
	fputs("Linux ", f);
	text(h->kernel_release, f);
	fputc(' ', f);
	text(h->machine, f);
	fputs(", ", f);
	text(h->cpu_model && *h->cpu_model ? h->cpu_model : h->cpu_vendor, f);
	fputc('\n', f);
}

static void show_files(const struct view *v, FILE *f)
{
	const struct overview_fd *fd = v->overview.fds.p;
	size_t n = v->overview.fds.len / sizeof *fd;

	label("Files", f);
	fprintf(f, "%zu open\n", n);
	for (size_t i = 0; i < n && i < MAX_FILES; i++) {
		const struct item *it = view_item(v, SCOPE_FILE, fd[i].file);

		fprintf(f, "%*s%3" PRIu32 " %s%s", 10, "", fd[i].number,
			it ? it->ops->record.name : "?", it ? ": " : "");
		if (it)
			show_file_name(it, f);
		fputc('\n', f);
	}
	if (n > MAX_FILES)
		fprintf(f, "%*sand %zu more: see --fds\n", 10, "", n - MAX_FILES);
}

static void show_foreigners(const struct foreigners *l, const char *heading, FILE *f)
{
	_cleanup_(groups_done) struct groups kinds = { 0 };

	for (size_t i = 0; i < l->n; i++)
		count(&kinds, NULL, l->foreign[i].type.name);
	for (size_t i = 0; i < kinds.n; i++) {
		label(heading, f);
		fprintf(f, "%zu of kind '", kinds.group[i].n);
		text(kinds.group[i].text, f);
		fputs("', which this reprise does not know: see --json\n", f);
		heading = "";
	}
	if (kinds.others)
		fprintf(f, "%*sand %zu of more kinds\n", 10, "", kinds.others);
}

/* What is not as with every process. */
static void show_special(const struct view *v, FILE *f)
{
	const struct items *l = &v->im->items;
	_cleanup_(groups_done) struct groups said = { 0 };
	const char *heading = "Also";

	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->item[i];
		_free_ char *words = NULL;

		if (it->ops->scope == SCOPE_FILE || !it->ops->summary)
			continue;
		words = view_text(it->ops->summary, it->obj);
		if (words && *words)
			count(&said, it->ops, words);
	}
	for (size_t i = 0; i < said.n; i++) {
		label(heading, f);
		fprintf(f, "%s: ", said.group[i].ops->record.name);
		text(said.group[i].text, f);
		if (said.group[i].n > 1)
			fprintf(f, " (%zu times)", said.group[i].n);
		fputc('\n', f);
		heading = "";
	}
	if (said.others)
		fprintf(f, "%*sand %zu more: see --all\n", 10, "", said.others);
	show_foreigners(&v->im->foreigners, heading, f);
}

void show_summary(const struct view *v, FILE *f)
{
	show_program(v, f);
	show_process(v->im, f);
	show_threads(v, f);
	show_memory(v, f);
	show_image(v->im, f);
	show_files(v, f);
	show_special(v, f);
}
