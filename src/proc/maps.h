/*
 * maps.h - /proc/PID/maps and the VmFlags of /proc/PID/smaps.
 */
#ifndef PROC_MAPS_H
#define PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct ctx;

struct map {
	uint64_t start, end;
	uint64_t offset; /* in bytes */
	uint64_t dev, ino;
	uint32_t prot; /* PROT_READ | PROT_WRITE | PROT_EXEC */
	bool shared;
	uint32_t flags;	  /* enum vmflag, from maps_flags; 0 before */
	bool filled;	  /* contents to be saved were found (tree/snapshot.c) */
	const char *name; /* "" for none; points into struct maps */
};

struct maps {
	struct map *map;
	size_t n;
	struct buf text;
};

#define _maps_ _cleanup_(maps_done)

int maps_read(struct ctx *cx, pid_t pid, struct maps *ret);
/* The lines of m->text, which it cuts into strings, into m->map. */
int maps_parse(struct ctx *cx, struct maps *m);
void maps_done(struct maps *m);

/* The map that holds addr, or NULL. */
const struct map *maps_find(const struct maps *m, uint64_t addr);
const struct map *maps_named(const struct maps *m, const char *name);

/* Lowest free range of size bytes (page aligned) in [from, to) that no map of m touches; 0 if none.
 * One page is left free on either side. */
uint64_t maps_hole(const struct maps *m, uint64_t size, uint64_t from, uint64_t to);

/* What smaps calls VmFlags, as far as anything depends on it (proc(5); kernel fs/proc/task_mmu.c).
 */
enum vmflag {
	VMFLAG_GROWSDOWN = 1 << 0,     /* gd */
	VMFLAG_LOCKED = 1 << 1,	       /* lo */
	VMFLAG_SEQ_READ = 1 << 2,      /* sr */
	VMFLAG_RAND_READ = 1 << 3,     /* rr */
	VMFLAG_DONTFORK = 1 << 4,      /* dc */
	VMFLAG_WIPEONFORK = 1 << 5,    /* wf */
	VMFLAG_DONTDUMP = 1 << 6,      /* dd */
	VMFLAG_HUGEPAGE = 1 << 7,      /* hg */
	VMFLAG_NOHUGEPAGE = 1 << 8,    /* nh */
	VMFLAG_MERGEABLE = 1 << 9,     /* mg */
	VMFLAG_NORESERVE = 1 << 10,    /* nr */
	VMFLAG_HUGETLB = 1 << 11,      /* ht */
	VMFLAG_UFFD = 1 << 12,	       /* um uw ui */
	VMFLAG_IO = 1 << 13,	       /* io pf: a device's memory */
	VMFLAG_SEALED = 1 << 14,       /* sl, since v6.15 */
	VMFLAG_DROPPABLE = 1 << 15,    /* dp, since v6.11 */
	VMFLAG_SHADOW_STACK = 1 << 16, /* ss, since v6.6 */
	VMFLAG_MAYSHARE = 1 << 17,     /* ms */
	VMFLAG_MAYWRITE = 1 << 18,     /* mw */
	VMFLAG_UNKNOWN = 1 << 31,      /* a letter pair that this table does not have */
};

/* Reads smaps of pid (costly: the kernel walks its page tables) and sets the flags of those of m's
 * maps whose range it names; *ret_missing counts the maps that it did not name. */
int maps_flags(struct ctx *cx, pid_t pid, struct maps *m, size_t *ret_missing);

/* Sets the flags of those maps that before has with the same range. */
void maps_take_flags(struct maps *now, const struct maps *before);

#endif
