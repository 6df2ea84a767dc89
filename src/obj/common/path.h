/*
 * path.h - whether the name under which the kernel shows an open file still leads to it.
 */
#ifndef OBJ_PATH_H
#define OBJ_PATH_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct ctx;
struct seen_file;

/* Whether there is a path at all, and one that does not depend on where the restart is called. */
bool path_is_absolute(const char *path);

/* The flags with which a file was opened, as fdinfo shows them, that opening it again must have.
 * The kernel's O_LARGEFILE is the bit that glibc defines as 0: a file that an i386 program opened
 * without it ends at 2 GiB. */
#define PATH_LARGEFILE 0100000u
#define PATH_OPEN_FLAGS                                                                            \
	(uint32_t)(O_ACCMODE | O_SYNC | O_DSYNC | O_APPEND | O_PATH | O_NOFOLLOW | O_NOATIME |     \
		   O_DIRECTORY | PATH_LARGEFILE)

/* Opens the path so that the description shows these flags; -errno on failure. */
int path_open(const char *path, uint32_t flags);

/* ERR_UNSUPPORTED, by name, for a file that was deleted or renamed over. */
int path_still_names(struct ctx *cx, const struct seen_file *f);

#endif
