/*
 * segment.c - selectors of an x86-64 kernel (arch/x86/include/asm/segment.h) as symbols and back.
 */
#include "abi/segment.h"

#include <stddef.h>

static const struct {
	uint16_t symbol, selector;
	const char *name;
} segments[] = {
	{ SEGMENT_NULL, 0x00, "null" },	    { SEGMENT_CODE32, 0x23, "code32" },
	{ SEGMENT_CODE64, 0x33, "code64" }, { SEGMENT_DATA, 0x2b, "data" },
	{ SEGMENT_TLS + 0, 0x63, "tls0" },  { SEGMENT_TLS + 1, 0x6b, "tls1" },
	{ SEGMENT_TLS + 2, 0x73, "tls2" },
};

#define N (sizeof segments / sizeof *segments)

uint16_t segment_of_selector(uint64_t selector)
{
	if (selector < 4) /* 1 to 3 are null selectors too */
		return SEGMENT_NULL;
	for (size_t i = 0; i < N; i++)
		if (segments[i].selector == selector)
			return segments[i].symbol;
	return SEGMENT_INVALID;
}

uint64_t segment_selector(uint16_t segment)
{
	for (size_t i = 0; i < N; i++)
		if (segments[i].symbol == segment)
			return segments[i].selector;
	return ~UINT64_C(0);
}

const char *segment_name(uint16_t segment)
{
	for (size_t i = 0; i < N; i++)
		if (segments[i].symbol == segment)
			return segments[i].name;
	return "invalid";
}
