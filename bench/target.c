/*
 * target.c - the program that bench/run checkpoints; it notes when it stood still.
 *
 * target LOG [MIB [THREADS [sleeping]]]: touches MIB of memory with different contents in every page,
 * starts THREADS threads that wait, then reads the clock without end, or every millisecond if it is to
 * be sleeping.  Every gap of more than 50 us (of more than 20 ms, if sleeping) is a
 * record {end, length} in LOG, a file of fixed size that is only open while a record is written, so
 * that nothing but memory and threads is there to be checkpointed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define GAP_NS		50000
#define SLEEPING_GAP_NS 20000000
#define RECORDS		4096

static uint64_t now(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

/* 4 KiB pages, as most programs have them, also where huge ones are the default. */
static void no_huge_pages(void *p, size_t len)
{
	char mode[64] = "";
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, mode, sizeof mode - 1) > 0 && strstr(mode, "[always]"))
		(void) madvise(p, len, MADV_NOHUGEPAGE);
	(void) close(fd);
}

static int touch(size_t len)
{
	uint64_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = 88172645463325252;

	if (p == MAP_FAILED)
		return -1;
	no_huge_pages(p, len);
	for (size_t i = 0; i < len / sizeof *p; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
	return 0;
}

static void *wait_forever(void *sem)
{
	while (sem_wait(sem) < 0)
		;
	return NULL;
}

static int start_threads(int n)
{
	static sem_t never;
	pthread_t t;

	if (sem_init(&never, 0, 0) < 0)
		return -1;
	while (n-- > 0)
		if (pthread_create(&t, NULL, wait_forever, &never))
			return -1;
	return 0;
}

static void note(const char *log, unsigned n, uint64_t end, uint64_t gap)
{
	uint64_t record[2] = { end, gap };
	int fd = open(log, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void) !pwrite(fd, record, sizeof record, (off_t) (n % RECORDS * sizeof record));
	(void) close(fd);
}

int main(int argc, char **argv)
{
	size_t mib = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	int threads = argc > 3 ? atoi(argv[3]) : 0;
	uint64_t limit = argc > 4 ? SLEEPING_GAP_NS : GAP_NS;
	unsigned n = 0;

	if (argc < 2 || (mib && touch(mib << 20) < 0) || start_threads(threads) < 0) {
		fprintf(stderr, "usage: target LOG [MIB [THREADS [sleeping]]]\n");
		return 2;
	}
	note(argv[1], n++, now(), 0); /* ready */
	for (uint64_t last = now();;) {
		uint64_t t;

		if (argc > 4)
			(void) usleep(1000);
		t = now();
		if (t - last > limit) {
			note(argv[1], n++, t, t - last);
			t = now();
		}
		last = t;
	}
}
