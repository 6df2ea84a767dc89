/*
 * pipe - a pipe whose ends the process holds itself, or one whose other end is closed.
 *
 * State:    the pipe, its size, its unread bytes; for each end: reading, writing or both.  (Flags:
 *           obj/file.c.)
 * Read:     st_ino joins the ends; F_GETPIPE_SZ; the bytes with tee(2), which does not consume
 *           them, through a second opening of the pipe by /proc/self/fd.
 * Rebuild:  pipe2, F_SETPIPE_SZ, write; each end by opening /proc/self/fd again.
 * Lost:     that another process holds its ends, too; how the bytes were split into buffers.  Refused: packet mode, bytes in more buffers
 *           than tee takes, named FIFOs, and pipes with an end outside.
 */
#include "obj/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/path.h"
#include "obj/object.h"

struct pipe_end {
	uint64_t pipe;	   /* the same number for all ends of one pipe */
	uint32_t access;   /* O_RDONLY, O_WRONLY or O_RDWR */
	uint32_t capacity; /* F_GETPIPE_SZ, bytes */
	bool reopened;	   /* through /proc, after pipe2 had made it: has O_LARGEFILE then */
	bool holds;	   /* the unread bytes of the pipe are with this end's record */
};

static const struct field pipe_fields[] = {
	FIELD(pipe_end, F_U64, pipe),	  FIELD(pipe_end, F_U32, access),
	FIELD(pipe_end, F_U32, capacity), FIELD(pipe_end, F_BOOL, reopened),
	FIELD(pipe_end, F_BOOL, holds),
};

#define KIND_PIPE    0x44
#define MAX_CAPACITY (64u << 20)

static bool same_pipe(const struct seen_file *a, const struct seen_file *b)
{
	return a->st.st_ino == b->st.st_ino && a->st.st_dev == b->st.st_dev &&
	       S_ISFIFO(b->st.st_mode);
}

/* Whether nobody at all holds the end that is opposite to f (poll(2)). */
static bool widowed(const struct seen_file *f)
{
	struct pollfd p = { .fd = f->copy };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

bool pipe_leads_out(const struct target *t, const struct seen_file *f)
{
	bool reads = false, writes = false;

	for (size_t i = 0; i < t->nfiles; i++) {
		uint64_t access = t->file[i].flags & O_ACCMODE;

		if (!same_pipe(f, &t->file[i]))
			continue;
		reads |= access == O_RDONLY || access == O_RDWR;
		writes |= access == O_WRONLY || access == O_RDWR;
	}
	return (!reads || !writes) && f->copy >= 0 && !widowed(f);
}

static bool pipe_match(const struct seen *s)
{
	return S_ISFIFO(s->file->st.st_mode);
}

static int reopen(int fd, int flags)
{
	char path[64];

	(void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC | O_NONBLOCK);
}

static bool first_end(const struct seen *s)
{
	for (size_t i = 0; i < s->target->nfiles; i++)
		if (same_pipe(s->file, &s->target->file[i]))
			return &s->target->file[i] == s->file;
	return true;
}

static int pipe_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct seen_file *f = s->file;
	struct pipe_end *p = obj;
	int capacity;

	if (f->copy < 0)
		return 0; /* it still runs: what its ends lead to is told once it stands still */
	if (strncmp(f->link, "pipe:", 5))
		return fail(cx, ERR_UNSUPPORTED, "%s is a named FIFO: not supported yet", f->link);
	if (pipe_leads_out(s->target, f))
		return fail(cx, ERR_UNSUPPORTED,
			    "the other end of %s is outside the process: close it, or let it be "
			    "standard input or output",
			    f->link);
	if (f->flags & O_DIRECT)
		return fail(cx, ERR_UNSUPPORTED,
			    "%s is in packet mode (O_DIRECT): not supported yet", f->link);
	capacity = fcntl(f->copy, F_GETPIPE_SZ);
	if (capacity < 0)
		return fail(cx, -errno, "read the size of %s", f->link);
	p->pipe = f->st.st_ino;
	p->access = (uint32_t) (f->flags & O_ACCMODE);
	p->capacity = (uint32_t) capacity;
	p->reopened = f->flags & PATH_LARGEFILE;
	p->holds = first_end(s);
	return 0;
}

static int read_all(struct ctx *cx, int fd, size_t n, struct buf *ret)
{
	char *to = buf_grow(ret, n);

	if (!to)
		return fail(cx, -ENOMEM, "read %zu bytes from a pipe", n);
	while (n) {
		ssize_t got = read(fd, to, n);

		if (got <= 0)
			return fail(cx, got < 0 ? -errno : -EIO, "read %zu bytes from a pipe", n);
		to += got;
		n -= (size_t) got;
	}
	return 0;
}

