/*
 * output.c - where the bytes of an image go.
 *
 * A file appears under its name only when it is complete and on the disk: written as
 * .NAME.reprise-XXXXXX beside it, synced, renamed, the directory synced.  What exists under the
 * name and is no regular file (/dev/null, a FIFO) is written to, never replaced.
 */
#include "image/output.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* ".NAME.reprise-XXXXXX", NAME cut so that the whole is a valid name. */
static char *temp_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	char suffix[7] = "", *s = NULL;
	uint8_t random[6];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return NULL;
	for (size_t i = 0; i < sizeof random; i++)
		suffix[i] = letters[random[i] % 32];
	if (asprintf(&s, ".%.*s.reprise-%s", NAME_MAX - 32, name, suffix) < 0)
		return NULL;
	return s;
}

static int open_temp(struct ctx *cx, struct output *o)
{
	for (int tries = 0; tries < 100; tries++) {
		_free_ char *tmp = temp_name(o->name);

		if (!tmp)
			return fail(cx, -ENOMEM, "%s: make a temporary name", o->path);
		o->fd = openat(o->dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			       0600);
		if (o->fd >= 0) {
			o->tmp = take_ptr(tmp);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return fail(cx, -errno, "%s: create %s beside it", o->path, "a temporary file");
}

static int open_dir(const char *path)
{
	_free_ char *copy = strdup(path);
	const char *dir = copy ? dirname(copy) : NULL;
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) /* may be written without being readable; not synced then */
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_existing(struct ctx *cx, struct output *o)
{
	o->fd = open(o->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (o->fd < 0)
		return fail(cx, -errno, "%s: open", o->path);
	return 0;
}

int output_open_file(struct ctx *cx, struct output *o, const char *path)
{
	_free_ char *copy = strdup(path);
	struct stat st;

	*o = (struct output){ .fd = -1, .own = true, .dirfd = -1, .path = strdup(path) };
	if (!o->path || !copy)
		return fail(cx, -ENOMEM, "%s: open", path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_existing(cx, o);
	o->name = strdup(basename(copy));
	if (!o->name)
		return fail(cx, -ENOMEM, "%s: open", path);
	if (strcmp(o->name, ".") == 0 || strcmp(o->name, "..") == 0 || path[0] == '\0' ||
	    path[strlen(path) - 1] == '/')
		return fail(cx, -EISDIR, "%s: open", path);
	o->dirfd = open_dir(path);
	if (o->dirfd < 0)
		return fail(cx, o->dirfd, "%s: open its directory", path);
	o->file = true;
	return open_temp(cx, o);
}

int output_open_fd(struct ctx *cx, struct output *o, int fd)
{
	*o = (struct output){ .fd = fd, .dirfd = -1 };
	if (asprintf(&o->path, "descriptor %d", fd) < 0) {
		o->path = NULL;
		return fail(cx, -ENOMEM, "descriptor %d: open", fd);
	}
	return 0;
}

void output_done(struct output *o)
{
	if (o->tmp)
		(void) unlinkat(o->dirfd, o->tmp, 0);
	if (o->own && o->fd >= 0)
		(void) close(o->fd);
	if (o->dirfd >= 0)
		(void) close(o->dirfd);
	free(o->path);
	free(o->name);
	free(o->tmp);
	*o = (struct output){ .fd = -1, .dirfd = -1 };
}

int output_write(struct ctx *cx, const struct output *o, uint64_t offset, const void *p, size_t n)
{
	const char *from = p;

	while (n) {
		ssize_t done =
			o->file ? pwrite(o->fd, from, n, (off_t) offset) : write(o->fd, from, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fail(cx, done < 0 ? -errno : -EIO,
				    "%s: write %zu bytes at offset 0x%" PRIx64, o->path, n, offset);
		from += done;
		offset += (size_t) done;
		n -= (size_t) done;
	}
	return 0;
}

int output_publish(struct ctx *cx, struct output *o)
{
	struct stat st;

	if (fstat(o->fd, &st) < 0)
		return fail(cx, -errno, "%s: stat", o->path);
	if (S_ISREG(st.st_mode) && fsync(o->fd) < 0)
		return fail(cx, -errno, "%s: sync", o->path);
	if (!o->tmp)
		return 0;
	if (renameat(o->dirfd, o->tmp, o->dirfd, o->name) < 0)
		return fail(cx, -errno, "%s: give %s this name", o->path, o->tmp);
	free(take_ptr(o->tmp));
	/* A directory that cannot be synced (EBADF: opened for its path alone; EINVAL: no such
	 * thing there) does not make the image worse. */
	if (fsync(o->dirfd) < 0 && errno != EBADF && errno != EINVAL)
		return fail(cx, -errno, "%s: sync its directory", o->path);
	return 0;
}
