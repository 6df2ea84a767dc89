/*
 * process.h - the record that says which processes an image holds, and what they consist of.
 */
#ifndef TREE_PROCESS_H
#define TREE_PROCESS_H

#include <stdint.h>

#include "image/record.h"

struct ctx;
struct target;

/* id: the PID.  Comes before every record of the process. */
struct process {
	uint32_t abi;		  /* ELF's e_machine: 62 x86-64, 3 i386 */
	uint32_t ppid, pgrp, sid; /* as they were; 0 or unknown means from outside */
	struct bytes tids;	  /* uint32_t; the PID first */
};

extern const struct record_type process_type;

int process_collect(struct ctx *cx, const struct target *t, struct process *ret);

#endif
