/*
 * record.h - how a struct becomes a record and back.
 *
 * A record type describes a struct once, field by field; writing, reading, showing and the schema
 * record all come from that description.  This layer knows no object kind.  Bytes: doc/IMAGE.md.
 *
 * A field's number in the image is its place in the table, from 1.  New fields go to the end; a
 * field that an image does not have keeps the zero that record_decode starts from.
 */
#ifndef IMAGE_RECORD_H
#define IMAGE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buf;
struct ctx;

enum field_type {
	F_BOOL = 1, /* bool; 0 or 1 in the image, a reader refuses others */
	F_U8,	    /* uint8_t */
	F_U16,
	F_U32,
	F_U64,
	F_S32,
	F_S64,
	F_X32, /* as F_U32, F_U64, shown in hex (addresses, masks, flags) */
	F_X64,
	F_STR,	 /* char *, NUL-terminated, no NUL inside; NULL is written as absent; heap, freed by
		    record_free */
	F_BYTES, /* struct bytes; any length; heap, freed by record_free */
	F_U32S,	 /* struct bytes holding uint32_t values, host order in memory */
	F_U64S,	 /* struct bytes holding uint64_t values */
};

struct bytes {
	void *p;
	size_t len; /* in bytes, for all three types */
};

struct field {
	const char *name;
	enum field_type type;
	uint16_t off;
	uint16_t count; /* > 1: a fixed array of that many (scalar types only) */
};

/* clang-format off */
#define FIELD(T, t, m) { #m, t, offsetof(struct T, m), 1 }
#define FIELD_ARRAY(T, t, m)                                                                       \
	{ #m, t, offsetof(struct T, m),                                                            \
	  sizeof(((struct T *) 0)->m) / sizeof(((struct T *) 0)->m[0]) }
#define FIELDS(a) .fields = (a), .nfields = sizeof(a) / sizeof(*(a))
/* clang-format on */

enum record_flags {
	RECORD_SKIPPABLE = 1, /* a reader that does not know the kind may pass over it */
};

struct record_type {
	uint16_t kind, version; /* kinds are never reused: doc/IMAGE.md has the list */
	uint16_t flags;
	const char *name;
	size_t size; /* of the struct */
	const struct field *fields;
	size_t nfields;
};

/* obj -> bytes appended to out. */
int record_encode(struct ctx *cx, const struct record_type *t, const void *obj, struct buf *out);

/* bytes -> obj, which is zeroed first.  Checks every number, type, length and count; unknown field
 * numbers are ERR_UNSUPPORTED, everything else wrong ERR_DAMAGED.  On failure obj holds nothing.
 * The reason names the field, not the record: reader_decode adds that. */
int record_decode(struct ctx *cx, const struct record_type *t, const void *p, size_t len,
		  void *obj);

/* Frees what record_decode (or a collector) put on the heap behind obj; obj itself is the caller's.
 */
void record_free(const struct record_type *t, void *obj);

/* "name=value name=value", one line without its end; or the members of a JSON object. */
void record_show(const struct record_type *t, const void *obj, FILE *f);
void record_show_json(const struct record_type *t, const void *obj, FILE *f);

/* Text of unknown origin, without quotes, in a form that cannot upset a terminal; and a JSON
 * string.
 */
void show_text(const char *s, size_t len, FILE *f);
void show_json_string(const char *s, FILE *f);

#endif
