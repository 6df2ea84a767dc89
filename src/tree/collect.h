/*
 * collect.h - walking the object table over a process.
 */
#ifndef TREE_COLLECT_H
#define TREE_COLLECT_H

#include "program/visit.h"

struct ctx;
struct items;
struct target;

/* Memory and files: all that needs no answer of the process itself.  Bulk data is not copied. */
int collect_outside(struct ctx *cx, struct target *t, struct items *l);

/* Files with their bulk data; the process must stand still. */
int collect_files(struct ctx *cx, struct target *t, struct items *l);
/* Mappings, once their flags and contents are known. */
int collect_maps(struct ctx *cx, struct target *t, struct items *l);
/* Process and threads: each is asked by a program of its own, in the visit. */
int collect_inside(struct ctx *cx, struct target *t, struct visit *v, struct items *l);

/* Bytes that the largest program of collect_inside needs. */
size_t collect_room(const struct target *t);

#endif
