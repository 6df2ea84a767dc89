/*
 * visit.c - running syscall programs in the threads of a process that we have stopped.
 *
 * How the tool learns that a list has ended, without an instruction that would kill a task nobody
 * traces: the list sends its own thread a signal that the process ignores.  Traced, the thread
 * stops to receive it; untraced, nothing happens and the next op is rt_sigreturn.  A process that
 * ignores no signal is stopped at its system calls instead until rt_sigreturn comes.
 *
 * The order of setting registers and signal mask matters.  A thread with a mask of ours always has
 * before it what restores the mask.  And a thread in the interpreter always has a mask of ours: a
 * handler of an i386 task may leave r8-r15 at zero (sysenter does), which the interpreter needs and
 * an i386 signal frame does not hold.  So on the way in and out the mask changes while the thread
 * stands before the last part of the foothold, which brings it home whatever these registers are.
 */
#include "program/visit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "proc/maps.h"
#include "program/frame.h"
#include "program/program.h"
#include "tracee/inject.h"
#include "tracee/mem.h"
#include "tracee/seize.h"

#define PAGE 4096u
#define STACK_GAP                                                                                  \
	16384u /* below the frame: room for a handler if a signal comes after our death            \
		*/
#define ALL_BUT(sig) (~(UINT64_C(1) << ((sig) -1)))

static uint64_t bit(int sig)
{
	return UINT64_C(1) << (sig - 1);
}

/* A signal that thread t may send itself without anyone noticing; 0 if there is none. */
static int run_signal(const struct visit *v, const struct thread_state *t)
{
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		if (sig == SIGCONT || sig == SIGTRAP)
			continue;
		if ((v->ignored & bit(sig)) && !((t->sigmask | t->pending) & bit(sig)))
			return sig;
	}
	return 0;
}

/* A stop that is none of ours: something from outside meant for the thread.  Only SIGSTOP can come
 * through a full mask; it is sent again when the visit is over (the mask then lets it through). */
static int pass_signal(struct ctx *cx, const struct thread_state *t, int sig,
		       bool *stopped_by_others)
{
	if (sig == SIGSTOP)
		*stopped_by_others = true;
	else if (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE ||
		 sig == SIGTRAP)
		return fail(cx, -EFAULT, "thread %d: signal %d while it ran a system call program",
			    (int) t->tid, sig);
	return 0;
}

static int next_status(struct ctx *cx, const struct thread_state *t, int *ret_status)
{
	int r = tracee_wait(cx, t->tid, ret_status);

	if (r >= 0 && !WIFSTOPPED(*ret_status))
		return fail(cx, -ESRCH, "thread %d ended", (int) t->tid);
	return r;
}

/* From an entry of rt_sigreturn or the delivery of our signal we are done: 1.  0: go on. */
static int look(struct ctx *cx, const struct visit *v, const struct thread_state *t, int status,
		int sig, bool *others_stop)
{
	struct gregs g;
	int code, r;
	pid_t from;

	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		r = regs_get(cx, t->tid, &g);
		return r < 0 ? r : g.orig_rax == abi_x86_64.call[CALL_rt_sigreturn];
	}
	if (sig && WSTOPSIG(status) == sig) {
		r = tracee_siginfo(cx, t->tid, &code, &from);
		if (r < 0)
			return r;
		return code == SI_TKILL && from == v->pid;
	}
	return pass_signal(cx, t, WSTOPSIG(status), others_stop);
}

static int run_to_end(struct ctx *cx, const struct visit *v, const struct thread_state *t,
		      visit_event *event, void *arg, bool *others_stop)
{
	int sig = run_signal(v, t), status, r;

	for (;;) {
		r = sig ? tracee_cont(cx, t->tid, 0) : tracee_cont_syscall(cx, t->tid);
		if (r >= 0)
			r = next_status(cx, t, &status);
		if (r < 0)
			return r;
		if (status_event(status) == PTRACE_EVENT_STOP)
			continue;
		if (status_event(status)) {
			r = event ? event(cx, arg, t->tid, status_event(status)) : 0;
			if (r < 0)
				return r;
			continue;
		}
		r = look(cx, v, t, status, sig, others_stop);
		if (r)
			return r < 0 ? r : 0;
	}
}

