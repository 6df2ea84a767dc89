/*
 * wire.h - the bytes of an image: preamble, record heads, integers.  Internal to this layer.
 *
 * Everything is put and got byte by byte, so that every machine makes the same image.  What is
 * checked here is the form of one head; what heads mean together is the reader's.  doc/IMAGE.md.
 */
#ifndef IMAGE_WIRE_H
#define IMAGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctx;

enum {
	WIRE_PREAMBLE = 16,
	WIRE_HEAD = 64,
	WIRE_FIELD = 8,	     /* number, type and length before each value */
	WIRE_ALIGN = 8,	     /* of everything but bulk data */
	WIRE_BULK = 4096,    /* alignment of bulk data: it can be read straight into pages */
	WIRE_NAME_MAX = 64,  /* of a kind or field */
	WIRE_NFIELDS = 4096, /* of a kind */
};

#define WIRE_FIELDS_MAX                                                                            \
	((uint64_t) 64 << 20)		   /* fields of one record; nobody needs a tenth of it     \
					    */
#define WIRE_BULK_MAX ((uint64_t) 1 << 62) /* sums of offsets and lengths cannot overflow */

/* The kinds 1 to 15 belong to the format itself. */
enum wire_kind { KIND_HEADER = 1, KIND_SCHEMA = 2, KIND_TRAILER = 3 };

struct head {
	uint16_t kind, version, flags;
	uint64_t id;
	uint64_t offset; /* its own, from the start of the image: a record cannot be moved */
	uint64_t fields_len, bulk_len;
	uint64_t fields_sum, bulk_sum;
};

void put16(uint8_t *p, uint16_t v);
void put32(uint8_t *p, uint32_t v);
void put64(uint8_t *p, uint64_t v);
uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
uint64_t get64(const uint8_t *p);

uint64_t wire_sum(const void *p, size_t n); /* XXH3-64, seed 0 */
bool wire_is_zero(const uint8_t *p, size_t n);
bool wire_name_ok(const char *s, size_t len); /* of a kind or a field */

void preamble_put(uint8_t p[static WIRE_PREAMBLE], uint32_t format);
/* have: how many bytes there were, at most WIRE_PREAMBLE.  A newer format is ERR_UNSUPPORTED. */
int preamble_get(struct ctx *cx, const uint8_t *p, size_t have, uint32_t newest);

void head_put(uint8_t p[static WIRE_HEAD], const struct head *h);
/* Whether p is a sound head for this offset: NULL and *ret, or what is wrong with it. */
const char *head_get(const uint8_t p[static WIRE_HEAD], uint64_t offset, struct head *ret);

#endif
