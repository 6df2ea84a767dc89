/*
 * cpu_x86_64 - the registers of a thread of a 64-bit task.
 *
 * State:    general registers, instruction pointer, flags, segments (as symbols), FS and GS base,
 *           TLS entries, the XSAVE area; the system call it was interrupted in.
 * Read:     ptrace: GETREGS, GETREGSET NT_X86_XSTATE, GET_THREAD_AREA.
 * Rebuild:  the same requests the other way, as the very last, so that the kernel starts an
 *           interrupted call again as it would have.
 * Lost:     the time that a call with a relative limit had already waited: it begins again with its
 *           whole time; and one that had been stopped before ends with EINTR where its number
 *           cannot be told any more (restart_syscall(2)).  Refused: debug registers in use, LDT segments, the other mode.
 */
#include <inttypes.h>

#include "base/err.h"
#include "obj/common/cpu.h"
#include "obj/object.h"

struct cpu_x86_64 {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9;
	uint64_t r8, rax, rcx, rdx, rsi, rdi, rip, rflags, rsp, fs_base, gs_base;
	struct cpu_common common;
};

#define REG(m) FIELD(cpu_x86_64, F_X64, m)

static const struct field cpu_fields[] = {
	REG(r15),     REG(r14),	    REG(r13),
	REG(r12),     REG(rbp),	    REG(rbx),
	REG(r11),     REG(r10),	    REG(r9),
	REG(r8),      REG(rax),	    REG(rcx),
	REG(rdx),     REG(rsi),	    REG(rdi),
	REG(rip),     REG(rflags),  REG(rsp),
	REG(fs_base), REG(gs_base), CPU_COMMON_FIELDS(cpu_x86_64),
};

static bool cpu_match(const struct seen *s)
{
	return cpu_is(s, &abi_x86_64);
}

static int cpu_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct gregs *g = &s->thread->state.regs;
	struct cpu_x86_64 *c = obj;

	/* A program can load one with WRFSBASE; ptrace(2) will not set it. */
	if (g->fs_base >= abi_x86_64.task_size || g->gs_base >= abi_x86_64.task_size)
		return fail(cx, ERR_UNSUPPORTED,
			    "has a kernel address as FS or GS base: not supported");
	c->r15 = g->r15;
	c->r14 = g->r14;
	c->r13 = g->r13;
	c->r12 = g->r12;
	c->rbp = g->rbp;
	c->rbx = g->rbx;
	c->r11 = g->r11;
	c->r10 = g->r10;
	c->r9 = g->r9;
	c->r8 = g->r8;
	c->rax = g->rax;
	c->rcx = g->rcx;
	c->rdx = g->rdx;
	c->rsi = g->rsi;
	c->rdi = g->rdi;
	c->rip = g->rip;
	c->rflags = g->rflags;
	c->rsp = g->rsp;
	c->fs_base = g->fs_base;
	c->gs_base = g->gs_base;
	return cpu_collect_common(cx, s, &c->common);
}

static void cpu_gate(struct gate *g, const void *obj)
{
	const struct cpu_x86_64 *c = obj;

	if (c->fs_base >= g->abi->task_size || c->gs_base >= g->abi->task_size)
		gate_problem(g, ERR_DAMAGED, "its FS or GS base cannot be");
	cpu_gate_common(g, &c->common, c->rip, SEGMENT_CODE64);
}

static int cpu_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct cpu_x86_64 *c = obj;

	(void) cx;
	cpu_late_flags(rb, c->rflags);
	return 0;
}

static int cpu_go(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct cpu_x86_64 *c = obj;
	struct gregs g = { 0 };

	g.r15 = c->r15;
	g.r14 = c->r14;
	g.r13 = c->r13;
	g.r12 = c->r12;
	g.rbp = c->rbp;
	g.rbx = c->rbx;
	g.r11 = c->r11;
	g.r10 = c->r10;
	g.r9 = c->r9;
	g.r8 = c->r8;
	g.rax = c->rax;
	g.rcx = c->rcx;
	g.rdx = c->rdx;
	g.rsi = c->rsi;
	g.rdi = c->rdi;
	g.rip = c->rip;
	g.rflags = c->rflags;
	g.rsp = c->rsp;
	g.fs_base = c->fs_base;
	g.gs_base = c->gs_base;
	return cpu_go_common(cx, rb, &c->common, &g);
}

static void cpu_show(const void *obj, FILE *f)
{
	const struct cpu_x86_64 *c = obj;

	fprintf(f, "rip 0x%" PRIx64 ", rsp 0x%" PRIx64, c->rip, c->rsp);
	cpu_show_common(&c->common, f);
}

static void cpu_registers(const void *obj, FILE *f)
{
	const struct cpu_x86_64 *c = obj;

	cpu_registers_common(&cpu_x86_64_ops.record, obj, c->rflags, &c->common, f);
}

const struct obj_ops cpu_x86_64_ops = {
	.record = { .kind = 0x24,
		    .version = 1,
		    .name = "cpu_x86_64",
		    .size = sizeof(struct cpu_x86_64),
		    FIELDS(cpu_fields) },
	.scope = SCOPE_THREAD,
	.match = cpu_match,
	.collect = cpu_collect,
	.gate = cpu_gate,
	.late = cpu_late,
	.go = cpu_go,
	.registers = true,
	.show = cpu_show,
	.show_registers = cpu_registers,
};
