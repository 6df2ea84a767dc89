/*
 * thread - what the kernel keeps for each thread besides its registers.
 *
 * State:    name, signal mask, alternate signal stack, where its id is cleared when it ends, robust
 *           futex list, timer slack, machine-check policy, scheduling policy and nice value, I/O
 *           priority, CPU affinity.
 * Read:     Name in /proc/PID/task/TID/status, or comm; sched_getattr, ioprio_get and
 *           sched_getaffinity from outside; sigaltstack and what prctl knows only from inside, and
 *           get_robust_list, of which an i386 task has one that only its own kind of call tells.
 * Rebuild:  the matching calls from inside; scheduling and mask from outside, as the last.
 * Lost:     memory policy; utilisation clamps and the flag SCHED_RESET_ON_FORK.  Refused: the
 *           deadline policy.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/overview.h"
#include "obj/object.h"
#include "program/program.h"
#include "tracee/regs.h"

struct thread {
	char *comm;
	uint64_t sigmask;
	uint64_t altstack, altstack_size;
	uint32_t altstack_flags; /* SS_DISABLE, SS_AUTODISARM */
	uint64_t tid_address;
	uint64_t robust_list;
	uint64_t timer_slack; /* nanoseconds */
	uint32_t policy, priority;
	int32_t nice;
	uint32_t ioprio;       /* ioprio_get(2): class and level */
	uint32_t mce_kill;     /* PR_MCE_KILL_GET */
	struct bytes affinity; /* F_U64S: a bit for each CPU; empty: any */
};

static const struct field thread_fields[] = {
	FIELD(thread, F_STR, comm),	      FIELD(thread, F_X64, sigmask),
	FIELD(thread, F_X64, altstack),	      FIELD(thread, F_U64, altstack_size),
	FIELD(thread, F_X32, altstack_flags), FIELD(thread, F_X64, tid_address),
	FIELD(thread, F_X64, robust_list),    FIELD(thread, F_U64, timer_slack),
	FIELD(thread, F_U32, policy),	      FIELD(thread, F_U32, priority),
	FIELD(thread, F_S32, nice),	      FIELD(thread, F_X32, ioprio),
	FIELD(thread, F_U32, mce_kill),	      FIELD(thread, F_U64S, affinity),
};

#define AUTODISARM (1u << 31) /* SS_AUTODISARM, asm-generic/signal.h; since v4.7 */
/* struct sched_attr of linux/sched/types.h, first version: the header cannot stand beside glibc's.
 */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define IOPRIO_PROCESS 1   /* IOPRIO_WHO_PROCESS, linux/ioprio.h */
#define CPU_WORDS      128 /* 8192 CPUs */

enum { ASK_ALTSTACK, ASK_TID_ADDRESS, ASK_SLACK, ASK_ROBUST_LIST, ASK_MCE_KILL };

/* stack_t of either ABI: sp, flags (an int, padded to a word), size. */
static void thread_ask(const struct seen *s, struct program *p)
{
	uint32_t at = program_data(p, NULL, 48);

	(void) s;
	(void) program_own(p, 0, sigaltstack, VAL(0), AT(at));
	(void) program_native(p, 0, prctl, VAL(PR_GET_TID_ADDRESS), AT(at + 24), VAL(0), VAL(0),
			      VAL(0));
	(void) program_native(p, 0, prctl, VAL(PR_GET_TIMERSLACK), VAL(0), VAL(0), VAL(0), VAL(0));
	(void) program_own(p, 0, get_robust_list, VAL(0), AT(at + 32), AT(at + 40));
	(void) program_native(p, 0, prctl, VAL(PR_MCE_KILL_GET), VAL(0), VAL(0), VAL(0), VAL(0));
}

static uint64_t word(const void *p, const struct abi *abi, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, (const char *) p + n * abi->word, abi->word);
	return v;
}

static int collect_asked(struct ctx *cx, const struct seen *s, struct thread *t)
{
	const struct abi *abi = s->target->abi;
	const char *p = answer_data(s, 0);

	if (answer(s, ASK_ALTSTACK) < 0)
		return fail(cx, (int) answer(s, ASK_ALTSTACK),
			    "ask for its alternate signal stack");
	if (answer(s, ASK_TID_ADDRESS) < 0)
		return fail(cx, (int) answer(s, ASK_TID_ADDRESS),
			    "ask for its id's address (does the kernel have "
			    "CONFIG_CHECKPOINT_RESTORE?)");
	t->altstack = word(p, abi, 0);
	t->altstack_flags = (uint32_t) word(p, abi, 1) & (SS_DISABLE | AUTODISARM);
	t->altstack_size = word(p, abi, 2);
	memcpy(&t->tid_address, p + 24, 8);
	if (answer(s, ASK_ROBUST_LIST) < 0)
		return fail(cx, (int) answer(s, ASK_ROBUST_LIST), "ask for its robust futex list");
	memcpy(&t->robust_list, p + 32, abi->word);
	t->mce_kill = answer(s, ASK_MCE_KILL) < 0 ? PR_MCE_KILL_DEFAULT
						  : (uint32_t) answer(s, ASK_MCE_KILL);
	t->timer_slack = answer(s, ASK_SLACK) < 0 ? 50000 : (uint64_t) answer(s, ASK_SLACK);
	return 0;
}