void visit_begin_list(const struct visit *v, struct program *p)
{
	p->who = "visit";
	(void) program_native(p, 0, sigaltstack, VAL(0), VAL(v->frame + FRAME_ALTSTACK));
}

void visit_end_list(const struct visit *v, const struct thread_state *t, struct program *p)
{
	int sig = run_signal(v, t);
	unsigned last;

	p->who = "visit";
	/* Signal 0 where there is none to send: the op then only holds its place. */
	(void) program_native(p, OP_FINAL, tgkill, VAL(v->pid), VAL(t->tid), VAL(sig));
	last = program_native(p, OP_STACK, rt_sigreturn, VAL(0));
	program_aux(p, last, v->frame);
}

/* The list, and the frame that leads home through the foothold, into the scratch area. */
static int load(struct ctx *cx, struct visit *v, const struct thread_state *t, struct program *p)
{
	struct gregs home = t->regs;
	_buf_ struct buf frame = { 0 };
	int r;

	if (program_size(p) + frame_size(t->xstate.len) + STACK_GAP > v->size)
		return fail(cx, -E2BIG, "a system call program of %zu bytes is too long",
			    program_size(p));
	regs_restart_call(&home);
	home.rip = v->foothold.unmap;
	home.cs = abi_x86_64.code_segment;
	r = frame_build(cx, v->frame, &home, t->xstate.p, t->xstate.len, t->sigmask, &frame);
	if (r >= 0)
		r = program_place(cx, p, v->scratch);
	if (r >= 0) {
		struct mem_part part[] = {
			{ p->base, p->ops.p, p->ops.len },
			{ program_data_address(p, 0), p->data.p, p->data.len },
			{ v->frame, frame.p, frame.len },
		};

		r = mem_write_parts(cx, v->pid, part, ARRAY_SIZE(part));
	}
	if (r >= 0)
		r = foothold_aim(cx, &v->foothold, &t->regs, t->sigmask, v->scratch, v->size);
	return r;
}

/* Where the thread goes home by itself; the foothold is aimed at it. */
static int stand_before_home(struct ctx *cx, const struct visit *v, const struct thread_state *t)
{
	struct gregs g = t->regs;

	g.rip = v->foothold.unmap;
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	return regs_set(cx, t->tid, &g);
}

static int go_home(struct ctx *cx, const struct thread_state *t)
{
	int r = regs_set_sigmask(cx, t->tid, t->sigmask);

	return r < 0 ? r : regs_set(cx, t->tid, &t->regs);
}

/* From the entry of a system call the thread must get away first: there, the call in its registers
 * would be made, in the kernel's 64-bit way and even if it was complete. */
static int leave_list(struct ctx *cx, const struct visit *v, const struct thread_state *t, int sig)
{
	int r = stand_before_home(cx, v, t);

	return r < 0 || sig ? r : inject_settle(cx, t->tid);
}

static int read_back(struct ctx *cx, const struct visit *v, struct program *p)
{
	struct mem_part part[] = {
		{ p->base, p->ops.p, p->ops.len },
		{ program_data_address(p, 0), p->data.p, p->data.len },
	};

	return mem_read_parts(cx, v->pid, part, ARRAY_SIZE(part));
}

int visit_run(struct ctx *cx, struct visit *v, const struct thread_state *t, struct program *p,
	      visit_event *event, void *arg)
{
	struct gregs g = t->regs;
	bool others_stop = false;
	int sig = run_signal(v, t), r = load(cx, v, t, p), r2;

	if (r < 0)
		return r;
	g.rip = v->foothold.stub;
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	g.r12 = p->base;
	g.r14 = 0;
	r = stand_before_home(cx, v, t);
	if (r >= 0)
		r = regs_set_sigmask(cx, t->tid, sig ? ALL_BUT(sig) : ~UINT64_C(0));
	if (r >= 0)
		r = regs_set(cx, t->tid, &g);
	if (r >= 0)
		r = run_to_end(cx, v, t, event, arg, &others_stop);
	r2 = leave_list(cx, v, t, sig);
	if (r2 >= 0)
		r2 = go_home(cx, t);
	v->stranded |= r2 < 0;
	if (r >= 0)
		r = r2 < 0 ? r2 : read_back(cx, v, p);
	if (others_stop)
		(void) kill(v->pid, SIGSTOP);
	return r;
}

