/*
 * procfs.h - the text files of /proc, split into lines, keys and numbers.
 *
 * Nothing read here is trusted: every number is checked for its end and its range, and a line of an
 * unexpected form is an error that names the file.
 */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct ctx;

/* Reads /proc/PID/NAME whole (NAME may be "task/TID/status" and the like). */
int procfs_read(struct ctx *cx, pid_t pid, const char *name, struct buf *ret);

/* The target of the link /proc/PID/NAME, NUL-terminated, on the heap. */
int procfs_link(struct ctx *cx, pid_t pid, const char *name, char **ret);

/* The value of "KEY:\tvalue\n" in text, and its length without white space around it; NULL if there
 * is no such key. */
const char *procfs_value(const char *text, const char *key, size_t *ret_len);

/* The same as a number.  -ENOENT if the key is missing, -EINVAL if it is no number. */
int procfs_number(const char *text, const char *key, int base, uint64_t *ret);

/* Exactly one number at s, in base; the first character behind it is *ret_end.  0 or -EINVAL. */
int parse_number(const char *s, int base, uint64_t *ret, const char **ret_end);

/* Calls each for every numeric name in /proc/PID/NAME ("task", "fd"), in ascending order. */
int procfs_list(struct ctx *cx, pid_t pid, const char *name, uint64_t **ret, size_t *ret_n);

/* /proc/PID/stat, the fields that Reprise needs (proc(5) numbers them from 1). */
struct proc_stat {
	char state;	       /* 3 */
	pid_t ppid, pgrp, sid; /* 4, 5, 6 */
	int64_t nice, threads; /* 19, 20 */
	uint64_t start_time;   /* 22, clock ticks since boot */
	uint64_t start_code, end_code,
		start_stack;			  /* 26, 27, 28: 0 without the right to see them */
	uint64_t start_data, end_data, start_brk; /* 45, 46, 47 */
	uint64_t arg_start, arg_end, env_start, env_end; /* 48 to 51 */
};
int procfs_stat(struct ctx *cx, pid_t pid, struct proc_stat *ret);
/* The same from its text.  0, or the negative number of the field that is missing. */
int procfs_parse_stat(const char *text, struct proc_stat *ret);

#endif
