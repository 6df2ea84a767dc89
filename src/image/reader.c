/*
 * reader.c - an image read front to back; nothing in it is trusted.
 *
 * Owns the order of things: preamble, records, trailer, end.  The form of a head is checked in
 * wire.c, of a schema in schema.c.  Memory is taken for what is there, not for what a length
 * promises: a file is compared with its size, a stream read in steps.
 */
#include "image/reader.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "image/input.h"
#include "image/schema.h"
#include "image/tally.h"
#include "image/wire.h"

enum { STEP = 1 << 20 }; /* so much at a time of what a stream only promises */

struct reader {
	struct input in;
	struct tally tally;
	struct buf schemas; /* struct schema *, ascending by kind */
	struct buf fields;  /* of the current record */
	struct head head;   /* the current record; kind 0: none */
	bool bulk_due;	    /* its bulk data was not read yet */
	bool done;
	int err;
	char why[sizeof((struct ctx *) 0)->why];
};

/* Number of the record that is being read: it is not yet counted, or the last one that was. */
static size_t number(const struct reader *r)
{
	size_t n = tally_records(&r->tally);
	const uint64_t *offsets = r->tally.index_offsets.p;

	return n && offsets[n - 1] == r->head.offset && r->head.kind ? n - 1 : n;
}

static const char *kind_name(const struct reader *r, uint16_t kind)
{
	const struct schema *s = reader_schema(r, kind);

	return s		      ? s->name
	       : kind == KIND_SCHEMA  ? "schema"
	       : kind == KIND_TRAILER ? "trailer"
				      : NULL;
}

/* "record 17 (vma) at offset 0x5000" */
static void whereabouts(const struct reader *r, char *p, size_t n)
{
	const char *name = r->head.kind ? kind_name(r, r->head.kind) : NULL;
	uint64_t offset = r->head.kind ? r->head.offset : r->in.pos;

	if (name)
		(void) snprintf(p, n, "record %zu (%s) at offset 0x%" PRIx64, number(r), name,
				offset);
	else
		(void) snprintf(p, n, "record %zu at offset 0x%" PRIx64, number(r), offset);
}

__attribute__((format(printf, 3, 4))) static int damaged(struct ctx *cx, const struct reader *r,
							 const char *fmt, ...)
{
	char where[160], what[320];
	va_list ap;

	whereabouts(r, where, sizeof where);
	va_start(ap, fmt);
	(void) vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return fail(cx, ERR_DAMAGED, "%s: %s: the image is damaged", where, what);
}

static int truncated(struct ctx *cx, const struct reader *r)
{
	char where[160];

	whereabouts(r, where, sizeof where);
	return fail(cx, ERR_DAMAGED,
		    "%s: the image is truncated: it ends inside or before this record", where);
}

