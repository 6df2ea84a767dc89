/* directory - a directory that is being read: the second half comes, and nothing twice. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

#define FILES 300

struct entry { /* linux_dirent64 */
	unsigned long long ino, off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int seen[FILES], count;

/* One small getdents64: libc's readdir would fetch all entries at once. */
static int some(int fd)
{
	_Alignas(8) char buf[400];
	long len = need(syscall(SYS_getdents64, fd, buf, sizeof buf));

	for (long at = 0; at < len;) {
		struct entry *e = (struct entry *) (buf + at);

		if (e->name[0] == 'f') {
			seen[atoi(e->name + 1)]++;
			count++;
		}
		at += e->len;
	}
	return len > 0;
}

int main(void)
{
	char name[32];
	int fd, half;

	need(mkdir(ck_path("dir"), 0755));
	fd = (int) need(open(ck_path("dir"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	for (int i = 0; i < FILES; i++) {
		(void) snprintf(name, sizeof name, "f%d", i);
		need(mknodat(fd, name, S_IFREG | 0644, 0));
	}
	while (count < FILES / 2)
		ck(some(fd));
	half = count;
	ck_here();

	ck(count == half && count < FILES);
	ck((fcntl(fd, F_GETFL) & O_DIRECTORY) && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	while (some(fd))
		;
	ck(count == FILES, "%d entries, %d of them before", count, half);
	for (int i = 0; i < FILES; i++)
		ck(seen[i] == 1, "f%d: seen %d times", i, seen[i]);
	ck(faccessat(fd, "f7", F_OK, 0) == 0);
	return 0;
}
