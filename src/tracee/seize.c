/*
 * seize.c - stopping every thread of a process, and waiting for what stopped threads report.
 *
 * A thread that is being born is found by listing the threads again until a list holds none that is
 * new: once every thread of a list is stopped, nobody is left who could make another.
 */
#include "tracee/seize.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/interrupt.h"
#include "proc/procfs.h"

bool status_is_exec(int status)
{
	return status_event(status) == PTRACE_EVENT_EXEC;
}

int tracee_wait(struct ctx *cx, pid_t tid, int *ret_status)
{
	pid_t got;

	do
		got = waitpid(tid, ret_status, __WALL);
	while (got < 0 && errno == EINTR);
	return got < 0 ? fail(cx, -errno, "wait for thread %d", (int) tid) : 0;
}

#define STOP_LIMIT_NS UINT64_C(10000000000)

static int request(struct ctx *cx, int req, pid_t tid, void *data, const char *what)
{
	if (ptrace(req, tid, 0, data) < 0)
		return fail(cx, -errno, "thread %d: %s", (int) tid, what);
	return 0;
}

int tracee_cont(struct ctx *cx, pid_t tid, int sig)
{
	return request(cx, PTRACE_CONT, tid, (void *) (intptr_t) sig, "continue");
}

int tracee_cont_syscall(struct ctx *cx, pid_t tid)
{
	return request(cx, PTRACE_SYSCALL, tid, NULL, "continue to a system call");
}

int tracee_adopt(struct ctx *cx, pid_t tid)
{
	return request(cx, PTRACE_SEIZE, tid,
		       (void *) (uintptr_t) (PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC |
					     PTRACE_O_TRACESYSGOOD),
		       "seize");
}

int tracee_interrupt(struct ctx *cx, pid_t tid)
{
	return request(cx, PTRACE_INTERRUPT, tid, NULL, "interrupt");
}

int tracee_detach(struct ctx *cx, pid_t tid)
{
	return request(cx, PTRACE_DETACH, tid, NULL, "detach");
}

int tracee_set_options(struct ctx *cx, pid_t tid, unsigned long options)
{
	return request(cx, PTRACE_SETOPTIONS, tid, (void *) options, "set options");
}

int tracee_event_message(struct ctx *cx, pid_t tid, unsigned long *ret)
{
	return request(cx, PTRACE_GETEVENTMSG, tid, ret, "read the event");
}

int tracee_siginfo(struct ctx *cx, pid_t tid, int *ret_code, pid_t *ret_pid)
{
	siginfo_t si;
	int r = request(cx, PTRACE_GETSIGINFO, tid, &si, "read the signal");

	if (r < 0)
		return r;
	*ret_code = si.si_code;
	*ret_pid = si.si_pid;
	return 0;
}

static bool known(const struct seizure *s, pid_t tid)
{
	for (size_t i = s->n; i-- > 0;)
		if (s->thread[i].tid == tid)
			return true;
	return false;
}

static int add(struct ctx *cx, struct seizure *s, pid_t tid)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		void *p = reallocarray(s->thread, cap, sizeof *s->thread);

		if (!p)
			return fail(cx, -ENOMEM, "list threads");
		s->thread = p;
		s->cap = cap;
	}
	s->thread[s->n++] = (struct seized_thread){ tid };
	return 0;
}

/* Seizes the threads that are not ours yet; *ret_new says how many there were. */
static int seize_listed(struct ctx *cx, struct seizure *s, size_t *ret_new)
{
	_free_ uint64_t *tids = NULL;
	size_t n = 0, fresh = 0;
	int r = procfs_list(cx, s->pid, "task", &tids, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		pid_t tid = (pid_t) tids[i];

		if (known(s, tid))
			continue;
		if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD) < 0) {
			if (errno == ESRCH && tid != s->pid) /* it ended meanwhile */
				continue;
			return fail(
				cx, -errno,
				"thread %d: seize (is it traced already, or its main thread gone?)",
				(int) tid);
		}
		r = add(cx, s, tid);
		if (r < 0) {
			(void) ptrace(PTRACE_DETACH, tid, 0, 0);
			return r;
		}
		if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 && errno != ESRCH)
			return fail(cx, -errno, "thread %d: interrupt", (int) tid);
		fresh++;
	}
	*ret_new = fresh;
	return 0;
}

