/*
 * ranges.h - ranges of addresses, sorted: do they overlap, does one lie inside of them?
 */
#ifndef TREE_RANGES_H
#define TREE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct span {
	uint64_t start, end;
};

struct ranges {
	struct buf span; /* struct span; out of memory is told by its buf_err */
};

#define _ranges_ _cleanup_(ranges_done)

void ranges_done(struct ranges *);
struct ranges *ranges_new(void);
void ranges_free(struct ranges *);

/* Empty ones are left out. */
void ranges_add(struct ranges *, uint64_t start, uint64_t end);
/* By address: due before any of the others. */
void ranges_sort(struct ranges *);

/* The first range that begins inside of another one, or NULL. */
const struct span *ranges_overlap(const struct ranges *);

/* Joins what touches or overlaps; then: does one of them hold all of start to end? */
void ranges_join(struct ranges *);
bool ranges_hold(const struct ranges *, uint64_t start, uint64_t end);

#endif
