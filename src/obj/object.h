/*
 * object.h - one row per kernel object: what every object file offers to the rest.
 *
 * The tree layer walks these rows and knows none of their names.  objects.def lists them; its order
 * is the order of collection and of restoration inside a scope.
 */
#ifndef OBJ_OBJECT_H
#define OBJ_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "image/record.h"
#include "obj/common/rebuild.h"
#include "obj/common/target.h"

struct buf;
struct ctx;
struct overview;
struct program;

enum scope {
	SCOPE_TASK,   /* once per process; record id: its PID */
	SCOPE_THREAD, /* once per thread; record id: its TID */
	SCOPE_VMA,    /* once per mapping that it matches; record id: the process */
	SCOPE_FILE, /* once per open file, or file behind memory; record id: struct seen_file.id */
	SCOPE_DESCRIPTION, /* what every open file description has, around its FILE object; same id
			    */
};

struct obj_ops {
	struct record_type record; /* kind, version, name, fields: what the image holds */
	enum scope scope;

	/* VMA, FILE: is this one mine?  TASK, THREAD: does this one apply (none: always)? */
	bool (*match)(const struct seen *);
	/* Appends queries that only the thread itself can answer; collect finds the answers in
	 * seen. */
	void (*ask)(const struct seen *, struct program *);
	/* Live object -> struct.  obj is zeroed; what it puts on the heap is freed with
	 * record_free. */
	int (*collect)(struct ctx *, const struct seen *, void *obj);
	/* Optional: bulk data that belongs to the record. */
	int (*dump)(struct ctx *, const struct seen *, const void *obj, struct buf *ret);

	/* How many bytes of bulk data a record can have at most (none: it has none).  What is in
	 * obj was not judged yet. */
	uint64_t (*bulk_max)(const void *obj);
	/* VMA: whether pages records hold contents for its extent; not judged yet, either. */
	bool (*holds)(const void *obj);

	/* Before anything is created: can this be restored here?  Says every problem with
	 * gate_problem. */
	void (*gate)(struct gate *, const void *obj);
	/* FILE: struct -> live object, as a descriptor with O_CLOEXEC.  DESCRIPTION: sets up the
	 * descriptor that is in *ret_fd already. */
	int (*restore)(struct ctx *, struct rebuild *, const void *obj, const struct buf *bulk,
		       int *ret_fd);
	/* TASK: the highest descriptor number that it uses. */
	uint32_t (*highest_fd)(const void *obj);
	/* THREAD: the signals that it queues, bit n - 1 for signal n. */
	uint64_t (*signals)(const void *obj);
	/* Which addresses of the task it will occupy. */
	void (*extent)(const void *obj, uint64_t *ret_start, uint64_t *ret_end);
	/* Calls that the new, still empty task makes to lay out its memory. */
	int (*map)(struct ctx *, struct rebuild *, const void *obj);
	/* When the task stands with its memory laid out: is what the kernel gave us what we need?
	 */
	int (*mapped)(struct ctx *, struct rebuild *, const void *obj);
	/* Calls that the task makes once its memory is filled: the leader for TASK and VMA, each
	 * thread for THREAD. */
	int (*late)(struct ctx *, struct rebuild *, const void *obj);
	/* TASK: calls that the leader makes after all others, its rights given up. */
	int (*last)(struct ctx *, struct rebuild *, const void *obj);
	/* TASK, THREAD: the last settings, from outside (ptrace, /proc), when all calls are done.
	 */
	int (*go)(struct ctx *, struct rebuild *, const void *obj);

	bool borrowed; /* FILE: restore gives something of the restart's own, whose flags and position
			  are not the program's to set */
	bool registers; /* THREAD: its go sets the general registers */

	/* Optional: nicer than the fields, one line without its end.  What is in obj came from an
	 * image and was not judged yet, here and in the next three. */
	void (*show)(const void *obj, FILE *);
	/* Optional: what an operator wants to know at a glance, in a few words; nothing if all is
	 * as usual. */
	void (*summary)(const void *obj, FILE *);
	/* Optional: adds to overview.h what this object knows. */
	void (*overview)(const void *obj, struct overview *);
	/* THREAD: general registers and what belongs to them, a line each, as debuggers do. */
	void (*show_registers)(const void *obj, FILE *);
};

#define OBJ(name) extern const struct obj_ops name##_ops;
#include "obj/objects.def"
#undef OBJ

extern const struct obj_ops *const objects[];
extern const size_t nobjects;

/* The row whose records have this kind, or NULL. */
const struct obj_ops *object_by_kind(uint16_t kind);

#endif
