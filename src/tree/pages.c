/*
 * pages.c - memory contents: which, read from where, written as which records.
 *
 * Pages full of zeros are not written: a new mapping holds them already.
 */
#include "tree/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/share.h"
#include "image/writer.h"
#include "proc/maps.h"
#include "proc/pagemap.h"
#include "tracee/mem.h"

static const struct field pages_fields[] = {
	FIELD(pages, F_U64S, runs),
};

const struct record_type pages_type = {
	.kind = 0x31,
	.version = 1,
	.name = "pages",
	.size = sizeof(struct pages),
	FIELDS(pages_fields),
};

void memory_done(struct memory *m)
{
	struct block *b = m->block.p;

	for (size_t i = 0; i < m->block.len / sizeof *b; i++)
		free(b[i].copy);
	buf_done(&m->runs);
	buf_done(&m->block);
	*m = (struct memory){ 0 };
}

static struct block *last_block(struct memory *m)
{
	return m->block.len ? (struct block *) ((char *) m->block.p + m->block.len) - 1 : NULL;
}

/* Cuts a run into blocks: each block is filled before the next one begins. */
static void add_run(struct memory *m, struct page_run run, pid_t from, bool force)
{
	while (run.pages) {
		struct block *b = last_block(m);
		struct page_run part = run;

		if (!b || b->pages == BLOCK_PAGES || b->from != from || b->force != force) {
			struct block new = { .first = m->runs.len / sizeof run,
					     .from = from,
					     .force = force };

			buf_put(&m->block, &new, sizeof new);
			b = last_block(m);
			if (m->block.failed)
				return;
		}
		if (part.pages > BLOCK_PAGES - b->pages)
			part.pages = BLOCK_PAGES - b->pages;
		buf_put(&m->runs, &part, sizeof part);
		b->n++;
		b->pages += (uint32_t) part.pages;
		m->pages += part.pages;
		run.addr += part.pages * PAGE_SIZE;
		run.pages -= part.pages;
	}
}

/* The kernel's own mappings, and what is shared (that has a file behind it). */
static bool has_contents(const struct map *map)
{
	return !map->shared && strncmp(map->name, "[v", 2) != 0;
}

int memory_scan(struct ctx *cx, struct memory *m, pid_t from, struct maps *maps,
		bool (*want)(uint32_t vmflags))
{
	_close_ int fd = -1;
	_buf_ struct buf found = { 0 };
	int r = pagemap_open(cx, from, &fd);

	for (size_t i = 0; r >= 0 && i < maps->n; i++) {
		struct map *map = &maps->map[i];
		struct page_run *run;

		if (!has_contents(map) || (want && !want(map->flags)))
			continue;
		found.len = 0;
		r = pagemap_private(cx, fd, map->start, map->end, &found);
		run = found.p;
		map->filled = found.len > 0;
		for (size_t k = 0; r >= 0 && k < found.len / sizeof *run; k++)
			add_run(m, run[k], from, from != m->pid || !(map->prot & PROT_READ));
	}
	if (r >= 0 && (buf_err(&m->runs) || buf_err(&m->block)))
		r = fail(cx, -ENOMEM, "list pages");
	return r;
}

/* Reads what process_vm_readv cannot, memory that the process itself may not read; and a twin's, of which
 * process_vm_readv, because it pins pages (FOLL_PIN, since v5.19), would first make copies. */
static int read_forced(struct ctx *cx, pid_t pid, const struct page_run *run, size_t n, char *to)
{
	_close_ int fd = -1;
	int r = mem_open(cx, pid, &fd);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		size_t len = run[i].pages * PAGE_SIZE;
		ssize_t got = pread(fd, to, len, (off_t) run[i].addr);

		if (got != (ssize_t) len)
			return fail(cx, got < 0 ? -errno : -EIO, "read memory at 0x%" PRIx64,
				    run[i].addr);
		to += len;
	}
	return r;
}

