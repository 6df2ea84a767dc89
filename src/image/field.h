/*
 * field.h - the fields inside a record, one after the other.  Internal to this layer.
 *
 * Knows types and their rules; which fields a kind has is told by a table (record.c) or by the
 * image's own schema (schema.c).
 */
#ifndef IMAGE_FIELD_H
#define IMAGE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct field_view {
	uint16_t number;
	uint8_t type;
	const uint8_t *value;
	uint32_t len;
};

struct field_cursor {
	const uint8_t *p;
	size_t left;
	uint16_t last; /* number of the field before */
};

bool type_is_known(unsigned type);
unsigned type_width(unsigned type); /* of one element; 1 for strings and bytes */
bool type_is_scalar(unsigned type);

/* 1 and the next field, 0 at the end, -1 and what is wrong. */
int field_next(struct field_cursor *c, struct field_view *ret, const char **ret_why);

/* Whether the value obeys its type and count: NULL, or what is wrong with it. */
const char *field_check(const struct field_view *v, unsigned type, unsigned count);

/* Appends number, type and length, and returns where the value goes, its padding zeroed. */
uint8_t *field_put(struct buf *out, uint16_t number, uint8_t type, size_t len);

#endif
