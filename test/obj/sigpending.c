/* sigpending - queued and blocked signals, of the process and of each thread, in their order. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

#define EACH 5

static pthread_barrier_t start, end;
static sigset_t all;

/* Not libc's, which makes SI_TKILL into SI_USER. */
static int take(const sigset_t *set, siginfo_t *si)
{
	const long at_once[2] = { 0, 0 };

	return (int) syscall(SYS_rt_sigtimedwait, set, si, at_once, 8);
}

/* The next pending one must be sig, sent in this way with this value. */
static void ck_next(int sig, int code, int value)
{
	siginfo_t si;
	sigset_t one;

	need(sigemptyset(&one));
	need(sigaddset(&one, sig));
	memset(&si, 0x55, sizeof si);
	ck(take(&one, &si) == sig, "signal %d, value %d", sig, value);
	ck(si.si_signo == sig && si.si_errno == 0 && si.si_code == code, "%d: code %d, not %d", sig,
	   si.si_code, code);
	ck(si.si_pid == getpid() && si.si_uid == getuid(), "%d: from %d", sig, si.si_pid);
	if (code == SI_QUEUE)
		ck(si.si_value.sival_int == value, "%d: %d, not %d", sig, si.si_value.sival_int,
		   value);
}

static void ck_none(const sigset_t *set)
{
	siginfo_t si;
	int sig = take(set, &si);

	ck(sig < 0 && errno == EAGAIN, "one too many: %d", sig);
}

static void to_thread(pid_t tid, int sig, int value)
{
	siginfo_t si = { 0 };

	si.si_code = SI_QUEUE;
	si.si_pid = getpid();
	si.si_uid = getuid();
	si.si_value.sival_int = value;
	need(syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, sig, &si));
}

static void *other(void *arg)
{
	sigset_t mine;

	need(sigemptyset(&mine));
	need(sigaddset(&mine, SIGRTMIN + 1));
	need(sigaddset(&mine, SIGUSR2));
	for (int i = 0; i < EACH; i++)
		to_thread(gettid(), SIGRTMIN + 1, 2000 + i);
	need(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2));
	(void) pthread_barrier_wait(&start);
	(void) pthread_barrier_wait(&end);

	for (int i = 0; i < EACH; i++)
		ck_next(SIGRTMIN + 1, SI_QUEUE, 2000 + i);
	ck_next(SIGUSR2, SI_TKILL, 0);
	ck_none(&mine);
	return arg;
}

int main(void)
{
	sigset_t was, is;
	pthread_t t;

	need(sigfillset(&all));
	need(sigprocmask(SIG_SETMASK, &all, NULL));
	need(pthread_barrier_init(&start, NULL, 2));
	need(pthread_barrier_init(&end, NULL, 2));
	need(-pthread_create(&t, NULL, other, NULL));
	for (int i = 0; i < EACH; i++) {
		need(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = i }));
		to_thread(getpid(), SIGRTMIN + 3, 1000 + i);
		need(sigqueue(getpid(), SIGRTMAX, (union sigval){ .sival_int = -i }));
	}
	need(kill(getpid(), SIGUSR1));
	need(kill(getpid(), SIGTERM));
	need(sigqueue(getpid(), SIGINT, (union sigval){ .sival_int = 42 }));
	(void) pthread_barrier_wait(&start);
	need(sigpending(&was));
	ck_here();

	need(sigpending(&is));
	for (int i = 1; i <= SIGRTMAX; i++)
		ck(sigismember(&was, i) == sigismember(&is, i), "signal %d", i);
	(void) pthread_barrier_wait(&end);
	ck(pthread_join(t, NULL) == 0);
	for (int i = 0; i < EACH; i++) {
		ck_next(SIGRTMAX, SI_QUEUE, -i);
		ck_next(SIGRTMIN + 3, SI_QUEUE, 1000 + i);
		ck_next(SIGRTMIN + 2, SI_QUEUE, i);
	}
	ck_next(SIGUSR1, SI_USER, 0);
	ck_next(SIGTERM, SI_USER, 0);
	ck_next(SIGINT, SI_QUEUE, 42);
	ck_none(&all);
	return 0;
}
