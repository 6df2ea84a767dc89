/* sigaction - all 64 as they were; and handlers, flags and masks that do what they should. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

struct action { /* the kernel's: as it is, with flags and restorer that libc hides */
	unsigned long handler, flags, restorer;
	uint64_t mask;
};

static struct action was[65], is[65];
static _Alignas(16) char alt[65536];
static volatile sig_atomic_t count[65], nested, on_alt, blocked, value, from, code;

static void get_all(struct action *a)
{
	for (int i = 1; i <= 64; i++)
		need(syscall(SYS_rt_sigaction, i, NULL, &a[i], 8));
}

static void simple(int sig)
{
	count[sig]++;
}

static void info(int sig, siginfo_t *si, void *uc)
{
	sigset_t now;

	(void) uc;
	count[sig]++;
	value = si->si_value.sival_int;
	from = si->si_pid;
	code = si->si_code;
	on_alt = (char *) &now > alt && (char *) &now < alt + sizeof alt;
	need(sigprocmask(SIG_SETMASK, NULL, &now));
	blocked = sigismember(&now, SIGHUP) && sigismember(&now, SIGRTMIN + 9) &&
		  sigismember(&now, sig);
}

static void again(int sig)
{
	if (++count[sig] == 1)
		(void) raise(sig); /* SA_NODEFER: at once */
	else
		nested = count[sig] == 2;
}

static void set(int sig, void (*h)(int), void (*h3)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_flags = flags | (h3 ? SA_SIGINFO : 0) };

	if (h3)
		sa.sa_sigaction = h3;
	else
		sa.sa_handler = h;
	need(sigaddset(&sa.sa_mask, SIGHUP));
	need(sigaddset(&sa.sa_mask, SIGRTMIN + 9));
	need(sigaction(sig, &sa, NULL));
}

int main(void)
{
	need(sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = sizeof alt }, NULL));
	set(SIGUSR1, NULL, info, SA_ONSTACK | SA_RESTART);
	set(SIGUSR2, again, NULL, SA_NODEFER);
	set(SIGTERM, simple, NULL, SA_RESETHAND);
	set(SIGHUP, SIG_IGN, NULL, 0);
	set(SIGCHLD, simple, NULL, SA_NOCLDSTOP | SA_NOCLDWAIT);
	set(SIGPIPE, SIG_IGN, NULL, SA_RESTART);
	set(SIGRTMIN + 3, NULL, info, 0);
	set(SIGRTMAX, simple, NULL, 0);
	get_all(was);
	ck_here();

	get_all(is);
	for (int i = 1; i <= 64; i++)
		ck(!memcmp(&was[i], &is[i], sizeof *is),
		   "signal %d: handler %lx flags %lx restorer %lx, was %lx %lx %lx", i,
		   is[i].handler, is[i].flags, is[i].restorer, was[i].handler, was[i].flags,
		   was[i].restorer);

	need(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 4711 }));
	ck(count[SIGUSR1] == 1 && value == 4711 && from == getpid() && code == SI_QUEUE);
	ck(on_alt && blocked, "on_alt %d, blocked %d", (int) on_alt, (int) blocked);
	need(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = -5 }));
	ck(count[SIGRTMIN + 3] == 1 && value == -5 && !on_alt && blocked);
	need(raise(SIGUSR2));
	ck(count[SIGUSR2] == 2 && nested);
	need(raise(SIGTERM));
	need(syscall(SYS_rt_sigaction, SIGTERM, NULL, &is[SIGTERM], 8));
	ck(count[SIGTERM] == 1 && is[SIGTERM].handler == (unsigned long) SIG_DFL);
	need(raise(SIGHUP));
	need(raise(SIGRTMAX));
	ck(count[SIGRTMAX] == 1);
	return 0;
}
