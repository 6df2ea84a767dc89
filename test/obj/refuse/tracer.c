/* tracer - somebody else traces the task: a debugger. */
/* test: refused '(?i)trace' */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

static char text[8192];

static int tracer(void)
{
	char *p;

	(void) ck_read("/proc/self/status", text, sizeof text);
	p = strstr(text, "TracerPid:");
	ck(p);
	(void) sscanf(p, "TracerPid: %4000[^\n]", text);
	return text[0] != '0';
}

int main(void)
{
	pid_t me = getpid();
	int status;

	(void) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (!need(fork())) {
		if (fork())
			_exit(0);
		if (ptrace(PTRACE_SEIZE, me, 0, 0))
			_exit(1);
		while (waitpid(me, &status, 0) == me && WIFSTOPPED(status))
			(void) ptrace(PTRACE_CONT, me, 0, status >> 16 ? 0 : WSTOPSIG(status));
		_exit(0);
	}
	need(wait(NULL));
	for (int i = 0; i < 2000 && !tracer(); i++)
		usleep(1000);
	if (!tracer())
		ck_skip("ptrace is not allowed here");
	ck_here();

	ck(tracer());
	return 0;
}
