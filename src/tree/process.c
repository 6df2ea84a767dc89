/*
 * process.c - the record that says which processes an image holds.
 */
#include "tree/process.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/abi.h"
#include "base/err.h"
#include "obj/common/target.h"

static const struct field process_fields[] = {
	FIELD(process, F_U32, abi), FIELD(process, F_U32, ppid),  FIELD(process, F_U32, pgrp),
	FIELD(process, F_U32, sid), FIELD(process, F_U32S, tids),
};

const struct record_type process_type = {
	.kind = 0x10,
	.version = 1,
	.name = "process",
	.size = sizeof(struct process),
	FIELDS(process_fields),
};

int process_collect(struct ctx *cx, const struct target *t, struct process *ret)
{
	uint32_t *tids = malloc(t->nthreads * sizeof *tids);

	if (!tids)
		return fail(cx, -ENOMEM, "collect the process");
	for (size_t i = 0; i < t->nthreads; i++)
		tids[i] = (uint32_t) t->thread[i].state.tid;
	*ret = (struct process){
		.abi = t->abi->id,
		.ppid = (uint32_t) t->stat.ppid,
		.pgrp = (uint32_t) t->stat.pgrp,
		.sid = (uint32_t) t->stat.sid,
		.tids = { tids, t->nthreads * sizeof *tids },
	};
	return 0;
}
