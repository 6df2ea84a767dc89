/*
 * cpu.c - segments, TLS entries, FPU state and interrupted calls, the same for both CPU records.
 */
#include "obj/common/cpu.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/fpu.h"
#include "obj/common/rebuild.h"
#include "obj/common/target.h"
#include "program/program.h"
#include "tracee/mem.h"

/* Flags that a program can have of its own: all but VM, IOPL, NT, RF and the reserved ones. */
#define USER_FLAGS  UINT64_C(0x240dd5)
#define FIXED_FLAGS UINT64_C(0x202)    /* bit 1, and interrupts on */
#define ID_FLAG	    UINT64_C(0x200000) /* ptrace leaves it as it is */

bool cpu_is(const struct seen *s, const struct abi *abi)
{
	return s->thread->state.regs.cs == abi->code_segment;
}

static int collect_segments(struct ctx *cx, const struct gregs *g, struct cpu_common *c)
{
	const uint64_t selector[] = { g->cs, g->ss, g->ds, g->es, g->fs, g->gs };
	uint16_t *const symbol[] = { &c->cs, &c->ss, &c->ds, &c->es, &c->fs, &c->gs };

	for (unsigned i = 0; i < 6; i++) {
		*symbol[i] = segment_of_selector(selector[i]);
		if (*symbol[i] == SEGMENT_INVALID)
			return fail(cx, ERR_UNSUPPORTED,
				    "has selector 0x%" PRIx64
				    " (an LDT segment?) loaded: not supported yet",
				    selector[i]);
	}
	return 0;
}

/* The number of restart_syscall(2), and of the calls that it stands for (kernel/time, fs/select.c,
 * kernel/futex). */
#define RESTART_64 219
#define RESTART_32 0

static bool has_restart_block(uint32_t nr)
{
	static const uint16_t calls[] = { 35, 230, 7,
					  202 }; /* nanosleep, clock_nanosleep, poll, futex */

	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* A call that was stopped before, by us or anyone, goes on as restart_syscall; which call it was only the
 * kernel knows.  Where the instruction before it loads the number (mov $nr, %eax; syscall) that tells;
 * else the program gets the EINTR that the call would end with. */
static void recover_call(const struct seen *s, struct cpu_common *c)
{
	const struct gregs *g = &s->thread->state.regs;
	bool wide = g->cs == abi_x86_64.code_segment;
	unsigned char code[7];
	struct ctx unheard = { 0 };
	uint32_t nr;

	if (c->outcome != ERR_RESTARTBLOCK || c->interrupted != (wide ? RESTART_64 : RESTART_32))
		return;
	c->interrupted = -1;
	c->outcome = EINTR;
	if (!wide ||
	    mem_read(&unheard, s->target->pid, g->rip - sizeof code, code, sizeof code) < 0)
		return;
	memcpy(&nr, code + 1, sizeof nr);
	if (code[0] != 0xb8 || code[5] != 0x0f || code[6] != 0x05 || !has_restart_block(nr))
		return;
	c->interrupted = nr;
	c->outcome = ERR_RESTARTBLOCK;
}

int cpu_collect_common(struct ctx *cx, const struct seen *s, struct cpu_common *ret)
{
	const struct gregs *g = &s->thread->state.regs;
	pid_t tid = s->thread->state.tid;
	uint64_t dr7 = 0;
	int r = collect_segments(cx, g, ret);

	if (r >= 0 && g->cs != s->target->abi->code_segment)
		return fail(cx, ERR_UNSUPPORTED,
			    "runs code of the other mode than the process: not supported yet");
	if (r >= 0)
		r = regs_get_debug(cx, tid, 7, &dr7);
	if (r >= 0 && dr7 & 0xff)
		return fail(cx, ERR_UNSUPPORTED, "has debug registers in use: not supported yet");
	for (unsigned i = 0; r >= 0 && i < TLS_ENTRIES; i++) {
		struct tls_entry e;

		r = regs_get_tls(cx, tid, i, &e);
		if (r < 0)
			break;
		ret->tls_base[i] = e.base;
		ret->tls_limit[i] = e.limit;
		ret->tls_flags[i] = e.flags;
	}
	if (r < 0)
		return r;
	ret->interrupted = (int64_t) g->orig_rax;
	ret->outcome = ret->interrupted >= 0 && (int64_t) g->rax < 0 && (int64_t) g->rax > -4096
			       ? (int32_t) - (int64_t) g->rax
			       : 0;
	recover_call(s, ret);
	return fpu_collect(cx, s, &ret->xsave);
}

void cpu_gate_common(struct gate *g, const struct cpu_common *c, uint64_t ip, uint16_t code_segment)
{
	const uint16_t other[] = { c->ss, c->ds, c->es, c->fs, c->gs };

	if (c->cs != code_segment || segment_selector(c->cs) != g->abi->code_segment ||
	    ip >= g->abi->task_size)
		gate_problem(g, ERR_DAMAGED, "its code segment or instruction pointer cannot be");
	for (unsigned i = 0; i < 5; i++)
		if (segment_selector(other[i]) == ~UINT64_C(0))
			gate_problem(g, ERR_DAMAGED, "segment 0x%x is not known", other[i]);
	if (c->outcome < 0 || c->outcome > 4095)
		gate_problem(g, ERR_DAMAGED, "an interrupted call cannot have ended with %d",
			     c->outcome);
	fpu_gate(g, &c->xsave);
}

static int go_tls(struct ctx *cx, pid_t tid, const struct cpu_common *c)
{
	for (unsigned i = 0; i < TLS_ENTRIES; i++) {
		struct tls_entry e = { .base = c->tls_base[i],
				       .limit = c->tls_limit[i],
				       .flags = c->tls_flags[i] };
		int r;

		if (!e.base && !e.limit && e.flags == TLS_EMPTY)
			continue;
		r = regs_set_tls(cx, tid, i, &e);
		if (r < 0)
			return r;
	}
	return 0;
}

void cpu_late_flags(struct rebuild *rb, uint64_t flags)
{
	if (flags & ID_FLAG)
		program_set_flags(rb->program, ID_FLAG | FIXED_FLAGS);
}

uint64_t cpu_base_of(const struct cpu_common *c, uint16_t segment)
{
	unsigned n = segment - SEGMENT_TLS;

	return n < TLS_ENTRIES ? c->tls_base[n] : 0;
}

int cpu_go_common(struct ctx *cx, struct rebuild *rb, const struct cpu_common *c, struct gregs *g)
{
	int r = go_tls(cx, rb->tid, c);

	if (r >= 0)
		r = regs_set_xstate(cx, rb->tid, c->xsave.p, c->xsave.len);
	if (r < 0)
		return r;
	g->cs = segment_selector(c->cs);
	g->ss = segment_selector(c->ss);
	g->ds = segment_selector(c->ds);
	g->es = segment_selector(c->es);
	g->fs = segment_selector(c->fs);
	g->gs = segment_selector(c->gs);
	g->rflags = (g->rflags & USER_FLAGS) | FIXED_FLAGS;
	g->orig_rax = (uint64_t) c->interrupted;
	if (c->outcome)
		g->rax = (uint64_t) - (int64_t) c->outcome;
	/* A restart block is kernel state that a new task does not have: the call begins again. */
	if (c->outcome == ERR_RESTARTBLOCK)
		regs_restart_call(g);
	return regs_set(cx, rb->tid, g);
}

static const char *outcome_name(int32_t outcome)
{
	switch (outcome) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case ERR_RESTARTBLOCK:
		return "ERESTART_RESTARTBLOCK";
	default:
		return strerrorname_np(outcome);
	}
}

