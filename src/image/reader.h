/*
 * reader.h - an image read front to back, from a file or from a pipe; nothing in it is trusted.
 *
 * A reason names the record (counted from 0, schema records too), its kind and its offset, but not
 * the file: the caller knows that.  A failed reader fails again, with the same reason.
 */
#ifndef IMAGE_READER_H
#define IMAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct ctx;
struct image_header;
struct reader;
struct record_type;

struct record {
	uint16_t kind, version, flags;
	uint64_t id;
	const void *fields; /* the reader's, until the next reader_next; checksum verified, and
			       everything in them is as the image's own schema says */
	size_t fields_len;
	uint64_t bulk_len;
	uint64_t bulk_off; /* from the start of the image */
	uint64_t bulk_sum; /* XXH3 of the bulk data, to be compared by whoever reads it */
};

int reader_open_file(struct ctx *cx, const char *path, struct reader **ret_reader); /* "-": fd 0 */
/* fd stays the caller's; the image begins at its offset. */
int reader_open_fd(struct ctx *cx, int fd, struct reader **ret_reader);
void reader_free(struct reader *r);

/* 1 and the next record; 0 at the end, after the trailer with its counts, index and digest was
 * verified and nothing follows it.  The header (kind 1) is the first record returned.  Schema
 * records are consumed on the way (see reader_schema).  Bulk data that was not read is passed over:
 * in a file unread, in a pipe read and verified. */
int reader_next(struct ctx *cx, struct reader *r, struct record *ret);

/* The current record into obj, as record_decode does; a version above t's is ERR_UNSUPPORTED. */
int reader_decode(struct ctx *cx, const struct reader *r, const struct record *rec,
		  const struct record_type *t, void *obj);

/* The first reader_next, decoded and checked: free with record_free(&image_header_type, h). */
int reader_header(struct ctx *cx, struct reader *r, struct image_header *ret);

/* The bulk data of the current record into p (bulk_len bytes), verified.  Once per record. */
int reader_bulk(struct ctx *cx, struct reader *r, const struct record *rec, void *p);
/* The same at the end of to, which takes no more memory than a pipe has really brought. */
int reader_bulk_append(struct ctx *cx, struct reader *r, const struct record *rec, struct buf *to);
/* The same, verified and forgotten. */
int reader_bulk_verify(struct ctx *cx, struct reader *r, const struct record *rec);

/* Whether bulk data can be read at any time and from several threads with reader_bulk_at (a file).
 */
bool reader_seekable(const struct reader *r);
int reader_bulk_at(struct ctx *cx, const struct reader *r, const struct record *rec, void *p);

/* What the image itself says about a kind: its name and fields, for records nobody here knows. */
struct schema_field {
	char *name;
	uint8_t type;
	uint16_t count;
};
struct schema {
	uint16_t kind, version, flags;
	char *name;
	struct schema_field *fields;
	size_t nfields;
};
const struct schema *reader_schema(const struct reader *r, uint16_t kind);

/* After the end: the digest that the trailer gives and that was verified. */
uint64_t reader_digest(const struct reader *r);
uint64_t reader_length(const struct reader *r); /* of the whole image, in bytes */

#endif
