/* thread - five hundred of them, each asleep on its own futex. */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <unistd.h>

#include "ck.h"

#define THREADS 500

static sem_t wake[THREADS], ready;
static pid_t tid[THREADS];
static __thread uint64_t mark;

static void *run(void *arg)
{
	long i = (long) arg;
	volatile uint64_t local = (uint64_t) i * 0x123456789abcdefu;

	mark = local;
	tid[i] = gettid();
	need(sem_post(&ready));
	ck(sem_wait(&wake[i]) == 0, "thread %ld", i);
	ck(mark == local && mark == (uint64_t) i * 0x123456789abcdefu, "thread %ld", i);
	ck(gettid() == tid[i], "thread %ld", i);
	return (void *) (i + 1);
}

int main(void)
{
	static pthread_t t[THREADS];
	pthread_attr_t a;
	void *ret;

	need(-pthread_attr_init(&a));
	need(-pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN + 65536));
	need(sem_init(&ready, 0, 0));
	for (long i = 0; i < THREADS; i++) {
		need(sem_init(&wake[i], 0, 0));
		if (pthread_create(&t[i], &a, run, (void *) i))
			ck_skip("may not have 500 threads");
	}
	for (int i = 0; i < THREADS; i++)
		need(sem_wait(&ready));
	ck_here();

	for (int i = 0; i < THREADS; i++)
		need(sem_post(&wake[THREADS - 1 - i]));
	for (long i = 0; i < THREADS; i++)
		ck(pthread_join(t[i], &ret) == 0 && ret == (void *) (i + 1), "thread %ld", i);
	return 0;
}
