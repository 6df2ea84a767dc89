/*
 * fpu.h - the XSAVE area that both CPU records hold.
 */
#ifndef OBJ_FPU_H
#define OBJ_FPU_H

#include <stdio.h>

struct bytes;
struct ctx;
struct gate;
struct seen;

int fpu_collect(struct ctx *cx, const struct seen *s, struct bytes *ret);

/* Every component that the area uses must exist here, at the place where it was. */
void fpu_gate(struct gate *g, const struct bytes *xsave);

/* The components in use, by name. */
void fpu_show(const struct bytes *xsave, FILE *f);

#endif
