/* signalfd - signals read from a descriptor. */
/* test: refused 'fd 7: .*signalfd' */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	struct signalfd_siginfo si;
	sigset_t set;
	int fd;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGUSR1);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = (int) need(signalfd(-1, &set, 0));
	need(dup2(fd, 7));
	need(close(fd));
	ck_here();

	need(raise(SIGUSR1));
	ck(read(7, &si, sizeof si) == sizeof si && si.ssi_signo == SIGUSR1);
	return 0;
}
