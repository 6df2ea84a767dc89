/*
 * ck.h - what a self-checking test program needs.
 *
 * A program makes its object, calls ck_here(), and verifies the object afterwards: from memory and
 * by asking the kernel again.  What happens at ck_here() (nothing, a checkpoint, a kill and a
 * restart) is the harness's business.  Without CK_DIR in the environment nothing happens.
 *
 * Exit status: 0 pass, 1 fail, 77 skip, 99 the test itself is broken.
 */
#ifndef CK_H
#define CK_H

#include <stddef.h>
#include <sys/types.h>

/* Here the checkpoint is taken.  Waits, and holds no descriptor, timer, signal or thread. */
void ck_here(void);

/* Fails the test unless cond holds; a printf format and its arguments may follow. */
#define ck(cond, ...) ((cond) ? (void) 0 : ck_fail(__FILE__, __LINE__, #cond, " " __VA_ARGS__))
/* The same for what the test sets up: -1 means that the test cannot run, exit 99. */
#define need(call) ck_need(__FILE__, __LINE__, #call, (long) (call))

void ck_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), noreturn));
long ck_need(const char *file, int line, const char *what, long ret);
void ck_skip(const char *reason) __attribute__((noreturn));

/* A file of /proc as text into the caller's buffer (no heap: that could change the maps). */
size_t ck_read(const char *path, char *buf, size_t size);
/* The path of a file in the test's own folder; static memory, the next call overwrites it. */
const char *ck_path(const char *name);
/* Returns when that thread sleeps in the kernel, 20 ms long. */
void ck_wait_asleep(pid_t tid);
/* Monotonic seconds. */
double ck_now(void);

#endif
