/*
 * tally.c - what the trailer says of the records before it.
 */
#include "image/tally.h"

#include <string.h>
#include <xxhash.h>

#include "base/err.h"

static const struct field trailer_fields[] = {
	FIELD(trailer, F_U32S, kinds),	       FIELD(trailer, F_U64S, counts),
	FIELD(trailer, F_U32S, index_kinds),   FIELD(trailer, F_U64S, index_ids),
	FIELD(trailer, F_U64S, index_offsets), FIELD(trailer, F_X64, digest),
	FIELD(trailer, F_U64, length),	       FIELD(trailer, F_U64, offset),
};

const struct record_type trailer_type = {
	.kind = KIND_TRAILER,
	.version = 1,
	.name = "trailer",
	.size = sizeof(struct trailer),
	FIELDS(trailer_fields),
};

int tally_init(struct ctx *cx, struct tally *t)
{
	*t = (struct tally){ .digest = XXH3_createState() };
	if (!t->digest || XXH3_64bits_reset(t->digest) != XXH_OK)
		return fail(cx, -ENOMEM, "start a checksum");
	return 0;
}

void tally_done(struct tally *t)
{
	(void) XXH3_freeState(t->digest);
	buf_done(&t->kinds);
	buf_done(&t->counts);
	buf_done(&t->index_kinds);
	buf_done(&t->index_ids);
	buf_done(&t->index_offsets);
	*t = (struct tally){ 0 };
}

/* Place of the first kind that is not below this one. */
static size_t place(const struct tally *t, uint16_t kind)
{
	const uint32_t *kinds = t->kinds.p;
	size_t lo = 0, hi = t->kinds.len / sizeof *kinds;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (kinds[mid] < kind)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool tally_has(const struct tally *t, uint16_t kind)
{
	size_t i = place(t, kind);

	return i < t->kinds.len / sizeof(uint32_t) && ((const uint32_t *) t->kinds.p)[i] == kind;
}

size_t tally_records(const struct tally *t)
{
	return t->index_kinds.len / sizeof(uint32_t);
}

uint64_t tally_digest(const struct tally *t)
{
	return XXH3_64bits_digest(t->digest);
}

static int insert(struct tally *t, size_t i, uint16_t kind)
{
	uint32_t *kinds;
	uint64_t *counts;
	size_t n;

	buf_zero(&t->kinds, sizeof *kinds);
	buf_zero(&t->counts, sizeof *counts);
	if (buf_err(&t->kinds) || buf_err(&t->counts))
		return -ENOMEM;
	kinds = t->kinds.p;
	counts = t->counts.p;
	n = t->kinds.len / sizeof *kinds - 1;
	memmove(kinds + i + 1, kinds + i, (n - i) * sizeof *kinds);
	memmove(counts + i + 1, counts + i, (n - i) * sizeof *counts);
	kinds[i] = kind;
	counts[i] = 0;
	return 0;
}

int tally_add(struct ctx *cx, struct tally *t, const uint8_t wire[static WIRE_HEAD],
	      const struct head *h)
{
	size_t i = place(t, h->kind);

	buf_put(&t->index_kinds, &(uint32_t){ h->kind }, sizeof(uint32_t));
	buf_put(&t->index_ids, &h->id, sizeof h->id);
	buf_put(&t->index_offsets, &h->offset, sizeof h->offset);
	if (buf_err(&t->index_kinds) || buf_err(&t->index_ids) || buf_err(&t->index_offsets) ||
	    (!tally_has(t, h->kind) && insert(t, i, h->kind) < 0))
		return fail(cx, -ENOMEM, "remember record %zu", tally_records(t));
	((uint64_t *) t->counts.p)[i]++;
	(void) XXH3_64bits_update(t->digest, wire, WIRE_HEAD);
	return 0;
}

static struct bytes bytes_of(const struct buf *b)
{
	return (struct bytes){ b->p, b->len };
}

struct trailer tally_trailer(const struct tally *t, uint64_t offset)
{
	return (struct trailer){
		.kinds = bytes_of(&t->kinds),
		.counts = bytes_of(&t->counts),
		.index_kinds = bytes_of(&t->index_kinds),
		.index_ids = bytes_of(&t->index_ids),
		.index_offsets = bytes_of(&t->index_offsets),
		.digest = tally_digest(t),
		.offset = offset,
	};
}

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

const char *trailer_differs(const struct trailer *a, const struct trailer *b)
{
	if (!same(&a->kinds, &b->kinds) || !same(&a->counts, &b->counts))
		return "the counts of records do not match";
	if (!same(&a->index_kinds, &b->index_kinds) || !same(&a->index_ids, &b->index_ids) ||
	    !same(&a->index_offsets, &b->index_offsets))
		return "the index does not match";
	if (a->digest != b->digest)
		return "the digest does not match";
	if (a->length != b->length)
		return "the length of the image does not match";
	if (a->offset != b->offset)
		return "the offset of the trailer does not match";
	return NULL;
}
