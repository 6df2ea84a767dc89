/* vdso - stays where it was and tells the time. */
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"

static char maps[1 << 16];

static unsigned long vdso_in_maps(void)
{
	unsigned long start = 0;

	(void) ck_read("/proc/self/maps", maps, sizeof maps);
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "[vdso]"))
			(void) sscanf(line, "%lx-", &start);
	return start;
}

/* The kernel's own answer, in whole seconds. */
static long asked(int clock)
{
	struct {
		long sec, nsec;
	} ts = { 0, 0 };

	need(syscall(SYS_clock_gettime, clock, &ts));
	return ts.sec;
}

int main(void)
{
	const int clocks[] = { CLOCK_REALTIME,	       CLOCK_MONOTONIC, CLOCK_REALTIME_COARSE,
			       CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,	CLOCK_TAI };
	unsigned long base = getauxval(AT_SYSINFO_EHDR), entry = getauxval(AT_SYSINFO);
	struct timespec ts, last = { 0, 0 };
	struct timeval tv;
	double before = ck_now();

	if (!base)
		ck_skip("this kernel gives no vdso");
	ck(vdso_in_maps() == base);
	ck_here();

	ck(getauxval(AT_SYSINFO_EHDR) == base && getauxval(AT_SYSINFO) == entry);
	ck(vdso_in_maps() == base, "at %lx, was at %lx", vdso_in_maps(), base);
	ck(!memcmp((void *) base, "\177ELF", 4));
	ck(ck_now() >= before && ck_now() < before + 60);
	for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		long now = asked(clocks[i]);

		need(clock_gettime(clocks[i], &ts));
		ck(ts.tv_sec - now >= 0 && ts.tv_sec - now <= 2, "clock %d", clocks[i]);
	}
	need(gettimeofday(&tv, NULL));
	ck(tv.tv_sec - asked(CLOCK_REALTIME) <= 0 && tv.tv_sec - asked(CLOCK_REALTIME) >= -2);
	ck(time(NULL) - asked(CLOCK_REALTIME) <= 0);
	for (int i = 0; i < 100000; i++) {
		need(clock_gettime(CLOCK_MONOTONIC, &ts));
		ck(ts.tv_sec > last.tv_sec ||
			   (ts.tv_sec == last.tv_sec && ts.tv_nsec >= last.tv_nsec),
		   "time went back");
		last = ts;
	}
	return 0;
}
