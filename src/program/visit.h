/*
 * visit.h - running syscall programs in the threads of a process that we have stopped.
 *
 * A visit takes a scratch mapping in the process and gives it back.  At every instant the process
 * can be let go: a thread that is running a list reaches, by itself, rt_sigreturn, the munmap of
 * the scratch area and the place where it was.  At most one thread runs a list at a time.  If we
 * are killed between two lists, the process runs on correctly but keeps the scratch mapping, which
 * nothing uses.  If we are killed during one, a call that was interrupted begins again, with its
 * whole time if it has a limit; and a handler that runs in that very instant does not end it.
 */
#ifndef PROGRAM_VISIT_H
#define PROGRAM_VISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "program/foothold.h"
#include "tracee/regs.h"

struct abi;
struct ctx;
struct maps;
struct program;

/* What a thread was when we stopped it, and is again afterwards. */
struct thread_state {
	pid_t tid;
	struct gregs regs;
	uint64_t sigmask;
	struct buf xstate;
	uint64_t pending; /* signals pending for the thread alone, bit n - 1 for signal n */
};

struct visit {
	pid_t pid;
	const struct thread_state *leader;
	uint64_t ignored; /* signals that the process ignores, by choice or by default: see
			     run_signal */
	int memfd;
	struct foothold foothold;
	uint64_t scratch, size; /* the scratch mapping; 0: none */
	uint64_t frame;		/* where in it the signal frame stands */
	bool stranded;		/* a thread could not be brought home */
};

#define _visit_ _cleanup_(visit_done)

/* Called for a ptrace event (PTRACE_EVENT_ number) while a list runs; the thread is continued
 * after. */
typedef int visit_event(struct ctx *cx, void *arg, pid_t tid, int event);

/* caught: the signals for which the process has a handler; ignored: those it ignores explicitly
 * (SigCgt and SigIgn of /proc/PID/status).  room: bytes that the largest program needs. */
int visit_begin(struct ctx *cx, const struct maps *maps, const struct abi *abi,
		const struct thread_state *leader, uint64_t caught, uint64_t ignored, size_t room,
		struct visit *ret);
void visit_done(struct visit *v);

/* Appends the beginning, and the end, of the list that thread t is to run: every program needs
 * both. (rt_sigreturn sets the alternate signal stack from the frame: the list first asks for it.)
 * Lists of children follow behind the end. */
void visit_begin_list(const struct visit *v, struct program *p);
void visit_end_list(const struct visit *v, const struct thread_state *t, struct program *p);

/* Runs p, from its first op, in t; afterwards p holds the results, and t its own registers. */
int visit_run(struct ctx *cx, struct visit *v, const struct thread_state *t, struct program *p,
	      visit_event *event, void *arg);

#endif
