/*
 * interrupt.c - a request to stop, looked for where stopping is easy.
 */
#include "base/interrupt.h"

#include <string.h>

#include "base/err.h"

static const int requests[] = { SIGINT, SIGTERM, SIGHUP };

#define N (sizeof requests / sizeof *requests)

void interrupt_set(sigset_t *ret)
{
	(void) sigemptyset(ret);
	for (unsigned i = 0; i < N; i++)
		(void) sigaddset(ret, requests[i]);
}

int interrupted(struct ctx *cx)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return 0;
	for (unsigned i = 0; i < N; i++)
		if (sigismember(&pending, requests[i]) == 1)
			return fail(cx, -EINTR, "stopped by SIG%s", sigabbrev_np(requests[i]));
	return 0;
}
