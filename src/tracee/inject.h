/*
 * inject.h - one system call made by a stopped thread, from whatever instruction g points at.
 */
#ifndef TRACEE_INJECT_H
#define TRACEE_INJECT_H

#include <stdint.h>
#include <sys/types.h>

struct ctx;
struct gregs;

/* Sets g, whose rip is at a `syscall` instruction and whose registers hold number and arguments,
 * blocks every signal, and lets the thread make the call.  It stands at the call's end then, with
 * g's other registers: whoever called gives it back its own and its mask.  The return value says
 * whether the call happened, *ret what the kernel answered.  A SIGSTOP that came meanwhile is sent
 * again. */
int inject_call(struct ctx *cx, pid_t tid, const struct gregs *g, int64_t *ret);

/* Brings a thread that stands at the end of a call into a stop of the signal code, from which alone
 * the kernel starts interrupted calls again. */
int inject_settle(struct ctx *cx, pid_t tid);

#endif
