/* shmem - shared anonymous memory: parts of one object with different protection, moved, sparse. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

#define PAGE	 4096u
#define PAGES(n) ((size_t) (n) *PAGE)
#define SPARSE	 ((size_t) 1 << (sizeof(long) == 8 ? 32 : 30))

static char *map(size_t len, int flags)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	need(p == MAP_FAILED ? -1 : 0);
	return p;
}

static void fill(char *p, int page, int pages, char c)
{
	memset(p + PAGES(page), c, PAGES(pages));
}

static void verify(const char *p, int page, int pages, char c)
{
	for (size_t i = PAGES(page); i < PAGES(page + pages); i++)
		ck(p[i] == c, "byte %zu is %d, not %d", i, p[i], c);
}

/* A change through a is seen through b, and by a child. */
static void ck_shared(char *a, const char *b)
{
	char old = *a;
	int status;

	*a = '1';
	ck(*(const volatile char *) b == '1', "two objects instead of one");
	if (!fork()) {
		*a = '2';
		_exit(0);
	}
	need(wait(&status));
	ck(*(const volatile char *) b == '2', "not shared with a child");
	*a = old;
}

int main(void)
{
	char *one = map(PAGES(16), MAP_SHARED), *other = map(PAGES(16), MAP_SHARED);
	char *sparse = map(SPARSE, MAP_SHARED | MAP_NORESERVE), *empty = map(PAGES(2), MAP_SHARED);
	char *gone = map(PAGES(8), MAP_SHARED), *twice;

	fill(one, 0, 16, 'a');
	fill(one, 9, 1, 0); /* there, but full of zeros */
	fill(other, 5, 1, 'o');
	for (int i = 0; i < 4; i++)
		fill(sparse + SPARSE / 4 * (unsigned) i, 3, i + 1, (char) ('s' + i));
	sparse[SPARSE - 1] = 'z';
	fill(gone, 0, 8, 'g');

	/* Neighbours that the kernel keeps apart, one of them hidden, and a hole. */
	need(mprotect(one + PAGES(2), PAGES(2), PROT_READ));
	need(mprotect(one + PAGES(4), PAGES(2), PROT_NONE));
	need(mprotect(one + PAGES(6), PAGES(1), PROT_READ | PROT_EXEC));
	need(munmap(one + PAGES(12), PAGES(1)));
	/* The same pages at a second place: an old size of 0 duplicates (mremap(2)). */
	twice = mremap(one, 0, PAGES(2), MREMAP_MAYMOVE);
	need(twice == MAP_FAILED ? -1 : 0);
	/* Only its end is still mapped; it begins at an offset then. */
	need(munmap(gone, PAGES(7)));
	ck_here();

	verify(one, 0, 4, 'a');
	verify(one, 6, 3, 'a');
	verify(one, 9, 1, 0);
	verify(one, 10, 2, 'a');
	verify(one, 13, 3, 'a');
	need(mprotect(one + PAGES(4), PAGES(2), PROT_READ));
	verify(one, 4, 2, 'a');
	need(mprotect(one + PAGES(2), PAGES(2), PROT_READ | PROT_WRITE));
	fill(one, 2, 2, 'w');
	verify(twice, 0, 2, 'a');
	ck_shared(one + PAGES(1), twice + PAGES(1));
	ck_shared(twice, one);
	verify(other, 4, 1, 0);
	verify(other, 5, 1, 'o');
	for (int i = 0; i < 4; i++) {
		verify(sparse + SPARSE / 4 * (unsigned) i, 3, i + 1, (char) ('s' + i));
		ck(!sparse[SPARSE / 4 * (unsigned) i + PAGES(9)]);
	}
	ck(sparse[SPARSE - 1] == 'z');
	verify(empty, 0, 2, 0);
	ck_shared(empty, empty);
	verify(gone, 7, 1, 'g');
	return 0;
}
