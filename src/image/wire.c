/*
 * wire.c - the bytes of an image: preamble, record heads, integers.
 */
#include "image/wire.h"

#include <string.h>
#include <xxhash.h>

#include "base/err.h"
#include "image/record.h"

/* A byte that is no text, the name, CR LF, the end-of-file of DOS, LF: like PNG's signature it
 * notices 7-bit channels and every translation of line ends. */
static const uint8_t magic[8] = { 0x89, 'R', 'P', 'R', '\r', '\n', 0x1a, '\n' };

void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t) v;
	p[1] = (uint8_t) (v >> 8);
}

void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t) v);
	put16(p + 2, (uint16_t) (v >> 16));
}

void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t) v);
	put32(p + 4, (uint32_t) (v >> 32));
}

uint16_t get16(const uint8_t *p)
{
	return (uint16_t) (p[0] | p[1] << 8);
}

uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t) get16(p + 2) << 16;
}

uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t) get32(p + 4) << 32;
}

uint64_t wire_sum(const void *p, size_t n)
{
	return XXH3_64bits(n ? p : "", n);
}

bool wire_is_zero(const uint8_t *p, size_t n)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < n; i++)
		seen |= p[i];
	return !seen;
}

/* Names are shown as they are, and a schema separates them with spaces. */
bool wire_name_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("\"\\=", s[i]))
			return false;
	return len >= 1 && len <= WIRE_NAME_MAX;
}

void preamble_put(uint8_t p[static WIRE_PREAMBLE], uint32_t format)
{
	memcpy(p, magic, sizeof magic);
	put32(p + 8, format);
	put32(p + 12, (uint32_t) wire_sum(p, 12));
}

int preamble_get(struct ctx *cx, const uint8_t *p, size_t have, uint32_t newest)
{
	size_t n = have < sizeof magic ? have : sizeof magic;

	if (have == 0)
		return fail(cx, ERR_DAMAGED, "the image is truncated: it is empty");
	if (memcmp(p, magic, n) != 0) {
		if (have >= 4 && memcmp(p, magic, 4) == 0)
			return fail(cx, ERR_DAMAGED,
				    "the image is damaged: its line ends were changed, "
				    "as if it were text");
		return fail(cx, ERR_DAMAGED, "not a Reprise image");
	}
	if (have < WIRE_PREAMBLE)
		return fail(cx, ERR_DAMAGED, "the image is truncated: it ends at offset 0x%zx",
			    have);
	if (get32(p + 12) != (uint32_t) wire_sum(p, 12))
		return fail(cx, ERR_DAMAGED,
			    "checksum of the first 16 bytes does not match: the image is damaged");
	if (get32(p + 8) == 0)
		return fail(cx, ERR_DAMAGED, "format version is 0: the image is damaged");
	if (get32(p + 8) > newest)
		return fail(cx, ERR_UNSUPPORTED,
			    "the image has format version %u, this reprise reads up to %u: "
			    "use a newer one",
			    get32(p + 8), newest);
	return 0;
}

void head_put(uint8_t p[static WIRE_HEAD], const struct head *h)
{
	put16(p, h->kind);
	put16(p + 2, h->version);
	put16(p + 4, h->flags);
	put16(p + 6, 0);
	put64(p + 8, h->id);
	put64(p + 16, h->offset);
	put64(p + 24, h->fields_len);
	put64(p + 32, h->bulk_len);
	put64(p + 40, h->fields_sum);
	put64(p + 48, h->bulk_sum);
	put64(p + 56, wire_sum(p, 56));
}

const char *head_get(const uint8_t p[static WIRE_HEAD], uint64_t offset, struct head *ret)
{
	struct head h = {
		.kind = get16(p),
		.version = get16(p + 2),
		.flags = get16(p + 4),
		.id = get64(p + 8),
		.offset = get64(p + 16),
		.fields_len = get64(p + 24),
		.bulk_len = get64(p + 32),
		.fields_sum = get64(p + 40),
		.bulk_sum = get64(p + 48),
	};

	if (get64(p + 56) != wire_sum(p, 56))
		return "checksum of its head does not match";
	if (h.offset != offset)
		return "it belongs to another offset";
	if (h.kind == 0)
		return "its kind is 0";
	if (h.flags & ~RECORD_SKIPPABLE || get16(p + 6))
		return "reserved bits of its head are set";
	if (h.fields_len % WIRE_ALIGN)
		return "length of its fields is not a multiple of 8";
	if (h.fields_len > WIRE_FIELDS_MAX)
		return "length of its fields is above 64 MiB";
	if (h.bulk_len > WIRE_BULK_MAX)
		return "length of its bulk data is impossible";
	if (h.bulk_len == 0 && h.bulk_sum != wire_sum(NULL, 0))
		return "checksum of its bulk data does not match";
	*ret = h;
	return NULL;
}
