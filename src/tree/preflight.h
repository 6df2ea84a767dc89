/*
 * preflight.h - what can be refused before the process is stopped.
 */
#ifndef TREE_PREFLIGHT_H
#define TREE_PREFLIGHT_H

#include <sys/types.h>

struct ctx;
struct maps;

/* ERR_UNSUPPORTED, by name and with the remedy, for whatever the process has that no object covers.
 * *ret_maps: its maps with their flags, as they were. */
int preflight_stopped(struct ctx *cx, pid_t pid); /* those parts that may change, once more */
int preflight(struct ctx *cx, pid_t pid, struct maps *ret_maps);

#endif
