/* pidfd - a descriptor of a process. */
/* test: refused 'fd 7: .*pidfd' */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int fd = (int) need(syscall(SYS_pidfd_open, getpid(), 0));

	need(dup2(fd, 7));
	need(close(fd));
	ck_here();

	ck(syscall(SYS_pidfd_send_signal, 7, 0, NULL, 0) == 0);
	return 0;
}
