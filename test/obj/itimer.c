/* itimer - remaining time and interval of all three; and they still fire. */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
static const int signo[] = { SIGALRM, SIGVTALRM, SIGPROF };
static const struct itimerval set[] = {
	{ { 7, 500000 }, { 1000, 250000 } },
	{ { 0, 0 }, { 50, 0 } },
	{ { 3, 0 }, { 60, 125000 } },
};
static volatile sig_atomic_t fired[3];

static double seconds(struct timeval tv)
{
	return (double) tv.tv_sec + (double) tv.tv_usec / 1e6;
}

static void handler(int sig)
{
	for (int i = 0; i < 3; i++)
		if (signo[i] == sig)
			fired[i]++;
}

int main(void)
{
	struct itimerval was[3], is, soon = { { 0, 20000 }, { 0, 20000 } }, off = { 0 };
	double start = ck_now(), passed, used;

	for (int i = 0; i < 3; i++) {
		need(sigaction(signo[i], &(struct sigaction){ .sa_handler = handler }, NULL));
		need(setitimer(which[i], &set[i], NULL));
		need(getitimer(which[i], &was[i]));
	}
	ck_here();

	passed = ck_now() - start;
	for (int i = 0; i < 3; i++) {
		need(getitimer(which[i], &is));
		/* The kernel rounds up the CPU-time intervals to its ticks, once. */
		ck(seconds(is.it_interval) == seconds(was[i].it_interval),
		   "%d: interval %f, was %f", i, seconds(is.it_interval),
		   seconds(was[i].it_interval));
		used = seconds(was[i].it_value) - seconds(is.it_value);
		ck(used >= -0.012 && used <= passed + 0.1, "timer %d: %f s used, %f s passed", i,
		   used, passed);
		ck(!fired[i]);
		need(setitimer(which[i], &soon, NULL));
	}
	for (double until = ck_now() + 10; ck_now() < until;)
		if (fired[0] >= 3 && fired[1] >= 3 && fired[2] >= 3)
			break;
	for (int i = 0; i < 3; i++) {
		ck(fired[i] >= 3, "timer %d fired %d times", i, (int) fired[i]);
		need(setitimer(which[i], &off, NULL));
	}
	return 0;
}
