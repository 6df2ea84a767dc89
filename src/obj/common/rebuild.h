/*
 * rebuild.h - what an object's file may use at restart.
 */
#ifndef OBJ_REBUILD_H
#define OBJ_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct abi;
struct ctx;
struct image_header;
struct program;

/* What to do about a file that is not as it was (--changed-files). */
enum changed_files { CHANGED_REFUSE, CHANGED_WARN, CHANGED_IGNORE };

/* Collects every problem before anything is created. */
struct gate {
	enum changed_files changed_files;
	const char *who;     /* "fd 3: regular", put before each problem */
	struct buf problems; /* text, a line each */
	struct buf warnings;
	unsigned nproblems;
	int worst;				 /* 0, or the error number to end with */
	const struct abi *abi;			 /* of the task in question */
	const struct image_header *image, *host; /* where it was made, and where we are */
	const uint64_t *file;			 /* ids of the file records, ascending */
	size_t nfiles;
};

/* Whether the image holds an open file with that id. */
bool gate_has_file(const struct gate *g, uint64_t id);

__attribute__((format(printf, 3, 4))) void gate_problem(struct gate *g, int err, const char *fmt,
							...);
__attribute__((format(printf, 2, 3))) void gate_changed(struct gate *g, const char *fmt, ...);

/* A live thing that several file descriptions share (both ends of a pipe), kept by who made it. */
struct shared_fd {
	uint16_t kind;
	uint64_t key;
	int fd;
};

struct stash {
	uint64_t id; /* of the file record */
	int fd;	     /* the number under which the task inherits it */
};

struct rebuild {
	const struct abi *abi;
	pid_t pid, tid;
	struct program *program; /* to append calls to */

	struct stash *stash;
	size_t nstash;
	bool stdin_taken; /* the image comes by our standard input */
	bool opened;	  /* the stash's numbers are open in our own process */
	int stash_base;	  /* every inherited descriptor has this number or a higher one */
	struct shared_fd *shared;
	size_t nshared;
};

/* The inherited number of a file record, or -1. */
int rebuild_fd(const struct rebuild *rb, uint64_t id);

/* Shared things: -1 if there is none yet; rebuild_share keeps fd (and closes it in the end). */
int rebuild_shared(const struct rebuild *rb, uint16_t kind, uint64_t key);
/* The same, given away: there is none afterwards. */
int rebuild_take(struct rebuild *rb, uint16_t kind, uint64_t key);
int rebuild_share(struct ctx *cx, struct rebuild *rb, uint16_t kind, uint64_t key, int fd);

#endif
