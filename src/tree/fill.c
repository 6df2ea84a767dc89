/*
 * fill.c - the contents of memory, from the image into the new task.
 *
 * From a file several threads read and write at once; from a pipe one after the other.  Contents
 * are verified before they are written.
 */
#include "tree/fill.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "base/share.h"
#include "tree/load.h"

struct filling {
	struct image *im;
	pid_t pid;
	uint64_t area_start, area_end;
};

static int write_runs(struct ctx *cx, const struct filling *f, const struct loaded_pages *p,
		      void *data)
{
	const uint64_t *run = p->pages.runs.p;
	size_t n = p->pages.runs.len / sizeof *run / 2;
	struct iovec from = { data, p->rec.bulk_len }, to[BLOCK_PAGES];
	ssize_t done;

	for (size_t i = 0; i < n; i++) {
		to[i] = (struct iovec){ (void *) (uintptr_t) run[2 * i],
					run[2 * i + 1] * PAGE_SIZE };
		if (run[2 * i] < f->area_end && run[2 * i] + to[i].iov_len > f->area_start)
			return fail(cx, ERR_DAMAGED,
				    "memory contents at 0x%" PRIx64
				    " belong to no mapping: the image is damaged",
				    run[2 * i]);
	}
	done = process_vm_writev(f->pid, &from, 1, to, n, 0);
	if (done < 0 && errno != EFAULT)
		return fail(cx, -errno, "fill memory at 0x%" PRIx64, run[0]);
	if (done != (ssize_t) p->rec.bulk_len)
		return fail(cx, ERR_DAMAGED,
			    "memory contents near 0x%" PRIx64
			    " belong to no writable mapping: the image is damaged",
			    run[0]);
	return 0;
}

static int fill_one(struct ctx *cx, void *arg, size_t i, void *spare)
{
	struct filling *f = arg;
	const struct loaded_pages *p = &f->im->pages[i];
	int r = interrupted(cx);

	if (r >= 0)
		r = reader_bulk_at(cx, f->im->reader, &p->rec, spare);
	return r < 0 ? r : write_runs(cx, f, p, spare);
}

static int fill_stream(struct ctx *cx, struct filling *f)
{
	_free_ void *data = NULL;
	int r = f->im->npages ? 1 : 0;

	if (posix_memalign(&data, PAGE_SIZE, (size_t) BLOCK_PAGES * PAGE_SIZE))
		return fail(cx, -ENOMEM, "fill memory");
	while (r > 0) {
		const struct loaded_pages *p = &f->im->pages[0];

		r = interrupted(cx);
		if (r >= 0)
			r = reader_bulk(cx, f->im->reader, &p->rec, data);
		if (r >= 0)
			r = write_runs(cx, f, p, data);
		if (r >= 0)
			r = image_next_pages(cx, f->im);
	}
	return r;
}

int fill_memory(struct ctx *cx, struct image *im, pid_t pid, uint64_t area_start, uint64_t area_end)
{
	struct filling f = { im, pid, area_start, area_end };

	if (!im->complete)
		return fill_stream(cx, &f);
	return share_work(cx, im->npages, (size_t) BLOCK_PAGES * PAGE_SIZE, fill_one, &f);
}
