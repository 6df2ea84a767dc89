/*
 * writer.c - an image as a stream that only grows.
 *
 * Small things are gathered in `pending` and go out in big pieces.  Large bulk data of a file gets
 * its place under the lock and is written outside it; everything else happens under the lock.  The
 * sums, which cost most, are always made outside.
 */
#include "image/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "image/output.h"
#include "image/record.h"
#include "image/schema.h"
#include "image/tally.h"
#include "image/wire.h"

enum {
	PENDING_MAX = 256 << 10, /* then it is written */
	BULK_SMALL = 64 << 10,	 /* bulk data up to here is gathered as well */
};

struct writer {
	pthread_mutex_t lock;
	struct output out;
	struct tally tally;
	struct buf pending;
	uint64_t written; /* where pending begins; all before it is written, or being written */
	bool published;
	int err; /* of the first failure; from then on every call fails with it */
	char why[sizeof((struct ctx *) 0)->why];
};

static void unlock_p(pthread_mutex_t **m)
{
	if (*m)
		(void) pthread_mutex_unlock(*m);
}

#define _locked_(w)                                                                                \
	_cleanup_(unlock_p) pthread_mutex_t *_held __attribute__((unused)) =                       \
		(pthread_mutex_lock(&(w)->lock), &(w)->lock)

static uint64_t position(const struct writer *w)
{
	return w->written + w->pending.len;
}

/* Keeps the first failure that leaves the stream with a hole; the lock is held. */
static int broken(struct ctx *cx, struct writer *w, int err)
{
	if (err < 0 && w->err == 0) {
		w->err = err;
		memcpy(w->why, cx->why, sizeof w->why);
	}
	return err;
}

static int usable(struct ctx *cx, const struct writer *w)
{
	if (w->err)
		return fail(cx, w->err, "%s", w->why);
	if (w->published)
		return fail(cx, -EINVAL, "%s: the image is already complete", w->out.path);
	return 0;
}

static void writer_free_p(struct writer **w)
{
	writer_free(*w);
}

static int writer_new(struct ctx *cx, const char *path, int fd, struct writer **ret_writer)
{
	_cleanup_(writer_free_p) struct writer *w = calloc(1, sizeof *w);
	uint8_t preamble[WIRE_PREAMBLE];
	int r;

	if (!w)
		return fail(cx, -ENOMEM, "start an image");
	(void) pthread_mutex_init(&w->lock, NULL);
	w->out.fd = w->out.dirfd = -1;
	r = tally_init(cx, &w->tally);
	if (r < 0)
		return r;
	r = path ? output_open_file(cx, &w->out, path) : output_open_fd(cx, &w->out, fd);
	if (r < 0)
		return r;
	preamble_put(preamble, IMAGE_FORMAT);
	buf_put(&w->pending, preamble, sizeof preamble);
	if (buf_err(&w->pending))
		return fail(cx, -ENOMEM, "start an image");
	*ret_writer = take_ptr(w);
	return 0;
}

int writer_open_file(struct ctx *cx, const char *path, struct writer **ret_writer)
{
	return writer_new(cx, path, -1, ret_writer);
}

int writer_open_fd(struct ctx *cx, int fd, struct writer **ret_writer)
{
	return writer_new(cx, NULL, fd, ret_writer);
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	output_done(&w->out);
	tally_done(&w->tally);
	buf_done(&w->pending);
	(void) pthread_mutex_destroy(&w->lock);
	free(w);
}

static int flush(struct ctx *cx, struct writer *w)
{
	int r = output_write(cx, &w->out, w->written, w->pending.p, w->pending.len);

	if (r < 0)
		return r;
	w->written += w->pending.len;
	w->pending.len = 0;
	return 0;
}

/* Zeros up to the next multiple of align in the image. */
static void pad(struct writer *w, size_t align)
{
	buf_zero(&w->pending, -position(w) & (align - 1));
}

/* Head and fields; what is not yet known of the head is filled in. */
static int append(struct ctx *cx, struct writer *w, struct head *h, const struct buf *fields)
{
	uint8_t wire[WIRE_HEAD];
	int r;

	h->offset = position(w);
	head_put(wire, h);
	r = tally_add(cx, &w->tally, wire, h);
	if (r < 0)
		return r;
	buf_put(&w->pending, wire, sizeof wire);
	buf_put(&w->pending, fields->p, fields->len);
	if (buf_err(&w->pending))
		return fail(cx, -ENOMEM, "write a record");
	return 0;
}

static int describe(struct ctx *cx, struct writer *w, const struct record_type *t,
		    const struct buf *schema)
{
	struct head h = {
		.kind = KIND_SCHEMA,
		.version = 1,
		.id = t->kind,
		.fields_len = schema->len,
		.fields_sum = wire_sum(schema->p, schema->len),
		.bulk_sum = wire_sum(NULL, 0),
	};

	return append(cx, w, &h, schema);
}

/* The record and its bulk data in place.  1: the bulk data is still to be written, at *ret_offset,
 * which may happen without the lock. */
