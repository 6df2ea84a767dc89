/*
 * foreground.c - standing in for a restarted program where it was started from.
 *
 * As a shell does for a job: the terminal goes to the program's process group while it runs; when
 * it stops, so do we, and when we are continued, so is it.
 */
#include "tree/foreground.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

static const int handed_on[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1, SIGUSR2,
				 SIGALRM, SIGCONT, SIGTSTP, SIGWINCH, SIGIO,   SIGPWR };

static void waited_for(sigset_t *set)
{
	(void) sigemptyset(set);
	for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++)
		(void) sigaddset(set, handed_on[i]);
	(void) sigaddset(set, SIGCHLD);
	(void) sigaddset(set, SIGTTOU); /* tcsetpgrp from the background */
}

void foreground_prepare(void)
{
	sigset_t set;

	waited_for(&set);
	(void) sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool terminal_is(pid_t group)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == group;
}

static void give_terminal(pid_t from, pid_t to)
{
	if (from != to && terminal_is(from))
		(void) tcsetpgrp(STDIN_FILENO, to);
}

/* A key of the terminal reaches every process of the group: what the program got itself is not sent
 * to it again. */
static bool got_it_too(const siginfo_t *si, pid_t group)
{
	return si->si_code == SI_KERNEL && group == getpgrp();
}

/* 1 when it has ended. */
static int look(struct ctx *cx, pid_t pid, pid_t group, int *ret_status)
{
	int status;
	pid_t got = waitpid(pid, &status, WNOHANG | WUNTRACED);

	if (got < 0)
		return fail(cx, -errno, "wait for process %d", (int) pid);
	if (got == 0)
		return 0;
	if (!WIFSTOPPED(status)) {
		*ret_status = status;
		return 1;
	}
	give_terminal(group, getpgrp());
	(void) raise(SIGSTOP);
	give_terminal(getpgrp(), group);
	(void) kill(-group, SIGCONT);
	return 0;
}

int foreground_wait(struct ctx *cx, pid_t pid, int *ret_status)
{
	pid_t group = getpgid(pid);
	sigset_t set;
	int r = 0;

	waited_for(&set);
	if (group > 0)
		give_terminal(getpgrp(), group);
	while (r == 0) {
		siginfo_t si;

		r = look(cx, pid, group, ret_status);
		if (r || sigwaitinfo(&set, &si) < 0)
			continue;
		if (si.si_signo != SIGCHLD && si.si_signo != SIGTTOU && !got_it_too(&si, group))
			(void) kill(pid, si.si_signo);
	}
	if (group > 0)
		give_terminal(group, getpgrp());
	return r < 0 ? r : 0;
}
