/*
 * tally.h - what the trailer says of the records before it: how many of each kind, the digest, the
 * index.  Writer and reader each keep one; at the end they must agree.  Internal to this layer.
 */
#ifndef IMAGE_TALLY_H
#define IMAGE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "image/record.h"
#include "image/wire.h"

struct tally {
	void *digest;			     /* XXH3 over the heads so far */
	struct buf kinds;		     /* uint32_t, ascending */
	struct buf counts;		     /* uint64_t, in the order of kinds */
	struct buf index_kinds;		     /* uint32_t */
	struct buf index_ids, index_offsets; /* uint64_t */
};

struct trailer {
	struct bytes kinds, counts;
	struct bytes index_kinds, index_ids, index_offsets;
	uint64_t digest;
	uint64_t length; /* of the image, trailer included */
	uint64_t offset; /* of the trailer: these are the last 8 bytes of an image */
};

extern const struct record_type trailer_type; /* kind 3 */

int tally_init(struct ctx *cx, struct tally *t);
void tally_done(struct tally *t);
bool tally_has(const struct tally *t, uint16_t kind);
size_t tally_records(const struct tally *t);
uint64_t tally_digest(const struct tally *t);

/* Counts a record, given its head as it is in the image. */
int tally_add(struct ctx *cx, struct tally *t, const uint8_t wire[static WIRE_HEAD],
	      const struct head *h);

/* The trailer for what was counted, without length; it points into t. */
struct trailer tally_trailer(const struct tally *t, uint64_t offset);

/* NULL if they say the same, or what does not match. */
const char *trailer_differs(const struct trailer *a, const struct trailer *b);

#endif
