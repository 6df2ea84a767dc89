/* epoll - an epoll set that watches a pipe. */
/* test: refused 'fd 7: .*(epoll|eventpoll)' */
#include <sys/epoll.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(epoll_create1(EPOLL_CLOEXEC)), p[2];
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 17 };

	need(dup2(fd, 7));
	need(close(fd));
	need(pipe(p));
	need(epoll_ctl(7, EPOLL_CTL_ADD, p[0], &ev));
	ck_here();

	need(write(p[1], "x", 1));
	ck(epoll_wait(7, &ev, 1, 0) == 1 && ev.data.u32 == 17);
	return 0;
}
