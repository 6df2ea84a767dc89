/*
 * frame.h - the signal frame from which a thread gets all of itself back by rt_sigreturn.
 */
#ifndef PROGRAM_FRAME_H
#define PROGRAM_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct ctx;
struct gregs;

/* Bytes that a frame with that much FPU state takes, a multiple of 64. */
size_t frame_size(size_t xstate_len);

/* Where in a frame the alternate signal stack stands (a 64-bit stack_t): rt_sigreturn sets it
 * again. */
#define FRAME_ALTSTACK 16

/* The frame for address at (a multiple of 64), appended to out.  rt_sigreturn with the stack
 * pointer at `at` loads g (in 64-bit code or not, by g->cs), the FPU state, and the signal mask. */
int frame_build(struct ctx *cx, uint64_t at, const struct gregs *g, const void *xstate,
		size_t xstate_len, uint64_t sigmask, struct buf *out);

#endif
