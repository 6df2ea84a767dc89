/*
 * input.h - where the bytes of an image come from: a regular file, read at any offset, or a stream.
 * Internal to this layer.
 */
#ifndef IMAGE_INPUT_H
#define IMAGE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ctx;

struct input {
	int fd;
	bool own;	     /* fd is ours to close */
	bool file;	     /* seekable: base and size are known */
	uint64_t base, size; /* where the image begins in the file; bytes from there to its end */
	uint64_t pos;	     /* in the image: the next byte that input_read gives */
	uint8_t *ahead;	     /* read but not yet given: ahead[start] to ahead[end] */
	size_t start, end;
};

int input_open(struct ctx *cx, struct input *in, int fd, bool own); /* closes fd if it fails */
void input_done(struct input *in);

/* n bytes, fewer only at the end. */
ssize_t input_read(struct ctx *cx, struct input *in, void *p, size_t n);

/* Passes over n bytes: of a file only. */
void input_skip(struct input *in, uint64_t n);

/* n bytes at that offset of a file, fewer only at its end; from any thread. */
ssize_t input_read_at(struct ctx *cx, const struct input *in, uint64_t offset, void *p, size_t n);

/* Whether n bytes can still follow; of a stream nobody knows. */
bool input_can_have(const struct input *in, uint64_t n);

#endif
