/*
 * stream.h - one record after the other out of an input: head, fields, padding, bulk data, each
 * verified on its own.  Internal to this layer; what the records mean together is the reader's.
 */
#ifndef IMAGE_STREAM_H
#define IMAGE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "image/input.h"
#include "image/wire.h"

struct ctx;

struct stream {
	struct input in;
	struct head head;  /* the current record; kind 0: there is none */
	const char *name;  /* of its kind, where the reader knows it; not ours */
	size_t number;	   /* of the current record, from 0 */
	uint64_t begin;	   /* its offset */
	struct buf fields; /* its fields */
	bool bulk_due;	   /* its bulk data was not read yet */
};

void stream_done(struct stream *s);

/* In this order for each record.  The first passes over what was not read of the one before. */
int stream_head(struct ctx *cx, struct stream *s, uint8_t wire[static WIRE_HEAD]);
int stream_fields(struct ctx *cx, struct stream *s);
int stream_to_bulk(struct ctx *cx, struct stream *s);

/* All of the bulk data, verified, once: into p, at the end of a buffer that grows only with what is
 * really there, or nowhere. */
int stream_bulk(struct ctx *cx, struct stream *s, void *p);
int stream_bulk_append(struct ctx *cx, struct stream *s, struct buf *to);
int stream_bulk_verify(struct ctx *cx, struct stream *s);

/* Reasons that begin with "record 17 (vma) at offset 0x5000: ". */
__attribute__((format(printf, 3, 4))) int stream_damaged(struct ctx *cx, const struct stream *s,
							 const char *fmt, ...);
int stream_blame(struct ctx *cx, const struct stream *s, int err);

#endif
