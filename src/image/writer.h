/*
 * writer.h - an image as a stream that only grows.
 *
 * A writer made with writer_open_file writes under a temporary name in the same directory and takes
 * the final name in writer_publish, after fsync; until then nothing appears under it, and
 * writer_free removes the temporary.  What exists under the name and is no regular file (a FIFO,
 * /dev/null) is written to as a stream instead.  One made with writer_open_fd writes a pipe, socket
 * or file at its offset.
 *
 * writer_put and writer_bulk may be called from several threads at once, each with a ctx of its
 * own; bulk data of a file is then written in parallel, each at the place reserved for it.  All of
 * them must have returned before writer_publish.  The first write that fails makes every later call
 * fail with the same reason, which names the file.
 */
#ifndef IMAGE_WRITER_H
#define IMAGE_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct ctx;
struct record_type;
struct writer;

int writer_open_file(struct ctx *cx, const char *path, struct writer **ret_writer);
int writer_open_fd(struct ctx *cx, int fd, struct writer **ret_writer); /* fd stays the caller's */
void writer_free(struct writer *w);

/* A record without bulk data.  The schema record goes before the first of its kind.  The header
 * (image/header.h) is the first that is put. */
int writer_put(struct ctx *cx, struct writer *w, const struct record_type *t, uint64_t id,
	       const void *obj);

/* The same with bulk data behind it, aligned to 4096 in the image; len may be 0. */
int writer_bulk(struct ctx *cx, struct writer *w, const struct record_type *t, uint64_t id,
		const void *obj, const void *bulk, size_t len);

/* Trailer, fsync, rename.  The image is complete on success. */
int writer_publish(struct ctx *cx, struct writer *w);

uint64_t writer_bytes(const struct writer *w);	/* so far */
uint64_t writer_digest(const struct writer *w); /* after writer_publish: the image's digest */

#endif
