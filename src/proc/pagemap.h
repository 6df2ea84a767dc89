/*
 * pagemap.h - which pages of a process hold contents of their own.
 */
#ifndef PROC_PAGEMAP_H
#define PROC_PAGEMAP_H

#include <stdint.h>
#include <sys/types.h>

struct buf;
struct ctx;

struct page_run {
	uint64_t addr;
	uint64_t pages;
};

/* Opens /proc/PID/pagemap. */
int pagemap_open(struct ctx *cx, pid_t pid, int *ret_fd);

/* Appends to runs (struct page_run, ascending) the pages in [start, end) that are the process's
 * own: present or swapped out, and not those of a file. */
int pagemap_private(struct ctx *cx, int fd, uint64_t start, uint64_t end, struct buf *runs);

#endif
