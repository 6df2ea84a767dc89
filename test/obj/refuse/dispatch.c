/* cpu - syscall user dispatch: the thread's own calls are taken away from it. */
/* test: refused 'syscall user dispatch' */
#include <errno.h>
#include <sys/prctl.h>

#include "ck.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static volatile char selector; /* 0: allowed */

int main(void)
{
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0L, 0L, &selector) < 0 && errno == EINVAL)
		ck_skip("the kernel has no syscall user dispatch");
	ck_here();

	need(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0L, 0L, 0L));
	return 0;
}