static int blame_record(struct ctx *cx, const struct reader *r, int err)
{
	char where[160];

	whereabouts(r, where, sizeof where);
	return blame(cx, err, "%s", where);
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
	err = input_open(cx, &r->in, fd, own);
	if (err < 0)
		return err;
	err = tally_init(cx, &r->tally);
	if (err < 0)
		return err;
	n = input_read(cx, &r->in, preamble, sizeof preamble);
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
	buf_done(&r->fields);
	tally_done(&r->tally);
	input_done(&r->in);
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

/* --- bulk data --- */

static int check_zeros(struct ctx *cx, struct reader *r, size_t n)
{
	uint8_t pad[WIRE_BULK];
	ssize_t have = input_read(cx, &r->in, pad, n);

	if (have < 0)
		return (int) have;
	if ((size_t) have < n)
		return truncated(cx, r);
	if (!wire_is_zero(pad, n))
		return damaged(cx, r, "padding of its bulk data is not zero");
	return 0;
}

static int check_bulk_sum(struct ctx *cx, const struct reader *r, uint64_t sum)
{
	if (sum != r->head.bulk_sum)
		return damaged(cx, r, "checksum of its bulk data does not match");
	return 0;
}

/* A stream cannot be passed over unread, so it is verified as well. */
static int drain_bulk(struct ctx *cx, struct reader *r)
{
	size_t chunk = r->head.bulk_len < STEP ? (size_t) r->head.bulk_len : STEP;
	_free_ char *p = malloc(chunk);
	XXH3_state_t *sum = XXH3_createState();
	int err = p && sum && XXH3_64bits_reset(sum) == XXH_OK ? 0 : fail(cx, -ENOMEM, "read");

	for (uint64_t left = r->head.bulk_len; left && err == 0;) {
		size_t want = left < chunk ? (size_t) left : chunk;
		ssize_t n = input_read(cx, &r->in, p, want);

		if (n < 0)
			err = (int) n;
		else if ((size_t) n < want)
			err = truncated(cx, r);
		else
			(void) XXH3_64bits_update(sum, p, want);
		left -= want;
	}
	if (err == 0)
		err = check_bulk_sum(cx, r, XXH3_64bits_digest(sum));
	(void) XXH3_freeState(sum);
	return err;
}

static int leave_record(struct ctx *cx, struct reader *r)
{
	uint64_t len = r->head.bulk_len;
	int err = 0;

	if (r->head.kind == 0 || len == 0)
		return 0;
	if (r->bulk_due && r->in.file)
		input_skip(&r->in, len); /* its end was compared with the file's size */
	else if (r->bulk_due)
		err = drain_bulk(cx, r);
	r->bulk_due = false;
	return err < 0 ? err : check_zeros(cx, r, -len & (WIRE_ALIGN - 1));
}

/* --- records --- */

static int read_head(struct ctx *cx, struct reader *r, uint8_t wire[static WIRE_HEAD])
{
	uint64_t offset = r->in.pos;
	const char *why;
	ssize_t n;

	r->head.kind = 0;
	n = input_read(cx, &r->in, wire, WIRE_HEAD);
	if (n < 0)
		return (int) n;
	if (n < WIRE_HEAD) {
		r->in.pos = offset; /* for the message */
		return truncated(cx, r);
	}
	why = head_get(wire, offset, &r->head);
	if (why) {
		r->in.pos = offset;
		return damaged(cx, r, "%s", why);
	}
	return 0;
}

static int read_fields(struct ctx *cx, struct reader *r)
{
	uint64_t left = r->head.fields_len;

	if (!input_can_have(&r->in, left))
		return truncated(cx, r);
	r->fields.len = 0;
	while (left) {
		size_t want = left < STEP ? (size_t) left : STEP;
		void *to = buf_grow(&r->fields, want);
		ssize_t n;

		if (!to)
			return fail(cx, -ENOMEM, "read");
		n = input_read(cx, &r->in, to, want);
		if (n < 0)
			return (int) n;
		if ((size_t) n < want)
			return truncated(cx, r);
		left -= want;
	}
	if (wire_sum(r->fields.p, r->fields.len) != r->head.fields_sum)
		return damaged(cx, r, "checksum of its fields does not match");
	return 0;
}

static int find_bulk(struct ctx *cx, struct reader *r)
{
	int err;

	r->bulk_due = r->head.bulk_len > 0;
	if (!r->bulk_due)
		return 0;
	err = check_zeros(cx, r, -r->in.pos & (WIRE_BULK - 1));
	if (err == 0 && !input_can_have(&r->in, r->head.bulk_len))
		err = truncated(cx, r);
	return err;
}

static int take_schema(struct ctx *cx, struct reader *r)
{
	struct schema *s = NULL, **all;
	size_t i, n;
	int err;

	if (r->head.version != 1)
		return blame_record(cx, r,
				    fail(cx, ERR_UNSUPPORTED,
					 "version %u is not known to this reprise: use a newer one",
					 r->head.version));
	if (r->head.flags || r->head.bulk_len)
		return damaged(cx, r, "a schema has neither flags nor bulk data");
	err = schema_decode(cx, r->fields.p, r->fields.len, &s);
	if (err < 0)
		return blame_record(cx, r, err);
	if (r->head.id != s->kind || reader_schema(r, s->kind)) {
		err = damaged(cx, r, "%s",
			      r->head.id != s->kind ? "its id is not the kind it describes"
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

	if (n == 0 && (r->head.kind != KIND_SCHEMA || r->head.id != KIND_HEADER))
		return damaged(cx, r, "the schema of the header does not come first");
	if ((n == 1) != (r->head.kind == KIND_HEADER))
		return damaged(cx, r, "the header does not come right after its schema, and once");
	return 0;
}

static int check_record(struct ctx *cx, const struct reader *r)
{
	const struct schema *s = reader_schema(r, r->head.kind);
	uint16_t field = 0;
	const char *name, *why;

	if (r->head.kind == KIND_HEADER && (r->head.id || r->head.flags || r->head.bulk_len))
		return damaged(cx, r, "a header has neither flags, id nor bulk data");
	if (!s)
		return damaged(cx, r, "no schema describes its kind %u", r->head.kind);
	if (s->version != r->head.version || s->flags != r->head.flags)
		return damaged(cx, r, "its version or flags are not those of its schema");
	why = schema_check(s, r->fields.p, r->fields.len, &field, &name);
	if (why && name)
		return damaged(cx, r, "field %u (%s) %s", field, name, why);
	if (why)
		return damaged(cx, r, "%s", why);
	return 0;
}

static int check_trailer(struct ctx *cx, struct reader *r)
{
	struct trailer found, expected = tally_trailer(&r->tally, r->head.offset);
	const char *why;
	uint8_t more;
	ssize_t n;
	int err;

	if (r->head.version != trailer_type.version)
		return blame_record(cx, r,
				    fail(cx, ERR_UNSUPPORTED,
					 "version %u is not known to this reprise: use a newer one",
					 r->head.version));
	if (r->head.flags || r->head.id || r->head.bulk_len)
		return damaged(cx, r, "a trailer has neither flags, id nor bulk data");
	err = record_decode(cx, &trailer_type, r->fields.p, r->fields.len, &found);
	if (err < 0)
		return blame_record(cx, r, err);
	expected.length = r->in.pos;
	why = trailer_differs(&found, &expected);
	record_free(&trailer_type, &found);
	if (why)
		return damaged(cx, r, "%s", why);
	n = input_read(cx, &r->in, &more, 1);
	if (n < 0)
		return (int) n;
	if (n > 0)
		return fail(cx, ERR_DAMAGED,
			    "something follows the trailer at offset 0x%" PRIx64
			    ": the image is damaged",
			    r->in.pos - 1);
	return 0;
}

/* 1: a record for the caller; 2: one that was for us; 0: the end. */
static int step(struct ctx *cx, struct reader *r)
{
	uint8_t wire[WIRE_HEAD];
	int err = leave_record(cx, r);

	if (err == 0)
		err = read_head(cx, r, wire);
	if (err == 0)
		err = read_fields(cx, r);
	if (err == 0)
		err = check_order(cx, r);
	if (err == 0 && r->head.kind == KIND_TRAILER)
		return check_trailer(cx, r);
	if (err == 0)
		err = r->head.kind == KIND_SCHEMA ? take_schema(cx, r) : check_record(cx, r);
	if (err == 0)
		err = find_bulk(cx, r);
	if (err == 0)
		err = tally_add(cx, &r->tally, wire, &r->head);
	return err < 0 ? err : r->head.kind == KIND_SCHEMA ? 2 : 1;
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
		.kind = r->head.kind,
		.version = r->head.version,
		.flags = r->head.flags,
		.id = r->head.id,
		.fields = r->fields.p,
		.fields_len = r->fields.len,
		.bulk_len = r->head.bulk_len,
		.bulk_off = r->in.pos,
		.bulk_sum = r->head.bulk_sum,
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
	return blame_record(cx, r, err);
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
	return damaged(cx, r, "%s", why);
}

int reader_bulk(struct ctx *cx, struct reader *r, const struct record *rec, void *p)
{
	ssize_t n;

	if (r->err)
		return fail(cx, r->err, "%s", r->why);
	if (rec->bulk_len == 0)
		return 0;
	if (!r->bulk_due || r->in.pos != rec->bulk_off)
		return fail(cx, -EINVAL, "bulk data of a record that was left behind");
	if (rec->bulk_len > SIZE_MAX / 2)
		return fail(cx, -EFBIG, "bulk data does not fit this machine's memory");
	n = input_read(cx, &r->in, p, (size_t) rec->bulk_len);
	r->bulk_due = false;
	if (n < 0)
		return broken(cx, r, (int) n);
	if ((uint64_t) n < rec->bulk_len)
		return broken(cx, r, truncated(cx, r));
	return broken(cx, r, check_bulk_sum(cx, r, wire_sum(p, (size_t) n)));
}

bool reader_seekable(const struct reader *r)
{
	return r->in.file;
}

int reader_bulk_at(struct ctx *cx, const struct reader *r, const struct record *rec, void *p)
{
	const char *name = kind_name(r, rec->kind), *why = NULL;
	ssize_t n;

	if (!r->in.file || rec->bulk_len > SIZE_MAX / 2)
		return fail(cx, -EINVAL, "bulk data cannot be read here at any time");
	n = input_read_at(cx, &r->in, rec->bulk_off, p, (size_t) rec->bulk_len);
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
