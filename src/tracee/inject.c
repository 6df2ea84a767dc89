/*
 * inject.c - one system call made by a stopped thread.
 */
#include "tracee/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tracee/regs.h"
#include "tracee/seize.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static int next_stop(struct ctx *cx, pid_t tid, int *ret_status)
{
	int r = tracee_wait(cx, tid, ret_status);

	if (r >= 0 && !WIFSTOPPED(*ret_status))
		return fail(cx, -ESRCH, "thread %d ended", (int) tid);
	return r;
}

int inject_call(struct ctx *cx, pid_t tid, const struct gregs *g, int64_t *ret)
{
	bool others_stop = false;
	struct gregs after;
	int status, stops = 0, r = regs_set(cx, tid, g);

	if (r >= 0)
		r = regs_set_sigmask(cx, tid, ~UINT64_C(0));
	while (r >= 0 && stops < 2) {
		r = tracee_cont_syscall(cx, tid);
		if (r >= 0)
			r = next_stop(cx, tid, &status);
		if (r < 0 || status_event(status))
			continue;
		if (WSTOPSIG(status) == SYSCALL_STOP)
			stops++;
		else if (WSTOPSIG(status) == SIGSTOP) /* no mask holds it */
			others_stop = true;
		else
			r = fail(cx, -EFAULT, "thread %d: signal %d instead of a system call",
				 (int) tid, WSTOPSIG(status));
	}
	if (r >= 0)
		r = regs_get(cx, tid, &after);
	if (r >= 0)
		*ret = (int64_t) after.rax;
	if (others_stop)
		(void) syscall(SYS_tkill, tid, SIGSTOP);
	return r;
}

int inject_settle(struct ctx *cx, pid_t tid)
{
	int status, r = tracee_interrupt(cx, tid);

	do {
		if (r >= 0)
			r = tracee_cont(cx, tid, 0);
		if (r >= 0)
			r = next_stop(cx, tid, &status);
	} while (r >= 0 && !status_event(status));
	return r;
}
