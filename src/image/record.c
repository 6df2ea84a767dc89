/*
 * record.c - how a struct becomes a record and back, from the one description of its fields.
 *
 * Showing is in show.c; the bytes around the fields (heads, checksums) are the writer's and the
 * reader's.
 */
#include "image/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/field.h"
#include "image/wire.h"

static void put_values(uint8_t *to, unsigned width, const void *from, size_t n)
{
	const uint8_t *p = from;

	for (size_t i = 0; i < n; i++, to += width, p += width) {
		if (width == 1) {
			*to = *p;
		} else if (width == 2) {
			uint16_t v;
			memcpy(&v, p, sizeof v);
			put16(to, v);
		} else if (width == 4) {
			uint32_t v;
			memcpy(&v, p, sizeof v);
			put32(to, v);
		} else {
			uint64_t v;
			memcpy(&v, p, sizeof v);
			put64(to, v);
		}
	}
}

static void get_values(void *to, unsigned width, const uint8_t *from, size_t n)
{
	uint8_t *p = to;

	for (size_t i = 0; i < n; i++, from += width, p += width) {
		if (width == 1)
			*p = *from;
		else if (width == 2)
			memcpy(p, &(uint16_t){ get16(from) }, 2);
		else if (width == 4)
			memcpy(p, &(uint32_t){ get32(from) }, 4);
		else
			memcpy(p, &(uint64_t){ get64(from) }, 8);
	}
}

int record_encode(struct ctx *cx, const struct record_type *t, const void *obj, struct buf *out)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = t->fields + i;
		const void *m = (const char *) obj + f->off;
		unsigned width = type_width(f->type);
		size_t len = (size_t) f->count * width;
		uint8_t *to;

		if (f->type == F_STR) {
			m = *(char *const *) m;
			if (!m)
				continue;
			len = strlen(m);
		} else if (!type_is_scalar(f->type)) {
			const struct bytes *b = m;

			m = b->p;
			len = b->len;
			if (len % width)
				return fail(cx, -EINVAL,
					    "%s: %zu bytes are no whole number of values", f->name,
					    len);
		}
		if (len > WIRE_FIELDS_MAX)
			return fail(cx, -EFBIG, "%s: %zu bytes are too many for a field", f->name,
				    len);
		to = field_put(out, (uint16_t) (i + 1), (uint8_t) f->type, len);
		if (!to)
			return fail(cx, -ENOMEM, "encode %s", t->name);
		if (width == 1 && len)
			memcpy(to, m, len);
		else
			put_values(to, width, m, len / width);
	}
	return 0;
}

/* A value that has passed field_check into its member. */
static int load(const struct field *f, const struct field_view *v, void *m)
{
	unsigned width = type_width(f->type);
	char *p = m;

	if (!type_is_scalar(f->type)) {
		p = malloc((size_t) v->len + 1); /* + 1: the NUL; and no malloc of 0 */
		if (!p)
			return -ENOMEM;
		p[v->len] = '\0';
		if (f->type == F_STR)
			*(char **) m = p;
		else
			*(struct bytes *) m = (struct bytes){ p, v->len };
	}
	get_values(p, width, v->value, v->len / width);
	return 0;
}

/* Whether the fields are well-formed: before anything is called unknown, nothing is damaged. */
static int check_form(struct ctx *cx, const void *p, size_t len)
{
	struct field_cursor c = { p, len, 0 };
	struct field_view v;
	const char *why = NULL;
	int more;

	while ((more = field_next(&c, &v, &why)) > 0)
		;
	return more < 0 ? fail(cx, ERR_DAMAGED, "%s: the image is damaged", why) : 0;
}

int record_decode(struct ctx *cx, const struct record_type *t, const void *p, size_t len, void *obj)
{
	struct field_cursor c = { p, len, 0 };
	struct field_view v;
	const char *why = NULL;
	int r = check_form(cx, p, len);

	memset(obj, 0, t->size);
	while (r == 0 && field_next(&c, &v, &why) > 0) {
		const struct field *f = t->fields + v.number - 1;

		if (v.number > t->nfields) {
			r = fail(cx, ERR_UNSUPPORTED,
				 "field %u is not known to this reprise: use a newer one",
				 v.number);
			break;
		}
		why = field_check(&v, f->type, f->count);
		if (why)
			r = fail(cx, ERR_DAMAGED, "field %u (%s) %s: the image is damaged",
				 v.number, f->name, why);
		else if (load(f, &v, (char *) obj + f->off) < 0)
			r = fail(cx, -ENOMEM, "decode %s", t->name);
	}
	if (r < 0)
		record_free(t, obj);
	return r;
}

void record_free(const struct record_type *t, void *obj)
{
	if (!obj)
		return;
	for (size_t i = 0; i < t->nfields; i++) {
		void *m = (char *) obj + t->fields[i].off;

		if (t->fields[i].type == F_STR) {
			free(*(char **) m);
			*(char **) m = NULL;
		} else if (!type_is_scalar(t->fields[i].type)) {
			free(((struct bytes *) m)->p);
			*(struct bytes *) m = (struct bytes){ 0 };
		}
	}
}
