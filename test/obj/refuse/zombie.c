/* child - a dead one that nobody has waited for. */
/* test: refused '(?i)child|zombie' */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	siginfo_t si;
	pid_t pid = (pid_t) need(fork());
	int status;

	if (!pid)
		_exit(9);
	need(waitid(P_PID, (id_t) pid, &si, WEXITED | WNOWAIT));
	ck_here();

	ck(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
	return 0;
}
