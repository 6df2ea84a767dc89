/*
 * cpu_x86_32 - the registers of a thread of a 32-bit task.
 *
 * State:    general registers, instruction pointer, flags, segments (as symbols), TLS entries, the
 *           XSAVE area; the system call it was interrupted in.
 * Read:     ptrace: GETREGS, GETREGSET NT_X86_XSTATE, GET_THREAD_AREA.
 * Rebuild:  the same requests the other way, as the very last, so that the kernel starts an
 *           interrupted call again as it would have.
 * Lost:     the time that a call with a relative limit had already waited: it begins again with its
 *           whole time; and one that had been stopped before ends with EINTR where its number
 *           cannot be told any more (restart_syscall(2)).  Refused: debug registers in use, LDT segments, 64-bit code.
 */
#include <inttypes.h>

#include "base/err.h"
#include "obj/common/cpu.h"
#include "obj/object.h"

struct cpu_x86_32 {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp, eip;
	uint32_t eflags;
	struct cpu_common common;
};

#define REG(m) FIELD(cpu_x86_32, F_X32, m)

static const struct field cpu_fields[] = {
	REG(eax),
	REG(ebx),
	REG(ecx),
	REG(edx),
	REG(esi),
	REG(edi),
	REG(ebp),
	REG(esp),
	REG(eip),
	REG(eflags),
	CPU_COMMON_FIELDS(cpu_x86_32),
};

static bool cpu_match(const struct seen *s)
{
	return cpu_is(s, &abi_i386);
}

static int cpu_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	const struct gregs *g = &s->thread->state.regs;
	struct cpu_x86_32 *c = obj;

	c->eax = (uint32_t) g->rax;
	c->ebx = (uint32_t) g->rbx;
	c->ecx = (uint32_t) g->rcx;
	c->edx = (uint32_t) g->rdx;
	c->esi = (uint32_t) g->rsi;
	c->edi = (uint32_t) g->rdi;
	c->ebp = (uint32_t) g->rbp;
	c->esp = (uint32_t) g->rsp;
	c->eip = (uint32_t) g->rip;
	c->eflags = (uint32_t) g->rflags;
	return cpu_collect_common(cx, s, &c->common);
}

static void cpu_gate(struct gate *g, const void *obj)
{
	const struct cpu_x86_32 *c = obj;

	cpu_gate_common(g, &c->common, c->eip, SEGMENT_CODE32);
}

static int cpu_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct cpu_x86_32 *c = obj;

	(void) cx;
	cpu_late_flags(rb, c->eflags);
	return 0;
}

static int cpu_go(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct cpu_x86_32 *c = obj;
	struct gregs g = { 0 };

	g.rax = c->eax;
	g.rbx = c->ebx;
	g.rcx = c->ecx;
	g.rdx = c->edx;
	g.rsi = c->esi;
	g.rdi = c->edi;
	g.rbp = c->ebp;
	g.rsp = c->esp;
	g.rip = c->eip;
	g.rflags = c->eflags;
	/* With FSGSBASE the kernel loads the bases beside the selectors, whatever the entries say.
	 */
	g.fs_base = cpu_base_of(&c->common, c->common.fs);
	g.gs_base = cpu_base_of(&c->common, c->common.gs);
	return cpu_go_common(cx, rb, &c->common, &g);
}

static void cpu_show(const void *obj, FILE *f)
{
	const struct cpu_x86_32 *c = obj;

	fprintf(f, "eip 0x%" PRIx32 ", esp 0x%" PRIx32, c->eip, c->esp);
	cpu_show_common(&c->common, f);
}

static void cpu_registers(const void *obj, FILE *f)
{
	const struct cpu_x86_32 *c = obj;

	cpu_registers_common(&cpu_x86_32_ops.record, obj, c->eflags, &c->common, f);
}

const struct obj_ops cpu_x86_32_ops = {
	.record = { .kind = 0x25,
		    .version = 1,
		    .name = "cpu_x86_32",
		    .size = sizeof(struct cpu_x86_32),
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
