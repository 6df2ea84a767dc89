/* syscall - threads that sleep in the kernel for a time: never shorter, never EINTR. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

#define MS 3000 /* longer than a checkpoint takes on a busy machine */

enum { NANOSLEEP, UNTIL, POLL, PPOLL, SELECT, FUTEX, FUTEX_UNTIL, SIGWAIT, CALLS };

static uint32_t word;
static pid_t tid[CALLS];
static double took[CALLS], start[CALLS];

static struct timespec in_ms(int clock, long ms)
{
	struct timespec ts = { 0, 0 };

	if (clock >= 0)
		need(clock_gettime(clock, &ts));
	ts.tv_sec += ms / 1000 + (ts.tv_nsec + ms % 1000 * 1000000) / 1000000000;
	ts.tv_nsec = (ts.tv_nsec + ms % 1000 * 1000000) % 1000000000;
	return ts;
}

static void run_one(int i)
{
	struct timespec ts = in_ms(i == UNTIL || i == FUTEX_UNTIL ? CLOCK_MONOTONIC : -1, MS);
	struct timespec left = { 77, 77 };
	const long futex_ts[2] = { (long) ts.tv_sec, ts.tv_nsec };
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / 1000 };
	siginfo_t si;
	sigset_t set;

	(void) sigemptyset(&set);
	switch (i) {
	case NANOSLEEP:
		/* left is written by the kernel whenever the call is stopped, before it goes on. */
		ck(nanosleep(&ts, &left) == 0);
		break;
	case UNTIL:
		ck(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0);
		break;
	case POLL:
		ck(poll(NULL, 0, MS) == 0);
		break;
	case PPOLL:
		ck(ppoll(NULL, 0, &ts, &set) == 0);
		break;
	case SELECT:
		ck(select(0, NULL, NULL, NULL, &tv) == 0);
		break;
	case FUTEX:
		ck(syscall(SYS_futex, &word, FUTEX_WAIT, 0, futex_ts, NULL, 0) < 0);
		ck(errno == ETIMEDOUT);
		break;
	case FUTEX_UNTIL:
		ck(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, futex_ts, NULL,
			   FUTEX_BITSET_MATCH_ANY) < 0);
		ck(errno == ETIMEDOUT);
		break;
	case SIGWAIT:
		(void) sigaddset(&set, SIGRTMIN);
		ck(sigtimedwait(&set, &si, &ts) < 0 && errno == EAGAIN);
		break;
	}
}

static void *run(void *arg)
{
	int i = (int) (long) arg;

	start[i] = ck_now();
	__atomic_store_n(&tid[i], gettid(), __ATOMIC_SEQ_CST);
	run_one(i);
	took[i] = ck_now() - start[i];
	return NULL;
}

int main(void)
{
	pthread_t t[CALLS];
	double end;

	for (long i = 0; i < CALLS; i++) {
		need(-pthread_create(&t[i], NULL, run, (void *) i));
		while (!__atomic_load_n(&tid[i], __ATOMIC_SEQ_CST))
			usleep(100);
	}
	for (int i = 0; i < CALLS; i++)
		ck_wait_asleep(tid[i]);
	ck_here();

	end = ck_now() + MS / 1000.0;
	for (int i = 0; i < CALLS; i++) {
		ck(pthread_join(t[i], NULL) == 0);
		ck(took[i] >= MS / 1000.0, "call %d: slept for %f s", i, took[i]);
		ck(ck_now() < end + 1, "call %d: slept all of its time anew, and more", i);
	}
	return 0;
}
