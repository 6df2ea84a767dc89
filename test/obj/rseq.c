/* rseq - the kernel still updates the registered area, of each thread, and knows its registration.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

static pthread_barrier_t start, end;

static volatile struct rseq *area(void)
{
	return (struct rseq *) ((char *) __builtin_thread_pointer() + __rseq_offset);
}

/* On each CPU that we may use, the kernel must have put its number there. */
static void verify(void)
{
	cpu_set_t all, one;
	unsigned cpu;

	need(sched_getaffinity(0, sizeof all, &all));
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		need(sched_setaffinity(0, sizeof one, &one));
		need(syscall(SYS_getcpu, &cpu, NULL, NULL));
		ck(cpu == (unsigned) i && area()->cpu_id == cpu, "cpu %u, rseq says %u", cpu,
		   area()->cpu_id);
		ck(area()->cpu_id_start == cpu && sched_getcpu() == i);
	}
	need(sched_setaffinity(0, sizeof all, &all));

	ck(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG) < 0 && errno == EBUSY, "not registered");
	ck(syscall(SYS_rseq, area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG + 1) < 0 && errno == EPERM);
	ck(syscall(SYS_rseq, area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0);
	ck((int) area()->cpu_id == -1);
	ck(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG) == 0);
}

static void *other(void *arg)
{
	(void) pthread_barrier_wait(&start);
	(void) pthread_barrier_wait(&end);
	verify();
	return arg;
}

int main(void)
{
	pthread_t t;

	if (!__rseq_size)
		ck_skip("libc has not registered rseq");
	need(pthread_barrier_init(&start, NULL, 2));
	need(pthread_barrier_init(&end, NULL, 2));
	need(-pthread_create(&t, NULL, other, NULL));
	(void) pthread_barrier_wait(&start);
	ck_here();

	(void) pthread_barrier_wait(&end);
	verify();
	ck(pthread_join(t, NULL) == 0);
	return 0;
}