static int read_block(struct ctx *cx, const struct memory *m, const struct block *b, char *to)
{
	const struct page_run *run = (const struct page_run *) m->runs.p + b->first;
	struct iovec from[BLOCK_PAGES], into = { to, (size_t) b->pages * PAGE_SIZE };
	ssize_t got;

	if (b->force)
		return read_forced(cx, b->from, run, b->n, to);
	for (size_t i = 0; i < b->n; i++)
		from[i] = (struct iovec){ (void *) (uintptr_t) run[i].addr,
					  run[i].pages * PAGE_SIZE };
	got = process_vm_readv(b->from, &into, 1, from, b->n, 0);
	if (got != (ssize_t) into.iov_len)
		return fail(cx, got < 0 ? -errno : -EFAULT, "read memory at 0x%" PRIx64,
			    run[0].addr);
	return 0;
}

static bool is_zero(const char *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE_SIZE - 1);
}

static void add_page(struct buf *runs, uint64_t addr)
{
	size_t n = runs->len / sizeof(struct page_run);
	struct page_run *last = n ? (struct page_run *) runs->p + n - 1 : NULL;

	if (last && last->addr + last->pages * PAGE_SIZE == addr)
		last->pages++;
	else
		buf_put(runs, &(struct page_run){ addr, 1 }, sizeof *last);
}

/* Closes the gaps that zero pages leave; returns the pages that remain. */
static size_t squeeze(const struct memory *m, const struct block *b, char *data, struct buf *runs)
{
	const struct page_run *run = (const struct page_run *) m->runs.p + b->first;
	size_t from = 0, to = 0;

	for (size_t i = 0; i < b->n; i++)
		for (uint64_t k = 0; k < run[i].pages; k++, from++) {
			if (is_zero(data + from * PAGE_SIZE))
				continue;
			if (from != to)
				memcpy(data + to * PAGE_SIZE, data + from * PAGE_SIZE, PAGE_SIZE);
			to++;
			add_page(runs, run[i].addr + k * PAGE_SIZE);
		}
	return to;
}

static int write_block(struct ctx *cx, struct memory *m, const struct block *b, char *spare,
		       struct buf *runs, struct writer *w)
{
	char *data = b->copy ? b->copy : spare;
	struct pages p;
	size_t n;
	int r = b->copy ? 0 : read_block(cx, m, b, data);

	if (r < 0)
		return r;
	runs->len = 0;
	n = squeeze(m, b, data, runs);
	if (buf_err(runs))
		return fail(cx, -ENOMEM, "write memory");
	if (!n)
		return 0;
	p.runs = (struct bytes){ runs->p, runs->len };
	return writer_bulk(cx, w, &pages_type, (uint64_t) m->pid, &p, data, n * PAGE_SIZE);
}

struct writing {
	struct memory *m;
	struct writer *w;
};

static int write_one(struct ctx *cx, void *arg, size_t i, void *spare)
{
	struct writing *k = arg;
	const struct block *b = (const struct block *) k->m->block.p + i;
	_buf_ struct buf runs = { 0 };
	int r = interrupted(cx);

	return r < 0 ? r : write_block(cx, k->m, b, spare, &runs, k->w);
}

static int copy_one(struct ctx *cx, void *arg, size_t i, void *spare)
{
	struct memory *m = arg;
	struct block *b = (struct block *) m->block.p + i;

	(void) spare;
	if (b->copy)
		return 0;
	b->copy = malloc((size_t) b->pages * PAGE_SIZE);
	return b->copy ? read_block(cx, m, b, b->copy) : fail(cx, -ENOMEM, "copy memory");
}

int memory_copy(struct ctx *cx, struct memory *m)
{
	return share_work(cx, m->block.len / sizeof(struct block), 0, copy_one, m);
}

int memory_write(struct ctx *cx, struct memory *m, struct writer *w)
{
	struct writing k = { m, w };

	return share_work(cx, m->block.len / sizeof(struct block), (size_t) BLOCK_PAGES * PAGE_SIZE,
			  write_one, &k);
}
