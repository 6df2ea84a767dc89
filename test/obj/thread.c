/* thread - twenty of them: tid, name, mask, altstack, TLS, robust mutex, and how they are joined.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

#define THREADS 20

static pthread_barrier_t start, end;
static pthread_mutex_t robust[THREADS];
static pid_t tid[THREADS];
static __thread int number = -1;
static __thread char text[32];

static void *run(void *arg)
{
	const stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };
	stack_t is;
	sigset_t set, now;
	char name[32], comm[16];
	void *head, *head_now;
	size_t len;

	number = (int) (long) arg;
	(void) snprintf(text, sizeof text, "thread %d", number);
	(void) snprintf(name, sizeof name, "t%d", number);
	tid[number] = gettid();
	need(sigemptyset(&set));
	need(sigaddset(&set, SIGRTMIN + number));
	need(-pthread_sigmask(SIG_SETMASK, &set, NULL));
	need(sigaltstack(number % 2 ? &alt : &(stack_t){ .ss_flags = SS_DISABLE }, NULL));
	need(prctl(PR_SET_NAME, name));
	need(-pthread_mutex_lock(&robust[number]));
	need(syscall(SYS_get_robust_list, 0, &head, &len));
	(void) pthread_barrier_wait(&start);
	(void) pthread_barrier_wait(&end);

	ck(number == (int) (long) arg && strtol(text + 7, NULL, 10) == number, "TLS: %s", text);
	ck(syscall(SYS_gettid) == tid[number] && gettid() == tid[number]);
	need(-pthread_sigmask(SIG_SETMASK, NULL, &now));
	for (int i = 1; i <= SIGRTMAX; i++)
		ck(sigismember(&now, i) == sigismember(&set, i), "thread %d: mask of %d", number,
		   i);
	need(sigaltstack(NULL, &is));
	ck(number % 2 ? is.ss_sp == alt.ss_sp && is.ss_size == 65536 && !is.ss_flags
		      : is.ss_flags == SS_DISABLE,
	   "thread %d: altstack", number);
	need(prctl(PR_GET_NAME, comm));
	ck(!strcmp(comm, name), "%s, was %s", comm, name);
	need(syscall(SYS_get_robust_list, 0, &head_now, &len));
	ck(head == head_now);
	return arg; /* still holding the mutex: the kernel marks it */
}

int main(void)
{
	pthread_t t[THREADS];
	pthread_mutexattr_t a;
	void *ret;

	need(-pthread_mutexattr_init(&a));
	need(-pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
	need(-pthread_barrier_init(&start, NULL, THREADS + 1));
	need(-pthread_barrier_init(&end, NULL, THREADS + 1));
	for (long i = 0; i < THREADS; i++) {
		need(-pthread_mutex_init(&robust[i], &a));
		need(-pthread_create(&t[i], NULL, run, (void *) i));
	}
	(void) pthread_barrier_wait(&start);
	ck_here();

	ck(number == -1);
	for (int i = 0; i < THREADS; i++)
		ck(pthread_mutex_trylock(&robust[i]) == EBUSY, "mutex %d", i);
	(void) pthread_barrier_wait(&end);
	for (int i = 0; i < THREADS; i++) {
		ck(pthread_join(t[i], &ret) == 0 && ret == (void *) (long) i);
		ck(pthread_mutex_lock(&robust[i]) == EOWNERDEAD, "mutex %d", i);
		/* join returns an instant before the kernel has forgotten the thread */
		for (int tries = 0; tries < 2000 && !syscall(SYS_tgkill, getpid(), tid[i], 0);
		     tries++)
			(void) usleep(1000);
		ck(syscall(SYS_tgkill, getpid(), tid[i], 0) < 0 && errno == ESRCH);
	}
	return 0;
}
