/*
 * threads.c - what ptrace tells of each thread of a stopped process.
 *
 * A thread inside a restartable sequence is sent to the sequence's abort handler here, in what we
 * save and in what it goes on with.  The kernel does so when it interrupts one; but it then also
 * forgets the sequence as soon as it sees the thread elsewhere, in our stub, and would no longer
 * know on its return.
 */
#include "tree/threads.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/target.h"
#include "tracee/mem.h"
#include "tracee/regs.h"
#include "tracee/seize.h"

#define SIGINFO_SIZE 128

/* struct rseq and struct rseq_cs of linux/rseq.h, the parts of interest. */
#define RSEQ_CS_OFFSET 8
struct sequence {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};

static int leave_sequence(struct ctx *cx, pid_t pid, struct seen_thread *t)
{
	struct gregs *g = &t->state.regs;
	uint64_t at = 0;
	struct sequence s;
	int r;

	if (!t->rseq.addr)
		return 0;
	r = mem_read(cx, pid, t->rseq.addr + RSEQ_CS_OFFSET, &at, sizeof at);
	if (r < 0 || !at)
		return r;
	r = mem_read(cx, pid, at, &s, sizeof s);
	if (r < 0)
		return r;
	if (g->rip - s.start_ip >= s.post_commit_offset)
		return 0;
	g->rip = s.abort_ip;
	g->orig_rax = (uint64_t) -1;
	return regs_set(cx, t->state.tid, g);
}

/* What would make the thread unable to run our calls, or is its own where threads share. */
static int check_thread(struct ctx *cx, pid_t pid, const struct seen_thread *t)
{
	pid_t tid = t->state.tid;
	bool dispatch = false;
	uint64_t seccomp = 0;
	int r = regs_get_dispatch(cx, tid, &dispatch);

	if (r < 0)
		return r;
	if (dispatch)
		return fail(cx, ERR_UNSUPPORTED, "uses syscall user dispatch: not supported yet");
	(void) procfs_number(t->status.p, "Seccomp", 10, &seccomp);
	if (seccomp)
		return fail(cx, ERR_UNSUPPORTED, "has a seccomp filter: not supported yet");
	if (tid != pid && (syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) > 0 ||
			   syscall(SYS_kcmp, pid, tid, KCMP_FS, 0, 0) > 0))
		return fail(cx, ERR_UNSUPPORTED,
			    "has descriptors or a working directory of its own (unshare): not "
			    "supported yet");
	return 0;
}

static uint64_t signals_in(const struct buf *pending)
{
	uint64_t set = 0;

	for (size_t at = 0; at + SIGINFO_SIZE <= pending->len; at += SIGINFO_SIZE) {
		int32_t sig;

		memcpy(&sig, (const char *) pending->p + at, sizeof sig);
		if (sig >= 1 && sig <= 64)
			set |= UINT64_C(1) << (sig - 1);
	}
	return set;
}

static int look_thread(struct ctx *cx, pid_t pid, struct seen_thread *t)
{
	pid_t tid = t->state.tid;
	char name[64];
	int r = regs_get_xstate(cx, tid, &t->state.xstate);

	if (r >= 0)
		r = regs_get_sigmask(cx, tid, &t->state.sigmask);
	if (r >= 0)
		r = regs_get_pending(cx, tid, 0, &t->pending);
	if (r >= 0)
		r = regs_get_rseq(cx, tid, &t->rseq);
	if (r >= 0)
		r = leave_sequence(cx, pid, t);
	t->state.pending = signals_in(&t->pending);
	(void) snprintf(name, sizeof name, "task/%d/status", (int) tid);
	if (r >= 0)
		r = procfs_read(cx, pid, name, &t->status);
	if (r >= 0)
		r = check_thread(cx, pid, t);
	return r;
}

static const struct abi *abi_of(const struct gregs *g)
{
	return g->cs == abi_i386.code_segment ? &abi_i386 : &abi_x86_64;
}

int threads_look(struct ctx *cx, const struct seizure *s, struct target *t)
{
	int r = 0;

	t->thread = calloc(s->n, sizeof *t->thread);
	if (!t->thread)
		return fail(cx, -ENOMEM, "list threads");
	t->nthreads = s->n;
	for (size_t i = 0; r >= 0 && i < s->n; i++) {
		struct seen_thread *one = &t->thread[i];

		one->state.tid = s->thread[i].tid;
		r = regs_get(cx, one->state.tid, &one->state.regs);
		if (i == 0)
			t->abi = abi_of(&one->state.regs);
		/* No handler is due (it would stand on the stack already): nobody may see this
		 * EINTR. */
		if (r >= 0 && regs_reissue_call(&one->state.regs, t->abi->not_restarted))
			r = regs_set(cx, one->state.tid, &one->state.regs);
		if (r >= 0)
			r = look_thread(cx, t->pid, one);
		(void) blame(cx, r, "thread %d", (int) one->state.tid);
	}
	return r < 0 ? r : regs_get_pending(cx, t->pid, 1, &t->pending);
}
