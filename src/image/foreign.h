/*
 * foreign.h - records of kinds that nobody here knows, kept as the image's own schema describes
 * them.
 */
#ifndef IMAGE_FOREIGN_H
#define IMAGE_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "image/record.h"

struct ctx;
struct reader;
struct record;

struct foreign {
	struct record_type type; /* its names are the reader's */
	uint64_t id, bulk_len;
	void *obj; /* NULL: too large to be shown */
};

struct foreigners {
	struct foreign *foreign;
	size_t n;
};

void foreigners_done(struct foreigners *l);

/* Adds the current record; verifies its bulk data, which is not kept. */
int foreigners_add(struct ctx *cx, struct foreigners *l, struct reader *r,
		   const struct record *rec);

#endif
