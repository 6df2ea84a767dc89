/*
 * mm - what the kernel knows of an address space as a whole.
 *
 * State:    where code, data, heap, stack, arguments and environment begin and end; the break; the
 *           auxiliary vector; the executable.
 * Read:     /proc/PID/stat and auxv; the break from inside (brk(0)): stat does not tell it.
 * Rebuild:  prctl(PR_SET_MM, PR_SET_MM_MAP), since v3.18; needs CONFIG_CHECKPOINT_RESTORE, and
 *           CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN for the executable.
 * Lost:     nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/overview.h"
#include "obj/object.h"
#include "program/program.h"

struct mm {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	struct bytes auxv; /* in the words of the task's ABI */
	uint64_t exe;	   /* id of the file record */
};

static const struct field mm_fields[] = {
	FIELD(mm, F_X64, start_code),  FIELD(mm, F_X64, end_code),  FIELD(mm, F_X64, start_data),
	FIELD(mm, F_X64, end_data),    FIELD(mm, F_X64, start_brk), FIELD(mm, F_X64, brk),
	FIELD(mm, F_X64, start_stack), FIELD(mm, F_X64, arg_start), FIELD(mm, F_X64, arg_end),
	FIELD(mm, F_X64, env_start),   FIELD(mm, F_X64, env_end),   FIELD(mm, F_BYTES, auxv),
	FIELD(mm, F_U64, exe),
};

#define MAX_AUXV 1024 /* bytes; the kernel keeps 2 * (20 + a few) words */

static void mm_ask(const struct seen *s, struct program *p)
{
	(void) s;
	(void) program_native(p, 0, brk, VAL(0));
}

static int read_auxv(struct ctx *cx, pid_t pid, struct bytes *ret)
{
	_buf_ struct buf b = { 0 };
	int r = procfs_read(cx, pid, "auxv", &b);

	if (r < 0)
		return r;
	*ret = (struct bytes){ take_ptr(b.p), b.len };
	return 0;
}

static int mm_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct proc_stat *t = &s->target->stat;
	struct mm *m = obj;

	*m = (struct mm){
		.start_code = t->start_code,
		.end_code = t->end_code,
		.start_data = t->start_data,
		.end_data = t->end_data,
		.start_brk = t->start_brk,
		.brk = (uint64_t) answer(s, 0),
		.start_stack = t->start_stack,
		.arg_start = t->arg_start,
		.arg_end = t->arg_end,
		.env_start = t->env_start,
		.env_end = t->env_end,
		.exe = s->target->exe_file,
	};
	return read_auxv(cx, s->target->pid, &m->auxv);
}

/* As the kernel demands it: kernel/sys.c, validate_prctl_map_addr. */
static bool in_order(const struct mm *m, uint64_t task_size)
{
	const uint64_t pair[][2] = {
		{ m->start_code, m->end_code }, { m->start_data, m->end_data },
		{ m->start_brk, m->brk },	{ m->arg_start, m->arg_end },
		{ m->env_start, m->env_end },	{ m->start_stack, task_size },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
		if (pair[i][0] > pair[i][1] || pair[i][1] > task_size)
			return false;
	return true;
}

static void mm_gate(struct gate *g, const void *obj)
{
	const struct mm *m = obj;

	if (!m->exe)
		gate_problem(g, ERR_DAMAGED, "the image names no executable");
	else if (!gate_has_file(g, m->exe))
		gate_problem(g, ERR_DAMAGED,
			     "the executable is file %" PRIu64 ", which the image does not hold",
			     m->exe);
	if (!in_order(m, g->abi->task_size))
		gate_problem(g, ERR_DAMAGED, "an area ends before it begins, or behind memory");

	if (m->auxv.len > MAX_AUXV)
		gate_problem(g, ERR_DAMAGED, "an auxiliary vector of %zu bytes cannot be",
			     m->auxv.len);
}

static int mm_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct mm *m = obj;
	struct prctl_mm_map map = {
		.start_code = m->start_code,
		.end_code = m->end_code,
		.start_data = m->start_data,
		.end_data = m->end_data,
		.start_brk = m->start_brk,
		.brk = m->brk,
		.start_stack = m->start_stack,
		.arg_start = m->arg_start,
		.arg_end = m->arg_end,
		.env_start = m->env_start,
		.env_end = m->env_end,
		.auxv_size = (uint32_t) m->auxv.len,
		.exe_fd = (uint32_t) rebuild_fd(rb, m->exe),
	};
	uint32_t auxv, at;

	if ((int) map.exe_fd < 0)
		return fail(cx, ERR_DAMAGED,
			    "the executable is file %" PRIu64 ", which the image does not hold",
			    m->exe);
	auxv = program_data(rb->program, m->auxv.p, m->auxv.len);
	at = program_data(rb->program, &map, sizeof map);
	program_pointer(rb->program, at + offsetof(struct prctl_mm_map, auxv), auxv);
	(void) program_native(rb->program, OP_MUST, prctl, VAL(PR_SET_MM), VAL(PR_SET_MM_MAP),
			      AT(at), VAL(sizeof map), VAL(0));
	return 0;
}

static void mm_show(const void *obj, FILE *f)
{
	const struct mm *m = obj;

	fprintf(f,
		"executable file %" PRIu64 ", code 0x%" PRIx64 "-0x%" PRIx64 ", data 0x%" PRIx64
		"-0x%" PRIx64 ", heap 0x%" PRIx64 "-0x%" PRIx64 ", stack 0x%" PRIx64,
		m->exe, m->start_code, m->end_code, m->start_data, m->end_data, m->start_brk,
		m->brk, m->start_stack);
	fprintf(f, ", arguments 0x%" PRIx64 "-0x%" PRIx64 ", environment 0x%" PRIx64 "-0x%" PRIx64,
		m->arg_start, m->arg_end, m->env_start, m->env_end);
}

static void mm_overview(const void *obj, struct overview *v)
{
	const struct mm *m = obj;

	v->exe = m->exe;
	v->arg_start = m->arg_start;
	v->arg_end = m->arg_end;
}

const struct obj_ops mm_ops = {
	.record = { .kind = 0x12,
		    .version = 1,
		    .name = "mm",
		    .size = sizeof(struct mm),
		    FIELDS(mm_fields) },
	.scope = SCOPE_TASK,
	.ask = mm_ask,
	.collect = mm_collect,
	.gate = mm_gate,
	.late = mm_late,
	.show = mm_show,
	.overview = mm_overview,
};
