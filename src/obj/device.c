/*
 * device - a character device that holds no state of its own.
 *
 * State:    which device.  (Flags and position: obj/file.c.)
 * Read:     st_rdev; the path from /proc/PID/fd.
 * Rebuild:  open by path; the device number must be the same.
 * Lost:     nothing.  Entropy is not state; /dev/full keeps no position.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/path.h"
#include "obj/object.h"

struct device {
	uint32_t major, minor;
	char *path;
	uint32_t flags; /* PATH_OPEN_FLAGS */
};

static const struct field device_fields[] = {
	FIELD(device, F_U32, major),
	FIELD(device, F_U32, minor),
	FIELD(device, F_STR, path),
	FIELD(device, F_X32, flags),
};

/* Documentation/admin-guide/devices.txt: null 1:3, zero 1:5, full 1:7, random 1:8, urandom 1:9. */
static bool stateless(dev_t d)
{
	static const uint8_t minors[] = { 3, 5, 7, 8, 9 };

	return major(d) == 1 && minor(d) < 16 && memchr(minors, (int) minor(d), sizeof minors);
}

static bool device_match(const struct seen *s)
{
	return S_ISCHR(s->file->st.st_mode) && stateless(s->file->st.st_rdev);
}

static int device_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct device *d = obj;

	d->major = major(s->file->st.st_rdev);
	d->minor = minor(s->file->st.st_rdev);
	d->flags = (uint32_t) s->file->flags & PATH_OPEN_FLAGS;
	d->path = strdup(s->file->link);
	return d->path ? 0 : fail(cx, -ENOMEM, "collect");
}

static bool same_device(const struct device *d, const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(d->major, d->minor) &&
	       stateless(st->st_rdev);
}

static void device_gate(struct gate *g, const void *obj)
{
	const struct device *d = obj;
	struct stat st;

	if (!path_is_absolute(d->path) || d->flags & ~PATH_OPEN_FLAGS)
		gate_problem(g, ERR_DAMAGED, "the image gives no usable path or flags");
	else if (stat(d->path, &st) < 0 || !same_device(d, &st))
		gate_problem(g, -ENODEV, "%s is not character device %u:%u here: create it (mknod)",
			     d->path, d->major, d->minor);
}

static int device_restore(struct ctx *cx, struct rebuild *rb, const void *obj,
			  const struct buf *bulk, int *ret_fd)
{
	const struct device *d = obj;
	_close_ int fd = path_open(d->path, d->flags);
	struct stat st;

	(void) rb;
	(void) bulk;
	if (fd < 0)
		return fail(cx, fd, "open %s", d->path);
	if (fstat(fd, &st) < 0 || !same_device(d, &st))
		return fail(cx, -ENODEV, "%s changed while it was opened", d->path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static void device_show(const void *obj, FILE *f)
{
	const struct device *d = obj;

	fprintf(f, "%s (%" PRIu32 ":%" PRIu32 ")", d->path ? d->path : "?", d->major, d->minor);
}

const struct obj_ops device_ops = {
	.record = { .kind = 0x42,
		    .version = 1,
		    .name = "device",
		    .size = sizeof(struct device),
		    FIELDS(device_fields) },
	.scope = SCOPE_FILE,
	.match = device_match,
	.collect = device_collect,
	.gate = device_gate,
	.restore = device_restore,
	.show = device_show,
};
