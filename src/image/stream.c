/*
 * stream.c - one record after the other out of an input.
 *
 * Memory is taken for what is there, not for what a length promises: a file is compared with its
 * size, a pipe read in steps.
 */
#include "image/stream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { STEP = 1 << 20 }; /* so much at a time of what a length only promises */

void stream_done(struct stream *s)
{
	buf_done(&s->fields);
	input_done(&s->in);
}

/* "record 17 (vma) at offset 0x5000" */
static void whereabouts(const struct stream *s, char *p, size_t n)
{
	(void) snprintf(p, n, "record %zu%s%s%s at offset 0x%" PRIx64, s->number,
			s->name ? " (" : "", s->name ? s->name : "", s->name ? ")" : "", s->begin);
}

int stream_damaged(struct ctx *cx, const struct stream *s, const char *fmt, ...)
{
	char where[160], what[320];
	va_list ap;

	whereabouts(s, where, sizeof where);
	va_start(ap, fmt);
	(void) vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return fail(cx, ERR_DAMAGED, "%s: %s: the image is damaged", where, what);
}

int stream_blame(struct ctx *cx, const struct stream *s, int err)
{
	char where[160];

	whereabouts(s, where, sizeof where);
	return blame(cx, err, "%s", where);
}

static int truncated(struct ctx *cx, const struct stream *s)
{
	return stream_blame(cx, s, fail(cx, ERR_DAMAGED, "the image is truncated"));
}

static int check_zeros(struct ctx *cx, struct stream *s, size_t n)
{
	uint8_t pad[WIRE_BULK];
	ssize_t have = input_read(cx, &s->in, pad, n);

	if (have < 0)
		return (int) have;
	if ((size_t) have < n)
		return truncated(cx, s);
	if (!wire_is_zero(pad, n))
		return stream_damaged(cx, s, "padding of its bulk data is not zero");
	return 0;
}

static int check_bulk_sum(struct ctx *cx, const struct stream *s, uint64_t sum)
{
	if (sum != s->head.bulk_sum)
		return stream_damaged(cx, s, "checksum of its bulk data does not match");
	return 0;
}

/* A stream cannot be passed over unread, so it is verified as well. */
static int drain_bulk(struct ctx *cx, struct stream *s)
{
	size_t chunk = s->head.bulk_len < STEP ? (size_t) s->head.bulk_len : STEP;
	_free_ char *p = malloc(chunk);
	XXH3_state_t *sum = XXH3_createState();
	int err = p && sum && XXH3_64bits_reset(sum) == XXH_OK ? 0 : fail(cx, -ENOMEM, "read");

	for (uint64_t left = s->head.bulk_len; left && err == 0;) {
		size_t want = left < chunk ? (size_t) left : chunk;
		ssize_t n = input_read(cx, &s->in, p, want);

		if (n < 0)
			err = (int) n;
		else if ((size_t) n < want)
			err = truncated(cx, s);
		else
			(void) XXH3_64bits_update(sum, p, want);
		left -= want;
	}
	if (err == 0)
		err = check_bulk_sum(cx, s, XXH3_64bits_digest(sum));
	(void) XXH3_freeState(sum);
	return err;
}

static int leave(struct ctx *cx, struct stream *s)
{
	uint64_t len = s->head.bulk_len;
	int err = 0;

	if (s->head.kind == 0 || len == 0)
		return 0;
	if (s->bulk_due && s->in.file)
		input_skip(&s->in, len); /* its end was compared with the file's size */
	else if (s->bulk_due)
		err = drain_bulk(cx, s);
	s->bulk_due = false;
	return err < 0 ? err : check_zeros(cx, s, -len & (WIRE_ALIGN - 1));
}

int stream_head(struct ctx *cx, struct stream *s, uint8_t wire[static WIRE_HEAD])
{
	int err = leave(cx, s);
	const char *why;
	ssize_t n;

	if (err < 0)
		return err;
	s->number += s->head.kind != 0;
	s->begin = s->in.pos;
	s->head.kind = 0;
	s->name = NULL;
	n = input_read(cx, &s->in, wire, WIRE_HEAD);
	if (n < 0)
		return (int) n;
	if (n < WIRE_HEAD)
		return truncated(cx, s);
	why = head_get(wire, s->begin, &s->head);
	return why ? stream_damaged(cx, s, "%s", why) : 0;
}

int stream_fields(struct ctx *cx, struct stream *s)
{
	uint64_t left = s->head.fields_len;

	if (!input_can_have(&s->in, left))
		return truncated(cx, s);
	s->fields.len = 0;
	while (left) {
		size_t want = left < STEP ? (size_t) left : STEP;
		void *to = buf_grow(&s->fields, want);
		ssize_t n;

		if (!to)
			return fail(cx, -ENOMEM, "read");
		n = input_read(cx, &s->in, to, want);
		if (n < 0)
			return (int) n;
		if ((size_t) n < want)
			return truncated(cx, s);
		left -= want;
	}
	if (wire_sum(s->fields.p, s->fields.len) != s->head.fields_sum)
		return stream_damaged(cx, s, "checksum of its fields does not match");
	return 0;
}

int stream_to_bulk(struct ctx *cx, struct stream *s)
{
	int err;

	s->bulk_due = s->head.bulk_len > 0;
	if (!s->bulk_due)
		return 0;
	err = check_zeros(cx, s, -s->in.pos & (WIRE_BULK - 1));
	if (err == 0 && !input_can_have(&s->in, s->head.bulk_len))
		err = truncated(cx, s);
	return err;
}

int stream_bulk(struct ctx *cx, struct stream *s, void *p)
{
	ssize_t n = input_read(cx, &s->in, p, (size_t) s->head.bulk_len);

	s->bulk_due = false;
	if (n < 0)
		return (int) n;
	if ((uint64_t) n < s->head.bulk_len)
		return truncated(cx, s);
	return check_bulk_sum(cx, s, wire_sum(p, (size_t) n));
}

/* Each step as long as all before it: few copies, and never more than twice what was there. */
int stream_bulk_append(struct ctx *cx, struct stream *s, struct buf *to)
{
	size_t begin = to->len;

	s->bulk_due = false;
	for (uint64_t left = s->head.bulk_len; left;) {
		size_t have = to->len - begin, step = have > STEP ? have : STEP;
		void *p;
		ssize_t n;

		if (left < step || s->in.file)
			step = (size_t) left;
		p = buf_grow(to, step);
		if (!p)
			return fail(cx, -ENOMEM, "read %" PRIu64 " bytes of bulk data",
				    s->head.bulk_len);
		n = input_read(cx, &s->in, p, step);
		if (n < 0)
			return (int) n;
		if ((size_t) n < step)
			return truncated(cx, s);
		left -= step;
	}
	return check_bulk_sum(cx, s, wire_sum((char *) to->p + begin, to->len - begin));
}

int stream_bulk_verify(struct ctx *cx, struct stream *s)
{
	s->bulk_due = false;
	return drain_bulk(cx, s);
}
