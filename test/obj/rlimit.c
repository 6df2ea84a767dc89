/* rlimit - soft and hard limits of all resources, and that one of them is obeyed. */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ck.h"

#define LIMITS 16

static struct rlimit64 was[LIMITS];

static void get(int resource, struct rlimit64 *l)
{
	need(prlimit64(0, (enum __rlimit_resource) resource, NULL, l));
}

/* Lower than it is, and different from all others; hard limits can only go down. */
static void lower(int resource, rlim64_t soft, rlim64_t hard)
{
	struct rlimit64 l;

	get(resource, &l);
	l.rlim_max = hard < l.rlim_max ? hard : l.rlim_max;
	l.rlim_cur = soft < l.rlim_max ? soft : l.rlim_max;
	need(prlimit64(0, (enum __rlimit_resource) resource, &l, NULL));
}

int main(void)
{
	const rlim64_t gib = 1 << 30, wide = (rlim64_t) 5 << 32 | 12345;
	int copy;

	lower(RLIMIT_CPU, 3600, 7200);
	lower(RLIMIT_FSIZE, gib, wide); /* above 32 bits: a 32-bit task has it, too */
	lower(RLIMIT_DATA, wide, wide);
	lower(RLIMIT_STACK, 4 << 20, 48 << 20);
	lower(RLIMIT_CORE, 0, 1 << 20);
	lower(RLIMIT_NPROC, 5000, 6000);
	lower(RLIMIT_NOFILE, 200, 300);
	lower(RLIMIT_MEMLOCK, 12345, 65536);
	lower(RLIMIT_SIGPENDING, 1000, 1001);
	lower(RLIMIT_MSGQUEUE, 10000, 20000);
	lower(RLIMIT_RTTIME, 1000000, 2000000);
	for (int i = 0; i < LIMITS; i++)
		get(i, &was[i]);
	ck_here();

	for (int i = 0; i < LIMITS; i++) {
		struct rlimit64 is;

		get(i, &is);
		ck(is.rlim_cur == was[i].rlim_cur && is.rlim_max == was[i].rlim_max,
		   "limit %d: %llx %llx, was %llx %llx", i, (unsigned long long) is.rlim_cur,
		   (unsigned long long) is.rlim_max, (unsigned long long) was[i].rlim_cur,
		   (unsigned long long) was[i].rlim_max);
	}
	ck(dup2(2, 200) < 0 && errno == EBADF, "number 200 is above the limit");
	copy = (int) need(dup2(2, 199));
	need(close(copy));
	return 0;
}
