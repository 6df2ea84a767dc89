/*
 * pages.h - memory contents: which, read from where, written as which records.
 */
#ifndef TREE_PAGES_H
#define TREE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "image/record.h"

struct ctx;
struct maps;
struct writer;

#define PAGE_SIZE   4096u
#define BLOCK_PAGES 256u /* in a record, at most */

/* A pages record: its bulk data goes to these runs of one process's memory, in order. */
struct pages {
	struct bytes runs; /* pairs of address and number of pages, ascending */
};
extern const struct record_type pages_type; /* id: the PID */

/* As much memory as goes into one record. */
struct block {
	size_t first, n; /* of the runs in struct memory */
	uint32_t pages;
	bool force; /* through /proc/PID/mem, not process_vm_readv */
	pid_t from; /* whose memory it is read from */
	void *copy; /* its contents, if they were copied already; on the heap */
};

struct memory {
	pid_t pid;	  /* in the image */
	struct buf runs;  /* struct page_run, none longer than a block */
	struct buf block; /* struct block */
	uint64_t pages;
};

#define _memory_ _cleanup_(memory_done)

void memory_done(struct memory *m);

/* Adds the contents of those of the maps for which want is true (none: all), as process from has
 * them now; marks each such map as filled if it has any. */
int memory_scan(struct ctx *cx, struct memory *m, pid_t from, struct maps *maps,
		bool (*want)(uint32_t vmflags));

/* Reads every block that has no copy yet. */
int memory_copy(struct ctx *cx, struct memory *m);

/* Writes all blocks, several threads sharing the work. */
int memory_write(struct ctx *cx, struct memory *m, struct writer *w);

#endif