static void forget(struct seizure *s, size_t i)
{
	s->thread[i] = s->thread[--s->n];
}

/* A thread that does not stop (uninterruptible, or waiting in vfork for its child) holds up all others:
 * the wait has an end, and can be ended. */
static int wait_patiently(struct ctx *cx, pid_t tid, int *ret_status)
{
	uint64_t begin = now_ns();

	for (unsigned tries = 0;; tries++) {
		pid_t got = waitpid(tid, ret_status, __WALL | WNOHANG);
		int r;

		if (got > 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return fail(cx, -errno, "wait for thread %d", (int) tid);
		if (tries < 50) {
			(void) sched_yield();
			continue;
		}
		r = interrupted(cx);
		if (r < 0)
			return r;
		if (now_ns() - begin > STOP_LIMIT_NS)
			return fail(cx, -ETIMEDOUT,
				    "thread %d does not stop (uninterruptible, or in vfork?)",
				    (int) tid);
		(void) usleep(200);
	}
}

/* Waits until thread i stands in the stop that we asked for.  A signal that it was about to receive
 * on the way is let through: the handler's frame is then part of what we find.  1, or 0 if it
 * ended. */
static int wait_stopped(struct ctx *cx, struct seizure *s, size_t i)
{
	pid_t tid = s->thread[i].tid;
	int status, r;

	for (;;) {
		r = wait_patiently(cx, tid, &status);
		if (r < 0)
			return r;
		if (!WIFSTOPPED(status)) {
			if (tid == s->pid)
				return fail(cx, -ESRCH,
					    "the process ended while it was being stopped");
			return 0;
		}
		if (status_event(status) == PTRACE_EVENT_STOP) {
			if (WSTOPSIG(status) == SIGTRAP)
				return 1;
			s->stopped++; /* it stands, and is to be let go as it is */
			return fail(cx, ERR_UNSUPPORTED,
				    "the process is stopped by job control (signal %d): continue "
				    "it first (kill -CONT %d)",
				    WSTOPSIG(status), (int) s->pid);
		}
		r = tracee_cont(cx, tid, status_event(status) ? 0 : WSTOPSIG(status));
		if (r < 0)
			return r;
	}
}

static int leader_first(struct ctx *cx, struct seizure *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->thread[i].tid == s->pid) {
			s->thread[i] = s->thread[0];
			s->thread[0].tid = s->pid;
			return 0;
		}
	return fail(cx, -ESRCH, "the process ended while it was being stopped");
}

static int stop_all(struct ctx *cx, struct seizure *s)
{
	size_t fresh = 0;
	int r;

	do {
		r = seize_listed(cx, s, &fresh);
		while (r >= 0 && s->stopped < s->n) {
			r = wait_stopped(cx, s, s->stopped);
			if (r == 0)
				forget(s, s->stopped);
			else if (r > 0)
				s->stopped++;
		}
	} while (r >= 0 && fresh);
	return r < 0 ? r : leader_first(cx, s);
}

int seize_process(struct ctx *cx, pid_t pid, struct seizure *ret)
{
	struct seizure s = { .pid = pid };
	int r = stop_all(cx, &s);

	if (r < 0) {
		seizure_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

/* Detaching needs a stop: a thread that is still on its way to one is awaited first.  It is asked
 * again, in case that it was not. */
static void let_go(pid_t tid, bool stopped)
{
	int status;

	if (!stopped)
		(void) ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	for (int tries = 0; !stopped && tries < 5000; tries++) {
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got ==
		    0) /* after a second it is left to the kernel, which lets it go when we end */
			(void) usleep(200);
		if (got == 0 || (got < 0 && errno == EINTR))
			continue;
		if (got < 0 || !WIFSTOPPED(status))
			return;
		if (status_event(status) == 0) {
			(void) ptrace(PTRACE_DETACH, tid, 0, (void *) (intptr_t) WSTOPSIG(status));
			return;
		}
		stopped = true;
	}
	(void) ptrace(PTRACE_DETACH, tid, 0, 0);
}

void seizure_done(struct seizure *s)
{
	for (size_t i = 0; i < s->n; i++)
		let_go(s->thread[i].tid, i < s->stopped);
	free(s->thread);
	*s = (struct seizure){ 0 };
}
