/* task - ids, name, what /proc tells of its memory, break, personality, umask, cwd, nice, limits.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

static const char *file[] = { "cmdline", "environ", "auxv", "comm", "limits" };
static char was[5][1 << 15], is[1 << 15], exe[2][512], cwd[2][512];
static unsigned long mm[2][10];

static void read_mm(unsigned long *v)
{
	static const int fields[] = { 26, 27, 28, 45, 46, 47, 48, 49, 50, 51 };
	char *save, *word;
	int at = 2, i = 0;

	(void) ck_read("/proc/self/stat", is, sizeof is);
	for (word = strtok_r(strrchr(is, ')') + 2, " ", &save); word && i < 10;
	     word = strtok_r(NULL, " ", &save))
		if (++at == fields[i])
			v[i++] = strtoul(word, NULL, 10);
	ck(i == 10);
}

static const char *self(int i)
{
	static char path[64];

	(void) snprintf(path, sizeof path, "/proc/self/%s", file[i]);
	return path;
}

static void limit(int what, rlim_t soft, rlim_t hard)
{
	need(setrlimit(what, &(struct rlimit){ soft, hard }));
}

int main(void)
{
	pid_t pid = getpid(), sid = getsid(0), pgid = getpgid(0);
	char *brk;

	need(mkdir(ck_path("cwd"), 0700));
	need(chdir(ck_path("cwd")));
	need(prctl(PR_SET_NAME, "x) S 1 (y\n"));
	(void) personality(ADDR_NO_RANDOMIZE | SHORT_INODE);
	(void) umask(0137);
	need(setpriority(PRIO_PROCESS, 0, 5));
	limit(RLIMIT_NOFILE, 200, 300);
	limit(RLIMIT_CORE, 4096, 8192);
	limit(RLIMIT_STACK, 16 << 20, 32 << 20);
	limit(RLIMIT_CPU, 1000, RLIM_INFINITY);
	limit(RLIMIT_MEMLOCK, 0, 65536);
	brk = sbrk(100000);
	ck(brk != (void *) -1);
	memset(brk, 'b', 100000);

	for (int i = 0; i < 5; i++)
		(void) ck_read(self(i), was[i], sizeof was[i]);
	need(readlink("/proc/self/exe", exe[0], sizeof exe[0]));
	ck(getcwd(cwd[0], sizeof cwd[0]));
	read_mm(mm[0]);
	brk = sbrk(0);
	ck_here();

	ck(getpid() == pid && getsid(0) == sid && getpgid(0) == pgid && gettid() == pid);
	ck(sbrk(0) == brk, "%p, was %p", sbrk(0), (void *) brk);
	for (int i = 0; i < 5; i++) {
		memset(is, 0, sizeof is);
		(void) ck_read(self(i), is, sizeof is);
		ck(!memcmp(was[i], is, sizeof is), "%s: '%s', was '%s'", file[i], is, was[i]);
	}
	need(readlink("/proc/self/exe", exe[1], sizeof exe[1]));
	ck(!strcmp(exe[0], exe[1]), "%s", exe[1]);
	ck(getcwd(cwd[1], sizeof cwd[1]) && !strcmp(cwd[0], cwd[1]), "%s", cwd[1]);
	read_mm(mm[1]);
	for (int i = 0; i < 10; i++)
		ck(mm[0][i] == mm[1][i], "stat: %lx, was %lx, at %d", mm[1][i], mm[0][i], i);

	ck(personality(0xffffffff) == (ADDR_NO_RANDOMIZE | SHORT_INODE), "%x",
	   (unsigned) personality(0xffffffff));
	ck(umask(0) == 0137);
	ck(getpriority(PRIO_PROCESS, 0) == 5);
	ck(brk[-1] == 'b' && sbrk(1 << 20) == brk);
	memset(brk, 'c', 1 << 20);
	ck(brk[-1] == 'b' && brk[(1 << 20) - 1] == 'c');
	ck(sbrk(-(1 << 20)) != (void *) -1 && sbrk(0) == brk);
	return 0;
}
