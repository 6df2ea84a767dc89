/*
 * directory - an open directory.
 *
 * State:    path.  (Position, a cookie of the file system, and flags: obj/file.c.)
 * Read:     the link in /proc/PID/fd.
 * Rebuild:  open by path.
 * Lost:     nothing; entries made or removed meanwhile show up as they would have.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/path.h"
#include "obj/object.h"

struct directory {
	char *path;
	uint32_t flags; /* PATH_OPEN_FLAGS */
};

static const struct field directory_fields[] = {
	FIELD(directory, F_STR, path),
	FIELD(directory, F_X32, flags),
};

static bool directory_match(const struct seen *s)
{
	return S_ISDIR(s->file->st.st_mode);
}

static int directory_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct directory *d = obj;
	int r = path_still_names(cx, s->file);

	if (r < 0)
		return r;
	d->flags = (uint32_t) s->file->flags & PATH_OPEN_FLAGS;
	d->path = strdup(s->file->link);
	return d->path ? 0 : fail(cx, -ENOMEM, "collect");
}

static void directory_gate(struct gate *g, const void *obj)
{
	const struct directory *d = obj;
	struct stat st;

	if (!path_is_absolute(d->path) || d->flags & ~PATH_OPEN_FLAGS || d->flags & O_ACCMODE)
		gate_problem(g, ERR_DAMAGED, "the image gives no usable path");
	else if (stat(d->path, &st) < 0)
		gate_problem(g, -errno, "%s: %s: create the directory", d->path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		gate_problem(g, -ENOTDIR, "%s is no directory any more", d->path);
}

static int directory_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			     const struct buf *bulk, int *ret_fd)
{
	const struct directory *d = obj;
	int fd = path_open(d->path, d->flags);

	(void) rb;
	(void) bulk;
	if (fd < 0)
		return fail(cx, fd, "open %s", d->path);
	*ret_fd = fd;
	return 0;
}

static void directory_show(const void *obj, FILE *f)
{
	const struct directory *d = obj;

	fputs(d->path ? d->path : "?", f);
}

const struct obj_ops directory_ops = {
	.record = { .kind = 0x46,
		    .version = 1,
		    .name = "directory",
		    .size = sizeof(struct directory),
		    FIELDS(directory_fields) },
	.scope = SCOPE_FILE,
	.match = directory_match,
	.collect = directory_collect,
	.gate = directory_gate,
	.restore = directory_restore,
	.show = directory_show,
};
