/*
 * reader.c - an image read front to back; nothing in it is trusted.
 *
 * Owns the order of things: preamble, schema, header, records, trailer, end.  Each record on its
 * own is verified in stream.c, its fields in field.c, a schema in schema.c.
 */
#include "image/reader.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "image/schema.h"
#include "image/stream.h"
#include "image/tally.h"
#include "image/wire.h"

struct reader {
	struct stream stream;
	struct tally tally;
	struct buf schemas; /* struct schema *, ascending by kind */
	bool done;
	int err;
	char why[sizeof((struct ctx *) 0)->why];
};

static const char *kind_name(const struct reader *r, uint16_t kind)
{
	const struct schema *s = reader_schema(r, kind);

	return s		      ? s->name
	       : kind == KIND_SCHEMA  ? "schema"
	       : kind == KIND_TRAILER ? "trailer"
				      : NULL;
}

static void reader_free_p(struct reader **r)
{
	reader_free(*r);
}

static int reader_new(struct ctx *cx, int fd, bool own, struct reader **ret_reader)
{
	_cleanup_(reader_free_p) struct reader *r = calloc(1, sizeof *r);
	uint8_t preamble[WIRE_PREAMBLE];
	ssize_t n;
	int err;

	if (!r) {
		if (own)
			(void) close(fd);
		return fail(cx, -ENOMEM, "open");
	}
	err = input_open(cx, &r->stream.in, fd, own);
	if (err < 0)
		return err;
	err = tally_init(cx, &r->tally);
	if (err < 0)
		return err;
	n = input_read(cx, &r->stream.in, preamble, sizeof preamble);
	if (n < 0)
		return (int) n;
	err = preamble_get(cx, preamble, (size_t) n, IMAGE_FORMAT);
	if (err < 0)
		return err;
	*ret_reader = take_ptr(r);
	return 0;
}

int reader_open_file(struct ctx *cx, const char *path, struct reader **ret_reader)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return reader_new(cx, 0, false, ret_reader);
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail(cx, -errno, "open");
	return reader_new(cx, fd, true, ret_reader);
}

int reader_open_fd(struct ctx *cx, int fd, struct reader **ret_reader)
{
	return reader_new(cx, fd, false, ret_reader);
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->schemas.len / sizeof(struct schema *); i++)
		schema_free(((struct schema **) r->schemas.p)[i]);
	buf_done(&r->schemas);
	tally_done(&r->tally);
	stream_done(&r->stream);
	free(r);
}

/* Place of the first schema whose kind is not below this one. */
static size_t schema_place(const struct reader *r, uint16_t kind)
{
	struct schema *const *s = r->schemas.p;
	size_t lo = 0, hi = r->schemas.len / sizeof *s;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s[mid]->kind < kind)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct schema *reader_schema(const struct reader *r, uint16_t kind)
{
	size_t i = schema_place(r, kind);
	struct schema *const *s = r->schemas.p;

	return i < r->schemas.len / sizeof *s && s[i]->kind == kind ? s[i] : NULL;
}

static int take_schema(struct ctx *cx, struct reader *r)
{
	struct schema *s = NULL, **all;
	size_t i, n;
	int err;

	if (r->stream.head.version != 1)
		return stream_blame(cx, &r->stream,
				    fail(cx, ERR_UNSUPPORTED,
					 "version %u is not known to this reprise: use a newer one",
					 r->stream.head.version));
	if (r->stream.head.flags || r->stream.head.bulk_len)
		return stream_damaged(cx, &r->stream, "a schema has neither flags nor bulk data");
	err = schema_decode(cx, r->stream.fields.p, r->stream.fields.len, &s);
	if (err < 0)
		return stream_blame(cx, &r->stream, err);
	if (r->stream.head.id != s->kind || reader_schema(r, s->kind)) {
		err = stream_damaged(cx, &r->stream, "%s",
				     r->stream.head.id != s->kind
					     ? "its id is not the kind it describes"
					     : "the kind was described before");
		schema_free(s);
		return err;
	}
	i = schema_place(r, s->kind);
	if (!buf_grow(&r->schemas, sizeof s)) {
		schema_free(s);
		return fail(cx, -ENOMEM, "read");
	}
	all = r->schemas.p;
	n = r->schemas.len / sizeof s - 1;
	memmove(all + i + 1, all + i, (n - i) * sizeof s);
	all[i] = s;
	return 0;
}

