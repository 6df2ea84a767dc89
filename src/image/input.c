/*
 * input.c - where the bytes of an image come from.
 *
 * Small reads are served from a buffer; what is larger than it goes straight to its place.
 */
#include "image/input.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { AHEAD = 32 << 10 }; /* holds a small image whole, and copies little before bulk data */

int input_open(struct ctx *cx, struct input *in, int fd, bool own)
{
	struct stat st;
	off_t at;

	*in = (struct input){ .fd = fd, .own = own, .ahead = malloc(AHEAD) };
	if (!in->ahead)
		return fail(cx, -ENOMEM, "open");
	if (fstat(fd, &st) < 0)
		return fail(cx, -errno, "stat");
	if (!S_ISREG(st.st_mode))
		return 0;
	at = lseek(fd, 0, SEEK_CUR);
	if (at < 0)
		return fail(cx, -errno, "seek");
	in->file = true;
	in->base = (uint64_t) at;
	in->size = st.st_size > at ? (uint64_t) (st.st_size - at) : 0;
	return 0;
}

void input_done(struct input *in)
{
	if (in->own && in->fd >= 0)
		(void) close(in->fd);
	free(in->ahead);
	*in = (struct input){ .fd = -1 };
}

ssize_t input_read_at(struct ctx *cx, const struct input *in, uint64_t offset, void *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		uint64_t at = in->base + offset + have;
		char *to = (char *) p + have;
		ssize_t r = in->file ? pread(in->fd, to, n - have, (off_t) at)
				     : read(in->fd, to, n - have);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fail(cx, -errno, "read at offset 0x%" PRIx64, offset + have);
		if (r == 0)
			break;
		have += (size_t) r;
	}
	return (ssize_t) have;
}

/* At least one byte into the empty buffer; 0 at the end.  A pipe gives what it has. */
static ssize_t fill(struct ctx *cx, struct input *in)
{
	ssize_t r;

	do
		r = in->file ? pread(in->fd, in->ahead, AHEAD, (off_t) (in->base + in->pos))
			     : read(in->fd, in->ahead, AHEAD);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(cx, -errno, "read at offset 0x%" PRIx64, in->pos);
	in->start = 0;
	in->end = (size_t) r;
	return r;
}

ssize_t input_read(struct ctx *cx, struct input *in, void *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		size_t some = in->end - in->start;
		ssize_t r;

		if (some == 0 && n - have >= AHEAD) {
			r = input_read_at(cx, in, in->pos, (char *) p + have, n - have);
			if (r < 0)
				return r;
			in->pos += (size_t) r;
			return (ssize_t) have + r;
		}
		if (some == 0) {
			r = fill(cx, in);
			if (r < 0)
				return r;
			if (r == 0)
				break;
			continue;
		}
		if (some > n - have)
			some = n - have;
		memcpy((char *) p + have, in->ahead + in->start, some);
		in->start += some;
		in->pos += some;
		have += some;
	}
	return (ssize_t) have;
}

void input_skip(struct input *in, uint64_t n)
{
	size_t some = in->end - in->start;

	in->start += n < some ? (size_t) n : some;
	in->pos += n;
}

bool input_can_have(const struct input *in, uint64_t n)
{
	return !in->file || (in->pos <= in->size && n <= in->size - in->pos);
}
