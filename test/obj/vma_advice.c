/* vma - flags that madvise, mlock and mprotect have set, as smaps tells them; and that they work.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

#define PAGE 4096
#define LEN  (4 * PAGE)

static const struct {
	int advice;
	const char *name;
} advices[] = {
	{ MADV_DONTDUMP, "dd" },   { MADV_DONTFORK, "dc" },  { MADV_WIPEONFORK, "wf" },
	{ MADV_SEQUENTIAL, "sr" }, { MADV_RANDOM, "rr" },    { MADV_HUGEPAGE, "hg" },
	{ MADV_NOHUGEPAGE, "nh" }, { MADV_MERGEABLE, "mg" }, { MADV_NORMAL, "" },
};
#define N (int) (sizeof advices / sizeof *advices)

static char text[1 << 17], *map[N], *locked, *onfault;

/* The VmFlags of the mapping that starts there, without soft-dirty. */
static const char *flags(const char *at)
{
	static char line[256];
	char start[32], *p;

	(void) snprintf(start, sizeof start, "%08lx-", (long) at);
	(void) ck_read("/proc/self/smaps", text, sizeof text);
	p = strstr(text, start);
	ck(p, "no mapping at %s", start);
	p = strstr(p, "VmFlags:");
	if (!p)
		ck_skip("the kernel does not tell VmFlags");
	(void) sscanf(p, "VmFlags:%250[^\n]", line);
	if ((p = strstr(line, " sd")))
		memmove(p, p + 3, strlen(p + 3) + 1);
	return line;
}

int main(void)
{
	char was[N + 2][256];
	int status;

	for (int i = 0; i < N + 2; i++) {
		char *p = mmap(NULL, LEN + PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		need(p == MAP_FAILED ? -1 : 0);
		need(mprotect(p + LEN, PAGE, PROT_NONE)); /* a fence: neighbours must not merge */
		memset(p, 'a' + i, LEN);
		*(i < N ? &map[i] : i == N ? &locked : &onfault) = p;
		if (i < N)
			(void) madvise(p, LEN, advices[i].advice); /* KSM, THP: may be missing */
	}
	for (int i = 0; i < N + 2; i++)
		strcpy(was[i], flags(i < N ? map[i] : i == N ? locked : onfault));
	ck(strstr(was[0], " dd") && strstr(was[1], " dc") && strstr(was[2], " wf"));
	ck_here();

	for (int i = 0; i < N + 2; i++) {
		const char *p = i < N ? map[i] : i == N ? locked : onfault;

		ck(!strcmp(was[i], flags(p)), "%s:%s, was%s", i < N ? advices[i].name : "lo",
		   flags(p), was[i]);
		for (int j = 0; j < LEN; j++)
			ck(p[j] == 'a' + i, "%d: byte %d", i, j);
	}
	if (!fork()) {
		unsigned char in;

		ck(map[2][PAGE] == 0, "WIPEONFORK");
		ck(mincore(map[1], PAGE, &in) < 0, "DONTFORK");
		_exit(0);
	}
	need(wait(&status));
	ck(status == 0);
	return 0;
}
