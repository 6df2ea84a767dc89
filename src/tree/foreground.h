/*
 * foreground.h - standing in for a restarted program where it was started from.
 */
#ifndef TREE_FOREGROUND_H
#define TREE_FOREGROUND_H

#include <sys/types.h>

struct ctx;

/* Blocks the signals that will be handed on: before the program runs. */
void foreground_prepare(void);

/* Waits until child pid has ended; meanwhile hands on signals, and the terminal if it is ours.
 * *ret_status is wait(2)'s. */
int foreground_wait(struct ctx *cx, pid_t pid, int *ret_status);

#endif
