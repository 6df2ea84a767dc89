/* sched - policy, CPUs, nice and I/O priority, for each thread on its own. */
#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

struct sched {
	int policy, nice, ioprio, slack;
	cpu_set_t cpus;
};

static pthread_barrier_t start, end;

static void get(struct sched *s)
{
	memset(s, 0, sizeof *s);
	s->policy = (int) need(sched_getscheduler(0));
	s->nice = getpriority(PRIO_PROCESS, (id_t) gettid());
	s->ioprio = (int) need(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
	s->slack = (int) need(prctl(PR_GET_TIMERSLACK));
	need(sched_getaffinity(0, sizeof s->cpus, &s->cpus));
}

static void set(int policy, int nice, int ioprio, int cpu, long slack)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	need(sched_setscheduler(0, policy, &(struct sched_param){ 0 }));
	need(setpriority(PRIO_PROCESS, (id_t) gettid(), nice));
	need(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ioprio));
	need(prctl(PR_SET_TIMERSLACK, slack));
	need(sched_setaffinity(0, sizeof one, &one));
}

static void verify(const struct sched *was)
{
	struct sched is;

	get(&is);
	ck(is.policy == was->policy, "policy %d, was %d", is.policy, was->policy);
	ck(is.nice == was->nice, "nice %d, was %d", is.nice, was->nice);
	ck(is.ioprio == was->ioprio, "ioprio %x, was %x", is.ioprio, was->ioprio);
	ck(is.slack == was->slack, "timer slack %d, was %d", is.slack, was->slack);
	ck(CPU_EQUAL(&is.cpus, &was->cpus));
}

static void *other(void *arg)
{
	struct sched was;

	set(SCHED_IDLE, 7, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0), 0, 77777);
	get(&was);
	(void) pthread_barrier_wait(&start);
	(void) pthread_barrier_wait(&end);
	verify(&was);
	return arg;
}

int main(void)
{
	struct sched was;
	pthread_t t;
	cpu_set_t all;
	int last = 0;

	need(sched_getaffinity(0, sizeof all, &all));
	if (!CPU_ISSET(0, &all))
		ck_skip("may not use CPU 0");
	for (int i = 0; i < CPU_SETSIZE; i++)
		last = CPU_ISSET(i, &all) ? i : last;
	need(pthread_barrier_init(&start, NULL, 2));
	need(pthread_barrier_init(&end, NULL, 2));
	need(-pthread_create(&t, NULL, other, NULL));
	set(SCHED_BATCH, 3, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6), last, 55555);
	get(&was);
	(void) pthread_barrier_wait(&start);
	ck_here();

	verify(&was);
	(void) pthread_barrier_wait(&end);
	ck(pthread_join(t, NULL) == 0);
	return 0;
}
