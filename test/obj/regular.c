/* regular - access modes and synchronous writing, names that are odd, growth, what stays unsaid. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

static const struct {
	const char *name;
	int flags;
} file[] = {
	{ "read", O_RDONLY },
	{ "write", O_WRONLY },
	{ "both", O_RDWR },
	{ "append", O_RDWR | O_APPEND },
	{ "sync", O_WRONLY | O_SYNC },
	{ "dsync", O_WRONLY | O_DSYNC | O_APPEND },
	{ "a b\tc\\d (x) \xff\xc3", O_RDONLY | O_CLOEXEC }, /* no UTF-8, and what /proc escapes */
	{ "new\nline", O_RDWR },
};
#define FILES (int) (sizeof file / sizeof *file)

static void links(int fd, char *to, size_t size)
{
	char path[64];
	ssize_t n;

	(void) snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = need(readlink(path, to, size - 1));
	to[n] = 0;
}

int main(void)
{
	char link[PATH_MAX], buf[32];
	int fd[FILES], flags[FILES];
	struct stat was[FILES], is;
	struct timespec old[2] = { { 1000000000, 1 }, { 1234567890, 123456789 } };

	for (int i = 0; i < FILES; i++) {
		int made = (int) need(open(ck_path(file[i].name), O_CREAT | O_WRONLY, 0640));

		need(write(made, "some contents", 13));
		need(futimens(made, old));
		need(close(made));
		fd[i] = (int) need(open(ck_path(file[i].name), file[i].flags));
		need(lseek(fd[i], i, SEEK_SET));
		flags[i] = (int) need(fcntl(fd[i], F_GETFL));
		need(fstat(fd[i], &was[i]));
	}
	ck_here();

	for (int i = 0; i < FILES; i++) {
		links(fd[i], link, sizeof link);
		ck(!strcmp(link, ck_path(file[i].name)), "%s, not %s", link, file[i].name);
		ck(fcntl(fd[i], F_GETFL) == flags[i], "%s: flags %o, were %o", link,
		   (unsigned) fcntl(fd[i], F_GETFL), (unsigned) flags[i]);
		ck(fcntl(fd[i], F_GETFD) == (file[i].flags & O_CLOEXEC ? FD_CLOEXEC : 0));
		ck(lseek(fd[i], 0, SEEK_CUR) == i, "%s: position", link);
		need(fstat(fd[i], &is));
		ck(is.st_ino == was[i].st_ino && is.st_size == 13 && is.st_mode == was[i].st_mode);
		ck(is.st_mtim.tv_sec == old[1].tv_sec && is.st_mtim.tv_nsec == old[1].tv_nsec,
		   "%s was touched", link);
	}
	ck(write(fd[0], "x", 1) < 0 && errno == EBADF);
	ck(read(fd[1], buf, 1) < 0 && errno == EBADF);
	ck(write(fd[2], "END", 3) == 3 && pread(fd[2], buf, 13, 0) == 13);
	ck(!memcmp(buf, "soENDcontents", 13));
	need(write(fd[3], "+", 1));
	need(write(fd[5], "+", 1));
	need(fstat(fd[3], &is));
	ck(is.st_size == 14);
	need(fstat(fd[5], &is));
	ck(is.st_size == 14);
	return 0;
}