static int map_scratch(struct ctx *cx, struct visit *v, uint64_t at, size_t size)
{
	struct gregs g = v->leader->regs;
	int64_t got = 0;
	bool called;
	int r;

	g.rip = v->foothold.map;
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	g.rax = abi_x86_64.call[CALL_mmap];
	g.rdi = at;
	g.rsi = size;
	g.rdx = PROT_READ | PROT_WRITE;
	g.r10 = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	g.r8 = (uint64_t) -1;
	g.r9 = 0;
	r = foothold_aim(cx, &v->foothold, &v->leader->regs, v->leader->sigmask, at, size);
	if (r >= 0)
		r = inject_call(cx, v->leader->tid, &g, &got);
	called = r >= 0;
	if (called && (uint64_t) got != at)
		r = fail(cx, got < 0 && got > -4096 ? (int) got : -ENOMEM,
			 "map %zu bytes of scratch memory in process %d", size, (int) v->pid);
	/* Nobody knows whether a call happened whose result could not be read: unmap it then, too.
	 */
	if (r >= 0 || !called) {
		v->scratch = at;
		v->size = size;
	}
	if (r < 0 && called)
		(void) go_home(&(struct ctx){ 0 }, v->leader);
	return r;
}

/* On the normal path registers and mask are given back by us, from a stop in which the kernel still
 * starts interrupted calls again. */
static int unmap_scratch(struct visit *v)
{
	struct ctx unheard = { 0 };
	struct gregs g = v->leader->regs;
	int64_t got;
	int r;

	g.rip = v->foothold.unmap;
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	r = foothold_aim(&unheard, &v->foothold, &v->leader->regs, v->leader->sigmask, v->scratch,
			 v->size);
	if (r >= 0)
		r = inject_call(&unheard, v->leader->tid, &g, &got);
	if (r >= 0)
		r = inject_settle(&unheard, v->leader->tid);
	return r < 0 ? r : go_home(&unheard, v->leader);
}

int visit_begin(struct ctx *cx, const struct maps *maps, const struct abi *abi,
		const struct thread_state *leader, uint64_t caught, uint64_t ignored, size_t room,
		struct visit *ret)
{
	size_t frame = frame_size(leader->xstate.len);
	size_t size = (room + STACK_GAP + frame + PAGE - 1) & ~(size_t) (PAGE - 1);
	uint64_t at = maps_hole(maps, size, 0x10000, abi->task_size);
	struct visit v = { .pid = leader->tid, .leader = leader, .memfd = -1 };
	int r;

	/* Ignored unless caught: signal(7). */
	v.ignored = ignored | (~caught & (bit(SIGCHLD) | bit(SIGURG) | bit(SIGWINCH)));
	if (!at)
		return fail(cx, -ENOMEM, "no room for %zu bytes in the address space", size);
	r = mem_open(cx, v.pid, &v.memfd);
	if (r >= 0)
		r = foothold_init(cx, v.memfd, maps, &leader->regs, &v.foothold);
	if (r >= 0)
		r = map_scratch(cx, &v, at, size);
	if (r < 0) {
		visit_done(&v);
		return r;
	}
	v.frame = at + size - frame;
	*ret = v;
	return 0;
}

void visit_done(struct visit *v)
{
	/* A thread that could not be brought home finds the way by itself, on what is there. */
	if (v->scratch && !v->stranded)
		v->stranded = unmap_scratch(v) < 0;
	if (v->foothold.size && !v->stranded)
		foothold_done(&v->foothold);
	close_p(&v->memfd);
	*v = (struct visit){ .memfd = -1 };
}
