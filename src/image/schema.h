/*
 * schema.h - the record that describes a kind to readers who have never heard of it.  Internal to
 * this layer; struct schema itself is in reader.h.
 */
#ifndef IMAGE_SCHEMA_H
#define IMAGE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct ctx;
struct field_cursor;
struct record_type;
struct schema;

/* The fields of t's schema record appended to out. */
int schema_encode(struct ctx *cx, const struct record_type *t, struct buf *out);

/* The other way; free with schema_free.  The reason says what, not where. */
int schema_decode(struct ctx *cx, const void *p, size_t len, struct schema **ret);
void schema_free(struct schema *s);

/* Whether a record's fields are what its schema says: NULL, or what is wrong with the field whose
 * number and name are returned (NULL if it is none in particular). */
const char *schema_check(const struct schema *s, const void *p, size_t len, uint16_t *ret_number,
			 const char **ret_name);

#endif
