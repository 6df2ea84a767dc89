/*
 * foreign.c - a record type made from a schema, and records read by it.
 */
#include "image/foreign.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "image/field.h"
#include "image/reader.h"

static void foreign_done(struct foreign *o)
{
	if (o->obj)
		record_free(&o->type, o->obj);
	free(o->obj);
	free((void *) o->type.fields);
}

void foreigners_done(struct foreigners *l)
{
	while (l->n)
		foreign_done(&l->foreign[--l->n]);
	free(l->foreign);
	*l = (struct foreigners){ 0 };
}

static size_t size_in_memory(const struct schema_field *f)
{
	if (f->type == F_STR)
		return sizeof(char *);
	return type_is_scalar(f->type) ? (size_t) type_width(f->type) * f->count
				       : sizeof(struct bytes);
}

/* Each field at a multiple of 8.  1, or 0 if the offsets do not fit a struct field. */
static int lay_out(struct ctx *cx, const struct schema *s, struct record_type *ret)
{
	_free_ struct field *fields = calloc(s->nfields + 1, sizeof *fields);
	size_t at = 0;

	if (!fields)
		return fail(cx, -ENOMEM, "read");
	for (size_t i = 0; i < s->nfields; i++) {
		const struct schema_field *f = &s->fields[i];

		if (at > UINT16_MAX)
			return 0;
		fields[i] = (struct field){ f->name, f->type, (uint16_t) at, f->count };
		at += (size_in_memory(f) + 7) & ~(size_t) 7;
	}
	ret->fields = take_ptr(fields);
	ret->nfields = s->nfields;
	ret->size = at;
	return 1;
}

static int read_fields(struct ctx *cx, struct foreign *o, const struct schema *s,
		       const struct record *rec)
{
	int r = lay_out(cx, s, &o->type);

	if (r <= 0)
		return r;
	o->obj = calloc(1, o->type.size + 1);
	if (!o->obj)
		return fail(cx, -ENOMEM, "read");
	return record_decode(cx, &o->type, rec->fields, rec->fields_len, o->obj);
}

/* What comes through a pipe is verified when it is passed over. */
static int verify_bulk(struct ctx *cx, struct reader *r, const struct record *rec)
{
	return reader_seekable(r) ? reader_bulk_verify(cx, r, rec) : 0;
}

int foreigners_add(struct ctx *cx, struct foreigners *l, struct reader *r, const struct record *rec)
{
	const struct schema *s = reader_schema(r, rec->kind);
	struct foreign *o = reallocarray(l->foreign, l->n + 1, sizeof *o);
	int err;

	if (!o)
		return fail(cx, -ENOMEM, "read");
	l->foreign = o;
	o += l->n++;
	*o = (struct foreign){
		.type = { .kind = rec->kind,
			  .version = rec->version,
			  .flags = rec->flags,
			  .name = s->name },
		.id = rec->id,
		.bulk_len = rec->bulk_len,
	};
	err = read_fields(cx, o, s, rec);
	return err < 0 ? err : verify_bulk(cx, r, rec);
}
