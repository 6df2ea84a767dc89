/*
 * output.h - where the bytes of an image go: a file of ours under a temporary name, or a descriptor
 * that only takes one byte after the other.  Internal to this layer.
 */
#ifndef IMAGE_OUTPUT_H
#define IMAGE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

struct output {
	int fd;
	bool own;  /* fd is ours to close */
	bool file; /* can be written at any offset, from several threads */
	int dirfd; /* of the final name; -1: there is none */
	char *path, *name, *tmp;
};

int output_open_file(struct ctx *cx, struct output *o, const char *path);
int output_open_fd(struct ctx *cx, struct output *o, int fd);
void output_done(struct output *o); /* removes what was not published */

/* All of it, at that offset of the image; a stream ignores the offset. */
int output_write(struct ctx *cx, const struct output *o, uint64_t offset, const void *p, size_t n);

/* On the disk, and under its name. */
int output_publish(struct ctx *cx, struct output *o);

#endif
