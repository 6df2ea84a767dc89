/* fdtable - numbers, gaps and close-on-exec flags; which descriptors share a description. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ck.h"

#define TOP 1000

static char was[TOP], is[TOP];

/* For each number: 0 closed, 1 open, 2 open and close-on-exec.  Nothing is opened to find out. */
static void table(char *to)
{
	for (int fd = 0; fd < TOP; fd++) {
		int flags = fcntl(fd, F_GETFD);

		to[fd] = (char) (flags < 0 ? 0 : flags & FD_CLOEXEC ? 2 : 1);
	}
}

/* Through status flags: only one description would see the other's change. */
static int one_description(int a, int b)
{
	int flags = (int) need(fcntl(a, F_GETFL)), changed;

	need(fcntl(b, F_SETFL, flags ^ O_NONBLOCK));
	changed = (int) need(fcntl(a, F_GETFL)) != flags;
	need(fcntl(b, F_SETFL, flags));
	return changed;
}

int main(void)
{
	const int numbers[] = { 3, 5, 64, 65, 255, 256, 511, TOP - 1 };
	const int n = sizeof numbers / sizeof *numbers;
	int first, other, null;

	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ TOP, TOP }));
	for (int fd = 3; fd < TOP; fd++)
		(void) close(fd);
	first = (int) need(eventfd(1, 0));
	for (int i = 0; i < n; i++)
		if (numbers[i] != first)
			need(dup3(first, numbers[i], i % 2 ? O_CLOEXEC : 0));
	other = (int) need(eventfd(2, EFD_CLOEXEC));
	null = (int) need(open("/dev/null", O_RDWR));
	need(dup2(null, 0));
	/* Open above the limit: lowering it closes nothing. */
	need(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, TOP }));
	table(was);
	ck_here();

	table(is);
	for (int fd = 0; fd < TOP; fd++)
		ck(was[fd] == is[fd], "fd %d: was %d, is %d", fd, was[fd], is[fd]);
	for (int i = 1; i < n; i++)
		ck(one_description(first, numbers[i]), "fd %d is on its own", numbers[i]);
	ck(!one_description(first, other) && one_description(null, 0));
	ck(dup(first) == null + 1, "the lowest free number is not given first");
	ck(fcntl(first, F_DUPFD, 100) < 0, "the limit is gone");
	need(close(256));
	ck(fcntl(511, F_GETFD) == 0 && fcntl(256, F_GETFD) < 0);
	return 0;
}
