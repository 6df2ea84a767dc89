/*
 * mem.h - another process's memory.
 */
#ifndef TRACEE_MEM_H
#define TRACEE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ctx;

int mem_read(struct ctx *cx, pid_t pid, uint64_t addr, void *p, size_t len);
int mem_write(struct ctx *cx, pid_t pid, uint64_t addr, const void *p, size_t len);

/* Several pieces at once; up to MEM_PARTS, empty ones included. */
struct mem_part {
	uint64_t addr;
	void *p;
	size_t len;
};
#define MEM_PARTS 8
int mem_read_parts(struct ctx *cx, pid_t pid, const struct mem_part *part, size_t n);
int mem_write_parts(struct ctx *cx, pid_t pid, const struct mem_part *part, size_t n);

/* Writes memory that the process itself may not write (its code), through a /proc/PID/mem
 * descriptor opened by mem_open; the pages become private copies. */
int mem_open(struct ctx *cx, pid_t pid, int *ret_fd);
int mem_poke(struct ctx *cx, int memfd, uint64_t addr, const void *p, size_t len);

#endif
