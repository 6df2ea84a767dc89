/*
 * snapshot.c - the copy-on-write twin.
 *
 * The leader makes an intermediate child that shares everything with it (and holds it up, as vfork
 * does); that one lets go of descriptors and session, forks the twin and ends; the leader reaps it.
 * The twin, an orphan, belongs to init.  The intermediate's exit signal is 0: no SIGCHLD, and no
 * plain wait sees it; meanwhile all other threads of the process stand still.
 */
#include "tree/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "obj/common/target.h"
#include "program/program.h"
#include "program/visit.h"
#include "tracee/seize.h"

#define UNSHARE_TABLE 2 /* CLOSE_RANGE_UNSHARE, linux/close_range.h */

/* Whom we may trace we may not always kill (CAP_KILL); let go, it ends by itself. */
static void kill_and_reap(pid_t pid)
{
	int status;

	if (kill(pid, SIGKILL) < 0) {
		(void) tracee_detach(&(struct ctx){ 0 }, pid);
		return;
	}
	while (waitpid(pid, &status, __WALL) < 0 ? errno == EINTR
						 : !WIFEXITED(status) && !WIFSIGNALED(status))
		;
}

void snapshot_done(struct snapshot *s)
{
	if (s->pid)
		kill_and_reap(s->pid);
	s->pid = 0;
}

/* The pid that the event of a stopped thread is about, which stands in its first stop then. */
static int newborn(struct ctx *cx, pid_t parent, pid_t *ret)
{
	unsigned long pid;
	int status, r = tracee_event_message(cx, parent, &pid);

	if (r >= 0)
		r = tracee_wait(cx, (pid_t) pid, &status);
	if (r < 0)
		return r;
	if (!WIFSTOPPED(status))
		return fail(cx, -ESRCH, "the snapshot's process ended at once");
	*ret = (pid_t) pid;
	return 0;
}

/* Follows the intermediate child until it has ended; 1 then. */
static int follow_once(struct ctx *cx, pid_t child, struct snapshot *s)
{
	int status, r = tracee_cont(cx, child, 0);

	if (r >= 0)
		r = tracee_wait(cx, child, &status);
	if (r < 0)
		return r;
	if (!WIFSTOPPED(status))
		return 1;
	if (status_event(status) != PTRACE_EVENT_FORK && status_event(status) != PTRACE_EVENT_CLONE)
		return 0;
	r = newborn(cx, child, &s->pid);
	return r < 0 ? r : tracee_set_options(cx, s->pid, PTRACE_O_EXITKILL);
}

static int follow(struct ctx *cx, pid_t child, struct snapshot *s)
{
	int r;

	do
		r = follow_once(cx, child, s);
	while (r == 0);
	if (r < 0)
		kill_and_reap(child);
	return r < 0 ? r : 0;
}

/* A failure is kept for later: the leader has to reap its child in any case. */
static int on_event(struct ctx *cx, void *arg, pid_t tid, int event)
{
	struct snapshot *s = arg;
	pid_t child;
	int r;

	if (event != PTRACE_EVENT_VFORK && event != PTRACE_EVENT_CLONE &&
	    event != PTRACE_EVENT_FORK)
		return 0;
	r = newborn(cx, tid, &child);
	if (r < 0)
		return r;
	s->err = follow(cx, child, s);
	return 0;
}

/* The leader's list, then those of the intermediate child and of the twin. */
static unsigned build(const struct visit *v, const struct target *t, struct program *p)
{
	unsigned clone, fork, last;

	visit_begin_list(v, p);
	p->who = "snapshot";
	clone = program_native(p, OP_MUST | OP_CHILD, clone,
			       VAL(CLONE_VM | CLONE_VFORK | CLONE_FILES));
	(void) program_native(p, 0, wait4, RESULT(clone), VAL(0), VAL(__WALL));
	visit_end_list(v, &t->thread->state, p);
	p->who = "snapshot";
	program_aux(p, clone, program_count(p));
	(void) program_native(p, OP_MUST, close_range, VAL(0), VAL(UINT32_MAX), VAL(UNSHARE_TABLE));
	/* A session of its own: keys of the terminal do not reach the twin, and its being there, or
	 * not yet reaped by init, does not keep the number of the process in use. */
	(void) program_native(p, OP_MUST, setsid, VAL(0));
	fork = program_native(p, OP_CHILD, clone, VAL(0));
	(void) program_native(p, OP_FINAL, exit, VAL(0));
	last = program_native(p, OP_FINAL, exit_group, VAL(0));
	program_aux(p, fork, last);
	return fork;
}

int snapshot_possible(struct ctx *cx, struct visit *v, const struct target *t)
{
	_program_ struct program p;
	uint32_t at;
	int r;

	if (t->pid == 1)
		return 0;
	program_init(&p, t->abi);
	visit_begin_list(v, &p);
	at = program_data(&p, NULL, sizeof(uint32_t));
	(void) program_native(&p, 0, prctl, VAL(PR_GET_CHILD_SUBREAPER), AT(at), VAL(0), VAL(0),
			      VAL(0));
	visit_end_list(v, &t->thread->state, &p);
	r = visit_run(cx, v, &t->thread->state, &p, NULL, NULL);
	return r < 0 ? r : !*(const uint32_t *) program_data_at(&p, at);
}

int snapshot_fork(struct ctx *cx, struct visit *v, const struct target *t, struct snapshot *ret)
{
	_snapshot_ struct snapshot s = { 0 };
	_program_ struct program p;
	unsigned fork;
	int64_t got;
	int r;

	program_init(&p, t->abi);
	fork = build(v, t, &p);
	r = tracee_set_options(cx, t->pid,
			       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
				       PTRACE_O_TRACECLONE);
	if (r >= 0)
		r = visit_run(cx, v, &t->thread->state, &p, on_event, &s);
	(void) tracee_set_options(&(struct ctx){ 0 }, t->pid, PTRACE_O_TRACESYSGOOD);
	if (r >= 0)
		r = s.err;
	if (r < 0)
		return r;
	if (!s.pid) {
		got = program_result(&p, fork);
		return fail(cx, got < 0 && got > -4096 ? (int) got : -EAGAIN,
			    "fork the process for a snapshot (use --live copy)");
	}
	*ret = s;
	s.pid = 0;
	return 0;
}
