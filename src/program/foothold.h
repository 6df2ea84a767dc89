/*
 * foothold.h - a place in a process from which its threads can run the stub, and heal themselves.
 *
 * It is the unused tail of an executable page, the vdso's first of all: no thread ever executes it,
 * so it stays harmless whatever becomes of us.  It holds the stub and the code that takes and gives
 * back the scratch area (stub_x86_64.S).  A tail left by a reprise that was killed is recognised
 * and reused.
 */
#ifndef PROGRAM_FOOTHOLD_H
#define PROGRAM_FOOTHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abi;
struct ctx;
struct gregs;
struct maps;

struct foothold {
	int memfd;	      /* borrowed */
	bool wide;	      /* returns to 64-bit code */
	uint64_t start, size; /* what we wrote */
	uint64_t stub;	      /* address of the interpreter */
	uint64_t map, unmap;  /* address of the first call, of the second */
	uint64_t data;
};

/* Finds a place and writes the code there. */
int foothold_init(struct ctx *cx, int memfd, const struct maps *maps, const struct gregs *leader,
		  struct foothold *ret);
/* Puts the zeros back. */
void foothold_done(struct foothold *f);

/* Of n bytes of code (a multiple of 16): how many come before a foothold. */
size_t foothold_cut(const void *code, size_t n);

/* Where to go back to if we die, and which area to unmap before. */
int foothold_aim(struct ctx *cx, const struct foothold *f, const struct gregs *home,
		 uint64_t sigmask, uint64_t scratch, uint64_t scratch_size);

#endif
