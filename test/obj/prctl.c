/* prctl - what a task has set about itself. */
/* test: root */
#include <fcntl.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ck.h"

static const struct {
	const char *name;
	int set, get;
	unsigned long value;
	int by_pointer; /* the getter stores an int */
} option[] = {
	{ "PDEATHSIG", PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, SIGUSR2, 1 },
	{ "CHILD_SUBREAPER", PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, 1, 1 },
	{ "NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, 1, 0 },
	{ "TIMERSLACK", PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, 123456, 0 },
	{ "THP_DISABLE", PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, 1, 0 },
	{ "SECUREBITS", PR_SET_SECUREBITS, PR_GET_SECUREBITS,
	  SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0 },
	{ "TSC", PR_SET_TSC, PR_GET_TSC, PR_TSC_ENABLE, 1 },
	{ "MCE_KILL", PR_MCE_KILL, PR_MCE_KILL_GET, PR_MCE_KILL_SET, 0 },
	{ "DUMPABLE", PR_SET_DUMPABLE, PR_GET_DUMPABLE, 0, 0 },
};
#define OPTIONS (sizeof option / sizeof *option)

static const char *file[] = { "/proc/self/oom_score_adj", "/proc/self/coredump_filter" };
static const char *text[] = { "321\n", "00000055\n" };

static void put(const char *path, const char *what)
{
	int fd = (int) need(open(path, O_WRONLY | O_CLOEXEC));

	need(write(fd, what, strlen(what)));
	need(close(fd));
}

static unsigned long get(unsigned i)
{
	unsigned v = 0;
	long ret;

	if (!option[i].by_pointer)
		return (unsigned long) need(prctl(option[i].get, 0, 0, 0, 0));
	ret = prctl(option[i].get, &v, 0, 0, 0);
	need(ret);
	return v;
}

int main(void)
{
	unsigned long was[OPTIONS];
	char is[64];

	put(file[0], text[0]);
	put(file[1], "0x55");
	for (unsigned i = 0; i < OPTIONS; i++) {
		need(prctl(option[i].set, option[i].value,
			   option[i].set == PR_MCE_KILL ? PR_MCE_KILL_EARLY : 0, 0, 0));
		was[i] = get(i);
	}
	ck_here();

	for (unsigned i = 0; i < OPTIONS; i++)
		ck(get(i) == was[i], "%s: %lu, was %lu", option[i].name, get(i), was[i]);
	for (int i = 0; i < 2; i++) {
		(void) ck_read(file[i], is, sizeof is);
		ck(!strcmp(is, text[i]), "%s: %s", file[i], is);
	}
	return 0;
}
