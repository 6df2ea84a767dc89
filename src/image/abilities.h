/*
 * abilities.h - what the running kernel can do, found out by trying.  Internal to this layer.
 */
#ifndef IMAGE_ABILITIES_H
#define IMAGE_ABILITIES_H

#include <stdint.h>

uint64_t abilities_try(void); /* bits of enum ability; what could not be tried is absent */
uint32_t auxv_size(void);     /* bytes of the kernel's saved auxiliary vector */

#endif