/* The schema of the header, the header, then anything else. */
static int check_order(struct ctx *cx, const struct reader *r)
{
	size_t n = tally_records(&r->tally);

	if (n == 0 && (r->stream.head.kind != KIND_SCHEMA || r->stream.head.id != KIND_HEADER))
		return stream_damaged(cx, &r->stream,
				      "the schema of the header does not come first");
	if ((n == 1) != (r->stream.head.kind == KIND_HEADER))
		return stream_damaged(cx, &r->stream,
				      "the header does not come right after its schema, and once");
	return 0;
}

static int check_record(struct ctx *cx, const struct reader *r)
{
	const struct schema *s = reader_schema(r, r->stream.head.kind);
	uint16_t field = 0;
	const char *name, *why;

	if (r->stream.head.kind == KIND_HEADER &&
	    (r->stream.head.id || r->stream.head.flags || r->stream.head.bulk_len))
		return stream_damaged(cx, &r->stream,
				      "a header has neither flags, id nor bulk data");
	if (!s)
		return stream_damaged(cx, &r->stream, "no schema describes its kind %u",
				      r->stream.head.kind);
	if (s->version != r->stream.head.version || s->flags != r->stream.head.flags)
		return stream_damaged(cx, &r->stream,
				      "its version or flags are not those of its schema");
	why = schema_check(s, r->stream.fields.p, r->stream.fields.len, &field, &name);
	if (why && name)
		return stream_damaged(cx, &r->stream, "field %u (%s) %s", field, name, why);
	if (why)
		return stream_damaged(cx, &r->stream, "%s", why);
	return 0;
}

static int check_trailer(struct ctx *cx, struct reader *r)
{
	struct trailer found, expected = tally_trailer(&r->tally, r->stream.head.offset);
	const char *why;
	uint8_t more;
	ssize_t n;
	int err;

	if (r->stream.head.version != trailer_type.version)
		return stream_blame(cx, &r->stream,
				    fail(cx, ERR_UNSUPPORTED,
					 "version %u is not known to this reprise: use a newer one",
					 r->stream.head.version));
	if (r->stream.head.flags || r->stream.head.id || r->stream.head.bulk_len)
		return stream_damaged(cx, &r->stream,
				      "a trailer has neither flags, id nor bulk data");
	err = record_decode(cx, &trailer_type, r->stream.fields.p, r->stream.fields.len, &found);
	if (err < 0)
		return stream_blame(cx, &r->stream, err);
	expected.length = r->stream.in.pos;
	why = trailer_differs(&found, &expected);
	record_free(&trailer_type, &found);
	if (why)
		return stream_damaged(cx, &r->stream, "%s", why);
	n = input_read(cx, &r->stream.in, &more, 1);
	if (n < 0)
		return (int) n;
	if (n > 0)
		return fail(cx, ERR_DAMAGED,
			    "something follows the trailer at offset 0x%" PRIx64
			    ": the image is damaged",
			    r->stream.in.pos - 1);
	return 0;
}

/* 1: a record for the caller; 2: one that was for us; 0: the end. */
static int step(struct ctx *cx, struct reader *r)
{
	struct stream *now = &r->stream;
	uint8_t wire[WIRE_HEAD];
	int err = stream_head(cx, now, wire);

	if (err == 0) {
		now->name = kind_name(r, now->head.kind);
		err = stream_fields(cx, now);
	}
	if (err == 0)
		err = check_order(cx, r);
	if (err == 0 && now->head.kind == KIND_TRAILER)
		return check_trailer(cx, r);
	if (err == 0)
		err = now->head.kind == KIND_SCHEMA ? take_schema(cx, r) : check_record(cx, r);
	if (err == 0)
		err = stream_to_bulk(cx, now);
	if (err == 0)
		err = tally_add(cx, &r->tally, wire, &now->head);
	return err < 0 ? err : now->head.kind == KIND_SCHEMA ? 2 : 1;
}

static int broken(struct ctx *cx, struct reader *r, int err)
{
	if (err < 0 && r->err == 0) {
		r->err = err;
		memcpy(r->why, cx->why, sizeof r->why);
	}
	return err;
}