static int pipe_dump(struct ctx *cx, const struct seen *s, const void *obj, struct buf *ret)
{
	const struct pipe_end *p = obj;
	int unread = 0, ends[2];
	ssize_t n = 0;

	if (!p->holds)
		return 0;
	_close_ int from = reopen(s->file->copy, O_RDONLY);
	if (from < 0 || ioctl(from, FIONREAD, &unread) < 0)
		return fail(cx, -errno, "look into %s", s->file->link);
	if (!unread)
		return 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail(cx, -errno, "make a pipe");
	_close_ int to_read = ends[0], to_write = ends[1];
	if (fcntl(to_write, F_SETPIPE_SZ, (int) p->capacity) < 0)
		return fail(cx, -errno, "make a pipe of %u bytes", p->capacity);
	n = tee(from, to_write, (size_t) unread, SPLICE_F_NONBLOCK);
	if (n != unread)
		return fail(cx, n < 0 ? -errno : ERR_UNSUPPORTED,
			    "copy %d unread bytes of %s (got %zd)", unread, s->file->link, n);
	return read_all(cx, to_read, (size_t) unread, ret);
}

static uint64_t pipe_bulk_max(const void *obj)
{
	const struct pipe_end *p = obj;

	return !p->holds ? 0 : p->capacity < MAX_CAPACITY ? p->capacity : MAX_CAPACITY;
}

static void pipe_gate(struct gate *g, const void *obj)
{
	const struct pipe_end *p = obj;

	if (p->access > O_RDWR || p->capacity > MAX_CAPACITY || p->capacity < 4096)
		gate_problem(g, ERR_DAMAGED, "the image gives no usable access mode or size");
}

/* What is kept of a pipe until every end has been made: its two first ends, each of which is given
 * away once, and one that can do both, from which the others are opened. */
enum { FIRST_READ, FIRST_WRITE, BOTH, PARTS };

static uint64_t part(const struct pipe_end *p, unsigned which)
{
	return p->pipe * PARTS + which;
}

static int make(struct ctx *cx, struct rebuild *rb, const struct pipe_end *p)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(cx, -errno, "create");
	_close_ int to_read = ends[0], to_write = ends[1], both = reopen(to_read, O_RDWR);
	if (both < 0)
		return fail(cx, -errno, "create");
	if (fcntl(to_write, F_GETPIPE_SZ) != (int) p->capacity &&
	    fcntl(to_write, F_SETPIPE_SZ, (int) p->capacity) < 0)
		return fail(cx, -errno, "set its size to %u", p->capacity);
	r = rebuild_share(cx, rb, KIND_PIPE, part(p, FIRST_READ), take_fd(&to_read));
	if (r >= 0)
		r = rebuild_share(cx, rb, KIND_PIPE, part(p, FIRST_WRITE), take_fd(&to_write));
	return r < 0 ? r : rebuild_share(cx, rb, KIND_PIPE, part(p, BOTH), take_fd(&both));
}

static int pipe_restore(struct ctx *cx, struct rebuild *rb, const void *obj, const struct buf *bulk,
			int *ret_fd)
{
	const struct pipe_end *p = obj;
	int both, fd = -1, r = 0;

	if (rebuild_shared(rb, KIND_PIPE, part(p, BOTH)) < 0)
		r = make(cx, rb, p);
	if (r < 0)
		return r;
	both = rebuild_shared(rb, KIND_PIPE, part(p, BOTH));
	if (bulk->len && write(both, bulk->p, bulk->len) != (ssize_t) bulk->len)
		return fail(cx, -ENOSPC, "put %zu bytes back", bulk->len);
	if (!p->reopened)
		fd = rebuild_take(rb, KIND_PIPE,
				  part(p, p->access == O_RDONLY ? FIRST_READ : FIRST_WRITE));
	if (fd < 0)
		fd = reopen(both, (int) p->access);
	if (fd < 0)
		return fail(cx, -errno, "open an end");
	*ret_fd = fd;
	return 0;
}

static void pipe_show(const void *obj, FILE *f)
{
	const struct pipe_end *p = obj;

	fprintf(f, "%s of %" PRIu64 ", %" PRIu32 " bytes wide",
		p->access == O_RDONLY	? "reading end"
		: p->access == O_WRONLY ? "writing end"
					: "both ends",
		p->pipe, p->capacity);
}

const struct obj_ops pipe_ops = {
	.record = { .kind = KIND_PIPE,
		    .version = 1,
		    .name = "pipe",
		    .size = sizeof(struct pipe_end),
		    FIELDS(pipe_fields) },
	.scope = SCOPE_FILE,
	.match = pipe_match,
	.collect = pipe_collect,
	.dump = pipe_dump,
	.bulk_max = pipe_bulk_max,
	.gate = pipe_gate,
	.restore = pipe_restore,
	.show = pipe_show,
};
