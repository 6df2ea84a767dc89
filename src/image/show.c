/*
 * show.c - a record as text for people, or as members of a JSON object for programs.
 *
 * record_show and record_show_json of record.h.  Whatever bytes a string holds (file names are
 * bytes), the text cannot upset a terminal and the JSON is valid and loses nothing.
 */
#include "image/record.h"

#include <inttypes.h>
#include <string.h>

#include "image/field.h"

enum { TEXT_ELEMENTS = 64 }; /* of a run of bytes or values; people do not read more */

/* Length of the valid UTF-8 sequence at s; 0 if there is none, or a control character. */
static unsigned utf8_len(const unsigned char *s)
{
	unsigned n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) ||				      /* C1 controls */
	    (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) || /* overlong */
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f))   /* no character */
		return 0;
	return n;
}

static void show_string(const char *str, bool json, FILE *f)
{
	const unsigned char *s = (const unsigned char *) str;

	fputc('"', f);
	while (*s) {
		unsigned n = utf8_len(s);

		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s++);
		else if (*s == '\n' || *s == '\t')
			fputs(*s++ == '\n' ? "\\n" : "\\t", f);
		else if (n)
			fprintf(f, "%.*s", (int) n, (const char *) s), s += n;
		else if (!json)
			fprintf(f, "\\x%02x", *s++);
		else if (*s < 0x80)
			fprintf(f, "\\u%04x", *s++);
		else /* what is no UTF-8 as lone surrogates, which Python and others turn back */
			fprintf(f, "\\udc%02x", *s++);
	}
	fputc('"', f);
}

void show_json_string(const char *s, FILE *f)
{
	show_string(s, true, f);
}

void show_text(const char *str, size_t len, FILE *f)
{
	const unsigned char *s = (const unsigned char *) str, *end = s + len;

	while (s < end) {
		unsigned char here[5] = { 0 };
		unsigned n;

		memcpy(here, s, end - s < 4 ? (size_t) (end - s) : 4);
		n = utf8_len(here);
		if (n)
			fprintf(f, "%.*s", (int) n, (const char *) s), s += n;
		else
			fprintf(f, "\\x%02x", *s++);
	}
}

static void show_scalar(enum field_type type, const void *p, bool json, FILE *f)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
		int32_t s32;
		int64_t s64;
	} v = { .u64 = 0 };
	const char *q = json ? "\"" : "";

	memcpy(&v, p, type_width(type));
	switch (type) {
	case F_BOOL:
		fputs(v.u8 ? "true" : "false", f);
		break;
	case F_U8:
		fprintf(f, "%u", v.u8);
		break;
	case F_U16:
		fprintf(f, "%u", v.u16);
		break;
	case F_S32:
		fprintf(f, "%" PRId32, v.s32);
		break;
	case F_S64:
		fprintf(f, "%" PRId64, v.s64);
		break;
	case F_X32:
		fprintf(f, "%s0x%" PRIx32 "%s", q, v.u32, q);
		break;
	case F_X64:
		fprintf(f, "%s0x%" PRIx64 "%s", q, v.u64, q);
		break;
	case F_U32:
	case F_U32S:
		fprintf(f, "%" PRIu32, v.u32);
		break;
	default:
		fprintf(f, "%" PRIu64, v.u64);
	}
}

static void show_run(enum field_type type, const void *p, size_t n, bool json, FILE *f)
{
	size_t max = json || n <= TEXT_ELEMENTS ? n : TEXT_ELEMENTS;

	fputc('[', f);
	for (size_t i = 0; i < max; i++) {
		if (i)
			fputc(json ? ',' : ' ', f);
		show_scalar(type, (const char *) p + i * type_width(type), json, f);
	}
	if (max < n)
		fprintf(f, " ... %zu in all", n);
	fputc(']', f);
}

static void show_bytes(const struct bytes *b, bool json, FILE *f)
{
	size_t max = json || b->len <= TEXT_ELEMENTS ? b->len : TEXT_ELEMENTS;

	fputs(json ? "\"" : "<", f);
	for (size_t i = 0; i < max; i++)
		fprintf(f, "%02x", ((const unsigned char *) b->p)[i]);
	if (max < b->len)
		fprintf(f, "... %zu bytes", b->len);
	fputs(json ? "\"" : ">", f);
}

static void show_value(const struct field *fd, const void *m, bool json, FILE *f)
{
	const struct bytes *b = m;

	if (fd->type == F_STR && *(char *const *) m)
		show_string(*(char *const *) m, json, f);
	else if (fd->type == F_STR)
		fputs(json ? "null" : "-", f);
	else if (fd->type == F_BYTES)
		show_bytes(b, json, f);
	else if (!type_is_scalar(fd->type))
		show_run(fd->type, b->p, b->len / type_width(fd->type), json, f);
	else if (fd->count > 1)
		show_run(fd->type, m, fd->count, json, f);
	else
		show_scalar(fd->type, m, json, f);
}

void record_show(const struct record_type *t, const void *obj, FILE *f)
{
	for (size_t i = 0; i < t->nfields; i++) {
		fprintf(f, "%s%s=", i ? " " : "", t->fields[i].name);
		show_value(t->fields + i, (const char *) obj + t->fields[i].off, false, f);
	}
}

void record_show_json(const struct record_type *t, const void *obj, FILE *f)
{
	for (size_t i = 0; i < t->nfields; i++) {
		fprintf(f, "%s\"%s\":", i ? "," : "", t->fields[i].name);
		show_value(t->fields + i, (const char *) obj + t->fields[i].off, true, f);
	}
}
