/*
 * schema.c - the record that describes a kind to readers who have never heard of it.
 */
#include "image/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "image/field.h"
#include "image/reader.h"
#include "image/record.h"
#include "image/wire.h"

/* The record, one value per field of the kind in each of the last three. */
struct schema_record {
	uint16_t kind, version, flags;
	char *name;
	char *names;	     /* with one space between two */
	struct bytes types;  /* one byte each */
	struct bytes counts; /* uint32_t each */
};

static const struct field schema_fields[] = {
	FIELD(schema_record, F_U16, kind),    FIELD(schema_record, F_U16, version),
	FIELD(schema_record, F_U16, flags),   FIELD(schema_record, F_STR, name),
	FIELD(schema_record, F_STR, names),   FIELD(schema_record, F_BYTES, types),
	FIELD(schema_record, F_U32S, counts),
};

static const struct record_type schema_type = {
	.kind = KIND_SCHEMA,
	.version = 1,
	.name = "schema",
	.size = sizeof(struct schema_record),
	FIELDS(schema_fields),
};

static void schema_record_done(struct schema_record *s)
{
	record_free(&schema_type, s);
}

int schema_encode(struct ctx *cx, const struct record_type *t, struct buf *out)
{
	_buf_ struct buf names = { 0 }, types = { 0 }, counts = { 0 };
	struct schema_record s = { t->kind, t->version, t->flags, (char *) t->name,
				   NULL,    { 0 },	{ 0 } };

	if (!wire_name_ok(t->name, strlen(t->name)) || t->nfields > WIRE_NFIELDS)
		return fail(cx, -EINVAL, "kind %u: bad name or too many fields", t->kind);
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = t->fields + i;

		if (!wire_name_ok(f->name, strlen(f->name)) || !type_is_known(f->type) ||
		    f->count < 1 || (f->count > 1 && !type_is_scalar(f->type)))
			return fail(cx, -EINVAL, "%s: bad description of field %zu", t->name,
				    i + 1);
		if (i)
			buf_put(&names, " ", 1);
		buf_put(&names, f->name, strlen(f->name));
		buf_put(&types, &(uint8_t){ (uint8_t) f->type }, 1);
		buf_put(&counts, &(uint32_t){ f->count }, 4);
	}
	buf_put(&names, "", 1);
	if (buf_err(&names) || buf_err(&types) || buf_err(&counts))
		return fail(cx, -ENOMEM, "describe %s", t->name);
	s.names = names.p;
	s.types = (struct bytes){ types.p, types.len };
	s.counts = (struct bytes){ counts.p, counts.len };
	return record_encode(cx, &schema_type, &s, out);
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nfields && s->fields; i++)
		free(s->fields[i].name);
	free(s->fields);
	free(s->name);
	free(s);
}

static void schema_free_p(struct schema **s)
{
	schema_free(*s);
}

/* One field's name from the list; type and count from their places. */
static const char *take_field(const struct schema_record *rec, size_t i, const char **names,
			      struct schema_field *ret)
{
	size_t len = strcspn(*names, " ");
	uint32_t count = ((const uint32_t *) rec->counts.p)[i];
	uint8_t type = ((const uint8_t *) rec->types.p)[i];
	bool last = (i + 1) * sizeof count == rec->counts.len;

	if (!wire_name_ok(*names, len) || ((*names)[len] == '\0') != last)
		return "names of fields are malformed";
	if (!type_is_known(type))
		return "a field has an impossible type";
	if (count < 1 || count > UINT16_MAX || (count > 1 && !type_is_scalar(type)))
		return "a field has an impossible count";
	*ret = (struct schema_field){ strndup(*names, len), type, (uint16_t) count };
	*names += len + !last;
	return NULL;
}

static const char *check_record(const struct schema_record *rec)
{
	if (rec->kind == 0 || rec->kind == KIND_SCHEMA || rec->kind == KIND_TRAILER)
		return "it describes a kind that has no schema";
	if (rec->flags & ~RECORD_SKIPPABLE)
		return "reserved bits of its flags are set";
	if (!rec->name || !wire_name_ok(rec->name, strlen(rec->name)))
		return "name of the kind is malformed";
	if (!rec->names)
		return "names of fields are missing";
	if (rec->counts.len / sizeof(uint32_t) != rec->types.len || rec->types.len > WIRE_NFIELDS)
		return "number of types and of counts are not the same";
	if (rec->types.len == 0 && *rec->names)
		return "names of fields are malformed";
	return NULL;
}

int schema_decode(struct ctx *cx, const void *p, size_t len, struct schema **ret)
{
	_cleanup_(schema_record_done) struct schema_record rec = { 0 };
	_cleanup_(schema_free_p) struct schema *s = calloc(1, sizeof *s);
	const char *names, *why;
	int r;

	if (!s)
		return fail(cx, -ENOMEM, "read");
	r = record_decode(cx, &schema_type, p, len, &rec);
	if (r < 0)
		return r;
	why = check_record(&rec);
	s->kind = rec.kind;
	s->version = rec.version;
	s->flags = rec.flags;
	s->name = take_ptr(rec.name);
	s->nfields = rec.types.len;
	s->fields = calloc(s->nfields + 1, sizeof *s->fields);
	if (!s->fields)
		return fail(cx, -ENOMEM, "read");
	names = rec.names;
	for (size_t i = 0; i < s->nfields && !why; i++) {
		why = take_field(&rec, i, &names, s->fields + i);
		if (!why && !s->fields[i].name)
			return fail(cx, -ENOMEM, "read");
	}
	if (why)
		return fail(cx, ERR_DAMAGED, "%s: the image is damaged", why);
	*ret = take_ptr(s);
	return 0;
}

const char *schema_check(const struct schema *s, const void *p, size_t len, uint16_t *ret_number,
			 const char **ret_name)
{
	struct field_cursor c = { p, len, 0 };
	struct field_view v;
	const char *why = NULL;

	*ret_name = NULL;
	while (field_next(&c, &v, &why) > 0) {
		const struct schema_field *f = s->fields + v.number - 1;

		if (v.number > s->nfields)
			return "it has a field that its schema does not have";
		why = field_check(&v, f->type, f->count);
		if (why) {
			*ret_number = v.number;
			*ret_name = f->name;
			return why;
		}
	}
	return why;
}
