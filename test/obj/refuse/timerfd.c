/* timerfd - a timer behind a descriptor. */
/* test: refused 'fd 7: .*timerfd' */
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	const struct itimerspec in = { { 0, 0 }, { 0, 100000000 } };
	int fd = (int) need(timerfd_create(CLOCK_MONOTONIC, 0));
	uint64_t n;

	need(dup2(fd, 7));
	need(close(fd));
	need(timerfd_settime(7, 0, &in, NULL));
	ck_here();

	ck(read(7, &n, sizeof n) == sizeof n && n == 1);
	return 0;
}
