/*
 * target.h - a stopped process as the collectors of the objects see it.
 *
 * Everything here was read once, in tree/look.c and tree/threads.c, and is shared; an object's file says what it
 * means.
 */
#ifndef OBJ_TARGET_H
#define OBJ_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proc/maps.h"
#include "proc/procfs.h"
#include "program/visit.h"

struct abi;
struct program;

struct seen_thread {
	struct thread_state state;
	struct buf status;  /* /proc/PID/task/TID/status, text */
	struct buf pending; /* siginfo, 128 bytes each: for this thread alone */
	struct rseq_registration rseq;
};

/* An open file description, or a file that memory is mapped from. */
struct seen_file {
	uint64_t id;	/* in the image; from 1 */
	int number;	/* lowest descriptor that refers to it; -1: only memory does */
	int copy;	/* ours, of the same description; or opened by path for memory */
	char *link;	/* what /proc/PID/fd/NUMBER points at */
	struct stat st; /* fstat of copy */
	uint64_t flags; /* open(2) flags, without O_CLOEXEC */
	uint64_t pos;
	struct buf info;	   /* /proc/PID/fdinfo/NUMBER, text */
	uint64_t map_dev, map_ino; /* of a file behind memory, as maps shows them */
	bool map_shared;
	const struct obj_ops *ops; /* the object that matched */
};

struct seen_fd {
	int number;
	bool cloexec;
	uint64_t file; /* seen_file.id */
};

struct target {
	pid_t pid;
	const struct abi *abi;
	struct proc_stat stat;
	struct maps maps;
	struct buf pending;	    /* siginfo, 128 bytes each: for the process */
	struct seen_thread *thread; /* the leader first */
	size_t nthreads;
	struct seen_fd *fd;
	size_t nfds;
	struct seen_file *file;
	size_t nfiles;
	uint64_t exe_file; /* id of the executable's seen_file */
};

/* The thing that a row is asked about: the target, and the part of it that the row's scope names.
 */
struct seen {
	const struct target *target;
	const struct seen_thread *thread; /* TASK: the leader */
	const struct map *map;
	const struct seen_file *file;

	const struct program
		*answers; /* after a run; with the first op and data that ask appended */
	unsigned first_op;
	uint32_t first_data;
};

/* What the nth call that ask appended returned; the data at an offset from its first data. */
int64_t answer(const struct seen *s, unsigned n);
const void *answer_data(const struct seen *s, uint32_t off);

/* Whether the file behind m must be open for writing. */
bool map_writes(const struct map *m);

/* The id of the file record that memory mapped from m refers to; 0 if there is none. */
uint64_t target_file_of_map(const struct target *t, const struct map *m);

/* A number of the thread's status file.  Missing or malformed: -EINVAL with reason. */
int thread_status(struct ctx *cx, const struct seen *s, const char *key, int base, uint64_t *ret);

#endif
