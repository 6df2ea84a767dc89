/* vma - anonymous memory of every kind, and the list of mappings to the letter. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

#define PAGE	 4096u
#define PAGES(n) ((size_t) (n) *PAGE)
#define SPARSE	 ((size_t) 1 << (sizeof(long) == 8 ? 36 : 29))

static char was[1 << 16], is[1 << 16];

static char *map(size_t len, int prot, int flags)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	need(p == MAP_FAILED ? -1 : 0);
	return p;
}

static void fill(char *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len / 4; i++)
		((uint32_t *) (void *) p)[i] = (uint32_t) (i + 1) * 2654435761u + seed;
}

static void verify(const char *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len / 4; i++)
		ck(((const uint32_t *) (const void *) p)[i] ==
			   (uint32_t) (i + 1) * 2654435761u + seed,
		   "seed %u, page %zu", seed, i * 4 / PAGE);
}

static void ck_zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ck(!p[i], "byte %zu", i);
}

/* /proc/self/maps; shared memory is a new file after a restart: its number is left out. */
static void maps(char *buf)
{
	char *p = buf;
	int n;

	(void) ck_read("/proc/self/maps", buf, sizeof was);
	while ((p = strstr(p, "/dev/zero (deleted)"))) {
		for (n = -1; p[n] == ' '; n--)
			;
		for (; p[n] >= '0' && p[n] <= '9'; n--)
			p[n] = '#';
		p++;
	}
}

int main(void)
{
	char *anon = map(PAGES(500), PROT_READ | PROT_WRITE, 0);
	char *sparse = map(SPARSE, PROT_READ | PROT_WRITE, MAP_NORESERVE);
	char *none = map(PAGES(4), PROT_READ | PROT_WRITE, 0);
	char *ro = map(PAGES(4), PROT_READ | PROT_WRITE, 0);
	char *code = map(PAGES(1), PROT_READ | PROT_WRITE, 0);
	char *holes = map(PAGES(9), PROT_READ | PROT_WRITE, 0);
	char *zero = map(PAGES(3), PROT_READ, 0);
	char *grows = map(PAGES(300), PROT_NONE, 0) + PAGES(290);
	char *moved = map(PAGES(16), PROT_READ | PROT_WRITE, 0), *to = map(PAGES(64), PROT_NONE, 0);
	char *shared =
		mmap(NULL, PAGES(8), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	need(shared == MAP_FAILED ? -1 : 0);
	fill(anon, PAGES(500), 1);
	memset(anon + PAGES(100), 0, PAGES(3));
	for (int i = 1; i < 4; i++)
		fill(sparse + SPARSE / 4 * i, PAGES(i), 10 + i);
	fill(none, PAGES(4), 2);
	need(mprotect(none, PAGES(4), PROT_NONE));
	fill(ro, PAGES(4), 3);
	need(mprotect(ro, PAGES(4), PROT_READ));
	memcpy(code, "\xb8\x2a\x00\x00\x00\xc3", 6); /* mov $42, %eax; ret */
	need(mprotect(code, PAGES(1), PROT_READ | PROT_EXEC));
	fill(holes, PAGES(9), 4);
	need(munmap(holes + PAGES(3), PAGES(2)));
	need(madvise(holes + PAGES(6), PAGES(1), MADV_DONTNEED));
	(void) *(volatile char *) zero;
	need(munmap(grows - PAGES(290), PAGES(300)));
	grows = mmap(grows, PAGES(4), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	need(grows == MAP_FAILED ? -1 : 0);
	fill(grows, PAGES(4), 5);
	fill(moved, PAGES(16), 6);
	need(mremap(moved + PAGES(4), PAGES(4), PAGES(4), MREMAP_MAYMOVE | MREMAP_FIXED,
		    to + PAGES(8)) == MAP_FAILED
		     ? -1
		     : 0);
	fill(shared, PAGES(5), 7);
	maps(was);
	ck_here();

	maps(is);
	ck(!strcmp(was, is), "maps\n%swere\n%s", is, was);
	ck_zero(anon + PAGES(100), PAGES(3));
	verify(anon, PAGES(100), 1);
	fill(anon + PAGES(100), PAGES(3), (uint32_t) (PAGES(100) / 4) * 2654435761u + 1);
	verify(anon, PAGES(500), 1);
	for (int i = 1; i < 4; i++)
		verify(sparse + SPARSE / 4 * i, PAGES(i), 10 + i);
	ck_zero(sparse, PAGES(2));
	need(mprotect(none, PAGES(4), PROT_READ));
	verify(none, PAGES(4), 2);
	verify(ro, PAGES(4), 3);
	ck(((int (*)(void))(void *) code)() == 42);
	verify(holes, PAGES(3), 4);
	ck_zero(holes + PAGES(6), PAGES(1));
	ck_zero(zero, PAGES(3));
	verify(grows, PAGES(4), 5);
	*(volatile char *) (grows - 100) = 1; /* below its start: the kernel lets it grow */
	verify(moved, PAGES(4), 6);
	fill(anon, PAGES(16), 6);
	ck(!memcmp(moved + PAGES(8), anon + PAGES(8), PAGES(8)));
	ck(!memcmp(to + PAGES(8), anon + PAGES(4), PAGES(4)), "the moved piece");
	verify(shared, PAGES(5), 7);
	ck_zero(shared + PAGES(5), PAGES(3));
	if (!fork()) {
		shared[0] ^= 1;
		_exit(0);
	}
	ck(wait(NULL) > 0);
	fill(anon, PAGES(1), 7);
	ck(shared[0] == (char) (anon[0] ^ 1), "no longer shared");
	return 0;
}
