/* device - /dev/null, zero, full, random, urandom: the right one behind each descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ck.h"

static const char *name[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
			      "/dev/urandom" };
static const int flags[] = { O_WRONLY, O_RDONLY, O_RDWR, O_RDONLY | O_NONBLOCK,
			     O_RDONLY | O_CLOEXEC };

int main(void)
{
	char buf[64] = { 1 }, zero[64] = { 0 };
	struct stat want, have;
	int fd[5];

	for (int i = 0; i < 5; i++)
		fd[i] = (int) need(open(name[i], flags[i]));
	ck_here();

	for (int i = 0; i < 5; i++) {
		need(stat(name[i], &want));
		need(fstat(fd[i], &have));
		ck(want.st_rdev == have.st_rdev && want.st_ino == have.st_ino, "%s", name[i]);
		ck((fcntl(fd[i], F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (flags[i] & ~O_CLOEXEC),
		   "%s: flags %o", name[i], (unsigned) fcntl(fd[i], F_GETFL));
		ck(fcntl(fd[i], F_GETFD) == (flags[i] & O_CLOEXEC ? FD_CLOEXEC : 0), "%s", name[i]);
	}
	ck(write(fd[0], buf, 10) == 10);
	ck(read(fd[1], buf, sizeof buf) == sizeof buf && !memcmp(buf, zero, sizeof buf));
	ck(write(fd[2], buf, 1) < 0 && errno == ENOSPC);
	for (int i = 3; i < 5; i++) {
		memset(buf, 0, sizeof buf);
		ck(read(fd[i], buf, sizeof buf) == sizeof buf && memcmp(buf, zero, sizeof buf),
		   "%s", name[i]);
	}
	return 0;
}
