/*
 * spawn.c - a new task under an old PID, ours to shape until it is let go.
 *
 * The child is seized, with PTRACE_O_EXITKILL, before it executes anything of the program's: from
 * then on our death is its death.  Before that it waits for us on a pipe, and ends when that
 * breaks.
 */
#include "tree/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/rebuild.h"
#include "program/program.h"
#include "program/skeleton.h"
#include "tracee/inject.h"
#include "tracee/mem.h"
#include "tracee/regs.h"
#include "tracee/seize.h"
#include "tree/load.h"
#include "tree/plan.h"

#define SYSCALL_SIZE 2 /* bytes of the instruction */

struct start {
	const struct process *process;
	pid_t pid;
	const struct rebuild *rb;
	int skeleton, wait_fd, tell_fd;
};

/* The child, until it executes the skeleton.  Nothing here allocates, locks or prints. */
__attribute__((noreturn)) static void child(const struct start *s)
{
	static char *const argv[] = { (char *) "reprise", NULL }, *const envp[] = { NULL };
	sigset_t all;
	char go;

	(void) close(s->tell_fd);
	if (s->process->sid == (uint32_t) s->pid)
		(void) setsid();
	else if (s->process->pgrp == (uint32_t) s->pid)
		(void) setpgid(0, 0);
	for (int sig = 1; sig <= 64; sig++)
		(void) signal(sig, SIG_DFL);
	(void) sigfillset(&all);
	(void) sigprocmask(SIG_SETMASK, &all, NULL);
	for (size_t i = 0; i < s->rb->nstash; i++)
		(void) fcntl(s->rb->stash[i].fd, F_SETFD, 0);
	if (read(s->wait_fd, &go, 1) == 1)
		(void) syscall(SYS_execveat, s->skeleton, "", argv, envp, AT_EMPTY_PATH);
	(void) syscall(SYS_exit_group, errno ? errno : ECANCELED);
	__builtin_unreachable();
}

/* A process that has just been reaped keeps its number for an instant longer. */
static long clone_at(pid_t want)
{
	struct clone_args a = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t) &want,
		.set_tid_size = 1,
	};
	long pid;

	for (int tries = 0; tries < 200; tries++) {
		pid = syscall(SYS_clone3, &a, sizeof a);
		if (pid >= 0 || errno != EEXIST)
			break;
		(void) usleep(5000);
	}
	return pid < 0 ? -errno : pid;
}

/* By way of a process in between, which ends at once: the child then belongs to init from the
 * start, and nothing changes for it when we end. */
static long clone_orphan(const struct start *s)
{
	pid_t between = fork();
	int status;
	long pid;

	if (between < 0)
		return -errno;
	if (between > 0) {
		while (waitpid(between, &status, 0) < 0 && errno == EINTR)
			;
		return WIFEXITED(status) && !WEXITSTATUS(status) ? s->pid
								 : -(int) WEXITSTATUS(status);
	}
	pid = clone_at(s->pid);
	if (pid == 0)
		child(s);
	(void) syscall(SYS_exit_group, pid < 0 ? (int) -pid : 0);
	__builtin_unreachable();
}

static int clone_child(struct ctx *cx, const struct start *s, bool orphan, pid_t *ret)
{
	long pid = orphan ? clone_orphan(s) : clone_at(s->pid);

	if (pid == 0 && !orphan)
		child(s);
	if (pid == -EEXIST)
		return fail(
			cx, -EEXIST,
			"create process %d: its number is still that of a process group or session",
			(int) s->pid);
	if (pid <= 0)
		return fail(cx, pid ? (int) pid : -ECHILD, "create process %d%s", (int) s->pid,
			    pid == -EPERM ? " (needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN)"
					  : "");
	*ret = (pid_t) pid;
	return 0;
}

static int next_stop(struct ctx *cx, pid_t tid, int *ret_status)
{
	int r = tracee_wait(cx, tid, ret_status);

	if (r < 0)
		return r;
	if (WIFEXITED(*ret_status))
		return fail(cx, -(WEXITSTATUS(*ret_status) ?: ECHILD), "execute the skeleton");
	if (WIFSIGNALED(*ret_status))
		return fail(cx, -ESRCH, "the new process was killed by signal %d",
			    WTERMSIG(*ret_status));
	return 0;
}

/* Up to the first instruction of the skeleton. */
static int execute(struct ctx *cx, pid_t pid, int tell_fd)
{
	int status, r = tracee_adopt(cx, pid);

	if (r >= 0 && write(tell_fd, "", 1) != 1)
		r = fail(cx, -errno, "start the new process");
	do {
		if (r >= 0)
			r = next_stop(cx, pid, &status);
		if (r >= 0 && !status_is_exec(status))
			r = tracee_cont(cx, pid, 0);
	} while (r >= 0 && !status_is_exec(status));
	return r < 0 ? r : inject_settle(cx, pid);
}

/* The area, and the stub at its beginning. */
static int map_area(struct ctx *cx, pid_t pid, const struct plan *p)
{
	struct gregs g = { 0 };
	int64_t got = 0;
	int r = regs_get(cx, pid, &g);

	g.rip = p->skeleton + skeleton_entry(p->map.abi);
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	g.rax = abi_x86_64.call[CALL_mmap];
	g.rdi = p->area;
	g.rsi = p->area_size;
	g.rdx = PROT_READ | PROT_WRITE | PROT_EXEC;
	g.r10 = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	g.r8 = (uint64_t) -1;
	g.r9 = 0;
	if (r >= 0)
		r = inject_call(cx, pid, &g, &got);
	if (r >= 0 && (uint64_t) got != p->area)
		return fail(cx, got < 0 && got > -4096 ? (int) got : -ENOMEM,
			    "map %zu bytes in the new process", p->area_size);
	return r < 0 ? r
		     : mem_write(cx, pid, p->area, stub_begin, (size_t) (stub_end - stub_begin));
}

