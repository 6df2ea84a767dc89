/*
 * buf.h - a growable run of bytes.  Zero-initialised is empty and valid; buf_done frees.
 *
 * Out of memory is sticky: appends after it do nothing, and buf_err() tells -ENOMEM once at the
 * end, so that a long series of appends needs one check.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	void *p;
	size_t len, cap;
	bool failed;
};

#define _buf_ _cleanup_(buf_done)

void buf_done(struct buf *b);
int buf_err(const struct buf *b); /* 0 or -ENOMEM */

/* Makes room for n bytes at the end and returns where they go (uninitialised), or NULL. */
void *buf_grow(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_zero(struct buf *b, size_t n);
void buf_align(struct buf *b, size_t align); /* with zeros; align is a power of two */

/* The whole file at path (below dirfd, or AT_FDCWD) appended, with a NUL behind it that len does
 * not count.  0 or -errno. */
int buf_read_file(struct buf *b, int dirfd, const char *path);

#endif
