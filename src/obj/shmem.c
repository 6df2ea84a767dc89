/*
 * shmem - memory mapped shared and anonymous.
 *
 * State:    size, contents; which mappings show which part is theirs to say (obj/vma.c).
 * Read:     /proc/PID/map_files leads to the kernel's own file behind it: fstat, SEEK_DATA, pread.
 * Rebuild:  mmap it shared and anonymous ourselves, open it again by /proc/self/map_files, write.
 * Lost:     that another process shares it: nobody looks for that yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"

struct shmem {
	uint64_t size;
	struct bytes
		runs; /* pairs of offset and length, ascending; the bulk data is theirs, in order */
};

static const struct field shmem_fields[] = {
	FIELD(shmem, F_U64, size),
	FIELD(shmem, F_U64S, runs),
};

#define MAX_SIZE (UINT64_C(1) << 46)

static bool shmem_match(const struct seen *s)
{
	return s->file->number < 0 && s->file->map_shared &&
	       !strcmp(s->file->link, "/dev/zero (deleted)");
}

static int shmem_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct shmem *o = obj;
	int fd = s->file->copy;
	_buf_ struct buf runs = { 0 };

	o->size = (uint64_t) s->file->st.st_size;
	for (off_t at = 0; (at = lseek(fd, at, SEEK_DATA)) >= 0;) {
		off_t end = lseek(fd, at, SEEK_HOLE);
		uint64_t run[2] = { (uint64_t) at, (uint64_t) (end - at) };

		if (end < at)
			return fail(cx, -errno, "look for its data");
		buf_put(&runs, run, sizeof run);
		at = end;
	}
	if (errno != ENXIO)
		return fail(cx, -errno, "look for its data");
	if (buf_err(&runs))
		return fail(cx, -ENOMEM, "collect");
	o->runs = (struct bytes){ runs.p, runs.len };
	runs = (struct buf){ 0 };
	return 0;
}

/* One call moves 2 GiB at most.  The amount that was asked for, or an error. */
static int read_run(struct ctx *cx, int fd, char *to, const uint64_t run[2])
{
	for (uint64_t done = 0; done < run[1];) {
		ssize_t n = pread(fd, to + done, run[1] - done, (off_t) (run[0] + done));

		if (n <= 0)
			return fail(cx, n < 0 ? -errno : -EIO, "read %" PRIu64 " bytes", run[1]);
		done += (uint64_t) n;
	}
	return 0;
}

static int write_run(struct ctx *cx, int fd, const char *from, const uint64_t run[2])
{
	for (uint64_t done = 0; done < run[1];) {
		ssize_t n = pwrite(fd, from + done, run[1] - done, (off_t) (run[0] + done));

		if (n <= 0)
			return fail(cx, n < 0 ? -errno : -EIO, "fill %" PRIu64 " bytes", run[1]);
		done += (uint64_t) n;
	}
	return 0;
}

static int shmem_dump(struct ctx *cx, const struct seen *s, const void *obj, struct buf *ret)
{
	const struct shmem *o = obj;
	const uint64_t *run = o->runs.p;

	for (size_t i = 0; i < o->runs.len / sizeof *run; i += 2) {
		char *to = buf_grow(ret, run[i + 1]);
		int r;

		if (!to)
			return fail(cx, -ENOMEM, "copy %" PRIu64 " bytes", run[i + 1]);
		r = read_run(cx, s->file->copy, to, &run[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static uint64_t shmem_bulk_max(const void *obj)
{
	const struct shmem *o = obj;
	const uint64_t *run = o->runs.p;
	uint64_t n = 0;

	for (size_t i = 1; i < o->runs.len / sizeof *run; i += 2) {
		if (run[i] > MAX_SIZE - n)
			return MAX_SIZE;
		n += run[i];
	}
	return n;
}

static void shmem_gate(struct gate *g, const void *obj)
{
	const struct shmem *o = obj;
	const uint64_t *run = o->runs.p;
	size_t n = o->runs.len / sizeof *run;
	uint64_t end = 0;

	if (!o->size || o->size > MAX_SIZE || o->size & 4095 || n % 2) {
		gate_problem(g, ERR_DAMAGED, "the image gives no usable size or runs");
		return;
	}
	for (size_t i = 0; i < n; i += 2) {
		if (run[i] < end || run[i] > o->size || !run[i + 1] ||
		    run[i + 1] > o->size - run[i]) {
			gate_problem(g, ERR_DAMAGED, "run %zu lies outside of it", i / 2);
			return;
		}
		end = run[i] + run[i + 1];
	}
}

/* A descriptor of the file behind a shared anonymous mapping of ours. */
static int open_behind(struct ctx *cx, const void *p, uint64_t size, int *ret_fd)
{
	char path[96];
	int fd;

	(void) snprintf(path, sizeof path, "/proc/self/map_files/%" PRIx64 "-%" PRIx64,
			(uint64_t) (uintptr_t) p, (uint64_t) (uintptr_t) p + size);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(cx, -errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static int shmem_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			 const struct buf *bulk, int *ret_fd)
{
	const struct shmem *o = obj;
	const uint64_t *run = o->runs.p;
	uint64_t done = 0;
	_close_ int fd = -1;
	void *p = mmap(NULL, o->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int r;

	(void) rb;
	if (p == MAP_FAILED)
		return fail(cx, -errno, "map %" PRIu64 " bytes", o->size);
	r = open_behind(cx, p, o->size, &fd);
	(void) munmap(p, o->size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < o->runs.len / sizeof *run; i += 2) {
		if (run[i + 1] > bulk->len - done)
			return fail(cx, ERR_DAMAGED, "its contents are too short");
		r = write_run(cx, fd, (const char *) bulk->p + done, &run[i]);
		if (r < 0)
			return r;
		done += run[i + 1];
	}
	if (done != bulk->len)
		return fail(cx, ERR_DAMAGED, "its contents are too long");
	*ret_fd = take_fd(&fd);
	return 0;
}

static void shmem_show(const void *obj, FILE *f)
{
	const struct shmem *o = obj;

	fprintf(f, "%" PRIu64 " KiB", o->size / 1024);
}

const struct obj_ops shmem_ops = {
	.record = { .kind = 0x47,
		    .version = 1,
		    .name = "shmem",
		    .size = sizeof(struct shmem),
		    FIELDS(shmem_fields) },
	.scope = SCOPE_FILE,
	.match = shmem_match,
	.collect = shmem_collect,
	.dump = shmem_dump,
	.bulk_max = shmem_bulk_max,
	.gate = shmem_gate,
	.restore = shmem_restore,
	.show = shmem_show,
};
