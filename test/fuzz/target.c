/*
 * target - a small program with something of everything, for mutate.sh to make an image of.
 *
 * Nothing is verified here; what matters is that the image has records of every kind and few pages.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "ck.h"

static void handler(int sig)
{
	(void) sig;
}

static void *wait_for_ever(void *arg)
{
	(void) arg;
	for (;;)
		(void) pause();
	return NULL;
}

static void files(void)
{
	int ends[2];

	need(pipe(ends));
	need(write(ends[1], "unread", 6));
	need(eventfd(7, EFD_NONBLOCK));
	need(open("/dev/null", O_RDWR | O_APPEND | O_CLOEXEC));
	need(open("/", O_RDONLY | O_DIRECTORY));
	need(open(ck_path("program"), O_RDONLY));
	need(dup2(ends[0], 100));
}

static void memory(void)
{
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = (int) need(open(ck_path("program"), O_RDONLY));

	need(p == MAP_FAILED ? -1 : 0);
	memcpy(p + 4096, "shared", 6);
	need(mprotect(p, 4096, PROT_READ));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	need(p == MAP_FAILED ? -1 : 0);
	p[4096] = 'x';
	need(madvise(p, 8192, MADV_DONTFORK));
	need(close(fd));
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval it = { { 0, 0 }, { 3000, 0 } };
	sigset_t set;

	need(sigaction(SIGUSR1, &sa, NULL));
	need(signal(SIGHUP, SIG_IGN) == SIG_ERR ? -1 : 0);
	need(sigemptyset(&set));
	need(sigaddset(&set, SIGUSR2));
	need(sigaddset(&set, SIGRTMIN + 1));
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 9 }));
	need(raise(SIGUSR2));
	need(setitimer(ITIMER_REAL, &it, NULL));
}

int main(int argc, char **argv)
{
	pthread_attr_t small;
	pthread_t t;

	(void) argv;
	signals();
	files();
	memory();
	need(pthread_attr_init(&small));
	need(pthread_attr_setstacksize(&small, 1 << 16));
	for (int i = 1; i < argc; i++)
		need(pthread_create(&t, &small, wait_for_ever, NULL) ? -1 : 0);
	ck_here();
	return 0;
}
