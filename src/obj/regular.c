/*
 * regular - a regular file that has a name, open or mapped into memory.
 *
 * State:    path, open mode, size and modification time.  Contents stay in the file.
 * Read:     the link in /proc/PID/fd or the name in /proc/PID/maps; fstat.
 * Rebuild:  open by path, after comparing size and time (--changed-files): for a file that the
 * program only writes or appends to, having grown is no change; for one that it maps shared and
 *           writable, the time means nothing (written back by the kernel at any later moment).
 * Lost:     other hard links' names.  Refused: deleted or renamed files, O_TMPFILE.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/path.h"
#include "obj/object.h"

struct regular {
	char *path;
	uint32_t flags; /* PATH_OPEN_FLAGS */
	uint64_t size;
	uint64_t mtime;	   /* nanoseconds since 1970 */
	bool shared_write; /* memory writes to it behind its modification time */
};

static const struct field regular_fields[] = {
	FIELD(regular, F_STR, path),	      FIELD(regular, F_X32, flags),
	FIELD(regular, F_U64, size),	      FIELD(regular, F_U64, mtime),
	FIELD(regular, F_BOOL, shared_write),
};

static bool regular_match(const struct seen *s)
{
	return S_ISREG(s->file->st.st_mode);
}

static uint64_t mtime_of(const struct stat *st)
{
	return (uint64_t) st->st_mtim.tv_sec * 1000000000 + (uint64_t) st->st_mtim.tv_nsec;
}

static bool written_by_memory(const struct target *t, const struct seen_file *f)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct seen_file *o = &t->file[i];

		if (o->number < 0 && o->map_shared && (o->flags & O_ACCMODE) == O_RDWR &&
		    o->st.st_ino == f->st.st_ino && o->st.st_dev == f->st.st_dev)
			return true;
	}
	return false;
}

static int regular_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct seen_file *f = s->file;
	struct regular *o = obj;
	int r = path_still_names(cx, f);

	if (r < 0)
		return r;
	o->flags = (uint32_t) f->flags & PATH_OPEN_FLAGS;
	o->size = (uint64_t) f->st.st_size;
	o->mtime = mtime_of(&f->st);
	o->shared_write = written_by_memory(s->target, f);
	o->path = strdup(f->link);
	return o->path ? 0 : fail(cx, -ENOMEM, "collect");
}

static bool only_grew(const struct regular *o, const struct stat *st)
{
	bool appends = (o->flags & O_ACCMODE) == O_WRONLY ||
		       ((o->flags & O_APPEND) && (o->flags & O_ACCMODE) != O_RDONLY);

	return appends && (uint64_t) st->st_size > o->size;
}

static void regular_gate(struct gate *g, const void *obj)
{
	const struct regular *o = obj;
	struct stat st;

	if (!path_is_absolute(o->path) || (o->flags & ~PATH_OPEN_FLAGS))
		gate_problem(g, ERR_DAMAGED, "the image gives no usable path or open mode");
	else if (stat(o->path, &st) < 0)
		gate_problem(g, -errno, "%s: %s: put the file back", o->path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		gate_problem(g, -EINVAL, "%s is no regular file any more", o->path);
	else if (only_grew(o, &st))
		return;
	else if ((uint64_t) st.st_size != o->size)
		gate_changed(g,
			     "%s had %" PRIu64 " bytes and has %" PRIu64
			     " now: put it back, or see --changed-files",
			     o->path, o->size, (uint64_t) st.st_size);
	else if (!o->shared_write && mtime_of(&st) != o->mtime)
		gate_changed(g, "%s was modified since: put it back, or see --changed-files",
			     o->path);
}

static int regular_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			   const struct buf *bulk, int *ret_fd)
{
	const struct regular *o = obj;
	_close_ int fd = path_open(o->path, o->flags);
	struct stat st;

	(void) rb;
	(void) bulk;
	if (fd < 0)
		return fail(cx, fd, "open %s", o->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(cx, -ESTALE, "%s changed while it was opened", o->path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static void regular_show(const void *obj, FILE *f)
{
	const struct regular *o = obj;

	fprintf(f, "%s, %" PRIu64 " bytes", o->path ? o->path : "?", o->size);
	if (o->shared_write)
		fputs(", written to by memory", f);
}

static void regular_summary(const void *obj, FILE *f)
{
	const struct regular *o = obj;

	fputs(o->path ? o->path : "?", f);
}

const struct obj_ops regular_ops = {
	.record = { .kind = 0x45,
		    .version = 1,
		    .name = "regular",
		    .size = sizeof(struct regular),
		    FIELDS(regular_fields) },
	.scope = SCOPE_FILE,
	.match = regular_match,
	.collect = regular_collect,
	.gate = regular_gate,
	.restore = regular_restore,
	.show = regular_show,
	.summary = regular_summary,
};
