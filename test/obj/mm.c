/* mm - break, command line, environment, auxiliary vector, executable; and the heap still grows. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "ck.h"

#define PAGE 4096

static const char *const files[] = { "cmdline", "environ", "auxv" };
static char was[3][1 << 16], is[1 << 16], exe[512], stat_was[1024];
static size_t len[3];

static size_t get(int i, char *to)
{
	char path[64];

	(void) snprintf(path, sizeof path, "/proc/self/%s", files[i]);
	return ck_read(path, to, sizeof is);
}

static void link_of(char *to)
{
	ssize_t n = need(readlink("/proc/self/exe", to, sizeof exe - 1));

	to[n] = 0;
}

/* Fields of /proc/self/stat (proc(5)): 26 to 28 code and stack, 45 to 51 data, brk, arguments,
 * environment. */
static void areas(char *to)
{
	char text[2048], *p;
	int field = 2;

	(void) ck_read("/proc/self/stat", text, sizeof text);
	*to = 0;
	for (p = strtok(strrchr(text, ')') + 2, " "); p; p = strtok(NULL, " ")) {
		field++;
		if ((field >= 26 && field <= 28) || (field >= 45 && field <= 51))
			strcat(strcat(to, p), " ");
	}
}

int main(int argc, char **argv)
{
	char *heap = sbrk(0), *old_end, stat_is[1024], link[512];

	need(brk(heap + 3 * PAGE + 100));
	memset(heap, 'h', 3 * PAGE + 100);
	need(brk(heap + 2 * PAGE + 7)); /* in the middle of a page */
	old_end = sbrk(0);
	memset(argv[0], 'A', 3); /* as setproctitle does: memory, not a copy of it */
	for (int i = 0; i < 3; i++)
		len[i] = get(i, was[i]);
	link_of(exe);
	areas(stat_was);
	ck_here();

	for (int i = 0; i < 3; i++)
		ck(get(i, is) == len[i] && !memcmp(is, was[i], len[i]), "%s", files[i]);
	ck(!memcmp(was[0], "AAA", 3) && argc == 1);
	link_of(link);
	ck(!strcmp(link, exe), "exe %s, was %s", link, exe);
	areas(stat_is);
	ck(!strcmp(stat_is, stat_was), "stat %s, was %s", stat_is, stat_was);
	ck(getauxval(AT_PAGESZ) == PAGE && !strcmp(getenv("LC_ALL"), "C"));

	ck(sbrk(0) == old_end && old_end == heap + 2 * PAGE + 7);
	for (int i = 0; i < 2 * PAGE + 7; i++)
		ck(heap[i] == 'h', "byte %d of the heap", i);
	need(brk(heap + 20 * PAGE));
	ck(!heap[4 * PAGE] && sbrk(0) == heap + 20 * PAGE);
	memset(heap, 'g', 20 * PAGE);
	need(brk(heap));
	free(malloc(300 * PAGE));
	return 0;
}
