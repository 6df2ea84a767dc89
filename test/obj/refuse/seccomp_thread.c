/* seccomp - a filter that only another thread has; it would not allow what is asked of the thread. */
/* test: refused 'seccomp' */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

static pthread_barrier_t there, end;

static void *filtered(void *arg)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sigaltstack, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { 4, f };

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	need(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p));
	(void) pthread_barrier_wait(&there);
	(void) pthread_barrier_wait(&end);
	return arg;
}

int main(void)
{
	pthread_t t;

	(void) pthread_barrier_init(&there, NULL, 2);
	(void) pthread_barrier_init(&end, NULL, 2);
	need(-pthread_create(&t, NULL, filtered, NULL));
	(void) pthread_barrier_wait(&there);
	ck_here();

	(void) pthread_barrier_wait(&end);
	ck(pthread_join(t, NULL) == 0);
	return 0;
}