int reader_next(struct ctx *cx, struct reader *r, struct record *ret)
{
	int more;

	if (r->err)
		return fail(cx, r->err, "%s", r->why);
	if (r->done)
		return 0;
	do
		more = step(cx, r);
	while (more == 2);
	if (more <= 0) {
		r->done = more == 0;
		return broken(cx, r, more);
	}
	*ret = (struct record){
		.kind = r->stream.head.kind,
		.version = r->stream.head.version,
		.flags = r->stream.head.flags,
		.id = r->stream.head.id,
		.fields = r->stream.fields.p,
		.fields_len = r->stream.fields.len,
		.bulk_len = r->stream.head.bulk_len,
		.bulk_off = r->stream.in.pos,
		.bulk_sum = r->stream.head.bulk_sum,
	};
	return 1;
}

int reader_decode(struct ctx *cx, const struct reader *r, const struct record *rec,
		  const struct record_type *t, void *obj)
{
	int err;

	memset(obj, 0, t->size);
	if (rec->version > t->version)
		err = fail(cx, ERR_UNSUPPORTED,
			   "version %u is not known to this reprise: use a newer one",
			   rec->version);
	else
		err = record_decode(cx, t, rec->fields, rec->fields_len, obj);
	return stream_blame(cx, &r->stream, err);
}

int reader_header(struct ctx *cx, struct reader *r, struct image_header *ret)
{
	struct record rec;
	const char *why;
	int err = reader_next(cx, r, &rec);

	if (err < 0)
		return err;
	assert(err == 1 && rec.kind == KIND_HEADER);
	err = reader_decode(cx, r, &rec, &image_header_type, ret);
	if (err < 0)
		return err;
	why = image_header_check(ret);
	if (!why)
		return 0;
	record_free(&image_header_type, ret);
	return stream_damaged(cx, &r->stream, "%s", why);
}

/* 1: there is bulk data, and it comes next; 0: there is none. */
static int at_bulk(struct ctx *cx, const struct reader *r, const struct record *rec)
{
	if (r->err)
		return fail(cx, r->err, "%s", r->why);
	if (rec->bulk_len == 0)
		return 0;
	if (!r->stream.bulk_due || r->stream.in.pos != rec->bulk_off)
		return fail(cx, -EINVAL, "bulk data of a record that was left behind");
	if (rec->bulk_len > SIZE_MAX / 2)
		return fail(cx, -EFBIG, "bulk data does not fit this machine's memory");
	return 1;
}

int reader_bulk(struct ctx *cx, struct reader *r, const struct record *rec, void *p)
{
	int more = at_bulk(cx, r, rec);

	return more <= 0 ? more : broken(cx, r, stream_bulk(cx, &r->stream, p));
}

int reader_bulk_append(struct ctx *cx, struct reader *r, const struct record *rec, struct buf *to)
{
	int more = at_bulk(cx, r, rec);

	return more <= 0 ? more : broken(cx, r, stream_bulk_append(cx, &r->stream, to));
}

int reader_bulk_verify(struct ctx *cx, struct reader *r, const struct record *rec)
{
	int more = at_bulk(cx, r, rec);

	return more <= 0 ? more : broken(cx, r, stream_bulk_verify(cx, &r->stream));
}

bool reader_seekable(const struct reader *r)
{
	return r->stream.in.file;
}

int reader_bulk_at(struct ctx *cx, const struct reader *r, const struct record *rec, void *p)
{
	const char *name = kind_name(r, rec->kind), *why = NULL;
	ssize_t n;

	if (!r->stream.in.file || rec->bulk_len > SIZE_MAX / 2)
		return fail(cx, -EINVAL, "bulk data cannot be read here at any time");
	n = input_read_at(cx, &r->stream.in, rec->bulk_off, p, (size_t) rec->bulk_len);
	if (n < 0)
		return (int) n;
	if ((uint64_t) n < rec->bulk_len)
		why = "the image is truncated: it ends inside";
	else if (wire_sum(p, (size_t) n) != rec->bulk_sum)
		why = "checksum does not match: the image is damaged";
	if (why)
		return fail(cx, ERR_DAMAGED,
			    "bulk data of %s %" PRIu64 " at offset 0x%" PRIx64 ": %s",
			    name ? name : "record", rec->id, rec->bulk_off, why);
	return 0;
}

uint64_t reader_digest(const struct reader *r)
{
	return tally_digest(&r->tally);
}

uint64_t reader_length(const struct reader *r)
{
	return r->stream.in.pos;
}
