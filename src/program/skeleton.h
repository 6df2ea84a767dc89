/*
 * skeleton.h - the executable from which a restarted task begins.
 */
#ifndef PROGRAM_SKELETON_H
#define PROGRAM_SKELETON_H

#include <stdint.h>

struct abi;
struct ctx;

/* A file in memory, of the task's ABI (so that the kernel's view of the task is native), loaded at
 * a page that the image does not use.  It holds one system call instruction. */
int skeleton_make(struct ctx *cx, const struct abi *abi, uint64_t at, int *ret_fd);

/* Offset of that instruction from the page's start. */
uint64_t skeleton_entry(const struct abi *abi);

#endif
