/* syscall - threads that sleep in the kernel without a time limit: no EINTR comes out. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

enum { READ, WRITE, FUTEX, PAUSE, SUSPEND, POLL, SELECT, SIGWAIT, EVENT, CALLS };

static int in[2], full[2], polled[2], selected[2], event;
static uint32_t word;
static pid_t tid[CALLS];
static volatile int go, handled[CALLS];
static __thread int me;

static void handler(int sig)
{
	(void) sig;
	handled[me]++;
}

static void run_one(int i)
{
	struct pollfd p = { .fd = polled[0], .events = POLLIN };
	siginfo_t si;
	sigset_t set;
	fd_set r;
	char c = 0;
	uint64_t v;

	(void) sigemptyset(&set);
	switch (i) {
	case READ:
		ck(read(in[0], &c, 1) == 1 && c == 'r');
		break;
	case WRITE:
		ck(write(full[1], "w", 1) == 1);
		break;
	case FUTEX:
		ck(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0);
		break;
	case PAUSE:
		ck(pause() < 0 && errno == EINTR && handled[i] == 1);
		break;
	case SUSPEND:
		(void) sigaddset(&set, SIGRTMIN);
		ck(sigsuspend(&set) < 0 && errno == EINTR && handled[i] == 1);
		break;
	case POLL:
		ck(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
		break;
	case SELECT:
		FD_ZERO(&r);
		FD_SET(selected[0], &r);
		ck(select(selected[0] + 1, &r, NULL, NULL, NULL) == 1 && FD_ISSET(selected[0], &r));
		break;
	case SIGWAIT:
		(void) sigaddset(&set, SIGRTMIN);
		ck(sigwaitinfo(&set, &si) == SIGRTMIN && si.si_value.sival_int == 17);
		break;
	case EVENT:
		ck(read(event, &v, sizeof v) == sizeof v && v == 9);
		break;
	}
	ck(go, "call %d came back too early", i);
}

static void *run(void *arg)
{
	me = (int) (long) arg;
	__atomic_store_n(&tid[me], gettid(), __ATOMIC_SEQ_CST);
	run_one(me);
	return NULL;
}

int main(void)
{
	static char block[65536];
	pthread_t t[CALLS];
	sigset_t rt;

	need(pipe(in));
	need(pipe(full));
	need(pipe(polled));
	need(pipe(selected));
	event = (int) need(eventfd(0, 0));
	need(write(full[1], block, sizeof block));
	need(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler }, NULL));
	(void) sigemptyset(&rt);
	(void) sigaddset(&rt, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, &rt, NULL));
	for (long i = 0; i < CALLS; i++) {
		need(-pthread_create(&t[i], NULL, run, (void *) i));
		while (!__atomic_load_n(&tid[i], __ATOMIC_SEQ_CST))
			usleep(100);
		ck_wait_asleep(tid[i]);
	}
	ck_here();

	usleep(50000); /* whoever comes back early shall be seen */
	go = 1;
	need(write(in[1], "r", 1));
	need(read(full[0], block, sizeof block));
	word = 1;
	ck(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 1, "nobody waits");
	need(-pthread_kill(t[PAUSE], SIGUSR1));
	need(-pthread_kill(t[SUSPEND], SIGUSR1));
	need(write(polled[1], "p", 1));
	need(write(selected[1], "s", 1));
	need(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 17 }));
	need(write(event, &(uint64_t){ 9 }, 8));
	for (int i = 0; i < CALLS; i++)
		ck(pthread_join(t[i], NULL) == 0);
	return 0;
}
