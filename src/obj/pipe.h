/*
 * pipe.h - what stdio needs to know of pipes.
 */
#ifndef OBJ_PIPE_H
#define OBJ_PIPE_H

#include <stdbool.h>

struct seen_file;
struct target;

/* Whether the process does not hold both ends of the pipe or FIFO that f is an end of. */
bool pipe_leads_out(const struct target *t, const struct seen_file *f);

#endif
