/* child - a process that has a child. */
/* test: refused '(?i)child' */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	int status, p[2];
	char c;
	pid_t pid;

	need(pipe(p));
	pid = (pid_t) need(fork());
	if (!pid) {
		(void) close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? c : 1);
	}
	ck_here();

	ck(write(p[1], "\7", 1) == 1);
	ck(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	return 0;
}
