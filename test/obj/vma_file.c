/* vma - mappings of files: private and changed in part, shared, read-only, moved, past the end. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ck.h"

#define PAGE 4096

static char was[1 << 16], is[1 << 16], block[8 * PAGE];

static char *map(int fd, int prot, int flags, int pages, int from)
{
	char *p = mmap(NULL, (size_t) pages * PAGE, prot, flags, fd, (off_t) from * PAGE);

	need(p == MAP_FAILED ? -1 : 0);
	return p;
}

static int all(const char *p, char c)
{
	for (int i = 0; i < PAGE; i++)
		if (p[i] != c)
			return 0;
	return 1;
}

int main(void)
{
	int fd = (int) need(open(ck_path("mapped"), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
	int ro = (int) need(open(ck_path("mapped"), O_RDONLY | O_CLOEXEC));
	char *priv, *shared, *reader, *hidden, *tail, *piece;

	for (int i = 0; i < 8; i++)
		memset(block + i * PAGE, 'a' + i, PAGE);
	need(write(fd, block, sizeof block));
	need(write(fd, "tail", 4));
	priv = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 8, 0);
	shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 2, 6);
	reader = map(ro, PROT_READ, MAP_SHARED, 4, 1);
	hidden = map(ro, PROT_READ | PROT_WRITE, MAP_PRIVATE, 2, 2);
	tail = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 1, 8);
	piece = map(fd, PROT_READ, MAP_PRIVATE, 8, 0);
	memset(priv + PAGE, 'P', PAGE);
	priv[3 * PAGE] = 'Q';
	memset(shared, 'S', PAGE);
	hidden[0] = 'H';
	need(mprotect(hidden, 2 * PAGE, PROT_NONE));
	tail[4] = 'T';
	need(munmap(piece + 2 * PAGE, 3 * PAGE));
	need(close(ro));
	(void) ck_read("/proc/self/maps", was, sizeof was);
	ck_here();

	(void) ck_read("/proc/self/maps", is, sizeof is);
	ck(!strcmp(was, is), "maps\n%swere\n%s", is, was);
	ck(all(priv, 'a') && all(priv + PAGE, 'P') && all(priv + 2 * PAGE, 'c'));
	memset(block, 'd', PAGE);
	block[0] = 'Q';
	ck(!memcmp(priv + 3 * PAGE, block, PAGE) && all(priv + 6 * PAGE, 'S'));
	ck(all(shared, 'S') && all(shared + PAGE, 'h'));
	ck(all(reader, 'b') && all(reader + 3 * PAGE, 'e'));
	ck(!memcmp(tail, "tailT", 6));
	ck(all(piece, 'a') && all(piece + 5 * PAGE, 'f') && all(piece + 7 * PAGE, 'h'));
	ck(mprotect(reader, PAGE, PROT_READ | PROT_WRITE) < 0, "was opened for reading only");
	need(mprotect(hidden, 2 * PAGE, PROT_READ));
	memset(block, 'c', PAGE);
	block[0] = 'H';
	ck(!memcmp(hidden, block, PAGE) && all(hidden + PAGE, 'd'));

	/* Pages that were not changed still are the file's. */
	need(pwrite(fd, "now", 3, 4 * PAGE));
	need(pwrite(fd, "not", 3, PAGE));
	ck(!memcmp(priv + 4 * PAGE, "now", 3), "a copy, not the file");
	ck(priv[PAGE] == 'P' && !memcmp(reader, "not", 3));
	memset(shared + PAGE, 'X', PAGE);
	need(pread(fd, block, PAGE, 7 * PAGE));
	ck(all(block, 'X'), "no longer shared");
	return 0;
}
