/*
 * field.c - the fields inside a record, one after the other.
 */
#include "image/field.h"

#include <string.h>

#include "base/buf.h"
#include "image/record.h"
#include "image/wire.h"

static const uint8_t widths[] = {
	[F_BOOL] = 1,  [F_U8] = 1,   [F_U16] = 2,  [F_U32] = 4, [F_U64] = 8,
	[F_S32] = 4,   [F_S64] = 8,  [F_X32] = 4,  [F_X64] = 8, [F_STR] = 1,
	[F_BYTES] = 1, [F_U32S] = 4, [F_U64S] = 8,
};

bool type_is_known(unsigned type)
{
	return type >= F_BOOL && type <= F_U64S;
}

unsigned type_width(unsigned type)
{
	return widths[type];
}

bool type_is_scalar(unsigned type)
{
	return type < F_STR;
}

int field_next(struct field_cursor *c, struct field_view *ret, const char **ret_why)
{
	size_t padded;

	if (c->left == 0)
		return 0;
	if (c->left < WIRE_FIELD) {
		*ret_why = "a field is cut off";
		return -1;
	}
	*ret = (struct field_view){ get16(c->p), c->p[2], c->p + WIRE_FIELD, get32(c->p + 4) };
	padded = ((size_t) ret->len + WIRE_ALIGN - 1) & ~(size_t) (WIRE_ALIGN - 1);
	if (ret->number <= c->last) /* 0 as well: last begins as 0 */
		*ret_why = "fields are not in ascending order";
	else if (c->p[3])
		*ret_why = "reserved bits of a field are set";
	else if (!type_is_known(ret->type))
		*ret_why = "a field has an impossible type";
	else if (padded < ret->len || padded > c->left - WIRE_FIELD)
		*ret_why = "a field is longer than its record";
	else if (!wire_is_zero(ret->value + ret->len, padded - ret->len))
		*ret_why = "padding of a field is not zero";
	else {
		c->p += WIRE_FIELD + padded;
		c->left -= WIRE_FIELD + padded;
		c->last = ret->number;
		return 1;
	}
	return -1;
}

const char *field_check(const struct field_view *v, unsigned type, unsigned count)
{
	if (v->type != type)
		return "has the wrong type";
	if (type_is_scalar(type) ? v->len != (size_t) type_width(type) * count
				 : v->len % type_width(type) != 0)
		return "has the wrong length";
	if (type == F_STR && v->len && memchr(v->value, 0, v->len))
		return "is a string with a NUL inside";
	for (size_t i = 0; type == F_BOOL && i < v->len; i++)
		if (v->value[i] > 1)
			return "is a bool that is neither 0 nor 1";
	return NULL;
}

uint8_t *field_put(struct buf *out, uint16_t number, uint8_t type, size_t len)
{
	size_t padded = (len + WIRE_ALIGN - 1) & ~(size_t) (WIRE_ALIGN - 1);
	uint8_t *p;

	if (len > WIRE_FIELDS_MAX) { /* the writer refuses it by name; here only overflow matters */
		out->failed = true;
		return NULL;
	}
	p = buf_grow(out, WIRE_FIELD + padded);
	if (!p)
		return NULL;
	put16(p, number);
	p[2] = type;
	p[3] = 0;
	put32(p + 4, (uint32_t) len);
	memset(p + WIRE_FIELD + len, 0, padded - len);
	return p + WIRE_FIELD;
}