static int place(struct ctx *cx, struct writer *w, struct head *h, const struct buf *fields,
		 const void *bulk, uint64_t *ret_offset)
{
	int r = append(cx, w, h, fields);
	bool later = false;

	if (r < 0)
		return r;
	if (h->bulk_len) {
		pad(w, WIRE_BULK);
		if (h->bulk_len <= BULK_SMALL) {
			buf_put(&w->pending, bulk, h->bulk_len);
		} else {
			r = flush(cx, w);
			if (r < 0)
				return r;
			*ret_offset = w->written;
			later = w->out.file;
			if (!later)
				r = output_write(cx, &w->out, w->written, bulk, h->bulk_len);
			if (r < 0)
				return r;
			w->written += h->bulk_len;
		}
		pad(w, WIRE_ALIGN);
	}
	if (buf_err(&w->pending))
		return fail(cx, -ENOMEM, "write a record");
	if (w->pending.len >= PENDING_MAX)
		r = flush(cx, w);
	return r < 0 ? r : later;
}

/* Mistakes of ours that would make an image nobody reads. */
static int in_order(struct ctx *cx, const struct writer *w, const struct record_type *t)
{
	if (t->kind == 0 || t->kind == KIND_SCHEMA || t->kind == KIND_TRAILER ||
	    t->flags & ~RECORD_SKIPPABLE)
		return fail(cx, -EINVAL, "%s: %s is no kind to be written", w->out.path, t->name);
	if (tally_has(&w->tally, KIND_HEADER) != (t->kind != KIND_HEADER))
		return fail(cx, -EINVAL, "%s: %s: the header comes first, and once", w->out.path,
			    t->name);
	return 0;
}

static int put_locked(struct ctx *cx, struct writer *w, const struct record_type *t, struct head *h,
		      const struct buf *fields, const void *bulk, uint64_t *ret_offset)
{
	_buf_ struct buf schema = { 0 };
	_locked_(w);
	int r = usable(cx, w);

	if (r < 0)
		return r;
	r = in_order(cx, w, t);
	if (r < 0)
		return r;
	if (!tally_has(&w->tally, t->kind)) {
		r = schema_encode(cx, t, &schema);
		if (r < 0)
			return r;
		r = describe(cx, w, t, &schema);
	}
	if (r == 0)
		r = place(cx, w, h, fields, bulk, ret_offset);
	return broken(cx, w, r);
}

int writer_bulk(struct ctx *cx, struct writer *w, const struct record_type *t, uint64_t id,
		const void *obj, const void *bulk, size_t len)
{
	_buf_ struct buf fields = { 0 };
	struct head h = { t->kind, t->version, t->flags, id, .bulk_len = len };
	uint64_t offset = 0;
	int r = record_encode(cx, t, obj, &fields);

	if (r < 0)
		return r;
	if (fields.len > WIRE_FIELDS_MAX)
		return fail(cx, -EFBIG, "%s: %s: its fields are more than 64 MiB", w->out.path,
			    t->name);
	h.fields_len = fields.len;
	h.fields_sum = wire_sum(fields.p, fields.len);
	h.bulk_sum = wire_sum(bulk, len);
	r = put_locked(cx, w, t, &h, &fields, bulk, &offset);
	if (r <= 0)
		return r;
	r = output_write(cx, &w->out, offset, bulk, len);
	if (r < 0) {
		_locked_(w);
		return broken(cx, w, r);
	}
	return 0;
}

int writer_put(struct ctx *cx, struct writer *w, const struct record_type *t, uint64_t id,
	       const void *obj)
{
	return writer_bulk(cx, w, t, id, obj, NULL, 0);
}

static int put_trailer(struct ctx *cx, struct writer *w)
{
	_buf_ struct buf fields = { 0 };
	struct trailer t = tally_trailer(&w->tally, position(w));
	struct head h = { .kind = KIND_TRAILER, .version = trailer_type.version };
	uint8_t wire[WIRE_HEAD];
	int r = record_encode(cx, &trailer_type, &t, &fields);

	if (r < 0)
		return r;
	if (fields.len > WIRE_FIELDS_MAX)
		return fail(cx, -EFBIG, "%s: too many records for one image", w->out.path);
	t.length = t.offset + WIRE_HEAD + fields.len;
	fields.len = 0;
	r = record_encode(cx, &trailer_type, &t, &fields);
	if (r < 0)
		return r;
	h.offset = t.offset;
	h.fields_len = fields.len;
	h.fields_sum = wire_sum(fields.p, fields.len);
	h.bulk_sum = wire_sum(NULL, 0);
	head_put(wire, &h);
	buf_put(&w->pending, wire, sizeof wire);
	buf_put(&w->pending, fields.p, fields.len);
	return buf_err(&w->pending) ? fail(cx, -ENOMEM, "write the trailer") : 0;
}

int writer_publish(struct ctx *cx, struct writer *w)
{
	_locked_(w);
	int r = usable(cx, w);

	if (r < 0)
		return r;
	if (!tally_has(&w->tally, KIND_HEADER))
		return fail(cx, -EINVAL, "%s: an image without a header", w->out.path);
	r = put_trailer(cx, w);
	if (r == 0)
		r = flush(cx, w);
	if (r == 0)
		r = output_publish(cx, &w->out);
	w->published = r == 0;
	return broken(cx, w, r);
}

uint64_t writer_bytes(const struct writer *w)
{
	_locked_((struct writer *) w);

	return position(w);
}

uint64_t writer_digest(const struct writer *w)
{
	_locked_((struct writer *) w);

	return tally_digest(&w->tally);
}
