/* seccomp - a filter, though it allows everything. */
/* test: refused '(?i)seccomp' */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	struct sock_filter all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
	struct sock_fprog prog = { 1, all };

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	need(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	ck_here();

	ck(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
	return 0;
}
