/* posix_timer - a timer made with timer_create. */
/* test: refused '(?i)timer' */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	const struct itimerspec in = { { 1, 0 }, { 100, 0 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec left;
	timer_t t;

	need(timer_create(CLOCK_MONOTONIC, &ev, &t));
	need(timer_settime(t, 0, &in, NULL));
	ck_here();

	need(timer_gettime(t, &left));
	ck(left.it_value.tv_sec >= 30 && left.it_interval.tv_sec == 1);
	return 0;
}