int spawn(struct ctx *cx, const struct image *im, const struct plan *p, const struct rebuild *rb,
	  bool orphan, struct spawned *ret)
{
	_spawned_ struct spawned s = { 0 };
	_close_ int skeleton = -1;
	int ends[2], r = skeleton_make(cx, p->map.abi, p->skeleton, &skeleton);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(cx, -errno, "make a pipe");
	_close_ int wait_fd = ends[0], tell_fd = ends[1];
	struct start start = { &im->process, (pid_t) im->pid, rb, skeleton, wait_fd, tell_fd };

	r = clone_child(cx, &start, orphan, &s.pid);
	if (r >= 0)
		r = execute(cx, s.pid, tell_fd);
	if (r >= 0)
		r = map_area(cx, s.pid, p);
	if (r < 0)
		return r;
	*ret = s;
	s.pid = 0;
	return 0;
}

void spawned_done(struct spawned *s)
{
	int status;
	pid_t got;

	if (!s->pid)
		return;
	(void) kill(s->pid, SIGKILL);
	do /* its threads, too: all that ptrace made ours */
		got = waitpid(-1, &status, __WALL);
	while (got > 0 ? got != s->pid || WIFSTOPPED(status) : errno == EINTR);
	s->pid = 0;
}

static int load(struct ctx *cx, pid_t pid, const struct program *p)
{
	int r = mem_write(cx, pid, p->base, p->ops.p, p->ops.len);

	if (r >= 0 && p->data.len)
		r = mem_write(cx, pid, program_data_address(p, 0), p->data.p, p->data.len);
	return r;
}

/* Why a list failed, from the op at which it did. */
static int explain_failure(struct ctx *cx, pid_t pid, const struct program *p, uint64_t at)
{
	char what[256];
	struct op op;
	int r;

	if ((at - p->base) % sizeof op || (at - p->base) / sizeof op >= program_count(p))
		return fail(cx, -EFAULT, "a system call program ran astray");
	r = mem_read(cx, pid, at, &op, sizeof op);
	if (r < 0)
		return r;
	program_describe(p, (unsigned) ((at - p->base) / sizeof op), what, sizeof what);
	if (op.ret < 0 && op.ret > -4096)
		return fail(cx, (int) op.ret, "%s", what);
	return fail(cx, -EEXIST, "%s gave 0x%" PRIx64 " instead of 0x%" PRIx64, what, op.ret,
		    op.aux);
}

static int list_ended(struct ctx *cx, pid_t pid, pid_t tid, const struct program *p)
{
	struct gregs g;
	int r = regs_get(cx, tid, &g);

	return r < 0 || !g.r14 ? r : explain_failure(cx, pid, p, g.r14);
}

/* One report of any thread: 1 if its list has ended, 0 if it goes on. */
static int take_report(struct ctx *cx, const struct spawned *s, const struct plan *p,
		       const struct program *prog)
{
	int status, r;
	pid_t tid;

	do
		tid = waitpid(-1, &status, __WALL);
	while (tid < 0 && errno == EINTR);
	if (tid < 0)
		return fail(cx, -errno, "wait for the new process");
	if (!WIFSTOPPED(status))
		return fail(cx, -ESRCH, "the new process ended: %s %d",
			    WIFSIGNALED(status) ? "signal" : "status",
			    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (status_event(status)) {
		r = tracee_cont(cx, tid, 0);
		return r < 0 ? r : 0;
	}
	if (WSTOPSIG(status) != p->signal)
		return fail(cx, -EFAULT, "thread %d got signal %d while it was rebuilt", (int) tid,
			    WSTOPSIG(status));
	r = list_ended(cx, s->pid, tid, prog);
	return r < 0 ? r : 1;
}

int spawn_run(struct ctx *cx, struct spawned *s, const struct plan *p, struct program *prog,
	      size_t threads)
{
	struct gregs g;
	int r = load(cx, s->pid, prog);

	if (r >= 0)
		r = regs_get(cx, s->pid, &g);
	if (r < 0)
		return r;
	g.rip = p->area;
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	g.r12 = prog->base;
	g.r14 = 0;
	r = regs_set(cx, s->pid, &g);
	if (r >= 0)
		r = regs_set_sigmask(cx, s->pid, ~(UINT64_C(1) << (p->signal - 1)));
	if (r >= 0)
		r = tracee_cont(cx, s->pid, 0);
	while (r >= 0 && threads) {
		r = take_report(cx, s, p, prog);
		threads -= r == 1;
	}
	return r < 0 ? r : 0;
}

/* Where the stub has its native call instruction. */
static uint64_t call_in_stub(void)
{
	const char *at =
		memmem(stub_begin, (size_t) (stub_end - stub_begin), "\x0f\x05", SYSCALL_SIZE);

	return (uint64_t) (at - stub_begin);
}

int spawn_clear(struct ctx *cx, struct spawned *s, const struct plan *p)
{
	struct gregs g;
	int64_t got = 0;
	int r = regs_get(cx, s->pid, &g);

	/* The instruction lies in what is unmapped, which is well: the thread never comes back to
	 * it. */
	g.rip = p->area + call_in_stub();
	g.cs = abi_x86_64.code_segment;
	g.orig_rax = (uint64_t) -1;
	g.rax = abi_x86_64.call[CALL_munmap];
	g.rdi = p->area;
	g.rsi = p->area_size;
	if (r >= 0)
		r = inject_call(cx, s->pid, &g, &got);
	if (r >= 0 && got)
		r = fail(cx, (int) got, "unmap what is ours in the new process");
	return r < 0 ? r : inject_settle(cx, s->pid);
}
