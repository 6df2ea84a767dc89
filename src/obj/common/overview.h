/*
 * overview.h - what objects tell of a process, each its own part, to whoever shows an image.
 */
#ifndef OBJ_OVERVIEW_H
#define OBJ_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct overview_fd {
	uint32_t number;
	bool cloexec;
	uint64_t file; /* id of the file record */
};

/* Strings are the object's.  What nobody told is zero. */
struct overview {
	uint64_t exe;		     /* id of the executable's file record */
	uint64_t arg_start, arg_end; /* where its command line stands in its memory */
	const char *cwd;
	struct buf fds;	  /* struct overview_fd, ascending */
	const char *name; /* of a thread */
};

#endif
