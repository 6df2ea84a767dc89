/*
 * segment.h - segment registers as symbols, so that no image can load an arbitrary selector.
 */
#ifndef ABI_SEGMENT_H
#define ABI_SEGMENT_H

#include <stdint.h>

/* In the image: class in the high byte, index in the low 12 bits where the class has one. */
enum segment {
	SEGMENT_NULL = 0x0000,	 /* null selector */
	SEGMENT_CODE32 = 0x1000, /* the kernel's user code segment, 32 bits */
	SEGMENT_CODE64 = 0x2000, /* and 64 bits */
	SEGMENT_DATA = 0x3000,	 /* the kernel's user data segment */
	SEGMENT_TLS = 0x4000,	 /* + n: thread's TLS entry n, 0 to 2 */
	SEGMENT_INVALID = 0xffff,
};

uint16_t segment_of_selector(uint64_t selector); /* SEGMENT_INVALID for all others */
uint64_t segment_selector(uint16_t segment);	 /* ~0 for all others */
const char *segment_name(uint16_t segment);

#endif
