/*
 * interrupt.h - a request to stop (SIGINT, SIGTERM, SIGHUP), looked for where stopping is easy.
 *
 * main.c blocks these signals; whoever works for long asks here.  Nothing is interrupted half-way.
 */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <signal.h>

struct ctx;

void interrupt_set(sigset_t *ret);

/* 0, or -EINTR with its reason once such a signal is pending. */
int interrupted(struct ctx *cx);

#endif
