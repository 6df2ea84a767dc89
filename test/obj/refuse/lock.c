/* file - a POSIX record lock is held. */
/* test: refused '(?i)lock' */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ck.h"

int main(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20 };
	int status, fd = (int) need(open(ck_path("locked"), O_CREAT | O_RDWR, 0600));

	need(fcntl(fd, F_SETLK, &l));
	ck_here();

	if (!fork())
		_exit(fcntl(fd, F_GETLK, &l) || l.l_type != F_WRLCK || l.l_pid != getppid());
	need(wait(&status));
	ck(status == 0, "the lock is lost");
	return 0;
}