/* "system call 230, -ERESTARTSYS" */
static void show_call(const struct cpu_common *c, FILE *f)
{
	const char *name = outcome_name(c->outcome);

	fprintf(f, "system call %" PRId64, c->interrupted);
	if (c->outcome && name)
		fprintf(f, ", left with -%s", name);
	else if (c->outcome)
		fprintf(f, ", left with %" PRId32, -c->outcome);
}

void cpu_show_common(const struct cpu_common *c, FILE *f)
{
	fputs(", ", f);
	if (c->interrupted >= 0) {
		fputs("in ", f);
		show_call(c, f);
		fputs(", ", f);
	}
	fpu_show(&c->xsave, f);
}

static void show_flags(uint64_t flags, FILE *f)
{
	static const struct {
		uint8_t bit;
		char name[3];
	} names[] = { { 0, "CF" },  { 2, "PF" },  { 4, "AF" },	{ 6, "ZF" },  { 7, "SF" },
		      { 8, "TF" },  { 9, "IF" },  { 10, "DF" }, { 11, "OF" }, { 14, "NT" },
		      { 16, "RF" }, { 18, "AC" }, { 21, "ID" } };

	fputc('[', f);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags >> names[i].bit & 1)
			fprintf(f, " %s", names[i].name);
	fputs(" ]", f);
}

static void show_general(const struct field *fd, const void *obj, uint64_t flags, FILE *f)
{
	const void *p = (const char *) obj + fd->off;
	bool wide = fd->type == F_X64;
	uint64_t v = wide ? *(const uint64_t *) p : *(const uint32_t *) p;

	fprintf(f, "%-14s 0x%-18" PRIx64, fd->name, v);
	if (!strcmp(fd->name + 1, "flags"))
		show_flags(flags, f);
	else
		fprintf(f, "%" PRId64, wide ? (int64_t) v : (int32_t) v);
	fputc('\n', f);
}

void cpu_registers_common(const struct record_type *t, const void *obj, uint64_t flags,
			  const struct cpu_common *c, FILE *f)
{
	const struct {
		const char *name;
		uint16_t symbol;
	} segments[] = { { "cs", c->cs }, { "ss", c->ss }, { "ds", c->ds },
			 { "es", c->es }, { "fs", c->fs }, { "gs", c->gs } };

	for (size_t i = 0; i < t->nfields && strcmp(t->fields[i].name, "interrupted"); i++)
		show_general(&t->fields[i], obj, flags, f);
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++)
		fprintf(f, "%-14s %s\n", segments[i].name, segment_name(segments[i].symbol));
	for (unsigned i = 0; i < TLS_ENTRIES; i++)
		if (c->tls_base[i] || c->tls_limit[i] || c->tls_flags[i] != TLS_EMPTY)
			fprintf(f,
				"tls%-11u base 0x%" PRIx32 " limit 0x%" PRIx32 " flags 0x%" PRIx32
				"\n",
				i, c->tls_base[i], c->tls_limit[i], c->tls_flags[i]);
	if (c->interrupted >= 0) {
		fprintf(f, "%-14s ", "interrupted");
		show_call(c, f);
		fputc('\n', f);
	}
	fprintf(f, "%-14s ", "xsave");
	fpu_show(&c->xsave, f);
	fputc('\n', f);
}
