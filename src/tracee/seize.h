/*
 * seize.h - a process whose every thread is stopped by us, and let go again.
 *
 * A struct seizure is a scoped resource: seizure_done lets every thread run on as it was found. The
 * kernel does the same by itself if we die.
 */
#ifndef TRACEE_SEIZE_H
#define TRACEE_SEIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ctx;

struct seized_thread {
	pid_t tid;
};

struct seizure {
	pid_t pid;
	struct seized_thread *thread; /* the thread whose id is pid comes first */
	size_t n, cap;
	size_t stopped; /* of the n */
};

#define _seizure_ _cleanup_(seizure_done)

/* Stops all threads of pid, also those born meanwhile. */
int seize_process(struct ctx *cx, pid_t pid, struct seizure *ret);
void seizure_done(struct seizure *s);

/* Waits until tid reports something; *ret_status is wait(2)'s.  Interrupted waits go on. */
int tracee_wait(struct ctx *cx, pid_t tid, int *ret_status);

/* Lets the stopped thread go on: PTRACE_CONT or PTRACE_SYSCALL, delivering sig (0: none). */
int tracee_cont(struct ctx *cx, pid_t tid, int sig);
int tracee_cont_syscall(struct ctx *cx, pid_t tid);

/* Seizes tid, a child of ours that is to live and die with us: PTRACE_O_EXITKILL, and a stop at
 * exec. */
int tracee_adopt(struct ctx *cx, pid_t tid);
int tracee_interrupt(struct ctx *cx, pid_t tid);
int tracee_detach(struct ctx *cx, pid_t tid);
int tracee_set_options(struct ctx *cx, pid_t tid, unsigned long options);
int tracee_event_message(struct ctx *cx, pid_t tid, unsigned long *ret);
/* si_code and si_pid of the signal that the thread is stopped to receive. */
int tracee_siginfo(struct ctx *cx, pid_t tid, int *ret_code, pid_t *ret_pid);

/* In a status from tracee_wait: the PTRACE_EVENT_ number, or 0. */
static inline int status_event(int status)
{
	return status >> 16 & 0xff;
}

/* Whether the thread stands behind an execve that has just succeeded. */
bool status_is_exec(int status);

#endif
