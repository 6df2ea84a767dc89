/* thread - descriptors and a working directory that are its own. */
/* test: refused 'of its own' */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "ck.h"

static pthread_barrier_t there, end;

static void *apart(void *arg)
{
	char cwd[256];

	need(unshare(CLONE_FS | CLONE_FILES));
	need(chdir("/"));
	(void) pthread_barrier_wait(&there);
	(void) pthread_barrier_wait(&end);
	ck(getcwd(cwd, sizeof cwd) && !strcmp(cwd, "/"));
	return arg;
}

int main(void)
{
	pthread_t t;

	(void) pthread_barrier_init(&there, NULL, 2);
	(void) pthread_barrier_init(&end, NULL, 2);
	need(-pthread_create(&t, NULL, apart, NULL));
	(void) pthread_barrier_wait(&there);
	ck_here();

	(void) pthread_barrier_wait(&end);
	ck(pthread_join(t, NULL) == 0);
	return 0;
}
