/*
 * rseq - a thread's registration for restartable sequences.
 *
 * State:    address, size and signature as registered.
 * Read:     ptrace(PTRACE_GET_RSEQ_CONFIGURATION), since v5.13.
 * Rebuild:  rseq(2) with the same values.
 * Lost:     nothing.  A thread found inside a sequence is sent to its abort handler
 *           (tree/threads.c), as the kernel does with any thread that was interrupted there.
 */
#include <inttypes.h>

#include "abi/abi.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

struct rseq_record {
	uint64_t addr;
	uint32_t size, signature;
};

static const struct field rseq_fields[] = {
	FIELD(rseq_record, F_X64, addr),
	FIELD(rseq_record, F_U32, size),
	FIELD(rseq_record, F_X32, signature),
};

static bool rseq_match(const struct seen *s)
{
	return s->thread->rseq.addr != 0;
}

static int rseq_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct rseq_record *o = obj;

	(void) cx;
	o->addr = s->thread->rseq.addr;
	o->size = s->thread->rseq.size;
	o->signature = s->thread->rseq.signature;
	return 0;
}

/* The kernel checks the rest: it alone knows what sizes and alignments it takes. */
static void rseq_gate(struct gate *g, const void *obj)
{
	const struct rseq_record *o = obj;

	if (!o->addr || o->addr >= g->abi->task_size || o->size > g->abi->task_size - o->addr)
		gate_problem(g, ERR_DAMAGED, "its place 0x%" PRIx64 " cannot be", o->addr);
}

static int rseq_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct rseq_record *o = obj;

	(void) cx;
	(void) program_native(rb->program, OP_MUST, rseq, VAL(o->addr), VAL(o->size), VAL(0),
			      VAL(o->signature));
	return 0;
}

const struct obj_ops rseq_ops = {
	.record = { .kind = 0x21,
		    .version = 1,
		    .name = "rseq",
		    .size = sizeof(struct rseq_record),
		    FIELDS(rseq_fields) },
	.scope = SCOPE_THREAD,
	.match = rseq_match,
	.collect = rseq_collect,
	.gate = rseq_gate,
	.late = rseq_late,
};
