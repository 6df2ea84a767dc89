/*
 * buf.c - a growable run of bytes.
 */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

int buf_err(const struct buf *b)
{
	return b->failed ? -ENOMEM : 0;
}

void *buf_grow(struct buf *b, size_t n)
{
	size_t need = b->len + n, cap = b->cap ? b->cap : 256;
	void *p;

	if (b->failed || need < n) {
		b->failed = true;
		return NULL;
	}
	while (cap < need && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (cap < need)
		cap = need;
	if (cap > b->cap) {
		p = realloc(b->p, cap);
		if (!p) {
			b->failed = true;
			return NULL;
		}
		b->p = p;
		b->cap = cap;
	}
	p = (char *) b->p + b->len;
	b->len = need;
	return p;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	void *to = buf_grow(b, n);

	if (to && n)
		memcpy(to, p, n);
}

void buf_zero(struct buf *b, size_t n)
{
	void *to = buf_grow(b, n);

	if (to && n)
		memset(to, 0, n);
}

void buf_align(struct buf *b, size_t align)
{
	buf_zero(b, -b->len & (align - 1));
}

int buf_read_file(struct buf *b, int dirfd, const char *path)
{
	_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		size_t chunk = b->cap - b->len > 4096 ? b->cap - b->len - 1 : 16384;
		char *to = buf_grow(b, chunk + 1);
		ssize_t n;

		if (!to)
			return -ENOMEM;
		b->len -= chunk + 1;
		n = read(fd, to, chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		to[n] = '\0';
		b->len += (size_t) n;
		if (n == 0)
			return 0;
	}
}