static int collect_sched(struct ctx *cx, pid_t tid, struct thread *t)
{
	struct attributes a = { .size = sizeof a };
	_free_ uint64_t *mask = calloc(CPU_WORDS, sizeof *mask);
	long n;

	if (!mask)
		return fail(cx, -ENOMEM, "collect");
	if (syscall(SYS_sched_getattr, tid, &a, sizeof a, 0) < 0)
		return fail(cx, -errno, "read its scheduling policy");
	if (a.policy > SCHED_IDLE || a.policy == 4)
		return fail(cx, ERR_UNSUPPORTED, "has scheduling policy %u: not supported yet",
			    a.policy);
	t->policy = a.policy;
	t->priority = a.priority;
	t->nice = a.nice;
	n = syscall(SYS_ioprio_get, IOPRIO_PROCESS, tid);
	if (n < 0)
		return fail(cx, -errno, "read its I/O priority");
	t->ioprio = (uint32_t) n;
	n = syscall(SYS_sched_getaffinity, tid, CPU_WORDS * sizeof *mask, mask);
	if (n < 0)
		return fail(cx, -errno, "read its CPU affinity");
	t->affinity = (struct bytes){ take_ptr(mask), (size_t) n & ~(size_t) 7 };
	return 0;
}

static int collect_comm(struct ctx *cx, const struct seen *s, struct thread *t)
{
	size_t len;
	const char *name = procfs_value(s->thread->status.p, "Name", &len);
	char path[64];
	_buf_ struct buf b = { 0 };
	int r;

	/* status escapes and trims what it shows: it serves only where nothing needs that. */
	if (name && len && !memchr(name, '\\', len) && name[-1] == '\t' && name[len] == '\n') {
		t->comm = strndup(name, len);
		return t->comm ? 0 : fail(cx, -ENOMEM, "collect");
	}
	(void) snprintf(path, sizeof path, "task/%d/comm", (int) s->thread->state.tid);
	r = procfs_read(cx, s->target->pid, path, &b);
	if (r < 0)
		return r;
	t->comm = strndup(b.p, b.len ? b.len - 1 : 0);
	return t->comm ? 0 : fail(cx, -ENOMEM, "collect");
}

static int thread_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct thread *t = obj;
	int r = collect_asked(cx, s, t);

	t->sigmask = s->thread->state.sigmask;
	if (r >= 0)
		r = collect_comm(cx, s, t);
	if (r >= 0)
		r = collect_sched(cx, s->thread->state.tid, t);
	return r;
}

static void thread_gate(struct gate *g, const void *obj)
{
	const struct thread *t = obj;

	bool real_time = t->policy == SCHED_FIFO || t->policy == SCHED_RR;
	uint64_t beyond = g->abi->word == 8 ? 0 : ~UINT64_C(0xffffffff);

	if (!t->comm || strlen(t->comm) > 15 || t->policy > SCHED_IDLE || t->policy == 4 ||
	    t->nice < -20 || t->nice > 19 || t->priority > 99 || real_time != (t->priority > 0) ||
	    t->altstack_flags & ~(SS_DISABLE | AUTODISARM) || t->affinity.len > CPU_WORDS * 8 ||
	    (t->altstack | t->altstack_size | t->tid_address | t->robust_list) & beyond)
		gate_problem(g, ERR_DAMAGED, "its fields cannot be");
}

static void late_altstack(struct rebuild *rb, const struct thread *t)
{
	char stack[24] = { 0 };
	unsigned w = rb->abi->word;

	if (t->altstack_flags & SS_DISABLE || !t->altstack_size)
		return;
	memcpy(stack, &t->altstack, w);
	memcpy(stack + w, &t->altstack_flags, 4);
	memcpy(stack + 2 * w, &t->altstack_size, w);
	(void) program_own(rb->program, OP_MUST, sigaltstack,
			   AT(program_data(rb->program, stack, sizeof stack)), VAL(0));
}

static int thread_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct thread *t = obj;
	struct program *p = rb->program;
	char comm[16] = { 0 };

	(void) cx;
	memcpy(comm, t->comm, strlen(t->comm));
	(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_NAME),
			      AT(program_data(p, comm, sizeof comm)), VAL(0), VAL(0), VAL(0));
	(void) program_native(p, OP_MUST, set_tid_address, VAL(t->tid_address));
	if (t->robust_list)
		(void) program_own(p, OP_MUST, set_robust_list, VAL(t->robust_list),
				   VAL(3 * rb->abi->word));
	late_altstack(rb, t);
	if (t->mce_kill != PR_MCE_KILL_DEFAULT)
		(void) program_native(p, OP_MUST, prctl, VAL(PR_MCE_KILL), VAL(PR_MCE_KILL_SET),
				      VAL(t->mce_kill), VAL(0), VAL(0));
	(void) program_native(p, OP_MUST, prctl, VAL(PR_SET_TIMERSLACK), VAL(t->timer_slack),
			      VAL(0), VAL(0), VAL(0));
	return 0;
}

/* CPUs that this machine does not have fall out; a thread bound to none that exists may run
 * anywhere. */
static int go_affinity(struct ctx *cx, pid_t tid, const struct thread *t)
{
	long have;
	_free_ uint64_t *now = calloc(CPU_WORDS, sizeof *now);

	if (!now)
		return fail(cx, -ENOMEM, "set CPU affinity");
	have = syscall(SYS_sched_getaffinity, tid, CPU_WORDS * sizeof *now, now);
	if (have > 0 && (size_t) have == t->affinity.len &&
	    !memcmp(now, t->affinity.p, (size_t) have))
		return 0;
	if (syscall(SYS_sched_setaffinity, tid, t->affinity.len, t->affinity.p) < 0 &&
	    errno != EINVAL)
		return fail(cx, -errno, "set CPU affinity");
	return 0;
}

static int thread_go(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct thread *t = obj;
	struct attributes a = {
		.size = sizeof a, .policy = t->policy, .nice = t->nice, .priority = t->priority
	};
	struct attributes now = { .size = sizeof now };
	int r = t->affinity.len ? go_affinity(cx, rb->tid, t) : 0;

	if (r < 0)
		return r;
	if (syscall(SYS_sched_getattr, rb->tid, &now, sizeof now, 0) < 0)
		return fail(cx, -errno, "read scheduling policy");
	if ((now.policy != a.policy || now.nice != a.nice || now.priority != a.priority) &&
	    syscall(SYS_sched_setattr, rb->tid, &a, 0) < 0)
		return fail(cx, -errno, "set scheduling policy %u, nice %d", t->policy, t->nice);
	/* sched_setattr passes over the nice value of policies that do not use it. */
	if (setpriority(PRIO_PROCESS, (id_t) rb->tid, t->nice) < 0)
		return fail(cx, -errno, "set nice value %d", t->nice);
	if (syscall(SYS_ioprio_get, IOPRIO_PROCESS, rb->tid) != (long) t->ioprio &&
	    syscall(SYS_ioprio_set, IOPRIO_PROCESS, rb->tid, t->ioprio) < 0)
		return fail(cx, -errno, "set I/O priority 0x%x", t->ioprio);
	return regs_set_sigmask(cx, rb->tid, t->sigmask);
}

static void show_sched(const struct thread *t, FILE *f)
{
	static const char *const policies[] = { "other", "FIFO", "round robin",
						"batch", NULL,	 "idle" };

	if (t->policy < ARRAY_SIZE(policies) && policies[t->policy])
		fprintf(f, "policy %s", policies[t->policy]);
	else
		fprintf(f, "policy %" PRIu32, t->policy);
	if (t->priority)
		fprintf(f, ", priority %" PRIu32, t->priority);
	if (t->nice)
		fprintf(f, ", nice %" PRId32, t->nice);
}

/* As taskset(1) does, without leading zeros. */
static void show_cpus(const struct thread *t, FILE *f)
{
	const uint64_t *word = t->affinity.p;
	size_t n = t->affinity.len / sizeof *word;

	while (n > 1 && !word[n - 1])
		n--;
	if (n)
		fprintf(f, ", CPUs 0x%" PRIx64, word[n - 1]);
	while (n > 1)
		fprintf(f, "%016" PRIx64, word[--n - 1]);
}

static void thread_show(const void *obj, FILE *f)
{
	const struct thread *t = obj;

	fprintf(f, "\"%s\", ", t->comm ? t->comm : "");
	show_sched(t, f);
	if (t->sigmask)
		fprintf(f, ", blocks 0x%" PRIx64, t->sigmask);
	if (!(t->altstack_flags & SS_DISABLE) && t->altstack_size)
		fprintf(f, ", signal stack 0x%" PRIx64 " of %" PRIu64 " bytes", t->altstack,
			t->altstack_size);
	fprintf(f,
		", id cleared at 0x%" PRIx64 ", robust list 0x%" PRIx64 ", timer slack %" PRIu64
		" ns",
		t->tid_address, t->robust_list, t->timer_slack);
	show_cpus(t, f);
}

static void thread_summary(const void *obj, FILE *f)
{
	const struct thread *t = obj;

	if (t->policy || t->nice)
		show_sched(t, f);
}

static void thread_overview(const void *obj, struct overview *v)
{
	const struct thread *t = obj;

	v->name = t->comm;
}

const struct obj_ops thread_ops = {
	.record = { .kind = 0x20,
		    .version = 1,
		    .name = "thread",
		    .size = sizeof(struct thread),
		    FIELDS(thread_fields) },
	.scope = SCOPE_THREAD,
	.ask = thread_ask,
	.collect = thread_collect,
	.gate = thread_gate,
	.late = thread_late,
	.go = thread_go,
	.show = thread_show,
	.summary = thread_summary,
	.overview = thread_overview,
};
